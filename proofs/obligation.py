"""Obligations: what has to be shown, as data, with a function that settles it by exhaustion or by exact computation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["proved", "refuted", "unknown", "timeout", "vacuous", "measured", "error"]
STATUSES: tuple[Status, ...] = ("proved", "refuted", "unknown", "timeout", "vacuous", "measured", "error")
CASES = 1 << 20  # an exhaustive check of more cases than this is not tried: its obligation stays unknown


@dataclass(frozen=True)
class Verdict:
    """How an obligation ended. ``countermodel``: the first case that fails, in the terms of the lemma."""

    status: Status
    method: str
    countermodel: dict[str, Any] | None = None


@dataclass(frozen=True)
class Obligation:
    """One thing to show. ``n``: the first and last n for which it stands; ``content``: what its hash names.

    ``settle`` takes nothing and gives a verdict; it is deterministic.
    """

    lemma: str
    claim: str
    params: dict[str, Any]
    scope: str
    n: tuple[int, int]
    content: str
    settle: Callable[[], Verdict] = field(compare=False)

    @property
    def id(self) -> str:
        """Lemma and parameters."""
        return f"{self.lemma}[{','.join(f'{key}={value}' for key, value in self.params.items())}]"

    @property
    def hash(self) -> str:
        """SHA-256 of what is shown, shortened to 16 digits."""
        return hashlib.sha256(f"{self.id}\n{self.scope}\n{self.content}".encode()).hexdigest()[:16]


Lemma = Callable[[int], Iterator[Obligation]]
LEMMAS: list[Lemma] = []


def lemma(build: Lemma) -> Lemma:
    """Register a function from the bound N to the obligations of one or more lemmas."""
    LEMMAS.append(build)
    return build


def narrowest_word(n: int) -> int:
    """The word of the regime P = n, M = n, T = n: as narrow as addresses and ids allow, 5 bits at least."""
    return max(5, (n - 1).bit_length())


def widths(n_max: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """The word widths that n = 1..N takes, each with the n for which it stands."""
    for word in range(5, narrowest_word(n_max) + 1):
        yield word, (1 if word == 5 else (1 << word - 1) + 1, min(n_max, 1 << word))


def exhaustive(cases: int, failures: Callable[[], Iterator[dict[str, Any]]]) -> Callable[[], Verdict]:
    """Settle by trying every case; ``failures`` yields those that fail."""

    def settle() -> Verdict:
        if cases > CASES:
            return Verdict("unknown", f"exhaustion: {cases} cases are more than {CASES}")
        first = next(failures(), None)
        return Verdict("refuted" if first else "proved", f"exhaustion: {cases} cases", first)

    return settle
