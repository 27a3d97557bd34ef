"""The package as a user installs it: a wheel, outside any checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.pages import ROOT

PACKAGES = ("efasp", "model", "proofs", "checker", "paper_artifacts")
LEFT_OUT = {"pictures", "__pycache__", "build"}  # of a package's folder, in a wheel
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel is unpacked in; it is built from a copy, as building writes beside the sources."""
    pytest.importorskip("setuptools")
    copy, folder = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("installed")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "build"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-c", BUILD, str(folder)]
    made = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout.split()[-1]
    with zipfile.ZipFile(folder / made) as wheel:
        wheel.extractall(folder)
    return folder


def test_make_refuses_an_old_python(tmp_path: Path) -> None:
    """Before anything is made, with what was expected and what was found."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / "pyproject.toml").touch()
    old = tmp_path / "old"
    old.write_text(f"#!/bin/sh\nshift\nexec {sys.executable} -c 'import sys; sys.version_info = (3, 10); '\"$1\"\n")
    old.chmod(0o755)
    said = subprocess.run(["make", "setup", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 2 and "expected Python 3.11 or later" in said.stderr and not (tmp_path / ".venv").exists()


def efasp(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed package, in a folder, with a cache of its own."""
    own = {"PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**{name: value for name, value in os.environ.items() if name != "EFASP_STORE"}, **own}
    command = [sys.executable, "-m", "efasp", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_wheel_has_every_file_of_the_packages(installed: Path) -> None:
    """Data, templates, theories and generated tables beside the modules; a package that is a link is there once."""
    found = {path.relative_to(installed / "efasp").as_posix() for path in (installed / "efasp").rglob("*") if path.is_file()}
    for name in PACKAGES:
        inside = "" if name == "efasp" else f"{name}/"
        for path in sorted((ROOT / name).rglob("*")):
            relative = path.relative_to(ROOT / name)
            linked = name == "efasp" and relative.parts[0] in PACKAGES
            if path.is_file() and not linked and not LEFT_OUT & set(relative.parts) and path.suffix not in (".vo", ".glob"):
                assert f"{inside}{relative.as_posix()}" in found


@pytest.mark.slow
def test_an_installed_package_works(installed: Path, tmp_path: Path) -> None:
    """Programs run by their names, tables are written to a folder of the user's, claims find the tables that they rest on; the
    package itself stays as it is."""
    before = {path: path.stat().st_mtime_ns for path in installed.rglob("*") if "__pycache__" not in path.parts}
    assert efasp(installed, tmp_path, "run", "scan", "--engine", "mdm").returncode == 0
    made = efasp(installed, tmp_path, "tables", "--only", "width")
    assert made.returncode == 0 and made.stderr.endswith("efasp: wrote efasp-tables\n")
    assert (tmp_path / "efasp-tables" / "width.md").is_file()
    assert efasp(installed, tmp_path, "tables", "--only", "width", "--check").returncode == 0
    said = efasp(installed, tmp_path, "audit", "table-sudoku")
    assert said.returncode == 0 and "1 table: 22 all n" in said.stdout and "not generated" not in said.stdout
    assert efasp(installed, tmp_path, "check", "--lemma", "gates.add", "--n-max", "4", "--html", "pages").returncode == 0
    after = {path: path.stat().st_mtime_ns for path in installed.rglob("*") if "__pycache__" not in path.parts}
    assert before == after
