"""`efasp audit --trust`: everything rests on something that is named, and on a solver only where there is no proof."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from efasp.checker.session import Report
from efasp.paper_artifacts.claims.trust import ROUTES, bases, trust
from efasp.paper_artifacts.cli import main
from efasp.proofs.obligation import Regime
from efasp.proofs.registry import batches, matches
from efasp.proofs.statements import StatementError, statements
from tests.paper_artifacts.report.test_audit import full


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of a test are cached in its own folder."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))


def kinds(whole: bool) -> set[tuple[str, str]]:
    """The lemmas, each with the kinds of its obligations: of all, or of the first of each lemma that batches of a form give."""
    found, seen = set(), set()
    for batch in batches(Regime(2), None):
        if whole or batch.lemmas not in seen:
            seen.add(batch.lemmas)
            left = set(batch.lemmas)
            for one in batch.build():
                found.add((one.lemma, one.kind))
                left.discard(one.lemma)
                if not (left or whole):
                    break
    return found


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_kind_of_obligation_rests_on_something(whole: bool) -> None:
    """Of every kind that the lemmas have: the statement, Python, and what decides it; every glob names lemmas."""
    deciders = {
        "smt": {"solver", "kernel"},
        "exact": {"exact"},
        "exhaustive": {"exact"},
        "polynomial": {"sympy"},
        "measurement": {"float", "softmax", "oracle"},
    }
    made = kinds(whole)
    assert {name for name, _ in made} > {name for name in statements() if name.startswith(("gates.", "step.", "process."))} - {
        "process.refused"
    }
    for lemma, kind in made:
        for route in ROUTES:
            row = {"lemma": lemma, "kind": kind, "hash": ""}
            below = {base.id for base in bases() if base.carries(row, lambda hash_, route=route: route)}  # type: ignore[misc]
            assert {"statement", "python", "store"} <= below and below & deciders[kind]
            if kind == "smt":
                assert ("solver" in below) == (route == "none")
    for base in bases():
        assert all(pattern == "*" or any(matches(name, [pattern]) for name in statements()) for pattern in base.lemmas)


def test_a_proof_takes_the_solver_away(capsys: pytest.CaptureFixture[str]) -> None:
    """With a proof an obligation rests on what replayed it; counted by claim."""
    rows = [
        {"lemma": "gates.step.add", "kind": "smt", "hash": "1"},
        {"lemma": "gates.add", "kind": "exact", "hash": "2"},
        {"lemma": "attention.signs", "kind": "smt", "hash": "3"},
    ]
    (one,) = (row for row in trust(rows, lambda hash_: "linear" if hash_ == "1" else "") if row["claim"] == "F")
    counts = one["rests on"]
    assert (counts["solver"], counts["kernel"], counts["extraction"], counts["translation"]) == (1, 1, 1, 0)
    assert one["obligations"] == 3 and one["proofs"] == {"none": 1, "linear": 1, "goal": 0, "encodings": 0, "clauses": 0}


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON, of what a run discharged; not with a lemma, nor as pages."""
    rows = [full(name) for name in statements()]
    report = Report(rows, {"killed": 0, "survived": 0}, 64, 1.5, {}, lambda hash_: "")
    monkeypatch.setattr("efasp.paper_artifacts.report.audit.discharged", lambda *_: nullcontext(report))
    assert main(["audit", "--trust", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [base["id"] for base in said["base"]] == [base.id for base in bases()]
    assert all(row["rests on"]["statement"] == row["obligations"] for row in said["claims"])
    assert main(["audit", "gates.add", "--trust"]) == 2
    assert "--trust: expected no NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, message",
    [
        (("kinds", '["smt", "lean"]'), "kinds: expected some of"),
        (("routes", '["hope"]'), "routes: expected some of"),
        (("trusted", '""'), "expected a key trusted"),
        (("extra", "1"), "found extra"),
    ],
)
def test_a_malformed_entry_is_refused(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    """With the file, the entry and what was expected."""
    entry = {"id": '"x"', "what": '"w"', "kinds": '["smt"]', "covered": '"c"', "trusted": '"t"', change[0]: change[1]}
    file = tmp_path / "trust.toml"
    file.write_text("[[base]]\n" + "\n".join(f"{key} = {value}" for key, value in entry.items()))
    with pytest.raises(StatementError, match=f"trust.toml: x: .*{message}|trust.toml: x: {message}"):
        bases(file)
