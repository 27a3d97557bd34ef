"""The runs behind a table, recorded next to it, so that a comparison repeats only a sample of them.

`efasp tables` makes every run and records its result; `efasp tables --check` takes that, makes about one run in ``PART``
again and compares; `--check --all` makes all of them again. Which ones depends on the sources: in time others come up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from efasp.checker.pool.pools import Pool, here
from efasp.checker.store import digest, sources

PART = 40
Run: TypeAlias = Mapping[str, object]  # the result of a run, as JSON holds it; its ``seconds`` are not compared
R = TypeVar("R", bound=Run)  # of one table's runs, with their fields


@dataclass
class Notes:
    """The runs of one table. ``known``: the recorded results, None where nothing is compared; ``every``: make each again;
    ``pool``: where they are made."""

    known: dict[str, Any] | None = None
    every: bool = True
    pool: Pool = field(default_factory=here)
    runs: dict[str, Run] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def through(self, keys: Sequence[str], make: Callable[[list[int]], list[R]], long: Sequence[bool] | None = None) -> list[R]:
        """The results of the runs with these names, in order. ``make`` makes those with the given numbers. ``long``: as of
        ``due``."""
        due = self.due(keys, long)
        results: dict[int, R] = dict(zip(due, json.loads(json.dumps(make(due))), strict=True)) if due else {}
        for i, value in results.items():
            self.note(keys[i], value)
        for i, key in enumerate(keys):
            if i not in results and self.known is not None:
                results[i] = self.known[key]
            self.runs[key] = results[i]
        return [results[i] for i in range(len(keys))]

    def due(self, keys: Sequence[str], long: Sequence[bool] | None = None) -> list[int]:
        """The numbers of the runs that are to be made now: one in ``PART``, but one at least, and those not written down.

        ``long``: for each run, whether it takes too long for a sample; such a one is made only where all are.
        """
        known = self.known
        if self.every or known is None:
            return list(range(len(keys)))
        drawn = {i: int(digest(sources(), key)[:8], 16) for i, key in enumerate(keys) if long is None or not long[i]}
        least = min(drawn.values(), default=0)
        sample = {i for i, number in drawn.items() if number % PART == 0 or number == least}
        return [i for i, key in enumerate(keys) if key not in known or i in sample]

    def note(self, key: str, value: Run) -> None:
        """Note the result of a run that was made now, under a key, and compare it with the result that is known."""
        self.again.add(key)
        if self.known is not None and _timeless(self.known.get(key)) != _timeless(value):
            self.wrong.append(f"{key}: made again, it gives {_timeless(value)}, not {_timeless(self.known.get(key))}")

    def stale(self) -> list[str]:
        """Runs that were written down and belong to no table any more."""
        return [f"{key}: written down, but no run of this table" for key in self.known or {} if key not in self.runs]

    def text(self, command: str) -> str:
        """The text of the records' file, one run a line; ``command``: the one that generates it."""
        lines = [f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in sorted(self.runs.items())]
        return f'{{"generated": {json.dumps(command)}, "runs": {{\n' + ",\n".join(lines) + "\n}}\n"


def _timeless(value: Run | None) -> Run | None:
    return None if value is None else {key: part for key, part in value.items() if key != "seconds"}


def read(path: Path) -> dict[str, Any]:
    """The recorded runs; none where the file is missing or malformed."""
    try:
        runs: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return runs
