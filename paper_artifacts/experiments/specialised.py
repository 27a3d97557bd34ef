"""The table of machines that are specialised to the programs of the library: their sizes beside the universal machine's."""

from __future__ import annotations

from random import Random
from typing import Literal, TypedDict

from efasp.checker.interface import extension_of
from efasp.checker.specialise import context
from efasp.model.closed_forms import Summary, sizes
from efasp.model.compile import ENGINES, compile_machine
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached
from efasp.pram import machine
from efasp.pram.library import PROGRAMS, WORD, build
from efasp.pram.machine import Program

TASKS = tuple((name, engine) for name in PROGRAMS for engine in ENGINES)
SIZE = 2  # of the problems whose runs are decoded
STEPS = 2_000  # of a run, at most
SHOWN: tuple[Literal["layers", "d_model", "d_ff", "parameters"], ...] = ("layers", "d_model", "d_ff", "parameters")


class SpecialisedRun(TypedDict):
    """A program in a machine of its own, of ``specialised`` sizes. ``shorter``: by how many tokens its context is; ``steps`` of
    a run that is decoded, which ``agrees`` with the reference machine."""

    extension: str
    instructions: int
    specialised: Summary[int]
    universal: Summary[int]
    shorter: int
    steps: int
    agrees: bool


def problem(name: str) -> Program:
    """A program of the library with a small random problem, the same every time."""
    return build(name, PROGRAMS[name].instance(Random(f"specialised {name}"), SIZE))


def decode(task: tuple[str, str]) -> SpecialisedRun:
    """Decode one program by a transformer specialised to it; the run, with the sizes of that transformer and of the universal
    one. ``task``: the program's name and the engine."""
    from efasp.model import decode as decoding
    from efasp.model.transformer import Transformer

    name, engine = task
    program = problem(name)
    extension = extension_of(program)
    own, universal = (compile_machine(WORD, engine, extension, code) for code in (program.instructions, None))
    run = decoding.run(program, engine, Transformer.of(own), extension, STEPS, prompted=False)
    prompts = [context(program, engine, extension, prompted) for prompted in (True, False)]
    return {
        "extension": extension, "instructions": program.length,
        "specialised": sizes(own), "universal": sizes(universal),
        "shorter": prompts[0] - prompts[1], "steps": run.steps,
        "agrees": run.outcome == machine.run(program, STEPS).outcome,
    }  # fmt: skip


def specialised(noted: Notes) -> Artifact:
    """Every program of the library as a transformer of its own."""
    runs = cached(noted, decode, TASKS)
    rows = [row(task, one) for task, one in zip(TASKS, runs, strict=True)]
    narrower = [one for one in runs if one["specialised"]["d_model"] <= one["universal"]["d_model"]]
    layers = all(one["specialised"]["layers"] < one["universal"]["layers"] for one in runs)
    shorter = all(one["shorter"] == 4 * one["instructions"] for one in runs)
    checks = (
        Check("every decoded run has the steps, the state and the faults of the reference machine",
              all(one["agrees"] for one in runs)),
        Check("every specialised machine has fewer layers than the universal one", layers),
        Check("every context is shorter by the 4 tokens of each instruction", shorter),
    )  # fmt: skip
    notes = (
        f"{len(narrower)} of the {len(runs)} are at most as wide as the universal machine; the width grows with the "
        "instructions, each of which takes a hidden unit.",
        "The universal machine's numbers are in the columns that say so; it has the extension that the program needs.",
    )
    columns = (
        Column("program", "program"), Column("engine", "engine"), Column("ext", "ext"),
        Column("instructions", "instructions", "number"),
        *(Column(f"{key}{u and ' u'}", key + u, "number") for key in SHOWN for u in ("", ", universal")),
        Column("shorter", "tokens saved", "number"), Column("steps", "steps of the run", "number"),
    )  # fmt: skip
    scope = f"compiled at w = {WORD}; measured: one run each, of at most {STEPS:,} steps; that the read-outs are the universal "
    scope += "machine's is proved of each file by efasp check --weights (family specialised)"
    return Artifact("specialised", "Transformers of one program", scope, columns, tuple(rows), checks, notes)


def row(task: tuple[str, str], one: SpecialisedRun) -> dict[str, Cell]:
    """The table's row about one program and engine."""
    numbers: dict[str, Cell] = {"instructions": one["instructions"], "shorter": one["shorter"], "steps": one["steps"]}
    for key in SHOWN:
        numbers |= {key: one["specialised"][key], f"{key} u": one["universal"][key]}
    return {"program": task[0], "engine": task[1], "ext": one["extension"] or "none", **numbers}
