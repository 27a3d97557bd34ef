"""Passes over a sequence that grows: the keys of what stays are indexed, once, and only the last positions are computed.

Each pass has the positions that stay from now on, those of the block that was last complete, and after them a block whose keys
are withdrawn again: as the dense pass with a cache has it.
"""

from __future__ import annotations

import numpy as np

from efasp.encoding import TokenSequence, join
from efasp.model.indexed.exactness import LONG, Exactness
from efasp.model.indexed.lookups import Growing, read_form
from efasp.model.indexed.weights import Weights


class Log:
    """The keys and values of a growing sequence in every layer."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.length = weights, 0
        self.exact = Exactness(weights)
        self.lookups: list[Growing | None] = []
        self._by = {name: weights.product(array.T) for name, array in weights.arrays.items() if array.ndim == 2}
        self.passes = 0

    def outputs(self, stays: TokenSequence, block: TokenSequence) -> np.ndarray:
        """The read-outs of a block behind positions that stay from now on, (positions of both, d_out). Raises Unsuited."""
        weights, active = self.weights, join([stays, block])
        h = weights.token(active.tokens) + weights.place(active.places)
        self.exact.grown(0, slice(None), h)
        for number, row in enumerate(weights.rows):
            if row["heads"]:
                h = h + self._attend(number, h, weights.kinds(stays.tokens), len(stays))
            elif not self.passes:
                self.lookups.append(None)
            self.exact.grown(2 * number + 1, slice(None), h)
            if row["d_ff"]:
                _, bias, down = weights.block(number)
                hidden = self._by[f"layers.{number}.up.weight"](h) + bias
                h = h + self._by[f"layers.{number}.down.weight"](np.maximum(hidden, 0, out=hidden))
                if not self.passes:
                    weights.written((down != 0).any(axis=1))
            self.exact.grown(2 * number + 2, slice(None), h)
        self.passes += 1
        if self.passes == LONG:
            self.exact.allow()
        self.length += len(stays)
        read: np.ndarray = self._by["out.weight"](h) + weights.arrays["out.bias"]
        return read

    def _attend(self, number: int, h: np.ndarray, kinds: np.ndarray, stay: int) -> np.ndarray:
        weights, row = self.weights, self.weights.rows[number]
        shape = (-1, row["heads"], row["d_head"])
        wide = row["heads"] * row["d_head"]
        queries, keys, values = (self._by[f"layers.{number}.{name}.weight"](h).reshape(shape) for name in "qkv")
        every = np.arange(row["heads"])
        if not self.passes:
            q, k, _, o = weights.heads(number)
            q, k = (x.reshape((*shape[1:], weights.width)) for x in (q, k))
            form = read_form(q, k, weights.constants, weights.flags)
            self.exact.tables[number] = form.table
            growing = Growing(form, keys, values, kinds, queries, self.exact.scores[number])
            self.lookups.append(growing)
            self.exact.opened(number, keys, growing.sink)
            weights.written((o != 0).any(axis=1))
        lookups = self.lookups[number]
        assert lookups is not None
        self.exact.scored(number, 0, queries, every)
        if self.passes:
            self.exact.scored(number, 1, keys, every)
        lookups.append(self.length, keys, values, stay)
        values = lookups.read(queries)
        lookups.withdraw()
        return self._by[f"layers.{number}.o.weight"](values.reshape(len(h), wide))
