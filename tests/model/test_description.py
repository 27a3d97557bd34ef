"""A weights file describes itself: a reader of numpy alone runs it to torch's tokens; descriptions that lie are refused."""

from __future__ import annotations

import ast
import gzip
import json
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from efasp.checker.openings import opening
from efasp.evaluate import place_rows
from efasp.language.program import parse
from efasp.model.decode import any_process, masked_diffusion
from efasp.model.header import WeightsError
from efasp.model.program_file import metadata, read_program
from efasp.model.readback import read_plan
from efasp.model.transformer import Transformer
from efasp.model.weights import compiled, export, load
from efasp.paper_artifacts.cli import main
from efasp.pram import library, machine
from efasp.pram.machine import Program
from tests.files import changed
from tests.pages import ROOT, tables

RUNNER = ROOT / "examples" / "numpy_runner.py"
REFUSED = "expected a weights file and a text, found"
FORMAT1 = Path(__file__).parent / "format1"
MACHINES = [("mdm", 5, ""), ("apmdm", 6, ""), ("apmdm", 5, "M")]
PROGRAMS = {
    "tokens": ("reverse", "shift", "induction", "sort", "most_frequent"),
    "numbers": ("dyck1", "parity", "histogram", "fraction", "contains"),
}


@cache
def runner() -> Any:
    """The function of the example: the tokens of a file on a text."""
    return runpy.run_path(str(RUNNER))["run"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of machines, and of programs."""
    found = tmp_path_factory.mktemp("files")
    for engine, word, extension in MACHINES:
        export(compiled(word, engine, extension), found / f"{engine}{word}{extension}")
    for name in sum(PROGRAMS.values(), ()):
        assert main(["compile", str(ROOT / "examples" / f"{name}.efasp"), "-o", str(found / name)]) == 0
    return found


def decoded(program: Program, path: Path) -> list[int]:
    """The tokens that torch decodes a program to: those of the last step of a run, with every pass whole."""
    given = load(path)
    decode = masked_diffusion if given.engine == "mdm" else any_process
    cached, prompted = given.engine == "mdm", given.code is None
    states = decode(program, given.transformer, given.extension, attention="dense", cached=cached, prompted=prompted)
    return next(s.sequence.tokens.tolist() for s in states if "running" not in s.configuration.status)


def test_the_runner_is_small_and_needs_numpy_alone() -> None:
    """At most 80 lines, and nothing but numpy and the standard library."""
    text = RUNNER.read_text()
    found = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    assert len(text.splitlines()) <= 80 and found <= set(sys.stdlib_module_names) | {"numpy"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(text)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "IndexError"),
        (("none", "ab"), "FileNotFoundError: [Errno 2] No such file or directory: 'none'"),
        ((".", "ab"), "IsADirectoryError: [Errno 21] Is a directory: '.'"),
        (("text", "ab"), "JSONDecodeError"),
        (("reverse", "abz"), "ValueError: no token of this file: 'z'"),
        (("apmdm6", "bos nproc:64"), "ValueError: no token of this file: 'nproc:64'"),
    ],
)
def test_the_runner_refuses_bad_input(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    """With a sentence and exit code 2, and no traceback."""
    (folder / "text").write_text("no weights\n")
    command = [sys.executable, str(RUNNER), *arguments]
    found = subprocess.run(command, cwd=folder, input="", capture_output=True, text=True, check=False)
    assert found.returncode == 2 and found.stdout == "" and found.stderr.count("\n") == 1
    assert found.stderr.startswith(f"{REFUSED} {said}")


@pytest.mark.parametrize(
    ("name", "file"),
    [("sum_to", "mdm5"), ("sum_to", "apmdm6"), ("crcw", "mdm5"), ("crcw", "apmdm6"), ("product", "apmdm5M"), ("fault", "mdm5")],
)
def test_machines_run_to_the_tokens_of_torch(name: str, file: str, folder: Path, tmp_path: Path, capsys) -> None:
    """What `efasp opening` prints is decoded to the sequence of a run in torch, whose memory is the machine's."""
    texts = {
        "crcw": ".processors 4\n.memory 3\npid r1\nst r1, [1]\nld r2, [1]\nst r2, [2]\nhalt\n",
        "product": ".processors 2\n.memory 2\npid r1\nadd r1, r1, 3\nmul r2, r1, r1\nst r2, [r1 - 3]\nhalt\n",
        "fault": ".processors 2\n.memory 2\npid r1\nld r2, [r1 + 1]\nhalt\n",
    }
    given = library.load(name) if name not in texts else texts[name]
    (tmp_path / "p.pram").write_text(given)
    engine, word = file.rstrip("0123456789M"), file.strip("mdapM")
    assert main(["opening", str(tmp_path / "p.pram"), "--engine", engine, "--word", word]) == 0
    text = capsys.readouterr().out
    program = library.assembled(str(tmp_path / "p.pram"), word=int(word), extension="M")
    book = load(folder / file).transformer.vocabulary
    found = runner()(folder / file, text)
    assert found == [book.spelled(token) for token in decoded(program, folder / file)]
    final = machine.run(program).configuration
    assert final.status[0] != "running" and f"{final.status[0]}:{final.pc[0]}" in found


@pytest.mark.parametrize("name", PROGRAMS["tokens"])
def test_programs_whose_output_is_a_text(name: str, folder: Path) -> None:
    """The letters that torch reads from its read-outs, at several lengths."""
    module, plan = read_program(folder / name)
    for n in (1, 2, 3, 7):
        text = module.join(Random(n).choices(module.letters, k=n))
        wanted = module.decode(outputs(plan, module.encode(text)))
        assert runner()(folder / name, text) == list(map(str, wanted))


@pytest.mark.parametrize("name", PROGRAMS["numbers"])
def test_programs_whose_output_is_numbers(name: str, folder: Path) -> None:
    """The numbers of torch; where a mean is rounded, as near as float32 is."""
    module, plan = read_program(folder / name)
    for n in (1, 2, 3, 7):
        text = module.join(Random(n).choices(module.letters, k=n))
        found = [[float(x) for x in row.split(",")] for row in runner()(folder / name, text)]
        wanted = outputs(plan, module.encode(text))[module.skipped :]
        assert np.allclose(found, wanted, rtol=0, atol=1e-4) and np.shape(found) == wanted.shape


@pytest.mark.slow
@pytest.mark.parametrize("source", sorted((ROOT / "examples").glob("*.efasp")), ids=lambda path: path.stem)
def test_every_example(source: Path, tmp_path: Path) -> None:
    """Every program of the examples, on random texts of every length up to 16 or as there are places."""
    assert main(["compile", str(source), "-o", str(tmp_path / "w")]) == 0
    module, plan = read_program(tmp_path / "w")
    for n in range(1, min(16, module.longest or 16) + 1):
        text = module.join(Random(n).choices(module.letters, k=n))
        wanted, found = outputs(plan, module.encode(text)), runner()(tmp_path / "w", text)
        if module.spells(module.program.output):
            assert found == list(map(str, module.decode(wanted)))
        else:
            rows = [[float(x) for x in row.split(",")] for row in found]
            assert np.allclose(rows, wanted[module.skipped :], rtol=0, atol=1e-4)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_machines_of_one_program_run_to_the_tokens_of_torch(engine: str, tmp_path: Path, capsys) -> None:
    """From an opening without the instructions, to the machine's last state."""
    source = tmp_path / "p.pram"
    source.write_text(
        ".word 6\n.processors 3\n.memory 3\n.data 0: 5 9\npid r0\nld r1, [r0]\nadd r1, r1, 4\nst r1, [r0]\nhalt\n"
    )
    assert main(["specialise", str(source), "-o", str(tmp_path / "w"), "--engine", engine]) == 0
    capsys.readouterr()
    assert main(["opening", str(source), "--engine", engine, "--specialised"]) == 0
    found = runner()(tmp_path / "w", capsys.readouterr().out)
    book, program = load(tmp_path / "w").transformer.vocabulary, library.assembled(str(source))
    assert found == [book.spelled(token) for token in decoded(program, tmp_path / "w")]
    assert found.count("halted:4") == 3 and {"word:9", "word:13", "word:4"} <= set(found)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
@pytest.mark.parametrize("name", ["scan", "reduce", "fault"])
def test_programs_of_the_library(name: str, engine: str, tmp_path: Path) -> None:
    """Whole runs of several processors at w = 8, to the tokens of torch and to the machine's memory."""
    program = library.assembled(name, word=8)
    export(compiled(8, engine), tmp_path / "w")
    book, sequence = load(tmp_path / "w").transformer.vocabulary, opening(program, engine, "", None)
    text = " ".join(book.spelled(token) for token in sequence.tokens.tolist())
    assert runner()(tmp_path / "w", text) == [book.spelled(token) for token in decoded(program, tmp_path / "w")]


def outputs(plan: Any, ids: list[int]) -> np.ndarray:
    """Torch's read-outs."""
    return Transformer.of(plan, plan.dtype).outputs(np.array(ids), place_rows(None, len(ids))).astype(np.float64)


def test_the_runner_as_a_command(folder: Path) -> None:
    """In a process that finds numpy and not this package, from an argument and from standard input."""
    hidden = "import sys; sys.modules |= dict.fromkeys(('torch', 'efasp', 'safetensors')); import runpy; "
    script = hidden + "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", script, str(RUNNER), str(folder / "reverse")]
    for more, given in ((["abcd"], None), ([], "abcd\n")):
        done = subprocess.run([*command, *more], input=given, capture_output=True, text=True, check=True)
        assert done.stdout == "d c b a\n"
    done = subprocess.run([*command, "axd"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"{REFUSED} ValueError: no token of this file: 'x'\n")


@pytest.mark.parametrize("name", ["mdm5", "reverse"])
def test_the_file_to_the_byte(name: str, folder: Path) -> None:
    """The header's length, keys, blanks and offsets are as docs/weights-format.md says; so are the keys of the metadata."""
    data = (folder / name).read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert end % 8 == 0 and data[8:end] == text + b" " * (-len(text) % 8)
    said, at = header.pop("__metadata__"), 0
    for tensor in sorted(header):
        first, last = header[tensor]["data_offsets"]
        assert first == at and last - first == 4 * np.prod(header[tensor]["shape"]) and header[tensor]["dtype"] == "F32"
        at = last
    assert end + at == len(data)
    page = ROOT / "docs" / "weights-format.md"
    machine_ = {row[0] for row in tables(page, "Metadata")[0][1:] if row[1 if name == "mdm5" else 2] == "yes"}
    assert {key for names in machine_ for key in re.findall("`(\\w+)`", names)} == set(said)
    for key in ("vocabulary", "places", "layout", "scale"):
        assert said[key] == json.dumps(json.loads(said[key]), sort_keys=True, separators=(",", ":"))
    assert said["shape"] == json.dumps(json.loads(said["shape"]), sort_keys=True)


# Version 1, and files that lie.


def test_format_1_is_read(tmp_path: Path) -> None:
    """Files as they were exported before: the same machine and program, and their transformers run."""
    for name in ("machine", "program"):
        (tmp_path / name).write_bytes(gzip.decompress((FORMAT1 / f"{name}.safetensors.gz").read_bytes()))
        with safe_open(tmp_path / name, "numpy") as file:
            assert file.metadata()["version"] == "1" and "vocabulary" not in file.metadata()
    assert read_plan(tmp_path / "machine")[:3] == (5, "apmdm", "")
    program = library.assembled("sum_to", word=5)
    tokens = decoded(program, tmp_path / "machine")
    book = load(tmp_path / "machine").transformer.vocabulary
    assert book.token("word", machine.run(program).configuration.memory[1]) in tokens
    module, plan = read_program(tmp_path / "program")
    assert module.decode(outputs(plan, module.encode("abcd"))) == list("dcba")


@pytest.mark.parametrize("key", ["attention", "layout", "places", "readout", "scale", "start", "vocabulary"])
@pytest.mark.parametrize("name", ["mdm5", "reverse"])
def test_a_description_that_lies_is_refused(key: str, name: str, folder: Path, tmp_path: Path) -> None:
    """One key that is not what the machine or the program says, or is missing: refused by its name."""
    read = read_plan if name == "mdm5" else read_program
    changed(folder / name, tmp_path / "w", lambda tensors: tensors, **{key: "256"})
    with pytest.raises(WeightsError, match=f"metadata {key}: expected '.*, found '256'"):
        read(tmp_path / "w")
    with safe_open(folder / name, "numpy") as file:
        said = dict(file.metadata())
    del said[key]
    save_file(load_file(folder / name), tmp_path / "w", said)
    with pytest.raises(WeightsError, match=f"metadata: expected a key {key}, found none"):
        read(tmp_path / "w")


def test_a_broken_description_gives_other_tokens(folder: Path, tmp_path: Path) -> None:
    """The runner takes scale, vocabulary and places from the header: with others it does not find the text."""
    text = "abcdabcdbbca"
    assert "".join(runner()(folder / "reverse", text)) == text[::-1]
    with safe_open(folder / "reverse", "numpy") as file:
        said = file.metadata()
    books = {key: said[key] for key in ("vocabulary", "places")}
    changes = {
        "scale": '{"float32":0,"float64":0}',
        "vocabulary": books["vocabulary"].replace('["a",[]],["b",[]]', '["b",[]],["a",[]]'),
        "places": books["places"].replace('"square",0', '"square",1'),
    }
    for key, value in changes.items():
        assert value != said[key]
        changed(folder / "reverse", tmp_path / "w", lambda tensors: tensors, **{key: value})
        found = "".join(runner()(tmp_path / "w", text))
        assert (found == text[::-1]) == (key == "vocabulary")  # renamed on both sides: a text of its own letters


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.pram", "--engine", "mdm"), "efasp: none.pram: No such file or directory"),
        (("sum_to", "--engine", "apmdm", "--steps", "3"), "efasp: --steps: expected --engine mdm with it"),
        (
            ("sum_to", "--engine", "mdm", "--word", "8", "--steps", "65536"),
            "efasp: --steps: expected at most 65535, the last time of",
        ),
        (("loop.pram", "--engine", "mdm"), "efasp: --steps: expected T of a program that does not end within 10000 steps"),
        (("wrong.pram", "--engine", "mdm"), "wrong.pram:1:1: "),
        (
            ("sum_to", "--engine", "mdm", "--word", "70"),
            "efasp: --word: expected 5 to 64 bits for a transformer, found 70",
        ),
        (("sum_to", "--engine", "mdm", "--data", "none.json"), "efasp: --data: none.json: No such file or directory"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """An error that names the file or flag; the exit code is 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.pram").write_text("again: jmp again\n")
    (tmp_path / "wrong.pram").write_text("hlt\n")
    assert main(["opening", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message) and captured.out == ""


def test_openings_as_json(capsys) -> None:
    """Names, ids and places agree; with more steps there are more masks; a program without steps has an opening alone."""
    assert main(["opening", "sum_to", "--engine", "mdm", "--word", "6", "--json", "--steps", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    program = library.assembled("sum_to", word=6)
    wanted = opening(program, "mdm", "", 2)
    assert found["ids"] == wanted.tokens.tolist() and found["places"] == wanted.places.tolist()
    assert found["tokens"].count("mask") == 2 * 3 and len(opening(program, "mdm", "", 0)) == len(wanted) - 6


@pytest.mark.parametrize("text", ['tokens "ab"\nlet out = seq_or(TE.a)\n', 'tokens "ab"\nplaces 3\nlet out = seq_or(TE.a)\n'])
def test_places_that_are_not_read(text: str) -> None:
    """There are as many as a text has letters, whatever the program says of them."""
    said = metadata(parse(text, "file"), "float32", {})
    assert json.loads(said["layout"]) == [{"axes": [["index", "N"]], "kinds": ["at"]}] and said["readout"] == "numbers"
