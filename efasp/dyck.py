"""Two-sided Dyck-k by any-process generation: a program in E-FASP whose runs end in the words that reduce to the empty word.

Letters are 1..k and their inverses -1..-k. A run starts at a single mask, and every mask stands for a word that reduces to the
empty word, of which nothing is written yet. A *free* mask is deleted with probability ``STOP``; else it becomes, in three
passes, an adjacent pair of inverse letters with a free mask inside and one behind (``1?`` and ``1!`` are two auxiliary tokens
for every letter, first and second)::

    M                  draw a letter b, 2 k of them: unmask as first(b), insert a mask behind it;  or delete
    b? M               remask first(b); unmask the mask behind it as second(b), insert a mask
    M  b! M            unmask the left mask as b and the right one as the inverse of b, insert a mask; remask second(b)
    b  M  b' M         two free masks

So ``S -> nothing | b S b' S`` is generated, which is the language of all words that reduce to the empty word. What a position
emits depends on its own token and its two neighbours. A letter never changes again, so a sequence of letters alone is a fixed
point, and the run halts there.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache

from efasp.attention import gather
from efasp.codebook import Codebook
from efasp.embeddings import Embedding, positions, tokens
from efasp.sorts import Flag, OneHot
from efasp.syntax import Node, Program, combine, concat, relu, take, weigh

STOP = Fraction(9, 16)  # of a free mask to be deleted: above 1/2, so that runs end with probability 1
PLACE_BITS = 11  # a sequence has at most 2^11 positions, so that float32 is exact
PLACES = Codebook.index(PLACE_BITS)
MASK = "mask"


def letters(k: int) -> list[int]:
    """The letters 1, -1, 2, -2, ..., k, -k. Raises ValueError for k < 1."""
    if k < 1:
        raise ValueError(f"k: expected 1 or more letters, found {k}")
    return [sign * letter for letter in range(1, k + 1) for sign in (1, -1)]


@cache
def vocabulary(k: int) -> Codebook:
    """The tokens: the mask, then every letter, then the first and the second auxiliary token of every letter.

    Raises ValueError for k < 1.
    """
    named = [f"{letter}{kind}" for kind in ("", "?", "!") for letter in letters(k)]
    return Codebook.symbols(f"dyck{k}", [MASK, *named])


def word(k: int, ids: Iterable[int]) -> list[int]:
    """The letters of a sequence of letter tokens. Raises ValueError for any other token."""
    found, known = [], letters(k)
    for token in ids:
        if not 1 <= token <= 2 * k:
            raise ValueError(f"dyck: expected letters alone, found {vocabulary(k).split(token)[0]}")
        found.append(known[token - 1])
    return found


def _inverses(flags: Node) -> Node:
    """Flags of letters as flags of their inverses."""
    return take(flags, [place ^ 1 for place in range(flags.width)], OneHot(flags.width, partial=True))


def _flags(te: Embedding, k: int, kind: str) -> Node:
    """One flag a letter: whether the token is its own (kind ``""``), its first (``?``) or its second (``!``)."""
    start = te.codebook.slots[f"1{kind}"].start
    return take(te.node, range(start, start + 2 * k), OneHot(2 * k, partial=True))


def _either(*terms: tuple[int, Node], constant: int = 0) -> Node:
    """A unit for every coordinate: 1 where the sum of the terms, which is at most 1, is 1."""
    given = combine(list(terms), constant)
    return relu(given, OneHot(given.width, partial=True) if given.width > 1 else Flag())


def _some(flags: Node) -> Node:
    return weigh(flags, [1] * flags.width, sort=Flag())


@cache
def dyck(k: int) -> Program:
    """The program: at every position one score a token (1 where it may be drawn, else 0), then the chances of the three
    control bits: remask, insert, delete. Raises ValueError for k < 1.

    Of the read-out, (positions, 6 k + 5), a sampler takes the softmax of the scores and a Bernoulli draw of every chance
    (``efasp.stochastic``).
    """
    book = vocabulary(k)
    te, pe, program = tokens(book), positions(PLACES), Program(f"dyck{k}")
    number, mask = pe.field("number"), te.flag(MASK)
    own, first, second = (_flags(te, k, kind) for kind in ("", "?", "!"))
    pair = concat(first, second)
    left = program.let("left", gather(pair, number - 1, pe))  # a mask at an end reads itself: nothing
    right_second = program.let("right_second", gather(second, number + 1, pe))
    left_first, left_second = left[: 2 * k], left[2 * k :]
    marked = program.let("marked", _some(left))
    closing = program.let("closing", _either((1, mask), (1, _inverses(left_second)), constant=-1))
    opening = program.let("opening", _either((1, mask), (1, right_second), (-1, marked), constant=-1))
    opens = program.let("opens", _either((1, mask), (1, _some(right_second)), (-1, marked), constant=-1))
    turning = program.let("turning", _either((1, mask), (1, left_first), constant=-1))
    free = program.let("free", _either((1, mask), (-1, marked), (-1, _some(right_second))))
    scores = concat(
        combine([(0, mask)], sort=Flag()),  # the mask is never predicted
        combine([(1, own), (1, closing), (1, opening)], sort=OneHot(2 * k, partial=True)),
        combine([(1, first), (1, free)]),
        combine([(1, second), (1, turning)], sort=OneHot(2 * k, partial=True)),
    )
    remask = _some(pair)
    insert = combine([(1, mask), (-1, opens)], sort=Flag())
    program.let("readout", concat(scores, te.one, remask, insert, combine([(STOP, free)])))
    return program
