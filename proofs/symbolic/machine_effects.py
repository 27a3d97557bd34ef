"""A step of the PRAM as terms: the effect of each processor's instruction (``machine._execute``), and the state after it.

The effects of all processors are functions of their ids: ``(effect.pc p)``, ``(effect.status p)``, ``(effect.stores p)`` and
``(effect.writes p)`` (0 or 1), ``(effect.address p)``, ``(effect.rd p)``, ``(effect.value p)``. The state after the step has
the functions of the state before it, named ``after`` instead of ``pram``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from efasp.encoding import STOPPED
from efasp.proofs.conclusions import Conclusion, concluded
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import FALSE, TRUE, Script, Term, eq, implies, ite, land, le, lnot, lor, lt
from efasp.proofs.symbolic.ends import LARGEST, index_ends, register_ends
from efasp.proofs.symbolic.machine import of
from efasp.proofs.symbolic.machine_step import NEXT, Namer
from efasp.proofs.symbolic.nodes import flag, is_value
from efasp.proofs.symbolic.sequence_invariants import call

EFFECTS = {
    "pc": "next program counter",
    "status": "next status",
    "stores": "whether memory is written",
    "address": "at which address",
    "writes": "whether a register is written",
    "rd": "which one",
    "value": "with what",
}
AFTER = {"after.pc": 1, "after.status": 1, "after.register": 2, "after.memory": 1}


@dataclass(frozen=True)
class Effect:
    """The effect of one processor's step: terms, ``stores`` and ``writes`` as truth values."""

    pc: Term
    status: Term
    stores: Term
    address: Term
    writes: Term
    rd: Term
    value: Term

    @staticmethod
    def of(pid: Term) -> Effect:
        """The effect of a processor, as terms of the functions ``effect.*``."""
        parts = {name: call(f"effect.{name}", pid) for name in EFFECTS}
        return Effect(**{**parts, "stores": is_value(parts["stores"], 1), "writes": is_value(parts["writes"], 1)})

    @staticmethod
    def found(found: Any) -> Effect:
        """The effect that ``machine._execute`` returns; ``machine._advance`` says which write it makes."""
        number = ("running", *STOPPED).index(found.status)
        stores = found.status == "running" and found.store is not None
        writes = found.status == "running" and found.store is None and found.rd is not None
        address, rd = (of(value if value is not None else 0) for value in (found.store, found.rd))
        return Effect(of(found.pc), str(number), _truth(stores), address, _truth(writes), rd, of(found.value))


def _truth(value: bool) -> Term:
    return "true" if value else "false"


def where(condition: Term, claim: Term) -> Term:
    """A claim where a condition holds. An effect that stores nothing has no address to speak of."""
    return TRUE if condition == FALSE else claim if condition == TRUE else implies(condition, claim)


def either(condition: Term, one: Term, other: Term) -> Term:
    """One or the other; of an effect that is known the one that it is."""
    return one if condition == TRUE else other if condition == FALSE else ite(condition, one, other)


def each(script: Script) -> None:
    """Declare the functions that give every processor's effect."""
    for name, note in EFFECTS.items():
        script.function(f"effect.{name}", ["Int"], "Int", f"of a processor: {note}")


def effects(script: Script) -> None:
    """Declare the effects and the state after the step."""
    each(script)
    for name, arity in AFTER.items():
        script.function(name, ["Int"] * arity, "Int", "after the step")


@concluded("step.execute")
def EXECUTES(n: Namer, effect: Effect, here: Term = "true") -> Term:
    """The values of the step's definitions, as words, are the effect of the processor's instruction.

    ``here``: at a position that computes it.
    """
    statuses = (eq(n(name), flag(is_value(effect.status, number))) for number, name in enumerate(NEXT))
    flags = eq(n("stores"), flag(effect.stores)), eq(n("writes"), flag(effect.writes))
    places = where(effect.stores, eq(n("address"), effect.address)), where(effect.writes, eq(n("rd"), effect.rd))
    value = eq(n("result"), either(effect.stores, effect.value, either(effect.writes, effect.value, "0")))
    same = land(eq(n("next"), effect.pc), *statuses, *flags, *places, value)
    return same if here == "true" else implies(here, same)


@concluded("step.execute", "ranges")
def IN_RANGE(effect: Effect) -> Term:
    """An effect has a status, stores below M, names a register, and does not write both memory and a register."""
    status = land(le("0", effect.status), le(effect.status, "4"))
    stores = where(effect.stores, land(le("0", effect.address), lt(effect.address, "cells")))
    writes = where(effect.writes, land(le("0", effect.rd), le(effect.rd, "7")))
    return land(status, stores, writes, lnot(land(effect.stores, effect.writes)))


def stopped_effect(pid: Term) -> Term:
    """The effect of a processor that has stopped, by definition: it stays as it is."""
    effect = Effect.of(pid)
    same = eq(effect.pc, call("pram.pc", pid)), eq(effect.status, call("pram.status", pid))
    running = is_value(call("pram.status", pid), 0)
    return lor(running, land(*same, lnot(effect.stores), lnot(effect.writes)))


# From the turns of ``machine._advance`` to the state after the step. The effects are those of the state before the step.


@dataclass(frozen=True)
class State:
    """A configuration as functions of terms."""

    pc: Callable[[Term], Term]
    status: Callable[[Term], Term]
    register: Callable[[Term, Term], Term]
    memory: Callable[[Term], Term]

    @staticmethod
    def named(name: str) -> State:
        """The state of which the functions have names that begin with ``name``."""
        return State(*(partial(call, f"{name}.{part}") for part in ("pc", "status", "register", "memory")))


def written(effect: Effect, register: Term, before: Term) -> Term:
    """A register after the processor's effect."""
    return ite(land(effect.writes, eq(effect.rd, register)), effect.value, before)


def turn(
    before: State,
    after: State,
    p: Term,
    effect: Effect,
    at: tuple[Term, Term, Term],
    processors: Term = "processors",
    cells: Term = "cells",
) -> Term:
    """The turn of p applies its effect, and changes nothing else; ``at``: any processor, register and address."""
    other, register, address = at
    within = [land(le("0", x), lt(x, end)) for x, end in zip(at, (processors, "8", cells), strict=True)]
    mine = eq(other, p)
    bank = before.register(other, register)
    return implies(
        *within,
        land(
            eq(after.pc(other), ite(mine, effect.pc, before.pc(other))),
            eq(after.status(other), ite(mine, effect.status, before.status(other))),
            eq(after.register(other, register), ite(mine, written(effect, register, bank), bank)),
            eq(
                after.memory(address),
                ite(land(effect.stores, eq(address, effect.address)), effect.value, before.memory(address)),
            ),
        ),
    )


TURN, APPLIES = (Conclusion(f"simulation.{lemma}", "turn", turn) for lemma in ("advance", "apply"))


def storing(pid: Term, address: Term) -> Term:
    """Whether a processor stores to an address."""
    effect = Effect.of(pid)
    return land(le("0", pid), lt(pid, "processors"), effect.stores, eq(effect.address, address))


@concluded("simulation.advance", "processors")
def ADVANCES(pid: Term, register: Term, now: str = "after", least: Term = "0") -> Term:
    """After the turns of the processors from ``least`` on these have the counter, status and registers of their effects."""
    effect, before, after = Effect.of(pid), State.named("pram"), State.named(now)
    bank = before.register(pid, register)
    had = eq(after.pc(pid), effect.pc), eq(after.status(pid), effect.status)
    inside = land(le("0", pid), lt(pid, "processors")), land(le("0", register), le(register, "7"))
    done = land(*had, eq(after.register(pid, register), written(effect, register, bank)))
    same = eq(after.pc(pid), before.pc(pid)), eq(after.status(pid), before.status(pid))
    return implies(*inside, ite(le(least, pid), done, land(*same, eq(after.register(pid, register), bank))))


@concluded("simulation.priority")
def PRIORITY(address: Term, lowest: Term, other: Term, now: str = "after", least: Term = "0") -> Term:
    """After the turns of the processors from ``least`` on a word of memory is what the lowest of these that stores to it
    stores, else the word from before.

    There is such a processor ``lowest`` (or it is P, where none stores), and every ``other`` that stores is not lower.
    """
    some = lor(eq(lowest, "processors"), land(le(least, lowest), storing(lowest, address)))
    value = ite(lt(lowest, "processors"), call("effect.value", lowest), call("pram.memory", address))
    first = implies(le(least, other), storing(other, address), le(lowest, other))
    here = implies(land(le("0", address), lt(address, "cells")), eq(call(f"{now}.memory", address), value))
    return land(some, first, here)


def steps(n: tuple[int, int]) -> Iterator[Obligation]:
    """By induction over the turns, from the highest processor down: of every processor, and of every word of memory."""
    for conclusion in (ADVANCES, PRIORITY):
        script = Script("QF_UFLIA")
        for name, note in (("processors", "P"), ("cells", "M")):
            script.integer(name, 1, note=note)
            for end in ("1", LARGEST):
                script.admits(eq(name, end))
        for state in ("pram", "now", "next", "after"):
            for part, arity in (("pc", 1), ("status", 1), ("register", 2), ("memory", 1)):
                script.function(f"{state}.{part}", ["Int"] * arity, "Int")
        each(script)
        p, pid = script.integer("p", 0, note="the processor whose turn it is"), script.integer("pid", 0, note="any processor")
        register, address = script.integer("register", 0, 7), script.integer("address", 0)
        script.definition(land(lt(p, "processors"), lt(pid, "processors"), lt(address, "cells")))
        for one, other in (("p", "pid"), ("pid", "p")):  # either may be the higher
            script.admits(land(eq("processors", LARGEST), eq(one, "0"), eq(other, "(- processors 1)")))
        index_ends(script, "address", "cells", size="cells")
        register_ends(script, "register")
        above = "(+ p 1)"
        script.assume(TURN, State.named("now"), State.named("next"), p, Effect.of(p), (pid, register, address))
        never = [land(lt(pid, "processors"), le("processors", pid))]  # no turn, and it had its turn
        if conclusion is ADVANCES:
            script.definition(ADVANCES(pid, register, "now", above), "the turns above p: the induction hypothesis")
            none = ADVANCES(pid, register, "pram", "processors")
            more = script.conclude(ADVANCES, pid, register, "next", p)
        else:
            script.integer("lowest", 0, note="the lowest above p that stores there, or P")
            script.definition(PRIORITY(address, "lowest", pid, "now", above), "the turns above p: the induction hypothesis")
            script.definition(land(le(above, "lowest"), le("lowest", "processors")))
            first = script.define("first", ite(storing(p, address), p, "lowest"))
            none = PRIORITY(address, "processors", pid, "pram", "processors")
            more = script.conclude(PRIORITY, address, first, pid, "next", p)
        params = {"of": "processors" if conclusion is ADVANCES else "memory"}
        note = "after no turn, and after one more"
        yield script.obligation(conclusion.lemma, "T1 T4", params, "all n", n, land(none, more), note, infeasible=never)
