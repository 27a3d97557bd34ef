"""Tasks for trained encoders: what a string's right answer is, and the transitions that are trained. Needs no torch.

An encoder for a task reads the first tokens of a sequence, its context; Algorithm 1 leaves the tokens behind them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from efasp.process import DELETE, REMASK

Tokens = tuple[int, ...]
SHOWN = 40  # tokens of a sequence in a message
EDITS = {"r": REMASK, "d": DELETE}  # letters of ``Task.transitions``


@dataclass(frozen=True)
class Task:
    """Strings with an answer each, and the transitions from which an encoder is to learn it.

    ``question``: the name of the right answers, which several tasks may have in common; ``moves`` and ``answers`` define them:
    from state 0, a letter leads from a state to the next, and the last state has the answer. ``decoded``: the sequences, behind
    the start token, that say an answer. ``transitions``: contexts behind the start token, with ``M`` as the mask, and what is
    done with each of their tokens: ``r``, it is remasked, ``d``, it is deleted, or ``-``, nothing. ``context``: how many tokens
    the encoder reads.
    """

    name: str
    question: str
    letters: str
    context: int
    moves: tuple[Mapping[str, int], ...]
    answers: tuple[int, ...]
    decoded: Mapping[str, int]
    transitions: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        # A sequence that fills the context says no answer, on which proofs.learned.every_length rests.
        if any(len(text) + 1 >= self.context for text in self.decoded):
            raise ValueError(f"{self.name}: expected answers of fewer than {self.context - 1} tokens behind the start token")

    @property
    def names(self) -> tuple[str, ...]:
        """The tokens by their numbers, the mask last."""
        return ("S", *self.letters, "M")

    @property
    def mask(self) -> int:
        """The mask's number, which is how many other tokens there are."""
        return len(self.letters) + 1

    def tokens(self, text: str) -> Tokens:
        """The start token and those of a text, in which M is the mask. Raises ValueError for another letter."""
        for at, letter in enumerate(text):
            if letter not in (*self.letters, "M"):
                raise ValueError(f"letter {at + 1}: expected one of {', '.join(self.letters)}, found {letter!r}")
        return (0, *map(self.names.index, text))

    def text(self, tokens: Tokens) -> str:
        """A sequence of tokens, token by token."""
        return " ".join(self.names[token] for token in tokens)

    def shown(self, tokens: Tokens) -> str:
        """A sequence for people, cut where it is long."""
        return self.text(tokens[:SHOWN]) + " ..." * (len(tokens) > SHOWN) or "the empty sequence"

    def right(self, text: str) -> int:
        """The right answer of a string of the task's letters."""
        state = 0
        for letter in text:
            state = self.moves[state][letter]
        return self.answers[state]

    def said(self, tokens: Tokens) -> int | None:
        """The answer that a decoded sequence says, or None where it says none."""
        return self.decoded.get("".join(self.names[token] for token in tokens[1:])) if tokens[:1] == (0,) else None


# The transitions published with the paper: of strings of two digits. They say nothing of shorter ones, with which decoding
# ends: PARITY has these too, where nothing is to be done.
_PUBLISHED = (("01", "r-"), ("M1", "d-"), ("10", "-r"), ("1M", "-d"), ("00", "rr"), ("11", "rr"), ("MM", "dd"))
_ENDS = (("", ""), ("0", "-"), ("1", "-"))
_DIGITS: tuple[Mapping[str, int], ...] = ({"0": 0, "1": 1}, {"0": 1, "1": 0})
PARITY = Task("parity", "parity", "01", 3, _DIGITS, (0, 1), {"": 0, "0": 0, "1": 1}, (*_PUBLISHED, *_ENDS))
PUBLISHED = replace(PARITY, name="parity-published", transitions=_PUBLISHED)
TASKS = {task.name: task for task in (PARITY, PUBLISHED)}
