"""Family attention, indexed: the position that indexed attention reads is the only one of maximal score.

The rules of ``model.indexed.rules``, by which ``model.indexed.lookups`` decides, are run on symbols. *Agreement*: what two rows
of signs can agree, by induction over the bits. *Winner*: the query, the sink, the best key that equals the query, and any other
key. Scores, bases and ranks are in units of the capacity C: ``unit`` is 1/C, and they are multiples of it. *Replaced terms*:
how the kernel propagates a change, by putting a term of a sum for what it was.

That a head has the form of a lookup, that bits are bits, and that scores are integers is not assumed: indexed attention looks
at each number before it uses it, and where one is otherwise the dense pass is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from efasp.model.indexed import rules
from efasp.proofs.conclusions import concluded
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, minus
from efasp.proofs.symbolic.machine import Symbol, of, paths

LEMMA = "attention.indexed"


@concluded(LEMMA, "agreement")
def AGREE(same: Term, s: Term, t: Term, n: Term, inner: Term) -> Term:
    """Two rows of n signs, with s and t that are not 0: their inner product."""
    bounds = land(*(land(le("0", x), le(x, n), le(inner, x)) for x in (s, t)))
    differ = land(le(f"(+ {inner} {inner} 1)", f"(+ {s} {t})"), implies(eq(s, n), eq(t, n), le(inner, minus(n, "2"))))
    return land(bounds, ite(same, land(eq(inner, s), eq(s, t)), differ))


@concluded(LEMMA, "bound")
def BOUND(same: Term, inner: Term, agreed: Term) -> Term:
    """The bound on the inner product of rows that differ holds."""
    return implies(lnot(same), le(inner, agreed))


def agreement(n: tuple[int, int]) -> Obligation:
    """The inner product of two rows of signs, by induction over the bits."""
    s = Script("QF_LIA")
    s.declare("n", note="bits so far")
    for name in ("s", "t", "inner"):
        s.declare(name, note="inner product so far" if name == "inner" else "of them not 0")
    s.declare("same", "Bool", "whether all bits so far are the same")
    s.definition(AGREE("same", "s", "t", "n", "inner"), "the induction hypothesis")
    for name, note in (("x", "the key's next bit"), ("y", "the query's")):
        s.integer(name, -1, 1, note=note)
    s.define("product", ite(eq("y", "0"), "0", ite(eq("y", "1"), "x", "(- x)")))
    for name, bit in (("s", "x"), ("t", "y")):
        s.define(f"{name}.next", f"(+ {name} {ite(eq(bit, '0'), '0', '1')})")
    s.define("same.next", land("same", eq("x", "y")), "Bool")
    base = AGREE(eq("0", "0"), "0", "0", "0", "0")
    onward = s.conclude(AGREE, "same.next", "s.next", "t.next", "(+ n 1)", "(+ inner product)")
    return s.obligation(LEMMA, "F", {"of": "agreement"}, "all n", n, land(base, onward), infeasible=[lnot(eq("0", "0"))])


def bound(n: tuple[int, int]) -> Obligation:
    """``rules.agreement`` bounds the inner product of rows that differ."""
    s = Script("QF_LIA")
    for name in ("n", "s", "t", "inner"):
        s.declare(name)
    s.declare("same", "Bool", "whether key and query have the same bits")
    s.assume(AGREE, "same", "s", "t", "n", "inner")
    goals = []
    for conditions, agreed in paths(lambda: rules.agreement(*map(Symbol, ("s", "t", "n")))):
        goals.append(implies(*conditions, s.conclude(BOUND, "same", "inner", of(agreed))))
    return s.obligation(LEMMA, "F", {"of": "bound"}, "all n", n, land(*goals))


@concluded(LEMMA, "replaced")
def REPLACED(found: Term, rest: Term, new: Term, most: Term, *seen: Term) -> Term:
    """A sum is that of its terms as they are now, and nothing that was computed on the way exceeds the bound of the sum."""
    return land(eq(found, f"(+ {rest} {new})"), *(land(le(f"(- {most})", x), le(x, most)) for x in seen))


class Seen(Symbol):
    """A number of which all that is computed is listed in ``terms``."""

    terms: ClassVar[list[Term]] = []

    def _make(self, operator: str, other: Any, swap: bool = False) -> Symbol:
        found = super()._make(operator, other, swap)
        self.terms.append(found.term)
        return found


def replaced(n: tuple[int, int]) -> Obligation:
    """``rules.replaced``, for a term (weight times value) of a sum with the bound of ``model.indexed.exactness``."""
    s = Script("QF_LRA")
    notes = {
        "rest": "the other terms", "old": "the term as it was", "new": "as it is", "most": "bound of the sum of all sizes",
        "others": "of the sizes of the others", "size": "of that of the term",
    }  # fmt: skip
    for name, note in notes.items():
        s.declare(name, "Real", note)
    for low, high in (("old", "size"), ("new", "size"), ("rest", "others")):
        s.definition(land(le(f"(- {high})", low), le(low, high)))
    s.definition(le("(+ others size)", "most"), "the sum is exact in any order")
    Seen.terms.clear()
    found = rules.replaced(Seen("(+ rest old)"), 1, Seen("old"), Seen("new"))
    goal = s.conclude(REPLACED, of(found), "rest", "new", "most", *Seen.terms)
    return s.obligation(LEMMA, "F", {"of": "replaced terms"}, "all n", n, goal)


def world() -> Script:
    """A query, the sink, and the best key that equals the query, if there is one."""
    s = Script("QF_LRA")
    notes = {
        "unit": "1/C", "n": "bits", "t": "bits of the query that are not 0", "floor": "the sink's base",
        "extra": "what the query adds to it", "base.own": "the base of the best key that equals the query",
    }  # fmt: skip
    for name, note in notes.items():
        s.declare(name, "Real", note)
    s.define("lead", of(rules.lead(Symbol("floor"), Symbol("extra"), 1, Symbol("t"))), "Real")
    s.define("wins", rules.wins(Symbol("base.own"), Symbol("lead")).term, "Bool")
    whole("base.own", "lead", s)
    s.define("score.own", "(+ base.own t)", "Real", "all bits that are not 0 agree")
    s.define("score.sink", "(+ floor extra)", "Real", "its key has no bits")
    return s


def whole(low: Term, high: Term, s: Script) -> None:
    """Two multiples of the unit that differ do so by a unit at least."""
    s.definition(lor(eq(low, high), le(f"(+ {low} unit)", high), le(f"(+ {high} unit)", low)), "they are multiples of the unit")


def other(s: Script) -> None:
    """Any other key: left out, or of another key and below the sink by the rules, or a worse one of the same key."""
    s.definition("(and (< 0 unit) (<= unit 1) (<= 0 t) (<= t n) (<= 0 extra))")
    for name, note in (("base", ""), ("s", "its bits that are not 0"), ("inner", "what agrees"), ("most", ""), ("agreed", "")):
        s.declare(name, "Real", note)
    s.declare("same", "Bool", "whether it equals the query")
    s.assume(AGREE, "same", "s", "t", "n", "inner")
    s.assume(BOUND, "same", "inner", "agreed")
    floor = Symbol("floor")
    s.define("out", rules.left_out(Symbol("base"), Symbol("s"), 1, floor).term, "Bool")
    whole("(+ base s)", "floor", s)
    safe = rules.below(Symbol("most"), Symbol("agreed"), 1, floor, Symbol("unit")).term
    held = implies(lnot("out"), lnot("same"), land(le("base", "most"), safe))
    s.definition(held, "a query for which this does not hold has the dense pass taken")
    s.definition(implies(lnot("out"), "same", le("(+ base unit)", "base.own")), "keys that tie with the best have its value")
    s.define("score.other", "(+ base inner)", "Real")


def winner(n: tuple[int, int]) -> Iterator[Obligation]:
    """The winner by the rules scores at least a unit more than any other position."""
    s = world()
    other(s)
    key = land(*(le(f"(+ {score} unit)", "score.own") for score in ("score.sink", "score.other")))
    sink = le("(+ score.other unit)", "score.sink")
    goal = land(implies("wins", key), implies(lnot("wins"), sink))
    yield s.obligation(LEMMA, "F", {"of": "other keys"}, "all n", n, goal)
    s = world()
    s.definition(implies(lnot("wins"), lt("base.own", "lead")), "a level key has the dense pass taken")
    goal = ite("wins", le("(+ score.sink unit)", "score.own"), le("(+ score.own unit)", "score.sink"))
    yield s.obligation(LEMMA, "F", {"of": "key or sink"}, "all n", n, goal)


def indexed(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about indexed attention, for all lemmas of the family."""
    yield agreement(n)
    yield bound(n)
    yield from winner(n)
    yield replaced(n)
