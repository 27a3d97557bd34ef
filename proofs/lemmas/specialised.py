"""Family specialised (claims T1, T4): the step specialised to a program is the universal step with that program in its prompt.

By these lemmas, in order. *Selected*: the units of the specialised step select the instruction at the counter of a running
processor. *Fetch*: of every field their constants add up to what the universal machine fetches of the program in its prompt, at
every position and for every counter, inside the program or not (simulation.fetch). *Absent*: a lookup that no instruction makes
reads 0 at every position of the universal machine. *Prompt*: no position of an instruction is a candidate of any other lookup
of the universal step, so that without them, by attention.match, each lookup returns what it returns beside them. *Output*: with
the replaced definitions given, the universal step's read-out and the specialised one's are one normal form. *Cached*: keys and
values are the universal step's, of which family simulation shows that they may be cached, or are read at no cached position.

So the read-outs are equal at every position of every well-formed sequence that is not a position of an instruction. That a plan
computes the specialised step is shown as of every plan: *plan* of the compiled one, lowering.* and numerics.* of a file's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from efasp.affine_forms import Form
from efasp.graphs import substitute
from efasp.model.plan import Plan
from efasp.places import FIELDS
from efasp.pram.isa import Code, Instruction, Reg, operations
from efasp.pram.machine import Program
from efasp.pram.specialise import FETCHED, SELECTED, replaced
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.concrete.differential import listed, wanted
from efasp.proofs.concrete.machine_states import first_failure, register_form
from efasp.proofs.lemmas.lowering import digest
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.proofs.smtlib import Script, Term, eq, ite, land, le, linear, lnot, lor, lt, num, plus
from efasp.proofs.symbolic.intervals import intervals
from efasp.proofs.symbolic.lookup_relations import LOADED, TOUCHES
from efasp.proofs.symbolic.machine_step import IS_TARGET, STATUS, STORES
from efasp.proofs.symbolic.nodes import Reading, flag, is_value
from efasp.proofs.symbolic.positions import candidate, lookup
from efasp.proofs.symbolic.processor_readings import FETCHED as OPERATION
from efasp.proofs.symbolic.processor_readings import IMMEDIATE, NAMES_FETCHED, OPERANDS, PROCESSORS, UNNAMED
from efasp.proofs.symbolic.residual_stream import Reader
from efasp.proofs.symbolic.sequence_invariants import CELLS, World, call, state
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Signs, vector
from efasp.syntax import Attention, Node, Relu, refine, walk

LOOP: Code = (Instruction("add", 1, 1, 1), Instruction("jnz", ra=1, x=0), Instruction("halt"))  # few lookups are made
HERE: Code = (Instruction("jmp", x=0),)  # and none
TOGETHER = 32  # units of one obligation
WIDEST = 8  # bits of the words at which the examples are specialised
MEMORY, STEPS, COUNTS = 12, 16, (1, 5)  # of the runs that are measured
STATES, EXACT = 24, "exact forward pass on machine states"


def every(extension: str) -> Code:
    """A program with every operation, on registers and immediates in turn."""
    table = operations(extension)
    code = [register_form(o, i % 8, (3 * i + 1) % 8, Reg(i % 8) if i % 2 else i % 5) for i, o in enumerate(table)]
    return (*code[1:], register_form(table[1], 5, 1, 7), code[0])


class Pair:
    """A machine that is specialised to a program, and the universal one."""

    def __init__(self, machine: Machine) -> None:
        assert machine.code is not None
        self.machine, self.code = machine, machine.code
        self.step, self.whole = machine.step, machine.universal.step
        counter, status = (self.step.definitions[name] for name in ("counter", "status"))
        self.reading = Reading({counter: "counter", status: "status"})
        self.over = Reading({self.step.definitions[SELECTED]: SELECTED})

    # The program in scripts.

    def script(self, field: str) -> Script:
        """A script in which the prompt holds a field of the program's instructions."""
        script = Script("QF_UFLIA")
        state(script)
        script.declare("length", note="instructions")
        script.definition(eq("length", num(len(self.code))))
        numbers = {operation.name: number for number, operation in enumerate(operations(self.machine.extension))}
        for index, one in enumerate(self.code):
            named = {"rd": one.rd, "ra": one.ra, "rb": one.x.number if isinstance(one.x, Reg) else None}
            says = {name: -1 if register is None else register for name, register in named.items()}
            says |= {"op": numbers[one.op], "imm": one.x if isinstance(one.x, int) else 0}
            script.definition(eq(call(f"code.{field}", num(index)), num(says[field])), f"instruction {index}")
        return script

    def at(self, script: Script) -> Namer:
        """A position of the universal machine, whose counter is a word."""
        n = Namer(script)
        script.sort(le("0", n("counter")), "counter")
        return n

    def obligation(self, script: Script, name: str, goal: Term, **params: str) -> Obligation:
        """An obligation about the machine."""
        m = self.machine
        scope = f"n <= {m.n[1]}, {m.shape}"
        return script.obligation(f"specialised.{name}", m.claim, {**m.params, **params}, scope, m.n, goal)

    def exact(self, name: str, content: str, verdict: Verdict, scope: str = "", **params: str) -> Obligation:
        """An obligation that is decided here."""
        m = self.machine
        scope = f"n <= {m.n[1]}, {scope or m.shape}"
        content = f"{content}: {digest(self.machine.fresh.token)} {m.code}"
        return Obligation(f"specialised.{name}", m.claim, {**m.params, **params}, scope, m.n, "exact", content, lambda: verdict)

    # The lemmas.

    def is_selected(self, units: range) -> Conclusion:
        """Unit j is 1 where the processor runs and its counter is j, else 0; of some units, or all."""

        def state(n: Namer) -> Term:
            running, here = is_value(n(STATUS[0]), 1), n("counter")
            return land(*(eq(n(f"{SELECTED}.{j}"), flag(land(running, is_value(here, j)))) for j in units))

        return Conclusion("specialised.selected", "", state)

    def selected(self) -> Iterator[Obligation]:
        """The units, read from their own rows over the counter's bits and the running flag, some of them at a time."""
        node = self.step.definitions[SELECTED]
        for start in range(0, node.width, TOGETHER):
            units = range(start, min(start + TOGETHER, node.width))
            script = Script("QF_LIA")
            n = Namer(script)
            bits = [script.bit(f"counter.{place}") for place in range(self.machine.word)]
            script.bit(STATUS[0], "whether it runs")
            n.known |= {"counter": linear((1 << place, bit) for place, bit in enumerate(bits)), STATUS[0]: STATUS[0]}
            for j in units:
                form = self.reading.form(node, j)
                n.known[f"{SELECTED}.{j}"] = script.define(f"{SELECTED}.{j}", self._unit(form), note="a unit, by its row")
            which = {} if node.width <= TOGETHER else {"of": f"{units[0]}..{units[-1]}"}
            yield self.obligation(script, "selected", script.conclude(self.is_selected(units), n), **which)

    def _unit(self, form: Any) -> Term:
        """The term of a form over the counter's bits, the running flag, and units."""
        parts = []
        for (leaf, place), c in form.terms.items():
            if isinstance(leaf, Relu):
                inner = self._unit(self.reading.form(leaf.x, place))
                parts.append((c, ite(lt("0", inner), inner, "0")))
            else:
                parts.append((c, f"counter.{place}" if leaf == "counter" else STATUS[place]))
        return linear(parts, form.constant)

    def fetch(self) -> Iterator[Obligation]:
        """The constants of every field."""
        for name in FETCHED:
            script = self.script({"operation": "op", "immediate": "imm"}.get(name, name))
            n = self.at(script)
            for j in range(len(self.code)):
                n(f"{SELECTED}.{j}")
            script.assume(self.is_selected(range(len(self.code))), n)
            node = self.step.definitions[name]
            values = [self._sum(self.over.form(node, place)) for place in range(node.width)]
            if name == "operation":
                script.assume(OPERATION, n, self.machine.extension)
                names = [f"op.{operation.name}" for operation in operations(self.machine.extension)]
                goal = land(*(eq(n(flag_), value) for flag_, value in zip(names, values, strict=True)))
            elif name == "immediate":
                script.assume(IMMEDIATE, n)
                digits = land(*(land(le("0", value), le(value, "1")) for value in values))
                goal = land(digits, eq(n(name), plus(*(f"(* {1 << place} {value})" for place, value in enumerate(values)))))
            else:
                script.assume(NAMES_FETCHED, n, name)
                goal = lor(*(land(is_value(n(name), r), *self._signs(values, r)) for r in range(-1, 8)))
            yield self.obligation(script, "fetch", goal, of=name)

    def _sum(self, form: Any) -> Term:
        return linear([(c, f"i.{SELECTED}.{place}") for (_, place), c in form.terms.items()], form.constant)

    def _signs(self, values: list[Term], register: int) -> list[Term]:
        signs = (0,) * len(values) if register < 0 else Signs(len(values)).encode(register)
        return [eq(value, num(sign)) for value, sign in zip(values, signs, strict=True)]

    def absent(self) -> Iterator[Obligation]:
        """What is 0 because no instruction asks for it."""
        for name in replaced(self.whole, self.code)[len(FETCHED) :]:
            script = self.script(OPERANDS.get(name, "op"))
            n, of = self.at(script), name
            if name in OPERANDS:
                script.assume(NAMES_FETCHED, n, OPERANDS[name])
                script.assume(UNNAMED, n, name)
            else:
                script.assume(OPERATION, n, self.machine.extension)
            if name == "processors":
                script.declare("count", note="P modulo 2^w")
                script.assume(PROCESSORS, n)
            elif name in ("loaded", "valid"):
                script.sort(le("0", n("valid")), "valid")
                script.assume(TOUCHES, n)
                script.assume(LOADED, n)
            elif name in ("incoming", "written"):
                script.assume(STORES, n)
                of = "stores"  # without which nothing is a candidate of the two lookups
                yield self._among(name)
            zero = self.step.definitions[name]
            folded = all(self.over.form(zero, place) == (({}, 0)) for place in range(zero.width))
            yield self.obligation(script, "absent", land(is_value(n(of), 0), *([] if folded else ["false"])), of=name)

    def _among(self, name: str) -> Obligation:
        step = Step(self.machine.universal)
        right = step.of["stores"] in lookup(step, name).among
        verdict = Verdict("proved", "the nodes of its score") if right else Verdict("refuted", "the nodes", {"lookup": name})
        return self.exact("absent", f"{name}: among those that store", verdict, of=f"candidates of {name}")

    def prompt(self) -> Iterator[Obligation]:
        """Positions of instructions are not candidates of other lookups than the fetch's."""
        world = World(Step(self.machine.universal))
        j, step = world.position("j"), world.step
        world.script.definition(j.kind(*(f"pe.{name}" for name in FIELDS)), "it is of an instruction")
        if "is_target" in step.of:
            world.script.assume(IS_TARGET, j)
        others = [name for name, node in step.of.items() if isinstance(node, Attention) and name not in FETCHED]
        goal = land(*(lnot(candidate(j, lookup(step, name))) for name in others))
        yield self.obligation(world.script, "prompt", goal)

    def cached(self) -> Obligation:
        """A lookup has the keys and values of the universal step's, or finds no position of the prompt."""
        step, wrong = Step(self.machine), None
        cells = [Form.atom((cell, 0)) for cell in CELLS if self.machine.engine == "apmdm"]
        for node in walk(step.program.output):
            if isinstance(node, Attention):
                name = step.names[node]
                whole = self.whole.definitions.get(name)
                same = isinstance(whole, Attention) and (node.k, node.v) == (whole.k, whole.v)
                if not same and not any(step.reading.form(flag, 0) in cells for flag in lookup(step, name).among):
                    wrong = {"lookup": name, "expected": "the universal step's keys and values", "found": "others"}
        verdict = Verdict("refuted" if wrong else "proved", "the nodes of keys and values", wrong)
        return self.exact("cached", "keys and values of lookups", verdict)

    def output(self) -> Iterator[Obligation]:
        """The normal forms of both read-outs, with the replaced definitions given; and of the plan's."""
        reader = Reader(self.step)
        given = {self.whole.definitions[name]: self._sharp(name) for name in replaced(self.whole, self.code)}
        root = substitute(self.whole.output, given)
        forms = reader.other(root, intervals(root))
        wrong: list[Any] = [row for row, (a, b) in enumerate(zip(forms, reader.outputs, strict=True)) if a != b]
        for name in ("counter", "status"):  # of which the units are read
            both = (reader.other(step.definitions[name]) for step in (self.whole, self.step))
            wrong += [name] * (next(both) != next(both))
        found = f"{len(reader.stream.atoms) - 1} atoms, {reader.stream.promises} signs by sorts"
        verdict = self._differing(wrong) if wrong else Verdict("proved", f"normal form: {found}")
        yield self.exact("output", "read-outs of the two steps", verdict, f"{self.machine.shape}, given the sorts")

    def _differing(self, rows: list[Any]) -> Verdict:
        """The verdict where normal forms differ, which shows nothing: refuted by a state on which the plan is wrong."""
        case = first_failure(self.machine.fresh, self.machine, cases=STATES)
        if case is not None:
            return Verdict("refuted", EXACT, {**case, "rows of the read-out that differ": rows[:8]})
        return Verdict("unknown", f"normal forms differ in rows {rows[:8]}; the plan is right on the {STATES} states tried")

    def _sharp(self, name: str) -> Node:
        """A replaced definition under the sort of its values: of those that its row has for some instruction, or 0."""
        node = self.step.definitions[name]
        forms = [self.over.form(node, place) for place in range(node.width)]
        bounds = [(min(0, *form.terms.values(), 0), max(0, *form.terms.values(), 0)) for form in forms]
        return refine(node, vector(bounds, True))

    def plan(self) -> Iterator[Obligation]:
        """The compiled plan's read-out is the specialised step's."""
        reader, plan = Reader(self.step), self.machine.fresh
        pairs = zip(reader.execute(plan).outputs, reader.outputs, strict=True)
        wrong: list[Any] = [row for row, (a, b) in enumerate(pairs) if a != b]
        verdict = self._differing(wrong) if wrong else Verdict("proved", "normal form")
        yield self.exact("plan", "the plan's read-out", verdict, f"{self.machine.shape}, given the sorts")

    def runs(self, plan: Plan) -> Obligation:
        """Runs in torch on random memories, by their configurations after every step."""
        m, content = self.machine, f"runs in torch: {digest(plan.token)} {digest(plan.out)} {self.machine.code}"
        discharge = partial(ran, m, plan)
        return Obligation(
            "specialised.runs", m.claim, m.params, f"measured at w = {m.word}", m.n, "measurement", content, discharge
        )


@dataclass
class Namer:
    """The terms of values at a position ``i``, declared where they are asked for. ``known``: terms by name."""

    script: Script

    def __post_init__(self) -> None:
        self.known: dict[str, Term] = {}

    def __call__(self, name: str) -> Term:
        if name not in self.known:
            self.known[name] = self.script.declare(f"i.{name}")
        return self.known[name]


def programs(machine: Machine) -> Iterator[Program]:
    """The program of a machine with a few numbers of processors and random memories."""
    assert machine.code is not None
    rng = Random(len(machine.code))
    for processors in COUNTS:
        memory = tuple(rng.randrange(1 << machine.word) if rng.random() < 0.5 else rng.randrange(MEMORY) for _ in range(MEMORY))
        yield Program(machine.code, machine.word, processors, MEMORY, data=memory)


def ran(machine: Machine, plan: Plan) -> Verdict:
    """The verdict on the runs, against the oracle's configurations."""
    from efasp.model import decode
    from efasp.model.transformer import Transformer

    transformer, steps = Transformer.of(plan, plan.dtype), 0
    for program in programs(machine):
        expected, history = wanted(program, STEPS), list[Any]()
        decode.run(program, machine.engine, transformer, machine.extension, STEPS, history=history, prompted=False)
        pairs = zip(expected.history, history, strict=False)
        wrong = next((number for number, (a, b) in enumerate(pairs, 1) if vars(a) != vars(b)), None)
        if wrong is None and len(history) != len(expected.history):
            wrong = min(len(history), len(expected.history)) + 1
        if wrong is not None:
            return Verdict("refuted", "torch", {**listed(program), "step": wrong})
        steps += len(history)
    return Verdict("measured", f"torch: {len(COUNTS)} runs, {steps} steps")


def program_obligations(machine: Machine, plan: Plan | None) -> Iterator[Obligation]:
    """The obligations of one program; ``plan``: the given file's, or None for the compiled one."""
    pair = Pair(machine)
    yield from pair.selected()
    yield from pair.fetch()
    yield from pair.absent()
    yield from pair.prompt()
    yield pair.cached()
    yield from pair.output()
    if plan is None:
        yield from pair.plan()
    yield pair.runs(machine.fresh if plan is None else plan)


def examples(regime: Regime) -> Iterator[Machine]:
    """The machines of the regime, each specialised to a program with every operation and to some with few."""
    for machine in regime.machines():
        if machine.word <= WIDEST:
            for code in (every(machine.extension), LOOP, *([] if machine.extension else [HERE])):
                yield Machine(machine.word, machine.engine, machine.extension, machine.n, code)


@lemma
def specialised(regime: Regime) -> Iterator[Batch]:
    """Machines that are specialised to a program: the given one, or examples."""
    lemmas = tuple(f"specialised.{name}" for name in ("selected", "fetch", "absent", "prompt", "cached", "output", "runs"))
    instead = {"specialised.absent": "specialised.fetch"}
    if regime.given is not None and regime.given[0].code is not None:
        machine, plan = regime.given
        yield Batch(lemmas, machine.params, partial(program_obligations, machine, plan), instead)
    elif regime.given is None:
        for machine in examples(regime):
            named = (*lemmas, "specialised.plan")
            yield Batch(named, machine.params, partial(program_obligations, machine, None), instead)
