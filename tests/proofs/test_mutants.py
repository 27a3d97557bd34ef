"""Every family of obligations refutes a construction that is broken on purpose, with a countermodel."""

from __future__ import annotations

import dataclasses

import pytest

from efasp.codebook import Codebook, Field
from efasp.encoding import LogLayout, vocabulary
from efasp.operators import OPERATORS
from efasp.syntax import Node
from proofs import attention, encoding
from proofs.obligation import Regime, Verdict
from proofs.register import obligations

BOOK = vocabulary(5)


def verdict(lemma: str) -> Verdict:
    """The first obligation of a lemma, settled anew."""
    return next(obligations(Regime(8), [lemma])).settle()


def refuted(found: Verdict) -> bool:
    """Refuted, with a case."""
    return found.status == "refuted" and bool(found.countermodel)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("rightmost_match", "priority_match"),
        ("priority_match", "rightmost_match"),
        ("seq_max", "seq_min"),
        ("seq_or", "seq_and"),
    ],
)
def test_wrong_order(name: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other end of the order wins."""
    assert verdict(f"attention.{name}").status == "proved"
    build = OPERATORS[other].build
    monkeypatch.setitem(OPERATORS, name, dataclasses.replace(OPERATORS[name], build=build))
    assert refuted(verdict(f"attention.{name}"))


def test_dropped_tie_break(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rightmost match without its rank averages over ties."""
    plain = OPERATORS["exact_match"].build

    def build(query: Node, key: Node, worth: Node, place: Node, sink: Node) -> Node:
        return plain(query, key, worth, sink)

    monkeypatch.setitem(OPERATORS, "rightmost_match", dataclasses.replace(OPERATORS["rightmost_match"], build=build))
    assert refuted(verdict("attention.rightmost_match"))


def test_dropped_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    """A match without its sink gives some other position's value where nothing matches."""
    plain = OPERATORS["exact_match"].build

    def build(query: Node, key: Node, worth: Node, sink: Node) -> Node:
        return plain(query, key, worth, 0 * sink)

    monkeypatch.setitem(OPERATORS, "exact_match", dataclasses.replace(OPERATORS["exact_match"], build=build))
    found = next(attention.failures(OPERATORS["exact_match"]), None)
    assert found is not None and found["operator"] == "exact_match"


def test_codes_that_are_no_codes() -> None:
    """A vocabulary whose words have no bits: codes coincide, and are not read back."""
    blind = dataclasses.replace(BOOK, fields=BOOK.fields[1:])
    near = Codebook("near", BOOK.kinds, BOOK.payloads, (Field("word_bits", "word", "number"), *BOOK.fields[1:]))
    assert next(encoding.distance_failures(BOOK), None) is None is next(encoding.readout_failures(BOOK), None)
    assert next(encoding.distance_failures(blind))["distance"] == 0
    assert next(encoding.distance_failures(near))["distance"] == 1
    assert next(encoding.readout_failures(blind), None)


def test_instruction_with_swapped_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """rd and ra exchanged in the encoding: instructions are read as others."""
    original = LogLayout.instruction_tokens

    def exchanged(self: LogLayout, instruction):
        op, rd, ra, x = original(self, instruction)
        return op, ra, rd, x

    monkeypatch.setattr(LogLayout, "instruction_tokens", exchanged)
    assert next(encoding.instruction_failures(5, ""), None)


def test_places_without_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log places that forget whose they are coincide as soon as there are two processors."""
    original = LogLayout.block_places

    def forgetful(self: LogLayout, time: int):
        rows = original(self, time).copy()
        rows[:, 1] = 0
        return rows

    monkeypatch.setattr(LogLayout, "block_places", forgetful)
    found = next(encoding.place_failures(range(1, 5)))
    assert found["layout"] == "log" and found["processors"] == 2
