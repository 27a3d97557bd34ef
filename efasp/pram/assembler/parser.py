"""The first pass of the assembler, which looks at syntax alone: every line is read into a ``Listing``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from efasp.pram.assembler.lexer import tokens
from efasp.pram.assembler.source import MAX_DIGITS, NUMBER, AssemblyError, Source, Token, integer, nearest
from efasp.pram.isa import OPERATIONS, REGISTERS
from efasp.pram.machine import POLICIES

DIRECTIVES = (".word", ".processors", ".memory", ".policy", ".equ", ".data")
REGISTER = re.compile("[rR][0-9]+")  # also of registers that there are not
MNEMONICS = tuple(dict.fromkeys(operation.mnemonic for operation in OPERATIONS.values()))


class Value(NamedTuple):
    """A number, or a name for one (``number`` None)."""

    token: Token
    number: int | None


class Register(NamedTuple):
    """A register operand."""

    token: Token
    number: int


class Address(NamedTuple):
    """A memory operand ``[base +- offset]``; ``sign`` is 1 or -1."""

    token: Token
    base: int | None
    sign: int
    offset: Value | None


Operand = Value | Register | Address


@dataclass
class Listing:
    """The result of the first pass. ``labels`` and ``constants`` keep the place of each definition."""

    labels: dict[str, tuple[int, Token]] = field(default_factory=dict)
    constants: dict[str, tuple[int, Token]] = field(default_factory=dict)
    settings: dict[str, tuple[Token, Value]] = field(default_factory=dict)
    data: list[tuple[Value, list[Value]]] = field(default_factory=list)
    code: list[tuple[Token, list[Operand]]] = field(default_factory=list)


class Line:
    """The tokens of one line and a place among them: the first pass's grammar, from operands up to directives."""

    def __init__(self, source: Source, number: int, listing: Listing) -> None:
        self.source, self.listing, self.at = source, listing, 0
        self.tokens = tokens(source, number)

    @property
    def next(self) -> Token:
        """The token at the current place, which stays there."""
        return self.tokens[self.at]

    def expected(self, what: str) -> AssemblyError:
        """The error that ``what`` was expected at the current place."""
        return self.source.error(self.next, f"expected {what}, found {self.next}")

    def take(self) -> Token:
        """The token at the current place, which moves on."""
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, mark: str) -> Token:
        """Take the token ``mark``. Raises an error for another."""
        if self.next.text != mark:
            raise self.expected(repr(mark))
        return self.take()

    def end(self, what: str = "the end of the line") -> None:
        """Check that nothing is left of the line. Raises an error at the rest."""
        if self.next.kind != "end":
            raise self.expected(what)

    def name(self, what: str) -> Token:
        """Take a name that may be defined: not a register's."""
        if self.next.kind != "name":
            raise self.expected(what)
        if self.next.register is not None:
            raise self.source.error(self.next, f"expected {what}, found the register {self.next}")
        return self.take()

    def new_name(self, what: str) -> Token:
        """Take a name that is defined here: also not one that would be taken for a mnemonic, a directive or a register."""
        token = self.name(what)
        if token.text.lower() in MNEMONICS:
            raise self.source.error(token, f"expected {what}, found the mnemonic {token}")
        if f".{token.text}" in DIRECTIVES:
            raise self.source.error(token, f"expected {what}, found {token} (did you mean '.{token.text}'?)")
        if REGISTER.fullmatch(token.text):
            raise self.source.error(token, f"expected {what}, found {token}, and the registers are r0..r{REGISTERS - 1}")
        return token

    def value(self, what: str = "a number or a name") -> Value:
        """Take a number, which may be negative, or a name."""
        first = self.next
        if first.kind == "name":
            return Value(self.name(what), None)
        negative = first.text == "-"
        if negative:
            self.take()
            if self.next.kind != "number" or self.next.column != first.column + 1:
                raise self.expected("a number right after '-'")
        if self.next.kind != "number":
            raise self.expected(what)
        text = self.next.text
        if not NUMBER.fullmatch(text):
            raise self.expected("a decimal, 0x or 0b number")
        if len(text) > MAX_DIGITS:
            raise self.source.error(first, f"expected at most {MAX_DIGITS} digits, found {len(text)}")
        self.take()
        number = integer(text)
        return Value(first._replace(text="-" + text if negative else text), -number if negative else number)

    def operand(self) -> Operand:
        """Take an operand of an instruction."""
        first = self.next
        if first.register is not None:
            return Register(self.take(), first.register)
        if first.text != "[":
            return self.value("an operand")
        self.take()
        base, sign = self.next.register, 1
        if base is None:
            offset: Value | None = self.value("a register, a number or a name")
        else:
            self.take()
            offset = None
            if self.next.text in ("+", "-"):
                sign = 1 if self.take().text == "+" else -1
                offset = self.value()
            elif self.next.text != "]":
                raise self.expected("'+', '-' or ']'")
        self.expect("]")
        return Address(first, base, sign, offset)

    def read(self) -> None:
        """Read the line into the listing."""
        labelled = False
        while self.next.kind not in ("end", "directive") and self.tokens[self.at + 1].text == ":":
            token = self.new_name("a label")
            self.define(token, self.listing.labels, len(self.listing.code))
            self.take()
            labelled = True
        if self.next.kind == "name":
            self.instruction()
        elif self.next.kind == "directive" and not labelled:
            self.directive()
        else:
            self.end("an instruction" if labelled else "an instruction, a label or a directive")

    def define(self, token: Token, where: dict[str, tuple[int, Token]], number: int) -> None:
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
            near = nearest(mnemonic.text.lower(), MNEMONICS)
            known = "" if near else f" ({' '.join(MNEMONICS)})"
            raise self.source.error(mnemonic, f"expected a mnemonic{known}, found {mnemonic}{near}")
        operands: list[Operand] = []
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
            near = nearest(name, DIRECTIVES)
            raise self.source.error(token, f"expected a directive ({' '.join(DIRECTIVES)}), found {token}{near}")
        if name == ".equ":
            defined = self.new_name("a name for a constant")
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
            value = Value(self.take(), None) if policy else self.value(what)
            if name == ".policy" and value.token.text.lower() not in POLICIES:
                raise self.source.error(value.token, f"expected {what}, found {value.token}")
            self.listing.settings[name] = (token, value)
        self.end()

    def words(self) -> list[Value]:
        """Read ``: value value ...``, the rest of a .data line."""
        self.expect(":")
        values = [self.value()]
        while self.next.kind != "end":
            before = self.tokens[self.at - 1]
            if self.next.column == before.column + len(before.text):
                raise self.expected("a blank between words")
            values.append(self.value())
        return values

    def earlier(self, value: Value) -> int:
        """The number of ``value``, which may name a constant defined before this line."""
        if value.number is not None:
            return value.number
        constants = self.listing.constants
        if value.token.text not in constants:
            near = nearest(value.token.text, constants)
            raise self.source.error(value.token, f"expected a number or an earlier constant, found {value.token}{near}")
        return constants[value.token.text][0]


def read_listing(source: Source) -> Listing:
    """Every line of a text. Raises AssemblyError for one that is not assembly, and for a text without instructions."""
    listing = Listing()
    for number in range(1, len(source.lines) + 1):
        Line(source, number, listing).read()
    if not listing.code:
        raise source.error(Token("end", "", 1, 1), "expected at least one instruction, found none")
    return listing
