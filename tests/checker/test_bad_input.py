"""Bad input of every kind ends with exit code 2 and a sentence that names the file or flag, whatever the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from efasp.paper_artifacts.cli import main


def refused(call: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a call says that is bad usage."""
    try:
        code = main(call)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code == 2, (call, code, said)
    return said.out + said.err


READS_TEXT = (
    "run {0}",
    "run gcd --data {0}",
    "trace {0} --engine mdm",
    "trace --case {0}",
    "opening {0} --engine mdm",
    "cfg {0} --word ab",
    "eval {0} --on ab",
    "eval {0}.rasp --on ab",
    "compile {0} -o -",
    "check {0}",
    "audit {0}.efasp",
    "show {0}",
    "serial {0} --on ab",
    "serial {0}.pram",
    "repl {0}",
)


@pytest.mark.parametrize("call", READS_TEXT)
def test_a_binary_file_is_named_as_such(call: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever a text is read; none of it is shown."""
    for name in ("x", "x.rasp", "x.efasp", "x.pram"):
        (tmp_path / name).write_bytes(b"\x7fELF\x02\xff\xfe" * 9)
    said = refused(call.format(tmp_path / "x").split(), capsys)
    assert f"{tmp_path}/x" in said and "ELF" not in said
    assert ": expected text, found a binary file (the byte 0x02 at offset 4)\n" in said


def test_an_error_at_a_blank_line_shows_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty grammar has no line to point at."""
    (tmp_path / "empty.cfg").write_text("")
    said = refused(["cfg", str(tmp_path / "empty.cfg"), "--word", "ab"], capsys)
    assert said.count("\n") == 1 and said.startswith(f"efasp: {tmp_path}/empty.cfg:1:1: expected")
