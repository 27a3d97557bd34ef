"""What the machine and the assembler accept and refuse, against docs/machine.md and docs/assembly.md. For
``proofs.lemmas.process``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from random import Random
from typing import Any, cast

from efasp.pram import machine as pram
from efasp.pram.assembler import AssemblyError, assemble
from efasp.pram.isa import Instruction, Reg, operations
from efasp.pram.machine import Program
from efasp.proofs.concrete.differential import ends_without, listed, unequal
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.oracle import WRITTEN, WRITTEN_M
from efasp.proofs.concrete.scenarios import Shape, drawn


def accepted(word: int) -> Report | None:
    """Machines that ``validate`` takes, at the limits of the word, and those that it must refuse, beyond them."""
    size, code = 1 << word, (drawn(Random(1), Shape(word, ""), 1, 1, 1).instructions[0],)
    least = Program(code, word, 1, 1)
    good, bad = [least], [replace(least, word=4), replace(least, processors=0), replace(least, memory=0)]
    bad += [
        replace(least, instructions=()),
        replace(least, data=(size,)),
        replace(least, data=(-1,)),
        replace(least, data=(0, 0)),
    ]
    bad.append(replace(least, policy=cast(Any, "none")))
    if size <= 1 << 12:
        good += [replace(least, processors=size), replace(least, memory=size), replace(least, instructions=code * size)]
        bad += [replace(one, **{name: getattr(one, name) + extra}) for one, name, extra in zip(
            good[1:], ("processors", "memory", "instructions"), (1, 1, code), strict=True)]  # fmt: skip
    bad += [replace(least, memory=3, data=(1, size)), replace(least, memory=3, data=(0, 1, -1))]
    for program in good:
        pram.validate(program, "")
    for program in bad:
        for work in (partial(pram.validate, program, ""), partial(pram.run, program)):
            if ends_without(work):
                return {"what": str(work.func), "expected": "a refusal", "got": "none", **listed(program)}
    for fields in unfit(size):
        for before in ((), code):
            if ends_without(partial(one_more, least, before, fields)):
                return {"what": "validate", "expected": "a refusal", "got": "none", "instruction": str(fields)}
    for most in (-1, -size):
        if ends_without(partial(pram.run, least, most)):
            return {"what": "run", "expected": "a refusal", "got": "none", "max_steps": most}
    ended = [*islice(pram.trace(replace(least, instructions=(Instruction("halt"),))), 4)]
    return unequal(2, len(ended), "configurations of a program that halts at once")


def one_more(program: Program, before: tuple[Instruction, ...], fields: tuple[Any, ...]) -> None:
    """Validate a program of some instructions and one more."""
    pram.validate(replace(program, instructions=(*before, Instruction(*fields))), "")


def unfit(size: int) -> Iterator[tuple[Any, ...]]:
    """Operation, rd, ra and x of instructions that a machine without the extension must refuse, with words below ``size``."""
    yield from (("mov", 1, None, x) for x in (size, -1, None))
    yield from (("add", 8, 1, 2), ("add", 1, None, 2), ("ld", 1, None, size), ("jmp", None, None, size))
    yield from (("mul", 1, 2, 3), ("shlx", 1, 2, 3), ("shrx", 1, 2, 3), ("none", 1, 2, 3), ("halt", 1, None, None))
    yield from ((op, None, 1, size) for op in ("jz", "jnz"))
    yield from (("st", 1, None, size), ("st", 1, 2, size), ("jmp", None, None, -1), ("st", 1, 2, -1))
    yield from (("add", -1, 1, 2), ("add", 1, -1, 2), ("ld", 1, -1, 0), ("ld", 8, 1, 0))
    yield from (("mov", 1, None, Reg(number)) for number in (-1, 8))
    yield from (("jmp", None, None, Reg(1)), ("ld", 1, 2, Reg(1)))
    yield from (("nproc", 1, None, 5), ("halt", None, None, 0), ("shl", 1, 2, 3))


def texts(word: int) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Texts with directives, labels, negative numbers and data, options, and parts of the programs that they are."""
    top = (1 << word) - 1
    head = f".word {word}\n.processors 3\n.memory 9\n.policy crew\n.data 1: 4 -1 0x5\n.data 7: 6\n"
    code = "start: ld r1, [r2 - 1]\n jz r1, end\n st r1, [r2+2]\n mov r3, -2\n jmp start\nend: halt\n"
    lines = [Instruction("ld", 1, 2, top), Instruction("jz", None, 1, 5), Instruction("st", 1, 2, 2)]
    lines += [Instruction("mov", 3, None, top - 1), Instruction("jmp", None, None, 0), Instruction("halt")]
    said = {
        "instructions": tuple(lines),
        "word": word,
        "processors": 3,
        "memory": 9,
        "policy": "crew",
        "data": (0, 4, top, 5, 0, 0, 0, 6),
    }
    yield head + code, {}, said
    changed = {"data": (8, 4, top, 9, 0, 0, 0, 6), "policy": "erew", "processors": 2, "memory": 11}
    yield head + code, {**changed, "data": {0: 8, 3: 9}}, {**said, **changed}
    yield "halt", {}, {"word": 16, "processors": 1, "memory": 64, "policy": "priority", "data": ()}


def misread(word: int) -> Report | None:
    """A text that the assembler reads as another than docs/assembly.md says, or does not refuse without its extension."""
    for text, options, said in texts(word):
        made = vars(assemble(text, "name", extension="", **options))
        if (wrong := unequal(said, {name: made[name] for name in said}, "assembler")) is not None:
            return {"text": text, "options": str(options), **wrong}
    for extension, written in (("", WRITTEN), ("M", WRITTEN | WRITTEN_M)):
        program = assemble("\n".join(written), word=word, extension=extension)
        for (text, (op, rd, ra, x)), found in zip(written.items(), program.instructions, strict=True):
            expected = Instruction(op, rd, ra, Reg(x[0]) if isinstance(x, tuple) else x)
            if found != expected:
                return {"text": text, "expected": str(expected), "got": str(found)}
        if {line[0] for line in written.values()} != {operation.name for operation in operations(extension)}:
            return {"what": "operations", "ext": extension, "expected": sorted(line[0] for line in written.values())}
    for text in WRITTEN_M:
        if ends_without(partial(assemble, text, word=word, extension=""), AssemblyError):
            return {"text": text, "expected": "a refusal without extension M", "got": "none"}
    return None
