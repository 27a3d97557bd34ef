"""Lowering: evaluate = plan = torch bit for bit; shapes and bounds; a wrong plan is noticed."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.attention import rightmost_match
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.evaluate import evaluate, place_rows
from efasp.exact import Matrix
from efasp.language.program import parse
from efasp.model.compile import STEPS, compile_machine
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.ranges import WIDEST, RangeError, dtype_for, ranges
from efasp.model.transformer import Transformer
from efasp.pointwise import number, signed, unsigned
from efasp.pram import isa, machine
from efasp.pram.machine import Program as Machine
from efasp.sorts import Flag, Int, SortError
from efasp.syntax import Node, Parameter, Program, concat, relu
from tests.efasp.pram.strategies import configurations, programs
from tests.model.compiled import plan, transformer

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))
SMALL = programs(words_of=(5, 7), max_length=5, max_processors=3, max_memory=4)


def sequence_of(data: st.DataObject, engine: str) -> tuple[Machine, TokenSequence]:
    """A sequence from the middle of a run: the log with a block partly unmasked, or any cells."""
    program = data.draw(SMALL)
    if engine == "apmdm":
        return program, CellLayout.of(program, "M").encode(program, data.draw(configurations(program)))
    layout = LogLayout.of(program, "M")
    whole = join([layout.prompt(program), layout.start(), layout.masks(1), layout.masks(2)])
    tokens_ = whole.tokens.copy()
    for place in data.draw(st.sets(st.integers(1, layout.block_length))):
        tokens_[len(layout.prompt(program)) + layout.block_length + place - 1] = layout.vocabulary.token("word", place % 31)
    return program, TokenSequence(tokens_, whole.places)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
@settings(RELAXED, max_examples=25)
@given(data=st.data())
def test_evaluate_plan_and_torch_agree(engine: str, data: st.DataObject) -> None:
    """Bit for bit, the read-outs of all three and the residual stream after every sublayer; every value of its sort."""
    program, sequence = sequence_of(data, engine)
    compiled = plan(program.word, engine)
    source = STEPS[engine](program.word, "M").output
    (exact,) = evaluate(source, tokens=sequence.tokens, positions=sequence.places, check=True)
    assert np.array_equal(compiled.forward(sequence.tokens, sequence.places), exact)
    assert np.array_equal(transformer(program.word, engine).outputs(sequence.tokens, sequence.places), exact)
    states = compiled.states(compiled.embed(sequence.tokens, sequence.places))
    found = transformer(program.word, engine).states(sequence.tokens, sequence.places)
    for wanted, got in zip([*states, exact], found, strict=True):
        assert np.array_equal(wanted, got)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_residents_are_within_their_bounds(engine: str) -> None:
    """On a run, every residual coordinate holds what its resident's interval says, as long as it can be read."""
    program = Machine(STEP_PROGRAM, 6, 3, 5, "priority", (1, 2, 3, 4, 5))
    state = machine.initial(program)
    compiled = plan(6, engine)
    for _ in range(4):
        state = machine.step(program, state)
        if engine == "apmdm":
            sequence = CellLayout.of(program, "M").encode(program, state)
        else:
            layout = LogLayout.of(program, "M")
            sequence = join([layout.prompt(program), layout.start(), layout.masks(1)])
        for sublayer, values in enumerate(compiled.states(compiled.embed(sequence.tokens, sequence.places))):
            for resident in compiled.alive(sublayer):
                column = values[:, resident.coordinate]
                assert resident.low <= column.min() and column.max() <= resident.high, (sublayer, resident)


STEP_PROGRAM = machine.Program((), 5).instructions + tuple(
    isa.Instruction(*fields) for fields in (("pid", 0), ("ld", 1, 0, 1), ("add", 2, 1, isa.Reg(0)), ("st", 2, 0, 0), ("halt",))
)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_shapes(engine: str) -> None:
    """Depth is constant, d_model at most 12 w + 96, d_ff linear without M and at most quadratic with it."""
    widths = range(5, 21)
    shapes = {w: compile_machine(w, engine, "").shape for w in widths}
    assert {len(shape["layers"]) for shape in shapes.values()} == {5}
    assert all(shapes[w]["d_model"] <= 12 * w + 96 for w in widths)
    feed = {w: max(row["d_ff"] for row in shapes[w]["layers"]) for w in widths}
    assert all(feed[w + 2] - 2 * feed[w + 1] + feed[w] == 0 for w in range(14, 19)) and max(feed.values()) <= 16 * 20 + 64
    wide = {w: compile_machine(w, engine, "M").shape for w in (5, 9, 13, 17)}
    assert {len(shape["layers"]) for shape in wide.values()} == {6}
    assert all(max(row["d_ff"] for row in shape["layers"]) <= 3 * w * w + 64 for w, shape in wide.items())


def test_dtypes() -> None:
    """float32 holds the narrow machines, float64 wider ones; from a width on the package refuses."""
    chosen = {("mdm", ""): (17, 45), ("apmdm", ""): (17, 46), ("mdm", "M"): (16, 42), ("apmdm", "M"): (16, 42)}
    for (engine, extension), (single, double) in chosen.items():
        dtypes = [dtype_for(compile_machine(w, engine, extension)) for w in (single, single + 1, double)]
        assert dtypes == ["float32", "float64", "float64"]
        with pytest.raises(RangeError, match="expected sums of at most 2\\^53, found"):
            dtype_for(compile_machine(double + 1, engine, extension))
    assert {key: double for key, (_, double) in chosen.items()} == WIDEST
    assert {r.where for r in ranges(compile_machine(5, "mdm"))} >= {"embedding", "layer 1, head 0, scores", "read-out"}


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_coordinates(engine: str) -> None:
    """Coordinates are named, never shared by two values at once, and used again once nothing reads them."""
    compiled = compile_machine(16, engine)
    assert all(resident.name for resident in compiled.residents)
    for sublayer in range(2 * len(compiled.layers) + 1):
        held = [resident.coordinate for resident in compiled.alive(sublayer)]
        assert len(held) == len(set(held))
    assert len(compiled.residents) > compiled.width


def broken(compiled: Plan, change) -> Plan:
    """The plan with one row of a feed-forward block changed."""
    number_, layer = next((i, layer) for i, layer in enumerate(compiled.layers) if i == 2)
    layers = list(compiled.layers)
    layers[number_] = change(layer)
    return dataclasses.replace(compiled, layers=tuple(layers))


def test_wrong_plans_are_noticed() -> None:
    """A flipped sign, a bias off by one and a dropped erasure each make the plan differ from the program."""
    program = Machine(STEP_PROGRAM, 5, 3, 5, "priority", (1, 2, 3, 4, 5))
    state = machine.step(program, machine.step(program, machine.initial(program)))
    sequence = CellLayout.of(program, "M").encode(program, state)
    compiled = plan(5, "apmdm")
    (exact,) = evaluate(STEPS["apmdm"](5, "M").output, tokens=sequence.tokens, positions=sequence.places)

    def flip(layer):
        rows = list(layer.down.rows)
        at = next(i for i, row in enumerate(rows) if row)
        rows[at] = tuple((c, -v) for c, v in rows[at])
        return dataclasses.replace(layer, down=Matrix(rows, layer.down.columns))

    def shift(layer):
        return dataclasses.replace(layer, bias=tuple(b + 1 for b in layer.bias))

    def keep(layer):
        rows = [tuple((c, v) for c, v in row if c < len(layer.bias) - 1) for row in layer.down.rows]
        return dataclasses.replace(layer, down=Matrix(rows, layer.down.columns))

    assert np.array_equal(compiled.forward(sequence.tokens, sequence.places), exact)
    for change in (flip, shift, keep):
        found = broken(compiled, change)
        states = [p.states(p.embed(sequence.tokens, sequence.places))[-1] for p in (compiled, found)]
        assert not np.array_equal(*states)


def test_users_own_program() -> None:
    """Ten lines: at every position the last earlier payload under the same key; all three readings agree."""
    kinds = (Kind("sink"), Kind("pair", ("key",)))
    book = Codebook("pairs", kinds, (("key", 3),), (Field("key_bits", "key"),))
    te, pe = tokens(book), positions(Codebook.index(6))
    program = Program("last")
    key = te.field("key_bits")
    place = program.let("place", rightmost_match(key, key, pe.field("number"), pe.field("number"), te.flag("sink")))
    program.let("output", concat(place, number(key, te.flag("pair"))))
    text = [book.token("sink"), *(book.token("pair", k) for k in (3, 5, 3, 0, 5, 5, 3))]
    (exact,) = evaluate(program.output, tokens=text, check=False)
    assert exact[:, 0].tolist() == [0, 7, 6, 7, 4, 6, 6, 7] and exact[1:, 1].tolist() == [3, 5, 3, 0, 5, 5, 3]
    compiled = lower(program)
    assert np.array_equal(compiled.forward(text), exact)
    found = Transformer.of(compiled).outputs(np.array(text), place_rows(None, len(text)))
    assert np.array_equal(found, exact.astype(float))
    assert signed(unsigned(key, te.flag("pair")), te.flag("pair")).sort.width == 3


def test_a_head_does_not_read_what_it_gives() -> None:
    """A value that rests on the outputs of a head with the same queries and keys is read by another head; others share one."""
    text = """
        tokens "ab"
        places 3
        let back = aha([2*PE.number - 2*PE.one, -PE.one], [PE.number, PE.square], TE.a)
        let twice = aha([2*PE.number - 2*PE.one, -PE.one], [PE.number, PE.square], back)
        let other = aha([2*PE.number - 2*PE.one, -PE.one], [PE.number, PE.square], relu(back - TE.b))
        let beside = aha([2*PE.number - 2*PE.one, -PE.one], [PE.number, PE.square], TE.b)
        output """
    for output, heads in (("twice", 2), ("back + 3*twice", 2), ("[twice, other, beside]", 3), ("back + 2*beside", 1)):
        program = parse(f"{text}{output}\n").program
        compiled = lower(program)
        assert sum(len(layer.heads) for layer in compiled.layers) == heads
        for ids in product(range(2), repeat=5):
            (wanted,) = evaluate(program.output, tokens=ids)
            assert np.array_equal(compiled.forward(ids), wanted)


def test_what_lowering_refuses() -> None:
    """A free parameter, a program without tokens; and weights that a dtype does not hold."""
    free: Node = Parameter("x", Int(0, 3))
    te, pe = tokens(Codebook.symbols("v", "ab")), positions(Codebook.index(2))
    for root, expected in ((relu(free), "parameter x"), (relu(pe.field("number")), "reads its tokens")):
        with pytest.raises(SortError, match=expected):
            lower(Program("p", {"out": root}))
    third = Program("p", {"out": relu(te.flag("a") * Fraction(1, 3)) + te.flag("b")})
    with pytest.raises(ValueError, match="holds exactly, found 1/3"):
        Transformer.of(lower(third), "float32")
    assert te.flag("a").sort == Flag()
