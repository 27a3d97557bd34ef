"""Compiled transformers for the tests of this folder, each made once, and full passes over given states."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache, reduce

import numpy as np

from efasp.encoding import CellLayout, Event, LogLayout, TokenSequence, Write, join
from efasp.model import sampler
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.model.transformer import Transformer
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program
from efasp.process import DELETE, INSERT, g


@cache
def transformer(word: int, engine: str, extension: str = "M") -> Transformer:
    """The transformer of a machine."""
    return Transformer.of(plan(word, engine, extension))


def plan(word: int, engine: str, extension: str = "M") -> Plan:
    """Its layer plan."""
    return compile_machine(word, engine, extension)


def cell_step(program: Program, before: Configuration, slots: list[int] | None = None, extension: str = "M") -> Configuration:
    """The configuration after one full any-process pass from any configuration and slots.

    The pass must leave the prompt alone, insert and delete nothing, and change the slot of a cell that gets another value.
    """
    layout = CellLayout(program.word, extension, program.processors, program.memory, len(program.instructions))
    sequence = layout.encode(program, before, slots)
    outputs = transformer(program.word, "apmdm", extension).outputs(sequence.tokens, sequence.places)
    control = outputs[:, layout.vocabulary.width :] > 0.5
    assert not control[:, [INSERT, DELETE]].any()
    tokens = g(sequence.tokens, sampler.predictions(outputs, layout), control, layout.vocabulary.token("mask"))
    instructions, state, found = layout.decode(TokenSequence(tokens, sequence.places))
    assert instructions == program.instructions and np.array_equal(
        tokens[: layout.prompt_length], sequence.tokens[: layout.prompt_length]
    )
    moved = np.array(found) != np.array(slots or [0] * layout.cells)
    changed = np.array(values(before)) != np.array(values(state))
    assert not (changed & ~moved).any()  # a cell may be written with the word that it holds
    return state


def values(state: Configuration) -> list[int]:
    """What the cells hold, in the order of the layout; a counter with its status."""
    counters = [pc * 8 + len(status) for pc, status in zip(state.pc, state.status, strict=True)]
    return [*state.memory, *(word for bank in state.registers for word in bank), *counters]


def log_of(state: Configuration) -> list[list[Event]]:
    """A log that leads from registers of 0 to the registers, counters and statuses of any configuration."""
    writes = [[Write("register", register, word) for register, word in enumerate(bank) if word] for bank in state.registers]
    times = max(1, *map(len, writes))
    return [
        [
            Event(pc, status, mine[time] if time < len(mine) else None)
            for pc, status, mine in zip(state.pc, state.status, writes, strict=True)
        ]
        for time in range(times)
    ]


def log_step(program: Program, log: Sequence[Sequence[Event]], extension: str = "M") -> Configuration:
    """The configuration after one full pass of masked diffusion that unmasks all of the block after any log."""
    layout = LogLayout(program.word, extension, program.processors, program.memory, len(program.instructions))
    sequence = join([layout.encode(program, log), layout.masks(len(log) + 1)])
    outputs = transformer(program.word, "mdm", extension).outputs(sequence.tokens, sequence.places)[-layout.block_length :]
    assert (sampler.confidence(outputs, layout) > sampler.THRESHOLD).all()
    return layout.apply(after(program, log), layout.events(sampler.predictions(outputs, layout)))


def after(program: Program, log: Sequence[Sequence[Event]]) -> Configuration:
    """The configuration that a log stands for."""
    layout = LogLayout(program.word, "M", program.processors, program.memory, len(program.instructions))
    return reduce(layout.apply, log, machine.initial(program))


def full_step(engine: str, program: Program, before: Configuration, extension: str = "M") -> Configuration:
    """One full pass of an engine from any configuration; the slots of the cells alternate."""
    if engine == "mdm":
        return log_step(dataclasses.replace(program, data=before.memory), log_of(before), extension)
    cells = program.memory + 9 * program.processors
    return cell_step(program, before, [(cell ^ cell >> 1) & 1 for cell in range(cells)], extension)
