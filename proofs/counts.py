"""The numbers of obligations that a batch gives of each lemma, and of conclusions that these state (``counts.toml``).

The numbers follow from the specification's tables (operations, shapes of operands, statuses, kinds of tokens and places), and
stand in a file of their own: a case that a lemma's code leaves out, at any width, is an error of the check and does not pass
unseen. They are the same for every width. The lemmas without an entry have as many obligations as the width asks for
(``process.runs``, ``encoding.tried``), as there are machines in one batch (``simulation.composition``), or as a plan has layers
and heads to speak of (``lowering.*``, ``numerics.*``); of these one is promised.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("counts.toml")


class Count(NamedTuple):
    """Of one lemma in a batch: the number of obligations, and of conclusions that they state (None: not known)."""

    obligations: int
    stated: int | None


@cache
def table() -> Mapping[str, Mapping[str, Count]]:
    """The entries by lemma and by the parameters of the batch, but for the width."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {lemma: {params: Count(*count) for params, count in entries.items()} for lemma, entries in read.items()}


def entry(params: Mapping[str, Any]) -> str:
    """The parameters of a batch by which its entry is found."""
    return ",".join(f"{name}={value}" for name, value in params.items() if name != "w")


def miscounted(lemma: str, params: Mapping[str, Any], count: Count) -> str:
    """How a count differs from its entry; empty where it does not, or where there is none."""
    wanted = table().get(lemma, {}).get(entry(params))
    if wanted is None or wanted == count._replace(stated=wanted.stated if count.stated is None else count.stated):
        return ""
    return f"expected {described(wanted)} (proofs/counts.toml), found {described(count)}"


def described(count: Count) -> str:
    """A count in words."""
    stated = "" if count.stated is None else f" stating {count.stated} conclusion{'s' * (count.stated != 1)}"
    return f"{count.obligations} obligation{'s' * (count.obligations != 1)}{stated}"
