"""Calls in fresh processes: each in a fork of a process that has imported libraries but nothing of this package.

A started process reads one job a line (JSON) and answers with one line: ``{"value": ...}``, ``{"raised": [class names, most
special first], "message": ...}``, or ``{"ended": why}`` where the fork did not live to answer; with the ``seconds`` that it
took. It imports the standard library and the limits alone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from efasp.checker.pool.limits import confine
from efasp.proofs.mutation.mutants import ROOT, Mutant, install

LIBRARIES = ("numpy", "sympy", "z3")  # imported before the forks, which then need not
TICK = 0.5  # seconds of waiting between two calls of ``on_wait``


class Job(TypedDict):
    """A call (``module:function``) with its arguments; ``limit``: seconds; ``memory``: MiB; ``mutant``: its fields, or None."""

    call: str
    arguments: dict[str, Any]
    limit: float
    memory: int
    mutant: dict[str, Any] | None


class Said(TypedDict, total=False):
    """The result of a call: its ``value``; or the names of the classes of what it ``raised``, and the ``message``; or why it
    ``ended`` without an answer."""

    value: Any
    raised: list[str]
    message: str
    ended: str


class Reply(Said):
    """The result of a job, and its seconds."""

    seconds: float


def job(call: str, arguments: dict[str, Any], limit: float, memory: int, mutant: Mutant | None = None) -> Job:
    """A job: call a function of the package, in the place of whose module a mutant may stand."""
    known = None if mutant is None else {**vars(mutant), "lemmas": list(mutant.lemmas)}
    return {"call": call, "arguments": arguments, "limit": limit, "memory": memory, "mutant": known}


# The parent process.


ENDED = "the process that forks has ended"
PERIOD = 1.0  # seconds between two looks whether a reply is still wanted


def environment() -> dict[str, str]:
    """The environment of a started process, which finds this package where it is."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


class Fresh:
    """A started process, which imports libraries and makes the forks. It ends with the process that started it."""

    def __init__(self, libraries: Sequence[str] = LIBRARIES) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "efasp.checker.pool.isolation", *libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the process that asks, which ends this one
        )

    def ask(self, asked: Job, wanted: Callable[[], bool] = lambda: True) -> Reply:
        """The reply to a job; where that is not ``wanted`` any more, the process is ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            while not select.select([self._process.stdout], [], [], PERIOD)[0]:
                if not wanted():
                    self._process.kill()
            line = self._process.stdout.readline()
        except (OSError, ValueError):
            line = ""
        reply: Reply = json.loads(line) if line else {"ended": ENDED, "seconds": 0.0}
        return reply

    def close(self) -> None:
        """Kill the process and wait for it, and for the fork that it waits for."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]


def run(asked: Sequence[Job], at_once: int, on_result: Callable[[int, Reply], None] = lambda index, reply: None,
        on_wait: Callable[[], None] = lambda: None, libraries: Sequence[str] = LIBRARIES) -> list[Reply]:  # fmt: skip
    """The replies to some jobs, in their order; ``on_result`` is given each as it comes. On an exception no process is left.

    ``on_wait``: called now and then while none comes. ``libraries``: imported before the forks, which then need not.
    """
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Reply]] = queue.SimpleQueue()
    for index in range(len(asked)):
        left.put(index)
    fresh = [Fresh(libraries) for _ in range(min(at_once, len(asked)))]

    def serve(process: Fresh) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                index = left.get_nowait()
                done.put((index, process.ask(asked[index])))

    threads = [threading.Thread(target=serve, args=(process,), daemon=True) for process in fresh]
    replies: dict[int, Reply] = {}
    try:
        for thread in threads:
            thread.start()
        while len(replies) < len(asked):
            try:
                index, reply = done.get(timeout=TICK)
            except queue.Empty:
                on_wait()
                continue
            replies[index] = reply
            on_result(index, reply)
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                left.get_nowait()
        for process in fresh:
            process.close()
    return [replies[index] for index in range(len(asked))]


# The process that forks.


def main() -> None:
    """Answer jobs, one line of standard input each, until the input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of a library is not a reply
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        start = time.perf_counter()
        reply = _fork(json.loads(line))
        replies.write(json.dumps({**reply, "seconds": time.perf_counter() - start}) + "\n")
        replies.flush()


def _fork(asked: Job) -> Said:
    mine, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(mine)
        _child(asked, theirs, parent)
    os.close(theirs)
    said = b""
    while True:
        if mine not in select.select([mine, 0], [], [])[0]:  # no job comes meanwhile: the process that asks has ended
            os.kill(child, signal.SIGKILL)
            os._exit(1)
        if not (part := os.read(mine, 1 << 20)):
            break
        said += part
    os.close(mine)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return {"ended": f"stopped after {asked['limit']:g} s"}
    if code or not said:
        return {"ended": f"the process was ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"}
    answer: Said = json.loads(said)
    return answer


def _child(asked: Job, theirs: int, parent: int) -> None:
    """Do a job, write its result, and end."""
    status = 1
    try:
        confine(asked["memory"], parent)
        signal.setitimer(signal.ITIMER_REAL, asked["limit"])
        said = json.dumps(_answer(asked)).encode()
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(said)
        status = 0
    finally:
        os._exit(status)


def _answer(asked: Job) -> Said:
    try:
        if asked["mutant"] is not None:
            install(Mutant(**{**asked["mutant"], "lemmas": tuple(asked["mutant"]["lemmas"])}))
        module, _, name = asked["call"].partition(":")
        return {"value": getattr(importlib.import_module(module), name)(**asked["arguments"])}
    except MemoryError:
        return {"ended": f"out of memory: more than {asked['memory']} MiB"}
    except Exception as error:
        return {"raised": [c.__name__ for c in type(error).__mro__], "message": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
