"""The kernel's table of keys: open addressing over rows of signs, and lists of the positions that have a key.

The rules are ``model.indexed.rules``, compiled; what is refused, and when, is as in ``model.indexed.lookups``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.kernel.forms import REASON
from efasp.model.indexed.kernel.jit import jit
from efasp.model.indexed.lookups import LOWEST, Lookups

MASK = (1 << 40) - 1
NEVER = float(LOWEST)

agreed_below, left_out, lead_of, wins = jit(rules.below), jit(rules.left_out), jit(rules.lead), jit(rules.wins)


class Table(NamedTuple):
    """What ``Lookups`` knows of a layer's heads, by head, then component; then its groups of equal keys, by number; then, by
    position and head, the group that holds it (-1: none), its base, and its neighbours in the group's list (-1: none)."""

    bits: np.ndarray
    sink_bits: np.ndarray
    factors: np.ndarray
    q_unit: np.ndarray
    k_unit: np.ndarray
    sink_keys: np.ndarray
    capacity: np.ndarray
    floor: np.ndarray
    sink: np.ndarray
    tables: np.ndarray
    agreements: np.ndarray
    most: np.ndarray
    safe: np.ndarray
    whole: np.ndarray
    slots: np.ndarray
    names: np.ndarray
    owner: np.ndarray
    known: np.ndarray
    position: np.ndarray
    base: np.ndarray
    tied: np.ndarray
    mark: np.ndarray
    members: np.ndarray
    held: np.ndarray
    bases: np.ndarray
    following: np.ndarray
    preceding: np.ndarray


def table_of(lookups: Lookups, room: int) -> Table:
    """The table of keys as they are, with room for so many more groups."""
    heads, size = lookups.form.bits.shape
    count, places = lookups.known, lookups.held.shape[0]
    empty = np.full(count, -1, dtype=np.int64)
    table = Table(
        lookups.form.bits, lookups.form.sink, lookups.factors, lookups.q_unit, lookups.k_unit, lookups.sink_keys,
        lookups.capacity, lookups.floor, lookups.sink, lookups.tables.astype(np.int64), lookups.agreements,
        lookups.most.copy(), lookups.safe.copy(), np.array([lookups.whole]),
        np.full(2, -1, dtype=np.int64), np.zeros((count, size), dtype=np.int8), empty.copy(), np.array([count], dtype=np.int64),
        lookups.position[:count].astype(np.int64), lookups.base[:count].copy(), np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.bool_), empty.copy(), np.full((places, heads), -1, dtype=np.int64), np.zeros((places, heads)),
        *[np.full((places, heads), -1, dtype=np.int64) for _ in range(2)],
    )  # fmt: skip
    for name, number in lookups.ids.items():
        signs = np.frombuffer(name, dtype=np.int8)
        table.names[number], table.owner[number] = signs[:-1], signs[-1]
    table = grown(table, room)
    for group, listed in enumerate(lookups.members):
        for at, base in listed.items():
            head = table.owner[group]
            enter(table.members, table.held, table.following, table.preceding, group, at, head)
            table.bases[at, head] = base
        table.tied[group] = group in lookups.ties
    return table


def grown(table: Table, room: int) -> Table:
    """The table with room for so many more groups."""
    count = int(table.known[0])
    more = count + 2 * room
    fill = {"names": 0, "owner": -1, "position": -1, "base": NEVER, "tied": False, "mark": False, "members": -1}
    changed = {}
    for name, value in fill.items():
        before = getattr(table, name)
        changed[name] = np.full((more, *before.shape[1:]), value, dtype=before.dtype)
        changed[name][:count] = before[:count]
    changed["slots"] = np.full(1 << (2 * more).bit_length(), -1, dtype=np.int64)
    table = table._replace(**changed)
    rehash(table)
    return table


@jit
def rehash(table: Any) -> None:
    """Enter all groups of a table in its slots, which are empty."""
    for group in range(table.known[0]):
        at = slot(table.slots, table.names, table.owner, table.names[group], table.owner[group])
        table.slots[at] = group


@jit
def slot(slots: Any, names: Any, owner: Any, signs: Any, head: Any) -> Any:
    """Where a key of a table, named by its first head, is, or belongs."""
    code = int(head) + 1
    for sign in signs:
        code = (code * 1000003 + int(sign) + 2) & MASK
    last = len(slots) - 1
    at = (code ^ (code >> 17)) & last
    while slots[at] >= 0:
        group = slots[at]
        component = 0 if owner[group] == head else len(signs) + 1
        while component < len(signs) and names[group, component] == signs[component]:
            component += 1
        if component == len(signs):
            return at
        at = (at + 1) & last
    return at


@jit
def weigh(table: Any, tables: Any, first: Any, rows: Any, keys: Any, goes: Any, bases: Any, state: Any) -> None:
    """Keys, columns (tables * d_head, rows), as ``Match.candidates`` has them: which can win, and their bases, by table.

    Components that add nothing to a base, as their queries are no constants, are left out of it.
    """
    bits, sink_bits, factors, k_unit = table.bits, table.sink_bits, table.factors, table.k_unit
    capacity, floor, sink, whole, highest = table.capacity, table.floor, table.sink, table.whole[0], table.most
    size, counts, odd = bits.shape[1], np.empty(len(rows), np.int64), np.empty(len(rows), np.bool_)
    for number in range(len(tables)):
        head, larger, base = tables[number], False, bases[number]
        for n in range(len(rows)):
            base[n], counts[n], odd[n] = 0.0, 0, False
        for c in range(size):
            key, factor, unit = keys[number * size + c], float(factors[head, c]), k_unit[head, c]
            if factor != 0:
                for n in range(len(rows)):
                    base[n] += float(key[n]) * factor
            if bits[head, c]:
                for n in range(len(rows)):
                    length = abs(key[n])
                    larger |= length > unit
                    counts[n] += length != 0
                    odd[n] |= (length != 0) & (length != unit)
            elif sink_bits[head, c]:
                for n in range(len(rows)):
                    if key[n] != 0 and first + rows[n] != sink[head]:
                        state[REASON] = rules.TWO_SINKS
        if larger:
            state[REASON] = rules.LARGER_KEYS
        for n in range(len(rows)):
            if not whole and base[n] != np.rint(base[n]):
                state[REASON] = rules.FRACTIONAL_SCORES
            out = left_out(base[n], counts[n], capacity[head], floor[head])
            goes[number, n] = first + rows[n] != sink[head] and not out
            if not goes[number, n]:
                continue
            if odd[n]:
                state[REASON] = rules.ODD_KEYS
            elif base[n] > highest[head, counts[n]]:
                highest[head, counts[n]] = base[n]
                check_bases(table)


@jit
def check_bases(table: Any) -> None:
    """``Match._check_bases``."""
    most, agreements, capacity, floor, tables, safe = (
        table.most, table.agreements, table.capacity, table.floor, table.tables, table.safe,
    )  # fmt: skip
    for head in range(len(tables)):
        for t in range(safe.shape[1]):
            found = True
            for s in range(safe.shape[1]):
                found = found and agreed_below(most[tables[head], s], agreements[head, t, s], capacity[head], floor[head], 1)
            safe[head, t] = found


@jit
def enter(members: Any, held: Any, following: Any, preceding: Any, group: Any, at: Any, head: Any) -> None:
    """Put the key of a position (``at``) and head at the front of a group's list."""
    heads = held.shape[1]
    node, first = at * heads + head, members[group]
    held[at, head], following[at, head], preceding[at, head] = group, first, -1
    if first >= 0:
        preceding[first // heads, first % heads] = node
    members[group] = node


@jit
def leave(members: Any, held: Any, following: Any, preceding: Any, at: Any, head: Any) -> None:
    """Take the key of a position (``at``) and head out of its group's list."""
    heads = held.shape[1]
    after, before = following[at, head], preceding[at, head]
    if before >= 0:
        following[before // heads, before % heads] = after
    else:
        members[held[at, head]] = after
    if after >= 0:
        preceding[after // heads, after % heads] = before
    held[at, head] = -1


@jit
def replace(table: Any, tables: Any, first: Any, rows: Any, keys: Any, goes: Any, bases: Any, touched: Any, count: Any) -> Any:
    """Give positions their new keys, columns, as far as these can win. The groups whose best may differ are marked, and written
    in ``touched`` from ``count`` on; gives how many there are then."""
    slots, names, owner, known, mark = table.slots, table.names, table.owner, table.known, table.mark
    members, held, following, preceding, bits = table.members, table.held, table.following, table.preceding, table.bits
    old_bases, size = table.bases, table.bits.shape[1]
    signs = np.zeros(size, np.int8)
    for number in range(len(tables)):
        head = tables[number]
        for n in range(len(rows)):
            at = first + rows[n]
            before = held[at, head]
            if before >= 0:
                if not mark[before]:
                    mark[before] = True
                    touched[count] = before
                    count += 1
                leave(members, held, following, preceding, at, head)
            if not goes[number, n]:
                continue
            for c in range(size):
                value = keys[number * size + c, n]
                signs[c] = 0 if not bits[head, c] or value == 0 else 1 if value > 0 else -1
            where = slot(slots, names, owner, signs, head)
            group = slots[where]
            if group < 0:
                group = known[0]
                known[0] += 1
                slots[where], owner[group] = group, head
                for c in range(size):
                    names[group, c] = signs[c]
            enter(members, held, following, preceding, group, at, head)
            old_bases[at, head] = bases[number, n]
            if not mark[group]:
                mark[group] = True
                touched[count] = group
                count += 1
    return count


@jit
def elect(table: Any, groups: Any) -> None:
    """Find the best key of groups, and whether several are."""
    members, following, bases, heads = table.members, table.following, table.bases, len(table.tables)
    highest, positions, ties = table.base, table.position, table.tied
    for group in groups:
        node, best, position, tied = members[group], NEVER, -1, False
        while node >= 0:
            at, head = node // heads, node % heads
            base = bases[at, head]
            if position < 0 or base > best:
                best, position, tied = base, at, False
            elif base == best:
                tied = True
            node = following[at, head]
        highest[group], positions[group], ties[group] = best, position, tied


@jit
def look_up(table: Any, who: Any, askers: Any, queries: Any, state: Any) -> None:
    """For askers, of queries, columns (heads * d_head, askers), the group of the key that equals each, -1 where none does, and
    its lead, as ``Match.groups``."""
    bits, q_unit, sink_keys, whole = table.bits, table.q_unit, table.sink_keys, table.whole[0]
    slots, names, owner, tables = table.slots, table.names, table.owner, table.tables
    floor, capacity, safe, size = table.floor, table.capacity, table.safe, table.bits.shape[1]
    heads, groups, leads, signs = who.heads, who.group, who.lead, np.zeros(size, np.int8)
    for number in range(len(askers)):
        for i in range(len(heads)):
            head, extra, count = heads[i], 0.0, 0
            for c in range(size):
                value = queries[head * size + c, number]
                signs[c] = 0
                extra += float(value) * float(sink_keys[head, c])
                if bits[head, c]:
                    if value != 0:
                        count += 1
                        signs[c] = 1 if value > 0 else -1
                    if value != signs[c] * q_unit[head, c]:
                        state[REASON] = rules.ODD_QUERIES
            if extra < 0 or (not whole and extra != np.rint(extra)):
                state[REASON] = rules.LOWERED_SINK
            if not safe[head, count]:
                state[REASON] = rules.UNSAFE
            groups[askers[number], i] = slots[slot(slots, names, owner, signs, tables[head])]
            leads[askers[number], i] = lead_of(floor[head], extra, capacity[head], count)


@jit
def win(table: Any, who: Any, askers: Any, values: Any, state: Any) -> None:
    """The position that each query of askers reads, as ``Lookups.winners``."""
    highest, positions, ties, sink = table.base, table.position, table.tied, table.sink
    heads, groups, leads, into = who.heads, who.group, who.lead, who.position
    for asker in askers:
        for i in range(len(heads)):
            group = groups[asker, i]
            base = highest[group] if group >= 0 else NEVER
            if base == leads[asker, i]:
                state[REASON] = rules.LEVEL
            into[asker, i] = sink[heads[i]]
            if group >= 0 and wins(base, leads[asker, i]):
                into[asker, i] = positions[group]
                if ties[group] and not alike(table, group, heads[i], values):
                    state[REASON] = rules.TIE


@jit
def alike(table: Any, group: Any, head: Any, values: Any) -> Any:
    """Whether all best keys of a group have one value for a head."""
    heads, node, best = len(table.tables), table.members[group], table.position[group]
    while node >= 0:
        at, one = node // heads, node % heads
        if table.bases[at, one] == table.base[group]:
            for c in range(values.shape[2]):
                if values[at, head, c] != values[best, head, c]:
                    return False
        node = table.following[at, one]
    return True
