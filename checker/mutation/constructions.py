"""Runs mutants, each in a fresh process, where every lemma that it names must be refuted with a confirmed countermodel.

A kill is worth nothing if the obligation is refuted anyway; so those that killed are discharged once more without the mutant
(the control), unless the run that asks has just proved them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from efasp.checker.discharge import Answers, discharge
from efasp.checker.pool import isolation
from efasp.checker.pool.pools import Pool
from efasp.checker.results import shaped
from efasp.checker.solvers import titles
from efasp.checker.store import Store, digest, sources
from efasp.checker.terminal import Tally
from efasp.proofs.counts import Count
from efasp.proofs.mutation.mutants import Mutant, MutantError
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, add
from efasp.proofs.registry import batches, matches

STATUSES = ("killed", "survived", "error")
LIMIT = 300.0  # wall-clock seconds that a mutant may take in all


class MatrixRow(TypedDict):
    """How a mutant ended, as the report holds it; see ``Outcome``."""

    mutant: str
    module: str
    lemmas: list[str]
    status: str
    by: list[str]
    detail: str
    seconds: float
    countermodel: dict[str, Any] | None


@dataclass(frozen=True)
class Outcome:
    """How a mutant ended. ``by``: for each of its lemmas the obligation that was refuted; ``detail``: why it was not killed
    (or the message of the exception that killed it); ``countermodel``: of the first obligation that was refuted."""

    mutant: Mutant
    status: str
    by: dict[str, str]
    detail: str
    seconds: float
    countermodel: dict[str, Any] | None = None

    @property
    def row(self) -> MatrixRow:
        """The row about this mutant in the JSON report."""
        return {
            "mutant": self.mutant.id,
            "module": self.mutant.module,
            "lemmas": list(self.mutant.lemmas),
            "status": self.status,
            "by": list(self.by.values()),
            "detail": self.detail,
            "seconds": round(self.seconds, 3),
            "countermodel": self.countermodel,
        }


@dataclass(frozen=True)
class Budget:
    """The budget of running mutants: the processes, solvers, seconds an obligation, MiB a process."""

    pool: Pool
    solvers: tuple[str, ...]
    seconds: float
    memory: int


# In the fresh process.


class Tried(TypedDict):
    """Of a lemma with a mutant: the obligation that was refuted (or "") and its countermodel, how many ended in each status,
    and the first method that is not a proof."""

    by: str
    countermodel: dict[str, Any] | None
    statuses: dict[str, int]
    method: str


def attempt(lemmas: Sequence[str], where: dict[str, Any], n_max: int, solvers: Sequence[str], seconds: float,
            only: Collection[str] = ()) -> dict[str, Tried]:  # fmt: skip
    """Discharge obligations of some lemmas (``only``: of these ids) until each is refuted with a confirmed countermodel.

    By lemma, the result.
    """
    outcomes: dict[str, Tried] = {
        name: {"by": "", "countermodel": None, "statuses": Counter(), "method": ""} for name in lemmas
    }
    known: Answers = {}
    for batch in batches(Regime(n_max), lemmas):
        here = [name for name in lemmas if name in batch.lemmas and (only or not outcomes[name]["by"])]
        if not here or not agree(batch.params, where):
            continue
        given: dict[str, Count] = {}
        for obligation in batch.build():
            add(given, obligation)
            if obligation.lemma not in here or not agree(obligation.params, where) or (only and obligation.id not in only):
                continue
            verdict = discharge(obligation, solvers, seconds, known)
            killed = verdict.status == "refuted" and confirmed(obligation, verdict)
            _note(outcomes[obligation.lemma], obligation.id, verdict, killed)
            here = [name for name in here if only or not outcomes[name]["by"]]
            if not here:
                break
        else:
            for name, why in batch.lacking(given).items():
                if name in here:
                    _note(outcomes[name], batch.id, Verdict("error", why), False)
    return outcomes


def agree(params: dict[str, Any], where: dict[str, Any]) -> bool:
    """Whether parameters are those wanted; one that is lacking agrees."""
    return all(params.get(key, value) == value for key, value in where.items())


def _note(about: Tried, of: str, verdict: Verdict, killed: bool) -> None:
    about["statuses"][verdict.status] += 1
    if killed:
        about["by"], about["countermodel"] = about["by"] or of, about["countermodel"] or verdict.countermodel
    elif verdict.status not in ("proved", "measured"):
        about["method"] = about["method"] or f"{verdict.status}: {of}: {verdict.method}"


def confirmed(obligation: Obligation, verdict: Verdict) -> bool:
    """Whether a countermodel fails on the construction: a solver's is replayed there; any other kind was found there."""
    case = verdict.countermodel
    return bool(case) and (obligation.kind != "smt" or case.get("replayed") is True)  # type: ignore[union-attr]


# The parent process.


def run(mutants: Sequence[Mutant], budget: Budget, store: Store, proved: Collection[str] = (),
        tally: Tally | None = None) -> list[Outcome]:  # fmt: skip
    """Run mutants; the outcomes in their order. ``proved``: obligations that need no control; ``tally`` is given each
    outcome. A mutant whose passage is not in the source is an error of its own."""
    shown = tally or Tally()
    outcomes: dict[int, Outcome] = {}
    for index, mutant in enumerate(mutants):
        if not mutant.applies:
            detail = f"it does not apply: its passage {mutant.old!r} is not in {mutant.module}"
            outcomes[index] = Outcome(mutant, "error", {}, detail, 0.0)
            shown(outcomes[index])
        elif (known := store.get(_key(mutant, budget), _is_cached)) is not None:
            outcomes[index] = Outcome(mutant, **known)
            shown(outcomes[index])
    todo = [index for index in range(len(mutants)) if index not in outcomes]

    def on_reply(number: int, reply: isolation.Reply) -> None:
        outcomes[todo[number]] = judge(mutants[todo[number]], reply)
        shown(outcomes[todo[number]])

    budget.pool.calls([_job(mutants[index], budget, mutants[index]) for index in todo], on_reply, shown.waiting)
    made = controlled([outcomes[index] for index in todo], budget, proved, shown)
    for index, outcome in zip(todo, made, strict=True):
        outcomes[index] = outcome
        if outcome.status != "error":
            store.put(_key(outcome.mutant, budget), {name: getattr(outcome, name) for name in KEPT})
    return [outcomes[index] for index in range(len(mutants))]


KEPT = {"status": str, "by": dict, "detail": str, "seconds": (int, float), "countermodel": object}


def _is_cached(value: Any) -> bool:
    return shaped(value, KEPT, STATUSES)


def _key(mutant: Mutant, budget: Budget) -> str:
    """The key of a cached outcome: all that it rests on."""
    return digest("mutant", sources(), sorted(vars(mutant).items()), titles(budget.solvers), budget.seconds)


def _job(about: Mutant, budget: Budget, mutant: Mutant | None, only: Sequence[str] = ()) -> isolation.Job:
    """The job to attempt a mutant's lemmas, in its place or (``mutant`` None) without it."""
    arguments = {"lemmas": list(about.lemmas), "where": about.where, "n_max": about.n_max, "only": list(only)}
    arguments |= {"solvers": list(budget.solvers), "seconds": budget.seconds}
    return isolation.job("efasp.checker.mutation.constructions:attempt", arguments, LIMIT, budget.memory, mutant)


def judge(mutant: Mutant, reply: isolation.Reply) -> Outcome:
    """The outcome of a mutant of a construction, from the worker's reply about it."""

    def ended(status: str, detail: str = "", by: dict[str, str] | None = None, case: Any = None) -> Outcome:
        return Outcome(mutant, status, by or {}, detail, reply["seconds"], case)

    if "ended" in reply:
        return ended("error", reply["ended"])
    if "raised" in reply:
        if MutantError.__name__ in reply["raised"]:  # the change was not made, whatever this exception derives from
            return ended("error", reply["message"])
        if mutant.raises in reply["raised"]:
            return ended("killed", reply["message"], dict.fromkeys(mutant.lemmas, mutant.raises))
        return ended("error", f"the construction is not made: {reply['message']}")
    if mutant.raises:
        return ended("error", f"expected {mutant.raises} to be raised, found a construction that is made")
    outcomes: dict[str, Tried] = reply["value"]
    for name in mutant.lemmas:
        if not outcomes[name]["statuses"]:
            return ended("error", f"no obligation of {name} has these parameters: {mutant.where}, n_max {mutant.n_max}")
    by = {name: outcomes[name]["by"] for name in mutant.lemmas if outcomes[name]["by"]}
    case = next((about["countermodel"] for about in outcomes.values() if about["by"]), None)
    for name in mutant.lemmas:
        if name not in by:
            counts = ", ".join(f"{count} {status}" for status, count in outcomes[name]["statuses"].items())
            method = outcomes[name]["method"]
            return ended("survived", f"{name}: {counts}{'; ' if method else ''}{method}", by, case)
    return ended("killed", "", by, case)


def controlled(outcomes: Sequence[Outcome], budget: Budget, proved: Collection[str], tally: Tally) -> list[Outcome]:
    """The outcomes, those that do not count now errors: the obligations that killed are discharged without the mutants."""
    asked: dict[tuple[str, int], set[str]] = {}  # lemma and bound to obligations
    for o in outcomes:
        for name, by in o.by.items():
            if not o.mutant.raises and by not in proved:
                asked.setdefault((name, o.mutant.n_max), set()).add(by)
    plain = [Mutant("", "control", "", "", "", (name,), n_max=n_max) for name, n_max in asked]
    jobs = [_job(about, budget, None, sorted(ids)) for about, ids in zip(plain, asked.values(), strict=True)]
    wrong: set[tuple[str, int]] = set()
    for about, reply in zip(plain, budget.pool.calls(jobs, on_wait=tally.waiting), strict=True):
        name = about.lemmas[0]
        if "value" not in reply or reply["value"][name]["statuses"].keys() - {"proved", "measured"}:
            wrong.add((name, about.n_max))
    out = []
    for o in outcomes:
        bad = [name for name in o.by if (name, o.mutant.n_max) in wrong and not o.mutant.raises]
        detail = f"{', '.join(bad)}: not proved without the mutant either"
        out.append(replace(o, status="error", detail=detail) if bad else o)
    return out


def chosen(mutants: Sequence[Mutant], patterns: Sequence[str] | None) -> list[Mutant]:
    """The mutants that name a lemma that matches one of the globs, each with those lemmas only."""
    kept = ((m, tuple(name for name in m.lemmas if matches(name, patterns))) for m in mutants)
    return [replace(m, lemmas=lemmas) for m, lemmas in kept if lemmas]


def lemmas_without_mutant(
    mutants: Sequence[Mutant], listed: Sequence[Batch], patterns: Sequence[str] | None = None
) -> list[str]:
    """The lemmas of some batches, those that match one of the globs, of which there is no mutant; in order."""
    named = {name for mutant in mutants for name in mutant.lemmas}
    every = dict.fromkeys(name for batch in listed for name in batch.lemmas)
    return [name for name in every if name not in named and matches(name, patterns)]


def unknown(mutants: Sequence[Mutant], listed: Sequence[Batch]) -> list[str]:
    """The lemmas that mutants name and no batch has."""
    known = {name for batch in listed for name in batch.lemmas}
    return [f"{m.id}: {name}" for m in mutants for name in m.lemmas if name not in known]
