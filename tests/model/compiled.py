"""Compiled transformers for the tests of this folder, each made once, and full passes over given states."""

from __future__ import annotations

from functools import cache

import numpy as np

from efasp.encoding import CellLayout, TokenSequence
from efasp.pram.machine import Configuration, Program
from efasp.process import g
from model.compile import compile_machine
from model.decode import predictions
from model.plan import Plan
from model.transformer import Transformer


@cache
def transformer(word: int, engine: str, extension: str = "M") -> Transformer:
    """The transformer of a machine."""
    return Transformer.of(plan(word, engine, extension))


def plan(word: int, engine: str, extension: str = "M") -> Plan:
    """Its layer plan."""
    return compile_machine(word, engine, extension)


def cell_step(program: Program, before: Configuration, slots: list[int] | None = None, extension: str = "M") -> Configuration:
    """The configuration after one full any-process pass from any configuration and slots."""
    layout = CellLayout(program.word, extension, program.processors, program.memory, len(program.instructions))
    sequence = layout.encode(program, before, slots)
    outputs = transformer(program.word, "apmdm", extension).outputs(sequence.tokens, sequence.places)
    control = outputs[:, layout.vocabulary.width :] > 0.5
    after = g(sequence.tokens, predictions(outputs, layout), control, layout.vocabulary.token("mask"))
    instructions, state, _ = layout.decode(TokenSequence(after, sequence.places))
    assert instructions == program.instructions and np.array_equal(
        after[: layout.prompt_length], sequence.tokens[: layout.prompt_length]
    )
    return state
