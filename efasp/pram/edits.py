"""PRESERVE for the library's program ``preserve``: random edits of a string, an instance in memory, and the size of its table.

A problem is a string, a list of edits, and an index: which letter stands there in the end? Letters are the words from 1 on.

>>> encode_preserve(Edited("ab", (("c", 1), ("", 0)), 0), 16).memory
31
"""

from __future__ import annotations

from itertools import chain
from random import Random
from typing import NamedTuple

from efasp.pram.problems import Instance, _instance

LETTERS = "abcdefghijklmnopqrstuvwxyz"  # the words 1 to 26


class Edited(NamedTuple):
    """A string, edits in their order, each a letter that is inserted ("" where one is deleted) and a position, and an index."""

    string: str
    edits: tuple[tuple[str, int], ...]
    at: int


def checked(problem: Edited, word: int) -> Edited:
    """The problem. Raises ValueError, which names the place, for one that is malformed or that words cannot hold."""
    length = len(problem.string)
    if wrong := sorted({*problem.string} - {*LETTERS}):
        raise ValueError(f"preserve: string: expected letters a to z, found {wrong[0]!r}")
    for number, (letter, at) in enumerate(problem.edits, 1):
        if letter not in ("", *LETTERS):
            raise ValueError(f"preserve: edit {number}: expected one letter of a to z, or none, found {letter!r}")
        if not 0 <= at <= length - (not letter):
            raise ValueError(f"preserve: edit {number}: expected a position within {length} letters, found {at}")
        length += 1 if letter else -1
    if not 0 <= problem.at < length:
        raise ValueError(f"preserve: index: expected a position within the {length} letters of the end, found {problem.at}")
    if max(memory(problem), len(LETTERS) + 1) > 1 << word:
        raise ValueError(f"preserve: expected at most {1 << word} words of memory, found {memory(problem)}")
    return problem


def processors(problem: Edited) -> int:
    """One for every index, up to the longest that a string can be, and every time: (s + m + 1) 2^a, a the bits of m."""
    return (len(problem.string) + len(problem.edits) + 1) << len(problem.edits).bit_length()


def memory(problem: Edited) -> int:
    """The words: five, two an edit, one a letter, and the table, with one a processor."""
    return 5 + 2 * len(problem.edits) + len(problem.string) + processors(problem)


def most_steps(problem: Edited) -> int:
    """The most steps, which are logarithmic in the number of edits, whatever the string and the edits are."""
    return 48 + 9 * len(problem.edits).bit_length()


def draw_preserve(rng: Random, size: int, word: int) -> Edited:
    """``size`` edits of a string of up to so many letters, each at any position, and an index that there is in the end."""
    string = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, size)))
    length, edits = len(string), list[tuple[str, int]]()
    for number in range(size):
        inserts = length < 1 or (number == size - 1 and length < 2) or rng.random() < 0.5
        edits.append((rng.choice(LETTERS), rng.randint(0, length)) if inserts else ("", rng.randrange(length)))
        length += 1 if inserts else -1
    return Edited(string, tuple(edits), rng.randrange(length))


def encode_preserve(problem: Edited, word: int) -> Instance:
    """The numbers s and m, the index, a word for the answer, position and letter of each edit, the string, and the table.

    Raises ValueError for a problem that is malformed, or that words of this width cannot hold.
    """
    string, edits, at = checked(problem, word)
    listed = chain.from_iterable((place, _code(letter)) for letter, place in edits)
    cells = [len(string), len(edits), at, 0, *listed, *map(_code, string), 0]
    count = processors(problem)
    return _instance("preserve", problem, word, count, cells, lambda found: LETTERS[found[3] - 1], scratch=count)


def _code(letter: str) -> int:
    """A letter as a word, "" as 0."""
    return LETTERS.index(letter) + 1 if letter else 0
