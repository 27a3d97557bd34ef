"""Family encoding, layouts whose positions are places: tokens and positions taken as what they stand for.

A token is a kind and a payload (lemma encoding.tokens), a position is its place (lemma encoding.places), so the layouts' own
methods run on any content. A token that is only read is chosen when it is looked at (``Later``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from efasp.encoding import CellLayout, EncodingError, Layout, LogLayout, TokenSequence, cell_places, log_places, vocabulary
from efasp.pram.isa import REGISTERS
from efasp.proofs.lemmas.encoding_places import NARROW
from efasp.proofs.symbolic.machine import Elsewhere, Number, Plain, Width


@dataclass(frozen=True)
class Token:
    """A token as what it stands for."""

    kind: str
    payload: Any


class Pairs:
    """The vocabulary of a width that is a symbol, with tokens as what they stand for."""

    def __init__(self, extension: str) -> None:
        self.kinds = vocabulary(NARROW, extension).kinds

    def token(self, kind: str, value: Any = 0) -> Token:
        """Kind and payload."""
        return Token(kind, value)

    def split(self, token: Token | Later) -> tuple[str, Any]:
        """Kind and payload; raises Unread for a token that is not chosen yet."""
        known = token.given.chosen(token.row) if isinstance(token, Later) else token
        return known.kind, known.payload


class Tokens:
    """A sequence: to each place its token."""

    def __init__(self, token: Callable[[Any], Any]) -> None:
        self.token = token

    def __getitem__(self, row: Any) -> Any:
        return self.token(row)

    def tolist(self) -> Tokens:
        """Itself."""
        return self


class _Placed(Layout):
    """A layout of any shape, with positions as places."""

    def __init__(self, word: Any, extension: str, processors: Any, memory: Any, length: Any) -> None:
        self.word, self.extension, self.vocabulary = word, extension, Pairs(extension)  # type: ignore[assignment]
        self.processors, self.memory, self.length = processors, memory, length
        self.codebook = self._codebook()

    @classmethod
    def any(cls, extension: str) -> Any:
        """The layout of any width and shape."""
        return cls(Width(), extension, *map(Number, "PML"))

    def position(self, row: Any) -> Any:
        """The place itself."""
        return row

    def place(self, at: Any) -> Any:
        """The position itself. Raises Elsewhere for one that is not known by its place."""
        if isinstance(at, tuple):
            return at
        raise Elsewhere(f"position {at}")

    def arrays(self, tokens: Any, rows: Any) -> Any:
        """The tables themselves."""
        return TokenSequence(tokens, rows)

    def instruction(self, tokens: Sequence[Any], where: str = "") -> Any:
        """Its four fields: those of symbols are no instruction."""
        return self.fields(tokens, where)


class PlacedLog(_Placed, LogLayout):
    """A log; in a block a processor's token is found by its place at time 0."""

    def _codebook(self) -> Any:
        return log_places(NARROW)

    def in_block(self, kind: str, pid: Any) -> Any:
        """The place itself."""
        return self.row(kind, index=pid)


class PlacedProgram(PlacedLog):
    """A program; its header is read by itself."""

    def read_header(self, tokens: Any) -> None:
        """Nothing."""


class PlacedCells(_Placed, CellLayout):
    """Cells; a cell is the place of its first slot."""

    registers: Any = Plain(REGISTERS)

    def _codebook(self) -> Any:
        return cell_places(NARROW)

    def cell(self, row: Any) -> Any:
        """The place of its first slot."""
        return (*row[:-1], 0)

    def slot_of(self, cell: Any, slot: int) -> Any:
        """The place of a slot."""
        return (*cell[:-1], slot)


def read(run: Callable[[], Any]) -> Any:
    """What is read, None where it is refused, or ``WRONG`` where it cannot be read, of another place or element say."""
    try:
        return run()
    except EncodingError:
        return None
    except (LookupError, ValueError, TypeError):
        return WRONG


def attempt(run: Callable[[], Any]) -> Any:
    """What a function gives, or None where it gives nothing."""
    found = read(run)
    return None if found is WRONG else found


WRONG = object()  # equal to nothing that is written


class Unread(Exception):
    """A token is asked for that is not chosen yet."""

    def __init__(self, row: Any) -> None:
        super().__init__(row)
        self.row, self.key = row, tuple(value for value in row if isinstance(value, int))


@dataclass(frozen=True)
class Later:
    """The token of a place, which is chosen when it is looked at."""

    given: Given
    row: Any


@dataclass(frozen=True)
class Given:
    """Tokens that were chosen: for each place that was asked for, the row and the token."""

    tokens: dict[Any, tuple[Any, Token]]

    def chosen(self, row: Any) -> Token:
        """The token of a place; raises Unread."""
        unread = Unread(row)
        if unread.key not in self.tokens:
            raise unread
        return self.tokens[unread.key][1]

    def more(self, unread: Unread, token: Token) -> Given:
        """One more token."""
        return Given({**self.tokens, unread.key: (unread.row, token)})
