"""The statement's transformer and generation, as extracted, against the plans and the decoders that run."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.encoding import LogLayout, TokenSequence
from efasp.exact import Matrix
from efasp.model.compile import codebooks, compile_machine
from efasp.model.decode import any_process, masked_diffusion
from efasp.model.plan import Head, Layer, Plan
from efasp.pram import machine
from efasp.process import g
from efasp.sorts import Number
from tests.efasp.pram.engines import transformer
from tests.efasp.pram.strategies import programs
from tests.proofs.rocq.extracted import EXTENSIONS, LAYOUTS, TINY, needs_coqc, parts, plan_file, run


@needs_coqc
@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(168, 171), st.integers(0, 168), st.tuples(*[st.booleans()] * 3)), max_size=8))
def test_algorithm_1(folder: Path, positions: list[tuple[int, int, tuple[bool, bool, bool]]]) -> None:
    """The statement's g is the package's; 169 is the mask at w = 5."""
    text = "\n".join(f"{x} {y} {''.join(str(int(bit)) for bit in c)}" for x, y, c in positions)
    found = run(folder, "g", TINY, "", given=text)
    x, y = (np.array([p[i] for p in positions], dtype=np.int64) for i in (0, 1))
    control = np.array([p[2] for p in positions], dtype=bool).reshape(-1, 3)
    assert found == [g(x, y, control, 169).tolist()]


@needs_coqc
@pytest.mark.parametrize("extension", ["", "M"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_read_out(folder: Path, name: str, extension: str) -> None:
    """The statement's transformer gives the plan's read-out, exactly; also with many maximisers and with fractions."""
    layout = LAYOUTS[name].of(TINY, extension)
    plan = compile_machine(5, {"log": "mdm", "cells": "apmdm"}[name], extension)
    opening = layout.opening(TINY)  # type: ignore[attr-defined]
    if isinstance(layout, LogLayout):
        opening = TokenSequence(*(np.concatenate([a, b]) for a, b in zip(parts(opening), parts(layout.masks(1)), strict=True)))
    for weights in (plan, halved(plan)):
        found = run(folder, "outputs", TINY, extension, name, 1, plan_file(folder, weights))
        expected = weights.forward(opening.tokens, opening.places).tolist()
        assert [[Fraction(value) for value in row] for row in found] == expected


def halved(plan: Plan) -> Plan:
    """A plan whose queries are 0 (all positions tie) and whose read-out is multiplied by a third."""
    layers = [replace(layer, heads=tuple(replace(head, q=scaled(head.q, 0)) for head in layer.heads)) for layer in plan.layers]
    return replace(plan, layers=tuple(layers), out=scaled(plan.out, Fraction(1, 3)))


def scaled(matrix: Matrix, factor: Number) -> Matrix:
    """A matrix times a number."""
    return Matrix([tuple((i, c * factor) for i, c in row) for row in matrix.rows], matrix.columns)


def random_plan(rng: Random, name: str) -> Plan:
    """A plan of d_model 4 with small random fractions: layers with several heads, with none, and without feed-forward block."""
    width, (vocabulary, places) = 4, codebooks(5, {"log": "mdm", "cells": "apmdm"}[name], "")

    def number() -> Number:
        return rng.choice([0, 1, -1, 2, Fraction(1, 2), Fraction(-2, 3)])

    def matrix(count: int, columns: int) -> Matrix:
        drawn = [[(column, number()) for column in range(columns)] for _ in range(count)]
        return Matrix([tuple((column, value) for column, value in row if value) for row in drawn], columns)

    def head() -> Head:
        return Head(matrix(2, width), matrix(2, width), matrix(3, width), matrix(width, 3), (), ())

    def layer(heads: int, hidden: int) -> Layer:
        bias = tuple(number() for _ in range(hidden))
        return Layer(tuple(head() for _ in range(heads)), matrix(hidden, width), bias, matrix(width, hidden))

    token, place, out = matrix(width, vocabulary.width), matrix(width, places.width), matrix(3, width)
    layers = (layer(3, 2), layer(0, 2), layer(2, 0))
    return Plan(name, vocabulary, places, width, token, place, layers, out, (0, 1, Fraction(1, 3)), ())


@needs_coqc
@pytest.mark.parametrize("name", LAYOUTS)
def test_read_out_of_random_plans(folder: Path, name: str) -> None:
    """Heads of one layer see the same stream, and every number is exact, whatever the plan."""
    for seed in range(4):
        plan = random_plan(Random(f"{name} {seed}"), name)
        opening = LAYOUTS[name].of(TINY, "").opening(TINY)  # type: ignore[attr-defined]
        found = run(folder, "outputs", TINY, "", name, 0, plan_file(folder, plan))
        assert [[Fraction(value) for value in row] for row in found] == plan.forward(opening.tokens, opening.places).tolist()


@needs_coqc
@pytest.mark.parametrize("order", ["all", *(pytest.param(order, marks=pytest.mark.slow) for order in ("first", "last"))])
@settings(max_examples=6)
@given(st.data(), EXTENSIONS)
def test_masked_diffusion(folder: Path, order: str, data: st.DataObject, extension: str) -> None:
    """Token for token as torch, in the same number of passes; one position a pass gives the same in 3 P T passes."""
    small = {"max_length": 5, "max_processors": 2, "max_memory": 3}
    program, steps = data.draw(programs(extension, (5, 6), ("priority",), **small)), 2  # type: ignore[arg-type]
    plan = plan_file(folder, compile_machine(program.word, "mdm", extension))
    passes = run(folder, "mdm", program, extension, steps, plan, order)
    weights = transformer(program.word, "mdm", extension)
    states = list(islice(masked_diffusion(program, weights.transformer, extension, context_steps=steps), steps))
    assert all(one["decided"] for one in passes)
    assert passes[-1]["tokens"] == states[-1].sequence.tokens.tolist()
    if order == "all":
        assert len(passes) == 1 + steps == 1 + states[-1].passes
        for one, state in zip(passes[1:], states, strict=True):
            assert one["tokens"][: len(state.sequence)] == state.sequence.tokens.tolist()
    else:
        assert len(passes) == 1 + 3 * program.processors * steps


@needs_coqc
@settings(max_examples=6)
@given(st.data(), EXTENSIONS)
def test_any_process(folder: Path, data: st.DataObject, extension: str) -> None:
    """Token for token as torch, and nothing changes once all processors have stopped."""
    small = {"max_length": 4, "max_processors": 2, "max_memory": 3}
    program = data.draw(programs(extension, (5,), ("priority",), **small))  # type: ignore[arg-type]
    plan = plan_file(folder, compile_machine(5, "apmdm", extension))
    steps = min(4, machine.run(program, 10).steps + 1)
    _, *passes = run(folder, "apmdm", program, extension, steps, plan)
    states = list(islice(any_process(program, transformer(5, "apmdm", extension).transformer, extension), steps))
    tokens = [state.sequence.tokens.tolist() for state in states]
    assert passes == tokens + tokens[-1:] * (steps - len(tokens))


@needs_coqc
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_a_lead_of_less_than_1_decides_nothing(folder: Path, engine: str) -> None:
    """A read-out that is a third of a code leads by 2/3 at most, and is not decided; twice a code leads by 2, and is."""
    plan, order = compile_machine(5, engine), ["all"] if engine == "mdm" else []
    bits = 0 if engine == "mdm" else 3  # the control bits stay as they are
    found = {}
    for factor in (Fraction(1, 3), 1, 2):
        count = len(plan.out.rows) - bits
        out = Matrix([*scaled(Matrix(plan.out.rows[:count], plan.width), factor).rows, *plan.out.rows[count:]], plan.width)
        bias = tuple(b * (factor if row < count else 1) for row, b in enumerate(plan.out_bias))
        found[factor] = run(folder, engine, TINY, "", 2, plan_file(folder, replace(plan, out=out, out_bias=bias)), *order)
    assert found[2] == found[1] and len(found[1]) == 3
    first = found[1][0]
    assert found[Fraction(1, 3)] == ([first | {"decided": False}] if engine == "mdm" else [first, None])


@needs_coqc
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_broken_weights_do_not_run(folder: Path, engine: str) -> None:
    """With a layer's feed-forward block or attention left out, the sequence is another, or nothing is decided."""
    plan, order = compile_machine(5, engine), ["all"] if engine == "mdm" else []
    right = run(folder, engine, TINY, "", 4, plan_file(folder, plan), *order)
    for number, layer in enumerate(plan.layers):
        for broken in (replace(layer, down=scaled(layer.down, 0)), replace(layer, heads=())):
            if layer == broken or not layer.bias:
                continue
            layers = (*plan.layers[:number], broken, *plan.layers[number + 1 :])
            wrong = plan_file(folder, replace(plan, layers=layers))
            assert run(folder, engine, TINY, "", 4, wrong, *order) != right
