"""`efasp check`: verdicts, exit codes, and that a broken construction is refuted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest

from checker.cli import main
from efasp import pointwise
from efasp.operators import OPERATORS
from efasp.syntax import Node, relu
from proofs import register
from proofs.obligation import CASES, Obligation, Verdict, exhaustive, narrowest_word


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit code and report."""
    code = main(["check", "--json", "-", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_small_bound_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    """Every lemma that is quick, for n to 32: all proved, exit 0, the contract's keys."""
    code, report = check(capsys, "--n-max", "32", "--lemma", "gates.*", "encoding.[!i]*", "--lemma", "numerics.*")
    assert code == 0 and report["n_max"] == 32
    assert set(report) == {"n_max", "summary", "obligations", "mutants", "environment"}
    keys = ["id", "lemma", "params", "scope", "n", "status", "method", "seconds", "hash", "countermodel"]
    assert all(list(row) == keys and row["status"] == "proved" for row in report["obligations"])
    assert report["summary"]["proved"] == len(report["obligations"])


def test_same_text_in_two_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """But for times, two runs give the same report."""
    reports = [check(capsys, "--lemma", "gates.a*")[1] for _ in range(2)]
    for report in reports:
        for row in report["obligations"]:
            row.pop("seconds")
    assert reports[0] == reports[1]


def test_broken_operator_is_refuted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A conjunction whose bias is off by one: refuted, with the arguments, the expected and the found value."""

    def broken(a: Node, b: Node) -> Node:
        return relu(a + b - 0, a.sort)

    monkeypatch.setitem(OPERATORS, "and", dataclasses.replace(OPERATORS["and"], build=broken))
    code, report = check(capsys, "--n-max", "8", "--lemma", "gates.and")
    (row,) = report["obligations"]
    assert code == 1 and row["status"] == "refuted" and row["countermodel"]["operator"] == "and"


def test_too_many_cases_stay_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """What exhaustion does not reach is unknown, never proved: exit 3."""
    code, report = check(capsys, "--n-max", str(1 << 12), "--lemma", "gates.add")
    assert code == 3 and report["obligations"][-1]["status"] == "unknown"
    assert [row["status"] for row in report["obligations"]].count("proved") == 6  # w = 5..10: 2^20 cases at most


def test_error_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A lemma that raises ends as ``error``: exit 3, and the others are settled."""

    def settle() -> Verdict:
        raise ValueError("broken lemma")

    def build(n_max: int) -> Iterator[Obligation]:
        yield Obligation("x.y", "F", {}, "none", (1, n_max), "", settle)

    monkeypatch.setattr(register, "LEMMAS", [build])
    code, report = check(capsys)
    assert code == 3 and report["summary"]["error"] == 1 and "broken lemma" in report["obligations"][0]["method"]


def test_regime() -> None:
    """The word is as narrow as P = M = n allows, and the widths' ranges of n cover 1..N once."""
    for n in (1, 2, 31, 32, 33, 64, 65, 1 << 20, (1 << 20) + 1, 1 << 64):
        word = narrowest_word(n)
        assert n - 1 < 1 << word and (word == 5 or n - 1 >= 1 << word - 1)
        covered = list(widths(n))
        assert covered[0][1][0] == 1 and covered[-1] == (word, (covered[-1][1][0], n))
        assert all(a[1][1] + 1 == b[1][0] for a, b in pairwise(covered))


def test_largest_bound_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """n to 2^64: the obligations are made (none is settled)."""
    assert main(["check", "--n-max", str(1 << 64), "--list", "--lemma", "gates.*", "encoding.*"]) == 0
    assert "gates.mul[w=64]" in capsys.readouterr().out


def test_exhaustive_refuses_nothing_silently() -> None:
    """The first failure is the countermodel; more cases than the limit are not run."""
    assert exhaustive(2, lambda: iter([{"a": 1}, {"a": 2}]))() == Verdict("refuted", "exhaustion: 2 cases", {"a": 1})
    assert exhaustive(CASES + 1, lambda: iter([{"a": 1}]))().status == "unknown"
    assert pointwise.and_.__wrapped__.__doc__.startswith("Bitwise conjunction")
