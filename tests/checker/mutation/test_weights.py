"""Single-weight changes: the draw, the contents of a changed file, and the verdicts on some that were fixed beforehand."""

from __future__ import annotations

import dataclasses
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from efasp.checker.cli import main
from efasp.checker.discharge import discharge
from efasp.checker.mutation import weights
from efasp.checker.mutation.constructions import Budget
from efasp.checker.mutation.weight_changes import KINDS, Change, File, sample, unit
from efasp.checker.pool.pools import Processes
from efasp.checker.store import Store
from efasp.model.compile import compile_machine
from efasp.model.readback import read_plan
from efasp.model.weights import compiled, export
from efasp.proofs.concrete import float64_filter, machine_states
from efasp.proofs.concrete.machine_states import first_failure
from efasp.proofs.equivalence import targeted
from efasp.proofs.lemmas import lowering, numerics
from efasp.proofs.obligation import Machine, Regime, Verdict
from tests.proofs.broken import changed

BUDGET = Budget(Processes(1), ("z3",), 30.0, 4096)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The smallest weights file of each engine."""
    folder = tmp_path_factory.mktemp("weights")
    for engine in ("mdm", "apmdm"):
        export(compiled(5, engine), folder / engine)
    return {engine: folder / engine for engine in ("mdm", "apmdm")}


# What is drawn.


def test_changes_are_spread_over_tensors_and_kinds(exported: dict[str, Path]) -> None:
    """Every tensor as often as any other, every kind; the same each time, none twice; another seed, others."""
    tensors = File(exported["mdm"]).tensors
    found = sample(tensors, 130, "a")
    assert found == sample(tensors, 130, "a") != sample(tensors, 130, "b")
    assert len(set(found)) == len(found) == 130
    each = Counter(change.tensor for change in found)
    assert set(each) == set(tensors) and max(each.values()) - min(each.values()) <= 2
    assert set(Counter(change.kind for change in found)) == set(KINDS)


def test_a_changed_file_differs_in_what_the_change_names(exported: dict[str, Path], tmp_path: Path) -> None:
    """And is read back with just those numbers; a unit is a part of every number of its tensor."""
    file = File(exported["apmdm"])
    for change in sample(file.tensors, 60, "c"):
        (tmp_path / "w").write_bytes(file.changed(change))
        other = File(tmp_path / "w")
        read_plan(tmp_path / "w")
        for name, tensor in file.tensors.items():
            places = {tuple(place) for place in np.argwhere(tensor != other.tensors[name]).tolist()}
            assert places == (set(change.numbers()) if name == change.tensor else set())
        assert all(other.tensors[change.tensor][place] == number for place, number in change.numbers().items())
        was = abs(change.new - change.old)
        assert change.kind not in ("plus", "minus") or was == unit(file.tensors[change.tensor])


# What becomes of them.


def test_one_change_of_two_files_is_two_things(
    exported: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cached verdict on a change of one file does not stand for the same change of another."""
    monkeypatch.setattr(weights, "prepare", lambda machine: None)
    files = {engine: File(path) for engine, path in exported.items()}
    one, other = (file.tensors["layers.1.up.bias"] for file in files.values())
    place = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a == b != 0)
    change = Change("layers.1.up.bias", "zero", (place,), float(one[place]), 0.0)
    with closing(Store(tmp_path / "store.sqlite", print)) as store:
        for engine, path in exported.items():
            regime = Regime(32, (Machine(5, engine, "", (1, 32)), read_plan(path)[3]))
            (found,) = weights.run(path, regime, None, [change], BUDGET, store)
            assert found["status"] == "killed" and f"engine={engine}," in found["by"][0]


SLOW = pytest.mark.slow
# The slow ones are those of which the tests below take long.
KILLED = [
    pytest.param("apmdm", "layers.0.v.weight", (0, 2), -0.5, marks=SLOW),
    ("apmdm", "layers.2.down.weight", (56, 53), 0.0),
    ("apmdm", "layers.2.up.bias", (22,), -2.0),
    pytest.param("apmdm", "layers.3.q.weight", (0, 32), 1.0, marks=SLOW),
    ("apmdm", "layers.4.q.weight", (1, 42), 2.0),
    ("apmdm", "layers.4.up.bias", (0,), 0.0),
    pytest.param("mdm", "place.weight", (30, 62), 2.0, marks=SLOW),
]
WITHOUT_A_STATE = [
    pytest.param(*KILLED[1], marks=SLOW), KILLED[2], pytest.param(*KILLED[4], marks=SLOW), KILLED[5],
    *(case for case in KILLED if not isinstance(case, tuple)),
]  # fmt: skip


def judged(engine: str, tensor: str, place: tuple[int, ...], new: float, exported: dict[str, Path]) -> Verdict:
    """The verdict of the lemmas about layers on a changed file."""
    file = File(exported[engine])
    change = Change(tensor, "other", place, float(file.tensors[tensor][place]), new)
    return weights.verdict(file, Machine(5, engine, "", (1, 32)), 32, ["lowering.*"], BUDGET, change)


@pytest.mark.parametrize(("engine", "tensor", "place", "new"), KILLED)
def test_changes_that_are_refuted(
    engine: str, tensor: str, place: tuple[int, ...], new: float, exported: dict[str, Path]
) -> None:
    """Each is refuted with a state."""
    found = judged(engine, tensor, place, new, exported)
    assert found.status == "refuted" and found.countermodel is not None
    assert found.countermodel["expected"] != found.countermodel["got"]


@pytest.mark.parametrize(("engine", "tensor", "place", "new"), WITHOUT_A_STATE)
def test_changes_that_nothing_proves_equivalent(
    engine: str, tensor: str, place: tuple[int, ...], new: float, exported: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no state is run, no obligation proves them equivalent."""
    monkeypatch.setattr(machine_states, "first_failure", lambda *_, **__: None)
    monkeypatch.setattr(targeted, "first_failure", lambda *_, **__: None)
    monkeypatch.setattr(lowering.sat_sweeping, "RUN", 2)
    assert judged(engine, tensor, place, new, exported).status == "unknown"


# A unit that is the same, a value that is read nowhere, a flag that leads by
# more, a row of queries, a mask that ties, a bit of a query that finds a cell anyway: equivalent, with a proof.
EQUIVALENT = [
    ("apmdm", "layers.3.up.weight", (61, 3), 0.0),
    ("apmdm", "layers.1.up.weight", (10, 39), 1.0),
    ("apmdm", "layers.2.v.weight", (21, 44), 1.0),
    ("apmdm", "out.weight", (2, 1), 2.0),
    ("mdm", "layers.1.down.weight", (8, 13), 0.0),
    ("mdm", "out.bias", (7,), 2.0),
    ("apmdm", "layers.2.q.weight", (33, 89), 2.0),
]


@pytest.mark.parametrize(("engine", "tensor", "place", "new"), EQUIVALENT)
def test_changes_that_are_equivalent(
    engine: str, tensor: str, place: tuple[int, ...], new: float, exported: dict[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each is proved, layer by layer: rows that differ have the same value at every position, or the read-outs decode alike."""
    machine, plan = changed(exported[engine], tmp_path, tensor, place, new)
    monkeypatch.setattr(machine_states, "first_failure", lambda *_, **__: None)  # of all states; some are run below
    monkeypatch.setattr(lowering.sat_sweeping, "RUN", 2)
    assert not lowering.Comparison(machine, plan, 32).equal
    found = [o for batch in lowering.lowered(Regime(32, (machine, plan))) for o in batch.build()]
    assert {discharge(o, ["z3"], 30).status for o in found} == {"proved"}
    assert first_failure(plan, machine, 3) is None
    assert weights.decoded(tmp_path / "changed", machine, "seed") is None


@SLOW
def test_a_change_of_which_nothing_is_known(exported: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loser that loses by half a point less: it still loses at times up to 32, later it may not. No state refutes it, one
    obligation stays unknown, none is refuted."""
    machine, plan = changed(exported["mdm"], tmp_path, "layers.2.k.weight", (16, 31), 65537.0)
    monkeypatch.setattr(machine_states, "first_failure", lambda *_, **__: None)
    monkeypatch.setattr(lowering.sat_sweeping, "RUN", 2)
    found = [o for batch in lowering.lowered(Regime(32, (machine, plan))) for o in batch.build()]
    assert {discharge(o, ["z3"], 30).status for o in found} == {"proved", "unknown"}


@pytest.mark.parametrize(("place", "new", "wanted"), [((3, 22), -127.5, "refuted"), ((0, 40), 79.0, "proved")])
def test_scores_in_halves(place: tuple[int, int], new: float, wanted: str, exported: dict[str, Path], tmp_path: Path) -> None:
    """Two writers 1/2 apart in score are not separated by softmax, and torch shows it; where both lose 1/2 they are."""
    machine, plan = changed(exported["apmdm"], tmp_path, "layers.4.k.weight", place, new)
    obligations = [o for o in numerics.about(Regime(32, (machine, plan)), machine) if o.lemma == "numerics.integers"]
    found = [discharge(obligation, ["z3"], 300) for obligation in obligations]  # the search has what the solver leaves of it
    assert len(found) == 2 and found[0].status == "proved" and found[1].status == wanted
    if wanted == "refuted":
        case = found[1].countermodel
        assert case is not None and case["replayed"] and case["exact"] != case["torch"]


def test_a_proof_that_decoding_contradicts_is_a_survivor(exported: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a wrong change proved, the programs that torch decodes would show it."""
    file = File(exported["apmdm"])
    change = Change("out.weight", "sign", (30, 2), 1.0, -1.0)
    place = tuple(np.argwhere(file.tensors["out.weight"])[-1].tolist())
    change = dataclasses.replace(change, place=place, new=-float(file.tensors["out.weight"][place]))
    monkeypatch.setattr(weights, "discharged", lambda *_: Verdict("proved", "all of it"))
    found = weights.verdict(file, Machine(5, "apmdm", "", (1, 32)), 32, None, BUDGET, change)
    assert found.status == "unknown" and weights.DECODED in found.method


def test_what_is_remembered_changes_no_answer(
    exported: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computed next to a fresh compile, the read-outs of a changed plan are those of the plan alone."""
    states = list(islice(machine_states.states(5, ""), 2))
    monkeypatch.setattr(machine_states, "states", lambda word, extension: iter(states))
    machine = Machine(5, "apmdm", "", (1, 32))
    fresh = float64_filter.Screen(compile_machine(5, "apmdm", ""))
    given = [one.sequence for case in states for one in machine_states.passes(fresh, machine, case)]
    traced = [((sequence.tokens, sequence.places), fresh.trace(sequence.tokens, sequence.places)) for sequence in given]
    assert len(traced) == len(states)
    float64_filter.remember(machine)
    machine_states.remember(machine)
    try:
        for change in sample(File(exported["apmdm"]).tensors, 20, "d"):
            (tmp_path / "w").write_bytes(File(exported["apmdm"]).changed(change))
            plan = read_plan(tmp_path / "w")[3]
            beside, alone = float64_filter.screen(plan, machine), float64_filter.Screen(plan)
            assert isinstance(beside, float64_filter.Near)
            for number, (sequence, was) in enumerate(traced):
                mine = alone.trace(*sequence)
                assert beside.unmoved(number) == np.array_equal(mine.out, was.out)
                like = alone.trace_like(*sequence, fresh, was)
                assert all(map(np.array_equal, like.streams, mine.streams)) and np.array_equal(like.out, mine.out)
                pairs = zip(like.read, mine.read, strict=True)
                assert all(np.array_equal(a, b) for reads in pairs for a, b in zip(*reads, strict=True))
    finally:
        float64_filter.forget()


def test_the_command_reports_changes(
    exported: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A survivor is listed and the exit code is 1; numbers of each status add up."""
    monkeypatch.setattr(weights, "prepare", lambda machine: None)
    monkeypatch.setattr(weights, "discharged", lambda *_: Verdict("unknown", "nothing is known"))
    arguments = ["check", "--weights", str(exported["apmdm"]), "--mutants", "--changes", "3", "--jobs", "1", "--no-cache"]
    assert main([*arguments, "--lemma", "numerics.dyadic"]) == 1
    out = capsys.readouterr().out
    assert "0 changes killed, 0 equivalent, 3 survived" in out and out.count("survived: weights: layers.0") == 3
