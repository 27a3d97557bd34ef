"""The report as static pages: claims, lemmas, dependency graph, kill matrix, figures and glossary. They open from disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from efasp.checker.files import write
from efasp.checker.mutation.constructions import MatrixRow
from efasp.checker.results import Row, groups, seconds, summary
from efasp.checker.session import Report
from efasp.paper_artifacts.claims.claims import GRADES, Ledger, Status, claims
from efasp.paper_artifacts.claims.extent import headline, limits, summary_of
from efasp.paper_artifacts.claims.status import GENERATED
from efasp.paper_artifacts.claims.trust import bases, trust
from efasp.paper_artifacts.report import graph
from efasp.paper_artifacts.report.finder import entries, script
from efasp.paper_artifacts.report.glossary import anchor, glossary, pieces
from efasp.paper_artifacts.report.outline import commands, families, parts, walk
from efasp.paper_artifacts.report.sheets import Sheet, sheet, unrun
from efasp.paper_artifacts.tables.figures import Figure, figures
from efasp.paper_artifacts.tables.model import read_json
from efasp.paper_artifacts.trace.countermodels import CaseError, of_machine, replayed
from efasp.proofs.mutation.mutants import Mutant, load
from efasp.proofs.obligation import STATUSES
from efasp.proofs.statements import below, statements

INNER = re.compile(r"([_/,](?=\w)|[.](?=\w{5}))")  # where a line may end within a name, but not before .py or .toml
TEMPLATES = Path(__file__).with_name("templates")
PAGES = [
    ("index.html", "Claims"),
    ("lemmas.html", "Lemmas"),
    ("graph.html", "Graph"),
    ("mutants.html", "Mutants"),
    ("trust.html", "Trust"),
    ("tables.html", "Tables"),
    ("figures.html", "Figures"),
    ("glossary.html", "Glossary"),
]


@cache
def environment() -> jinja2.Environment:
    """The environment with the report's templates, in which all values are escaped."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    env = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    env.filters["breakable"] = breakable
    return env


def breakable(text: str) -> Markup:
    """A text, escaped, in which a line may end within a long name."""
    return Markup(INNER.sub(r"\1<wbr>", str(escape(text))))


@dataclass
class Site:
    """The pages of one run. ``measured``: the statuses of artifacts; ``command``: the command that made the pages;
    ``checked``: the theorems that are known to be checked (``theorems.checked``)."""

    report: Report
    measured: dict[str, Status]
    command: str
    checked: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.report.rows, self.measured, self.checked)
        self.mutants: list[Mutant] = load()
        self.outcomes: Sequence[MatrixRow] = self.report.mutants.get("matrix", [])
        self.cases: dict[str, tuple[str, bool]] = {}  # by the obligation's id its countermodel's page, and if a machine's state

    def pages(self) -> dict[str, str]:
        """The text of every file of the report, by its path in the folder."""
        out = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "page.js")}
        out |= self._cases()
        out["index.html"] = self._index()
        out["lemmas.html"] = self._lemmas()
        out["graph.html"] = self._graph()
        out["mutants.html"] = self._mutants()
        rested = trust(self.report.rows, self.report.route)
        out["trust.html"] = self._page("trust.html", "Trusted base", bases=bases(), claims=rested)
        drawn: Sequence[Figure] = figures(self.report.rows)
        out["figures.html"] = self._page("figures.html", "Figures", figures=drawn)
        names = sorted(self.measured.keys() - {"lemmas"})  # lemmas have a page of their own
        written = [read_json(path) for name in names if (path := GENERATED / f"{name}.json").exists()]
        out["tables.html"] = self._page("tables.html", "Tables", tables=written)
        out["search.js"] = script(entries((table.name, table.title) for table in written))
        terms = list(glossary().values())
        out["glossary.html"] = self._page("glossary.html", "Glossary", terms=terms, anchor=anchor)
        for claim in claims().values():
            out[f"claim/{claim.id}.html"] = self._claim(claim.id)
        for name in statements():
            out[f"lemma/{name}.html"] = self._lemma(name)
        return out

    def write(self, folder: Path, flag: str) -> None:
        """Write the pages into a folder. Raises UsageError."""
        for name, text in self.pages().items():
            write(folder / name, text, flag)

    def _page(self, template: str, title: str, root: str = "", **values: Any) -> str:
        known: Mapping[str, object] = self.report.environment
        common = {
            "title": title,
            "root": root,
            "pages": PAGES,
            "here": template,
            "command": self.command,
            "origin": ", ".join(f"{name} {known[name]}" for name in SIGNED if known.get(name)),
            "n_max": self.report.n_max,
            "grades": list(reversed(GRADES)),
            "lemma_names": set(statements()),
            "families": list(dict.fromkeys(s.family for s in statements().values())),
            "statuses": [status for status in STATUSES if summary(self.report.rows)[status]],
        }
        return environment().get_template(template).render({**common, **values})

    def _index(self) -> str:
        counts = summary(self.report.rows)
        shown = [status for status in STATUSES if counts[status]]
        tables = []
        for (family, scope, claim), members in groups(self.report.rows).items():
            of = summary(members)
            tables.append((family, scope, claim, [of[status] for status in shown], seconds(members)))
        known: Mapping[str, object] = self.report.environment
        facts = [(name, _plain(value)) for name, value in known.items() if value is not None and name != "options"]
        listed = [
            (
                claim,
                self.ledger.claim(claim),
                summary_of(claim, self.ledger),
                limits(claim, self.ledger, self.report.n_max),
            )
            for claim in claims().values()
        ]
        return self._page(
            "index.html",
            "The paper's claims",
            totals=[(status, counts[status]) for status in shown],
            seconds=seconds(self.report.rows),
            claims=listed,
            groups=tables,
            environment=facts,
            only=(self.report.environment.get("options") or {}).get("lemma"),
        )

    def _lemmas(self) -> str:
        rows = []
        for statement in statements().values():
            name, mine = statement.lemma, self.ledger.rows.get(statement.lemma, [])
            count = sum(name in mutant.lemmas for mutant in self.mutants)
            rows.append((statement, self.ledger.lemma(name), self.ledger.own(name), len(mine), seconds(mine), count))
        return self._page("lemmas.html", "Lemmas", lemmas=rows)

    def _claim(self, name: str) -> str:
        claim = claims()[name]
        outline = []
        for depth, part, again in walk(parts(claim)):
            lemmas = [(statements()[lemma], self.ledger.own(lemma)) for lemma in part.lemmas]
            shown = headline(part.lemmas, (), self.ledger)
            outline.append((depth, part, again, families()[part.family], shown, lemmas))
        values = {
            "claim": claim,
            "status": self.ledger.claim(claim),
            "parts_shown": self.ledger.parts(claim),
            "by_lemmas": self.ledger.by_lemmas(claim),
            "shown": headline(below(claim.lemmas), claim.measures, self.ledger),
            "limits": limits(claim, self.ledger, self.report.n_max),
            "outline": outline,
            "measures": [(m, self.ledger.table(m)) for m in claim.measures],
            "tables": self.measured,
            "commands": commands(claim),
        }
        return self._page("claim.html", f"{claim.id}: {claim.title}", "../", **values)

    def _graph(self) -> str:
        """The claims over the families, and below it the lemmas of each family, as a drawing and as a list."""
        overview = Markup(graph.svg(graph.boxes(self.ledger), "Claims and the families of lemmas that they rest on", "lemma"))
        drawn = []
        for family, contributes in families().items():
            listed = graph.family_boxes(family, self.ledger)
            picture = Markup(graph.svg(listed, f"Lemmas of the family {family}", "obligation"))
            lemmas = [(statements()[box.name], box.grade) for box in listed]
            drawn.append((family, contributes, picture, lemmas))
        return self._page("graph.html", "Dependency graph", overview=overview, drawn=drawn)

    def _lemma(self, name: str) -> str:
        texts = {row["hash"]: self.report.text(row["hash"]) or "" for row in self.ledger.rows.get(name, [])}
        page: Sheet = sheet(name, self.ledger, texts, self.mutants, self.outcomes)
        first: dict[str, Row] = {}
        for row in page.rows:
            first.setdefault(row["hash"], row)
        listed = [(hash_, row["id"], _cut(texts[hash_])) for hash_, row in first.items() if row["kind"] == "smt"]
        stated = list(pieces(page.statement.states))
        return self._page("lemma.html", name, "../", sheet=page, states=stated, texts=listed, cases=self.cases)

    def _cases(self) -> dict[str, str]:
        """A page for each of the first countermodels; of equal ones the first obligation's."""
        out: dict[str, str] = {}
        known: dict[str, str] = {}
        for row in self.report.rows:
            said = json.dumps(row["countermodel"], sort_keys=True)
            if row["status"] != "refuted" or row["countermodel"] is None or (said not in known and len(known) == CASES):
                continue
            if said not in known:
                name = f"case/{len(known) + 1}.html"
                try:
                    data = replayed(row, self.report.n_max, self.report.given).data
                except CaseError:
                    continue
                back = f"../lemma/{row['lemma']}.html"
                out[name] = environment().get_template("trace.html").render(title=row["id"], data=data, back=back)
                known[said] = name
            self.cases[row["id"]] = known[said], of_machine(row)
        return out

    def _mutants(self) -> str:
        ended = {row["mutant"]: row for row in self.outcomes}
        rows = []
        for mutant in self.mutants:
            row = ended.get(mutant.id)
            status, by, detail = (unrun(mutant), [], "") if row is None else (row["status"], row["by"], row["detail"])
            rows.append((mutant.family, mutant.id, mutant.module, status, list(mutant.lemmas), by, detail))
        known_ids = {mutant.id for mutant in self.mutants}
        for row in self.outcomes:  # those that are not entries of a file: single weights
            if row["mutant"] not in known_ids:
                family = row["mutant"].partition(":")[0]
                rows.append((family, row["mutant"], row["module"], row["status"], row["lemmas"], row["by"], row["detail"]))
        families = list(dict.fromkeys(row[0] for row in rows))
        section = self.report.mutants
        return self._page("mutants.html", "Mutants", mutants=rows, ran=bool(self.outcomes), section=section, families=families)


SIGNED = ("efasp", "commit", "date")  # of the environment, at the foot of every page
CASES = 24  # countermodels with a page
LONGEST = 12_000  # characters of a text on a page; `efasp audit LEMMA` has it whole


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n; ... {len(text)} characters in all: efasp audit shows them"


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
