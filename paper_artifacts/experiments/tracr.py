"""The sizes of the transformers to which Tracr compiles RASP programs, by the rules of its sources; Tracr itself is not run.

Source: D. Lindner and others, Tracr: Compiled Transformers as a Laboratory for Interpretability (arXiv 2301.05062), and its
repository, google-deepmind/tracr. The programs are those of its module ``compiler.lib``; widths follow ``basis_inference`` and
``craft_model_to_transformer`` there, and layers ``craft_graph_to_model`` and ``assemble``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAP, HEAD, COUNT = "map", "head", "count"  # an MLP; an attention head; the width of a selector, which is a head and an MLP


@dataclass(frozen=True)
class Part:
    """A part of a program: its kind, the coordinates that its value has, and the names of the parts that it reads, apart from
    tokens and indices."""

    kind: str
    width: int
    reads: tuple[str, ...] = ()


Program = dict[str, Part]


def count(n: int) -> Part:
    """How many of up to n positions a selector of tokens selects: a flag for each of 0..n, and the share that is read."""
    return Part(COUNT, n + 2)


def length(letters: int, n: int) -> Program:
    """The number of letters; or of those that are equal, which is the width of another selector."""
    return {"length": count(n)}


def reverse(letters: int, n: int) -> Program:
    """The text backwards: of 2n values each are length - index and that minus 1."""
    back = {"opp_idx": Part(MAP, 2 * n, ("length",)), "opp_idx-1": Part(MAP, 2 * n, ("opp_idx",))}
    return {"length": count(n), **back, "reverse": Part(HEAD, letters, ("opp_idx-1",))}


def fraction(letters: int, n: int) -> Program:
    """The fraction of earlier letters that are of one kind."""
    return {"bools": Part(MAP, 1), "frac_prevs": Part(HEAD, 1, ("bools",))}


def balance(pair: str = "") -> Program:
    """The fraction of opening brackets up to a letter minus that of closing ones."""
    parts = {f"bools{pair}{side}": Part(MAP, 1) for side in "()"}
    parts |= {f"fraction{pair}{side}": Part(HEAD, 1, (f"bools{pair}{side}",)) for side in "()"}
    return {**parts, f"balance{pair}": Part(MAP, 1, (f"fraction{pair}(", f"fraction{pair})"))}


def sort_unique(letters: int, n: int) -> Program:
    """The letters in order, each at most once."""
    return {"target_pos": count(n), "sort": Part(HEAD, letters, ("target_pos",))}


def sort(letters: int, n: int) -> Program:
    """The letters in order: their keys are made unique by the place."""
    return {
        "keys": Part(MAP, letters * n),
        "target_pos": Part(COUNT, n + 2, ("keys",)),
        "sort": Part(HEAD, letters, ("target_pos",)),
    }


def shuffle_dyck(letters: int, n: int) -> Program:
    """Whether each of two kinds of brackets is balanced by itself."""
    parts = {**balance("1"), **balance("2"), "length": count(n)}
    for name in ("negative", "zero"):
        parts |= {f"{name}{pair}": Part(MAP, 2, (f"balance{pair}",)) for pair in "12"}
        parts[name] = Part(MAP, 2, (f"{name}1", f"{name}2"))
    parts |= {"any_negative": Part(MAP, 1, ("negative",)), "has_neg": Part(HEAD, 1, ("any_negative",))}
    parts |= {"last": Part(MAP, n + 1, ("length",)), "last_zero": Part(HEAD, 2, ("last", "zero"))}
    parts |= {"not_has_neg": Part(MAP, 2, ("has_neg",))}
    return {**parts, "shuffle_dyck": Part(MAP, 2, ("last_zero", "not_has_neg"))}


PROGRAMS: dict[str, Callable[[int, int], Program]] = {
    "length": length,
    "histogram": length,
    "reverse": reverse,
    "fraction": fraction,
    "pair_balance": lambda letters, n: balance(),
    "sort_unique": sort_unique,
    "sort": sort,
    "shuffle_dyck": shuffle_dyck,
}


def width(program: Program, letters: int, n: int) -> int:
    """The coordinates of the residual stream: tokens with those of start and padding, places, a constant, and every part's."""
    return letters + 2 + n + 1 + sum(part.width for part in program.values())


def layers(program: Program) -> int:
    """The layers, of a head and an MLP each: parts stand as deep as the longest path to them, a depth with heads alone takes
    that after it in if it has MLPs alone, and each depth's heads and MLPs come next in turn."""
    depth: dict[str, int] = {}
    for name, part in program.items():
        depth[name] = 1 + max((depth[read] for read in part.reads), default=0)
    levels = [{program[name].kind for name in depth if depth[name] == at} for at in range(1, max(depth.values()) + 1)]
    at = 0
    while at + 1 < len(levels):
        if levels[at] == {HEAD} and levels[at + 1] == {MAP}:
            levels[at] |= levels.pop(at + 1)
        at += 1
    used, half = 0, 1  # the last layer that is taken, and whether its MLP is
    for level in levels:
        for side, there in ((0, level & {HEAD, COUNT}), (1, level & {MAP, COUNT})):
            if there:
                used, half = (used, 1) if side > half else (used + 1, side)
    return used
