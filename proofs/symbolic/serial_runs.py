"""The serial program on unknown numbers: every plan of one shape at once, by the PRAM's own step.

The weights, and the codes of the places, are symbols; control flow depends on the shape alone, but for comparisons, all
outcomes of which are tried. In each of them the program's read-out must be the polynomial that the plan's definition gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

from efasp.codebook import Codebook
from efasp.exact import Matrix
from efasp.model.plan import Head, Layer, Plan, Resident
from efasp.model.serial_program import SerialProgram, serial_program
from efasp.pram import machine
from efasp.proofs.symbolic.polynomials import Decisions, Polynomial, every_way

BOOK, PLACES = Codebook.symbols("text", "a"), Codebook.symbols("place", "p")
FIRST = 10**6 + 3  # a weight is a prime from here on, until it becomes a symbol
SIZE = 10**3  # of a component of a query; nothing but the width of the word depends on it


@dataclass(frozen=True)
class Shape:
    """``positions``, ``width`` of the residual stream; of each layer its heads, as components of query and value, and units."""

    positions: int
    width: int
    layers: tuple[tuple[tuple[tuple[int, int], ...], int], ...]


def primes() -> Iterator[int]:
    """The primes from ``FIRST`` on."""
    at = FIRST
    while True:
        if all(at % d for d in range(2, int(at**0.5) + 1)):
            yield at
        at += 2


def plan_of(shape: Shape) -> Plan:
    """A plan of a shape in which no weight is 0 and all are different primes."""
    fresh, d = primes(), shape.width

    def matrix(rows: int, columns: int) -> Matrix:
        return Matrix([tuple((i, next(fresh)) for i in range(columns)) for _ in range(rows)], columns)

    def numbers(count: int) -> tuple[int, ...]:
        return tuple(next(fresh) for _ in range(count))

    layers = []
    for heads, units in shape.layers:
        made = tuple(
            Head(matrix(qk, d), matrix(qk, d), matrix(v, d), matrix(d, v), (SIZE,) * qk, (SIZE,) * qk) for qk, v in heads
        )
        layers.append(Layer(made, matrix(units, d), numbers(units), matrix(d, units)))
    residents = tuple(Resident(at, f"x{at}", 0, 2 * len(layers) + 1, -1, 1) for at in range(d))
    token, place, out = matrix(d, BOOK.width), matrix(d, PLACES.width), matrix(BOOK.width, d)
    return Plan("shape", BOOK, PLACES, d, token, place, tuple(layers), out, numbers(BOOK.width), residents)


def weights(plan: Plan) -> list[int]:
    """All nonzero weights and all biases of a plan, as integers."""
    matrices = [plan.token, plan.place, plan.out, *(m for layer in plan.layers for m in (layer.up, layer.down))]
    matrices += [m for layer in plan.layers for head in layer.heads for m in (head.q, head.k, head.v, head.o)]
    biases = [*plan.out_bias, *(b for layer in plan.layers for b in layer.bias)]
    return [int(c) for m in matrices for row in m.rows for _, c in row] + [int(b) for b in biases]


class Run:
    """One run on symbols. ``decisions``: of its comparisons."""

    def __init__(self, shape: Shape, plan: Plan, serial: SerialProgram, decisions: Decisions) -> None:
        self.shape, self.plan, self.serial, self.decisions = shape, plan, serial, decisions
        self.weights = weights(plan)

    def symbol(self, name: str) -> Polynomial:
        """An unknown number."""
        return Polynomial({(name,): 1}, self.decisions, 1 << self.serial.word - 1)

    def weight(self, number: Any) -> Any:
        """A multiple of a weight as that of its symbol; any other value is itself."""
        for prime in self.weights:
            if number % prime == 0 and number:
                return int(number // prime) * self.symbol(f"w{prime}")
        return number

    def code(self, position: int, component: int) -> Polynomial:
        """A component of a position's place."""
        return self.symbol(f"p{position},{component}")

    def by_program(self) -> list[Any]:
        """The read-out that the program leaves, in its unit."""
        program, first = self.serial.program, self.serial.constants["ENTRIES"]
        data: list[Any] = list(program.data)
        for at in range(first + 2, first + 3 * self.serial.sizes.entries, 3):
            data[at] = self.weight(data[at])
        for position in range(self.shape.positions):
            for component in range(PLACES.width):
                data[self.serial.frames[position] + component] = self.code(position, component)
        state = machine.initial(replace(program, data=tuple(data)))
        while state.status == ("running",):
            state = machine.step(program, state)
        if state.status != ("halted",):
            raise ValueError(f"expected a run that halts, found a fault: {state.status[0]}")
        return [state.memory[at] for at in self.serial.outputs]

    def by_plan(self) -> list[Any]:
        """The read-out by the definition of the plan: its matrices as they are written down."""
        one, plan = {0: 1, 1: 1}, self.plan  # the code of the only token
        h = [
            [
                self.row(a, one) + self.row(b, {c: self.code(at, c) for c in range(PLACES.width)})
                for a, b in zip(plan.token.rows, plan.place.rows, strict=True)
            ]
            for at in range(self.shape.positions)
        ]
        for layer in plan.layers:
            means = [self.attend(head, h) for head in layer.heads]
            for head, mean in zip(layer.heads, means, strict=True):
                h = self.added(h, head.o, mean)
            hidden = [[self.row(r, x) + self.weight(b) for r, b in zip(layer.up.rows, layer.bias, strict=True)] for x in h]
            active = [[self.above(u) for u in units] for units in hidden]
            h = self.added(h, layer.down, active)
        return [self.row(plan.out.rows[0], x) + self.weight(plan.out_bias[0]) for x in h]

    def added(self, h: list[list[Any]], matrix: Matrix, values: list[list[Any]]) -> list[list[Any]]:
        """The residual stream plus a matrix times values, at every position."""
        rows = matrix.rows
        return [[x + self.row(r, v) for x, r in zip(old, rows, strict=True)] for old, v in zip(h, values, strict=True)]

    def row(self, row: Any, values: Any) -> Any:
        """A row of a matrix times values."""
        return sum(self.weight(coefficient) * values[column] for column, coefficient in row)

    def attend(self, head: Head, h: list[list[Any]]) -> list[list[Any]]:
        """The mean value over the keys of the largest score."""
        queries, keys, values = ([[self.row(r, x) for r in m.rows] for x in h] for m in (head.q, head.k, head.v))
        out = []
        for query in queries:
            scores = [sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
            best = scores[0]
            for score in scores[1:]:
                best = score if self.sign(best - score) < 0 else best
            wins = [self.sign(score - best) == 0 for score in scores]
            won = [value for value, win in zip(values, wins, strict=True) if win]
            out.append([sum(column) * Fraction(1, len(won)) for column in zip(*won, strict=True)])
        return out

    def sign(self, difference: Any) -> int:
        """The sign of a difference of scores."""
        if isinstance(difference, Polynomial):
            return self.decisions.sign(difference)
        return int(difference > 0) - int(difference < 0)

    def above(self, unit: Any) -> Any:
        """max(x, 0). The sign of a unit is that of its scaled number."""
        return 0 if self.decisions.sign(unit, (-1, 1)) < 0 else unit


def differing(shape: Shape) -> tuple[int, str]:
    """How many ways of deciding a shape has, and how the read-out differs from the plan's, in the first that differs."""
    plan, length = plan_of(shape), shape.positions
    ties = lcm(*range(1, length + 1))
    serial = serial_program(plan, [0] * length, [[0]] * length, every=True, limit=1, ties=ties)
    ways = 0
    for wrong in every_way(lambda decisions: compared(Run(shape, plan, serial, decisions))):
        ways += 1
        if wrong:
            return ways, str(wrong)
    return ways, ""


def compared(run: Run) -> str:
    """How the program's read-out differs from the plan's, at the first position where it does, or why there is none."""
    try:
        got = run.by_program()
    except ValueError as error:
        return str(error)
    for at, (x, y) in enumerate(zip(got, run.by_plan(), strict=True)):
        rest = x - y * run.serial.unit
        if isinstance(rest, Polynomial) or rest != 0:
            return f"position {at}: the difference is {rest}"
    return ""
