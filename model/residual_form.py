"""Residual form: a program that is written as a transformer, one definition per sublayer, and the corresponding transformer.

A plan and such a program are the same lists of exact numbers. ``decompile`` makes the program of a plan, ``read`` the plan of a
program, and of the program of a plan it makes that plan again, matrix by matrix. In the six primitives::

    h0   = affine([TE, PE])               embeddings
    h1   = affine([h0, head 0, head 1])   h0 itself, plus the heads' values: aha(affine(h0), affine(h0), affine(h0))
    h2   = affine([h1, units])            h1 itself, plus the units' values: relu(affine(h1))
    ...
    output = affine(h)

Layers without heads or without units have no definition for them; a layer with neither is left out, and heads without units
share their layer with the units that come next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from efasp.exact import Matrix
from efasp.model.lowering.emit import PLAIN
from efasp.model.plan import Head, Layer, Plan, Resident
from efasp.model.ranges import size
from efasp.sorts import Number, Sort
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Program, Relu, Row, TokenEmbedding

NAMES = re.compile(r"(h|z|units)[0-9]+|(q|k|v|head)[0-9]+_[0-9]+")  # of definitions of a program in residual form

# A plan as a program.


def decompile(plan: Plan, name: str = "", output: str = "output", sort: Sort | None = None) -> Program:
    """The program in residual form that computes what a plan computes, on every sequence.

    ``name``: the program's (by default the plan's); ``output``: the last definition's; ``sort``: that of the output, which is
    declared unless no value can be of it. The other definitions are called ``h0``, ``h1``, ... after the sublayers, and
    ``q1_0``, ``k1_0``, ``v1_0``, ``head1_0``, ``z2``, ``units2`` after the sublayer and the head, with an underscore in front
    where the output has such a name. Raises SortError for a sort of another width.
    """
    program, lead = Program(name or plan.name), "_" if NAMES.fullmatch(output) else ""

    def let(label: str, node: Node) -> Node:
        return program.let(lead + label, node)

    te, pe = TokenEmbedding(plan.vocabulary), PositionEmbedding(plan.places)
    if reads_places(plan):
        h = let("h0", _affine(Concat((te, pe)), _beside(plan.token, plan.place)))
    else:
        h = let("h0", _affine(te, plan.token.rows))
    sublayer = 0
    for layer in plan.layers:
        if layer.heads:
            sublayer += 1
            heads = [_head(let, f"{sublayer}_{number}", h, head) for number, head in enumerate(layer.heads)]
            h = let(f"h{sublayer}", _added(h, heads, [head.o for head in layer.heads]))
        if layer.bias:
            sublayer += 1
            units = let(f"units{sublayer}", Relu(let(f"z{sublayer}", _affine(h, layer.up.rows, layer.bias))))
            h = let(f"h{sublayer}", _added(h, [units], [layer.down]))
    read_out = _affine(h, plan.out.rows, plan.out_bias)
    if sort is not None and _meet(read_out.sort, sort):
        read_out = Affine(h, read_out.rows, read_out.bias, sort)
    program.let(output, read_out)
    return program


def _meet(found: Sort, declared: Sort) -> bool:
    """Whether every coordinate may have a value that both sorts allow."""
    pairs = zip(found.bounds, declared.bounds, strict=False)
    return all(low <= top and bottom <= high for (low, high), (bottom, top) in pairs)


def reads_places(plan: Plan) -> bool:
    """Whether the program of a plan has PE: where the places are not the plain ones, or their matrix is not 0."""
    return plan.places != PLAIN or any(plan.place.rows)


def _affine(x: Node, rows: Sequence[Row], bias: Sequence[Number] = ()) -> Affine:
    return Affine(x, tuple(rows), tuple(bias) or (0,) * len(rows))


def _head(let: Callable[[str, Node], Node], label: str, h: Node, head: Head) -> Node:
    q, k, v = (let(f"{side}{label}", _affine(h, getattr(head, side).rows)) for side in "qkv")
    return let(f"head{label}", Attention(q, k, v))


def _added(h: Node, parts: Sequence[Node], matrices: Sequence[Matrix]) -> Affine:
    """``h`` plus a matrix times each of the parts."""
    own = Matrix([((place, 1),) for place in range(h.width)], h.width)
    return _affine(Concat((h, *parts)), _beside(own, *matrices))


def _beside(*matrices: Matrix) -> list[Row]:
    """The rows of matrices side by side."""
    rows: list[Row] = [()] * len(matrices[0].rows)
    at = 0
    for matrix in matrices:
        rows = [(*old, *((at + i, c) for i, c in new)) for old, new in zip(rows, matrix.rows, strict=True)]
        at += matrix.columns
    return rows


# A program as a plan.


def read(program: Program) -> Plan | None:
    """The plan that a program in residual form is, with bounds of its coordinates; None for a program in another form."""
    output = program.output
    if not isinstance(output, Affine):
        return None
    h: Node = output.x
    layers: list[Layer] = []
    stream = [h]
    while (below := _below(h)) is not None:
        h, layer = below
        stream.append(h)
        if layers and not layers[0].heads and not layer.bias:  # heads, and then the units of the same layer
            layers[0] = replace(layers[0], heads=layer.heads)
        else:
            layers.insert(0, layer)
    books = _embedded(h)
    if books is None:
        return None
    te, pe, token, place = books
    places = PLAIN if pe is None else pe.codebook
    residents = tuple(_residents(program, stream[::-1], layers))
    out = Matrix(output.rows, h.width)
    return Plan(
        program.name, te.codebook, places, h.width, token, place, tuple(layers), out, output.bias, residents
    )  # fmt: skip


def _embedded(h: Node) -> tuple[TokenEmbedding, PositionEmbedding | None, Matrix, Matrix] | None:
    """The embeddings that a vector is an affine map of, and their matrices."""
    if not isinstance(h, Affine) or any(h.bias):
        return None
    te, pe = h.x.parts if isinstance(h.x, Concat) and len(h.x.parts) == 2 else (h.x, None)
    if not isinstance(te, TokenEmbedding) or not (pe is None or isinstance(pe, PositionEmbedding)):
        return None
    token, *others = _blocks(h, [te] if pe is None else [te, pe])
    return te, pe, token, others[0] if others else Matrix([()] * h.width, PLAIN.width)


def _below(h: Node) -> tuple[Node, Layer] | None:
    """The residual stream before a sublayer, and the layer that has this sublayer alone; None where there is none."""
    if not isinstance(h, Affine) or any(h.bias) or not isinstance(h.x, Concat):
        return None
    old, *parts = h.x.parts
    if old.width != h.width or not parts:
        return None
    own, *matrices = _blocks(h, h.x.parts)
    if any(row != ((place, 1),) for place, row in enumerate(own.rows)):
        return None
    if all(isinstance(part, Attention) for part in parts):
        heads = [_read_head(old, part, o) for part, o in zip(parts, matrices, strict=True)]
        none = Matrix([], h.width), (), Matrix([()] * h.width, 0)
        return None if None in heads else (old, Layer(tuple(filter(None, heads)), *none))
    (units,) = parts if len(parts) == 1 else (None,)
    if isinstance(units, Relu) and isinstance(units.x, Affine) and units.x.x is old:
        return old, Layer((), Matrix(units.x.rows, h.width), units.x.bias, matrices[0])
    return None


def _read_head(h: Node, head: Node, o: Matrix) -> Head | None:
    assert isinstance(head, Attention)
    sides = [side for side in head.inputs if isinstance(side, Affine) and side.x is h and not any(side.bias)]
    if len(sides) != 3:
        return None
    sizes = [tuple(map(size, side.sort.bounds)) for side in sides]
    whole = sides[0].sort.integral and sides[1].sort.integral
    q, k, v = (Matrix(side.rows, h.width) for side in sides)
    return Head(q, k, v, o, sizes[0], sizes[1], whole)


def _blocks(x: Affine, parts: Sequence[Node]) -> list[Matrix]:
    """The matrix of each part of a concatenation."""
    blocks, at = [], 0
    for part in parts:
        rows = [tuple((i - at, c) for i, c in row if at <= i < at + part.width) for row in x.rows]
        blocks.append(Matrix(rows, part.width))
        at += part.width
    return blocks


def _residents(program: Program, stream: Sequence[Node], layers: Sequence[Layer]) -> Iterator[Resident]:
    """What the coordinates hold after every sublayer, one a coordinate and sublayer, with the bounds of its sort."""
    names = {node: name for name, node in reversed(program.definitions.items())}
    filled = [0, *(2 * number + half for number, layer in enumerate(layers) for half in _halves(layer))]
    for coordinate in range(stream[0].width):
        for node, born, last in zip(stream, filled, [*filled[1:], 2 * len(layers) + 1], strict=True):
            low, high = node.sort.bounds[coordinate]
            yield Resident(coordinate, f"{names.get(node, 'h')}[{coordinate}]", born, last, low, high)


def differences(a: Plan, b: Plan) -> list[str]:
    """Where two plans are not the same lists of numbers, sublayer by sublayer: names of matrices; nothing where they are."""
    if a.vocabulary != b.vocabulary or ((reads_places(a) or reads_places(b)) and a.places != b.places):
        return ["the codebooks"]
    if a.width != b.width:
        return [f"d_model: {a.width} and {b.width}"]
    mine, others = dict(_numbers(a)), dict(_numbers(b))
    return [name for name in {**mine, **others} if mine.get(name) != others.get(name)]


def _numbers(plan: Plan) -> Iterator[tuple[str, object]]:
    """Every matrix and vector by its sublayer and name."""
    yield "token", (plan.token.rows, plan.token.columns)
    if reads_places(plan):
        yield "place", (plan.place.rows, plan.place.columns)
    sublayer = 0
    for layer in plan.layers:
        sublayer += bool(layer.heads)
        for number, head in enumerate(layer.heads):
            for side in "qkvo":
                yield f"sublayer {sublayer}, head {number}, {side}", getattr(head, side).rows
        if layer.bias:
            sublayer += 1
            for name, part in (("up", layer.up.rows), ("bias", layer.bias), ("down", layer.down.rows)):
                yield f"sublayer {sublayer}, {name}", part
    yield "read-out", (plan.out.rows, plan.out_bias)


def _halves(layer: Layer) -> list[int]:
    """The sublayers of a layer that are there, 1 for the heads and 2 for the units."""
    return [half for half, there in ((1, layer.heads), (2, layer.bias)) if there]
