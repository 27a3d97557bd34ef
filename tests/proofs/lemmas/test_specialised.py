"""Family specialised: broken specialised steps are found, by the lemma that speaks of what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from efasp.checker.discharge import discharge
from efasp.graphs import substitute
from efasp.pram.isa import Code, Instruction, Reg
from efasp.proofs.lemmas import specialised
from efasp.proofs.lemmas.specialised import LOOP, Pair, every, ran
from efasp.proofs.obligation import Machine, Obligation
from efasp.syntax import Affine, Program, Relu

MACHINE = Machine(5, "apmdm", "", (1, 32), LOOP)


def statuses(obligations: Any) -> set[str]:
    """The verdicts of obligations."""
    return {discharge(one, ["z3"], 60).status for one in obligations}


def pair(machine: Machine, change: Callable[[Program], Program]) -> Pair:
    """A machine whose specialised step is changed."""
    made = Pair(machine)
    made.step = change(made.step)
    return made


def changed(step: Program, name: str, rows: Callable[[Affine], Affine]) -> Program:
    """A step with other rows of a definition."""
    old = step.definitions[name]
    node = old.x if isinstance(old, Relu) else old
    assert isinstance(node, Affine)
    environment = {node: rows(node)}
    return Program(step.name, {key: substitute(value, environment) for key, value in step.definitions.items()})


def test_all_is_proved() -> None:
    """Of a program with every operation, at a width that is not the least."""
    whole = Pair(Machine(6, "mdm", "", (1, 64), every("")))
    for lemma in (whole.selected, whole.fetch, whole.absent, whole.prompt, whole.output, whole.plan):
        assert statuses(lemma()) <= {"proved"}


def test_a_unit_with_another_constant() -> None:
    """It is 1 for two counters."""

    def lower(node: Affine) -> Affine:
        return replace(node, bias=(*node.bias[:-1], node.bias[-1] + 1))

    made = pair(MACHINE, lambda step: changed(step, "selected", lower))
    made.reading = type(made.reading)({made.step.definitions["counter"]: "counter", made.step.definitions["status"]: "status"})
    assert statuses(made.selected()) == {"refuted"}


@pytest.mark.parametrize("name", ["operation", "rd", "immediate"])
def test_a_field_with_another_constant(name: str) -> None:
    """Fields of the first instruction are exchanged with those of the second."""

    def exchange(node: Affine) -> Affine:
        rows = tuple(tuple(sorted(({0: 1, 1: 0}.get(j, j), c) for j, c in row)) for row in node.rows)
        return replace(node, rows=rows)

    made = pair(MACHINE, lambda step: changed(step, name, exchange))
    made.over = type(made.over)({made.step.definitions["selected"]: "selected"})
    (one,) = [one for one in made.fetch() if one.params["of"] == name]
    verdict = discharge(one, ["z3"], 60)
    assert verdict.status == "refuted" and verdict.countermodel


def test_the_step_of_another_program() -> None:
    """Of the step of one program the lemmas do not say that it is that of another."""
    other: Code = (*LOOP[:-1], Instruction("mov", 3, x=Reg(1)))
    made = Pair(MACHINE)
    made.code = other
    assert "refuted" in statuses(made.fetch())


def test_a_plan_of_another_program_runs_otherwise() -> None:
    """Measured against the oracle."""
    other = replace(MACHINE, code=(Instruction("add", 1, 1, 3), *LOOP[1:]))
    assert ran(MACHINE, other.fresh).status == "refuted"
    assert ran(MACHINE, MACHINE.fresh).status == "measured"


def test_folding_that_changes_the_read_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the normal forms differ, a state on which the plan is wrong refutes; without one it is not known."""
    made = Pair(MACHINE)
    other = Pair(replace(MACHINE, code=(Instruction("add", 1, 1, 3), *LOOP[1:])))
    made.step = other.step
    (one,) = made.output()
    assert verdict_of(one) in ("proved", "unknown")  # the constants of both are those that the step has: fetch tells them apart
    monkeypatch.setattr(specialised, "first_failure", lambda *_, **__: None)
    assert made._differing([3]).status == "unknown"


def verdict_of(one: Obligation) -> str:
    """The verdict of an obligation that is decided when it is made."""
    assert one.discharge is not None
    return one.discharge().status
