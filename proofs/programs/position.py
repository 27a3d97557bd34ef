"""The SMT reading of a program at one position of an arbitrary sequence: the values of its nodes as terms over the code there.

Leaves are the coordinates of the embeddings, with what a codebook says of them (one kind, bits of a payload as signs, a number
as its bits), and the outputs of heads, which are means, or of which only their sort is known. Affine maps and ReLUs are read
from their rows.
"""

from __future__ import annotations

from collections.abc import Container
from fractions import Fraction
from math import lcm
from typing import NamedTuple, Protocol

from efasp.codebook import Codebook
from efasp.language.sort_names import fits
from efasp.proofs.smtlib import Script, Term, eq, ite, land, le, linear, lnot, lor, num, scale
from efasp.sorts import Interval, Number, OneHot, Signs, Sort, Vector
from efasp.syntax import (
    Affine,
    Attention,
    Concat,
    Node,
    Parameter,
    PositionEmbedding,
    Relu,
    TokenEmbedding,
    walk,
    walk_by,
)

ONE_BY_ONE = 64  # values of a sort that are listed
DEPTH = 2  # heads, one below the other, whose values are read at other positions


class Scaled(NamedTuple):
    """``term / (by over)``, where ``over`` is the name of an integer of 1 or more, or ``""`` for 1; an integer term, unless
    some head has fractions of which nothing else is known."""

    term: Term
    by: int
    over: Term = ""

    def times(self, value: Number) -> Term:
        """What the term is where the whole is a value."""
        return linear([(self.by * value, self.over)]) if self.over else num(self.by * value)


class Averages(Protocol):
    """What is known of means (``proofs.programs.means.Means``)."""

    def selection(self, *roots: Node, shown: Node | None = None) -> object:
        """The one selection of all means below some roots; None where there are none, several, or means of fractions."""

    def mean(self, position: Position, head: Attention) -> list[Scaled]:
        """The coordinates of a head's mean at a position."""


def within(*roots: Node, known: Container[Node] = ()) -> list[Node]:
    """The nodes below some roots that are at the same position: heads are looked into no further."""
    return walk_by(lambda node: () if isinstance(node, Attention) else node.inputs, *roots, known=known)


def counted(*roots: Node, shown: Node | None = None) -> list[Affine]:
    """The nodes below some roots that turn fractions into integers, by their own obligation: they are read as integers.

    ``shown``: the node that is not known to do so, as this is what is to be shown.
    """
    return [
        node
        for node in within(*roots)
        if isinstance(node, Affine)
        and node is not shown
        and node.sort.integral
        and not node._inferred().integral
        and not whole_heads(node)
    ]


def whole_heads(*roots: Node, known: Container[Node] = ()) -> bool:
    """Whether every head and variable that some nodes read is an integer."""
    return all(node.sort.integral for node in within(*roots, known=known) if isinstance(node, (Attention, Parameter)))


def integral(*nodes: Node) -> bool:
    """Whether every head and variable below some nodes has integers."""
    return all(node.sort.integral for node in walk(*nodes) if isinstance(node, (Attention, Parameter)))


def whole(*roots: Node, shown: Node | None = None) -> bool:
    """Whether some nodes are integers, those below them being what they declare, unless they are ``shown``."""
    return whole_heads(*roots, known=frozenset(counted(*roots, shown=shown)))


def between(term: Term, low: Number, high: Number, times: Term = "") -> Term:
    """That a term is between two numbers, or so many times these; in integers, whatever the numbers are."""
    by = lcm(Fraction(low).denominator, Fraction(high).denominator)
    ends = [linear([(by * end, times)]) if times else num(by * end) for end in (low, high)]
    return land(le(ends[0], scale(by, term)), le(scale(by, term), ends[1]))


def sort_condition(sort: Sort, values: list[Scaled], integers: bool = True) -> Term:
    """That a vector is one of a sort; unless its terms are ``integers``, every value of an integral sort is listed."""
    if isinstance(sort, Vector):
        out, at = [], 0
        for part in sort.parts:
            out.append(sort_condition(part, values[at : at + part.width], integers))
            at += part.width
        return land(*out)
    goals: list[Term] = []
    for value, (low, high) in zip(values, sort.bounds, strict=True):
        if sort.integral and (high - low < ONE_BY_ONE or not integers or value.over):
            goals.append(lor(*(eq(value.term, value.times(one)) for one in range(int(low), int(high) + 1))))
            continue
        goals.append(between(value.term, value.by * low, value.by * high, value.over))
        if sort.integral and value.by > 1:
            goals.append(eq(f"(mod {value.term} {value.by})", "0"))
    if isinstance(sort, OneHot):
        hot = linear([(1, ite(eq(value.term, "0"), "0", "1")) for value in values])
        goals.append(le(hot, "1") if sort.partial else eq(hot, "1"))
    if isinstance(sort, Signs):
        zero = [eq(value.term, "0") for value in values]
        goals.append(lor(land(*zero), land(*(f"(not {z})" for z in zero))))
    return land(*goals)


class Position:
    """The nodes below some roots at one position, called ``name``; ``shown`` is the node whose sort is not known.

    With ``means`` a head that has them is read by these, and an integer that is made of them is known to be. A head that reads
    one value has that of some other position, which is read as far as ``depth`` heads below.
    """

    def __init__(
        self,
        script: Script,
        name: str,
        whole: bool,
        means: Averages | None = None,
        shown: Node | None = None,
        depth: int = DEPTH,
    ) -> None:
        self.script, self.name, self.whole, self.shown, self.means, self.depth = script, name, whole, shown, means, depth
        self.type = "Int" if whole else "Real"
        self.known: dict[Node, list[Scaled]] = {}
        self.sums: dict[object, object] = {}  # those of each selection
        self.count = 0

    def of(self, root: Node) -> list[Scaled]:
        """The coordinates of a node."""
        for made in counted(root, shown=self.shown):
            if made not in self.known:
                self.known[made] = self._counted(made)
        for node in within(root, known=self.known):
            self.known[node] = self._read(node)
        return self.known[root]

    def _counted(self, node: Affine) -> list[Scaled]:
        """An integer of few values that is made of fractions: of its sort, and of means what they make of it."""
        leaves = self._leaf(node.sort, "count")
        if self.whole and self.means is not None and self.means.selection(node, shown=node) is not None:
            for below in within(node.x, known=self.known):
                self.known[below] = self._read(below)
            for leaf, made, (low, high) in zip(leaves, self._affine(node), node.sort.bounds, strict=True):
                if high - low < ONE_BY_ONE:
                    equal = [eq(eq(leaf.term, num(v)), eq(made.term, made.times(v))) for v in range(int(low), int(high) + 1)]
                    self.script.definition(land(*equal), "as it is made")
        return leaves

    def _fresh(self, what: str) -> Term:
        self.count += 1
        return f"{self.name}.{what}{self.count}"

    def _read(self, node: Node) -> list[Scaled]:
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            return self._code(node.codebook, "te" if isinstance(node, TokenEmbedding) else "pe")
        if isinstance(node, Concat):
            return [coordinate for part in node.parts for coordinate in self.known[part]]
        if isinstance(node, Affine):
            return self._affine(node)
        if isinstance(node, Relu):
            return [self._relu(coordinate) for coordinate in self.known[node.x]]
        if isinstance(node, Attention) and not node.sort.integral and self.whole and self.means is not None:
            return self.means.mean(self, node)
        if isinstance(node, Attention) and node.sort.integral and self.depth and whole(node.v) and self.whole:
            elsewhere = Position(self.script, self._fresh("at"), True, self.means, None, self.depth - 1)
            values = elsewhere.of(node.v)
            if not fits(node.v.sort, node.sort):
                self.script.definition(sort_condition(node.sort, values), "its sort")
            return values
        return self._leaf(node.sort, node.name if isinstance(node, Parameter) else "head")

    def _affine(self, node: Affine) -> list[Scaled]:
        x, out = self.known[node.x], []
        for row, bias in zip(node.rows, node.bias, strict=True):
            over = next((x[i].over for i, _ in row if x[i].over), "")
            by = lcm(Fraction(bias).denominator, *(Fraction(c).denominator * x[i].by for i, c in row))
            parts = [(Fraction(c) * by / x[i].by, self._term(x[i], node.x.sort.bounds[i], over)) for i, c in row]
            terms = [(int(c), term) for c, term in parts]
            text = linear([*terms, (int(bias * by), over)]) if over and bias else linear(terms, int(bias * by))
            if len(row) > 1:
                text = self.script.define(self._fresh("sum"), text, self.type)
            out.append(Scaled(text, by, over))
        return out

    def _term(self, x: Scaled, bounds: Interval, over: Term) -> Term:
        """The term of a value over a selection's count: of an integer, a product of which the bounds are known."""
        if x.over == over:
            return x.term
        product, (low, high) = self.script.declare(self._fresh("product"), self.type), bounds
        self.script.definition(between(product, x.by * low, x.by * high, over))
        return product

    def _relu(self, x: Scaled) -> Scaled:
        term = ite(f"(> {x.term} 0)", x.term, "0")
        return Scaled(self.script.define(self._fresh("unit"), term, self.type), x.by, x.over)

    def _variable(self, what: str, low: int, high: int) -> Term:
        """A symbol within bounds; among few values, one of them, also where it is a real."""
        name = self.script.declare(self._fresh(what), self.type)
        if high - low < 3:
            self.script.definition(lor(*(eq(name, num(value)) for value in range(low, high + 1))))
        else:
            self.script.definition(land(le(num(low), name), le(name, num(high))))
        return name

    def _leaf(self, sort: Sort, what: str) -> list[Scaled]:
        """Symbols of which the sort alone is known."""
        parts = sort.parts if isinstance(sort, Vector) else (sort,)
        out: list[Scaled] = []
        for part in parts:
            if isinstance(part, Vector):
                out += self._leaf(part, what)
                continue
            terms = []
            for low, high in part.bounds:
                if part.integral:
                    terms.append(self._variable(what, int(low), int(high)))
                    continue
                terms.append(self.script.declare(self._fresh(what), "Real"))
                self.script.definition(land(f"(<= {num(low)} {terms[-1]})", f"(<= {terms[-1]} {num(high)})"))
            if isinstance(part, OneHot):
                total = linear([(1, term) for term in terms])
                self.script.definition(le(total, "1") if part.partial else eq(total, "1"))
            if isinstance(part, Signs):
                self._together(terms)
            out += [Scaled(term, 1) for term in terms]
        return out

    def _together(self, terms: list[Term]) -> None:
        """Signs are all 0, or none is."""
        zero = [eq(term, "0") for term in terms]
        self.script.definition(lor(land(*zero), land(*map(lnot, zero))))

    def _code(self, book: Codebook, side: str) -> list[Scaled]:
        """A code: exactly one kind; the fields of a payload agree, where its kind carries it, and are 0 elsewhere."""
        kinds = [self._variable(f"{side}.kind", 0, 1) for _ in book.kinds]
        self.script.definition(eq(linear([(1, kind) for kind in kinds]), "1"))
        out = [*kinds, "1"]
        bits: dict[tuple[str, int], list[Term]] = {}
        for field in book.fields:
            present = linear([(1, k) for k, kind in zip(kinds, book.kinds, strict=True) if field.payload in kind.payloads])
            shifted = (field.payload, field.shift)
            if shifted not in bits:
                bits[shifted] = self._bits(present, book.bits[field.payload], side)
            signs = bits[shifted]
            if field.encode == "signs":
                out += signs
            elif field.encode == "number" and not field.shift:
                half = [(1 << place, sign) for place, sign in enumerate(signs)]
                number = self.script.declare(self._fresh(f"{side}.number"), self.type)
                top = (1 << len(signs)) - 1
                self.script.definition(eq(linear([(2, number)]), linear([*half, (top, present)])))
                out.append(number)
            else:
                slot = book.slots[field.name].start
                ((low, high),) = [book.sort.bounds[slot]]
                out.append(self._variable(f"{side}.{field.encode}", int(low), int(high)))
        return [Scaled(term, 1) for term in out]

    def _bits(self, present: Term, count: int, side: str) -> list[Term]:
        signs = [self._variable(f"{side}.bit", -1, 1) for _ in range(count)]
        for sign in signs:
            self.script.definition(eq(eq(sign, "0"), eq(present, "0")))
        return signs
