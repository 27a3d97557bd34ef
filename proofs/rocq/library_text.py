"""The library's program ``components`` as a theory: its instructions, and what the library lays out of a few graphs.

So the theorem about the program (``theorem/Components.v``) speaks of the text that the assembler gives, and of memory as the
library fills it.
"""

from __future__ import annotations

from collections.abc import Iterable

from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import PROGRAMS, Graph, build
from efasp.pram.machine import Program, initial

PROGRAM = "components"
WORD = 7  # bits: the fewest of the theorem
GRAPHS = (
    Graph(1, ()),
    Graph(3, ((2, 1),)),
    Graph(3, ((2, 1), (0, 2), (1, 0))),
    Graph(7, ((5, 1), (1, 6), (6, 2), (2, 5), (0, 3))),
)
HEAD = f"""\
(* Written by proofs/rocq/library_text.py: the instructions of the library's program `{PROGRAM}`, as the assembler gives them;
   and of some graphs n, the edges, and the processors and the memory that the library gives the program. *)
From Coq Require Import List ZArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Z_scope.

"""


def instance(graph: Graph) -> Program:
    """The program for a graph, as ``efasp run`` and the tests build it."""
    return build(PROGRAM, PROGRAMS[PROGRAM].encode(graph, WORD))


def text() -> str:
    """The theory, the same every time. Raises ValueError where the instructions depend on the graph."""
    programs = [instance(graph) for graph in GRAPHS]
    instructions = programs[0].instructions
    if any(program.instructions != instructions for program in programs):
        raise ValueError(f"{PROGRAM}: expected the same instructions for every graph, found others")
    graphs = zip(GRAPHS, programs, strict=True)
    return (
        f"{HEAD}Definition {PROGRAM} : list instruction := {_list(map(_instruction, instructions))}.\n\n"
        "Definition library : list (nat * list (nat * nat) * nat * list Z) := "
        f"{_list(_graph(graph, program) for graph, program in graphs)}.\n"
    )


def _list(rows: Iterable[str]) -> str:
    return "[\n" + ";\n".join(f"  {row}" for row in rows) + "]"


def _graph(graph: Graph, program: Program) -> str:
    edges = "; ".join(f"({i}, {j})" for i, j in graph.edges)
    memory = "; ".join(map(str, initial(program).memory))
    return f"({graph.n}%nat, [{edges}]%nat, {program.processors}%nat, [{memory}])"


def _instruction(instruction: Instruction) -> str:
    registers = (None if number is None else Reg(number) for number in (instruction.rd, instruction.ra))
    return " ".join(["Build_instruction", instruction.op.capitalize(), *map(_operand, (*registers, instruction.x))])


def _operand(x: Reg | int | None) -> str:
    return "Absent" if x is None else f"(Register {x.number})" if isinstance(x, Reg) else f"(Immediate {x})"
