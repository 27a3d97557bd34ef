"""Exact evaluation of E-FASP: the first reading of a construction. Integers and rationals without rounding; ties average."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from efasp.exact import Matrix, Rows, attended, joined, stacked
from efasp.sorts import SortError
from efasp.syntax import Affine, Attention, Concat, Node, Parameter, PositionEmbedding, Relu, TokenEmbedding, walk

Values = Mapping[Node, Rows]


def _parameter(node: Parameter, below: Values) -> Rows:
    raise SortError("evaluate", "a closed program, or a value for every parameter", f"the free parameter {node.name}")


# One row a primitive: how its value is made of its inputs' values. The same keys as the other readings have.
RULES: dict[type[Node], Callable[[Any, Values], Rows]] = {
    Parameter: _parameter,
    Concat: lambda node, of: joined([of[part] for part in node.parts]),
    Affine: lambda node, of: Matrix(node.rows, node.x.width).of(of[node.x], node.bias),
    Relu: lambda node, of: of[node.x].relu(),
    Attention: lambda node, of: attended(of[node.q], of[node.k], of[node.v]),
}


def evaluate(
    *roots: Node,
    tokens: Sequence[int] | np.ndarray | None = None,
    positions: Sequence[Any] | np.ndarray | None = None,
    values: Mapping[Any, np.ndarray] | None = None,
    check: bool = False,
    lengths: Sequence[int] | None = None,
) -> list[np.ndarray]:
    """The values of nodes on one sequence: for each root an array (positions, width).

    ``tokens``: N token ids; ``positions``: N rows of the position codebook (or N numbers, where a row is one number;
    0..N-1 by default). ``values`` gives parameters (or any other node) their arrays. With ``check`` every value must be
    of its node's sort. With ``lengths`` the tokens are those of several sequences, one after the other, of so many tokens each:
    heads attend within a sequence, and by default positions are counted anew in each. Raises SortError for a free parameter or
    a value outside its sort.
    """
    spans = [] if lengths is None else [slice(end - n, end) for n, end in zip(lengths, accumulate(lengths), strict=True)]
    if lengths is not None and positions is None:
        positions = np.concatenate([np.arange(0), *map(np.arange, lengths)])
    of: dict[Node, Rows] = {node: Rows.of(np.asarray(value)) for node, value in (values or {}).items()}
    for node in walk(*roots, known=frozenset(of)):
        if isinstance(node, TokenEmbedding):
            if tokens is None:
                raise SortError("evaluate", "a token sequence", "none")
            of[node] = Rows.of(node.codebook.codes(node.codebook.rows(tokens)))
        elif isinstance(node, PositionEmbedding):
            of[node] = Rows.of(node.codebook.codes(place_rows(positions, 0 if tokens is None else len(tokens))))
        elif spans and isinstance(node, Attention):
            q, k, v = (of[side] for side in node.inputs)
            of[node] = stacked([attended(q.part(span), k.part(span), v.part(span)) for span in spans])
        else:
            of[node] = RULES[type(node)](node, of)
        if check:
            _check(node, of[node].values)
    return [of[root].values for root in roots]


def place_rows(positions: Sequence[Any] | np.ndarray | None, length: int) -> np.ndarray:
    """Rows of the position codebook: plain numbers become rows of kind 0."""
    table = np.arange(length) if positions is None else np.asarray(positions)
    return np.stack([np.zeros_like(table), table], axis=1) if table.ndim == 1 else table


def _check(node: Node, values: np.ndarray) -> None:
    for position, value in enumerate(values.tolist()):
        if not node.sort.admits(value):
            raise SortError(f"{type(node).__name__.lower()} at position {position}", node.sort, value)
