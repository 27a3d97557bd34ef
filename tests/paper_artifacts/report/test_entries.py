"""Matrix entries of constructions: they are the plan's, and what they add up to is the definition."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from operator import attrgetter

import pytest

from efasp.affine_forms import total
from efasp.checker.mutation.constructions import Outcome
from efasp.model.compile import STEPS, compile_machine
from efasp.paper_artifacts.claims.claims import Ledger
from efasp.paper_artifacts.report.constructions import construction, written
from efasp.paper_artifacts.report.entries import _made, entries, explained
from efasp.paper_artifacts.report.sheets import sheet, sheet_text
from efasp.proofs.mutation.mutants import load
from efasp.proofs.statements import statements
from tests.paper_artifacts.report.test_audit import full


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_the_parts_add_up_to_the_definition(engine: str) -> None:
    """Every definition that is explained is the sum of its parts, as forms; most are."""
    of, by_atom = _made(5, engine, "")
    count = 0
    for node in STEPS[engine](5, "").definitions.values():
        for form in of.get(node, []):
            said = explained(form, by_atom)
            if said is not None:
                assert total([(factor, made.form) for factor, made in said[0]], said[1]) == form
                count += 1
    assert count > 50


def test_the_rows_are_the_plans() -> None:
    """A unit's row, bias and column are those of the compiled matrices."""
    layers = compile_machine(5, "mdm", "").layers
    found = [
        re.match(r"layer (\d+) unit (\d+): up\[\d+\] = (.*), bias (-?\d+); (.*)", line)
        for line in entries("definition", "taken", 5)
    ]
    units = [line for line in found if line]
    assert len(units) == 2
    for line in units:
        layer, unit = layers[int(line[1]) - 1], int(line[2])
        row = [(int(at), int(c)) for c, at in re.findall(r"([+-]\d+) \S+ \((\d+)\)", line[3])]
        assert row == list(layer.up.rows[unit]) and int(line[4]) == layer.bias[unit]
        down = [(int(at), int(c)) for at, c in re.findall(r"down\[(\d+), \d+\] = (-?\d+)", line[5])]
        assert down == [(at, c) for at, row in enumerate(layer.down.rows) for j, c in row if j == unit]


def test_what_the_step_lacks_has_none() -> None:
    """An operator that the machine does not use."""
    assert entries("operator", "seq_mean", 5) == []


def test_a_lemma_shows_them() -> None:
    """`efasp audit` of one lemma: from the claim to the entries."""
    text = sheet_text(sheet("step.taken", Ledger([full("step.taken")]), {}, [], []))
    assert "claims      " in text and "Matrix entries (mdm, w = 5" in text and re.search(r"layer 3 unit \d+: up\[", text)


def test_a_mutant_that_is_not_killed_says_why() -> None:
    """Of a construction that is wrong already: its mutants are errors, each with the reason, not with what was refuted."""
    mutants = [mutant for mutant in load() if "gates.add" in mutant.lemmas]
    why = "gates.add: not proved without the mutant either"
    found = [Outcome(mutant, "error", {"gates.add": "gates.add[w=8]"}, why, 0.1).row for mutant in mutants]
    shown = sheet("gates.add", Ledger([full("gates.add")]), {}, mutants, found)
    text = sheet_text(shown)
    assert all(f"* {mutant.id} ({mutant.module}): error: {why}" in text for mutant in mutants) and "gates.add[w=8]" not in text
    assert [row["detail"] for row in shown.mutants] == [why] * len(mutants)


def test_a_source_is_that_of_what_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source that is shown of a function, class or method is that of the object, with its decorators."""
    named = [s.of.removeprefix("code:").split(":") for s in statements().values() if s.of.startswith("code:")]
    assert len(named) > 40
    for module, path in named:
        found = attrgetter(path)(importlib.import_module(module))
        assert written(module, path) == inspect.getsource(inspect.unwrap(found))
    monkeypatch.setitem(sys.modules, "torch", None)  # the sources are read without it
    monkeypatch.delitem(sys.modules, "efasp.model.decode")
    assert construction.__wrapped__("code:efasp.model.decode:masked_diffusion").definition.startswith("def masked_diffusion(")
    assert "efasp.model.decode" not in sys.modules
    for module, path in (("efasp.model.decode", "nothing"), ("efasp.model.nothing", "run")):
        with pytest.raises(ValueError, match="expected a construction"):
            construction(f"code:{module}:{path}")
