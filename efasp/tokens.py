"""Words, program counters and instructions as tokens: one vocabulary a word width.

2^w words, the same words marked as a stopped program counter (halted, or the fault's reason), eight register names, one token
an operation, and ``none``, ``mask`` and ``bos``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from efasp.codebook import Codebook, Field, Kind
from efasp.pram.isa import OPERATIONS, Instruction, Reg, operations
from efasp.pram.machine import Status

STOPPED = ("halted", "load", "store", "pc")  # statuses of a stopped processor; as token kinds they carry its pc
COUNTERS = ("word", *STOPPED)  # token kinds of a program counter
Fields = tuple[str, int | None, int | None, Reg | int | None]  # operation, rd, ra and x of an instruction


class EncodingError(ValueError):
    """A sequence that encodes nothing: names a position, its token and the expected one."""


@cache
def vocabulary(word: int, extension: str = "") -> Codebook:
    """The tokens of the machine with this word width and extension."""
    kinds = [Kind(name, ("word",)) for name in COUNTERS] + [Kind("reg", ("reg",)), Kind("none"), Kind("mask"), Kind("bos")]
    kinds += [Kind(f"op:{operation.name}") for operation in operations(extension)]
    fields = (Field("word_bits", "word"), Field("reg_bits", "reg"))
    return Codebook("token", tuple(kinds), (("word", word), ("reg", 3)), fields)


class Codec:
    """The meaning of tokens, at one word width and extension: each method and its inverse."""

    def __init__(self, word: int, extension: str) -> None:
        self.word, self.extension = word, extension
        self.vocabulary = vocabulary(word, extension)

    def word_token(self, word: int) -> int:
        """A word as a token; raises ValueError for a number that is not a word."""
        return self.vocabulary.token("word", word)

    def word_of(self, token: int, where: str) -> int:
        """Inverse of ``word_token``; raises EncodingError."""
        return self.split(token, where, "word")[1]

    def counter_token(self, pc: int, status: Status) -> int:
        """A program counter: a word while the processor runs, marked with the reason once it has stopped."""
        return self.vocabulary.token("word" if status == "running" else status, pc)

    def counter(self, token: int, where: str) -> tuple[int, Status]:
        """Inverse of ``counter_token``; raises EncodingError."""
        kind, value = self.split(token, where, *COUNTERS)
        return value, "running" if kind == "word" else kind  # type: ignore[return-value]

    def split(self, token: int, where: str, *expected: str) -> tuple[str, int]:
        """Kind and payload of a token; raises EncodingError for a kind that is not expected."""
        kind, value = self.vocabulary.split(token)
        if kind not in expected:
            raise EncodingError(f"{where}: expected a token of kind {' or '.join(expected)}, found {kind}")
        return kind, value

    def instruction_tokens(self, instruction: Instruction) -> tuple[int, int, int, int]:
        """An instruction as its four tokens. Raises ValueError for one that the vocabulary lacks."""
        none = self.vocabulary.token("none")
        rd, ra = (
            none if number is None else self.vocabulary.token("reg", number) for number in (instruction.rd, instruction.ra)
        )
        if instruction.x is None:
            x = none
        elif isinstance(instruction.x, Reg):
            x = self.vocabulary.token("reg", instruction.x.number)
        else:
            x = self.vocabulary.token("word", instruction.x)
        if OPERATIONS[instruction.op].extension not in ("", self.extension):
            raise ValueError(f"{instruction.op}: expected a machine with extension M, found one without it")
        return self.vocabulary.token(f"op:{instruction.op}"), rd, ra, x

    def fields(self, tokens: Sequence[int], where: str) -> Fields:
        """The fields of the four tokens of an instruction; raises EncodingError for a kind without a meaning there."""
        ops = [kind.name for kind in self.vocabulary.kinds if kind.name.startswith("op:")]
        op = self.split(tokens[0], f"{where}, op", *ops)[0].removeprefix("op:")
        registers: list[int | None] = []
        for name, token in zip(("rd", "ra"), tokens[1:3], strict=True):
            kind, value = self.split(token, f"{where}, {name}", "reg", "none")
            registers.append(value if kind == "reg" else None)
        kind, value = self.split(tokens[3], f"{where}, x", "reg", "word", "none")
        return op, registers[0], registers[1], Reg(value) if kind == "reg" else value if kind == "word" else None

    def instruction(self, tokens: Sequence[int], where: str = "instruction") -> Instruction:
        """Inverse of ``instruction_tokens``; raises EncodingError for four tokens that are not an instruction."""
        fields = self.fields(tokens, where)
        try:
            return Instruction(*fields)
        except ValueError as error:
            raise EncodingError(f"{where}: {error}") from None
