"""What a run has to do, before any worker starts: the batches whose rows are listed already, and the order of the others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from efasp.checker.pool.worker import Work
from efasp.checker.results import Row, is_listing
from efasp.checker.store import Store, digest
from efasp.proofs.counts import Count
from efasp.proofs.registry import matches


class Plan:
    """The batches of a run. A batch has an index in ``work.batches``."""

    def __init__(self, work: Work, n_max: int) -> None:
        self.work, self.n_max = work, n_max
        seen: Counter[str] = Counter()
        self._ids: list[tuple[str, int]] = []  # of each batch its id, and how many before it have the same
        for batch in work.batches:
            self._ids.append((batch.id, seen[batch.id]))
            seen[batch.id] += 1

    def listing(self, index: int) -> str:
        """Where the finished rows of a batch are kept: its id, which of that id it is, and all that they rest on."""
        work = self.work
        return digest("listing", *self._ids[index], self.n_max, work.basis, list(work.solvers), work.seconds)

    def all_lemmas_selected(self, index: int) -> bool:
        """Whether the patterns of the run ask for every lemma of a batch, given by its index."""
        return all(matches(name, self.work.patterns) for name in self.work.batches[index].lemmas)

    def listed(self, store: Store) -> dict[int, list[Row]]:
        """The batches that were finished in an earlier run, with those of their rows that are asked for."""
        cached: dict[int, list[Row]] = {}
        for index, batch in enumerate(self.work.batches):
            rows: list[Row] | None = store.get(self.listing(index), is_listing)
            counts = Counter(row["lemma"] for row in rows or ())
            if rows is not None and not batch.lacking({name: Count(number, None) for name, number in counts.items()}):
                cached[index] = [{**r, "cached": True} for r in rows if matches(r["lemma"], self.work.patterns)]
        return cached

    def groups(self, left: Iterable[int]) -> deque[deque[int]]:
        """The batches ``left``, in groups about one machine, wide machines first."""
        groups: dict[Any, deque[int]] = {}
        for index in left:
            params = self.work.batches[index].params
            machine = tuple(params.get(name) for name in ("w", "engine", "ext"))
            groups.setdefault(machine if machine[1] is not None else index, deque()).append(index)
        return deque(sorted(groups.values(), key=self._width, reverse=True))

    def _width(self, group: deque[int]) -> int:
        width = self.work.batches[group[0]].params.get("w")
        return width if isinstance(width, int) else 1 << 16
