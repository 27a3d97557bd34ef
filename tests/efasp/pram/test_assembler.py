"""The assembler: the meaning of each form of a line, directives and the options that override them, limits."""

from __future__ import annotations

import codecs
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efasp.pram import machine
from efasp.pram.assembler import (
    MAX_MEMORY,
    assemble,
    assemble_file,
    disassemble,
    parse_data_file,
)
from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.machine import Program
from tests.efasp.pram.texts import SAMPLE, refused


def single(line: str, **options: Any) -> Instruction:
    """The instruction that ``line`` says at w = 16."""
    (instruction,) = assemble(line, **options).instructions
    return instruction


@pytest.mark.parametrize(
    ("line", "instruction"),
    [
        ("halt", Instruction("halt")),
        ("mov r1, r2", Instruction("mov", rd=1, x=Reg(2))),
        ("mov r1, 2", Instruction("mov", rd=1, x=2)),
        ("ADD R7,r0 , R3", Instruction("add", rd=7, ra=0, x=Reg(3))),
        ("sub r1, r2, -1", Instruction("sub", rd=1, ra=2, x=0xFFFF)),
        ("and r1, r2, 0xfF", Instruction("and", rd=1, ra=2, x=255)),
        ("or r1, r2, 0B101", Instruction("or", rd=1, ra=2, x=5)),
        ("xor r1, r2, -0x8000", Instruction("xor", rd=1, ra=2, x=0x8000)),
        ("shl r1, r2", Instruction("shl", rd=1, ra=2)),
        ("shr r1, r2", Instruction("shr", rd=1, ra=2)),
        ("slt r1, r2, 65535", Instruction("slt", rd=1, ra=2, x=65535)),
        ("seq r1, r2, 007", Instruction("seq", rd=1, ra=2, x=7)),
        ("ld r1, [r2 + 5]", Instruction("ld", rd=1, ra=2, x=5)),
        ("ld r1, [r2]", Instruction("ld", rd=1, ra=2, x=0)),
        ("ld r1,[r2-5]", Instruction("ld", rd=1, ra=2, x=65531)),
        ("ld r1, [r2 - -5]", Instruction("ld", rd=1, ra=2, x=5)),
        ("ld r1, [r2 - 0]", Instruction("ld", rd=1, ra=2, x=0)),
        ("ld r1, [r2 - 65535]", Instruction("ld", rd=1, ra=2, x=1)),
        ("st r1, [9]", Instruction("st", rd=1, ra=None, x=9)),
        ("st r1, [-1]", Instruction("st", rd=1, ra=None, x=65535)),
        ("jmp 12", Instruction("jmp", x=12)),
        ("jz r1, 0", Instruction("jz", ra=1, x=0)),
        ("jnz r1, -1", Instruction("jnz", ra=1, x=65535)),
        ("pid r4", Instruction("pid", rd=4)),
        ("nproc r4", Instruction("nproc", rd=4)),
        ("mul r1, r2, 3", Instruction("mul", rd=1, ra=2, x=3)),
        ("shl r1, r2, 3", Instruction("shlx", rd=1, ra=2, x=3)),
        ("shr r1, r2, r3", Instruction("shrx", rd=1, ra=2, x=Reg(3))),
        ("\tlabel :\tjmp label ; to itself", Instruction("jmp", x=0)),
        ("adder: move: jmp move#comment", Instruction("jmp", x=0)),
    ],
)
def test_instructions(line: str, instruction: Instruction) -> None:
    """Each form of each instruction, numbers in all bases and signs, and the case of letters."""
    assert single(line) == instruction


def test_every_operation_is_tried() -> None:
    """The disassembly of an instruction of each operation assembles to it."""
    for operation in OPERATIONS.values():
        fields: dict[str, Any] = {}
        for kind in operation.shape:
            fields["rd" if kind in "ds" else "ra" if kind == "a" else "x"] = 3
        program = Program((Instruction(operation.name, **fields),))
        assert assemble(disassemble(program)) == program


def test_sample() -> None:
    """Directives, constants, labels used before and after their definition, comments, and data with names in it."""
    program = assemble(SAMPLE, "dir/sum.pram")
    assert (program.word, program.processors, program.memory, program.policy) == (16, 4, 64, "crew")
    assert program.data == (0,) * 8 + (3, 1, 4, 65535, 5, 3, 8, 0) and program.name == "sum"
    assert program.instructions[1:6] == (
        Instruction("ld", rd=2, ra=1, x=8),
        Instruction("add", rd=2, ra=2, x=65535),
        Instruction("shlx", rd=3, ra=2, x=2),
        Instruction("st", rd=2, ra=1, x=65528),
        Instruction("jnz", ra=2, x=2),
    )
    late = assemble("mov r1, N\njmp end\n.equ N -3\nend:")
    assert late.instructions == (Instruction("mov", rd=1, x=65533), Instruction("jmp", x=2))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """Files of any system assemble alike, and errors are on the same line."""
    text = SAMPLE.replace("\n", end)
    assert assemble(text) == assemble(SAMPLE)
    assert refused(lambda: assemble(text + "oops")).line == 16


def test_defaults() -> None:
    """Without directives: 16 bits, one processor, priority, and 64 words, fewer or more as word and data have it."""
    assert assemble("halt") == Program((Instruction("halt"),))
    assert assemble("halt", word=5).memory == 32
    assert assemble("halt", word=6).memory == 64
    assert assemble(".data 99: 1 0\nhalt").memory == 101
    assert assemble("halt", data={70: 1}).memory == 71
    assert assemble(".data 3: 1 0\nhalt").data == (0, 0, 0, 1, 0)
    assert [assemble("halt", file).name for file in ("<text>", "a/b.pram", "b", "", "/")] == [
        "program", "b", "b", "program", "program"
    ]  # fmt: skip


def test_options_win() -> None:
    """An option overrides its directive, even one that would not do for the rest; data goes on top of .data."""
    options: dict[str, Any] = {"word": 8, "processors": 9, "memory": 32, "policy": "EREW", "data": {8: -1, 0: 7}}
    program = assemble(SAMPLE, **options)
    assert (program.word, program.processors, program.memory, program.policy) == (8, 9, 32, "erew")
    assert program.data == (7,) + (0,) * 7 + (255, 1, 4, 255, 5, 3, 8, 0)
    assert program.instructions[2].x == 255
    assert assemble(".word 3\n.memory 0\nhalt", word=5, memory=1).memory == 1
    assert assemble(".WORD 0x8\n.Policy Common\nHALT").policy == "common"
    assert assemble(".equ N 16\n.processors N\n.memory N\n.word N\nhalt").processors == 16


@pytest.mark.parametrize("line", ["mul r1, r2, 3", "shl r1, r2, 3", "shr r1, r2, r3"])
def test_extension(line: str) -> None:
    """An instruction of extension M is refused for a machine without it, which the error says."""
    assert OPERATIONS[single(line, extension="M").op].extension == "M"
    error = refused(lambda: assemble("halt\n  " + line, extension=""))
    assert "is of extension M, and the machine is one without it" in error.message
    assert (error.line, error.column) == (2, 3)
    assert single("shl r1, r2", extension="") == Instruction("shl", rd=1, ra=2)


def test_labels_past_the_end() -> None:
    """A label may stand after the last instruction; where it is used its number must fit a word."""
    assert assemble("jmp end\nend:").instructions == (Instruction("jmp", x=1),)
    text = "halt\n" * 31 + "{}\nend:"
    assert len(assemble(text.format("halt"), word=5).instructions) == 32
    assert "found 'end' = 32" in refused(lambda: assemble(text.format("jmp end"), word=5)).message


def test_files(tmp_path: Path) -> None:
    """Files are UTF-8 with or without a byte order mark; the file's stem names the program."""
    path, data = tmp_path / "été.pram", tmp_path / "d.json"
    path.write_text("; été\nhalt\n", encoding="utf-8-sig")
    data.write_text("[1, 2]")
    program = assemble_file(path, data=parse_data_file(data), processors=3)
    assert (program.name, program.data, program.processors) == ("été", (1, 2), 3)


@pytest.mark.parametrize("read", [assemble_file, parse_data_file])
def test_unreadable_files(tmp_path: Path, read: Callable[[str], object]) -> None:
    """Bytes that are not UTF-8 are an AssemblyError at their place; a file that cannot be read is an OSError."""
    path = tmp_path / "bad"
    path.write_bytes(b"; ok\r\n; \xc3\xa9 \xff\xfe")
    error = refused(lambda: read(str(path)))
    assert (error.file, error.line, error.column) == (str(path), 2, 5)
    assert error.message == "expected UTF-8 text, found the byte 0xff" and str(error).endswith("\n    ^")
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "absent"))
    with pytest.raises(IsADirectoryError):
        read(str(tmp_path))
    with pytest.raises(OSError, match="expected a file name") as caught:
        read("a\0b")
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        ("; \u00e9\nhalt".encode("utf-16"), "1:1", "expected UTF-8 text, found UTF-16"),
        (codecs.BOM_UTF16_BE + "halt".encode("utf-16-be"), "1:1", "expected UTF-8 text, found UTF-16"),
        ("halt".encode("utf-16-be"), "1:1", "expected text, found a binary file (the byte 0x00)"),
        ("halt".encode("utf-16-le"), "1:2", "expected text, found a binary file (the byte 0x00)"),
        (b"\x7fELF\x02\xff", "1:5", "expected text, found a binary file (the byte 0x02)"),
        ("; \u00e9\r\n; \u00e9\r".encode() + b"ab\0", "3:3", "expected text, found a binary file (the byte 0x00)"),
        (codecs.BOM_UTF8 + b"\nab\0", "2:3", "expected text, found a binary file (the byte 0x00)"),
        (b"a\nb\xff\x00", "2:2", "expected text, found a binary file (the byte 0xff)"),
    ],
)
@pytest.mark.parametrize("read", [assemble_file, parse_data_file])
def test_a_file_that_is_no_text_is_refused_at_its_first_bad_byte(
    tmp_path: Path, read: Callable[[str], object], data: bytes, place: str, message: str
) -> None:
    """A binary file and one in UTF-16 are refused with the line and column of the first byte that no UTF-8 text has, columns
    counted in characters; nothing of the file is shown."""
    path = tmp_path / "bad"
    path.write_bytes(data)
    assert str(refused(lambda: read(str(path)))) == f"{path}:{place}: {message}"


def test_limits_are_the_machine_s() -> None:
    """The assembler and the machine refuse the same sizes."""
    wide = Program((Instruction("halt"),), word=40, memory=MAX_MEMORY + 1)
    with pytest.raises(ValueError, match="memory: expected"):
        machine.validate(wide)
    assert "not supported" in refused(lambda: assemble("halt", word=40, memory=MAX_MEMORY + 1)).message
