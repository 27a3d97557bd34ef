"""Factored embeddings: token ids and positions to kind flags and signed bits, without a table of 2^w rows.

A *codebook* is a list of kinds, each with named payloads of fixed bit lengths. One item (a token, or a place in the
sequence) is a *row* of integers ``(kind, payload 0, payload 1, ...)``. Its code is one flag a kind, the constant 1 and,
for each field, the payload's bits as -1/+1 (all 0 where the kind has no such payload), or a number derived from it.
Injective by construction: the flags name the kind and the bits the payload; two codes differ by at least 2 in L1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from efasp.sorts import Flag, Int, Signs, Sort, Vector


def sign(value: Any, place: int) -> Any:
    """Bit ``place`` of a number as -1 or +1; of an array one by one."""
    return 2 * ((value >> place) & 1) - 1


def grown(value: Any, positive: Any) -> Any:
    """A number with one more bit, below the others: 1 where the bit's sign is positive. Of arrays one by one."""
    return 2 * value + positive


@dataclass(frozen=True)
class Kind:
    """A kind of item: its name and the payloads that it carries, by name."""

    name: str
    payloads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """A field of the code: ``payload + shift`` as ``bits`` signed bits, as one number, or as the number's square."""

    name: str
    payload: str
    encode: Literal["signs", "number", "square"] = "signs"
    shift: int = 0


@dataclass(frozen=True)
class Codebook:
    """A factored embedding. ``payloads``: (name, bits) pairs. Items of different kinds may share payload names."""

    name: str
    kinds: tuple[Kind, ...]
    payloads: tuple[tuple[str, int], ...] = ()
    fields: tuple[Field, ...] = ()

    @staticmethod
    def symbols(name: str, symbols: Iterable[str]) -> Codebook:
        """A small vocabulary: one kind a symbol, so the code is one-hot."""
        return Codebook(name, tuple(Kind(symbol) for symbol in symbols))

    @staticmethod
    def index(bits: int, name: str = "position") -> Codebook:
        """Plain positions 0..2^bits-1: the number, its square and its bits."""
        fields = (Field("bits", "index"), Field("number", "index", "number"), Field("square", "index", "square"))
        return Codebook(name, (Kind("at", ("index",)),), (("index", bits),), fields)

    @cached_property
    def bits(self) -> dict[str, int]:
        """The bit length of each payload, by name."""
        return dict(self.payloads)

    @cached_property
    def kind_index(self) -> dict[str, int]:
        """The number of each kind, by name."""
        return {kind.name: number for number, kind in enumerate(self.kinds)}

    @cached_property
    def slots(self) -> dict[str, range]:
        """Coordinates of the code: each kind's flag, ``one``, and each field, by name."""
        slots, at = {}, 0
        widths = [(kind.name, 1) for kind in self.kinds] + [("one", 1)]
        widths += [(field.name, self.bits[field.payload] if field.encode == "signs" else 1) for field in self.fields]
        for name, width in widths:
            if name in slots:
                raise ValueError(f"codebook {self.name}: two coordinates named {name!r}")
            slots[name] = range(at, at + width)
            at += width
        return slots

    @property
    def width(self) -> int:
        """Number of coordinates of a code."""
        return next(reversed(self.slots.values())).stop

    @cached_property
    def sort(self) -> Vector:
        """The sort of a code, coordinate by coordinate."""
        parts: list[Sort] = [Flag() for _ in self.kinds] + [Int(1, 1)]
        for field in self.fields:
            top = (1 << self.bits[field.payload]) - 1
            if field.encode == "signs":
                parts.append(Signs(self.bits[field.payload]))
            elif field.encode == "number":
                parts.append(Int(min(0, field.shift), max(0, top + field.shift)))
            else:
                parts.append(Int(0, max(field.shift**2, (top + field.shift) ** 2)))
        return Vector(tuple(parts))

    def row(self, kind: str, **payloads: int) -> tuple[int, ...]:
        """The row of an item; raises ValueError for an unknown kind, a missing or foreign payload, or one too large."""
        self._admit(kind, payloads)
        return (self.kind_index[kind], *(payloads.get(name, 0) for name, _ in self.payloads))

    def _admit(self, kind: str, payloads: Mapping[str, int]) -> None:
        """Raises ValueError as ``row`` does."""
        if kind not in self.kind_index:
            raise ValueError(f"{self.name}: expected a kind of {', '.join(self.kind_index)}, found {kind!r}")
        expected = self.kinds[self.kind_index[kind]].payloads
        if set(payloads) != set(expected):
            raise ValueError(f"{self.name} {kind}: expected payloads {expected}, found {tuple(payloads)}")
        for name, value in payloads.items():
            if not 0 <= value < 1 << self.bits[name]:
                raise ValueError(f"{self.name} {kind}: {name}: expected 0..{(1 << self.bits[name]) - 1}, found {value}")

    def codes(self, rows: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """The codes of rows: an integer array (N, width); int64, or objects where a number would not fit."""
        wide = any(2 * self.bits[f.payload] + 2 >= 63 for f in self.fields)
        given = rows if isinstance(rows, np.ndarray) else np.array(rows, dtype=object if wide else None)  # never as floats
        table = given.reshape(-1, 1 + len(self.payloads))
        exact = object if wide or table.dtype == object else np.int64
        out = np.zeros((len(table), self.width), dtype=exact)
        kinds = table[:, 0].astype(np.int64)
        out[np.arange(len(table)), kinds] = 1
        out[:, self.slots["one"].start] = 1
        for field in self.fields:
            column = 1 + [name for name, _ in self.payloads].index(field.payload)
            present = np.array([field.payload in kind.payloads for kind in self.kinds])[kinds]
            value = table[:, column].astype(exact) + field.shift
            slot = self.slots[field.name]
            if field.encode == "signs":
                for place, coordinate in enumerate(slot):
                    out[:, coordinate] = sign(value, place) * present
            else:
                out[:, slot.start] = (value if field.encode == "number" else value * value) * present
        return out

    # Token ids: kinds one after the other, each as long as its payload has values.

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """First token id of each kind, and after the last the size of the vocabulary. A kind has one payload at most."""
        offsets = [0]
        for kind in self.kinds:
            if len(kind.payloads) > 1:
                raise ValueError(f"{self.name}: {kind.name} has more than one payload and so no token ids")
            offsets.append(offsets[-1] + (1 << sum(self.bits[name] for name in kind.payloads)))
        return tuple(offsets)

    @cached_property
    def size(self) -> int:
        """Number of tokens."""
        return self.offsets[-1]

    @cached_property
    def dtype(self) -> type:
        """The dtype for arrays of token ids: int64, or objects where an id needs more."""
        return np.int64 if isinstance(self.size, int) and self.size < 1 << 63 else object

    def token(self, kind: str, value: int = 0) -> int:
        """The id of a token; raises ValueError as ``row`` does."""
        names = self.kinds[self.kind_index[kind]].payloads if kind in self.kind_index else ()
        if not names and value:
            raise ValueError(f"{self.name} {kind}: expected no payload, found {value}")
        self._admit(kind, dict.fromkeys(names, value))
        return self.offsets[self.kind_index[kind]] + value

    def _kind(self, token: int) -> int:
        """The number of a token id's kind."""
        return bisect_right(self.offsets, token) - 1

    def split(self, token: int) -> tuple[str, int]:
        """Kind and payload of a token id; raises ValueError for an id outside the vocabulary."""
        if not 0 <= token < self.size:
            raise ValueError(f"{self.name}: expected a token id in 0..{self.size - 1}, found {token}")
        kind = self._kind(token)
        return self.kinds[kind].name, token - self.offsets[kind]

    def spelled(self, token: int) -> str:
        """A token's kind, with a colon and the payload where it has one; raises ValueError as ``split`` does."""
        kind, value = self.split(token)
        return f"{kind}:{value}" if self.kinds[self.kind_index[kind]].payloads else kind

    def rows(self, tokens: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows of token ids, an array (N, 1 + payloads) of ``dtype``; raises ValueError as ``split`` does."""
        ids: np.ndarray = np.asarray(tokens, dtype=self.dtype)
        if ids.size and not (ids.min() >= 0 and ids.max() < self.size):
            raise ValueError(f"{self.name}: expected token ids in 0..{self.size - 1}, found {ids.min()}..{ids.max()}")
        kinds = np.array([self._kind(token) for token in ids.tolist()], dtype=np.int64)
        values = ids - np.array(self.offsets, dtype=self.dtype)[kinds]
        out: np.ndarray = np.zeros((len(ids), 1 + len(self.payloads)), dtype=self.dtype)
        out[:, 0] = kinds
        for column, (name, _) in enumerate(self.payloads, 1):
            carries = np.array([name in kind.payloads for kind in self.kinds])[kinds]
            out[:, column] = values * carries
        return out

    def read(self, outputs: np.ndarray) -> np.ndarray:
        """Token ids from code-shaped outputs (N, width): the largest flag names the kind, the signs the payload.

        Equals argmax over all codes when the outputs are codes (lemma of family encoding).
        """
        kinds = np.argmax(outputs[:, : len(self.kinds)], axis=1)
        ids: np.ndarray = np.array(self.offsets[:-1], dtype=self.dtype)[kinds]
        for field in self.fields:
            if field.encode != "signs" or field.shift:
                continue
            carries = np.array([field.payload in kind.payloads for kind in self.kinds])[kinds]
            value: np.ndarray = np.zeros(len(ids), dtype=self.dtype)
            slot = self.slots[field.name]
            bits = positive(outputs[:, slot.start : slot.stop]).T
            for bit in reversed(bits):
                value = grown(value, bit)
            ids = ids + value * carries
        return ids


def positive(values: np.ndarray) -> np.ndarray:
    """Where values are above 0; of objects, objects that say so."""
    return np.greater(values, 0, dtype=object if values.dtype == object else None)  # type: ignore[no-any-return]
