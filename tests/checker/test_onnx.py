"""`efasp export --format onnx`: the graphs give torch's tokens in onnxruntime. Skipped without the extra `onnx`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from efasp.checker import formats
from efasp.encoding import TokenSequence
from efasp.evaluate import place_rows
from efasp.language.program import parse_file
from efasp.language.runs import run
from efasp.model.weights import compiled
from tests.checker.exports import EXAMPLES, needed, said


@cache
def machine_sequences(engine: str) -> tuple[Any, list[TokenSequence]]:
    """A compiled transformer of w = 5, and the sequences of a run."""
    made = compiled(5, engine).transformer
    return made, formats.run_sequences(5, engine, "", made)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_onnx_of_a_machine(engine: str, tmp_path: Path, capsys) -> None:
    """The read-outs are torch's bit for bit, at several lengths and in batches; the bytes are the same twice."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    out = tmp_path / "m.onnx"
    text = said(capsys, "export", "--word", "5", "--engine", engine, "--format", "onnx", str(out))
    assert text.startswith(f"{out}: {engine}, 5-bit words\n{out}: onnxruntime ") and "bit for bit" in text
    data, (made, sequences) = out.read_bytes(), machine_sequences(engine)
    said(capsys, "export", "--word", "5", "--engine", engine, "--format", "onnx", str(out))
    assert out.read_bytes() == data
    outputs = onnx_file.runner(data)
    for one in sequences:
        other = TokenSequence(np.where(one.tokens == made.vocabulary.token("mask"), 3, one.tokens), one.places)
        batch = np.stack([one.tokens, other.tokens]), np.stack([one.places, other.places])
        wanted = [made.outputs(x.tokens, x.places) for x in (one, other)]
        assert outputs(*batch).tobytes() == np.stack(wanted).tobytes()
    import onnx

    said_there = {prop.key: prop.value for prop in onnx.load(out).metadata_props}
    assert said_there["engine"] == engine and json.loads(said_there["vocabulary"])["payloads"][0] == ["word", 5]


@pytest.mark.parametrize("name", ["reverse", "induction", "fraction"])
def test_onnx_of_a_program(name: str, tmp_path: Path, capsys) -> None:
    """The outputs are the evaluation's, on texts of other lengths than those of the report."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    out, source = tmp_path / "p.onnx", EXAMPLES / f"{name}.efasp"
    said(capsys, "export", str(source), str(out), "--format", "onnx")
    outputs, module = onnx_file.runner(out.read_bytes()), parse_file(str(source))
    for n in (4, 5, 11):
        text = module.join(Random(n).choices(module.letters, k=n))
        ids = np.array(module.encode(text))
        read = outputs(ids[None], place_rows(None, len(ids))[None])[0]
        exact = run(module, text)
        if name == "fraction":
            assert np.allclose(read[:, 0], [float(x) for x in exact.values[exact.output]], atol=1e-6)
        else:
            assert module.decode(read) == exact.values[exact.output]
    longest = (module.longest or 0) + module.skipped
    assert outputs(np.zeros((2, longest), np.int64), np.zeros(0)).shape[:2] == (2, longest)
    with pytest.raises(Exception, match="ONNXRuntimeError"):
        outputs(np.zeros((1, longest + 1), np.int64), np.zeros(0))


def test_a_wrong_graph_is_not_written(tmp_path: Path, monkeypatch, capsys) -> None:
    """With a scale at which softmax does not choose, the report says that the tokens differ; the exit code is 1."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    monkeypatch.setattr(onnx_file, "SCALE", {"float32": 0})
    text = said(capsys, "export", str(EXAMPLES / "reverse.efasp"), str(tmp_path / "w"), "--format", "onnx", code=1)
    assert "expected the tokens of torch, found others, by onnxruntime" in text and not (tmp_path / "w").exists()
