"""A worker: builds batches and settles their obligations, one after the other, in a process with a memory limit.

It is told what to do and says what it does over a pipe; verdicts are looked up and stored by the process that started it:

    to it    ("batch", index, first)           build the batch, leave out the obligations before ``first``
             verdict and seconds, or None      the answer to ("start", ...): known already, or settle it
    from it  ("build", i)                      making obligation i
             ("start", i, head, keys)          obligation i is made: is its verdict known?
             ("row", i, verdict, seconds, key, text)   settled
             ("failed", reason)                the build raised
             ("done", built)                   the batch is finished
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from checker.rows import head
from checker.settle import settle
from checker.solvers import titles
from checker.store import digest, pack
from proofs.obligation import Batch, Obligation, Verdict
from proofs.register import matches

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Work:
    """What every worker is given. ``seconds``: each solver's budget for an obligation (for other kinds, all of it);
    ``memory``: MiB that a worker may take beyond what it starts with; ``basis``: digest of sources and weights."""

    batches: Sequence[Batch]
    patterns: Sequence[str] | None
    solvers: Sequence[str]
    seconds: float
    memory: int
    basis: str

    @property
    def limit(self) -> float:
        """Wall-clock seconds after which an obligation is stopped from outside."""
        return self.seconds * max(1, len(self.solvers)) + min(1.0, self.seconds)

    @property
    def build_limit(self) -> float:
        """Wall-clock seconds that making one obligation may take (its batch may compile a transformer)."""
        return max(600.0, 10 * self.seconds)


def keys(work: Work, obligation: Obligation) -> tuple[str, str]:
    """Where the verdict is found: what holds of the text alone, and what rests on this obligation and the sources too."""
    text = hashlib.sha256(f"{obligation.hypotheses}\0{obligation.content}".encode()).hexdigest()
    shared = digest("smt", text, titles(work.solvers), work.seconds) if obligation.kind == "smt" else ""
    return shared, digest(obligation.kind, text, obligation.id, work.basis, titles(work.solvers), work.seconds)


def address_space() -> int:
    """Bytes of address space that this process has."""
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * PAGE
    return 0


def resident() -> int:
    """Bytes of memory that this process holds."""
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE
    return 0


def confine(memory: int, parent: int) -> None:
    """Limit memory (MiB beyond what there is), leave Ctrl-C to the parent, and end when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = address_space() + (memory << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, Linux only
    if os.getppid() != parent:
        os._exit(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker a core: no threads besides
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def serve(connection: Connection, work: Work, parent: int) -> None:
    """The whole life of a worker; never returns."""
    confine(work.memory, parent)
    status = 0
    try:
        while True:
            _, index, first = connection.recv()
            _batch(connection, work, work.batches[index], first)
    except MemoryError:
        status = OUT_OF_MEMORY
    except (EOFError, OSError):
        status = 1
    os._exit(status)


OUT_OF_MEMORY = 77  # exit status of a worker that ran into its memory limit


def _batch(connection: Connection, work: Work, batch: Batch, first: int) -> None:
    index = 0
    connection.send(("build", index))
    try:
        for obligation in batch.build():
            if not matches(obligation.lemma, work.patterns):
                continue
            if index >= first:
                _obligation(connection, work, index, obligation)
            index += 1
            connection.send(("build", index))
    except (MemoryError, OSError, EOFError):
        raise
    except Exception as error:
        connection.send(("failed", f"building it: {type(error).__name__}: {error}"))
        return
    connection.send(("done", index, resident()))


def _obligation(connection: Connection, work: Work, index: int, obligation: Obligation) -> None:
    shared, own = keys(work, obligation)
    connection.send(("start", index, head(obligation), (shared, own)))
    if connection.recv():  # its verdict is known
        return
    start = perf_counter()
    verdict: Verdict = settle(obligation, work.solvers, work.seconds)
    seconds = perf_counter() - start
    told: Any = (verdict, seconds, shared if shared and verdict.status in ("proved", "vacuous") else own)
    connection.send(("row", index, *told, pack(obligation.content)))
