"""The extracted acceptance of plans, of universal machines and of one program: fresh plans are accepted, changed ones not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.exact import Matrix
from efasp.model import decode
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.plan import Head, Layer, Plan
from efasp.model.transformer import Transformer
from efasp.pram import library, machine
from efasp.pram.isa import EXTENSIONS, OPERATIONS, Code, Instruction, Reg
from efasp.pram.machine import Program
from efasp.proofs.concrete.machine_states import first_failure
from efasp.proofs.obligation import Machine
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import code_text, plan_text
from tests.efasp.pram.strategies import programs
from tests.pages import ROOT

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")
Change = Callable[[Layer], Layer]
STATES = 40  # that are run of a changed plan which is accepted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the texts that the check reads are written."""
    return tmp_path_factory.mktemp("plan_check")


@cache
def check() -> Path:
    """The extracted program."""
    return build.programs(["plan-check"])["plan-check"]


def accepts(folder: Path, plan: Plan, word: int, engine: str, extension: str, code: Code | None = None) -> bool:
    """Whether the check accepts a plan as one of this machine, universal or of one program."""
    file, instructions = folder / "plan", folder / "code"
    file.write_text(plan_text(plan))
    instructions.write_text(code_text(code or ()))
    return kernel.accepts(check(), word, engine, extension, file, None if code is None else instructions)[0]


@needs_coqc
@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_fresh_plans_are_accepted_as_their_own_machine_alone(folder: Path, engine: str, extension: str) -> None:
    """Of several word widths; a plan of another engine or extension is rejected."""
    for word in (5, 6, 7, 8, 16):
        assert accepts(folder, compile_machine(word, engine, extension), word, engine, extension)
    for other in [(5, e, x) for e in ENGINES for x in EXTENSIONS if (e, x) != (engine, extension)]:
        assert not accepts(folder, compile_machine(*other), 5, engine, extension)


@needs_coqc
@pytest.mark.parametrize("engine", ENGINES)
def test_order_and_scale_do_not_matter(folder: Path, engine: str) -> None:
    """Heads and units in another order, units and scores scaled by a positive factor, and a zero coordinate: accepted."""
    plan = compile_machine(5, engine)
    layers = []
    for layer in plan.layers:
        heads = tuple(replace(head, q=scaled(head.q, Fraction(7, 3))) for head in reversed(layer.heads))
        up = scaled(Matrix(layer.up.rows[::-1], layer.up.columns), 5)
        down = [tuple(sorted((len(layer.bias) - 1 - i, Fraction(c) / 5) for i, c in row)) for row in layer.down.rows]
        bias = tuple(5 * b for b in reversed(layer.bias))
        layers.append(replace(layer, heads=heads, up=up, bias=bias, down=Matrix([*down, ()], layer.down.columns)))
    assert accepts(folder, replace(plan, layers=tuple(layers)), 5, engine, "")


def scaled(matrix: Matrix, factor: Fraction | int) -> Matrix:
    """A matrix times a number."""
    return Matrix([tuple((i, c * factor) for i, c in row) for row in matrix.rows], matrix.columns)


def negated_unit(layer: Layer) -> Layer:
    """The first hidden unit with the other sign."""
    first, *rest = layer.up.rows
    return replace(layer, up=Matrix([tuple((i, -c) for i, c in first), *rest], layer.up.columns))


def other_bias(layer: Layer) -> Layer:
    """The first bias is one more."""
    return replace(layer, bias=(layer.bias[0] + 1, *layer.bias[1:]))


def swapped_values(layer: Layer) -> Layer:
    """The first two heads read each other's values."""
    a, b, *rest = layer.heads
    return replace(layer, heads=(replace(a, v=b.v, o=b.o), replace(b, v=a.v, o=a.o), *rest))


def minimum(layer: Layer) -> Layer:
    """The first head takes the least score instead of the greatest."""
    first, *rest = layer.heads
    return replace(layer, heads=(replace(first, q=scaled(first.q, -1)), *rest))


@needs_coqc
@pytest.mark.parametrize("change", [negated_unit, other_bias, swapped_values, minimum])
@pytest.mark.parametrize("engine", ENGINES)
def test_changed_plans_are_rejected(folder: Path, engine: str, change: Change) -> None:
    """A change of the second layer that changes what is computed."""
    plan = compile_machine(5, engine)
    layers = (plan.layers[0], change(plan.layers[1]), *plan.layers[2:])
    assert not accepts(folder, replace(plan, layers=layers), 5, engine, "")


def one_entry_changed(plan: Plan, rng: Random) -> Plan:
    """A plan with one number negated, doubled, left out, or one more: of an embedding, a layer or the read-out."""
    number = rng.randrange(-1, len(plan.layers))
    layer = plan.layers[number]
    of: Plan | Layer | Head
    if number < 0:
        of, names = plan, ["token", "place", "out"]
    elif layer.heads and (rng.random() < 0.5 or not layer.bias):
        of, names = rng.choice(layer.heads), ["q", "k", "v", "o"]
    else:
        of, names = layer, ["up", "down"]
    name = rng.choice(names)
    old: Matrix = getattr(of, name)
    row = rng.choice([place for place, entries in enumerate(old.rows) if entries])
    at = rng.randrange(len(old.rows[row]))
    change: Callable[[Any], Any] = rng.choice([lambda c: -c, lambda c: 2 * c, lambda c: 0, lambda c: c + 1])
    entries = [(i, change(c) if place == at else c) for place, (i, c) in enumerate(old.rows[row])]
    rows = [*old.rows[:row], tuple((i, c) for i, c in entries if c), *old.rows[row + 1 :]]
    broken = replace(of, **{name: Matrix(rows, old.columns)})
    if isinstance(broken, Plan):
        return broken
    if isinstance(broken, Head):
        broken = replace(layer, heads=tuple(broken if head is of else head for head in layer.heads))
    return replace(plan, layers=(*plan.layers[:number], broken, *plan.layers[number + 1 :]))


@needs_coqc
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("word", "extension", "count"),
    [
        (8, "", 6),
        (16, "M", 3),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((16, "", 30), (64, "", 6), (32, "M", 4))),
    ],
)
def test_changed_plans_of_other_words_are_rejected(folder: Path, word: int, extension: str, count: int, engine: str) -> None:
    """One entry of an accepted plan is changed, drawn with a fixed seed; and the changes that are wrong at w = 5."""
    plan, rng = compile_machine(word, engine, extension), Random(f"{word} {engine} {extension}")
    assert accepts(folder, plan, word, engine, extension)
    for _ in range(count):
        assert not accepts(folder, one_entry_changed(plan, rng), word, engine, extension)
    for change in (negated_unit, other_bias, swapped_values, minimum)[:count]:
        layers = (plan.layers[0], change(plan.layers[1]), *plan.layers[2:])
        assert not accepts(folder, replace(plan, layers=layers), word, engine, extension)


PROGRAMS = ("sum_to", "reduce", "gcd", "crcw_max")  # of the library, the last with extension M


def of_library(name: str) -> tuple[str, Code]:
    """The extension that a program of the library needs, and its instructions."""
    code = library.assembled(name).instructions
    return max(OPERATIONS[one.op].extension for one in code), code


def negated(matrix: Matrix) -> Matrix:
    """A matrix with its first entry negated."""
    row = next(number for number, entries in enumerate(matrix.rows) if entries)
    (column, value), *rest = matrix.rows[row]
    return Matrix([*matrix.rows[:row], ((column, -value), *rest), *matrix.rows[row + 1 :]], matrix.columns)


def with_one_number_changed(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """For every kind of matrix and vector of a plan its name, and the plan with one number of one of them changed."""
    for name in ("token", "place", "out"):
        yield name, replace(plan, **{name: negated(getattr(plan, name))})
    yield "out_bias", replace(plan, out_bias=(plan.out_bias[0] + 1, *plan.out_bias[1:]))
    first, second, *others = plan.layers
    head, *heads = first.heads
    for name in ("q", "k", "v", "o"):
        broken = replace(head, **{name: negated(getattr(head, name))})
        yield name, replace(plan, layers=(replace(first, heads=(broken, *heads)), second, *others))
    for name in ("up", "down"):
        broken_layer = replace(second, **{name: negated(getattr(second, name))})
        yield name, replace(plan, layers=(first, broken_layer, *others))
    yield "bias", replace(plan, layers=(first, other_bias(second), *others))


@needs_coqc
@pytest.mark.parametrize("word", [6, 8])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_plans_of_one_program_are_accepted_as_its_own_alone(folder: Path, name: str, engine: str, word: int) -> None:
    """The plan is accepted for the program's instructions; not with any number changed, nor for other instructions, the other
    engine, or the universal machine, whose plan is not accepted for the instructions."""
    extension, code = of_library(name)
    plan = compile_machine(word, engine, extension, code)
    assert accepts(folder, plan, word, engine, extension, code)
    for kind, changed in with_one_number_changed(plan):
        assert not accepts(folder, changed, word, engine, extension, code), kind
    at, immediate = next((number, one.x) for number, one in enumerate(code) if isinstance(one.x, int))
    other_immediate = (*code[:at], replace(code[at], x=immediate + 1), *code[at + 1 :])
    for other in (other_immediate, (*code[1:], code[0]), (*code, code[0]), code[:-1]):
        assert not accepts(folder, plan, word, engine, extension, other), other
    (other_engine,) = {*ENGINES} - {engine}
    assert not accepts(folder, plan, word, other_engine, extension, code)
    assert not accepts(folder, plan, word, engine, extension)
    assert not accepts(folder, compile_machine(word, engine, extension), word, engine, extension, code)


@needs_coqc
@pytest.mark.parametrize("engine", ENGINES)
def test_no_plan_is_accepted_for_what_no_program_has(folder: Path, engine: str) -> None:
    """A target that does not fit the word, though its low bits are those of the target in the plan."""
    plan = compile_machine(6, engine, "", (Instruction("jmp", x=0),))
    assert accepts(folder, plan, 6, engine, "", (Instruction("jmp", x=0),))
    assert not accepts(folder, plan, 6, engine, "", (Instruction("jmp", x=64),))


PID, ADDED = Instruction("pid", rd=1), Instruction("mov", rd=0, x=29)
SIGNS: list[Code] = [
    (PID, ADDED, Instruction("st", rd=0, x=0), Instruction("ld", rd=0, x=0), Instruction("mul", rd=0, ra=0, x=0)),
    (PID, Instruction("mov", rd=2, x=2), Instruction("halt"), Instruction("sub", rd=0, ra=0, x=Reg(0))),
]


@needs_coqc
@pytest.mark.parametrize("code", SIGNS, ids=["never_positive", "of_a_unit"])
@pytest.mark.parametrize("engine", ENGINES)
def test_signs_that_the_plan_relies_on_are_known(folder: Path, engine: str, code: Code) -> None:
    """Of a value that is cleared by both its ReLUs, one of them 0; and of a difference of a unit and a ReLU of it."""
    for word in (5, 6):
        assert accepts(folder, compile_machine(word, engine, "M", code), word, engine, "M", code)


def runs_as_the_machine(plan: Plan, program: Program, engine: str, extension: str, prompted: bool) -> bool:
    """Whether the plan's first steps, and those from many states, are the interpreter's, with the instructions in the prompt or
    without."""
    run = decode.run(program, engine, Transformer.of(plan), extension, 24, prompted=prompted)
    wanted = machine.run(program, 24)
    same = (run.steps, run.faults, run.configuration) == (wanted.steps, wanted.faults, wanted.configuration)
    code = None if prompted else program.instructions
    return same and first_failure(plan, Machine(program.word, engine, extension, (1, 1), code), STATES) is None


@needs_coqc
@pytest.mark.parametrize("extension", EXTENSIONS)
@given(data=st.data(), engine=st.sampled_from(ENGINES))
@settings(max_examples=20, deadline=None)
def test_plans_of_random_programs_are_accepted(folder: Path, extension: str, data: st.DataObject, engine: str) -> None:
    """Of any program the compiled plan is accepted; with a number changed only if it runs the program all the same."""
    program = data.draw(programs(extension, (5, 6, 8)))
    word, code = program.word, program.instructions
    plan = compile_machine(word, engine, extension, code)
    assert accepts(folder, plan, word, engine, extension, code)
    broken = one_entry_changed(plan, data.draw(st.randoms(use_true_random=False)))
    if accepts(folder, broken, word, engine, extension, code):
        assert runs_as_the_machine(broken, program, engine, extension, prompted=False)


@needs_coqc
@given(data=st.data(), engine=st.sampled_from(ENGINES))
@settings(max_examples=60, deadline=None)
def test_what_is_accepted_runs_programs(folder: Path, data: st.DataObject, engine: str) -> None:
    """Of a universal plan with a number changed: what the check accepts, runs any program as the machine does."""
    broken = one_entry_changed(compile_machine(5, engine), data.draw(st.randoms(use_true_random=False)))
    if accepts(folder, broken, 5, engine, ""):
        assert runs_as_the_machine(broken, data.draw(programs("", (5,))), engine, "", prompted=True)


@needs_coqc
@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_is_read_as_it_is_written(folder: Path, engine: str) -> None:
    """Printed back it is the text that was given, also with numbers of any size and fractions."""
    plan = compile_machine(64, engine)
    plan = replace(plan, out_bias=(Fraction(-(10**40), 3), *plan.out_bias[1:]))
    file = folder / "plan"
    file.write_text(plan_text(plan))
    answer, read = kernel.accepts(check(), 64, engine, "", file)
    assert not answer and read == re.sub(r"(?m)^(matrix \d+) \d+$", r"\1", plan_text(plan))


@needs_coqc
def test_other_texts_are_refused(folder: Path) -> None:
    """What is wrong is named, with the file and the line."""
    bad = folder / "bad"
    bad.write_text("matrix five\n")
    with pytest.raises(build.RocqError, match="bad: line 1: "):
        kernel.accepts(check(), 5, "mdm", "", bad)
    with pytest.raises(build.RocqError, match='expected mdm or apmdm, found "marm"'):
        kernel.accepts(check(), 5, "marm", "", bad)


@pytest.mark.slow
@needs_coqc
def test_no_refuted_change_of_weights_is_accepted() -> None:
    """Of the changes of table kills, whose verdicts by SMT that table has, and of broken lowerings and specialisations."""
    command = [sys.executable, "-m", "benchmarks.kernel_mutants"]
    said = subprocess.run([*command, "weights"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "killed and rejected" in said.stdout and "killed and accepted" not in said.stdout
    modules = ["efasp.model.lowering.emit", "efasp.pram.specialise", "efasp.folding"]
    said = subprocess.run([*command, "constructions", *modules], cwd=ROOT, capture_output=True, text=True, check=False)
    accepted = [line for line in said.stdout.splitlines() if line.startswith("  accepted: ")]
    assert said.returncode == 0 and "'rejected'" in said.stdout
    assert len(accepted) <= 1 and all(line.startswith("  accepted: resources: ") for line in accepted)  # another size alone
