"""Family encoding (claim B), words: words and tokens, their codes, and how codes are read.

``efasp.codebook`` itself is run: with 2^w a symbol (which token is which word, and one bit of a code: all w), and at every
width on payloads whose bits are symbols (codes and their read-out, coordinate by coordinate). A countermodel is always a case
on which the codebook fails with plain numbers. Small exhaustions tie the symbolic runs to the code that runs.
Distances are in L1, the sum of absolute differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from efasp.codebook import Codebook, grown, positive, sign
from efasp.encoding import LogLayout, cell_places, log_places, vocabulary
from efasp.pram.isa import EXTENSIONS
from efasp.proofs.lemmas.encoding_codebooks import NOTHING, at_one_width, clock, every_width, refusal, table, token_failures
from efasp.proofs.lemmas.encoding_places import attempted, digits, first_width, places, under
from efasp.proofs.lemmas.encoding_round_trips import FAILURES
from efasp.proofs.lemmas.encoding_sequences import contents
from efasp.proofs.lemmas.encoding_start import obligations as openings
from efasp.proofs.lemmas.encoding_whole_sequences import SHAPES, starts
from efasp.proofs.lemmas.encoding_whole_sequences import sequences as whole
from efasp.proofs.obligation import Assignment, Batch, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.proofs.smtlib import FALSE, Script, Term, eq, land, le, lor, lt, num
from efasp.proofs.symbolic.codes import DISTANCE, GAP, discharged, distance_failures, readout_failures, row
from efasp.proofs.symbolic.machine import SIZE, Number, folded, of, paths
from efasp.proofs.symbolic.machine import word as any_word
from efasp.proofs.symbolic.sampler_decisions import READ_OUT

NARROW = 5  # the width of the exhaustions


# Words and tokens, for all w.


@dataclass(frozen=True)
class Named(Codebook):
    """A codebook whose first token ids have names in a script: ``offsets``, with the same values, as symbols."""

    offsets: tuple[Any, ...] = ()


def symbolic_book(script: Script, extension: str) -> Codebook:
    """The vocabulary of a width that is a symbol (lemma encoding.codebook); where its kinds begin is defined in the script."""
    book = table("tokens", any_word(script), extension)
    names = [f"from.{kind.name.replace(':', '.')}" for kind in book.kinds] + ["size"]
    begin = [folded(lambda i=i: Codebook.offsets.func(book)[i]) for i in range(len(names))]  # type: ignore[attr-defined, misc]
    by_name = tuple(Number(script.define(name, at)) for name, at in zip(names, begin, strict=True))
    return Named(book.name, book.kinds, book.payloads, book.fields, by_name)


def words_to_tokens(extension: str, n: tuple[int, int]) -> Obligation:
    """``split`` of ``token`` is the identity, kind by kind; a number that is not a payload of the kind is refused."""
    script = Script()
    book = symbolic_book(script, extension)
    payload: Any = Number(script.declare("payload", note="any integer"))
    goals = []
    for kind in book.kinds:
        top = {"word": SIZE, "reg": "8"}[kind.payloads[0]] if kind.payloads else "1"

        def there(name: str = kind.name) -> Any:
            token = refusal(lambda: book.token(name, payload))
            return None if token is None else refusal(lambda: book.split(token)) or NOTHING

        for conditions, found in paths(there):
            if found is None:
                right = lor(lt("payload", "0"), le(top, "payload"))
            else:
                right = land(le("0", "payload"), lt("payload", top), eq(of(found[1]), "payload"))
            goals.append(under(conditions, right if found is None or found[0] == kind.name else FALSE))
    return token_obligation(script, extension, "words to tokens", n, land(*goals), below(book, book.offsets[-2] + payload))


def tokens_to_words(extension: str, n: tuple[int, int]) -> Obligation:
    """``token`` of ``split`` is the identity, ``rows`` agrees with ``split``, and numbers that are not ids are refused."""
    script = Script()
    book = symbolic_book(script, extension)
    token: Any = Number(script.declare("token", note="any integer"))

    def back() -> Any:
        pair = refusal(lambda: book.split(token))
        rows = refusal(lambda: book.rows([token]))
        return pair, rows, None if pair is None else refusal(lambda: book.token(*pair))

    goals = []
    for conditions, (pair, rows, again) in paths(back):
        right = lor(lt("token", "0"), le("size", "token")) if pair is None is rows else FALSE
        if rows is not None and rows is not NOTHING and again is not None:
            same = (eq(of(a), of(b)) for a, b in zip(row(book, *pair), rows[0], strict=True))
            right = land(eq(of(again), "token"), *same)
        goals.append(under(conditions, right))
    return token_obligation(script, extension, "tokens to words", n, land(*goals), below(book, token))


def below(book: Codebook, token: Any) -> Term:
    """The case that a token comes before the first kind, though it is not negative: a search for its kind has it too."""
    return land(le("0", of(token)), lt(of(token), of(book.offsets[0])))


def token_obligation(script: Script, extension: str, way: str, n: tuple[int, int], goal: Term, never: Term) -> Obligation:
    """An obligation about the vocabularies of all widths; a model is taken to the vocabulary of its width, and of w = 5."""

    def replay(model: Assignment) -> dict[str, Any] | None:
        return first_width(lambda width: token_failures(vocabulary(width, extension)), model)

    params = {"ext": extension or "none", "from": way}
    return script.obligation("encoding.tokens", "B", params, "all n", n, goal, way, replay, [never])


# One bit of a code, for all w.


def one_bit(n: tuple[int, int]) -> Iterator[Obligation]:
    """Splitting off the lowest bit of a number and appending it by its sign are inverse; a number below 2^b has b bits.

    Hence b iterations of the read-out's loop, from 0, invert b iterations of the encoding's, for every number below 2^b.
    """
    script = Script()
    value: Any = Number(script.integer("value", 0, note="the number, or what is left of it"))
    script.integer("limit", 1, note="2^(b - 1)")
    script.definition(lt("value", "(* 2 limit)"))
    one, above = sign(value, 0), value >> 1
    again = eq(of(grown(above, positive(np.array([one], dtype=object))[0])), "value")
    goal = land(again, lor(eq(of(one), "1"), eq(of(one), num(-1))), le("0", of(above)), lt(of(above), "limit"))
    replay = partial(bit_failure, ("value",))
    yield script.obligation("encoding.bit", "B", {"of": "a number"}, "all n", n, goal, replay=replay)
    script = Script()
    above = Number(script.integer("above", 0, note="what was read of the higher bits"))
    one = Number(script.integer("one", 0, 1, note="whether the sign is positive"))
    value = grown(above, one)
    goal = land(eq(of(value >> 1), "above"), eq(of(sign(value, 0)), "(- (* 2 one) 1)"))
    replay = partial(bit_failure, ("above", "one"))
    yield script.obligation("encoding.bit", "B", {"of": "signs"}, "all n", n, goal, replay=replay)


def bit_failure(names: tuple[str, ...], model: Assignment) -> dict[str, Any] | None:
    """The number of a model, or the one that its signs are, where its bits do not give it back."""
    given = [int(model[name]) for name in names]
    value = given[0] if len(given) == 1 else 2 * given[0] + given[1]
    found, signs = 0, [sign(value, place) for place in range(value.bit_length() + 1)]
    for above in reversed(positive(np.array(signs)).tolist()):
        found = grown(found, above)
    right = all(one == (1 if value >> place & 1 else -1) for place, one in enumerate(signs))
    return None if found == value and right else {"number": value, "signs": signs, "read": int(found)}


# At each width.


def at_width(word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """Distances, read-out and capacity at one width."""
    scope = f"n <= {n[1]}"
    for extension in EXTENSIONS:
        book, params = vocabulary(word, extension), {"w": word, "ext": extension or "none"}
        discharge = partial(discharged, book, lambda codes: codes.distance() >= DISTANCE, distance_failures)
        yield Obligation("encoding.distance", "B", {**params, "of": "tokens"}, scope, n, "exact", repr(book), discharge)
        discharge = partial(discharged, book, lambda codes: codes.read_back() and codes.gap() >= GAP, readout_failures)
        yield Obligation("encoding.readout", "B", params, scope, n, "exact", repr(book), discharge, concludes=(READ_OUT.id,))
    for name, book in (("log places", log_places(word)), ("cell places", cell_places(word))):
        discharge = partial(discharged, book, lambda codes: codes.distance() >= DISTANCE, distance_failures)
        yield Obligation("encoding.distance", "B", {"w": word, "of": name}, scope, n, "exact", repr(book), discharge)
    yield from at_one_width(word, n)
    content = f"{log_places(word).payloads} {cell_places(word).payloads}"
    yield Obligation("encoding.capacity", "B", {"w": word}, scope, n, "exact", content, partial(capacity, word, n[1]))


def capacity(word: int, largest: int) -> Verdict:
    """The regime's ids, addresses and program counters are words, and its times 0..n are times of the log."""
    layout = LogLayout(word, "", 1, 1, 1)
    times = layout.latest + 1
    if times < max(1 << 16, 2 << word):
        return Verdict("refuted", "the codebooks' bits", {"w": word, "times": times, "expected": max(1 << 16, 2 << word)})
    limits = {
        "word": (1 << layout.vocabulary.bits["word"]) - 1,
        "index of the log": (1 << layout.codebook.bits["index"]) - 1,
        "index of the cells": (1 << cell_places(word).bits["index"]) - 1,
        "time": min(layout.latest, (1 << layout.codebook.bits["time"]) - 1) - 1,
    }
    for what, limit in limits.items():
        if limit < largest - 1:
            return Verdict("refuted", "the codebooks' bits", {"n": largest, "of": what, "last": limit})
    return Verdict("proved", "the codebooks' bits")


def tried(n: tuple[int, int]) -> Iterator[Obligation]:
    """The smallest vocabularies by exhaustion."""
    for extension in EXTENSIONS:
        book = vocabulary(NARROW, extension)
        items = [tuple(item) for item in book.rows(range(book.size)).tolist()]
        rows: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]]], ...] = (
            ("tokens", book.size, partial(token_failures, book, range(book.size))),
            ("distance", book.size**2, partial(distance_failures, book, items)),
            ("readout", book.size**2, partial(readout_failures, book, items)),
        )
        for what, cases, run in rows:
            params = {"of": what, "w": NARROW, "ext": extension or "none"}
            discharge = exhaustive(cases, run)
            yield Obligation(
                "encoding.tried", "B", params, f"exhaustive at w = {NARROW}", n, "exhaustive", repr(book), discharge
            )


TRIED = "some contents, P <= 5, M <= 4, L <= 7, T <= 2"  # the shapes of round trips and whole sequences


def sequences(width: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """Whole sequences of some shapes at one width: as the tables say, and read back."""
    tries: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        what: partial(failing, width) for what, failing in FAILURES.items()
    }
    tries["start"] = lambda: (case for shape in SHAPES for case in chain(starts(width, *shape), whole(width, *shape)))
    for what, failing in tries.items():
        discharge = partial(some, failing)
        params = {"of": what, "w": width}
        yield Obligation("encoding.tried", "B", params, f"n <= {n[1]}: {TRIED}", n, "exhaustive", TRIED, discharge)


def some(failing: Callable[[], Iterator[dict[str, Any]]]) -> Verdict:
    """The verdict on whether a list of cases has none that fails."""
    first = next(attempted(failing()), None)
    return Verdict("refuted" if first else "proved", "exhaustion of some cases with plain numbers", first)


@lemma
def words(regime: Regime) -> Iterator[Batch]:
    """Words are tokens, codes are far apart and read back: for all w, and at every width that n takes."""
    if regime.given is not None:
        return
    names: tuple[str, ...] = (
        "tokens",
        "codebook",
        "clock",
        "bit",
        "digits",
        "places",
        "instructions",
        "log",
        "cells",
        "initial",
        "start",
    )
    yield Batch(tuple(f"encoding.{name}" for name in names), {}, lambda: everywhere(regime.all_n))
    yield Batch(("encoding.tried",), {"w": NARROW}, lambda: tried((1, min(1 << NARROW, regime.n_max))))
    names = ("encoding.distance", "encoding.readout", "encoding.codebook", "encoding.capacity")
    for word, n in regime.widths():
        yield Batch(("encoding.tried",), {"w": word}, lambda w=word, n=n: sequences(w, n))  # type: ignore[misc]
        yield Batch(names, {"w": word}, lambda w=word, n=n: at_width(w, n))  # type: ignore[misc]


def everywhere(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about codes for all w at once."""
    for extension in EXTENSIONS:
        yield words_to_tokens(extension, n)
        yield tokens_to_words(extension, n)
    yield from every_width(n)
    yield from clock(n)
    yield from one_bit(n)
    yield from digits(n)
    yield from places(n)
    yield from contents(n)
    yield from openings(n)
