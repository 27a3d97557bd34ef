"""E-FASP: the primitives. A program is a graph of functions from token sequences to one vector a position.

Six primitives, as in the paper (claim F): token embedding, position embedding, concatenation, affine map, ReLU and
average-hard attention. ``Parameter`` is a free variable: it stands for an operator's argument while the operator is
looked at by itself; a closed program has none.

Nodes are frozen and interned: structurally equal programs are the same object, so shared subexpressions are shared.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import Any

from efasp.codebook import Codebook
from efasp.sorts import Interval, Number, Sort, SortError, Vector, tidy, vector

Row = tuple[tuple[int, Number], ...]  # sparse row of a matrix: (column, coefficient), by column, none zero

_INTERNED: weakref.WeakKeyDictionary[Node, weakref.ref[Node]] = weakref.WeakKeyDictionary()


class _Interning(type):
    """Makes equal nodes the same object."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        node = super().__call__(*args, **kwargs)
        known = _INTERNED.get(node)
        twin = known() if known is not None else None
        if twin is not None:
            return twin
        _INTERNED[node] = weakref.ref(node)
        return node


@dataclass(frozen=True, eq=False, repr=False)
class Node(metaclass=_Interning):
    """A function from sequences to vectors; ``sort`` gives the values of the vectors. Arithmetic on nodes makes affine maps."""

    sort: Sort = field(init=False)
    width: int = field(init=False, repr=False)  # number of coordinates
    _key: tuple[Any, ...] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)
    origin: tuple[str, tuple[Any, ...]] | None = field(init=False, repr=False, default=None)

    def _finish(self, sort: Sort, *key: Any) -> None:
        object.__setattr__(self, "sort", sort)
        object.__setattr__(self, "width", sort.width)
        object.__setattr__(self, "_key", (type(self).__name__, sort, *key))
        object.__setattr__(self, "_hash", hash(self._key))

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sort}>"  # the graph below is shared: as a tree it would not end

    def __eq__(self, other: object) -> bool:
        """Whether two nodes are the same. Raises SortError for a number: the values of a node are compared by an operator."""
        if isinstance(other, (int, Fraction)):
            raise SortError("==", "a node (equals, equal, less and threshold compare values)", f"the number {other}")
        return self is other or (isinstance(other, Node) and self._hash == other._hash and self._key == other._key)

    def __bool__(self) -> bool:
        """Raises SortError: a node has a value at every position, none of which is known here."""
        raise SortError("bool", "a truth value (gate, if_else and select choose by a flag)", f"a node of {self.sort}")

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that this one reads directly."""
        return ()

    def __getitem__(self, index: int | slice) -> Node:
        places = range(self.width)[index]
        return take(self, [places] if isinstance(places, int) else places)

    def __iter__(self) -> Iterator[Node]:
        return (self[place] for place in range(self.width))

    def __add__(self, other: Node | Number) -> Node:
        return combine([(1, self), (1, other)]) if isinstance(other, Node) else combine([(1, self)], other)

    def __radd__(self, other: Number) -> Node:
        return self + other

    def __sub__(self, other: Node | Number) -> Node:
        return combine([(1, self), (-1, other)]) if isinstance(other, Node) else combine([(1, self)], -other)

    def __rsub__(self, other: Number) -> Node:
        return combine([(-1, self)], other)

    def __mul__(self, factor: Number) -> Node:
        return combine([(factor, self)])

    __rmul__ = __mul__

    def __neg__(self) -> Node:
        return combine([(-1, self)])


@dataclass(frozen=True, eq=False, repr=False)
class Parameter(Node):
    """A free variable of the given sort."""

    name: str
    of: Sort

    def __post_init__(self) -> None:
        self._finish(self.of, self.name)


@dataclass(frozen=True, eq=False, repr=False)
class TokenEmbedding(Node):
    """TE: the code of the token at each position."""

    codebook: Codebook

    def __post_init__(self) -> None:
        self._finish(self.codebook.sort, self.codebook)


@dataclass(frozen=True, eq=False, repr=False)
class PositionEmbedding(Node):
    """PE: the code of each position."""

    codebook: Codebook

    def __post_init__(self) -> None:
        self._finish(self.codebook.sort, self.codebook)


@dataclass(frozen=True, eq=False, repr=False)
class Concat(Node):
    """The coordinates of ``parts``, one after the other."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        self._finish(Vector(tuple(part.sort for part in self.parts)), self.parts)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, eq=False, repr=False)
class Affine(Node):
    """``rows @ x + bias``: one sparse row of exact coefficients an output. ``declared``: a sharper sort than intervals give."""

    x: Node
    rows: tuple[Row, ...]
    bias: tuple[Number, ...]
    declared: Sort | None = None

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.bias):
            raise SortError("affine", f"{len(self.rows)} biases", f"{len(self.bias)}")
        width = self.x.width
        for row in self.rows:
            if row and not 0 <= row[0][0] <= row[-1][0] < width:
                raise SortError("affine", f"columns in 0..{width - 1}", row)
        sort = _declare("affine", len(self.rows), self._inferred, self.declared)
        self._finish(sort, self.x, self.rows, self.bias)

    def _inferred(self) -> Sort:
        bounds, integral, inner = self.x.sort.bounds, self.x.sort.integral, []
        whole = all(type(low) is int and type(high) is int for low, high in bounds)
        ends = [] if whole else [_over(*pair) for pair in bounds]
        for row, constant in zip(self.rows, self.bias, strict=True):
            integral = integral and constant == int(constant) and all(type(c) is int or c == int(c) for _, c in row)
            if not whole:
                inner.append(_span(row, constant, ends))
                continue
            low = high = constant
            for i, c in row:
                a, b = bounds[i]
                if c == 1:
                    low, high = low + a, high + b
                else:
                    low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
            inner.append((low, high))
        return vector(inner, integral)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)


@dataclass(frozen=True, eq=False, repr=False)
class Relu(Node):
    """``max(x, 0)`` in each coordinate."""

    x: Node
    declared: Sort | None = None

    def __post_init__(self) -> None:
        self._finish(_declare("relu", self.x.width, self._inferred, self.declared), self.x)

    def _inferred(self) -> Sort:
        return vector([(max(low, 0), max(high, 0)) for low, high in self.x.sort.bounds], self.x.sort.integral)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.x,)


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Node):
    """Average-hard attention ``aha(q, k, v)``: the mean of v over all positions j that attain max <q(i), k(j)>.

    ``declared``: the sort of the result where ties never mix values (else rationals between the bounds of v).
    """

    q: Node
    k: Node
    v: Node
    declared: Sort | None = None

    def __post_init__(self) -> None:
        if self.q.width != self.k.width:
            raise SortError("aha", f"keys of width {self.q.width}", f"width {self.k.width}")
        sort = _declare("aha", self.v.width, lambda: vector(self.v.sort.bounds, False), self.declared)
        self._finish(sort, self.q, self.k, self.v)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.q, self.k, self.v)


def _over(low: Number, high: Number) -> tuple[int, int, int]:
    """The numerators of two numbers over their least common denominator, and it."""
    by = lcm(low.denominator, high.denominator)
    return low.numerator * (by // low.denominator), high.numerator * (by // high.denominator), by


def _span(row: Row, constant: Number, ends: Sequence[tuple[int, int, int]]) -> Interval:
    """The bounds of a row's sum, from those of the coordinates (``_over``): sums of fractions take several times as long."""
    by = lcm(*(ends[i][2] * c.denominator for i, c in row))
    low = high = 0
    for i, c in row:
        a, b, own = ends[i]
        factor = c.numerator * (by // (own * c.denominator))
        low, high = (low + factor * a, high + factor * b) if factor > 0 else (low + factor * b, high + factor * a)
    if by == 1:
        return tidy(low + constant), tidy(high + constant)
    return tidy(Fraction(low, by) + constant), tidy(Fraction(high, by) + constant)


def _declare(operator: str, width: int, inferred: Callable[[], Sort], declared: Sort | None) -> Sort:
    if declared is None:
        return inferred()
    if declared.width != width:
        raise SortError(operator, f"a sort of width {width}", declared)
    return declared


def _exact(value: Number | float) -> Number:
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise SortError("affine", "exact coefficients (int or Fraction)", f"{value!r}")
    return int(value) if value == int(value) else value


def affine(x: Node, matrix: Sequence[Sequence[Number]], bias: Sequence[Number] | None = None, sort: Sort | None = None) -> Node:
    """The affine map with a dense matrix (rows = outputs); coefficients are ints or Fractions."""
    rows = []
    for line in matrix:
        if len(line) != x.width:
            raise SortError("affine", f"rows of length {x.width}", f"length {len(line)}")
        rows.append(tuple((column, _exact(c)) for column, c in enumerate(line) if c))
    return Affine(x, tuple(rows), tuple(_exact(b) for b in bias or (0,) * len(rows)), sort)


def take(x: Node, places: Sequence[int], sort: Sort | None = None) -> Node:
    """The coordinates of a node at ``places``, in the given order; of a single width-1 part of a product, with the part's
    sort."""
    if list(places) == list(range(x.width)) and sort is None:
        return x
    return Affine(x, tuple(((place, 1),) for place in places), (0,) * len(places), sort)


def concat(*parts: Node) -> Node:
    """Concatenation; of a single part, the part."""
    return parts[0] if len(parts) == 1 else Concat(parts)


def combine(terms: Sequence[tuple[Number, Node]], constant: Number = 0, sort: Sort | None = None) -> Node:
    """``sum of factor * node + constant`` in each coordinate; nodes of width 1 are broadcast."""
    width = max(node.width for _, node in terms)
    for _, node in terms:
        if node.width not in (1, width):
            raise SortError("combine", f"width 1 or {width}", f"{node.sort} of width {node.width}")
    places = accumulate((node.width for _, node in terms), initial=0)  # of each node's first column
    columns = [(at, node.width > 1, _exact(factor)) for at, (factor, node) in zip(places, terms, strict=False)]
    sparse = tuple(tuple((at + place if wide else at, c) for at, wide, c in columns if c) for place in range(width))
    return Affine(concat(*(node for _, node in terms)), sparse, (_exact(constant),) * width, sort)


def weigh(x: Node, weights: Sequence[Number], constant: Number = 0, sort: Sort | None = None) -> Node:
    """``<weights, x> + constant``: one coordinate."""
    return affine(x, [list(weights)], [constant], sort)


def relu(x: Node, sort: Sort | None = None) -> Node:
    """The node ``max(x, 0)``, in each coordinate."""
    return Relu(x, sort)


def aha(q: Node, k: Node, v: Node, sort: Sort | None = None) -> Node:
    """Average-hard attention; see ``Attention``."""
    return Attention(q, k, v, sort)


def refine(x: Node, sort: Sort) -> Node:
    """The vector ``x`` under a sharper sort, of the same width. Raises SortError for another width."""
    if x.sort == sort:
        return x
    if x.width != sort.width:
        raise SortError("refine", f"a sort of width {x.width}", sort)
    return Affine(x, tuple(((place, 1),) for place in range(x.width)), (0,) * x.width, sort)


def walk(*roots: Node, known: Container[Node] = ()) -> list[Node]:
    """Every node below the roots, each once, inputs first; ``known`` nodes are left out, and nodes that only they read."""
    return walk_by(lambda node: node.inputs, *roots, known=known)


def walk_by(below: Callable[[Node], Sequence[Node]], *roots: Node, known: Container[Node] = ()) -> list[Node]:
    """Every node below the roots, inputs first, as ``walk`` gives them; ``below`` gives the nodes that a node reads."""
    seen: dict[int, Node] = {}  # by identity, which for nodes is equality
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if id(node) in seen or node in known:
            continue
        if ready:
            seen[id(node)] = node
        else:
            stack.append((node, True))
            stack.extend([(child, False) for child in reversed(below(node)) if id(child) not in seen])
    return list(seen.values())


@dataclass
class Program:
    """A list of named definitions; the last one is the output. ``let`` adds one and gives the node back."""

    name: str
    definitions: dict[str, Node] = field(default_factory=dict)

    def let(self, name: str, node: Node) -> Node:
        """Name a node. Raises ValueError when the name stands for another node already."""
        if self.definitions.setdefault(name, node) is not node:
            raise ValueError(f"{self.name}: {name} is defined twice")
        return node

    @property
    def output(self) -> Node:
        """The last definition."""
        return next(reversed(self.definitions.values()))
