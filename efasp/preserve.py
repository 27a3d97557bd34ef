"""PRESERVE by any-process generation: insertions and deletions are carried out on a string, one edit a pass (claim T6).

PRESERVE is our formulation: from a string, a list of edits (insert a letter at a position, delete the letter at a position) and
an index, tell the letter that stands there in the end. The prompt is the edits, one token each, a separator, and the string::

    ins b 1   del 0   |   a c c

A position is an offset from the separator, so that an edit keeps its address whatever was inserted or deleted: positions are
numbered anew after every pass, and one lookup finds the separator's number. An edit takes two passes: the first inserts a
mask where a letter is to stand, or remasks the letter that goes; the second unmasks the mask as the letter, or deletes it,
and remasks the edit's own token, which is then deleted in turn. In the second the next edit begins, so that m >= 1
edits take m + 2 passes:

* There is at most one mask behind the separator. It belongs to the first edit, which has begun then; the edit that begins is
  the second one, and else the first.
* A mask that is being deleted does not count: an address at or behind it is one further.
* A mask that is being unmasked counts as its letter; if the next edit deletes that letter, it stays a mask.

The context is the edits and the string, and shrinks as edits are done. An address outside the string changes nothing, for
ever: the run halts with edits left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from efasp.attention import gather
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.pointwise import and_, equals, threshold
from efasp.process import g
from efasp.sorts import Flag, Int, OneHot
from efasp.syntax import Node, Program, aha, combine, concat, refine, relu, take

SEPARATOR, MASK, DELETE = "|", "mask", "del"
Readout = Callable[[np.ndarray], np.ndarray]
Edit = tuple[str, int]  # the letter that is inserted, or "" for a deletion, and the position


@cache
def vocabulary(letters: str, bits: int) -> Codebook:
    """The separator, the mask, every letter, the insertion of every letter, and the deletion; edits carry their position."""
    kinds = [Kind(SEPARATOR), Kind(MASK), *map(Kind, letters)]
    kinds += [*(Kind(f"ins {letter}", ("at",)) for letter in letters), Kind(DELETE, ("at",))]
    return Codebook("preserve", tuple(kinds), (("at", bits),), (Field("number", "at", "number"),))


@cache
def places(bits: int) -> Codebook:
    """The codebook of places 0..2^bits-1."""
    return Codebook.index(bits)


def prompt(letters: str, bits: int, string: str, edits: Sequence[Edit]) -> list[int]:
    """The token ids of a task. Raises ValueError for an edit or a string that the vocabulary does not hold."""
    book = vocabulary(letters, bits)
    named = [(f"ins {letter}" if letter else DELETE, at) for letter, at in edits]
    ids = [book.token(kind, at) for kind, at in named] + [book.token(SEPARATOR)] + [book.token(letter) for letter in string]
    if len(ids) + 1 > 1 << bits:
        raise ValueError(f"preserve: expected at most {(1 << bits) - 1} tokens, found {len(ids)}")
    return ids


def string_of(letters: str, bits: int, ids: Sequence[int]) -> str | None:
    """The string of a sequence in which all edits are done, None of one with edits or masks left."""
    book = vocabulary(letters, bits)
    names = [book.split(int(token))[0] for token in ids]
    return "".join(names[1:]) if names[:1] == [SEPARATOR] and set(names[1:]) <= set(letters) else None


def _gated(flag: Node, x: Node) -> Node:
    """An integer of 0 or more where the flag is 1, else 0."""
    top = int(x.sort.bounds[0][1])
    return relu(combine([(1, x), (top, flag)], -top), Int(0, top))


@dataclass(frozen=True)
class _Edits:
    """An edit at every position: flags of the letters that it inserts, of a deletion, its number (0 where there is none)."""

    inserts: Node
    deletes: Node
    at: Node

    @classmethod
    def of(cls, read: Node, size: int, top: int) -> _Edits:
        """The edits read from the coordinates that ``_shown`` gives; ``size``: number of letters; ``top``: largest position."""
        return cls(
            take(read, range(size), OneHot(size, partial=True)) if size > 1 else refine(read[0], Flag()),
            refine(read[size], Flag()),
            take(read, [size + 1], Int(0, top)),
        )

    def where(self, flag: Node) -> list[Node]:
        """The parts of the edit where the flag is 1, zeros where it is 0."""
        return [*(and_(flag, refine(one, Flag())) for one in self.inserts), and_(flag, self.deletes), _gated(flag, self.at)]


@cache
def preserve(letters: str, bits: int) -> Program:
    """The program: at every position the code of a token, then the control bits: remask, insert, delete.

    Sequences of fewer than 2^bits tokens over the letters; bits >= 2. Raises ValueError for no letters.
    """
    if not letters or bits < 2:
        raise ValueError(f"preserve: expected letters, and 2 bits or more, found {letters!r} and {bits}")
    size, top, book = len(letters), (1 << bits) - 1, vocabulary(letters, bits)
    te, pe, program = tokens(book), positions(places(bits)), Program(f"preserve({letters})")
    number, mask, separator = pe.field("number"), te.flag(MASK), te.flag(SEPARATOR)
    own = take(te.node, range(2, 2 + size), OneHot(size, partial=True)) if size > 1 else te.flag(letters)
    edits = [*(te.flag(f"ins {letter}") for letter in letters), te.flag(DELETE)]
    edit = program.let("edit", combine([(1, flag) for flag in edits], sort=Flag()))
    shown = concat(*edits, te.field("number"))
    start = program.let("start", aha(te.one, separator, number, Int(0, top)))  # the separator's number
    far = 2 * (top + 1)  # of any number: the first edit, or the separator where there is none
    first_key = combine([(2 * far, edit), (far, separator), (-1, number)])
    first_read = aha(te.one, first_key, concat(shown, edit, number))
    first = _Edits.of(first_read, size, top)
    first_at = program.let("first_at", take(first_read, [size + 3], Int(0, top)))
    some = program.let("some", refine(first_read[size + 2], Flag()))
    behind = program.let("behind", threshold(combine([(1, number), (-1, start)], sort=Int(-top, top)), 1))
    open_ = program.let("open", and_(mask, behind))  # the mask behind the separator
    found = aha(te.one, combine([(2, open_), (1, separator)]), concat(open_, number))
    pending = program.let("pending", refine(found[0], Flag()))
    open_at = program.let("open_at", take(found, [1], Int(0, top)))
    second = _Edits.of(gather(shown, first_at + 1, pe), size, top)
    begun = program.let("begun", and_(some, pending))
    fresh = program.let("fresh", combine([(1, some), (-1, begun)], sort=Flag()))
    parts = [combine([(1, a), (1, b)]) for a, b in zip(first.where(fresh), second.where(begun), strict=True)]
    inserting = program.let("inserting", combine([(1, part) for part in parts[:size]], sort=Flag()))
    deleting = program.let("deleting", refine(parts[size], Flag()))
    target = combine([(1, start), (1, parts[size + 1]), (1, deleting)], sort=Int(0, 2 * top + 1))
    vanishing = program.let("vanishing", and_(begun, first.deletes))
    ahead = threshold(combine([(1, target), (-1, open_at)], sort=Int(-top, 2 * top + 1)), 0)
    target = combine([(1, target), (1, and_(vanishing, ahead))], sort=Int(0, 2 * top + 2))
    here = program.let("here", equals(combine([(1, number), (-1, target)], sort=Int(-2 * top - 2, top)), 0))
    done = equals(combine([(1, number), (-1, first_at)], sort=Int(-top, top)), 0)
    remask = combine([(1, and_(here, deleting)), (1, and_(and_(done, edit), pending))], sort=Flag())
    delete = combine([(1, and_(open_, vanishing)), (1, mask), (-1, open_)], sort=Flag())
    written = [and_(open_, refine(flag, Flag())) for flag in first.inserts]
    rest = combine([(1, mask), *((-1, flag) for flag in written)], sort=Flag())  # a mask that is deleted: any token
    code = [combine([(1, separator), (1, rest)], sort=Flag()), combine([(0, mask)], sort=Flag())]
    code += [combine([(1, flag), (1, new)], sort=Flag()) for flag, new in zip(own, written, strict=True)]
    program.let("readout", concat(*code, *edits, te.one, te.field("number"), remask, and_(here, inserting), delete))
    return program


# The model of lists, and decoding.


def edited(string: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The string after the edits, in order. Raises ValueError for an address outside the string."""
    found = list(string)
    for number, (letter, at) in enumerate(edits):
        if not 0 <= at <= len(found) - (not letter):
            raise ValueError(f"edit {number}: expected a position within {len(found)} letters, found {at}")
        found[at : at + (not letter)] = [letter] if letter else []
    return found


def passes(letters: str, bits: int, ids: Sequence[int], readout: Readout) -> Iterator[np.ndarray]:
    """The sequences after every pass, until nothing changes. ``readout``: of token ids, (positions, width of a code + 3)."""
    book, x = vocabulary(letters, bits), np.array(ids, dtype=np.int64)
    while True:
        outputs = readout(x)
        after = g(x, book.read(outputs[:, : book.width]), outputs[:, book.width :] > 0.5, book.token(MASK))
        if np.array_equal(after, x):
            return
        x = after
        yield x
