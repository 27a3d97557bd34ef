"""What a benchmark gives: pairs of numbers of one run with their ratio, and curves of growth, which are drawn."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.table import Table

from efasp.paper_artifacts.tables.figures import drawn


@dataclass(frozen=True)
class Pair:
    """Two numbers in one unit. ``asked``: a bound in words, where one is asked for, of the ratio or of ``first``."""

    what: str
    against: str
    first: float
    second: float
    unit: str = "ms"
    asked: str = ""


@dataclass(frozen=True)
class Curve:
    """Numbers against a parameter, of a picture of that name; ``label`` says of what."""

    name: str
    title: str
    x: str
    y: str
    label: str
    points: tuple[tuple[float, float], ...]


@dataclass
class Found:
    """What one or more benchmarks found."""

    pairs: list[Pair] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)


def windows(run: Iterator[Any], ends: Sequence[tuple[int, int]]) -> list[float]:
    """CPU milliseconds a step over windows of a run, each from and to a step, in order; of a run that ends in a window over the
    steps that it has. Raises ValueError for a run that ends before one."""
    found, at = [], 0
    for first, last in ends:
        at += sum(1 for _ in islice(run, first - at))
        start = time.process_time()
        count = sum(1 for _ in islice(run, last - first))
        spent = time.process_time() - start
        if not count:
            raise ValueError(f"expected a run of more than {first} steps, found one of {at}")
        found.append(1e3 * spent / count)
        at += count
    return found


def children() -> float:
    """CPU seconds of the processes that this one has started and waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(pairs: Sequence[Pair]) -> Table:
    """A table of pairs."""
    shown = Table(title="CPU time and memory, and ratios, of this run")
    for column in ("what", "against", "first", "second", "unit", "ratio"):
        shown.add_column(column, justify="right" if column in ("first", "second", "ratio") else "left")
    shown.add_column("asked")
    for pair in pairs:
        numbers = f"{pair.first:.4g}", f"{pair.second:.4g}"
        shown.add_row(pair.what, pair.against, *numbers, pair.unit, f"{pair.first / pair.second:.2f}", pair.asked)
    return shown


def draw(curves: Sequence[Curve], folder: Path) -> list[Path]:
    """The pictures of curves, as SVG, both axes logarithmic; curves of one name are in one picture."""
    written = []
    for name in dict.fromkeys(curve.name for curve in curves):
        mine = [curve for curve in curves if curve.name == name]

        def lines(axes: Any, mine: Sequence[Curve] = mine) -> None:
            for number, curve in enumerate(mine):
                axes.plot(*zip(*curve.points, strict=True), marker="os^D"[number % 4], markersize=4, label=curve.label)
            axes.set(xlabel=mine[0].x, ylabel=mine[0].y, xscale="log", yscale="log")
            axes.legend(frameon=False)

        path = folder / f"{name}.svg"
        path.write_text(str(drawn(name, mine[0].title, "", lines).svg), encoding="utf-8")
        written.append(path)
    return written
