"""The bijection (claim B): words and tokens, instructions and tokens, places and positions.

One vocabulary a word width: 2^w words, the same words marked as a stopped program counter (halted, or the fault's reason),
eight register names, one token an operation, and ``none``, ``mask`` and ``bos``. A sequence is an array of token ids beside
an array of places (rows of the layout's position codebook); the position embedding reads the place. Two layouts:

* ``LOG`` (masked diffusion): ``bos nproc`` program, memory, then for every time t and processor three tokens: the next
  program counter, what is written (a register name, an address, or ``none``), and the value.
* ``CELLS`` (any-process generation): ``bos nproc`` program, then two slots for every memory word, register and program
  counter, one holding the cell's value and the other masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from efasp.codebook import Codebook, Field, Kind
from efasp.pram.isa import OPERATIONS, REGISTERS, Instruction, Reg, operations
from efasp.pram.machine import Configuration, Program, Status

STOPPED = ("halted", "load", "store", "pc")  # statuses of a stopped processor; as token kinds they carry its pc
COUNTERS = ("word", *STOPPED)  # token kinds of a program counter
FIELDS = ("op", "rd", "ra", "x")  # the tokens of an instruction
LOG_SLOTS = ("counter", "target", "value")  # the tokens of one processor's step
HEADER = 2  # bos and nproc


class EncodingError(ValueError):
    """A sequence that encodes nothing: says which position holds what, and what was expected there."""


@cache
def vocabulary(word: int, extension: str = "") -> Codebook:
    """The tokens of the machine with this word width and extension."""
    kinds = [Kind(name, ("word",)) for name in COUNTERS] + [Kind("reg", ("reg",)), Kind("none"), Kind("mask"), Kind("bos")]
    kinds += [Kind(f"op:{operation.name}") for operation in operations(extension)]
    fields = (Field("word_bits", "word"), Field("reg_bits", "reg"))
    return Codebook("token", tuple(kinds), (("word", word), ("reg", 3)), fields)


def clock_bits(word: int) -> int:
    """Bits of a time in the log: 16, or one more than the word where that is longer (so that T = n = 2^w fits)."""
    return max(16, word + 1)


_PROMPT = (Kind("bos"), Kind("nproc"), *(Kind(name, ("index",)) for name in FIELDS))


@cache
def log_places(word: int) -> Codebook:
    """Places of the log layout. ``prev_bits`` are the bits of the time before."""
    kinds = (*_PROMPT, Kind("memory", ("index",)), *(Kind(name, ("index", "time")) for name in LOG_SLOTS))
    fields = (
        Field("index_bits", "index"),
        Field("time_bits", "time"),
        Field("prev_bits", "time", shift=-1),
        Field("clock", "time", "number"),
    )
    return Codebook("place", kinds, (("index", word), ("time", clock_bits(word))), fields)


@cache
def cell_places(word: int) -> Codebook:
    """Places of the cell layout. ``slot`` tells the two slots of a cell apart."""
    kinds = (
        *_PROMPT,
        Kind("memory", ("index", "slot")),
        Kind("register", ("index", "register", "slot")),
        Kind("counter", ("index", "slot")),
    )
    fields = (Field("index_bits", "index"), Field("register_bits", "register"), Field("slot_bits", "slot"))
    return Codebook("place", kinds, (("index", word), ("register", 3), ("slot", 1)), fields)


@dataclass(frozen=True)
class Write:
    """What a processor's step writes: to a register (0..7) or a memory address, which value."""

    space: Literal["register", "memory"]
    target: int
    value: int


@dataclass(frozen=True)
class Event:
    """One processor's step in the log: program counter and status after it, and its write, if any."""

    pc: int
    status: Status
    write: Write | None = None


@dataclass(frozen=True)
class TokenSequence:
    """Tokens and their places: what a transformer is given, and nothing else. Both are int64 arrays."""

    tokens: np.ndarray
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)


class Layout:
    """Shared by both layouts: the prompt's header and program, and the shape P, M, L of the machine."""

    def __init__(self, word: int, extension: str, processors: int, memory: int, length: int) -> None:
        self.word, self.extension = word, extension
        self.processors, self.memory, self.length = processors, memory, length
        self.vocabulary = vocabulary(word, extension)
        self.codebook = self._codebook()

    @classmethod
    def of(cls, program: Program, extension: str) -> Layout:
        """The layout for a program."""
        return cls(program.word, extension, program.processors, program.memory, program.length)

    def _codebook(self) -> Codebook:
        raise NotImplementedError

    # Program counters, words and instructions as tokens.

    def counter_token(self, pc: int, status: Status) -> int:
        """A program counter: a word while the processor runs, marked with the reason once it has stopped."""
        return self.vocabulary.token("word" if status == "running" else status, pc)

    def counter(self, token: int, where: str) -> tuple[int, Status]:
        """Inverse of ``counter_token``; raises EncodingError."""
        kind, value = self._split(token, where, *COUNTERS)
        return value, "running" if kind == "word" else kind  # type: ignore[return-value]

    def _split(self, token: int, where: str, *expected: str) -> tuple[str, int]:
        kind, value = self.vocabulary.split(int(token))
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

    def instruction(self, tokens: Sequence[int], where: str = "instruction") -> Instruction:
        """Inverse of ``instruction_tokens``; raises EncodingError for four tokens that are no instruction."""
        ops = [kind.name for kind in self.vocabulary.kinds if kind.name.startswith("op:")]
        op = self._split(tokens[0], f"{where}, op", *ops)[0].removeprefix("op:")
        fields: list[int | None] = []
        for name, token in zip(("rd", "ra"), tokens[1:3], strict=True):
            kind, value = self._split(token, f"{where}, {name}", "reg", "none")
            fields.append(value if kind == "reg" else None)
        kind, value = self._split(tokens[3], f"{where}, x", "reg", "word", "none")
        x = Reg(value) if kind == "reg" else value if kind == "word" else None
        try:
            return Instruction(op, fields[0], fields[1], x)
        except ValueError as error:
            raise EncodingError(f"{where}: {error}") from None

    # The prompt.

    def prompt_tokens(self, program: Program) -> list[int]:
        """``bos``, ``nproc`` and the program: 2 + 4 L tokens."""
        tokens = [self.vocabulary.token("bos"), self.vocabulary.token("word", self.processors % (1 << self.word))]
        for instruction in program.instructions:
            tokens.extend(self.instruction_tokens(instruction))
        return tokens

    def prompt_places(self) -> list[tuple[int, ...]]:
        """The places of the prompt's tokens."""
        rows = [self.codebook.row("bos"), self.codebook.row("nproc")]
        return rows + [self.codebook.row(name, index=i) for i in range(self.length) for name in FIELDS]

    def read_prompt(self, tokens: np.ndarray) -> tuple[Instruction, ...]:
        """The instructions of a sequence; checks its header. Raises EncodingError."""
        self._split(tokens[0], "position 0", "bos")
        _, count = self._split(tokens[1], "position 1", "word")
        if count != self.processors % (1 << self.word):
            raise EncodingError(f"position 1: expected {self.processors} processors (mod 2^w), found {count}")
        body = tokens[HEADER : HEADER + 4 * self.length].reshape(-1, 4).tolist()
        return tuple(self.instruction(four, f"instruction {i}") for i, four in enumerate(body))

    def words(self, tokens: np.ndarray, where: str) -> tuple[int, ...]:
        """The words that a run of tokens stands for; raises EncodingError."""
        return tuple(self._split(token, f"{where} {i}", "word")[1] for i, token in enumerate(tokens.tolist()))


class LogLayout(Layout):
    """The log layout: 2 + 4 L + M tokens of prompt, then 3 P tokens for each time 0, 1, 2, ... (time 0: the start)."""

    def _codebook(self) -> Codebook:
        return log_places(self.word)

    @property
    def prompt_length(self) -> int:
        """Tokens before the log."""
        return HEADER + 4 * self.length + self.memory

    @property
    def block_length(self) -> int:
        """Tokens of one time in the log."""
        return len(LOG_SLOTS) * self.processors

    @property
    def latest(self) -> int:
        """The last time that the clock's bits can hold."""
        return (1 << clock_bits(self.word)) - 1

    def context_length(self, steps: int) -> int:
        """Tokens of a sequence with the times 0..steps."""
        return self.prompt_length + self.block_length * (steps + 1)

    def prompt(self, program: Program) -> TokenSequence:
        """Header, program and initial memory."""
        data = [*program.data, *[0] * (self.memory - len(program.data))]
        tokens = self.prompt_tokens(program) + [self.vocabulary.token("word", word) for word in data]
        places = self.prompt_places() + [self.codebook.row("memory", index=i) for i in range(self.memory)]
        return TokenSequence(np.array(tokens, dtype=np.int64), np.array(places, dtype=np.int64))

    def block_places(self, time: int) -> np.ndarray:
        """The places of one time: counter, target and value of processor 0, then of 1, ..."""
        rows = np.zeros((self.processors, len(LOG_SLOTS), 3), dtype=np.int64)
        rows[:, :, 0] = [self.codebook.kind_index[name] for name in LOG_SLOTS]
        rows[:, :, 1] = np.arange(self.processors)[:, None]
        rows[:, :, 2] = time
        return rows.reshape(-1, 3)

    def masks(self, time: int) -> TokenSequence:
        """The block of one time, all masked."""
        tokens = np.full(self.block_length, self.vocabulary.token("mask"), dtype=np.int64)
        return TokenSequence(tokens, self.block_places(time))

    def block(self, time: int, events: Sequence[Event]) -> TokenSequence:
        """The block of one time, from each processor's event."""
        tokens = []
        for event in events:
            write = event.write
            if write is None:
                target = self.vocabulary.token("none")
            else:
                target = self.vocabulary.token("reg" if write.space == "register" else "word", write.target)
            value = self.vocabulary.token("word", write.value if write else 0)
            tokens += [self.counter_token(event.pc, event.status), target, value]
        return TokenSequence(np.array(tokens, dtype=np.int64), self.block_places(time))

    def start(self) -> TokenSequence:
        """The block of time 0: every program counter 0, nothing written."""
        return self.block(0, [Event(0, "running")] * self.processors)

    def events(self, tokens: np.ndarray, where: str = "log") -> tuple[Event, ...]:
        """Inverse of ``block``; raises EncodingError, also for a value where nothing is written."""
        out = []
        for pid, (counter, target, value) in enumerate(tokens.reshape(-1, len(LOG_SLOTS)).tolist()):
            at = f"{where}, processor {pid}"
            pc, status = self.counter(counter, f"{at}, counter")
            kind, place = self._split(target, f"{at}, target", "reg", "word", "none")
            _, word = self._split(value, f"{at}, value", "word")
            if kind == "none" and word:
                raise EncodingError(f"{at}, value: expected 0 where nothing is written, found {word}")
            if kind == "word" and place >= self.memory:
                raise EncodingError(f"{at}, target: expected an address below {self.memory}, found {place}")
            write = None if kind == "none" else Write("register" if kind == "reg" else "memory", place, word)
            out.append(Event(pc, status, write))
        return tuple(out)

    def encode(self, program: Program, log: Sequence[Sequence[Event]]) -> TokenSequence:
        """Prompt, start and one complete block for each time 1, 2, ..."""
        parts = [self.prompt(program), self.start(), *(self.block(t, events) for t, events in enumerate(log, 1))]
        return join(parts)

    def decode(self, sequence: TokenSequence) -> tuple[tuple[Instruction, ...], tuple[int, ...], list[tuple[Event, ...]]]:
        """Inverse of ``encode``: instructions, initial memory, log. Raises EncodingError."""
        blocks = (len(sequence) - self.prompt_length) / self.block_length
        if blocks < 1 or blocks != int(blocks):
            raise EncodingError(
                f"sequence: expected {self.prompt_length} + {self.block_length} k tokens, found {len(sequence)}"
            )
        tokens = sequence.tokens
        instructions = self.read_prompt(tokens)
        memory = self.words(tokens[self.prompt_length - self.memory : self.prompt_length], "memory word")
        rest = tokens[self.prompt_length :].reshape(int(blocks), -1)
        if not np.array_equal(rest[0], self.start().tokens):
            raise EncodingError("log, time 0: expected every program counter 0 and nothing written")
        log = [self.events(block, f"log, time {t}") for t, block in enumerate(rest[1:], 1)]
        if not np.array_equal(sequence.places, self.places(len(log))):
            raise EncodingError("places: expected those of the layout, in its order")
        return instructions, memory, log

    def places(self, steps: int) -> np.ndarray:
        """The places of a whole sequence with the times 0..steps."""
        prompt = self.prompt_places() + [self.codebook.row("memory", index=i) for i in range(self.memory)]
        return np.concatenate([np.array(prompt, dtype=np.int64), *(self.block_places(t) for t in range(steps + 1))])

    def apply(self, before: Configuration, events: Sequence[Event]) -> Configuration:
        """The configuration after one more block: of several writes to one address the lowest processor's counts."""
        memory, registers = list(before.memory), [list(bank) for bank in before.registers]
        for pid in reversed(range(self.processors)):
            write = events[pid].write
            if write is not None and write.space == "memory":
                memory[write.target] = write.value
            elif write is not None:
                registers[pid][write.target] = write.value
        return Configuration(
            memory=tuple(memory),
            registers=tuple(tuple(bank) for bank in registers),
            pc=tuple(event.pc for event in events),
            status=tuple(event.status for event in events),
        )


class CellLayout(Layout):
    """The cell layout: 2 + 4 L tokens of prompt, then 2 (M + 9 P) slots: memory, registers, program counters."""

    def _codebook(self) -> Codebook:
        return cell_places(self.word)

    @property
    def prompt_length(self) -> int:
        """Tokens before the cells."""
        return HEADER + 4 * self.length

    @property
    def cells(self) -> int:
        """Number of cells, M + 9 P."""
        return self.memory + (REGISTERS + 1) * self.processors

    @property
    def context_length(self) -> int:
        """Tokens of the sequence."""
        return self.prompt_length + 2 * self.cells

    def places(self) -> np.ndarray:
        """The places of the whole sequence."""
        row, rows = self.codebook.row, self.prompt_places()
        rows += [row("memory", index=i, slot=s) for i in range(self.memory) for s in (0, 1)]
        for pid in range(self.processors):
            rows += [row("register", index=pid, register=r, slot=s) for r in range(REGISTERS) for s in (0, 1)]
        rows += [row("counter", index=pid, slot=s) for pid in range(self.processors) for s in (0, 1)]
        return np.array(rows, dtype=np.int64)

    def encode(self, program: Program, state: Configuration, slots: Sequence[int] | None = None) -> TokenSequence:
        """Prompt and cells; ``slots`` says for each cell which of its slots, 0 or 1, holds the value (0 by default)."""
        word = self.vocabulary.token
        values = [word("word", value) for value in state.memory]
        values += [word("word", value) for bank in state.registers for value in bank]
        values += [self.counter_token(pc, status) for pc, status in zip(state.pc, state.status, strict=True)]
        cells = np.full((self.cells, 2), word("mask"), dtype=np.int64)
        cells[np.arange(self.cells), np.array(slots if slots is not None else [0] * self.cells)] = values
        prompt = np.array(self.prompt_tokens(program), dtype=np.int64)
        return TokenSequence(np.concatenate([prompt, cells.ravel()]), self.places())

    def decode(self, sequence: TokenSequence) -> tuple[tuple[Instruction, ...], Configuration, tuple[int, ...]]:
        """Inverse of ``encode``: instructions, configuration, slots. Raises EncodingError."""
        if len(sequence) != self.context_length:
            raise EncodingError(f"sequence: expected {self.context_length} tokens, found {len(sequence)}")
        if not np.array_equal(sequence.places, self.places()):
            raise EncodingError("places: expected those of the layout, in its order")
        instructions = self.read_prompt(sequence.tokens)
        state, slots = self.state(sequence.tokens)
        return instructions, state, slots

    def state(self, tokens: np.ndarray) -> tuple[Configuration, tuple[int, ...]]:
        """Configuration and slots of the cells; raises EncodingError where a cell has not exactly one mask."""
        cells = tokens[self.prompt_length :].reshape(-1, 2)
        masked = cells == self.vocabulary.token("mask")
        if (bad := np.flatnonzero(masked.sum(axis=1) != 1)).size:
            raise EncodingError(f"cell {bad[0]}: expected one value and one mask, found {masked[bad[0]].sum()} masks")
        slots = tuple(masked.argmin(axis=1).tolist())
        values = cells[np.arange(self.cells), list(slots)]
        registers = values[self.memory : self.memory + REGISTERS * self.processors].reshape(-1, REGISTERS)
        counters = values[self.memory + REGISTERS * self.processors :].tolist()
        pairs = [self.counter(token, f"program counter {pid}") for pid, token in enumerate(counters)]
        return Configuration(
            memory=self.words(values[: self.memory], "memory word"),
            registers=tuple(self.words(bank, f"registers of processor {pid},") for pid, bank in enumerate(registers)),
            pc=tuple(pc for pc, _ in pairs),
            status=tuple(status for _, status in pairs),
        ), slots


def join(parts: Sequence[TokenSequence]) -> TokenSequence:
    """Concatenation of sequences."""
    return TokenSequence(np.concatenate([p.tokens for p in parts]), np.concatenate([p.places for p in parts]))
