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
    """How a decoding ended. ``halted``: whether a pass changed nothing; that pass is not counted."""

    tokens: Tokens
    passes: int
    halted: bool


def advanced(task: Task, tokens: Tokens, rule: Rule) -> Tokens:
    """The sequence after one pass: Algorithm 1 with the encoder's decision on the context; the tokens behind it stay."""
    context = tokens[: task.context]
    predicted, control = rule(context)
    after = g(np.array(context, dtype=np.int64), predicted, control, task.mask)
    return (*after.tolist(), *tokens[task.context :])


def decoded(task: Task, text: str, rule: Rule, most: int) -> Run:
    """Decode a text in ``most`` passes at most. Raises ValueError for a letter that is none of the task's."""
    tokens = task.tokens(text)
    for passes in range(most + 1):
        after = advanced(task, tokens, rule)
        if after == tokens:
            return Run(tokens, passes, True)
        tokens = after
    return Run(tokens, most + 1, False)
