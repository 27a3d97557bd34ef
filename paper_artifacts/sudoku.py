"""Sudokus in the compiled transformer: instances, runs, and rows of what came of them.

At most 28 givens and one solution each: puzzles made here from seeds, in which no given can be left out, and published ones.
The solver that checks them shares nothing with the library program.

A run takes a thousand forward passes or more over some 4,000 tokens, so few are decoded whole (``decoded``); of every other run
single steps are, in the same transformer, from states that the reference machine goes through. A row says which.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from checker.store import Store, default_path, digest, sources
from efasp.encoding import CellLayout
from efasp.pram import machine
from efasp.pram.library import PROGRAMS, build
from efasp.pram.machine import Configuration, Program
from efasp.process import g

COUNT, GIVENS = 100, 28  # puzzles made here; at most so many givens
WORD = 11  # bits: the program's memory of 1,140 words needs them
LONGEST = 1_000_000  # steps of a run
DECODED, SAMPLED = 2, 2  # puzzles that are decoded whole; single steps of each other one

PUBLISHED = {
    "AI Escargot": "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
    "Inkala 2010": "..53.....8......2..7..1.5..4....53...1..7...6..32...8..6.5....9..4....3......97..",
    "Platinum Blonde": ".......12........3..23..4....18....5.6..7.8.......9.....85.....9...4.5..47...6...",
    "Red Dwarf": "12.3....435....1....4........54..2..6...7.........8.9...31..5.......9.7.....6...8",
    "Inkala 2012": "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "Easter Monster": "1.......2.9.4...5...6...7...5.9.3.......7.......85..4.7.....6...3...9.8...2.....1",
    "Golden Nugget": ".......39.....1..5..3.5.8....8.9...6.7...2...1..4.......9.8..5..2....6..4..7.....",
}

HOUSES = (
    *[tuple(9 * r + c for c in range(9)) for r in range(9)],
    *[tuple(9 * r + c for r in range(9)) for c in range(9)],
    *[tuple(27 * b + 3 * d + 9 * i + j for i in range(3) for j in range(3)) for b in range(3) for d in range(3)],
)
OF = tuple(tuple(number for number, house in enumerate(HOUSES) if place in house) for place in range(81))


@dataclass(frozen=True)
class Puzzle:
    """A puzzle: its name, 81 cells (. where empty), and the seed that it was made from, if it was."""

    name: str
    cells: str
    seed: int | None = None

    @property
    def givens(self) -> int:
        """How many cells are given."""
        return 81 - self.cells.count(".")


# Instances.


def solutions(cells: str, most: int = 2, rng: Random | None = None) -> list[str]:
    """Up to ``most`` solutions, by backtracking on the cell with fewest digits left; in random order with ``rng``."""
    grid, used, found = list(cells), [0] * 27, list[str]()
    for place, cell in enumerate(cells):
        if cell != ".":
            if any(used[house] >> int(cell) & 1 for house in OF[place]):
                return []
            _toggle(used, place, int(cell))

    def search(empty: list[int]) -> None:
        if not empty:
            found.append("".join(grid))
            return
        place, digits = min(((p, _left(used, p)) for p in empty), key=lambda pair: len(pair[1]))
        for digit in rng.sample(digits, len(digits)) if rng else digits:
            _toggle(used, place, digit)
            grid[place] = str(digit)
            search([p for p in empty if p != place])
            _toggle(used, place, digit)
            if len(found) >= most:
                return

    search([place for place, cell in enumerate(cells) if cell == "."])
    return found


def _toggle(used: list[int], place: int, digit: int) -> None:
    for house in OF[place]:
        used[house] ^= 1 << digit


def _left(used: list[int], place: int) -> list[int]:
    taken = used[OF[place][0]] | used[OF[place][1]] | used[OF[place][2]]
    return [digit for digit in range(1, 10) if not taken >> digit & 1]


@cache
def made(seed: int) -> Puzzle:
    """The puzzle of a seed: a random solution, from which givens are left out as long as it stays the only one."""
    for attempt in range(100):
        rng = Random(f"sudoku {seed} {attempt}")
        (grid,) = solutions("." * 81, 1, rng)
        cells = list(grid)
        for place in rng.sample(range(81), 81):
            cells[place] = "."
            if len(solutions("".join(cells))) > 1:
                cells[place] = grid[place]
        puzzle = Puzzle(f"seed {seed}", "".join(cells), seed)
        if puzzle.givens <= GIVENS:
            return puzzle
    raise AssertionError(f"seed {seed}: expected a puzzle of at most {GIVENS} givens in 100 attempts, found none")


def puzzles(count: int = COUNT) -> Iterator[Puzzle]:
    """The puzzles made from the seeds 0, 1, ..., and the published ones. Raises ValueError where one is not as it should be."""
    for puzzle in (*map(made, range(count)), *(Puzzle(name, cells) for name, cells in PUBLISHED.items())):
        if puzzle.givens > GIVENS or len(solutions(puzzle.cells)) != 1:
            raise ValueError(f"{puzzle.name}: expected at most {GIVENS} givens and one solution")
        yield puzzle


# Runs.


def run(puzzle: Puzzle, whole: bool = False) -> dict[str, Any]:
    """One puzzle in the reference machine and, whole or at ``SAMPLED`` random steps, in the plain transformer; a row.

    ``guesses``: how many were open at a time; ``decode_steps``: of a run that was decoded whole; ``sampled``: single steps that
    were; ``agrees``: whether all that was decoded is what the reference machine does.
    """
    instance = PROGRAMS["sudoku"].encode(puzzle.cells, WORD)
    program = build("sudoku", instance, extension="")
    start = time.perf_counter()
    wanted = machine.run(program, LONGEST)
    decode_steps, sampled = None, 0
    if whole:
        from model import decode

        found = decode.run(program, "apmdm", _transformer(), "", wanted.steps + 1)
        decode_steps = found.decode_steps
        agrees = (found.configuration, found.steps, found.faults) == (wanted.configuration, wanted.steps, wanted.faults)
        answer = instance.result(found.configuration.memory)
    else:
        chosen = set(Random(puzzle.cells).sample(range(wanted.steps), SAMPLED))
        pairs = [pair for number, pair in enumerate(pairwise(machine.trace(program))) if number in chosen]
        agrees, sampled = all(stepped(program, before) == after for before, after in pairs), len(pairs)
        answer = instance.result(wanted.configuration.memory)
    return {
        "name": puzzle.name,
        "seed": puzzle.seed,
        "givens": puzzle.givens,
        "cells": puzzle.cells,
        "solved": wanted.finished and not wanted.faults and [answer] == solutions(puzzle.cells),
        "guesses": sum(any(wanted.configuration.memory[at : at + 81]) for at in range(330, program.memory, 81)),
        "steps": wanted.steps,
        "decode_steps": decode_steps,
        "sampled": sampled,
        "agrees": agrees,
        "context": CellLayout.of(program, "").context_length,  # type: ignore[attr-defined]
        "seconds": time.perf_counter() - start,
    }


def stepped(program: Program, before: Configuration) -> Configuration:
    """The configuration after one decoding step of any-process generation in the plain transformer, from any other."""
    from model.sampler import predictions

    layout = CellLayout.of(program, "")
    assert isinstance(layout, CellLayout)
    sequence, book = layout.encode(program, before), layout.vocabulary
    outputs = _transformer().outputs(sequence.tokens, sequence.places)
    after = g(sequence.tokens, predictions(outputs, layout), outputs[:, book.width :] > 0.5, book.token("mask"))
    return layout.state(after)[0]


@cache
def _transformer() -> Any:
    from model.weights import compiled

    return compiled(WORD, "apmdm").transformer


def _alone() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"  # one process a core; before torch is imported


def rows(chosen: Sequence[Puzzle], decoded: int = DECODED) -> list[dict[str, Any]]:
    """The rows of some puzzles, in their order, the first ``decoded`` of them decoded whole.

    In parallel; what is known from the same sources is not run again.
    """
    code, whole = Path(__file__).read_text(encoding="utf-8"), [number < decoded for number in range(len(chosen))]
    keys = [digest("sudoku", sources(), code, full, repr(puzzle)) for puzzle, full in zip(chosen, whole, strict=True)]
    with contextlib.closing(Store(default_path().with_name("runs.sqlite"), lambda text: None)) as store:
        known = [store.get(key) for key in keys]
        left = [number for number, row in enumerate(known) if row is None]
        if left:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context, initializer=_alone) as pool:
                made_now = pool.map(run, [chosen[i] for i in left], [whole[i] for i in left])
                for number, row in zip(left, made_now, strict=True):
                    known[number] = row
                    store.put(keys[number], row)
    return known


def summary(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for the puzzles made here, and one for each published one."""
    groups = [[row for row in found if row["seed"] is not None], *([row] for row in found if row["seed"] is None)]
    out = []
    for group in filter(None, groups):
        steps = [row["steps"] for row in group]
        decoded = [row for row in group if row["decode_steps"] is not None]
        out.append(
            {
                "puzzles": f"made here, {len(group)} seeds" if group[0]["seed"] is not None else group[0]["name"],
                "n": len(group),
                "givens": [min(row["givens"] for row in group), max(row["givens"] for row in group)],
                "with guesses": sum(row["guesses"] > 0 for row in group),
                "solved (reference machine)": sum(row["solved"] for row in group),
                "decoded whole": len(decoded),
                "decode_steps": sum(row["decode_steps"] for row in decoded),
                "sampled steps": sum(row["sampled"] for row in group),
                "agree": sum(row["agrees"] for row in group),
                "steps": [min(steps), statistics.median(steps), max(steps)],
                "context": max(row["context"] for row in group),
                "seconds": sum(row["seconds"] for row in group),
            }
        )
    return out
