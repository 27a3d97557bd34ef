"""The trained encoder in torch, in float32."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor

from efasp.model.learned.decode import Decision, Rule
from efasp.model.learned.network import Network, readouts
from efasp.model.learned.tasks import Tokens


class Floats:
    """The encoder's operations in torch."""

    def rows(self, table: Tensor, numbers: np.ndarray) -> Tensor:
        """See ``network.Operations``, here and below."""
        return table[torch.from_numpy(numbers)]

    def product(self, x: Tensor, y: Tensor) -> Tensor:
        """A matrix product."""
        return x @ y.transpose(-1, -2)

    def turned(self, x: Tensor) -> Tensor:
        """The transpose."""
        return x.transpose(-1, -2)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """The sum."""
        return x + y

    def softmax(self, x: Tensor) -> Tensor:
        """Softmax over the last dimension."""
        return torch.softmax(x, dim=-1)

    def relu(self, x: Tensor) -> Tensor:
        """ReLU."""
        return torch.relu(x)


FLOATS = Floats()


def tensors(network: Network) -> dict[str, Tensor]:
    """The weights as torch has them."""
    return {name: torch.from_numpy(np.array(weight)) for name, weight in network.weights.items()}


@torch.inference_mode()
def outputs(weights: Mapping[str, Tensor], context: Tokens) -> np.ndarray:
    """The read-outs (positions, predictions + 3) on one context."""
    out: np.ndarray = readouts(FLOATS, weights, np.array(context, dtype=np.int64)).numpy()
    return out


def rule(network: Network) -> Rule:
    """The encoder's decisions: the likeliest token of every position, and the control bits whose logit is positive."""
    weights, predictions = tensors(network), network.task.mask

    @cache
    def decide(context: Tokens) -> Decision:
        out = outputs(weights, context)
        return out[:, :predictions].argmax(axis=1), out[:, predictions:] > 0

    return decide
