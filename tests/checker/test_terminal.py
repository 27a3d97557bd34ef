"""What the command line does with terminals, pipes, standard input and the library's names."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from efasp.checker import cli, commands, extracted, terminal
from efasp.model.runs import DecodingError
from efasp.paper_artifacts.cli import main
from efasp.pram.library import PROGRAMS, load

EFASP = [sys.executable, "-m", "efasp"]


def efasp(*arguments: str, text: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [*EFASP, *arguments], input=text, capture_output=True, text=True, env=os.environ | variables, check=False
    )


def test_version() -> None:
    """It names the package and the packages that its results rest on, installed or not."""
    said = efasp("--version")
    lines = dict(line.split(maxsplit=1) for line in said.stdout.splitlines())
    assert said.returncode == 0 and lines["efasp"] == version("efasp") and lines["z3-solver"] == version("z3-solver")
    assert {"python", "numpy", "torch", "sympy", "cvc5", "bitwuzla"} <= set(lines)


def test_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The library is listed with a line each; one program is printed as its file has it."""
    assert cli.main(["programs"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(PROGRAMS)
    assert cli.main(["programs", "gcd"]) == 0
    assert capsys.readouterr().out == load("gcd")
    assert cli.main(["programs", "--json"]) == 0
    assert [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()] == list(PROGRAMS)


def test_a_program_that_is_not_in_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    """The error suggests the nearest name."""
    assert cli.main(["programs", "scna"]) == 2
    assert "expected a program of the library, found 'scna' (did you mean 'scan'?)" in capsys.readouterr().err


def test_run_takes_a_name_and_standard_input(tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A name and a text on standard input run as the file does; a file of that name comes first."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "sum_to", "--json"]) == 0
    named = json.loads(capsys.readouterr().out)
    read = efasp("run", "-", "--json", text=load("sum_to"))
    given = json.loads(read.stdout)
    assert read.returncode == 0 and named | {"file": "-"} == given
    (tmp_path / "sum_to").write_text("mov r1, 5\nhalt\n")
    assert cli.main(["run", "sum_to", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 2


def test_an_error_on_standard_input_has_its_line() -> None:
    """Standard input is named by its dash."""
    said = efasp("run", "-", text="halt\nmvo r1, 2\n")
    assert said.returncode == 2 and said.stderr.startswith("-:2:1: ")


@pytest.mark.parametrize(
    "command", [["run", ""], ["check", "--json", ""], ["check", "--weights", ""], ["run", "scan", "--data", ""]]
)
def test_no_path_is_empty(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Bad usage, and not the current folder."""
    try:
        code = main(command)
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and "expected a path, found an empty one" in capsys.readouterr().err


def test_a_file_that_is_standard_input_or_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights and pages are written and read as from a file; of several files one may be standard input."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))
    export, file = ["export", "--word", "5", "--engine", "apmdm"], tmp_path / "a.safetensors"
    assert cli.main([*export, str(file)]) == 0
    made = subprocess.run([*EFASP, *export, "-"], capture_output=True, check=True)
    assert made.stdout == file.read_bytes() and made.stderr.startswith(b"-: apmdm")
    for command, wanted in (
        ("run scan --word 5 --engine apmdm --weights -", "halted"),
        (f"check --weights - --lemma numerics.dyadic --json {tmp_path / 'r.json'}", "1 proved"),
    ):
        said = subprocess.run([*EFASP, *command.split()], input=made.stdout, capture_output=True, check=False)
        assert said.returncode == 0 and wanted in said.stdout.decode()
    known = json.loads((tmp_path / "r.json").read_text())["environment"]
    assert known["weights"]["file"] == known["options"]["weights"] == "-" and "--weights - " in known["command"]
    assert known["weights"]["sha256"] == hashlib.sha256(made.stdout).hexdigest()
    said = efasp("trace", "sum_to", "--engine", "mdm", "--steps", "1", "--html", "-")
    assert said.returncode == 0 and said.stdout.startswith("<!doctype html>") and said.stdout.endswith("</html>")
    said = efasp("run", "-", "--data", "-", text="halt\n")
    assert said.returncode == 2 and "standard input (-) for one file, found it for 2: FILE, --data" in said.stderr


def test_files_stand_before_and_after_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All are run, in order; what is neither a file nor a flag is refused, also for other commands."""
    files = [tmp_path / name for name in ("a.pram", "b.pram", "c.pram")]
    for file in files:
        file.write_text("halt\n")
    assert main(["run", str(files[0]), "--json", str(files[1]), "--word", "6", str(files[2])]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["file"], row["word"]) for row in said] == [(str(file), 6) for file in files]
    for command in (["run", str(files[0]), "--json", ""], ["run", str(files[0]), "--nope"], ["programs", "scan", "more"]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 2 and "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["chek"], "check"),
        (["run", "scan", "--atention", "dense"], "--attention"),
        (["run", "scan", "--engine", "apmd"], "apmdm"),
    ],
)
def test_a_misspelt_word_names_what_it_is_like(words: list[str], meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command, a flag, and a choice."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2 and f"(did you mean '{meant}'?)" in capsys.readouterr().err


def test_tables_are_compared_with_a_folder_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another path is bad usage, and no difference."""
    (tmp_path / "file").write_text("")
    for name in ("file", "none"):
        assert main(["tables", "--check", "--only", "width", "--out", str(tmp_path / name)]) == 2
        assert "expected a folder with tables to compare" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "run --json", "trace --engine mdm"])
def test_an_error_in_a_program_is_said_alike(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By file, line and column at the start, with a hint to the language; no temporary name for what is standard input."""
    file = tmp_path / "p.pram"
    file.write_text("halt\nfoo r1\n")
    assert main([*command.split(), str(file)]) == 2
    said = capsys.readouterr()
    assert (json.loads(said.out)["error"] if "--json" in command else said.err).startswith(f"{file}:2:1: ")
    assert said.err.endswith("(docs/assembly.md describes the language)\n") or "--json" in command


@pytest.mark.parametrize("command", ["check", "run scan --engine mdm", "trace scan --engine mdm"])
def test_weights_from_standard_input_are_named_so(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of a file that is standard input says ``-``, and not the name of a temporary file."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no weights")))
    assert main([*command.split(), "--weights", "-"]) == 2
    assert capsys.readouterr().err.startswith("efasp: --weights: -: expected a safetensors file")


def test_a_solver_that_is_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how one is installed, and which name was meant."""
    monkeypatch.setattr("efasp.checker.session.available", lambda: {"z3": "5"})
    assert cli.main(["check", "--solver", "cvc5"]) == 2
    assert "found cvc5, which is not installed (pip install cvc5)" in capsys.readouterr().err
    assert cli.main(["check", "--solver", "bitwzla"]) == 2
    assert "which is not a solver (did you mean 'bitwuzla'?)" in capsys.readouterr().err


def test_a_fault_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The first fault in a sentence, and how many more there are."""
    assert cli.main(["run", "fault", "--json"]) == 4
    assert capsys.readouterr().err.startswith("efasp: fault: processor 1 faulted in step 8 at pc 20 (load), and ")


def test_a_run_says_no_time_that_is_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """How many steps a program takes is not known, and a limit is not a number to come; of batches it is."""
    monkeypatch.setattr(terminal, "PERIOD", 0.0)
    for count in (None, 9):
        terminal.lines("steps", count)(3)
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"efasp: 3 steps after \d+ s", first) and re.fullmatch(r"efasp: 3 of 9 .* s left", second)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run scn", "efasp: scn: no such file, and no program of the library (did you mean 'scan'?)"),
        ("trace scn --engine mdm", "efasp: scn: no such file, and no program of the library (did you mean 'scan'?)"),
        ("export --word 70 --engine mdm x", "efasp: --word: expected 5 to 64 bits for a transformer, found 70"),
        ("check --lemma  --n-max 1", "efasp: --lemma: expected a lemma's name or glob, found '', which none matches"),
        ("check --lemma program.*", "efasp: --lemma: expected FILE with program.*, as its lemmas are about a program"),
        ("check --lemma gates.add --export /dev/null", "efasp: --export: /dev/null: expected a folder"),
    ],
)
def test_what_was_meant_is_said(command: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag or the file, what was expected, and what is like it."""
    assert main(command.split(" ")) == 2
    assert capsys.readouterr().err.startswith(said)


def test_widths_are_numbers_of_assembly(capsys: pytest.CaptureFixture[str]) -> None:
    """One grammar for numbers, in ranges too."""
    assert main(["info", "--word", "0x5..0b110", "--engine", "mdm", "--json"]) == 0
    assert [json.loads(line)["word"] for line in capsys.readouterr().out.splitlines()] == [5, 6]


def test_a_build_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs of Rocq that are not there yet take minutes: what is built is said first."""

    def programs(names: list[str], on_file: Callable[[int, int], None]) -> dict[str, Path]:
        for done in range(3):
            on_file(done, 3)
        return dict.fromkeys(names, Path("x"))

    monkeypatch.setattr(extracted, "programs", programs)
    assert extracted.built(["plan-check"]) == {"plan-check": Path("x")}
    said = capsys.readouterr().err
    assert said == "efasp: building plan-check with Rocq, 3 theories: a minute or two on an idle core, once\n"


@pytest.mark.parametrize("flag", ["export --word 5 --engine mdm", "trace sum_to --engine mdm --steps 1 --html"])
def test_what_was_written_is_said(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file's path, also where nothing else is printed; a folder in its place is refused before the work."""
    assert main([*flag.split(), str(tmp_path / "x")]) == 0
    said = capsys.readouterr()
    assert str(tmp_path / "x") in said.out + said.err and (tmp_path / "x").exists()
    assert main([*flag.split(), str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize("columns", ["1", "60", "500"])
@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_numbers_are_never_cut(columns: str, term: str, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A table is wider than the screen where its numbers ask for it."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", term)
    question = ["info", "--word", "64", "--engine", "mdm"]
    assert cli.main([*question, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert cli.main(question) == 0
    shown = capsys.readouterr().out
    assert all(f" {row[name]} " in shown for name in ("d_model", "d_ff", "parameters", "vocabulary")) and "…" not in shown


def test_a_defect_is_no_refutation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception that nothing expected is shown, with an exit code of its own: 1 means refuted."""

    def broken(options: object) -> int:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("efasp.checker.commands.programs", broken)
    assert cli.main(["programs"]) == cli.DEFECT != 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError: odd" in said and said.endswith("please report it with the lines above\n")


def test_sizes_fit_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At 80 columns nothing of `efasp info` is wider, and closed forms are whole, with the words that they hold for."""
    monkeypatch.setenv("COLUMNS", "80")
    for words, *extension in (("5..6",), ("64",), ("64", "--ext", "M")):
        assert cli.main(["info", "--word", words, "--engine", "mdm", *extension]) == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        assert ("narrower words as in the table" in " ".join(shown.split())) == (words == "5..6")
        assert ("1284 w^2 + 17600 w + 42153 for 7 <= w <= 14" in " ".join(shown.split())) == (words == "5..6")
        assert "1836 w^2 + 11026 w + 16563 for w >= 15" in " ".join(shown.split()) or extension


def test_progress_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A line now and then, with the time that is left; none in a short run."""
    now = [0.0]
    monkeypatch.setattr(terminal, "monotonic", lambda: now[0])
    with terminal.progress("batches", 10) as show:
        for done, moment in ((1, 5.0), (2, 31.0), (3, 40.0), (5, 75.0)):
            now[0] = moment
            show(done, f"{done} proved")
    assert capsys.readouterr().err.splitlines() == [
        "efasp: 2 of 10 batches after 31 s, about 124 s left, 2 proved",
        "efasp: 5 of 10 batches after 75 s, about 75 s left, 5 proved",
    ]


def test_bars_are_drawn_on_a_terminal_only() -> None:
    """FORCE_COLOR makes no terminal of a file."""
    assert efasp("run", "sum_to", "--engine", "mdm", FORCE_COLOR="1").stderr == ""


def test_a_masked_arm_says_what_it_costs(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    """How many passes a step takes is said before a long run, and within a step how many are made."""

    def slow(program, engine, weights, max_steps, observe, attention, on_pass) -> None:
        on_pass(1, 33)
        on_pass(33, 33)
        observe(1)
        on_pass(1, 33)
        raise DecodingError("enough")

    monkeypatch.setattr(terminal, "PERIOD", 0.0)
    monkeypatch.setattr(commands, "_decoder", lambda program, options, weights: None)
    monkeypatch.setattr(commands, "decoded", slow)
    (tmp_path / "p.pram").write_text(".processors 11\nhalt\n")
    assert cli.main(["run", str(tmp_path / "p.pram"), "--engine", "marm", "--max-steps", "7"]) == 2
    said = re.sub(r"after \d+ s", "after", capsys.readouterr().err).splitlines()
    passes = "33 passes over the whole sequence a PRAM step, which adds 33 tokens to it"
    assert said[0] == f"efasp: --engine marm: {passes}; at most 7 steps"
    steps = [(0, ", token 1 of 33 of step 1"), (0, ", token 33 of 33 of step 1"), (1, ""), (1, ", token 1 of 33 of step 2")]
    assert said[1:5] == [f"efasp: {done} PRAM steps (at most 7) after{more}" for done, more in steps]
