"""The paper's claims as data (``claims.toml``), and their status, computed from the discharged obligations.

A status is a grade and a text. A lemma's is the worst of its own obligations and of all that it rests on; a claim's the worst
of its lemmas and measurements. Nothing here is marked by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from efasp.checker.results import Row
from efasp.paper_artifacts.claims.theorems import Part, Theorem, parts
from efasp.proofs.statements import StatementError, below, resolved, statements

FILE = Path(__file__).with_name("claims.toml")
# From the worst to the best. "refuted": an obligation is refuted or vacuous; "open": one is not discharged; "not covered":
# nothing speaks of it; "assumed": it rests on results that are cited and not shown here; "measured": a number held where
# it was tried; "bounded": proved up to a bound or at given sizes.
GRADES = ("refuted", "open", "not covered", "assumed", "measured", "bounded", "all n")
KINDS = ("claim", "corollary", "table", "disagreement")


@dataclass(frozen=True)
class Status:
    """How far something is shown: the grade, the scope or reason, and the weakest dependency where it is not its own."""

    grade: str
    why: str = ""
    dependency: str = ""

    def __str__(self) -> str:
        if self.grade == "assumed":
            return f"proved, given {self.why}{f' ({self.dependency})' if self.dependency else ''}"
        return f"{self.grade}{f': {self.why}' if self.why else ''}{f' ({self.dependency})' if self.dependency else ''}"


@dataclass(frozen=True)
class Claim:
    """A claim, a corollary, a table row or a disagreement of the paper.

    ``states``: our statement of it; ``source``: where it comes from; ``lemmas``: those that it rests on; ``measures``: the
    artifacts (tables) that it rests on; ``uncovered``: the part of it that is not covered; ``theorem``: what
    Rocq's kernel proves of it as a whole.
    """

    id: str
    kind: str
    title: str
    states: str
    source: str
    lemmas: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    uncovered: str = ""
    theorem: Theorem | None = None


@cache
def claims(file: Path = FILE) -> dict[str, Claim]:
    """Every claim by its id, in the file's order. Raises StatementError for a malformed entry or an unknown lemma."""
    by_id: dict[str, Claim] = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["claim"]:
        claim = _claim(file, entry)
        if claim.id in by_id:
            raise StatementError(f"{file.name}: expected every id once, found {claim.id} again")
        by_id[claim.id] = claim
    return by_id


def _claim(file: Path, entry: dict[str, Any]) -> Claim:
    where = f"{file.name}: {entry.get('id', 'a claim without an id')}"
    for key in ("id", "kind", "title", "states", "source"):
        if not entry.get(key):
            raise StatementError(f"{where}: expected a key {key}, found none")
    if entry["kind"] not in KINDS:
        raise StatementError(f"{where}: kind: expected one of {', '.join(KINDS)}, found {entry['kind']}")
    if unknown := sorted(set(entry) - {field.name for field in fields(Claim)}):
        raise StatementError(f"{where}: expected the keys of a claim, found {unknown[0]}")
    lemmas = resolved(entry.get("lemmas", []), statements(), where)
    made = {**entry, "lemmas": lemmas, "measures": tuple(entry.get("measures", []))}
    return Claim(**{**made, "theorem": _theorem(where, entry["theorem"]) if "theorem" in entry else None})


def _theorem(where: str, entry: dict[str, Any]) -> Theorem:
    if (known := [field.name for field in fields(Theorem)]) != list(entry):
        raise StatementError(f"{where}: theorem: expected the keys {', '.join(known)}, found {', '.join(entry)}")
    return Theorem(**{**entry, "names": tuple(entry["names"]), "remains": tuple(entry["remains"])})


class Ledger:
    """Statuses of lemmas and claims from the rows of a run, from the artifacts that were made, and from the theorems that are
    known to be checked (``theorems.checked``)."""

    def __init__(
        self, rows: Sequence[Row], measured: dict[str, Status] | None = None, checked: Mapping[str, str] | None = None
    ) -> None:
        self.rows: dict[str, list[Row]] = {}
        for row in rows:
            for name in row["lemma"].split():  # a batch that was not built speaks of several
                self.rows.setdefault(name, []).append(row)
        self.measured, self.checked = measured or {}, checked or {}
        self._full = {name: self._closed(name) for name in statements()}

    def _closed(self, name: str) -> Status:
        """The worst of a lemma's own obligations and of those of every lemma below it."""
        dependencies = [other for other in below([name]) if other != name]
        return worst([self.own(name), *(_named(other, self.own(other)) for other in dependencies)])

    def own(self, lemma: str) -> Status:
        """The status of a lemma by its own obligations alone, without those of the lemmas that it rests on."""
        rows = self.rows.get(lemma, [])
        if not rows:
            return Status("open", "no obligation was discharged")
        for row in rows:
            if row["status"] in ("refuted", "vacuous"):
                return Status("refuted", row["id"] if row["status"] == "refuted" else f"{row['status']}: {row['id']}")
        for row in rows:
            if row["status"] not in ("proved", "measured"):
                return Status("open", f"{row['status']}: {row['id']}")
        if sources := list(dict.fromkeys(source for row in rows for source in row["assumed"])):
            return Status("assumed", "; ".join(sources))
        scopes = list(dict.fromkeys(row["scope"] for row in rows))
        if any(row["status"] == "measured" for row in rows):
            return Status("measured", "; ".join(filter(None, map(unmarked, scopes))))
        if scopes == ["all n"]:
            return Status("all n")
        return Status("bounded", scope_of(rows))

    def lemma(self, name: str) -> Status:
        """The status of a lemma with all that it rests on."""
        return self._full[name]

    def table(self, name: str) -> Status:
        """The status of a table that claims rest on, by its name."""
        return self.measured.get(name, Status("open", "not generated"))

    def claim(self, claim: Claim) -> Status:
        """A claim: what its theorem about plans says, where that is checked and no lemma is worse than measured; else as
        ``by_lemmas``."""
        status = self.by_lemmas(claim)
        parts = self.parts(claim)
        if claim.theorem and claim.theorem.engine and parts[0].holds and GRADES.index(status.grade) >= GRADES.index("measured"):
            return Status("all n", "; ".join(map(str, parts)))
        return status

    def parts(self, claim: Claim) -> list[Part]:
        """The part of a claim that its theorem shows; empty for a claim without one."""
        return parts(claim.theorem, self.rows, self.checked) if claim.theorem else []

    def by_lemmas(self, claim: Claim) -> Status:
        """The worst of a claim's lemmas and measurements; not covered where it has none."""
        dependencies = [_named(name, self.lemma(name)) for name in claim.lemmas]
        dependencies += [_named(name, self.table(name)) for name in claim.measures]
        return worst(dependencies) if dependencies else Status("not covered", claim.uncovered or "no lemma or measurement")


def _named(name: str, status: Status) -> Status:
    return Status(status.grade, status.why, status.dependency or name)


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of some statuses, the first of equals."""
    return min(statuses, key=lambda status: GRADES.index(status.grade))


def unmarked(scope: str) -> str:
    """A scope without the word that it is measured, which the grade says."""
    return scope.removeprefix("measured").removeprefix(":").strip()


def scope_of(rows: Sequence[Row]) -> str:
    """The scopes of some rows; scopes ``n <= k`` that go on from width to width are one, up to the last."""
    last: dict[str, int] = {}
    for row in rows:
        bound, comma, shape = row["scope"].removeprefix("n <= ").partition(",")
        if row["scope"].startswith("n <= ") and bound.isdecimal():
            last[comma + shape] = max(last.get(comma + shape, 0), int(bound))
        else:
            last[row["scope"]] = -1
    return "; ".join(scope if bound < 0 else f"n <= {bound}{scope}" for scope, bound in last.items())
