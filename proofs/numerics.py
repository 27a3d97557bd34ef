"""Family numerics (claims T1, T4): the compiled transformer is exact in the dtype that it is run in.

The bounds rest on the sorts of the program's nodes (what each vector may hold), which the scope says.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.plan import Plan, dyadic
from model.ranges import SIGNIFICAND, dtype_for, ranges
from proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma


def weights(plan: Plan) -> Iterator[tuple[str, object]]:
    """Every number of a plan, with the matrix that it stands in."""
    matrices = [("token", plan.token), ("place", plan.place), ("out", plan.out)]
    for number, layer in enumerate(plan.layers, 1):
        matrices += [(f"layer {number} up", layer.up), (f"layer {number} down", layer.down)]
        for h, head in enumerate(layer.heads):
            matrices += [(f"layer {number} head {h} {name}", getattr(head, name)) for name in "qkvo"]
    for name, matrix in matrices:
        yield from ((name, value) for row in matrix.rows for _, value in row)


# Wider transformers are not compiled here: above 44 bits no dtype is exact, and with M compiling takes long.
WIDEST = {"": 44, "M": 24}


def untried() -> Verdict:
    """For the widths that are not compiled."""
    return Verdict("unknown", "not tried at this width")


def settle(plan: Plan) -> Verdict:
    """Every weight is dyadic, and every sum of absolute terms within the significand of the dtype that is chosen."""
    for name, value in weights(plan):
        if not dyadic(value):  # type: ignore[arg-type]
            return Verdict("refuted", "exact arithmetic", {"matrix": name, "weight": str(value)})
    dtype = dtype_for(plan)
    worst = max(ranges(plan), key=lambda r: r.bound)
    if worst.bound > 1 << SIGNIFICAND[dtype]:
        return Verdict("refuted", "interval arithmetic", {"sum": worst.where, "bound": worst.bound, "dtype": dtype})
    return Verdict("proved", f"interval arithmetic: sums <= {worst.bound} ({worst.where}), {dtype}")


@lemma
def exactness(regime: Regime) -> Iterator[Batch]:
    """The transformers at every word width that n takes."""
    for machine in regime.machines():
        yield Batch(("numerics.exact",), machine.params, lambda m=machine: exact(regime, m))  # type: ignore[misc]


def exact(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligation of ``exactness`` for one machine."""
    word = machine.word
    if word > WIDEST[machine.extension]:
        yield Obligation("numerics.exact", machine.claim, machine.params, f"w = {word}", machine.n, "exact", "", untried)
        return
    plan = regime.plan(machine)
    content = repr([(name, str(value)) for name, value in weights(plan)])
    scope = f"w = {word}, given the sorts"
    yield Obligation("numerics.exact", machine.claim, machine.params, scope, machine.n, "exact", content, lambda: settle(plan))
