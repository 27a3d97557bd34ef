"""kill -9 at random moments of `efasp check` with a store, and a resume: ``python -m benchmarks.kills [COUNT [SEED]]``.

Every killed run resumes the store that the one before left; when a run reaches its end, the next begins with an empty store.
After each kill the store must be whole, with no fewer entries than before, each of them one that an undisturbed run has;
the run to the end that follows must give an undisturbed run's verdicts. Exit code 1 where it does not. The sources must
stay as they are meanwhile: entries rest on them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from efasp.checker.store import sources

COMMAND = [sys.executable, "-m", "efasp.checker.cli", "check", "--n-max", "4096", "--lemma", "gates.*", "--jobs", "1"]


def started(store: Path, report: Path) -> subprocess.Popen[bytes]:
    """A run with a store, in a group of its own."""
    environment = {**os.environ, "EFASP_STORE": str(store)}
    nothing = subprocess.DEVNULL
    command = [*COMMAND, "--json", str(report)]
    return subprocess.Popen(command, env=environment, start_new_session=True, stdout=nothing, stderr=nothing)


def verdicts(report: Path) -> list[dict[str, Any]]:
    """The rows of a report, but for times."""
    rows = json.loads(report.read_text(encoding="utf-8"))["obligations"]
    return [{key: value for key, value in row.items() if key not in ("seconds", "cached")} for row in rows]


def entries(store: Path) -> dict[str, Any]:
    """The entries of a store, but for times and the run. Raises sqlite3.Error for one that is broken."""
    if not store.exists() or not store.stat().st_size:
        return {}
    db = sqlite3.connect(store)
    try:
        if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the store is broken")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            return {}
        return {key: stripped(json.loads(value)) for key, value in db.execute("SELECT key, value FROM entries")}
    finally:
        db.close()


def stripped(value: Any) -> Any:
    """An entry without the parts that differ from run to run."""
    if isinstance(value, list):
        return [stripped(item) for item in value]
    return {key: item for key, item in value.items() if key not in ("seconds", "run", "cached")}


def main(moments: int = 50, seed: int = 0) -> int:
    """Kill and resume; the exit code."""
    rng = random.Random(seed)
    sources()  # as they are now
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        if started(folder / "whole.sqlite", folder / "whole.json").wait():
            raise RuntimeError("the undisturbed run failed")
        length = time.perf_counter() - begin
        wanted, known = verdicts(folder / "whole.json"), entries(folder / "whole.sqlite")
        store, killed, ended, partial, number = folder / "0.sqlite", 0, 0, 0, 0
        while killed < moments:
            before = entries(store)
            process = started(store, folder / "report.json")
            try:
                process.wait(rng.uniform(0, 1.1 * length))
            except subprocess.TimeoutExpired:
                process.kill()
                if process.wait() == -signal.SIGKILL:
                    killed += 1
            else:
                ended += 1
            now = entries(store)
            partial += len(before) < len(now) < len(known)
            if not (all(now.get(key) == value for key, value in before.items())):
                return wrong(f"after kill {killed} an entry is lost or changed")
            if any(key not in known or known[key] != value for key, value in now.items()):
                return wrong(f"after kill {killed} an entry is invented")
            if process.returncode == 0 or len(now) == len(known):
                if started(store, folder / "report.json").wait() or verdicts(folder / "report.json") != wanted:
                    return wrong(f"after kill {killed} the resumed run gives other verdicts")
                number += 1
                store = folder / f"{number}.sqlite"
        if started(store, folder / "report.json").wait() or verdicts(folder / "report.json") != wanted:
            return wrong("the last resumed run gives other verdicts")
        print(
            f"{killed} kills (seed {seed}), {partial} of them with new entries and not yet all; {number + 1} stores, "
            f"{len(known)} entries and {len(wanted)} verdicts each: all as undisturbed ({length:.1f} s a run)"
        )
    return 0


def wrong(what: str) -> int:
    """Print the errors; the exit code."""
    changed = sources() != sources.__wrapped__()
    print(f"{what}{'; the sources were changed meanwhile: nothing is shown' if changed else ''}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
