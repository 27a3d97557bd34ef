"""Exact arrays: int64 where every value provably fits, Python integers and Fractions (dtype object) otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import Any

import numpy as np

from efasp.sorts import Number
from efasp.syntax import Row

LIMIT = 1 << 62
BLOCK = 1 << 16  # products that are made at once


def narrow(values: np.ndarray) -> np.ndarray:
    """The same values in int64 if all are integers of at most 62 bits, else as objects."""
    if values.dtype == np.int64:
        return values
    flat = values.ravel().tolist()
    if all(_integral(value) and -LIMIT < value < LIMIT for value in flat):
        return np.array([int(value) for value in flat], dtype=np.int64).reshape(values.shape)
    return values


def _integral(value: Any) -> bool:
    return value.denominator == 1 if isinstance(value, (int, Fraction)) else value == int(value)


def magnitude(values: np.ndarray) -> Number:
    """The largest absolute value (0 of nothing)."""
    return max(abs(values.max()), abs(values.min())) if values.size else 0


class Matrix:
    """A sparse matrix of exact rationals; ``scaled``: its rows as integers, over one common ``denominator``."""

    def __init__(self, rows: Sequence[Row], columns: int) -> None:
        self.rows, self.columns = tuple(rows), columns
        self.denominator = lcm(1, *{c.denominator for row in rows for _, c in row})
        self.scaled = [[(i, int(c * self.denominator)) for i, c in row] for row in rows]
        self._weight = max((sum(abs(c) for _, c in row) for row in self.scaled), default=0)
        # All coefficients in one list: their columns, and where those of every row that has some begin.
        self._filled = [place for place, row in enumerate(self.scaled) if row]
        self._starts = list(accumulate((len(self.scaled[place]) for place in self._filled[:-1]), initial=0))
        self._columns = [i for row in self.scaled for i, _ in row]
        self._coefficients = [c for row in self.scaled for _, c in row]

    def apply(self, x: np.ndarray, bias: Sequence[Number] | None = None) -> np.ndarray:
        """``x @ self.T + bias`` for x of shape (N, columns); exact."""
        whole, by = integers(x)
        constant, more = self._constant(bias, self.denominator * by)
        small = whole.dtype == np.int64
        top = max(map(abs, constant), default=0)
        if small and more * self._weight * max(1, int(magnitude(whole))) + top >= LIMIT:
            # A coefficient may not fit where the values that it multiplies are all 0.
            small = self._weight < LIMIT and more * self._largest(whole) + top < LIMIT
        dtype: Any = np.int64 if small else object
        out = np.zeros((len(x), len(self.rows)), dtype=dtype)
        coefficients = np.array(self._coefficients, dtype=dtype)
        step = max(1, BLOCK // max(1, len(coefficients)))
        for start in range(0, len(x) if self._filled else 0, step):
            terms = whole[start : start + step, self._columns].astype(dtype, copy=False) * coefficients
            out[start : start + step, self._filled] = np.add.reduceat(terms, self._starts, axis=1)
        if more > 1:
            out *= more
        if top:
            out += np.array(constant, dtype=dtype)
        return divide(out, self.denominator * by * more)

    def _constant(self, bias: Sequence[Number] | None, factor: int) -> tuple[list[int], int]:
        """The bias times a factor, and times the least factor more with which it is integers; and the second factor."""
        constant = [b * factor for b in bias or ()]
        more = lcm(1, *(c.denominator for c in constant))
        return [int(c * more) for c in constant], more

    def _largest(self, x: np.ndarray) -> int:
        """The largest sum of absolute terms of a row, ``scaled``, by the largest absolute value of every column of int64s."""
        low, high = x.min(axis=0, initial=0).tolist(), x.max(axis=0, initial=0).tolist()
        sizes = [max(b, -a) for a, b in zip(low, high, strict=True)]
        return max((sum(abs(c) * sizes[i] for i, c in row) for row in self.scaled), default=0)


def divide(values: np.ndarray, divisor: int) -> np.ndarray:
    """Exact division by an integer."""
    if divisor == 1:
        return narrow(values)
    if values.dtype == np.int64 and divisor < LIMIT and not (values % divisor).any():
        return values // divisor
    flat = values.ravel().tolist()
    quotients = {value: Fraction(value, divisor) for value in set(flat)}
    out = np.empty(len(flat), dtype=object)
    out[:] = [quotients[value] for value in flat]
    return narrow(out.reshape(values.shape))


def scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """``q @ k.T``, exact."""
    if q.dtype == np.int64 and k.dtype == np.int64:
        bound = int(np.abs(k).max(axis=0, initial=0).astype(object) @ np.abs(q).max(axis=0, initial=0).astype(object))
        if bound < 1 << 53:  # every partial sum is an integer that float64 holds: BLAS is exact, and fast
            return (q.astype(np.float64) @ k.astype(np.float64).T).astype(np.int64)
        if bound < LIMIT:
            words: np.ndarray = q @ k.T
            return words
    out: np.ndarray = q.astype(object) @ k.astype(object).T
    return narrow(out)


def integers(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The least multiple of the values by a positive factor that is integers, in int64 where they fit, and the factor."""
    if values.dtype == np.int64:
        return values, 1
    flat = [value if isinstance(value, (int, Fraction)) else Fraction(value) for value in values.ravel().tolist()]
    by = lcm(1, *{value.denominator for value in flat})
    out = np.empty(len(flat), dtype=object)
    out[:] = [value.numerator * (by // value.denominator) for value in flat]
    return narrow(out.reshape(values.shape)), by


def winners(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """For each row of q whether each row of k has the maximal score."""
    s = scores(integers(q)[0], integers(k)[0])
    best: np.ndarray = s == s.max(axis=1, keepdims=True)
    return best


def average_hard(q: np.ndarray, k: np.ndarray, v: np.ndarray, block: int = 1024) -> np.ndarray:
    """Average-hard attention: for each row of q the mean of v over the keys of maximal score; exact."""
    parts = []
    for start in range(0, len(q), block):
        best = winners(q[start : start + block], k)
        count = best.sum(axis=1)
        if (count == 1).all():
            parts.append(v[best.argmax(axis=1)])
            continue
        rows = []
        for mask, ties in zip(best, count.tolist(), strict=True):
            total = v[mask].astype(object).sum(axis=0)
            rows.append([Fraction(value, ties) if ties > 1 else value for value in total.tolist()])
        part = np.empty((len(rows), v.shape[1]), dtype=object)
        part[:] = [[int(value) if value == int(value) else value for value in row] for row in rows]
        parts.append(part)
    if any(part.dtype == object for part in parts):
        return narrow(np.concatenate([part.astype(object) for part in parts]))
    return np.concatenate(parts)
