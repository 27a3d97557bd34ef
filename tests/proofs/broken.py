"""Broken constructions: the step's source with a line changed, weights with one number; what the obligations then say."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from checker.changes import Change, File
from checker.settle import settle
from efasp.pram import step
from efasp.syntax import Program
from model.plan import Plan
from model.readback import read_plan
from proofs.obligation import Machine, Obligation, Verdict
from proofs.step import Step

SOURCE = inspect.getsource(step)


def broken(old: str, new: str, engine: str, extension: str = "", word: int = 5) -> Step:
    """The step of a width made by the source with one passage replaced; the passage must be there."""
    assert old in SOURCE
    module = types.ModuleType("broken_step")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(SOURCE.replace(old, new), "broken_step", "exec"), module.__dict__)
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


def settled(obligation: Obligation) -> Verdict:
    """The verdict of one obligation: Z3 for SMT scripts, with the countermodel replayed; a search where there is one."""
    return settle(obligation, ["z3"], 60)


def refuted(obligations: Iterable[Obligation]) -> dict[str, dict[str, Any]]:
    """The lemmas that are refuted, with a countermodel each; all others must be proved (or measured)."""
    out: dict[str, dict[str, Any]] = {}
    for obligation in obligations:
        verdict = settled(obligation)
        assert verdict.status in ("proved", "measured", "refuted")
        if verdict.status == "refuted":
            assert verdict.countermodel
            out.setdefault(obligation.lemma, verdict.countermodel)
    return out
