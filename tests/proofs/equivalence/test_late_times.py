"""Late times in a log: the passes there, and plans that are wrong there alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from efasp.encoding import LogLayout, TokenSequence, join
from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.model.transformer import Transformer
from efasp.pram.isa import Instruction
from efasp.proofs.concrete import late_times
from efasp.proofs.concrete.machine_states import first_failure
from efasp.proofs.obligation import Machine

MACHINE = Machine(5, "mdm", "", (1, 32))


def other_bit(bit: int) -> Plan:
    """A plan of which the head that finds masks at the previous time compares one bit of the clock with the next bit."""
    plan = compile_machine(5, "mdm")
    at = {one.name: one.coordinate for one in plan.residents if not one.born}
    layer = plan.layers[0]
    prev, mask, here, there = (
        at[name] for name in (f"pe.prev_bits[{bit}]", "te.mask", *(f"pe.time_bits[{bit + i}]" for i in (0, 1)))
    )
    for number, head in enumerate(layer.heads):
        pairs = list(zip(head.q.rows, head.k.rows, strict=True))
        if mask in dict(head.k.rows[0]) and (((prev, 1),), ((here, 1),)) in pairs:
            rows = tuple(((there, 1),) if pair == (((prev, 1),), ((here, 1),)) else pair[1] for pair in pairs)
            heads = [*layer.heads[:number], replace(head, k=Matrix(rows, head.k.columns)), *layer.heads[number + 1 :]]
            return replace(plan, layers=(replace(layer, heads=tuple(heads)), *plan.layers[1:]), dtype="float32")
    raise AssertionError("there is such a head")


def last_bit_kept() -> Plan:
    """A plan that does not clear the last bit of the previous time: its unit has the other sign."""
    plan = compile_machine(5, "mdm")
    at = next(one.coordinate for one in plan.residents if one.name == "pe.prev_bits[15]")
    down = list(plan.layers[0].down.rows)
    down[at] = ((down[at][0][0], -down[at][0][1]), *down[at][1:])
    layers = (replace(plan.layers[0], down=Matrix(down, plan.layers[0].down.columns)), *plan.layers[1:])
    return replace(plan, layers=layers, dtype="float32")


def test_compiled_plans_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two widths, and of a machine that is specialised to a program."""
    code = (Instruction("ld", 1, None, 0), Instruction("st", 1, None, 1), Instruction("jmp", x=0))
    monkeypatch.setattr(late_times, "TIMES", late_times.TIMES[:7])
    for word, extension, own in ((5, "", code), (6, "M", None), (12, "", None)):
        machine = Machine(word, "mdm", extension, (1, 1), own)
        assert late_times.first_failure(compile_machine(word, "mdm", extension, own), machine) is None


@pytest.mark.parametrize(("plan", "time"), [(other_bit(9), 1 << 9), (last_bit_kept(), 1 << 15)], ids=["bit 9", "bit 15"])
def test_what_is_wrong_at_late_times_is_refuted(plan: Plan, time: int) -> None:
    """The listed states are too early; the failure is at a time that has the bit."""
    assert first_failure(plan, MACHINE, 24) is None
    report = late_times.first_failure(plan, MACHINE)
    assert report is not None and report["time"] >= time and report["expected"] != report["got"]


def test_passes_are_those_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a plan that is wrong: every read-out is that of a dense pass over the whole sequence, and the first error is there."""
    plan = other_bit(7)
    module = Transformer.of(plan, plan.dtype)
    layout = cast(LogLayout, LogLayout.of(late_times.program_of(MACHINE), ""))
    whole = TokenSequence(np.zeros(0, dtype=np.int64), layout.opening(late_times.program_of(MACHINE)).places[:0])

    def outputs(stays: TokenSequence, block: TokenSequence) -> np.ndarray:
        nonlocal whole
        whole = join([whole, stays])
        active = join([whole, block])
        return module.outputs(active.tokens, active.places)[len(whole) - len(stays) :]

    def until(steps: Iterator[tuple[int, object]]) -> tuple[int, object]:
        return next((time, report) for time, report in steps if report is not None)

    monkeypatch.setattr(late_times, "TIMES", late_times.TIMES[:3])
    found = late_times.first_failure(plan, MACHINE)
    assert found is not None
    time, report = until(late_times.steps(MACHINE, outputs, plan.shape["d_model"]))
    assert time == found["time"] and cast(dict, report).items() <= found.items()
    assert len(whole) == layout.context_length(time - 1)


def test_without_torch_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search ends without a countermodel: the lemma needs no torch."""
    monkeypatch.setitem(sys.modules, "efasp.model.transformer", None)
    assert late_times.first_failure(other_bit(7), MACHINE) is None
