"""The table of serial programs: a run of every kind of task but the largest, and what fails its checks."""

from __future__ import annotations

from efasp.paper_artifacts.experiments.serial import TASKS, UNIVERSAL, counted, decode, given


def test_runs_agree_with_the_plan() -> None:
    """The smallest of each: tokens and passes of the plan, in the steps that are counted."""
    for name, text in dict(reversed(TASKS)).items():
        if name not in (UNIVERSAL, "masked dyck1"):
            found = decode((name, text))
            assert found["agrees"] and counted(found) and found["positions"] == len(given(name, text).tokens)


def test_other_steps_are_not_counted() -> None:
    """A fault, or a step more."""
    good = {"halted": True, "steps": 5, "counted": 5}
    assert counted(good) and not counted(good | {"steps": 6}) and not counted(good | {"halted": False})
