"""The tables of mutants: single-weight changes of exported transformers, and the kill matrix of constructions."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from efasp.checker.mutation import constructions, weights
from efasp.checker.mutation.constructions import Budget
from efasp.checker.mutation.weight_changes import KINDS
from efasp.checker.pool.pools import here
from efasp.checker.store import Store, default_path, digest
from efasp.model.readback import read_plan
from efasp.paper_artifacts.tables.figures import MACHINES
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.pram.machine import MIN_WORD
from efasp.proofs.mutation.mutants import Mutant, load
from efasp.proofs.obligation import Machine, Regime

CHANGES = 130  # of each machine
LEFT = 2  # changes that may be left open: no state is found on which they are wrong, and equivalence is not shown
N_MAX = 1 << MIN_WORD
BUDGET = Budget(here(), ("z3",), 20.0, 4096)
FAMILIES = weights.FAMILIES  # whose lemmas are made from the weights


# The outcome of a change, and whether torch decodes wrongly where all is proved.
ChangeRun = TypedDict(
    "ChangeRun",
    {"mutant": str, "module": str, "kind": str, "status": str, "by": list[str], "seconds": float, "decoded wrongly": bool},
)


class MutantRun(TypedDict):
    """The outcome of a mutant: ``by``, the lemmas that refute it."""

    status: str
    by: list[str]
    seconds: float


def changes(noted: Notes, engine: str, extension: str) -> list[ChangeRun]:
    """The outcomes of a machine's changes; those cached from the same sources are taken from the store."""
    from efasp.model.weights import compiled, export

    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "weights.safetensors"
        export(compiled(MIN_WORD, engine, extension), path)
        machine, plan = Machine(MIN_WORD, engine, extension, (1, N_MAX)), read_plan(path)[3]
        every = weights.drawn(path, machine, CHANGES)

        def made(due: list[int]) -> list[ChangeRun]:
            with contextlib.closing(Store(default_path().with_name("changes.sqlite"), lambda text: None)) as store:
                some = [every[i] for i in due]
                outcomes = weights.run(
                    path, Regime(N_MAX, (machine, plan)), None, some, replace(BUDGET, pool=noted.pool), store
                )
            return [run_of(one) for one in outcomes]

        return noted.through([f"{engine} {extension or 'none'} {change.id}" for change in every], made)


def run_of(outcome: weights.Outcome) -> ChangeRun:
    """The columns of an outcome, and whether torch decodes wrongly where all is proved."""
    return {
        "mutant": outcome["mutant"],
        "module": outcome["module"],
        "kind": outcome["kind"],
        "status": outcome["status"],
        "by": outcome["by"],
        "seconds": outcome["seconds"],
        "decoded wrongly": weights.DECODED in outcome["detail"],
    }


def group(tensor: str) -> str:
    """A tensor's name without its layer."""
    return re.sub(r"^layers\.\d+\.|\.weight$", "", tensor)


Changes = list[tuple[str, ChangeRun]]  # outcomes of changes, each with its machine
HEADINGS = {"killed": "refuted", "survived": "not discharged"}  # of statuses


def kills(noted: Notes) -> Artifact:
    """Single-weight changes by matrix and kind: how many are refuted, by which family, and how many are equivalent."""
    every = [(f"{engine}{', M' if ext else ''}", one) for engine, ext in MACHINES for one in changes(noted, engine, ext)]
    columns = [Column("matrix", "matrix"), Column("kind", "change"), Column("changes", "changes", "number")]
    columns += [Column(status, HEADINGS.get(status, status), "number") for status in weights.STATUSES]
    columns += [Column(family, f"by {family}", "number") for family in FAMILIES] + [Column("seconds", "seconds", "time")]
    scope = f"w = {MIN_WORD}, n <= {N_MAX}, {CHANGES} changes of each of {len(MACHINES)} transformers, drawn with fixed seeds"
    rows = tuple(kill_rows(every))
    return Artifact("kills", "Single-weight changes", scope, tuple(columns), rows, kill_checks(every), kill_notes(every))


def kill_rows(every: Changes) -> list[dict[str, Cell]]:
    """A row for every matrix and kind of change, and one for all."""
    keys = sorted({(group(one["module"]), list(KINDS).index(one["kind"])) for _, one in every})
    rows = []
    for matrix, kind in keys:
        members = [one for _, one in every if group(one["module"]) == matrix and one["kind"] == list(KINDS)[kind]]
        rows.append(kill_row(matrix, list(KINDS.values())[kind], members))
    return [*rows, kill_row("all", "all", [one for _, one in every])]


def kill_row(matrix: str, kind: str, members: list[ChangeRun]) -> dict[str, Cell]:
    """A row on how some changes end: by status, and those refuted, by the family of the first lemma that refutes them."""
    statuses = Counter(one["status"] for one in members)
    by = Counter(one["by"][0].partition(".")[0] for one in members if one["by"])
    counts: dict[str, Cell] = {status: statuses[status] for status in weights.STATUSES}
    families: dict[str, Cell] = {family: by[family] for family in FAMILIES}
    seconds = sum(one["seconds"] for one in members)
    return {"matrix": matrix, "kind": kind, "changes": len(members), **counts, **families, "seconds": seconds}


def kill_checks(every: Changes) -> tuple[Check, ...]:
    """There are enough changes, no more than ``LEFT`` are left open, and none that is proved is decoded wrongly."""
    tensors = {(machine, one["module"]) for machine, one in every}
    open_ = [f"{machine}: {one['mutant']}" for machine, one in every if one["status"] == "survived"]
    wrong = [one["mutant"] for _, one in every if one["decoded wrongly"]]
    return (
        Check(f"{len(every)} changes, 500 at least, in each of {len(tensors)} tensors", len(every) >= 500),
        Check(
            f"all but {len(open_)}, {LEFT} at most, are refuted or proved observationally equivalent ({'; '.join(open_)})",
            len(open_) <= LEFT,
        ),
        Check("no change of which all is proved is decoded wrongly by torch", not wrong),
    )


def kill_notes(every: Changes) -> tuple[str, ...]:
    """How the changes of each machine end."""
    per = Counter((machine, one["status"]) for machine, one in every)
    return tuple(
        f"{machine}: "
        + ", ".join(f"{per[machine, status]} {HEADINGS.get(status, status)}" for status in weights.STATUSES)
        + "."
        for machine in dict.fromkeys(machine for machine, _ in every)
    )


def fingerprint(mutant: Mutant) -> str:
    """A digest of what a mutant's outcome is of: all of its entry but why it has no twin."""
    return digest(sorted((key, value) for key, value in vars(mutant).items() if key != "untwinned"))[:8]


def matrix(noted: Notes) -> Artifact:
    """The kill matrix: every mutant of a construction, and the lemmas that refute it."""
    listed = load()

    def made(due: list[int]) -> list[MutantRun]:
        with contextlib.closing(Store(default_path(), lambda text: None)) as store:
            outcomes = constructions.run([listed[i] for i in due], replace(BUDGET, pool=noted.pool), store)
        return [{"status": one.status, "by": sorted(one.by), "seconds": one.seconds} for one in outcomes]

    found = noted.through([f"{mutant.id}, {fingerprint(mutant)}" for mutant in listed], made)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "family": mutant.family,
            "mutant": mutant.name,
            "module": mutant.module,
            "lemmas": " ".join(mutant.lemmas),
            "status": one["status"],
            "seconds": one["seconds"],
        }
        for mutant, one in zip(listed, found, strict=True)
    )
    columns = (
        Column("family", "family"), Column("mutant", "mutant"), Column("module", "module"), Column("lemmas", "refuted by"),
        Column("status", "status"), Column("seconds", "seconds", "time"),
    )  # fmt: skip
    left = [mutant.id for mutant, one in zip(listed, found, strict=True) if one["status"] != "killed"]
    lemmas = {name for one in found for name in one["by"]}
    checks = (Check(f"{len(rows)} mutants, each refuted by every lemma named: {', '.join(left[:3]) or 'all are'}", not left),)
    notes = (f"{len(lemmas)} lemmas refute a mutant.",)
    return Artifact(
        "mutants", "Mutants of constructions", "n <= 32 unless a mutant says otherwise", columns, rows, checks, notes
    )
