"""The tokens of one line of assembly: names, directives, numbers and marks, without blanks and comments."""

from __future__ import annotations

import re

from efasp.pram.assembler.source import Source, Token

_TOKEN = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<directive>\.[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][A-Za-z0-9_]*)"
    r"|(?P<mark>[\[\],:+-])|(?P<blank>[ \t\f\v]+|[;#][^\0]*)",
)


def tokens(source: Source, number: int) -> list[Token]:
    """The tokens of line ``number`` (from 1), then one of kind ``end``. Raises AssemblyError for a character of none."""
    listed: list[Token] = []
    text, position, end = source.lines[number - 1], 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            place = Token("mark", text[position], number, position + 1)
            raise source.error(place, f"unexpected character {text[position]!r}")
        if match.lastgroup != "blank":
            listed.append(Token(str(match.lastgroup), match.group(), number, position + 1))
            end = match.end()
        position = match.end()
    return [*listed, Token("end", "", number, end + 1)]
