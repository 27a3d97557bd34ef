"""The heads of a layer as lookups: a hash of the key's bits, the best-ranked position of every key, and what it takes to win.

**The form.** Of the components of a head's queries and keys some have a query that is the same number everywhere (their keys
add up to the position's *base*: flags and rank), some a key that is 0 at all tokens but those of one kind (the *sink's*), and
all others are *bits*: their queries are 0 or plus or minus a unit, and so are their keys, and the product of both units is one
number, the *capacity* C. The first two are read off the weights; that bits are bits is checked of every number that is used.

**The score** of a key with base b and s bits that are not 0, for a query of t, is b + C t where the bits are equal, and

    b + C min(s, t) at most for s != t,    b + C (t - 1) for s = t,    b + C (t - 2) for s = t = n, all of them,

where they are not. So the best of the key that equals the query wins or the sink does, if all others are below the sink:
``safe`` has for which t the largest base of every s shows it, and a key whose b + C s is below the sink's base is left out.
Scores are integers, so a winner leads by 1 at least, by which softmax at the transformer's scale gives it all the weight. A
query for which that is not shown, or for which several keys tie whose values differ, raises ``Unsuited``.
Lemma attention.indexed proves these rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from efasp.model.indexed import rules

LOWEST = -(1 << 62)


class Unsuited(Exception):
    """These numbers are not shown to be those of the dense pass; says which."""


@dataclass(frozen=True)
class Form:
    """The components of a layer's heads, each array (heads, d_head): the constant of a query that is one (else 0), which keys
    are 0 but at a kind of token, which components are bits. ``kind``: for every head the kind of its sink, or -1.
    ``table``: for every head the first head whose keys are the same."""

    constant: np.ndarray
    sink: np.ndarray
    bits: np.ndarray
    kind: tuple[int, ...]
    table: tuple[int, ...]


@cache
def agreements(n: int) -> np.ndarray:
    """``rules.agreement`` of n bits, by t and s."""
    return np.array([[rules.agreement(s, t, n) for s in range(n + 1)] for t in range(n + 1)], dtype=np.float64)


class Match:
    """What the heads of one layer match: units of the bits, sinks, and which keys can win. Raises Unsuited.

    ``keys``: (positions, heads, d_head); ``kinds``: the kinds of the tokens at the first of these positions, which never
    change; ``sample``: queries, (any, heads, d_head), from which, as from the keys, the units of the bits are taken; ``whole``:
    scores are integers by the weights alone.
    """

    def __init__(self, form: Form, keys: np.ndarray, kinds: np.ndarray, sample: np.ndarray, whole: bool) -> None:
        self.form, self.heads = form, form.bits.shape[0]
        self.fixed = len(kinds)
        self.count = form.bits.sum(axis=1)
        self.whole = whole
        self.tables = np.array(form.table)
        self.distinct = np.unique(self.tables)
        self.factors = form.constant.astype(keys.dtype)
        self.sinks: np.ndarray = np.asarray(form.sink.any(axis=1))
        self._units(keys, sample)
        self.ids: dict[bytes, int] = {}
        self.most = np.full((self.heads, int(self.count.max(initial=0)) + 1), float(LOWEST))
        self._find_sinks(keys[: self.fixed], kinds)
        size = self.most.shape[1]
        self.agreements = np.full((self.heads, size, size), float(LOWEST))  # by head, t and s
        for h, n in enumerate(self.count.tolist()):
            self.agreements[h, : n + 1, : n + 1] = agreements(n)
            self.agreements[h, 0, 0] = LOWEST  # keys without bits are all one
        self._check_bases()

    def _units(self, keys: np.ndarray, sample: np.ndarray) -> None:
        bits = self.form.bits
        q, k = (np.abs(x * bits).max(axis=0, initial=0).astype(np.float64) for x in (sample, keys))
        self.capacity = np.ones(self.heads)
        for h in range(self.heads):
            known = (q[h] > 0) & (k[h] > 0)
            products = np.unique((q[h] * k[h])[known])
            if len(products) > 1:
                raise Unsuited(f"head {h}: expected bits of one capacity, found {products[0]} and {products[-1]}")
            if len(products):
                self.capacity[h] = products[0]
            unit = q[h][known][0] if known.any() else 1.0
            q[h] = np.where(q[h] > 0, q[h], np.where(k[h] > 0, self.capacity[h] / np.where(k[h] > 0, k[h], 1), unit))
            k[h] = np.where(k[h] > 0, k[h], self.capacity[h] / q[h])
        of = list(self.form.table)
        if (self.capacity != self.capacity[of]).any() or (q != q[of]).any():
            raise Unsuited("expected queries of one unit for heads of the same keys")
        self.q_unit, self.k_unit = (q * bits).astype(keys.dtype), (k * bits).astype(keys.dtype)
        if (self.capacity != np.rint(self.capacity)).any() or (self.capacity < 1).any():
            raise Unsuited("expected capacities that are positive integers")

    def _find_sinks(self, keys: np.ndarray, kinds: np.ndarray) -> None:
        base = np.einsum("jhc,hc->jh", keys, self.factors).astype(np.float64)
        if not self.whole and (base != np.rint(base)).any():
            raise Unsuited(rules.REASONS[rules.FRACTIONAL_SCORES])
        blank = ((keys * self.form.bits) == 0).all(axis=2)
        self.sink, self.floor = np.zeros(self.heads, dtype=np.int64), np.zeros(self.heads)
        for h in range(self.heads):
            where = np.flatnonzero(blank[:, h])
            if self.form.kind[h] >= 0:
                of = np.flatnonzero(kinds == self.form.kind[h])
                where = np.intersect1d(where, of) if len(of) == 1 else of[:0]
            if not len(where):
                raise Unsuited(f"head {h}: expected a sink, one position without bits that never changes, found none")
            self.sink[h] = at = where[np.argmax(base[where, h])]
            self.floor[h] = base[at, h]
        self.sink_keys = keys[self.sink, np.arange(self.heads)] * self.form.sink

    def _check_bases(self) -> None:
        """Refresh, for every head and number of bits t of a query, whether all keys of other bits are below the sink."""
        capacity, floor = (x[:, None, None] for x in (self.capacity, self.floor))
        self.safe = rules.below(self.most[self.tables][:, None, :], self.agreements, capacity, floor).all(axis=2)

    def names(self, signs: np.ndarray, heads: np.ndarray) -> list[bytes]:
        """A name for every row of signs, (n, d_head), of a head."""
        table = np.empty((len(signs), signs.shape[1] + 1), dtype=np.int8)
        table[:, :-1], table[:, -1] = signs, self.tables[heads]
        found: list[bytes] = table.view(f"V{table.shape[1]}")[:, 0].tolist()
        return found

    def candidates(
        self, positions: np.ndarray, keys: np.ndarray, chosen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[bytes], np.ndarray]:
        """The keys that can win a score, of keys (positions, tables chosen, d_head): rows, heads, names and bases. Raises
        Unsuited."""
        bits, unit = self.form.bits[chosen], self.k_unit[chosen]
        inner = keys * bits
        sizes = np.abs(inner)
        if (sizes > unit).any():
            raise Unsuited(rules.REASONS[rules.LARGER_KEYS])
        away = positions[:, None] != self.sink[chosen]
        if self.sinks[chosen].any() and ((keys * self.form.sink[chosen] != 0).any(axis=2) & away).any():
            raise Unsuited(rules.REASONS[rules.TWO_SINKS])
        base = np.einsum("jhc,hc->jh", keys, self.factors[chosen]).astype(np.float64)
        if not self.whole and (base != np.rint(base)).any():
            raise Unsuited(rules.REASONS[rules.FRACTIONAL_SCORES])
        number = np.count_nonzero(sizes, axis=2)
        rows, at = np.nonzero(~rules.left_out(base, number, self.capacity[chosen], self.floor[chosen]) & away)
        heads, sizes = chosen[at], sizes[rows, at]
        some = np.sign(inner[rows, at])
        if (sizes != np.abs(some) * self.k_unit[heads]).any():
            raise Unsuited(rules.REASONS[rules.ODD_KEYS])
        base, number = base[rows, at], number[rows, at]
        if (base > self.most[heads, number]).any():
            np.maximum.at(self.most, (heads, number), base)
            self._check_bases()
        return rows, heads, self.names(some, heads), base

    def groups(self, queries: np.ndarray, heads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For queries (n, heads chosen, d_head) the group of the key that equals each, -1 where none does, and the lead that a
        key must have over the sink's base: each (n, heads chosen). Raises Unsuited for a query that is not one of bits."""
        inner = queries * self.form.bits[heads]
        signs = np.sign(inner)
        if (inner != signs * self.q_unit[heads]).any():
            raise Unsuited(rules.REASONS[rules.ODD_QUERIES])
        extra = np.zeros(signs.shape[:2])
        if self.sinks[heads].any():
            extra = np.einsum("rhc,hc->rh", queries, self.sink_keys[heads]).astype(np.float64)
            if (extra < 0).any() or (not self.whole and (extra != np.rint(extra)).any()):
                raise Unsuited(rules.REASONS[rules.LOWERED_SINK])
        number = np.count_nonzero(signs, axis=2)
        if not self.safe[heads, number].all():
            raise Unsuited(rules.REASONS[rules.UNSAFE])
        get, size = self.ids.get, signs.shape[2]
        names = self.names(signs.reshape(-1, size), np.tile(heads, len(signs)))
        found = np.array([get(name, -1) for name in names], dtype=np.int64).reshape(number.shape)
        return found, rules.lead(self.floor[heads], extra, self.capacity[heads], number)


class Lookups(Match):
    """Keys that change, by position, and answers to queries. Arguments and errors as of ``Match``."""

    def __init__(self, form: Form, keys: np.ndarray, kinds: np.ndarray, sample: np.ndarray, whole: bool) -> None:
        super().__init__(form, keys, kinds, sample, whole)
        self.members: list[dict[int, float]] = []
        self.ties: dict[int, list[int]] = {}
        # of every group the position of its best key, and that one's base; the last group is none
        self.position, self.base = np.full(64, -1), np.full(64, float(LOWEST))
        self.held = np.full((len(keys), self.heads), -1)  # the group of every position's key, -1: left out

    def holds(self, first: int) -> np.ndarray:
        """For every head whether its table has a key of a position from ``first`` on."""
        held: np.ndarray = np.asarray((self.held[first:] >= 0).any(axis=0))[list(self.form.table)]
        return held

    def group(self, name: bytes) -> int:
        """The number of a key by name, a new one where it is new."""
        found = self.ids.get(name)
        if found is None:
            found = self.ids[name] = len(self.members)
            self.members.append({})
            if found + 1 >= len(self.position):
                self.position = np.concatenate([self.position, np.full(found, -1)])
                self.base = np.concatenate([self.base, np.full(found, float(LOWEST))])
        return found

    @property
    def known(self) -> int:
        """The number of groups of keys."""
        return len(self.members)

    def update(self, positions: np.ndarray, keys: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, bool]:
        """New keys of positions in some tables. Gives the groups whose best may differ, and whether one of them is new."""
        known = len(self.members)
        rows, heads, names, bases = self.candidates(positions, keys, chosen)
        held = self.held[positions[:, None], chosen]
        old_rows, old_tables = np.nonzero(held >= 0)
        olds = held[old_rows, old_tables].tolist()
        touched = set(olds)
        for group, at in zip(olds, positions[old_rows].tolist(), strict=True):
            del self.members[group][at]
        groups = [self.group(name) for name in names]
        touched.update(groups)
        for group, at, base in zip(groups, positions[rows].tolist(), bases.tolist(), strict=True):
            self.members[group][at] = base
        self.held[positions[:, None], chosen] = -1
        self.held[positions[rows], heads] = groups
        for group in touched:
            self._elect(group)
        return np.fromiter(touched, dtype=np.int64, count=len(touched)), len(self.members) > known

    def _elect(self, group: int) -> None:
        members = self.members[group]
        self.ties.pop(group, None)
        if not members:
            self.position[group], self.base[group] = -1, LOWEST
            return
        best = max(members.values())
        winners = [at for at, base in members.items() if base == best] if len(members) > 1 else list(members)
        self.position[group], self.base[group] = winners[0], best
        if len(winners) > 1:
            self.ties[group] = winners

    def winners(self, groups: np.ndarray, lead: np.ndarray, heads: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The position that each query of ``groups`` reads, (n, heads chosen). ``values``: (positions, heads, d_head)."""
        base = self.base[groups]  # the last group is none, and its base the lowest
        wins = rules.wins(base, lead)
        out: np.ndarray = np.where(wins, self.position[groups], self.sink[heads])
        if (base == lead).any():
            raise Unsuited(rules.REASONS[rules.LEVEL])
        if self.ties:
            for group, h in {(g, h) for row, won in zip(groups.tolist(), wins.tolist(), strict=True)
                             for g, h, w in zip(row, heads.tolist(), won, strict=True) if w and g in self.ties}:  # fmt: skip
                tied = values[self.ties[group], h]
                if (tied != tied[0]).any():
                    raise Unsuited(rules.REASONS[rules.TIE])
        return out


class Growing(Match):
    """Keys that stay, and some that are withdrawn again, with the values that they have; answers to queries.

    ``values``: of the first positions, as ``keys``; otherwise arguments and errors as of ``Match``.
    """

    def __init__(
        self, form: Form, keys: np.ndarray, values: np.ndarray, kinds: np.ndarray, sample: np.ndarray, whole: bool
    ) -> None:
        super().__init__(form, keys, kinds, sample, whole)
        self.sink_values = values[self.sink, np.arange(self.heads)]
        self.of = [np.flatnonzero(self.tables == table) for table in range(self.heads)]
        slots = max(map(len, self.of))
        self.slot = np.zeros(self.heads, dtype=np.int64)
        for heads in self.of:
            self.slot[heads] = np.arange(len(heads))
        self.base, self.mixed = np.full(64, float(LOWEST)), np.zeros(64, dtype=bool)
        self.best = np.zeros((64, slots, keys.shape[2]), dtype=values.dtype)
        self._undo: list[tuple[int, float, bool, np.ndarray]] = []

    def append(self, first: int, keys: np.ndarray, values: np.ndarray, stay: int) -> None:
        """Keys and values of the positions from ``first`` on, the first ``stay`` of them to stay. Raises Unsuited."""
        rows, tables, names, bases = self.candidates(first + np.arange(len(keys)), keys[:, self.distinct], self.distinct)
        for row, table, name, base in zip(rows.tolist(), tables.tolist(), names, bases.tolist(), strict=True):
            group = self.ids.get(name)
            if group is None:
                group = self.ids[name] = len(self.ids)
                if group + 1 >= len(self.base):
                    self._grow()
            old = self.base[group]
            if base < old:
                continue
            heads = self.of[table]
            value = values[row, heads]
            if row >= stay:
                self._undo.append((group, float(old), bool(self.mixed[group]), self.best[group].copy()))
            if base == old:
                self.mixed[group] |= bool((self.best[group, : len(heads)] != value).any())
                continue
            self.base[group], self.mixed[group] = base, False
            self.best[group, : len(heads)] = value

    def _grow(self) -> None:
        more = len(self.base)
        self.base = np.concatenate([self.base, np.full(more, float(LOWEST))])
        self.mixed = np.concatenate([self.mixed, np.zeros(more, dtype=bool)])
        self.best = np.concatenate([self.best, np.zeros_like(self.best)])

    def withdraw(self) -> None:
        """Take back the keys that do not stay."""
        for group, base, mixed, values in reversed(self._undo):
            self.base[group], self.mixed[group], self.best[group] = base, mixed, values
        self._undo.clear()

    def read(self, queries: np.ndarray) -> np.ndarray:
        """What queries (n, heads, d_head) read, as they. Raises Unsuited."""
        every = np.arange(self.heads)
        groups, lead = self.groups(queries, every)
        base = self.base[groups]
        wins = rules.wins(base, lead)
        if (base == lead).any():
            raise Unsuited(rules.REASONS[rules.LEVEL])
        if (wins & self.mixed[groups]).any():
            raise Unsuited(rules.REASONS[rules.TIE])
        out: np.ndarray = np.where(wins[:, :, None], self.best[groups, self.slot], self.sink_values)
        return out


def read_form(queries: np.ndarray, keys: np.ndarray, constants: dict[int, float], flags: dict[int, int]) -> Form:
    """The form of a layer's heads, from the rows of their queries and keys, (heads, d_head, d_model) each.

    ``constants``: coordinates that are one number everywhere; ``flags``: those that are 0 but at one kind of token, with it.
    Raises Unsuited for heads of no such form.
    """
    heads, size = queries.shape[:2]
    constant, sink = np.zeros((heads, size)), np.zeros((heads, size), dtype=bool)
    bits, kinds = np.zeros((heads, size), dtype=bool), []
    reads: list[dict[tuple[int, int], list[int]]] = [{}, {}]  # of queries and keys the coordinates that a component reads
    for read, rows in zip(reads, (queries, keys), strict=True):
        for h, c, i in np.argwhere(rows != 0).tolist():
            read.setdefault((h, c), []).append(i)
    for h in range(heads):
        of = set[int]()
        for c in range(size):
            q, k = (read.get((h, c), []) for read in reads)
            if not q or not k:
                continue
            if all(i in constants for i in q):
                constant[h, c] = sum(float(queries[h, c, i]) * constants[i] for i in q)
            elif all(i in flags for i in k):
                sink[h, c] = True
                of |= {flags[i] for i in k}
            else:
                bits[h, c] = True
        if len(of) > 1:
            raise Unsuited(f"head {h}: expected a sink of one kind, found several")
        kinds.append(next(iter(of), -1))
    same = [(constant[h].tobytes(), sink[h].tobytes(), bits[h].tobytes(), keys[h].tobytes(), kinds[h]) for h in range(heads)]
    return Form(constant, sink, bits, tuple(kinds), tuple(map(same.index, same)))
