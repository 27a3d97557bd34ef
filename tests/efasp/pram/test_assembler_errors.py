"""The assembler's errors: place and text of each, and that no other exception is raised, whatever the text."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import (
    DIRECTIVES,
    MNEMONICS,
    AssemblyError,
    assemble,
    disassemble,
)
from tests.efasp.pram.strategies import programs
from tests.efasp.pram.texts import ODD, SAMPLE, refused

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


PARTS = ["r0", "r7", "r8", "0x", "0b2", "-1", "65535", "99999999999", "a", "a:", "crew", *ODD]


LINES = ["halt\n", "mov r1, ", "[r1 + ", ".equ a 5\n", ".data 0: 1\n"]


PIECES = st.sampled_from([*MNEMONICS, *DIRECTIVES, *"[],:+-;#\n\t .", *PARTS, *LINES])


@settings(max_examples=200)
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


@settings(max_examples=150)
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
