"""Where solvers are called, and what an answer counts for there."""

from __future__ import annotations

import re
from pathlib import Path

from efasp.checker import solvers

ROOT = Path(__file__).parents[2]
IMPORT = re.compile(r"^\s*(?:import|from) (?:z3|cvc5|bitwuzla)\b", re.MULTILINE)


def test_every_caller_of_a_solver_is_named() -> None:
    """The modules that import a solver are this one and those that its docstring lists, each with what its answers are for."""
    folders = ("efasp", "model", "proofs", "checker", "paper_artifacts")
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if IMPORT.search(path.read_text(encoding="utf-8"))
    }
    named = re.findall(r"``((?:proofs|checker|paper_artifacts)\.[\w.]+)``", solvers.__doc__ or "")
    assert {"checker.solvers"} < found and len(named) == 5
    for module in found - {"checker.solvers"}:
        assert any(f"{module}.".startswith(f"{name}.") for name in named), module
    for name in named:
        assert any(f"{module}.".startswith(f"{name}.") for module in found), name
