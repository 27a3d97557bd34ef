"""Family process, the decoding process itself: g is Algorithm 1, and a token that is due is unmasked (T1, T4)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import factorial, isqrt
from typing import Any

import numpy as np

from efasp.encoding import vocabulary
from efasp.model.sampler import THRESHOLD
from efasp.pram.isa import EXTENSIONS
from efasp.process import g
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.proofs.smtlib import FALSE, TRUE, Script, eq, land, le, lt, num, parse
from efasp.proofs.smtlib import evaluate as value_of
from efasp.proofs.symbolic.sampler_decisions import G

MASK, LONGEST, TRIED = 9, 3, 1_600
LEAD = Fraction(1, 2)  # by which the due token's kind leads one whose tokens have no bits but the due token's, if not by 1


def algorithm_1(x: list[int], y: list[int], control: list[tuple[int, int, int]], mask: int = MASK) -> list[int]:
    """Algorithm 1 of the paper, position by position: c[1] remask, c[2] insert a mask after, c[3] delete a mask."""
    out = []
    for token, prediction, (remask, insert, delete) in zip(x, y, control, strict=True):
        if delete and token == mask:
            continue
        out.append(mask if remask else prediction if token == mask else token)
        if insert:
            out.append(mask)
    return out


def process_failures() -> Iterator[dict[str, Any]]:
    """Short sequences on which g and Algorithm 1 differ."""
    for length in range(LONGEST + 1):
        for case in product(product((0, 1), repeat=4), repeat=length):
            x = [MASK if masked else place for place, (masked, *_) in enumerate(case)]
            y = [100 + place for place in range(length)]
            control = [(c1, c2, c3) for _, c1, c2, c3 in case]
            got = g(np.array(x), np.array(y), np.array(control, dtype=bool).reshape(length, 3), MASK).tolist()
            if got != (wanted := algorithm_1(x, y, control)):
                yield {"x": x, "y": y, "c": control, "expected": wanted, "got": got}
            for place in range(length if len(got) == length and not any(c2 or c3 for _, c2, c3 in control) else 0):
                truth = [TRUE if bit else FALSE for bit in (x[place] == MASK, got[place] == MASK, *control[place])]
                right = (TRUE if got[place] == other[place] else FALSE for other in (y, x))
                if not value_of(parse(G((truth[0], truth[1]), (truth[2], truth[3], truth[4]), *right))[0], {}):
                    yield {"x": x, "y": y, "c": control, "position": place, "got": got}


def every_length() -> Verdict:
    """Whether g is Algorithm 1 on a random sequence of every length."""
    rng = np.random.default_rng(0)
    for length in range(TRIED + 1):
        x, y, control = rng.integers(6, 12, length), rng.integers(100, 200, length), rng.integers(0, 4, (length, 3)) == 0
        wanted, got = algorithm_1(x.tolist(), y.tolist(), control.tolist()), g(x, y, control, MASK).tolist()
        if got != wanted:
            return Verdict("refuted", "numpy", {"length": length, "expected": wanted, "got": got})
    return Verdict("measured", f"numpy: {TRIED + 1} sequences")


def confidences(n: tuple[int, int]) -> Iterator[Obligation]:
    """A token that is due is unmasked: its confidence, 1 / (1 + r), reaches the sampler's threshold.

    r is the sum over all other tokens of exp(-(w + 8) * gap), each at most 2^-(w + 8) as e > 2 and the gap is 1 (lemma
    encoding.readout). The number of tokens is the vocabulary's: a multiple of 2^w and a constant, for each extension. The claim
    is stronger than codes need: of every kind one token, with the due token's bits, may be as near as ``LEAD``.
    """
    least = isqrt(int(sum(Fraction(13**k, factorial(k)) for k in range(64))))  # below e^6.5, as the series grows to e^13
    for extension in EXTENSIONS:
        book = vocabulary(5, extension)
        words = sum(kind.payloads == ("word",) for kind in book.kinds)
        rest = book.size - words * 32
        script = Script("QF_LRA")
        script.declare("u", "Real", "2^-(w + 8), times 256: 2^-w")
        script.declare("v", "Real", "2^w u: 1")
        script.definition(land(lt("0", "u"), eq("v", "1"), le("(* 32 u)", "v")), "2^w is 32 or more")
        script.declare("h", "Real", f"exp(-(w + 8) * {LEAD})")
        script.definition(le(f"(* {least} h)", "1"), "w is 5 or more")
        near = f"(* {len(book.kinds)} h)"
        script.define("r", f"(+ (/ (+ (* {words} v) (* {rest} u)) 256) {near})", "Real", "all tokens at their most")
        bound = (1 - Fraction(str(THRESHOLD))) / Fraction(str(THRESHOLD))
        goal, note = le("r", num(bound)), "1 / (1 + r) reaches the threshold"
        yield script.obligation("process.confidence", "T1", {"ext": extension or "none"}, "all n", n, goal, note)


def obligations(regime: Regime) -> Iterator[Obligation]:
    """g by exhaustion and on longer sequences, and the confidence of a token that is due."""
    n = regime.all_n
    cases = sum(16**length for length in range(LONGEST + 1))
    scope = f"all masks and control bits, up to {LONGEST} positions"
    yield Obligation(
        "process.g", "T4", {}, scope, n, "exhaustive", "g = Algorithm 1", exhaustive(cases, process_failures), concludes=(G.id,)
    )
    tried = f"one random sequence of each length up to {TRIED:,}"
    yield Obligation("process.g", "T4", {"of": "lengths"}, f"measured: {tried}", n, "measurement", tried, every_length)
    yield from confidences(n)


@lemma
def algorithm(regime: Regime) -> Iterator[Batch]:
    """The process of decoding, whatever the machine."""
    if regime.given is None:
        yield Batch(("process.g", "process.confidence"), {}, lambda: obligations(regime))
