"""The kernel's linear forms: sparse sums, sets of rows, and what is stored of a sublayer's values.

Every sum is exact in any order (``model.indexed.exactness``), so that leaving out the terms that are 0 changes no bit.

What is made of positions is held by *columns*, (forms, positions), of a *batch* of positions at a time: a term of a sum is then
one loop over neighbours in memory, and a batch stays in the nearest cache from the first loop over it to the last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.kernel.jit import jit
from efasp.model.indexed.split import OWN, PLACED

BATCH = 64  # positions
REASON, SCORES, STREAM = 0, 1, 2  # what ``state`` tells: the number of a reason; whether bounds of either kind have grown


class Sparse(NamedTuple):
    """The terms of a matrix (inputs, outputs), by inputs: where those of each begin; of each its output and weight."""

    start: np.ndarray
    outputs: np.ndarray
    weights: np.ndarray


class Changes(NamedTuple):
    """The coordinates of rows that have changed: the rows, where each one's begin, their numbers, and what they were before."""

    rows: np.ndarray
    start: np.ndarray
    at: np.ndarray
    old: np.ndarray


class FormArrays(NamedTuple):
    """The arrays of ``split.Forms``: both matrices, (own coordinates, forms) and (d_model, forms), and the rest as there.
    ``placed``, ``lively``: the forms to which the place, and those to which the shared part gives anything; ``bias``: what the
    others are without the place and own coordinates."""

    own: Sparse
    shared: Sparse
    place: np.ndarray
    bias: np.ndarray
    wholes: np.ndarray
    group: np.ndarray
    first: np.ndarray
    placed: np.ndarray
    lively: np.ndarray


class Side(NamedTuple):
    """One part of the stream before and after a sublayer, (rows, coordinates), and of its coordinates after it: their numbers,
    their least and largest values (2, d_model), the cap (1) below which none is looked at, and whether all is integers anyway
    (1). What no later layer reads is not passed on, as no number that is made of it is used."""

    before: np.ndarray
    after: np.ndarray
    at: np.ndarray
    ends: np.ndarray
    cap: np.ndarray
    whole: np.ndarray


class Members(NamedTuple):
    """The positions of every group: where each begins in ``listed``."""

    start: np.ndarray
    listed: np.ndarray


class CarryArrays(NamedTuple):
    """The arrays of ``split.Carry`` for the coordinates that are computed, what the place adds to every position, every
    position's group, and which coordinates are carried over from the shared part. ``into``: the own coordinate after the
    sublayer that each one is, -1 for one that is erased."""

    kinds: np.ndarray
    sources: np.ndarray
    into: np.ndarray
    places: np.ndarray
    group: np.ndarray
    shared: np.ndarray


def sparse(matrix: np.ndarray) -> Sparse:
    """The terms of a matrix (inputs, outputs) that are not 0."""
    inputs, outputs = (numbers.astype(np.int64) for numbers in np.nonzero(matrix))
    start = np.searchsorted(inputs, np.arange(len(matrix) + 1)).astype(np.int64)
    return Sparse(start, outputs, matrix[inputs, outputs])


def no_changes(dtype: np.dtype) -> Changes:
    """Changes of no rows, with values of a dtype."""
    none = np.zeros(0, dtype=np.int64)
    return Changes(none, np.zeros(1, dtype=np.int64), none, np.zeros(0, dtype=dtype))


replaced = jit(rules.replaced)


@jit
def columns(width: Any, rows: Any, values: Any) -> Any:
    """Room for a batch of some rows of so many numbers each; ``values``: an array of their dtype."""
    return np.empty((width, min(len(rows), BATCH)), values.dtype)


@jit
def add(matrix: Any, at: Any, column: Any, count: Any, out: Any) -> None:
    """Add to columns of outputs what the column of one input gives, as far as ``count``."""
    start, outputs, weights = matrix
    for term in range(start[at], start[at + 1]):
        into, weight = outputs[term], weights[term]
        for n in range(count):
            out[into, n] += weight * column[n]


@jit
def add_all(matrix: Any, given: Any, count: Any, out: Any) -> None:
    """Add to columns of outputs what all columns of inputs give."""
    for at in range(len(given)):
        add(matrix, at, given[at], count, out)


@jit
def clip(hidden: Any, count: Any) -> None:
    """Apply ReLU in place to the first ``count`` columns of ``hidden``."""
    nothing = hidden.dtype.type(0)
    for unit in range(len(hidden)):
        for n in range(count):
            value = hidden[unit, n]
            hidden[unit, n] = nothing if value < nothing else value


@jit
def compute_group(forms: Any, changes: Any, number: Any, stream: Any) -> None:
    """``Forms.compute_groups`` of one group that has changed."""
    start, outputs, weights = forms.shared
    groups, begin, coordinates, before = changes
    wholes, group = forms.wholes, groups[number]
    for change in range(begin[number], begin[number + 1]):
        at, was = coordinates[change], before[change]
        now = stream[group, at]
        for term in range(start[at], start[at + 1]):
            form = outputs[term]
            wholes[group, form] = replaced(wholes[group, form], weights[term], was, now)


@jit
def compute_groups(forms: Any, changes: Any, stream: Any) -> None:
    """``Forms.compute_groups``, of what has changed."""
    if len(forms.lively):
        for number in range(len(changes[0])):
            compute_group(forms, changes, number, stream)


@jit
def concerned(changes: Any, forms: Any) -> Any:
    """The groups that have a change which forms read."""
    start = forms.shared.start
    groups, begin, coordinates, _ = changes
    out, count = np.empty(len(groups), np.int64), 0
    for number in range(len(groups)):
        for change in range(begin[number], begin[number + 1]):
            if start[coordinates[change]] < start[coordinates[change] + 1]:
                out[count] = groups[number]
                count += 1
                break
    return out[:count]


@jit
def carried(changes: Any, carry: Any) -> Any:
    """The groups that have a change which is carried over to own coordinates."""
    shared = carry.shared
    groups, begin, coordinates, _ = changes
    out, count = np.empty(len(groups), np.int64), 0
    for number in range(len(groups)):
        for change in range(begin[number], begin[number + 1]):
            if shared[coordinates[change]]:
                out[count] = groups[number]
                count += 1
                break
    return out[:count]


@jit
def of_groups(forms: Any, groups: Any, out: Any) -> None:
    """Write in ``out`` (forms, groups) the forms of groups, as ``Forms.of_groups`` gives them."""
    wholes, place, first = forms.wholes, forms.place, forms.first
    for form in range(wholes.shape[1]):
        for n in range(len(groups)):
            out[form, n] = wholes[groups[n], form]
    for form in forms.placed:
        for n in range(len(groups)):
            out[form, n] += place[first[groups[n]], form]


@jit
def of_positions(forms: Any, own: Any, rows: Any, out: Any) -> None:
    """``Forms.at`` as columns. ``own``: the own coordinates, of which the sums are made anew."""
    wholes, place, bias, group_of, start = forms.wholes, forms.place, forms.bias, forms.group, forms.own.start
    column, groups = np.empty(len(rows), out.dtype), np.empty(len(rows), np.int64)
    for n in range(len(rows)):
        groups[n] = group_of[rows[n]]
    for form in range(len(bias)):
        for n in range(len(rows)):
            out[form, n] = bias[form]
    for form in forms.lively:
        for n in range(len(rows)):
            out[form, n] = wholes[groups[n], form]
    for form in forms.placed:
        for n in range(len(rows)):
            out[form, n] += place[rows[n], form]
    for at in range(len(start) - 1):
        if start[at] < start[at + 1]:
            for n in range(len(rows)):
                column[n] = own[rows[n], at]
            add(forms.own, at, column, len(rows), out)


@jit
def marked(mark: Any) -> Any:
    """The numbers at which ``mark`` (booleans) is true, in order."""
    out = np.empty(len(mark), np.int64)
    count = 0
    for at in range(len(mark)):
        if mark[at]:
            out[count] = at
            count += 1
    return out[:count]


@jit
def chosen(rows: Any, mark: Any) -> Any:
    """The entries of ``rows`` at which ``mark`` (booleans, of the same length) is true."""
    out, count = np.empty(len(rows), np.int64), 0
    for place in range(len(rows)):
        if mark[place]:
            out[count] = rows[place]
            count += 1
    return out[:count]


@jit
def union(size: Any, one: Any, other: Any) -> Any:
    """The union of two sets of numbers below ``size``."""
    if len(other) == 0:
        return one
    if len(one) == 0:
        return other
    mark = np.zeros(size, np.bool_)
    for at in one:
        mark[at] = True
    for at in other:
        mark[at] = True
    return marked(mark)


@jit
def spread(members: Any, groups: Any, rows: Any) -> Any:
    """The positions of some groups, and ``rows``, as ``Groups.members``."""
    start, listed = members
    if len(groups) == 0:
        return rows
    mark = np.zeros(len(listed), np.bool_)
    for row in rows:
        mark[row] = True
    for group in groups:
        for at in range(start[group], start[group + 1]):
            mark[listed[at]] = True
    return marked(mark)


@jit
def old(carry: Any, rows: Any, own: Any, common: Any, out: Any) -> None:
    """Coordinates before the sublayer, as ``Carry.old``, as columns: of the own ones, of the place, or of the shared part."""
    kinds, sources, places, group_of = carry.kinds, carry.sources, carry.places, carry.group
    for at in range(len(kinds)):
        source = sources[at]
        if kinds[at] == OWN:
            for n in range(len(rows)):
                out[at, n] = own[rows[n], source]
        elif kinds[at] == PLACED:
            for n in range(len(rows)):
                out[at, n] = places[rows[n], source]
        else:
            for n in range(len(rows)):
                out[at, n] = common[group_of[rows[n]], source]


@jit
def put(side: Any, into: Any, rows: Any, values: Any, differ: Any, state: Any) -> None:
    """Store columns of values, marks in ``differ`` the rows where any is not what it was, and takes note of them for the bounds
    of sums. Erased ones must be 0.

    A value that is what it was has been looked at before, so that looking at it again, with all others, tells nothing else.
    """
    after, cap, whole = side.after, side.cap[0], side.whole[0]
    for at in range(len(into)):
        column, large, broken = into[at], False, False
        if column < 0:
            for n in range(len(rows)):
                broken |= values[at, n] != 0
            if broken:
                state[REASON] = rules.LEFTOVERS
            continue
        for n in range(len(rows)):
            large |= not abs(values[at, n]) <= cap
        if large:
            note(side, column, values[at], len(rows), state)
        if not whole:
            for n in range(len(rows)):
                broken |= values[at, n] != np.rint(values[at, n])
            if broken:
                state[REASON] = rules.FRACTIONS
        store(after, column, rows, values[at], differ)


@jit
def store(into: Any, column: Any, rows: Any, values: Any, differ: Any) -> None:
    """Store a column of values, and mark in ``differ`` where one is not what it was."""
    was, some = np.empty(len(rows), into.dtype), False
    for n in range(len(rows)):
        was[n] = into[rows[n], column]
    for n in range(len(rows)):
        other = values[n] != was[n]
        differ[n] |= other
        some |= other
    if some:
        for n in range(len(rows)):
            into[rows[n], column] = values[n]


@jit
def widen(ends: Any, cap: Any, at: Any, value: Any, state: Any) -> None:
    """Take note of a value of a coordinate for the bounds of sums; NaN as of a largest one."""
    if not abs(value) <= cap and not ends[0, at] <= value <= ends[1, at]:
        ends[0 if value < ends[0, at] else 1, at] = value
        state[STREAM] = 1


@jit
def note(side: Any, column: Any, values: Any, count: Any, state: Any) -> None:
    """Take note of values of an own coordinate beyond the cap."""
    ends, cap, at = side.ends, side.cap[0], side.at[column]
    for n in range(count):
        widen(ends, cap, at, values[n], state)


@jit
def room(rows: Any, width: Any, values: Any) -> Any:
    """Room for changes of so many rows of so many coordinates; ``values``: an array of their dtype."""
    size = rows * width
    return np.empty(rows, np.int64), np.zeros(rows + 1, np.int64), np.empty(size, np.int64), np.empty(size, values.dtype)


@jit
def differing(was: Any, now: Any, inputs: Any, olds: Any) -> Any:
    """Write down which inputs differ, and what they were; gives how many do."""
    count = 0
    for at in range(len(was)):
        if was[at] != now[at]:
            inputs[count], olds[count] = at, was[at]
            count += 1
    return count


@jit
def shift(sums: Any, matrix: Any, inputs: Any, olds: Any, now: Any, mark: Any, out: Any, last: Any) -> Any:
    """Put in a group's sums, for some inputs, what all inputs are ``now`` for what these were. What a sum was is written down
    behind ``last`` the first time; gives where the next one goes. ``mark``: the sums that are written down."""
    start, outputs, weights = matrix
    _, _, coordinates, before = out
    for number in range(len(inputs)):
        given, old = inputs[number], olds[number]
        new = now[given]
        for term in range(start[given], start[given + 1]):
            at = outputs[term]
            if not mark[at]:
                mark[at] = True
                coordinates[last], before[last] = at, sums[at]
                last += 1
            sums[at] = replaced(sums[at], weights[term], old, new)
    return last


@jit
def shifted(side: Any, group: Any, mark: Any, out: Any, rows: Any, last: Any, state: Any) -> Any:
    """Leaves of what is written down of a group, up to ``last``, the sums that differ, and takes note of them for the bounds of
    sums. Gives the number of rows of the changes ``out``. ``mark`` is False again."""
    after, ends, cap, whole = side.after, side.ends, side.cap[0], side.whole[0]
    out_rows, start, coordinates, before = out
    first = end = start[rows]
    for change in range(first, last):
        at, value = coordinates[change], after[group, coordinates[change]]
        mark[at] = False
        if value == before[change]:
            continue
        coordinates[end], before[end] = at, before[change]
        end += 1
        if not whole and value != np.rint(value):
            state[REASON] = rules.FRACTIONS
        widen(ends, cap, at, value, state)
    if end > first:
        out_rows[rows] = group
        rows += 1
        start[rows] = end
    return rows


@jit
def closed(out: Any, rows: Any) -> Any:
    """The changes in buffers, cut to the first ``rows`` rows."""
    out_rows, start, coordinates, before = out
    return out_rows[:rows], start[: rows + 1], coordinates[: start[rows]], before[: start[rows]]
