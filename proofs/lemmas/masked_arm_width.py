"""Lemma masked_arm.width (claim T3): a Masked-ARM is two layers deeper than its encoder, and O(log S) wider.

The compiled plans are compared with the closed forms (``model.masked_arm_forms``), and with the bound from the encoder's width.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from efasp.masked_arm import masked_arm
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model import masked_arm_forms
from efasp.model.compile import MASKED_ARM_BITS, compile_machine, compile_masked_arm
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.pram.isa import EXTENSIONS
from efasp.proofs.lemmas.masked_arm_runs import WIDEST
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, exhaustive, lemma

TREE_BITS = range(2, 9)  # of a position


def unequal(encoder: Plan, arm: Plan, b: int, form: int) -> Iterator[dict[str, Any]]:
    """Where a Masked-ARM's width and depth are not as stated."""
    most, layers = masked_arm_forms.bound(encoder.width, b), len(encoder.layers) + masked_arm_forms.LAYERS
    if arm.width != form or arm.width > most or len(arm.layers) != layers:
        wanted = f"d_model {form}, at most {most}, {layers} layers"
        yield {"bits of a position": b, "expected": wanted, "got": f"{arm.width}, {len(arm.layers)} layers"}


def trees() -> Iterator[dict[str, Any]]:
    """Examples and bits at which a Masked-ARM is not as stated."""
    for name, example in MASKED_EXAMPLES.items():
        encoder = lower(example.decoder.program)
        for b in TREE_BITS:
            arm = lower(masked_arm(example.decoder, b).program)
            for wrong in unequal(encoder, arm, b, masked_arm_forms.tree_width(name, b)):
                yield {"example": name, **wrong}


def log(word: int, extension: str) -> Verdict:
    """The Masked-ARM of the log at one width, as it is run."""
    encoder, arm, b = compile_machine(word, "mdm", extension), compile_masked_arm(word, extension), MASKED_ARM_BITS
    wrong = next(unequal(encoder, arm, b, masked_arm_forms.log_width(word, extension, b)), None)
    return Verdict("refuted" if wrong else "proved", f"compiled: d_model {arm.width}, {encoder.width} without it", wrong)


@lemma
def widths(regime: Regime) -> Iterator[Batch]:
    """The Masked-ARMs of the examples, and of the log at every width that is run; not of a weights file."""
    name = "masked_arm.width"
    if regime.given is not None:
        return
    count = len(MASKED_EXAMPLES) * len(TREE_BITS)
    scope = f"exhaustive: parity and brackets over a tree, positions of {TREE_BITS[0]} to {TREE_BITS[-1]} bits"
    small = Obligation(name, "T3", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", exhaustive(count, trees))
    yield Batch((name,), {}, partial(iter, [small]))
    for word, n in regime.widths():
        for extension in EXTENSIONS if word <= WIDEST else ():
            params = {"w": word, "ext": extension or "none"}
            scope = f"the log, positions of {MASKED_ARM_BITS} bits"
            content, discharge = f"{name}: {scope}: {params}", partial(log, word, extension)
            made = Obligation(name, "T3", params, scope, n, "exact", content, discharge)
            yield Batch((name,), params, partial(iter, [made]))
