"""Family numerics (claims T1, T4): the compiled transformer is exact in the dtype that it is run in.

The bounds rest on the sorts of the program's nodes (what each vector may hold), which the scope says.
"""

from __future__ import annotations

from collections.abc import Iterator

from efasp.pram.isa import EXTENSIONS
from model.compile import ENGINES, compile_machine
from model.plan import Plan, dyadic
from model.ranges import SIGNIFICAND, RangeError, dtype_for, ranges
from proofs.obligation import Obligation, Verdict, lemma, widths


def weights(plan: Plan) -> Iterator[tuple[str, object]]:
    """Every number of a plan, with the matrix that it stands in."""
    matrices = [("token", plan.token), ("place", plan.place), ("out", plan.out)]
    for number, layer in enumerate(plan.layers, 1):
        matrices += [(f"layer {number} up", layer.up), (f"layer {number} down", layer.down)]
        for h, head in enumerate(layer.heads):
            matrices += [(f"layer {number} head {h} {name}", getattr(head, name)) for name in "qkvo"]
    for name, matrix in matrices:
        yield from ((name, value) for row in matrix.rows for _, value in row)


def settle(plan: Plan, dtype: str) -> Verdict:
    """Every weight is dyadic, and every sum of absolute terms within the dtype's significand."""
    for name, value in weights(plan):
        if not dyadic(value):  # type: ignore[arg-type]
            return Verdict("refuted", "exact arithmetic", {"matrix": name, "weight": str(value)})
    worst = max(ranges(plan), key=lambda r: r.bound)
    if worst.bound > 1 << SIGNIFICAND[dtype]:
        return Verdict("refuted", "interval arithmetic", {"sum": worst.where, "bound": worst.bound, "dtype": dtype})
    return Verdict("proved", f"interval arithmetic: sums <= {worst.bound} ({worst.where}), {dtype}")


@lemma
def exactness(n_max: int) -> Iterator[Obligation]:
    """At every word width for which the package runs a transformer; at others it refuses."""
    for word, n in widths(n_max):
        for engine in ENGINES:
            for extension in EXTENSIONS:
                plan = compile_machine(word, engine, extension)
                try:
                    dtype = dtype_for(plan)
                except RangeError:
                    continue
                yield Obligation(
                    "numerics.exact",
                    "T1" if engine == "mdm" else "T4",
                    {"w": word, "engine": engine, "ext": extension or "none"},
                    f"w = {word}, given the sorts",
                    n,
                    repr([(name, str(value)) for name, value in weights(plan)]),
                    lambda p=plan, d=dtype: settle(p, d),  # type: ignore[misc]
                )
