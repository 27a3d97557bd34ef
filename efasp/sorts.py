"""Sorts: the values that the coordinates of an E-FASP vector may take.

A sort is a promise about a vector at *every* position of every valid sequence. Primitives get theirs by interval
arithmetic; a derived operator declares a sharper one (a sum bit is 0 or 1), which its lemma justifies and exact evaluation
checks. The numeric ranges of the compiled transformer are read from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

Number = int | Fraction
Interval = tuple[Number, Number]


def tidy(value: Number) -> Number:
    """A number equal to ``value``, as an int where it is one."""
    return value if type(value) is int else value.numerator if value.denominator == 1 else value


class SortError(TypeError):
    """An operator was given a vector of the wrong sort; names the operator, the expected and the found sort."""

    def __init__(self, operator: str, expected: object, found: object) -> None:
        super().__init__(f"{operator}: expected {expected}, found {found}")
        self.operator, self.expected, self.found = operator, expected, found


@dataclass(frozen=True)
class Sort:
    """Base of all sorts: ``width`` coordinates, each within its interval of ``bounds``, all integers if ``integral``."""

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return len(self.bounds)

    @property
    def bounds(self) -> tuple[Interval, ...]:
        """For each coordinate the closed interval of its values."""
        raise NotImplementedError

    @property
    def integral(self) -> bool:
        """Whether every coordinate is an integer."""
        return True

    def admits(self, values: Sequence[Number]) -> bool:
        """Whether a vector is one of this sort."""
        return len(values) == self.width and all(
            low <= value <= high and (not self.integral or value == int(value))
            for value, (low, high) in zip(values, self.bounds, strict=True)
        )

    def decode(self, values: Sequence[Number]) -> int | tuple[Number, ...]:
        """The Python value that a vector stands for (an int for everything but products)."""
        if self.width != 1:
            raise SortError("decode", "a sort of width 1", self)
        return int(values[0])

    def encode(self, value: int) -> tuple[int, ...]:
        """The vector that stands for a Python value; raises ValueError when the sort has none."""
        if not self.admits((value,)):
            raise ValueError(f"{self}: expected a value within {self.bounds}, found {value}")
        return (value,)

    def values(self) -> Sequence[int]:
        """Every Python value of the sort, in order (for exhaustive checks)."""
        ((low, high),) = self.bounds
        return range(int(low), int(high) + 1)


@dataclass(frozen=True)
class Int(Sort):
    """An integer between ``low`` and ``high``, both included."""

    low: int
    high: int

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((self.low, self.high),)

    def __str__(self) -> str:
        return f"Int({self.low}, {self.high})"


@dataclass(frozen=True)
class Bit(Sort):
    """A digit, 0 or 1."""

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((0, 1),)

    def __str__(self) -> str:
        return "Bit"


@dataclass(frozen=True)
class Flag(Bit):
    """A truth value, 0 or 1."""

    def __str__(self) -> str:
        return "Flag"


@dataclass(frozen=True)
class Word(Sort):
    """A word of ``bits`` digits 0/1, the lowest first."""

    bits: int

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((0, 1),) * self.bits

    def decode(self, values: Sequence[Number]) -> int:
        return sum(int(value) << place for place, value in enumerate(values))

    def encode(self, value: int) -> tuple[int, ...]:
        if not 0 <= value < 1 << self.bits:
            raise ValueError(f"{self}: expected a value in 0..{(1 << self.bits) - 1}, found {value}")
        return tuple(value >> place & 1 for place in range(self.bits))

    def values(self) -> Sequence[int]:
        return range(1 << self.bits)

    def __str__(self) -> str:
        return f"Word({self.bits})"


@dataclass(frozen=True)
class Signs(Sort):
    """A word of ``bits`` digits as -1/+1, the lowest first, or all 0 where there is no word."""

    bits: int

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((-1, 1),) * self.bits

    def admits(self, values: Sequence[Number]) -> bool:
        return super().admits(values) and len({value * value for value in values}) <= 1

    def decode(self, values: Sequence[Number]) -> int:
        """The word, or -1 where there is none."""
        return -1 if 0 in values else sum(1 << place for place, value in enumerate(values) if value > 0)

    def encode(self, value: int) -> tuple[int, ...]:
        if value == -1:
            return (0,) * self.bits
        if value not in self.values():
            raise ValueError(f"{self}: expected a value in 0..{(1 << self.bits) - 1}, or -1 for none, found {value}")
        return tuple(2 * digit - 1 for digit in Word(self.bits).encode(value))

    def values(self) -> Sequence[int]:
        return range(-1, 1 << self.bits)

    def __str__(self) -> str:
        return f"Signs({self.bits})"


@dataclass(frozen=True)
class OneHot(Sort):
    """``size`` flags of which exactly one is 1 (or, with ``partial``, at most one)."""

    size: int
    partial: bool = False

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((0, 1),) * self.size

    def admits(self, values: Sequence[Number]) -> bool:
        return super().admits(values) and sum(values) in ((0, 1) if self.partial else (1,))

    def decode(self, values: Sequence[Number]) -> int:
        """The index of the flag that is 1, or -1 when none is."""
        return list(values).index(1) if 1 in values else -1

    def encode(self, value: int) -> tuple[int, ...]:
        if value not in self.values():
            raise ValueError(f"{self}: expected an index in {self.values()}, found {value}")
        return tuple(int(place == value) for place in range(self.size))

    def values(self) -> Sequence[int]:
        return range(-1 if self.partial else 0, self.size)

    def __str__(self) -> str:
        return f"OneHot({self.size}{', partial' if self.partial else ''})"


@dataclass(frozen=True)
class Rational(Sort):
    """A rational between ``low`` and ``high``: as averages over ties are."""

    low: Number
    high: Number

    @property
    def bounds(self) -> tuple[Interval, ...]:
        return ((self.low, self.high),)

    @property
    def integral(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"Rational({self.low}, {self.high})"


@dataclass(frozen=True)
class Vector(Sort):
    """A product: the coordinates of ``parts``, one after the other."""

    parts: tuple[Sort, ...]

    @cached_property
    def bounds(self) -> tuple[Interval, ...]:
        return tuple(interval for part in self.parts for interval in part.bounds)

    @property
    def integral(self) -> bool:
        return all(part.integral for part in self.parts)

    def admits(self, values: Sequence[Number]) -> bool:
        if len(values) != self.width:
            return False
        start = 0
        for part in self.parts:
            if not part.admits(values[start : start + part.width]):
                return False
            start += part.width
        return True

    def decode(self, values: Sequence[Number]) -> tuple[Number, ...]:
        return tuple(values)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.parts))})"


def vector(bounds: Sequence[Interval], integral: bool) -> Sort:
    """The product of bounded integers (or rationals) with the given intervals; a single one is not wrapped."""
    parts = tuple(Int(int(a), int(b)) if integral else Rational(a, b) for a, b in bounds)
    return parts[0] if len(parts) == 1 else Vector(parts)
