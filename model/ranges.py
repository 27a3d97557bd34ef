"""Numeric ranges of a plan, and the dtypes that hold it exactly.

Every value of the transformer is a dyadic rational. Where each sum's terms are multiples of 1/D and their absolute values
add up to at most B, every partial sum, in any order and with fused multiply-adds, is a multiple of 1/D of size at most B,
so a dtype with p bits of significand computes it exactly if B * D <= 2^p. The bounds of the residual coordinates come from
the sorts of what they hold, for every program and state with P, M, L <= 2^w and every time that the clock's bits hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from efasp.exact import Matrix
from efasp.sorts import Number
from model.plan import Plan

SIGNIFICAND = {"float32": 24, "float64": 53}
# exp(-SCALE) is 0 in the dtype, and SCALE a power of two: integer scores times SCALE stay exact, every loser weighs 0.
SCALE = {"float32": 128, "float64": 1024}


class RangeError(ValueError):
    """No dtype computes the plan exactly; names the value that is too large and what would be needed."""


@dataclass(frozen=True)
class Range:
    """The largest sum of absolute terms of one quantity, times the denominator of its terms."""

    where: str
    bound: int


def _reach(matrix: Matrix, sizes: list[Fraction], biases: tuple[Number, ...] | None = None) -> list[Fraction]:
    """For each output the sum of its terms' absolute values."""
    out = []
    for number, row in enumerate(matrix.rows):
        total = sum((abs(Fraction(c)) * sizes[i] for i, c in row), Fraction(0))
        out.append(total + (abs(Fraction(biases[number])) if biases else 0))
    return out


def ranges(plan: Plan) -> list[Range]:
    """The range of every sum that the transformer computes, sublayer by sublayer."""
    out: list[Range] = []

    def note(where: str, values: list[Fraction], denominator: int) -> None:
        out.append(Range(where, int(max(values, default=Fraction(0)) * denominator)))

    def held(sublayer: int) -> list[Fraction]:
        """The size of each coordinate that can still be read after a sublayer; nothing reads the others."""
        sizes = [Fraction(0)] * plan.width
        for r in plan.alive(sublayer):
            sizes[r.coordinate] = max(abs(Fraction(r.low)), abs(Fraction(r.high)))
        return sizes

    embedded = [max(abs(Fraction(a)), abs(Fraction(b))) for a, b in plan.vocabulary.sort.bounds]
    placed = [max(abs(Fraction(a)), abs(Fraction(b))) for a, b in plan.places.sort.bounds]
    sums = [a + b for a, b in zip(_reach(plan.token, embedded), _reach(plan.place, placed), strict=True)]
    note("embedding", sums, plan.token.denominator * plan.place.denominator)
    for number, layer in enumerate(plan.layers, 1):
        before, middle = held(2 * number - 2), held(2 * number - 1)
        for h, head in enumerate(layer.heads):
            q, k, v = (_reach(m, before) for m in (head.q, head.k, head.v))
            where = f"layer {number}, head {h}"
            note(f"{where}, projections", q + k + v, max(m.denominator for m in (head.q, head.k, head.v)))
            scores = sum((Fraction(a) * b for a, b in zip(head.q_size, head.k_size, strict=True)), Fraction(0))
            note(f"{where}, scores", [scores], head.q.denominator * head.k.denominator)
            note(f"{where}, outputs", [a + b for a, b in zip(before, _reach(head.o, v), strict=True)], head.o.denominator)
        hidden = _reach(layer.up, middle, layer.bias)
        note(f"layer {number}, hidden units", hidden, layer.up.denominator)
        after = [a + b for a, b in zip(middle, _reach(layer.down, hidden), strict=True)]
        note(f"layer {number}, residual stream", after, layer.down.denominator)
    note("read-out", _reach(plan.out, held(2 * len(plan.layers)), plan.out_bias), plan.out.denominator)
    return out


def dtype_for(plan: Plan) -> str:
    """The narrowest dtype that computes the plan exactly; raises RangeError where none does."""
    worst = max(ranges(plan), key=lambda r: r.bound)
    for dtype, bits in SIGNIFICAND.items():
        if worst.bound <= 1 << bits:
            return dtype
    raise RangeError(
        f"{plan.name}: expected sums of at most 2^{max(SIGNIFICAND.values())}, found {worst.bound.bit_length()} bits "
        f"({worst.where}): neither float32 nor float64 is exact"
    )
