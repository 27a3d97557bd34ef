"""Pass 1 of lowering, which flattens the graph: scalars, affine forms over them, and the items that compute them.

Every ReLU unit and every head output is a scalar. Equal units and equal heads are the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from efasp.sorts import Interval, Number, SortError, tidy
from efasp.syntax import (
    Affine,
    Attention,
    Concat,
    Node,
    Parameter,
    PositionEmbedding,
    Program,
    Relu,
    Row,
    TokenEmbedding,
    walk,
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """An affine form over scalars: (scalar, coefficient) pairs by scalar, and a constant."""

    terms: Row
    constant: Number = 0

    def direction(self) -> Row:
        """The linear part up to a factor: the first coefficient made 1."""
        first = self.terms[0][1] if self.terms else 1
        return self.terms if first == 1 else tuple((s, over(c, first)) for s, c in self.terms)


def over(a: Number, b: Number) -> Number:
    """``a / b``, exact."""
    if type(a) is int and type(b) is int and not a % b:
        return a // b
    return tidy(Fraction(a) / b)


def _meet(x: Interval, y: Interval) -> Interval:
    """The intersection of two intervals."""
    return (x[0] if x[0] >= y[0] else y[0]), (x[1] if x[1] <= y[1] else y[1])


def combined(parts: Iterable[tuple[Number, Form]], constant: Number) -> Form:
    """The sum of factor * form, and a constant."""
    parts = list(parts)
    if len(parts) == 1 and parts[0][0] == 1:  # the same linear part, which later passes know by its identity
        return Form(parts[0][1].terms, tidy(constant + parts[0][1].constant))
    terms: dict[int, Number] = {}
    for factor, form in parts:
        constant += factor * form.constant
        for scalar, c in form.terms:
            terms[scalar] = terms.get(scalar, 0) + factor * c
    return Form(tuple((s, tidy(c)) for s, c in sorted(terms.items()) if c), tidy(constant))


@dataclass
class Item:
    """Something to place on a sublayer: one head, or ReLU units that belong together."""

    attention: bool
    scalars: list[int] = field(default_factory=list)
    q: list[Form] = field(default_factory=list)
    k: list[Form] = field(default_factory=list)
    values: list[Form] = field(default_factory=list)  # of a head: one a scalar; of units: the pre-activations
    whole: bool = False  # queries and keys are integers

    @property
    def reads(self) -> list[Form]:
        """Every form that must be available one sublayer earlier, once for each linear part."""
        return list({id(form.terms): form for form in self.q + self.k + self.values}.values())


class Forms:
    """Pass 1. ``bounds``: each scalar's interval; ``known`` and ``names``: those of directions, by sorts and definitions."""

    def __init__(self, program: Program) -> None:
        self.bounds: list[Interval] = []
        self.labels: list[str] = []
        self.items: list[Item] = []
        self.sources: dict[type[Node], tuple[int, Node]] = {}
        self.known: dict[Row, Interval] = {}
        self.names: dict[Row, str] = {}
        self._units: dict[Form, int] = {}
        self._heads: dict[tuple[tuple[Form, ...], tuple[Form, ...]], Item] = {}
        self._values: dict[tuple[int, Form], int] = {}
        nodes = walk(program.output)
        self.of: dict[Node, list[Form]] = {}
        for kind in (TokenEmbedding, PositionEmbedding):
            self._source(kind, [node for node in nodes if isinstance(node, kind)])
        for node in nodes:
            self.of[node] = self._flatten(node)
            self._learn(node)
        for name, node in program.definitions.items():
            for place, form in enumerate(self.of.get(node, [])):
                self.names.setdefault(form.direction(), f"{name}[{place}]" if node.width > 1 else name)
        self.outputs = self.of[program.output]

    def _scalar(self, interval: Interval, label: str) -> int:
        self.bounds.append(interval)
        self.labels.append(label)
        return len(self.bounds) - 1

    def _source(self, kind: type[Node], nodes: Sequence[Node]) -> None:
        if len(nodes) > 1:
            raise SortError("lower", f"one {kind.__name__}", f"{len(nodes)} of them, over different codebooks")
        for node in nodes:
            self.sources[kind] = (len(self.bounds), node)
            for name, slot in node.codebook.slots.items():  # type: ignore[attr-defined]
                for place, coordinate in enumerate(slot):
                    label = f"{'te' if kind is TokenEmbedding else 'pe'}.{name}" + (f"[{place}]" if len(slot) > 1 else "")
                    self._scalar(node.sort.bounds[coordinate], label)

    def _flatten(self, node: Node) -> list[Form]:
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            start = self.sources[type(node)][0]
            return [Form(((start + i, 1),)) for i in range(node.width)]
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.of[part]]
        if isinstance(node, Affine):
            x = self.of[node.x]
            return [combined([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
        if isinstance(node, Relu):
            return self._relu(node)
        if isinstance(node, Attention):
            return self._attend(node)
        assert isinstance(node, Parameter)
        raise SortError("lower", "a closed program", f"the free parameter {node.name}")

    def _relu(self, node: Relu) -> list[Form]:
        item, out = Item(attention=False), []
        label = node.origin[0] if node.origin else "unit"
        for place, form in enumerate(self.of[node.x]):
            if not form.terms:
                out.append(Form((), form.constant if form.constant > 0 else 0))
                continue
            if form not in self._units:
                self._units[form] = self._scalar(node.sort.bounds[place], f"{label}[{place}]")
                item.scalars.append(self._units[form])
                item.values.append(form)
            out.append(Form(((self._units[form], 1),)))
        if item.scalars:
            self.items.append(item)
        return out

    def _attend(self, node: Attention) -> list[Form]:
        pairs = [(q, k) for q, k in zip(self.of[node.q], self.of[node.k], strict=True) if q != Form(()) and k != Form(())]
        key = tuple(self._linear(q) for q, _ in pairs), tuple(self._linear(k) for _, k in pairs)
        if key not in self._heads:
            self._heads[key] = Item(attention=True, q=list(key[0]), k=list(key[1]))
            self.items.append(self._heads[key])
        head, out = self._heads[key], []
        head.whole = head.whole or (node.q.sort.integral and node.k.sort.integral)
        for place, form in enumerate(self.of[node.v]):
            linear = Form(form.terms)
            if not form.terms:
                out.append(form)
                continue
            if (id(head), linear) not in self._values:
                low, high = node.sort.bounds[place]
                scalar = self._scalar((low - form.constant, high - form.constant), f"head[{place}]")
                self._values[id(head), linear] = scalar
                head.scalars.append(scalar)
                head.values.append(linear)
            out.append(Form(((self._values[id(head), linear], 1),), form.constant))
        return out

    def _linear(self, form: Form) -> Form:
        """Projections have no bias: a constant is a multiple of the coordinate that holds 1."""
        if not form.constant:
            return form
        for start, node in reversed(self.sources.values()):
            one = start + node.codebook.slots["one"].start  # type: ignore[attr-defined]
            return combined([(1, Form(form.terms)), (form.constant, Form(((one, 1),)))], 0)
        raise SortError("lower", "a token or position embedding, for the constant 1", "none")

    def size(self, form: Form) -> Number:
        """The largest absolute value of a form, by intervals and by the sorts' bounds of its direction."""
        ends = [sorted(Fraction(c) * end for end in self.bounds[s]) for s, c in form.terms]
        low, high = (form.constant + sum((e[side] for e in ends), Fraction(0)) for side in (0, 1))
        one = {start + node.codebook.slots["one"].start for start, node in self.sources.values()}  # type: ignore[attr-defined]
        varying = Form(tuple((s, c) for s, c in form.terms if s not in one))
        if varying.terms and varying.direction() in self.known:
            fixed = form.constant + sum(c for s, c in form.terms if s in one)
            a, b = sorted(fixed + Fraction(varying.terms[0][1]) * end for end in self.known[varying.direction()])
            low, high = max(low, a), min(high, b)
        return tidy(max(abs(low), abs(high)))

    def _learn(self, node: Node) -> None:
        """Learn the bounds of its coordinates' directions from the node's sort."""
        for place, (form, (low, high)) in enumerate(zip(self.of[node], node.sort.bounds, strict=True)):
            if len(form.terms) < 1:
                continue
            scale = form.terms[0][1]
            a, b = (over(end - form.constant, scale) for end in (low, high))
            ends: Interval = (a, b) if a <= b else (b, a)
            direction = form.direction()
            self.known[direction] = _meet(self.known.get(direction, ends), ends)
            if node.origin:
                self.names.setdefault(direction, f"{node.origin[0]}[{place}]")
