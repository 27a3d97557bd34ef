"""The Masked-ARM in torch: event for event what one-at-a-time masked diffusion unmasks, in its own and random orders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

import numpy as np
import pytest

from efasp.encoding import LogLayout, TokenSequence, join
from efasp.evaluate import place_rows
from efasp.masked_arm import Event, MaskedArm, any_order, left_to_right, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES, PLACE_BITS
from efasp.model import decode
from efasp.model.compile import compile_machine, compile_masked_arm, log_masked_arm
from efasp.model.lower import lower
from efasp.model.transformer import Transformer
from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.machine import Program

TWO = """
.word 5
.processors 2
.memory 4
.data 0: 3 5
        pid  r1
        ld   r2, [r1]
        add  r2, r2, 7
        st   r2, [r1]
        halt
"""


@cache
def tree(name: str) -> tuple[MaskedArm, Transformer, Transformer]:
    """An example's Masked-ARM, and the transformers of the example and of it."""
    decoder = MASKED_EXAMPLES[name].decoder
    arm = masked_arm(decoder, PLACE_BITS)
    return arm, Transformer.of(lower(decoder.program)), Transformer.of(lower(arm.program))


@cache
def log() -> tuple[MaskedArm, Transformer, Transformer]:
    """The same of the log at w = 5."""
    return log_masked_arm(5), Transformer.of(compile_machine(5, "mdm")), Transformer.of(compile_masked_arm(5))


def both(
    of: tuple[MaskedArm, Transformer, Transformer], sequence: TokenSequence, ranks: Sequence[int] | None
) -> tuple[list[Event], list[Event]]:
    """The events of masked diffusion, one at a time, and of the Masked-ARM."""
    arm, encoder, transformer = of
    ids, mask = sequence.tokens.tolist(), arm.decoder.vocabulary.slots[arm.decoder.mask].start
    rows = arm.rows(sequence.places, ranks)
    unmasked = any_order(arm.decoder, ids, lambda x: encoder.outputs(x, sequence.places), lambda read: 1 - read[:, mask], ranks)
    return list(unmasked), list(left_to_right(arm, ids, lambda z: transformer.outputs(z, rows)))


@pytest.mark.parametrize("name", MASKED_EXAMPLES)
def test_trees_are_decoded_event_for_event(name: str) -> None:
    """From the leaves up, not from left to right; also in random orders; the answer is the oracle's."""
    example, rng = MASKED_EXAMPLES[name], Random(4)
    for length in (0, 1, 2, 3, 8, 13, 16):
        text = "".join(rng.choices(example.alphabet, k=length))
        for given in (text, "()" * (length // 2)) if name == "dyck1" else (text,):
            ids = np.array(example.opening(given))
            sequence = TokenSequence(ids, place_rows(None, len(ids)))
            for ranks in (None, rng.sample(range(len(ids)), len(ids))):
                unmasked, events = both(tree(name), sequence, ranks)
                assert events == unmasked and example.answer(dict(events)[1]) == example.oracle(given)
    order = [
        at for at, _ in both(tree("parity"), TokenSequence(np.array([1, 0, 0, 0, 1, 2, 2, 1]), place_rows(None, 8)), None)[0]
    ]
    assert order == [2, 3, 1]


def whole(program: Program, steps: int) -> TokenSequence:
    """The log of a program with the masks of so many steps."""
    layout = LogLayout.of(program, "")
    assert isinstance(layout, LogLayout)
    return join([layout.opening(program), *(layout.masks(time) for time in range(1, steps + 1))])


@pytest.mark.parametrize("seed", range(3))
def test_the_log_in_random_orders(seed: int) -> None:
    """Two processors, five steps, all masks there from the start: thirty events."""
    sequence = whole(assemble(TWO), 5)
    length = len(sequence)
    unmasked, events = both(log(), sequence, Random(seed).sample(range(length), length) if seed else None)
    assert events == unmasked and len(events) == 30
    in_order = [at for at, _ in events] == sorted(at for at, _ in events)
    assert in_order == (not seed)


def test_runs_are_those_of_the_machine() -> None:
    """Memory, registers and counters after every step, three passes a processor and step; also in a random order."""
    program = assemble(TWO)
    transformer, history = log()[2], list[machine.Configuration]()
    passes: list[tuple[int, int]] = []
    run = decode.run(program, "marm", transformer, history=history, on_pass=lambda *made: passes.append(made))
    reference = machine.run(program)
    assert run.outcome == reference.outcome and run.finished and run.decode_steps == 6 * run.steps
    assert passes == [(done, 6) for _ in range(run.steps) for done in range(1, 7)]
    assert history == list(machine.trace(program))[1:]
    rng = np.random.default_rng(0)
    states = list(
        state.configuration
        for state, _ in zip(
            decode.masked_arm(program, transformer, "", ranks=lambda first, end: first + rng.permutation(end - first)),
            history,
            strict=False,
        )
    )
    assert states == history


def test_other_weights_are_no_masked_arm() -> None:
    """A transformer whose events make no sense is named, with the step."""
    broken = Transformer.of(compile_masked_arm(5))
    broken.out.weight.zero_()
    with pytest.raises(decode.DecodingError, match="step 1"):
        decode.run(assemble(TWO), "marm", broken)
