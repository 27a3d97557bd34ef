"""The assumptions about a position in proofs of observational equivalence, compared with positions of sequences in runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
import z3

from efasp.affine_forms import Form
from efasp.checker.store import digest
from efasp.encoding import TokenSequence
from efasp.model.compile import STEPS, compile_machine
from efasp.model.readback import read_plan
from efasp.model.weights import compiled, export
from efasp.proofs import registry
from efasp.proofs.concrete import machine_states
from efasp.proofs.concrete.float64_filter import Screen
from efasp.proofs.equivalence import assumptions, relational, sat_sweeping
from efasp.proofs.equivalence.symbolic_position import SymbolicPosition
from efasp.proofs.lemmas import lowering
from efasp.proofs.obligation import Machine, Regime
from efasp.proofs.smtlib import TRUE, Script
from efasp.proofs.symbolic.residual_atoms import Code, Mean, Unit
from efasp.proofs.symbolic.residual_stream import Reader
from tests.proofs.broken import changed

ENGINES = ("mdm", "apmdm")
ROOT = Path(__file__).parents[3]


def machine(engine: str, extension: str = "") -> Machine:
    """The machine of the regime."""
    return Machine(5, engine, extension, (1, 32))


def values(reader: Reader, sequence: TokenSequence) -> np.ndarray:
    """All atoms at every position of a sequence, (atoms, positions): lookups are average-hard attention."""
    stream = reader.stream
    te, pe = (stream.books[side] for side in ("te", "pe"))
    codes = {"te": te.codes(te.rows(sequence.tokens)), "pe": pe.codes(sequence.places)}
    held, maximal = np.ones((len(stream.atoms), len(sequence))), dict[int, np.ndarray]()
    for atom in range(1, len(stream.atoms)):
        kind = stream.atoms[atom]
        if isinstance(kind, Code):
            held[atom] = codes[kind.side][:, kind.coordinate] / 2
        elif isinstance(kind, Unit):
            inner = sum(float(c) * held[a] for a, c in stream.directions[kind.direction].items())
            held[atom] = np.maximum(kind.sign * inner + float(kind.constant), 0)
        elif isinstance(kind, Mean):
            if kind.score not in maximal:  # several values are read by one score
                scores = sum(float(c) * np.outer(held[a], held[b]) for (a, b), c in stream.scores[kind.score].items())
                maximal[kind.score] = scores == scores.max(axis=1, keepdims=True)
            best = maximal[kind.score]
            held[atom] = (best @ held[kind.atom]) / best.sum(axis=1)
    return held


@cache
def sequences(engine: str, extension: str = "") -> list[TokenSequence]:
    """Sequences of states of several kinds, those with few positions."""
    plan, found = Screen(compile_machine(5, engine, extension)), []
    for case in list(machine_states.states(5, extension))[8:200:3]:
        if case.program.processors < 8 and len(found) < 16:
            found += [one.sequence for one in islice(machine_states.passes(plan, machine(engine, extension), case), 1)]
    return [sequence for sequence in found if len(sequence) < 700]


class Assumed:
    """The assumptions about a position in one solver, for all positions that they are compared with."""

    def __init__(self, at: SymbolicPosition) -> None:
        self.solver = z3.Solver(ctx=z3.Context())
        self.solver.from_string(at.script.text(TRUE).rpartition("(assert (not")[0])
        self.reals = {atom: z3.Real(name, self.solver.ctx) for atom, name in at.names.items()}
        self._equations: dict[tuple[int, float], z3.BoolRef] = {}  # most values come again and again

    def equation(self, atom: int, value: float) -> z3.BoolRef:
        """That an atom has a value, as exactly as a fraction of small denominator is."""
        if (atom, value) not in self._equations:
            exact = z3.RealVal(str(Fraction(value).limit_denominator(64)), self.solver.ctx)
            self._equations[atom, value] = self.reals[atom] == exact
        return self._equations[atom, value]

    def hold(self, reader: Reader, sequence: TokenSequence, positions: list[int]) -> None:
        """Assert that at each position the assumptions have a model in which the atoms have the values that they have."""
        held = values(reader, sequence)
        for position in positions:
            equations = [self.equation(atom, float(held[atom, position])) for atom in self.reals]
            found = self.solver.check(*equations)
            assert found == z3.sat, (position, sequence.tokens[position], sequence.places[position].tolist())


@pytest.mark.parametrize("count", [6, pytest.param(25, marks=pytest.mark.slow)])
@pytest.mark.parametrize("engine", ENGINES)
def test_assumptions_hold_where_they_are_run(engine: str, count: int) -> None:
    """Every hypothesis about a position, all atoms declared, has a model in which the atoms have the values that they have."""
    reader, rng = Reader(STEPS[engine](5, "")), Random(1)
    script = Script("QF_LRA")
    at = SymbolicPosition(reader, machine(engine), script, forms=list(reader.outputs))
    assert len(at.names) > 0.8 * reader.own_atoms
    found, assumed = sequences(engine), Assumed(at)
    assert found
    for sequence in found:
        assumed.hold(reader, sequence, rng.sample(range(len(sequence)), min(count, len(sequence))))


# Heads that read otherwise: one sharing with the sink, one of one winner (where nothing is read out).
READS_OTHERWISE = [
    ("mdm", "M", "layers.1.q.weight", (22, 93), 0.0, True),
    ("apmdm", "", "layers.1.down.weight", (9, 4), 0.0, False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "extension", "tensor", "place", "new", "group"), READS_OTHERWISE)
def test_assumptions_about_other_reads_hold_where_they_are_run(
    engine: str, extension: str, tensor: str, place: tuple[int, int], new: float, group: bool, tmp_path: Path
) -> None:
    """Every hypothesis about a position of a group, for a plan with heads that read otherwise than the program's lookups."""
    export(compiled(5, engine, extension), tmp_path / "weights")
    where, plan = changed(tmp_path / "weights", tmp_path, tensor, place, new)
    found = lowering.swept(where, plan)
    assert found is not None and found.apart
    reader = found.reader.copy()
    outputs = dict(found.outputs)
    forms = [form for head in found.apart for form in head.got[0]]
    forms += [reader.stream.mean(head.new, form) for head in found.apart for form in head.got[2][0]]
    forms += outputs.get(group, outputs.get(None)) or []
    script = Script("QF_LRA")
    at = SymbolicPosition(reader, where, script, forms=forms, group=group)
    kinds = [reader.stream.atoms[atom] for atom in at.names]
    assert any(isinstance(kind, Mean) and kind.score >= reader.own_scores for kind in kinds)
    rng, count, assumed = Random(2), 0, Assumed(at)
    for sequence in sequences(engine, extension):
        counted = np.flatnonzero(sat_sweeping.counts(plan, engine, sequence.tokens, sequence.places) == group)
        positions = rng.sample(counted.tolist(), min(15, len(counted)))
        assumed.hold(reader, sequence, positions)
        count += len(positions)
    assert count > 40


def texts(file: Path, families: Sequence[str]) -> dict[str, dict[str, str]]:
    """By family, and by obligation, a digest of all that is to be shown of a weights file, built in this order."""
    word, engine, extension, plan = read_plan(file)
    regime, found = Regime(32, (Machine(word, engine, extension, (1, 32)), plan)), dict[str, dict[str, str]]()
    for family in families:
        batches = [batch for batch in registry.batches(regime, [f"{family}.*"]) if "engine" in batch.params]
        obligations = [one for batch in batches for one in batch.build()]
        found[family] = {one.id: digest(one.kind, one.scope, one.hypotheses, one.content) for one in obligations}
    return found


FRESH = """
import json, sys, pathlib
from tests.proofs.equivalence.test_equivalence import texts
print(json.dumps(texts(pathlib.Path(sys.argv[1]), sys.argv[2:])))
"""


@pytest.mark.slow
def test_what_is_to_be_shown_depends_on_the_file_alone(tmp_path: Path) -> None:
    """The obligations of a changed file in three orders, two in one process, one in a fresh one: the same texts."""
    engine, extension, tensor, place, new, _ = READS_OTHERWISE[1]
    export(compiled(5, engine, extension), tmp_path / "weights")
    changed(tmp_path / "weights", tmp_path, tensor, place, new)
    file = tmp_path / "changed"
    first, used = texts(file, ("lowering", "numerics")), texts(file, ("numerics", "lowering"))
    done = subprocess.run([sys.executable, "-c", FRESH, file, "numerics"], capture_output=True, check=True, cwd=ROOT)
    assert len(first["lowering"]) > 4 and len(first["numerics"]) > 4
    assert first == used and first["numerics"] == json.loads(done.stdout)["numerics"]


def test_a_complete_stream_does_not_grow() -> None:
    """Of a stream that obligations are built of nothing is added to; a copy grows, and the stream stays as it is."""
    where = machine("mdm")
    reader, _, _ = lowering.read(where, compile_machine(5, "mdm"))
    stream, size = reader.stream, len(reader.stream.atoms)
    form = Form({atom: 1 for atom in range(1, size)}, Fraction(1, 7))
    for grow in (lambda: stream.relu(form), lambda: stream.score([(form, form)]), lambda: stream.learn(form, (0, 1))):
        with pytest.raises(RuntimeError, match="complete"):
            grow()
    more = stream.copy()
    more.learn(form, (0, 1))
    assert more.relu(form) and len(more.atoms) + len(more.known) > size + len(stream.known)
    assert len(stream.atoms) == size


def test_a_hypothesis_that_is_false_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the sink's values assumed of every position, the states would contradict it."""
    monkeypatch.setattr(
        SymbolicPosition, "_sink", lambda self: self.script.definition(assumptions.eq(self.flag("te", "bos"), "1"))
    )
    with pytest.raises(AssertionError):
        test_assumptions_hold_where_they_are_run("apmdm", 6)


def test_a_wrong_cut_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs only propose cuts: a wrong proposal gives an obligation that fails."""
    reader, where = Reader(STEPS["apmdm"](5, "")), machine("apmdm")
    nothing = sat_sweeping.Executed([], [], [], [], [])
    swept = sat_sweeping.Swept(reader, (nothing, nothing))
    node = reader.program.definitions["result"]
    a, b = reader.of[node][0], reader.of[node][1]
    assert isinstance(a, Form)
    swept.cuts.append(relational.Cut(1, None, "up", 0, a, b))
    found = relational.rows_alike(reader, swept.cuts, where, 1, "n <= 32")
    assert found is not None
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string(found.content)
    assert solver.check() == z3.sat
