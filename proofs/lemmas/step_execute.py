"""Family step, the whole: for every operation, the stages compute the step of ``efasp.pram.machine``, for every w.

``machine._execute`` is run on symbols. The conclusions of stages, lookups and operators are assumed of words; the obligations
do not depend on w, and the operations are read from the instruction set.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from efasp.operators import OPERATORS
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS, Operation, Reg, operations
from efasp.proofs.lemmas.simulation_log import shapes
from efasp.proofs.lemmas.step_values import exact
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, lnot, lt
from efasp.proofs.symbolic.ends import index_ends, size_ends, word_ends
from efasp.proofs.symbolic.machine import SIZE, UNINTERPRETED, WORD, Symbol, paths
from efasp.proofs.symbolic.machine_effects import EXECUTES, IN_RANGE, Effect
from efasp.proofs.symbolic.machine_step import (
    ADDRESS,
    APPLIED,
    COMPARISON,
    COMPARISONS,
    ENABLED,
    INCREMENT,
    NEXT,
    NEXT_STATUS,
    NEXT_WORD,
    OPERAND,
    OPERATOR,
    RESULT,
    STATUS,
    STAYS,
    STORES,
    TAKEN,
    WRITES,
    computed,
    ops_of,
)  # fmt: skip
from efasp.proofs.symbolic.nodes import is_value
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
)  # fmt: skip
from efasp.proofs.symbolic.sequence_invariants import call, state
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Flag
from efasp.syntax import Node, refine

PID = "pid"
CODE = ("op", "rd", "ra", "rb", "imm")
FLAGS = ("taken", "stays", "stores", "writes", "valid")


def same(name: str) -> str:
    """A definition by its own name: the script speaks of one position."""
    return name


# The machine's own definition on symbols.


def forms(operation: Operation) -> Iterator[tuple[str, Any, Any]]:
    """The shapes of an operation's operands: a name for it, ra, and x."""
    firsts: list[tuple[str, Any]] = [("", None)] if "a" not in operation.shape else [("ra", True)]
    if "m" in operation.shape:
        firsts = [("", None), ("ra", True)]
    seconds: list[tuple[str, Any]] = [("", None)]
    if "x" in operation.shape:
        seconds = [("rb", Reg), ("imm", int)]
    elif set("mt") & set(operation.shape):
        seconds = [("imm", int)]
    for a, ra in firsts:
        for b, x in seconds:
            yield " ".join(part for part in (a, b) if part) or "none", ra, x


class _Row:
    """The registers of one processor, by number."""

    def __getitem__(self, number: Any) -> Symbol:
        return Symbol(call("pram.register", PID, number.term))


class _By:
    """A function of the state, by its argument."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, at: Any) -> Any:
        return _Row() if self.name == "pram.register" else Symbol(call(self.name, at.term))


class _Registers:
    """Registers of all processors."""

    def __getitem__(self, pid: Any) -> _Row:
        assert pid.term == PID
        return _Row()


def effect(operation: Operation, ra: Any, x: Any) -> Any:
    """The machine's own definition on a symbolic state, for processor ``pid``."""
    pc = call("pram.pc", PID)
    named = {name: Symbol(call(f"code.{name}", pc)) for name in CODE}
    register: Any = named["rb"]
    second: Any = None if x is None else SimpleRegister(register) if x is Reg else named["imm"]
    rd = named["rd"] if set("ds") & set(operation.shape) else None
    instruction = SimpleNamespace(op=operation.name, rd=rd, ra=named["ra"] if ra else None, x=second)
    program: Any = SimpleNamespace(
        word=Symbol(WORD),
        length=Symbol("length"),
        memory=Symbol("cells"),
        processors=Symbol("processors"),
        instructions=_At(pc, instruction),
    )
    machine: Any = SimpleNamespace(pc=_By("pram.pc"), registers=_Registers(), memory=_By("pram.memory"))
    return pram._execute(program, machine, Symbol(PID))  # type: ignore[arg-type]


class _At:
    """The program: its instruction at the counter."""

    def __init__(self, pc: Term, instruction: Any) -> None:
        self.pc, self.instruction = pc, instruction

    def __getitem__(self, index: Any) -> Any:
        assert index.term == self.pc
        return self.instruction


class SimpleRegister(Reg):
    """A register operand whose number is a symbol."""


def machine_state(script: Script) -> None:
    """The symbols of a machine and of one processor's state."""
    script.integer(WORD, 5, note="bits of a word")
    script.integer(SIZE, 32, note="2^w")
    for name in UNINTERPRETED:
        script.function(name, ["Int", "Int"], "Int", "the same function on both sides")
    for name, note in (("length", "instructions"), ("cells", "words of memory"), ("processors", "processors")):
        script.integer(name, 1, note=note)
        script.definition(le(name, SIZE))
    script.integer(PID, 0, note="the processor's id")
    script.definition(lt(PID, "processors"))
    script.define("count", "(mod processors words)", note="P modulo 2^w")
    state(script)
    pc = call("pram.pc", PID)
    script.definition(land(le("0", pc), lt(pc, SIZE)), "a word")
    script.definition(land(le("0", call("pram.status", PID)), le(call("pram.status", PID), "4")), "a status")
    size_ends(script, size=SIZE)
    index_ends(script, PID, "processors", size=SIZE)
    word_ends(script, pc, size=SIZE)
    for name in ("ra", "rb", "rd"):
        word_ends(script, call("pram.register", PID, call(f"code.{name}", pc)), size=SIZE)
        word = call("pram.register", PID, call(f"code.{name}", pc))
        script.definition(land(le("0", word), lt(word, SIZE)), "a word")


def conclusions(script: Script, extension: str) -> None:
    """The conclusions about lookups, operators and stages, by their lemmas."""
    names = [*ops_of(extension), *STATUS, *NEXT, *FLAGS, "counter", "index", *OPERANDS, *OPERANDS.values(), "immediate"]
    names += ["processors", "x", "address", "loaded", "increment", "result", "next"]
    names += [f"{name}.word" for name in computed(extension)] + [f"{name}.flag" for name in COMPARISONS]
    table = {"processors": "processors.read"}  # the script has the number of processors by that name
    for name in names:
        script.declare(table.get(name, name))

    def n(name: str) -> str:
        return table.get(name, name)

    script.assume(COUNTER, n, PID)
    script.assume(OWN_INDEX, n, PID)
    script.assume(FETCHED, n, extension)
    for name in OPERANDS.values():
        script.assume(NAMES_FETCHED, n, name)
    script.assume(IMMEDIATE, n)
    for name in OPERANDS:
        script.assume(REGISTER, n, name, PID)
    script.assume(PROCESSORS, n)
    script.assume(OPERAND, n)
    script.assume(ADDRESS, n)
    script.assume(MEMORY, n)
    for name in computed(extension):
        script.assume(OPERATOR, n, name)
    for name in COMPARISONS:
        script.assume(COMPARISON, n, name)
    script.assume(INCREMENT, n)
    script.define("a.ones", ite(eq("a", "0"), "0", "1"), note="0 exactly where a is 0")
    for conclusion in (RESULT, STAYS, WRITES, NEXT_STATUS):
        script.assume(conclusion, n, extension)
    for conclusion in (TAKEN, NEXT_WORD, STORES):
        script.assume(conclusion, n)


def gone() -> list[Term]:
    """Paths through ``_execute`` that are infeasible where an operand is 0: words are 0 or more, M and w are 1 or more."""
    register = call("pram.register", PID, call("code.ra", call("pram.pc", PID)))
    return [lt(register, "0"), le("cells", f"(mod 0 {SIZE})"), lnot(lt("0", WORD))]


def executions(extension: str, n: tuple[int, int]) -> Iterator[Obligation]:
    """One obligation for every operation and shape of its operands, and one for a processor that has stopped."""
    name, some = extension or "none", operations(extension)
    for number, operation in enumerate(some):
        for shape, ra, x in forms(operation):
            script = Script("QF_UFNIA")  # the remainder is by a symbol, 2^w
            machine_state(script)
            conclusions(script, extension)
            pc = call("pram.pc", PID)
            script.definition(is_value(call("pram.status", PID), 0), "it runs")
            shapes(script, pc, extension)
            script.definition(is_value(call("code.op", pc), number), operation.name)
            for given, register in ((ra, "ra"), (x is Reg, "rb")):
                absent = is_value(call(f"code.{register}", pc), -1)
                script.definition(lnot(absent) if given else absent, f"{register} is {'a register' if given else 'none'}")
            ways = list(paths(lambda o=operation, ra=ra, x=x: effect(o, ra, x)))  # type: ignore[misc]
            parts = []
            for conditions, result in ways:
                found = Effect.found(result)
                right = land(script.conclude(EXECUTES, same, found), script.conclude(IN_RANGE, found))
                parts.append(implies(land(*conditions), right))
            params = {"op": operation.name, "operands": shape, "ext": name}
            goal = land(*parts) if len(parts) > 1 or parts[0] else parts[0]
            never = [way for way in gone() if way in goal]
            yield script.obligation("step.execute", "T1 T4", params, "all n", n, goal, "machine._execute", infeasible=never)
    script = Script("QF_UFNIA")
    machine_state(script)
    conclusions(script, extension)
    script.definition(lnot(is_value(call("pram.status", PID), 0)), "it has stopped")
    pc, status = call("pram.pc", PID), call("pram.status", PID)
    still = Effect(pc, status, "false", "0", "false", "0", "0")
    goal = land(script.conclude(EXECUTES, same, still), script.conclude(IN_RANGE, still))
    yield script.obligation("step.stopped", "T1 T4", {"ext": name}, "all n", n, goal, "nothing changes")


# Arithmetic definitions are applications of operators.


def applied(step: Step, name: str) -> Node:
    """The node that a definition must be: its operator, applied to the operands (enabled by its own flag)."""
    operator, a, x = OPERATORS[APPLIED.get(name, "add")], step.definition("a"), step.definition("x")
    if name in ("shl", "shr"):
        return operator.build(a)
    if name in ("shlx", "shrx"):
        return operator.build(a, x, refine(step.definition("operation")[step.ops.index(f"op.{name}")], Flag()))
    return operator.build(a, x)


def operators(step: Step) -> Iterator[Obligation]:
    """Every arithmetic definition is its operator, applied to the operands: the very node that the operator builds.

    There is one for each operation of the instruction set that an operator computes, and one for the address.
    """
    for name in (*computed(step.machine.extension), "address"):
        content = f"{name} = {APPLIED.get(name, 'add')} of {'a' if name in ('shl', 'shr') else 'a and x'}"
        about = OPERATOR.id if name != "address" else ADDRESS.id
        held = f"{name}.flag" if name in COMPARISONS else step.names.get(step.of.get(name, step.sink), name)
        ids = (about, f"step.sorts: {held}", *((ENABLED.id,) if name in ("shlx", "shrx") else ()))
        ids += () if name in COMPARISONS else (f"definition: {name}",)
        lemma_name = "address" if name == "address" else "operator"
        params = {} if name == "address" else {"of": name}
        cites = (f"gates.{APPLIED.get(name, 'add')}",)
        yield exact(step, lemma_name, content, partial(_applied, step, name, content), ids, cites, **params)
    built = Verdict("proved", "the operator's own node")
    ids = (INCREMENT.id, "step.sorts: increment")
    yield exact(step, "operator", "increment of the counter", lambda: built, ids, ("gates.increment",), of="increment")


def _applied(step: Step, name: str, content: str) -> Verdict:
    """Nodes are interned: the operator builds the very node that the definition is, or another."""
    if name not in step.of:
        return Verdict("refuted", "no such definition", {"expected": content, "got": "nothing"})
    made = step.of[f"{name}.flag"] if name in COMPARISONS else step.of[name]
    if made is applied(step, name):
        return Verdict("proved", "the same node")
    origin = step.of[name].origin
    got = f"{origin[0] if origin else 'no operator'} of others"
    return Verdict("refuted", "another node", {"expected": content, "got": got})


@lemma
def whole_step(regime: Regime) -> Iterator[Batch]:
    """The stages together are the machine's own step, for every operation and every shape of operands."""
    for extension in EXTENSIONS:
        if regime.given is None or regime.given[0].extension == extension:
            params = {"ext": extension or "none"}
            yield Batch(("step.execute", "step.stopped"), params, lambda e=extension: executions(e, regime.all_n))  # type: ignore[misc]
    for machine in regime.machines():
        yield Batch(("step.operator", "step.address"), machine.params, lambda m=machine: operators(Step(m)))  # type: ignore[misc]
