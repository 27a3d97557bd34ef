"""Family simulation, the whole (claims T1, T4): a pass keeps the invariants, and T PRAM steps are T decoding steps.

A pass writes the events of the PRAM's step (``EVENT``; in place the new values of the cells, ``CELL``); with these tokens the
sequence is well-formed again and holds the state after the step. That the invariants hold at the start is shown from the tokens
that the layouts make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from efasp.encoding import COUNTERS, FIELDS, LOG_SLOTS, STOPPED
from efasp.pram.isa import Reg, operations
from efasp.proofs.conclusions import concluded
from efasp.proofs.lemmas.encoding_places import PLACE
from efasp.proofs.lemmas.encoding_start import word_at
from efasp.proofs.lemmas.simulation_cells import BOTH_SLOTS, WRITER
from efasp.proofs.lemmas.simulation_log import shapes
from efasp.proofs.lemmas.simulation_positions import positions
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, plain
from efasp.proofs.symbolic.machine import Always, Number, Symbol
from efasp.proofs.symbolic.machine_effects import ADVANCES, EXECUTES, IN_RANGE, PRIORITY, Effect, effects, still
from efasp.proofs.symbolic.machine_step import (
    CELL_WORD,
    CODE,
    CONTROL,
    COUNTED,
    DUE,
    LOG_WORD,
    NAMED,
    NEXT,
    NEXT_STATUS,
    NEXT_WORD,
    NO_COUNTER,
    ONLY_RUNNING,
    STATUS,
    STAYS,
    TOKEN_WORD,
    WORDS,
    WRITTEN,
    cell_kinds,
    log_kinds,
    ops_of,
    some,
)  # fmt: skip
from efasp.proofs.symbolic.nodes import is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sampler_decisions import READ_OUT, UNMASKED, G
from efasp.proofs.symbolic.sequence_invariants import (
    BEATEN_BY,
    BEATEN_FOR,
    CELLS,
    COUNTER,
    COUNTERS_HELD,
    HAS_POSITION,
    INITIAL_WORD,
    MEMORY_HELD,
    ONE_SLOT,
    PROGRAM,
    READY,
    REGISTERS_HELD,
    SIZES,
    VALUE_BESIDE,
    WELL_FORMED,
    World,
    call,
    counter_holds,
    past,
    same_cell,
    slot,
)  # fmt: skip
from efasp.proofs.symbolic.step_definitions import Step
from efasp.proofs.symbolic.token_contents import INITIAL, MASKED, STANDS, Content

NOW, THEN = "t", "(+ t 1)"
REGISTERS = [("out.register", "rd")]


@concluded("simulation.status", "one next status")
def ONE_NEXT(n: Position) -> Term:
    """A processor has one next status."""
    return implies(some(n, STATUS), some(n, NEXT))


def statuses(step: Step) -> Iterator[Obligation]:
    """A processor has one next status; where there is none, there is no next program counter."""
    extension = step.machine.extension
    world = World(step)
    s, i = world.script, world.position("i")
    for names, of in ((ops_of(extension), "operation"), (STATUS, "status")):
        world.bits(i, *names, of=of)
    s.assume(ONLY_RUNNING, i, extension)
    for conclusion in (NEXT_STATUS, STAYS):
        s.assume(conclusion, i, extension)
    s.assume(NEXT_WORD, i)
    s.assume(COUNTED, i)
    yield world.obligation("status", land(s.conclude(ONE_NEXT, i), s.conclude(NO_COUNTER, i)), f"one of {len(COUNTERS)}")


# What a pass writes.


@concluded("simulation.kept", "events")
def EVENT(at: Position) -> Term:
    """The tokens of block t + 1 after the pass are the processors' events."""
    pid, word = at.payload("pe", "index"), at.payload("te", "word")
    effect = Effect.of(pid)
    counter = implies(at.kind("pe.counter"), counter_holds(at, effect.pc, effect.status))
    stores = land(at.kind("te.word"), eq(word, effect.address))
    writes = land(at.kind("te.reg"), eq(at.payload("te", "reg"), effect.rd))
    target = implies(at.kind("pe.target"), ite(effect.stores, stores, ite(effect.writes, writes, at.kind("te.none"))))
    written = ite(lor(effect.stores, effect.writes), effect.value, "0")
    value = implies(at.kind("pe.value"), land(at.kind("te.word"), eq(word, written)))
    return implies(filled(at), land(counter, target, value))


def filled(at: Position) -> Term:
    """Whether a position is of the block that the pass fills."""
    return land(slot(at), eq(at.payload("pe", "time"), THEN))


def events(step: Step) -> Iterator[Obligation]:
    """What the pass writes into block t + 1: at every position of it that is masked, so in any order."""
    world = World(step)
    s, i = world.script, world.due()
    world.state()
    effects(s)
    pid = i.payload("pe", "index")
    s.assume(READY, i)
    for name in LOG_SLOTS:
        s.assume(DUE, i, name)
    s.assume(COUNTER, i, pid)
    s.definition(land(le("0", call("pram.status", pid)), le(call("pram.status", pid), "4")), "a status")
    s.assume(EXECUTES, i, Effect.of(pid))
    s.assume(IN_RANGE, Effect.of(pid))
    s.assume(LOG_WORD, i)
    every = [plain(kind.name) for kind in step.te.kinds]
    s.assume(CODE, i, log_kinds(i), every, WORDS, REGISTERS)
    token = same_position(world, i, "token")
    s.assume(READ_OUT, step.te, i, token.holds)
    yield world.obligation("kept", s.conclude(EVENT, token), of="events")


# The log after the pass.


def after_pass(step: Step) -> tuple[World, Script]:
    """A script about the log after the pass."""
    world = World(step)
    world.state()
    effects(world.script)
    return world, world.script


def later(world: World, prefix: str) -> Position:
    """A position after the pass: well-formed with the blocks up to t + 1 complete; its token in block t + 1 is an event."""
    at = Position(world.script, world.step, prefix)
    world.script.assume(WELL_FORMED.later, at, THEN)
    world.script.assume(EVENT, at)
    world.script.assume(IN_RANGE, Effect.of(at.payload("pe", "index")))
    return at


def placed(world: World, prefix: str, kind: str, **payloads: Term) -> Position:
    """The position of a place after the pass."""
    at = later(world, prefix)
    world.script.assume(HAS_POSITION, at, kind, payloads)
    return at


def kept_log(step: Step) -> Iterator[Obligation]:
    """After the pass the log is well-formed with one block more, and holds the state after the step."""
    world, s = after_pass(step)
    at = Position(s, step, "j")
    pid = at.payload("pe", "index")
    s.assume(WELL_FORMED.where(lambda at: lnot(filled(at))), at)  # the other tokens are as before
    s.assume(PLACE, step.pe, at.row("pe"), SIZES)
    s.assume(EVENT, at)
    s.assume(IN_RANGE, Effect.of(pid))
    half = WELL_FORMED(at)  # a block of which some tokens are written already
    yield world.obligation("kept", land(s.conclude(WELL_FORMED.later, at, THEN), half), of="well-formed")
    world, s = after_pass(step)
    at = later(world, "j")
    s.assume(ADVANCES, at.payload("pe", "index"), "0")
    yield world.obligation("kept", s.conclude(COUNTERS_HELD.later, at, THEN, "after"), of="counters")
    yield kept_registers(step)
    yield kept_memory(step)
    world, s = after_pass(step)
    at = Position(s, step, "j")
    s.assume(WELL_FORMED, at)
    s.assume(PROGRAM, at)
    yield world.obligation(
        "kept", s.conclude(PROGRAM.later, at), "the prompt has no masks, and what is not masked stays", of="program"
    )


def kept_registers(step: Step) -> Obligation:
    """Registers: the latest write is of block t + 1 exactly if the step writes the register."""
    world, s = after_pass(step)
    pid, register = s.integer("pid", 0, note="a processor"), s.integer("register", 0, 7, "one of its registers")
    s.definition(lt(pid, "processors"))
    at, k = later(world, "j"), later(world, "k")
    inside = {"index": pid, "time": THEN}
    target, value = (placed(world, prefix, kind, **inside) for prefix, kind in (("n", "target"), ("v", "value")))
    held = s.declare("some", "Bool", "whether some block up to t + 1 has a write to it")
    earlier = s.declare("some.before", "Bool", "whether some block up to t has one")
    s.definition(implies(past(at), eq(held, earlier)))
    s.assume(VALUE_BESIDE, at, value, THEN)
    s.assume(REGISTERS_HELD, at, ite(past(at), held, "false"), [k], pid, register)
    s.assume(ADVANCES, pid, register)
    goal = s.conclude(REGISTERS_HELD.later, at, held, [k, target], pid, register, THEN, "after.register")
    return world.obligation("kept", goal, of="registers")


def kept_memory(step: Step) -> Obligation:
    """Memory: the latest store that is not beaten is of block t + 1 exactly if the step stores to the address."""
    world, s = after_pass(step)
    address = s.integer("address", 0, note="any address")
    lowest = s.integer("lowest", 0, note="the lowest processor that stores to it, or P")
    at, k, b = later(world, "j"), later(world, "k"), later(world, "b")
    inside = {"index": lowest, "time": THEN}
    target = placed(world, "n", "target", **inside)
    value = placed(world, "v", "value", **inside)
    held = s.declare("some", "Bool", "whether some position holds the word")
    for other in (at, b):
        s.assume(PRIORITY, address, lowest, other.payload("pe", "index"))
    for store in (at, target, k):
        world.bits(store, "beaten")
    s.assume(BEATEN_BY, target, at)
    s.assume(BEATEN_FOR, target, b)
    s.assume(VALUE_BESIDE, at, value, THEN)
    before = ite(lor(at.kind("pe.memory"), past(at)), held, "false")
    s.assume(MEMORY_HELD, at, before, [k], address)
    goal = s.conclude(MEMORY_HELD.later, at, held, [k, target], address, THEN, "after.memory")
    return world.obligation("kept", goal, of="memory")


# In place.


@concluded("simulation.kept", "cells")
def CELL(at: Position) -> Term:
    """After the pass a slot that is not masked holds its cell's new value: of memory, register or counter."""
    index, word = at.payload("pe", "index"), at.payload("te", "word")
    register = call("after.register", index, at.payload("pe", "register"))
    shown = lnot(at.kind("te.mask"))
    counter = counter_holds(at, call("after.pc", index), call("after.status", index))
    return land(
        implies(at.kind("pe.memory"), shown, land(at.kind("te.word"), eq(word, call("after.memory", index)))),
        implies(at.kind("pe.register"), shown, land(at.kind("te.word"), eq(word, register))),
        implies(at.kind("pe.counter"), shown, counter),
    )


@concluded("simulation.kept", "prompt")
def UNCHANGED(old: Position, new: Position) -> Term:
    """The pass does not change the prompt."""
    return implies(lnot(old.kind(*CELLS)), new.same_token(old))


def passed(world: World, old: Position, prefix: str) -> Position:
    """What a position holds after the pass in place."""
    s, step = world.script, world.step
    index, register = old.payload("pe", "index"), old.payload("pe", "register")
    computes = old.kind("pe.register", "pe.counter")
    s.assume(COUNTER.where(lambda n, pid: computes), old, index)
    s.definition(land(le("0", call("pram.status", index)), le(call("pram.status", index), "4")), "a status")
    s.assume(EXECUTES, old, Effect.of(index), computes)
    s.assume(IN_RANGE, Effect.of(index))
    s.assume(ADVANCES, index, register)
    s.definition(still(index))
    lowest = s.integer(f"{prefix}.lowest", 0, note="the lowest processor that stores to a memory cell, or P")
    s.assume(PRIORITY, index, lowest, "0")
    s.assume(WRITER, old, index, lowest)
    s.assume(WRITTEN, old)
    s.assume(NAMED, old, [("rd", "pe.register_bits")])
    s.assume(CONTROL, old)
    s.assume(CELL_WORD, old)
    s.assume(CODE, old, cell_kinds(old), [plain(kind.name) for kind in step.te.kinds], WORDS, [("out.register", "")])
    predicted, new = (same_position(world, old, f"{prefix}.{what}") for what in ("predicted", "after"))
    s.assume(READ_OUT, step.te, old, predicted.holds)
    remask, insert, delete = (is_value(old(name), 1) for name in ("remask", "insert", "delete"))
    mask = old.kind("te.mask"), new.kind("te.mask")
    s.assume(G, mask, (remask, insert, delete), new.same_token(predicted), new.same_token(old))
    return new


def holds_before(world: World, old: Position) -> None:
    """Before the pass a slot that is not masked holds the cell's value."""
    s, index, register = world.script, old.payload("pe", "index"), old.payload("pe", "register")
    s.assume(COUNTERS_HELD, old)
    s.assume(TOKEN_WORD, old, WORDS)
    for conclusion, instance in ((REGISTERS_HELD, (index, register)), (MEMORY_HELD, (index,))):
        s.assume(conclusion, old, "true", [old], *instance)


def in_pass(step: Step) -> tuple[World, Script]:
    """A script about the cells before and after the pass."""
    world = World(step)
    world.state()
    effects(world.script)
    return world, world.script


def same_position(world: World, old: Position, prefix: str) -> Position:
    """What stands at a position after the pass."""
    new = Position(world.script, world.step, prefix)
    same = (eq(f"{prefix}.pe.{kind.name}", f"{old.prefix}.pe.{kind.name}") for kind in world.step.pe.kinds)
    payloads = (eq(new.payload("pe", name), old.payload("pe", name)) for name, _ in world.step.pe.payloads)
    world.script.definition(land(*same, *payloads), "the same place")
    return new


def kept_cells(step: Step) -> Iterator[Obligation]:
    """After the pass every cell holds its new value in one slot, and the cells are well-formed."""
    world, s = in_pass(step)
    old = world.position("j")
    holds_before(world, old)
    new = passed(world, old, "j")
    yield world.obligation("kept", land(s.conclude(CELL, new), s.conclude(UNCHANGED, old, new)), of="cells")
    world, s = in_pass(step)
    before = [world.position(prefix) for prefix in "jk"]
    after = [passed(world, old, old.prefix) for old in before]
    s.assume(ONE_SLOT, *before)
    s.assume(BOTH_SLOTS.where(lambda a, b, names: same_cell(a, b)), *before, ("written", "named", "writes", STATUS[0]))
    yield world.obligation("kept", s.conclude(ONE_SLOT.later, *after), of="one slot")
    world, s = in_pass(step)
    old = world.position("j")
    new = same_position(world, old, "j.after")
    s.assume(CELL, new)
    s.assume(UNCHANGED, old, new)
    s.assume(PROGRAM, old)
    index = new.payload("pe", "index")
    s.definition(land(le("0", call("after.status", index)), le(call("after.status", index), "4")), "a status")
    goals = s.conclude(WELL_FORMED.later, new), s.conclude(PROGRAM.later, new)
    counted = s.conclude(COUNTERS_HELD.later, new, THEN, "after")
    yield world.obligation("kept", land(*goals, counted), of="well-formed")
    yield kept_values(step, "register")
    yield kept_values(step, "memory")


def kept_values(step: Step, kind: str) -> Obligation:
    """Every register (word of memory) has a slot that is not masked, and that holds the new value."""
    world, s = in_pass(step)
    index = s.integer("number", 0, note="a processor" if kind == "register" else "an address")
    payloads = {"index": index}
    if kind == "register":
        payloads["register"] = s.integer("register", 0, 7, "one of its registers")
        s.definition(lt(index, "processors"))
    at, *slots = (Position(s, step, prefix) for prefix in ("j", "p0", "p1"))
    for number, p in enumerate(slots):
        s.assume(HAS_POSITION, p, kind, {**payloads, "slot": str(number)})
    for p in (at, *slots):
        s.assume(WELL_FORMED.later, p)
        s.assume(CELL, p)
        s.assume(TOKEN_WORD, p, WORDS)
    s.assume(ONE_SLOT.later, *slots)
    held = s.declare("some", "Bool", "whether some position holds it")
    conclusion = REGISTERS_HELD if kind == "register" else MEMORY_HELD
    goal = s.conclude(conclusion.later, at, held, slots, *(payloads.values()), THEN, f"after.{kind}")
    return world.obligation("kept", goal, of="registers" if kind == "register" else "memory")


# How many passes.


def runs(pid: Term) -> Term:
    """Whether a processor runs."""
    return is_value(call("pram.status", pid), 0)


@concluded("simulation.fixed_point", "stopped")
def FIXED(old: Position, new: Position, lowest: Term) -> Term:
    """Where no processor runs the pass changes nothing: not the position's own, and not ``lowest``, which would write to it."""
    own = old.payload("pe", "index")
    return implies(lnot(runs(own)), lnot(runs(lowest)), new.same_token(old))


@concluded("simulation.fixed_point", "running")
def CHANGED(old: Position, new: Position) -> Term:
    """The pass changes the counter of a processor that runs."""
    return implies(old.kind("pe.counter"), runs(old.payload("pe", "index")), lnot(new.same_token(old)))


def fixed_point(step: Step) -> Iterator[Obligation]:
    """A pass in place changes the sequence exactly where some processor runs."""
    world, s = in_pass(step)
    old = world.position("j")
    new = passed(world, old, "j")
    yield world.obligation("fixed_point", s.conclude(CHANGED, old, new), of="running")
    world, s = in_pass(step)
    old = world.position("j")
    new = passed(world, old, "j")
    s.definition(still("j.lowest"))
    yield world.obligation("fixed_point", s.conclude(FIXED, old, new, "j.lowest"), of="stopped")


@concluded("simulation.decoding", "block")
def PASSES(before: Position, after: Position) -> Term:
    """A pass of masked diffusion unmasks the places of time t + 1, and no later one."""
    time = before.payload("pe", "time")
    return implies(slot(before), eq(after.kind("te.mask"), lt(THEN, time)))


@concluded("simulation.decoding", "pass")
def CHANGES(changed: Term, some: Term) -> Term:
    """A pass in place changes something exactly if some processor runs: as many passes change something as there are steps."""
    return eq(changed, some)


def decoding_log(step: Step) -> Iterator[Obligation]:
    """Pass t + 1 unmasks block t + 1, of all processors, and nothing else; and each block has a token: T passes for T steps."""
    world = World(step)
    s, i = world.script, world.position("i")
    world.state()
    effects(s)
    s.definition(eq(i.kind("te.mask"), land(slot(i), lt(NOW, i.payload("pe", "time")))), "after t passes")
    s.assume(READY, i)
    for name in LOG_SLOTS:
        s.assume(DUE, i, name)
    s.assume(CODE, i, log_kinds(i), [plain(kind.name) for kind in step.te.kinds], WORDS, REGISTERS)
    predicted, after = (same_position(world, i, prefix) for prefix in ("predicted", "after"))
    s.assume(READ_OUT, step.te, i, predicted.holds)
    s.assume(EVENT, predicted)
    s.assume(IN_RANGE, Effect.of(i.payload("pe", "index")))
    s.assume(UNMASKED, *(at.kind("te.mask") for at in (i, predicted, after)))
    first = world.place("p", "counter", index="0", time=THEN)
    goal = land(s.conclude(PASSES, i, after), first.kind("pe.counter"))
    yield world.obligation("decoding", goal, "there is a block t + 1 up to the last")


def decoding_cells(step: Step) -> Iterator[Obligation]:
    """A pass changes something exactly if some processor runs; each makes a step (simulation.kept): T passes for T steps."""
    world, s = in_pass(step)
    pid, some = s.integer("pid", 0, note="a processor that runs, if one does"), s.declare("some", "Bool", "whether one does")
    s.definition(lt(pid, "processors"))
    counter, other = world.place("p", "counter", index=pid, slot="0"), world.position("j")
    lowest = s.integer("lowest", 0, note="the lowest processor that would write to it")
    for any_pid in (other.payload("pe", "index"), lowest):
        s.definition(implies(runs(any_pid), some))
    s.definition(implies(some, runs(pid)))
    afters = [same_position(world, at, f"{at.prefix}.after") for at in (counter, other)]
    s.assume(CHANGED, counter, afters[0])
    s.assume(FIXED, other, afters[1], lowest)
    changed = s.declare("changed", "Bool", "whether the pass changes some token")
    for at, after in zip((counter, other), afters, strict=True):
        s.definition(implies(lnot(after.same_token(at)), changed))
    s.definition(implies(changed, lnot(afters[1].same_token(other))), "if one changes, then this other one does")
    yield world.obligation("decoding", s.conclude(CHANGES, changed, some), "some processor runs")


# The sequence that decoding starts with.


def second_operands(index: Term) -> list[tuple[Any, Term]]:
    """The second operands that an instruction of a number may have, and when it has them: none, a register, a word."""
    rb, immediate, kind = (call(f"code.{name}", index) for name in ("rb", "imm", "second"))
    return [
        (None, land(is_value(kind, 0), lt(rb, "0"), is_value(immediate, 0))),
        (Reg(Symbol(rb)), land(is_value(kind, 1), le("0", rb), is_value(immediate, 0))),  # type: ignore[arg-type]
        (Symbol(immediate), land(is_value(kind, 2), lt(rb, "0"))),
    ]


def instructions_at(field: str, index: Term, extension: str) -> Iterator[tuple[Any, Term]]:
    """The instructions that may have a number, as far as one of their fields goes, and when it is they."""
    if field == "op":
        for number, operation in enumerate(operations(extension)):
            yield SimpleNamespace(op=operation.name), is_value(call("code.op", index), number)
    elif field == "x":
        for x, condition in second_operands(index):
            yield SimpleNamespace(x=x), condition
    else:
        register = call(f"code.{field}", index)
        yield SimpleNamespace(**{field: None}), lt(register, "0")
        yield SimpleNamespace(**{field: Symbol(register)}), le("0", register)


def at_start(world: World, at: Position) -> None:
    """The token of a position of the sequence that decoding starts with: prompt, and the initial configuration."""
    s, index = world.script, at.payload("pe", "index")
    for kind in at.step.pe.kinds:
        payloads = {name: Number(at.payload("pe", name)) for name in kind.payloads}
        cases: list[tuple[dict[str, Any], Any, Term]] = [(payloads, None, "true")]
        if kind.name in FIELDS:
            cases = [(payloads, *case) for case in instructions_at(kind.name, index, at.step.machine.extension)]
        elif "slot" in payloads:
            cases = [({**payloads, "slot": slot}, None, is_value(at.payload("pe", "slot"), slot)) for slot in (0, 1)]
        elif "time" in payloads:
            first = is_value(at.payload("pe", "time"), 0)
            s.assume(MASKED.where(holding(at, kind.name, lnot(first))), at.token_is, kind.name, payloads)
            cases = [(payloads, None, first)]
        for given, instruction, condition in cases:
            content = Content(Number("count"), Always(instruction).__getitem__, word_at)
            s.assume(STANDS.where(holding(at, kind.name, condition)), at.token_is, content, kind.name, given)


def holding(at: Position, kind: str, condition: Term) -> Callable[..., Term]:
    """Where a position is of a kind of place, and a condition holds."""
    return lambda *instance: land(at.kind(f"pe.{kind}"), condition)


def initial(world: World, pid: Term, address: Term) -> None:
    """What the initial configuration is, of a processor and at an address."""
    word, pc, bank = call("pram.memory", address), call("pram.pc", pid), [call("pram.register", pid, str(r)) for r in range(8)]
    status = call("pram.status", pid)
    has: Callable[[str], Term] = lambda name: is_value(status, ("running", *STOPPED).index(name))  # noqa: E731
    world.script.assume(INITIAL, Symbol(word), tuple(map(Symbol, bank)), Symbol(pc), has, word_at(Number(address)))


def starts(step: Step) -> Iterator[Obligation]:
    """Every invariant holds of the sequence that decoding starts with."""
    in_cells = step.machine.engine == "apmdm"

    def begun(*prefixes: str) -> tuple[World, Script, list[Position]]:
        world = World(step, passes=False)
        world.state()
        world.script.integer("D", 0, note="words of memory that are given")
        world.script.function("data", ["Int"], "Int", "the given words")
        world.script.function("code.second", ["Int"], "Int", "its second operand: 0 none, 1 a register, 2 a word")
        some = [Position(world.script, step, prefix) for prefix in prefixes]
        for at in some:
            index = at.payload("pe", "index")
            shapes(world.script, index, step.machine.extension)
            world.script.definition(
                lor(*(condition for _, condition in second_operands(index))), "the kind of its second operand"
            )
            at_start(world, at)
            world.script.assume(PLACE, step.pe, at.row("pe"), SIZES)
            world.script.assume(TOKEN_WORD, at, WORDS)
        return world, world.script, some

    world, s, (at,) = begun("j")
    initial(world, at.payload("pe", "index"), "0")
    parts = [s.conclude(WELL_FORMED.first, at, "0"), s.conclude(PROGRAM.first, at), s.conclude(COUNTERS_HELD.first, at, "0")]
    now = lnot(at.kind("te.mask")) if in_cells else is_value(at.payload("pe", "time"), 0)
    running, *stopped = (at.kind(f"te.{kind}") for kind in COUNTERS)
    never = [land(at.kind("pe.counter"), now, other) for other in (lnot(running), *stopped)]  # every processor runs
    never += [] if in_cells else [land(at.kind("pe.target"), at.kind("te.word"))]  # and nothing is written
    yield world.obligation("start", land(*parts), infeasible=never, of="well-formed")
    world, s, (at, *slots) = begun("j", "p0", "p1")
    pid, register = s.integer("pid", 0), s.integer("register", 0, 7)
    s.definition(lt(pid, "processors"))
    initial(world, pid, "0")
    held = s.declare("some", "Bool", "whether some position holds it")
    for number, p in enumerate(slots if in_cells else []):
        s.assume(HAS_POSITION, p, "register", {"index": pid, "register": register, "slot": str(number)})
    goal = s.conclude(REGISTERS_HELD.first, at, held, slots, pid, register, "0")
    yield world.obligation("start", goal, of="registers")
    world, s, (at, *slots) = begun("j", "p0", "p1")
    address = s.integer("address", 0)
    held = s.declare("some", "Bool", "whether some position holds it")
    initial(world, "0", address)
    for p in (at, *slots):
        if not in_cells:
            s.assume(INITIAL_WORD, p)
    for number, p in enumerate(slots):
        payloads = {"index": address, **({"slot": str(number)} if in_cells else {})}
        s.assume(HAS_POSITION, p, "memory", payloads)
    goal = s.conclude(MEMORY_HELD.first, at, held, slots, address, "0")
    yield world.obligation("start", goal, of="memory")
    if in_cells:
        world, s, (at, other) = begun("j", "k")
        yield world.obligation("start", s.conclude(ONE_SLOT.first, at, other), of="one slot")


LOG_PARTS = (positions, statuses, events, kept_log, decoding_log, starts)
CELL_PARTS = (positions, statuses, kept_cells, fixed_point, decoding_cells, starts)


def whole(step: Step) -> Iterator[Obligation]:
    """The obligations of one machine."""
    for build in LOG_PARTS if step.machine.engine == "mdm" else CELL_PARTS:
        yield from build(step)


NAMES = ("positions", "kept", "status", "decoding", "start")
