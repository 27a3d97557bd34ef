"""The text of a library program as the assembler gives it, as a theory: what ``theorem/Components*.v`` speak of."""

from __future__ import annotations

from efasp.pram.assembler import assemble
from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import load

PROGRAM = "components"
HEAD = f"""\
(* Written by proofs/rocq/library_text.py: the instructions of the library's program `{PROGRAM}`, as they are assembled. *)
From Coq Require Import List ZArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Z_scope.

"""


def text() -> str:
    """The theory ``ComponentsText``."""
    rows = ";\n".join(f"  {_term(instruction)}" for instruction in assemble(load(PROGRAM), f"{PROGRAM}.pram").instructions)
    return f"{HEAD}Definition {PROGRAM} : list instruction := [\n{rows}].\n"


def _term(instruction: Instruction) -> str:
    registers = (None if number is None else Reg(number) for number in (instruction.rd, instruction.ra))
    return " ".join(["Build_instruction", instruction.op.capitalize(), *map(_operand, (*registers, instruction.x))])


def _operand(x: Reg | int | None) -> str:
    return "Absent" if x is None else f"(Register {x.number})" if isinstance(x, Reg) else f"(Immediate {x})"
