"""Family simulation, a pass of masked diffusion (claim T1): block t + 1 holds the events of the PRAM's step.

The pass writes the events of the step (``EVENT``). With these tokens the log is well-formed with one more complete block, and
it holds the state after the step.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.encoding import LOG_SLOTS
from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.encoding_places import PLACE
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, plain
from efasp.proofs.symbolic.ends import index_ends, register_ends
from efasp.proofs.symbolic.machine_effects import ADVANCES, EXECUTES, IN_RANGE, PRIORITY, Effect, effects
from efasp.proofs.symbolic.machine_step import CODE, DUE, LOG_WORD, WORDS, log_kinds
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.processor_readings import COUNTER
from efasp.proofs.symbolic.sampler_decisions import READ_OUT
from efasp.proofs.symbolic.sequence_invariants import (
    BEATEN_BY,
    BEATEN_FOR,
    COUNTERS_HELD,
    HAS_POSITION,
    MEMORY_HELD,
    PROGRAM,
    READY,
    REGISTERS_HELD,
    SIZES,
    VALUE_OF_TARGET,
    WELL_FORMED,
    World,
    call,
    counter_holds,
    past,
    same_position,
    slot,
)  # fmt: skip
from efasp.proofs.symbolic.step_definitions import Step

THEN = "(+ t 1)"  # the time of the block that the pass writes
REGISTERS = [("out.register", "rd")]


@concluded("simulation.kept", "events")
def EVENT(at: Position) -> Term:
    """After the pass the tokens of block t + 1 are the events of the processors."""
    pid, word = at.payload("pe", "index"), at.payload("te", "word")
    effect = Effect.of(pid)
    counter = implies(at.kind("pe.counter"), counter_holds(at, effect.pc, effect.status))
    stores = land(at.kind("te.word"), eq(word, effect.address))
    writes = land(at.kind("te.reg"), eq(at.payload("te", "reg"), effect.rd))
    target = implies(at.kind("pe.target"), ite(effect.stores, stores, ite(effect.writes, writes, at.kind("te.none"))))
    written = ite(lor(effect.stores, effect.writes), effect.value, "0")
    value = implies(at.kind("pe.value"), land(at.kind("te.word"), eq(word, written)))
    return implies(filled(at), land(counter, target, value))


def filled(at: Position) -> Term:
    """Whether a position belongs to the block that the pass writes."""
    return land(slot(at), eq(at.payload("pe", "time"), THEN))


def events(step: Step) -> Iterator[Obligation]:
    """The pass writes the events at every masked position of block t + 1, so the order of unmasking does not matter."""
    world = World(step)
    s, i = world.script, world.due()
    world.state()
    effects(s)
    pid = i.payload("pe", "index")
    s.assume(READY, i)
    for name in LOG_SLOTS:
        s.assume(DUE, i, name)
    s.assume(COUNTER, i, pid)
    s.definition(land(le("0", call("pram.status", pid)), le(call("pram.status", pid), "4")), "a status")
    s.assume(EXECUTES, i, Effect.of(pid))
    s.assume(IN_RANGE, Effect.of(pid))
    s.assume(LOG_WORD, i)
    every = [plain(kind.name) for kind in step.te.kinds]
    s.assume(CODE, i, log_kinds(i), every, WORDS, REGISTERS)
    token = same_position(world, i, "token")
    s.assume(READ_OUT, step.te, i, token.holds)
    yield world.obligation("kept", s.conclude(EVENT, token), of="events")


# The log after the pass.


def after_pass(step: Step) -> tuple[World, Script]:
    """The world and its script, about the log after the pass."""
    world = World(step)
    world.state()
    effects(world.script)
    return world, world.script


def later(world: World, prefix: str) -> Position:
    """A position after the pass: it is well-formed with complete blocks up to t + 1, whose last one holds events."""
    at = Position(world.script, world.step, prefix)
    world.script.assume(WELL_FORMED.later, at, THEN)
    world.script.assume(EVENT, at)
    world.script.assume(IN_RANGE, Effect.of(at.payload("pe", "index")))
    return at


def placed(world: World, prefix: str, kind: str, **payloads: Term) -> Position:
    """A position of the given place after the pass, if the sequence has that place."""
    at = later(world, prefix)
    world.script.assume(HAS_POSITION, at, kind, payloads)
    return at


def kept_log(step: Step) -> Iterator[Obligation]:
    """After the pass the log is well-formed with one more complete block, and it holds the state after the step."""
    world, s = after_pass(step)
    at = Position(s, step, "j")
    pid = at.payload("pe", "index")
    s.assume(WELL_FORMED.where(lambda at: lnot(filled(at))), at)  # the other tokens are as before
    s.assume(PLACE, step.pe, at.row("pe"), SIZES)
    s.assume(EVENT, at)
    s.assume(IN_RANGE, Effect.of(pid))
    half = WELL_FORMED(at)  # also while only some tokens of the block are written
    yield world.obligation("kept", land(s.conclude(WELL_FORMED.later, at, THEN), half), of="well-formed")
    world, s = after_pass(step)
    at = later(world, "j")
    s.assume(ADVANCES, at.payload("pe", "index"), "0")
    yield world.obligation("kept", s.conclude(COUNTERS_HELD.later, at, THEN, "after"), of="counters")
    yield kept_registers(step)
    yield kept_memory(step)
    world, s = after_pass(step)
    at = Position(s, step, "j")
    s.assume(WELL_FORMED, at)
    s.assume(PROGRAM, at)
    yield world.obligation(
        "kept", s.conclude(PROGRAM.later, at), "the prompt has no masks, and unmasked tokens stay", of="program"
    )


def kept_registers(step: Step) -> Obligation:
    """The log holds the registers: the latest write is in block t + 1 exactly if the step writes the register."""
    world, s = after_pass(step)
    pid, register = s.integer("pid", 0, note="a processor"), s.integer("register", 0, 7, "one of its registers")
    s.definition(lt(pid, "processors"))
    index_ends(s, pid, "processors")
    register_ends(s, register)
    at, k = later(world, "j"), later(world, "k")
    inside = {"index": pid, "time": THEN}
    target, value = (placed(world, prefix, kind, **inside) for prefix, kind in (("n", "target"), ("v", "value")))
    held = s.declare("some", "Bool", "whether some block up to t + 1 has a write to it")
    earlier = s.declare("some.before", "Bool", "whether some block up to t has one")
    s.definition(implies(past(at), eq(held, earlier)))
    s.assume(VALUE_OF_TARGET, at, value, THEN)
    s.assume(REGISTERS_HELD, at, ite(past(at), held, "false"), [k], pid, register)
    s.assume(ADVANCES, pid, register)
    goal = s.conclude(REGISTERS_HELD.later, at, held, [k, target], pid, register, THEN, "after.register")
    return world.obligation("kept", goal, of="registers")


def kept_memory(step: Step) -> Obligation:
    """The log holds the memory: the latest store that is not overridden is in block t + 1 exactly if the step
    stores to the address."""
    world, s = after_pass(step)
    address = s.integer("address", 0, note="any address")
    lowest = s.integer("lowest", 0, note="the lowest processor that stores to it, or P")
    index_ends(s, address, "cells", beyond=True)
    index_ends(s, lowest, "processors", beyond=True)
    at, k, b = later(world, "j"), later(world, "k"), later(world, "b")
    inside = {"index": lowest, "time": THEN}
    target = placed(world, "n", "target", **inside)
    value = placed(world, "v", "value", **inside)
    held = s.declare("some", "Bool", "whether some position holds the word")
    for other in (at, b):
        s.assume(PRIORITY, address, lowest, other.payload("pe", "index"))
    for store in (at, target, k):
        world.bits(store, "beaten")
    s.assume(BEATEN_BY, target, at)
    s.assume(BEATEN_FOR, target, b)
    s.assume(VALUE_OF_TARGET, at, value, THEN)
    before = ite(lor(at.kind("pe.memory"), past(at)), held, "false")
    s.assume(MEMORY_HELD, at, before, [k], address)
    goal = s.conclude(MEMORY_HELD.later, at, held, [k, target], address, THEN, "after.memory")
    return world.obligation("kept", goal, of="memory")
