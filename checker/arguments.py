"""The values of options, read from their texts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from efasp.checker.pool.cluster import LOCAL
from efasp.pram.assembler.source import signed

MOST = 256  # worker processes of a cluster on this machine
ADDRESS = re.compile(r"([a-z]+://)?([^\s:/]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
POWER = re.compile(r"([0-9]{1,9})\^([0-9]{1,4})")


def unused(options: argparse.Namespace, names: Iterable[str], why: str, usual: object = None) -> Iterator[str]:
    """That those of some options which were given have no effect, in words, if any was; ``why`` follows these words.

    ``usual``: has the defaults, as attributes, of options that are not None, False or empty by default.
    """
    given = [
        f"--{name.replace('_', '-')}"
        for name in names
        if getattr(options, name) not in (None, False, [], getattr(usual, name, None))
    ]
    if given:
        yield f"{', '.join(given)}: no effect {why}"


def number(text: str) -> int:
    """A number as assembly has it (decimal, 0x or 0b, perhaps negative), or a power as 2^20. Raises argparse's error."""
    power = POWER.fullmatch(text)
    value = int(power[1]) ** int(power[2]) if power else signed(text)
    if value is None:
        limit = " (base of at most 9 digits, exponent of at most 4)" if "^" in text else ""
        raise argparse.ArgumentTypeError(f"expected a number, as 20, 0x14 or 2^20{limit}, found {text!r}")
    return value


def within(text: str, low: int, high: int | None = None, shown: str = "") -> int:
    """A number of at least ``low`` and at most ``high``, which is ``shown`` in words. Raises argparse's error."""
    value = number(text)
    if value < low or (high is not None and value > high):
        limits = f"{low} or more" if high is None else f"{low} to {shown or high}"
        raise argparse.ArgumentTypeError(f"expected a number of {limits}, found {text!r}")
    return value


def name(text: str) -> str:
    """A file's name, or ``-``. Raises argparse's error for an empty one."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, found an empty one")
    return text


def letters(text: str) -> str:
    """A text whose characters are an input's letters. Raises argparse's error for one that is not UTF-8."""
    if strange := [ord(char) for char in text if 0xD800 <= ord(char) <= 0xDFFF]:  # so Python has bytes that are not
        raise argparse.ArgumentTypeError(f"expected a text in UTF-8, found the byte 0x{strange[0] & 0xFF:02x}")
    return text


def path(text: str) -> Path:
    """A path, or ``-``. Raises argparse's error for an empty one."""
    return Path(name(text))


def count(text: str) -> int:
    """A number of 0 or more. Raises argparse's error."""
    return within(text, 0)


def positive(text: str) -> int:
    """A number of 1 or more. Raises argparse's error."""
    return within(text, 1)


def bound(text: str) -> int:
    """The greatest n of a run, 1 to 2^64. Raises argparse's error."""
    return within(text, 1, 1 << 64, f"2^64 = {1 << 64}")


def mebibytes(text: str) -> int:
    """A number of MiB, as many as a solver and numpy need to start, or more. Raises argparse's error."""
    return within(text, 128, 1 << 24)


def duration(text: str) -> float:
    """A number of seconds above 0 and below 10^6. Raises argparse's error."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0 (and below 10^6), found {text!r}")
    return value


def cluster(text: str) -> str:
    """The address of a Dask scheduler, or ``local:N``. Raises argparse's error."""
    if text.startswith(LOCAL):
        within(text.removeprefix(LOCAL), 1, MOST)
    elif not ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or local:N, found {text!r}")
    return text
