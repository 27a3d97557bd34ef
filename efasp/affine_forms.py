"""Exact affine forms ``sum of coefficient * atom + constant`` over the atoms that a reading chooses.

Lowering and the lemmas share this type. Lowering has forms over the scalars of a program
(``efasp.model.lowering.forms``), the lemmas over the atoms of the residual stream, over truth values, over the leaves of a
definition and over the bits of an integer (``residual_stream``, ``boolean_forms``, ``nodes`` and ``bit_integers`` in
``efasp.proofs.symbolic``). An atom is any hashable value. Each reading defines the meaning of its atoms; this module uses
only that a form is a sum.

Lowering and the lemmas about its results therefore rest on the same arithmetic. A fault in this arithmetic that affects both
alike is left to the lemma ``process.runs``, which runs the compiled transformer against an interpreter that does not use
forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, NamedTuple

from efasp.sorts import Number, tidy

Terms = Mapping[Any, Number]  # atom to nonzero coefficient; never mutated, because forms may share it
NOTHING: Terms = {}


class Form(NamedTuple):
    """``sum of coefficient * atom + constant``; two forms are equal if their coefficients and constants are equal.

    The order of the terms has no meaning; ``row`` and ``key`` sort them. ``total`` lists atoms in the order of first use.
    """

    terms: Terms = NOTHING
    constant: Number = 0

    @classmethod
    def atom(cls, atom: Any, coefficient: Number = 1) -> Form:
        """The form ``coefficient * atom``; the coefficient must not be 0."""
        return cls({atom: coefficient})

    @property
    def row(self) -> tuple[tuple[Any, Number], ...]:
        """The terms, sorted by atom; the atoms must be comparable."""
        return tuple(sorted(self.terms.items()))

    @property
    def key(self) -> tuple[tuple[tuple[Any, Number], ...], Number]:
        """The key by which forms are sorted; equal forms have equal keys."""
        return self.row, self.constant

    def __hash__(self) -> int:
        return hash((frozenset(self.terms), self.constant))  # without coefficients, which takes half the time

    def __neg__(self) -> Form:
        return Form({atom: -c for atom, c in self.terms.items()}, -self.constant)

    def __add__(self, other: Form | Number) -> Form:  # type: ignore[override]
        if not isinstance(other, Form):
            return Form(self.terms, tidy(self.constant + other))
        constant = tidy(self.constant + other.constant)
        if not (self.terms and other.terms):
            return Form(self.terms or other.terms, constant)
        terms = dict(self.terms)
        for atom, c in other.terms.items():
            terms[atom] = terms.get(atom, 0) + c
        return collected(terms, constant)

    def __sub__(self, other: Form | Number) -> Form:
        return self + -other

    def times(self, factor: Number) -> Form:
        """The form multiplied by an exact number."""
        if factor == 1:
            return self
        if not factor:
            return Form()
        return collected({atom: c * factor for atom, c in self.terms.items()}, tidy(self.constant * factor))

    def value(self, atoms: Mapping[Any, Number]) -> Number:
        """The value of the form under an assignment of the atoms; an atom that is not assigned is 0."""
        return tidy(self.constant + sum(c * atoms.get(atom, 0) for atom, c in self.terms.items()))


def collected(terms: Terms, constant: Number = 0) -> Form:
    """The form with these coefficients, without those that are zero."""
    return Form({atom: c if type(c) is int else tidy(c) for atom, c in terms.items() if c}, constant)


def total(parts: Iterable[tuple[Number, Form]], constant: Number = 0) -> Form:
    """``sum of factor * form + constant``; this is also the substitution of forms for the atoms of a form.

    For a single form with factor 1 the result shares the terms of that form (the same object), so that callers can detect
    equal sums by identity.
    """
    some = [(factor, form) for factor, form in parts if factor]
    if len(some) == 1 and some[0][0] == 1:
        return Form(some[0][1].terms, tidy(some[0][1].constant + constant))
    terms: dict[Any, Number] = {}
    for factor, form in some:
        constant += factor * form.constant
        for atom, c in form.terms.items():
            terms[atom] = terms.get(atom, 0) + factor * c
    return collected(terms, tidy(constant))


def primitive(numbers: Sequence[Number]) -> tuple[Number, list[int]]:
    """The positive s for which ``numbers / s`` are coprime integers, and these integers. Not all may be 0."""
    if all(type(c) is int for c in numbers):  # most are; the general case gives the same, more slowly
        by = gcd(*numbers)  # type: ignore[arg-type]
        return by, numbers if by == 1 else [c // by for c in numbers]  # type: ignore[return-value]
    whole = lcm(*(c.denominator for c in numbers))
    scaled = [c.numerator * (whole // c.denominator) for c in numbers]
    by = gcd(*scaled)
    return divided(by, whole), scaled if by == 1 else [c // by for c in scaled]


def divided(value: Number, by: Number) -> Number:
    """The exact quotient ``value / by``, as an int if it is an integer."""
    if type(value) is int and type(by) is int and value % by == 0:
        return value // by
    top, bottom = value.numerator * by.denominator, value.denominator * by.numerator
    return Fraction(top, bottom) if top % bottom else top // bottom
