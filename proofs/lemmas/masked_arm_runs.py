"""Lemma masked_arm.runs (claim T3): the PRAM's log, decoded left to right in torch by its Masked-ARM, is the oracle's run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.model.compile import MASKED_ARM, compile_masked_arm, log_masked_arm
from efasp.pram.isa import EXTENSIONS
from efasp.pram.machine import Program
from efasp.proofs.concrete.differential import guarded, listed, unequal, wanted
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.scenarios import Shape
from efasp.proofs.lemmas.process import whole
from efasp.proofs.lemmas.process_orders import endless, sequence_failure
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer

SIZES = ((1, 7, 6, 4), (5, 6, 5, 3))  # processors, words of memory, instructions, steps
WIDEST = 16  # bits: of wider words nothing is run
ORDERS = {"the leftmost mask first": None, "the rightmost mask first": lambda first, end: np.arange(first, end)[::-1]}
SCOPE = "measured: programs of 1 and 5 processors, two orders of a block, one token a pass"


@contextmanager
def masks(machine: Machine, transformer: Transformer) -> Iterator[list[list[int]]]:
    """A list to which every pass inside first adds the positions that are masked."""
    mask, found = log_masked_arm(machine.word, machine.extension).mask, list[list[int]]()

    def note(_: object, given: tuple[Any, ...]) -> None:
        found.append(np.flatnonzero(given[0].cpu().numpy() == mask).tolist())

    hook = transformer.register_forward_pre_hook(note)
    try:
        yield found
    finally:
        hook.remove()


def differing(machine: Machine, transformer: Transformer, program: Program, most: int, order: str) -> Report | None:
    """Where the configurations, the passes or the log of an order differ from the oracle's run of ``most`` steps; or a pass, in
    any order, does not fill the leftmost mask: before each, those that are masked are the rest of the step's block."""
    with masks(machine, transformer) as found:
        wrong = compared(machine, transformer, program, most, order)
    if wrong is not None:
        return wrong
    size, first = 3 * program.processors, found[0][0]
    rest = [list(range(first + k, first + size * (k // size + 1))) for k in range(size * most)]
    return unequal(rest, found, "masks before every pass")


def compared(machine: Machine, transformer: Transformer, program: Program, most: int, order: str) -> Report | None:
    """The same, but for the masks."""
    from efasp.model import decode

    states, state = decode.masked_arm(program, transformer, machine.extension, ranks=ORDERS[order]), None
    for step, configuration in enumerate(wanted(program, most).history, 1):
        state = next(states, None)
        if state is None:
            return {"what": "decoding ended", "expected": most, "got": step - 1}
        passes = 3 * program.processors * step
        found = {"step": state.steps, "passes": state.passes, **vars(state.configuration)}
        if (wrong := unequal({"step": step, "passes": passes, **vars(configuration)}, found)) is not None:
            return {"step": step, **wrong}
    assert state is not None
    return sequence_failure(machine, program, state)


def misrun(machine: Machine, transformer: object, program: Program, most: int) -> Report | None:
    """Where `efasp run`, which has an order of its own, makes other steps or passes, or reports them otherwise."""
    from efasp.model import decode

    reported: list[int] = []
    run = decode.run(program, MASKED_ARM, transformer, machine.extension, most, reported.append)  # type: ignore[arg-type]
    return unequal(
        [most, 3 * program.processors * most, list(range(1, most + 1))], [run.steps, run.decode_steps, reported], "run"
    )


def discharge(machine: Machine) -> Verdict:
    """Decode a program of every size in every order."""
    from efasp.model.transformer import Transformer

    transformer, shape = (
        Transformer.of(compile_masked_arm(machine.word, machine.extension)),
        Shape(machine.word, machine.extension),
    )
    method = f"torch, {transformer.dtype_name}"
    for processors, memory, length, most in SIZES:
        program = endless(Random(f"masked arm {shape} {processors}"), shape, processors, memory, length, most)
        checks = {order: partial(differing, machine, transformer, program, most, order) for order in ORDERS}
        checks["of the run itself"] = partial(misrun, machine, transformer, program, most)
        for order, check in checks.items():
            if (wrong := guarded(check)) is not None:
                return Verdict("refuted", method, {"order": order, **wrong, **listed(program)})
    return Verdict("measured", f"{method}: {len(SIZES) * len(ORDERS)} decodings as the oracle has them")


@lemma
def runs(regime: Regime) -> Iterator[Batch]:
    """The Masked-ARM of the log of every width that is run, with the extension where n is large; not of a weights file."""
    for word, n in regime.widths() if regime.given is None else ():
        machines = [Machine(word, "mdm", extension, n) for extension in EXTENSIONS if word <= WIDEST]
        for machine in [machine for machine in machines if whole(regime, machine)]:
            params = {"w": word, "ext": machine.extension or "none"}
            work = partial(discharge, machine)
            made = [Obligation("masked_arm.runs", "T3", params, SCOPE, n, "measurement", f"{SCOPE}: {params}", work)]
            yield Batch(("masked_arm.runs",), params, partial(iter, made))
