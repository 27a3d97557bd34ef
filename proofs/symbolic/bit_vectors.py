"""Bit vectors: forms as terms of a script, and the words of the PRAM, on which the machine runs as it does on integers.

A ``Word`` knows which integers it can be; its bit vector is as wide as those need, so that only ``%`` wraps. Where
a branch asks for a truth value, both ways are taken, but not those that contradict the branches before, as far as trying all
values of few symbols shows. Leaving a way out is not an assumption: the conditions of each way are kept, and the goal includes
that every case satisfies those of some way (``proofs.symbolic.small_machines``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from efasp.affine_forms import Form
from efasp.exact import LIMIT
from efasp.proofs.smtlib import FALSE, TRUE, Script, Term, ite, land, lnot
from efasp.proofs.symbolic.boolean_forms import EXACT, ONE, Atom, Space, literal
from efasp.proofs.symbolic.machine import Branches, Result, current, paths

BOOL = "Bool"


def width(low: int, high: int) -> int:
    """Bits of a two's complement number in a range."""
    return 1 + max((value if value >= 0 else -value - 1).bit_length() for value in (low, high))


def constant(value: int, bits: int) -> Term:
    """The numeral of ``bits`` bits for a value modulo 2^bits."""
    return f"(_ bv{value % (1 << bits)} {bits})"


def extended(term: Term, have: int, want: int) -> Term:
    """A two's complement term in more bits, or in fewer (modulo 2^want)."""
    if have == want:
        return term
    return f"((_ sign_extend {want - have}) {term})" if have < want else f"((_ extract {want - 1} 0) {term})"


def vectors(bits: int) -> str:
    """The sort of bit vectors."""
    return f"(_ BitVec {bits})"


class Writer:
    """Writes the definitions that forms rest on into a script, each once, and gives the terms."""

    def __init__(self, space: Space, script: Script) -> None:
        self.space, self.script = space, script
        self.names: dict[int, Term] = {}
        self._widths: dict[int, int] = {}

    def truth(self, form: Form) -> Term:
        """A truth value. Raises ValueError for another form."""
        if not literal(form):
            raise ValueError(f"expected a truth value, found {form}")
        if not form.terms:
            return TRUE if form == ONE else FALSE
        ((atom, c),) = form.terms.items()
        name = self.name(atom)
        return name if c == 1 else lnot(name)

    def name(self, number: int) -> Term:
        """The symbol of an atom, which is defined with the atoms below it if it was not yet."""
        stack = [number]
        while stack:
            at = stack[-1]
            below = [a for form in self.space.atoms[at].parts for a in sorted(form.terms) if a not in self.names]
            if at in self.names or not below:
                stack.pop()
                if at not in self.names:
                    self.names[at] = self._define(at, self.space.atoms[at])
            else:
                stack.extend(below)
        return self.names[number]

    def _define(self, number: int, atom: Atom) -> Term:
        if atom.kind == "symbol":
            return self.script.declare(atom.name, BOOL)
        bits = self._width(number)
        sort = BOOL if atom.boolean else vectors(bits)
        if atom.kind == "all":
            term = land(*(self.truth(form) for form in atom.parts))
        elif atom.kind in ("positive", "relu"):
            value, zero = self.vector(atom.parts[0], bits), constant(0, bits)
            above = f"(bvsgt {value} {zero})"
            term = above if atom.kind == "positive" else ite(above, value, zero)
        elif atom.kind == "times":
            term = f"(bvmul {' '.join(self.vector(form, bits) for form in atom.parts)})"
        else:
            values = [self.truth(form) if atom.boolean else self.vector(form, bits) for form in atom.values]
            term = values[-1]
            for win, value in reversed(list(zip(atom.parts, values[:-1], strict=False))):
                term = ite(self.truth(win), value, term)
        return self.script.define(f"x{len(self.names)}", term, sort)

    def bits(self, form: Form) -> int:
        """Bits that hold a form's value, whatever its atoms' values are."""
        low = high = form.constant
        for number, c in form.terms.items():
            ends = sorted(c * end for end in self._ends(number))
            low, high = low + ends[0], high + ends[1]
        return width(int(low), int(high))

    def _ends(self, number: int) -> tuple[int, int]:
        if self.space.atoms[number].boolean:
            return 0, 1
        top = 1 << self._width(number) - 1
        return (0 if self.space.atoms[number].kind == "relu" else -top), top - 1

    def _width(self, number: int) -> int:
        """Bits of the terms that an atom is made of."""
        if number not in self._widths:
            atom = self.space.atoms[number]
            each = [self.bits(form) for form in (atom.values if atom.kind in ("choice", "select") else atom.parts)]
            self._widths[number] = sum(each) if atom.kind == "times" else max(each)
        return self._widths[number]

    def vector(self, form: Form, bits: int) -> Term:
        """An integral form as a bit vector of so many bits, modulo 2^bits. Raises ValueError for a form with fractions."""
        if any(c.denominator != 1 for c in (form.constant, *form.terms.values())):
            raise ValueError(f"expected an integral form, found {form}")
        parts = [constant(int(form.constant), bits)] if form.constant or not form.terms else []
        for number, c in form.row:
            name = self.name(number)
            if self.space.atoms[number].boolean:
                parts.append(ite(name, constant(int(c), bits), constant(0, bits)))
            else:
                term = extended(name, self._width(number), bits)
                parts.append(term if c == 1 else f"(bvmul {constant(int(c), bits)} {term})")
        term = parts[0]
        for part in parts[1:]:
            term = f"(bvadd {term} {part})"
        return term


# Words.

Support = tuple[str, ...]
Table = tuple[Support, np.ndarray]  # a value for every assignment of some symbolic bits, one axis each


def _aligned(tables: Sequence[Table | None]) -> tuple[Support, list[np.ndarray]] | None:
    if any(table is None for table in tables):
        return None
    support = tuple(sorted({name for table in tables if table for name in table[0]}))
    if len(support) > EXACT:
        return None
    return support, [t[1].reshape([2 if name in t[0] else 1 for name in support]) for t in tables if t]


def _combined(operation: Callable[..., np.ndarray], *tables: Table | None) -> Table | None:
    found = _aligned(tables)
    if found is None:
        return None
    support, arrays = found
    return support, np.broadcast_to(operation(*arrays), (2,) * len(support))


class Decisions(Branches):
    """The way in progress. ``tables``: the truth values of the conditions that rest on few symbols."""

    def __init__(self, prescribed: list[bool]) -> None:
        super().__init__(prescribed)
        self.known: dict[Term, bool] = {}
        self.tables: list[Table] = []

    def decide(self, condition: Term, table: Table | None = None) -> bool:
        """Whether a condition holds on this way; a choice only where both answers may be possible."""
        if condition not in self.known:
            possible = [choice for choice in (True, False) if self._possible(table, choice)]
            if len(possible) == 2:
                choice = super().decide(condition)
            else:
                choice = True in possible
                self.conditions.append(condition if choice else lnot(condition))
                self.known[condition] = choice
            if table is not None:
                self.tables.append(_when(table, choice))
        return self.known[condition]

    def _possible(self, table: Table | None, choice: bool) -> bool:
        if table is None:
            return True
        kept, support = [_when(table, choice)], set(table[0])
        for other in self.tables:
            if support & set(other[0]) and len(support | set(other[0])) <= EXACT:
                kept.append(other)
                support |= set(other[0])
        found = _combined(lambda *ts: np.multiply.reduce(np.broadcast_arrays(*ts)), *kept)
        return found is None or bool(found[1].any())


def _when(table: Table, choice: bool) -> Table:
    return table if choice else (table[0], 1 - table[1])


def ways(run: Callable[[], Result]) -> Iterator[tuple[list[Term], Result]]:
    """Every way through a function of words: the conditions of its branches, and what it returns."""
    return paths(run, Decisions)


class Word:
    """An integer in ``low..high``: ``term`` is a two's complement bit vector of just enough bits."""

    def __init__(self, term: Term, low: int, high: int, table: Table | None) -> None:
        self.term, self.low, self.high, self.table = term, low, high, table

    @classmethod
    def of_bits(cls, names: Sequence[str]) -> Word:
        """The word of truth values with these names, the lowest bit first."""
        bits = [f"(ite {name} #b1 #b0)" for name in reversed(names)]
        support = tuple(sorted(names))
        total = np.zeros((1,) * len(names), dtype=np.int64)
        for place, name in enumerate(names):
            total = total + (np.array([0, 1 << place]).reshape([2 if other == name else 1 for other in support]))
        return cls(f"(concat #b0 {' '.join(bits)})", 0, (1 << len(names)) - 1, (support, total))

    @staticmethod
    def of(value: Any) -> Word:
        """A word, or an integer as one."""
        if isinstance(value, Word):
            return value
        value = int(value)
        return Word(constant(value, width(value, value)), value, value, ((), np.array(value)))

    @property
    def bits(self) -> int:
        """Bits of the term."""
        return width(self.low, self.high)

    def at(self, bits: int) -> Term:
        """The term in so many bits (modulo 2^bits, where these are fewer)."""
        return extended(self.term, self.bits, bits)

    def _make(
        self, operator: str, other: Any, ends: Callable[[int, int], int], function: Callable[..., Any], swap: bool = False
    ) -> Word:
        a, b = (Word.of(other), self) if swap else (self, Word.of(other))
        corners = [ends(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
        low, high = min(corners), max(corners)
        bits = max(width(low, high), a.bits, b.bits)
        term = f"({operator} {a.at(bits)} {b.at(bits)})"
        table = _combined(function, a.table, b.table) if max(-low, high) < LIMIT else None
        return Word(extended(term, bits, width(low, high)), low, high, table)

    def __add__(self, other: Any) -> Word:
        return self._make("bvadd", other, lambda x, y: x + y, np.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Word:
        return self._make("bvsub", other, lambda x, y: x - y, np.subtract)

    def __rsub__(self, other: Any) -> Word:
        return self._make("bvsub", other, lambda x, y: x - y, np.subtract, swap=True)

    def __mul__(self, other: Any) -> Word:
        return self._make("bvmul", other, lambda x, y: x * y, np.multiply)

    __rmul__ = __mul__

    def __lshift__(self, other: Any) -> Word:
        return self._make("bvshl", other, lambda x, y: x << y, np.left_shift)

    def __rlshift__(self, other: Any) -> Word:
        return self._make("bvshl", other, lambda x, y: x << y, np.left_shift, swap=True)

    def __rshift__(self, other: Any) -> Word:
        return self._make("bvashr", other, lambda x, y: x >> y, np.right_shift)

    def __rrshift__(self, other: Any) -> Word:
        return self._make("bvashr", other, lambda x, y: x >> y, np.right_shift, swap=True)

    def _bitwise(self, operator: str, other: Any, function: Callable[..., Any]) -> Word:
        b = Word.of(other)
        if self.low < 0 or b.low < 0:
            raise ValueError(f"{operator}: expected words of 0 or more")
        top = (1 << max(self.high, b.high).bit_length()) - 1
        bits = width(0, top)
        return Word(f"({operator} {self.at(bits)} {b.at(bits)})", 0, top, _combined(function, self.table, b.table))

    def __and__(self, other: Any) -> Word:
        return self._bitwise("bvand", other, np.bitwise_and)

    def __or__(self, other: Any) -> Word:
        return self._bitwise("bvor", other, np.bitwise_or)

    def __xor__(self, other: Any) -> Word:
        return self._bitwise("bvxor", other, np.bitwise_xor)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __mod__(self, size: int) -> Word:
        if type(size) is not int or size & (size - 1) or size < 2:
            raise ValueError(f"mod: expected a power of two, found {size!r}")
        if self.low >= 0 and self.high < size:
            return self
        bits = size.bit_length() - 1
        kept = self.at(max(bits, self.bits))
        term = f"(concat #b0 ((_ extract {bits - 1} 0) {kept}))"
        return Word(term, 0, size - 1, _combined(lambda t: t % size, self.table))

    def _compare(self, operator: str, other: Any, function: Callable[..., Any], swap: bool = False) -> bool:
        b = Word.of(other)
        bits = max(self.bits, b.bits)
        pair = [b.at(bits), self.at(bits)] if swap else [self.at(bits), b.at(bits)]
        table = _combined(lambda x, y: function(x, y).astype(np.int64), self.table, b.table)
        way = current()
        assert isinstance(way, Decisions)
        return way.decide(f"({operator} {' '.join(pair)})", table)

    def __lt__(self, other: Any) -> bool:
        return self._compare("bvslt", other, np.less)

    def __gt__(self, other: Any) -> bool:
        return self._compare("bvslt", other, np.greater, swap=True)

    def __ge__(self, other: Any) -> bool:
        return self._compare("bvsle", other, np.greater_equal, swap=True)

    def __le__(self, other: Any) -> bool:
        return self._compare("bvsle", other, np.less_equal)

    def __eq__(self, other: object) -> bool:
        return self._compare("=", other, np.equal)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self != 0

    def __index__(self) -> int:
        """Its value on this way: one way for each integer that it can be."""
        *most, last = np.unique(self.table[1]).tolist() if self.table else range(self.low, self.high + 1)
        for value in most:
            if self == value:
                return value
        current().conditions.append(f"(= {self.term} {constant(last, self.bits)})")
        return last
