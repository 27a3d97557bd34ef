"""Sorts by name, as texts write them: the elaborator's table, and the printer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    """The sort as a program's text writes it."""
    if not isinstance(sort, Vector):
        return str(sort)
    runs = [(part, len(list(equal))) for part, equal in groupby(sort.parts)]
    items = [written(part) if count == 1 else f"{written(part)} * {count}" for part, count in runs]
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def fits(found: Sort, expected: Sort) -> bool:
    """Whether every value of a sort is one of another, as far as bounds tell; signed bits and one-hots are so by name."""
    if found == expected:
        return True
    if found.width != expected.width or (expected.integral and not found.integral):
        return False
    if not all(a >= c and b <= d for (a, b), (c, d) in zip(found.bounds, expected.bounds, strict=True)):
        return False
    known = dict(_placed(found))
    return all(_named(known.get(at), part) for at, part in _placed(expected) if isinstance(part, (OneHot, Signs)))


def _placed(sort: Sort, at: int = 0) -> Iterator[tuple[int, Sort]]:
    """The parts of a sort that are not products, each with its first coordinate."""
    if not isinstance(sort, Vector):
        yield at, sort
        return
    for part in sort.parts:
        yield from _placed(part, at)
        at += part.width


def _named(found: Sort | None, expected: Sort) -> bool:
    """Whether a part is the signs or the one-hot that is expected; a one-hot is also a partial one."""
    wider = isinstance(expected, OneHot) and isinstance(found, OneHot) and expected.partial and found.size == expected.size
    return found == expected or wider
