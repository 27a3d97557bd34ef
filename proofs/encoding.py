"""Family encoding (claim B): words and tokens, instructions and tokens, codes and their read-out, by exhaustion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from efasp.codebook import Codebook
from efasp.encoding import CellLayout, EncodingError, LogLayout, vocabulary
from efasp.pram.isa import EXTENSIONS, REGISTERS, Instruction, Operation, Reg, operations
from proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma


def token_failures(book: Codebook) -> Iterator[dict[str, Any]]:
    """Token ids that are not read back from their kind and payload."""
    for token in range(book.size):
        kind, value = book.split(token)
        if book.token(kind, value) != token:
            yield {"token": token, "kind": kind, "payload": value, "got": book.token(kind, value)}


def distance_failures(book: Codebook) -> Iterator[dict[str, Any]]:
    """Pairs of tokens whose codes are nearer than 2 in the sum of absolute differences."""
    codes = book.codes(book.rows(np.arange(book.size)))
    for token, code in enumerate(codes[:-1]):
        distances = np.abs(codes[token + 1 :] - code).sum(axis=1)
        if distances.min() < 2:
            yield {"tokens": [token, token + 1 + int(distances.argmin())], "distance": int(distances.min())}


def readout_failures(book: Codebook) -> Iterator[dict[str, Any]]:
    """Tokens whose code is read as another token, by flags and signs or by the largest <code, code'>."""
    codes = book.codes(book.rows(np.arange(book.size)))
    by_signs, by_argmax = book.read(codes), (codes @ codes.T).argmax(axis=1)
    for token in np.flatnonzero((by_signs != np.arange(book.size)) | (by_argmax != np.arange(book.size))):
        yield {"token": int(token), "by_signs": int(by_signs[token]), "by_argmax": int(by_argmax[token])}


def instructions(word: int, extension: str) -> Iterator[Instruction]:
    """Every instruction of the machine."""
    registers, words = range(REGISTERS), range(1 << word)
    operands: tuple[Reg | int, ...] = (*map(Reg, registers), *words)
    for o in operations(extension):
        yield from (Instruction(o.name, rd, ra, x) for rd, ra, x in product(*fields(o, operands, words)))


def fields(o: Operation, operands: tuple[Reg | int, ...], words: range) -> tuple[Any, Any, Any]:
    """What an operation's rd, ra and x may be."""
    none, registers = (None,), range(REGISTERS)
    rd = registers if set("ds") & set(o.shape) else none
    ra = (None, *registers) if "m" in o.shape else registers if "a" in o.shape else none
    return rd, ra, operands if "x" in o.shape else words if set("mt") & set(o.shape) else none


def instruction_count(o: Operation, word: int) -> int:
    """How many instructions ``fields`` gives an operation."""
    rd, ra, _ = fields(o, (), range(0))
    last = REGISTERS + (1 << word) if "x" in o.shape else 1 << word if set("mt") & set(o.shape) else 1
    return len(rd) * len(ra) * last


def instruction_failures(word: int, extension: str) -> Iterator[dict[str, Any]]:
    """Instructions that are not read back from their tokens, or share them with another."""
    layout = LogLayout(word, extension, 1, 1, 1)
    seen: dict[tuple[int, ...], Instruction] = {}
    for instruction in instructions(word, extension):
        tokens = layout.instruction_tokens(instruction)
        try:
            read: object = layout.instruction(tokens)
        except EncodingError as error:
            read = error
        if seen.setdefault(tokens, instruction) != instruction or read != instruction:
            yield {"instruction": str(instruction), "tokens": list(tokens), "read": str(read)}


def place_failures(sizes: range) -> Iterator[dict[str, Any]]:
    """Shapes of the machine whose layout gives two positions one place."""
    for processors, memory, length, time in product(sizes, repeat=4):
        log = LogLayout(5, "", processors, memory, length).places(time)
        for name, table in (("log", log), ("cells", CellLayout(5, "", processors, memory, length).places())):
            if len(np.unique(table, axis=0)) != len(table):
                yield {"layout": name, "processors": processors, "memory": memory, "instructions": length, "time": time}


@lemma
def bijection(regime: Regime) -> Iterator[Batch]:
    """Tokens, codes and instructions at every word width that n takes; places on all shapes up to 4."""
    names = tuple(f"encoding.{name}" for name in ("tokens", "distance", "readout", "instructions", "places"))
    yield Batch(names, {}, lambda: exhausted(regime))


def exhausted(regime: Regime) -> Iterator[Obligation]:
    """The obligations of ``bijection``."""
    n_max = regime.n_max
    for word, n in regime.widths():
        for extension in EXTENSIONS:
            book = vocabulary(word, extension)
            count = sum(instruction_count(o, word) for o in operations(extension))
            rows: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]]], ...] = (
                ("tokens", book.size, lambda b=book: token_failures(b)),  # type: ignore[misc]
                ("distance", book.size**2, lambda b=book: distance_failures(b)),  # type: ignore[misc]
                ("readout", book.size**2, lambda b=book: readout_failures(b)),  # type: ignore[misc]
                ("instructions", count, lambda w=word, e=extension: instruction_failures(w, e)),  # type: ignore[misc]
            )
            for name, cases, run in rows:
                params = {"w": word, "ext": extension or "none"}
                content, scope = repr(book), f"exhaustive at w = {word}"
                yield Obligation(f"encoding.{name}", "B", params, scope, n, "exhaustive", content, exhaustive(cases, run))
    scope = "exhaustive for P, M, L, T <= 4"
    settle = exhaustive(256, lambda: place_failures(range(1, 5)))
    yield Obligation("encoding.places", "B", {"to": 4}, scope, (1, min(4, n_max)), "exhaustive", scope, settle)
