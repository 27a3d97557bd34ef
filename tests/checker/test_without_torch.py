"""The commands where torch is not installed: all that does not run a transformer works, and the rest says what it lacks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forks import Forks
from tests.pages import ROOT

HIDDEN = ("torch", "functorch")


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """The command line in processes that find links to every installed package but torch, and no others."""
    folder = tmp_path_factory.mktemp("libraries")
    for place in (Path(entry) for entry in sys.path if entry.endswith("-packages")):
        for path in sorted(place.iterdir()):
            if not path.name.startswith(HIDDEN) and path.suffix != ".pth" and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    variables = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "EFASP_STORE": str(folder / "store" / "checks.sqlite")}
    forks = Forks(("-S",), os.environ | variables)
    yield forks
    forks.close()


@pytest.mark.parametrize(
    "command",
    [
        "--version",
        "run scan",
        "info --word 5",
        "check --n-max 4 --lemma gates.*",
        "audit gates.add --n-max 4",
        "audit D4 --n-max 4",  # a claim with a lemma and a table
        pytest.param("audit table-sudoku", marks=pytest.mark.slow),
        pytest.param("check --n-max 4 --list", marks=pytest.mark.slow),
        "trace sum_to --engine mdm --step 1",
    ],
)
def test_what_runs_no_transformer_works(command: str, commands: Forks) -> None:
    """The exit code is 0, and standard error is empty but for the progress of a run that takes long."""
    said = commands.call(*command.split())
    assert said.returncode == 0 and all(" batches after " in line for line in said.stderr.splitlines())


def test_what_runs_one_names_the_package(commands: Forks, tmp_path: Path) -> None:
    """Exit code 2, with a message; in JSON a file's error; of an obligation the error is its own, and the exit code 3."""
    message = "expected the package torch, which is not installed (pip install torch)"
    said = commands.call("run", "scan", "--word", "5", "--engine", "mdm")
    assert (said.returncode, said.stderr) == (2, f"efasp: --engine mdm: {message}\n")
    said = commands.call("run", "scan", "--word", "5", "--engine", "marm")
    assert (said.returncode, said.stderr) == (2, f"efasp: --engine marm: {message}\n")
    said = commands.call("run", "scan", "--word", "5", "--engine", "apmdm", "--json")
    assert (said.returncode, json.loads(said.stdout)) == (2, {"file": "scan", "error": f"--engine apmdm: {message}"})
    said = commands.call("export", "--word", "5", "--engine", "mdm", str(tmp_path / "a.safetensors"))
    assert (said.returncode, said.stderr) == (2, f"efasp: {message}\n")
    said = commands.call("check", "--n-max", "4", "--lemma", "process.codes", "--json", "-")
    ends = {(row["status"], row["method"]) for row in json.loads(said.stdout)["obligations"]}
    assert said.returncode == 3 and ends == {("error", message)}
