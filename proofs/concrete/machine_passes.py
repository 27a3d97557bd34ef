"""One pass of a plan over a machine state: the sequence that holds it, the tokens after it, and what is wrong with them.

What the plan does is what the process does with its read-out: the tokens with the largest flag and the signs of their bits,
unmasked by masked diffusion or put through g, and decoded. It is right where that is ``efasp.pram.machine.step``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np

from efasp.encoding import CellLayout, EncodingError, Event, LogLayout, TokenSequence, Write, join
from efasp.model.sampler import THRESHOLD, confidence, predictions, split
from efasp.pram import machine as pram
from efasp.pram.isa import REGISTERS
from efasp.pram.machine import Configuration, Program
from efasp.process import DELETE, INSERT, g

Report = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A program and a state before a step. ``variant`` numbers ways to write the state down (slots, log); ``idle``: times in
    the log before anything is written; ``log``: the log itself, where one is given that leads to the state."""

    program: Program
    before: Configuration
    variant: int = 0
    idle: int = 0
    log: tuple[tuple[Event, ...], ...] = ()


@dataclass(frozen=True)
class Pass:
    """One pass over a sequence that holds a configuration: the tokens after it (of a log -1 where none was unmasked), and
    what is wrong with them. ``time``: the step, of a log the block that is due; ``control``: of cells, the control bits."""

    sequence: TokenSequence
    time: int
    before: Configuration
    after: np.ndarray
    report: Report | None
    control: np.ndarray | None = None


class Predictor(Protocol):
    """What runs on tokens: a plan, or a transformer of it in floating point."""

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The read-out at every position; see ``Plan.forward``."""


def differences(program: Program, expected: Configuration, got: Configuration, before: Configuration) -> Report | None:
    """The first difference between two configurations, in the machine's terms."""
    for pid in range(program.processors):
        pc = before.pc[pid]
        who = {
            "processor": pid,
            "instruction": str(program.instructions[pc]) if pc < program.length else "outside the program",
            "before": {"pc": pc, "status": before.status[pid], "registers": list(before.registers[pid])},
        }
        rows: list[tuple[str, Any, Any]] = [
            (f"r{r}", expected.registers[pid][r], got.registers[pid][r]) for r in range(REGISTERS)
        ]
        rows += [("pc", expected.pc[pid], got.pc[pid]), ("status", expected.status[pid], got.status[pid])]
        for what, wanted, found in rows:
            if wanted != found:
                return {**who, "what": what, "expected": wanted, "got": found}
    for address, (wanted, found) in enumerate(zip(expected.memory, got.memory, strict=True)):
        if wanted != found:
            stores = [
                pid
                for pid, access in ((a.pid, a) for a in pram.accesses(program, before))
                if access.kind == "write" and access.address == address
            ]
            return {"what": f"memory[{address}]", "stored by": stores, "expected": wanted, "got": found}
    return None


def tokens_of(plan: Predictor, sequence: TokenSequence, layout: LogLayout | CellLayout) -> tuple[np.ndarray, np.ndarray]:
    """The token that every position predicts, and the whole read-out."""
    outputs = plan.forward(sequence.tokens, sequence.places)
    return predictions(outputs, layout), outputs


def cell_passes(plan: Predictor, case: Case, extension: str) -> Iterator[Pass]:
    """One full pass of any-process generation."""
    layout = cast(CellLayout, CellLayout.of(case.program, extension))
    slots = [(cell >> case.variant % 4 ^ case.variant) & 1 for cell in range(layout.cells)]
    yield cell_pass(plan, layout, layout.encode(case.program, case.before, slots), 1, case.program, case.before)


def cell_pass(
    plan: Predictor, layout: CellLayout, sequence: TokenSequence, time: int, program: Program, before: Configuration
) -> Pass:
    """The pass over cells that hold a configuration."""
    predicted, outputs = tokens_of(plan, sequence, layout)
    control = np.array((2 * split(layout.vocabulary.width, outputs)[1] > 1).tolist(), dtype=bool)
    report, after = cell_difference(program, layout, sequence, before, predicted, control)
    return Pass(sequence, time, before, after, report, control)


def cell_difference(
    program: Program,
    layout: CellLayout,
    sequence: TokenSequence,
    before: Configuration,
    predicted: np.ndarray,
    control: np.ndarray,
) -> tuple[Report | None, np.ndarray]:
    """What is wrong with the tokens and control bits that cells are given, and the tokens after them."""
    expected, mask = pram.step(program, before), layout.vocabulary.token("mask")
    wrong = [(control[:, INSERT], "inserts a mask"), (control[:, DELETE], "deletes"), (predicted == mask, "predicts the mask")]
    for where, what in wrong:
        if where.any():
            position = int(np.flatnonzero(where)[0])
            report = {**cell_of(layout, position), "what": what, "expected": False, "got": True, "position": position}
            return report, sequence.tokens
    after = g(sequence.tokens, predicted, control, mask)
    changed = np.flatnonzero(after[: layout.prompt_length] != sequence.tokens[: layout.prompt_length])
    if changed.size:
        return {"what": "prompt", "position": int(changed[0]), "expected": "unchanged", "got": int(after[changed[0]])}, after
    cells = after[layout.prompt_length :].reshape(-1, 2)
    counts = (cells == mask).sum(axis=1)
    if (bad := np.flatnonzero(counts != 1)).size:
        at = layout.prompt_length + 2 * int(bad[0])
        got = f"{counts[bad[0]]} masks"
        return {**cell_of(layout, at), "what": "slots", "expected": "one value and one mask", "got": got, "position": at}, after
    try:
        state, _ = layout.state(after)
    except EncodingError as error:
        return {"what": str(error), "expected": "a token of the cell's kind", "got": "another"}, after
    return differences(program, expected, state, before), after


def cell_of(layout: CellLayout, position: int) -> Report:
    """Which cell a position belongs to."""
    cell = (position - layout.prompt_length) // 2
    if cell < 0:
        return {"cell": "prompt"}
    if cell < layout.memory:
        return {"cell": f"memory[{cell}]"}
    pid, register = divmod(cell - layout.memory, REGISTERS)
    if pid < layout.processors:
        return {"cell": f"r{register}", "processor": pid}
    return {"cell": "counter", "processor": cell - layout.memory - REGISTERS * layout.processors}


def log_of(case: Case) -> list[list[Event]]:
    """A log that leads to the case's registers, counters and statuses; by its variant also writes that are overwritten."""
    if case.log:
        return list(map(list, case.log))
    state, noisy = case.before, case.variant % 2
    size = 1 << case.program.word
    writes: list[list[Write]] = []
    for pid, bank in enumerate(state.registers):
        mine = [Write("register", r, value) for r, value in enumerate(bank) if value]
        if noisy:
            old = [Write("register", (pid + i) % REGISTERS, (5 * pid + i + 1) % size) for i in range(3)]
            zero = [Write("register", w.target, 0) for w in old if not bank[w.target]]
            stores = [
                Write("memory", (pid + case.variant) % case.program.memory, (pid + 3) % size),
                *([] if pid % 2 else [Write("memory", 0, pid % size)]),
            ]
            mine = [*old, *stores, *zero, *mine]
        writes.append(mine)
    times = max(1, *map(len, writes))
    rows = list(zip(state.pc, state.status, writes, strict=True))
    log = [[Event(pc, status, mine[t] if t < len(mine) else None) for pc, status, mine in rows] for t in range(times)]
    log = [[Event(pc, status, None) for pc, status, _ in rows]] * case.idle + log
    if noisy:  # counters before the last time are others
        log[:-1] = [[replace(e, pc=(e.pc + 1) % size, status="running") for e in events] for events in log[:-1]]
    return log


def log_passes(plan: Predictor, case: Case, extension: str) -> Iterator[Pass]:
    """Full passes of masked diffusion: all of the next block masked, then some of it unmasked, or all but one token while a
    later block waits, which is not ready."""
    program = case.program
    layout = cast(LogLayout, LogLayout.of(program, extension))
    log, state = log_of(case), pram.initial(program)
    for events in log:
        state = layout.apply(state, events)
    time, later = len(log) + 1, range(2 if case.variant % 4 == 3 else 1)
    sequence = join([layout.encode(program, log), *(layout.masks(time + ahead) for ahead in later)])
    first = log_pass(plan, layout, sequence, time, program, state)
    yield first
    if first.report is None and case.variant % 4:  # any order: a third, then the others
        place = np.arange(layout.block_length)
        chosen = place // 3 % 2 == 0 if case.variant % 8 > 4 else place % 3 == case.variant % 3
        if len(later) > 1:
            chosen = place != case.variant % layout.block_length
        tokens, span = sequence.tokens.copy(), layout.times(time)
        tokens[span] = np.where(chosen, first.after[span], tokens[span])
        second = log_pass(plan, layout, TokenSequence(tokens, sequence.places), time, program, state)
        yield replace(second, report=second.report and {**second.report, "unmasked before": "some of the block"})


def log_pass(
    plan: Predictor, layout: LogLayout, sequence: TokenSequence, time: int, program: Program, before: Configuration
) -> Pass:
    """The pass over a log that holds a configuration and whose block of a time is due, with later ones masked."""
    span, masked = layout.times(time), sequence.tokens == layout.vocabulary.token("mask")
    predicted, due = decided(plan, sequence, layout)
    tokens = sequence.tokens.copy()
    tokens[span] = np.where(masked[span], due[span], tokens[span])
    if (early := np.flatnonzero(predicted[span.stop :] != layout.vocabulary.token("mask"))).size:
        position = span.stop + int(early[0])
        report: Report | None = {"what": "not ready", "position": position, "expected": "mask", "got": int(predicted[position])}
    else:
        report = log_difference(program, layout, before, tokens[span])
    return Pass(sequence, time, before, tokens, report)


def decided(plan: Predictor, sequence: TokenSequence, layout: LogLayout) -> tuple[np.ndarray, np.ndarray]:
    """For each position the token that is predicted, and the one that a confidence-threshold sampler unmasks, -1 for none."""
    predicted, outputs = tokens_of(plan, sequence, layout)
    sure = confidence(outputs, layout) >= THRESHOLD
    return predicted, np.where(sure & (predicted != layout.vocabulary.token("mask")), predicted, -1)


def log_difference(program: Program, layout: LogLayout, before: Configuration, block: np.ndarray) -> Report | None:
    """What is wrong with the block of tokens (-1: none) that follows a configuration."""
    events: list[Event] = []
    for pid, tokens in enumerate(block.reshape(-1, 3)):
        pc = before.pc[pid]
        who = {
            "processor": pid,
            "instruction": str(program.instructions[pc]) if pc < program.length else "outside the program",
            "before": {"pc": pc, "status": before.status[pid], "registers": list(before.registers[pid])},
        }
        if (tokens < 0).any():
            slot = ("counter", "target", "value")[int(np.flatnonzero(tokens < 0)[0])]
            return {**who, "what": f"{slot} of a complete block before", "expected": "a token", "got": "mask, or not confident"}
        try:
            events.append(layout.event(tokens.tolist(), f"processor {pid}"))
        except EncodingError as error:
            return {**who, "what": "token", "expected": "one of its slot", "got": str(error)}
    return differences(program, pram.step(program, before), layout.apply(before, events), before)
