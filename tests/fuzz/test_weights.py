"""Hostile weights files: damaged bytes, headers that lie, numbers that are none; nothing but a refusal or the very numbers."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.checker.cli import main
from efasp.model import decode
from efasp.model.header import WeightsError
from efasp.model.readback import read_plan
from efasp.model.runs import DecodingError
from efasp.model.weights import compiled, dump, load
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program

HERE = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def whole() -> bytes:
    """A good file."""
    return dump(compiled(5, "apmdm"))


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: Any, body: bytes) -> bytes:
    """A file of any header (an object, or its text) and body."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def refused(path: Path, data: bytes) -> str:
    """The file is refused in words that name it."""
    path.write_bytes(data)
    with pytest.raises(WeightsError) as caught:
        read_plan(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and len(message) < 1000
    return message


class Evil:
    """What pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, ("owned",)


PLACED = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"word", "a file of 4 bytes"),
        (b"\0" * 8, "no JSON"),
        (b"\xff" * 64, "another format"),
        (struct.pack("<Q", 1 << 62) + b"{}", "another format"),
        (struct.pack("<Q", 1 << 40) + b"{}" * 99, "another format"),
        (b".word 5\nhalt\n", "a text"),
        (joined(b"[" * 5000, b""), "no JSON"),
        (joined(b'{"a":' * 5000, b""), "no JSON"),
        (joined(b"{}", b""), "metadata format: expected 'efasp-transformer', found none (efasp export"),
        (joined({"__metadata__": {"format": "efasp-program"}}, b""), "found 'efasp-program' (of a program: efasp eval"),
        (joined(b"[]", b""), "no JSON object"),
        (joined(b"\xff\xfe", b""), "no JSON, but"),
        (joined({"__metadata__": {"format": 1}}, b""), "metadata that are not texts"),
        (joined({"a": {}}, b""), "a tensor 'a' without two numbers"),
        (joined({"a": PLACED}, b"123"), "3 bytes of tensors, where its header describes 4: it is cut short"),
        (joined({"a": PLACED}, b"12345"), "5 bytes of tensors, where its header describes 4: something follows"),
        (joined({"a": {**PLACED, "dtype": "F99"}}, b"1234"), "unknown dtype"),
        (joined({"a": PLACED}, b"1234")[:20], "20 bytes, of which the header alone takes"),
        (pickle.dumps(Evil()), "a pickle, which is never loaded"),
        (b"PK\x03\x04" + b"\0" * 99, "a zip archive"),
    ],
    ids=range(21),
)
def test_what_is_no_weights_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, found: str) -> None:
    """Lengths that lie, deep nesting, no text, pickle and zip: refused in our own words, and nothing runs."""
    monkeypatch.chdir(tmp_path)
    said = refused(tmp_path / "w", data)
    assert found in said and "deserializing" not in said
    assert not (tmp_path / "owned").exists()


@HERE
@given(length=st.integers(0, 1 << 20))
def test_truncated(tmp_path: Path, length: int) -> None:
    """A file that ends early is refused."""
    refused(tmp_path / "w", whole()[: min(length, len(whole()) - 1)])


SHAPES: list[Callable[[dict[str, Any]], Any]] = [
    lambda s: [],
    lambda s: None,
    lambda s: {},
    lambda s: {**s, "layers": {}},
    lambda s: {**s, "layers": [*s["layers"], s["layers"][0]]},
    lambda s: {**s, "layers": s["layers"] * 99},
    lambda s: {**s, "layers": [None]},
    lambda s: {**s, "layers": [{**row, "heads": 1 << 16, "d_head": 0} for row in s["layers"]]},
    lambda s: {**s, "layers": [{**row, "heads": 0} for row in s["layers"]]},
    lambda s: {**s, "layers": [{**row, "d_ff": True} for row in s["layers"]]},
    lambda s: {**s, "d_model": 1 << 16},
    lambda s: {**s, "d_model": -1},
    lambda s: {**s, "d_model": 1.0},
    lambda s: {**s, "d_model": 10**400},
    lambda s: {**s, "d_model": s["d_model"] + 1},
    lambda s: {**s, "d_out": 0},
]


@pytest.mark.parametrize("change", SHAPES, ids=range(len(SHAPES)))
def test_shapes_that_lie(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """A shape that is not the tensors' is refused, before memory is taken for it."""
    header, body = split(whole())
    meta = header["__metadata__"]
    refused(
        tmp_path / "w",
        joined({**header, "__metadata__": {**meta, "shape": json.dumps(change(json.loads(meta["shape"])))}}, body),
    )


OTHERS = st.sampled_from(
    ["", "0", "5", "06", "6", "64", "-5", "٥", "9" * 5000, "mdm", "M", "float64", "float16", "[" * 9999, "{}"]
)

KEYS = ["format", "version", "word", "engine", "extension", "dtype", "shape"]
KEYS += ["attention", "layout", "places", "readout", "scale", "start", "vocabulary"]


@HERE
@given(key=st.sampled_from(KEYS), value=OTHERS | st.text())
def test_metadata_that_lie(tmp_path: Path, key: str, value: str) -> None:
    """One value of the metadata changed: refused, unless it is what it was."""
    header, body = split(whole())
    if value == header["__metadata__"][key] or (key, value) == ("version", "1"):  # which says nothing of the other keys
        return
    refused(tmp_path / "w", joined({**header, "__metadata__": {**header["__metadata__"], key: value}}, body))


@HERE
@given(data=st.data())
def test_tensors_that_lie(tmp_path: Path, data: st.DataObject) -> None:
    """A tensor that is missing, doubled under another name, of another type or shape, or elsewhere: refused."""
    header, body = split(whole())
    name = data.draw(st.sampled_from(sorted(set(header) - {"__metadata__"})))
    about = header[name]
    first, last = about["data_offsets"]
    change = data.draw(st.sampled_from(["drop", "add", "dtype", "shape", "move", "none"]))
    if change == "drop":
        del header[name]
    elif change == "add":
        header["more"] = {**about, "data_offsets": [len(body), len(body) + last - first]}
        body += body[first:last]
    elif change == "dtype":
        header[name] = {**about, "dtype": data.draw(st.sampled_from(["I32", "U32", "F64", "F16", "BF16", "Q4", "C64"]))}
    elif change == "shape":
        header[name] = {**about, "shape": data.draw(st.sampled_from([[], [1, *about["shape"]], [-1], [1 << 63, 2], [0], "x"]))}
    elif change == "move":
        other = data.draw(st.sampled_from([[0, 0], [last, first], [first + 4, last + 4], [-4, 0], [0, 1 << 63]]))
        header[name] = {**about, "data_offsets": other}
    else:
        header[name] = data.draw(st.sampled_from([None, [], "x", 0, {}]))
    refused(tmp_path / "w", joined(header, body))


def test_a_tensor_that_is_named_twice(tmp_path: Path) -> None:
    """Two entries of one name, of which a reader could take either, are refused where they differ."""
    header, body = split(whole())
    bias = header["out.bias"]
    first, last = bias["data_offsets"]
    other = json.dumps({**bias, "data_offsets": [len(body), len(body) + last - first]}).encode()
    text = json.dumps(header).encode()
    for doubled in (text[:-1] + b', "out.bias": ' + other + b"}", b'{"out.bias": ' + other + b", " + text[1:]):
        refused(tmp_path / "w", joined(doubled, body + body[first:last]))


@HERE
@given(number=st.sampled_from([np.nan, np.inf, -np.inf]), where=st.floats(0, 1, exclude_max=True))
def test_numbers_that_are_none(tmp_path: Path, number: float, where: float) -> None:
    """One infinity or NaN, anywhere: refused."""
    header, body = split(whole())
    at = 4 * int(where * (len(body) // 4))
    assert "finite" in refused(tmp_path / "w", joined(header, body[:at] + struct.pack("<f", number) + body[at + 4 :]))


@pytest.mark.parametrize(("seed", "scale"), [(54, 1.0), (3, 1e38)])
def test_numbers_of_another_function(tmp_path: Path, seed: int, scale: float) -> None:
    """Finite numbers that no construction has (large, no small dyadics): read as they are; a run ends or says why."""
    header, body = split(whole())
    values = np.random.default_rng(seed).uniform(-scale, scale, len(body) // 4).astype("<f4")
    path = tmp_path / "w"
    path.write_bytes(joined(header, values.tobytes()))
    plan = read_plan(path)[3]
    first = header["out.bias"]["data_offsets"][0] // 4
    assert list(map(float, plan.out_bias)) == values[first : first + len(plan.out_bias)].tolist()
    try:
        decode.run(Program((Instruction("halt"),), 5, 1, 2), "apmdm", load(path).transformer, "", 3)
    except DecodingError as error:
        assert "step" in str(error)


@pytest.mark.parametrize("command", ["run", "check", "trace"])
def test_a_pipe_is_no_weights_file(tmp_path: Path, capsys, command: str) -> None:
    """A pipe that nobody writes to does not hold a command up."""
    pipe, program = tmp_path / "pipe", tmp_path / "p.pram"
    os.mkfifo(pipe)
    program.write_text(".word 5\nhalt\n")
    arguments = [] if command == "check" else [str(program), "--engine", "mdm"]
    assert main_of_all([command, *arguments, "--weights", str(pipe)]) == 2
    assert f"{pipe}: expected a regular file" in capsys.readouterr().err


def main_of_all(arguments: list[str]) -> int:
    """The whole command line, with `efasp trace`."""
    from efasp.paper_artifacts.cli import main as whole_line

    return whole_line(arguments)


@pytest.mark.parametrize("width", ["65", "1000"])
def test_a_word_that_is_too_wide(tmp_path: Path, capsys, width: str) -> None:
    """No command compiles a transformer for words that no dtype holds: it says so at once."""
    (tmp_path / "p.pram").write_text("halt\n")
    program = str(tmp_path / "p.pram")
    for arguments in (["run", program, "--engine", "apmdm"], ["trace", program, "--engine", "mdm"]):
        assert main_of_all([*arguments, "--word", width]) == 2
        assert "expected 5 to 64 bits" in capsys.readouterr().err
    assert main(["export", "--engine", "mdm", "--word", width, str(tmp_path / "w")]) == 2
    assert not (tmp_path / "w").exists()
