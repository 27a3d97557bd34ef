"""`efasp specialise`: runs of the file against the reference, its check, and what is refused."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from efasp.checker.formats import NEEDED
from efasp.checker.mutation import weights
from efasp.checker.mutation.constructions import Budget
from efasp.checker.mutation.weight_changes import Change, File
from efasp.checker.pool.pools import here
from efasp.checker.selection import regime_of
from efasp.checker.solvers import installed
from efasp.model.specialised_file import read_specialised
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.trace.tracer import Tracer
from efasp.pram import machine
from efasp.pram.assembler import assemble_file
from tests.files import Tensors, changed

LOOP = """
.word 6
.memory 6
.data 0: 3 9
        ld   r1, [0]
again:  add  r2, r2, r1
        sub  r1, r1, 1
        jnz  r1, again
        st   r2, [r1 + 5]
        halt
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program and its specialised files, one an engine."""
    pytest.importorskip("torch", reason="torch is not installed")
    folder = tmp_path_factory.mktemp("specialised")
    (folder / "loop.pram").write_text(LOOP)
    for engine in ("mdm", "apmdm"):
        assert main(["specialise", str(folder / "loop.pram"), "-o", str(folder / engine), "--engine", engine]) == 0
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    """The JSON object that a command prints."""
    main(list(arguments))
    return json.loads(capsys.readouterr().out)


SAME = ("steps", "memory", "registers", "pc", "faults", "halted")


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_runs_are_the_references(files: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file's own data and with random data and several processors; without ``--engine``, as the file says it."""
    rng = random.Random(engine)
    capsys.readouterr()
    for number in range(3):
        data = tmp_path / f"{number}.json"
        data.write_text(json.dumps([rng.randrange(1, 12), *(rng.randrange(64) for _ in range(5))]))
        more = ["--json", "--processors", str(1 + 2 * number), *(["--data", str(data)] if number else [])]
        wanted = said(capsys, "run", str(files / "loop.pram"), *more)
        got = said(capsys, "run", "--weights", str(files / engine), str(files / "loop.pram"), *more)
        assert {key: got[key] for key in SAME} == {key: wanted[key] for key in SAME}
        log = 2 + 6 + 3 * wanted["processors"] * (wanted["steps"] + 1)
        assert got["engine"] == engine
        assert got["context_length"] == (log if engine == "mdm" else 2 + 2 * (6 + 9 * wanted["processors"]))


def test_the_sizes_that_are_said(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer layers, a narrower stream and a shorter context than the universal machine's, which are those of `efasp info`."""
    out = tmp_path / "w"
    report = said(capsys, "specialise", str(files / "loop.pram"), "-o", str(out), "--json")
    known = said(capsys, "info", "--word", "6", "--engine", "mdm", "--json")
    assert out.read_bytes() == (files / "mdm").read_bytes()
    assert {key: report["universal"][key] for key in ("layers", "heads", "d_model", "d_ff", "parameters")} == {
        key: known[key] for key in ("layers", "heads", "d_model", "d_ff", "parameters")
    }
    assert report["specialised"]["layers"] == report["universal"]["layers"] - 1
    assert report["specialised"]["d_model"] < report["universal"]["d_model"]
    assert report["universal"]["context"] - report["specialised"]["context"] == 4 * report["instructions"] == 24


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_a_trace_has_the_machines_states(files: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every frame's state is the reference's; of changed numbers the frame says where they are not."""
    program = assemble_file(str(files / "loop.pram"))
    plan = read_specialised(files / engine).plan
    for torch in (True, False):
        frames = list(Tracer(program, plan, engine, "", None, torch, prompted=False).frames(100))
        assert [frame.state for frame in frames] == list(machine.trace(program))[1:]
    assert main(["trace", "--weights", str(files / engine), str(files / "loop.pram"), "--step", "2"]) == 0
    assert f"decoding step 2 ({engine})" in capsys.readouterr().out

    def turned(tensors: Tensors) -> Tensors:
        tensors["out.bias"][:] = -tensors["out.bias"] - 1
        return tensors

    path = changed(files / engine, tmp_path / "w", turned)
    assert main(["trace", "--weights", str(path), str(files / "loop.pram"), "--inexact", "--step", "1"]) == 1


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_it_is_exported_and_decompiled(files: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the same bytes; as ONNX and for transformers, where these are installed, with torch's read-outs; and as a text, with a
    word about the instructions that it does not name."""
    assert main(["export", str(files / engine), str(tmp_path / "same")]) == 0
    assert (tmp_path / "same").read_bytes() == (files / engine).read_bytes()
    assert "specialised to 6 instructions" in capsys.readouterr().out
    for kind, packages in NEEDED.items():
        if all(installed(package) for package in packages):
            assert main(["export", "--format", kind, str(files / engine), str(tmp_path / kind)]) == 0
            assert "every read-out is torch's, bit for bit" in capsys.readouterr().out
    assert main(["decompile", str(files / engine), "-o", str(tmp_path / "text.efasp")]) == 0
    assert "does not say to which 6 instructions" in capsys.readouterr().err


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_the_file_is_proved(files: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own numbers, and that its step is the universal one with the program in its prompt."""
    lemmas = ["specialised.*", "lowering.*", "numerics.exact", "decompile.*"]
    assert (
        main(["check", "--weights", str(files / engine), "--no-cache", "--jobs", "1", "--json", "-", "--lemma", *lemmas]) == 0
    )
    rows = json.loads(capsys.readouterr().out)["obligations"]
    assert {row["status"] for row in rows} == {"proved", "measured"}
    found = {row["lemma"] for row in rows}
    assert found >= {f"specialised.{name}" for name in ("selected", "fetch", "absent", "prompt", "output", "runs")}
    assert {"lowering.stack", "decompile.stream"} <= found


@pytest.mark.needs("coqc", "ocamlopt")
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_the_file_is_accepted(files: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the kernel's theorem about plans of one program, in one row; with another number it is not known to be right."""
    asked = ["--kernel", "--lemma", "kernel.*", "--no-cache", "--jobs", "1", "--json", "-"]

    def turned(tensors: Tensors) -> Tensors:
        tensors["out.bias"][:] = -tensors["out.bias"] - 1
        return tensors

    other = changed(files / engine, tmp_path / "w", turned)
    capsys.readouterr()
    for path, status, code in ((files / engine, "proved", 0), (other, "unknown", 3)):
        assert main(["check", "--weights", str(path), *asked]) == code
        (row,) = json.loads(capsys.readouterr().out)["obligations"]
        assert (row["lemma"], row["status"]) == ("kernel.accepts", status)
        assert row["scope"].startswith("the program, all P, M <= 2^w, ") and row["scope"].endswith("; kernel")


@pytest.mark.needs("coqc", "ocamlopt")
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_the_statements_semantics_runs_the_file(files: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The engines kernel-mdm and kernel-apmdm give what torch gives, on sequences without the program."""
    asked = ["run", str(files / "loop.pram"), "--weights", str(files / engine), "--processors", "2", "--json", "--engine"]
    capsys.readouterr()
    wanted, got = (said(capsys, *asked, name) for name in (engine, f"kernel-{engine}"))
    keys = (*SAME, "context_length", "decode_steps")
    assert {key: got[key] for key in keys} == {key: wanted[key] for key in keys} and got["steps"] > 10
    assert (got["engine"], got["model"]["layers"]) == (f"kernel-{engine}", wanted["model"]["layers"])


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_changes_of_single_numbers_are_judged(files: Path, engine: str) -> None:
    """The first number that selects an instruction: refuted by a state, and decoded wrongly; a change of no number: neither."""
    path = files / engine
    regime, _ = regime_of(path, None)
    assert regime.given is not None
    machine, file = regime.given[0], File(path)
    tensor = file.tensors["layers.0.up.bias"]
    place = int(np.flatnonzero((tensor <= 0) & (file.tensors["layers.0.down.weight"] != 0).any(axis=0))[0])
    budget = Budget(here(1), ("z3",), 30.0, 4096)
    for new, status in ((float(tensor[place]) - 3, "refuted"), (float(tensor[place]), "proved")):
        change = Change("layers.0.up.bias", "other", (place,), float(tensor[place]), new)
        assert weights.verdict(file, machine, regime.n_max, ["lowering.*"], budget, change).status == status
        (path.parent / "one").write_bytes(file.changed(change))
        assert (weights.decoded(path.parent / "one", machine, "seed") is None) == (status == "proved")


def test_another_number_is_refuted(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A constant of an instruction with the other sign: a state on which the file is wrong is given."""

    def turned(tensors: Tensors) -> Tensors:
        bias = tensors["layers.0.up.bias"]
        unit = int(np.flatnonzero((bias <= 0) & (tensors["layers.0.down.weight"] != 0).any(axis=0))[0])
        tensors["layers.0.down.weight"][:, unit] *= -1
        return tensors

    path = changed(files / "apmdm", tmp_path / "w", turned)
    capsys.readouterr()
    assert main(["check", "--weights", str(path), "--no-cache", "--jobs", "1", "--json", "-", "--lemma", "lowering.*"]) == 1
    rows = json.loads(capsys.readouterr().out)["obligations"]
    refuted = [row for row in rows if row["status"] == "refuted"]
    assert refuted and all(row["countermodel"]["w"] == 6 for row in refuted)


def test_the_numbers_of_another_program_are_refuted(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A header that names a program with another immediate: the numbers are not that program's."""
    said_there = "ld r1, [0]\nadd r2, r2, r1\nsub r1, r1, {}\njnz r1, 1\nst r2, [r1 + 5]\nhalt"
    path = changed(files / "mdm", tmp_path / "w", lambda tensors: tensors, program=said_there.format(2))
    capsys.readouterr()
    assert main(["check", "--weights", str(path), "--no-cache", "--jobs", "1", "--lemma", "lowering.*"]) == 1
    assert "sub r1, r1, 2" in capsys.readouterr().out
    same = changed(files / "mdm", tmp_path / "v", lambda tensors: tensors, program=said_there.format(1))
    assert main(["run", "--weights", str(same), str(files / "loop.pram")]) == 0


REFUSED = [
    (["run", "--weights", "{mdm}", "{other}"], "expected the program to which it is specialised, whose instruction 2"),
    (["run", "--weights", "{mdm}", "{short}"], "expected the program of 6 instructions to which it is specialised, found"),
    (["run", "--weights", "{mdm}", "{loop}", "--word", "7"], "expected a word of 7 bits, found 6"),
    (["run", "--weights", "{mdm}", "{loop}", "--engine", "apmdm"], "expected a transformer for apmdm, found mdm"),
    (["trace", "--weights", "{mdm}", "{other}"], "expected the program to which it is specialised, whose instruction 2"),
    (["trace", "--weights", "{mdm}", "{loop}", "--word", "7"], "expected a word of 7 bits, found 6"),
    (["trace", "--weights", "{mdm}", "{loop}", "--engine", "apmdm"], "expected a transformer for apmdm, found mdm"),
    pytest.param(
        ["run", "--weights", "{mdm}", "{other}", "--engine", "kernel-mdm"], "expected the program to which it is special",
        marks=pytest.mark.needs("coqc"),
    ),
    (["check", "--weights", "{mdm}", "--mutants", "--lemma", "specialised.*"], "whose obligations are made from"),
    (["specialise", "{loop}", "-o", "{out}", "--word", "70"], "--word: expected 5 to 64 bits for a transformer, found 70"),
    (["specialise", "{loop}", "-o", "{out}", "--word", "3"], "--word: expected 5 to 64 bits for a transformer, found 3"),
    (["specialise", "{wide}", "-o", "{out}"], "wide.pram: .word: expected 5 to 64 bits for a transformer, found 70"),
    (["run", "--weights", "{mdm}", "{other}"], "(efasp specialise makes the transformer of another program)"),
    (["run", "--weights", "{foreign}", "{loop}"], "efasp specialise for one PRAM program, writes such a file)"),
    (["specialise", "{loop}", "-o", "{folder}/none/w"], "No such file or directory"),
    (["specialise", "{loop}", "-o", "-", "--json"], "-o: expected a file"),
    (["specialise", "{bad}", "-o", "{out}"], "bad.pram:1:1"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_is_refused(
    files: Path, tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and words that say what was expected and found."""
    texts = {"other": LOOP.replace("r1, 1", "r1, 3"), "short": ".word 6\nld r1, [0]\n", "bad": "nonsense\n", "loop": LOOP}
    texts["wide"] = LOOP.replace(".word 6", ".word 70")
    for name, text in texts.items():
        (tmp_path / f"{name}.pram").write_text(text)
    known = {name: str(tmp_path / f"{name}.pram") for name in texts}
    foreign = changed(files / "mdm", tmp_path / "foreign", lambda tensors: tensors, format="another")
    known |= {"mdm": str(files / "mdm"), "foreign": str(foreign), "out": str(tmp_path / "out"), "folder": str(tmp_path)}
    capsys.readouterr()
    assert main([argument.format(**known) for argument in arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"program": "halt\nnonsense"}, "metadata program:2"),
        ({"program": "halt\nHALT"}, "metadata program: expected"),
        ({"program": "mul r1, r1, r2"}, "metadata program:1"),
        ({"layout": "[]"}, "metadata layout: expected"),
        ({"format": "efasp-transformer"}, "metadata"),
    ],
)
def test_a_header_that_is_not_one(
    files: Path, tmp_path: Path, metadata: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that is none, or is not written as it would be; a layout with instructions; another format."""
    path = changed(files / "mdm", tmp_path / "w", lambda tensors: tensors, **metadata)
    capsys.readouterr()
    assert main(["run", "--weights", str(path), str(files / "loop.pram")]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
