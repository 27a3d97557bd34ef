"""What CONTRIBUTING.md and docs/architecture.md say: every recipe is carried out, every name and every file is there.

A recipe is carried out on a copy of the repository, block by block: of kind ``diff`` (a change of ``file``), with ``at-end-of``
(what is appended to that file), with ``file`` (a new file), and of kind ``sh`` (commands, each in a process of its own).
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.errors import UsageError
from efasp.checker.mutation import constructions
from efasp.checker.mutation.constructions import Budget
from efasp.checker.pool.pools import Processes
from efasp.checker.selection import selected
from efasp.checker.store import Store
from efasp.proofs.mutation.mutants import FOLDER, read
from efasp.proofs.obligation import Regime
from efasp.proofs.registry import matches
from efasp.proofs.statements import statements
from tests.pages import ROOT, Fence, headings, parts, prose
from tests.test_docs import broken

CONTRIBUTING, ARCHITECTURE = ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"
PACKAGES = ("efasp", "model", "proofs", "checker", "paper_artifacts")
OPERATOR, LEMMA, MUTANT, PROGRAM = (f"How to add {what}" for what in ("an operator", "a lemma", "a mutant", "a program"))

# Recipes.


def recipe(heading: str) -> list[Fence]:
    """The blocks under a heading of CONTRIBUTING.md, in order."""
    found: list[Fence] = []
    here = False
    for part in parts(CONTRIBUTING.read_text(encoding="utf-8")):
        if isinstance(part, str):
            here = part == f"## {heading}" if part.startswith("## ") else here
        elif here:
            found.append(part)
    return found


def copied(to: Path) -> Path:
    """A copy of what the recipes change and run, with its links as links."""
    ignored = shutil.ignore_patterns("generated", "pictures")
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, to / name, symlinks=True, ignore=ignored)
    shutil.copy(ROOT / "programs", to, follow_symlinks=False)
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


def changed(text: str, lines: Sequence[str]) -> str:
    """A text with a change: lines that stay or go (`` ``, ``-``), which stand in it once, and lines that come (``+``)."""
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in (kept, "", " ")) for kept in "-+")
    found = f"\n{text}".count(f"\n{old}")
    if found != 1:
        raise ValueError(f"expected these lines once, found them {found} times:\n{old}")
    return f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]


def write(blocks: Iterable[Fence], root: Path) -> None:
    """Carry out the blocks of a recipe that are not commands."""
    for block in blocks:
        kind, _, option = block.info.partition(" ")
        if kind == "sh":
            continue
        place, _, name = option.partition("=")
        path, text = root / name, "".join(f"{line}\n" for line in block.lines)
        if kind == "diff":
            path.write_text(changed(path.read_text(encoding="utf-8"), block.lines), encoding="utf-8")
        elif place == "at-end-of":
            gap = "\n\n" if kind == "python" else "\n"
            path.write_text(f"{path.read_text(encoding='utf-8')}{gap}{text}", encoding="utf-8")
        else:
            assert place == "file" and not path.exists(), block.info
            path.write_text(text, encoding="utf-8")


def commands(blocks: Iterable[Fence]) -> list[list[str]]:
    """The commands of a recipe, split."""
    lines = "\n".join(line for block in blocks if block.info == "sh" for line in block.lines).replace("\\\n", " ")
    return [shlex.split(line) for line in lines.splitlines()]


PROGRAMS = {
    ".venv/bin/python": [sys.executable],
    ".venv/bin/efasp": [sys.executable, "-m", "efasp.paper_artifacts.cli"],
}


def ran(command: Sequence[str], root: Path) -> tuple[int, str, dict[str, Any]]:
    """The exit code of a command in a copy, what it says, and the report of `efasp check`."""
    report = root / "report.json"
    words = [*PROGRAMS[command[0]], *command[1:]]
    if command[1] == "check":
        words += ["--jobs", "1", "--json", str(report)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "EFASP_"))}
    env = {**kept, "PYTHONPATH": str(root), "EFASP_STORE": str(root / "store.sqlite"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, check=False)
    found = json.loads(report.read_text(encoding="utf-8")) if command[1] == "check" and report.exists() else {}
    return done.returncode, done.stdout + done.stderr, found


def carried_out(heading: str, root: Path) -> list[tuple[str, dict[str, Any]]]:
    """A recipe, whole: what each of its commands says, with the report of `efasp check`; each exits with 0, and what the recipe
    writes is as `make lint` wants it."""
    blocks = recipe(heading)
    write(blocks, copied(root))
    said = []
    for command in commands(blocks):
        code, text, report = ran(command, root)
        assert code == 0, f"{shlex.join(command)}\n{text}"
        said.append((text, report))
    assert said
    sources = [name for block in blocks if (name := block.info.partition("=")[2]).endswith(".py")]
    for check in (["check"], ["format", "--check"]) if sources else ():
        code, text, _ = ran([".venv/bin/python", "-m", "ruff", *check, *sources], root)
        assert code == 0, text
    return said


def passed(text: str) -> int:
    """How many tests passed, by what pytest says."""
    (count,) = re.findall(r"(\d+) passed", text)
    return int(count)


def test_an_operator(tmp_path: Path) -> None:
    """It is registered and listed, equals its specification, has a lemma that is discharged and a mutant that is killed, and
    its rows are exported to Rocq; here it is not known."""
    with pytest.raises(UsageError, match=r"gates\.without"):
        selected(Regime(32), ["gates.without"])
    (_, report), _, _, (tests, _) = carried_out(OPERATOR, tmp_path)
    assert {(row["lemma"], row["status"]) for row in report["obligations"]} == {("gates.without", "proved")}
    assert (report["mutants"]["killed"], report["mutants"]["survived"]) == (1, 0)
    assert report["mutants"]["lemmas without"] == []
    rows = (tmp_path / "proofs" / "rocq" / "Generated.v").read_text(encoding="utf-8")
    assert "Example without_2 :" in rows and "Example without_5 :" in rows
    assert passed(tests) >= 5


def test_an_operator_without_the_step_that_names_it(tmp_path: Path) -> None:
    """A recipe with one block left out is noticed: the lemma of the operator is not found."""
    blocks = recipe(OPERATOR)
    left = [block for block in blocks if block.info != "diff file=proofs/lemmas/gates.py"]
    assert len(left) == len(blocks) - 1
    write(left, copied(tmp_path))
    code, text, _ = ran(commands(blocks)[0], tmp_path)
    assert code == 2 and "gates.without, which none matches" in text


@pytest.mark.needs("coqc")
def test_the_theorem_about_an_operator(tmp_path: Path) -> None:
    """The kernel takes the recipe's theorem, and finds the exported rows equal to those that it speaks of."""
    write(recipe(OPERATOR), copied(tmp_path))
    made = "from efasp.proofs.rocq import export; print(*export.pointwise(5, ['without']))"
    code, rows, _ = ran([".venv/bin/python", "-c", made], tmp_path)
    assert code == 0, rows
    folder = tmp_path / "proofs" / "rocq"
    (folder / "Rows.v").write_text(f"From Efasp Require Import Form Gates.\n{rows}", encoding="utf-8")
    for name in ("Form", "Gates", "Rows"):
        subprocess.run(["coqc", "-q", "-Q", ".", "Efasp", f"{name}.v"], cwd=folder, check=True)


def test_a_lemma(tmp_path: Path) -> None:
    """It is found, has a statement and serves a claim, is discharged for all n, and its mutant is killed; no hypothesis is
    without use."""
    _, (_, report), (tests, _) = carried_out(LEMMA, tmp_path)
    (row,) = report["obligations"]
    assert (row["id"], row["status"], row["scope"]) == ("gates.undone[]", "proved", "all n")
    assert [m["status"] for m in report["mutants"]["matrix"]] == ["killed"]
    assert report["mutants"]["matrix"][0]["countermodel"]["replayed"] is True
    assert [h["matters"] for h in report["mutants"]["hypotheses"]["dropped"]] == [1, 1]
    assert passed(tests) == 2


def test_a_mutant(tmp_path: Path) -> None:
    """It is read and killed, by the lemma that it names."""
    ((_, report),) = carried_out(MUTANT, tmp_path)
    (row,) = (row for row in report["mutants"]["matrix"] if "any bit below" in row["mutant"])
    assert row["status"] == "killed" and row["by"] == ["gates.increment[w=8]"]


def test_a_mutant_that_changes_nothing(tmp_path: Path) -> None:
    """The same entry with a change that is none is not killed."""
    path = tmp_path / "gates.toml"
    (block,) = (block for block in recipe(MUTANT) if block.info.startswith("toml"))
    path.write_text((FOLDER / path.name).read_text(encoding="utf-8") + "\n" + "\n".join(block.lines), encoding="utf-8")
    mutant = replace(read(path)[-1], new="carry = concat(*(all_(a[0:i]) for i in range(1, w + 1)))")
    store = Store(None, pytest.fail)
    (outcome,) = constructions.run([mutant], Budget(Processes(1), ("z3",), 60.0, 4096), store)
    store.close()
    assert outcome.status == "survived"


def test_a_program(tmp_path: Path) -> None:
    """It is assembled, runs in a transformer, and gives what its oracle says on every engine."""
    (run, _), (tests, _) = carried_out(PROGRAM, tmp_path)
    assert "halted after 7 steps (apmdm, 8 processors, 16-bit words)" in run
    assert "memory 6 2 9 5 1 4 1 3" in run
    assert passed(tests) >= 20


def test_a_change_stands_in_one_place() -> None:
    """Lines come and go where the others stand, once; whole lines are compared."""
    text = "a\nb\nc\na\n"
    assert changed(text, [" b", "+x", "+", " c"]) == "a\nb\nx\n\nc\na\n"
    assert changed(text, ["-a", "-b", "+y"]) == "y\nc\na\n"
    assert changed("ab\nb\n", ["-b"]) == "ab\n"
    for wrong in ([" a", "+x"], ["-z"]):
        with pytest.raises(ValueError, match="expected these lines once"):
            changed(text, wrong)


def test_the_commands_are_targets() -> None:
    """Every ``make`` of both pages is a target of the Makefile."""
    targets = set(re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for page in (CONTRIBUTING, ARCHITECTURE):
        named = set(re.findall(r"`make (\w+)`", page.read_text(encoding="utf-8")))
        assert named and named <= targets


def test_links_resolve() -> None:
    """Those of CONTRIBUTING.md, which is not a page of docs/."""
    assert broken(CONTRIBUTING) == []


# The architecture.

SPAN = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"[a-z_]\w*(?:\.\w+)+")
SUFFIXES = (".py", ".toml", ".md", ".v", ".ml", ".pram")


def spans(text: str) -> list[str]:
    """What stands in backticks outside of fenced blocks."""
    return SPAN.findall(prose(text))


def is_there(name: str) -> bool:
    """Whether a dotted name is a module's, or that of something in it."""
    words = name.split(".")
    words = words if words[0] == "efasp" else ["efasp", *words]
    for length in range(len(words), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(words[:length]))
        except ModuleNotFoundError:
            continue
        for word in words[length:]:
            if not hasattr(found, word):
                return word in getattr(found, "__dataclass_fields__", ())
            found = getattr(found, word)
        return True
    return False


def missing(text: str) -> list[str]:
    """The spans of a page that name what is not there: a file (or glob), a folder, a module or its contents, or lemmas."""
    families = {lemma.partition(".")[0] for lemma in statements()}
    out = []
    folder = ""
    for line in prose(text).splitlines():
        if line.startswith("#"):
            heading = re.search(r"`([\w/]+/)`", line)
            folder = heading[1] if heading else ""
        for span in SPAN.findall(line):
            if span.endswith((*SUFFIXES, "/", "/*")):
                good = any(ROOT.glob(span)) or (folder and any((ROOT / folder).glob(span)))
            elif NAME.fullmatch(span.removesuffix(".*")):
                first, here = span.partition(".")[0], [name for name in statements() if matches(name, [span])]
                good = bool(here) if first in families else is_there(span)
            else:
                continue
            if not good:
                out.append(span)
    return out


def listed_files(text: str) -> dict[str, set[str]]:
    """The folders that have a heading of their own, each with the files and globs of its table's first column."""
    listed: dict[str, set[str]] = {}
    folder = ""
    for line in prose(text).splitlines():
        if line.startswith("#"):
            heading = re.search(r"`([\w/]+/)`", line)
            folder = heading[1] if heading else ""
        elif folder and line.startswith("|"):
            listed.setdefault(folder, set()).update(SPAN.findall(line.split("|")[1]))
    return listed


def unmentioned(text: str, root: Path) -> list[str]:
    """The folders with modules that the page has no table of, and the modules that no entry of their folder's table covers."""
    known, out = listed_files(text), []
    for name in PACKAGES:
        for path in sorted((root / name).rglob("*.py")):
            folder = f"{path.parent.relative_to(root).as_posix()}/"
            if folder not in known:
                out.append(folder)
            elif path.name != "__init__.py" and not any(fnmatchcase(path.name, glob) for glob in known[folder]):
                out.append(f"{folder}{path.name}")
    return sorted(set(out))


def test_the_page_names_what_is_there() -> None:
    """Every file, folder, function and lemma that the architecture names exists; there are many."""
    pytest.importorskip("torch", reason="torch is not installed")
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert missing(text) == []
    assert len([span for span in spans(text) if NAME.fullmatch(span)]) > 100


def test_the_page_names_every_folder() -> None:
    """Every folder of the packages has its table, and every module of it an entry."""
    assert unmentioned(ARCHITECTURE.read_text(encoding="utf-8"), ROOT) == []


def test_what_is_not_there_is_found() -> None:
    """A module, an attribute, a file, a file of a folder's table, a lemma."""
    good = "`model.plan.Plan.forward`, `efasp.pram.machine`, `proofs.obligation.Obligation.lemma`, `gates.*`, `model/plan.py`\n"
    table = "### `model/`\n| files | hold |\n|---|---|\n| `plan.py` | plans |\n"
    assert missing(good + table) == []
    for bad in ("model.plans", "model.plan.Plans", "model.plan.Plan.backward", "model/plans.py", "models/", "gates.nothing"):
        assert missing(f"{good}`{bad}`") == [bad]
    assert missing(table.replace("plan.py", "gates.py")) == ["gates.py"]


def test_what_is_not_mentioned_is_found(tmp_path: Path) -> None:
    """A folder without a table, a module without an entry."""
    for name in ("efasp/a.py", "efasp/b/__init__.py", "model/c.py", "model/cd.py", "proofs/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    page = "### `efasp/`\n| files | hold |\n|---|---|\n| `a.py` | a |\n### `model/`\n| `c.py`, `x*.py` | c |\n"
    assert unmentioned(page, tmp_path) == ["efasp/b/", "model/cd.py", "proofs/"]


def test_the_three_ways_have_their_headings() -> None:
    """The parts of the page that others link to."""
    wanted = ["The square of readings", "The packages", "From a program to its result"]
    wanted += ["From an obligation to its verdict", "From a weights file to its verdict", "Where state is kept"]
    assert set(wanted) <= set(headings(ARCHITECTURE.read_text("utf-8")))
