"""Family sequences, steps: one position more, for sequences of every length; and numbers of every size.

*Chosen*: attention over scores of which it is known only that what is selected has the highest, that all else is lower, and
where the sink stands, averages over what the registered specification has chosen so far. *Share*: a unit of a count. *Hits*:
where a running count reaches k. *Ranks*: positions in an order have ranks apart. *Leads*: which of some counts is the first
largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from efasp.codebook import Codebook
from efasp.embeddings import tokens
from efasp.proofs.lemmas.attention_winners import attend, real
from efasp.proofs.lemmas.gates_recurrences import units
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, linear, lnot, lor, lt, minus, plus, relu
from efasp.proofs.symbolic.machine import Symbol, Truth, folded, of, paths
from efasp.proofs.symbolic.nodes import Reading
from efasp.selections import Chosen
from efasp.sequences import leading, leads, most_frequent
from efasp.syntax import Attention, concat, walk

FLAGS = range(2, 6)  # how many counts are compared


def chosen(case: str, n: tuple[int, int]) -> Obligation:
    """A selection over one position more. ``mean``: the sink scores 1 less than what is selected, ``count``: as much;
    ``prefix``: there is no sink, and the first position is selected."""
    s = Script("QF_LRA")
    for name, note in (("most", "the score of what is selected"), ("other", "that of something else"), ("value", "")):
        real(s, name, note)
    s.declare("selected", "Bool", "whether the position is")
    s.definition(le("other", "(- most 2)" if case == "mean" else "(- most 1)"))
    for name in ("best", "count", "total", "sinks"):
        real(s, name, "of attention")
    for name in ("chosen.total", "chosen.count"):
        real(s, name, "of the specification")
    real(s, "none", "the value at the sink")
    s.define("lower", "most" if case == "count" else "(- most 1)", "Real", "the score of the sink")

    def same(after: str, total: Term, count: Term) -> Term:
        best, number, sums, sinks = (f"{x}{after}" for x in ("best", "count", "total", "sinks"))
        if case == "count":
            return land(eq(best, "most"), eq(number, f"(+ 1 {count})"), eq(sinks, "1"), le("0", count))
        some = land(eq(best, "most"), eq(number, count), eq(sums, total), eq(sinks, "0"), le("1", count))
        alone = land(eq(best, "lower"), eq(number, "1"), eq(sums, "none"), eq(sinks, "1"), eq(total, "0"))
        return ite(eq(count, "0"), alone, some) if case == "mean" else some

    s.definition(same("", "chosen.total", "chosen.count"), "so far")
    attend(s, ite("selected", "most", "other"), {"total": "value", "sinks": "0"})
    first = case == "prefix"
    start = {"best": "most" if first else "lower", "count": "1", "total": "value" if first else "none"}
    for name, term in {**start, "sinks": "0" if first else "1"}.items():
        s.define(f"{name}.start", term, "Real", "the first position alone")
    after = Chosen().after(True, Symbol("value")) if first else Chosen()  # type: ignore[arg-type]
    goals = [same(".start", of(after.total), of(after.count))]
    before: Any = Chosen(*(Symbol(f"chosen.{x}") for x in ("total", "count")))  # type: ignore[arg-type]
    for conditions, then in paths(lambda: before.after(Truth("selected"), Symbol("value"))):
        goals.append(implies(*conditions, same(".next", of(then.total), of(then.count))))
    # Numbers of positions chosen at the start, and after one more.
    never = [lnot(eq("0", "0")), eq("(+ chosen.count 1)", "0")] if case == "mean" else []
    return s.obligation("sequences.chosen", "F", {"of": case}, "all n", n, land(*goals), infeasible=never)


def share(n: tuple[int, int]) -> Obligation:
    """The two units of c >= k, given the share r = 1 / (c + 1), for any c and any k up to the longest."""
    s = Script("QF_NRA")
    for name, note in (("longest", ""), ("c", "what is counted"), ("k", ""), ("r", "the share")):
        real(s, name, note)
    s.definition(land(le("0", "c"), le("1", "k"), le("k", "longest"), eq("(* r (+ c 1))", "1")))
    s.definition(lor(le("k", "c"), le("c", "(- k 1)")), "they are integers")
    s.define("reach", "(- longest (* longest (* (+ k 1) r)))", "Real")
    goal = eq(minus(relu("(+ reach 1)"), relu("reach")), ite(le("k", "c"), "1", "0"))
    return s.obligation("sequences.share", "F", {}, "all n", n, goal)


def hits(n: tuple[int, int]) -> Obligation:
    """Over one position more: once the count of a flag has reached k, there is one position that the flag brought it there."""
    s = Script("QF_LIA")
    s.integer("k", 1)
    s.declare("count", note="flags so far")
    s.declare("hits", note="positions so far that are hit")
    s.bit("flag")

    def so_far(found: Term, count: Term) -> Term:
        return eq(found, ite(le("k", count), "1", "0"))

    s.definition(so_far("hits", "count"), "so far")
    s.define("count.next", "(+ count flag)")
    s.define("hit", ite(land(eq("flag", "1"), eq("count.next", "k")), "1", "0"))
    goal = land(so_far("0", "0"), so_far("(+ hits hit)", "count.next"))
    return s.obligation("sequences.hits", "F", {}, "all n", n, goal, infeasible=[le("k", "0")])


def ranks(n: tuple[int, int]) -> Iterator[Obligation]:
    """Of two positions in an order without ties, the later has the higher rank; and one rank alone has the highest score."""
    s = Script("QF_LIA")
    for name, note in (("a", "the order of one position"), ("b", "that of a later one"), ("new", "of one position more")):
        s.declare(name, note=note)
    s.definition(lt("a", "b"))
    for name in ("rank.a", "rank.b"):
        s.declare(name, note="positions so far that come no later")
    s.integer("met", 0, note="1 once b is one of them")
    s.definition(le("(+ rank.a met)", "rank.b"), "so far")
    onward = [plus(f"rank.{x}", ite(le("new", x), "1", "0")) for x in "ab"]
    goal = land(le(plus(onward[0], ite(eq("new", "b"), "1", "met")), onward[1]))
    yield s.obligation("sequences.ranks", "F", {"of": "apart"}, "all n", n, goal)
    s = Script("QF_NIA")
    s.declare("i", note="the rank that is asked for")
    s.declare("r", note="a rank")
    s.define("score", "(- (* 2 (* i r)) (* r r))")
    goal = ite(eq("r", "i"), eq("score", "(* i i)"), le("(+ score 1)", "(* i i)"))
    yield s.obligation("sequences.ranks", "F", {"of": "score"}, "all n", n, goal)


def ahead(n: tuple[int, int]) -> Iterator[Obligation]:
    """The units of a lead, for means over any number of positions up to the longest; the flags of the first largest count."""
    s = Script("QF_NRA")
    for name in ("length", "longest", "a", "b", "mean.a", "mean.b"):
        real(s, name)
    s.definition(land(le("1", "length"), le("length", "longest"), *(eq(f"(* mean.{x} length)", x) for x in "ab")))
    s.definition(lor(le("(+ a 1)", "b"), le("b", "a")), "they are integers")
    s.define("lead", "(* longest (- mean.b mean.a))", "Real")
    goal = eq(minus(relu("lead"), relu("(- lead 1)")), ite(lt("a", "b"), "1", "0"))
    yield s.obligation("sequences.leads", "F", {"of": "two"}, "all n", n, goal)
    for size in FLAGS:
        te = tokens(Codebook.symbols("letters", "abcdefgh"[:size]))
        root = most_frequent(concat(*map(te.flag, "abcdefgh"[:size])), 1)
        (means,) = (node for node in walk(root) if isinstance(node, Attention))
        s = Script("QF_LIA")
        counts = [s.declare(f"count.{i}", note="how often it is 1") for i in range(size)]
        flags = leads(means, 1)
        for a, b in flags:
            s.define(f"ahead.{a}.{b}", ite(lt(counts[a], counts[b]), "1", "0"))
        reading = Reading({node: f"ahead.{a}.{b}" for (a, b), node in flags.items()})
        s.define("wanted", folded(lambda: leading([Symbol(count) for count in counts])))  # noqa: B023
        goals = []
        for place in range(size):
            found, rest, constant = units(reading, root, place)
            parts = [
                (factor, relu(linear([(c, name) for (name, _), c in sorted(terms)], bias)))
                for (terms, bias), factor in found.items()
            ]
            made = linear([*parts, *((c, name) for (name, _), c in rest.items())], constant)
            goals.append(eq(made, ite(eq("wanted", str(place)), "1", "0")))
        yield s.obligation("sequences.leads", "F", {"of": size}, "all n", n, land(*goals))


def steps(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about steps of sequences, for all lemmas of the family."""
    yield from (chosen(case, n) for case in ("mean", "count", "prefix"))
    yield share(n)
    yield from ranks(n)
    yield hits(n)
    yield from ahead(n)
