"""Lowering is proved for fresh plans and rewrites that compute the same; a wrong weight is refuted on a machine state."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from efasp.evaluate import evaluate
from efasp.exact import Matrix
from efasp.model.compile import STEPS, compile_machine
from efasp.model.plan import Head, Layer, Plan
from efasp.proofs.concrete import machine_states
from efasp.proofs.equivalence.symbolic_position import sink_values
from efasp.proofs.lemmas import lowering
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.proofs.symbolic.residual_stream import Reader
from efasp.sorts import Number
from efasp.syntax import PositionEmbedding, TokenEmbedding

WIDE = (1, 32)


def discharged(plan: Plan, machine: Machine) -> dict[str, str]:
    """Status by obligation; what goes to a solver is "smt"."""
    regime = Regime(32, (machine, plan))
    found = [o for batch in lowering.lowered(regime) for o in batch.build()]
    return {o.id: o.discharge().status if o.discharge else "smt" for o in found}


def stack(plan: Plan, machine: Machine) -> Obligation:
    """The obligation about the whole stack."""
    regime = Regime(32, (machine, plan))
    return next(o for batch in lowering.lowered(regime) for o in batch.build() if o.lemma == "lowering.stack")


def edit(matrix: Matrix, row: int, values: dict[int, Number]) -> Matrix:
    """A matrix with another row."""
    rows = list(matrix.rows)
    rows[row] = tuple(sorted((c, v) for c, v in values.items() if v))
    return Matrix(rows, matrix.columns)


def with_layer(plan: Plan, number: int, **changes: Any) -> Plan:
    """A plan with a changed layer."""
    layers = list(plan.layers)
    layers[number] = dataclasses.replace(layers[number], **changes)
    return dataclasses.replace(plan, layers=tuple(layers))


def scaled(matrix: Matrix, factor: Number) -> Matrix:
    """A matrix times a number."""
    return Matrix([tuple((c, factor * v) for c, v in row) for row in matrix.rows], matrix.columns)


def moved(matrix: Matrix, order: list[int]) -> Matrix:
    """A matrix with its columns renumbered: column c becomes order[c]."""
    return Matrix([tuple(sorted((order[c], v) for c, v in row)) for row in matrix.rows], matrix.columns)


def rewritten(plan: Plan) -> Plan:
    """The same function otherwise: units and heads reversed, units scaled, q times 2 and k by 1/2, coordinates reversed."""
    back = list(range(plan.width))[::-1]

    def out(matrix: Matrix) -> Matrix:
        return Matrix(matrix.rows[::-1], matrix.columns)

    def head(h: Head) -> Head:
        q, k, v = (moved(m, back) for m in (h.q, h.k, h.v))
        return Head(scaled(q, 2), scaled(k, Fraction(1, 2)), scaled(v, 4), scaled(out(h.o), Fraction(1, 4)), h.q_size, h.k_size)

    def layer(old: Layer) -> Layer:
        units = list(range(len(old.bias)))[::-1]
        factors = [2 if unit % 2 else Fraction(1, 2) for unit in units]
        up = moved(old.up, back)
        rows = [tuple((c, f * v) for c, v in up.rows[unit]) for unit, f in zip(units, factors, strict=True)]
        bias = tuple(f * old.bias[unit] for unit, f in zip(units, factors, strict=True))
        down = [tuple((units[u], v / Fraction(factors[units[u]])) for u, v in row) for row in old.down.rows]
        down = [tuple(sorted(row)) for row in down]
        heads = tuple(head(h) for h in old.heads[::-1])
        return Layer(heads, Matrix(rows, plan.width), bias, out(Matrix(down, len(units))))

    return dataclasses.replace(
        plan,
        token=out(plan.token),
        place=out(plan.place),
        layers=tuple(map(layer, plan.layers)),
        out=moved(plan.out, back),
        residents=(),
    )


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
@pytest.mark.parametrize("extension", ["", "M"])
@pytest.mark.parametrize("word", [5, 6])
def test_fresh_plans_are_proved(word: int, engine: str, extension: str) -> None:
    """The compiled plan is the program, layer by layer and as a whole."""
    plan = compile_machine(word, engine, extension)
    found = discharged(plan, Machine(word, engine, extension, WIDE))
    assert len(found) == len(plan.layers) + 1 and set(found.values()) == {"proved"}


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_rewritten_plans_are_proved(engine: str) -> None:
    """Order and scaling leave no trace."""
    plan = rewritten(compile_machine(5, engine, "M"))
    assert set(discharged(plan, Machine(5, engine, "M", WIDE)).values()) == {"proved"}


def test_split_unit_is_proved() -> None:
    """A unit in two halves is the same unit."""
    plan = compile_machine(5, "apmdm")
    old = plan.layers[1]
    last = len(old.bias)
    up = Matrix([*old.up.rows, old.up.rows[0]], plan.width)
    down = [tuple((u, v / 2 if u == 0 else v) for u, v in map(_fraction, row)) for row in old.down.rows]
    down = [(*row, *((last, v) for u, v in row if u == 0)) for row in down]
    twice = with_layer(plan, 1, up=up, bias=(*old.bias, old.bias[0]), down=Matrix(down, last + 1))
    assert set(discharged(twice, Machine(5, "apmdm", "", WIDE)).values()) == {"proved"}


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_split_heads_are_proved(engine: str) -> None:
    """A head in two, each with some of what it reads; or each with half of it."""
    plan = compile_machine(5, engine)
    head, *others = plan.layers[2].heads
    odd = {i for i in range(head.o.columns) if i % 2}

    def some(keep: set[int]) -> Head:
        return dataclasses.replace(
            head, o=Matrix([tuple((c, v) for c, v in row if c in keep) for row in head.o.rows], head.o.columns)
        )

    half = dataclasses.replace(head, o=scaled(head.o, Fraction(1, 2)))
    for first, second in ((some(odd), some(set(range(head.o.columns)) - odd)), (half, half)):
        twice = with_layer(plan, 2, heads=(*others, first, second))
        assert set(discharged(twice, Machine(5, engine, "", WIDE)).values()) == {"proved"}


@pytest.mark.parametrize("seed", [1, 2])
def test_permuted_heads_and_units_are_proved(seed: int) -> None:
    """Any order of the heads and of the hidden units of every layer."""
    rng, plan = Random(seed), compile_machine(5, "apmdm")
    for number, layer in enumerate(plan.layers):
        units = rng.sample(range(len(layer.bias)), len(layer.bias))
        place = {unit: at for at, unit in enumerate(units)}
        down = [tuple(sorted((place[unit], v) for unit, v in row)) for row in layer.down.rows]
        up = Matrix([layer.up.rows[unit] for unit in units], plan.width)
        heads = tuple(rng.sample(layer.heads, len(layer.heads)))
        bias = tuple(layer.bias[unit] for unit in units)
        plan = with_layer(plan, number, heads=heads, up=up, bias=bias, down=Matrix(down, len(units)))
    assert set(discharged(plan, Machine(5, "apmdm", "", WIDE)).values()) == {"proved"}


def test_the_programs_atoms_at_the_sink() -> None:
    """The values assumed at the sink are those of the program there, node by node, for a sequence of the sink alone."""
    for engine in ("mdm", "apmdm"):
        machine = Machine(5, engine, "", WIDE)
        reader = Reader(STEPS[engine](5, ""))
        known = sink_values(reader)
        te, pe = reader.stream.books["te"], reader.stream.books["pe"]
        at = {TokenEmbedding(te): te.codes([te.row("bos")]), PositionEmbedding(pe): pe.codes([pe.row("bos")])}
        nodes = [node for node in reader.of if node not in at]
        for node, values in zip(nodes, evaluate(*nodes, values=at), strict=True):
            forms = reader.of[node]
            assert [f.constant + sum(c * known[a] for a, c in f.terms.items()) for f in forms] == values[0].tolist(), machine


def _fraction(pair: tuple[int, Number]) -> tuple[int, Fraction]:
    return pair[0], Fraction(pair[1])


def test_scores_too_near_are_not_proved() -> None:
    """A head whose scores are 1/1024 of the program's is the same for hard attention, but softmax would leak."""
    plan = compile_machine(5, "mdm")
    heads = list(plan.layers[0].heads)
    heads[0] = dataclasses.replace(heads[0], q=scaled(heads[0].q, Fraction(1, 1024)))
    found = discharged(with_layer(plan, 0, heads=tuple(heads)), Machine(5, "mdm", "", WIDE))
    assert found["lowering.layer[w=5,engine=mdm,ext=none,layer=1]"] == "unknown"


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
@pytest.mark.parametrize("part", ["flag", "bit", "bias"])
def test_wrong_read_out_is_refuted(engine: str, part: str) -> None:
    """A sign of the read-out flipped, a bit read from elsewhere, a flag always on: a state on which the plan is wrong."""
    plan = compile_machine(5, engine)
    kinds = len(plan.vocabulary.kinds)
    if part == "bias":
        wrong = dataclasses.replace(plan, out_bias=(plan.out_bias[0] + 5, *plan.out_bias[1:]))
        row = 0
    else:
        row = 0 if part == "flag" else kinds + 2
        wrong = dataclasses.replace(plan, out=edit(plan.out, row, {c: -v for c, v in plan.out.rows[row]}))
    verdict = stack(wrong, Machine(5, engine, "", WIDE)).discharge()
    assert verdict.status == "refuted" and verdict.countermodel["expected"] != verdict.countermodel["got"]
    assert verdict.countermodel["deviates"] == [f"read-out, row {row}"]


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_flipped_layer_is_refuted_where_it_is(engine: str) -> None:
    """The last layer's units taken with the other sign: the layers before it are proved."""
    plan = compile_machine(5, engine)
    last = len(plan.layers)
    wrong = with_layer(plan, last - 1, down=scaled(plan.layers[-1].down, -1))
    found = discharged(wrong, Machine(5, engine, "", WIDE))
    assert found[f"lowering.stack[w=5,engine={engine},ext=none]"] == "refuted"
    assert all(found[f"lowering.layer[w=5,engine={engine},ext=none,layer={n}]"] == "proved" for n in range(1, last))


def test_a_wrong_bias_names_its_weight_whatever_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bias off by one: a state on which the plan is wrong, and the weight. On a machine so slow that there is never any time,
    the plan has the same obligations with the same texts."""
    plan = compile_machine(5, "apmdm")
    bias = plan.layers[2].bias
    wrong = with_layer(plan, 2, bias=(bias[0] + 1, *bias[1:]))

    def made() -> dict[tuple[str, str, str], Obligation]:
        found = lowering.Comparison(Machine(5, "apmdm", "", WIDE), wrong, 32).obligations()
        return {(o.id, o.kind, o.content): o for o in found}

    monkeypatch.setattr(lowering.sat_sweeping, "RUN", 2)
    usual = made()
    (verdict,) = (o.discharge() for o in usual.values() if o.lemma == "lowering.stack" and o.discharge)
    assert verdict.status == "refuted"
    assert verdict.countermodel["weights"] == [f"layer 3 bias[0, 0]: {bias[0]} in a fresh compile, {bias[0] + 1} here"]
    monkeypatch.setattr("efasp.proofs.obligation.monotonic", itertools.count(0, 1000).__next__)
    assert list(made()) == list(usual)


def test_equivalent_weight_goes_to_a_solver() -> None:
    """A deviation that no state shows is not proved by running states: it becomes an SMT obligation."""
    plan = compile_machine(5, "apmdm")
    row = plan.vocabulary.width  # the remask bit: 0 or 1, and what counts is whether it exceeds 1/2
    scale = dataclasses.replace(plan, out=edit(plan.out, row, {c: 2 * v for c, v in plan.out.rows[row]}))
    comparison = lowering.Comparison(Machine(5, "apmdm", "", WIDE), scale, 32)
    comparison.__dict__["case"] = None  # as if no state had shown it
    (found,) = (o for o in comparison.obligations() if o.lemma == "lowering.stack")
    assert (
        found.kind == "smt"
        and "(set-logic QF_LRA)" in found.content
        and found.hypotheses
        in found.content.replace(found.content[found.content.index("(assert (not") : found.content.index("(check-sat)")], "")
    )


def test_larger_bits_go_to_a_solver() -> None:
    """A bit of masked diffusion's read-out twice as large: of the same sign, which the script asks of the program's values."""
    plan = compile_machine(5, "mdm")
    row = len(plan.vocabulary.kinds) + 1
    scale = dataclasses.replace(plan, out=edit(plan.out, row, {c: 2 * v for c, v in plan.out.rows[row]}))
    comparison = lowering.Comparison(Machine(5, "mdm", "", WIDE), scale, 32)
    comparison.__dict__["case"] = None
    (found,) = (o for o in comparison.obligations() if o.lemma == "lowering.stack")
    assert found.kind == "smt" and "; step.sorts: nodes" in found.hypotheses


@pytest.mark.parametrize(("extension", "count"), [("", 4), pytest.param("M", 12, marks=pytest.mark.slow)])
def test_states_pass_the_fresh_plan(extension: str, count: int) -> None:
    """The states that look for a wrong weight find none in a fresh plan."""
    for engine in ("mdm", "apmdm"):
        plan, machine = compile_machine(5, engine, extension), Machine(5, engine, extension, WIDE)
        assert machine_states.first_failure(plan, machine, count) is None
