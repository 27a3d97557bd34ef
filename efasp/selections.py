"""Selections: which keys a query selects by comparison, the mean over them, and their number.

One mechanism for comparisons: the query is one flag for every value that a key may have, whether that value is selected, and
the key is the flag of its own value. So the width grows with the number of values of the key; over the places of a text, with
its length. Where nothing is selected, the *sink* at position 0 is read, whose value is 0 and which is never selected. Of c
selected positions and the sink, the sink's flag has the mean 1 / (c + 1), which tells c: two units for each number that it may
reach. Floats round it unless c + 1 is a power of two; the lemma sequences.rounding says up to which numbers a count is right.
"""

from __future__ import annotations

import operator as order
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.attention import Columns
from efasp.embeddings import Embedding
from efasp.operators import expect_flag, expect_int, like
from efasp.pointwise import equals, not_, one_hot, threshold
from efasp.sorts import Int, OneHot, SortError
from efasp.syntax import Node, aha, combine, concat, relu, weigh

MOST = 1 << 12  # values of a key, or numbers that a count may reach: each has units of its own


@dataclass(frozen=True)
class Relation:
    """A comparison: ``holds(key, query)``; ``flag(query, value)``: whether a key of that value is selected."""

    holds: Callable[[Any, Any], Any]
    flag: Callable[[Node, int], Node]


RELATIONS: dict[str, Relation] = {
    "<": Relation(order.lt, lambda query, value: threshold(query, value + 1)),
    "<=": Relation(order.le, threshold),
    ">": Relation(order.gt, lambda query, value: not_(threshold(query, value))),
    ">=": Relation(order.ge, lambda query, value: not_(threshold(query, value + 1))),
    "==": Relation(order.eq, equals),
    "!=": Relation(order.ne, lambda query, value: not_(equals(query, value))),
}


@dataclass(frozen=True)
class Selector:
    """Queries and keys: ``<q, k>`` is ``most`` where a key is selected, ``most`` - 1 at most elsewhere, and 0 at the sink."""

    q: tuple[Node, ...]
    k: tuple[Node, ...]
    most: int
    one: Node
    sink: Node | None = None

    def mean(self, value: Node) -> Node:
        """The mean of a value over what is selected; where nothing is, the value at the sink, which stands in between."""
        if self.sink is None:
            return aha(concat(*self.q), concat(*self.k), value)
        level = (2 * self.most - 1) * self.sink
        return aha(concat(self.one, *self.q), concat(level, *(2 * key for key in self.k)), value)

    @property
    def share(self) -> Node:
        """1 / (c + 1), where c positions are selected: the sink is level with them. Raises SortError without a sink."""
        if self.sink is None:
            raise SortError("selector_width", "the flag of a sink", "none")
        return aha(concat(self.one, *self.q), concat(self.most * self.sink, *self.k), self.sink)


def expect_few(name: str, count: int) -> None:
    """So many units may be made. Raises SortError."""
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= MOST:
        raise SortError(name, f"1 to {MOST} values that are counted or compared", count)


def expect_places(name: str, places: Embedding) -> tuple[Node, int]:
    """The numbers of places, and how many there are. Raises SortError."""
    if not isinstance(places, Embedding) or "number" not in places.codebook.slots:
        found = f"places without numbers ({places.codebook.name})" if isinstance(places, Embedding) else f"{places.sort}"
        raise SortError(name, "the embedding of places with their numbers (PE itself, not PE.number)", found)
    number = places.field("number")
    low, high = expect_int(name, number)
    if low:
        raise SortError(name, "places that are numbered from 0", number.sort)
    return number, high + 1


def selector(
    key: Node, query: Node, relation: str, sink: Node | None = None, among: Node | None = None, name: str = "selector"
) -> Selector:
    """Selects the positions whose key is in a relation to the query, as ``"<"``: key < query; of those flagged ``among``.

    Keys and queries are integers, or one-hots that are compared by ``"=="``. ``among`` and a one-hot key are 0 at the sink.
    Raises SortError for an unknown relation, other sorts, and a key of too many values.
    """
    if relation not in RELATIONS:
        raise SortError(name, f"one of {', '.join(RELATIONS)}", f"{relation!r}")
    if sink is not None:
        expect_flag(name, sink)
    one = combine([(0, key[0] if sink is None else sink)], 1)
    if isinstance(key.sort, OneHot):
        if not isinstance(query.sort, OneHot) or query.width != key.width or relation != "==":
            raise SortError(name, f"a query of {key.sort} and the relation ==", f"{query.sort} and {relation}")
        q, k = query, key
    else:
        expect_int(name, query)
        low, high = expect_int(name, key)
        expect_few(name, high - low + 1)
        holds = RELATIONS[relation].flag
        q, k = concat(*(holds(query, value) for value in range(low, high + 1))), _own_value(key, low, high, sink)
    if among is None:
        return Selector((q,), (k,), 1, one, sink)
    expect_flag(name, among)
    return Selector((q, one), (k, among), 2, one, sink)


def _own_value(key: Node, low: int, high: int, sink: Node | None) -> Node:
    """The key as flags of its values; none of them at the sink, where it is beyond all values."""
    size = high - low + 1
    if sink is None:
        return one_hot(combine([(1, key)], -low) if low else key)
    return one_hot(combine([(1, key), (size, sink)], -low, sort=Int(0, 2 * size - 1)), size)


def at_least(share: Node, longest: int) -> Node:
    """Whether c >= k for k = 1..N, of the share r = 1 / (c + 1): N - N (k + 1) r is 0 or more where it is, else -1 or less."""
    reach = concat(*(combine([(-longest * (k + 1), share)], longest) for k in range(1, longest + 1)))
    return combine([(1, relu(reach + 1)), (-1, relu(reach))], sort=like(reach))


def counted(share: Node, longest: int, name: str = "counted") -> Node:
    """The number c, up to ``longest``, of the share 1 / (c + 1). Raises SortError."""
    expect_few(name, longest)
    return weigh(at_least(share, longest), [1] * longest, sort=Int(0, longest))


# Specifications: one position after the other.


@dataclass(frozen=True)
class Chosen:
    """The positions selected so far: the sum of their values, and their number."""

    total: int = 0
    count: int = 0

    def after(self, selected: Any, value: int) -> Chosen:
        """The sum and count with one more position, if it is selected."""
        return Chosen(self.total + value, self.count + 1) if selected else self

    def mean(self) -> Fraction | int:
        """The mean of the selected values, 0 where there is none."""
        return Fraction(self.total, self.count) if self.count else 0


@dataclass(frozen=True)
class Where:
    """Specification of a selection by comparison; ``result`` is made of what is chosen. Columns: values, keys, queries.

    Of position 0, the sink, nothing is selected if it is to be ``passed``.
    """

    result: Callable[[Chosen], Any]
    passed: int = 1

    def __call__(self, columns: Columns, relation: str = "<=", *rest: int) -> list[Any]:
        values, keys, queries = columns
        out = []
        for query in queries:
            chosen = Chosen()
            for key, value in list(zip(keys, values, strict=True))[self.passed :]:
                chosen = chosen.after(RELATIONS[relation].holds(key, query), value)
            out.append(self.result(chosen))
        return out


MEAN, TOTAL, COUNT = Where(Chosen.mean), Where(lambda chosen: chosen.total), Where(lambda chosen: chosen.count)
PREFIX_MEAN, PREFIX_TOTAL = Where(Chosen.mean, 0), Where(lambda chosen: chosen.total, 0)
