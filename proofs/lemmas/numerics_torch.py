"""Family numerics on PyTorch: every transformer against its exact plan, and softmax attention by itself. Measured, not proved.

torch is imported when an obligation is discharged, and not before; ``model.transformer`` alone knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import chain, islice
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from efasp import exact
from efasp.encoding import COUNTERS, CellLayout, LogLayout, TokenSequence, join
from efasp.model.compile import ENGINES
from efasp.model.plan import Plan
from efasp.model.ranges import SCALE, SIGNIFICAND, dtype_for
from efasp.pram.machine import MIN_WORD
from efasp.proofs.concrete.extremes import sparse
from efasp.proofs.concrete.float64_filter import TracingScreen
from efasp.proofs.concrete.machine_passes import Case, Report, log_of
from efasp.proofs.concrete.machine_states import cases_of, passes, running, shuffled, stopped
from efasp.proofs.equivalence.rescaling import leveled
from efasp.proofs.obligation import Allowance, Machine, Obligation, Searched, Verdict, within

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer

NAMES = ("underflow", "duplicates", "means")
INEXACT = {"float32": 41, "float64": 49}  # so many tokens tie, and their share times their number is not 1
PROCESSORS, KEYS = 17, 16_384
STATES = 96  # of those that plans are run on
RATE = 8  # states tried for a second of an obligation's budget and a bit of the word: 96 at w = 5 in 60 s, 26 at w = 18
WIDE = 18  # a width for float64, where no machine of the regime has one
FEW, MANY = 4, 12  # sequences at the ends (``proofs.concrete.extremes``)


def sequences(machine: Machine, dtype: str) -> Iterator[TokenSequence]:
    """Sequences in the middle of a run: random and adversarial states; in the log with ``INEXACT`` masks, or almost all."""
    for seed in range(2 if machine.word == MIN_WORD and not machine.extension else 1):
        case = shuffled(Random(seed), machine.word, machine.extension, seed)
        case = case if machine.code is None else running(case, machine)
        state = case.before
        banks = tuple(bank[:2] + (0,) * (len(bank) - 2) for bank in state.registers[:PROCESSORS])
        before = replace(state, registers=banks, pc=state.pc[:PROCESSORS], status=state.status[:PROCESSORS])
        case = Case(replace(case.program, processors=PROCESSORS), before, 0, prompted=case.prompted)
        if machine.engine == "apmdm":
            cells: Any = CellLayout.of(case.program, machine.extension, case.prompted)
            yield cells.encode(case.program, before, [(cell ^ seed) & 1 for cell in range(cells.cells)])
            continue
        layout: Any = LogLayout.of(case.program, machine.extension, case.prompted)
        log = log_of(case)
        base, masks = layout.encode(case.program, log), layout.masks(len(log) + 1)
        some = masks.tokens.copy()
        some[: 1 if seed else len(masks) - INEXACT[dtype]] = layout.vocabulary.token("word", seed)
        yield join([base, TokenSequence(some, masks.places)])


def fractional(plan: Plan, machine: Machine) -> Report | None:
    """A score or a coordinate that is not an integer, exactly, on the sequence of one processor that runs one instruction."""
    for case in islice(stopped(machine.word, machine.extension), len(COUNTERS), None, 5):
        layout: Any = (CellLayout if machine.engine == "apmdm" else LogLayout).of(case.program, machine.extension)
        sequence = layout.encode(case.program, case.before if machine.engine == "apmdm" else log_of(case))
        states = plan.states(plan.embed(sequence.tokens, sequence.places))
        exact_values = {f"coordinates after sublayer {sublayer}": h for sublayer, h in enumerate(states)}
        for number, layer in enumerate(plan.layers):
            for index, head in enumerate(layer.heads):
                h = states[2 * number]
                exact_values[f"scores of layer {number + 1}, head {index}"] = exact.scores(head.q.apply(h), head.k.apply(h))
        for where, values in exact_values.items():
            if (wrong := np.argwhere(values != np.floor_divide(values, 1))).size:
                at = tuple(wrong[0].tolist())
                return {
                    **machine.params,
                    "instruction": str(case.program.instructions[0]),
                    where: list(at),
                    "is": str(values[at]),
                }
    return None


class Compared(NamedTuple):
    """The first number of the residual stream, or of the read-out, that torch has otherwise; how many positions agree; and
    how many are not judged: in their sequences several positions win that hold other values than 0."""

    case: Report | None
    agree: int
    left: int


def deviating(plan: Plan, machine: Machine, dtype: str, few: int = FEW, lone: bool = False) -> Compared:
    """Torch against the exact plan, on sequences in the middle of runs and on a few at the ends.

    Means of several values are rounded. So a deviation says nothing where there are such: in sequences at the ends, which are
    not well-formed; with ``lone`` in all, as a file's plan may have some at positions whose read-out does not count.
    """
    from efasp.model.transformer import Transformer

    agree = left = 0
    for found in departures(plan, Transformer.of(plan, dtype), machine, few, lone):
        agree, left = agree + found.agree, left + found.left
        if found.case:
            return Compared(found.case, agree, left)
    return Compared(None, agree, left)


def departures(plan: Plan, module: Transformer, machine: Machine, few: int, lone: bool) -> Iterator[Compared]:
    """``deviating`` of one sequence after the other."""
    runs = [("in a run", sequence) for sequence in sequences(machine, module.dtype_name)]
    for number, (where, sequence) in enumerate(runs + [("at the ends", sparse(machine, seed)) for seed in range(few)]):
        case, size = departure(plan, module, sequence), len(sequence)
        if case and (lone or number >= len(runs)) and mixes(plan, sequence, case["after sublayer"]):
            yield Compared(None, 0, size)
        elif case:
            named = {**machine.params, "dtype": module.dtype_name, "sequence": f"{number}, {where}"}
            yield Compared({**named, **case}, 0, 0)
        else:
            yield Compared(None, size, 0)


def mixes(plan: Plan, sequence: TokenSequence, sublayer: int) -> bool:
    """Whether a head up to a sublayer reads values other than 0 of several winners, exactly."""
    equal, _ = leveled(plan)
    states = equal.stream(equal.embed(sequence.tokens, sequence.places))
    for layer, h in zip(equal.layers[: (sublayer + 1) // 2], islice(states, 0, None, 2), strict=False):
        for head in layer.heads:
            used = sorted({column for row in head.o.rows for column, _ in row})
            best, values = exact.winners(head.q.apply(h), head.k.apply(h)), head.v.apply(h)[:, used] != 0
            if (best[best.sum(axis=1) > 1].any(axis=0) & values.any(axis=1)).any():
                return True
    return False


def sides(plan: Plan, module: Transformer, sequence: TokenSequence) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """For every sublayer, and last for the read-out: exact numbers, each computed when asked for, torch's, and the power of two
    by which the exact ones are larger."""
    equal, power = leveled(plan)
    *streams, out = module.states(sequence.tokens, sequence.places)
    last = equal.embed(sequence.tokens, sequence.places)
    for wanted, got in zip(equal.stream(last), streams, strict=True):
        yield (last := wanted), got, power
    yield equal.out.apply(last, equal.out_bias), out, 0


def departure(plan: Plan, module: Transformer, sequence: TokenSequence) -> Report | None:
    """The first number on a sequence that torch has otherwise."""
    for sublayer, (wanted, got, up) in enumerate(sides(plan, module, sequence)):
        if (wrong := np.argwhere(wanted != np.ldexp(got.astype(np.float64), up))).size:
            at, row = wrong[0].tolist()
            where = {"position": at, "after sublayer": sublayer, "coordinate": row}
            value = Fraction(wanted[at, row]) / Fraction(2) ** up
            return {**where, "exact": str(value), "torch": repr(float(got[at, row]))}
    return None


def rounding(plan: Plan, module: Transformer, machine: Machine, count: int) -> Iterator[Report | None]:
    """For each of the first ``count`` machine states the first number that torch computes inexactly, if torch has other numbers
    than float64 with average-hard attention; else None."""
    quick = TracingScreen(plan)
    for number, case in enumerate(islice(cases_of(machine), count)):
        sequence = next(passes(quick, machine, case)).sequence
        assert quick.last is not None
        pairs = zip((*quick.last.streams, quick.last.out), module.states(sequence.tokens, sequence.places), strict=True)
        departed = departure(plan, module, sequence) if any((wanted != got).any() for wanted, got in pairs) else None
        yield None if departed is None else {**machine.params, "dtype": module.dtype_name, "state": number, **departed}


def search(plan: Plan, machine: Machine, dtype: str, allowance: Allowance) -> Searched:
    """Looks for a sequence on which torch is not exact: ``sequences``, then states, ``RATE`` / w of them a second of budget."""
    from efasp.model.transformer import Transformer

    module, tried = Transformer.of(plan, dtype), 0
    first = (found.case for found in departures(plan, module, machine, MANY, False))
    count = min(STATES, int(allowance.seconds * RATE / machine.word))
    for case in within(chain(first, rounding(plan, module, machine, count)), allowance.left):
        if case is not None:
            return Searched(case, "torch")
        tried += 1
    return Searched(None, "torch", f"torch is exact on the {tried} sequences that were tried")


def wide() -> Iterator[Machine]:
    """Both engines at a width for which float64 is needed."""
    for engine in ENGINES:
        yield Machine(WIDE, engine, "", (1, 1))


def deviation(plan: Plan, machine: Machine, dtype: str, few: int = FEW) -> Verdict:
    """Torch's residual stream and read-out are the plan's, number by number, at every position."""
    foreign = not plan.residents
    found = deviating(plan, machine, dtype, few, lone=foreign)
    if found.case:
        return Verdict("refuted", "torch", found.case)
    method = f"torch, {dtype}: deviation 0 at {found.agree} positions, d_model {plan.width}"
    if found.left:
        method += f"; several win, with other values than 0, in sequences of {found.left}"
    return Verdict("unknown" if found.left and not (foreign and found.agree) else "measured", method)


def of(plan: Plan, machine: Machine, dtype: str, n: tuple[int, int], few: int, content: str) -> Obligation:
    """The obligation of one machine's transformer."""
    scope = f"measured at w = {machine.word}"
    content = f"torch - exact = 0 {few} {content}".rstrip()
    discharge = partial(deviation, plan, machine, dtype, few)
    return Obligation("numerics.deviation", machine.claim, machine.params, scope, n, "measurement", content, discharge)


# Attention by itself.


def attended(scores: np.ndarray, values: np.ndarray, dtype: str) -> np.ndarray:
    """The value that one query reads, with a key for each score: (d,) of values (keys, d)."""
    from efasp.model.transformer import attended

    out: np.ndarray = attended(np.ones((1, 1)), scores[:, None].astype(float), values.astype(float), dtype)[0]
    return out


def underflow(dtype: str) -> Verdict:
    """The weight of a lower score is 0: 1 to 2^p below a maximum of any size up to 2^p, first or last."""
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


def widened(machine: Machine, n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligation of a compiled machine outside the regime."""
    plan = machine.fresh
    yield of(plan, machine, dtype_for(plan), n, FEW, "")


def measurements(n: tuple[int, int]) -> Iterator[Obligation]:
    """The measured properties of attention by itself."""
    for check in (underflow, duplicates, means):
        for dtype in SIGNIFICAND:

            def measure(check: Callable[[str], Verdict] = check, dtype: str = dtype) -> Verdict:
                return check(dtype)

            content = f"softmax attention of torch in {dtype}"
            yield Obligation(
                f"numerics.{check.__name__}", "T1", {"dtype": dtype}, "measured", n, "measurement", content, measure
            )
