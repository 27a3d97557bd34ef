"""Runs of library programs in the compiled transformer, for the tables: in parallel processes, and cached by content."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from efasp.checker.interface import extension_of
from efasp.checker.pool.pools import Pool
from efasp.checker.store import Store, default_path, digest, sources
from efasp.paper_artifacts.tables.records import Notes, R
from efasp.pram import machine
from efasp.pram.library import PROGRAMS, Instance, build

MAX_STEPS = 1_000_000
Item = TypeVar("Item")  # a run, as its function is given it


@dataclass(frozen=True)
class Task:
    """A library program on one instance, given by its problem, with an engine."""

    name: str
    problem: Any
    engine: str
    word: int = 16

    @property
    def instance(self) -> Instance:
        """The instance of the program on the problem."""
        return PROGRAMS[self.name].encode(self.problem, self.word)


@dataclass(frozen=True)
class Found:
    """The result of a run. ``answer`` as JSON holds it; ``agrees``: whether state, steps and faults are as in the reference."""

    answer: Any
    steps: int
    decode_steps: int | None
    context: int | None
    processors: int
    memory: int
    length: int
    agrees: bool
    seconds: float


def run(task: Task) -> Found:
    """Carry a task out, in the transformer and in the reference machine."""
    instance = task.instance
    program = build(task.name, instance)
    start = time.perf_counter()
    reference = machine.run(program, MAX_STEPS)
    result = reference
    if task.engine != "reference":
        from efasp.model import decode

        extension = extension_of(program)
        start = time.perf_counter()
        result = decode.run(program, task.engine, transformer(task.word, task.engine, extension), extension, MAX_STEPS)
    spent = time.perf_counter() - start
    return Found(
        instance.result(result.configuration.memory),
        result.steps,
        result.decode_steps,
        result.context_length,
        program.processors,
        program.memory,
        program.length,
        result.outcome == reference.outcome and result.finished,
        spent,
    )


@cache
def transformer(word: int, engine: str, extension: str = "") -> Any:
    """The compiled transformer for words of ``word`` bits."""
    from efasp.model.weights import compiled

    return compiled(word, engine, extension).transformer


def results(noted: Notes, tasks: Sequence[Task]) -> list[Found]:
    """The results of tasks, in their order, recorded with the table that is made."""
    return [Found(**value) for value in cached(noted, _run, tasks)]


def _run(task: Task) -> dict[str, Any]:
    return vars(run(task))


def cached(noted: Notes, work: Callable[[Item], R], items: Sequence[Item], long: Sequence[bool] | None = None) -> list[R]:
    """The results of a module's function for each item, in order, as JSON holds them; recorded with the table that is made.

    The records name a run by the function and the item, and not by the function's module. ``long``: as of ``Notes.due``.
    """
    keys = [f"{work.__name__.strip('_')} {digest(repr(item))[:16]}" for item in items]
    return noted.through(keys, lambda due: _made(work, [items[i] for i in due], noted.pool), long)


def _made(work: Callable[[Item], R], items: Sequence[Item], pool: Pool) -> list[R]:
    """In the processes of a pool; results from the same sources are taken from the store, and new ones are cached there
    as they come."""
    code = Path(inspect.getfile(work)).read_text(encoding="utf-8")
    keys = [digest(work.__qualname__, sources(("checker", "paper_artifacts", "proofs")), code, repr(item)) for item in items]
    with contextlib.closing(Store(default_path().with_name("runs.sqlite"), lambda text: None)) as store:
        known = [store.get(key) for key in keys]
        left = [i for i, value in enumerate(known) if value is None]
        if left:
            for i, result in zip(left, pool.mapped(work, [items[i] for i in left]), strict=True):
                known[i] = result
                store.put(keys[i], result)
    return known
