"""`efasp repl`: statements, expressions, commands and errors of a session."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from efasp.checker.language.repl import Session
from efasp.language.program import parse
from efasp.paper_artifacts.cli import main


def said(*lines: str) -> list[str]:
    """What a session shows for some lines."""
    out: list[str] = []
    session = Session(None, out.append)
    for line in lines:
        assert session.line(line)
    return out


def test_a_session() -> None:
    """Definitions are added, expressions shown with letters above and the sort below; the example can be set."""
    lines = [":on abba", "let last = seq_max(PE.number)", "last - PE.number", "gather(TE, last - PE.number, PE)", "TE.a"]
    assert said(*lines) == [
        "a  b  b  a\n3  2  1  0\n: Int(-63, 63)",
        "a  b  b  a\na  b  b  a\n: (Flag, Flag, Flag, Flag, Int(1, 1))",
        "a  b  b  a\n1  0  0  1\n: Flag",
    ]


def test_commands() -> None:
    """The text, without what is dropped, parses; layers and heads of the last definition."""
    lines = ["let x = gather(TE, PE.number + 1, PE)", "let y = TE.b", ":drop", ":text", ":layers", ":on ab", ":draw"]
    text, layers, heads = said(*lines)
    assert list(parse(text).program.definitions) == ["x"]
    assert "layer 1: 1 heads of width 5" in layers
    assert heads.splitlines()[1:] == ["  0:a -> 1:b", "  1:b -> 1:b"]


def test_errors_do_not_end_it() -> None:
    """Each is shown, and what was there before stays."""
    lines = ["let x = TE.q", "x", ":on xyz", ":layer", "let x = TE.a", "let x = TE.b", "TE.a == 1", ":on", "x"]
    shown = said(*lines)
    assert [text.splitlines()[0] for text in shown[:-1]] == [
        "expected a field of session, found 'q'",
        "expected a name that is defined, found 'x'",
        "letter 1: expected one of 'abcd', found 'x'",
        "expected a command of the session, found ':layer' (did you mean ':layers'?)",
        "expected a new name, found 'x' defined twice",
        "expected an expression of a program, found '==' (equal, equals, less and threshold compare)",
        "expected a text of at least one letter of 'abcd', found an empty one",
    ]
    assert shown[-1].startswith("a  b  c  d  a  b\n1  0  0  0  1  0\n")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It begins with a file's definitions, reads blocks in braces whole, and ends with the input."""
    file = tmp_path / "p.efasp"
    file.write_text('tokens "ab"\nplaces 3\nlet x = TE.a\noutput x\nensures output < 2\n')
    lines = ":on aab\nfn both(u, v) {\n  let w = and(u, v)\n  return w\n}\nboth(x, not(TE.b))\n:quit\nx\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert main(["repl", str(file)]) == 0
    assert capsys.readouterr().out == "a  a  b\n1  1  0\n: Bit\n"


def test_check_in_a_session(capsys: pytest.CaptureFixture[str]) -> None:
    """The obligations about the program so far."""
    said("let x = gather(TE, PE.number + 1, PE)", "ensures output == (if i + 1 < n then input[i + 1] else input[i])", ":check")
    text = capsys.readouterr().out
    assert "program.specification" in text and "refuted" not in text and "unknown" not in text
