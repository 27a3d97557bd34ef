"""The SMT reading of a program at one position of an arbitrary sequence: the values of its nodes as terms over the code there.

Leaves are the coordinates of the embeddings, with what a codebook says of them (one kind, bits of a payload as signs, a number
as its bits), and the outputs of heads, of which only their sort is known. Affine maps and ReLUs are read from their rows.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import NamedTuple

from efasp.codebook import Codebook
from efasp.proofs.smtlib import Script, Term, eq, ite, land, le, linear, lnot, lor, num
from efasp.sorts import OneHot, Signs, Sort, Vector
from efasp.syntax import Affine, Attention, Concat, Node, Parameter, PositionEmbedding, Relu, TokenEmbedding, walk


class Scaled(NamedTuple):
    """``term / by``: an integer term, unless some head has fractions."""

    term: Term
    by: int


def counted(root: Node) -> list[Node]:
    """The nodes below a root that turn fractions into integers, by their own obligation: they are read as integers."""
    return [
        node
        for node in walk(root)
        if isinstance(node, Affine)
        and node is not root
        and node.sort.integral
        and not node._inferred().integral
        and not integral(node)
    ]


def integral(*nodes: Node) -> bool:
    """Whether every head and variable below some nodes has integers."""
    return all(node.sort.integral for node in walk(*nodes) if isinstance(node, (Attention, Parameter)))


def whole(*roots: Node) -> bool:
    """Whether some nodes are integers, those below them being what they declare."""
    below = (node for root in roots for node in walk(root, known=frozenset(counted(root))))
    return all(node.sort.integral for node in below if isinstance(node, (Attention, Parameter)))


class Position:
    """The nodes below some roots at one position, called ``name``; a head that is a root is looked into no further."""

    def __init__(self, script: Script, name: str, whole: bool) -> None:
        self.script, self.name, self.whole = script, name, whole
        self.type = "Int" if whole else "Real"
        self.known: dict[Node, list[Scaled]] = {}
        self.count = 0

    def of(self, root: Node) -> list[Scaled]:
        """The coordinates of a node."""
        for node in counted(root):
            if node not in self.known:
                self.known[node] = self._leaf(node.sort, "count")
        for node in walk(root, known=self.known):
            self.known[node] = self._read(node)
        return self.known[root]

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
        return self._leaf(node.sort, node.name if isinstance(node, Parameter) else "head")

    def _affine(self, node: Affine) -> list[Scaled]:
        x, out = self.known[node.x], []
        for row, bias in zip(node.rows, node.bias, strict=True):
            by = lcm(Fraction(bias).denominator, *(Fraction(c).denominator * x[i].by for i, c in row))
            parts = [(Fraction(c) * by / x[i].by, x[i].term) for i, c in row]
            text = linear([(int(c), term) for c, term in parts], int(bias * by))
            if len(row) > 1:
                text = self.script.define(self._fresh("sum"), text, self.type)
            out.append(Scaled(text, by))
        return out

    def _relu(self, x: Scaled) -> Scaled:
        term = ite(f"(> {x.term} 0)", x.term, "0")
        return Scaled(self.script.define(self._fresh("unit"), term, self.type), x.by)

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
