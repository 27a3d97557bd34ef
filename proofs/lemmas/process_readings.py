"""The code between tokens and the transformer, at every width, against direct computation. Measured, for
``proofs.lemmas.process``.

These are g and unmask on long sequences, the sampler, and the codes that the torch module embeds.

Codes, ids and probabilities are written out here from the list of kinds alone; ``model.sampler`` and ``model.transformer`` are
compared with them. torch is imported when an obligation is discharged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, product
from math import exp, fsum, log1p
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.codebook import Codebook
from efasp.encoding import CellLayout, LogLayout, vocabulary
from efasp.model.sampler import THRESHOLD, confidence, predictions
from efasp.pram.isa import EXTENSIONS
from efasp.process import g, unmask
from efasp.proofs.concrete.differential import guarded
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.lemmas.process_algorithm import algorithm_1
from efasp.proofs.obligation import Machine, Verdict
from efasp.proofs.symbolic.codes import code_of

if TYPE_CHECKING:
    from efasp.model.transformer import Embedding, Transformer

LENGTHS = (1, 2, 3, 17, 64, 129, 511, 513, 1025, 3000)  # positions
ENUMERATED = 8  # bits of a word up to which all tokens are listed
NOISE = 0.4  # over the word's bits: so much on every number leaves a code unchanged as read
FADED = (0.02, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)  # of a code's numbers: confidences from none to full
MANY = 4096  # read-outs at once
NEAR = 1e-6  # of the sampler's confidence: relative

Item = tuple[int, dict[str, Any]]  # a kind's number, and its payloads: numbers, or arrays of them


# The process.


def lengths_scope(word: int) -> str:
    """The cases, for the scope."""
    return f"measured: w = {word}, random tokens and control bits, up to {LENGTHS[-1]:,} positions; every time of the log"


def lengths(word: int) -> Verdict:
    """``g`` and ``unmask`` on random sequences of the width's own tokens, against Algorithm 1; and the times of a log."""
    rng, book = Random(word), vocabulary(word)
    mask, dtype = book.token("mask"), book.dtype
    times, expected = LogLayout(word, "", 1, 1, 1).steps, range(1, 1 << max(16, word + 1))
    if times != expected:
        return Verdict("refuted", "Python", {"what": "times that are decoded", "expected": str(expected), "got": str(times)})
    for length in LENGTHS:
        x = [mask if rng.random() < 0.5 else rng.randrange(book.size) for _ in range(length)]
        y = [token if token != mask else 0 for token in (rng.randrange(book.size) for _ in range(length))]
        bits = [(rng.random() < 0.3, rng.random() < 0.2, rng.random() < 0.4) for _ in range(length)]
        chosen = [rng.random() < 0.5 for _ in range(length)]
        shown = [token if pick or rng.random() < 0.5 else mask for token, pick in zip(y, chosen, strict=True)]
        kept = [new if old == mask and pick else old for old, new, pick in zip(x, shown, chosen, strict=True)]
        arrays: tuple[np.ndarray, ...] = np.array(x, dtype=dtype), np.array(y, dtype=dtype), np.array(shown, dtype=dtype)
        control: list[Any] = [tuple(map(int, row)) for row in bits]

        def work(x=x, y=y, chosen=chosen, kept=kept, control=control, arrays=arrays) -> Report | None:  # type: ignore[no-untyped-def]
            found = ("g", algorithm_1(x, y, control, mask), g(arrays[0], arrays[1], np.array(control, dtype=bool), mask))
            other = ("unmask", kept, unmask(arrays[0], arrays[2], np.array(chosen), mask))
            return next(
                (_first(name, wanted, got.tolist()) for name, wanted, got in (found, other) if wanted != got.tolist()), None
            )

        if (wrong := guarded(work)) is not None:
            return Verdict("refuted", "numpy", {"positions": length, **wrong})
    return Verdict("measured", f"numpy: {len(LENGTHS)} sequences, g and unmask as Algorithm 1 has them")


def _first(name: str, expected: Sequence[Any], got: Sequence[Any]) -> Report:
    """The first place at which two sequences differ."""
    place = next((i for i, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        return {"what": f"{name}: length", "expected": len(expected), "got": len(got)}
    return {"what": f"{name}: position {place}", "expected": expected[place], "got": got[place]}


# Codes, ids and probabilities, from the list of kinds.


def extremes(bits: int, rng: Random) -> list[int]:
    """Payloads of so many bits: the least, the largest, single bits, turns of bits, random ones."""
    top = (1 << bits) - 1
    some = [0, 1, top, top - 1, 1 << bits - 1, top // 3, top - top // 3, rng.randint(0, top), rng.randint(0, top)]
    return list(dict.fromkeys(value & top for value in some))


def items(book: Codebook, rng: Random) -> list[Item]:
    """Every kind of a codebook, with all of some payloads."""
    out: list[Item] = []
    for number, kind in enumerate(book.kinds):
        ranges = [extremes(book.bits[name], rng) for name in kind.payloads]
        out += [(number, dict(zip(kind.payloads, values, strict=True))) for values in product(*ranges)]
    return out


def id_of(book: Codebook, item: Item) -> int:
    """The token id of an item: kinds one after the other, each as long as its payload has values."""
    sizes = [1 << sum(book.bits[name] for name in kind.payloads) for kind in book.kinds]
    return [0, *accumulate(sizes)][item[0]] + sum(item[1].values())


def certainty(row: Sequence[float], book: Codebook, word: int) -> float:
    """The probability of the likeliest token other than the mask, in closed form: bits are independent of each other."""
    sharpness, tops, sums = float(word + 8), list[float](), list[float]()
    spans = {f.payload: list(book.slots[f.name]) for f in book.fields}
    for number, kind in enumerate(book.kinds):
        if kind.name != "mask":
            bits = [abs(sharpness * row[at]) for name in kind.payloads for at in spans[name]]
            tops.append(sharpness * row[number] + fsum(bits))
            sums.append(tops[-1] + fsum(log1p(exp(-2 * bit)) for bit in bits))
    best = max(tops)
    return 1 / fsum(exp(total - best) for total in sums)


def listed(rows: np.ndarray, book: Codebook, word: int) -> tuple[np.ndarray, np.ndarray]:
    """By a list of all tokens: the likeliest of each row, and the probability of the likeliest other than the mask."""
    every = [(number, dict.fromkeys(kind.payloads, value)) for number, kind in enumerate(book.kinds)
             for value in range(1 << sum(book.bits[name] for name in kind.payloads))]  # fmt: skip
    logits = (word + 8) * rows @ np.array([code_of(book, item) for item in every], dtype=np.float64).T
    best = np.argmax(logits, axis=1)
    mask = [number for number, item in enumerate(every) if book.kinds[item[0]].name == "mask"]
    others = np.delete(logits, mask, axis=1)
    others = np.exp(others - others.max(axis=1, keepdims=True))
    return best, others.max(axis=1) / others.sum(axis=1)


# The sampler.


def sampler_scope(word: int) -> str:
    """The cases, for the scope."""
    how = "all tokens listed, and closed form" if word <= ENUMERATED else "closed form"
    return f"measured: w = {word}, every kind of token, extreme and random payloads, exact, noisy, faded and negated; {how}"


def sampler(word: int) -> Verdict:
    """``predictions`` and ``confidence`` of codes, exact and disturbed, against direct computation."""
    count = 0
    for extension in EXTENSIONS:
        book = vocabulary(word, extension)
        layouts = LogLayout(word, extension, 1, 1, 1), CellLayout(word, extension, 1, 1, 1)
        every = items(book, Random(word))
        wrong = guarded(lambda book=book, layouts=layouts, every=every: misread(book, layouts, every))  # type: ignore[misc]
        if wrong is not None:
            return Verdict("refuted", "numpy", {"w": word, "ext": extension or "none", **wrong})
        count += len(every)
    return Verdict("measured", f"numpy: {count} tokens, each in {4 + len(FADED)} read-outs")


def misread(book: Codebook, layouts: tuple[LogLayout, CellLayout], every: Sequence[Item]) -> Report | None:
    """The first read-out of which the sampler makes a wrong prediction."""
    log, cells = layouts
    codes = np.array([code_of(book, item) for item in every], dtype=np.float64)
    ids = [id_of(book, item) for item in every]
    noise = np.random.default_rng(log.word).uniform(-NOISE / log.word, NOISE / log.word, codes.shape)
    control = np.tile([0.0, 1.0, 1.0], (len(codes), 1))
    exact: dict[str, np.ndarray] = {"code": codes, "code in float32": codes.astype(np.float32), "code and noise": codes + noise}
    for name, rows in exact.items():
        for layout, outputs in ((log, rows), (cells, np.hstack([rows, control]))):
            got = predictions(outputs, layout).tolist()
            if got != ids:
                return {"of": name, "layout": type(layout).__name__, **_first("predictions", ids, got)}
    negated = predictions(-codes, log).tolist()
    if (same := [token for token, other in zip(ids, negated, strict=True) if token == other]) != []:
        return {"of": "code negated", "what": "predictions", "expected": "other tokens", "got": same[0]}
    faded = {f"{part} of the code": part * codes for part in FADED}
    many = np.tile(codes, (MANY // len(codes) + 1, 1))
    if predictions(many, log).tolist() != ids * (len(many) // len(ids)):
        return {"of": f"{len(many)} codes", "what": "predictions", "expected": "those of fewer", "got": "others"}
    if not np.array_equal(confidence(many, log), np.tile(confidence(codes, log), len(many) // len(codes))):
        return {"of": f"{len(many)} codes", "what": "confidence", "expected": "that of fewer", "got": "another"}
    for name, rows in {**exact, **faded, "code negated": -codes}.items():
        if (wrong := doubtful(name, rows, book, log, every, name in exact)) is not None:
            return wrong
    return None


def doubtful(name: str, rows: np.ndarray, book: Codebook, layout: LogLayout, every: Sequence[Item], due: bool) -> Report | None:
    """The first row whose confidence is not that of direct computation, or (``due``) is on the wrong side of the threshold."""
    direct = [certainty(row, book, layout.word) for row in rows.astype(np.float64).tolist()]
    if layout.word <= ENUMERATED:
        tokens, all_listed = listed(rows.astype(np.float64), book, layout.word)
        if not np.allclose(direct, all_listed, rtol=NEAR, atol=0):
            return {"of": name, "what": "closed form", "expected": "the listed probabilities", "got": "others"}
        if due and tokens.tolist() != [id_of(book, item) for item in every]:
            return {"of": name, "what": "the likeliest token by the list", "expected": "the code's", "got": "another"}
    for item, wanted, got in zip(every, direct, confidence(rows, layout).tolist(), strict=True):
        case = {"of": name, "token": f"{book.kinds[item[0]].name} {item[1]}"}
        if not abs(got - wanted) <= NEAR * wanted:
            return {**case, "what": "confidence", "expected": wanted, "got": got}
        is_mask = book.kinds[item[0]].name == "mask"
        if due and (got >= THRESHOLD) is is_mask:
            return {
                **case,
                "what": f"confidence, threshold {THRESHOLD}",
                "expected": "below" if is_mask else "above",
                "got": got,
            }
    return None


# The codes that the module embeds.


def codes_scope(machine: Machine) -> str:
    """The cases, for the scope."""
    values = "; every value of every payload, the others random" if machine.word <= ENUMERATED else ""
    return f"measured: w = {machine.word}, every kind of token and of place, all pairs of extreme and random payloads{values}"


def every_value(book: Codebook, rng: Random) -> Iterator[Item]:
    """Every kind with every value of each of its payloads in turn, as an array, the others random."""
    for number, kind in enumerate(book.kinds):
        for name in kind.payloads:
            others = {other: rng.randrange(1 << book.bits[other]) for other in kind.payloads}
            yield number, {**others, name: np.arange(1 << book.bits[name])}


def columns(parts: Sequence[Any]) -> np.ndarray:
    """Numbers, or arrays of one length, side by side: (items, parts)."""
    out = np.empty((max(map(np.size, parts)), len(parts)), dtype=np.result_type(*map(np.asarray, parts)))
    for column, part in enumerate(parts):
        out[:, column] = part
    return out


def grouped(some: Sequence[Item]) -> list[Item]:
    """The items with those of each kind made one, whose payloads are arrays."""
    kinds: dict[int, list[dict[str, Any]]] = {}
    for number, payloads in some:
        kinds.setdefault(number, []).append(payloads)
    return [(number, {name: np.array([got[name] for got in every]) for name in every[0]}) for number, every in kinds.items()]


def codes(machine: Machine, module: Callable[[], Transformer]) -> Verdict:
    """``Transformer.rows`` and ``Embedding.codes`` against the codebooks, and both against codes that are written out."""
    transformer, rng, count = module(), Random(str(machine.params)), 0
    for book, embedding in ((transformer.vocabulary, transformer.token), (transformer.places, transformer.place)):
        every = items(book, rng)
        enumerated = every_value(book, rng) if machine.word <= ENUMERATED else ()
        for group in (grouped(every), *([item] for item in enumerated)):
            wrong = guarded(partial(miscoded, transformer, embedding, group, rng))
            if wrong is not None:
                return Verdict("refuted", f"torch, {transformer.dtype_name}", {**machine.params, **wrong})
            count += sum(max((np.size(value) for value in payloads.values()), default=1) for _, payloads in group)
    return Verdict("measured", f"torch, {transformer.dtype_name}: {count} codes")


def miscoded(transformer: Transformer, embedding: Embedding, group: Sequence[Item], rng: Random) -> Report | None:
    """The first of some items, in random order, whose row, code or token id is another than written out."""
    book, as_tensor = embedding.codebook, transformer.offsets.new_tensor
    rows = np.concatenate([columns([number, *(got.get(name, 0) for name, _ in book.payloads)]) for number, got in group])
    order = rng.sample(range(len(rows)), len(rows)) if len(group) > 1 else slice(None)
    rows, wanted = rows[order], np.concatenate([columns(code_of(book, item)) for item in group])[order]
    embedded = embedding.codes(as_tensor(rows)).numpy()
    found = [("Codebook.codes", wanted, book.codes(rows)), ("Embedding.codes", wanted, embedded)]
    if embedding is transformer.token:
        ids = np.concatenate([np.atleast_1d(id_of(book, item)) for item in group])[order]
        found.append(("Codebook.rows", rows, book.rows(ids)))
        found.append(("Transformer.rows", rows, transformer.rows(as_tensor(ids)).numpy()))
    for name, expected, got in found:
        if expected.shape != got.shape:
            return {"codebook": book.name, "what": f"{name}: shape", "expected": str(expected.shape), "got": str(got.shape)}
        if (other := np.flatnonzero((expected != got).any(axis=1))).size:
            at = int(other[0])
            payloads = dict(zip(dict(book.payloads), rows[at, 1:].tolist(), strict=True))
            case = {"codebook": book.name, "kind": book.kinds[rows[at, 0]].name, **payloads, "what": name}
            return {**case, "expected": expected[at].tolist(), "got": got[at].tolist()}
    return None
