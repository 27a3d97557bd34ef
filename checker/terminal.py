"""Output on a terminal: tables on standard output, bars on standard error."""

from __future__ import annotations

import contextlib
import errno
import select
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol, TypeVar

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

TICK = 0.1
PERIOD = 30.0  # seconds between two lines where standard error is no terminal
T = TypeVar("T")
WIDTH = 140  # columns, where standard output is no terminal


class Screen(Console):
    """Standard output. A reader that has gone is the caller's BrokenPipeError: rich would end the program with exit code 1."""

    def on_broken_pipe(self) -> None:
        """Raises the error that is handled."""
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


def deserted() -> bool:
    """Whether standard output is a pipe whose reader has gone: all that is yet to come would be read by nobody."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file, as under a test, or a closed one
        output = select.poll()
        output.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in output.poll(0))
    return False


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


def while_read(items: Iterable[T]) -> Iterator[T]:
    """The items, as long as somebody reads standard output: what is made for it alone ends by BrokenPipeError else."""
    for item in items:
        if deserted():
            raise BrokenPipeError(errno.EPIPE, "the reader of standard output has gone")
        yield item


def _shown_while_read(show: Show) -> Show:
    def shown(done: int, description: str = "") -> None:
        for one in while_read([done]):
            show(one, description)

    return shown


@contextmanager
def progress(what: str, count: int | None, read: bool = False) -> Iterator[Show]:
    """On standard error, where that is a terminal a bar with the time that is left, and elsewhere a line now and then.

    It draws when it is given something: it has no thread of its own, as worker processes are forked meanwhile. ``count``: None
    where it is not known how many there will be. ``read``: the work is for the reader of standard output alone, and ends by
    BrokenPipeError where there is none any more.
    """
    kept: Callable[[Show], Show] = _shown_while_read if read else lambda show: show
    screen = Console(stderr=True)
    if not sys.stderr.isatty():  # FORCE_COLOR makes no terminal
        yield kept(lines(what, count))
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

        yield kept(show)


@contextmanager
def counting(what: str, count: int, read: bool = False) -> Iterator[Callable[[object], None]]:
    """A bar that goes on by one for each thing that the function is given; ``read`` as for ``progress``."""
    done = 0
    with progress(what, count, read) as show:

        def on_result(_: object) -> None:
            nonlocal done
            done += 1
            show(done)

        yield on_result
