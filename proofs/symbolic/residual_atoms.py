"""The atoms of the residual stream: hidden units and lookups up to identities, as terms over the exact forms that they read.

An *atom* is a coordinate of the code of a token or place, ``relu(L + c)``, or ``aha(B, a)``: the mean of the atom a over the
positions at which the score B is maximal. A *form* (``efasp.affine_forms``) is a rational combination of atoms and a constant.
Forms are normal up to identities that hold for all rationals, on all sequences (lemma ``lowering.identities`` shows them):

* the coordinate ``one`` of a code is the constant 1 (``Codebook.codes`` writes it for every row);
* ``relu(s f) = s relu(f)`` for s > 0, so f is scaled to a primitive integer direction L; ``relu(-f) = relu(f) - f``, so only
  the orientation that is met first becomes an atom;
* the score of query position i and key position j is the bilinear form B(i, j) = sum of q_c(i) k_c(j). The
  maximal j do not change when B is multiplied by s > 0 or when terms that depend on i alone are added; so B is scaled to a
  primitive integer form over pairs of atoms, and its terms with a constant key are dropped;
* a mean is linear: ``aha(B, u + s v) = aha(B, u) + s aha(B, v)`` and ``aha(B, 1) = 1``.

Sums commute, so forms do not depend on the order of units and heads, on their splitting and merging, or on scalings inside
them. Normal forms are compared syntactically: equal forms denote equal functions; different forms may denote equal functions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from copy import copy
from typing import NamedTuple, TypeVar

from efasp.affine_forms import NOTHING, Form, Terms, divided, primitive, total
from efasp.codebook import Codebook
from efasp.sorts import Interval, Number, tidy

Key = TypeVar("Key", bound=Hashable)
LIMIT = 4_000_000  # terms of the forms of one machine: above the widest machine's number; only dense foreign weights reach it


class TooManyTerms(RuntimeError):
    """The forms of a plan have more than ``LIMIT`` terms: its matrices are far from sparse."""


class Unit(NamedTuple):
    """The atom ``relu(sign * L + constant)``, where ``direction`` is the number of L."""

    direction: int
    sign: int
    constant: Number


class Mean(NamedTuple):
    """The atom ``aha(B, atom)``, where ``score`` is the number of B."""

    score: int
    atom: int


class Code(NamedTuple):
    """Half of a coordinate of the code of a token ("te") or place ("pe"). With halves all coefficients are integers."""

    side: str
    coordinate: int


class Winning(NamedTuple):
    """The maxima of a score that the program lacks: it has one, or every value read is 0. A stream keeps it only if proved.

    ``of``: the score of the program that this one replaces; ``shared``: the sink may be maximal together with the unique
    position, and it is whenever the lookup must miss; ``words``: the words of the query, as forms; if one of them is 0, the
    lookup misses; ``values``: the forms that the lookup reads.
    """

    of: int
    shared: bool
    words: list[list[Form]]
    values: list[Form]


Atom = Code | Unit | Mean


def scaled(terms: Mapping[Key, Number]) -> tuple[Number, Mapping[Key, Number]]:
    """The positive s for which the coefficients ``terms / s`` are coprime integers, and these terms."""
    by, whole = primitive([*terms.values()])
    return by, terms if by == 1 else dict(zip(terms, whole, strict=True))


class Stream:
    """The atoms of one machine, numbered from 1 in the order in which they are met; equal atoms have one number.

    ``known``: for the number of a direction, the interval that the sorts of the program guarantee (see ``learn``).
    ``promises``: the number of ReLUs that were eliminated (``relu(f) = f`` since f >= 0, or ``relu(f) = 0``) because of such a
    guarantee, where the intervals of the atoms alone are not sufficient.
    """

    def __init__(self, vocabulary: Codebook, places: Codebook) -> None:
        self.books = {"te": vocabulary, "pe": places}
        self.atoms: list[Atom | None] = [None]
        self.bounds: list[Interval] = [(1, 1)]
        self.directions: list[Terms] = []
        self.scores: list[Mapping[tuple[int, int], Number]] = []
        self.known: dict[int, Interval] = {}
        self.sharper: dict[int, Interval] = {}  # the same for single atoms
        self.twins: dict[int, tuple[int, list[Form]]] = {}  # a score to one with its keys, and the query difference
        self.winning: dict[tuple[int, bool], Winning] = {}  # by score and group of queries
        self.promises = 0
        self.size = 0
        self._doubled: list[Interval] = [(2, 2)]  # twice the bounds; integers for an atom that counts halves
        self._sharper: dict[int, Interval] = {}  # twice the bounds of ``sharper``
        self._number: dict[Atom, int] = {}
        self._direction_of: dict[frozenset[tuple[int, Number]], int] = {}
        self._normal: dict[int, tuple[Terms, int, Number]] = {}  # by id of the terms, which are kept alive
        self._score_of: dict[frozenset[tuple[tuple[int, int], Number]], int] = {}
        self._ranges: dict[tuple[int, bool], Interval] = {}  # by direction
        self._complete = False

    def complete(self) -> None:
        """Freeze the stream: from now on new atoms, scores and guarantees are added to a copy only."""
        self._complete = True

    def copy(self) -> Stream:
        """An independent stream with the same contents, which is not frozen."""
        made = Stream(*self.books.values())
        for name, value in vars(self).items():
            setattr(made, name, copy(value))
        made._complete = False
        return made

    def _growing(self) -> None:
        """Raises RuntimeError if the stream is complete: results would depend on the order in which obligations are built."""
        if self._complete:
            raise RuntimeError("the stream is complete: expected no new atom, score or promise")

    def _atom(self, atom: Atom, bounds: Interval) -> int:
        if atom not in self._number:
            self._growing()
            self._number[atom] = len(self.atoms)
            self.atoms.append(atom)
            self.bounds.append(bounds)
            self._doubled.append((tidy(2 * bounds[0]), tidy(2 * bounds[1])))
        return self._number[atom]

    def grown(self, terms: int) -> None:
        """Add to the number of terms. Raises TooManyTerms."""
        self.size += terms
        if self.size > LIMIT:
            raise TooManyTerms(f"more than {LIMIT} terms")

    def code(self, side: str, coordinate: int) -> Form:
        """The form of a coordinate of a code."""
        book = self.books[side]
        if coordinate == book.slots["one"].start:
            return Form(NOTHING, 1)
        low, high = (divided(end, 2) for end in book.sort.bounds[coordinate])
        return Form({self._atom(Code(side, coordinate), (low, high)): 2})

    def normal(self, terms: Terms) -> tuple[int, Number]:
        """Direction and nonzero factor of a linear part; the factor is negative if the opposite orientation was met first."""
        entry = self._normal.get(id(terms))
        if entry is None:
            scale, some = scaled(terms)
            key = frozenset(some.items())
            number = self._direction_of.get(key)
            if number is None:
                number = self._direction_of.get(frozenset((atom, -c) for atom, c in key))
                if number is None:
                    number = self._direction_of[key] = len(self.directions)
                    self.directions.append(some)
                else:
                    scale = -scale
            entry = self._normal[id(terms)] = (terms, number, scale)
            self.grown(len(terms))
        return entry[1], entry[2]

    def relu(self, form: Form) -> Form:
        """The normal form of ``relu(form)``."""
        if not form.terms:
            return Form(NOTHING, max(form.constant, 0))
        number, scale = self.normal(form.terms)
        size, sign = (scale, 1) if scale > 0 else (-scale, -1)
        constant = divided(form.constant, size)
        if (here := self._number.get(Unit(number, sign, constant))) is not None:
            return Form({here: size})
        if (other := self._number.get(Unit(number, -sign, -constant))) is not None:
            return total([(1, form), (size, Form({other: 1}))])
        for promised in (False, True):
            low, high = self.interval(form, promised)
            if low >= 0 or high <= 0:
                self.promises += promised
                return form if low >= 0 else Form(NOTHING)
        low, high = (divided(end, size) for end in self.interval(form))
        return Form({self._atom(Unit(number, sign, constant), (max(low, 0), max(high, 0))): size})

    def score(self, pairs: Iterable[tuple[Form, Form]]) -> tuple[int, Number]:
        """The number of the score of these pairs of query and key components, and the factor that was divided out."""
        terms: dict[tuple[int, int], Number] = {}
        sides = [({**q.terms, 0: q.constant} if q.constant else q.terms, k.terms) for q, k in pairs]
        self.grown(sum(len(left) * len(right) for left, right in sides))  # before the product is expanded
        for left, right in sides:
            for a, c in left.items():
                for b, d in right.items():
                    terms[a, b] = terms.get((a, b), 0) + c * d
        terms = {pair: c for pair, c in terms.items() if c}
        scale, some = scaled(terms) if terms else (1, terms)
        number = self._score_of.get(frozenset(some.items()), len(self.scores))
        if number == len(self.scores):
            self._growing()
            self._score_of[frozenset(some.items())] = number
            self.scores.append(some)
        return number, scale

    def mean(self, score: int, value: Form) -> Form:
        """The mean of a value over the positions at which a score is maximal."""
        terms = {self._atom(Mean(score, atom), self.bounds[atom]): c for atom, c in value.terms.items()}
        return Form(terms, value.constant)

    # Bounds on the values of a form.

    def interval(self, form: Form, promised: bool = False) -> Interval:
        """An interval with all values of a form, from the bounds of its atoms; if ``promised``, also from all sorts."""
        number, scale = self.normal(form.terms)
        key = number, promised
        if key not in self._ranges:
            self._ranges[key] = self._range(number, self._sharper if promised else {})
        low, high = self._ranges[key]
        if promised and number in self.known:
            low, high = max(low, self.known[number][0]), min(high, self.known[number][1])
        ends = scale * low + form.constant, scale * high + form.constant
        return ends if scale > 0 else ends[::-1]

    def _range(self, number: int, sharper: dict[int, Interval]) -> Interval:
        low = high = 0  # type: Number
        for atom, c in self.directions[number].items():
            a, b = sharper.get(atom) or self._doubled[atom]
            low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
        return divided(low, 2), divided(high, 2)

    def learn(self, form: Form, interval: Interval) -> None:
        """Record the guarantee of a sort that the values of a form lie in an interval."""
        if not form.terms:
            return
        self._growing()
        number, scale = self.normal(form.terms)
        a, b = (divided(end - form.constant, scale) for end in interval)
        low, high = (a, b) if a <= b else (b, a)
        if number in self.known:
            was = self.known[number]
            low, high = max(low, was[0]), min(high, was[1])
        self.known[number] = (low, high)
        if len(form.terms) == 1:
            (atom,) = form.terms
            self.sharper[atom] = (low, high) if self.directions[number][atom] > 0 else (-high, -low)
            self._sharper[atom] = tidy(2 * self.sharper[atom][0]), tidy(2 * self.sharper[atom][1])
