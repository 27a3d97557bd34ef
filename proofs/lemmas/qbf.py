"""Family qbf (claim T4, its corollary): the library's program decides quantified Boolean formulas in memory linear in them.

``programs/qbf.pram`` runs in the reference machine on all formulas of a small size. Its answer is compared with the expansion
of the quantifiers, its memory and the context of any-process generation with their closed forms, and its steps with theirs.
Rocq's kernel proves for every prefix and every matrix that a rule on the cells decides the formula within the bound
(proofs/rocq/Quantified.v); here the program is shown to follow this rule from all cells of a small size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import combinations, islice, product
from random import Random
from typing import Any, NamedTuple

from efasp.encoding import CellLayout
from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.library import load
from efasp.pram.machine import Program
from efasp.pram.quantified import Formula, encode_qbf, exhaustive, memory, most_steps
from efasp.proofs.obligation import Batch, Obligation, Regime, lemma
from efasp.proofs.obligation import exhaustive as tried_all

VARIABLES, CLAUSES, LARGEST = 2, 2, 4  # of the formulas that are tried; variables of the largest that is tried whole
WORD, LENGTH = 16, 36  # bits, and instructions of the program
EXAMPLE = 11  # words of the file's own example: an instance has as many at least
STEPS = 100_000
TRY, TRIED = 5, 21  # instructions at which the matrix is evaluated, and its result goes up
CELLS = 3  # the most cells from which the rule is tried


class Ran(NamedTuple):
    """A run of the program in the memory of the closed form; ``encoded``: the words that the instance asks for."""

    finished: bool
    faults: int
    answer: bool
    steps: int
    encoded: int
    context: int


@cache
def formulas() -> tuple[Formula, ...]:
    """Every prefix of up to ``VARIABLES`` variables, with every set of up to ``CLAUSES`` clauses of different variables."""
    found = []
    for n in range(VARIABLES + 1):
        signs = product((0, 1, -1), repeat=n)
        clauses = [tuple(sign * v for v, sign in enumerate(chosen, 1) if sign) for chosen in signs]
        sets = [chosen for size in range(CLAUSES + 1) for chosen in combinations(clauses, size)]
        found += [Formula("".join(prefix), chosen) for prefix in product("ae", repeat=n) for chosen in sets]
    return tuple(found)


@cache
def program() -> Program:
    """The program, in the memory of its own example."""
    return assemble(load("qbf"), "qbf.pram")


@cache
def ran(formula: Formula) -> Ran:
    """The run of a formula. A cell outside the memory of the closed form would be a fault."""
    instance, words = encode_qbf(formula, WORD), memory(formula)
    made = replace(program(), memory=words, data=tuple(instance.data[at] for at in range(min(words, instance.memory))))
    run = machine.run(made, STEPS)
    context = CellLayout(WORD, "", 1, words, made.length).context_length
    answer = not run.faults and instance.result(run.configuration.memory)
    return Ran(run.finished, len(run.faults), answer, run.steps, instance.memory, context)


def value(formula: Formula, values: tuple[int, ...] = ()) -> bool:
    """The truth of a formula by the expansion of its quantifiers."""
    if len(values) == len(formula.prefix):
        return all(any(values[abs(v) - 1] == (v > 0) for v in clause) for clause in formula.clauses)
    low, high = (value(formula, (*values, bit)) for bit in (0, 1))
    return low and high if formula.prefix[len(values)] == "a" else low or high


def tree(formula: Formula, values: tuple[int, ...] = ()) -> tuple[bool, int, int]:
    """The truth, the assignments that are tried, and the inner nodes of their tree: 1 is tried where 0 is not decisive."""
    if len(values) == len(formula.prefix):
        return value(formula, values), 1, 0
    truth, leaves, inner = tree(formula, (*values, 0))
    if truth == (formula.prefix[len(values)] == "e"):
        return truth, leaves, inner + 1
    truth, more, others = tree(formula, (*values, 1))
    return truth, leaves + more, inner + others + 1


def cost(formula: Formula) -> int:
    """The steps, by the tree of assignments that are tried."""
    _, leaves, inner = tree(formula)
    matrix = 8 * len(formula.clauses) + 9 * sum(map(len, formula.clauses))
    return 8 + leaves * (5 + matrix) + 9 * (leaves - 1 + inner)


# The rule, of which the theorem speaks: cells are a quantifier's bit and a value, the innermost first here too.

Cell = tuple[int, int]


def climbed(result: int, cells: Sequence[Cell]) -> tuple[list[Cell] | None, int]:
    """The cells after a result went up (None: it is the formula's), and how many were read."""
    passed = list[Cell]()
    for at, (universal, given) in enumerate(cells):
        if not given and universal == result:
            return [*passed, (universal, 1), *cells[at + 1 :]], at + 1
        passed.append((universal, 0))
    return None, len(cells)


def followed(cells: Sequence[Cell], clauses: Sequence[tuple[int, ...]]) -> tuple[int, int, list[Cell] | None, int]:
    """What the program does from some cells on: the matrix's value, the steps to it, the cells then, and the steps to them."""
    formula = Formula("".join("ea"[universal] for universal, _ in reversed(cells)), tuple(clauses))
    words = [encode_qbf(formula, WORD).data[at] for at in range(memory(formula))]
    words[3 : 3 + len(cells)] = [2 * universal + given for universal, given in reversed(cells)]
    states = list(islice(machine.trace(replace(program(), memory=len(words), data=tuple(words))), STEPS))
    tried = next(at for at, state in enumerate(states) if state.pc[0] == TRIED)
    ends = (at for at, state in enumerate(states) if at > tried and (state.pc[0] == TRY or state.status[0] != "running"))
    after = next(ends)
    cells_after = list(states[after].memory[3 : 3 + len(cells)])
    next_ = None if states[after].status[0] == "halted" else [divmod(word, 2) for word in reversed(cells_after)]
    return states[tried].registers[0][3], tried - TRY, next_, after - tried


def unruly() -> Iterator[dict[str, Any]]:
    """Cells and matrices from which the program departs from the rule."""
    for cells, clauses in situations():
        values = [given for _, given in reversed(cells)]
        result = int(all(any(values[abs(v) - 1] == (v > 0) for v in clause) for clause in clauses))
        then, read = climbed(result, cells)
        size = 8 * len(clauses) + 9 * sum(map(len, clauses))
        wanted = result, 4 + size, then, 1 + 9 * read + 3 * (then is None)
        got = followed(cells, clauses)
        if got != wanted:
            yield {"cells": str(cells), "clauses": str(clauses), "expected": str(wanted), "got": str(got)}


@cache
def situations() -> tuple[tuple[tuple[Cell, ...], tuple[tuple[int, ...], ...]], ...]:
    """All cells of up to ``CELLS`` variables with no clause or an empty one; of fewer with one clause, or with two."""
    listed = list[tuple[tuple[Cell, ...], tuple[tuple[int, ...], ...]]]()
    for n in range(CELLS + 1):
        signs = list(product((0, 1, -1), repeat=n)) if n <= VARIABLES else []
        clauses = [tuple(s * v for v, s in enumerate(chosen, 1) if s) for chosen in signs if any(chosen)]
        for cells in product([(0, 0), (0, 1), (1, 0), (1, 1)], repeat=n):
            listed += [(cells, ()), (cells, ((),))]
            listed += [(cells, (clause,)) for clause in clauses]
            listed += [(cells, pair) for pair in product([(), *clauses], repeat=2) if n == 1]
    return tuple(listed)


def untrue() -> Iterator[dict[str, Any]]:
    """Formulas whose run does not halt, or ends with another answer."""
    for formula in formulas():
        run = ran(formula)
        if not run.finished or run.answer != value(formula):
            yield {"formula": str(formula), "expected": value(formula), "got": run.answer, "finished": run.finished}


def larger() -> Iterator[Formula]:
    """Formulas that are not run: at random, of 3 to 14 variables."""
    rng = Random("formulas")
    for n in [*range(3, 15)] * 2:
        literals = [[v if rng.random() < 0.5 else -v for v in rng.sample(range(1, n + 1), rng.randint(0, n))] for _ in range(n)]
        yield Formula("".join(rng.choices("ae", k=n)), tuple(map(tuple, literals)))


def miswritten() -> Iterator[dict[str, Any]]:
    """Larger formulas that stand in memory otherwise than is stated, or of which memory or the bound on steps is another."""
    for formula in larger():
        n, l, c = len(formula.prefix), sum(map(len, formula.clauses)), len(formula.clauses)  # noqa: E741
        written = [0 if quantifier == "e" else 2 for quantifier in formula.prefix]
        for clause in formula.clauses:
            written += [2 * literal if literal > 0 else 1 - 2 * literal for literal in clause] + [0]
        instance = encode_qbf(formula, WORD)
        words = tuple(instance.data.get(at, 0) for at in range(instance.memory))
        wanted = (n, l + c, 0, *written), 3 + n + l + c, 2**n * (23 + 8 * c + 9 * l) - 10
        if (found := (words[: 3 + n + l + c], memory(formula), most_steps(formula))) != wanted:
            yield {"formula": str(formula), "expected": str(wanted), "got": str(found)}


def oversized() -> Iterator[dict[str, Any]]:
    """Formulas whose run reads or writes outside 3 + n + l + c words, or has another context than is stated."""
    yield from miswritten()
    for formula in formulas():
        run = ran(formula)
        words = 3 + len(formula.prefix) + sum(len(clause) + 1 for clause in formula.clauses)
        wanted = 0, max(words, EXAMPLE), 2 + 4 * LENGTH + 2 * (words + 9)
        got = run.faults, run.encoded, run.context
        if wanted != got:
            yield {"formula": str(formula), "faults, words, tokens expected": str(wanted), "got": str(got)}


def mistimed() -> Iterator[dict[str, Any]]:
    """Formulas whose steps are not those of their tree, or more than the bound; and where every assignment is tried, fewer."""
    for formula in (*formulas(), *map(exhaustive, range(1, LARGEST + 1))):
        steps, whole = ran(formula).steps, formula in map(exhaustive, range(1, LARGEST + 1))
        if steps != cost(formula) or steps > most_steps(formula) or (whole and steps != most_steps(formula)):
            yield {"formula": str(formula), "expected": cost(formula), "at most": most_steps(formula), "got": steps}


@lemma
def small(regime: Regime) -> Iterator[Batch]:
    """The program's answers, memory and steps, for all formulas of a small size."""
    scope = f"exhaustive: all prefixes of up to {VARIABLES} variables, all sets of up to {CLAUSES} clauses"
    ruled = f"exhaustive: all cells of up to {CELLS} variables; with a clause of up to {VARIABLES}, with two of one"
    size = len(formulas())
    parts: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]], str], ...] = (
        ("qbf.rule", len(situations()), unruly, ruled),
        ("qbf.truth", size, untrue, scope),
        ("qbf.space", size + len(list(larger())), oversized, f"{scope}; larger ones as they stand in memory"),
        ("qbf.steps", size + LARGEST, mistimed, f"{scope}; up to {LARGEST} variables of which every assignment is tried"),
    )
    for name, count, failures, shown in parts:
        obligation = Obligation(
            name, "T4", {}, shown, regime.all_n, "exhaustive", f"{name}: {count} cases", tried_all(count, failures)
        )
        yield Batch((name,), {}, partial(iter, [obligation]))
