"""The weights file of a machine that is specialised to a program: its header has the program's instructions. Needs no torch.

Metadata: those of a machine's file (``model.header``), with ``format`` "efasp-specialised" and ``program``, the instructions as
assembly, one per line, jumps by number. The prompt of its sequences has no instructions: of its layout the size L is 0.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from efasp.model.compile import codebooks
from efasp.model.container import opened
from efasp.model.description import check_described, described, machine_sections
from efasp.model.header import SPECIALISED, WeightsError, read_metadata, shown
from efasp.model.plan import Plan
from efasp.model.readback import read_tensors, tensor_plan, tensors
from efasp.pram.assembler import AssemblyError, assemble
from efasp.pram.assembler.disassembler import instruction_text
from efasp.pram.isa import Code


class MachineFile(NamedTuple):
    """What a machine's weights file is of, and its numbers. ``code``: the program to which it is specialised, or None."""

    word: int
    engine: str
    extension: str
    plan: Plan
    code: Code | None = None


def listing(code: Code, word: int) -> str:
    """A program's instructions as a file's header has them."""
    return "\n".join(instruction_text(instruction, word, 0) for instruction in code)


def read_listing(path: Path, text: str, word: int, extension: str) -> Code:
    """Inverse of ``listing``. Raises WeightsError, also for a text that another program's is written as."""
    try:
        code = assemble(text, f"{path}: metadata program", word=word, extension=extension).instructions
    except AssemblyError as error:
        raise WeightsError(str(error).splitlines()[0]) from None
    if listing(code, word) != text:
        raise WeightsError(f"{path}: metadata program: expected {shown(listing(code, word))}, found {shown(text)}")
    return code


def specialised_metadata(word: int, engine: str, extension: str, code: Code) -> dict[str, str]:
    """What a file says of itself besides a machine's ``word``, ``engine``, ``extension``, ``dtype`` and ``shape``."""
    sections = machine_sections(word, engine, extension, prompted=False)
    said = described(codebooks(word, engine, extension), sections)
    return {**said, "format": SPECIALISED, "program": listing(code, word)}


def read_specialised(path: Path) -> MachineFile:
    """A specialised machine's file, with its own numbers.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    with opened(path) as file:
        metadata = file.metadata() or {}
        word, engine, extension, dtype, shape = read_metadata(path, metadata, SPECIALISED)
        if "program" not in metadata:
            raise WeightsError(f"{path}: metadata: expected a key program, found none")
        code = read_listing(path, metadata["program"], word, extension)
        check_described(path, metadata, specialised_metadata(word, engine, extension, code))
        books = codebooks(word, engine, extension)
        values = read_tensors(path, file, tensors(shape, *books), dtype)
    plan = replace(tensor_plan(path.name, values, shape, *books), dtype=dtype)
    return MachineFile(word, engine, extension, plan, code)
