"""Decoding by a trained encoder: Algorithm 1 on the context, pass after pass, until one changes nothing. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from efasp.model.learned.tasks import Task, Tokens
from efasp.process import g

# The predicted token of each position of a context, and its control bits (positions, 3).
Decision = tuple[np.ndarray, np.ndarray]
Rule = Callable[[Tokens], Decision]


class Run(NamedTuple):
    """A decoding: its last sequence, and the passes up to there. ``halted``: whether one more pass changes nothing;
    ``repeats``: whether the sequence stood there before, so that the decoding never ends."""

    tokens: Tokens
    passes: int
    halted: bool
    repeats: bool = False


def advanced(task: Task, tokens: Tokens, rule: Rule) -> Tokens:
    """The sequence after one pass: Algorithm 1 with the encoder's decision on the context; the tokens behind it stay."""
    context = tokens[: task.context]
    predicted, control = rule(context)
    after = g(np.array(context, dtype=np.int64), predicted, control, task.mask)
    return (*after.tolist(), *tokens[task.context :])


def decoded(task: Task, text: str, rule: Rule, most: int) -> Run:
    """Decode a text, in at most so many passes, or until a sequence repeats. Raises ValueError for a letter of another task."""
    tokens = saved = task.tokens(text)
    for passes in range(most + 1):
        after = advanced(task, tokens, rule)
        if after == tokens:
            return Run(tokens, passes, True)
        if passes == most:
            break
        tokens = after
        if tokens == saved:
            return Run(tokens, passes + 1, False, True)
        if passes & passes + 1 == 0:  # Brent: the sequence that is compared is a later one after 1, 2, 4, ... passes
            saved = tokens
    return Run(tokens, most, False)
