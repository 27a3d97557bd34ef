"""The weights file of any E-FASP program: its header, and the file read back as a plan. Needs no torch.

Metadata (all strings): ``format`` "efasp-program", ``version``, ``program`` (the text of the program, which has the vocabulary
and the places; docs/language.md), ``dtype`` and ``shape``. The tensors are those of ``model.readback.tensors``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from efasp.codebook import Codebook
from efasp.language.lexer import LanguageError
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.model.container import opened
from efasp.model.header import PROGRAM, WeightsError, check_kind, read_shape, shown
from efasp.model.lower import PLAIN
from efasp.model.plan import Plan
from efasp.model.ranges import SIGNIFICAND
from efasp.model.readback import read_tensors, tensor_plan
from efasp.syntax import PositionEmbedding, walk

FORMAT, VERSION = PROGRAM, "1"
KEYS = ("format", "version", "program", "dtype", "shape")


def books(module: Module) -> tuple[Codebook, Codebook]:
    """Vocabulary and places of a program's transformer: plain places where the output reads none."""
    places = [node.codebook for node in walk(module.program.output) if isinstance(node, PositionEmbedding)]
    return module.book, places[0] if places else PLAIN


def metadata(module: Module, dtype: str, shape: dict[str, Any]) -> dict[str, str]:
    """The header of a program's file."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": write(module),
        "dtype": dtype,
        "shape": json.dumps(shape, sort_keys=True),
    }


def read_program(path: Path) -> tuple[Module, Plan]:
    """The program that a file names, and the plan with the file's own numbers.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    with opened(path) as file:
        module, dtype, shape = _header(path, file.metadata() or {})
        values = read_tensors(path, file, shape, books(module), dtype)
    return module, replace(tensor_plan(path.name, values, shape, *books(module)), dtype=dtype)


def _header(path: Path, found: dict[str, str]) -> tuple[Module, str, dict[str, Any]]:
    check_kind(path, found, FORMAT, VERSION)
    if missing := [key for key in KEYS if key not in found]:
        raise WeightsError(f"{path}: metadata: expected a key {missing[0]}, found none")
    if found["dtype"] not in SIGNIFICAND:
        raise WeightsError(f"{path}: metadata dtype: expected {' or '.join(SIGNIFICAND)}, found {shown(found['dtype'])}")
    try:
        module = parse(found["program"], f"{path}: metadata program")
        module.closed()
        _ = module.book
    except LanguageError as error:
        raise WeightsError(str(error)) from None
    except ValueError as error:
        raise WeightsError(f"{path}: metadata program: {error}") from None
    return module, found["dtype"], read_shape(path, found["shape"], module.program.output.width)
