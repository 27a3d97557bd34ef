"""The tables of mutants: single-weight changes of exported transformers, and the kill matrix of constructions."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

from efasp.checker.mutation import constructions, weights
from efasp.checker.mutation.constructions import Budget
from efasp.checker.mutation.weight_changes import KINDS
from efasp.checker.store import Store, default_path, digest
from efasp.model.readback import read_plan
from efasp.paper_artifacts.tables.figures import MACHINES
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Run, through
from efasp.pram.machine import MIN_WORD
from efasp.proofs.mutation.mutants import load
from efasp.proofs.obligation import Machine, Regime

CHANGES = 130  # of each machine
N_MAX = 1 << MIN_WORD
BUDGET = Budget(len(os.sched_getaffinity(0)), ("z3",), 20.0, 4096)
FAMILIES = weights.FAMILIES  # whose lemmas are made from the weights


def changes(engine: str, extension: str) -> list[Run]:
    """The outcomes of a machine's changes; those cached from the same sources are taken from the store."""
    from efasp.model.weights import compiled, export

    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "weights.safetensors"
        export(compiled(MIN_WORD, engine, extension), path)
        machine, plan = Machine(MIN_WORD, engine, extension, (1, N_MAX)), read_plan(path)[3]
        every = weights.drawn(path, machine, CHANGES)

        def made(due: list[int]) -> list[Run]:
            with contextlib.closing(Store(default_path().with_name("changes.sqlite"), lambda text: None)) as store:
                some = [every[i] for i in due]
                outcomes = weights.run(path, Regime(N_MAX, (machine, plan)), None, some, BUDGET, store)
            return [kept(one) for one in outcomes]

        return through([f"{engine} {extension or 'none'} {change.id}" for change in every], made)


def kept(outcome: weights.Outcome) -> Run:
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


def kills() -> Artifact:
    """Single-weight changes by matrix and kind: how many are refuted, by which family, and how many are equivalent."""
    every = [(f"{engine}{', M' if ext else ''}", one) for engine, ext in MACHINES for one in changes(engine, ext)]
    rows: list[dict[str, Cell]] = []
    keys = sorted({(group(one["module"]), list(KINDS).index(one["kind"])) for _, one in every})
    for matrix, kind in [*keys, ("all", -1)]:
        members = [
            one
            for _, one in every
            if matrix == "all" or (group(one["module"]) == matrix and list(KINDS).index(one["kind"]) == kind)
        ]
        statuses = Counter(one["status"] for one in members)
        by = Counter(one["by"][0].partition(".")[0] for one in members if one["by"])
        named: dict[str, Cell] = {"matrix": matrix, "kind": list(KINDS.values())[kind] if kind >= 0 else "all"}
        counts: dict[str, Cell] = {status: statuses[status] for status in weights.STATUSES}
        families: dict[str, Cell] = {family: by[family] for family in FAMILIES}
        rows.append({**named, "changes": len(members), **counts, **families, "seconds": sum(one["seconds"] for one in members)})
    headings = {"killed": "refuted", "harmless": "equivalent", "survived": "not discharged"}
    columns = [Column("matrix", "matrix"), Column("kind", "change"), Column("changes", "changes", "number")]
    columns += [Column(status, headings.get(status, status), "number") for status in weights.STATUSES]
    columns += [Column(family, f"by {family}", "number") for family in FAMILIES] + [Column("seconds", "seconds", "time")]
    tensors = {(machine, one["module"]) for machine, one in every}
    open_ = [f"{machine}: {one['mutant']}" for machine, one in every if one["status"] == "survived"]
    wrong = [one["mutant"] for _, one in every if one["decoded wrongly"]]
    checks = (
        Check(f"{len(every)} changes, 500 at least, in each of {len(tensors)} tensors", len(every) >= 500),
        Check(f"each is refuted, or proved observationally equivalent: {'; '.join(open_[:3]) or 'none is left'}", not open_),
        Check("no change of which all is proved is decoded wrongly by torch", not wrong),
    )
    per = Counter((machine, one["status"]) for machine, one in every)
    notes = tuple(
        f"{machine}: "
        + ", ".join(f"{per[machine, status]} {headings.get(status, status)}" for status in weights.STATUSES)
        + "."
        for machine in dict.fromkeys(machine for machine, _ in every)
    )
    scope = f"w = {MIN_WORD}, n <= {N_MAX}, {CHANGES} changes of each of {len(MACHINES)} transformers, drawn with fixed seeds"
    return Artifact("kills", "Single-weight changes", scope, tuple(columns), tuple(rows), checks, notes)


def matrix() -> Artifact:
    """The kill matrix: every mutant of a construction, and the lemmas that refute it."""
    listed = load()

    def made(due: list[int]) -> list[Run]:
        with contextlib.closing(Store(default_path(), lambda text: None)) as store:
            outcomes = constructions.run([listed[i] for i in due], BUDGET, store)
        return [{"status": one.status, "by": sorted(one.by), "seconds": one.seconds} for one in outcomes]

    found = through([f"{mutant.id}, {digest(sorted(vars(mutant).items()))[:8]}" for mutant in listed], made)
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
