"""The index of the pages' search: claims, lemmas, terms and tables, as a script that the pages load from the folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from efasp.paper_artifacts.claims.claims import claims
from efasp.paper_artifacts.report.glossary import glossary
from efasp.proofs.statements import statements

Entry = tuple[str, str, str, str]  # kind, name, page, text


def entries(tables: Iterable[tuple[str, str]]) -> list[Entry]:
    """The index entry of everything that has a page or a place of its own. ``tables``: the names and titles of the tables."""
    index: list[Entry] = [
        ("claim", claim.id, f"claim/{claim.id}.html", f"{claim.title}. {claim.states}") for claim in claims().values()
    ]
    for statement in statements().values():
        shown = f"{statement.states} {statement.notation}".strip()
        index.append(("lemma", statement.lemma, f"lemma/{statement.lemma}.html", shown))
    index += [("term", term.name, f"glossary.html#{term.anchor}", term.means) for term in glossary().values()]
    return index + [("table", name, f"tables.html#{name}", title) for name, title in tables]


def script(entries: Sequence[Entry]) -> str:
    """The index as a script, an entry a line."""
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    return f'"use strict";\nconst INDEX = [\n{lines}\n];\n'
