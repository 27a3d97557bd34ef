"""Passes over a sequence of which some tokens change: exact propagation of changes through the layers.

``Cells`` holds the residual stream of every position after every sublayer. A pass is given the tokens; it computes again what
has an input that differs from the last pass, layer by layer, and gives up a change where the result is what it was. The stream
is held in two parts (``model.indexed.split``): once for every group of positions, and the own coordinates of each position.

The first ``fixed`` positions are computed in the first pass and never again, as the dense pass with a cache has it.
"""

from __future__ import annotations

import numpy as np

from efasp.encoding import TokenSequence
from efasp.model.indexed.block import Block
from efasp.model.indexed.exactness import LONG
from efasp.model.indexed.heads import Heads
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.split import Forms, store
from efasp.model.indexed.stream import NONE, Positions
from efasp.model.indexed.weights import Weights

TABLE = 1 << 14  # tokens of which codes are tabled


class Cells(Positions):
    """The stream of a sequence: ``fixed`` positions and then ``active`` ones, in groups by ``group`` (a number each).

    Raises Unsuited where the weights, or the numbers of the first pass, are not such that lookups are exact.
    """

    def __init__(self, weights: Weights, fixed: TokenSequence, active: TokenSequence, group: np.ndarray) -> None:
        super().__init__(weights, active, group)
        split, first = self.split, self.split.first
        h, kinds = weights.token(fixed.tokens) + weights.place(fixed.places), weights.kinds(fixed.tokens)
        base = np.where(split.shared, split.places[first] + weights.one, 0)
        self.stream.append(base, weights.token(self.tokens)[:, split.own] + self.places, split, h)
        self.layers: list[tuple[Heads | None, Block | None]] = []
        for number, row in enumerate(weights.rows):
            heads = Heads(self, number, h, kinds) if row["heads"] else None
            h = self._follow(heads, h)
            block = Block(self, number, h) if row["d_ff"] else None
            h = self._follow(block, h)
            self.layers.append((heads, block))
        of = {kind for heads, _ in self.layers if heads is not None for kind in heads.sink_kinds}
        self.sinks = np.array([kind in of for kind in range(len(weights.vocabulary.kinds))])  # by kind, whether of a sink
        if self.sinks[weights.kinds(self.tokens)].any():
            raise Unsuited("expected no token of a sink's kind among those that change")
        self.read_out = Forms(split, weights.arrays["out.weight"], weights.product, weights.arrays["out.bias"])
        self.read_out.compute_own(self.every, self.stream.own[-1])
        self.read_out.compute_groups(self.all_groups, self.stream.shared[-1])
        self.outputs, self.passes = self.read_out.at(self.every), 1
        self._codes: np.ndarray = self.places[:0]  # what every token adds to own coordinates, once it is asked for

    def _follow(self, sublayer: Heads | Block | None, h: np.ndarray) -> np.ndarray:
        """Put what a sublayer makes of the first pass behind the stream."""
        shared, own = self.stream.shared[-1], self.stream.own[-1]
        if isinstance(sublayer, Heads):
            after = own if sublayer.bystander else sublayer.own_values(self.every, shared, own)
            shared = sublayer.shared_values(self.all_groups, shared)
            own, h = after, sublayer.after
        elif isinstance(sublayer, Block):
            after = sublayer.shared_values(self.all_groups, shared)
            sublayer.compute_base(self.every, shared, own)
            shared, own, h = after, sublayer.own_values(self.every), sublayer.after
        if sublayer is not None:
            self.split.write(*sublayer.writes)
            self.weights.written(sublayer.writes[0] | sublayer.writes[1] | sublayer.writes[2])
        self.stream.append(shared, own, self.split, h)
        return h

    def residual(self, sublayer: int) -> np.ndarray:
        """The residual stream of the active positions after a sublayer, (positions, d_model)."""
        out = self.stream.shared[sublayer][self.groups.group]
        out[:, self.stream.at[sublayer]] = self.stream.own[sublayer]
        placed = self.stream.placed[sublayer]
        out[:, placed] = self.split.places[:, placed]
        found: np.ndarray = out
        return found

    def step(self, tokens: np.ndarray) -> np.ndarray:
        """A pass over new tokens of the active positions: ``outputs``, (positions, d_out), is as the dense pass has it.

        Gives the positions whose read-outs differ from the last ones. Raises Unsuited.
        """
        self.passes += 1
        if self.passes == LONG:
            self.stream.exact.allow()
        rows = np.flatnonzero(tokens != self.tokens)
        self.tokens[rows] = tokens[rows]
        if self.sinks[self.weights.kinds(tokens[rows])].any():
            raise Unsuited("expected no token of a sink's kind among those that change")
        self.stream.own[0][rows] = self._code(tokens[rows]) + self.places[rows]
        self.stream.note(0, rows, NONE)
        return self.through(rows)

    def _code(self, tokens: np.ndarray) -> np.ndarray:
        """What tokens add to own coordinates."""
        if self.passes >= LONG and self.weights.vocabulary.size <= TABLE:
            if not len(self._codes):
                every = np.arange(self.weights.vocabulary.size)
                self._codes = np.ascontiguousarray(self.weights.token(every)[:, self.stream.at[0]])
            found: np.ndarray = self._codes[tokens]
            return found
        return self.weights.token(tokens)[:, self.stream.at[0]]

    def through(self, rows: np.ndarray) -> np.ndarray:
        """The layers, for positions whose tokens have changed; gives those whose read-outs differ."""
        groups = NONE
        for heads, block in self.layers:
            if heads is not None:
                rows, groups = heads.step(rows, groups)
            if block is not None:
                rows, groups = block.step(rows, groups)
        self.read_out.compute_own(rows, self.stream.own[-1])
        if self.read_out.lively:
            self.read_out.compute_groups(groups, self.stream.shared[-1])
            rows = self.groups.members(groups, rows)
        return store(self.outputs, rows, self.read_out.at(rows))
