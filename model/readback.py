"""A weights file read back as a layer plan with the file's own numbers, exactly: the one reader of such files. Needs no torch.

This plan is checked, run and traced: `efasp run` loads it into the torch transformer (``model.weights``).

A file has only the matrices of a plan: names and ranges of the residual coordinates, and the sizes of queries and keys, stay
empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from efasp.codebook import Codebook
from efasp.exact import Matrix
from efasp.model.compile import codebooks
from efasp.model.container import opened
from efasp.model.description import check_described, described, machine_sections
from efasp.model.header import WeightsError, read_metadata, shown
from efasp.model.plan import Head, Layer, Plan, TransformerShape
from efasp.sorts import Number


def tensors(shape: TransformerShape[int], vocabulary: Codebook, places: Codebook) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a transformer."""
    d = shape["d_model"]
    out: dict[str, tuple[int, ...]] = {"token.weight": (vocabulary.width, d), "place.weight": (places.width, d)}
    for number, row in enumerate(shape["layers"]):
        wide, hidden = row["heads"] * row["d_head"], row["d_ff"]
        if row["heads"]:
            out |= {f"layers.{number}.{name}.weight": (wide, d) for name in "qkv"}
            out[f"layers.{number}.o.weight"] = (d, wide)
        if hidden:
            out |= {f"layers.{number}.up.weight": (hidden, d), f"layers.{number}.up.bias": (hidden,)}
            out[f"layers.{number}.down.weight"] = (d, hidden)
    return out | {"out.weight": (shape["d_out"], d), "out.bias": (shape["d_out"],)}


def read_plan(path: Path) -> tuple[int, str, str, Plan]:
    """Word, engine, extension and plan.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    with opened(path) as file:
        metadata = file.metadata() or {}
        word, engine, extension, dtype, shape = read_metadata(path, metadata)
        books = codebooks(word, engine, extension)
        check_described(path, metadata, described(books, machine_sections(word, engine, extension)))
        values = read_tensors(path, file, tensors(shape, *books), dtype)
    return word, engine, extension, replace(tensor_plan(path.name, values, shape, *books), dtype=dtype)


def read_tensors(path: Path, file: Any, wanted: Mapping[str, tuple[int, ...]], dtype: str) -> dict[str, np.ndarray]:
    """Every tensor of an open file, by name; ``wanted``: their shapes. Raises WeightsError for one that lacks, is too many, has
    another shape or dtype, or a number that is not finite."""
    found = set(file.keys())
    if missing := sorted(set(wanted) - found):
        raise WeightsError(f"{path}: expected a tensor {missing[0]}, found none")
    if extra := sorted(found - set(wanted)):
        raise WeightsError(f"{path}: expected no tensor {shown(extra[0])}, found one")
    return {name: _tensor(path, file, name, size, dtype) for name, size in wanted.items()}


def _tensor(path: Path, file: Any, name: str, size: tuple[int, ...], dtype: str) -> np.ndarray:
    described = file.get_slice(name)
    kind = {"F32": "float32", "F64": "float64"}.get(described.get_dtype(), described.get_dtype())
    if kind != dtype:
        raise WeightsError(f"{path}: {name}: expected numbers of {dtype}, found {kind}")
    if tuple(described.get_shape()) != size:
        raise WeightsError(f"{path}: {name}: expected the shape {size}, found {tuple(described.get_shape())}")
    value: np.ndarray = file.get_tensor(name)
    if not np.isfinite(value).all():
        raise WeightsError(f"{path}: {name}: expected finite numbers, found an infinity or NaN")
    return value


def _exact(value: float) -> Number:
    return int(value) if value == int(value) else Fraction(value)


def _matrix(tensor: np.ndarray) -> Matrix:
    rows: list[list[tuple[int, Number]]] = [[] for _ in tensor]
    places = np.nonzero(tensor != 0)  # much faster of marks than of numbers
    for row, column, value in zip(*(p.tolist() for p in places), tensor[places].tolist(), strict=True):
        rows[row].append((column, _exact(value)))
    return Matrix([tuple(row) for row in rows], tensor.shape[1])


def tensor_plan(
    name: str, values: dict[str, np.ndarray], shape: TransformerShape[int], vocabulary: Codebook, places: Codebook
) -> Plan:
    """The plan of a shape and two codebooks whose matrices are the given tensors, by name."""
    d, layers = shape["d_model"], []
    for number, row in enumerate(shape["layers"]):
        heads = []
        for h in range(row["heads"]):
            part = slice(h * row["d_head"], (h + 1) * row["d_head"])
            q, k, v = (_matrix(values[f"layers.{number}.{side}.weight"][part]) for side in "qkv")
            heads.append(Head(q, k, v, _matrix(values[f"layers.{number}.o.weight"][:, part]), (), ()))
        if row["d_ff"]:
            up, down = (_matrix(values[f"layers.{number}.{side}.weight"]) for side in ("up", "down"))
            bias = tuple(map(_exact, values[f"layers.{number}.up.bias"].tolist()))
        else:
            up, down, bias = Matrix([], d), Matrix([()] * d, 0), ()
        layers.append(Layer(tuple(heads), up, bias, down))
    token, place = (_matrix(values[f"{side}.weight"].T) for side in ("token", "place"))
    out_bias = tuple(map(_exact, values["out.bias"].tolist()))
    return Plan(name, vocabulary, places, d, token, place, tuple(layers), _matrix(values["out.weight"]), out_bias, ())
