"""A worker: builds batches and discharges their obligations, one after the other, in a process with a memory limit.

It receives its orders and reports its progress over a pipe; verdicts are looked up and stored by the process that started it:

    to it    ("batch", index, first)           build the batch, leave out the obligations before ``first``
             whether it is known               the answer to ("start", ...): where it is not, discharge it
    from it  ("ready",)                        it waits for a batch (once, or again in another process in its place)
             ("build", i)                      making obligation i
             ("start", i, head, keys)          obligation i is made: is its verdict known?
             ("so far", verdict)                its verdict before a search for a countermodel begins
             ("row", i, verdict, seconds, key, text)   discharged
             ("failed", reason)                the build raised
             ("done", built, resident, lacking)   the batch is finished; the promised lemmas without all their obligations
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from efasp.checker.discharge import Answers, budget, discharge
from efasp.checker.errors import message_of
from efasp.checker.pool.limits import confine, resident
from efasp.checker.results import head
from efasp.checker.solvers import CASES, titles
from efasp.checker.store import digest, pack
from efasp.proofs.counts import Count
from efasp.proofs.obligation import Batch, Obligation, Verdict, add
from efasp.proofs.registry import matches


@dataclass(frozen=True)
class Recipe:
    """Batches as data: the function that builds them (``module:function``) and its arguments, which can be pickled.

    The function gives the same batches in the same order in every process, so that a batch is addressed by its number.
    """

    builder: str
    arguments: Mapping[str, Any]

    def batches(self) -> list[Batch]:
        """The batches that this recipe builds, in order."""
        module, _, name = self.builder.partition(":")
        return list(getattr(importlib.import_module(module), name)(**self.arguments))


@dataclass(frozen=True)
class Work:
    """The settings of every worker. ``seconds``: each solver's budget for an obligation (for other kinds, all of it);
    ``memory``: MiB that a worker may take beyond what it starts with; ``basis``: digest of sources and weights; ``recipe``: the
    batches as data, without which only processes that are forked can be workers."""

    batches: Sequence[Batch]
    patterns: Sequence[str] | None
    solvers: Sequence[str]
    seconds: float
    memory: int
    basis: str
    recipe: Recipe | None = field(default=None, compare=False)

    @property
    def limit(self) -> float:
        """Wall-clock seconds after which an obligation is stopped from outside."""
        return budget(self.solvers, self.seconds) + min(1.0, self.seconds)

    @property
    def build_limit(self) -> float:
        """Wall-clock seconds that making one obligation may take (its batch may compile a transformer)."""
        return max(600.0, 10 * self.seconds)


def keys(work: Work, obligation: Obligation) -> tuple[str, str]:
    """The keys of the verdict: of one on the text alone, and of one that rests on the obligation and the sources too."""
    text = digest(
        obligation.hypotheses,
        obligation.content,
        obligation.ways,
        obligation.admits,
        obligation.assumptions,
        *obligation.infeasible,
    )
    solvers = titles([*work.solvers, CASES])
    shared = digest("smt", text, solvers, work.seconds) if obligation.kind == "smt" else ""
    return shared, digest(obligation.kind, text, obligation.id, work.basis, solvers, work.seconds)


def serve(connection: Connection, work: Work, parent: int) -> None:
    """Work on batches as orders come over a connection, until it is closed; never returns. ``parent``: the id of the process
    that started it."""
    confine(work.memory, parent)
    known: Answers = {}
    status = 0
    try:
        connection.send(("ready",))
        while True:
            _, index, first = connection.recv()
            _batch(connection, work, work.batches[index], first, known)
    except MemoryError:
        status = OUT_OF_MEMORY
    except (EOFError, OSError):
        status = 1
    os._exit(status)


OUT_OF_MEMORY = 77  # exit status of a worker that ran into its memory limit


def _batch(connection: Connection, work: Work, batch: Batch, first: int, known: Answers) -> None:
    index, given = 0, dict[str, Count]()
    connection.send(("build", index))
    try:
        for obligation in batch.build():
            add(given, obligation)
            if obligation.lemma not in batch.lemmas:
                raise ValueError(f"expected an obligation of {' or '.join(batch.lemmas)}, found {obligation.id}")
            if not matches(obligation.lemma, work.patterns):
                continue
            if index >= first:
                _obligation(connection, work, index, obligation, known)
            index += 1
            connection.send(("build", index))
    except (MemoryError, OSError, EOFError):
        raise
    except Exception as error:
        connection.send(("failed", f"building it: {message_of(error)}"))
        return
    connection.send(("done", index, resident(), batch.lacking(given)))


def _obligation(connection: Connection, work: Work, index: int, obligation: Obligation, known: Answers) -> None:
    shared, own = keys(work, obligation)
    connection.send(("start", index, head(obligation), (shared, own)))
    if connection.recv():  # its verdict is known
        return
    start = perf_counter()
    verdict: Verdict = discharge(
        obligation, work.solvers, work.seconds, known, lambda so_far: connection.send(("so far", so_far))
    )
    seconds = perf_counter() - start
    on_result: Any = (verdict, seconds, shared if shared and verdict.status in ("proved", "vacuous") else own)
    connection.send(("row", index, *on_result, pack(obligation.content)))
