"""Family sequences, rounding: up to which numbers a count by shares is the nearest integer to what floats give."""

from __future__ import annotations

from efasp.model.ranges import SIGNIFICAND
from efasp.proofs.lemmas.gates_recurrences import units
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.symbolic.nodes import Reading
from efasp.selections import counted
from efasp.sorts import Rational
from efasp.syntax import Parameter

LONGEST = {"float32": 96, "float64": 512}  # numbers that are counted
READ, MADE = 4, 8  # roundings of a share, and of what a unit is taken of


def small(found: list[tuple[int, int, int]], count: int, significand: int) -> bool:
    """Whether the error of a sum of units is below 1/2, of the share 1 / (count + 1). ``found``: slope, bias, factor of each.

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
    return 2 * (wrong * whole + len(found) * size) < by * whole * whole


def rounding(n: tuple[int, int]) -> Obligation:
    """The error of every number up to a bound that depends on the dtype is below 1/2."""

    def discharge() -> Verdict:
        share = Parameter("share", Rational(0, 1))
        for dtype, longest in LONGEST.items():
            found, rest, constant = units(Reading({share: "share"}), counted(share, longest), 0)
            rows = [(int(slope), int(bias), int(c)) for (terms, bias), c in found.items() for _, slope in terms]
            if rest or constant or len(rows) != len(found):
                return Verdict("refuted", "terms besides units of the share", {"dtype": dtype, "longest": longest})
            wrong = next((c for c in range(longest + 1) if not small(rows, c, SIGNIFICAND[dtype])), None)
            if wrong is not None:
                case = {"dtype": dtype, "longest": longest, "count": wrong}
                return Verdict("refuted", "the bound of the error is 1/2 or more", case)
        return Verdict("proved", "a bound of every rounding, in exact arithmetic")

    said = ", ".join(f"numbers up to {longest} in {dtype}" for dtype, longest in LONGEST.items())
    return Obligation("sequences.rounding", "F", {}, said, n, "exact", f"{READ} and {MADE} roundings", discharge)
