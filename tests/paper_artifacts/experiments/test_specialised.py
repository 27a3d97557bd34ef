"""The table of transformers of one program: what its rows say, on two programs, and what fails its checks."""

from __future__ import annotations

import pytest

from efasp.model.compile import compile_machine
from efasp.paper_artifacts.experiments import specialised as experiment
from efasp.paper_artifacts.experiments.specialised import TASKS, decode, problem, row, specialised
from efasp.paper_artifacts.tables.records import Notes
from efasp.pram.library import PROGRAMS


def test_sizes_are_those_of_the_plans() -> None:
    """Layers and widths are counted on the compiled plans; the prompt saves 4 tokens an instruction; the run agrees."""
    pytest.importorskip("torch", reason="torch is not installed")
    for engine in ("mdm", "apmdm"):
        found, program = decode(("sum_to", engine)), problem("sum_to")
        own, universal = (compile_machine(16, engine, "", code) for code in (program.instructions, None))
        for sizes, plan in ((found["specialised"], own), (found["universal"], universal)):
            assert (sizes["layers"], sizes["d_model"]) == (len(plan.layers), plan.width)
            assert sizes["d_ff"] == max(len(layer.bias) for layer in plan.layers)
        assert found["agrees"] and found["shorter"] == 4 * len(program.instructions)
    assert {name for name, _ in TASKS} == set(PROGRAMS)


def test_a_run_that_differs_fails_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of the table does not hold where a run differs, a layer is not saved or the context is another one."""
    small = {"layers": 4, "d_model": 9, "d_ff": 9, "parameters": 9}
    good = {"extension": "", "instructions": 3, "specialised": small, "universal": small | {"layers": 5}, "shorter": 12,
            "steps": 7, "agrees": True}  # fmt: skip
    assert row(("scan", "mdm"), good)["layers u"] == 5
    wrong = [{}, {"agrees": False}, {"universal": small}, {"shorter": 24}]
    for number, change in enumerate(wrong):
        monkeypatch.setattr(experiment, "cached", lambda *_, change=change: [good | change] * len(TASKS))
        assert [check.holds for check in specialised(Notes()).checks] == [i != number - 1 for i in range(3)]
