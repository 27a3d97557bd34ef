"""The serial program: one PRAM processor decodes plans as they decode themselves, in the steps that its loops say."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import lcm
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.codebook import Codebook
from efasp.encoding import LogLayout, join
from efasp.exact import Matrix
from efasp.examples import EXAMPLES, Example
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model.compile import compile_machine
from efasp.model.lower import lower
from efasp.model.plan import Head, Layer, Plan, Resident
from efasp.model.ranges import RangeError
from efasp.model.serial_program import Numbers, SerialProgram, Sizes, serial_program
from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.proofs.lemmas.resources_serial import dense, misplaced, steps

STEP_LIMIT = 1 << 40


def ran(serial: SerialProgram) -> tuple[list[int], int, machine.Run]:
    """Tokens and passes after a run in the reference machine, whose steps must be those that are counted."""
    run = machine.run(serial.program, STEP_LIMIT)
    memory = run.configuration.memory
    passes = memory[serial.passes]
    assert run.configuration.status == ("halted",)
    assert run.steps == steps(serial.sizes, passes)
    return serial.read(memory), passes, run


def in_numpy(plan: Plan, tokens: list[int], places: Any = None) -> np.ndarray:
    """The read-out by dense matrices in float64 and a comparison of whole score matrices; shares nothing with the program."""

    def matrix(m: Matrix) -> np.ndarray:
        out = np.zeros((len(m.rows), m.columns))
        for at, row in enumerate(m.rows):
            for column, coefficient in row:
                out[at, column] = float(coefficient)
        return out

    rows = np.stack([np.zeros(len(tokens), int), np.arange(len(tokens))], axis=1) if places is None else places
    codes = plan.vocabulary.codes(plan.vocabulary.rows(tokens)), plan.places.codes(rows)
    h = codes[0] @ matrix(plan.token).T + codes[1] @ matrix(plan.place).T
    for layer in plan.layers:
        update = h
        for head in layer.heads:
            scores = (h @ matrix(head.q).T) @ (h @ matrix(head.k).T).T
            best = scores == scores.max(axis=1, keepdims=True)
            update = update + (best @ (h @ matrix(head.v).T) / best.sum(axis=1, keepdims=True)) @ matrix(head.o).T
        hidden = update @ matrix(layer.up).T + np.array([float(b) for b in layer.bias]).reshape(1, -1)
        h = update + np.maximum(hidden, 0) @ matrix(layer.down).T
    return np.asarray(h @ matrix(plan.out).T + np.array([float(b) for b in plan.out_bias]))


def rewritten(example: Example, ids: list[int], passes: int) -> list[int]:
    """The tokens after so many passes in numpy in which every token is replaced."""
    plan = lower(example.program)
    for _ in range(passes):
        ids = plan.vocabulary.read(in_numpy(plan, ids)).tolist()
    return ids


@pytest.mark.parametrize("text", ["a", "ab", "abcdd"])
def test_reverse(text: str) -> None:
    """One pass writes the text backwards."""
    example = EXAMPLES["reverse"]
    tokens, passes, _ = ran(serial_program(lower(example.program), example.encode(text), every=True, limit=1))
    assert passes == 1
    assert tokens == example.encode(text[::-1]) == rewritten(example, example.encode(text), 1)


@pytest.mark.parametrize("text", ["1", "10", "0111"])
def test_parity(text: str) -> None:
    """Passes that replace every token come to rest, and the first token is the parity, as of the plan in numpy."""
    example = EXAMPLES["parity"]
    ids = example.encode(text)
    tokens, passes, _ = ran(serial_program(lower(example.program), ids, every=True, limit=len(ids) + 2))
    assert tokens == rewritten(example, ids, passes) == rewritten(example, ids, passes + 1)
    assert example.vocabulary.split(tokens[0])[0] == example.oracle(text)


@pytest.mark.parametrize(("name", "text"), [("parity", "101"), ("parity", "1110"), ("dyck1", "()")])
def test_masked_diffusion(name: str, text: str) -> None:
    """Masks of a tree are unmasked level by level; what is unmasked stays; the answer is right."""
    example = MASKED_EXAMPLES[name]
    opening = example.opening(text)
    tokens, passes, _ = ran(serial_program(lower(example.decoder.program), opening))
    mask = example.decoder.vocabulary.token("mask")
    assert passes == opening.count(mask).bit_length()
    assert all(before in (mask, after) for before, after in zip(opening, tokens, strict=True))
    assert mask not in tokens and example.answer(tokens[1]) == example.oracle(text)


@pytest.mark.parametrize(("text", "ties", "halts"), [("11", 1, True), ("110", 1, False), ("110", 3, True), ("11110", 3, False)])
def test_a_mean_that_is_no_integer_faults(text: str, ties: int, halts: bool) -> None:
    """With values held times 3 a mean of three is exact; one that is not faults at a store, and gives no tokens."""
    example = EXAMPLES["majority"]
    serial = serial_program(lower(example.program), example.encode(text), every=True, limit=1, ties=ties)
    run = machine.run(serial.program, STEP_LIMIT)
    assert run.configuration.status == ("halted" if halts else "store",)
    if halts:
        assert serial.read(run.configuration.memory) == example.encode(example.oracle(text))


def test_pieces_of_numbers() -> None:
    """At a compiled machine the sizes are those of its matrices, and at most those of dense ones."""
    plan = compile_machine(5, "mdm")
    sizes = Sizes.of(Numbers(plan, 20))
    matrices = [plan.token, plan.place, *(m for x in plan.layers for m in (x.up, x.down))]
    matrices += [m for x in plan.layers for head in x.heads for m in (head.q, head.k, head.v, head.o)]
    entries = sum(len(row) for m in matrices for row in m.rows)
    bound = dense(plan.shape, plan.vocabulary.width + plan.places.width, 20)
    assert entries < sizes.entries <= bound["E"]
    assert (sizes.heads, sizes.sublayers) == (14, 11)


# Random plans.

BOOK, PLACES = Codebook.symbols("text", ("a", "b", "mask")), Codebook.index(2)
WIDTH = 3
SMALL: list[int | Fraction] = [0, 0, 1, -1, 2, Fraction(1, 2), Fraction(-3, 2), Fraction(1, 3)]
COEFFICIENT = st.sampled_from(SMALL)
BOUND = 10**4  # of every coordinate of a random plan; far more than it reaches


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of up to two layers of up to two heads, with small fractions everywhere, for three letters."""

    def matrix(rows: int, columns: int) -> Matrix:
        table = draw(st.lists(st.lists(COEFFICIENT, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
        return Matrix([tuple((i, c) for i, c in enumerate(row) if c) for row in table], columns)

    def numbers(count: int) -> tuple[Any, ...]:
        return tuple(draw(st.lists(COEFFICIENT, min_size=count, max_size=count)))

    layers = []
    for _ in range(draw(st.integers(1, 2))):
        heads = []
        for _ in range(draw(st.integers(0, 2))):
            d_qk, d_v = draw(st.integers(1, 2)), draw(st.integers(1, 2))
            q, k = matrix(d_qk, WIDTH), matrix(d_qk, WIDTH)
            sizes = tuple([100] * d_qk)
            heads.append(Head(q, k, matrix(d_v, WIDTH), matrix(WIDTH, d_v), sizes, sizes))
        units = draw(st.integers(0, 2))
        layers.append(Layer(tuple(heads), matrix(units, WIDTH), numbers(units), matrix(WIDTH, units)))
    token, place = matrix(WIDTH, BOOK.width), matrix(WIDTH, PLACES.width)
    residents = tuple(Resident(at, f"x{at}", 0, 2 * len(layers) + 1, -BOUND, BOUND) for at in range(WIDTH))
    out = matrix(BOOK.width, WIDTH)
    return Plan("random", BOOK, PLACES, WIDTH, token, place, tuple(layers), out, numbers(BOOK.width), residents)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plans(), st.lists(st.integers(0, 2), min_size=1, max_size=3), st.booleans())
def test_random_plans(plan: Plan, text: list[int], every: bool) -> None:
    """The exact read-out of the last pass, the tokens and the steps; constants and tables are as the count rests on."""
    ties = lcm(*range(1, len(text) + 1))
    try:
        serial = serial_program(plan, text, every=every, limit=2, ties=ties)
    except RangeError as error:
        assert "layer" in str(error) or "read-out" in str(error)
        return
    assert list(misplaced(serial)) == []
    tokens, passes, run = ran(serial)
    mask, before = BOOK.token("mask"), list(text)
    for _ in range(passes):
        outputs = plan.forward(before)
        predicted = BOOK.read(outputs).tolist()
        after = [new if new != mask and (every or old == mask) else old for old, new in zip(before, predicted, strict=True)]
        last, before = outputs, after
    assert tokens == before
    assert serial.read_out(run.configuration.memory) == [list(row[:3]) for row in last.tolist()]


# The universal machine.


@pytest.mark.slow
def test_a_pram_runs_an_mdm_that_runs_a_pram() -> None:
    """Two lines at w = 5: the log of both steps is unmasked in two passes, and is that of the machine."""
    program = assemble("mov r1, 3\nhalt", word=5, memory=1)
    layout, plan = LogLayout.of(program, ""), compile_machine(5, "mdm")
    assert isinstance(layout, LogLayout)
    sequence = join([layout.opening(program), layout.ahead(1, 2)])
    serial = serial_program(plan, sequence.tokens, sequence.places)
    assert list(misplaced(serial)) == []
    tokens, passes, _ = ran(serial)
    assert passes == 2
    state = machine.initial(program)
    for time in (1, 2):
        state = layout.apply(state, layout.events(np.array(tokens)[layout.times(time)], f"step {time}"))
    assert state == machine.run(program).configuration


# Refusals.


def test_refused_plans_and_sequences() -> None:
    """A plan that is too wide is refused with its layer; other readings, tokens and numbers with what is wrong."""
    majority, ids = lower(EXAMPLES["majority"].program), EXAMPLES["majority"].encode("1" * 50)
    with pytest.raises(RangeError, match=r"expected numbers of at most 64 bits, found \d+ bits \(layer 1, hidden units\)"):
        serial_program(majority, ids, ties=lcm(*range(1, 51)))
    with pytest.raises(RangeError, match=r"found 65 bits \(layer 1, head 3, sums of 1073741824 values\)"):
        assert Numbers(compile_machine(30, "mdm"), 1 << 30).word
    with pytest.raises(ValueError, match="expected a read-out of 36 numbers, the token's, found 39"):
        serial_program(compile_machine(5, "apmdm"), [0])
    with pytest.raises(ValueError, match=r"expected token ids in 0\.\.1, found 5\.\.5"):
        serial_program(majority, [5])
    for limit, ties in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="expected a token, a pass and ties of 1 at least"):
            serial_program(majority, [0], limit=limit, ties=ties)
    with pytest.raises(ValueError, match="found 0, 0 and 1"):
        serial_program(majority, [])


def test_every_short_sequence_of_a_masked_plan() -> None:
    """All sequences of two tokens of masked parity, in numpy and in the machine, token for token."""
    plan = lower(MASKED_EXAMPLES["parity"].decoder.program)
    mask = plan.vocabulary.token("mask")
    for text in product(range(3), repeat=2):
        tokens, passes, _ = ran(serial_program(plan, text))
        wanted = list(text)
        for _ in range(passes):
            predicted = plan.vocabulary.read(in_numpy(plan, wanted)).tolist()
            wanted = [new if old == mask else old for old, new in zip(wanted, predicted, strict=True)]
        assert tokens == wanted
