"""Tables of intervals, in which the trained encoder's operations enclose their results, in exact arithmetic and in float32.

The intervals are those of mpmath: their ends have ``PRECISION`` bits and are rounded outward. The result of every operation is
widened by all that float32, as in IEEE 754, may be off by: sums in any order, with or without fused multiplications (the bounds
of Jeannerod and Rump, doubled). Of ``torch.softmax`` it is assumed that it is the exponential of each score less the largest
one, off by at most ``EXPONENTIAL`` of its value or by 2^-126, over the sum of these, which is 1 at least; sum and quotient are
rounded as others. So ``TINY`` has room for a result that is 0 in its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath.ctx_iv import MPIntervalContext

PRECISION = 120
IV = MPIntervalContext()
IV.prec = PRECISION
ROUNDING = 2.0**-23  # of one operation, of its value: twice the unit roundoff of float32
TINY = 2.0**-125  # what an operation may be off by where its result is below 2^-126, the smallest normal number
EXPONENTIAL = 2.0**-20
LARGEST = 2.0**120  # numbers beyond it might overflow in a sum
STEEPEST = 2.0**16  # a difference of scores up to which ``softmax`` bounds its roundings

Intervals = np.ndarray[Any, np.dtype[Any]]  # of intervals, dtype object


class Unbounded(Exception):
    """Raised where float32 might overflow, or a rounding is not bounded here."""


def exactly(weights: np.ndarray) -> Intervals:
    """The numbers of an array, each as an interval of one point."""
    out = np.empty(weights.shape, dtype=object)
    for at, value in np.ndenumerate(weights):
        out[at] = IV.mpf(float(value))
    return out


def low(interval: Any) -> Any:
    """The lower end."""
    return IV.mpf(interval).a


def high(interval: Any) -> Any:
    """The upper end."""
    return IV.mpf(interval).b


def around(size: Any) -> Any:
    """The interval of all numbers of at most this absolute value."""
    return IV.mpf([-1, 1]) * size


class Enclosures:
    """The encoder's operations on tables of intervals."""

    def rows(self, table: Intervals, numbers: np.ndarray) -> Intervals:
        """See ``model.learned.network.Operations``, here and below."""
        out: Intervals = table[numbers]
        return out

    def product(self, x: Intervals, y: Intervals) -> Intervals:
        """Every sum, with what its products and additions may be off by."""
        terms = x.shape[-1]
        size = abs(x) @ abs(y).T
        out: Intervals = x @ y.T + _bounded(size) * around(terms * ROUNDING) + around(terms * TINY)
        return out

    def turned(self, x: Intervals) -> Intervals:
        """The transpose."""
        return x.T

    def add(self, x: Intervals, y: Intervals) -> Intervals:
        """The sum, with its rounding."""
        total = x + y
        out: Intervals = total + _bounded(abs(total)) * around(ROUNDING)
        return out

    def softmax(self, x: Intervals) -> Intervals:
        """By row: 1 over the sum of the exponentials of differences, with what exponentials, sum and quotient may be off by."""
        out = np.empty(x.shape, dtype=object)
        for row, scores in enumerate(x):
            steepest = max(high(abs(a - b)) for a in scores for b in scores)
            if not steepest < STEEPEST:
                raise Unbounded(f"scores that may differ by {STEEPEST:g} or more")
            off = 3 * (2 * ROUNDING * steepest + EXPONENTIAL + (len(scores) + 3) * ROUNDING)
            for column, score in enumerate(scores):
                others = (IV.exp(other - score) for i, other in enumerate(scores) if i != column)
                out[row, column] = (1 / sum(others, IV.mpf(1))) * (1 + around(off)) + around(TINY)
        return out

    def relu(self, x: Intervals) -> Intervals:
        """Each number, or 0 where it is negative: exact."""
        out = np.empty(x.shape, dtype=object)
        for at, value in np.ndenumerate(x):
            out[at] = IV.mpf([max(0, low(value)), max(0, high(value))])
        return out


def _bounded(size: Intervals) -> Intervals:
    """Absolute values, none of which may overflow. Raises Unbounded."""
    for value in size.flat:
        if not high(value) < LARGEST:
            raise Unbounded("a number that float32 may not hold")
    return size
