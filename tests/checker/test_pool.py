"""The pool's decisions apart from its processes: what is left to do, in which order, and what a worker that ended leaves."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.pool import recovery
from efasp.checker.pool.mapping import mapped
from efasp.checker.pool.plan import Plan
from efasp.checker.pool.worker import OUT_OF_MEMORY, Work
from efasp.checker.store import Store
from efasp.proofs.obligation import Batch, Verdict


def work(*params: dict[str, Any]) -> Work:
    """A batch for each of some parameters."""
    return Work([Batch(("gates.exhausted",), one, list) for one in params], None, ["z3"], 20, 2048, "b")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    with contextlib.closing(Store(tmp_path / "store.sqlite", lambda text: None)) as kept:
        yield kept


def test_batches_about_one_machine_go_together(store: Store) -> None:
    """Those of no width first, then wide machines; what speaks of a width but of no machine is a group of its own."""
    narrow, wide = {"w": 5, "engine": "mdm", "ext": ""}, {"w": 9, "engine": "mdm", "ext": ""}
    plan = Plan(work(narrow, wide, {"w": 5}, {}, {**narrow, "layer": 1}, {"w": 5}), 64)
    assert plan.listed(store) == {}
    assert [list(group) for group in plan.groups(range(6))] == [[3], [1], [0, 4], [2], [5]]
    assert [list(group) for group in plan.groups([4, 1])] == [[1], [4]]


def test_batches_alike_have_listings_of_their_own() -> None:
    """Two batches of one id are distinguished, and another bound is another listing."""
    plan, other = Plan(work({"w": 5}, {"w": 5}), 64), Plan(work({"w": 5}), 32)
    assert len({plan.listing(0), plan.listing(1), other.listing(0)}) == 3
    assert plan.listing(0) == Plan(work({"w": 5}), 64).listing(0)


def test_what_a_worker_leaves_behind() -> None:
    """A worker that ended by itself is an error, with its cause; one that was ended for its time a timeout, or unknown."""
    here = work({})
    said = Verdict("unknown", "z3: unknown")
    assert recovery.interrupted(here, None, None, late=True).status == "timeout"
    assert recovery.interrupted(here, said, None, late=True).method == "z3: unknown; a search for a countermodel was stopped"
    for so_far in (None, said):
        found = recovery.interrupted(here, so_far, -9, late=False)
        assert found == Verdict("error", "the worker was ended by SIGKILL")
    assert recovery.cause(here, OUT_OF_MEMORY) == "out of memory: more than 2048 MiB"
    assert recovery.unbuilt(here, 3, late=False) == "building it: the worker ended with exit status 3"
    assert recovery.unbuilt(here, None, late=True) == "building it: stopped after 600 s"


def slowest_first(number: int) -> tuple[int, int]:
    """A number doubled, and the process; 13 is refused, and -1 ends it."""
    if number == 13:
        raise ValueError("expected another number, found 13")
    if number < 0:
        os._exit(7)
    return 2 * number, os.getpid()


def test_a_function_is_mapped_in_few_processes() -> None:
    """The results come in the order of the items, from as many processes as jobs; what the function raises is raised."""
    found = list(mapped(slowest_first, range(9), 2))
    assert [doubled for doubled, _ in found] == [2 * number for number in range(9)]
    assert len({pid for _, pid in found}) == 2 and os.getpid() not in {pid for _, pid in found}
    with pytest.raises(ValueError, match="found 13"):
        list(mapped(slowest_first, [1, 13, 2], 2))
    with pytest.raises(RuntimeError, match="slowest_first: a process ended with exit status 7"):
        list(mapped(slowest_first, [1, -1], 1))
    assert list(mapped(slowest_first, [], 2)) == [] and not multiprocessing.active_children()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
