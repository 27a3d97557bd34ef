"""A weights file read back is the plan that was written, number by number."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from efasp.encoding import CellLayout
from efasp.model.compile import codebooks, compile_machine
from efasp.model.header import WeightsError, read_shape
from efasp.model.readback import read_plan, tensors
from efasp.model.transformer import Transformer
from efasp.model.weights import compiled, export
from efasp.pram import machine
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program


@pytest.mark.parametrize(("engine", "extension"), [("mdm", "M"), ("apmdm", "")])
def test_round_trip(tmp_path: Path, engine: str, extension: str) -> None:
    """The same rows in every matrix; the same read-out."""
    path = tmp_path / "x.safetensors"
    export(compiled(5, engine, extension), path)
    word, found_engine, found_extension, plan = read_plan(path)
    wanted = compile_machine(5, engine, extension)
    assert (word, found_engine, found_extension) == (5, engine, extension)
    assert (plan.token.rows, plan.place.rows, plan.out.rows) == (wanted.token.rows, wanted.place.rows, wanted.out.rows)
    for got, old in zip(plan.layers, wanted.layers, strict=True):
        assert (got.up.rows, got.bias, got.down.rows) == (old.up.rows, old.bias, old.down.rows)
    if engine == "apmdm":
        program = Program((Instruction("pid", 0), Instruction("halt")), 5, 4, 3)
        sequence = CellLayout.of(program, extension).encode(program, machine.initial(program))
        assert np.array_equal(plan.forward(sequence.tokens, sequence.places), wanted.forward(sequence.tokens, sequence.places))


def test_tensors_are_the_modules() -> None:
    """The names and shapes that a file must have are those of the torch module."""
    module = Transformer.of(compile_machine(5, "mdm", "M"))
    assert tensors(module.shape, *codebooks(5, "mdm", "M")) == {n: tuple(t.shape) for n, t in module.state_dict().items()}


def test_malformed_files(tmp_path: Path) -> None:
    """The errors of the torch loader: not a safetensors file, foreign metadata, a missing tensor, a number that is none."""
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="safetensors"):
        read_plan(path)
    export(compiled(5, "apmdm"), path)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])

    def write(changed: dict, body: bytes) -> None:
        text = json.dumps(changed).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)

    body = data[8 + length :]
    write({**header, "__metadata__": {**header["__metadata__"], "version": "3"}}, body)
    with pytest.raises(WeightsError, match="version"):
        read_plan(path)
    write({("no" if name == "out.bias" else name): value for name, value in header.items()}, body)
    with pytest.raises(WeightsError, match=r"out\.bias"):
        read_plan(path)
    start = header["out.bias"]["data_offsets"][0]
    write(header, body[:start] + struct.pack("<f", float("nan")) + body[start + 4 :])
    with pytest.raises(WeightsError, match="finite"):
        read_plan(path)
    with pytest.raises(OSError):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"out.bias":', '"out.bias":{"data_offsets":[0,144],"dtype":"F32","shape":[36]},"out.bias":', "'out.bias'"),
        ('"out.bias":', '"out.bi\\u0061s":{"data_offsets":[0,144],"dtype":"F32","shape":[36]},"out.bias":', "'out.bias'"),
        ('"word":', '"word":"6","word":', "'word'"),
        ('"__metadata__":', '"__metadata__":{},"__metadata__":', "'__metadata__'"),
    ],
)
def test_a_name_that_a_header_has_twice_is_refused(tmp_path: Path, old: str, new: str, named: str) -> None:
    """A header that names a tensor or a key of its metadata twice, in whichever spelling, is refused, and the error says which:
    the library would take the last of the two, another reader may take the first."""
    path = tmp_path / "x.safetensors"
    export(compiled(5, "mdm"), path)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    text = data[8 : 8 + length].decode().rstrip()
    assert text.count(old) == 1
    header = text.replace(old, new).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
    with pytest.raises(WeightsError, match=f"{path}: expected a .*, found .*{named} twice"):
        read_plan(path)


def test_a_shape_that_has_a_key_twice_is_refused(tmp_path: Path) -> None:
    """So is metadata in JSON in which a key of the shape occurs twice."""
    with pytest.raises(WeightsError, match="metadata shape: expected JSON with every key once"):
        read_shape(tmp_path, '{"d_model": 5, "d_model": 6, "d_out": 3, "layers": []}', 3)
