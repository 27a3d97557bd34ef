"""What commands write: whole or not at all. Full disks, links, devices, pipes, folders, closed streams."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from efasp.checker.errors import UsageError
from efasp.checker.files import writable, write
from efasp.files import replacing
from efasp.paper_artifacts.cli import main

ROOT = Path(__file__).parents[2]


def efasp(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command line of the shell with $EFASP in it, in a process of its own."""
    environment = {**os.environ, "EFASP": f"{sys.executable} -m efasp.paper_artifacts.cli", "EFASP_STORE": ""}
    return subprocess.run(
        ["bash", "-c", command, "bash", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program that halts."""
    (tmp_path / "p.pram").write_text(".word 5\nhalt\n")
    return str(tmp_path / "p.pram")


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever goes wrong while it is written, Ctrl-C included, the old file is there and nothing else."""
    path = tmp_path / "x"
    path.write_text("old")
    for error in (OSError, ValueError, KeyboardInterrupt):
        with pytest.raises(error), replacing(path) as file:
            file.write(b"new")
            raise error
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    """A link is followed, and the file it leads to keeps its permissions; a new file can be read by all."""
    path, link, fresh = tmp_path / "x", tmp_path / "link", tmp_path / "n"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write(link, "new", "--json")
    write(fresh, "new", "--json")
    assert link.is_symlink() and path.read_text() == "new"
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, fresh)] == [0o600, 0o644]
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(UsageError, match=r"--json: .*symbolic links"):
        write(link, "new", "--json")


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    """A pipe gets the text, and is not replaced by a file."""
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    writable("--json", pipe)  # does not open it: the reader would see its end
    write(pipe, "new", "--json")
    reader.join(10)
    assert got == ["new"] and pipe.is_fifo()


def test_odd_names(tmp_path: Path) -> None:
    """A text with the name of a file that is no UTF-8 is written, escaped."""
    write(tmp_path / "x", "\udcff", "--html")
    assert (tmp_path / "x").read_text() == "\\udcff"


@pytest.mark.parametrize(
    "line",
    [
        '$EFASP export --word 5 --engine mdm "$2"',
        '$EFASP trace "$1" --engine mdm --html "$2"',
        '$EFASP check --n-max 8 --lemma "gates.a*" --no-cache --json "$2"',
    ],
)
def test_a_full_disk(tmp_path: Path, program: str, line: str) -> None:
    """Exit code 2 and the name of the file; what was there is still there, and no part of the new file."""
    target = tmp_path / "target"
    target.write_text("old")
    done = efasp(f"ulimit -f 0; {line}", program, str(target))
    assert done.returncode == 2 and str(target) in done.stderr and "Traceback" not in done.stderr
    assert target.read_text() == "old" and sorted(tmp_path.iterdir()) == sorted([target, Path(program)])


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ('$EFASP run "$1" > /dev/full', 2, "standard output: No space left"),
        ('$EFASP run --json "$1" > /dev/full', 2, "standard output: No space left"),
        ('$EFASP run "$1" >&-', 0, ""),
        ('$EFASP run "$1.none" >&- 2>&- <&-', 2, ""),
        ('cp "$1" "$1"$\'\\xff\'; PYTHONUTF8=1 $EFASP run "$1"$\'\\xff\'', 0, ""),
    ],
)
def test_streams(program: str, line: str, code: int, said: str) -> None:
    """Output that is full or closed, and names that are not text: an exit code that says so, no traceback."""
    done = efasp(line, program)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr and "Exception" not in done.stderr


BAD = [
    (["export", "--word", "5", "--engine", "mdm", "D"], "Is a directory"),
    (["export", "--word", "5", "--engine", "mdm", "P/x"], "P/x: expected a folder, found something else on its path"),
    (["export", "--word", "x", "--engine", "mdm", "x"], "--word"),
    (["trace", "P", "--engine", "mdm", "--html", "D"], "--html: "),
    (["trace", "D", "--engine", "mdm"], "Is a directory"),
    (["trace", "P", "--engine", "mdm", "--position", "9" * 30], "--position: expected 0 to"),
    (["trace", "P", "--engine", "mdm", "--step", "7"], "--step: expected 1 to 1"),
    (["trace", "P", "--engine", "mdm", "--data", "P"], ":1:1: expected JSON"),
    (["check", "--json", "D"], "--json: "),
    (["check", "--json", "P/x"], "--json: "),
    (["check", "--html", "P"], "--html: "),
    (["check", "--export", "P", "--lemma", "gates.and"], "--export: "),
    (["check", "--weights", "P"], "--weights: "),
    (["check", "--weights", "D"], "--weights: "),
    (["check", "--memory", "9" * 30], "--memory"),
    (["check", "--n-max", "9" * 5000], "--n-max"),
    (["check", "--timeout", "nan"], "--timeout"),
    (["check", "--lemma", "["], "--lemma"),
    (["audit", "\udcff"], "expected a lemma's name"),
    (["audit", "--format", "html"], "--out: "),
    (["audit", "--format", "html", "--out", "P"], "--out: "),
    (["info", "--word", "5..10000000"], "--word"),
    (["run", ""], "expected a path, found an empty one"),
    (["run", "P", "--word", "9" * 5000], "--word"),
    (["run", "P", "--processors", "-1"], "--processors"),
    (["run", "P", "--memory", "33"], "--memory"),
    (["run", "P", "--data", "P"], "--data: "),
    (["run", "P", "--weights", "P", "--engine", "mdm"], "--weights: "),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=range(len(BAD)))
def test_bad_arguments(tmp_path: Path, program: str, capsys, arguments: list[str], said: str) -> None:
    """Exit code 2, one message that names the flag or the file, before anything is discharged; nothing new is written."""
    (tmp_path / "D").mkdir()
    places = {"P": program, "D": str(tmp_path / "D"), "P/x": f"{program}/x"}
    try:
        code = main([places.get(argument, argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert code == 2 and said.replace("P/x", places["P/x"]) in err and not out
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["D", "p.pram"]
