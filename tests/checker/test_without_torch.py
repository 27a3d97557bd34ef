"""The commands where torch is not installed: all that does not run a transformer works, and the rest says what it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT

HIDDEN = ("torch", "functorch")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a link to every installed package but torch."""
    folder = tmp_path_factory.mktemp("libraries")
    for place in (Path(entry) for entry in sys.path if entry.endswith("-packages")):
        for path in sorted(place.iterdir()):
            if not path.name.startswith(HIDDEN) and path.suffix != ".pth" and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return folder


def efasp(libraries: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process that finds these packages and no others."""
    variables = {"PYTHONPATH": f"{ROOT}{os.pathsep}{libraries}", "EFASP_STORE": str(libraries / "store" / "checks.sqlite")}
    command = [sys.executable, "-S", "-m", "efasp", *arguments]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


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
def test_what_runs_no_transformer_works(command: str, libraries: Path) -> None:
    """The exit code is 0, and standard error is empty but for the progress of a run that takes long."""
    said = efasp(libraries, *command.split())
    assert said.returncode == 0 and all(" batches after " in line for line in said.stderr.splitlines())


def test_what_runs_one_names_the_package(libraries: Path, tmp_path: Path) -> None:
    """Exit code 2, with a message; in JSON a file's error; of an obligation the error is its own, and the exit code 3."""
    message = "expected the package torch, which is not installed (pip install torch)"
    said = efasp(libraries, "run", "scan", "--engine", "mdm")
    assert (said.returncode, said.stderr) == (2, f"efasp: --engine mdm: {message}\n")
    said = efasp(libraries, "run", "scan", "--engine", "marm")
    assert (said.returncode, said.stderr) == (2, f"efasp: --engine marm: {message}\n")
    said = efasp(libraries, "run", "scan", "--engine", "apmdm", "--json")
    assert (said.returncode, json.loads(said.stdout)) == (2, {"file": "scan", "error": f"--engine apmdm: {message}"})
    said = efasp(libraries, "export", "--word", "5", "--engine", "mdm", str(tmp_path / "a.safetensors"))
    assert (said.returncode, said.stderr) == (2, f"efasp: {message}\n")
    said = efasp(libraries, "check", "--n-max", "4", "--lemma", "process.codes", "--json", "-")
    ends = {(row["status"], row["method"]) for row in json.loads(said.stdout)["obligations"]}
    assert said.returncode == 3 and ends == {("error", message)}
