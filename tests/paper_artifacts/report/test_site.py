"""The report's pages: links, escapes, the outline of a claim, the graph, the search; and the pages in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.session import Report
from efasp.paper_artifacts.claims.claims import Ledger, claims
from efasp.paper_artifacts.report.finder import entries
from efasp.paper_artifacts.report.glossary import glossary, used
from efasp.paper_artifacts.report.graph import PAGE, Box, boxes, family_boxes, layers, places, svg
from efasp.paper_artifacts.report.outline import families, parts
from efasp.paper_artifacts.report.site import Site, breakable
from efasp.proofs.statements import below, statements
from tests.optional import path_of
from tests.paper_artifacts.claims.test_claims import everything
from tests.paper_artifacts.report.test_audit import full


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


VOID = {"meta", "wbr", "link", "input", "br", "img", "path", "rect", "use", "hr"}


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


def test_the_front_page_says_what_a_theorem_shows(site: Path) -> None:
    """A claim with a theorem is not only called measured there: its row says what the theorem shows, as in the list as text."""
    page = (site / "index.html").read_text(encoding="utf-8")
    rows = dict(re.findall(r'href="claim/([^"]+).html">.*?</th>(.*?)</tr>', page))
    assert claims()["T1"].theorem and re.search(r"a theorem[^<]*for all n[^<]*; \d+ lemmas", rows["T1"])
    assert claims()["B"].theorem is None and "theorem" not in rows["B"]


def test_text_is_escaped(site: Path) -> None:
    """Nothing of a countermodel or a script becomes markup."""
    page = (site / "lemma" / "gates.step.add.html").read_text(encoding="utf-8")
    assert "&lt;&amp;&gt;" in page and "<b>" not in page


def test_lines_end_within_long_names_and_not_before_their_ends() -> None:
    """After a point, an underscore, a slash or a comma within a name; markup of the text is escaped."""
    said = breakable("efasp.proofs.lemmas.numerics_floats, proofs/gates.py a[w=5,ext=M] <b>")
    parts = "efasp.|proofs.|lemmas.|numerics_|floats, proofs/|gates.py a[w=5,|ext=M] &lt;b&gt;"
    assert said == parts.replace("|", "<wbr>")


def test_a_countermodel_without_a_machine_is_not_called_one_in_the_transformer(site: Path) -> None:
    """It has a page of its own with its fields; and a refuted status names the obligation once."""
    page = (site / "lemma" / "gates.step.add.html").read_text(encoding="utf-8")
    assert "This countermodel on a page of its own" in page and "in the transformer" not in page
    assert "refuted: " not in page and (site / "case" / "1.html").exists()


@cache
def drawings() -> dict[str, list[Box]]:
    """The boxes of every drawing: of the claims over the families, and of each family."""
    ledger = Ledger(everything())
    return {"": boxes(ledger), **{family: family_boxes(family, ledger) for family in families()}}


def test_the_graph_has_every_box_once() -> None:
    """Every claim and family in the first drawing, every lemma in that of its family; the same bytes each time."""
    found = drawings()
    assert sorted(box.name for box in found[""]) == sorted([*claims(), *families()])
    lemmas = [box.name for family in families() for box in found[family]]
    assert sorted(lemmas) == sorted(statements())
    assert svg(found[""], "all", "lemma") == svg(boxes(Ledger(everything())), "all", "lemma")


@pytest.mark.parametrize("name", ["", *families()])
def test_edges_point_right_and_all_fits(name: str) -> None:
    """What a box rests on stands to its right, or is dashed; no two boxes overlap; no drawing is wider than a page."""
    listed = drawings()[name]
    at, width, wide, _ = places(listed)
    assert set(at) == {box.name for box in listed} and wide <= PAGE
    for box in listed:
        assert all(at[box.name][0] + width < at[other][0] for other in box.dependencies)
        assert all(at[box.name][0] < at[other][0] or other in box.again for other in (*box.dependencies, *box.again))
    spots = sorted(at.values())
    assert not [(a, b) for i, a in enumerate(spots) for b in spots[:i] if abs(a[0] - b[0]) < width and abs(a[1] - b[1]) < 22]
    joined = {box.name for box in listed if box.dependencies} | {other for box in listed for other in box.dependencies}
    assert {name for row in layers(listed) for name in row} == joined


def test_the_graph_leaves_out_no_dependency() -> None:
    """Whatever a lemma rests on in its family can be reached by edges, dashed or not."""
    for family, listed in drawings().items():
        edges = {box.name: (*box.dependencies, *box.again) for box in listed}
        for name in edges if family else ():
            reached, todo = set(), [name]
            while todo:
                for other in edges[todo.pop()]:
                    if other not in reached:
                        reached.add(other)
                        todo.append(other)
            assert {o for o in statements()[name].rests if statements()[o].family == family and o != name} <= reached


def test_a_claim_has_an_outline(site: Path) -> None:
    """Each family below it once, with its contribution and every lemma of it, and links to what stands above."""
    page = (site / "claim" / "T1.html").read_text(encoding="utf-8")
    needed, found = below(claims()["T1"].lemmas), parts(claims()["T1"])
    assert sorted(re.findall(r'<details class="level group" id="family-(\w+)"', page)) == sorted(found)
    for name in needed:
        assert len(re.findall(rf'<th scope="row"><a href="../lemma/{re.escape(name)}.html">', page)) == 1
    assert all(families()[family][:30].replace("'", "&#39;") in page for family in found)
    assert '<a href="#family-simulation">simulation</a>, as above' in page
    for part in ("<h2>Limits</h2>", "efasp audit T1 --no-cache", f"{len(needed)} lemmas"):
        assert part in page
    assert "as above" not in (site / "claim" / "T3.html").read_text(encoding="utf-8")


def test_the_index_of_the_search(site: Path) -> None:
    """Every claim, lemma and term is in it once, and each entry leads to a page and a place that there is."""
    found = entries([])
    names = [name for kind, name, _, _ in found if kind in ("claim", "lemma")]
    assert names == [*claims(), *statements()] and len(set(found)) == len(found)
    pages = {path: parsed(path) for path in site.rglob("*.html")}
    for _, _, page, text in found:
        target, _, anchor = page.partition("#")
        assert text and (not anchor or anchor in pages[site / target].ids) and (site / target).is_file()
    assert len((site / "search.js").read_text(encoding="utf-8").splitlines()) == len(found) + 3


def test_pages_have_dark_colours_and_paper(site: Path) -> None:
    """The style sheet defines every colour that it uses, in both schemes, and no page brings colours of its own."""
    style = (site / "style.css").read_text(encoding="utf-8")
    light, dark = (set(re.findall(r"(--[a-z-]+): #", part)) for part in style.split("prefers-color-scheme: dark")[:2])
    assert light == dark and "@media print" in style
    own = {"--fill", "--edge", "--text", "--depth"}
    assert set(re.findall(r"var\((--[a-z-]+)\)", style)) <= light | own
    for path in (site / "graph.html", site / "claim" / "T1.html", site / "index.html"):
        assert not re.search(r"(fill|color|background|stroke)[:=]\"?#", path.read_text(encoding="utf-8"))


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
    const open = document.querySelectorAll("details.group[open]").length;
    let chosen = -1;
    if (select) { input.value = ""; input.dispatchEvent(new Event("input"));
      select.selectedIndex = 1; select.dispatchEvent(new Event("change")); chosen = count(); }
    document.body.dataset.result = JSON.stringify({ before, after, marked, open, chosen, said: output.textContent });
  } catch (error) { document.body.dataset.result = "error " + error; }
});
window.addEventListener("error", (event) => { document.body.dataset.result = "error " + event.message; });
</script>"""


SEARCH = """<script>
window.addEventListener("load", () => {
  try {
    const input = document.querySelector("form.find input");
    input.value = "QUERY"; input.dispatchEvent(new Event("input"));
    const found = [...document.querySelectorAll("form.find li a")];
    document.body.dataset.result = JSON.stringify(found.map((link) => [link.textContent, link.getAttribute("href")]));
  } catch (error) { document.body.dataset.result = "error " + error; }
});
</script>"""


def in_browser(page: Path, query: str, script: str = PROBE) -> Any:
    """What a script saw on a page, as JSON."""
    probe = page.with_name(f"probe-{page.name}")
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", script.replace("QUERY", query) + "</body>"))
    found = re.search(r'data-result="([^"]*)"', dumped(probe))
    probe.unlink()
    assert found
    said = found[1].replace("&quot;", '"')
    assert not said.startswith("error"), said
    return json.loads(said)


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
    assert found["marked"] == found["open"] == 1
    found = in_browser(site / "claim" / "T1.html", "gates.add")
    assert found["before"] == len(below(claims()["T1"].lemmas)) and 1 <= found["after"] < 5 and found["open"] in (1, 2)


@pytest.mark.needs("chromium")
def test_the_search_finds_the_adder_in_a_browser(site: Path) -> None:
    """From the front page, by what it does and by its name; from a page in a folder the links lead back out of it."""
    found = in_browser(site / "index.html", "adder", SEARCH)
    assert found[0] == ["gates.add", "lemma/gates.add.html"] and len(found) < 12
    found = in_browser(site / "claim" / "T1.html", "add", SEARCH)
    assert found[0] == ["gates.add", "../lemma/gates.add.html"] and len(found) == 12


def test_statements_are_linked_to_the_glossary(site: Path) -> None:
    """The site has the page with an anchor for each term; a lemma's page links the terms of its statement, each once."""
    here = parsed(site / "glossary.html")
    assert {term.anchor for term in glossary().values()} <= here.ids
    for lemma in ("gates.add", "numerics.integers"):
        links = [link for link in parsed(site / f"lemma/{lemma}.html").links if link.startswith("../glossary.html#")]
        assert links == [f"../glossary.html#{glossary()[name].anchor}" for name in used(statements()[lemma].states)] and links
