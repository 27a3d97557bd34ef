"""The weights file of any E-FASP program: its header, and the file read back as a plan. Needs no torch.

Metadata (all strings): ``format`` "efasp-program", ``version``, ``program`` (the text of the program, which has the vocabulary
and the places; docs/language.md), ``dtype``, ``shape``, and those of ``model.description``. The tensors are those of
``model.readback.tensors``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from efasp.codebook import Codebook
from efasp.language.lexer import LanguageError
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.model.description import NUMBERS, TOKENS, check_described, described, plain_sections
from efasp.model.header import VERSION, WeightsError, check_file, check_format, read_shape, shown
from efasp.model.lower import PLAIN
from efasp.model.plan import Plan
from efasp.model.ranges import SIGNIFICAND
from efasp.model.readback import read_tensors, tensor_plan
from efasp.syntax import PositionEmbedding, walk

FORMAT = "efasp-program"
KEYS = ("format", "version", "program", "dtype", "shape")


def books(module: Module) -> tuple[Codebook, Codebook]:
    """Vocabulary and places of a program's transformer: plain places where the output reads none."""
    return module.book, next(_read(module), PLAIN)


def _read(module: Module) -> Iterator[Codebook]:
    """The places that the output reads."""
    return (node.codebook for node in walk(module.program.output) if isinstance(node, PositionEmbedding))


def metadata(module: Module, dtype: str, shape: dict[str, Any]) -> dict[str, str]:
    """The header of a program's file."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": write(module),
        "dtype": dtype,
        "shape": json.dumps(shape, sort_keys=True),
        **_described(module),
    }


def _described(module: Module) -> dict[str, str]:
    both = books(module)
    readout = TOKENS if module.spells(module.program.output) else NUMBERS
    return described(both, plain_sections(both[1], any(_read(module))), readout, module.start)


def is_program(path: Path) -> bool:
    """Whether a file says that it is of a program, and not of a machine; False for one that cannot be read."""
    try:
        with safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except (SafetensorError, OSError):
        return False


def read_program(path: Path) -> tuple[Module, Plan]:
    """The program that a file names, and the plan with the file's own numbers.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            module, dtype, shape = _header(path, file.metadata() or {})
            values = read_tensors(path, file, shape, books(module), dtype)
    except SafetensorError as error:
        raise WeightsError(f"{path}: expected a safetensors file, found: {error}") from None
    return module, replace(tensor_plan(path.name, values, shape, *books(module)), dtype=dtype)


def _header(path: Path, found: dict[str, str]) -> tuple[Module, str, dict[str, Any]]:
    check_format(path, found, FORMAT)
    if missing := [key for key in KEYS if key not in found]:
        raise WeightsError(f"{path}: metadata: expected a key {missing[0]}, found none")
    if found["dtype"] not in SIGNIFICAND:
        raise WeightsError(f"{path}: metadata dtype: expected {' or '.join(SIGNIFICAND)}, found {shown(found['dtype'])}")
    try:
        module = parse(found["program"], f"{path}: metadata program")
        module.closed()
        _ = module.book, module.longest
    except LanguageError as error:
        raise WeightsError(str(error)) from None
    except ValueError as error:
        raise WeightsError(f"{path}: metadata program: {error}") from None
    check_described(path, found, _described(module))
    return module, found["dtype"], read_shape(path, found["shape"], module.program.output.width)
