"""What a weights file says of itself: its metadata, and the tensors that go with them. Needs no torch.

Metadata (all strings): ``format`` "efasp-transformer", ``version``, ``word``, ``engine``, ``extension``, ``dtype`` and
``shape`` (JSON: d_model, d_out, and heads, d_head, d_ff of every layer).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from model.compile import check_machine, codebooks
from model.plan import parameters
from model.ranges import SIGNIFICAND

FORMAT, VERSION = "efasp-transformer", "1"
MAX_WORD, MAX_SIDE = 64, 1 << 16


class WeightsError(ValueError):
    """A weights file that cannot be used: names the file, what was expected in it and what was found."""


def read_metadata(path: Path, metadata: dict[str, str]) -> tuple[int, str, str, str, dict[str, Any]]:
    """Word, engine, extension, dtype and shape. Raises WeightsError."""
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
    if dtype not in SIGNIFICAND:
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
