"""The reference machine: each instruction against a plain statement of it, whole runs against a second interpreter."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from itertools import combinations, islice, pairwise, product
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.machine import ALU, POLICIES, Configuration, Fault, Policy, Program, Run, Violation
from tests.efasp.pram.strategies import configurations, programs, words

LIMIT = 60  # steps, for programs that may loop


def bits(value: int, word: int) -> str:
    """The ``word`` binary digits of a word."""
    return format(value, f"0{word}b")


def digitwise(a: int, x: int, w: int, keep: Callable[[str, str], bool]) -> int:
    """The word whose digit is 1 where ``keep`` holds of the digits of ``a`` and ``x``."""
    return int("".join("01"[keep(p, q)] for p, q in zip(bits(a, w), bits(x, w), strict=True)), 2)


# The table of docs/assembly.md, "Instructions", once more, on strings of digits and with remainders.
PLAIN: dict[str, Callable[[int, int, int], int]] = {
    "mov": lambda a, x, w: x,
    "add": lambda a, x, w: a + x if a + x < 2**w else a + x - 2**w,
    "sub": lambda a, x, w: a - x if a >= x else a - x + 2**w,
    "and": lambda a, x, w: digitwise(a, x, w, lambda p, q: p == q == "1"),
    "or": lambda a, x, w: digitwise(a, x, w, lambda p, q: "1" in p + q),
    "xor": lambda a, x, w: digitwise(a, x, w, lambda p, q: p != q),
    "shl": lambda a, x, w: int(bits(a, w)[1:] + "0", 2),
    "shr": lambda a, x, w: int("0" + bits(a, w)[:-1], 2),
    "slt": lambda a, x, w: 1 if bits(a, w) < bits(x, w) else 0,
    "seq": lambda a, x, w: 1 if bits(a, w) == bits(x, w) else 0,
    "mul": lambda a, x, w: sum((a * 2**i) % 2**w for i in range(w) if x // 2**i % 2) % 2**w,
    "shlx": lambda a, x, w: int((bits(a, w) + "0" * min(x, w))[-w:], 2),
    "shrx": lambda a, x, w: int(("0" * min(x, w) + bits(a, w))[:w], 2),
}


class Oracle:
    """A second interpreter, which shares no code with the first: it copies the whole state and edits the copy.

    ``log`` lists the accesses (pid, kind, address, value) of the step last taken.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.steps, self.faults = program, 0, list[tuple[int, int, int, str]]()
        self.cells = dict.fromkeys(range(program.memory), 0) | dict(enumerate(program.data))
        self.cores: list[dict[str, Any]] = [{"r": [0] * 8, "pc": 0, "on": "running"} for _ in range(program.processors)]
        self.log: list[tuple[int, str, int, int]] = []

    def step(self) -> None:
        """One step; from the highest id down, so that the lowest has the last word."""
        self.steps += 1
        self.log = []
        cells = copy.copy(self.cells)
        for pid, core in reversed(list(enumerate(self.cores))):
            if core["on"] == "running":
                core["on"] = self.act(pid, core, cells)
                if core["on"] not in ("running", "halted"):
                    self.faults.append((self.steps, pid, core["pc"], core["on"]))
        self.cells = cells
        self.faults.sort()

    def act(self, pid: int, core: dict[str, Any], cells: dict[int, int]) -> str:
        """Processor ``pid``'s part of a step: read ``self.cells``, write ``cells``; the status it ends with."""
        w, code, r = self.program.word, self.program.instructions, core["r"]
        if core["pc"] not in range(len(code)):
            return "pc"
        ins = code[core["pc"]]
        base = r[ins.ra] if ins.ra is not None else 0
        x = r[ins.x.number] if isinstance(ins.x, Reg) else ins.x
        after = (core["pc"] + 1) % 2**w
        match ins.op:
            case "halt":
                return "halted"
            case "ld" | "st":
                where = (base + x) % 2**w
                if where not in cells:
                    return {"ld": "load", "st": "store"}[ins.op]
                if ins.op == "ld":
                    r[ins.rd] = self.cells[where]
                    self.log.append((pid, "read", where, r[ins.rd]))
                else:
                    cells[where] = r[ins.rd]
                    self.log.append((pid, "write", where, r[ins.rd]))
            case "jmp":
                after = x
            case "jz":
                after = after if base else x
            case "jnz":
                after = x if base else after
            case "pid":
                r[ins.rd] = pid
            case "nproc":
                r[ins.rd] = self.program.processors % 2**w
            case op:
                r[ins.rd] = PLAIN[op](base, x, w)
        core["pc"] = after
        return "running"

    @property
    def configuration(self) -> Configuration:
        """The state reached."""
        return Configuration(
            tuple(self.cells[address] for address in range(self.program.memory)),
            tuple(tuple(core["r"]) for core in self.cores),
            tuple(core["pc"] for core in self.cores),
            tuple(core["on"] for core in self.cores),
        )

    def breaches(self, policy: str) -> list[tuple[str, int, int, int]]:
        """The pairs of processors that breach ``policy`` in the step last taken: (kind, address, pid, pid)."""
        found = []
        for (p, kind, where, value), (q, other, there, second) in combinations(sorted(self.log), 2):
            bad = {
                "priority": False,
                "common": kind == "write" and value != second,
                "crew": kind == "write",
                "erew": True,
            }[policy]
            if kind == other and where == there and bad:
                found.append((kind, where, p, q))
        return sorted(found)


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


@settings(max_examples=400)
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


@given(programs(policies=("erew",)))
def test_policies_are_ordered(program: Program) -> None:
    """A run that is legal under EREW is under CREW, Common and Priority, and is the same run."""
    runs = [machine.run(dataclasses.replace(program, policy=policy), LIMIT) for policy in POLICIES]
    assert POLICIES == ("erew", "crew", "common", "priority")
    for strict, lax in pairwise(runs):
        if strict.violation is None:
            assert (lax.violation, lax.configuration, lax.steps) == (None, strict.configuration, strict.steps)
        else:
            assert lax.violation is None or lax.violation.step >= strict.violation.step


READ = "pid r1\nld r2, [3]\nhalt"
SAME = "mov r1, 4\nst r1, [3]\nhalt"
OTHER = "pid r1\nst r1, [3]\nhalt"
APART = "pid r1\nld r2, [r1]\nst r2, [r1]\nhalt"
MIXED = "pid r1\njz r1, w\nld r2, [3]\nhalt\nw: st r1, [3]\nhalt"
OUTSIDE = "ld r1, [70]\nhalt"


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        (APART, POLICIES),
        (MIXED, POLICIES),
        (OUTSIDE, POLICIES),
        (READ, ("crew", "common", "priority")),
        (SAME, ("common", "priority")),
        (OTHER, ("priority",)),
    ],
    ids=["apart", "mixed", "outside", "read", "same", "other"],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_policies(text: str, legal: tuple[str, ...], policy: str) -> None:
    """What each policy allows: one cell read, written with one value, written with several, or by nobody else.

    With two processors, MIXED reads and writes one cell in the same step; an access that faults (OUTSIDE) is none.
    """
    result = machine.run(assemble(text, policy=policy, processors=2))
    assert (result.violation is None) == (policy in legal)
    if result.violation is not None:
        assert (result.violation.address, result.violation.step, result.violation.processors) == (3, 2, (0, 1))
        assert result.violation.policy == policy and result.violation.access == ("read" if text == READ else "write")
        assert result.steps == 1 and result.configuration.pc == (1, 1) and machine.exit_code(result) == 4


def test_first_violation() -> None:
    """Of several breaches in a step the reads come first, then the lowest address, and all that take part are named."""
    code = "jmp 1\nld r1, [r2]\nst r1, [r2]"
    program = assemble(code, processors=8, policy="erew")
    places = [(1, 6), (1, 6), (1, 4), (2, 1), (2, 1), (1, 4), (2, 9), (1, 4)]
    start = dataclasses.replace(
        machine.initial(program),
        pc=tuple(pc for pc, _ in places),
        registers=tuple((0, 0, address, 0, 0, 0, 0, 0) for _, address in places),
    )
    assert machine.violation(program, start, 12) == Violation("erew", "read", 4, 12, (2, 5, 7))
    crew = dataclasses.replace(program, policy="crew")
    assert machine.violation(crew, start, 3) == Violation("crew", "write", 1, 3, (3, 4))
    assert machine.violation(dataclasses.replace(program, policy="common"), start, 3) is None


def test_max_steps() -> None:
    """The limit ends a run, without a look at the step that it cuts off; one that stops just in time has finished."""
    loop = assemble("add r1, r1, 1\njmp 0")
    assert machine.run(loop, 0).configuration == machine.initial(loop)
    assert [machine.run(loop, limit).steps for limit in (0, 1, 7)] == [0, 1, 7]
    assert machine.run(loop).steps == 10_000 and machine.exit_code(machine.run(loop)) == 5
    ends = assemble("mov r1, 1\nhalt")
    assert [machine.run(ends, limit).finished for limit in (0, 1, 2, 3)] == [False, False, True, True]
    assert machine.run(assemble(OTHER, policy="erew", processors=2), 1).violation is None
    with pytest.raises(ValueError, match="max_steps: expected 0 or more, found -1"):
        machine.run(loop, -1)


def test_unfinished_outweighs_faults() -> None:
    """A run that the limit ended has exit code 5 even if a processor has faulted in it."""
    result = machine.run(assemble("pid r1\njz r1, 0\nld r2, [99]", processors=2), 20)
    assert len(result.faults) == 1 and not result.finished and machine.exit_code(result) == 5


def test_trace() -> None:
    """The trace has one configuration more than the run has steps, and ends where it does; it may be without end."""
    program = assemble("mov r1, 3\nl: sub r1, r1, 1\njnz r1, l\nhalt")
    states = list(machine.trace(program))
    result = machine.run(program)
    assert (len(states), states[0], states[-1]) == (9, machine.initial(program), result.configuration)
    assert len(list(islice(machine.trace(assemble("jmp 0")), 50))) == 50


KEYS = [
    "file", "engine", "word", "processors", "steps", "decode_steps", "context_length", "halted", "faults", "memory",
    "registers", "pc", "model",
]  # fmt: skip


def test_report() -> None:
    """The report has the documented keys in their order and JSON values only; halted is for all halted without fault."""
    report = machine.report(machine.run(assemble("pid r1\nst r1, [r1]\nhalt", processors=2, memory=3)), "a.pram")
    assert list(report) == KEYS and json.loads(json.dumps(report)) == report
    assert report == {
        "file": "a.pram", "engine": "reference", "word": 16, "processors": 2, "steps": 3, "decode_steps": None,
        "context_length": None, "halted": True, "faults": [], "memory": [0, 1, 0], "pc": [2, 2], "model": None,
        "registers": [[0] * 8, [0, 1, 0, 0, 0, 0, 0, 0]],
    }  # fmt: skip
    faulty = machine.report(machine.run(assemble("jz r1, 9")), "b.pram")
    assert not faulty["halted"] and faulty["faults"] == [{"pid": 0, "step": 2, "pc": 9, "reason": "pc"}]
    assert not machine.report(machine.run(assemble("jmp 0"), 5), "c.pram")["halted"]


def test_report_of_a_violation() -> None:
    """A violation is reported by a last key, with its policy, access, address, step and processors."""
    report = machine.report(machine.run(assemble(OTHER, policy="crew", processors=3)), "a.pram")
    assert list(report) == [*KEYS, "violation"] and not report["halted"]
    expected = {"policy": "crew", "access": "write", "address": 3, "step": 2, "processors": [0, 1, 2]}
    assert report["violation"] == expected and json.loads(json.dumps(report)) == report


@given(programs())
def test_reports_agree_with_exit_codes(program: Program) -> None:
    """Exit code 0 goes with halted, 4 with a fault or a violation, 5 with neither having ended the run."""
    result = machine.run(program, LIMIT)
    report, code = machine.report(result, "p"), machine.exit_code(result)
    assert report["halted"] == (code == 0)
    assert (code == 5) == (result.steps == LIMIT and "running" in result.configuration.status and not result.violation)
    assert (code == 4) == (("violation" in report) or bool(report["faults"] and code != 5))


@given(programs(extension=""), programs())
def test_valid_programs(plain: Program, rich: Program) -> None:
    """The strategy's programs are valid, for the extension that was asked for."""
    machine.validate(plain, "")
    machine.validate(rich)


HALT = (Instruction("halt"),)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (Program(HALT, word=4), "word: expected 5..1024 bits, found 4"),
        (Program(HALT, word=1025), "word: expected 5..1024 bits, found 1025"),
        (Program(()), r"instructions: expected 1\.\.65536 of them for a word of 16 bits, found 0"),
        (Program(HALT * 33, word=5, memory=1), r"instructions: expected 1\.\.32 .* found 33"),
        (Program(HALT, processors=0), "processors: expected .* found 0"),
        (Program(HALT, word=5, memory=1, processors=33), r"processors: expected 1\.\.32 of them .* 5 bits, found 33"),
        (Program(HALT, memory=0), "memory: expected .* found 0"),
        (Program(HALT, word=5), "memory: expected .* found 64"),
        (Program(HALT, word=40, memory=2**27), "memory: expected .* found 134217728"),
        (Program(HALT, policy=cast(Policy, "x")), "policy: expected one of erew, crew, common, priority, found 'x'"),
        (Program(HALT, memory=2, data=(1, 2, 3)), "data: expected at most 2 words, found 3"),
        (Program(HALT, data=(1, 65536)), r"data: address 1: expected a word 0\.\.65535, found 65536"),
        (Program(HALT, data=(-1,)), "data: address 0: expected a word .* found -1"),
        (Program((*HALT, Instruction("jmp", x=65536))), "instruction 1: expected an immediate .* found 65536"),
    ],
    ids=str,
)
def test_invalid_programs(program: Program, message: str) -> None:
    """What the machine is not defined for is refused with ValueError, naming what was expected and what was found."""
    with pytest.raises(ValueError, match=message):
        machine.validate(program)
    with pytest.raises(ValueError, match=message):
        machine.run(program)


def test_extension_of_valid_programs() -> None:
    """An instruction of extension M is valid with it alone."""
    program = Program((Instruction("shlx", rd=1, ra=1, x=2),))
    machine.validate(program, "M")
    with pytest.raises(ValueError, match="instruction 0: expected none of extension M, found 'shlx'"):
        machine.validate(program, "")


def test_other_engines_are_reported() -> None:
    """What an engine adds to a run stands in its report."""
    base = machine.run(assemble("halt"))
    transformer: dict[str, object] = {"layers": 5}
    result = Run(base.program, "mdm", 1, base.configuration, True, [], None, 1, 99, transformer)
    report = machine.report(result, "f")
    assert [report[key] for key in ("engine", "decode_steps", "context_length", "model")] == ["mdm", 1, 99, transformer]
