"""Family simulation, the cache (claims T1, T4): with cached keys and values lookups have the results of the full pass.

Decoding computes keys and values of *settled* positions once: those of the prompt, and in the log those of a block in the first
pass in which it is complete, after step ``s``, which is another one for another block. The pass after step ``t`` has these
numbers where the full pass has new ones. They may differ only where keys and values use results of other lookups, as token and
place of a settled position stay.

* In the log these results are the same as then (``SETTLED``): such a lookup matches within a block, or within the prompt.
* In place they are others later, at positions of the prompt too; but no position of the prompt is found by a lookup whose keys
  or values use them (those of a writer).

So every lookup gives the same (``simulation.cached``), by induction: over the layers of a pass, whose queries are therefore the
same, and over the passes, so that what is cached is what the full passes had. For the sink, which is a cached position too, all
that is read is constant (step.sink). A lookup whose keys and values use no other has nothing to show. That these are the
positions which ``model.decode`` caches, and that its cache holds what it is given, is measured (process.orders, process.cache).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from efasp.proofs.conclusions import Conclusion
from efasp.proofs.lemmas.attention_lookups import READ, TIES, given, keys, mixing
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Term, eq, implies, land, le, lnot, lor
from efasp.proofs.symbolic.machine_step import BEATEN, CONTENT, TOKEN_WORD, URGENCY, WORDS
from efasp.proofs.symbolic.positions import Position, lookup
from efasp.proofs.symbolic.sequence_invariants import CELLS, ONE_POSITION, WELL_FORMED, World, past, same_position, slot
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Attention, walk


def reached(step: Step, name: str) -> list[str]:
    """The lookups that the keys and values of a lookup use, directly or by way of others."""
    node = lookup(step, name).node
    nodes = dict.fromkeys(x for part in (node.k, node.v) for x in walk(part) if isinstance(x, Attention))
    return [step.names[x] for x in nodes]


def using(step: Step) -> dict[str, list[str]]:
    """The lookups that the read-out reaches whose keys and values use others, and these."""
    every = [step.names[x] for x in walk(step.program.output) if isinstance(x, Attention)]
    return {name: others for name in every if (others := reached(step, name))}


def settled(at: Position, s: Term = "s") -> Term:
    """Whether a position is one whose keys and values may be cached after step ``s``."""
    return lor(lnot(slot(at)), past(at, s)) if at.step.machine.engine == "mdm" else lnot(at.kind(*CELLS))


def results(at: Position, name: str) -> list[Term]:
    """The terms of a lookup's result at a position."""
    return [result for result, _, _ in given(at, at, lookup(at.step, name))]


def equal(a: list[Term], b: list[Term]) -> Term:
    """Whether terms are equal, one by one."""
    return land(*map(eq, a, b))


def same(a: Position, b: Position, name: str) -> Term:
    """Whether a lookup has the same result at two positions."""
    return equal(results(a, name), results(b, name))


@cache
def SETTLED(name: str) -> Conclusion:
    """At a position that is settled after step ``s`` a lookup has the result that it had in the pass after that step."""

    def state(then: Position, now: Position, s: Term = "s") -> Term:
        return implies(settled(now, s), same(then, now, name))

    return Conclusion("simulation.settled", name, state)


class Cached(World):
    """Positions in the pass after step t, and in passes after earlier steps, in which those that were settled were cached."""

    def earlier(self, s: Term = "s") -> Term:
        """An earlier step, or the same one."""
        if self.engine == "mdm":
            self.script.integer(s, 0, note="the time that was complete when keys and values were cached")
            self.script.definition(le(s, "t"))
        return s

    def then(self, now: Position, s: Term = "s") -> Position:
        """This position after step ``s``, if the sequence had it; it has the same token where it was settled."""
        at = same_position(self, now, f"{now.prefix}.then")
        self.script.definition(implies(settled(now, s), at.same_token(now)), "a token that is not masked stays")
        if self.engine == "mdm":
            self.script.assume(WELL_FORMED, at, s)
        return at

    def words(self, *positions: Position) -> None:
        """The words of positions' tokens, and their urgency."""
        for at in positions:
            self.script.assume(TOKEN_WORD, at, WORDS)
            self.script.assume(URGENCY, at, at.carries("pe", "index"))

    def used(self, at: Position, name: str) -> list[Term]:
        """The key, the rank and the value of a lookup at a position."""
        here = lookup(self.step, name)
        flags = [*here.among, *here.exclude, *([] if here.rank is None else [here.rank])]
        return [*(at.word(key) for _, key in here.words), *map(at.flag, flags), *(value for _, value, _ in given(at, at, here))]


def settling(step: Step, name: str) -> Obligation:
    """In the log a lookup that keys or values use has the same result at a settled position in every pass."""
    world = Cached(step)
    s = world.script
    world.earlier()
    now, j, k = (world.position(prefix) for prefix in ("i", "j", "k"))
    then, j_then, k_then = map(world.then, (now, j, k))
    world.words(now, then, j, j_then, k, k_then)
    some, before = (s.declare(f"{at.prefix}.found", "Bool") for at in (now, then))
    s.assume(READ(name), now, j, some, [k])
    s.assume(READ(name), then, k_then, before, [])
    s.assume(READ(name).where(lambda *_: settled(j)), then, k_then, before, [j_then])
    s.assume(ONE_POSITION, j, k)
    return world.obligation("settled", s.conclude(SETTLED(name), then, now), of=name)


def reading(step: Step, name: str) -> Obligation:
    """A lookup reads the same with cached keys and values as in the full pass."""
    world = Cached(step)
    s, here = world.script, lookup(step, name)
    i, j, k = (world.position(prefix) for prefix in ("i", "j", "k"))
    asks = same_position(world, i, "cached")
    queries = [[at.word(query) for query, _ in here.words] for at in (i, asks)]
    absent = [] if here.absent is None else [eq(i.flag(here.absent), asks.flag(here.absent))]
    s.definition(land(i.same_token(asks), equal(*queries), *absent), "the same query")
    s.definition(implies(j.same_place(k), equal(world.used(j, name), world.used(k, name))), "one position")
    cached = []
    for at in (j, k):
        since = world.earlier(f"{at.prefix}.s")
        cached.append(old := world.then(at, since))
        fresh = equal(world.used(at, name), world.used(old, name))
        s.definition(implies(lnot(settled(at, since)), land(at.same_token(old), fresh)), "not cached")
        if world.engine == "mdm":
            for one in (at, old):
                s.assume(CONTENT, one)
                s.assume(BEATEN, one)
            for other in reached(step, name):
                s.assume(SETTLED(other), old, at, since)
        keys(world, at, old)
    j_cached, k_cached = cached
    some, now = (s.declare(f"{at.prefix}.found", "Bool") for at in (i, asks))
    s.assume(READ(name), i, j, some, [k])
    s.assume(READ(name), asks, k_cached, now, [j_cached])
    if name in mixing(step):
        s.assume(TIES(name), i, j, k)
    return world.obligation("cached", same(i, asks, name), of=name)


def caches(step: Step) -> Iterator[Obligation]:
    """The obligations about one machine's caches."""
    lookups = using(step)
    if step.machine.engine == "mdm":
        for name in dict.fromkeys(other for others in lookups.values() for other in others):
            yield settling(step, name)
    for name in lookups:
        yield reading(step, name)
