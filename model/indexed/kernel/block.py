"""The kernel's feed-forward block: ``block.Block.step`` over the arrays of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.kernel.forms import (
    REASON,
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
    keep: np.ndarray
    kept: np.ndarray
    given: np.ndarray
    base: np.ndarray
    busied: np.ndarray
    carry: CarryArrays
    members: Members
    common: Side
    own: Side
    switches: np.ndarray


SPREAD, LATE, OLD_LIVELY = range(3)  # of the switches


@jit
def clip(hidden: Any) -> None:
    """ReLU, in place."""
    for row in range(len(hidden)):
        for unit in range(hidden.shape[1]):
            if hidden[row, unit] < 0:
                hidden[row, unit] = 0


@jit
def hide(a: Any, changes: Any) -> Any:
    """The shared hidden units of groups, computed anew: (groups, units), before and after."""
    groups = changes[0]
    before = of_groups(a.shared, groups)
    compute_groups(a.shared, changes, a.common.before)
    after = of_groups(a.shared, groups)
    clip(before)
    clip(after)
    return before, after


@jit
def write_groups(a: Any, changes: Any, state: Any) -> Any:
    """``Block.shared_values`` of groups that have changed, stored; gives what differs."""
    groups, begin, coordinates, old_values = changes
    was, now = hide(a, changes)
    start, outputs, _, weights = a.down
    keep, before, width = a.keep, a.common.before, len(a.keep)
    terms = term_room(width + len(weights), keep)
    targets, factors, old, new = terms
    mark, out, rows = np.zeros(width, np.bool_), room(len(groups), width, keep), 0
    for number in range(len(groups)):
        group, count = groups[number], 0
        for change in range(begin[number], begin[number + 1]):
            at = coordinates[change]
            if keep[at] != 0:
                targets[count], factors[count], old[count], new[count] = at, keep[at], old_values[change], before[group, at]
                count += 1
        for unit in range(was.shape[1]):
            if was[number, unit] == now[number, unit]:
                continue
            for term in range(start[unit], start[unit + 1]):
                targets[count], factors[count] = outputs[term], weights[term]
                old[count], new[count] = was[number, unit], now[number, unit]
                count += 1
        rows = shift(a.common, group, terms, count, mark, out, rows, state)
    give(a, groups, now)
    return closed(out, rows)


@jit
def give(a: Any, groups: Any, hidden: Any) -> None:
    """What shared units give to own coordinates."""
    given = a.given
    if len(a.give.weights) == 0:
        return
    sums = np.zeros((len(groups), given.shape[1]), given.dtype)
    add(a.give, hidden, sums)
    for number in range(len(groups)):
        for at in range(given.shape[1]):
            given[groups[number], at] = sums[number, at]


@jit
def compute_base(a: Any, rows: Any, state: Any) -> None:
    """``Block.compute_base``."""
    hidden, base, kept, late = of_positions(a.still, rows), a.base, a.kept, a.switches[LATE]
    clip(hidden)
    found = old(a.carry, rows, a.own.before, a.common.before)
    add(a.quiet, hidden, found)
    for number in range(len(rows)):
        row = rows[number]
        for at in range(found.shape[1]):
            base[row, at] = found[number, at]
            if not late and not kept[at] and found[number, at] != 0:
                state[REASON] = rules.LEFTOVERS


@jit
def busier(a: Any, redo: Any, rows: Any) -> Any:
    """Of positions to compute those that are among ``rows``, or where a busy unit gives something else than before."""
    hidden, busied = of_positions(a.lively, redo), a.busied
    chosen = np.zeros(len(busied), np.bool_)
    clip(hidden)
    for row in rows:
        chosen[row] = True
    for number in range(len(redo)):
        row = redo[number]
        for unit in range(hidden.shape[1]):
            if hidden[number, unit] != busied[row, unit]:
                busied[row, unit] = hidden[number, unit]
                chosen[row] = True
    return marked(chosen)


@jit
def write_own(a: Any, redo: Any, state: Any) -> Any:
    """``Block.own_values`` of positions, stored; gives those that differ."""
    base, kept, late = a.base, a.kept, a.switches[LATE]
    group_of, given, busied = a.shared.group, a.given, a.busied
    hidden = np.empty((len(redo), busied.shape[1]), busied.dtype)
    for number in range(len(redo)):
        for unit in range(busied.shape[1]):
            hidden[number, unit] = busied[redo[number], unit]
    found = np.empty((len(redo), len(kept)), base.dtype)
    for number in range(len(redo)):
        row = redo[number]
        for at in range(len(kept)):
            found[number, at] = base[row, at] + given[group_of[row], at]
    add(a.busy, hidden, found)
    new = np.empty((len(redo), a.own.after.shape[1]), base.dtype)
    for number in range(len(redo)):
        into = 0
        for at in range(len(kept)):
            if kept[at]:
                new[number, into] = found[number, at]
                into += 1
            elif late and found[number, at] != 0:
                state[REASON] = rules.LEFTOVERS
    return put(a.own, redo, new, state)


@jit
def block(a: Any, rows: Any, changes: Any, state: Any) -> Any:
    """``Block.step``: from the positions and groups that have changed before the block to those that have after it."""
    size = len(a.members.start) - 1
    compute_groups(a.lively, changes, a.common.before)
    changed = write_groups(a, changes, state)
    compute_own(a.still, rows, a.own.before)
    compute_own(a.lively, rows, a.own.before)
    redo = rows
    if a.switches[SPREAD]:
        groups = union(size, concerned(changes, a.lively), carried(changes, a.carry))
        groups = changes[0] if len(a.give.weights) else groups
        redo = spread(a.members, groups, rows)
    base_rows = redo if a.switches[OLD_LIVELY] else rows
    compute_base(a, base_rows, state)
    redo = busier(a, redo, redo if len(a.give.weights) else base_rows)
    return write_own(a, redo, state), changed
