"""Weights files: safetensors, never pickle; what is needed to load one stands in the header's metadata.

Metadata (all strings): ``format`` "efasp-transformer", ``version``, ``word``, ``engine``, ``extension``, ``dtype`` and
``shape`` (JSON: d_model, d_out, and heads, d_head, d_ff of every layer). The same transformer gives the same bytes.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from model.compile import check_machine, codebooks, compile_machine
from model.plan import parameters
from model.ranges import SIGNIFICAND
from model.transformer import DTYPES, Transformer

FORMAT, VERSION = "efasp-transformer", "1"
MAX_WORD, MAX_SIDE = 64, 1 << 16


class WeightsError(ValueError):
    """A weights file that cannot be used: names the file, what was expected in it and what was found."""


@dataclass(frozen=True)
class Weights:
    """A transformer with the machine that it is for."""

    word: int
    engine: str
    extension: str
    transformer: Transformer


def compiled(word: int, engine: str, extension: str = "", dtype: str | None = None) -> Weights:
    """The freshly compiled transformer. Raises ValueError, or RangeError where no dtype is exact."""
    return Weights(word, engine, extension, Transformer.of(compile_machine(word, engine, extension), dtype))


def dump(weights: Weights) -> bytes:
    """The bytes of a weights file."""
    t = weights.transformer
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "word": str(weights.word),
        "engine": weights.engine,
        "extension": weights.extension,
        "dtype": t.dtype_name,
        "shape": json.dumps(t.shape, sort_keys=True),
    }
    data = save({name: tensor.contiguous() for name, tensor in t.state_dict().items()}, metadata)
    # The library writes the header's keys in no fixed order.
    (length,) = struct.unpack("<Q", data[:8])
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def export(weights: Weights, path: Path) -> None:
    """Write a weights file; an existing one is replaced whole or not at all. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(dump(weights))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: Path) -> Weights:
    """Read a weights file. Raises WeightsError for one that is malformed, truncated, foreign or unsafe; OSError."""
    with path.open("rb"):
        pass  # the library's own errors for a missing or unreadable file do not say which
    if path.is_dir():
        raise WeightsError(f"{path}: expected a file, found a folder")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            word, engine, extension, dtype, shape = _read_metadata(path, metadata)
            transformer = Transformer(*codebooks(word, engine, extension), shape=shape, dtype=dtype)
            wanted, found = transformer.state_dict(), set(file.keys())
            if missing := sorted(set(wanted) - found):
                raise WeightsError(f"{path}: expected a tensor {missing[0]}, found none")
            if extra := sorted(found - set(wanted)):
                raise WeightsError(f"{path}: expected no tensor {extra[0]}, found one")
            for name, tensor in wanted.items():
                value = file.get_tensor(name)
                if value.shape != tensor.shape or value.dtype != tensor.dtype:
                    expected = f"{tuple(tensor.shape)} of {tensor.dtype}"
                    raise WeightsError(f"{path}: {name}: expected {expected}, found {tuple(value.shape)} of {value.dtype}")
                if not torch.isfinite(value).all():
                    raise WeightsError(f"{path}: {name}: expected finite numbers, found an infinity or NaN")
                tensor.copy_(value)
    except SafetensorError as error:
        raise WeightsError(f"{path}: expected a safetensors file, found: {error}") from None
    return Weights(word, engine, extension, transformer)


def _read_metadata(path: Path, metadata: dict[str, str]) -> tuple[int, str, str, str, dict[str, Any]]:
    for key, expected in (("format", FORMAT), ("version", VERSION)):
        if metadata.get(key) != expected:
            raise WeightsError(f"{path}: metadata {key}: expected {expected!r}, found {metadata.get(key)!r}")
    if missing := [key for key in ("word", "engine", "extension", "dtype", "shape") if key not in metadata]:
        raise WeightsError(f"{path}: metadata: expected a key {missing[0]}, found none")
    text = metadata["word"]
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MAX_WORD):
        raise WeightsError(f"{path}: metadata word: expected a number up to {MAX_WORD}, found {text[:40]!r}")
    word, engine, extension, dtype = int(text), metadata["engine"], metadata["extension"], metadata["dtype"]
    try:
        check_machine(word, engine, extension)
    except ValueError as error:
        raise WeightsError(f"{path}: metadata {error}") from None
    if dtype not in SIGNIFICAND or dtype not in DTYPES:
        raise WeightsError(f"{path}: metadata dtype: expected {' or '.join(SIGNIFICAND)}, found {dtype!r}")
    return word, engine, extension, dtype, _read_shape(path, metadata["shape"], word, engine, extension)


def _read_shape(path: Path, text: str, word: int, engine: str, extension: str) -> dict[str, Any]:
    def size(value: Any) -> bool:
        return type(value) is int and 0 <= value <= MAX_SIDE

    try:
        shape = json.loads(text)
    except (ValueError, RecursionError):
        raise WeightsError(f"{path}: metadata shape: expected JSON, found {text[:40]!r}") from None
    layers = shape.get("layers") if isinstance(shape, dict) else None
    good = isinstance(layers, list) and len(layers) <= 64 and size(shape.get("d_model")) and size(shape.get("d_out"))
    keys = {"heads", "d_head", "d_ff"}
    if not good or not all(isinstance(row, dict) and set(row) == keys and all(map(size, row.values())) for row in layers or []):
        raise WeightsError(f"{path}: metadata shape: expected d_model, d_out and layers of {sorted(keys)}, found {text[:80]}")
    controls = {"mdm": 0, "apmdm": 3}[engine]
    d_out = codebooks(word, engine, extension)[0].width + controls
    if shape["d_out"] != d_out:
        raise WeightsError(f"{path}: metadata shape: expected d_out {d_out}, found {shape['d_out']}")
    # Before memory is taken for it: the file must be as large as its shape says.
    needed = 4 * parameters(shape, *codebooks(word, engine, extension))
    if needed > path.stat().st_size:
        raise WeightsError(f"{path}: expected at least {needed} bytes for its shape, found {path.stat().st_size}")
    return shape
