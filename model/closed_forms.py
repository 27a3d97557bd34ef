"""Closed forms of a transformer's size in the word width, interpolated from compiled plans and checked on others.

Below w = 16 the clock of the log has 16 bits and not w + 1, and below 20 a head of extension M that fetches the operation
is wider than a word; so the forms are stated from there on, and compared with the plan wherever they are shown.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from model.compile import compile_machine
from model.plan import parameters

FROM = {"": 16, "M": 20}
FIT, HELD_OUT = (0, 1, 2, 3), (5, 8)  # widths after the first: four points fix a cubic, two more must lie on it
Polynomial = tuple[Fraction, ...]  # coefficients, the constant first


def sizes(word: int, engine: str, extension: str) -> dict[str, int]:
    """Layers, d_model, heads, d_ff (of the widest layer each), and parameters of a compiled transformer."""
    plan = compile_machine(word, engine, extension)
    rows = plan.shape["layers"]
    return {
        "layers": len(rows),
        "d_model": plan.width,
        "heads": max(row["heads"] for row in rows),
        "d_ff": max(row["d_ff"] for row in rows),
        "parameters": parameters(plan.shape, plan.vocabulary, plan.places),
    }


def evaluate(polynomial: Polynomial, w: int) -> Fraction:
    """The value at w."""
    return sum((c * w**power for power, c in enumerate(polynomial)), Fraction(0))


def interpolate(points: list[tuple[int, int]]) -> Polynomial:
    """The polynomial through the points (Lagrange), trailing zeros removed."""
    total = [Fraction(0)] * len(points)
    for i, (x, y) in enumerate(points):
        basis, scale = [Fraction(1)], Fraction(1)
        for j, (other, _) in enumerate(points):
            if j != i:
                basis = [a - other * b for a, b in zip([Fraction(0), *basis], [*basis, Fraction(0)], strict=True)]
                scale *= x - other
        total = [t + y * b / scale for t, b in zip(total, basis, strict=True)]
    while len(total) > 1 and not total[-1]:
        total.pop()
    return tuple(total)


def show(polynomial: Polynomial) -> str:
    """The polynomial in w as text, highest power first."""
    text = ""
    for power, c in reversed(list(enumerate(polynomial))):
        if c:
            factor = "" if abs(c) == 1 and power else f"{abs(c)}"
            variable = "" if not power else "w" if power == 1 else f"w^{power}"
            joint = " " if factor and variable else ""
            text += f"{' - ' if c < 0 else ' + '}{factor}{joint}{variable}"
    return (text[3:] if text.startswith(" + ") else text.strip()) or "0"


@cache
def closed_forms(engine: str, extension: str = "") -> dict[str, Polynomial | None]:
    """For every size its polynomial in w, from ``FROM`` on; None where the held-out widths do not confirm it."""
    fit, held_out = ([FROM[extension] + step for step in steps] for steps in (FIT, HELD_OUT))
    compiled = {w: sizes(w, engine, extension) for w in (*fit, *held_out)}
    forms: dict[str, Polynomial | None] = {}
    for name in compiled[fit[0]]:
        form = interpolate([(w, compiled[w][name]) for w in fit])
        forms[name] = form if all(evaluate(form, w) == compiled[w][name] for w in held_out) else None
    return forms
