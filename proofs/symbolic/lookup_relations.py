"""Relations between the lookups of one position, as conclusions of the family ``simulation``.

What one lookup finds limits what another finds: a word is read only where its flag is, and only the kinds of position that a
lookup serves find one. Terms and names are those of ``proofs.symbolic.machine_step``.
"""

from __future__ import annotations

from efasp.proofs.conclusions import concluded
from efasp.proofs.smtlib import Term, implies, land, le, lor, plus
from efasp.proofs.symbolic.machine_step import NEXT, STATUS, Namer, on, ops_of
from efasp.proofs.symbolic.nodes import is_value


@concluded("simulation.counter", "a word only with a status")
def COUNTED(n: Namer) -> Term:
    """Where no status is read the counter reads as 0."""
    return implies(is_value(plus(*map(n, STATUS)), 0), is_value(n("counter"), 0))


@concluded("simulation.fetch", "by running processors")
def ONLY_RUNNING(n: Namer, extension: str) -> Term:
    """Only a running processor fetches an instruction."""
    return le(plus(*map(n, ops_of(extension))), n(STATUS[0]))


@concluded("simulation.fetch", "one operand")
def ONE_OPERAND(n: Namer) -> Term:
    """Of immediate, register and P at most one is not 0."""
    names = "immediate", "b", "processors"
    pairs = ((names[i], names[j]) for i in range(3) for j in range(i))
    return land(*(lor(is_value(n(p), 0), is_value(n(q), 0)) for p, q in pairs))


@concluded("simulation.memory", "by loads and stores")
def TOUCHES(n: Namer) -> Term:
    """Only a load or a store finds a word of memory."""
    return le(n("valid"), plus(n("op.ld"), n("op.st")))


@concluded("simulation.memory", "nothing reads as 0")
def LOADED(n: Namer) -> Term:
    """Where no word of memory is found 0 is read."""
    return implies(is_value(n("valid"), 0), is_value(n("loaded"), 0))


@concluded("simulation.writer", "of memory cells")
def WRITTEN(n: Namer) -> Term:
    """Only a memory cell finds a writer and its word."""
    return implies(is_value(n("pe.memory"), 0), land(is_value(n("written"), 0), is_value(n("incoming"), 0)))


@concluded("simulation.content", "not of memory places")
def UNPAIRED(n: Namer) -> Term:
    """A place of the initial memory finds no paired value."""
    return implies(on(n, "pe.memory"), is_value(n("paired"), 0))


@concluded("simulation.status", "a counter only with a status")
def NO_COUNTER(n: Namer) -> Term:
    """Where there is no next status the next program counter is 0."""
    return implies(is_value(plus(*map(n, NEXT)), 0), is_value(n("next"), 0))
