"""Draws from read-outs: support, halting, and the generator of two-sided Dyck-k by exact evaluation."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.dyck import dyck, letters, vocabulary, word
from efasp.evaluate import evaluate
from efasp.stochastic import Draws, GenerationError, Generator


def exact(k: int) -> Generator:
    """The generator by exact evaluation of the program."""
    output = dyck(k).output
    return Generator(lambda ids: evaluate(output, tokens=ids)[0], vocabulary(k).size, 0, 1 << 11)


def algorithm(x: int, y: int, remask: int, insert: int, delete: int) -> tuple[int, ...]:
    """What one position emits, as the paper's Algorithm 1 says; the mask is 0."""
    if delete and x == 0:
        return ()
    return (0 if remask else y if x == 0 else x, *([0] if insert else []))


def possible(chance: Fraction) -> list[int]:
    """The values that a bit takes with positive probability."""
    return [bit for bit in (0, 1) if (chance > 0 if bit else chance < 1)]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_emissions_are_those_of_algorithm_1(ids: list[int]) -> None:
    """For any sequence of tokens of k = 1, also one that no run reaches, whatever may be drawn."""
    generator = exact(1)
    draws, (read,) = generator.draws(ids), evaluate(dyck(1).output, tokens=ids)
    for position, token in enumerate(ids):
        scores, chances = read[position, :7].tolist(), [Fraction(c) for c in read[position, -3:]]
        drawn = [y for y, score in enumerate(scores) if score == max(scores)]
        wanted = {algorithm(token, y, *bits) for y in drawn for bits in product(*map(possible, chances))}
        assert draws.emissions(position) == wanted
    assert draws.halted == (set(generator.followers(ids)) == {tuple(ids)})


@given(st.lists(st.integers(0, 6), min_size=1, max_size=4), st.integers(0, 99))
def test_what_is_drawn_has_positive_probability(ids: list[int], seed: int) -> None:
    """One pass from any sequence gives one of its followers, and the same seed the same."""
    steps = []
    for _ in range(2):
        run = exact(1).run(Random(seed), ids)
        next(run)
        steps.append(tuple(next(run, (np.array(ids), None))[0].tolist()))
    assert steps[0] == steps[1] and steps[0] in set(exact(1).followers(ids))


def test_frequencies() -> None:
    """Of 4,000 draws at one free mask 9/16 delete it, and the rest are spread evenly over four letters."""
    rng, draws = Random(1), exact(2).draws([0])
    counts: dict[int, int] = {}
    for _ in range(4_000):
        y, control = draws.draw(rng)
        counts[0 if control[0, 2] else int(y[0])] = counts.get(0 if control[0, 2] else int(y[0]), 0) + 1
    assert abs(counts.pop(0) - 2_250) < 160
    assert len(counts) == 4 and all(abs(n - 437) < 100 for n in counts.values())


@pytest.mark.parametrize(
    ("row", "named"),
    [([0, 1, 0, 2.0, 0, 0], "chances from 0 to 1"), ([1, 0, 0, 0, 0, 0], "no weight on the mask"), ([np.nan] * 6, "numbers")],
)
def test_a_read_out_that_is_no_distribution_is_refused(row: list[float], named: str) -> None:
    """A chance above 1, a mask that may be drawn, and what is not a number."""
    with pytest.raises(GenerationError, match=named):
        Draws.of(np.array([1]), np.array([row]), 3, 0)


def test_a_sequence_beyond_the_places_is_refused() -> None:
    """The places end at 2^11."""
    with pytest.raises(GenerationError, match="at most 2048 positions"):
        exact(1).draws([1] * 2049)


def test_letters_and_words() -> None:
    """Each letter before its inverse; other tokens are not letters."""
    assert letters(2) == [1, -1, 2, -2] and word(2, [1, 2, 4]) == [1, -1, -2]
    with pytest.raises(ValueError, match="expected letters alone, found 1\\?"):
        word(1, [3])
    with pytest.raises(ValueError, match="expected 1 or more"):
        dyck(0)
