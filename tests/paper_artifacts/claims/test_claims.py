"""Claims and statements: every reference resolves in both directions; a status is computed, and never above a dependency's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from efasp.paper_artifacts.claims import claims as claims_module
from efasp.paper_artifacts.claims.claims import GRADES, Ledger, Status, claims, scope_of
from efasp.paper_artifacts.report.constructions import construction
from efasp.proofs import statements as statements_module
from efasp.proofs.obligation import Regime
from efasp.proofs.registry import batches
from efasp.proofs.statements import StatementError, below, statements
from tests.pages import ROOT

PAPER = ["B", "T1", "T1-specialised", "T1-connectivity", "T1-context-free", "T2", "T3", "T4", "T4-pspace", "T5", "T6", "F"]
PAPER += ["table-sudoku", "table-parity", "table-graph", "D1", "D2", "D3", "D4", "D5", "D6"]


def row(lemma: str, status: str = "proved", scope: str = "all n", n: tuple[int, int] = (1, 64)) -> dict[str, Any]:
    """A row of a run about no machine; it assumes no source."""
    cited: dict[str, list[str]] = {"assumes": [], "concludes": [], "assumed": []}
    return {
        "id": f"{lemma}[]",
        "lemma": lemma,
        "status": status,
        "scope": scope,
        "n": list(n),
        "params": {},
        "method": "",
        **cited,
    }


def everything(**changed: dict[str, Any]) -> list[dict[str, Any]]:
    """All lemmas proved for all n, but for those given."""
    return [changed.get(name, row(name)) for name in statements()]


def test_every_lemma_has_a_statement_and_every_statement_a_lemma() -> None:
    """The register and the statements name the same lemmas."""
    registered = {name for batch in batches(Regime(64, kernel=True)) for name in batch.lemmas}
    assert registered == set(statements())


def test_every_lemma_serves_a_claim_and_every_claim_of_the_paper_is_there() -> None:
    """No lemma stands by itself, and no claim, table row or disagreement is left out."""
    assert sorted(claims()) == sorted(PAPER)
    used = set(below({name for claim in claims().values() for name in claim.lemmas}))
    assert used | {"kernel.accepts"} == set(statements())  # which serves the claims with theorems, where it is asked for
    assert [claim.id for claim in claims().values() if claim.theorem] == [
        "F",
        "T1",
        "T1-specialised",
        "T1-connectivity",
        "T1-context-free",
        "T3",
        "T4",
        "T4-pspace",
        "T5",
        "T6",
    ]
    for claim in claims().values():
        assert claim.lemmas or claim.measures or claim.uncovered


def test_every_construction_is_found() -> None:
    """What a statement speaks of can be shown, with its definition."""
    for statement in statements().values():
        if statement.of:
            assert construction(statement.of).definition


def test_all_proved_for_all_n_is_all_n() -> None:
    """The best status is reached where everything is proved for all n."""
    ledger = Ledger(everything())
    assert {ledger.lemma(name).grade for name in statements()} == {"all n"}


@pytest.mark.parametrize("status", ["refuted", "vacuous", "timeout", "unknown", "error", "measured"])
def test_a_broken_lemma_shows_all_the_way_up(status: str) -> None:
    """Whatever rests on a lemma is no better than it is, up to the claims."""
    broken = "gates.step.add"
    ledger = Ledger(everything(**{broken: row(broken, status)}))
    grade = {"refuted": "refuted", "vacuous": "refuted", "measured": "measured"}.get(status, "open")
    for name in statements():
        rests = broken in below([name])
        assert ledger.lemma(name).grade == (grade if rests else "all n")
        if rests and name != broken:
            assert ledger.lemma(name).dependency
    measured = {name: Status("measured", "here") for claim in claims().values() for name in claim.measures}
    for claim in claims().values():
        if broken in below(claim.lemmas):
            found = Ledger(everything(**{broken: row(broken, status)}), measured).claim(claim)
            assert GRADES.index(found.grade) <= GRADES.index(grade)


def test_what_rests_on_a_cited_source_is_assumed() -> None:
    """A row that assumes a source is proved, and yet its lemma is assumed, and so is all that rests on it; refuted is worse."""
    leaf, source = "gates.step.add", "Some paper, theorem 2"
    ledger = Ledger(everything(**{leaf: row(leaf) | {"assumed": [source]}}))
    assert ledger.own(leaf) == Status("assumed", source)
    for name in statements():
        rests = leaf in below([name])
        assert ledger.lemma(name).grade == ("assumed" if rests else "all n")
        assert not rests or ledger.lemma(name).why == source
    resting = [claim for claim in claims().values() if leaf in below(claim.lemmas) and not claim.measures]
    assert resting and {ledger.claim(claim).grade for claim in resting} == {"assumed"}
    refuted = Ledger(everything(**{leaf: row(leaf, "refuted") | {"assumed": [source]}}))
    assert refuted.own(leaf).grade == "refuted"


def test_what_was_not_run_is_open() -> None:
    """A lemma without a row is open, and so is a claim on an artifact that was not generated."""
    rows = [r for r in everything() if r["lemma"] != "process.g"]
    ledger = Ledger(rows)
    assert ledger.lemma("process.g").grade == "open"
    assert ledger.claim(claims()["table-parity"]).grade == "open"


def test_a_claim_without_legs_is_not_covered() -> None:
    """Nothing speaks of it, and the claim says why."""
    bare = replace(claims()["T6"], lemmas=(), measures=(), uncovered="A lower bound, of which nothing is shown.")
    found = Ledger(everything()).claim(bare)
    assert found.grade == "not covered" and "lower bound" in found.why


def test_scopes_that_go_on_are_one() -> None:
    """n <= 32 and n <= 64 are n <= 64; other scopes are named as well."""
    rows = [row("x", scope="n <= 32", n=(1, 32)), row("x", scope="n <= 64", n=(33, 64)), row("x", scope="P = 3")]
    assert scope_of(rows) == "n <= 64; P = 3"
    assert Ledger(everything(**{"gates.add": rows[0] | {"lemma": "gates.add"}})).own("gates.add").grade == "bounded"


BAD_STATEMENTS = [
    ('["x.y"]\nnotation = "a"\n', "states"),
    ('["x.y"]\nstates = "a"\ncolour = "b"\n', "colour"),
    ('["x.y"]\nstates = "a"\nrests = ["x.z"]\n', "x.z"),
    ('["x.y"]\nstates = "a"\nrests = ["x.z"]\n["x.z"]\nstates = "b"\nrests = ["x.y"]\n', "rest on each other"),
]


@pytest.mark.parametrize("text, named", BAD_STATEMENTS)
def test_a_malformed_statement_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The error names the file, the lemma and what is wrong."""
    file = tmp_path / "statements.toml"
    file.write_text(text)
    with pytest.raises(StatementError, match=named) as raised:
        statements_module.statements(file)
    assert "statements.toml" in str(raised.value)


BAD_CLAIMS = [
    ('[[claim]]\nid = "X"\n', "kind"),
    ('[[claim]]\nid = "X"\nkind = "hope"\ntitle = "a"\nstates = "b"\nsource = "c"\n', "hope"),
    ('[[claim]]\nid = "X"\nkind = "claim"\ntitle = "a"\nstates = "b"\nsource = "c"\nlemmas = ["no.lemma"]\n', "no.lemma"),
    ('[[claim]]\nid = "X"\nkind = "claim"\ntitle = "a"\nstates = "b"\nsource = "c"\n' * 2, "again"),
]


@pytest.mark.parametrize("text, named", BAD_CLAIMS)
def test_a_malformed_claim_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The error names the file, the claim and what is wrong."""
    file = tmp_path / "claims.toml"
    file.write_text(text)
    with pytest.raises(StatementError, match=named) as raised:
        claims_module.claims(file)
    assert "claims.toml" in str(raised.value)


def stated(claim: str) -> str:
    """What the theorem of a claim says."""
    theorem = claims()[claim].theorem
    assert theorem is not None
    return theorem.states


def test_the_bounds_of_theorems_are_those_that_are_proved() -> None:
    """The numerals of a claim's theorems stand in the theorem's own text."""
    text = (ROOT / "proofs" / "rocq" / "theorem" / "Existence.v").read_text()
    theorem = text.partition("Theorem exists_for_all_n :")[2].partition("Proof.")[0]
    for claim, engine in (("T1", "mdm"), ("T4", "apmdm")):
        (layers,), ((width, rest),) = (re.findall(p, stated(claim)) for p in (r"(\d+) layers", r"(\d+) w \+ (\d+)"))
        assert f"runs_pram_{engine} w false m /\\ within {layers} ({width} * w + {rest}) m" in theorem
