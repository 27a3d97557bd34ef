"""The words that the step of a processor reads: conclusions of the family simulation about a position that is due.

In the cell layout they are about a position of the processor ``pid``. The functions of the PRAM state and of the program are
those of ``proofs.symbolic.sequence_invariants``.
"""

from __future__ import annotations

from efasp.pram.isa import operations
from efasp.proofs.conclusions import concluded
from efasp.proofs.smtlib import Term, eq, implies, ite, land, le, lor, lt
from efasp.proofs.symbolic.machine_step import STATUS, Namer, on
from efasp.proofs.symbolic.nodes import flag, is_value
from efasp.proofs.symbolic.sequence_invariants import call


@concluded("simulation.counter", "own index")
def OWN_INDEX(n: Namer, pid: Term) -> Term:
    """The index that is read is the index of the processor."""
    return eq(n("index"), pid)


@concluded("simulation.counter", "value")
def COUNTER(n: Namer, pid: Term) -> Term:
    """The program counter and the status that are read are those of the processor."""
    flags = (eq(n(name), flag(is_value(call("pram.status", pid), number))) for number, name in enumerate(STATUS))
    return land(eq(n("counter"), call("pram.pc", pid)), *flags)


def fetching(n: Namer) -> Term:
    """Whether an instruction is fetched: the processor runs and its counter is inside the program."""
    return land(on(n, STATUS[0]), lt(n("counter"), "length"))


@concluded("simulation.fetch", "operation")
def FETCHED(n: Namer, extension: str) -> Term:
    """The operation's flags are those of the instruction at the counter, or all 0 if none is fetched."""
    pc = n("counter")
    names = [o.name for o in operations(extension)]
    return land(
        *(eq(n(f"op.{name}"), flag(land(fetching(n), is_value(call("code.op", pc), i)))) for i, name in enumerate(names))
    )


@concluded("simulation.fetch", "register name")
def NAMES_FETCHED(n: Namer, name: str) -> Term:
    """A register name (rd, ra, rb) is that of the instruction at the counter; it is -1 if none is fetched."""
    return eq(n(name), ite(fetching(n), call(f"code.{name}", n("counter")), "(- 1)"))


@concluded("simulation.fetch", "immediate")
def IMMEDIATE(n: Namer) -> Term:
    """The immediate is that of the instruction at the counter; it is 0 if none is fetched."""
    return eq(n("immediate"), ite(fetching(n), call("code.imm", n("counter")), "0"))


@concluded("simulation.processors", "value")
def PROCESSORS(n: Namer) -> Term:
    """The operation ``nproc`` reads P modulo 2^w; every other operation reads 0."""
    return eq(n("processors"), ite(on(n, "op.nproc"), "count", "0"))


OPERANDS = {"a": "ra", "d": "rd", "b": "rb"}  # registers that are read, and their names in the instruction


@concluded("simulation.register", "value")
def REGISTER(n: Namer, name: str, pid: Term) -> Term:
    """The value of an operand is that of the named register; it is 0 if the instruction does not name one."""
    number = n(OPERANDS[name])
    return eq(n(name), ite(le("0", number), call("pram.register", pid, number), "0"))


@concluded("simulation.register", "no name")
def UNNAMED(n: Namer, name: str) -> Term:
    """If an instruction does not name a register, the value of the operand is 0."""
    return implies(lt(n(OPERANDS[name]), "0"), is_value(n(name), 0))


@concluded("simulation.memory", "value")
def MEMORY(n: Namer) -> Term:
    """A load or store reads the word at its address if the address is below M; otherwise ``valid`` and ``loaded`` are 0."""
    touches = lor(on(n, "op.ld"), on(n, "op.st"))
    valid = eq(n("valid"), flag(land(touches, lt(n("address"), "cells"))))
    return land(valid, eq(n("loaded"), ite(on(n, "valid"), call("pram.memory", n("address")), "0")))
