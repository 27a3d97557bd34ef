"""A program as an ``.efasp`` file has it: definitions, vocabulary and places, and what the file says of them; its texts.

A text is what a user writes, letter by letter; a sequence is the tokens that the program gets: the start token, if there is
one, then one token a letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from efasp.codebook import Codebook
from efasp.language import tree as t
from efasp.pram.assembler.source import nearest, show
from efasp.sorts import Bit, Flag, Int, Number, OneHot, Rational, Signs, Vector, Word
from efasp.syntax import Attention, Node, Parameter, PositionEmbedding, Program, TokenEmbedding, walk

Value = int | Fraction | str | tuple[int | Fraction, ...] | None  # what a position's output stands for
MATCHES = (
    "exact_match",
    "rightmost_match",
    "priority_match",
    "match_or_default",
)  # operators whose sink is their last argument
SELECTED = ("mean_where", "count_where")  # operators whose value is their first argument, and whose sink, if any, the last
DTYPES = ("float32", "float64")  # in which a transformer computes
SHOWN = 40  # letters of a text, or kinds of a vocabulary, in a message


class TextError(ValueError):
    """Raised for a text that is not an input of a program: names the expected letters or length, and what was found."""


@dataclass(frozen=True)
class Module:
    """A program with its specification.

    ``start``: the kind of the token that comes before every text, or nothing; ``requires``: formulas of the texts that the
    specification speaks of; ``ensures``: formulas of their outputs; ``file``: where it was read from, for messages;
    ``lookups``: pairs of a key or a value of a lookup in the text, and the flag of the sink, where it must be 0; ``dtype``: in
    which floats the compiled transformer computes, or nothing, for the narrowest that are known to be exact.
    """

    program: Program
    vocabulary: Codebook | None = None
    places: Codebook | None = None
    start: str = ""
    requires: tuple[t.Tree, ...] = ()
    ensures: tuple[t.Tree, ...] = ()
    file: str = ""
    lookups: tuple[tuple[Node, Node], ...] = ()
    dtype: str = ""

    @staticmethod
    def of(program: Program, start: str = "") -> Module:
        """A program of Python with the codebooks that it reads. Raises ValueError where it reads two of a kind."""
        books: dict[type, Codebook] = {}
        for node in walk(*program.definitions.values()):
            if not isinstance(node, (TokenEmbedding, PositionEmbedding)):
                continue
            if books.setdefault(type(node), node.codebook) != node.codebook:
                raise ValueError(f"{program.name}: expected one codebook of tokens and one of places, found two of a kind")
        return Module(program, books.get(TokenEmbedding), books.get(PositionEmbedding), start)

    @property
    def book(self) -> Codebook:
        """The vocabulary. Raises TextError for a program without one."""
        if self.vocabulary is None:
            raise TextError(f"{self.program.name}: expected a program that reads tokens, found one without a vocabulary")
        return self.vocabulary

    @property
    def skipped(self) -> int:
        """How many positions come before the first letter."""
        return 1 if self.start else 0

    @property
    def at_sinks(self) -> tuple[tuple[Node, Node], ...]:
        """Keys and values that must be 0 where a flag is 1: of the text's lookups, the match operators, means and counts."""
        names = dict.fromkeys(self.lookups)
        for node in walk(*self.program.definitions.values()):
            if node.origin is not None and node.origin[0] in MATCHES:
                _, key, value, *_, sink = node.origin[1]
                names |= {(key, sink): None, (value, sink): None}
            elif node.origin is not None and node.origin[0] in SELECTED and isinstance(node.origin[1][-1], Node):
                names[node.origin[1][0], node.origin[1][-1]] = None
        return tuple(names)

    @property
    def letters(self) -> tuple[str, ...]:
        """The kinds of tokens that a text may have: those without a payload, but for the start."""
        return tuple(kind.name for kind in self.book.kinds if not kind.payloads and kind.name != self.start)

    @property
    def longest(self) -> int | None:
        """The largest number of letters for which there are places; None where any number has."""
        plain = self.places is not None and len(self.places.kinds) == 1 and len(self.places.payloads) == 1
        if self.places is None:
            return None
        if not plain:
            raise TextError(
                f"{self.program.name}: expected places that are plain numbers, found {self.places.name}, which are not"
            )
        return (1 << self.places.payloads[0][1]) - self.skipped

    @property
    def positions(self) -> int | None:
        """The largest number of positions of a sequence; None where no such number is known."""
        try:
            return None if self.longest is None else self.longest + self.skipped
        except TextError:
            return None

    def closed(self) -> None:
        """Raises TextError where a free parameter is left, or the program has no definition."""
        free = [node.name for node in walk(*self.program.definitions.values()) if isinstance(node, Parameter)]
        if free or not self.program.definitions:
            found = f"the free parameter {free[0]}" if free else "a program without definitions"
            raise TextError(f"{self.program.name}: expected a closed program with an output, found {found}")

    def split(self, text: str) -> list[str]:
        """The letters of a text: its characters, or its words where kinds of tokens have longer names."""
        if all(len(name) == 1 for name in self.letters):
            return list(text)
        return text.split()

    def encode(self, text: str) -> list[int]:
        """The token ids of a text. Raises TextError for an empty one, an unknown letter, and one that is too long."""
        letters, known = self.split(text), set(self.letters)
        for number, letter in enumerate(letters, 1):
            if letter not in known:
                hint = nearest(letter, self.letters)
                raise TextError(f"letter {number}: expected one of {self._alphabet()}, found {show(letter)}{hint}")
        if not letters:
            raise TextError(f"expected a text of at least one letter of {self._alphabet()}, found an empty one")
        if self.longest is not None and len(letters) > self.longest:
            raise TextError(f"expected at most {self.longest} letters, as there are places, found {len(letters)}")
        return [self.book.token(name) for name in ([self.start] if self.start else []) + letters]

    def join(self, letters: Sequence[str]) -> str:
        """The text that some letters make."""
        return ("" if all(len(name) == 1 for name in self.letters) else " ").join(letters)

    def _alphabet(self) -> str:
        letters = self.letters
        return show("".join(letters)) if all(len(name) == 1 for name in letters) else ", ".join(letters)[:SHOWN]

    def spells(self, node: Node) -> bool:
        """Whether the values of a node are read as tokens: vectors as wide as a token's code, but for a head's mean."""
        mean = isinstance(node, Attention) and not node.sort.integral
        wide = self.vocabulary is not None and node.sort.width == self.vocabulary.width
        return isinstance(node.sort, Vector) and wide and not mean

    def decode(self, values: np.ndarray, name: str | None = None) -> list[Value]:
        """The values of a definition (the output by default) at the letters, from an array (positions, width).

        A vector of the vocabulary's width is a token, by its name; any other is read by its sort.
        """
        node = self.program.output if name is None else self.program.definitions[name]
        sort, rows = node.sort, values[self.skipped :]
        if self.spells(node):
            return [self._token(token) for token in self.book.read(rows).tolist()]
        out: list[Value] = []
        for row in rows.tolist():
            if isinstance(sort, (Int, Bit, Flag, Word, Signs, OneHot)) and sort.admits(row):
                out.append(sort.decode(row))
            elif isinstance(sort, Rational) or len(row) == 1:
                out.append(_number(row[0]))
            else:
                out.append(tuple(_number(value) for value in row))
        return out

    def _token(self, token: int) -> Value:
        kind, value = self.book.split(token)
        return value if self.book.kinds[self.book.kind_index[kind]].payloads else kind


def _number(value: Number) -> int | Fraction:
    """An exact number, an int where it is one."""
    fraction = Fraction(value)
    return int(fraction) if fraction.denominator == 1 else fraction
