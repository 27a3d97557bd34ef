"""The statement's semantics, as extracted, against what runs: machine, tokens, places, sequences, generation, transformer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.encoding import CellLayout, EncodingError, Layout, LogLayout, TokenSequence
from efasp.exact import Matrix
from efasp.model.compile import codebooks, compile_machine
from efasp.model.decode import any_process, masked_diffusion
from efasp.model.plan import Head, Layer, Plan
from efasp.pram import library, machine
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import POLICIES, Configuration, Program
from efasp.process import g
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import instruction_text, plan_text, program_text
from efasp.sorts import Number
from tests.efasp import test_encoding as drawn
from tests.efasp.pram.engines import needed, transformer
from tests.efasp.pram.strategies import programs

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")
WORDS = (5, 6, 8, 16)
EXTENSIONS = st.sampled_from(["", "M"])
LAYOUTS: dict[str, type[Layout]] = {"log": LogLayout, "cells": CellLayout}
SIZES = {"list_rank": 4}  # of the instances of the library, where 2 is too small
TINY = Program(
    (
        Instruction("pid", rd=1),
        Instruction("st", rd=1, x=0),  # both store to address 0: processor 0 wins
        Instruction("ld", rd=2, ra=1, x=2),  # processor 1 loads outside
        Instruction("halt"),
    ),
    word=5,
    processors=2,
    memory=3,
    data=(9, 8, 7),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the texts that the kernel reads are written."""
    return tmp_path_factory.mktemp("kernel")


@cache
def built() -> Path:
    """The program."""
    return build.programs(["pram-kernel"])["pram-kernel"]


def run(folder: Path, command: str, program: Program, extension: str, *arguments: object, given: str = "") -> list[Any]:
    """What the kernel prints of a program."""
    path = folder / "program"
    path.write_text(program_text(program, extension))
    return kernel.run(built(), command, str(path), *map(str, arguments), given=given)


def plan_file(folder: Path, plan: Plan) -> Path:
    """A plan as text."""
    path = folder / "plan"
    path.write_text(plan_text(plan))
    return path


def configuration(found: dict[str, Any]) -> Configuration:
    """A configuration that the kernel printed."""
    status, pc, registers = zip(*found["processors"], strict=True)
    return Configuration(tuple(found["memory"]), tuple(map(tuple, registers)), pc, status)


def agrees(folder: Path, program: Program, extension: str, steps: int) -> list[Configuration]:
    """Asserts that the statement's PRAM passes through the machine's configurations and faults; gives the configurations."""
    *found, faults = run(folder, "reference", program, extension, steps)
    trace = list(islice(machine.trace(program), steps + 1))
    assert list(map(configuration, found)) == trace
    expected = machine.run(replace(program, policy="priority"), steps).faults
    assert faults == [[one.pid, one.step, one.pc, one.reason] for one in expected]
    return trace


@needs_coqc
@pytest.mark.parametrize("name", library.PROGRAMS)
def test_library(folder: Path, name: str) -> None:
    """The library's programs, on small instances, step by step."""
    entry = library.PROGRAMS[name]
    program = library.build(name, entry.instance(Random(1), SIZES.get(name, 2), 16))
    agrees(folder, program, entry.extension, 300)


@needs_coqc
@settings(max_examples=200)
@given(st.data(), EXTENSIONS)
def test_machine(folder: Path, data: st.DataObject, extension: str) -> None:
    """Random programs, with faults and write conflicts, step by step."""
    agrees(folder, data.draw(programs(extension, WORDS)), extension, 30)


@needs_coqc
@settings(max_examples=60)
@given(st.data(), EXTENSIONS)
def test_policies(folder: Path, data: st.DataObject, extension: str) -> None:
    """In every step of random programs, EREW, CREW and Common allow the same in the theorems as on the machine."""
    program = data.draw(programs(extension, WORDS))
    found = run(folder, "legal", program, extension, 12)
    states = [state for state in islice(machine.trace(program), 12) if "running" in state.status]
    strict = [replace(program, policy=policy) for policy in ("erew", "crew", "common")]
    assert found == [[machine.violation(one, state, 1) is None for one in strict] for state in states]


@needs_coqc
@pytest.mark.parametrize("name", library.PROGRAMS)
def test_policy_of_the_library(folder: Path, name: str) -> None:
    """Every program of the library is legal, in the theorems, under the policy that its file names."""
    entry = library.PROGRAMS[name]
    program = library.build(name, entry.instance(Random(1), SIZES.get(name, 2), 16))
    steps = run(folder, "legal", program, entry.extension, 300)
    assert program.policy == "priority" or all(step[POLICIES.index(program.policy)] for step in steps)


@needs_coqc
def test_conflict_and_faults(folder: Path) -> None:
    """The lowest processor's store counts; the load outside stops with its program counter, and nothing is loaded."""
    end = agrees(folder, TINY, "", 10)[-1]
    assert end.memory == (0, 8, 7) and end.status == ("halted", "load") and end.pc == (3, 2) and end.registers[1][2] == 0


@needs_coqc
def test_all_that_a_word_allows(folder: Path) -> None:
    """With P = M = L = 2^w: nproc is 0, the last address is there, and the program counter after the last line is 0."""
    size = 32
    lines = [Instruction("jnz", ra=2, x=3), Instruction("mov", rd=2, x=1), Instruction("jmp", x=size - 2), Instruction("halt")]
    lines += [Instruction("halt")] * (size - 6) + [Instruction("pid", rd=1), Instruction("st", rd=2, ra=1, x=0)]
    program = Program(tuple(lines), word=5, processors=size, memory=size)
    end = agrees(folder, program, "", 20)[-1]
    assert len(lines) == size and end.memory == (1,) * size and set(end.pc) == {3} and set(end.status) == {"halted"}
    counted = replace(program, instructions=(Instruction("nproc", rd=1), Instruction("halt")))
    assert agrees(folder, counted, "", 5)[-1].registers[0][1] == 0


@needs_coqc
@pytest.mark.parametrize("extension", ["", "M"])
@pytest.mark.parametrize("word", [5, 6, 8])
def test_token_codes(folder: Path, word: int, extension: str) -> None:
    """The vocabulary's codes, in the order of ids, are the codebook's."""
    book = codebooks(word, "mdm", extension)[0]
    found = run(folder, "vocabulary", replace(TINY, word=word), extension)[0]
    assert np.array_equal(np.array(found, dtype=object).astype(int), book.codes(book.rows(range(book.size))))


@needs_coqc
@settings(max_examples=60)
@given(st.data(), EXTENSIONS, st.sampled_from((*WORDS, 20)))
def test_place_codes(folder: Path, data: st.DataObject, extension: str, word: int) -> None:
    """The codes of all places of a sequence are the codebook's."""
    program = data.draw(drawn.programs(word, extension))
    log, cells = LogLayout.of(program, extension), CellLayout.of(program, extension)
    assert isinstance(log, LogLayout) and isinstance(cells, CellLayout)
    for name, layout, places in (("log", log, log.places(3)), ("cells", cells, cells.places())):
        found = run(folder, "codes", program, extension, name, 3)[0]
        assert np.array_equal(np.array(found, dtype=object).astype(int), layout.codebook.codes(places))


def rows(found: list[list[int | None]], columns: Sequence[int]) -> list[list[int]]:
    """Places that the kernel printed as rows of a codebook, which has 0 for a payload that is not there."""
    return [[row[column] or 0 for column in columns] for row in found]


@needs_coqc
@settings(max_examples=100)
@given(st.data(), EXTENSIONS)
def test_log_sequences(folder: Path, data: st.DataObject, extension: str) -> None:
    """The log's places and tokens are read by the layout as the program and its run, and written as they were."""
    program, steps = data.draw(programs(extension, WORDS)), 5
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    places, *sequences = run(folder, "log", program, extension, steps)
    assert rows(places, (0, 1, 2)) == layout.places(steps).tolist()
    trace = list(islice(machine.trace(program), steps + 1))
    trace += [trace[-1]] * (steps + 1 - len(trace))
    for time, tokens in enumerate(sequences):
        end = layout.context_length(time)
        sequence = TokenSequence(np.array(tokens[:end], dtype=layout.vocabulary.dtype), layout.places(time))
        assert tokens[end:] == [layout.vocabulary.token("mask")] * (len(tokens) - end)
        assert len(tokens) == layout.context_length(steps)
        instructions, memory, log = layout.decode(sequence)
        assert (instructions, memory) == (program.instructions, machine.initial(program).memory)
        states = [machine.initial(program)]
        for events in log:
            states.append(layout.apply(states[-1], events))
        assert states == trace[: time + 1]
        assert np.array_equal(layout.encode(program, log).tokens, sequence.tokens)


@needs_coqc
@settings(max_examples=100)
@given(st.data(), EXTENSIONS, st.lists(st.integers(0, 1), min_size=1, max_size=9))
def test_cell_sequences(folder: Path, data: st.DataObject, extension: str, slots: list[int]) -> None:
    """The cells' places and tokens, whichever slots hold, are those of the layout."""
    program = data.draw(programs(extension, WORDS))
    layout = CellLayout.of(program, extension)
    assert isinstance(layout, CellLayout)
    places, *sequences = run(folder, "cells", program, extension, 3, "".join(map(str, slots)))
    assert rows(places, (0, 1, 3, 4)) == layout.places().tolist()
    state = machine.initial(program)
    for step, tokens in enumerate(sequences):
        chosen = [slots[(cell + step) % len(slots)] for cell in range(layout.cells)]
        assert tokens == layout.encode(program, state, chosen).tokens.tolist()
        state = machine.step(program, state)


def read_by_layout(layout: Layout, tokens: list[int]) -> tuple[Any, list[Configuration]] | None:
    """What a layout reads of tokens; of a log up to the first block that has a mask. None where it refuses."""
    try:
        if isinstance(layout, CellLayout):
            array: np.ndarray = np.array(tokens, dtype=layout.vocabulary.dtype)
            instructions, state, _ = layout.decode(TokenSequence(array, layout.places()))
            return instructions, [state]
        assert isinstance(layout, LogLayout)
        mask, time = layout.vocabulary.token("mask"), 0
        while (block := tokens[layout.times(time)]) and mask not in block:
            time += 1
        array = np.array(tokens[: layout.context_length(time - 1)], dtype=layout.vocabulary.dtype)
        instructions, memory, log = layout.decode(TokenSequence(array, layout.places(time - 1)))
        first = Program(instructions, layout.word, layout.processors, layout.memory, data=memory)
        states = [machine.initial(first)]
        for events in log:
            states.append(layout.apply(states[-1], events))
        return instructions, states
    except EncodingError:
        return None


@needs_coqc
@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=150)
@given(st.data(), EXTENSIONS, st.sampled_from((5, 6)))
def test_reading(folder: Path, name: str, data: st.DataObject, extension: str, word: int) -> None:
    """Any log and any configuration, also with tokens replaced, are read by the statement as by the layout, or by neither."""
    program = data.draw(drawn.programs(word, extension))
    layout = LAYOUTS[name].of(program, extension)
    if isinstance(layout, LogLayout):
        event = drawn.events(word, program.memory)
        log = data.draw(st.lists(st.lists(event, min_size=layout.processors, max_size=layout.processors), max_size=3))
        steps, tokens = len(log), layout.encode(program, log).tokens.tolist()
    else:
        assert isinstance(layout, CellLayout)
        state, slots = data.draw(drawn.configurations(program)), data.draw(st.integers(0, (1 << layout.cells) - 1))
        chosen = [slots >> cell & 1 for cell in range(layout.cells)]
        steps, tokens = 0, layout.encode(program, state, chosen).tokens.tolist()
    any_token = st.integers(0, layout.vocabulary.size - 1) | st.just(layout.vocabulary.token("mask"))
    changes = st.dictionaries(st.integers(0, len(tokens) - 1), any_token, max_size=2)
    sequences = [tokens]
    for _ in range(20):
        change = data.draw(changes)
        sequences.append([change.get(i, token) for i, token in enumerate(tokens)])
    found = run(folder, "read", program, extension, name, steps, given="\n".join(" ".join(map(str, x)) for x in sequences))
    for one, x in zip(found, sequences, strict=True):
        expected = read_by_layout(layout, x)
        if expected is None:
            assert one is None
        else:
            assert one is not None and list(map(configuration, one[1])) == expected[1]
            assert one[0] == list(map(instruction_text, expected[0]))
    assert found[0] is not None


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


def parts(sequence: TokenSequence) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and places."""
    return sequence.tokens, sequence.places


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
    for seed in range(12):
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


@needs_coqc
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word 5\nextension none\nprocessors 1\nmemory 32\nhalt - - -\n", "valid program"),
        ("word 4\nextension none\nprocessors 1\nmemory 0\nhalt - - -\n", "valid program"),
        ("word 5\nextension none\nprocessors 33\nmemory 0\nhalt - - -\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nmul r1 r1 r1\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nadd r1 - r1\n", "valid program"),
        ("word 5\nextension none\nprocessors 1\nmemory 0\nnop - - -\n", "line 5: expected an operation"),
    ],
)
def test_refused(folder: Path, text: str, message: str) -> None:
    """A program that is not valid, or no program, is refused with its place."""
    path = folder / "bad"
    path.write_text(text)
    with pytest.raises(build.RocqError, match=message):
        kernel.run(built(), "reference", str(path), "1")


def test_text_of_instructions() -> None:
    """Text has every operand: a register, an immediate, or none."""
    assert instruction_text(Instruction("add", 1, 2, Reg(3))) == "add r1 r2 r3"
    assert instruction_text(Instruction("ld", 1, None, 5)) == "ld r1 - 5"
    assert needed(TINY) == ""
