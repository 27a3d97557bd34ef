"""The PRAM itself, executed directly (docs/machine.md): the definition every construction is held to.

Everything here is a pure function on frozen configurations. Words are Python integers in 0..2^w-1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Literal, NamedTuple, Protocol

from efasp.loops import downwards, table
from efasp.pram.isa import OPERATIONS, REGISTERS, Reg, operations
from efasp.pram.state import (
    MAX_MEMORY,
    MAX_PROCESSORS,
    MAX_WORD,
    MIN_WORD,
    POLICIES,
    Access,
    Configuration,
    Fault,
    Policy,
    Program,
    Run,
    Status,
    Violation,
    Working,
)  # fmt: skip

__all__ = [
    "ALU", "MAX_MEMORY", "MAX_PROCESSORS", "MAX_WORD", "MIN_WORD", "POLICIES", "Access", "Configuration", "Fault", "Policy",
    "Program", "Run", "Status", "Violation", "Working", "accesses", "exit_code", "fault", "faults_between", "initial", "report",
    "run", "step", "trace", "validate", "violation",
]  # fmt: skip

# The result of each computing operation, from its operands ``a`` and ``x`` (words) and the word width ``w`` in bits.
ALU: dict[str, Callable[[int, int, int], int]] = {
    "mov": lambda a, x, w: x,
    "add": lambda a, x, w: (a + x) % (1 << w),
    "sub": lambda a, x, w: (a - x) % (1 << w),
    "and": lambda a, x, w: a & x,
    "or": lambda a, x, w: a | x,
    "xor": lambda a, x, w: a ^ x,
    "shl": lambda a, x, w: (a << 1) % (1 << w),
    "shr": lambda a, x, w: a >> 1,
    "slt": lambda a, x, w: int(a < x),
    "seq": lambda a, x, w: int(a == x),
    "mul": lambda a, x, w: a * x % (1 << w),
    "shlx": lambda a, x, w: (a << x) % (1 << w) if x < w else 0,
    "shrx": lambda a, x, w: a >> x if x < w else 0,
}


def validate(program: Program, extension: str = "M") -> None:
    """Check that ``program`` is one the machine is defined for; ``extension`` ("" or "M") says which operations exist.

    Raises ValueError, naming the expected value and the one found. Source: docs/machine.md, "Parameters".
    """
    known = {operation.name for operation in operations(extension)}
    word, length = program.word, program.length
    if type(word) is not int or not MIN_WORD <= word <= MAX_WORD:
        raise ValueError(f"word: expected {MIN_WORD}..{MAX_WORD} bits, found {word!r}")
    size = 1 << word
    for what, count, cap in (
        ("processors", program.processors, MAX_PROCESSORS),
        ("memory", program.memory, MAX_MEMORY),
        ("instructions", length, size),
    ):
        most = min(size, cap)
        if type(count) is not int or not 1 <= count <= most:
            raise ValueError(f"{what}: expected 1..{most} of them for a word of {word} bits, found {count!r}")
    if program.policy not in POLICIES:
        raise ValueError(f"policy: expected one of {', '.join(POLICIES)}, found {program.policy!r}")
    if len(program.data) > program.memory:
        raise ValueError(f"data: expected at most {program.memory} words, found {len(program.data)}")
    for address, value in enumerate(program.data):
        if type(value) is not int or not 0 <= value < size:
            raise ValueError(f"data: address {address}: expected a word 0..{size - 1}, found {value!r}")
    for index, instruction in enumerate(program.instructions):
        if instruction.op not in known:
            needed = OPERATIONS[instruction.op].extension
            raise ValueError(f"instruction {index}: expected none of extension {needed}, found {instruction.op!r}")
        if not isinstance(instruction.x, Reg) and instruction.x is not None and not 0 <= instruction.x < size:
            raise ValueError(f"instruction {index}: expected an immediate 0..{size - 1}, found {instruction.x!r}")


class _Effect(NamedTuple):
    """The effect of one processor's step; ``load`` and ``store`` are addresses, ``value`` goes to rd or memory."""

    pc: int
    status: Status = "running"
    rd: int | None = None
    value: int = 0
    load: int | None = None
    store: int | None = None


class _State(Protocol):
    """The state that a step reads: a Configuration, or the lists that ``run`` works on."""

    @property
    def memory(self) -> Sequence[int]: ...
    @property
    def registers(self) -> Sequence[Sequence[int]]: ...
    @property
    def pc(self) -> Sequence[int]: ...
    @property
    def status(self) -> Sequence[Status]: ...


def _execute(program: Program, before: _State, pid: int) -> _Effect:
    """The effect of running processor ``pid``'s next instruction on the state ``before``.

    The program counter is a word: pc + 1 is modulo 2^w, as everything is, and one that lies outside 0..L-1 is found by
    the next step.
    """
    pc, registers, word = before.pc[pid], before.registers[pid], program.word
    if pc >= program.length:
        return _Effect(pc, "pc")
    instruction = program.instructions[pc]
    op, rd, x = instruction.op, instruction.rd, instruction.x
    a = 0 if instruction.ra is None else registers[instruction.ra]
    operand = registers[x.number] if isinstance(x, Reg) else x or 0
    following = (pc + 1) % (1 << word)
    if op in ALU:
        return _Effect(following, rd=rd, value=ALU[op](a, operand, word))
    if op == "halt":
        return _Effect(pc, "halted")
    if op == "ld" or op == "st":
        address = (a + operand) % (1 << word)
        if address >= program.memory:
            return _Effect(pc, "load" if op == "ld" else "store")
        if op == "ld":
            return _Effect(following, rd=rd, value=before.memory[address], load=address)
        assert rd is not None  # the instruction table's shape says so
        return _Effect(following, value=registers[rd], store=address)
    if op == "jmp":
        return _Effect(operand)
    if op == "jz" or op == "jnz":
        return _Effect(operand if (a == 0) == (op == "jz") else following)
    assert op == "pid" or op == "nproc"
    return _Effect(following, rd=rd, value=pid if op == "pid" else program.processors % (1 << word))


def initial(program: Program) -> Configuration:
    """The configuration before step 1: memory from ``data`` and zeros, registers and pc 0, all running."""
    processors = program.processors
    running: Status = "running"
    return Configuration(
        memory=program.data + (0,) * (program.memory - program.given),
        registers=((0,) * REGISTERS,) * processors,
        pc=(0,) * processors,
        status=(running,) * processors,
    )


def _advance(program: Program, state: Working) -> list[int]:
    """Take one synchronous step in ``state``; the processors that stopped in it, by id."""
    effects = table(program.processors, lambda pid: _effect(program, state, pid))  # all of them before any write
    stopped: list[int] = []
    downwards(program.processors, lambda pid: _take(state, pid, effects[pid], stopped))  # the lowest id writes last, and wins
    return stopped[::-1]


def _effect(program: Program, state: _State, pid: int) -> _Effect | None:
    """The effect of a processor; an empty one where it has stopped."""
    return _execute(program, state, pid) if state.status[pid] == "running" else None


def _take(state: Working, pid: int, effect: _Effect | None, stopped: list[int]) -> None:
    """Put one processor's effect into the state, and its id into ``stopped`` if it stops."""
    if effect is None:
        return
    state.pc[pid] = effect.pc
    if effect.status != "running":
        state.status[pid] = effect.status
        stopped.append(pid)
    elif effect.store is not None:
        state.memory[effect.store] = effect.value
    elif effect.rd is not None:
        state.registers[pid][effect.rd] = effect.value


def step(program: Program, before: Configuration) -> Configuration:
    """One synchronous step, Priority CRCW, whatever the policy: the state after every running processor has acted once.

    A stopped processor keeps its state, so a step from a state in which all have stopped changes nothing.
    """
    state = before.working()
    _advance(program, state)
    return state.freeze()


def accesses(program: Program, before: _State) -> list[Access]:
    """The accesses to shared memory of the step from ``before``, by processor id; one that faults is none."""
    found = []
    for pid, status in enumerate(before.status):
        if status == "running":
            effect = _execute(program, before, pid)
            if effect.load is not None:
                found.append(Access(pid, "read", effect.load, effect.value))
            elif effect.store is not None:
                found.append(Access(pid, "write", effect.store, effect.value))
    return found


def violation(program: Program, before: _State, number: int) -> Violation | None:
    """The policy breach of step ``number`` (from 1) from ``before``, or None: reads come first, then low addresses.

    A step has a read phase and then a write phase, and each is exclusive by itself: under ``erew`` at most one
    processor reads an address and at most one writes it (one may read what another writes in the same step); under
    ``crew`` at most one writes it; under ``common`` several may, if they write the same word; ``priority`` allows all.
    """
    if program.policy == "priority":
        return None
    groups: defaultdict[tuple[Literal["read", "write"], int], list[Access]] = defaultdict(list)
    for access in accesses(program, before):
        groups[access.kind, access.address].append(access)
    for (kind, address), group in sorted(groups.items()):  # "read" sorts before "write"
        if kind == "read":
            allowed = len(group) == 1 or program.policy != "erew"
        else:
            allowed = len(group) == 1 or (program.policy == "common" and len({access.value for access in group}) == 1)
        if not allowed:
            return Violation(program.policy, kind, address, number, tuple(access.pid for access in group))
    return None


def trace(program: Program) -> Iterator[Configuration]:
    """The configurations from the initial one on, until every processor has stopped; without end if that never is.

    The policy is not looked at.
    """
    configuration = initial(program)
    yield configuration
    while "running" in configuration.status:
        configuration = step(program, configuration)
        yield configuration


def faults_between(before: Configuration, after: Configuration, number: int) -> list[Fault]:
    """The faults of step ``number``, which leads from ``before`` to ``after``, by processor id."""
    found = table(before.processors, lambda pid: fault(after, pid, number) if before.status[pid] != after.status[pid] else None)
    return [one for one in found if one is not None]


def fault(after: _State, pid: int, number: int) -> Fault | None:
    """The fault of a processor that stopped in step ``number``, if it did not halt."""
    status = after.status[pid]
    return Fault(pid, number, after.pc[pid], status) if status == "load" or status == "store" or status == "pc" else None


def run(program: Program, max_steps: int = 10_000, on_step: Callable[[int], object] | None = None) -> Run:
    """Run to the end, to ``max_steps`` steps (0 or more) or to a breach of the policy.

    At a breach the configuration is the one before the offending step, and ``steps`` counts those completed. ``on_step`` is
    given the number of steps after each. Raises ValueError for a program that ``validate`` refuses and for a negative
    ``max_steps``.
    """
    validate(program)
    if max_steps < 0:
        raise ValueError(f"max_steps: expected 0 or more, found {max_steps}")
    state, faults, steps = initial(program).working(), list[Fault](), 0
    left, breach = program.processors, None
    while left and steps < max_steps:
        breach = violation(program, state, steps + 1)
        if breach is not None:
            break
        stopped = _advance(program, state)
        steps += 1
        left -= len(stopped)
        faults += [one for pid in stopped if (one := fault(state, pid, steps)) is not None]
        if on_step is not None:
            on_step(steps)
    return Run(program, "reference", steps, state.freeze(), breach is not None or not left, faults, breach)


def report(run: Run, file: str) -> dict[str, object]:
    """The JSON object that `efasp run --json` prints for ``file``, keys in the order of docs/commands.md, "JSON of efasp run".

    A violation of the policy adds a last key ``violation``: its policy, access, address, step and processors.
    """
    configuration = run.configuration
    result: dict[str, object] = {
        "file": file,
        "engine": run.engine,
        "word": run.program.word,
        "processors": run.program.processors,
        "steps": run.steps,
        "decode_steps": run.decode_steps,
        "context_length": run.context_length,
        "halted": all(status == "halted" for status in configuration.status),
        "faults": [asdict(fault) for fault in run.faults],
        "memory": list(configuration.memory),
        "registers": [list(registers) for registers in configuration.registers],
        "pc": list(configuration.pc),
        "model": run.transformer,
    }
    if run.violation is not None:
        result["violation"] = asdict(run.violation) | {"processors": list(run.violation.processors)}
    return result


def exit_code(run: Run) -> int:
    """The exit code of `efasp run`: 0 halted, 4 a fault or a violation of the policy, 5 ended by ``max_steps``.

    A run that ``max_steps`` ended has code 5 even if processors have faulted in it: the further steps of the others are
    unknown, so 5 says that all of the result is provisional, and the faults are in the report.
    """
    if run.violation is not None:
        return 4
    if not run.finished:
        return 5
    return 4 if run.faults else 0
