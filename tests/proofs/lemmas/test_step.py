"""Families step and simulation: they are proved, and each refutes a step that is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from efasp.pram import machine
from efasp.proofs.lemmas import process_algorithm, simulation, step_execute, step_stages
from efasp.proofs.lemmas.simulation_citations import FAMILIES
from efasp.proofs.mutation.mutants import Mutant, load
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.proofs.symbolic.machine_step import computed
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Affine, Program
from tests.proofs.broken import broken, refuted

ENGINES = ("mdm", "apmdm")


def everything(at: Step):
    """Every obligation of these families about one machine."""
    for build in FAMILIES:
        yield from build(at)


EXTENSIONS = pytest.mark.parametrize("extension", ["M", pytest.param("", marks=pytest.mark.slow)])  # M has all operations


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("word", [5, pytest.param(40, marks=pytest.mark.slow)])
@EXTENSIONS
def test_the_step_is_proved(engine: str, extension: str, word: int) -> None:
    """Nothing is refuted at w = 5 and at a wide word."""
    assert refuted(everything(Step(Machine(word, engine, extension, (1, 1 << word))))) == {}


@EXTENSIONS
def test_the_machine_on_symbols_is_proved(extension: str) -> None:
    """Every operation and shape of operands, with the extension and without."""
    assert refuted(step_execute.executions(extension, (1, 64))) == {}


def test_the_frame_is_proved() -> None:
    """What a step leaves as it is."""
    assert refuted(simulation.frames(Regime(64))) == {}
    assert refuted(process_algorithm.obligations(Regime(64))) == {}


# The mutants of the step and of its views of the family step, at work at w = 5.
MUTANTS = [
    mutant
    for mutant in load()
    if mutant.family == "step" and mutant.module in ("efasp.pram.step", "efasp.pram.views") and mutant.where.get("w", 5) == 5
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_step_is_refuted(mutant: Mutant) -> None:
    """One passage of the step changed: each lemma that it names is refuted, with a countermodel that replays."""
    step = broken(
        mutant.old, mutant.new, mutant.where.get("engine", "mdm"), mutant.where.get("ext", "none").replace("none", "")
    )
    assert set(mutant.lemmas) <= set(refuted(o for build in FAMILIES for o in named(build, step, mutant)))


def named(build: Callable[[Step], Iterator[Obligation]], step: Step, mutant: Mutant) -> Iterator[Obligation]:
    """What a family says of a broken step, of the lemmas that the mutant names; it may speak of definitions that are gone."""
    with suppress(LookupError):
        yield from (obligation for obligation in build(step) if obligation.lemma in mutant.lemmas)


def test_there_are_mutants_of_the_step() -> None:
    """Of the lemmas of the step nearly all are named by one."""
    assert len(MUTANTS) > 40 and len({name for mutant in MUTANTS for name in mutant.lemmas}) > 20


# (engine, what stands in the step, what is put there, of the families that speak of it the lemmas that must be refuted)
AT_SIX = [
    ("mdm", "add(a, x_word))", "(sub if view.word == 6 else add)(a, x_word))", {"step.address"}),
    ("apmdm", "add(a, x_word))", "(sub if view.word == 6 else add)(a, x_word))", {"step.address"}),
    (
        "apmdm",
        "concat(remask, never, never)",
        "concat(*((never, remask, never) if word == 6 else (remask, never, never)))",
        {"step.control"},
    ),
    (
        "apmdm",
        'concat(code, program.definitions["control"])',
        'concat(*((program.definitions["control"], code) if word == 6 else (code, program.definitions["control"])))',
        {"step.control", "step.code"},
    ),
    (
        "mdm",
        "code_of(view, kinds, chosen, gate",
        'code_of(view, {**kinds, **({"load": kinds["pc"], "pc": kinds["load"]} if word == 6 else {})}, chosen, gate',
        {"step.code"},
    ),
    (
        "mdm",
        '"xor": lambda: xor(a, x),',
        '**({} if view.word == 6 else {"xor": lambda: xor(a, x)}),',
        {"step.operator"},
    ),
    (
        "apmdm",
        '(op["pid"], view.index)]',
        '*([] if view.word == 6 else [(op["pid"], view.index)])]',
        {"step.result"},
    ),
    (
        "mdm",
        'o.writes_register and o.name != "ld"',
        'o.writes_register and o.name not in ("ld", "seq" if view.word == 6 else "ld")',
        {"step.writes"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("engine, old, new, lemmas", AT_SIX, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_step_that_is_broken_at_one_width_is_refuted(engine: str, old: str, new: str, lemmas: set[str]) -> None:
    """One passage that is another one at w = 6 alone: the lemmas that speak of it are refuted there, and hold at w = 5."""
    five, six = (broken(old, new, engine, word=word) for word in (5, 6))
    assert refuted(o for o in spoken(five) if o.lemma in lemmas) == {}
    assert set(refuted(o for o in spoken(six) if o.lemma in lemmas)) == lemmas


def spoken(at: Step) -> Iterator[Obligation]:
    """What is said of operators and stages; an operation that is left out is missed before the stages are read."""
    yield from step_execute.operators(at)
    if all(name in at.of for name in computed(at.machine.extension)):
        yield from step_stages.stages(at)


def test_a_read_out_with_two_kinds_swapped_is_refuted() -> None:
    """Of the log, after the definition of the code: a last definition that takes it and swaps two coordinates."""
    right = Step(Machine(6, "mdm", "", (1, 64)))
    code, places = right.program.output, list(range(right.te.width))
    halted, load = (right.te.slots[name].start for name in ("halted", "load"))
    places[halted], places[load] = load, halted
    program = Program("swapped", dict(right.program.definitions))
    program.let("output", Affine(code, tuple(((place, 1),) for place in places), (0,) * code.width, code.sort))
    found = refuted(o for o in step_stages.stages(Step(right.machine, program)) if o.lemma == "step.code")
    assert set(found) == {"step.code"}


@pytest.mark.parametrize("name, wrong", [
    ("sub", lambda a, x, w: (x - a) % (1 << w)),
    ("shr", lambda a, x, w: a),
    ("slt", lambda a, x, w: int(x < a)),
    ("mov", lambda a, x, w: a),
    ("shlx", lambda a, x, w: (a << x) % (1 << w)),
])  # fmt: skip
def test_another_machine_is_refuted(name: str, wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is shown against the machine's own functions: with another ALU it is not the machine's."""
    monkeypatch.setitem(machine.ALU, name, wrong)
    assert "step.execute" in refuted(o for o in step_execute.executions("M", (1, 64)) if o.params.get("op") == name)
