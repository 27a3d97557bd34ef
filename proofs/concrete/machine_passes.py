"""One pass of a plan over a machine state: the sequence that holds the state, the tokens after the pass, and any error.

The read-out of the plan is used as the process uses it: it predicts the tokens with the largest flag and the signs of their
bits; masked diffusion unmasks them, or g is applied to them; the result is decoded. The pass is right if the decoded
configuration is that of ``efasp.pram.machine.step``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np

from efasp.encoding import CellLayout, EncodingError, Event, LogLayout, TokenSequence, Write, join
from efasp.model.sampler import THRESHOLD, confidence, predictions, split
from efasp.pram import machine as pram
from efasp.pram.assembler.disassembler import instruction_text
from efasp.pram.isa import REGISTERS
from efasp.pram.machine import Configuration, Program
from efasp.process import DELETE, INSERT, g

Report = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A program and a state before a step. ``variant``: selects among the encodings of the state (slots, log); ``idle``:
    the number of blocks in the log before the first write; ``log``: a log that leads to the state, empty to make one;
    ``prompted``: whether the prompt has the program, which is in the weights of a specialised machine."""

    program: Program
    before: Configuration
    variant: int = 0
    idle: int = 0
    log: tuple[tuple[Event, ...], ...] = ()
    prompted: bool = True


@dataclass(frozen=True)
class Pass:
    """One pass over a sequence that holds a configuration. ``after``: the tokens after the pass (log: -1 where none was
    unmasked); ``report``: the first error, or None; ``time``: the step, and in a log the block that is due; ``control``: the
    control bits (cells only)."""

    sequence: TokenSequence
    time: int
    before: Configuration
    after: np.ndarray
    report: Report | None
    control: np.ndarray | None = None


class Predictor(Protocol):
    """The interface of a plan and of its transformer in floating point."""

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The read-out at every position; see ``Plan.forward``."""


def instruction_at(program: Program, pc: int) -> str:
    """The instruction at an address in assembly, in words where there is none."""
    return instruction_text(program.instructions[pc], program.word, 0) if pc < program.length else "outside the program"


def differences(program: Program, expected: Configuration, got: Configuration, before: Configuration) -> Report | None:
    """The first difference between two configurations, in terms of the PRAM; None if they are equal."""
    for pid in range(program.processors):
        pc = before.pc[pid]
        who = {
            "processor": pid,
            "instruction": instruction_at(program, pc),
            "before": {"pc": pc, "status": before.status[pid], "registers": list(before.registers[pid])},
        }
        rows: list[tuple[str, Any, Any]] = [
            (f"r{r}", expected.registers[pid][r], got.registers[pid][r]) for r in range(REGISTERS)
        ]
        rows += [("pc", expected.pc[pid], got.pc[pid]), ("status", expected.status[pid], got.status[pid])]
        for what, wanted, got_value in rows:
            if wanted != got_value:
                return {**who, "what": what, "expected": wanted, "got": got_value}
    for address, (wanted, got_value) in enumerate(zip(expected.memory, got.memory, strict=True)):
        if wanted != got_value:
            stores = [
                pid
                for pid, access in ((a.pid, a) for a in pram.accesses(program, before))
                if access.kind == "write" and access.address == address
            ]
            return {"what": f"memory[{address}]", "stored by": stores, "expected": wanted, "got": got_value}
    return None


def tokens_of(plan: Predictor, sequence: TokenSequence, layout: LogLayout | CellLayout) -> tuple[np.ndarray, np.ndarray]:
    """The token that is predicted at every position, and the read-out."""
    outputs = plan.forward(sequence.tokens, sequence.places)
    return predictions(outputs, layout), outputs


def cell_passes(plan: Predictor, case: Case, extension: str) -> Iterator[Pass]:
    """One full pass of any-process generation."""
    layout = cast(CellLayout, CellLayout.of(case.program, extension, case.prompted))
    slots = [(cell >> case.variant % 4 ^ case.variant) & 1 for cell in range(layout.cells)]
    yield cell_pass(plan, layout, layout.encode(case.program, case.before, slots), 1, case.program, case.before)


def cell_pass(
    plan: Predictor, layout: CellLayout, sequence: TokenSequence, time: int, program: Program, before: Configuration
) -> Pass:
    """A pass over cells that hold a configuration."""
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
    """The first error in predicted tokens and control bits of cells, or None, and the tokens after the pass."""
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
    """The cell of a position, as the entries of a report."""
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
    """A log that leads to the registers, counters and statuses of a case; an odd variant adds writes that are overwritten."""
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
    if noisy:  # the counters before the last time differ
        log[:-1] = [[replace(e, pc=(e.pc + 1) % size, status="running") for e in events] for events in log[:-1]]
    return log


def log_passes(plan: Predictor, case: Case, extension: str) -> Iterator[Pass]:
    """Passes of masked diffusion: first with the next block fully masked, then with some of its tokens unmasked, or all but
    one while a later block is masked, which must not be unmasked yet."""
    program = case.program
    layout = cast(LogLayout, LogLayout.of(program, extension, case.prompted))
    log, state = log_of(case), pram.initial(program)
    for events in log:
        state = layout.apply(state, events)
    time, later = len(log) + 1, range(2 if case.variant % 4 == 3 else 1)
    sequence = join([layout.encode(program, log), *(layout.masks(time + ahead) for ahead in later)])
    first = log_pass(plan, layout, sequence, time, program, state)
    yield first
    if first.report is None and case.variant % 4:  # any order: some tokens are unmasked first, then the others
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
    """A pass over a log that holds a configuration; the block of ``time`` is due and later blocks are masked."""
    span, masked = layout.times(time), sequence.tokens == layout.vocabulary.token("mask")
    predicted, due = decided(plan, sequence, layout)
    tokens = sequence.tokens.copy()
    tokens[span] = np.where(masked[span], due[span], tokens[span])
    report = block_difference(program, layout, before, tokens[span], predicted[span.stop :], span.stop)
    return Pass(sequence, time, before, tokens, report)


def block_difference(
    program: Program, layout: LogLayout, before: Configuration, block: np.ndarray, later: np.ndarray, position: int
) -> Report | None:
    """The first error after a pass in the tokens of the block that is due (-1: still masked), or in those predicted at later
    positions, from ``position`` on, where the mask is to be; None if there is none."""
    if (early := np.flatnonzero(later != layout.vocabulary.token("mask"))).size:
        first = int(early[0])
        return {"what": "not ready", "position": position + first, "expected": "mask", "got": int(later[first])}
    return log_difference(program, layout, before, block)


def decided(plan: Predictor, sequence: TokenSequence, layout: LogLayout) -> tuple[np.ndarray, np.ndarray]:
    """``chosen`` of a plan's pass over a sequence."""
    return chosen(plan.forward(sequence.tokens, sequence.places), layout)


def chosen(outputs: np.ndarray, layout: LogLayout) -> tuple[np.ndarray, np.ndarray]:
    """For each position the predicted token, and the token that a confidence-threshold sampler unmasks (-1: none)."""
    predicted, sure = predictions(outputs, layout), confidence(outputs, layout) >= THRESHOLD
    return predicted, np.where(sure & (predicted != layout.vocabulary.token("mask")), predicted, -1)


def log_difference(program: Program, layout: LogLayout, before: Configuration, block: np.ndarray) -> Report | None:
    """The first error in the block of tokens (-1: still masked) that follows a configuration, or None."""
    events: list[Event] = []
    for pid, tokens in enumerate(block.reshape(-1, 3)):
        pc = before.pc[pid]
        who = {
            "processor": pid,
            "instruction": instruction_at(program, pc),
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
