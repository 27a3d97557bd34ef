"""All instructions x all operand values at w = 5, exhaustively, through the torch transformer: many processors a pass."""

from __future__ import annotations

from itertools import product

import pytest

from efasp.pram import machine
from efasp.pram.isa import Instruction, Operation, Reg, operations
from efasp.pram.machine import Configuration, Program
from tests.model.compiled import cell_step

W, SIZE = 5, 32
ALL = operations("M")


def states(operands: list[tuple[int, int, int]], pc: list[int], memory: tuple[int, ...]) -> Configuration:
    """Processors with r0 = d, r1 = a, r2 = x."""
    registers = tuple((d, a, x, 7, 0, 31, 16, 9) for d, a, x in operands)
    return Configuration(memory, registers, tuple(pc), ("running",) * len(operands))


def check(code: tuple[Instruction, ...], operands: list[tuple[int, int, int]], pc: list[int], extension: str) -> None:
    """One pass from these states, 32 processors at a time, against the machine."""
    memory = tuple((5 * i + 3) % SIZE for i in range(19))
    for start in range(0, len(operands), SIZE):
        some, counters = operands[start : start + SIZE], pc[start : start + SIZE]
        program = Program(code, W, len(some), len(memory), "priority", ())
        before = states(some, counters, memory)
        assert cell_step(program, before, extension=extension) == machine.step(program, before)


def register_form(operation: Operation) -> Instruction:
    """The operation on r0 (rd), r1 (ra) and, where it takes a register there, r2."""
    x = Reg(2) if "x" in operation.shape else 3 if set("mt") & set(operation.shape) else None
    ra = 1 if set("am") & set(operation.shape) else None
    return Instruction(operation.name, 0 if set("ds") & set(operation.shape) else None, ra, x)


@pytest.mark.parametrize("extension", ["", "M"])
def test_registers(extension: str) -> None:
    """Every operation on all pairs of register operands: 32 x 32 each, and every address by a register and an offset."""
    code = tuple(register_form(operation) for operation in operations(extension))
    for index in range(len(code)):
        operands = [(d, a, x) for a, x in product(range(SIZE), repeat=2) for d in [(3 * a + x) % SIZE]]
        check(code, operands, [index] * len(operands), extension)


@pytest.mark.parametrize("operation", [o for o in ALL if set("xmt") & set(o.shape)], ids=lambda o: o.name)
def test_immediates(operation: Operation) -> None:
    """Every operation with every immediate (offset, target) on every value of its first operand."""
    form = register_form(operation)
    code = tuple(Instruction(form.op, form.rd, form.ra, x) for x in range(SIZE))
    operands = [((x + a) % SIZE, a, 0) for x, a in product(range(SIZE), repeat=2)]
    check(code, operands, [x for x, _ in product(range(SIZE), repeat=2)], "M")


@pytest.mark.parametrize("name", ["ld", "st"])
def test_absolute_addresses(name: str) -> None:
    """Loads and stores at every absolute address, inside the memory and outside."""
    code = tuple(Instruction(name, 0, None, x) for x in range(SIZE))
    check(code, [(x, 31 - x, 5) for x in range(SIZE)], list(range(SIZE)), "")


def test_counters_outside_the_program() -> None:
    """Every program counter with a program of three instructions: a fault from 3 on."""
    code = (Instruction("pid", 0), Instruction("jnz", None, 1, 31), Instruction("halt"))
    check(code, [(0, x % 2, 0) for x in range(SIZE)], list(range(SIZE)), "")


def test_every_register_is_its_own() -> None:
    """Every destination with every first operand and every second operand register."""
    triples = list(product(range(8), repeat=3))
    for start in range(0, len(triples), SIZE):
        code = tuple(Instruction("sub", d, a, Reg(x)) for d, a, x in triples[start : start + SIZE])
        program = Program(code, W, SIZE, 1, "priority", ())
        registers = tuple(tuple((11 * pid + 7 * r) % SIZE for r in range(8)) for pid in range(SIZE))
        before = Configuration((0,), registers, tuple(range(SIZE)), ("running",) * SIZE)
        assert cell_step(program, before) == machine.step(program, before)
