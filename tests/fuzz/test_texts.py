"""Hostile programs and data: bytes of any kind, through `efasp run`, and what lies beyond the limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.checker.cli import main
from efasp.pram.assembler import AssemblyError, assemble_file, parse_data_file, source

SAMPLE = b".word 6\n.processors 2\n.memory 8\n.policy crew\n.equ A 3\n"
SAMPLE += b".data A: 1 -2 0x3\npid r0\nl: st r0, [r0 + A]\njnz r1, l\nhalt\n"
DATA = b'{"0": 1, "0x5": -2}\n'
HERE = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """Some bytes with pieces replaced, or any bytes."""
    piece = st.tuples(st.integers(0, len(whole)), st.integers(0, 5), st.binary(max_size=5))
    change = st.lists(piece, min_size=1, max_size=3)

    def apply(pieces: list[tuple[int, int, bytes]]) -> bytes:
        found = whole
        for start, length, put in pieces:
            found = found[:start] + put + found[start + length :]
        return found

    return st.one_of(st.binary(max_size=60), change.map(apply))


@HERE
@given(program=damaged(SAMPLE), data=st.none() | damaged(DATA))
def test_any_files_run_or_are_refused(program: bytes, data: bytes | None, tmp_path: Path, capsys) -> None:
    """One JSON object whatever the bytes: a run that ended in a known way, or the file and why it cannot be run."""
    file, memory = tmp_path / "p.pram", tmp_path / "d.json"
    file.write_bytes(program)
    memory.write_bytes(data or b"")
    code = main(["run", "--json", "--max-steps", "20", str(file), *(["--data", str(memory)] if data is not None else [])])
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    found = json.loads(line)
    assert found["file"] == str(file) and "Traceback" not in err
    if code == 2:
        assert set(found) == {"file", "error"}
        assert str(file) in found["error"] or str(memory) in found["error"]
        return
    assert code in (0, 4, 5)
    wanted = assemble_file(file, data=None if data is None else parse_data_file(memory))
    assert (found["word"], found["processors"], len(found["memory"])) == (wanted.word, wanted.processors, wanted.memory)
    assert all(0 <= word < 1 << wanted.word for word in found["memory"])


def test_a_bad_option_refuses_every_file(tmp_path: Path, capsys) -> None:
    """With --json an error of --data or --weights is an object for each file, as no file can be run."""
    pytest.importorskip("torch", reason="torch is not installed")
    (tmp_path / "d.json").write_text("[1,\n x]")
    for option in (["--data", str(tmp_path / "d.json")], ["--weights", str(tmp_path), "--engine", "mdm"]):
        assert main(["run", "--json", *option, "a.pram", "b.pram"]) == 2
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [o["file"] for o in objects] == ["a.pram", "b.pram"]
        assert all(set(o) == {"file", "error"} and option[1] in o["error"] and option[0] in o["error"] for o in objects)


@pytest.mark.parametrize("read", [assemble_file, parse_data_file])
def test_a_file_without_end(read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that gives bytes for ever is refused at the limit."""
    monkeypatch.setattr(source, "MAX_BYTES", 1 << 20)
    with pytest.raises(AssemblyError, match="/dev/zero: expected at most 1 MiB, found more"):
        read("/dev/zero")
