"""The SMT reading of a layer plan, on whole sequences: tokens on symbols in, tokens on symbols out.

The matrices are the plan's own. Constants are folded (``proofs.symbolic.boolean_forms``), and a key whose score is below that
of another key of the same query in every case is left out; a lookup that stays open becomes a choice among its candidates: the
first of those that win. That no two of them tie with different values, at any position and in any head, is left to be shown
(``Space.clashes``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from efasp.affine_forms import Form, collected
from efasp.codebook import Codebook
from efasp.exact import LIMIT, Matrix, magnitude, narrow
from efasp.model.plan import Head, Plan
from efasp.proofs.symbolic.boolean_forms import ONE, ZERO, Space
from efasp.sorts import Number, tidy

Symbols = dict[tuple[int, int], Form]


@dataclass(frozen=True)
class Mixed:
    """An array of forms: ``numbers``, their constants, and ``symbols``, the varying parts (with constant 0)."""

    numbers: np.ndarray
    symbols: Symbols

    def __getitem__(self, at: tuple[int, int]) -> Form:
        varying = self.symbols.get(at, ZERO)
        return Form(varying.terms, _plain(self.numbers[at]))

    @staticmethod
    def of(numbers: np.ndarray, symbols: Mapping[tuple[int, int], Form]) -> Mixed:
        """Numbers plus forms, entry by entry; the array given becomes the constants, if it can hold them."""
        found = {at: tidy(_plain(numbers[at]) + form.constant) for at, form in symbols.items() if form.constant}
        if numbers.dtype != object and any(type(value) is not int or not -LIMIT < value < LIMIT for value in found.values()):
            numbers = numbers.astype(object)
        for at, value in found.items():
            numbers[at] = value
        return Mixed(numbers, {at: Form(form.terms) if form.constant else form for at, form in symbols.items() if form.terms})

    def apply(self, matrix: Matrix, bias: Sequence[Number] | None = None) -> Mixed:
        """``self @ matrix.T + bias``."""
        columns: dict[int, list[tuple[int, Number]]] = {}
        for row, line in enumerate(matrix.rows):
            for column, c in line:
                columns.setdefault(column, []).append((row, c))
        sums: dict[tuple[int, int], dict[int, Number]] = {}
        for (position, column), form in self.symbols.items():
            for row, c in columns.get(column, ()):
                total = sums.setdefault((position, row), {})
                for atom, factor in form.terms.items():
                    total[atom] = total.get(atom, 0) + factor * c
        symbols = {at: collected(total) for at, total in sums.items()}
        return Mixed.of(matrix.apply(self.numbers, bias), symbols)

    def plus(self, space: Space, updates: Sequence[Mixed]) -> Mixed:
        """The residual stream with updates added."""
        parts = [self.numbers, *(update.numbers for update in updates)]
        if sum(int(magnitude(part)) + 1 for part in parts) >= LIMIT:
            parts = [part.astype(object) for part in parts]
        symbols = dict(self.symbols)
        for update in updates:
            for at, form in update.symbols.items():
                symbols[at] = symbols[at] + form if at in symbols else form
        total = Mixed.of(narrow(sum(parts[1:], parts[0].copy())), symbols)
        merged = dict(total.symbols)
        for at in dict.fromkeys(at for update in updates for at in update.symbols if at in merged):
            merged[at] = space.merged(total[at])
            total.numbers[at] = 0
        return Mixed.of(total.numbers, merged)

    def bounds(self, space: Space) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest value of every entry."""
        ends = {at: space.range(self[at])[:2] for at in self.symbols}
        small = all(type(end) is int and -LIMIT < end < LIMIT for pair in ends.values() for end in pair)
        numbers = self.numbers if small else self.numbers.astype(object)
        low, high = numbers.copy(), numbers.copy()
        for at, pair in ends.items():
            low[at], high[at] = pair
        return low, high


def _plain(value: Any) -> Number:
    return int(value) if isinstance(value, np.integer) else value


def forward(space: Space, plan: Plan, codes: Mixed, places: np.ndarray) -> Mixed:
    """The read-outs (positions, outputs) of a plan on token codes and rows of places; see ``Plan.forward``."""
    h = codes.apply(plan.token).plus(space, [Mixed(plan.place.apply(narrow(plan.places.codes(places))), {})])
    for layer in plan.layers:
        if layer.heads:
            h = h.plus(space, [attend(space, head, h).apply(head.o) for head in layer.heads])
        if layer.bias:
            inner = h.apply(layer.up, layer.bias)
            hidden = np.where(inner.numbers > 0, inner.numbers, 0 * inner.numbers)
            for at in inner.symbols:
                hidden[at] = 0
            units = Mixed.of(hidden, {at: space.relu(inner[at]) for at in inner.symbols})
            h = h.plus(space, [units.apply(layer.down)])
    return h.apply(plan.out, plan.out_bias)


def attend(space: Space, head: Head, h: Mixed) -> Mixed:
    """The outputs of one head: average-hard attention."""
    q, k, v = (h.apply(matrix) for matrix in (head.q, head.k, head.v))
    low, high = _scores(q.bounds(space), k.bounds(space))
    may_win = high >= low.max(axis=1, keepdims=True)
    numbers, symbols = np.zeros((len(low), len(head.v.rows)), dtype=v.numbers.dtype), Symbols()
    for i in range(len(low)):
        candidates = np.flatnonzero(may_win[i]).tolist()
        if len(candidates) == 1:
            (j,) = candidates
            numbers[i] = v.numbers[j]
            symbols |= {(i, r): v.symbols[j, r] for r in range(len(head.v.rows)) if (j, r) in v.symbols}
            continue
        ties: dict[tuple[int, int], Form] = {}
        if (low[i, candidates] == high[i, candidates]).all():  # of candidates that do not vary all are maximal
            groups, wins = [candidates], [ONE]
        else:
            groups, wins, ties = _compete(space, {j: _score(space, q, k, i, j) for j in candidates})
        for r in range(len(head.v.rows)):
            values = [_mean([v[j, r] for j in group]) for group in groups]
            for (a, b), tie in ties.items():
                if values[a] != values[b]:
                    space.clashes[space.all([tie, ONE - space.equal(values[a], values[b])])] = None
            symbols[i, r] = space.choose(wins, values)
    return Mixed.of(numbers, symbols)


def _scores(q: tuple[np.ndarray, np.ndarray], k: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the scores (queries, keys), component by component."""
    sides = [narrow(side) for side in (*q, *k)]
    most = [max(int(magnitude(a)), int(magnitude(b))) + 1 for a, b in (sides[:2], sides[2:])]
    if most[0] * most[1] * max(1, q[0].shape[1]) >= LIMIT:
        sides = [side.astype(object) for side in sides]
    low = high = np.zeros((len(q[0]), len(k[0])), dtype=np.int64)
    for c in range(q[0].shape[1]):
        corners = [np.multiply.outer(a[:, c], b[:, c]) for a in sides[:2] for b in sides[2:]]
        low, high = low + np.minimum.reduce(corners), high + np.maximum.reduce(corners)
    return low, high


def _mean(values: Sequence[Form]) -> Form:
    """The mean over keys that tie in every case."""
    if all(value == values[0] for value in values):
        return values[0]
    return sum(values, ZERO).times(Fraction(1, len(values)))


def _score(space: Space, q: Mixed, k: Mixed, i: int, j: int) -> Form:
    parts = [(q[i, c], k[j, c]) for c in range(q.numbers.shape[1])]
    return sum((space.product(a, b) for a, b in parts if a != ZERO and b != ZERO), ZERO)


def _compete(space: Space, scores: dict[int, Form]) -> tuple[list[list[int]], list[Form], dict[tuple[int, int], Form]]:
    """Groups of keys with one score that can win, when each does, and when two groups do."""
    lead = max(space.range(score)[0] for score in scores.values())
    together: dict[Form, list[int]] = {}
    for key, score in scores.items():
        if space.range(score)[1] >= lead:
            together.setdefault(score, []).append(key)
    candidates = list(together)
    wins = [space.all([ONE - space.positive(b - a) for b in candidates if b != a]) for a in candidates]
    kept = [a for a, win in enumerate(wins) if win != ZERO]
    ties = {(x, y): space.all([wins[kept[x]], wins[kept[y]]]) for y in range(len(kept)) for x in range(y)}
    return [together[candidates[a]] for a in kept], [wins[a] for a in kept], {pair: t for pair, t in ties.items() if t != ZERO}


# Tokens.


@dataclass(frozen=True)
class Token:
    """A token on symbols: for each kind whether it is of it (of one it is), and the bits of its payload."""

    kinds: dict[str, Form]
    bits: tuple[Form, ...]

    def kind(self, name: str) -> Form:
        """The truth value of whether the token is of a kind."""
        return self.kinds.get(name, ZERO)


class Tokens:
    """The vocabulary on symbols: ``Codebook.rows``, ``codes`` and ``read``. Raises ValueError for one that it cannot follow."""

    def __init__(self, space: Space, book: Codebook) -> None:
        self.space, self.book = space, book
        self.names = [kind.name for kind in book.kinds]
        self.longest = max(book.bits.values())
        if any(field.encode == "square" or field.shift for field in book.fields):
            raise ValueError(f"codebook {book.name}: expected codes that are affine in the bits of their payload")
        self.lengths = {kind.name: sum(book.bits[name] for name in kind.payloads) for kind in book.kinds}

    def known(self, token: int) -> Token:
        """The token with a known id."""
        kind, value = self.book.split(token)
        return Token({kind: ONE}, tuple(Form(constant=value >> i & 1) for i in range(self.longest)))

    def code(self, token: Token) -> list[Form]:
        """The code of a token: that of each kind is affine in the bits of its payload."""
        total = [ZERO] * self.book.width
        for name, flag in token.kinds.items():
            plain, changes = self._affine(name)
            total = [form + flag.times(c) for form, c in zip(total, plain, strict=True)]
            for bit, change in zip(token.bits, changes, strict=False):
                both = self.space.all([flag, bit])
                total = [form + both.times(c) if c else form for form, c in zip(total, change, strict=True)]
        return total

    def _affine(self, name: str) -> tuple[list[Number], list[list[Number]]]:
        """The code of a kind with payload 0, and the summand of each bit of the payload."""
        first = self.book.token(name)
        ids = [first, *(first + (1 << place) for place in range(self.lengths[name]))]
        plain, *others = self.book.codes(self.book.rows(ids)).tolist()
        return plain, [[b - a for a, b in zip(plain, other, strict=True)] for other in others]

    def read(self, outputs: Sequence[Form]) -> Token:
        """``Codebook.read``: the first of the largest flags names the kind, the signs give the payload."""
        space, count = self.space, len(self.names)
        kinds: dict[str, Form] = {}
        lead = max(space.range(form)[0] for form in outputs[:count])
        able = [k for k in range(count) if space.range(outputs[k])[1] >= lead]
        numbers = [k for k in able if not outputs[k].terms]  # of which only the first of the largest can be
        best = max(numbers, key=lambda k: (outputs[k].constant, -k), default=None)
        able = [k for k in able if outputs[k].terms or k == best]
        for k in able:
            ahead = [space.positive(outputs[k] - outputs[other]) for other in able if other < k]
            ahead += [ONE - space.positive(outputs[other] - outputs[k]) for other in able if other > k]
            if (flag := space.all(ahead)) != ZERO:
                kinds[self.names[k]] = flag
        bits = [ZERO] * self.longest
        for field in self.book.fields:
            if field.encode != "signs":
                continue
            carries = space.any([f for n, f in kinds.items() if field.payload in self.book.kinds[self.names.index(n)].payloads])
            for place, coordinate in enumerate(self.book.slots[field.name]):
                bit = space.all([carries, space.positive(outputs[coordinate])])
                bits[place] = space.any([bits[place], bit])
        return Token(kinds, tuple(bits))

    def pick(self, condition: Form, a: Token, b: Token) -> Token:
        """``a`` where the condition holds, else ``b``."""
        if not condition.terms:
            return a if condition == ONE else b
        choose = self.space.choose
        names = [name for name in self.names if name in a.kinds or name in b.kinds]
        kinds = {name: choose([condition, ONE], [a.kind(name), b.kind(name)]) for name in names}
        bits = [choose([condition, ONE], [x, y]) for x, y in zip(a.bits, b.bits, strict=True)]
        return Token({name: flag for name, flag in kinds.items() if flag != ZERO}, tuple(bits))

    def outputs(self, plan: Plan, tokens: Sequence[Token], places: np.ndarray) -> list[list[Form]]:
        """The forms of a plan's read-out at every position, for tokens and places."""
        codes = np.zeros((len(tokens), self.book.width), dtype=np.int64)
        symbols = {(i, c): form for i, token in enumerate(tokens) for c, form in enumerate(self.code(token)) if form != ZERO}
        read = forward(self.space, plan, Mixed.of(codes, symbols), places)
        return [[read[i, c] for c in range(read.numbers.shape[1])] for i in range(len(tokens))]
