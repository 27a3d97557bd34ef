"""`efasp generate`, and `efasp trace --generate`."""

from __future__ import annotations

import json

import pytest

from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.experiments.dyck import is_trivial


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The output of a command that succeeds."""
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_words_as_json_and_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The same words in both forms, each in the language; fewer words are the first of more."""
    words = json.loads(printed(capsys, "generate", "dyck", "--k", "2", "--seed", "7", "--count", "20", "--json"))["words"]
    assert len(words) == 20 and all(is_trivial(w) for w in words) and max(map(len, words)) > 6
    assert all(1 <= abs(letter) <= 2 for w in words for letter in w)
    text = printed(capsys, "generate", "dyck", "--k", "2", "--seed", "7", "--count", "9").splitlines()
    assert text == [" ".join(map(str, w)) or "(empty)" for w in words[:9]]
    assert json.loads(printed(capsys, "generate", "dyck", "--seed", "8", "--count", "20", "--json"))["words"] != words


def test_a_length_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """No word has more letters, and some have as many."""
    words = json.loads(printed(capsys, "generate", "dyck", "--count", "60", "--max-length", "4", "--json"))["words"]
    assert {len(w) for w in words} == {0, 2, 4}


def test_a_trace_ends_at_the_word(capsys: pytest.CaptureFixture[str]) -> None:
    """The first word of the seed, after passes that each show their tokens; one step alone; a run that is cut."""
    (word,) = json.loads(printed(capsys, "generate", "dyck", "--seed", "2", "--json"))["words"]
    text = printed(capsys, "trace", "--generate", "dyck", "--seed", "2").splitlines()
    assert text[0] == "   1  M" and text[-1] == f"halts: {' '.join(map(str, word))}"
    assert {mark for line in text[1:-1:2] for mark in line.split()} == {"=", "=+", "~", "x"}
    assert printed(capsys, "trace", "--generate", "dyck", "--seed", "2", "--step", "1").splitlines()[:2] == text[:2]
    assert "not halted after 2 passes" in printed(capsys, "trace", "--generate", "dyck", "--seed", "2", "--steps", "2")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["generate", "dyck", "--k", "0"], "--k: expected a number of 1 to 64, found '0'"),
        (["generate", "dyck", "--k", "65"], "--k: expected a number of 1 to 64, found '65'"),
        (["generate", "sort"], "invalid choice: 'sort'"),
        (["trace", "--generate", "dyck", "--case", "report.json"], "--generate: expected no --case beside it"),
        (["trace", "scan", "--engine", "mdm", "--seed", "3"], "--seed: expected --generate"),
        (["trace", "--generate", "dyck", "--seed", "2", "--step", "99"], "--step: expected 1 to 14"),
    ],
)
def test_bad_usage(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag is named, with what was expected and found."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2 and named in capsys.readouterr().err
