"""Output on a terminal: tables on standard output, bars on standard error."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

TICK = 0.1
PERIOD = 30.0  # seconds between two lines where standard error is not a terminal
PATIENCE = 5.0  # seconds after which a person wants to know what is done
WIDTH = 140  # columns, where standard output is not a terminal


class Screen(Console):
    """Standard output. A reader that has gone is the caller's BrokenPipeError: rich would end the program with exit code 1."""

    def on_broken_pipe(self) -> None:
        """Print no more, and raise again the exception that is being handled."""
        self.quiet = True
        raise

    def show(self, table: Table) -> None:
        """Print a table whole: wider than the screen where its longest words ask for it."""
        whole = self.options.update(width=1 << 16)
        for column in table.columns:
            column.min_width = max(Measurement.get(self, whole, cell).minimum for cell in (column.header, *column.cells))
        self.width = max(self.width, Measurement.get(self, whole, table).minimum)
        self.print(table, crop=False)


def console() -> Screen:
    """The console that tables are printed on, as wide as COLUMNS or the terminal says, else ``WIDTH``.

    A height is given so that rich believes the width where TERM is dumb.
    """
    columns, lines = shutil.get_terminal_size((WIDTH, 100))
    return Screen(width=columns, height=lines)


class Show(Protocol):
    """Shows how many are done, and a description."""

    def __call__(self, done: int, description: str = "") -> None:
        """Draws, at most once in ``TICK`` seconds."""


def lines(what: str, count: int | None) -> Show:
    """Says on standard error how far a run is, once in ``PERIOD`` seconds; of how many where ``count`` is known."""
    start = said = monotonic()

    def show(done: int, description: str = "") -> None:
        nonlocal said
        if monotonic() - said >= PERIOD:
            said = monotonic()
            left, of = "", ""
            if count is not None:
                of = f" of {count}"
                left = f", about {(said - start) * (count - done) / done:.0f} s left" if 0 < done < count - 1 else ""
            known = f", {description}" if description else ""
            print(f"efasp: {done}{of} {what} after {said - start:.0f} s{left}{known}", file=sys.stderr, flush=True)

    return show


@contextmanager
def patience(what: str) -> Iterator[None]:
    """Says on standard error what is done within, once, where that takes more than ``PATIENCE``. No process is forked within,
    as a thread waits."""
    timer = threading.Timer(PATIENCE, lambda: print(f"efasp: {what}", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextmanager
def progress(what: str, count: int | None) -> Iterator[Show]:
    """On standard error, where that is a terminal a bar with the time that is left, and elsewhere a line now and then.

    It draws when it is given something: it has no thread of its own, as worker processes are forked meanwhile. ``count``: None
    where it is not known how many there will be.
    """
    screen = Console(stderr=True)
    if not sys.stderr.isatty():  # FORCE_COLOR makes no terminal
        yield lines(what, count)
        return
    times = TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()
    columns = TextColumn(what), BarColumn(20), MofNCompleteColumn(), *times, TextColumn("{task.description}")
    with Progress(*columns, console=screen, transient=True, auto_refresh=False) as bar:
        task, drawn = bar.add_task("", total=count), 0.0

        def show(done: int, description: str = "") -> None:
            nonlocal drawn
            if monotonic() - drawn >= TICK:
                drawn = monotonic()
                bar.update(task, completed=done, description=description, refresh=True)

        yield show


@dataclass
class Tally:
    """Counts what is done, and shows the count."""

    show: Show = lambda done, description="": None
    done: int = 0

    def __call__(self, _: object) -> None:
        """One more is done."""
        self.done += 1
        self.show(self.done)

    def waiting(self) -> None:
        """Print the progress line anew: nothing more is done, but time has passed."""
        self.show(self.done)


@contextmanager
def counting(what: str, count: int) -> Iterator[Tally]:
    """A bar that goes on by one for each thing that the tally is given."""
    with progress(what, count) as show:
        yield Tally(show)
