"""`efasp trace --generate`: a stochastic generation, pass by pass, with what every position does."""

from __future__ import annotations

import argparse
import json
from random import Random
from typing import Any

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
    passes: list[dict[str, Any]] = []
    try:
        for number, (x, control) in enumerate(run, 1):
            last = x if control is None else None
            if options.step in (None, number):
                tokens, marks = positions(x, control, names(k))
                passes.append({"pass": number, "tokens": tokens, "acts": marks})
                if not options.json:
                    print(passage(number, tokens, marks))
            if last is not None or number == (options.step or options.steps):
                break
    except GenerationError as error:
        raise UsageError(f"--generate: {error}; --seed: expected another") from None
    if options.step is not None and number < options.step:
        raise UsageError(f"--step: expected 1 to {number}, as the run ends there, found {options.step}")
    found = None if last is None else word(k, last.tolist())
    if options.json:
        print(json.dumps({"k": k, "seed": options.seed or 0, "passes": passes, "word": found}))
    else:
        print(f"not halted after {number} passes" if found is None else f"halts: {shown(found)}")
    return 0


def positions(x: np.ndarray, control: np.ndarray | None, tokens: list[str]) -> tuple[list[str], list[str]]:
    """The tokens of a sequence by name, and what each position does: unmasked ``=``, remasked ``~``, deleted ``x``, mask
    inserted ``+``; nothing where the run has halted (no ``control``)."""
    ids = x.tolist()
    marks = [""] * len(ids) if control is None else [acts(i == 0, row) for i, row in zip(ids, control.tolist(), strict=True)]
    return [tokens[i] for i in ids], marks


def passage(number: int, tokens: list[str], marks: list[str]) -> str:
    """One sequence, and below it what its positions do."""
    widths = [max(map(len, pair)) for pair in zip(tokens, marks, strict=True)]
    above = " ".join(part.ljust(width) for part, width in zip(tokens, widths, strict=True)).rstrip()
    below = " ".join(mark.ljust(width) for mark, width in zip(marks, widths, strict=True)).rstrip()
    return f"{number:4}  {above or '(empty)'}" + (f"\n      {below}" if below else "")


def acts(masked: bool, bits: list[bool]) -> str:
    """What Algorithm 1 does with one position, as marks: ``x`` delete, ``~`` remask, ``=`` unmask, ``+`` insert."""
    if masked and bits[DELETE]:
        return "x"
    return ("~" if bits[REMASK] else "=" if masked else "") + ("+" if bits[INSERT] else "")
