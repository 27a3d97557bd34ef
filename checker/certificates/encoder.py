"""Bit-vector scripts as clauses, gate by gate: an encoder of our own, that shares nothing with Z3's.

A Boolean is a literal, a bit-vector a list of literals, the least significant first; literal 1 is true. A gate is a new
variable and the clauses that define it (Tseitin).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from efasp.checker.certificates.terms import ScriptError
from efasp.proofs.smtlib import parse

TRUE = 1
Word = list[int]


class Encoder:
    """The clauses of one script, in ``clauses``. Raises ScriptError for an expression outside the fragment."""

    def __init__(self, text: str) -> None:
        self.clauses: list[list[int]] = [[TRUE]]
        self.variables = 1
        self.names: dict[str, int | Word] = {"true": TRUE, "false": -TRUE}
        self._gates: dict[tuple[str, int, int], int] = {}
        for word, *rest in parse(text):
            if word == "declare-const":
                self.names[rest[0]] = self._new() if rest[1] == "Bool" else [self._new() for _ in range(_width(rest[1]))]
            elif word == "define-fun" and not rest[1]:
                self.names[rest[0]] = self.value(rest[3])
            elif word == "assert":
                self.clauses.append([self.bit(rest[0])])
            elif word not in ("set-logic", "check-sat"):
                raise ScriptError(f"expected a command that is read, found {word}")

    def _new(self) -> int:
        self.variables += 1
        return self.variables

    # Gates.

    def both(self, a: int, b: int) -> int:
        """The literal of "a and b"."""
        if -TRUE in (a, b) or a == -b:
            return -TRUE
        if TRUE in (a, b) or a == b:
            return a if b == TRUE else b
        return self._gate("and", a, b, lambda g: [[-g, a], [-g, b], [g, -a, -b]])

    def either(self, a: int, b: int) -> int:
        """The literal of "a or b"."""
        return -self.both(-a, -b)

    def differ(self, a: int, b: int) -> int:
        """a xor b; negations are moved out, so that equal gates are one"""
        sign = (1 if a > 0 else -1) * (1 if b > 0 else -1)
        a, b = abs(a), abs(b)
        if a == b:
            return -sign * TRUE
        if TRUE in (a, b):
            return -sign * max(a, b)
        return sign * self._gate("xor", a, b, lambda g: [[-g, a, b], [-g, -a, -b], [g, -a, b], [g, a, -b]])

    def choose(self, c: int, a: int, b: int) -> int:
        """The literal of "a where c holds, else b"."""
        return a if a == b else self.either(self.both(c, a), self.both(-c, b))

    def _gate(self, kind: str, a: int, b: int, define: Callable[[int], list[list[int]]]) -> int:
        key = (kind, min(a, b), max(a, b))
        if key not in self._gates:
            self._gates[key] = self._new()
            self.clauses += define(self._gates[key])
        return self._gates[key]

    # Words.

    def plus(self, x: Word, y: Word) -> Word:
        """The sum of two words of one width, modulo 2^width, by full adders."""
        out, carry = [], -TRUE
        for a, b in zip(x, y, strict=True):
            half = self.differ(a, b)
            out.append(self.differ(half, carry))
            carry = self.either(self.both(a, b), self.both(half, carry))
        return out

    def product(self, x: Word, y: Word) -> Word:
        """Their product, modulo 2^width: the sum of shifted rows."""
        rows = ([-TRUE] * i + [self.both(a, b) for b in y[: len(x) - i]] for i, a in enumerate(x))
        return reduce(self.plus, rows)

    def up(self, x: Word, amount: Word) -> Word:
        """x shifted up by each power of two that the amount has; zeros come in."""
        for i, bit in enumerate(amount):
            zeros = [-TRUE] * min(1 << i, len(x))
            x = [self.choose(bit, a, b) for a, b in zip(zeros + x, x, strict=False)]
        return x

    def down(self, x: Word, amount: Word) -> Word:
        """A word shifted down by an amount, arithmetically: copies of its sign bit come in."""
        for i, bit in enumerate(amount):
            signs = [x[-1]] * min(1 << i, len(x))
            x = [self.choose(bit, a, b) for a, b in zip(x[len(signs) :] + signs, x, strict=True)]
        return x

    def above(self, x: Word, y: Word) -> int:
        """x > y, signed: the highest bit in which they differ decides, the sign the other way round."""
        greater = -TRUE
        for i, (a, b) in enumerate(zip(x, y, strict=True)):
            greater = self.choose(self.differ(a, b), b if i == len(x) - 1 else a, greater)
        return greater

    def same(self, x: Word, y: Word) -> int:
        """The literal of "x = y", of two words of one width."""
        return reduce(self.both, (-self.differ(a, b) for a, b in zip(x, y, strict=True)), TRUE)

    # Expressions.

    def bit(self, tree: Any) -> int:
        """The literal of a parsed formula. Raises ScriptError for a word."""
        return _bit(self.value(tree))

    def word(self, tree: Any) -> Word:
        """The bits, lowest first, of a parsed bit-vector term. Raises ScriptError for a formula."""
        return _word(self.value(tree))

    def value(self, tree: Any) -> int | Word:
        """The literal of a parsed formula, or the bits of a parsed bit-vector term. Raises ScriptError."""
        if isinstance(tree, str):
            if tree.startswith("#b"):
                return [TRUE if digit == "1" else -TRUE for digit in reversed(tree[2:])]
            if tree not in self.names:
                raise ScriptError(f"expected a name that is declared, found {tree}")
            return self.names[tree]
        head, *rest = tree
        if head == "_":
            return [TRUE if int(rest[0][2:]) >> i & 1 else -TRUE for i in range(int(rest[1]))]
        if isinstance(head, list):
            return self._indexed(head[1], [int(k) for k in head[2:]], self.word(rest[0]))
        if head == "ite":
            c, a, b = self.bit(rest[0]), self.value(rest[1]), self.value(rest[2])
            if isinstance(a, int) and isinstance(b, int):
                return self.choose(c, a, b)
            return [self.choose(c, x, y) for x, y in zip(_word(a), _word(b), strict=True)]
        if head == "=":
            left, right = self.value(rest[0]), self.value(rest[1])
            if isinstance(left, int) and isinstance(right, int):
                return -self.differ(left, right)
            return self.same(_word(left), _word(right))
        if head in FORMULAS:
            return FORMULAS[head](self, [self.bit(part) for part in rest])
        if head in WORDS:
            return WORDS[head](self, [self.word(part) for part in rest])
        raise ScriptError(f"expected an operation that is read, found {head}")

    def _indexed(self, name: str, at: Sequence[int], x: Word) -> Word:
        if name == "extract":
            return x[at[1] : at[0] + 1]
        if name == "sign_extend":
            return x + [x[-1]] * at[0]
        raise ScriptError(f"expected extract or sign_extend, found {name}")


def _bit(value: int | Word) -> int:
    if not isinstance(value, int):
        raise ScriptError(f"expected a formula, found a bit-vector of {len(value)} bits")
    return value


def _word(value: int | Word) -> Word:
    if isinstance(value, int):
        raise ScriptError("expected a bit-vector, found a formula")
    return value


def _width(sort: Any) -> int:
    if not (isinstance(sort, list) and sort[:2] == ["_", "BitVec"]):
        raise ScriptError(f"expected Bool or a bit-vector, found {sort}")
    return int(sort[2])


FORMULAS: dict[str, Callable[[Encoder, list[int]], int]] = {
    "not": lambda e, xs: -xs[0],
    "and": lambda e, xs: reduce(e.both, xs, TRUE),
    "or": lambda e, xs: reduce(e.either, xs, -TRUE),
    "=>": lambda e, xs: reduce(lambda right, left: e.either(-left, right), reversed(xs[:-1]), xs[-1]),
    "xor": lambda e, xs: reduce(e.differ, xs),
}
WORDS: dict[str, Callable[[Encoder, list[Word]], int | Word]] = {
    "bvadd": lambda e, xs: reduce(e.plus, xs),
    "bvmul": lambda e, xs: reduce(e.product, xs),
    "bvsub": lambda e, xs: e.plus(e.plus(xs[0], [-bit for bit in xs[1]]), [TRUE] + [-TRUE] * (len(xs[0]) - 1)),
    "bvand": lambda e, xs: [e.both(a, b) for a, b in zip(*xs, strict=True)],
    "bvor": lambda e, xs: [e.either(a, b) for a, b in zip(*xs, strict=True)],
    "bvxor": lambda e, xs: [e.differ(a, b) for a, b in zip(*xs, strict=True)],
    "bvshl": lambda e, xs: e.up(*xs),
    "bvashr": lambda e, xs: e.down(*xs),
    "bvsgt": lambda e, xs: e.above(*xs),
    "bvslt": lambda e, xs: e.above(xs[1], xs[0]),
    "bvsle": lambda e, xs: -e.above(*xs),
    "concat": lambda e, xs: [bit for x in reversed(xs) for bit in x],
}
