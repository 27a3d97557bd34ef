"""`efasp run`, `info` and `export` as a user calls them (docs/commands.md)."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from efasp import encoding, places
from efasp.checker import commands, interface
from efasp.checker.cli import main
from efasp.model.closed_forms import SINCE, codes, pieces, quantities, shape, summary
from efasp.model.compile import compile_machine
from efasp.pram import step, views

KEYS = ["file", "engine", "word", "processors", "steps", "decode_steps", "context_length", "halted", "faults", "memory",
        "registers", "pc", "model", "attention"]  # fmt: skip
ENGINES = ("reference", "mdm", "apmdm")
LIBRARY = Path(__file__).parents[2] / "programs"


@pytest.fixture
def program(tmp_path: Path):
    """Writes assembly text to a file and gives its path."""

    def write(text: str, name: str = "p.pram") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict]]:
    """Exit code and the objects on standard output."""
    code = main(["run", "--json", *arguments])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("engine", ENGINES)
def test_report_has_the_documented_keys_and_agrees(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every engine gives the same machine, in an object with exactly the documented keys, in order."""
    if engine in ("mdm", "apmdm"):
        pytest.importorskip("torch", reason="torch is not installed")
    code, (found,) = run_json(capsys, str(LIBRARY / "scan.pram"), "--engine", engine)
    _, (wanted,) = run_json(capsys, str(LIBRARY / "scan.pram"))
    assert code == 0 and list(found) == KEYS and found["engine"] == engine
    for key in ("steps", "halted", "faults", "memory", "registers", "pc", "word", "processors"):
        assert found[key] == wanted[key]
    assert found["memory"] == np.cumsum([3, 1, 4, 1, 5, 9, 2, 6]).tolist()
    if engine == "reference":
        assert found["decode_steps"] is found["context_length"] is found["model"] is None
    else:
        assert found["decode_steps"] == found["steps"]
        assert set(found["model"]) == {"layers", "d_model", "heads", "d_ff", "parameters", "dtype", "device"}


@pytest.mark.parametrize("engine", ENGINES)
def test_exit_codes(engine: str, program, capsys: pytest.CaptureFixture[str]) -> None:
    """0 halted, 2 bad input, 4 fault, 5 not finished; with several files the first that is not 0."""
    if engine in ("mdm", "apmdm"):
        pytest.importorskip("torch", reason="torch is not installed")
    good, bad = program(".word 6\nhalt\n", "good.pram"), program("nonsense\n", "bad.pram")
    fault, loop = program(".word 6\n.memory 4\nld r0, [9]\n", "fault.pram"), program(".word 6\nl: jmp l\n", "loop.pram")
    options = ["--engine", engine, "--max-steps", "7"]
    assert run_json(capsys, good, *options)[0] == 0
    code, (found,) = run_json(capsys, fault, *options)
    assert code == 4 and found["faults"] == [{"pid": 0, "step": 1, "pc": 0, "reason": "load"}] and not found["halted"]
    code, (found,) = run_json(capsys, loop, *options)
    assert code == 5 and found["steps"] == 7 and found["pc"] == [0] and not found["halted"]
    code, objects = run_json(capsys, good, bad, loop, *options)
    assert code == 2 and set(objects[1]) == {"file", "error"} and "bad.pram:1:1:" in objects[1]["error"]
    assert [o["file"] for o in objects] == [good, bad, loop]


@pytest.mark.parametrize("engine", ENGINES)
def test_policy_violation_stops_the_run(engine: str, program, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4; standard error names address, step and processors; the violating step took no effect."""
    file = program(".word 6\n.processors 3\n.memory 4\n.policy crew\npid r0\nst r0, [2]\nhalt\n")
    assert main(["run", "--json", "--engine", engine, file]) == 4
    captured = capsys.readouterr()
    assert "step 2" in captured.err and "address 2" in captured.err and "0, 1, 2" in captured.err
    found = json.loads(captured.out)
    assert found["steps"] == 1 and found["memory"] == [0, 0, 0, 0]
    assert found["violation"] == {"policy": "crew", "access": "write", "address": 2, "step": 2, "processors": [0, 1, 2]}


@pytest.fixture
def short_clock(monkeypatch: pytest.MonkeyPatch):
    """A clock of three bits: the log's last time is 7. What is compiled with it is forgotten afterwards."""
    kept = (places.log_places, step.masked_step, compile_machine, interface._compiled)
    for room in (places, encoding, views, commands):
        monkeypatch.setattr(room, "clock_bits", lambda word: 3)
    for cached in kept:
        cached.cache_clear()
    yield
    for cached in kept:
        cached.cache_clear()


def test_the_end_of_the_clock(short_clock, program, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that its clock ends is not finished: code 5, the state that was reached, and what to do; the others go on."""
    count = program(".word 5\n.memory 2\nl: add r1, r1, 1\nst r1, [1]\njmp l\n")
    assert main(["run", "--json", "--engine", "mdm", "--max-steps", "20", count]) == 5
    found, said = capsys.readouterr()
    report, (_, (wanted,)) = json.loads(found), run_json(capsys, count, "--max-steps", "7")
    assert report["steps"] == 7 and not report["halted"]
    assert all(report[key] == wanted[key] for key in ("memory", "registers", "pc", "faults"))
    for part in ("not finished", "T = 7", "3 bits", "5-bit words", "--word 16", "apmdm", "reference"):
        assert part in said
    assert main(["run", "--json", "--engine", "mdm", "--max-steps", "7", count]) == 5
    assert "--max-steps 7" in capsys.readouterr().err
    halts = program(".word 5\n" + "mov r1, 1\n" * 6 + "halt\n", "halts.pram")
    assert run_json(capsys, halts, "--max-steps", "20", "--engine", "mdm")[0] == 0
    assert run_json(capsys, count, "--max-steps", "20", "--engine", "apmdm")[1][0]["steps"] == 20


def test_options_override_directives(program, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Word, processors, memory, policy and data from the command line win over the file."""
    file = program(".word 8\n.memory 4\n.data 0: 1 2\npid r0\nnproc r1\nld r2, [1]\nhalt\n")
    (tmp_path / "d.json").write_text('{"0x1": -1}')
    options = ["--word", "6", "--processors", "2", "--memory", "3", "--data", str(tmp_path / "d.json"), "--policy", "priority"]
    _, (found,) = run_json(capsys, file, *options)
    assert found["word"] == 6 and found["memory"] == [1, 63, 0]
    assert [bank[:3] for bank in found["registers"]] == [[0, 2, 63], [1, 2, 63]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "missing.pram"], "missing.pram"),
        (["run", "x.pram", "--max-steps", "-1"], "--max-steps"),
        (["run", "x.pram", "--engine", "llm"], "--engine"),
        (["run", "x.pram", "--data", "missing.json"], "--data"),
        (["run", "x.pram", "--weights", "missing.safetensors", "--engine", "mdm"], "--weights"),
        (["run", "x.pram", "--weights", "w.safetensors"], "--weights"),
        (["info", "--word", "4"], "--word"),
        (["info", "--word", "9..5"], "--word"),
        (["export", "--word", "4", "--engine", "mdm", "x.safetensors"], "--word"),
        (["export", "--word", "64", "--engine", "mdm", "x.safetensors"], "float64"),
        (
            ["export", "--word", "50", "--engine", "apmdm", "--ext", "M", "x.safetensors"],
            "the widest word of a transformer for apmdm with extension M has 42 bits",
        ),
        (["export", "--word", "5", "--engine", "mdm", "no/such/folder/x.safetensors"], "no/such/folder"),
        (["check", "--n-max", "0"], "--n-max: expected a number of 1 to 2^64"),
        (["check", "--n-max", "-1"], "--n-max: expected a number of 1 to 2^64"),
        (["check", "--n-max", "2^65"], "--n-max: expected a number of 1 to 2^64"),
        (["run", "x.pram", "--word", "1_6"], "--word: expected a number, as 20, 0x14 or 2^20, found '1_6'"),
        (["run", "x.pram", "--max-steps", "2^99999"], "(base of at most 9 digits, exponent of at most 4), found"),
        (["run", "x.pram", "--word", "60", "--engine", "mdm"], "the widest word of a transformer for mdm has 45 bits"),
        (["check", "--lemma", "no.such"], "--lemma"),
        (["check", "--lemma", "gates"], "did you mean 'gates.*'?"),
        (["check", "--lemma", "gate.add"], "did you mean 'gates.add'?"),
        ([], "COMMAND"),
    ],
)
def test_bad_usage(arguments: list[str], expected: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """Exit code 2 and one message that names the flag or file; no traceback."""
    monkeypatch.chdir(tmp_path)
    Path("x.pram").write_text("halt\n")
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and expected in capsys.readouterr().err and not list(tmp_path.glob("*.part"))


def test_numbers_of_options_are_those_of_assembly(program, capsys: pytest.CaptureFixture[str]) -> None:
    """Decimal, 0x, 0b, and powers."""
    file = program("halt\n")
    for word, memory in (("8", "16"), ("0x8", "0b10000"), ("2^3", "2^4")):
        _, (found,) = run_json(capsys, file, "--word", word, "--memory", memory)
        assert found["word"] == 8 and found["memory"] == [0] * 16


def test_extension_m_is_refused_by_weights_without_it(program, tmp_path: Path, capsys) -> None:
    """Assembling an M instruction for a transformer without the extension says so; with it the program runs."""
    file = program(".word 5\nmov r0, 3\nmul r0, r0, 5\nhalt\n")
    for extension, expected in (([], 2), (["--ext", "M"], 0)):
        weights = str(tmp_path / "w.safetensors")
        assert main(["export", "--word", "5", "--engine", "apmdm", *extension, weights]) == 0
        capsys.readouterr()
        code, (found,) = run_json(capsys, file, "--engine", "apmdm", "--weights", weights)
        assert code == expected
        assert "extension M" in found["error"] if expected else found["registers"][0][0] == 15


def test_weights_give_the_same_run_and_the_same_bytes(tmp_path: Path, capsys) -> None:
    """An exported file runs as the compiled transformer does, and is the same file in another process."""
    first, second = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    export = ["export", "--word", "6", "--engine", "mdm"]
    assert main([*export, str(first)]) == 0
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-m", "efasp.checker.cli", *export, str(second)], check=True, env=environment, capture_output=True
    )
    assert first.read_bytes() == second.read_bytes()
    capsys.readouterr()
    arguments = [str(LIBRARY / "sum_to.pram"), "--word", "6", "--engine", "mdm"]
    assert run_json(capsys, *arguments, "--weights", str(first)) == run_json(capsys, *arguments)


@pytest.mark.parametrize(
    "break_it", ["truncate", "text", "foreign", "missing", "extra", "shape", "dtype", "nan", "huge", "engine"]
)
def test_broken_weights_are_refused(break_it: str, tmp_path: Path, capsys) -> None:
    """A malformed, truncated or foreign file is refused with what is wrong with it."""
    path = tmp_path / "w.safetensors"
    main(["export", "--word", "5", "--engine", "mdm", str(path)])
    tensors = load_file(path)
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    metadata, expected = dict(header["__metadata__"]), ""
    if break_it == "truncate":
        path.write_bytes(path.read_bytes()[:-100])
    elif break_it == "text":
        path.write_text("hello, this is not a weights file\n" * 9)
    elif break_it == "engine":
        metadata["engine"], expected = "apmdm", "expected"
    elif break_it == "foreign":
        metadata, expected = {"format": "pt"}, "format"
    elif break_it == "missing":
        tensors.pop("out.bias")
        expected = "out.bias"
    elif break_it == "extra":
        tensors["more"], expected = np.zeros(1, dtype=np.float32), "more"
    elif break_it == "shape":
        tensors["out.bias"], expected = np.zeros(3, dtype=np.float32), "out.bias"
    elif break_it == "dtype":
        tensors["out.bias"], expected = tensors["out.bias"].astype(np.float64), "out.bias"
    elif break_it == "nan":
        tensors["out.bias"][0], expected = np.nan, "finite"
    elif break_it == "huge":
        metadata["shape"] = metadata["shape"].replace('"d_model": 106', '"d_model": 65000')
        expected = "token.weight: expected the shape (36, 65000), found (36, 106)"
    if break_it not in ("truncate", "text"):
        save_file(tensors, path, metadata)
    capsys.readouterr()
    assert main(["run", str(LIBRARY / "sum_to.pram"), "--word", "5", "--engine", "mdm", "--weights", str(path)]) == 2
    message = capsys.readouterr().err
    assert "w.safetensors" in message and expected in message


def test_weights_that_decode_nothing_do_not_pass_for_a_run(tmp_path: Path, capsys) -> None:
    """Weights that decode nonsense end in an error, not in a wrong answer or a traceback."""
    path = tmp_path / "w.safetensors"
    main(["export", "--word", "5", "--engine", "mdm", str(path)])
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    tensors = {name: np.zeros_like(tensor) if name.startswith("out.") else tensor for name, tensor in load_file(path).items()}
    save_file(tensors, path, header["__metadata__"])
    capsys.readouterr()
    assert main(["run", str(LIBRARY / "sum_to.pram"), "--word", "5", "--engine", "mdm", "--weights", str(path)]) == 2
    assert "does not decode" in capsys.readouterr().err


def value(form: str, word: int) -> Fraction:
    """A polynomial in w as `efasp info` writes it, at a width; of two that of its parity."""
    if "(w odd)" in form:
        form = form.split(" (w even), ")[word % 2].removesuffix(" (w odd)")
    terms = re.findall(r"([+-]?) ?(?:(\d+(?:/\d+)?) ?)?(w)?(?:\^(\d+))?(?: |$)", form)
    assert terms
    return sum(
        (
            (-1 if sign == "-" else 1) * Fraction(factor or 1) * (word ** int(power or 1) if variable else 1)
            for sign, factor, variable, power in terms
            if factor or variable
        ),
        Fraction(0),
    )


def test_closed_forms_hold_where_they_say() -> None:
    """For every width one piece at most, and its value is that of the sizes as stated for that width; the last ends nowhere."""
    for engine, extension in SINCE:
        for name, held in pieces(engine, extension).items():
            assert held[-1].last is None
            assert [piece.first for piece in held[1:]] == [piece.last + 1 for piece in held[:-1] if piece.last is not None]
            for word in range(held[0].first, 65):
                (form,) = (p.form for p in held if p.first <= word <= (p.last or 64))
                q = quantities(word, extension)
                assert value(form, word) == summary(shape(engine, extension, q), *codes(engine, extension, q))[name]


@pytest.mark.parametrize("last", [9, pytest.param(20, marks=pytest.mark.slow)])
def test_info_meets_the_bounds(last: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The table from w = 5 on: depth constant, d_model within 12 w + 96, and the closed forms hold from where they say."""
    for engine, depth in (("mdm", 5), ("apmdm", 5)):
        assert main(["info", "--word", f"5..{last}", "--engine", engine, "--json"]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [row["word"] for row in rows] == list(range(5, last + 1))
        for row in rows:
            assert row["layers"] == depth and row["d_model"] <= 12 * row["word"] + 96
            for name, held in row["closed_forms"]["pieces"].items():
                here = [piece["form"] for piece in held if piece["first"] <= row["word"] <= (piece["last"] or 64)]
                assert len(here) <= 1 and all(value(form, row["word"]) == row[name] for form in here)
                assert here or row["word"] < held[0]["first"]
        slope, constant = rows[-1]["d_model"] - rows[-2]["d_model"], rows[-1]["closed_forms"]["d_model"]
        assert constant == f"{slope} w + {rows[-1]['d_model'] - last * slope}"


def test_reference_needs_no_torch() -> None:
    """`efasp run --engine reference`, `info` and `check --list` do not import torch; the transformer's engines do."""
    pytest.importorskip("torch", reason="torch is not installed")
    script = (
        "import sys, shlex; from efasp.checker.cli import main\n"
        "for command in sys.argv[1:]:\n    assert main(shlex.split(command)) == 0\n"
        "    print('torch' in sys.modules, file=sys.stderr)"
    )
    scan = shlex.join(["run", str(LIBRARY / "sum_to.pram")])
    listed = "check --list --n-max 4 --lemma process.* resources.* numerics.*"  # the families that import it to discharge
    commands = [scan, "info --word 5 --engine mdm", listed, f"{scan} --engine mdm"]  # in this order
    done = subprocess.run([sys.executable, "-c", script, *commands], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["False", "False", "False", "True"]


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_attention_changes_nothing_else(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Dense and indexed attention give one object but for the key that names them."""
    pytest.importorskip("torch", reason="torch is not installed")
    file = str(LIBRARY / "fault.pram")
    found = []
    for attention in ("dense", "indexed"):
        _, (one,) = run_json(capsys, file, "--engine", engine, "--attention", attention)
        assert one.pop("attention") == attention
        found.append(one)
    assert found[0] == found[1]


def test_a_machine_that_does_not_fit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the library that wants memory has words of its own for it."""

    def large(*_: object) -> None:
        raise MemoryError("Unable to allocate 3 TiB for an array")

    monkeypatch.setattr(commands, "_execute", large)
    (tmp_path / "p.pram").write_text("halt\n")
    assert main(["run", str(tmp_path / "p.pram")]) == 2
    assert (
        capsys.readouterr().err == f"efasp: {tmp_path}/p.pram: expected a machine that fits in memory, found too large a one\n"
    )


def test_info_names_the_widest_word_of_a_transformer(capsys: pytest.CaptureFixture[str]) -> None:
    """Beyond it no dtype is exact; the table says so, and how wide a word may be."""
    assert main(["info", "--word", "60", "--engine", "mdm"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "neither float32 nor float64 is exact (the widest word of a transformer has 45 bits)" in said
