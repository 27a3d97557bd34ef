"""The functions that a worker of a Dask cluster runs: one session of a worker of the scheduler, or one call.

Both start a process of their own: solvers want a thread of their own, a memory limit and to be ended. A process ends with its
task, when that is cancelled too, and with the worker.
"""

from __future__ import annotations

import base64
import importlib
import os
import pickle
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any
from uuid import uuid4

from efasp import __version__
from efasp.checker.pool.isolation import ENDED, Fresh, Job, Reply, environment
from efasp.checker.store import sources

PACKAGES = ("numpy", "sympy", "torch", "z3-solver", "cvc5", "bitwuzla", "safetensors")
PERIOD = 1.0  # seconds between two looks whether a task is still wanted
IDLE: dict[tuple[str, ...], list[Fresh]] = {}  # processes of this worker that make forks and have none, by their libraries
Identity = dict[str, str]
PROGRAM = "the program "


class Differs(Exception):
    """Raised on a worker whose sources or versions are not those of the machine that asks, of whose results it could not say
    that they are the same."""


def identity(programs: Sequence[str] = ()) -> Identity:
    """What the results of this machine rest on: the package, the versions of libraries, some programs, and the sources."""
    versions = {"efasp": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    versions |= {f"{PROGRAM}{name}": "installed" if shutil.which(name) else "not installed" for name in programs}
    return {**versions, "sources of efasp": sources(())}


def differences(mine: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """The first difference in words; "" where there is none."""
    for name, value in wanted.items():
        if mine.get(name) != value:
            short = [one if len(one) < 64 else one[:12] for one in (value, mine.get(name, "nothing"))]
            return f"expected {name} {short[0]}, as here, found {short[1]}"
    return ""


def agree(wanted: Identity) -> None:
    """Raises Differs where this machine is not as the one that asks."""
    from distributed import get_worker

    programs = [name.removeprefix(PROGRAM) for name in wanted if name.startswith(PROGRAM)]
    if said := differences(identity(programs), wanted):
        raise Differs(f"the worker {get_worker().address}: {said}")


def wanted_still() -> Callable[[], bool]:
    """Whether the task that runs in this thread is still wanted: a function for later."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def is_wanted() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state != "cancelled"

    return is_wanted


def call(asked: Job, libraries: Sequence[str], wanted: Identity) -> Reply:
    """One call in a fork of a started process, which the worker keeps for the next."""
    agree(wanted)
    is_wanted, idle = wanted_still(), IDLE.setdefault(tuple(libraries), [])
    fresh = idle.pop() if idle else Fresh(libraries)
    reply = fresh.ask(asked, is_wanted)
    if reply.get("ended") == ENDED:
        fresh.close()
    else:
        idle.append(fresh)
    return reply


def session(spec: bytes, up: str, name: str, wanted: Identity) -> None:
    """One life of a worker of the scheduler: its process, and the way of messages between that and the machine that asks.

    ``spec``: the pickled work, for ``checker.pool.rebuilt``; ``up``: the queue for messages, each with the session's ``name``
    and the attempt (the cluster begins a session again elsewhere when its worker is lost). Orders come by a queue of that name.
    """
    from distributed import Queue, get_client

    agree(wanted)
    is_wanted, client, attempt = wanted_still(), get_client(), uuid4().hex
    messages, orders = Queue(up, client=client), Queue(attempt, client=client)
    ours, theirs = Pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "efasp.checker.pool.rebuilt", str(theirs.fileno()), str(os.getpid())],
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        process_group=0,  # Ctrl-C is for the process that asks
    )
    theirs.close()
    Thread(target=_obey, args=(orders, ours), daemon=True).start()
    code = None
    try:
        ours.send_bytes(spec)
        while is_wanted():
            if ours.poll(PERIOD):
                messages.put([name, attempt, ours.recv_bytes()])
    except (EOFError, OSError):
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        orders.put(b"")
    messages.put([name, attempt, pickle.dumps(("ended", code))])


def _obey(orders: Any, connection: Connection) -> None:
    """Hand orders on, until there are no more, or the receiver has ended."""
    try:
        while order := orders.get():
            connection.send_bytes(order)
    except Exception:  # the process has ended, or the cluster: either is found by the session
        return
    finally:
        orders.close()


def chunk(function: str, items: str) -> list[Any]:
    """In the process of a call: the results of a function for some items, which are pickled, in base 64."""
    module, _, name = function.partition(":")
    work = getattr(importlib.import_module(module), name)
    return [work(item) for item in pickle.loads(base64.b64decode(items))]
