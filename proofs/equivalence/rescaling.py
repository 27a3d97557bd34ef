"""An equal plan with smaller numbers: powers of two by which a file multiplies in one place and divides in another are removed.

Exact evaluation is quick where numbers are integers of 62 bits (``efasp.exact``). A weights file may have a residual stream,
hidden units, queries, keys or values times any powers of two; ReLU, sums, means and winners commute with such factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import inf

from efasp.exact import Matrix
from efasp.model.plan import Head, Layer, Plan
from efasp.proofs.symbolic.magnitudes import power_of
from efasp.sorts import Number, tidy
from efasp.syntax import Row


@lru_cache(maxsize=1)
def leveled(plan: Plan) -> tuple[Plan, int]:
    """A plan whose residual stream is 2^e times the given one's and whose read-out is the same, and e; compiled ones stay."""
    if plan.residents:
        return plan, 0
    e = -least(row for matrix in (plan.token, plan.place) for row in matrix.rows)
    layers = tuple(_layer(layer, e) for layer in plan.layers)
    token, place, out = times(plan.token, e), times(plan.place, e), times(plan.out, -e)
    return replace(plan, token=token, place=place, layers=layers, out=out), e


def least(rows: Iterable[Row], biases: Iterable[Number] = ()) -> int:
    """The largest power of two that all numbers are multiples of; 0 where there are none, or some are not dyadic."""
    power = min((power_of(c) for c in (*(c for row in rows for _, c in row), *biases)), default=inf)
    return int(power) if abs(power) < inf else 0


def scaled(row: Row, power: int) -> Row:
    """The row of numbers times 2^power."""
    return tuple((i, number(c, power)) for i, c in row) if power else row


def number(value: Number, power: int) -> Number:
    """The number times 2^power."""
    return tidy(Fraction(value) * Fraction(2) ** power) if power else value


def times(matrix: Matrix, power: int) -> Matrix:
    """A matrix times 2^power; rows that were one stay one."""
    made: dict[int, Row] = {id(row): scaled(row, power) for row in matrix.rows}
    return Matrix([made[id(row)] for row in matrix.rows], matrix.columns) if power else matrix


def _layer(layer: Layer, e: int) -> Layer:
    """A layer on a stream that is 2^e times as large."""
    by: list[int] = []  # for each hidden unit the power that makes its row primitive
    rows: list[Row] = []
    bias: list[Number] = []
    for row, b in zip(layer.up.rows, layer.bias, strict=True):
        onto = scaled(row, -e)
        by.append(-least([onto], [b]))
        rows.append(scaled(onto, by[-1]))
        bias.append(number(b, by[-1]))
    heads = tuple(_head(head, e) for head in layer.heads)
    down = Matrix([_columns(row, e, by) for row in layer.down.rows], layer.down.columns)
    return replace(layer, heads=heads, up=Matrix(rows, layer.up.columns), bias=tuple(bias), down=down)


def _columns(row: Row, e: int, by: Sequence[int]) -> Row:
    return tuple((unit, number(c, e - by[unit])) for unit, c in row)


def _head(head: Head, e: int) -> Head:
    """A head on a stream that is 2^e times as large; its scores are a power of two times as large as they were."""
    q, k, v = (times(matrix, -least(matrix.rows)) for matrix in (head.q, head.k, head.v))
    return replace(head, q=q, k=k, v=v, o=times(head.o, least(head.v.rows)))
