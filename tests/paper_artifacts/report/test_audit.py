"""`efasp audit`: the list, one lemma whole, the pages; and the pages in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from efasp.checker.options import RunOptions
from efasp.checker.session import Report
from efasp.paper_artifacts.claims.claims import Ledger, Status, claims
from efasp.paper_artifacts.claims.extent import OTHER, extent
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.report.graph import boxes, layers, svg
from efasp.paper_artifacts.report.site import Site
from efasp.proofs.statements import below, statements
from tests.optional import path_of
from tests.pages import COMMANDS, keys
from tests.paper_artifacts.claims.test_claims import everything, row


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of a test are cached in its own folder."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))


def full(name: str, **changes: object) -> dict:
    """A row with everything that a run says."""
    known = {"params": {"w": 5}, "method": "z3: unsat", "seconds": 0.1, "hash": f"{abs(hash(name)) % 10**8:016d}"}
    return {**row(name), **known, "countermodel": None, "claim": "F", "kind": "smt", "cached": False, **changes}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a run in which one lemma is refuted."""
    rows = [full(name) for name in statements()]
    broken = next(r for r in rows if r["lemma"] == "gates.step.add")
    broken |= {"status": "refuted", "countermodel": {"a": 1, "replayed": True, "<b>": "&"}}
    report = Report(rows, {"killed": 0, "survived": 0}, 64, 1.5, {"python": "3.11"}, lambda hash_: "(check-sat) ; <&>")
    folder = tmp_path_factory.mktemp("site")
    Site(report, {}, "efasp audit").write(folder, "--out")
    return folder


VOID = {"meta", "link", "input", "br", "img", "path", "rect", "use", "hr"}


class Links(HTMLParser):
    """The links and the ids of a page, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links and ids."""
        found = dict(attrs)
        self.links += [value for key in ("href", "src") if (value := found.get(key)) and not value.startswith("data:")]
        self.ids |= {value for key in ("id",) if (value := found.get(key))}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Each end is that of the last start."""
        if tag in VOID or (tag in ("p", "li", "option", "td", "th", "tr", "dt", "dd") and tag not in self.open):
            return
        while self.open and self.open[-1] != tag and self.open[-1] in ("p", "li", "option"):
            self.open.pop()
        assert self.open and self.open.pop() == tag


def parsed(path: Path) -> Links:
    """A page, read."""
    found = Links()
    found.feed(path.read_text(encoding="utf-8"))
    return found


def test_every_link_lands(site: Path) -> None:
    """Every link of every page leads to a file (and a place in it) of the folder; nothing is loaded from a network."""
    pages = {path: parsed(path) for path in site.rglob("*.html")}
    assert len(pages) > 100
    for path, page in pages.items():
        assert page.open in ([], ["html"])
        for link in page.links:
            assert not re.match(r"[a-z]+:|//", link), (path, link)
            target, _, anchor = link.partition("#")
            found = (path.parent / target).resolve() if target else path
            assert found.is_file(), (path, link)
            if anchor and found.suffix == ".html":
                assert anchor in pages[found].ids, (path, link)


def test_a_refuted_lemma_is_red_all_the_way_up(site: Path) -> None:
    """The claims that rest on it say refuted, and name it."""
    page = (site / "claim" / "F.html").read_text(encoding="utf-8")
    assert '<span class="chip refuted">refuted</span>' in page and "gates.step.add" in page
    assert '<span class="chip refuted">' in (site / "index.html").read_text(encoding="utf-8")


def test_text_is_escaped(site: Path) -> None:
    """Nothing of a countermodel or a script becomes markup."""
    page = (site / "lemma" / "gates.step.add.html").read_text(encoding="utf-8")
    assert "&lt;&amp;&gt;" in page and "<b>" not in page


def test_the_graph_has_every_box_once_and_edges_point_right() -> None:
    """Layers hold every claim and lemma once; what a box rests on stands in a later layer."""
    listed = boxes(Ledger(everything()))
    rows = layers(listed)
    place = {name: column for column, names in enumerate(rows) for name in names}
    assert sorted(place) == sorted(box.name for box in listed) and sum(map(len, rows)) == len(listed)
    assert all(place[box.name] < place[dependency] for box in listed for dependency in box.dependencies)
    assert svg(listed) == svg(boxes(Ledger(everything())))


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
    claim, lemma, more, _ = keys(COMMANDS, "JSON of efasp audit")
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
    assert said["status"]["grade"] == "open" and said["status"]["weakest leg"]


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


def test_a_claim_without_lemmas(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It discharges no lemma, has no obligation, and says what is not covered."""
    uncovered = claims()["T3"].uncovered
    monkeypatch.setitem(claims(), "T3", replace(claims()["T3"], lemmas=(), measures=(), theorems=""))
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
    assert "T1-connectivity" in text and "3 claims by the weakest dependency: 3 measured" in text and "gates.add" not in text


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
        (["T1", "--format", "html", "--out", "x"], "--format"),
        (["T1", "--trust"], "--trust"),
        (["--format", "html"], "--out"),
        (["--out", "x"], "--out"),
        (["gates.add", "--format", "html", "--out", "x"], "--format"),
    ],
)
def test_bad_usage(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and a message that names the flag, or what was meant."""
    assert main(["audit", *arguments]) == 2
    assert named in capsys.readouterr().err


# In a browser.

PROBE = """<script>
window.addEventListener("load", () => {
  try {
    const form = document.querySelector("form.filter"), output = form.querySelector("output");
    const input = form.querySelector("input"), select = form.querySelector("select");
    const rows = [...document.querySelectorAll("tbody tr")], nodes = [...document.querySelectorAll(".node")];
    const count = () => rows.filter((row) => !row.hidden).length;
    const before = count();
    input.value = "QUERY"; input.dispatchEvent(new Event("input"));
    const after = count(), marked = nodes.filter((node) => node.classList.contains("found")).length;
    let chosen = -1;
    if (select) { input.value = ""; input.dispatchEvent(new Event("input"));
      select.selectedIndex = 1; select.dispatchEvent(new Event("change")); chosen = count(); }
    document.body.dataset.result = JSON.stringify({ before, after, marked, chosen, said: output.textContent });
  } catch (error) { document.body.dataset.result = "error " + error; }
});
window.addEventListener("error", (event) => { document.body.dataset.result = "error " + event.message; });
</script>"""


def in_browser(page: Path, query: str) -> dict:
    """What the probe saw on a page."""
    probe = page.with_name(f"probe-{page.name}")
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", PROBE.replace("QUERY", query) + "</body>"))
    found = re.search(r'data-result="([^"]*)"', dumped(probe))
    probe.unlink()
    assert found
    said = found[1].replace("&quot;", '"')
    assert not said.startswith("error"), said
    result: dict = json.loads(said)
    return result


def dumped(page: Path) -> str:
    """A page as Chromium has it once its scripts have run."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", "--virtual-time-budget=4000", "--dump-dom"]
    with tempfile.TemporaryDirectory() as profile:
        command = [str(path_of("chromium")), *flags, f"--user-data-dir={profile}", page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.needs("chromium")
def test_search_and_filter_work_in_a_browser(site: Path) -> None:
    """Without a script error: a search leaves the rows (marks the boxes) that match, a filter those of its choice."""
    found = in_browser(site / "lemmas.html", "gates.add")
    assert found["before"] == len(statements()) and 1 <= found["after"] < 5
    assert 0 < found["chosen"] < found["before"] and "of" in found["said"]
    found = in_browser(site / "graph.html", "gates.add")
    assert found["marked"] == 1
