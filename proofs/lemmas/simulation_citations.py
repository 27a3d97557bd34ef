"""Family simulation, the order of citations: every assumption is some lemma's conclusion, and nothing rests on itself.

Obligations say which conclusions they assume and which they state (``proofs.conclusions``). Those of a machine must
fit together:

* every assumption is concluded, by an obligation about this machine or by a lemma that does not depend on it;
* within a step no conclusion rests on itself; from time t to t + 1 an invariant may be, and then it is concluded one step
  later, and of the sequence that decoding starts with;
* every definition that the read-out reaches has a conclusion;
* every conclusion says something: its formula is not true by its form alone wherever it is assumed, or stated of a machine;
* none is without use: each that a lemma of the simulation states of the machine is assumed, the last ones by
  ``proofs.lemmas.simulation_determined``, so that none can be weakened and all be proved still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter

from efasp.proofs.conclusions import lemma_of
from efasp.proofs.lemmas import (
    attention,
    attention_lookups,
    encoding,
    gates,
    process,
    process_algorithm,
    simulation,
    step_execute,
    step_stages,
    step_values,
)
from efasp.proofs.obligation import LEMMAS, Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.proofs.symbolic.sequence_invariants import INVARIANTS
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import walk

FAMILIES: tuple[Callable[[Step], Iterator[Obligation]], ...] = (
    step_stages.stages, step_values.values, step_execute.operators, attention_lookups.about, simulation.simulated,
)  # fmt: skip
Wrong = dict[str, str] | None


@cache
def executions(extension: str) -> tuple[Obligation, ...]:
    """The obligations that an instruction set alone decides."""
    return tuple(step_execute.executions(extension, Regime(1).all_n))


@cache
def everywhere() -> tuple[Obligation, ...]:
    """The obligations for all widths: of the PRAM, of processes, and of encodings."""
    regime = Regime(1)
    return (*simulation.frames(regime), *process_algorithm.obligations(regime), *encoding.everywhere(regime.all_n))


def shared(word: int) -> tuple[Obligation, ...]:
    """The obligations of which no machine is a part, at a width and for all."""
    n = Regime(1).all_n
    return (*everywhere(), *encoding.at_width(word, n), *process.of_width(word, n))


def about(step: Step) -> list[Obligation]:
    """The obligations about one machine, those that its instruction set alone decides, and those about none."""
    made = [obligation for build in FAMILIES for obligation in build(step)]
    machine = step.machine
    return [*made, *executions(machine.extension), *shared(machine.word)]


@cache
def promised(word: int) -> frozenset[str]:
    """The lemmas about operators and matches of which there are obligations for every width, or at this one.

    A batch that has none of a lemma that it promises is an error.
    """
    families = [build for build in LEMMAS if build.__module__ in (attention.__name__, gates.__name__)]
    built = (batch for build in families for batch in build(Regime(1 << word)))
    return frozenset(name for batch in built if batch.params.get("w", word) == word for name in batch.lemmas)


def unconcluded(step: Step, obligations: Iterable[Obligation]) -> Wrong:
    """An assumption without a conclusion: it is the conclusion of no obligation, and not the statement of a lemma either."""
    some = list(obligations)
    concluded = {name for o in some for name in o.concludes} | INVARIANTS | promised(step.machine.word)
    for obligation in some:
        for name in obligation.cites:
            if name not in concluded:
                return {"obligation": obligation.id, "assumes": name, "expected": "a lemma that concludes it"}
    return None


def unfounded(obligations: Iterable[Obligation]) -> Wrong:
    """An invariant that is assumed, and not shown at the start or one step later."""
    some = list(obligations)
    concluded, cited = ({name for o in some for name in o.concludes}, {name for o in some for name in o.cites})
    for name in sorted(INVARIANTS & cited):
        for when in ("at the start", "one step later"):
            if f"{name}, {when}" not in concluded:
                return {"invariant": name, "expected": f"an obligation that shows it {when}"}
    return None


def graph(obligations: Iterable[Obligation]) -> dict[str, set[str]]:
    """The assumptions of each conclusion; invariants are assumed of the step before, so they do not count."""
    edges: dict[str, set[str]] = {}
    for obligation in obligations:
        for name in obligation.concludes:
            edges.setdefault(name, set()).update(set(obligation.cites) - INVARIANTS)
    return edges


def circular(obligations: Iterable[Obligation]) -> Wrong:
    """A conclusion that rests on itself."""
    try:
        tuple(TopologicalSorter(graph(obligations)).static_order())
    except CycleError as error:
        return {"rest on each other": " <- ".join(error.args[1])}
    return None


def uncovered(step: Step, obligations: Iterable[Obligation]) -> Wrong:
    """A definition that the read-out reaches and no obligation speaks of."""
    covered = {name for o in obligations for name in o.concludes}
    reached = set(walk(step.program.output))
    for name, node in step.program.definitions.items():
        same = [other for other, twin in step.program.definitions.items() if twin is node]
        if node in reached and not any(f"definition: {other}" in covered for other in same):
            return {"definition": name, "expected": "an obligation about its value"}
    return None


def empty(obligations: Iterable[Obligation]) -> Wrong:
    """A conclusion that is assumed, or stated about this machine, and is true by its form alone wherever it is met.

    One that is not about a machine may be so where it is stated: a run of the code on symbols can have decided it.
    """
    some, trivial = list(obligations), dict[str, bool]()
    concerned = {name for o in some for name in o.telling if name in o.cites or "engine" in o.params}
    for obligation in some:
        for name, tells in obligation.telling.items():
            trivial[name] = trivial.get(name, False) or tells
    nothing = [name for name, tells in trivial.items() if not tells and name in concerned]
    return {"conclusion": nothing[0], "expected": "a formula that may be false", "found": "true"} if nothing else None


def unused(obligations: Iterable[Obligation]) -> Wrong:
    """A conclusion of a lemma of the simulation about this machine that no obligation assumes, at any time: a weaker one would
    pass unseen."""
    some = list(obligations)
    cited = {name for o in some for name in o.cites}
    for obligation in some:
        for name in obligation.concludes if "engine" in obligation.params else ():
            invariant = next((i for i in INVARIANTS if name in (f"{i}, at the start", f"{i}, one step later")), name)
            if lemma_of(name).startswith("simulation.") and not {name, invariant} & cited:
                return {"conclusion": name, "expected": "an obligation that assumes it"}
    return None


class UncoveredError(LookupError):
    """A definition that the read-out reaches and no obligation speaks of: names it."""


def fitted(step: Step, some: Sequence[Obligation]) -> Verdict:
    """Whether the obligations about a machine fit together."""
    checks = unconcluded(step, some), unfounded(some), circular(some), empty(some), unused(some)
    wrong = next((found for found in checks if found), None)
    method = f"{len(some)} obligations: {sum(len(o.cites) for o in some)} assumptions, each one's conclusion"
    return Verdict("refuted" if wrong else "proved", method, wrong)


def composed(step: Step) -> Iterator[Obligation]:
    """The obligation about one machine. Raises UncoveredError where there are definitions of which none speaks."""
    m, some = step.machine, about(step)
    if bare := uncovered(step, some):
        raise UncoveredError(f"{step.program.name}: definition {bare['definition']}: expected {bare['expected']}, found none")
    content = "assumptions are conclusions, in an order, and say something; every definition has one"
    yield Obligation(
        "simulation.composition", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", content, partial(fitted, step, some)
    )


TOGETHER = 16  # machines whose obligations are made in one process, as most do not depend on the machine


@lemma
def citations(regime: Regime) -> Iterator[Batch]:
    """Every assumption is concluded, for every machine."""
    machines = list(regime.machines())
    for some in (machines[i : i + TOGETHER] for i in range(0, len(machines), TOGETHER)):
        words = f"{some[0].word}..{some[-1].word}"
        yield Batch(("simulation.composition",), {"words": words}, partial(of_machines, some))


def of_machines(machines: Sequence[Machine]) -> Iterator[Obligation]:
    """The obligations about some machines."""
    for machine in machines:
        yield from composed(Step(machine))


# From lemma to lemma.


def resting(obligations: Iterable[Obligation]) -> dict[str, tuple[str, ...]]:
    """For every lemma the lemmas whose conclusions its obligations assume, in order of first use.

    Lemmas may rest on each other where their conclusions do not: a lemma has one for each definition.
    """
    some = list(obligations)
    owners: dict[str, dict[str, None]] = {}
    for obligation in some:
        for name in obligation.concludes:
            owners.setdefault(name, {})[obligation.lemma] = None
    cited: dict[str, dict[str, None]] = {}
    for obligation in some:
        mine = cited.setdefault(obligation.lemma, {})
        for name in obligation.cites:
            times = [f"{name}, {when}" for when in ("at the start", "one step later")] if name in INVARIANTS else [name]
            for time in times:
                mine.update(owners.get(time) or {lemma_of(name): None})
    return {lemma: tuple(other for other in others if other != lemma) for lemma, others in cited.items()}


@cache
def rests() -> dict[str, tuple[str, ...]]:
    """``resting`` of the machines of the narrowest word, both engines, with and without M."""
    machines = list(Regime(1).machines())
    steps, extensions = [Step(m) for m in machines], dict.fromkeys(m.extension for m in machines)
    some = [obligation for step in steps for build in FAMILIES for obligation in build(step)]
    alone = [obligation for extension in extensions for obligation in executions(extension)]
    return resting([*some, *alone, *shared(machines[0].word)])
