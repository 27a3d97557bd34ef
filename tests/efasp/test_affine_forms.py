"""Affine forms against sums of fractions, written out atom by atom."""

from collections.abc import Mapping
from fractions import Fraction
from math import gcd
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from efasp.affine_forms import Form, collected, divided, primitive, total
from efasp.sorts import Number, tidy

ATOMS = range(5)
NUMBERS = st.one_of(st.integers(-9, 9), st.fractions(-9, 9, max_denominator=12)).map(tidy)
FORMS = st.builds(collected, st.dictionaries(st.sampled_from(ATOMS), NUMBERS), NUMBERS)
VALUES = st.fixed_dictionaries({atom: NUMBERS for atom in ATOMS})


def summed(form: Form, values: Mapping[Any, Number]) -> Fraction:
    """The value of a form, term after term."""
    out = Fraction(form.constant)
    for atom, c in form.terms.items():
        out += Fraction(c) * Fraction(values[atom])
    return out


def sound(form: Form) -> bool:
    """Whether no coefficient is zero, and every number that is an integer is an int."""
    numbers = [*form.terms.values(), form.constant]
    return all(form.terms.values()) and all(type(c) is int or c.denominator > 1 for c in numbers)


@given(st.lists(st.tuples(NUMBERS, FORMS), max_size=4), NUMBERS, VALUES)
def test_sums_have_the_sum_of_the_values(parts: list[tuple[Number, Form]], constant: Number, values: dict[int, Number]) -> None:
    """``total``, and the operators, of any forms under any values of the atoms."""
    form = total(parts, constant)
    wanted = Fraction(constant) + sum(Fraction(factor) * summed(part, values) for factor, part in parts)
    assert sound(form) and summed(form, values) == form.value(values) == wanted
    by_operators = sum((part.times(factor) for factor, part in parts), Form()) + constant
    assert by_operators == form and sound(by_operators)


@given(FORMS, FORMS)
def test_equal_forms_are_one_key(a: Form, b: Form) -> None:
    """A form and the same in another order of terms are equal, with one hash and one key; different forms are not equal."""
    other = Form(dict(reversed(a.terms.items())), a.constant)
    assert other == a and hash(other) == hash(a) and other.key == a.key and {a: 1}[other] == 1
    assert (a == b) == (a.key == b.key) == (a - b == Form())
    assert -a == a.times(-1) and a - a == Form() and a.times(0) == Form()


@given(FORMS)
def test_a_form_taken_once_keeps_its_terms(form: Form) -> None:
    """What is known by the identity of the terms stays known."""
    assert total([(0, form), (1, form)], 1).terms is form.terms


@given(st.lists(NUMBERS, min_size=1).filter(any))
def test_primitive_numbers(numbers: list[Number]) -> None:
    """Integers without a common divisor, with the signs of the numbers, that the factor makes the numbers of."""
    factor, whole = primitive(numbers)
    assert factor > 0 and gcd(*whole) == 1 and all(type(c) is int for c in whole)
    assert [factor * c for c in whole] == numbers


@given(NUMBERS, NUMBERS.filter(bool))
def test_division_is_exact(a: Number, b: Number) -> None:
    """A quotient is an int where it is an integer."""
    assert divided(a, b) == Fraction(a) / Fraction(b) and sound(Form(constant=divided(a, b)))


def test_an_unnamed_atom_is_zero() -> None:
    """``value`` of a form with an atom that has no value given."""
    assert Form({"a": 2, "b": 3}, 1).value({"a": 5}) == 11
