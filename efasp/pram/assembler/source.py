"""Texts that people write: files and their lines, tokens and their places, and the errors that name them.

Shared by the readers of assembly and of JSON data, which have different tokens, but the same places, numbers and messages.
"""

from __future__ import annotations

import codecs
import difflib
import errno
import os
import re
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from typing import NamedTuple

from efasp.pram.machine import MAX_WORD

MAX_BYTES = 1 << 28  # of a file
MAX_DIGITS = MAX_WORD + 2  # a binary number with its 0b

_SHOWN = 160  # characters of a line in a message

_CONTROL = rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]"  # bytes that no text has

NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|0[bB][01]+|[0-9]+")
BASES = {"0x": 16, "0b": 2}


class AssemblyError(ValueError):
    """Raised for a program or data text that no machine can take, at ``line``, ``column`` (from 1).

    ``line`` 0 stands for an error in an option, which has no place in the file. ``source`` is the text of the line.
    ``str()`` is ``FILE:LINE:COLUMN: message``, the line, and a caret under the column; of a long line the part around it, of a
    blank one nothing.
    """

    def __init__(self, file: str, line: int, column: int, message: str, source: str = "") -> None:
        super().__init__(file, line, column, message, source)
        self.file, self.line, self.column, self.message, self.source = file, line, column, message, source

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: {self.message}"
        if not self.source.strip():
            return f"{self.file}:{self.line}:{self.column}: {self.message}"
        start, end = 0, len(self.source)
        if end > _SHOWN:  # the part around the column
            start = max(0, min(self.column - _SHOWN // 2, end - _SHOWN))
            end = start + _SHOWN
        shown = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in self.source[start:end])
        before = self.column - 1 - start
        indent = "".join("\t" if char == "\t" else " " for char in shown[:before]).ljust(before)
        return f"{self.file}:{self.line}:{self.column}: {self.message}\n{shown}\n{indent}^"


class Token(NamedTuple):
    """A piece of a line: its kind (``name directive number mark end``), text, and place (line and column from 1)."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def register(self) -> int | None:
        """The register's number if the token names one, else None."""
        return int(self.text[1]) if self.kind == "name" and re.fullmatch("[rR][0-7]", self.text) else None

    def __str__(self) -> str:
        """The token as an error message names it."""
        return "the end of the line" if self.kind == "end" else show(self.text)


class Source(NamedTuple):
    """A text with the name of its file; makes its errors."""

    file: str
    lines: list[str]

    def error(self, place: Token, message: str) -> AssemblyError:
        """The AssemblyError with a message at a place of the text."""
        return AssemblyError(self.file, place.line, place.column, message, self.lines[place.line - 1])


def show(text: str) -> str:
    """``text`` quoted for a message, cut where it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def brief(value: object) -> str:
    """``value`` for a message; an integer too long to print by its length."""
    return f"a number of {value.bit_length()} bits" if isinstance(value, int) and abs(value) >> 4096 else repr(value)


def integer(text: str) -> int:
    """The number of a text that ``NUMBER`` matches."""
    return int(text) if text.isdigit() else int(text, BASES.get(text[:2].lower(), 10))


def signed(text: str) -> int | None:
    """The number that a whole text is, by the grammar of assembly: decimal, 0x or 0b, negative after "-"; None for another."""
    digits = text.removeprefix("-")
    if len(digits) > MAX_DIGITS or not NUMBER.fullmatch(digits):
        return None
    return -integer(digits) if text != digits else integer(digits)


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)`` if some of ``known`` are like ``word``, with those that are most like it, else nothing."""
    word, names = word[:40], list(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    alike = [difflib.SequenceMatcher(None, name, word).ratio() for name in close]
    best = sorted({name for name, ratio in zip(close, alike, strict=True) if ratio == alike[0]}, key=names.index)
    return f" (did you mean {' or '.join(map(repr, best))}?)" if best else ""


def split_lines(text: str) -> list[str]:
    """The lines of ``text``, with the line ends of any system."""
    return re.split(r"\r\n|\r|\n", text)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, less a byte order mark; that of standard input for ``-``. Raises AssemblyError and OSError."""
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1).removeprefix(codecs.BOM_UTF8)  # a device may give bytes without end
    except ValueError as error:  # a path with a NUL in it
        raise OSError(errno.EINVAL, f"expected a file name, found {show(os.fspath(path))}") from error
    except OSError as error:
        error.filename = error.filename or os.fspath(path)  # which an error while reading lacks
        raise
    if len(raw) > MAX_BYTES:
        raise AssemblyError(os.fspath(path), 0, 0, f"expected at most {MAX_BYTES >> 20} MiB, found more")
    return _decoded(raw, os.fspath(path))


def _decoded(raw: bytes, file: str) -> str:
    """The text of a file's bytes. Raises AssemblyError at the first byte that no text has; a binary file is not shown."""
    try:
        text, wrong = raw.decode(), len(raw)
    except UnicodeDecodeError as error:
        text, wrong = "", error.start
    odd = re.search(_CONTROL if wrong < len(raw) else rb"\0", raw)
    at = wrong if odd is None else min(wrong, odd.start())
    if at == len(raw):
        return text
    before = split_lines(raw[:at].decode())
    place = Token("end", "", len(before), len(before[-1]) + 1)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise AssemblyError(file, place.line, place.column, "expected UTF-8 text, found UTF-16")
    if odd is not None:
        raise AssemblyError(file, place.line, place.column, f"expected text, found a binary file (the byte {raw[at]:#04x})")
    lines = split_lines(raw.decode(errors="replace"))
    raise Source(file, lines).error(place, f"expected UTF-8 text, found the byte {raw[at]:#04x}")
