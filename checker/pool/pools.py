"""Where work is done: the interface of a pool, and the pool of processes of this machine.

A pool has workers, to which the scheduler speaks (``checker.pool.worker`` has the protocol); it makes calls in fresh processes
(``checker.pool.isolation``); and it maps a function of a module over items. The other pool is ``checker.pool.cluster``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from efasp.checker.pool import isolation
from efasp.checker.pool.mapping import mapped
from efasp.checker.pool.worker import Work, serve

FORK = multiprocessing.get_context("fork")  # hands the batches on as they are, with all that is loaded
WORKER_LIBRARIES = ("sympy", "torch", "z3")  # imported by every worker of a run of all lemmas
Item = TypeVar("Item")
Result = TypeVar("Result")
OnReply = Callable[[int, isolation.Reply], None]
OnWait = Callable[[], None]


def ignore_reply(index: int, reply: isolation.Reply) -> None:
    """Does nothing with a reply."""


def idle() -> None:
    """Does nothing while no reply comes."""


class Process(Protocol):
    """A worker's process. ``exitcode``: its exit status, or the reason why it ended; None while it runs."""

    @property
    def exitcode(self) -> int | str | None:
        """How the process ended: its exit code, or a text; None while it runs."""

    def is_alive(self) -> bool:
        """Whether the process runs."""

    def kill(self) -> None:
        """End the process."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until the process has ended, for at most ``timeout`` seconds if given."""


class Channel(Protocol):
    """The messages to and from a worker; ``multiprocessing.connection.wait`` takes it."""

    def send(self, obj: Any, /) -> None:
        """Send a message. Raises OSError where the receiver has ended."""

    def recv(self) -> Any:
        """The next message. Raises EOFError where there is none to come."""

    def poll(self) -> bool:
        """Whether a message has arrived that was not received."""

    def fileno(self) -> int:
        """A file that is readable when there is a message."""

    def close(self) -> None:
        """Close the channel: no more messages are wanted."""


class Pool(Protocol):
    """Where work is done."""

    @property
    def jobs(self) -> int:
        """The number of processes that may work at once."""

    def prepare(self) -> None:
        """Workers of a run of all lemmas will be made."""

    def worker(self, work: Work) -> tuple[Process, Channel]:
        """A new process that works on ``work``, and the channel to it."""

    def calls(self, asked: Sequence[isolation.Job], on_result: OnReply = ignore_reply, on_wait: OnWait = idle,
              libraries: Sequence[str] = isolation.LIBRARIES) -> list[isolation.Reply]:  # fmt: skip
        """The replies to some jobs, in their order; as ``isolation.run``."""

    def mapped(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The results of a module's function, in the order of the items; both can be pickled."""


class Processes:
    """Processes of this machine. ``jobs``: how many at once."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def prepare(self) -> None:
        """Import the libraries once, so that forked workers have them; those that are not installed are left out."""
        if self.jobs > 1:
            for name in WORKER_LIBRARIES:
                with contextlib.suppress(ImportError):
                    import_module(name)

    def worker(self, work: Work) -> tuple[Process, Connection]:
        """A fork of this process that works on ``work``, and the channel to it."""
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=serve, args=(theirs, work, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def calls(self, asked: Sequence[isolation.Job], on_result: OnReply = ignore_reply, on_wait: OnWait = idle,
              libraries: Sequence[str] = isolation.LIBRARIES) -> list[isolation.Reply]:  # fmt: skip
        """Run jobs in forks of started processes, and give their replies in order."""
        return isolation.run(asked, self.jobs, on_result, on_wait, libraries)

    def mapped(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """In started processes, each of which takes one item after the other."""
        return mapped(function, items, self.jobs)


def here(jobs: int | None = None) -> Processes:
    """The pool of this machine, by default a process a core."""
    return Processes(jobs or len(os.sched_getaffinity(0)))
