"""The programs that the machine accepts, and the message for each that it refuses."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given

from efasp.pram import machine
from efasp.pram.isa import Instruction
from efasp.pram.machine import Policy, Program
from tests.efasp.pram.strategies import programs


@given(programs(extension=""), programs())
def test_valid_programs(plain: Program, rich: Program) -> None:
    """The strategy's programs are valid, for the extension that was asked for."""
    machine.validate(plain, "")
    machine.validate(rich)


HALT = (Instruction("halt"),)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (Program(HALT, word=4), "word: expected 5..1024 bits, found 4"),
        (Program(HALT, word=1025), "word: expected 5..1024 bits, found 1025"),
        (Program(()), r"instructions: expected 1\.\.65536 of them for a word of 16 bits, found 0"),
        (Program(HALT * 33, word=5, memory=1), r"instructions: expected 1\.\.32 .* found 33"),
        (Program(HALT, processors=0), "processors: expected .* found 0"),
        (Program(HALT, word=5, memory=1, processors=33), r"processors: expected 1\.\.32 of them .* 5 bits, found 33"),
        (Program(HALT, memory=0), "memory: expected .* found 0"),
        (Program(HALT, word=5), "memory: expected .* found 64"),
        (Program(HALT, word=40, memory=2**27), "memory: expected .* found 134217728"),
        (Program(HALT, policy=cast(Policy, "x")), "policy: expected one of erew, crew, common, priority, found 'x'"),
        (Program(HALT, memory=2, data=(1, 2, 3)), "data: expected at most 2 words, found 3"),
        (Program(HALT, data=(1, 65536)), r"data: address 1: expected a word 0\.\.65535, found 65536"),
        (Program(HALT, data=(-1,)), "data: address 0: expected a word .* found -1"),
        (Program((*HALT, Instruction("jmp", x=65536))), "instruction 1: expected an immediate .* found 65536"),
    ],
    ids=str,
)
def test_invalid_programs(program: Program, message: str) -> None:
    """What the machine is not defined for is refused with ValueError, naming what was expected and what was found."""
    with pytest.raises(ValueError, match=message):
        machine.validate(program)
    with pytest.raises(ValueError, match=message):
        machine.run(program)


def test_extension_of_valid_programs() -> None:
    """An instruction of extension M is valid with it alone."""
    program = Program((Instruction("shlx", rd=1, ra=1, x=2),))
    machine.validate(program, "M")
    with pytest.raises(ValueError, match="instruction 0: expected none of extension M, found 'shlx'"):
        machine.validate(program, "")
