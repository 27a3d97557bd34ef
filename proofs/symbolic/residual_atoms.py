"""The atoms of the residual stream: what a unit and a lookup are, up to identities, by the exact forms that they read.

An *atom* is a coordinate of a token's or place's code, ``relu(L + c)``, or ``aha(B, a)``: the mean of the atom a over the
positions at which the score B is maximal. A *form* (``efasp.affine_forms``) is a rational combination of atoms and a constant.
Forms are normal up to identities that hold for all rationals, on all sequences (lemma ``lowering.identities`` shows them):

* the coordinate ``one`` of a code is the constant 1 (``Codebook.codes`` writes it for every row);
* ``relu(s f) = s relu(f)`` for s > 0, so f is scaled to a primitive integer direction L; ``relu(-f) = relu(f) - f``, so one
  orientation is enough, the one met first;
* the score of query position i and key position j is the bilinear form B(i, j) = sum of q_c(i) k_c(j). Which j are maximal
  does not change when B is multiplied by s > 0, nor by terms that depend on i alone; so B is scaled to a primitive integer form
  over pairs of atoms, and its terms with a constant key are dropped;
* a mean is linear: ``aha(B, u + s v) = aha(B, u) + s aha(B, v)`` and ``aha(B, 1) = 1``.

Sums commute, so the order of units and heads, their splitting and merging, and scalings inside them leave no trace. What is
left over is compared as it is: forms that differ may still be equal as functions, forms that are equal always are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from copy import copy
from typing import NamedTuple, TypeVar

from efasp.affine_forms import NOTHING, Form, Terms, divided, primitive, total
from efasp.codebook import Codebook
from efasp.sorts import Interval, Number, tidy

Key = TypeVar("Key", bound=Hashable)
LIMIT = 4_000_000  # terms of one machine's forms: more than the widest machine has, reached by dense foreign weights only


class TooManyTerms(RuntimeError):
    """The forms of a plan outgrow ``LIMIT``: its matrices are far from sparse."""


class Unit(NamedTuple):
    """The atom ``relu(sign * L + constant)``, L a direction by number."""

    direction: int
    sign: int
    constant: Number


class Mean(NamedTuple):
    """The atom ``aha(B, atom)``, B a score by number."""

    score: int
    atom: int


class Code(NamedTuple):
    """Half a coordinate of a code: of the token ("te") or of the place ("pe"). Halves keep coefficients integers."""

    side: str
    coordinate: int


class Winning(NamedTuple):
    """What is known of the winners of a score that is not the program's: it is one position, or all have the value 0.

    ``of``: the score that it stands for; ``shared``: the sink may win beside that one, and does where the lookup is to find
    nothing; ``words``: of the query, as forms; one that is 0 finds nothing; ``values``: what is read.
    """

    of: int
    shared: bool
    words: list[list[Form]]
    values: list[Form]


Atom = Code | Unit | Mean


def scaled(terms: Mapping[Key, Number]) -> tuple[Number, Mapping[Key, Number]]:
    """The positive s for which ``terms / s`` are integers without a common divisor, and these."""
    by, whole = primitive([*terms.values()])
    return by, terms if by == 1 else dict(zip(terms, whole, strict=True))


class Stream:
    """The atoms of one machine, numbered from 1 in the order in which they are met; equal atoms have one number.

    ``known``: for a direction's number the interval that the program's sorts promise (see ``learn``). ``promises``: how
    many ReLUs were dissolved (``relu(f) = f`` as f >= 0, or 0) because of such a promise, plain intervals not being enough.
    """

    def __init__(self, vocabulary: Codebook, places: Codebook) -> None:
        self.books = {"te": vocabulary, "pe": places}
        self.atoms: list[Atom | None] = [None]
        self.bounds: list[Interval] = [(1, 1)]
        self.directions: list[Terms] = []
        self.scores: list[Mapping[tuple[int, int], Number]] = []
        self.known: dict[int, Interval] = {}
        self.sharper: dict[int, Interval] = {}  # the same for single atoms
        self.twins: dict[int, tuple[int, list[Form]]] = {}  # a score with another's keys: that one, and how queries differ
        self.winning: dict[tuple[int, bool], Winning] = {}  # by score and group of queries
        self.promises = 0
        self.size = 0
        self._doubled: list[Interval] = [(2, 2)]  # twice the bounds: integers, where an atom counts halves
        self._sharper: dict[int, Interval] = {}  # the same of ``sharper``
        self._number: dict[Atom, int] = {}
        self._direction_of: dict[frozenset[tuple[int, Number]], int] = {}
        self._normal: dict[int, tuple[Terms, int, Number]] = {}  # by id of the terms, which are kept alive
        self._score_of: dict[frozenset[tuple[tuple[int, int], Number]], int] = {}
        self._ranges: dict[tuple[int, bool], Interval] = {}  # by direction
        self._complete = False

    def complete(self) -> None:
        """From here on the stream stays as it is: whoever needs more atoms, scores or promises makes them in a copy."""
        self._complete = True

    def copy(self) -> Stream:
        """A stream that starts with all that this one has, and that changes without it."""
        made = Stream(*self.books.values())
        for name, value in vars(self).items():
            setattr(made, name, copy(value))
        made._complete = False
        return made

    def _growing(self) -> None:
        """Raises RuntimeError where the stream is complete: what is built of it would depend on what was built before."""
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
        """Account for new terms. Raises TooManyTerms."""
        self.size += terms
        if self.size > LIMIT:
            raise TooManyTerms(f"more than {LIMIT} terms")

    def code(self, side: str, coordinate: int) -> Form:
        """A coordinate of a code."""
        book = self.books[side]
        if coordinate == book.slots["one"].start:
            return Form(NOTHING, 1)
        low, high = (divided(end, 2) for end in book.sort.bounds[coordinate])
        return Form({self._atom(Code(side, coordinate), (low, high)): 2})

    def normal(self, terms: Terms) -> tuple[int, Number]:
        """Direction and factor (not 0, and negative where the direction was met the other way round) of a linear part."""
        found = self._normal.get(id(terms))
        if found is None:
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
            found = self._normal[id(terms)] = (terms, number, scale)
            self.grown(len(terms))
        return found[1], found[2]

    def relu(self, form: Form) -> Form:
        """``relu(form)``, normal."""
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
        """The score of queries and keys, component by component: its number, and the factor that was divided out."""
        terms: dict[tuple[int, int], Number] = {}
        sides = [({**q.terms, 0: q.constant} if q.constant else q.terms, k.terms) for q, k in pairs]
        self.grown(sum(len(left) * len(right) for left, right in sides))  # before they are multiplied out
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

    # What is known of a form's values.

    def interval(self, form: Form, promised: bool = False) -> Interval:
        """The values that a form may have, by intervals over its atoms; with ``promised``, by all that sorts say of them."""
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
        """A promise that a form stays within an interval."""
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
