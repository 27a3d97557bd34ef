"""`efasp trace`: its frames are the machine's steps, and its attention is the plan's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from efasp.exact import winners
from efasp.model.compile import compile_machine
from efasp.model.ranges import SCALE
from efasp.model.readback import read_plan
from efasp.model.weights import compiled, export
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.trace.frames import executed, fields_text
from efasp.paper_artifacts.trace.tracer import Field, Frame, Tracer, coordinates_text
from efasp.pram import machine
from efasp.pram.assembler import assemble, assemble_file
from efasp.pram.state import Configuration
from tests.files import changed, narrowed
from tests.pages import COMMANDS, keys

ROOT = Path(__file__).parents[3]
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
    assert coordinates_text([(0, 1), (1, 0), (2, 1)]) == "1 0 1 = 5" and coordinates_text([(0, -1), (1, 1)]) == "-1 1 = 2"
    assert coordinates_text([(0, 1), (0, 1)]) == "1 1" and coordinates_text([(0, 7)]) == "7"
    assert coordinates_text([(0, 0), (2, 1)], ["halt", "mov", "add"]) == "0 1 = add"
    assert coordinates_text([(0, 0)], ["halt"]) == "0 = none"


def test_fields_in_short() -> None:
    """A word is its number, a one-hot its name, a vector its runs; set flags are named; a value that differs is whole."""
    known = [Field("te.mask", "1"), Field("te.bos", "0"), Field("pe.op", "0"), Field("x", "0 1 = 2"), Field("d", "0 0 0 1")]
    assert fields_text(known) == ["te: mask", "pe: none", "x = 2", "d = 0 (x3) 1"]
    odd = Field("te.mask", "1", exact="0")
    assert fields_text([odd, Field("x", "0 1 = 2", fresh="1 1 = 3")]) == [
        "te.mask = 1 (exactly: 0)",
        "x = 0 1 = 2 (fresh compile: 1 1 = 3)",
    ]


def test_the_executed_instructions_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each running processor, with its program counter; in the residual stream the operation has its name."""
    assert main(["trace", "sum_to", "--engine", "mdm", "--step", "8"]) == 0
    text = capsys.readouterr().out
    assert "executed:\n  processor 0, pc 4: add r2, r2, r1\nafter:" in text and "; operation = add;" in text
    assert executed(assemble("halt\n", processors=2), Configuration((), (), (0, 7), ("halted", "running"))) == [
        "processor 1, pc 7: outside the program"
    ]


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


ROUNDS = (
    ".word 19\n.memory 8\n.data 0: 262145 507144 51 262144\n"
    + """
ld r1, [0]
ld r2, [1]
ld r3, [2]
or r3, r1, 12
add r1, r7, r0
or r2, r2, r1
sub r4, r2, 524286
seq r2, r2, r3
st r2, [6]
halt
"""
)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A program, and weights of its width in float32, which does not hold their sums."""
    folder = tmp_path_factory.mktemp("narrow")
    (folder / "p.pram").write_text(ROUNDS)
    assert main(["export", "--word", "19", "--engine", "mdm", str(folder / "wide")]) == 0
    return str(folder / "p.pram"), str(narrowed(folder / "wide", folder / "narrow"))


def test_a_trace_of_a_file_is_the_run_of_it(narrow: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Refused like the run; with --inexact the same memory as that ends with, which is not the machine's, and why."""
    program, weights = narrow
    options = [program, "--engine", "mdm", "--weights", weights]
    capsys.readouterr()
    assert main(["trace", *options]) == 2
    assert "--inexact" in capsys.readouterr().err
    assert main(["run", *options, "--inexact", "--json"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert main(["run", program, "--json"]) == 0
    assert (
        json.loads(capsys.readouterr().out)["memory"] != ended["memory"]
    )  # else this says nothing: float32 happened to be exact
    assert main(["trace", *options, "--inexact", "--step", str(ended["steps"])]) == 1
    found = capsys.readouterr()
    after = found.out.splitlines()[found.out.splitlines().index("after:") + 1]
    assert after == f"  memory {' '.join(map(str, ended['memory']))}"
    assert "the run is not the machine's since step 8" in found.out and found.err.count("\n") == 1
    assert main(["trace", *options, "--inexact", "--step", "8"]) == 1
    text = capsys.readouterr().out
    assert "numbers: as torch computes them in float32" in text and "first difference: processor 0, r2" in text
    assert "torch is not exact, first after layer 1, attention" in text and "(exactly: " in text and "; exactly: 0" in text


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_a_trace_of_an_exact_file_is_the_compiled_ones(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """States, marks, attention and fields; and with softmax that is not hard, torch's are others, and exact ones are shown."""
    export(compiled(5, engine), tmp_path / "w")
    plan, fresh = read_plan(tmp_path / "w")[3], compile_machine(5, engine)
    program = assemble_file(PROGRAM, word=5, extension="")

    def frames() -> list[Frame]:
        return list(Tracer(program, plan, engine, "", fresh, torch=True).frames(3))

    exact = list(Tracer(program, fresh, engine, "").frames(3))
    for mine, frame in zip(frames(), exact, strict=True):
        assert (mine.marks, mine.control, mine.state, mine.views) == (frame.marks, frame.control, frame.state, frame.views)
        assert (mine.differs, mine.rounded, mine.exactly) == (None, None, {})
    monkeypatch.setitem(SCALE, "float32", 1)
    first = frames()[0]
    assert first.rounded and "after layer 1, attention" in first.rounded
    look = max((look for view in first.views.values() for look in view.looks), key=lambda look: len(look.positions))
    assert len(look.positions) == len(first.marks)  # softmax attends to all
    assert any(field.exact for view in first.views.values() for _, fields in view.fields for field in fields)


def test_read_outs_that_are_no_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that overflows ends as its run does."""
    export(compiled(5, "apmdm"), tmp_path / "w")
    changed(
        tmp_path / "w",
        tmp_path / "q",
        lambda t: {n: x * np.float32(1e38 if n == "layers.0.q.weight" else 1) for n, x in t.items()},
    )
    options = [PROGRAM, "--word", "5", "--engine", "apmdm", "--weights", str(tmp_path / "q"), "--inexact"]
    assert main(["trace", *options]) == 2
    assert "the outputs are not numbers (infinity or NaN) at step 1" in capsys.readouterr().err


def test_what_the_numbers_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A compiled transformer's are exact; where no dtype holds them no float transformer runs, and the trace says so."""
    for word, said in (("16", "torch computes the same in float32"), ("50", "no float transformer of 50-bit words runs")):
        assert main(["trace", PROGRAM, "--engine", "mdm", "--word", word, "--step", "1"]) == 0
        assert f"numbers: exact; {said}" in capsys.readouterr().out.replace("no dtype holds them, so ", "")


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_the_steps_as_json(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object of the documented keys, whose states are those of the reference machine, step by step; with
    `--html` also the page."""
    page = tmp_path / "page.html"
    call = [
        "trace",
        PROGRAM,
        "--engine",
        engine,
        "--word",
        "8",
        "--steps",
        "3",
        "--position",
        "1",
        "--json",
        "--html",
        str(page),
    ]
    assert main(call) == 0
    data = json.loads(capsys.readouterr().out)
    whole, frame = keys(COMMANDS, "JSON of efasp trace")
    assert list(data) == whole and all(list(one) == frame for one in data["frames"]) and page.exists()
    program = assemble_file(PROGRAM, word=8)
    state = machine.initial(program)
    for number, one in enumerate(data["frames"], 1):
        assert one["step"] == number and one["before"] == json.loads(json.dumps(vars_of(state)))
        state = machine.step(program, state)
        assert one["state"] == one["expected"] == json.loads(json.dumps(vars_of(state))) and one["differs"] is None
        assert {1} < {view["position"] for view in one["views"]}


def vars_of(state: Configuration) -> dict[str, object]:
    """A state as JSON should hold it."""
    return {name: getattr(state, name) for name in ("memory", "registers", "pc", "status")}


def test_a_generation_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The passes as the text shows them, and the word that `efasp generate` draws first with this seed; null before the end."""
    call = ["trace", "--generate", "dyck", "--k", "3", "--seed", "2"]
    assert main([*call, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["generate", "dyck", "--k", "3", "--seed", "2", "--json"]) == 0
    assert [data["word"]] == json.loads(capsys.readouterr().out)["words"] and (data["k"], data["seed"]) == (3, 2)
    assert main(call) == 0
    lines = capsys.readouterr().out.splitlines()
    tokens = [line.split()[1:] for line in lines if line[3:4].isdigit()]
    assert [[token for token in one["tokens"]] for one in data["passes"]] == tokens
    assert [one["pass"] for one in data["passes"]] == list(range(1, len(tokens) + 1))
    assert main([*call, "--steps", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["word"] is None
