"""torch's operations, each compared with its enclosure: on torch's own operands, so that no other rounding hides its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from efasp.model.learned.floats import Floats
from efasp.proofs.learned.intervals import Enclosures, Intervals, exactly, high, low


class Outside(Exception):
    """Raised where a number of torch lies outside its enclosure."""


def compare(what: str, numbers: np.ndarray, enclosure: Intervals) -> None:
    """Raises Outside for a number outside its interval; ``what``: the operation, in words."""
    for number, interval in zip(numbers.flat, enclosure.flat, strict=True):
        if not low(interval) <= float(number) <= high(interval):
            raise Outside(f"{what}: expected a number in {interval}, found {float(number)!r}")


class Compared(Floats):
    """The operations in torch, of which those that compute are compared. They raise Outside, and Unbounded."""

    def product(self, x: Any, y: Any) -> Any:
        """A matrix product."""
        return self._compared("product", x, y)

    def add(self, x: Any, y: Any) -> Any:
        """The sum."""
        return self._compared("add", x, y)

    def softmax(self, x: Any) -> Any:
        """Softmax over the last dimension."""
        return self._compared("softmax", x)

    def relu(self, x: Any) -> Any:
        """ReLU."""
        return self._compared("relu", x)

    def _compared(self, name: str, *operands: Any) -> Any:
        out = getattr(super(), name)(*operands)
        compare(name, out.numpy(), getattr(Enclosures(), name)(*(exactly(operand.numpy()) for operand in operands)))
        return out
