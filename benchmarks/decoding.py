"""CPU time of decoding, indexed against dense, and its growth with context and log: ``python -m benchmarks.decoding``.

One thread. All ratios are of one run; a step's time is the mean over a window of steps, without the first, which builds. Where
numba is installed, indexed passes in place are by compiled code, in all windows; compiling is not timed. With ``--plain`` they
are in numpy all the same; with ``--long`` the log is measured up to step 50,000, and scan with 1,024 processors.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

import torch
from rich.console import Console
from rich.table import Table

from efasp.model import decode
from efasp.model.indexed import passes
from efasp.model.weights import compiled as compile_weights
from efasp.paper_artifacts.experiments.sudoku import Room, made
from efasp.pram import library
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program

compiled = cache(compile_weights)  # compiling is not timed here
COUNT = (Instruction("add", 1, 1, 1), Instruction("st", 1, 0, 0), Instruction("jmp", x=0))


def loop(word: int) -> Program:
    """One processor that counts in memory for ever."""
    return Program(COUNT, word, 1, 4)


def sudoku() -> Program:
    """A puzzle of the tables, with memory for ten guesses: P = 81, M = 1,140."""
    return Room(made(0), 10).program


def scan(processors: int) -> Program:
    """Prefix sums of so many words by as many processors."""
    values = [number % 7 for number in range(processors)]
    return replace(library.build("scan", library.PROGRAMS["scan"].encode(values, 16), extension=""), processors=processors)


def states(program: Program, engine: str, attention: str) -> Iterator[decode.State]:
    """The steps of a run."""
    start = decode.masked_diffusion if engine == "mdm" else decode.any_process
    return start(program, compiled(program.word, engine).transformer, "", attention=attention)


def windows(program: Program, engine: str, attention: str, ends: list[tuple[int, int]]) -> list[float]:
    """CPU seconds a step over windows of steps, each from and to a step; of a run that ends earlier over those that it has."""
    found, run, at = [], states(program, engine, attention), 0
    for first, last in ends:
        at += len(list(islice(run, first - at)))
        start = time.process_time()
        count = sum(1 for _ in islice(run, last - first))
        found.append((time.process_time() - start) / max(count, 1))
        at += count
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    parser.add_argument("--plain", action="store_true", help="passes in numpy though numba is installed")
    options = parser.parse_args()
    passes.COMPILED = sys.maxsize if options.plain else 2
    torch.set_num_threads(1)
    table = Table(title="CPU milliseconds a decoding step, and ratios, of this run")
    for column in ("what", "against", "ms", "ms", "ratio"):
        table.add_column(column, justify="right" if column in ("ms", "ratio") else "left")

    def row(what: str, against: str, a: float, b: float) -> None:
        table.add_row(what, against, f"{1e3 * a:.3f}", f"{1e3 * b:.3f}", f"{a / b:.2f}")

    for program in (loop(8), scan(2)):
        windows(program, "apmdm", "indexed", [(1, 4)])  # compiles
    puzzle = sudoku()
    (dense,), (indexed,) = (windows(puzzle, "apmdm", a, [(1, last)]) for a, last in (("dense", 6), ("indexed", 200)))
    row(f"sudoku, P 81, M {puzzle.memory}, in place, dense", "indexed", dense, indexed)
    times = {p: windows(scan(p), "apmdm", "indexed", [(1, 40)])[0] for p in (128, 256, 512, *([1024] if options.long else []))}
    for p in list(times)[1:]:
        row(f"scan in place, P {p}, indexed", "P 128", times[p], times[128])
    last = 50_000 if options.long else 3_000
    early, late = windows(loop(16), "mdm", "indexed", [(60, 140), (last - 40, last + 40)])
    row(f"log of one processor, step {last:,}, indexed", "step 100", late, early)
    (plain,), (one,) = (windows(loop(8), "apmdm", a, [(1, n)]) for a, n in (("dense", 100), ("indexed", 2_000)))
    row("one processor in place, dense", "indexed", plain, one)
    print(f"indexed passes in place: {'compiled' if passes.usable() and not options.plain else 'numpy'}")
    Console(width=110).print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"10^6 steps in place of one processor: {one * 1e6 / 60:.1f} minutes of CPU; peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
