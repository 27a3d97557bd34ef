"""Family attention (claim F): the operators over attention equal their specifications, by exhaustion on short sequences.

The score of a pair of positions depends on these two alone, so two positions and the sink show every order of scores that a
match can meet at that width; longer sequences and other widths are tested on random columns, not shown here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any

import numpy as np

from efasp import attention  # noqa: F401  (registers the operators)
from efasp.codebook import Codebook
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS, Operator
from efasp.sorts import Flag, Signs
from efasp.syntax import Node, Parameter, positions
from proofs.gates import structure
from proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma

WIDTH, LONGEST = 2, 3
SINK = Parameter("sink", Flag())
PLACES = positions(Codebook.index(WIDTH))
RANKED = ("rightmost_match", "priority_match")


def columns(operator: Operator, length: int) -> Iterator[tuple[Sequence[int], ...]]:
    """All columns of arguments: at position 0 stands the sink (no key, value 0); ranks are distinct place numbers."""
    sorts = operator.sorts(WIDTH)
    if not isinstance(sorts[0], Signs):
        yield from product(*(product(sort.values(), repeat=length) for sort in sorts))
        return
    # A query's answer does not depend on the other queries: windows over all of them are enough.
    wanted = list(sorts[0].values())
    queries = [[wanted[(start + i) % len(wanted)] for i in range(length)] for start in range(0, len(wanted), length)]
    distinct = operator.name == "match_or_default"
    keys = [(-1, *k) for k in product(sorts[1].values(), repeat=length - 1)]
    keys = [k for k in keys if not distinct or len({x for x in k if x >= 0}) == sum(x >= 0 for x in k)]
    values = [(0, *v) for v in product(sorts[2].values(), repeat=length - 1)]
    rest: list[Sequence[tuple[int, ...]]] = []
    if operator.name in RANKED:
        rest = [[(0, *p) for p in permutations(range(1, 1 << WIDTH), length - 1)]]
    elif len(sorts) > 3:
        rest = [[tuple([v] * length) for v in sorts[3].values()]]
    yield from product(queries, keys, values, *rest)


def build(operator: Operator) -> tuple[Node, list[Parameter]]:
    """The operator on parameters, with the sink or the positions where it takes them."""
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(WIDTH))]
    takes = inspect.signature(operator.build).parameters
    extra: list[Any] = [PLACES] if operator.kind == "positional" else [SINK] if "sink" in takes else []
    return operator.build(*arguments, *operator.fixed, *extra), arguments


def failures(operator: Operator) -> Iterator[dict[str, Any]]:
    """The columns on which an operator's construction and its specification differ."""
    root, arguments = build(operator)
    for length in range(1, LONGEST + 1):
        sink = np.array([[int(i == 0)] for i in range(length)])
        for case in columns(operator, length):
            values: dict[Node, np.ndarray] = {
                a: np.array([a.sort.encode(item) for item in column]) for a, column in zip(arguments, case, strict=True)
            }
            (out,) = evaluate(root, values={**values, SINK: sink}, positions=np.arange(length))
            got = [row[0] if len(row) == 1 else root.sort.decode(row) for row in out.tolist()]
            if got != (wanted := operator.spec(case)):
                yield {"operator": operator.name, "columns": [list(c) for c in case], "expected": str(wanted), "got": str(got)}


@lemma
def lookups(regime: Regime) -> Iterator[Batch]:
    """Every operator over attention, on all sequences of up to three positions with two-bit keys."""
    names = tuple(f"attention.{o.name}" for o in OPERATORS.values() if o.kind != "pointwise")
    yield Batch(names, {"w": WIDTH}, lambda: short_sequences(regime.n_max))


def short_sequences(n_max: int) -> Iterator[Obligation]:
    """The obligations of ``lookups``."""
    for operator in OPERATORS.values():
        if operator.kind == "pointwise":
            continue
        root, _ = build(operator)
        cases = sum(1 for length in range(1, LONGEST + 1) for _ in columns(operator, length))
        scope = f"exhaustive at w = {WIDTH}, up to {LONGEST} positions"
        content = structure(root) + inspect.getsource(operator.spec)
        settle = exhaustive(cases, lambda o=operator: failures(o))  # type: ignore[misc]
        yield Obligation(
            f"attention.{operator.name}", "F", {"w": WIDTH}, scope, (1, min(3, n_max)), "exhaustive", content, settle
        )
