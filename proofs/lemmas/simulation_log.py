"""Family simulation (claims T1, T4), masked diffusion: the results of lookups in the log, for every P, M, L, T and program.

Each lookup is read from its node (``proofs.symbolic.positions``) and applied to symbolic positions of a sequence that the
layout makes: its result is the word that its best match holds by the invariants (``proofs.symbolic.sequence_invariants``). The
stages (family step) turn it into the next tokens, and the invariants hold of these (``proofs.lemmas.simulation_kept_log``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from efasp.encoding import FIELDS
from efasp.pram.isa import operations
from efasp.proofs.lemmas.attention_lookups import READ, READ_TOGETHER
from efasp.proofs.lemmas.step_values import indexed
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, land, le, lnot, lor, lt
from efasp.proofs.symbolic.lookup_relations import COUNTED, LOADED, ONE_OPERAND, ONLY_RUNNING, TOUCHES, UNPAIRED  # fmt: skip
from efasp.proofs.symbolic.machine_step import (
    BEATEN,
    CONTENT,
    FETCH,
    HOLDS,
    INDEX,
    IS_TARGET,
    LOOKUP,
    STATUS,
    TOKEN_WORD,
    URGENCY,
    WORDS,
)
from efasp.proofs.symbolic.nodes import is_value
from efasp.proofs.symbolic.positions import Position, finds, lookup
from efasp.proofs.symbolic.processor_readings import (
    COUNTER,
    FETCHED,
    IMMEDIATE,
    MEMORY,
    NAMES_FETCHED,
    OPERANDS,
    OWN_INDEX,
    PROCESSORS,
    REGISTER,
    UNNAMED,
)  # fmt: skip
from efasp.proofs.symbolic.sequence_invariants import (
    BEATEN_BY,
    BEATEN_FOR,
    COUNTERS_HELD,
    INCOMPLETE,
    INITIAL_WORD,
    MEMORY_HELD,
    ONE_POSITION,
    PROGRAM,
    READY,
    REGISTERS_HELD,
    UNBEATEN,
    VALUE_OF_TARGET,
    World,
    call,
    past,
    slot,
)  # fmt: skip
from efasp.proofs.symbolic.step_definitions import Step

READS = ("counter", "status", "operation", "rd", "ra", "rb", "immediate", "a", "d", "b", "loaded", "valid", "processors")


def read(world: World, i: Position, j: Position, *others: Position, names: tuple[str, ...]) -> Term:
    """Assume the result of a lookup, or of several with one query and key: at ``j`` if there is a match; whether there is."""
    some = world.script.declare(f"{i.prefix}.{names[0]}.found", "Bool")
    world.script.assume(READ(names[0]) if len(names) == 1 else READ_TOGETHER(*names), i, j, some, others)
    return some


# Readiness.


def masked_block(world: World, at: Position, time: Term) -> Position:
    """Before the pass a block after time t has a token that is masked: a position of it, if there is such a block."""
    masked = world.position("masked")
    here = land(slot(masked), masked.kind("te.mask"), eq(masked.payload("pe", "time"), time))
    world.script.definition(
        implies(land(slot(at), lt("t", time)), here), "block t + 1 is not complete, later blocks are masked"
    )
    return masked


def readiness(step: Step) -> Iterator[Obligation]:
    """A block is incomplete while a token of it is masked; a position is ready when the block before its own is complete."""
    for name, conclusion, before in (("incomplete", INCOMPLETE, 0), ("ready", READY, 1)):
        world = World(step)
        i, j = world.position("i"), world.position("j")
        time = i.payload("pe", "time")
        masked = masked_block(world, i, f"(- {time} 1)" if before else time)
        read(world, i, j, masked, names=(name,))
        goal = world.script.conclude(conclusion, i)
        yield world.obligation(conclusion.lemma.removeprefix("simulation."), goal)


# The lookups of a position that is due, and lookup misses of any position. In place alike
# (``proofs.lemmas.simulation_cells``).


def counters(step: Step) -> Iterator[Obligation]:
    """The own processor's program counter and status are those of time t; a counter is read only with a status."""
    world = World(step)
    i, j = world.position("i"), world.position("j")
    world.script.assume(TOKEN_WORD, j, WORDS)
    read(world, i, j, names=("counter", "status"))
    yield world.obligation("counter", world.script.conclude(COUNTED, i), of="any position")
    world = World(step)
    s = world.script
    i, j = world.due(), world.position("j")
    world.state()
    pid = i.payload("pe", "index")
    p = own_counter(world, pid, j)
    s.assume(TOKEN_WORD, j, WORDS)
    s.assume(INDEX, i, WORDS, indexed(step))
    read(world, i, j, *p, names=("counter", "status"))
    goal = land(s.conclude(COUNTER, i, pid), s.conclude(OWN_INDEX, i, pid))
    yield world.obligation("counter", goal, of="value")


def own_counter(world: World, pid: Term, j: Position) -> tuple[Position, ...]:
    """The positions that hold a processor's counter: that of time t, in place both slots; ``j`` is one of them if it is of its
    place."""
    if world.engine == "mdm":
        some: tuple[Position, ...] = (world.place("p", "counter", index=pid, time="t"),)
    else:
        some = tuple(world.place(f"p{slot}", "counter", index=pid, slot=slot) for slot in "01")
        world.slots(*some)
    for p in some:
        world.script.assume(ONE_POSITION, j, p)
        world.script.assume(COUNTERS_HELD, p)
    return some


FETCHED_FIELDS = (("op", ("operation",)), ("rd", ("rd",)), ("ra", ("ra",)), ("x", ("rb", "immediate")))


def fetches(step: Step) -> Iterator[Obligation]:
    """The fields of the instruction at the program counter, if the processor runs; of operands there is one at most."""
    extension = step.machine.extension
    for field, names in FETCHED_FIELDS:
        world = World(step)
        s = world.script
        i, j = world.position("i"), world.position("j")
        world.state()
        world.bits(i, *STATUS, of="status")
        world.word(i, "counter")
        s.assume(FETCH, i, WORDS)
        p = world.place("p", field, index=i("counter"))
        s.assume(ONE_POSITION, j, p)
        s.assume(PROGRAM, p)
        s.assume(TOKEN_WORD, j, WORDS)
        read(world, i, j, p, names=names)
        if field == "op":
            goal = land(s.conclude(FETCHED, i, extension), s.conclude(ONLY_RUNNING, i, extension))
        elif field == "x":
            goal = land(s.conclude(NAMES_FETCHED, i, "rb"), s.conclude(IMMEDIATE, i))
        else:
            goal = s.conclude(NAMES_FETCHED, i, field)
        yield world.obligation("fetch", goal, of=FIELDS[FIELDS.index(field)])
    world = World(step)
    s = world.script
    i = world.position("i")
    world.state()
    shapes(s, i("counter"), extension)
    s.assume(FETCHED, i, extension)
    s.assume(NAMES_FETCHED, i, "rb")
    s.assume(IMMEDIATE, i)
    s.assume(UNNAMED, i, "b")
    s.assume(PROCESSORS, i)
    yield world.obligation("fetch", s.conclude(ONE_OPERAND, i), of="operands")


def shapes(script: Script, at: Term, extension: str) -> None:
    """The instruction of a number has the operands of its operation's shape, and one second operand."""
    op, (rd, ra, rb, immediate) = call("code.op", at), (call(f"code.{name}", at) for name in ("rd", "ra", "rb", "imm"))
    none = {name: is_value(term, -1) for name, term in (("rd", rd), ("ra", ra), ("rb", rb))}
    some = operations(extension)
    script.definition(land(le("0", op), lt(op, str(len(some)))), "an operation of the machine")
    for term in (rd, ra, rb):
        script.definition(land(le("(- 1)", term), le(term, "7")), "a register, or none")
    script.definition(land(le("0", immediate), lt(immediate, "words")), "a word")
    script.definition(lor(none["rb"], is_value(immediate, 0)), "one second operand")
    for number, operation in enumerate(some):
        shape = set(operation.shape)
        lacks = [none["rd"]] * (not shape & set("ds")) + [none["ra"]] * (not shape & set("am"))
        lacks += [none["rb"]] * ("x" not in shape) + [is_value(immediate, 0)] * (not shape & set("xmt"))
        has = [lnot(none["rd"])] * bool(shape & set("ds")) + [lnot(none["ra"])] * ("a" in shape)
        script.definition(implies(is_value(op, number), land(*lacks, *has)), f"the shape of {operation.name}")


def header(step: Step) -> Iterator[Obligation]:
    """P is looked up at the one place that holds it, by the operation that asks for it."""
    world = World(step)
    s = world.script
    i, j = world.position("i"), world.position("j")
    world.state()
    p = world.place("p", "nproc")
    s.assume(ONE_POSITION, j, p)
    s.assume(PROGRAM, p)
    s.assume(TOKEN_WORD, j, WORDS)
    read(world, i, j, p, names=("processors",))
    yield world.obligation("processors", s.conclude(PROCESSORS, i))


def registers(step: Step) -> Iterator[Obligation]:
    """A register is its last write in the complete blocks, in place its cell; a lookup without a name misses."""
    for name, field in OPERANDS.items():
        world = World(step)
        i, j = world.position("i"), world.position("j")
        read(world, i, j, names=(name,))
        yield world.obligation("register", world.script.conclude(UNNAMED, i, name), of=f"{name}, no name")
        world = World(step)
        s = world.script
        i, j, k = world.due(), world.position("j"), world.position("k")
        world.state()
        world.word(i, field, limit="8", least="(- 1)")
        pid = i.payload("pe", "index")
        for at in (j, k) if world.engine == "mdm" else ():
            s.assume(INCOMPLETE, at)
        some = read(world, i, j, k, names=(name,))
        s.assume(REGISTERS_HELD, j, some, [k], pid, i(field))
        yield world.obligation("register", s.conclude(REGISTER, i, name, pid), of=name)


def memory(step: Step) -> Iterator[Obligation]:
    """A word of memory: the latest store with beaten = 0 in the complete blocks, else the initial word; in place its cell."""
    world = World(step)
    i, j = world.position("i"), world.position("j")
    world.bits(i, "op.ld", "op.st", of="operation")
    if world.engine == "mdm":
        held(world, j)
    read(world, i, j, names=("valid", "loaded"))
    goal = land(world.script.conclude(TOUCHES, i), world.script.conclude(LOADED, i))
    yield world.obligation("memory", goal, of="any position")
    world = World(step)
    s = world.script
    i, j, k = world.due(), world.position("j"), world.position("k")
    world.state()
    world.bits(i, "op.ld", "op.st", of="operation")
    world.word(i, "address")
    s.assume(LOOKUP, i, WORDS)
    if world.engine == "mdm":
        for at in (j, k):
            s.assume(INCOMPLETE, at)
            s.assume(UNBEATEN, at)
            held(world, at)
    else:
        s.assume(TOKEN_WORD, j, WORDS)
    some = read(world, i, j, k, names=("valid", "loaded"))
    s.assume(MEMORY_HELD, j, some, [k], i("address"))
    yield world.obligation("memory", s.conclude(MEMORY, i), of="value")


def held(world: World, at: Position) -> None:
    """At which address a position of the log holds a word."""
    world.script.assume(INDEX, at, WORDS, indexed(world.step))
    world.script.assume(TOKEN_WORD, at, WORDS)
    world.script.assume(IS_TARGET, at)
    world.script.assume(HOLDS, at, WORDS)


def priorities(step: Step) -> Iterator[Obligation]:
    """Of several stores to one address at one time only the lowest processor's has beaten = 0."""
    world = World(step, passes=False)
    s = world.script
    i, j, lower = (world.position(prefix) for prefix in ("i", "j", "lower"))
    for at in (i, j, lower):
        s.assume(URGENCY, at, at.carries("pe", "index"))
    s.assume(BEATEN, i)
    read(world, i, j, lower, names=("max_urgency",))
    goal = [s.conclude(BEATEN_BY, lower, i), s.conclude(BEATEN_FOR, i, j), s.conclude(UNBEATEN, i)]
    yield world.obligation("beaten", land(*goal), "the most urgent of them is the lowest")


def contents(step: Step) -> Iterator[Obligation]:
    """A target of a complete block offers the word of its value position, a place of the initial memory its own word."""
    world = World(step, passes=False)
    i, j = world.position("i"), world.position("j")
    read(world, i, j, names=("paired",))
    yield world.obligation("content", world.script.conclude(UNPAIRED, i), of="initial memory")
    world = World(step, passes=False)
    s = world.script
    i, j, p = (world.position(prefix) for prefix in "ijp")
    s.assume(TOKEN_WORD, i, WORDS)
    s.assume(TOKEN_WORD, j, WORDS)
    s.assume(CONTENT, i)
    s.assume(ONE_POSITION, j, p)
    read(world, i, j, p, names=("paired",))
    yield world.obligation("content", land(s.conclude(VALUE_OF_TARGET, i, p), s.conclude(INITIAL_WORD, i)), of="value")


def confluence(step: Step) -> Iterator[Obligation]:
    """Lookups of a position that is due match no position of its own block or a later one: the order of unmasking is free."""
    for name in READS:
        world = World(step)
        i, j = world.due(), world.position("j")
        world.script.assume(INCOMPLETE, j)
        goal = implies(finds(i, j, lookup(step, name)), lor(lnot(slot(j)), past(j)))
        yield world.obligation("confluence", goal, rests=False, of=name)


LOG: tuple[Callable[[Step], Iterator[Obligation]], ...] = (
    readiness, counters, fetches, header, registers, memory, priorities, contents, confluence,
)  # fmt: skip
LOG_NAMES = ("complete", "ready", "counter", "fetch", "processors", "register", "memory", "beaten", "content", "confluence")
