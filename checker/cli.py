"""The command line: `efasp run | info | export | check` (shared contract, sections 4 to 6)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from checker import commands
from efasp.pram.machine import POLICIES
from model.compile import ENGINES


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a number of 0 or more, found {text!r}")
    return value


def _positive(text: str) -> int:
    if (value := _count(text)) == 0:
        raise argparse.ArgumentTypeError("expected a number of 1 or more, found '0'")
    return value


def _bound(text: str) -> int:
    if (value := _positive(text)) > 1 << 64:
        raise argparse.ArgumentTypeError(f"expected at most 2^64 = {1 << 64}, found {text!r}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0 (and below 10^6), found {text!r}")
    return value


def parser() -> argparse.ArgumentParser:
    """The parser of every command, with the function that carries it out as ``command``."""
    description = "Any PRAM program in one compiled transformer, and the proofs of it."
    top = argparse.ArgumentParser(prog="efasp", description=description)
    commands_ = top.add_subparsers(required=True, metavar="COMMAND")

    run = commands_.add_parser("run", help="run PRAM programs: directly, by masked diffusion, or by any-process generation")
    run.add_argument("files", nargs="+", metavar="FILE", help="assembly files (.pram)")
    run.add_argument("--engine", choices=("reference", *ENGINES), default="reference")
    run.add_argument("--max-steps", type=_count, default=10_000, metavar="T", help="stop after T PRAM steps (default 10000)")
    run.add_argument("--json", action="store_true", help="one JSON object a file, one a line")
    run.add_argument("--word", type=int, metavar="W", help="word width in bits, over .word")
    run.add_argument("--processors", type=int, metavar="P", help="number of processors, over .processors")
    run.add_argument("--memory", type=int, metavar="M", help="words of shared memory, over .memory")
    run.add_argument("--policy", choices=POLICIES, help="access policy, over .policy")
    run.add_argument("--data", metavar="FILE", help="initial memory as JSON, on top of .data")
    run.add_argument("--weights", type=Path, metavar="FILE", help="take the transformer from a weights file")
    run.set_defaults(command=commands.run)

    info = commands_.add_parser("info", help="the transformer's layers, widths, parameters, context and decoding steps")
    info.add_argument("--word", type=commands.word_range, default="5..20", metavar="W", help="a width, or a range (5..20)")
    info.add_argument("--engine", choices=ENGINES, action="append", help="one engine (default: both)")
    info.add_argument("--ext", choices=("M",), default="", help="with extension M")
    info.add_argument("--json", action="store_true", help="one JSON object a transformer, one a line")
    info.set_defaults(command=commands.info)

    export = commands_.add_parser("export", help="write the compiled transformer to a safetensors file")
    export.add_argument("--word", type=int, required=True, metavar="W", help="word width in bits")
    export.add_argument("--engine", choices=ENGINES, required=True)
    export.add_argument("--ext", choices=("M",), default="", help="with extension M")
    export.add_argument("file", type=Path, metavar="FILE.safetensors")
    export.set_defaults(command=commands.export)

    check = commands_.add_parser("check", help="discharge the obligations of the construction")
    check.add_argument("--n-max", type=_bound, metavar="N", help="for every n from 1 to N (default 64, at most 2^64)")
    check.add_argument("--lemma", nargs="+", action="extend", metavar="ID", help="only these lemmas (globs)")
    check.add_argument("--jobs", type=_positive, metavar="J", help="worker processes (default: one a core)")
    check.add_argument("--timeout", type=_seconds, default=60.0, metavar="S", help="seconds an obligation (default 60)")
    check.add_argument("--memory", type=_positive, default=4096, metavar="MB", help="MiB a worker (default 4096)")
    check.add_argument("--solver", nargs="+", action="extend", metavar="NAME", help="z3, cvc5 or bitwuzla (default z3)")
    check.add_argument("--weights", type=Path, metavar="FILE", help="the transformer of a weights file, not a compiled one")
    check.add_argument("--mutants", action="store_true", help="also run every lemma's mutants, each of which must be refuted")
    check.add_argument("--no-cache", action="store_true", help="neither use nor keep verdicts of other runs")
    check.add_argument("--list", action="store_true", help="list the obligations, settle none")
    check.add_argument("--json", metavar="FILE", help="write the report as JSON (- for standard output)")
    check.add_argument("--html", type=Path, metavar="DIR", help="write the report as a web page, DIR/index.html")
    check.set_defaults(command=commands.check)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code (argparse exits with 2 on bad usage)."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except commands.UsageError as error:
        print(f"efasp: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing is left to flush
        return 0
    except KeyboardInterrupt:
        print("efasp: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
