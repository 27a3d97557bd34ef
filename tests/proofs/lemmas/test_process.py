"""Family process: the oracle follows docs/machine.md, by hand; scenarios cover what they promise; breaks are refuted."""

from __future__ import annotations

import dataclasses
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.exact import Matrix
from efasp.model import decode, sampler
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.plan import Plan
from efasp.model.sampler import split
from efasp.model.transformer import Transformer
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS, OPERATIONS, Reg, operations
from efasp.pram.machine import Program
from efasp.proofs.concrete.differential import misreported, unequal, wanted
from efasp.proofs.concrete.oracle import Pram, value_of
from efasp.proofs.concrete.scenarios import LAST, SCENARIOS, Shape
from efasp.proofs.lemmas import process, process_control, process_orders, process_readings, process_weights
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.tokens import vocabulary
from tests.efasp.pram.strategies import programs

TOP = 31  # the largest word of five bits
engines = pytest.mark.parametrize("engine", ENGINES)


@cache
def module(engine: str, word: int = 5) -> Transformer:
    """The transformer of a machine without the extension."""
    return Transformer.of(compile_machine(word, engine))


def machine(engine: str, word: int = 5) -> Machine:
    """A machine without the extension."""
    return Machine(word, engine, "", (1, 1 << word))


# The oracle, by hand.


@pytest.mark.parametrize(
    ("op", "a", "x", "result"),
    [
        ("mov", 9, 4, 4), ("add", TOP, 2, 1), ("sub", 1, 3, 30), ("and", 0b10110, 0b01101, 0b00100),
        ("or", 0b10010, 0b00110, 0b10110), ("xor", 0b10110, 0b01101, 0b11011), ("shl", 0b10011, 0, 0b00110),
        ("shr", 0b10011, 0, 0b01001), ("slt", 3, 4, 1), ("slt", 4, 4, 0), ("slt", TOP, 0, 0), ("seq", 7, 7, 1),
        ("seq", 7, 8, 0), ("mul", 7, 9, TOP), ("shlx", 3, 4, 16), ("shlx", 3, 5, 0), ("shlx", 3, TOP, 0), ("shrx", TOP, 4, 1),
        ("shrx", TOP, 5, 0),
    ],
)  # fmt: skip
def test_an_operation_by_hand(op: str, a: int, x: int, result: int) -> None:
    """Results on words of five bits, from the table of docs/assembly.md."""
    assert value_of(op, a, x, 5) == result


def ran(code: list[tuple[Any, ...]], processors: int = 1, memory: int = 4, data: tuple[int, ...] = (), most: int = 99) -> Pram:
    """The oracle after a program of five-bit words."""
    state = Pram.begun(code, 5, processors, memory, data)
    state.run(most)
    return state


def test_the_lowest_processor_wins_and_loads_see_the_step_before() -> None:
    """Three processors store their ids to address 1 and load it in the next step; a load in the same step sees the old word."""
    code = [("pid", 1, None, None), ("st", 1, None, 1), ("ld", 2, None, 1), ("halt", None, None, None)]
    state = ran(code, 3, data=(0, 9))
    assert state.words == {0: 0, 1: 0, 2: 0, 3: 0} and [state.banks[pid, 2] for pid in range(3)] == [0, 0, 0]
    assert state.steps == 4 and set(state.counters.values()) == {3} and set(state.ended.values()) == {"halted"}
    beside = [("pid", 1, None, None), ("jz", None, 1, 4), ("ld", 2, None, 1), ("halt", None, None, None)]
    beside += [("st", 1, None, 1), ("halt", None, None, None)]
    state = ran(beside, 2, data=(0, 9))
    assert state.banks[1, 2] == 9 and state.words[1] == 0


def test_faults_by_hand() -> None:
    """A load outside the memory, a store there, a counter outside the program: step, pc and reason; the others go on."""
    code = [("pid", 1, None, None), ("ld", 2, 1, 3), ("jnz", None, 1, 7), ("sub", 3, 1, 1), ("st", 1, 3, 0)]
    state = ran(code, 3)  # 1 and 2 load addresses 4 and 5; 0 stores to 31
    assert state.faults == [(1, 2, 1, "load"), (2, 2, 1, "load"), (0, 5, 4, "store")] and state.steps == 5
    assert ran([("jmp", None, None, 9)]).faults == [(0, 2, 9, "pc")]
    assert ran([("st", 1, None, TOP)]).faults == [(0, 1, 0, "store")]


def test_words_wrap_by_hand() -> None:
    """Offsets modulo 2^w, P = 2^w processors as the word 0, and a counter that comes back to 0 after the last of 2^w lines."""
    state = ran(
        [("mov", 1, None, 3), ("ld", 2, 1, TOP), ("nproc", 4, None, None), ("halt", None, None, None)], 32, data=(5, 6, 7)
    )
    assert state.banks[0, 2] == 7 and state.banks[0, 4] == 0
    assert ran([("add", 1, 1, 1)] * 32, most=33).counters == {0: 1}


@pytest.mark.parametrize(
    ("policy", "code", "breach"),
    [
        ("erew", [("ld", 1, None, 2)], ("read", 2, 1, (0, 1))),
        ("crew", [("ld", 1, None, 2)], None),
        ("crew", [("st", 1, None, 3)], ("write", 3, 1, (0, 1))),
        ("common", [("st", 1, None, 3)], None),
        ("common", [("pid", 1, None, None), ("st", 1, None, 3)], ("write", 3, 2, (0, 1))),
        ("priority", [("pid", 1, None, None), ("st", 1, None, 3)], None),
    ],
)
def test_a_breach_by_hand(policy: str, code: list[tuple[Any, ...]], breach: tuple[Any, ...] | None) -> None:
    """Two processors that read or write one address: access, address, step, processors."""
    assert Pram.begun(code, 5, 2, 4, ()).run(9, policy) == breach


@settings(deadline=None, max_examples=150)
@given(programs(), st.integers(0, 30))
def test_the_machine_is_the_oracle(program: Program, most: int) -> None:
    """Random programs with any limit of steps: report, exit code and whether the run has finished."""
    assert misreported(wanted(program, most), pram.run(program, most)) is None


def test_the_first_difference_is_named() -> None:
    """By its path; booleans are not integers, and a list of another length differs as a whole."""
    assert unequal({"a": [1, (2, 3)]}, {"a": [1, (2, 4)]}) == {"what": "a[1][1]", "expected": 3, "got": 4}
    assert unequal({"a": 1}, {"a": True}) == {"what": "a", "expected": 1, "got": True}
    assert unequal([1], [1, 2]) == {"what": "", "expected": [1], "got": [1, 2]} and unequal({"a": None}, {"a": None}) is None


# The scenarios.


@pytest.mark.parametrize("word", [5, 6, 17, 46])
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_scenarios_hold_what_they_promise(word: int, extension: str) -> None:
    """Programs that the machine takes, the same every time; late and long enough; every operation in both forms; sizes."""
    shape, seen = Shape(word, extension), set()
    for scenario in SCENARIOS:
        made = scenario.runs(shape)
        assert made == scenario.runs(shape)
        for program, most in made:
            pram.validate(program, extension)
            seen |= {(i.op, isinstance(i.x, Reg)) for i in program.instructions}
            run = pram.run(program, most)
            if scenario.name == "late":
                assert (
                    run.steps > 110
                    and min(f.step for f in run.faults) > 100
                    and {f.reason for f in run.faults} == {"load", "store", "pc"}
                )
            if scenario.name == "long":
                assert run.steps > LAST and run.faults == [pram.Fault(0, run.steps, 11, "load")]
            if scenario.name == "full":
                assert program.processors == min(64, 1 << word) and run.faults and run.violation is not None
                assert run.violation.step == run.steps + 1 > 25
            if scenario.name == "large":
                assert program.processors == program.memory == program.length == min(64, 1 << word) and run.steps >= 3
    assert all((o.name, form) in seen for o in operations(extension) for form in {False, "x" in o.shape})
    assert max(p.processors for s in SCENARIOS for p, _ in s.runs(shape)) == min(64, 1 << word)


@pytest.mark.parametrize("word", [5, 6, 17, 46])
@engines
def test_the_control_of_decoding_is_run_for_many_steps_and_processors(word: int, engine: str) -> None:
    """More than 2,000 steps; as many processors as the word allows, up to 64; late faults and breaches; a limit of steps."""
    runs = [pram.run(program, most) for program, most in process_control.programs(machine(engine, word), False)]
    assert max(run.steps for run in runs) > 2_000 and max(run.program.processors for run in runs) == min(64, 1 << word)
    late = [run for run in runs if run.steps > 100 and run.violation is not None]
    assert {run.violation.policy for run in late if run.violation is not None} == {"common", "crew"}
    assert all(run.faults[-1].step >= run.steps - 1 for run in late) and not all(run.finished for run in runs)


# The batches.


def test_every_batch_gives_what_it_promises() -> None:
    """Each lemma of each batch has an obligation, in the default regime and where no dtype is exact; scopes name w."""
    beyond = [
        b for b in process.measured(Regime(1 << 47)) if (b.params["w"], b.params.get("ext")) in ((46, "none"), (47, "none"))
    ]
    batches = [*process.measured(Regime(64)), *beyond]
    assert {batch.params["w"] for batch in batches} == {5, 6, 46, 47}
    for batch in batches:
        made = list(batch.build())
        assert {o.lemma for o in made} == set(batch.lemmas) and len({o.id for o in made}) == len(made)
        assert all(o.scope.startswith(f"measured: w = {batch.params['w']}") and o.kind == "measurement" for o in made)


def test_what_is_refused_would_be_run_else() -> None:
    """Where no dtype carries a plan its transformer is not made; one that is made refutes that nothing is run."""
    assert process.refused(compile_machine(47, "apmdm")).status == "measured"
    assert process.refused(compile_machine(5, "apmdm")).status == "refuted"


def test_scenarios_of_narrow_words_are_dense() -> None:
    """Of all machines of 8 bits and of files all scenarios have dense passes but for the longest; of every wider machine those
    of the first steps and of all operations have, and the others indexed ones, as the scopes say."""
    for word, of_file in ((8, False), (9, True), (9, False), (30, False)):
        for m in (Machine(word, engine, extension, (1, 1 << word)) for engine in ENGINES for extension in EXTENSIONS):
            plan = dataclasses.replace(compile_machine(5, m.engine), dtype="float32" if of_file else None)
            for scenario in process.SCENARIOS:
                both = process.attentions(scenario, m, plan) or ("dense",)
                narrow = (word <= 8 or of_file) and scenario.name != "full"
                assert ("dense" in both) == (narrow or scenario.name in ("first", "operations"))
                assert ("indexed" in both) == ("with indexed attention" in process.scope(scenario, m, plan))


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_wrong_weights_of_a_wide_machine_are_refuted(engine: str) -> None:
    """A hidden unit of a machine of 9 bits without its bias: runs with indexed attention show a program."""
    m, plan = machine(engine, word=9), compile_machine(9, engine)
    last = plan.layers[-1]
    wrong = dataclasses.replace(plan, layers=(*plan.layers[:-1], dataclasses.replace(last, bias=(0,) * len(last.bias))))
    scenario = next(s for s in process.SCENARIOS if s.name == "mixed")
    assert process.attentions(scenario, m, plan) == ("indexed",)
    assert process.executed(scenario, m, plan, lambda: Transformer.of(plan)).status == "measured"
    verdict = process.executed(scenario, m, plan, lambda: Transformer.of(wrong))
    assert verdict.status == "refuted" and verdict.countermodel is not None
    assert verdict.countermodel["attention"] == "indexed" and verdict.countermodel["program"]


def obligations(engine: str, plan: Plan) -> list[Obligation]:
    """Of a plan that is given as a file's, those on the first scenarios."""
    (batch,) = process.measured(Regime(32, (machine(engine), plan)))
    return [o for o in batch.build() if o.params.get("runs") not in ("late", "long", "full", "large", "processors")]


@pytest.mark.parametrize("engine", ["mdm", pytest.param("apmdm", marks=pytest.mark.slow)])
def test_a_wrong_read_out_is_refuted_with_a_program(engine: str) -> None:
    """A file whose read-out has one bit negated: whole runs show a program, and what is wrong; its weights load well."""
    plan = compile_machine(5, engine)
    row = plan.vocabulary.slots["word_bits"].start
    rows = list(plan.out.rows)
    rows[row] = tuple((column, -c) for column, c in rows[row])
    found: dict[str, Any] = {}
    for o in obligations(engine, dataclasses.replace(plan, out=Matrix(rows, plan.out.columns), dtype="float32")):
        assert o.discharge is not None
        verdict = o.discharge()
        found[o.params.get("runs", o.lemma)] = verdict.status
        if o.lemma == "process.runs":
            assert verdict.countermodel is not None and verdict.countermodel["program"] and "what" in verdict.countermodel
    unconcerned = [found.pop(f"process.{name}") for name in ("weights", "codes", "control", "cache")]
    assert set(unconcerned) == {"measured"} and set(found.values()) == {"refuted"}


# Measurements can fail.


@pytest.mark.parametrize("threshold", [0.0, 0.95])
def test_a_sampler_with_another_threshold_is_refuted(monkeypatch: pytest.MonkeyPatch, threshold: float) -> None:
    """Decoding that unmasks what is not confident, or leaves what is."""
    discharge = partial(process_orders.discharge, machine("mdm"), lambda: module("mdm"), True)
    assert discharge().status == "measured"
    monkeypatch.setattr(decode, "THRESHOLD", threshold)
    verdict = discharge()
    assert verdict.status == "refuted" and verdict.countermodel
    assert verdict.countermodel["decoded"] == "confidences around the threshold"


def test_a_cache_that_forgets_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions that are not cached: the tokens are others than without the cache."""
    monkeypatch.setattr(decode.Cache, "keep", lambda self, positions: setattr(self, "length", self.length + positions // 2))
    assert process_orders.discharge(machine("mdm"), lambda: module("mdm"), True).status == "refuted"


@engines
def test_wrong_weights_are_refuted(engine: str) -> None:
    """A plan whose numbers are not those of the transformer: the tensor, the place, and both numbers."""
    plan = compile_machine(5, engine)
    rows = list(plan.out.rows)
    rows[3] = tuple((column, 2 * c) for column, c in rows[3])
    verdict = process_weights.weights(
        machine(engine), dataclasses.replace(plan, out=Matrix(rows, plan.out.columns)), lambda: module(engine)
    )
    assert verdict.status == "refuted" and verdict.countermodel and verdict.countermodel["what"].startswith("out.weight[3, ")


def test_a_wrong_sampler_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confidence that counts the mask in; predictions of the negated read-out."""
    assert process_readings.sampler(6).status == "measured"
    monkeypatch.setattr(process_readings, "confidence", lambda outputs, layout: 0.999 * sampler.confidence(outputs, layout))
    assert process_readings.sampler(6).status == "refuted"
    monkeypatch.undo()
    monkeypatch.setattr(process_readings, "predictions", lambda outputs, layout: sampler.predictions(-outputs, layout))
    assert process_readings.sampler(6).status == "refuted"


@given(st.integers(0, 1 << 32), st.sampled_from(EXTENSIONS))
@settings(deadline=None, max_examples=25)
def test_confidence_in_closed_form_is_that_of_the_list(seed: int, extension: str) -> None:
    """On random read-outs of five-bit words, of all sizes."""
    book, rng = vocabulary(5, extension), np.random.default_rng(seed)
    rows = rng.normal(0, rng.choice([0.05, 0.3, 1.0]), (4, book.width))
    _, every = process_readings.listed(rows, book, 5)
    assert np.allclose([process_readings.certainty(row, book, 5) for row in rows.tolist()], every)


def test_a_read_out_is_split_alike_for_arrays_and_lists() -> None:
    """Code and control bits of an array (positions, d_out), and of one position's numbers."""
    array, row = np.arange(12).reshape(2, 6), list("abcdef")
    code, control = split(4, array)
    assert code.tolist() == [[0, 1, 2, 3], [6, 7, 8, 9]] and control.tolist() == [[4, 5], [10, 11]]
    assert split(4, row) == (row[:4], row[4:]) and split(6, row)[1] == []
    assert set(OPERATIONS) >= {"shlx", "shrx"}  # the names by which the oracle knows the shifts of extension M
