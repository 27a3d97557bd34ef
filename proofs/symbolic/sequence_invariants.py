"""Symbolic sequences of a machine: well-formed positions, the PRAM state that they hold, and the results of lookups (T1, T4).

The size of a word is the symbol ``words`` (2^w) and that of the clock is ``times``, so the formulas do not depend on w. The
PRAM configuration
after t steps is a set of functions: ``(pram.pc p)``, ``(pram.status p)`` (0: running, then as ``STOPPED``), ``(pram.register p
r)``, ``(pram.memory a)``; the program is ``(code.op k)`` (an operation's number), ``(code.rd k)``, ``(code.ra k)``, ``(code.rb
k)`` (a register, or -1 where the instruction has none) and ``(code.imm k)`` (0 where it has none).

Masked diffusion, in the pass that produces time t + 1: the blocks up to t are complete, some token of block t + 1 is masked
(any one, so the formulas do not depend on the order of unmasking), and all later blocks are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from efasp.encoding import COUNTERS, FIELDS, LOG_SLOTS
from efasp.pram.isa import operations
from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.encoding_places import CLOCK, inside
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, plus
from efasp.proofs.symbolic.ends import clock_ends, size_ends
from efasp.proofs.symbolic.nodes import flag, is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.step_definitions import Step

SLOTS = tuple(f"pe.{name}" for name in LOG_SLOTS)
CELLS = ("pe.memory", "pe.register", "pe.counter")
COUNTER_KINDS = tuple(f"te.{name}" for name in COUNTERS)
FUNCTIONS = {
    "pram.pc": (1, "program counter of a processor"),
    "pram.status": (1, "its status: 0 running, 1 halted, 2 load, 3 store, 4 pc"),
    "pram.register": (2, "its register of a number"),
    "pram.memory": (1, "word of memory at an address"),
    "code.op": (1, "number of the operation of an instruction"),
    "code.rd": (1, "its register rd, -1: none"),
    "code.ra": (1, "its register ra, -1: none"),
    "code.rb": (1, "its second operand's register, -1: none"),
    "code.imm": (1, "its immediate, 0: none"),
}
Conditions = Iterator[Term]


def iff(a: Term, b: Term) -> Term:
    """Logical equivalence."""
    return eq(a, b)


def call(name: str, *arguments: Term) -> Term:
    """The application of a function to arguments."""
    return f"({name} {' '.join(arguments)})"


def state(script: Script) -> None:
    """Declare the functions of the PRAM state and of the program."""
    for name, (arity, note) in FUNCTIONS.items():
        script.function(name, ["Int"] * arity, "Int", note)


# Well-formed sequences.


def well_formed_prompt(at: Position) -> Conditions:
    """Constraints on the places and tokens of header and program."""
    index, ops = at.payload("pe", "index"), [f"te.{kind.name}" for kind in at.step.te.kinds if kind.name.startswith("op:")]
    yield iff(at.kind("pe.bos"), at.kind("te.bos"))
    yield implies(at.kind("pe.nproc"), at.kind("te.word"))
    for name in FIELDS:
        yield implies(at.kind(f"pe.{name}"), lt(index, "length"))
    yield iff(at.kind("pe.op"), at.kind(*ops))
    yield implies(at.kind("pe.rd", "pe.ra"), at.kind("te.reg", "te.none"))
    yield implies(at.kind("pe.x"), at.kind("te.reg", "te.word", "te.none"))


def well_formed_log(at: Position, t: Term = "t") -> Conditions:
    """Constraints of the log layout whose blocks up to t are complete."""
    yield from well_formed_prompt(at)
    index, time = at.payload("pe", "index"), at.payload("pe", "time")
    yield implies(at.kind("pe.memory"), land(at.kind("te.word"), lt(index, "cells")))
    yield implies(at.kind(*SLOTS), lt(index, "processors"))
    yield implies(at.kind("te.mask"), land(at.kind(*SLOTS), lt(t, time)))  # complete blocks are not masked
    yield implies(at.kind("pe.counter"), at.kind(*COUNTER_KINDS, "te.mask"))
    yield implies(at.kind("pe.target"), at.kind("te.word", "te.reg", "te.none", "te.mask"))
    stored = land(at.kind("pe.target"), at.kind("te.word"))
    yield implies(stored, lt(at.payload("te", "word"), "cells"))
    yield implies(land(at.kind("pe.target"), eq(time, "0")), at.kind("te.none"))  # nothing is written at time 0
    yield implies(at.kind("pe.value"), at.kind("te.word", "te.mask"))


def well_formed_cells(at: Position) -> Conditions:
    """Constraints of the cell layout."""
    yield from well_formed_prompt(at)
    index = at.payload("pe", "index")
    yield implies(at.kind("pe.memory"), lt(index, "cells"))
    yield implies(at.kind("pe.register", "pe.counter"), lt(index, "processors"))
    yield implies(at.kind("te.mask"), at.kind(*CELLS))
    yield implies(at.kind("pe.memory", "pe.register"), at.kind("te.word", "te.mask"))
    yield implies(at.kind("pe.counter"), at.kind(*COUNTER_KINDS, "te.mask"))


@concluded("simulation.kept", "well-formed", invariant=True)
def WELL_FORMED(at: Position, t: Term = "t") -> Term:
    """After t steps the token at each place is of a kind that the layout allows there."""
    return land(*(well_formed_log(at, t) if at.step.machine.engine == "mdm" else well_formed_cells(at)))


@concluded("simulation.kept", "program", invariant=True)
def PROGRAM(at: Position) -> Term:
    """The prompt holds P modulo 2^w and every field of the program."""
    index, register, word = at.payload("pe", "index"), at.payload("te", "reg"), at.payload("te", "word")
    parts = [implies(at.kind("pe.nproc"), eq(word, "count"))]
    for number, operation in enumerate(operations(at.step.machine.extension)):
        parts.append(
            implies(at.kind("pe.op"), iff(at.kind(f"te.op:{operation.name}"), is_value(call("code.op", index), number)))
        )
    named = ite(at.kind("te.reg"), register, "(- 1)")
    for name in ("rd", "ra"):
        parts.append(implies(at.kind(f"pe.{name}"), eq(call(f"code.{name}", index), named)))
    immediate = eq(call("code.imm", index), ite(at.kind("te.word"), word, "0"))
    parts.append(implies(at.kind("pe.x"), land(eq(call("code.rb", index), named), immediate)))
    return land(*parts)


SIZES = {"L": "length", "M": "cells", "P": "processors", "T": "last"}  # sizes of the sequence and their symbols


@concluded("simulation.positions", "one position a place")
def ONE_POSITION(a: Position, b: Position) -> Term:
    """Two positions of the same place have the same token."""
    return implies(a.same_place(b), a.same_token(b))


@concluded("simulation.positions", "a position for every place")
def HAS_POSITION(at: Position, kind: str, payloads: Mapping[str, Term]) -> Term:
    """If this kind and these payloads are those of a place of the sequence, ``at`` is a position of that place."""
    same = (eq(at.payload("pe", name), value) for name, value in payloads.items())
    return implies(*inside(at.step.pe, kind, payloads, SIZES), land(at.kind(f"pe.{kind}"), *same))


def slot(at: Position) -> Term:
    """Whether a position is at a place of the log."""
    return at.kind(*SLOTS)


def past(at: Position, t: Term = "t") -> Term:
    """Whether a position of the log belongs to a block that is complete after t steps."""
    return le(at.payload("pe", "time"), t)


# The PRAM state in a sequence.


def counter_holds(at: Position, pc: Term, status: Term) -> Term:
    """The token holds this program counter and the status with this number."""
    kinds = [iff(at.kind(kind), is_value(status, number)) for number, kind in enumerate(COUNTER_KINDS)]
    return land(*kinds, eq(at.payload("te", "word"), pc))


@concluded("simulation.kept", "counters", invariant=True)
def COUNTERS_HELD(at: Position, t: Term = "t", held: str = "pram") -> Term:
    """The counters of time t (cell layout: the unmasked counters) hold the program counters and statuses of the PRAM."""
    pid = at.payload("pe", "index")
    now = eq(at.payload("pe", "time"), t) if at.step.machine.engine == "mdm" else lnot(at.kind("te.mask"))
    return implies(at.kind("pe.counter"), now, counter_holds(at, call(f"{held}.pc", pid), call(f"{held}.status", pid)))


def writes_register(at: Position, pid: Term, register: Term) -> Term:
    """Whether a position of the log holds a write to a register of a processor."""
    same = eq(at.payload("pe", "index"), pid), eq(at.payload("te", "reg"), register)
    return land(at.kind("pe.target"), at.kind("te.reg"), *same)


def stores_to(at: Position, address: Term) -> Term:
    """Whether a position of the log holds a store to an address."""
    return land(at.kind("pe.target"), at.kind("te.word"), eq(at.payload("te", "word"), address))


def in_register(at: Position, pid: Term, register: Term, t: Term = "t") -> Term:
    """Whether a position holds a register: a write to it in a complete block; among cells, an unmasked slot of its cell."""
    if at.step.machine.engine == "mdm":
        return land(writes_register(at, pid, register), past(at, t))
    same = eq(at.payload("pe", "index"), pid), eq(at.payload("pe", "register"), register)
    return land(at.kind("pe.register"), *same, lnot(at.kind("te.mask")))


def in_memory(at: Position, address: Term, t: Term = "t") -> Term:
    """Whether a position holds a word of memory: its initial word, or a store to it in a complete block that is not overridden
    (``beaten`` is 0); in the cell layout, an unmasked slot of its cell."""
    given = land(at.kind("pe.memory"), eq(at.payload("pe", "index"), address))
    if at.step.machine.engine == "mdm":
        return lor(land(stores_to(at, address), past(at, t), eq(at("beaten"), "0")), given)
    return land(given, lnot(at.kind("te.mask")))


def order(at: Position) -> Term:
    """The time of a write, and 0 for the initial memory: the latest write counts. It is 0 everywhere for cells."""
    return ite(at.kind("pe.memory"), "0", at.payload("pe", "time")) if at.step.machine.engine == "mdm" else "0"


def offered(at: Position) -> Term:
    """The word that lookups of registers and memory read at a position."""
    return at("content" if at.step.machine.engine == "mdm" else "token_word")


Holding = Callable[[Position], Term]  # a predicate of positions


def last(holding: Holding, at: Position, some: Term, others: Sequence[Position]) -> Term:
    """``at`` is the latest position that satisfies ``holding``, compared with ``others``; ``some``: whether there is one."""
    later = (implies(holding(other), land(some, le(order(other), order(at)))) for other in others)
    return land(implies(some, holding(at)), implies(holding(at), some), *later)


@concluded("simulation.kept", "registers", invariant=True)
def REGISTERS_HELD(
    at: Position, some: Term, others: Sequence[Position], pid: Term, register: Term, t: Term = "t", held: str = "pram.register"
) -> Term:
    """The latest position that holds a register has its word; a register that is not held by any position is 0.

    The assumption for arbitrary ``at`` and ``some`` takes a single position as ``others``, which exists: if ``at`` is the
    latest compared with that one, its word is that of the register.
    """
    latest = last(lambda p: in_register(p, pid, register, t), at, some, others)
    inside = land(le("0", pid), lt(pid, "processors"), le("0", register), lt(register, "8"))
    return implies(land(inside, latest), eq(ite(some, offered(at), "0"), call(held, pid, register)))


@concluded("simulation.kept", "memory", invariant=True)
def MEMORY_HELD(
    at: Position, some: Term, others: Sequence[Position], address: Term, t: Term = "t", held: str = "pram.memory"
) -> Term:
    """The latest position that holds a word of memory has that word; it exists exactly for addresses below M."""
    latest = last(lambda p: in_memory(p, address, t), at, some, others)
    inside = iff(some, lt(address, "cells"))
    return implies(land(le("0", address), latest), land(inside, implies(some, eq(offered(at), call(held, address)))))


@concluded("simulation.beaten", "by a lower processor")
def BEATEN_BY(lower: Position, higher: Position) -> Term:
    """A store is overridden (``beaten`` is 1) by the store of a lower processor to the same address at the same time."""
    time, index = ((lower.payload("pe", name), higher.payload("pe", name)) for name in ("time", "index"))
    address = higher.payload("te", "word")
    conflict = land(stores_to(higher, address), stores_to(lower, address), eq(*time), lt(*index))
    return implies(conflict, eq(higher("beaten"), "1"))


@concluded("simulation.beaten", "by no other")
def BEATEN_FOR(at: Position, lower: Position) -> Term:
    """If a store is overridden, ``lower`` is the store of a lower processor to the same address at the same time."""
    time, index = ((lower.payload("pe", name), at.payload("pe", name)) for name in ("time", "index"))
    beaten = land(stores_to(at, at.payload("te", "word")), eq(at("beaten"), "1"))
    return implies(beaten, land(stores_to(lower, at.payload("te", "word")), eq(*time), lt(*index)))


@concluded("simulation.beaten", "not initial memory")
def UNBEATEN(at: Position) -> Term:
    """An initial word of memory is not overridden."""
    return implies(at.kind("pe.memory"), eq(at("beaten"), "0"))


@concluded("simulation.complete")
def INCOMPLETE(at: Position, t: Term = "t") -> Term:
    """``incomplete`` is 1 at the places of the log after time t, and 0 at all other places."""
    return eq(at("incomplete"), flag(land(slot(at), lnot(past(at, t)))))


@concluded("simulation.ready")
def READY(at: Position) -> Term:
    """A place of the log after time 0 is ready exactly if the preceding block is complete; places outside the log are ready."""
    time = at.payload("pe", "time")
    waits = land(slot(at), lt("(+ t 1)", time))
    return implies(lor(lnot(slot(at)), lt("0", time)), eq(at("ready"), flag(lnot(waits))))


@concluded("simulation.content", "value")
def VALUE_OF_TARGET(at: Position, value: Position, t: Term = "t") -> Term:
    """The content of a target in a complete block is the word at ``value``, the value of the same processor and time."""
    paired = land(*(eq(at.payload("pe", name), value.payload("pe", name)) for name in ("index", "time")))
    here = land(at.kind("pe.target"), past(at, t), value.kind("pe.value"), paired)
    return implies(here, eq(at("content"), value.payload("te", "word")))


@concluded("simulation.content", "initial memory")
def INITIAL_WORD(at: Position) -> Term:
    """The content of a place of the initial memory is its own word."""
    return implies(at.kind("pe.memory"), eq(at("content"), at.payload("te", "word")))


def one_slot(at: Position, other: Position) -> Term:
    """Exactly one of two positions is masked."""
    return iff(at.kind("te.mask"), lnot(other.kind("te.mask")))


def same_cell(at: Position, other: Position) -> Term:
    """Whether two positions are slots of one cell."""
    return land(
        at.kind(*CELLS),
        *(eq(f"{at.prefix}.{kind}", f"{other.prefix}.{kind}") for kind in CELLS),
        eq(at.payload("pe", "index"), other.payload("pe", "index")),
        implies(at.kind("pe.register"), eq(at.payload("pe", "register"), other.payload("pe", "register"))),
    )


@concluded("simulation.kept", "one slot", invariant=True)
def ONE_SLOT(at: Position, other: Position) -> Term:
    """In the cell layout exactly one of the two slots of a cell is masked."""
    return implies(same_cell(at, other), lnot(at.same_place(other)), one_slot(at, other))


INVARIANTS = frozenset(
    conclusion.id
    for conclusion in (WELL_FORMED, PROGRAM, COUNTERS_HELD, REGISTERS_HELD, MEMORY_HELD, ONE_SLOT)
    if conclusion.invariant
)


# Scripts.


class World:
    """A script about positions of the sequences of one machine. ``passes``: whether there is a time t + 1 after time t."""

    def __init__(self, step: Step, passes: bool = True) -> None:
        self.step, self.script, self.engine = step, Script("QF_UFLIA"), step.machine.engine
        s = self.script
        s.integer("words", 32, note="2^w")
        for name, note in (("length", "instructions"), ("cells", "words of memory"), ("processors", "processors")):
            s.integer(name, 1, note=note)
            s.definition(le(name, "words"))
        s.integer("last", 0, note="the last time of the sequence" if self.engine == "mdm" else "not used")
        if self.engine == "mdm":
            s.integer("times", 1, note="2^(bits of the clock), above every time")
            s.assume(CLOCK, "times", "words")
            s.integer("t", 0, note="the time that is complete")
            s.definition(land(lt("t", "last") if passes else le("t", "last"), lt("last", "times")))
            clock_ends(s, passes)
        size_ends(s)

    def position(self, prefix: str, given: Collection[str] = ()) -> Position:
        """A symbolic position of a well-formed sequence; ``given``: payloads whose values the script fixes."""
        at = Position(self.script, self.step, prefix, given)
        self.script.assume(WELL_FORMED, at)
        return at

    def due(self, prefix: str = "i") -> Position:
        """A position that computes the step of a processor: in the log, a masked position of block t + 1; among cells, one of a
        register or counter."""
        at = self.position(prefix)
        if self.engine == "mdm":
            self.script.definition(land(slot(at), at.kind("te.mask"), eq(at.payload("pe", "time"), "(+ t 1)")), "it is due")
        else:
            self.script.definition(at.kind("pe.register", "pe.counter"), "it is a processor's")
        return at

    def place(self, prefix: str, kind: str, **payloads: Term) -> Position:
        """A position of the given place, if the sequence has that place."""
        at = self.position(prefix, [name for name, value in payloads.items() if value.isdigit()])
        self.script.assume(HAS_POSITION, at, kind, payloads)
        return at

    def slots(self, first: Position, second: Position) -> None:
        """Assume of two slots of a cell that exactly one is masked (cell layout)."""
        self.script.assume(ONE_SLOT, first, second)

    def state(self) -> None:
        """Declare the PRAM state and the program."""
        self.script.declare("count", note="P modulo 2^w")
        state(self.script)

    def bits(self, at: Position, *names: str, of: str = "") -> None:
        """Assume that flags of a position are 0 or 1, by their sorts; with a definition ``of``, at most one is 1."""
        for name in names:
            self.script.sort(lor(is_value(at(name), 0), is_value(at(name), 1)), of or name)
        if of:
            self.script.sort(le(plus(*map(at, names)), "1"), of)

    def word(self, at: Position, name: str, limit: Term = "words", least: Term = "0") -> None:
        """Assume that a word of a position is in its range, by its sort."""
        self.script.sort(land(le(least, at(name)), lt(at(name), limit)), name)

    def obligation(
        self, name: str, goal: Term, note: str = "", infeasible: Sequence[Term] = (), rests: bool = True, **params: str
    ) -> Obligation:
        """The obligation that the goal holds; ``infeasible``: cases of the goal that cannot occur; ``rests``: whether it must
        rest on the conclusions that are assumed."""
        m = self.step.machine
        scope = f"n <= {m.n[1]}, {m.shape}"
        return self.script.obligation(
            f"simulation.{name}", m.claim, {**m.params, **params}, scope, m.n, goal, note, infeasible=infeasible, rests=rests
        )


def same_position(world: World, old: Position, prefix: str) -> Position:
    """The position of the same place after the pass, with an arbitrary token."""
    new = Position(world.script, world.step, prefix, [name for name, _ in world.step.pe.payloads])
    same = (eq(f"{prefix}.pe.{kind.name}", f"{old.prefix}.pe.{kind.name}") for kind in world.step.pe.kinds)
    payloads = (eq(new.payload("pe", name), old.payload("pe", name)) for name, _ in world.step.pe.payloads)
    world.script.definition(land(*same, *payloads), "the same place")
    return new
