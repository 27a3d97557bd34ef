"""Runs by a Dask cluster give what runs by this machine's processes give, whatever is lost meanwhile.

What needs Dask is skipped where it is not installed; what starts processes of a cluster is slow.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.cli import main
from efasp.checker.pool import remote
from efasp.checker.pool.cluster import Cluster, opened
from efasp.checker.pool.pools import Processes, here
from efasp.checker.pool.scheduler import Scheduler
from efasp.checker.pool.sessions import ClusterError
from efasp.checker.pool.worker import Work
from efasp.checker.results import Row
from efasp.checker.selection import recipe_of
from efasp.checker.store import Store
from efasp.paper_artifacts.cli import main as whole

HAS_DASK = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(not HAS_DASK, reason="distributed is not installed")
ROOT = Path(__file__).parents[2]
LEMMAS = ["gates.add", "gates.sub", "gates.mul", "gates.less", "gates.equal", "gates.xor"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    with contextlib.closing(Store(tmp_path / "store.sqlite", lambda text: None)) as kept:
        yield kept


def work(n_max: int = 64, seconds: float = 60) -> Work:
    """Some lemmas about words, with their recipe."""
    recipe = recipe_of(None, n_max, LEMMAS)
    return Work(recipe.batches(), LEMMAS, ["z3"], seconds, 2048, "basis", recipe)


def timeless(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows but for their times."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


class Lossy(Processes):
    """A pool whose first worker is lost in the middle of its obligation ``at``, and begins again in another process."""

    def __init__(self, at: int) -> None:
        super().__init__(2)
        self.at = at
        self.lost = 0

    def worker(self, work: Work) -> Any:
        """The first one is a ``Twice``."""
        process, connection = super().worker(work)
        if self.lost:
            return process, connection
        self.lost = 1
        twice = Twice(self, work, process, connection)
        return twice, twice


class Twice:
    """The process and the channel of a worker, another one after the message ("start", at, ...) of the first."""

    def __init__(self, pool: Lossy, work: Work, process: Any, connection: Any) -> None:
        self.pool, self.work, self.process, self.connection = pool, work, process, connection
        self.left = self.announced = True

    def recv(self) -> Any:
        """The next message; after the one that is waited for, the first process is ended and another one speaks."""
        message = self.connection.recv()
        if self.left and message[0] == "start" and message[1] == self.pool.at:
            self.left = self.announced = False
            self.process.kill()
            self.process.join()
            self.process, self.connection = Processes(1).worker(self.work)
            self.pool.lost += 1
        self.announced = self.announced or message[0] == "ready"
        return message

    def send(self, order: Any) -> None:
        """An order; what answers the first process goes to nobody."""
        if self.announced:
            self.connection.send(order)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection if hasattr(self.connection, name) else self.process, name)


@pytest.mark.parametrize("at", [0, 2])
def test_a_lost_worker_costs_a_retry(at: int, store: Store, tmp_path: Path) -> None:
    """A worker that says in the middle of an obligation that it is ready is given its batch from that obligation on: the rows
    are those of a run in which nothing was lost, each once."""
    pool, wanted = Lossy(at), Scheduler(work(), 64, here(2), store).run()
    with contextlib.closing(Store(tmp_path / "other.sqlite", lambda text: None)) as other:
        found = Scheduler(work(), 64, pool, other).run()
    assert pool.lost == 2 and {row["status"] for row in found} == {"proved"}
    assert timeless(found) == timeless(wanted)
    assert len({row["id"] for row in found}) == len(found)


def test_batches_are_rebuilt_from_their_recipe(tmp_path: Path) -> None:
    """A recipe can be pickled; what it builds elsewhere has the same ids and texts, of a weights file without the file too."""
    recipe = pickle.loads(pickle.dumps(recipe_of(None, 64, LEMMAS)))
    mine, theirs = work().batches, recipe.batches()
    assert [batch.id for batch in mine] == [batch.id for batch in theirs]
    assert [o.hash for batch in mine[:2] for o in batch.build()] == [o.hash for batch in theirs[:2] for o in batch.build()]


@pytest.mark.parametrize("address", ["local:0", "local:x", "local:", "local:-1", "nowhere", "tcp://", "a b:1", ""])
def test_an_address_that_is_none_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the parser of each command, with exit code 2, and the option is named."""
    for command in ("check", "certify"):
        with pytest.raises(SystemExit) as error:
            main([command, "--cluster", address])
        assert error.value.code == 2 and "argument --cluster: expected" in capsys.readouterr().err


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """With exit code 2, before anything is discharged."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["check", "--lemma", "gates.add", "--cluster", "local:2", "--no-cache"]) == 2
    assert capsys.readouterr().err == (
        "efasp: --cluster: expected the package distributed, which is not installed (pip install 'efasp[cluster]')\n"
    )


@needs_dask
@pytest.mark.parametrize(
    ("address", "said"), [("tls://127.0.0.1:1", "certificates"), ("http://127.0.0.1:1", "unknown address")]
)
def test_a_protocol_that_dask_cannot_speak_is_refused(address: str, said: str, capsys: Any) -> None:
    """At once, with the reason alone."""
    assert main(["check", "--lemma", "gates.add", "--cluster", address, "--no-cache"]) == 2
    found = capsys.readouterr().err
    assert said in found and found.count("\n") == 1


def test_it_is_refused_for_a_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`efasp check FILE` discharges in one process."""
    file = tmp_path / "f.efasp"
    file.write_text("vocabulary a b\nsame = tokens\n", encoding="utf-8")
    assert whole(["check", str(file), "--cluster", "local:2"]) == 2
    assert "--cluster: expected it without FILE" in capsys.readouterr().err


@needs_dask
def test_a_machine_that_is_not_as_this_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first thing in which it differs: a version, or the sources."""
    mine = remote.identity()
    assert remote.differences(mine, mine) == ""
    assert remote.differences({**mine, "z3-solver": "0.1"}, mine) == (
        f"expected z3-solver {mine['z3-solver']}, as here, found 0.1"
    )
    other = remote.differences({**mine, "sources of efasp": "f" * 64}, mine)
    assert other == f"expected sources of efasp {mine['sources of efasp'][:12]}, as here, found {'f' * 12}"


@needs_dask
def test_an_address_where_nobody_answers(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 after some seconds, and no message of Dask's."""
    monkeypatch.setattr("efasp.checker.pool.cluster.CONNECT", 0.2)
    assert main(["check", "--lemma", "gates.add", "--cluster", "127.0.0.1:1", "--no-cache"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(
        "efasp: --cluster: expected the address of a Dask scheduler (HOST:PORT) or local:N, found 127.0.0.1:1"
    )


# With processes of a cluster.


@needs_dask
@pytest.mark.slow
def test_a_run_in_which_a_worker_is_killed(store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Two worker processes, one killed in mid-run: the rows are those of a run on this machine, and Dask says nothing."""
    wanted = Scheduler(work(), 64, here(2), store).run()
    with contextlib.closing(Store(tmp_path / "other.sqlite", lambda text: None)) as other, opened("local:2", None) as pool:
        assert isinstance(pool, Cluster)
        pids = list(pool.client.run(os.getpid).values())
        killed: list[int] = []

        def progress(rows: list[Row], done: int) -> None:
            if rows and not killed:
                killed.append(pids[0])
                os.kill(pids[0], signal.SIGKILL)

        scheduler = Scheduler(work(), 64, pool, other, progress)
        found = scheduler.run()
        assert killed and pids[0] not in pool.client.run(os.getpid).values()
        # Calls and chunks by the same cluster.
        assert list(pool.mapped(twice, range(9))) == [2 * i for i in range(9)]
    assert timeless(found) == timeless(wanted)
    assert capfd.readouterr() == ("", "")
    assert not any(map(alive, pids))


def twice(number: int) -> int:
    """A function of a module, for a cluster's processes."""
    return 2 * number


def alive(pid: int) -> bool:
    """Whether there is a process that has not ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0] not in "ZX"
    return False


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program of Dask, ended after the test."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", *arguments], env=environment, text=True, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@needs_dask
@pytest.mark.slow
def test_a_scheduler_that_is_lost(store: Store, tmp_path: Path) -> None:
    """The run ends with a message, and what was discharged is in the store."""
    file = tmp_path / "scheduler.json"
    scheduler = ("distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    worker = ("distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-dashboard", "--no-nanny", "--nthreads", "2")
    with started(*scheduler) as first, started(*worker, "--local-directory", str(tmp_path)):
        until(file.exists)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        with opened(address, None) as pool:
            rows: list[Row] = []

            def progress(found: list[Row], done: int) -> None:
                if found and first.poll() is None:
                    first.kill()

            lost = Scheduler(work(1 << 20), 1 << 20, pool, store, progress)
            with pytest.raises(ClusterError, match=r"the scheduler was lost .* discharged so far are stored"):
                lost.run()
            rows = lost.ordered()
    assert rows
    again = Scheduler(work(1 << 20), 1 << 20, here(2), store).run()
    assert {row["id"] for row in again if row["cached"]} >= {row["id"] for row in rows}


@needs_dask
@pytest.mark.slow
def test_a_worker_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is discharged; the worker and the difference are named."""
    monkeypatch.setattr("efasp.checker.pool.remote.__version__", "9.9")
    said = r"--cluster local:1: the worker tcp://\S+: expected efasp 9.9, as here, found "
    with pytest.raises(ClusterError, match=said), opened("local:1", None):
        pass


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


@needs_dask
@pytest.mark.slow
def test_a_signal_ends_the_cluster_too(tmp_path: Path) -> None:
    """Ctrl-C: what was discharged is reported, the exit code is the signal's, and no process is left."""
    command = [sys.executable, "-m", "efasp", "check", "--n-max", str(1 << 40), "--cluster", "local:2", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, text=True, start_new_session=True, **pipes)

    def below() -> set[int]:
        return set(descendants(process.pid))

    until(lambda: sum("efasp.checker.pool.rebuilt" in line(pid) for pid in below()) == 2)
    time.sleep(5)
    known = below()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "interrupted" in out
    assert err.splitlines()[-1] == "efasp: interrupted" and "Traceback" not in err and "distributed" not in err
    until(lambda: not any(map(alive, known)), 20)
    assert not list(tmp_path.iterdir())


def line(pid: int) -> str:
    """The command line of a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    return ""


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that these have."""
    left = deque([pid])
    while left:
        for task in Path(f"/proc/{left.popleft()}/task").glob("*"):
            with contextlib.suppress(OSError):
                for child in map(int, (task / "children").read_text(encoding="utf-8").split()):
                    left.append(child)
                    yield child
