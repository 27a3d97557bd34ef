"""CPU time and memory of decoding: indexed against dense passes, cached against whole ones, and growth with w, P and T.

One thread. A step's time is the mean over a window of steps, without the first ones, which build; compiling, of plans and by
numba, is not timed. Where numba is installed, indexed passes in place are by compiled code from the second on.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice, pairwise

from benchmarks.measured import Curve, Found, Pair, windows
from efasp.encoding import CellLayout, Layout, LogLayout
from efasp.model import decode
from efasp.model.runs import State
from efasp.model.weights import compiled as compile_weights
from efasp.paper_artifacts.experiments.sudoku import Room, made
from efasp.pram import library, machine
from efasp.pram.isa import Instruction, Reg
from efasp.pram.machine import Program

compiled = cache(compile_weights)
COUNT = (Instruction("add", 1, 1, 1), Instruction("st", 1, 0, 0), Instruction("jmp", x=0))
LOOP = (
    Instruction("pid", 0),
    Instruction("add", 1, 1, Reg(0)),
    Instruction("st", 1, 0, 0),
    Instruction("ld", 2, 0, 1),
    Instruction("jmp", x=1),
)
WIDTHS = (8, 16, 24, 32, 40)  # at much wider words no dtype of torch carries the numbers of a log
PROCESSORS = (128, 256, 512, 1024)
BEGUN = 4  # steps, in which what is used later is built
MILLION, STRETCH = 1_000_000, 5_000  # steps
MS, CONTEXT = "ms a step", "O(context): bounded"


def counting(word: int) -> Program:
    """One processor that counts in memory for ever."""
    return Program(COUNT, word, 1, 4)


def loop(word: int, processors: int) -> Program:
    """A loop of arithmetic, stores and loads that never ends."""
    return Program(LOOP, word, processors, processors + 1)


def sudoku() -> Program:
    """A puzzle of the tables, with memory for ten guesses: P = 81, M = 1,140."""
    return Room(made(0), 10).program


def scan(processors: int) -> Program:
    """Prefix sums of so many words by as many processors."""
    values = [number % 7 for number in range(processors)]
    return replace(library.build("scan", library.PROGRAMS["scan"].encode(values, 16), extension=""), processors=processors)


def states(program: Program, engine: str, attention: str = "indexed", cached: bool = True) -> Iterator[State]:
    """The steps of a run."""
    start = decode.masked_diffusion if engine == "mdm" else decode.any_process
    return start(program, compiled(program.word, engine).transformer, "", cached=cached, attention=attention)


def timed(program: Program, engine: str, first: int, last: int, attention: str = "indexed", cached: bool = True) -> float:
    """CPU milliseconds a step of a run, over a window of its steps."""
    return windows(states(program, engine, attention, cached), [(first, last)])[0]


def warm_up() -> None:
    """Has numba compile what the runs use."""
    for program in (counting(8), scan(2)):
        timed(program, "apmdm", BEGUN, 2 * BEGUN)


def against_dense() -> Found:
    """Indexed passes against dense ones, and both against the reference machine."""
    puzzle, one, small = sudoku(), counting(8), loop(8, 8)
    rows = [
        Pair(f"sudoku, P 81, M {puzzle.memory}, in place: dense", "indexed", timed(puzzle, "apmdm", 1, 6, "dense"),
             timed(puzzle, "apmdm", BEGUN, 200), asked="ratio >= 100"),
        Pair("one processor in place: dense", "indexed", timed(one, "apmdm", 1, 100, "dense"),
             timed(one, "apmdm", BEGUN, 2_000)),
        Pair("log, w 8, P 8: every pass whole", "cached, dense", timed(small, "mdm", 1, 24, "dense", cached=False),
             timed(small, "mdm", 1, 24, "dense")),
    ]  # fmt: skip
    for engine in ("mdm", "apmdm"):
        start = time.process_time()
        machine.run(small, 96)
        reference = 1e3 * (time.process_time() - start) / 96
        rows.append(Pair(f"{engine}, w 8, P 8", "reference machine", timed(small, engine, BEGUN, 96), reference))
    return Found(rows)


def by_width() -> Found:
    """A step against the width of the word."""
    found = Found()
    for engine, label in (("mdm", "log"), ("apmdm", "in place")):
        times = {w: timed(loop(w, 8), engine, BEGUN, 24) for w in WIDTHS}
        found.pairs += [Pair(f"{engine}, P 8: w {w}", f"w {v}", times[w], times[v]) for v, w in pairwise(WIDTHS)]
        found.curves.append(Curve("step-width", "CPU of a step against w, P = 8", "w", MS, label, tuple(times.items())))
    return found


def by_processors() -> Found:
    """A step and the memory of a run in place against the number of processors."""
    times = {p: timed(scan(p), "apmdm", BEGUN, 40) for p in PROCESSORS}
    held = {p: memory(scan(p), "apmdm", 5) / length(CellLayout.of(scan(p), "")) for p in PROCESSORS}
    least, most = PROCESSORS[0], PROCESSORS[-1]
    rows = [
        Pair(f"scan in place: P {p}", f"P {least}", times[p], times[least], asked=f"ratio <= {p // least}")
        for p in PROCESSORS[1:]
    ]
    rows.append(Pair(f"memory a token, scan in place: P {most}", f"P {least}", held[most], held[least], "bytes", CONTEXT))
    curve = Curve("step-processors", "CPU of a step against P", "P", MS, "scan in place", tuple(times.items()))
    return Found(rows, [curve])


def by_steps(last: int) -> Found:
    """A step of the log, and its memory, against the number of steps before; a million steps in place, from a stretch."""
    ends, task = [at for at in (100, 1_000, 10_000, 50_000) if at <= last], counting(16)
    times = dict(zip(ends, windows(states(task, "mdm"), [(at - 40, at + 40) for at in ends]), strict=True))
    held = {at: memory(task, "mdm", at) / length(LogLayout.of(task, ""), at) for at in ends[:2]}
    few, many = ends[:2]
    stretch = timed(counting(8), "apmdm", 100, 100 + STRETCH) * MILLION / 6e4
    rows = [
        Pair(f"log of one processor: step {at:,}", f"step {few}", times[at], times[few], asked="ratio <= 2") for at in ends[1:]
    ]
    rows += [
        Pair(f"memory a token, log: {many:,} steps", f"{few} steps", held[many], held[few], "bytes", CONTEXT),
        Pair(
            f"one processor in place: {MILLION:,} steps, extrapolated from {STRETCH:,}",
            "asked",
            stretch,
            10,
            "min",
            "ratio <= 1",
        ),
    ]
    curve = Curve("step-time", "CPU of a step against the steps before it", "step", MS, "log", tuple(times.items()))
    return Found(rows, [curve])


def length(layout: Layout, steps: int = 0) -> int:
    """Tokens of a sequence; of a log after so many steps."""
    return layout.context_length(steps) if isinstance(layout, LogLayout) else layout.context_length  # type: ignore[attr-defined]


def memory(program: Program, engine: str, steps: int) -> int:
    """The most bytes that Python and numpy hold in a run of so many steps, beyond those held before it."""
    run = states(program, engine)
    tracemalloc.start()
    try:
        for _ in islice(run, steps):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
