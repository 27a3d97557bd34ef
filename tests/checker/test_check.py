"""`efasp check`: verdicts, exit codes, and that a broken construction is refuted."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from efasp import pointwise
from efasp.checker.cli import main
from efasp.checker.mutation import constructions, weights
from efasp.checker.pool.pools import Processes
from efasp.checker.pool.worker import Work
from efasp.operators import OPERATORS
from efasp.proofs import registry
from efasp.proofs.obligation import CASES, Batch, Obligation, Regime, Verdict, exhaustive, narrowest_word, tally
from efasp.syntax import Node, relu

ROW_KEYS = {"id", "lemma", "params", "scope", "n", "status", "method", "seconds", "hash", "countermodel"}


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of a test are cached in its own folder."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit code and report."""
    code = main(["check", "--json", "-", *arguments])
    return code, json.loads(capsys.readouterr().out)


def lemma_of(monkeypatch: pytest.MonkeyPatch, *obligations: Obligation) -> None:
    """The register holds these obligations and nothing else."""
    names = tuple(dict.fromkeys(o.lemma for o in obligations))
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([Batch(names, {}, lambda: iter(obligations))])])


def test_small_bound_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    """A family for n to 32: all proved, exit 0, the documented keys."""
    code, report = check(capsys, "--n-max", "32", "--lemma", "gates.[ao]*", "--lemma", "lowering.*")
    assert code == 0 and report["n_max"] == 32
    assert set(report) == {"n_max", "summary", "obligations", "mutants", "environment"}
    assert all(set(row) >= ROW_KEYS and row["status"] == "proved" for row in report["obligations"])
    assert report["summary"]["proved"] == len(report["obligations"])


def test_same_text_in_two_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """But for times, and for results cached from the first, two runs give the same report."""
    reports = [check(capsys, "--lemma", "gates.a*")[1] for _ in range(2)]
    assert not any(row["cached"] for row in reports[0]["obligations"])
    assert all(row["cached"] for row in reports[1]["obligations"])
    for report in reports:
        for row in report["obligations"]:
            del row["seconds"], row["cached"]
        del report["environment"]["date"]
    assert reports[0] == reports[1]


def test_broken_operator_is_refuted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A conjunction whose bias is off by one: refuted, with the arguments, the expected and the found value."""

    def broken(a: Node, b: Node) -> Node:
        return relu(a + b - 0, a.sort)

    monkeypatch.setitem(OPERATORS, "and", dataclasses.replace(OPERATORS["and"], build=broken))
    code, report = check(capsys, "--n-max", "8", "--lemma", "gates.and")
    (row,) = report["obligations"]
    assert code == 1 and row["status"] == "refuted"
    assert row["countermodel"]["operator"] == "and" and row["countermodel"]["replayed"] is True


def test_too_many_cases_stay_unknown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What exhaustion does not reach is unknown, never proved: exit 3."""
    discharge = exhaustive(CASES + 1, lambda: iter(()))
    lemma_of(monkeypatch, Obligation("x.many", "F", {}, "none", (1, 64), "exhaustive", "", discharge))
    code, report = check(capsys)
    assert code == 3 and report["obligations"][0]["status"] == "unknown"


def test_error_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A lemma that raises ends as ``error``: exit 3, and the others are discharged."""

    def discharge() -> Verdict:
        raise ValueError("broken lemma")

    def good() -> Verdict:
        return Verdict("proved", "by hand")

    rows = [Obligation(f"x.{s.__name__}", "F", {}, "none", (1, 64), "exact", s.__name__, s) for s in (discharge, good)]
    lemma_of(monkeypatch, *rows)
    code, report = check(capsys)
    assert code == 3 and [row["status"] for row in report["obligations"]] == ["error", "proved"]
    assert "broken lemma" in report["obligations"][0]["method"]


def test_a_lemma_without_obligations_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that promises a lemma and gives nothing does not pass unseen."""

    def nothing() -> Iterator[Obligation]:
        yield from ()

    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([Batch(("x.silent",), {}, nothing)])])
    code, report = check(capsys)
    assert code == 3 and report["obligations"][0]["status"] == "error"


@pytest.mark.parametrize("late", [False, True])
def test_a_batch_that_is_not_built_names_its_lemmas(
    late: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making obligations that fails, or takes longer than its limit, gives each promised lemma that was asked for a row with
    the lemma, its parameters and the reason: an error, or a timeout."""

    def building() -> Iterator[Obligation]:
        if late:
            time.sleep(60)
        raise ValueError("no plan")
        yield

    monkeypatch.setattr(Work, "build_limit", property(lambda self: 0.5 if late else 60.0))
    batch = Batch(("x.one", "x.other", "y.more"), {"w": 6}, building)
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([batch])])
    code, report = check(capsys, "--lemma", "x.*")
    status, why = ("timeout", "building it: stopped after 0.5 s") if late else ("error", "building it: ValueError: no plan")
    assert code == 3 and [
        (row["id"], row["lemma"], row["params"], row["status"], row["method"]) for row in report["obligations"]
    ] == [(f"{name}[w=6]", name, {"w": 6}, status, why) for name in ("x.one", "x.other")]


def promising(given: str, w: int = 6, instead: dict[str, str] | None = None, family: str = "x") -> Batch:
    """A batch that promises two lemmas, "one" and "other", and gives one of each letter."""
    every = {"x": f"{family}.one", "y": f"{family}.other"}
    rows = [Obligation(every[x], "F", {"w": w}, "all n", (1, 64), "exact", x, lambda: Verdict("proved", "so")) for x in given]
    return Batch(tuple(every.values()), {"w": w}, lambda: iter(rows), instead or {})


@pytest.mark.parametrize("pattern", ["x.other", "x.*", "*"])
def test_a_batch_without_a_lemma_is_an_error(
    pattern: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another batch has it, the one that lacks it does not pass unseen; nor does it a second time, from the store."""
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([promising("xy", w=5), promising("x"), promising("yx", w=7)])])
    for _ in range(2):
        code, report = check(capsys, "--lemma", pattern)
        bad = [row for row in report["obligations"] if row["status"] != "proved"]
        assert code == 3 and [(row["status"], row["lemma"], row["params"]) for row in bad] == [("error", "x.other", {"w": 6})]
        assert bad[0]["method"] == "it gave no obligation"


def test_rows_of_an_earlier_run_are_not_the_whole_batch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cached rows of a run that did not look do not stand for the lemmas that a batch promises."""
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([promising("x")])])
    with monkeypatch.context() as blind:
        blind.setattr(Batch, "lacking", lambda self, given: {})
        assert check(capsys)[0] == 0
        assert all(row["cached"] for row in check(capsys)[1]["obligations"])
    assert check(capsys)[0] == 3


@pytest.mark.parametrize("given, code", [("x", 0), ("y", 0), ("xy", 0), ("", 3)])
def test_a_lemma_that_stands_for_another(
    given: str, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that exclude each other one is enough, whichever is asked for."""
    batch = promising(given, instead={"x.one": "x.other", "x.other": "x.one"})
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([batch])])
    for pattern in ("*", "x.one", "x.other"):
        assert check(capsys, "--lemma", pattern)[0] == code


def test_a_lemma_that_is_not_promised_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be left out where it is asked for by name."""
    row = Obligation("x.extra", "F", {}, "all n", (1, 64), "exact", "", lambda: Verdict("proved", "so"))
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([Batch(("x.one",), {}, lambda: iter([row]))])])
    code, report = check(capsys)
    assert code == 3 and "x.extra" in report["obligations"][0]["method"]


def test_the_batches_of_a_small_bound_keep_their_promises() -> None:
    """Each gives what it promises, and nothing else; of the numbers of a machine, exact and ties or refused."""
    for batch in registry.batches(Regime(32), ["gates.*", "numerics.[der]*", "encoding.*"]):
        given = tally(batch.build())
        assert not batch.lacking(given) and set(given) <= set(batch.lemmas)
        assert list(batch.lacking({})) == list(batch.lemmas)


def test_contradictory_hypotheses_are_vacuous(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A goal that follows because nothing satisfies the hypotheses is not a proof: exit 1."""
    hypotheses = "(set-logic QF_LIA)\n(declare-const x Int)\n(assert (< x 0))\n(assert (< 0 x))\n(check-sat)\n"
    text = hypotheses.replace("(check-sat)", "(assert (not (= x x)))\n(check-sat)")
    lemma_of(monkeypatch, Obligation("x.vacuous", "F", {}, "all n", (1, 64), "smt", text, hypotheses=hypotheses))
    code, report = check(capsys)
    assert code == 1 and report["obligations"][0]["status"] == "vacuous"


def test_a_countermodel_that_is_not_confirmed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver's model on which the construction is right after all is an error of the lemma, not a refutation."""
    hypotheses = "(set-logic QF_LIA)\n(declare-const x Int)\n(check-sat)\n"
    text = hypotheses.replace("(check-sat)", "(assert (not (= x 1)))\n(check-sat)")
    for replay, status in ((lambda model: None, "error"), (lambda model: {"x": model["x"]}, "refuted")):
        row = Obligation("x.y", "F", {"case": status}, "all n", (1, 64), "smt", text, hypotheses=hypotheses, replay=replay)
        lemma_of(monkeypatch, row)
        assert check(capsys)[1]["obligations"][0]["status"] == status


def test_regime() -> None:
    """The word is as narrow as P = M = n allows, and the widths' ranges of n cover 1..N once."""
    for n in (1, 2, 31, 32, 33, 64, 65, 1 << 20, (1 << 20) + 1, 1 << 64):
        word = narrowest_word(n)
        assert n - 1 < 1 << word and (word == 5 or n - 1 >= 1 << word - 1)
        covered = list(Regime(n).widths())
        assert covered[0][1][0] == 1 and covered[-1] == (word, (covered[-1][1][0], n))
        assert all(a[1][1] + 1 == b[1][0] for a, b in pairwise(covered))


def test_largest_bound_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """n to 2^64: the obligations are made (none is discharged)."""
    assert main(["check", "--n-max", str(1 << 64), "--list", "--lemma", "gates.add", "gates.mul"]) == 0
    assert "gates.mul[w=64]" in capsys.readouterr().out


def test_exhaustive_refuses_nothing_silently() -> None:
    """The first failure is the countermodel; more cases than the limit are not run."""
    assert exhaustive(2, lambda: iter([{"a": 1}, {"a": 2}]))() == Verdict("refuted", "exhaustion: 2 cases", {"a": 1})
    assert exhaustive(CASES + 1, lambda: iter([{"a": 1}]))().status == "unknown"
    assert pointwise.and_.__wrapped__.__doc__.startswith("Bitwise conjunction")


def test_a_mutant_does_not_die_of_a_lemma_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the process of a mutant too: that a batch gives nothing of a lemma is an error of it, and refutes nothing."""
    monkeypatch.setattr(registry, "LEMMAS", [lambda regime: iter([promising("xy", w=5), promising("x")])])
    found = constructions.attempt(["x.one", "x.other"], {}, 64, ["z3"], 5)
    assert found["x.one"]["statuses"] == {"proved": 2} and found["x.other"]["statuses"] == {"proved": 1, "error": 1}
    assert not found["x.other"]["by"] and "gave no obligation" in found["x.other"]["method"]


def test_a_changed_file_does_not_pass_with_a_lemma_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file is not proved where a batch gives no obligation of a lemma."""
    monkeypatch.setattr(weights, "regime_of", lambda weights, n_max: (Regime(64), ""))
    for given, status in (("xy", "proved"), ("x", "unknown")):
        monkeypatch.setattr(weights, "selected", lambda *asked, given=given: [promising(given, family="lowering")])
        found = weights.discharged(tmp_path, 64, None, constructions.Budget(Processes(1), ("z3",), 5, 2048))
        assert found.status == status and ("lowering.other" in found.method) == (status == "unknown")
