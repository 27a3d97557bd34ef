"""The kernel's linear forms: sparse sums, sets of rows, and what is stored of a sublayer's values.

Every sum is exact in any order (``model.indexed.exactness``), so that leaving out the terms that are 0 changes no bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.kernel.jit import jit
from efasp.model.indexed.split import OWN, PLACED

REASON, SCORES, STREAM = 0, 1, 2  # what ``state`` tells: the number of a reason; whether bounds of either kind have grown


class Sparse(NamedTuple):
    """The terms of a matrix (inputs, outputs), by inputs: where those of each begin; of each its output, input and weight."""

    start: np.ndarray
    outputs: np.ndarray
    inputs: np.ndarray
    weights: np.ndarray


class Changes(NamedTuple):
    """The coordinates of rows that have changed: the rows, where each one's begin, their numbers, and what they were before."""

    rows: np.ndarray
    start: np.ndarray
    at: np.ndarray
    old: np.ndarray


class FormArrays(NamedTuple):
    """The arrays of ``split.Forms``: both matrices, (own coordinates, forms) and (d_model, forms), and the rest as there."""

    own: Sparse
    shared: Sparse
    place: np.ndarray
    bias: np.ndarray
    parts: np.ndarray
    wholes: np.ndarray
    group: np.ndarray
    first: np.ndarray


class Side(NamedTuple):
    """One part of the stream before and after a sublayer, (rows, coordinates), and of its coordinates after it: their numbers,
    their least and largest values (2, d_model), the cap (1) below which none is looked at, whether all is integers anyway (1),
    and which are live. What no later layer reads is not passed on, as no number that is made of it is used."""

    before: np.ndarray
    after: np.ndarray
    at: np.ndarray
    ends: np.ndarray
    cap: np.ndarray
    whole: np.ndarray
    live: np.ndarray


class Members(NamedTuple):
    """The positions of every group: where each begins in ``listed``."""

    start: np.ndarray
    listed: np.ndarray


class CarryArrays(NamedTuple):
    """The arrays of ``split.Carry``, what the place adds to every position, every position's group, and which coordinates are
    carried over from the shared part."""

    kinds: np.ndarray
    sources: np.ndarray
    places: np.ndarray
    group: np.ndarray
    shared: np.ndarray


def sparse(matrix: np.ndarray) -> Sparse:
    """The terms of a matrix (inputs, outputs) that are not 0."""
    inputs, outputs = (numbers.astype(np.int64) for numbers in np.nonzero(matrix))
    start = np.searchsorted(inputs, np.arange(len(matrix) + 1)).astype(np.int64)
    return Sparse(start, outputs, inputs, matrix[inputs, outputs])


def no_changes(dtype: np.dtype) -> Changes:
    """Of no rows."""
    none = np.zeros(0, dtype=np.int64)
    return Changes(none, np.zeros(1, dtype=np.int64), none, np.zeros(0, dtype=dtype))


replaced = jit(rules.replaced)


@jit
def compute_own(forms: Any, rows: Any, own: Any) -> None:
    """``Forms.compute_own``."""
    _, outputs, inputs, weights = forms.own
    place, parts = forms.place, forms.parts
    if len(weights) == 0:
        return
    for row in rows:
        for form in range(parts.shape[1]):
            parts[row, form] = place[row, form]
        for term in range(len(weights)):
            parts[row, outputs[term]] += weights[term] * own[row, inputs[term]]


@jit
def compute_groups(forms: Any, changes: Any, stream: Any) -> None:
    """``Forms.compute_groups``, of what has changed."""
    start, outputs, _, weights = forms.shared
    groups, begin, coordinates, before = changes
    wholes = forms.wholes
    if len(weights) == 0:
        return
    for number in range(len(groups)):
        group = groups[number]
        for change in range(begin[number], begin[number + 1]):
            at, was = coordinates[change], before[change]
            for term in range(start[at], start[at + 1]):
                form = outputs[term]
                wholes[group, form] = replaced(wholes[group, form], weights[term], was, stream[group, at])


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
def of_groups(forms: Any, groups: Any) -> Any:
    """``Forms.of_groups``."""
    wholes, place, first = forms.wholes, forms.place, forms.first
    out = np.empty((len(groups), wholes.shape[1]), wholes.dtype)
    for number in range(len(groups)):
        group = groups[number]
        for form in range(wholes.shape[1]):
            out[number, form] = wholes[group, form] + place[first[group], form]
    return out


@jit
def of_positions(forms: Any, rows: Any) -> Any:
    """``Forms.at``."""
    wholes, parts, group_of = forms.wholes, forms.parts, forms.group
    out = np.empty((len(rows), wholes.shape[1]), wholes.dtype)
    for number in range(len(rows)):
        row = rows[number]
        group = group_of[row]
        for form in range(wholes.shape[1]):
            out[number, form] = parts[row, form] + wholes[group, form]
    return out


@jit
def marked(mark: Any) -> Any:
    """The numbers that are marked, in order."""
    out = np.empty(len(mark), np.int64)
    count = 0
    for at in range(len(mark)):
        if mark[at]:
            out[count] = at
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
def old(carry: Any, rows: Any, own: Any, common: Any) -> Any:
    """Coordinates before the sublayer, as ``Carry.old``: of the own ones, of the place, or of the shared part."""
    kinds, sources, places, group_of, _ = carry
    out = np.empty((len(rows), len(kinds)), own.dtype)
    for number in range(len(rows)):
        row = rows[number]
        group = group_of[row]
        for at in range(len(kinds)):
            if kinds[at] == OWN:
                out[number, at] = own[row, sources[at]]
            elif kinds[at] == PLACED:
                out[number, at] = places[row, sources[at]]
            else:
                out[number, at] = common[group, sources[at]]
    return out


@jit
def add(matrix: Any, given: Any, out: Any) -> None:
    """Add to rows of outputs what rows of inputs give, (rows, outputs) and (rows, inputs)."""
    _, outputs, inputs, weights = matrix
    for row in range(len(out)):
        for term in range(len(weights)):
            out[row, outputs[term]] += weights[term] * given[row, inputs[term]]


@jit
def widen(ends: Any, cap: Any, at: Any, value: Any, state: Any) -> None:
    """Take note of a value of a coordinate for the bounds of sums; NaN as of a largest one."""
    if not abs(value) <= cap and not ends[0, at] <= value <= ends[1, at]:
        ends[0 if value < ends[0, at] else 1, at] = value
        state[STREAM] = 1


@jit
def put(side: Any, rows: Any, values: Any, state: Any) -> Any:
    """Store rows of values; gives those where any differs from what it was, and takes note of it for the bounds of sums."""
    after, coordinates, ends, cap, whole, live = side.after, side.at, side.ends, side.cap[0], side.whole[0], side.live
    differ, count = np.empty(len(rows), np.int64), 0
    for number in range(len(rows)):
        row, changed = rows[number], False
        for at in range(values.shape[1]):
            value = values[number, at]
            if not live[at] or value == after[row, at]:
                continue
            changed = True
            after[row, at] = value
            if not whole and value != np.rint(value):
                state[REASON] = rules.FRACTIONS
            widen(ends, cap, coordinates[at], value, state)
        if changed:
            differ[count] = row
            count += 1
    return differ[:count]


@jit
def room(rows: Any, width: Any, values: Any) -> Any:
    """Room for changes of so many rows of so many coordinates; ``values``: an array of their dtype."""
    size = rows * width
    return np.empty(rows, np.int64), np.zeros(rows + 1, np.int64), np.empty(size, np.int64), np.empty(size, values.dtype)


@jit
def term_room(size: Any, values: Any) -> Any:
    """Room for so many terms: targets, weights, and old and new values, of the dtype of ``values``."""
    return np.empty(size, np.int64), np.empty(size, values.dtype), np.empty(size, values.dtype), np.empty(size, values.dtype)


@jit
def shift(side: Any, group: Any, terms: Any, count: Any, mark: Any, out: Any, rows: Any, state: Any) -> Any:
    """Put terms (targets, weights, old and new values) of a group's sums for what they were; adds to the changes ``out`` those
    that differ, and takes note of them for the bounds of sums. Gives the number of its rows. ``mark``: False, and so again."""
    after, ends, cap, whole = side.after, side.ends, side.cap[0], side.whole[0]
    targets, weights, old, new = terms
    out_rows, start, coordinates, before = out
    first = last = start[rows]
    for term in range(count):
        at = targets[term]
        if not mark[at]:
            mark[at] = True
            coordinates[last], before[last] = at, after[group, at]
            last += 1
        after[group, at] = replaced(after[group, at], weights[term], old[term], new[term])
    end = first
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
    """Changes of so many rows."""
    out_rows, start, coordinates, before = out
    return out_rows[:rows], start[: rows + 1], coordinates[: start[rows]], before[: start[rows]]
