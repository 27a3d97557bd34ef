"""The Sudoku program against a model of the algorithm in its header; single steps of it on every engine."""

import dataclasses
from itertools import pairwise
from random import Random

import pytest

from efasp.pram import machine
from efasp.pram.library import PROGRAMS, build
from efasp.pram.machine import Configuration
from tests.model.compiled import full_step

ESCARGOT = "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."
SHORT = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
HOUSES = [
    *[[9 * r + c for c in range(9)] for r in range(9)],
    *[[9 * r + c for r in range(9)] for c in range(9)],
    *[[27 * b + 3 * d + 9 * i + j for i in range(3) for j in range(3)] for b in range(3) for d in range(3)],
]


def round_of(cells: list[set[int]]) -> list[set[int]] | None:
    """One round of propagation on sets of candidates; None where a house lacks a digit."""
    alone: list[set[int]] = [set() for _ in cells]
    for house in HOUSES:
        for digit in range(1, 10):
            where = [p for p in house if digit in cells[p]]
            if not where:
                return None
            if len(where) == 1:
                alone[where[0]].add(digit)
    cells = [mine or old for mine, old in zip(alone, cells, strict=True)]
    taken = [set().union(*(cells[q] for h in HOUSES if p in h for q in h if len(cells[q]) == 1)) for p in range(81)]
    return [old if len(old) == 1 else old - gone for old, gone in zip(cells, taken, strict=True)]


def solve(problem: str) -> tuple[str | None, int]:
    """The solution, and the steps that the header tells."""
    cells = [set(range(1, 10)) if cell == "." else {int(cell)} for cell in problem]
    steps, stack = 68, []
    while True:
        after = round_of(cells)
        if after is None:
            if not stack:
                return None, steps + 53 - NO_SOLUTION
            steps, cells = steps + 53, stack.pop()
            continue
        steps, same = steps + 81, after == cells
        cells = after
        if not same:
            continue
        count, place = (
            min((len(mine), p) for p, mine in enumerate(cells) if len(mine) > 1) if max(map(len, cells)) > 1 else (0, 0)
        )
        if not count:
            return "".join(str(*mine) for mine in cells), steps
        least = min(cells[place])
        stack.append([mine - {least} if p == place else mine for p, mine in enumerate(cells)])
        cells = [{least} if p == place else mine for p, mine in enumerate(cells)]
        steps += 23 + 8 * (count - 1)


NO_SOLUTION = 18  # the end of a run without a solution is so much shorter


def states(problem: str) -> list[Configuration]:
    """The configurations of a run."""
    return list(machine.trace(build("sudoku", PROGRAMS["sudoku"].encode(problem, 11))))


@pytest.mark.parametrize("problem", [SHORT, ESCARGOT])
def test_solution_and_steps(problem: str) -> None:
    """What the model finds, in the steps that the header tells; a search with guesses that are taken back among them."""
    instance = PROGRAMS["sudoku"].encode(problem, 11)
    run = machine.run(build("sudoku", instance))
    assert (instance.result(run.configuration.memory), run.steps) == solve(problem)
    assert run.faults == [] and run.violation is None


def test_random_solutions_and_steps() -> None:
    """The same of random instances."""
    for seed in range(6):
        instance = PROGRAMS["sudoku"].instance(Random(seed), 5)
        run = machine.run(build("sudoku", instance))
        assert (instance.result(run.configuration.memory), run.steps) == solve(instance.problem)


def test_no_solution() -> None:
    """A contradiction that propagation finds, and one that only guesses do: no solution, and no fault."""
    for problem in (SHORT[:2] + "1" + SHORT[3:], ESCARGOT[:6] + "1" + ESCARGOT[7:]):
        instance = PROGRAMS["sudoku"].encode(problem, 11)
        run = machine.run(build("sudoku", instance))
        assert (instance.result(run.configuration.memory), run.steps) == solve(problem)
        assert instance.result(run.configuration.memory) is None and run.faults == []


def test_too_many_guesses() -> None:
    """An empty grid takes more guesses than there is room for: the next one is a fault of every processor."""
    instance = PROGRAMS["sudoku"].encode("." * 81, 11)
    run = machine.run(build("sudoku", instance))
    assert run.finished and {fault.reason for fault in run.faults} == {"store"} and len(run.faults) == 81


def test_what_is_not_solved_is_no_digit() -> None:
    """A cell with several candidates left reads as an empty one, not as its greatest candidate."""
    instance = PROGRAMS["sudoku"].encode(SHORT, 11)
    assert instance.result([instance.data[at] for at in range(81)]) == SHORT and instance.result([0] * 81) is None


def test_scratch_need_not_be_zero() -> None:
    """Whatever stands beyond the cells at the start, neither solution nor steps change."""
    instance, rng = PROGRAMS["sudoku"].encode(SHORT, 11), Random(1)
    junk = {address: rng.randrange(1 << 11) for address in range(81, instance.memory)}
    dirty = dataclasses.replace(instance, data=instance.data | junk)
    first, second = (machine.run(build("sudoku", each)) for each in (instance, dirty))
    assert first.steps == second.steps and first.configuration.memory[:81] == second.configuration.memory[:81]


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_single_steps(engine: str) -> None:
    """From states of a run: one forward pass of the transformer is the machine's step, for all 81 processors."""
    program = build("sudoku", PROGRAMS["sudoku"].encode(SHORT, 11), extension="")
    steps = list(pairwise(states(SHORT)))
    for number in Random(engine).sample(range(68, len(steps)), 2):
        before, after = steps[number]
        assert full_step(engine, program, before, "") == after
