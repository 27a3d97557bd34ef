"""The PRAM on symbols: the machine's own functions run on terms, one run for each way that their branches can go.

Transformers are compared with ``efasp.pram.machine`` itself, not with a copy of it: ``Symbol`` behaves like the integer that a
term stands for, and asking for its truth value takes one branch, then the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from efasp.proofs.smtlib import FALSE, TRUE, Script, Term, eq, implies, ite, land, le, lnot, lt, num, plus, scale

Result = TypeVar("Result")
WORD, SIZE = "w", "words"  # the word's width, and 2^w


class Branches:
    """The decisions of the run in progress: those prescribed, then those met."""

    def __init__(self, prescribed: list[bool]) -> None:
        self.prescribed, self.taken = prescribed, list[bool]()
        self.conditions: list[Term] = []
        self.known: dict[Term, bool] = {}

    def decide(self, condition: Term) -> bool:
        """The next decision: as prescribed, else yes; earlier decisions stay."""
        if condition in self.known:
            return self.known[condition]
        choice = self.prescribed[len(self.taken)] if len(self.taken) < len(self.prescribed) else True
        self.known[condition] = choice
        self.taken.append(choice)
        self.conditions.append(condition if choice else lnot(condition))
        return choice


# The runs in progress, innermost last. This is process state because Python calls ``Truth.__bool__`` with no argument: an
# ``if`` in the machine's own code cannot be handed the run that it belongs to. Only ``paths`` changes it, and takes back what
# it added.
_CURRENT: list[Branches] = []


def current() -> Branches:
    """The run in progress. Raises TypeError outside of ``paths``."""
    if not _CURRENT:
        raise TypeError("a truth value is asked for outside of paths()")
    return _CURRENT[-1]


@dataclass(frozen=True, eq=False)
class Truth:
    """A truth value that a term stands for."""

    term: Term

    def __bool__(self) -> bool:
        return current().decide(self.term)

    def __eq__(self, other: object) -> bool:
        """Whether two truth values agree; decides both, as an ``if`` does."""
        return bool(self) == bool(other)

    def __int__(self) -> int:
        return int(bool(self))

    __hash__ = None  # type: ignore[assignment]


class Symbol:
    """An integer that a term stands for. Operations that SMT-LIB's integers lack are uninterpreted functions."""

    def __init__(self, term: Term) -> None:
        self.term = term

    def __repr__(self) -> str:
        return self.term

    def _make(self, operator: str, other: Any, swap: bool = False) -> Symbol:
        a, b = self.term, of(other)
        return type(self)(f"({operator} {b} {a})" if swap else f"({operator} {a} {b})")

    def __add__(self, other: Any) -> Symbol:
        return self._make("+", other)

    def __radd__(self, other: Any) -> Symbol:
        return self if type(other) is int and other == 0 else self._make("+", other, swap=True)  # sum() starts at 0

    def __sub__(self, other: Any) -> Symbol:
        return self._make("-", other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._make("-", other, swap=True)

    def __mul__(self, other: Any) -> Symbol:
        return self._make("bits.mul", other)

    def __rmul__(self, other: Any) -> Any:
        """A multiple; of a sequence with one element, so many of them."""
        return Table.repeated(other, self) if isinstance(other, (tuple, list)) else self._make("*", other, swap=True)

    def table(self, entry: Callable[[Any], Any]) -> Table:
        """``entry`` of every number below the symbol, when it is looked at (see ``efasp.loops``)."""
        return Table(self, entry)

    def downwards(self, turn: Callable[[Any], None]) -> None:
        """The state after the turns is unknown. Raises Elsewhere."""
        raise Elsewhere(f"a loop over {self}")

    def __floordiv__(self, other: Any) -> Symbol:
        return self._make("div", other)

    def __divmod__(self, other: Any) -> tuple[Symbol, Symbol]:
        return self // other, self % other

    def __mod__(self, other: Any) -> Symbol:
        return self._make("mod", other)

    def __rmod__(self, other: Any) -> Symbol:
        return self._make("mod", other, swap=True)

    def __and__(self, other: Any) -> Symbol:
        return self._make("bits.and", other)

    def __or__(self, other: Any) -> Symbol:
        return self._make("bits.or", other)

    def __xor__(self, other: Any) -> Symbol:
        return self._make("bits.xor", other)

    def __lshift__(self, other: Any) -> Symbol:
        return Symbol(f"(* 2 {self.term})") if other == 1 else self._make("bits.shl", other)

    def __rshift__(self, other: Any) -> Symbol:
        return Symbol(f"(div {self.term} 2)") if other == 1 else self._make("bits.shr", other)

    def __rlshift__(self, other: int) -> Symbol:
        if other != 1 or self.term != WORD:
            raise TypeError(f"expected 1 << {WORD}, found {other} << {self.term}")
        return type(self)(SIZE)

    def __lt__(self, other: Any) -> Any:
        return Truth(lt(self.term, of(other)))

    def __gt__(self, other: Any) -> Any:
        return Truth(lt(of(other), self.term))

    def __le__(self, other: Any) -> Any:
        return Truth(le(self.term, of(other)))

    def __ge__(self, other: Any) -> Any:
        return Truth(le(of(other), self.term))

    def __eq__(self, other: object) -> Any:
        return Truth(eq(self.term, of(other)))

    def __bool__(self) -> bool:
        return bool(Truth(lnot(eq(self.term, "0"))))

    __hash__ = None  # type: ignore[assignment]


class Number(Symbol):
    """A symbol that is multiplied and shifted by plain numbers, which is linear arithmetic."""

    def __mul__(self, other: Any) -> Symbol:
        return self._make("*", other)

    def __and__(self, other: Any) -> Symbol:
        return self % 2 if type(other) is int and other == 1 else self._make("bits.and", other)

    def __rshift__(self, other: Any) -> Symbol:
        quotient: Symbol = self // (1 << other)
        return quotient


class Plain(Number):
    """A plain number; its loops are as those of symbols, of which one turn is looked at."""

    def __init__(self, value: int) -> None:
        super().__init__(num(value))
        self.value = value

    def __add__(self, other: Any) -> Any:
        return self.value + other


class Width(Number):
    """The width of a word and a number of bits more (or fewer): 2^(w + more) is a multiple of 2^w."""

    def __init__(self, more: int = 0) -> None:
        super().__init__(plus(WORD, num(more)))
        self.more = more

    def __add__(self, other: Any) -> Symbol:
        return Width(self.more + other) if type(other) is int else super().__add__(other)

    def __sub__(self, other: Any) -> Symbol:
        return Width(self.more - other) if type(other) is int else super().__sub__(other)

    def _make(self, operator: str, other: Any, swap: bool = False) -> Symbol:
        a, b = self.term, of(other)
        return Number(f"({operator} {b} {a})" if swap else f"({operator} {a} {b})")

    def __rlshift__(self, other: int) -> Symbol:
        if other != 1:
            raise TypeError(f"expected 1 << {self.term}, found {other} << {self.term}")
        return Number(scale(1 << self.more, SIZE) if self.more >= 0 else f"(div {SIZE} {1 << -self.more})")


def word(script: Script, powers: range = range(5, 18)) -> Width:
    """The width of a word, 5 bits or more, and 2^w beside it; on which side of some powers of two it is."""
    script.integer(WORD, 5, note="bits of a word")
    script.integer(SIZE, 32, note="2^w")
    for bits in powers:
        script.definition(implies(le(num(bits), WORD), le(num(1 << bits), SIZE)), "2^w grows with w")
        script.definition(implies(le(WORD, num(bits)), le(SIZE, num(1 << bits))))
    return Width()


UNINTERPRETED = ("bits.mul", "bits.and", "bits.or", "bits.xor", "bits.shl", "bits.shr")


def of(value: Any) -> Term:
    """The term of a symbol, a truth value (as 0 or 1) or an integer."""
    if isinstance(value, Symbol):
        return value.term
    if isinstance(value, Truth):
        return ite(value.term, "1", "0")
    return num(int(value))


def paths(run: Callable[[], Result], kind: Callable[[list[bool]], Branches] = Branches) -> Iterator[tuple[list[Term], Result]]:
    """Every way through a function of symbols: the conditions of its branches, and what it returns. ``kind`` decides."""
    left: list[list[bool]] = [[]]
    while left:
        branches = kind(left.pop())
        _CURRENT.append(branches)
        try:
            result = run()
        finally:
            _CURRENT.pop()
        for place in range(len(branches.prescribed), len(branches.taken)):
            left.append([*branches.taken[:place], False])
        yield branches.conditions, result


def folded(run: Callable[[], Any]) -> Term:
    """The term of a function of symbols that returns one integer: its paths as a nested ``ite``."""
    *rest, last = [(land(*conditions), of(result)) for conditions, result in paths(run)]
    term = last[1]
    for condition, value in reversed(rest):
        term = ite(condition, value, term)
    return term


class Always:
    """A sequence with one and the same element everywhere."""

    def __init__(self, element: Any) -> None:
        self.element = element

    def __getitem__(self, index: Any) -> Any:
        return self.element


class Words:
    """A sequence of symbols by number: a bank of registers, or memory (its element at a symbol is a function of that)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(f"({self.name} {of(index)})")


class Elsewhere(LookupError):
    """A run on symbols asks for a value that it was not given: an element of another place, or a position of another part."""


class At:
    """A sequence of which one element is given: that at an index."""

    def __init__(self, index: Any, element: Any) -> None:
        self.index, self.element = index, element

    def __getitem__(self, index: Any) -> Any:
        term = same(index, self.index)
        if term == TRUE or (term != FALSE and Truth(term)):
            return self.element
        raise Elsewhere(f"element {index}")


class Table:
    """A sequence whose length may be a symbol: ``entry`` gives the element at an index. It is as an array is, to be joined."""

    def __init__(self, length: Any, entry: Callable[[Any], Any]) -> None:
        self.length, self.entry = length, entry

    @classmethod
    def repeated(cls, one: Sequence[Any], times: Symbol) -> Table:
        """So many times the one element. Raises Elsewhere for a sequence of none or several."""
        if len(one) != 1:
            raise Elsewhere(f"a repeated sequence of {len(one)}")
        return cls(times, lambda index: one[0])

    def __getitem__(self, index: Any) -> Any:
        """The element at an index. Raises Elsewhere for an index outside."""
        if isinstance(index, (int, Symbol)) and not (index >= 0 and index < self.length):
            raise Elsewhere(f"element {index} of {self.length}")
        return self.entry(index)

    def __add__(self, other: Table) -> Table:
        end = self.length
        return Table(end + other.length, lambda index: self[index] if index < end else other[index - end])

    def tolist(self) -> Table:
        """This table: what the layouts call on an array."""
        return self

    @property
    def parts(self) -> list[Table]:
        """The list of this table alone."""
        return [self]

    def __array_function__(self, function: Any, types: Any, arguments: Any, named: Any) -> Any:
        return joined(function, arguments)


class Joined:
    """Tables one after the other."""

    def __init__(self, parts: list[Table]) -> None:
        self.parts = parts

    def __array_function__(self, function: Any, types: Any, arguments: Any, named: Any) -> Any:
        return joined(function, arguments)


def joined(function: Any, arguments: Any) -> Any:
    """The concatenation of tables, which is all that numpy does with them."""
    return Joined([one for part in arguments[0] for one in part.parts]) if function is np.concatenate else NotImplemented


def same(a: Any, b: Any) -> Term:
    """Whether two structures are equal, symbol by symbol."""
    if isinstance(a, Symbol) or isinstance(b, Symbol):
        if not all(isinstance(value, (int, Symbol)) for value in (a, b)):
            return FALSE
        return TRUE if of(a) == of(b) else eq(of(a), of(b))
    if isinstance(a, tuple) and type(a) is type(b) and len(a) == len(b):
        parts = [same(x, y) for x, y in zip(a, b, strict=True)]
        return FALSE if FALSE in parts else land(*parts)
    if is_dataclass(a) and not isinstance(a, type) and type(a) is type(b):
        return same(*(tuple(getattr(one, f.name) for f in fields(one)) for one in (a, b)))
    return TRUE if type(a) is type(b) and a == b else FALSE
