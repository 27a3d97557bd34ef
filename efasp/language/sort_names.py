"""Sorts by name, as texts write them: the elaborator's table, and the printer's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from efasp.sorts import Bit, Flag, Int, OneHot, Rational, Signs, Sort, SortError, Vector, Word

CONSTANT: dict[str, Sort] = {"Flag": Flag(), "Bit": Bit()}
MADE: dict[str, Callable[..., Sort]] = {"Int": Int, "Word": Word, "Signs": Signs, "OneHot": OneHot, "Rational": Rational}
MAX_WIDTH = 1 << 16


def made(name: str, numbers: Sequence[object]) -> Sort:
    """The sort of a name and numbers. Raises SortError."""
    two = name in ("Int", "Rational")
    if len(numbers) != (2 if two else 1):
        raise SortError(name, "two numbers, the least and the largest value" if two else "one number, the width", len(numbers))
    if name != "Rational" and not all(type(number) is int for number in numbers):
        raise SortError(name, "integers", numbers)
    if two and numbers[0] > numbers[1]:  # type: ignore[operator]
        raise SortError(name, "the least value first", f"{numbers[0]}, {numbers[1]}")
    if not two and not 0 < numbers[0] <= MAX_WIDTH:  # type: ignore[operator]
        raise SortError(name, f"a width of 1 to {MAX_WIDTH}", numbers[0])
    return MADE[name](*numbers)


def written(sort: Sort) -> str:
    """A sort as a text has it."""
    if not isinstance(sort, Vector):
        return str(sort)
    runs = [(part, len(list(equal))) for part, equal in groupby(sort.parts)]
    items = [written(part) if count == 1 else f"{written(part)} * {count}" for part, count in runs]
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def fits(found: Sort, expected: Sort) -> bool:
    """Whether every value of a sort is one of another, as far as bounds tell; signed bits and one-hots are so by name."""
    if found == expected:
        return True
    if isinstance(expected, OneHot):
        return isinstance(found, OneHot) and found.size == expected.size and expected.partial
    if isinstance(expected, Signs):
        return False
    within = all(a >= c and b <= d for (a, b), (c, d) in zip(found.bounds, expected.bounds, strict=False))
    return found.width == expected.width and within and (found.integral or not expected.integral)
