"""The container of weights files, safetensors: opened, or refused with what was found in its place. Needs no torch."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from efasp.model.header import RepeatedKey, WeightsError, check_file, shown, unambiguous

MAKERS = "efasp export, efasp specialise and efasp compile write such files"
MOST = 100_000_000  # bytes of a header, by the format
OTHERS = {
    b"PK\x03\x04": "a zip archive, as torch.save writes",
    b"\x80\x02": "a pickle, which is never loaded",
    b"\x80\x03": "a pickle, which is never loaded",
    b"\x80\x04": "a pickle, which is never loaded",
    b"\x80\x05": "a pickle, which is never loaded",
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "an HDF5 file",
    b"GGUF": "a GGUF file",
}  # by their first bytes


@contextmanager
def opened(path: Path, makers: str = MAKERS) -> Iterator[Any]:
    """Within, the open file, as ``safetensors.safe_open`` gives it, with tensors of NumPy; ``makers``: what writes such files.

    Raises WeightsError for a file that is not safetensors, or whose header names a tensor or a key of its metadata twice (the
    library takes the last of the two), OSError for one that cannot be read.
    """
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            _check_names(path)
            yield file
    except SafetensorError:
        raise WeightsError(f"{path}: expected a safetensors file, found {found(path)} ({makers})") from None


def _check_names(path: Path) -> None:
    """Raises WeightsError for a key that the header of a safetensors file has twice."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = file.read(length)
    try:
        unambiguous(header)
    except RepeatedKey as error:
        expected = "a header that names every tensor, and every key of its metadata, once"
        raise WeightsError(f"{path}: expected {expected}, found {shown(error.key)} twice") from None


def ordered(data: bytes) -> bytes:
    """A safetensors file with the keys of its header sorted: the library writes them in no fixed order."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def found(path: Path) -> str:
    """What a file is that safetensors does not take, in words. Raises OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if size < 8:
            return f"a file of {size} bytes, where the length of a header takes 8" if size else "an empty file"
        for first, what in OTHERS.items():
            if start.startswith(first):
                return what
        (length,) = struct.unpack("<Q", start)
        if length > MOST:
            text = all(9 <= byte <= 13 or 32 <= byte < 127 for byte in start)
            return "a text" if text else "another format: its first bytes are not a length"
        if length > size - 8:
            return f"{size} bytes, of which the header alone takes {8 + length}: it is cut short, or of another format"
        said = file.read(length)
    try:
        header = unambiguous(said)
    except RepeatedKey as error:
        return f"a header that names {shown(error.key)} twice"
    except (ValueError, RecursionError):
        return f"a header that is no JSON, but {shown(said[:40].decode('utf-8', 'backslashreplace'))}"
    return _described(header, size - 8 - length)


def _described(header: Any, size: int) -> str:
    """What is wrong with a header, for so many bytes of tensors."""
    if not isinstance(header, dict):
        return "a header that is no JSON object"
    metadata, last = header.get("__metadata__", {}), 0
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        return "metadata that are not texts"
    for name, about in header.items():
        if name == "__metadata__":
            continue
        offsets = about.get("data_offsets") if isinstance(about, dict) else None
        if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(at) is int and at >= 0 for at in offsets)):
            return f"a tensor {shown(name)} without two numbers as its data_offsets"
        last = max(last, *offsets)
    if last > size:
        return f"{size} bytes of tensors, where its header describes {last}: it is cut short"
    if last < size:
        return f"{size} bytes of tensors, where its header describes {last}: something follows them"
    return "a header whose tensors have an unknown dtype, a shape of another size, or places that overlap or leave gaps"
