"""The runs behind the table ``grammars``: words of context-free languages, decided in the transformer by `clauses`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypedDict

from efasp.context_free import instance, member, steps
from efasp.grammar import parse_grammar
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached, transformer
from efasp.pram import machine
from efasp.pram.library import build


class Language(NamedTuple):
    """A grammar, a word of the language for an even length, and whether a word is in it, without the grammar."""

    grammar: str
    word: Callable[[int], str]
    holds: Callable[[str], bool]


def balanced(text: str) -> bool:
    """Whether deleting ``()`` as long as there is one leaves nothing."""
    while "()" in text:
        text = text.replace("()", "")
    return not text


LANGUAGES = {
    "a^m b^m": Language(
        "S -> A T | A B\nT -> S B\nA -> a\nB -> b",
        lambda n: "a" * (n // 2) + "b" * (n // 2),
        lambda text: text == "a" * text.count("a") + "b" * text.count("a"),
    ),
    "palindromes": Language(
        "S -> A X | B Y | A A | B B | a | b\nX -> S A\nY -> S B\nA -> a\nB -> b",
        lambda n: ("ab" * n)[: n // 2] + ("ab" * n)[: n // 2][::-1],
        lambda text: text == text[::-1],
    ),
    "brackets": Language(
        "S -> S S | L T | L R\nT -> S R\nL -> (\nR -> )",
        lambda n: "(" + "()" * ((n - 2) // 2) + ")",
        balanced,
    ),
}
SIZES = {"a^m b^m": (2, 4, 8, 16, 32), "palindromes": (2, 4, 8, 16), "brackets": (2, 4, 8, 12, 16)}
LOG, CELLS = 60_000, 20_000  # tokens: runs with no more are decoded by mdm, or else by apmdm


class Point(NamedTuple):
    """A run: the language, the word and the engine."""

    language: str
    word: str
    engine: str


class Decision(TypedDict):
    """A run for a word. ``member``: its answer; ``agrees``: with the reference machine, in state, steps and faults."""

    member: bool
    steps: int
    decode: int | None
    context: int | None
    processors: int
    memory: int
    agrees: bool
    seconds: float


def decide(point: Point) -> Decision:
    """Run the program for a word in its engine, and in the reference machine."""
    of = instance(parse_grammar(LANGUAGES[point.language].grammar), point.word)
    program = build("clauses", of)
    reference = result = machine.run(program)
    start = time.perf_counter()
    if point.engine != "reference":
        from efasp.model import decode

        result = decode.run(program, point.engine, transformer(program.word, point.engine), "", 10_000)
    return {
        "member": member(of, result),
        "steps": result.steps,
        "decode": result.decode_steps,
        "context": result.context_length,
        "processors": program.processors,
        "memory": program.memory,
        "agrees": result.outcome == reference.outcome and result.finished,
        "seconds": time.perf_counter() - start,
    }


def engine_for(language: str, word: str) -> str:
    """The engine that decodes a word's program whole within ``LOG`` or ``CELLS`` tokens, else the reference."""
    of = instance(parse_grammar(LANGUAGES[language].grammar), word)
    if of.memory + 3 * of.processors * (steps(len(word)) + 1) <= LOG:
        return "mdm"
    return "apmdm" if 2 * (of.memory + 9 * of.processors) <= CELLS else "reference"


def words(language: str, n: int) -> tuple[str, str]:
    """A word of the language, and one with its first letter for the last, which is outside it."""
    inside = LANGUAGES[language].word(n)
    other = next(letter for letter in inside if letter != inside[-1]) if n > 2 else inside[0]
    outside = inside[:-1] + other
    return inside, outside if not LANGUAGES[language].holds(outside) else inside[:-1] + "ab"[inside[-1] == "a"]


def grammars(noted: Notes) -> Artifact:
    """Context-free languages in the transformer: a word inside and one outside, for every grammar and length."""
    sizes = [(language, n) for language, some in SIZES.items() for n in some]
    points = [Point(name, word, engine_for(name, word)) for name, n in sizes for word in words(name, n)]
    decided = cached(noted, decide, points)
    rows: list[dict[str, Cell]] = []
    for i, (language, n) in enumerate(sizes):
        runs = decided[2 * i : 2 * i + 2]
        row: dict[str, Cell] = {"language": language, "n": n, "p": runs[0]["processors"], "m": runs[0]["memory"]}
        row |= {"t": max(run["steps"] for run in runs), "form": steps(n), "engine": points[2 * i].engine}
        row |= {"decode": runs[0]["decode"], "context": runs[0]["context"]}
        timed = points[2 * i].engine != "reference"  # of the transformer alone
        row["seconds"] = sum(run["seconds"] for run in runs) if timed else None
        rows.append(row)
    right = all(run["member"] == LANGUAGES[at.language].holds(at.word) for at, run in zip(points, decided, strict=True))
    both = all({run["member"] for run in decided[i : i + 2]} == {True, False} for i in range(0, len(decided), 2))
    exact = all(run["steps"] == steps(len(at.word)) for at, run in zip(points, decided, strict=True))
    same = all(run["agrees"] and run["decode"] in (None, run["steps"]) for run in decided)
    checks = (
        Check("every word is decided as the language says, one inside and one outside in every row", right and both),
        Check("every run takes 15 + 24 floor(log2 n) steps, whatever the grammar and the word", exact),
        Check("runs in the transformer: as the reference machine, one decoding step a PRAM step", same),
    )
    shown = (Column("language", "language"), *(Column(key, heading, "number") for key, heading in COUNTED))
    columns = (*shown, Column("engine", "run in"), *(Column(key, heading, "number") for key, heading in DECODED))
    scope = "measured: two words a row, one of them in the language; larger ones in the reference machine"
    title = "Context-free languages in log n"
    return Artifact("grammars", title, scope, (*columns, Column("seconds", "seconds", "time")), tuple(rows), checks, ())


COUNTED = (("n", "n"), ("p", "P"), ("m", "M"), ("t", "PRAM steps"), ("form", "15 + 24 floor(log2 n)"))
DECODED = (("decode", "decoding steps"), ("context", "context"))
