"""Operator-level mutants of the package's own sources: ``python -m benchmarks.mutation``.

Each is a slip in one module (two arguments exchanged, a number off by one, a clause left out, ...), half of them at work at
other widths than 5 only; each must be killed by the obligations of `efasp check --n-max 64`, or be listed as equivalent, with
the reason, in ``paper_artifacts/tables/equivalent.toml``. Outcomes are cached by sources and mutant: a run that was stopped
continues. Exit code 0 if all are killed or listed, 1 if one survived or is listed wrongly, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from efasp.checker.mutation.constructions import Budget
from efasp.checker.pool.pools import here
from efasp.checker.terminal import counting
from efasp.paper_artifacts.tables.mutation import (
    COLUMNS,
    COUNT,
    SEED,
    ListingError,
    equivalent,
    outcomes,
    sample,
    status,
    table,
    wrong,
)
from efasp.paper_artifacts.tables.records import Run
from efasp.proofs.mutation.alterations import MODULES, Alteration, drawn


def parser() -> argparse.ArgumentParser:
    """The options."""
    top = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description="Operator-level mutants of the sources.")
    top.add_argument("--count", type=int, default=COUNT, metavar="K", help=f"how many to draw (default {COUNT})")
    top.add_argument("--seed", type=int, default=SEED, metavar="S", help=f"seed of the draw (default {SEED})")
    top.add_argument(
        "--only", action="append", choices=list(MODULES), metavar="MODULE", help="draw from this module (again: and)"
    )
    top.add_argument("--guarded", action="store_true", help="of those drawn only those that are at work at some widths")
    top.add_argument("--sample", type=int, metavar="N", help="run N of those drawn; which ones depends on the sources")
    top.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="J", help="processes (default: one a core)"
    )
    top.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds of a solver an obligation (default 20)")
    top.add_argument("--json", type=Path, metavar="FILE", help="write every outcome")
    top.add_argument("--list", action="store_true", help="list those drawn, run none")
    return top


def main() -> int:
    """Draw, run, and print the survivors; the exit code."""
    options = parser().parse_args()
    if min(options.count, options.jobs, options.sample or 1) < 1:
        parser().error("--count, --jobs, --sample: expected a number of 1 or more")
    try:
        listed = equivalent()
    except ListingError as error:
        parser().error(str(error))
    every = [one for one in drawn(options.count, options.seed, options.only or ()) if one.guard or not options.guarded]
    some = every if options.sample is None else sample(every, options.sample)
    if options.list:
        for one in some:
            print(f"{one.id}  {one.path}:{one.line}  {one.what}")
        return 0
    with counting("mutants", len(some)) as tally:
        found = outcomes(some, Budget(here(options.jobs), ("z3",), options.timeout, 4096), tally)
    keys = ("status", "by", "detail", "acted", "seconds")
    runs: list[Run] = [{key: getattr(end, key) for key in keys} for end in found]
    if options.json:
        about = [{"id": one.id, "file": one.path, "line": one.line, "mutant": one.what} for one in some]
        text = json.dumps([a | b for a, b in zip(about, runs, strict=True)], indent=1)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    whole = (options.count, options.seed, options.only, options.guarded, options.sample) == (COUNT, SEED, None, False, None)
    bad = wrong(some, [end.status for end in found], listed, whole)
    left = show(some, runs, listed)
    for line in bad:
        print(line, file=sys.stderr)
    return int(bool(bad) or left > 0)


def show(some: list[Alteration], runs: list[Run], listed: dict[str, str]) -> int:
    """The table, then every survivor; how many there are."""
    print(f"{'module':24}{'':9}{'drawn':>7}{''.join(f'{name:>12}' for name in COLUMNS)}{'seconds':>9}")
    for row in table(some, runs, listed):
        numbers = "".join(f"{row[name]:>12}" for name in COLUMNS)
        print(f"{row['module']:24}{row['mutants']:9}{row['drawn']:>7}{numbers}{row['seconds']:>9.1f}")
    left = [(one, run) for one, run in zip(some, runs, strict=True) if status(one, run["status"], listed) == "survived"]
    for one, run in left:
        print(f"survived{'' if run['acted'] else ' (never run)'}: {one.id}  {one.path}:{one.line}  {one.what}")
    return len(left)


if __name__ == "__main__":
    sys.exit(main())
