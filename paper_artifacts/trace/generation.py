"""`efasp trace --generate`: a stochastic generation, pass by pass, with what every position does."""

from __future__ import annotations

import argparse
from random import Random

import numpy as np

from efasp.checker.errors import UsageError
from efasp.dyck import word
from efasp.paper_artifacts.generation.command import names, shown
from efasp.process import DELETE, INSERT, REMASK
from efasp.stochastic import GenerationError


def trace(options: argparse.Namespace) -> int:
    """Print the passes of one run. Raises UsageError for options of another kind of trace."""
    from efasp.model.generators import dyck_generator

    given = {"FILE": options.file, "--case": options.case, "--html": options.html, "--engine": options.engine}
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"--generate: expected no {name} beside it, found {value}")
    k = 2 if options.k is None else options.k
    run = dyck_generator(k).run(Random(options.seed or 0))
    try:
        for number, (x, control) in enumerate(run):
            last = x if control is None else None
            if options.step in (None, number + 1):
                print(passage(number, x, control, names(k)))
            if last is not None or number + 1 == (options.step or options.steps):
                break
    except GenerationError as error:
        raise UsageError(f"--generate: {error}; --seed: expected another") from None
    if options.step is not None and number + 1 < options.step:
        raise UsageError(f"--step: expected 1 to {number + 1}, as the run ends there, found {options.step}")
    if last is not None:
        print(f"halts: {shown(word(k, last.tolist()))}")
    else:
        print(f"not halted after {number + 1} passes")
    return 0


def passage(number: int, x: np.ndarray, control: np.ndarray | None, tokens: list[str]) -> str:
    """One sequence, and below it what its positions do: unmasked ``=``, remasked ``~``, deleted ``x``, mask inserted ``+``."""
    parts = [tokens[token] for token in x.tolist()]
    bits = np.zeros((len(x), 3), dtype=bool) if control is None else control
    marks = [acts(token == 0, row) if control is not None else "" for token, row in zip(x.tolist(), bits.tolist(), strict=True)]
    widths = [max(map(len, pair)) for pair in zip(parts, marks, strict=True)]
    above = " ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
    below = " ".join(mark.ljust(width) for mark, width in zip(marks, widths, strict=True)).rstrip()
    return f"{number + 1:4}  {above or '(empty)'}" + (f"\n      {below}" if below else "")


def acts(masked: bool, bits: list[bool]) -> str:
    """What Algorithm 1 does with one position, as marks: ``x`` delete, ``~`` remask, ``=`` unmask, ``+`` insert."""
    if masked and bits[DELETE]:
        return "x"
    return ("~" if bits[REMASK] else "=" if masked else "") + ("+" if bits[INSERT] else "")
