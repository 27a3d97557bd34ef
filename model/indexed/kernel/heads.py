"""The kernel's attention: ``heads.Heads.step`` over the arrays of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed.kernel.forms import (
    SCORES,
    CarryArrays,
    FormArrays,
    Members,
    Side,
    Sparse,
    add,
    carried,
    closed,
    compute_groups,
    compute_own,
    concerned,
    marked,
    of_groups,
    of_positions,
    old,
    put,
    room,
    shift,
    spread,
    term_room,
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
    kept: np.ndarray
    carry: CarryArrays
    members: Members
    common: Side
    own: Side
    switches: np.ndarray


BOTH_LIVELY, LIVELY, ANY_OWN, BYSTANDER, SPREAD = range(5)  # of the switches


@jit
def note(scored: Any, side: Any, heads: Any, blocks: Any, found: Any, state: Any) -> None:
    """Take note of queries (0) or keys (1) of heads, blocks of d_head columns of ``found``, for the bounds of scores."""
    size = scored.shape[2]
    for row in range(len(found)):
        for i in range(len(heads)):
            for c in range(size):
                length = abs(found[row, blocks[i] * size + c])
                if not length <= scored[side, heads[i], c]:
                    scored[side, heads[i], c] = length
                    state[SCORES] = 1


@jit
def rekey(a: Any, rows: Any, state: Any) -> Any:
    """``Heads._rekey``: the groups of keys touched, which are marked."""
    values, fixed, tables, loud = a.values, a.fixed[0], a.tables, a.loud
    size, found = values.shape[2], of_positions(a.both, rows)
    note(a.scored, 1, tables, np.arange(len(tables)), found, state)
    signs, bases = np.empty((len(rows), len(tables), size), np.int8), np.empty((len(rows), len(tables)))
    goes = weigh(a.table, tables, fixed, rows, found, signs, bases, state)
    for row in range(len(rows)):
        for number in range(len(loud)):
            for c in range(size):
                values[fixed + rows[row], loud[number], c] = found[row, (len(tables) + number) * size + c]
    touched = replace(a.table, tables, fixed, rows, signs, goes, bases)
    elect(a.table, touched)
    return touched


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
    if len(asking):
        found = of_positions(a.queries, asking) if positions else of_groups(a.queries, asking)
        note(a.scored, 0, who.heads, who.heads, found, state)
        look_up(a.table, who, asking, found, state)
    win(a.table, who, dirty, a.values, state)
    return dirty


@jit
def read_values(who: Any, askers: Any, values: Any) -> Any:
    """The values that askers read, as ``Asking.read_values``."""
    heads, position, size = who.heads, who.position, values.shape[2]
    out = np.empty((len(askers), len(heads) * size), values.dtype)
    for number in range(len(askers)):
        for i in range(len(heads)):
            for c in range(size):
                out[number, i * size + c] = values[position[askers[number], i], heads[i], c]
    return out


@jit
def moved(a: Any, dirty: Any) -> Any:
    """The groups that read something else than before."""
    now, was = read_values(a.shared, dirty, a.values), a.last_read
    out, count = np.empty(len(dirty), np.int64), 0
    for place in range(len(dirty)):
        for given in range(now.shape[1]):
            if now[place, given] != was[dirty[place], given]:
                out[count] = dirty[place]
                count += 1
                break
    return out[:count]


@jit
def write_groups(a: Any, again: Any, changes: Any, state: Any) -> Any:
    """``Heads.shared_values`` of groups, stored; gives what differs."""
    groups, begin, coordinates, old_values = changes
    start, outputs, _, weights = a.out
    now, was, kept, before = read_values(a.shared, again, a.values), a.last_read, a.kept, a.common.before
    width, number = len(kept), 0
    terms = term_room(width + len(weights), kept)
    targets, factors, old, new = terms
    mark, out, rows = np.zeros(width, np.bool_), room(len(again), width, kept), 0
    for place in range(len(again)):
        group, count = again[place], 0
        while number < len(groups) and groups[number] < group:
            number += 1
        if number < len(groups) and groups[number] == group:
            for change in range(begin[number], begin[number + 1]):
                at = coordinates[change]
                if kept[at] != 0:
                    targets[count], factors[count], old[count], new[count] = at, kept[at], old_values[change], before[group, at]
                    count += 1
        for given in range(now.shape[1]):
            if now[place, given] == was[group, given]:
                continue
            for term in range(start[given], start[given + 1]):
                targets[count], factors[count] = outputs[term], weights[term]
                old[count], new[count] = was[group, given], now[place, given]
                count += 1
            was[group, given] = now[place, given]
        rows = shift(a.common, group, terms, count, mark, out, rows, state)
    return closed(out, rows)


@jit
def write_own(a: Any, redo: Any, state: Any) -> Any:
    """``Heads.own_values`` of positions, stored; gives those that differ."""
    group_of, groups = a.both.group, np.empty(len(redo), np.int64)
    for number in range(len(redo)):
        groups[number] = group_of[redo[number]]
    new = old(a.carry, redo, a.own.before, a.common.before)
    if len(a.shared.gives.weights):
        add(a.shared.gives, read_values(a.shared, groups, a.values), new)
    if len(a.mine.heads):
        add(a.mine.gives, read_values(a.mine, redo, a.values), new)
    return put(a.own, redo, new, state)


@jit
def attend(a: Any, rows: Any, changes: Any, state: Any) -> Any:
    """``Heads.step``: from the positions and groups that have changed before the heads to those that have after them."""
    known, none, groups, size = a.table.known[0], np.empty(0, np.int64), changes[0], len(a.members.start) - 1
    compute_own(a.both, rows, a.own.before)
    compute_own(a.queries, rows, a.own.before)
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
