"""Factored embeddings: rows, tokens, codes and their read-out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.codebook import Codebook, Field, Kind
from efasp.encoding import cell_places, log_places, vocabulary

SHARED = Codebook(
    "shared",
    (Kind("word", ("word",)), Kind("halted", ("word",)), Kind("reg", ("reg",)), Kind("mask")),
    (("word", 4), ("reg", 2)),
    (Field("word_bits", "word"), Field("reg_bits", "reg")),
)
BOOKS = [SHARED, Codebook.symbols("letters", "^abc"), Codebook.index(5), vocabulary(5), vocabulary(6, "M")]
named = pytest.mark.parametrize("book", BOOKS, ids=lambda book: f"{book.name}-{book.size}")


@named
def test_tokens_roundtrip(book: Codebook) -> None:
    """token and split are inverse on the whole vocabulary; kinds follow one another without gaps."""
    pairs = [book.split(token) for token in range(book.size)]
    assert [book.token(*pair) for pair in pairs] == list(range(book.size)) and len(set(pairs)) == book.size
    assert book.rows(range(book.size)).tolist() == [
        list(book.row(kind, **dict.fromkeys(book.kinds[book.kind_index[kind]].payloads, payload))) for kind, payload in pairs
    ]


@named
def test_read_is_argmax(book: Codebook) -> None:
    """On codes, read gives the token back, and it is the largest inner product with all codes less half its square norm."""
    codes = book.codes(book.rows(range(book.size)))
    assert book.read(codes).tolist() == list(range(book.size))
    signs = [name.name for name in book.fields if name.encode == "signs" and not name.shift]
    columns = [*range(len(book.kinds)), *(c for name in signs for c in book.slots[name])]
    table = codes[:, columns]
    nearest = 2 * table @ table.T - (table**2).sum(axis=1)
    assert nearest.argmax(axis=1).tolist() == list(range(book.size))


@named
def test_distance(book: Codebook) -> None:
    """Any two codes differ by 2 or more in L1, and every code is of the codebook's sort."""
    codes = book.codes(book.rows(range(book.size)))
    assert all(book.sort.admits(row) for row in codes.tolist())
    assert min(int(np.abs(a - b).sum()) for a, b in combinations(codes[:200], 2)) >= 2
    assert book.width == codes.shape[1] == book.sort.width


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([5, 16, 31, 40, 60, 61, 64]))
def test_large_vocabularies(data: st.DataObject, word: int) -> None:
    """token, split, codes and read agree for words of many bits, where no table could be made."""
    book = vocabulary(word, "M")
    kind = data.draw(st.sampled_from(book.kinds))
    payload = data.draw(st.integers(0, (1 << sum(book.bits[name] for name in kind.payloads)) - 1))
    token = book.token(kind.name, payload)
    assert book.split(token) == (kind.name, payload)
    code = book.codes(book.rows([token]))
    assert book.read(code).tolist() == [token]
    noise = data.draw(st.lists(st.floats(-0.4, 0.4), min_size=book.width, max_size=book.width))
    assert book.read(code + np.array(noise)).tolist() == [token]


def decode(book: Codebook, code: list[int]) -> tuple[int, ...]:
    """The row of a code, read from flags, signed bits and numbers (independent of ``codes``)."""
    (kind,) = [i for i in range(len(book.kinds)) if code[i] == 1]
    payloads = dict.fromkeys(book.bits, 0)
    for field in book.fields:
        if field.payload in book.kinds[kind].payloads and not field.shift and field.encode == "signs":
            payloads[field.payload] = sum((code[c] == 1) << i for i, c in enumerate(book.slots[field.name]))
    return (kind, *payloads.values())


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([log_places(5), log_places(20), cell_places(5), cell_places(60), log_places(62)]))
def test_places(data: st.DataObject, book: Codebook) -> None:
    """The code of a place tells its kind and every payload; shifted fields and numbers say what they should."""
    kind = data.draw(st.sampled_from(book.kinds))
    payloads = {name: data.draw(st.integers(0, (1 << book.bits[name]) - 1)) for name in kind.payloads}
    row = book.row(kind.name, **payloads)
    (code,) = book.codes(np.array([row], dtype=object)).tolist()
    assert decode(book, code) == row and code[book.slots["one"].start] == 1 and book.sort.admits(code)
    if "time" in payloads:
        bits = len(book.slots["prev_bits"])
        before = sum((code[c] == 1) << i for i, c in enumerate(book.slots["prev_bits"]))
        assert before == (payloads["time"] - 1) % (1 << bits) and code[book.slots["clock"].start] == payloads["time"]
    absent = [f for f in book.fields if f.payload not in payloads]
    assert all(code[c] == 0 for field in absent for c in book.slots[field.name])


def test_index() -> None:
    """Plain positions: number, square and bits; beyond 64 bits too."""
    codes = Codebook.index(3).codes([[0, i] for i in range(8)])
    slots = Codebook.index(3).slots
    assert codes[:, slots["number"].start].tolist() == list(range(8))
    assert codes[:, slots["square"].start].tolist() == [i * i for i in range(8)]
    (big,) = Codebook.index(70).codes(np.array([[0, (1 << 70) - 1]], dtype=object)).tolist()
    assert big[Codebook.index(70).slots["square"].start] == ((1 << 70) - 1) ** 2


def test_errors() -> None:
    """Unknown kinds, foreign payloads, values too large, ids outside, and ambiguous codebooks are refused."""
    for wrong, message in [
        (lambda: SHARED.row("cell"), "shared: expected a kind of word, halted, reg, mask, found 'cell'"),
        (lambda: SHARED.row("word"), "shared word: expected payloads"),
        (lambda: SHARED.row("mask", word=1), "shared mask: expected payloads"),
        (lambda: SHARED.row("reg", reg=4), r"shared reg: reg: expected 0\.\.3, found 4"),
        (lambda: SHARED.token("word", -1), r"word: expected 0\.\.15, found -1"),
        (lambda: SHARED.token("mask", 1), "expected no payload, found 1"),
        (lambda: SHARED.token("cell"), "expected a kind"),
        (lambda: SHARED.rows([SHARED.size]), "expected token ids"),
        (lambda: SHARED.rows([-1]), "expected token ids"),
        (lambda: log_places(5).size, "more than one payload"),
        (lambda: Codebook("twice", (Kind("a"), Kind("a"))).slots, "two coordinates named 'a'"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()
    assert SHARED.rows([]).shape == (0, 3)


@pytest.mark.parametrize("bits", [30, 31, 32, 63, 64, 65])
def test_rows_of_many_bits_given_as_lists(bits: int) -> None:
    """Rows that are lists have the codes of rows that are arrays: their numbers never become floats."""
    book = vocabulary(bits)
    rows = [book.row("word", word=(1 << bits) - 1), book.row("word", word=1 << bits - 1)]
    codes = book.codes(rows)
    assert (codes == book.codes(np.array(rows, dtype=object))).all() and (
        book.read(codes) == [(1 << bits) - 1, 1 << bits - 1]
    ).all()
