"""Family sequences, pieces: the scores of a head at pairs of a query and a key, and numbers made of what heads read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from efasp.codebook import Codebook
from efasp.embeddings import positions
from efasp.evaluate import evaluate
from efasp.exact import scores
from efasp.sorts import Flag
from efasp.syntax import Attention, Node, Parameter, walk

Case = dict[str, Any]
Columns = dict[str, np.ndarray]
Table = dict[Node, list[int]]
PLACE: Node = positions(Codebook.index(1)).field("number")  # stands for the place in a table of rows
SINK = Parameter("sink", Flag())


def table(of: Sequence[Node], several: Iterable[Sequence[int]]) -> Table:
    """A column of values for each of some nodes, from rows."""
    listed = list(several)
    return {node: [row[i] for row in listed] for i, node in enumerate(of)}


def at(rows: Table, *roots: Node, means: Mapping[Node, Sequence[Sequence[Any]]] | None = None) -> list[np.ndarray]:
    """The values of nodes at the rows of a table; ``means``: what heads read there."""
    read = means or {}
    length = max(map(len, (*rows.values(), *read.values())))
    values: dict[Node, np.ndarray] = {
        node: np.array([node.sort.encode(value) for value in column]) for node, column in rows.items() if node is not PLACE
    }
    values |= {head: np.array(column, dtype=object) for head, column in read.items()}
    return evaluate(*roots, values=values, positions=rows.get(PLACE, [0] * length))


def named(node: Node) -> str:
    """The name of a column."""
    return "place" if node is PLACE else getattr(node, "name", "")


def shown(rows: Table, number: int) -> Case:
    """One row of a table."""
    return {named(node): column[number] for node, column in rows.items()}


def columns(rows: Table, axis: int) -> Columns:
    """The columns of a table by their names, with another axis of size 1, the last one of queries and the first of keys."""
    return {named(node): np.expand_dims(np.array(column), axis) for node, column in rows.items()}


class Heads(NamedTuple):
    """The scores of a head, for some queries and keys. ``chosen``: of two tables of columns, a row of queries a line and one of
    keys a column, whether the key is selected; it is not asked at the sink, which is ``below`` lower than what is selected; all
    else is 1 lower still."""

    head: Attention
    queries: Table
    keys: Table
    chosen: Callable[[Columns, Columns], Any]
    below: int = 0

    @property
    def cases(self) -> int:
        """The number of pairs of a query and a key."""
        return len(next(iter(self.queries.values()))) * len(next(iter(self.keys.values())))

    def wrong(self) -> Iterator[Case]:
        """The pairs whose score is wrong: all that is selected has the highest, all else is 1 below the sink."""
        got = scores(at(self.queries, self.head.q)[0], at(self.keys, self.head.k)[0])
        selected = np.broadcast_to(self.chosen(columns(self.queries, 1), columns(self.keys, 0)), got.shape)
        sink = np.broadcast_to(np.array(self.keys.get(SINK, 0), dtype=bool), got.shape)
        selected = selected & ~sink
        most = got[selected].max() if selected.any() else 2
        right = np.where(selected, got == most, np.where(sink, got == most - self.below, got <= most - 1 - self.below))
        for i, j in np.argwhere(~right.astype(bool)):
            what = "selected" if selected[i, j] else "the sink" if sink[i, j] else "not selected"
            rows = {"query": shown(self.queries, int(i)), "key": shown(self.keys, int(j))}
            yield {**rows, "is": what, "score": str(got[i, j]), "highest": str(most)}


class Numbers(NamedTuple):
    """Nodes at some rows, with what heads read there: ``expected`` at each row."""

    nodes: tuple[Node, ...]
    rows: Table
    means: Mapping[Node, Sequence[Sequence[Any]]]
    expected: list[list[Any]]

    @property
    def cases(self) -> int:
        """The number of rows of the table."""
        return len(self.expected)

    def wrong(self) -> Iterator[Case]:
        """The rows at which a node has another value."""
        found = np.concatenate(at(self.rows, *self.nodes, means=self.means), axis=1).tolist()
        for number, (got, wanted) in enumerate(zip(found, self.expected, strict=True)):
            if got != wanted:
                read = [str(x) for column in self.means.values() for x in column[number]]
                yield {**shown(self.rows, number), "read": read, "expected": str(wanted), "got": str(got)}


def heads(root: Node) -> list[Attention]:
    """The attention nodes, inputs first."""
    return [node for node in walk(root) if isinstance(node, Attention)]


def is_head(root: Node, means: Sequence[Sequence[Any]]) -> Numbers:
    """That a root is what its last head reads."""
    return Numbers((root,), {}, {heads(root)[-1]: list(means)}, [list(mean) for mean in means])


def reads(head: Attention, values: Table, expected: Sequence[Sequence[Any]]) -> Numbers:
    """The values that a head reads."""
    return Numbers((head.v,), values, {}, [list(row) for row in expected])


def shares(most: int) -> list[tuple[Fraction]]:
    """The mean of the sink's flag over it and c others, for c up to a number."""
    return [(Fraction(1, c + 1),) for c in range(most + 1)]
