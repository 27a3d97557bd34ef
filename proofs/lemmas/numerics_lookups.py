"""Family numerics, the program's lookups: those that read one value of several best matches, and the largest scores."""

from __future__ import annotations

from collections.abc import Iterator

from efasp.proofs.lemmas.attention_lookups import TIES, keys, mixing, names
from efasp.proofs.obligation import Obligation
from efasp.proofs.symbolic.positions import lookup
from efasp.proofs.symbolic.sequence_invariants import World
from efasp.proofs.symbolic.step_definitions import Step


def equal_values(step: Step) -> list[str]:
    """Lookups that attention.ties leaves out because all best matches have one value, and this is not 0 but at the sink."""
    sink = next(iter(step.reading.form(step.sink, 0).terms))
    known, out = mixing(step), []
    for name in names(step):
        value = lookup(step, name).value
        atoms = {atom for place in range(value.width) for atom in step.reading.form(value, place).terms}
        if name not in known and not atoms <= {sink}:
            out.append(name)
    return out


def one_winner(step: Step) -> Iterator[Obligation]:
    """A lookup that reads its own rank has one best match: two matches of equal rank are the same place."""
    for name in equal_values(step):
        world = World(step)
        i, j, k = (world.position(prefix) for prefix in "ijk")
        keys(world, j, k)
        goal = world.script.conclude(TIES(name), i, j, k)
        m = step.machine
        params, scope = {**m.params, "of": name}, f"n <= {m.n[1]}, {m.shape}"
        yield world.script.obligation("numerics.ties", m.claim, params, scope, m.n, goal)


def first(step: Step, name: str) -> int | None:
    """The score of a match with processor 0 where lower processors go first: n C and the highest rank; None elsewhere."""
    here = lookup(step, name)
    if here.rank is not step.of["urgency"]:
        return None
    ((_, high),) = here.rank.sort.bounds
    return int(sum(query.width for query, _ in here.words) * here.capacity + high)
