"""The values of the step's definitions at a position, as conclusions: each definition by those below it.

A conclusion takes ``n``, which gives the term of a definition, a flag or a field by its name in the citing script. Most of them
are equations between values chosen by flags, and so hold of every bit and of the whole word alike; ``Level`` says how signed
bits are read at either level. Flags are 0 or 1. ``NEXT`` are the flags of the next status, ``a.ones`` is the number of ones
of a.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from efasp.encoding import COUNTERS, LOG_SLOTS, STOPPED
from efasp.operators import OPERATORS
from efasp.pram.isa import operations
from efasp.pram.machine import ALU
from efasp.proofs.conclusions import concluded
from efasp.proofs.smtlib import Term, eq, implies, ite, land, le, linear, lnot, lor, lt, plus
from efasp.proofs.symbolic.machine import WORD, Symbol, folded
from efasp.proofs.symbolic.nodes import flag, is_value

Namer = Callable[[str], Term]
STATUS = tuple(f"status.{name}" for name in ("running", *STOPPED))
NEXT = tuple(f"next.{name}" for name in ("running", *STOPPED))
CELLS = ("memory", "register", "counter")
# The operator that makes each arithmetic definition of a and x (a shift by one takes a alone).
APPLIED = {
    "add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor", "shl": "shift_left", "shr": "shift_right",
    "slt": "less", "seq": "equal", "mul": "mul", "shlx": "shift_left_by", "shrx": "shift_right_by",
}  # fmt: skip
COMPARISONS = ("slt", "seq")


@dataclass(frozen=True)
class Level:
    """How a word is read off signed bits, and the other way round; ``none``: the value that stands for no word."""

    signed: Callable[[Term], Term]
    unsigned: Callable[[Term], Term]
    none: Term


BITS = Level(lambda bit: linear([(2, bit)], -1), lambda sign: f"(/ (+ {sign} 1) 2)", "0")
WORDS = Level(lambda word: word, lambda word: word, "(- 1)")


def either(*cases: tuple[Term, Term], default: Term = "0") -> Term:
    """The value of the first case that holds."""
    out = default
    for condition, value in reversed(cases):
        out = ite(condition, value, out)
    return out


def on(n: Namer, name: str) -> Term:
    """Whether a flag is 1."""
    return is_value(n(name), 1)


def some(n: Namer, names: Sequence[str]) -> Term:
    """Whether one of some flags of which at most one is 1 is 1."""
    return is_value(plus(*map(n, names)), 1)


def ops_of(extension: str) -> tuple[str, ...]:
    """The flags of the operations."""
    return tuple(f"op.{o.name}" for o in operations(extension))


def computed(extension: str) -> tuple[str, ...]:
    """The operations whose result an operator makes of a and x."""
    return tuple(o.name for o in operations(extension) if o.name in ALU and o.name != "mov")


def results(extension: str) -> dict[str, str]:
    """For every operation with a result the definition that holds it (of a store that of the stored word)."""
    table = {name: f"{name}.word" for name in computed(extension)}
    return {**table, "mov": "x", "nproc": "x", "ld": "loaded", "pid": "index", "st": "d"}


# Operands.


@concluded("step.fetch")
def FETCH(n: Namer, level: Level) -> Term:
    """The query of instruction fetch."""
    return eq(n("fetch"), ite(some(n, STATUS), level.signed(n("counter")), level.none))


@concluded("step.operand")
def OPERAND(n: Namer) -> Term:
    """The second operand, of a bit or a word."""
    return eq(n("x"), plus(n("immediate"), n("b"), n("processors")))


@concluded("step.address")
def ADDRESS(n: Namer) -> Term:
    """The address, of words."""
    return eq(n("address"), applied("add", n))


@concluded("step.lookup")
def LOOKUP(n: Namer, level: Level) -> Term:
    """The query of a memory lookup."""
    return eq(n("lookup"), level.signed(n("address")))


@concluded("step.index")
def INDEX(n: Namer, level: Level, kinds: Sequence[str]) -> Term:
    """The index of a place as 0/1 bits; ``kinds``: those of the places that have one."""
    return eq(n("index"), ite(some(n, kinds), level.unsigned(n("pe.index_bits")), "0"))


@concluded("step.token_word")
def TOKEN_WORD(n: Namer, level: Level) -> Term:
    """The word of a token."""
    return eq(n("token_word"), ite(some(n, [f"te.{name}" for name in COUNTERS]), level.unsigned(n("te.word_bits")), "0"))


# Arithmetic.


def applied(operator: str, n: Namer) -> Term:
    """The specification of an operator on the operands."""
    arguments = (Symbol(n("a")), Symbol(n("x")))[: 1 if operator.startswith("shift") and not operator.endswith("by") else 2]
    return folded(lambda: OPERATORS[operator].spec(Symbol(WORD), *arguments))


@concluded("step.operator")
def OPERATOR(n: Namer, name: str) -> Term:
    """The value of an arithmetic definition, as a word; of a comparison its flag."""
    return eq(n(f"{name}.flag" if name in COMPARISONS else f"{name}.word"), applied(APPLIED[name], n))


@concluded("step.operator", "increment")
def INCREMENT(n: Namer) -> Term:
    """The next instruction's number."""
    return eq(n("increment"), folded(lambda: OPERATORS["increment"].spec(Symbol(WORD), Symbol(n("counter")))))


@concluded("step.comparison")
def COMPARISON(n: Namer, name: str, lowest: bool = True) -> Term:
    """The flag of a comparison as a word: its lowest bit, all others 0."""
    return eq(n(f"{name}.word"), n(f"{name}.flag") if lowest else "0")


@concluded("step.operator", "enabled")
def ENABLED(n: Namer, name: str) -> Term:
    """A shift by a word gives 0 where it is not enabled."""
    return implies(is_value(n(f"op.{name}"), 0), is_value(n(f"{name}.word"), 0))


@concluded("step.result")
def RESULT(n: Namer, extension: str) -> Term:
    """The result: the operation's own, and 0 where it has none, or where a store does not store."""
    names = results(extension)
    cases = [(on(n, f"op.{op}"), n(name) if op != "st" else ite(on(n, "valid"), n(name), "0")) for op, name in names.items()]
    return eq(n("result"), either(*cases))


# Control.


def fetched(n: Namer, extension: str) -> Term:
    """Whether there is an instruction."""
    return some(n, ops_of(extension))


def fault(n: Namer, name: str) -> Term:
    """A load or store outside memory."""
    return land(on(n, f"op.{name}"), lnot(on(n, "valid")))


@concluded("step.taken")
def TAKEN(n: Namer) -> Term:
    """When a jump is taken."""
    zero = is_value(n("a.ones"), 0)
    jumps = lor(on(n, "op.jmp"), land(on(n, "op.jz"), zero), land(on(n, "op.jnz"), lnot(zero)))
    return eq(n("taken"), flag(jumps))


@concluded("step.stays")
def STAYS(n: Namer, extension: str) -> Term:
    """When the program counter stays: no instruction fetched, halt, or a fault."""
    cases = lnot(fetched(n, extension)), on(n, "op.halt"), fault(n, "ld"), fault(n, "st")
    return eq(n("stays"), flag(lor(*cases)))


@concluded("step.exclusive", "jump or stay")
def JUMP_OR_STAY(n: Namer) -> Term:
    """No step both jumps and stays."""
    return le(plus(n("taken"), n("stays")), "1")


@concluded("step.exclusive", "one write")
def ONE_WRITE(n: Namer) -> Term:
    """No step writes both memory and a register."""
    return le(plus(n("stores"), n("writes")), "1")


@concluded("step.next")
def NEXT_WORD(n: Namer) -> Term:
    """The next program counter."""
    cases = (on(n, "stays"), n("counter")), (on(n, "taken"), n("x"))
    return eq(n("next"), either(*cases, default=n("increment")))


@concluded("step.status")
def NEXT_STATUS(n: Namer, extension: str) -> Term:
    """The next status, flag by flag."""
    conditions = (
        land(fetched(n, extension), lnot(on(n, "op.halt")), lnot(fault(n, "ld")), lnot(fault(n, "st"))),
        lor(on(n, STATUS[1]), on(n, "op.halt")),
        lor(on(n, STATUS[2]), fault(n, "ld")),
        lor(on(n, STATUS[3]), fault(n, "st")),
        lor(on(n, STATUS[4]), land(on(n, STATUS[0]), lnot(fetched(n, extension)))),
    )
    return land(*(eq(n(name), flag(condition)) for name, condition in zip(NEXT, conditions, strict=True)))


@concluded("step.stores")
def STORES(n: Namer) -> Term:
    """When memory is written."""
    return eq(n("stores"), flag(land(on(n, "op.st"), on(n, "valid"))))


@concluded("step.writes")
def WRITES(n: Namer, extension: str) -> Term:
    """When a register is written."""
    names = [o.name for o in operations(extension) if o.writes_register and o.name != "ld"]
    return eq(n("writes"), flag(lor(*(on(n, f"op.{name}") for name in names), land(on(n, "op.ld"), on(n, "valid")))))


@concluded("step.sink", "address")
def SINK_ADDRESS(n: Namer) -> Term:
    """The address is 0 at the sink."""
    return implies(on(n, "te.bos"), is_value(n("address"), 0))


# The log's keys and values.


@concluded("step.urgency")
def URGENCY(n: Namer, indexed: Term) -> Term:
    """The urgency of a processor's write, of words (``words``: 2^w); ``indexed``: whether the place has an index."""
    return eq(n("urgency"), ite(indexed, f"(- (- words 1) {n('pe.index_bits')})", "0"))


@concluded("step.is_target")
def IS_TARGET(n: Namer) -> Term:
    """Whether a position holds a store."""
    return eq(n("is_target"), flag(land(on(n, "pe.target"), on(n, "te.word"))))


@concluded("step.content")
def CONTENT(n: Namer) -> Term:
    """The word that a position offers: its own at a place of the initial memory, else that of the paired value position."""
    return eq(n("content"), ite(on(n, "pe.memory"), n("token_word"), n("paired")))


@concluded("step.holds")
def HOLDS(n: Namer, level: Level) -> Term:
    """The address whose word a position offers; none elsewhere."""
    cases = (on(n, "pe.memory"), level.signed(n("index"))), (on(n, "is_target"), level.signed(n("token_word")))
    return eq(n("holds"), either(*cases, default=level.none))


@concluded("step.beaten")
def BEATEN(n: Namer) -> Term:
    """A store is beaten where a more urgent one was found."""
    return eq(n("beaten"), flag(lt(n("urgency"), n("max_urgency"))))


@concluded("step.target")
def TARGET(n: Namer, level: Level) -> Term:
    """In place: the key of a writer."""
    return eq(n("target"), ite(on(n, "te.bos"), level.none, level.signed(n("address"))))


# The predictions.


def due(slot: str) -> str:
    """The flag that a slot of a processor's block is due."""
    return f"{slot}_due"


@concluded("step.due")
def DUE(n: Namer, slot: str) -> Term:
    """Which token of a block is due: that of the place's slot, where the position is ready."""
    return eq(n(due(slot)), flag(land(on(n, "ready"), on(n, f"pe.{slot}"))))


@concluded("step.word")
def LOG_WORD(n: Namer) -> Term:
    """The word of the token that masked diffusion predicts."""
    counter, target, value = (on(n, due(slot)) for slot in LOG_SLOTS)
    return eq(n("word"), either((counter, n("next")), (land(target, on(n, "stores")), n("address")), (value, n("result"))))


@concluded("step.word")
def CELL_WORD(n: Namer) -> Term:
    """The word of the token of a cell."""
    counter, register, memory = (on(n, f"pe.{kind}") for kind in ("counter", "register", "memory"))
    return eq(n("word"), either((counter, n("next")), (register, n("result")), (memory, n("incoming"))))


def log_kinds(n: Namer) -> dict[str, Term]:
    """When each kind of token is predicted (the processor's event where it is due, the mask where nothing is), or a counter."""
    counter, target, value = (on(n, due(slot)) for slot in LOG_SLOTS)
    kinds = {"counter": counter} | {name: land(counter, on(n, NEXT[i])) for i, name in enumerate(COUNTERS)}
    kinds["word"] = lor(kinds["word"], land(target, on(n, "stores")), value)
    kinds |= {"reg": land(target, on(n, "writes")), "mask": lnot(on(n, "ready"))}
    return kinds | {"none": land(target, lnot(on(n, "stores")), lnot(on(n, "writes")))}


def cell_kinds(n: Namer) -> dict[str, Term]:
    """When each kind of token is predicted at a slot of a cell, or a counter."""
    counter = on(n, "pe.counter")
    kinds = {"counter": counter} | {name: land(counter, on(n, NEXT[i])) for i, name in enumerate(COUNTERS)}
    kinds["word"] = lor(kinds["word"], on(n, "pe.memory"), on(n, "pe.register"))
    return kinds


@concluded("step.named")
def NAMED(n: Namer, pairs: Sequence[tuple[str, str]]) -> Term:
    """In place, of registers: whether a step writes the register of this cell; ``pairs``: of names, or of their signs."""
    return implies(on(n, "pe.register"), eq(n("named"), flag(land(*(eq(n(rd), n(name)) for rd, name in pairs)))))


def hit(n: Namer) -> Term:
    """When a cell is written: memory by a processor, a register by its own, a counter while its processor runs."""
    register = land(on(n, "pe.register"), on(n, "named"), on(n, "writes"))
    return lor(on(n, "written"), register, land(on(n, "pe.counter"), on(n, STATUS[0])))


@concluded("step.control")
def CONTROL(n: Namer) -> Term:
    """The control bits: remask is masked xor written; nothing is inserted or deleted."""
    remask = eq(n("remask"), flag(f"(xor {on(n, 'te.mask')} {hit(n)})"))
    return land(remask, is_value(n("insert"), 0), is_value(n("delete"), 0))


@concluded("step.code")
def CODE(n: Namer, kinds: Mapping[str, Term], every: Sequence[str], level: Level, registers: Sequence[tuple[str, str]]) -> Term:
    """The read-out's code is that of one token, if a counter that is due has one next status.

    ``kinds``: when the token is of a kind (``every``: all kinds of the vocabulary); ``registers``: pairs of names, or of signs,
    as they are read out and as they should be.
    """
    due_has_status = implies(kinds["counter"], some(n, NEXT))
    parts = [eq(n(f"out.{name}"), flag(kinds[name]) if name in kinds else "0") for name in every]
    carries = lor(*(kinds[name] for name in COUNTERS))
    parts.append(eq(n("out.word_bits"), ite(carries, level.signed(n("word")), level.none)))
    named = kinds.get("reg")
    parts += [eq(n(out), level.none if named is None else ite(named, n(wanted), level.none)) for out, wanted in registers]
    return implies(due_has_status, land(*parts))
