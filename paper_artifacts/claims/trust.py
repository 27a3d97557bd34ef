"""`efasp audit --trust`: the trusted base of each claim, and the parts of it that an independent check covers."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from rich.markup import escape
from rich.table import Table

from efasp.checker.certificates.routes import BY_NAME
from efasp.checker.results import Row
from efasp.checker.terminal import console
from efasp.paper_artifacts.claims.claims import claims
from efasp.proofs.registry import matches
from efasp.proofs.statements import StatementError, below

FILE = Path(__file__).with_name("trust.toml")
KINDS = ("smt", "exact", "exhaustive", "polynomial", "measurement")
ROUTES = ("none", *BY_NAME)
Route = Callable[[str], str]  # from an obligation's hash to the route of its cached proof, or ""


@dataclass(frozen=True)
class Base:
    """One thing that verdicts rest on, and the obligations that do.

    ``covered``: the check that would show an error in it; ``trusted``: the part that remains.
    """

    id: str
    what: str
    kinds: tuple[str, ...]
    covered: str
    trusted: str
    lemmas: tuple[str, ...] = ("*",)
    routes: tuple[str, ...] = ROUTES

    def carries(self, row: Row, route: Route) -> bool:
        """Whether an obligation rests on this base, given the proof that there is of it."""
        named = row["kind"] in self.kinds and any(matches(name, self.lemmas) for name in row["lemma"].split())
        return named and (row["kind"] != "smt" or (route(row["hash"]) or "none") in self.routes)


@cache
def bases(file: Path = FILE) -> tuple[Base, ...]:
    """The trusted base. Raises StatementError for a malformed entry."""
    out: list[Base] = []
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["base"]:
        where = f"{file.name}: {entry.get('id', 'an entry')}"
        for key in ("id", "what", "kinds", "covered", "trusted"):
            if not entry.get(key):
                raise StatementError(f"{where}: expected a key {key}, found none")
        if unknown := sorted(set(entry) - set(Base.__dataclass_fields__)):
            raise StatementError(f"{where}: expected the keys {', '.join(Base.__dataclass_fields__)}, found {unknown[0]}")
        for key, known in (("kinds", KINDS), ("routes", ROUTES)):
            if wrong := [name for name in entry.get(key, []) if name not in known]:
                raise StatementError(f"{where}: {key}: expected some of {', '.join(known)}, found {wrong[0]}")
        if any(entry["id"] == base.id for base in out):
            raise StatementError(f"{where}: expected every id once, found it again")
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        out.append(Base(**given))
    return tuple(out)


# How many of a claim's obligations rest on each thing, and by which route the SMT ones are proved.
Rested = TypedDict("Rested", {"claim": str, "obligations": int, "rests on": dict[str, int], "proofs": dict[str, int]})


def trust(rows: Sequence[Row], route: Route) -> list[Rested]:
    """For each claim that has lemmas how many of its obligations rest on each thing, and how the SMT ones are shown."""
    out: list[Rested] = []
    for claim in claims().values():
        names = set(below(claim.lemmas))
        if mine := [row for row in rows if names & set(row["lemma"].split())]:
            counts = {base.id: sum(base.carries(row, route) for row in mine) for base in bases()}
            routes = Counter(route(row["hash"]) or "none" for row in mine if row["kind"] == "smt")
            proofs = {name: routes[name] for name in ROUTES}
            out.append({"claim": claim.id, "obligations": len(mine), "rests on": counts, "proofs": proofs})
    return out


def show(rows: Sequence[Row], route: Route, form: str) -> None:
    """Print the trusted base and what each claim rests on: as JSON where ``form`` is "json", else as tables."""
    trusted = trust(rows, route)
    if form == "json":
        print(json.dumps({"base": [vars(base) for base in bases()], "claims": trusted}, indent=1))
        return
    screen = console()
    table = Table(title="the trusted base", title_justify="left", padding=(0, 1, 1, 0), box=None)
    for heading in ("", "what", "checked besides by", "remains trusted"):
        table.add_column(heading, overflow="fold")
    for base in bases():
        table.add_row(base.id, *map(escape, (base.what, base.covered, base.trusted)))
    screen.show(table)
    table = Table(title="by claim: how many obligations rest on it", title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("")
    for row in trusted:
        table.add_column(row["claim"], justify="right")
    table.add_row("obligations", *(str(row["obligations"]) for row in trusted))
    for base in bases():
        table.add_row(base.id, *(str(row["rests on"][base.id] or "") for row in trusted))
    screen.show(table)
    proofs = Counter[str]()
    for shown in {row["hash"]: route(row["hash"]) or "none" for row in rows if row["kind"] == "smt"}.values():
        proofs[shown] += 1
    cached = sum(proofs.values()) - proofs["none"]
    print(f"{cached} of {sum(proofs.values())} SMT scripts have a cached proof; efasp certify makes and replays them")
