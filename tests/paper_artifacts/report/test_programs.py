"""`efasp audit FILE`: a program as a lemma of the machine is shown, with its limits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.report.programs import STATES
from tests.pages import COMMANDS, keys, tables

REVERSE = """program reverse
tokens "abcd"
places 10
let last = seq_max(PE.number)
let mirror = last - PE.number
let reversed = gather(TE, mirror, PE)
output reversed
"""


def audited(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, *flags: str) -> tuple[int, str]:
    """Exit code and output of the audit of reverse with some more lines."""
    (tmp_path / "p.efasp").write_text(REVERSE + more)
    code = main(["audit", str(tmp_path / "p.efasp"), *flags])
    return code, capsys.readouterr().out


def test_a_program_is_shown_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text, each lemma with its statement, scopes and counts, the limits, and the commands; the same as JSON."""
    code, text = audited(tmp_path, capsys, "ensures output == input[n - 1 - i]\n")
    assert code == 0 and "let mirror = last - PE.number" in text and "shown   11 proved, 1 measured" in text
    assert re.search(r"program\.stack: the read-out is the program's\n +1 proved: texts of up to 1024 letters", text)
    assert "* Measured, and not proved: program.specification.drawn." in text and f"efasp check {tmp_path}" in text
    code, said = audited(tmp_path, capsys, "ensures output == input[n - 1 - i]\n", "--format", "json")
    found = json.loads(said)
    assert code == 0 and list(found) == keys(COMMANDS, "JSON of efasp audit")[-1]
    assert (
        len(found["obligations"])
        == 12
        == sum(sum(ended.values()) for lemma in found["lemmas"] for ended in lemma["scopes"].values())
    )
    assert all(lemma["states"] for lemma in found["lemmas"])


def test_what_is_not_shown_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A specification that is wrong is refuted, with the text; without one nothing is shown about the output."""
    code, text = audited(tmp_path, capsys, "ensures output == input[i]\n")
    said = " ".join(text.split())
    assert code == 1 and "* Refuted: program.specification[" in said and "(on 'ab': expected a, got b at position 0" in said
    code, text = audited(tmp_path, capsys, "")
    assert code == 0 and "has no ensures, so that nothing is shown" in text


@pytest.mark.parametrize("flags", [["--mutants"], ["--trust"], ["--n-max", "4"], ["--format", "html", "--out", "x"]])
def test_options_of_the_machine_are_refused(flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that a program's audit does not take, by name."""
    (tmp_path / "p.efasp").write_text(REVERSE)
    assert main(["audit", str(tmp_path / "p.efasp"), *flags]) == 2
    said = capsys.readouterr().err
    assert f"efasp: {flags[-2] if flags[0] == '--format' else flags[0]}: expected it without FILE" in said


def test_every_lemma_about_programs_has_its_statement() -> None:
    """Those that the page of commands lists, and no others."""
    (table,) = tables(COMMANDS, "A program")
    assert [name for row in table[1:] for name in re.findall(r"`(program\.[a-z.]+)`", row[0])] == list(STATES)
