"""The engines that the tests of PRAM programs run on: each takes a program and a limit of steps."""

from collections.abc import Callable
from functools import cache

from efasp.model import decode
from efasp.model.weights import Weights, compiled
from efasp.pram import machine
from efasp.pram.isa import OPERATIONS
from efasp.pram.machine import Program, Run

transformer = cache(compiled)


def needed(program: Program) -> str:
    """The extension that a program's instructions need."""
    return "M" if any(OPERATIONS[instruction.op].extension for instruction in program.instructions) else ""


def decoding(engine: str) -> Callable[[Program, int], Run]:
    """Run in the compiled transformer of the program's width."""

    def run(program: Program, max_steps: int) -> Run:
        weights: Weights = transformer(program.word, engine, needed(program))
        return decode.run(program, engine, weights.transformer, weights.extension, max_steps)

    return run


ENGINES: dict[str, Callable[[Program, int], Run]] = {
    "reference": machine.run,
    "mdm": decoding("mdm"),
    "apmdm": decoding("apmdm"),
}
