"""The instruction set of the PRAM (docs/assembly.md, "Instructions"): one row an operation.

The table is the only place that says which operations exist, which fields they use and which belong to extension M;
the assembler, the machine, the encoding and the step written in E-FASP all read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

REGISTERS = 8
EXTENSIONS = ("", "M")


@dataclass(frozen=True)
class Operation:
    """One operation: its internal name, its mnemonic, its operand shape, and the extension that it needs ("" or "M").

    ``shape`` lists the operands in assembly order: ``d`` destination register, ``s`` source register in the rd field,
    ``a`` first operand register, ``x`` register or immediate, ``m`` memory operand ``[ra + imm]``, ``t`` jump target.
    """

    name: str
    mnemonic: str
    shape: str
    extension: Literal["", "M"] = ""

    @property
    def writes_register(self) -> bool:
        """Whether the operation writes register rd (a load does so only when it does not fault)."""
        return "d" in self.shape

    @property
    def touches_memory(self) -> bool:
        """Whether the operation has a memory operand."""
        return "m" in self.shape


_TABLE = (
    Operation("halt", "halt", ""),
    Operation("mov", "mov", "dx"),
    Operation("add", "add", "dax"),
    Operation("sub", "sub", "dax"),
    Operation("and", "and", "dax"),
    Operation("or", "or", "dax"),
    Operation("xor", "xor", "dax"),
    Operation("shl", "shl", "da"),
    Operation("shr", "shr", "da"),
    Operation("slt", "slt", "dax"),
    Operation("seq", "seq", "dax"),
    Operation("ld", "ld", "dm"),
    Operation("st", "st", "sm"),
    Operation("jmp", "jmp", "t"),
    Operation("jz", "jz", "at"),
    Operation("jnz", "jnz", "at"),
    Operation("pid", "pid", "d"),
    Operation("nproc", "nproc", "d"),
    Operation("mul", "mul", "dax", "M"),
    Operation("shlx", "shl", "dax", "M"),
    Operation("shrx", "shr", "dax", "M"),
)
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _TABLE}


@cache
def operations(extension: str) -> tuple[Operation, ...]:
    """The operations of a machine with the given extension ("" or "M"), in table order."""
    if extension not in EXTENSIONS:
        raise ValueError(f"extension: expected one of {EXTENSIONS}, found {extension!r}")
    return tuple(operation for operation in _TABLE if operation.extension in ("", extension))


class Reg(NamedTuple):
    """A register operand, ``number`` in 0..7."""

    number: int


@dataclass(frozen=True)
class Instruction:
    """One instruction. ``op`` is a key of ``OPERATIONS``.

    ``rd``: destination register number (for ``st`` the source register ``rs``), or None where the shape has none.
    ``ra``: first operand or base register number, or None (absent: it reads as 0, as in the absolute address ``[imm]``).
    ``x``: the register-or-immediate operand; an ``int`` in 0..2^w-1 for an immediate, an offset or a jump target; None
    where the shape has none.

    >>> Instruction("ld", rd=1, ra=2, x=5)     # ld r1, [r2 + 5]
    >>> Instruction("add", rd=1, ra=2, x=Reg(3))
    """

    op: str
    rd: int | None = None
    ra: int | None = None
    x: Reg | int | None = None

    def __post_init__(self) -> None:
        operation = OPERATIONS.get(self.op)
        if operation is None:
            raise ValueError(f"operation: expected one of {', '.join(OPERATIONS)}, found {self.op!r}")
        shape = operation.shape
        for field, value, wanted in (("rd", self.rd, set("ds") & set(shape)), ("ra", self.ra, "a" in shape)):
            if value is not None and (type(value) is not int or not 0 <= value < REGISTERS):
                raise ValueError(f"{self.op}: {field}: expected a register number 0..7, found {value!r}")
            if wanted and value is None:
                raise ValueError(f"{self.op}: {field}: expected a register number, found none")
            if value is not None and not wanted and not (field == "ra" and "m" in shape):
                raise ValueError(f"{self.op}: {field}: expected none, found {value!r}")
        allowed: tuple[type, ...] = (Reg, int) if "x" in shape else (int,) if set("mt") & set(shape) else (type(None),)
        if type(self.x) not in allowed:
            names = " or ".join(kind.__name__ for kind in allowed)
            raise ValueError(f"{self.op}: x: expected {names}, found {self.x!r}")
        if isinstance(self.x, Reg) and not 0 <= self.x.number < REGISTERS:
            raise ValueError(f"{self.op}: x: expected a register number 0..7, found {self.x.number!r}")
        if type(self.x) is int and self.x < 0:
            raise ValueError(f"{self.op}: x: expected an immediate of 0 or more, found {self.x}")


Code = tuple[Instruction, ...]  # of a program
