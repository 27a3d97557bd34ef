"""The house rules: imports point one way, torch stays where it is used, and optional programs are asked for by marked tests."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import hidden
from tests.optional import PROGRAMS

ROOT = Path(__file__).parents[1]
ORDER = ("efasp", "model", "proofs", "checker", "paper_artifacts")
TORCH_ROOMS = {"model/transformer.py", "model/decode.py", "model/weights.py"}


def imports(path: Path) -> set[str]:
    """The top-level packages that a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def wrong(path: Path, package: str) -> set[str]:
    """Packages of this project that a module of ``package`` may not import."""
    return imports(path) & set(ORDER[ORDER.index(package) + 1 :])


@pytest.mark.parametrize("package", ORDER)
def test_imports_point_one_way(package: str) -> None:
    """efasp <- model <- proofs <- checker <- paper_artifacts."""
    for path in sorted((ROOT / package).rglob("*.py")):
        assert not wrong(path, package), path


def test_a_wrong_import_is_found(tmp_path: Path) -> None:
    """The test above can fail."""
    (tmp_path / "bad.py").write_text("def f():\n    from model.plan import Plan\n")
    assert wrong(tmp_path / "bad.py", "efasp") == {"model"}


def test_efasp_needs_numpy_at_most() -> None:
    """The language and the machine import the standard library and numpy only."""
    allowed = set(sys.stdlib_module_names) | {"numpy", "efasp"}
    for path in sorted((ROOT / "efasp").rglob("*.py")):
        assert imports(path) <= allowed, path


def test_torch_is_imported_in_its_rooms_only() -> None:
    """Only the transformer, decoding and weights import torch."""
    users = {str(p.relative_to(ROOT)) for package in ORDER for p in (ROOT / package).rglob("*.py") if "torch" in imports(p)}
    assert users <= TORCH_ROOMS


@pytest.mark.parametrize(("module", "expected"), [("proofs.register", "False"), ("model.transformer", "True")])
def test_importing_proofs_does_not_load_torch(module: str, expected: str) -> None:
    """In a fresh process; the second case shows that the first can fail."""
    script = f"import sys, {module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == expected


# Optional programs.


ASKS = {"which": lambda name: shutil.which(name), "run": lambda name: subprocess.run([name, "--version"])}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_optional_program_is_not_asked_for_unseen(ask) -> None:
    """A test that looks for one, or runs it, and carries no mark fails; other programs are as they were."""
    for name in ("coqc", "/usr/bin/cadical", "ocamlopt.opt"):
        with pytest.raises(pytest.fail.Exception, match=f"{name} is optional"):
            ask(name)
    ask(sys.executable)


@pytest.mark.asks_for("coqc")
def test_a_mark_names_the_programs() -> None:
    """The one that is named may be asked for, another may not."""
    shutil.which("coqc")
    with pytest.raises(pytest.fail.Exception, match="cadical is optional"):
        shutil.which("cadical")


@pytest.mark.needs("coqc")
def test_a_test_that_needs_a_program_is_skipped_without_it() -> None:
    """Where this runs, the program is here."""
    assert shutil.which("coqc")


@pytest.mark.asks_for(*PROGRAMS)
def test_programs_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees every program of the PATH but the optional ones, and its exit status is passed on."""
    for name in ("coqc", "coqtop", "ocamlopt.opt", "cadical", "chromium-browser", "efasp-other"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 7\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), str(tmp_path / "none"), os.environ["PATH"]]))
    shell = str(shutil.which("sh"))
    assert hidden.main([shell, "-c", "efasp-other"]) == 7
    for name in ("coqc", "coqtop", "ocamlopt.opt", "cadical", "chromium-browser"):
        assert hidden.main([shell, "-c", f"command -v {name}"]) not in (0, 2)
    assert hidden.main([]) == 2
