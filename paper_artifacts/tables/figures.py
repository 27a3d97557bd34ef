"""Figures as SVG: sizes and decoding steps against n with their bounds, and the checker's time against w."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any

from markupsafe import Markup

from efasp.checker.results import Row, seconds
from efasp.encoding import CellLayout, LogLayout
from efasp.model.closed_forms import bound, quantities, shape
from efasp.paper_artifacts.claims.status import GENERATED
from efasp.pram.machine import MIN_WORD
from efasp.proofs.obligation import narrowest_word


@dataclass(frozen=True)
class Figure:
    """A figure: a name for its file, a title, a caption, and the drawing; ``timed``: of times, and so never the same."""

    name: str
    title: str
    caption: str
    svg: Markup
    timed: bool = False


def drawn(name: str, title: str, caption: str, draw: Callable[[Any], None], size: tuple[float, float] = (7.0, 3.6)) -> Figure:
    """A figure; the same data gives the same bytes. ``draw`` is given the axes."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}):
        canvas, axes = pyplot.subplots(figsize=size, layout="constrained")
        draw(axes)
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        text = io.StringIO()
        canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(canvas)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<svg ", f'<svg role="img" aria-label="{title}" ', svg, count=1)
    svg = svg.replace('id="', f'id="{name}-').replace('"#', f'"#{name}-').replace("url(#", f"url(#{name}-")
    return Figure(name, title, caption, Markup(svg))


def checker_time(rows: Sequence[Row]) -> Figure:
    """The figure of the seconds that obligations of each width took, by family."""
    sized = [row for row in rows if isinstance(row["params"].get("w"), int) and row["params"]["w"] >= MIN_WORD]
    families = sorted({row["lemma"].partition(".")[0] for row in sized})
    widths = sorted({row["params"]["w"] for row in sized})

    def draw(axes: Any) -> None:
        for number, family in enumerate(families):
            mine = [row for row in sized if row["lemma"].startswith(f"{family}.")]
            here = [w for w in widths if any(row["params"]["w"] == w for row in mine)]
            spent = [seconds(row for row in mine if row["params"]["w"] == w) for w in here]
            axes.plot(here, spent, marker="os^Dvx*"[number % 7], markersize=4, label=family)
        axes.set_xlabel("w, bits of a word")
        axes.set_ylabel("seconds")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    caption = "Time of the obligations of each width, by family; a text counts once a width. Times vary from run to run."
    return replace(drawn("checker-time", "Time of the checker against w", caption, draw), timed=True)


MACHINES = (("mdm", ""), ("mdm", "M"), ("apmdm", ""), ("apmdm", "M"))
EXPONENTS = range(1, 65)
FEW = 6  # widths of a run, of which too little is seen


def named(engine: str, extension: str) -> str:
    """The name of a transformer in a figure's legend."""
    return f"{engine}{' with M' if extension else ''}"


def widths() -> Figure:
    """The figure of d_model against n, with the bounds."""

    def draw(axes: Any) -> None:
        for number, (engine, extension) in enumerate(MACHINES):
            sizes = [shape(engine, extension, quantities(narrowest_word(1 << e), extension))["d_model"] for e in EXPONENTS]
            limit = [bound(engine, extension, "d_model", e) for e in EXPONENTS]
            style = "-" if engine == "mdm" else (0, (4, 4))  # one lies on the other
            axes.plot(EXPONENTS, sizes, color=f"C{number}", linestyle=style, label=named(engine, extension))
            axes.plot(EXPONENTS, limit, color=f"C{number}", linestyle=":", linewidth=1)
        axes.set_xlabel("log2 n")
        axes.set_ylabel("d_model")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    caption = "d_model by its closed form; dotted: its bound c log2 n + c0 (lemma resources.bounds)."
    return drawn("width", "Width against log2 n", caption, draw)


def depths() -> Figure:
    """The figure of layers against n."""

    def draw(axes: Any) -> None:
        for number, (engine, extension) in enumerate(MACHINES):
            forms = [shape(engine, extension, quantities(narrowest_word(1 << e), extension)) for e in EXPONENTS]
            # Two pairs of lines lie on each other: a wide pale line below, a narrow dashed one with marks above.
            style: dict[str, Any] = {"linewidth": 7, "alpha": 0.35, "solid_capstyle": "butt"}
            if engine == "apmdm":
                style = {"linewidth": 1.5, "linestyle": "--", "marker": "os"[number % 2], "markersize": 5, "markevery": 8}
            layers = [len(form["layers"]) for form in forms]
            axes.plot(EXPONENTS, layers, color=f"C{number}", label=named(engine, extension), **style)
        axes.set_xlabel("log2 n")
        axes.set_ylabel("layers")
        axes.set_ylim(0, 8)
        axes.legend(frameon=False, loc="lower left", ncols=2)

    caption = (
        "Layers of the transformer, the same for every n (lemma resources.depth). The lines of mdm and apmdm lie on each "
        "other, without M and with it."
    )
    return drawn("depth", "Depth against log2 n", caption, draw)


def contexts(length: int = 32) -> Figure:
    """Context against n in the regime, with its bounds."""

    def draw(axes: Any) -> None:
        small = [e for e in EXPONENTS if e <= 20]
        log, cells = [], []
        for e in small:
            n = 1 << e
            word = narrowest_word(n)
            log.append(LogLayout(word, "", n, n, length).context_length(n))
            cells.append(CellLayout(word, "", n, n, length).context_length)
        axes.plot(small, log, color="C0", label="mdm, log")
        axes.plot(small, [(4 * length + 9) * 4**e for e in small], color="C0", linestyle=":", label="(4 L + 9) P T")
        axes.plot(small, cells, color="C1", label="apmdm, cells")
        axes.plot(small, [3 * (10 * 2**e + 4 * length) for e in small], color="C1", linestyle=":", label="3 (S + 4 L)")
        axes.set_xlabel("log2 n")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("tokens")
        axes.set_yscale("log", base=2)
        axes.legend(frameon=False)

    caption = f"Tokens for P = M = T = n and L = {length}; dotted: the bounds of lemma resources.space, S = M + 9 P words."
    return drawn("context", "Context against log2 n", caption, draw)


def decoding(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Decoding steps against n, from the rows of the table growth, with the programs' stated bounds."""

    def draw(axes: Any) -> None:
        for number, name in enumerate(dict.fromkeys(row["program"] for row in rows)):
            mine, color = [row for row in rows if row["program"] == name], f"C{number}"
            for decoded, face in ((True, color), (False, "white")):
                points = [(log2(row["n"]), row["t"]) for row in mine if (row["decode"] is not None) == decoded]
                label = f"{name}, {'decoding' if decoded else 'PRAM'} steps"
                axes.plot(*zip(*points, strict=True), "os"[number], color=color, markerfacecolor=face, label=label)
            axes.plot(
                [log2(row["n"]) for row in mine], [row["bound"] for row in mine], ":", color=color, label=f"{name}, bound"
            )
        axes.set_xlabel("log2 n")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("steps")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    caption = (
        "The most decoding steps of some random instances a size: connected components against c log n, Dyck-2 against "
        "c log^2 n; dotted: the bounds that the programs state. Hollow: PRAM steps of the reference machine, not decoded."
    )
    return drawn("decoding", "Decoding steps against log2 n", caption, draw)


def figures(rows: Sequence[Row]) -> list[Figure]:
    """The figures of a run. That of decoding steps is of the runs of `efasp tables`; with few widths so is that of times."""
    recorded = GENERATED / "growth.json"
    grown = [decoding(json.loads(recorded.read_text(encoding="utf-8"))["rows"])] if recorded.exists() else []
    spent, drawn_before = checker_time(rows), GENERATED / "checker-time.svg"
    if len({row["params"].get("w") for row in rows if row["lemma"].startswith("step.")}) < FEW and drawn_before.exists():
        caption = "Time of the obligations of each width, by family, in the run of efasp tables to n = 2^32."
        spent = Figure(spent.name, spent.title, caption, Markup(drawn_before.read_text(encoding="utf-8")), timed=True)
    return [widths(), depths(), contexts(), *grown, spent]
