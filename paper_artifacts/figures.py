"""Figures of the report as SVG: sizes against n with their bounds, and the checker's time against w."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from checker.rows import Row, seconds
from efasp.pram.machine import MIN_WORD


@dataclass(frozen=True)
class Figure:
    """A figure: a name for its file, a title, what it shows, and the drawing."""

    name: str
    title: str
    caption: str
    svg: Markup


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
    """Seconds of each width's obligations."""
    sized = [row for row in rows if isinstance(row["params"].get("w"), int) and row["params"]["w"] >= MIN_WORD]
    families = sorted({row["lemma"].partition(".")[0] for row in sized})
    widths = sorted({row["params"]["w"] for row in sized})

    def draw(axes: Any) -> None:
        for number, family in enumerate(families):
            mine = [row for row in rows if row["lemma"].startswith(f"{family}.")]
            spent = [seconds(row for row in mine if row["params"].get("w") == w) for w in widths]
            axes.plot(widths, spent, marker="os^Dvx*"[number % 7], markersize=3, label=family)
        axes.set_xlabel("w, bits of a word")
        axes.set_ylabel("seconds")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    caption = "Time of the obligations of each width, by family; equal texts count once. Times vary from run to run."
    return drawn("checker-time", "Time of the checker against w", caption, draw)


def figures(rows: Sequence[Row]) -> list[Figure]:
    """The figures of a run."""
    return [checker_time(rows)]
