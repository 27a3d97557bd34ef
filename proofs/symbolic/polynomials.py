"""Polynomials as values of the PRAM: words that are unknown, on which its own step runs, and the decisions of a run.

A polynomial stands for a number that fits in a word. So sums and products are not reduced, the comparisons of numbers that are
kept plus 2^(w-1) are those of the numbers, and a shift by the last bit is the sign. Which of two polynomials is larger is not
known: it is *decided*, once for every difference, and ``every_way`` goes through all ways of deciding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Any

Number = int | Fraction
Monomial = tuple[str, ...]


@dataclass
class Decisions:
    """What was decided: by difference -1, 0 or 1. ``script``: the choices to make, in order; behind its end the first ones."""

    script: Sequence[int] = ()
    made: dict[frozenset[tuple[Monomial, Number]], int] = field(default_factory=dict)
    choices: list[tuple[int, int]] = field(default_factory=list)  # of each decision the choice, and how many there were

    def sign(self, difference: Polynomial, among: tuple[int, ...] = (-1, 0, 1)) -> int:
        """The sign of a polynomial that is not a number."""
        key, negated = (frozenset(p.primitive().terms.items()) for p in (difference, -difference))
        if negated in self.made:
            return -self.made[negated]
        if key not in self.made:
            at = len(self.choices)
            choice = self.script[at] if at < len(self.script) else 0
            self.choices.append((choice, len(among)))
            self.made[key] = among[choice]
        return self.made[key]


def every_way(run: Callable[[Decisions], Any]) -> Iterator[Any]:
    """The results of a run for all ways of deciding."""
    script: list[int] = []
    while True:
        decisions = Decisions(script)
        yield run(decisions)
        rest = decisions.choices
        while rest and rest[-1][0] + 1 == rest[-1][1]:
            rest.pop()
        if not rest:
            return
        script = [choice for choice, _ in rest[:-1]] + [rest[-1][0] + 1]


class Polynomial:
    """A polynomial with coefficients other than 0, and the decisions of its run. ``terms``: by monomial its coefficient.

    ``half``: 2^(w-1), of the words in which it is held.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, terms: dict[Monomial, Number], decisions: Decisions, half: int) -> None:
        self.terms, self.decisions, self.half = terms, decisions, half

    def _made(self, terms: dict[Monomial, Number]) -> Any:
        terms = {monomial: c for monomial, c in terms.items() if c}
        if terms.keys() <= {()}:
            return terms.get((), 0)
        return Polynomial(terms, self.decisions, self.half)

    def _terms(self, other: Any) -> dict[Monomial, Number]:
        return other.terms if isinstance(other, Polynomial) else {(): other}

    def __add__(self, other: Any) -> Any:
        terms = Counter(self.terms)
        for monomial, c in self._terms(other).items():
            terms[monomial] += c  # type: ignore[assignment]
        return self._made(dict(terms))

    __radd__ = __add__

    def __neg__(self) -> Any:
        return self._made({monomial: -c for monomial, c in self.terms.items()})

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        terms: Counter[Monomial] = Counter()
        for a, c in self.terms.items():
            for b, d in self._terms(other).items():
                terms[tuple(sorted(a + b))] += c * d  # type: ignore[assignment]
        return self._made(dict(terms))

    __rmul__ = __mul__

    def __mod__(self, size: int) -> Polynomial:
        """Itself: it fits in a word."""
        if size != 2 * self.half:
            raise ValueError(f"expected the modulus {2 * self.half}, found {size}")
        return self

    def __and__(self, mask: int) -> Any:
        """With all bits or none."""
        if mask not in (0, 2 * self.half - 1):
            raise ValueError(f"expected a mask of all bits or none, found {mask}")
        return self if mask else 0

    def __rshift__(self, bits: int) -> Any:
        """By the last bit: whether it is below 0. Else, of a number that is kept plus 2^(w-1): the quotient, kept so too."""
        if 1 << bits == self.half:
            return int(self.decisions.sign(self, (-1, 1)) < 0)
        rest = self - self.half
        quotient = {monomial: Fraction(c, 1 << bits) for monomial, c in self._terms(rest).items()}
        if any(c.denominator > 1 for c in quotient.values()):
            raise ValueError(f"expected a multiple of {1 << bits}, found {self}")
        return self._made({monomial: int(c) for monomial, c in quotient.items()}) + (self.half >> bits)

    def __lt__(self, other: Any) -> bool:
        """Of numbers kept plus 2^(w-1); below every bound that is not a polynomial, for it fits."""
        if not isinstance(other, Polynomial):
            return True
        difference = self - other
        return difference < 0 if not isinstance(difference, Polynomial) else self.decisions.sign(difference) < 0

    def __gt__(self, other: Any) -> bool:
        """Above every number, which is 0 where no score is seen yet."""
        return other < self if isinstance(other, Polynomial) else True

    def __eq__(self, other: object) -> bool:
        difference = self - other
        return difference == 0 if not isinstance(difference, Polynomial) else self.decisions.sign(difference) == 0

    def primitive(self) -> Polynomial:
        """The multiple by a positive number whose coefficients are integers without a common divisor: its sign is the same."""
        by = lcm(*(c.denominator for c in self.terms.values()))
        whole = {monomial: int(c * by) for monomial, c in self.terms.items()}
        common = gcd(*whole.values())
        return Polynomial({monomial: c // common for monomial, c in whole.items()}, self.decisions, self.half)

    def __str__(self) -> str:
        return " + ".join(" ".join([str(c), *monomial]) for monomial, c in sorted(self.terms.items())) or "0"
