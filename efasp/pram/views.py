"""How each engine reads the machine at every position: program counter, instruction, register and memory word.

``LogView`` reads them from the log (masked diffusion), ``CellView`` from cells in place (any-process generation). Names in
quotes are definitions of the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from efasp.attention import Match, match
from efasp.embeddings import Embedding, positions, tokens
from efasp.encoding import COUNTERS, FIELDS, cell_places, clock_bits, log_places, vocabulary
from efasp.pointwise import and_, gate, not_, number, signed, threshold, unsigned
from efasp.pram.isa import operations
from efasp.sorts import Flag, Int, OneHot, Word
from efasp.syntax import Node, Program, combine, concat, refine


def total(*flags: Node) -> Node:
    """The sum of flags of which at most one is 1: a flag."""
    return combine([(1, flag) for flag in flags], sort=Flag())


@dataclass(frozen=True)
class Counter:
    """A program counter as read: its word, and its status as one-hot over ``COUNTERS`` (none set: there is none)."""

    word: Node
    kind: Node

    @property
    def running(self) -> Node:
        """Whether the processor runs."""
        return refine(self.kind[0], Flag())

    @property
    def stopped(self) -> list[Node]:
        """One flag a stopped status, in the order of ``STOPPED``."""
        return [refine(self.kind[i], Flag()) for i in range(1, len(COUNTERS))]


@dataclass(frozen=True)
class Fetched:
    """An instruction as fetched: the operation's one-hot, whether there is one, three register names, the immediate."""

    op: dict[str, Node]
    found: Node
    rd: Node
    ra: Node
    rb: Node
    immediate: Node


class View:
    """How one engine reads the machine at every position; ``te`` and ``pe`` are its embeddings."""

    def __init__(self, program: Program, word: int, extension: str, pe: Embedding) -> None:
        self.let, self.word, self.extension = program.let, word, extension
        self.te, self.pe = tokens(vocabulary(word, extension)), pe
        self.sink = self.te.flag("bos")
        self.match = partial(match, one=pe.one, sink=self.sink)
        self.indexed = self.pe.flag(*(kind.name for kind in pe.codebook.kinds if "index" in kind.payloads))
        # an index as 0/1 bits: the processor's id, at its cells
        self.index = self.let("index", unsigned(pe.field("index_bits"), self.indexed))
        self.token_word = self.let("token_word", unsigned(self.te.field("word_bits"), self.te.flag(*COUNTERS)))

    def counter_of(self, m: Match) -> Counter:
        """The program counter at the matched position."""
        kinds = refine(concat(*(self.te.flag(name) for name in COUNTERS)), OneHot(len(COUNTERS), partial=True))
        word = self.let("counter", m.read(self.token_word))
        return Counter(word, self.let("status", m.read(kinds)))

    def fetch(self, counter: Counter) -> Fetched:
        """The instruction at the program counter; nothing for a stopped processor or outside the program."""
        present = total(*(counter.kind[i] for i in range(len(COUNTERS))))
        query = self.let("fetch", signed(counter.word, present))
        absent = not_(counter.running)
        at = {
            name: self.match([query], [self.pe.field("index_bits")], among=self.pe.flag(name), absent=absent) for name in FIELDS
        }
        names = [operation.name for operation in operations(self.extension)]
        flags = refine(concat(*(self.te.flag(f"op:{name}") for name in names)), OneHot(len(names), partial=True))
        op = self.let("operation", at["op"].read(flags))
        reg = self.te.field("reg_bits")
        return Fetched(
            op={name: refine(op[i], Flag()) for i, name in enumerate(names)},
            found=total(*op),
            rd=self.let("rd", at["rd"].read(reg)),
            ra=self.let("ra", at["ra"].read(reg)),
            rb=self.let("rb", at["x"].read(reg)),
            immediate=self.let("immediate", at["x"].read(self.token_word)),
        )

    def register(self, name: Node) -> Node:
        """The own processor's register of that name (signed bits; none: 0)."""
        raise NotImplementedError

    def memory(self, address: Node, absent: Node) -> Match:
        """The lookup of a memory word at an address (signed bits); not found where ``absent``."""
        raise NotImplementedError

    def cell_value(self) -> Node:
        """The value carried by the positions that ``register`` and ``memory`` look up."""
        raise NotImplementedError

    def processors(self, wanted: Node) -> Node:
        """P (modulo 2^w) where the flag is 1, else 0."""
        m = self.match([], [], among=self.pe.flag("nproc"), absent=not_(wanted))
        return m.read(self.token_word)


class LogView(View):
    """Reads from the log. A block counts as written only when none of its tokens is masked."""

    def __init__(self, program: Program, word: int, extension: str) -> None:
        super().__init__(program, word, extension, positions(log_places(word)))
        let, te, pe, w = self.let, self.te, self.pe, word
        self.clock = clock_bits(word)
        masked, target = te.flag("mask"), pe.flag("target")
        time, prev, index = pe.field("time_bits"), pe.field("prev_bits"), pe.field("index_bits")
        # Own block complete; the block before complete (then this position is ready).
        written = self.match([time], [time], among=masked)
        self.incomplete = let("incomplete", written.found)
        self.ready = let("ready", self.match([prev], [time], among=masked).missed)
        # A target offers the word of its value position; a place of the initial memory its own.
        value = self.match([time, index], [time, index], among=pe.flag("value"), exclude=[masked])
        in_memory = pe.flag("memory")
        paired = let("paired", value.read(self.token_word))
        self.content = let("content", combine([(1, paired), (1, gate(in_memory, self.token_word))], sort=Word(w)))
        # Of several targets of one time and address the lowest processor's counts.
        top = (1 << w) - 1
        urgency = let("urgency", combine([(top, self.indexed), (-1, number(index, self.indexed))], sort=Int(0, top)))
        address = te.field("word_bits")
        concurrent = self.match([time, address], [time, address], among=target, rank=urgency, capacity=1 << w)
        lead = combine([(1, let("max_urgency", concurrent.read(urgency))), (-1, urgency)], sort=Int(-top, top))
        self.beaten = let("beaten", threshold(lead, 1))
        # The address at which a position holds a memory word, in signed bits; none elsewhere.
        is_target = let("is_target", and_(target, te.flag("word")))
        held = combine([(1, gate(in_memory, self.index)), (1, gate(is_target, self.token_word))], sort=Word(w))
        self.holds = let("holds", signed(held, total(in_memory, is_target)))
        self.holder = total(in_memory, is_target)
        self.target = target

    def counter(self) -> Counter:
        """The own processor's program counter one time before."""
        index = self.pe.field("index_bits")
        query = [self.pe.field("prev_bits"), index]
        m = self.match(
            query, [self.pe.field("time_bits"), index], among=self.pe.flag("counter"), exclude=[self.te.flag("mask")]
        )
        return self.counter_of(m)

    def register(self, name: Node) -> Node:
        index, reg = self.pe.field("index_bits"), self.te.field("reg_bits")
        m = self.match([index, name], [index, reg], among=self.target, exclude=[self.incomplete], **self._latest)
        return m.read(self.content)

    def memory(self, address: Node, absent: Node) -> Match:
        exclude = [self.incomplete, self.beaten]
        return self.match([address], [self.holds], among=self.holder, exclude=exclude, absent=absent, **self._latest)

    @property
    def _latest(self) -> dict[str, Any]:
        return {"rank": self.pe.field("clock"), "capacity": 1 << self.clock}

    def cell_value(self) -> Node:
        return self.content


class CellView(View):
    """Reads from the cells: the slot that is not masked."""

    def __init__(self, program: Program, word: int, extension: str) -> None:
        super().__init__(program, word, extension, positions(cell_places(word)))
        self.masked = self.te.flag("mask")

    def _cell(self, query: list[Node], key: list[Node], kind: str, absent: Node | None = None) -> Match:
        return self.match(query, key, among=self.pe.flag(kind), exclude=[self.masked], absent=absent)

    def counter(self) -> Counter:
        """The program counter of the processor of the own cell."""
        index = self.pe.field("index_bits")
        return self.counter_of(self._cell([index], [index], "counter"))

    def register(self, name: Node) -> Node:
        index, reg = self.pe.field("index_bits"), self.pe.field("register_bits")
        return self._cell([index, name], [index, reg], "register").read(self.token_word)

    def memory(self, address: Node, absent: Node) -> Match:
        return self._cell([address], [self.pe.field("index_bits")], "memory", absent)

    def cell_value(self) -> Node:
        return self.token_word
