"""Exact runs of a plan on machine states: every operation on adversarial operands, with many processors in a pass.

The module ``proofs.concrete.machine_passes`` checks each pass. The states are a fixed list: a state on which the plan is wrong
is a countermodel; that the plan is right on all of them is not a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from math import inf
from random import Random
from typing import cast

from efasp.encoding import COUNTERS, Event, LogLayout, Write
from efasp.model.plan import Plan
from efasp.pram import machine as pram
from efasp.pram.isa import REGISTERS, Instruction, Operation, Reg, operations
from efasp.pram.machine import Configuration, Program, Status
from efasp.proofs.concrete.float64_filter import Near, Screen, screen
from efasp.proofs.concrete.machine_passes import Case, Pass, Predictor, Report, cell_passes, log_of, log_passes
from efasp.proofs.obligation import Machine, within

SCREENED = 40  # bits of a word up to which float64 holds the numbers of a sound plan
HISTORIES = 128  # random logs
CELLS = 19  # memory words of the states: addresses of 19 and above are outside the memory
SECOND = Reg(2)
RUNNING: Status = "running"


def first_failure(
    plan: Plan, machine: Machine, cases: int | None = None, seconds: float = inf, begin: int = 0
) -> Report | None:
    """The first state on which the plan is wrong: its number in ``states``, and the expected and actual values.

    None if the plan is right on all states from number ``begin`` on (before number ``cases``, or on those that were run within
    ``seconds``). For words of at most ``SCREENED`` bits a run in float64 selects candidates; a state is returned only if its
    exact run fails.
    """
    quick = screen(plan, machine) if machine.word <= SCREENED else None
    for number, case in within(islice(enumerate(cases_of(machine)), begin, cases), seconds):
        if quick is not None and (same_readout(quick, machine, number, case) or failure(quick, machine, case) is None):
            continue
        report = failure(plan, machine, case)
        if report is not None:
            return {"engine": machine.engine, "w": machine.word, "state": number, **report}
    return None


def same_readout(quick: Screen, machine: Machine, number: int, case: Case) -> bool:
    """Whether a plan has the same read-out on a case as the cached fresh compile, which is right on that case."""
    if not isinstance(quick, Near):
        return False
    if number not in quick.base.traces:
        made = list(passes(quick.fresh, machine, case))
        if any(one.report is not None for one in made):
            return False
        quick.base.keep(number, ((one.sequence.tokens, one.sequence.places) for one in made))
    return quick.unmoved(number)


def remember(machine: Machine) -> None:
    """Cache the passes of the fresh compile in ``proofs.concrete.float64_filter`` on every state."""
    quick = screen(machine.fresh, machine)
    for number, case in enumerate(cases_of(machine)):
        same_readout(quick, machine, number, case)


def failure(plan: Predictor, machine: Machine, case: Case) -> Report | None:
    """The first error of a plan on a case, or None."""
    return next((one.report for one in passes(plan, machine, case) if one.report is not None), None)


def passes(plan: Predictor, machine: Machine, case: Case) -> Iterator[Pass]:
    """The passes of a plan over a case."""
    return (log_passes if machine.engine == "mdm" else cell_passes)(plan, case, machine.extension)


# The states.


def adversarial(word: int) -> list[int]:
    """Boundary words for arithmetic: extremes, single bits, chains of carries and borrows, and words near the width."""
    top = (1 << word) - 1
    some = [0, 1, top, 1 << word - 1, top >> 1, top - 1, 2, 3, top // 3, top - top // 3, word, word - 1, word + 1, 18, 19, 20]
    some += [1 << i for i in range(word)] + [top ^ (1 << i) for i in range(word)]
    return list(dict.fromkeys(value & top for value in some))


def register_form(operation: Operation, rd: int = 0, ra: int = 1, x: Reg | int = SECOND) -> Instruction:
    """An instruction of the operation, by default on r0 (rd), r1 (ra) and r2 (x); a bare offset or target is 3."""
    if "x" not in operation.shape:
        number = x if isinstance(x, int) else 3
        offset = number if set("mt") & set(operation.shape) else None
    return Instruction(
        operation.name,
        rd if set("ds") & set(operation.shape) else None,
        ra if set("am") & set(operation.shape) else None,
        x if "x" in operation.shape else offset,
    )


def cases_of(machine: Machine) -> Iterator[Case]:
    """The states of a machine; of one that is specialised to a program with that program."""
    for case in states(machine.word, machine.extension):
        yield case if machine.code is None else running(case, machine)


def running(case: Case, machine: Machine) -> Case:
    """A case with a machine's own program in the place of its program, and most program counters in it."""
    code = machine.code
    assert code is not None
    program = replace(case.program, instructions=code)

    def inside(pc: int) -> int:
        return pc if pc % 8 == 7 else pc % len(code)

    if case.log:
        log = tuple(tuple(replace(event, pc=inside(event.pc)) for event in events) for events in case.log)
        return replace(given(program, log, machine.extension, case.variant), prompted=False)
    before = replace(case.before, pc=tuple(map(inside, case.before.pc)))
    return replace(case, program=program, before=before, prompted=False)


def states(word: int, extension: str) -> Iterator[Case]:
    """The states; those that reveal the most faults come first."""
    rng = Random(word)
    for variant in range(8):
        yield shuffled(rng, word, extension, variant)
    yield from stopped(word, extension)
    yield from concurrent_accesses(word, extension)
    yield from late(rng, word, extension)
    for variant in range(8, 56):
        yield shuffled(rng, word, extension, variant)
    yield from overwritten(word, extension)
    for variant in range(HISTORIES):
        yield history(rng, word, extension, variant)
    yield from paired(word, extension)


def batch(word: int) -> int:
    """The number of processors of a machine in one pass, 2^w or 64."""
    return min(1 << word, 64)


def shuffled(rng: Random, word: int, extension: str, variant: int) -> Case:
    """A case with random instructions, adversarial operands in about half of the draws, and mostly running processors."""
    size, some, count = 1 << word, adversarial(word), batch(word)
    table = operations(extension)

    def value() -> int:
        return rng.choice((rng.choice(some), rng.randrange(size), rng.choice((0, 1, rng.randrange(CELLS)))))

    def form(operation: Operation) -> Instruction:
        x: Reg | int = Reg(rng.randrange(REGISTERS)) if rng.random() < 0.5 else value()
        made = register_form(operation, rng.randrange(REGISTERS), rng.randrange(REGISTERS), x)
        if "m" in operation.shape:  # more often than not the offset is an address of the memory
            made = replace(made, x=rng.choice((rng.randrange(CELLS), value())), ra=rng.choice((None, made.ra)))
        return made

    length = min(size, 2 * len(table) if word > 5 else 28)
    code = [form(table[i % len(table)]) for i in range(length)]
    rng.shuffle(code)
    statuses: tuple[Status, ...] = ("running",) * 12 + ("halted", "load", "store", "pc")
    counters = [i % len(code) if rng.random() < 0.9 else value() for i in range(count)]
    before = Configuration(
        tuple(value() for _ in range(CELLS)),
        tuple(tuple(value() for _ in range(REGISTERS)) for _ in range(count)),
        tuple(counters),
        tuple(rng.choice(statuses) for _ in range(count)),
    )
    return Case(Program(tuple(code), word, count, CELLS, data=before.memory), before, variant)


def late(rng: Random, word: int, extension: str) -> Iterator[Case]:
    """Cases with few processors at times at which many bits of the clock change, after many blocks without a write."""
    for variant, time in enumerate((1, 2, 4, 8, 15, 16, 17, 24, 31, 32, 33, 48, 62, 63)):
        case = shuffled(rng, word, extension, variant)
        before = case.before
        before = replace(before, registers=before.registers[:3], pc=before.pc[:3], status=before.status[:3])
        case = replace(case, program=replace(case.program, processors=3), before=before)
        yield replace(case, idle=max(0, time - 1 - len(log_of(case))))


def stopped(word: int, extension: str) -> Iterator[Case]:
    """Cases with every status and counters inside and outside the program, and with a single processor and instruction."""
    count, some = batch(word), adversarial(word)
    code = tuple(register_form(o) for o in operations(extension))[:3]
    for variant, status in enumerate(COUNTERS):
        state = "running" if status == "word" else status
        bank = tuple((i % 2, i % 3, *[some[i % len(some)]] * 6) for i in range(count))
        pc = tuple(i % 5 if i < 8 else some[i % len(some)] for i in range(count))
        before = Configuration((5, 7), bank, pc, (cast(Status, state),) * count)
        yield Case(Program(code, word, count, 2, data=(5, 7)), before, variant)
    for operation in operations(extension):
        before = Configuration((9,), ((1, 0, 3, 4, 5, 6, 7, 8),), (0,), (RUNNING,))
        yield Case(Program((register_form(operation, x=Reg(2)),), word, 1, 1, data=(9,)), before)


def concurrent_accesses(word: int, extension: str) -> Iterator[Case]:
    """Cases in which many processors store to one address, and the lowest one takes effect; others load or halt."""
    count, code = batch(word), (Instruction("st", 0, 1, 0), Instruction("ld", 3, 1, 0), Instruction("halt"))
    for first, address in product((0, 1, 2, 7, count - 1), (0, 1, CELLS - 1, CELLS)):
        bank = tuple(((7 * i + 1) % (1 << word), address if i % 3 else i % CELLS, *[i] * 6) for i in range(count))
        pc = tuple(0 if i >= first else 1 + i % 2 for i in range(count))
        memory = tuple(range(3, 3 + CELLS))
        yield Case(Program(code, word, count, CELLS, data=memory), Configuration(memory, bank, pc, (RUNNING,) * count), first)
    offsets = tuple(dict.fromkeys(value % (1 << word) for value in (0, 1, 3, 7, 11, 15, 16, 20, 27, -1)))
    for address in (0, 5, 10, CELLS - 1):  # reached with and without carries; words with all bits 0 and 1 alternate
        bank = tuple(
            ((-(i & 1)) % (1 << word), (address - offsets[i % len(offsets)]) % (1 << word), *[i] * 6) for i in range(count)
        )
        pc, memory = tuple(i % len(offsets) for i in range(count)), tuple(range(CELLS))
        stores = tuple(Instruction("st", 0, 1, offset) for offset in offsets)
        yield Case(
            Program(stores, word, count, CELLS, data=memory), Configuration(memory, bank, pc, (RUNNING,) * count), address
        )


def history(rng: Random, word: int, extension: str, variant: int) -> Case:
    """A case with a random log that stores repeatedly to the words that are loaded; ``variant`` varies the processors."""
    size, some, table = 1 << word, adversarial(word), operations(extension)
    memories = [operation for operation in table if "m" in operation.shape]
    processors, memory = 1 + variant % min(size - 1, 24), rng.randint(1, CELLS)
    length = rng.randint(1, 6) if variant % 2 else rng.randint(8, 24)
    hot = [rng.randrange(memory) for _ in range(2)]

    def value() -> int:
        return rng.choice((rng.choice(some), rng.randrange(size), rng.randrange(memory), rng.randrange(2)))

    def instruction(operation: Operation) -> Instruction:
        x: Reg | int = rng.choice((Reg(rng.randrange(REGISTERS)), value()))
        made = register_form(operation, rng.randrange(REGISTERS), rng.randrange(REGISTERS), x)
        return replace(made, ra=None, x=rng.choice(hot)) if "m" in operation.shape and rng.random() < 0.8 else made

    def event() -> Event:
        status = "running" if rng.random() < 0.6 else rng.choice(COUNTERS[1:])
        write = Write("memory", rng.choice(hot), value())
        if rng.random() < 0.4:
            write = Write("register", rng.randrange(REGISTERS), value())
        pc = rng.randrange(length) if rng.random() < 0.9 else value()
        return Event(pc, cast(Status, status), write if rng.random() < 0.9 else None)

    code = [instruction(rng.choice(memories if rng.random() < 0.5 else table)) for _ in range(length)]
    code[variant % length] = instruction(table[variant % len(table)])
    program = Program(tuple(code), word, processors, memory, data=tuple(value() for _ in range(memory)))
    times = 1 + variant % (8 if processors < 8 else 3)
    log = tuple(tuple(event() for _ in range(processors)) for _ in range(times))
    return given(program, log, extension, rng.randrange(8))


def overwritten(word: int, extension: str) -> Iterator[Case]:
    """Cases in which two consecutive steps write to one word, at every operation and status: the later write takes effect."""
    table, count, plain = operations(extension), batch(word), (0, RUNNING)
    code = (Instruction("ld", 0, 1, 0), *map(register_form, table))
    some = [(i, RUNNING) for i in range(1, len(code))] + [(0, cast(Status, status)) for status in COUNTERS[1:]]
    pairs = [pair for at in some for pair in ((at, plain), (plain, at))]
    for start in range(0, len(pairs), count):
        part = list(enumerate(pairs[start : start + count]))
        log = (
            tuple(Event(*first, Write("register", 1, pid)) for pid, (first, _) in part),
            tuple(Event(*second, Write("memory", pid, 5)) for pid, (_, second) in part),
            tuple(Event(*plain, Write("memory", pid, 9)) for pid, _ in part),
        )
        program = Program(code, word, len(part), len(part), data=(3,) * len(part))
        yield given(program, log, extension)


def given(program: Program, log: tuple[tuple[Event, ...], ...], extension: str, variant: int = 0) -> Case:
    """The case whose state results from the events of a log, applied to the program's first state."""
    layout, state = cast(LogLayout, LogLayout.of(program, extension)), pram.initial(program)
    for events in log:
        state = layout.apply(state, events)
    return Case(program, state, variant, log=log)


def paired(word: int, extension: str) -> Iterator[Case]:
    """Cases with every operation on pairs of adversarial operands in registers, at most 256 pairs for each operation."""
    some = adversarial(word)
    count, memory = batch(word), tuple(range(CELLS))
    code = tuple(register_form(o) for o in operations(extension))
    pairs = list(product(some, some))
    for index, operation in enumerate(operations(extension)):
        chosen = pairs if {"a", "x"} <= set(operation.shape) or "m" in operation.shape else pairs[:: len(some) + 1]
        chosen = chosen if len(chosen) <= 256 else Random(index).sample(chosen, 256)
        for start in range(0, len(chosen), count):
            part = chosen[start : start + count]
            bank = tuple(((3 * a + x) % (1 << word), a, x, *[0] * 5) for a, x in part)
            before = Configuration(memory, bank, (index,) * len(part), (RUNNING,) * len(part))
            yield Case(Program(code, word, len(part), CELLS, data=memory), before)
