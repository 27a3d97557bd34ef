"""That a plan computes a program, on sequences of every length: the plan is executed on symbols next to the program
(``proofs.symbolic.residual_stream``), as the family lowering does it for the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from efasp.evaluate import evaluate
from efasp.model.plan import Plan
from efasp.model.program_file import books
from efasp.proofs.lemmas.lowering import digest
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.programs.sorts import CLAIM, scope
from efasp.proofs.programs.texts import Texts
from efasp.proofs.symbolic.residual_atoms import TooManyTerms
from efasp.proofs.symbolic.residual_stream import Executed, Reader


def obligations(texts: Texts, plan: Plan) -> Iterator[Obligation]:
    """One a layer, that it adds nothing but units and lookups of the program; and one that the read-out is the program's."""
    module = texts.module
    said, n = scope(module)
    said = f"{said}, given the sorts"
    reader, executed, excess = _executed(texts, plan)
    deviating = {deviation.layer for deviation in executed.deviations} if executed else set()
    soft = (
        {layer: f"head {head}: scores are {factor} of the program's" for layer, head, factor in executed.soft}
        if executed
        else {}
    )
    for number, layer in enumerate(plan.layers, 1):
        params = {"program": module.program.name, "layer": number}
        if number in soft:
            verdict = Verdict("unknown", f"{soft[number]}, too near for softmax")
        elif executed is None or number in deviating:
            where = [f"{d.matrix}, row {d.row}" for d in executed.deviations if d.layer == number][:4] if executed else []
            verdict = _differs(texts, plan, f"layer {number}: {', '.join(where)}" if where else excess)
        else:
            verdict = Verdict("proved", f"normal form: {reader.own_atoms - 1} atoms, {reader.stream.promises} signs by sorts")
        yield _exact("program.layer", params, said, n, digest(layer), verdict)
    content = " ".join(digest(part) for part in (plan.token, plan.place, *plan.layers, plan.out))
    if executed is not None and executed.outputs == reader.outputs:
        verdict = Verdict("proved", f"normal form: {reader.own_atoms - 1} atoms, {reader.stream.promises} signs by sorts")
    else:
        verdict = _differs(texts, plan, excess or "the read-out's forms are not the program's")
    yield _exact("program.stack", {"program": module.program.name}, said, n, content, verdict)


def _exact(name: str, params: dict[str, Any], said: str, n: tuple[int, int], content: str, verdict: Verdict) -> Obligation:
    return Obligation(name, CLAIM, params, said, n, "exact", content, lambda: verdict)


def _executed(texts: Texts, plan: Plan) -> tuple[Reader, Executed | None, str]:
    """The program, and the plan executed over its atoms; or why it was not."""
    reader = Reader(texts.module.program)
    if (plan.vocabulary, plan.places) != books(texts.module):
        return reader, None, "its codebooks are not the program's"
    try:
        return reader, reader.execute(plan), ""
    except TooManyTerms as error:
        return reader, None, str(error)


def _differs(texts: Texts, plan: Plan, reason: str) -> Verdict:
    """Refuted by a text on which the plan's read-out is another, of a letter where there is such a text; else unknown."""
    first: dict[str, Any] | None = None
    for text in [*texts.short(), *texts.drawn]:
        found = difference(texts, plan, text)
        first = first or found
        if found is not None and found["position"] >= 0:
            first = found
            break
    if first is not None:
        return Verdict("refuted", f"exact forward pass on texts; {reason}", {**first, "deviates": reason})
    return Verdict("unknown", f"{reason}; the same on every text of up to {texts.length} letters")


def difference(texts: Texts, plan: Plan, text: str) -> dict[str, Any] | None:
    """The first position at which a plan's read-out is not the program's output on a text."""
    module = texts.module
    ids = module.encode(text)
    (wanted,) = evaluate(module.program.output, tokens=ids)
    got = plan.forward(ids)
    wrong = np.flatnonzero((wanted != got).any(axis=1))
    if not wrong.size:
        return None
    expected, found = (module.decode(values) for values in (wanted, got))
    at = int(wrong[0]) - module.skipped
    at = next((i for i, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1]), at)
    shown = ("a read-out", "another") if at < 0 or expected[at] == found[at] else (expected[at], found[at])
    where = f"at position {at}" if at >= 0 else "at the start token, whose read-out is no part of the result"
    said = f"on {text!r}: expected {shown[0]}, got {shown[1]} {where}"
    return {"text": text, "position": at, "expected": shown[0], "found": shown[1], "said": said}
