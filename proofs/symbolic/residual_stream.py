"""The symbolic residual stream: exact forms over atoms, by which a program and a layer plan are compared.

The atoms, and the identities up to which forms are normal, are those of ``proofs.symbolic.residual_atoms``: forms do not depend
on the order of units and heads, on their splitting and merging, or on scalings inside them. Normal forms are compared
syntactically: equal forms denote equal functions; different forms may denote equal functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from fractions import Fraction
from typing import NamedTuple

from efasp.affine_forms import NOTHING, Form, total
from efasp.exact import Matrix
from efasp.model.lower import PLAIN
from efasp.model.plan import Head, Layer, Plan
from efasp.proofs.symbolic.residual_atoms import Stream
from efasp.sorts import Interval, Number
from efasp.syntax import (
    Affine,
    Attention,
    Concat,
    Node,
    PositionEmbedding,
    Program,
    Relu,
    Row,
    TokenEmbedding,
    walk,
)  # fmt: skip


def mapped(matrix: Matrix, h: Sequence[Form]) -> list[Form]:
    """The product of a matrix and a vector of forms, one form for each row."""
    return [total([(c, h[i]) for i, c in row]) for row in matrix.rows]


class Deviation(NamedTuple):
    """A sublayer of a plan adds an atom to the residual stream that the program lacks.

    ``matrix`` and ``row`` name the unit ("up") or head (for example "head 3", row 0) that produces it.
    """

    layer: int
    matrix: str
    row: int
    atom: int


class Scored(NamedTuple):
    """The forms of a head, and the number and factor of its score; number -1: the head adds nothing to the stream."""

    q: list[Form]
    k: list[Form]
    v: list[Form]
    score: int = -1
    factor: Number = 1


class Executed(NamedTuple):
    """A plan executed over a stream: ``outputs``, the forms of the read-out, and ``deviations`` from the program.

    ``soft``: the heads whose score is a score of the program times a factor below 1, as (layer, head, factor); such a factor
    does not change average-hard attention, but it changes softmax. ``residual``: the stream before the first layer and after
    every sublayer; ``heads``: the heads of every layer.
    """

    outputs: list[Form]
    deviations: list[Deviation]
    soft: list[tuple[int, int, Number]]
    residual: list[list[Form]]
    heads: list[list[Scored]]


class Reader:
    """Reads the program first, then plans, over one stream; an atom of a plan that the program lacks is a deviation."""

    def __init__(self, program: Program) -> None:
        nodes = walk(program.output)
        books = {type(node): node.codebook for node in nodes if isinstance(node, (TokenEmbedding, PositionEmbedding))}
        self.stream = Stream(books[TokenEmbedding], books.get(PositionEmbedding, PLAIN))
        self.program = program
        self.factors: dict[int, Number] = {}  # for each score, the smallest factor that it has in the program
        self.integral: dict[int, int] = {}  # atoms that are multiples of 1 or 1/2 by their sort, to that divisor
        self.of: dict[Node, list[Form]] = {}
        self.lookups: dict[tuple[Node, Node], int] = {}  # query and key nodes to scores
        self._read(nodes, {})
        self.outputs = self.of[program.output]
        self.own_atoms, self.own_scores = len(self.stream.atoms), len(self.stream.scores)

    def _read(self, nodes: Iterable[Node], bounds: Mapping[Node, Sequence[Interval]]) -> None:
        """The forms of nodes, inputs first, and what is promised of them: their ``bounds``, by default those of their sorts."""
        for node in nodes:
            self.of[node] = self._forms(node)
            integral = node.sort.integral
            for form, interval in zip(self.of[node], bounds.get(node, node.sort.bounds), strict=True):
                self.stream.learn(form, interval)
                if (
                    integral
                    and len(form.terms) == 1
                    and set(form.terms.values()) <= {1, -1, 2, -2}
                    and type(form.constant) is int
                ):
                    self.integral.update((atom, abs(int(c))) for atom, c in form.terms.items())

    def other(self, root: Node, bounds: Mapping[Node, Sequence[Interval]] | None = None) -> list[Form]:
        """The forms of another program over the same stream. Every node is read, also those that this reader has read.

        ``bounds``: of nodes of which more is known than their sorts say.
        """
        reader = copy(self)
        reader.of, reader.lookups, reader.factors, reader.integral = {}, {}, {}, {}
        reader._read(walk(root), bounds or {})
        return reader.of[root]

    def copy(self) -> Reader:
        """A reader of the same program over a copy of the stream."""
        made = copy(self)
        made.stream = self.stream.copy()
        return made

    def _forms(self, node: Node) -> list[Form]:
        stream = self.stream
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.of[part]]
        if isinstance(node, Affine):
            x = self.of[node.x]
            return [total([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
        if isinstance(node, Relu):
            return [stream.relu(form) for form in self.of[node.x]]
        if isinstance(node, Attention):
            if (node.q, node.k) not in self.lookups:
                score, factor = stream.score(zip(self.of[node.q], self.of[node.k], strict=True))
                self.lookups[node.q, node.k] = score
                self.factors[score] = min(self.factors.get(score, factor), factor)
            return [stream.mean(self.lookups[node.q, node.k], form) for form in self.of[node.v]]
        side = {TokenEmbedding: "te", PositionEmbedding: "pe"}[type(node)]
        return [stream.code(side, coordinate) for coordinate in range(node.width)]

    def execute(self, plan: Plan) -> Executed:
        """The forms of a plan's read-out. Raises TooManyTerms."""
        stream, h = self.stream, self.embedded(plan)
        deviations: list[Deviation] = []
        soft: list[tuple[int, int, Number]] = []
        residual, heads = [h], list[list[Scored]]()
        for number, layer in enumerate(plan.layers, 1):
            update: list[list[tuple[Number, Form]]] = [[] for _ in h]
            origin: dict[int, tuple[str, int]] = {}
            heads.append([self._head(head, h) for head in layer.heads])
            for index, (head, (*_, v, score, factor)) in enumerate(zip(layer.heads, heads[-1], strict=True)):
                out = [stream.mean(score, form) for form in v] if score >= 0 else []
                if out and score < self.own_scores and factor < self.factors[score]:
                    soft.append((number, index, Fraction(factor) / self.factors[score]))
                self._foreign(out, f"head {index}", origin)
                for coordinate, row in enumerate(head.o.rows if out else []):
                    update[coordinate] += [(c, out[i]) for i, c in row]
            h = self._added(h, update, number, origin, deviations)
            residual.append(h)
            units = self._units(layer, h)
            origin = {}
            for index, unit in enumerate(units):
                self._foreign([unit], "up", origin, index)
            update = [[(c, units[i]) for i, c in row] for row in layer.down.rows]
            h = self._added(h, update, number, origin, deviations)
            residual.append(h)
        return Executed(self.read_out(plan, h), deviations, soft, residual, heads)

    def embedded(self, plan: Plan) -> list[Form]:
        """The stream before the first layer."""
        code = {side: [self.stream.code(side, c) for c in range(b.width)] for side, b in self.stream.books.items()}
        rows = zip(plan.token.rows, plan.place.rows, strict=True)
        return [total([(c, code["te"][i]) for i, c in token] + [(c, code["pe"][i]) for i, c in place]) for token, place in rows]

    def read_out(self, plan: Plan, h: list[Form]) -> list[Form]:
        """The forms of the read-out, from the stream after the last layer."""
        return [total([(c, h[i]) for i, c in row], b) for row, b in zip(plan.out.rows, plan.out_bias, strict=True)]

    def _head(self, head: Head, h: list[Form]) -> Scored:
        q, k, v = (mapped(matrix, h) for matrix in (head.q, head.k, head.v))
        if not any(head.o.rows) or all(form == Form(NOTHING) for form in v):
            return Scored(q, k, v)
        return Scored(q, k, v, *self.stream.score(zip(q, k, strict=True)))

    def _units(self, layer: Layer, h: list[Form]) -> list[Form]:
        """The forms of the hidden units of a layer; 0 for a unit that is not added to the stream."""
        used = {unit for row in layer.down.rows for unit, _ in row}
        rows: dict[Row, Form] = {}  # units that compare one sum with several thresholds share a row
        units = []
        for index, (row, bias) in enumerate(zip(layer.up.rows, layer.bias, strict=True)):
            if index in used and row not in rows:
                rows[row] = total([(c, h[i]) for i, c in row])
            form = rows[row] if index in used else Form(NOTHING)
            units.append(self.stream.relu(Form(form.terms, form.constant + bias)) if index in used else form)
        return units

    def _foreign(self, forms: list[Form], matrix: str, origin: dict[int, tuple[str, int]], row: int = 0) -> None:
        """Record the matrix and row that produce the atoms that the program lacks."""
        for form in forms:
            for atom in form.terms:
                if atom >= self.own_atoms:
                    origin.setdefault(atom, (matrix, row))

    def _added(
        self,
        h: list[Form],
        update: list[list[tuple[Number, Form]]],
        layer: int,
        origin: dict[int, tuple[str, int]],
        deviations: list[Deviation],
    ) -> list[Form]:
        """The stream after a sublayer; new foreign atoms that do not cancel are recorded as deviations."""
        after = [total([(1, old), *new]) if new else old for old, new in zip(h, update, strict=True)]
        left = {atom for form in after if origin for atom in form.terms if atom in origin}
        deviations += [Deviation(layer, *origin[atom], atom) for atom in sorted(left)]
        return after
