"""Family gates: every operator is proved at narrow and wide words, and broken operators are refuted on words."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Iterator

import pytest

from efasp import pointwise
from efasp.operators import OPERATORS
from efasp.proofs.lemmas import gates
from efasp.proofs.lemmas.gates_recurrences import COMPOSED
from efasp.proofs.mutation.mutants import Mutant, load
from efasp.proofs.obligation import Obligation, Regime
from efasp.syntax import Node
from tests.proofs.broken import discharged, refuted


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


BROKEN = [m for m in load() if m.family == "gates" and m.module == pointwise.__name__ and m.where == {"w": 8}]


@pytest.mark.parametrize("mutant", BROKEN, ids=lambda mutant: mutant.name)
def test_a_broken_operator_is_refuted(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mutant of an operator, within this process: its lemmas are refuted at w = 8, on words where it is wrong there."""
    registered = dict(OPERATORS)
    module = types.ModuleType("broken_pointwise")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    try:
        exec(compile(mutant.source(), module.__name__, "exec"), module.__dict__)  # registers its operators
        found = {lemma for lemma in mutant.lemmas if lemma in refuted(of(lemma, 8))}
    finally:
        OPERATORS.update(registered)
    assert found == set(mutant.lemmas)


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
