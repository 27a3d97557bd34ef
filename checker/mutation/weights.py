"""Checks changed weights: each single-weight change of a file is checked as `efasp check --weights` checks a file.

A change is *killed* when an obligation is refuted with a confirmed countermodel, and *equivalent* (observationally, on
well-formed sequences) when all are proved or measured. Decoding gives a second opinion on the latter: the changed file is
loaded into the torch transformer, which runs random programs, and the reference machine runs them too; where they differ the
change has *survived*, in spite of the proofs. A change whose obligations are not all discharged has survived too.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from efasp.checker.discharge import Answers, discharge
from efasp.checker.mutation.constructions import Budget, MatrixRow, confirmed
from efasp.checker.mutation.weight_changes import Change, File, sample
from efasp.checker.pool.pools import here
from efasp.checker.pool.scheduler import Scheduler
from efasp.checker.pool.worker import Recipe, Work
from efasp.checker.results import Row
from efasp.checker.selection import regime_of, selected
from efasp.checker.solvers import titles
from efasp.checker.store import Store, digest, sources
from efasp.checker.terminal import Tally
from efasp.model.runs import DecodingError
from efasp.pram import machine as pram
from efasp.pram.isa import REGISTERS, Instruction, Reg, operations
from efasp.pram.machine import Program
from efasp.proofs.concrete import float64_filter, machine_states
from efasp.proofs.counts import Count
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, add
from efasp.proofs.registry import matches

STATUSES = ("killed", "equivalent", "survived")
FAMILIES = ("lowering", "numerics", "bounded")  # whose obligations are made from the file's numbers, cheap ones first
LIMIT = 600.0  # wall-clock seconds that a change may take in all
PROGRAMS, STEPS = 12, 12  # random programs that are decoded, and PRAM steps of each
DECODED = "all is proved, but the transformer decodes a program wrongly"


class Outcome(MatrixRow):
    """How a change ended, as the report holds it. ``module``: the tensor; ``kind``: of the change."""

    kind: str


def drawn(path: Path, machine: Machine, count: int) -> list[Change]:
    """Changes of a weights file, the same for the same machine."""
    return sample(File(path).tensors, count, f"{machine.word} {machine.engine} {machine.extension}")


def run(path: Path, regime: Regime, patterns: Sequence[str] | None, changes: Sequence[Change], budget: Budget, store: Store,
        tally: Tally | None = None) -> list[Outcome]:  # fmt: skip
    """Check changes of a weights file, of which ``regime`` is; their outcomes in order. ``patterns``: the lemmas."""
    assert regime.given is not None
    machine, data = regime.given[0], path.read_bytes()
    whole = digest(data.hex())
    arguments = {"data": data, "machine": machine, "n_max": regime.n_max, "patterns": patterns, "changes": list(changes)}
    recipe = Recipe("efasp.checker.mutation.weights:rebuilt", {**arguments, "budget": replace(budget, pool=here(1))})
    batches = recipe.batches()
    basis = digest(sources(), whole, patterns, titles(budget.solvers), budget.seconds)
    work = Work(batches, None, budget.solvers, LIMIT, budget.memory, basis, recipe)
    scheduler = Scheduler(work, regime.n_max, budget.pool, store)
    seen, shown = 0, tally or Tally()

    def progress(rows: list[Row], done: int) -> None:
        nonlocal seen
        for row in rows[seen:]:
            shown(row)
        seen = len(rows)
        shown.waiting()

    scheduler.progress = progress
    if any(store.get(scheduler.plan.listing(index)) is None for index in range(len(batches))):
        prepare(machine)
    return [_outcome(change, row) for change, row in zip(changes, scheduler.run(), strict=True)]


def rebuilt(data: bytes, machine: Machine, n_max: int, patterns: Sequence[str] | None, changes: Sequence[Change],
            budget: Budget) -> list[Batch]:  # fmt: skip
    """A batch for each change of a weights file, which is given by its bytes."""
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "given.safetensors"
        path.write_bytes(data)
        file = File(path)
    ended = partial(verdict, file, machine, n_max, patterns, budget)
    return [_batch(change, digest(data.hex()), machine, n_max, partial(ended, change)) for change in changes]


def prepare(machine: Machine) -> None:
    """Shared by all changes, loaded before processes are forked: torch, and the fresh compile's traces of the states."""
    import efasp.model.weights  # noqa: F401

    float64_filter.remember(machine)
    machine_states.remember(machine)


def _batch(change: Change, whole: str, machine: Machine, n_max: int, discharged: Callable[[], Verdict]) -> Batch:
    params = {"tensor": change.tensor, "kind": change.kind, "change": change.id}
    content = digest(whole, change, n_max)

    def build() -> Iterator[Obligation]:
        yield Obligation("weights.change", machine.claim, params, "n", machine.n, "exact", content, discharged)

    return Batch(("weights.change",), params, build)


def _outcome(change: Change, row: Row) -> Outcome:
    """A row of the scheduler as the report holds it."""
    status = {"refuted": "killed", "proved": "equivalent"}.get(row["status"], "survived")
    by = [str((row["countermodel"] or {})["obligation"])] if status == "killed" else []
    detail = row["method"] if status != "survived" else f"{row['status']}: {row['method']}"
    return {
        "mutant": f"weights: {change.id}",
        "module": change.tensor,
        "lemmas": [name.partition("[")[0] for name in by],
        "kind": change.kind,
        "status": status,
        "by": by,
        "detail": detail,
        "seconds": row["seconds"],
        "countermodel": row["countermodel"],
    }


# One change, in a process of its own.


def verdict(file: File, machine: Machine, n_max: int, patterns: Sequence[str] | None, budget: Budget,
            change: Change) -> Verdict:  # fmt: skip
    """The verdict on a change: ``refuted`` where it is killed, ``proved`` where it is equivalent, else ``unknown``."""
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "changed.safetensors"
        path.write_bytes(file.changed(change))
        verdict = discharged(path, n_max, patterns, budget)
        if verdict.status != "proved":
            return verdict
        wrong = decoded(path, machine, change.id)
    if wrong is not None:
        return Verdict("unknown", f"{DECODED}: {wrong}")
    return Verdict("proved", f"{verdict.method}; torch decodes {PROGRAMS} random programs as the reference machine runs them")


def discharged(path: Path, n_max: int, patterns: Sequence[str] | None, budget: Budget) -> Verdict:
    """Discharge the obligations that are made from a weights file's numbers, until one is refuted with a confirmed
    countermodel.

    The others do not depend on the numbers: they are discharged with the file itself.
    """
    regime, _ = regime_of(path, n_max)
    counts: Counter[str] = Counter()
    open_: list[str] = []
    known: Answers = {}
    for batch in sorted(filter(family_of, selected(regime, patterns)), key=lambda batch: FAMILIES.index(family_of(batch))):
        given: dict[str, Count] = {}
        for obligation in batch.build():
            add(given, obligation)
            if not matches(obligation.lemma, patterns):
                continue
            verdict = discharge(obligation, budget.solvers, budget.seconds, known)
            counts[verdict.status] += 1
            if verdict.status == "refuted" and confirmed(obligation, verdict):
                return Verdict("refuted", verdict.method, {"obligation": obligation.id, **(verdict.countermodel or {})})
            if verdict.status not in ("proved", "measured"):
                open_.append(f"{obligation.id}: {verdict.status}: {verdict.method}")
        open_ += [f"{name}: {batch.id}: {why}" for name, why in batch.lacking(given).items() if matches(name, patterns)]
    if open_:
        return Verdict("unknown", "; ".join(open_))
    return Verdict("proved", ", ".join(f"{count} {status}" for status, count in sorted(counts.items())))


def family_of(batch: Batch) -> str:
    """The family of a batch, if its obligations are made from the numbers of the file."""
    name = batch.lemmas[0].partition(".")[0]
    return name if name in FAMILIES else ""


# The second opinion.


def decoded(path: Path, machine: Machine, seed: str) -> dict[str, Any] | None:
    """The first of some random programs that the transformer of a file decodes otherwise than the machine runs it."""
    from efasp.model import decode
    from efasp.model.weights import load

    weights, rng, prompted = load(path), Random(seed), machine.code is None
    for _ in range(PROGRAMS):
        program = program_of(rng, machine)
        wanted = pram.run(program, STEPS)
        try:
            got = decode.run(program, machine.engine, weights.transformer, machine.extension, STEPS, prompted=prompted)
        except DecodingError as error:
            return {"program": list(map(str, program.instructions)), "memory": list(program.data), "got": str(error)}
        if got.outcome != wanted.outcome:
            return {"program": list(map(str, program.instructions)), "memory": list(program.data), "got": "another result"}
    return None


def program_of(rng: Random, machine: Machine) -> Program:
    """A random program, or that of a machine that is specialised to one: up to 4 processors, 1 to 8 words of memory."""
    size = 1 << machine.word
    length, memory = rng.randint(2, 12), rng.randint(1, 8)

    def word() -> int:
        return rng.choice((rng.randrange(size), rng.randrange(memory), rng.randrange(length)))

    code = []
    for _ in range(length):
        operation = rng.choice(operations(machine.extension))
        shape = set(operation.shape)
        second: Reg | int = Reg(rng.randrange(REGISTERS)) if "x" in shape and rng.random() < 0.5 else word()
        code.append(
            Instruction(
                operation.name,
                rng.randrange(REGISTERS) if shape & set("ds") else None,
                rng.randrange(REGISTERS) if shape & set("am") else None,
                second if shape & set("xmt") else None,
            )
        )
    data = tuple(word() for _ in range(memory))
    return Program(machine.code or tuple(code), machine.word, rng.randint(1, 4), memory, data=data)
