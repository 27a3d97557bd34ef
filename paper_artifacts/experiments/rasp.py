"""The table of RASP operators: how much wider the compiled transformers of longer texts are."""

from __future__ import annotations

from itertools import pairwise

from efasp.model.lower import lower
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.rasp.graph import Sequence
from efasp.rasp.interpreter import read
from efasp.rasp.selectors import BY_PLACE
from efasp.rasp.translate import translate

LENGTHS = (3, 7, 15)  # letters
CORPUS = """
reverse = aggregate(select(indices, length - 1 - indices, ==), tokens);
shift_right = shift(tokens, 2, "a");
shift_left = shift(tokens, 0 - 2, "a");
first_letter = tokens[0];
last_letter = tokens[-1];
there = contains(tokens, "b");
fraction = average(indicator(tokens == "a"));
seen_elsewhere = has_focus(select(tokens, tokens, ==) and select(indices, indices, !=));
histogram = selector_width(select(tokens, tokens, ==));
most_frequent = not has_focus(select(histogram, histogram, >));
before = select(indices, indices, <=);
prefix_fraction = aggregate(before, indicator(tokens == "a"));
prefix_count = selector_width(before and select(tokens, "a", ==));
first_occurrence = mark_first_instance(tokens, "a");
new = not has_focus(select(tokens, tokens, ==) and select(indices, indices, <));
double_histogram = selector_width(select(histogram, histogram, ==) and select(new, True, ==));
sorted = sort(tokens, tokens);
next_same = aggregate(select_next_identical(tokens), indices, -1);
height = (indices + 1) * (2 * prefix_fraction - 1);
dyck1 = average(indicator(height < 0)) == 0 and height[-1] == 0;
"""


def rasp() -> Artifact:
    """Sizes of the corpus by the length of texts, with what the compiler says of the selectors."""
    operators = read(CORPUS).operators
    named = {name: node for name, node in operators.items() if isinstance(node, Sequence)}
    rows: list[dict[str, Cell]] = []
    wrong, wide = list[str](), list[str]()
    for name, node in named.items():
        translated = {longest: translate(name, node, named, "ab", longest) for longest in LENGTHS}
        shapes = {longest: lower(translation.module.program).shape for longest, translation in translated.items()}
        widths = [shape["d_model"] for shape in shapes.values()]
        units = [sum(layer["d_ff"] for layer in shape["layers"]) for shape in shapes.values()]
        forms = translated[LENGTHS[-1]].selectors
        grows = any(form.grows for form in forms)
        if grows and widths != sorted(set(widths)):
            wrong.append(name)
        if any(now > 4 * before for sizes in (widths, units) for before, now in pairwise(sizes) if before):
            wide.append(name)
        kinds = {
            "by place": any(form.form == BY_PLACE for form in forms),
            "by value": any(form.width and form.form != BY_PLACE and not form.grows for form in forms),
            "by value, O(n)": grows,
        }
        rows.append({
            "operator": name,
            "selectors": "; ".join(what for what, there in kinds.items() if there) or "all keys",
            "layers": len(shapes[LENGTHS[-1]]["layers"]),
            **{f"d_model {longest}": width for longest, width in zip(LENGTHS, widths, strict=True)},
            **{f"units {longest}": count for longest, count in zip(LENGTHS, units, strict=True)},
            "same": "yes" if len(set(widths)) == len(set(units)) == 1 else "no",
        })  # fmt: skip
    columns = [Column(key, key) for key in ("operator", "selectors")]
    columns += [
        Column(key, key, "number") for key in ("layers", *(f"{what} {n}" for what in ("d_model", "units") for n in LENGTHS))
    ]
    columns.append(Column("same", "same width at every length"))
    checks = (
        Check(
            f"where a selector needs more classes for longer texts, d_model grows: {', '.join(wrong) or 'everywhere'}",
            not wrong,
        ),
        Check(f"no size is more than 4 times that of half the length: {', '.join(wide) or 'none is'}", not wide),
    )
    notes = (
        "The places' numbers and their squares are single coordinates, whose bits grow as log n; the width does not.",
        "A count is read from a share, by units for each number that makes a difference: O(n) for the count itself, O(1) for "
        "whether there is any.",
        f"The corpus: `{' '.join(CORPUS.split())}`",
    )  # fmt: skip
    scope = f"compiled for the letters a and b and for texts of up to {', '.join(map(str, LENGTHS))} letters"
    return Artifact("rasp", "Operators of RASP by the length of texts", scope, tuple(columns), tuple(rows), checks, notes)
