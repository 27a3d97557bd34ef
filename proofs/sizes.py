"""How large, and multiples of what, the numbers of a plan are: from its matrices, whatever it says of itself.

The plan is executed on symbols (``proofs.lowering.read``). A residual coordinate's form has an interval, and a power of two
that it is a multiple of, by what is known of its atoms: the sorts of the program's nodes (lemma step.sorts), where the form is
a node's up to a factor and a constant; else sums of what the atoms say. Nothing of it comes from ``Plan.residents``.

A lookup is taken to give one of the values that it reads, or 0; the lemma numerics.ties shows it of the program's lookups, and
of others a multiple is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import ceil, inf
from typing import NamedTuple

from efasp.exact import Matrix
from efasp.sorts import Number
from efasp.syntax import Row
from model.plan import Plan
from model.ranges import absolute
from proofs.stream import Code, Executed, Form, Mean, Reader, Terms

UNKNOWN = -inf  # the power of what may be a multiple of nothing


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
    def need(self) -> float:
        """How many multiples it may count: a dtype with p bits computes it exactly, in any order, if that is at most 2^p."""
        return inf if self.power == UNKNOWN else ceil(self.size / Fraction(2) ** int(self.power)) if self.size else 0


def power_of(value: Number) -> float:
    """The largest power of two that a number is a multiple of (inf of 0, ``UNKNOWN`` where it is not dyadic)."""
    n, d = value.numerator, value.denominator
    if d & (d - 1):
        return UNKNOWN
    return (n & -n).bit_length() - d.bit_length() if n else inf


class Sizes:
    """The spans of a plan's numbers, and its sums.

    ``residual``: every coordinate after every sublayer; ``scores``: by head the power that its scores are multiples of;
    ``sums``: of every quantity that the transformer computes the sum that counts most, sublayer by sublayer.
    """

    def __init__(self, reader: Reader, executed: Executed, plan: Plan) -> None:
        self.reader, self.stream, self.executed, self.plan = reader, reader.stream, executed, plan
        self._promised: dict[int, list[tuple[Number, Number]]] = {}  # by direction L: s and c with s L + c an integer
        self._atoms: dict[int, float] = {0: 0}
        self._spans: dict[tuple[int, Number], tuple[Terms, Span]] = {}  # by the identity of the terms, which are kept
        for node, forms in reader.of.items():
            for form in forms if node.sort.integral else ():
                if form.terms:
                    number, scale = self.stream.normal(form.terms)
                    known = self._promised.setdefault(number, [])
                    if (scale, form.constant) not in known:
                        known.append((scale, form.constant))
        self.residual: list[list[Span]] = []
        self.scores: dict[str, float] = {}
        self.sums = list(self._sums())

    def _power(self, form: Form) -> float:
        """The power of two that a form's values are multiples of: by a promise, or by its atoms."""
        if not form.terms:
            return power_of(form.constant)
        number, scale = self.stream.normal(form.terms)
        best = UNKNOWN
        for s, c in self._promised.get(number, ()):
            times = Fraction(scale) / s
            best = max(best, min(power_of(times), power_of(form.constant - times * c)))
        if best >= 0:
            return best
        powers = (power_of(c) + self._atom(atom) for atom, c in form.terms.items())
        return max(best, min(power_of(form.constant), *powers))

    def _atom(self, atom: int) -> float:
        if atom not in self._atoms:
            kind = self.stream.atoms[atom]
            assert kind is not None
            number, scale = self.stream.normal({atom: 1})
            best = max((power_of(Fraction(scale) / s) for s, c in self._promised.get(number, ()) if not c), default=UNKNOWN)
            if isinstance(kind, Code):  # half a coordinate, which is an integer
                best = max(best, -1)
            elif isinstance(kind, Mean):
                best = max(best, self._atom(kind.atom) if kind.score < self.reader.own_scores else UNKNOWN)
            else:
                inner = Form(self.stream.directions[kind.direction], kind.sign * kind.constant)
                best = max(best, self._power(inner))
            self._atoms[atom] = best
        return self._atoms[atom]

    def _known(self, form: Form) -> Span:
        key = id(form.terms), form.constant
        if key not in self._spans:
            low, high = self.stream.interval(form, promised=True) if form.terms else (form.constant, form.constant)
            self._spans[key] = form.terms, Span(low, high, self._power(form))
        return self._spans[key][1]

    def _met(self, entry: Entry, form: Form) -> Span:
        """What a sum gives, by its terms and by its form."""
        known = self._known(form)
        return Span(max(entry.span.low, known.low), min(entry.span.high, known.high), max(entry.span.power, known.power))

    def _sums(self) -> Iterator[Sum]:
        plan, stream = self.plan, iter(self.executed.residual)

        def settled(sums: list[Entry]) -> list[Span]:
            self.residual.append([self._met(entry, form) for entry, form in zip(sums, next(stream), strict=True)])
            return self.residual[-1]

        books = [[Span(a, b, 0) for a, b in book.sort.bounds] for book in (plan.vocabulary, plan.places)]
        sums = added(*(mapped(m, spans) for m, spans in zip((plan.token, plan.place), books, strict=True)))
        yield worst("embedding", sums)
        h = settled(sums)
        for number, layer in enumerate(plan.layers, 1):
            sums = list(map(resting, h))
            for index, (head, known) in enumerate(zip(layer.heads, self.executed.heads[number - 1], strict=True)):
                where, (q, k, v) = f"layer {number}, head {index}", (mapped(m, h) for m in (head.q, head.k, head.v))
                yield worst(f"{where}, projections", q + k + v)
                queries, keys, values = (list(map(self._met, *side)) for side in ((q, known.q), (k, known.k), (v, known.v)))
                yield self._score(where, queries, keys)
                sums = added(sums, mapped(head.o, values))
            if layer.heads:
                yield worst(f"layer {number}, attention", sums)
            h = settled(sums)
            hidden = mapped(layer.up, h, layer.bias)
            yield worst(f"layer {number}, hidden units", hidden)
            units = [Span(max(e.span.low, 0), max(e.span.high, 0), e.span.power) for e in hidden]
            sums = added(map(resting, h), mapped(layer.down, units))
            yield worst(f"layer {number}, residual stream", sums)
            h = settled(sums)
        yield worst("read-out", mapped(plan.out, h, plan.out_bias))

    def _score(self, where: str, queries: list[Span], keys: list[Span]) -> Sum:
        products = [(a.size * b.size, a.power + b.power) for a, b in zip(queries, keys, strict=True)]
        power = min((power for size, power in products if size), default=inf)
        self.scores[where] = power
        return Sum(f"{where}, scores", 0, sum(size for size, _ in products), power)


class Entry(NamedTuple):
    """One output of a linear map: the sum of its terms' absolute values, what it gives, and the terms' power."""

    size: Number
    span: Span
    power: float


def resting(span: Span) -> Entry:
    """A value as the only term of a sum."""
    return Entry(span.size, span, span.power)


def mapped(matrix: Matrix, spans: Sequence[Span], biases: Sequence[Number] | None = None) -> list[Entry]:
    """The rows of a linear map on coordinates of the given spans."""
    sizes = [span.size for span in spans]
    known: dict[int, Entry] = {}  # by the identity of the row: thresholds of one sum share it
    out = []
    for number, row in enumerate(matrix.rows):
        if id(row) not in known:
            known[id(row)] = linear(row, spans, sizes)
        size, (low, high, power), terms = known[id(row)]
        bias: Number = biases[number] if biases else 0
        if bias:
            power = min(power, power_of(bias))
            out.append(Entry(size + absolute(bias), Span(low + bias, high + bias, power), min(terms, power_of(bias))))
        else:
            out.append(known[id(row)])
    return out


def linear(row: Row, spans: Sequence[Span], sizes: Sequence[Number]) -> Entry:
    """One row without its bias."""
    ends = [(c * spans[i].low, c * spans[i].high) for i, c in row]
    size, low, high = sum(absolute(c) * sizes[i] for i, c in row), sum(map(min, ends)), sum(map(max, ends))
    power = min((power_of(c) + spans[i].power for i, c in row if sizes[i]), default=inf)
    return Entry(size, Span(low, high, power), power)


def added(sums: Iterable[Entry], terms: Iterable[Entry]) -> list[Entry]:
    """Sums with more terms."""
    return [a if not b.size else b if not a.size else _joined(a, b) for a, b in zip(sums, terms, strict=True)]


def _joined(a: Entry, b: Entry) -> Entry:
    span = Span(a.span.low + b.span.low, a.span.high + b.span.high, min(a.span.power, b.span.power))
    return Entry(a.size + b.size, span, min(a.power, b.power))


def worst(where: str, sums: Sequence[Entry]) -> Sum:
    """Of some sums the one that counts most."""
    found = Sum(where, 0, 0, inf)
    for row, entry in enumerate(sums):
        here = Sum(where, row, entry.size, entry.power)
        if here.need > found.need:
            found = here
    return found
