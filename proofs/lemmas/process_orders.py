"""Orders of unmasking, dense and indexed attention, with and without the cache, and a read-out that is disturbed: the same
machine. For ``proofs.lemmas.process``.

A few small programs are decoded in every way that ``model.decode`` offers; after every step the configuration must be the
oracle's, and the tokens those of plain decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.encoding import CellLayout, LogLayout
from efasp.model.indexed.lookups import Unsuited
from efasp.model.sampler import THRESHOLD
from efasp.pram.machine import Program
from efasp.proofs.concrete.differential import guarded, listed, unequal, wanted
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.scenarios import Shape, drawn, line
from efasp.proofs.lemmas.process_readings import NOISE, certainty
from efasp.proofs.obligation import Machine, Verdict

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer

SIZES = ((3, 5, 11, 3), (9, 3, 7, 2), (1, 2, 16, 5))  # processors, memory words, instructions and steps of the programs
WIDE = (24, 3, 7, 2)  # as of ``SIZES``: blocks of many tokens, in the ways that ``GIVEN_UP`` compares
EARLY = 7  # steps of the program that stores at once
MARGIN = 0.02  # of the confidences of a faded read-out, around the threshold
Way = tuple[str, dict[str, Any], str]  # its name, the options of decoding, and how the read-out is disturbed


GIVEN_UP = "with indexed attention that is given up on the way"
SLOW = (
    "one token at a time, in random order",
    "the last token first, all masks, without the cache",
    "confidences around the threshold",
)


def scope(machine: Machine, few: bool = False) -> str:
    """The runs, for the scope; ``few``: of one program."""
    sizes = "; ".join(f"P = {p}, M = {m}, L = {n}, {t} steps" for p, m, n, t in (SIZES[:1] if few else SIZES))
    ways = ", ".join(name for name, _, _ in table(machine, Random(0), 0) if name not in SLOW)
    slow = f"; the first also in these: {', '.join(SLOW)}" if machine.engine == "mdm" else ""
    both = "" if few else f"; one of P = {WIDE[0]} {GIVEN_UP}"
    both += (
        f"; one that stores at once, P = 3, {EARLY} steps; and three of the first size as one batch, of which one ends first"
    )
    return f"measured: w = {machine.word}, random programs ({sizes}), decoded in these ways: {ways}{slow}{both}"


def table(machine: Machine, rng: Random, steps: int) -> Iterator[Way]:
    """The ways to decode. The first is plain; ``steps``: of the program."""

    def one(ready: np.ndarray) -> np.ndarray:
        return np.array([rng.choice(ready.tolist())])

    def some(ready: np.ndarray) -> np.ndarray:
        return np.array(rng.sample(ready.tolist(), rng.randint(1, len(ready))))

    indexed = {"attention": "indexed"}
    yield "plain", {}, ""
    yield "with indexed attention", indexed, ""
    yield GIVEN_UP, indexed, "given up"
    yield "without the cache", {"cached": False}, ""
    if machine.engine == "mdm":
        masks = {"context_steps": steps + 2}
        yield "all masks from the start", masks, ""
        yield "all masks from the start, without the cache", {**masks, "cached": False}, ""
        yield "random subsets, all masks", {**masks, "order": some}, ""
        yield "random subsets, all masks, with indexed attention", {**masks, **indexed, "order": some}, ""
        yield "random subsets", {"order": some}, ""
        yield SLOW[0], {"order": one}, ""
        yield SLOW[1], {**masks, "order": lambda ready: ready[-1:], "cached": False}, ""
        yield SLOW[2], {}, "threshold"
    yield "noise on the read-out", {}, "noise"


def discharge(machine: Machine, module: Callable[[], Transformer], few: bool = False, lenient: bool = False) -> Verdict:
    """Decode every program (``few``: the first) in every way. ``lenient``: of ``differing``, for a weights file."""
    transformer, count = module(), 0
    method, shape = f"torch, {transformer.dtype_name}", Shape(machine.word, machine.extension)
    for program, most, rng, ways in programs(shape, few):
        plain: list[list[int]] = []
        for name, options, disturbed in table(machine, rng, most):
            if not ways(name):
                continue
            seen: Any = transformer
            if disturbed:
                seen = giving_up(seen) if disturbed == "given up" else Disturbed(seen, machine, program, disturbed, rng)
            wrong = guarded(partial(differing, machine, seen, program, most, options, plain, lenient))
            if wrong is None and isinstance(seen, Disturbed):
                wrong = seen.wrong
            if wrong is not None:
                return Verdict("refuted", method, {**machine.params, "decoded": name, **wrong, **listed(program)})
            count += 1
    wrong = guarded(partial(batched, machine, transformer))
    if wrong is not None:
        return Verdict("refuted", method, {**machine.params, "decoded": "as one batch", **wrong})
    return Verdict("measured", f"{method}: {count + 3} decodings as the oracle has them")


def programs(shape: Shape, few: bool) -> Iterator[tuple[Program, int, Random, Callable[[str], bool]]]:
    """The programs, each with its steps, a source of random numbers, and which ways to decode it. ``few``: of the random ones
    the first alone."""
    ways: dict[tuple[int, ...], Callable[[str], bool]] = {
        SIZES[0]: lambda name: True,
        WIDE: lambda name: name in ("plain", GIVEN_UP),
    }
    for size in SIZES[:1] if few else (*SIZES, WIDE):
        rng = Random(f"orders {shape} {size[0]}")
        yield endless(rng, shape, *size), size[-1], rng, ways.get(size, quick)
    yield early(shape), EARLY, Random(f"orders {shape}"), quick


def quick(name: str) -> bool:
    """Whether a way to decode is none of the slow ones."""
    return name not in SLOW


def early(shape: Shape) -> Program:
    """A program that stores at once, of fewer processors than instructions: in place a position of its first instruction
    computes in the first pass what the first processor does, and so is a writer if it is taken for one."""
    code = [line("st", 1, None, 5), line("pid", 1), line("add", 1, 1, 7), line("st", 1, 1, 0), line("ld", 2, None, 5)]
    return Program((*code, line("st", 2, None, 6), line("halt")), shape.word, 3, 9, data=(3, 1, 4, 1))


def batched(machine: Machine, transformer: Transformer) -> Report | None:
    """Where one of three programs of one shape, decoded as one batch that the last one leaves, does not end as the oracle's
    run."""
    from efasp.model import together

    shape, most = Shape(machine.word, machine.extension), SIZES[0][-1]
    several = [endless(Random(f"batch {shape} {number}"), shape, *SIZES[0]) for number in range(2)]
    several.append(replace(several[0], instructions=(line("halt"),) * several[0].length))
    runs = together.run(several, machine.engine, transformer, machine.extension, most)
    for program, run in zip(several, runs, strict=True):
        if isinstance(run, Exception):
            return {"what": "an exception", "expected": "none", "got": f"{type(run).__name__}: {run}", **listed(program)}
        expected = wanted(program, most).history
        if wrong := unequal({"steps": len(expected), **vars(expected[-1])}, {"steps": run.steps, **vars(run.configuration)}):
            return {**wrong, **listed(program)}
    return None


def endless(rng: Random, shape: Shape, processors: int, memory: int, length: int, steps: int) -> Program:
    """A random program in which something runs for so many steps."""
    while True:
        program = drawn(rng, shape, processors, memory, length)
        if len(wanted(program, steps).history) == steps:
            return program


def differing(
    machine: Machine,
    transformer: Any,
    program: Program,
    most: int,
    options: Mapping[str, Any],
    plain: list[list[int]],
    lenient: bool,
) -> Report | None:
    """Where a way to decode differs from the oracle, or from plain decoding, whose tokens are noted if there are none yet.

    ``lenient``: where indexed attention is not shown to be exact, dense passes count as no difference.
    """
    from efasp.model import decode

    expected = wanted(program, most)
    states = (decode.masked_diffusion if machine.engine == "mdm" else decode.any_process)(
        program, transformer, machine.extension, **{"attention": "dense", **options}
    )
    each = 3 * program.processors if "one" in getattr(options.get("order"), "__name__", "") else 1
    first, state = not plain, None
    for step, configuration in enumerate(expected.history, 1):
        state = next(states, None)
        if state is None:
            return {"what": "decoding ended", "expected": len(expected.history), "got": step - 1}
        tokens = state.sequence.tokens.tolist()
        if first:
            plain.append(tokens)
        got = {"step": state.steps, **vars(state.configuration), "tokens": tokens}
        if (wrong := unequal({"step": step, **vars(configuration), "tokens": plain[step - 1]}, got)) is not None:
            return {"step": step, **wrong}
        if hasattr(transformer, "refuse"):
            transformer.refuse = step >= min(2, most - 1)
        if (each > 1 or "order" not in options) and not isinstance(transformer, Disturbed) and state.passes != each * step:
            return {"step": step, "what": "passes", "expected": each * step, "got": state.passes}
    if machine.engine == "apmdm" and "running" not in expected.history[-1].status and next(states, None) is not None:
        return {"what": "a step after all have stopped", "expected": "none", "got": "one"}
    assert state is not None
    if hasattr(transformer, "refuse") and not state.dense:
        return {"what": "passes", "expected": "dense", "got": "indexed"}
    if state.dense and not lenient and not hasattr(transformer, "refuse"):
        return {"what": "passes", "expected": "indexed", "got": f"dense: {state.dense}"}
    return sequence_failure(machine, program, state)


def sequence_failure(machine: Machine, program: Program, state: Any) -> Report | None:
    """Where the last sequence holds another program or state than expected, or None; its layout reads both."""
    layout = (LogLayout if machine.engine == "mdm" else CellLayout).of(program, machine.extension)
    assert isinstance(layout, (LogLayout, CellLayout))
    configuration = layout.decode(state.sequence)
    if isinstance(layout, LogLayout):
        memory = program.data + (0,) * (program.memory - len(program.data))
        return unequal(
            [program.instructions, memory, state.steps],
            [configuration[0], configuration[1], len(configuration[2])],
            "prompt and log",
        )
    return unequal([program.instructions, state.configuration], list(configuration[:2]), "prompt and cells")


def giving_up(transformer: Transformer) -> Any:
    """A copy of a transformer whose indexed passes end once ``refuse`` is set, as if they were not shown to be exact."""
    seen: Any = copy(transformer)
    seen.refuse = False

    def product(matrix: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        plain = transformer.product(matrix)

        def refusing(rows: np.ndarray) -> np.ndarray:
            if seen.refuse:
                raise Unsuited("given up")
            return plain(rows)

        return refusing

    seen.product = product
    return seen


class Disturbed:
    """A transformer whose read-outs are noisy, or faded so that a token's confidence is just below the threshold, or above.

    Of those below ``model.decode`` must leave every mask, and of those above none: ``wrong`` says where it did not.
    """

    def __init__(self, transformer: Transformer, machine: Machine, program: Program, how: str, rng: Random) -> None:
        self.transformer, self.how, self.rng = transformer, how, rng
        self.wrong: Report | None = None
        layout = (LogLayout if machine.engine == "mdm" else CellLayout).of(program, machine.extension)
        self.layout, self.mask = layout, layout.vocabulary.token("mask")
        self.noise, self.hidden = np.random.default_rng(machine.word), list[int]()

    def outputs(self, tokens: np.ndarray, places: np.ndarray, cache: Any = None) -> np.ndarray:
        """The transformer's, disturbed."""
        out = self.transformer.outputs(tokens, places, cache)
        if self.how == "noise":
            return out + self.noise.uniform(-NOISE / self.layout.word, NOISE / self.layout.word, out.shape)
        assert isinstance(self.layout, LogLayout)
        size = self.layout.block_length
        masked = np.flatnonzero(tokens[-size:] == self.mask).tolist()
        if self.hidden and masked != self.hidden and self.wrong is None:
            self.wrong = {"what": "masks left by the threshold", "expected": self.hidden, "got": masked}
        self.hidden = sorted(self.rng.sample(masked, self.rng.randrange(len(masked)))) if masked else []
        out = out.astype(np.float64)
        shown = [place for place in masked if place not in self.hidden]
        for place in (*self.hidden, *shown[:1]):
            row = out[len(out) - size + place]
            row *= self.part(row.tolist(), THRESHOLD + (-MARGIN if place in self.hidden else MARGIN))
        return out

    def part(self, row: list[float], confidence: float) -> float:
        """The part of a read-out that has a confidence, by bisection."""
        low, high = 0.0, 1.0
        for _ in range(16):
            middle = (low + high) / 2
            reached = certainty([middle * value for value in row], self.layout.vocabulary, self.layout.word) > confidence
            low, high = (low, middle) if reached else (middle, high)
        return high
