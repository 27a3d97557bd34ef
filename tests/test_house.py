"""The house rules: imports point one way, torch stays where it is used, and optional programs are asked for by marked tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from efasp.proofs import registry
from efasp.proofs.obligation import Regime
from tests import hidden
from tests.imports import Tree
from tests.optional import PROGRAMS

ROOT = Path(__file__).parents[1]
ORDER = ("efasp", "model", "proofs", "checker", "paper_artifacts")
TORCH_ROOMS = {"model/transformer.py", "model/decode.py", "model/weights.py", "model/device.py", "model/threads.py"}
TORCH_ROOMS |= {"model/learned/floats.py", "model/learned/training.py"}
HEAVY = {"torch", "z3", "cvc5", "bitwuzla", "sympy", "mpmath", "matplotlib", "numba", "networkx", "jinja2"}  # slow, or optional
HEAVY |= {"transformers", "onnx", "onnxruntime", "dask", "distributed"}
TREE = Tree(ROOT, ORDER, within="efasp")


def test_imports_point_one_way() -> None:
    """efasp <- model <- proofs <- checker <- paper_artifacts."""
    assert not TREE.upward()


def test_no_files_import_each_other() -> None:
    """Imports within functions, and those for the type checker, counted too."""
    assert not TREE.cycles()


def test_torch_is_imported_in_its_rooms_only() -> None:
    """Only the transformer, decoding, weights and devices import torch."""
    assert TREE.users("torch") <= TORCH_ROOMS


def test_an_import_within_a_function_keeps_a_heavy_library_out_of_a_start() -> None:
    """All others stand at the top of their file."""
    assert not TREE.inner(HEAVY)


def test_efasp_needs_numpy_at_most() -> None:
    """The language and the machine import the standard library and numpy only."""
    allowed = set(sys.stdlib_module_names) | {"numpy", "efasp"}
    assert {one.top for name, found in TREE.imports.items() if TREE.package(name) == "efasp" for one in found} <= allowed


SMALL = {
    "low/shapes.py": "class Shape: ...",
    "low/wide.py": "import torch",
    "high/user.py": "from low.shapes import Shape\ndef draw():\n    from low import wide\n    import z3",
    "high/plain.py": "from high.user import draw",
}
WRONG = [
    ("upward", "low/shapes.py", "import high.plain", ["low.shapes:1: high.plain"]),
    ("upward", "low/shapes.py", "def f():\n    from high.plain import draw", ["low.shapes:2: high.plain.draw"]),
    ("cycles", "high/user.py", "from high import plain", [["high.plain", "high.user"]]),
    ("cycles", "high/user.py", "def draw():\n    from high.plain import draw", [["high.plain", "high.user"]]),
    ("cycles", "high/user.py", "if TYPE_CHECKING:\n    import high.plain", [["high.plain", "high.user"]]),
    ("cycles", "low/shapes.py", "import high.plain", [["high.plain", "high.user", "low.shapes"]]),
    ("inner", "high/user.py", "def draw():\n    from low.shapes import Shape", ["high.user:2: low.shapes.Shape"]),
    ("inner", "high/user.py", "def draw():\n    from low import shapes, wide", ["high.user:2: low.shapes"]),
    ("inner", "high/user.py", "def draw():\n    import json", ["high.user:2: json"]),
]  # fmt: skip


def test_a_wrong_import_is_found_by_its_name_within_another_package(tmp_path: Path) -> None:
    """Where folders are imported as parts of the first, an import of one that comes after is upward, and a cycle is one."""
    small(tmp_path, **{"low/shapes.py": "import low.high.plain", "high/user.py": "from low.high import plain"})
    (tmp_path / "high" / "plain.py").write_text("from low.high.user import draw\n")
    tree = Tree(tmp_path, ("low", "high"), within="low")
    assert tree.upward() == ["low.shapes:1: low.high.plain"]
    assert tree.cycles() == [["low.high.plain", "low.high.user"]]


def small(folder: Path, **changed: str) -> Tree:
    """A made-up tree of two packages, with some files changed."""
    for name, text in {**SMALL, **changed}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text + "\n")
    return Tree(folder, ("low", "high"))


def ask(tree: Tree, check: str) -> object:
    """What a check says of a tree."""
    return tree.inner(HEAVY) if check == "inner" else getattr(tree, check)()


@pytest.mark.parametrize(("check", "file", "text", "wrong"), WRONG)
def test_a_wrong_import_is_found(tmp_path: Path, check: str, file: str, text: str, wrong: list[object]) -> None:
    """Each of the checks above can fail; it has nothing to say of the small tree as it is."""
    assert ask(small(tmp_path), check) == []
    assert ask(small(tmp_path, **{file: text}), check) == wrong


def test_a_use_of_a_library_is_found(tmp_path: Path) -> None:
    """Within a function, and of a part of the library, too; a relative import is refused."""
    assert small(tmp_path).users("torch") == {"low/wide.py"}
    assert small(tmp_path, **{"high/user.py": "def f():\n    from torch import nn"}).users("torch") == {
        "low/wide.py",
        "high/user.py",
    }
    with pytest.raises(ValueError, match="found a relative one"):
        small(tmp_path, **{"high/user.py": "from . import plain"}).cycles()


@pytest.mark.parametrize(
    ("module", "loaded"),
    [("efasp.proofs.registry", set()), ("efasp.paper_artifacts.cli", set()), ("efasp.model.transformer", {"torch"})],
)
def test_a_start_loads_no_heavy_library(module: str, loaded: set[str]) -> None:
    """In a fresh process; the last case shows that the others can fail."""
    if loaded:
        pytest.importorskip("torch", reason="torch is not installed")
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    found = HEAVY & set(done.stdout.split())
    assert loaded <= found and (loaded or not found)


def test_the_order_of_lemmas_is_the_same_whatever_was_imported_before() -> None:
    """In fresh processes, one of which imports the families backwards."""
    backwards = "".join(f"import {family.__name__}; " for family in reversed(registry.FAMILIES))
    script = "import efasp.proofs.registry as r; print(*(f'{build.__module__}.{build.__name__}' for build in r.LEMMAS))"
    orders = {
        subprocess.run([sys.executable, "-c", first + script], capture_output=True, text=True, check=True, cwd=ROOT).stdout
        for first in ("", backwards)
    }
    assert len(orders) == 1


def test_a_lemma_stands_in_the_files_of_its_family() -> None:
    """The lemma family.name is registered by a file whose name begins with family."""
    listed = {
        (build.__module__.rpartition(".")[2], name) for build in registry.LEMMAS for b in build(Regime(64)) for name in b.lemmas
    }
    assert len(listed) > 200 and not {(file, name) for file, name in listed if not file.startswith(name.partition(".")[0])}


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
