"""How far a claim is shown: the numbers of lemmas and tables below it by scope, and its limits.

A lemma counts by its own obligations, so that every dependency is counted once, under its own scope.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from efasp.paper_artifacts.claims.claims import GRADES, Claim, Ledger
from efasp.proofs.statements import below

OTHER = "within other bounds"
BOUND = re.compile(r"n <= (\d+)(, all .*)?")  # the latter: for every program and memory of these n
FEW = 3  # names that a sentence lists

Extents = dict[str, list[str]]  # by scope, from all n down, the names of lemmas and tables


def extent(lemma: str, ledger: Ledger) -> str:
    """The scope of a lemma's own obligations: ``all n``, ``n <= 64``, ``within other bounds``, or a grade below these."""
    grade = ledger.own(lemma).grade
    if grade != "bounded":
        return grade
    matches = [BOUND.fullmatch(row["scope"]) for row in ledger.rows[lemma] if row["scope"] != "all n"]
    bounds = [int(match[1]) for match in matches if match]
    return f"n <= {max(bounds)}" if len(bounds) == len(matches) else OTHER


def extents(lemmas: Sequence[str], tables: Sequence[str], ledger: Ledger) -> Extents:
    """The extents of some lemmas, and of tables that a claim measures."""
    grouped: Extents = {}
    for name in lemmas:
        grouped.setdefault(extent(name, ledger), []).append(name)
    for name in tables:
        grouped.setdefault(ledger.table(name).grade, []).append(f"the table {name}")
    return {scope: grouped[scope] for scope in sorted(grouped, key=_order)}


def _order(scope: str) -> tuple[int, int]:
    """The place of a scope: all n, then n <= k from the largest down, then other bounds, then the grades below."""
    if scope in GRADES:
        return -GRADES.index(scope), 0
    match = BOUND.fullmatch(scope)
    return -GRADES.index("bounded"), -int(match[1]) if match else 1


def of_claim(claim: Claim, ledger: Ledger) -> Extents:
    """The extents of all lemmas and tables below a claim."""
    return extents(below(claim.lemmas), claim.measures, ledger)


def counts(grouped: Extents) -> dict[str, int]:
    """``{"all n": 37, "n <= 64": 94, "measured": 14}``."""
    return {scope: len(names) for scope, names in grouped.items()}


def counted(count: int, thing: str) -> str:
    """A number with the noun that it counts: ``1 lemma``, ``2 lemmas``."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def headline(lemmas: Sequence[str], tables: Sequence[str], ledger: Ledger) -> str:
    """``164 lemmas and 1 table: 37 all n, 96 n <= 64, 31 within other bounds, 1 measured``; of nothing ``not covered``."""
    parts = [counted(len(names), thing) for names, thing in ((lemmas, "lemma"), (tables, "table")) if names]
    if not parts:
        return "not covered"
    numbers = counts(extents(lemmas, tables, ledger))
    return f"{' and '.join(parts)}: {', '.join(f'{count} {scope}' for scope, count in numbers.items())}"


def summary_of(claim: Claim, ledger: Ledger) -> str:
    """How far a claim is shown: what its theorem shows, and the headline of the lemmas and tables below it."""
    parts = [f"{part.what} {part.shown}" for part in ledger.parts(claim)]
    return "; ".join([*parts, headline(below(claim.lemmas), claim.measures, ledger)])


def limits(claim: Claim, ledger: Ledger, n_max: int) -> list[str]:
    """What keeps a claim from more, a sentence each, the worst first. ``n_max``: the bound of the run."""
    scopes = of_claim(claim, ledger)
    said = []
    for scope in reversed(scopes):
        names = scopes[scope]
        if match := BOUND.fullmatch(scope):
            which = counted(len(names), "lemma")
            more = ", the bound of this run, which --n-max raises" if int(match[1]) == n_max else ""
            said.append(f"Proved for {scope} only{more}: {which}.")
        elif scope in SENTENCES:
            said.append(f"{SENTENCES[scope]}: {some([_reasoned(name, ledger) for name in names])}.")
    return said + ([f"Not covered: {claim.uncovered}"] if claim.uncovered else [])


SENTENCES = {
    "refuted": "Refuted",
    "open": "Not discharged",
    "assumed": "Assumed from results that are cited and not shown here",
    "measured": "Measured, and not proved",
    OTHER: "Proved within other bounds than n",
}


def _reasoned(name: str, ledger: Ledger) -> str:
    """A lemma with the reason for which it is open or assumed."""
    own = ledger.own(name) if name in ledger.rows else None
    return f"{name} ({own.why})" if own is not None and own.grade in ("open", "assumed") else name


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"{', '.join(names[:FEW])}{more}"
