"""A run of the transformer, decoding step by decoding step: tokens, machine states, attention, residual fields.

The numbers are those of the layer plan, exact; the transformer computes the same (family numerics). Where the machine itself
does something else than what was decoded, the frame says so: at the first value that differs. Of a weights file the fields
have the names of a fresh compile, if it has the same shape, and what a fresh compile holds there is shown where it differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.exact import winners
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program
from model.plan import Head, Plan
from proofs.decoding import happened
from proofs.replay import Pass, cell_pass, log_pass

Field = tuple[str, str, str | None]  # a name, its coordinates or value, and those of a fresh compile where they are others
MARKS = ("same", "masked", "unmasked", "remasked")


class TraceError(ValueError):
    """A position that there is not: says what was expected and found."""


@dataclass(frozen=True)
class Look:
    """What one head attends to from a position: ``writes`` are the fields that it fills."""

    layer: int
    head: int
    writes: str
    positions: list[int]


@dataclass(frozen=True)
class View:
    """One position in one pass: each head's look, and the named fields of the residual stream after every sublayer."""

    looks: list[Look]
    fields: list[tuple[str, list[Field]]]


@dataclass
class Frame:
    """One decoding step. ``marks``: for each position one of ``MARKS``; ``control``: the three control bits where any is 1.

    ``state``: what the tokens after it say, None where they are no state; ``expected``: what the machine does; ``differs``: the
    first difference, and ``at`` the position where it shows.
    """

    step: int
    sequence: TokenSequence
    after: np.ndarray
    marks: list[str]
    control: dict[int, str]
    before: Configuration
    state: Configuration | None
    expected: Configuration
    differs: dict[str, Any] | None
    at: int | None
    views: dict[int, View] = field(default_factory=dict)

    @property
    def changed(self) -> list[int]:
        """The positions that changed."""
        return [p for p, mark in enumerate(self.marks) if mark in ("unmasked", "remasked")]


class Tracer:
    """Frames of a program in a plan. ``fresh``: the compiled plan, where the other is a weights file's of the same shape."""

    def __init__(self, program: Program, plan: Plan, engine: str, extension: str, fresh: Plan | None = None) -> None:
        self.program, self.engine, self.fresh = program, engine, fresh
        self.plan = plan if fresh is None else replace(plan, residents=fresh.residents)
        self.layout: LogLayout | CellLayout = (LogLayout if engine == "mdm" else CellLayout).of(program, extension)  # type: ignore[assignment]
        self.mask = self.layout.vocabulary.token("mask")
        self._last: tuple[TokenSequence, tuple[list[np.ndarray], list[np.ndarray]]] | None = None

    def frames(self, steps: int, wanted: Sequence[int] = ()) -> Iterator[Frame]:
        """At most so many frames, to the end of the run; ``wanted``: positions whose views are kept in any case.

        Raises TraceError for a position that there is not.
        """
        layout, program = self.layout, self.program
        state = machine.initial(program)
        if isinstance(layout, LogLayout):
            sequence = join([layout.prompt(program), layout.start()])
        else:
            sequence = layout.encode(program, state)
        for step in range(1, steps + 1):
            if "running" not in state.status:
                return
            if isinstance(layout, LogLayout):
                sequence = join([sequence, layout.masks(step)])
                one = log_pass(self.plan, layout, sequence, step, program, state)
            else:
                one = cell_pass(self.plan, layout, sequence, step, program, state)
            frame = self.frame(one, wanted)
            yield frame
            if frame.differs is not None or frame.state is None:
                return
            sequence, state = TokenSequence(frame.after, sequence.places), frame.state

    def frame(self, one: Pass, wanted: Sequence[int] = (), most: int | None = None) -> Frame:
        """One pass. Views are kept of the positions that changed (at most so many), of ``wanted``, and of where it differs."""
        sequence, layout, control = one.sequence, self.layout, dict[int, str]()
        after = np.where(one.after < 0, self.mask, one.after)
        try:
            if isinstance(layout, LogLayout):
                state = layout.apply(one.before, layout.events(after[layout.times(one.time)]))
            else:
                state = layout.state(after)[0]
        except ValueError:
            state = None
        if one.control is not None:
            control = {i: "".join(map(str, row.astype(int))) for i, row in enumerate(one.control) if row.any()}
        pairs = zip((sequence.tokens == self.mask).tolist(), (after == self.mask).tolist(), strict=True)
        marks = [MARKS[(1 if now else 2) if was else (3 if now else 0)] for was, now in pairs]
        expected, at = machine.step(self.program, one.before), self.where(one, after)
        frame = Frame(one.time, sequence, after, marks, control, one.before, state, expected, one.report, at)
        for position in wanted:
            if not 0 <= position < len(sequence):
                raise TraceError(f"--position: expected 0 to {len(sequence) - 1} at step {one.time}, found {position}")
        kept = {*frame.changed[:most], *wanted, *([] if at is None else [at])}
        frame.views = self.views(sequence, sorted(kept))
        return frame

    def where(self, one: Pass, after: np.ndarray) -> int | None:
        """The position at which what is wrong with a pass shows; None where nothing is, or it is nowhere in particular."""
        report, layout = one.report, self.layout
        if report is None or "position" in report:
            return None if report is None else report["position"]
        if isinstance(layout, LogLayout):
            span = layout.times(one.time)
            wrong = np.flatnonzero(layout.block(one.time, happened(self.program, one.before)[0]).tokens != after[span])
            mine = [p for p in wrong.tolist() if p // 3 == report.get("processor")] or wrong.tolist()
            return span.start + mine[0] if mine else None
        what, pid = report["what"], report.get("processor", 0)
        kind, _, number = what.rstrip("]").partition("[") if what.startswith("memory[") else (what[:1], "", what[1:])
        if kind == "memory":
            cell = layout.cell(layout.row("memory", index=int(number)))
        elif kind == "r" and number.isdecimal():
            cell = layout.cell(layout.row("register", index=pid, register=int(number)))
        elif what in ("pc", "status"):
            cell = layout.cell(layout.row("counter", index=pid))
        else:
            return None
        return next((p for p in (layout.slot_of(cell, 0), layout.slot_of(cell, 1)) if after[p] != self.mask), None)

    # One position.

    def views(self, sequence: TokenSequence, positions: Sequence[int]) -> dict[int, View]:
        """What the heads attend to from some positions, and what the residual stream holds there."""
        (stream, wanted), chosen = self.streams(sequence), list(positions)
        looks: dict[int, list[Look]] = {p: [] for p in chosen}
        for number, layer in enumerate(self.plan.layers, 1):
            h = stream[2 * number - 2]
            for index, head in enumerate(layer.heads):
                best = winners(head.q.apply(h[chosen]), head.k.apply(h))
                writes = self.writes(head, 2 * number - 1)
                for row, p in enumerate(chosen):
                    looks[p].append(Look(number, index, writes, np.flatnonzero(best[row]).tolist()))
        pairs = list(zip(stream, wanted, strict=True))
        return {p: View(looks[p], self.fields([(state[p], other[p]) for state, other in pairs])) for p in chosen}

    def streams(self, sequence: TokenSequence) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The residual stream after every sublayer, and a fresh compile's; of the last sequence they are kept."""
        if self._last is None or self._last[0] is not sequence:
            mine = self.plan.states(self.plan.embed(sequence.tokens, sequence.places))
            fresh = self.fresh
            other = mine if fresh is None else fresh.states(fresh.embed(sequence.tokens, sequence.places))
            self._last = sequence, (mine, other)
        return self._last[1]

    def writes(self, head: Head, sublayer: int) -> str:
        """The names of the fields that a head fills."""
        coordinates = {i for i, row in enumerate(head.o.rows) if row}
        names = [base(r.name) for r in self.plan.residents if r.born <= sublayer < r.last and r.coordinate in coordinates]
        return ", ".join(dict.fromkeys(names))

    def fields(self, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[str, list[Field]]]:
        """``held`` after every sublayer, of pairs of rows."""
        return [(sublayer_name(number), self.held(number, *pair)) for number, pair in enumerate(rows)]

    def held(self, sublayer: int, row: np.ndarray, other: np.ndarray) -> list[Field]:
        """Every field that something still reads after a sublayer; ``other``: a fresh compile's row of the residual stream."""
        groups: dict[str, list[tuple[int, int]]] = {}
        for r in sorted(self.plan.alive(sublayer), key=lambda r: (base(r.name), place(r.name), r.coordinate)):
            groups.setdefault(base(r.name), []).append((place(r.name), r.coordinate))
        found = []
        for name, coordinates in groups.items():
            value, wanted = (shown([(at, values[i]) for at, i in coordinates]) for values in (row, other))
            found.append((name, value, None if value == wanted else wanted))
        return found

    def first_field(self, sequence: TokenSequence, at: int | None) -> str | None:
        """Where the residual stream is first another one than a fresh compile's, at a position if it is there too; in words."""
        for sublayer, (row, other) in enumerate(zip(*self.streams(sequence), strict=True)):
            alive = [r.coordinate for r in self.plan.alive(sublayer)]
            wrong = np.flatnonzero((row[:, alive] != other[:, alive]).any(axis=1)).tolist()
            if wrong:
                p = at if at in wrong else wrong[0]
                name, value, wanted = next(entry for entry in self.held(sublayer, row[p], other[p]) if entry[2] is not None)
                where = f"after {sublayer_name(sublayer)}, position {p} ({self.place(sequence.places[p])})"
                return f"{where}: {name} = {value}, in a fresh compile {wanted}"
        return None

    def token(self, token: int) -> str:
        """A token as text: ``5``, ``r3``, ``add``, ``halted 7``."""
        kind, value = self.layout.vocabulary.split(int(token))
        carried = self.layout.vocabulary.kinds[self.layout.vocabulary.kind_index[kind]].payloads
        if kind == "word":
            return str(value)
        return f"r{value}" if kind == "reg" else f"{kind} {value}" if carried else kind.removeprefix("op:")

    def place(self, row: np.ndarray) -> str:
        """A place as text: ``counter index=1 time=2``."""
        book = self.layout.codebook
        kind = book.kinds[int(row[0])]
        values = {name: int(v) for (name, _), v in zip(book.payloads, row[1:], strict=True)}
        return " ".join([kind.name, *(f"{name}={values[name]}" for name in kind.payloads)])


def sublayer_name(number: int) -> str:
    """A sublayer in words."""
    return f"layer {(number + 1) // 2}, {'attention' if number % 2 else 'feed-forward'}" if number else "embedding"


def base(name: str) -> str:
    """A field's name without the coordinate."""
    return name.split("[")[0]


def place(name: str) -> int:
    """A field's coordinate."""
    _, _, rest = name.partition("[")
    return int(rest.rstrip("]")) if rest.rstrip("]").isdecimal() else 0


def shown(values: Sequence[tuple[int, Any]]) -> str:
    """Coordinates as text; bits (0/1 or -1/+1) of one word also as its number, the lowest bit first."""
    text = " ".join(str(value) for _, value in values)
    kinds = {value for _, value in values}
    whole = len(values) > 1 and [at for at, _ in values] == list(range(len(values)))
    if whole and (kinds <= {0, 1} or kinds <= {-1, 1}):
        return f"{text} = {sum(1 << at for at, value in values if value == 1)}"
    return text
