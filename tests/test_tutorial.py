"""The notebook of the tutorial: its cells, run in order, print what they show. By their text, without jupyter."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.pages import ROOT
from tests.test_docs import steady

NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"
PACKAGES = {"hf": "transformers", "onnx": "onnxruntime"}  # by the tag of a cell that needs an optional extra


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of code, in order."""
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def tags(cell: dict[str, Any]) -> set[str]:
    """The extras that a cell needs."""
    return set(cell["metadata"].get("tags", ())) & set(PACKAGES)


def printed(cell: dict[str, Any]) -> str:
    """What a cell shows that it printed."""
    return "".join(line for output in cell["outputs"] for line in output["text"])


def execute(chosen: list[dict[str, Any]], folder: Path) -> list[str]:
    """What cells print, in one namespace and in a folder of their own beside which the examples lie."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found, here = [], os.getcwd()
    (folder / "examples").mkdir()
    (folder / "examples" / "numpy_runner.py").symlink_to(ROOT / "examples" / "numpy_runner.py")
    os.chdir(folder / "examples")
    try:
        for number, cell in enumerate(chosen):
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
            found.append(said.getvalue())
    finally:
        os.chdir(here)
    return found


def wrong(chosen: list[dict[str, Any]], folder: Path) -> list[tuple[str, str]]:
    """Where cells print something else than they show: what they show, and what they print."""
    pairs = [(printed(cell), steady(said)) for cell, said in zip(chosen, execute(chosen, folder), strict=True)]
    return [(shown, said) for shown, said in pairs if shown != said]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with a store of verdicts and temporary files in it."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "checks.sqlite"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_notebook_prints_what_it_shows(store: Path) -> None:
    """Every cell but those that need an extra."""
    chosen = [cell for cell in cells(NOTEBOOK) if not tags(cell)]
    assert len(chosen) > 8 and wrong(chosen, store) == []


@pytest.mark.parametrize("extra", PACKAGES)
def test_cells_that_need_an_extra(extra: str, store: Path) -> None:
    """They, and those that stand before them and need none."""
    pytest.importorskip(PACKAGES[extra], reason=f"the optional package {PACKAGES[extra]} is not installed")
    chosen = [cell for cell in cells(NOTEBOOK) if tags(cell) <= {extra}]
    assert any(tags(cell) for cell in chosen) and wrong(chosen, store) == []


def test_a_cell_that_shows_something_else_is_found(store: Path) -> None:
    """Names of one cell are there in the next; a different output is found, and an error is one."""
    made = [
        {"source": [text], "metadata": {}, "outputs": [{"text": [out]}]} for text, out in (("x = 1", ""), ("print(x)", "2\n"))
    ]
    assert wrong(made, store) == [("2\n", "1\n")]
    broken = [{"source": ["print(y)"], "metadata": {}, "outputs": []}]
    (store / "other").mkdir()
    with pytest.raises(NameError):
        wrong(broken, store / "other")
