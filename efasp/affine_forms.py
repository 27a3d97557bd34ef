"""Affine forms: ``sum of coefficient * atom + constant``, exact, over whatever a reading takes as its atoms.

This is the type of such sums in lowering and in the lemmas. Lowering has them over the scalars of a program
(``efasp.model.lowering.forms``), the lemmas over the atoms of the residual stream, over truth values, over the leaves of a
definition and over the bits of an integer (``residual_stream``, ``boolean_forms``, ``nodes`` and ``bit_integers`` in
``efasp.proofs.symbolic``). An atom is anything that can be the key of a dictionary. What an atom means, and what follows from
that, is the reading's: here a form is a sum.

So lowering and the lemmas about what it makes rest on the same arithmetic. A fault in it that both have alike is left to
``process.runs``, in which the compiled transformer is run against an interpreter that has no forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, NamedTuple

from efasp.sorts import Number, tidy

Terms = Mapping[Any, Number]  # atom to coefficient, none zero; never changed once made, as forms may share it
NOTHING: Terms = {}


class Form(NamedTuple):
    """``sum of coefficient * atom + constant``; forms are equal where their coefficients and constants are.

    The order of the terms says nothing: who needs one sorts (``row``, ``key``). ``total`` gives atoms in the order of first
    use.
    """

    terms: Terms = NOTHING
    constant: Number = 0

    @classmethod
    def atom(cls, atom: Any, coefficient: Number = 1) -> Form:
        """A multiple, not by 0, of one atom."""
        return cls({atom: coefficient})

    @property
    def row(self) -> tuple[tuple[Any, Number], ...]:
        """The terms by atom; the atoms must have an order."""
        return tuple(sorted(self.terms.items()))

    @property
    def key(self) -> tuple[tuple[tuple[Any, Number], ...], Number]:
        """What forms are ordered by: equal forms have equal keys."""
        return self.row, self.constant

    def __hash__(self) -> int:
        return hash((frozenset(self.terms.items()), self.constant))

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
        """A multiple."""
        if factor == 1:
            return self
        if not factor:
            return Form()
        return collected({atom: c * factor for atom, c in self.terms.items()}, tidy(self.constant * factor))

    def value(self, atoms: Mapping[Any, Number]) -> Number:
        """The number that it is where atoms have these values; those that are not named are 0."""
        return tidy(self.constant + sum(c * atoms.get(atom, 0) for atom, c in self.terms.items()))


def collected(terms: Terms, constant: Number = 0) -> Form:
    """The form with these coefficients, of which some may be zero."""
    return Form({atom: c if type(c) is int else tidy(c) for atom, c in terms.items() if c}, constant)


def total(parts: Iterable[tuple[Number, Form]], constant: Number = 0) -> Form:
    """``sum of factor * form + constant``: also what is left of a form when forms are put in for its atoms.

    One form, taken once, gives its own terms back (the same object), by whose identity equal sums are noticed fast.
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
    """The positive s for which ``numbers / s`` are integers without a common divisor, and these. Not all may be zero."""
    whole = lcm(*(c.denominator for c in numbers))
    scaled = [c.numerator * (whole // c.denominator) for c in numbers]
    by = gcd(*scaled)
    return divided(by, whole), scaled if by == 1 else [c // by for c in scaled]


def divided(value: Number, by: Number) -> Number:
    """``value / by``, an int where it is one."""
    if type(value) is int and type(by) is int and value % by == 0:
        return value // by
    return tidy(Fraction(value) / by)
