"""The dependency graph as SVG, laid out here: the claims over the families, and the lemmas of each family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import networkx as nx

from efasp.paper_artifacts.claims.claims import Ledger, claims, worst
from efasp.paper_artifacts.claims.extent import counted
from efasp.paper_artifacts.report.outline import families
from efasp.proofs.statements import Statement, below, statements

PAGE = 1352  # pixels: the widest drawing, which fits a window of 1,400
WIDTH, HEIGHT, GAP, ROW = 172, 22, 64, 30  # of a box, and the most between layers and rows
SWEEPS = 8


@dataclass(frozen=True)
class Box:
    """A node: its name, label, page, grade, a number that is shown, and dependencies (edges that follow from others left out).

    ``again``: dependencies that rest on it as well, for other definitions or at another time; they are in an earlier layer.
    """

    name: str
    label: str
    page: str
    grade: str
    count: int
    dependencies: tuple[str, ...]
    again: tuple[str, ...] = ()


def boxes(ledger: Ledger) -> list[Box]:
    """Claims over the families of the lemmas that they rest on; a family leads to its own graph."""
    lemmas = list(statements().values())
    each = {name: [s for s in lemmas if s.family == name] for name in families()}
    rests = {name: _families(some, name) for name, some in each.items()}
    lower, again = _split(rests)
    for claim in claims().values():
        lower[claim.id], again[claim.id] = _families([statements()[name] for name in claim.lemmas]), ()
    lower = _reduced(lower)
    out = [
        Box(name, name, f"claim/{name}.html", ledger.claim(claim).grade, len(below(claim.lemmas)), lower[name])
        for name, claim in claims().items()
    ]
    for name, some in each.items():
        grade = worst(ledger.own(s.lemma) for s in some).grade
        out.append(Box(name, name, f"#family-{name}", grade, len(some), lower[name], again[name]))
    return out


def family_boxes(family: str, ledger: Ledger) -> list[Box]:
    """The lemmas of a family, and what they rest on within it."""
    mine = {name: statement for name, statement in statements().items() if statement.family == family}
    lower, again = _split({name: tuple(o for o in s.rests if o in mine and o != name) for name, s in mine.items()})
    lower = _reduced(lower)
    return [
        Box(
            name,
            name.partition(".")[2],
            f"lemma/{name}.html",
            ledger.own(name).grade,
            len(ledger.rows.get(name, [])),
            lower[name],
            again[name],
        )
        for name in mine
    ]


def _families(some: Iterable[Statement], itself: str = "") -> tuple[str, ...]:
    """The families of what some lemmas rest on (of the lemmas too, for a claim), in order."""
    names = {statements()[name].family for s in some for name in (s.rests if itself else (s.lemma,))}
    return tuple(name for name in families() if name in names and name != itself)


def _split(rests: Mapping[str, Sequence[str]]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Dependencies without cycles, and those that close one."""
    order = below(rests, {name: Statement(name, "", rests=tuple(others)) for name, others in rests.items()})
    place = {name: number for number, name in enumerate(order)}
    lower = {name: tuple(o for o in others if place[o] < place[name]) for name, others in rests.items()}
    return lower, {name: tuple(o for o in others if place[o] > place[name]) for name, others in rests.items()}


def _reduced(rests: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Without the edges that follow from others."""
    drawn: nx.DiGraph = nx.DiGraph()
    drawn.add_nodes_from(rests)
    drawn.add_edges_from((name, other) for name, others in rests.items() for other in others)
    reduced = nx.transitive_reduction(drawn)
    return {name: tuple(sorted(reduced.successors(name))) for name in rests}


def layers(listed: Sequence[Box]) -> list[list[str]]:
    """Names by their distance from the first, each layer ordered so that edges cross little (by barycentres).

    Boxes without any edge are left out.
    """
    drawn: nx.DiGraph = nx.DiGraph()
    drawn.add_edges_from((box.name, dependency) for box in listed for dependency in box.dependencies)
    rows = [list(generation) for generation in nx.topological_generations(drawn)]
    for sweep in range(SWEEPS):
        place = {name: i / max(1, len(row) - 1) for row in rows for i, name in enumerate(row)}
        neighbours = drawn.predecessors if sweep % 2 == 0 else drawn.successors
        for row in rows:

            def centre(name: str) -> tuple[float, str]:
                near = [place[other] for other in neighbours(name)]  # noqa: B023 (used in this turn only)
                return (sum(near) / len(near) if near else place[name], name)  # noqa: B023

            row.sort(key=centre)
    return rows


def places(listed: Sequence[Box]) -> tuple[dict[str, tuple[float, float]], int, float, float]:
    """The left end and middle height of every box, the width of a box, and the size of the drawing, in pixels.

    Boxes without edges stand below the layers, in rows.
    """
    rows = layers(listed)
    # Many layers: narrower boxes, so that all fit.
    width = min(WIDTH, (PAGE - 8) // max(1, len(rows)) - 24)
    pitch = min(width + GAP, (PAGE - 8 - width) / max(1, len(rows) - 1))
    tall = max((len(row) for row in rows), default=0)
    at: dict[str, tuple[float, float]] = {}
    for column, row in enumerate(rows):
        step = ROW * tall / len(row)
        at |= {name: (4 + column * pitch, (i + 0.5) * step) for i, name in enumerate(row)}
    alone = [box.name for box in listed if box.name not in at]
    across = int((PAGE - 8 + 12) // (width + 12))
    for i, name in enumerate(alone):
        at[name] = 4 + (i % across) * (width + 12), ROW * (tall + bool(tall) * 0.5 + i // across + 0.5)
    right, low = max(x for x, _ in at.values()), max(y for _, y in at.values())
    return at, width, right + width + 4, low + ROW / 2


def svg(listed: Sequence[Box], title: str, things: str) -> str:
    """The graph: every box a link, edges as curves from left to right. ``things``: the name of one that is counted in a box."""
    at, width, wide, tall = places(listed)
    parts = [
        f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall:.0f}" '
        f'viewBox="0 0 {wide:.0f} {tall:.0f}" role="group" aria-label="{escape(title)}">'
    ]
    for box in listed:
        for dependencies, again in ((box.dependencies, False), (box.again, True)):
            parts += [_edge(box.name, dependency, at, width, again) for dependency in dependencies]
    for box in listed:
        (x, y), name = at[box.name], escape(box.name)
        said = f"{name}: {box.grade}, {counted(box.count, things)}"
        parts.append(
            f'<a class="node {box.grade.replace(" ", "-")}" data-name="{name}" href="{box.page}"><title>{said}</title>'
            f'<rect x="{x:.0f}" y="{y - HEIGHT / 2:.1f}" width="{width}" height="{HEIGHT}" rx="4"/>'
            f'<text x="{x + 6:.0f}" y="{y + 4:.1f}">{escape(box.label)}</text>'
            f'<text x="{x + width - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{box.count or ""}</text></a>'
        )
    return "".join([*parts, "</svg>"])


def _edge(name: str, dependency: str, at: Mapping[str, tuple[float, float]], width: int, again: bool) -> str:
    """A curve from the right of a box to the left of a dependency; dashed, the other way round, for one that is ``again``."""
    (x, y), (u, v) = at[name], at[dependency]
    start, end = (x, u + width) if again else (x + width, u)
    bend = (start + end) / 2
    return (
        f'<path class="edge{" again" if again else ""}" data-ends="{escape(name)} {escape(dependency)}" '
        f'd="M{start:.0f} {y:.1f} C{bend:.0f} {y:.1f} {bend:.0f} {v:.1f} {end:.0f} {v:.1f}"/>'
    )
