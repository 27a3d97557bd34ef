"""Passes by the kernel: the arrays of ``Cells``, read and brought up to date by ``model.indexed.kernel`` instead of numpy.

The rules, the matrices and what the last pass left are the same arrays; the kernel has them in sparse form, and a table of keys
of its own. It takes over in the middle of a run, gives the same numbers, and refuses what ``Cells`` refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.kernel import jit
from efasp.model.indexed.kernel.block import BlockArrays, block
from efasp.model.indexed.kernel.forms import (
    REASON,
    SCORES,
    STREAM,
    CarryArrays,
    FormArrays,
    Members,
    Side,
    no_changes,
    sparse,
)
from efasp.model.indexed.kernel.heads import HeadArrays, Who, attend
from efasp.model.indexed.kernel.table import grown, table_of
from efasp.model.indexed.kernel.whole import addresses, leaves, read, through
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.split import SHARED, Carry, Forms

if TYPE_CHECKING:
    from efasp.model.indexed.block import Block
    from efasp.model.indexed.cells import Cells
    from efasp.model.indexed.heads import Asking, Heads
    from efasp.model.indexed.weights import Weights


class Kernel:
    """The layers of ``Cells`` as arrays, and passes over them. Arguments and errors as of ``Cells.step``."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        order = np.argsort(cells.groups.group, kind="stable").astype(np.int64)
        start = np.searchsorted(cells.groups.group[order], np.arange(cells.groups.count + 1)).astype(np.int64)
        self.live = live(cells.weights)
        self.members = Members(start, order)
        self.layers: list[HeadArrays | BlockArrays] = []
        self.sublayers = list[int]()  # the number of each, from 1 on
        for number, (heads, feed) in enumerate(cells.layers):
            if heads is not None:
                self.layers.append(self._heads(heads))
                self.sublayers.append(2 * number + 1)
            if feed is not None:
                self.layers.append(self._block(feed))
                self.sublayers.append(2 * number + 2)
        self.states = np.zeros((len(self.layers), 3), dtype=np.int64)
        self._table: np.ndarray | None = None  # the addresses of all arrays
        self.read_out = forms_of(cells.read_out)

    def _sides(self, sublayer: int) -> tuple[Side, Side]:
        """The shared part and the own coordinates around a sublayer, counted from 0."""
        stream, exact = self.cells.stream, self.cells.stream.exact
        bounds = exact.ends[sublayer + 1], exact.caps[sublayer + 1 : sublayer + 2], np.array([exact.whole[sublayer + 1]])
        at = stream.at[sublayer + 1]
        every, (common, own) = np.arange(self.cells.weights.width), (stream.shared, stream.own)
        return (
            Side(common[sublayer], common[sublayer + 1], every, *bounds),
            Side(own[sublayer], own[sublayer + 1], at, *bounds),
        )

    def _carry(self, carry: Carry, kept: np.ndarray, sublayer: int) -> tuple[CarryArrays, np.ndarray]:
        """What is carried over a sublayer, of coordinates of which some are kept, and which of them are computed."""
        some = np.flatnonzero(self.live[sublayer + 1][carry.after] | ~kept)
        into = np.where(kept, np.cumsum(kept) - 1, -1)[some]
        shared = np.zeros(self.cells.weights.width, dtype=np.bool_)
        shared[carry.sources[some][carry.kinds[some] == SHARED]] = True
        arrays = carry.kinds[some], carry.sources[some], into, self.cells.split.places, self.cells.groups.group, shared
        return CarryArrays(*arrays), some

    def _heads(self, heads: Heads) -> HeadArrays:
        def read_values(asking: Asking) -> np.ndarray:
            return np.ascontiguousarray(asking.read_values(self.cells.all_groups, heads.values))

        def who(asking: Asking, gives: np.ndarray) -> Who:
            whole = np.ascontiguousarray(asking.position, dtype=np.int64)
            return Who(asking.heads, asking.group, asking.lead, whole, sparse(gives[:, some]))

        room, sublayer = len(self.cells.every) * len(heads.tables), 2 * heads.number
        common, own = self._sides(sublayer)
        live = self.live[sublayer + 1]
        carry, some = self._carry(heads.carry, np.ones(len(heads.carry.after), dtype=np.bool_), sublayer)
        switches = np.array([heads.both.lively, heads.queries.lively, heads.queries.any_own, heads.bystander, heads.spread])
        return HeadArrays(
            forms_of(heads.queries), forms_of(heads.both), table_of(heads.lookups, room),
            heads.tables, heads.loud, heads.values, read_values(heads.shared), np.array([heads.fixed]),
            self.cells.stream.exact.sides[heads.number],
            who(heads.shared, heads.give), who(heads.mine, heads.give_own), sparse(heads.out * live),
            sparse(np.diag(heads.kept * live)),
            carry, self.members, common, own, switches,
        )  # fmt: skip

    def _block(self, block: Block) -> BlockArrays:
        sublayer = 2 * block.number + 1
        common, own = self._sides(sublayer)
        live = self.live[sublayer + 1]
        carry, some = self._carry(block.carry, block.kept, sublayer)
        shared, still, lively = map(forms_of, block.units)
        given = np.ascontiguousarray(block.given[:, some])
        down, give, quiet, busy = map(sparse, (block.down * live, *(x[:, some] for x in (block.give, block.quiet, block.busy))))
        return BlockArrays(
            shared, still, lively, down, give, quiet, busy, sparse(np.diag(block.keep * live)), given,
            np.maximum(block.units[2].at(self.cells.every), 0), carry, self.members, common, own,
            np.array([block.carry.lively]),
        )  # fmt: skip

    def step(self, rows: np.ndarray) -> np.ndarray:
        """From the positions whose tokens have changed, which the stream has, to those whose read-outs differ."""
        for at, heads in enumerate(self.layers):
            if isinstance(heads, HeadArrays):
                self._make_room(at, heads)
        none = tuple(no_changes(self.cells.outputs.dtype))
        rows, changes = (self._at_once if jit.COMPILES else self._one_by_one)(rows, none)
        for number, sublayer in enumerate(self.sublayers):
            self._look(sublayer, self.states[number].tolist())
        self.states[:] = 0
        last = self.cells.stream
        found: np.ndarray = read(self.read_out, self.members, rows, changes, last.shared[-1], last.own[-1], self.cells.outputs)
        return found

    def _at_once(self, rows: np.ndarray, changes: Any) -> Any:
        """All sublayers, compiled."""
        if self._table is None:
            sizes = [len(list(leaves(arrays))) for arrays in self.layers]
            self._first = np.cumsum([0, *sizes[:-1]])
            self._kinds = np.array([isinstance(arrays, BlockArrays) for arrays in self.layers], dtype=np.int64)
            self._table = addresses(tuple(self.layers))
        return through(self._table, self._first, self._kinds, rows, changes, self.states)

    def _one_by_one(self, rows: np.ndarray, changes: Any) -> Any:
        """All sublayers, by the interpreter."""
        for number, arrays in enumerate(self.layers):
            step = attend if isinstance(arrays, HeadArrays) else block
            rows, changes = step(arrays, rows, changes, self.states[number])
            if self.states[number, REASON]:
                break
        return rows, changes

    def _make_room(self, at: int, heads: HeadArrays) -> None:
        """Room for all keys that a pass may bring to a layer's heads."""
        room = len(self.cells.every) * len(heads.tables)
        if heads.table.known[0] + room > len(heads.table.owner):
            self.layers[at] = heads._replace(table=grown(heads.table, room + len(heads.table.owner) // 2))
            self._table = None

    def _look(self, sublayer: int, state: list[int]) -> None:
        """Look at the state that a sublayer has left. Raises Unsuited."""
        if not any(state):
            return
        exact = self.cells.stream.exact
        if state[SCORES]:
            exact.check_scores((sublayer - 1) // 2)
        if state[STREAM]:
            exact.check(sublayer)
        if state[REASON]:
            raise Unsuited(rules.REASONS[state[REASON]])


def live(weights: Weights) -> list[np.ndarray]:
    """By sublayer, from the embedding on, which coordinates of the stream behind it any later layer, or the read-out, reads.

    The numbers of the others stay finite, as the bounds of sums are looked at for all coordinates at every sublayer, and count
    for nothing: each is only added to, and multiplied with 0.
    """
    now = (weights.arrays["out.weight"] != 0).any(axis=0)
    found = [now]
    for number, row in reversed(list(enumerate(weights.rows))):
        for part, there in (("up", row["d_ff"]), ("qkv", row["heads"])):
            names = ["up"] if part == "up" else list(part)
            for name in names if there else []:
                now = now | (weights.arrays[f"layers.{number}.{name}.weight"] != 0).any(axis=0)
            found.append(now)
    return found[::-1]


def forms_of(forms: Forms) -> FormArrays:
    """The kernel's arrays of forms."""
    lively = (forms.by_shared != 0).any(axis=0)
    return FormArrays(
        sparse(forms.by_own),
        sparse(forms.by_shared),
        forms.place,
        np.where(lively, 0, forms.wholes[0]).astype(forms.wholes.dtype),
        forms.wholes,
        forms.group,
        forms.first,
        np.flatnonzero((forms.place != 0).any(axis=0)),
        np.flatnonzero(lively),
    )
