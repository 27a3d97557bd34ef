"""Family corollaries (claims T1-connectivity and T1-context-free): how many rounds the library's programs need.

Here context-free languages: the clauses that ``efasp.context_free`` makes of a grammar are those that Rocq's kernel proves
enough (proofs/rocq/ContextFree.v, for all grammars and all n), and the program `clauses` applies them, a round in 6 steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice, product
from typing import Any

from efasp.context_free import LONGEST, Clause, Fact, Gap, Item, Letter, Table, instance, member, number, rounds, steps
from efasp.grammar import Grammar, parse_grammar
from efasp.pram import machine
from efasp.pram.library import Instance, build
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma

GRAMMARS = (
    "S -> S S | L T | L R\nT -> S R\nL -> (\nR -> )",
    "S -> A X | B Y | A A | B B | a | b\nX -> S A\nY -> S B\nA -> a\nB -> b",
    "S -> S S | A U | a\nA -> a | b\nU -> U U",  # U derives nothing
    "S -> A T | A B\nT -> S B\nA -> a\nB -> b\nN -> S S",  # N does not occur
)
TABLED, WIDE = 6, (8, 10, 18)  # letters of words whose tables are compared: the most, and those of the last grammar besides
LETTERS, LONGER = 4, ("ab" * 8, "a" * 8 + "b" * 8)  # all words of so many letters and fewer; words of the last grammar
ROUNDS = 3  # letters of the words whose rounds are compared one by one
PREAMBLE, ROUND = 8, 6  # steps of the program


@cache
def grammars() -> tuple[Grammar, ...]:
    """The grammars that are tried."""
    return tuple(map(parse_grammar, GRAMMARS))


def defined(grammar: Grammar, n: int) -> set[Clause]:
    """The clauses as ContextFree.v defines them: widths, splits, what is below what, and the six kinds; none where no word of n
    letters is derived."""
    widths: set[tuple[str, int]] = {(rule.left, 1) for rule in grammar.terminal}
    for _ in range(n * len(grammar.nonterminals)):
        pairs = ((rule, x, y) for rule in grammar.binary for x, y in product(range(1, n), repeat=2) if x + y <= n)
        widths |= {(r.left, x + y) for r, x, y in pairs if (r.first, x) in widths and (r.second, y) in widths}
    if (grammar.start, n) not in widths:
        return set()
    splits = [
        (Item(left, i, j), Item(first, i, k), Item(second, k, j))
        for left, first, second in grammar.binary
        for i, k, j in product(range(n + 1), repeat=3)
        if i < k < j and (first, k - i) in widths and (second, j - k) in widths
    ]
    below = {(x, part) for x, *parts in splits for part in parts}
    parts: dict[Item, set[Item]] = {}
    for x, y in below:
        parts.setdefault(x, set()).add(y)
    while fresh := {(x, z) for x, y in below for z in parts.get(y, ())} - below:
        below |= fresh
    goal = Item(grammar.start, 0, n)
    occurs = {goal} | {y for x, y in below if x == goal}
    inner = [(x, y) for x, y in below if y.high - y.low >= 2]
    within: dict[Item, list[Item]] = {}
    for x, y in inner:
        within.setdefault(x, []).append(y)
    clauses: set[tuple[Fact, Fact, Fact]] = set()
    for name, letter in grammar.terminal:
        for i in range(n):
            if Item(name, i, i + 1) in occurs:
                clauses.add((Letter(i, letter), Letter(i, letter), Item(name, i, i + 1)))
    for x, y, z in splits:
        if x in occurs:
            clauses |= {(y, z, x)}
            clauses |= {(z, z, Gap(x, y))} if y.high - y.low >= 2 else set()
            clauses |= {(y, y, Gap(x, z))} if z.high - z.low >= 2 else set()
    for x, y in inner:
        if x in occurs:
            clauses |= {(Gap(x, y), y, x)} | {(Gap(x, y), Gap(y, z), Gap(x, z)) for z in within.get(y, ())}
    return clauses


def mistabled() -> Iterator[dict[str, Any]]:
    """Tables that lack a clause or have another, or one twice; of lengths of which no word is derived, any clause."""
    for which, grammar in enumerate(grammars()):
        for n in (*range(1, TABLED + 1), *(WIDE if grammar == grammars()[-1] else ())):
            table = Table(grammar, n)
            listed, wanted = [*table.clauses()], defined(grammar, n)
            if len(set(listed)) < len(listed) or set(listed) != wanted:
                differ = sorted(map(str, set(listed) ^ wanted)) or ["one is there twice"]
                yield {"grammar": GRAMMARS[which], "n": n, "clause": differ[0]}


def texts(grammar: Grammar, most: int = LETTERS) -> Iterator[str]:
    """The words of up to so many letters."""
    for length in range(most + 1):
        yield from map("".join, product(grammar.letters, repeat=length))


def derives(grammar: Grammar, text: str) -> bool:
    """Whether the grammar derives a word, by the items of every length in turn (Cocke, Younger, Kasami)."""
    if not text:
        return grammar.empty
    held = {Item(rule.left, i, i + 1) for i, letter in enumerate(text) for rule in grammar.terminal if rule.letter == letter}
    for size in range(2, len(text) + 1):
        for i, (left, first, second) in product(range(len(text) - size + 1), grammar.binary):
            if any({Item(first, i, k), Item(second, k, i + size)} <= held for k in range(i + 1, i + size)):
                held.add(Item(left, i, i + size))
    return Item(grammar.start, 0, len(text)) in held


def cases() -> Iterator[tuple[Grammar, str]]:
    """Every grammar with every word of a few letters, and longer words of the last."""
    for grammar in grammars():
        for text in texts(grammar):
            yield grammar, text
    for text in LONGER:
        yield grammars()[-1], text


def miscounted() -> Iterator[dict[str, Any]]:
    """Lengths of which the rounds or steps are not those that are stated; words of which other letters are in memory."""
    doublings = 0
    for n in range(LONGEST + 1):
        doublings += n >= 2 << doublings
        if (stated := (rounds(n), steps(n))) != (wanted := (1 + 4 * doublings, 15 + 24 * doublings)):
            yield {"n": n, "expected": str(wanted), "got": str(stated)}
    for text in ("a" * (n // 2) + "b" * (n // 2) for n in WIDE):
        of = instance(grammars()[-1], text)
        clauses = [*Table(grammars()[-1], len(text)).clauses()]
        facts, letters = number([(Item(grammars()[-1].start, 0, len(text)),), *clauses]), {first for first, _, _ in clauses}
        wanted_facts = {facts[fact] for at, letter in enumerate(text) if (fact := Letter(at, letter)) in letters}
        if of.problem.holds != wanted_facts or of.problem.rounds != rounds(len(text)) or len(wanted_facts) != len(text):
            yield {"word": text, "expected": str(sorted(wanted_facts)), "got": str(sorted(of.problem.holds))}


def undecided() -> Iterator[dict[str, Any]]:
    """Words on which the program errs, or takes another number of steps than is stated."""
    yield from miscounted()
    for grammar, text in cases():
        of = instance(grammar, text)
        run = machine.run(build("clauses", of))
        wanted = derives(grammar, text), steps(len(text))
        if (decided := (member(of, run), run.steps)) != wanted or run.violation is not None or run.faults:
            yield {"word": text, "expected": str(wanted), "got": str(decided)}


def misapplied() -> Iterator[dict[str, Any]]:
    """Rounds of the program after which other facts stand in memory than those that the clauses give."""
    for grammar in grammars():
        for text in texts(grammar, ROUNDS):
            of = instance(grammar, text)
            for place, (got, wanted) in enumerate(rounds_of(of)):
                if got != wanted:
                    yield {"word": text, "round": place, "expected": str(wanted), "got": str(got)}


def rounds_of(of: Instance) -> Iterator[tuple[list[int], list[int]]]:
    """The facts in memory after every round, and those that rounds of sets give."""
    holds = set(of.problem.holds)
    last = PREAMBLE + ROUND * of.problem.rounds
    for configuration in islice(machine.trace(build("clauses", of)), PREAMBLE, last + 1, ROUND):
        yield of.result(configuration.memory), sorted(holds)
        holds |= {last for first, second, last in of.problem.clauses if {first, second} <= holds}


@lemma
def context_free(regime: Regime) -> Iterator[Batch]:
    """The clauses of some grammars, the program that applies them, and what it decides, in all cases of a small size."""
    some = f"{len(GRAMMARS)} grammars"
    applied = sum(1 for grammar in grammars() for _ in texts(grammar, ROUNDS))
    parts: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]], str], ...] = (
        (
            "corollaries.clauses",
            len(GRAMMARS) * TABLED + len(WIDE),
            mistabled,
            f"exhaustive: {some}, n <= {TABLED}; one, n = {WIDE}",
        ),
        ("corollaries.applied", applied, misapplied, f"exhaustive: {some}, words of up to {ROUNDS} letters, every round"),
        (
            "corollaries.rounds",
            sum(1 for _ in cases()) + LONGEST + 1 + len(WIDE),
            undecided,
            f"exhaustive: {some}, words of up to {LETTERS} letters, and two of 16; rounds for n <= {LONGEST}",
        ),
    )
    for name, count, failures, scope in parts:
        discharge = exhaustive(count, failures)
        obligation = Obligation(name, "T1", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
