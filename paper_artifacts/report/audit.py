"""`efasp audit` (docs/commands.md, "efasp audit"): claims and lemmas with their computed status, or one of them whole."""

from __future__ import annotations

import argparse
import difflib
import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from efasp.checker.errors import UsageError
from efasp.checker.files import writable
from efasp.checker.mutation.kill_matrix import NONE
from efasp.checker.options import RunOptions
from efasp.checker.results import Row, summary
from efasp.checker.selection import regime_of
from efasp.checker.session import Report, discharged
from efasp.checker.terminal import console
from efasp.paper_artifacts.claims.claims import GRADES, Claim, Ledger, Status, claims
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.claims.trust import show as show_trust
from efasp.paper_artifacts.report.sheets import sheet_data, sheet_of, sheet_text, status_data
from efasp.proofs.statements import Statement, below, statements

COLOURS = {
    "all n": "green",
    "bounded": "green",
    "measured": "cyan",
    "assumed": "yellow",
    "not covered": "yellow",
    "open": "yellow",
    "refuted": "red",
}


# The list.


def listing(ledger: Ledger) -> dict[str, Any]:
    """Claims and lemmas as JSON holds them."""
    return {
        "claims": [_claim(claim, ledger) for claim in claims().values()],
        "lemmas": [_lemma(statement, ledger) for statement in statements().values()],
    }


def _claim(claim: Claim, ledger: Ledger) -> dict[str, Any]:
    named = {"id": claim.id, "kind": claim.kind, "title": claim.title, "states": claim.states, "source": claim.source}
    on = {"lemmas": list(claim.lemmas), "measures": list(claim.measures), "not covered": claim.uncovered}
    return {**named, **on, "status": status_data(ledger.claim(claim))}


def _lemma(statement: Statement, ledger: Ledger) -> dict[str, Any]:
    rows = ledger.rows.get(statement.lemma, [])
    named = {"lemma": statement.lemma, "states": statement.states, "notation": statement.notation}
    on = {"rests on": list(statement.rests), "obligations": len(rows)}
    return {
        **named,
        **on,
        "own": status_data(ledger.own(statement.lemma)),
        "status": status_data(ledger.lemma(statement.lemma)),
    }


def show_listing(ledger: Ledger, n_max: int) -> None:
    """Claims, then lemmas by family, on a terminal."""
    screen = console()
    table = Table(title=f"claims, for n = 1..{n_max}", title_justify="left", padding=(0, 1, 0, 0), box=None)
    for column in ("claim", "what", "status", "dependencies"):
        table.add_column(column, overflow="fold")
    for claim in claims().values():
        dependencies = f"{len(claim.lemmas)} lemmas" if claim.lemmas else ""
        dependencies = ", ".join(part for part in (dependencies, *claim.measures) if part)
        table.add_row(claim.id, escape(claim.title), _coloured(ledger.claim(claim)), dependencies or "none")
    screen.show(table)
    table = Table(title="lemmas", title_justify="left", padding=(0, 1, 0, 0), box=None)
    for column in ("lemma", "states", "status", "obligations"):
        table.add_column(column, overflow="fold", justify="right" if column == "obligations" else "left")
    for statement in statements().values():
        count = len(ledger.rows.get(statement.lemma, []))
        table.add_row(statement.lemma, escape(statement.states), _coloured(ledger.lemma(statement.lemma)), str(count))
    screen.show(table)
    grades = [ledger.claim(claim).grade for claim in claims().values()]
    print("; ".join(f"{grades.count(grade)} claims {grade}" for grade in reversed(GRADES) if grade in grades))


def _coloured(status: Status) -> str:
    return f"[{COLOURS[status.grade]}]{escape(str(status))}[/]"


# One claim.


def claim_data(claim: Claim, ledger: Ledger) -> dict[str, Any]:
    """A claim as JSON holds it: its status, how many obligations ended how in which scope, and every lemma below it.

    The lemmas that a lemma rests on are read from its obligations: they conclude the assumptions of these.
    """
    lemmas = [statements()[name] for name in below(claim.lemmas)]
    rows = {row["id"]: row for statement in lemmas for row in ledger.rows.get(statement.lemma, [])}
    scopes: dict[str, list[Row]] = {}
    for row in rows.values():
        scopes.setdefault(row["scope"], []).append(row)
    counts = {scope: {k: v for k, v in summary(some).items() if v} for scope, some in scopes.items()}
    return {**_claim(claim, ledger), "counts": counts, "tree": [_lemma(statement, ledger) for statement in lemmas]}


def claim_text(claim: Claim, ledger: Ledger) -> str:
    """A claim and the tree of the lemmas that it rests on, each with its own status.

    A lemma that was shown before is shown "as above", without those below it.
    """
    data = claim_data(claim, ledger)
    lines = [f"{claim.id}: {claim.title}", "=" * len(f"{claim.id}: {claim.title}"), "", claim.states]
    lines += ["", f"source      {claim.source}", f"status      {ledger.claim(claim)}"]
    lines += [f"measured    {', '.join(claim.measures)}"] if claim.measures else []
    lines += [f"not covered {claim.uncovered}"] if claim.uncovered else []
    lines += ["", "Obligations by scope:", ""]
    for scope, counts in data["counts"].items():
        lines.append(
            f"  {', '.join(f'{count} {status}' for status, count in counts.items())}: {scope.removeprefix('measured: ')}"
        )
    lines += ["", "Lemmas; below each what its obligations assume, by the lemmas that conclude it:", ""]
    shown: set[str] = set()
    below_others = {dependency for name in claim.lemmas for dependency in statements()[name].rests}
    roots = [name for name in claim.lemmas if name not in below_others]
    stack = [(name, 0) for name in reversed(roots)]
    while stack:
        name, depth = stack.pop()
        dependencies = statements()[name].rests
        again = name in shown and dependencies
        lines.append(f"{'  ' * depth}{name}: {ledger.own(name)}{', as above' if again else ''}")
        if not again:
            stack += [(dependency, depth + 1) for dependency in reversed(dependencies)]
        shown.add(name)
    return "\n".join(lines)


# The command.


def audit(options: argparse.Namespace) -> int:
    """`efasp audit`: discharge the obligations that are shown, and show them. The exit code is the run's."""
    name, names = options.name, [*claims(), *statements()]
    if name is not None and name not in names:
        near = difflib.get_close_matches(name, names, 3, 0.5)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise UsageError(f"audit: expected a lemma's name or a claim's, found {name}{hint}")
    if (options.format == "html") != (options.out is not None):
        raise UsageError("--out: expected with --format html, and only there")
    if name is not None and options.format == "html":
        raise UsageError("--format: expected text or json for one lemma, found html")
    claim = claims().get(name)
    if options.trust and (name is not None or options.format == "html"):
        raise UsageError("--trust: expected no lemma, and --format text or json")
    if options.out is not None:
        writable("--out", options.out, folder=True)
    lemmas = None if name is None else below(claim.lemmas if claim else [name])
    with _run(replace(RunOptions.of(options), lemma=lemmas)) as found:
        if options.trust:
            show_trust(found.rows, found.route, options.format)
        elif options.format == "html":
            _write_pages(found, options.out)
        elif name is None:
            ledger = Ledger(found.rows, artifacts())
            if options.format == "json":
                print(json.dumps({"n_max": found.n_max, **listing(ledger)}, indent=1))
            else:
                show_listing(ledger, found.n_max)
        elif claim is not None:
            ledger = Ledger(found.rows, artifacts())
            data = {"n_max": found.n_max, **claim_data(claim, ledger)}
            print(json.dumps(data, indent=1) if options.format == "json" else claim_text(claim, ledger))
        else:
            shown = sheet_of(name, found)
            print(json.dumps(sheet_data(shown), indent=1) if options.format == "json" else sheet_text(shown), end="\n")
        return found.exit_code


def _run(options: RunOptions) -> AbstractContextManager[Report]:
    """The run by its options; of a claim without lemmas one of nothing, where the options of a check would mean every lemma."""
    if options.lemma == []:
        return nullcontext(Report([], NONE, regime_of(options.weights, options.n_max)[0].n_max, 0, {}, lambda hash_: None))
    return discharged(options)


def _write_pages(found: Report, folder: Path) -> None:
    from efasp.paper_artifacts.report.site import Site

    Site(found, artifacts(), f"efasp audit --format html --out {folder.name}").write(folder, "--out")
    print(folder / "index.html")
