"""The header of a weights file: its metadata, and the tensors that go with them. Needs no torch.

Metadata (all strings): ``format`` "efasp-transformer", ``version``, ``word``, ``engine``, ``extension``, ``dtype``,
``shape`` (JSON: d_model, d_out, and heads, d_head, d_ff of every layer), and those of ``model.description``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from efasp.model.compile import MAX_WORD, check_machine, codebooks
from efasp.model.plan import TransformerShape
from efasp.model.ranges import SIGNIFICAND

FORMAT, VERSION = "efasp-transformer", "2"
VERSIONS = ("1", VERSION)  # that are read
PROGRAM = "efasp-program"  # the format of ``model.program_file``
SPECIALISED = "efasp-specialised"  # the format of ``model.specialised_file``
LEARNED = "efasp-learned"  # the format of ``model.learned.checkpoint``
USES = {
    FORMAT: "of the machine: efasp run, trace and check take it",
    PROGRAM: "of a program: efasp eval --weights and efasp check FILE --weights take it",
    SPECIALISED: "of a machine specialised to one PRAM program: efasp run, trace and check take it as --weights",
    LEARNED: "of a trained encoder: efasp check --learned and efasp eval --weights take it",
}
MAKES = {
    FORMAT: "efasp export, or efasp specialise for one PRAM program, writes such a file",
    PROGRAM: "efasp compile writes such a file",
    SPECIALISED: "efasp specialise writes such a file",
    LEARNED: "efasp train writes such a file",
}
MAX_SIDE = 1 << 16
CONTROLS = {"mdm": 0, "apmdm": 3}  # read-outs besides the token's code, by engine


class WeightsError(ValueError):
    """A weights file that cannot be used: names the file, the expected contents and those found."""


def shown(text: str | None, most: int = 40, quoted: bool = True) -> str:
    """A file's text as a message holds it: in quotes, and cut where it is long."""
    found = repr(text) if quoted else str(text)
    return found if len(found) <= most else found[:most] + "..."


class RepeatedKey(ValueError):
    """A key that an object of JSON has twice: ``key``."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def unambiguous(text: str | bytes) -> Any:
    """The value of a JSON text in which no object has a key twice: readers differ on which of the two counts. Raises
    RepeatedKey, and as ``json.loads``."""
    return json.loads(text, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKey(key)
        found[key] = value
    return found


def check_file(path: Path) -> None:
    """Raises WeightsError for a device or a pipe (which may never end), OSError for a file that cannot be opened."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise WeightsError(f"{path}: expected a regular file, found a device or a pipe")
    with path.open("rb"):
        pass  # the safetensors library's own errors for a missing or unreadable file do not say which


def check_format(path: Path, metadata: dict[str, str], wanted: str, versions: Sequence[str] = VERSIONS) -> None:
    """Raises WeightsError for a file of another format or version, with the commands that take it where there are some."""
    found = metadata.get("format")
    if found != wanted:
        known = USES.get(found or "", MAKES[wanted])
        said = "none" if found is None else shown(found)
        raise WeightsError(f"{path}: metadata format: expected {wanted!r}, found {said} ({known})")
    version = metadata.get("version")
    if version not in versions:
        found = "none" if version is None else shown(version)
        raise WeightsError(f"{path}: metadata version: expected {' or '.join(map(repr, versions))}, found {found}")


def read_metadata(
    path: Path, metadata: dict[str, str], wanted: str = FORMAT
) -> tuple[int, str, str, str, TransformerShape[int]]:
    """Word, engine, extension, dtype and shape of a file of the ``wanted`` format. Raises WeightsError."""
    check_format(path, metadata, wanted)
    if missing := [key for key in ("word", "engine", "extension", "dtype", "shape") if key not in metadata]:
        raise WeightsError(f"{path}: metadata: expected a key {missing[0]}, found none")
    text = metadata["word"]
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MAX_WORD):
        raise WeightsError(f"{path}: metadata word: expected a number up to {MAX_WORD}, found {shown(text)}")
    word, engine, extension, dtype = int(text), metadata["engine"], metadata["extension"], metadata["dtype"]
    try:
        check_machine(word, engine, extension)
    except ValueError as error:
        raise WeightsError(f"{path}: metadata {shown(str(error), 200, quoted=False)}") from None
    if dtype not in SIGNIFICAND:
        raise WeightsError(f"{path}: metadata dtype: expected {' or '.join(SIGNIFICAND)}, found {shown(dtype)}")
    d_out = codebooks(word, engine, extension)[0].width + CONTROLS[engine]
    return word, engine, extension, dtype, read_shape(path, metadata["shape"], d_out)


def read_shape(path: Path, text: str, d_out: int) -> TransformerShape[int]:
    """The shape of a transformer with ``d_out`` read-outs, from JSON. Raises WeightsError."""

    def size(value: Any) -> bool:
        return type(value) is int and 0 <= value <= MAX_SIDE

    def block(row: Any) -> bool:
        known = isinstance(row, dict) and set(row) == {"heads", "d_head", "d_ff"} and all(map(size, row.values()))
        return known and (row["heads"] == 0) == (row["d_head"] == 0)

    try:
        shape: TransformerShape[int] = unambiguous(text)
    except (ValueError, RecursionError):
        raise WeightsError(f"{path}: metadata shape: expected JSON with every key once, found {shown(text)}") from None
    layers = shape.get("layers") if isinstance(shape, dict) else None
    good = isinstance(layers, list) and len(layers) <= 64 and size(shape.get("d_model")) and size(shape.get("d_out"))
    if not good or not shape["d_model"] or not all(map(block, layers or [])):
        expected = "d_model, d_out and layers of d_ff, d_head and heads"
        raise WeightsError(f"{path}: metadata shape: expected {expected}, found {shown(text, 80)}")
    if shape["d_out"] != d_out:
        raise WeightsError(f"{path}: metadata shape: expected d_out {d_out}, found {shown(str(shape['d_out']), quoted=False)}")
    return shape
