"""The feed-forward block of a layer over cells: shared units and own ones, computed again where an input has changed."""

from __future__ import annotations

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.split import Carry, Forms, erasures, read_moving, read_own, store
from efasp.model.indexed.stream import Positions


class Block:
    """The feed-forward block of one layer. Its units are shared, or own; own ones that read a changing shared coordinate are
    computed for all positions of a group that has changed, the others for positions whose own coordinates have."""

    def __init__(self, cells: Positions, number: int, fixed: np.ndarray) -> None:
        weights, split, self.cells, self.number = cells.weights, cells.split, cells, number
        up, bias, down = weights.block(number)
        gone, written = erasures(up, bias, down), down != 0
        _, mine = read_own(split, up, weights.product)
        lively = mine & read_moving(split, up)
        by_own, by_shared = ((written & units).any(axis=1) for units in (mine & (gone < 0), ~mine))
        erased = np.zeros(len(down), dtype=bool)
        erased[gone[mine & (gone >= 0)]] = True
        freed = erased & ~by_own & ~split.shared
        after = (split.own | by_own | (split.placed & by_shared) | (erased & ~freed)) & ~freed
        self.carry = Carry(split, after | freed)
        self.kept = after[self.carry.after]
        self.whole = bool(self.kept.all())
        self.keep = (~(after | freed)).astype(down.dtype)
        self.units = [Forms(split, up[x], weights.product, bias[x]) for x in (~mine, mine & ~lively, lively)]
        self.down = np.where(after[:, None], 0, down[:, ~mine]).T
        give, self.quiet, self.busy = (down[np.ix_(self.carry.after, x)].T for x in (~mine, mine & ~lively, lively))
        self.give = give * self.kept
        self._down, self._give, self._quiet, self._busy = map(weights.product, (self.down, self.give, self.quiet, self.busy))
        self.gives, self.busies = bool(self.give.any()), bool(lively.any())
        # freed coordinates are checked where the quiet units are; busy ones must not write there
        self.late = bool(self.busy[:, ~self.kept].any())
        self.spread = self.busies or self.carry.lively or self.gives
        self.given = np.zeros((cells.groups.count, len(self.kept)), down.dtype)
        self.base = np.zeros((len(cells.every), len(self.kept)), down.dtype)
        self.writes = by_own | (erased & ~freed), by_shared, freed
        for forms in self.units:
            forms.compute_own(cells.every, cells.stream.own[-1])
            forms.compute_groups(cells.all_groups, cells.stream.shared[-1])
        hidden = np.maximum(weights.product(up.T)(fixed) + bias, 0)
        self.after = fixed + weights.product(down.T)(hidden)

    def shared_values(self, groups: np.ndarray, stream: np.ndarray) -> np.ndarray:
        """The shared part after the block."""
        hidden = self.units[0].of_groups(groups)
        np.maximum(hidden, 0, out=hidden)
        if self.gives:
            self.given[groups] = self._give(hidden)
        found: np.ndarray = stream[groups] * self.keep + self._down(hidden)
        return found

    def compute_base(self, rows: np.ndarray, stream: np.ndarray, own: np.ndarray) -> None:
        """What the quiet units and the old values give, at positions whose own coordinates have changed."""
        if not len(rows):
            return
        hidden = self.units[1].at(rows)
        np.maximum(hidden, 0, out=hidden)
        self.base[rows] = base = self.carry.old(rows, stream, own) + self._quiet(hidden)
        if not self.late and not self.whole and base[:, ~self.kept].any():
            raise Unsuited(rules.REASONS[rules.LEFTOVERS])

    def own_values(self, rows: np.ndarray) -> np.ndarray:
        """The own coordinates after the block."""
        out = self.base[rows]
        if self.busies:
            hidden = self.units[2].at(rows)
            np.maximum(hidden, 0, out=hidden)
            out += self._busy(hidden)
        if self.gives:
            out += self.given[self.cells.groups.group[rows]]
        if self.late and out[:, ~self.kept].any():
            raise Unsuited(rules.REASONS[rules.LEFTOVERS])
        found: np.ndarray = out if self.whole else out[:, self.kept]
        return found

    def step(self, rows: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From the positions and groups that have changed before the block, those that have changed after it."""
        cells, at = self.cells, 2 * self.number + 1
        shared, own = cells.stream.shared, cells.stream.own
        changed = groups
        if len(groups):
            self.units[0].compute_groups(groups, shared[at])
            if self.busies:
                self.units[2].compute_groups(groups, shared[at])
            changed = store(shared[at + 1], groups, self.shared_values(groups, shared[at]))
        if len(rows):
            self.units[1].compute_own(rows, own[at])
            self.units[2].compute_own(rows, own[at])
        redo = cells.groups.members(groups, rows) if self.spread else rows
        self.compute_base(redo if self.carry.lively else rows, shared[at], own[at])
        mine = store(own[at + 1], redo, self.own_values(redo)) if len(redo) else redo
        cells.stream.note(at + 1, mine, changed)
        return mine, changed
