"""Masked diffusion at late times: a long log of random steps, in which the next blocks are decoded at several times.

Coordinates of the clock's higher bits matter at times that the sequences of ``machine_states`` do not reach, as dense passes
over so many positions take too long. These passes are those of ``efasp.model.indexed``, which computes what dense passes give,
bit for bit, or refuses. That no step is wrong is not a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from random import Random
from typing import cast

import numpy as np

from efasp.encoding import COUNTERS, Event, LogLayout, TokenSequence, Write, join
from efasp.model.indexed.log import Log
from efasp.model.indexed.lookups import Unsuited
from efasp.model.plan import Plan
from efasp.pram import machine as pram
from efasp.pram.isa import Instruction, operations
from efasp.pram.machine import Program, Status
from efasp.proofs.concrete.machine_passes import Report, block_difference, chosen
from efasp.proofs.concrete.machine_states import adversarial, register_form
from efasp.proofs.obligation import Machine, within

METHOD = "indexed forward passes at late times"
PROCESSORS, CELLS = 2, 3
TIMES = tuple((1 << bit) - 20 for bit in range(6, 16))  # before which the log is random; the next STEPS blocks are decoded
STEPS = 24
PIECE = 1024  # blocks that are added at once
NUMBERS = 30_000_000  # of the residual stream, over all positions: 0.5 GiB at most for an array of a layer

Outputs = Callable[[TokenSequence, TokenSequence], np.ndarray]  # of what stays and a block behind it, as in ``indexed.log``


def first_failure(plan: Plan, machine: Machine, seconds: float = inf) -> Report | None:
    """The first step that a plan for masked diffusion decodes wrongly: its time, and the expected and actual values.

    None if all are right (or those that were decoded within ``seconds``), and where passes cannot be indexed or there is no
    torch.
    """
    try:
        from efasp.model.decode import plain
        from efasp.model.transformer import Transformer
    except ModuleNotFoundError:
        return None
    try:
        log = Log(plain(Transformer.of(plan, plan.dtype)))
        for time, report in within(steps(machine, log.outputs, plan.shape["d_model"]), seconds):
            if report is not None:
                before = f"random steps up to time {time - 1}"
                return {"engine": machine.engine, "w": machine.word, "time": time, "log": before, **report}
    except Unsuited:
        pass
    return None


def steps(machine: Machine, outputs: Outputs, width: int) -> Iterator[tuple[int, Report | None]]:
    """Of each time at which a block is decoded the time, and the first error. ``width``: d_model."""
    program, rng = program_of(machine), Random(f"{machine.word} {machine.extension}")
    layout = cast(LogLayout, LogLayout.of(program, machine.extension, machine.code is None))
    stays, state, time = layout.opening(program), pram.initial(program), 1
    for late in TIMES:
        if width * layout.context_length(late + STEPS) > NUMBERS:
            return
        while time < late:
            logged = [events(rng, machine.word, program) for _ in range(min(PIECE, late - time))]
            for one in logged:
                state = layout.apply(state, one)
            grown = join([stays, *(layout.block(at, one) for at, one in enumerate(logged, time))])
            outputs(grown, layout.masks(time + len(logged)))
            stays, time = stays[:0], time + len(logged)
        for time in range(late, late + STEPS):
            read = outputs(stays, layout.ahead(time, time + 1))[len(stays) :]
            predicted, due = chosen(read, layout)
            size = layout.block_length
            yield time, block_difference(program, layout, state, due[:size], predicted[size:], layout.times(time).stop)
            one = events(rng, machine.word, program)
            stays, state = layout.block(time, one), layout.apply(state, one)
        time += 1


def program_of(machine: Machine) -> Program:
    """A program with every operation and many loads, or that of a machine that is specialised to one."""
    table = operations(machine.extension)
    loads = [Instruction("ld", 3 + address, None, address) for address in range(CELLS)] * 4
    code = machine.code or (*map(register_form, table), *loads[: (1 << machine.word) - len(table)])
    return Program(tuple(code), machine.word, PROCESSORS, CELLS, data=tuple(range(5, 5 + CELLS)))


def events(rng: Random, word: int, program: Program) -> tuple[Event, ...]:
    """A random event of each processor: most write to one of few registers or words of memory, and run on in the program."""
    some, size = adversarial(word), 1 << word

    def event() -> Event:
        value = rng.choice((rng.choice(some), rng.randrange(size), rng.randrange(CELLS)))
        write = (
            Write("memory", rng.randrange(CELLS), value) if rng.random() < 0.5 else Write("register", rng.randrange(3), value)
        )
        pc = rng.randrange(program.length) if rng.random() < 0.95 else value
        status = "running" if rng.random() < 0.95 else rng.choice(COUNTERS[1:])
        return Event(pc, cast(Status, status), write if rng.random() < 0.9 else None)

    return tuple(event() for _ in range(program.processors))
