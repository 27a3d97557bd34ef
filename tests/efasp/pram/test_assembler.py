"""The assembler: grammar, errors with file, line, column and a caret, the round trip, and hostile input."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.pram.assembler import AssemblyError, assemble, assemble_file, disassemble, parse_data
from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import PROGRAMS, load
from efasp.pram.machine import Program, validate
from tests.efasp.pram.strategies import programs

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))

EVERYTHING = """
; a comment
.word 8            # another
.processors 3
.memory 20
.policy CREW
.equ BASE 8
.equ NEXT BASE
.data BASE: 3 -1 0x10 0b101
.data 0: 7
start:  MOV R0, -2
        add r1, r0, r2
        sub r1, r1, BASE
        shl r1, r1
        shr r1, r1, r2
        mul r1, r1, 3
        ld  r2, [r1 + BASE]
        ld  r2, [r1 - 1]
        ld  r2, [r1]
        st  r2, [NEXT]
alone:
        jz  r1, alone
        jnz r1, end
        jmp start
end:    halt
"""


def test_everything() -> None:
    """Directives, constants, labels before and after their use, numbers in every base, every operand form."""
    program = assemble(EVERYTHING)
    assert (program.word, program.processors, program.memory, program.policy) == (8, 3, 20, "crew")
    assert program.data == (7, *[0] * 7, 3, 255, 16, 5)
    assert program.instructions == (
        Instruction("mov", 0, None, 254),
        Instruction("add", 1, 0, Reg(2)),
        Instruction("sub", 1, 1, 8),
        Instruction("shl", 1, 1),
        Instruction("shrx", 1, 1, Reg(2)),
        Instruction("mul", 1, 1, 3),
        Instruction("ld", 2, 1, 8),
        Instruction("ld", 2, 1, 255),
        Instruction("ld", 2, 1, 0),
        Instruction("st", 2, None, 8),
        Instruction("jz", None, 1, 10),
        Instruction("jnz", None, 1, 13),
        Instruction("jmp", None, None, 0),
        Instruction("halt"),
    )


@settings(RELAXED, max_examples=200)
@given(programs())
def test_round_trip(program: Program) -> None:
    """assemble . disassemble is the identity (up to the name, which is the file's, and trailing zeros of the data)."""
    again = assemble(disassemble(program))
    width = max(len(program.data), len(again.data))
    pad = [p.data + (0,) * (width - len(p.data)) for p in (program, again)]
    assert pad[0] == pad[1] and replace(again, name="", data=()) == replace(program, name="", data=())


@pytest.mark.parametrize("name", PROGRAMS)
def test_library_round_trip(name: str) -> None:
    """Every program of the library, too."""
    program = assemble(load(name))
    assert replace(assemble(disassemble(program)), name="") == replace(program, name="")


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("hlat", 1, 1, "halt"),
        ("  frob r1", 1, 3, "frob"),
        ("mov r8, 1", 1, 5, "r8"),
        ("mov r1", 1, 1, "operands"),
        ("halt r1", 1, 1, "operands"),
        ("add r1, r2, r3, r4", 1, 1, "operands"),
        ("mov r1, 65536", 1, 9, "65536"),
        ("mov r1, -32769", 1, 9, "32769"),
        ("mov r1, nowhere", 1, 9, "nowhere"),
        ("ld r1, [r2", 1, 11, "]"),
        ("ld r1, r2", 1, 8, "["),
        ("ld r1, [r2 * 3]", 1, 12, ""),
        ("jmp r1", 1, 5, ""),
        ("a: halt\na: halt", 2, 1, "a"),
        ("r1: halt", 1, 1, "r1"),
        (".equ a 1\na: halt", 2, 1, "a"),
        (".word 4\nhalt", 1, 7, "4"),
        (".word 8\n.word 8\nhalt", 2, 1, "word"),
        (".colour 8\nhalt", 1, 1, ".colour"),
        (".policy free\nhalt", 1, 9, "free"),
        (".memory 2\n.data 1: 1 2\nhalt", 2, 12, "memory"),
        (".data 0: 1\n.data 0: 2\nhalt", 2, 10, ""),
        (".word 5\n.processors 33\nhalt", 2, 13, "33"),
        (".word 5\nmov r1, 32", 2, 9, "32"),
        ("halt halt", 1, 1, "operands"),
        ("mov r1, 0x", 1, 9, "0x"),
    ],
)
def test_errors(text: str, line: int, column: int, expected: str) -> None:
    """File, line and column, what was expected and found, the line, and a caret under the column."""
    with pytest.raises(AssemblyError) as caught:
        assemble(text, "x.pram")
    first, shown, caret = str(caught.value).split("\n")
    assert first.startswith(f"x.pram:{line}:{column}: ") and expected in first
    assert shown == text.split("\n")[line - 1] and caret == " " * (column - 1) + "^"


def test_extension_is_named() -> None:
    """An M instruction for a machine without it is an error that says so; the one-bit shift is not one."""
    for text in ("mul r1, r1, 2", "shl r1, r1, 2", "shr r1, r1, r2"):
        with pytest.raises(AssemblyError, match="extension M"):
            assemble(text, extension="")
    assert assemble("shl r1, r1\nhalt", extension="").instructions[0] == Instruction("shl", 1, 1)


def test_length_must_fit_a_word() -> None:
    """L - 1 must fit: 33 instructions are too many for five bits, 32 are not."""
    assert len(assemble(".word 5\n" + "halt\n" * 32).instructions) == 32
    with pytest.raises(AssemblyError, match="instruction"):
        assemble(".word 5\n" + "halt\n" * 33)


def test_options_win() -> None:
    """Options override directives, for the check of the numbers too."""
    program = assemble(".word 5\n.processors 9\nmov r0, 100\nhalt", word=8, processors=2, memory=3, policy="erew", data={2: -1})
    assert (program.word, program.processors, program.memory, program.policy) == (8, 2, 3, "erew")
    assert program.data == (0, 0, 255)
    with pytest.raises(AssemblyError, match="--data"):
        assemble("halt", memory=3, data={3: 1})


def test_files(tmp_path: Path) -> None:
    """Bytes that are no text, an empty file, a folder and a missing file."""
    path = tmp_path / "f.pram"
    for content in (b"\xff\xfe", b"halt\x00", b"", b"; nothing\n"):
        path.write_bytes(content)
        with pytest.raises(AssemblyError, match=r"f\.pram"):
            assemble_file(path)
    for missing in (tmp_path, tmp_path / "no.pram"):
        with pytest.raises(OSError, match=missing.name):
            assemble_file(missing)


def test_data_texts() -> None:
    """A list from address 0, or an object from address to word."""
    assert dict(parse_data("[1, -2, 3]")) == {0: 1, 1: -2, 2: 3}
    assert dict(parse_data('{"3": 1, "0x10": 2}')) == {3: 1, 16: 2}


@pytest.mark.parametrize(
    "text",
    ["", "[1", "[1.5]", "[true]", "[null]", "[[1]]", '{"a": 1}', '{"1": 1, "1": 2}', '{"1": 1, "0x1": 2}', "3", '"x"', "[1] 2",
     "[" * 100_000, "[" + "9" * 10_000 + "]", '{"' + "9" * 10_000 + '": 1}', "[NaN]", "{1: 2}", "[1,]"],
)  # fmt: skip
def test_bad_data(text: str) -> None:
    """Every other JSON text, and what is none, is refused as an error of the same class."""
    with pytest.raises(AssemblyError):
        assemble("halt", word=8, data=parse_data(text, "d.json"))


def outcome(text: str) -> None:
    """Assembling gives a valid program or an AssemblyError, never anything else."""
    try:
        program = assemble(text)
    except AssemblyError as error:
        assert str(error)
    else:
        validate(program)


@settings(RELAXED, max_examples=300)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Random text."""
    outcome(text)


@settings(RELAXED, max_examples=300)
@given(st.data())
def test_mutated_programs(data: st.DataObject) -> None:
    """Library programs with a few characters replaced, dropped or doubled."""
    text = load(data.draw(st.sampled_from(sorted(PROGRAMS))))
    alphabet = string.ascii_letters + string.digits + " \t\n.,:;#[]+-_x"
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.text(alphabet, max_size=3)) + text[at + data.draw(st.integers(0, 2)) :]
    outcome(text)


@settings(RELAXED, max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_json(value: object) -> None:
    """Random JSON as initial memory."""
    try:
        assemble("halt", data=parse_data(json.dumps(value)))
    except AssemblyError as error:
        assert str(error)
