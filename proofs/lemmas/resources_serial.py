"""Family resources, the serial program of claim T2 (``model.serial_program``): its steps for every plan, and its results.

The steps are counted in the text of the decoder, which is the same for every plan (``proofs.symbolic.counted_loops``). What the
count rests on of a plan's constants and tables is checked on every program that is generated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import product
from math import lcm
from typing import Any

import numpy as np

from efasp.model import closed_forms
from efasp.model.closed_forms import Quantities
from efasp.model.lower import lower
from efasp.model.plan import Plan, TransformerShape
from efasp.model.serial_program import SerialProgram, Sizes, serial_program
from efasp.model.serial_program.decoder import DECODER
from efasp.model.serial_program.numbers import Numbers
from efasp.pram import machine
from efasp.pram.isa import EXTENSIONS, operations
from efasp.pram.machine import MIN_WORD
from efasp.process import unmask
from efasp.proofs.lemmas.resources_bounds import BOOK, largest, small, small_enough, written
from efasp.proofs.lemmas.resources_polynomials import Claim, discharge
from efasp.proofs.lemmas.resources_serial_plans import Case, cases
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.proofs.symbolic.counted_loops import Counted, Uncounted, counted, shown, value
from efasp.proofs.symbolic.serial_runs import Shape, differing

Wrong = dict[str, Any]
# The steps of a run that halts, by the letters below and T, its passes.
STEPS = (
    "1 + 28 T + 11 H T + 20 N T + 63 S T + 24 B S T + 5 C S T + 14 E S T + 38 H S T + 20 K S T + 19 N S T + 9 S T U + 17 S T V"
    " + 38 H S^2 T + 8 Q S^2 T + 10 S^2 T V"
)
LETTERS = {
    "passes": "T", "S": "S", "CLEARED": "C", "KINDS": "K", "BITS": "B", "SUBLAYERS": "N", "STAGE[0]": "H", "STAGE[1]": "E",
    "STAGE[3]": "U", "HEAD[4]": "Q", "HEAD[5]": "V",
}  # fmt: skip
SIZES = {
    "S": "positions", "C": "cleared", "K": "kinds", "B": "signs", "N": "sublayers", "H": "heads", "E": "entries", "U": "units",
    "Q": "d_qk", "V": "d_v",
}  # fmt: skip


@lemma
def programmed(regime: Regime) -> Iterator[Batch]:
    """The program's steps as a polynomial in every plan's sizes, at most S^3 times one in log2 S, and its results."""
    if regime.given is None:
        names = ("serial_steps", "serial_cubic", "serial_program", "serial_symbols")
        yield Batch(tuple(f"resources.{name}" for name in names), {}, lambda: every_plan(regime.all_n))
        for each in regime.machines():
            if each.engine == "mdm":
                yield Batch(("resources.serial_sizes",), each.params, lambda m=each: iter([sized(regime, m)]))  # type: ignore[misc]


def every_plan(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations that concern no compiled machine."""
    yield Obligation("resources.serial_steps", "T2", {}, "all n", n, "exact", DECODER, steps_as_stated)
    for extension in EXTENSIONS:
        claims = list(cubic(extension))
        content = "\n".join([STEPS, *(claim.name for claim in claims)])
        yield Obligation(
            "resources.serial_cubic", "T2", {"ext": extension or "none"}, "closed forms, all w and S", n, "polynomial", content,
            partial(discharge, claims, partial(follows, extension)),
        )  # fmt: skip
    plans, more = [lower(program) for program in small()], list(cases())
    others = len({run.plan.name for run in more})
    scope = f"two small programs, up to 2 positions, and 3 equal tokens; {len(more)} runs of {others} plans"
    ran = [(run.plan.name, run.plan.shape, run.text, run.every, run.limit, run.ties, run.halts) for run in more]
    content = f"{[plan.shape for plan in plans]}\n{ran}\n{DECODER}"
    yield Obligation(
        "resources.serial_program", "T2", {}, scope, n, "exhaustive", content,
        exhaustive(len(plans) * len(texts()) + len(more), lambda: otherwise(plans, more)),
    )  # fmt: skip
    for shape in SHAPES:
        yield Obligation(
            "resources.serial_symbols", "T2", {"S": shape.positions, "layers": len(shape.layers)},
            f"all integer plans of a shape: S = {shape.positions}, {shown_shape(shape)}", n, "exact", f"{shape}\n{DECODER}",
            partial(on_symbols, shape),
        )  # fmt: skip


# Steps.


@cache
def decoder() -> Counted:
    """The count of the decoder's text, in the letters of ``STEPS``. Raises Uncounted."""
    program = counted(DECODER)
    renamed = {tuple(sorted(LETTERS[name] for name in names)): c for names, c in program.polynomial.items()}
    return replace(program, polynomial=renamed)


def steps_as_stated() -> Verdict:
    """Proved if the count of the decoder's text is ``STEPS``; refuted also by a text that is not counted."""
    try:
        polynomial = shown(decoder().polynomial)
    except Uncounted as error:
        return Verdict("refuted", "loops of the text", {"of": "control flow", "got": str(error)})
    wrong = {"expected": STEPS, "got": polynomial} if polynomial != STEPS else None
    if decoder().limit != ("PASSES", "LIMIT"):
        wrong = {"of": "passes", "expected": "at most LIMIT, by the cell PASSES", "got": f"no limit, or {decoder().limit}"}
    return Verdict("refuted" if wrong else "proved", f"loops of the text: {polynomial} steps", wrong)


def steps(sizes: Sizes, passes: int) -> int:
    """The steps of a run of so many passes. Raises Uncounted."""
    return int(value(decoder().polynomial, {"T": passes, **{letter: getattr(sizes, name) for letter, name in SIZES.items()}}))


def dense(shape: TransformerShape[Any], codes: Any, context: Any) -> dict[str, Any]:
    """Upper bounds of the sizes, by their letters, for a plan of a shape whose codes have ``codes`` components.

    Every entry of a matrix that may be other than 0 is one, and each sublayer may scale the residual stream once.
    """
    d, out, rows = shape["d_model"], shape["d_out"], shape["layers"]
    inner, units = sum(row["heads"] * row["d_head"] for row in rows), sum(row["d_ff"] for row in rows)
    entries = d * codes + 4 * inner * d + (2 * d + 1) * units + 2 * len(rows) * d + out * (d + 1)
    return {
        "S": context, "C": 2 * out + d + 4 * inner + units, "K": out, "B": out, "N": 2 * len(rows) + 1,
        "H": sum(row["heads"] for row in rows), "E": entries, "U": units, "Q": inner, "V": inner,
    }  # fmt: skip


def taken(extension: str, q: Quantities, context: Any, passes: Any) -> Any:
    """The steps of the universal machine's masked diffusion, by the closed forms: an upper bound."""
    shape, codes = closed_forms.shape("mdm", extension, q), sum(closed_forms.codes("mdm", extension, q))
    return value(decoder().polynomial, {"T": passes, **dense(shape, codes, context)})


def most(extension: str, log: Any) -> Any:
    """The polynomial in log2 S: with S^3, the most steps of S passes."""
    return taken(extension, largest(log), 1, 1)


def follows(extension: str) -> str:
    """The consequence of the claims of ``cubic``, as text."""
    return f"at most S passes: at most S^3 ({written(partial(most, extension))}) steps, l = log2 S"


def cubic(extension: str) -> Iterator[Claim]:
    """S passes take at most S^3 times the steps of one at S = 1, of any plan; the universal machine's are a polynomial."""

    def passed(**sizes: Any) -> Any:
        return value(decoder().polynomial, sizes)

    yield Claim(
        "S passes of any plan <= S^3 (a pass at S = 1)",
        lambda S, **sizes: (passed(S=S, T=S, **sizes), S**3 * passed(S=1, T=1, **sizes)),
        {letter: int(letter == "S") for letter in SIZES},
    )
    widths = {"w": MIN_WORD, "c": 0, "f": 0, "h": 0}
    yield Claim(
        "a pass grows with w, c, f and h",
        lambda **v: (
            taken(extension, Quantities(*(v[k] for k in widths)), 1, 1),
            taken(extension, Quantities(*(v[k] + v[f"{k}_"] for k in widths)), 1, 1),
        ),
        {**widths, **{f"{k}_": 0 for k in widths}},
    )
    yield from small_enough(len(operations(extension)))


# Results on symbols, for every plan of a shape.

SHAPES = (Shape(2, 2, ((((1, 1),), 1),)), Shape(1, 1, ((((1, 1), (1, 1)), 1), (((1, 1),), 1))))


def shown_shape(shape: Shape) -> str:
    """A shape as text."""
    layers = [f"{len(heads)} head{'s' * (len(heads) != 1)} and {units} unit" for heads, units in shape.layers]
    return f"d_model {shape.width}, {' then '.join(layers)}"


def on_symbols(shape: Shape) -> Verdict:
    """Proved if the program's read-out is the plan's polynomial, whichever comparisons hold."""
    ways, wrong = differing(shape)
    found = {"S": shape.positions, "of": wrong} if wrong else None
    return Verdict("refuted" if wrong else "proved", f"polynomials in the weights and places, {ways} ways of deciding", found)


# Sizes of the compiled machines.


def sized(regime: Regime, each: Machine) -> Obligation:
    """The sizes of a compiled machine's program are within ``dense``, and its word within 2 w + 21 bits for 2^w tokens."""
    plan = regime.plan(each)

    def verdict() -> Verdict:
        numbers = Numbers(plan, 1 << each.word)
        sizes, codes = Sizes.of(numbers), plan.vocabulary.width + plan.places.width
        bounds = dense(plan.shape, codes, numbers.length)
        wrong: list[Wrong] = [
            {"of": size, "bound": bounds[letter], "got": getattr(sizes, size)}
            for letter, size in SIZES.items()
            if getattr(sizes, size) > bounds[letter]
        ]
        bits = max(bound for _, bound in numbers.largest).bit_length() + 1
        if bits > 2 * each.word + 21:
            wrong.append({"of": "bits of a word", "bound": 2 * each.word + 21, "got": bits})
        method = f"generated: {sizes.entries} entries of at most {bounds['E']}, words of {bits} bits for 2^{each.word} tokens"
        return Verdict("refuted" if wrong else "proved", method, {"w": each.word, **wrong[0]} if wrong else None)

    scope = f"n <= {regime.n_max}"
    return Obligation("resources.serial_sizes", "T2", each.params, scope, each.n, "exact", f"{plan.shape}", verdict)


# Results, on short sequences of two programs, and of plans that need one thing each.


def texts() -> list[tuple[int, ...]]:
    """Sequences of up to two tokens, and of three equal ones (three tied keys)."""
    kinds = range(len(BOOK.kinds))
    return [text for length in (1, 2) for text in product(kinds, repeat=length)] + [(kind,) * 3 for kind in kinds]


def otherwise(plans: list[Plan], more: list[Case]) -> Iterator[Wrong]:
    """Runs that differ from the plan's masked diffusion, or take other steps than are counted."""
    short = [Case(plan, text, ties=lcm(*range(1, len(text) + 1))) for plan, text in product(plans, texts())]
    made = dict[tuple[Any, ...], SerialProgram]()
    for case in [*short, *more]:
        key = case.plan.name, len(case.text), case.every, case.limit, case.ties
        try:
            if key not in made:
                made[key] = serial_program(case.plan, case.text, every=case.every, limit=case.limit, ties=case.ties)
            yield from differs(case, made[key])
        except ValueError as error:  # each of these plans has a program, whose numbers are words
            yield {"program": case.plan.name, "tokens": list(case.text), "of": "the program's text", "got": str(error)}


def differs(case: Case, serial: SerialProgram) -> Iterator[Wrong]:
    """How a run of a program on the tokens of a case differs."""
    named = {"program": case.plan.name, "tokens": list(case.text)}
    yield from ({**named, "of": what} for what in misplaced(serial))
    wanted, passes, outputs = decoded(case)
    expected = wanted, passes, steps(serial.sizes, passes)
    run = machine.run(serial.on(case.text), 2 * expected[-1])
    memory, status = run.configuration.memory, run.configuration.status
    if not case.halts:
        if status != ("store",):
            yield {**named, "status expected": "store (a mean that is not an integer)", "status": status[0]}
        return
    got, read_out = (serial.read(memory), memory[serial.passes], run.steps), serial.read_out(memory)
    if got != expected or read_out != outputs or status != ("halted",):
        yield {
            **named, "tokens, passes and steps expected": str(expected), "tokens, passes and steps": str(got),
            "read-out expected": str(outputs), "read-out": str(read_out), "status": status[0],
        }  # fmt: skip


def decoded(case: Case) -> tuple[list[int], int, list[list[Any]]]:
    """Tokens and passes of masked diffusion by the plan, and its last read-out without the component that is always 1.

    It ends when nothing changes, no mask is left, or after the case's limit, by default as many passes as tokens. With
    ``every`` all tokens are replaced, and masks that are left do not count.
    """
    book = case.plan.vocabulary
    tokens, passes, one = np.array(case.text), 0, len(book.kinds)
    mask = book.token("mask") if "mask" in book.kind_index else -1
    limit = len(case.text) if case.limit is None else case.limit
    while True:
        outputs = case.plan.forward(tokens)
        predicted = book.read(outputs)
        named = predicted != mask
        after = np.where(named, predicted, tokens) if case.every else unmask(tokens, predicted, named, mask)
        passes += 1
        if np.array_equal(after, tokens) or passes == limit or not (case.every or mask in after):
            return after.tolist(), passes, np.delete(outputs, one, axis=1).tolist()
        tokens = after


def misplaced(serial: SerialProgram) -> Iterator[str]:
    """What the count rests on and a generated text does not meet."""
    count = decoder()
    constants = serial.constants
    top, cells = constants["TOP"], [constants[name] for name in count.cells]
    tables = [constants[name] for name in ("OFFSETS", "WEIGHTS", "RECIPROCALS", "STAGES", "HEADS", "ENTRIES")]
    written = [constants[name] for name in ("TOKENS", "SCORES", "FRAMES")]
    yield from (f"{name} = {constants[name]}, and no loop of it" for name in count.positive if constants[name] < 1)
    if len(set(cells)) < len(cells) or max(cells) >= min(tables):
        yield "cells that are not different, or not below the tables"
    if top & (top - 1) or constants["ENTRIES"] + 3 * serial.sizes.entries > top:
        yield "tables that are not below a power of two"
    memory, outside = serial.program.memory, constants["OUTSIDE"] % (1 << serial.program.word)
    if min(written) < top or not max(written) < memory <= min(2 * top, outside):
        yield "arrays that are not between TOP and 2 TOP"
    if serial.program.data[serial.passes] or constants["LIMIT"] != serial.limit:
        yield "passes that are not counted from 0 to the limit"
