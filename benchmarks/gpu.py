"""Dense passes on a CUDA device and on this machine's processor, compared token for token: ``python -m benchmarks.gpu``.

For each engine a batch of runs of one shape: how long it takes on each device, and whether every run ends alike on both; and
of one run whether every token after every step is the same. Where there is no device of CUDA, it says so and exits with 2;
with 1 where runs differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import torch

from efasp.model import decode, together
from efasp.model.device import DeviceError, device
from efasp.model.weights import compiled
from efasp.pram import library, machine
from efasp.pram.machine import Program, Run

PROGRAM, ENGINES = "sum_to", ("mdm", "apmdm")


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    made.add_argument("--runs", type=int, default=16, metavar="B", help="runs in a batch (default %(default)s)")
    made.add_argument("--device", default="cuda", help="the device that is compared with cpu (default %(default)s)")
    return made


def runs(engine: str, where: str, programs: Sequence[Program]) -> tuple[list[Run | Exception], float]:
    """The runs on a device, and the seconds that they took there. Raises DeviceError."""
    transformer = compiled(programs[0].word, engine).transformer
    transformer.to(device(where, transformer.dtype_name))
    start = time.perf_counter()
    found = together.run(programs, engine, transformer)
    return found, time.perf_counter() - start


def plain(run: Run | Exception) -> tuple[object, ...]:
    """All of a run but for the device."""
    if isinstance(run, Exception):
        return (type(run).__name__, str(run))
    return run.steps, run.configuration, run.finished, run.faults, run.decode_steps, run.context_length


def tokens(engine: str, where: str, program: Program) -> list[bytes]:
    """The tokens of a run on a device, after each step. Raises DeviceError."""
    transformer = compiled(program.word, engine).transformer
    transformer.to(device(where, transformer.dtype_name))
    follow = decode.masked_diffusion if engine == "mdm" else decode.any_process
    steps = machine.run(program).steps
    return [state.sequence.tokens.tobytes() for state in islice(follow(program, transformer, "", attention="dense"), steps)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = parser().parse_args(arguments)
    program = library.assembled(PROGRAM)
    programs = [replace(program, data=(3 + i % 8,)) for i in range(options.runs)]
    same = True
    for engine in ENGINES:
        try:
            there, seconds = runs(engine, options.device, programs)
        except DeviceError as error:
            print(f"gpu: --device {options.device}: {error}; nothing was measured", file=sys.stderr)
            return 2
        here, wanted = runs(engine, "cpu", programs)
        equal = sum(plain(one) == plain(other) for one, other in zip(there, here, strict=True))
        each = tokens(engine, options.device, program) == tokens(engine, "cpu", program)
        same = same and equal == len(programs) and each
        agree = f"{equal} of {len(programs)} runs end alike, tokens {'equal' if each else 'DIFFER'}"
        print(f"{engine}: {agree}; {options.device} {seconds:.2f} s, cpu {wanted:.2f} s ({torch.get_num_threads()} threads)")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
