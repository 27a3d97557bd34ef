"""Family simulation, the frame: log and cells hold the PRAM's writes (T1, T4)."""

from __future__ import annotations

from collections.abc import Iterator

from efasp.proofs.lemmas import simulation_cached, simulation_composition, simulation_determined
from efasp.proofs.lemmas.simulation_cells import IN_PLACE, own
from efasp.proofs.lemmas.simulation_cells import NAMES as CELL_NAMES
from efasp.proofs.lemmas.simulation_log import LOG, LOG_NAMES
from efasp.proofs.lemmas.simulation_processors import turns
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from efasp.proofs.symbolic.machine_effects import steps
from efasp.proofs.symbolic.step_definitions import Step


def own_token(step: Step) -> Iterator[Obligation]:
    """The prediction of a masked position depends on its place and on the results of its lookups, not on its own token."""

    def discharge() -> Verdict:
        bad = sorted(place for side, place in own(step.of["code"]) if side == "te")
        if bad:
            return Verdict("refuted", "graph search", {"depends on": f"te coordinates {bad}"})
        return Verdict("proved", "graph search: queries and affine maps, not what lookups bring")

    m = step.machine
    yield Obligation("simulation.own_token", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", "no dependence", discharge)


def frames(regime: Regime) -> Iterator[Obligation]:
    """The obligations that do not depend on the machine."""
    yield from turns(regime.all_n)
    yield from steps(regime.all_n)


def simulated(step: Step) -> Iterator[Obligation]:
    """The simulation's obligations about one machine."""
    for build in (*LOG, own_token) if step.machine.engine == "mdm" else IN_PLACE:
        yield from build(step)
    yield from simulation_composition.whole(step)
    yield from simulation_determined.results(step)
    yield from simulation_cached.caches(step)


PARTS = ("advance", "priority", "apply", "faults", "loops")
FRAME = tuple(f"simulation.{name}" for name in PARTS)


@lemma
def simulation(regime: Regime) -> Iterator[Batch]:
    """A pass of the transformer is a step of the PRAM: lookups, invariants, and writes."""
    if regime.given is None:
        yield Batch(FRAME, {}, lambda: frames(regime))
    for machine in regime.machines():
        lookups = (*LOG_NAMES, "own_token") if machine.engine == "mdm" else CELL_NAMES
        own = ("settled",) if machine.engine == "mdm" else ("fixed_point",)
        names = (*lookups, *simulation_composition.NAMES, "determined", "cached", *own)
        yield Batch(tuple(f"simulation.{name}" for name in names), machine.params, lambda m=machine: simulated(Step(m)))  # type: ignore[misc]
