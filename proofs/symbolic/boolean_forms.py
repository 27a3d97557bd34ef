"""Numbers of a transformer on Boolean symbols, folded as far as they are known, for ``proofs.symbolic.plans``.

Every number is a *form* (``efasp.affine_forms``), whose *atoms* are each a truth value (0 or 1) or a bounded
integer that a definition of the script stands for. Bounds are found by trying all values of the symbols where a form rests
on at most ``EXACT`` of them, and by intervals else; a truth value that rests on more counts as a symbol of its own. So a bound
may be too wide, but no value lies outside of it: only values outside of it are folded away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm

import numpy as np

from efasp.affine_forms import Form, primitive
from efasp.exact import LIMIT
from efasp.sorts import Number, tidy

EXACT = 12
FEW = 4  # values of a form that are listed
ATOMS = 20_000  # of one script: ten times what sound plans need
STAIRS = 8  # a difference of ReLUs becomes a sum of thresholds if these are not more


class TooManyAtoms(RuntimeError):
    """The forms of a plan outgrow ``ATOMS``: too little of it is known to be constant."""


ZERO, ONE = Form(), Form(constant=1)


def literal(form: Form) -> bool:
    """Whether it is 0, 1, an atom, or 1 minus an atom."""
    if not form.terms:
        return form.constant in (0, 1)
    return len(form.terms) == 1 and (form.constant, *form.terms.values()) in ((0, 1), (1, -1))


Table = np.ndarray  # values for all assignments of some symbols, one axis each


@dataclass(frozen=True, eq=False)
class Atom:
    """An atom: a symbol (``name``), or ``kind`` of ``parts``; it lies in ``low..high``.

    ``table``: its value for every assignment of the atoms ``support``. An atom that rests on too many is its own support if it
    is a truth value, and has none (None) if not. Of a choice the parts are the conditions, then the values: the value of the
    first condition that holds, else the last value.
    """

    kind: str
    parts: tuple[Form, ...]
    low: int
    high: int
    support: tuple[int, ...] | None
    table: Table | None
    name: str = ""

    @property
    def boolean(self) -> bool:
        """Whether the atom is a truth value."""
        return self.kind in TRUTHS

    @property
    def values(self) -> tuple[Form, ...]:
        """The alternatives of an atom that is a choice."""
        return self.parts[len(self.parts) // 2 :]


TRUTHS = ("symbol", "positive", "all", "choice")


def _chosen(*tables: Table) -> Table:
    half = len(tables) // 2
    out = tables[-1]
    for win, value in reversed(list(zip(tables[: half - 1], tables[half:-1], strict=True))):
        out = np.where(win > 0, value, out)
    return out


# The value of an atom of a kind, from those of its parts.
MEANING: dict[str, Callable[..., Table]] = {
    "positive": lambda t: (t > 0).astype(np.int64),
    "all": lambda *ts: np.multiply.reduce(np.broadcast_arrays(*ts)),
    "relu": lambda t: np.maximum(t, 0),
    "times": lambda a, b: a.astype(object) * b.astype(object),  # which cannot overflow
    "choice": _chosen,
    "select": _chosen,
}


class Space:
    """The atoms of one script. Forms that are truth values have the value 0 or 1.

    ``clashes``: truth values on whose being 0 the meaning of other forms rests; to be shown with every result that uses those.
    """

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.clashes: dict[Form, None] = {}
        self._known: dict[tuple[str, tuple[Form, ...]], Form] = {}
        self._ranges: dict[Form, tuple[Number, Number, tuple[Number, ...] | None]] = {}
        self._positive: dict[Form, Form] = {}

    def symbol(self, name: str) -> Form:
        """A free truth value."""
        self.atoms.append(Atom("symbol", (), 0, 1, (len(self.atoms),), np.array([0, 1]), name))
        return Form.atom(len(self.atoms) - 1)

    # Ranges.

    def support(self, forms: Iterable[Form]) -> tuple[int, ...] | None:
        """The symbols that forms rest on, or None if they are too many."""
        atoms: set[int] = set()
        for form in forms:
            for atom in form.terms:
                below = self.atoms[atom].support
                if below is None:
                    return None
                atoms.update(below)
        return tuple(sorted(atoms)) if len(atoms) <= EXACT else None

    def table(self, form: Form, support: tuple[int, ...]) -> tuple[Table, int]:
        """The values of a form over all assignments of its support, times a denominator, and that."""
        scale = lcm(form.constant.denominator, *[c.denominator for c in form.terms.values()])
        atoms = [(self.atoms[number], int(c * scale)) for number, c in form.terms.items()]
        most = abs(int(form.constant * scale)) + sum(abs(c) * max(-atom.low, atom.high) for atom, c in atoms)
        kind = np.int64 if most < LIMIT else object
        total = np.full((1,) * len(support), int(form.constant * scale), dtype=kind)
        for atom, c in atoms:
            assert atom.support is not None and atom.table is not None
            own = set(atom.support)
            total = total + c * atom.table.astype(kind, copy=False).reshape([2 if s in own else 1 for s in support])
        return total, scale

    def range(self, form: Form) -> tuple[Number, Number, tuple[Number, ...] | None]:
        """Bounds, and all values where these are few: the form takes no others."""
        if form not in self._ranges:
            support = self.support([form])
            if support is None:
                ends = [sorted((c * self.atoms[a].low, c * self.atoms[a].high)) for a, c in form.terms.items()]
                low, high = (tidy(form.constant + sum(e[side] for e in ends)) for side in (0, 1))
                self._ranges[form] = low, high, None
            else:
                total, scale = self.table(form, support)
                values = [tidy(Fraction(int(v), scale)) for v in np.unique(total).tolist()]
                self._ranges[form] = values[0], values[-1], tuple(values) if len(values) <= FEW else None
        return self._ranges[form]

    # Truth values.

    def _atom(self, kind: str, parts: Sequence[Form]) -> Form:
        """The atom of a kind over integral parts, or the constant that it is."""
        key = kind, tuple(parts)
        if key in self._known:
            return self._known[key]
        support, number = self.support(parts), len(self.atoms)
        if number >= ATOMS:
            raise TooManyAtoms(f"more than {ATOMS} atoms")
        if support is not None:
            tables = [self.table(form, support)[0] for form in parts]
            table = np.broadcast_to(MEANING[kind](*tables), (2,) * len(support))
            low, high = int(table.min()), int(table.max())
            atom = Atom(kind, key[1], low, high, support, table)
        elif kind in TRUTHS:
            atom = Atom(kind, key[1], 0, 1, (number,), np.array([0, 1]))
        else:
            atom = Atom(kind, key[1], *self._interval(kind, key[1]), None, None)
        if atom.low == atom.high:
            self._known[key] = Form(constant=atom.low)
        else:
            self.atoms.append(atom)
            self._known[key] = Form.atom(number)
        return self._known[key]

    def _interval(self, kind: str, parts: tuple[Form, ...]) -> tuple[int, int]:
        """Bounds of an atom that has no table."""
        ends = [self.range(form)[:2] for form in (parts[len(parts) // 2 :] if kind == "select" else parts)]
        if kind == "times":
            corners = [int(x * y) for x in ends[0] for y in ends[1]]
            return min(corners), max(corners)
        low, high = int(min(end[0] for end in ends)), int(max(end[1] for end in ends))
        return (max(low, 0), high) if kind == "relu" else (low, high)

    def _primitive(self, form: Form) -> tuple[Form, Number]:
        """A form with integer coefficients that have no common divisor, and the divisor (above 0)."""
        by, (constant, *whole) = primitive([form.constant, *form.terms.values()])
        return (form, 1) if by == 1 else (Form(dict(zip(form.terms, whole, strict=True)), constant), by)

    def positive(self, form: Form) -> Form:
        """Whether a form is above 0."""
        if form not in self._positive:
            self._positive[form] = self._sign(form)
        return self._positive[form]

    def _sign(self, form: Form) -> Form:
        low, high, _ = self.range(form)
        if low > 0 or high <= 0:
            return ONE if low > 0 else ZERO
        form, _ = self._primitive(form)
        if all(self.atoms[a].boolean for a in form.terms):
            coefficients = [int(c) for c in form.terms.values()]
            top = int(form.constant) + sum(max(c, 0) for c in coefficients)
            bottom = int(form.constant) + sum(min(c, 0) for c in coefficients)
            least = min(abs(c) for c in coefficients)
            literals = [Form.atom(a) if c > 0 else Form({a: -1}, 1) for a, c in form.terms.items()]
            if top - least <= 0:  # one literal that is 0 is enough for it not to be
                return self.all(literals)
            if bottom + least > 0:  # one literal that is 1 is enough for it to be
                return self.any(literals)
        return self._atom("positive", [form])

    def all(self, flags: Iterable[Form]) -> Form:
        """Whether all truth values are 1."""
        kept = sorted({self._truth(flag) for flag in flags} - {ONE}, key=lambda flag: flag.key)
        if any(flag == ZERO or ONE - flag in kept for flag in kept):
            return ZERO
        if len(kept) <= 1:
            return kept[0] if kept else ONE
        return self._atom("all", kept)

    def any(self, flags: Iterable[Form]) -> Form:
        """Whether some truth value is 1."""
        return ONE - self.all([ONE - flag for flag in flags])

    def equal(self, a: Form, b: Form) -> Form:
        """Whether two forms have one value."""
        return self.all([ONE - self.positive(a - b), ONE - self.positive(b - a)])

    def _truth(self, flag: Form) -> Form:
        """A truth value as a literal."""
        return flag if literal(flag) else self.positive(flag)

    # Numbers.

    def relu(self, form: Form) -> Form:
        """``max(form, 0)``."""
        low, high, values = self.range(form)
        if low >= 0 or high <= 0:
            return form if low >= 0 else ZERO
        above = [v for v in values or () if v > 0]
        if len(above) == 1:
            return self.positive(form).times(above[0])
        form, factor = self._primitive(form)
        return self._atom("relu", [form]).times(factor)

    def product(self, f: Form, g: Form) -> Form:
        """``f * g``."""
        if not (f.terms and g.terms):
            return g.times(f.constant) if g.terms else f.times(g.constant)
        if not all(self.atoms[a].boolean for form in (f, g) for a in form.terms):
            (f, by), (g, more) = self._primitive(f), self._primitive(g)
            return self._atom("times", [f, g]).times(by * more)
        total = f.times(g.constant) + g.times(f.constant) - f.constant * g.constant
        for a, c in f.row:
            for b, d in g.row:
                total = total + self.all([Form.atom(a), Form.atom(b)]).times(c * d)
        return total

    def merged(self, form: Form) -> Form:
        """A form of the same value, with differences of ReLUs as thresholds, and forms of two values as one truth value."""
        relus = [(a, c) for a, c in form.row if self.atoms[a].kind == "relu"]
        if len(relus) > 1:
            form = self._stairs(form, relus)
        if len(form.terms) > 1:
            values = self.range(form)[2]
            if values is not None and len(values) <= 2:
                low, high = values[0], values[-1]
                form = self.positive(form - low).times(high - low) + low
        return form

    def _stairs(self, form: Form, relus: list[tuple[int, Number]]) -> Form:
        """``relu(f + a) - relu(f + b)``, of an integral f and a > b, counts the k in b+1..a at which f + k > 0."""
        groups: dict[tuple[tuple[int, Number], ...], list[tuple[Number, Number, int]]] = {}
        for number, c in relus:
            (inner,) = self.atoms[number].parts
            groups.setdefault(inner.row, []).append((inner.constant, c, number))
        for row, group in groups.items():
            group.sort(reverse=True)
            if sum(c for _, c, _ in group) or group[0][0] - group[-1][0] > STAIRS:
                continue
            slope: Number = 0
            for (start, c, number), (end, _, _) in zip(group, [*group[1:], group[-1]], strict=True):
                slope += c
                form = form - Form.atom(number, c)
                for shift in range(int(end) + 1, int(start) + 1):
                    form = form + self.positive(Form(dict(row), shift)).times(slope)
        return form

    def choose(self, wins: Sequence[Form], values: Sequence[Form]) -> Form:
        """The value of the first win, of which there is one in every case. A choice among few values is made of flags."""
        if len(set(values)) == 1:
            return values[0]
        known = [self.range(value)[2] for value in values]
        stairs = sorted({v for some in known for v in some or ()})
        if all(known) and len(stairs) <= FEW:
            out = Form(constant=stairs[0])
            for before, step in pairwise(stairs):
                reached = [ONE - self.positive(-value + step) for value in values]
                out = out + self._choice("choice", wins, reached).times(step - before)
            return out
        scale = lcm(*(x.denominator for value in values for x in (value.constant, *value.terms.values())))
        return self._choice("select", wins, [value.times(scale) for value in values]).times(Fraction(1, scale))

    def _choice(self, kind: str, wins: Sequence[Form], values: Sequence[Form]) -> Form:
        pairs: list[tuple[Form, Form]] = []
        for win, value in zip(wins, values, strict=True):
            if win != ZERO:
                pairs.append((self._truth(win), value))
            if win == ONE:
                break
        while len(pairs) > 1 and pairs[-1][1] == pairs[-2][1]:
            pairs.pop()
        if len(pairs) == 1:
            return pairs[0][1]
        return self._atom(kind, [win for win, _ in pairs] + [value for _, value in pairs])
