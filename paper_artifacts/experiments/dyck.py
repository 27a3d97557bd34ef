"""The runs behind the table ``dyck``: words drawn from the generator of two-sided Dyck-2, checked, and their lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import comb, sqrt
from random import Random
from typing import Any, TypedDict

from efasp.dyck import STOP, word
from efasp.paper_artifacts.tables.figures import Figure, drawn
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import cached
from efasp.stochastic import Generator

K, WORDS, PART = 2, 10_000, 100  # so many words, a part a run
SEED = 2510
LONG = 60  # letters; longer words are counted together
BINS = ((0, 0), (2, 2), (4, 4), (6, 6), (8, 10), (12, 20), (22, 40), (42, LONG), (LONG + 2, None))
DEVIATIONS = 5  # standard deviations by which the number of words of a bin may be off
Matrix = tuple[int, int, int, int]
IDENTITY: Matrix = (1, 0, 0, 1)


def times(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices of two rows, row by row."""
    return a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]


def letter(number: int) -> Matrix:
    """The matrix of a letter: x_i = a^i b a^-i, where a = (1 2; 0 1) and b = (1 0; 2 1) generate a free group (Sanov)."""
    i, sign = abs(number) - 1, 1 if number > 0 else -1
    return times(times((1, 2 * i, 0, 1), (1, 0, 2 * sign, 1)), (1, -2 * i, 0, 1))


def is_trivial(letters: Sequence[int]) -> bool:
    """Whether a word is the identity of the free group, by multiplying integer matrices: nothing is cancelled."""
    product = IDENTITY
    for number in letters:
        product = times(product, letter(number))
    return product == IDENTITY


@cache
def generator() -> Generator:
    """The generator of words in the compiled transformer."""
    from efasp.model.generators import dyck_generator

    return dyck_generator(K)


class Drawn(TypedDict):
    """Words drawn: how many of each length (in digits), and how many that are not the identity."""

    lengths: dict[str, int]
    wrong: int


def draw_part(part: int) -> Drawn:
    """Draw ``PART`` words, with random numbers of the part's own."""
    rng = Random(f"{SEED} dyck {part}")
    words = [word(K, generator().sample(rng)) for _ in range(PART)]
    lengths = Counter(map(len, words))
    return {"lengths": {str(n): lengths[n] for n in sorted(lengths)}, "wrong": sum(not is_trivial(w) for w in words)}


def law(letters: int) -> float:
    """The probability of a word of so many letters: with n pairs, Catalan(n) trees, each deletes n + 1 masks and opens n."""
    n, stop = letters // 2, float(STOP)
    return 0.0 if letters % 2 else comb(2 * n, n) // (n + 1) * stop ** (n + 1) * (1 - stop) ** n


def dyck(noted: Notes) -> Artifact:
    """Words of two-sided Dyck-2, drawn from the compiled generator: the distribution of their lengths against its law."""
    parts = cached(noted, draw_part, range(WORDS // PART))
    lengths = Counter[int]()
    for part in parts:
        lengths.update({int(n): count for n, count in part["lengths"].items()})
    wrong = sum(part["wrong"] for part in parts)
    rows: list[dict[str, Cell]] = []
    off = []
    for low, high in BINS:
        share = sum(law(n) for n in range(low, high + 1, 2)) if high is not None else 1 - sum(map(law, range(0, low, 2)))
        count = sum(many for n, many in lengths.items() if n >= low and (high is None or n <= high))
        name = str(low) if low == high else f"{low} to {high}" if high is not None else f"more than {low - 2}"
        rows.append({"letters": name, "words": count, "expected": f"{WORDS * share:.1f}"})
        if abs(count - WORDS * share) > DEVIATIONS * sqrt(WORDS * share * (1 - share)):
            off.append(name)
    checks = (
        Check(
            f"every word is the identity of the free group, as a product of matrices: {wrong} of {WORDS:,} are not", not wrong
        ),
        Check(f"the words of every row are as many as the law says, within {DEVIATIONS} standard deviations", not off),
    )
    notes = (
        f"k = {K}; a free mask is deleted with probability {STOP}; by the law a word of n pairs has the probability "
        f"Catalan(n) ({STOP})^(n+1) ({1 - STOP})^n. Every word is drawn in the compiled transformer, in float32.",
        f"The longest word has {max(lengths)} letters.",
    )
    columns = (
        Column("letters", "letters"),
        Column("words", "words drawn", "number"),
        Column("expected", "expected by the law"),
    )
    scope = f"measured: {WORDS:,} words of two-sided Dyck-{K}"
    title = f"Lengths of {WORDS:,} generated words of two-sided Dyck-{K}"
    return Artifact("dyck", title, scope, columns, tuple(rows), checks, notes, (lengths_drawn(lengths),))


def lengths_drawn(lengths: Counter[int]) -> Figure:
    """The distribution of lengths up to ``LONG``, on a logarithmic scale, with its law."""
    ns = range(0, LONG + 1, 2)

    def draw(axes: Any) -> None:
        axes.bar(list(ns), [lengths[n] for n in ns], width=1.4, color="C0", label="drawn")
        axes.plot(list(ns), [WORDS * law(n) for n in ns], ".-", color="C1", label="law")
        axes.set_yscale("log")
        axes.set_xlabel("letters")
        axes.set_ylabel(f"words of {WORDS:,}")
        axes.legend(frameon=False)

    caption = f"Words of two-sided Dyck-{K} by their number of letters, up to {LONG}, and the expected numbers."
    return drawn("dyck-lengths", "Lengths of generated words", caption, draw)
