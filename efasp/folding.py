"""Partial evaluation of a program: some nodes replaced, then constants folded from the inputs to the output.

A coordinate is a constant where its interval is one number; a ReLU of which the sign is known is 0 or its argument. Intervals
are those of the sorts, met with interval arithmetic over the folded inputs: a replaced node of fewer values sharpens what reads
it.
"""

from __future__ import annotations

from collections.abc import Sequence

from efasp.sorts import Interval, Number, Sort
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Relu, Row, TokenEmbedding, walk

Bounds = tuple[Interval, ...]
EMBEDDINGS = (TokenEmbedding, PositionEmbedding)


class Folded:
    """Nodes as they are after folding. ``base``: any node of every sequence, over which constants are written."""

    def __init__(self, base: Node) -> None:
        self.base = base
        self.of: dict[Node, Node] = {}  # a node to what takes its place, of the same width
        self.bounds: dict[Node, Bounds] = {}  # of what takes a place

    def replace(self, node: Node, by: Node, bounds: Bounds) -> None:
        """Let a node be another one of its width, whose coordinates have the given bounds."""
        self.of[node], self.bounds[by] = by, bounds

    def constant(self, values: Sequence[Number], sort: Sort) -> Node:
        """A node with the constant ``values``, of a sort."""
        made = Affine(self.base, ((),) * len(values), tuple(values), sort)
        self.bounds[made] = tuple((value, value) for value in values)
        return made

    def fold(self, root: Node) -> Node:
        """What takes the place of a node; whatever it reads is folded first."""
        for node in walk(root, known=self.of):
            self.of[node] = self._made(node)
        return self.of[root]

    def _made(self, node: Node) -> Node:
        if isinstance(node, Concat):
            parts = tuple(self.of[part] for part in node.parts)
            return self._known(Concat(parts), tuple(bound for part in parts for bound in self.bounds[part]))
        if isinstance(node, Affine):
            return self._affine(self.of[node.x], node.rows, node.bias, node.declared)
        if isinstance(node, Relu):
            return self._relu(self.of[node.x], node.declared)
        if isinstance(node, Attention):
            q, k, v = (self.of[part] for part in node.inputs)
            made = Attention(q, k, v, node.declared)
            return self._known(made, met(made.sort.bounds, self.bounds[v]))
        return self._known(node, node.sort.bounds)

    def _known(self, node: Node, bounds: Bounds) -> Node:
        self.bounds[node] = met(bounds, self.bounds.get(node, bounds))
        return node

    def _affine(self, x: Node, rows: Sequence[Row], bias: Sequence[Number], declared: Sort | None) -> Node:
        """An affine map of a folded vector: its constants go into the bias, and parts that nothing reads are left out."""
        bounds = self.bounds[x]
        fixed = {i: low for i, (low, high) in enumerate(bounds) if low == high and not isinstance(x, EMBEDDINGS)}
        kept = [tuple((i, c) for i, c in row if i not in fixed) for row in rows]
        level = [b + sum(c * fixed[i] for i, c in row if i in fixed) for row, b in zip(rows, bias, strict=True)]
        ranges = tuple(ranged(row, b, bounds) for row, b in zip(kept, level, strict=True))
        if not any(kept):
            x = self.base
        elif isinstance(x, Concat):
            x, kept = pruned(x, kept)
        made = Affine(x, tuple(kept), tuple(level), declared)
        return self._known(made, ranges if declared is None else met(declared.bounds, ranges))

    def _relu(self, x: Node, declared: Sort | None) -> Node:
        """The units whose sign is not known, and in the place of others their argument, or 0."""
        bounds = self.bounds[x]
        live = [i for i, (low, high) in enumerate(bounds) if low < 0 < high]
        after = tuple((max(low, 0), max(high, 0)) for low, high in bounds)
        if len(live) == len(bounds):
            made = Relu(x, declared)
            return self._known(made, met(made.sort.bounds, after))
        rows: list[Row] = [((i, 1),) if high > 0 else () for i, (_, high) in enumerate(bounds)]
        if not live:
            return self._affine(x, rows, (0,) * len(rows), declared)
        some = self._affine(x, [((i, 1),) for i in live], (0,) * len(live), None)
        units = self._known(Relu(some), tuple(after[i] for i in live))
        both = self._known(Concat((units, x)), (*self.bounds[units], *bounds))
        placed = {i: ((place, 1),) for place, i in enumerate(live)}
        shifted = [tuple((len(live) + i, c) for i, c in row) for row in rows]
        return self._affine(both, [placed.get(i, row) for i, row in enumerate(shifted)], (0,) * len(rows), declared)


def met(a: Bounds, b: Bounds) -> Bounds:
    """The intersection of the intervals of each coordinate."""
    return tuple((max(low, other[0]), min(high, other[1])) for (low, high), other in zip(a, b, strict=True))


def ranged(row: Row, constant: Number, bounds: Bounds) -> Interval:
    """The interval of a row of an affine map, for coordinates within bounds."""
    ends = [sorted((c * bounds[i][0], c * bounds[i][1])) for i, c in row]
    return constant + sum(low for low, _ in ends), constant + sum(high for _, high in ends)


def pruned(x: Concat, rows: Sequence[Row]) -> tuple[Node, list[Row]]:
    """A concatenation without the parts that no row reads, and the rows over the remaining parts."""
    read, at, now = {i for row in rows for i, _ in row}, 0, 0
    parts, place = list[Node](), dict[int, int]()
    for part in x.parts:
        here = range(at, at + part.width)
        if not read.isdisjoint(here):
            parts.append(part)
            place |= {i: now + i - at for i in here}
            now += part.width
        at += part.width
    return parts[0] if len(parts) == 1 else Concat(tuple(parts)), [tuple((place[i], c) for i, c in row) for row in rows]
