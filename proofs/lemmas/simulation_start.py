"""Family simulation, base case (claims T1, T4): every invariant holds for the sequence that decoding starts with.

Its tokens are those that the layouts write for the program and the initial configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from efasp.encoding import COUNTERS, FIELDS, STOPPED
from efasp.pram.isa import Reg, operations
from efasp.proofs.lemmas.encoding_places import PLACE
from efasp.proofs.lemmas.encoding_start import word_at
from efasp.proofs.lemmas.simulation_log import shapes
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, land, le, lnot, lor, lt
from efasp.proofs.symbolic.ends import index_ends, register_ends
from efasp.proofs.symbolic.machine import Always, Number, Symbol
from efasp.proofs.symbolic.machine_step import TOKEN_WORD, WORDS
from efasp.proofs.symbolic.nodes import is_value
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sequence_invariants import (
    COUNTERS_HELD,
    HAS_POSITION,
    INITIAL_WORD,
    MEMORY_HELD,
    ONE_SLOT,
    PROGRAM,
    REGISTERS_HELD,
    SIZES,
    WELL_FORMED,
    World,
    call,
)  # fmt: skip
from efasp.proofs.symbolic.step_definitions import Step
from efasp.proofs.symbolic.token_contents import INITIAL, MASKED, STANDS, Content


def second_operands(index: Term) -> list[tuple[Any, Term]]:
    """The possible second operands of an instruction (absent, a register or a word), each with its condition."""
    rb, immediate, kind = (call(f"code.{name}", index) for name in ("rb", "imm", "second"))
    return [
        (None, land(is_value(kind, 0), lt(rb, "0"), is_value(immediate, 0))),
        (Reg(Symbol(rb)), land(is_value(kind, 1), le("0", rb), is_value(immediate, 0))),  # type: ignore[arg-type]
        (Symbol(immediate), land(is_value(kind, 2), lt(rb, "0"))),
    ]


def instructions_at(field: str, index: Term, extension: str) -> Iterator[tuple[Any, Term]]:
    """The possible instructions at an index, restricted to one of their fields, each with its condition."""
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
    """Assume that a position has its token of the initial sequence, which holds the prompt and the initial configuration."""
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
    """The condition that a position has this kind of place and ``condition`` holds, for ``Conclusion.where``."""
    return lambda *instance: land(at.kind(f"pe.{kind}"), condition)


def initial(world: World, pid: Term, address: Term) -> None:
    """Assume the initial configuration for a processor and an address."""
    word, pc, bank = call("pram.memory", address), call("pram.pc", pid), [call("pram.register", pid, str(r)) for r in range(8)]
    status = call("pram.status", pid)
    has: Callable[[str], Term] = lambda name: is_value(status, ("running", *STOPPED).index(name))  # noqa: E731
    world.script.assume(INITIAL, Symbol(word), tuple(map(Symbol, bank)), Symbol(pc), has, word_at(Number(address)))


def starts(step: Step) -> Iterator[Obligation]:
    """Every invariant holds for the sequence that decoding starts with."""
    in_cells = step.machine.engine == "apmdm"

    def begun(*prefixes: str, given: Sequence[str] = ()) -> tuple[World, Script, list[Position]]:
        world = World(step, passes=False)
        world.state()
        world.script.integer("D", 0, note="words of memory that are given")
        index_ends(world.script, "D", "cells", beyond=True)
        world.script.function("data", ["Int"], "Int", "the given words")
        world.script.function("code.second", ["Int"], "Int", "its second operand: 0 none, 1 a register, 2 a word")
        first, *others = prefixes
        some = [Position(world.script, step, first), *(Position(world.script, step, prefix, given) for prefix in others)]
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
    never += [] if in_cells else [land(at.kind("pe.target"), at.kind("te.word"))]  # and the log has no store
    yield world.obligation("start", land(*parts), infeasible=never, of="well-formed")
    world, s, (at, *slots) = begun("j", "p0", "p1", given=("slot", "word"))  # registers start with 0
    pid, register = s.integer("pid", 0), s.integer("register", 0, 7)
    s.definition(lt(pid, "processors"))
    index_ends(s, pid, "processors")
    register_ends(s, register)
    initial(world, pid, "0")
    held = s.declare("some", "Bool", "whether some position holds it")
    for number, p in enumerate(slots if in_cells else []):
        s.assume(HAS_POSITION, p, "register", {"index": pid, "register": register, "slot": str(number)})
    goal = s.conclude(REGISTERS_HELD.first, at, held, slots, pid, register, "0")
    yield world.obligation("start", goal, of="registers")
    world, s, (at, *slots) = begun("j", "p0", "p1")
    address = s.integer("address", 0)
    index_ends(s, address, "cells", beyond=True)
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
