"""Polynomial claims: identities and inequalities between the construction's own functions and their stated forms.

A claim is a function from its variables to two sides. Run on symbols it gives two polynomials: an identity holds if their
difference expands to 0; an inequality if the difference has no negative coefficient once every variable is its least value
plus something not negative. Run on numbers it is checked again, without SymPy; a false claim has its countermodel there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from efasp.proofs.obligation import Verdict

OFFSETS = (0, 1, 2, 9, 10**6)  # of the variables from their least values, at the concrete points
POINTS = 256  # concrete points of one claim, at most


@dataclass(frozen=True)
class Claim:
    """``left <= right`` (or ``left = right``) for all integers from ``least`` on; ``sides``: from the variables to both."""

    name: str
    sides: Callable[..., tuple[Any, Any]]
    least: dict[str, int] = field(default_factory=dict)
    equal: bool = False

    def holds(self, left: Any, right: Any) -> bool:
        """Whether two numbers are related as claimed."""
        return bool(left == right if self.equal else left <= right)

    def points(self) -> Iterator[dict[str, int]]:
        """Concrete values of the variables, small ones first."""
        offsets: tuple[int, ...] = OFFSETS
        while len(offsets) ** len(self.least) > POINTS:
            offsets = (*offsets[:-2], offsets[-1])
        for chosen in product(offsets, repeat=len(self.least)):
            yield {name: low + offset for (name, low), offset in zip(self.least.items(), chosen, strict=True)}


def discharge(claims: Sequence[Claim], note: Callable[[], str] = str) -> Verdict:
    """Proved if every claim is; else the first that is not, with a countermodel where one of the points is one.

    ``note``: the consequence, for the report.
    """
    import sympy

    tried = 0
    for claim in claims:
        names = {name: sympy.Symbol(name) for name in claim.least}
        left, right = claim.sides(**{name: low + names[name] for name, low in claim.least.items()})
        difference = sympy.Poly(sympy.expand(right - left), *names.values(), domain="QQ") if names else None
        for point in claim.points():
            left, right = claim.sides(**point)
            if not claim.holds(left, right):
                wrong = {"got": str(left), "expected": str(right)} if claim.equal else {"value": str(left), "bound": str(right)}
                return Verdict("refuted", "integers", {"claim": claim.name, **point, **wrong})
            if difference is not None and difference(*(point[n] - low for n, low in claim.least.items())) != right - left:
                raise ValueError(f"{claim.name}: SymPy's polynomial and the function differ at {point}")
            tried += 1
        negative = [c for c in difference.coeffs() if c != 0 and (claim.equal or c < 0)] if difference is not None else []
        if negative:
            return Verdict("unknown", f"SymPy: {claim.name}: a coefficient {negative[0]} of the difference")
    method = f"SymPy {sympy.__version__}: {len(claims)} claims by coefficients; {tried} points in integers"
    return Verdict("proved", "; ".join(filter(None, (method, note()))))
