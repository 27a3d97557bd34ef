"""Weights files that `efasp run` is given: refused where their dtype may round, run as they are, and said to be no numbers."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efasp.checker import terminal, weights_file
from efasp.checker.cli import main
from efasp.checker.discharge import discharge
from efasp.checker.pool import isolation
from efasp.checker.weights_file import inexact
from efasp.model import readback
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.readback import read_plan
from efasp.model.specialised_file import MachineFile
from efasp.model.transformer import Transformer
from efasp.model.weights import compiled, dump, load
from efasp.proofs.lemmas import numerics
from efasp.proofs.obligation import Machine, Regime
from efasp.proofs.rocq.interpreter import ENGINES as KERNEL_ENGINES
from efasp.sorts import Number
from tests.files import Tensors, changed, narrowed

ROUNDS = """.word 19
.memory 2
ld r1, [0]
or r2, r1, 12
st r2, [1]
halt
"""
HALTS = ".word 5\n.memory 2\nmov r1, 3\nst r1, [1]\nhalt\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, nothing is said because of the time."""
    monkeypatch.setattr(terminal, "PATIENCE", 3600.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with programs and files: w = 19 in float32 (which it does not fit), w = 5 of both engines."""
    found = tmp_path_factory.mktemp("given")
    (found / "rounds.pram").write_text(ROUNDS)
    (found / "halts.pram").write_text(HALTS)
    for word, engine in ((19, "mdm"), (5, "mdm"), (5, "apmdm")):
        assert main(["export", "--word", str(word), "--engine", engine, str(found / f"{engine}{word}")]) == 0
    narrowed(found / "mdm19", found / "narrow")
    return found


def times(name: str, factor: float) -> object:
    """A change of a file: one tensor times a number."""

    def change(tensors: Tensors) -> Tensors:
        return {**tensors, name: tensors[name] * np.float32(factor)}

    return change


def run(folder: Path, program: str, weights: str, *more: str) -> int:
    """The exit code of a run of a weights file."""
    engine = "apmdm" if "apmdm" in weights else "mdm"
    return main(["run", str(folder / program), "--engine", engine, "--weights", str(folder / weights), *more])


def test_a_dtype_that_is_too_narrow_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file, its dtype, the sum with its bound and the dtype's, the command that says more, and what to do."""
    assert run(folder, "rounds.pram", "narrow") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for part in (
        str(folder / "narrow"),
        "float32",
        "layer 1, head 3, projections",
        "50855927",
        "2^24",
        "efasp check --weights",
    ):
        assert part in said
    assert "--lemma 'numerics.*'" in said and "--inexact" in said
    assert run(folder, "rounds.pram", "narrow", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"file", "error"} and "float32" in found["error"] and found["file"].endswith("rounds.pram")


def test_an_inexact_file_runs_if_asked_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of warning, and one on attention, on standard error alone; the wide file of the same machine needs none."""
    assert run(folder, "rounds.pram", "narrow", "--inexact", "--json") == 0
    found = capsys.readouterr()
    warning, attention, end = found.err.split("\n")
    assert "2^24" in warning and str(folder / "narrow") in warning and "attention is dense" in attention and not end
    assert json.loads(found.out)["model"]["dtype"] == "float32" and json.loads(found.out)["attention"] == "dense"
    for more in ([], ["--inexact"]):
        assert run(folder, "rounds.pram", "mdm19", "--json", *more) == 0
        found = capsys.readouterr()
        assert not found.err and json.loads(found.out)["memory"] == [0, 12]


def test_a_changed_file_that_its_own_bounds_decide_is_not_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it computes what the machine does is not asked: it runs without a word, and no process is started."""
    monkeypatch.setattr(isolation, "run", lambda *_: pytest.fail("compared"))
    changed(folder / "mdm5", tmp_path / "mdm", lambda t: {**t, "out.bias": t["out.bias"] + np.float32(1)})
    assert run(tmp_path, str(folder / "halts.pram"), "mdm", "--max-steps", "1") in (0, 2, 5)
    assert "is not known" not in capsys.readouterr().err


def test_a_comparison_ends_and_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file whose lookups may have several winners: what is done, if it takes long; where it ends early, what is not shown,
    and what to do. With ``--inexact`` nothing is compared."""
    changed(folder / "mdm5", tmp_path / "mdm", times("layers.1.o.weight", 3))
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    monkeypatch.setattr(weights_file, "SECONDS", 0.5)
    assert run(tmp_path, str(folder / "halts.pram"), "mdm") == 2
    waits, refusal = capsys.readouterr().err.splitlines()
    assert waits.startswith(f"efasp: {tmp_path}/mdm: comparing it with a fresh compile, for up to 0.5 s: ")
    assert "ended early: stopped after 0.5 s" in refusal and "efasp check --weights" in refusal and "--inexact" in refusal
    monkeypatch.setattr(isolation, "run", lambda *_: pytest.fail("compared"))
    run(tmp_path, str(folder / "halts.pram"), "mdm", "--inexact", "--max-steps", "1")
    assert "is not known to carry" in capsys.readouterr().err


def test_inexact_is_about_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a weights file the flag is bad usage."""
    for engine in ("reference", "apmdm"):
        assert main(["run", str(folder / "halts.pram"), "--engine", engine, "--inexact"]) == 2
        assert "--inexact" in capsys.readouterr().err


@pytest.mark.parametrize("engine", ["reference", "marm"])
def test_the_engines_that_take_a_file_are_named(folder: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An engine that takes no weights file is refused with every engine that takes one, and with `--inexact` with every one
    that takes this flag too, which those of the Rocq statement do not."""
    call = ["run", str(folder / "halts.pram"), "--engine", engine, "--weights", str(folder / "mdm")]
    taken = ", ".join((*ENGINES, *KERNEL_ENGINES))
    assert main(call) == 2
    assert capsys.readouterr().err == f"efasp: --weights: expected --engine {taken}, found {engine}\n"
    assert main([*call, "--inexact"]) == 2
    assert capsys.readouterr().err == f"efasp: --weights: expected --engine {', '.join(ENGINES)}, found {engine}\n"


FILES = {
    "as exported": lambda t: t,
    "keys times 16385": times("layers.0.k.weight", 16385),
    "queries times 1/8": times("layers.1.q.weight", 1 / 8),
    "one unit times 3": times("layers.2.up.weight", 3),
    "read-out off": lambda t: {**t, "out.bias": t["out.bias"] + np.float32(1)},
    "noise": lambda t: {n: np.random.default_rng(1).uniform(-1, 1, x.shape).astype("f4") for n, x in t.items()},
}


@pytest.mark.parametrize(
    ("engine", "name", "runs"),
    [
        ("mdm", "as exported", True),
        ("mdm", "keys times 16385", False),
        ("mdm", "queries times 1/8", False),
        pytest.param("mdm", "noise", False, marks=pytest.mark.slow),
        ("apmdm", "as exported", True),
        ("apmdm", "keys times 16385", True),  # the sums are small there
        ("apmdm", "read-out off", True),  # exact, if not the machine
        pytest.param("apmdm", "one unit times 3", False, marks=pytest.mark.slow),
    ],
)
def test_run_refuses_what_check_does_not_prove(folder: Path, tmp_path: Path, engine: str, name: str, runs: bool) -> None:
    """A file is run without a word exactly where the obligations about its numbers are proved, or hold as measured."""
    path = changed(folder / f"{engine}5", tmp_path / "w", FILES[name])
    word, _, extension, plan = read_plan(path)
    machine = Machine(word, engine, extension, (1, 32))
    rows = list(numerics.about(Regime(32, (machine, plan)), machine))
    statuses = {discharge(replace(row, search=None), ["z3"], 60).status for row in rows}
    reason = inexact(MachineFile(word, engine, extension, plan), path)
    assert runs == (reason == "") == (statuses == {"proved", "measured"})


def test_a_wider_dtype_than_needed_is_exact(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """w = 5 in float64 runs without a word."""
    wide = changed(folder / "mdm5", tmp_path / "w", lambda t: {n: x.astype("f8") for n, x in t.items()}, dtype="float64")
    assert main(["run", str(folder / "halts.pram"), "--engine", "mdm", "--weights", str(wide)]) == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_outputs_that_are_no_numbers(folder: Path, tmp_path: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Queries that overflow: one line that says so and names file and step; nothing of numpy's."""
    changed(folder / f"{engine}5", tmp_path / engine, times("layers.0.q.weight", 1e38))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(tmp_path, str(folder / "halts.pram"), engine, "--inexact") == 2
    warned, said = capsys.readouterr().err.splitlines()
    assert "is not known" in warned and str(tmp_path / engine) in said
    assert "the outputs are not numbers (infinity or NaN) at step 1" in said


def test_another_dtype_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in bfloat16 is refused for its dtype, not for its size."""
    data = (folder / "mdm5").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = np.frombuffer(data[8 + length :], "<u2")[1::2].tobytes()
    for name in set(header) - {"__metadata__"}:
        header[name] = {**header[name], "dtype": "BF16", "data_offsets": [at // 2 for at in header[name]["data_offsets"]]}
    text = json.dumps(header).encode()
    (folder / "half").write_bytes(len(text).to_bytes(8, "little") + text + body)
    assert run(folder, "halts.pram", "half") == 2
    said = capsys.readouterr().err
    assert "expected numbers of float32, found BF16" in said and "bytes" not in said


def test_what_is_read_is_what_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that leaves the read-out's bias out leaves it out of what runs, as of what is checked."""
    assert load(folder / "mdm5").transformer.out.bias.any()
    whole = readback.tensor_plan
    monkeypatch.setattr(readback, "tensor_plan", lambda *a: replace(whole(*a), out_bias=(0,) * len(whole(*a).out_bias)))
    assert not any(read_plan(folder / "mdm5")[3].out_bias) and not load(folder / "mdm5").transformer.out.bias.any()


@pytest.mark.parametrize(("engine", "extension"), [("mdm", ""), ("mdm", "M"), ("apmdm", ""), ("apmdm", "M")])
def test_a_file_comes_back_byte_for_byte(tmp_path: Path, engine: str, extension: str) -> None:
    """Read and written again, a file is the same; the transformer holds the numbers of the fresh one."""
    path, whole = tmp_path / "w", dump(compiled(5, engine, extension))
    path.write_bytes(whole)
    assert dump(load(path)) == whole


@pytest.mark.parametrize("number", [Fraction(1, 3), Fraction(1, 2**150), 2**128, 2**2000, (1 << 24) + 1])
def test_a_bias_that_is_no_number_of_the_dtype(number: Number) -> None:
    """It is refused, as any weight is, and not rounded."""
    plan = compile_machine(5, "mdm")
    layer = replace(plan.layers[0], bias=(number, *plan.layers[0].bias[1:]))
    for wrong in (replace(plan, out_bias=(number, *plan.out_bias[1:])), replace(plan, layers=(layer, *plan.layers[1:]))):
        with pytest.raises(ValueError, match="float32 holds exactly"):
            Transformer.of(wrong, "float32")


def test_numbers_of_every_size_are_loaded(folder: Path, tmp_path: Path) -> None:
    """Random numbers, the smallest and the largest of the dtype: the transformer's are the file's; -0 is 0."""
    rng, tiny = np.random.default_rng(3), np.float32(2.0**-149)

    def change(tensors: Tensors) -> Tensors:
        found = {name: rng.normal(size=x.shape).astype("f4") for name, x in tensors.items()}
        found["out.bias"][:4] = tiny, -3 * tiny, np.finfo("f4").max, np.float32(-0.0)
        found["layers.0.q.weight"][0, :3] = tiny, np.float32(-0.0), np.finfo("f4").tiny
        return found

    path = changed(folder / "apmdm5", tmp_path / "w", change)
    states = load(path).transformer.state_dict()
    with np.errstate(all="raise"):
        for name, tensor in readback_tensors(path).items():
            got = states[name].numpy()
            assert np.array_equal(got, tensor) and not np.signbit(got[got == 0]).any()


def readback_tensors(path: Path) -> Tensors:
    """The tensors of a file, as numpy's own reader has them."""
    from safetensors.numpy import load_file

    return load_file(path)
