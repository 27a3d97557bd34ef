"""The attention of a layer over cells: which positions may read something else after a change, and what they write."""

from __future__ import annotations

import numpy as np

from efasp.model.indexed.lookups import Lookups, read_form
from efasp.model.indexed.split import Carry, Forms, Split, store, union
from efasp.model.indexed.stream import NONE, Positions


class Asking:
    """Heads of a layer that are asked by groups, or by positions: ``heads``, and for each who asks the group of keys that its
    query equals, the lead that it must have, and the position that it reads."""

    def __init__(self, heads: np.ndarray, lookups: Lookups, queries: np.ndarray, values: np.ndarray) -> None:
        self.heads = heads
        self.group, self.lead = map(np.ascontiguousarray, lookups.groups(queries[:, heads], heads))
        self.position = lookups.winners(self.group, self.lead, heads, values)

    def read_values(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The values that the heads of some rows read, (rows, heads * d_head). ``values``: (positions, all heads, d_head)."""
        found: np.ndarray = values[self.position[rows], self.heads].reshape(len(rows), len(self.heads) * values.shape[2])
        return found

    def hit(self, touched: np.ndarray, size: int) -> np.ndarray:
        """The rows (numbers) that ask for one of the groups of keys ``touched``; ``size``: the number of groups."""
        if not len(touched) or not len(self.heads):
            return NONE
        mark = np.zeros(size + 1, dtype=bool)
        mark[touched] = True
        return np.flatnonzero(mark[self.group].any(axis=1))

    def missing(self) -> np.ndarray:
        """The rows (numbers) that ask for a key which no position has."""
        return np.flatnonzero((self.group < 0).any(axis=1))


class Heads:
    """The attention of one layer."""

    def __init__(self, cells: Positions, number: int, fixed: np.ndarray, kinds: np.ndarray) -> None:
        weights, split, stream = cells.weights, cells.split, cells.stream
        row, self.number, self.cells = weights.rows[number], number, cells
        self.count, self.size = row["heads"], row["d_head"]
        q, k, v, o = weights.heads(number)
        self.queries = Forms(split, q, weights.product)
        self.both = Forms(split, np.concatenate([k, v]), weights.product)  # keys, then values
        self.wide = self.count * self.size
        for forms in (self.queries, self.both):
            forms.compute_own(cells.every, stream.own[-1])
            forms.compute_groups(cells.all_groups, stream.shared[-1])
        asked = np.concatenate([weights.product(q.T)(fixed), self.queries.at(cells.every)])
        found = np.concatenate([weights.product(np.concatenate([k, v]).T)(fixed), self.both.at(cells.every)])
        shape = (self.count, self.size, weights.width)
        form = read_form(q.reshape(shape), k.reshape(shape), weights.constants, weights.flags)
        keys, queries = self.heads(found[:, : self.wide]), self.heads(asked)
        self.values = self.heads(found[:, self.wide :]).copy()
        stream.exact.tables[number] = form.table
        self.lookups = Lookups(form, keys, kinds, queries, stream.exact.scores[number])
        stream.exact.opened(number, keys, self.lookups.sink)
        stream.exact.scored(number, 0, queries, np.arange(self.count))
        every = self.lookups.distinct
        self.lookups.update(np.arange(len(keys)), keys[:, every], every)
        self.fixed = len(fixed)
        self._choose(k, v, split)
        mine = self.queries.own.reshape(self.count, self.size).any(axis=1)
        active = queries[self.fixed :]
        self.shared = Asking(np.flatnonzero(~mine), self.lookups, active[split.first], self.values)
        self.mine = Asking(np.flatnonzero(mine), self.lookups, active, self.values)
        self._write(o, split)
        everyone = Asking(np.arange(self.count), self.lookups, queries[: self.fixed], self.values)
        self.after = fixed + weights.product(o.T)(everyone.read_values(np.arange(self.fixed), self.values))

    def _choose(self, k: np.ndarray, v: np.ndarray, split: Split) -> None:
        """Which tables and heads later passes keep up: a key that reads, of what may change, flags of the sink's kind alone is
        the same for all tokens of other kinds, and where no such position is in the table none is ever read."""
        weights, of = self.cells.weights, self.lookups.form
        moving = split.own | (split.shared & ~split.still)
        self.sink_kinds = sorted({kind for kind in of.kind if kind >= 0})
        moving[[at for at, kind in weights.flags.items() if kind in self.sink_kinds]] = False
        loud = (self.heads(k[:, moving].T) != 0).any(axis=(0, 2)) | self.lookups.holds(self.fixed)
        self.tables = np.array([t for t in self.lookups.distinct if loud[t]], dtype=np.int64)
        self.loud = np.flatnonzero(loud)
        rows = [self.heads(np.arange(self.wide))[0][x].ravel() for x in (self.tables, self.loud)]
        self.keyed = len(rows[0])
        self.both = Forms(split, np.concatenate([k[rows[0]], v[rows[1]]]), weights.product)
        self.both.compute_own(self.cells.every, self.cells.stream.own[-1])
        self.both.compute_groups(self.cells.all_groups, self.cells.stream.shared[-1])

    def _write(self, o: np.ndarray, split: Split) -> None:
        """What the heads write where, and the own coordinates after them."""
        columns = o.T.reshape(self.count, self.size, len(o))
        parts = [columns[x.heads].reshape(len(x.heads) * self.size, len(o)) for x in (self.shared, self.mine)]
        by_shared, by_own = ((part != 0).any(axis=0) for part in parts)
        after = split.own | by_own | (split.placed & by_shared)
        self.carry = Carry(split, after)
        self.kept = (~after).astype(o.dtype)
        self.out = np.where(after, 0, parts[0])
        self.give, self.give_own = (part[:, after] for part in parts)
        self._products = [self.cells.weights.product(matrix) for matrix in (self.out, self.give, self.give_own)]
        self.gives = bool(self.give.any())
        # whether own coordinates stay what they are
        self.bystander = self.carry.same and not len(self.mine.heads) and not self.gives
        self.spread = self.carry.lively or self.gives
        self.writes = by_own, by_shared, np.zeros_like(by_own)

    def heads(self, table: np.ndarray) -> np.ndarray:
        """Head by head: (positions, heads, d_head)."""
        return table.reshape(-1, self.count, self.size)

    def shared_values(self, groups: np.ndarray, stream: np.ndarray) -> np.ndarray:
        """The shared part after the heads."""
        values_read = self.shared.read_values(groups, self.values)
        found: np.ndarray = stream[groups] * self.kept + self._products[0](values_read)
        return found

    def own_values(self, rows: np.ndarray, stream: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The own coordinates after the heads."""
        out = self.carry.old(rows, stream, own)
        if self.gives:
            values_read = self.shared.read_values(self.cells.groups.group[rows], self.values)
            out += self._products[1](values_read)
        if len(self.mine.heads):
            out += self._products[2](self.mine.read_values(rows, self.values))
        return out

    def step(self, rows: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From the positions and groups that have changed before the heads to those that have after them."""
        cells, at = self.cells, 2 * self.number
        stream, own, members = cells.stream.shared, cells.stream.own, cells.groups.members
        lively = self.queries.lively
        self.both.compute_own(rows, own[at])
        self.queries.compute_own(rows, own[at])
        if self.both.lively:
            self.both.compute_groups(groups, stream[at])
        if lively:
            self.queries.compute_groups(groups, stream[at])
        touched, fresh = self._rekey(members(groups, rows) if self.both.lively else rows)
        dirty = self._ask(self.shared, groups if lively else NONE, touched, fresh, cells.groups.count)
        again = union(cells.groups.count, [groups, dirty])
        changed = store(stream[at + 1], again, self.shared_values(again, stream[at])) if len(again) else again
        if self.bystander:
            own[at + 1] = own[at]
            cells.stream.note(at + 1, NONE, changed)
            return rows, changed
        redo = members(again, rows) if self.spread else rows
        if len(self.mine.heads):
            asking = members(groups, rows) if lively else rows if self.queries.any_own else NONE
            asked = self._ask(self.mine, asking, touched, fresh, len(cells.every))
            redo = union(len(cells.every), [redo, asked])
        mine = store(own[at + 1], redo, self.own_values(redo, stream[at], own[at])) if len(redo) else redo
        cells.stream.note(at + 1, mine, changed)
        return mine, changed

    def _rekey(self, rows: np.ndarray) -> tuple[np.ndarray, bool]:
        if not len(rows) or not len(self.loud):
            return NONE, False
        found = self.both.at(rows)
        keys = found[:, : self.keyed].reshape(len(rows), len(self.tables), self.size)
        self.cells.stream.exact.scored(self.number, 1, keys, self.tables)
        self.values[(self.fixed + rows)[:, None], self.loud] = found[:, self.keyed :].reshape(len(rows), -1, self.size)
        return self.lookups.update(self.fixed + rows, keys, self.tables)

    def _ask(self, who: Asking, asking: np.ndarray, touched: np.ndarray, fresh: bool, size: int) -> np.ndarray:
        if not len(who.heads):
            return NONE
        hit = who.hit(touched, len(self.lookups.position))
        if fresh:
            asking = union(size, [asking, who.missing()])
        if len(asking):
            found = self.queries.of_groups(asking) if who is self.shared else self.queries.at(asking)
            found = self.heads(found)[:, who.heads]
            self.cells.stream.exact.scored(self.number, 0, found, who.heads)
            who.group[asking], who.lead[asking] = self.lookups.groups(found, who.heads)
        dirty = union(size, [asking, hit])
        if len(dirty):
            who.position[dirty] = self.lookups.winners(who.group[dirty], who.lead[dirty], who.heads, self.values)
        return dirty
