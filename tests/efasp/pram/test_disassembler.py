"""The disassembler: its text assembles to the same program."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.pram.assembler import (
    assemble,
    disassemble,
)
from efasp.pram.isa import Instruction
from efasp.pram.library import PROGRAMS, load
from efasp.pram.machine import Program
from tests.efasp.pram.strategies import programs


@given(programs(), st.booleans())
def test_roundtrip(program: Program, capitals: bool) -> None:
    """Disassembly and assembly give any program back, in small letters and in capitals; the file gives its name."""
    text = disassemble(program)
    again = assemble(text.upper() if capitals else text, f"{program.name}.pram")
    assert again == program
    assert assemble(text) == dataclasses.replace(program, name="program")
    assert disassemble(again) == text


@given(programs(extension=""))
def test_roundtrip_without_extension(program: Program) -> None:
    """A program without instructions of M assembles for a machine without it."""
    assert assemble(disassemble(program), f"{program.name}.pram", extension="") == program


@pytest.mark.parametrize("data", [(), (0,), (0,) * 40, (1,) + (0,) * 39, (0,) * 39 + (1,), tuple(range(40))])
def test_roundtrip_of_data(data: tuple[int, ...]) -> None:
    """Data come back at their very length, zeros at the end included."""
    program = Program((Instruction("halt"),), data=data)
    assert assemble(disassemble(program)).data == data


def test_disassemble_refuses_what_is_not_valid() -> None:
    """ValueError for a program that no machine takes."""
    with pytest.raises(ValueError, match="word: expected"):
        disassemble(Program((Instruction("halt"),), word=3))


@pytest.mark.parametrize("name", PROGRAMS)
def test_library_roundtrip(name: str) -> None:
    """Every program of the library survives disassembling and assembling."""
    program = assemble(load(name))
    assert assemble(disassemble(program)) == program
