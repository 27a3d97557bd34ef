"""`efasp audit` (docs/commands.md, "efasp audit"): claims and lemmas with their computed status, or one of them whole."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checker.commands import UsageError
from checker.files import writable
from checker.matrix import NONE
from checker.rows import CITATIONS, Row, summary
from checker.session import Report, discharged, regime_of
from paper_artifacts.claims import GRADES, Claim, Ledger, Status, claims
from paper_artifacts.constructions import Construction, construction
from paper_artifacts.status import artifacts
from paper_artifacts.trust import show as show_trust
from proofs.mutation import Mutant, load
from proofs.statements import Statement, below, statements

COLOURS = {
    "all n": "green",
    "bounded": "green",
    "measured": "cyan",
    "assumed": "yellow",
    "not covered": "yellow",
    "open": "yellow",
    "refuted": "red",
}


@dataclass(frozen=True)
class Sheet:
    """One lemma whole: statement, construction, statuses, rows, the claims that rest on it, its mutants and who killed them."""

    statement: Statement
    construction: Construction | None
    own: Status
    full: Status
    rows: list[Row]
    texts: dict[str, str]
    claims: list[str]
    used_by: list[str]
    mutants: list[dict[str, Any]]


def sheet(
    name: str, ledger: Ledger, texts: dict[str, str], mutants: Sequence[Mutant], outcomes: Sequence[dict[str, Any]]
) -> Sheet:
    """The sheet of a lemma. ``outcomes``: rows of the kill matrix, of a run that had mutants."""
    ended = {row["mutant"]: row for row in outcomes}
    listed = []
    for mutant in mutants:
        if name in mutant.lemmas:
            found = ended.get(mutant.id, {})
            listed.append(
                {
                    "mutant": mutant.id,
                    "module": mutant.module,
                    "old": mutant.old,
                    "new": mutant.new,
                    "status": found.get("status", "not run"),
                    "by": [by for by in found.get("by", []) if by.startswith(f"{name}[")],
                    "countermodel": found.get("countermodel"),
                }
            )
    statement = statements()[name]
    return Sheet(
        statement,
        construction(statement.of) if statement.of else None,
        ledger.own(name),
        ledger.lemma(name),
        ledger.rows.get(name, []),
        texts,
        [claim.id for claim in claims().values() if name in claim.lemmas],
        [other.lemma for other in statements().values() if name in other.rests],
        listed,
    )


# The list.


def listing(ledger: Ledger) -> dict[str, Any]:
    """Claims and lemmas as JSON holds them."""
    return {
        "claims": [_claim(claim, ledger) for claim in claims().values()],
        "lemmas": [_lemma(statement, ledger) for statement in statements().values()],
    }


def _status(status: Status) -> dict[str, str]:
    return {"grade": status.grade, "why": status.why, "weakest leg": status.leg}


def _claim(claim: Claim, ledger: Ledger) -> dict[str, Any]:
    named = {"id": claim.id, "kind": claim.kind, "title": claim.title, "states": claim.states, "source": claim.source}
    legs = {"lemmas": list(claim.lemmas), "measures": list(claim.measures), "not covered": claim.uncovered}
    return {**named, **legs, "status": _status(ledger.claim(claim))}


def _lemma(statement: Statement, ledger: Ledger) -> dict[str, Any]:
    rows = ledger.rows.get(statement.lemma, [])
    named = {"lemma": statement.lemma, "states": statement.states, "notation": statement.notation}
    legs = {"rests on": list(statement.rests), "obligations": len(rows)}
    return {**named, **legs, "own": _status(ledger.own(statement.lemma)), "status": _status(ledger.lemma(statement.lemma))}


def show_listing(ledger: Ledger, n_max: int) -> None:
    """Claims, then lemmas by family, on a terminal."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title=f"claims, for n = 1..{n_max}", title_justify="left", padding=(0, 1, 0, 0), box=None)
    for column in ("claim", "what", "status", "legs"):
        table.add_column(column, overflow="fold")
    for claim in claims().values():
        legs = f"{len(claim.lemmas)} lemmas" if claim.lemmas else ""
        legs = ", ".join(part for part in (legs, *claim.measures) if part)
        table.add_row(claim.id, escape(claim.title), _coloured(ledger.claim(claim)), legs or "none")
    console.print(table)
    table = Table(title="lemmas", title_justify="left", padding=(0, 1, 0, 0), box=None)
    for column in ("lemma", "states", "status", "obligations"):
        table.add_column(column, overflow="fold", justify="right" if column == "obligations" else "left")
    for statement in statements().values():
        count = len(ledger.rows.get(statement.lemma, []))
        table.add_row(statement.lemma, escape(statement.states), _coloured(ledger.lemma(statement.lemma)), str(count))
    console.print(table)
    grades = [ledger.claim(claim).grade for claim in claims().values()]
    print("; ".join(f"{grades.count(grade)} claims {grade}" for grade in reversed(GRADES) if grade in grades))


def _coloured(status: Status) -> str:
    return f"[{COLOURS[status.grade]}]{escape(str(status))}[/]"


# One lemma.


def sheet_data(found: Sheet) -> dict[str, Any]:
    """A sheet as JSON holds it."""
    shown = found.construction
    statement = found.statement
    return {
        "lemma": statement.lemma,
        "states": statement.states,
        "notation": statement.notation,
        "claims": found.claims,
        "construction": None if shown is None else vars(shown),
        "rests on": list(statement.rests),
        "used by": found.used_by,
        "own": _status(found.own),
        "status": _status(found.full),
        "obligations": [{**row, "text": found.texts.get(row["hash"])} for row in found.rows],
        "mutants": found.mutants,
    }


def sheet_text(found: Sheet) -> str:
    """A sheet in the order in which a reviewer reads."""
    statement, shown = found.statement, found.construction
    lines = [statement.lemma, "=" * len(statement.lemma), "", statement.states]
    lines += ["", f"    {statement.notation}"] if statement.notation else []
    lines += ["", f"status      {found.full}", f"by itself   {found.own}"]
    lines += [f"claims      {', '.join(found.claims) or 'none'}", f"rests on    {', '.join(statement.rests) or 'nothing'}"]
    lines += [f"used by     {', '.join(found.used_by) or 'nothing'}"]
    if shown is not None:
        lines += ["", f"Construction: {shown.title}", "", *_indented(shown.definition)]
        if shown.expansion:
            lines += ["", "Expansion into primitives:", "", *_indented(shown.expansion)]
            lines += ["", shown.size]
        if shown.entries:
            lines += ["", f"Matrix entries ({shown.entries[0]}):", "", *_indented("\n".join(shown.entries[1:]))]
    lines += ["", f"Obligations ({len(found.rows)}):"]
    texts: dict[str, list[Row]] = {}
    for row in found.rows:
        texts.setdefault(row["hash"] if row["kind"] == "smt" else row["id"], []).append(row)
    for rows in texts.values():
        first = rows[0]
        more = f" (and {len(rows) - 1} more with this text, to {rows[-1]['id']})" if len(rows) > 1 else ""
        lines += ["", f"* {first['id']}{more}"]
        lines += [f"  {first['status']}; {first['scope']}; n = {first['n'][0]}..{rows[-1]['n'][1]}; {first['method']}"]
        lines += [f"  {first['seconds']:.3f} s; hash {first['hash']}"]
        lines += [f"  {key}: {'; '.join(first[key])}" for key in CITATIONS if first[key]]
        if first["countermodel"] is not None:
            lines += [f"  countermodel: {json.dumps(first['countermodel'])}"]
        if text := found.texts.get(first["hash"]):
            lines += ["", *_indented(text)]
    lines += ["", f"Mutants ({len(found.mutants)}):"]
    for mutant in found.mutants:
        by = f" by {', '.join(mutant['by'])}" if mutant["by"] else ""
        lines += ["", f"* {mutant['mutant']} ({mutant['module']}): {mutant['status']}{by}"]
        lines += [f"  - {line}" for line in mutant["old"].splitlines()]
        lines += [f"  + {line}" for line in mutant["new"].splitlines()]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.rstrip().splitlines()]


# One claim.


def claim_data(claim: Claim, ledger: Ledger) -> dict[str, Any]:
    """A claim as JSON holds it: its status, how many obligations ended how in which scope, and every lemma below it.

    What a lemma rests on is read from its obligations: it is what concludes what they assume.
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
    below_others = {leg for name in claim.lemmas for leg in statements()[name].rests}
    roots = [name for name in claim.lemmas if name not in below_others]
    stack = [(name, 0) for name in reversed(roots)]
    while stack:
        name, depth = stack.pop()
        legs = statements()[name].rests
        again = name in shown and legs
        lines.append(f"{'  ' * depth}{name}: {ledger.own(name)}{', as above' if again else ''}")
        if not again:
            stack += [(leg, depth + 1) for leg in reversed(legs)]
        shown.add(name)
    return "\n".join(lines)


# The command.


def audit(options: argparse.Namespace) -> int:
    """`efasp audit`: settle what is shown (from the store where it is known), and show it. The exit code is the run's."""
    names = [*claims(), *statements()]
    if options.lemma is not None and options.lemma not in names:
        near = difflib.get_close_matches(options.lemma, names, 3, 0.5)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise UsageError(f"audit: expected a lemma's name or a claim's, found {options.lemma}{hint}")
    if (options.format == "html") != (options.out is not None):
        raise UsageError("--out: expected with --format html, and only there")
    if options.lemma is not None and options.format == "html":
        raise UsageError("--format: expected text or json for one lemma, found html")
    claim = claims().get(options.lemma)
    if options.trust and (options.lemma is not None or options.format == "html"):
        raise UsageError("--trust: expected no lemma, and --format text or json")
    if options.out is not None:
        writable("--out", options.out, folder=True)
    name = options.lemma
    options.lemma = None if name is None else below(claim.lemmas if claim else [name])
    with _run(options) as found:
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


def _run(options: argparse.Namespace) -> AbstractContextManager[Report]:
    """The run by the options; of a claim without lemmas one of nothing, where the options of a check would mean every lemma."""
    if options.lemma == []:
        return nullcontext(Report([], NONE, regime_of(options)[0].n_max, 0, {}, lambda hash_: None))
    return discharged(options)


@contextmanager
def run_all(n_max: int, lemmas: list[str] | None = None) -> Iterator[Report]:
    """A run of every lemma, or of some, with the options' defaults; the store is open inside."""
    options = {"n_max": n_max, "lemma": lemmas, "jobs": None, "timeout": 60.0, "memory": 4096, "solver": None}
    with discharged(argparse.Namespace(**options, no_cache=False, mutants=False, weights=None, json=None)) as found:
        yield found


def sheet_of(name: str, found: Report) -> Sheet:
    """The sheet of a lemma, of a run that settled it and what it rests on."""
    ledger = Ledger(found.rows)
    texts = {row["hash"]: found.text(row["hash"]) or "" for row in ledger.rows.get(name, [])}
    return sheet(name, ledger, texts, load(), found.mutants.get("matrix", []))


def _write_pages(found: Report, folder: Path) -> None:
    from paper_artifacts.site import Site

    Site(found, artifacts(), f"efasp audit --format html --out {folder.name}").write(folder, "--out")
    print(folder / "index.html")
