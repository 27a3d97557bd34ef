"""The conclusions of lemmas, as functions of terms: a goal is built by one of them, and so is every assumption that cites it.

A conclusion belongs to a lemma; ``of`` tells the conclusions of one lemma apart. An *invariant* is a conclusion about the
sequence after t steps: the obligation that shows it at t + 1 may assume it at t, and a base case shows it at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

State = Callable[..., str]


@dataclass(frozen=True)
class Conclusion:
    """One conclusion of a lemma. ``state`` gives its formula (an SMT-LIB term) for an instance: names of the citing script."""

    lemma: str
    of: str
    state: Callable[..., str] = field(compare=False, repr=False)
    invariant: bool = False

    @property
    def id(self) -> str:
        """The lemma, and which of its conclusions."""
        return f"{self.lemma}: {self.of}" if self.of else self.lemma

    @property
    def first(self) -> Conclusion:
        """The part of an invariant that says: it holds of the sequence that decoding starts with."""
        return replace(self, of=f"{self.of}, at the start", invariant=False)

    @property
    def later(self) -> Conclusion:
        """The part of an invariant that says: it holds after one more step."""
        return replace(self, of=f"{self.of}, one step later", invariant=False)

    def where(self, condition: State) -> Conclusion:
        """This conclusion for the instances alone for which a condition holds: a weaker formula."""
        return replace(self, state=lambda *instance: f"(=> {condition(*instance)} {self.state(*instance)})")

    def __call__(self, *instance: Any) -> str:
        """The formula for an instance."""
        return self.state(*instance)


def concluded(lemma: str, of: str = "", invariant: bool = False) -> Callable[[State], Conclusion]:
    """Make a function from terms to a formula a conclusion of a lemma."""
    return lambda state: Conclusion(lemma, of, state, invariant)


def lemma_of(citation: str) -> str:
    """The lemma of a conclusion's id."""
    return citation.partition(": ")[0]
