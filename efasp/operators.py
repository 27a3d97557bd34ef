"""The register of derived operators: each one definition, with its specification, depth and width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, Literal

from efasp.embeddings import Embedding
from efasp.sorts import Bit, Int, Sort, SortError, Word
from efasp.syntax import Node


@dataclass(frozen=True)
class Operator:
    """A derived operator.

    ``sorts(w)``: the sorts of its arguments at word width w. ``spec``: its specification, on Python values: for a
    pointwise operator ``spec(w, *arguments)``; for one over attention ``spec(columns)``, with one list of values an
    argument (one value a position), giving the list of results. A positional one takes the position embedding as last
    argument, one of plain numbers. One over a sequence (``efasp.sequences``) takes ``fixed`` after its arguments, then an
    embedding and a sink if it has such; its specification is ``spec(columns, *fixed)``. ``depth``: (attention, ReLU) sublayers.
    ``units(w)``: ReLU units of the pointwise ones, and of those over a sequence. ``embedding``: which argument is an embedding,
    or -1.
    """

    name: str
    build: Callable[..., Node]
    sorts: Callable[[int], tuple[Sort, ...]]
    spec: Callable[..., Any]
    depth: tuple[int, int]
    units: Callable[[int], int] | None = None
    kind: Literal["pointwise", "attention", "positional", "sequence"] = "pointwise"
    extension: Literal["", "M"] = ""
    fixed: tuple[Any, ...] = ()
    embedding: int = -1

    @property
    def summary(self) -> str:
        """First line of the definition's docstring."""
        return (self.build.__doc__ or "").strip().splitlines()[0]


OPERATORS: dict[str, Operator] = {}


def operator(**row: Any) -> Callable[[Callable[..., Node]], Callable[..., Node]]:
    """Register a definition; its results remember which operator made them, for the printer."""

    def register(build: Callable[..., Node]) -> Callable[..., Node]:
        name = build.__name__.rstrip("_")
        kinds = [parameter.annotation for parameter in signature(build).parameters.values()]
        embedding = kinds.index("Embedding") if "Embedding" in kinds else -1

        @wraps(build)
        def define(*arguments: Any, **options: Any) -> Node:
            node = build(*arguments, **options)
            if node.origin is None and not any(node is argument for argument in arguments):
                given = [a.node if isinstance(a, Embedding) else a for a in (*arguments, *options.values())]
                object.__setattr__(node, "origin", (name, tuple(given)))
            return node

        OPERATORS[name] = Operator(name=name, build=define, embedding=embedding, **row)
        return define

    return register


def expect_bits(operator_name: str, *nodes: Node, width: int | None = None) -> None:
    """Every coordinate must be 0 or 1; all nodes of one width (``width``, where given)."""
    for node in nodes:
        wanted = nodes[0].width if width is None else width
        if not node.sort.integral or any(b not in ((0, 1), (0, 0), (1, 1)) for b in node.sort.bounds):
            raise SortError(operator_name, "bits, flags or a word", node.sort)
        if node.width != wanted:
            raise SortError(operator_name, f"width {wanted}", f"{node.sort} of width {node.width}")


def expect_flag(operator_name: str, node: Node) -> None:
    """Check that a node has one coordinate of 0 or 1. Raises SortError."""
    expect_bits(operator_name, node, width=1)


def expect_int(operator_name: str, node: Node) -> tuple[int, int]:
    """The bounds of a node of one integer coordinate. Raises SortError for another."""
    if node.width != 1 or not node.sort.integral:
        raise SortError(operator_name, "a bounded integer", node.sort)
    ((low, high),) = node.sort.bounds
    return int(low), int(high)


def like(node: Node) -> Sort:
    """The sort of a bitwise result over this argument."""
    return Bit() if node.width == 1 else Word(node.width)


def bits(w: int) -> tuple[Sort, ...]:
    """The sorts of two words of w bits each."""
    return (Word(w), Word(w))


def small(w: int) -> tuple[Sort, ...]:
    """The sort of one integer from -2^w to 2^w."""
    return (Int(-(1 << w), 1 << w),)
