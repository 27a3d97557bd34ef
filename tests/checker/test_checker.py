"""The checker itself: workers that crash or run away, the store, several solvers, interrupted runs."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import z3

from efasp.checker import solvers, store
from efasp.checker.cli import main
from efasp.checker.discharge import discharge
from efasp.checker.pool.pools import Processes
from efasp.checker.pool.scheduler import Scheduler
from efasp.checker.pool.worker import Work
from efasp.checker.results import exit_code
from efasp.checker.store import Store
from efasp.proofs import obligation
from efasp.proofs.obligation import Allowance, Batch, Obligation, Searched, Verdict, undecided, within
from efasp.proofs.smtlib import Script, eq, le, lt

ROOT = Path(__file__).parents[2]
ALL_N = (1, 64)


def exact(name: str, discharged: Callable[[], Verdict]) -> Obligation:
    """An obligation of its own lemma that a function discharges."""
    return Obligation(name, "F", {}, "all n", ALL_N, "exact", name, discharged)


def proved() -> Verdict:
    """An obligation that holds."""
    return Verdict("proved", "by hand")


def script(name: str, goal: str, **params: str) -> Obligation:
    """An SMT obligation about two integers with x < y."""
    s = Script("QF_LIA")
    x, y = s.integer("x", 0), s.integer("y", 0)
    s.definition(lt(x, y))
    return s.obligation(name, "F", params, "all n", ALL_N, goal)


def run(
    obligations: Sequence[Obligation], kept: Store, *, seconds: float = 20, memory: int = 2048, basis: str = "b"
) -> list[dict]:
    """The rows of one run, a batch an obligation."""
    batches = [Batch((o.lemma,), {"i": i}, lambda o=o: iter([o])) for i, o in enumerate(obligations)]  # type: ignore[misc]
    return Scheduler(Work(batches, None, ["z3"], seconds, memory, basis), 64, Processes(2), kept).run()


@pytest.fixture
def kept(tmp_path: Path):
    """An empty store, and its messages."""
    notices: list[str] = []
    found = Store(tmp_path / "checks.sqlite", notices.append)
    found.notices = notices
    yield found
    found.close()


def test_a_crash_costs_its_own_obligation(kept: Store) -> None:
    """A worker that is killed, one that ends, one that takes all memory: error each, named; the others are proved."""

    def crash() -> Verdict:
        os.kill(os.getpid(), signal.SIGKILL)
        return proved()

    def leave() -> Verdict:
        os._exit(3)

    def hoard() -> Verdict:
        return Verdict("proved", str(len(bytearray(8 << 30))))

    broken = [exact("x.crash", crash), exact("x.leave", leave), exact("x.hoard", hoard)]
    rows = run([exact("x.first", proved), *broken, exact("x.last", proved)], kept)
    assert [row["status"] for row in rows] == ["proved", "error", "error", "error", "proved"]
    assert "SIGKILL" in rows[1]["method"] and "exit status 3" in rows[2]["method"] and "out of memory" in rows[3]["method"]
    assert exit_code(rows) == 3


def test_time_that_is_up_is_a_timeout(kept: Store) -> None:
    """An obligation that does not end is stopped; it is a timeout and is not cached."""

    def forever() -> Verdict:
        while True:
            time.sleep(0.05)

    rows = run([exact("x.forever", forever), exact("x.y", proved)], kept, seconds=0.3)
    assert [row["status"] for row in rows] == ["timeout", "proved"]
    again = run([exact("x.forever", proved), exact("x.y", proved)], kept, seconds=0.3)
    assert [(row["status"], row["cached"]) for row in again] == [("proved", False), ("proved", True)]


def test_a_search_does_not_hide_the_reason(kept: Store) -> None:
    """The reason of an unknown verdict is reported before a search: one that runs away costs the search, not the reason."""

    def sought(name: str, search: Callable[[Allowance], Searched]) -> Obligation:
        return replace(exact(name, lambda: Verdict("unknown", f"why {name}")), search=search)

    def endless(allowance: Allowance) -> Searched:
        time.sleep(60)
        return Searched(None, "")

    rows = run(
        [
            sought("a", endless),
            sought("b", lambda allowance: Searched({"case": 1}, "by search")),
            sought("c", lambda allowance: Searched(None, "", f"nothing in {allowance.seconds:g} s")),
            sought("d", lambda allowance: Searched({}["no"], "")),
            replace(exact("e", proved), search=endless),
        ],
        kept,
        seconds=2,
    )
    assert [row["status"] for row in rows] == ["unknown", "refuted", "unknown", "error", "proved"]
    assert rows[0]["method"].startswith("why a; ") and rows[1]["method"] == "by search; why b"
    assert rows[1]["countermodel"] == {"case": 1} and rows[2]["method"] == "why c; nothing in 2 s"
    assert rows[3]["method"].startswith("why d; ")


def test_a_search_is_given_the_remaining_budget() -> None:
    """Its allowance is less than the obligation's budget, by what was spent before; solvers add to it."""
    on_result: list[Allowance] = []

    def slow() -> Verdict:
        time.sleep(0.5)
        return Verdict("unknown", "why")

    def search(allowance: Allowance) -> Searched:
        on_result.append(allowance)
        return Searched(None, "")

    discharge(replace(exact("a", slow), search=search), ["z3"], 1)
    assert on_result[0].seconds == 1 and 0 <= on_result[0].left <= 0.5


def test_within_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No item is begun that would end too late if it took twice as long as the longest so far."""
    clock = [0.0]
    monkeypatch.setattr(obligation, "monotonic", lambda: clock[0])

    def items(*lengths: float) -> Iterator[float]:
        for length in lengths:
            clock[0] += length
            yield length

    assert list(within(items(1, 1, 1, 1, 1), 6)) == [1, 1, 1, 1]
    assert list(within(items(1, 3, 1), 11)) == [1, 3, 1] and list(within(items(1, 3, 1), 10)) == [1, 3]
    assert list(within(items(1), 0)) == [] and list(within(items(1, 2), 100)) == [1, 2]


def test_a_solver_that_gives_up_is_a_timeout(kept: Store) -> None:
    """A query beyond the solver's budget is a timeout, never proved."""
    bits = 24
    s = Script("QF_BV")
    x, y = (s.declare(name, f"(_ BitVec {bits})") for name in "xy")
    s.definition(f"(= (bvmul {x} {y}) (_ bv{(1 << bits) - 5} {bits}))")
    row = s.obligation("x.hard", "F", {}, "all n", ALL_N, f"(not (= (bvand (bvmul {x} {x}) (bvmul {y} {y})) (_ bv77 {bits})))")
    assert run([row], kept, seconds=0.02)[0]["status"] in ("timeout", "unknown")


def test_the_store_knows_what_a_verdict_rests_on(kept: Store) -> None:
    """The same text is known again; another text, other sources (of a countermodel) are not."""
    true, false = script("x.true", lt("x", "y")), script("x.false", lt("y", "x"))
    first = run([true, false], kept)
    assert [(row["status"], row["cached"]) for row in first] == [("proved", False), ("refuted", False)], first[1]["method"]
    assert all(row["cached"] for row in run([true, false], kept))
    assert [row["cached"] for row in run([true, false], kept, basis="other sources")] == [True, False]
    assert not run([script("x.true", le("x", "y"))], kept, basis="changed sources")[0]["cached"]


def test_equal_texts_are_discharged_once(kept: Store) -> None:
    """The same text under two ids is one thing to show."""
    rows = run([script("x.y", lt("x", "y"), case="a"), script("x.y", lt("x", "y"), case="b")], kept)
    assert [row["status"] for row in rows] == ["proved", "proved"] and rows[0]["hash"] == rows[1]["hash"]
    assert rows[0]["seconds"] == rows[1]["seconds"]


def test_a_forged_entry_is_not_believed(tmp_path: Path) -> None:
    """An entry that was changed in the file has a broken seal: it is discharged again."""
    path, row = tmp_path / "checks.sqlite", script("x.false", lt("y", "x"))
    for _ in range(2):
        kept = Store(path, print)
        (found,) = run([row], kept)
        assert found["status"] == "refuted" and not found["cached"], found["method"]
        kept.close()
        with sqlite3.connect(path) as db:
            assert db.execute("UPDATE entries SET value = replace(value, 'refuted', 'proved')").rowcount
    kept.close()


@pytest.mark.parametrize("content", [b"not a database at all " * 99, b""])
def test_a_broken_store_is_set_aside(tmp_path: Path, content: bytes) -> None:
    """A file that is not a store is not lost: it stays next to the new one (an empty file is a new store)."""
    path, notices = tmp_path / "checks.sqlite", list[str]()
    path.write_bytes(content)
    kept = Store(path, notices.append)
    assert run([exact("x.y", proved)], kept)[0]["status"] == "proved"
    kept.close()
    aside = path.with_name("checks.sqlite.set-aside")
    assert aside.exists() == bool(content) == bool(notices)
    assert not content or aside.read_bytes() == content


def test_another_versions_store_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that another version made is not believed."""
    path, notices = tmp_path / "checks.sqlite", list[str]()
    with monkeypatch.context() as other:
        other.setattr(store, "stamp", lambda: "0 another")
        kept = Store(path, notices.append)
        run([exact("x.y", proved)], kept)
        kept.close()
    kept = Store(path, notices.append)
    assert not run([exact("x.y", proved)], kept)[0]["cached"]
    assert "0 another" in notices[0]
    kept.close()


def test_a_full_disk_stops_nothing(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store cannot be written, the run goes on without it, and says so."""
    assert kept._db is not None
    kept._db.execute("PRAGMA max_page_count = 1")  # what SQLite answers then is what it answers on a full disk
    rows = run([exact(f"x.y{i}", proved) for i in range(40)], kept)
    assert {row["status"] for row in rows} == {"proved"}
    assert any("full" in notice for notice in kept.notices)


def test_disagreeing_solvers_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One says unsat, another sat: an error that names both."""
    monkeypatch.setitem(solvers.ASK, "cvc5", lambda text, seconds: ("sat", "", {"x": 0, "y": 1}))
    verdict = discharge(script("x.true", lt("x", "y")), ["z3", "cvc5"], 10)
    assert verdict.status == "error" and "disagree" in verdict.method
    assert "z3" in verdict.method and "cvc5" in verdict.method


@pytest.mark.parametrize("name", [name for name in solvers.PACKAGES if name in solvers.available()])
def test_every_installed_solver(name: str) -> None:
    """Each reads the scripts and finds what holds, what does not, and a model (bitwuzla of bit-vectors only)."""
    s = Script("QF_BV")
    a, b = (s.declare(letter, "(_ BitVec 8)") for letter in "ab")
    s.definition(f"(bvult {a} {b})")
    for goal, status in ((f"(not (= {a} {b}))", "proved"), (f"(bvult {b} {a})", "refuted")):
        row = s.obligation("x.y", "F", {}, "all n", ALL_N, goal, replay=lambda model: {"a": model["a"], "b": model["b"]})
        found = discharge(row, [name], 10)
        assert found.status == status
        if found.countermodel is not None:
            assert found.countermodel["a"] < found.countermodel["b"]


def test_no_script_shares_a_context_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a context that scripts share, Z3 may give a name the definition that it had in an earlier script."""
    monkeypatch.setattr(z3.z3, "main_ctx", lambda: pytest.fail("the context that scripts share was asked for"))
    s = Script("ALL")
    x, y, z = s.integer("x", 0), s.declare("y", "Real"), s.declare("z", "(_ BitVec 4)")
    s.definition(f"(and (= (f {x}) 7) (< {y} 0.5) (= {z} #b0011) {s.declare('b', 'Bool')})")
    text = s.text().replace("(assert", "(declare-fun f (Int) Int)\n(assert", 1)
    model = solvers.solve("z3", text, 20).model
    assert model is not None and sorted(model) == ["b", "f", "x", "y", "z"] and model["z"] == 3 and model["b"] is True


def test_a_model_that_may_not_be_reached_refutes_nothing() -> None:
    """Where the replay cannot tell, the obligation is unknown, without a countermodel; what holds is proved all the same."""
    s = Script("QF_LIA")
    x, y = s.integer("x", 0), s.integer("y", 0)
    for goal, status in ((lt(x, y), "unknown"), (le("0", x), "proved")):
        verdict = discharge(s.obligation("x.y", "F", {}, "all n", ALL_N, goal, replay=undecided), ["z3"], 10)
        assert verdict.status == status and verdict.countermodel is None


def test_a_script_that_is_not_its_hypotheses_and_a_goal() -> None:
    """The hypotheses that were shown to have a model must be those of the proof."""
    row = script("x.y", lt("x", "y"))
    other = Obligation(row.lemma, "F", {}, "all n", ALL_N, "smt", row.content, hypotheses=script("x.z", eq("x", "x")).content)
    assert discharge(other, ["z3"], 5).status == "error"


def test_a_kind_cannot_claim_what_it_is_not() -> None:
    """A measurement is never proved, nothing else is ever measured."""
    wrong = Obligation("x.y", "F", {}, "measured", ALL_N, "measurement", "", proved)
    assert discharge(wrong, ["z3"], 5).status == "error"
    assert discharge(exact("x.z", lambda: Verdict("measured", "by eye")), ["z3"], 5).status == "error"


COMMAND = [
    sys.executable,
    "-m",
    "efasp.checker.cli",
    "check",
    "--n-max",
    "32",
    "--lemma",
    "gates.*",
    "lowering.*",
    "--jobs",
    "1",
]


def test_killed_runs_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    """kill -9 at several moments, then a whole run: the verdicts are those of an undisturbed run."""
    files = [tmp_path / name for name in ("killed.json", "whole.json")]
    environment = {**os.environ, "EFASP_STORE": str(tmp_path / "checks.sqlite")}
    for moment in (0.6, 0.9, 1.3, 1.8):
        process = subprocess.Popen(COMMAND, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.kill()
        process.wait()
    for file, extra in zip(files, ([], ["--no-cache"]), strict=True):
        done = subprocess.run(
            [*COMMAND, *extra, "--json", str(file)], env=environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    killed, whole = (json.loads(file.read_text())["obligations"] for file in files)
    for row in killed + whole:
        del row["seconds"], row["cached"]
    assert killed == whole


def at_work(process: subprocess.Popen[str]) -> None:
    """Waits until a command has forked a worker, which has its command line; other programs that it starts have not, after a
    moment."""
    proc, before = Path("/proc"), set[str]()
    own = (proc / str(process.pid) / "cmdline").read_bytes()
    for _ in range(300):
        children = (proc / str(process.pid) / "task" / str(process.pid) / "children").read_text().split()
        alike = {child for child in children if _line(proc / child / "cmdline") == own}
        if alike & before:
            return
        before = alike
        time.sleep(0.2)
    raise AssertionError("no worker was started")


def _line(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended
        return b""


def test_interrupt_keeps_discharged_rows(tmp_path: Path) -> None:
    """Ctrl-C: exit 130, a summary of the rows so far, and no worker is left."""
    environment = {**os.environ, "EFASP_STORE": str(tmp_path / "checks.sqlite")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    on_result = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell starts what runs in the background without it
    command = [*COMMAND, "--n-max", str(1 << 40)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=on_result, **pipes)
    at_work(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted" in err and "interrupted" in out
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_what_was_discharged_is_written_when_a_signal_ends_a_run(name: str, tmp_path: Path) -> None:
    """To the file of --json too; nothing is left in the temporary folder, and the exit code names the signal."""
    folder, file, number = tmp_path / "temporary", tmp_path / "report.json", getattr(signal, name)
    folder.mkdir()
    on_result = partial(signal.signal, number, signal.SIG_DFL)
    command = [*COMMAND, "--n-max", str(1 << 40), "--no-cache", "--json", str(file)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=on_result, **pipes)
    at_work(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number and "interrupted" in out
    assert ("interrupted" if name == "SIGINT" else f"ended by {name}") in err and "Traceback" not in err
    said = json.loads(file.read_text())
    assert said["environment"]["interrupted"] is True and len(said["obligations"]) == sum(said["summary"].values())
    assert list(folder.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


BAD = [
    (["--n-max", "0"], "--n-max"),
    (["--n-max", str((1 << 64) + 1)], "--n-max"),
    (["--lemma", "no.such"], "--lemma"),
    (["--solver", "yices"], "--solver"),
    (["--timeout", "-1"], "--timeout"),
    (["--jobs", "0"], "--jobs"),
    (["--weights", "no-such-file"], "no-such-file"),
    (["--weights", "README.md"], "README.md"),
    (["--json", "no/such/folder/x.json"], "--json"),
    (["--html", "README.md/x"], "--html"),
]


@pytest.mark.parametrize("arguments, named", BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_bad_usage_names_the_flag(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, one message that names the flag or file, no traceback, nothing written."""
    monkeypatch.chdir(ROOT)
    try:
        code = main(["check", *arguments])
    except SystemExit as error:
        code = error.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert code == 2 and named in err and "Traceback" not in err and not out
