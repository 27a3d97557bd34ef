"""Family encoding: proved at narrow and wide words; broken codebooks and layouts are refuted on plain numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp import codebook
from efasp import encoding as layouts
from efasp import places as all_places
from efasp.codebook import Codebook, Field
from efasp.encoding import CellLayout, Event, LogLayout, vocabulary
from efasp.places import Section
from efasp.pram import machine
from efasp.proofs.lemmas import (
    encoding,
    encoding_codebooks,
    encoding_places,
    encoding_sequences,
    encoding_start,
    encoding_whole_sequences,
    simulation_processors,
)
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.proofs.registry import batches
from efasp.proofs.smtlib import evaluate, parse, satisfied
from efasp.proofs.symbolic.bit_integers import Numeral, Undecided
from efasp.proofs.symbolic.codes import DISTANCE, GAP, Codes, discharged, distance_failures, readout_failures
from efasp.proofs.symbolic.counts import FACTS, TRUE
from efasp.tokens import Codec
from tests.proofs.broken import refuted

N = (1, 64)


@pytest.mark.parametrize("word", [5, 17, 64, *(pytest.param(w, marks=pytest.mark.slow) for w in (6, 40, 61))])
def test_every_width(word: int) -> None:
    """Distances, read-out and capacity, where exhaustion cannot reach too."""
    assert refuted(encoding.at_width(word, (1, 1 << word))) == {}


def test_all_widths_and_shapes() -> None:
    """Tokens, bits, places and contents, with the width and P, M, L, T as symbols; and the cases with plain numbers."""
    assert refuted(encoding.everywhere(N)) == {}
    assert refuted(encoding.tried(N)) == {}
    assert refuted(encoding.sequences(6, N)) == {}


def test_scopes() -> None:
    """What speaks of all n says so; every other obligation names the largest n, or what was tried."""
    made = [o for batch in encoding.words(Regime(100)) for o in batch.build()]
    assert {o.scope for o in made if o.kind == "smt"} == {"all n", "T = 0, 1, 2, 65"}
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
    """Words without bits have one code; words that are distinguished by a number are at distance 1, and not read back."""
    distances = {"blind": 0, "near": 1}
    for name, book in (("blind", BLIND), ("near", NEAR)):
        verdict = discharged(book, lambda codes: codes.distance() >= DISTANCE, distance_failures)
        assert verdict.status == "refuted" and verdict.countermodel and verdict.countermodel["distance"] == distances[name]
        verdict = discharged(book, lambda codes: codes.read_back() and codes.gap() >= GAP, readout_failures)
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
    (
        Section,
        "offset",
        lambda self, kind, payloads: 4 * payloads.get("index", 0) + kind,
        encoding_places.places,
        {"encoding.places"},
    ),
    (LogLayout, "in_block", lambda self, kind, pid: self.at(kind, index=pid), encoding_places.places, {"encoding.places"}),
    (
        CellLayout,
        "slot_of",
        lambda self, cell, slot: self.at("memory") + 2 * cell + 1 - slot,
        encoding_places.places,
        {"encoding.places"},
    ),
    (
        Codec,
        "counter_token",
        lambda self, pc, status: self.word_token(pc),
        encoding_sequences.contents,
        {"encoding.log", "encoding.cells"},
    ),
    (
        Codec,
        "word_token",
        lambda self, word: self.vocabulary.token("word"),
        encoding_sequences.contents,
        {"encoding.log", "encoding.cells"},
    ),
    (
        LogLayout,
        "three",
        lambda self, block, pid: [block[self.in_block("value", pid)]] * 3,
        encoding_sequences.contents,
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


def guarded(name: str, new: Any) -> Any:
    """A method of the log's layout that is another one at w = 6."""
    old = getattr(LogLayout, name)
    return lambda self, *given: new(self, *given) if self.word == 6 else old(self, *given)


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("start", lambda self: self.block(0, [Event(1, "running")] * self.processors)),
        ("start", lambda self: self.block(0, [Event(0, "running")] * (self.processors - 1))),
        ("opening", lambda self, program: self.prompt(program)),
        ("masks", lambda self, time: self.masked(self.times(time).start, self.times(time + 1).stop)),
        ("block_token", lambda self, events, row: self.event_tokens(events[row[1]])[0]),
    ],
)
def test_base_case_at_another_width(name: str, new: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sequence that is wrong at w = 6 alone is refuted, with a case of plain numbers of that width."""
    monkeypatch.setattr(LogLayout, name, guarded(name, new))
    found = refuted(encoding_start.obligations(N))
    assert set(found) == {"encoding.start"} and found["encoding.start"]["w"] == 6


class Backwards:
    """A tuple of some size, or a table of any, from its end."""

    def __init__(self, values: Any, size: Any) -> None:
        self.values, self.size = values, size

    def __getitem__(self, index: Any) -> Any:
        return self.values[self.size - 1 - index]


def test_cells_with_memory_reversed_at_another_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, at w = 6 alone, memory stands from its end: refuted, with a case of plain numbers of that width."""
    right = CellLayout.encode

    def wrong(self: Any, program: Any, state: Any, slots: Any = None) -> Any:
        if self.word == 6:
            rest = {name: getattr(state, name) for name in ("registers", "pc", "status")}
            state = SimpleNamespace(memory=Backwards(state.memory, self.memory), **rest)
        return right(self, program, state, slots)

    monkeypatch.setattr(CellLayout, "encode", wrong)
    found = refuted(encoding_start.obligations(N))
    assert set(found) == {"encoding.start"} and found["encoding.start"]["w"] == 6


def test_a_start_with_counter_1_at_another_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """The initial configuration with every program counter 1 at w = 6 alone is refuted, and so is what is made of it."""
    right = machine.initial

    def wrong(program: Any) -> Any:
        state = right(program)
        return dataclasses.replace(state, pc=(1,) * program.processors) if program.word == 6 else state

    for module in (machine, encoding_start, encoding_whole_sequences, layouts):
        monkeypatch.setattr(module, "initial", wrong)
    found = refuted(encoding_start.obligations(N))
    assert "encoding.initial" in found and found["encoding.initial"]["w"] == 6


@pytest.mark.parametrize("size", ["processors", "memory"])
@pytest.mark.parametrize("least", [4, 40])
def test_base_case_of_larger_machines(size: str, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Initial configurations and sequences that are wrong from some size on are refuted, with a case of that size."""
    right = machine.initial

    def wrong(program: Any) -> Any:
        state = right(program)
        if getattr(program, size) >= least:
            return dataclasses.replace(state, pc=(1,) * program.processors)
        return state

    for module in (machine, encoding_start, encoding_whole_sequences, layouts):
        monkeypatch.setattr(module, "initial", wrong)
    monkeypatch.setattr(
        LogLayout, "start", lambda self: self.block(int(getattr(self, size) >= least), [Event(0, "running")] * self.processors)
    )
    found = refuted(encoding_start.obligations(N))
    assert set(found) == {"encoding.initial", "encoding.start"}
    assert all(case["P" if size == "processors" else "M"] >= least for case in found.values())


def test_turns() -> None:
    """What a processor does to a configuration, and the loops, for every P."""
    assert refuted(simulation_processors.turns(N)) == {}


@pytest.mark.parametrize("late", [4, 64])
def test_turns_of_later_processors(late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that does something else from some number on is found, in the machine and in the log."""
    take, apply = machine._take, LogLayout.take

    def wrong(state: Any, pid: Any, effect: Any, stopped: Any) -> None:
        take(state, pid, effect, stopped)
        if pid >= late:
            state.pc[pid] = 0

    monkeypatch.setattr(machine, "_take", wrong)
    monkeypatch.setattr(
        LogLayout, "take", lambda self, state, pid, event: apply(self, state, pid, event if pid < late else Event(0, "halted"))
    )
    assert set(refuted(simulation_processors.turns(N))) == {"simulation.advance", "simulation.apply"}


def test_clock_of_too_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of one bit more than the word, but of 6 at least, is refuted: where the places have it too, and where not."""
    short = lambda word: max(6, word + 1)  # noqa: E731
    for modules in ((layouts, encoding_codebooks), (layouts, encoding_codebooks, all_places)):
        for module in modules:
            monkeypatch.setattr(module, "clock_bits", short)
        all_places.log_places.cache_clear()
        try:
            found = refuted(encoding_codebooks.clock(N))
        finally:
            all_places.log_places.cache_clear()  # other tests have the places of the right clock
        assert set(found) == {"encoding.clock"} and found["encoding.clock"]["times"] < 1 << 16


@pytest.mark.parametrize("width", [5, 6, 8, 17])
def test_sequences_are_those_of_the_tables(width: int) -> None:
    """Larger sequences than every check tries, with plain numbers."""
    shape = encoding_whole_sequences.LARGE if width > 6 else (17, 19, 20, 18, 3)
    assert not list(encoding_whole_sequences.starts(width, *shape)) and not list(
        encoding_whole_sequences.sequences(width, *shape)
    )


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
    """Computations on symbolic bits agree with those on the number; an unknown bit is a bit."""
    bits = {("x", place): value >> place & 1 for place in range(10)}
    found, expected = OPERATIONS[name](Numeral.of("x", 10)), OPERATIONS[name](value)
    if isinstance(found, Numeral) and any(bit[0] == "bit" for bit in found.terms):
        assert name == "next bit" and found.bounds == (0, 1)
    else:
        assert (found.value(bits) if isinstance(found, Numeral) else found) == expected


@pytest.mark.parametrize(
    "ask", [lambda x: x < 7, lambda x: x * x, lambda x: x & 2, bool, lambda x: x == 3, lambda x: (x + 1) >> 2 > 0]
)
def test_numerals_are_undecided_where_bits_do_not_decide(ask: Any) -> None:
    """What depends on several bits is not decided."""
    with pytest.raises((Undecided, TypeError)):
        ask(Numeral.of("x", 4))


@given(st.integers(1, 50), st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50), st.sampled_from(sorted(FACTS)))
def test_facts_about_digits(size: int, q: int, d: int, top: int, name: str) -> None:
    """What scripts assume of products and quotients is true of those of numbers."""
    terms = {"size": size, "q": q, "d": d, "x": q * size + d, "top": top}
    fact = getattr(TRUE, name)(*FACTS[name].split())
    assert evaluate(parse(fact)[0], terms) is True


SCRIPTS = list(encoding_places.places(N))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.data())
def test_hypotheses_are_those_of_machines(p: int, m: int, length: int, t: int, data: st.DataObject) -> None:
    """Every machine's shape and every position or place of it, with true products, satisfies what is assumed, and the goal."""
    model: dict[str, Any] = {"P": p, "M": m, "L": length, "T": t, "latest": 1023, "w": 5, "words": 32}
    for name, operator in (("times", "*"), ("quotient", "div"), ("remainder", "mod")):
        model[name] = f"(lambda ((a Int) (b Int)) ({operator} a b))"
    model["at"] = data.draw(st.integers(0, 1 + 4 * length))
    model |= {name: 0 for name in ("index", "time", "register", "slot")}
    model["time"] = data.draw(st.integers(0, t))
    obligation = data.draw(st.sampled_from(SCRIPTS))
    assert satisfied(obligation.hypotheses, model) and not satisfied(obligation.content, model)


def test_what_is_refused_is_left_out() -> None:
    """Contents are read of some tokens of every part, and not of all."""
    for _, _, kind, make in encoding_sequences.PARTS:
        found = list(encoding_sequences.accepted(kind(make.any("M"))))
        assert found and not any(token.kind == "bos" for _, _, one in found for _, token in list(one.tokens.values())[1:])
