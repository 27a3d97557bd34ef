"""Programs as whole graphs: nodes replaced, the longest chains, and the number of ReLU units."""

from __future__ import annotations

from efasp.syntax import Affine, Attention, Concat, Node, Relu, walk


def substitute(root: Node, environment: dict[Node, Node]) -> Node:
    """The program with parameters (or any nodes) replaced."""
    out: dict[Node, Node] = {}
    for node in walk(root):
        if node in environment:
            out[node] = environment[node]
        elif isinstance(node, Concat):
            out[node] = Concat(tuple(out[part] for part in node.parts))
        elif isinstance(node, Affine):
            out[node] = Affine(out[node.x], node.rows, node.bias, node.declared)
        elif isinstance(node, Relu):
            out[node] = Relu(out[node.x], node.declared)
        elif isinstance(node, Attention):
            out[node] = Attention(out[node.q], out[node.k], out[node.v], node.declared)
        else:
            out[node] = node
    return out[root]


def depth(*roots: Node) -> tuple[int, int]:
    """(sublayers of attention, sublayers of ReLU) on the longest chains, counted apart."""
    out: dict[Node, tuple[int, int]] = {}
    for node in walk(*roots):
        below = [out[child] for child in node.inputs] or [(0, 0)]
        heads, units = max(a for a, _ in below), max(b for _, b in below)
        out[node] = (heads + isinstance(node, Attention), units + isinstance(node, Relu))
    return max(out[root][0] for root in roots), max(out[root][1] for root in roots)


def hidden(*roots: Node) -> int:
    """The number of ReLU units of the nodes below the roots."""
    return sum(node.width for node in walk(*roots) if isinstance(node, Relu))
