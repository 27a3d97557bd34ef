"""`efasp serial`: the program of one PRAM processor that decodes a layer plan, written to a file or run by the PRAM itself."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from pathlib import Path
from typing import Any

import numpy as np

from efasp.checker.discharge import plain
from efasp.checker.errors import UsageError, of_source
from efasp.checker.files import beside_json, write
from efasp.checker.interface import extension_of
from efasp.checker.language.commands import rounded, shown
from efasp.checker.language.given import given
from efasp.encoding import EncodingError, LogLayout, join
from efasp.language.module import TextError
from efasp.model.compile import compile_machine
from efasp.model.lower import lower
from efasp.model.ranges import RangeError
from efasp.model.serial_program import SerialProgram, serial_program
from efasp.model.serial_program.program import MASK
from efasp.pram import library, machine
from efasp.pram.assembler import AssemblyError
from efasp.proofs.lemmas.resources_serial import steps
from efasp.sorts import SortError

MANY = 10**7  # steps of which a message warns
LONGEST = 1000  # PRAM steps that a context is made for, unless --passes says how many


@dataclass(frozen=True)
class Task:
    """A generated program, and its reader: from the token ids at the end to the output, its text, and whether it is right.

    The last is None where nothing says what is right.
    """

    name: str
    serial: SerialProgram
    read: Any


def serial(options: argparse.Namespace) -> int:
    """`efasp serial`: the exit code is 4 after a fault, and 1 where a log is not the machine's."""
    beside_json("-o", options.output, options.json)
    try:
        task = _machine(options) if _pram(options.file) else _program(options)
        program = task.serial.program
    except (RangeError, SortError, ValueError) as error:
        raise UsageError(f"{options.file}: {error}") from None
    report: dict[str, Any] = {
        "name": task.name, "word": program.word, "memory": program.memory, "instructions": program.length,
        "tokens": task.serial.tokens, "context_length": task.serial.sizes.positions,
    }  # fmt: skip
    a_pass = steps(task.serial.sizes, 2) - steps(task.serial.sizes, 1)
    size = (
        f"{report['context_length']} tokens from address {report['tokens']}, words of {program.word} bits, "
        f"{program.memory} of them"
    )
    if options.output is not None:
        write(options.output, task.serial.text, "-o")
        if options.output != Path("-"):
            text = (
                json.dumps({**report, "steps_a_pass": a_pass})
                if options.json
                else f"{options.output}: {size}; {a_pass} steps a pass"
            )
            print(text)
        return 0
    return _run(task, report, size, options)


def _run(task: Task, report: dict[str, Any], size: str, options: argparse.Namespace) -> int:
    """Run the program in the reference machine, and show what it leaves."""
    most = steps(task.serial.sizes, task.serial.limit)
    if most > MANY:
        print(f"efasp: {options.file}: up to {most} steps (-o OUT writes the program instead)", file=sys.stderr)
    run = machine.run(task.serial.program, most)
    memory = run.configuration.memory
    passes, halted = memory[task.serial.passes], not run.faults
    counted = steps(task.serial.sizes, passes)
    output, text, right = task.read(task.serial.read(memory)) if halted else (None, "", None)
    report |= {"halted": halted, "passes": passes, "steps": run.steps, "steps_counted": counted if halted else None}
    if options.json:
        print(json.dumps({**report, "output": output, "agrees": right}, ensure_ascii=False))
    elif halted:
        print(f"{task.name}: {size}\n{passes} pass{'es' * (passes != 1)}, {run.steps} steps, {counted} by the count\n{text}")
    if not halted:
        what = "a mean is not a multiple of the fixed-point unit, which --ties K makes finer"
        print(f"efasp: {options.file}: the program faulted in step {run.steps}: {what}", file=sys.stderr)
        return 4
    return 0 if right is not False and run.steps == counted else 1


def _pram(file: str) -> bool:
    """Whether a file is one of the PRAM: assembly, or a program of the library."""
    return file.endswith(".pram") or (file in library.PROGRAMS and not Path(file).exists())


def _program(options: argparse.Namespace) -> Task:
    """A program of E-FASP on a text. With a mask among its tokens it unmasks; without, every token is replaced."""
    module = given(options.file, options.name)
    if options.on is None:
        raise UsageError("--on: expected a text for a program of E-FASP, found none")
    try:
        ids = module.encode(options.on)
    except TextError as error:
        raise UsageError(f"--on: {error}") from None
    masked = MASK in module.book.kind_index
    limit = options.passes or (None if masked else 1)
    ties = options.ties or (lcm(*range(1, len(ids) + 1)) if rounded(module) else 1)
    made = serial_program(lower(module.program), ids, every=not masked, limit=limit, ties=ties)

    def read(tokens: Sequence[int]) -> tuple[Any, str, None]:
        output = module.decode(module.book.codes(module.book.rows(tokens)))
        return plain(output), shown(module, output), None

    return Task(module.program.name, made, read)


def _machine(options: argparse.Namespace) -> Task:
    """The universal machine's masked diffusion on a program of the PRAM, for as many steps as it takes."""
    if options.on is not None or options.name is not None:
        raise UsageError(
            f"--{'on' if options.on is not None else 'name'}: expected a program of E-FASP with it, found a PRAM's"
        )
    try:
        program = library.assembled(options.file)
    except (AssemblyError, OSError) as error:
        raise of_source(error) from None
    reference = machine.run(program, options.passes or LONGEST)
    if not reference.finished and options.passes is None:
        raise UsageError(f"{options.file}: expected a run of at most {LONGEST} steps, found a longer one (--passes T)")
    extension = extension_of(program)
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    sequence = join([layout.opening(program), layout.ahead(1, reference.steps)])
    plan = compile_machine(program.word, "mdm", extension)
    made = serial_program(plan, sequence.tokens, sequence.places, ties=options.ties or 1)

    def read(tokens: Sequence[int]) -> tuple[list[int], str, bool]:
        state = machine.initial(program)
        try:
            for time in range(1, reference.steps + 1):
                state = layout.apply(state, layout.events(np.array(tokens)[layout.times(time)], f"step {time}"))
        except EncodingError as error:
            return list(tokens), f"the log cannot be read: {error}", False
        right = state == reference.configuration
        return (
            list(tokens),
            f"the log has {'the' if right else 'other states than the'} machine's {reference.steps} steps",
            right,
        )

    return Task(program.name, made, read)
