"""The ends of what a statement quantifies over: cases that the hypotheses of its obligation must admit.

A row's scope says for which machines, times and values it holds. The bounds of a script are written where its symbols are
declared; the ends are written here once more, independently, and the checker asks for a model of the hypotheses at each of them
(``checker.vacuity``). So a bound or a definition that is narrower than the scope is found: it has no model at an end.
"""

from __future__ import annotations

from efasp.pram.isa import REGISTERS
from efasp.proofs.smtlib import Script, Term, eq, land, le, minus, num

WIDTHS = (5, 6, 18, 64)  # the machines at which the sizes are put to their ends
LARGEST = num(1 << WIDTHS[-1])  # 2^w of the widest
SYMBOLS = ("processors", "cells", "length")  # P, M and L in most scripts


def size_ends(script: Script, symbols: tuple[Term, ...] = SYMBOLS, size: Term = "words") -> None:
    """Of every machine: P = M = L = 1, and P = M = L = 2^w. ``symbols``: those that the script has; ``size``: 2^w."""
    for width in WIDTHS:
        here = eq(size, num(1 << width))
        for end in ("1", size):
            script.admits(land(here, *(eq(symbol, end) for symbol in symbols)))


def clock_ends(script: Script, passes: bool) -> None:
    """The first step and the last one that the clock holds; without ``passes``, the first and the last time."""
    script.admits(eq("t", "0"))
    script.admits(land(eq("last", minus("times", "1")), eq("t", minus("last", "1") if passes else "last")))


def index_ends(script: Script, symbol: Term, limit: Term, beyond: bool = False, size: Term = "words") -> None:
    """An index below P, M or L (``limit``) is the first or the last where there are 2^w; ``beyond``: it is the limit too."""
    for end in ("0", minus(limit, "1"), *((limit,) if beyond else ())):
        script.admits(land(eq(size, LARGEST), eq(limit, size), eq(symbol, end)))


def register_ends(script: Script, *symbols: Term) -> None:
    """Each is the first and the last register."""
    for symbol in symbols:
        for end in (0, REGISTERS - 1):
            script.admits(eq(symbol, num(end)))


def payload_ends(script: Script, limit: Term | None, largest: int, symbol: Term, carried: Term) -> None:
    """A payload of a token or place takes its first and last value, where the kind at hand carries it at all.

    ``limit``: the symbol below which it is (``words`` or ``times``), or None, where it is at most ``largest``. A time is one of
    the last two that the clock holds, and its first value is left to ``clock_ends``: positions after time t have none at 0.
    """
    if limit == "times":
        script.admits(le(minus(limit, "2"), symbol), carried)
    elif limit is None:
        for end in (0, largest):
            script.admits(eq(symbol, num(end)), carried)
    else:
        for value in ("0", minus(limit, "1")):
            script.admits(land(eq(limit, LARGEST), eq(symbol, value)), carried)


def word_ends(script: Script, *symbols: Term, size: Term = "words") -> None:
    """Each is the first and the last word of the widest machine."""
    for symbol in symbols:
        for end in ("0", minus(size, "1")):
            script.admits(land(eq(size, LARGEST), eq(symbol, end)))
