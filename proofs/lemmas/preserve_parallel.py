"""Family preserve (claim T6), from above: the library's program decides PRESERVE in steps logarithmic in the number of edits.

``programs/preserve.pram`` runs in the reference machine on all cases of a small size, and is compared with the model of lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import Any

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.edits import Edited, encode_preserve, memory, most_steps, processors
from efasp.pram.library import load
from efasp.pram.machine import Program, Run
from efasp.pram.problems import Instance
from efasp.preserve import edited
from efasp.proofs.lemmas.preserve import cases
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma

STRINGS, EDITS = ("", "ab"), 2  # strings that are edited, and the most edits
WORD = 16


def problems() -> Iterator[tuple[Edited, str]]:
    """Every string with every list of edits and every index that there is in the end, and the letter there."""
    for string, edits in cases(STRINGS, EDITS):
        for index, letter in enumerate(edited(string, edits)):
            yield Edited(string, tuple(edits), index), letter


@cache
def program() -> Program:
    """The program, with the processors and the memory of its own example."""
    return assemble(load("preserve"), "preserve.pram")


def ran(problem: Edited, instance: Instance, words: int) -> Run:
    """A run with as many processors and words as the closed forms say: a word outside them would be a fault."""
    data = tuple(instance.data[at] for at in range(min(words, instance.memory)))
    return machine.run(replace(program(), processors=processors(problem), memory=words, data=data))


def undecided() -> Iterator[dict[str, Any]]:
    """Problems of which the program names another letter, takes more steps than it may, or leaves its memory or its policy."""
    for problem, letter in problems():
        instance = encode_preserve(problem, WORD)
        run = ran(problem, instance, memory(problem))
        orderly = run.finished and not run.faults and run.violation is None
        answer = instance.result(run.configuration.memory) if orderly else "none"
        if answer != letter or run.steps > most_steps(problem):
            got = f"{answer} after {run.steps} steps, {len(run.faults)} faults"
            yield {"problem": str(problem), "expected": f"{letter}, at most {most_steps(problem)} steps", "got": got}


def sizes() -> Iterator[tuple[int, int]]:
    """Numbers of letters and edits for which the number of steps is compared with its bound on a whole list of edits."""
    yield from product((1, 5), (1, 2, 3, 4, 7, 8))


def slow() -> Iterator[dict[str, Any]]:
    """Numbers of letters and edits at which the last letter is not found after exactly 48 + 9 a steps, 2^(a-1) <= m < 2^a."""
    for length, many in sizes():
        # Every edit changes the string's first letter or puts it back: the last one is followed back through all of them.
        edits = tuple(("", 0) if number % 2 else ("z", 0) for number in range(many))
        letters = edited("abcde"[:length], edits)
        problem = Edited("abcde"[:length], edits, len(letters) - 1)
        run = ran(problem, encode_preserve(problem, WORD), memory(problem))
        bits = next(a for a in range(many + 1) if many < 2**a)
        if run.steps != 48 + 9 * bits or most_steps(problem) != run.steps:
            yield {"letters": length, "edits": many, "expected": 48 + 9 * bits, "got": run.steps, "bound": most_steps(problem)}


@lemma
def small(regime: Regime) -> Iterator[Batch]:
    """The program's answers in all cases of a small size, and the steps of some larger ones."""
    tried = f"exhaustive: strings of none or 2 letters, up to {EDITS} edits"
    for name, count, failures, scope in (
        ("preserve.parallel", len(list(problems())), undecided, tried),
        ("preserve.steps", len(list(sizes())), slow, "exhaustive: 1 and 5 letters, up to 8 edits of the first one"),
    ):
        discharge = exhaustive(count, failures)
        obligation = Obligation(name, "T6", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
