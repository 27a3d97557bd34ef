"""Family simulation, composition (claims T1, T4): a pass preserves the invariants, and T PRAM steps are T decoding steps.

The modules ``proofs.lemmas.simulation_kept_log`` and ``proofs.lemmas.simulation_kept_cells`` show that a pass preserves the
invariants, and ``proofs.lemmas.simulation_start`` shows that they hold at the start. This module shows the number of passes
that change the sequence.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.encoding import COUNTERS, LOG_SLOTS
from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.simulation_kept_cells import in_pass, kept_cells, passed
from efasp.proofs.lemmas.simulation_kept_log import EVENT, REGISTERS, THEN, events, kept_log
from efasp.proofs.lemmas.simulation_positions import positions
from efasp.proofs.lemmas.simulation_start import starts
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Term, eq, implies, land, lnot, lt, plain
from efasp.proofs.symbolic.ends import index_ends
from efasp.proofs.symbolic.lookup_relations import COUNTED, NO_COUNTER, ONLY_RUNNING  # fmt: skip
from efasp.proofs.symbolic.machine_effects import IN_RANGE, Effect, effects, stopped_effect
from efasp.proofs.symbolic.machine_step import (
    CODE,
    DUE,
    NEXT_STATUS,
    NEXT_WORD,
    STATUS,
    STAYS,
    WORDS,
    log_kinds,
    ops_of,
)
from efasp.proofs.symbolic.nodes import is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sampler_decisions import READ_OUT, UNMASKED
from efasp.proofs.symbolic.sequence_invariants import READY, World, call, same_position, slot
from efasp.proofs.symbolic.step_definitions import Step

NOW = "t"


def statuses(step: Step) -> Iterator[Obligation]:
    """Without a next status the next program counter is 0."""
    extension = step.machine.extension
    world = World(step)
    s, i = world.script, world.position("i")
    for names, of in ((ops_of(extension), "operation"), (STATUS, "status")):
        world.bits(i, *names, of=of)
    s.assume(ONLY_RUNNING, i, extension)
    for conclusion in (NEXT_STATUS, STAYS):
        s.assume(conclusion, i, extension)
    s.assume(NEXT_WORD, i)
    s.assume(COUNTED, i)
    yield world.obligation("status", s.conclude(NO_COUNTER, i), f"one of {len(COUNTERS)}")


# How many passes.


def runs(pid: Term) -> Term:
    """Whether a processor runs."""
    return is_value(call("pram.status", pid), 0)


@concluded("simulation.fixed_point", "stopped")
def FIXED(old: Position, new: Position, lowest: Term) -> Term:
    """A pass does not change a position if neither its own processor nor ``lowest``, which would write to it, runs."""
    own = old.payload("pe", "index")
    return implies(lnot(runs(own)), lnot(runs(lowest)), new.same_token(old))


@concluded("simulation.fixed_point", "running")
def CHANGED(old: Position, new: Position) -> Term:
    """The pass changes the counter of a processor that runs."""
    return implies(old.kind("pe.counter"), runs(old.payload("pe", "index")), lnot(new.same_token(old)))


def fixed_point(step: Step) -> Iterator[Obligation]:
    """A pass over cells changes the sequence exactly if some processor runs."""
    world, s = in_pass(step)
    old = world.position("j")
    new = passed(world, old, "j")
    yield world.obligation("fixed_point", s.conclude(CHANGED, old, new), of="running")
    world, s = in_pass(step)
    old = world.position("j")
    new = passed(world, old, "j")
    s.definition(stopped_effect("j.lowest"))
    yield world.obligation("fixed_point", s.conclude(FIXED, old, new, "j.lowest"), of="stopped")


@concluded("simulation.decoding", "block")
def PASSES(before: Position, after: Position) -> Term:
    """After a pass of masked diffusion exactly the places of the log after time t + 1 are masked."""
    time = before.payload("pe", "time")
    return implies(slot(before), eq(after.kind("te.mask"), lt(THEN, time)))


@concluded("simulation.decoding", "pass")
def CHANGES(changed: Term, some: Term) -> Term:
    """A pass changes a token exactly if there is a step to make (``some``): in the log a block after t, in place a processor
    that runs. So the number of such passes is the number of steps."""
    return eq(changed, some)


def decoding_log(step: Step) -> Iterator[Obligation]:
    """Pass t + 1 unmasks exactly block t + 1, which has a token; so T steps take T passes."""
    world = World(step)
    s, i = world.script, world.position("i")
    world.state()
    effects(s)
    s.definition(eq(i.kind("te.mask"), land(slot(i), lt(NOW, i.payload("pe", "time")))), "after t passes")
    s.assume(READY, i)
    for name in LOG_SLOTS:
        s.assume(DUE, i, name)
    s.assume(CODE, i, log_kinds(i), [plain(kind.name) for kind in step.te.kinds], WORDS, REGISTERS)
    predicted, after = (same_position(world, i, prefix) for prefix in ("predicted", "after"))
    s.assume(READ_OUT, step.te, i, predicted.holds)
    s.assume(EVENT, predicted)
    s.assume(IN_RANGE, Effect.of(i.payload("pe", "index")))
    s.assume(UNMASKED, *(at.kind("te.mask") for at in (i, predicted, after)))
    yield world.obligation("decoding", s.conclude(PASSES, i, after), of="block")
    world = World(step)
    s, first = world.script, world.place("p", "counter", index="0", time=THEN)
    s.definition(eq(first.kind("te.mask"), land(slot(first), lt(NOW, first.payload("pe", "time")))), "after t passes")
    after = same_position(world, first, "after")
    s.assume(PASSES, first, after)
    changed = s.declare("changed", "Bool", "whether the pass changes some token")
    s.definition(implies(lnot(changed), after.same_token(first)))
    goal, never = s.conclude(CHANGES, changed, lt(NOW, "last")), [lnot(changed)]
    yield world.obligation("decoding", goal, "there is a block t + 1", infeasible=never, of="pass")


def decoding_cells(step: Step) -> Iterator[Obligation]:
    """A pass changes a token exactly if some processor runs, and makes a step (simulation.kept); so T steps take T passes."""
    world, s = in_pass(step)
    pid, some = s.integer("pid", 0, note="a processor that runs, if one does"), s.declare("some", "Bool", "whether one does")
    s.definition(lt(pid, "processors"))
    index_ends(s, pid, "processors")
    counter, other = world.place("p", "counter", index=pid, slot="0"), world.position("j")
    lowest = s.integer("lowest", 0, note="the lowest processor that would write to it")
    index_ends(s, lowest, "processors", beyond=True)
    for any_pid in (other.payload("pe", "index"), lowest):
        s.definition(implies(runs(any_pid), some))
    s.definition(implies(some, runs(pid)))
    afters = [same_position(world, at, f"{at.prefix}.after") for at in (counter, other)]
    s.assume(CHANGED, counter, afters[0])
    s.assume(FIXED, other, afters[1], lowest)
    changed = s.declare("changed", "Bool", "whether the pass changes some token")
    for at, after in zip((counter, other), afters, strict=True):
        s.definition(implies(lnot(after.same_token(at)), changed))
    s.definition(implies(changed, lnot(afters[1].same_token(other))), "if one changes, then this other one does")
    yield world.obligation("decoding", s.conclude(CHANGES, changed, some), "some processor runs", of="pass")


LOG_PARTS = (positions, statuses, events, kept_log, decoding_log, starts)
CELL_PARTS = (positions, statuses, kept_cells, fixed_point, decoding_cells, starts)


def whole(step: Step) -> Iterator[Obligation]:
    """The obligations of one machine."""
    for build in LOG_PARTS if step.machine.engine == "mdm" else CELL_PARTS:
        yield from build(step)


NAMES = ("positions", "kept", "status", "decoding", "start")
