"""The residual stream of a plan as a picture: coordinates as lanes, sublayers as columns, values as bars."""

from __future__ import annotations

import html
from collections.abc import Iterator

from efasp.model.plan import Plan

LANE, COLUMN, LEFT, TOP = 18, 130, 40, 40  # pixels: height of a lane, width of a sublayer, margins
FILL = {"embedding": "#dbe9f6", "attention": "#fde3c8", "units": "#d9efd7"}


def svg(plan: Plan) -> str:
    """The picture, as SVG: a bar from the sublayer that writes a value to the last that reads it, with its name."""
    columns = 2 * len(plan.layers) + 1
    width, height = LEFT + COLUMN * (columns + 1), TOP + LANE * plan.width + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11">',
        f"<title>{html.escape(plan.name)}: residual stream</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_columns(plan, columns, height),
        *_bars(plan),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _kind(sublayer: int) -> str:
    return "embedding" if sublayer == 0 else "attention" if sublayer % 2 else "units"


def _columns(plan: Plan, columns: int, height: int) -> Iterator[str]:
    """The sublayers: their names and borders."""
    for sublayer in range(columns):
        x = LEFT + COLUMN * sublayer
        layer = plan.layers[(sublayer - 1) // 2] if sublayer else None
        count = "" if layer is None else f" ({len(layer.heads) if sublayer % 2 else len(layer.bias)})"
        label = f"{_kind(sublayer)} {(sublayer + 1) // 2}{count}" if sublayer else "embedding"
        yield f'<text x="{x + 4}" y="{TOP - 14}" font-weight="bold">{label}</text>'
        yield f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height}" stroke="#ddd"/>'
    yield f'<text x="{LEFT + COLUMN * columns + 4}" y="{TOP - 14}" font-weight="bold">read-out</text>'


def _bars(plan: Plan) -> Iterator[str]:
    """A lane a coordinate, with its number; a bar a value."""
    for coordinate in range(plan.width):
        yield f'<text x="{LEFT - 8}" y="{TOP + LANE * coordinate + 13}" text-anchor="end" fill="#888">{coordinate}</text>'
    for r in plan.residents:
        x, y = LEFT + COLUMN * r.born + 2, TOP + LANE * r.coordinate + 2
        length = COLUMN * max(1, r.last - r.born) - 4
        name = html.escape(r.name)
        yield (
            f'<g><title>{name}: {r.low}..{r.high}</title><rect x="{x}" y="{y}" width="{length}" height="{LANE - 4}" rx="3" '
            f'fill="{FILL[_kind(r.born)]}" stroke="#999"/><text x="{x + 4}" y="{y + 11}">{name}</text></g>'
        )
