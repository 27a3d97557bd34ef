"""Weights files: safetensors, never pickle; what is needed to load one stands in the header's metadata.

The same transformer gives the same bytes.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from efasp.files import replacing
from model.compile import codebooks, compile_machine
from model.header import FORMAT, VERSION, WeightsError, check_file, read_metadata, shown
from model.transformer import Transformer


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
    with replacing(path) as file:
        file.write(dump(weights))


def load(path: Path) -> Weights:
    """Read a weights file. Raises WeightsError for one that is malformed, truncated, foreign or unsafe; OSError."""
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            word, engine, extension, dtype, shape = read_metadata(path, metadata)
            transformer = Transformer(*codebooks(word, engine, extension), shape=shape, dtype=dtype)
            wanted, found = transformer.state_dict(), set(file.keys())
            if missing := sorted(set(wanted) - found):
                raise WeightsError(f"{path}: expected a tensor {missing[0]}, found none")
            if extra := sorted(found - set(wanted)):
                raise WeightsError(f"{path}: expected no tensor {shown(extra[0])}, found one")
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
