"""Engines kernel-mdm and kernel-apmdm: the statement's semantics decodes as torch does, token for token, and ends alike."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.checker import interface, kernel_engines
from efasp.checker.cli import main
from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.decode import any_process, masked_diffusion
from efasp.model.runs import DecodingError, State
from efasp.model.weights import compiled, export
from efasp.pram import library, machine
from efasp.pram.assembler import AssemblyError
from efasp.pram.machine import Program
from efasp.proofs.rocq import build
from efasp.proofs.rocq.interpreter import ENGINES, WIDEST, Decoder, InterpreterError, WidthError
from tests.efasp.pram.engines import needed, transformer
from tests.efasp.pram.strategies import programs

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")
engines = pytest.mark.parametrize("engine", ENGINES)
HALTS = "pid r1\nst r1, [r1]\nhalt\n"
FAULTS = "pid r1\nld r2, [r1+2]\nhalt\n"  # processor 1 of two loads outside of three words
BREACH = "pid r1\nst r1, [0]\nhalt\n"
ENDLESS = "jmp 0\n"
HEAD = ".word 5\n.processors 2\n.memory 3\n"


def decoder(program: Program, engine: str) -> Decoder:
    """What decodes a program with the compiled plan."""
    return kernel_engines.compiled(program.word, engine, needed(program))


def agrees(program: Program, engine: str, steps: int) -> None:
    """Asserts that the first states are torch's: sequences, passes and configurations; and that these are the machine's."""
    made = decoder(program, engine)
    decode: Any = {"kernel-mdm": masked_diffusion, "kernel-apmdm": any_process}[engine]
    module = transformer(program.word, ENGINES[engine], made.extension).transformer
    steps = min(steps, machine.run(replace(program, policy="priority"), steps).steps)
    found, wanted = (
        list(islice(states, steps)) for states in (made.states(program, engine), decode(program, module, made.extension))
    )
    assert list(map(shown, found)) == list(map(shown, wanted)) and len(found) == steps
    assert [state.configuration for state in found] == list(islice(machine.trace(program), 1, steps + 1))


def shown(state: State) -> tuple[Any, ...]:
    """A state to compare."""
    return state.steps, state.passes, state.configuration, state.sequence.tokens.tolist(), state.sequence.places.tolist()


@needs_coqc
@engines
@pytest.mark.parametrize("name", ["scan"])
def test_programs_of_the_library(name: str, engine: str) -> None:
    """Token for token as in torch, for the first steps of a small instance."""
    agrees(library.build(name, library.PROGRAMS[name].instance(Random(1), 2, 5)), engine, 3)


def narrowest(name: str) -> Program:
    """A small instance of a program of the library, with words as narrow as its text allows."""
    for word in range(5, 9):
        try:
            return library.build(name, library.PROGRAMS[name].instance(Random(1), 4 if name == "list_rank" else 2, word))
        except AssemblyError:
            continue
    raise AssertionError(f"{name}: expected a program for words of at most 8 bits")


@pytest.mark.slow
@needs_coqc
@engines
@pytest.mark.parametrize("name", [name for name in library.PROGRAMS if name not in ("sudoku", "cut", "dyck2")])
def test_the_whole_library(name: str, engine: str) -> None:
    """The same of every program, but for three that take wide words or long texts; with the extension where one needs it."""
    agrees(narrowest(name), engine, 2)


@needs_coqc
@engines
@settings(max_examples=3)
@given(st.data(), st.sampled_from(["", "M"]))
def test_random_programs(engine: str, data: st.DataObject, extension: str) -> None:
    """With faults and write conflicts, and with extension M."""
    small = {"max_length": 4, "max_processors": 2, "max_memory": 3}
    agrees(data.draw(programs(extension, (5, 6), ("priority",), **small)), engine, 4)


@needs_coqc
@engines
@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (HALTS, [], 0),
        (FAULTS, [], 4),
        (BREACH, ["--policy", "crew"], 4),
        (BREACH, ["--policy", "priority"], 0),
        (ENDLESS, ["--max-steps", "3"], 5),
        (ENDLESS, ["--max-steps", "0"], 5),
    ],
)
def test_a_run_ends_as_in_torch(
    engine: str, text: str, options: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Halting, faults, a breach of the policy and the limit of steps: report, message and code, dtype and attention apart."""
    file = tmp_path / "program.pram"
    file.write_text(HEAD + text)
    said = {}
    for name in (engine, ENGINES[engine]):
        assert main(["run", str(file), "--engine", name, "--json", *options]) == code
        out, err = capsys.readouterr()
        report = json.loads(out)
        assert report.pop("engine") == name and report.pop("attention") == ("dense" if name == engine else "indexed")
        assert report["model"].pop("dtype") == ("rational" if name == engine else "float32")
        said[name] = report, err
    assert said[engine] == said[ENGINES[engine]]


@needs_coqc
def test_the_text_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As every engine's, with the arithmetic named."""
    file = tmp_path / "program.pram"
    file.write_text(HEAD + HALTS)
    assert main(["run", str(file), "--engine", "kernel-mdm"]) == 0
    out = capsys.readouterr().out
    assert "halted after 3 steps (kernel-mdm, 2 processors, 5-bit words)" in out and "dtype rational" in out
    assert (
        interface.run(library.assembled(str(file)), "kernel-apmdm").outcome == machine.run(library.assembled(str(file))).outcome
    )


@needs_coqc
def test_the_plan_of_a_weights_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is what decodes; a file of the other engine or for other words is refused, and so is --inexact."""
    program, path = tmp_path / "program.pram", tmp_path / "weights.safetensors"
    program.write_text(HEAD + HALTS)
    export(compiled(5, "apmdm"), path)
    given = ["run", str(program), "--weights", str(path), "--engine"]
    assert main([*given, "kernel-apmdm"]) == 0
    assert main([*given, "kernel-mdm"]) == 2
    assert "expected a transformer for mdm, found apmdm" in capsys.readouterr().err
    assert main([*given, "kernel-apmdm", "--word", "6"]) == 2
    assert "expected a word of 6 bits, found 5" in capsys.readouterr().err
    assert main([*given, "kernel-apmdm", "--inexact"]) == 2
    assert "computes exactly whatever the dtype" in capsys.readouterr().err


@needs_coqc
@engines
def test_broken_weights_do_not_decode(engine: str) -> None:
    """Without its attention, a layer gives another result, or none; without read-out, a pass decides nothing."""
    program = library.build("scan", library.PROGRAMS["scan"].instance(Random(1), 2, 5))
    right, plan = decoder(program, engine), compile_machine(5, ENGINES[engine])
    wanted = machine.run(program).outcome
    layers = tuple(replace(layer, heads=()) for layer in plan.layers[:1]) + plan.layers[1:]
    silent = Matrix([()] * len(plan.out.rows), plan.width)
    for broken in (replace(plan, layers=layers), replace(plan, out=silent, out_bias=(0,) * len(plan.out_bias))):
        try:
            assert replace(right, plan=broken).run(program, engine, 20).outcome != wanted
        except DecodingError as error:
            assert str(error).startswith("step ")


@needs_coqc
def test_what_cannot_run_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Words that are too wide, an unknown engine, a process that ends early; and without Rocq it is said what is missing."""
    program = library.build("scan", library.PROGRAMS["scan"].instance(Random(1), 2, WIDEST + 1))
    with pytest.raises(WidthError, match=f"at most {WIDEST} bits, found {WIDEST + 1}"):
        decoder(program, "kernel-mdm").run(program, "kernel-mdm", 1)
    with pytest.raises(ValueError, match="expected one of kernel-mdm, kernel-apmdm, found 'marm'"):
        decoder(program, "kernel-mdm").run(program, "marm", 1)
    small = Program(program.instructions, 5, 2, 4)
    with pytest.raises(InterpreterError, match="expected a step"):
        replace(decoder(small, "kernel-mdm"), kernel=Path("/bin/false")).run(small, "kernel-mdm", 1)

    def missing() -> Path:
        raise build.RocqError(build.MISSING)

    monkeypatch.setattr(kernel_engines, "kernel", missing)
    assert main(["run", "scan", "--engine", "kernel-mdm"]) == 2
    said = capsys.readouterr().err
    assert "--engine kernel-mdm: coqc not found" in said and "pram-kernel is then built at the first run" in said
