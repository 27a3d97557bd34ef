"""Family attention, winners: signed bits, two positions and the sink, and one position more.

*Signs*: words that agree score their number of bits, any others 2 less, by induction over bits and words. *Match*: two
positions and the sink, n and C as symbols: which score is higher, and by how much. *Fold*: any number of positions, by
induction: attention averages over the positions that the registered specification, run on symbols, has chosen so far.

Fixed by convention (``efasp.attention.match``): exactly one position is the sink; there key, flags and rank are 0. Words have
two bits or more. Scores and ranks are in units of the capacity C here: ``unit`` is 1/C, and they are multiples of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from efasp import attention
from efasp.attention import Best, Matches
from efasp.operators import OPERATORS
from efasp.proofs.conclusions import concluded
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, linear, lnot, lor, lt, minus, num, relu
from efasp.proofs.symbolic.machine import Symbol, of, paths
from efasp.proofs.symbolic.scores import score
from efasp.sorts import Signs

MATCHES = ("exact_match", "rightmost_match", "priority_match", "match_or_default")
RANKED = {"rightmost_match": 1, "priority_match": -1}  # the sign of the rank in the score
AGGREGATES = {"seq_max": 1, "seq_min": -1, "seq_mean": 0, "seq_or": 1, "seq_and": -1}  # the factor of the value in the score
GATHER = {"number": 2, "square": -1}  # the factors in the score: of index times number, and of the number's square


# Signs, by induction over bits and words.


@concluded("attention.signs", "a word")
def WORD(equal: Term, bits: Term, inner: Term) -> Term:
    """The inner product of two words of signed bits: their number of bits if they are equal, else 2 less or lower still."""
    return ite(equal, eq(inner, bits), le(inner, minus(bits, "2")))


@concluded("attention.signs", "words")
def WORDS(equal: Term, bits: Term, inner: Term) -> Term:
    """The score of a match of several words with n bits in all: n if all are equal and present."""
    return ite(equal, eq(inner, bits), le(inner, minus(bits, "2")))


def signs(n: tuple[int, int]) -> Iterator[Obligation]:
    """The inner product of signed bits: n where all words are equal and present, n - 2 at most elsewhere."""

    def word(v: Term, u: Term, bits: Term, inner: Term, p: Term) -> Term:
        bounds = land(*(land(le("0", x), lt(x, p)) for x in (v, u)))
        return land(bounds, s.conclude(WORD, eq(v, u), bits, inner))

    s = Script("QF_LIA")
    s.integer("b", 0, note="bits so far")
    s.integer("p", 1, note="2^b")
    for name in ("query", "key", "inner"):
        s.declare(name, note="inner product so far" if name == "inner" else "the value of its bits so far")
    s.definition(word("query", "key", "b", "inner", "p"), "the induction hypothesis")
    s.bit("x", "the query's next digit")
    s.bit("y", "the key's")
    (zero,), (one,), (none,) = (Signs(1).encode(value) for value in (0, 1, -1))
    s.define("product", ite(eq("x", "1"), _sign("y", one * zero, one * one), _sign("y", zero * zero, zero * one)))
    s.define("inner.next", "(+ inner product)")
    for name, digit in (("query", "x"), ("key", "y")):
        s.define(f"{name}.next", f"(+ {name} {ite(eq(digit, '1'), 'p', '0')})")
    base = word("0", "0", "0", "0", "1")
    onward = word("query.next", "key.next", "(+ b 1)", "inner.next", "(* 2 p)")
    yield s.obligation("attention.signs", "F", {"of": "bit"}, "all n", n, land(base, onward), infeasible=[lnot(eq("0", "0"))])
    s = Script("QF_LIA")
    s.integer("n", 0, note="bits of the words so far")
    s.declare("inner", note="inner product so far")
    s.declare("same", "Bool", "whether all words so far are equal and there")
    s.definition(WORDS("same", "n", "inner"), "the induction hypothesis")
    s.integer("b", 2, note="bits of the next word")
    s.declare("there", "Bool", "whether query and key both have it")
    s.declare("equal", "Bool", "whether its digits are equal")
    s.declare("part", note="its inner product")
    s.assume(WORD.where(lambda *instance: "there"), "equal", "b", "part")
    s.definition(implies(lnot("there"), eq("part", num(none * one))), "no word is zeros")
    goal = s.conclude(WORDS, "(and same there equal)", "(+ n b)", "(+ inner part)")
    yield s.obligation("attention.signs", "F", {"of": "words"}, "all n", n, goal)


def _sign(digit: Term, low: int, high: int) -> Term:
    return ite(eq(digit, "1"), num(high), num(low))


# Two positions and the sink.


def real(s: Script, name: str, note: str = "") -> Term:
    """A rational number."""
    return s.declare(name, "Real", note)


def world() -> Script:
    """A script about one query of a match. Numbers are rationals; facts about integers are assumed where needed."""
    s = Script("QF_LRA")
    real(s, "n", "matched bits")
    real(s, "m", "flags that a candidate must have")
    real(s, "unit", "1/C")
    s.definition("(and (<= 0 n) (<= 0 m) (< 0 unit) (<= unit 1))")
    real(s, "absent", "whether the query matches nothing")
    s.definition(lor(eq("absent", "0"), eq("absent", "1")))
    s.define("score.sink", score({"sink": "1", "absent": "absent"}), "Real", "key, flags and rank are 0 there")
    return s


def scored(s: Script, p: str, same: Term, rank: Term = "0") -> Term:
    """A position other than the sink: defines its score; gives whether it is found. ``same``: whether the words are equal."""
    real(s, f"agree.{p}", "inner product of query and key")
    s.assume(WORDS, same, "n", f"agree.{p}")
    for name, note in (("missing", "flags among that it lacks"), ("excluded", "flags that exclude it")):
        real(s, f"{name}.{p}", note)
        s.definition(lor(eq(f"{name}.{p}", "0"), le("1", f"{name}.{p}")), "a number of flags")
    s.definition(le(f"missing.{p}", "m"))
    counts = {"agree": f"agree.{p}", "rank": rank, "among": f"(- m missing.{p})", "exclude": f"excluded.{p}"}
    s.define(f"score.{p}", score(counts), "Real")
    candidate = land(eq(f"missing.{p}", "0"), eq(f"excluded.{p}", "0"))
    s.definition(le(rank, "(- 1 unit)"), "ranks are below C")
    s.definition(implies(candidate, le("0", rank)), "and 0 or more at candidates")
    return land(candidate, same, eq("absent", "0"))


def copies(n: tuple[int, int]) -> Iterator[Obligation]:
    """The order of scores, 1 or more apart: a match above the sink, the sink above all else, higher ranks above lower ones."""
    for case in ("match", "loser", "order"):
        s = world()
        matches = {}
        for p in ("j", "k") if case == "order" else ("j",):
            s.declare(f"same.{p}", "Bool", "whether query and key are the same words")
            real(s, f"rank.{p}", "rank / C")
            matches[p] = scored(s, p, f"same.{p}", f"rank.{p}")
        if case == "order":
            above = implies(le("(+ rank.k unit)", "rank.j"), le("(+ score.k unit)", "score.j"))
            level = implies(eq("rank.j", "rank.k"), eq("score.j", "score.k"))
            goal = implies(matches["j"], matches["k"], land(above, level))
        elif case == "match":
            goal = implies(matches["j"], le("(+ score.sink unit)", "score.j"))
        else:
            goal = implies(lnot(matches["j"]), le("(+ score.j unit)", "score.sink"))
        yield s.obligation("attention.match", "F", {"case": case}, "all n", n, goal)


# One position more.


def attend(s: Script, score_term: Term, values: dict[str, Term]) -> None:
    """Average-hard attention over one position more: the highest score, how many have it, and for each column their sum."""
    s.define("higher", lt("best", score_term), "Bool")
    s.define("level", eq("best", score_term), "Bool")
    s.define("best.next", ite("higher", score_term, "best"), "Real")
    s.define("count.next", ite("higher", "1", ite("level", "(+ count 1)", "count")), "Real")
    for name, value in values.items():
        s.define(f"{name}.next", ite("higher", value, ite("level", f"(+ {name} {value})", name)), "Real")


def ranked(name: str, rank: Term) -> Term:
    """The term of a rank in the score of an operator's match, in units of C, where the highest rank is C - 1."""
    return {0: "0", 1: rank, -1: f"(- (- 1 unit) {rank})"}[RANKED.get(name, 0)]


def fold(name: str, n: tuple[int, int]) -> Obligation:
    """A match over one position more, the sink being first: the average is over the positions that the specification chooses.

    ``flagged`` counts the sink among those positions: it is alone at a lookup miss.
    """
    spec = OPERATORS[name].spec
    assert isinstance(spec, Matches)
    s = world()
    for symbol, note in (("wanted", "the query, -1: no word"), ("key", ""), ("value", ""), ("none", "the value at the sink")):
        real(s, symbol, note)
    real(s, "rank", "the position's number in the order, / C")
    scored(s, "j", "(and (<= 0 wanted) (= key wanted))", ranked(name, "rank"))
    for symbol in ("best", "count", "total", "flagged"):
        real(s, symbol, "of attention")
    for symbol in ("chosen.rank", "chosen.total", "chosen.count"):
        real(s, symbol, "of the specification")

    def same(after: str, rank: Term, total: Term, count: Term) -> Term:
        best, number, sums, sink = (f"{x}{after}" for x in ("best", "count", "total", "flagged"))
        top = score({"agree": "n", "among": "m", "rank": ranked(name, rank)})
        some = land(eq(best, top), eq(number, count), eq(sums, total), eq(sink, "0"), eq("absent", "0"), le("1", count))
        alone = land(eq(best, "score.sink"), eq(number, "1"), eq(sums, "none"), eq(sink, "1"))
        return land(ite(eq(count, "0"), alone, some), le("0", ranked(name, rank)), le(ranked(name, rank), "(- 1 unit)"))

    s.definition(same("", "chosen.rank", "chosen.total", "chosen.count"), "so far")
    attend(s, "score.j", {"total": "value", "flagged": "0"})
    before = Best(*(Symbol(f"chosen.{x}") for x in ("rank", "total", "count")))  # type: ignore[arg-type]
    candidate = land(eq("missing.j", "0"), eq("excluded.j", "0"), eq("absent", "0"))
    for symbol, value in (("best", "score.sink"), ("count", "1"), ("total", "none"), ("flagged", "1")):
        s.define(f"{symbol}.start", value, "Real", "the sink alone")
    goals = [same(".start", *(of(x) for x in (Best().rank, Best().total, Best().count)))]
    goals.append(implies(lnot(candidate), same(".next", "chosen.rank", "chosen.total", "chosen.count")))
    arguments: list[Any] = [Symbol(x) for x in ("wanted", "key", "value", "rank")]
    for conditions, after in paths(lambda: spec.step(before, *arguments)):
        goals.append(implies(candidate, *conditions, same(".next", of(after.rank), of(after.total), of(after.count))))
    none, some = eq("chosen.count", "0"), lnot(eq("chosen.count", "0"))
    never = [lnot(eq("0", "0")), eq("1", "0"), eq("(+ chosen.count 1)", "0"), land(none, some)]  # numbers chosen
    return s.obligation("attention.fold", "F", {"of": name}, "all n", n, land(*goals), infeasible=never)


def ties(n: tuple[int, int]) -> Obligation:
    """Where all values that are averaged over are equal, their mean is that value: their sum is it times their number."""
    s = Script("QF_NRA")
    for symbol in ("best", "count", "total", "score", "value"):
        real(s, symbol)
    s.definition(land(le("1", "count"), eq("total", "(* value count)")), "so far")
    attend(s, "score", {"total": "value"})
    goal = land(le("1", "count.next"), eq("total.next", "(* value count.next)"))
    return s.obligation("attention.fold", "F", {"of": "equal values"}, "all n", n, goal)


def gathered(n: tuple[int, int]) -> Obligation:
    """gather over one position more: it scores at least 1 more than all before where the specification names it, else 1 less.

    The score of position k is ``a index k + b k^2``, so from one position to the next it grows by ``a index + b (2 k + 1)``.
    """
    s = Script("QF_LIA")
    s.declare("index", note="what is asked for")
    s.integer("length", 1, note="positions so far")
    s.declare("best", note="the score of the position that the specification names")
    s.declare("last", note="the score of the last position")

    def so_far(best: Term, last: Term, length: Term) -> Term:
        return land(le(last, best), implies(le(length, "(+ index 1)"), eq(best, last)))

    s.definition(so_far("best", "last", "length"), "so far")
    a, b = GATHER["number"], GATHER["square"]
    s.define("new", linear([(1, "last"), (a, "index"), (2 * b, "length")], -b), note="of position k + 1 = length")
    s.define("best.next", ite(lt("best", "new"), "new", "best"))
    index, length = Symbol("index"), Symbol("length")
    goals = [so_far("0", "0", "1"), so_far("best.next", "new", "(+ length 1)")]
    for conditions, (before, after) in paths(lambda: tuple(attention.nearest(index, x) for x in (length, length + 1))):  # type: ignore[arg-type]
        named, kept = eq(of(after), "length"), eq(of(after), of(before))
        goals.append(implies(*conditions, ite(named, le("(+ best 1)", "new"), land(kept, le("(+ new 1)", "best")))))
    # The index is negative, before the last position, at the new one, or past it; each names the new position or does not, and
    # two times ``so_far``.
    return s.obligation("attention.fold", "F", {"of": "gather"}, "all n", n, land(*goals), ways=4 + 4 + 2)


def aggregated(name: str, n: tuple[int, int]) -> Obligation:
    """An extreme over one position more: the average is the specification of the previous extreme and the new value."""
    s = Script("QF_NRA")
    for symbol in ("best", "count", "total", "result", "value"):
        real(s, symbol)
    factor = AGGREGATES[name]

    def same(after: str, result: Term) -> Term:
        best, count, total = (f"{x}{after}" for x in ("best", "count", "total"))
        return land(eq(best, linear([(factor, result)])), eq(total, f"(* {result} {count})"), le("1", count))

    s.definition(same("", "result"), "so far")
    attend(s, linear([(factor, "value")]), {"total": "value"})
    for symbol, term in (("best", linear([(factor, "value")])), ("count", "1"), ("total", "value")):
        s.define(f"{symbol}.start", term, "Real", "the first position alone")
    goals = []
    for after, prefix in ((".start", []), (".next", [Symbol("result")])):
        column: list[Any] = [*prefix, Symbol("value")]
        for conditions, result in paths(lambda column=column: OPERATORS[name].spec([column])[0]):  # type: ignore[misc]
            goals.append(implies(*conditions, same(after, of(result))) if conditions else same(after, of(result)))
    goal = land(*goals)
    return s.obligation("attention.fold", "F", {"of": name}, "all n", n, goal)


def averaged(n: tuple[int, int]) -> Obligation:
    """seq_mean over one position more: all positions tie, so the number grows by one, and the sum is as the specification's."""
    s = Script("QF_LRA")
    for symbol in ("best", "count", "total", "value"):
        real(s, symbol)
    s.definition(eq("best", "0"), "so far")
    attend(s, "0", {"total": "value"})
    two: list[Any] = [Symbol("total"), Symbol("value")]
    after = of(OPERATORS["seq_sum"].spec([two])[0])
    goal = land(eq("best.next", "0"), eq("total.next", after), eq("count.next", "(+ count 1)"))
    return s.obligation("attention.fold", "F", {"of": "seq_mean"}, "all n", n, goal)


def summed(n: tuple[int, int]) -> Iterator[Obligation]:
    """seq_sum: the k-th pair of units is whether k <= s, and as many of them are 1 as s says."""
    s = Script("QF_NRA")
    for symbol, note in (("length", "positions"), ("longest", "of them, at most"), ("s", "flags that are 1"), ("k", "")):
        real(s, symbol, note)
    s.definition(land(le("1", "length"), le("length", "longest")))
    s.definition(lor(le("k", "s"), le("s", "(- k 1)")), "they are integers")
    for symbol, is_mean_of in (("flags", "s"), ("sinks", "1")):
        real(s, symbol, "the mean of it")
        s.definition(eq(f"(* {symbol} length)", is_mean_of))
    s.define("distance", "(- (* longest flags) (* k longest sinks))", "Real")
    step = eq(minus(relu("(+ distance 1)"), relu("distance")), ite(le("k", "s"), "1", "0"))
    yield s.obligation("attention.fold", "F", {"of": "seq_sum, a step"}, "all n", n, step)
    s = Script("QF_LIA")
    s.integer("s", 0)
    s.integer("k", 1)
    s.integer("steps", 0, note="sum of the first k - 1 steps")
    s.definition(eq("steps", ite(le("k", "s"), "(- k 1)", "s")), "the lesser of k - 1 and s")
    goal = eq(f"(+ steps {ite(le('k', 's'), '1', '0')})", ite(le("k", "s"), "k", "s"))
    yield s.obligation("attention.fold", "F", {"of": "seq_sum, all steps"}, "all n", n, goal)


def winners(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about scores and winners, for all lemmas of the family."""
    yield from signs(n)
    yield from copies(n)
    yield from (fold(name, n) for name in MATCHES)
    yield ties(n)
    yield gathered(n)
    yield from (aggregated(name, n) for name, factor in AGGREGATES.items() if factor)
    yield averaged(n)
    yield from summed(n)
