"""The program that is extracted from the statement, run on texts of programs and plans."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from efasp.encoding import CellLayout, Layout, LogLayout, TokenSequence
from efasp.model.plan import Plan
from efasp.pram import machine
from efasp.pram.isa import Instruction
from efasp.pram.machine import Configuration, Program
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import plan_text, program_text

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")


WORDS = (5, 6, 8, 16)


EXTENSIONS = st.sampled_from(["", "M"])


LAYOUTS: dict[str, type[Layout]] = {"log": LogLayout, "cells": CellLayout}


SIZES = {"list_rank": 4}  # of the instances of the library, where 2 is too small


TINY = Program(
    (
        Instruction("pid", rd=1),
        Instruction("st", rd=1, x=0),  # both store to address 0: processor 0 wins
        Instruction("ld", rd=2, ra=1, x=2),  # processor 1 loads outside
        Instruction("halt"),
    ),
    word=5,
    processors=2,
    memory=3,
    data=(9, 8, 7),
)


@cache
def built() -> Path:
    """The program."""
    return build.programs(["pram-kernel"])["pram-kernel"]


def run(folder: Path, command: str, program: Program, extension: str, *arguments: object, given: str = "") -> list[Any]:
    """What the kernel prints of a program."""
    path = folder / "program"
    path.write_text(program_text(program, extension))
    return kernel.run(built(), command, str(path), *map(str, arguments), given=given)


def plan_file(folder: Path, plan: Plan) -> Path:
    """A plan as text."""
    path = folder / "plan"
    path.write_text(plan_text(plan))
    return path


def configuration(found: dict[str, Any]) -> Configuration:
    """A configuration that the kernel printed."""
    status, pc, registers = zip(*found["processors"], strict=True)
    return Configuration(tuple(found["memory"]), tuple(map(tuple, registers)), pc, status)


def agrees(folder: Path, program: Program, extension: str, steps: int) -> list[Configuration]:
    """Asserts that the statement's PRAM passes through the machine's configurations and faults; gives the configurations."""
    *found, faults = run(folder, "reference", program, extension, steps)
    trace = list(islice(machine.trace(program), steps + 1))
    assert list(map(configuration, found)) == trace
    expected = machine.run(replace(program, policy="priority"), steps).faults
    assert faults == [[one.pid, one.step, one.pc, one.reason] for one in expected]
    return trace


def parts(sequence: TokenSequence) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and places."""
    return sequence.tokens, sequence.places
