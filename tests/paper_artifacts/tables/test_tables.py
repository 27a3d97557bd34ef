"""`efasp tables`: its files, its comparison, and the tables that are made quickly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from markupsafe import Markup

from efasp.paper_artifacts.claims.status import GENERATED, artifacts
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.experiments import experiments, sudoku
from efasp.paper_artifacts.tables import command
from efasp.paper_artifacts.tables.figures import Figure, decoding
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column, files, read_json
from efasp.paper_artifacts.tables.records import Notes, read
from efasp.paper_artifacts.tables.runs import Found
from tests.pages import ROOT

COLUMNS = (Column("name", "a name"), Column("n", "n", "number"), Column("seconds", "seconds", "time"))
ROWS: tuple[dict[str, Cell], ...] = (
    {"name": "a|b & 50 %", "n": 12345, "seconds": 1.25},
    {"name": "c_1", "n": None, "seconds": 2.0},
)


def table(**changes: object) -> Artifact:
    """A small table."""
    known: dict = {"rows": ROWS, "checks": (Check("that holds", True),), "notes": ("A note.",), **changes}
    return Artifact("small", "A small table", "measured: little", COLUMNS, known.pop("rows"), **known)


def test_four_forms() -> None:
    """Markdown, CSV, LaTeX and JSON say the same, each with the command that made it; what means something there is escaped."""
    made = files(table())
    assert set(made) == {"small.md", "small.csv", "small.tex", "small.json"}
    assert "| a\\|b & 50 % | 12,345 | 1.2 |" in made["small.md"] and "| c_1 | - | 2.0 |" in made["small.md"]
    assert made["small.csv"].splitlines() == ["name,n,seconds", "a|b & 50 %,12345,1.2", "c_1,,2.0"]
    assert r"a|b \& 50 \% & 12,345 & 1.2 \\" in made["small.tex"] and r"\toprule" in made["small.tex"]
    said = json.loads(made["small.json"])
    assert said["rows"][0] == {"name": "a|b & 50 %", "n": 12345} and said["checks"] == [{"what": "that holds", "holds": True}]
    assert all("efasp tables --only small" in text for name, text in made.items() if not name.endswith(".csv"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> list[Artifact]:
    """What is made, in the place of all that there is: its first."""
    made = [table()]
    monkeypatch.setattr(command, "ARTIFACTS", {"small": lambda noted: made[0]})
    return made


def test_times_are_not_compared(small: list[Artifact], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another time is not a difference, another number is one; nothing is written."""
    timed, drawing = (
        Figure("time", "t", "c", Markup("<svg>1</svg>"), timed=True),
        Figure("size", "t", "c", Markup("<svg>2</svg>")),
    )
    small[0] = table(figures=(timed, drawing))
    assert main(["tables", "--out", str(tmp_path)]) == 0
    slower = tuple({**row, "seconds": 9.0} for row in ROWS)
    small[0] = table(rows=slower, figures=(Figure("time", "t", "c", Markup("<svg>9</svg>"), timed=True), drawing))
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 0
    small[0] = table(rows=({**ROWS[0], "n": 12346}, ROWS[1]), figures=(timed, Figure("size", "t", "c", Markup("<svg>3</svg>"))))
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().err
    assert all(f"{name}:" in said for name in ("small.md", "small.csv", "small.tex", "small.json", "size.svg"))
    assert "time.svg" not in said and "12,345" in (tmp_path / "small.md").read_text()


def test_a_file_that_is_not_there_differs(small: list[Artifact], tmp_path: Path) -> None:
    """Each of an artifact's files must be committed."""
    assert main(["tables", "--out", str(tmp_path)]) == 0
    (tmp_path / "small.tex").unlink()
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 1


def test_a_check_that_fails_is_red(small: list[Artifact], tmp_path: Path) -> None:
    """Exit 1, a line in the table, and the status of a claim that rests on it."""
    small[0] = table(checks=(Check("that fails", False),))
    assert main(["tables", "--out", str(tmp_path)]) == 1
    assert "* FAILS: that fails" in (tmp_path / "small.md").read_text()
    status = artifacts(tmp_path)["small"]
    assert (status.grade, status.why) == ("refuted", "that fails")


def test_tables_as_json(small: list[Artifact], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object: of each table its rows and failed checks, and with `--check` the differences, which are null
    without; the exit code is the same as without it."""
    small[0] = table(checks=(Check("that fails", False), Check("that holds", True)))
    assert main(["tables", "--out", str(tmp_path), "--json"]) == 1
    made = {"table": "small", "rows": 2, "runs": {"of": 0, "made": 0}, "checks": {"of": 2, "failed": ["that fails"]}}
    known = {"folder": str(tmp_path), "compared": False, "tables": [{**made, "differences": None}]}
    assert json.loads(capsys.readouterr().out) == known
    (tmp_path / "small.tex").unlink()
    assert main(["tables", "--out", str(tmp_path), "--check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["compared"] and found["tables"] == [{**made, "differences": [f"{tmp_path / 'small.tex'}: not there"]}]


def test_what_was_written_is_read_again(small: list[Artifact], tmp_path: Path) -> None:
    """From the JSON file, for the pages of the report: headings, cells and lines; written again, the same files."""
    assert main(["tables", "--out", str(tmp_path)]) == 0
    found = read_json(tmp_path / "small.json")
    assert (found.name, found.title, found.headings) == ("small", "A small table", ["a name", "n", "seconds"])
    assert files(found) == files(small[0])
    assert found.cells == [["a|b & 50 %", "12,345", "1.2"], ["c_1", "-", "2.0"]]
    assert found.lines == ["Scope: measured: little.", "A note.", "holds: that holds"]


def test_what_is_slow_is_said_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it begins."""
    monkeypatch.setattr(command, "ARTIFACTS", {"small": lambda noted: table(), "graph": lambda noted: table()})
    main(["tables", "--out", str(tmp_path)])
    assert capsys.readouterr().err.startswith("about, where no run is cached: graph (")
    main(["tables", "--out", str(tmp_path), "--only", "small"])
    assert "about" not in capsys.readouterr().err


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A table that there is not, with the one that is meant."""
    assert main(["tables", "--only", "no-such"]) == 2
    assert "--only: expected one of resources" in capsys.readouterr().err
    assert main(["tables", "--only", "widht"]) == 2
    assert capsys.readouterr().err.endswith("found widht (did you mean 'width'?)\n")
    assert main(["tables", "--only", ""]) == 2
    assert capsys.readouterr().err.endswith("found ''\n")


def test_what_is_committed_is_what_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """The table that takes no runs, now and as committed."""
    assert main(["tables", "--check", "--only", "disagreements"]) == 0


@pytest.mark.parametrize(
    "name", ["resources", "growth", "grammars", "parity", "sudoku", "serial", "kills", "qbf", "any-order", "edits"]
)
def test_a_committed_table_follows_from_its_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run of it is written down, none besides, and without making any the same files come out."""

    def due(notes: Notes, keys: Sequence[str], long: Sequence[bool] | None = None) -> list[int]:
        assert notes.known is not None and notes.known.keys() >= set(keys)
        return []

    monkeypatch.setattr(Notes, "due", due)
    monkeypatch.setattr(sudoku, "solutions", lambda cells: [cells])  # which takes long, and is tested by itself
    notes = Notes(read(command.noted(GENERATED, name)))
    assert command.compared(command.ARTIFACTS[name](notes), notes, GENERATED) == [] and notes.runs == notes.known


def test_every_committed_table_holds() -> None:
    """It is one of the registry, in all four forms, and none of its checks failed."""
    for path in GENERATED.glob("*.json"):
        said = json.loads(path.read_text(encoding="utf-8"))
        assert path.stem in command.ARTIFACTS and said["rows"] and all(check["holds"] for check in said["checks"]), path
        assert all(path.with_suffix(f".{kind}").exists() for kind in ("md", "csv", "tex"))


def test_no_time_where_no_transformer_ran() -> None:
    """Of a word that the reference machine alone decides the table has no seconds, as it has no decoding steps."""
    said = json.loads((GENERATED / "grammars.json").read_text(encoding="utf-8"))
    for row, times in zip(said["rows"], said["times"], strict=True):
        assert (times["seconds"] is None) == (row["decode"] is None) == (row["engine"] == "reference"), row


def test_a_wrong_cut_is_noticed() -> None:
    """Too many edges, an edge that was not there, or ends still connected: not what networkx says."""
    square = (experiments.Graph(4, ((0, 1), (0, 2), (1, 3), (2, 3))), 0, 3)
    assert experiments.disconnected(square, [2, [[0, 1], [0, 2]]])
    for answer in ([3, [[0, 1]]], [2, [[0, 1], [1, 3]]], [2, [[0, 1], [1, 2]]], [1, [[0, 1], [0, 2]]]):
        assert not experiments.disconnected(square, answer)


def test_a_run_that_does_not_agree_fails_its_check() -> None:
    """And one in which a decoding step is no PRAM step."""
    good = Found(0, 5, 5, 99, 1, 1, 1, True, 0.1)
    assert experiments.faithful([good], "x").holds
    for bad in (Found(0, 5, 5, 99, 1, 1, 1, False, 0.1), Found(0, 5, 6, 99, 1, 1, 1, True, 0.1)):
        assert not experiments.faithful([good, bad], "x").holds


def test_decoding_steps_are_drawn_from_the_rows() -> None:
    """The same rows give the same bytes; what was not decoded is drawn apart."""
    rows = [{"program": "p", "n": n, "t": 3 * n, "bound": 4 * n, "decode": None if n > 4 else 3 * n} for n in (2, 4, 8)]
    assert decoding(rows) == decoding(rows)
    assert "p, decoding steps" in decoding(rows).svg and "p, PRAM steps" in decoding(rows).svg


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A table of 200 runs; the numbers of those that were made."""
    made: list[int] = []

    def make(due: list[int]) -> list[dict]:
        made.extend(due)
        return [{"square": i * i, "seconds": 0.5} for i in due]

    def artifact(noted: Notes) -> Artifact:
        runs = noted.through([f"square of {i}" for i in range(200)], make)
        return table(rows=({"name": "sum", "n": sum(run["square"] for run in runs), "seconds": 1.0},))

    monkeypatch.setattr(command, "ARTIFACTS", {"small": artifact})
    return made


def test_a_comparison_makes_a_sample_of_the_runs_again(squares: list[int], tmp_path: Path) -> None:
    """All are made to be written down, and with --all; else those that are due, and any that is not written down."""
    assert main(["tables", "--out", str(tmp_path)]) == 0 and squares == list(range(200))
    squares.clear()
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 0 and 0 < len(squares) < 30
    due = list(squares)
    squares.clear()
    assert main(["tables", "--out", str(tmp_path), "--check", "--all"]) == 0 and squares == list(range(200))
    noted = tmp_path / "runs" / "small.json"
    lines = noted.read_text().splitlines()
    left = next(i for i in range(200) if i not in due)
    noted.write_text("\n".join(line for line in lines if f'"square of {left}"' not in line))
    squares.clear()
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 1  # a run that nobody wrote down
    assert sorted(squares) == sorted({*due, left})
    assert main(["tables", "--out", str(tmp_path), "--all"]) == 2


def test_a_run_that_was_written_down_wrongly(squares: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of the sample is seen at once; any other by the table, where it matters there, or by --all."""
    assert main(["tables", "--out", str(tmp_path)]) == 0
    squares.clear()
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 0
    noted = tmp_path / "runs" / "small.json"
    right = noted.read_text()
    for number in (squares[0], next(i for i in range(2, 200) if i not in squares)):
        wrong = right.replace(
            f'"square of {number}": {{"seconds": 0.5, "square": {number**2}}}', f'"square of {number}": {{"square": -1}}'
        )
        assert wrong != right
        noted.write_text(wrong)
        assert main(["tables", "--out", str(tmp_path), "--check"]) == 1
        assert main(["tables", "--out", str(tmp_path), "--check", "--all"]) == 1
        assert f"square of {number}: made again" in capsys.readouterr().err
    noted.write_text(right.replace("\n}}", ',\n  "square of 1000": {"square": 1}\n}}'))
    assert main(["tables", "--out", str(tmp_path), "--check"]) == 1
    assert "square of 1000: written down, but no run" in capsys.readouterr().err


def test_the_rows_of_the_readme_are_those_of_the_table() -> None:
    """Every row of its resource table: program, n, P, T, S, contexts, decoding steps of both."""
    known = {row["program"]: row for row in json.loads((GENERATED / "resources.json").read_text())["rows"]}
    part = (GENERATED.parents[1] / "README.md").read_text().partition("## Resources of a run")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ") and "program" not in line]
    assert len(rows) == 6
    for program, *numbers in rows:
        row = known[program]
        assert row["mdm decode"] == row["apmdm decode"]
        assert numbers == [str(row[key]) for key in ("n", "p", "t", "s", "mdm", "apmdm", "mdm decode")]


def test_the_readme_counts_changes_as_the_table_does() -> None:
    """How many single-weight changes are refuted, how many proved, and how many are left."""
    said = json.loads((GENERATED / "kills.json").read_text())
    (row,) = (row for row in said["rows"] if row["matrix"] == "all")
    text = " ".join((GENERATED.parents[1] / "README.md").read_text().split())
    assert (
        f"of {row['changes']} changes of the four transformers {row['killed']} are refuted and {row['equivalent']} proved"
        in text
    )
    assert f"proved; {row['survived']} are left" in text
    assert row["killed"] + row["equivalent"] + row["survived"] == row["changes"]


def test_a_folder_that_cannot_be_is_refused_before_the_work(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    """Nothing is made for an output that cannot be written; the message says what was expected."""

    def make(notes: Notes) -> Artifact:
        raise AssertionError("made")

    monkeypatch.setattr(command, "ARTIFACTS", {"small": make})
    assert main(["tables", "--out", "/dev/null"]) == 2
    assert "--out: /dev/null: expected a folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_all_processes_is_told_once(name: str, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM, which the processes of the pool get too, as soon as they are there: one sentence and no traceback, no
    process and no temporary file is left, and the exit code names the signal."""
    number, temporary = getattr(signal, name), tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "EFASP_STORE": str(tmp_path / "store.sqlite"), "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "efasp", "tables", "--only", "resources", "--out", str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    on_result = partial(signal.signal, number, signal.SIG_DFL)
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=on_result, **pipes)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and not (pool := [child for child in children.read_text().split() if _spawned(child)]):
        time.sleep(0.05)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    told = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert (process.returncode, out) == (128 + number, "") and err.splitlines()[1:] == ["resources ...", f"efasp: {told}"]
    assert list(temporary.iterdir()) == [] and pool and not any(map(_spawned, pool))


def _spawned(child: str) -> bool:
    """Whether a process is one of a pool."""
    try:
        return b"multiprocessing.spawn" in Path(f"/proc/{child}/cmdline").read_bytes()
    except OSError:
        return False
