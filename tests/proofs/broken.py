"""Broken constructions: the source of the step with one line changed, and what the obligations then say."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterable
from typing import Any

from checker.settle import smt
from efasp.pram import step
from efasp.syntax import Program
from proofs.obligation import Machine, Obligation, Verdict
from proofs.step import Step

SOURCE = inspect.getsource(step)


def broken(old: str, new: str, engine: str, extension: str = "") -> Step:
    """The step at w = 5 made by the source with one passage replaced; the passage must be there."""
    assert old in SOURCE
    module = types.ModuleType("broken_step")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(SOURCE.replace(old, new), "broken_step", "exec"), module.__dict__)
    build = module.masked_step if engine == "mdm" else module.cell_step
    program = build(5, extension)
    assert isinstance(program, Program)
    return Step(Machine(5, engine, extension, (1, 32)), program)


def settled(obligation: Obligation) -> Verdict:
    """The verdict of one obligation, as the checker finds it with Z3: SMT scripts with the countermodel replayed."""
    return smt(obligation, ["z3"], 60) if obligation.settle is None else obligation.settle()


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
