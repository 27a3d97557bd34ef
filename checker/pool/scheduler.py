"""Gives batches to workers, ends those that run away, and puts the rows in the order of the batches.

What there is to do, and in which order, is decided before (``checker.pool.plan``): batches about one machine go to one worker,
which compiles its transformer once. A worker that dies costs the obligation that it was at (``checker.pool.recovery``); the
batch goes on after it in another worker. A worker that is ready again, in another process after the machine of its first was
lost, goes on with that obligation. Where the workers are is the business of the pool (``checker.pool.pools``).
"""

from __future__ import annotations

import contextlib
import math
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from time import monotonic
from typing import Any, cast

from efasp.checker.pool import recovery
from efasp.checker.pool.plan import Plan
from efasp.checker.pool.pools import Channel, Pool, Process
from efasp.checker.pool.worker import Work
from efasp.checker.results import DECIDED, Head, Row, failed, is_verdict, row
from efasp.checker.store import Store, digest
from efasp.proofs.obligation import Status, Verdict
from efasp.proofs.registry import matches

RECYCLE = 4  # a worker that holds more than this part of its memory limit after a batch is replaced
TICK = 0.1  # seconds between two calls of ``progress``


@dataclass
class Worker:
    """A worker, and where it is: its batches to come, the batch and the obligation in hand."""

    process: Process
    connection: Channel
    todo: deque[int]
    batch: int = -1
    at: int = 0
    known: Head | None = None  # the obligation that it discharges; None while it builds
    so_far: Verdict | None = None  # of that obligation, where a search for a countermodel is all that is left
    keys: tuple[str, str] = ("", "")
    waiting: bool = False  # for another worker, which discharges the same text
    deadline: float = 0.0


@dataclass
class Scheduler:
    """One run. ``progress`` is given the rows so far and the number of finished batches, now and then."""

    work: Work
    n_max: int
    pool: Pool
    store: Store
    progress: Callable[[list[Row], int], None] = lambda rows, done: None
    rows: list[dict[int, Row]] = field(init=False)
    finished: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.rows = [{} for _ in self.work.batches]
        self.plan = Plan(self.work, self.n_max)
        self._workers: list[Worker] = []
        self._groups: deque[deque[int]] = deque()
        self._run_id = digest(os.getpid(), monotonic(), os.urandom(8).hex())[:16]
        self._solving: set[str] = set()  # keys of the obligations that are being discharged
        self._flat: list[Row] = []
        self._shown = 0.0

    def run(self) -> list[Row]:
        """Discharge everything; the rows in the order of the batches. On an exception (Ctrl-C) no worker is left."""
        listed = self.plan.listed(self.store)
        for index, rows in listed.items():
            self.rows[index] = dict(enumerate(rows))
            self._flat += rows
        self.finished = len(listed)
        self._groups = self.plan.groups(index for index in range(len(self.work.batches)) if index not in listed)
        if not (listed or self.work.patterns):
            self.pool.prepare()
        try:
            while self._groups or self._workers:
                while self._groups and len(self._workers) < self.pool.jobs:
                    self._start(self._groups.popleft())
                self._listen()
                if monotonic() - self._shown >= TICK:
                    self._shown = monotonic()
                    self.progress(self._flat, self.finished)
        finally:
            for worker in self._workers:
                self._end(worker)
        return self.ordered()

    def ordered(self) -> list[Row]:
        """The rows so far, in the order of the batches."""
        return [rows[index] for rows in self.rows for index in sorted(rows)]

    # Workers.

    def _start(self, todo: deque[int], first: int = 0) -> None:
        process, connection = self.pool.worker(self.work)
        self._workers.append(Worker(process, connection, todo, todo.popleft(), first, deadline=math.inf))

    def _give(self, worker: Worker, batch: int, first: int) -> None:
        worker.batch, worker.at, worker.known = batch, first, None
        worker.deadline = monotonic() + self.work.build_limit
        try:
            worker.connection.send(("batch", batch, first))
        except OSError:
            self._died(worker)

    def _end(self, worker: Worker) -> None:
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()
        worker.connection.close()

    def _listen(self) -> None:
        """One round: the messages of workers, those that died, those whose time is up."""
        soonest = min((w.deadline for w in self._workers if not w.waiting), default=monotonic() + TICK)
        ready = wait(cast(Any, [w.connection for w in self._workers]), max(0.0, min(TICK, soonest - monotonic())))
        for worker in [w for w in self._workers if w.connection in ready]:
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                self._died(worker)
                continue
            self._take(worker, *message)
        for worker in [w for w in self._workers if not w.waiting and monotonic() > w.deadline]:
            if not worker.connection.poll():
                self._died(worker, late=True)

    def _died(self, worker: Worker, late: bool = False) -> None:
        """A worker has ended, or is ended for its time: one obligation pays, or the batch if it was being built."""
        if late:
            worker.process.kill()
        worker.process.join(5)
        self._end(worker)
        self._workers.remove(worker)
        first, exitcode = 0, worker.process.exitcode
        if worker.known is not None:
            verdict = recovery.interrupted(self.work, worker.so_far, exitcode, late)
            self._discharged(worker, verdict, self.work.limit if late else 0.0)
            worker.todo.appendleft(worker.batch)
            first = worker.at
        else:
            self._unbuilt(worker, recovery.unbuilt(self.work, exitcode, late), "timeout" if late else "error")
        if worker.todo:
            self._start(worker.todo, first)

    # The messages of workers.

    def _take(self, worker: Worker, what: str, *said: Any) -> None:
        if what == "ready":
            self._ready(worker)
        elif what == "build":
            worker.at, worker.known = said[0], None
            worker.deadline = monotonic() + self.work.build_limit
        elif what == "start":
            worker.at, worker.known, worker.keys = said
            worker.so_far = None
            self._answer(worker)
        elif what == "so far":
            (worker.so_far,) = said
        elif what == "row":
            _, verdict, seconds, key, text = said
            self._discharged(worker, verdict, seconds, key, text)
        elif what == "failed":
            self._unbuilt(worker, said[0], "error")
            self._next(worker, False)
        else:
            built, resident, lacking = said
            self._built(worker.batch, built, lacking)
            self._next(worker, resident > (self.work.memory << 20) // RECYCLE)

    def _ready(self, worker: Worker) -> None:
        """A worker waits for its batch. One that was at an obligation has lost it, and is given it again."""
        if worker.known is not None and not worker.waiting:
            self._solving.discard(worker.keys[0] or worker.keys[1])
        worker.waiting = False
        self._give(worker, worker.batch, worker.at)
        for other in [w for w in self._workers if w.waiting]:
            self._answer(other)

    def _answer(self, worker: Worker) -> None:
        """Tell a worker whether its obligation's verdict is known; if another worker discharges that text, later."""
        assert worker.known is not None
        for key in filter(None, worker.keys):
            if (cached := self.store.get(key, is_verdict)) is not None:
                verdict = Verdict(cached["status"], cached["method"], cached["countermodel"])
                known = row(worker.known, verdict, cached["seconds"], cached=cached["run"] != self._run_id)
                self._row(worker.batch, worker.at, known)
                worker.at, worker.known = worker.at + 1, None
                self._tell(worker, True)
                return
        key = worker.keys[0] or worker.keys[1]
        worker.waiting = key in self._solving
        if not worker.waiting:
            self._solving.add(key)
            self._tell(worker, False)

    def _tell(self, worker: Worker, known: bool) -> None:
        worker.waiting = False
        worker.deadline = monotonic() + (self.work.build_limit if known else self.work.limit)
        with contextlib.suppress(OSError):  # it has died, which the next round finds
            worker.connection.send(known)

    def _discharged(self, worker: Worker, verdict: Verdict, seconds: float, key: str = "", text: bytes = b"") -> None:
        assert worker.known is not None
        finished = row(worker.known, verdict, seconds)
        if key and verdict.status in DECIDED:
            value = {"status": finished["status"], "method": finished["method"], "countermodel": finished["countermodel"]}
            self.store.put(key, {**value, "seconds": finished["seconds"], "run": self._run_id}, (finished["hash"], text))
        self._row(worker.batch, worker.at, finished)
        worker.at, worker.known = worker.at + 1, None
        worker.deadline = monotonic() + self.work.build_limit
        if not worker.waiting:
            self._solving.discard(worker.keys[0] or worker.keys[1])
        for other in [w for w in self._workers if w.waiting and w is not worker]:
            self._answer(other)

    def _next(self, worker: Worker, replace: bool) -> None:
        """The worker's next batch; a worker that has none, or that holds much memory, ends."""
        if worker.todo and not replace:
            self._give(worker, worker.todo.popleft(), 0)
        elif self._groups and not replace:
            worker.todo = self._groups.popleft()
            self._give(worker, worker.todo.popleft(), 0)
        else:
            self._end(worker)
            self._workers.remove(worker)
            if worker.todo:
                self._start(worker.todo, 0)

    def _row(self, batch: int, index: int, row: Row) -> None:
        self.rows[batch][index] = row
        self._flat.append(row)

    def _built(self, index: int, built: int, lacking: dict[str, str]) -> None:
        """A batch is finished; a lemma that it promises without giving all its obligations would pass unseen."""
        lacks = self._failed(index, built, lacking)
        if built and not lacks and self.plan.all_lemmas_selected(index):
            self.store.put_batch((self.rows[index][i] for i in sorted(self.rows[index])), self.plan.listing(index))
        self._complete(index)

    def _unbuilt(self, worker: Worker, reason: str, status: Status) -> None:
        """A batch could not be built, or no further: each of its lemmas has a row that says why."""
        self._failed(worker.batch, worker.at, dict.fromkeys(self.work.batches[worker.batch].lemmas, reason), status)
        self._complete(worker.batch)

    def _failed(self, index: int, first: int, reasons: Mapping[str, str], status: Status = "error") -> bool:
        """Give each lemma of a batch that is asked for and has a reason a row, from number ``first`` on; whether any has."""
        batch = self.work.batches[index]
        due = [(name, why) for name, why in reasons.items() if matches(name, self.work.patterns)]
        for number, (name, why) in enumerate(due, first):
            self._row(index, number, failed(batch, name, self.n_max, why, status))
        return bool(due)

    def _complete(self, batch: int) -> None:
        self.finished += 1
