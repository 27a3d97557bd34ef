"""The residual stream of the cells of a run after every sublayer, and the positions that it is of."""

from __future__ import annotations

import numpy as np

from efasp.encoding import TokenSequence
from efasp.model.indexed.exactness import Exactness
from efasp.model.indexed.split import Groups, Split
from efasp.model.indexed.weights import Weights

NONE = np.zeros(0, dtype=np.int64)  # no positions, or no groups


class Stream:
    """The residual stream after every sublayer: ``shared`` (groups, d_model), 0 at own coordinates; ``own`` (positions, own
    coordinates), whose numbers are ``at``. ``note`` takes note of values for the bounds of sums."""

    def __init__(self, exact: Exactness) -> None:
        self.exact = exact
        self.shared: list[np.ndarray] = []
        self.own: list[np.ndarray] = []
        self.at: list[np.ndarray] = []
        self.placed: list[np.ndarray] = []

    def append(self, shared: np.ndarray, own: np.ndarray, split: Split, fixed: np.ndarray) -> None:
        """Add a sublayer's values, shared and own, with the stream of the fixed positions, (fixed, d_model)."""
        self.shared.append(np.ascontiguousarray(shared))
        self.own.append(np.ascontiguousarray(own))
        self.at.append(np.flatnonzero(split.own))
        self.note(len(self.at) - 1, np.arange(len(own)), np.arange(len(shared)))
        placed = np.flatnonzero(split.placed)
        self.placed.append(placed)
        for coordinates, values in ((slice(None), fixed), (placed, split.places[:, placed])):
            self.exact.grown(len(self.at) - 1, coordinates, values)

    def note(self, sublayer: int, rows: np.ndarray, groups: np.ndarray) -> None:
        """Report to ``exact`` the values after a sublayer of the positions ``rows`` and of ``groups``, which are new."""
        if len(groups):
            self.exact.grown(sublayer, slice(None), self.shared[sublayer][groups])
        if len(rows):
            self.exact.grown(sublayer, self.at[sublayer], self.own[sublayer][rows])


class Positions:
    """What the sublayers of a sequence share: ``active`` positions, in groups by ``group`` (a number each), and their stream.

    ``every``, ``all_groups``: the numbers of the positions, and of the groups; ``places``: what the place adds to own
    coordinates, (positions, own coordinates).
    """

    def __init__(self, weights: Weights, active: TokenSequence, group: np.ndarray) -> None:
        self.weights, self.tokens = weights, active.tokens.copy()
        _, first, numbers = np.unique(group, return_index=True, return_inverse=True)
        self.groups = Groups(numbers)
        self.every, self.all_groups = np.arange(len(active)), np.arange(len(first))
        self.split = Split(weights.place(active.places), numbers, first, weights.varying)
        self.stream = Stream(Exactness(weights))
        self.places = np.ascontiguousarray(self.split.places[:, self.split.own])
