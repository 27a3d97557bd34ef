"""Family gates: every operator is proved at narrow and wide words, and broken operators are refuted on words."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Iterator

import pytest

from efasp import pointwise
from efasp.operators import OPERATORS
from efasp.proofs.lemmas import gates
from efasp.proofs.lemmas.gates_recurrences import COMPOSED
from efasp.proofs.obligation import Obligation, Regime
from efasp.syntax import Node
from tests.proofs.broken import discharged, refuted

SOURCE = inspect.getsource(pointwise)


def of(lemma: str, word: int) -> Iterator[Obligation]:
    """The obligations of one lemma at one width."""
    return (o for o in gates.at_width(word, (1, 1 << word)) if o.lemma == lemma)


@pytest.mark.parametrize("word", [5, 6, 17, pytest.param(40, marks=pytest.mark.slow)])
def test_every_operator_is_proved(word: int) -> None:
    """Nothing is refuted, at widths that exhaustion does not reach either."""
    assert refuted(gates.at_width(word, (1, 1 << word))) == {}


def test_the_steps_are_proved() -> None:
    """The recurrences' steps hold with 2^i a symbol, the columns of products to 20 bits, all of w = 5 by exhaustion."""
    assert refuted(gates.steps((1, 64))) == {}
    assert refuted(gates.columns(20, (1, 64))) == {}
    assert refuted(gates.tried((1, 32))) == {}


def test_every_pointwise_operator_has_a_lemma() -> None:
    """The bitwise ones and the composed ones are all of them."""
    assert sorted((*gates.BITWISE, *COMPOSED)) == sorted(o.name for o in OPERATORS.values() if o.kind == "pointwise")


# (operator, what stands in its definition, what is put there)
BREAKS = [
    ("and", "return relu(a + b - 1, like(a))", "return relu(a + b - 2, like(a))"),
    (
        "or",
        "combine([(1, a), (1, b), (-1, and_(a, b))], sort=like(a))",
        "combine([(1, a), (1, b), (-2, and_(a, b))], sort=like(a))",
    ),
    ("not", "combine([(-1, a)], 1, sort=like(a))", "combine([(1, a)], 0, sort=like(a))"),
    ("gate", "return relu(combine([(1, a), (1, c)], -1), like(a))", "return relu(combine([(1, a), (-1, c)], 0), like(a))"),
    ("if_else", "(1, gate(not_(c), b))", "(1, gate(c, b))"),
    ("all", "1 - a.width), Flag())", "2 - a.width), Flag())"),
    ("any", "relu(weigh(a, [-1] * a.width, 1), Flag())", "relu(weigh(a, [-1] * a.width, 2), Flag())"),
    ("threshold", "(1, relu(x - (k - 1))), (-1, relu(x - k))", "(1, relu(x - k)), (-1, relu(x - (k + 1)))"),
    ("equals", "(-2, relu(x - k))", "(-1, relu(x - k))"),
    ("one_hot", "equals(x, k) for k in range(size)", "equals(x, k + 1) for k in range(size)"),
    ("less", "threshold(value(b) - value(a), 1)", "threshold(value(a) - value(b), 1)"),
    ("equal", "equals(value(a) - value(b), 0)", "equals(value(a) - value(b), 1)"),
    ("carries", "threshold(x, 1 << i)", "threshold(x, (1 << i) + 1)"),
    ("borrows", "threshold(-x, 1)", "threshold(-x, 0)"),
    ("add", "= 1, sign, -2 * sign", "= 1, sign, -1 * sign"),
    ("add", "half = [1 << j if j < i else 0", "half = [1 << j if j < i - 1 else 0"),
    ("sub", "_sum_bits(a, b, borrows(a, b), -1)", "_sum_bits(b, a, borrows(a, b), -1)"),
    ("increment", "[1] + [0] * (w - 1)", "[0] + [0] * (w - 1)"),
    ("increment", "row[i], row[w + i] = 1, -2", "row[i], row[w + i] = 1, -1"),
    ("shift_left", "int(j == i - 1)", "int(j == i)"),
    ("shift_right", "int(j == i + 1)", "int(j == (i + 1) % a.width)"),
    ("shift_left_by", "(s, i - direction * s)", "(s, i - direction * s + (s > 2))"),
    ("shift_right_by", "(-(1 << w), enable)], 1 << w", "(-(1 << w), enable)], w - 1"),
    (
        "select",
        "gates = [(1, gate(flag, option)) for flag, option in cases]",
        "gates = [(1, gate(cases[0][0], option)) for _, option in cases]",
    ),
    ("mul", "threshold(prefix, m << k) for m in range(1, k)", "threshold(prefix, m << k) for m in range(1, k - 1)"),
    ("mul", "threshold(prefix, m << k)", "threshold(prefix, (m << k) + 1)"),
    ("mul", "take(b, range(k, -1, -1)) - 1)", "take(b, range(k + 1)) - 1)"),
]


@pytest.mark.parametrize("name, old, new", BREAKS, ids=lambda text: text[:30])
def test_a_broken_operator_is_refuted(name: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One passage of the definitions changed: the operator's lemma is refuted at w = 8, on words where it is wrong there."""
    assert old in SOURCE
    registered = dict(OPERATORS)
    module = types.ModuleType("broken_pointwise")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    try:
        exec(compile(SOURCE.replace(old, new), module.__name__, "exec"), module.__dict__)  # registers its operators
        found = refuted(of(f"gates.{name}", 8))
    finally:
        OPERATORS.update(registered)
    assert f"gates.{name}" in found


@pytest.mark.parametrize("name", ["sub", "less", "borrows", "shift_left_by", "shift_right_by"])
def test_swapped_operands_are_shown_on_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that does not commute, with its operands exchanged: the countermodel has words, and both results."""
    original = OPERATORS[name].build

    def swapped(a: Node, b: Node, *rest: Node) -> Node:
        return original(b, a, *rest)

    monkeypatch.setitem(OPERATORS, name, dataclasses.replace(OPERATORS[name], build=swapped))
    (verdict,) = map(discharged, of(f"gates.{name}", 9))
    assert verdict.status == "refuted" and verdict.countermodel is not None
    case = verdict.countermodel["case"]
    assert OPERATORS[name].spec(9, *case["arguments"]) == case["expected"] != int(case["got"])


def test_the_register_has_every_width() -> None:
    """Batches for every width of the regime, each with every operator."""
    widths = [batch.params["w"] for batch in gates.operators(Regime(2**64)) if "gates.add" in batch.lemmas]
    assert widths == list(range(5, 65))
