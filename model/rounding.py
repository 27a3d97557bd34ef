"""How far the floats of a plan's transformer may be from its exact values: a bound of every rounding, sublayer by sublayer.

A sum of exact terms whose bound the dtype holds is exact (``model.ranges``). Any other has an error: those of its terms, and
a rounding for each term and two more, relative to the sum of their sizes, in whatever order it is added up. So has a score. If
the exact scores of two positions are equal or differ by ``gap``, and each is computed to e, a position that is not selected
weighs exp(-scale (gap - 2 e)) at most, which must be 0 in the dtype; those that are selected weigh 1 up to 2 e scale. A mean
of several is rounded once for each of them and ``READ`` times more; the value of a position that is selected alone is not.

Bounds of errors are floats, a little larger than what they are computed from; sizes are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from efasp.exact import Matrix
from efasp.language.module import Module
from efasp.model.plan import Head, Layer, Plan
from efasp.model.ranges import SCALE, SIGNIFICAND, RangeError, absolute, dtype_for, images, size
from efasp.sorts import Interval, Number, Sort

READ = 8  # roundings of a weight and a mean that do not come of their number: exponential, quotient, scaling
VANISHES = {"float32": 104, "float64": 746}  # exp(-x) is 0 in the dtype
MORE = 1 + 2.0**-20  # by which a bound is enlarged for the roundings of its own computation
LEAST = 2.0**-100  # larger than all that a number that is denormal may lose
FINEST = 1 << 100  # of sums that are taken for exact: their multiples are no denormal numbers
UNBOUNDED = 1 << 12  # positions for which a dtype is chosen where there are places for any number


class Blurred(ValueError):
    """No bound is known: says of which scores."""


@dataclass(frozen=True)
class Value:
    """A number within an interval, computed to ``error``; one without is a multiple of 1 / ``grain``."""

    low: Number = 0
    high: Number = 0
    error: float = 0.0
    grain: int = 1

    @property
    def size(self) -> Number:
        """The largest absolute value of the interval."""
        return size((self.low, self.high))

    def rectified(self) -> Value:
        """The interval and the error of the value's positive part."""
        if self.high <= 0 and self.high + self.error <= 0:
            return Value()
        return Value(0, max(self.high, 0), self.error, self.grain)


Term = tuple[Number, Value]


class Rounding:
    """A plan in a dtype, for sequences of at most so many positions."""

    def __init__(self, plan: Plan, dtype: str, positions: int) -> None:
        self.plan, self.dtype, self.positions = plan, dtype, positions
        self.significand, self.scale = SIGNIFICAND[dtype], SCALE[dtype]

    def relative(self, roundings: int) -> float:
        """The relative error of so many roundings."""
        one = roundings * 2.0**-self.significand
        if one >= 0.5:
            raise Blurred(f"{self.positions} positions are more than {self.dtype} adds up")
        return one / (1 - one) * MORE

    def added(self, terms: Sequence[Term], bias: Number, interval: Interval) -> Value:
        """A sum whose value is known to be within an interval."""
        terms = [(c, x) for c, x in terms if c and (x.size or x.error)]
        total = sum(absolute(c) * x.size for c, x in terms) + absolute(bias)
        if not any(x.error for _, x in terms):
            grain = lcm(Fraction(bias).denominator, *(x.grain * Fraction(c).denominator for c, x in terms))
            if total * grain <= 1 << self.significand and grain <= FINEST:
                return Value(*interval, 0.0, grain)
        error = sum(float(absolute(c)) * x.error for c, x in terms)
        error += self.relative(len(terms) + 2) * (float(total) + error) + LEAST
        return Value(*interval, error * MORE)

    def rows(self, matrix: Matrix, stream: Sequence[Value], bias: Sequence[Number] | None = None) -> list[Value]:
        """The values of a linear map of a stream, with their errors."""
        constants = bias or [0] * len(matrix.rows)
        ends = images(matrix, [(x.low, x.high) for x in stream], bias)
        return [
            self.added([(c, stream[i]) for i, c in row], b, (end.low, end.high))
            for row, b, end in zip(matrix.rows, constants, ends, strict=True)
        ]

    def onto(
        self, stream: Sequence[Value], parts: Sequence[tuple[Matrix, Sequence[Value]]], held: Sequence[Interval]
    ) -> list[Value]:
        """The stream with linear maps of parts added, of which the bounds are known."""
        out = []
        for place, (old, interval) in enumerate(zip(stream, held, strict=True)):
            more = [(c, part[i]) for matrix, part in parts for i, c in matrix.rows[place]]
            out.append(self.added([(1, old), *more], 0, interval) if more else Value(*interval, old.error, old.grain))
        return out

    def score(self, head: Head, q: Sequence[Value], k: Sequence[Value]) -> tuple[float, Fraction]:
        """The error of a score, and by how much two that are not equal differ. Raises Blurred."""
        error, total, exact = 0.0, Fraction(0), not any(x.error for x in (*q, *k))
        for a, b, most, long in zip(q, k, head.q_size, head.k_size, strict=True):
            error += float(most) * b.error + float(long) * a.error + a.error * b.error
            total += Fraction(most) * Fraction(long)
        grain = lcm(1, *(a.grain * b.grain for a, b in zip(q, k, strict=True)))
        if not exact or total * grain > 1 << self.significand:
            error = (error + self.relative(len(q) + 2) * (float(total) + error) + LEAST) * MORE
        if not (exact or head.whole):
            raise Blurred("scores of fractions: how far apart two of them are is not known")
        return error, Fraction(1) if head.whole else Fraction(1, grain)

    def mean(self, head: Head, stream: Sequence[Value]) -> list[Value]:
        """The values that a head reads, with their errors. Raises Blurred."""
        q, k, v = (self.rows(matrix, stream) for matrix in (head.q, head.k, head.v))
        error, gap = self.score(head, q, k)
        if self.scale * (float(gap) - 2 * error * MORE) < VANISHES[self.dtype] * MORE:
            raise Blurred(f"scores are computed to {error:.1g}, and those that are {gap} apart must be told apart")
        if head.single:
            return v
        unequal = 0.0 if not error else 2 * self.scale * error * MORE + self.relative(READ)
        if unequal >= 0.5:
            raise Blurred(f"scores are computed to {error:.1g}, so that equal ones have unequal weights")
        off = (unequal / (1 - unequal) + self.relative(self.positions + READ)) * MORE
        return [Value(x.low, x.high, x.error + off * (float(x.size) + x.error)) for x in v]

    def layer(self, number: int, layer: Layer, stream: Sequence[Value]) -> list[Value]:
        """The stream after a layer, counted from 1. Raises Blurred."""
        heads = [(head.o, self.mean(head, stream)) for head in layer.heads]
        middle = self.onto(stream, heads, self.plan.held(2 * number - 1))
        units = [x.rectified() for x in self.rows(layer.up, middle, layer.bias)]
        return self.onto(middle, [(layer.down, units)], self.plan.held(2 * number))

    def errors(self) -> list[float]:
        """By how much each read-out may differ from the exact one. Raises Blurred, RangeError for a file's plan."""
        plan = self.plan
        if (number := next((c for c in coefficients(plan) if not representable(c, self.dtype)), None)) is not None:
            raise Blurred(f"a weight is {number}, which is no normal number of {self.dtype}")
        if not plan.residents:
            raise RangeError(f"{plan.name}: expected a plan that says what its coordinates hold, found one without")
        token, place = ([Value(*ends) for ends in book.sort.bounds] for book in (plan.vocabulary, plan.places))
        held = plan.held(0)
        stream = self.onto([Value()] * plan.width, [(plan.token, token), (plan.place, place)], held)
        for number, layer in enumerate(plan.layers, 1):
            stream = self.layer(number, layer, stream)
        return [x.error for x in self.rows(plan.out, stream, plan.out_bias)]


def coefficients(plan: Plan) -> Iterator[Number]:
    """All numbers of a plan's matrices and biases."""
    matrices = [plan.token, plan.place, plan.out]
    for layer in plan.layers:
        matrices += [layer.up, layer.down, *(side for head in layer.heads for side in (head.q, head.k, head.v, head.o))]
        yield from layer.bias
    yield from plan.out_bias
    yield from (c for matrix in matrices for row in matrix.rows for _, c in row)


def representable(number: Number, dtype: str) -> bool:
    """Whether a number is 0 or a normal number of a dtype."""
    try:
        with np.errstate(over="ignore"):
            found = Fraction(float(np.dtype(dtype).type(float(number))))
    except OverflowError:
        return False
    return found == number and (not number or abs(found) >= Fraction(float(np.finfo(dtype).tiny)))


def readout_error(plan: Plan, dtype: str, positions: int, sort: Sort) -> tuple[float, str]:
    """By how much a read-out of a plan may differ from the exact one, which is of a sort; and why the dtype is not known to
    tell read-outs, "" where it is: integers to less than 1/2, fractions to less than half of the largest."""
    try:
        worst = max(Rounding(plan, dtype, positions).errors(), default=0.0)
    except (Blurred, RangeError) as error:
        return float("inf"), str(error)
    largest = max(map(size, sort.bounds), default=0)
    if sort.integral:
        return worst, f"{dtype}: a read-out may differ by {worst:.2g} from an integer" if worst >= 0.5 else ""
    blurred = worst > 0 and 2 * worst >= largest
    return worst, f"{dtype}: a read-out may differ by {worst:.2g} from a fraction of at most {largest}" if blurred else ""


def doubtful(module: Module, plan: Plan, dtype: str) -> str:
    """Why a dtype is not known to tell the read-outs of a program's plan, for all its texts; "" where it is."""
    return readout_error(plan, dtype, module.positions or UNBOUNDED, module.program.output.sort)[1]


def chosen(module: Module, plan: Plan) -> str:
    """The dtype that a program names; else the narrowest that is known to tell its plan's read-outs; else that which holds all
    sums but for means. Raises RangeError where none does."""
    known = (dtype for dtype in SIGNIFICAND if not doubtful(module, plan, dtype))
    return module.dtype or next(known, None) or dtype_for(plan)
