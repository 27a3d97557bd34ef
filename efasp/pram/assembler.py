"""The assembler and disassembler of `.pram` files, and the reader of `--data` files (docs/assembly.md).

Two passes, for the width of a word may be set after its use: the first reads lines into a ``_Listing`` (syntax alone),
the second gives every name its number and every number its word. Whatever the text, the only error is AssemblyError.
"""

from __future__ import annotations

import codecs
import difflib
import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack, cast

from efasp.pram.isa import OPERATIONS, REGISTERS, Instruction, Operation, Reg, operations
from efasp.pram.machine import (
    MAX_MEMORY,
    MAX_PROCESSORS,
    MAX_WORD,
    MIN_WORD,
    POLICIES,
    Policy,
    Program,
    validate,
)

MAX_BYTES = 1 << 28  # of a file
_MAX_DIGITS = MAX_WORD + 2  # a binary number with its 0b

DIRECTIVES = (".word", ".processors", ".memory", ".policy", ".equ", ".data")
MNEMONICS = tuple(dict.fromkeys(operation.mnemonic for operation in OPERATIONS.values()))
_REGISTERS = f"a register r0..r{REGISTERS - 1}"

_SHOWN = 160  # characters of a line in a message

_TOKEN = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<directive>\.[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][A-Za-z0-9_]*)"
    r"|(?P<mark>[\[\],:+-])|(?P<blank>[ \t\f\v]+|[;#][^\0]*)",
)
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|0[bB][01]+|[0-9]+")
_JSON = re.compile(
    r"""(?P<mark>[\[\]{},:])|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<number>-?[0-9][0-9A-Za-z.+-]*)"""
    r"|(?P<word>[A-Za-z]+)|(?P<blank>[ \t\r\n]+)"
)


class AssemblyError(ValueError):
    """Raised for a program or data text that does not say what a machine can take, at ``line``, ``column`` (from 1).

    ``line`` 0 stands for an error in an option, which has no place in the file. ``source`` is the text of the line.
    ``str()`` is ``FILE:LINE:COLUMN: message``, the line, and a caret under the column; of a long line the part around it.
    """

    def __init__(self, file: str, line: int, column: int, message: str, source: str = "") -> None:
        super().__init__(file, line, column, message, source)
        self.file, self.line, self.column, self.message, self.source = file, line, column, message, source

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: {self.message}"
        start, end = 0, len(self.source)
        if end > _SHOWN:  # the part around the column
            start = max(0, min(self.column - _SHOWN // 2, end - _SHOWN))
            end = start + _SHOWN
        shown = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in self.source[start:end])
        before = self.column - 1 - start
        indent = "".join("\t" if char == "\t" else " " for char in shown[:before]).ljust(before)
        return f"{self.file}:{self.line}:{self.column}: {self.message}\n{shown}\n{indent}^"


class _Token(NamedTuple):
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
        return "the end of the line" if self.kind == "end" else _show(self.text)


class _Value(NamedTuple):
    """A number, or a name for one (``number`` None)."""

    token: _Token
    number: int | None


class _Register(NamedTuple):
    """A register operand."""

    token: _Token
    number: int


class _Address(NamedTuple):
    """A memory operand ``[base +- offset]``; ``sign`` is 1 or -1."""

    token: _Token
    base: int | None
    sign: int
    offset: _Value | None


_Operand = _Value | _Register | _Address


class _Source(NamedTuple):
    """A text with the name of its file; makes its errors."""

    file: str
    lines: list[str]

    def error(self, place: _Token, message: str) -> AssemblyError:
        """The error ``message`` at ``place``."""
        return AssemblyError(self.file, place.line, place.column, message, self.lines[place.line - 1])


@dataclass
class _Listing:
    """What the first pass finds. ``labels`` and ``constants`` keep the place of each definition."""

    labels: dict[str, tuple[int, _Token]] = field(default_factory=dict)
    constants: dict[str, tuple[int, _Token]] = field(default_factory=dict)
    settings: dict[str, tuple[_Token, _Value]] = field(default_factory=dict)
    data: list[tuple[_Value, list[_Value]]] = field(default_factory=list)
    code: list[tuple[_Token, list[_Operand]]] = field(default_factory=list)


def _show(text: str) -> str:
    """``text`` quoted for a message, cut where it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _brief(value: object) -> str:
    """``value`` for a message; an integer too long to print by its length."""
    return f"a number of {value.bit_length()} bits" if isinstance(value, int) and abs(value) >> 4096 else repr(value)


def _integer(text: str) -> int:
    """The number of a text that ``_NUMBER`` matches."""
    return int(text, {"0x": 16, "0b": 2}.get(text[:2].lower(), 10))


def _nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)`` if one of ``known`` is like ``word``, else nothing."""
    close = difflib.get_close_matches(word[:40], list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


class Data(dict[int, int]):
    """Initial memory as ``parse_data`` reads it, from address to word; knows the place of each word in its file."""

    def __init__(self, source: _Source) -> None:
        super().__init__()
        self._source, self._places = source, dict[int, _Token]()

    def put(self, address: int, value: int, place: _Token) -> None:
        """Record the word ``value`` at ``address``, found at ``place``."""
        if address in self:
            raise self._source.error(place, f"expected one word for address {address}, found a second")
        self[address], self._places[address] = value, place

    def error(self, address: int, message: str) -> AssemblyError:
        """The error ``message`` about the word at ``address``."""
        return self._source.error(self._places[address], message)


class _Line:
    """The tokens of one line and a place among them: the first pass's grammar, from operands up to directives."""

    def __init__(self, source: _Source, number: int, listing: _Listing) -> None:
        self.source, self.listing, self.at = source, listing, 0
        self.tokens: list[_Token] = []
        text, position, end = source.lines[number - 1], 0, 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                place = _Token("mark", text[position], number, position + 1)
                raise source.error(place, f"unexpected character {text[position]!r}")
            if match.lastgroup != "blank":
                self.tokens.append(_Token(str(match.lastgroup), match.group(), number, position + 1))
                end = match.end()
            position = match.end()
        self.tokens.append(_Token("end", "", number, end + 1))

    @property
    def next(self) -> _Token:
        """The token at the current place."""
        return self.tokens[self.at]

    def expected(self, what: str) -> AssemblyError:
        """The error that ``what`` was expected at the current place."""
        return self.source.error(self.next, f"expected {what}, found {self.next}")

    def take(self) -> _Token:
        """The token at the current place, which moves on."""
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, mark: str) -> _Token:
        """Take the token ``mark``."""
        if self.next.text != mark:
            raise self.expected(repr(mark))
        return self.take()

    def end(self, what: str = "the end of the line") -> None:
        """Check that the line ends here."""
        if self.next.kind != "end":
            raise self.expected(what)

    def name(self, what: str) -> _Token:
        """Take a name that may be defined: not a register's."""
        if self.next.kind != "name":
            raise self.expected(what)
        if self.next.register is not None:
            raise self.source.error(self.next, f"expected {what}, found the register {self.next}")
        return self.take()

    def value(self, what: str = "a number or a name") -> _Value:
        """Take a number, which may be negative, or a name."""
        first = self.next
        if first.kind == "name":
            return _Value(self.name(what), None)
        negative = first.text == "-"
        if negative:
            self.take()
            if self.next.kind != "number" or self.next.column != first.column + 1:
                raise self.expected("a number right after '-'")
        if self.next.kind != "number":
            raise self.expected(what)
        text = self.next.text
        if not _NUMBER.fullmatch(text):
            raise self.expected("a decimal, 0x or 0b number")
        if len(text) > _MAX_DIGITS:
            raise self.source.error(first, f"expected at most {_MAX_DIGITS} digits, found {len(text)}")
        self.take()
        number = _integer(text)
        return _Value(first._replace(text="-" + text if negative else text), -number if negative else number)

    def operand(self) -> _Operand:
        """Take an operand of an instruction."""
        first = self.next
        if first.register is not None:
            return _Register(self.take(), first.register)
        if first.text != "[":
            return self.value("an operand")
        self.take()
        base, sign = self.next.register, 1
        if base is None:
            offset: _Value | None = self.value("a register, a number or a name")
        else:
            self.take()
            offset = None
            if self.next.text in ("+", "-"):
                sign = 1 if self.take().text == "+" else -1
                offset = self.value()
            elif self.next.text != "]":
                raise self.expected("'+', '-' or ']'")
        self.expect("]")
        return _Address(first, base, sign, offset)

    def read(self) -> None:
        """Read the line into the listing."""
        labelled = False
        while self.next.kind not in ("end", "directive") and self.tokens[self.at + 1].text == ":":
            token = self.name("a label")
            self.define(token, self.listing.labels, len(self.listing.code))
            self.take()
            labelled = True
        if self.next.kind == "name":
            self.instruction()
        elif self.next.kind == "directive" and not labelled:
            self.directive()
        else:
            self.end("an instruction" if labelled else "an instruction, a label or a directive")

    def define(self, token: _Token, where: dict[str, tuple[int, _Token]], number: int) -> None:
        """Give the name ``token`` its number, once."""
        for kind, table in (("label", self.listing.labels), ("constant", self.listing.constants)):
            if token.text in table:
                first = table[token.text][1].line
                raise self.source.error(token, f"{token} is defined already, as a {kind} on line {first}")
        where[token.text] = (number, token)

    def instruction(self) -> None:
        """Read a mnemonic and its operands."""
        mnemonic = self.take()
        if mnemonic.text.lower() not in MNEMONICS:
            near = _nearest(mnemonic.text.lower(), MNEMONICS)
            raise self.source.error(mnemonic, f"expected a mnemonic, found {mnemonic}{near}")
        operands: list[_Operand] = []
        if self.next.kind != "end":
            operands.append(self.operand())
            while self.next.text == ",":
                self.take()
                operands.append(self.operand())
            self.end("',' or the end of the line")
        self.listing.code.append((mnemonic, operands))

    def directive(self) -> None:
        """Read a directive."""
        token = self.take()
        name = token.text.lower()
        if name not in DIRECTIVES:
            near = _nearest(name, DIRECTIVES)
            raise self.source.error(token, f"expected a directive ({' '.join(DIRECTIVES)}), found {token}{near}")
        if name == ".equ":
            defined = self.name("a name for a constant")
            value = self.value("a number or an earlier constant")
            self.define(defined, self.listing.constants, self.earlier(value))
        elif name == ".data":
            self.listing.data.append((self.value("an address"), self.words()))
        else:
            if name in self.listing.settings:
                first = self.listing.settings[name][0].line
                raise self.source.error(token, f"expected {name} once, found it also on line {first}")
            what = " | ".join(POLICIES) if name == ".policy" else "a number or a constant"
            policy = name == ".policy" and self.next.kind == "name"
            value = _Value(self.take(), None) if policy else self.value(what)
            if name == ".policy" and value.token.text.lower() not in POLICIES:
                raise self.source.error(value.token, f"expected {what}, found {value.token}")
            self.listing.settings[name] = (token, value)
        self.end()

    def words(self) -> list[_Value]:
        """Read ``: value value ...``, the rest of a .data line."""
        self.expect(":")
        values = [self.value()]
        while self.next.kind != "end":
            before = self.tokens[self.at - 1]
            if self.next.column == before.column + len(before.text):
                raise self.expected("a blank between words")
            values.append(self.value())
        return values

    def earlier(self, value: _Value) -> int:
        """The number of ``value``, which may name a constant defined before this line."""
        if value.number is not None:
            return value.number
        constants = self.listing.constants
        if value.token.text not in constants:
            near = _nearest(value.token.text, constants)
            raise self.source.error(value.token, f"expected a number or an earlier constant, found {value.token}{near}")
        return constants[value.token.text][0]


class _Resolver:
    """The second pass: from a listing and the options to the parts of a Program."""

    def __init__(self, source: _Source, listing: _Listing, options: Mapping[str, int | str | None]) -> None:
        self.source, self.listing, self.options = source, listing, options
        self.word = self.setting("word", MIN_WORD, MAX_WORD, MAX_WORD) or 16

    def setting(self, name: str, low: int, high: int, cap: int) -> int | None:
        """What the option or the directive ``name`` gives, in low..high and at most ``cap``; None if neither does."""
        option, directive = self.options[name], self.listing.settings.get("." + name)
        if option is not None:
            number, found = option, _brief(option)
        elif directive is not None:
            number = self.number(directive[1], labels=False)
            found = self.found(directive[1])
        else:
            return None
        if type(number) is int and low <= number <= min(high, cap):
            return number
        if type(number) is int and number > cap and high >= cap:
            message = f"expected at most {cap} (more is not supported), found {found}"
        elif type(number) is int and number > high:
            message = f"expected {low}..{high} for a word of {self.word} bits, found {found}"
        else:
            message = f"expected {low} or more, found {found}"
        if option is not None or directive is None:
            raise AssemblyError(self.source.file, 0, 0, f"--{name}: {message}")
        raise self.source.error(directive[1].token, f".{name}: {message}")

    def policy(self) -> Policy:
        """The access policy that the option or the directive gives."""
        option, directive = self.options["policy"], self.listing.settings.get(".policy")
        chosen = str(option) if option is not None else directive[1].token.text if directive else "priority"
        if chosen.lower() not in POLICIES:
            message = f"--policy: expected {' | '.join(POLICIES)}, found {_show(chosen)}"
            raise AssemblyError(self.source.file, 0, 0, message)
        return cast(Policy, chosen.lower())

    def number(self, value: _Value, labels: bool = True) -> int:
        """The number of ``value``, of any size and sign."""
        if value.number is not None:
            return value.number
        name, tables = value.token.text, [self.listing.constants] + [self.listing.labels] * labels
        for table in tables:
            if name in table:
                return table[name][0]
        what = "a label or a constant" if labels else "a number or a constant"
        if re.fullmatch("[rR][0-9]+", name):
            what = f"{_REGISTERS} or a defined name"
        near = _nearest(name, [known for table in tables for known in table])
        raise self.source.error(value.token, f"expected {what}, found {value.token}, undefined{near}")

    def found(self, value: _Value) -> str:
        """``value`` as a message names it, with its number where it is a name."""
        return f"{value.token} = {self.number(value)}" if value.number is None else str(value.token)

    def as_word(self, value: _Value, sign: int = 1) -> int:
        """The word of ``value``, or of its negation, in 0..2^w-1."""
        number, size = self.number(value), 1 << self.word
        if not -size // 2 <= number < size:
            message = f"expected {-size // 2}..{size - 1} (a word has {self.word} bits), found {self.found(value)}"
            raise self.source.error(value.token, message)
        return sign * number % size

    def data(self) -> dict[int, tuple[int, _Token]]:
        """The words of all .data lines, each with its place, by address."""
        cells: dict[int, tuple[int, _Token]] = {}
        for start, values in self.listing.data:
            base = self.as_word(start)
            for address, value in enumerate(values, base):
                if address in cells:
                    line = cells[address][1].line
                    raise self.source.error(value.token, f"address {address} has a word already, from line {line}")
                cells[address] = (self.as_word(value), value.token)
        return cells

    def memory(self, data: Mapping[int, int]) -> tuple[int, tuple[int, ...]]:
        """M, and the initial words from address 0 to the last that is given."""
        cells, size = self.data(), 1 << self.word
        chosen = self.setting("memory", 1, size, MAX_MEMORY)
        limit = min(size, MAX_MEMORY) if chosen is None else chosen
        for address in cells:  # as ascending within a line, the first outside is the first read
            if address >= limit:
                message = f".data: expected an address in the memory 0..{limit - 1}, found {_brief(address)}"
                raise self.source.error(cells[address][1], message)
        words = {address: value for address, (value, _) in cells.items()}
        for address, value in data.items():
            if type(address) is not int or not 0 <= address < limit:
                message = f"expected an address in the memory 0..{limit - 1}, found {_brief(address)}"
                raise self.bad_data(data, address, message)
            if type(value) is not int or not -size // 2 <= value < size:
                message = f"expected a word {-size // 2}..{size - 1} at address {address}, found {_brief(value)}"
                raise self.bad_data(data, address, message)
            words[address] = value % size
        extent = max(words, default=-1) + 1
        filled = [0] * extent
        for address, value in words.items():
            filled[address] = value
        return max(min(64, size), extent) if chosen is None else chosen, tuple(filled)

    def bad_data(self, data: Mapping[int, int], address: int, message: str) -> AssemblyError:
        """The error ``message`` about the word of the option --data at ``address``, in its file where it has one."""
        if isinstance(data, Data):
            return data.error(address, message)
        return AssemblyError(self.source.file, 0, 0, f"--data: {message}")

    def instructions(self, extension: str) -> tuple[Instruction, ...]:
        """The instructions."""
        available = operations(extension)
        result: list[Instruction] = []
        for mnemonic, operands in self.listing.code:
            if len(result) == 1 << self.word:
                message = f"expected at most {1 << self.word} instructions for a word of {self.word} bits, found more"
                raise self.source.error(mnemonic, message)
            result.append(self.instruction(mnemonic, operands, available))
        return tuple(result)

    def instruction(self, mnemonic: _Token, operands: list[_Operand], available: tuple[Operation, ...]) -> Instruction:
        """One instruction, among the operations ``available``."""
        named = [operation for operation in OPERATIONS.values() if operation.mnemonic == mnemonic.text.lower()]
        fitting = [operation for operation in named if len(operation.shape) == len(operands)]
        if not fitting:
            counts = " or ".join(str(len(operation.shape)) for operation in named)
            plural = "" if counts == "1" else "s"
            raise self.source.error(mnemonic, f"{mnemonic}: expected {counts} operand{plural}, found {len(operands)}")
        operation = fitting[0]
        if operation not in available:
            form = f"{mnemonic} with {len(operands)} operands" if len(named) > 1 else f"{mnemonic}"
            message = f"{form} is of extension {operation.extension}, and the machine is one without it"
            raise self.source.error(mnemonic, message)
        fields: dict[str, int | Reg | None] = {}
        for kind, operand in zip(operation.shape, operands, strict=True):
            self.operand(kind, operand, fields)
        return Instruction(operation.name, **fields)  # type: ignore[arg-type]

    def operand(self, kind: str, operand: _Operand, fields: dict[str, int | Reg | None]) -> None:
        """Put ``operand``, of the ``kind`` that the instruction table's shape says, in the ``fields`` it fills."""
        if kind in "dsa":
            if not isinstance(operand, _Register):
                raise self.source.error(operand.token, f"expected {_REGISTERS}, found {operand.token}")
            fields["ra" if kind == "a" else "rd"] = operand.number
        elif kind == "m":
            if not isinstance(operand, _Address):
                message = f"expected a memory operand, as [r1 + 4] or [4], found {operand.token}"
                raise self.source.error(operand.token, message)
            fields["ra"] = operand.base
            fields["x"] = self.as_word(operand.offset, operand.sign) if operand.offset else 0
        elif isinstance(operand, _Register) and kind == "x":
            fields["x"] = Reg(operand.number)
        elif isinstance(operand, _Value):
            fields["x"] = self.as_word(operand)
        else:
            what = "a number or a name" if kind == "t" else f"{_REGISTERS}, a number or a name"
            raise self.source.error(operand.token, f"expected {what}, found {operand.token}")


def assemble(
    text: str,
    file: str = "<text>",
    *,
    word: int | None = None,
    processors: int | None = None,
    memory: int | None = None,
    policy: str | None = None,
    data: Mapping[int, int] | None = None,
    extension: str = "M",
) -> Program:
    """The program that ``text`` says, for a machine with ``extension``; an option given wins over its directive.

    ``word`` in bits (16 if nothing says otherwise), ``processors`` (1), ``memory`` in words (64, fewer if the word
    addresses fewer, more if the data reach further), ``policy`` (priority); ``data`` from address to word, on top of
    ``.data``. ``Program.data`` ends with the last word that is given, ``Program.name`` is the stem of ``file``.
    Raises AssemblyError, whatever is wrong. Source: docs/assembly.md.
    """
    source = _Source(file, _lines(text))
    listing = _Listing()
    for number in range(1, len(source.lines) + 1):
        _Line(source, number, listing).read()
    if not listing.code:
        raise source.error(_Token("end", "", 1, 1), "expected at least one instruction, found none")
    resolver = _Resolver(source, listing, {"word": word, "processors": processors, "memory": memory, "policy": policy})
    count = resolver.setting("processors", 1, 1 << resolver.word, MAX_PROCESSORS)
    size, words = resolver.memory({} if data is None else data)
    return Program(
        instructions=resolver.instructions(extension),
        word=resolver.word,
        processors=1 if count is None else count,
        memory=size,
        policy=resolver.policy(),
        data=words,
        name="program" if file == "<text>" else Path(file).stem or "program",
    )


class Options(TypedDict, total=False):
    """The options of ``assemble``."""

    word: int | None
    processors: int | None
    memory: int | None
    policy: str | None
    data: Mapping[int, int] | None
    extension: str


def assemble_file(path: str | os.PathLike[str], **options: Unpack[Options]) -> Program:
    """``assemble`` the UTF-8 file ``path``. Raises AssemblyError, and OSError where the file cannot be read."""
    return assemble(_read(path), os.fspath(path), **options)


def _read(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, less a byte order mark."""
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1).removeprefix(codecs.BOM_UTF8)  # a device may give bytes without end
    except ValueError as error:  # a path with a NUL in it
        raise OSError(errno.EINVAL, f"expected a file name, found {_show(os.fspath(path))}") from error
    if len(raw) > MAX_BYTES:
        raise AssemblyError(os.fspath(path), 0, 0, f"expected at most {MAX_BYTES >> 20} MiB, found more")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before, lines = _lines(raw[: error.start].decode()), _lines(raw.decode(errors="replace"))
        place = _Token("end", "", len(before), len(before[-1]) + 1)
        message = f"expected UTF-8 text, found the byte {raw[error.start]:#04x}"
        raise _Source(os.fspath(path), lines).error(place, message) from None


def _lines(text: str) -> list[str]:
    """The lines of ``text``, with the line ends of any system."""
    return re.split(r"\r\n|\r|\n", text)


def _json_tokens(source: _Source, text: str) -> Iterator[_Token]:
    """The tokens of a JSON text, with their places, then one of kind ``end``, again and again."""
    line, start, position = 1, 0, 0
    while position < len(text):
        match = _JSON.match(text, position)
        if match is None:
            place = _Token("mark", text[position], line, position - start + 1)
            raise source.error(place, f"expected JSON, found {_show(text[position])}")
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match.group(), line, position - start + 1)
        elif (ends := len(_lines(match.group()))) > 1:
            line, start = line + ends - 1, match.end() - len(_lines(match.group())[-1])
        position = match.end()
    while True:
        yield _Token("end", "", line, position - start + 1)


def parse_data(text: str, file: str = "<data>") -> Data:
    """The initial memory that the JSON ``text`` says, from address to word (for ``assemble``'s ``data``).

    The text is a list of integers, from address 0 on, or an object from addresses (decimal or 0x, as strings) to
    integers; a negative one is a two's complement. Whether addresses and words fit a machine, ``assemble`` checks.
    Raises AssemblyError. Source: docs/assembly.md, "Data files".
    """
    source = _Source(file, _lines(text))
    tokens, data = _json_tokens(source, text), Data(source)
    opening = next(tokens)
    closing = {"[": "]", "{": "}"}.get(opening.text)
    if closing is None:
        raise source.error(opening, f"expected a list or an object, found {_json_name(opening)}")
    token = next(tokens)
    while token.text != closing:
        if closing == "}":
            address = _json_address(source, token)
            if (colon := next(tokens)).text != ":":
                raise source.error(colon, f"expected ':', found {_json_name(colon)}")
            data.put(address, _json_integer(source, next(tokens)), token)
        else:
            data.put(len(data), _json_integer(source, token), token)
        token = next(tokens)
        if token.text != closing:
            if token.text != ",":
                raise source.error(token, f"expected ',' or {closing!r}, found {_json_name(token)}")
            token = next(tokens)
            if token.text == closing:
                raise source.error(token, f"expected another word after ',', found {closing!r}")
    if (rest := next(tokens)).kind != "end":
        raise source.error(rest, f"expected the end of the text, found {_json_name(rest)}")
    return data


def parse_data_file(path: str | os.PathLike[str]) -> Data:
    """``parse_data`` of the UTF-8 file ``path``. Raises AssemblyError, and OSError where the file cannot be read."""
    return parse_data(_read(path), os.fspath(path))


def _json_name(token: _Token) -> str:
    """The token as an error message names it."""
    return {"[": "a list", "{": "an object"}.get(token.text) or str(token).replace("the line", "the text")


def _json_integer(source: _Source, token: _Token) -> int:
    """The integer that ``token`` is."""
    if token.kind != "number" or not re.fullmatch("-?(0|[1-9][0-9]*)", token.text):
        raise source.error(token, f"expected an integer, found {_json_name(token)}")
    if len(token.text) > _MAX_DIGITS:
        raise source.error(token, f"expected at most {_MAX_DIGITS} digits, found {len(token.text)}")
    return int(token.text)


def _json_address(source: _Source, token: _Token) -> int:
    """The address that ``token``, a key of an object, is."""
    try:
        key = json.loads(token.text) if token.kind == "string" and len(token.text) <= _MAX_DIGITS else ""
    except ValueError:  # an escape that JSON does not have
        key = ""
    if not _NUMBER.fullmatch(key):
        message = f'expected an address in quotes, as "8" or "0x8", found {_json_name(token)}'
        raise source.error(token, message)
    return _integer(key)


def disassemble(program: Program) -> str:
    """A text of ``program`` that assembles to it again, its name apart.

    Raises ValueError for a program that ``validate`` refuses.
    """
    validate(program)
    lines = [
        f".word {program.word}",
        f".processors {program.processors}",
        f".memory {program.memory}",
        f".policy {program.policy}",
    ]
    for start in range(0, len(program.data), 16):
        words = program.data[start : start + 16]
        if any(words) or start + 16 >= len(program.data):  # the last line says where the data end
            lines.append(f".data {start}: " + " ".join(map(str, words)))
    length = program.length
    targets = {ins.x for ins in program.instructions if "t" in OPERATIONS[ins.op].shape}
    for index, instruction in enumerate(program.instructions):
        if index in targets:
            lines.append(f"L{index}:")
        lines.append(f"    {_instruction_text(instruction, program.word, length)}")
    return "\n".join(lines) + "\n"


def _instruction_text(instruction: Instruction, word: int, length: int) -> str:
    """An instruction in assembly, in a program of ``length`` instructions with the labels ``L0``, ``L1``, ..."""
    operation, x = OPERATIONS[instruction.op], instruction.x
    parts = []
    for kind in operation.shape:
        if kind == "a":
            parts.append(f"r{instruction.ra}")
        elif kind in "ds":
            parts.append(f"r{instruction.rd}")
        elif isinstance(x, Reg):
            parts.append(f"r{x.number}")
        elif kind == "t" and x is not None and x < length:
            parts.append(f"L{x}")
        elif kind == "m" and instruction.ra is not None:
            number = x or 0
            away = f" - {(1 << word) - number}" if number >= 1 << word - 1 else f" + {number}" if number else ""
            parts.append(f"[r{instruction.ra}{away}]")
        else:
            parts.append(f"[{x}]" if kind == "m" else str(x))
    return f"{operation.mnemonic} {', '.join(parts)}".rstrip()
