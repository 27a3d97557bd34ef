"""Loops over as many things as a count says, written once for integers and symbols.

A count is an integer, or a symbol for one: the lemmas run layouts and the machine with symbols for P, M, L and lengths, and a
symbol itself defines the result of a loop of its length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Entry = TypeVar("Entry")


def table(count: Any, entry: Callable[[Any], Entry]) -> tuple[Entry, ...]:
    """``entry(0), ..., entry(count - 1)``, made in this order."""
    return tuple([entry(i) for i in range(count)]) if isinstance(count, int) else count.table(entry)


def downwards(count: Any, turn: Callable[[Any], None]) -> None:
    """``turn(count - 1)``, ..., ``turn(0)``, in this order: what the last turn writes stands."""
    if not isinstance(count, int):
        count.downwards(turn)
        return
    for i in reversed(range(count)):
        turn(i)
