"""Family step, the whole: for every operation, what the stages give is what ``efasp.pram.machine`` does, for every w.

``machine._execute`` is run on symbols. The stages' conclusions, which the other lemmas of the family show bit by bit, are the
hypotheses; so are the specifications of the operators, run on the same symbols. Nothing here depends on w.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from efasp.encoding import STOPPED
from efasp.operators import OPERATORS
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS, Operation, Reg, operations
from efasp.sorts import Flag
from efasp.syntax import Node, refine
from proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from proofs.reading import flag, is_value
from proofs.smt import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, plus
from proofs.step import (
    JUMPS,
    NEXT,
    NEXT_WORD,
    STATUS,
    STORES,
    Step,
    next_status,
    on,
    result_of,
    results,
    stays,
    writes,
)  # fmt: skip
from proofs.symbols import SIZE, UNINTERPRETED, WORD, Always, Symbol, Words, folded, of, paths

# Each arithmetic definition is one application of an operator to a and x (of which a shift by one takes the first).
APPLIED = {
    "add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor", "shl": "shift_left", "shr": "shift_right",
    "slt": "less", "seq": "equal", "mul": "mul", "shlx": "shift_left_by", "shrx": "shift_right_by",
}  # fmt: skip


def applied(step: Step, name: str) -> Node:
    """What the definition of that name has to be: its operator, applied to the operands (enabled by its own flag)."""
    operator, a, x = OPERATORS[APPLIED[name]], step.of["a"], step.of["x"]
    if name in ("shl", "shr"):
        return operator.build(a)
    if name in ("shlx", "shrx"):
        return operator.build(a, x, refine(step.of["operation"][step.ops.index(f"op.{name}")], Flag()))
    return operator.build(a, x)


def forms(operation: Operation) -> Iterator[tuple[str, Any, Any]]:
    """The shapes of an operation's operands: a name for it, ra, and x."""
    firsts: list[tuple[str, Any]] = [("", None)] if "a" not in operation.shape else [("ra", 2)]
    if "m" in operation.shape:
        firsts = [("", None), ("ra", 2)]
    seconds: list[tuple[str, Any]] = [("", None)]
    if "x" in operation.shape:
        seconds = [("rb", Reg(3)), ("imm", Symbol("imm"))]
    elif set("mt") & set(operation.shape):
        seconds = [("imm", Symbol("imm"))]
    for a, ra in firsts:
        for b, x in seconds:
            yield " ".join(part for part in (a, b) if part) or "none", ra, x


def effect(operation: Operation, ra: Any, x: Any) -> Any:
    """The machine's own definition on a symbolic state, for processor ``pid``."""
    rd = 1 if set("ds") & set(operation.shape) else None
    program: Any = SimpleNamespace(
        word=Symbol(WORD),
        length=Symbol("length"),
        memory=Symbol("cells"),
        processors=Symbol("nproc"),
        instructions=Always(SimpleNamespace(op=operation.name, rd=rd, ra=ra, x=x)),
    )
    state: Any = SimpleNamespace(pc=Always(Symbol("pc")), registers=Always(Words("register")), memory=Words("memory"))
    return pram._execute(program, state, Symbol("pid"))  # type: ignore[arg-type]


def state(script: Script) -> None:
    """The symbols of a machine and of one processor's state."""
    script.integer(WORD, 5, note="bits of a word")
    script.integer(SIZE, 32, note="2^w")
    for name in UNINTERPRETED:
        script.function(name, ["Int", "Int"], "Int", "the same function on both sides")
    script.function("register", ["Int"], "Int", "the processor's registers, by number")
    script.function("memory", ["Int"], "Int", "shared memory, by address")
    for name, note in (("pc", "program counter"), ("imm", "immediate"), ("pid", "the processor's id")):
        script.integer(name, 0, note=note)
        script.suppose(lt(name, SIZE))
    for name, note in (("length", "instructions"), ("cells", "words of memory"), ("nproc", "processors")):
        script.integer(name, 1, note=note)
        script.suppose(le(name, SIZE))
    for number in (1, 2, 3):
        script.suppose(land(le("0", f"(register {number})"), lt(f"(register {number})", SIZE)))


def conclusions(step: Step, script: Script, operation: Operation, ra: Any, x: Any) -> None:
    """What lookups, operators and stages give for this operation, by their lemmas."""
    for name in step.ops:
        fetched = ite(lt("pc", "length"), "1", "0") if name == f"op.{operation.name}" else "0"
        script.define(name, fetched, note="simulation.fetch")
    for place, name in enumerate(STATUS):
        script.define(name, "1" if place == 0 else "0", note="a running processor")
    script.define("counter", "pc")
    script.define("index", "pid")
    script.define("a", "0" if ra is None else f"(register {ra})", note="simulation.register")
    script.define("d", "(register 1)", note="simulation.register")
    operands = {type(None): "0", Symbol: "imm", Reg: "(register 3)"}
    second = "(mod nproc words)" if operation.name == "nproc" else operands[type(x)]
    script.define("x", ite(lt("pc", "length"), second, "0"), note="step.operand")
    script.define("a.ones", ite(eq("a", "0"), "0", "1"), note="0 where a is 0")
    symbols = Symbol("a"), Symbol("x")
    for name, operator in APPLIED.items():
        if name in step.of:
            arguments = symbols[:1] if name in ("shl", "shr") else symbols
            term = folded(lambda o=operator, s=arguments: OPERATORS[o].spec(Symbol(WORD), *s))  # type: ignore[misc]
            script.define(f"{name}.word", term, note=f"gates.{operator}")
    script.define("increment", folded(lambda: OPERATORS["increment"].spec(Symbol(WORD), Symbol("pc"))), note="gates.increment")
    touches = lor(on("op.ld"), on("op.st"))
    script.define("valid", flag(land(touches, lt("add.word", "cells"))), note="simulation.memory")
    script.define("loaded", ite(on("valid"), "(memory add.word)", "0"), note="simulation.memory")
    names = {op: f"{name}.word" if name in APPLIED else name for op, name in results(step).items()}
    script.define("result", result_of(names), note="step.result")
    script.define("taken", flag(JUMPS), note="step.taken")
    script.define("stays", flag(stays(step)), note="step.stays")
    script.define("next", NEXT_WORD, note="step.next")
    for name, term in zip(NEXT, next_status(step), strict=True):
        script.define(name, flag(term), note="step.status")
    script.define("stores", flag(STORES), note="step.stores")
    script.define("writes", flag(writes(step)), note="step.writes")


def agrees(found: Any) -> Term:
    """Next counter, status and write are those of an effect of the machine (``_advance`` says which write it makes)."""
    place = ("running", *STOPPED).index(found.status)
    parts = [eq("next", of(found.pc)), *(is_value(name, int(i == place)) for i, name in enumerate(NEXT))]
    stores = found.status == "running" and found.store is not None
    registers = found.status == "running" and found.store is None and found.rd is not None
    parts += [is_value("stores", int(stores)), is_value("writes", int(registers))]
    if stores:
        parts.append(eq("add.word", of(found.store)))
    return land(*parts, eq("result", of(found.value) if stores or registers else "0"))


def executions(extension: str, n: tuple[int, int]) -> Iterator[Obligation]:
    """One obligation for every operation and shape of its operands, and one for a processor that has stopped."""
    step = Step(Machine(5, "mdm", extension, n))
    name = extension or "none"
    for operation in operations(extension):
        for shape, ra, x in forms(operation):
            script = Script("QF_UFNIA")  # the remainder is by a symbol, 2^w
            state(script)
            conclusions(step, script, operation, ra, x)
            ways = list(paths(lambda o=operation, ra=ra, x=x: effect(o, ra, x)))  # type: ignore[misc]
            goal = land(*(implies(land(*conditions), agrees(found)) for conditions, found in ways))
            params = {"op": operation.name, "operands": shape, "ext": name}
            yield script.obligation("step.execute", "T1 T4", params, "all n", n, goal, "machine._execute")
    script = Script("QF_LIA")
    for flag_name in (*step.ops, *STATUS, "valid"):
        script.bit(flag_name)
    for word in ("counter", "x", "increment"):
        script.integer(word, 0)
    script.suppose(is_value(STATUS[0], 0), "it has stopped")
    script.suppose(is_value(plus(*STATUS), 1))
    script.suppose(is_value(plus(*step.ops), 0), "only a running processor fetches")
    script.integer("a.ones", 0)
    script.define("taken", flag(JUMPS))
    script.define("stays", flag(stays(step)))
    same = [eq(flag(term), now) for term, now in zip(next_status(step), STATUS, strict=True)]
    goal = land(eq(NEXT_WORD, "counter"), *same, lnot(STORES), lnot(writes(step)))
    yield script.obligation("step.stopped", "T1 T4", {"ext": name}, "all n", n, goal, "nothing changes")


def operators(step: Step) -> Iterator[Obligation]:
    """Every arithmetic definition is its operator, applied to the operands: the very node that the operator builds."""
    m = step.machine
    for name in APPLIED:
        if name in step.of and f"{name}.flag" not in step.of:
            content = f"{name} = {APPLIED[name]} of {'a' if name in ('shl', 'shr') else 'a and x'}"
            settle = partial(_applied, step, name, content)
            params = {**m.params, "of": name}
            yield Obligation("step.operator", m.claim, params, f"n <= {m.n[1]}", m.n, "exact", content, settle)


def _applied(step: Step, name: str, content: str) -> Verdict:
    """Nodes are interned: the operator builds the very node that the definition is, or another."""
    if step.of[name] is applied(step, name):
        return Verdict("proved", "the same node")
    origin = step.of[name].origin
    return Verdict(
        "refuted", "another node", {"expected": content, "got": f"{origin[0] if origin else 'no operator'} of others"}
    )


@lemma
def whole_step(regime: Regime) -> Iterator[Batch]:
    """The stages together are the machine's own step, for every operation and every shape of operands."""
    for extension in EXTENSIONS:
        if regime.given is None or regime.given[0].extension == extension:
            params = {"ext": extension or "none"}
            yield Batch(("step.execute", "step.stopped"), params, lambda e=extension: executions(e, regime.all_n))  # type: ignore[misc]
    for machine in regime.machines():
        yield Batch(("step.operator",), machine.params, lambda m=machine: operators(Step(m)))  # type: ignore[misc]
