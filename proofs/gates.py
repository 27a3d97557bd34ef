"""Family gates (claim F): every derived operator equals its specification, by exhaustion at a word width."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from efasp import pointwise  # noqa: F401  (registers the operators)
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS, Operator
from efasp.sorts import Sort
from efasp.syntax import Affine, Concat, Node, Parameter, Relu, walk
from proofs.obligation import CASES, Batch, Obligation, Regime, exhaustive, lemma


def structure(root: Node) -> str:
    """A program's text: every node below the root, inputs first, by number. What a hash names."""
    number: dict[Node, int] = {}
    lines = []
    for node in walk(root):
        number[node] = len(number)
        below = [number[child] for child in node.inputs]
        data: Any = (node.rows, node.bias) if isinstance(node, Affine) else node.name if isinstance(node, Parameter) else ""
        kind = type(node).__name__ if isinstance(node, (Affine, Concat, Relu, Parameter)) else repr(node)
        lines.append(f"{number[node]} {kind} {node.sort} {below} {data}")
    return "\n".join(lines)


def failures(operator: Operator, word: int, root: Node, arguments: list[Parameter]) -> Iterator[dict[str, Any]]:
    """The arguments on which an operator's construction and its specification differ."""
    sorts: list[Sort] = [argument.sort for argument in arguments]
    cases = list(product(*(sort.values() for sort in sorts)))
    tables = [{value: sort.encode(value) for value in sort.values()} for sort in sorts]
    values: dict[Node, np.ndarray] = {
        argument: np.array([table[case[i]] for case in cases], dtype=np.int64)
        for i, (argument, table) in enumerate(zip(arguments, tables, strict=True))
    }
    (out,) = evaluate(root, values=values)
    wanted = np.array([operator.spec(word, *case) for case in cases])
    got = out @ (1 << np.arange(out.shape[1])) if out.shape[1] > 1 else out[:, 0]
    if operator.name == "one_hot":  # its value is the index of the flag that is 1
        got = np.where(out.sum(axis=1) == 1, out.argmax(axis=1), -1)
    outside = [not root.sort.admits(row) for row in np.unique(out, axis=0).tolist()]
    if any(outside):
        yield {"operator": operator.name, "expected": str(root.sort), "got": np.unique(out, axis=0)[outside][0].tolist()}
    for place in np.flatnonzero(got != wanted):
        yield {
            "operator": operator.name,
            "arguments": list(map(int, cases[place])),
            "expected": int(wanted[place]),
            "got": int(got[place]),
        }


@lemma
def operators(regime: Regime) -> Iterator[Batch]:
    """Every pointwise operator, at every word width that n takes."""
    names = tuple(f"gates.{o.name}" for o in OPERATORS.values() if o.kind == "pointwise")
    yield Batch(names, {}, lambda: exhausted(regime))


def exhausted(regime: Regime) -> Iterator[Obligation]:
    """The obligations of ``operators``."""
    for word, n in regime.widths():
        for operator in OPERATORS.values():
            if operator.kind != "pointwise":
                continue
            sorts = operator.sorts(word)
            cases = prod(1 + sort.values()[-1] - sort.values()[0] for sort in sorts)
            at = word if cases <= CASES else 5  # what is not tried is not built either
            arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(at))]
            root = operator.build(*arguments, *operator.fixed)
            yield Obligation(
                lemma=f"gates.{operator.name}",
                claim="F",
                params={"w": word},
                scope=f"exhaustive at w = {word}",
                n=n,
                kind="exhaustive",
                content=structure(root) + inspect.getsource(operator.spec),
                settle=exhaustive(
                    cases,
                    lambda o=operator, w=word, r=root, a=arguments: failures(o, w, r, a),  # type: ignore[misc]
                ),
            )
