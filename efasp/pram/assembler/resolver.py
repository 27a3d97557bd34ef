"""The second pass of the assembler: every name gets its number, and every number its word, whose width is known now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from efasp.pram.assembler.data import Data
from efasp.pram.assembler.parser import REGISTER, Address, Listing, Operand, Register, Value
from efasp.pram.assembler.source import AssemblyError, Source, Token, brief, nearest, show
from efasp.pram.isa import OPERATIONS, REGISTERS, Instruction, Operation, Reg, operations
from efasp.pram.machine import MAX_MEMORY, MAX_WORD, MIN_WORD, POLICIES, Policy

REGISTER_NAMES = f"a register r0..r{REGISTERS - 1}"


class Resolver:
    """The second pass: from a listing and the options to the parts of a Program."""

    def __init__(self, source: Source, listing: Listing, options: Mapping[str, int | str | None]) -> None:
        self.source, self.listing, self.options = source, listing, options
        self.word = self.setting("word", MIN_WORD, MAX_WORD, MAX_WORD) or 16

    def setting(self, name: str, low: int, high: int, cap: int) -> int | None:
        """The number of the option or the directive ``name``, in low..high and at most ``cap``; None if neither does."""
        option, directive = self.options[name], self.listing.settings.get("." + name)
        if option is not None:
            number, found = option, brief(option)
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
            message = f"--policy: expected {' | '.join(POLICIES)}, found {show(chosen)}"
            raise AssemblyError(self.source.file, 0, 0, message)
        return cast(Policy, chosen.lower())

    def number(self, value: Value, labels: bool = True) -> int:
        """The number of ``value``, of any size and sign."""
        if value.number is not None:
            return value.number
        name, tables = value.token.text, [self.listing.constants] + [self.listing.labels] * labels
        for table in tables:
            if name in table:
                return table[name][0]
        what = "a label or a constant" if labels else "a number or a constant"
        if REGISTER.fullmatch(name):  # it can be no name, as none such can be defined
            what = REGISTER_NAMES if labels else what
        near = nearest(name, [known for table in tables for known in table])
        raise self.source.error(value.token, f"expected {what}, found {value.token}, undefined{near}")

    def found(self, value: Value) -> str:
        """``value`` as a message names it, with its number where it is a name."""
        return f"{value.token} = {self.number(value)}" if value.number is None else str(value.token)

    def as_word(self, value: Value, sign: int = 1) -> int:
        """The word of ``value``, or of its negation, in 0..2^w-1."""
        number, size = self.number(value), 1 << self.word
        if not -size // 2 <= number < size:
            message = f"expected {-size // 2}..{size - 1} (a word has {self.word} bits), found {self.found(value)}"
            raise self.source.error(value.token, message)
        return sign * number % size

    def data(self) -> dict[int, tuple[int, Token]]:
        """The words of all .data lines, each with its place, by address."""
        cells: dict[int, tuple[int, Token]] = {}
        for start, values in self.listing.data:
            base = self.as_word(start)
            for address, value in enumerate(values, base):
                if address in cells:
                    line = cells[address][1].line
                    raise self.source.error(value.token, f"address {address} has a word already, from line {line}")
                cells[address] = (self.as_word(value), value.token)
        return cells

    def address(self, address: int) -> str:
        """An address of a .data line as a message names it: as written, where it is negative, and the word that it is."""
        written = (start for start, _ in self.listing.data if self.as_word(start) == address and self.number(start) < 0)
        return next((f"{self.found(start)}, which is {brief(address)}" for start in written), brief(address))

    def memory(self, data: Mapping[int, int]) -> tuple[int, tuple[int, ...]]:
        """M, and the initial words from address 0 to the last that is given."""
        cells, size = self.data(), 1 << self.word
        chosen = self.setting("memory", 1, size, MAX_MEMORY)
        limit = min(size, MAX_MEMORY) if chosen is None else chosen
        for address in cells:  # as ascending within a line, the first outside is the first read
            if address >= limit:
                message = f".data: expected an address in the memory 0..{limit - 1}, found {self.address(address)}"
                raise self.source.error(cells[address][1], message)
        words = {address: value for address, (value, _) in cells.items()}
        for address, value in data.items():
            at = address + size if type(address) is int and -size // 2 <= address < 0 else address
            if type(address) is not int or not 0 <= at < limit:
                message = f"expected an address in the memory 0..{limit - 1}, found {brief(address)}"
                raise self.bad_data(data, address, message)
            if type(value) is not int or not -size // 2 <= value < size:
                message = f"expected a word {-size // 2}..{size - 1} at address {address}, found {brief(value)}"
                raise self.bad_data(data, address, message)
            if at != address and at in data:
                raise self.bad_data(data, address, f"expected one word for address {at}, found another for {address}")
            words[at] = value % size
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

    def instruction(self, mnemonic: Token, operands: list[Operand], available: tuple[Operation, ...]) -> Instruction:
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

    def operand(self, kind: str, operand: Operand, fields: dict[str, int | Reg | None]) -> None:
        """Put ``operand``, of the ``kind`` that the instruction table's shape says, in the ``fields`` it fills."""
        if kind in "dsa":
            if not isinstance(operand, Register):
                raise self.source.error(operand.token, f"expected {REGISTER_NAMES}, found {operand.token}")
            fields["ra" if kind == "a" else "rd"] = operand.number
        elif kind == "m":
            if not isinstance(operand, Address):
                message = f"expected a memory operand, as [r1 + 4] or [4], found {operand.token}"
                raise self.source.error(operand.token, message)
            fields["ra"] = operand.base
            fields["x"] = self.as_word(operand.offset, operand.sign) if operand.offset else 0
        elif isinstance(operand, Register) and kind == "x":
            fields["x"] = Reg(operand.number)
        elif isinstance(operand, Value):
            fields["x"] = self.as_word(operand)
        else:
            what = "a number or a name" if kind == "t" else f"{REGISTER_NAMES}, a number or a name"
            raise self.source.error(operand.token, f"expected {what}, found {operand.token}")
