"""Bounds of a plan's numbers: largest and smallest absolute values, and common divisors. From its matrices alone.

The plan is executed on symbols (``proofs.lemmas.lowering.read``). A residual coordinate's form has an interval, and a power of
two that it is a multiple of, by the facts about its atoms: the sorts of the program's nodes (lemma step.sorts), where the
form is a node's up to a factor and a constant; else sums over its atoms. ``Plan.residents`` is not used.

A lookup is taken to give one of the values that it reads, or 0; the lemma numerics.ties shows it of the program's lookups, and
of others a multiple is not known. Outputs that nothing reads (a hidden unit without a weight in ``down``, a head without one in
``o``) have bounds too, as the transformer computes them: 0 times a finite number is 0, but 0 times infinity is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, inf
from operator import is_
from typing import NamedTuple

from efasp.affine_forms import Form, Terms, divided
from efasp.exact import Matrix
from efasp.model.plan import Plan
from efasp.model.ranges import absolute
from efasp.proofs.symbolic.residual_atoms import Code, Mean
from efasp.proofs.symbolic.residual_stream import Executed, Reader
from efasp.sorts import Number, tidy

UNKNOWN = -inf  # the power of a number that may be a multiple of no power of two


class Span(NamedTuple):
    """Values between ``low`` and ``high``, multiples of 2^power."""

    low: Number
    high: Number
    power: float

    @property
    def size(self) -> Number:
        """The largest absolute value."""
        return -self.low if -self.low > self.high else self.high


class Sum(NamedTuple):
    """A sum of the plan: its terms, multiples of 2^power, have absolute values that add up to ``size`` at most."""

    where: str
    row: int
    size: Number
    power: float

    @property
    def required_significand(self) -> int | float:
        """The largest multiple of 2^power that the sum may be: a dtype with p bits of significand computes it exactly, in any
        order, if that is at most 2^p; inf where the power is unknown."""
        if self.power == UNKNOWN or not self.size:
            return inf if self.size else 0
        power = int(self.power)
        return -(-self.size // (1 << power)) if power > 0 else ceil(self.size * (1 << -power))


class Reach(NamedTuple):
    """Numbers that the transformer computes: ``top`` at most in absolute value, and multiples of 2^``low``.

    Of sums this holds for every product and every partial sum, in any order, also where signs differ. ``scaled``: they are then
    multiplied by the softmax scale.
    """

    where: str
    top: Number
    low: float
    scaled: bool = False


class Entry(NamedTuple):
    """One output of a linear map: the sum of its terms' absolute values, its value, and the terms' power."""

    size: Number
    span: Span
    power: float


def power_of(value: Number) -> float:
    """The largest power of two that a number is a multiple of (inf of 0, ``UNKNOWN`` where it is not dyadic)."""
    n, d = value.numerator, value.denominator
    if d & (d - 1):
        return UNKNOWN
    return (n & -n).bit_length() - d.bit_length() if n else inf


class Sizes:
    """The spans of a plan's numbers, and its sums.

    ``residual``: every coordinate after every sublayer; ``scores``: of heads that add something the power that their scores are
    multiples of; ``sums``: of every quantity that the transformer computes the sum that counts most, in order; ``reaches``:
    their largest and smallest absolute values, also of outputs that nothing reads, in sequences of at most ``positions``.
    ``executed``: the plan on symbols, more than once if that differs from position to position.
    """

    def __init__(self, reader: Reader, executed: Sequence[Executed], plan: Plan, positions: int = 1) -> None:
        self.reader, self.stream, self.executed, self.plan = reader, reader.stream, executed, plan
        self._promised: dict[int, list[tuple[Number, Number]]] = {}  # by direction L: s and c with s L + c an integer
        self._atoms: dict[int, float] = {0: 0}
        self._spans: dict[tuple[int, Number], tuple[Terms, Span]] = {}  # by the identity of the terms, which are kept
        whole = {id(form): form for node, forms in reader.of.items() if node.sort.integral for form in forms}
        for form in whole.values():
            self._promise(form)
        self.residual: list[list[Span]] = []
        self.scores: dict[str, float] = {}
        self.positions = positions
        self.reaches: list[Reach] = []
        self.sums = list(self._sums())

    @property
    def worst(self) -> Sum:
        """The sum that counts most of all."""
        return max(self.sums, key=lambda here: here.required_significand)

    @property
    def smallest_reach(self) -> Reach:
        """The numbers that are multiples of the smallest power of two, of all that the transformer computes."""
        return min(self.reaches, key=lambda here: here.low)

    # Facts about a form.

    def _promise(self, form: Form) -> None:
        if form.terms:
            number, scale = self.stream.normal(form.terms)
            known = self._promised.setdefault(number, [])
            if (scale, form.constant) not in known:
                known.append((scale, form.constant))
        if len(form.terms) == 1 and type(form.constant) is int:
            ((atom, c),) = form.terms.items()
            self._atoms[atom] = max(self._atoms.get(atom, UNKNOWN), power_of(divided(1, c)))

    def _power(self, terms: Terms, number: int, scale: Number, constant: Number) -> float:
        """The power of two that ``terms``, a direction times a scale, and a constant are multiples of together."""
        best = UNKNOWN
        for s, c in self._promised.get(number, ()):
            times = divided(scale, s)
            best = max(best, min(power_of(times), power_of(constant - times * c)))
        if best >= 0:
            return best
        return max(best, min(power_of(constant), *(power_of(c) + self._atom(atom) for atom, c in terms.items())))

    def _atom(self, atom: int) -> float:
        if self._atoms.get(atom, UNKNOWN) < 0:
            kind = self.stream.atoms[atom]
            if isinstance(kind, Code):  # half a coordinate, which is an integer
                power: float = -1
            elif isinstance(kind, Mean):
                power = self._atom(kind.atom) if kind.score < self.reader.own_scores else UNKNOWN
            else:
                assert kind is not None
                power = self._power(self.stream.directions[kind.direction], kind.direction, 1, kind.sign * kind.constant)
            self._atoms[atom] = max(power, self._atoms.get(atom, UNKNOWN))
        return self._atoms[atom]

    def _known(self, form: Form) -> Span:
        if not form.terms:
            return Span(form.constant, form.constant, power_of(form.constant))
        key = id(form.terms), form.constant
        if key not in self._spans:
            low, high = self.stream.interval(form, promised=True)
            power = self._power(form.terms, *self.stream.normal(form.terms), form.constant)
            self._spans[key] = form.terms, Span(tidy(low), tidy(high), power)
        return self._spans[key][1]

    def _met(self, entry: Entry, *forms: Form) -> Span:
        """The span of a sum, by its terms and by its form."""
        known = self._known(forms[0])
        for form in forms[1:]:
            known = joined(known, self._known(form))
        return Span(max(entry.span.low, known.low), min(entry.span.high, known.high), max(entry.span.power, known.power))

    # The sums, layer by layer.

    def _worst(self, where: str, sums: Sequence[Entry]) -> Sum:
        """The sum that counts most; how large and how small all of them are is noted."""
        self.reaches.append(reach(where, [(entry.size, entry.power) for entry in sums]))
        return worst(where, sums)

    def _attended(self, where: str, queries: list[Span], keys: list[Span], values: list[Span]) -> None:
        """Note the numbers that attention computes, for any winners, and whether or not a later layer reads them.

        Queries and scores are scaled; differences of two scores are up to twice as large. A mixture adds values of weights up
        to 1, of all positions that win, or of those that did so far. It need not be exact, as those that lose in the end count
        0 times; a sum of n numbers, in any order, is off by n - 1 times their absolute sum at most (Jeannerod and Rump).
        """
        score = scored(where, queries, keys)
        mixed = max((span.size for span in values), default=0) * self.positions**2
        self.reaches += [
            reach(f"{where}, queries", [(span.size, span.power) for span in queries])._replace(scaled=True),
            Reach(score.where, 2 * score.size, score.power, scaled=True),
            reach(f"{where}, values", [(span.size, span.power) for span in values])._replace(top=mixed),
        ]

    def _discharged(self, sums: list[Entry]) -> list[Span]:
        """The stream after the next sublayer."""
        after = len(self.residual)
        forms = list(zip(*(some.residual[after] for some in self.executed), strict=True))
        if not after:
            return [self._met(entry, *here) for entry, here in zip(sums, forms, strict=True)]
        before = zip(*(some.residual[after - 1] for some in self.executed), strict=True)
        return [
            span if span is entry.span and all(map(is_, here, old)) else self._met(entry, *here)
            for entry, here, span, old in zip(sums, forms, self.residual[-1], before, strict=True)
        ]

    def _sums(self) -> Iterator[Sum]:
        plan = self.plan
        books = [[Span(a, b, 0) for a, b in book.sort.bounds] for book in (plan.vocabulary, plan.places)]
        sums = added(*(mapped(m, spans) for m, spans in zip((plan.token, plan.place), books, strict=True)))
        yield self._worst("embedding", sums)
        self.residual.append(self._discharged(sums))
        for number, layer in enumerate(plan.layers, 1):
            h = self.residual[-1]
            sums = list(map(resting, h))
            executed = zip(*(some.heads[number - 1] for some in self.executed), strict=True)
            for index, (head, known) in enumerate(zip(layer.heads, executed, strict=True)):
                where, (q, k, v) = f"layer {number}, head {index}", (mapped(m, h) for m in (head.q, head.k, head.v))
                yield self._worst(f"{where}, projections", q + k + v)
                sides = zip((q, k, v), *((here.q, here.k, here.v) for here in known), strict=True)
                queries, keys, values = ([self._met(*forms) for forms in zip(*side, strict=True)] for side in sides)
                sharing = (self.stream.winning.get((here.score, group)) for here in known for group in (True, False))
                if any(some is not None and some.shared for some in sharing):  # a mean of two
                    values = [span._replace(power=span.power - 1) for span in values]
                self._attended(where, queries, keys, values)
                score = scored(where, queries, keys)
                if any(here.score >= 0 for here in known):
                    self.scores[where] = score.power
                yield score
                sums = added(sums, mapped(head.o, values))
            yield self._worst(f"layer {number}, attention", sums)
            self.residual.append(self._discharged(sums))
            hidden = mapped(layer.up, self.residual[-1], layer.bias)
            yield self._worst(f"layer {number}, hidden units", hidden)
            units = [Span(max(e.span.low, 0), max(e.span.high, 0), e.span.power) for e in hidden]
            sums = added(map(resting, self.residual[-1]), mapped(layer.down, units))
            yield self._worst(f"layer {number}, residual stream", sums)
            self.residual.append(self._discharged(sums))
        yield self._worst("read-out", mapped(plan.out, self.residual[-1], plan.out_bias))


def mapped(matrix: Matrix, spans: Sequence[Span], biases: Sequence[Number] | None = None) -> list[Entry]:
    """The rows of a linear map on coordinates of the given spans."""
    sizes = [span.size for span in spans]
    known: dict[int, Entry] = {}  # by the identity of the row: thresholds of one sum share it
    out = []
    for number, (row, scaled) in enumerate(zip(matrix.rows, matrix.scaled, strict=True)):
        if id(row) not in known:
            known[id(row)] = linear(scaled, matrix.denominator, spans, sizes)
        entry, bias = known[id(row)], (biases or {number: 0})[number]
        if bias:
            size, (low, high, power), terms = entry
            least = power_of(bias)
            entry = Entry(size + absolute(bias), Span(low + bias, high + bias, min(power, least)), min(terms, least))
        out.append(entry)
    return out


def linear(row: Sequence[tuple[int, int]], by: int, spans: Sequence[Span], sizes: Sequence[Number]) -> Entry:
    """One row without its bias: integers over ``by``."""
    ends = [(c * spans[i].low, c * spans[i].high) for i, c in row]
    size, low, high = sum(absolute(c) * sizes[i] for i, c in row), sum(map(min, ends)), sum(map(max, ends))
    power = min((power_of(c) + spans[i].power for i, c in row if sizes[i]), default=inf)
    if by > 1:
        size, low, high, power = divided(size, by), divided(low, by), divided(high, by), power - power_of(by)
    if by & (by - 1):
        power = UNKNOWN
    return Entry(size, Span(low, high, power), power)


def resting(span: Span) -> Entry:
    """The sum of which a value is the only term."""
    return Entry(span.size, span, span.power)


def added(sums: Iterable[Entry], terms: Iterable[Entry]) -> list[Entry]:
    """Sums with more terms."""
    return [a if not b.size else b if not a.size else _joined(a, b) for a, b in zip(sums, terms, strict=True)]


def joined(a: Span, b: Span) -> Span:
    """The span of all values in either span."""
    return Span(min(a.low, b.low), max(a.high, b.high), min(a.power, b.power))


def _joined(a: Entry, b: Entry) -> Entry:
    span = Span(a.span.low + b.span.low, a.span.high + b.span.high, min(a.span.power, b.span.power))
    return Entry(a.size + b.size, span, min(a.power, b.power))


def scored(where: str, queries: list[Span], keys: list[Span]) -> Sum:
    """The scores of a head: products of a query's and a key's components."""
    products = [(a.size * b.size, a.power + b.power) for a, b in zip(queries, keys, strict=True)]
    power = min((power for size, power in products if size), default=inf)
    return Sum(f"{where}, scores", 0, sum(size for size, _ in products), power)


def reach(where: str, sizes: Iterable[tuple[Number, float]]) -> Reach:
    """How large and how small numbers of some sizes and powers are; numbers that are always 0 do not count."""
    some = [(size, power) for size, power in sizes if size]
    return Reach(where, max((size for size, _ in some), default=0), min((power for _, power in some), default=inf))


def worst(where: str, sums: Sequence[Entry]) -> Sum:
    """The one of the sums of an affine map that needs most; ``sums``: its entries, one a row; ``where``: the map's name."""
    found, most = Sum(where, 0, 0, inf), 0  # type: tuple[Sum, int | float]
    for row, entry in enumerate(sums):
        if entry.power < 0 or entry.size > most:
            here = Sum(where, row, entry.size, entry.power)
            if here.required_significand > most:
                found, most = here, here.required_significand
    return found
