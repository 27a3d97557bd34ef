"""The serial decoder's constants and tables, written before its text: the program of one plan and one sequence.

Its word is as narrow as the plan's ranges allow. Tokens are read and left at ``SerialProgram.tokens``, a word a token id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from efasp.evaluate import place_rows
from efasp.model.plan import Plan
from efasp.model.ranges import RangeError
from efasp.model.serial_program.decoder import DECODER
from efasp.model.serial_program.numbers import MAX_WORD, Numbers
from efasp.pram.assembler import MAX_MEMORY, assemble
from efasp.pram.assembler.parser import read_listing
from efasp.pram.assembler.source import Source, split_lines
from efasp.pram.machine import Program

# The cells, from address 0 on. What a pass counts and points at; ``PASSES``: the passes so far.
CELLS = (
    "POSITION", "STAGE", "HEAD", "SUBLAYER", "HEADS_LEFT", "FRAME", "QUERY", "KEY", "TIES", "TOKEN", "CHANGED", "OPEN",
    "PASSES",
)  # fmt: skip
MASK = "mask"  # the kind of the mask
LINE = 16  # words of a line of data


@dataclass(frozen=True)
class Sizes:
    """The sizes that the steps depend on.

    ``positions`` S; ``cleared`` words of a frame; ``kinds`` and ``signs`` of a token's code; ``sublayers``; and the sums over
    these: ``heads``, ``d_qk`` and ``d_v`` of all heads, ``entries`` and hidden ``units``.
    """

    positions: int
    cleared: int
    kinds: int
    signs: int
    sublayers: int
    heads: int
    d_qk: int
    d_v: int
    entries: int
    units: int

    @staticmethod
    def of(numbers: Numbers) -> Sizes:
        """The sizes of the serial program, from the numbers of a plan."""
        frame, stages = numbers.frame, numbers.stages
        heads = [head for stage in stages for head in stage.heads]
        return Sizes(
            numbers.length, frame.width - frame.kept, numbers.kinds, numbers.signs, len(stages), len(heads),
            sum(head.d_qk for head in heads), sum(head.d_v for head in heads),
            sum(len(stage.entries) for stage in stages), sum(stage.units for stage in stages),
        )  # fmt: skip


@dataclass(frozen=True)
class SerialProgram:
    """A generated program: its ``text``, and its sizes; ``word`` in bits.

    Addresses: of its ``tokens``; of the number of ``passes``; of the ``frames``, and in them of the ``outputs`` (the read-out).
    ``unit``: the integer that stands for 1 in a read-out. ``limit``: the passes that it makes at most.
    """

    text: str
    sizes: Sizes
    word: int
    tokens: int
    frames: Sequence[int]
    outputs: Sequence[int]
    unit: int
    limit: int
    passes: int = CELLS.index("PASSES")

    @cached_property
    def program(self) -> Program:
        """The assembled program."""
        return assemble(self.text, "serial.pram")

    @cached_property
    def constants(self) -> dict[str, int]:
        """The constants that the text defines, by name."""
        listing = read_listing(Source("serial", split_lines(self.text)))
        return {name: value for name, (value, _) in listing.constants.items()}

    def on(self, tokens: Sequence[int]) -> Program:
        """The program with other tokens in its memory, as many: nothing else depends on them."""
        data = list(self.program.data)
        data[self.tokens : self.tokens + self.sizes.positions] = tokens
        return replace(self.program, data=tuple(data))

    def read(self, memory: Sequence[int]) -> list[int]:
        """The token ids that a memory holds."""
        return list(memory[self.tokens : self.tokens + self.sizes.positions])

    def read_out(self, memory: Sequence[int]) -> list[list[Fraction]]:
        """The read-out of the last pass, at every position the kinds and the signs."""
        half, width = 1 << self.word - 1, self.sizes.kinds + self.sizes.signs
        rows = (memory[at : at + width] for at in self.outputs)
        return [[Fraction((x + half) % (2 * half) - half, self.unit) for x in row] for row in rows]


def serial_program(
    plan: Plan,
    tokens: Sequence[int] | np.ndarray,
    places: Any = None,
    *,
    every: bool = False,
    limit: int | None = None,
    ties: int = 1,
) -> SerialProgram:
    """The program that decodes a plan's masked diffusion from a sequence of token ids, prompt and masks, at ``places``.

    A pass unmasks every mask whose predicted token is not the mask; with ``every`` it replaces every token (a decoder without
    masks). It ends after a pass that changes nothing or leaves no mask, or after ``limit`` passes (default: S, which is enough
    for masks, as every pass but the last unmasks one). The values of a head are held times ``ties``: where the mean over tied
    keys is even so not an integer, the program faults. With the least common multiple of 1..S none does.

    Raises RangeError for a plan whose numbers do not fit in 64 bits, with the layer; ValueError for a plan that this decoder
    does not decode, for no tokens, and for ``ties`` or ``limit`` below 1.
    """
    ids = [int(token) for token in tokens]
    passes = len(ids) if limit is None else limit
    if min(len(ids), passes, ties) < 1:
        raise ValueError(f"serial: expected a token, a pass and ties of 1 at least, found {len(ids)}, {passes} and {ties}")
    check(plan)
    return _Layout(plan, ids, places, every, passes, ties).written()


def check(plan: Plan) -> None:
    """Raises ValueError, naming what is wrong, for a plan whose read-out is not a token of plain bits."""
    book = plan.vocabulary
    if len(plan.out_bias) != book.width:
        raise ValueError(f"{plan.name}: expected a read-out of {book.width} numbers, the token's, found {len(plan.out_bias)}")
    for one in book.fields:
        if one.encode != "signs" or one.shift:
            raise ValueError(f"{plan.name}: expected tokens whose fields are plain bits, found {one.name!r}: {one.encode}")


@cache
def instructions() -> int:
    """The number of instructions."""
    return len(read_listing(Source("decoder", split_lines(DECODER))).code)


class _Layout:
    """Where everything lies, and the text that says so."""

    def __init__(self, plan: Plan, tokens: list[int], places: Any, every: bool, limit: int, ties: int) -> None:
        self.plan, self.ids, self.every, self.limit = plan, tokens, every, limit
        self.codes = plan.places.codes(place_rows(places, len(tokens))).tolist()
        plan.vocabulary.rows(tokens)  # raises ValueError for an id outside the vocabulary
        self.numbers = numbers = Numbers(plan, len(tokens), ties)
        self.length, frame = len(tokens), numbers.frame
        heads = [head for stage in numbers.stages for head in stage.heads]
        low, self.at = len(CELLS), {}
        for name, size in (
            ("OFFSETS", numbers.kinds),
            ("WEIGHTS", numbers.kinds * numbers.signs),
            ("RECIPROCALS", 3 * (self.length + 1)),
            ("STAGES", 5 * len(numbers.stages)),
            ("HEADS", 6 * len(heads)),
            ("ENTRIES", 3 * sum(len(stage.entries) for stage in numbers.stages)),
        ):
            self.at[name], low = low, low + size
        high = self.length * (2 + frame.width)
        self.top = 1 << (max(low, high) - 1).bit_length()
        self.memory = self.top + high
        if self.memory > MAX_MEMORY:
            raise ValueError(f"{plan.name}: expected a memory of at most {MAX_MEMORY} words, found {self.memory}")
        self.at |= {"TOKENS": self.top, "SCORES": self.top + self.length, "FRAMES": self.top + 2 * self.length}
        need = max(self.memory, plan.vocabulary.size, limit, instructions()).bit_length()
        self.word = max(numbers.word, need)
        if self.word > MAX_WORD:
            raise RangeError(
                f"{plan.name}: expected words of at most {MAX_WORD} bits, found {self.word} (tokens and addresses)"
            )

    def written(self) -> SerialProgram:
        """The program."""
        numbers = self.numbers
        head = [
            f"; {self.plan.name}: {self.length} tokens at address {self.at['TOKENS']}, at most {self.limit} passes",
            f".word {self.word}",
            ".processors 1",
            f".memory {self.memory}",
            *(f".equ {name} {value}" for name, value in self.constants().items()),
        ]
        data = [line for address, words in self.data() for line in lines(address, [x % (1 << self.word) for x in words])]
        sizes = Sizes.of(numbers)
        text, frames, width = "\n".join([*head, *data, "", DECODER]), self.at["FRAMES"], numbers.frame.width
        every = [frames + at * width for at in range(self.length)]
        outputs = [at + numbers.frame.read_out for at in every]
        return SerialProgram(text, sizes, self.word, self.at["TOKENS"], every, outputs, numbers.unit, self.limit)

    def constants(self) -> dict[str, int]:
        """The numbers that the text of the decoder names."""
        numbers, frame, half = self.numbers, self.numbers.frame, 1 << (self.word - 1)
        book, bound = self.plan.vocabulary, (half - 1) // self.length
        masked = MASK in book.kind_index
        return {
            **{name: address for address, name in enumerate(CELLS)},
            **self.at,
            "TOP": self.top,
            "OUTSIDE": -1,
            "S": self.length,
            "STRIDE": frame.width,
            "KEPT": frame.kept,
            "SIGNS": frame.signs,
            "READ_OUT": frame.read_out,
            "NEXT": frame.width - numbers.kinds - numbers.signs,
            "CLEARED": frame.width - frame.kept,
            "KINDS": numbers.kinds,
            "BITS": numbers.signs,
            "SUBLAYERS": len(numbers.stages),
            "HALF": half,
            "LAST_BIT": self.word - 1,
            "BOUND": bound,
            "BOUNDS": 2 * bound + 1,
            "MASK": book.token(MASK) if masked else book.size,
            "ALL": int(self.every),
            "LIMIT": self.limit,
        }

    def data(self) -> Iterator[tuple[int, list[int]]]:
        """The tables: from an address on, numbers, which are held modulo 2^w."""
        book, frame, at = self.plan.vocabulary, self.numbers.frame, self.at
        yield at["OFFSETS"], list(book.offsets[:-1])
        yield (
            at["WEIGHTS"],
            [
                1 << place if one.payload in kind.payloads else 0
                for kind in book.kinds
                for one in book.fields
                for place in range(book.bits[one.payload])
            ],
        )
        yield at["RECIPROCALS"], [0, 0, 0, *(x for ties in range(1, self.length + 1) for x in reciprocal(ties, self.word))]
        stages, heads, entries, address = list[int](), list[int](), list[int](), at["ENTRIES"]
        for stage in self.numbers.stages:
            stages += [len(stage.heads), len(stage.entries), address, stage.units, stage.first]
            for row in stage.heads:
                heads += [row.query, row.key, row.value, row.mean, row.d_qk, row.d_v]
            entries += [x for entry in stage.entries for x in entry]
            address += 3 * len(stage.entries)
        yield at["STAGES"], stages
        yield at["HEADS"], heads
        yield at["ENTRIES"], entries
        yield at["TOKENS"], self.ids
        for number, code in enumerate(self.codes):
            yield at["FRAMES"] + number * frame.width, [*code, 1]


def reciprocal(ties: int, word: int) -> tuple[int, int, int]:
    """For exact division by ``ties``: the inverse of its odd part modulo 2^word, the exponent of its power of two, and
    2^(word - 1) shifted by that."""
    shift = (ties & -ties).bit_length() - 1
    return pow(ties >> shift, -1, 1 << word), shift, 1 << word - 1 >> shift


def lines(address: int, words: Sequence[int]) -> Iterator[str]:
    """Data directives for words from an address on."""
    for start in range(0, len(words), LINE):
        yield f".data {address + start}: {' '.join(map(str, words[start : start + LINE]))}"
