"""Functions of finitely many values as E-FASP: affine maps where they are affine, else ReLUs at the values where they change.

A *column* is what an operator is in the transformer: a number at every position, or a flag for each of its values, or both. It
is 0 at the start token. So is whatever is made here: where a function has a constant, it is one times the flag of letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any

from efasp.pointwise import gate
from efasp.sorts import Flag, Int, Number, OneHot, Sort
from efasp.syntax import Node, combine, concat, refine, relu

Row = tuple[Any, ...]


@dataclass(eq=False)
class Column:
    """An operator's values, in order, and the nodes that hold them. One of ``number`` and ``flags`` is there.

    ``at``: the number that stands for a value (by default itself); ``exact``: whether floats hold the number without rounding,
    else it is compared with margins only; ``flags``: one for each value.
    """

    values: list[Any]
    number: Node | None = None
    flags: list[Node] | None = None
    exact: bool = True
    at: dict[Any, Number] = field(default_factory=dict)

    def place(self, value: Any) -> Number:
        """The number that stands for a value in the column."""
        return self.at.get(value, value)  # type: ignore[no-any-return]


class Tables:
    """Makes functions of columns. ``letter``: 1 at letters, 0 at the start token."""

    def __init__(self, letter: Node) -> None:
        self.letter = letter

    def column(self, table: Mapping[Row, Any], columns: Sequence[Column], values: list[Any]) -> Column:
        """A function of columns: ``table`` has its value for all combinations that may occur."""
        if not any(isinstance(value, str) for value in values):
            number, exact = self.number(table, columns)
            return Column(values, number, exact=exact)
        flags = [self.number({row: int(found == value) for row, found in table.items()}, columns)[0] for value in values]
        return Column(values, flags=flags)

    def number(self, table: Mapping[Row, Number], columns: Sequence[Column]) -> tuple[Node, bool]:
        """A function whose values are numbers, and whether floats compute it exactly."""
        first = [columns.index(column) for column in columns]
        kept = [k for k, column in enumerate(columns) if len(column.values) > 1 and first[k] == k]
        if len(kept) < len(columns):
            same = {row: found for row, found in table.items() if all(row[k] == row[at] for k, at in enumerate(first))}
            return self.number({tuple(row[k] for k in kept): found for row, found in same.items()}, [columns[k] for k in kept])
        if (line := self._line(table, columns)) is not None:
            return line
        if len(columns) == 1:
            return self._one({row[0]: found for row, found in table.items()}, columns[0])
        for column in columns:
            if column.at:
                self.as_number(column)
        if (line := self._line(table, columns)) is not None:
            return line
        if len(columns) == 2 and all(column.number is not None for column in columns):
            for sign in (-1, 1):
                if (found := self._joined(table, columns, sign)) is not None:
                    return found
        return self._cases(table, columns)

    def flags(self, column: Column) -> list[Node]:
        """The nodes that are 1 where a column has each of its values, in order."""
        if column.flags is None:
            column.flags = [
                self.number({(value,): int(value == wanted) for value in column.values}, [column])[0]
                for wanted in column.values
            ]
        return column.flags

    def as_number(self, column: Column) -> Node:
        """The column as one number, which floats hold exactly and which is the column's value."""
        if column.number is None:
            column.number, column.exact = self.number({(value,): value for value in column.values}, [column])
        elif column.at or (not column.exact and all(map(dyadic, column.values))):
            column.number, column.exact = self._one({value: value for value in column.values}, column)
            column.at = {}
        return column.number

    # The ways to make a function.

    def _line(self, table: Mapping[Row, Number], columns: Sequence[Column]) -> tuple[Node, bool] | None:
        """An affine map of numbers, or of the flags of one column."""
        if len(columns) == 1 and columns[0].flags is not None:
            parts = [(table.get((value,), 0), flag) for value, flag in zip(columns[0].values, columns[0].flags, strict=True)]
            parts = [(c, flag) for c, flag in parts if c]
            return (combine(parts or [(0, self.letter)], sort=_sort(table.values())), all(dyadic(c) for c, _ in parts))
        if any(column.number is None for column in columns):
            return None
        points = [(*(c.place(v) for c, v in zip(columns, row, strict=True)), found) for row, found in table.items()]
        found = fitted(points)
        if found is None:
            return None
        constant, *factors = found
        terms = [(c, column.number) for c, column in zip(factors, columns, strict=True) if c and column.number is not None]
        exact = all(dyadic(c) for c in found) and all(c.exact or not f for f, c in zip(factors, columns, strict=True))
        constants = [(constant, self.letter)] if constant or not terms else []
        return combine([*terms, *constants], sort=None if terms else _sort([constant])), exact

    def _one(self, table: Mapping[Any, Number], column: Column) -> tuple[Node, bool]:
        """A function of one number that is not affine: pieces of lines where these have integer slopes, else steps.

        Of values that are not in the table it is that of the value below.
        """
        assert column.number is not None
        found: Number = next(table[value] for value in column.values if value in table)
        points: list[tuple[Number, Number]] = []
        for value in sorted(column.values, key=column.place):
            found = table.get(value, found)
            points.append((column.place(value), found))
        pairs = list(pairwise(points))
        sort, exact = _sort(table.values()), all(dyadic(found) for found in table.values())
        terms: list[tuple[Number, Node]] = [(points[0][1], self.letter)] if points[0][1] else []
        slopes = [Fraction(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs]
        if column.exact and all(
            slope.denominator == Fraction(x).denominator == 1 for slope, (x, _) in zip(slopes, points, strict=False)
        ):
            for (x, _), before, after in zip(points, [Fraction(0), *slopes], [*slopes, Fraction(0)], strict=True):
                if after != before:
                    terms.append((after - before, relu(combine([(1, column.number), (-x, self.letter)]))))
            return combine(terms or [(0, self.letter)], sort=sort), exact
        by = lcm(1, *(Fraction(x).denominator for x, _ in points))
        for (low, old), (high, new) in pairs:
            if new != old:
                terms.append((new - old, self._step(column, low, high, by)))
        return combine(terms or [(0, self.letter)], sort=sort), exact

    def _step(self, column: Column, low: Number, high: Number, by: int) -> Node:
        """1 where a number is ``high`` or more, 0 where it is ``low`` or less, with a margin of a quarter on both sides where
        floats round the number."""
        assert column.number is not None
        if column.exact:
            up, down = (relu(combine([(by, column.number), (c - by * high, self.letter)])) for c in (1, 0))
            return combine([(1, up), (-1, down)])
        slope = Fraction(2) / (high - low)
        ramp = relu(combine([(slope, column.number), (-slope * low - Fraction(1, 2), self.letter)]))
        return combine([(1, self.letter), (-1, relu(combine([(1, self.letter), (-1, ramp)])))])

    def _joined(self, table: Mapping[Row, Number], columns: Sequence[Column], sign: int) -> tuple[Node, bool] | None:
        """A function of the sum or the difference of two numbers."""
        a, b = columns
        joint: dict[Any, Number] = {}
        for (x, y), found in table.items():
            if joint.setdefault(x + sign * y, found) != found:
                return None
        assert a.number is not None and b.number is not None
        both = combine([(1, a.number), (sign, b.number)])
        column = Column(sorted({x + sign * y for x in a.values for y in b.values}), both, exact=a.exact and b.exact)
        return self.number({(z,): found for z, found in joint.items()}, [column])

    def _cases(self, table: Mapping[Row, Number], columns: Sequence[Column]) -> tuple[Node, bool]:
        """By cases of the column that has the fewest values: each has its function of the others, gated by a flag."""
        chosen = min(range(len(columns)), key=lambda k: len({row[k] for row in table}))
        cases: dict[Any, dict[Row, Number]] = {}
        for row, found in table.items():
            cases.setdefault(row[chosen], {})[row[:chosen] + row[chosen + 1 :]] = found
        alike: dict[tuple[Any, ...], list[Any]] = {}
        for value, case in cases.items():
            alike.setdefault(tuple(sorted(case.items(), key=repr)), []).append(value)
        others = [column for k, column in enumerate(columns) if k != chosen]
        terms, exact = list[tuple[Number, Node]](), True
        for rows, values in alike.items():
            flag, _ = self.number({(value,): int(value in values) for value in cases}, [columns[chosen]])
            if len({found for _, found in rows}) == 1:
                terms.append((rows[0][1], flag))
                continue
            inner, fine = self.number(dict(rows), others)
            terms += gated(flag, inner)
            exact = exact and fine
        return combine(terms, sort=_sort(table.values()) if exact else None), exact


def gated(flag: Node, number: Node) -> list[tuple[Number, Node]]:
    """The terms of a number where a flag is 1, and of 0 elsewhere."""
    if isinstance(flag.sort, Flag) and isinstance(number.sort, Flag):
        return [(1, gate(flag, number))]
    ((low, high),) = number.sort.bounds
    low, high = min(low, 0), max(high, 0)
    return [(1, relu(combine([(1, number), (high - low, flag)], -high))), (low, flag)]


def hot(flags: Sequence[Node]) -> Node:
    """Flags of which at most one is 1, as one vector."""
    return refine(concat(*flags), OneHot(len(flags), partial=True)) if len(flags) > 1 else flags[0]


def _sort(values: Any) -> Sort | None:
    """The sort of a function's values, and of 0 at the start token: of integers."""
    found = [0, *values]
    if any(value != int(value) for value in found):
        return None
    return Flag() if set(found) <= {0, 1} else Int(int(min(found)), int(max(found)))


def dyadic(value: Number) -> bool:
    """Whether floats hold a number exactly: its denominator is a power of 2."""
    return Fraction(value).denominator.bit_count() == 1


def fitted(points: Sequence[Sequence[Number]]) -> list[Number] | None:
    """The constant and the factors of the affine function through points (coordinates, then the value), if there is one."""
    width = len(points[0])
    pivots: dict[int, list[Fraction]] = {}
    for *x, y in points:
        row = [Fraction(1), *map(Fraction, x), Fraction(y)]
        for at, pivot in pivots.items():
            if row[at]:
                row = [a - row[at] * b for a, b in zip(row, pivot, strict=True)]
        first = next((k for k in range(width) if row[k]), None)
        if first is None:
            if row[-1]:
                return None
            continue
        row = [a / row[first] for a in row]
        pivots = {k: [a - pivot[first] * b for a, b in zip(pivot, row, strict=True)] for k, pivot in pivots.items()}
        pivots[first] = row
    out = [pivots[k][-1] if k in pivots else Fraction(0) for k in range(width)]
    return [int(c) if c.denominator == 1 else c for c in out]
