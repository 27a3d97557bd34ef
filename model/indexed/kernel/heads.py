"""The kernel's attention: ``heads.Heads.step`` over the arrays of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed.kernel.forms import (
    BATCH,
    SCORES,
    CarryArrays,
    FormArrays,
    Members,
    Side,
    Sparse,
    add,
    carried,
    chosen,
    closed,
    columns,
    compute_groups,
    concerned,
    differing,
    marked,
    of_groups,
    of_positions,
    old,
    put,
    room,
    shift,
    shifted,
    spread,
    union,
)
from efasp.model.indexed.kernel.jit import jit
from efasp.model.indexed.kernel.table import Table, elect, look_up, replace, weigh, win


class Who(NamedTuple):
    """The arrays of ``heads.Asking``, and what these heads write: (heads * d_head, coordinates)."""

    heads: np.ndarray
    group: np.ndarray
    lead: np.ndarray
    position: np.ndarray
    gives: Sparse


class HeadArrays(NamedTuple):
    """The arrays of ``heads.Heads``, by its names. ``fixed`` (1); ``out``: what shared heads write to shared coordinates."""

    queries: FormArrays
    both: FormArrays
    table: Table
    tables: np.ndarray
    loud: np.ndarray
    values: np.ndarray
    last_read: np.ndarray
    fixed: np.ndarray
    scored: np.ndarray
    shared: Who
    mine: Who
    out: Sparse
    kept: Sparse
    carry: CarryArrays
    members: Members
    common: Side
    own: Side
    switches: np.ndarray


BOTH_LIVELY, LIVELY, ANY_OWN, BYSTANDER, SPREAD = range(5)  # of the switches


@jit
def bound(scored: Any, side: Any, heads: Any, blocks: Any, found: Any, count: Any, state: Any) -> None:
    """Take note of queries (0) or keys (1) of heads, blocks of d_head columns of ``found``, for the bounds of scores."""
    size = scored.shape[2]
    for i in range(len(heads)):
        for c in range(size):
            most, column, large = scored[side, heads[i], c], blocks[i] * size + c, False
            for n in range(count):
                large |= not abs(found[column, n]) <= most
            if not large:
                continue
            for n in range(count):
                length = abs(found[column, n])
                if not length <= scored[side, heads[i], c]:
                    scored[side, heads[i], c] = length
                    state[SCORES] = 1


@jit
def rekey(a: Any, rows: Any, state: Any) -> Any:
    """``Heads._rekey``: the groups of keys touched, which are marked."""
    values, fixed, tables, loud, size = a.values, a.fixed[0], a.tables, a.loud, a.values.shape[2]
    found, order = columns(len(a.both.bias), rows, values), np.arange(len(tables))
    goes, bases = np.empty((len(tables), BATCH), np.bool_), np.empty((len(tables), BATCH))
    touched, count = np.empty(2 * len(rows) * len(tables), np.int64), 0
    for begin in range(0, len(rows), BATCH):
        some = rows[begin : begin + BATCH]
        of_positions(a.both, a.own.before, some, found)
        bound(a.scored, 1, tables, order, found, len(some), state)
        weigh(a.table, tables, fixed, some, found, goes, bases, state)
        for number in range(len(loud)):
            for c in range(size):
                for n in range(len(some)):
                    values[fixed + some[n], loud[number], c] = found[(len(tables) + number) * size + c, n]
        count = replace(a.table, tables, fixed, some, found, goes, bases, touched, count)
    elect(a.table, touched[:count])
    return touched[:count]


@jit
def hits(who: Any, mark: Any, askers: Any, any_touched: Any, fresh: Any) -> Any:
    """Who must ask, and who must ask or see who wins: those given, and those whom the keys touched concern."""
    groups, chosen, seen = who.group, np.zeros(len(who.group), np.bool_), np.zeros(len(who.group), np.bool_)
    for asker in askers:
        chosen[asker] = True
        seen[asker] = True
    if any_touched:
        for asker in range(len(groups)):
            for i in range(groups.shape[1]):
                group = groups[asker, i]
                if group < 0:
                    if fresh:
                        chosen[asker] = True
                        seen[asker] = True
                elif mark[group]:
                    seen[asker] = True
    return marked(chosen), marked(seen)


@jit
def ask(a: Any, who: Any, positions: Any, askers: Any, any_touched: Any, fresh: Any, state: Any) -> Any:
    """``Heads._ask``: who may read something else. ``positions``: whether positions ask, or groups."""
    if len(who.heads) == 0:
        return np.empty(0, np.int64)
    asking, dirty = hits(who, a.table.mark, askers, any_touched, fresh)
    found = columns(len(a.queries.bias), asking, a.values)
    for begin in range(0, len(asking), BATCH):
        some = asking[begin : begin + BATCH]
        if positions:
            of_positions(a.queries, a.own.before, some, found)
        else:
            of_groups(a.queries, some, found)
        bound(a.scored, 0, who.heads, who.heads, found, len(some), state)
        look_up(a.table, who, some, found, state)
    win(a.table, who, dirty, a.values, state)
    return dirty


@jit
def read_one(heads: Any, position: Any, values: Any, out: Any) -> None:
    """The values that one asker reads, of heads at its positions."""
    size = values.shape[2]
    for i in range(len(heads)):
        for c in range(size):
            out[i * size + c] = values[position[i], heads[i], c]


@jit
def moved(a: Any, dirty: Any) -> Any:
    """The groups that read something else than before."""
    who, now = a.shared, np.empty(a.last_read.shape[1], a.values.dtype)
    inputs, olds = np.empty(len(now), np.int64), np.empty(len(now), a.values.dtype)
    differ = np.zeros(len(dirty), np.bool_)
    for place in range(len(dirty)):
        read_one(who.heads, who.position[dirty[place]], a.values, now)
        differ[place] = differing(a.last_read[dirty[place]], now, inputs, olds) > 0
    return chosen(dirty, differ)


@jit
def write_groups(a: Any, again: Any, changes: Any, state: Any) -> Any:
    """``Heads.shared_values`` of groups, stored; gives what differs."""
    groups, begin, coordinates, old_values = changes
    before, after, width, number = a.common.before, a.common.after, a.common.after.shape[1], 0
    heads, position, wide = a.shared.heads, a.shared.position, a.last_read.shape[1]
    now, inputs, olds = np.empty(wide, after.dtype), np.empty(wide, np.int64), np.empty(wide, after.dtype)
    mark, out, rows = np.zeros(width, np.bool_), room(len(again), width, after), 0
    for group in again:
        last, sums = out[1][rows], after[group]
        while number < len(groups) and groups[number] < group:
            number += 1
        if number < len(groups) and groups[number] == group:
            some = slice(begin[number], begin[number + 1])
            last = shift(sums, a.kept, coordinates[some], old_values[some], before[group], mark, out, last)
        read_one(heads, position[group], a.values, now)
        count = differing(a.last_read[group], now, inputs, olds)
        last = shift(sums, a.out, inputs[:count], olds[:count], now, mark, out, last)
        for given in inputs[:count]:
            a.last_read[group, given] = now[given]
        rows = shifted(a.common, group, mark, out, rows, last, state)
    return closed(out, rows)


@jit
def add_read(who: Any, askers: Any, values: Any, out: Any) -> None:
    """Add to columns of own coordinates what heads write of the values that askers read."""
    start, size, column = who.gives.start, values.shape[2], np.empty(len(askers), values.dtype)
    for given in range(len(start) - 1):
        if start[given] < start[given + 1]:
            i, c = given // size, given % size
            for n in range(len(askers)):
                column[n] = values[who.position[askers[n], i], who.heads[i], c]
            add(who.gives, given, column, len(askers), out)


@jit
def write_own(a: Any, redo: Any, state: Any) -> Any:
    """``Heads.own_values`` of positions, stored; gives those that differ."""
    group_of, found, differ = a.carry.group, columns(len(a.carry.kinds), redo, a.values), np.zeros(len(redo), np.bool_)
    for begin in range(0, len(redo), BATCH):
        rows = redo[begin : begin + BATCH]
        old(a.carry, rows, a.own.before, a.common.before, found)
        if len(a.shared.gives.weights):
            add_read(a.shared, group_of[rows], a.values, found)
        if len(a.mine.gives.weights):
            add_read(a.mine, rows, a.values, found)
        put(a.own, a.carry.into, rows, found, differ[begin : begin + BATCH], state)
    return chosen(redo, differ)


@jit
def attend(a: Any, rows: Any, changes: Any, state: Any) -> Any:
    """``Heads.step``: from the positions and groups that have changed before the heads to those that have after them."""
    known, none, groups, size = a.table.known[0], np.empty(0, np.int64), changes[0], len(a.members.start) - 1
    compute_groups(a.both, changes, a.common.before)
    compute_groups(a.queries, changes, a.common.before)
    keyed = spread(a.members, concerned(changes, a.both), rows) if a.switches[BOTH_LIVELY] else rows
    queried = concerned(changes, a.queries)
    touched = rekey(a, keyed, state) if len(a.loud) else none
    fresh, some = a.table.known[0] > known, len(touched) > 0
    dirty = ask(a, a.shared, False, queried if a.switches[LIVELY] else none, some, fresh, state)
    again, redo = union(size, groups, dirty), rows
    moving = moved(a, dirty) if len(a.shared.gives.weights) else none
    changed = write_groups(a, again, changes, state)
    if not a.switches[BYSTANDER]:
        redo = spread(a.members, union(size, carried(changes, a.carry), moving), rows) if a.switches[SPREAD] else rows
        asking = spread(a.members, queried, rows) if a.switches[LIVELY] else rows if a.switches[ANY_OWN] else none
        redo = union(len(a.own.after), redo, ask(a, a.mine, True, asking, some, fresh, state))
        redo = write_own(a, redo, state)
    for group in touched:
        a.table.mark[group] = False
    return redo, changed
