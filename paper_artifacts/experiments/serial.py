"""The runs behind the table ``serial``: layer plans decoded by one PRAM processor, their steps against the count and S^3."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Any, NamedTuple, TypedDict

import numpy as np

from efasp.encoding import LogLayout, join
from efasp.examples import EXAMPLES
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model.compile import compile_machine
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.serial_program import serial_program
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached
from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.process import unmask
from efasp.proofs.lemmas.resources_serial import most, steps

UNIVERSAL = "universal machine"
TWO = "mov r1, 3\nhalt"  # at w = 5, with one word of memory
TASKS = (
    *(("reverse", ("abcd" * 16)[:length]) for length in (4, 8, 16, 32)),
    *(("parity", text) for text in ("1011", "10110010")),
    *(("masked parity", text) for text in ("1011", "10110010")),
    ("masked dyck1", "()"),
    (UNIVERSAL, TWO),
)


class Given(NamedTuple):
    """What is decoded: a plan, token ids and places; without masks every token is replaced, in at most ``limit`` passes."""

    plan: Plan
    tokens: list[int]
    places: Any = None
    limit: int | None = None


def given(name: str, text: str) -> Given:
    """The plan and the token sequence of a task, by its program and text."""
    if name == UNIVERSAL:
        program = assemble(text, word=5, memory=1)
        layout = LogLayout.of(program, "")
        assert isinstance(layout, LogLayout)
        sequence = join([layout.opening(program), layout.ahead(1, machine.run(program).steps)])
        return Given(compile_machine(5, "mdm"), sequence.tokens.tolist(), sequence.places)
    if name.startswith("masked "):
        masked = MASKED_EXAMPLES[name.removeprefix("masked ")]
        return Given(lower(masked.decoder.program), masked.opening(text))
    example = EXAMPLES[name]
    ids = example.encode(text)
    return Given(lower(example.program), ids, None, len(ids) + 2 if example.iterate else 1)


def wanted(task: Given) -> tuple[list[int], int]:
    """The tokens and the passes of decoding by the plan in exact arithmetic."""
    book, tokens, passes = task.plan.vocabulary, np.array(task.tokens), 0
    mask = None if task.limit else book.token("mask")
    while True:
        predicted = book.read(task.plan.forward(tokens, task.places)[:, : book.width])
        after = predicted if mask is None else unmask(tokens, predicted, predicted != mask, mask)
        passes, same = passes + 1, np.array_equal(after, tokens)
        if same or passes == task.limit or (mask is not None and mask not in after):
            return after.tolist(), passes
        tokens = after


class SerialRun(TypedDict):
    """A run of a serial program. ``counted``: the steps by the count; ``agrees``: with the plan in exact arithmetic."""

    positions: int
    sublayers: int
    heads: int
    entries: int
    word: int
    memory: int
    instructions: int
    passes: int
    steps: int
    counted: int
    halted: bool
    agrees: bool


def decode(task: tuple[str, str]) -> SerialRun:
    """Run the serial program of one task in the reference machine."""
    what = given(*task)
    serial = serial_program(what.plan, what.tokens, what.places, every=what.limit is not None, limit=what.limit)
    run = machine.run(serial.program, steps(serial.sizes, serial.limit))
    memory = run.configuration.memory
    tokens, passes = wanted(what)
    return {
        "positions": len(what.tokens), "sublayers": serial.sizes.sublayers, "heads": serial.sizes.heads,
        "entries": serial.sizes.entries, "word": serial.word, "memory": serial.program.memory,
        "instructions": serial.program.length, "passes": memory[serial.passes], "steps": run.steps,
        "counted": steps(serial.sizes, passes), "halted": not run.faults,
        "agrees": serial.read(memory) == tokens and memory[serial.passes] == passes,
    }  # fmt: skip


def serial(noted: Notes) -> Artifact:
    """Layer plans decoded by one processor, with the steps that are counted for every plan."""
    decoded = cached(noted, decode, TASKS)
    rows = [row(task, one) for task, one in zip(TASKS, decoded, strict=True)]
    length, universal = len({one["instructions"] for one in decoded}), decoded[-1]
    bound = most("", log2(universal["positions"])) * universal["positions"] ** 3
    checks = (
        Check("the tokens and the passes are those of the plan in exact arithmetic", all(one["agrees"] for one in decoded)),
        Check("every run halts, in exactly the steps that are counted", all(counted(one) for one in decoded)),
        Check("every program has the same instructions, as many as the text of the decoder", length == 1),
        Check(f"the universal machine's steps are at most S^3 q(log2 S) = {bound:.3g}", universal["steps"] <= bound),
    )
    notes = (
        f"S positions, H heads, E entries of the matrices and biases; every program has the same {decoded[0]['instructions']} "
        "instructions. A pass takes steps of order S^2, and there are at most S passes.",
        "The universal machine runs `mov r1, 3` and `halt` at w = 5: a PRAM that runs an MDM that runs a PRAM.",
    )
    columns = (
        Column("plan", "plan"), Column("text", "text"), Column("S", "S", "number"), Column("sublayers", "sublayers", "number"),
        Column("heads", "H", "number"), Column("entries", "E", "number"), Column("word", "bits of a word", "number"),
        Column("memory", "words of memory", "number"), Column("passes", "passes", "number"), Column("steps", "steps", "number"),
        Column("counted", "by the count", "number"), Column("cubic", "steps / S^3"),
    )  # fmt: skip
    scope = f"measured: {len(TASKS)} runs in the reference machine; the count is for every plan (resources.serial_steps)"
    return Artifact("serial", "Layer plans decoded by one processor", scope, columns, tuple(rows), checks, notes)


def counted(one: SerialRun) -> bool:
    """Whether a run halts in the steps that are counted."""
    return one["halted"] and one["steps"] == one["counted"]


def row(task: Sequence[str], one: SerialRun) -> dict[str, Cell]:
    """The table's row about one task's run."""
    text = task[1].replace("\n", "; ")
    text = text if len(text) <= 18 else f"{text[:8]}... ({len(text)} letters)"
    numbers: dict[str, Cell] = {
        "sublayers": one["sublayers"], "heads": one["heads"], "entries": one["entries"], "word": one["word"],
        "memory": one["memory"], "passes": one["passes"], "steps": one["steps"], "counted": one["counted"],
    }  # fmt: skip
    cubic = f"{one['steps'] / one['positions'] ** 3:.1f}"
    return {"plan": task[0], "text": text, "S": one["positions"], **numbers, "cubic": cubic}
