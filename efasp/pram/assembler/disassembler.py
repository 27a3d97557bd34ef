"""The disassembler: the text of a program, from which the assembler makes the same program."""

from __future__ import annotations

from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.machine import Program, validate


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
        lines.append(f"    {instruction_text(instruction, program.word, length)}")
    return "\n".join(lines) + "\n"


def instruction_text(instruction: Instruction, word: int, length: int) -> str:
    """An instruction in assembly, in a program of ``length`` instructions with the labels ``L0``, ``L1``, ...; a jump beyond
    them, as every one for length 0, has its target's number."""
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
