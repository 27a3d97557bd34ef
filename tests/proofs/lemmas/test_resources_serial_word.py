"""The narrowest words of serial programs, against numbers that are worked out here by hand."""

from __future__ import annotations

import pytest

from efasp.model.plan import Plan
from efasp.model.serial_program import Numbers
from efasp.proofs.lemmas import resources_serial_plans as plans
from efasp.proofs.lemmas.resources_serial_word import Tables, unequal

# Of each plan, for two tokens, the largest number that must fit in a word. Coordinates are up to 2, with heads up to 1.
LARGEST = (
    (plans.read_out(), 2 * (2**20 + 1)),  # 2 (1 + 2^-20) times 2^20
    (plans.hidden(), (2 * 2**20 + 1) * 2**15 + 2 * 2**10),  # (2 2^20 + 2 / 2^5 + 1) times 2^10 for the stream, 2^5 for the row
    (plans.scores(), 2**24 * 2**30),  # a query and a key of 2^12, each times 2^10 for the stream and 2^5 for its rows
    (plans.projections(), 2 * (plans.ALTERNATING * 2**15 + 2**10)),  # twice (the value + 2^-5) times 2^15
    (plans.resting(), 1),  # a read-out of 0 or 1: no word is as narrow as that
)


@pytest.mark.parametrize(("plan", "largest"), LARGEST, ids=[plan.name for plan, _ in LARGEST])
def test_words_by_hand(plan: Plan, largest: int) -> None:
    """The tables' intervals reach this number, and the word is the least whose two's complement has it and its negation."""
    numbers = Numbers(plan, 2)
    bits = next(bits for bits in range(5, 64) if largest < 1 << bits - 1)
    assert Tables(plan, numbers).word == numbers.word == bits
    assert max(Tables(plan, numbers).largest.values()) == max(bound for _, bound in numbers.largest) == largest


def test_a_word_of_another_width_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit less than the narrowest, or one more, is told with the plan and the context."""
    plan = plans.read_out()
    bits = Numbers(plan, 2).word
    for other in (bits - 1, bits + 1):
        monkeypatch.setattr(Numbers, "word", property(lambda numbers, other=other: other))
        assert unequal(plan, 2) == {"plan": "read-out", "tokens": 2, "ties": 1, "bits expected": bits, "bits": other}
