"""Scores over places alone: which position wins, for every sequence of every length, by exact arithmetic.

A score that is ``A j + B j^2 + C`` in the position j, with A, B and C those of the query, has one winner where B is 0 and A is
a number other than 0 (the last or the first position), or where B is a negative number b and A = -2 b t for an integer t (the
position nearest to t).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.affine_forms import Form, total
from efasp.codebook import Codebook

NOWHERE = Form()


@dataclass(frozen=True)
class Winner:
    """``end``: 1 the last position, -1 the first, 0 the one nearest to ``place``, an integer form of the query's atoms."""

    end: int
    place: Form = NOWHERE


def plain(book: Codebook) -> bool:
    """Whether the places of a codebook are plain numbers."""
    return book.payloads[:1] != () and book == Codebook.index(book.payloads[0][1], book.name)


def sole_winner(
    pairs: Iterable[tuple[Form, Form]], field: Callable[[Any], str], whole: Callable[[Form], bool]
) -> Winner | None:
    """The only winner of a score, the sum of products of a query's and a key's form; None where it is not known to have one.

    ``field``: of an atom, which field of a plain place it is, or nothing; ``whole``: whether a form is an integer.
    """
    linear, square = Form(), Form()
    for q, k in pairs:
        for atom, c in k.terms.items():
            name = field(atom)
            if name not in ("number", "square"):
                return None
            if name == "number":
                linear = total([(1, linear), (c, q)])
            else:
                square = total([(1, square), (c, q)])
    if square == Form():
        return None if linear.terms or not linear.constant else Winner(1 if linear.constant > 0 else -1)
    if square.terms or square.constant >= 0:
        return None
    place = total([(Fraction(-1, 2) / square.constant, linear)])
    return Winner(0, place) if whole(place) else None
