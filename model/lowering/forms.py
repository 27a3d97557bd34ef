"""Pass 1 of lowering, which flattens the graph: scalars, affine forms over them, and the items that compute them.

Every ReLU unit and every head output is a scalar. Equal units and equal heads are the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from efasp.affine_forms import Form, divided, primitive, total
from efasp.model.ranges import absolute
from efasp.model.winners import plain, sole_winner
from efasp.sorts import Interval, Number, SortError, tidy
from efasp.syntax import Affine, Attention, Concat, Node, Parameter, PositionEmbedding, Program, Relu, TokenEmbedding, walk

Direction = frozenset[tuple[int, int]]  # the linear part of a form up to a factor


def direction(form: Form) -> tuple[Direction, Number]:
    """The linear part up to a factor: integers without a common divisor, that of the first scalar positive; and the factor."""
    if len(form.terms) == 1:
        ((scalar, c),) = form.terms.items()
        return frozenset(((scalar, 1),)), c
    factor, numbers = primitive(list(form.terms.values()))
    terms = dict(zip(form.terms, numbers, strict=True))
    if terms[min(terms)] < 0:
        factor, terms = -factor, {scalar: -c for scalar, c in terms.items()}
    return frozenset(terms.items()), factor


def _meet(x: Interval, y: Interval) -> Interval:
    """The intersection of two intervals."""
    return (x[0] if x[0] >= y[0] else y[0]), (x[1] if x[1] <= y[1] else y[1])


@dataclass
class Item:
    """Something to place on a sublayer: one head, or ReLU units that belong together."""

    attention: bool
    scalars: list[int] = field(default_factory=list)
    q: list[Form] = field(default_factory=list)
    k: list[Form] = field(default_factory=list)
    values: list[Form] = field(default_factory=list)  # of a head: one a scalar; of units: the pre-activations
    whole: bool = False  # queries and keys are integers
    single: bool = False  # one position has the highest score

    @property
    def reads(self) -> list[Form]:
        """Every form that must be available one sublayer earlier, once for each linear part."""
        return list({id(form.terms): form for form in self.q + self.k + self.values}.values())


class Forms:
    """Pass 1. ``bounds``: each scalar's interval; ``known`` and ``names``: those of directions, by sorts and definitions."""

    def __init__(self, program: Program) -> None:
        self.bounds: list[Interval] = []
        self.labels: list[str] = []
        self.integral: list[bool] = []
        self.items: list[Item] = []
        self.sources: dict[type[Node], tuple[int, Node]] = {}
        self.known: dict[Direction, Interval] = {}
        self.names: dict[Direction, str] = {}
        self._units: dict[Form, int] = {}
        self._heads: dict[tuple[tuple[Form, ...], tuple[Form, ...]], list[int]] = {}  # places among the items
        self._made: dict[int, int] = {}  # of every scalar the place of its item
        self._values: dict[tuple[int, Form], int] = {}
        self._directions: dict[int, tuple[Direction, Number]] = {}
        nodes = walk(program.output)
        self.of: dict[Node, list[Form]] = {}
        for kind in (TokenEmbedding, PositionEmbedding):
            self._source(kind, [node for node in nodes if isinstance(node, kind)])
        for node in nodes:
            self.of[node] = self._flatten(node)
            self._learn(node)
        for name, node in program.definitions.items():
            for place, form in enumerate(self.of.get(node, [])):
                if form.terms:
                    self.names.setdefault(self._direction(form)[0], f"{name}[{place}]" if node.width > 1 else name)
        self.outputs = self.of[program.output]

    def _direction(self, form: Form) -> tuple[Direction, Number]:
        """The direction of a node's form, computed once for all that share its terms, which the nodes' forms keep alive."""
        if id(form.terms) not in self._directions:
            self._directions[id(form.terms)] = direction(form)
        return self._directions[id(form.terms)]

    def _scalar(self, interval: Interval, label: str, integral: bool = True) -> int:
        self.bounds.append(interval)
        self.labels.append(label)
        self.integral.append(integral)
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
            return [Form.atom(start + i) for i in range(node.width)]
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.of[part]]
        if isinstance(node, Affine):
            x = self.of[node.x]
            return [total([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
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
                out.append(Form(constant=max(form.constant, 0)))
                continue
            scalar = self._units.setdefault(form, len(self.bounds))
            if scalar == len(self.bounds):
                self._scalar(node.sort.bounds[place], f"{label}[{place}]", node.sort.integral)
                item.scalars.append(scalar)
                item.values.append(form)
            out.append(Form.atom(scalar))
        if item.scalars:
            self._made |= dict.fromkeys(item.scalars, len(self.items))
            self.items.append(item)
        return out

    def _attend(self, node: Attention) -> list[Form]:
        pairs = [(q, k) for q, k in zip(self.of[node.q], self.of[node.k], strict=True) if q != Form() and k != Form()]
        key = tuple(self._linear(q) for q, _ in pairs), tuple(self._linear(k) for _, k in pairs)
        heads = self._heads.setdefault(key, [])
        # a head takes only values that are there before it: what rests on its own outputs is for another head
        after = max((self._made.get(scalar, -1) for form in self.of[node.v] for scalar in form.terms), default=-1)
        at = next((place for place in heads if place > after), len(self.items))
        if at == len(self.items):
            heads.append(at)
            single = sole_winner([(self._fixed(q), self._fixed(k)) for q, k in pairs], self._place, self._whole) is not None
            self.items.append(Item(attention=True, q=list(key[0]), k=list(key[1]), single=single))
        head, out = self.items[at], list[Form]()
        head.whole = head.whole or (node.q.sort.integral and node.k.sort.integral)
        for place, form in enumerate(self.of[node.v]):
            linear = Form(form.terms)
            if not form.terms:
                out.append(form)
                continue
            scalar = self._values.setdefault((id(head), linear), len(self.bounds))
            if scalar == len(self.bounds):
                low, high = node.sort.bounds[place]
                self._made[scalar] = at
                self._scalar((low - form.constant, high - form.constant), f"head[{place}]", node.sort.integral)
                head.scalars.append(scalar)
                head.values.append(linear)
            out.append(Form({scalar: 1}, form.constant))
        return out

    def _place(self, scalar: int) -> str:
        """Which field of a plain place a scalar is, or nothing."""
        start, node = self.sources.get(PositionEmbedding, (0, None))
        if not isinstance(node, PositionEmbedding) or not plain(node.codebook):
            return ""
        return next((name for name, slot in node.codebook.slots.items() if scalar - start in slot), "")

    def _fixed(self, form: Form) -> Form:
        """A form without the scalars that are always 1."""
        ones = {start + node.codebook.slots["one"].start for start, node in self.sources.values()}  # type: ignore[attr-defined]
        parts = [(c, Form(constant=1) if scalar in ones else Form.atom(scalar)) for scalar, c in form.terms.items()]
        return total(parts, form.constant)

    def _whole(self, form: Form) -> bool:
        """Whether a form is an integer: integer coefficients of integer scalars."""
        numbers = (form.constant, *form.terms.values())
        return all(c == int(c) for c in numbers) and all(self.integral[scalar] for scalar in form.terms)

    def _linear(self, form: Form) -> Form:
        """Projections have no bias: a constant is a multiple of the coordinate that holds 1."""
        if not form.constant:
            return form
        for start, node in reversed(self.sources.values()):
            one = start + node.codebook.slots["one"].start  # type: ignore[attr-defined]
            return total([(1, Form(form.terms)), (form.constant, Form.atom(one))])
        raise SortError("lower", "a token or position embedding, for the constant 1", "none")

    def size(self, form: Form) -> Number:
        """The largest absolute value of a form, by intervals and by the sorts' bounds of its direction."""
        ends = [sorted(Fraction(c) * end for end in self.bounds[s]) for s, c in form.terms.items()]
        low: Number = form.constant + sum(low for low, _ in ends)
        high: Number = form.constant + sum(high for _, high in ends)
        one = {start + node.codebook.slots["one"].start for start, node in self.sources.values()}  # type: ignore[attr-defined]
        varying = Form({s: c for s, c in form.terms.items() if s not in one})
        if varying.terms:
            towards, factor = direction(varying)
            if towards in self.known:
                fixed = form.constant + sum(c for s, c in form.terms.items() if s in one)
                a, b = sorted(fixed + factor * end for end in self.known[towards])
                low, high = max(low, a), min(high, b)
        return tidy(max(absolute(low), absolute(high)))

    def _learn(self, node: Node) -> None:
        """Learn the bounds of its coordinates' directions from the node's sort; that of a concatenation says nothing new."""
        for place, (form, (low, high)) in enumerate(zip(self.of[node], node.sort.bounds, strict=True)):
            if not form.terms:
                continue
            towards, factor = self._direction(form)
            if node.origin:
                self.names.setdefault(towards, f"{node.origin[0]}[{place}]")
            if isinstance(node, Concat):
                continue
            if factor == 1 and not form.constant:
                ends: Interval = tidy(low), tidy(high)
            else:
                a, b = (divided(end - form.constant, factor) for end in (low, high))
                ends = (a, b) if a <= b else (b, a)
            known = self.known.get(towards)
            self.known[towards] = ends if known is None else _meet(known, ends)
