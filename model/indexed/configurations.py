"""The configuration of a sequence of cells, brought up to date where tokens have changed."""

from __future__ import annotations

import numpy as np

from efasp.encoding import COUNTERS, CellLayout, TokenSequence
from efasp.pram.machine import Configuration


class Configurations:
    """Reads ``CellLayout.state`` of a sequence that changes. ``sequence``: the one that is read first. Raises EncodingError."""

    def __init__(self, layout: CellLayout, sequence: TokenSequence) -> None:
        self.layout, self.book = layout, layout.vocabulary
        found, _ = layout.state(sequence.tokens)
        self.mask = self.book.token("mask")
        self._statuses = [layout.counter(self.book.token(kind), kind)[1] for kind in COUNTERS]
        self.words, self.pc, self.status = list(found.memory), list(found.pc), list(found.status)
        self.banks = list(found.registers)
        self._offsets = np.array(self.book.offsets)
        places, names = sequence.places[layout.prompt_length :: 2], layout.codebook.kind_index
        payload = {name: 1 + at for at, name in enumerate(layout.codebook.bits)}
        self._kind = [names[name] for name in ("memory", "register", "counter")]
        self._places = places[:, 0], places[:, payload["index"]], places[:, payload["register"]]

    def update(self, tokens: np.ndarray, changed: np.ndarray) -> Configuration:
        """The configuration of a sequence whose cells differ from the last one's only at ``changed`` positions, in order and
        counted from the first cell. Raises EncodingError as ``CellLayout.state``."""
        cells = changed // 2
        cells = cells[np.diff(cells, prepend=-1) > 0]
        pair = tokens[self.layout.prompt_length :].reshape(-1, 2)[cells]
        free = pair == self.mask
        held = np.where(free[:, 0], pair[:, 1], pair[:, 0])
        token_kinds = np.searchsorted(self._offsets[1:], held, side="right")
        kind, index, register = (column[cells] for column in self._places)
        memory, registers, counters = (kind == number for number in self._kind)
        sound = (free.sum(axis=1) == 1) & (token_kinds < np.where(counters, len(COUNTERS), 1))
        if not sound.all():
            return self.layout.state(tokens)[0]  # says what is wrong
        value = held - self._offsets[token_kinds]
        for address, word in zip(index[memory].tolist(), value[memory].tolist(), strict=True):
            self.words[address] = word
        for pid, name, word in zip(*(x[registers].tolist() for x in (index, register, value)), strict=True):
            bank = self.banks[pid]
            self.banks[pid] = (*bank[:name], word, *bank[name + 1 :])
        for pid, word, status in zip(*(x[counters].tolist() for x in (index, value, token_kinds)), strict=True):
            self.pc[pid] = word
            self.status[pid] = self._statuses[status]
        return Configuration(tuple(self.words), tuple(self.banks), tuple(self.pc), tuple(self.status))
