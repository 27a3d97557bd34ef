"""`efasp decompile`: files of programs and machines as texts that compile to them, and files that are none."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from efasp.language.printer import write
from efasp.language.program import parse_file
from efasp.model.program_file import read_program
from efasp.paper_artifacts.cli import main
from tests.files import Tensors, changed

REVERSE = """program reverse
tokens "abcd"
places 6
let last = seq_max(PE.number)
let mirror = last - PE.number
let reversed = gather(TE, mirror, PE)
output reversed
requires n <= 50
ensures mirror == n - 1 - i
ensures output == input[n - 1 - i]
"""
FOLDED = """program folded
tokens "ab"
places 3
let h1 = relu(TE.a + PE.number - 4)
output h1
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The weights file of a program, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reverse.efasp").write_text(REVERSE)
    assert main(["compile", "reverse.efasp", "-o", "w.safetensors"]) == 0
    capsys.readouterr()
    return tmp_path / "w.safetensors"


def same_numbers(a: str, b: str) -> bool:
    """Whether two files have the same tensors, bit for bit."""
    mine, others = load_file(a), load_file(b)
    kinds = {name: (tensor.dtype, tensor.shape) for name, tensor in mine.items()}
    return kinds == {name: (tensor.dtype, tensor.shape) for name, tensor in others.items()} and all(
        (mine[name] == others[name]).all() for name in mine
    )


def test_a_program(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It compiles to the file's tensors, gives the file's answers, and keeps what the specification says of the output."""
    assert main(["decompile", "w.safetensors", "-o", "again.efasp"]) == 0
    said = capsys.readouterr()
    assert said.out == (
        "again.efasp: reverse, 12 definitions for 2 layers, d_model 14, float32; it compiles to the numbers of w.safetensors\n"
    )
    assert said.err == (
        "efasp: left out, as it speaks of definitions that a transformer does not have: ensures mirror == n - 1 - i\n"
    )
    text = Path("again.efasp").read_text()
    assert text.endswith("output reversed\nrequires n <= 50\nensures output == input[n - 1 - i]\n")
    assert main(["compile", "again.efasp", "-o", "w2.safetensors"]) == 0 and same_numbers("w.safetensors", "w2.safetensors")
    capsys.readouterr()
    for arguments in (["again.efasp"], ["--weights", "w2.safetensors"]):
        assert main(["eval", *arguments, "--on", "abca", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"name": "reversed", "input": "abca", "output": list("acba")}
    assert main(["decompile", "w2.safetensors", "-o", "-"]) == 0
    assert capsys.readouterr().out == text


def test_the_file_is_proved_to_compute_it(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`efasp check` finds the file's layers to be the decompiled program's; those of another file are refuted with a text."""

    def swapped(tensors: Tensors) -> Tensors:
        return {**tensors, "out.weight": tensors["out.weight"][::-1].copy()}

    assert main(["decompile", "w.safetensors", "-o", "again.efasp"]) == 0
    changed(weights, Path("other.safetensors"), swapped)
    for file, code in (("w.safetensors", 0), ("other.safetensors", 1)):
        capsys.readouterr()
        assert main(["check", "again.efasp", "--weights", file, "--lemma", "program.layer", "program.stack"]) == code
        assert ("refuted" in capsys.readouterr().out) == bool(code)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_a_machine(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A universal machine's program is compiled to the machine's tensors, in the machine's dtype."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", "--word", "5", "--engine", engine, "m.safetensors"]) == 0
    assert main(["decompile", "m.safetensors", "-o", "m.efasp", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["program"], said["layers"], said["dtype"], said["left_out"]) == (f"{engine}_5", 5, "float32", [])
    assert main(["compile", "m.efasp", "-o", "m2.safetensors"]) == 0 and same_numbers("m.safetensors", "m2.safetensors")
    assert ("float32 is not known to carry its numbers exactly" in capsys.readouterr().err) == (engine == "mdm")
    assert parse_file("m.efasp").dtype == "float32"
    assert main(["decompile", "m2.safetensors", "-o", "again.efasp"]) == 0
    assert Path("again.efasp").read_text() == Path("m.efasp").read_text()
    capsys.readouterr()
    runs = []
    for file in ("m.safetensors", "m2.safetensors"):  # the machine runs from either
        assert main(["run", "sum_to", "--word", "5", "--engine", engine, "--weights", file, "--json"]) == 0
        runs.append(json.loads(capsys.readouterr().out))
    assert runs[0] == runs[1] and runs[0]["memory"] == [10, 23]
    assert main(["check", "--weights", "m2.safetensors", "--lemma", "lowering.stack", "decompile.*", "--jobs", "1"]) == 0


def test_a_program_is_no_machine(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`efasp run` does not take the file of another program, nor `efasp check` with an option about machines."""
    assert main(["run", "sum_to", "--engine", "mdm", "--word", "5", "--weights", "w.safetensors"]) == 2
    said = "--weights: w.safetensors: expected a machine's transformer, found that of the program reverse"
    assert said in capsys.readouterr().err
    assert main(["check", "--weights", "w.safetensors", "--n-max", "4"]) == 2
    said = "--n-max: expected it with a machine's transformer, found it with the program of w.safetensors"
    assert said in capsys.readouterr().err


def test_weights_that_no_dtype_is_known_to_carry(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any numbers are decompiled and compiled again, in the file's dtype, with a warning; also where values leave the sort."""

    def drawn(tensors: Tensors) -> Tensors:
        rng = np.random.default_rng(7)
        return {name: rng.standard_normal(t.shape).astype(np.float32) for name, t in sorted(tensors.items())}

    changed(weights, Path("wild.safetensors"), drawn)
    assert main(["decompile", "wild.safetensors", "-o", "wild.efasp"]) == 0
    assert main(["compile", "wild.efasp", "-o", "again.safetensors"]) == 0
    said = capsys.readouterr().err
    assert "reverse: float32 is not known to carry its numbers exactly" in said
    assert "on 'a' the output is not of the sort that the file's program says: none is declared" in said
    read = []
    for arguments in (["wild.efasp"], ["--weights", "wild.safetensors"]):
        assert main(["eval", *arguments, "--on", "abcabdda", "--json"]) == 0
        read.append(json.loads(capsys.readouterr().out))
    assert read[0] == read[1]
    assert same_numbers("wild.safetensors", "again.safetensors")
    module, plan = read_program(Path("again.safetensors"))
    assert write(module) in Path("wild.efasp").read_text() and plan.dtype == "float32"


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that is called as a sublayer keeps its name."""
    monkeypatch.chdir(tmp_path)
    Path("f.efasp").write_text(FOLDED)
    assert main(["compile", "f.efasp", "-o", "f.safetensors"]) == main(["decompile", "f.safetensors", "-o", "g.efasp"]) == 0
    module = parse_file("g.efasp")
    assert [*module.program.definitions] == ["_h0", "_z1", "_units1", "_h1", "h1"]


def test_standard_streams(weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``-`` is standard input and standard output; what else is said goes to standard error."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(weights.read_bytes())))
    assert main(["decompile", "-", "-o", "-"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# The residual stream") and said.out.endswith("ensures output == input[n - 1 - i]\n")
    assert said.err.startswith("-: ") and said.err.splitlines()[0].endswith("it compiles to the numbers of -")
    assert main(["decompile", str(weights), "-o", "-", "--json"]) == 2
    assert "-o: expected a file, as --json is on standard output" in capsys.readouterr().err


def cut(tensors: Tensors) -> Tensors:
    """A tensor without its last column."""
    return {**tensors, "token.weight": tensors["token.weight"][:, :-1].copy()}


def doubled(tensors: Tensors) -> Tensors:
    """The same numbers in another dtype."""
    return {name: tensor.astype(np.float64) for name, tensor in tensors.items()}


def broken(tensors: Tensors) -> Tensors:
    """A number that is none."""
    return {**tensors, "out.bias": np.full_like(tensors["out.bias"], np.nan)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w, f: None, "x: No such file or directory"),
        (lambda w, f: f.mkdir(), "x: Is a directory"),
        (lambda w, f: f.write_text(REVERSE), "x: expected a safetensors file, found a text "),
        (lambda w, f: f.write_bytes(b""), "x: expected a safetensors file, found an empty file "),
        (lambda w, f: f.write_bytes(w.read_bytes()[:-9]), "x: expected a safetensors file, found "),
        (lambda w, f: changed(w, f, cut), "x: token.weight: expected the shape (5, 14), found (5, 13)"),
        (lambda w, f: changed(w, f, doubled), "expected numbers of float32, found float64"),
        (lambda w, f: changed(w, f, broken), "x: out.bias: expected finite numbers, found an infinity or NaN"),
        (lambda w, f: changed(w, f, dict, format="other"), "x: metadata format: expected 'efasp-transformer', found 'other'"),
        (lambda w, f: changed(w, f, dict, version="9"), "x: metadata version: expected '1' or '2', found '9'"),
        (lambda w, f: changed(w, f, dict, dtype="int8"), "x: metadata dtype: expected float32 or float64, found 'int8'"),
        (lambda w, f: changed(w, f, dict, program="lett x"), "x: metadata program:1:1: expected a statement"),
        (lambda w, f: changed(w, f, dict, shape="[]"), "x: metadata shape: expected d_model, d_out and layers"),
    ],
)
def test_files_that_are_none(weights: Path, capsys: pytest.CaptureFixture[str], make, message: str) -> None:  # type: ignore[no-untyped-def]
    """Each is an error that names the file and what was expected and found; the exit code is 2, and nothing is written."""
    make(weights, Path("x"))
    assert main(["decompile", "x", "-o", "out.efasp"]) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and not Path("out.efasp").exists()


def test_outputs_that_cannot_be_written(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, a file's name with an end that no file can have, and none at all."""
    Path("folder").mkdir()
    for output, message in (("folder", "-o: folder: Is a directory"), ("w.safetensors/x", "-o: w.safetensors/x: "), ("", "-o")):
        try:
            code = main(["decompile", "w.safetensors", "-o", output])
        except SystemExit as error:  # argparse's own
            code = int(error.code or 0)
        assert code == 2 and message in capsys.readouterr().err
