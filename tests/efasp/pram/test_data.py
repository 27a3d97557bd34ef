"""Initial memory as JSON: what it means, the place and text of each error, and that no other exception is raised."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import (
    AssemblyError,
    Data,
    assemble,
    parse_data,
)
from tests.efasp.pram.texts import ODD, refused


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


@settings(max_examples=200)
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
