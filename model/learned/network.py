"""The encoder that is trained, by its operations: torch's for training and decoding, enclosures for proofs. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from efasp.model.learned.tasks import Task

CONTROLS = 3  # read-outs of a position besides the predictions: the control bits of Algorithm 1
D_MODEL, D_FF = 4, 16
Table = TypeVar("Table")


class Operations(Protocol[Table]):
    """What the encoder is made of. A table has a row a position or a unit; a batch has more dimensions before these two."""

    def rows(self, table: Table, numbers: np.ndarray) -> Table:
        """The rows of these numbers."""

    def product(self, x: Table, y: Table) -> Table:
        """Every row of x times every row of y."""

    def turned(self, x: Table) -> Table:
        """Columns as rows."""

    def add(self, x: Table, y: Table) -> Table:
        """The sum; y may be one row for all."""

    def softmax(self, x: Table) -> Table:
        """Softmax of each row."""

    def relu(self, x: Table) -> Table:
        """Each number, or 0 where it is negative."""


def readouts(ops: Operations[Table], weights: Mapping[str, Table], tokens: np.ndarray) -> Table:
    """Read-outs (..., positions, predictions + 3) for token numbers (..., positions): a logit for every token but the mask, and
    one for each control bit. One layer: softmax attention with one head over all positions, then a ReLU feed-forward."""
    places = np.arange(tokens.shape[-1])
    h = ops.add(ops.rows(weights["token"], tokens), ops.rows(weights["place"], places))
    q, k, v = (ops.product(h, weights[side]) for side in "qkv")
    mixed = ops.product(ops.softmax(ops.product(q, k)), ops.turned(v))
    h = ops.add(h, ops.product(mixed, weights["o"]))
    hidden = ops.relu(ops.add(ops.product(h, weights["up"]), weights["up_bias"]))
    h = ops.add(h, ops.add(ops.product(hidden, weights["down"]), weights["down_bias"]))
    return ops.add(ops.product(h, weights["out"]), weights["out_bias"])


def shapes(task: Task, d_model: int = D_MODEL, d_ff: int = D_FF) -> dict[str, tuple[int, ...]]:
    """The tensors of an encoder for a task, and their shapes: (outputs, inputs), or (outputs,) of a bias."""
    tokens, outputs = len(task.names), task.mask + CONTROLS
    square = dict.fromkeys("qkvo", (d_model, d_model))
    forward = {"up": (d_ff, d_model), "up_bias": (d_ff,), "down": (d_model, d_ff), "down_bias": (d_model,)}
    ends = {"out": (outputs, d_model), "out_bias": (outputs,)}
    return {"token": (tokens, d_model), "place": (task.context, d_model), **square, **forward, **ends}


@dataclass(frozen=True)
class Network:
    """A trained encoder: its weights, float32, by name, and how they came about."""

    task: Task
    weights: Mapping[str, np.ndarray]
    seed: int
    steps: int

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return sum(weight.size for weight in self.weights.values())
