"""The statement's tokens, places and sequences, as extracted, against the layouts that run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.encoding import CellLayout, EncodingError, Layout, LogLayout, TokenSequence
from efasp.model.compile import codebooks
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program
from efasp.proofs.rocq.statement_text import instruction_text
from tests.efasp import test_encoding as drawn
from tests.efasp.pram.strategies import programs
from tests.proofs.rocq.extracted import EXTENSIONS, LAYOUTS, TINY, WORDS, configuration, needs_coqc, run


@needs_coqc
@pytest.mark.parametrize("extension", ["", "M"])
@pytest.mark.parametrize("word", [5, 6, 8])
def test_token_codes(folder: Path, word: int, extension: str) -> None:
    """The vocabulary's codes, in the order of ids, are the codebook's."""
    book = codebooks(word, "mdm", extension)[0]
    found = run(folder, "vocabulary", replace(TINY, word=word), extension)[0]
    assert np.array_equal(np.array(found, dtype=object).astype(int), book.codes(book.rows(range(book.size))))


@needs_coqc
@settings(max_examples=60)
@given(st.data(), EXTENSIONS, st.sampled_from((*WORDS, 20)))
def test_place_codes(folder: Path, data: st.DataObject, extension: str, word: int) -> None:
    """The codes of all places of a sequence are the codebook's."""
    program = data.draw(drawn.programs(word, extension))
    log, cells = LogLayout.of(program, extension), CellLayout.of(program, extension)
    assert isinstance(log, LogLayout) and isinstance(cells, CellLayout)
    for name, layout, places in (("log", log, log.places(3)), ("cells", cells, cells.places())):
        found = run(folder, "codes", program, extension, name, 3)[0]
        assert np.array_equal(np.array(found, dtype=object).astype(int), layout.codebook.codes(places))


def rows(found: list[list[int | None]], columns: Sequence[int]) -> list[list[int]]:
    """Places that the kernel printed as rows of a codebook, which has 0 for a payload that is not there."""
    return [[row[column] or 0 for column in columns] for row in found]


@needs_coqc
@settings(max_examples=50)
@given(st.data(), EXTENSIONS)
def test_log_sequences(folder: Path, data: st.DataObject, extension: str) -> None:
    """The log's places and tokens are read by the layout as the program and its run, and written as they were."""
    program, steps = data.draw(programs(extension, WORDS)), 5
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    places, *sequences = run(folder, "log", program, extension, steps)
    assert rows(places, (0, 1, 2)) == layout.places(steps).tolist()
    trace = list(islice(machine.trace(program), steps + 1))
    trace += [trace[-1]] * (steps + 1 - len(trace))
    for time, tokens in enumerate(sequences):
        end = layout.context_length(time)
        sequence = TokenSequence(np.array(tokens[:end], dtype=layout.vocabulary.dtype), layout.places(time))
        assert tokens[end:] == [layout.vocabulary.token("mask")] * (len(tokens) - end)
        assert len(tokens) == layout.context_length(steps)
        instructions, memory, log = layout.decode(sequence)
        assert (instructions, memory) == (program.instructions, machine.initial(program).memory)
        states = [machine.initial(program)]
        for events in log:
            states.append(layout.apply(states[-1], events))
        assert states == trace[: time + 1]
        assert np.array_equal(layout.encode(program, log).tokens, sequence.tokens)


@needs_coqc
@settings(max_examples=50)
@given(st.data(), EXTENSIONS, st.lists(st.integers(0, 1), min_size=1, max_size=9))
def test_cell_sequences(folder: Path, data: st.DataObject, extension: str, slots: list[int]) -> None:
    """The cells' places and tokens, whichever slots hold, are those of the layout."""
    program = data.draw(programs(extension, WORDS))
    layout = CellLayout.of(program, extension)
    assert isinstance(layout, CellLayout)
    places, *sequences = run(folder, "cells", program, extension, 3, "".join(map(str, slots)))
    assert rows(places, (0, 1, 3, 4)) == layout.places().tolist()
    state = machine.initial(program)
    for step, tokens in enumerate(sequences):
        chosen = [slots[(cell + step) % len(slots)] for cell in range(layout.cells)]
        assert tokens == layout.encode(program, state, chosen).tokens.tolist()
        state = machine.step(program, state)


def read_by_layout(layout: Layout, tokens: list[int]) -> tuple[Any, list[Configuration]] | None:
    """What a layout reads of tokens; of a log up to the first block that has a mask. None where it refuses."""
    try:
        if isinstance(layout, CellLayout):
            array: np.ndarray = np.array(tokens, dtype=layout.vocabulary.dtype)
            instructions, state, _ = layout.decode(TokenSequence(array, layout.places()))
            return instructions, [state]
        assert isinstance(layout, LogLayout)
        mask, time = layout.vocabulary.token("mask"), 0
        while (block := tokens[layout.times(time)]) and mask not in block:
            time += 1
        array = np.array(tokens[: layout.context_length(time - 1)], dtype=layout.vocabulary.dtype)
        instructions, memory, log = layout.decode(TokenSequence(array, layout.places(time - 1)))
        first = Program(instructions, layout.word, layout.processors, layout.memory, data=memory)
        states = [machine.initial(first)]
        for events in log:
            states.append(layout.apply(states[-1], events))
        return instructions, states
    except EncodingError:
        return None


@needs_coqc
@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=50)
@given(st.data(), EXTENSIONS, st.sampled_from((5, 6)))
def test_reading(folder: Path, name: str, data: st.DataObject, extension: str, word: int) -> None:
    """Any log and any configuration, also with tokens replaced, are read by the statement as by the layout, or by neither."""
    program = data.draw(drawn.programs(word, extension))
    layout = LAYOUTS[name].of(program, extension)
    if isinstance(layout, LogLayout):
        event = drawn.events(word, program.memory)
        log = data.draw(st.lists(st.lists(event, min_size=layout.processors, max_size=layout.processors), max_size=3))
        steps, tokens = len(log), layout.encode(program, log).tokens.tolist()
    else:
        assert isinstance(layout, CellLayout)
        state, slots = data.draw(drawn.configurations(program)), data.draw(st.integers(0, (1 << layout.cells) - 1))
        chosen = [slots >> cell & 1 for cell in range(layout.cells)]
        steps, tokens = 0, layout.encode(program, state, chosen).tokens.tolist()
    any_token = st.integers(0, layout.vocabulary.size - 1) | st.just(layout.vocabulary.token("mask"))
    changes = st.dictionaries(st.integers(0, len(tokens) - 1), any_token, max_size=2)
    sequences = [tokens]
    for _ in range(20):
        change = data.draw(changes)
        sequences.append([change.get(i, token) for i, token in enumerate(tokens)])
    found = run(folder, "read", program, extension, name, steps, given="\n".join(" ".join(map(str, x)) for x in sequences))
    for one, x in zip(found, sequences, strict=True):
        expected = read_by_layout(layout, x)
        if expected is None:
            assert one is None
        else:
            assert one is not None and list(map(configuration, one[1])) == expected[1]
            assert one[0] == list(map(instruction_text, expected[0]))
    assert found[0] is not None
