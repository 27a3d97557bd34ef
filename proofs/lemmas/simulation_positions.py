"""Family simulation, positions: the conclusions of encoding.places, restated for symbolic positions (T1, T4).

A sequence is a function from positions to tokens; the layout maps positions to places, and places to positions.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.proofs.lemmas.encoding_places import BACK, POSITION, inside, limits
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq
from efasp.proofs.symbolic.machine import Number, of
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sequence_invariants import HAS_POSITION, ONE_POSITION, SIZES, World, call
from efasp.proofs.symbolic.step_definitions import Step


def sequence(step: Step) -> tuple[World, Script]:
    """A script about the positions of a sequence as numbers."""
    world = World(step, passes=False)
    s = world.script
    s.function("position", ["Int"] * (1 + len(step.pe.payloads)), "Int", "of a place: kind, then payloads")
    for part in ("kind", *(name for name, _ in step.te.payloads)):
        s.function(f"sequence.{part}", ["Int"], "Int", "of the token at a position")
    return world, s


def standing(world: World, prefix: str) -> tuple[Position, Term]:
    """A symbolic position, and its number: its token is that of the sequence at this number."""
    at, number = Position(world.script, world.step, prefix), world.script.integer(f"{prefix}.number", 0)
    parts = ("kind", *(name for name, _ in world.step.te.payloads))
    same = (eq(call(f"sequence.{part}", number), of(value)) for part, value in zip(parts, at.row("te"), strict=True))
    for term in same:
        world.script.definition(term)
    return at, number


def positions(step: Step) -> Iterator[Obligation]:
    """Two positions of one place are one; every place has a position."""
    world, s = sequence(step)
    pair = [standing(world, prefix) for prefix in "ab"]
    for at, number in pair:
        s.assume(BACK, number, call("position", *map(of, at.row("pe"))))
    yield world.obligation("positions", s.conclude(ONE_POSITION, *(at for at, _ in pair)), of="one position a place")
    for kind, one in enumerate(step.pe.kinds):
        world, s = sequence(step)
        at, number = standing(world, "a")
        payloads = {name: s.integer(name) for name in limits(step.pe, one.name, SIZES)}
        row = tuple(Number(term) for term in (str(kind), *(payloads.get(name, "0") for name, _ in step.pe.payloads)))
        s.definition(eq(number, call("position", *map(of, row))), "the position of the place")
        end = s.integer("end", note="the number of positions")
        s.assume(POSITION, inside(step.pe, one.name, payloads, SIZES), row, number, at.row("pe"), end)
        yield world.obligation("positions", s.conclude(HAS_POSITION, at, one.name, payloads), of=one.name)
