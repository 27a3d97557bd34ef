"""Programs of the library in transformers of their own, against the reference machine, on random problems."""

from __future__ import annotations

from random import Random

import pytest

from efasp.checker.interface import extension_of
from efasp.model import decode
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.transformer import Transformer
from efasp.pram import machine
from efasp.pram.library import PROGRAMS, build
from efasp.pram.machine import Configuration

FEW = ("reduce", "list_rank", "gcd", "fault")
OTHERS = ("scan", "crcw_max", "sort", "closure", "bfs", "matmul", "dyck1", "parity")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [*FEW, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_library_programs_run_as_in_the_reference(name: str, engine: str) -> None:
    """Every configuration on the way, the faults, and a context without the program."""
    program = build(name, PROGRAMS[name].instance(Random(name), 3, 7))
    extension = extension_of(program)
    plan = compile_machine(program.word, engine, extension, program.instructions)
    history: list[Configuration] = []
    run = decode.run(program, engine, Transformer.of(plan), extension, 400, history=history, prompted=False)
    wanted = machine.run(program, 400)
    states = list(machine.trace(program))[1 : len(history) + 1]
    assert (run.steps, run.faults, run.configuration) == (wanted.steps, wanted.faults, wanted.configuration)
    assert history == states and len(history) == wanted.steps
    log = 2 + program.memory + 3 * program.processors * (run.steps + 1)
    assert run.context_length == (log if engine == "mdm" else 2 + 2 * (program.memory + 9 * program.processors))
    assert len(plan.layers) < len(compile_machine(program.word, engine, extension).layers)
