"""The command `efasp cfg`: what it prints, its JSON, its exit codes, and the program that it writes."""

import json
from pathlib import Path

import pytest

from efasp.checker.cli import main

BRACKETS = "S -> S S | L T | L R\nT -> S R\nL -> (\nR -> )\n"


@pytest.fixture
def grammar(tmp_path: Path) -> str:
    """A file with the grammar of brackets."""
    path = tmp_path / "brackets.cfg"
    path.write_text(BRACKETS)
    return str(path)


@pytest.mark.parametrize(("text", "member"), [("()()", True), ("())(", False), ("", False), ("(()", False), ("(x)", False)])
def test_json(grammar: str, text: str, member: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is not in the language is not a failure: exit code 0, member false."""
    assert main(["cfg", grammar, "--word", text, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["file"], said["input"], said["member"], said["halted"], said["decode_steps"]) == (
        grammar,
        text,
        member,
        True,
        None,
    )


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_decoded(grammar: str, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a transformer, with the decoding steps and the context."""
    assert main(["cfg", grammar, "--word", "()", "--engine", engine, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["member"] and said["steps"] == said["decode_steps"] == 39 and said["context_length"] > 0


def test_text(grammar: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For people: a line with the answer, and one with the steps."""
    assert main(["cfg", grammar, "--word", "(("]) == 0
    assert capsys.readouterr().out.startswith(f"'((' is not in the language of {grammar}\n  39 steps (reference, ")


def test_the_program_is_written(grammar: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--pram` writes a program that `efasp run` runs in as many steps."""
    written = str(tmp_path / "out.pram")
    assert main(["cfg", grammar, "--word", "()()", "--pram", written, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert main(["run", written, "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert [run[key] for key in ("steps", "word", "processors")] == [said[key] for key in ("steps", "word", "processors")]
    assert len(run["memory"]) == said["memory"]


def test_errors(grammar: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule in another form, a file that is not there, a word that is too long: exit code 2, and JSON with the error."""
    wrong = tmp_path / "wrong.cfg"
    wrong.write_text("S -> a S\n")
    for file, text, message in (
        (str(wrong), "a", f"{wrong}:1:6: rule S -> a S: "),
        (str(tmp_path / "none.cfg"), "a", "No such file"),
        (grammar, "(" * 65, f"{grammar}: --word: expected a word of at most 64 letters, found one of 65"),
    ):
        assert main(["cfg", file, "--word", text]) == 2
        assert message in capsys.readouterr().err
        assert main(["cfg", file, "--word", text, "--json"]) == 2
        assert message in json.loads(capsys.readouterr().out)["error"]


def test_two_outputs(grammar: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program may go to standard output, but not beside JSON; a folder that is not there is named."""
    assert main(["cfg", grammar, "--word", "()", "--pram", "-"]) == 0
    assert capsys.readouterr().out.startswith(".word 5\n.processors 4\n")
    assert main(["cfg", grammar, "--word", "()", "--pram", "-", "--json"]) == 2
    assert "--pram: expected a file" in json.loads(capsys.readouterr().out)["error"]
    (tmp_path / "file").write_text("")
    assert main(["cfg", grammar, "--word", "()", "--pram", str(tmp_path / "file" / "out.pram")]) == 2
    assert capsys.readouterr().err.startswith("efasp: --pram: ")


def test_a_word_that_begins_with_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is given behind `=`, as the help says."""
    path = tmp_path / "minus.cfg"
    path.write_text("S -> M S | a\nM -> -\n")
    assert main(["cfg", str(path), "--word=-a"]) == 0
    assert capsys.readouterr().out.startswith("'-a' is in the language")
    with pytest.raises(SystemExit):
        main(["cfg", "--help"])
    assert "--word=STRING" in capsys.readouterr().out


def test_a_long_run_of_the_reference_machine_says_how_far_it_is(
    grammar: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its steps are counted on standard error, as those of the other engines: a word near the limits takes long."""
    monkeypatch.setattr("efasp.checker.terminal.PERIOD", 0)
    assert main(["cfg", grammar, "--word", "()"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 39 and said[0].startswith("efasp: 1 PRAM steps (at most 39) after ")
