"""Every family of obligations refutes a construction that is broken on purpose, with a countermodel."""

from __future__ import annotations

import dataclasses

import pytest

from efasp.operators import OPERATORS
from efasp.proofs.lemmas import attention
from efasp.proofs.obligation import Regime, Verdict
from efasp.proofs.registry import obligations
from efasp.syntax import Node


def verdict(lemma: str) -> Verdict:
    """The first obligation of a lemma, discharged anew."""
    return next(obligations(Regime(8), [lemma])).discharge()


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
