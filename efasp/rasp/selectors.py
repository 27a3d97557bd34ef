"""Selectors as tables of truth values: the parts of a conjunction, and of each the classes of keys and of queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from efasp.rasp.graph import Selector, Sequence
from efasp.rasp.possible import MAX_COMBINATIONS, Possible

BY_PLACE, BY_VALUE = "place", "value"
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Selecting:
    """How a selector is compiled: ``form``: by place, or by value; ``width``: how many classes of keys or queries it takes, and
    ``shorter``: how many with half as many letters."""

    node: Selector
    form: str
    width: int
    shorter: int

    @property
    def grows(self) -> bool:
        """Whether a longer text needs more classes."""
        return self.form == BY_VALUE and self.width > self.shorter


@dataclass(frozen=True)
class Truth:
    """A part of a selector: whether a key, a row of values of ``keys``, is selected by a query, a row of ``queries``."""

    keys: list[Sequence]
    queries: list[Sequence]
    rows: list[Row]
    columns: list[Row]
    selects: dict[tuple[Row, Row], bool]

    @staticmethod
    def of(possible: Possible, part: Selector, sign: bool) -> Truth:
        """The table of a part (``sign``: or of its opposite). Raises LanguageError for too many values."""
        keys, queries = _sources(part, "key"), _sources(part, "query")
        rows, columns = possible.tuples(keys), possible.tuples(queries)
        if len(rows) * len(columns) > MAX_COMBINATIONS << 4:
            found = f"{len(rows)} and {len(columns)}"
            raise part.failure(f"{part.name}: expected fewer values of keys and queries, found {found}")
        selects = {}
        for row in rows:
            of_keys = dict(zip(map(id, keys), row, strict=True))
            for column in columns:
                of_queries = dict(zip(map(id, queries), column, strict=True))
                selects[row, column] = holds(part, of_keys, of_queries) == sign
        return Truth(keys, queries, rows, columns, selects)

    @property
    def trivial(self) -> bool:
        """Whether every query selects every key."""
        return all(self.selects.values())

    @property
    def by_key(self) -> list[list[Row]]:
        """The keys by which queries select them, but for those that none selects."""
        return _classes((row, tuple(self.selects[row, column] for column in self.columns)) for row in self.rows)

    @property
    def by_query(self) -> list[list[Row]]:
        """The queries by which keys they select, but for those that select none."""
        return _classes((column, tuple(self.selects[row, column] for row in self.rows)) for column in self.columns)

    @property
    def width(self) -> int:
        """The number of classes, of keys or of queries."""
        return min(len(self.by_key), len(self.by_query))

    def shorter(self, possible: Possible) -> Truth:
        """The truth table of texts that are half as long."""
        half = possible.longest // 2
        sides = []
        for nodes, rows in ((self.keys, self.rows), (self.queries, self.columns)):
            sets = [set(possible.values(node, half)) for node in nodes]
            sides.append([row for row in rows if all(value in found for value, found in zip(row, sets, strict=True))])
        selects = {(row, column): self.selects[row, column] for row in sides[0] for column in sides[1]}
        return Truth(self.keys, self.queries, sides[0], sides[1], selects)


def _sources(node: Selector, side: str) -> list[Sequence]:
    """The operators whose values are the keys, or the queries, of a selector's parts."""
    return list({id(getattr(part, side)): getattr(part, side) for part in atoms(node)}.values())


def _classes(rows: Iterable[tuple[Row, tuple[bool, ...]]]) -> list[list[Row]]:
    classes: dict[tuple[bool, ...], list[Row]] = {}
    for row, truths in rows:
        classes.setdefault(truths, []).append(row)
    return [members for truths, members in classes.items() if any(truths)]


def conjunction(node: Selector, sign: bool) -> Iterator[tuple[Selector, bool]]:
    """The parts that all must hold (``sign``: or all fail to hold) for a selector to select."""
    if node.parts and node.name == "not":
        yield from conjunction(node.parts[0], not sign)
    elif node.parts and node.name == ("and" if sign else "or"):
        for part in node.parts:
            yield from conjunction(part, sign)
    else:
        yield node, sign


def atoms(node: Selector) -> Iterator[Selector]:
    """The selectors of keys and queries of which one is made."""
    if node.parts:
        for part in node.parts:
            yield from atoms(part)
    else:
        yield node


def holds(node: Selector, keys: dict[int, Any], queries: dict[int, Any]) -> bool:
    """Whether a selector selects, by the values of the operators of its keys and queries; not where these do not compare."""
    if node.parts:
        return bool(node.function(*(holds(part, keys, queries) for part in node.parts)))
    try:
        return bool(node.function(keys[id(node.key)], queries[id(node.query)]))
    except TypeError:
        return False
