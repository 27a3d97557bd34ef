"""A worker of the scheduler that is a task of a Dask cluster: its process and the channel to it, as the scheduler sees them."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing import Pipe
from threading import Lock
from typing import Any, Protocol
from uuid import uuid4

from efasp.checker.errors import UsageError
from efasp.checker.pool import remote
from efasp.checker.pool.worker import Work
from efasp.checker.store import digest


class ClusterError(UsageError):
    """A cluster that cannot be used, or not any more."""


class Link(Protocol):
    """What a session asks of its cluster. ``address``: as the user named it; ``up``: the queue of messages."""

    address: str
    up: str
    client: Any

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function as a task of the cluster, and give its future. Raises ClusterError."""

    def forget(self, session: Session) -> None:
        """Drop a session, from which no more messages are wanted."""

    def speaking(self) -> AbstractContextManager[None]:
        """Raises ClusterError where the cluster cannot be spoken to, or not any more."""


def lost_worker_message(error: BaseException | None) -> str:
    """What an error says, if it is that of a task at which the cluster lost one worker after the other; else ""."""
    from distributed.scheduler import KilledWorker

    return f"the cluster lost {error.allowed_failures + 1} workers at this" if isinstance(error, KilledWorker) else ""


class Session:
    """A worker of the scheduler that is a task of the cluster: its process, and the channel to it."""

    def __init__(self, cluster: Link, work: Work) -> None:
        if work.recipe is None:
            raise TypeError("expected batches with a recipe, as they go to another machine")
        settings = (work.patterns, work.solvers, work.seconds, work.memory, work.basis)
        spec = pickle.dumps((work.recipe, digest(*(batch.id for batch in work.batches)), settings))
        self.name = uuid4().hex
        self.exitcode: int | str | None = None
        self._cluster, self._error = cluster, ClusterError("")
        self._reader, self._writer = Pipe(duplex=False)
        self._lock = Lock()
        self._attempts: list[str] = []  # the last one is that of which messages are taken
        self._orders: tuple[str, Any] = ("", None)  # the attempt that the last message was of, and its queue
        self._spec, self._discharged, self._before = spec, 0, 0  # obligations, now and when the task began
        self.future: Any = None

    def begin(self) -> None:
        """Give the task to the cluster. Raises ClusterError."""
        self._before = self._discharged
        self.future = self._cluster.submit(remote.session, self._spec, self._cluster.up, self.name)
        self.future.add_done_callback(self._ended)

    # The messages, as they come: in threads of the client.

    def take(self, attempt: str, message: bytes) -> None:
        """A message of the session; those of an attempt that another one has followed are dropped."""
        if attempt not in self._attempts:
            self._attempts.append(attempt)
        if attempt == self._attempts[-1]:
            with self._lock, contextlib.suppress(OSError):  # the other end is closed
                self._writer.send((attempt, message))

    def fail(self, error: ClusterError) -> None:
        """End the session: no message will come, for this error."""
        self._error = error
        self._end()

    def _ended(self, future: Any) -> None:
        if future.status != "error":  # its last message says how it ended
            return
        error = future.exception()
        said = lost_worker_message(error)
        if said and self._discharged > self._before:  # they were lost one after the other at different obligations
            try:
                self.begin()
            except ClusterError as lost:
                self.fail(lost)
        elif said:
            self.exitcode = said
            self._end()
        else:
            self.fail(ClusterError(f"--cluster {self._cluster.address}: {error}"))

    def _end(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._writer.close()

    # The channel.

    def send(self, obj: Any, /) -> None:
        """Send an order to the attempt of which the last message was. Raises ClusterError."""
        self._orders[1].put(pickle.dumps(obj))

    def recv(self) -> Any:
        """The next message. Raises EOFError at the end, ClusterError where the cluster is lost."""
        try:
            attempt, message = self._reader.recv()
        except EOFError:
            if str(self._error):
                raise self._error from None
            raise
        if attempt != self._orders[0]:
            self._orders = attempt, Orders(self._cluster, attempt)
        what, *said = pickle.loads(message)
        self._discharged += what == "row"
        if what == "ended":
            self.exitcode = said[0]
            raise EOFError
        if what == "refused":
            raise ClusterError(f"--cluster {self._cluster.address}: {said[0]}")
        return what, *said

    def poll(self) -> bool:
        """Whether a message has arrived that was not received."""
        return self._reader.poll()

    def fileno(self) -> int:
        """Readable when there is a message, or none will come."""
        return self._reader.fileno()

    def close(self) -> None:
        """Close the session: no more messages are wanted."""
        self._cluster.forget(self)
        self._end()
        self._reader.close()
        if self._orders[1] is not None:
            self._orders[1].close()

    # The process.

    def is_alive(self) -> bool:
        """Whether the session goes on: no message has said that it has ended."""
        return self.exitcode is None

    def kill(self) -> None:
        """Give the task up, with which its process ends."""
        with contextlib.suppress(Exception):  # a cluster that is lost has no tasks
            self.future.cancel()

    def join(self, timeout: float | None = None) -> None:
        """Nothing to wait for: how it ended was said, or is of no interest."""


class Orders:
    """A queue of the cluster for orders. Raises ClusterError where the cluster is lost."""

    def __init__(self, cluster: Link, name: str) -> None:
        from distributed import Queue

        self._cluster = cluster
        with cluster.speaking():
            self._queue = Queue(name, client=cluster.client)

    def put(self, order: bytes) -> None:
        """Send an order (bytes) to the worker."""
        with self._cluster.speaking():
            self._queue.put(order)

    def close(self) -> None:
        """Close the queue of orders; errors are ignored."""
        with contextlib.suppress(Exception):
            self._queue.close()
