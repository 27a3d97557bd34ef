"""The residual stream in two parts, as the weights allow: what the positions of a group share, and what each has of its own.

Positions of one group have the same index in their places. Attention gives the same to equal queries, whoever asks. So a
coordinate is shared as long as all that writes to it reads shared coordinates alone; the code of the token is a position's own,
and so are those coordinates of the place that differ within a group. A hidden unit that takes a coordinate's value away (an
erasure) makes an own coordinate free: it is shared again from there on, and that nothing of its own is left is checked of every
value. All of this is read off the matrices; the two parts add up to what the plain stream holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from efasp.model.indexed.weights import Factory

OWN, PLACED, SHARED = 0, 1, 2  # where a coordinate comes from


def read_own(split: Split, rows: np.ndarray, product: Factory) -> tuple[np.ndarray, np.ndarray]:
    """What the places give linear forms of the stream, ``rows`` (forms, d_model), at every position, (positions, forms); and
    which forms differ within a group."""
    place = np.ascontiguousarray(product(rows[:, split.placed].T)(split.places[:, split.placed]))
    return place, ((rows != 0) & split.own).any(axis=1) | (place != place[split.first[split.group]]).any(axis=0)


def read_moving(split: Split, rows: np.ndarray) -> np.ndarray:
    """Which forms read a shared coordinate that may change."""
    found: np.ndarray = ((rows != 0) & (split.shared & ~split.still)).any(axis=1)
    return found


class Forms:
    """Linear forms of the stream at one sublayer, with what the last pass made of them.

    ``own``: which forms differ within a group; ``lively``: whether any reads a shared coordinate that may change. ``parts``:
    what a position's own coordinates and its place give, (positions, forms); ``wholes``: what the shared part gives, (groups,
    forms). ``compute_*`` compute them again where the stream has changed.
    """

    def __init__(self, split: Split, rows: np.ndarray, product: Factory, bias: np.ndarray | None = None) -> None:
        place, self.own = read_own(split, rows, product)
        self.lively = bool(read_moving(split, rows).any())
        self.by_shared = np.where(split.shared, rows, 0).T
        self.by_own = rows[:, split.own].T
        self.any_own = bool(self.by_own.any())
        self._products = product(self.by_own), product(self.by_shared)
        self.place, self.group, self.first = place, split.group, split.first
        self.bias = np.zeros(len(rows), rows.dtype) if bias is None else bias
        self.parts = place.astype(rows.dtype)
        self.wholes = np.zeros((len(split.first), len(rows)), rows.dtype)

    def compute_own(self, rows: np.ndarray, own: np.ndarray) -> None:
        """The own coordinates of these positions have changed."""
        if self.any_own and len(rows):
            self.parts[rows] = self._products[0](own[rows]) + self.place[rows]

    def compute_groups(self, groups: np.ndarray, stream: np.ndarray) -> None:
        """The shared part of these groups has changed."""
        if len(groups):
            self.wholes[groups] = self._products[1](stream[groups]) + self.bias

    def of_groups(self, groups: np.ndarray) -> np.ndarray:
        """The forms at groups, (groups, forms); right for forms that are not ``own``."""
        out: np.ndarray = self.wholes[groups] + self.place[self.first[groups]]
        return out

    def at(self, positions: np.ndarray) -> np.ndarray:
        """The forms at positions, (positions, forms)."""
        out: np.ndarray = self.parts[positions]
        out += self.wholes[self.group[positions]]
        return out


class Split:
    """Which coordinates are own (``own``) or given by the place and different within groups (``placed``), as layers go by.

    ``places``: what the place adds to every position, (positions, d_model); ``first``, ``group``: a position of every group,
    and every position's group; ``varying``: coordinates that the token's code writes.
    """

    def __init__(self, places: np.ndarray, group: np.ndarray, first: np.ndarray, varying: np.ndarray) -> None:
        self.places, self.group, self.first = np.ascontiguousarray(places), group, first
        differ = (places != places[first[group]]).any(axis=0)
        self.own = varying.copy()
        self.placed = differ & ~varying
        self.still = ~(self.own | self.placed)  # shared, and never changed

    @property
    def shared(self) -> np.ndarray:
        """Marks of the coordinates that all positions of a group share."""
        found: np.ndarray = ~(self.own | self.placed)
        return found

    def write(self, by_own: np.ndarray, by_shared: np.ndarray, freed: np.ndarray) -> None:
        """Go past a sublayer: the coordinates that own and that shared terms write, and those that are free again."""
        self.own = (self.own | by_own | (self.placed & by_shared)) & ~freed
        self.placed = self.placed & ~self.own & ~freed
        self.still = self.still & ~(by_own | by_shared | freed)


class Carry:
    """Where chosen coordinates, which are own after a sublayer, come from: own ones before it, the place, or the shared part.

    ``kinds``, ``sources``: for each which of these, and its number there, among the own or among all coordinates. ``lively``:
    whether some come from a shared coordinate that may change; ``same``: whether they are the own ones before it.
    """

    def __init__(self, split: Split, after: np.ndarray) -> None:
        self.after = np.flatnonzero(after)
        before = np.cumsum(split.own) - 1
        own, placed = split.own[self.after], split.placed[self.after]
        self.kinds: np.ndarray = np.where(own, OWN, np.where(placed, PLACED, SHARED))
        self.sources: np.ndarray = np.where(own, before[self.after], self.after)
        self._own = np.flatnonzero(own), before[self.after[own]]
        self._placed = np.flatnonzero(placed), split.places[:, self.after[placed]]
        shared = ~own & ~placed
        self._shared = np.flatnonzero(shared), self.after[shared]
        self._group = split.group
        self.lively = bool((~split.still[self.after[shared]]).any())
        self.same = len(self.after) == split.own.sum() and bool(own.all())

    def old(self, rows: np.ndarray, stream: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The values before the sublayer, (rows, coordinates)."""
        if self.same:
            found: np.ndarray = own[rows]
            return found
        out = np.zeros((len(rows), len(self.after)), dtype=own.dtype)
        for (into, source), given in ((self._own, own[rows]), (self._shared, stream[self._group[rows]])):
            if len(into):
                out[:, into] = given[:, source]
        into, values = self._placed
        if len(into):
            out[:, into] = values[rows]
        return out


class Groups:
    """Positions in groups: of each its group, and unions of sets of positions."""

    def __init__(self, group: np.ndarray) -> None:
        self.group, self.count = group, int(group.max(initial=-1)) + 1

    def members(self, groups: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The positions of some groups, and ``rows``, in order."""
        if not len(groups):
            return rows
        mark = np.zeros(self.count, dtype=bool)
        mark[groups] = True
        chosen = mark[self.group]
        chosen[rows] = True
        return np.flatnonzero(chosen)


def union(size: int, sets: Sequence[np.ndarray]) -> np.ndarray:
    """The union of sets of numbers below ``size``, in order."""
    some = [x for x in sets if len(x)]
    if len(some) < 2:
        return some[0] if some else np.zeros(0, dtype=np.int64)
    mark = np.zeros(size, dtype=bool)
    for x in some:
        mark[x] = True
    return np.flatnonzero(mark)


def store(into: np.ndarray, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Put values (rows, columns) in their rows; gives those rows whose values are others than before."""
    if not len(rows) or not values.shape[1]:
        return rows[:0]
    differ = np.flatnonzero(values != into[rows])
    if not len(differ):
        return rows[:0]
    into[rows] = values
    mark = np.zeros(len(rows), dtype=bool)
    mark[differ // values.shape[1]] = True
    return rows[mark]


def erasures(up: np.ndarray, bias: np.ndarray, down: np.ndarray) -> np.ndarray:
    """For every unit the coordinate whose value it takes away, -1 for a unit that does something else.

    ``up`` (units, d_model), ``bias`` (units), ``down`` (d_model, units).
    """
    out = np.full(len(up), -1)
    for unit in np.flatnonzero(((up != 0).sum(axis=1) == 1) & ((down != 0).sum(axis=0) == 1) & (bias == 0)).tolist():
        at = int(np.flatnonzero(up[unit])[0])
        if down[at, unit] * up[unit, at] == -1:
            out[unit] = at
    return out
