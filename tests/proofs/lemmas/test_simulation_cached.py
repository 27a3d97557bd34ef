"""The cache lemmas on sequences of runs, by exact evaluation: what is settled stays, and what does not stay is read nowhere."""

from __future__ import annotations

from itertools import islice
from random import Random

import numpy as np
import pytest

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.evaluate import evaluate
from efasp.model import decode
from efasp.proofs.concrete.scenarios import Shape
from efasp.proofs.lemmas.process_orders import endless
from efasp.proofs.lemmas.simulation_cached import using
from efasp.proofs.obligation import Machine
from efasp.proofs.symbolic.step_definitions import Step
from tests.model.compiled import transformer

STEPS = 5
SIZES = (4, 4, 9, STEPS)  # processors, words of memory, instructions, steps


def sequences(engine: str, word: int, seed: int) -> list[tuple[TokenSequence, int]]:
    """The sequences of a random program's passes, each with the number of positions that may be cached from this pass on."""
    program = endless(Random(f"cached {seed}"), Shape(word, ""), *SIZES)
    network = transformer(word, engine, "")
    if engine == "mdm":
        log = LogLayout.of(program, "")
        assert isinstance(log, LogLayout)
        states = decode.masked_diffusion(program, network, "", cached=False)
        whole = [log.opening(program), *(state.sequence for state in islice(states, STEPS))]
        return [(join([some, log.masks(time)]), len(some)) for time, some in enumerate(whole, 1)]
    cells = CellLayout.of(program, "")
    assert isinstance(cells, CellLayout)
    states = decode.any_process(program, network, "", cached=False)
    return [(some, cells.prompt_length) for some in (cells.opening(program), *(x.sequence for x in islice(states, STEPS)))]


@pytest.mark.parametrize("word", [5, 6])
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_settled_positions_keep_what_is_read_of_them(engine: str, word: int) -> None:
    """In the log the results that keys and values use, and these, are the same at a settled position in every later pass. In
    place some are others later, but none is at a position that the lookup finds."""
    step = Step(Machine(word, engine, "", (1, 1 << word)))
    lookups = using(step)
    others = dict.fromkeys(other for some in lookups.values() for other in some) if engine == "mdm" else {}
    nodes = [step.of[name] for name in others] + [side for name in lookups for side in (step.of[name].k, step.of[name].v)]  # type: ignore[attr-defined]
    counter, changed = step.pe.kind_index["counter"], 0
    for seed in range(3):
        passes = sequences(engine, word, seed)
        values = [evaluate(*nodes, tokens=some.tokens, positions=some.places) for some, _ in passes]
        for then, (first, settled) in enumerate(passes):
            for now in range(then + 1, len(passes)):
                assert np.array_equal(first.tokens[:settled], passes[now][0].tokens[:settled])
                for old, new in zip(values[then], values[now], strict=True):
                    rows = (old[:settled] != new[:settled]).any(axis=1)
                    changed += int(rows.sum())
                    assert not (first.places[:settled][rows, 0] == counter).any()
    assert (changed == 0) == (engine == "mdm")
