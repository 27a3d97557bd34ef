"""`efasp tables`: every table and figure of ``paper_artifacts/generated``, made anew (docs/commands.md, "efasp tables")."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from efasp.checker.errors import UsageError
from efasp.checker.files import write
from efasp.paper_artifacts.claims.status import GENERATED
from efasp.paper_artifacts.tables.model import EDIT, Artifact, files
from efasp.paper_artifacts.tables.records import CURRENT, Notes, read
from efasp.paper_artifacts.tables.registry import ARTIFACTS

# Minutes of one core, about, where no run is cached.
SLOW = {
    "resources": 1,
    "lemmas": 10,
    "times": 10,
    "growth": 3,
    "parity": 1,
    "graph": 32,
    "sudoku": 12,
    "kills": 30,
    "mutants": 10,
    "mutation": 60,
}
UNCOMPARED = ("times",)  # all of it are times


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


def tables(options: argparse.Namespace) -> int:
    """`efasp tables`: 0; with --check 1 on a difference; 1 too where a check of an artifact fails."""
    for name in options.only or []:
        if name not in ARTIFACTS:
            raise UsageError(f"--only: expected one of {', '.join(ARTIFACTS)}, found {name}")
    if options.all and not options.check:
        raise UsageError("--all: expected with --check, and only there: without it every run is made")
    folder: Path = options.out or GENERATED
    wrong: list[str] = []
    chosen = {name: make for name, make in ARTIFACTS.items() if not options.only or name in options.only}
    sampled = options.check and not options.all
    if sampled and not options.only:
        chosen = {name: make for name, make in chosen.items() if name not in UNCOMPARED}
    if not sampled and (
        long := [f"{name} ({minutes} minutes of one core)" for name, minutes in SLOW.items() if name in chosen]
    ):
        print(f"about, where no run is cached: {', '.join(long)}", file=sys.stderr, flush=True)
    for name, make in chosen.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        noted = folder / "runs" / f"{name}.json"
        notes = Notes(read(noted) if options.check else None, not sampled)
        token = CURRENT.set(notes)
        artifact = make()
        CURRENT.reset(token)
        failed = [f"{name}: does not hold: {check.what}" for check in artifact.checks if not check.holds]
        found = [f"{noted}: {line}" for line in (*notes.wrong, *notes.stale())]
        found += list(differing(artifact, folder)) if options.check else []
        if not options.check:
            for file, text in files(artifact).items():
                write(folder / file, text, "--out")
            if notes.runs:
                write(noted, notes.text(EDIT.format(artifact.command)), "--out")
        runs = f", {len(notes.again)} of {len(notes.runs)} runs made now" if notes.runs else ""
        compared = f", {len(found)} differences" if options.check else ""
        held = f"{len(artifact.checks) - len(failed)} of {len(artifact.checks)} checks hold"
        print(f"{name}: {len(artifact.rows)} rows{runs}, {held}{compared}", flush=True)
        wrong += failed + found
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))
