"""Family sequences: it is proved, wrong constructions are refuted, and the bound of rounding is one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from efasp import sequences as language
from efasp.embeddings import Embedding
from efasp.operators import OPERATORS
from efasp.proofs.lemmas import sequences, sequences_rounding, sequences_steps
from efasp.proofs.lemmas.gates_recurrences import units
from efasp.proofs.symbolic.nodes import Reading
from efasp.selections import Selector, counted, selector
from efasp.sorts import Rational
from efasp.syntax import Parameter
from tests.proofs.broken import discharged, refuted


def test_steps_are_proved() -> None:
    """One position more, and numbers of every size."""
    assert refuted(sequences_steps.steps((1, 64))) == {}


@pytest.mark.parametrize("name", ["shift", "sort_by", "kth"])
def test_pieces_are_proved(name: str) -> None:
    """Scores and numbers of some operators (those of the others take longer: ``efasp check`` runs them all)."""
    assert discharged(sequences.composed(name, (1, 64))).status == "proved"


def test_every_operator_has_a_lemma() -> None:
    """Its pieces, and short sequences."""
    names = {operator.name for operator in OPERATORS.values() if operator.kind == "sequence"}
    assert set(sequences.PIECES) == names == {str(o.params["operator"]) for o in sequences.tried((1, 3))}


def test_short_sequences_are_not_trivial() -> None:
    """What is tried has every number of columns, and no two alike."""
    for operator in sequences.SEQUENCES:
        columns = sequences.columns(operator, 2)
        assert len(columns) == len(set(columns)) >= 2
        assert discharged(next(o for o in sequences.tried((1, 3)) if o.params["operator"] == operator.name)).status == "proved"


OTHERWISE: dict[str, Callable[..., Any]] = {
    "prefix_sum": lambda c: OPERATORS["prefix_mean"].spec(c),
    "sort_by": lambda c: OPERATORS["sort_by"].spec([c[0], [-key for key in c[1]]]),
    "kth": lambda c, k: OPERATORS["kth"].spec(c, k + 1),
    "shift": lambda c, k: OPERATORS["shift"].spec(c, -k),
    "mean_where": lambda c, relation: OPERATORS["mean_where"].spec([c[0], c[2], c[1]], relation),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_specification_is_refuted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On short sequences; the columns are named, with both results."""
    monkeypatch.setattr(sequences, "SEQUENCES", (dataclasses.replace(OPERATORS[name], spec=OTHERWISE[name]),))
    (found,) = sequences.tried((1, 3))
    verdict = discharged(found)
    assert verdict.status == "refuted" and verdict.countermodel is not None
    assert verdict.countermodel["expected"] != verdict.countermodel["got"]


def test_a_wrong_piece_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A score by its query and key, a number by what was read."""

    def backwards(places: Embedding, name: str) -> tuple[Selector, int]:
        number = places.field("number")
        return selector(number, number, ">="), 2

    monkeypatch.setattr(language, "_prefix", backwards)
    found = next(iter(next(iter(sequences.prefixes("prefix_mean"))).wrong()))
    assert found["query"] != found["key"] and found["is"] in ("selected", "not selected")


# Rounding.


def test_the_bound_of_rounding_is_one() -> None:
    """In float32, in drawn orders of summation, the error of a count is below the bound by which it was accepted."""
    longest, share, random = 96, Parameter("share", Rational(0, 1)), Random(0)
    found, _, _ = units(Reading({share: "share"}), counted(share, longest), 0)
    rows = [(int(slope), int(bias), int(c)) for (terms, bias), c in found.items() for _, slope in terms]
    for count in range(longest + 1):
        assert sequences_rounding.small(rows, count, 24)
        read = np.float32(1) / np.float32(count + 1)
        random.shuffle(rows)
        total = np.float32(0)
        for slope, bias, factor in rows:
            total += np.float32(factor) * max(np.float32(slope) * read + np.float32(bias), np.float32(0))
        assert abs(float(total) - count) < 0.5


def test_too_many_numbers_are_not_accepted() -> None:
    """The same bound fails for four times as many."""
    share = Parameter("share", Rational(0, 1))
    found, _, _ = units(Reading({share: "share"}), counted(share, 400), 0)
    rows = [(int(slope), int(bias), int(c)) for (terms, bias), c in found.items() for _, slope in terms]
    assert not all(sequences_rounding.small(rows, count, 24) for count in range(401))


def test_ranks_of_more_places_are_not_accepted() -> None:
    """In float32 the bound of a score's error holds for 32 places, and not for 64."""
    for places, accepted in ((32, True), (64, False)):
        rank, square = map(sequences_rounding.made, language.order(sequences_rounding.SHARE, places))
        assert rank is not None and square is not None
        assert accepted == all(sequences_rounding.apart(rank, square, count, places, 24) for count in range(places))
