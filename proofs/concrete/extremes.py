"""Sequences at the limits of a machine: the last index, address and time, every kind of token with extreme words.

They are positions of the largest machine's sequence (P, M, L = 2^w; of the log all times that the clock holds), of which most
are left out. So they are not well-formed: the match of a query may be missing, and then the sink wins, as in a lookup miss.
Tokens are of the kinds that belong there, in any combination, and need not come from any run.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, cast

import numpy as np

from efasp.encoding import COUNTERS, FIELDS, LOG_SLOTS, CellLayout, Event, Layout, LogLayout, TokenSequence, Write
from efasp.places import Row
from efasp.pram.isa import REGISTERS, Reg, operations
from efasp.pram.machine import Status
from efasp.proofs.concrete.machine_states import adversarial, register_form
from efasp.proofs.obligation import Machine

Placed = Iterator[tuple[Row, int]]  # places and their tokens


def ends(size: int) -> list[int]:
    """Numbers below a size at which bits end: the first, the middle, the last."""
    return list(dict.fromkeys((0, 1, size // 2 - 1, size // 2, size - 1)))


def sparse(machine: Machine, seed: int) -> TokenSequence:
    """A sequence at the ends: its prompt, then two dozen cells, or five blocks of which the last is masked in part."""
    size = 1 << machine.word
    some = Some(machine, seed)
    if machine.engine == "apmdm":
        cells = CellLayout(machine.word, machine.extension, size, size, size)
        placed = [*some.prompt(cells), *some.cells(cells)]
    else:
        log = LogLayout(machine.word, machine.extension, size, size, size)
        placed = [*some.prompt(log), *some.log(log)]
    rows, tokens = zip(*(some.strange(*one) if seed % 2 else one for one in placed), strict=True)
    dtype: Any = some.vocabulary.dtype
    return TokenSequence(np.array(tokens, dtype=dtype), np.array(rows, dtype=dtype))


class Some:
    """Draws words, instructions and counters of a machine."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self.rng, self.size = Random(seed), 1 << machine.word
        self.words, self.table = adversarial(machine.word), operations(machine.extension)
        self.ends = ends(self.size)
        self.code = [*range((len(self.table) + 1) // 2), *range(self.size - len(self.table) // 2, self.size)]
        self.machine, self.last = machine, 0

    @property
    def vocabulary(self) -> Any:
        """The codebook of the machine's tokens."""
        return LogLayout(self.machine.word, self.machine.extension, 1, 1, 1).vocabulary

    def word(self) -> int:
        """A word: mostly one at which arithmetic goes wrong first, or one that is next to the word before."""
        drawn = self.rng.choice(self.words) if self.rng.random() < 0.7 else self.rng.randrange(self.size)
        near = (self.last + self.rng.choice((-1, 0, 1))) % self.size
        self.last = near if self.rng.random() < 0.3 else drawn
        return self.last

    def address(self) -> int:
        """An address of a word that is there, mostly."""
        return self.rng.choice(self.ends) if self.rng.random() < 0.8 else self.word()

    def counter(self) -> tuple[int, Status]:
        """A program counter and a status: mostly at an instruction that is there, and running."""
        pc = self.rng.choice(self.code) if self.rng.random() < 0.8 else self.word()
        status = self.rng.choice(COUNTERS)
        return pc, cast(Status, "running" if status == "word" or self.rng.random() < 0.5 else status)

    def strange(self, row: Row, token: int) -> tuple[Row, int]:
        """In the place of one token in ten another of any kind; ``bos`` and the masks stay the only ones."""
        kind = self.rng.choice([kind for kind in self.vocabulary.kinds if kind.name not in ("bos", "mask")])
        if self.rng.random() < 0.9 or self.vocabulary.split(token)[0] in ("bos", "mask"):
            return row, token
        payloads = {"word": self.word(), "reg": self.rng.randrange(REGISTERS)}
        return row, self.vocabulary.token(kind.name, *(payloads[name] for name in kind.payloads))

    def prompt(self, layout: Layout) -> Placed:
        """The header, and every operation once: the first at the program's start, the others at its end."""
        yield layout.row("bos"), layout.vocabulary.token("bos")
        yield layout.row("nproc"), layout.word_token(layout.count)
        for index, operation in zip(self.code, self.table, strict=True):
            x: Reg | int = Reg(self.rng.randrange(REGISTERS)) if self.rng.random() < 0.5 else self.address()
            made = register_form(operation, self.rng.randrange(REGISTERS), self.rng.randrange(REGISTERS), x)
            for kind, token in zip(FIELDS, layout.instruction_tokens(made), strict=True):
                yield layout.row(kind, index=index), token

    def cells(self, layout: CellLayout) -> Placed:
        """Memory words, all registers of the last processor, counters; of each cell one slot is masked."""
        pids = self.ends[:2] + self.ends[-1:]
        words = [("memory", {"index": address}, layout.word_token(self.word())) for address in self.ends]
        for pid in pids:
            named = range(REGISTERS) if pid == pids[-1] else (0, REGISTERS - 1)
            words += [("register", {"index": pid, "register": r}, layout.word_token(self.word())) for r in named]
        words += [("counter", {"index": pid}, layout.counter_token(*self.counter())) for pid in self.ends]
        for kind, payloads, token in words:
            held = self.rng.randrange(2)
            for slot in (0, 1):
                yield layout.row(kind, **payloads, slot=slot), token if slot == held else layout.vocabulary.token("mask")

    def log(self, layout: LogLayout) -> Placed:
        """Memory, the start, and blocks in the middle and at the end of the clock, each of a few processors."""
        for address in self.ends:
            yield layout.row("memory", index=address), layout.word_token(self.word())
        middle, last = layout.latest // 2, layout.latest
        for time in (0, middle, middle + 1, last - 1, last):
            for pid in self.ends[:2] + self.ends[-1:]:
                event = Event(0, "running") if time == 0 else self.event()
                for kind, token in zip(LOG_SLOTS, layout.event_tokens(event), strict=True):
                    masked = time == last and self.rng.random() < 0.7
                    yield layout.row(kind, time=time, index=pid), layout.vocabulary.token("mask") if masked else token

    def event(self) -> Event:
        """A step: a write to a register, to a word of memory, or none."""
        space = self.rng.choice(("register", "memory", ""))
        write = None
        if space:
            target = self.rng.randrange(REGISTERS) if space == "register" else self.address()
            write = Write(cast(Any, space), target, self.word())
        return Event(*self.counter(), write)
