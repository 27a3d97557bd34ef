"""A module's function over items, in started processes of this machine, each of which takes one item after the other.

There is no thread: on an exception, of a signal too, the processes are killed, and nothing is said by them. Ctrl-C, SIGTERM and
SIGHUP, which a terminal and others send to all processes of a group, are left to the process that maps.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from efasp.checker.pool.limits import single_threaded

SPAWN = multiprocessing.get_context("spawn")
LEFT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # to the process that maps
BLOCKED = (*LEFT, signal.SIGALRM)  # while a process is started, which inherits that
Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(function: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """The results, in the order of the items; function, items and results can be pickled.

    Raises what the function raises, and RuntimeError where a process ends by itself.
    """
    processes: dict[Connection, SpawnProcess] = {}
    known: dict[int, Result] = {}
    working: dict[Connection, int] = {}
    asked = due = 0
    try:
        for _ in range(min(jobs, len(items))):
            _start(function, processes)
        while due < len(items):
            for channel in processes:
                if channel not in working and asked < len(items):
                    channel.send(items[asked])
                    working[channel], asked = asked, asked + 1
            for ready in wait(list(working)):
                assert isinstance(ready, Connection)
                known[working.pop(ready)] = _reply(ready, processes[ready], function)
            while due in known:
                yield known.pop(due)
                due += 1
    finally:
        for process in processes.values():
            process.kill()
        for channel, process in processes.items():
            process.join()
            channel.close()


def _start(function: Callable[[Any], Any], processes: dict[Connection, SpawnProcess]) -> None:
    """Start one process more. No signal comes between its start and its place among the others."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
    try:
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=_serve, args=(theirs, function))
        process.start()
        processes[ours] = process
        theirs.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reply(channel: Connection, process: SpawnProcess, function: Callable[[Any], Result]) -> Result:
    try:
        done, reply = channel.recv()
    except (EOFError, OSError):
        process.join()
        name = f"{function.__module__}:{function.__qualname__}"
        raise RuntimeError(f"{name}: a process ended with exit status {process.exitcode}") from None
    if not done:
        raise reply
    result: Result = reply
    return result


def _serve(channel: Connection, function: Callable[[Any], Any]) -> None:
    """The process: replies to items until there is nobody to ask."""
    for one in LEFT:
        signal.signal(one, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, BLOCKED)
    single_threaded()
    while True:
        try:
            item = channel.recv()
        except EOFError:
            return
        try:
            said = True, function(item)
        except Exception as error:
            said = False, error
        channel.send(said)
