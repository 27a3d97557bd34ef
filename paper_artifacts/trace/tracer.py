"""A run of the transformer, decoding step by decoding step: tokens, machine states, attention, residual fields.

Of a compiled plan the numbers are exact; the transformer computes the same (family numerics). Of a weights file they are those
that torch computes in the run of `efasp run`, and where exact arithmetic of the file's numbers gives others the frame says so.
Where the decoded state is not that of the machine, the frame says so too: at the first value that differs. The fields of a file
have the names of a fresh compile, if it has the same shape, and the value of a fresh compile is shown where the file's differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count, islice
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.exact import winners
from efasp.model.plan import Head, Plan
from efasp.model.ranges import RangeError, dtype_for
from efasp.paper_artifacts.trace.decoded import Decoded, ReadOut, predicted
from efasp.pram import machine
from efasp.pram.isa import operations
from efasp.pram.machine import Configuration, Program
from efasp.proofs.concrete.machine_passes import Pass
from efasp.proofs.symbolic.small_machines import happened

SMALL = 64  # denominators up to this are shown as such, other numbers of torch's as floats
MARKS = ("same", "masked", "unmasked", "remasked")


class TraceError(ValueError):
    """An unknown position: names the expected positions and the one found."""


class Field(NamedTuple):
    """A name and its coordinates or value; the plan's, in exact arithmetic, where torch's are others, and those of a fresh
    compile where the plan's are others."""

    name: str
    value: str
    exact: str | None = None
    fresh: str | None = None


class Streams(NamedTuple):
    """The residual stream after every sublayer: the one shown, a fresh compile's, and the plan's in exact arithmetic."""

    own: list[np.ndarray]
    fresh: list[np.ndarray]
    exact: list[np.ndarray]


@dataclass(frozen=True)
class Look:
    """The positions that one head attends to from a position: ``writes`` are the fields that it fills."""

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

    ``state``: that of the tokens after it, None where they hold none; ``expected``: that of the machine; ``differs``: the
    first difference, and ``at`` the position where it shows. Where torch is shown: ``rounded``: the first value that exact
    arithmetic has otherwise; ``exactly``: the tokens that it gives other than torch, by position; ``since``: an earlier step,
    the first at which the run was not the machine's.
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
    rounded: str | None = None
    exactly: dict[int, int] = field(default_factory=dict)
    since: int | None = None

    @property
    def changed(self) -> list[int]:
        """The positions that were unmasked or remasked in this step."""
        return [p for p, mark in enumerate(self.marks) if mark in ("unmasked", "remasked")]


class Tracer:
    """Frames of a program in a plan. ``fresh``: the compiled plan, where the other is a weights file's of the same shape;
    ``torch``: whether the numbers shown are those of torch, for a file's plan in its dtype; ``prompted``: whether the
    prompt has the program's instructions (else the plan is specialised to them)."""

    def __init__(self, program: Program, plan: Plan, engine: str, extension: str, fresh: Plan | None = None,
                 torch: bool = False, prompted: bool = True) -> None:  # fmt: skip
        self.program, self.engine, self.fresh = program, engine, fresh
        self.plan = plan if fresh is None else replace(plan, residents=fresh.residents)
        self.layout: LogLayout | CellLayout = (LogLayout if engine == "mdm" else CellLayout).of(program, extension, prompted)  # type: ignore[assignment]
        self.mask = self.layout.vocabulary.token("mask")
        self.operations = [operation.name for operation in operations(extension)]
        self.decoded = Decoded(program, self.layout, extension, plan) if torch else None
        self._last: tuple[TokenSequence, Streams] | None = None

    @property
    def numbers(self) -> str:
        """The origin of the numbers that are shown, in words."""
        if self.decoded is not None:
            return (
                f'as torch computes them in {self.plan.dtype}, from the file\'s; "exactly": exact arithmetic, where it differs'
            )
        if self.plan.dtype is not None:
            return "exact arithmetic on the file's numbers"
        try:
            return f"exact; torch computes the same in {dtype_for(self.plan)} (family numerics)"
        except RangeError:
            return f"exact; no dtype holds them, so no float transformer of {self.program.word}-bit words runs"

    def frames(self, steps: int, wanted: Sequence[int] = ()) -> Iterator[Frame]:
        """At most so many frames, to the end of the run; ``wanted``: positions whose views are recorded in any case.

        In exact arithmetic the first frame that differs from the machine is the last. Raises TraceError for a position that
        there is not, and where torch's read-outs are not numbers.
        """
        passes = self.passes() if self.decoded is None else self._decoded(self.decoded)
        since: int | None = None
        for one in islice(passes, steps):
            frame = self.frame(one, wanted)
            frame.since = since
            yield frame
            since = since or (None if frame.differs is None else frame.step)
            if frame.state is None or (frame.differs is not None and self.decoded is None):
                return

    def _decoded(self, decoded: Decoded) -> Iterator[Pass]:
        from efasp.model.decode import NoNumbers

        try:
            yield from decoded.passes()
        except NoNumbers as error:
            raise TraceError(str(error)) from None

    def passes(self) -> Iterator[Pass]:
        """The passes of the run in exact arithmetic, to the first after which the tokens are not a state."""
        layout, program = self.layout, self.program
        state: Configuration | None = machine.initial(program)
        assert state is not None
        if isinstance(layout, LogLayout):
            sequence = join([layout.prompt(program), layout.start()])
        else:
            sequence = layout.encode(program, state)
        for step in count(1):
            if state is None or "running" not in state.status:
                return
            if isinstance(layout, LogLayout):
                sequence = join([sequence, layout.masks(step)])
            one = predicted(self.plan, layout, sequence, step, program, state)
            yield one
            after = self.tokens(one)
            sequence, state = TokenSequence(after, sequence.places), self.state(one, after)

    def tokens(self, one: Pass) -> np.ndarray:
        """The token ids after a pass, with the mask's id where a position is masked."""
        return np.where(one.after < 0, self.mask, one.after)

    def state(self, one: Pass, after: np.ndarray) -> Configuration | None:
        """The state that the tokens after a pass hold; None where they hold none."""
        layout = self.layout
        try:
            if isinstance(layout, LogLayout):
                return layout.apply(one.before, layout.events(after[layout.times(one.time)]))
            return layout.state(after)[0]
        except ValueError:
            return None

    def frame(self, one: Pass, wanted: Sequence[int] = (), most: int | None = None) -> Frame:
        """One pass. Views are those of the positions that changed (at most so many), of ``wanted``, and of where it differs."""
        sequence, control, after = one.sequence, dict[int, str](), self.tokens(one)
        state = self.state(one, after)
        if one.control is not None:
            control = {i: "".join(map(str, row.astype(int))) for i, row in enumerate(one.control) if row.any()}
        pairs = zip((sequence.tokens == self.mask).tolist(), (after == self.mask).tolist(), strict=True)
        marks = [MARKS[(1 if now else 2) if was else (3 if now else 0)] for was, now in pairs]
        expected, at = machine.step(self.program, one.before), self.wrong_position(one, after)
        frame = Frame(one.time, sequence, after, marks, control, one.before, state, expected, one.report, at)
        for position in wanted:
            if not 0 <= position < len(sequence):
                raise TraceError(f"--position: expected 0 to {len(sequence) - 1} at step {one.time}, found {position}")
        if self.decoded is not None:
            frame.exactly, frame.rounded = self.rounding(one, after)
        kept = {*frame.changed[:most], *wanted, *([] if at is None else [at]), *frame.exactly}
        frame.views = self.views(sequence, sorted(kept))
        return frame

    def wrong_position(self, one: Pass, after: np.ndarray) -> int | None:
        """The position at which a pass is wrong; None where it is right, or the error has no position."""
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
        """The positions that the heads attend to from some positions, and the residual stream there."""
        streams, chosen = self.streams(sequence), list(positions)
        looks: dict[int, list[Look]] = {p: [] for p in chosen}
        for number, layer in enumerate(self.plan.layers, 1):
            h = streams.own[2 * number - 2]
            for index, (head, best) in enumerate(zip(layer.heads, self.attended(number, h, chosen), strict=True)):
                writes = self.writes(head, 2 * number - 1)
                for row, p in enumerate(chosen):
                    looks[p].append(Look(number, index, writes, np.flatnonzero(best[row]).tolist()))
        rows = list(zip(*streams, strict=True))
        return {p: View(looks[p], self.fields([(a[p], b[p], c[p]) for a, b, c in rows])) for p in chosen}

    def attended(self, number: int, h: np.ndarray, chosen: list[int]) -> list[np.ndarray]:
        """For each head of a layer which positions some others attend to: the best, of torch's those of a weight above 0."""
        heads = self.plan.layers[number - 1].heads
        if self.decoded is None or not heads:
            return [winners(head.q.apply(h[chosen]), head.k.apply(h)) for head in heads]
        return list(self.decoded.module.attention(number - 1, h, chosen) > 0)

    def streams(self, sequence: TokenSequence) -> Streams:
        """The residual stream after every sublayer; cached for the last sequence."""
        if self._last is None or self._last[0] is not sequence:
            exact = self.plan.states(self.plan.embed(sequence.tokens, sequence.places))
            fresh = self.fresh
            other = exact if fresh is None else fresh.states(fresh.embed(sequence.tokens, sequence.places))
            own = exact
            if self.decoded is not None:
                own = self.decoded.module.states(sequence.tokens, sequence.places)[:-1]  # without the read-out
            self._last = sequence, Streams(own, other, exact)
        return self._last[1]

    def rounding(self, one: Pass, after: np.ndarray) -> tuple[dict[int, int], str | None]:
        """The tokens after a pass of torch's that exact arithmetic gives otherwise, and the first value that it does."""
        streams, plan = self.streams(one.sequence), self.plan
        read = ReadOut(plan.out.apply(streams.exact[-1], plan.out_bias))
        exact = self.tokens(predicted(read, self.layout, one.sequence, one.time, self.program, one.before))
        if len(exact) != len(after):  # tokens were inserted or deleted
            return {}, self.first_field(one.sequence, None, rounded=True)
        tokens = {p: int(exact[p]) for p in np.flatnonzero(exact != after).tolist()}
        return tokens, self.first_field(one.sequence, next(iter(tokens), None), rounded=True)

    def writes(self, head: Head, sublayer: int) -> str:
        """The names, separated by commas, of the fields in which a head of a sublayer writes."""
        coordinates = {i for i, row in enumerate(head.o.rows) if row}
        names = [base(r.name) for r in self.plan.residents if r.born <= sublayer < r.last and r.coordinate in coordinates]
        return ", ".join(dict.fromkeys(names))

    def fields(self, rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> list[tuple[str, list[Field]]]:
        """``held`` after every sublayer, of rows of ``Streams``."""
        return [(sublayer_name(number), self.held(number, *row)) for number, row in enumerate(rows)]

    def held(self, sublayer: int, row: np.ndarray, fresh: np.ndarray, exact: np.ndarray) -> list[Field]:
        """Every field that something still reads after a sublayer, of a row of the residual stream."""
        groups: dict[str, list[tuple[int, int]]] = {}
        for r in sorted(self.plan.alive(sublayer), key=lambda r: (base(r.name), place(r.name), r.coordinate)):
            groups.setdefault(base(r.name), []).append((place(r.name), r.coordinate))
        found = []
        for name, coordinates in groups.items():
            own, other, mine = ([(at, number(values[i])) for at, i in coordinates] for values in (row, fresh, exact))
            hot = self.operations if name == "operation" else ()
            others = (
                (None if own == mine else coordinates_text(mine, hot)),
                (None if mine == other else coordinates_text(other, hot)),
            )
            found.append(Field(name, coordinates_text(own, hot), *others))
        return found

    def first_field(self, sequence: TokenSequence, at: int | None, rounded: bool = False) -> str | None:
        """Where the plan's residual stream is first another one than a fresh compile's, at a position if it is there too, in
        words; ``rounded``: where torch's is first another one than the plan's."""
        streams = self.streams(sequence)
        for sublayer, rows in enumerate(zip(*streams, strict=True)):
            own, fresh, exact = rows
            alive = [r.coordinate for r in self.plan.alive(sublayer)] or range(self.plan.width)
            pair = (own, exact) if rounded else (exact, fresh)
            wrong = np.flatnonzero((pair[0][:, alive] != pair[1][:, alive]).any(axis=1)).tolist()
            if wrong:
                p = at if at in wrong else wrong[0]
                where = f"after {sublayer_name(sublayer)}, position {p} ({self.place(sequence.places[p])})"
                for name, value, mine, other in self.held(sublayer, *(state[p] for state in rows)):
                    if rounded and mine is not None:
                        return f"{where}: {name} = {value}, exactly {mine}"
                    if not rounded and other is not None:
                        return f"{where}: {name} = {mine or value}, in a fresh compile {other}"
                return f"{where}: a coordinate without a name"
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
    """A field's name without the coordinate: ``a`` of ``a[3]``."""
    return name.split("[")[0]


def place(name: str) -> int:
    """A field's coordinate: 3 of ``a[3]``; 0 where the name has none."""
    _, _, rest = name.partition("[")
    return int(rest.rstrip("]")) if rest.rstrip("]").isdecimal() else 0


def number(value: Any) -> Any:
    """A number of a stream as Python's: an int where it is one, of torch's a fraction where its denominator is small."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, float) or not isfinite(value):
        return value
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else exact if exact.denominator <= SMALL else value


def coordinates_text(values: Sequence[tuple[int, Any]], names: Sequence[str] = ()) -> str:
    """Coordinates as text; bits (0/1 or -1/+1) of one word also as its number, the lowest bit first; those of a one-hot, whose
    coordinates have ``names``, also as the name that is set."""
    text = " ".join(str(value) for _, value in values)
    kinds = {value for _, value in values}
    whole = len(values) > 1 and [at for at, _ in values] == list(range(len(values)))
    if names and kinds <= {0, 1}:
        return f"{text} = {' '.join(names[at] for at, value in values if value == 1) or 'none'}"
    if whole and (kinds <= {0, 1} or kinds <= {-1, 1}):
        return f"{text} = {sum(1 << at for at, value in values if value == 1)}"
    return text
