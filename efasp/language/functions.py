"""Helpers that a text may call besides the primitives and the registered operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from efasp.language.sort_names import MAX_WIDTH
from efasp.pointwise import choose, constant, number, signed, unsigned, value
from efasp.sequences import token
from efasp.sorts import Int, SortError
from efasp.syntax import Node, combine, concat, weigh


def _sum(x: Node) -> Node:
    """The sum of all coordinates."""
    return weigh(x, [1] * x.width)


def _width(x: Node) -> int:
    """The number of coordinates, a number."""
    return x.width


def _one(x: Node) -> Node:
    """The constant 1 at every position."""
    return combine([(0, x[0])], 1, sort=Int(1, 1))


def _choose(*parts: Node) -> Node:
    """``choose(flag, word, flag, word, ...)``: the word whose flag is 1; at most one is."""
    if not parts or len(parts) % 2:
        raise SortError("choose", "pairs of a flag and a word", f"{len(parts)} arguments")
    return choose(list(zip(parts[::2], parts[1::2], strict=True)))


def _repeat(x: Node, count: int) -> Node:
    """A vector ``count`` times over."""
    if not 0 < count <= 1 << 12 or x.width * count > MAX_WIDTH:
        raise SortError("repeat", f"1 to 4096 times and at most {MAX_WIDTH} coordinates", f"{count} times {x.width}")
    return concat(*[x] * count)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "choose": _choose, "constant": constant, "number": number, "one": _one, "repeat": _repeat, "signed": signed, "sum": _sum,
    "token": token, "unsigned": unsigned, "value": value, "width": _width,
}  # fmt: skip
