"""Claims and lemmas with their status, as JSON holds them and as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from rich.markup import escape
from rich.table import Table

from efasp.checker.terminal import console
from efasp.paper_artifacts.claims.claims import GRADES, Claim, Ledger, Status
from efasp.paper_artifacts.claims.extent import counted, counts, limits, of_claim, summary_of
from efasp.paper_artifacts.report.sheets import StatusData, status_data
from efasp.proofs.statements import Statement

COLOURS = {
    "all n": "green",
    "bounded": "green",
    "measured": "cyan",
    "assumed": "yellow",
    "not covered": "yellow",
    "open": "yellow",
    "refuted": "red",
}


class PartData(TypedDict):
    """A part of what a theorem shows (``theorems.Part``)."""

    what: str
    shown: str
    known: str
    holds: bool


class TheoremData(TypedDict):
    """A claim's theorem: what of it is shown, and what remains."""

    names: list[str]
    states: str
    shown: list[PartData]
    remains: list[str]


# Claims and lemmas in a list (docs/commands.md, "efasp audit").
ClaimData = TypedDict(
    "ClaimData",
    {
        "id": str,
        "kind": str,
        "title": str,
        "states": str,
        "source": str,
        "lemmas": list[str],
        "measures": list[str],
        "not covered": str,
        "theorem": TheoremData | None,
        "status": StatusData,
        "counts": dict[str, int],
        "limits": list[str],
    },
)
LemmaData = TypedDict(
    "LemmaData",
    {
        "lemma": str,
        "states": str,
        "notation": str,
        "rests on": list[str],
        "obligations": int,
        "own": StatusData,
        "status": StatusData,
    },
)


class Listing(TypedDict):
    """What `efasp audit` lists."""

    n_max: int
    claims: list[ClaimData]
    lemmas: list[LemmaData]


def listing(claims: Iterable[Claim], lemmas: Iterable[Statement], ledger: Ledger, n_max: int) -> Listing:
    """Claims and lemmas as JSON holds them."""
    return {
        "n_max": n_max,
        "claims": [claim_data(claim, ledger, n_max) for claim in claims],
        "lemmas": [lemma_data(statement, ledger) for statement in lemmas],
    }


def claim_data(claim: Claim, ledger: Ledger, n_max: int) -> ClaimData:
    """A claim as JSON holds it in a list."""
    return {
        "id": claim.id,
        "kind": claim.kind,
        "title": claim.title,
        "states": claim.states,
        "source": claim.source,
        "lemmas": list(claim.lemmas),
        "measures": list(claim.measures),
        "not covered": claim.uncovered,
        "theorem": theorem_data(claim, ledger),
        "status": status_data(ledger.claim(claim)),
        "counts": counts(of_claim(claim, ledger)),
        "limits": limits(claim, ledger, n_max),
    }


def theorem_data(claim: Claim, ledger: Ledger) -> TheoremData | None:
    """A claim's theorem as JSON holds it, with the part of the claim that it shows; None for a claim without one."""
    if claim.theorem is None:
        return None
    shown: list[PartData] = [
        {"what": p.what, "shown": p.shown, "known": p.known, "holds": p.holds} for p in ledger.parts(claim)
    ]
    return {
        "names": list(claim.theorem.names),
        "states": claim.theorem.states,
        "shown": shown,
        "remains": [*claim.theorem.remains],
    }


def lemma_data(statement: Statement, ledger: Ledger) -> LemmaData:
    """A lemma as JSON holds it in a list."""
    return {
        "lemma": statement.lemma,
        "states": statement.states,
        "notation": statement.notation,
        "rests on": list(statement.rests),
        "obligations": len(ledger.rows.get(statement.lemma, [])),
        "own": status_data(ledger.own(statement.lemma)),
        "status": status_data(ledger.lemma(statement.lemma)),
    }


def show_listing(claims: Sequence[Claim], lemmas: Sequence[Statement], ledger: Ledger, n_max: int) -> None:
    """Claims, each with how far it is shown and what keeps it from more; then lemmas; then the grades of the claims."""
    screen = console()
    if claims:
        table = _table(f"claims, for n = 1..{n_max}", ("claim", "what", "shown", "limits"))
        for claim in claims:
            bounds = " ".join(limits(claim, ledger, n_max))
            said = summary_of(claim, ledger)
            table.add_row(claim.id, escape(claim.title), _coloured(ledger.claim(claim), said), escape(bounds))
        screen.show(table)
    if lemmas:
        table = _table("lemmas", ("lemma", "states", "status", "obligations"))
        table.columns[3].justify = "right"
        for statement in lemmas:
            status, count = ledger.lemma(statement.lemma), len(ledger.rows.get(statement.lemma, []))
            table.add_row(statement.lemma, escape(statement.states), _coloured(status, str(status)), str(count))
        screen.show(table)
    if claims:
        grades = [ledger.claim(claim).grade for claim in claims]
        each = ", ".join(f"{grades.count(grade)} {grade}" for grade in reversed(GRADES) if grade in grades)
        print(f"{counted(len(claims), 'claim')} by a theorem that was checked, or else by the weakest dependency: {each}")


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", padding=(0, 1, 0, 0), box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _coloured(status: Status, text: str) -> str:
    return f"[{COLOURS[status.grade]}]{escape(text)}[/]"
