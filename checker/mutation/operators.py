"""Runs mutants against the whole check: a mutant is killed when `efasp check` would not pass with it.

Each runs in a fresh process until an obligation is not proved (or measured). A text that was proved without a mutant is
proved: a verdict rests on the text alone. Cheap obligations come first, and those of the widest word before the others.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from efasp.checker.discharge import discharge
from efasp.checker.mutation.constructions import LIMIT, Budget
from efasp.checker.pool import isolation
from efasp.checker.results import GOOD, shaped
from efasp.checker.solvers import titles
from efasp.checker.store import Store, digest, sources
from efasp.checker.terminal import Tally
from efasp.proofs.counts import Count
from efasp.proofs.mutation.mutants import ACTED, Mutant
from efasp.proofs.obligation import Batch, Regime, add
from efasp.proofs.registry import batches, matches

N_MAX = 64
STATUSES = ("refuted", "error", "unknown", "survived")
# Batches that take long, those that take longest last, and batches that a module's mutants are tried on first: each by globs of
# their first lemmas.
LATE = ("encoding.tried", "attention.exhausted", "resources.*", "gates.exhausted", "numerics.deviation", "bounded.*")
FIRST = {
    "efasp.encoding": ("encoding.*", "simulation.start"),
    "efasp.layout": ("encoding.*", "simulation.start"),
    "efasp.places": ("encoding.*",),
    "efasp.tokens": ("encoding.*",),
    "efasp.codebook": ("encoding.*",),
    "efasp.pointwise": ("gates.step*", "gates.*"),
    "efasp.attention": ("attention.*",),
    "efasp.pram.machine": ("step.execute*",),
    "efasp.process": ("process.*",),
    "efasp.model.ranges": ("numerics.dtype",),
}


@dataclass(frozen=True)
class Outcome:
    """How a mutant ended: ``refuted`` (an obligation is refuted or vacuous), ``error`` (one is an error, or the construction
    is not made), ``unknown`` (one is not decided), ``survived`` (all are proved or measured). ``by``: the obligation;
    ``acted``: whether the changed code was ever run (None where that is not known).
    """

    mutant: Mutant
    status: str
    by: str
    detail: str
    seconds: float
    acted: bool | None = None


# In the fresh process.


class Passed(TypedDict):
    """How the check ended: status, obligation and detail of the failure, or ``survived`` and nothing.

    Where it passed: ``texts``, the digests of those proved here, and whether the mutant ``acted``.
    """

    status: str
    by: str
    detail: str
    texts: NotRequired[list[str]]
    acted: NotRequired[bool]


def ordered(every: Sequence[Batch], first: Sequence[str]) -> list[Batch]:
    """Batches: those of the lemmas that match one of the globs ``first``, and those that take little before the others."""

    def rank(batch: Batch) -> tuple[int, bool, int]:
        late = next((i for i, glob in enumerate(LATE, 1) if matches(batch.lemmas[0], [glob])), 0)
        w = batch.params.get("w")
        wanted = bool(first) and any(matches(name, first) for name in batch.lemmas)
        return late, not wanted, -w if isinstance(w, int) else 0

    return sorted(every, key=rank)


def passed(first: Sequence[str], n_max: int, solvers: Sequence[str], seconds: float, known: Sequence[str]) -> Passed:
    """Discharge all obligations until one does not pass: its ``status``, id (``by``) and ``detail``; or status ``survived``.

    ``known``: the digests of texts that are proved; where there are none, ``texts`` gives those that are proved here.
    """
    texts, every, proved = set(known), list(batches(Regime(n_max))), []
    for batch in ordered(every, first):
        given: dict[str, Count] = {}
        try:
            for obligation in batch.build():
                add(given, obligation)
                text = digest(obligation.hypotheses, obligation.content) if obligation.kind == "smt" else ""
                if text and text in texts:
                    continue
                verdict = discharge(obligation, solvers, seconds)
                if verdict.status not in GOOD:
                    return {"status": verdict.status, "by": obligation.id, "detail": verdict.method}
                if text and not known:
                    proved.append(text)
        except MemoryError:
            raise
        except Exception as error:
            return {"status": "error", "by": f"{batch.id}", "detail": f"building it: {type(error).__name__}: {error}"}
        for name, why in batch.lacking(given).items():
            return {"status": "error", "by": f"{name}: {batch.id}", "detail": why}
    return {"status": "survived", "by": "", "detail": "", "texts": proved, "acted": ACTED[0]}


# The parent process.


def run(mutants: Sequence[Mutant], budget: Budget, store: Store,
        tally: Tally | None = None) -> list[Outcome]:  # fmt: skip
    """Run mutants; the outcomes in their order. ``tally`` is given each. Raises RuntimeError where the check fails as it
    is."""
    shown = tally or Tally()
    outcomes: dict[int, Outcome] = {}
    for index, mutant in enumerate(mutants):
        if (cached := store.get(_key(mutant, budget), lambda value: shaped(value, KEPT, STATUSES))) is not None:
            outcomes[index] = Outcome(mutant, **cached)
            shown(outcomes[index])
    todo = [index for index in range(len(mutants)) if index not in outcomes]
    if not todo:
        return [outcomes[index] for index in range(len(mutants))]
    known = plain(budget, store, shown)

    def on_reply(number: int, reply: isolation.Reply) -> None:
        outcome = outcomes[todo[number]] = judged(mutants[todo[number]], reply)
        store.put(_key(outcome.mutant, budget), {name: getattr(outcome, name) for name in KEPT})
        shown(outcome)

    budget.pool.calls([_job(budget, known, mutants[index]) for index in todo], on_reply, shown.waiting, LIBRARIES)
    return [outcomes[index] for index in range(len(mutants))]


KEPT = {"status": str, "by": str, "detail": str, "seconds": (int, float), "acted": object}
LIBRARIES = (*isolation.LIBRARIES, "torch", "safetensors")


def _key(mutant: Mutant, budget: Budget) -> str:
    return digest("whole", sources(), mutant.module, mutant.source(), titles(budget.solvers), budget.seconds)


def _job(budget: Budget, known: Sequence[str], mutant: Mutant | None = None) -> isolation.Job:
    first = () if mutant is None else mutant.lemmas or FIRST.get(mutant.module, ())
    arguments = {"first": list(first), "n_max": N_MAX, "solvers": list(budget.solvers), "seconds": budget.seconds}
    return isolation.job(
        "efasp.checker.mutation.operators:passed", {**arguments, "known": list(known)}, LIMIT, budget.memory, mutant
    )


def plain(budget: Budget, store: Store, tally: Tally) -> list[str]:
    """The digests of the texts that are proved without a mutant; that this takes minutes is said on standard error.

    Raises RuntimeError where the check does not pass.
    """
    key = digest("plain", sources(), titles(budget.solvers), budget.seconds)
    texts: list[str] | None = store.get(key, lambda value: isinstance(value, list))
    if texts is None:
        print("efasp: first the whole check without a mutant, in one process: some minutes", file=sys.stderr, flush=True)
        (reply,) = budget.pool.calls([_job(budget, [])], on_wait=tally.waiting, libraries=LIBRARIES)
        passed: Passed | None = reply.get("value")
        if passed is None or passed["status"] != "survived":
            raise RuntimeError(f"without a mutant: {passed or reply}")
        texts = passed["texts"]
        store.put(key, texts)
    return texts


def judged(mutant: Mutant, reply: isolation.Reply) -> Outcome:
    """The outcome of a mutant that an operator makes, from the worker's reply about it."""
    if "ended" in reply:
        return Outcome(mutant, "unknown", "", reply["ended"], reply["seconds"])
    if "raised" in reply:
        return Outcome(mutant, "error", "", reply["message"][:300], reply["seconds"])
    passed: Passed = reply["value"]
    status = {"vacuous": "refuted", "timeout": "unknown"}.get(passed["status"], passed["status"])
    return Outcome(mutant, status, passed["by"], passed["detail"][:300], reply["seconds"], passed.get("acted"))
