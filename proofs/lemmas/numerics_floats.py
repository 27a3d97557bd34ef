"""Family numerics, the arithmetic of a dtype: its numbers, and softmax on integer scores.

The facts of IEEE 754 are taken from numpy's description of the dtype, the package's assumptions from ``model.ranges``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.model.ranges import EXPONENTS, SCALE, SIGNIFICAND, RangeError, dtype_for
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.smtlib import Script, Term, land, le, linear, lt

NAMES = ("dtype", "softmax", "normaliser", "mean", "refused")


class Format:
    """A binary floating-point format, by numpy: numbers are multiples of 2^``tiny`` below 2^``top``, of ``digits`` bits.

    Normal ones are 2^``normal`` or more in absolute value; nothing is said of how smaller ones are computed.
    """

    def __init__(self, dtype: str) -> None:
        info: Any = np.finfo(dtype)
        self.dtype, self.exponent_bits = dtype, int(info.iexp)
        self.digits, self.top = int(info.nmant) + 1, int(info.maxexp)
        self.tiny, self.normal = int(info.minexp - info.nmant), int(info.minexp)

    def holds(self, value: int | Fraction) -> bool:
        """Whether it is a number of the format."""
        n, d = abs(value.numerator), value.denominator
        if n == 0:
            return True
        odd, last = n // (n & -n), (n & -n).bit_length() - d.bit_length()
        fits = odd.bit_length() <= self.digits and odd.bit_length() + last <= self.top
        return d & (d - 1) == 0 and last >= self.tiny and fits


def holds_integers(dtype: str) -> Verdict:
    """Every integer up to 2^p is a number of the dtype, and so is its product with the scale, which is a power of two.

    Exponents are as the package has them, and twice the scaled score 2^p is finite.
    """
    form, p, scale = Format(dtype), SIGNIFICAND[dtype], SCALE[dtype]
    method = "numpy's description"
    if p > form.digits:
        integer = (1 << form.digits) + 1
        got = int(np.dtype(dtype).type(integer))
        return Verdict("refuted", method, {"dtype": dtype, "integer": integer, "becomes": got})
    if scale & (scale - 1):
        return Verdict("refuted", method, {"dtype": dtype, "scale": scale, "expected": "a power of two"})
    if EXPONENTS[dtype] != (form.normal, form.top):
        case = {"dtype": dtype, "normal numbers from": f"2^{form.normal}", "below": f"2^{form.top}"}
        return Verdict("refuted", method, {**case, "the package has": str(EXPONENTS[dtype])})
    if not form.holds(2 * scale << p):
        return Verdict("refuted", method, {"dtype": dtype, "score": 1 << p, "scaled": "too large"})
    return Verdict("proved", f"{method}: {form.digits} digits, normal numbers from 2^{form.normal}, below 2^{form.top}")


E_LOW, E_HIGH = Fraction(65, 24), Fraction(11, 4)  # 1 + 1 + 1/2 + 1/6 + 1/24 < e < 11/4


def underflows(dtype: str) -> Verdict:
    """A score that is 1 or more lower has the weight 0: exp(-scale) is below half the least positive number.

    With a margin of at least 2^8 to it, so that an error of the exponential within that factor does not matter.
    """
    form, scale, margin = Format(dtype), SCALE[dtype], 8
    least = 1 << 1 + margin - form.tiny
    if E_LOW**scale > least:
        bits = (E_LOW**scale).__floor__().bit_length() - 1
        return Verdict("proved", f"rational arithmetic: e^-{scale} < 2^-{bits}, numbers end at 2^{form.tiny}")
    if E_HIGH**scale < 1 << -form.tiny:
        weight = float(np.exp(np.dtype(dtype).type(-scale)))
        return Verdict("refuted", "rational arithmetic", {"dtype": dtype, "score lower by": 1, "its weight": str(weight)})
    return Verdict("unknown", f"e^-{scale} is too near to 2^{form.tiny}")


def weighted(dtype: str, n: tuple[int, int]) -> Iterator[Obligation]:
    """IEEE 754, all finite u and v: a term of weight 0, or of value 0, adds nothing; a lone winner's value is returned."""
    form = Format(dtype)
    sort = f"(_ FloatingPoint {form.exponent_bits} {form.digits})"
    one, zero = f"((_ to_fp {form.exponent_bits} {form.digits}) RNE 1.0)", f"(_ +zero {form.exponent_bits} {form.digits})"
    product = f"(fp.mul RNE u {zero})"
    rules: dict[str, Term] = {
        "a loser adds nothing": land(f"(fp.eq (fp.add RNE v {product}) v)", f"(fp.eq (fp.fma RNE u {zero} v) v)"),
        "a value of 0 stays 0": f"(fp.isZero {product})",
        "one weight adds up to 1": land(f"(fp.eq (fp.add RNE {zero} {one}) {one})", f"(fp.eq (fp.div RNE {one} {one}) {one})"),
        "a winner's value is returned": f"(fp.eq (fp.mul RNE v {one}) v)",
    }
    for rule, goal in rules.items():
        script = Script("QF_FP")
        for name in "uv":
            script.declare(name, sort, dtype)
            script.definition(land(f"(not (fp.isNaN {name}))", f"(not (fp.isInfinite {name}))"), "finite")
        params = {"dtype": dtype, "rule": rule}
        yield script.obligation("numerics.normaliser", "T1", params, "all n", n, goal, replay=lambda _: None)


def mean(n: tuple[int, int]) -> Iterator[Obligation]:
    """k winners: where the sum of their values is exact, its product with 1/k is off by 2 u + u^2 at most, relatively.

    u is half a unit in the last place, 2^-p; a and b are the relative errors of 1/k and of the product. Both are 0 where k is
    a power of two. Otherwise the mean of equal values need not be that value: 41 times 1/41 is not 1 in float32, nor is 49
    times 1/49 in float64. So only 0 is read where several positions may win (numerics.ties).
    """
    script = Script("QF_NRA")
    script.declare("u", "Real", "2^-p")
    script.definition(land(lt("0", "u"), lt("u", "1")))
    for name in "ab":
        script.declare(name, "Real")
        script.definition(land(le("(- u)", name), le(name, "u")), "rounded to the nearest")
    error = linear([(1, "a"), (1, "b"), (1, "(* a b)")])
    bound = "(+ u u (* u u))"
    yield script.obligation("numerics.mean", "T1", {}, "all n", n, land(le(error, bound), le(f"(- {bound})", error)))


def refuses() -> Verdict:
    """A plan is given the narrowest dtype that its sums fit, and refused where none does: a read-out times numbers.

    Times whole ones its sums just fit, or just do not; times powers of 1/2 they are multiples of these, at last of no normal
    number.
    """
    plan = compile_machine(5, "apmdm")
    largest = _largest(plan)
    forms = [Format(dtype) for dtype in SIGNIFICAND]
    limits = [(1 << form.digits) // largest for form in forms]
    ends = [Fraction(2) ** (form.normal - less) for form in forms for less in (0, 1)]
    for by in sorted({Fraction(1), *map(Fraction, limits), *(Fraction(limit + 1) for limit in limits), *ends}):
        wanted = "none"
        for form in reversed(forms):
            if max(Fraction(1), by) * largest <= 1 << form.digits and by >= Fraction(2) ** form.normal:
                wanted = form.dtype
        rows = [tuple((i, c * by) for i, c in row) for row in plan.out.rows]
        loud = replace(plan, out=Matrix(rows, plan.width), out_bias=tuple(b * by for b in plan.out_bias))
        try:
            got = dtype_for(loud)
        except RangeError:
            got = "none"
        if got != wanted:
            case = {"read-out times": str(by), "its largest sum": str(largest * by), "expected": wanted, "got": got}
            return Verdict("refuted", "plans", case)
    return Verdict("proved", f"plans: read-outs times numbers from 2^{forms[-1].normal - 1} to {limits[-1] + 1}")


def _largest(plan: Plan) -> int:
    """The largest sum of absolute terms of a read-out, each coordinate at the end of its interval."""
    held = [int(max(-low, high)) for low, high in plan.held(2 * len(plan.layers))]
    rows = zip(plan.out.rows, plan.out_bias, strict=True)
    return max(sum(abs(int(c)) * held[i] for i, c in row) + abs(int(b)) for row, b in rows)


def arithmetic(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations that do not depend on the machine."""
    for dtype in SIGNIFICAND:
        for name, check in (("dtype", holds_integers), ("softmax", underflows)):
            content = f"{name} of {dtype}: {SIGNIFICAND[dtype]} digits, scale {SCALE[dtype]}"

            def discharge(check: Callable[[str], Verdict] = check, dtype: str = dtype) -> Verdict:
                return check(dtype)

            yield Obligation(f"numerics.{name}", "T1", {"dtype": dtype}, "all n", n, "exact", content, discharge)
        yield from weighted(dtype, n)
    yield from mean(n)
    scope = "a plan at w = 5, its read-outs times powers of two"
    yield Obligation("numerics.refused", "T1", {"of": "choice"}, scope, n, "exact", "the dtype chosen, or none", refuses)
