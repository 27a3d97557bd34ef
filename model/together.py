"""Several runs in one transformer, decoded as batches: in each round those whose passes have the same shape share one pass.

Each run decodes as it would by itself (``model.decode.run``), in a thread of its own, which waits where its pass is due until
every other run waits too or has ended. Sequences of one length behind caches of one length are one batch, which gives each the
numbers that it gets by itself: none is rounded (``model.ranges``), so that the order of additions does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition, Thread
from typing import Any

import numpy as np

from efasp.model import decode
from efasp.model.transformer import Cache, Caches, Transformer
from efasp.pram.machine import Program, Run


class Stopped(BaseException):
    """Raised in the run of a thread that is to end, as the thread that waits for it does."""


class Pass:
    """A pass that a run waits for, (positions,) tokens and (positions, 1 + payloads) places; and its outputs, or its error."""

    def __init__(self, tokens: np.ndarray, places: np.ndarray, cache: Cache | None) -> None:
        self.tokens, self.places, self.cache = tokens, places, cache
        self.outputs: np.ndarray | None = None
        self.error: BaseException | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """What passes of one batch have in common: how many positions are given, and how many are cached (-1: no cache)."""
        return len(self.tokens), -1 if self.cache is None else self.cache.length


class Rounds:
    """A transformer for some runs in threads, as each of them sees it: a pass is made once every run waits for one.

    ``batches``: how many sequences each pass so far had.
    """

    def __init__(self, transformer: Transformer, runs: int) -> None:
        self._transformer, self._runs = transformer, runs
        self._turn = Condition()
        self._due: list[Pass] = []
        self._stopped = False
        self.batches: list[int] = []

    def outputs(self, tokens: np.ndarray, places: np.ndarray, cache: Cache | None = None) -> np.ndarray:
        """``Transformer.outputs``, with other runs' sequences. Raises what the pass raises."""
        mine = Pass(tokens, places, cache)
        with self._turn:
            self._due.append(mine)
            self._round()
            self._turn.wait_for(lambda: self._stopped or mine.outputs is not None or mine.error is not None)
        if mine.error is not None:
            raise mine.error
        if mine.outputs is None:
            raise Stopped
        return mine.outputs

    def leave(self) -> None:
        """A run has ended."""
        with self._turn:
            self._runs -= 1
            self._round()

    def stop(self) -> None:
        """End the runs at their next passes."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def summary(self) -> dict[str, Any]:
        """``Transformer.summary``."""
        return self._transformer.summary()

    def _round(self) -> None:
        """Make the passes that are due, if every run waits for one."""
        if not self._due or len(self._due) < self._runs:
            return
        groups: dict[tuple[int, int], list[Pass]] = {}
        for one in self._due:
            groups.setdefault(one.shape, []).append(one)
        for group in groups.values():
            try:
                outputs = self._pass(group)
            except Exception as error:
                for one in group:
                    one.error = error
                continue
            for one, found in zip(group, outputs, strict=True):
                one.outputs = found
        self._due = []
        self._turn.notify_all()

    def _pass(self, group: Sequence[Pass]) -> np.ndarray:
        self.batches.append(len(group))
        caches = [one.cache for one in group if one.cache is not None]
        tokens, places = np.stack([one.tokens for one in group]), np.stack([one.places for one in group])
        return self._transformer.outputs(tokens, places, Caches(caches) if caches else None)


def run(programs: Sequence[Program], engine: str, transformer: Transformer, extension: str = "",
        max_steps: int = 10_000) -> list[Run | Exception]:  # fmt: skip
    """The runs of some programs by dense passes, or what each raises: as ``model.decode.run`` of each by itself."""
    rounds, results = Rounds(transformer, len(programs)), dict[int, Run | Exception]()

    def one(index: int) -> None:
        try:
            seen: Any = rounds
            results[index] = decode.run(programs[index], engine, seen, extension, max_steps, attention="dense")
        except Exception as error:  # the others go on
            results[index] = error
        except Stopped:
            return
        finally:
            rounds.leave()

    threads = [Thread(target=one, args=(index,), daemon=True) for index in range(len(programs))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        rounds.stop()
    return [results[index] for index in range(len(programs))]
