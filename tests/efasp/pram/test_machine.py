"""The reference machine: each instruction against a plain statement of it, whole runs against a second interpreter."""

from __future__ import annotations

import copy
import dataclasses
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.machine import ALU, Configuration, Fault, Program
from tests.efasp.pram.second_interpreter import PLAIN, Oracle
from tests.efasp.pram.strategies import configurations, programs, words

LIMIT = 60  # steps, for programs that may loop


def one(text: str, registers: tuple[int, ...] = (), **options: Any) -> Configuration:
    """The state after one step of processor 0 on ``text``, from the given first registers."""
    program = assemble(text, **options)
    start = machine.initial(program)
    row = registers + (0,) * (8 - len(registers))
    return machine.step(program, dataclasses.replace(start, registers=(row,) * program.processors))


def test_every_operation_has_a_meaning() -> None:
    """The ALU has exactly the operations that write rd from words alone, and the plain table the same."""
    others = {"ld", "pid", "nproc"}
    assert set(ALU) == set(PLAIN) == {op.name for op in OPERATIONS.values() if op.writes_register} - others


@pytest.mark.parametrize("op", ALU)
def test_alu_exhaustively(op: str) -> None:
    """At w = 5 the operation agrees with the plain statement on all pairs of words."""
    for a, x in product(range(32), repeat=2):
        assert ALU[op](a, x, 5) == PLAIN[op](a, x, 5), (a, x)


@given(st.sampled_from(sorted(ALU)), st.integers(5, 70), st.data())
def test_alu(op: str, word: int, data: st.DataObject) -> None:
    """At any width the operation gives a word, and agrees with the plain statement."""
    a, x = data.draw(words(word)), data.draw(words(word))
    result = ALU[op](a, x, word)
    assert type(result) is int and 0 <= result < 2**word and result == PLAIN[op](a, x, word)


@given(st.sampled_from(sorted(ALU)), st.integers(5, 20), st.booleans(), st.data())
def test_alu_instructions(op: str, word: int, immediate: bool, data: st.DataObject) -> None:
    """A step writes the result to rd alone, whether x is a register or an immediate, and goes on to pc + 1."""
    shape = OPERATIONS[op].shape
    row = tuple(data.draw(words(word)) for _ in range(8))
    rd, ra, rx = (data.draw(st.integers(0, 7)) for _ in range(3))
    value = data.draw(words(word))
    x = (value if immediate else Reg(rx)) if "x" in shape else None
    program = Program((Instruction(op, rd=rd, ra=ra if "a" in shape else None, x=x),), word=word, memory=1)
    before = dataclasses.replace(machine.initial(program), registers=(row,))
    after = machine.step(program, before)
    operand = value if immediate else row[rx]
    expected = list(row)
    expected[rd] = PLAIN[op](row[ra], operand, word)
    assert after == dataclasses.replace(before, registers=(tuple(expected),), pc=(1,))


def test_halt() -> None:
    """A processor that halts stops, keeps its pc and its registers, and the step counts."""
    after = one("halt", (3,))
    assert (after.status, after.pc, after.registers[0][0]) == (("halted",), (0,), 3)
    assert machine.run(assemble("halt")).steps == 1


@pytest.mark.parametrize(
    ("operand", "address"),
    [
        ("[r1]", 6),
        ("[r1 + 4]", 10),
        ("[r1 - 4]", 2),
        ("[r1 + -6]", 0),
        ("[r1 - 7]", None),
        ("[12]", 12),
        ("[-1]", None),
    ],
)
def test_addresses(operand: str, address: int | None) -> None:
    """Loads and stores reach (ra + imm) mod 2^w (r1 = 6, M = 64); outside the memory they fault, and write nothing."""
    data = {cell: 100 + cell for cell in range(64)}
    loaded = one(f"ld r1, {operand}", (0, 6), data=data)
    stored = one(f"st r2, {operand}", (0, 6, 77), data=data)
    memory = tuple(data.values())
    if address is None:
        assert (loaded.status, loaded.pc, loaded.registers[0][1]) == (("load",), (0,), 6)
        assert (stored.status, stored.pc, stored.memory) == (("store",), (0,), memory)
    else:
        assert (loaded.status, loaded.pc, loaded.registers[0][1]) == (("running",), (1,), 100 + address)
        assert stored.memory == (*memory[:address], 77, *memory[address + 1 :])
        assert (stored.status, stored.pc, loaded.memory) == (("running",), (1,), memory)


def test_whole_word_of_memory() -> None:
    """With M = 2^w every address is inside, and addresses wrap around."""
    program = assemble("ld r1, [r0 - 1]\nst r1, [r1 + 1]\nhalt", word=5, memory=32, data={31: 31})
    result = machine.run(program)
    assert result.faults == [] and result.configuration.memory == (31, *(0,) * 30, 31)


@pytest.mark.parametrize("value", [0, 1, 65535])
def test_jumps(value: int) -> None:
    """jz jumps on 0, jnz on all else, jmp always; a target outside the program is found by the next step."""
    assert one("jz r1, 40", (0, value)).pc == ((40,) if value == 0 else (1,))
    assert one("jnz r1, 40", (0, value)).pc == ((1,) if value == 0 else (40,))
    assert one("jmp 40").pc == (40,)
    assert machine.run(assemble("jmp 40")).faults == [Fault(0, 2, 40, "pc")]


@pytest.mark.parametrize(("word", "processors", "shown"), [(16, 5, 5), (5, 31, 31), (5, 32, 0)])
def test_identity(word: int, processors: int, shown: int) -> None:
    """pid gives each processor its own id, nproc gives P mod 2^w."""
    after = one("pid r3", word=word, processors=processors)
    assert [row[3] for row in after.registers] == list(range(processors))
    assert {row[3] for row in one("nproc r3", word=word, processors=processors).registers} == {shown}


def test_program_counter_wraps_around() -> None:
    """With L = 2^w the instruction after the last is the first; with L < 2^w there is none, and a fault."""
    turns = machine.run(assemble("add r1, r1, 1\n" * 32, word=5), max_steps=40)
    assert (turns.finished, turns.faults, turns.configuration.pc) == (False, [], (8,))
    falls = machine.run(assemble("add r1, r1, 1\n" * 31, word=5), max_steps=40)
    assert (falls.steps, falls.faults) == (32, [Fault(0, 32, 31, "pc")])


def test_reads_come_before_writes() -> None:
    """Two processors exchange two cells in a step each: all see memory as it was before the step."""
    text = "pid r1\nld r2, [r1]\nmov r3, 1\nsub r3, r3, r1\nst r2, [r3]\nld r4, [r3]\nhalt"
    result = machine.run(assemble(text, processors=2, data={0: 10, 1: 20}))
    assert result.configuration.memory[:2] == (20, 10)
    both = machine.step(
        program := assemble("jz r1, 3\nhalt\nhalt\nld r2, [0]\nst r3, [0]", processors=2, data={0: 5}),
        dataclasses.replace(machine.initial(program), pc=(4, 3), registers=((0, 0, 0, 9) + (0,) * 4,) * 2),
    )
    assert both.memory[0] == 9 and both.registers[1][2] == 5


def test_priority() -> None:
    """Of several that write a cell, the lowest id wins; one that has stopped does not take part."""
    text = "pid r1\njz r1, out\nadd r2, r1, 40\nst r2, [7]\nout: halt"
    assert machine.run(assemble(text, processors=6)).configuration.memory[7] == 41


def test_faults_in_order_and_alone() -> None:
    """Faults come by step, then pid; a processor that faults writes nothing, and the others go on."""
    text = """
    pid r1
    slt r2, r1, 2
    jnz r2, early
    mov r4, 1
    st r4, [r1 + 100]
    early: seq r3, r1, 1
    jnz r3, on
    ld r5, [r1 - 1]
    on: st r1, [r1]
    halt
    """
    result = machine.run(assemble(text, processors=4, memory=8))
    assert result.faults == [Fault(2, 5, 4, "store"), Fault(3, 5, 4, "store"), Fault(0, 6, 7, "load")]
    assert result.configuration.status == ("load", "halted", "store", "store") and result.steps == 7
    assert result.configuration.memory == (0, 1, 0, 0, 0, 0, 0, 0)
    assert machine.exit_code(result) == 4


@settings(max_examples=150)
@given(programs())
def test_runs(program: Program) -> None:
    """Whole runs, step by step and at the end, are those of the second interpreter, with their faults and breaches."""
    oracle, result = Oracle(program), machine.run(program, LIMIT)
    states = machine.trace(program)
    assert next(states) == oracle.configuration
    while oracle.steps < LIMIT and "running" in oracle.configuration.status:
        before, faults = oracle.configuration, list(oracle.faults)
        found = machine.violation(program, before, oracle.steps + 1)
        oracle.step()
        assert sorted(machine.accesses(program, before)) == sorted(oracle.log)
        breaches = oracle.breaches(program.policy)
        assert (found is None) == (not breaches)
        if found is not None:
            kind, address = breaches[0][:2]
            pids = sorted(pid for pid, how, where, _ in oracle.log if (how, where) == (kind, address))
            named = (found.policy, found.access, found.address, found.step, list(found.processors))
            assert named == (program.policy, kind, address, oracle.steps, pids)
            assert result.violation == found and result.steps == oracle.steps - 1
            assert result.configuration == before and machine.exit_code(result) == 4
            assert [(f.step, f.pid, f.pc, f.reason) for f in result.faults] == faults
            return
        after = next(states)
        assert after == oracle.configuration
        new = machine.faults_between(before, after, oracle.steps)
        assert [(f.step, f.pid, f.pc, f.reason) for f in new] == oracle.faults[len(faults) :]
    assert (result.steps, result.configuration, result.violation) == (oracle.steps, oracle.configuration, None)
    assert [(fault.step, fault.pid, fault.pc, fault.reason) for fault in result.faults] == oracle.faults
    assert result.finished == ("running" not in oracle.configuration.status)


@given(st.data(), programs())
def test_steps_from_any_state(data: st.DataObject, program: Program) -> None:
    """From any state a step keeps every value a word, changes no stopped processor and nothing that it was given."""
    before = data.draw(configurations(program))
    kept = copy.deepcopy(before)
    after = machine.step(program, before)
    assert before == kept
    values = [*after.memory, *after.pc, *(value for row in after.registers for value in row)]
    assert all(type(value) is int and 0 <= value < 2**program.word for value in values)
    assert isinstance(after.memory, tuple) and all(isinstance(row, tuple) for row in after.registers)
    for pid, status in enumerate(before.status):
        if status != "running":
            assert after.status[pid] == status
            assert (after.registers[pid], after.pc[pid]) == (before.registers[pid], before.pc[pid])
