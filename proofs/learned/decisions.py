"""The decisions of a trained encoder that hold of every number in the enclosures of its read-outs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from math import inf, nextafter
from typing import Any

import numpy as np

from efasp.model.learned.decode import Decision
from efasp.model.learned.network import CONTROLS, Network, readouts
from efasp.model.learned.tasks import Tokens
from efasp.process import DELETE, INSERT, REMASK
from efasp.proofs.learned.intervals import Enclosures, Intervals, Unbounded, exactly, high, low

BITS = ("c[1] (remask)", "c[2] (insert)", "c[3] (delete)")


class Undecided(Exception):
    """Raised where an enclosure holds numbers that decide differently."""


@dataclass
class Decisions:
    """The decisions on contexts, each made once. ``margins``: of those made so far the distance from the threshold, or from the
    next likely token; ``undecided``: the contexts without a decision, and why."""

    network: Network
    margins: list[float] = field(default_factory=list)
    undecided: dict[Tokens, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._weights = {name: exactly(weight) for name, weight in self.network.weights.items()}
        self._made: dict[Tokens, Decision] = {}
        self._enclosures: dict[Tokens, Intervals] = {}

    def enclosure(self, context: Tokens) -> Intervals:
        """Intervals that hold the read-outs (positions, predictions + 3). Raises Unbounded."""
        if context not in self._enclosures:
            self._enclosures[context] = readouts(Enclosures(), self._weights, np.array(context, dtype=np.int64))
        return self._enclosures[context]

    def rule(self, context: Tokens) -> Decision:
        """The encoder's decision on a context. Raises Undecided.

        A number that Algorithm 1 does not ask for, as a prediction where no mask is filled, is not decided, and 0 here.
        """
        if context not in self._made and context not in self.undecided:
            try:
                self._made[context] = self._decide(context)
            except (Undecided, Unbounded) as error:
                self.undecided[context] = f"{self.network.task.text(context)}: {error}"
        if context in self.undecided:
            raise Undecided(self.undecided[context])
        return self._made[context]

    @property
    def contexts(self) -> list[Tokens]:
        """Those with a decision, in the order in which they were asked for."""
        return list(self._made)

    def _decide(self, context: Tokens) -> Decision:
        out, task = self.enclosure(context), self.network.task
        predicted, control = np.zeros(len(context), dtype=np.int64), np.zeros((len(context), CONTROLS), dtype=bool)
        for at, (token, row) in enumerate(zip(context, out, strict=True)):
            predictions, bits = row[: task.mask], row[task.mask :]
            masked = token == task.mask
            control[at, DELETE] = masked and self._positive(bits, DELETE, at)
            if control[at, DELETE]:
                continue
            control[at, REMASK] = self._positive(bits, REMASK, at)
            control[at, INSERT] = self._positive(bits, INSERT, at)
            if masked and not control[at, REMASK]:
                predicted[at] = self._likeliest(predictions, at)
        return predicted, control

    def _positive(self, bits: Intervals, which: int, at: int) -> bool:
        """Whether a control bit's logit is positive."""
        logit = bits[which]
        if low(logit) <= 0 <= high(logit):
            raise Undecided(f"{BITS[which]} of position {at} has a logit in {_shown(logit)}")
        self.margins.append(_below(low(abs(logit))))
        return bool(low(logit) > 0)

    def _likeliest(self, predictions: Intervals, at: int) -> int:
        """The token with the largest logit."""
        best = max(range(len(predictions)), key=lambda token: low(predictions[token]))
        next_ = max(high(logit) for token, logit in enumerate(predictions) if token != best)
        if not low(predictions[best]) > next_:
            raise Undecided(f"the prediction of position {at} is not known: logits in {', '.join(map(_shown, predictions))}")
        self.margins.append(_below(low(low(predictions[best]) - next_)))
        return best


def _below(number: Any) -> float:
    """A float that is less than a number."""
    return nextafter(float(number), -inf)


def _shown(interval: Any) -> str:
    """An interval for people, rounded outward."""
    ends = (low(interval), ROUND_FLOOR), (high(interval), ROUND_CEILING)
    lower, upper = (Context(prec=4, rounding=way).create_decimal(float(end)) for end, way in ends)
    return f"[{lower}, {upper}]"
