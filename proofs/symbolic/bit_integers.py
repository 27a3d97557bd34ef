"""Numbers whose bits are symbols: integers as linear forms over bits, for codes and their read-out.

``Numeral`` behaves like the integer it stands for, so that ``efasp.codebook`` itself runs on it (in arrays of objects). All of
it is exact: a question that the bits do not decide raises ``Undecided``, and an unknown bit of a number is a bit of its own, so
a result for all values of the bits holds for all integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from efasp.affine_forms import Form, collected

Bit = tuple[Any, ...]  # the name of a bit: whose it is, and which


class Undecided(ArithmeticError):
    """The answer depends on bits in a way that is not a linear form."""


class Numeral:
    """A form (``efasp.affine_forms``) over bits, each of which is 0 or 1. It is not a sequence, so that arrays can hold it."""

    __slots__ = ("form",)

    def __init__(self, form: Form) -> None:
        self.form = form

    @classmethod
    def of(cls, name: str, bits: int) -> Numeral:
        """Any number of so many bits."""
        return cls(Form({(name, place): 1 << place for place in range(bits)}))

    @property
    def terms(self) -> Mapping[Bit, Any]:
        """The coefficient of every bit that has one, none of them 0."""
        return self.form.terms

    @property
    def constant(self) -> int:
        """The number's value where all bits are 0."""
        return int(self.form.constant)

    def __repr__(self) -> str:
        return " + ".join([f"{c} {'.'.join(map(str, bit))}" for bit, c in self.terms.items()] + [str(self.constant)])

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and largest value."""
        low = self.constant + sum(c for c in self.terms.values() if c < 0)
        return low, low + sum(map(abs, self.terms.values()))

    def value(self, bits: Mapping[Bit, int]) -> int:
        """The integer that it is under an assignment; bits that are not named are 0."""
        return int(self.form.value(bits))

    # Arithmetic.

    def __add__(self, other: Any) -> Numeral:
        return Numeral(self.form + (other.form if isinstance(other, Numeral) else int(other)))

    __radd__ = __add__

    def __mul__(self, other: Any) -> Numeral:
        if isinstance(other, Numeral):
            if self.terms and other.terms:
                raise Undecided(f"({self}) * ({other})")
            return self * other.constant if self.terms else other * self.constant
        return Numeral(self.form.times(int(other)))

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Numeral:
        difference: Numeral = self + -1 * other
        return difference

    def __rsub__(self, other: Any) -> Numeral:
        difference: Numeral = -1 * self + other
        return difference

    def __rshift__(self, places: Any) -> Numeral | Shifted:
        """Rounded down: the terms that are multiples of 2^places are divided, if the rest stays between 0 and 2^places - 1."""
        unit = 1 << int(places)
        high = {bit: c // unit for bit, c in self.terms.items() if c % unit == 0}
        rest = Numeral(Form({bit: c for bit, c in self.terms.items() if c % unit}, self.constant % unit))
        low, top = rest.bounds
        return Numeral(Form(high, self.constant // unit)) if low >= 0 and top < unit else Shifted(self, int(places))

    def __and__(self, mask: Any) -> Numeral:
        """The lowest bit (``mask`` 1)."""
        if mask != 1:
            raise Undecided(f"({self}) & {mask}")
        rest = Numeral(collected({bit: c % 2 for bit, c in self.terms.items()}, self.constant % 2))
        return rest if rest.bounds[1] <= 1 else Shifted(self, 0) & 1

    # Comparisons with numbers: a truth value where the bounds decide, or the form that is 1 where it holds.

    def _compare(self, holds: Any, other: Any) -> Any:
        if isinstance(other, Numeral):
            return (self - other)._compare(holds, 0)
        low, top = self.bounds
        if len(self.terms) == 1:
            ((bit, _),) = self.terms.items()
            off, on = (int(holds(self.value({bit: value}), other)) for value in (0, 1))
            return bool(on) if on == off else Numeral(Form({bit: on - off}, off))
        if holds(low, other) != holds(top, other):
            raise Undecided(f"{self} against {other}")
        return holds(low, other)

    def __lt__(self, other: Any) -> Any:
        return self._compare(lambda a, b: a < b, other)

    def __le__(self, other: Any) -> Any:
        return self._compare(lambda a, b: a <= b, other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(lambda a, b: a > b, other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(lambda a, b: a >= b, other)

    def __eq__(self, other: Any) -> bool:
        difference = self - other
        low, top = difference.bounds
        if low <= 0 <= top and difference.terms:
            raise Undecided(f"whether {self} is {other}")
        return not difference.constant and not difference.terms

    def same(self, other: Any) -> bool:
        """Whether it is the other for all values of the bits."""
        difference = self - other
        return not difference.constant and not difference.terms

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self != 0


class Shifted:
    """``number >> places`` where the form does not tell its bits: its lowest bit is one of its own."""

    def __init__(self, number: Numeral, places: int) -> None:
        self.number, self.places = number, places

    def __and__(self, mask: Any) -> Numeral:
        if mask != 1:
            raise Undecided(f"bits of {self.number} >> {self.places}")
        return Numeral(Form.atom(("bit", repr(self.number), self.places)))
