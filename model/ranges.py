"""Numeric ranges of a plan, and the dtypes that hold it exactly.

Every value of the transformer is a dyadic rational. Where each sum's terms are multiples of 1/D and their absolute values
add up to at most B, every partial sum, in any order and with fused multiply-adds, is a multiple of 1/D of size at most B,
so a dtype with p bits of significand computes it exactly if B * D <= 2^p and 1/D is one of its normal numbers: nothing is
denormal then, and nothing overflows, B being at most 2^p. The bounds of the residual coordinates are the plan's own
(``Plan.held``), for every program and state with P, M, L <= 2^w and every time that the clock's bits hold; their values
are integers. The family numerics shows both, from the matrices, and that softmax adds nothing inexact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm
from typing import NamedTuple

from efasp.exact import Matrix
from efasp.model.plan import Plan
from efasp.sorts import Interval, Number

SIGNIFICAND = {"float32": 24, "float64": 53}
# exp(-SCALE) is 0 in the dtype, and SCALE a power of two: integer scores times SCALE stay exact, every loser weighs 0.
SCALE = {"float32": 128, "float64": 1024}
# Normal numbers are at least 2^first in absolute value, and below 2^last; of smaller ones nothing is assumed.
EXPONENTS = {"float32": (-126, 128), "float64": (-1022, 1024)}


class RangeError(ValueError):
    """No dtype is known to compute the plan exactly; names the value that is too large and what would be needed."""


@dataclass(frozen=True)
class Range:
    """The largest sum of absolute terms of one quantity, times the denominator of its terms; and that denominator.

    The numbers themselves, weights included, are multiples of 1 over the denominator.
    """

    where: str
    bound: int
    denominator: int


class Image(NamedTuple):
    """One output of a linear map: the sum of its terms' absolute values, and the interval of its values."""

    size: Number
    low: Number
    high: Number


def absolute(value: Number) -> Number:
    """The absolute value of an exact number."""
    return -value if value < 0 else value


def size(interval: Interval) -> Number:
    """The largest absolute value in an interval."""
    low, high = interval
    return -low if -low > high else high


def images(matrix: Matrix, held: Sequence[Interval], biases: Sequence[Number] | None = None) -> list[Image]:
    """The outputs of a linear map of coordinates, of which the intervals are given."""
    sizes, by = list(map(size, held)), matrix.denominator
    known: dict[int, Image] = {}  # by the identity of the row: thresholds of one sum share it
    out = []
    for number, (row, scaled) in enumerate(zip(matrix.rows, matrix.scaled, strict=True)):
        if id(row) not in known:
            ends = [(c * held[i][0], c * held[i][1]) for i, c in scaled]
            sums = sum(absolute(c) * sizes[i] for i, c in scaled), sum(map(min, ends)), sum(map(max, ends))
            known[id(row)] = Image(*(sums if by == 1 else (Fraction(end, by) for end in sums)))
        total, bias = known[id(row)], (biases or {number: 0})[number]
        out.append(Image(total.size + absolute(bias), total.low + bias, total.high + bias) if bias else total)
    return out


@lru_cache(maxsize=4)
def ranges(plan: Plan) -> tuple[Range, ...]:
    """The range of every sum that the transformer computes, sublayer by sublayer. Raises RangeError for a file's plan."""
    if not plan.residents:
        raise RangeError(f"{plan.name}: expected a plan that says what its coordinates hold, found one without")
    found: list[Range] = []

    def note(where: str, sums: Sequence[Number], denominator: int) -> None:
        found.append(Range(where, ceil(max(sums, default=0) * denominator), denominator))

    token, place = images(plan.token, plan.vocabulary.sort.bounds), images(plan.place, plan.places.sort.bounds)
    sums = [a.size + b.size for a, b in zip(token, place, strict=True)]
    note("embedding", sums, lcm(plan.token.denominator, plan.place.denominator))
    for number, layer in enumerate(plan.layers, 1):
        before, middle = plan.held(2 * number - 2), plan.held(2 * number - 1)
        sums = list(map(size, before))
        for h, head in enumerate(layer.heads):
            where, (q, k, v) = f"layer {number}, head {h}", (images(m, before) for m in (head.q, head.k, head.v))
            steps = head.q.denominator, head.k.denominator, head.v.denominator
            note(f"{where}, projections", [row.size for row in q + k + v], lcm(*steps))
            scores = sum(a * b for a, b in zip(head.q_size, head.k_size, strict=True))
            note(f"{where}, scores", [scores], 1 if head.whole else steps[0] * steps[1])
            outputs = images(head.o, [(row.low, row.high) for row in v])
            sums = [total + row.size for total, row in zip(sums, outputs, strict=True)]
        note(f"layer {number}, attention", sums, lcm(1, *(head.o.denominator * head.v.denominator for head in layer.heads)))
        hidden, step = images(layer.up, middle, layer.bias), lcm(layer.up.denominator, *(b.denominator for b in layer.bias))
        note(f"layer {number}, hidden units", [row.size for row in hidden], step)
        outputs = images(layer.down, [(0, max(row.high, 0)) for row in hidden])
        sums = [size(old) + row.size for old, row in zip(middle, outputs, strict=True)]
        note(f"layer {number}, residual stream", sums, step * layer.down.denominator)
    out, step = plan.held(2 * len(plan.layers)), lcm(plan.out.denominator, *(b.denominator for b in plan.out_bias))
    note("read-out", [row.size for row in images(plan.out, out, plan.out_bias)], step)
    return tuple(found)


# By engine and extension the bits of the widest word whose compiled transformer some dtype carries exactly.
WIDEST = {("mdm", ""): 45, ("apmdm", ""): 46, ("mdm", "M"): 42, ("apmdm", "M"): 42}


def dtype_for(plan: Plan) -> str:
    """The narrowest dtype that computes the plan exactly; raises RangeError where none is known to."""
    worst = max(ranges(plan), key=lambda r: r.bound)
    finest = max(ranges(plan), key=lambda r: r.denominator)
    for dtype, bits in SIGNIFICAND.items():
        if worst.bound <= 1 << bits and finest.denominator <= 1 << -EXPONENTS[dtype][0]:
            return dtype
    if worst.bound <= 1 << max(SIGNIFICAND.values()):
        raise RangeError(
            f"{plan.name}: expected multiples of a normal number, found multiples of 1/2^{finest.denominator.bit_length() - 1} "
            f"({finest.where}): neither float32 nor float64 is exact"
        )
    raise RangeError(
        f"{plan.name}: expected sums of at most 2^{max(SIGNIFICAND.values())}, found {worst.bound.bit_length()} bits "
        f"({worst.where}): neither float32 nor float64 is exact"
    )
