"""The table of operator-level mutants: how many of those drawn are killed by `efasp check` alone, and which are not.

A survivor is one of two things: a gap in the check, or a mutant that changes no claimed property. The latter are
listed, with the reason, in ``equivalent.toml``.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from efasp.checker.mutation.constructions import Budget
from efasp.checker.mutation.operators import N_MAX, Outcome, run
from efasp.checker.store import Store, default_path, digest, sources
from efasp.checker.terminal import Tally
from efasp.paper_artifacts.tables.kills import BUDGET
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.proofs.mutation.alterations import MODULES, Alteration, drawn
from efasp.proofs.mutation.mutants import entries

LISTED = Path(__file__).with_name("equivalent.toml")
COUNT, SEED = 400, 0
COLUMNS = ("refuted", "error", "unknown", "equivalent", "survived", "not run")


class ListingError(ValueError):
    """A listing of equivalent mutants that is malformed: names the entry, what was expected and what was found."""


def equivalent(path: Path = LISTED) -> dict[str, str]:
    """The reasons of the mutants that are listed as equivalent, by id. Raises ListingError."""
    reasons: dict[str, str] = {}
    for number, entry in enumerate(entries(path, ListingError), 1):
        keys = {"id", "change", "reason"}
        if not isinstance(entry, dict) or set(entry) != keys or not all(type(entry[key]) is str and entry[key] for key in keys):
            raise ListingError(f"{path.name}: mutant {number}: expected id, change and reason, found {entry!r}")
        if entry["id"] in reasons:
            raise ListingError(f"{path.name}: mutant {number}: expected an id of its own, found {entry['id']} again")
        reasons[entry["id"]] = entry["reason"]
    return reasons


def status(one: Alteration, ended: str, listed: dict[str, str]) -> str:
    """The status in the table: that of a survivor that is listed is ``equivalent``."""
    return "equivalent" if ended == "survived" and one.id in listed else ended


def wrong(every: Sequence[Alteration], ended: Sequence[str], listed: dict[str, str], whole: bool) -> list[str]:
    """The errors of a listing: mutants that are killed, and, where the draw is the ``whole``, those that are not drawn."""
    by = {one.id: found for one, found in zip(every, ended, strict=True)}
    killed = [f"{id_}: listed as equivalent, but killed: {by[id_]}" for id_ in listed if by.get(id_, "survived") != "survived"]
    return killed + [f"{id_}: listed as equivalent, but not drawn" for id_ in listed if whole and id_ not in by]


def sample(every: Sequence[Alteration], count: int) -> list[Alteration]:
    """Some of the mutants drawn; which ones depends on the sources: in time others come up."""
    chosen = set(sorted((digest(sources(), one.id), i) for i, one in enumerate(every))[:count])
    return [one for i, one in enumerate(every) if (digest(sources(), one.id), i) in chosen]


def outcomes(every: Sequence[Alteration], budget: Budget, tally: Tally | None = None) -> list[Outcome]:
    """The outcomes of mutants; those cached from the same sources are taken from the store."""
    with contextlib.closing(Store(default_path().with_name("mutation.sqlite"), lambda text: None)) as store:
        return run([one.mutant() for one in every], budget, store, tally)


class SlipRun(TypedDict):
    """The outcome of a mutant, with the fields of ``Outcome``."""

    status: str
    by: str
    acted: bool | None
    seconds: float


def mutation(noted: Notes) -> Artifact:
    """Operator-level mutants by module, guarded ones apart: how many are killed, and how."""
    every, listed = drawn(COUNT, SEED), equivalent()

    def made(due: list[int]) -> list[SlipRun]:
        results = outcomes([every[i] for i in due], replace(BUDGET, pool=noted.pool))
        return [{"status": one.status, "by": one.by, "acted": one.acted, "seconds": one.seconds} for one in results]

    results = noted.through([f"{one.id} {one.module}" for one in every], made)
    ended = [one["status"] for one in results]
    left = [one for one, end in zip(every, ended, strict=True) if status(one, end, listed) == "survived"]
    bad = wrong(every, ended, listed, whole=True)
    columns = (
        Column("module", "module"), Column("mutants", "mutants"), Column("drawn", "drawn", "number"),
        *(Column(name, COLUMN.get(name, name), "number") for name in COLUMNS), Column("seconds", "seconds", "time"),
    )  # fmt: skip
    checks = (
        Check(f"{len(every)} mutants of {len(MODULES)} modules", len(every) == COUNT),
        Check(f"each is killed, or listed as equivalent: {len(left)} are not", not left),
        Check(f"mutants listed as equivalent survive: {'; '.join(bad) or 'all do'}", not bad),
    )
    notes = [f"Survived: {one.what} ({one.id})." for one in left]
    notes += [f"Equivalent: {one.what} ({one.id}): {listed[one.id]}." for one in every if one.id in listed]
    scope = f"{COUNT} mutants drawn with seed {SEED}, each run against the obligations of n <= {N_MAX} until one does not pass"
    rows = tuple(table(every, results, listed))
    return Artifact("mutation", "Operator-level mutants", scope, columns, rows, checks, tuple(notes))


COLUMN = {
    "refuted": "killed: refuted",
    "error": "killed: error",
    "unknown": "killed: undecided",
    "not run": "survived: of these not run",
}


def table(every: Sequence[Alteration], results: Sequence[SlipRun], listed: dict[str, str]) -> list[dict[str, Cell]]:
    """The rows: by module, then of all modules; guarded mutants and the others apart."""
    rows: list[dict[str, Cell]] = []
    pairs = list(zip(every, results, strict=True))
    for module in [*MODULES, "all"]:
        for kind in ("guarded", "plain"):
            mine = [(a, b) for a, b in pairs if module in ("all", a.module) and bool(a.guard) == (kind == "guarded")]
            if mine:
                counts = Counter(status(one, run["status"], listed) for one, run in mine)
                numbers: dict[str, Cell] = {name: counts[name] for name in COLUMNS}
                numbers["not run"] = sum(
                    not run["acted"] for one, run in mine if status(one, run["status"], listed) == "survived"
                )
                spent = sum(run["seconds"] for _, run in mine)
                rows.append({"module": module, "mutants": kind, "drawn": len(mine), **numbers, "seconds": spent})
    return rows
