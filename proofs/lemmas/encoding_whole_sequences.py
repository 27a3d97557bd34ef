"""Family encoding (claim B): whole sequences with plain numbers, of some shapes at any width, against tables written out here.

They tie the symbolic runs to the arrays that are made, at every width; countermodels are replayed on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice, product
from typing import Any

from efasp.encoding import FIELDS, LOG_SLOTS, CellLayout, Event, LogLayout, TokenSequence, Write
from efasp.pram.isa import EXTENSIONS, REGISTERS, Instruction, Reg, operations
from efasp.pram.machine import Configuration, Program, initial
from efasp.proofs.lemmas.encoding_codebooks import table
from efasp.proofs.lemmas.encoding_places import attempted, widths
from efasp.proofs.obligation import Assignment
from efasp.proofs.symbolic.token_contents import Content, says

STATUSES: Any = ("running", "halted", "load", "store", "pc")
Place = tuple[str, dict[str, int]]
# P, M, L, the given words, and the steps of a log.
SHAPES = ((1, 1, 1, 0, 0), (2, 3, 4, 1, 1), (5, 4, 7, 4, 2))
LARGE, LATE = (67, 70, 66, 65, 3), (1, 1, 1, 0, 130)
POSITIONS = 1 << 13  # a model's shape is tried if its sequence is no longer


def masked(kind: str, payloads: dict[str, Any]) -> tuple[str, Any]:
    """The content of a place where the mask is, whatever the place."""
    return "mask", 0


def differing(what: str, model: Assignment) -> Iterator[dict[str, Any]]:
    """The cases of plain numbers that are not as the tables say, at a model's width and shape, then at others."""
    given = [int(model.get(name, 1)) for name in "PML"] + [int(model.get("D", 0)), int(model.get("time", 0))]
    small = (*(max(size, 1) for size in given[:3]), min(given[3], given[1]), min(given[4], 64))
    fits = small[0] * (10 + 3 * small[4]) + small[1] + small[2] < POSITIONS
    shapes = [*([small] if fits else []), *SHAPES, LATE, LARGE]
    for width, shape in product(widths(model), shapes):
        if max(shape[:3]) <= 1 << width:
            cases = (starts if what == "initial" else sequences)(width, *shape)
            yield from attempted(cases, **named(width, shape))


def named(width: int, shape: Sequence[int]) -> dict[str, int]:
    """A width and a shape as parameters of an obligation, by name."""
    return {"w": width, **dict(zip(("P", "M", "L", "given words", "T"), shape, strict=True))}


def program(width: int, processors: int, memory: int, length: int, words: int, extension: str = "M") -> Program:
    """Some program of a shape; no two of its words or operands that follow one another are equal."""
    every = cycle(instructions(width, extension))
    code = tuple(islice(every, length))
    return Program(code, width, processors, memory, data=tuple(word(width, a) for a in range(words)))


def word(width: int, number: int) -> int:
    """A word that varies with a number and is never 0."""
    return (5 * number + 3) % ((1 << width) - 1) + 1


def instructions(width: int, extension: str) -> list[Instruction]:
    """Every operation once, with different operands."""
    out = []
    for number, o in enumerate(operations(extension)):
        shape, rd, ra = o.shape, number % 8, (number + 3) % 8
        x: Any = Reg((number + 5) % 8) if number % 2 and "x" in shape else word(width, number)
        takes = bool(set("xmt") & set(shape))
        out.append(
            Instruction(
                o.name, rd if set("ds") & set(shape) else None, ra if set("am") & set(shape) else None, x if takes else None
            )
        )
    return out


# Expected sequences.


def prompt_places(length: int) -> Iterator[Place]:
    """The places of header and program, in order."""
    yield from (("bos", {}), ("nproc", {}))
    yield from ((kind, {"index": i}) for i in range(length) for kind in FIELDS)


def log_places(processors: int, times: range) -> Iterator[Place]:
    """The places of some times of the log."""
    yield from ((kind, {"index": p, "time": t}) for t in times for p in range(processors) for kind in LOG_SLOTS)


def cell_places(processors: int, memory: int) -> Iterator[Place]:
    """The places of the cells."""
    yield from (("memory", {"index": a, "slot": slot}) for a in range(memory) for slot in (0, 1))
    for p, r in product(range(processors), range(REGISTERS)):
        yield from (("register", {"index": p, "register": r, "slot": slot}) for slot in (0, 1))
    yield from (("counter", {"index": p, "slot": slot}) for p in range(processors) for slot in (0, 1))


class Expected:
    """Token ids and rows, by the tables of a width."""

    def __init__(self, width: int, extension: str, name: str) -> None:
        book = table("tokens", width, extension)
        self.first, at = {}, 0
        for kind in book.kinds:
            self.first[kind.name] = at
            at += 1 << sum(book.bits[payload] for payload in kind.payloads)
        self.places = table(name, width, clock=max(16, width + 1))

    def row(self, place: Place) -> list[int]:
        """The row of a place, from its kind's name and payloads."""
        numbers = [kind.name for kind in self.places.kinds]
        return [numbers.index(place[0]), *(place[1].get(name, 0) for name, _ in self.places.payloads)]

    def difference(self, found: TokenSequence, wanted: list[tuple[Place, tuple[str, int]]]) -> dict[str, Any] | None:
        """The first position where a sequence is not as it must be."""
        tokens, rows = found.tokens.tolist(), found.places.tolist()
        if not len(tokens) == len(rows) == len(wanted):
            return {"positions": len(tokens), "expected": len(wanted)}
        for at, (token, row, (place, (kind, value))) in enumerate(zip(tokens, rows, wanted, strict=True)):
            expected = [self.first[kind] + value, self.row(place)]
            if [token, row] != expected:
                return {"position": at, "place": str(place), "expected": expected, "found": [token, row]}
        return None


# The sequences that the layouts make.


def starts(width: int, *shape: int) -> Iterator[dict[str, Any]]:
    """Initial configurations that are not as they must be."""
    processors, memory, length, words, _ = shape
    given = program(width, processors, memory, length, words)
    wanted = (given.data + (0,) * (memory - words), ((0,) * 8,) * processors, (0,) * processors, ("running",) * processors)
    found = initial(given)
    if (found.memory, found.registers, found.pc, found.status) != wanted:
        yield {**named(width, shape), "expected": str(wanted), "found": str(found)}


def sequences(width: int, *shape: int) -> Iterator[dict[str, Any]]:
    """Sequences that are not as they must be: a run's opening, blocks, masks, logs and configurations."""
    processors, memory, length, words, steps = shape
    for extension in EXTENSIONS:
        given = program(width, processors, memory, length, words, extension)
        for kind, build in (("log", logs), ("cells", cells)):
            for name, found, places, wanted in build(given, extension, steps):
                expected = Expected(width, extension, "log places" if kind == "log" else "cell places")
                case = expected.difference(found, [(place, wanted(*place)) for place in places])
                if case is not None:
                    yield {**named(width, shape), "ext": extension or "none", "of": f"{kind}: {name}", **case}


def event(width: int, memory: int, number: int) -> Event:
    """An event that varies with a number: register and memory writes, none, each status."""
    writes = (
        None,
        Write("register", number % 8, word(width, number)),
        Write("memory", number % memory, word(width, number + 1)),
    )
    return Event(word(width, number + 2), STATUSES[number % 5], writes[number % 3])


Case = tuple[str, TokenSequence, list[Place], Any]  # its name, the sequence, its places, and the expected contents


def logs(given: Program, extension: str, steps: int) -> Iterator[Case]:
    """The cases of the log layout of a program, after some steps."""
    layout: Any = LogLayout.of(given, extension)
    P, memory = given.processors, given.data + (0,) * (given.memory - len(given.data))
    log = [[event(given.word, given.memory, P * time + pid) for pid in range(P)] for time in range(steps)]
    whole = [[Event(0, "running")] * P, *log]

    def wanted(kind: str, payloads: dict[str, int]) -> tuple[str, int]:
        now = whole[payloads.get("time", 0)]
        return says(
            Content(P % (1 << given.word), given.instructions.__getitem__, memory.__getitem__, event=now.__getitem__),
            kind,
            payloads,
        )

    prompt = [*prompt_places(given.length), *(("memory", {"index": a}) for a in range(given.memory))]
    yield "opening", layout.opening(given), [*prompt, *log_places(P, range(1))], wanted
    yield "encode", layout.encode(given, log), [*prompt, *log_places(P, range(steps + 1))], wanted
    yield "block", layout.block(steps, whole[steps]), [*log_places(P, range(steps, steps + 1))], wanted
    for time in (1, steps + 1, 64):
        yield "masks", layout.masks(time), [*log_places(P, range(time, time + 1))], masked
    yield "masks ahead", layout.ahead(1, steps + 2), [*log_places(P, range(1, steps + 3))], masked


def cells(given: Program, extension: str, turn: int) -> Iterator[Case]:
    """The cases of the cell layout of a program."""
    layout: Any = CellLayout.of(given, extension)
    P, width = given.processors, given.word
    memory = given.data + (0,) * (given.memory - len(given.data))
    places = [*prompt_places(given.length), *cell_places(P, given.memory)]
    start = Content(P % (1 << width), given.instructions.__getitem__, memory.__getitem__)
    yield "opening", layout.opening(given), places, lambda kind, payloads: says(start, kind, payloads)
    words = tuple(word(width, 7 * address) for address in range(given.memory))
    banks = tuple(tuple(word(width, 8 * pid + r) for r in range(REGISTERS)) for pid in range(P))
    pcs, statuses = tuple(word(width, 3 * pid) for pid in range(P)), tuple(STATUSES[(pid + turn) % 5] for pid in range(P))
    state = Configuration(words, banks, pcs, statuses)
    for slot in (0, 1):
        content = Content(
            P % (1 << width), given.instructions.__getitem__, words.__getitem__,
            lambda pid, r: banks[pid][r], lambda pid: (pcs[pid], statuses[pid]), slot=slot,
        )  # fmt: skip
        found = layout.encode(given, state, [slot] * (given.memory + 9 * P))
        yield "encode", found, places, lambda kind, payloads, content=content: says(content, kind, payloads)
