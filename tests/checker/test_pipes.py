"""Commands whose output nobody reads any more, and what is said while nothing is done yet."""

import argparse
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from efasp.checker import cli, files, signals, terminal
from efasp.checker.completion import words
from efasp.checker.files import writes
from efasp.checker.pool import isolation
from efasp.checker.signals import Deserted, while_read
from efasp.paper_artifacts.cli import extend
from tests.checker.certificates.test_refutations import needs_tools

ROOT = Path(__file__).parents[2]
PARSER = cli.parser(extend)
COMMANDS = words(PARSER)
# Calls of every command; {0} is a folder with a grammar and a weights file. Those that begin with ! are slow.
CALLS = {
    "run": ["run gcd", "run gcd --json"],
    "cfg": ["cfg {0}/g.cfg --word ab"],
    "programs": ["programs", "programs scan"],
    "info": ["info --word 5..7"],
    "specialise": ["specialise sum_to -o - --engine apmdm"],
    "export": ["export --word 5 --engine mdm -"],
    "opening": ["opening sum_to --engine apmdm"],
    "check": [
        "check --n-max 4 --lemma gates.add",
        "check --n-max 4 --lemma gates.* --list",
        "check examples/first.efasp",
        "check --learned paper_artifacts/learned/parity-0.safetensors",
    ],
    "certify": ["!certify --n-max 4 --lemma gates.not"],
    "eval": ["eval examples/reverse.efasp --on abca"],
    "compile": ["compile examples/reverse.efasp -o -"],
    "train": ["train parity-published --seed 1 --steps 400 -o -"],
    "decompile": ["decompile {0}/w -o -"],
    "serial": ["serial examples/first.efasp --on ab"],
    "repl": ["repl examples/reverse.efasp"],
    "show": ["show examples/reverse.efasp"],
    "audit": ["audit gates.add", "!audit", "!audit --trust"],
    "trace": ["trace sum_to --engine mdm --steps 1", "trace sum_to --engine mdm --steps 1 --html -"],
    "generate": ["generate dyck --count 3"],
    "tables": ["tables --only disagreements --check"],
    "completion": ["completion bash"],
}
# Carries out calls one after the other, each in a fork whose standard output is a pipe without a reader.
FORKS = """
import json, os, sys
from efasp.paper_artifacts.cli import main
for call in json.loads(sys.argv[1]):
    reading, writing = os.pipe()
    os.close(reading)
    said = os.memfd_create("said")
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.dup2(said, 2)
        os.dup2(os.open(sys.argv[2], os.O_RDONLY), 0)
        try:
            code = main(call)
        except SystemExit as ended:
            code = ended.code
        try:
            sys.stdout.flush()  # as at the end of a process
        except OSError:
            code = 120
        os._exit(code)
    os.close(writing)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.lseek(said, 0, os.SEEK_SET)
    print(json.dumps([code, os.read(said, 1 << 16).decode()]), flush=True)
"""


def deserted(calls: list[str], folder: Path) -> list[tuple[int, str]]:
    """The exit codes of calls without a reader, and what they say on standard error."""
    (folder / "g.cfg").write_text("S -> A B\nA -> a\nB -> b\n")
    (folder / "lines").write_text("first\n:text\n")
    assert cli.main(["compile", str(ROOT / "examples" / "first.efasp"), "-o", str(folder / "w")], extend) == 0
    split = [call.format(folder).split() for call in calls]
    command = [sys.executable, "-c", FORKS, json.dumps(split), str(folder / "lines")]
    variables = os.environ | {"EFASP_STORE": str(folder / "store.sqlite")}
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT, env=variables).stdout
    return [tuple(json.loads(line)) for line in said.splitlines()]


def kind(slow: bool) -> list[str]:
    """The calls of the table that are slow, or are not."""
    return [call.removeprefix("!") for calls in CALLS.values() for call in calls if call.startswith("!") == slow]


def no_failures(calls: list[str], found: list[tuple[int, str]]) -> None:
    """The exit code is 0, and nothing but progress is said: 1 means refuted."""
    progress = re.compile(r"disagreements \.\.\.|efasp: \d+ of \d+ (batches|scripts) after \d+ s.*|-: .*|")
    for call, (code, said) in zip(calls, found, strict=True):
        assert code == 0 and all(progress.fullmatch(line) for line in said.splitlines()), (call, code, said)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_tried_without_a_reader(command: str) -> None:
    """The commands are those of the parser: of a new one a call is asked for here, which does not only print help."""
    assert command in CALLS, f"expected a call of efasp {command} in CALLS"
    assert all(call.removeprefix("!").split()[0] == command for call in CALLS[command]) and CALLS[command]


def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path) -> None:
    """Of any command, of the help of one and of all, and of the version."""
    calls = [*kind(slow=False), "run --help", "--help", "--version"]
    no_failures(calls, deserted(calls, tmp_path))


@needs_tools
@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_failure_of_long_commands(tmp_path: Path) -> None:
    """The same of calls that take long."""
    no_failures(kind(slow=True), deserted(kind(slow=True), tmp_path))


def test_an_error_is_told_without_a_reader(tmp_path: Path) -> None:
    """Bad input is bad input, and not a success."""
    ((code, said),) = deserted(["run none.pram"], tmp_path)
    assert code == 2 and said == "efasp: none.pram: No such file or directory\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_of_a_command_is_read_or_written(command: str) -> None:
    """Where an option names a file, it is known whether the command writes it: then it goes on without a reader."""
    (commands,) = (one.choices for one in PARSER._actions if isinstance(one, argparse._SubParsersAction))
    named = {one.dest for one in commands[command]._actions if one.metavar in ("FILE", "DIR", "OUT", "REPORT", "GRAMMAR")}
    assert named <= {*files.INPUTS, *files.OUTPUTS}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("check --json -", False),
        ("check --json report.json", True),
        ("check --html pages", True),
        ("run scan --json", False),
        ("audit T1", False),
        ("audit --format html --out pages", True),
        ("export a.safetensors -", False),
        ("export --word 5 - --engine mdm", False),
        ("export a.safetensors --format onnx a.onnx", True),
        ("compile a.efasp -o -", False),
        ("compile a.efasp -o a.safetensors", True),
        ("show a.efasp --svg a.svg", True),
        ("tables", True),
        ("tables --check", False),
    ],
)
def test_work_that_writes_a_file(call: str, expected: bool) -> None:
    """The file that a command writes is distinguished from the files that it reads, and from standard output."""
    assert writes(cli.parsed(PARSER, call.split())) == expected


@pytest.mark.parametrize("read", [True, False])
def test_work_ends_once_nobody_reads(read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a handler of OSError; the timer is gone afterwards, and with a reader nothing happens."""
    monkeypatch.setattr("efasp.checker.signals.PERIOD", 0.01)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # which is put back after the test
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        if not read:
            os.close(reading)
        try:
            with while_read():
                until = time.monotonic() + (0.1 if read else 60.0)
                while time.monotonic() < until:
                    try:
                        time.sleep(0.02)
                    except OSError:
                        pytest.fail("handled as an error of a file")
            ended = False
        except Deserted:
            ended = True
    assert ended != read
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0) and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    if read:
        os.close(reading)


class Unmade:
    """Whose destructor fails, with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def test_only_destructors_of_what_was_not_made_are_left_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute that one lacks, after the reader has gone; any other failure is told, and is no end of the command."""
    said: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failed: said.append(failed.exc_type))
    Unmade(AttributeError("no solver"))
    signals._leave_unsaid(sys.unraisablehook)
    Unmade(AttributeError("no solver"))
    Unmade(ValueError("another"))
    assert said == [AttributeError, ValueError]


def test_a_destructor_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception would be lost there: it comes afterwards."""
    monkeypatch.setattr("efasp.checker.signals.PERIOD", 0.01)
    monkeypatch.setattr(sys, "unraisablehook", lambda failed: pytest.fail("lost"))
    events: list[str] = []

    class Slow:
        def __del__(self) -> None:
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                pass
            events.append("destroyed")

    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(Deserted), while_read():
            Slow()
            events.append("after")
            time.sleep(60)
    assert events[0] == "destroyed"


def test_output_is_whole_though_signals_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a stream without a buffer too, as with PYTHONUNBUFFERED, on a pipe that is full when the timer's signal comes."""
    monkeypatch.setattr("efasp.checker.signals.PERIOD", 0.005)
    reading, writing = os.pipe()
    got = bytearray()

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            while some := pipe.read1(4096):
                got.extend(some)
                time.sleep(0.001)

    with io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8", write_through=True) as raw:
        monkeypatch.setattr(sys, "stdout", raw)
        monkeypatch.setattr(sys, "__stdout__", raw)
        cli._streams()
        reader = threading.Thread(target=read)
        reader.start()
        with while_read():
            print("x" * (1 << 19))
        sys.stdout.close()
    reader.join()
    assert len(got) == (1 << 19) + 1


@pytest.mark.parametrize("arguments, whole", [([], False), (["--json", "report.json"], True)])
def test_work_for_a_reader_that_has_gone_ends(arguments: list[str], whole: bool, tmp_path: Path) -> None:
    """A check whose report nobody reads any more leaves the rest undone; one that writes a file goes on."""
    variables = os.environ | {"EFASP_STORE": str(tmp_path / "store.sqlite"), "PYTHONPATH": str(ROOT)}
    n_max = "2^12" if whole else "2^64"
    command = [sys.executable, "-m", "efasp", "check", "--n-max", n_max, "--lemma", "gates.add", "--jobs", "1"]
    reading, writing = os.pipe()
    os.close(reading)
    said = subprocess.run([*command, *arguments], stdout=writing, cwd=tmp_path, env=variables, check=False)
    os.close(writing)
    assert said.returncode == 0 and (tmp_path / "report.json").exists() == whole
    again = subprocess.run([*command, "--json", "-"], stdout=subprocess.PIPE, cwd=tmp_path, env=variables, check=True)
    assert all(row["cached"] for row in json.loads(again.stdout)["obligations"]) == whole


def test_a_wait_for_one_result_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """While the first call is not done, a line says so now and then."""
    monkeypatch.setattr(isolation, "TICK", 0.01)
    monkeypatch.setattr(terminal, "PERIOD", 0.0)
    call = isolation.job("efasp.checker.pool.limits:resident", {}, 60.0, 4096)
    with terminal.counting("calls", 1) as tally:
        (reply,) = isolation.run([call], 1, lambda _, reply: tally(reply), tally.waiting, ())
    lines = capsys.readouterr().err.splitlines()
    assert "value" in reply and lines[0].startswith("efasp: 0 of 1 calls after 0 s")
    assert lines[-1].startswith("efasp: 1 of 1 calls after") and len(lines) > 2


@pytest.mark.parametrize(
    "call",
    [
        "specialise x.pram -o x.pram",
        "compile p.efasp -o ./p.efasp",
        "show p.efasp --svg p.efasp",
        "check p.efasp --json p.efasp",
        "check --weights w.safetensors --json w.safetensors",
        "export w.safetensors w.safetensors",
        "decompile w.safetensors -o w.safetensors",
        "trace x.pram --html x.pram",
    ],
)
def test_no_file_is_written_that_is_read(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under whatever name; it is as it was."""
    monkeypatch.chdir(tmp_path)
    for name in ("x.pram", "p.efasp", "w.safetensors"):
        Path(name).write_text("as it was")
    assert cli.main(call.split(), extend) == 2
    assert "expected another file than" in capsys.readouterr().err
    assert {path.read_text() for path in tmp_path.iterdir()} == {"as it was"}


@pytest.mark.parametrize(
    ("call", "flag"),
    [
        ("show p.efasp --svg same --html ./same", "--svg"),
        ("check --lemma gates.not --html h --json h/index.html", "--json"),
        ("certify --lemma gates.not --out same --json same", "--json"),
    ],
)
def test_no_two_files_are_written_to_one_path(
    call: str, flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any work; nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("p.efasp").write_text("as it was")
    assert cli.main(call.split(), extend) == 2
    said = capsys.readouterr().err
    assert f"{flag}: " in said and "which is written too, found the same" in said
    assert [path.name for path in tmp_path.iterdir()] == ["p.efasp"]


def test_two_devices_are_two_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    """What is thrown away may be thrown away twice."""
    assert cli.main(["check", "--lemma", "gates.not", "--no-cache", "--jobs", "1", "--json", "/dev/null"], extend) == 0


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that can be opened and not read")
@pytest.mark.parametrize("call", ["run /proc/self/mem", "run reduce --data /proc/self/mem", "specialise /proc/self/mem -o out"])
def test_a_file_that_cannot_be_read_is_named(call: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where it is the read that fails, and not the opening."""
    assert cli.main(call.split(), extend) == 2
    assert "/proc/self/mem: Input/output error" in capsys.readouterr().err
