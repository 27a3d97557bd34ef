"""Family simulation, the whole (claims T1, T4): a pass keeps the invariants, and T PRAM steps are T decoding steps.

What the stages and lookups conclude is supposed here; it is said beside each line by which lemma.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.encoding import COUNTERS, LOG_SLOTS
from proofs.cells import CELLS, one_slot, same_cell
from proofs.obligation import Obligation
from proofs.positions import Position, plain
from proofs.reading import both, flag, is_value
from proofs.simulation import World, iff, slot, well_formed_cells, well_formed_log
from proofs.smt import Script, Term, eq, implies, ite, land, le, lnot, lt, plus
from proofs.step import HIT, NEXT, STATUS, Step, cell_kinds, log_kinds, next_status, on


def is_token(at: Position, kinds: dict[str, Term]) -> Term:
    """Whether the token at a position is of the kind whose condition holds."""
    conditions = {kind.name: kinds.get(kind.name, "false") for kind in at.step.te.kinds}
    return land(*(iff(at.kind(f"te.{name}"), condition) for name, condition in conditions.items()))


def kept_log(step: Step) -> Iterator[Obligation]:
    """After the pass that fills block t + 1 the log is well-formed with the blocks up to t + 1 complete."""
    world = World(step)
    s = world.script
    at = Position(s, step, "j")
    time = at.payload("pe", "time")
    filled = land(slot(at), eq(time, "(+ t 1)"))
    for condition, note in well_formed_log(at):
        s.suppose(implies(lnot(filled), condition), note or "the others are as before")
    s.suppose(implies(filled, lt(at.payload("pe", "index"), "processors")), "encoding.places")
    s.define("ready", "1", note="simulation.ready: block t is complete")
    for name in LOG_SLOTS:
        s.define(f"{name}_due", flag(land(filled, at.kind(f"pe.{name}"))), note="step.due")
    for name in (*NEXT, "stores", "writes"):
        s.bit(name)
    s.suppose(is_value(plus(*NEXT), 1), "step.execute")
    s.suppose(le("(+ stores writes)", "1"), "step.execute")
    address, word = s.integer("address", 0), at.payload("te", "word")
    s.suppose(implies(on("stores"), lt(address, "cells")), "simulation.memory: what it stores to is found")
    s.suppose(implies(filled, is_token(at, log_kinds())), "step.code")
    s.suppose(implies(land(filled, at.kind("pe.target"), on("stores")), eq(word, address)), "step.word")
    goal = land(*(condition for condition, _ in well_formed_log(at, "(+ t 1)")))
    yield world.obligation("kept", goal, "well-formed, with one block more")


def kept_cells(step: Step) -> Iterator[Obligation]:
    """After a pass the cells are well-formed, of two slots of a cell one is masked, and the prompt is as before."""
    world = World(step)
    s = world.script
    before = [world.position(prefix) for prefix in "jk"]
    after = [Position(s, step, f"{at.prefix}.after") for at in before]
    for name in (*NEXT, "written", "named", "writes", STATUS[0]):
        s.bit(name)
    s.suppose(is_value(plus(*NEXT), 1), "step.execute")
    s.suppose(same_cell(*before), "two slots of a cell: what is written to it is the same for both (simulation.both_slots)")
    s.suppose(one_slot(*before))
    for old, new in zip(before, after, strict=True):
        s.suppose(land(new.same_place(old), *(iff(new.kind(f"pe.{k.name}"), old.kind(f"pe.{k.name}")) for k in step.pe.kinds)))
        named = {f"pe.{kind.name}": f"{old.prefix}.pe.{plain(kind.name)}" for kind in step.pe.kinds}
        masked, hit = old.kind("te.mask"), renamed(HIT, named)
        s.suppose(implies(on("written"), old.kind("pe.memory")), "step.control: only a memory cell looks for a writer")
        remask = f"(xor {masked} {hit})"
        predicted = {name: renamed(term, named) for name, term in cell_kinds().items()}
        kinds = {}
        for kind in step.te.kinds:
            unmasked = ite(masked, predicted.get(kind.name, "false"), old.kind(f"te.{kind.name}"))
            kinds[kind.name] = remask if kind.name == "mask" else land(lnot(remask), unmasked)
        s.suppose(is_token(new, kinds), "step.control, step.code, process.g")
    first = after[0]
    cell = first.kind(*CELLS)
    unchanged = land(*(iff(first.kind(f"te.{k.name}"), before[0].kind(f"te.{k.name}")) for k in step.te.kinds))
    shape = [condition for condition, _ in well_formed_cells(first)]
    goal = land(*shape, implies(cell, one_slot(*after)), implies(lnot(cell), unchanged))
    yield world.obligation("kept", goal, "well-formed, one slot of each cell masked")


def renamed(term: Term, names: dict[str, Term]) -> Term:
    """A term of the stages about this position: flags of places by their names here."""
    for old, new in names.items():
        term = term.replace(f"(= {old} 1)", f"(= {new} 1)")
    return term


def decoding(step: Step) -> Iterator[Obligation]:
    """Pass k + 1 makes PRAM step k + 1, and no pass changes anything once every processor has stopped: T passes for T steps."""
    s = Script("QF_LIA")
    s.integer("k", 0, note="passes so far")
    s.integer("T", 0, note="PRAM steps until every processor has stopped")
    s.declare("changes", "Bool", "whether pass k + 1 changes the sequence")
    if step.machine.engine == "mdm":
        s.integer("b", 1, note="any block of the context, whose last is T")
        s.suppose(le("b", "T"))
        for name, block in (("masked", "b"), ("masked.before", "(- b 1)"), ("masked.next", "(+ k 1)")):
            s.declare(name, "Bool", f"whether block {block} has a masked token, before pass k + 1")
            s.suppose(eq(name, lt("k", block)), "the invariant at k")
        after = land("masked", "masked.before")
        s.define("after", after, "Bool", "step.code, process.confidence: where the block before is complete, it is unmasked")
        s.suppose(eq("changes", land(le("(+ k 1)", "T"), "masked.next")), "there is a block to unmask")
        goal = land(eq("after", lt("(+ k 1)", "b")), eq("changes", lt("k", "T")))
    else:
        s.integer("held", 0, note="the sequence holds the configuration after so many PRAM steps")
        s.suppose(eq("held", ite(lt("k", "T"), "k", "T")), "the invariant at k")
        s.suppose(eq("changes", lt("held", "T")), "simulation.fixed_point: as long as a processor runs")
        s.define("after", ite("changes", "(+ held 1)", "held"), note="step.execute, simulation.kept, simulation.advance")
        goal = land(eq("after", ite(lt("(+ k 1)", "T"), "(+ k 1)", "T")), eq("changes", lt("k", "T")))
    m = step.machine
    yield s.obligation("simulation.decoding", m.claim, m.params, "all n", m.n, goal, "the invariant at k + 1")


def statuses(step: Step) -> Iterator[Obligation]:
    """Of the kinds of a program counter exactly one is the next one: so a counter is always written as one token."""
    s = Script("QF_LIA")
    for name in (*step.ops, *STATUS, "valid"):
        s.bit(name)
    s.suppose(is_value(plus(*STATUS), 1), "a processor has a status")
    s.suppose(le(plus(*step.ops), STATUS[0]), "only a running processor fetches")
    s.suppose(le("valid", plus("op.ld", "op.st")), "only loads and stores look memory up")
    for name, term in zip(NEXT, next_status(step), strict=True):
        s.define(name, flag(term), note="step.status")
    stores = both("op.st", "valid")
    goal = land(is_value(plus(*NEXT), 1), implies(stores, on(NEXT[0])))
    m = step.machine
    yield s.obligation("simulation.status", m.claim, m.params, f"n <= {m.n[1]}", m.n, goal, f"one of {len(COUNTERS)}")


def whole(step: Step) -> Iterator[Obligation]:
    """The obligations of one machine."""
    yield from kept_log(step) if step.machine.engine == "mdm" else kept_cells(step)
    yield from statuses(step)
    yield from decoding(step)


NAMES = ("kept", "status", "decoding")
