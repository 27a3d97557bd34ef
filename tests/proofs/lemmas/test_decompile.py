"""Family decompile: a text with any other number is found, and the definition that has it is named."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from efasp.language.program import parse
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.proofs.lemmas.decompile import compared, departing, small_plans, strays, text_of
from efasp.proofs.obligation import Machine, Regime

MACHINE = Machine(5, "apmdm", "", (1, 32))


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of the machine of cells."""
    return compile_machine(5, "apmdm")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("let h0 = rows([TE, PE], [0:5]", "let h0 = rows([TE, PE], 2*[0:5]", "h0"),
        ("-2*[5] + 6*[6] + 2*[40]", "-2*[5] + 6*[6] + 4*[40]", "h1"),
        ("aha(q2_0, k2_1, v2_1)", "aha(q2_0, k2_0, v2_1)", "h2"),
        ("[41] - [55])", "[41] - [56])", "h2"),
        ("[40] + [56] + [60] - 1", "[40] + [56] + [60] - 2", "h3"),
        ("relu(z3)", "1*z3", "h3"),
    ],
)
def test_another_number(plan: Plan, old: str, new: str, where: str) -> None:
    """The first definition that is not what the matrices make of the one before."""
    text = text_of(plan)
    assert departing(plan, parse(text).program) == "" and old in text
    assert departing(plan, parse(text.replace(old, new)).program) == where


def test_the_read_out(plan: Plan) -> None:
    """Of a plan whose read-out has another constant the program's is not right; nor is one with a sublayer too few."""
    program = parse(text_of(plan)).program
    assert departing(replace(plan, out_bias=(9, *plan.out_bias[1:])), program) == "output"
    assert departing(replace(plan, layers=plan.layers[:-1]), program) == "output"
    assert departing(replace(plan, layers=(*plan.layers, plan.layers[0])), program) == "h10: there is none"


def test_a_given_plan() -> None:
    """Of a weights file the obligations speak of the file's own numbers."""
    changed = replace(compile_machine(5, "apmdm"), name="another")
    found = list(compared(Regime(32, (MACHINE, changed)), MACHINE))
    assert [(o.id.split("[")[0], o.discharge().status) for o in found if isinstance(o.discharge, partial)] == [
        ("decompile.stream", "proved"), ("decompile.again", "proved")
    ]  # fmt: skip


def test_small_plans() -> None:
    """They have everything that a plan may have or lack, and no sequence on which their programs are wrong."""
    plans = list(small_plans())
    assert {bool(plan.layers) for plan in plans} == {True, False}
    layers = [layer for plan in plans for layer in plan.layers]
    assert {(bool(layer.heads), bool(layer.bias)) for layer in layers} >= {(True, True), (True, False), (False, True)}
    assert max(len(layer.heads) for layer in layers) == 2 and next(strays(), None) is None
