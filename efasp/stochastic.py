"""Stochastic any-process generation: tokens and control bits are drawn from the read-out, and g applies them.

A read-out gives at every position one score a token and the chances of the three control bits. A token is drawn by softmax of
the scores at the scale ``SHARPNESS``, a control bit by Bernoulli, all independently. Scores of a construction are integers: at
that scale a token whose score is 1 below the largest has a weight of exp(-128), which float32 holds as 0. So the *support*, the
tokens with positive probability, are those of the largest score, and the draw among them is uniform.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from random import Random

import numpy as np

from efasp.process import g

SHARPNESS = 128.0
Emission = tuple[int, ...]  # the tokens that one position emits
Readout = Callable[[np.ndarray], np.ndarray]


class GenerationError(RuntimeError):
    """A run that cannot go on: its sequence is longer than the places, or its read-out is not a distribution."""


def token_weights(scores: np.ndarray) -> np.ndarray:
    """The weights of softmax, (positions, tokens), as float32 holds them; the largest of every position is 1."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        spread = SHARPNESS * (scores - scores.max(axis=1, keepdims=True)).astype(np.float32)
        weights: np.ndarray = np.exp(spread, dtype=np.float32)
        return weights


@dataclass(frozen=True)
class Draws:
    """What may be drawn at every position of a sequence: ``weights`` (positions, tokens) and ``chances`` (positions, 3)."""

    tokens: np.ndarray
    weights: np.ndarray
    chances: np.ndarray
    mask: int

    @classmethod
    def of(cls, tokens: np.ndarray, readout: np.ndarray, size: int, mask: int) -> Draws:
        """From a read-out (positions, width), whose first ``size`` numbers are scores and whose last three are chances.

        Raises GenerationError where a chance is not within 0..1, a score is not a number, or a mask may be drawn.
        """
        read = np.asarray(readout, dtype=np.float64)
        weights, chances = token_weights(read[:, :size]), read[:, -3:]
        if not (np.isfinite(weights).all() and (chances >= 0).all() and (chances <= 1).all()):
            raise GenerationError("read-out: expected scores that are numbers and chances from 0 to 1, found others")
        if weights[:, mask].any():
            raise GenerationError(
                f"read-out: expected no weight on the mask, found some at position {weights[:, mask].argmax()}"
            )
        return cls(tokens, weights, chances, mask)

    def draw(self, rng: Random) -> tuple[np.ndarray, np.ndarray]:
        """Predictions (positions,) and control bits (positions, 3). Where nothing is left to chance no number is drawn."""
        y, control = self.weights.argmax(axis=1), self.chances == 1
        for position in np.flatnonzero(self.tokens == self.mask).tolist():  # of other tokens g does not use the prediction
            y[position] = self._token(position, rng)
        for position, bit in np.argwhere((self.chances > 0) & ~control).tolist():
            control[position, bit] = rng.random() < self.chances[position, bit]
        return y, control

    def _token(self, position: int, rng: Random) -> int:
        choices = self.support(position)
        if len(choices) == 1:
            return choices[0]
        heights = list(accumulate(float(self.weights[position, choice]) for choice in choices))
        return choices[min(bisect_right(heights, rng.random() * heights[-1]), len(choices) - 1)]

    def support(self, position: int) -> list[int]:
        """The tokens of positive probability."""
        found: list[int] = np.flatnonzero(self.weights[position]).tolist()
        return found

    def emissions(self, position: int) -> set[Emission]:
        """Everything that a position emits with positive probability, by g."""
        bits = [[bit for bit, possible in ((0, c < 1), (1, c > 0)) if possible] for c in self.chances[position].tolist()]
        own, out = self.tokens[position : position + 1], set[Emission]()
        for y, *control in product(self.support(position), *bits):
            out.add(tuple(g(own, np.array([y]), np.array([control]), self.mask).tolist()))
        return out

    @property
    def halted(self) -> bool:
        """Whether with probability 1 nothing changes: the run is at its fixed point.

        A mask stays alone by a certain remask bit and no other; any other token by no remask and no insert bit.
        """
        masked, (remask, insert, delete) = self.tokens == self.mask, self.chances.T
        stays = np.where(masked, (remask == 1) & (delete == 0), remask == 0) & (insert == 0)
        return bool(stays.all())


@dataclass(frozen=True)
class Generator:
    """A stochastic any-process generator: a read-out function, and how its numbers are read.

    ``readout``: token ids (positions,) to numbers (positions, width); ``size``: of the vocabulary; ``longest``: positions.
    """

    readout: Readout
    size: int
    mask: int
    longest: int

    def draws(self, tokens: Sequence[int] | np.ndarray) -> Draws:
        """What may be drawn next. Raises GenerationError, also for a sequence that is longer than the places."""
        given = np.asarray(tokens, dtype=np.int64)
        if len(given) > self.longest:
            raise GenerationError(f"expected a sequence of at most {self.longest} positions, found {len(given)}")
        if not len(given):
            return Draws(given, np.zeros((0, self.size)), np.zeros((0, 3)), self.mask)
        return Draws.of(given, self.readout(given), self.size, self.mask)

    def run(self, rng: Random, start: Sequence[int] | None = None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """A run from ``start`` (default: one mask): every sequence with the control bits that are applied to it.

        The last sequence is the fixed point, with None. Raises GenerationError.
        """
        x = np.array([self.mask] if start is None else start, dtype=np.int64)
        while not (draws := self.draws(x)).halted:
            y, control = draws.draw(rng)
            yield x, control
            x = g(x, y, control, self.mask)
        yield x, None

    def sample(self, rng: Random) -> list[int]:
        """The tokens of the fixed point of one run. Raises GenerationError."""
        *_, (last, _) = self.run(rng)
        found: list[int] = last.tolist()
        return found

    def followers(self, tokens: Sequence[int]) -> Iterator[Emission]:
        """Every sequence that has positive probability after this one, perhaps more than once. Raises GenerationError."""
        draws = self.draws(tokens)
        for parts in product(*(sorted(draws.emissions(i)) for i in range(len(tokens)))):
            yield tuple(token for part in parts for token in part)
