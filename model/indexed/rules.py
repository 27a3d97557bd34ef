"""By which rules a key, or the sink, is taken to win: for numbers, arrays and symbols alike. Lemma attention.indexed.

A key has a base and ``s`` bits that are not 0, a query ``t``, of ``n`` that there are; a bit that agrees adds the capacity to
the score. ``floor`` is the sink's score for a query that adds nothing to it. Scores are multiples of ``gap``.
"""

from __future__ import annotations

from typing import Any

# By their numbers, why numbers are not shown to be those of the dense pass; 0 says nothing.
REASONS = (
    "",
    "expected keys of bits, found a larger number",
    "expected keys of bits, found other numbers",
    "expected one sink, found another key of its form",
    "expected scores that are integers",
    "expected queries of bits, found other numbers",
    "expected queries that do not lower the sink by anything",
    "expected all keys of other bits below the sink",
    "expected one winner, found a key level with the sink",
    "expected one winner, found several of different values",
    "expected a residual stream of integers",
    "expected nothing to be left of what is erased",
)
(
    LARGER_KEYS,
    ODD_KEYS,
    TWO_SINKS,
    FRACTIONAL_SCORES,
    ODD_QUERIES,
    LOWERED_SINK,
    UNSAFE,
    LEVEL,
    TIE,
    FRACTIONS,
    LEFTOVERS,
) = range(1, 12)


def agreement(s: Any, t: Any, n: Any) -> Any:
    """The most that a key and a query whose bits are not the same can agree: equal bits less opposite ones."""
    if s != t:
        return min(s, t)
    return t - 2 if t == n else t - 1


def left_out(base: Any, s: Any, capacity: Any, floor: Any) -> Any:
    """Whether a key cannot win: the sink's score is above all that it can have."""
    return base + capacity * s < floor


def below(most: Any, agreed: Any, capacity: Any, floor: Any, gap: Any = 1) -> Any:
    """Whether keys of a base of at most ``most`` that agree by at most ``agreed`` are below the sink."""
    return most + capacity * agreed <= floor - gap


def lead(floor: Any, extra: Any, capacity: Any, t: Any) -> Any:
    """The base at which a key that equals the query is level with the sink, whose score has ``extra`` added for this query."""
    return floor + extra - capacity * t


def wins(base: Any, level: Any) -> Any:
    """Whether the best key that equals the query wins; if not, and it is not level, the sink does."""
    return base > level


def replaced(total: Any, weight: Any, old: Any, new: Any) -> Any:
    """A sum in which a term has a new value: first without it, so that all that is computed are sums of some of the terms."""
    return total - weight * old + weight * new
