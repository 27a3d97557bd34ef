"""Family masked_arm (claim T3): a left-to-right Masked-ARM reproduces any encoder that unmasks in an order of its own.

``efasp.masked_arm`` puts one sublayer of attention in front of the encoder f and one behind it. Here f is a free variable:
its output and its confidence are parameters of the program, given any values, so that the results hold for every f.
Rocq's kernel proves for every f, every length and every order by confidence and rank that the events are those that f
unmasks, one by one (proofs/rocq/theorem/MaskedArm.v); here the program's own rows are tried, at small lengths, in all cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import permutations, product
from typing import Any

import numpy as np

from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.evaluate import evaluate, place_rows
from efasp.masked_arm import Decoder, Event, MaskedArm, OrderError, Readout, any_order, left_to_right, masked_arm
from efasp.masked_examples import MASKED_EXAMPLES, PLACE_BITS
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma
from efasp.sorts import Int
from efasp.syntax import Parameter, Program, concat

BITS, LENGTH, TOP = 2, 3, 1  # of a position; positions that are tried; the largest confidence
KINDS = (Kind("mask"), Kind("a"), Kind("b", ("value",)))
BOOK = Codebook("any", KINDS, (("value", 1),), (Field("value_bits", "value"),))
TOKENS = (1, 2, 3)  # a, b with 0, b with 1
PLACES = Codebook.index(BITS)
RANKS = ((0, 1, 2), (2, 1, 0), (1, 2, 0))
TEXT = 3  # symbols of the texts whose parity is decoded


@cache
def free() -> tuple[MaskedArm, Parameter, Parameter]:
    """The Masked-ARM of an encoder that is a free variable: it, f's output, and f's confidence."""
    output, confidence = Parameter("f", BOOK.sort), Parameter("confidence", Int(0, TOP))
    # f's inputs are read, so that the Masked-ARM's sequence has them; what is made of them is the parameter's value.
    seen = concat(tokens(BOOK).node, positions(PLACES).node)
    program = Program("free", {"seen": seen, "f": output})
    return masked_arm(Decoder(program, BOOK, PLACES, confidence=lambda node: confidence), BITS), output, confidence


def sequences() -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Every sequence of ``LENGTH`` tokens with a mask, with its events in every order."""
    for ids in product((0, *TOKENS), repeat=LENGTH):
        named = [(at, token) for at, token in enumerate(ids) if token]
        if len(named) < LENGTH:
            for order in permutations(named):
                yield list(ids), list(order)


def misread() -> Iterator[dict[str, Any]]:
    """Sequences that the sublayer in front does not rebuild from their events."""
    arm = free()[0]
    rows = arm.rows(place_rows(None, LENGTH))
    for ids, events in sequences():
        z = [*map(arm.event, events), *[arm.mask] * (LENGTH - len(events))]
        (found,) = evaluate(arm.program.definitions["token"], tokens=z, positions=rows)
        if (found != BOOK.codes(BOOK.rows(ids))).any():
            yield {"events": str(events), "expected": str(ids), "got": str(found.tolist())}


def wanted(masked: Sequence[bool], confidence: Sequence[int], ranks: Sequence[int]) -> int:
    """The position that is unmasked next: looked for one by one."""
    found = -1
    for j in range(len(masked)):
        if not masked[j]:
            continue
        better = found < 0 or confidence[j] > confidence[found]
        if better or (confidence[j] == confidence[found] and ranks[j] < ranks[found]):
            found = j
    return found


def misplaced() -> Iterator[dict[str, Any]]:
    """Cases in which the sublayer behind does not predict the next event at every position."""
    arm, output, confidence = free()
    predicted = [TOKENS[j % len(TOKENS)] for j in range(LENGTH)]
    codes, z = BOOK.codes(BOOK.rows(predicted)), [arm.mask] * LENGTH
    for ranks in RANKS:
        rows = arm.rows(place_rows(None, LENGTH), ranks)
        for masked, sure in product(product((False, True), repeat=LENGTH), product(range(TOP + 1), repeat=LENGTH)):
            if not any(masked):
                continue
            x = BOOK.codes(BOOK.rows([0 if hidden else 1 for hidden in masked]))
            given = {arm.program.definitions["token"]: x, output: codes, confidence: np.array(sure)[:, None]}
            (found,) = evaluate(arm.program.output, tokens=z, positions=rows, values=given)
            at = wanted(masked, sure, ranks)
            code = arm.vocabulary.codes(arm.vocabulary.rows([arm.event((at, predicted[at]))] * LENGTH))
            if (found != code).any():
                case = {"masked": str(masked), "confidence": str(sure), "ranks": str(ranks)}
                yield {**case, "expected": at, "got": str(found[0].tolist())}


def misordered() -> Iterator[dict[str, Any]]:
    """Texts whose events are not those that masked diffusion unmasks, or lead to another answer."""
    example = MASKED_EXAMPLES["parity"]
    decoder, arm = example.decoder, masked_arm(example.decoder, PLACE_BITS)
    ready = decoder.vocabulary.slots["mask"].start
    for text in map("".join, product("01", repeat=TEXT)):
        ids = example.opening(text)
        for ranks in (range(len(ids)), range(len(ids))[::-1]):
            rows = arm.rows(place_rows(None, len(ids)), ranks)
            wanted = tried(any_order(decoder, ids, by(decoder.program), lambda read: 1 - read[:, ready], ranks))
            found = tried(left_to_right(arm, ids, by(arm.program, rows)))
            if found != wanted or example.answer(dict(found)[1]) != example.oracle(text):
                yield {"text": text, "ranks": str(list(ranks)), "expected": str(wanted), "got": str(found)}


def by(program: Program, rows: np.ndarray | None = None) -> Readout:
    """The read-outs of a program, by exact evaluation."""
    return lambda ids: evaluate(program.output, tokens=ids, positions=rows)[0]


def tried(events: Iterator[Event]) -> list[Event]:
    """The events up to the first that cannot be made."""
    found: list[Event] = []
    with suppress(OrderError):
        found.extend(events)
    return found


@lemma
def small(regime: Regime) -> Iterator[Batch]:
    """The Masked-ARM's sublayers, around any encoder, and its events, in all cases of a small size."""
    behind = len(RANKS) * ((1 << LENGTH) - 1) * (TOP + 1) ** LENGTH
    for name, cases, failures, scope in (
        ("masked_arm.front", len(list(sequences())), misread, f"exhaustive at S = {LENGTH}: all events, in every order"),
        (
            "masked_arm.behind",
            behind,
            misplaced,
            f"exhaustive at S = {LENGTH}: all masks, confidences up to {TOP}, {len(RANKS)} orders",
        ),
        ("masked_arm.events", 2 << TEXT, misordered, f"exhaustive: parity of all texts of {TEXT} symbols, two orders"),
    ):
        discharge = exhaustive(cases, failures)
        obligation = Obligation(name, "T3", {}, scope, regime.all_n, "exhaustive", f"{name}: {cases} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
