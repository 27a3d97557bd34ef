"""The reader of `--data` files: initial memory as JSON, of which every word keeps its place, for the errors about it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

from efasp.pram.assembler.source import (
    MAX_DIGITS,
    AssemblyError,
    Source,
    Token,
    read_text,
    show,
    signed,
    split_lines,
)

_JSON = re.compile(
    r"""(?P<mark>[\[\]{},:])|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<number>-?[0-9][0-9A-Za-z.+-]*)"""
    r"|(?P<word>[A-Za-z]+)|(?P<blank>[ \t\r\n]+)"
)


class Data(dict[int, int]):
    """Initial memory as ``parse_data`` reads it, from address to word; knows the place of each word in its file."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._places = source, dict[int, Token]()

    def put(self, address: int, value: int, place: Token) -> None:
        """Record the word ``value`` at ``address``, found at ``place``."""
        if address in self:
            raise self._source.error(place, f"expected one word for address {address}, found a second")
        self[address], self._places[address] = value, place

    def error(self, address: int, message: str) -> AssemblyError:
        """The error ``message`` about the word at ``address``."""
        return self._source.error(self._places[address], message)


def parse_data(text: str, file: str = "<data>") -> Data:
    """The initial memory that the JSON ``text`` says, from address to word (for ``assemble``'s ``data``).

    The text is a list of integers, from address 0 on, or an object from addresses to integers. Integers may be, and addresses
    are, strings by the grammar of assembly (decimal, 0x, 0b); a negative one is a two's complement. Whether addresses and words
    fit a machine, ``assemble`` checks.
    Raises AssemblyError. Source: docs/assembly.md, "Data files".
    """
    source = Source(file, split_lines(text))
    tokens, data = _json_tokens(source, text), Data(source)
    opening = next(tokens)
    closing = {"[": "]", "{": "}"}.get(opening.text)
    if closing is None:
        raise source.error(opening, f"expected a list or an object, found {_json_name(opening)}")
    token = next(tokens)
    while token.text != closing:
        if closing == "}":
            address = _json_address(source, token)
            if (colon := next(tokens)).text != ":":
                raise source.error(colon, f"expected ':', found {_json_name(colon)}")
            data.put(address, _json_integer(source, next(tokens)), token)
        else:
            data.put(len(data), _json_integer(source, token), token)
        token = next(tokens)
        if token.text != closing:
            if token.text != ",":
                raise source.error(token, f"expected ',' or {closing!r}, found {_json_name(token)}")
            token = next(tokens)
            if token.text == closing:
                raise source.error(token, f"expected another word after ',', found {closing!r}")
    if (rest := next(tokens)).kind != "end":
        raise source.error(rest, f"expected the end of the text, found {_json_name(rest)}")
    return data


def parse_data_file(path: str | os.PathLike[str]) -> Data:
    """``parse_data`` of the UTF-8 file ``path``. Raises AssemblyError, and OSError where the file cannot be read."""
    return parse_data(read_text(path), os.fspath(path))


def _json_tokens(source: Source, text: str) -> Iterator[Token]:
    """The tokens of a JSON text, with their places, then one of kind ``end``, again and again."""
    line, start, position = 1, 0, 0
    while position < len(text):
        match = _JSON.match(text, position)
        if match is None:
            place = Token("mark", text[position], line, position - start + 1)
            raise source.error(place, f"expected JSON, found {show(text[position])}")
        if match.lastgroup != "blank":
            yield Token(str(match.lastgroup), match.group(), line, position - start + 1)
        elif (ends := len(split_lines(match.group()))) > 1:
            line, start = line + ends - 1, match.end() - len(split_lines(match.group())[-1])
        position = match.end()
    while True:
        yield Token("end", "", line, position - start + 1)


def _json_name(token: Token) -> str:
    """The token as an error message names it."""
    return {"[": "a list", "{": "an object"}.get(token.text) or str(token).replace("the line", "the text")


def _json_integer(source: Source, token: Token) -> int:
    """The integer that ``token`` is, by itself or in quotes."""
    if token.kind == "string":
        if (quoted := _quoted(token)) is None:
            raise source.error(token, f"expected an integer, found {_json_name(token)}")
        return quoted
    if token.kind != "number" or not re.fullmatch("-?(0|[1-9][0-9]*)", token.text):
        raise source.error(token, f"expected an integer, found {_json_name(token)}")
    if len(token.text) > MAX_DIGITS:
        raise source.error(token, f"expected at most {MAX_DIGITS} digits, found {len(token.text)}")
    return int(token.text)


def _json_address(source: Source, token: Token) -> int:
    """The address that ``token``, a key of an object, is."""
    if (quoted := _quoted(token)) is None:
        message = f'expected an address in quotes, as "8" or "0x8", found {_json_name(token)}'
        raise source.error(token, message)
    return quoted


def _quoted(token: Token) -> int | None:
    """The number that a string is, by the grammar of assembly; None for anything else."""
    try:
        return signed(json.loads(token.text)) if token.kind == "string" else None
    except ValueError:  # an escape that JSON does not have
        return None
