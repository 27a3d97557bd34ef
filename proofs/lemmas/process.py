"""Family process (T1, T4): the running code, behind `efasp run` and in torch, against an independent oracle. Measured.

For every machine of the regime that a dtype carries (of a weights file: for the file's own numbers) a table of scenarios
(``proofs.concrete.scenarios``) is run by ``model.decode.run``; the report of a run, and the configuration after every step,
must be those of the oracle (``proofs.concrete.oracle``). For words of up to 8 bits and for weights files most passes are dense;
for wider words most are indexed, as those of `efasp run` are. At every width the reference machine is compared with the same
oracle.
torch is imported when an obligation is discharged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Any, cast

from efasp.model.plan import Plan
from efasp.model.ranges import WIDEST, RangeError, dtype_for
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS, REGISTERS
from efasp.pram.machine import Configuration, Program, Status
from efasp.proofs.concrete.differential import (
    Wanted,
    as_configuration,
    cut_short,
    decoded,
    guarded,
    listed,
    misreported,
    oracle,
    unequal,
    wanted,
)
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.machine_states import adversarial
from efasp.proofs.concrete.scenarios import LAST, MANY, SCENARIOS, Scenario, Shape, drawn, line
from efasp.proofs.lemmas import (
    process_acceptance,
    process_cache,
    process_control,
    process_orders,
    process_readings,
    process_weights,
)
from efasp.proofs.lemmas.bounded import fingerprint
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.proofs.symbolic.sampler_decisions import UNMASKED

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer

BEYOND = max(WIDEST.values())  # bits: of a wider word no dtype carries the numbers, and nothing is run
WIDE, SHORT = 1 << 20, 20  # from this n_max on there are more runs, for words of up to so many bits
EXTENDED = ("first", "operations", "processors", "mixed")  # the scenarios with the extension where not all are run
# By scenario the attention with which it is run, dense if none is named: the longest log by the indexed one, whose passes cost
# what changes; that the cache of dense passes holds as many positions is process.cache.
ATTENTION = {"operations": ("dense", "indexed"), "full": ("indexed",)}
NARROW = 8  # bits: of wider words all scenarios have indexed attention, but for these two, which are run as of narrow words
ALIKE = ("first", "operations")
STATES = 24  # random configurations of the reference machine
REFUSED = "no dtype carries the numbers, so that nothing is run"


# The reference machine.


def reference(word: int) -> Verdict:
    """``efasp.pram.machine`` against the oracle: runs, with any limit of steps; traces; single steps from random states."""
    programs = steps = singles = 0
    for extension in EXTENSIONS:
        shape = Shape(word, extension)
        for program, most in [run for scenario in SCENARIOS for run in scenario.runs(shape)]:
            ended = guarded(partial(ran, program, most, extension))
            if ended is not None:
                return Verdict("refuted", "Python", {**ended, **listed(program)})
            programs, steps = programs + 1, steps + most
        for number, (program, before) in enumerate(states(shape)):
            ended = guarded(partial(single, program, before))
            if ended is not None:
                return Verdict("refuted", "Python", {"state": number, **ended, **listed(program)})
            singles += 1
    for check in (process_acceptance.accepted, process_acceptance.misread):
        if (wrong := guarded(partial(check, word))) is not None:
            return Verdict("refuted", "Python", wrong)
    return Verdict("measured", f"Python: {programs} programs, {singles} single steps")


def ran(program: Program, most: int, extension: str) -> Report | None:
    """One program: its run, the same cut short, its trace, and the steps one by one."""
    pram.validate(program, extension)
    expected = wanted(program, most)
    last = len(expected.history)
    limits = sorted({max(0, last - 1), *((0, 1, last) if most < LAST else ())} - {most})
    for limit, due in zip((most, *limits), chain([expected], cut_short(program, limits)), strict=True):
        if (wrong := misreported(due, pram.run(program, limit))) is not None:
            return {"max_steps": limit, **wrong}
    states = pram.trace(program)
    before, faults = next(states), list[dict[str, Any]]()
    for number, state in enumerate(expected.history, 1):
        after = next(states)
        if (wrong := unequal(vars(state), vars(after)) or unequal(vars(state), vars(pram.step(program, before)))) is not None:
            return {"step": number, **wrong}
        faults += map(vars, pram.faults_between(before, after, number))
        before = after
    return unequal(expected.report["faults"], faults, "faults between steps")


def configuration(shape: Shape, number: int) -> tuple[Program, Configuration]:
    """A random program of one of many sizes, and a random state of it: any statuses, counters mostly in the program."""
    rng = Random(f"state {shape} {number}")
    some = adversarial(shape.word)
    count, memory = shape.most((1, 2, 4, 7, 9, 16, 33, 64)[number % 8]), shape.most((64, 1, 5, 17)[number % 4])
    program = drawn(rng, shape, count, memory, shape.most(8 + number))
    hot = [rng.randrange(memory) for _ in range(3)]

    def word() -> int:
        return rng.choice((rng.choice(some), rng.choice(hot), rng.randrange(shape.size)))

    statuses = rng.choices(("running", "halted", "load", "store", "pc"), (12, 1, 1, 1, 1), k=count)
    return replace(program, policy=pram.POLICIES[number % 4]), Configuration(
        tuple(word() for _ in range(memory)),
        tuple(tuple(word() for _ in range(REGISTERS)) for _ in range(count)),
        tuple(rng.randrange(program.length) if rng.random() < 0.9 else word() for _ in range(count)),
        tuple(cast(Status, status) for status in statuses),
    )


def states(shape: Shape) -> Iterator[tuple[Program, Configuration]]:
    """States of which single steps are taken: random ones; and of processors in groups of every size up to 64, or as many as
    the word allows, that load from one address, that store one word there, and of which the last stores another."""
    yield from (configuration(shape, number) for number in range(STATES))
    rng, most = Random(f"groups {shape}"), shape.most(MANY)
    for size in range(2, most + 1):
        for op, differ in (("ld", False), ("st", False), ("st", True)):
            others = rng.randrange(most - size + 1)
            program = Program((line(op, 2, 1, 0), line("halt")), shape.word, size + others, most)
            at = [*(rng.sample(range(most), 1) * size), *rng.sample(range(most), others)]
            word = rng.randrange(shape.size)
            stored = [(word + (differ and pid == size - 1)) % shape.size for pid in range(size)]
            group = [*zip(at, (*stored, *([word] * others)), strict=True)]
            rng.shuffle(group)
            banks = tuple((0, address, value, *(0,) * (REGISTERS - 3)) for address, value in group)
            yield program, replace(pram.initial(program), registers=banks)


def single(program: Program, before: Configuration) -> Report | None:
    """One step from a state, its accesses, and its breach of each policy."""
    state = oracle(program)
    state.words = dict(enumerate(before.memory))
    state.banks = {(pid, number): word for pid, bank in enumerate(before.registers) for number, word in enumerate(bank)}
    state.counters, state.ended = dict(enumerate(before.pc)), dict(enumerate(before.status))
    acts = {pid: state.action(pid) for pid in state.alive}
    wanted_accesses = [
        (pid, "write" if act.read is None else "read", cast(int, act.store if act.read is None else act.read), act.word)
        for pid, act in acts.items()
        if (act.read, act.store) != (None, None)
    ]
    if (wrong := unequal(wanted_accesses, list(map(tuple, pram.accesses(program, before))), "accesses")) is not None:
        return wrong
    for policy, number in zip(pram.POLICIES, (7, 101, 10_000, 1 << 20), strict=True):
        breach = state.breach(policy)
        found = pram.violation(replace(program, policy=policy), before, number)
        expected = breach and (policy, breach[0], breach[1], number, breach[3])
        if (wrong := unequal(expected, found and tuple(vars(found).values()), f"violation of {policy}")) is not None:
            return wrong
    state.step()
    return unequal(vars(as_configuration(state)), vars(pram.step(program, before)))


# The transformers.


def attentions(scenario: Scenario, machine: Machine, plan: Plan) -> tuple[str, ...]:
    """With which attention a scenario is run, () for dense alone. Those of a weights file are run as of narrow words."""
    if machine.word > NARROW and plan.dtype is None and scenario.name not in ALIKE:
        return ("indexed",)
    return ATTENTION.get(scenario.name, ())


def executed(scenario: Scenario, machine: Machine, plan: Plan, module: Callable[[], Transformer]) -> Verdict:
    """Run a scenario's programs in the transformer, by the function that `efasp run` calls."""
    transformer, steps, longest = module(), 0, 0
    method = f"torch, {transformer.dtype_name}"
    programs = limited(scenario, machine)
    for program, most in [(programs[0][0], 0), *programs]:
        expected = decoded(machine, plan, transformer.dtype_name, program, most)
        for attention in attentions(scenario, machine, plan) or ("dense",):
            wrong = guarded(partial(wrongly, machine, transformer, program, most, expected, attention, plan.dtype is None))
            if wrong is not None:
                case = {"engine": machine.engine, "ext": machine.extension, "attention": attention, **wrong, **listed(program)}
                return Verdict("refuted", method, case)
        steps, longest = steps + expected.report["steps"], max(longest, expected.report["context_length"])
    return Verdict("measured", f"{method}: {steps} steps as the oracle has them, up to {longest} positions")


def wrongly(
    machine: Machine, transformer: Transformer, program: Program, most: int, expected: Wanted, attention: str, fresh: bool
) -> Report | None:
    """Where a run differs from the oracle; of a ``fresh`` compile also that it had not the attention that was asked for."""
    from efasp.model import decode

    history = list[Configuration]()
    run = decode.run(program, machine.engine, transformer, machine.extension, most, history=history, attention=attention)
    wrong = misreported(expected, run, history)
    if wrong is None and fresh and run.attention != attention:
        return {"what": "attention", "expected": attention, "got": f"{run.attention}: {run.dense}"}
    return wrong


def limited(scenario: Scenario, machine: Machine) -> list[tuple[Program, int]]:
    """A scenario's programs for a machine, with the most steps of each."""
    runs = scenario.runs(Shape(machine.word, machine.extension))
    return [(program, min(most, scenario.in_place) if machine.engine == "apmdm" else most) for program, most in runs]


def scope(scenario: Scenario, machine: Machine, plan: Plan) -> str:
    """The runs, for the scope."""
    runs = limited(scenario, machine)
    sizes = (("P", "processors"), ("M", "memory"), ("L", "length"))
    most = ", ".join(f"{letter} <= {max(getattr(program, name) for program, _ in runs)}" for letter, name in sizes)
    of = f"{len(runs)} programs" if len(runs) > 1 else "1 program"
    by = " and".join(f" with {name} attention" for name in attentions(scenario, machine, plan))
    longest = max(steps for _, steps in runs)
    runs_of = f"{of}, {most}, at most {longest:,} steps each{',' * bool(by)}{by}"
    return f"measured: w = {machine.word}, {runs_of}: {scenario.covers}"


def whole(regime: Regime, machine: Machine) -> bool:
    """Whether all scenarios are run: of a file, and without the extension; with it where n is large and words are short."""
    return regime.given is not None or not machine.extension or (regime.n_max >= WIDE and machine.word <= SHORT)


def chosen(regime: Regime, machine: Machine) -> tuple[Scenario, ...]:
    """The scenarios that are run with a machine; the long and the full one at w = 6 without the extension, where n is large up
    to ``SHORT``, and of a file."""
    short = 5 < machine.word <= (SHORT if regime.n_max >= WIDE else 6) and not machine.extension
    long = short or (regime.given is not None and machine.word <= SHORT)
    some = [s for s in SCENARIOS if whole(regime, machine) or s.name in EXTENDED]
    return tuple(s for s in some if long or s.name not in ("long", "full"))


def transformers(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligations about one machine's transformer."""
    plan = regime.plan(machine)
    try:
        dtype = plan.dtype or dtype_for(plan)
    except RangeError:
        dtype = ""
    beyond = machine.word > BEYOND
    if not dtype or beyond:
        for name in ("process.runs",) if beyond else NAMES:
            where = f"measured: w = {machine.word}: {REFUSED}"
            discharge = partial(refused, plan)
            yield Obligation(name, machine.claim, machine.params, where, machine.n, "measurement", where, discharge)
        return

    @cache
    def module() -> Transformer:
        from efasp.model.transformer import Transformer

        return Transformer.of(plan, plan.dtype)

    mark, few, given = fingerprint(plan), not whole(regime, machine), regime.given is not None
    for scenario in chosen(regime, machine):
        where = scope(scenario, machine, plan)
        work = partial(executed, scenario, machine, plan, module)
        params = {**machine.params, "runs": scenario.name}
        content = f"{where}\n{limited(scenario, machine)}\n{mark}"
        yield Obligation("process.runs", machine.claim, params, where, machine.n, "measurement", content, work)
    others: tuple[tuple[str, str, Callable[[], Verdict]], ...] = (
        ("process.control", process_control.scope(machine, few), partial(process_control.discharge, machine, plan, dtype, few)),
        ("process.orders", process_orders.scope(machine, few), partial(process_orders.discharge, machine, module, few, given)),
        ("process.cache", process_cache.scope(machine), partial(process_cache.discharge, machine, module)),
        ("process.codes", process_readings.codes_scope(machine), partial(process_readings.codes, machine, module)),
        (
            "process.weights",
            process_weights.weights_scope(machine, plan),
            partial(process_weights.weights, machine, plan, module),
        ),
    )
    for name, where, measure in others:
        yield Obligation(name, machine.claim, machine.params, where, machine.n, "measurement", f"{where}\n{mark}", measure)


def refused(plan: Plan) -> Verdict:
    """That no transformer is made of the plan; one that is made would have to be run."""
    from efasp.model.transformer import Transformer

    try:
        Transformer.of(plan, plan.dtype)
    except RangeError as error:
        return Verdict("measured", f"refused: {error}")
    return Verdict("refuted", "torch", {"what": "a dtype carries the plan", "expected": "none, so that nothing is run here"})


NAMES = ("process.runs", "process.control", "process.orders", "process.cache", "process.codes", "process.weights")
OF_WIDTHS = ("process.machine", "process.lengths", "process.sampler")


def of_width(word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations at one width that do not depend on a transformer."""
    several = ", ".join(scenario.name for scenario in SCENARIOS)
    states = f"{STATES} random states; groups of every size at one address"
    where = f"measured: w = {word}, P, M, L <= 72, up to 1,200 steps: {several}; {states}"
    rows: tuple[tuple[str, str, Callable[[], Verdict]], ...] = (
        ("process.machine", where, partial(reference, word)),
        ("process.lengths", process_readings.lengths_scope(word), partial(process_readings.lengths, word)),
        ("process.sampler", process_readings.sampler_scope(word), partial(process_readings.sampler, word)),
    )
    for name, about, discharge in rows:
        ids = (UNMASKED.id,) if name == "process.sampler" else ()
        yield Obligation(name, "T1 T4", {"w": word}, about, n, "measurement", about, discharge, concludes=ids)


@lemma
def measured(regime: Regime) -> Iterator[Batch]:
    """Measured at every width of the regime: reference machine, process, sampler, whole runs in torch, weights files."""
    for word, n in regime.widths() if regime.given is None else ():
        yield Batch(OF_WIDTHS, {"w": word}, lambda w=word, n=n: of_width(w, n))  # type: ignore[misc]
    for machine in regime.machines():
        names = NAMES if machine.word <= BEYOND else NAMES[:1]
        yield Batch(names, machine.params, lambda m=machine: transformers(regime, m))  # type: ignore[misc]
