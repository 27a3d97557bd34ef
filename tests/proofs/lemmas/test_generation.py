"""Two-sided Dyck-k: all runs searched, the compiled transformer's words, and the lemmas' own oracles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

import numpy as np
import pytest

from efasp.dyck import dyck, vocabulary, word
from efasp.evaluate import evaluate
from efasp.model.generators import dyck_generator
from efasp.model.lower import lower
from efasp.paper_artifacts.experiments.dyck import is_trivial, law
from efasp.proofs.lemmas.generation import differs, reached, reduced, tabled, triples_in_line, unruly


def cancelled(letters: Sequence[int]) -> bool:
    """Whether neighbours that are inverse to each other can be cancelled until nothing is left, by rewriting."""
    left = list(letters)
    while any(left[i] == -left[i + 1] for i in range(len(left) - 1)):
        at = next(i for i in range(len(left) - 1) if left[i] == -left[i + 1])
        left = left[:at] + left[at + 2 :]
    return not left


def members(k: int, longest: int) -> set[tuple[int, ...]]:
    """The words of the language up to a length."""
    alphabet = [sign * letter for letter in range(1, k + 1) for sign in (1, -1)]
    return {w for n in range(longest + 1) for w in product(alphabet, repeat=n) if cancelled(w)}


@pytest.mark.parametrize(("k", "longest"), [(1, 8), (2, 6), (3, 4)])
def test_all_words_of_the_language_are_reached_and_no_other(k: int, longest: int) -> None:
    """By search over every choice, up to a length."""
    assert reached(k, longest) == members(k, longest)


@pytest.mark.slow
def test_all_words_of_eight_letters_are_reached_and_no_other() -> None:
    """For k = 2 there are 2,357 words of up to 8 letters."""
    found = reached(2, 8)
    assert found == members(2, 8) and len(found) == 2_357


def test_three_reducers_agree() -> None:
    """A stack, rewriting, and integer matrices; on every word of up to 5 letters for k = 2, and of 4 for k = 3."""
    for alphabet, longest in (((1, -1, 2, -2), 5), ((1, -1, 2, -2, 3, -3), 4)):
        for w in (w for n in range(longest + 1) for w in product(alphabet, repeat=n)):
            assert (not reduced(w)) == cancelled(w) == is_trivial(w), w


def test_the_table_of_triples_is_the_program() -> None:
    """In sequences of random tokens, the read-outs by triples are those of exact evaluation, of the plan and of torch."""
    rng, plan = Random(3), lower(dyck(2))
    compiled, table = dyck_generator(2), tabled(2)
    for length in (1, 2, 3, 17, 64):
        ids = np.array([rng.randrange(vocabulary(2).size) for _ in range(length)])
        wanted = table.readout(ids)
        assert (evaluate(dyck(2).output, tokens=ids)[0] == wanted).all() and (plan.forward(ids) == wanted).all()
        assert np.array_equal(compiled.readout(ids), wanted.astype(float))


def test_every_triple_stands_in_the_line() -> None:
    """As neighbours, once."""
    for size in (2, 7, 13):
        line = triples_in_line(size)
        assert sorted(zip(line, line[1:], line[2:], strict=False)) == list(product(range(size), repeat=3))


def test_the_rule_for_three_letters() -> None:
    """All triples of 19 tokens."""
    assert next(unruly(3), None) is None


def test_a_wrong_read_out_is_found() -> None:
    """A score or a chance that the rule does not have."""
    size = vocabulary(1).size
    right = tabled(1).readout(np.array([0]))[0].tolist()
    assert differs(1, right, (0, 0, 0)) is None
    for at in (*range(size), -3, -2, -1):
        assert differs(1, [x + (i == at % len(right)) for i, x in enumerate(right)], (0, 0, 0)) is not None


def test_words_of_the_transformer() -> None:
    """200 words for k = 3, each the identity; the same seed gives the same."""
    generator = dyck_generator(3)
    first, second = ([word(3, generator.sample(rng)) for _ in range(200)] for rng in (Random(5), Random(5)))
    assert first == second and all(is_trivial(w) for w in first) and max(map(len, first)) > 10


@pytest.mark.slow
def test_ten_thousand_words_of_up_to_sixty_letters() -> None:
    """For k = 2, by the program's read-outs; at least 9,500 of 10,000 have so few letters, and all words are the identity."""
    generator, rng = tabled(2), Random(60)
    words = [word(2, generator.sample(rng)) for _ in range(10_000)]
    assert all(is_trivial(w) for w in words)
    short = sum(len(w) <= 60 for w in words)
    assert short > 9_500 and abs(short - 10_000 * sum(map(law, range(0, 61, 2)))) < 80
