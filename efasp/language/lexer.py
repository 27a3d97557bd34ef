"""The tokens of an ``.efasp`` text: names, numbers, strings, marks and ends of lines, without blanks and comments."""

from __future__ import annotations

import json
import re
from functools import partial

from efasp.pram.assembler.source import NUMBER, AssemblyError, Source, Token, integer, show, split_lines

MAX_DIGITS = 4096  # of a number
_TOKEN = re.compile(  # blanks before a token are part of the match: most tokens have some, or none
    r"[ \t\f\v]*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][A-Za-z0-9_]*)|(?P<string>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<quoted>`[^`]+`)"
    r"|(?P<mark>\.\.|==|!=|<=|>=|//|[()\[\]{},:.=+*/%<>^-])|(?P<blank>[ \t\f\v]+|#.*))",
)
_NUMBER = r"[0-9]{1,99}(?:/[1-9][0-9]{0,98})?"
_COLUMN = rf"(?:{_NUMBER}\*)?\[[0-9]{{1,99}}(?::[0-9]{{1,99}})?\]"
_ROW = re.compile(rf"[ \t\f\v]*(?P<row>-?{_COLUMN}(?: [+-] {_COLUMN})*(?: [+-] {_NUMBER})?)(?=[,)])")
_OPEN, _CLOSED = "([", ")]"
_BRACKETS = _OPEN + _CLOSED


class LanguageError(AssemblyError):
    """Raised for a text that is no E-FASP program; its fields and its form are those of ``AssemblyError``."""


class Text(Source):
    """A text with the name of its file; makes its errors."""

    def error(self, place: Token, message: str) -> LanguageError:
        """The error ``message`` at ``place``."""
        return LanguageError(self.file, place.line, place.column, message, self.lines[place.line - 1])


def source(text: str, file: str) -> Text:
    """The lines of a text."""
    return Text(file, split_lines(text))


def no_token(rest: str) -> str:
    """The message that the rest of a line begins with no token."""
    if rest[0] == '"':
        return f"expected a string that ends on its line, found {show(rest)}"
    what = "a name of ASCII letters, digits and _, or the letter within a string" if rest[0].isalnum() else "a token"
    return f"expected {what}, found {show(rest[0])}"


def tokens(text: Text) -> list[Token]:
    """Every token, and after each line that has some one of kind ``newline``, unless a bracket is open; then ``end``.

    The kind of a name in backquotes is ``quoted``. In ``rows(x, ...)`` a row of decimal numbers behind a comma is one token, of
    kind ``row``: plans have many. Raises LanguageError for a character that begins no token, and for a malformed number or
    string.
    """
    listed: list[Token] = []
    made = partial(tuple.__new__, Token)  # a plan's text has more than a million tokens
    depth = 0
    rows: list[int] = []  # how deep in brackets the items of every ``rows(`` are that is open
    for number, line in enumerate(text.lines, 1):
        position = 0
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                break
            kind, position = str(match.lastgroup), match.end()
            if kind == "blank":
                continue
            part = match[kind]
            listed.append(made((kind, part.strip("`") if kind == "quoted" else part, number, position - len(part) + 1)))
            if kind == "mark":
                if part in _OPEN:
                    depth += 1
                    rows += [depth] if part == "(" and _begins_rows(listed) else []
                elif part in _CLOSED:
                    depth = max(0, depth - 1)
                    rows = [at for at in rows if at <= depth]
                elif part == "," and rows and rows[-1] == depth and (row := _ROW.match(line, position)):
                    position = row.end()
                    listed.append(made(("row", row["row"], number, row.start("row") + 1)))
            elif kind == "string" or (kind == "number" and not (part.isdigit() and len(part) <= MAX_DIGITS)):
                _check(text, listed[-1])
        if position < len(line):
            raise text.error(Token("mark", line[position], number, position + 1), no_token(line[position:]))
        if listed and listed[-1].kind != "newline" and not depth:
            listed.append(Token("newline", "", number, len(line) + 1))
    last = len(text.lines)
    return [*listed, Token("end", "", last, len(text.lines[-1]) + 1)]


def _begins_rows(listed: list[Token]) -> bool:
    """Whether the bracket that comes last is that of ``rows(``, and not of a member ``.rows(``."""
    before, name = (listed[place] if -place <= len(listed) else None for place in (-3, -2))
    return name is not None and name[:2] == ("name", "rows") and (before is None or before.text != ".")


def _check(text: Text, token: Token) -> None:
    if token.kind == "number" and not (len(token.text) <= MAX_DIGITS and NUMBER.fullmatch(token.text)):
        raise text.error(token, f"expected a number, as 20 or 0x14, found {show(token.text)}")
    if token.kind == "string":
        try:
            json.loads(token.text)
        except ValueError:
            raise text.error(token, f"expected a string as JSON writes it, found {show(token.text)}") from None


def found(token: Token) -> str:
    """A token as an error message names it."""
    return {"newline": "the end of the line", "end": "the end of the text"}.get(token.kind) or show(token.text)


def string(token: Token) -> str:
    """The value of a token that is a string."""
    return str(json.loads(token.text))


__all__ = ["LanguageError", "Text", "found", "integer", "source", "string", "tokens"]
