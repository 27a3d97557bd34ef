"""`efasp export`: the bytes of each source's own command, bad input, and the report of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from efasp.checker import formats
from efasp.language.program import parse_file
from efasp.model.lower import lower
from efasp.model.readback import read_plan
from efasp.model.transformer import Transformer
from tests.checker.exports import EXAMPLES, said
from tests.files import changed


def test_a_source_gives_the_bytes_of_its_own_command(tmp_path: Path, capsys) -> None:
    """A weights file, of a machine or a program, is exported as it is; a program as `efasp compile` writes it."""
    source, first, again = EXAMPLES / "reverse.efasp", tmp_path / "a", tmp_path / "b"
    said(capsys, "compile", str(source), "-o", str(first))
    for one in (source, first):
        assert said(capsys, "export", str(one), str(again)) == f"{again}: reverse, 2 layers, d_model 14, float32\n"
        assert again.read_bytes() == first.read_bytes()
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(first))
    assert said(capsys, "export", str(first), "--format", "safetensors", str(again)) == f"{again}: apmdm, 5-bit words\n"
    assert again.read_bytes() == first.read_bytes()


def test_export_as_json(tmp_path: Path, capsys) -> None:
    """What was written: the source, null of a machine, and the sizes of its tensors; the bytes are those without the flag."""
    first, again = tmp_path / "a", tmp_path / "b"
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(first))
    for source, call in ((None, ["--word", "5", "--engine", "apmdm"]), (str(first), [str(first)])):
        data = json.loads(said(capsys, "export", *call, str(again), "--json"))
        assert again.read_bytes() == first.read_bytes()
        tensors = load_file(again)
        assert data.pop("layers") == 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("layers."))
        assert data.pop("d_ff") == max(tensor.shape[0] for name, tensor in tensors.items() if name.endswith("up.bias"))
        assert data.pop("heads") > 0 and data.pop("parameters") == sum(tensor.size for tensor in tensors.values())
        assert data == {
            "source": source,
            "output": str(again),
            "format": "safetensors",
            "transformer": "apmdm, 5-bit words",
            "d_model": tensors["token.weight"].shape[1],
            "dtype": "float32",
            "agreement": None,
            "written": True,
        }


def test_a_file_that_may_round_is_exported_with_a_warning(tmp_path: Path, monkeypatch, capsys) -> None:
    """The numbers of the file, whatever they are, and what is not known of them (which takes long to find out)."""
    monkeypatch.setattr(formats, "inexact", lambda file, path: f"a number of {file.engine} is large")
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(tmp_path / "a"))
    changed(tmp_path / "a", tmp_path / "b", lambda t: {**t, "token.weight": t["token.weight"] * np.float32(2.0**20)})
    assert "float32 is not known to carry its numbers exactly: a number of apmdm is large" in said(
        capsys, "export", str(tmp_path / "b"), str(tmp_path / "c")
    )
    assert read_plan(tmp_path / "c")[3].token.rows == read_plan(tmp_path / "b")[3].token.rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("out",), "--word: expected it for a machine, or SOURCE and OUT, found out alone"),
        (("--word", "5", "out"), "--engine: expected it for a machine, or SOURCE and OUT, found out alone"),
        (("w", "--word", "5", "--engine", "mdm", "out"), "--word: expected one of SOURCE and --word with --engine, found both"),
        (("w", "--ext", "M", "out"), "--ext: expected one of SOURCE and --word with --engine, found both"),
        (("a", "b", "c"), "expected SOURCE and OUT, or OUT alone, found 3 operands"),
        (("--word", "5", "--engine", "mdm", "--name", "x", "out"), "--name: expected SOURCE with it, found a machine"),
        (("none.efasp", "out"), "none.efasp: No such file or directory"),
        (("efasp.dyck:dyck", "out"), "found one that raises TypeError: dyck() missing 1 required"),
        (("w", "out"), "w: expected a safetensors file, found"),
        (("w", "--name", "x", "out"), "--name: expected a program's text with it, found a weights file"),
        (("r.efasp", "--name", "mirrow", "out"), "found 'mirrow' (did you mean 'mirror'?)"),
        (("r.efasp", "none/out"), "none/out: No such file or directory"),
        (("r.efasp", "-", "--format", "hf"), "--format hf: expected a folder, found - (standard output)"),
        (
            ("r.efasp", "full", "--format", "hf"),
            "full: expected a new or empty folder, or one that efasp wrote, found something",
        ),
        (
            ("--word", "20", "--engine", "mdm", "out", "--format", "hf"),
            "expected a vocabulary of at most 1048576 tokens, found",
        ),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """An error of one line that names the file or flag; the exit code is 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "installed", lambda package: "1")
    (tmp_path / "w").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "r.efasp").write_text((EXAMPLES / "reverse.efasp").read_text())
    text = said(capsys, "export", *arguments, code=2)
    assert text.startswith("efasp: ") and message in text and text.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"w", "full", "r.efasp"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("hf", "expected the packages transformers, found no transformers (pip install 'efasp[hf]')"),
        ("onnx", "expected the packages onnx and onnxruntime, found no onnx (pip install 'efasp[onnx]')"),
    ],
)
def test_without_the_extras(kind: str, message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """One line says what to install."""
    monkeypatch.setattr(formats, "installed", lambda package: "1" if package == "torch" else None)
    out = str(tmp_path / "out")
    text = said(capsys, "export", "--word", "5", "--engine", "mdm", "--format", kind, out, code=2)
    assert text == f"efasp: --format {kind}: {message}\n" and not Path(out).exists()


@pytest.mark.parametrize(
    ("shift", "same", "words"),
    [
        (0.0, True, "every read-out is torch's, bit for bit"),
        (0.25, True, "every token is torch's; read-outs differ by at most 0.25"),
        (9.0, False, "expected the tokens of torch, found others"),
    ],
)
def test_what_a_report_says(shift: float, same: bool, words: str) -> None:
    """Equal bits, equal tokens with the deviation, or a difference: by read-outs in which one number is shifted."""
    module = parse_file(str(EXAMPLES / "reverse.efasp"))
    made = formats.program_subject("reverse", module, Transformer.of(lower(module.program)))

    def outputs(tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
        out = made.transformer.outputs(tokens[0], places[0])[None].copy()
        out[0, 0, 0] += shift
        return out

    text, found = formats.agreement(made, "x", outputs)
    assert found == same and words in text and "x on 10 sequences of 1 to 16 tokens" in text
