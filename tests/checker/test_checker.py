"""Workers that crash or run away, budgets, several solvers, and bad usage."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import z3

from efasp.checker import solvers
from efasp.checker.cli import main
from efasp.checker.discharge import discharge
from efasp.checker.results import exit_code
from efasp.checker.store import Store
from efasp.proofs import obligation
from efasp.proofs.obligation import Allowance, Obligation, Searched, Verdict, undecided, within
from efasp.proofs.smtlib import Script, eq, le, lt
from tests.checker.obligations import ALL_N, exact, proved, run, script
from tests.pages import ROOT


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
