"""`efasp opening`: the opening of a decoding by the names of its tokens, for runs of weights files without this package."""

from __future__ import annotations

import argparse
import json

from efasp.checker.commands import directed, initial_memory, word_of
from efasp.checker.errors import UsageError, of_source
from efasp.checker.interface import extension_of
from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.model.compile import check_machine
from efasp.pram import machine
from efasp.pram.assembler import AssemblyError
from efasp.pram.machine import Program

MAX_STEPS = 10_000  # of the machine, where the flag says nothing


def opening_(options: argparse.Namespace) -> int:
    """`efasp opening`: prints them on one line, or as JSON with ids and places. Raises UsageError."""
    try:
        program = directed(options.file, options, initial_memory(options.data))
    except (AssemblyError, OSError) as error:
        raise of_source(error) from None
    extension = extension_of(program)
    try:
        check_machine(program.word, options.engine, extension)
    except ValueError as error:
        raise UsageError(f"{word_of(options)}: {str(error).removeprefix('word: ')}") from None
    book = LogLayout.of(program, extension).vocabulary
    sequence = opening(program, options.engine, extension, options.steps, prompted=not options.specialised)
    names = [book.spelled(token) for token in sequence.tokens.tolist()]
    if options.json:
        machine_ = {"file": options.file, "engine": options.engine, "word": program.word, "extension": extension}
        arrays = {"ids": sequence.tokens.tolist(), "places": sequence.places.tolist()}
        print(json.dumps({**machine_, "tokens": names, **arrays}))
    else:
        print(*names)
    return 0


def opening(program: Program, engine: str, extension: str, steps: int | None, prompted: bool = True) -> TokenSequence:
    """The opening of a program's decoding; of ``mdm`` with the masks of ``steps`` times, by default as many as it takes; not
    ``prompted``: without the instructions, for a transformer that is specialised to them.

    Raises UsageError for a program that takes more than 10,000, for steps of ``apmdm``, and for more than the clock has.
    """
    if engine == "apmdm":
        if steps is not None:
            raise UsageError("--steps: expected --engine mdm with it, whose masks are of a number of steps, found apmdm")
        cells = CellLayout.of(program, extension, prompted)
        assert isinstance(cells, CellLayout)
        return cells.opening(program)
    layout = LogLayout.of(program, extension, prompted)
    assert isinstance(layout, LogLayout)
    if steps is None:
        done = machine.run(program, MAX_STEPS)
        if not done.finished:
            raise UsageError(f"--steps: expected T of a program that does not end within {MAX_STEPS} steps, found none")
        steps = done.steps
    if steps > layout.latest:
        raise UsageError(f"--steps: expected at most {layout.latest}, the last time of the clock, found {steps}")
    return join([layout.opening(program), layout.ahead(1, steps)]) if steps else layout.opening(program)
