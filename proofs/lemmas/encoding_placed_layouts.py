"""Family encoding, layouts on abstract tokens and positions.

A token is a kind and a payload (lemma encoding.tokens), and a position is its place (lemma encoding.places), so the methods of
the layouts run on symbolic contents. The reader chooses a token at its first access (``Later``).
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
    """An abstract token: a kind and a payload."""

    kind: str
    payload: Any


class Pairs:
    """The vocabulary of a symbolic width, over abstract tokens."""

    def __init__(self, extension: str) -> None:
        self.kinds = vocabulary(NARROW, extension).kinds

    def token(self, kind: str, value: Any = 0) -> Token:
        """The token of this kind and payload."""
        return Token(kind, value)

    def split(self, token: Token | Later) -> tuple[str, Any]:
        """Kind and payload of a token. Raises Unread for a token that is not chosen yet."""
        chosen = token.given.chosen(token.row) if isinstance(token, Later) else token
        return chosen.kind, chosen.payload


class Tokens:
    """A sequence, as a function from places to tokens."""

    def __init__(self, token: Callable[[Any], Any]) -> None:
        self.token = token

    def __getitem__(self, row: Any) -> Any:
        return self.token(row)

    def tolist(self) -> Tokens:
        """These tokens: what the layouts call on an array."""
        return self


class _Placed(Layout):
    """A layout of symbolic width and shape, whose positions are places."""

    def __init__(self, word: Any, extension: str, processors: Any, memory: Any, length: Any) -> None:
        self.word, self.extension, self.vocabulary = word, extension, Pairs(extension)  # type: ignore[assignment]
        self.processors, self.memory, self.length = processors, memory, length
        self.codebook = self._codebook()

    @classmethod
    def any(cls, extension: str) -> Any:
        """The layout of a symbolic width and shape."""
        return cls(Width(), extension, *map(Number, "PML"))

    def position(self, row: Any) -> Any:
        """The place itself."""
        return row

    def place(self, at: Any) -> Any:
        """The position itself. Raises Elsewhere for a position that is not given as a place."""
        if isinstance(at, tuple):
            return at
        raise Elsewhere(f"position {at}")

    def arrays(self, tokens: Any, rows: Any) -> Any:
        """The tables themselves."""
        return TokenSequence(tokens, rows)

    def instruction(self, tokens: Sequence[Any], where: str = "") -> Any:
        """The four fields; symbolic fields do not form an ``Instruction``."""
        return self.fields(tokens, where)


class PlacedLog(_Placed, LogLayout):
    """A log; a place at time 0 represents the token of a processor in its block."""

    def _codebook(self) -> Any:
        return log_places(NARROW)

    def in_block(self, kind: str, pid: Any) -> Any:
        """The place itself."""
        return self.row(kind, index=pid)


class PlacedProgram(PlacedLog):
    """A program without its header, which is a part of its own."""

    def read_header(self, tokens: Any) -> None:
        """Skip the header."""


class PlacedCells(_Placed, CellLayout):
    """Cells; the place of its first slot represents a cell."""

    registers: Any = Plain(REGISTERS)

    def _codebook(self) -> Any:
        return cell_places(NARROW)

    def cell(self, row: Any) -> Any:
        """The place of the first slot of a cell."""
        return (*row[:-1], 0)

    def slot_of(self, cell: Any, slot: int) -> Any:
        """The place of a slot of a cell."""
        return (*cell[:-1], slot)


def read(run: Callable[[], Any]) -> Any:
    """The result of a reading; None if it raises EncodingError, and ``WRONG`` if it fails otherwise, at a wrong index say."""
    try:
        return run()
    except EncodingError:
        return None
    except (LookupError, ValueError, TypeError):
        return WRONG


def attempt(run: Callable[[], Any]) -> Any:
    """The result of a function, or None if it fails."""
    result = read(run)
    return None if result is WRONG else result


WRONG = object()  # differs from every content and token


class Unread(Exception):
    """A token is accessed that is not chosen yet."""

    def __init__(self, row: Any) -> None:
        super().__init__(row)
        self.row, self.key = row, tuple(value for value in row if isinstance(value, int))


@dataclass(frozen=True)
class Later:
    """The token of a place, which is chosen at its first access."""

    given: Given
    row: Any


@dataclass(frozen=True)
class Given:
    """The tokens that are chosen so far: for each place that was accessed, the row and the token."""

    tokens: dict[Any, tuple[Any, Token]]

    def chosen(self, row: Any) -> Token:
        """The token of a place. Raises Unread if it is not chosen yet."""
        unread = Unread(row)
        if unread.key not in self.tokens:
            raise unread
        return self.tokens[unread.key][1]

    def more(self, unread: Unread, token: Token) -> Given:
        """These choices of tokens and one more, at a place that was not read yet."""
        return Given({**self.tokens, unread.key: (unread.row, token)})
