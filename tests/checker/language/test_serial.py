"""`efasp serial` on programs of E-FASP and of the PRAM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.language import serial
from efasp.examples import EXAMPLES
from efasp.paper_artifacts.cli import main

REVERSE, MAJORITY = "efasp.examples:EXAMPLES.reverse", "efasp.examples:EXAMPLES.majority"
TWO = "mov r1, 3\nhalt\n"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """The JSON object that the command prints."""
    assert main(["serial", *arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The output, the steps as they are counted, and what a person sees."""
    found = answer(capsys, REVERSE, "--on", "abca")
    assert found["output"] == list("acba") and found["halted"] and found["agrees"] is None
    assert found["steps"] == found["steps_counted"] and found["passes"] == 1
    assert main(["serial", REVERSE, "--on", "abca"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"reverse: 4 tokens from address {found['tokens']}, words of {found['word']} bits, {found['memory']} of them",
        f"1 pass, {found['steps']} steps, {found['steps']} by the count",
        "acba",
    ]


def test_passes_until_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a program without masks the passes are at most those asked for."""
    parity = "efasp.examples:EXAMPLES.parity"
    assert answer(capsys, parity, "--on", "1011", "--passes", "9")["output"] == list("1___")
    assert answer(capsys, parity, "--on", "1011", "--passes", "9")["passes"] == 3
    assert answer(capsys, parity, "--on", "1011")["passes"] == 1


def test_a_written_program_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`efasp run` leaves the tokens at the address that is printed; a second run writes the same bytes, also to a stream."""
    path = tmp_path / "reverse.pram"
    found = answer(capsys, REVERSE, "--on", "abcd", "-o", str(path))
    assert main(["run", str(path), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    book = EXAMPLES["reverse"].vocabulary
    assert run["memory"][found["tokens"] :][:4] == [book.token(letter) for letter in "dcba"]
    assert run["steps"] == found["steps_a_pass"] + 1 and found.keys() & {"passes", "output"} == set()
    assert main(["serial", REVERSE, "--on", "abcd", "-o", "-"]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_means(capsys: pytest.CaptureFixture[str]) -> None:
    """They are exact by default; with a coarser unit the program faults, and there is no output."""
    assert answer(capsys, MAJORITY, "--on", "101")["output"] == list("111")
    found = answer(capsys, MAJORITY, "--on", "101", "--ties", "1", code=4)
    assert not found["halted"] and found["output"] is None and found["steps_counted"] is None
    assert main(["serial", MAJORITY, "--on", "101", "--ties", "1"]) == 4
    assert "a mean is not a multiple of the fixed-point unit, which --ties K makes finer" in capsys.readouterr().err


def test_long_runs_are_announced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the most steps that it takes."""
    monkeypatch.setattr(serial, "MANY", 100)
    found = answer(capsys, REVERSE, "--on", "ab")
    assert main(["serial", REVERSE, "--on", "ab"]) == 0
    assert capsys.readouterr().err == f"efasp: {REVERSE}: up to {found['steps']} steps (-o OUT writes the program instead)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([REVERSE], "--on: expected a text for a program of E-FASP, found none"),
        ([REVERSE, "--on", "xyz"], "--on: letter 1: expected one of 'abcd', found 'x'"),
        (["scan", "--on", "a"], "--on: expected a program of E-FASP with it, found a PRAM's"),
        (["scan", "--name", "a"], "--name: expected a program of E-FASP with it, found a PRAM's"),
        (["none.pram"], "none.pram: No such file or directory"),
        ([MAJORITY, "--on", "1" * 60], "majority: expected numbers of at most 64 bits, found"),
        (["length.efasp", "--on", "ab"], "length: expected a read-out of 3 numbers, the token's, found 1"),
        (["loop.pram"], "loop.pram: expected a run of at most 1000 steps, found a longer one (--passes T)"),
    ],
)
def test_refusals(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what was expected and found."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "length.efasp").write_text(
        'program length\ntokens "ab"\nplaces 4\nlet n = seq_max(PE.number) + TE["a"]\noutput n\n'
    )
    (tmp_path / "loop.pram").write_text("here: jmp here\n")
    assert main(["serial", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_program_of_the_pram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log of the universal machine has the states of the machine; one of fewer steps too."""
    path = tmp_path / "two.pram"
    path.write_text(f".word 5\n.memory 1\n{TWO}")
    found = answer(capsys, str(path))
    assert found["agrees"] and found["passes"] == 2 and found["steps"] == found["steps_counted"]
    assert answer(capsys, str(path), "--passes", "1")["agrees"]
