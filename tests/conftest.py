"""Hypothesis without deadlines (machines differ), and in CI with the same examples every time; marks of optional programs.

``@pytest.mark.needs("coqc")``: the test is skipped where the program is not installed. ``@pytest.mark.asks_for("coqc")``: it
may run the program, and holds without it. `.ci/run` runs the tests with these marks once more where the programs are hidden; a
test that asks for an optional program and carries no mark fails.
"""

import os
import shutil
import subprocess
from collections.abc import Generator
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import settings

from tests.optional import PROGRAMS, is_optional, path_of

# A test process a core: threads besides would wait for each other most of the time. Before torch is imported.
os.environ["OMP_NUM_THREADS"] = "1"
# The width of tables is that of a command without a terminal, in every worker.
os.environ.pop("COLUMNS", None)
# Processes that tests start find the package compiled, by an earlier one: half of the start of a command is compilation else.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Standard output of a process that tests start is buffered, as users have it.
os.environ.pop("PYTHONUNBUFFERED", None)
settings.register_profile("here", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=500, derandomize="CI" in os.environ)  # of `make slow`
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marks known."""
    config.addinivalue_line(
        "markers", "slow: takes long, or is a larger size of another test; `make test` leaves it to `make slow`"
    )
    config.addinivalue_line("markers", "needs(*programs): skipped where an optional program is not installed")
    config.addinivalue_line("markers", "asks_for(*programs): holds with and without these optional programs")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose programs are not here."""
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    if lacking := [name for name in needed if path_of(name) is None]:
        pytest.skip(f"not installed: {', '.join(lacking)}")


NO_TORCH = find_spec("torch") is None
LACKS_TORCH = ("No module named 'torch'", "expected the package torch, which is not installed")


def skipped(report: Any, where: Any) -> Any:
    """Of an environment without torch: a failure whose report says that torch is not installed is a skip for this reason."""
    told = "\n".join([str(report.longrepr), *(text for _, text in report.sections)])
    if NO_TORCH and report.failed and any(words in told for words in LACKS_TORCH):
        report.outcome, report.longrepr = "skipped", (str(where), 0, "Skipped: torch is not installed")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """A module of tests that imports torch."""
    return skipped((yield), collector.path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that imports torch, or runs a command that needs it."""
    return skipped((yield), item.path)


@pytest.fixture(autouse=True)
def declared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test looks for an optional program, or runs one, its mark names it."""
    marks = [mark for kind in ("needs", "asks_for") for mark in request.node.iter_markers(kind)]
    named = {known for mark in marks for name in mark.args for known in PROGRAMS[name]}
    which, start = shutil.which, subprocess.Popen.__init__

    def watched(program: Any) -> None:
        if is_optional(str(program)) and os.path.basename(program) not in named:
            pytest.fail(f"{program} is optional: expected @pytest.mark.needs or asks_for to name it, found no such mark")

    def seen_which(program: Any, *rest: Any, **more: Any) -> Any:
        watched(program)
        return which(program, *rest, **more)

    def seen_start(self: Any, command: Any, *rest: Any, **more: Any) -> None:
        watched(command if isinstance(command, str) else command[0])
        start(self, command, *rest, **more)

    monkeypatch.setattr(shutil, "which", seen_which)
    monkeypatch.setattr(subprocess.Popen, "__init__", seen_start)
