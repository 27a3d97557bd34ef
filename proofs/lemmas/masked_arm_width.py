"""Lemma masked_arm.width (claim T3): a Masked-ARM is two layers deeper than its encoder, and O(log S) wider.

The compiled plans are compared with the closed forms (``model.masked_arm_forms``), and with the bound from the encoder's width.
Rocq proves a bound for every encoder, of a Masked-ARM that is made of the encoder's transformer (``armed_width``); here the
compiled ones of drawn encoders are compared with it too, whose coordinates are the scheduler's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

from efasp.attention import gather
from efasp.embeddings import positions, tokens
from efasp.masked_arm import Decoder, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES
from efasp.model import masked_arm_forms
from efasp.model.compile import MASKED_ARM_BITS, compile_machine, compile_masked_arm
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.pointwise import and_, gate, not_, signed, unsigned, xor
from efasp.pram.isa import EXTENSIONS
from efasp.proofs.lemmas.masked_arm import BOOK, PLACES
from efasp.proofs.lemmas.masked_arm_runs import WIDEST
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.sorts import Flag, Word
from efasp.syntax import Program, combine, concat, refine

TREE_BITS = range(2, 9)  # of a position
DRAWN, DRAWN_BITS, STEPS = 24, (2, 8, 24), (3, 12)  # encoders, bits of a position, and flags of an encoder


def unequal(encoder: Plan, arm: Plan, b: int, form: int) -> Iterator[dict[str, Any]]:
    """A report on where a Masked-ARM's width and depth are not those of the closed forms."""
    most, layers = masked_arm_forms.bound(encoder.width, b), len(encoder.layers) + masked_arm_forms.LAYERS
    if arm.width != form or arm.width > most or len(arm.layers) != layers:
        wanted = f"d_model {form}, at most {most}, {layers} layers"
        yield {"bits of a position": b, "expected": wanted, "got": f"{arm.width}, {len(arm.layers)} layers"}


def trees() -> Iterator[dict[str, Any]]:
    """The examples and bits at which a Masked-ARM's sizes are not those of the closed forms."""
    for name, example in MASKED_EXAMPLES.items():
        encoder = lower(example.decoder.program)
        for b in TREE_BITS:
            arm = lower(masked_arm(example.decoder, b).program)
            for wrong in unequal(encoder, arm, b, masked_arm_forms.tree_width(name, b)):
                yield {"example": name, **wrong}


def drawn(rng: Random) -> Decoder:
    """A decoder of flags that are drawn: conjunctions, exclusive or, and neighbours of those before, and of the token's."""
    te, pe = tokens(BOOK), positions(PLACES)
    payload = unsigned(te.field("value_bits"), te.flag("b"))
    flags = [te.flag("mask"), te.flag("a"), te.flag("b"), refine(payload, Flag())]
    for _ in range(rng.randint(*STEPS)):
        x, y = rng.sample(flags, 2)
        near = gather(x, pe.field("number") + rng.choice((-1, 1)), pe)
        flags.append(rng.choice((and_(x, y), xor(x, y), not_(x), refine(near, Flag()))))
    masked, b, value = flags[-1], and_(not_(flags[-1]), flags[-2]), flags[-3]
    a = combine([(1, not_(masked)), (-1, b)], sort=Flag())
    program = Program("drawn")
    program.let("code", concat(masked, a, b, te.one, signed(gate(b, refine(value, Word(1))), b)))
    return Decoder(program, BOOK, PLACES)


def of_drawn() -> Iterator[dict[str, Any]]:
    """Drawn encoders and bits at which a Masked-ARM is wider than the bound, or more than two layers deeper."""
    for seed in range(DRAWN):
        decoder = drawn(Random(f"encoder {seed}"))
        encoder = lower(decoder.program)
        for b in DRAWN_BITS:
            arm = lower(masked_arm(decoder, b).program)
            most = masked_arm_forms.general_bound(encoder.width, b, BOOK.width)
            layers = len(encoder.layers) + masked_arm_forms.LAYERS
            if arm.width > most or len(arm.layers) > layers:
                wanted = f"d_model at most {most}, layers at most {layers}"
                yield {
                    "encoder": seed,
                    "bits of a position": b,
                    "expected": wanted,
                    "got": f"{arm.width}, {len(arm.layers)} layers",
                }


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
    cases = DRAWN * len(DRAWN_BITS)
    scope = f"{DRAWN} drawn encoders, positions of {', '.join(map(str, DRAWN_BITS))} bits"
    content = f"{name}: {scope}, {STEPS}: {cases} cases"
    others = Obligation(name, "T3", {"of": "drawn"}, scope, regime.all_n, "exhaustive", content, exhaustive(cases, of_drawn))
    yield Batch((name,), {}, partial(iter, [small, others]))
    for word, n in regime.widths():
        for extension in EXTENSIONS if word <= WIDEST else ():
            params = {"w": word, "ext": extension or "none"}
            scope = f"the log, positions of {MASKED_ARM_BITS} bits"
            content, discharge = f"{name}: {scope}: {params}", partial(log, word, extension)
            made = Obligation(name, "T3", params, scope, n, "exact", content, discharge)
            yield Batch((name,), params, partial(iter, [made]))
