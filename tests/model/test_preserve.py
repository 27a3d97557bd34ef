"""Edits in place: any-process generation against Python's lists, by exact evaluation, the plan and torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.evaluate import evaluate, place_rows
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.ranges import dtype_for
from efasp.model.transformer import Transformer
from efasp.preserve import Edit, edited, passes, preserve, prompt, string_of, vocabulary
from efasp.proofs.lemmas.preserve import counting, followed, misedited, rule

LETTERS, BITS = "abc", 9
BOOK = vocabulary(LETTERS, BITS)


@cache
def compiled() -> tuple[Plan, Transformer]:
    """The plan and the transformer of the program."""
    plan = lower(preserve(LETTERS, BITS))
    return plan, Transformer.of(plan)


def drawn(rng: Random, length: int, many: int) -> tuple[str, list[Edit], list[str]]:
    """A string, edits at existing positions, and the letters after them by list.insert and del."""
    string = "".join(rng.choices(LETTERS, k=length))
    edits, left = list[Edit](), list(string)
    for _ in range(many):
        if left and rng.random() < 0.5:
            edits.append(("", rng.randrange(len(left))))
            del left[edits[-1][1]]
        else:
            edits.append((rng.choice(LETTERS), rng.randrange(len(left) + 1)))
            left.insert(edits[-1][1], edits[-1][0])
    return string, edits, left


def in_torch(ids: np.ndarray) -> np.ndarray:
    """Read-outs of the transformer."""
    return compiled()[1].outputs(ids, place_rows(None, len(ids)))


@pytest.mark.parametrize(("length", "many"), [(0, 1), (3, 6), (20, 30), (100, 120), (0, 200)])
def test_edits_are_those_of_lists(length: int, many: int) -> None:
    """In torch, one edit a pass, in a context of at most two tokens more than the prompt, which shrinks to the string."""
    for seed in range(3 if many < 100 else 1):
        string, edits, wanted = drawn(Random(seed), length, many)
        ids = prompt(LETTERS, BITS, string, edits)
        run = list(passes(LETTERS, BITS, ids, in_torch))
        assert string_of(LETTERS, BITS, run[-1].tolist()) == "".join(wanted) and len(run) == many + 2
        assert max(map(len, run)) <= len(ids) + 2 and len(run[-1]) == 1 + len(wanted)


@settings(max_examples=10)
@given(st.integers(0, 9_999), st.integers(0, 5), st.integers(0, 5))
def test_the_three_readings_agree(seed: int, length: int, many: int) -> None:
    """Evaluation with its sorts checked, the plan, torch and the theorem's rule, on every sequence of a run."""
    string, edits, _ = drawn(Random(seed), length, many)
    (plan, _), output = compiled(), preserve(LETTERS, BITS).output
    ids = prompt(LETTERS, BITS, string, edits)
    for x in [np.array(ids), *passes(LETTERS, BITS, ids, in_torch)]:
        (wanted,) = evaluate(output, tokens=x, check=True)
        assert (plan.forward(x) == wanted).all() and np.array_equal(in_torch(x), wanted.astype(float))
        names = [BOOK.split(token) for token in x.tolist()]
        for at, row in enumerate(wanted.tolist()):
            kind, bits = rule(names, at)
            assert row[: len(BOOK.kinds)] == [each.name == kind for each in BOOK.kinds] and tuple(row[-3:]) == bits
    assert dtype_for(plan) == "float32"


@pytest.mark.slow
def test_all_edits_of_small_strings() -> None:
    """Up to three edits of strings of up to three letters."""
    assert next(misedited(("", "a", "ab", "abb"), 3), None) is None


@given(st.integers(0, 9_999), st.integers(0, 8), st.integers(0, 12))
def test_an_index_is_followed_back(seed: int, length: int, many: int) -> None:
    """One counter, from the last edit to the first."""
    string, edits, wanted = drawn(Random(seed), length, many)
    found = [followed(edits, at) for at in range(len(wanted))]
    assert [at if isinstance(at, str) else string[at] for at in found] == wanted == edited(string, edits)


@given(st.lists(st.integers(0, 1), max_size=12))
def test_edits_count(bits: list[int]) -> None:
    """The letter stands where the number of ones says; by a run for short ones."""
    edits = counting(bits)
    assert edited("b", edits).index("b") == sum(bits)
    if len(bits) <= 4:
        *_, last = passes(LETTERS, BITS, prompt(LETTERS, BITS, "b", edits), in_torch) if bits else [np.array([0, 3])]
        assert str(string_of(LETTERS, BITS, last.tolist())).index("b") == sum(bits)


def test_an_address_outside_the_string_halts_with_the_edit_left() -> None:
    """Nothing is done, and no string is given; as lists such an edit is an error."""
    for edit in (("a", 3), ("", 2)):
        ids = prompt(LETTERS, BITS, "ab", [edit])
        assert list(passes(LETTERS, BITS, ids, in_torch)) == [] and string_of(LETTERS, BITS, ids) is None
        with pytest.raises(ValueError, match=f"edit 0: expected a position within 2 letters, found {edit[1]}"):
            edited("ab", [edit])


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: preserve("", 4), "expected letters"),
        (lambda: preserve("a", 1), "2 bits or more"),
        (lambda: prompt("ab", 3, "abababab", []), "at most 7 tokens, found 9"),
        (lambda: prompt("ab", 3, "a", [("c", 0)]), "ins c"),
        (lambda: prompt("ab", 3, "a", [("a", 8)]), "expected 0..7, found 8"),
    ],
)
def test_what_is_refused(make: Callable[[], object], named: str) -> None:
    """Empty alphabets, too few bits, sequences that are too long, letters and positions that do not exist."""
    with pytest.raises(ValueError, match=named):
        make()


def test_one_letter_is_an_alphabet() -> None:
    """Of a vocabulary of five kinds."""
    assert vocabulary("a", 4).size == 3 + 2 * 16
    run = list(
        passes("a", 4, prompt("a", 4, "a", [("a", 0), ("", 1)]), lambda x: evaluate(preserve("a", 4).output, tokens=x)[0])
    )
    assert string_of("a", 4, run[-1].tolist()) == "a"
