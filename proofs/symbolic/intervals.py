"""Intervals of the coordinates of a graph's nodes: those of their sorts, met with interval arithmetic over their inputs.

A declared sort says what a lemma shows of a node (family step, step.sorts), and interval arithmetic what follows from the nodes
that it reads; where some of these have been given sharper sorts, the latter may say more.
"""

from __future__ import annotations

from efasp.sorts import Interval
from efasp.syntax import Affine, Attention, Concat, Node, Relu, walk

Intervals = tuple[Interval, ...]


def intervals(root: Node) -> dict[Node, Intervals]:
    """The intervals of the coordinates of every node below a root."""
    known: dict[Node, Intervals] = {}
    for node in walk(root):
        known[node] = tuple(map(_met, node.sort.bounds, _of(node, known)))
    return known


def _of(node: Node, found: dict[Node, Intervals]) -> Intervals:
    """By the inputs of a node; of an embedding by its sort."""
    if isinstance(node, Concat):
        return tuple(one for part in node.parts for one in found[part])
    if isinstance(node, Relu):
        return tuple((max(low, 0), max(high, 0)) for low, high in found[node.x])
    if isinstance(node, Attention):  # a mean of values
        return found[node.v]
    if not isinstance(node, Affine):
        return node.sort.bounds
    out = list[Interval]()
    for row, constant in zip(node.rows, node.bias, strict=True):
        low = high = constant
        for column, c in row:
            a, b = found[node.x][column]
            low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
        out.append((low, high))
    return tuple(out)


def _met(a: Interval, b: Interval) -> Interval:
    """The intersection of two intervals."""
    return max(a[0], b[0]), min(a[1], b[1])
