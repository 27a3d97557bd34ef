"""The mean of a head, as integers: of m positions that are selected, the sum of each value, between m times its bounds.

A mean is linear, so the sums of a value are those of its leaves: of the flags of the kinds of token, which add up to m, of
numbers of places, of units and other heads. What is nonzero at one position at most (the flag of the start token, or of
place 0) has that one value as its sum, or 0; each such fact is an obligation of its own, ``program.once``. Everything that is
made of means over one selection is an integer over m, so no product of unknowns is needed: what else is an integer x is m x
over m, and of m x only its bounds are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm

from efasp.affine_forms import Form
from efasp.evaluate import evaluate
from efasp.proofs.programs.position import Position, Scaled, between, counted, within
from efasp.proofs.programs.texts import Texts
from efasp.proofs.programs.winners import Forms
from efasp.proofs.smtlib import Script, Term, eq, le, linear, num
from efasp.sorts import Number, OneHot
from efasp.syntax import Attention, Node, Parameter, TokenEmbedding

Selection = tuple[tuple[Form, Form], ...]  # the forms of a query's and a key's coordinates that are not always 0

ONCE = "program.once"


class Means:
    """What is known of the means of a program's heads. ``used``: the coordinates of which it was said that they are nonzero at
    one position at most, numbered; ``stated``: those of which that has been made an obligation."""

    def __init__(self, texts: Texts) -> None:
        self.module, self.texts = texts.module, texts
        self.used: dict[tuple[Node, int], int] = {}
        self.stated: set[tuple[Node, int]] = set()
        self._once: dict[Node, list[bool]] = {}
        self._forms, self._selections = Forms(), dict[tuple[Node, Node], Selection]()

    def selection(self, *roots: Node, shown: Node | None = None) -> Selection | None:
        """The one selection of all means below some roots; None where there are none, several, or means of fractions.

        ``shown``: the node whose sort is to be shown, and so not known.
        """
        below = within(*roots, known=frozenset(counted(*roots, shown=shown)))
        rational = [node for node in below if isinstance(node, (Attention, Parameter)) and not node.sort.integral]
        selections = {self._selected(node) if isinstance(node, Attention) else None for node in rational}
        integers = all(isinstance(node, Attention) and self._summed(node) for node in rational)
        return selections.pop() if len(selections) == 1 and integers else None

    def _summed(self, head: Attention) -> bool:
        """Whether a head's values are integers, and those that they are made of, so that the sums of these are."""
        return head.v.sort.integral and all(leaf.sort.integral for form in self._forms.of(head.v) for leaf, _ in form.terms)

    def _selected(self, head: Attention) -> Selection:
        """What a head selects by: two heads of which this is equal select the same positions."""
        if (head.q, head.k) not in self._selections:
            pairs = zip(self._forms.of(head.q), self._forms.of(head.k), strict=True)
            self._selections[head.q, head.k] = tuple((q, k) for q, k in pairs if Form() not in (q, k))
        return self._selections[head.q, head.k]

    def mean(self, position: Position, head: Attention) -> list[Scaled]:
        """The coordinates of a head's mean at a position."""
        selected = self._selected(head)
        if selected not in position.sums:
            position.sums[selected] = Sums(position.script, f"{position.name}.s{len(position.sums) + 1}", self)
        sums = position.sums[selected]
        assert isinstance(sums, Sums)
        return sums.mean(head)

    def once(self, value: Node) -> Iterator[int]:
        """The coordinates of a value that are nonzero at one position at most of every short text: to be shown of all."""
        if value not in self._once:
            several = [False] * value.width
            for text in self.texts.short():
                (values,) = evaluate(value, tokens=self.module.encode(text))
                several = [old or found > 1 for old, found in zip(several, (values != 0).sum(axis=0), strict=True)]
            self._once[value] = [not found for found in several]
        for coordinate, single in enumerate(self._once[value]):
            if single:
                self.used.setdefault((value, coordinate), len(self.used) + 1)
                yield coordinate

    def fact(self, value: Node, coordinate: int) -> str:
        """The id of the obligation that a coordinate of a value is nonzero at one position at most."""
        return f"{ONCE}[program={self.module.program.name},number={self.used[value, coordinate]}]"


class Sums:
    """The sums of values over the m positions that one selection has at the position ``name``, as terms of a script."""

    def __init__(self, script: Script, name: str, means: Means) -> None:
        self.script, self.name, self.means = script, name, means
        self.count = script.declare(f"{name}.selected", note="positions that are selected")
        script.definition(le("1", self.count))
        if means.module.positions is not None:
            script.definition(le(self.count, num(means.module.positions)))
        self._leaves: dict[Node, list[Term]] = {}
        self._forms, self._heads = Forms(), 0

    def mean(self, head: Attention) -> list[Scaled]:
        """The coordinates of a head's mean."""
        self._heads += 1
        out: list[Scaled] = []
        for form, (low, high) in zip(self._forms.of(head.v), head.v.sort.bounds, strict=True):
            by = lcm(*(Fraction(c).denominator for c in (form.constant, *form.terms.values())))
            terms = [(int(c * by), self._leaf(node)[at]) for (node, at), c in form.terms.items()]
            text = linear([*terms, (int(form.constant * by), self.count)])
            out.append(Scaled(self.script.define(f"{self.name}.mean{self._heads}.{len(out)}", text), by, self.count))
            self._within(out[-1].term, by * low, by * high, self.count)
        for coordinate in self.means.once(head.v):
            (low, high), (term, by, _) = head.v.sort.bounds[coordinate], out[coordinate]
            self.script.sort(between(term, by * min(low, 0), by * max(high, 0)), "", self.means.fact(head.v, coordinate))
        return out

    def _within(self, term: Term, low: Number, high: Number, times: Term) -> None:
        self.script.definition(between(term, low, high, times))

    def _leaf(self, node: Node) -> list[Term]:
        """The sums of a leaf's coordinates."""
        if node not in self._leaves:
            sums = [self.script.declare(f"{self.name}.sum{len(self._leaves)}.{i}") for i in range(node.width)]
            self._leaves[node] = sums
            for term, (low, high) in zip(sums, node.sort.bounds, strict=True):
                self._within(term, low, high, self.count)
            kinds = list(zip(node.codebook.kinds, sums, strict=False)) if isinstance(node, TokenEmbedding) else []
            if kinds:
                usual = {*self.means.module.letters, self.means.module.start}
                for kind, term in kinds:
                    if kind.name not in usual:
                        self.script.definition(eq(term, "0"))
                self.script.definition(eq(linear([(1, term) for _, term in kinds]), self.count), "each of one kind")
            if isinstance(node.sort, OneHot):
                total = linear([(1, term) for term in sums])
                self.script.definition(le(total, self.count) if node.sort.partial else eq(total, self.count))
        return self._leaves[node]
