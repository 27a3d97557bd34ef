"""Ratios of times, each measured in this run: decoding (the median of several), and the checker (once each)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import cache, partial

from rich.console import Console
from rich.table import Table

from benchmarks import checker
from efasp.model import decode
from efasp.model.weights import compiled as compile_weights
from efasp.pram import machine
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import Program

compiled = cache(compile_weights)  # compiling is not timed here
LOOP = (
    Instruction("pid", 0),
    Instruction("add", 1, 1, Reg(0)),
    Instruction("st", 1, 0, 0),
    Instruction("ld", 2, 0, 1),
    Instruction("jmp", x=1),
)


def program(word: int, processors: int) -> Program:
    """A loop of arithmetic, stores and loads that never ends."""
    return Program(LOOP, word, processors, processors + 1)


def seconds(call: Callable[[], object], times: int = 3) -> float:
    """The median time of a call."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def log(task: Program, steps: int, cached: bool = True) -> None:
    """Masked diffusion of some steps."""
    network = compiled(task.word, "mdm").transformer
    for state in decode.masked_diffusion(task, network, "", cached=cached):
        if state.steps == steps:
            return


def engine(name: str, task: Program, steps: int) -> None:
    """A run of some steps on an engine."""
    decode.run(task, name, compiled(task.word, name).transformer, "", steps)


def main() -> None:
    """Print the table."""
    table = Table(title="times and ratios of this run")
    for column in ("what", "against", "seconds", "seconds", "ratio"):
        table.add_column(column, justify="right" if column in ("seconds", "ratio") else "left")
    small, many, wide = program(8, 8), program(8, 32), program(16, 8)
    rows = [
        ("mdm, w 8, P 8, T 24, cached", partial(log, small, 24), "full pass every step", partial(log, small, 24, False)),
        ("mdm, w 8, P 8, T 24", partial(engine, "mdm", small, 24), "reference", partial(machine.run, small, 24)),
        ("apmdm, w 8, P 8, T 24", partial(engine, "apmdm", small, 24), "reference", partial(machine.run, small, 24)),
        ("mdm, P 32", partial(engine, "mdm", many, 24), "P 8", partial(engine, "mdm", small, 24)),
        ("mdm, T 96", partial(engine, "mdm", small, 96), "T 24", partial(engine, "mdm", small, 24)),
        ("mdm, w 16", partial(engine, "mdm", wide, 24), "w 8", partial(engine, "mdm", small, 24)),
        ("apmdm, w 16", partial(engine, "apmdm", wide, 24), "w 8", partial(engine, "apmdm", small, 24)),
    ]
    for what, first, against, second in rows:
        first(), second()
        a, b = seconds(first), seconds(second)
        table.add_row(what, against, f"{a:.4f}", f"{b:.4f}", f"{a / b:.2f}")
    for what, against, a, b in (*checker.adder(), *checker.growth(), *checker.runs((64, 1 << 64))):
        table.add_row(what, against, f"{a:.4f}", f"{b:.4f}", f"{a / b:.2f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
