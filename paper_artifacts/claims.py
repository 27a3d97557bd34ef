"""The paper's claims as data (``claims.toml``), and their status, computed from what was settled.

A status is a grade and a text. A lemma's is the worst of its own obligations and of all that it rests on; a claim's the worst
of its lemmas and measurements. Nothing here is marked by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from checker.rows import Row
from proofs.statements import StatementError, below, resolved, statements

FILE = Path(__file__).with_name("claims.toml")
# From the worst to the best. "refuted": an obligation is refuted or vacuous; "open": one is not settled; "not covered": nothing
# speaks of it; "measured": a number held where it was tried; "bounded": proved up to a bound or at given sizes.
GRADES = ("refuted", "open", "not covered", "measured", "bounded", "all n")
KINDS = ("claim", "corollary", "table", "disagreement")


@dataclass(frozen=True)
class Status:
    """How far something is shown: the grade, the scope or reason, and the weakest leg where it is not its own."""

    grade: str
    why: str = ""
    leg: str = ""

    def __str__(self) -> str:
        return f"{self.grade}{f': {self.why}' if self.why else ''}{f' ({self.leg})' if self.leg else ''}"


@dataclass(frozen=True)
class Claim:
    """A claim, a corollary, a table row or a disagreement of the paper.

    ``states``: our statement of it; ``source``: where it comes from; ``lemmas``: those that it rests on; ``measures``: the
    artifacts (tables) that it rests on; ``uncovered``: what of it is not covered.
    """

    id: str
    kind: str
    title: str
    states: str
    source: str
    lemmas: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    uncovered: str = ""


@cache
def claims(file: Path = FILE) -> dict[str, Claim]:
    """Every claim by its id, in the file's order. Raises StatementError for a malformed entry or an unknown lemma."""
    found: dict[str, Claim] = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["claim"]:
        claim = _claim(file, entry)
        if claim.id in found:
            raise StatementError(f"{file.name}: expected every id once, found {claim.id} again")
        found[claim.id] = claim
    return found


def _claim(file: Path, entry: dict[str, Any]) -> Claim:
    where = f"{file.name}: {entry.get('id', 'a claim without an id')}"
    for key in ("id", "kind", "title", "states", "source"):
        if not entry.get(key):
            raise StatementError(f"{where}: expected a key {key}, found none")
    if entry["kind"] not in KINDS:
        raise StatementError(f"{where}: kind: expected one of {', '.join(KINDS)}, found {entry['kind']}")
    if unknown := sorted(set(entry) - {"id", "kind", "title", "states", "source", "lemmas", "measures", "uncovered"}):
        raise StatementError(f"{where}: expected the keys of a claim, found {unknown[0]}")
    lemmas = resolved(entry.get("lemmas", []), statements(), where)
    return Claim(**{**entry, "lemmas": lemmas, "measures": tuple(entry.get("measures", []))})


class Ledger:
    """Statuses of lemmas and claims from the rows of a run, and from the artifacts that were made."""

    def __init__(self, rows: Sequence[Row], measured: dict[str, Status] | None = None) -> None:
        self.rows: dict[str, list[Row]] = {}
        for row in rows:
            for name in row["lemma"].split():  # a batch that was not built speaks of several
                self.rows.setdefault(name, []).append(row)
        self.measured = measured or {}
        self._full: dict[str, Status] = {}
        for name in below(statements()):
            legs = [self._full[leg] for leg in statements()[name].rests]
            named = [_named(leg, status) for leg, status in zip(statements()[name].rests, legs, strict=True)]
            self._full[name] = worst([self.own(name), *named])

    def own(self, lemma: str) -> Status:
        """A lemma's own obligations alone."""
        rows = self.rows.get(lemma, [])
        if not rows:
            return Status("open", "no obligation was settled")
        for row in rows:
            if row["status"] in ("refuted", "vacuous"):
                return Status("refuted", f"{row['status']}: {row['id']}")
        for row in rows:
            if row["status"] not in ("proved", "measured"):
                return Status("open", f"{row['status']}: {row['id']}")
        scopes = list(dict.fromkeys(row["scope"] for row in rows))
        if any(row["status"] == "measured" for row in rows):
            return Status("measured", "; ".join(scopes))
        if scopes == ["all n"]:
            return Status("all n")
        return Status("bounded", scope_of(rows))

    def lemma(self, name: str) -> Status:
        """A lemma with all that it rests on."""
        return self._full[name]

    def claim(self, claim: Claim) -> Status:
        """A claim: the worst of its lemmas and measurements; not covered where it has none."""
        legs = [_named(name, self.lemma(name)) for name in claim.lemmas]
        legs += [_named(name, self.measured.get(name, Status("open", "not generated"))) for name in claim.measures]
        return worst(legs) if legs else Status("not covered", claim.uncovered or "no lemma or measurement")


def _named(name: str, status: Status) -> Status:
    return Status(status.grade, status.why, status.leg or name)


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of some statuses, the first of equals."""
    return min(statuses, key=lambda status: GRADES.index(status.grade))


def scope_of(rows: Sequence[Row]) -> str:
    """The scopes of some rows; scopes ``n <= k`` that go on from width to width are one, up to the last."""
    bounds = sorted({row["n"][1] for row in rows if row["scope"].startswith("n <= ") and row["scope"][5:].isdecimal()})
    out = [f"n <= {bounds[-1]}"] if bounds else []
    rest = (row["scope"] for row in rows if not (row["scope"].startswith("n <= ") and row["scope"][5:].isdecimal()))
    return "; ".join(dict.fromkeys([*out, *rest]))
