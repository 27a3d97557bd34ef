"""The README's audit of a lemma, step by step as it is written, on a copy of the repository."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT
from tests.test_contributing import copied

SECTION = "## How to audit a lemma in five minutes\n"


def steps() -> list[str]:
    """The numbered steps, each as one line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    found = re.findall(r"(?m)^\d\. (.*(?:\n   .*)*)", text)
    return [" ".join(step.split()) for step in found]


def commands(step: str) -> list[str]:
    """The commands of a step, in order."""
    return re.findall(r"`(efasp [^`]+)`", step)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is run and changed."""
    return copied(tmp_path_factory.mktemp("copy"))


def ran(copy: Path, command: str) -> tuple[int, str, str]:
    """Exit code and outputs of a command in the copy."""
    name, *arguments = shlex.split(command)
    assert name == "efasp"
    variables = {"PYTHONPATH": str(copy), "EFASP_STORE": str(copy / "store" / "checks.sqlite"), "COLUMNS": "160"}
    whole = [sys.executable, "-m", "efasp", *arguments]
    done = subprocess.run(whole, cwd=copy, env=os.environ | variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_lemma_is_read(copy: Path) -> None:
    """Steps 1 to 3: the lemma has its statement, definition and expansion, which uses primitives and names that it defines; the
    lemma behind it has a text with its symbols' meaning."""
    first, second, third, _, _ = steps()
    code, text, said = ran(copy, commands(first)[-1])
    assert (code, said) == (0, "") and text.startswith("gates.add\n") and "def add(" in text and "Matrix entries (mdm" in text
    assert "statement" in second and "expansion" in second
    expansion = text.partition("Expansion into primitives:")[2].partition("\ndepth:")[0]
    assert "value(" not in expansion and "relu(" in expansion
    assert set(re.findall(r"\bt\d+\b", expansion)) == set(re.findall(r"(?m)^ *(t\d+) = ", expansion))
    code, text, said = ran(copy, *commands(third))
    assert (code, said) == (0, "") and "(set-logic QF_LIA)" in text and "; sum of 2^j (a_j + b_j) below i" in text


@pytest.mark.slow
def test_a_lemma_is_broken(copy: Path) -> None:
    """Step 4: with the change the lemma is refuted, with a countermodel, and audit and pages show it; the mutant that no longer
    applies is a row; without the change all of its mutants are killed."""
    step = steps()[3]
    file, new, old = re.search(r"in `(\S+)` write `([^`]+)` for `([^`]+)`", step).groups()  # type: ignore[union-attr]
    check, mutants = commands(step)
    source = (copy / file).read_text(encoding="utf-8")
    assert source.count(old) == 1
    (copy / file).write_text(source.replace(old, new), encoding="utf-8")
    code, text, _ = ran(copy, check)
    assert code == 1 and "refuted: gates.add[w=5]" in text and '"arguments"' in text
    code, text, _ = ran(copy, f"{check} --html pages --json report.json")
    assert code == 1 and "2 refuted" in text and (copy / "pages" / "index.html").exists() and (copy / "report.json").exists()
    code, text, _ = ran(copy, "efasp audit gates.add")
    assert code == 1 and "refuted" in text and "(efasp.pointwise): does not apply" in text
    code, text, _ = ran(copy, f"{check} --mutants")
    assert code == 1 and "it does not apply: its passage" in text and "3 not tried" in text
    (copy / file).write_text(source, encoding="utf-8")
    code, text, _ = ran(copy, mutants)
    assert code == 0 and text.count(": killed by gates.add[") == 3


def test_a_lemma_is_run(copy: Path, tmp_path: Path) -> None:
    """Step 5: the step executes the instruction that is named, on these operands, as text and as a page."""
    step = steps()[4]
    (command,) = commands(step)
    instruction, a, b = re.search(r"executes `(add r2, r2, r1)`, (\d+) \+ (\d+)", step).groups()  # type: ignore[union-attr]
    code, text, _ = ran(copy, command)
    assert code == 0 and f": {instruction}\n" in text and f"r1={b} r2={a}\n" in text and f"r2={int(a) + int(b)}\n" in text
    assert ran(copy, f"{command} --html {tmp_path / 'page.html'}")[0] == 0 and (tmp_path / "page.html").exists()


@pytest.mark.slow
def test_claims_are_listed(copy: Path) -> None:
    """Step 1, its first commands: the list, and a claim with its outline."""
    listing, claim, _ = commands(steps()[0])
    code, text, _ = ran(copy, listing)
    assert code == 0 and re.search(r"\nB  .* \d+ lemmas: \d+ all n", text)
    code, text, _ = ran(copy, claim)
    assert code == 0 and "Outline of the proof" in text
