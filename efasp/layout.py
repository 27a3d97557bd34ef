"""What both layouts of a run share: positions and their places, and the prompt's header and program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from efasp.codebook import Codebook
from efasp.loops import table
from efasp.places import FIELDS, Row, Section, TokenSequence, place, position
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program
from efasp.tokens import Codec, EncodingError

HEADER = 2  # bos and nproc


class Layout(Codec):
    """Shared by both layouts: the prompt's header and program, and the shape P, M, L of the machine.

    A sequence is made position by position: the place that stands there (``place``), and the token that belongs to it. Reading
    a sequence finds positions the other way (``at``).
    """

    def __init__(self, word: int, extension: str, processors: int, memory: int, length: int) -> None:
        super().__init__(word, extension)
        self.processors, self.memory, self.length = processors, memory, length
        self.codebook = self._codebook()

    @classmethod
    def of(cls, program: Program, extension: str, prompted: bool = True) -> Layout:
        """The layout for a program; not ``prompted``: with its instructions in the weights, and none in the prompt."""
        return cls(program.word, extension, program.processors, program.memory, program.length if prompted else 0)

    def _codebook(self) -> Codebook:
        raise NotImplementedError

    # Places and positions.

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of places, from position 0 on."""
        return Section(("bos", "nproc")), Section(FIELDS, (("index", self.length),)), *self._sections()

    def _sections(self) -> tuple[Section, ...]:
        raise NotImplementedError

    def place(self, at: int) -> Row:
        """The place at a position; raises IndexError where there is none."""
        return place(self.sections, self.codebook, at)

    @cached_property
    def _positions(self) -> dict[Row, int]:
        """The positions of places of integers, as far as they were asked for."""
        return {}

    def position(self, row: Row) -> int:
        """Inverse of ``place``; of a place of integers computed once. A symbol has no hash: its position is a term."""
        try:
            return self._positions[row]
        except KeyError:
            found = self._positions[row] = position(self.sections, self.codebook, row)
            return found
        except TypeError:
            return position(self.sections, self.codebook, row)

    def row(self, kind: str, **payloads: int) -> Row:
        """The row (number of the kind, then payloads) of the place of a kind with some payloads; 0 for those not given."""
        return (self.codebook.kind_index[kind], *[payloads.get(name, 0) for name in self.codebook.bits])

    def at(self, kind: str, **payloads: int) -> int:
        """The position of the place of this kind with these payloads."""
        return self.position(self.row(kind, **payloads))

    def named(self, row: Row) -> tuple[str, dict[str, int]]:
        """The kind of a place, by name, and its payloads, by name."""
        return self.codebook.kinds[row[0]].name, dict(zip(self.codebook.bits, row[1:], strict=True))

    def part(self, first: int, end: int, token: Callable[[Row], int]) -> TokenSequence:
        """The part of a sequence at the positions from ``first`` up to, not including, ``end``; ``token`` says which token
        belongs to a place."""
        rows = table(end - first, lambda i: self.place(first + i))
        return self.arrays(table(end - first, lambda i: token(rows[i])), rows)

    def arrays(self, tokens: Sequence[int], rows: Sequence[Row]) -> TokenSequence:
        """Tokens and places as arrays."""
        dtype = self.vocabulary.dtype
        places: np.ndarray = np.array(rows, dtype=dtype).reshape(len(rows), 1 + len(self.codebook.payloads))
        return TokenSequence(np.array(tokens, dtype=dtype), places)

    def masked(self, first: int, end: int) -> TokenSequence:
        """The part of a sequence at the positions from ``first`` up to, not including, ``end``, all masked."""
        mask = self.vocabulary.token("mask")
        return self.part(first, end, lambda row: mask)

    # The prompt.

    @property
    def count(self) -> int:
        """The number of processors modulo 2^w, the result of ``nproc``."""
        return self.processors % (1 << self.word)

    def prompt_token(self, instructions: Sequence[Instruction], row: Row) -> int:
        """The token that belongs to a place of the header or the program."""
        kind, payloads = self.named(row)
        if kind in FIELDS:
            return self.instruction_tokens(instructions[payloads["index"]])[FIELDS.index(kind)]
        return self.vocabulary.token("bos") if kind == "bos" else self.word_token(self.count)

    def read_header(self, tokens: Sequence[int]) -> None:
        """Check ``bos`` and ``nproc``; raises EncodingError."""
        self.split(tokens[self.at("bos")], "position 0", "bos")
        count = self.word_of(tokens[self.at("nproc")], "position 1")
        if count != self.count:
            raise EncodingError(f"position 1: expected {self.processors} processors (mod 2^w), found {count}")

    def four(self, tokens: Sequence[int], index: int) -> list[int]:
        """The four tokens of one instruction, by its number, in a sequence of tokens."""
        return [tokens[self.at(kind, index=index)] for kind in FIELDS]

    def read_prompt(self, tokens: Sequence[int]) -> tuple[Instruction, ...]:
        """The instructions of a sequence; checks its header. Raises EncodingError."""
        self.read_header(tokens)
        return table(self.length, lambda i: self.instruction(self.four(tokens, i), f"instruction {i}"))
