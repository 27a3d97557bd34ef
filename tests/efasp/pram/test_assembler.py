"""The assembler: the meaning of each form of a line, the place and text of each error, and that no other is raised."""

from __future__ import annotations

import dataclasses
import errno
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import (
    DIRECTIVES,
    MAX_MEMORY,
    MNEMONICS,
    AssemblyError,
    Data,
    assemble,
    assemble_file,
    disassemble,
    parse_data,
    parse_data_file,
)
from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.library import PROGRAMS, load
from efasp.pram.machine import Program
from tests.efasp.pram.strategies import programs

SAMPLE = """\
; the sum of eight words
.word 16
.processors 4
.memory 64
.policy crew
.equ BASE 8        # a constant
.equ LAST BASE
.data BASE: 3 1 4 -1 0x5 0b11 BASE start
start:  pid r1
        ld  r2, [r1 + BASE]
loop:   add r2, r2, -1
        shl r3, r2, 2
        st  r2, [r1 - LAST]
        jnz r2, loop
        halt
"""


def single(line: str, **options: Any) -> Instruction:
    """The instruction that ``line`` says at w = 16."""
    (instruction,) = assemble(line, **options).instructions
    return instruction


def refused(make: Callable[[], object]) -> AssemblyError:
    """The AssemblyError that ``make`` raises."""
    with pytest.raises(AssemblyError) as caught:
        make()
    return caught.value


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


ERRORS = [
    ("", 1, 1, "expected at least one instruction, found none"),
    ("; only\nlabel:\n.word 8", 1, 1, "expected at least one instruction"),
    ("mvo r1, 2", 1, 1, "expected a mnemonic, found 'mvo' (did you mean 'mov'?)"),
    ("qqqqq r1", 1, 1, f"expected a mnemonic ({' '.join(MNEMONICS)}), found 'qqqqq'"),
    ("  halt:\n mov r1, 1", 1, 3, "expected a label, found the mnemonic 'halt'"),
    ("start: JZ: halt", 1, 8, "expected a label, found the mnemonic 'JZ'"),
    (".equ add 3\nhalt", 1, 6, "expected a name for a constant, found the mnemonic 'add'"),
    ("data: halt", 1, 1, "expected a label, found 'data' (did you mean '.data'?)"),
    (".equ word 3\nhalt", 1, 6, "expected a name for a constant, found 'word' (did you mean '.word'?)"),
    ("r8: add r1, r1, r8", 1, 1, "expected a label, found 'r8', and the registers are r0..r7"),
    (".equ R10 1\nhalt", 1, 6, "expected a name for a constant, found 'R10', and the registers are r0..r7"),
    ("halt\n  l: hlat", 2, 6, "(did you mean 'halt'?)"),
    ("add r1, r2", 1, 1, "'add': expected 3 operands, found 2"),
    ("halt r1", 1, 1, "'halt': expected 0 operands, found 1"),
    ("pid", 1, 1, "'pid': expected 1 operand, found 0"),
    ("shl r1", 1, 1, "'shl': expected 2 or 3 operands, found 1"),
    ("mov r8, 1", 1, 5, "expected a register r0..r7, found 'r8'"),
    ("mov 5, 1", 1, 5, "expected a register r0..r7, found '5'"),
    ("mov r1, r9", 1, 9, "expected a register r0..r7, found 'r9'"),
    ("add r1, 2, 3", 1, 9, "expected a register r0..r7, found '2'"),
    ("st [r1], r2", 1, 4, "expected a register r0..r7, found '['"),
    ("jmp r1", 1, 5, "expected a number or a name, found 'r1'"),
    ("jz r1, [4]", 1, 8, "expected a number or a name, found '['"),
    ("mov r1, [4]", 1, 9, "expected a register r0..r7, a number or a name, found '['"),
    ("ld r1, r2", 1, 8, "expected a memory operand, as [r1 + 4] or [4], found 'r2'"),
    ("ld r1, 5", 1, 8, "expected a memory operand"),
    ("ld r1, [r2 + 5", 1, 15, "expected ']', found the end of the line"),
    ("ld r1, [r2   ; c", 1, 11, "expected '+', '-' or ']', found the end of the line"),
    ("ld r1, r2]", 1, 10, "expected ',' or the end of the line, found ']'"),
    ("ld r1, [r2 + r3]", 1, 14, "expected a number or a name, found the register 'r3'"),
    ("ld r1, [5 + r3]", 1, 11, "expected ']', found '+'"),
    ("ld r1, []", 1, 9, "expected a register, a number or a name, found ']'"),
    ("ld r1, [r2] 7", 1, 13, "expected ',' or the end of the line, found '7'"),
    ("mov r1 r2", 1, 8, "expected ',' or the end of the line, found 'r2'"),
    ("mov r1,", 1, 8, "expected an operand, found the end of the line"),
    ("mov r1,, r2", 1, 8, "expected an operand, found ','"),
    ("mov r1, 70000", 1, 9, "expected -32768..65535 (a word has 16 bits), found '70000'"),
    ("mov r1, -32769", 1, 9, "expected -32768..65535 (a word has 16 bits), found '-32769'"),
    (".word 5\n.memory 1\nld r1, [r2 - 32]", 3, 14, "expected -16..31 (a word has 5 bits), found '32'"),
    ("mov r1, BIG\n.equ BIG 65536", 1, 9, "found 'BIG' = 65536"),
    ("mov r1, 0x", 1, 9, "expected a decimal, 0x or 0b number, found '0x'"),
    ("mov r1, 12ab", 1, 9, "expected a decimal, 0x or 0b number, found '12ab'"),
    ("mov r1, 1_000", 1, 9, "expected a decimal, 0x or 0b number"),
    ("mov r1, - 5", 1, 11, "expected a number right after '-', found '5'"),
    ("mov r1, -N", 1, 10, "expected a number right after '-', found 'N'"),
    ("mov r1, +5", 1, 9, "expected an operand, found '+'"),
    ("mov r1, " + "9" * 5000, 1, 9, "expected at most 1026 digits, found 5000"),
    ("mov r1, loop\nlop: halt", 1, 9, "found 'loop', undefined (did you mean 'lop'?)"),
    ("jmp Loop\nloop: halt", 1, 5, "(did you mean 'loop'?)"),
    ("a: halt\n a: halt", 2, 2, "'a' is defined already, as a label on line 1"),
    (".equ a 1\na: halt", 2, 1, "'a' is defined already, as a constant on line 1"),
    ("a: halt\n.equ a 1", 2, 6, "'a' is defined already, as a label on line 1"),
    (".equ a 1\n.equ a 1\nhalt", 2, 6, "'a' is defined already, as a constant on line 1"),
    ("R3: halt", 1, 1, "expected a label, found the register 'R3'"),
    (".equ r3 4\nhalt", 1, 6, "expected a name for a constant, found the register 'r3'"),
    ("5: halt", 1, 1, "expected a label, found '5'"),
    (": halt", 1, 1, "expected an instruction, a label or a directive, found ':'"),
    ("a: .word 8", 1, 4, "expected an instruction, found '.word'"),
    ("a: 5", 1, 4, "expected an instruction, found '5'"),
    (".equ a", 1, 7, "expected a number or an earlier constant, found the end of the line"),
    (".equ 5 5", 1, 6, "expected a name for a constant, found '5'"),
    (".equ a b\n.equ b 1\nhalt", 1, 8, "expected a number or an earlier constant, found 'b'"),
    (".equ a 1 2\nhalt", 1, 10, "expected the end of the line, found '2'"),
    (".wrd 16", 1, 1, "found '.wrd' (did you mean '.word'?)"),
    (".word 16\n.WORD 16\nhalt", 2, 1, "expected .word once, found it also on line 1"),
    (".word 4\nhalt", 1, 7, ".word: expected 5 or more, found '4'"),
    (".word -16\nhalt", 1, 7, ".word: expected 5 or more, found '-16'"),
    (".word 5000\nhalt", 1, 7, ".word: expected at most 1024 (more is not supported), found '5000'"),
    (".word x\nx: halt", 1, 7, "expected a number or a constant, found 'x', undefined"),
    (".word\nhalt", 1, 6, "expected a number or a constant, found the end of the line"),
    (".word 16 bits\nhalt", 1, 10, "expected the end of the line, found 'bits'"),
    (".processors 0\nhalt", 1, 13, ".processors: expected 1 or more, found '0'"),
    (".processors 33\n.word 5\nhalt", 1, 13, ".processors: expected 1..32 for a word of 5 bits, found '33'"),
    (".processors 2000000\n.word 40\nhalt", 1, 13, "expected at most 1048576 (more is not supported)"),
    (".memory 0\nhalt", 1, 9, ".memory: expected 1 or more, found '0'"),
    (".memory N\n.equ N 65537\nhalt", 1, 9, "expected 1..65536 for a word of 16 bits, found 'N' = 65537"),
    (".word 64\n.memory 100000000\nhalt", 2, 9, "expected at most 67108864 (more is not supported)"),
    (".policy\nhalt", 1, 8, "expected erew | crew | common | priority, found the end of the line"),
    (".policy qrqw\nhalt", 1, 9, "expected erew | crew | common | priority, found 'qrqw'"),
    (".policy 5\nhalt", 1, 9, "expected erew | crew | common | priority, found '5'"),
    (".policy crew erew\nhalt", 1, 14, "expected the end of the line, found 'erew'"),
    (".data 62: 1 2 3\n.memory 64\nhalt", 1, 15, ".data: expected an address in the memory 0..63, found 64"),
    (".word 5\n.memory 9\n.data -1: 7\nhalt", 3, 11, "in the memory 0..8, found '-1', which is 31"),
    (".word 5\n.memory 9\n.equ A -2\n.data A: 7\nhalt", 4, 10, "found 'A' = -2, which is 30"),
    (".word 5\n.data 31: 1 2\nhalt", 2, 13, ".data: expected an address in the memory 0..31, found 32"),
    (".word 40\n.data 0x10000000: 1\nhalt", 2, 19, "expected an address in the memory 0..67108863, found 268435456"),
    (".data 3: 1 2\n.data 4: 2\nhalt", 2, 10, "address 4 has a word already, from line 1"),
    (".data 0: 65536\nhalt", 1, 10, "expected -32768..65535 (a word has 16 bits), found '65536'"),
    (".data 0:\nhalt", 1, 9, "expected a number or a name, found the end of the line"),
    (".data 0 1 2\nhalt", 1, 9, "expected ':', found '1'"),
    (".data : 1\nhalt", 1, 7, "expected an address, found ':'"),
    (".data r1: 1\nhalt", 1, 7, "expected an address, found the register 'r1'"),
    (".data 0: 1, 2\nhalt", 1, 11, "expected a blank between words, found ','"),
    (".data 0: 3-5\nhalt", 1, 11, "expected a blank between words, found '-'"),
    (".data x: 1\nhalt", 1, 7, "expected a label or a constant, found 'x', undefined"),
    ("mov r1, 'a'", 1, 9, 'unexpected character "\'"'),
    ("mov r1, é", 1, 9, "unexpected character 'é'"),
    ("halt ; c\0d", 1, 9, r"unexpected character '\x00'"),
    ("halt\n\ud800", 2, 1, r"unexpected character '\ud800'"),
    ("\ufeffhalt", 1, 1, r"unexpected character '\ufeff'"),
    ("halt\n" * 33 + ".word 5", 33, 1, "expected at most 32 instructions for a word of 5 bits, found more"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), ERRORS, ids=range(len(ERRORS)))
def test_errors(text: str, line: int, column: int, message: str) -> None:
    """Each error is at its place, says what was expected and found, and shows the line with a caret, unless it is blank."""
    error = refused(lambda: assemble(text, "f.pram"))
    assert (error.file, error.line, error.column) == ("f.pram", line, column), str(error)
    assert message in error.message
    head, *place = str(error).split("\n")
    assert head == f"f.pram:{line}:{column}: {error.message}" and error.source == text.split("\n")[line - 1]
    if not error.source.strip():
        assert place == []
        return
    shown, caret = place
    assert len(shown) == min(len(error.source), 160)
    assert caret == " " * (column - 1) + "^"


def test_a_long_line_is_shown_around_the_place() -> None:
    """Of a line of a megabyte the message shows the part with the caret's column, which stands under what is wrong."""
    error = refused(lambda: assemble("halt\n.data 0: " + "1 " * 500_000 + "! " + "1 " * 500_000, "f"))
    _, shown, caret = str(error).split("\n")
    assert error.column == 1_000_010 and len(shown) == 160 and shown[caret.index("^")] == "!"


def test_carets_under_tabs() -> None:
    """A caret stands under its column where a terminal widens tabs, and what cannot be shown has a stand-in."""
    error = refused(lambda: assemble("\tmov\tr1, \x1b", "f"))
    assert str(error).split("\n")[1:] == ["\tmov\tr1, \ufffd", "\t   \t    ^"]


def test_errors_are_value_errors() -> None:
    """The error is a ValueError, and survives a trip to another process."""
    error = refused(lambda: assemble("oops", "f"))
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and again.column == error.column


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"word": 4}, "--word: expected 5 or more, found 4"),
        ({"word": 2000}, "--word: expected at most 1024 (more is not supported), found 2000"),
        ({"word": 10**5000}, "--word: expected at most 1024 (more is not supported), found a number of 16610 bits"),
        ({"word": 5, "memory": 33}, "--memory: expected 1..32 for a word of 5 bits, found 33"),
        ({"memory": 0}, "--memory: expected 1 or more, found 0"),
        ({"processors": True}, "--processors: expected 1 or more, found True"),
        ({"policy": "x"}, "--policy: expected erew | crew | common | priority, found 'x'"),
        ({"data": {64: 1}, "memory": 64}, "--data: expected an address in the memory 0..63, found 64"),
        ({"data": {-1: 1}, "memory": 64}, "--data: expected an address in the memory 0..63, found -1"),
        ({"data": {1: 65536}}, "--data: expected a word -32768..65535 at address 1, found 65536"),
        ({"data": {1: 10**5000}}, "--data: expected a word -32768..65535 at address 1, found a number of 16610 bits"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    """A bad option is an AssemblyError without a place, which names the option."""
    error = refused(lambda: assemble("halt", "f.pram", **options))
    assert (error.line, str(error)) == (0, f"f.pram: {message}")


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


@given(programs(), st.booleans())
def test_roundtrip(program: Program, capitals: bool) -> None:
    """Disassembly and assembly give any program back, in small letters and in capitals; the file gives its name."""
    text = disassemble(program)
    again = assemble(text.upper() if capitals else text, f"{program.name}.pram")
    assert again == program
    assert assemble(text) == dataclasses.replace(program, name="program")
    assert disassemble(again) == text


@given(programs(extension=""))
def test_roundtrip_without_extension(program: Program) -> None:
    """A program without instructions of M assembles for a machine without it."""
    assert assemble(disassemble(program), f"{program.name}.pram", extension="") == program


@pytest.mark.parametrize("data", [(), (0,), (0,) * 40, (1,) + (0,) * 39, (0,) * 39 + (1,), tuple(range(40))])
def test_roundtrip_of_data(data: tuple[int, ...]) -> None:
    """Data come back at their very length, zeros at the end included."""
    program = Program((Instruction("halt"),), data=data)
    assert assemble(disassemble(program)).data == data


def test_disassemble_refuses_what_is_not_valid() -> None:
    """ValueError for a program that no machine takes."""
    with pytest.raises(ValueError, match="word: expected"):
        disassemble(Program((Instruction("halt"),), word=3))


ODD = ["\0", "é", "\ud800", "\u2028", "٣"]
PARTS = ["r0", "r7", "r8", "0x", "0b2", "-1", "65535", "99999999999", "a", "a:", "crew", *ODD]
LINES = ["halt\n", "mov r1, ", "[r1 + ", ".equ a 5\n", ".data 0: 1\n"]
PIECES = st.sampled_from([*MNEMONICS, *DIRECTIVES, *"[],:+-;#\n\t .", *PARTS, *LINES])


@settings(max_examples=500)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join), st.lists(PIECES, max_size=12).map(" ".join)))
@example("\x0c\x0b\x1c\x85halt")
def test_any_text(text: str) -> None:
    """Any text is a valid program or raises AssemblyError, at a place that exists."""
    try:
        program = assemble(text)
    except AssemblyError as error:
        assert error.line >= 1 and 1 <= error.column <= len(error.source) + 1 and str(error)
    else:
        machine.validate(program)
        assert assemble(disassemble(program)) == program


@settings(max_examples=300)
@given(programs().map(disassemble) | st.just(SAMPLE), st.data())
def test_mutated_programs(text: str, data: st.DataObject) -> None:
    """A program with pieces cut out, put in and moved is a valid one or raises AssemblyError."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        text = text[:start] + data.draw(PIECES | st.text(max_size=3)) + text[end:]
    options: dict[str, Any] = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "word": st.integers(),
                "processors": st.integers(-1, 40),
                "memory": st.integers(-1, 40),
                "policy": st.text() | st.just("crew"),
                "data": st.dictionaries(st.integers(-1, 40), st.integers(-40, 40)),
                "extension": st.sampled_from(["", "M"]),
            },
        )
    )
    try:
        program = assemble(text, **options)
    except AssemblyError as error:
        assert str(error)
    else:
        machine.validate(program, options.get("extension", "M"))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("[]", {}),
        (" {} \n", {}),
        ("[3, -1,0]", {0: 3, 1: -1, 2: 0}),
        ('{"4": 5, "0x10":\r\n -6, "0b11": -0}', {4: 5, 16: -6, 3: 0}),
        ('{"\\u0031": 2}', {1: 2}),
        ('["0xff", "-0b11", "18446744073709551615"]', {0: 255, 1: -3, 2: (1 << 64) - 1}),
        ('{"-2": "-1"}', {-2: -1}),
    ],
)
def test_data(text: str, data: dict[int, int]) -> None:
    """JSON lists from address 0 on, and objects from address to word."""
    assert parse_data(text) == data


DATA_ERRORS = [
    ("", 1, 1, "expected a list or an object, found the end of the text"),
    ("5", 1, 1, "expected a list or an object, found '5'"),
    ("null", 1, 1, "expected a list or an object, found 'null'"),
    ("[1,\n 2", 2, 3, "expected ',' or ']', found the end of the text"),
    ("[1 2]", 1, 4, "expected ',' or ']', found '2'"),
    ("[1,]", 1, 4, "expected another word after ',', found ']'"),
    ("[1}", 1, 3, "expected ',' or ']', found '}'"),
    ("[1] 2", 1, 5, "expected the end of the text, found '2'"),
    ("[1.5]", 1, 2, "expected an integer, found '1.5'"),
    ("[1e3]", 1, 2, "expected an integer, found '1e3'"),
    ("[1.0]", 1, 2, "expected an integer, found '1.0'"),
    ("[01]", 1, 2, "expected an integer, found '01'"),
    ("[0x10]", 1, 2, "expected an integer, found '0x10'"),
    ("[true]", 1, 2, "expected an integer, found 'true'"),
    ("[\r\nNaN]", 2, 1, "expected an integer, found 'NaN'"),
    ("[null]", 1, 2, "expected an integer, found 'null'"),
    ('["one"]', 1, 2, "expected an integer, found '\"one\"'"),
    ('["+1"]', 1, 2, "expected an integer, found '\"+1\"'"),
    ('["1_0"]', 1, 2, "expected an integer, found '\"1_0\"'"),
    ("[[1]]", 1, 2, "expected an integer, found a list"),
    ("[" * 100000, 1, 2, "expected an integer, found a list"),
    ('{"1":' * 100000, 1, 6, "expected an integer, found an object"),
    ("[" + "1" * 5000 + "]", 1, 2, "expected at most 1026 digits, found 5000"),
    ("[-]", 1, 2, "expected JSON, found '-'"),
    ("[1;]", 1, 3, "expected JSON, found ';'"),
    ("[1]\0", 1, 4, r"expected JSON, found '\x00'"),
    ("\ufeff[1]", 1, 1, r"expected JSON, found '\ufeff'"),
    ('["', 1, 2, "expected JSON, found '\"'"),
    ('{"1": 1,\n"1": 2}', 2, 1, "expected one word for address 1, found a second"),
    ('{"1": 1, "0x1": 1}', 1, 10, "expected one word for address 1, found a second"),
    ('{"- 1": 1}', 1, 2, 'expected an address in quotes, as "8" or "0x8", found'),
    ('{"x": 1}', 1, 2, "expected an address in quotes"),
    ('{" 1": 1}', 1, 2, "expected an address in quotes"),
    ('{"": 1}', 1, 2, "expected an address in quotes"),
    ('{"\\q": 1}', 1, 2, "expected an address in quotes"),
    ('{"' + "1" * 5000 + '": 1}', 1, 2, "expected an address in quotes"),
    ("{1: 1}", 1, 2, "expected an address in quotes"),
    ('{"1", 1}', 1, 5, "expected ':', found ','"),
    ('{"1": }', 1, 7, "expected an integer, found '}'"),
    ('{"1": 1,}', 1, 9, "expected another word after ',', found '}'"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), DATA_ERRORS, ids=range(len(DATA_ERRORS)))
def test_data_errors(text: str, line: int, column: int, message: str) -> None:
    """What is not a list or an object of integers is an AssemblyError at its place in the data file."""
    error = refused(lambda: parse_data(text, "d.json"))
    assert (error.file, error.line, error.column) == ("d.json", line, column), str(error)
    assert message in error.message


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[1,\n 70000]", (2, 2), "expected a word -32768..65535 at address 1, found 70000"),
        ('{"64": 1}', (1, 2), "expected an address in the memory 0..63, found 64"),
        ('{"-1": 1}', (1, 2), "expected an address in the memory 0..63, found -1"),
    ],
)
def test_data_that_does_not_fit(text: str, place: tuple[int, int], message: str) -> None:
    """Data that the machine has no room for are reported at their place in the data file, not in the program."""
    error = refused(lambda: assemble(".memory 64\nhalt", "f.pram", data=parse_data(text, "d.json")))
    assert (error.file, (error.line, error.column), error.message) == ("d.json", place, message)


JSON_PARTS = ["1", '"1"', '"0x1"', '"1":2', "true", "1e9", "\\", *ODD]
JSON_PIECES = st.sampled_from([*'[]{},:"-. \n0', *JSON_PARTS])


@settings(max_examples=500)
@given(st.text() | st.lists(JSON_PIECES, max_size=16).map("".join))
def test_any_data(text: str) -> None:
    """Any text is initial memory or raises AssemblyError."""
    try:
        data = parse_data(text)
    except AssemblyError as error:
        assert error.line >= 1 and 1 <= error.column <= len(error.source) + 1 and str(error)
    else:
        assert isinstance(data, Data) and all(type(key) is type(value) is int for key, value in data.items())


def test_a_negative_address_is_a_twos_complement() -> None:
    """As in a file; the address is then there once."""
    program = assemble(".word 5\n.memory 32\nhalt", data=parse_data('{"-1": "0x1F", "0": 2}'))
    assert program.data[31] == 31 and program.data[0] == 2
    error = refused(lambda: assemble(".word 5\n.memory 32\nhalt", data=parse_data('{"31": 1,\n"-1": 2}', "d.json")))
    assert (error.line, error.message) == (2, "expected one word for address 31, found another for -1")


@given(st.dictionaries(st.integers(0, 99), st.integers(-(2**15), 2**16 - 1)), st.booleans())
def test_data_of_an_object(cells: dict[int, int], hexadecimal: bool) -> None:
    """An object gives its words at its addresses, in two's complement, and the memory reaches as far as they do."""
    text = ",".join(f'"{hex(key) if hexadecimal else key}": {value}' for key, value in cells.items())
    program = assemble("halt", data=parse_data("{" + text + "}"))
    assert program.memory == max(64, *(key + 1 for key in cells), 0)
    memory = machine.initial(program).memory
    assert all(memory[key] == value % 2**16 for key, value in cells.items())
    assert sum(map(bool, memory)) == sum(map(bool, cells.values()))


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
    path.write_bytes("halt".encode("utf-16"))
    assert str(refused(lambda: read(str(path)))) == f"{path}: expected UTF-8 text, found UTF-16"
    path.write_bytes(b"\x7fELF\x02\xff")
    assert str(refused(lambda: read(str(path)))) == f"{path}: expected text, found a binary file (the byte 0x02 at offset 4)"
    path.write_bytes(b"halt\0")
    assert str(refused(lambda: read(str(path)))) == f"{path}: expected text, found a binary file (the byte 0x00 at offset 4)"
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "absent"))
    with pytest.raises(IsADirectoryError):
        read(str(tmp_path))
    with pytest.raises(OSError, match="expected a file name") as caught:
        read("a\0b")
    assert caught.value.errno == errno.EINVAL


def test_limits_are_the_machine_s() -> None:
    """The assembler and the machine refuse the same sizes."""
    wide = Program((Instruction("halt"),), word=40, memory=MAX_MEMORY + 1)
    with pytest.raises(ValueError, match="memory: expected"):
        machine.validate(wide)
    assert "not supported" in refused(lambda: assemble("halt", word=40, memory=MAX_MEMORY + 1)).message


@pytest.mark.parametrize("name", PROGRAMS)
def test_library_roundtrip(name: str) -> None:
    """Every program of the library survives disassembling and assembling."""
    program = assemble(load(name))
    assert assemble(disassemble(program)) == program
