"""Programs and plans as text: for ``build/pram-kernel``, and plans for the kernel itself. Numbers are exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from efasp.exact import Matrix
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.plan import Plan
from efasp.pram.isa import Code, Instruction, Reg
from efasp.pram.machine import MIN_WORD, Program, initial
from efasp.sorts import Number

PLANS_HEADER = """\
(* Written by proofs/rocq/statement_text.py: the plans of the narrowest word, as they are compiled. *)
From Coq Require Import List ZArith QArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Q_scope.
(* A row of so many entries, 0 where none is given. *)
Definition row (columns : nat) (entries : list (nat * Q)) : vector :=
  map (fun c => match find (fun e => Nat.eqb (fst e) c) entries with Some (_, v) => v | None => 0 end) (seq 0 columns).
Definition full (columns : nat) (rows : list (list (nat * Q))) : matrix := map (row columns) rows.
"""


def program_text(program: Program, extension: str) -> str:
    """A program with its machine, initial memory included."""
    words = " ".join(map(str, initial(program).memory))
    head = [f"word {program.word}", f"extension {extension or 'none'}", f"processors {program.processors}", f"memory {words}"]
    return "\n".join([*head, code_text(program.instructions)])


def code_text(code: Code) -> str:
    """Instructions, one a line."""
    return "".join(f"{instruction_text(instruction)}\n" for instruction in code)


def instruction_text(instruction: Instruction) -> str:
    """Operation, rd, ra and x: ``add r1 r2 5``; ``-`` where there is none."""
    registers = [None if number is None else Reg(number) for number in (instruction.rd, instruction.ra)]
    return " ".join([instruction.op, *map(_operand, (*registers, instruction.x))])


def _operand(x: Reg | int | None) -> str:
    return "-" if x is None else f"r{x.number}" if isinstance(x, Reg) else str(x)


def plan_text(plan: Plan) -> str:
    """The matrices and vectors of a plan, in order, as exact rationals: what the transformer of the statement is made of."""
    return "\n".join(_plan(plan)) + "\n"


def _plan(plan: Plan) -> Iterator[str]:
    yield from _matrix(plan.token)
    yield from _matrix(plan.place)
    yield f"layers {len(plan.layers)}"
    for layer in plan.layers:
        yield f"heads {len(layer.heads)}"
        for head in layer.heads:
            for matrix in (head.q, head.k, head.v, head.o):
                yield from _matrix(matrix)
        yield from _matrix(layer.up)
        yield from _vector(layer.bias)
        yield from _matrix(layer.down)
    yield from _matrix(plan.out)
    yield from _vector(plan.out_bias)


def _matrix(matrix: Matrix) -> Iterator[str]:
    yield f"matrix {len(matrix.rows)} {matrix.columns}"
    for row in matrix.rows:
        yield " ".join(f"{column}:{value}" for column, value in row)


def _vector(values: Sequence[Number]) -> Iterator[str]:
    yield f"vector {len(values)}"
    yield " ".join(map(str, values))


def plans_theory() -> str:
    """The theory ``Plans``: for every engine its plan for w = 5 without extension M, as a term of the statement's type."""
    return PLANS_HEADER + "".join(
        f"Definition {engine} : plan := {term(compile_machine(MIN_WORD, engine))}.\n" for engine in ENGINES
    )


def term(plan: Plan) -> str:
    """A plan as a term of the statement's type."""
    layers = []
    for layer in plan.layers:
        heads = [_record(wq=full(h.q), wk=full(h.k), wv=full(h.v), wo=full(h.o)) for h in layer.heads]
        bias = listed(map(rational, layer.bias))
        layers.append(_record(heads=listed(heads), up=full(layer.up), bias=bias, down=full(layer.down)))
    return _record(
        token_matrix=full(plan.token),
        place_matrix=full(plan.place),
        layers=listed(layers),
        out_matrix=full(plan.out),
        out_bias=listed(map(rational, plan.out_bias)),
    )


def _record(**fields: str) -> str:
    return "{| " + ";\n".join(f"{name} := {value}" for name, value in fields.items()) + " |}"


def full(matrix: Matrix) -> str:
    """A matrix as a term, by the definitions of ``PLANS_HEADER``."""
    rows = (listed(f"({column}%nat, {rational(value)})" for column, value in row) for row in matrix.rows)
    return f"full {matrix.columns} {listed(rows)}"


def listed(items: Iterable[str]) -> str:
    """A list of terms."""
    return "[" + ";\n".join(items) + "]"


def rational(value: Number) -> str:
    """A number as a term."""
    exact = Fraction(value)
    return f"({exact.numerator} # {exact.denominator})"
