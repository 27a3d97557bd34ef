"""Family numerics: the analysis of finite and normal numbers accepts up to the dtype's limits, and not beyond them.

No compiled plan comes near them. So plans that compute the same are made of one, with parts times powers of two: just within a
limit, and just beyond it. Where a limit is follows from the plan's own intervals and the layout, not from
``proofs.symbolic.magnitudes``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from efasp.encoding import CellLayout
from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.plan import Head, Layer, Plan
from efasp.model.ranges import SCALE
from efasp.proofs.equivalence.rescaling import least, number, scaled, times
from efasp.proofs.lemmas.numerics import Numbers
from efasp.proofs.lemmas.numerics_floats import Format
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.sorts import Number

WORD, DTYPE = 5, "float32"
MACHINE = Machine(WORD, "apmdm", "", (1, 1 << WORD))
FORM = Format(DTYPE)
Case = tuple[str, int, Plan, bool]  # the changed part, the power of two, the plan, and whether it is within the limit


def below(value: Number, end: int) -> int:
    """The largest k for which ``value`` times 2^k is below 2^end; value > 0."""
    k = end - int(value).bit_length() + 1
    while Fraction(value) * Fraction(2) ** k >= 1 << end:
        k -= 1
    return k


def heads(plan: Plan, queries: int, keys: int) -> Plan:
    """The plan with all queries and keys times powers of two."""
    layers = [
        replace(layer, heads=tuple(replace(h, q=times(h.q, queries), k=times(h.k, keys)) for h in layer.heads))
        for layer in plan.layers
    ]
    return replace(plan, layers=tuple(layers))


def changed(plan: Plan, at: int, layer: Layer) -> Plan:
    """The plan with another layer in a place, from 0."""
    return replace(plan, layers=(*plan.layers[:at], layer, *plan.layers[at + 1 :]))


def with_head(plan: Plan, power: int, score: int = 0) -> Plan:
    """The plan with one head more, of scores up to 2^score, which reads 2^power of some and adds nothing."""
    at, width = flag(plan), plan.width
    rows, half = Matrix([((at, 1),)], width), score // 2
    head = Head(times(rows, half), times(rows, score - half), times(rows, power), Matrix([()] * width, 1), (), ())
    return changed(plan, 0, replace(plan.layers[0], heads=(*plan.layers[0].heads, head)))


def with_unit(plan: Plan, power: int) -> Plan:
    """The plan with one hidden unit more, which is at most 2^power twice and adds nothing."""
    layer, value = plan.layers[0], number(1, power)
    up = Matrix([*layer.up.rows, ((flag(plan), value),)], plan.width)
    down = Matrix(list(layer.down.rows), layer.down.columns + 1)
    return changed(plan, 0, replace(layer, up=up, bias=(*layer.bias, value), down=down))


def with_small(plan: Plan, power: int) -> Plan:
    """The plan with its first hidden unit times 2^power, as a multiple of an odd sum, and divided by that again."""
    at, layer = next((at, layer) for at, layer in enumerate(plan.layers) if layer.bias)
    power -= least(layer.up.rows[:1], layer.bias[:1])
    up = [scaled(layer.up.rows[0], power), *layer.up.rows[1:]]
    bias = (number(layer.bias[0], power), *layer.bias[1:])
    down = [tuple((u, c if u else number(c, -power)) for u, c in row) for row in layer.down.rows]
    return changed(plan, at, replace(layer, up=Matrix(up, plan.width), bias=bias, down=Matrix(down, layer.down.columns)))


def flag(plan: Plan) -> int:
    """A coordinate that is 0 or 1 in the first layer."""
    return next(i for i, held in enumerate(zip(plan.held(0), plan.held(1), strict=True)) if held == ((0, 1), (0, 1)))


def ends(plan: Plan) -> Iterator[Case]:
    """Plans within and beyond the largest numbers of the dtype."""
    scale = SCALE[DTYPE]
    query = max(size for layer in plan.layers for head in layer.heads for size in head.q_size)
    limit = below(scale * query, FORM.top)
    for power in (limit, limit + 1):
        yield "queries, keys divided by the same", power, heads(plan, power, -power), power == limit
    score = max(
        sum(a * b for a, b in zip(h.q_size, h.k_size, strict=True)) for layer in plan.layers for h in layer.heads
    )  # fmt: skip
    limit = below(2 * scale * score, FORM.top)
    for power in (limit, limit + 1):
        yield "keys", power, heads(plan, 0, power), power == limit
    longest = CellLayout(WORD, "", 1 << WORD, 1 << WORD, 1 << WORD).context_length
    limit = below(longest**2, FORM.top)
    for power in (limit, limit + 1):
        yield "values of a head that adds nothing", power, with_head(plan, power), power == limit
    for power in (FORM.top - 2, FORM.top - 1):
        yield "a hidden unit that adds nothing", power, with_unit(plan, power), power == FORM.top - 2


def starts(plan: Plan) -> Iterator[Case]:
    """Plans within and beyond the smallest normal numbers of the dtype."""
    for power in (FORM.normal, FORM.normal - 1):
        yield "a hidden unit", power, with_small(plan, power), power == FORM.normal
        yield "values of a head that adds nothing", power, with_head(plan, power), power == FORM.normal
        yield "scores of a head that adds nothing", power, with_head(plan, 0, power), power == FORM.normal


def judged(name: str) -> Verdict:
    """Whether plans are called finite, or normal, where they are within the limits, and nowhere else."""
    plan, count = compile_machine(WORD, "apmdm"), 0
    for what, power, other, within in (ends if name == "finite" else starts)(plan):
        foreign = replace(other, residents=(), dtype=DTYPE)
        numbers = Numbers(Regime(MACHINE.n[1], (MACHINE, foreign)), MACHINE)
        reason = numbers.overflow() if name == "finite" else numbers.denormal()
        if bool(reason) is within:
            case = {"changed": what, "times": f"2^{power}", "expected": name if within else f"not {name}"}
            return Verdict("refuted", "plans", {**case, "got": reason or name})
        count += 1
    return Verdict("proved", f"plans: {count} with parts times powers of two, in {DTYPE}")


@lemma
def limits(regime: Regime) -> Iterator[Batch]:
    """The limits of finite and normal numbers, which do not depend on the machine."""
    if regime.given is None:
        yield Batch(("numerics.finite", "numerics.normal"), {"of": "limits"}, partial(obligations, regime.all_n))


def obligations(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations of ``limits``."""
    scope = f"plans at w = {WORD}, with parts times powers of two"
    for name in ("finite", "normal"):
        content = f"{name} up to the limits"

        def discharge(name: str = name) -> Verdict:
            return judged(name)

        yield Obligation(f"numerics.{name}", "T1", {"of": "limits"}, scope, n, "exact", content, discharge)
