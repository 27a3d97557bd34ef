"""A place among the tokens of a text: the part of a recursive descent that does not depend on the grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from efasp.language.lexer import Text, found
from efasp.pram.assembler.source import Token

WORDS = ("mark", "name")  # kinds of tokens that a grammar names


class Cursor:
    """The tokens of a text and a place among them; ``depth``: how much is open within each other there."""

    def __init__(self, text: Text, tokens: Sequence[Token]) -> None:
        self.text, self.tokens, self.at, self.depth = text, tokens, 0, 0

    @property
    def next(self) -> Token:
        """The token at the current place, which stays there."""
        return self.tokens[self.at]

    def fail(self, expected: str, place: Token | None = None) -> NoReturn:
        """Raise the error that something else was expected at the current place."""
        token = place or self.next
        raise self.text.error(token, f"expected {expected}, found {found(token)}")

    def take(self) -> Token:
        """The token at the current place, which moves on."""
        self.at += 1
        return self.tokens[self.at - 1]

    def sees(self, *texts: str) -> bool:
        """Whether a mark or a word of the grammar comes next."""
        token = self.tokens[self.at]
        return token.text in texts and token.kind in WORDS

    def accept(self, *texts: str) -> Token | None:
        """Take one of the marks or words, if it comes next."""
        token = self.tokens[self.at]
        if token.text not in texts or token.kind not in WORDS:
            return None
        self.at += 1
        return token

    def expect(self, *texts: str) -> Token:
        """Take one of the marks or words. Raises LanguageError."""
        if not self.sees(*texts):
            self.fail(" or ".join(map(repr, texts)))
        return self.take()

    def deeper(self, what: str, most: int) -> None:
        """Note that one more of something nested is open. Raises LanguageError for more than ``most``."""
        self.depth += 1
        if self.depth > most:
            self.fail(f"{what} within each other at most {most} deep")
