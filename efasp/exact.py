"""Exact arrays: int64 where every value provably fits, Python integers and Fractions (dtype object) otherwise.

Within, a row of rationals is a row of integers over one denominator (``Rows``), so that arithmetic is that of whole arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from efasp.sorts import Number
from efasp.syntax import Row

LIMIT = 1 << 62
FLOAT = 1 << 53  # float64 holds every integer up to here
BLOCK = 1 << 16  # products that are made at once
ONE = np.ones((1, 1), dtype=np.int64)


def narrow(values: np.ndarray) -> np.ndarray:
    """An array with the same values: int64 if all are integers of at most 62 bits, else objects."""
    if values.dtype == np.int64:
        return values
    flat = values.ravel().tolist()
    if not set(map(type, flat)) <= {int}:  # mostly they are ints, for which the built-in functions are quick
        if not all(map(_integral, flat)):
            return values
        flat = [int(value) for value in flat]
    if min(flat, default=0) > -LIMIT and max(flat, default=0) < LIMIT:
        return np.array(flat, dtype=np.int64).reshape(values.shape)
    return values


def _integral(value: Any) -> bool:
    return value.denominator == 1 if isinstance(value, (int, Fraction)) else value == int(value)


def magnitude(values: np.ndarray) -> Number:
    """The largest absolute value of an array of integers; 0 of an empty one."""
    return max(abs(values.max()), abs(values.min())) if values.size else 0


def times(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """The elementwise product of arrays of integers, exact."""
    other = np.asarray(b)
    if a.dtype == other.dtype == np.int64 and int(magnitude(a)) * int(magnitude(other)) < LIMIT:
        product: np.ndarray = a * other
        return product
    return narrow(a.astype(object) * other.astype(object))


class Rows(NamedTuple):
    """Exact rows: row i is ``whole[i] / by[i]``, in lowest terms.

    Both are integers, in int64 where they fit; ``by`` is positive, of shape (N, 1), or (1, 1) where all rows have the same.
    """

    whole: np.ndarray
    by: np.ndarray = ONE

    @classmethod
    def of(cls, values: np.ndarray) -> Rows:
        """The rows of an array (N, D) of any exact numbers."""
        if (values := narrow(values)).dtype == np.int64:
            return cls(values)
        listed = [[Fraction(value) for value in row] for row in values.tolist()]
        by = np.array([[lcm(1, *{value.denominator for value in row})] for row in listed], dtype=object)
        out = np.empty(values.shape, dtype=object)
        out[:] = [[x.numerator * (d // x.denominator) for x in row] for row, d in zip(listed, by[:, 0].tolist(), strict=True)]
        return cls(narrow(out), narrow(by))

    @classmethod
    def reduced(cls, whole: np.ndarray, by: np.ndarray) -> Rows:
        """Rows ``whole`` over denominators ``by`` (one for all, or one a row), in lowest terms."""
        if by.dtype == np.int64 and (by == 1).all():
            return cls(whole)
        common = np.gcd(np.gcd.reduce(whole, axis=1, keepdims=True, initial=0), by)
        by = narrow(by // common)
        return cls(narrow(whole // common), ONE if by.dtype == np.int64 and (by == 1).all() else by)

    @property
    def values(self) -> np.ndarray:
        """The values as an array: int64 if all are integers that fit, else objects."""
        if self.by is ONE:
            return self.whole
        out = np.empty(self.whole.shape, dtype=object)
        by = np.broadcast_to(self.by, (len(self.whole), 1))[:, 0].tolist()
        out[:] = [[Fraction(x, d) for x in row] for row, d in zip(self.whole.tolist(), by, strict=True)]
        return out

    def common(self) -> tuple[np.ndarray, int]:
        """The whole numbers of all rows over one denominator, and that denominator."""
        by = lcm(*self.by.ravel().tolist())
        if len(self.by) == 1:
            return self.whole, by
        return times(self.whole, by // (self.by if by < LIMIT else self.by.astype(object))), by

    def relu(self) -> Rows:
        """The rows with negative numbers replaced by 0."""
        whole = np.maximum(self.whole, 0)
        return Rows(whole) if self.by is ONE else Rows.reduced(whole, self.by)

    def part(self, rows: slice) -> Rows:
        """The rows of a slice."""
        return Rows(self.whole[rows], self.by if len(self.by) == 1 else self.by[rows])


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows side by side: the columns of all parts, which have the same number of rows."""
    if all(part.by is ONE for part in parts):
        return Rows(_together([part.whole for part in parts], axis=1))
    by = parts[0].by.astype(object)
    for part in parts[1:]:
        by = np.lcm(by, part.by.astype(object))
    return Rows(_together([times(part.whole, narrow(by // part.by)) for part in parts], axis=1), narrow(by))


def stacked(parts: Sequence[Rows]) -> Rows:
    """Rows of one width one after the other."""
    whole = _together([part.whole for part in parts], axis=0)
    if all(part.by is ONE for part in parts):
        return Rows(whole)
    return Rows(whole, _together([np.broadcast_to(part.by, (len(part.whole), 1)) for part in parts], axis=0))


def _together(parts: Sequence[np.ndarray], axis: int) -> np.ndarray:
    if any(part.dtype == object for part in parts):
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts, axis=axis)


class Matrix:
    """A sparse matrix of exact rationals; ``scaled``: its rows as integers, over one common ``denominator``."""

    def __init__(self, rows: Sequence[Row], columns: int) -> None:
        self.rows, self.columns = tuple(rows), columns
        self.denominator = lcm(1, *{c.denominator for row in rows for _, c in row})
        self.scaled = [[(i, int(c * self.denominator)) for i, c in row] for row in rows]
        self._weight = max((sum(abs(c) for _, c in row) for row in self.scaled), default=0)
        # All coefficients in one list: their columns, and where those of every row that has some begin.
        self._filled = [place for place, row in enumerate(self.scaled) if row]
        self._starts = np.array(list(accumulate((len(self.scaled[place]) for place in self._filled), initial=0)))
        self._columns = np.array([i for row in self.scaled for i, _ in row], dtype=np.intp)
        self._coefficients = narrow(np.array([c for row in self.scaled for _, c in row], dtype=object))

    def apply(self, x: np.ndarray, bias: Sequence[Number] | None = None) -> np.ndarray:
        """``x @ self.T + bias`` for x of shape (N, columns); exact."""
        return self.of(Rows.of(x), bias).values

    def of(self, x: Rows, bias: Sequence[Number] | None = None) -> Rows:
        """``x @ self.T + bias`` for rows over denominators, of shape (N, columns); exact."""
        constant, more = self._constant(bias, self.denominator)
        divisor = self.denominator * more
        small = x.whole.dtype == x.by.dtype == np.int64
        over = int(magnitude(x.by))
        top = max(map(abs, constant), default=0) * over
        if small and more * self._weight * max(1, int(magnitude(x.whole))) + top >= LIMIT:
            # A coefficient may not fit where the values that it multiplies are all 0.
            small = self._weight < LIMIT and more * self._largest(x.whole) + top < LIMIT
        dtype: Any = np.int64 if small else object
        out = self._sums(x.whole.astype(dtype, copy=False))
        if more > 1:
            out *= more
        if top:
            out += np.array(constant, dtype=dtype) * x.by.astype(dtype, copy=False)
        return Rows(narrow(out)) if x.by is ONE and divisor == 1 else Rows.reduced(narrow(out), times(x.by, divisor))

    def _sums(self, x: np.ndarray) -> np.ndarray:
        """``x @ self.scaled.T``, in the dtype of x, in which every sum fits."""
        columns, coefficients = np.ascontiguousarray(x.T), self._coefficients.astype(x.dtype, copy=False)
        out = np.zeros((len(self.rows), len(x)), dtype=x.dtype)
        most, at = BLOCK // max(1, len(x)), 0
        while at < len(self._filled):  # some rows, with as many products as a block has, but one row at least
            end = max(at + 1, int(self._starts.searchsorted(self._starts[at] + most, "right")) - 1)
            part = slice(self._starts[at], self._starts[end])
            terms = columns[self._columns[part]] * coefficients[part, None]
            out[self._filled[at:end]] = np.add.reduceat(terms, self._starts[at:end] - part.start, axis=0)
            at = end
        return np.ascontiguousarray(out.T)

    def _constant(self, bias: Sequence[Number] | None, factor: int) -> tuple[list[int], int]:
        """The bias times a factor, and times the least factor more with which it is integers; and the second factor."""
        constant = [b * factor for b in bias or ()]
        more = lcm(1, *(c.denominator for c in constant))
        return [int(c * more) for c in constant], more

    def _largest(self, x: np.ndarray) -> int:
        """A bound of the rows' sums of absolute terms, ``scaled``, by the largest absolute value of every column of int64s.

        Coefficients are in int64 here. The sum is made in float64; what is added is more than its rounding.
        """
        sizes = np.maximum(x.max(axis=0, initial=0), -x.min(axis=0, initial=0)).astype(np.float64)
        terms = np.abs(self._coefficients.astype(np.float64)) * sizes[self._columns]
        most = float(np.add.reduceat(terms, self._starts[:-1]).max()) if self._filled else 0.0
        return int(most * (1 + 2**-20)) + 1


def scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """``q @ k.T`` of arrays of integers, exact."""
    if q.dtype == np.int64 and k.dtype == np.int64:
        widest = np.abs(q).max(axis=0, initial=0).astype(object)
        bound = int(np.abs(k).max(axis=0, initial=0).astype(object) @ widest)
        if bound < LIMIT:
            return _words(q, k, bound, int(widest.sum()))
    out: np.ndarray = q.astype(object) @ k.astype(object).T
    return narrow(out)


def _words(q: np.ndarray, k: np.ndarray, bound: int, weight: int) -> np.ndarray:
    """The same in int64, by BLAS where every partial sum is an integer that float64 holds, of all bits of k or of its high and
    of its low ones. ``bound``: of all sums of absolute terms; ``weight``: the same for a k of ones."""
    if bound < FLOAT:
        return _floats(q, k)
    low = max(0, FLOAT.bit_length() - 1 - weight.bit_length())  # so many bits of k: their sums are below weight * 2^low
    if (bound >> low) + weight < FLOAT:
        product: np.ndarray = (_floats(q, k >> low) << low) + _floats(q, k & (1 << low) - 1)
        return product
    words: np.ndarray = q @ k.T
    return words


def _floats(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return (q.astype(np.float64) @ k.astype(np.float64).T).astype(np.int64)


def integers(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The least multiple of the values by a positive factor that is integers, in int64 where they fit, and the factor."""
    return Rows.of(values).common()


def winners(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """For each row of q whether each row of k has the maximal score."""
    return _winners(Rows.of(q), Rows.of(k).common()[0])


def _winners(q: Rows, k: np.ndarray) -> np.ndarray:
    """The same, of rows and of keys over one denominator: neither denominator matters."""
    s = scores(q.whole, k)
    best: np.ndarray = s == s.max(axis=1, keepdims=True)
    return best


def average_hard(q: np.ndarray, k: np.ndarray, v: np.ndarray, block: int = 1024) -> np.ndarray:
    """Average-hard attention: for each row of q the mean of v over the keys of maximal score; exact."""
    return attended(Rows.of(q), Rows.of(k), Rows.of(v), block).values


def attended(q: Rows, k: Rows, v: Rows, block: int = 1024) -> Rows:
    """Average-hard attention on rows over denominators: for each row of q the mean of v over the keys of maximal score;
    exact."""
    (keys, _), (values, by) = k.common(), v.common()
    parts = []
    for start in range(0, len(q.whole), block):
        best = _winners(q.part(slice(start, start + block)), keys)
        count = best.sum(axis=1, keepdims=True)
        total = values[best.argmax(axis=1)] if (count == 1).all() else scores(best.astype(np.int64), values.T)
        parts.append(Rows.reduced(total, times(count, by)))
    return stacked(parts)
