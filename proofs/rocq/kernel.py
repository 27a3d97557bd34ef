"""``build/pram-kernel``, the semantics of ``theorem/Statement.v`` as a program: programs and plans as the text that it reads.

Numbers are exact; the program prints one JSON value a line. The head of ``theorem/pram_kernel.ml`` lists its commands.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from efasp.exact import Matrix
from efasp.model.plan import Plan
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import Program, initial
from efasp.proofs.rocq.build import RocqError
from efasp.sorts import Number

SECONDS = 600  # for one command


def program_text(program: Program, extension: str) -> str:
    """A program with its machine, initial memory included."""
    words = " ".join(map(str, initial(program).memory))
    head = [f"word {program.word}", f"extension {extension or 'none'}", f"processors {program.processors}", f"memory {words}"]
    return "\n".join([*head, *map(instruction_text, program.instructions)]) + "\n"


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


def run(kernel: Path, command: str, *arguments: str, given: str = "") -> list[Any]:
    """What ``pram-kernel`` prints, a value a line; ``given`` is its standard input. Raises RocqError where it refuses."""
    called = [str(kernel), command, *arguments]
    try:
        done = subprocess.run(called, input=given, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise RocqError(f"pram-kernel {command} did not end within {SECONDS} s") from None
    if done.returncode:
        raise RocqError(f"pram-kernel {command}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]
