"""All instructions x all operand values at w = 5 through the torch transformer, many processors a pass: exhaustively with the
extension among the slow tests, and here on a sample."""

from __future__ import annotations

from itertools import product

import pytest

from efasp.pram import machine
from efasp.pram.isa import Instruction, Operation, Reg, operations
from efasp.pram.machine import Configuration, Program
from tests.model.compiled import cell_step, full_step

W, SIZE = 5, 32
ALL = operations("M")
engines = pytest.mark.parametrize("engine", ["mdm", "apmdm"])


def check(
    engine: str, code: tuple[Instruction, ...], operands: list[tuple[int, int, int]], pc: list[int], extension: str
) -> None:
    """One pass from these states (r0 = d, r1 = a, r2 = x), 32 processors at a time, against the machine."""
    memory = tuple((5 * i + 3) % SIZE for i in range(19))
    for start in range(0, len(operands), SIZE):
        some, counters = operands[start : start + SIZE], pc[start : start + SIZE]
        program = Program(code, W, len(some), len(memory), "priority", ())
        registers = tuple((d, a, x, 7, 0, 0, 0, 0) for d, a, x in some)
        before = Configuration(memory, registers, tuple(counters), ("running",) * len(some))
        assert full_step(engine, program, before, extension) == machine.step(program, before)


def register_form(operation: Operation) -> Instruction:
    """The operation on r0 (rd), r1 (ra) and, where it takes a register there, r2."""
    x = Reg(2) if "x" in operation.shape else 3 if set("mt") & set(operation.shape) else None
    ra = 1 if set("am") & set(operation.shape) else None
    return Instruction(operation.name, 0 if set("ds") & set(operation.shape) else None, ra, x)


@engines
@pytest.mark.parametrize("extension", ["", pytest.param("M", marks=pytest.mark.slow)])
def test_registers(engine: str, extension: str) -> None:
    """Every operation on all pairs of register operands: 32 x 32 each, and every address by a register and an offset; in the
    smaller transformer a sixteenth of the pairs, with every value on either side."""
    code = tuple(register_form(operation) for operation in operations(extension))
    pairs = [(a, x) for a, x in product(range(SIZE), repeat=2) if extension or (3 * a + x) % 16 == 0]
    for index in range(len(code)):
        operands = [((3 * a + x) % SIZE, a, x) for a, x in pairs]
        check(engine, code, operands, [index] * len(operands), extension)


@engines
@pytest.mark.parametrize("parts", [8, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("operation", [o for o in ALL if set("xmt") & set(o.shape)], ids=lambda o: o.name)
def test_immediates(engine: str, operation: Operation, parts: int) -> None:
    """Every operation with every immediate (offset, target) on every value of its first operand; and on an eighth of the pairs,
    with every value on either side."""
    form = register_form(operation)
    code = tuple(Instruction(form.op, form.rd, form.ra, x) for x in range(SIZE))
    pairs = [(x, a) for x, a in product(range(SIZE), repeat=2) if (3 * a + x) % parts == 0]
    check(engine, code, [((x + a) % SIZE, a, 0) for x, a in pairs], [x for x, _ in pairs], "M")


@pytest.mark.parametrize("operation", [o for o in operations("") if set("xmt") & set(o.shape)], ids=lambda o: o.name)
def test_immediates_without_extension(operation: Operation) -> None:
    """The same in the smaller transformer, one pass each: every immediate, and every operand once."""
    form = register_form(operation)
    code = tuple(Instruction(form.op, form.rd, form.ra, x) for x in range(SIZE))
    for engine in ("mdm", "apmdm"):
        check(engine, code, [(x, 11 * x % SIZE, 0) for x in range(SIZE)], list(range(SIZE)), "")


@engines
@pytest.mark.parametrize("name", ["ld", "st"])
def test_absolute_addresses(engine: str, name: str) -> None:
    """Loads and stores at every absolute address, inside the memory and outside."""
    code = tuple(Instruction(name, 0, None, x) for x in range(SIZE))
    check(engine, code, [(x, 31 - x, 5) for x in range(SIZE)], list(range(SIZE)), "")


@engines
def test_all_store_to_one_address(engine: str) -> None:
    """Every processor stores to one address, and of those that run the lowest wins: for each address and each lowest."""
    code = (Instruction("st", 0, 1, 0), Instruction("halt"))
    for address, first in product((0, 17, 18), (0, 1, 15, 31)):
        program = Program(code, W, SIZE, 19)
        registers = tuple(((7 * pid + 1) % SIZE, address, 0, 0, 0, 0, 0, 0) for pid in range(SIZE))
        before = Configuration((0,) * 19, registers, tuple(int(pid < first) for pid in range(SIZE)), ("running",) * SIZE)
        after = full_step(engine, program, before)
        assert after == machine.step(program, before) and after.memory[address] == (7 * first + 1) % SIZE


@engines
@pytest.mark.parametrize("status", ["running", "halted", "load", "store", "pc"])
def test_counters_outside_the_program(engine: str, status: machine.Status) -> None:
    """Every program counter with a program of three instructions: a fault from 3 on; what has stopped stays so."""
    program = Program((Instruction("pid", 0), Instruction("jnz", None, 1, 31), Instruction("halt")), W, SIZE, 1)
    registers = tuple((0, pid % 2, *[0] * 6) for pid in range(SIZE))
    before = Configuration((5,), registers, tuple(range(SIZE)), (status,) * SIZE)
    after = full_step(engine, program, before, "")
    assert after == machine.step(program, before)
    assert after == before if status != "running" else after.status[3:] == ("pc",) * (SIZE - 3)


@pytest.mark.parametrize("slot", [0, 1])
def test_either_slot_may_hold_the_value(slot: int) -> None:
    """With all values in the one slot or in the other: every operation, once without and once with the extension."""
    for extension in ("", "M"):
        code = tuple(register_form(operation) for operation in operations(extension))
        program = Program(code, W, len(code), 9)
        registers = tuple((pid, 3 * pid % SIZE, 30 - pid, 7, 0, 31, 16, 9) for pid in range(len(code)))
        before = Configuration(tuple(range(9)), registers, tuple(range(len(code))), ("running",) * len(code))
        slots = [slot] * (9 + 9 * len(code))
        assert cell_step(program, before, slots, extension) == machine.step(program, before)


@engines
def test_every_register_is_its_own(engine: str) -> None:
    """Every destination with every first operand and every second operand register."""
    triples = list(product(range(8), repeat=3))
    for start in range(0, len(triples), SIZE):
        code = tuple(Instruction("sub", d, a, Reg(x)) for d, a, x in triples[start : start + SIZE])
        program = Program(code, W, SIZE, 1, "priority", ())
        registers = tuple(tuple((11 * pid + 7 * r) % SIZE for r in range(8)) for pid in range(SIZE))
        before = Configuration((0,), registers, tuple(range(SIZE)), ("running",) * SIZE)
        assert full_step(engine, program, before) == machine.step(program, before)
