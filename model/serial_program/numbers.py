"""The plan's numbers as integers: the entries of every sublayer's linear maps, and the width of the words that hold them.

The residual stream is held times a scale D, an integer that grows by a factor where a sublayer's fractions need it: then every
coefficient is an integer. Values are multiplied by ``ties`` before their mean is taken; the program faults at a mean that is
still no integer. Arithmetic is modulo 2^w, so that only what is compared, divided or rectified needs to fit in a word: scores,
sums of values, hidden units and the read-out, as intervals over the bounds of the residual coordinates (``Plan.held``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, lcm

from efasp.exact import Matrix
from efasp.model.plan import Head, Layer, Plan
from efasp.model.ranges import RangeError, images, size
from efasp.pram.machine import MIN_WORD
from efasp.sorts import Interval, Number

MAX_WORD = 64  # bits
Entry = tuple[int, int, int]  # target and source, places in a frame; coefficient


@dataclass(frozen=True)
class HeadRow:
    """Places of query, key, value and mean in a frame, and the components of a query and of a value."""

    query: int
    key: int
    value: int
    mean: int
    d_qk: int
    d_v: int


@dataclass(frozen=True)
class Stage:
    """A sublayer: its heads, then its entries in their order, then ``units`` hidden units from the place ``first`` on."""

    heads: tuple[HeadRow, ...]
    entries: tuple[Entry, ...]
    units: int = 0
    first: int = 0


@dataclass(frozen=True)
class Frame:
    """Places in a position's frame. What lies from ``kept`` up to ``width`` is cleared at the start of a pass.

    ``place``: the code of the position's place, from 0 on; then ``one``; ``kinds`` and ``signs``: the code of its token;
    ``stream``: the residual stream; ``read_out``: the kinds and the signs of the predicted token.
    """

    one: int
    kept: int
    signs: int
    stream: int
    read_out: int
    width: int


@dataclass
class Numbers:
    """The numbers of a plan, for contexts of ``length`` tokens. ``ties``: a factor of every value, as the module says.

    ``stages``: the sublayers; ``frame``; ``largest``: for everything that must fit its name, and its bound, an integer;
    ``unit``: the integer that stands for 1 in the read-out.
    Raises RangeError for a plan that does not say what its coordinates hold.
    """

    plan: Plan
    length: int
    ties: int = 1
    stages: list[Stage] = field(default_factory=list)
    largest: list[tuple[str, int]] = field(default_factory=list)
    unit: int = 1

    def __post_init__(self) -> None:
        plan, book = self.plan, self.plan.vocabulary
        if not plan.residents:
            raise RangeError(f"{plan.name}: expected a plan that says what its coordinates hold, found one without")
        self.kinds, self.signs = len(book.kinds), book.width - len(book.kinds) - 1
        one = plan.places.width
        stream = one + 1 + self.kinds + self.signs
        self._stream, self._next, self._scale = stream, stream + plan.width, 1
        self._one, self._code = one, [*range(one + 1, one + 1 + self.kinds), one, *range(one + 1 + self.kinds, stream)]
        heads: tuple[HeadRow, ...] = ()
        entries, stage = [*self._embedding()], Stage((), ())
        for number, layer in enumerate(plan.layers, 1):
            means, projections = self._projections(number, layer)
            self.stages.append(Stage(heads, (*entries, *projections), stage.units, stage.first))
            heads = tuple(row for row, _ in means)
            entries = [*self._attended(layer, means)]
            stage, hidden, scales = self._hidden(number, layer)
            self.stages.append(Stage(heads, (*entries, *hidden), stage.units, stage.first))
            heads, entries, stage = (), [*self._down(layer, stage.first, scales)], Stage((), ())
        read_out = self._take(self.kinds + self.signs)
        self.stages.append(Stage(heads, (*entries, *self._out(read_out))))
        self.frame = Frame(one, one + 1, one + 1 + self.kinds, stream, read_out, self._next)

    @property
    def word(self) -> int:
        """Bits of the narrowest word that holds everything that must fit. Raises RangeError, with the layer, beyond 64."""
        where, bound = max(self.largest, key=lambda found: found[1])
        bits = bound.bit_length() + 1
        if bits > MAX_WORD:
            raise RangeError(f"{self.plan.name}: expected numbers of at most {MAX_WORD} bits, found {bits} bits ({where})")
        return max(MIN_WORD, bits)

    def _take(self, count: int) -> int:
        first, self._next = self._next, self._next + count
        return first

    def _fits(self, where: str, parts: Iterable[tuple[Interval, Number]]) -> None:
        """Everything that must fit under one name: intervals, each with the factor by which its numbers are held."""
        self.largest.append((where, max((ceil(size(interval) * factor) for interval, factor in parts), default=0)))

    def _map(self, matrix: Matrix, sources: Sequence[int], target: int, factors: Sequence[Number]) -> Iterator[Entry]:
        """The entries of ``target + row``: a row's coefficients times its factor. ``sources``: the place of each column."""
        for at, (row, factor) in enumerate(zip(matrix.rows, factors, strict=True), target):
            for column, coefficient in row:
                yield at, sources[column], whole(coefficient * factor)

    def _rows(self, matrix: Matrix) -> list[int]:
        return [lcm(1, *(c.denominator for _, c in row)) for row in matrix.rows]

    def _here(self) -> range:
        return range(self._stream, self._stream + self.plan.width)

    def _embedding(self) -> Iterator[Entry]:
        plan = self.plan
        self._scale = lcm(plan.token.denominator, plan.place.denominator)
        factors = [self._scale] * plan.width
        yield from self._map(plan.token, self._code, self._stream, factors)
        yield from self._map(plan.place, range(plan.places.width), self._stream, factors)

    def _projections(self, number: int, layer: Layer) -> tuple[list[tuple[HeadRow, list[int]]], list[Entry]]:
        """For each head its row and the factors of its values; and the entries of all queries, keys and values."""
        means = list[tuple[HeadRow, list[int]]]()
        entries = list[Entry]()
        for h, head in enumerate(layer.heads):
            scales = [scale * self.ties for scale in self._rows(head.v)]
            d_qk, d_v = len(head.q.rows), len(head.v.rows)
            row = HeadRow(self._take(d_qk), self._take(d_qk), self._take(d_v), self._take(d_v), d_qk, d_v)
            parts = (
                (head.q, row.query, [head.q.denominator] * d_qk),
                (head.k, row.key, [head.k.denominator] * d_qk),
                (head.v, row.value, scales),
            )
            for matrix, target, factors in parts:
                entries += self._map(matrix, self._here(), target, factors)
            means.append((row, scales))
            self._fit_head(f"layer {number}, head {h}", head, self.plan.held(2 * number - 2), scales)
        return means, entries

    def _fit_head(self, where: str, head: Head, held: Sequence[Interval], scales: Sequence[int]) -> None:
        """Scores, within the heads' own bounds of queries and keys too; and the sums of values of all positions."""
        sides = [
            [(max(x.low, -most), min(x.high, most)) for x, most in zip(images(side, held), sizes, strict=True)]
            for side, sizes in ((head.q, head.q_size), (head.k, head.k_size))
        ]
        products = [[a * b for a in q for b in k] for q, k in zip(*sides, strict=True)]
        score = sum(map(min, products)), sum(map(max, products))
        self._fits(f"{where}, scores", [(score, self._scale**2 * head.q.denominator * head.k.denominator)])
        values = [(x.low, x.high) for x in images(head.v, held)]
        factors = [self._scale * scale * self.length for scale in scales]
        self._fits(f"{where}, sums of {self.length} values", zip(values, factors, strict=True))

    def _attended(self, layer: Layer, means: list[tuple[HeadRow, list[int]]]) -> Iterator[Entry]:
        """The residual stream, and the means of all heads added to it."""
        terms = [
            (self._stream + at, row.mean + c, Fraction(coefficient, scales[c]))
            for head, (row, scales) in zip(layer.heads, means, strict=True)
            for at, coefficients in enumerate(head.o.rows)
            for c, coefficient in coefficients
        ]
        yield from self._added(terms)

    def _added(self, terms: Sequence[tuple[int, int, Fraction]]) -> Iterator[Entry]:
        """Entries that add terms to the residual stream, whose scale grows by the least factor that makes them integers."""
        factor = lcm(1, *(coefficient.denominator for _, _, coefficient in terms))
        if factor > 1:
            yield from ((at, at, factor - 1) for at in self._here())
        yield from ((at, source, whole(coefficient * factor)) for at, source, coefficient in terms)
        self._scale *= factor

    def _hidden(self, number: int, layer: Layer) -> tuple[Stage, list[Entry], list[int]]:
        """The places of the hidden units, the entries of ``up`` and its bias, and the units' scales, in units of D."""
        first = self._take(len(layer.bias))
        scales = self._biased(layer.up, layer.bias)
        entries = [*self._map(layer.up, self._here(), first, scales), *self._bias(layer.bias, first, scales)]
        units = [(x.low, x.high) for x in images(layer.up, self.plan.held(2 * number - 1), layer.bias)]
        self._fits(f"layer {number}, hidden units", zip(units, (self._scale * scale for scale in scales), strict=True))
        return Stage((), (), len(scales), first), entries, scales

    def _biased(self, matrix: Matrix, bias: Iterable[Number]) -> list[int]:
        """For each row the least factor with which its coefficients, and its bias times D, are integers."""
        return [lcm(s, Fraction(b * self._scale).denominator) for s, b in zip(self._rows(matrix), bias, strict=True)]

    def _bias(self, bias: Sequence[Number], target: int, scales: Sequence[int]) -> Iterator[Entry]:
        for at, (b, scale) in enumerate(zip(bias, scales, strict=True), target):
            if b:
                yield at, self._one, whole(b * scale * self._scale)

    def _down(self, layer: Layer, first: int, scales: Sequence[int]) -> Iterator[Entry]:
        yield from self._added([
            (self._stream + at, first + unit, Fraction(coefficient, scales[unit]))
            for at, row in enumerate(layer.down.rows)
            for unit, coefficient in row
        ])  # fmt: skip

    def _out(self, target: int) -> Iterator[Entry]:
        """The read-out's kinds and signs: all rows but that of the constant 1; one factor for all, so that kinds compare."""
        plan = self.plan
        some = [at for at in range(plan.vocabulary.width) if at != self.kinds]
        matrix, bias = Matrix([plan.out.rows[at] for at in some], plan.width), [plan.out_bias[at] for at in some]
        scales = [lcm(*self._biased(matrix, bias))] * len(some)
        yield from self._map(matrix, self._here(), target, scales)
        yield from self._bias(bias, target, scales)
        self.unit = self._scale * scales[0]
        rows = images(matrix, plan.held(2 * len(plan.layers)), bias)
        self._fits("read-out", [((x.low, x.high), self.unit) for x in rows])


def whole(value: Number) -> int:
    """An integer as an int. Raises ValueError for a fraction."""
    if value.denominator != 1:
        raise ValueError(f"expected an integer, found {value}")
    return int(value)
