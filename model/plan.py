"""The layer plan: an encoder transformer with exact rational matrices and named residual coordinates.

``h = TE + PE``; then layers of multi-head attention and a ReLU feed-forward block with residual connections; then a linear
read-out. The matrices are sparse and exact; the torch module loads them and nothing else. The third reading of a
construction: ``Plan.forward`` is exact, and agrees with evaluation and with the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, TypedDict, TypeVar

import numpy as np

from efasp.codebook import Codebook
from efasp.evaluate import place_rows
from efasp.exact import Matrix, average_hard, narrow
from efasp.sorts import Interval, Number


@dataclass(frozen=True)
class Head:
    """One head: ``q`` and ``k`` of shape (d_qk, d_model), ``v`` (d_v, d_model), ``o`` (d_model, d_v).

    ``q_size``, ``k_size``: for each of the d_qk components its largest absolute value, by the sorts of the program; ``whole``:
    by them all components are integers; ``single``: one position has the highest score, whatever the sequence is
    (``model.winners``).
    """

    q: Matrix
    k: Matrix
    v: Matrix
    o: Matrix
    q_size: tuple[Number, ...]
    k_size: tuple[Number, ...]
    whole: bool = False
    single: bool = False


@dataclass(frozen=True)
class Layer:
    """Attention, then feed-forward: ``up`` (d_ff, d_model), ``bias`` (d_ff), ``down`` (d_model, d_ff)."""

    heads: tuple[Head, ...]
    up: Matrix
    bias: tuple[Number, ...]
    down: Matrix


@dataclass(frozen=True)
class Resident:
    """A residual coordinate's content: a named value, an integer between ``low`` and ``high``, also while it is incomplete.

    Sublayer ``born`` writes it (several may add to it), ``last`` is the last that reads it.

    Sublayers: 0 the embedding, 2 l - 1 the attention and 2 l the feed-forward block of layer l.
    """

    coordinate: int
    name: str
    born: int
    last: int
    low: Number
    high: Number


Size = TypeVar("Size")  # int, or a term where a shape is a closed form


class LayerShape(TypedDict, Generic[Size]):
    """Number of heads, the larger of their d_qk and d_v, and d_ff."""

    heads: Size
    d_head: Size
    d_ff: Size


class TransformerShape(TypedDict, Generic[Size]):
    """The sizes of a transformer, as a weights file's header has them."""

    d_model: Size
    d_out: Size
    layers: list[LayerShape[Size]]


@dataclass(frozen=True)
class Plan:
    """A compiled program. ``token`` and ``place``, (d_model, code width), embed codes; ``out`` and ``out_bias`` read out.

    ``dtype``: that of the weights file that it was read from.
    """

    name: str
    vocabulary: Codebook
    places: Codebook
    width: int
    token: Matrix
    place: Matrix
    layers: tuple[Layer, ...]
    out: Matrix
    out_bias: tuple[Number, ...]
    residents: tuple[Resident, ...]
    dtype: str | None = None

    def embed(self, tokens: Sequence[int] | np.ndarray, positions: Sequence[Any] | np.ndarray | None = None) -> np.ndarray:
        """The residual stream before the first layer, (positions, d_model)."""
        rows = self.vocabulary.rows(tokens)
        codes = narrow(self.vocabulary.codes(rows)), narrow(self.places.codes(place_rows(positions, len(rows))))
        stream: np.ndarray = self.token.apply(codes[0]) + self.place.apply(codes[1])
        return stream

    def states(self, h: np.ndarray) -> list[np.ndarray]:
        """The residual stream after every sublayer: embedding, attention 1, feed-forward 1, ..."""
        return list(self.stream(h))

    def stream(self, h: np.ndarray) -> Iterator[np.ndarray]:
        """``states``, each computed when it is asked for."""
        yield h
        for layer in self.layers:
            update = [head.o.apply(average_hard(head.q.apply(h), head.k.apply(h), head.v.apply(h))) for head in layer.heads]
            h = narrow(sum(update, h))
            yield h
            hidden = layer.up.apply(h, layer.bias)
            h = narrow(h + layer.down.apply(np.where(hidden > 0, hidden, 0 * hidden)))
            yield h

    def forward(self, tokens: Sequence[int] | np.ndarray, positions: Sequence[Any] | np.ndarray | None = None) -> np.ndarray:
        """The read-out at every position, (positions, outputs); exact."""
        return self.out.apply(self.states(self.embed(tokens, positions))[-1], self.out_bias)

    def alive(self, sublayer: int) -> list[Resident]:
        """The coordinates of the residual stream that sublayers after a given one read."""
        return [r for r in self.residents if r.born <= sublayer < r.last]

    def held(self, sublayer: int) -> list[Interval]:
        """The bounds of every coordinate after a sublayer, also where only the block that erases it reads it.

        A coordinate that is used again is erased by the last feed-forward block that is not after its next birth.
        """
        held: list[Interval] = [(0, 0)] * self.width
        for r in sorted(self.residents, key=lambda r: r.born):
            if r.born <= sublayer:
                held[r.coordinate] = (r.low, r.high)
            elif r.born - r.born % 2 <= sublayer:
                held[r.coordinate] = (0, 0)
        return held

    @property
    def shape(self) -> TransformerShape[int]:
        """The sizes of the plan; the module's parameters follow from them."""
        rows: list[LayerShape[int]] = []
        for layer in self.layers:
            width = max((max(len(head.q.rows), len(head.v.rows)) for head in layer.heads), default=0)
            rows.append({"heads": len(layer.heads), "d_head": width, "d_ff": len(layer.bias)})
        return {"d_model": self.width, "d_out": len(self.out_bias), "layers": rows}


def parameters(shape: TransformerShape[int], vocabulary: Codebook, places: Codebook) -> int:
    """Number of weights of the module with this shape (embeddings, projections, feed-forward, read-out)."""
    d = shape["d_model"]
    total = d * (vocabulary.width + places.width) + shape["d_out"] * (d + 1)
    for layer in shape["layers"]:
        total += 4 * d * layer["heads"] * layer["d_head"] + (2 * d + 1) * layer["d_ff"]
    return total


def dyadic(value: Number) -> bool:
    """Whether a number is an integer over a power of two."""
    denominator = Fraction(value).denominator
    return denominator & (denominator - 1) == 0
