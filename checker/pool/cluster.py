"""The pool of a Dask cluster: workers and calls are its tasks, and go on elsewhere when one of its workers is lost.

The batches of a run travel as a recipe (``checker.pool.worker.Recipe``), from which each worker builds them again. Messages go
through the cluster's scheduler; the store is written here alone.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any
from uuid import uuid4

from efasp.checker.pool import isolation, remote
from efasp.checker.pool.pools import Item, OnReply, OnWait, Pool, Result, here, idle, ignore_reply
from efasp.checker.pool.sessions import ClusterError, Session, lost_worker_message
from efasp.checker.pool.worker import Work

LOCAL = "local:"
MISSING = "expected the package distributed, which is not installed (pip install 'efasp[cluster]')"
CONNECT = 5.0  # seconds within which a scheduler answers
PERIOD = 5.0  # seconds between two counts of the cluster's threads
CHUNKS = 4  # of mapped items, for each process that works at once
WEEK, EVERYTHING = 7 * 86400.0, 1 << 20  # seconds and MiB of a chunk: no limits of ours
LIBRARIES = (*isolation.LIBRARIES, "torch", "safetensors")
QUIET = {"distributed": "critical", "distributed.worker": "critical", "distributed.nanny": "critical", "tornado": "critical"}


@contextlib.contextmanager
def opened(address: str | None, jobs: int | None, programs: Sequence[str] = ()) -> Iterator[Pool]:
    """The pool of an address, of ``local:N``, or (None) of this machine's processes. ``jobs``: at most so many at once;
    ``programs``: that are run, and must be on each machine of the cluster if they are here.

    Raises ClusterError.
    """
    if address is None:
        yield here(jobs)
        return
    with _quiet():
        try:
            import distributed
        except ModuleNotFoundError as error:
            more = f"; the module {error.name} is missing" if (error.name or "distributed") != "distributed" else ""
            raise ClusterError(f"--cluster: {MISSING}{more}") from None
        with contextlib.ExitStack() as stack:
            where: Any = address
            if address.startswith(LOCAL):
                where = stack.enter_context(_local(int(address.removeprefix(LOCAL))))
            try:
                _known(address)
                client = distributed.Client(where, timeout=CONNECT, set_as_default=False)
            except (OSError, ValueError) as error:
                said = f"expected the address of a Dask scheduler (HOST:PORT) or local:N, found {address}: {error}"
                raise ClusterError(f"--cluster: {said}") from None
            pool = Cluster(client, address, jobs, remote.identity(programs))
            stack.callback(pool.close)
            pool.greet()
            yield pool


def _known(address: str) -> None:
    """Raises ValueError for an address with which Dask would fail halfway: of a protocol that it lacks, or has no certificate
    for."""
    from distributed.comm.registry import get_backend
    from distributed.security import Security

    protocol, separated, _ = address.partition("://")
    if separated:
        get_backend(protocol)
        if protocol in ("tls", "wss") and Security().get_connection_args("client").get("ssl_context") is None:
            raise ValueError("expected the certificates of TLS in Dask's configuration (distributed.comm.tls), found none")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, Dask's messages do not reach the user: what goes wrong is said by this package."""
    with contextlib.suppress(ModuleNotFoundError):
        import dask

        environ = {f"DASK_LOGGING__{name.upper()}": level for name, level in QUIET.items() if "." not in name}
        dask.config.set({"logging": QUIET, "distributed.nanny.pre-spawn-environ": environ})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _local(count: int) -> Iterator[Any]:
    """A cluster of some worker processes on this machine, which ends with the run."""
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory(prefix="efasp-", ignore_cleanup_errors=True) as folder:
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            memory_limit=0,  # each process of ours has its own
            local_directory=folder,
            preload=["efasp.checker.pool.quiet"],
        )
        try:
            yield cluster
        finally:
            cluster.close()


class Cluster:
    """The pool. ``address``: as the user named it; ``most``: processes at once, at most;
    ``wanted``: what each of its machines must be like."""

    def __init__(self, client: Any, address: str, most: int | None, wanted: remote.Identity) -> None:
        from distributed import Queue

        self.client, self.address, self._most = client, address, most
        self.up = f"efasp-{uuid4().hex}"
        self._wanted = wanted
        self._sessions: dict[str, Session] = {}
        self._counted, self._threads = -PERIOD, 0
        self._lost = ""
        self._closing = False
        self._messages = Queue(self.up, client=client)
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def greet(self) -> None:
        """See that the workers there are now are as this machine. Raises ClusterError that names one that is not."""
        programs = [name.removeprefix(remote.PROGRAM) for name in self._wanted if name.startswith(remote.PROGRAM)]
        with self.speaking():
            identities = self.client.run(remote.identity, programs, on_error="return")
        for address, known in identities.items():
            said = f"{type(known).__name__}: {known}" if isinstance(known, Exception) else ""
            if said := said or remote.differences(known, self._wanted):
                raise ClusterError(f"--cluster {self.address}: the worker {address}: {said}")
        if not identities:
            print(f"efasp: --cluster {self.address}: no worker is there yet; waiting for one", file=sys.stderr, flush=True)

    @property
    def jobs(self) -> int:
        """The threads of the cluster's workers now, or at most as many as asked for; 1 at least."""
        if monotonic() - self._counted >= PERIOD:
            with self.speaking():
                self._threads = sum(self.client.nthreads().values())
            self._counted = monotonic()
        return max(1, min(self._threads, self._most or self._threads))

    def prepare(self) -> None:
        """Nothing: the cluster's processes are there, and import what they need."""

    def worker(self, work: Work) -> tuple[Session, Session]:
        """A session in the cluster."""
        session = Session(self, work)
        self._sessions[session.name] = session
        session.begin()
        if self._lost:
            session.fail(self._error())
        return session, session

    def calls(self, asked: Sequence[isolation.Job], on_result: OnReply = ignore_reply, on_wait: OnWait = idle,
              libraries: Sequence[str] = isolation.LIBRARIES) -> list[isolation.Reply]:  # fmt: skip
        """As tasks of the cluster; one at which several of its workers were lost has ended."""
        replies: dict[int, isolation.Reply] = {}
        for index, reply in self._replies(asked, libraries, on_wait):
            replies[index] = reply
            on_result(index, reply)
        return [replies[index] for index in range(len(asked))]

    def mapped(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """In chunks; the results as JSON holds them."""
        size = max(1, len(items) // (CHUNKS * self.jobs))
        chunks = [items[i : i + size] for i in range(0, len(items), size)]
        name = f"{function.__module__}:{function.__qualname__}"
        packed = [base64.b64encode(pickle.dumps(list(one))).decode() for one in chunks]
        call = "efasp.checker.pool.remote:chunk"
        asked = [isolation.job(call, {"function": name, "items": one}, WEEK, EVERYTHING) for one in packed]
        known: dict[int, list[Result]] = {}
        due = 0
        for index, reply in self._replies(asked, LIBRARIES, idle):
            if "value" not in reply:
                raise RuntimeError(f"{name}: {reply.get('ended') or reply['message']}")
            known[index] = reply["value"]
            while due in known:
                yield from known.pop(due)
                due += 1

    def _replies(self, asked: Sequence[isolation.Job], libraries: Sequence[str],
                 on_wait: OnWait) -> Iterator[tuple[int, isolation.Reply]]:  # fmt: skip
        """The replies as they come, each with its job's number; only some jobs are with the cluster at once."""
        left, running, done = iter(range(len(asked))), dict[Any, int](), SimpleQueue[Any]()
        try:
            while True:
                room = self.jobs * (1 if self._most else 2) - len(running)
                for index in islice(left, max(0, room)):
                    future = self.submit(remote.call, asked[index], tuple(libraries))
                    running[future] = index
                    future.add_done_callback(done.put)
                if not running:
                    return
                try:
                    future = done.get(timeout=isolation.TICK)
                except Empty:
                    on_wait()
                    continue
                yield running.pop(future), self._reply(future)
        finally:
            with contextlib.suppress(Exception):
                self.client.cancel(list(running))

    def _reply(self, future: Any) -> isolation.Reply:
        """The reply of a task that has ended. Raises ClusterError."""
        error = future.exception() if future.status == "error" else None
        if said := lost_worker_message(error):
            return {"ended": said, "seconds": 0.0}
        if error is not None:
            raise ClusterError(f"--cluster {self.address}: {error}")
        with self.speaking():
            reply: isolation.Reply = future.result()
        return reply

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A task of the cluster, on a machine that is as this one. Raises ClusterError."""
        with self.speaking():
            return self.client.submit(function, *arguments, self._wanted, pure=False, key=f"efasp-{uuid4().hex}")

    def forget(self, session: Session) -> None:
        """No more messages of a session are wanted."""
        self._sessions.pop(session.name, None)

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """Raises ClusterError where the cluster cannot be spoken to, or not any more."""
        from distributed.client import FutureCancelledError

        if self._lost:
            raise self._error()
        try:
            yield
        except TimeoutError:
            raise
        except (OSError, CancelledError, FutureCancelledError, KeyError, RuntimeError) as error:
            self._lost = self._lost or str(error) or type(error).__name__
            raise self._error() from None

    def _error(self) -> ClusterError:
        resumed = "what was done so far is stored (not with --no-cache), and the same command continues from there"
        return ClusterError(f"--cluster {self.address}: the scheduler was lost ({self._lost}); {resumed}")

    def _listen(self) -> None:
        """Hand the messages of sessions to them, in a thread of its own, until the end."""
        try:
            while True:
                name, attempt, message = self._messages.get()
                if (session := self._sessions.get(name)) is not None:
                    session.take(attempt, message)
        except BaseException as error:  # a client that is closed, a lost scheduler: whatever it is, no message will come
            if not self._closing:
                self._lost = self._lost or str(error) or type(error).__name__
                for session in list(self._sessions.values()):
                    session.fail(self._error())

    def close(self) -> None:
        """Leave the cluster; what runs there for this pool is given up."""
        self._closing = True
        for session in list(self._sessions.values()):
            session.kill()
        with contextlib.suppress(Exception):
            self._messages.close()
        with contextlib.suppress(Exception):
            self.client.close(timeout=CONNECT)
        self._thread.join(CONNECT)
