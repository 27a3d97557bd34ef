"""Family resources: sizes as stated and within bounds, contexts, the serial machine; false claims are refuted at a point."""

from __future__ import annotations

from math import log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.encoding import CellLayout, LogLayout, join
from efasp.examples import EXAMPLES
from efasp.model import closed_forms
from efasp.model.compile import compile_machine
from efasp.model.lower import lower
from efasp.model.serial import Serial, work
from efasp.model.transformer import Transformer
from efasp.pram import machine as pram
from efasp.pram.isa import Instruction
from efasp.proofs.lemmas import resources, resources_bounds, resources_polynomials, resources_serial
from efasp.proofs.lemmas.resources_polynomials import Claim
from efasp.proofs.lemmas.resources_serial_plans import cases
from efasp.proofs.obligation import Machine, Obligation, Regime, narrowest_word
from tests.proofs.broken import refuted

MACHINES = [(engine, extension) for engine in ("mdm", "apmdm") for extension in ("", "M")]


def family(n_max: int) -> list[Obligation]:
    """All obligations of the family."""
    builds = (
        resources.compiled,
        resources.decoding,
        resources_bounds.contexts,
        resources_bounds.growth,
        resources_bounds.serially,
        resources_serial.programmed,
    )
    return [o for build in builds for batch in build(Regime(n_max)) for o in batch.build()]


@pytest.mark.parametrize("n_max", [32, pytest.param(64, marks=pytest.mark.slow)])
def test_the_family_is_proved(n_max: int) -> None:
    """Nothing is refuted, and every lemma that a batch promises has an obligation."""
    found = family(n_max)
    assert refuted(found) == {}
    assert {o.lemma.removeprefix("resources.") for o in found} == {
        "depth", "width", "d_ff", "parameters", "precision", "operations", "steps",
        "context", "space", "state", "bounds", "serial_bound", "serial",
        "serial_steps", "serial_cubic", "serial_sizes", "serial_program", "serial_symbols",
    }  # fmt: skip


@pytest.mark.parametrize(("engine", "extension"), MACHINES)
@pytest.mark.parametrize("word", [8, 13, 19])
def test_sizes_of_wider_words(word: int, engine: str, extension: str) -> None:
    """Nothing is refuted where the scheduler moves units, where every layer is as stated, and where the forms are linear."""
    machine = Machine(word, engine, extension, ((1 << word - 1) + 1, 1 << word))
    assert refuted(resources.sized(Regime(1 << word), machine)) == {}


@pytest.mark.parametrize(("engine", "extension"), MACHINES)
def test_shown_forms(engine: str, extension: str) -> None:
    """The text that users see, read again, gives the sizes of an even and of an odd width."""
    for word in (18, 19):
        sizes = closed_forms.sizes(compile_machine(word, engine, extension))
        for name, text in closed_forms.closed_forms(engine, extension).items():
            parts = text.split(", ")
            chosen = parts[word % 2 if len(parts) > 1 else 0].partition(" (w ")[0]
            assert resources_bounds.read(chosen.replace("^", "**"), w=word) == sizes[name], (name, text)


@pytest.mark.parametrize(("engine", "extension"), MACHINES)
def test_parameters_of_the_module(engine: str, extension: str) -> None:
    """The count of parameters is that of the torch module."""
    plan = compile_machine(6, engine, extension)
    assert closed_forms.sizes(plan)["parameters"] == sum(p.numel() for p in Transformer.of(plan).parameters())


@pytest.mark.parametrize(("engine", "extension"), MACHINES)
def test_bounds_in_floats(engine: str, extension: str) -> None:
    """Sizes are within the bounds for single n, and equal to them at n = 1."""
    for n in (1, 2, 31, 32, 33, 64, 65, 200):
        sizes = closed_forms.sizes(compile_machine(narrowest_word(n), engine, extension))
        for name in closed_forms.BOUNDS[engine, extension]:
            bound = closed_forms.bound(engine, extension, name, log2(n))
            assert sizes[name] <= bound and (n > 1 or sizes[name] == bound), (n, name)


@given(*(st.integers(1, 5) for _ in range(3)), st.integers(0, 4))
def test_sequences_are_as_long_as_stated(processors: int, memory: int, length: int, steps: int) -> None:
    """Encoded sequences of both layouts have the tokens that the text for users says."""
    program = pram.Program((Instruction("halt"),) * length, 5, processors, memory)
    values: dict[str, Any] = {"P": processors, "M": memory, "L": length, "T": steps}
    log, cells = LogLayout(5, "", processors, memory, length), CellLayout(5, "", processors, memory, length)
    parts = [log.prompt(program), log.start(), *(log.masks(time) for time in range(1, steps + 1))]
    assert len(join(parts)) == resources_bounds.read(closed_forms.CONTEXT["mdm"], **values)
    assert len(cells.encode(program, pram.initial(program))) == resources_bounds.read(closed_forms.CONTEXT["apmdm"], **values)


@pytest.mark.parametrize("name", ["reverse", "majority", "parity"])
def test_the_serial_machine_on_examples(name: str) -> None:
    """Same read-out and tokens as the plan, in the operations that are stated (less two comparisons a position: no masks)."""
    example = EXAMPLES[name]
    plan, tokens = lower(example.program), example.encode("".join(example.alphabet[i % 2] for i in range(6)))
    serial, wanted = Serial(plan), plan.forward(tokens)
    found = serial.outputs(tokens)
    assert found == wanted.tolist()
    assert [serial.token(row) for row in found] == example.vocabulary.read(wanted).tolist()
    counts = work(plan.shape, plan.vocabulary.width + plan.places.width, len(tokens))
    assert serial.done == counts | {"comparisons": counts["comparisons"] - 2 * len(tokens)}


def test_the_serial_machine_decodes() -> None:
    """A decoding step of masked diffusion at w = 5, serially: the block is right, and S steps are within the bound."""
    program, layout = pram.Program((Instruction("halt"),), 5, 1, 1), LogLayout(5, "", 1, 1, 1)
    plan = compile_machine(5, "mdm")
    sequence = join([layout.prompt(program), layout.start(), layout.masks(1)])
    serial, size = Serial(plan), len(sequence)
    after = serial.step(sequence.tokens.tolist(), sequence.places)
    state = layout.apply(pram.initial(program), layout.events(np.array(after[layout.context_length(0) :])))
    assert state == pram.step(program, pram.initial(program))
    assert after[: layout.context_length(0)] == sequence.tokens[: layout.context_length(0)].tolist()
    assert size * sum(serial.done.values()) <= size**3 * resources_bounds.most("", log2(size))


def test_weights_files_are_left_out() -> None:
    """A file's sizes are its own."""
    plan = compile_machine(5, "mdm")
    given_plan = Regime(32, (Machine(5, "mdm", "", (1, 32)), plan))
    builds = (
        resources.compiled,
        resources.decoding,
        resources_bounds.contexts,
        resources_bounds.growth,
        resources_bounds.serially,
        resources_serial.programmed,
    )
    assert [batch for build in builds for batch in build(given_plan)] == []


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (Claim("true", lambda x: (x + 1, 2 * x), {"x": 1}), "proved"),
        (Claim("false at its least", lambda x: (x + 1, 2 * x), {"x": 0}), "refuted"),
        (Claim("false of large ones", lambda x: (x * x, 1000 * x), {"x": 0}), "refuted"),
        (Claim("true of integers, by no coefficient", lambda x: (x, x * x + 1), {"x": 0}), "unknown"),
        (Claim("equal", lambda x, y: ((x + y) ** 2, x * x + 2 * x * y + y * y), {"x": 0, "y": 0}, True), "proved"),
        (Claim("unequal at one point only", lambda x: (0 * x, x * (x - 1) * (x - 2) * (x - 9)), {"x": 0}, True), "refuted"),
        (Claim("unequal", lambda x: (0 * x, x * (x - 1) * (x - 2) * (x - 9) * (x - 10**6)), {"x": 0}, True), "unknown"),
        (Claim("numbers", lambda: (25, 32)), "proved"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)  # fmt: skip
def test_polynomial_claims(claim: Claim, status: str) -> None:
    """Proved by coefficients, refuted at a point, unknown where neither decides."""
    found = resources_polynomials.discharge([claim])
    assert found.status == status and bool(found.countermodel) == (status == "refuted")


def test_a_function_that_is_no_polynomial() -> None:
    """Different on numbers than on symbols: an error, not a proof."""
    odd = Claim("tells symbols from numbers", lambda x: (0, 5 if isinstance(x, int) else x), {"x": 1})
    with pytest.raises(ValueError, match="differ at"):
        resources_polynomials.discharge([odd])


def test_plans_that_need_one_thing() -> None:
    """What the plans of ``resources.serial_program`` do, by hand: so that a run on them says something."""
    plans = {case.plan.name: case.plan for case in cases()}
    book = plans["payloads"].vocabulary

    def read(name: str, *text: int) -> list[int]:
        return [int(token) for token in plans[name].vocabulary.read(plans[name].forward(text))]

    for name in ("hidden units", "read-out"):
        assert read(name, 0, 1, 2) == [0, 1, 1]
    assert read("scores", 1, 0, 2) == [0, 0, 0] and read("scores", 1, 2) == [1, 1]
    assert read("sums of values", 1, 0, 2) == [0, 0, 0]
    assert read("chain", 0, 1, 2, 2) == [0, 0, 1, 2]
    assert read("resting", 0, 2) == [1, 1]
    assert read("long, wide", 1 + 0b1010101010101) == [1 + 0b0101010101010]
    assert read("long, letters", 0, 8) == [8, 7]
    # The mask becomes c, whose bits are 0 in the read-out; a:1 becomes b, whose bits are x + high and low + x.
    assert read("payloads", book.token("mask"), book.token("a", 1)) == [book.token("c"), book.token("b", 3)]
