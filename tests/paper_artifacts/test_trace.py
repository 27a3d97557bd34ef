"""`efasp trace`: its frames are the machine's steps, and its attention is the plan's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from efasp.exact import winners
from efasp.pram import machine
from efasp.pram.assembler import assemble_file
from model.compile import compile_machine
from paper_artifacts.cli import main
from paper_artifacts.tracer import Tracer, shown

ROOT = Path(__file__).parents[2]
PROGRAM = str(ROOT / "programs" / "sum_to.pram")


def tracer(engine: str) -> Tracer:
    """A tracer of the first library program at w = 8."""
    return Tracer(assemble_file(PROGRAM, word=8, extension=""), compile_machine(8, engine), engine, "")


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_frames_are_the_machines_steps(engine: str) -> None:
    """Every frame's configuration is the PRAM's, and the run ends where the PRAM's does."""
    found = tracer(engine)
    state = machine.initial(found.program)
    for frame in found.frames(5):
        state = machine.step(found.program, state)
        assert frame.state == state and frame.differs is None
        assert {"unmasked"} <= set(frame.marks) <= {"same", "masked", "unmasked", "remasked"}
        assert ("remasked" in frame.marks) == (engine == "apmdm")


def test_looks_are_those_of_the_heads() -> None:
    """The positions that a head attends to have the maximal score, computed here from the plan's matrices."""
    found = tracer("mdm")
    frame = next(found.frames(1))
    plan, sequence = found.plan, frame.sequence
    states = plan.states(plan.embed(sequence.tokens, sequence.places))
    for position, view in frame.views.items():
        for look in view.looks:
            head, h = plan.layers[look.layer - 1].heads[look.head], states[2 * look.layer - 2].astype(float)
            q, k = head.q.apply(states[2 * look.layer - 2])[position], head.k.apply(states[2 * look.layer - 2])
            scores = k.astype(float) @ q.astype(float)
            assert look.positions == np.flatnonzero(scores == scores.max()).tolist() and len(h)


def test_winners() -> None:
    """Every key of maximal score wins."""
    assert winners(np.array([[1], [-1]]), np.array([[2], [3], [3]])).tolist() == [[False, True, True], [True, False, False]]


def test_fields_as_words() -> None:
    """Bits are also shown as the number that they are; coordinates that are not one word are not."""
    assert shown([(0, 1), (1, 0), (2, 1)]) == "1 0 1 = 5" and shown([(0, -1), (1, 1)]) == "-1 1 = 2"
    assert shown([(0, 1), (0, 1)]) == "1 1" and shown([(0, 7)]) == "7"


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_one_step_as_text(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One step: states, changed positions, attention, fields, control bits."""
    assert main(["trace", PROGRAM, "--engine", engine, "--word", "8", "--step", "2", "--position", "0"]) == 0
    text = capsys.readouterr().out
    assert "decoding step 2" in text and "attends to" in text and "position 0: bos" in text and "counter index=0" in text
    assert ("control 100" in text) == (engine == "apmdm")


def test_the_page_holds_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's data has all frames; its tokens are those of the run."""
    file = tmp_path / "page.html"
    assert main(["trace", PROGRAM, "--engine", "apmdm", "--word", "8", "--steps", "3", "--html", str(file)]) == 0
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', file.read_text(), re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert [frame["step"] for frame in data["frames"]] == [1, 2, 3]
    assert data["frames"][0]["after"] == data["frames"][1]["tokens"]


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--step", "9999"], "--step"),
        (["--step", "1", "--position", "9999"], "--position"),
        (["--step", "1", "--weights", "no-such-file"], "no-such-file"),
    ],
)
def test_bad_usage(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and a message that names the flag or file."""
    assert main(["trace", PROGRAM, "--engine", "apmdm", "--word", "8", *arguments]) == 2
    assert named in capsys.readouterr().err
