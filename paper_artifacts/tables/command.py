"""`efasp tables`: regenerates every table and figure of ``paper_artifacts/generated`` (docs/commands.md, "efasp tables")."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from efasp.checker.errors import UsageError
from efasp.checker.files import temporary_folder, writable, write, wrote
from efasp.checker.pool.cluster import opened
from efasp.files import checkout
from efasp.paper_artifacts.claims.status import GENERATED
from efasp.paper_artifacts.tables.model import EDIT, Artifact, files
from efasp.paper_artifacts.tables.records import Notes, read
from efasp.paper_artifacts.tables.registry import ARTIFACTS
from efasp.pram.assembler.source import nearest

# Minutes of one core, about, where no run is cached.
SLOW = {
    "resources": 1,
    "lemmas": 10,
    "times": 10,
    "growth": 3,
    "grammars": 2,
    "parity": 1,
    "graph": 9,  # with numba
    "sudoku": 27,  # with numba; 140 without
    "any-order": 1,
    "dyck": 1,
    "serial": 1,
    "specialised": 1,
    "qbf": 5,
    "edits": 1,
    "kills": 30,
    "mutants": 10,
    "mutation": 60,
}
UNCOMPARED = ("times",)  # all of it are times
INSTALLED = Path("efasp-tables")  # where an installed package writes, whose own files are not the user's


def differing(artifact: Artifact, folder: Path) -> Iterator[str]:
    """The files of an artifact that are not those in a folder, times apart."""
    committed = folder / f"{artifact.name}.csv"
    times = list(csv.DictReader(io.StringIO(committed.read_text(encoding="utf-8")))) if committed.exists() else []
    for name, text in files(artifact.with_times(times)).items():
        path = folder / name
        if not path.exists():
            yield f"{path}: not there"
        elif name in {f"{figure.name}.svg" for figure in artifact.figures if figure.timed}:
            continue
        elif (old := path.read_text(encoding="utf-8")) != text:
            pairs = zip(old.splitlines(), text.splitlines(), strict=False)
            where = next((i for i, (a, b) in enumerate(pairs, 1) if a != b), "its end")
            yield f"{path}:{where}: differs from what was made now"


Makers = dict[str, Callable[[Notes], Artifact]]


def tables(options: argparse.Namespace) -> int:
    """`efasp tables`: 0; with --check 1 on a difference; 1 too where a check of an artifact fails. Raises UsageError."""
    chosen = selected(options)
    folder: Path = options.out or (GENERATED if options.check or checkout() else INSTALLED)
    if not options.check:
        writable("--out", folder, folder=True)
    elif not folder.is_dir():
        raise UsageError(
            f"--out: {folder}: expected a folder with tables to compare, found {'a file' if folder.exists() else 'none'}"
        )
    sampled = options.check and not options.all
    if not sampled and (long := [f"{name} ({SLOW[name]} minutes of one core)" for name in SLOW if name in chosen]):
        print(f"about, where no run is cached: {', '.join(long)}", file=sys.stderr, flush=True)
    wrong: list[str] = []
    rows: list[dict[str, Any]] = []
    with temporary_folder(), opened(options.cluster, None) as pool:
        for name, make in chosen.items():
            print(f"{name} ...", file=sys.stderr, flush=True)
            notes = Notes(read(noted(folder, name)) if options.check else None, not sampled, pool)
            artifact = make(notes)
            failed = [f"{name}: does not hold: {check.what}" for check in artifact.checks if not check.holds]
            differences = compared(artifact, notes, folder) if options.check else []
            if not options.check:
                written(artifact, notes, folder)
            rows.append(data(artifact, notes, differences if options.check else None))
            if not options.json:
                print(summary(rows[-1]), flush=True)
            wrong += failed + differences
    if options.json:
        print(json.dumps({"folder": str(folder), "compared": options.check, "tables": rows}, ensure_ascii=False))
    for line in wrong:
        print(line, file=sys.stderr)
    if not options.check:
        wrote(folder)
    return int(bool(wrong))


def selected(options: argparse.Namespace) -> Makers:
    """The tables that are asked for, in the order of the registry. Raises UsageError."""
    for name in options.only or []:
        if name not in ARTIFACTS:
            found = f"{name or repr(name)}{nearest(name, ARTIFACTS)}"
            raise UsageError(f"--only: expected one of {', '.join(ARTIFACTS)}, found {found}")
    if options.all and not options.check:
        raise UsageError("--all: expected with --check, and only there: without it every run is made")
    if options.only:
        return {name: make for name, make in ARTIFACTS.items() if name in options.only}
    left_out = UNCOMPARED if options.check and not options.all else ()
    return {name: make for name, make in ARTIFACTS.items() if name not in left_out}


def noted(folder: Path, name: str) -> Path:
    """The file in which the runs of a table are written down."""
    return folder / "runs" / f"{name}.json"


def compared(artifact: Artifact, notes: Notes, folder: Path) -> list[str]:
    """What differs from the runs that were written down, and from the files in a folder."""
    path = noted(folder, artifact.name)
    return [f"{path}: {line}" for line in (*notes.wrong, *notes.stale())] + list(differing(artifact, folder))


def written(artifact: Artifact, notes: Notes, folder: Path) -> None:
    """The files of an artifact and its runs, into a folder."""
    for file, text in files(artifact).items():
        write(folder / file, text, "--out")
    if notes.runs:
        write(noted(folder, artifact.name), notes.text(EDIT.format(artifact.command)), "--out")


def data(artifact: Artifact, notes: Notes, differences: list[str] | None) -> dict[str, Any]:
    """What was made, as JSON holds it. ``differences``: None where nothing was compared."""
    runs = {"of": len(notes.runs), "made": len(notes.again)}
    failed = [check.what for check in artifact.checks if not check.holds]
    checks = {"of": len(artifact.checks), "failed": failed}
    return {"table": artifact.name, "rows": len(artifact.rows), "runs": runs, "checks": checks, "differences": differences}


def summary(made: Mapping[str, Any]) -> str:
    """What was made (``data``), one line."""
    runs = f", {made['runs']['made']} of {made['runs']['of']} runs made now" if made["runs"]["of"] else ""
    count = made["checks"]["of"]
    held = f"{count - len(made['checks']['failed'])} of {count} checks hold"
    apart = "" if made["differences"] is None else f", {len(made['differences'])} differences"
    return f"{made['table']}: {made['rows']} rows{runs}, {held}{apart}"
