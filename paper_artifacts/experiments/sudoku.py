"""Sudokus in the compiled transformer: instances, runs, and rows of their results.

At most 28 givens and one solution each: puzzles made here from seeds, in which no given can be left out, and published ones.
The solver that checks them shares nothing with the library program.

Every run is decoded whole in the transformer: from 700 to 140,000 forward passes over some 3,000 tokens. A comparison with what
was recorded makes runs of at most ``SHORT`` steps again, the others with ``--all`` alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from random import Random
from typing import Any, TypedDict

from efasp.encoding import CellLayout
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached, transformer
from efasp.pram import machine
from efasp.pram.library import PROGRAMS, Instance, build
from efasp.pram.machine import Program

COUNT, GIVENS = 100, 28  # puzzles made here; at most so many givens
STACK, MOST = 330, 10  # where the guesses begin in the program's memory, 81 words each; and how many any of these runs makes
LONGEST = 1_000_000  # steps of a run
SHORT = 2_000  # steps of a run that a sample of the runs may hold

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
        """The number of cells that are given."""
        return 81 - self.cells.count(".")


# Instances.


def solutions(cells: str, most: int = 2, rng: Random | None = None) -> list[str]:
    """Up to ``most`` solutions, by backtracking on the cell with fewest digits left; in random order with ``rng``."""
    used = [0] * 27
    for place, cell in enumerate(cells):
        if cell != ".":
            if any(used[house] >> int(cell) & 1 for house in OF[place]):
                return []
            _toggle(used, place, int(cell))

    empty = [place for place, cell in enumerate(cells) if cell == "."]
    return list(islice(_solutions(list(cells), used, empty, rng), most))


def _solutions(grid: list[str], used: list[int], empty: list[int], rng: Random | None) -> Iterator[str]:
    """The ways to fill the empty cells of a grid. ``used``: the digits of each house, as bits; at the end it is as before."""
    if not empty:
        yield "".join(grid)
        return
    place = max(empty, key=lambda p: _taken(used, p).bit_count())
    digits, rest = [digit for digit in range(1, 10) if not _taken(used, place) >> digit & 1], [p for p in empty if p != place]
    for digit in rng.sample(digits, len(digits)) if rng else digits:
        _toggle(used, place, digit)
        yield from _solutions([*grid[:place], str(digit), *grid[place + 1 :]], used, rest, rng)
        _toggle(used, place, digit)


def _toggle(used: list[int], place: int, digit: int) -> None:
    for house in OF[place]:
        used[house] ^= 1 << digit


def _taken(used: list[int], place: int) -> int:
    """The digits that a cell cannot have, as bits."""
    row, column, box = OF[place]
    return used[row] | used[column] | used[box]


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


def puzzles(noted: Notes, count: int = COUNT) -> list[Puzzle]:
    """The puzzles made from the seeds 0, 1, ..., and the published ones. Raises ValueError where one is not as it should be."""
    listed = [Puzzle(**made) for made in cached(noted, _made, range(count))]
    listed += [Puzzle(name, cells) for name, cells in PUBLISHED.items()]
    for puzzle in listed:
        if puzzle.givens > GIVENS or len(solutions(puzzle.cells)) != 1:
            raise ValueError(f"{puzzle.name}: expected at most {GIVENS} givens and one solution")
    return listed


def _made(seed: int) -> dict[str, Any]:
    return vars(made(seed))


# Runs.


@dataclass(frozen=True)
class Room:
    """A puzzle and the machine that it is given: memory for as many guesses at a time, and a word that its addresses fit."""

    puzzle: Puzzle
    guesses: int = MOST

    @property
    def memory(self) -> int:
        """The number of words of memory that the guesses need."""
        return STACK + 81 * self.guesses

    @property
    def word(self) -> int:
        """Bits of a word: 9 hold the candidates of a cell."""
        return max(9, (self.memory - 1).bit_length())

    @property
    def instance(self) -> Instance:
        """The puzzle as an instance of the library program, in as much memory as the guesses need."""
        whole = PROGRAMS["sudoku"].encode(self.puzzle.cells, self.word)
        return replace(whole, memory=self.memory, data={at: word for at, word in whole.data.items() if at < self.memory})

    @property
    def program(self) -> Program:
        """The library program on the instance, ready to be run."""
        return build("sudoku", self.instance, extension="")


class Solved(TypedDict):
    """A puzzle in the reference machine. ``guesses``: how many were open at a time, at most."""

    name: str
    cells: str
    seed: int | None
    givens: int
    solved: bool
    guesses: int
    steps: int


class Decoded(TypedDict):
    """A puzzle decoded whole. ``agrees``: whether the run has the steps, the outcome and the end of the reference machine's."""

    decode_steps: int | None
    agrees: bool
    word: int
    context: int
    seconds: float


class PuzzleRun(Solved, Decoded):
    """Both runs of a puzzle."""


def reference(puzzle: Puzzle) -> Solved:
    """The result of solving a puzzle in the reference machine."""
    room = Room(puzzle)
    run = machine.run(room.program, LONGEST)
    memory = run.configuration.memory
    return {
        "name": puzzle.name,
        "cells": puzzle.cells,
        "seed": puzzle.seed,
        "givens": puzzle.givens,
        "solved": run.finished and not run.faults and [room.instance.result(memory)] == solutions(puzzle.cells),
        "guesses": sum(any(memory[at : at + 81]) for at in range(STACK, room.memory, 81)),
        "steps": run.steps,
    }


def decoding(room: Room) -> Decoded:
    """A puzzle decoded whole in the plain transformer."""
    from efasp.model import decode

    program = room.program
    wanted, start = machine.run(program, LONGEST), time.perf_counter()
    run = decode.run(program, "apmdm", transformer(room.word, "apmdm"), "", wanted.steps + 1)
    return {
        "decode_steps": run.decode_steps,
        "agrees": run.outcome == wanted.outcome and run.finished,
        "word": room.word,
        "context": CellLayout.of(program, "").context_length,  # type: ignore[attr-defined]
        "seconds": time.perf_counter() - start,
    }


def rows(noted: Notes, chosen: Sequence[Puzzle]) -> list[PuzzleRun]:
    """The rows of some puzzles, in their order: of ``reference`` and ``decoding`` together."""
    references = cached(noted, reference, chosen)
    longest = sorted(range(len(references)), key=lambda i: -references[i]["steps"])
    rooms = [Room(chosen[i], references[i]["guesses"]) for i in longest]
    decoded = cached(noted, decoding, rooms, [references[i]["steps"] > SHORT for i in longest])
    places = dict(zip(longest, decoded, strict=True))
    return [{**row, **places[i]} for i, row in enumerate(references)]
