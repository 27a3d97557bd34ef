"""Places of a sequence, as rows of a place codebook and as positions; and sequences, which are tokens with their places.

Both layouts are lists of sections. The arithmetic from positions to places and back is written once, for integers and symbols
alike: sequences are made and read by it, and the lemmas about places run it on symbols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from efasp.codebook import Codebook, Field, Kind

FIELDS = ("op", "rd", "ra", "x")  # the tokens of an instruction
LOG_SLOTS = ("counter", "target", "value")  # the tokens of one processor's step
Row = tuple[int, ...]  # a place as a row of the place codebook: number of the kind, then the payloads


def clock_bits(word: int) -> int:
    """Bits of a time in the log: 16, or one more than the word where that is longer (so that T = n = 2^w fits)."""
    return max(16, word + 1)


_PROMPT = (Kind("bos"), Kind("nproc"), *(Kind(name, ("index",)) for name in FIELDS))


@cache
def log_places(word: int) -> Codebook:
    """Places of the log layout. ``prev_bits`` are the bits of the time before."""
    kinds = (*_PROMPT, Kind("memory", ("index",)), *(Kind(name, ("index", "time")) for name in LOG_SLOTS))
    fields = (
        Field("index_bits", "index"),
        Field("time_bits", "time"),
        Field("prev_bits", "time", shift=-1),
        Field("clock", "time", "number"),
    )
    return Codebook("place", kinds, (("index", word), ("time", clock_bits(word))), fields)


@cache
def cell_places(word: int) -> Codebook:
    """Places of the cell layout. ``slot`` tells the two slots of a cell apart."""
    kinds = (
        *_PROMPT,
        Kind("memory", ("index", "slot")),
        Kind("register", ("index", "register", "slot")),
        Kind("counter", ("index", "slot")),
    )
    fields = (Field("index_bits", "index"), Field("register_bits", "register"), Field("slot_bits", "slot"))
    return Codebook("place", kinds, (("index", word), ("register", 3), ("slot", 1)), fields)


@dataclass(frozen=True)
class Section:
    """Consecutive places: for every value of the axes, outer ones first, one place of each kind.

    ``kinds``: kinds that follow one another in the place codebook; ``axes``: payloads, each with the number of its values.
    """

    kinds: tuple[str, ...]
    axes: tuple[tuple[str, int], ...] = ()

    @cached_property
    def length(self) -> int:
        """Number of places."""
        count = len(self.kinds)
        for _, size in self.axes:
            count = size * count
        return count

    def offset(self, kind: int, payloads: Mapping[str, int]) -> int:
        """How many places of the section come before one: that of the kind with this number among ``kinds``."""
        at = 0
        for name, size in self.axes:
            at = at * size + payloads[name]
        return at * len(self.kinds) + kind

    def place(self, offset: int) -> tuple[int, dict[str, int]]:
        """Inverse of ``offset``: number of the kind, and payloads."""
        at, kind = divmod(offset, len(self.kinds))
        payloads = {}
        for name, size in reversed(self.axes[1:]):
            at, payloads[name] = divmod(at, size)
        for name, _ in self.axes[:1]:
            payloads[name] = at
        return kind, payloads


def place(sections: Sequence[Section], codebook: Codebook, position: int) -> Row:
    """The place at a position; raises IndexError where there is none."""
    offset = position
    for section in sections:
        if 0 <= offset < section.length:
            kind, payloads = section.place(offset)
            first = codebook.kind_index[section.kinds[0]]
            return (first + kind, *[payloads.get(name, 0) for name in codebook.bits])
        offset = offset - section.length
    raise IndexError(f"position: expected one of the sequence, found {position}")


def position(sections: Sequence[Section], codebook: Codebook, row: Row) -> int:
    """Inverse of ``place``; raises IndexError for a kind that no section has."""
    start = 0
    for section in sections:
        kind = row[0] - codebook.kind_index[section.kinds[0]]
        if 0 <= kind < len(section.kinds):
            return start + section.offset(kind, dict(zip(codebook.bits, row[1:], strict=True)))
        start = start + section.length
    raise IndexError(f"place: expected a kind of the layout, found number {row[0]}")


@dataclass(frozen=True)
class TokenSequence:
    """Tokens and their places, which are all of a transformer's input.

    Arrays of int64, or of objects where the ids of a vocabulary need more (``Codebook.dtype``).
    """

    tokens: np.ndarray
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, positions: slice) -> TokenSequence:
        """A part."""
        return TokenSequence(self.tokens[positions], self.places[positions])


def join(parts: Sequence[TokenSequence]) -> TokenSequence:
    """The concatenation of sequences of tokens and places."""
    return TokenSequence(np.concatenate([p.tokens for p in parts]), np.concatenate([p.places for p in parts]))
