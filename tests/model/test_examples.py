"""The example programs compile through the same path as the machine: evaluate = plan = torch."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest

from efasp.evaluate import evaluate, place_rows
from efasp.examples import EXAMPLES, Example
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.ranges import dtype_for
from efasp.model.transformer import Transformer


@cache
def compiled(name: str) -> tuple[Plan, Transformer]:
    """An example's plan and transformer."""
    plan = lower(EXAMPLES[name].program)
    return plan, Transformer.of(plan)


def decode(example: Example, transformer: Transformer, text: str) -> str:
    """The answer by the torch transformer, decoding repeatedly where the example does."""
    tokens = np.array(example.encode(text))
    places = place_rows(None, len(tokens))
    for _ in range(len(tokens) + 2):
        output = transformer.outputs(tokens, places)
        following = example.vocabulary.read(output)
        if not example.iterate or np.array_equal(following, tokens):
            return example.decode(output)
        tokens = following
    raise AssertionError(f"{example.name} does not come to rest")


@pytest.mark.parametrize("name", EXAMPLES)
def test_torch_gives_the_right_answer(name: str) -> None:
    """Against the oracle, on random texts to length 300, and 256 exactly."""
    example, (_, transformer) = EXAMPLES[name], compiled(name)
    rng = random.Random(5)
    for length in (1, 2, 3, 8, 31, 100, 256, 300):
        text = "".join(rng.choices(example.alphabet, k=length))
        assert decode(example, transformer, text) == example.oracle(text), (length, text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_evaluate_plan_and_torch_agree(name: str) -> None:
    """At length 64 all three give the same output; bit for bit (a power of two of ties averages exactly)."""
    example, (plan, transformer) = EXAMPLES[name], compiled(name)
    text = "".join(random.Random(6).choices(example.alphabet, k=64))
    tokens = example.encode(text)
    (wanted,) = evaluate(example.program.output, tokens=tokens)
    planned = plan.forward(tokens)
    assert (planned == wanted).all()
    assert dtype_for(plan) in ("float32", "float64")
    found = transformer.outputs(np.array(tokens), place_rows(None, len(tokens)))
    if name in ("histogram", "majority"):  # means over 65 positions, or of thirds, are rounded: the tokens agree
        assert np.array_equal(example.vocabulary.read(found), example.vocabulary.read(planned))
    else:
        assert np.array_equal(found, planned.astype(float))
