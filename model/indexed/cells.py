"""Passes over a sequence of which some tokens change: exact propagation of changes through the layers.

``Cells`` holds the residual stream of every position after every sublayer. A pass is given the tokens; it computes again what
has an input that differs from the last pass, layer by layer, and gives up a change where the result is what it was. The stream
is held in two parts (``model.indexed.split``): once for every group of positions, and the own coordinates of each position.

The first ``fixed`` positions are computed in the first pass and never again, as the dense pass with a cache has it.
"""

from __future__ import annotations

import numpy as np

from efasp.encoding import TokenSequence
from efasp.model.indexed import rules
from efasp.model.indexed.exactness import LONG, Exactness
from efasp.model.indexed.lookups import Lookups, Unsuited, read_form
from efasp.model.indexed.split import Carry, Forms, Groups, Split, erasures, store, union
from efasp.model.indexed.weights import Weights

TABLE = 1 << 14  # tokens of which codes are tabled
NONE = np.zeros(0, dtype=np.int64)


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
        """One more sublayer, with the stream of the fixed positions, (fixed, d_model)."""
        self.shared.append(np.ascontiguousarray(shared))
        self.own.append(np.ascontiguousarray(own))
        self.at.append(np.flatnonzero(split.own))
        self.note(len(self.at) - 1, np.arange(len(own)), np.arange(len(shared)))
        placed = np.flatnonzero(split.placed)
        self.placed.append(placed)
        for coordinates, values in ((slice(None), fixed), (placed, split.places[:, placed])):
            self.exact.grown(len(self.at) - 1, coordinates, values)

    def note(self, sublayer: int, rows: np.ndarray, groups: np.ndarray) -> None:
        """Positions and groups whose values are new."""
        if len(groups):
            self.exact.grown(sublayer, slice(None), self.shared[sublayer][groups])
        if len(rows):
            self.exact.grown(sublayer, self.at[sublayer], self.own[sublayer][rows])


class Asking:
    """Heads of a layer that are asked by groups, or by positions: ``heads``, and for each who asks the group of keys that its
    query equals, the lead that it must have, and the position that it reads."""

    def __init__(self, heads: np.ndarray, lookups: Lookups, queries: np.ndarray, values: np.ndarray) -> None:
        self.heads = heads
        self.group, self.lead = map(np.ascontiguousarray, lookups.groups(queries[:, heads], heads))
        self.position = lookups.winners(self.group, self.lead, heads, values)

    def told(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """What is read, (rows, heads * d_head)."""
        found: np.ndarray = values[self.position[rows], self.heads].reshape(len(rows), len(self.heads) * values.shape[2])
        return found

    def hit(self, touched: np.ndarray, size: int) -> np.ndarray:
        """Who asks for one of these groups of keys."""
        if not len(touched) or not len(self.heads):
            return NONE
        mark = np.zeros(size + 1, dtype=bool)
        mark[touched] = True
        return np.flatnonzero(mark[self.group].any(axis=1))

    def missing(self) -> np.ndarray:
        """Who asks for a key that there is none of."""
        return np.flatnonzero((self.group < 0).any(axis=1))


class Heads:
    """The attention of one layer."""

    def __init__(self, cells: Cells, number: int, fixed: np.ndarray, kinds: np.ndarray) -> None:
        weights, split, stream = cells.weights, cells.split, cells.stream
        row, self.number, self.cells = weights.rows[number], number, cells
        self.count, self.size = row["heads"], row["d_head"]
        q, k, v, o = weights.heads(number)
        self.queries = Forms(split, q, weights.product)
        self.both = Forms(split, np.concatenate([k, v]), weights.product)  # keys, then values
        self.wide = self.count * self.size
        for forms in (self.queries, self.both):
            forms.settle_own(cells.every, stream.own[-1])
            forms.settle_groups(cells.all_groups, stream.shared[-1])
        asked = np.concatenate([weights.product(fixed, q.T), self.queries.at(cells.every)])
        found = np.concatenate([weights.product(fixed, np.concatenate([k, v]).T), self.both.at(cells.every)])
        heads = np.arange(self.count)
        stream.exact.scored(number, 1, self.heads(found[:, : self.wide]), heads)
        stream.exact.scored(number, 0, self.heads(asked), heads)
        shape = (self.count, self.size, weights.width)
        form = read_form(q.reshape(shape), k.reshape(shape), weights.constants, weights.flags)
        keys, queries = self.heads(found[:, : self.wide]), self.heads(asked)
        self.values = self.heads(found[:, self.wide :]).copy()
        stream.exact.tables[number] = form.table
        self.lookups = Lookups(form, keys, kinds, queries, stream.exact.scores[number])
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
        self.after = fixed + weights.product(everyone.told(np.arange(self.fixed), self.values), o.T)

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
        self.both.settle_own(self.cells.every, self.cells.stream.own[-1])
        self.both.settle_groups(self.cells.all_groups, self.cells.stream.shared[-1])

    def _write(self, o: np.ndarray, split: Split) -> None:
        """What the heads write where, and the own coordinates after them."""
        columns = o.T.reshape(self.count, self.size, len(o))
        parts = [columns[x.heads].reshape(len(x.heads) * self.size, len(o)) for x in (self.shared, self.mine)]
        by_shared, by_own = ((part != 0).any(axis=0) for part in parts)
        after = split.own | by_own | (split.placed & by_shared)
        self.carry = Carry(split, after)
        self.kept = (~after).astype(o.dtype)
        self.out = np.ascontiguousarray(np.where(after, 0, parts[0]))
        self.give, self.give_own = (np.ascontiguousarray(part[:, after]) for part in parts)
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
        told = self.shared.told(groups, self.values)
        found: np.ndarray = stream[groups] * self.kept + self.cells.weights.product(told, self.out)
        return found

    def own_values(self, rows: np.ndarray, stream: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The own coordinates after the heads."""
        out = self.carry.old(rows, stream, own)
        if self.gives:
            told = self.shared.told(self.cells.groups.group[rows], self.values)
            out += self.cells.weights.product(told, self.give)
        if len(self.mine.heads):
            out += self.cells.weights.product(self.mine.told(rows, self.values), self.give_own)
        return out

    def step(self, rows: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From the positions and groups that have changed before the heads to those that have after them."""
        cells, at = self.cells, 2 * self.number
        stream, own, members = cells.stream.shared, cells.stream.own, cells.groups.members
        lively = self.queries.lively
        self.both.settle_own(rows, own[at])
        self.queries.settle_own(rows, own[at])
        if self.both.lively:
            self.both.settle_groups(groups, stream[at])
        if lively:
            self.queries.settle_groups(groups, stream[at])
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


class Block:
    """The feed-forward block of one layer. Its units are shared, or own; own ones that read a changing shared coordinate are
    computed for all positions of a group that has changed, the others for positions whose own coordinates have."""

    def __init__(self, cells: Cells, number: int, fixed: np.ndarray) -> None:
        weights, split, self.cells, self.number = cells.weights, cells.split, cells, number
        up, bias, down = weights.block(number)
        every = Forms(split, up, weights.product)
        gone, written = erasures(up, bias, down), down != 0
        mine, lively = every.own, every.own & every.each
        by_own, by_shared = written[:, mine & (gone < 0)].any(axis=1), written[:, ~mine].any(axis=1)
        erased = np.zeros(len(down), dtype=bool)
        erased[gone[mine & (gone >= 0)]] = True
        freed = erased & ~by_own & ~split.shared
        after = (split.own | by_own | (split.placed & by_shared) | (erased & ~freed)) & ~freed
        self.carry = Carry(split, after | freed)
        self.kept = after[self.carry.after]
        self.whole = bool(self.kept.all())
        self.keep = (~(after | freed)).astype(down.dtype)
        self.units = [Forms(split, up[x], weights.product, bias[x]) for x in (~mine, mine & ~lively, lively)]
        self.down = np.ascontiguousarray(np.where(after[:, None], 0, down[:, ~mine]).T)
        give, quiet, busy = (down[np.ix_(self.carry.after, x)].T for x in (~mine, mine & ~lively, lively))
        self.give, self.quiet, self.busy = np.ascontiguousarray(give * self.kept), np.ascontiguousarray(quiet), busy.copy()
        self.gives, self.busies = bool(self.give.any()), bool(lively.any())
        # freed coordinates are checked where the quiet units are; busy ones must not write there
        self.late = bool(self.busy[:, ~self.kept].any())
        self.spread = self.busies or self.carry.lively or self.gives
        self.given = np.zeros((cells.groups.count, len(self.kept)), down.dtype)
        self.base = np.zeros((len(cells.every), len(self.kept)), down.dtype)
        self.writes = by_own | (erased & ~freed), by_shared, freed
        for forms in self.units:
            forms.settle_own(cells.every, cells.stream.own[-1])
            forms.settle_groups(cells.all_groups, cells.stream.shared[-1])
        hidden = np.maximum(weights.product(fixed, up.T) + bias, 0)
        self.after = fixed + weights.product(hidden, down.T)

    def shared_values(self, groups: np.ndarray, stream: np.ndarray) -> np.ndarray:
        """The shared part after the block."""
        hidden = self.units[0].of_groups(groups)
        np.maximum(hidden, 0, out=hidden)
        if self.gives:
            self.given[groups] = self.cells.weights.product(hidden, self.give)
        found: np.ndarray = stream[groups] * self.keep + self.cells.weights.product(hidden, self.down)
        return found

    def settle(self, rows: np.ndarray, stream: np.ndarray, own: np.ndarray) -> None:
        """What the quiet units and the old values give, at positions whose own coordinates have changed."""
        if not len(rows):
            return
        hidden = self.units[1].at(rows)
        np.maximum(hidden, 0, out=hidden)
        self.base[rows] = base = self.carry.old(rows, stream, own) + self.cells.weights.product(hidden, self.quiet)
        if not self.late and not self.whole and base[:, ~self.kept].any():
            raise Unsuited(rules.REASONS[rules.LEFTOVERS])

    def own_values(self, rows: np.ndarray) -> np.ndarray:
        """The own coordinates after the block."""
        out = self.base[rows]
        if self.busies:
            hidden = self.units[2].at(rows)
            np.maximum(hidden, 0, out=hidden)
            out += self.cells.weights.product(hidden, self.busy)
        if self.gives:
            out += self.given[self.cells.groups.group[rows]]
        if self.late and out[:, ~self.kept].any():
            raise Unsuited(rules.REASONS[rules.LEFTOVERS])
        found: np.ndarray = out if self.whole else out[:, self.kept]
        return found

    def step(self, rows: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From the positions and groups that have changed before the block to those that have after it."""
        cells, at = self.cells, 2 * self.number + 1
        shared, own = cells.stream.shared, cells.stream.own
        changed = groups
        if len(groups):
            self.units[0].settle_groups(groups, shared[at])
            if self.busies:
                self.units[2].settle_groups(groups, shared[at])
            changed = store(shared[at + 1], groups, self.shared_values(groups, shared[at]))
        if len(rows):
            self.units[1].settle_own(rows, own[at])
            self.units[2].settle_own(rows, own[at])
        redo = cells.groups.members(groups, rows) if self.spread else rows
        self.settle(redo if self.carry.lively else rows, shared[at], own[at])
        mine = store(own[at + 1], redo, self.own_values(redo)) if len(redo) else redo
        cells.stream.note(at + 1, mine, changed)
        return mine, changed


class Cells:
    """The stream of a sequence: ``fixed`` positions and then ``active`` ones, in groups by ``group`` (a number each).

    Raises Unsuited where the weights, or the numbers of the first pass, are not such that lookups are exact.
    """

    def __init__(self, weights: Weights, fixed: TokenSequence, active: TokenSequence, group: np.ndarray) -> None:
        self.weights, self.tokens = weights, active.tokens.copy()
        _, first, numbers = np.unique(group, return_index=True, return_inverse=True)
        self.groups = Groups(numbers)
        self.every, self.all_groups = np.arange(len(active)), np.arange(len(first))
        self.split = split = Split(weights.place(active.places), numbers, first, weights.varying)
        self.stream = Stream(Exactness(weights))
        self.places = split.places[:, split.own]
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
        self.sinks = np.array(sorted(of), dtype=np.int64)
        if np.isin(weights.kinds(self.tokens), self.sinks).any():
            raise Unsuited("expected no token of a sink's kind among those that change")
        self.read_out = Forms(split, weights.arrays["out.weight"], weights.product, weights.arrays["out.bias"])
        self.read_out.settle_own(self.every, self.stream.own[-1])
        self.read_out.settle_groups(self.all_groups, self.stream.shared[-1])
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
            sublayer.settle(self.every, shared, own)
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
        if np.isin(self.weights.kinds(tokens[rows]), self.sinks).any():
            raise Unsuited("expected no token of a sink's kind among those that change")
        self.stream.own[0][rows] = self._code(tokens[rows]) + self.places[rows]
        self.stream.note(0, rows, NONE)
        return self.through(rows)

    def _code(self, tokens: np.ndarray) -> np.ndarray:
        """What tokens add to own coordinates."""
        if self.passes >= LONG and self.weights.vocabulary.size <= TABLE:
            if not len(self._codes):
                every = np.arange(self.weights.vocabulary.size)
                self._codes = self.weights.token(every)[:, self.stream.at[0]]
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
        self.read_out.settle_own(rows, self.stream.own[-1])
        if self.read_out.lively:
            self.read_out.settle_groups(groups, self.stream.shared[-1])
            rows = self.groups.members(groups, rows)
        return store(self.outputs, rows, self.read_out.at(rows))
