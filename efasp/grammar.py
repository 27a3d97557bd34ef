"""Context-free grammars in Chomsky normal form, as text: a rule a line, ``S -> A B | a``.

A nonterminal is a word that stands to the left of some ``->``; the first is the start symbol. Any other symbol is a terminal,
one character, plain or in quotes; a capital letter, a quote, ``|`` and ``#`` need them (``'A'``). ``S ->`` with nothing after
it gives the start symbol the empty word. A comment is ``#`` and what follows, where a symbol could begin.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from efasp.pram.assembler.source import Source, Token, read_text, show, split_lines

_TOKEN = re.compile(r"(?P<blank>\s+|#.*)|(?P<quoted>'[^']*'?|\"[^\"]*\"?)|(?P<mark>->|\|)|(?P<name>(?:(?!->)[^\s|'\"])+)")


class Binary(NamedTuple):
    """A rule ``left -> first second`` on nonterminals."""

    left: str
    first: str
    second: str


class Terminal(NamedTuple):
    """A rule ``left -> letter``, one character."""

    left: str
    letter: str


class Grammar(NamedTuple):
    """A grammar in Chomsky normal form: ``nonterminals`` in the order of their first rules, the start symbol first.

    ``empty``: whether the start symbol has the empty word, and then it stands on no right side.
    """

    nonterminals: tuple[str, ...]
    binary: tuple[Binary, ...]
    terminal: tuple[Terminal, ...]
    empty: bool

    @property
    def start(self) -> str:
        """The start symbol."""
        return self.nonterminals[0]

    @property
    def letters(self) -> tuple[str, ...]:
        """The terminals, in the order in which rules name them."""
        return tuple(dict.fromkeys(rule.letter for rule in self.terminal))


def read_grammar(path: str | os.PathLike[str]) -> Grammar:
    """The grammar of a file, or of standard input for ``-``. Raises AssemblyError, OSError."""
    return parse_grammar(read_text(path), os.fspath(path))


def parse_grammar(text: str, file: str = "<grammar>") -> Grammar:
    """The grammar that a text says. Raises AssemblyError (FILE:LINE:COLUMN) for one that is not in Chomsky normal form."""
    source = Source(file, split_lines(text))
    lines = [tokens for number, line in enumerate(source.lines, 1) if len(tokens := _tokens(source, number, line)) > 1]
    if not lines:
        raise source.error(Token("end", "", len(source.lines), 1), "expected a rule, as S -> A B | a, found none")
    for tokens in lines:
        _check_left(source, tokens)
    names = tuple(dict.fromkeys(tokens[0].text for tokens in lines))
    binary, terminal, empty = dict[Binary, Token](), dict[Terminal, Token](), list[Token]()
    for left, _, *rest in lines:
        for right in _alternatives(source, rest):
            if len(right) == 1:  # the end of the line alone
                if left.text != names[0]:
                    raise source.error(right[0], f"{_rule(left, right)}: expected the empty word of the start symbol alone")
                empty.append(left)
            elif len(right) == 2:
                terminal[Terminal(left.text, _letter(source, left, right, names))] = left
            else:
                binary[_pair(source, left, right, names)] = right[0]
    for rule, place in binary.items():
        if empty and names[0] in rule[1:]:
            what = f"expected {names[0]}, which has the empty word, on no right side"
            raise source.error(place, f"rule {rule.left} -> {rule.first} {rule.second}: {what} (in Chomsky normal form)")
    return Grammar(names, tuple(binary), tuple(terminal), bool(empty))


def _tokens(source: Source, number: int, line: str) -> list[Token]:
    """The tokens of a line, less blanks and comments, and its end."""
    found, at = [], 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        assert match is not None and match.lastgroup is not None  # a character is blank, a quote, a mark, or of a name
        token = Token(match.lastgroup, match[0], number, at + 1)
        if token.kind == "quoted" and not (len(match[0]) == 3 and match[0][0] == match[0][-1]):
            raise source.error(token, f"expected one character in quotes, found {show(match[0])}")
        if token.kind != "blank":
            found.append(token)
        at = match.end()
    return [*found, Token("end", "", number, len(line) + 1)]


def _check_left(source: Source, tokens: Sequence[Token]) -> None:
    """Raises AssemblyError where a line does not begin with a nonterminal and an arrow."""
    if tokens[0].kind != "name":
        raise source.error(tokens[0], f"expected a nonterminal, found {tokens[0]}")
    if tokens[1].text != "->" or tokens[1].kind != "mark":
        raise source.error(tokens[1], f"expected '->' after {show(tokens[0].text)}, found {tokens[1]}")


def _alternatives(source: Source, tokens: Sequence[Token]) -> list[list[Token]]:
    """The right sides, each with the token behind it. Raises AssemblyError for an empty one beside others, or an arrow."""
    found: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "mark" and token.text == "->":
            raise source.error(token, "expected one rule a line, found a second '->'")
        found[-1].append(token)
        if token.kind == "mark":
            found.append([])
    for right in found:
        if len(right) == 1 and len(found) > 1:
            raise source.error(right[0], f"expected a symbol, found {right[0]} (the empty word has a line of its own, 'S ->')")
    return found


def _rule(left: Token, right: Sequence[Token]) -> str:
    """A rule as a message names it."""
    return f"rule {' '.join([left.text, '->', *(token.text for token in right[:-1])])}"


def _terminal(token: Token, names: Sequence[str]) -> bool:
    return token.kind == "quoted" or token.text not in names


def _letter(source: Source, left: Token, right: Sequence[Token], names: Sequence[str]) -> str:
    """The terminal of a right side of one symbol. Raises AssemblyError."""
    token = right[0]
    if not _terminal(token, names):
        what = f"expected a terminal or two nonterminals, found the nonterminal {show(token.text)} alone"
        raise source.error(token, f"{_rule(left, right)}: {what} (not in Chomsky normal form)")
    letter = token.text[1] if token.kind == "quoted" else token.text
    if len(letter) != 1 or (token.kind == "name" and letter.isupper()):
        what = f"expected one character, capital letters in quotes, found {token}, which has no rule"
        raise source.error(token, f"{_rule(left, right)}: {what}")
    return letter


def _pair(source: Source, left: Token, right: Sequence[Token], names: Sequence[str]) -> Binary:
    """The rule of a right side of several symbols. Raises AssemblyError unless they are two nonterminals."""
    for token in right[:-1]:
        if _terminal(token, names):
            what = f"expected two nonterminals, found {token}, which has no rule"
            raise source.error(token, f"{_rule(left, right)}: {what} (not in Chomsky normal form)")
    if len(right) > 3:
        what = f"expected two nonterminals, found {len(right) - 1}"
        raise source.error(right[2], f"{_rule(left, right)}: {what} (not in Chomsky normal form)")
    return Binary(left.text, right[0].text, right[1].text)
