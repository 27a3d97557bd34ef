"""Family resources (claims T1, T2, T4): depth, widths, parameters and operations of every transformer that n takes.

Compiled sizes are compared with the closed forms (``model.closed_forms``) at their width, and with the bounds in log2 n for
every n of that width. The bounds for all widths, the contexts and the serial machine are in
``proofs.lemmas.resources_bounds``. The sizes of a weights file are its own: the family speaks of compiled transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from random import Random
from typing import Any

from efasp.model import closed_forms
from efasp.model.plan import Plan, TransformerShape, parameters
from efasp.model.ranges import ranges
from efasp.pram import library
from efasp.pram import machine as pram
from efasp.pram.machine import MIN_WORD
from efasp.proofs.lemmas import resources_bounds
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma

Wrong = dict[str, Any]
Found = tuple[str, Iterator[Wrong]]  # the compared sizes, and the first error
Check = Callable[[Machine, Plan], Found]


@lemma
def compiled(regime: Regime) -> Iterator[Batch]:
    """The batches about the sizes of compiled transformers: that they are as stated, and within their bounds for every n of the
    width."""
    for machine in regime.machines() if regime.given is None else ():
        names = tuple(f"resources.{name}" for name in checks(machine))
        yield Batch(names, machine.params, lambda m=machine: sized(regime, m))  # type: ignore[misc]


def checks(machine: Machine) -> dict[str, Check]:
    """The checks of a machine, by the lemma's name: claim T2 speaks of masked diffusion alone."""
    found: dict[str, Check] = {"depth": depth, "width": width, "d_ff": units, "parameters": weights, "precision": precision}
    return found | ({"operations": operations} if machine.engine == "mdm" else {})


def sized(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligations of ``compiled`` for one machine."""
    plan = regime.plan(machine)
    content = f"{plan.shape} {plan.vocabulary.width} {plan.places.width}"
    for name, check in checks(machine).items():
        claim = "T2" if name == "operations" else machine.claim
        scope = f"n <= {regime.n_max}{', given the sorts' if name == 'precision' else ''}"
        verdict = partial(discharge, check, machine, plan)
        yield Obligation(f"resources.{name}", claim, machine.params, scope, machine.n, "exact", content, verdict)


def discharge(check: Check, machine: Machine, plan: Plan) -> Verdict:
    """The verdict on sizes: refuted by the first that is not as stated, or too large."""
    method, failures = check(machine, plan)
    wrong = next(failures, None)
    return Verdict("refuted" if wrong else "proved", method, wrong and {"w": machine.word, **wrong})


def stated(machine: Machine) -> tuple[TransformerShape[Any], Any, Any]:
    """The closed forms of the shape and of the codes' widths, at the machine's width."""
    which = machine.engine, machine.extension, closed_forms.quantities(machine.word, machine.extension)
    return closed_forms.shape(*which), *closed_forms.codes(*which)


def compared(machine: Machine, what: str, wanted: Any, got: Any, since: int = MIN_WORD) -> Iterator[Wrong]:
    """The first size that is not as stated, from the width on from which it is stated."""
    if machine.word >= since and wanted != got:
        yield {"of": what, "expected": wanted, "got": got}


def beyond(machine: Machine, size: str, got: int) -> Iterator[Wrong]:
    """A size above its bound at the least n that takes the width."""
    first, log = machine.n[0], closed_forms.least_log(machine.word)
    most = closed_forms.bound(machine.engine, machine.extension, size, log)
    if got > most or 1 << log > first:
        yield {"n": first, "of": size, "bound": most, "log2 n at least": log, "got": got}


def in_words(machine: Machine, size: str, got: int, since: int) -> str:
    """The size and its comparison, in words."""
    form = "as its closed form says" if machine.word >= since else f"its closed form is from w = {since} on"
    return f"compiled: {size} {got}; within its bound; {form}"


def depth(machine: Machine, plan: Plan) -> Found:
    """Layers, and heads of each, as stated: the same for every width."""
    form = stated(machine)[0]
    wanted, got = [row["heads"] for row in form["layers"]], [len(layer.heads) for layer in plan.layers]
    return f"compiled: {len(got)} layers with {got} heads", compared(machine, "heads of the layers", wanted, got)


def width(machine: Machine, plan: Plan) -> Found:
    """d_model, widths of heads, codes and read-out, as stated; d_model within its bound."""
    form, *codes = stated(machine)
    since, start = closed_forms.SINCE[machine.engine, machine.extension].d_model, closed_forms.FROM[machine.extension]
    heads = [max((len(m.rows) for head in layer.heads for m in (head.q, head.k, head.v)), default=0) for layer in plan.layers]
    exact = (
        ("d_model", form["d_model"], plan.width, since),
        ("d_head of the layers", [row["d_head"] for row in form["layers"]], heads),
        ("widths of the codes", codes, [plan.token.columns, plan.place.columns]),
        ("d_out", form["d_out"], len(plan.out.rows)),
        (
            "w, c, f, h",
            closed_forms.linear(machine.word, machine.word % 2),
            closed_forms.quantities(machine.word, machine.extension),
            start,
        ),
    )
    failures = chain(*(compared(machine, *row) for row in exact), beyond(machine, "d_model", plan.width))
    return in_words(machine, "d_model", plan.width, since), failures


def units(machine: Machine, plan: Plan) -> Found:
    """Feed-forward widths as stated: of all layers together, and of each; the widest within its bound."""
    form, since = stated(machine)[0], closed_forms.SINCE[machine.engine, machine.extension]
    wanted, got = [row["d_ff"] for row in form["layers"]], [len(layer.up.rows) for layer in plan.layers]
    failures = chain(
        compared(machine, "units of all layers", sum(wanted), sum(got), since.units),
        compared(machine, "d_ff of the layers", wanted, got, since.layers),
        beyond(machine, "d_ff", max(got)),
    )
    return f"{in_words(machine, 'units', sum(got), since.units)}; {in_words(machine, 'd_ff', max(got), since.layers)}", failures


def weights(machine: Machine, plan: Plan) -> Found:
    """The number of weights is that of the matrices' entries, and as stated; it is within its bound."""
    got = parameters(plan.shape, plan.vocabulary, plan.places)
    since = closed_forms.SINCE[machine.engine, machine.extension].units
    failures = chain(
        compared(machine, "entries of the matrices", entries(plan), got),
        compared(machine, "parameters", closed_forms.count(*stated(machine)), got, since),
        beyond(machine, "parameters", got),
    )
    return in_words(machine, "parameters", got, since), failures


def entries(plan: Plan) -> int:
    """Entries of all matrices and biases, the heads of a layer as wide as its widest."""
    total = sum(len(m.rows) * m.columns for m in (plan.token, plan.place, plan.out)) + len(plan.out_bias)
    for layer in plan.layers:
        widest = max((len(m.rows) for head in layer.heads for m in (head.q, head.k, head.v)), default=0)
        total += sum(widest * (head.q.columns + head.k.columns + head.v.columns + len(head.o.rows)) for head in layer.heads)
        total += len(layer.up.rows) * layer.up.columns + len(layer.bias) + len(layer.down.rows) * layer.down.columns
    return total


def precision(machine: Machine, plan: Plan) -> Found:
    """The largest sum of a pass is within its closed form, and its bits are within their bound."""
    worst = max(ranges(plan), key=lambda r: r.bound)
    clock = closed_forms.quantities(machine.word, machine.extension).c
    most = closed_forms.magnitude(machine.engine, machine.extension, machine.word, 1 << machine.word, 1 << clock)
    above = iter([{"of": worst.where, "bound": most, "got": worst.bound}] if worst.bound > most else [])
    bits = worst.bound.bit_length()
    return f"interval arithmetic: {bits} bits ({worst.where})", chain(above, beyond(machine, "bits", bits))


def operations(machine: Machine, plan: Plan) -> Found:
    """S decoding steps with a context of S tokens take at most S^3 times ``costs.most`` of log2 S, whatever S takes the width.

    A step takes a S^2 + b S operations, a, b >= 0, so S steps at most S^3 (a + b).
    """
    once, twice = (resources_bounds.total(plan.shape, plan.token.columns + plan.place.columns, s) for s in (1, 2))
    square = (twice - 2 * once) // 2
    log = max(closed_forms.least_log(machine.word), resources_bounds.LEAST_LOG)
    most = resources_bounds.most(machine.extension, log)
    wrong = {"of": "operations of S steps / S^3", "S at least": 1 << log, "bound": str(most), "got": once}
    return f"{square} S^2 + {once - square} S operations", iter([wrong] if once > most or not 0 <= square <= once else [])


# Decoding steps.

RUNS = ("sum_to", "fault")  # programs of the library that fit the narrowest word and need no extension


@lemma
def decoding(regime: Regime) -> Iterator[Batch]:
    """Decoding steps and tokens of runs in the torch transformer, at the narrowest width: measured."""
    for machine in regime.machines() if regime.given is None else ():
        if machine.word == MIN_WORD and not machine.extension:
            yield Batch(("resources.steps",), machine.params, lambda m=machine: stepped(regime, m))  # type: ignore[misc]


def stepped(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligation of ``decoding`` for one transformer."""
    plan = regime.plan(machine)
    scope = f"measured: w = {machine.word}, programs {', '.join(RUNS)}"
    content = f"{scope}\n{plan.shape}"
    yield Obligation(
        "resources.steps", machine.claim, machine.params, scope, machine.n, "measurement", content, partial(run, machine, plan)
    )


def run(machine: Machine, plan: Plan) -> Verdict:
    """Each program in the transformer and in the PRAM, step by step: one pass a step, and as many tokens as the layout says."""
    from efasp.model import decode
    from efasp.model.transformer import Transformer

    transformer, counts = Transformer.of(plan), []
    for name in RUNS:
        program = library.build(name, library.PROGRAMS[name].instance(Random(1), 2, machine.word))
        start = decode.masked_diffusion if machine.engine == "mdm" else decode.any_process
        wanted, state, steps = pram.initial(program), None, 0
        for steps, state in enumerate(start(program, transformer, machine.extension), 1):
            wanted = pram.step(program, wanted)
            tokens = resources_bounds.context(machine.engine, program.processors, program.memory, program.length, steps)
            expected = {"steps": steps, "decoding steps": steps, "tokens": tokens}
            got = {"steps": state.steps, "decoding steps": state.passes, "tokens": len(state.sequence)}
            if expected != got or state.configuration != wanted:
                wrong = {"program": name, "expected": expected, "got": got, "same state": state.configuration == wanted}
                return Verdict("refuted", f"torch, {transformer.dtype_name}", wrong)
            if "running" not in wanted.status:
                break
        counts.append(f"{name} {steps}")
    return Verdict("measured", f"torch, {transformer.dtype_name}: decoding steps = PRAM steps: {', '.join(counts)}")
