"""In which dtype a plan is exact: sums by their ranges, heads by having one winner each; and a run in torch, measured."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np

from efasp.evaluate import evaluate, place_rows
from efasp.language.module import Module
from efasp.model import rounding
from efasp.model.plan import Plan
from efasp.model.ranges import SCALE, RangeError, ranges
from efasp.proofs.lemmas.lowering import numbers
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.programs.means import Means
from efasp.proofs.programs.sorts import CLAIM, scope
from efasp.proofs.programs.texts import Texts
from efasp.proofs.programs.winners import Forms, winner
from efasp.syntax import Attention, walk

DEVIATES = "the file's numbers are not those of a fresh compile, whose coordinates have known bounds"
MANY = [1 << bits for bits in (20, 18, 16, 14, 12, 10, 8)]  # positions, where there are places for any number
MEASURED = (1, 2, 3, 5, 8, 16, 33, 64, 100)  # letters of the texts that run in torch, the longer ones of small programs only
WORK = 1 << 20
ROUNDED = 64  # units of rounding of the dtype by which a fraction may differ from the exact one


def obligations(means: Means, plan: Plan, fresh: Plan, dtype: str | None) -> Iterator[Obligation]:
    """The ranges of a fresh plan; one a head; and where some head is not over places alone, a run of the plan in torch.

    ``dtype``: that of a weights file.
    """
    module, texts = means.module, means.texts
    params = {"program": module.program.name}
    used = dtype or rounding.chosen(module, fresh)
    yield _ranges(means, plan, fresh, used, params)
    names = {node: name for name, node in module.program.definitions.items()}
    heads = [node for node in walk(module.program.output) if isinstance(node, Attention)]
    seen: set[Any] = set()
    proved = True
    for number, head in enumerate(heads):
        if (head.q, head.k) not in seen:
            seen.add((head.q, head.k))
            yield _head(means, head, {**params, "head": names.get(head, number)})
            proved = proved and winner(head, Forms()) is not None
    if not proved:
        yield Obligation(
            "program.torch",
            CLAIM,
            params,
            "measured",
            (1, MEASURED[-1]),
            "measurement",
            used,
            lambda: _torch(texts, plan, used),
        )


def _ranges(means: Means, plan: Plan, fresh: Plan, used: str, params: dict[str, Any]) -> Obligation:
    """That the floats of a dtype tell the exact read-outs, where no number of positions is bounded
    up to some; of a file if its numbers are the fresh ones."""
    module = means.module
    said, n = scope(module)
    whole = module.program.output.sort.integral
    verdict = Verdict("unknown", f"{used}: no bound of its roundings is known for any number of positions")
    if plan is not fresh and numbers(plan) != numbers(fresh):
        verdict = Verdict("unknown", DEVIATES)
    else:
        for most in [module.positions] if module.positions is not None else MANY:
            off, reason = rounding.readout_error(fresh, used, most, module.program.output.sort)
            if not reason:
                verdict = Verdict("proved", _bound(fresh, used, off, whole))
                said, n = (
                    (said, n) if module.positions or not off else (f"texts of up to {most - module.skipped} letters", (1, most))
                )
                break
            verdict = Verdict("unknown", reason)
    return Obligation(
        "program.ranges", CLAIM, params, f"{said}, given the sorts and winners", n, "exact", used, lambda: verdict
    )


def _bound(plan: Plan, dtype: str, off: float, whole: bool) -> str:
    """What a proof says of a dtype, by the largest error of a read-out."""
    if not off:
        return (
            f"{dtype}: every sum is at most {max(found.bound for found in ranges(plan))}; scores are scaled by {SCALE[dtype]}"
        )
    return f"{dtype}: every read-out is within {off:.1e} of the {'integer' if whole else 'fraction'} that it stands for"


def doubt(module: Module, plan: Plan, fresh: Plan, dtype: str) -> str:
    """Why the floats of a dtype are not known to tell a plan's read-outs, "" where they are. ``fresh``: the plan of a fresh
    compile, of which alone the bounds are known."""
    if plan is not fresh and numbers(plan) != numbers(fresh):
        return DEVIATES
    return rounding.doubtful(module, fresh, dtype)


def _head(means: Means, head: Attention, params: dict[str, Any]) -> Obligation:
    """That a score which is not the highest is 1 or more below it."""
    module = means.module
    said, n = scope(module)
    said = f"{said}, given the sorts"
    if not head.q.sort.integral or not head.k.sort.integral:
        verdict = Verdict("unknown", "scores that may be fractions: how far apart they are is not known")
    elif winner(head, Forms()) is not None:
        verdict = Verdict("proved", "the score is a polynomial of the place with one maximum")
    else:
        verdict = Verdict("proved", "scores are integers: those that are not the highest are 1 or more below it")
    return Obligation("program.winner", CLAIM, params, said, n, "exact", "head", lambda: verdict)


def _torch(texts: Texts, plan: Plan, dtype: str) -> Verdict:
    """The transformer against exact evaluation, on texts of several lengths, by a fixed seed."""
    try:
        from efasp.model.transformer import Transformer
    except ModuleNotFoundError as error:
        return Verdict("unknown", f"the package {error.name} is not installed")
    module, random = texts.module, Random(0)
    width = sum(node.width for node in texts.nodes)
    most = min(module.longest or MEASURED[-1], max(MEASURED[3], WORK // (4 * width)))
    lengths = [n for n in MEASURED if n <= most]
    try:
        transformer = Transformer.of(plan, dtype)
    except (RangeError, ValueError) as error:
        return Verdict("unknown", str(error))
    # Floats round fractions: they may differ from the exact ones relative to them, or to 1 where those are less.
    tolerance = 0.0 if module.program.output.sort.integral else ROUNDED * float(np.finfo(transformer.dtype_name).eps)
    for n in lengths:
        for letters in (module.letters, module.letters[:2], module.letters[:1]):
            text = module.join(random.choices(letters, k=n))
            ids = module.encode(text)
            (exact,) = evaluate(module.program.output, tokens=ids)
            got = transformer.outputs(np.array(ids), place_rows(None, len(ids))).astype(np.float64)
            if not np.isfinite(got).all():
                row = int(np.flatnonzero(~np.isfinite(got).all(axis=1))[0])
                said = f"on {text!r}: expected numbers, got one that is not finite at token {row}, in {transformer.dtype_name}"
                return Verdict(
                    "refuted", f"torch, texts of {n} letters", {"text": text, "position": row - module.skipped, "said": said}
                )
            wanted, found = module.decode(exact), _read(module, got)
            true = exact.astype(np.float64)
            within = np.abs(got - true)[module.skipped :] <= tolerance * np.maximum(1.0, np.abs(true))[module.skipped :]
            near = [bool(row.all()) for row in within]
            differs = (i for i in range(len(wanted)) if wanted[i] != found[i] and not near[i])
            if (at := next(differs, None)) is not None:
                name = transformer.dtype_name
                said = f"on {text!r}: expected {wanted[at]}, got {_decimal(found[at])} at position {at}, in {name}"
                return Verdict("refuted", f"torch, texts of {n} letters", {"text": text, "position": at, "said": said})
    rounded = "" if not tolerance else f", fractions up to {ROUNDED} units of rounding"
    return Verdict("measured", f"torch, {transformer.dtype_name}, texts of {', '.join(map(str, lengths))} letters{rounded}")


def _decimal(value: Any) -> Any:
    """A value, with fractions, which stand for floats, as decimals."""
    if isinstance(value, tuple):
        return f"({', '.join(str(_decimal(one)) for one in value)})"
    return f"{float(value):.7g}" if isinstance(value, Fraction) else value


def _read(module: Module, values: np.ndarray) -> list[Any]:
    """A float read-out decoded; where the sort is integral the nearest integers are read."""
    return module.decode(np.rint(values) if module.program.output.sort.integral else values)
