"""Scripts as the verified checker reads them (``proofs/rocq/Script.v``): numbered terms and formulas, made of earlier ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from efasp.proofs.smtlib import parse

Node = tuple[Any, ...]  # a name and, after it, numbers of terms and formulas, or plain numbers
LOGIC_WORDS = ("set-logic", "check-sat")


class ScriptError(ValueError):
    """A script, or a part of one, that the checker does not read; says which."""


class Table:
    """Nodes, each once, numbered from 1 on in the order in which they are made."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}

    def node_number(self, *node: Any) -> int:
        """The number of a node: its old one, or the next number if it is new."""
        if node not in self._known:
            self.nodes.append(node)
            self._known[node] = len(self.nodes)
        return self._known[node]

    def __getitem__(self, number: int) -> Node:
        return self.nodes[number - 1]

    def __len__(self) -> int:
        return len(self.nodes)


class Script:
    """The assertions of a script, as formulas; the checker's ``script`` of the same text has the same ones in the same order.

    Names are numbered by kind, in order of declaration; a definition is a name with an equation. Raises ScriptError.
    """

    def __init__(self, text: str) -> None:
        self.terms, self.formulas, self.assertions = Table(), Table(), list[int]()
        self.sorts: set[str] = set()
        self.names: dict[str, tuple[str, int, int]] = {"mod": ("function", 0, 2), "div": ("function", 1, 2)}
        self.counts = {"number": 0, "flag": 0, "function": 2, "predicate": 0}
        for command in parse(text):
            self._command(command)
        if {"Int", "Real"} <= self.sorts:
            raise ScriptError("expected numbers of one sort, found Int and Real")
        self.integral = "Real" not in self.sorts

    def _command(self, command: list[Any]) -> None:
        word, *rest = command
        if word in LOGIC_WORDS:
            return
        if word == "assert" and len(rest) == 1:
            self.assertions.append(self.formula(rest[0]))
        elif word == "declare-const":
            self._name(rest[0], self._kind(rest[1], "number", "flag"), 0)
        elif word == "declare-fun":
            for sort in rest[1]:
                if self._kind(sort, "number", "") != "number":
                    raise ScriptError(f"{rest[0]}: expected numbers as arguments, found {sort}")
            self._name(rest[0], self._kind(rest[2], "function", "predicate"), len(rest[1]))
        elif word == "define-fun" and not rest[1]:
            kind = self._kind(rest[2], "number", "flag")
            body = self.term(rest[3]) if kind == "number" else self.formula(rest[3])
            number = self._name(rest[0], kind, 0)
            left = self.terms.node_number("var", number) if kind == "number" else self.formulas.node_number("flag", number)
            self.assertions.append(self.formulas.node_number("eq" if kind == "number" else "iff", left, body))
        else:
            raise ScriptError(f"expected a command that is read, found {word}")

    def _kind(self, sort: str, numeric: str, boolean: str) -> str:
        if sort not in ("Int", "Real", "Bool"):
            raise ScriptError(f"expected Int, Real or Bool, found {sort}")
        if sort != "Bool":
            self.sorts.add(sort)
        return boolean if sort == "Bool" else numeric

    def _name(self, name: str, kind: str, arity: int) -> int:
        if name in self.names:
            raise ScriptError(f"{name} is declared twice")
        number = self.counts[kind]
        self.names[name] = (kind, number, arity)
        self.counts[kind] += 1
        return number

    # Terms.

    def num(self, value: int) -> int:
        """The number of the term that is a numeral."""
        return self.terms.node_number("num", value)

    def plus(self, a: int, b: int) -> int:
        """The number of the sum of two terms, given by their numbers."""
        return self.terms.node_number("plus", a, b)

    def times(self, k: int, a: int) -> int:
        """The number of a term's multiple by an integer."""
        return self.terms.node_number("times", k, a)

    def product(self, a: int, b: int) -> int:
        """A product: a multiple where one of the two is constant."""
        for constant, other in ((self._constant(a), b), (self._constant(b), a)):
            if constant is not None:
                multiple = self.times(constant[0], other)
                return multiple if constant[1] == 1 else self.terms.node_number("over", multiple, constant[1])
        return self.terms.node_number("product", a, b)

    def _constant(self, a: int) -> tuple[int, int] | None:
        """Numerator and denominator of a numeral, of its multiples and fractions."""
        match self.terms[a]:
            case ("num", value):
                return int(value), 1
            case ("times", k, b) if (below := self._constant(b)) is not None:
                return k * below[0], below[1]
            case ("over", b, q) if (below := self._constant(b)) is not None:
                return below[0], q * below[1]
        return None

    def term(self, tree: Any) -> int:
        """The number of a parsed term. Raises ScriptError for a formula, or for what the checker does not read."""
        if isinstance(tree, str):
            if re.fullmatch("[0-9]+", tree):
                return self.num(int(tree))
            kind, number, _ = self._known(tree)
            if kind != "number":
                raise ScriptError(f"expected a number, found {tree}")
            return self.terms.node_number("var", number)
        word, *args = tree
        if word == "ite":
            return self.terms.node_number("if", self.formula(args[0]), self.term(args[1]), self.term(args[2]))
        below = [self.term(arg) for arg in args]
        if word == "+":
            return right(self.plus, below)
        if word == "*":
            return right(self.product, below)
        if word == "-":
            minus = self.times(-1, below[0]) if len(below) == 1 else below[0]
            return reduce(lambda a, b: self.plus(a, self.times(-1, b)), below[1:], minus)
        if word == "/" and self.terms[below[1]][0] == "num":
            return self.terms.node_number("over", below[0], self.terms[below[1]][1])
        return self.terms.node_number("apply", *self._applied(word, "function", below))

    def _known(self, name: str) -> tuple[str, int, int]:
        if name not in self.names:
            raise ScriptError(f"expected a name that is declared, found {name}")
        return self.names[name]

    def _applied(self, name: str, wanted: str, below: list[int]) -> tuple[int, int, int]:
        kind, number, arity = self._known(name)
        if kind != wanted or arity != len(below) or arity not in (1, 2):
            raise ScriptError(f"expected a {wanted} of one or two arguments, found {name} with {len(below)}")
        return (number, below[0], below[1] if arity == 2 else self.num(0))

    # Formulas.

    def at_most(self, a: int, b: int) -> int:
        """The number of the formula a <= b, of terms given by their numbers."""
        return self.formulas.node_number("le", a, b)

    def equal(self, a: int, b: int) -> int:
        """The number of the formula a = b, of terms given by their numbers."""
        return self.formulas.node_number("eq", a, b)

    def negation(self, f: int) -> int:
        """The number of the formula "not f"."""
        return self.formulas.node_number("not", f)

    def implies(self, f: int, g: int) -> int:
        """The number of the formula "f implies g"."""
        return self.formulas.node_number("or", self.negation(f), g)

    def boolean(self, tree: Any) -> bool:
        """Whether a parsed expression is a formula and not a number."""
        if isinstance(tree, str):
            return tree in ("true", "false") or self.names.get(tree, ("", 0, 0))[0] == "flag"
        word = tree[0]
        if word == "ite":
            return self.boolean(tree[2])
        return word in ("and", "or", "not", "=>", "xor", *COMPARISONS) or self.names.get(word, ("", 0, 0))[0] == "predicate"

    def formula(self, tree: Any) -> int:
        """The number of a parsed formula. Raises ScriptError for a number, or for what the checker does not read."""
        if isinstance(tree, str):
            if tree in ("true", "false"):
                return self.formulas.node_number("truth", int(tree == "true"))
            kind, number, _ = self._known(tree)
            if kind != "flag":
                raise ScriptError(f"expected a formula, found {tree}")
            return self.formulas.node_number("flag", number)
        word, *args = tree
        if word in COMPARISONS and len(args) == 2:
            if word == "=" and self.boolean(args[0]):
                return self.formulas.node_number("iff", self.formula(args[0]), self.formula(args[1]))
            return COMPARISONS[word](self, self.term(args[0]), self.term(args[1]))
        if word in self.names:
            return self.formulas.node_number("holds", *self._applied(word, "predicate", [self.term(arg) for arg in args]))
        below = [self.formula(arg) for arg in args]
        if word in ("and", "or"):
            return right(lambda f, g: self.formulas.node_number(word, f, g), below)
        if word == "=>":
            return right(self.implies, below)
        if word == "not" and len(below) == 1:
            return self.negation(below[0])
        if word == "xor" and len(below) == 2:
            return self.negation(self.formulas.node_number("iff", *below))
        if word == "ite" and len(below) == 3:
            return self.formulas.node_number(
                "and", self.implies(below[0], below[1]), self.formulas.node_number("or", below[0], below[2])
            )
        raise ScriptError(f"expected a formula that is read, found {word} of {len(args)}")

    # Linear forms.

    @cached_property
    def _forms(self) -> dict[int, tuple[dict[int, Fraction], Fraction]]:
        return {}

    def linear(self, term: int) -> tuple[dict[int, Fraction], Fraction]:
        """Coefficients of terms that are not sums or multiples, and the constant."""
        if term not in self._forms:
            self._forms[term] = self._linear(term)
        return self._forms[term]

    def _linear(self, term: int) -> tuple[dict[int, Fraction], Fraction]:
        match self.terms[term]:
            case ("num", value):
                return {}, Fraction(value)
            case ("plus", a, b):
                return added((1, self.linear(a)), (1, self.linear(b)))
            case ("times", k, a):
                return added((k, self.linear(a)))
            case ("over", a, q) if not self.integral:
                return added((Fraction(1, q), self.linear(a)))
        return {term: Fraction(1)}, Fraction(0)


Form = tuple[dict[int, Fraction], Fraction]


def added(*parts: tuple[int | Fraction, Form]) -> Form:
    """The linear form that is the sum of multiples (factor, form) of forms."""
    total: dict[int, Fraction] = {}
    constant = Fraction(0)
    for k, (terms, c) in parts:
        constant += k * c
        for term, factor in terms.items():
            total[term] = total.get(term, Fraction(0)) + k * factor
    return {term: factor for term, factor in total.items() if factor}, constant


def right(f: Callable[[int, int], int], items: Iterable[int]) -> int:
    """``f(a, f(b, c))`` of the items a, b, c: ``f`` nested to the right, over at least one item."""
    *before, last = items
    return reduce(lambda out, item: f(item, out), reversed(before), last)


COMPARISONS: dict[str, Callable[[Script, int, int], int]] = {
    "=": Script.equal,
    "<=": Script.at_most,
    ">=": lambda s, a, b: s.at_most(b, a),
    "<": lambda s, a, b: s.negation(s.at_most(b, a)),
    ">": lambda s, a, b: s.negation(s.at_most(a, b)),
}
