"""Family simulation, concrete processors: loops of every count up to a bound, and the cases that replay a countermodel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from efasp.encoding import Event, LogLayout, Write
from efasp.loops import downwards, table
from efasp.pram import machine as pram
from efasp.pram.isa import Instruction, operations
from efasp.pram.machine import Configuration, Fault, Program
from efasp.proofs.lemmas.encoding_places import attempted, widths
from efasp.proofs.obligation import Assignment

STATUSES: Any = ("running", "halted", "load", "store", "pc")
FAULTS = ("load", "store", "pc")
COUNTS, SIZES = 1_600, (1, 2, 3, 4, 5, 8, 33, 65)


def loop_failures() -> Iterator[dict[str, Any]]:
    """Counts whose loops run the wrong turns, and configurations whose working copy is wrong or not independent."""
    down, threes = list(range(COUNTS))[::-1], tuple(3 * i for i in range(COUNTS))
    for count in range(COUNTS + 1):
        seen: list[int] = []
        downwards(count, seen.append)
        made = table(count, lambda i: 3 * i)
        if seen != down[COUNTS - count :] or made != threes[:count]:
            yield {"count": count, "downwards": seen, "table": list(made)}
    for processors, memory in product(SIZES, repeat=2):
        before = configuration(5, processors, memory)
        copied = before.working()
        if (
            copied.freeze() != before
            or copied.freeze() == changed(copied).freeze()
            or before != configuration(5, processors, memory)
        ):
            yield {"P": processors, "M": memory, "copied": str(copied)}


def changed(state: Any) -> Any:
    """The given working copy, changed in its memory, registers, counters and statuses."""
    state.memory[-1], state.registers[-1][7], state.pc[-1], state.status[-1] = -1, -1, -1, "other"
    return state


def configuration(width: int, processors: int, memory: int) -> Configuration:
    """A fixed configuration of a width and shape; at least every second processor runs."""
    top = 1 << width
    words = tuple((7 * a + 2) % top for a in range(memory))
    banks = tuple(tuple((p + 3 * r + 1) % top for r in range(8)) for p in range(processors))
    return Configuration(
        words,
        banks,
        tuple(p % 3 for p in range(processors)),
        tuple(STATUSES[p // 2 % 5] if p % 2 else "running" for p in range(processors)),
    )


def replayed(failing: Callable[[int, int, int], Iterator[dict[str, Any]]], model: Assignment) -> dict[str, Any] | None:
    """The first failing case, in the width and shape of a model first and then in other ones; None if all cases pass."""
    given = tuple(min(max(1, int(model.get(name, 1))), 300) for name in "PM")
    for width, (processors, memory) in product(widths(model), (given, *product((1, 2, 3, 5, 9), (1, 2, 5)), (70, 66))):
        if max(processors, memory) > 1 << width:
            continue
        case = next(attempted(failing(width, processors, memory), w=width, P=processors, M=memory), None)
        if case is not None:
            return case
    return None


def apply_failures(width: int, processors: int, memory: int) -> Iterator[dict[str, Any]]:
    """Blocks for which ``LogLayout.apply`` and a direct computation give different configurations."""
    layout, before = LogLayout(width, "M", processors, memory, 1), configuration(width, processors, memory)
    top = (1 << width) - 1
    for turn in range(4):
        writes: list[Write | None] = []
        for p in range(processors):
            register, address = Write("register", (p + turn) % 8, top - p % 7), Write("memory", p * turn % memory, top - p)
            writes.append((None, register, address)[(p * 5 + turn) % 3])
        block = [Event(p % 5, STATUSES[(p + turn) % 5], write) for p, write in enumerate(writes)]
        words, banks = list(before.memory), [list(bank) for bank in before.registers]
        for p in range(processors - 1, -1, -1):
            write = writes[p]
            if write is not None and write.space == "memory":
                words[write.target] = write.value
            elif write is not None:
                banks[p][write.target] = write.value
        wanted = Configuration(
            tuple(words), tuple(map(tuple, banks)), tuple(e.pc for e in block), tuple(e.status for e in block)
        )
        if (actual := layout.apply(before, block)) != wanted:
            yield {"events": str(block), "expected": str(wanted), "found": str(actual)}


def advance_failures(width: int, processors: int, memory: int) -> Iterator[dict[str, Any]]:
    """Steps for which the configuration or the stopped processors differ from the effects of the single processors."""
    before = configuration(width, processors, memory)
    x = (1 << width) - 1
    for code in codes(memory, x):
        program = Program(code, width, processors, memory)
        state, words, banks = before.working(), list(before.memory), [list(bank) for bank in before.registers]
        pcs, statuses, stops = list(before.pc), list(before.status), list[int]()
        stopped = pram._advance(program, state)
        for p in range(processors - 1, -1, -1):
            if before.status[p] != "running":
                continue
            effect = pram._execute(program, before, p)
            pcs[p], statuses[p] = effect.pc, effect.status
            if effect.status != "running":
                stops.insert(0, p)
            elif effect.store is not None:
                words[effect.store] = effect.value
            elif effect.rd is not None:
                banks[p][effect.rd] = effect.value
        wanted = Configuration(tuple(words), tuple(map(tuple, banks)), tuple(pcs), tuple(statuses))
        if (state.freeze(), stopped) != (wanted, stops):
            yield {
                "program": [str(i) for i in code],
                "before": str(before),
                "expected": str((wanted, stops)),
                "found": str((state, stopped)),
            }


def codes(memory: int, x: int) -> Iterator[tuple[Instruction, ...]]:
    """Short programs: all triples of a load, a store, ``halt`` and a faulting load, and every operation twice."""
    load, store, fault = Instruction("ld", 1, None, 0), Instruction("st", 2, None, 0), Instruction("ld", 1, None, x)
    yield from product((load, store, Instruction("halt"), fault if x >= memory else store), repeat=3)
    for number, operation in enumerate(operations("M")):
        shape = operation.shape
        second: Any = 1 if set("xmt") & set(shape) else None
        rd, ra = (number % 8 if set("ds") & set(shape) else None), (4 if set("am") & set(shape) else None)
        yield (Instruction(operation.name, rd, ra, second),) * 2


def fault_failures(width: int, processors: int, memory: int) -> Iterator[dict[str, Any]]:
    """Pairs of configurations between which ``faults_between`` reports wrong faults."""
    for shift, other, number in product(range(5), range(5), (7, 1000)):
        statuses = [
            tuple(STATUSES[(p * step + turn) % 5] for p in range(processors)) for step, turn in ((1, shift), (2, other))
        ]
        before, after = (Configuration((0,) * memory, ((0,) * 8,) * processors, tuple(range(processors)), s) for s in statuses)
        wanted = [
            Fault(p, number, p, now) for p, (was, now) in enumerate(zip(*statuses, strict=True)) if was != now and now in FAULTS
        ]
        if (actual := pram.faults_between(before, after, number)) != wanted:
            yield {"before": str(statuses[0]), "after": str(statuses[1]), "expected": str(wanted), "found": str(actual)}
