"""The house rules: imports point one way, and torch stays where it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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
