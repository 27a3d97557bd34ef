"""The bijection (claim B): programs, memories, logs and configurations to sequences of tokens and back, by their places.

A sequence is an array of token ids (``efasp.tokens``) and an array of places (rows of the layout's position codebook); the
position embedding reads the place. Two layouts:

* ``LOG`` (masked diffusion): ``bos nproc`` program, memory, then for every time t and processor three tokens: the next
  program counter, the target of the write (a register name, an address, or ``none``), and the value.
* ``CELLS`` (any-process generation): ``bos nproc`` program, then two slots for every memory word, register and program
  counter, one holding the cell's value and the other masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from efasp.codebook import Codebook
from efasp.layout import HEADER, Layout
from efasp.loops import downwards, table
from efasp.places import (
    FIELDS,
    LOG_SLOTS,
    Row,
    Section,
    TokenSequence,
    cell_places,
    clock_bits,
    join,
    log_places,
)
from efasp.pram.isa import REGISTERS, Instruction
from efasp.pram.machine import Configuration, Program, Status, Working, initial
from efasp.tokens import COUNTERS, STOPPED, EncodingError, vocabulary

__all__ = [
    "COUNTERS", "FIELDS", "LOG_SLOTS", "STOPPED", "CellLayout", "EncodingError", "Event", "Layout", "LogLayout",
    "TokenSequence", "Write", "cell_places", "clock_bits", "join", "log_places", "vocabulary",
]  # fmt: skip


@dataclass(frozen=True)
class Write:
    """The write of a processor's step: to a register (0..7) or a memory address, which value."""

    space: Literal["register", "memory"]
    target: int
    value: int


@dataclass(frozen=True)
class Event:
    """One processor's step in the log: program counter and status after it, and its write, if any."""

    pc: int
    status: Status
    write: Write | None = None


class LogLayout(Layout):
    """The log layout: 2 + 4 L + M tokens of prompt, then 3 P tokens for each time 0, 1, 2, ... (time 0: the start)."""

    def _codebook(self) -> Codebook:
        return log_places(self.word)

    def _sections(self) -> tuple[Section, ...]:
        log = (("time", self.latest + 1), ("index", self.processors))
        return Section(("memory",), (("index", self.memory),)), Section(LOG_SLOTS, log)

    @cached_property
    def prompt_length(self) -> int:
        """The number of tokens before the log."""
        return HEADER + 4 * self.length + self.memory

    @property
    def block_length(self) -> int:
        """The number of tokens of one time in the log."""
        return len(LOG_SLOTS) * self.processors

    @property
    def latest(self) -> int:
        """The last time that the clock's bits can hold."""
        return (1 << clock_bits(self.word)) - 1

    @property
    def steps(self) -> range:
        """The times after the start, as far as the clock's bits go."""
        return range(1, self.latest + 1)

    def context_length(self, steps: int) -> int:
        """Tokens of a sequence with the times 0..steps."""
        return self.prompt_length + self.block_length * (steps + 1)

    def times(self, time: int) -> slice:
        """The positions of the block of one time, as a slice."""
        return slice(self.context_length(time - 1), self.context_length(time))

    # Single tokens, and their reading.

    def token(self, instructions: Sequence[Instruction], memory: Sequence[int], row: Row) -> int:
        """The token that belongs to a place of the prompt."""
        kind, payloads = self.named(row)
        return self.word_token(memory[payloads["index"]]) if kind == "memory" else self.prompt_token(instructions, row)

    def block_token(self, events: Sequence[Event], row: Row) -> int:
        """The token that belongs to a place of the log, of each processor's event at its time."""
        kind, payloads = self.named(row)
        return self.event_tokens(events[payloads["index"]])[LOG_SLOTS.index(kind)]

    def event_tokens(self, event: Event) -> tuple[int, int, int]:
        """A processor's step as its tokens: counter, target, value."""
        write = event.write
        if write is None:
            target = self.vocabulary.token("none")
        else:
            target = self.vocabulary.token("reg" if write.space == "register" else "word", write.target)
        return self.counter_token(event.pc, event.status), target, self.word_token(write.value if write else 0)

    def event(self, tokens: Sequence[int], where: str) -> Event:
        """Inverse of ``event_tokens``; raises EncodingError, also for a value where nothing is written."""
        pc, status = self.counter(tokens[0], f"{where}, counter")
        kind, target = self.split(tokens[1], f"{where}, target", "reg", "word", "none")
        value = self.word_of(tokens[2], f"{where}, value")
        if kind == "none" and value:
            raise EncodingError(f"{where}, value: expected 0 where nothing is written, found {value}")
        if kind == "word" and target >= self.memory:
            raise EncodingError(f"{where}, target: expected an address below {self.memory}, found {target}")
        write = None if kind == "none" else Write("register" if kind == "reg" else "memory", target, value)
        return Event(pc, status, write)

    def initial_word(self, tokens: Sequence[int], address: int) -> int:
        """A word of the initial memory; raises EncodingError."""
        return self.word_of(tokens[self.at("memory", index=address)], f"memory word {address}")

    def read_memory(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """The initial memory of a prompt. Raises EncodingError."""
        return table(self.memory, lambda address: self.initial_word(tokens, address))

    def in_block(self, kind: str, pid: int) -> int:
        """Where in a block a token of a processor stands."""
        return self.at(kind, index=pid) - self.prompt_length

    def three(self, block: Sequence[int], pid: int) -> list[int]:
        """The three tokens of one processor in a block of tokens."""
        return [block[self.in_block(kind, pid)] for kind in LOG_SLOTS]

    # Whole sequences.

    def prompt(self, program: Program) -> TokenSequence:
        """The header, the program and the initial memory, as tokens and places."""
        memory = initial(program).memory
        return self.part(0, self.prompt_length, lambda row: self.token(program.instructions, memory, row))

    def masks(self, time: int) -> TokenSequence:
        """The block of one time with the mask at every position."""
        span = self.times(time)
        return self.masked(span.start, span.stop)

    def block(self, time: int, events: Sequence[Event]) -> TokenSequence:
        """The block of one time, from each processor's event."""
        span = self.times(time)
        return self.part(span.start, span.stop, lambda row: self.block_token(events, row))

    def start(self) -> TokenSequence:
        """The block of time 0: every program counter 0, nothing written."""
        return self.block(0, [Event(0, "running")] * self.processors)

    def opening(self, program: Program) -> TokenSequence:
        """The opening of decoding: the prompt and the block of time 0."""
        return join([self.prompt(program), self.start()])

    def ahead(self, first: int, last: int) -> TokenSequence:
        """The blocks of the times ``first`` to ``last``, all masked."""
        return self.masked(self.times(first).start, self.times(last).stop)

    def events(self, tokens: np.ndarray, where: str = "log") -> tuple[Event, ...]:
        """The events that a block's tokens say, one a processor: the inverse of ``block``. Raises EncodingError."""
        block = tokens.tolist()
        return table(self.processors, lambda pid: self.event(self.three(block, pid), f"{where}, processor {pid}"))

    def encode(self, program: Program, log: Sequence[Sequence[Event]]) -> TokenSequence:
        """Prompt, start and one complete block for each time 1, 2, ..."""
        return join([self.opening(program), *(self.block(time, events) for time, events in enumerate(log, 1))])

    def decode(self, sequence: TokenSequence) -> tuple[tuple[Instruction, ...], tuple[int, ...], list[tuple[Event, ...]]]:
        """Inverse of ``encode``: instructions, initial memory, log. Raises EncodingError."""
        blocks, rest = divmod(len(sequence) - self.prompt_length, self.block_length)
        if blocks < 1 or rest:
            raise EncodingError(
                f"sequence: expected {self.prompt_length} + {self.block_length} k tokens, found {len(sequence)}"
            )
        tokens = sequence.tokens.tolist()
        instructions = self.read_prompt(tokens)
        memory = self.read_memory(tokens)
        if not np.array_equal(sequence.tokens[self.times(0)], self.start().tokens):
            raise EncodingError("log, time 0: expected every program counter 0 and nothing written")
        log = [self.events(sequence.tokens[self.times(t)], f"log, time {t}") for t in range(1, blocks)]
        if not np.array_equal(sequence.places, self.places(len(log))):
            raise EncodingError("places: expected those of the layout, in its order")
        return instructions, memory, log

    def places(self, steps: int) -> np.ndarray:
        """The places of a whole sequence with the times 0..steps."""
        return self.masked(0, self.context_length(steps)).places

    def apply(self, before: Configuration, events: Sequence[Event]) -> Configuration:
        """The configuration after one more block: of several writes to one address the lowest processor's counts."""
        after = before.working()
        downwards(self.processors, lambda pid: self.take(after, pid, events[pid]))
        return after.freeze()

    def take(self, state: Working, pid: int, event: Event) -> None:
        """Put one processor's step into a configuration."""
        state.pc[pid], state.status[pid], write = event.pc, event.status, event.write
        if write is not None and write.space == "memory":
            state.memory[write.target] = write.value
        elif write is not None:
            state.registers[pid][write.target] = write.value


class CellLayout(Layout):
    """The cell layout: 2 + 4 L tokens of prompt, then 2 (M + 9 P) slots: memory, registers, program counters.

    ``registers``: how many a processor has.
    """

    registers = REGISTERS

    def _codebook(self) -> Codebook:
        return cell_places(self.word)

    def _sections(self) -> tuple[Section, ...]:
        processor, slot = ("index", self.processors), ("slot", 2)
        memory = Section(("memory",), (("index", self.memory), slot))
        return (
            memory,
            Section(("register",), (processor, ("register", self.registers), slot)),
            Section(("counter",), (processor, slot)),
        )

    @cached_property
    def prompt_length(self) -> int:
        """The number of tokens before the cells."""
        return HEADER + 4 * self.length

    @property
    def cells(self) -> int:
        """The number of cells, M + 9 P."""
        return self.memory + (self.registers + 1) * self.processors

    @property
    def context_length(self) -> int:
        """The number of tokens of the sequence."""
        return self.prompt_length + 2 * self.cells

    # Single tokens, and the reading of the two of a cell.

    def cell(self, row: Row) -> int:
        """The number of the cell that a place is a slot of."""
        return (self.position(row) - self.prompt_length) // 2

    def slot_of(self, cell: int, slot: int) -> int:
        """The position of a slot (0 or 1) of a cell."""
        return self.prompt_length + 2 * cell + slot

    def token(self, instructions: Sequence[Instruction], state: Configuration, slots: Sequence[int], row: Row) -> int:
        """The token that the sequence of a state has at a place; ``slots``: of each cell the slot that is not masked."""
        kind, payloads = self.named(row)
        if kind not in ("memory", "register", "counter"):
            return self.prompt_token(instructions, row)
        if slots[self.cell(row)] != payloads["slot"]:
            return self.vocabulary.token("mask")
        index = payloads["index"]
        if kind == "counter":
            return self.counter_token(state.pc[index], state.status[index])
        return self.word_token(state.memory[index] if kind == "memory" else state.registers[index][payloads["register"]])

    def held(self, tokens: Sequence[int], cell: int) -> tuple[int, int]:
        """The token that a cell holds, and its slot; raises EncodingError where not exactly one of the two is a mask."""
        pair = [tokens[self.slot_of(cell, slot)] for slot in (0, 1)]
        free = [self.vocabulary.split(token)[0] == "mask" for token in pair]
        if sum(free) != 1:
            raise EncodingError(f"cell {cell}: expected one value and one mask, found {sum(free)} masks")
        slot = free.index(False)
        return pair[slot], slot

    def value(self, held: Sequence[tuple[int, int]], kind: str, index: int, register: int = 0) -> int:
        """The word in a cell of memory or a register; raises EncodingError."""
        where = f"memory word {index}" if kind == "memory" else f"registers of processor {index}, {register}"
        return self.word_of(held[self.cell(self.row(kind, index=index, register=register))][0], where)

    def pc(self, held: Sequence[tuple[int, int]], pid: int) -> tuple[int, Status]:
        """A processor's program counter and status; raises EncodingError."""
        return self.counter(held[self.cell(self.row("counter", index=pid))][0], f"program counter {pid}")

    # Whole sequences.

    def places(self) -> np.ndarray:
        """The places of the whole sequence, in order."""
        return self.masked(0, self.context_length).places

    def encode(self, program: Program, state: Configuration, slots: Sequence[int] | None = None) -> TokenSequence:
        """Prompt and cells; ``slots`` says for each cell which of its slots, 0 or 1, holds the value (0 by default)."""
        chosen = [0] * self.cells if slots is None else slots
        return self.part(0, self.context_length, lambda row: self.token(program.instructions, state, chosen, row))

    def opening(self, program: Program) -> TokenSequence:
        """The opening of decoding: prompt and cells of the initial configuration."""
        return self.encode(program, initial(program))

    def decode(self, sequence: TokenSequence) -> tuple[tuple[Instruction, ...], Configuration, tuple[int, ...]]:
        """Inverse of ``encode``: instructions, configuration, slots. Raises EncodingError."""
        if len(sequence) != self.context_length:
            raise EncodingError(f"sequence: expected {self.context_length} tokens, found {len(sequence)}")
        if not np.array_equal(sequence.places, self.places()):
            raise EncodingError("places: expected those of the layout, in its order")
        instructions = self.read_prompt(sequence.tokens.tolist())
        state, slots = self.state(sequence.tokens)
        return instructions, state, slots

    def state(self, tokens: np.ndarray) -> tuple[Configuration, tuple[int, ...]]:
        """Configuration and slots of the cells; raises EncodingError where a cell has not exactly one mask."""
        ids, processors = tokens.tolist(), self.processors
        held = table(self.cells, lambda cell: self.held(ids, cell))
        counters = table(processors, lambda pid: self.pc(held, pid))

        def bank(pid: int) -> tuple[int, ...]:
            return table(self.registers, lambda register: self.value(held, "register", pid, register))

        return Configuration(
            memory=table(self.memory, lambda address: self.value(held, "memory", address)),
            registers=table(processors, bank),
            pc=table(processors, lambda pid: counters[pid][0]),
            status=table(processors, lambda pid: counters[pid][1]),
        ), table(self.cells, lambda cell: held[cell][1])
