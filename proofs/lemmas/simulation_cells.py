"""Family simulation, in place (claim T4): the two slots of every cell, the reads of cells, and their writers.

The invariant: of the two slots of a cell exactly one is masked, and the other holds the cell's value. A pass remasks the slot
that is written and unmasks the other, and leaves every other cell as it is. Counters, instructions, registers and memory are
read as in the log (``proofs.lemmas.simulation_log``); here are the writers of memory cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from efasp.process import REMASK, g
from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.simulation_log import counters, fetches, header, memory, read, registers
from efasp.proofs.obligation import Obligation, Verdict, exhaustive
from efasp.proofs.smtlib import Term, eq, implies, ite, land, lt
from efasp.proofs.symbolic.ends import index_ends
from efasp.proofs.symbolic.lookup_relations import WRITTEN
from efasp.proofs.symbolic.machine_effects import EXECUTES, PRIORITY, Effect, effects
from efasp.proofs.symbolic.machine_step import TARGET, URGENCY, WORDS, Namer
from efasp.proofs.symbolic.nodes import flag, is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sequence_invariants import World
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Attention, Node, PositionEmbedding, TokenEmbedding

MASK, OLD, NEW = 0, 1, 2  # three tokens that tell apart what a slot may hold


@concluded("simulation.writer", "value")
def WRITER(n: Namer, address: Term, lowest: Term) -> Term:
    """A memory cell finds whether a processor stores to it, and the word that the lowest stores; ``lowest``: that one, or P."""
    some = lt(lowest, "processors")
    value = ite(some, Effect.of(lowest).value, "0")
    return implies(is_value(n("pe.memory"), 1), land(eq(n("written"), flag(some)), eq(n("incoming"), value)))


def writer(step: Step) -> Iterator[Obligation]:
    """A memory cell finds the word of the lowest processor that stores to it; every other position has a lookup miss."""
    world = World(step)
    i, j = world.position("i"), world.position("j")
    read(world, i, j, names=("written", "incoming"))
    yield world.obligation("writer", world.script.conclude(WRITTEN, i), of="any position")
    world = World(step)
    s = world.script
    i, j = world.position("i"), world.position("j")
    world.state()
    effects(s)
    address, lowest = i.payload("pe", "index"), s.integer("lowest", 0, note="the lowest processor that stores there, or P")
    index_ends(s, lowest, "processors", beyond=True)
    own = tuple(world.place(f"p{slot}", "counter", index=lowest, slot=slot) for slot in "01")
    world.slots(*own)
    for at in (j, *own):
        pid = at.payload("pe", "index")
        s.assume(URGENCY, at, at.carries("pe", "index"))
        s.assume(TARGET, at, WORDS)
        s.assume(EXECUTES, at, Effect.of(pid), at.kind("pe.counter"))
    s.assume(PRIORITY, address, lowest, j.payload("pe", "index"))
    read(world, i, j, *own, names=("written", "incoming"))
    yield world.obligation("writer", s.conclude(WRITER, i, address, lowest), of="value")


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


SAME_FOR_BOTH = ("written", "named", "writes", "status", "next", "next_status", "result", "incoming")


def same_for_both(step: Step) -> Iterator[Obligation]:
    """Whether a cell is written, and with what, does not depend on which of its slots computes it."""

    def discharge() -> Verdict:
        for name in SAME_FOR_BOTH:
            for side, slot in own(step.definition(name)):
                if side == "te" or slot in step.pe.slots["slot_bits"]:
                    book = step.te if side == "te" else step.pe
                    where = next(label for label, places in book.slots.items() if slot in places)
                    return Verdict("refuted", "graph search", {"definition": name, "depends on": f"{side}.{where}"})
        return Verdict("proved", "graph search: queries and affine maps, not what lookups bring")

    m = step.machine
    content = "no dependence on the own token or slot"
    scope, ids = f"n <= {m.n[1]}", (BOTH_SLOTS.id,)
    yield Obligation("simulation.both_slots", m.claim, m.params, scope, m.n, "exact", content, discharge, concludes=ids)


@concluded("simulation.both_slots")
def BOTH_SLOTS(a: Position, b: Position, names: tuple[str, ...]) -> Term:
    """Both slots of a cell compute the same."""
    return land(*(eq(a(name), b(name)) for name in names))


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


IN_PLACE: tuple[Callable[[Step], Iterator[Obligation]], ...] = (
    counters, fetches, header, registers, memory, writer, slots, same_for_both,
)  # fmt: skip
NAMES = ("counter", "fetch", "processors", "register", "memory", "writer", "slots", "both_slots")
