"""Family step (claims T1, T4): every stage of the E-FASP step is the PRAM's, for a symbolic instruction and a symbolic state.

A stage is a definition of the step, read from its own nodes down to the definitions below it (``proofs.symbolic.nodes``), one
obligation for each distinct text over its bits; its conclusions are in ``proofs.symbolic.machine_step``, and so are its
assumptions about the definitions below. The results of lookups are shown by the family simulation, those of arithmetic
operators by the family gates. The read-out is taken apart as decoding does it (``model.sampler.split``). The stages together
are ``machine._execute`` (``proofs.lemmas.step_execute``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from efasp.encoding import LOG_SLOTS
from efasp.model.sampler import split
from efasp.process import DELETE, INSERT, REMASK
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.obligation import Batch, Obligation, Regime, lemma
from efasp.proofs.smtlib import Script, Term, eq, land, le, lnot, lor, num, plain
from efasp.proofs.symbolic.lookup_relations import (  # fmt: skip
    COUNTED,
    LOADED,
    NO_COUNTER,
    ONE_OPERAND,
    ONLY_RUNNING,
    TOUCHES,
    WRITTEN,
)
from efasp.proofs.symbolic.machine_step import (
    BITS,
    CELL_WORD,
    CODE,
    COMPARISON,
    COMPARISONS,
    CONTROL,
    DUE,
    ENABLED,
    FETCH,
    INDEX,
    JUMP_OR_STAY,
    LOG_WORD,
    LOOKUP,
    NAMED,
    NEXT,
    NEXT_STATUS,
    NEXT_WORD,
    ONE_WRITE,
    OPERAND,
    RESULT,
    STATUS,
    STAYS,
    STORES,
    TAKEN,
    WRITES,
    cell_kinds,
    computed,
    due,
    log_kinds,
    results,
)
from efasp.proofs.symbolic.nodes import Terms, is_value
from efasp.proofs.symbolic.step_definitions import Declare, Step, spans

# Assumptions about the definitions below.


def instruction(step: Step, t: Terms) -> None:
    """An operation, or none, and then the processor does not run; a valid address only where memory is touched."""
    t.one_hot(step.ops)
    t.one_hot(STATUS)
    t.bit("valid")
    t.script.assume(ONLY_RUNNING, step.leaf, step.machine.extension)
    t.script.assume(TOUCHES, step.leaf)


def slots(step: Step, t: Terms) -> None:
    """Which of the tokens of a processor's block is due at a position."""
    t.bit("ready")
    t.one_hot(step.places, partial=False)
    for name in LOG_SLOTS:
        t.bit(due(name))
        t.script.assume(DUE, step.leaf, name)


def writing(step: Step, t: Terms) -> None:
    """A step writes memory, or a register, or nothing."""
    t.bit("stores", "writes")
    t.script.assume(ONE_WRITE, step.leaf)


# The stages of one processor's step, for both engines.


def operands(step: Step) -> Iterator[Obligation]:
    """Instruction fetch's query, the second operand, the address that is looked up, and the processor's id."""

    def counter(t: Terms) -> None:
        t.one_hot(STATUS)
        t.bit("counter")
        t.script.assume(COUNTED, step.leaf)

    yield from step.bits(FETCH, "fetch", counter, lambda place: (BITS,))

    def second(t: Terms) -> None:
        t.bit("immediate", "b", "processors")
        t.script.assume(ONE_OPERAND, step.leaf)

    yield from step.bits(OPERAND, "x", second)
    yield from step.bits(LOOKUP, "lookup", lambda t: t.bit(step.leaf("address")), lambda place: (BITS,))
    kinds = [f"pe.{kind.name}" for kind in step.pe.kinds if "index" in kind.payloads]

    def wide(t: Terms) -> None:
        t.sign("pe.index_bits")
        t.one_hot(step.places, partial=False)
        t.known(eq(lor(*(is_value(kind, 1) for kind in kinds)), lnot(is_value("pe.index_bits", 0))), "pe.index_bits")

    yield from step.bits(INDEX, "index", wide, lambda place: (BITS, kinds))


def arithmetic(step: Step) -> Iterator[Obligation]:
    """The flags of comparisons as words, and the result: that of the operation, and 0 if it has none."""
    for name in COMPARISONS:
        flag_of = f"{name}.flag"
        yield from step.bits(COMPARISON, name, lambda t, f=flag_of: t.bit(f), lambda place, name=name: (name, place == 0))  # type: ignore[misc]

    def declare(t: Terms) -> None:
        instruction(step, t)
        t.bit(*dict.fromkeys(step.leaf(name) for name in results(step.machine.extension).values()))
        t.script.assume(LOADED, step.leaf)
        for name in ("shlx", "shrx"):
            if name in computed(step.machine.extension):
                t.script.assume(ENABLED, step.leaf, name)

    yield from step.bits(RESULT, "result", declare, lambda place: (step.machine.extension,))


def control(step: Step) -> Iterator[Obligation]:
    """Jumps, the next program counter and status, and writes."""
    extension = step.machine.extension

    def declare(t: Terms) -> None:
        instruction(step, t)

    def everything(place: int) -> tuple[str, ...]:
        return (extension,)

    yield from step.bits(TAKEN, "taken", declare)
    yield from step.bits(STAYS, "stays", declare, everything)
    both = {name: (step.definition(name), 0) for name in ("taken", "stays")}
    yield step.whole(JUMP_OR_STAY, declare, both, of="taken stays")

    def onward(t: Terms) -> None:
        t.bit("taken", "stays", "counter", "x", "increment")
        t.script.assume(JUMP_OR_STAY, step.leaf)

    yield from step.bits(NEXT_WORD, "next", onward)
    statuses = {name: (step.definition("next_status"), place) for place, name in enumerate(NEXT)}
    yield step.whole(NEXT_STATUS, declare, statuses, extension, of_definition="next_status")
    yield from step.bits(STORES, "stores", declare)
    yield from step.bits(WRITES, "writes", declare, everything)
    written = {name: (step.definition(name), 0) for name in ("stores", "writes")}
    yield step.whole(ONE_WRITE, declare, written, of="stores writes")


# The predictions. The read-out is read through the layout that decoding uses.


def read_out(step: Step) -> tuple[dict[str, int], list[int]]:
    """Where the read-out has the coordinates of the code, by name, and the three control bits."""
    code, bits = (part.tolist() for part in split(step.te.width, np.arange(step.program.output.width)))
    places = {f"out.{plain(name)}": code[step.te.slots[name].start] for name in (*step.te.kind_index, "one")}
    for name in ("word_bits", "reg_bits"):
        places |= {f"{name} {i}": code[at] for i, at in enumerate(step.te.slots[name])}
    return places, bits


def coded(step: Step, declare: Declare, kinds: dict[str, Term], register: Callable[[int], str]) -> Iterator[Obligation]:
    """Obligations about the code that is read out, one for each distinct text over the bits of a word."""
    output, (places, _) = step.program.output, read_out(step)
    every = [plain(kind.name) for kind in step.te.kinds]
    registers = [(f"out.reg{i}", register(i)) for i in range(3)]
    scripts: dict[str, tuple[Script, Term, list[int]]] = {}
    for place in range(step.machine.word):
        script = Script("QF_LRA")
        terms = step.terms(script, place, out=True)
        declare(terms)
        named = {f"out.{name}": places[f"out.{name}"] for name in (*every, "one")}
        named |= {"out.word_bits": places[f"word_bits {place}"]} | {f"out.reg{i}": places[f"reg_bits {i}"] for i in range(3)}
        for name, at in named.items():
            script.define(name, terms.of(output, at, top=True), "Real")
        ends = {name: output.sort.bounds[at] for name, at in named.items()}
        bounds = (land(le(num(low), name), le(name, num(high))) for name, (low, high) in ends.items())
        goal = land(script.conclude(CODE, step.leaf, kinds, every, BITS, registers), *bounds)
        script.concludes |= {"step.sorts: code": None, "definition: code": None, "definition: output": None}
        scripts.setdefault(script.text(goal), (script, goal, []))[2].append(place)
    for script, goal, found in scripts.values():
        yield step.obligation("step.code", script, goal, {"bits": spans(found)})


def masked(step: Step) -> Iterator[Obligation]:
    """The tokens that masked diffusion predicts: the processor's event where the block is due, else the mask."""
    for name in LOG_SLOTS:

        def waiting(t: Terms, name: str = name) -> None:
            t.bit("ready", f"pe.{name}")

        yield from step.bits(DUE, due(name), waiting, lambda place, name=name: (name,))  # type: ignore[misc]

    def words(t: Terms) -> None:
        slots(step, t)
        writing(step, t)
        t.bit("next", step.leaf("address"), "result")

    yield from step.bits(LOG_WORD, "word", words)

    def declare(t: Terms) -> None:
        words(t)
        predicted(step, t, LOG_WORD)
        t.sign(*step.labels["rd"])

    yield from coded(step, declare, log_kinds(step.leaf), lambda i: step.labels["rd"][i])


def predicted(step: Step, t: Terms, word: Conclusion) -> None:
    """The assumptions where a token is predicted: its word, and the next status of a counter."""
    t.one_hot(NEXT)
    t.bit("word")
    t.script.assume(word, step.leaf)
    t.script.assume(NO_COUNTER, step.leaf)


def cells(step: Step) -> Iterator[Obligation]:
    """The token and the control bits of every slot of every cell."""
    register, rd = step.labels["pe.register_bits"], step.labels["rd"]

    def names(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.sign(*register, *rd)
        for three in (register, rd):
            t.known(lor(land(*(is_value(s, 0) for s in three)), land(*(lnot(is_value(s, 0)) for s in three))), three[0])
        t.known(eq(is_value("pe.register", 1), lnot(is_value(register[0], 0))), register[0])

    yield from step.bits(NAMED, "named", names, lambda place: (list(zip(rd, register, strict=True)),))

    def places(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.bit("written", "incoming", "named", "writes", "te.mask")
        t.one_hot(STATUS)
        t.script.assume(WRITTEN, step.leaf)

    output, (_, bits) = step.program.output, read_out(step)
    three = {name: (output, bits[at]) for name, at in (("remask", REMASK), ("insert", INSERT), ("delete", DELETE))}
    yield step.whole(CONTROL, places, three, out=True, of_definition="control")

    def words(t: Terms) -> None:
        t.one_hot(step.places, partial=False)
        t.bit("written", "next", "result", "incoming")
        t.script.assume(WRITTEN, step.leaf)

    yield from step.bits(CELL_WORD, "word", words)

    def declare(t: Terms) -> None:
        words(t)
        predicted(step, t, CELL_WORD)

    yield from coded(step, declare, cell_kinds(step.leaf), lambda i: "")


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
