"""What a claim takes from a theorem of Rocq's kernel, part by part, each as far as it was checked, and how that is known.

A theorem about plans speaks of every plan that is accepted, in exact arithmetic: whether its proof was compiled here is known
from what `make rocq` left. That the emitted weights are accepted, and that the dtype carries their numbers exactly, are
obligations: of these what counts is the rows of the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from efasp.checker.results import GOOD, Row
from efasp.proofs.lemmas.kernel import EQUIVALENT
from efasp.proofs.rocq import build

ACCEPTED = "kernel.accepts"
CITED = "cited: make rocq checks it"
Rows = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Theorem:
    """The theorems of a claim. ``engine``: whose plans they speak of here; empty where they are about a part of the claim, of
    which the status is that of its lemmas; ``states``: what they say; ``remains``: what they do not speak of, and what does.
    """

    names: tuple[str, ...]
    engine: str
    states: str
    remains: tuple[str, ...]


class Part(NamedTuple):
    """A part of a claim that is shown: ``holds`` where it was checked, and ``known`` how."""

    what: str
    shown: str
    known: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.what} {self.shown} ({self.known})"


@cache
def checked() -> dict[str, str]:
    """Of the theorems about plans, those whose proofs were compiled here from the sources as they are now, each with how that
    is known."""
    return build.standing()


def parts(theorem: Theorem, rows: Rows, known: Mapping[str, str]) -> list[Part]:
    """The theorem, and of one about plans the emitted weights and the dtype, in this order."""
    about = [_accepted(theorem, rows), _floats(theorem, rows)] if theorem.engine else []
    return [_proved(theorem, known), *about]


def _proved(theorem: Theorem, known: Mapping[str, str]) -> Part:
    """Whether every one of the theorems was compiled here."""
    names = ", ".join(theorem.names)
    missing = [name for name in theorem.names if name not in known]
    if not missing:
        what = "proved" if theorem.engine else "a part of it is proved"
        return Part(what, "for all n", f"kernel: {names}; {'; '.join(dict.fromkeys(known[n] for n in theorem.names))}", True)
    here = [f"{name}: {known.get(name, CITED)}" for name in theorem.names] if len(missing) < len(theorem.names) else [CITED]
    return Part("a theorem, not checked here in full:", "for all n", f"kernel: {names}; {'; '.join(here)}", False)


def _accepted(theorem: Theorem, rows: Rows) -> Part:
    """For which plans of the run ``accepts`` returned true; of a file that it rejects what the family lowering shows."""
    mine = _of_engine(theorem, rows.get(ACCEPTED, ()))
    if not mine:
        return Part("emitted weights", "not checked in this run", "--kernel checks them", False)
    other = [row for row in mine if row["status"] != "proved"]
    if not other:
        return Part("emitted weights", f"accepted for {_by_extension(mine)}", f"{ACCEPTED}, this run", True)
    names = ", ".join(row["id"] for row in other)
    if all(row["method"] == EQUIVALENT for row in other):
        compared = [row for row in lowering(rows) if any(_same(row, one) for one in other)]
        if compared and all(row["status"] == "proved" for row in compared):
            scope = "; ".join(dict.fromkeys(row["scope"] for row in compared))
            said = f"rejected by accepts, and observationally equivalent to the fresh compile, which is accepted ({scope})"
            return Part("the file's weights", said, f"{names}, and SMT: lowering.*, this run", True)
    return Part(
        "emitted weights", "not accepted", f"{names}: {', '.join(dict.fromkeys(row['status'] for row in other))}", False
    )


def lowering(rows: Rows) -> list[Row]:
    """The obligations that compare a plan with the program."""
    return [row for name in ("lowering.layer", "lowering.stack") for row in rows.get(name, ())]


def _same(a: Row, b: Row) -> bool:
    return all(a["params"].get(key) == b["params"].get(key) for key in ("w", "engine", "ext"))


def _floats(theorem: Theorem, rows: Rows) -> Part:
    """For which words every obligation about a plan's numbers in its dtype holds, by the dtype."""
    mine = _of_engine(theorem, (row for name, some in rows.items() if name.startswith("numerics.") for row in some))
    bad = {(row["params"]["w"], row["params"]["ext"]) for row in mine if row["status"] not in GOOD}
    exact = [row for row in mine if row["lemma"] == "numerics.exact" and (row["params"]["w"], row["params"]["ext"]) not in bad]
    if not exact:
        return Part("floats", "not known to be exact in this run", "numerics.*", False)
    excepted = f"; not for {', '.join(f'w = {w} (ext {ext})' for w, ext in sorted(bad))}" if bad else ""
    return Part("floats", f"exact for {_by_extension(exact, _dtype)}{excepted}", "numerics.*, this run", not bad)


def _dtype(row: Row) -> str:
    match = re.search(r"float\d+", row["scope"])
    return match[0] if match else "no dtype"


def _of_engine(theorem: Theorem, rows: Iterable[Row]) -> list[Row]:
    """Those about the universal machines of the theorem's engine: it says nothing of one that is specialised to a program."""
    return [row for row in rows if row["params"].get("engine") == theorem.engine and "code" not in row["params"]]


def _by_extension(rows: Sequence[Row], of: Callable[[Row], str] = lambda row: "") -> str:
    """The words of some rows, by what they are shown ``of``: ``w = 5..17 (float32), w = 18..45 (float64), without M``."""
    names, parts = {"none": "without M", "M": "with M"}, {}
    for ext in names:
        words: dict[str, set[int]] = {}
        for row in (row for row in rows if row["params"]["ext"] == ext):
            words.setdefault(of(row), set()).add(row["params"]["w"])
        if words:
            parts[ext] = ", ".join(f"{_words(some)}{f' ({name})' if name else ''}" for name, some in sorted(words.items()))
    if len(parts) == 2 and parts["none"] == parts["M"]:
        return f"{parts['M']}, with and without M"
    return "; ".join(f"{said}, {names[ext]}" for ext, said in parts.items())


def _words(words: Iterable[int]) -> str:
    """Widths in runs: ``w = 5..17, 20``."""
    runs: list[list[int]] = []
    for word in sorted(words):
        if runs and runs[-1][-1] == word - 1:
            runs[-1][1:] = [word]
        else:
            runs.append([word])
    return f"w = {', '.join('..'.join(map(str, run)) for run in runs)}"
