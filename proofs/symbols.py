"""The PRAM on symbols: the machine's own functions run on terms, one run for each way that their branches can go.

What is shown of the transformer is shown against ``efasp.pram.machine`` itself, not against a copy of it: ``Symbol`` behaves
like the integer that a term stands for, and asking for its truth value takes one branch, then the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from proofs.smt import Term, eq, ite, land, le, lnot, lt, num

Result = TypeVar("Result")
WORD, SIZE = "w", "words"  # the word's width, and 2^w


class Branches:
    """The decisions of the run in progress: those prescribed, then those met."""

    def __init__(self, prescribed: list[bool]) -> None:
        self.prescribed, self.taken = prescribed, list[bool]()
        self.conditions: list[Term] = []
        self.known: dict[Term, bool] = {}

    def decide(self, condition: Term) -> bool:
        """The next decision: as prescribed, else yes; what was decided before stays."""
        if condition in self.known:
            return self.known[condition]
        choice = self.prescribed[len(self.taken)] if len(self.taken) < len(self.prescribed) else True
        self.known[condition] = choice
        self.taken.append(choice)
        self.conditions.append(condition if choice else lnot(condition))
        return choice


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

    def __rmul__(self, other: Any) -> Symbol:
        return self._make("*", other, swap=True)

    def __and__(self, other: Any) -> Symbol:
        return self % 2 if type(other) is int and other == 1 else self._make("bits.and", other)

    def __rshift__(self, other: Any) -> Symbol:
        return self // (1 << other)


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
