"""The table of trained encoders, and when its checks fail."""

from __future__ import annotations

import pytest

from efasp.paper_artifacts.experiments import learned as experiment
from efasp.paper_artifacts.experiments.learned import LEMMAS, checkpoints, learned
from efasp.proofs.obligation import Status, Verdict


def test_there_are_checkpoints_of_every_seed() -> None:
    """Of both tasks, in order."""
    made = [(network.task.name, network.seed) for network in checkpoints()]
    assert made == [(task, seed) for task in ("parity", "parity-published") for seed in range(8)]


@pytest.mark.parametrize(
    ("every", "readouts", "hold"),
    [
        ("proved", "measured", [True, True]),
        ("refuted", "measured", [True, True]),
        ("unknown", "measured", [False, True]),
        ("error", "measured", [False, True]),
        ("proved", "refuted", [True, False]),
    ],
)
def test_checks(every: Status, readouts: Status, hold: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """They fail where a checkpoint is neither proved nor refuted, and where a read-out leaves its enclosure."""
    pytest.importorskip("torch", reason="torch is not installed")
    given = dict(zip(LEMMAS, (Verdict("proved", ""), Verdict(every, "how: so"), Verdict(readouts, "")), strict=True))
    monkeypatch.setattr(experiment, "verdicts", lambda network: given)
    artifact = learned()
    assert [check.holds for check in artifact.checks] == hold
    assert {row["every length"] for row in artifact.rows} == {every}
