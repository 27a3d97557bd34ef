"""The Masked-ARM: events and their ids, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.evaluate import evaluate, place_rows
from efasp.masked_arm import Decoder, OrderError, any_order, left_to_right, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES, PLACE_BITS
from efasp.sorts import SortError
from efasp.syntax import Program, combine

ARM = masked_arm(MASKED_EXAMPLES["dyck1"].decoder, 4)


@given(st.lists(st.integers(0, 15), unique=True, max_size=8), st.data())
def test_events_are_ids_and_back(places: list[int], data: st.DataObject) -> None:
    """An event's id is split into the event; its position and its token's payload are both there."""
    for place in places:
        token = data.draw(st.integers(1, ARM.decoder.vocabulary.size - 1))
        assert ARM.split(ARM.event((place, token))) == (place, token)


def test_what_is_no_event_is_refused() -> None:
    """The mask, and a position that the bits do not hold."""
    arm = masked_arm(MASKED_EXAMPLES["parity"].decoder, 3)
    for event in ((0, 0), (8, 1), (-1, 1)):
        with pytest.raises(ValueError, match=r"expected a token other than the mask at 0\.\.7"):
            arm.event(event)
    with pytest.raises(ValueError, match="found the mask"):
        arm.split(arm.mask)


def test_the_opening_lists_the_prompt() -> None:
    """The tokens that are there, by position, then as many masks as there are masked positions."""
    arm = masked_arm(MASKED_EXAMPLES["parity"].decoder, 3)
    z = arm.opening([1, 0, 0, 2])
    assert [arm.split(t) for t in z[:2]] == [(0, 1), (3, 2)] and z[2:] == [arm.mask] * 2


def test_vocabularies_and_confidences_that_are_refused() -> None:
    """A token's number in its code, several payloads, a confidence that may be negative, and too few bits."""
    kinds = (Kind("mask"), Kind("n", ("value",)))
    numbers = Codebook("numbers", kinds, (("value", 2),), (Field("value", "value", "number"),))
    places = Codebook.index(3)
    with pytest.raises(SortError, match="signs of payloads"):
        masked_arm(Decoder(Program("p", {"x": tokens(numbers).node}), numbers, places), 3)
    pairs = Codebook("pairs", (Kind("mask"), Kind("n", ("a", "b"))), (("a", 2), ("b", 2)), (Field("a", "a"), Field("b", "b")))
    with pytest.raises(SortError, match="at most one payload"):
        masked_arm(Decoder(Program("p", {"x": tokens(pairs).node}), pairs, places), 3)
    parity = MASKED_EXAMPLES["parity"].decoder
    low = Decoder(parity.program, parity.vocabulary, parity.places, confidence=lambda node: combine([(-1, node[0])]))
    with pytest.raises(SortError, match="0 or more"):
        masked_arm(low, 3)
    with pytest.raises(ValueError, match="2 bits or more"):
        masked_arm(parity, 1)


def test_an_encoder_that_never_predicts_a_token_ends_with_an_error() -> None:
    """Both decoders say at which position, or event, only the mask was predicted."""
    book, places = Codebook.symbols("stuck", ("mask", "a")), Codebook.index(3)
    te, pe = tokens(book), positions(places)
    stuck = Program("stuck", {"code": combine([(1, te.node), (0, pe.one)], sort=book.sort)})  # a mask stays one
    decoder = Decoder(stuck, book, places)
    arm = masked_arm(decoder, 3)
    rows = arm.rows(place_rows(None, 3))
    with pytest.raises(OrderError, match="position 1"):
        list(any_order(decoder, [1, 0, 0], lambda x: evaluate(stuck.output, tokens=x)[0], lambda read: 1 - read[:, 0]))
    with pytest.raises(OrderError, match="event 1"):
        list(left_to_right(arm, [1, 0, 0], lambda z: evaluate(arm.program.output, tokens=z, positions=rows)[0]))


def test_a_text_that_is_too_long_is_refused() -> None:
    """Of the examples."""
    with pytest.raises(ValueError, match=f"at most {1 << PLACE_BITS - 1} symbols"):
        MASKED_EXAMPLES["parity"].opening("0" * 65)
