"""Family step (claims T1, T4): every stage of the E-FASP step is the PRAM's, for a symbolic instruction and a symbolic state.

A stage is a definition of the step, read from its own nodes down to the definitions below it (``proofs.reading``), one
obligation for each distinct text over its bits. What a lookup gives is the business of the family simulation, what an
arithmetic operator gives that of the family gates. The stages together are ``step.execute`` (``proofs.execute``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from efasp.codebook import Codebook, Field
from efasp.encoding import COUNTERS, LOG_SLOTS, STOPPED
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS
from efasp.pram.isa import operations
from efasp.pram.machine import ALU
from efasp.syntax import Affine, Embedding, Node, PositionEmbedding, Program, TokenEmbedding, walk
from model.compile import STEPS
from proofs.obligation import Assignment, Batch, Machine, Obligation, Regime, lemma
from proofs.reading import Reading, Terms, both, flag, is_value, slot
from proofs.smt import Script, Term, eq, implies, ite, land, le, linear, lnot, lor, parse, plus, shown
from proofs.smt import evaluate as value_of

STATUS = tuple(f"status.{name}" for name in ("running", *STOPPED))
NEXT = tuple(f"next.{name}" for name in ("running", *STOPPED))
CELLS = ("memory", "register", "counter")
Declare = Callable[[Terms], None]
Goal = Callable[[Terms, Term], Term]


def _named(side: str, book: Codebook, place: int) -> tuple[str, int]:
    name, offset = slot(book, place)
    return f"{side}.{name}", offset


def _value(model: Assignment, terms: Terms, leaf: str, place: int) -> Fraction:
    """What a model gives a leaf's coordinate: 0 where the obligation does not speak of it, 1 for the constant."""
    if leaf in ("te.one", "pe.one"):
        return Fraction(1)
    ones = model.get(f"{leaf}.ones")
    if ones is not None:
        return Fraction(int(place < ones))
    return Fraction(model.get(terms.name(leaf, place), 0))


class Step:
    """The step of one machine: its definitions, by name, and how they are read."""

    def __init__(self, machine: Machine, program: Program | None = None) -> None:
        self.machine = machine
        self.program = program or STEPS[machine.engine](machine.word, machine.extension)
        self.of = dict(self.program.definitions)
        if "counter" in self.of:
            self.of["increment"] = OPERATORS["increment"].build(self.of["counter"])
        for name, operator in (("slt", "less"), ("seq", "equal")):
            if name in self.of:  # a flag, of which the definition makes a word
                self.of[f"{name}.flag"] = OPERATORS[operator].build(self.of["a"], self.of["x"])
        names: dict[Node, str] = {}
        for name, node in self.of.items():
            names.setdefault(node, f"{name}.word" if name in ("and", "or", "xor") else name)  # those are SMT-LIB's
        self.names = names
        self.reading = Reading(names)
        self.ops = tuple(f"op.{o.name}" for o in operations(machine.extension))
        self.labels = {"operation": self.ops, "status": STATUS, "next_status": NEXT}
        self.labels |= {
            leaf: tuple(f"{leaf}{i}" for i in range(3)) for leaf in ("rd", "ra", "rb", "te.reg_bits", "pe.register_bits")
        }
        embeddings = [node for node in walk(self.program.output) if isinstance(node, (TokenEmbedding, PositionEmbedding))]
        books = {type(node): node.codebook for node in embeddings}
        self.te, self.pe = books[TokenEmbedding], books[PositionEmbedding]
        self.sink = Embedding(TokenEmbedding(self.te)).flag("bos")
        self.places = tuple(f"pe.{kind.name}" for kind in self.pe.kinds)
        self.tokens = tuple(f"te.{kind.name.replace('op:', 'op.')}" for kind in self.te.kinds)

    def leaf(self, name: str) -> str:
        """The name under which a definition is read (of two names of one node, the first)."""
        return self.names[self.of[name]]

    def field_of(self, node: Node) -> tuple[str, Field] | None:
        """The embedding and the field of signed bits that a node takes whole, if it does."""
        if not (isinstance(node, Affine) and isinstance(node.x, (TokenEmbedding, PositionEmbedding))) or any(node.bias):
            return None
        for field in node.x.codebook.fields:
            slot = node.x.codebook.slots[field.name]
            if field.encode == "signs" and node.rows == tuple(((place, 1),) for place in slot):
                return ("te" if isinstance(node.x, TokenEmbedding) else "pe"), field
        return None

    def bits(self, lemma_name: str, definition: str, declare: Declare, goal: Goal, sort: str = "Real") -> Iterator[Obligation]:
        """One obligation for each distinct text that the definition's bits give."""
        node = self.of[definition]
        scripts: dict[str, tuple[Terms, Term, list[int]]] = {}
        for place in range(node.width):
            script = Script("QF_LRA" if sort == "Real" else "QF_LIA")
            terms = Terms(script, self.reading, self.labels, place, sort)
            declare(terms)
            wanted = goal(terms, script.define("is", terms.of(node, place, top=True), sort, f"what {definition} gives"))
            scripts.setdefault(script.text(wanted), (terms, wanted, []))[2].append(place)
        for terms, wanted, found in scripts.values():
            params = {} if lemma_name == f"step.{definition}" else {"of": definition}
            params |= {"bits": spans(found)} if node.width > 1 else {}
            yield self.obligation(lemma_name, terms.script, wanted, params, partial(self.replay, definition, terms, wanted))

    def whole(self, lemma_name: str, declare: Declare, goal: Callable[[Terms], Term], **params: str) -> Obligation:
        """One obligation about several coordinates."""
        script = Script("QF_LRA")
        terms = Terms(script, self.reading, self.labels)
        declare(terms)
        return self.obligation(lemma_name, script, goal(terms), params)

    def obligation(self, lemma_name: str, script: Script, goal: Term, params: dict[str, str], replay: Any = None) -> Obligation:
        """An obligation about this machine."""
        m = self.machine
        return script.obligation(lemma_name, m.claim, {**m.params, **params}, f"n <= {m.n[1]}", m.n, goal, replay=replay)

    def replay(self, definition: str, terms: Terms, goal: Term, model: Assignment) -> dict[str, Any] | None:
        """A model on the definition itself: its leaves are given what the model says, and it is evaluated exactly."""
        node, place = self.of[definition], terms.at
        values: dict[Node, np.ndarray] = {
            leaf: np.array([[_value(model, terms, name, i) for i in range(leaf.width)]], dtype=object)
            for leaf, name in self.names.items()
            if leaf is not node
        }
        for side, kind, book in (("te", TokenEmbedding, self.te), ("pe", PositionEmbedding, self.pe)):
            code = [_value(model, terms, *_named(side, book, i)) for i in range(book.width)]
            values[kind(book)] = np.array([code], dtype=object)
        (out,) = evaluate(node, values=values)
        names = {**model, "is": out[0, place]}
        if value_of(parse(goal)[0], names):
            return None
        return {"definition": definition, "bit": place, "given": shown(model), "got": str(out[0, place]), "expected": goal}


def spans(places: list[int]) -> str:
    """``[0, 1, 2, 5]`` as ``0..2 5``."""
    out: list[list[int]] = []
    for place in places:
        if out and out[-1][1] == place - 1:
            out[-1][1] = place
        else:
            out.append([place, place])
    return " ".join(f"{a}..{b}" if a != b else str(a) for a, b in out)


# What the leaves may hold. Each line is a conclusion of the stage or lookup that makes the leaf.


def instruction(step: Step, t: Terms) -> None:
    """An operation, or none, and then the processor does not run; a valid address only where memory is touched."""
    t.one_hot(step.ops)
    t.one_hot(STATUS)
    t.bit("valid")
    t.script.suppose(le(plus(*step.ops), STATUS[0]), "only a running processor fetches")
    t.script.suppose(le("valid", plus("op.ld", "op.st")), "only loads and stores look memory up")


def slots(step: Step, t: Terms) -> None:
    """Which of the tokens of a processor's block is due at a position, if any; nothing is due unless it is ready."""
    t.bit("ready")
    t.one_hot([f"{name}_due" for name in LOG_SLOTS])
    t.script.suppose(le(plus(*(f"{name}_due" for name in LOG_SLOTS)), "ready"))


def writing(step: Step, t: Terms) -> None:
    """A step writes memory, or a register, or nothing."""
    t.one_hot(("stores", "writes"))


def either(*cases: tuple[Term, Term], default: Term = "0") -> Term:
    """The value of the first case that holds."""
    out = default
    for condition, value in reversed(cases):
        out = ite(condition, value, out)
    return out


def on(name: str) -> Term:
    """A flag that is 1."""
    return is_value(name, 1)


# What the stages conclude, of names: the same terms are goals here and hypotheses of ``step.execute``.


def results(step: Step) -> dict[str, str]:
    """For every operation with a result the definition that holds it (a store's is what it stores)."""
    table = {name: name for name in ALU if name in step.of}
    return {**table, "mov": "x", "nproc": "x", "ld": "loaded", "pid": "index", "st": "d"}


def result_of(names: dict[str, Term]) -> Term:
    """The result: the operation's own, and 0 where it has none, or where a store does not store."""
    cases = [(on(f"op.{op}"), name if op != "st" else ite(on("valid"), name, "0")) for op, name in names.items()]
    return either(*cases)


FAULT = lnot(on("valid"))
JUMPS = lor(on("op.jmp"), land(on("op.jz"), "(= a.ones 0)"), land(on("op.jnz"), lnot("(= a.ones 0)")))
NEXT_WORD = either((on("stays"), "counter"), (on("taken"), "x"), default="increment")
STORES = both("op.st", "valid")


def found(step: Step) -> Term:
    """Whether there is an instruction."""
    return is_value(plus(*step.ops), 1)


def stays(step: Step) -> Term:
    """When the program counter stays: nothing fetched, halt, or a fault."""
    return lor(lnot(found(step)), on("op.halt"), land(lor(on("op.ld"), on("op.st")), FAULT))


def next_status(step: Step) -> tuple[Term, ...]:
    """When each status is the next one."""
    load, store = land(on("op.ld"), FAULT), land(on("op.st"), FAULT)
    return (
        land(found(step), lnot(on("op.halt")), lnot(load), lnot(store)),
        lor(on(STATUS[1]), on("op.halt")),
        lor(on(STATUS[2]), load),
        lor(on(STATUS[3]), store),
        lor(on(STATUS[4]), land(on(STATUS[0]), lnot(found(step)))),
    )


def writes(step: Step) -> Term:
    """When a register is written."""
    names = [o.name for o in operations(step.machine.extension) if o.writes_register and o.name != "ld"]
    return lor(*(on(f"op.{name}") for name in names), both("op.ld", "valid"))


# The stages of one processor's step, for both engines.


def operands(step: Step) -> Iterator[Obligation]:
    """Instruction fetch's query, the second operand, and the address that is looked up."""

    def counter(t: Terms) -> None:
        t.one_hot(STATUS)
        t.bit("counter")
        t.script.suppose(le("counter", plus(*STATUS)), "no counter reads as 0")

    present = is_value(plus(*STATUS), 1)
    yield from step.bits(
        "step.fetch", "fetch", counter, lambda t, got: eq(got, ite(present, linear([(2, "counter")], -1), "0"))
    )

    def second(t: Terms) -> None:
        t.one_hot(("immediate.there", "register.there", "op.nproc"))
        t.bit("immediate", "b", "processors")
        for name, there in (("immediate", "immediate.there"), ("b", "register.there"), ("processors", "op.nproc")):
            t.script.suppose(le(name, there), "what an instruction does not have reads as 0")

    cases = (on("immediate.there"), "immediate"), (on("register.there"), "b"), (on("op.nproc"), "processors")
    yield from step.bits("step.operand", "x", second, lambda t, got: eq(got, either(*cases)))
    address = step.leaf("address")
    yield from step.bits("step.lookup", "lookup", lambda t: t.bit(address), lambda t, got: eq(got, linear([(2, address)], -1)))

    def wide(t: Terms) -> None:
        t.sign("pe.index_bits")
        t.one_hot(step.places, partial=False)
        there = is_value(plus(*(f"pe.{k.name}" for k in step.pe.kinds if "index" in k.payloads)), 1)
        t.script.suppose(eq(there, lnot(is_value("pe.index_bits", 0))), "the kinds of place that have an index")

    half = "(/ (+ pe.index_bits 1) 2)"
    yield from step.bits("step.index", "index", wide, lambda t, got: eq(got, ite(is_value("pe.index_bits", 0), "0", half)))


def arithmetic(step: Step) -> Iterator[Obligation]:
    """The flags of comparisons as words, and the result: the operation's own, and 0 where it has none."""
    for name in ("slt", "seq"):
        bit0 = f"{name}.flag"

        def goal(t: Terms, got: Term, bit0: str = bit0) -> Term:
            return eq(got, bit0 if t.at == 0 else "0")

        yield from step.bits("step.comparison", name, lambda t, bit0=bit0: t.bit(bit0), goal)  # type: ignore[misc]
    table = {op: step.leaf(name) for op, name in results(step).items()}

    def declare(t: Terms) -> None:
        instruction(step, t)
        for name in dict.fromkeys(table.values()):
            if name not in ("slt", "seq"):
                t.bit(name)
        for name in ("slt", "seq"):
            t.bit(f"{name}.flag") if t.at == 0 else None
        t.script.suppose(le("loaded", "valid"), "what is not found reads as 0")
        for name in ("shlx", "shrx"):
            if name in step.of:
                t.script.suppose(le(name, f"op.{name}"), "a shift that is not enabled gives 0")

    def goal_result(t: Terms, got: Term) -> Term:
        flags = {name: f"{name}.flag" if t.at == 0 else "0" for name in ("slt", "seq")}
        return eq(got, result_of(table | flags))

    reading = Step.__new__(Step)
    reading.__dict__ |= step.__dict__  # the words of comparisons are read through: only their lowest bit is anything
    reading.reading = Reading({node: name for node, name in step.names.items() if name not in ("slt", "seq")})
    yield from reading.bits("step.result", "result", declare, goal_result)


def control(step: Step) -> Iterator[Obligation]:
    """Jumps, the next program counter and status, and what is written."""

    def declare(t: Terms) -> None:
        instruction(step, t)

    yield from step.bits("step.taken", "taken", declare, lambda t, got: eq(got, flag(JUMPS)))
    yield from step.bits("step.stays", "stays", declare, lambda t, got: eq(got, flag(stays(step))))

    def both_flags(t: Terms) -> Term:
        return le(plus(t.of(step.of["taken"], top=True), t.of(step.of["stays"], top=True)), "1")

    yield step.whole("step.exclusive", declare, both_flags)

    def onward(t: Terms) -> None:
        t.one_hot(("taken", "stays"))
        t.bit("counter", "x", "increment")

    yield from step.bits("step.next", "next", onward, lambda t, got: eq(got, NEXT_WORD))
    node = step.of["next_status"]

    def statuses(t: Terms) -> Term:
        return land(*(eq(t.of(node, i, top=True), flag(is_so)) for i, is_so in enumerate(next_status(step))))

    yield step.whole("step.status", declare, statuses)
    yield from step.bits("step.stores", "stores", declare, lambda t, got: eq(got, flag(STORES)))
    yield from step.bits("step.writes", "writes", declare, lambda t, got: eq(got, flag(writes(step))))


# What the positions become: masked diffusion.


def tokens_of(step: Step, t: Terms, kinds: dict[str, Term], word: Term, reg: Callable[[int], Term]) -> Term:
    """The code has these kind flags (all others 0), this word's bit where a kind carries one, this register name."""
    code, book = step.of["code"], step.te
    parts = [eq(t.of(code, i, top=True), flag(kinds[k.name]) if k.name in kinds else "0") for i, k in enumerate(book.kinds)]
    carries = lor(*(kinds[name] for name in COUNTERS if name in kinds))
    first = book.slots["word_bits"].start
    parts.append(eq(t.of(code, first + t.at, top=True), ite(carries, linear([(2, word)], -1), "0")))
    for i, place in enumerate(book.slots["reg_bits"]):
        parts.append(eq(t.of(code, place, top=True), ite(kinds["reg"], reg(i), "0") if "reg" in kinds else "0"))
    return land(*parts)


def masked(step: Step) -> Iterator[Obligation]:
    """The tokens that masked diffusion predicts: the processor's event where the block is due, else the mask."""
    for name in LOG_SLOTS:

        def due(t: Terms, name: str = name) -> None:
            t.bit("ready", f"pe.{name}")

        wanted = flag(both("ready", f"pe.{name}"))
        yield from step.bits("step.due", f"{name}_due", due, lambda t, got, wanted=wanted: eq(got, wanted))  # type: ignore[misc]
    counter, target, value = (on(f"{name}_due") for name in LOG_SLOTS)
    address = step.leaf("address")

    def words(t: Terms) -> None:
        slots(step, t)
        writing(step, t)
        t.bit("next", address, "result")

    cases = (counter, "next"), (land(target, on("stores")), address), (value, "result")
    yield from step.bits("step.word", "word", words, lambda t, got: eq(got, either(*cases)))

    def declare(t: Terms) -> None:
        slots(step, t)
        writing(step, t)
        t.one_hot(NEXT)
        t.script.suppose(implies(counter, is_value(plus(*NEXT), 1)), "every processor has a counter")
        t.bit("word")
        t.sign(*step.labels["rd"])
        carried = lor(counter, land(target, on("stores")), value)
        t.script.suppose(implies(lnot(carried), is_value("word", 0)), "step.word")

    yield from coded(step, declare, lambda t: tokens_of(step, t, log_kinds(), "word", lambda i: step.labels["rd"][i]))


def log_kinds() -> dict[str, Term]:
    """When each kind of token is predicted: the processor's event where it is due, the mask where nothing is."""
    counter, target, value = (on(f"{name}_due") for name in LOG_SLOTS)
    kinds = {name: land(counter, on(NEXT[i])) for i, name in enumerate(COUNTERS)}
    kinds["word"] = lor(kinds["word"], land(target, on("stores")), value)
    kinds |= {"reg": land(target, on("writes")), "mask": lnot(on("ready"))}
    return kinds | {"none": land(target, lnot(on("stores")), lnot(on("writes")))}


def coded(step: Step, declare: Declare, goal: Callable[[Terms], Term]) -> Iterator[Obligation]:
    """Obligations about the code, one for each distinct text over the bits of a word."""
    scripts: dict[str, tuple[Script, Term, list[int]]] = {}
    for place in range(step.machine.word):
        script = Script("QF_LRA")
        terms = Terms(script, step.reading, step.labels, place)
        declare(terms)
        wanted = goal(terms)
        scripts.setdefault(script.text(wanted), (script, wanted, []))[2].append(place)
    for script, wanted, found in scripts.values():
        yield step.obligation("step.code", script, wanted, {"bits": spans(found)})


# What the positions become: any-process generation.


def cells(step: Step) -> Iterator[Obligation]:
    """The token and the control bits of every slot of every cell."""
    register = step.labels["pe.register_bits"]
    rd = step.labels["rd"]

    def names(t: Terms) -> None:
        t.sign(*register, *rd)
        for three in (register, rd):
            t.script.suppose(lor(land(*(is_value(s, 0) for s in three)), land(*(lnot(is_value(s, 0)) for s in three))))

    there = land(lnot(is_value(register[0], 0)))
    same = land(*(eq(a, b) for a, b in zip(rd, register, strict=True)))
    yield from step.bits("step.named", "named", names, lambda t, got: implies(there, eq(got, flag(same))))
    at = {kind: on(f"pe.{kind}") for kind in CELLS}

    def places(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.bit("written", "named", "writes", "te.mask")
        t.one_hot(STATUS)
        t.script.suppose(le("written", "pe.memory"), "only a memory cell looks for a writer")

    control = step.of["control"]

    def bits(t: Terms) -> Term:
        remask, insert, delete = (t.of(control, i, top=True) for i in range(3))
        return land(eq(remask, flag(f"(xor {on('te.mask')} {HIT})")), is_value(insert, 0), is_value(delete, 0))

    yield step.whole("step.control", places, bits)

    def words(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.bit("next", "result", "incoming")
        t.script.suppose(le("incoming", "pe.memory"), "only a memory cell looks for a writer")

    cases = (at["counter"], "next"), (at["register"], "result"), (at["memory"], "incoming")
    yield from step.bits("step.word", "word", words, lambda t, got: eq(got, either(*cases)))

    def declare(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.one_hot(NEXT)
        t.script.suppose(implies(at["counter"], is_value(plus(*NEXT), 1)), "every processor has a counter")
        t.bit("word")
        t.script.suppose(implies(lnot(lor(*at.values())), is_value("word", 0)), "step.word")

    yield from coded(step, declare, lambda t: tokens_of(step, t, cell_kinds(), "word", lambda i: "0"))


# When a cell is written: memory by a processor, a register by its own, a counter while its processor runs.
HIT = lor(on("written"), land(on("pe.register"), both("named", "writes")), land(on("pe.counter"), on(STATUS[0])))


def cell_kinds() -> dict[str, Term]:
    """When each kind of token is predicted at a slot of a cell."""
    kinds = {name: land(on("pe.counter"), on(NEXT[i])) for i, name in enumerate(COUNTERS)}
    kinds["word"] = lor(kinds["word"], on("pe.memory"), on("pe.register"))
    return kinds


STAGES = ("fetch", "operand", "lookup", "index", "comparison", "result", "taken", "stays", "exclusive", "next", "status")
NAMES = {
    "mdm": (*STAGES, "stores", "writes", "due", "word", "code"),
    "apmdm": (*STAGES, "stores", "writes", "named", "control", "word", "code"),
}


def stages(step: Step) -> Iterator[Obligation]:
    """All stages of one machine."""
    yield from operands(step)
    yield from arithmetic(step)
    yield from control(step)
    yield from masked(step) if step.machine.engine == "mdm" else cells(step)


@lemma
def machine_step(regime: Regime) -> Iterator[Batch]:
    """Every stage of the step is the PRAM's, bit by bit, for every instruction and state."""
    for machine in regime.machines():
        names = tuple(f"step.{name}" for name in NAMES[machine.engine])
        yield Batch(names, machine.params, lambda m=machine: stages(Step(m)))  # type: ignore[misc]
