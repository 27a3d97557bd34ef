"""The dependency graph of claims and lemmas as SVG, in layers, laid out here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import networkx as nx

from efasp.paper_artifacts.claims.claims import Ledger, claims
from efasp.proofs.statements import below, statements

WIDTH, HEIGHT, GAP, ROW = 190, 22, 70, 30  # of a box, and between layers and rows
COLOURS = {  # fill and line, as in the style sheet
    "all n": ("#dff3e4", "#1d7a3c"),
    "bounded": ("#eaf5d8", "#6a8f1f"),
    "measured": ("#dcecfb", "#2a6fb0"),
    "assumed": ("#f6e9d8", "#8a5a1f"),
    "not covered": ("#eeeeee", "#777777"),
    "open": ("#fdf0d0", "#a8760f"),
    "refuted": ("#fbdcdc", "#b02a2a"),
}
SWEEPS = 8


@dataclass(frozen=True)
class Box:
    """A node: its name, page, grade, number of obligations, and dependencies (edges that follow from others left out).

    ``again``: dependencies that rest on it as well, for other definitions or at another time; they are in an earlier layer.
    """

    name: str
    page: str
    grade: str
    count: int
    dependencies: tuple[str, ...]
    again: tuple[str, ...] = ()


def boxes(ledger: Ledger) -> list[Box]:
    """Claims, then lemmas."""
    graph: nx.DiGraph = nx.DiGraph()
    for claim in claims().values():
        graph.add_node(claim.id)
        graph.add_edges_from((claim.id, name) for name in claim.lemmas)
    order = {name: number for number, name in enumerate(below(statements()))}
    lower = {name: [other for other in s.rests if order[other] < order[name]] for name, s in statements().items()}
    for name, lower_ones in lower.items():
        graph.add_node(name)
        graph.add_edges_from((name, dependency) for dependency in lower_ones)
    reduced = nx.transitive_reduction(graph)
    out = []
    for claim in claims().values():
        dependencies = tuple(sorted(reduced.successors(claim.id)))
        out.append(Box(claim.id, f"claim/{claim.id}.html", ledger.claim(claim).grade, 0, dependencies))
    for name in statements():
        count = len(ledger.rows.get(name, []))
        dependencies = tuple(sorted(reduced.successors(name)))
        again = tuple(sorted(set(statements()[name].rests) - set(lower[name])))
        out.append(Box(name, f"lemma/{name}.html", ledger.lemma(name).grade, count, dependencies, again))
    return out


def layers(listed: Sequence[Box]) -> list[list[str]]:
    """Names by their distance from the claims, each layer ordered so that edges cross little (by barycentres)."""
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(box.name for box in listed)
    graph.add_edges_from((box.name, dependency) for box in listed for dependency in box.dependencies)
    rows = [list(generation) for generation in nx.topological_generations(graph)]
    for sweep in range(SWEEPS):
        place = {name: i / max(1, len(row) - 1) for row in rows for i, name in enumerate(row)}
        neighbours = graph.predecessors if sweep % 2 == 0 else graph.successors
        for row in rows:

            def centre(name: str) -> tuple[float, str]:
                near = [place[other] for other in neighbours(name)]  # noqa: B023 (used in this turn only)
                return (sum(near) / len(near) if near else place[name], name)  # noqa: B023

            row.sort(key=centre)
    return rows


def svg(listed: Sequence[Box]) -> str:
    """The graph: every box a link, edges as curves from left to right."""
    rows = layers(listed)
    tall = max(len(row) for row in rows)
    at: dict[str, tuple[float, float]] = {}
    for column, row in enumerate(rows):
        step = ROW * tall / len(row)
        for i, name in enumerate(row):
            at[name] = column * (WIDTH + GAP) + 4, (i + 0.5) * step
    width, height = len(rows) * (WIDTH + GAP) - GAP + 8, ROW * tall
    parts = [
        f'<svg id="graph" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="group" aria-label="Dependency graph of {len(listed)} claims and lemmas">'
    ]
    for box in listed:
        x, y = at[box.name]
        for dependencies, style, side in ((box.dependencies, "edge", 0), (box.again, "edge again", WIDTH)):
            for dependency in dependencies:
                u, v = at[dependency]
                bend = (x + WIDTH + u + side) / 2
                parts.append(
                    f'<path class="{style}" d="M{x + WIDTH - side:.0f} {y:.1f} C{bend:.0f} {y:.1f} {bend:.0f} {v:.1f} '
                    f'{u + side:.0f} {v:.1f}"/>'
                )
    for box in listed:
        (x, y), (fill, line) = at[box.name], COLOURS[box.grade]
        name, count = escape(box.name), f" {box.count}" if box.count else ""
        parts.append(
            f'<a class="node" data-name="{name}" href="{box.page}"><title>{name}: {box.grade}</title>'
            f'<rect x="{x:.0f}" y="{y - HEIGHT / 2:.1f}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
            f'fill="{fill}" stroke="{line}"/>'
            f'<text x="{x + 6:.0f}" y="{y + 4:.1f}">{name}</text>'
            f'<text x="{x + WIDTH - 6:.0f}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{count}</text></a>'
        )
    return "".join([*parts, "</svg>"])
