"""Family simulation, processors: the effect of one processor on a configuration in a step, with symbolic P and operands.

The functions ``machine._advance``, ``machine.faults_between`` and ``LogLayout.apply`` are run with a symbol for P. Their loops
over the processors declare their range and order (``efasp.loops``). The body is run for one processor, on an arbitrary state
that the preceding turns may leave. By the lemma simulation.priority the lowest processor is the last to write an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

from efasp.encoding import Event, Write
from efasp.pram import machine as pram
from efasp.pram.isa import Operation, Reg, operations
from efasp.pram.machine import Fault
from efasp.proofs.lemmas.encoding_placed_layouts import PlacedLog, attempt
from efasp.proofs.lemmas.encoding_places import ways
from efasp.proofs.lemmas.simulation_processor_cases import (
    COUNTS,
    FAULTS,
    SIZES,
    STATUSES,
    advance_failures,
    apply_failures,
    fault_failures,
    loop_failures,
    replayed,
)  # fmt: skip
from efasp.proofs.obligation import Obligation, exhaustive
from efasp.proofs.smtlib import FALSE, Script, Term, eq, ite, land, le, lnot, lt, num
from efasp.proofs.symbolic import machine_effects
from efasp.proofs.symbolic.ends import index_ends, register_ends, size_ends, word_ends
from efasp.proofs.symbolic.machine import SIZE, UNINTERPRETED, At, Elsewhere, Number, Symbol, Words, of, same, word
from efasp.proofs.symbolic.machine_effects import APPLIES, TURN

P, PID = Number("P"), Number("p")  # the number of processors, and the one whose turn is run
LOOPS = "simulation.loops"  # a loop has one turn for each element, in the declared order


class One(At):
    """A sequence of a given length of which one element is given."""

    def __init__(self, length: Any, index: Any, element: Any) -> None:
        super().__init__(index, element)
        self.length = length

    def __iter__(self) -> Iterator[Any]:
        return iter([self.element])


class Processors(Number):
    """P processors, of which one is run: ``turns`` lists the loops that were run; ``others`` models the preceding turns."""

    def __init__(self, others: Callable[[], None] = lambda: None) -> None:
        super().__init__(P.term)
        self.others, self.turns = others, list[str]()

    def _make(self, operator: str, other: Any, swap: bool = False) -> Symbol:
        return P._make(operator, other, swap)

    def table(self, entry: Callable[[Any], Any]) -> Any:
        """The table of P entries, of which only that of the one processor is computed."""
        return One(P, PID, entry(PID))

    def downwards(self, turn: Callable[[Any], None]) -> None:
        """Run the turn of the one processor, after those of the higher processors."""
        self.turns.append("downwards")
        self.others()
        turn(PID)


class Store:
    """Words with a list of writes, in order; a read returns the current word."""

    def __init__(self, name: str) -> None:
        self.before, self.writes = Words(name), list[tuple[Any, Any]]()

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(self.at(of(index)))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.writes.append((index, value))

    def at(self, address: Term) -> Term:
        """The word at an address after all writes; the last write to it counts."""
        out = f"({self.before.name} {address})"
        for index, value in self.writes:
            out = ite(eq(address, of(index)), of(value), out)
        return out


class Status(At):
    """The status of one processor, which can be assigned."""

    def __setitem__(self, index: Any, status: Any) -> None:
        self[index]
        self.element = status


class State:
    """A symbolic configuration, before and after a turn."""

    def __init__(self, status: str) -> None:
        self.memory, self.bank, self.pc = Store("memory"), Store("bank"), Store("counters")
        self.registers, self.status, self.was = At(PID, self.bank), Status(PID, status), status

    def working(self) -> State:
        """This state: symbolic states are not copied."""
        return self

    def freeze(self) -> State:
        """This state: symbolic states are not copied."""
        return self

    def before(self) -> machine_effects.State:
        """The configuration before the turn, as functions."""
        return self._state("(counters {})".format, self.was, "(bank {})".format, "(now {})".format)

    def after(self) -> machine_effects.State:
        """The configuration after the turn, as functions."""
        return self._state(self.pc.at, self.status.element, self.bank.at, self.memory.at)

    @staticmethod
    def _state(pc: Any, status: str, bank: Any, memory: Any) -> machine_effects.State:
        mine = partial(eq, "p")
        statuses = lambda q: ite(mine(q), number(status), f"(statuses {q})")  # noqa: E731
        return machine_effects.State(pc, statuses, lambda q, r: ite(mine(q), bank(r), f"(banks {q} {r})"), memory)

    def others(self) -> None:
        """The turns of other processors: they may change the memory, but not the registers, counter or status of this one."""
        self.memory.before = Words("now")


def script_of() -> Script:
    """A script that declares the symbols of a machine and of the turn of a processor."""
    script = Script("QF_UFNIA")
    script.cites[LOOPS] = None  # only the turn of one arbitrary processor is run
    word(script)
    for name in UNINTERPRETED:
        script.function(name, ["Int", "Int"], "Int", "the same function on both sides")
    for name, note in (
        ("memory", "shared memory before the step"),
        ("now", "shared memory after the turns of the processors above"),
        ("bank", "registers of the processor before the step"),
        ("counters", "program counters before the step"),
    ):
        script.function(name, ["Int"], "Int", note)
    script.function("statuses", ["Int"], "Int", "of other processors, which a turn cannot reach")
    script.function("banks", ["Int", "Int"], "Int", "their registers, which a turn cannot reach")
    for name, note in (("P", "processors"), ("M", "words of memory"), ("L", "instructions")):
        script.integer(name, 1, note=note)
        script.definition(le(name, SIZE))
    limits = {"p": "P", "q": "P", "a": "M", "target": "M", "x": SIZE, "pc": SIZE, "r": "8", "rd": "8", "ra": "8", "rb": "8"}
    for name, limit in limits.items():
        script.integer(name, 0)
        script.definition(lt(name, limit))
    script.integer("step", 1)
    size_ends(script, ("P", "M", "L"), SIZE)
    for name, limit in (("p", "P"), ("q", "P"), ("a", "M"), ("target", "M")):
        index_ends(script, name, limit, size=SIZE)
    register_ends(script, "r", "rd", "ra", "rb")
    word_ends(script, "x", "pc", size=SIZE)
    for end in (1, 1 << 20):
        script.admits(eq("step", num(end)))
    return script


def number(status: str) -> Term:
    """The number of a status."""
    return num(STATUSES.index(status))


def left(
    conclude: Callable[..., Term],
    state: State,
    processors: Processors,
    store: Any,
    register: Any,
    value: Any,
    pc: Any,
    status: str,
) -> Term:
    """A turn writes ``value`` to memory at ``store`` or to ``register``, a counter and a status, and nothing else."""
    if processors.turns != ["downwards"]:
        return FALSE
    nothing: tuple[Term, Term] = ("false", "0")
    stores, writes = (nothing if x is None else ("true", of(x)) for x in (store, register))
    effect = machine_effects.Effect(of(pc), number(status), *stores, *writes, "0" if value is None else of(value))
    return conclude(state.before(), state.after(), "p", effect, ("q", "r", "a"), "P", "M")


# The log.


def applied(conclude: Callable[..., Term], event: Event) -> Term:
    """``LogLayout.apply`` applies an event of the log to the configuration."""

    def run() -> Any:
        before = State("running")
        processors = Processors(before.others)
        layout = PlacedLog(word_of(), "M", processors, Number("M"), Number("L"))
        return layout.apply(before, At(PID, event)), processors  # type: ignore[arg-type]

    def right(result: Any) -> Term:
        if result is None:
            return FALSE
        write = event.write
        value, space = (None, "") if write is None else (write.value, write.space)
        store, register = (write.target if write and space == kind else None for kind in ("memory", "register"))
        state, processors = result
        return left(conclude, state, processors, store, register, value, event.pc, event.status)

    return ways(lambda: attempt(run), right)


def word_of() -> Any:
    """The symbolic width of a word."""
    return Number("w")


def events() -> list[Event]:
    """The symbolic events: every status with every kind of write."""
    writes: Any = (None, Write("register", Symbol("rd"), Symbol("x")), Write("memory", Symbol("target"), Symbol("x")))  # type: ignore[arg-type]
    return [Event(Symbol("pc"), status, write) for status, write in product(STATUSES, writes)]  # type: ignore[arg-type]


# The machine.


def kinds() -> dict[str, list[Any]]:
    """The symbolic instructions of every operation, in a few groups."""
    out: dict[str, list[Any]] = {}
    for operation in operations("M"):
        what = operation.name if operation.touches_memory else "computing" if operation.writes_register else "control"
        out.setdefault(what, []).extend(forms(operation))
    return out


def forms(operation: Operation) -> Iterator[Any]:
    """The symbolic instructions of an operation: one for each shape of operands."""
    shape = operation.shape
    firsts = ([Symbol("ra")] if "a" in shape or "m" in shape else []) + ([None] if "a" not in shape else [])
    seconds: list[Any] = [Symbol("x")] if set("xmt") & set(shape) else [None]
    if "x" in shape:
        seconds.append(Reg(Symbol("rb")))  # type: ignore[arg-type]
    for ra, x in product(firsts, seconds):
        yield SimpleNamespace(op=operation.name, rd=Symbol("rd") if set("ds") & set(shape) else None, ra=ra, x=x)


def advanced(conclude: Callable[..., Term], status: str, instruction: Any) -> Term:
    """``_advance`` applies the effect that ``_execute`` computes from the state before the step, and lists who stops."""

    def run() -> Any:
        state, wanted = State(status), State(status)
        processors = Processors(state.others)
        program: Any = SimpleNamespace(
            word=word_of(), length=Number("L"), memory=Number("M"), processors=processors, instructions=Table(instruction)
        )
        stopped = pram._advance(program, state)  # type: ignore[arg-type]
        effect = pram._execute(program, wanted, PID) if status == "running" else None  # type: ignore[arg-type]
        return state, processors, stopped, effect

    def right(result: Any) -> Term:
        if result is None:
            return FALSE
        state, processors, stopped, effect = result
        if effect is None:
            unchanged = left(conclude, state, processors, None, None, None, Number("(counters p)"), status)
            return unchanged if not stopped else FALSE
        stops = effect.status != "running"
        if [of(pid) for pid in stopped] != ["p"] * stops:
            return FALSE
        store, register = (None, None) if stops else (effect.store, effect.rd)
        return left(conclude, state, processors, store, register, effect.value, effect.pc, effect.status)

    return ways(lambda: attempt(run), right)


class Table:
    """A program of which only the instruction at the counter of the processor is given. Raises Elsewhere for another index."""

    def __init__(self, instruction: Any) -> None:
        self.instruction = instruction

    def __getitem__(self, index: Any) -> Any:
        if of(index) == "(counters p)":
            return self.instruction
        raise Elsewhere(f"instruction {index}")


def faulted(was: str, now: str) -> Term:
    """``faults_between`` reports exactly a processor that stopped with a fault, with its counter and the step."""

    def run() -> Any:
        before, after = State(was), State(now)
        before.processors = Processors()  # type: ignore[attr-defined]
        return pram.faults_between(before, after, Number("step"))  # type: ignore[arg-type]

    counter: Any = Number("(counters p)")
    wanted = (Fault(PID, Number("step"), counter, now),) if was != now and now in FAULTS else ()  # type: ignore[arg-type]
    return ways(lambda: attempt(run), lambda result: FALSE if result is None else same(tuple(result), wanted))


def turns(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations on the effect of each processor on a configuration, in the machine and in the log, for every P."""
    some = SimpleNamespace(op="mov", rd=Symbol("rd"), ra=None, x=Symbol("x"))
    replay = partial(replayed, advance_failures)
    cases = {what: [("running", instruction) for instruction in shapes] for what, shapes in kinds().items()}
    for what, every in (cases | {"stopped": [(status, some) for status in STATUSES[1:]]}).items():
        script = script_of()
        goal = land(*dict.fromkeys(advanced(partial(script.conclude, TURN), *case) for case in every))
        never = [way for way in (le("M", f"(mod 0 {SIZE})"), lnot(lt("0", "w"))) if way in goal]  # where an operand is 0
        yield script.obligation("simulation.advance", "T1 T4", {"of": what}, "all n", n, goal, "every P, M, L", replay, never)
    script = script_of()
    goal, replay = (
        land(*(applied(partial(script.conclude, APPLIES), event) for event in events())),
        partial(replayed, apply_failures),
    )
    yield script.obligation("simulation.apply", "T1", {}, "all n", n, goal, "every P, M", replay)
    goal = land(*(faulted(was, now) for was, now in product(STATUSES, repeat=2)))
    replay = partial(replayed, fault_failures)
    yield script_of().obligation("simulation.faults", "T1 T4", {}, "all n", n, goal, "every P", replay)
    scope = f"counts <= {COUNTS}; P, M <= {SIZES[-1]}"
    yield Obligation(
        "simulation.loops", "T1 T4", {}, scope, n, "exhaustive", scope, exhaustive(COUNTS, loop_failures), concludes=(LOOPS,)
    )
