"""Family encoding (claim B): whole sequences of small machines to tokens and back, with plain numbers, at any width.

They tie the obligations about one place at a time to the arrays that are made, and countermodels are replayed on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice, product
from typing import Any

import numpy as np

from efasp.encoding import STOPPED, CellLayout, EncodingError, Event, LogLayout, TokenSequence, Write
from efasp.pram.isa import Instruction, Reg, operations
from efasp.pram.machine import Configuration, Program
from efasp.proofs.lemmas.encoding_places import attempted, widths
from efasp.proofs.obligation import Assignment

Shape = tuple[int, int, int]  # P, M, L
SHAPES: tuple[Shape, ...] = ((1, 1, 1), (2, 1, 2), (1, 3, 2), (2, 3, 1), (5, 4, 6))
STATUSES = ("running", *STOPPED)
Cases = Iterator[dict[str, Any]]


def some(width: int) -> tuple[int, ...]:
    """The words 0, 1 and the largest of a width."""
    return 0, 1, (1 << width) - 1


def instructions(width: int) -> Iterator[Instruction]:
    """Every operation with some of its operands."""
    numbers: tuple[int | None, ...] = (None, 0, 7)
    for o, rd, ra, x in product(operations("M"), numbers, numbers, (None, Reg(0), Reg(7), *some(width))):
        try:
            yield Instruction(o.name, rd, ra, x)
        except ValueError:
            continue


def events(width: int, memory: int) -> list[Event]:
    """Every status with every kind of write."""
    writes = [
        None,
        Write("register", 7, 1),
        Write("register", 0, 0),
        Write("memory", 0, (1 << width) - 1),
        Write("memory", memory - 1, 2),
    ]
    counters: Any = zip(cycle(some(width)), STATUSES, strict=False)
    return [Event(pc, status, write) for (pc, status), write in product(counters, writes)]


def instruction_failures(width: int, shapes: Iterable[Shape] = SHAPES) -> Cases:
    """Instructions that are not read back, and tokens that are read as an instruction which is written in others."""
    layout = LogLayout(width, "M", 1, 1, 1)
    for instruction in instructions(width):
        tokens = layout.instruction_tokens(instruction)
        got = outcome(lambda t=tokens: layout.instruction(t))  # type: ignore[misc]
        if got != instruction:
            yield {"w": width, "instruction": str(instruction), "tokens": list(tokens), "read": str(got)}
    token = layout.vocabulary.token
    ops = [token(kind.name) for kind in layout.vocabulary.kinds if kind.name.startswith("op:")]
    kinds = [token("none"), token("reg", 3), token("word", 7), token("mask"), token("halted", 1)]
    for four in product([*ops, *kinds], kinds, kinds, kinds):
        got = outcome(lambda f=four: layout.instruction(f))  # type: ignore[misc]
        if isinstance(got, Instruction) and layout.instruction_tokens(got) != four:
            yield {"w": width, "tokens": list(four), "read": str(got), "written": list(layout.instruction_tokens(got))}


def outcome(run: Callable[[], Any]) -> Any:
    """The result of a function, or the message of its exception."""
    try:
        return run()
    except (EncodingError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def program(width: int, processors: int, memory: int, length: int) -> Program:
    """A program of a shape, with instructions and data that take turns among those that are tried."""
    code = tuple(islice(cycle(instructions(width)), 5 * length))[::5]
    return Program(code, width, processors, memory, data=tuple(islice(cycle(some(width)), memory)))


def failures(layout: Any, what: dict[str, Any], content: Any, encode: Callable[[Any], TokenSequence], others: bool) -> Cases:
    """Content that is not read back; with ``others``, sequences with one other token that are read, and written differently."""
    sequence = encode(content)
    got = outcome(lambda: layout.decode(sequence))
    if got != content:
        yield {**what, "content": str(content), "read": str(got)}
    if len(set(map(tuple, sequence.places.tolist()))) != len(sequence):
        yield {**what, "places": "not all different"}
    if not others:
        return
    for position, column in product((0, len(sequence) // 2, len(sequence) - 1), range(sequence.places.shape[1])):
        places = sequence.places.copy()
        places[position, column] ^= 1
        if not isinstance(outcome(lambda p=places: layout.decode(TokenSequence(sequence.tokens, p))), str):  # type: ignore[misc]
            yield {**what, "position": position, "place": places[position].tolist(), "expected": "refused"}
    samples = [layout.vocabulary.token(k.name, v) for k in layout.vocabulary.kinds for v in ((0, 1) if k.payloads else (0,))]
    for position, token in product(range(len(sequence)), samples):
        tokens = sequence.tokens.copy()
        tokens[position] = token
        got = outcome(lambda t=tokens: layout.decode(TokenSequence(t, sequence.places)))  # type: ignore[misc]
        if not isinstance(got, str) and not (valid(layout, got) and np.array_equal(encode(got).tokens, tokens)):
            yield {**what, "position": position, "token": token, "read": str(got), "written": encode(got).tokens.tolist()}


def valid(layout: Any, content: Any) -> bool:
    """Whether nothing is written outside of the memory."""
    writes = [event.write for block in content[2] for event in block] if isinstance(layout, LogLayout) else []
    return all(write is None or write.space == "register" or write.target < layout.memory for write in writes)


def log_failures(width: int, shapes: Iterable[Shape] = SHAPES) -> Cases:
    """Logs of small machines: 0 to 2 steps, every event."""
    for processors, memory, length in shapes:
        made, every = program(width, processors, memory, length), cycle(events(width, memory))
        layout = LogLayout.of(made, "M")
        for steps in (0, 1, 2, 2, 2, 2, 2, 2):
            log = [tuple(islice(every, processors)) for _ in range(steps)]
            data = tuple(islice(cycle(made.data), memory))

            def encode(content: Any, made: Program = made, layout: Any = layout) -> TokenSequence:
                code, words, events = content
                sequence: TokenSequence = layout.encode(Program(code, width, made.processors, made.memory, data=words), events)
                return sequence

            what = {"w": width, "layout": "log", "P": processors, "M": memory, "L": length, "T": steps}
            smallest = (processors, memory, length, steps) == (1, 1, 1, 1)
            yield from failures(layout, what, (made.instructions, data, log), encode, others=smallest)


def cell_failures(width: int, shapes: Iterable[Shape] = SHAPES) -> Cases:
    """Configurations of small machines, and slots."""
    for processors, memory, length in shapes:
        made, words = (
            program(width, processors, memory, length),
            cycle(range((1 << width) - 37 if width > 5 else 0, 1 << width)),
        )
        layout = CellLayout.of(made, "M")
        assert isinstance(layout, CellLayout)
        for turn in range(len(STATUSES)):
            banks = tuple(tuple(islice(words, 8)) for _ in range(processors))
            statuses: Any = tuple(islice(cycle(STATUSES), turn, turn + processors))
            state = Configuration(tuple(islice(words, memory)), banks, tuple(islice(words, processors)), statuses)
            slots = tuple((cell * (turn + 3) >> 1) & 1 for cell in range(layout.cells))

            def encode(content: Any, made: Program = made, layout: Any = layout) -> TokenSequence:
                code, state, slots = content
                sequence: TokenSequence = layout.encode(Program(code, width, made.processors, made.memory), state, slots)
                return sequence

            what = {"w": width, "layout": "cells", "P": processors, "M": memory, "L": length}
            smallest = (processors, memory, length, turn) == (1, 1, 1, 0)
            yield from failures(layout, what, (made.instructions, state, slots), encode, others=smallest)


FAILURES: dict[str, Callable[..., Cases]] = {"instructions": instruction_failures, "log": log_failures, "cells": cell_failures}


def replayed(name: str, model: Assignment) -> dict[str, Any] | None:
    """The first case of plain numbers that fails, of a model's width and shape or of others."""
    sizes = tuple(max(1, int(model.get(size, 1))) for size in "PML")
    given = [sizes] if max(sizes) <= 1 << 8 else []
    for width in widths(model):
        some_shapes = [*(s for s in given if max(s) <= 1 << width), *SHAPES]
        failing = (instruction_failures, log_failures) if name == "instructions" else (FAILURES[name],)
        case = next((case for find in failing for case in attempted(find(width, some_shapes), w=width)), None)  # type: ignore[arg-type]
        if case is not None:
            return case
    return None
