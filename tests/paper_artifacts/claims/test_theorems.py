"""What a claim takes from its theorem: the theorem, the emitted weights and the dtype, each no further than it was checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from efasp.paper_artifacts.claims.claims import Ledger, claims
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.claims.theorems import ACCEPTED, Part
from efasp.proofs.lemmas.kernel import EQUIVALENT
from efasp.proofs.rocq import build
from tests.paper_artifacts.claims.test_claims import everything, row

T1 = claims()["T1"]
assert T1.theorem is not None
KNOWN = dict.fromkeys(T1.theorem.names, "compiled")


def machine(lemma: str, status: str = "proved", scope: str = "n <= 32", **changes: Any) -> dict[str, Any]:
    """A row about the machine of words of 5 bits."""
    params = {"w": 5, "engine": "mdm", "ext": "none", **changes}
    return row(lemma, status, scope) | {"id": f"{lemma}[w={params['w']}]", "params": params}


def parts(*rows: dict[str, Any], known: dict[str, str] = KNOWN) -> list[Part]:
    """What is shown of T1."""
    return Ledger([*everything(), *rows], artifacts(), known).parts(T1)  # type: ignore[list-item]


def test_the_status_is_the_theorems_where_it_was_compiled() -> None:
    """Otherwise, and where some theorem is missing, that of the lemmas, with the theorem cited."""
    measured = everything(**{"process.g": row("process.g", "measured", "measured")})
    assert Ledger(measured, artifacts(), KNOWN).claim(T1).grade == "all n"
    for known in ({}, {"accepts_sound": "compiled"}):
        ledger = Ledger(measured, artifacts(), known)
        assert ledger.claim(T1) == ledger.by_lemmas(T1) and ledger.claim(T1).grade == "measured"
        assert not ledger.parts(T1)[0].holds and "make rocq checks it" in str(ledger.parts(T1)[0])
    assert Ledger(measured, artifacts(), KNOWN).parts(claims()["B"]) == []


@pytest.mark.parametrize(("status", "grade"), [("refuted", "refuted"), ("vacuous", "refuted"), ("timeout", "open")])
def test_a_lemma_that_fails_is_not_covered_up(status: str, grade: str) -> None:
    """What is refuted or open in a run decides the status, whatever the theorem says."""
    broken = everything(**{"lowering.stack": row("lowering.stack", status)})
    assert Ledger(broken, artifacts(), KNOWN).claim(T1).grade == grade


def test_weights_count_as_far_as_they_were_accepted_in_the_run() -> None:
    """By words and extension, of the claim's engine; of what is not accepted the obligation is named."""
    assert "not checked in this run" in str(parts()[1])
    assert "not checked in this run" in str(parts(machine(ACCEPTED, engine="apmdm"))[1])
    accepted = [machine(ACCEPTED, w=w, ext=ext) for w in (5, 6, 8) for ext in ("none", "M")]
    assert parts(*accepted)[1].shown == "accepted for w = 5..6, 8, with and without M"
    assert parts(*accepted[:-1])[1].shown == "accepted for w = 5..6, 8, without M; w = 5..6, with M"
    assert parts(*accepted, machine(ACCEPTED, "unknown", w=9, code="ab0f121d"))[1] == parts(*accepted)[1]  # of one program
    failed = parts(*accepted, machine(ACCEPTED, "unknown", w=9))[1]
    assert not failed.holds and (failed.shown, failed.known) == ("not accepted", "kernel.accepts[w=9]: unknown")


def test_a_file_that_is_rejected_may_be_equivalent() -> None:
    """Both verdicts are named where the comparison with the fresh compile was proved, for the same machine."""
    rejected = machine(ACCEPTED, "unknown") | {"method": EQUIVALENT}
    compared = [machine(name, scope="n <= 32, well-formed sequences") for name in ("lowering.layer", "lowering.stack")]
    found = parts(rejected, *compared)[1]
    assert found.holds and "rejected by accepts, and observationally equivalent to the fresh compile" in found.shown
    assert "n <= 32, well-formed sequences" in found.shown and ACCEPTED in found.known and "lowering.*" in found.known
    others = machine("lowering.stack", "unknown"), machine("lowering.stack", "refuted")
    for rows in ([], [machine("lowering.stack", w=6)], *([*compared, other] for other in others)):
        assert not parts(rejected, *rows)[1].holds
    assert not parts(rejected | {"method": "plan-check rejects it"}, *compared)[1].holds


def test_floats_count_as_far_as_they_are_exact_in_the_run() -> None:
    """By dtype; a word of which one obligation fails is excepted."""
    rows = [
        machine("numerics.exact", scope=f"w = {w}, float{bits}, given the sorts", w=w)
        for w, bits in ((5, 32), (6, 32), (18, 64))
    ]
    assert parts(*rows)[2].shown == "exact for w = 5..6 (float32), w = 18 (float64), without M"
    failed = parts(*rows, machine("numerics.finite", "unknown", w=6))[2]
    assert (
        failed.shown == "exact for w = 5 (float32), w = 18 (float64), without M; not for w = 6 (ext none)" and not failed.holds
    )
    assert "not known to be exact in this run" in str(parts()[2])


def test_theorems_stand_as_the_sources_are_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What make rocq wrote down counts for the same sources alone, and for theorems without axioms; else nothing is known."""

    def missing() -> str:
        raise build.RocqError(build.MISSING)

    monkeypatch.setattr(build, "version", missing)
    assert build.standing(tmp_path) == {}
    known = {
        "version": "Coq",
        "digest": build.written((*build.FILES, *build.PROOF_FILES)),
        "axioms": {"accepts_sound": [], "other": ["an_axiom"]},
    }
    for text, names in (
        (known, ["accepts_sound"]),
        (known | {"digest": "of other sources"}, []),
        ([], []),
        ({"digest": known["digest"]}, []),
    ):
        (tmp_path / build.RECORD).write_text(json.dumps(text))
        assert list(build.standing(tmp_path)) == names
