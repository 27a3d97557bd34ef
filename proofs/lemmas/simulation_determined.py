"""Family simulation, the last links (claims T1, T4): what is concluded of a pass determines its result.

A conclusion that no other obligation assumes could be weakened, and all would be proved still: a weaker statement is true
too. So the conclusions about a pass are assumed here of two results of it, and these are shown to be the same. Of a conclusion
that leaves a token, a mask or the end of the run open there are two results that differ, which the countermodel gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.proofs.lemmas.simulation_composition import CHANGES, PASSES
from efasp.proofs.lemmas.simulation_kept_cells import CELL, UNCHANGED, in_pass
from efasp.proofs.lemmas.simulation_kept_log import EVENT, after_pass
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import eq, implies, land, le, lnot, lt
from efasp.proofs.symbolic.machine_effects import IN_RANGE, Effect
from efasp.proofs.symbolic.sequence_invariants import (
    CELLS,
    ONE_SLOT,
    World,
    call,
    one_slot,
    same_cell,
    same_position,
    slot,
)
from efasp.proofs.symbolic.step_definitions import Step

RESULTS = ("a", "b")  # prefixes of the two results of one pass


def log_result(step: Step) -> Obligation:
    """Two results of a pass over the log have the same masks, and from block t + 1 on the same tokens."""
    world, s = after_pass(step)
    old = world.position("i")
    first, second = (same_position(world, old, prefix) for prefix in RESULTS)
    s.assume(IN_RANGE, Effect.of(old.payload("pe", "index")))
    for new in (first, second):
        s.assume(EVENT, new)
        s.assume(PASSES, old, new)
    masks = eq(first.kind("te.mask"), second.kind("te.mask"))
    tokens = implies(lt("t", old.payload("pe", "time")), first.same_token(second))
    return world.obligation("determined", implies(slot(old), land(masks, tokens)), "one result", of="tokens")


def cell_result(step: Step) -> Obligation:
    """Two results of a pass over cells have the same prompt and in every cell the same token, in exactly one of
    its slots each (which of the two is not said)."""
    world, s = in_pass(step)
    pair = [world.position(prefix) for prefix in "jk"]
    index = pair[0].payload("pe", "index")
    s.definition(land(le("0", call("after.status", index)), le(call("after.status", index), "4")), "a status")
    results = [[same_position(world, old, f"{old.prefix}.{prefix}") for old in pair] for prefix in RESULTS]
    for news in results:
        for old, new in zip(pair, news, strict=True):
            s.assume(CELL, new)
            s.assume(UNCHANGED, old, new)
        s.assume(ONE_SLOT.later, *news)
    prompt = implies(lnot(pair[0].kind(*CELLS)), results[0][0].same_token(results[1][0]))
    shown = (implies(lnot(x.kind("te.mask")), lnot(y.kind("te.mask")), x.same_token(y)) for x in results[0] for y in results[1])
    cells = implies(same_cell(*pair), lnot(pair[0].same_place(pair[1])), land(one_slot(*results[0]), *shown))
    return world.obligation("determined", land(prompt, cells), "one result, up to the slot", of="tokens")


def changes(step: Step) -> Obligation:
    """Two results of a pass are both other sequences than before, or neither is: both end the run or neither."""
    world = World(step)
    s = world.script
    some = s.declare("some", "Bool", "whether there is a step to make")
    first, second = (s.declare(f"changed.{prefix}", "Bool", "whether the pass changes some token") for prefix in RESULTS)
    for changed in (first, second):
        s.assume(CHANGES, changed, some)
    return world.obligation("determined", eq(first, second), "either ends the run, or neither", of="end")


def results(step: Step) -> Iterator[Obligation]:
    """The obligations about one machine."""
    yield (log_result if step.machine.engine == "mdm" else cell_result)(step)
    yield changes(step)
