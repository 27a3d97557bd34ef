"""Runs by the oracle, in the form in which a run is reported; and the first difference between a report and the oracle's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from efasp.model.plan import Plan
from efasp.pram import machine as pram
from efasp.pram.assembler import disassemble
from efasp.pram.isa import REGISTERS, Reg
from efasp.pram.machine import Configuration, Program, Run, Status
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.oracle import Pram
from efasp.proofs.lemmas.resources import entries
from efasp.proofs.obligation import Machine

Breach = tuple[str, int, int, tuple[int, ...]]  # access, address, step, processors
BROKEN = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)  # raised by broken constructions


@dataclass(frozen=True)
class Wanted:
    """A run by the oracle: the report of `efasp run --json`, the configuration after every step, and the exit code."""

    report: Report
    history: list[Configuration]
    code: int
    finished: bool


def oracle(program: Program) -> Pram:
    """The oracle before a program's first step."""
    code = [(i.op, i.rd, i.ra, (i.x.number,) if isinstance(i.x, Reg) else i.x) for i in program.instructions]
    return Pram.begun(code, program.word, program.processors, program.memory, program.data)


def as_configuration(state: Pram) -> Configuration:
    """The oracle's state as a configuration."""
    pids = range(len(state.ended))
    return Configuration(
        tuple(state.words[address] for address in range(len(state.words))),
        tuple(tuple(state.banks[pid, number] for number in range(REGISTERS)) for pid in pids),
        tuple(state.counters[pid] for pid in pids),
        tuple(cast(Status, state.ended[pid]) for pid in pids),
    )


@lru_cache(maxsize=128)
def wanted(program: Program, most: int) -> Wanted:
    """The oracle's run of at most so many steps, as the reference machine must report it. Made once for both engines."""
    return next(cut_short(program, (most,)))


def cut_short(program: Program, limits: Sequence[int]) -> Iterator[Wanted]:
    """The oracle's runs of at most each number of ``limits``, in ascending order, as the reference machine must report them;
    one run is made and cut."""
    state, history, breach = oracle(program), list[Configuration](), None
    for most in sorted(limits):
        while state.alive and state.steps < most and breach is None:
            breach = state.breach(program.policy) if program.policy != "priority" else None
            if breach is None:
                state.step()
                history.append(as_configuration(state))
        yield reported(program, state, history.copy(), breach)


def reported(program: Program, state: Pram, history: list[Configuration], breach: Breach | None) -> Wanted:
    """A run that the oracle has made so far, which ended in a breach if there is one."""
    last, finished = as_configuration(state), breach is not None or not state.alive
    report: Report = {"file": program.name, "engine": "reference", "word": program.word, "processors": program.processors}
    report |= {"steps": state.steps, "decode_steps": None, "context_length": None}
    report["halted"] = all(status == "halted" for status in last.status)
    report["faults"] = [dict(zip(("pid", "step", "pc", "reason"), fault, strict=True)) for fault in state.faults]
    report |= {"memory": list(last.memory), "registers": [list(bank) for bank in last.registers], "pc": list(last.pc)}
    report["model"] = None
    if breach is not None:
        named = dict(zip(("access", "address", "step", "processors"), breach, strict=True))
        report["violation"] = {"policy": program.policy, **named, "processors": list(breach[3])}
    code = 4 if breach is not None else 5 if not finished else 4 if state.faults else 0
    return Wanted(report, history, code, finished)


def decoded(machine: Machine, plan: Plan, dtype: str, program: Program, most: int) -> Wanted:
    """The oracle's run as a machine's transformer must report it: one pass for each step, with the context and the sizes as
    stated. ``most``: the limit of steps."""
    expected = wanted(program, most)
    steps, count, length, memory = expected.report["steps"], program.processors, program.length, program.memory
    log = 2 + 4 * length + memory + 3 * count * (steps + 1)
    context = log if machine.engine == "mdm" else 2 + 4 * length + 2 * (memory + 9 * count)
    rows = plan.shape["layers"]
    model: dict[str, int | str] = {"layers": len(rows), "d_model": plan.width, "heads": max(row["heads"] for row in rows)}
    model |= {"d_ff": max(row["d_ff"] for row in rows), "parameters": entries(plan), "dtype": dtype, "device": "cpu"}
    more = {"engine": machine.engine, "decode_steps": steps, "context_length": context, "model": model}
    return replace(expected, report=expected.report | more)


def unequal(expected: Any, got: Any, where: str = "") -> Report | None:
    """Where two values, lists or dictionaries first differ; values of dictionaries also in their types."""
    if type(expected) is type(got) and not isinstance(expected, dict) and expected == got:
        return None
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(expected, dict) and isinstance(got, dict) and list(expected) == list(got):
        pairs = [(f"{where}.{key}" if where else key, expected[key], got[key]) for key in expected]
    elif isinstance(expected, (list, tuple)) and type(got) is type(expected) and len(got) == len(expected):
        pairs = [(f"{where}[{i}]", *pair) for i, pair in enumerate(zip(expected, got, strict=True))]
    elif type(expected) is not type(got) or expected != got:
        return {"what": where, "expected": expected, "got": got}
    return next((found for name, old, new in pairs if (found := unequal(old, new, name)) is not None), None)


def misreported(expected: Wanted, run: Run, history: Sequence[Configuration] | None = None) -> Report | None:
    """The first difference between a run and the oracle: in its report, in a configuration on the way, or in its exit code."""
    for number, (old, new) in enumerate(zip(expected.history, history or (), strict=False), 1):
        if (wrong := unequal(vars(old), vars(new))) is not None:
            return {"step": number, **wrong}
    if history is not None and len(history) != len(expected.history):
        return {"what": "steps that were reported", "expected": len(expected.history), "got": len(history)}
    rest = {"exit code": expected.code, "finished": expected.finished}
    got = {"exit code": pram.exit_code(run), "finished": run.finished}
    return unequal(expected.report, pram.report(run, run.program.name)) or unequal(rest, got)


def listed(program: Program) -> Report:
    """A program in words, for a countermodel."""
    shape = {"w": program.word, "P": program.processors, "M": program.memory, "policy": program.policy}
    try:
        lines = disassemble(program).splitlines()
    except ValueError:  # the refusal is the countermodel
        lines = list(map(str, program.instructions))
    return {**shape, "program": lines, "memory": list(program.data)}


def ends_without(work: Callable[[], Any], refusal: type[Exception] = ValueError) -> bool:
    """Whether work ends without the exception by which it refuses."""
    try:
        work()
    except refusal:
        return False
    return True


def guarded(work: Callable[[], Report | None]) -> Report | None:
    """The failure that a check returns; an exception that a broken construction raises counts as one."""
    try:
        return work()
    except BROKEN as error:
        return {"what": "an exception", "expected": "none", "got": f"{type(error).__name__}: {error}"}
