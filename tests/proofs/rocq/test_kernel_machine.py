"""The statement's PRAM, as extracted, against the machine, and the texts that it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.pram import library, machine
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import POLICIES, Program
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import instruction_text
from tests.efasp.pram.engines import needed
from tests.efasp.pram.strategies import programs
from tests.proofs.rocq.extracted import EXTENSIONS, SIZES, TINY, WORDS, agrees, built, needs_coqc, run

LONG = ("sudoku",)  # programs whose runs are slow tests
each_program = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in library.PROGRAMS]
)


@needs_coqc
@each_program
def test_library(folder: Path, name: str) -> None:
    """The library's programs, on small instances, step by step."""
    entry = library.PROGRAMS[name]
    program = library.build(name, entry.instance(Random(1), SIZES.get(name, 2), 16))
    agrees(folder, program, entry.extension, 300)


@needs_coqc
@settings(max_examples=100)
@given(st.data(), EXTENSIONS)
def test_machine(folder: Path, data: st.DataObject, extension: str) -> None:
    """Random programs, with faults and write conflicts, step by step."""
    agrees(folder, data.draw(programs(extension, WORDS)), extension, 30)


@needs_coqc
@settings(max_examples=60)
@given(st.data(), EXTENSIONS)
def test_policies(folder: Path, data: st.DataObject, extension: str) -> None:
    """In every step of random programs, EREW, CREW and Common allow the same in the theorems as on the machine."""
    program = data.draw(programs(extension, WORDS))
    found = run(folder, "legal", program, extension, 12)
    states = [state for state in islice(machine.trace(program), 12) if "running" in state.status]
    strict = [replace(program, policy=policy) for policy in ("erew", "crew", "common")]
    assert found == [[machine.violation(one, state, 1) is None for one in strict] for state in states]


@needs_coqc
@each_program
def test_policy_of_the_library(folder: Path, name: str) -> None:
    """Every program of the library is legal, in the theorems, under the policy that its file names."""
    entry = library.PROGRAMS[name]
    program = library.build(name, entry.instance(Random(1), SIZES.get(name, 2), 16))
    steps = run(folder, "legal", program, entry.extension, 300)
    assert program.policy == "priority" or all(step[POLICIES.index(program.policy)] for step in steps)


@needs_coqc
def test_conflict_and_faults(folder: Path) -> None:
    """The lowest processor's store counts; the load outside stops with its program counter, and nothing is loaded."""
    end = agrees(folder, TINY, "", 10)[-1]
    assert end.memory == (0, 8, 7) and end.status == ("halted", "load") and end.pc == (3, 2) and end.registers[1][2] == 0


@needs_coqc
def test_all_that_a_word_allows(folder: Path) -> None:
    """With P = M = L = 2^w: nproc is 0, the last address is there, and the program counter after the last line is 0."""
    size = 32
    lines = [Instruction("jnz", ra=2, x=3), Instruction("mov", rd=2, x=1), Instruction("jmp", x=size - 2), Instruction("halt")]
    lines += [Instruction("halt")] * (size - 6) + [Instruction("pid", rd=1), Instruction("st", rd=2, ra=1, x=0)]
    program = Program(tuple(lines), word=5, processors=size, memory=size)
    end = agrees(folder, program, "", 20)[-1]
    assert len(lines) == size and end.memory == (1,) * size and set(end.pc) == {3} and set(end.status) == {"halted"}
    counted = replace(program, instructions=(Instruction("nproc", rd=1), Instruction("halt")))
    assert agrees(folder, counted, "", 5)[-1].registers[0][1] == 0


@needs_coqc
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word 5\nextension none\nprocessors 1\nmemory 32\nhalt - - -\n", "valid program"),
        ("word 4\nextension none\nprocessors 1\nmemory 0\nhalt - - -\n", "valid program"),
        ("word 5\nextension none\nprocessors 33\nmemory 0\nhalt - - -\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nmul r1 r1 r1\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nadd r1 - r1\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nnop - - -\n", "line 5: expected an operation"),
    ],
)
def test_refused(folder: Path, text: str, message: str) -> None:
    """A program that is not valid, or no program, is refused with its place."""
    path = folder / "bad"
    path.write_text(text)
    with pytest.raises(build.RocqError, match=message):
        kernel.run(built(), "reference", str(path), "1")


def test_text_of_instructions() -> None:
    """Text has every operand: a register, an immediate, or none."""
    assert instruction_text(Instruction("add", 1, 2, Reg(3))) == "add r1 r2 r3"
    assert instruction_text(Instruction("ld", 1, None, 5)) == "ld r1 - 5"
    assert needed(TINY) == ""
