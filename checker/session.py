"""A run of the checker: settle every obligation, report, and give the exit code (shared contract, section 5)."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from checker.commands import UsageError
from proofs.obligation import STATUSES, Obligation, Regime, Verdict
from proofs.register import obligations


def check(options: argparse.Namespace) -> int:
    """Settle the chosen obligations. 0 all proved or measured, 1 some refuted or vacuous, 3 not all settled."""
    chosen = list(obligations(Regime(options.n_max), options.lemma))
    if not chosen:
        raise UsageError(f"--lemma: expected a lemma's name or glob, found {' '.join(options.lemma)}, which none matches")
    if options.list:
        for obligation in chosen:
            print(f"{obligation.id}  {obligation.scope}  n = {obligation.n[0]}..{obligation.n[1]}  {obligation.hash}")
        return 0
    rows = [_row(obligation) for obligation in chosen]
    report = {
        "n_max": options.n_max,
        "summary": summary(rows),
        "obligations": rows,
        "mutants": {"killed": 0, "survived": 0},
        "environment": environment(),
    }
    if options.json == "-":
        print(json.dumps(report))
    else:
        if options.json:
            _write(options.json, report)
        _print(rows, report)
    return exit_code(rows)


def _row(obligation: Obligation) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        assert obligation.settle is not None
        verdict = obligation.settle()
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        verdict = Verdict("error", f"{type(error).__name__}: {error}")
    return {
        "id": obligation.id,
        "lemma": obligation.lemma,
        "params": obligation.params,
        "scope": obligation.scope,
        "n": list(obligation.n),
        "status": verdict.status,
        "method": verdict.method,
        "seconds": round(time.perf_counter() - start, 3),
        "hash": obligation.hash,
        "countermodel": verdict.countermodel,
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many obligations ended in each status."""
    counts = Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES}


def exit_code(rows: list[dict[str, Any]]) -> int:
    """The contract's exit code for these verdicts."""
    statuses = {row["status"] for row in rows}
    if statuses & {"refuted", "vacuous"}:
        return 1
    return 0 if statuses <= {"proved", "measured"} else 3


def environment() -> dict[str, str]:
    """Versions of what the verdicts rest on."""
    packages = {name: version(name) for name in ("efasp", "numpy")}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}


def _write(path: str, report: dict[str, Any]) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    except OSError as error:
        raise UsageError(f"--json: {path}: {error.strerror}") from None


def _print(rows: list[dict[str, Any]], report: dict[str, Any]) -> None:
    table = Table(title=f"obligations for n = 1..{report['n_max']}", title_justify="left")
    for name in ("lemma", "scope", *STATUSES, "seconds"):
        table.add_column(name, justify="left" if name in ("lemma", "scope") else "right")
    lemmas: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        lemmas.setdefault((row["lemma"], row["scope"]), []).append(row)
    for (name, scope), members in lemmas.items():
        counts = summary(members)
        seconds = sum(row["seconds"] for row in members)
        table.add_row(name, scope, *(str(counts[s] or "") for s in STATUSES), f"{seconds:.2f}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    for row in rows:
        if row["status"] not in ("proved", "measured"):
            print(f"{row['status']}: {row['id']}: {row['method']}; {json.dumps(row['countermodel'])}")
    totals = ", ".join(f"{count} {status}" for status, count in report["summary"].items() if count)
    print(f"{totals}; n = 1..{report['n_max']}")
