"""Runs of instances of the library, checked against the oracles, and the steps that the files' headers state."""

import math
from collections.abc import Callable

from efasp.pram import machine
from efasp.pram.library import Instance, build
from efasp.pram.machine import Program, Run
from efasp.pram.quantified import Formula
from tests.efasp.pram.library_oracles import bfs, is_right, list_rank, truth

Engine = Callable[[Program, int], Run]
MAX_STEPS = 10_000


def log2(n: int) -> int:
    """The least k with n <= 2^k."""
    k = 0
    while 2**k < n:
        k += 1
    return k


def tried(formula: Formula, values: tuple[bool, ...] = ()) -> tuple[int, int]:
    """The assignments that are tried, and the inner nodes of their tree, where a second branch is left out if it can be."""
    at = len(values)
    if at == len(formula.prefix):
        return 1, 0
    leaves, inner = tried(formula, (*values, False))
    if truth(formula, (*values, False)) == (formula.prefix[at] == "e"):
        return leaves, inner + 1
    more, others = tried(formula, (*values, True))
    return leaves + more, inner + others + 1


def steps_of_qbf(instance: Instance) -> int:
    """The steps of `qbf`."""
    formula = instance.problem
    leaves, inner = tried(formula)
    literals = sum(map(len, formula.clauses))
    return 8 + leaves * (5 + 8 * len(formula.clauses) + 9 * literals) + 9 * (leaves - 1 + inner)


def steps_of_preserve(instance: Instance) -> int:
    """The steps of `preserve`: two more where the index is followed back through more than half as many edits as it may be."""
    _, edits, at = instance.problem
    bits, met = len(edits).bit_length(), 0
    for number, (letter, place) in enumerate(reversed(edits), 1):
        met = number
        if letter and at == place:
            break
        at += (at >= place) if not letter else -(at > place)
    else:
        met += 1
    return 46 + 9 * bits + 2 * (2 * met > 1 << bits)


def solve(name: str, instance: Instance, engine: Engine = machine.run) -> Run:
    """Run ``instance`` under the file's own policy, check how it ended and what it gave, and return the run."""
    run = engine(build(name, instance), MAX_STEPS)
    assert run.finished and run.violation is None
    assert run.faults == [] or name == "fault"
    answer = instance.result(run.configuration.memory)
    assert is_right(name, instance, answer), (name, instance.problem, answer)
    return run


def levels_of(instance: Instance) -> int:
    """The number of breadth-first levels of a `bfs` instance."""
    return max(level for level in bfs(instance.problem, instance.word) if level is not None) + 1


def longest(instance: Instance) -> int:
    """The nodes of the longest list of a `list_rank` instance."""
    return max(list_rank(instance.problem, instance.word)) + 1


# What the header of each file says of its steps, where that is exact.
STEPS: dict[str, Callable[[Instance], int]] = {
    "scan": lambda instance: 5 + 7 * log2(len(instance.problem)),
    "reduce": lambda instance: 10 + 10 * log2(len(instance.problem)),
    "crcw_max": lambda instance: 27,
    "list_rank": lambda instance: 8 + 8 * log2(longest(instance)),
    "sort": lambda instance: 7 + 14 * log2(len(instance.problem)) + 6 * log2(len(instance.problem)) ** 2,
    "closure": lambda instance: 18 + 13 * log2(len(instance.problem)),
    "bfs": lambda instance: 17 + 12 * levels_of(instance) if instance.problem[0].edges else 13,
    "matmul": lambda instance: 18 + 5 * (len(instance.problem[0]) - 1) + 8 * len(instance.problem[1]),
    "dyck1": lambda instance: 24 + 22 * log2(len(instance.problem)),
    "dyck2": lambda instance: 45 + 28 * log2(instance.processors) + 8 * log2(instance.processors) ** 2,
    "clauses": lambda instance: 9 + 6 * instance.problem.rounds,
    "parity": lambda instance: 15 + 6 * -(-len(instance.problem) // instance.processors) + 10 * log2(instance.processors),
    "sum_to": lambda instance: 6 + 3 * instance.problem,
    "qbf": steps_of_qbf,
    "preserve": steps_of_preserve,
}


def check_steps(name: str, instance: Instance, run: Run) -> None:
    """Check the steps of ``run`` against the file's header: equal, or within the bound that it gives."""
    if name in STEPS:
        assert run.steps == STEPS[name](instance)
    elif name == "components":
        rounds, rest = divmod(run.steps - 36, 48)
        assert rest == 0 and rounds <= 3 + math.log(instance.problem.n, 1.5)
    elif name == "cut":
        n, cut = instance.problem[0].n, instance.result(run.configuration.memory)[0]
        assert run.steps <= 12 + 10 * n + (cut + 1) * (26 * n + 7) + 22 * n * cut
    elif name == "gcd":
        assert run.steps <= 30 * instance.word
    elif name == "sudoku":
        assert run.steps >= 68 + 81  # test_sudoku says how many
    else:
        stores = [9 + 3 * (pid + 1) for pid in range(instance.processors) if pid % 8 in (0, 6, 7)]
        assert run.steps == max([*stores, *(fault.step for fault in run.faults)])
