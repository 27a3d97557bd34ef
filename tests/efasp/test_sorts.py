"""Sorts: which vectors they admit, and that encoding and decoding are inverse."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from efasp.sorts import Bit, Flag, Int, OneHot, Rational, Signs, Sort, SortError, Vector, Word, vector

SCALARS = [
    Int(-3, 5), Int(0, 0), Bit(), Flag(), Word(1), Word(4), Signs(1), Signs(3), OneHot(1), OneHot(4), OneHot(3, partial=True)
]  # fmt: skip


@pytest.mark.parametrize("sort", SCALARS, ids=str)
def test_roundtrip(sort: Sort) -> None:
    """Every value is encoded as a vector that is admitted and decodes to it; different values differ."""
    codes = [sort.encode(value) for value in sort.values()]
    assert all(sort.admits(code) and len(code) == sort.width for code in codes)
    assert [sort.decode(code) for code in codes] == list(sort.values())
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("sort", SCALARS, ids=str)
def test_admits_exactly_the_codes(sort: Sort) -> None:
    """Of all small integer vectors the sort admits those that encode a value, and no others."""
    codes = {sort.encode(value) for value in sort.values()}
    box = range(-4, 7) if sort.width == 1 else range(-1, 3)
    for candidate in product(box, repeat=sort.width):
        assert sort.admits(candidate) == (candidate in codes)
    assert not sort.admits((0,) * (sort.width + 1))


@pytest.mark.parametrize("sort", SCALARS, ids=str)
def test_values_outside_are_refused(sort: Sort) -> None:
    """A value that the sort lacks raises ValueError naming the sort."""
    for value in (min(sort.values()) - 1, max(sort.values()) + 1):
        with pytest.raises(ValueError, match=type(sort).__name__):
            sort.encode(value)


def test_integral() -> None:
    """Integer sorts refuse fractions; a rational sort takes them within its bounds."""
    assert not Int(0, 3).admits((Fraction(1, 2),)) and Int(0, 3).admits((Fraction(2),))
    assert Rational(0, 1).admits((Fraction(1, 2),)) and not Rational(0, 1).admits((Fraction(3, 2),))


def test_products() -> None:
    """A product concatenates bounds, is integral when its parts are, and admits part by part."""
    both = Vector((Word(2), Signs(2), Int(0, 9)))
    assert both.width == 5 and both.integral and both.bounds == ((0, 1), (0, 1), (-1, 1), (-1, 1), (0, 9))
    assert both.admits((0, 1, 1, -1, 9)) and not both.admits((0, 1, 0, -1, 9)) and not both.admits((0, 1, 1, -1))
    assert both.decode((0, 1, 1, -1, 9)) == (0, 1, 1, -1, 9)
    assert not Vector((Bit(), Rational(0, 1))).integral
    with pytest.raises(SortError, match="decode: expected a sort of width 1"):
        Sort.decode(both, (0, 1, 1, -1, 9))


def test_vector_of_intervals() -> None:
    """Intervals become bounded integers, or rationals; a single one stands alone."""
    assert vector([(0, 3)], True) == Int(0, 3)
    assert vector([(0, Fraction(1, 2))], False) == Rational(0, Fraction(1, 2))
    assert vector([(0, 1), (2, 3)], True) == Vector((Int(0, 1), Int(2, 3)))


def test_sort_error_names_its_parts() -> None:
    """The message names the operator, what was expected and what was found."""
    error = SortError("and", "a word", Int(0, 7))
    assert str(error) == "and: expected a word, found Int(0, 7)"
    assert (error.operator, error.expected, error.found) == ("and", "a word", Int(0, 7))


def test_names() -> None:
    """Sorts print as they are written."""
    assert str(Vector((Word(3), OneHot(2, partial=True), Rational(0, 1)))) == "(Word(3), OneHot(2, partial), Rational(0, 1))"
