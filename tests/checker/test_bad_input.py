"""Bad input of every kind ends with exit code 2 and a sentence that names the file or flag, whatever the command."""

from __future__ import annotations

import io
import sys
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
    """Wherever a text is read, a binary file is named with the line and column of its first bad byte; none of it is shown."""
    for name in ("x", "x.rasp", "x.efasp", "x.pram"):
        (tmp_path / name).write_bytes(b"\x7fELF\x02\xff\xfe" * 9)
    said = refused(call.format(tmp_path / "x").split(), capsys)
    assert f"{tmp_path}/x" in said and "ELF" not in said
    assert ":1:5: expected text, found a binary file (the byte 0x02)\n" in said


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("eval {0}/p.pram --on a", "p.pram: expected a program of E-FASP, found one in assembly, which efasp run takes"),
        ("export {0}/p.pram {0}/x", "p.pram: expected a program of E-FASP, found one in assembly"),
        ("show {0}/w.safetensors", "w.safetensors: expected a program of E-FASP, found a weights file, of which efasp eval"),
        ("run {0}/w.safetensors", "w.safetensors: expected a program in assembly, found a weights file, which efasp run"),
        ("run {0}/p.pram --weights {0}/p.pram", "found a text (efasp export, efasp specialise and efasp compile write such"),
        ("eval sys:exit --on a", "expected a program, or a function without arguments that makes one, found one that raises"),
        ("info --word 9..6", "--word: expected a range from a width to a wider one, as 5..20, found '9..6'"),
        ("info --word 4..6", "--word: expected widths within 5..64, found '4..6'"),
        ("audit T1 --trust", "--trust: expected no NAME"),
        ("check --html -", "--html: expected a folder, found -, which is standard output"),
        ("check --lemma gates.add --export -", "--export: expected a folder, found -"),
        ("audit --format html --out -", "--out: expected a folder, found -"),
        ("tables --only width --out -", "--out: expected a folder, found -"),
        ("export --word 5 --engine mdm --format hf -", "expected a folder, found -"),
        ("audit {0}/p.pram", "p.pram: expected a program of E-FASP, found one in assembly, which efasp run takes"),
        ("show scan", "scan: expected a program of E-FASP, found a PRAM program of the library, which efasp run takes"),
    ],
)
def test_what_is_another_thing_is_named(call: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of another kind, by what takes it; a program of Python that ends the process; widths in the wrong order."""
    (tmp_path / "p.pram").write_text(".word 5\nhalt\n")
    (tmp_path / "w.safetensors").write_bytes(b"\x08" + bytes(7) + b"{}      ")
    assert message in refused(call.format(tmp_path).split(), capsys)


def test_an_error_at_a_blank_line_shows_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty grammar has no line to point at."""
    (tmp_path / "empty.cfg").write_text("")
    said = refused(["cfg", str(tmp_path / "empty.cfg"), "--word", "ab"], capsys)
    assert said.count("\n") == 1 and said.startswith(f"efasp: {tmp_path}/empty.cfg:1:1: expected")


# Calls that are wrong, and what is said; {0} is a folder with a program p, a wrong one q, and an empty file.
WRONG = [
    ("opening none --engine mdm", "efasp: none: no such file, and no program of the library"),
    ("opening {0}/p.pram --engine mdm --word 3", "efasp: {0}/p.pram: --word: expected 5 or more, found 3"),
    ("opening {0}/p.pram --engine mdm --word 70", "efasp: --word: expected 5 to 64 bits for a transformer, found 70"),
    ("opening {0} --engine mdm", "efasp: {0}: Is a directory"),
    ("opening {0}/q.pram --engine mdm", "{0}/q.pram:1:1: expected a mnemonic"),
    ("serial {0}/q.pram", "{0}/q.pram:1:1: expected a mnemonic"),
    ("specialise {0}/q.pram -o x", "{0}/q.pram:1:1: expected a mnemonic"),
    ("trace {0}/q.pram --engine mdm", "{0}/q.pram:1:1: expected a mnemonic"),
    ("cfg - --word ab", "efasp: -:1:1: expected a rule"),
    ("trace --case {0}/empty", "efasp: --case: {0}/empty: expected a report of efasp check --json"),
    ("check {0} --lemma program.sorts", "efasp: {0}: Is a directory"),
    ("compile {0}/empty -o {0}", "efasp: "),
    ("run {0}/p.pram --data {0}", "efasp: --data: {0}: Is a directory"),
    ("run {0}/p.pram --memory -1", "efasp: {0}/p.pram: --memory: expected 1 or more, found -1"),
    ("decompile {0}/empty -o x", "efasp: {0}/empty: expected a safetensors file, found an empty file"),
]


@pytest.mark.parametrize(("call", "said"), WRONG)
def test_a_wrong_call_is_said_alike_in_every_command(
    call: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the command first, unless the error has a place in a program of the PRAM; then the file or flag."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    for name, text in (("p.pram", "halt\n"), ("q.pram", "foo r1\n"), ("empty", "")):
        (tmp_path / name).write_text(text)
    assert refused(call.format(tmp_path).split(), capsys).startswith(said.format(tmp_path))
