"""How a command ends from outside: by a signal, or because its standard output is no longer read."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PERIOD = 0.5  # seconds between two looks at standard output


class Ended(KeyboardInterrupt):
    """A signal that ends the process as Ctrl-C does, so that results are written and temporary files removed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


class Deserted(KeyboardInterrupt):
    """The reader of standard output has gone. It ends the process as Ctrl-C does, and as nothing that handles OSError would."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP raise Ended, unless they are ignored or this is not the main thread."""

    def end(number: int, frame: object) -> None:
        raise Ended(number)

    some = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) == signal.SIG_DFL]
    mine = some if threading.current_thread() is threading.main_thread() else []
    for one in mine:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in mine:
            signal.signal(one, signal.SIG_DFL)


@contextmanager
def while_read() -> Iterator[None]:
    """Within, where standard output is a pipe, Deserted is raised once the pipe has no reader.

    A timer's signal looks now and then, and no thread, as worker processes are forked meanwhile (which do not inherit a timer).
    """
    mine = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    if not mine or not _pipe():
        yield
        return

    def check_reader(number: int, frame: FrameType | None) -> None:
        if not _guarded(frame) and reader_has_gone():
            signal.setitimer(signal.ITIMER_REAL, 0)  # once: what cleans up afterwards is not interrupted
            _leave_unsaid(sys.unraisablehook)
            raise Deserted

    signal.signal(signal.SIGALRM, check_reader)
    signal.setitimer(signal.ITIMER_REAL, PERIOD, PERIOD)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _guarded(frame: FrameType | None) -> bool:
    """Whether a module is being imported: what is written in C++ may not stand an exception then; or a destructor runs, whose
    exceptions are lost."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def _leave_unsaid(usual: Callable[[sys.UnraisableHookArgs], object]) -> None:
    """From now on nothing is said of a destructor that lacks an attribute, as that of a solver does which was not yet made when
    the exception came. Of all else the ``usual`` hook says what it did."""

    def hook(failed: sys.UnraisableHookArgs) -> None:
        unmade = isinstance(failed.exc_value, AttributeError) and getattr(failed.object, "__name__", "") == "__del__"
        if not unmade:
            usual(failed)

    sys.unraisablehook = hook


def _pipe() -> bool:
    """Whether standard output is a pipe or a socket."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file, as under a test, or a closed one
        mode = os.fstat(sys.stdout.fileno()).st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return False


def reader_has_gone() -> bool:
    """Whether the reader of standard output, which is a pipe, has gone, so that further output would have no reader."""
    with contextlib.suppress(OSError, ValueError):
        output = select.poll()
        output.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in output.poll(0))
    return False
