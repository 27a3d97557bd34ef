"""Family simulation (claims T1, T4): a pass of the transformer is a step of the PRAM, for every P, M, L, T and program.

Each lookup of the step is read from its node (``proofs.positions``), and asked of symbolic positions of a sequence that the
layouts make: which positions can it find, and which of them wins. The log and the cells are what the invariants say; the
stages (family step) turn what is found into the next tokens, and the invariants hold of these. Scripts do not depend on
w: the word's range is the symbol ``words``, that of the clock ``times``.

Masked diffusion, in the pass that makes time t + 1: blocks up to t are complete, of block t + 1 some token is masked (any
of them, so nothing here depends on the order of unmasking), all later blocks are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from efasp.encoding import COUNTERS, FIELDS, LOG_SLOTS
from proofs.obligation import Obligation
from proofs.positions import Position, agree, candidate, lookup
from proofs.smt import Script, Term, eq, implies, ite, land, le, lnot, lor, lt
from proofs.step import Step

SLOTS = tuple(f"pe.{name}" for name in LOG_SLOTS)
READS = ("counter", "status", "operation", "rd", "ra", "rb", "immediate", "a", "d", "b", "loaded", "valid", "processors")


def iff(a: Term, b: Term) -> Term:
    """Both or neither."""
    return eq(a, b)


class World:
    """A script about positions of one machine's sequences."""

    def __init__(self, step: Step) -> None:
        self.step, self.script, self.count = step, Script("QF_LIA"), 0
        s = self.script
        s.integer("words", 32, note="2^w")
        s.integer("times", 65536, note="2^(bits of the clock), above every time")
        for name, note in (("length", "instructions"), ("cells", "words of memory"), ("processors", "processors")):
            s.integer(name, 1, note=note)
            s.suppose(le(name, "words"))
        if step.machine.engine == "mdm":
            s.integer("t", 0, note="the time that is complete")
            s.suppose(lt("(+ t 1)", "times"))

    def position(self, prefix: str, **definitions: Term) -> Position:
        """A symbolic position of a well-formed sequence; definitions are flags or words that it is known to have there."""
        at = Position(self.script, self.step, prefix, definitions)
        for condition, note in self.well_formed(at):
            self.script.suppose(condition, note)
        return at

    def well_formed(self, at: Position) -> Conditions:
        """What holds of a position of a well-formed sequence of this machine's."""
        return well_formed_log(at) if self.step.machine.engine == "mdm" else well_formed_cells(at)

    def obligation(self, name: str, goal: Term, note: str = "", **params: str) -> Obligation:
        """The obligation that the goal holds."""
        m = self.step.machine
        return self.script.obligation(f"simulation.{name}", m.claim, {**m.params, **params}, f"n <= {m.n[1]}", m.n, goal, note)


Conditions = Iterator[tuple[Term, str]]  # each with a note


def well_formed_prompt(at: Position) -> Conditions:
    """Places and tokens of header and program."""
    index, ops = at.payload("pe", "index"), [f"te.{kind.name}" for kind in at.step.te.kinds if kind.name.startswith("op:")]
    yield iff(at.kind("pe.bos"), at.kind("te.bos")), ""
    yield implies(at.kind("pe.nproc"), at.kind("te.word")), ""
    for name in FIELDS:
        yield implies(at.kind(f"pe.{name}"), lt(index, "length")), ""
    yield iff(at.kind("pe.op"), at.kind(*ops)), ""
    yield implies(at.kind("pe.rd", "pe.ra"), at.kind("te.reg", "te.none")), ""
    yield implies(at.kind("pe.x"), at.kind("te.reg", "te.word", "te.none")), ""


def well_formed_log(at: Position, t: Term = "t") -> Conditions:
    """The log layout with the blocks up to t complete."""
    yield from well_formed_prompt(at)
    index, time = at.payload("pe", "index"), at.payload("pe", "time")
    yield implies(at.kind("pe.memory"), land(at.kind("te.word"), lt(index, "cells"))), ""
    yield implies(at.kind(*SLOTS), lt(index, "processors")), ""
    yield implies(at.kind("te.mask"), land(at.kind(*SLOTS), lt(t, time))), "complete blocks have no mask"
    counters = [f"te.{name}" for name in COUNTERS]
    yield implies(at.kind("pe.counter"), at.kind(*counters, "te.mask")), ""
    yield implies(at.kind("pe.target"), at.kind("te.word", "te.reg", "te.none", "te.mask")), ""
    stored = land(at.kind("pe.target"), at.kind("te.word"))
    yield implies(stored, lt(at.payload("te", "word"), "cells")), "stores are valid"
    yield implies(land(at.kind("pe.target"), eq(time, "0")), at.kind("te.none")), "nothing is written at time 0"
    yield implies(at.kind("pe.value"), at.kind("te.word", "te.mask")), ""


def well_formed_cells(at: Position) -> Conditions:
    """The cell layout."""
    yield from well_formed_prompt(at)
    index = at.payload("pe", "index")
    yield implies(at.kind("pe.memory"), lt(index, "cells")), ""
    yield implies(at.kind("pe.register", "pe.counter"), lt(index, "processors")), ""
    yield implies(at.kind("te.mask"), at.kind("pe.memory", "pe.register", "pe.counter")), ""
    yield implies(at.kind("pe.memory", "pe.register"), at.kind("te.word", "te.mask")), ""
    yield implies(at.kind("pe.counter"), at.kind(*(f"te.{name}" for name in COUNTERS), "te.mask")), ""


def slot(at: Position) -> Term:
    """Whether it is a place of the log."""
    return at.kind(*SLOTS)


def due(world: World, prefix: str = "i", **definitions: Term) -> Position:
    """A position that the pass is to fill: of block t + 1, masked."""
    at = world.position(prefix, **definitions)
    world.script.suppose(land(slot(at), at.kind("te.mask"), eq(at.payload("pe", "time"), "(+ t 1)")), "it is due")
    return at


def past(at: Position) -> Term:
    """Whether a position of the log is of a complete block."""
    return le(at.payload("pe", "time"), "t")


def incomplete(at: Position) -> dict[str, Term]:
    """What ``simulation.complete`` says: the block of a place of the log is incomplete where its time is above t."""
    return {"incomplete": ite(land(slot(at), lnot(past(at))), "1", "0")}


def found(world: World, query: Position, key: Position, name: str) -> Term:
    """Whether a position is one that a lookup finds: a candidate, with the words of the query."""
    here = lookup(world.step, name)
    return land(candidate(key, here), agree(query, key, here))


# Masked diffusion: readiness.


def readiness(step: Step) -> Iterator[Obligation]:
    """A block is incomplete while a token of it is masked; a position is ready when the block before its own is complete."""
    for name, query_time, claim in (("incomplete", "time", "complete"), ("ready", "before", "ready")):
        world = World(step)
        i, j, masked = world.position("i"), world.position("j"), world.position("masked")
        time = i.payload("pe", "time")
        if name == "ready":
            world.script.suppose(land(slot(i), lt("t", time)), "a place that is not yet written")
            time = f"(- {time} 1)"
        witness = land(slot(masked), masked.kind("te.mask"), eq(masked.payload("pe", "time"), time))
        none = implies(lor(lnot(slot(i)), le(time, "t")), lnot(found(world, i, j, name)))
        some = implies(land(slot(i), witness), found(world, i, masked, name))
        yield world.obligation(claim, land(none, some), f"found where a token of that {query_time} is masked, and only there")


# Masked diffusion: what a position that is due looks up.


def counters(step: Step) -> Iterator[Obligation]:
    """The own processor's program counter and status are those of time t."""
    for name in ("counter", "status"):
        world = World(step)
        i, j = due(world), world.position("j")
        same = eq(j.payload("pe", "index"), i.payload("pe", "index"))
        wanted = land(j.kind("pe.counter"), same, eq(j.payload("pe", "time"), "t"))
        yield world.obligation("counter", iff(found(world, i, j, name), wanted), of=name)


FETCHED = {"operation": "op", "rd": "rd", "ra": "ra", "rb": "x", "immediate": "x"}


def fetches(step: Step) -> Iterator[Obligation]:
    """The fields of the instruction at the program counter, if the processor runs."""
    for name, field in FETCHED.items():
        world = World(step)
        i = world.position("i", fetch=world.script.integer("pc", -1, note="what fetch says: the program counter, or none"))
        running = world.script.bit("i.status.running", "whether the processor runs")
        i.definitions["status.running"] = running
        j = world.position("j")
        wanted = land(j.kind(f"pe.{field}"), eq(j.payload("pe", "index"), "pc"))
        here = lookup(step, name)
        assert here.absent is not None
        silent = iff(eq(i.flag(here.absent), "1"), eq(running, "0"))
        finds = iff(found(world, i, j, name), wanted)
        yield world.obligation(
            "fetch", land(finds, silent, le("0", i.flag(here.absent))), "where it does not run, the query is absent", of=name
        )


def header(step: Step) -> Iterator[Obligation]:
    """P is looked up at the one place that holds it, by the operation that asks for it."""
    world = World(step)
    i, j = world.position("i"), world.position("j")
    asks = world.script.bit("i.op.nproc", "whether the operation is nproc")
    i.definitions["op.nproc"] = asks
    here = lookup(step, "processors")
    assert here.absent is not None
    goal = land(iff(candidate(j, here), j.kind("pe.nproc")), iff(eq(i.flag(here.absent), "1"), eq(asks, "0")))
    yield world.obligation("processors", goal)


def in_register(world: World, at: Position, index: Term, name: Term) -> Term:
    """Whether a position holds a write, in a complete block, to a register of a processor."""
    register = eq(at.payload("te", "reg"), name)
    return land(at.kind("pe.target"), at.kind("te.reg"), eq(at.payload("pe", "index"), index), register, past(at))


def registers(step: Step) -> Iterator[Obligation]:
    """A register is its last write in the complete blocks: the candidates, and that their ranks tell them apart."""
    for name, field in (("a", "ra"), ("d", "rd"), ("b", "rb")):
        world = World(step)
        i = due(world, **{field: world.script.integer("name", -1, 7, "the register's name, or none")})
        j, k = (world.position(prefix) for prefix in "jk")
        for at in (j, k):
            at.definitions |= incomplete(at)
        here, index = lookup(step, name), i.payload("pe", "index")
        assert here.rank is not None
        exact = iff(found(world, i, j, name), in_register(world, j, index, "name"))
        both = land(found(world, i, j, name), found(world, i, k, name))
        ranked = eq(j.flag(here.rank), j.payload("pe", "time"))
        apart = implies(both, eq(j.flag(here.rank), k.flag(here.rank)), j.same_place(k))
        yield world.obligation("register", land(exact, implies(both, ranked), apart), "rightmost by time", of=name)


def stores_to(at: Position, address: Term) -> Term:
    """Whether a position holds a store to an address."""
    return land(at.kind("pe.target"), at.kind("te.word"), eq(at.payload("te", "word"), address))


def held(at: Position) -> Term:
    """What ``step.holds`` says: the address whose word a position holds, or -1."""
    target = land(at.kind("pe.target"), at.kind("te.word"))
    return ite(at.kind("pe.memory"), at.payload("pe", "index"), ite(target, at.payload("te", "word"), "(- 1)"))


def memory(step: Step) -> Iterator[Obligation]:
    """A memory word is its last store that nothing beats in the complete blocks, or the initial word."""
    for name in ("loaded", "valid"):
        world = World(step)
        s = world.script
        i = world.position("i", lookup=s.integer("address", 0, note="what lookup says"))
        s.suppose(lt("address", "words"))
        for flag in ("op.ld", "op.st"):
            i.definitions[flag] = s.bit(f"i.{flag}")
        s.suppose(le("(+ i.op.ld i.op.st)", "1"))
        j, k, initial = (world.position(prefix) for prefix in ("j", "k", "initial"))
        for at in (j, k, initial):
            target = land(at.kind("pe.target"), at.kind("te.word"))
            beaten = s.bit(f"{at.prefix}.beaten", "whether a lower processor stores there at that time")
            s.suppose(implies(lnot(target), eq(beaten, "0")), "simulation.beaten")
            at.definitions |= {**incomplete(at), "holds": held(at), "is_target": ite(target, "1", "0"), "beaten": beaten}
        lower = land(stores_to(k, "address"), eq(k.payload("pe", "time"), j.payload("pe", "time")))
        s.suppose(
            implies(
                lower, lt(k.payload("pe", "index"), j.payload("pe", "index")), stores_to(j, "address"), eq("j.beaten", "1")
            ),
            "simulation.beaten",
        )
        s.suppose(
            implies(
                lower, lt(j.payload("pe", "index"), k.payload("pe", "index")), stores_to(j, "address"), eq("k.beaten", "1")
            ),
            "simulation.beaten",
        )
        here = lookup(step, name)
        assert here.rank is not None and here.absent is not None
        stored = land(stores_to(j, "address"), past(j), eq("j.beaten", "0"))
        given = land(j.kind("pe.memory"), eq(j.payload("pe", "index"), "address"))
        exact = iff(found(world, i, j, name), lor(stored, given))
        both = land(found(world, i, j, name), found(world, i, k, name))
        rank = eq(j.flag(here.rank), ite(j.kind("pe.memory"), "0", j.payload("pe", "time")))
        later = implies(both, j.kind("pe.memory"), k.kind("pe.target"), lt(j.flag(here.rank), k.flag(here.rank)))
        apart = implies(both, eq(j.flag(here.rank), k.flag(here.rank)), j.same_place(k))
        there = land(initial.kind("pe.memory"), eq(initial.payload("pe", "index"), "address"))
        valid = land(implies(there, found(world, i, initial, name)), implies(found(world, i, j, name), lt("address", "cells")))
        absent = i.flag(here.absent)
        silent = land(iff(eq(absent, "1"), eq("(+ i.op.ld i.op.st)", "0")), le("0", absent))
        yield world.obligation("memory", land(exact, implies(both, rank), later, apart, valid, silent), of=name)


def priorities(step: Step) -> Iterator[Obligation]:
    """Of several stores to one address at one time the lowest processor's is not beaten, and no other."""
    world = World(step)
    s = world.script
    i, j = world.position("i"), world.position("j")
    s.suppose(land(i.kind("pe.target"), i.kind("te.word"), past(i)), "a store in a complete block")
    for at in (i, j):
        urgency = ite(at.carries("pe", "index"), f"(- (- words 1) {at.payload('pe', 'index')})", "0")
        at.definitions["urgency"] = urgency
    here = lookup(step, "rival")
    assert here.rank is not None
    rival = land(stores_to(j, i.payload("te", "word")), eq(j.payload("pe", "time"), i.payload("pe", "time")))
    exact = iff(found(world, i, j, "rival"), rival)
    order = iff(lt(i.flag(here.rank), j.flag(here.rank)), lt(j.payload("pe", "index"), i.payload("pe", "index")))
    itself = implies(i.same_place(j), rival, found(world, i, i, "rival"))
    value = eq(i.flag(here.value), i.flag(here.rank))
    yield world.obligation("beaten", land(exact, implies(rival, order), itself, value), "the most urgent of them is the lowest")


def contents(step: Step) -> Iterator[Obligation]:
    """A target carries the value beside it."""
    world = World(step)
    i, j = world.position("i"), world.position("j")
    world.script.suppose(land(i.kind("pe.target"), past(i)), "a target in a complete block")
    same = land(*(eq(i.payload("pe", name), j.payload("pe", name)) for name in ("index", "time")))
    yield world.obligation("content", iff(found(world, i, j, "paired"), land(j.kind("pe.value"), same)))


def confluence(step: Step) -> Iterator[Obligation]:
    """Nothing that a position which is due looks up is of its own block or a later one: the order of unmasking is free."""
    for name in READS:
        world = World(step)
        s = world.script
        i, j = due(world), world.position("j")
        for definition in ("fetch", "lookup", "rd", "ra", "rb"):
            i.definitions[definition] = s.declare(f"i.{definition}", "Int", "any")
        s.suppose(lt("i.lookup", "words"))
        target = land(j.kind("pe.target"), j.kind("te.word"))
        j.definitions |= {**incomplete(j), "holds": held(j), "is_target": ite(target, "1", "0"), "beaten": s.bit("j.beaten")}
        goal = implies(found(world, i, j, name), lor(lnot(slot(j)), past(j)))
        yield world.obligation("confluence", goal, of=name)


LOG: tuple[Callable[[Step], Iterator[Obligation]], ...] = (
    readiness, counters, fetches, header, registers, memory, priorities, contents, confluence,
)  # fmt: skip
LOG_NAMES = ("complete", "ready", "counter", "fetch", "processors", "register", "memory", "beaten", "content", "confluence")
