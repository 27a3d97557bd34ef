"""The public interface: names of the package itself, imported when they are asked for."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import efasp
from efasp import language
from efasp.pram import machine

ROOT = Path(__file__).parents[2]


def test_every_public_name_is_what_it_names() -> None:
    """Each is found, by the name that it is listed under or another, and none is a module of the package too."""
    for name, where in efasp.PUBLIC.items():
        module, _, attribute = where.partition(":")
        assert getattr(efasp, name) is getattr(sys.modules[module], attribute)
        assert find_spec(f"efasp.{name}") is None, f"efasp.{name} would be a module once that is imported"
    assert set(efasp.PUBLIC) < set(dir(efasp))


def test_the_stub_lists_the_same_names() -> None:
    """Type checkers see what there is."""
    stub = (ROOT / "efasp" / "__init__.pyi").read_text(encoding="utf-8")
    seen = {line.rpartition(" as ")[2] for line in stub.splitlines() if line.startswith("from ") and " as " in line}
    assert seen | {"compile"} == set(efasp.PUBLIC) and "compile = compile_machine" in stub


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="'efasp' has no attribute 'nothing'"):
        efasp.nothing  # noqa: B018


def test_the_version_is_the_projects() -> None:
    """One number, in pyproject.toml."""
    assert efasp.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_importing_the_package_loads_no_library() -> None:
    """Not even numpy, in a fresh process."""
    script = "import sys, efasp; print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "torch", "z3", "rich"} & set(done.stdout.split())


def test_a_program_runs_alike_by_the_machine_and_in_both_transformers() -> None:
    """``assemble`` and ``run``."""
    program = efasp.assemble("mov r1, 7\nst r1, [r2]\nhalt\n", word=5)
    expected = machine.run(program, 100)
    for engine in ("reference", "mdm", "apmdm"):
        run = efasp.run(program, engine, 100)
        assert (run.configuration, run.steps) == (expected.configuration, 3)
    with pytest.raises(ValueError, match="engine"):
        efasp.run(program, "none")


def test_check_discharges_obligations() -> None:
    """With the options of the command by name; the rows are its JSON's."""
    report = efasp.check(lemma=["gates.step.*"], jobs=1, no_cache=True)
    assert report.exit_code == 0
    assert {row["status"] for row in report.rows} == {"proved"} and len(report.rows) > 5


def test_the_language_has_every_operator() -> None:
    """Each derived operator's definition, under its name, is one of ``efasp.language``."""
    listed = {getattr(language, name) for name in language.__all__ if name != "OPERATORS"}
    assert {operator.name for operator in language.OPERATORS.values() if operator.build not in listed} <= {"borrows", "carries"}
