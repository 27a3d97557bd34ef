"""Family bounded (claims T1, T4): whole small machines, so that no decomposition can hide an error.

``bounded.machine``: the whole transformer plan on a whole sequence, decoding step after decoding step, as one SMT
script over symbolic memory words and the symbolic parts of a small program (``proofs.symbolic.small_machines``), against
``efasp.pram.machine`` run on the same symbols. A countermodel is a program; it is decoded exactly, by ``Plan.forward``.
``bounded.steps`` runs the torch transformer on many single steps at the smallest width; that is measured, not proved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from random import Random

from efasp.encoding import CellLayout, LogLayout, TokenSequence
from efasp.model.compile import ENGINES
from efasp.model.plan import Plan
from efasp.pram import machine as pram
from efasp.pram.assembler import disassemble
from efasp.pram.isa import EXTENSIONS, Reg
from efasp.pram.machine import Program
from efasp.proofs.concrete import machine_passes, machine_states, torch_steps
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.lemmas.numerics import weights
from efasp.proofs.obligation import Allowance, Assignment, Batch, Machine, Obligation, Regime, Searched, Verdict, lemma, within
from efasp.proofs.symbolic.boolean_forms import TooManyAtoms
from efasp.proofs.symbolic.small_machines import IMM, MEMORY, PROCESSORS, WORD, Case, Line, Reader, history, start

WIDE = 1 << 20  # from this n_max on there are more programs
SAMPLES = 64  # programs that are run where a solver's is decoded correctly, or the plan cannot be read on symbols

# The programs. A word is loaded into r1 first, from address 0 or a symbolic one, then comes one of some operations on it.

LOAD, LOAD_ANY = Line(("ld",), (1,), (None,), (0,)), Line(("ld",), (1,), (None,))
GROUPS = (
    ("add", "sub", "slt", "seq"),
    ("mov", "and", "or", "xor"),
    ("shl", "shr", "pid", "nproc"),
    ("halt", "jmp", "jz", "jnz"),
    ("ld", "st"),
)
ALU, OTHERS = sum(GROUPS[:2], ()), sum(GROUPS[2:], ())
# Two processors store different words to one address; in the log that shows when they load it.
STORES = (Line(("pid",), (1,)), Line(("xor",), (1,)), Line(("st",), (1,), (None,)), Line(("ld",), (2,), (None,)))
PRIORITY = {"mdm": Case(STORES, 4), "apmdm": Case(STORES[:3], 3)}


def after(first: Line, *ops: str) -> Case:
    """A load, then one of some operations: r2 := r1 op immediate, and the like."""
    return Case((first, Line(ops)))


def wide(*ops: str) -> Case:
    """A load, then one of some operations; its registers, and whether the operand is one, are symbolic too."""
    return Case((LOAD, Line(ops, (1, 2), (1, 3), (IMM, Reg(1), Reg(3)))))


EACH, SHIFTS = tuple(after(LOAD, *ops) for ops in GROUPS), ("shlx", "shrx")
FEW: dict[tuple[str, str], tuple[Case, ...]] = {
    (engine, extension): (PRIORITY[engine], *EACH) if extension == "" else (after(LOAD, "mul"), after(LOAD, *SHIFTS))
    for engine in ENGINES
    for extension in EXTENSIONS
}
MORE: dict[tuple[str, str], tuple[Case, ...]] = {
    ("mdm", ""): (wide(*ALU), wide(*OTHERS), *(after(LOAD_ANY, op) for op in ("sub", "ld", "st", "jz"))),
    ("mdm", "M"): (*EACH, wide("mul", *SHIFTS), after(LOAD_ANY, "mul")),
    ("apmdm", ""): (wide("jz", "ld", "st", "sub"), *(after(LOAD_ANY, op) for op in ("sub", "st"))),
    ("apmdm", "M"): EACH,
}


def cases(machine: Machine, n_max: int) -> tuple[Case, ...]:
    """The programs that are tried with a machine: more of them where ``n_max`` is large."""
    kind = machine.engine, machine.extension
    return FEW[kind] + (MORE[kind] if n_max >= WIDE else ())


@lemma
def machines(regime: Regime) -> Iterator[Batch]:
    """Whole small machines: two processors, three memory words, two to four instructions, as many steps, w = 5."""
    for machine in regime.machines():
        if machine.word == WORD:
            few, every = cases(machine, 1), cases(machine, regime.n_max)
            yield Batch(("bounded.machine",), machine.params, partial(decodings, regime, machine, few))
            if more := every[len(few) :]:
                params = {**machine.params, "programs": "more"}
                yield Batch(("bounded.machine",), params, partial(decodings, regime, machine, more))


def decodings(regime: Regime, machine: Machine, some: Sequence[Case]) -> Iterator[Obligation]:
    """The obligations of ``machines`` for one transformer and some programs."""
    plan, n = regime.plan(machine), min(PROCESSORS, regime.n_max)
    for case in some:
        yield decoding(machine, plan, case, (n, n))


def decoding(machine: Machine, plan: Plan, case: Case, n: tuple[int, int]) -> Obligation:
    """That a transformer decodes a small program as the machine runs it, whatever its symbols are."""
    params = {**machine.params, "program": case.name}
    scope = (
        f"w = {WORD}, P = {PROCESSORS}, M = {MEMORY}, L = {len(case.lines)}, T = {case.steps}, program: {case.name}, "
        "all memories, immediates (imm) and choices (|)"
    )
    try:
        reader = Reader(machine, plan, case)
        goal = reader.goal()
    except TooManyAtoms as error:
        reason, search = partial(Verdict, "unknown", str(error)), partial(sampled, machine, plan, case)
        return Obligation("bounded.machine", machine.claim, params, scope, n, "exact", fingerprint(plan), reason, search=search)

    def replayed(model: Assignment) -> Report | None:
        return disagreement(machine, plan, case.given(model), case.steps) or sample(machine, plan, case)

    note = "every token as the machine has it, and no lookup tied between different values"
    return reader.script.obligation("bounded.machine", machine.claim, params, scope, n, goal, note, replayed)


def sampled(machine: Machine, plan: Plan, case: Case, allowance: Allowance) -> Searched:
    """For a plan that cannot be read on symbols: a program that it decodes wrongly."""
    failure = sample(machine, plan, case, allowance.left)
    return Searched(failure, f"exact decoding of {SAMPLES} programs", f"of up to {SAMPLES} programs none is decoded wrongly")


def sample(machine: Machine, plan: Plan, case: Case, seconds: float = inf) -> Report | None:
    """The first of some programs of a case that is decoded wrongly, with the first error; as long as there is time.

    A solver may choose a program on which two values tie: that contradicts the goal, although its decoding may be
    correct; another program may be decoded wrongly.
    """
    rng = Random(case.name)
    failures = (disagreement(machine, plan, case.sample(rng), case.steps) for _ in range(SAMPLES))
    return next((report for report in within(failures, seconds) if report), None)


def disagreement(machine: Machine, plan: Plan, program: Program, steps: int) -> Report | None:
    """The plan's exact decoding of a program against the machine: where they first differ, or None."""
    for one in passes(machine, plan, program, steps):
        if one.report is not None:
            listing = {"program": disassemble(program).splitlines(), "memory": list(program.data)}
            when = {"step": one.time, "of steps": steps}
            return {"engine": machine.engine, "w": machine.word, **listing, **when, **one.report}
    return None


def passes(machine: Machine, plan: Plan, program: Program, steps: int) -> Iterator[machine_passes.Pass]:
    """The passes of a plan's exact decoding of a program, to so many steps or the first that is wrong."""
    layout = (LogLayout if machine.engine == "mdm" else CellLayout).of(program, machine.extension)
    assert isinstance(layout, (LogLayout, CellLayout))
    sequence, before = start(layout, program, steps), pram.initial(program)
    for time, (_, after) in enumerate(history(program, steps), 1):
        if isinstance(layout, LogLayout):
            one = machine_passes.log_pass(plan, layout, sequence, time, program, before)
        else:
            one = machine_passes.cell_pass(plan, layout, sequence, time, program, before)
        yield one
        if one.report is not None:
            return
        sequence, before = TokenSequence(one.after, sequence.places), after


def fingerprint(plan: Plan) -> str:
    """A hash of a plan's numbers, as a name for them."""
    return hashlib.sha256(repr([(name, str(value)) for name, value in weights(plan)]).encode()).hexdigest()


@lemma
def single_steps(regime: Regime) -> Iterator[Batch]:
    """Single steps at the smallest width through the torch transformer: measured. More of them at a large n_max."""
    for machine in regime.machines():
        if machine.word == WORD:
            yield Batch(("bounded.steps",), machine.params, lambda m=machine: measured(regime, m))  # type: ignore[misc]


def measured(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligation of ``single_steps`` for one transformer."""
    plan, few = regime.plan(machine), regime.n_max < WIDE
    sizes = f"P = {torch_steps.SIZE}, M = {machine_states.CELLS}"
    scope = f"measured: w = {WORD}, {sizes}, single steps: {torch_steps.described(machine, few)}"
    n = 1, min(machine.n[1], regime.n_max)
    discharge = partial(torch_steps.discharge, machine, plan, few)
    content = f"{scope}\n{fingerprint(plan)}"
    yield Obligation("bounded.steps", machine.claim, machine.params, scope, n, "measurement", content, discharge)
