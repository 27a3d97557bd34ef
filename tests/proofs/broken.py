"""Broken constructions: the step's source with a line changed, weights with one number; and the verdicts on them."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from efasp.checker.discharge import discharge
from efasp.checker.mutation.weight_changes import Change, File
from efasp.model.plan import Plan
from efasp.model.readback import read_plan
from efasp.pram import step, views
from efasp.proofs.obligation import Machine, Obligation, Verdict
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Program

SOURCES = {"broken_views": inspect.getsource(views), "broken_step": inspect.getsource(step)}


def made(name: str, source: str) -> types.ModuleType:
    """A module of that name, made of a source."""
    module = types.ModuleType(name)
    sys.modules[name] = module  # dataclasses look their module up
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def broken(old: str, new: str, engine: str, extension: str = "", word: int = 5) -> Step:
    """The step of a width made by the sources of it and of its views, with one passage replaced; the passage must be there."""
    assert any(old in source for source in SOURCES.values())
    made("broken_views", SOURCES["broken_views"].replace(old, new))
    module = made("broken_step", SOURCES["broken_step"].replace(old, new).replace("efasp.pram.views", "broken_views"))
    build = module.masked_step if engine == "mdm" else module.cell_step
    program = build(word, extension)
    assert isinstance(program, Program)
    return Step(Machine(word, engine, extension, (1, 1 << word)), program)


def changed(path: Path, folder: Path, tensor: str, place: tuple[int, ...], new: float) -> tuple[Machine, Plan]:
    """The machine and the plan of a weights file with one number changed, which is written to the folder."""
    file = File(path)
    change = Change(tensor, "other", place, float(file.tensors[tensor][place]), new)
    (folder / "changed").write_bytes(file.changed(change))
    word, engine, extension, plan = read_plan(folder / "changed")
    return Machine(word, engine, extension, (1, 32)), plan


def discharged(obligation: Obligation) -> Verdict:
    """The verdict of one obligation: Z3 for SMT scripts, with the countermodel replayed; a search where there is one."""
    return discharge(obligation, ["z3"], 60)


def refuted(obligations: Iterable[Obligation]) -> dict[str, dict[str, Any]]:
    """The lemmas that are refuted, with a countermodel each; all others must be proved (or measured)."""
    out: dict[str, dict[str, Any]] = {}
    for obligation in obligations:
        verdict = discharged(obligation)
        assert verdict.status in ("proved", "measured", "refuted")
        if verdict.status == "refuted":
            assert verdict.countermodel
            out.setdefault(obligation.lemma, verdict.countermodel)
    return out
