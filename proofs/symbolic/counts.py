"""Symbols for sizes and positions: terms in linear arithmetic, where sizes are symbols too.

A product, quotient or remainder by a size that is a symbol is an uninterpreted function, of which a script assumes the facts
about one digit of a mixed-radix number, for the numbers that turn up. The same facts, about true products, are the lemma
encoding.digits: tiny, and the only place where arithmetic is not linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from efasp.proofs.conclusions import Conclusion
from efasp.proofs.smtlib import Script, Term, eq, implies, land, le, lt, scale
from efasp.proofs.symbolic.machine import Number, Symbol, of


@dataclass(frozen=True)
class Arithmetic:
    """The terms of products, quotients and remainders by a size."""

    times: str
    quotient: str
    remainder: str

    def digits(self, size: Term, q: Term, d: Term) -> Term:
        """The digits of ``q * size + d`` are q and d, if 0 <= d < size; 0 times a size is 0."""
        whole = f"(+ ({self.times} {q} {size}) {d})"
        found = land(eq(f"({self.quotient} {whole} {size})", q), eq(f"({self.remainder} {whole} {size})", d), le("0", whole))
        return land(implies(land(le("0", d), lt(d, size), le("0", q)), found), eq(f"({self.times} 0 {size})", "0"))

    def below(self, size: Term, q: Term, d: Term, top: Term) -> Term:
        """``q * size + d`` is below ``top * size`` if q is below ``top``."""
        known = land(le("0", d), lt(d, size), lt(q, top))
        return implies(known, lt(f"(+ ({self.times} {q} {size}) {d})", f"({self.times} {top} {size})"))

    def number(self, size: Term, x: Term) -> Term:
        """A number is made of its digits."""
        q, d = f"({self.quotient} {x} {size})", f"({self.remainder} {x} {size})"
        made = eq(f"(+ ({self.times} {q} {size}) {d})", x)
        return implies(land(le("1", size), le("0", x)), land(made, le("0", d), lt(d, size), le("0", q)))

    def first(self, size: Term, x: Term, top: Term) -> Term:
        """The first digit is below ``top`` if the number is below ``top * size``."""
        known = land(le("1", size), le("0", x), lt(x, f"({self.times} {top} {size})"))
        return implies(known, lt(f"({self.quotient} {x} {size})", top))


TRUE = Arithmetic("*", "div", "mod")
ASSUMED = Arithmetic("times", "quotient", "remainder")
FACTS = {"digits": "size q d", "below": "size q d top", "number": "size x", "first": "size x top"}  # and its arguments
DIGITS = {fact: Conclusion("encoding.digits", fact, lambda terms, *of, fact=fact: getattr(terms, fact)(*of)) for fact in FACTS}


class Counts:
    """The counts of one script. ``tops``: the terms that quotients may be compared with."""

    def __init__(self, script: Script, tops: Sequence[Term] = ()) -> None:
        self.script, self.tops = script, tops
        self.names: dict[Term, Term] = {}
        self.known: set[Term] = set()
        if tops:
            for name in vars(ASSUMED).values():
                script.function(name, ["Int", "Int"], "Int", "by a size: see encoding.digits")

    def __call__(self, name: str) -> Count:
        """A symbol of the script."""
        return Count(self, name)

    def short(self, term: Term) -> Term:
        """The term itself, or a name for one of more than 12 characters."""
        if len(term) <= 12:
            return term
        if term not in self.names:
            self.names[term] = self.script.define(f"t{len(self.names)}", term)
        return self.names[term]

    def assume(self, *facts: tuple[str, ...]) -> None:
        """Instances of encoding.digits: the fact, and its arguments."""
        for fact, *terms in facts:
            if (instance := DIGITS[fact](ASSUMED, *terms)) not in self.known:
                self.known.add(instance)
                self.script.assume(DIGITS[fact], ASSUMED, *terms)

    def assume_of(self, size: Term, q: Term, d: Term) -> None:
        """The facts about ``q * size + d``."""
        self.assume(("digits", size, q, d), *(("below", size, q, d, top) for top in self.tops))

    def product(self, a: Any, b: Any) -> Count:
        """A product: of a number, or of two symbols, the size last."""
        (f, x), (g, y) = ((s.factor, s.base) if isinstance(s, Count) else (int(s), "") for s in (a, b))
        if not x or not y:
            return Count(self, scale(f * g, x or y), f * g, x or y)
        q, size = (y, x) if x == SIZE else (x, y)
        self.assume_of(size, q, "0")
        base = self.short(f"(times {q} {size})")
        return Count(self, scale(f * g, base), f * g, base, (q, size) if f * g == 1 else None)

    def divided(self, operator: str, x: Term, size: Term) -> Count:
        """The quotient or the remainder of x by ``size``, with the facts that are assumed about it."""
        self.assume(("number", size, x), *(("first", size, x, top) for top in self.tops))
        return Count(self, f"({ASSUMED.quotient if operator == 'div' else ASSUMED.remainder} {x} {size})")

    def sum(self, a: Any, b: Any) -> Count:
        """A sum; of a product and a digit, with the facts about both together."""
        if isinstance(a, Count) and a.digits:
            self.assume_of(a.digits[1], a.digits[0], of(b))
        return Count(self, f"(+ {of(a)} {of(b)})")


SIZE = "P"  # the size that other numbers are multiplied with


class Count(Number):
    """A count. ``factor * base``: the term as a multiple; ``digits``: of a product of a number and a size, these two."""

    def __init__(self, space: Counts, term: Term, factor: int = 1, base: Term = "", digits: tuple[Term, Term] | None = None):
        super().__init__(space.short(term))
        self.space, self.factor, self.base, self.digits = space, factor, base or self.term, digits

    def _make(self, operator: str, other: Any, swap: bool = False) -> Count:
        a, b = (other, self) if swap else (self, other)
        if operator == "*":
            return self.space.product(a, b)
        if operator == "+":
            return self.space.sum(a, b)
        if operator in ("div", "mod") and isinstance(b, Symbol):
            return self.space.divided(operator, of(a), b.term)
        return Count(self.space, f"({operator} {of(a)} {of(b)})")
