"""Family sequences, rounding: up to which numbers a count by shares is the nearest integer to what floats give, and a rank
has the highest score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from efasp.model.ranges import SIGNIFICAND
from efasp.proofs.lemmas.gates_recurrences import units
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.symbolic.nodes import Reading
from efasp.selections import counted
from efasp.sequences import order
from efasp.sorts import Rational
from efasp.syntax import Node, Parameter

LONGEST = {"float32": 96, "float64": 512}  # numbers that are counted
SORTED = {"float32": 32, "float64": 512}  # places of a rank and its square
READ, MADE = 4, 8  # roundings of a share, and of what a unit is taken of or a score
SHARE = Parameter("share", Rational(0, 1))

Unit = tuple[int, int, int]  # slope, bias, factor


def error(found: Sequence[Unit], count: int, significand: int) -> Fraction:
    """A bound of the error of a sum of units of the share 1 / (count + 1).

    A share is read with ``READ`` roundings, each relative and of 2^-significand at most, and a unit's sum has ``MADE`` of them,
    relative to the sizes of its terms; where it stays negative, the unit is 0 exactly. Of the sum of the units every partial
    sum is rounded once, in whatever order. All numbers are in units of 2^-significand / (count + 1).
    """
    by, whole, wrong, size = count + 1, 1 << significand, 0, 0
    for slope, bias, factor in found:
        off = (READ + MADE) * abs(slope) + MADE * abs(bias) * by
        value = (slope + bias * by) * whole
        if value + off > 0:
            wrong += abs(factor) * off
            size += abs(factor) * (max(value, 0) + off)
    return Fraction(wrong * whole + len(found) * size, by * whole * whole)


def small(found: Sequence[Unit], count: int, significand: int) -> bool:
    """Whether the error of a count is below 1/2."""
    return 2 * error(found, count, significand) < 1


def apart(rank: Sequence[Unit], square: Sequence[Unit], count: int, places: int, significand: int) -> bool:
    """Whether the error of the score 2 i r - r^2 of the rank r = count is below 1/2, for every place i.

    Rank and square have the errors of their sums; products and sum of a score have ``MADE`` roundings, relative to the sizes of
    the terms.
    """
    most, off, more = 2 * (places - 1), error(rank, count, significand), error(square, count, significand)
    terms = most * (count + off) + count * count + more
    return 2 * (most * off + more + Fraction(MADE, 1 << significand) * terms) < 1


def made(node: Node) -> list[Unit] | None:
    """The units that a number is the sum of; None if there is something else."""
    found, rest, constant = units(Reading({SHARE: "share"}), node, 0)
    rows = [(int(slope), int(bias), int(c)) for (terms, bias), c in found.items() for _, slope in terms]
    return None if rest or constant or len(rows) != len(found) else rows


def wrong() -> Iterator[dict[str, object]]:
    """The numbers whose error is too large."""
    for dtype, longest in LONGEST.items():
        number = made(counted(SHARE, longest))
        for count in range(longest + 1):
            if number is None or not small(number, count, SIGNIFICAND[dtype]):
                yield {"of": "count", "dtype": dtype, "longest": longest, "count": count}
    for dtype, places in SORTED.items():
        rank, square = map(made, order(SHARE, places))
        for count in range(places):
            if rank is None or square is None or not apart(rank, square, count, places, SIGNIFICAND[dtype]):
                yield {"of": "rank", "dtype": dtype, "places": places, "count": count}


def rounding(n: tuple[int, int]) -> Obligation:
    """The error of every number up to a bound that depends on the dtype is below 1/2."""

    def discharge() -> Verdict:
        if (case := next(wrong(), None)) is not None:
            return Verdict("refuted", "other terms than units of the share, or an error whose bound is 1/2 or more", case)
        return Verdict("proved", "a bound of every rounding, in exact arithmetic")

    said = "; ".join(f"{dtype}: counts up to {LONGEST[dtype]}, ranks of {SORTED[dtype]} places" for dtype in LONGEST)
    return Obligation("sequences.rounding", "F", {}, said, n, "exact", f"{READ} and {MADE} roundings", discharge)
