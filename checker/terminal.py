"""Output on a terminal: tables on standard output, bars on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

TICK = 0.1
WIDTH = 140  # columns, where standard output is no terminal


def console() -> Console:
    """The console that tables are printed on."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


class Show(Protocol):
    """Shows how many are done, and a description."""

    def __call__(self, done: int, description: str = "") -> None:
        """Draws, at most once in ``TICK`` seconds."""


def hidden(done: int, description: str = "") -> None:
    """Shows nothing."""


@contextmanager
def progress(what: str, count: int) -> Iterator[Show]:
    """A bar on standard error, on a terminal only. It draws when it is given something: it has no thread of its own, as worker
    processes are forked meanwhile."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield hidden
        return
    columns = TextColumn(what), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=screen, transient=True, auto_refresh=False) as bar:
        task, drawn = bar.add_task("", total=count), 0.0

        def show(done: int, description: str = "") -> None:
            nonlocal drawn
            if monotonic() - drawn >= TICK:
                drawn = monotonic()
                bar.update(task, completed=done, description=description, refresh=True)

        yield show


@contextmanager
def counting(what: str, count: int) -> Iterator[Callable[[object], None]]:
    """A bar that goes on by one for each thing that the function is given."""
    done = 0
    with progress(what, count) as show:

        def on_result(_: object) -> None:
            nonlocal done
            done += 1
            show(done)

        yield on_result
