"""The kernel's feed-forward block: ``block.Block.step`` over the arrays of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed.kernel.forms import (
    BATCH,
    CarryArrays,
    FormArrays,
    Members,
    Side,
    Sparse,
    add_all,
    carried,
    chosen,
    clip,
    closed,
    columns,
    compute_group,
    compute_groups,
    concerned,
    differing,
    marked,
    of_positions,
    old,
    put,
    room,
    shift,
    shifted,
    spread,
    store,
    union,
)
from efasp.model.indexed.kernel.jit import jit


class BlockArrays(NamedTuple):
    """The arrays of ``block.Block``, by its names: units that are shared, quiet and busy, and what each of them writes.
    ``busied``: what the busy ones gave, (positions, units)."""

    shared: FormArrays
    still: FormArrays
    lively: FormArrays
    down: Sparse
    give: Sparse
    quiet: Sparse
    busy: Sparse
    keep: Sparse
    given: np.ndarray
    busied: np.ndarray
    carry: CarryArrays
    members: Members
    common: Side
    own: Side
    switches: np.ndarray


OLD_LIVELY = 0  # of the switches


@jit
def hide(forms: Any, group: Any, hidden: Any) -> None:
    """Compute the shared hidden units of a group in place, in ``hidden``."""
    wholes, place, first, nothing = forms.wholes, forms.place, forms.first[group], hidden.dtype.type(0)
    for unit in range(len(hidden)):
        hidden[unit] = wholes[group, unit]
    for unit in forms.placed:
        hidden[unit] += place[first, unit]
    for unit in range(len(hidden)):
        hidden[unit] = nothing if hidden[unit] < nothing else hidden[unit]


@jit
def write_groups(a: Any, changes: Any, state: Any) -> Any:
    """``Block.shared_values`` of groups that have changed, stored; gives what differs, and the groups to whose own coordinates
    shared units give something else than before."""
    groups, begin, coordinates, old_values = changes
    before, after, width, units = a.common.before, a.common.after, a.common.after.shape[1], len(a.shared.bias)
    mark, out, rows = np.zeros(width, np.bool_), room(len(groups), width, after), 0
    was, now, olds = np.empty(units, after.dtype), np.empty(units, after.dtype), np.empty(units, after.dtype)
    inputs, moving, moves = np.empty(units, np.int64), np.empty(len(groups), np.int64), 0
    for number in range(len(groups)):
        group, last = groups[number], out[1][rows]
        hide(a.shared, group, was)
        compute_group(a.shared, changes, number, before)
        hide(a.shared, group, now)
        some, sums = slice(begin[number], begin[number + 1]), after[group]
        last = shift(sums, a.keep, coordinates[some], old_values[some], before[group], mark, out, last)
        count = differing(was, now, inputs, olds)
        last = shift(sums, a.down, inputs[:count], olds[:count], now, mark, out, last)
        rows = shifted(a.common, group, mark, out, rows, last, state)
        if give(a.give, a.given, group, now):
            moving[moves] = group
            moves += 1
    return closed(out, rows), moving[:moves]


@jit
def give(matrix: Any, given: Any, group: Any, hidden: Any) -> Any:
    """What a group's shared units give to own coordinates, stored; says whether it is something else than before."""
    start, outputs, weights = matrix
    if len(weights) == 0:
        return False
    sums, differs = np.zeros(given.shape[1], given.dtype), False
    for unit in range(len(hidden)):
        for term in range(start[unit], start[unit + 1]):
            sums[outputs[term]] += weights[term] * hidden[unit]
    for at in range(len(sums)):
        differs |= given[group, at] != sums[at]
        given[group, at] = sums[at]
    return differs


@jit
def busier(a: Any, redo: Any, sure: Any) -> Any:
    """The positions ``sure``, and those of ``redo`` where a busy unit gives something else than before."""
    busied, mark = a.busied, np.zeros(len(a.busied), np.bool_)
    hidden = columns(busied.shape[1], redo, busied)
    for row in sure:
        mark[row] = True
    if len(hidden) == 0:
        return sure
    for begin in range(0, len(redo), BATCH):
        rows = redo[begin : begin + BATCH]
        of_positions(a.lively, a.own.before, rows, hidden)
        clip(hidden, len(rows))
        differ = np.zeros(len(rows), np.bool_)
        for unit in range(len(hidden)):
            store(busied, unit, rows, hidden[unit], differ)
        for row in chosen(rows, differ):
            mark[row] = True
    return marked(mark)


@jit
def write_own(a: Any, redo: Any, state: Any) -> Any:
    """``Block.own_values`` of positions, stored; gives those that differ."""
    group_of, given, own, width = a.carry.group, a.given, a.own.before, len(a.carry.kinds)
    still, lively = columns(len(a.still.bias), redo, given), columns(len(a.lively.bias), redo, given)
    found, differ = columns(width, redo, given), np.zeros(len(redo), np.bool_)
    for begin in range(0, len(redo), BATCH):
        rows = redo[begin : begin + BATCH]
        old(a.carry, rows, own, a.common.before, found)
        if len(a.give.weights):
            for at in range(width):
                for n in range(len(rows)):
                    found[at, n] += given[group_of[rows[n]], at]
        of_positions(a.still, own, rows, still)
        clip(still, len(rows))
        add_all(a.quiet, still, len(rows), found)
        of_positions(a.lively, own, rows, lively)
        clip(lively, len(rows))
        add_all(a.busy, lively, len(rows), found)
        put(a.own, a.carry.into, rows, found, differ[begin : begin + BATCH], state)
    return chosen(redo, differ)


@jit
def block(a: Any, rows: Any, changes: Any, state: Any) -> Any:
    """``Block.step``: from the positions and groups that have changed before the block to those that have after it.

    What shared units give to a position is the same unless it differs for its group, so that only positions of groups where it
    does, or with another changed input, are computed again.
    """
    size = len(a.members.start) - 1
    compute_groups(a.lively, changes, a.common.before)
    changed, moving = write_groups(a, changes, state)
    heard = concerned(changes, a.lively)
    if a.switches[OLD_LIVELY]:
        redo = spread(a.members, union(size, union(size, heard, moving), carried(changes, a.carry)), rows)
    else:
        redo = busier(a, spread(a.members, heard, rows), spread(a.members, moving, rows))
    return write_own(a, redo, state), changed
