"""The runs behind the table ``edits``: lists of edits in place, one a pass, and PRESERVE by the library's program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, TypedDict

import numpy as np

from efasp.encoding import CellLayout
from efasp.evaluate import place_rows
from efasp.model.lower import lower
from efasp.paper_artifacts.experiments.experiments import SEED, columns, faithful
from efasp.paper_artifacts.tables.figures import Figure, drawn
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import Found, Task, cached, results
from efasp.pram.edits import Edited, most_steps
from efasp.preserve import passes, preserve, prompt, string_of

SIZES = (1, 2, 4, 8, 16, 32, 64)  # edits, and letters of the string
SAMPLES = 3
DECODED = 4  # edits of the largest lists whose PRAM program is decoded whole
LETTERS, BITS, WORD = "abc", 9, 16


def problem(rng: Random, many: int) -> Edited:
    """A random string of ``many`` letters, as many edits, and an index of the result."""
    string, edits, length = "".join(rng.choices(LETTERS, k=many)), list[tuple[str, int]](), many
    for _ in range(many):
        if length < 2 or rng.random() < 0.5:
            edits.append((rng.choice(LETTERS), rng.randint(0, length)))
        else:
            edits.append(("", rng.randrange(length)))
        length += 1 if edits[-1][0] else -1
    return Edited(string, tuple(edits), rng.randrange(length))


def carried_out(given: Edited) -> list[str]:
    """The letters after the edits, by Python's lists."""
    letters = list(given.string)
    for letter, at in given.edits:
        if letter:
            letters.insert(at, letter)
        else:
            letters.pop(at)
    return letters


@cache
def transformer() -> Any:
    """The compiled transformer that makes edits in place."""
    from efasp.model.transformer import Transformer

    return Transformer.of(lower(preserve(LETTERS, BITS)))


class Placed(TypedDict):
    """A run in place: its string, its passes, the prompt's tokens and those of the longest sequence."""

    string: str | None
    passes: int
    prompt: int
    context: int


def in_place(given: Edited) -> Placed:
    """The run of the generator in torch: its string, its passes, and the longest sequence."""

    def readout(x: np.ndarray) -> np.ndarray:
        return np.asarray(transformer().outputs(x, place_rows(None, len(x))))

    ids = prompt(LETTERS, BITS, given.string, given.edits)
    run = list(passes(LETTERS, BITS, ids, readout))
    string = string_of(LETTERS, BITS, run[-1].tolist())
    return {"string": string, "passes": len(run), "prompt": len(ids), "context": max(len(ids), *map(len, run))}


def edits(noted: Notes) -> Artifact:
    """Edits in place, and the program that names a letter in the end: both against lists."""
    drawn_: dict[int, list[Edited]] = {}
    for many in SIZES:
        rng = Random(f"{SEED} edits {many}")
        drawn_[many] = [problem(rng, many) for _ in range(SAMPLES)]
    every = [one for group in drawn_.values() for one in group]
    placed = dict(zip(every, cached(noted, in_place, every), strict=True))
    tasks = [Task("preserve", one, "apmdm" if len(one.edits) <= DECODED else "reference", WORD) for one in every]
    runs = dict(zip(every, zip(tasks, results(noted, tasks), strict=True), strict=True))
    rows = tuple(row(many, group, placed, runs) for many, group in drawn_.items())
    decoded = [run for task, run in runs.values() if task.engine != "reference"]
    return Artifact("edits", "Edits in place, and PRESERVE", scope(), COLUMNS, rows, checks(placed, runs, decoded), NOTES,
                    (steps_drawn(rows),))  # fmt: skip


def row(
    many: int, group: Sequence[Edited], placed: Mapping[Edited, Placed], results: Mapping[Edited, tuple[Task, Found]]
) -> dict[str, Cell]:
    """The row of some lists of as many edits: of contexts and steps the largest."""
    runs = [results[one][1] for one in group]
    whole = results[group[0]][0].engine != "reference"
    letters = sum(run.answer == carried_out(one)[one.at] for one, run in zip(group, runs, strict=True))
    layout = max(CellLayout(WORD, "", r.processors, r.memory, r.length).context_length for r in runs)
    return {
        "m": many, "s": many, "lists": f"{sum(string_right(one, placed[one]) for one in group)} of {len(group)}",
        "passes": max(placed[one]["passes"] for one in group), "prompt": max(placed[one]["prompt"] for one in group),
        "context": max(placed[one]["context"] for one in group),
        "letters": f"{letters} of {len(group)}",
        "p": runs[0].processors, "memory": runs[0].memory, "t": max(r.steps for r in runs), "bound": most_steps(group[0]),
        "decode": max(r.decode_steps or 0 for r in runs) or None,
        "apmdm": max(r.context or 0 for r in runs) if whole else layout, "by": "decoded whole" if whole else "closed form",
        "seconds": sum(r.seconds for r in runs),
    }  # fmt: skip


def string_right(given: Edited, run: Placed) -> bool:
    """Whether a run in place ended with the string of the lists."""
    return run["string"] == "".join(carried_out(given))


def checks(
    placed: Mapping[Edited, Placed], runs: Mapping[Edited, tuple[Task, Found]], decoded: Sequence[Found]
) -> tuple[Check, ...]:
    """Strings, letters, passes, contexts and steps are as they are stated."""
    return (
        Check("every list of edits ends with the string that Python's lists give",
              all(string_right(one, run) for one, run in placed.items())),
        Check("m edits take m + 2 passes, in at most two tokens more than the prompt of m + s + 1",
              all(run["passes"] == len(one.edits) + 2 and run["prompt"] == len(one.edits) + len(one.string) + 1
                  and run["context"] <= run["prompt"] + 2 for one, run in placed.items())),
        Check("every letter is that of Python's lists",
              all(run.answer == carried_out(one)[one.at] for one, (_, run) in runs.items())),
        Check("PRAM steps are at most 48 + 9 a, for m edits of a bits",
              all(run.steps <= most_steps(one) for one, (_, run) in runs.items())),
        faithful(decoded, "preserve, decoded whole"),
    )  # fmt: skip


COLUMNS = columns(
    ("m", "edits", "number"), ("s", "letters", "number"), ("lists", "strings right", "text"),
    ("passes", "in place: passes", "number"), ("prompt", "prompt", "number"), ("context", "context (max)", "number"),
    ("letters", "letters right", "text"), ("p", "PRESERVE: P", "number"), ("memory", "M", "number"),
    ("t", "PRAM steps (max)", "number"), ("bound", "bound on steps", "number"),
    ("decode", "decoding steps (max)", "number"), ("apmdm", "AP-MDM context", "number"), ("by", "by", "text"),
    ("seconds", "seconds", "time"),
)  # fmt: skip

NOTES = (
    "In place: efasp.preserve, one edit a pass, in the compiled transformer in torch. PRESERVE: the library's program "
    "preserve, which names the letter at one index in the end, a processor for every index and time, in steps logarithmic in "
    "the edits.",
    "Neither says that PRESERVE is hard: a hardness result for average-hard or softmax attention is open here (claim T6).",
)


def scope() -> str:
    """Which programs and transformers were run, and how, in words."""
    return (
        f"measured: {SAMPLES} random lists a size, letters {LETTERS}; in place all of them in the transformer; the program "
        f"preserve at w = {WORD}, decoded whole by any-process generation to {DECODED} edits, in the reference machine beyond"
    )


def steps_drawn(rows: Sequence[Mapping[str, Cell]]) -> Figure:
    """Passes in place and PRAM steps against the number of edits."""

    def draw(axes: Any) -> None:
        many = [r["m"] for r in rows]
        axes.plot(many, [r["passes"] for r in rows], "o-", color="C0", markersize=5, label="all edits in place: passes, m + 2")
        axes.plot(many, [r["bound"] for r in rows], ":", color="C1", label="one letter: bound 48 + 9 a")
        for whole, face, what in ((True, "C1", "decoding steps"), (False, "white", "PRAM steps")):
            points = [(r["m"], r["t"]) for r in rows if (r["decode"] is not None) == whole]
            axes.plot(*zip(*points, strict=True), "s", color="C1", markerfacecolor=face, label=f"one letter: {what}")
        axes.set_xscale("log", base=2)
        axes.set_xlabel("m, edits")
        axes.set_ylabel("steps")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    caption = (
        "Edits of a string of as many letters: passes that carry out all of them in place, and steps of the PRAM program that "
        "names one letter in the end, with its bound for m edits of a bits. Hollow: not decoded."
    )
    return drawn("edits-steps", "Steps against the number of edits", caption, draw)
