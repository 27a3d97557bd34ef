"""Runs in the semantics of ``theorem/Statement.v``, which ``build/pram-kernel`` computes: ``kernel-mdm`` and ``kernel-apmdm``.

The plan's numbers are exact rationals, the tokens after every pass come from the extracted definitions, and so does the
configuration that they are read as. Python writes the program and the plan as text, counts, and finds faults and breaches of
the access policy in the configurations, as for every engine.

Log: a step is decoded over the sequence that has the times up to it, all of a block's ready positions in each pass; so every
sequence that is decoded is the statement's, for T = 1, 2, ... in turn.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from efasp.encoding import CellLayout, Layout, LogLayout, TokenSequence
from efasp.model.closed_forms import sizes
from efasp.model.plan import Plan
from efasp.model.runs import DecodingError, Observer, State, followed
from efasp.pram import machine
from efasp.pram.isa import Code
from efasp.pram.machine import Configuration, Program, Run
from efasp.proofs.rocq.statement_text import plan_text, program_text

ENGINES = {"kernel-mdm": "mdm", "kernel-apmdm": "apmdm"}  # of each the engine whose plan it decodes with
LAYOUTS: dict[str, type[Layout]] = {"mdm": LogLayout, "apmdm": CellLayout}
# The widest word: the statement's argmax lists the 5 2^w words at every position, and counts in unary to do so. A step of a
# program with nine instructions takes 0.1 s at w = 5, 2 s at w = 10 and 20 s at w = 12.
WIDEST = 12
STUCK = "a pass leaves what is not decided at a position that generation needs, or makes nothing ready"


class WidthError(ValueError):
    """A word that is too wide."""


class InterpreterError(Exception):
    """``pram-kernel`` ended without an answer; says what it printed."""


@dataclass(frozen=True)
class Decoder:
    """What decodes: the program ``pram-kernel``, and the plan that it is given, of a machine with this word and extension.

    ``code``: the instructions to which the machine is specialised, which its sequences lack; None for a universal machine.
    """

    kernel: Path
    plan: Plan
    word: int
    extension: str
    code: Code | None = None

    def run(self, program: Program, engine: str, max_steps: int, observe: Observer | None = None) -> Run:
        """A run by ``kernel-mdm`` or ``kernel-apmdm``, to its end as ``model.runs.followed`` says.

        Raises ValueError for an unknown engine and a program that the machine does not take, WidthError for too wide a word,
        DecodingError for a plan that does not decode the program, InterpreterError where ``pram-kernel`` fails.
        """
        if engine not in ENGINES:
            raise ValueError(f"engine: expected one of {', '.join(ENGINES)}, found {engine!r}")
        machine.validate(program, self.extension)
        if self.word > WIDEST:
            reason = "the statement goes through all 5 2^w words at every position (--word takes narrower ones)"
            raise WidthError(f"expected words of at most {WIDEST} bits, found {self.word}: {reason}")
        layout = LAYOUTS[ENGINES[engine]].of(program, self.extension, self.code is None)
        transformer = {**sizes(self.plan), "dtype": "rational", "device": "cpu"}
        states = self.states(program, engine)
        try:
            return followed(program, engine, layout, states, transformer, max_steps, observe)
        finally:
            states.close()  # ends the process

    def states(self, program: Program, engine: str) -> Generator[State, None, None]:
        """The run's states, a PRAM step each, as they are asked for: up to the clock's end of a log, to a fixed point of cells.

        Raises as ``run``.
        """
        layout = LAYOUTS[ENGINES[engine]].of(program, self.extension, self.code is None)
        before, passes = layout.opening(program).tokens.tolist(), 0  # type: ignore[attr-defined]
        with self._started(program, engine) as process:
            for step in layout.steps if isinstance(layout, LogLayout) else count(1):
                reply = _next(process, step)
                tokens, passes = reply["tokens"], passes + reply["passes"]
                if tokens == before:
                    return
                places = layout.places(step) if isinstance(layout, LogLayout) else layout.places()  # type: ignore[attr-defined]
                if len(tokens) != len(places):
                    raise DecodingError(f"step {step}: expected {len(places)} tokens, found {len(tokens)}")
                if reply["read"] is None:
                    raise DecodingError(f"step {step}: the statement reads the tokens as no configuration")
                sequence = TokenSequence(np.array(tokens, dtype=layout.vocabulary.dtype), places)
                yield State(step, passes, configuration(reply["read"]), sequence)
                before = tokens

    @contextmanager
    def _started(self, program: Program, engine: str) -> Iterator[subprocess.Popen[str]]:
        """The process, with its texts in a folder of its own; both are gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
            texts = {"program": program_text(program, self.extension), "plan": plan_text(self.plan)}
            files = {name: Path(folder) / name for name in texts}
            for name, text in texts.items():
                files[name].write_text(text)
            command = [str(self.kernel.resolve()), "run", str(files["program"]), ENGINES[engine], str(files["plan"])]
            command += [] if self.code is None else ["alone"]
            with (Path(folder) / "errors").open("w+") as errors:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
                try:
                    yield process
                except (BrokenPipeError, json.JSONDecodeError):
                    process.kill()
                    process.wait()
                    errors.seek(0)
                    raise InterpreterError(f"pram-kernel: expected a step, found its end: {errors.read().strip()}") from None
                finally:
                    process.kill()
                    process.communicate()


def _next(process: subprocess.Popen[str], step: int) -> dict[str, Any]:
    """The next step that the process prints. Raises DecodingError for one that the plan does not decode."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    reply: dict[str, Any] | None = json.loads(process.stdout.readline())
    if reply is None:
        raise DecodingError(f"step {step}: {STUCK}")
    return reply


def configuration(printed: dict[str, Any]) -> Configuration:
    """A configuration that ``pram-kernel`` printed."""
    status, pc, registers = zip(*printed["processors"], strict=True)
    return Configuration(tuple(printed["memory"]), tuple(map(tuple, registers)), pc, status)
