"""Reference = masked diffusion = any-process generation, on random programs; in any order of unmasking; cached or not."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.encoding import LogLayout, join
from efasp.model import decode, sampler
from efasp.pram import machine
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import Configuration, Program
from tests.efasp.pram.engines import ENGINES
from tests.efasp.pram.strategies import configurations, programs
from tests.model.compiled import cell_step, transformer

LIMIT = 24
RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def log_of(program: Program, limit: int = LIMIT, extension: str = "M", **options) -> list[Configuration]:
    """The configurations that masked diffusion goes through."""
    out = []
    for state in decode.masked_diffusion(program, transformer(program.word, "mdm", extension), extension, **options):
        out.append(state.configuration)
        if len(out) == limit or "running" not in state.configuration.status:
            return out
    return out


def reference(program: Program, limit: int) -> list[Configuration]:
    """Those of the machine."""
    states = machine.trace(program)
    next(states)
    return [state for state, _ in zip(states, range(limit), strict=False)]


def engines_agree(program: Program) -> None:
    """Memory, registers, program counters, steps, faults, policy breaches; a pass a step; the stated context lengths."""
    wanted = ENGINES["reference"](program, LIMIT)
    length, memory, count = len(program.instructions), program.memory, program.processors
    contexts = {
        "mdm": 2 + 4 * length + memory + 3 * count * (wanted.steps + 1),
        "apmdm": 2 + 4 * length + 2 * (memory + 9 * count),
    }
    for engine, context in contexts.items():
        found = ENGINES[engine](program, LIMIT)
        assert found.configuration == wanted.configuration
        assert (found.steps, found.faults, found.finished) == (wanted.steps, wanted.faults, wanted.finished)
        assert found.violation == wanted.violation and machine.exit_code(found) == machine.exit_code(wanted)
        assert found.decode_steps == found.steps and found.context_length == context


ANY = st.sampled_from(["", "M"]).flatmap(lambda extension: programs(extension=extension))


@settings(RELAXED, max_examples=50)
@given(ANY)
def test_engines_agree(program: Program) -> None:
    """In all that the machine defines, and in what is stated of passes and context lengths."""
    engines_agree(program)


@pytest.mark.slow
@settings(RELAXED, max_examples=500)
@given(ANY)
def test_engines_agree_on_many_programs(program: Program) -> None:
    """The same, ten times as often."""
    engines_agree(program)


@settings(RELAXED, max_examples=60)
@given(st.data())
def test_any_state_steps_as_the_machine_does(data: st.DataObject) -> None:
    """One any-process pass from any configuration, with the values in any slots: stopped processors, counters outside."""
    program = data.draw(programs(words_of=(5, 8, 12)))
    before = data.draw(configurations(program))
    cells = program.memory + 9 * program.processors
    slots = data.draw(st.lists(st.integers(0, 1), min_size=cells, max_size=cells))
    assert cell_step(program, before, slots) == machine.step(program, before)


@settings(RELAXED, max_examples=12)
@given(programs(words_of=(5, 9), max_processors=3, max_memory=5), st.integers(0, 1 << 32))
def test_any_order_of_unmasking(program: Program, seed: int) -> None:
    """One token at a time, in random order: the same configurations."""
    rng = Random(seed)
    one = log_of(program, 4, order=lambda ready: np.array([rng.choice(ready.tolist())]))
    assert one == reference(program, 4)


@settings(RELAXED, max_examples=12)
@given(programs(words_of=(5, 9), max_processors=3, max_memory=5), st.integers(0, 1 << 32))
def test_several_tokens_at_a_time_with_all_masks_present(program: Program, seed: int) -> None:
    """Random subsets, in a context that holds the masks of later times from the start: the same configurations."""
    rng = Random(seed)
    some = log_of(
        program, 4, context_steps=6, order=lambda ready: np.array(rng.sample(ready.tolist(), rng.randint(1, len(ready))))
    )
    assert some == reference(program, 4)


@settings(RELAXED, max_examples=15)
@given(programs(words_of=(5, 9), max_processors=4, max_memory=6))
def test_cache_changes_nothing(program: Program) -> None:
    """With the cache, without it, and in a larger context: the same states and the same tokens."""
    network = transformer(program.word, "mdm")
    runs = []
    for options in ({}, {"cached": False}, {"context_steps": 7}, {"context_steps": 7, "cached": False}):
        states = decode.masked_diffusion(program, network, "M", **options)
        runs.append([(s.configuration, s.sequence.tokens.tolist()) for s, _ in zip(states, range(5), strict=False)])
    assert runs[0] == runs[1] == runs[2] == runs[3]
    network = transformer(program.word, "apmdm")
    pair = [
        [
            s.sequence.tokens.tolist()
            for s, _ in zip(decode.any_process(program, network, "M", cached=c), range(5), strict=False)
        ]
        for c in (True, False)
    ]
    assert pair[0] == pair[1]


@settings(RELAXED, max_examples=15)
@given(programs(words_of=(5, 20), max_processors=4, max_memory=6))
def test_what_is_not_ready_predicts_the_mask(program: Program) -> None:
    """Masks whose block before is not complete predict the mask, with low confidence; those that are due, a token."""
    layout = LogLayout.of(program, "M")
    sequence = join([layout.prompt(program), layout.start(), layout.masks(1), layout.masks(2), layout.masks(3)])
    outputs = transformer(program.word, "mdm").outputs(sequence.tokens, sequence.places)[-3 * layout.block_length :]
    confidence, tokens = sampler.confidence(outputs, layout), sampler.predictions(outputs, layout)
    due = np.arange(len(tokens)) < layout.block_length
    assert (confidence[due] > 0.99).all() and (confidence[~due] < 0.5).all()
    assert ((tokens == layout.vocabulary.token("mask")) == ~due).all()


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_as_many_processors_and_words_as_the_word_allows(engine: str) -> None:
    """P = M = L = 2^w: the number of processors is 0 modulo 2^w, and every processor competes for one address."""
    code = [Instruction("pid", 0), Instruction("nproc", 1), Instruction("st", 0, None, 7), Instruction("ld", 2, 0, 3)]
    code += [Instruction("add", 3, 2, Reg(0)), Instruction("st", 3, 0, 31)] + [Instruction("halt")] * 26
    program = Program(tuple(code), 5, 32, 32, "priority", tuple(range(31, -1, -1)))
    found, wanted = ENGINES[engine](program, 20), ENGINES["reference"](program, 20)
    assert found.configuration == wanted.configuration and found.steps == wanted.steps == 7


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_bad_calls(engine: str) -> None:
    """An unknown engine, a negative limit, an M program for weights without it: ValueError."""
    program = Program((Instruction("mul", 0, 0, 1), Instruction("halt")), 5)
    network = transformer(5, engine, "")
    for arguments in ((engine, network, ""), (engine, network, "M", -1), ("llm", network, "M")):
        with pytest.raises(ValueError, match="expected"):
            decode.run(program, *arguments)
