"""One lemma in full, for `efasp audit` and its page: its statement, construction, obligations, claims and mutants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from efasp.checker.mutation.constructions import MatrixRow
from efasp.checker.results import CITATIONS, Row
from efasp.checker.session import Report
from efasp.paper_artifacts.claims.claims import Ledger, Status, claims
from efasp.paper_artifacts.report.constructions import Construction, construction
from efasp.paper_artifacts.report.glossary import used
from efasp.proofs.mutation.mutants import Mutant, load
from efasp.proofs.statements import Statement, statements


class MutantRow(TypedDict):
    """A mutant of a lemma: its change, and its outcome in a run that had mutants. ``by``: obligations of the lemma;
    ``detail``: the reason of its status."""

    mutant: str
    module: str
    old: str
    new: str
    status: str
    by: list[str]
    detail: str
    countermodel: dict[str, Any] | None


@dataclass(frozen=True)
class Sheet:
    """One lemma whole: statement, construction, statuses, rows, the claims that rest on it, its mutants and their outcomes."""

    statement: Statement
    construction: Construction | None
    own: Status
    full: Status
    rows: list[Row]
    texts: dict[str, str]
    claims: list[str]
    used_by: list[str]
    mutants: list[MutantRow]


def unrun(mutant: Mutant) -> str:
    """The status, in words, of a mutant that was not run."""
    return "not run" if mutant.applies else "does not apply"


def sheet(name: str, ledger: Ledger, texts: dict[str, str], mutants: Sequence[Mutant], outcomes: Sequence[MatrixRow]) -> Sheet:
    """The sheet of a lemma. ``outcomes``: rows of the kill matrix, of a run that had mutants."""
    ended = {row["mutant"]: row for row in outcomes}
    listed: list[MutantRow] = []
    for mutant in mutants:
        if name in mutant.lemmas:
            outcome = ended.get(mutant.id)
            listed.append(
                {
                    "mutant": mutant.id,
                    "module": mutant.module,
                    "old": mutant.old,
                    "new": mutant.new,
                    "status": unrun(mutant) if outcome is None else outcome["status"],
                    "by": [by for by in ([] if outcome is None else outcome["by"]) if by.startswith(f"{name}[")],
                    "detail": "" if outcome is None else outcome["detail"],
                    "countermodel": None if outcome is None else outcome["countermodel"],
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


def sheet_of(name: str, found: Report) -> Sheet:
    """The sheet of a lemma, of a run that discharged it and its dependencies."""
    ledger = Ledger(found.rows)
    texts = {row["hash"]: found.text(row["hash"]) or "" for row in ledger.rows.get(name, [])}
    return sheet(name, ledger, texts, load(), found.mutants.get("matrix", []))


StatusData = TypedDict("StatusData", {"grade": str, "why": str, "weakest dependency": str})


def status_data(status: Status) -> StatusData:
    """A status as the report's JSON holds it."""
    return {"grade": status.grade, "why": status.why, "weakest dependency": status.dependency}


def sheet_data(found: Sheet) -> dict[str, Any]:
    """A sheet as the report's JSON holds it."""
    shown = found.construction
    statement = found.statement
    return {
        "lemma": statement.lemma,
        "states": statement.states,
        "notation": statement.notation,
        "claims": found.claims,
        "construction": None if shown is None else vars(shown),
        "terms": used(statement.states),
        "rests on": list(statement.rests),
        "used by": found.used_by,
        "own": status_data(found.own),
        "status": status_data(found.full),
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
    lines += [f"terms       {', '.join(used(statement.states)) or 'none'} (docs/glossary.md)"]
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
        if mutant["status"] == "killed":
            why = f" by {', '.join(mutant['by'])}" if mutant["by"] else ""
        else:
            why = f": {mutant['detail']}" if mutant["detail"] else ""
        lines += ["", f"* {mutant['mutant']} ({mutant['module']}): {mutant['status']}{why}"]
        lines += [f"  - {line}" for line in mutant["old"].splitlines()]
        lines += [f"  + {line}" for line in mutant["new"].splitlines()]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.rstrip().splitlines()]
