"""A fixed autoregressive model beside two-sided Dyck-k: one layer that lets a word end when its letters balance in number.

Every letter may follow at any time; the end may follow exactly if each letter occurs as often as its inverse. Words of the
language balance, so that it generates all of them; it also generates words that balance and do not reduce to the empty word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product

import numpy as np

from efasp.attention import seq_mean
from efasp.codebook import Codebook
from efasp.dyck import letters
from efasp.embeddings import positions, tokens
from efasp.sorts import Flag
from efasp.syntax import Program, combine, concat, relu

PLACE_BITS = 6
LONGEST = (1 << PLACE_BITS) - 1  # letters of a word


@cache
def vocabulary(k: int) -> Codebook:
    """The start, then every letter before its inverse. Raises ValueError for k < 1."""
    return Codebook.symbols(f"counting{k}", ["<", *map(str, letters(k))])


@cache
def counting_arm(k: int) -> Program:
    """The program: at every position whether the end may follow, 1 or 0; that of the last one, behind a start token and a word.

    A letter's surplus, scaled, is 1 or more from 0 where it is not 0. Raises ValueError for k < 1.
    """
    te, pe, program = tokens(vocabulary(k)), positions(Codebook.index(PLACE_BITS)), Program(f"counting{k}")
    surplus = [combine([(1, te.flag(str(x))), (-1, te.flag(str(-x)))]) for x in range(1, k + 1)]
    share = program.let("share", seq_mean(concat(*surplus, 0 * pe.one)))  # a transformer has places
    scaled = [(1 << PLACE_BITS) * share[x] for x in range(k)]
    off = [(-1, relu(sign * one)) for one in scaled for sign in (1, -1)]
    program.let("may_end", relu(combine(off, 1), Flag()))
    return program


def wrong_words(
    k: int, longest: int, may_end: Callable[[np.ndarray], bool], member: Callable[[Sequence[int]], bool]
) -> Iterator[list[int]]:
    """The words of up to so many letters after which the model may end and which are not members, or the other way round."""
    book = vocabulary(k)
    for n in range(longest + 1):
        for word in product(letters(k), repeat=n):
            ids = np.array([0, *(book.token(str(letter)) for letter in word)])
            if may_end(ids) != member(word):
                yield list(word)
