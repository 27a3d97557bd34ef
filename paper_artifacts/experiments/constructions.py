"""The table of constructions: the example programs, with what is shown of each, next to what Tracr and ALTA compile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TypedDict

from efasp import language
from efasp.checker.language.check import checked
from efasp.checker.results import GOOD
from efasp.language.program import parse_file
from efasp.model.lower import lower
from efasp.model.rounding import chosen
from efasp.paper_artifacts.experiments import tracr
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached

FOLDER = Path(language.__file__).parent / "examples"
ALTA = {  # layers for n letters: P. Shaw and others, ALTA (arXiv 2410.18077), google-deepmind/alta, folder examples
    "parity": "1, or n - 1",  # the sum modulo 2; or one letter a layer
    "sort_unique": "2",  # two states
    "add": "digits + 3",  # a start, a layer a digit, and two at the end
}


class Shown(TypedDict):
    """An example: its sizes, and what is shown of it. ``longest``: letters, 0 for any number.

    ``ranges``: the scope of program.ranges, empty where it is not proved; ``proved``: whether sorts, layers and winners are;
    ``every``: whether the specification is, on every text; ``short``: the scope of program.specification.short.
    """

    letters: int
    longest: int
    layers: int
    width: int
    heads: int
    units: int
    dtype: str
    ranges: str
    proved: bool
    every: bool
    short: str
    refuted: list[str]


def shown(name: str) -> Shown:
    """Check an example as `efasp check` does, and give what the table shows of it."""
    module = parse_file(FOLDER / f"{name}.efasp")
    plan = lower(module.program)
    rows, _ = checked(module)
    good = Counter(row["lemma"] for row in rows if row["status"] in GOOD)
    every = Counter(row["lemma"] for row in rows)
    shape = plan.shape["layers"]
    whole = [lemma for lemma in every if lemma not in ("program.ranges", "program.specification")]
    return {
        "letters": len(module.letters),
        "longest": module.longest or 0,
        "layers": len(shape),
        "width": plan.width,
        "heads": max(row["heads"] for row in shape),
        "units": sum(row["d_ff"] for row in shape),
        "dtype": chosen(module, plan),
        "ranges": next((row["scope"] for row in rows if row["lemma"] == "program.ranges" and row["status"] in GOOD), ""),
        "proved": all(good[lemma] == every[lemma] for lemma in whole),
        "every": good["program.specification"] == every["program.specification"],
        "short": next((row["scope"] for row in rows if row["lemma"] == "program.specification.short"), ""),
        "refuted": [row["id"] for row in rows if row["status"] == "refuted"],
    }


def constructions(noted: Notes) -> Artifact:
    """Sizes and proofs of every example; Tracr's sizes by its rules, ALTA's layers by its sources."""
    names = sorted(file.stem for file in FOLDER.glob("*.efasp"))
    by_name = dict(zip(names, cached(noted, shown, names), strict=True))
    rows: list[dict[str, Cell]] = []
    for name, one in by_name.items():
        row: dict[str, Cell] = {"program": name, "letters": one["letters"], "longest": one["longest"] or "any"}
        row |= {key: one[key] for key in ("layers", "width", "heads", "units", "dtype")}
        row["exact"] = one["ranges"].partition(", given")[0] or "not shown"
        row["compiled"] = "proved" if one["proved"] else "not all of it"
        row["specification"] = "proved" if one["every"] else one["short"].removeprefix("exhaustive, ")
        if name in tracr.PROGRAMS:
            n = one["longest"]
            program = tracr.PROGRAMS[name](one["letters"], n)
            row |= {"tracr layers": tracr.layers(program), "tracr width": tracr.width(program, one["letters"], n)}
        row["alta"] = ALTA.get(name, "")
        rows.append(row)
    columns = [
        Column("program", "program"),
        Column("letters", "letters", "number"),
        Column("longest", "longest text", "number"),
    ]
    columns += [Column(key, key, "number") for key in ("layers", "heads")]
    columns += [Column("width", "d_model", "number"), Column("units", "units", "number"), Column("dtype", "dtype")]
    columns += [Column("exact", "floats right on"), Column("compiled", "sorts and layers")]
    columns += [Column("specification", "specification on every text, or on")]
    columns += [Column("tracr layers", "Tracr: layers", "number"), Column("tracr width", "Tracr: d_model", "number")]
    columns += [Column("alta", "ALTA: layers")]
    refuted = [row for one in by_name.values() for row in one["refuted"]]
    unknown = [name for name, one in by_name.items() if not (one["ranges"] and one["proved"])]
    compared = [row for row in rows if "tracr width" in row]
    checks = (
        Check(f"no obligation about an example is refuted: {', '.join(refuted) or 'none is'}", not refuted),
        Check(f"sorts, layers and roundings of every example are proved: {', '.join(unknown) or 'all are'}", not unknown),
        Check("every program that Tracr's sources have too is compared", len(compared) == len(tracr.PROGRAMS)),
    )
    notes = (
        "Ours: compiled and checked by this package, for the letters and the longest text of the example.",
        "Tracr: for the same letters and length, by the rules of its sources, not run (arXiv 2301.05062; its module "
        "compiler.lib has the programs). It proves nothing and states no length up to which a result is exact: its heads are "
        "softmax at a "
        "low temperature, and its MLPs approximate steps. Its sort_unique asks that no letter occurs twice; ours leaves "
        "repeated ones out. Its sort takes letters that are numbers.",
        "ALTA: layers by its sources, not run (arXiv 2410.18077; folder examples); n is the number of letters. Its layers "
        "share their weights. Its addition reads two numbers one after the other, ours the sums of their digits.",
        "Where Tracr or ALTA has no such program, its columns are empty.",
    )
    scope = "as the columns say; proved, but for the columns of Tracr and ALTA, which are cited"
    title = "Constructions: the example programs, beside Tracr and ALTA"
    return Artifact("constructions", title, scope, tuple(columns), tuple(rows), checks, notes)
