"""A fixed, compiled autoregressive model that cannot have two-sided Dyck-2 as its support: where it is first wrong."""

from __future__ import annotations

from itertools import islice

import numpy as np

from efasp.counting_arm import LONGEST, counting_arm, vocabulary, wrong_words
from efasp.evaluate import evaluate, place_rows
from efasp.model.lower import lower
from efasp.model.transformer import Transformer
from efasp.paper_artifacts.experiments.dyck import is_trivial


def test_the_shortest_words_that_it_gets_wrong() -> None:
    """For k = 1 none of up to 8 letters; for k = 2 the eight commutators of four letters, and none is shorter."""
    for k, longest, first in ((1, 8, []), (2, 4, [[1, 2, -1, -2], [1, -2, -1, 2]])):
        transformer = Transformer.of(lower(counting_arm(k)))

        def may_end(ids: np.ndarray, of: Transformer = transformer) -> bool:
            return bool(of.outputs(ids, place_rows(None, len(ids)))[-1, 0] > 0.5)

        found = list(wrong_words(k, longest, may_end, is_trivial))
        assert found[:2] == first and len(found) == (8 if k == 2 else 0)


def test_the_program_counts() -> None:
    """By exact evaluation, on the first words of each length, and on the longest."""
    output, book = counting_arm(2).output, vocabulary(2)
    words = [[1, 2, -1, -2], [1, 1, -1], [-2, 2], [], [1, -1] * (LONGEST // 2), [1] + [2, -2] * (LONGEST // 2)]
    for word in islice(words, LONGEST):
        ids = [0, *(book.token(str(letter)) for letter in word)]
        (found,) = evaluate(output, tokens=ids)
        assert found[-1].tolist() == [int(word.count(1) == word.count(-1) and word.count(2) == word.count(-2))]
