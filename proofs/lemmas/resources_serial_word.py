"""Lemma resources.serial_word (claim T2): a serial program's words are the narrowest that its numbers fit in.

The words are chosen from the plan's matrices and scales (``model.serial_program.numbers``). Here the program's own tables are
executed on intervals, entry by entry; the scales are read off them, as ratios of the tables' integers and the plan's numbers.
Nothing of what chooses the words is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import ceil
from typing import Any

from efasp.examples import EXAMPLES
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model.lower import lower
from efasp.model.plan import Head, Plan
from efasp.model.ranges import RangeError
from efasp.model.serial_program import Numbers
from efasp.model.serial_program.numbers import MAX_WORD, HeadRow
from efasp.pram.machine import MIN_WORD
from efasp.proofs.lemmas.resources_bounds import small
from efasp.proofs.lemmas.resources_serial_plans import cases
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.sorts import Interval, Number, tidy
from efasp.syntax import Row

LENGTHS = ((1, 1), (4, 1), (6, 60))  # contexts of small plans, and the factor of their heads' values


@dataclass
class Tables:
    """The tables of a program, executed on intervals. ``at``: by place in a frame, its interval in the sublayer at hand.

    ``unit``: the integer that stands for 1 in the residual stream; ``largest``: of what must fit in a word the largest absolute
    value, rounded up to an integer, by name.
    """

    plan: Plan
    numbers: Numbers
    unit: Fraction = Fraction(1)
    at: dict[int, Interval] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frame, stages = self.numbers.frame, self.numbers.stages
        stream = range(frame.stream, frame.stream + self.plan.width)
        self.unit = self._first_unit()
        for number, stage in enumerate(stages):
            self.at, held = {}, self.plan.held(number)
            ends: dict[int, Interval] = {frame.one: (1, 1)}  # of the sources so far, in the integers of the program
            for target, source, coefficient in stage.entries:
                if target in stream:
                    if (target, source) == (frame.stream, frame.stream):
                        self.unit, ends = self.unit * (1 + coefficient), {frame.one: (1, 1)}
                    continue
                if source not in ends:
                    low, high = held[source - frame.stream]
                    ends[source] = tidy(low * self.unit), tidy(high * self.unit)
                low, high = ends[source] if coefficient >= 0 else ends[source][::-1]
                before = self.value(target)
                self.at[target] = before[0] + coefficient * low, before[1] + coefficient * high
            if number % 2:
                self._fits(f"layer {number // 2 + 1}, hidden units", range(stage.first, stage.first + stage.units))
            elif number + 1 < len(stages):
                coefficients = {(target, source): c for target, source, c in stage.entries}
                heads = zip(stages[number + 1].heads, self.plan.layers[number // 2].heads, strict=True)
                for place, (row, head) in enumerate(heads):
                    self._head(f"layer {number // 2 + 1}, head {place}", row, head, coefficients)
        self._fits("read-out", range(frame.read_out, frame.read_out + self.numbers.kinds + self.numbers.signs))

    def _fits(self, name: str, places: Iterable[int], factor: int = 1) -> None:
        """The values of places, times a factor, must fit in a word."""
        self.largest[name] = ceil(factor * max((max(-low, high) for low, high in map(self.value, places)), default=0))

    def value(self, place: int) -> Interval:
        """The interval of a place; 0 where nothing is added to it."""
        return self.at.get(place, (0, 0))

    def _first_unit(self) -> Fraction:
        """What stands for 1 after the embedding: its integers, by the plan's numbers."""
        frame, kinds = self.numbers.frame, self.numbers.kinds
        for target, source, coefficient in self.numbers.stages[0].entries:
            row = target - frame.stream
            if 0 <= row < self.plan.width:
                if source < frame.one:
                    return Fraction(coefficient) / dict(self.plan.place.rows[row])[source]
                column = kinds if source == frame.one else source - frame.kept + (source >= frame.signs)
                return Fraction(coefficient) / dict(self.plan.token.rows[row])[column]
        return Fraction(1)

    def _head(self, name: str, row: HeadRow, head: Head, coefficients: Mapping[tuple[int, int], int]) -> None:
        """A head's score, and the sum of each of its values over all positions. ``coefficients``: by target and source."""
        sides = [
            [self._within(first + number, matrix.rows[number], most, coefficients) for number, most in enumerate(sizes)]
            for first, matrix, sizes in ((row.query, head.q, head.q_size), (row.key, head.k, head.k_size))
        ]
        products = [[a * b for a in q for b in k] for q, k in zip(*sides, strict=True)]
        self.largest[f"{name}, scores"] = ceil(max(-sum(map(min, products)), sum(map(max, products))))
        length = self.numbers.length
        self._fits(f"{name}, sums of {length} values", range(row.value, row.value + row.d_v), length)

    def _within(self, place: int, row: Row, most: Number, coefficients: Mapping[tuple[int, int], int]) -> Interval:
        """The interval of a query's or key's component, which is at most ``most`` besides."""
        low, high = self.value(place)
        if not row:
            return low, high
        column, coefficient = row[0]
        limit = most * self.unit * Fraction(coefficients[place, self.numbers.frame.stream + column]) / coefficient
        return max(low, -limit), min(high, limit)

    @property
    def word(self) -> int:
        """The least width of a word in whose two's complement every one of these numbers and its negation lie."""
        bits = MIN_WORD
        while max(self.largest.values()) > (1 << bits - 1) - 1:
            bits += 1
        return bits


def unequal(plan: Plan, length: int, ties: int = 1) -> dict[str, Any] | None:
    """A plan and a context where another number is the largest, or words are not as narrow as they may be, or narrower."""
    numbers, bits = Numbers(plan, length, ties), MAX_WORD + 1
    tables, found = Tables(plan, numbers), dict(numbers.largest)
    named = {"plan": plan.name, "tokens": length, "ties": ties}
    for name in {**tables.largest, **found}:
        expected, got = tables.largest.get(name), found.get(name)
        if expected != got:
            return {**named, "of": name, "largest expected": str(expected), "largest": str(got)}
    with suppress(RangeError):  # more than that
        bits = numbers.word
    return None if bits == min(tables.word, MAX_WORD + 1) else {**named, "bits expected": tables.word, "bits": bits}


def plans() -> list[Plan]:
    """Small programs, examples, and the plans that need one thing each of a serial program; each once."""
    programs = [*small(), *(e.program for e in EXAMPLES.values()), *(e.decoder.program for e in MASKED_EXAMPLES.values())]
    return [*map(lower, programs), *{case.plan.name: case.plan for case in cases()}.values()]


def failures(found: list[Plan]) -> Iterator[dict[str, Any]]:
    """A report for each plan and each context at which the two sides are unequal."""
    for plan in found:
        yield from (wrong for length, ties in LENGTHS if (wrong := unequal(plan, length, ties)))


@lemma
def narrowest(regime: Regime) -> Iterator[Batch]:
    """The words of small plans' programs, and of the compiled machines' at every width; not of a weights file."""
    name = "resources.serial_word"
    if regime.given is not None:
        return
    yield Batch((name,), {}, lambda: iter([of_small(regime)]))
    for each in regime.machines():
        if each.engine == "mdm":
            yield Batch((name,), each.params, partial(of_machine, regime, each))


def of_small(regime: Regime) -> Obligation:
    """The obligation about small plans."""
    found = plans()
    scope = f"exhaustive: {len(found)} plans, {', '.join(f'S = {length}' for length, _ in LENGTHS)}"
    content = f"{LENGTHS} {[(plan.name, plan.shape) for plan in found]}"
    discharge = exhaustive(len(found) * len(LENGTHS), partial(failures, found))
    return Obligation("resources.serial_word", "T2", {}, scope, regime.all_n, "exhaustive", content, discharge)


def of_machine(regime: Regime, each: Machine) -> Iterator[Obligation]:
    """The obligation about a compiled machine, with contexts of 2^w tokens."""
    plan = regime.plan(each)

    def verdict() -> Verdict:
        wrong = unequal(plan, 1 << each.word)
        return Verdict("refuted" if wrong else "proved", "the program's tables, on intervals", wrong)

    scope = f"n <= {regime.n_max}"
    yield Obligation("resources.serial_word", "T2", each.params, scope, each.n, "exact", f"{plan.shape}", verdict)
