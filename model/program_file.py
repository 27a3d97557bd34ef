"""The weights file of any E-FASP program: its header, and the file read back as a plan. Needs no torch.

Metadata (all strings): ``format`` "efasp-program", ``version``, ``program`` (the text of the program, which has the vocabulary
and the places; docs/language.md), ``dtype``, ``shape``, and those of ``model.description``. The tensors are those of
``model.readback.tensors``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

from efasp.codebook import Codebook
from efasp.language.lexer import LanguageError
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.model.compile import ENGINES, MAX_WORD, codebooks
from efasp.model.container import opened
from efasp.model.description import NUMBERS, TOKENS, check_described, described, plain_sections
from efasp.model.header import CONTROLS, PROGRAM, SPECIALISED, USES, VERSION, WeightsError, check_format, read_shape, shown
from efasp.model.lower import PLAIN
from efasp.model.plan import Plan, TransformerShape
from efasp.model.ranges import SIGNIFICAND
from efasp.model.readback import read_plan, read_tensors, tensor_plan, tensors
from efasp.model.specialised_file import MachineFile, read_specialised
from efasp.pram.isa import EXTENSIONS
from efasp.pram.machine import MIN_WORD
from efasp.syntax import PositionEmbedding, walk

KEYS = ("format", "version", "program", "dtype", "shape")


def books(module: Module) -> tuple[Codebook, Codebook]:
    """Vocabulary and places of a program's transformer: plain places where the output reads none."""
    return module.book, next(_read(module), PLAIN)


def _read(module: Module) -> Iterator[Codebook]:
    """The places that the output reads."""
    return (node.codebook for node in walk(module.program.output) if isinstance(node, PositionEmbedding))


def metadata(module: Module, dtype: str, shape: TransformerShape[int]) -> dict[str, str]:
    """The header of the weights file of a program: format, version, text, dtype, shape and the rest."""
    return {
        "format": PROGRAM,
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


def format_of(path: Path) -> str | None:
    """The format that a file says it has; None where it says none, or cannot be read."""
    try:
        with opened(path) as file:
            said: str | None = (file.metadata() or {}).get("format")
            return said
    except (WeightsError, OSError):
        return None


class OtherProgram(WeightsError):
    """A well-formed program's file where a machine's is expected."""


def is_program(path: Path) -> bool:
    """Whether a file says that it is of a program, and not of a machine; False for one that cannot be read."""
    return format_of(path) == PROGRAM


def read_program(path: Path) -> tuple[Module, Plan]:
    """The program that a file names, and the plan with the file's own numbers.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    with opened(path) as file:
        module, dtype, shape = _header(path, file.metadata() or {})
        values = read_tensors(path, file, tensors(shape, *books(module)), dtype)
    return module, replace(tensor_plan(path.name, values, shape, *books(module)), dtype=dtype)


def read_machine(path: Path) -> MachineFile:
    """What a machine's file is of, and its plan; also of a machine specialised to a program, and of a program's file that has a
    machine's vocabulary, places and read-outs, as a decompiled machine's has. Raises as ``read_program``, and OtherProgram."""
    said = format_of(path)
    if said == SPECIALISED:
        return read_specialised(path)
    if said != PROGRAM:
        return MachineFile(*read_plan(path))
    module, plan = read_program(path)
    word = plan.vocabulary.bits.get("word", 0)
    for engine, extension in product(ENGINES, EXTENSIONS) if MIN_WORD <= word <= MAX_WORD else ():
        outputs = plan.vocabulary.width + CONTROLS[engine]
        if (plan.vocabulary, plan.places) == codebooks(word, engine, extension) and len(plan.out_bias) == outputs:
            return MachineFile(word, engine, extension, plan)
    takes = USES[PROGRAM].removeprefix("of a program: ")
    raise OtherProgram(f"{path}: expected a machine's transformer, found that of the program {module.program.name} ({takes})")


def no_machine(path: Path) -> bool:
    """Whether a file is a program's and no machine's; False for one that cannot be read."""
    try:
        if is_program(path):
            read_machine(path)
    except OtherProgram:
        return True
    except (WeightsError, OSError):
        return False
    return False


def _header(path: Path, found: dict[str, str]) -> tuple[Module, str, TransformerShape[int]]:
    check_format(path, found, PROGRAM)
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
    check_described(path, found, _described(module))
    return module, found["dtype"], read_shape(path, found["shape"], module.program.output.width)
