"""Family simulation, a pass over cells (claim T4): every cell holds its new value in one of its two slots.

The pass writes the new values of the cells (``CELL``). With these tokens the cells are well-formed again, and they hold the
state after the step.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.simulation_cells import BOTH_SLOTS, WRITER
from efasp.proofs.lemmas.simulation_kept_log import THEN
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, land, le, lnot, lt, plain
from efasp.proofs.symbolic.ends import index_ends, register_ends
from efasp.proofs.symbolic.lookup_relations import WRITTEN
from efasp.proofs.symbolic.machine_effects import ADVANCES, EXECUTES, IN_RANGE, PRIORITY, Effect, effects, stopped_effect
from efasp.proofs.symbolic.machine_step import CELL_WORD, CODE, CONTROL, NAMED, STATUS, TOKEN_WORD, WORDS, cell_kinds
from efasp.proofs.symbolic.nodes import is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.processor_readings import COUNTER
from efasp.proofs.symbolic.sampler_decisions import READ_OUT, G
from efasp.proofs.symbolic.sequence_invariants import (
    CELLS,
    COUNTERS_HELD,
    HAS_POSITION,
    MEMORY_HELD,
    ONE_SLOT,
    PROGRAM,
    REGISTERS_HELD,
    WELL_FORMED,
    World,
    call,
    counter_holds,
    same_cell,
    same_position,
)  # fmt: skip
from efasp.proofs.symbolic.step_definitions import Step


@concluded("simulation.kept", "cells")
def CELL(at: Position) -> Term:
    """After the pass an unmasked slot holds the new value of its cell, which is a word of memory, a register or a counter."""
    index, word = at.payload("pe", "index"), at.payload("te", "word")
    register = call("after.register", index, at.payload("pe", "register"))
    shown = lnot(at.kind("te.mask"))
    counter = counter_holds(at, call("after.pc", index), call("after.status", index))
    return land(
        implies(at.kind("pe.memory"), shown, land(at.kind("te.word"), eq(word, call("after.memory", index)))),
        implies(at.kind("pe.register"), shown, land(at.kind("te.word"), eq(word, register))),
        implies(at.kind("pe.counter"), shown, counter),
    )


@concluded("simulation.kept", "prompt")
def UNCHANGED(old: Position, new: Position) -> Term:
    """The pass does not change the prompt."""
    return implies(lnot(old.kind(*CELLS)), new.same_token(old))


def passed(world: World, old: Position, prefix: str) -> Position:
    """The position after the pass over cells, with the assumptions that determine its token."""
    s, step = world.script, world.step
    index, register = old.payload("pe", "index"), old.payload("pe", "register")
    computes = old.kind("pe.register", "pe.counter")
    s.assume(COUNTER.where(lambda n, pid: computes), old, index)
    s.definition(land(le("0", call("pram.status", index)), le(call("pram.status", index), "4")), "a status")
    s.assume(EXECUTES, old, Effect.of(index), computes)
    s.assume(IN_RANGE, Effect.of(index))
    s.assume(ADVANCES, index, register)
    s.definition(stopped_effect(index))
    lowest = s.integer(f"{prefix}.lowest", 0, note="the lowest processor that stores to a memory cell, or P")
    index_ends(s, lowest, "processors", beyond=True)
    s.assume(PRIORITY, index, lowest, "0")
    s.assume(WRITER, old, index, lowest)
    s.assume(WRITTEN, old)
    s.assume(NAMED, old, [("rd", "pe.register_bits")])
    s.assume(CONTROL, old)
    s.assume(CELL_WORD, old)
    s.assume(CODE, old, cell_kinds(old), [plain(kind.name) for kind in step.te.kinds], WORDS, [("out.register", "")])
    predicted, new = (same_position(world, old, f"{prefix}.{what}") for what in ("predicted", "after"))
    s.assume(READ_OUT, step.te, old, predicted.holds)
    remask, insert, delete = (is_value(old(name), 1) for name in ("remask", "insert", "delete"))
    mask = old.kind("te.mask"), new.kind("te.mask")
    s.assume(G, mask, (remask, insert, delete), new.same_token(predicted), new.same_token(old))
    return new


def holds_before(world: World, old: Position) -> None:
    """Assume that before the pass an unmasked slot holds the value of its cell."""
    s, index, register = world.script, old.payload("pe", "index"), old.payload("pe", "register")
    s.assume(COUNTERS_HELD, old)
    s.assume(TOKEN_WORD, old, WORDS)
    for conclusion, instance in ((REGISTERS_HELD, (index, register)), (MEMORY_HELD, (index,))):
        s.assume(conclusion, old, "true", [old], *instance)


def in_pass(step: Step) -> tuple[World, Script]:
    """The world and its script, about the cells before and after the pass."""
    world = World(step)
    world.state()
    effects(world.script)
    return world, world.script


def kept_cells(step: Step) -> Iterator[Obligation]:
    """After the pass every cell holds its new value in exactly one slot, and the cells are well-formed."""
    world, s = in_pass(step)
    old = world.position("j")
    holds_before(world, old)
    new = passed(world, old, "j")
    yield world.obligation("kept", land(s.conclude(CELL, new), s.conclude(UNCHANGED, old, new)), of="cells")
    world, s = in_pass(step)
    before = [world.position(prefix) for prefix in "jk"]
    after = [passed(world, old, old.prefix) for old in before]
    s.assume(ONE_SLOT, *before)
    s.assume(BOTH_SLOTS.where(lambda a, b, names: same_cell(a, b)), *before, ("written", "named", "writes", STATUS[0]))
    yield world.obligation("kept", s.conclude(ONE_SLOT.later, *after), of="one slot")
    world, s = in_pass(step)
    old = world.position("j")
    new = same_position(world, old, "j.after")
    s.assume(CELL, new)
    s.assume(UNCHANGED, old, new)
    s.assume(PROGRAM, old)
    index = new.payload("pe", "index")
    s.definition(land(le("0", call("after.status", index)), le(call("after.status", index), "4")), "a status")
    goals = s.conclude(WELL_FORMED.later, new), s.conclude(PROGRAM.later, new)
    counted = s.conclude(COUNTERS_HELD.later, new, THEN, "after")
    yield world.obligation("kept", land(*goals, counted), of="well-formed")
    yield kept_values(step, "register")
    yield kept_values(step, "memory")


def kept_values(step: Step, kind: str) -> Obligation:
    """Every register or word of memory has an unmasked slot, which holds the new value."""
    world, s = in_pass(step)
    index = s.integer("number", 0, note="a processor" if kind == "register" else "an address")
    payloads = {"index": index}
    if kind == "register":
        payloads["register"] = s.integer("register", 0, 7, "one of its registers")
        s.definition(lt(index, "processors"))
        register_ends(s, payloads["register"])
    index_ends(s, index, "processors" if kind == "register" else "cells", beyond=kind == "memory")
    at, *slots = (Position(s, step, prefix, given) for prefix, given in (("j", ()), ("p0", ("slot",)), ("p1", ("slot",))))
    for number, p in enumerate(slots):
        s.assume(HAS_POSITION, p, kind, {**payloads, "slot": str(number)})
    for p in (at, *slots):
        s.assume(WELL_FORMED.later, p)
        s.assume(CELL, p)
        s.assume(TOKEN_WORD, p, WORDS)
    s.assume(ONE_SLOT.later, *slots)
    held = s.declare("some", "Bool", "whether some position holds it")
    conclusion = REGISTERS_HELD if kind == "register" else MEMORY_HELD
    goal = s.conclude(conclusion.later, at, held, slots, *(payloads.values()), THEN, f"after.{kind}")
    return world.obligation("kept", goal, of="registers" if kind == "register" else "memory")
