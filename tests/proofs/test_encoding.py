"""Family encoding: proved at narrow and wide words; broken codebooks and layouts are refuted on plain numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp import codebook
from efasp.codebook import Codebook, Field
from efasp.encoding import CellLayout, LogLayout, vocabulary
from efasp.places import Section
from efasp.tokens import Codec
from proofs import encoding, places, sequences
from proofs.codes import DISTANCE, GAP, Codes, distance_failures, readout_failures, settled
from proofs.counts import FACTS, TRUE
from proofs.numerals import Numeral, Undecided
from proofs.obligation import Machine, Obligation, Regime
from proofs.register import batches
from proofs.smt import evaluate, parse, satisfied
from tests.proofs.broken import refuted

N = (1, 64)


@pytest.mark.parametrize("word", [5, 6, 17, 40, 61, 64])
def test_every_width(word: int) -> None:
    """Distances, read-out and capacity, where exhaustion cannot reach too."""
    assert refuted(encoding.at_width(word, (1, 1 << word))) == {}


def test_all_widths_and_shapes() -> None:
    """Tokens, bits, places and contents, with the width and P, M, L, T as symbols; and the cases with plain numbers."""
    assert refuted(encoding.everywhere(N)) == {}
    assert refuted(encoding.tried(N)) == {}


def test_scopes() -> None:
    """What speaks of all n says so; every other obligation names the largest n, or what was tried."""
    made = [o for batch in encoding.words(Regime(100)) for o in batch.build()]
    assert {o.scope for o in made if o.kind == "smt"} == {"all n"}
    assert {(o.scope, o.n) for o in made if o.kind == "exact"} == {
        ("n <= 32", (1, 32)),
        ("n <= 64", (33, 64)),
        ("n <= 100", (65, 100)),
    }
    assert {o.lemma for o in made} == {name for batch in encoding.words(Regime(100)) for name in batch.lemmas}


def test_nothing_about_a_weights_file() -> None:
    """With weights given, the family has nothing to say."""
    given_weights: Any = (Machine(5, "mdm", "", (1, 32)), None)
    assert not list(encoding.words(Regime(32, given_weights)))
    assert list(batches(Regime(32), ["encoding.*"]))


# Codebooks that are broken.

BOOK = vocabulary(6)
BLIND = dataclasses.replace(BOOK, fields=BOOK.fields[1:])
NEAR = Codebook("near", BOOK.kinds, BOOK.payloads, (Field("word_bits", "word", "number"), *BOOK.fields[1:]))


def test_codes_that_are_no_codes() -> None:
    """Words without bits have one code; words that are told apart by a number are at distance 1, and not read back."""
    distances = {"blind": 0, "near": 1}
    for name, book in (("blind", BLIND), ("near", NEAR)):
        verdict = settled(book, lambda codes: codes.distance() >= DISTANCE, distance_failures)
        assert verdict.status == "refuted" and verdict.countermodel and verdict.countermodel["distance"] == distances[name]
        verdict = settled(book, lambda codes: codes.read_back() and codes.gap() >= GAP, readout_failures)
        assert verdict.status == "refuted" and verdict.countermodel


@pytest.mark.parametrize("book", [vocabulary(5), vocabulary(5, "M"), BLIND, Codebook.symbols("letters", "abc")], ids=str)
def test_bounds_are_attained(book: Codebook) -> None:
    """Distance and gap are those of the nearest codes, by trying all pairs."""
    codes, table = Codes(book), book.codes(book.rows(range(book.size)))
    products = table @ table.T
    pairs = [(a, b) for a, b in product(range(book.size), repeat=2) if a != b]
    assert codes.distance() == min(int(np.abs(table[a] - table[b]).sum()) for a, b in pairs)
    assert codes.gap() == min(int(products[a, a] - products[a, b]) for a, b in pairs)


def of_words(n: tuple[int, int]) -> Iterator[Obligation]:
    """Tokens without extension M, and bits."""
    yield encoding.words_to_tokens("", n)
    yield encoding.tokens_to_words("", n)
    yield from encoding.one_bit(n)


BREAKS: list[tuple[Any, str, Any, Callable[..., Iterator[Obligation]], set[str]]] = [
    (Codebook, "token", lambda self, kind, value=0: self.offsets[self.kind_index[kind]], of_words, {"encoding.tokens"}),
    (codebook, "sign", lambda value, place: 1 - 2 * ((value >> place) & 1), of_words, {"encoding.bit"}),
    (Section, "offset", lambda self, kind, payloads: 4 * payloads.get("index", 0) + kind, places.places, {"encoding.places"}),
    (LogLayout, "in_block", lambda self, kind, pid: self.at(kind, index=pid), places.places, {"encoding.places"}),
    (
        CellLayout,
        "slot_of",
        lambda self, cell, slot: self.at("memory") + 2 * cell + 1 - slot,
        places.places,
        {"encoding.places"},
    ),
    (
        Codec,
        "counter_token",
        lambda self, pc, status: self.word_token(pc),
        sequences.contents,
        {"encoding.log", "encoding.cells"},
    ),
    (
        Codec,
        "word_token",
        lambda self, word: self.vocabulary.token("word"),
        sequences.contents,
        {"encoding.log", "encoding.cells"},
    ),
    (
        LogLayout,
        "three",
        lambda self, block, pid: [block[self.in_block("value", pid)]] * 3,
        sequences.contents,
        {"encoding.log"},
    ),
]


@pytest.mark.parametrize(("where", "name", "new", "made", "lemmas"), BREAKS, ids=[str(entry[1]) for entry in BREAKS])
def test_broken(
    where: Any,
    name: str,
    new: Any,
    made: Callable[..., Iterator[Obligation]],
    lemmas: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One function exchanged: its own lemmas are refuted, each with a case of plain numbers, and no others."""
    monkeypatch.setattr(where, name, new)
    if where is codebook:
        monkeypatch.setattr(encoding, name, new)
    assert set(refuted(made(N))) == lemmas


# The arithmetic that the readings rest on.

VALUES = st.integers(0, 1023)
OPERATIONS: dict[str, Any] = {
    "plus": lambda x: x + 37,
    "minus": lambda x: 5 - x,
    "times": lambda x: 3 * x,
    "shift": lambda x: (x >> 3) & 1,
    "lowest": lambda x: x & 1,
    "higher": lambda x: x >> 2,
    "sign": lambda x: 2 * ((x >> 4) & 1) - 1,
    "positive": lambda x: 2 * ((x >> 4) & 1) - 1 > 0,
    "below": lambda x: x < 2000,
    "next bit": lambda x: ((x - 1) >> 1) & 1,
    "horner": lambda x: 2 * (x >> 1) + (x & 1),
    "all": lambda x: 0 <= x < 1024,
}


@given(VALUES, st.sampled_from(sorted(OPERATIONS)))
def test_numerals_are_numbers(value: int, name: str) -> None:
    """What is computed on bits that are symbols is what is computed on the number; a bit that is not known is a bit."""
    bits = {("x", place): value >> place & 1 for place in range(10)}
    found, expected = OPERATIONS[name](Numeral.of("x", 10)), OPERATIONS[name](value)
    if isinstance(found, Numeral) and any(bit[0] == "bit" for bit in found.terms):
        assert name == "next bit" and found.bounds == (0, 1)
    else:
        assert (found.value(bits) if isinstance(found, Numeral) else found) == expected


@pytest.mark.parametrize(
    "ask", [lambda x: x < 7, lambda x: x * x, lambda x: x & 2, bool, lambda x: x == 3, lambda x: (x + 1) >> 2 > 0]
)
def test_numerals_do_not_guess(ask: Any) -> None:
    """What depends on several bits is not decided."""
    with pytest.raises((Undecided, TypeError)):
        ask(Numeral.of("x", 4))


@given(st.integers(1, 50), st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50), st.sampled_from(sorted(FACTS)))
def test_facts_about_digits(size: int, q: int, d: int, top: int, name: str) -> None:
    """What scripts suppose of products and quotients is true of those of numbers."""
    terms = {"size": size, "q": q, "d": d, "x": q * size + d, "top": top}
    fact = getattr(TRUE, name)(*FACTS[name].split())
    assert evaluate(parse(fact)[0], terms) is True


SCRIPTS = list(places.places(N))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.data())
def test_hypotheses_are_those_of_machines(p: int, m: int, length: int, t: int, data: st.DataObject) -> None:
    """Every machine's shape and every position or place of it, with true products, satisfies what is supposed, and the goal."""
    model: dict[str, Any] = {"P": p, "M": m, "L": length, "T": t, "latest": 1023}
    for name, operator in (("times", "*"), ("quotient", "div"), ("remainder", "mod")):
        model[name] = f"(lambda ((a Int) (b Int)) ({operator} a b))"
    model["at"] = data.draw(st.integers(0, 1 + 4 * length))
    model |= {name: 0 for name in ("index", "time", "register", "slot")}
    model["time"] = data.draw(st.integers(0, t))
    obligation = data.draw(st.sampled_from(SCRIPTS))
    assert satisfied(obligation.hypotheses, model) and not satisfied(obligation.content, model)


def test_what_is_refused_is_left_out() -> None:
    """Contents are read of some tokens of every part, and not of all."""
    for _, _, kind, make in sequences.PARTS:
        found = list(sequences.accepted(kind(make("M"))))
        assert found and not any(token.kind == "bos" for _, _, one in found for _, token in list(one.tokens.values())[1:])
