"""A transformer as an ONNX graph, with dynamic batch and length, and its read-outs in onnxruntime. Needs both packages.

Inputs ``tokens`` (batch, length) and, of a machine, ``places`` (batch, length, 1 + payloads), of int64; output ``readout``
(batch, length, d_out) in the weights' dtype. The places of a program are 0, 1, ..., in the graph. The metadata of the weights
file are the graph's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from efasp.codebook import Codebook
from efasp.model.plan import LayerShape, TransformerShape
from efasp.model.ranges import SCALE

OPSET, IR = 17, 8  # of 2022: onnxruntime 1.12 and later
VERSION = f"onnxruntime {onnxruntime.__version__}"


class _Graph:
    """Nodes and constants of a graph that grows; every method returns the name of a value."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of an operator (``kind``); the name of its only output."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any = np.int64, name: str = "") -> str:
        """Add a constant; its name, which is made if none is given."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=dtype, order="C"), name))
        return name

    def chosen(self, table: Any, rows: str, dtype: Any = np.int64) -> str:
        """Add the rows of a constant table that the value ``rows`` numbers."""
        return self.add("Gather", self.constant(table, dtype), rows, axis=0)


def graph(
    shape: TransformerShape[int],
    books: tuple[Codebook, Codebook],
    weights: Mapping[str, np.ndarray],
    dtype: str,
    count: int | None,
) -> Any:
    """The graph of a transformer from its shape, vocabulary and places, and tensors by name, in a dtype of ``ranges.SCALE``.

    ``count``: of a program how many places there are, 0 where there is no end; of a machine, whose places are given, None. A
    longer sequence is an error of the runtime.
    """
    g = _Graph()
    kinds, rows = _token_rows(g, books[0])
    places = "places" if count is None else _plain(g, count)
    at = g.add("Squeeze", g.add("Slice", places, *map(g.constant, ([0], [1], [2]))), g.constant([2]))
    h = g.add("Add", _embedded(g, books[0], kinds, rows, weights["token.weight"], dtype),
              _embedded(g, books[1], at, places, weights["place.weight"], dtype))  # fmt: skip
    for number, row in enumerate(shape["layers"]):
        part = {
            name.removeprefix(f"layers.{number}."): w for name, w in weights.items() if name.startswith(f"layers.{number}.")
        }
        if row["heads"]:
            h = g.add("Add", h, _attention(g, h, row, part, dtype))
        if row["d_ff"]:
            hidden = g.add("Relu", _linear(g, h, part["up.weight"], part["up.bias"]))
            h = g.add("Add", h, _linear(g, hidden, part["down.weight"]))
    g.nodes.append(helper.make_node("Identity", [_linear(g, h, weights["out.weight"], weights["out.bias"])], ["readout"]))
    number_type = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    given = [("tokens", []), *([("places", [1 + len(books[1].payloads)])] if count is None else [])]
    inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["batch", "length", *more]) for name, more in given]
    out = helper.make_tensor_value_info("readout", number_type, ["batch", "length", shape["d_out"]])
    return helper.make_graph(g.nodes, "efasp", inputs, [out], g.constants)


def _plain(g: _Graph, count: int) -> str:
    """The rows of the places 0, 1, ... of a sequence of ``tokens``, for all of a batch: (1, length, 2)."""
    length = g.add("Gather", g.add("Shape", "tokens"), g.constant(1), axis=0)
    number = g.add("Range", g.constant(0), length, g.constant(1))
    if count:
        number = g.chosen(np.arange(count), number)
    number = g.add("Unsqueeze", number, g.constant([0, 2]))
    return g.add("Concat", g.add("Sub", number, number), number, axis=2)


def _token_rows(g: _Graph, book: Codebook) -> tuple[str, str]:
    """The numbers of the kinds of ``tokens``, and the rows of the tokens; see ``Codebook.rows``."""
    wide = g.add("Unsqueeze", "tokens", g.constant([2]))
    after = g.add("Cast", g.add("GreaterOrEqual", wide, g.constant(book.offsets[1:])), to=onnx.TensorProto.INT64)
    kinds = g.add("ReduceSum", after, g.constant([2]), keepdims=0)
    value = g.add("Unsqueeze", g.add("Sub", "tokens", g.chosen(book.offsets, kinds)), g.constant([2]))
    carries = [[name in kind.payloads for name in book.bits] for kind in book.kinds]
    first = g.add("Unsqueeze", kinds, g.constant([2]))
    if not book.bits:
        return kinds, first
    return kinds, g.add("Concat", first, g.add("Mul", value, g.chosen(carries, kinds)), axis=2)


def _embedded(g: _Graph, book: Codebook, kinds: str, rows: str, weight: np.ndarray, dtype: str) -> str:
    """The embedding of rows: their codes (see ``Codebook.codes``) times a matrix."""
    size = len(book.kinds)
    flags = g.chosen(np.hstack([np.eye(size), np.ones((size, 1))]), kinds, dtype)
    numbers = [(f, place) for f in book.fields for place in range(book.bits[f.payload] if f.encode == "signs" else 1)]
    if not numbers:
        return g.add("MatMul", flags, g.constant(weight, dtype))
    columns = [1 + list(book.bits).index(field.payload) for field, _ in numbers]
    shifts, places = [field.shift for field, _ in numbers], [place for _, place in numbers]
    value = g.add("Add", g.add("Gather", rows, g.constant(columns), axis=2), g.constant(shifts))
    # Bit p of v, in two's complement: v mod 2^(p + 1), which is 0 or more, is at least 2^p.
    rest = g.add("Mod", value, g.constant([2 << place for place in places]))
    bit = g.add("Cast", g.add("GreaterOrEqual", rest, g.constant([1 << place for place in places])), to=onnx.TensorProto.INT64)
    sign = g.add("Sub", g.add("Add", bit, bit), g.constant(1))
    number = g.add("Where", _which(g, numbers, "square"), g.add("Mul", value, value), value)
    number = g.add("Where", _which(g, numbers, "signs"), sign, number)
    carries = [[field.payload in kind.payloads for field, _ in numbers] for kind in book.kinds]
    number = g.add("Mul", number, g.chosen(carries, kinds))
    cast = g.add("Cast", number, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    return g.add("MatMul", g.add("Concat", flags, cast, axis=2), g.constant(weight, dtype))


def _which(g: _Graph, numbers: list[Any], encode: str) -> str:
    return g.constant([field.encode == encode for field, _ in numbers], np.bool_)


def _linear(g: _Graph, h: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
    out = g.add("MatMul", h, g.constant(weight.T, weight.dtype))
    return out if bias is None else g.add("Add", out, g.constant(bias, bias.dtype))


def _attention(g: _Graph, h: str, row: LayerShape[int], part: Mapping[str, np.ndarray], dtype: str) -> str:
    """The output of a layer's heads: softmax of scaled scores, as ``transformer.softmax_attention``."""
    split = g.constant([0, 0, row["heads"], row["d_head"]])
    q, k, v = (g.add("Reshape", _linear(g, h, part[f"{side}.weight"]), split) for side in "qkv")
    query = g.add("Mul", g.add("Transpose", q, perm=[0, 2, 1, 3]), g.constant(SCALE[dtype], dtype))
    scores = g.add("MatMul", query, g.add("Transpose", k, perm=[0, 2, 3, 1]))
    mixture = g.add("MatMul", g.add("Softmax", scores, axis=-1), g.add("Transpose", v, perm=[0, 2, 1, 3]))
    joined = g.add("Reshape", g.add("Transpose", mixture, perm=[0, 2, 1, 3]), g.constant([0, 0, row["heads"] * row["d_head"]]))
    return _linear(g, joined, part["o.weight"])


def packed(made: Any, metadata: Mapping[str, str]) -> bytes:
    """The bytes of an ONNX file with a graph and metadata; the same graph gives the same bytes."""
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opset, ir_version=IR, producer_name="efasp")
    helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def runner(data: bytes) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The read-outs (batch, length, d_out) of a file's graph in onnxruntime, on the CPU, as a function of tokens and places.

    Of a program the places are those of the graph, whatever is given.
    """
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def outputs(tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
        given = {"tokens": np.asarray(tokens, np.int64), "places": np.asarray(places, np.int64)}
        (read,) = session.run(["readout"], {name: given[name] for name in names})
        found: np.ndarray = read
        return found

    return outputs
