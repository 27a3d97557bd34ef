"""SMT-LIB terms: folding keeps a formula's value, and a formula that is trivial is true whatever its symbols mean."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.proofs.smtlib import evaluate, folded, parse, trivial

ATOMS = st.sampled_from(["a", "b", "true", "false", "(= x x)", "(<= x y)", "(= x y)"])


def compound(formulas: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas made of formulas, by every connective."""
    several = st.lists(formulas, min_size=1, max_size=3)
    return st.one_of(
        formulas.map(lambda f: f"(not {f})"),
        st.tuples(st.sampled_from(["and", "or"]), several).map(lambda t: f"({t[0]} {' '.join(t[1])})"),
        st.tuples(several, formulas).map(lambda t: f"(=> {' '.join(t[0])} {t[1]})"),
        st.tuples(formulas, formulas, formulas).map(lambda t: f"(ite {' '.join(t)})"),
        st.tuples(formulas, formulas).map(lambda t: f"(= {' '.join(t)})"),
    )


@given(st.recursive(ATOMS, compound, max_leaves=8))
def test_folding_keeps_the_value(formula: str) -> None:
    """Under every assignment of the symbols; and one that is trivial is true under all of them."""
    for a, b, x, y in product((True, False), (True, False), (0, 1), (0, 1)):
        names = {"a": a, "b": b, "x": x, "y": y}
        value = evaluate(parse(formula)[0], names)
        assert evaluate(parse(folded(parse(formula)[0]))[0], names) == value
        assert value or not trivial(formula)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("true", True), ("(=> p true)", True), ("(=> p (= (f x) (f x)))", True), ("(and true (or q true))", True),
        ("(=> (and p false) q)", True), ("(ite p true true)", True), ("(not (and p false))", True), ("(<= x x)", True),
        ("p", False), ("(=> p q)", False), ("(< x x)", False), ("(= x y)", False), ("(and p true)", False),
    ],
)  # fmt: skip
def test_what_is_trivial(formula: str, expected: bool) -> None:
    """Constants and equal sides decide it, and nothing else."""
    assert trivial(formula) is expected
