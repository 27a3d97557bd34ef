"""CPU time and memory of decoding and of the checker, all measured in one run: ``python -m benchmarks`` (``make bench``).

What is asked for is printed beside the ratios. With ``--out`` the growth against w, P and T is drawn as SVG.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console

from benchmarks import checker, decoding
from benchmarks.measured import Found, draw, table
from efasp.model.indexed import passes

PARTS: dict[str, tuple[Callable[[argparse.Namespace], Found], ...]] = {
    "decoding": (
        lambda options: decoding.against_dense(),
        lambda options: decoding.by_width(),
        lambda options: decoding.by_processors(),
        lambda options: decoding.by_steps(1_000 if options.short else 50_000),
    ),
    "checker": (
        lambda options: checker.gates_and_adder(),
        lambda options: checker.runs((64,) if options.short else (64, 1 << 64)),
    ),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw the growth of times there, as SVG")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    parser.add_argument("--short", action="store_true", help="the log up to step 1,000, and the checker up to n = 64")
    parser.add_argument("--plain", action="store_true", help="passes in numpy though numba is installed")
    options = parser.parse_args()
    if options.out is not None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--out: {options.out}: {error.strerror}: expected a folder")
    passes.COMPILED = sys.maxsize if options.plain else 2
    torch.set_num_threads(1)
    decoding.warm_up()
    found = Found()
    for name, parts in PARTS.items():
        for part in parts if options.only in (None, name) else ():
            print(f"{name} ...", file=sys.stderr, flush=True)
            some = part(options)
            found.pairs += some.pairs
            found.curves += some.curves
    Console(width=140).print(table(found.pairs))
    print(f"indexed passes in place: {'compiled' if passes.usable() and not options.plain else 'numpy'}")
    for path in draw(found.curves, options.out) if options.out else ():
        print(path)


if __name__ == "__main__":
    main()
