"""Family generation (claim T5): two-sided Dyck-k is the support of a stochastic any-process generator, and no autoregressive
model's of a class that cannot decide it.

``efasp.dyck`` is the program. What it allows at a position is compared with a rule in the terms of tokens, of the position's
own token and its two neighbours (``attention.gather``: the heads read these, in sequences of every length); and its compiled
plan with the same rule, on sequences in which every triple of tokens occurs. Rocq's kernel proves for all k and all lengths
that the runs of that rule halt exactly at the words that reduce to the empty word (proofs/rocq/TwoSidedDyck.v); here
the runs of the program are searched exhaustively, up to a length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np

from efasp.dyck import dyck, vocabulary, word
from efasp.evaluate import evaluate
from efasp.model.lower import lower
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma
from efasp.proofs.smtlib import Script, eq, implies, land, lnot
from efasp.stochastic import Generator

Token = tuple[str, int]  # ("mask", 0), ("letter", 2), ("letter", -2), ("first", 2) or ("second", 2)
MASK: Token = ("mask", 0)
RULED, PLANNED = (1, 2), (1, 2)  # k for which the program, and its compiled plan, are compared with the rule
SEARCHED = ((1, 6), (2, 4))  # k, and the letters up to which the runs are searched
CHUNK = 1000  # positions of a sequence that the plan is given


# The rule, in the terms of tokens: what theories and documentation state.


def token_of(k: int, number: int) -> Token:
    """A token by its id: the mask, then the letters 1, -1, 2, -2, ..., then the first of each, then the second."""
    if number == 0:
        return MASK
    kind, place = divmod(number - 1, 2 * k)
    return ("letter", "first", "second")[kind], (place // 2 + 1) * (-1 if place % 2 else 1)


def rule(left: Token, own: Token, right: Token, tokens: Sequence[Token]) -> tuple[set[Token], tuple[Fraction, ...]]:
    """The tokens that may be drawn at a position, and the chances to remask, insert and delete. An end counts as a mask."""
    none, sure, stop = Fraction(0), Fraction(1), Fraction(9, 16)
    if own != MASK:
        return {own}, (none if own[0] == "letter" else sure, none, none)
    if left[0] == "first":
        return {("second", left[1])}, (none, sure, none)
    if left[0] == "second":
        return {("letter", -left[1])}, (none, sure, none)
    if right[0] == "second":
        return {("letter", right[1])}, (none, none, none)
    return {token for token in tokens if token[0] == "first"}, (none, sure, stop)


def differs(k: int, outputs: Any, triple: tuple[int, int, int]) -> dict[str, Any] | None:
    """How one position's read-out departs from the rule for the ids of (left, own, right)."""
    tokens = [token_of(k, number) for number in range(6 * k + 1)]
    left, own, right = (tokens[number] for number in triple)
    drawn, chances = rule(left, own, right, tokens)
    scores = [Fraction(int(token in drawn)) for token in tokens]
    wanted = [*scores, *chances]
    found = [Fraction(x) for x in [*outputs[: len(tokens)], *outputs[-3:]]]
    if found == wanted:
        return None
    names = [*map(str, tokens), "remask", "insert", "delete"]
    where = [name for name, a, b in zip(names, wanted, found, strict=True) if a != b]
    return {"k": k, "left, own, right": str([tokens[number] for number in triple]), "differs": ", ".join(where)}


@cache
def read_outs(k: int) -> np.ndarray:
    """The program's read-out for every triple of tokens (left, own, right), (tokens^3, width): its heads are given the values
    at the neighbours, and all else is at one position."""
    program, size = dyck(k), vocabulary(k).size
    triples = np.array(list(product(range(size), repeat=3)))
    heads = [program.definitions[name] for name in ("left", "right_second")]
    given = {head: evaluate(head.v, tokens=triples[:, column])[0] for head, column in zip(heads, (0, 2), strict=True)}  # type: ignore[attr-defined]
    return evaluate(program.output, tokens=triples[:, 1], values=given)[0]


def unruly(k: int) -> Iterator[dict[str, Any]]:
    """The triples at which the program's read-out departs from the rule."""
    size = vocabulary(k).size
    triples = ((a, b, c) for a in range(size) for b in range(size) for c in range(size))
    rows = zip(triples, read_outs(k).tolist(), strict=True)
    yield from filter(None, (differs(k, row, triple) for triple, row in rows))


def triples_in_line(size: int) -> list[int]:
    """A sequence of ids in which every triple of them occurs as neighbours once: a de Bruijn sequence, by Lyndon words."""
    line: list[int] = []
    lyndon = [-1]
    while lyndon:
        lyndon[-1] += 1
        if 3 % len(lyndon) == 0:
            line += lyndon
        lyndon = (lyndon * 3)[:3]
        while lyndon and lyndon[-1] == size - 1:
            lyndon.pop()
    return line + line[:2]


def unplanned(k: int) -> Iterator[dict[str, Any]]:
    """The positions at which the compiled plan's read-out departs from the rule, on sequences with every triple of tokens."""
    plan, line = lower(dyck(k)), triples_in_line(vocabulary(k).size)
    for start in range(0, len(line) - 2, CHUNK):
        ids = line[start : start + CHUNK + 2]
        for at, row in enumerate(plan.forward(ids).tolist()):
            near = (ids[at - 1] if at else 0, ids[at], ids[at + 1] if at + 1 < len(ids) else 0)
            wrong = differs(k, row, near)
            if wrong is not None:
                yield {**wrong, "position": at, "length": len(ids)}


@lemma
def local(regime: Regime) -> Iterator[Batch]:
    """What the program and its compiled plan allow at a position is the rule's."""
    parts: tuple[tuple[str, tuple[int, ...], Callable[[int], Iterator[dict[str, Any]]], Callable[[int], str]], ...] = (
        ("generation.rule", RULED, unruly, lambda k: f"exhaustive at k = {k}: all triples of tokens"),
        ("generation.plan", PLANNED, unplanned, lambda k: f"exhaustive at k = {k}: all triples of tokens, compiled"),
    )
    for name, sizes, failures, scope in parts:
        for k in sizes:
            params, cases = {"k": k}, (6 * k + 1) ** 3
            discharge = exhaustive(cases, partial(failures, k))
            obligation = Obligation(
                name, "T5", params, scope(k), regime.all_n, "exhaustive", f"{name} {k}: {cases} triples", discharge
            )
            yield Batch((name,), params, lambda obligation=obligation: iter([obligation]))  # type: ignore[misc]


# The runs, searched.


def reduced(letters: Sequence[int]) -> list[int]:
    """The reduced form of a word in the free group: neighbours that are inverse to each other cancel, on a stack."""
    stack: list[int] = []
    for letter in letters:
        if stack and stack[-1] == -letter:
            stack.pop()
        else:
            stack.append(letter)
    return stack


def tabled(k: int) -> Generator:
    """The program as a generator: its read-outs by the triples of neighbours."""
    size, table = vocabulary(k).size, read_outs(k)

    def readout(ids: np.ndarray) -> np.ndarray:
        padded = np.concatenate([[0], ids, [0]])
        found: np.ndarray = table[(padded[:-2] * size + padded[1:-1]) * size + padded[2:]]
        return found

    return Generator(readout, size, 0, 1 << 16)


def reached(k: int, longest: int) -> set[tuple[int, ...]]:
    """The words of up to so many letters at which runs of positive probability halt, by searching all runs.

    A sequence is given up when it has, or its auxiliary tokens announce, more letters.
    """
    generator, words = tabled(k), set[tuple[int, ...]]()
    waiting: list[tuple[int, ...]] = [(0,)]
    seen = set(waiting)
    while waiting:
        ids = waiting.pop()
        if generator.draws(ids).halted:
            words.add(tuple(word(k, ids)))
            continue
        for after in generator.followers(ids):
            letters = sum(1 <= token <= 2 * k for token in after) + 2 * sum(token > 2 * k for token in after)
            if letters <= longest and after not in seen:
                seen.add(after)
                waiting.append(after)
    return words


def misgenerated(k: int, longest: int, sound: bool) -> Iterator[dict[str, Any]]:
    """Words that are generated and do not reduce to the empty word (``sound``), or that do and are not generated."""
    generated = reached(k, longest)
    alphabet = [sign * letter for letter in range(1, k + 1) for sign in (1, -1)]
    wanted = {w for n in range(longest + 1) for w in product(alphabet, repeat=n) if not reduced(w)}
    for each in sorted(generated - wanted if sound else wanted - generated):
        yield {"k": k, "word": str(list(each)), "got": "generated" if sound else "not generated"}


@lemma
def searched(regime: Regime) -> Iterator[Batch]:
    """The halting words of the program's runs are those that reduce to the empty word, up to a length."""
    for k, longest in SEARCHED:
        for name, sound in (("generation.soundness", True), ("generation.completeness", False)):
            params, cases = {"k": k}, sum((2 * k) ** n for n in range(longest + 1))
            scope = f"exhaustive at k = {k}: words of up to {longest} letters"
            discharge = exhaustive(cases, partial(misgenerated, k, longest, sound))
            obligation = Obligation(name, "T5", params, scope, regime.all_n, "exhaustive", f"{name} {k} {longest}", discharge)
            yield Batch((name,), params, lambda obligation=obligation: iter([obligation]))  # type: ignore[misc]


# An autoregressive model with this support decides the language.

WORD_PROBLEM = (
    "the word problem of a free group of rank 2 or more is NC1-hard (Robinson 1993; Bartholdi, Figelius, Lohrey and Weiss, "
    "arXiv 1909.13781)"
)
TRANSFORMERS = (
    "transformers of constant depth and logarithmic precision are in uniform TC0 (Merrill and Sabharwal, arXiv 2207.00729)"
)
SEPARATION = "TC0 != NC1 (cited)"


def incomplete(longest: int) -> Iterator[dict[str, Any]]:
    """Words that the inverse letters, in the opposite order, do not complete to one that reduces to the empty word."""
    for n in range(longest + 1):
        for letters in product((1, -1, 2, -2), repeat=n):
            if reduced([*letters, *(-letter for letter in reversed(letters))]):
                yield {"word": str(list(letters))}


def end_decides(regime: Regime) -> Iterator[Obligation]:
    """That a model whose support is the language may end after a word exactly if the word is in the language."""
    script = Script("QF_UF")
    for name, note in (("w", "a word"), ("c", "the word completed by its inverse")):
        for part in ("reached", "may_end", "member"):
            script.declare(f"{part}_{name}", "Bool", f"{part} of {name}: {note}")
        script.definition(eq(land(f"reached_{name}", f"may_end_{name}"), f"member_{name}"), "the support is the language")
    script.definition("member_c", "generation.completion")
    script.definition(implies("reached_c", "reached_w"), "a prefix of what is reached is reached")
    yield script.obligation("generation.end_decides", "T5", {}, "all n", regime.all_n, eq("may_end_w", "member_w"))


def no_model(regime: Regime) -> Iterator[Obligation]:
    """That no transformer of constant depth has the language as its support, given the cited results."""
    script = Script("QF_UF")
    for name, note in (
        ("transformer", "the model is one of constant depth and logarithmic precision"),
        ("supports", "its support is two-sided Dyck-k, k >= 2"),
        ("end_in", "whether it may end is a predicate in TC0"),
        ("word_in", "the word problem is in TC0"),
        ("equal", "TC0 = NC1"),
    ):
        script.declare(name, "Bool", note)
    script.definition(implies("supports", eq("end_in", "word_in")), "generation.end_decides: the two predicates are the same")
    script.assumed(lnot("equal"), SEPARATION)
    script.assumed(implies("word_in", "equal"), WORD_PROBLEM)
    script.assumed(implies("transformer", "end_in"), TRANSFORMERS)
    goal = lnot(land("transformer", "supports"))
    yield script.obligation("generation.autoregressive", "T5", {}, "all n", regime.all_n, goal)


@lemma
def autoregressive(regime: Regime) -> Iterator[Batch]:
    """An autoregressive model with this support decides the word problem, so that none of constant depth has it (cited)."""
    name, longest = "generation.completion", 5
    cases = sum(4**n for n in range(longest + 1))
    completion = Obligation(
        name, "T5", {}, f"exhaustive at k = 2: words of up to {longest} letters", regime.all_n, "exhaustive",
        f"{name} {longest}", exhaustive(cases, partial(incomplete, longest)),
    )  # fmt: skip
    yield Batch((name,), {}, lambda: iter([completion]))
    yield Batch(("generation.end_decides",), {}, partial(end_decides, regime))
    yield Batch(("generation.autoregressive",), {}, partial(no_model, regime))
