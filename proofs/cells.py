"""Family simulation, in place (claim T4): the two slots of every cell, what they are read as, and who writes them.

The invariant: of the two slots of a cell exactly one is masked, and the other holds the cell's value. A pass remasks the slot
that is written and unmasks the other, and leaves every other cell as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from efasp.process import REMASK, g
from efasp.syntax import Attention, Node, PositionEmbedding, TokenEmbedding
from proofs.obligation import Obligation, Verdict, exhaustive
from proofs.positions import Position, candidate, lookup
from proofs.reading import flag
from proofs.simulation import World, found, iff
from proofs.smt import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, plus
from proofs.step import STATUS, Step, next_status, on, stays, writes

CELLS = ("pe.memory", "pe.register", "pe.counter")
MASK, OLD, NEW = 0, 1, 2  # three tokens that tell apart what a slot may hold


def one_slot(at: Position, other: Position) -> Term:
    """The invariant of a cell, for two of its slots: one is masked and the other not."""
    return iff(at.kind("te.mask"), lnot(other.kind("te.mask")))


def same_cell(at: Position, other: Position) -> Term:
    """Whether two positions are slots of one cell."""
    return land(
        *(eq(f"{at.prefix}.{kind}", f"{other.prefix}.{kind}") for kind in CELLS),
        eq(at.payload("pe", "index"), other.payload("pe", "index")),
        implies(at.kind("pe.register"), eq(at.payload("pe", "register"), other.payload("pe", "register"))),
    )


def reads(step: Step) -> Iterator[Obligation]:
    """A lookup of a cell finds the slot with its value, and nothing else: it is the only one."""
    for name in ("counter", "status", "a", "d", "b", "loaded", "valid"):
        world = World(step)
        s = world.script
        i, j, k = (world.position(prefix) for prefix in "ijk")
        index = i.payload("pe", "index")
        s.suppose(i.carries("pe", "index"), "a place that computes a processor's step")
        if name in ("counter", "status"):
            wanted = land(j.kind("pe.counter"), eq(j.payload("pe", "index"), index))
        elif name in ("loaded", "valid"):
            i.definitions["lookup"] = s.integer("address", 0, note="what lookup says")
            wanted = land(j.kind("pe.memory"), eq(j.payload("pe", "index"), "address"))
        else:
            field = {"a": "ra", "d": "rd", "b": "rb"}[name]
            i.definitions[field] = s.integer("name", -1, 7, "the register's name, or none")
            same = land(eq(j.payload("pe", "index"), index), eq(j.payload("pe", "register"), "name"))
            wanted = land(j.kind("pe.register"), same)
        s.suppose(implies(same_cell(j, k), lnot(j.same_place(k)), one_slot(j, k)), "one slot of a cell is masked")
        exact = iff(found(world, i, j, name), land(wanted, lnot(j.kind("te.mask"))))
        both = land(found(world, i, j, name), found(world, i, k, name))
        yield world.obligation("cell", land(exact, implies(both, j.same_place(k))), of=name)
    world = World(step)
    s = world.script
    i, j = world.position("i", lookup=s.integer("address", 0)), world.position("j")
    for name in ("op.ld", "op.st"):
        i.definitions[name] = s.bit(f"i.{name}")
    s.suppose(le("(+ i.op.ld i.op.st)", "1"))
    here = lookup(step, "valid")
    assert here.absent is not None
    absent = i.flag(here.absent)
    inside = implies(found(world, i, j, "valid"), lt("address", "cells"))
    there = land(j.kind("pe.memory"), eq(j.payload("pe", "index"), "address"), lnot(j.kind("te.mask")))
    silent = land(iff(eq(absent, "1"), eq("(+ i.op.ld i.op.st)", "0")), le("0", absent))
    goal = land(inside, implies(there, found(world, i, j, "valid")), silent)
    yield world.obligation("valid", goal, "found exactly for an address below M, by loads and stores")


def writer(step: Step) -> Iterator[Obligation]:
    """A memory cell finds the processors that store to it, one position each; the most urgent is the lowest."""
    for name in ("incoming", "written"):
        world = World(step)
        s = world.script
        i, j, k = (world.position(prefix) for prefix in "ijk")
        for at in (j, k):
            address = s.integer(f"{at.prefix}.address", 0, note="the address that its processor's step computes")
            at.definitions |= {"target": address, "stores": s.bit(f"{at.prefix}.stores")}
            at.definitions["urgency"] = ite(at.carries("pe", "index"), f"(- (- words 1) {at.payload('pe', 'index')})", "0")
        s.suppose(implies(same_cell(j, k), lnot(j.same_place(k)), one_slot(j, k)), "one slot of a cell is masked")
        here = lookup(step, name)
        assert here.rank is not None and here.absent is not None
        memory = i.kind("pe.memory")
        stores = land(j.kind("pe.counter"), eq("j.stores", "1"), lnot(j.kind("te.mask")))
        exact = implies(memory, iff(found(world, i, j, name), land(stores, eq("j.address", i.payload("pe", "index")))))
        both = land(memory, found(world, i, j, name), found(world, i, k, name))
        order = iff(lt(k.flag(here.rank), j.flag(here.rank)), lt(j.payload("pe", "index"), k.payload("pe", "index")))
        apart = implies(both, eq(j.flag(here.rank), k.flag(here.rank)), j.same_place(k))
        silent = iff(eq(i.flag(here.absent), "1"), lnot(memory))
        yield world.obligation("writer", land(exact, implies(both, order), apart, silent), of=name)


def in_cells(step: Step) -> Iterator[Obligation]:
    """Instruction fetch and the header, as in the log."""
    for name, field in (("operation", "op"), ("rd", "rd"), ("ra", "ra"), ("rb", "x"), ("immediate", "x")):
        world = World(step)
        i = world.position("i", fetch=world.script.integer("pc", -1, note="what fetch says: the program counter, or none"))
        i.definitions["status.running"] = world.script.bit("i.status.running")
        j, here = world.position("j"), lookup(step, name)
        assert here.absent is not None
        wanted = land(j.kind(f"pe.{field}"), eq(j.payload("pe", "index"), "pc"))
        absent = i.flag(here.absent)
        silent = land(iff(eq(absent, "1"), eq("i.status.running", "0")), le("0", absent))
        yield world.obligation("fetch", land(iff(found(world, i, j, name), wanted), silent), of=name)
    world = World(step)
    i, j, here = world.position("i"), world.position("j"), lookup(step, "processors")
    assert here.absent is not None
    i.definitions["op.nproc"] = world.script.bit("i.op.nproc")
    goal = land(iff(candidate(j, here), j.kind("pe.nproc")), iff(eq(i.flag(here.absent), "1"), eq("i.op.nproc", "0")))
    yield world.obligation("processors", goal)


# The invariant.


def slots(step: Step) -> Iterator[Obligation]:
    """``g`` on a cell, whichever slot is masked, written or not: one slot stays masked, the value is the new or the old one."""

    def failures() -> Iterator[dict[str, Any]]:
        for masked, hit in product((0, 1), (False, True)):
            x = np.array([MASK if place == masked else OLD for place in (0, 1)])
            control = np.zeros((2, 3), dtype=bool)
            control[:, REMASK] = (x == MASK) ^ hit  # step.control
            after = g(x, np.full(2, NEW), control, MASK)
            if sorted(after.tolist()) != [MASK, NEW if hit else OLD]:
                yield {"masked slot": masked, "written": hit, "before": x.tolist(), "after": after.tolist()}

    m = step.machine
    content = "g of a cell: remask = masked xor written"
    yield Obligation(
        "simulation.slots", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exhaustive", content, exhaustive(4, failures)
    )


def same_for_both(step: Step) -> Iterator[Obligation]:
    """Whether a cell is written, and with what, does not depend on which of its slots computes it."""

    def settle() -> Verdict:
        for name in ("written", "named", "writes", "status", "next", "next_status", "result", "incoming"):
            for side, slot in own(step.of[name]):
                if side == "te" or slot in step.pe.slots["slot_bits"]:
                    book = step.te if side == "te" else step.pe
                    where = next(label for label, places in book.slots.items() if slot in places)
                    return Verdict("refuted", "graph search", {"definition": name, "depends on": f"{side}.{where}"})
        return Verdict("proved", "graph search: queries and affine maps, not what lookups bring")

    m = step.machine
    content = "no dependence on the own token or slot"
    yield Obligation("simulation.both_slots", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", content, settle)


def own(root: Node) -> set[tuple[str, int]]:
    """The coordinates of the own position's codes that a node depends on: through queries, not through keys and values."""
    out: set[tuple[str, int]] = set()
    seen: set[tuple[Node, int]] = set()
    stack = [(root, place) for place in range(root.width)]
    while stack:
        node, place = stack.pop()
        if (node, place) in seen:
            continue
        seen.add((node, place))
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            out.add(("te" if isinstance(node, TokenEmbedding) else "pe", place))
        elif isinstance(node, Attention):
            stack.extend((node.q, q) for q in range(node.q.width))
        else:
            stack.extend(_below(node, place))
    return out


def _below(node: Node, place: int) -> list[tuple[Node, int]]:
    """The coordinates that a pointwise node's coordinate reads."""
    rows = getattr(node, "rows", None)
    if rows is not None:
        return [(node.inputs[0], column) for column, _ in rows[place]]
    if len(node.inputs) == 1:
        return [(node.inputs[0], place)]
    for part in node.inputs:
        if place < part.width:
            return [(part, place)]
        place -= part.width
    raise AssertionError("no such coordinate")


def fixed_point(step: Step) -> Iterator[Obligation]:
    """A pass changes the sequence exactly where some processor runs: a running one's counter is written, and else nothing."""
    script = Script("QF_LIA")
    for name in (*step.ops, *STATUS, "valid"):
        script.bit(name)
    script.suppose(le(plus(*step.ops), STATUS[0]), "only a running processor fetches")
    script.suppose(le(plus(*STATUS), "1"))
    script.integer("a.ones", 0)
    script.define("stays", flag(stays(step)))
    stopped = eq(STATUS[0], "0")
    hit = lor(on(STATUS[0]), on("stores"), writes(step))
    script.define("stores", flag(land(on("op.st"), on("valid"))), note="step.stores")
    goal = iff(hit, lnot(stopped))
    m = step.machine
    kept = land(*(implies(stopped, eq(flag(term), now)) for term, now in zip(next_status(step)[1:], STATUS[1:], strict=True)))
    yield script.obligation("simulation.fixed_point", m.claim, m.params, f"n <= {m.n[1]}", m.n, land(goal, kept))


IN_PLACE: tuple[Callable[[Step], Iterator[Obligation]], ...] = (
    reads, writer, in_cells, slots, same_for_both, fixed_point,
)  # fmt: skip
NAMES = ("cell", "valid", "writer", "fetch", "processors", "slots", "both_slots", "fixed_point")
