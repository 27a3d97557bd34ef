"""Family encoding (claim B), places: positions and places correspond one to one, in both layouts, for every P, M, L and T.

The layouts' own arithmetic is run on symbols (``proofs.symbolic.counts``). A model is taken to layouts of plain numbers: one
of the model's shape, then small ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from efasp.codebook import Codebook
from efasp.encoding import FIELDS, LOG_SLOTS, CellLayout, Layout, LogLayout, cell_places, log_places
from efasp.pram.isa import REGISTERS
from efasp.proofs.conclusions import concluded
from efasp.proofs.obligation import Assignment, Obligation
from efasp.proofs.smtlib import FALSE, Script, Term, eq, implies, land, le, lnot, lor, lt, minus, num
from efasp.proofs.smtlib import TRUE as HOLDS
from efasp.proofs.symbolic.counts import DIGITS, FACTS, TRUE, Counts
from efasp.proofs.symbolic.ends import size_ends
from efasp.proofs.symbolic.machine import SIZE, WORD, of, paths, word

NARROW = 5  # the width of the codebooks here: their kinds and payloads are those of any width (lemma encoding.codebook)
SMALL = 3  # the largest size of the layouts that are tried


class LogShape(LogLayout):
    """A log layout whose shape is symbols of a script."""

    latest: Any = None

    def __init__(self, script: Script) -> None:
        self.count_of = shape(script, self, "(+ T 1)", "(+ latest 1)")
        self.latest = self.count_of(script.integer("latest", 1, note="the last time that the clock holds"))
        script.integer("T", 0, note="the sequence holds the times 0..T")
        script.definition(le("T", "latest"))
        for end in ("0", "latest"):
            script.admits(eq("T", end))
        self.codebook = of_width(log_places(NARROW), self.word)


class CellShape(CellLayout):
    """A cell layout whose shape is symbols of a script."""

    def __init__(self, script: Script) -> None:
        self.count_of = shape(script, self)
        self.codebook = of_width(cell_places(NARROW), self.word)


def of_width(book: Codebook, width: Any) -> Codebook:
    """A codebook of places with the index of another width, a symbol perhaps."""
    return replace(book, payloads=tuple((name, width if name == "index" else bits) for name, bits in book.payloads))


SHAPES: dict[str, Any] = {"log": LogShape, "cells": CellShape}


def shape(script: Script, layout: Any, *tops: Term) -> Counts:
    """Make w, P, M and L symbols; ``tops``: the terms that times are compared with."""
    layout.word, count_of = word(script, range(0)), Counts(script, tops)
    for name, note in (("P", "processors"), ("M", "words of memory"), ("L", "instructions")):
        script.integer(name, 1, note=note)
    size_ends(script, ("P", "M", "L"), SIZE)
    layout.processors, layout.memory, layout.length = count_of("P"), count_of("M"), count_of("L")
    return count_of


def size(layout: Any, steps: Any) -> Any:
    """Number of positions."""
    return layout.context_length(steps) if isinstance(layout, LogLayout) else layout.context_length


def found(run: Callable[[], Any]) -> Any:
    """The result of a function, or None where it raises IndexError: there is no such position or place."""
    try:
        return run()
    except IndexError:
        return None


# Conclusions about the arithmetic.


@concluded("encoding.clock")
def CLOCK(times: Term, words: Term) -> Term:
    """The log's clock holds at least 2^16 times, and at least twice as many as there are words (``words``: 2^w)."""
    return land(le(num(1 << 16), times), le(f"(* 2 {words})", times))


SIZES = {name: name for name in "LMPT"}  # instructions, words of memory, processors, and the last time of the sequence


def limits(book: Codebook, kind: str, sizes: Mapping[str, Term] = SIZES) -> dict[str, Term]:
    """How many values each payload of a kind of place takes in a sequence of these sizes."""
    index = sizes["L" if kind in FIELDS else "M" if kind == "memory" else "P"]
    every = {"index": index, "time": f"(+ {sizes['T']} 1)", "register": num(REGISTERS), "slot": "2"}
    return {name: every[name] for name in book.kinds[book.kind_index[kind]].payloads}


@concluded("encoding.places", "a place")
def PLACE(book: Codebook, row: Sequence[Any], sizes: Mapping[str, Term] = SIZES) -> Term:
    """The place of a position is one of the sequence's."""
    parts = []
    for number, kind in enumerate(book.kinds):
        bounds = limits(book, kind.name, sizes)
        inside = [
            land(le("0", of(value)), lt(of(value), bounds[name])) if name in bounds else eq(of(value), "0")
            for (name, _), value in zip(book.payloads, row[1:], strict=True)
        ]
        parts.append(land(eq(of(row[0]), num(number)), *inside))
    return lor(*parts)


@concluded("encoding.places", "back")
def BACK(at: Term, again: Term) -> Term:
    """A position is the position of its place."""
    return eq(again, at)


def inside(book: Codebook, kind: str, payloads: Mapping[str, Term], sizes: Mapping[str, Term] = SIZES) -> list[Term]:
    """That the payloads of a kind are those of a place of the sequence."""
    return [land(le("0", payloads[name]), lt(payloads[name], bound)) for name, bound in limits(book, kind, sizes).items()]


@concluded("encoding.places", "a position")
def POSITION(within: Sequence[Term], row: Sequence[Any], at: Term, again: Sequence[Any], end: Term) -> Term:
    """The position of a place is one of the sequence's, before its end, and has that place; ``within``: it is a place of it."""
    same = (eq(of(a), of(b)) for a, b in zip(row, again, strict=True))
    return implies(*within, land(le("0", at), lt(at, end), *same))


def under(conditions: Sequence[Term], goal: Term) -> Term:
    """A goal on a path through a function; a goal of false states that the path is infeasible."""
    if goal == FALSE:
        return lnot(land(*conditions))
    return implies(land(*conditions), goal) if conditions and goal != HOLDS else goal


def ways(run: Callable[[], Any], right: Callable[[Any], Term]) -> Term:
    """The goals of every path through a function."""
    return land(*(under(conditions, right(result)) for conditions, result in paths(run)))


def reached(run: Callable[[], Any], right: Callable[[Any], Term]) -> Term:
    """``ways`` of a function that must give a position or place on each path; a path that raises must be infeasible."""
    return ways(lambda: found(run), lambda result: FALSE if result is None else right(result))


def positions_to_places(script: Script, layout: Any) -> Term:
    """Every position has a place, which is one of the sequence's and gives the position back."""
    at = layout.count_of(script.integer("at", 0, note="a position"))
    end = of(size(layout, layout.count_of("T")))
    script.definition(lt("at", end))
    for number in ("0", minus(end, "1")):
        script.admits(eq("at", number))
    back = reached(lambda: layout.position(layout.place(at)), lambda again: script.conclude(BACK, "at", of(again)))
    return land(reached(lambda: layout.place(at), lambda row: script.conclude(PLACE, layout.codebook, row)), back)


def any_place(script: Script, layout: Any, kind: str) -> Any:
    """A place of a kind with any payloads."""
    bounds = limits(layout.codebook, kind)
    for name, bound in bounds.items():
        script.integer(name, 0)
        script.definition(lt(name, bound))
        for end in ("0", minus(bound, "1")):
            script.admits(eq(name, end))
    return layout.row(kind, **{name: layout.count_of(name) for name in bounds})


def places_to_positions(script: Script, layout: Any, kind: str) -> Term:
    """Every place of a kind has a position, which is one of the sequence's and gives the place back."""
    row, end = any_place(script, layout, kind), size(layout, layout.count_of("T"))
    within = inside(layout.codebook, kind, {name: name for name in limits(layout.codebook, kind)})

    def right(pair: Any) -> Term:
        at, again = pair
        return script.conclude(POSITION, within, row, of(at), again, of(end))

    return reached(lambda: (at := layout.position(row), layout.place(at)), right)


def in_parts(script: Script, layout: Any, kind: str) -> Term:
    """The parts in which sequences are made and read. The prompt's places come first. Log: each block follows the one before,
    and a processor's token stands in its block where ``in_block`` says. Cells: a slot stands where ``slot_of`` its cell
    says."""
    row = any_place(script, layout, kind)
    payloads, zero = layout.named(row)[1], layout.count_of("0")
    if kind in LOG_SLOTS and isinstance(layout, LogLayout):
        here, after, first = (layout.times(time) for time in (payloads["time"], payloads["time"] + 1, zero))

        def standing(pair: Any) -> Term:
            at, inside = map(of, pair)
            stands = land(eq(at, f"(+ {of(here.start)} {inside})"), le("0", inside), lt(inside, of(layout.block_length)))
            return land(stands, eq(of(here.stop), of(after.start)), eq(of(first.start), of(layout.prompt_length)))

        return reached(lambda: (layout.position(row), layout.in_block(kind, payloads["index"])), standing)
    if "slot" in layout.codebook.kinds[row[0]].payloads:

        def held(pair: Any) -> Term:
            at, cell = pair
            stands = eq(of(layout.slot_of(cell, payloads["slot"])), of(at))
            return land(stands, le("0", of(cell)), lt(of(cell), of(layout.cells)))

        return reached(lambda: (layout.position(row), layout.cell(row)), held)
    return reached(lambda: layout.position(row), lambda at: lt(of(at), of(layout.prompt_length)))


# With plain numbers.


def shapes(model: Assignment) -> Iterator[tuple[int, int, int, int]]:
    """P, M, L and T: those of a model, then small ones."""
    yield tuple(int(model[name]) if name in model else 1 for name in "PMLT")  # type: ignore[misc]
    yield from product(range(1, SMALL + 1), repeat=4)


def numbers(kind: str, width: int, processors: int, memory: int, length: int) -> Layout:
    """A layout of plain numbers."""
    return (LogLayout if kind == "log" else CellLayout)(width, "", processors, memory, length)


def widths(model: Assignment) -> Iterator[int]:
    """The width of a model, and some others, on which to look for a case of plain numbers."""
    chosen = [int(model.get(WORD, 5)), int(model.get(SIZE, 32) - 1).bit_length(), 5, 6, 7, 8, 9, 15, 16, 17]
    yield from (width for width in dict.fromkeys(chosen) if 5 <= width <= 1024)


def attempted(cases: Iterator[dict[str, Any]], **of: Any) -> Iterator[dict[str, Any]]:
    """Cases that fail; an exception of the search is one too. ``of``: the kind of the cases."""
    try:
        for case in cases:
            yield {**of, **case}
    except (LookupError, ValueError, TypeError) as error:
        yield {**of, "raised": f"{type(error).__name__}: {error}"}


def first_width(failing: Callable[[int], Iterable[dict[str, Any]]], model: Assignment) -> dict[str, Any] | None:
    """The first case that fails, at the width of a model or another one."""
    return next((case for width in widths(model) for case in failing(width)), None)


def position_failures(name: str, model: Assignment, width: int = NARROW) -> Iterator[dict[str, Any]]:
    """Positions that their place does not give back, or whose place another one has, or that its part does not find."""
    for processors, memory, length, steps in shapes(model):
        layout: Any = numbers(name, width, processors, memory, length)
        end = size(layout, steps)
        seen: dict[Any, int] = {}
        for at in range(end) if end < 1 << 10 else sorted({int(model.get("at", 0)), end - 1}):
            row = found(lambda: layout.place(at))  # noqa: B023
            again = None if row is None else found(lambda: layout.position(row))  # noqa: B023
            if again == at and seen.setdefault(row, at) == at and (part := other_part(layout, row, at)) == at:
                continue
            case = {"layout": name, "w": width, "P": processors, "M": memory, "L": length, "T": steps, "position": at}
            place = None if row is None else [layout.codebook.kinds[row[0]].name, *row[1:]]
            yield {**case, "place": place, "position of the place": again, "in its part": part if again == at else None}


def other_part(layout: Any, row: Any, at: int) -> int:
    """The position at which the reading in parts looks for a place."""
    kind, payloads = layout.named(row)
    if kind in LOG_SLOTS and isinstance(layout, LogLayout):
        at = layout.times(payloads["time"]).start + layout.in_block(kind, payloads["index"])
        return at
    if "slot" in layout.codebook.kinds[row[0]].payloads:
        at = layout.slot_of(layout.cell(row), payloads["slot"])
        return at
    return at if at < layout.prompt_length else -1


# Obligations.


def digits(n: tuple[int, int]) -> Iterator[Obligation]:
    """One digit of a mixed-radix number, with true products: the facts that the other scripts assume of their functions."""
    for fact, symbols in FACTS.items():
        script = Script("QF_NIA")
        goal = script.conclude(DIGITS[fact], TRUE, *(script.declare(symbol) for symbol in symbols.split()))
        yield script.obligation("encoding.digits", "B", {"of": fact}, "all n", n, goal)


def places(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about positions and places, in both directions and in parts, in both layouts."""
    for name, make in SHAPES.items():
        kinds = [kind.name for kind in (log_places if name == "log" else cell_places)(NARROW).kinds]
        rows: list[tuple[str, Callable[..., Term]]] = [("positions", positions_to_places)]
        rows += [(kind, partial(places_to_positions, kind=kind)) for kind in kinds]
        rows += [(f"{kind} in its part", partial(in_parts, kind=kind)) for kind in kinds]
        for what, state in rows:
            layout = make(script := Script("QF_UFLIA"))
            goal = state(script, layout)

            def replay(model: Assignment, name: str = name) -> dict[str, Any] | None:
                return first_width(partial(position_failures, name, model), model)

            # A position is in one of the sections, and so is the position of its place; a place of a kind is in one, and of the
            # sequence (``inside``).
            gone = 2 * len(layout.sections) if what == "positions" else None
            gone = 2 if what in kinds and limits(layout.codebook, what) else gone
            params = {"layout": name, "from": what}
            yield script.obligation("encoding.places", "B", params, "all n", n, goal, "every P, M, L, T", replay, ways=gone)
