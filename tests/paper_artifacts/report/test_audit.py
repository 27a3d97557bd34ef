"""`efasp audit`: the list, one claim or lemma whole, globs, wrong calls."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from html import unescape
from pathlib import Path

import pytest

from efasp.checker.options import RunOptions
from efasp.checker.session import Report
from efasp.paper_artifacts.claims.claims import Ledger, Status, claims
from efasp.paper_artifacts.claims.extent import OTHER, extent
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.report import audit
from efasp.proofs.statements import below, statements
from tests.pages import COMMANDS, ROOT, keys
from tests.paper_artifacts.claims.test_claims import everything, row


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of a test are cached in its own folder."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))


@pytest.fixture(autouse=True)
def no_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was compiled in this checkout, no theorem is known to be checked."""
    monkeypatch.setattr("efasp.paper_artifacts.report.audit.checked", dict)


def full(name: str, **changes: object) -> dict:
    """A row with everything that a run says."""
    known = {"params": {"w": 5}, "method": "z3: unsat", "seconds": 0.1, "hash": f"{abs(hash(name)) % 10**8:016d}"}
    return {**row(name), **known, "countermodel": None, "claim": "F", "kind": "smt", "cached": False, **changes}


def test_the_list_and_a_lemma(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON of one lemma: statement, construction, expansion, obligations with their text, mutants."""
    assert main(["audit", "gates.add", "--n-max", "40"]) == 0
    text = capsys.readouterr().out
    for part in (
        "gates.add",
        "(a + b) mod 2^w",
        "word (docs/glossary.md)",
        "def add",
        "Expansion into primitives",
        "relu(",
        "gates.add[w=6]",
        "Mutants",
    ):
        assert part in text
    assert main(["audit", "gates.add", "--n-max", "40", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (
        data["lemma"] == "gates.add"
        and data["terms"] == ["word"]
        and data["status"]["grade"] == "bounded"
        and len(data["obligations"]) == 2
    )
    assert list(data) == keys(COMMANDS, "JSON of efasp audit")[3]
    assert main(["audit", "gates.step.add", "--n-max", "40", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["status"]["grade"] == "all n" and "(set-logic QF_LIA)" in data["obligations"][0]["text"]


def shown(monkeypatch: pytest.MonkeyPatch, changed: dict[str, dict]) -> list[str]:
    """A run in which every lemma has the rows of two widths, with changes for some lemmas; gives back what was asked for.

    Every artifact is measured.
    """
    asked: list[str] = []

    def discharged(options: RunOptions, name: str) -> AbstractContextManager[Report]:
        assert options.lemma
        asked.extend(options.lemma)
        rows = []
        for name in options.lemma:
            for word, scope in ((5, "n <= 32"), (6, "n <= 64")):
                rows.append(full(name, id=f"{name}[w={word}]", params={"w": word}, scope=scope, **changed.get(name, {})))
        return nullcontext(Report(rows, {"killed": 0, "survived": 0}, 64, 1.5, {}, lambda hash_: ""))

    monkeypatch.setattr("efasp.paper_artifacts.report.audit.discharged", discharged)
    measured = {name: Status("measured", "here") for claim in claims().values() for name in claim.measures}
    monkeypatch.setattr("efasp.paper_artifacts.report.audit.artifacts", lambda: measured)
    return asked


def test_a_claim(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON: its status, obligations counted by scope and status, and every lemma below it, each with its own status."""
    needed = below(claims()["T1"].lemmas)
    asked = shown(monkeypatch, {"step.next": {"status": "timeout"}, "process.runs": {"status": "measured"}})
    assert main(["audit", "T1", "--format", "json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert sorted(asked) == sorted(needed) and {"simulation.composition", "step.next", "gates.add"} <= set(needed)
    assert (said["id"], said["n_max"], said["lemmas"]) == ("T1", 64, list(claims()["T1"].lemmas))
    claim, lemma, more, _, _ = keys(COMMANDS, "JSON of efasp audit")
    assert list(said) == ["n_max", *claim, *more] and list(said["tree"][0]) == lemma
    each = {"proved": len(needed) - 2, "timeout": 1, "measured": 1}
    assert said["obligations"] == {"n <= 32": each, "n <= 64": each}
    assert said["counts"] == {"n <= 64": len(needed) - 2, "measured": 2, "open": 1}  # with the table that it measures
    assert said["limits"][:2] == [
        "Not discharged: step.next (timeout: step.next[w=5]).",
        "Measured, and not proved: process.runs, the table resources.",
    ]
    families = {part["family"]: part for part in said["outline"]}
    assert {name.partition(".")[0] for name in needed} == set(families)
    assert sum(part["lemmas"] for part in said["outline"]) == len(needed)
    assert families["gates"]["assumes"] == [] and "gates" in families["step"]["assumes"]
    assert "open" in families["step"]["counts"] and all(part["contributes"] for part in said["outline"])
    assert [lemma["lemma"] for lemma in said["tree"]] == needed
    rests = {lemma["lemma"]: lemma["rests on"] for lemma in said["tree"]}
    assert rests == {name: list(statements()[name].rests) for name in needed}
    own = {lemma["lemma"]: lemma["own"]["grade"] for lemma in said["tree"]}
    assert own["step.next"] == "open" and own["process.runs"] == "measured" and own["gates.add"] == "bounded"
    assert said["status"]["grade"] == "open" and said["status"]["weakest dependency"]


def test_a_claim_as_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lemma below the claim under those that rest on it; the lemmas below one are written out once."""
    shown(monkeypatch, {"gates.step.add": {"assumed": ["Some paper, theorem 2"]}})
    assert main(["audit", "T1"]) == 0
    text = capsys.readouterr().out
    count = len(below(claims()["T1"].lemmas))
    headline = f"shown   {count} lemmas and 1 table: {count - 1} n <= 64, 1 measured, 1 assumed\n"
    for part in (f"T1: {claims()['T1'].title}", headline, "weakest gates.step.add: proved, given Some paper, theorem 2"):
        assert part in text
    outline, _, rest = text.partition("by the lemmas that conclude it:\n\n")
    names = {name.partition(".")[0] for name in below(claims()["T1"].lemmas)}
    assert {family: len(re.findall(rf"(?m)^ *{family}: \d+ lemmas?: ", outline)) for family in names} == dict.fromkeys(names, 1)
    assert "\n  gates, as above\n" in outline or "\n    gates, as above\n" in outline
    tree, _, how = rest.partition("\n\n")
    assert "efasp audit T1 --no-cache" in how and "efasp tables --check --only resources" in how
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in tree.splitlines() if line.strip()]
    path: list[str] = []
    expanded: list[str] = []
    for (depth, line), (following, _) in zip(lines, [*lines[1:], (0, "")], strict=True):
        name = line.partition(":")[0]
        path = [*path[: depth // 2], name]
        assert len(path) == depth // 2 + 1 and (depth == 0 or name in statements()[path[-2]].rests)
        dependencies = statements()[name].rests
        assert (following > depth) == bool(dependencies and not line.endswith(", as above"))
        if dependencies and not line.endswith(", as above"):
            expanded.append(name)
    needed = below(claims()["T1"].lemmas)
    assert {line.partition(":")[0] for _, line in lines} == set(needed)
    assert sorted(expanded) == sorted(name for name in needed if statements()[name].rests)


def test_a_long_status_is_cut_and_wrapped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the tree it begins within the width of a paragraph, and names the command that says the rest."""
    shown(monkeypatch, {})
    own = Ledger.own
    monkeypatch.setattr(Ledger, "own", lambda self, name: replace(own(self, name), why="of some runs at w = 5; " * 60))
    assert main(["audit", "T1"]) == 0
    tree = capsys.readouterr().out.partition("by the lemmas that conclude it:\n\n")[2].partition("\n\n")[0]
    assert max(map(len, tree.splitlines())) <= 100
    assert re.sub(r"\s+", " ", tree).count("... (efasp audit process.runs)") == 1


def test_a_claim_is_told_before_it_is_checked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its statement and the outline of its proof; the verdicts come after. As JSON there is one document, at the end. What is
    wrong with an option is said alone."""
    shown(monkeypatch, {})
    before: list[str] = []
    checked = audit.discharged

    def discharged(options: RunOptions, name: str) -> AbstractContextManager[Report]:
        before.append(capsys.readouterr().out)
        return checked(options, name)

    monkeypatch.setattr(audit, "discharged", discharged)
    assert main(["audit", "T1"]) == 0
    after = capsys.readouterr().out
    assert before[0].startswith(f"T1: {claims()['T1'].title}\n===") and "\nOutline of the proof; " in before[0]
    assert "\nsimulation\n" in before[0] and " n <= 64" not in before[0]
    assert after.startswith("theorem ") and "\nshown   " in after and "Outline of the proof" not in after
    assert main(["audit", "T1", "--format", "json"]) == 0
    assert before[1] == "" and json.loads(capsys.readouterr().out)["id"] == "T1"
    assert main(["audit", "T1", "--solver", "nope"]) == 2
    assert capsys.readouterr().out == ""


def test_a_claim_without_lemmas(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It discharges no lemma, has no obligation, and says what is not covered."""
    uncovered = claims()["T3"].uncovered
    monkeypatch.setitem(claims(), "T3", replace(claims()["T3"], lemmas=(), measures=(), theorem=None))
    assert main(["audit", "T3", "--n-max", "40", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["n_max"], said["counts"], said["tree"], said["lemmas"]) == (40, {}, [], [])
    assert said["limits"] == [f"Not covered: {uncovered}"] and said["commands"] == said["outline"] == []
    assert said["status"]["grade"] == "not covered" and said["not covered"] == uncovered
    assert main(["audit", "T3"]) == 0
    text = capsys.readouterr().out
    assert "shown   not covered" in text and uncovered in " ".join(text.split())


def test_a_glob(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims and lemmas that match are listed, of obligations that are discharged with those that they rest on."""
    asked = shown(monkeypatch, {})
    assert main(["audit", "gates.step.*", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    names = [name for name in statements() if name.startswith("gates.step.")]
    assert [lemma["lemma"] for lemma in said["lemmas"]] == names and said["claims"] == []
    assert sorted(asked) == sorted(below(names))
    assert main(["audit", "T1*"]) == 0
    text = capsys.readouterr().out
    assert "T1-connectivity" in text and "gates.add" not in text
    assert "or else by the weakest dependency: 1 bounded, 3 measured" in text


@pytest.mark.parametrize("name", ["T3", "gates.add", "gates.step.*", str(ROOT / "examples" / "reverse.efasp")])
def test_json_is_the_json_of_format(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` prints what `--format json` prints, for a claim, a lemma, a glob and a program."""
    shown(monkeypatch, {})
    found = []
    for form in (["--json"], ["--format", "json"]):
        assert main(["audit", name, *form]) == 0
        text = capsys.readouterr().out
        found.append(re.sub(r'"seconds": .*', "", text))
        assert isinstance(json.loads(text), dict)
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "page"), [("T3", "claim/T3"), ("gates.add", "lemma/gates.add"), ("T1*", "index")])
def test_a_name_as_pages(
    name: str, page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--format html` with a name discharges what it rests on, writes the pages, which say by which command they were made,
    and prints the path of the name's own page."""
    asked = shown(monkeypatch, {})
    assert main(["audit", name, "--format", "html", "--out", str(tmp_path / "pages")]) == 0
    path = tmp_path / "pages" / f"{page}.html"
    assert capsys.readouterr().out == f"{path}\n"
    of = [lemma for claim in claims().values() if fnmatchcase(claim.id, name) for lemma in claim.lemmas] or [name]
    assert sorted(asked) == sorted(below(of))
    assert f"efasp audit {shlex.quote(name)} --format html --out" in unescape(path.read_text())


def test_nothing_is_called_measured_twice() -> None:
    """A status says its grade once, and then its scope."""
    ledger = Ledger(everything(**{"process.g": row("process.g", "measured", "measured")}), artifacts())
    assert str(ledger.own("process.g")) == "measured" and ledger.lemma("process.g").why == ""
    assert not [status for status in artifacts().values() if status.why.startswith("measured")]


def test_scopes_are_counted_as_they_are() -> None:
    """What is proved for n <= 64 and all programs counts there; a scope of other sizes, or under a condition, does not."""
    rows = [full("gates.add", scope=scope) for scope in ("n <= 32", "n <= 64, all P, M, L <= 2^w, all T", "all n")]
    assert extent("gates.add", Ledger(rows)) == "n <= 64"
    for scope in ("n <= 64, given the sorts", "n <= 64: some contents", "P <= 3", "exhaustive at w = 5"):
        assert extent("gates.add", Ledger([*rows, full("gates.add", scope=scope)])) == OTHER
    assert extent("gates.add", Ledger([*rows, full("gates.add", status="measured")])) == "measured"


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["gates.ad"], "gates.add"),
        (["gates.ad"], "expected a lemma's name, a claim's, or a glob of these, found gates.ad"),
        (["gates"], "did you mean 'gates.*'?"),
        (["gate.*"], "found gate.*"),
        (["table-parit"], "table-parity"),
        (["T1-connectvity"], "T1-connectivity"),
        (["--json", "--format", "html", "--out", "x"], "--format: not allowed with argument --json"),
        (["T1", "--trust"], "--trust"),
        (["--format", "html"], "--out"),
        (["--out", "x"], "--out"),
        (["reverse.efasp", "--format", "html"], "efasp show reverse.efasp --html FILE writes a page of it"),
        (["none.pram"], "none.pram: No such file"),
    ],
)
def test_bad_usage(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and a message that names the flag, or what was meant."""
    try:
        code = main(["audit", *arguments])
    except SystemExit as ended:  # of argparse
        code = ended.code
    assert code == 2
    assert named in capsys.readouterr().err
