"""Family numerics on PyTorch: the transformer against the exact plan, and softmax attention by itself. Measured, not proved.

torch is imported when an obligation is settled, and not before; ``model.transformer`` alone knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.encoding import COUNTERS, CellLayout, LogLayout, TokenSequence, join
from efasp.exact import scores
from model.compile import ENGINES, compile_machine
from model.plan import Plan
from model.ranges import SCALE, SIGNIFICAND, dtype_for
from proofs.obligation import Machine, Obligation, Verdict
from proofs.replay import Case, Report, log_of, passes, shuffled, states, stopped
from proofs.screen import Screen

if TYPE_CHECKING:
    from model.transformer import Transformer

NAMES = ("deviation", "underflow", "duplicates", "means")
INEXACT = {"float32": 41, "float64": 49}  # so many tokens tie, and their share times their number is not 1
PROCESSORS, KEYS = 17, 16_384
STATES = 96  # of those that plans are run on
WIDE = 18  # a width for float64; w = 5 is for float32


def sequences(machine: Machine, dtype: str) -> Iterator[TokenSequence]:
    """Sequences in the middle of a run: random and adversarial states; in the log with ``INEXACT`` masks, or almost all."""
    for seed in range(1 if machine.extension or machine.word == WIDE else 2):
        case = shuffled(Random(seed), machine.word, machine.extension, seed)
        state = case.before
        banks = tuple(bank[:2] + (0,) * (len(bank) - 2) for bank in state.registers[:PROCESSORS])
        before = replace(state, registers=banks, pc=state.pc[:PROCESSORS], status=state.status[:PROCESSORS])
        case = Case(replace(case.program, processors=PROCESSORS), before, 0)
        if machine.engine == "apmdm":
            cells: Any = CellLayout.of(case.program, machine.extension)
            yield cells.encode(case.program, before, [(cell ^ seed) & 1 for cell in range(cells.cells)])
            continue
        layout: Any = LogLayout.of(case.program, machine.extension)
        log = log_of(case)
        base, masks = layout.encode(case.program, log), layout.masks(len(log) + 1)
        some = masks.tokens.copy()
        some[: 1 if seed else len(masks) - INEXACT[dtype]] = layout.vocabulary.token("word", seed)
        yield join([base, TokenSequence(some, masks.places)])


def fractional(plan: Plan, machine: Machine) -> Report | None:
    """A score or a coordinate that is no integer, exactly, on the sequence of one processor that runs one instruction."""
    for case in islice(stopped(machine.word, machine.extension), len(COUNTERS), None, 5):
        layout: Any = (CellLayout if machine.engine == "apmdm" else LogLayout).of(case.program, machine.extension)
        sequence = layout.encode(case.program, case.before if machine.engine == "apmdm" else log_of(case))
        states = plan.states(plan.embed(sequence.tokens, sequence.places))
        found = {f"coordinates after sublayer {sublayer}": h for sublayer, h in enumerate(states)}
        for number, layer in enumerate(plan.layers):
            for index, head in enumerate(layer.heads):
                h = states[2 * number]
                found[f"scores of layer {number + 1}, head {index}"] = scores(head.q.apply(h), head.k.apply(h))
        for where, values in found.items():
            if (wrong := np.argwhere(values != np.floor_divide(values, 1))).size:
                at = tuple(wrong[0].tolist())
                return {
                    **machine.params,
                    "instruction": str(case.program.instructions[0]),
                    where: list(at),
                    "is": str(values[at]),
                }
    return None


def deviating(plan: Plan, machine: Machine, dtype: str) -> tuple[Report | None, int]:
    """The first number of the residual stream, or of the read-out, that torch has otherwise; and how many positions agree."""
    from model.transformer import Transformer

    module, count = Transformer.of(plan, dtype), 0
    for number, sequence in enumerate(sequences(machine, dtype)):
        case = departure(plan, module, sequence)
        if case:
            return {**machine.params, "dtype": dtype, "sequence": number, **case}, count
        count += len(sequence)
    return None, count


def departure(plan: Plan, module: Transformer, sequence: TokenSequence) -> Report | None:
    """The first number on a sequence that torch has otherwise."""
    exact = plan.states(plan.embed(sequence.tokens, sequence.places))
    exact.append(plan.out.apply(exact[-1], plan.out_bias))
    for sublayer, (wanted, got) in enumerate(zip(exact, module.states(sequence.tokens, sequence.places), strict=True)):
        if (wrong := np.argwhere(wanted != got)).size:
            at, row = wrong[0].tolist()
            where = {"position": at, "after sublayer": sublayer, "coordinate": row}
            return {**where, "exact": str(wanted[at, row]), "torch": repr(float(got[at, row]))}
    return None


def rounding(plan: Plan, machine: Machine, dtype: str) -> Report | None:
    """The same on the states that plans are run on: those on which float64, with average-hard attention, has other numbers."""
    from model.transformer import Transformer

    module, quick = Transformer.of(plan, dtype), Screen(plan)
    for number, case in enumerate(islice(states(machine.word, machine.extension), STATES)):
        sequence = next(passes(quick, machine, case)).sequence
        trace = quick.trace(sequence.tokens, sequence.places)
        pairs = zip((*trace.streams, trace.out), module.states(sequence.tokens, sequence.places), strict=True)
        if any((wanted != got).any() for wanted, got in pairs):
            found = departure(plan, module, sequence)
            if found:
                return {**machine.params, "dtype": dtype, "state": number, **found}
    return None


def machines() -> Iterator[Machine]:
    """Both engines, with and without M, at w = 5; and at a width for which float64 is needed."""
    for engine in ENGINES:
        for word, extension in ((5, ""), (5, "M"), (WIDE, "")):
            yield Machine(word, engine, extension, (1, 1))


def deviation(machine: Machine) -> Verdict:
    """Torch's residual stream and read-out are the plan's, number by number, at every position."""
    plan = compile_machine(machine.word, machine.engine, machine.extension)
    dtype = dtype_for(plan)
    case, count = deviating(plan, machine, dtype)
    if case:
        return Verdict("refuted", "torch", case)
    return Verdict("measured", f"torch, {dtype}: deviation 0 at {count} positions, d_model {plan.width}")


# Attention by itself.


def attended(scores: np.ndarray, values: np.ndarray, dtype: str) -> np.ndarray:
    """What one query reads, with a key for each score: (d,) of values (keys, d)."""
    from model.transformer import attended

    out: np.ndarray = attended(np.ones((1, 1)), scores[:, None].astype(float), values.astype(float), dtype)[0]
    return out


def underflow(dtype: str) -> Verdict:
    """The weight of a loser is 0, whatever it lacks: 1 to 2^p, below a winner of any size up to 2^p, first or last."""
    top, count = 1 << SIGNIFICAND[dtype], 0
    lacks = sorted({lack for i in range(SIGNIFICAND[dtype] + 1) for lack in ((1 << i) - 1, 1 << i, (1 << i) + 1) if lack})
    for best in (top, top - 1, top // 2 + 1, 1, 0, -1, 1 - top // 2):
        for lack in (lack for lack in lacks if best - lack >= -top):
            scores = np.array([best, best - lack] if lack & 1 else [best - lack, best])
            got, count = attended(scores, np.array([[0], [1]] if lack & 1 else [[1], [0]]), dtype)[0], count + 1
            if got != 0:
                return Verdict("refuted", "torch", {"dtype": dtype, "scores": scores.tolist(), "weight of the lower": str(got)})
    return Verdict("measured", f"torch: weight 0 for {count} pairs of scores, scale {SCALE[dtype]}")


def duplicates(dtype: str) -> Verdict:
    """One winner among 16,384 keys of few scores gives its value bit for bit; so do 2^m of one value, and any of value 0."""
    rng, top = np.random.default_rng(0), 1 << SIGNIFICAND[dtype]
    values = rng.integers(1 - top, top, (KEYS, 4))
    for place in (0, 1, KEYS // 2 + 3, KEYS - 1):
        scores = top - 1 - rng.integers(0, 4, KEYS)
        scores[place] = top
        got = attended(scores, values, dtype)
        if not np.array_equal(got, values[place]):
            case = {"dtype": dtype, "winner": place, "value": values[place].tolist(), "got": got.tolist()}
            return Verdict("refuted", "torch", case)
    for winners, value in ((1, 7), (2, 7), (64, 7), (KEYS, 7), (41, 0), (49, 0), (KEYS - 1, 0)):
        chosen = np.arange(KEYS) >= KEYS - winners
        got = attended(chosen.astype(int), np.where(chosen, value, 5)[:, None], dtype)
        if got[0] != value:
            return Verdict("refuted", "torch", {"dtype": dtype, "winners": winners, "value": value, "got": str(got[0])})
    return Verdict("measured", f"torch: {KEYS} keys")


def means(dtype: str) -> Verdict:
    """The mean of k equal values, k up to 64, is within 2 u + u^2 of the value, relatively; and exact for powers of two."""
    unit, off = 2.0 ** -SIGNIFICAND[dtype], []
    for k in range(1, 65):
        got = attended(np.arange(k + 2) < k, np.where(np.arange(k + 2) < k, 1, 3)[:, None], dtype)[0]
        error = abs(float(got) - 1)
        if error > 2 * unit + unit * unit or (error and k & (k - 1) == 0):
            return Verdict("refuted", "torch", {"dtype": dtype, "winners": k, "mean of ones": repr(float(got))})
        off += [k] if error else []
    return Verdict("measured", f"torch: the mean of k ones is not 1 for k = {', '.join(map(str, off)) or 'none'} (k <= 64)")


def measurements(n: tuple[int, int]) -> Iterator[Obligation]:
    """All that is measured."""
    for machine in machines():
        scope = f"measured at w = {machine.word}"

        def settle(machine: Machine = machine) -> Verdict:
            return deviation(machine)

        yield Obligation(
            "numerics.deviation", machine.claim, machine.params, scope, n, "measurement", "torch - exact = 0", settle
        )
    for check in (underflow, duplicates, means):
        for dtype in SIGNIFICAND:

            def measure(check=check, dtype=dtype) -> Verdict:  # type: ignore[no-untyped-def]
                return check(dtype)

            content = f"softmax attention of torch in {dtype}"
            yield Obligation(
                f"numerics.{check.__name__}", "T1", {"dtype": dtype}, "measured", n, "measurement", content, measure
            )
