"""Training of an encoder on the transitions of a task, with the settings published with the paper.

AdamW with a rate of 0.01 after a warm-up of 250 steps, batches of 64, gradients clipped to a norm of 1. The same seed and steps
give the same weights on one machine; another machine may round otherwise.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from efasp.model.learned.floats import FLOATS, rule
from efasp.model.learned.network import CONTROLS, Network, readouts, shapes
from efasp.model.learned.tasks import EDITS, Task, Tokens
from efasp.model.threads import one_thread

RATE, WARM_UP, BATCH, CLIP = 1e-2, 250, 64, 1.0
STEPS = 1000
SPREAD = 0.3  # of the embeddings, at first


def trained(task: Task, seed: int, steps: int = STEPS) -> tuple[Network, float]:
    """An encoder for a task, and the loss of the last batch (NaN without a step)."""
    with one_thread():
        generator = torch.Generator().manual_seed(seed)
        weights = {name: _initial(name, shape, generator) for name, shape in shapes(task).items()}
        loss = _fit(task, weights, steps, generator)
    arrays = {name: weight.detach().numpy() for name, weight in weights.items()}
    return Network(task, arrays, seed, steps), loss


def learned(network: Network) -> int:
    """Of how many transitions the encoder decides every control bit as it was trained to."""
    decide = rule(network)
    return sum(bool((decide(tokens)[1] == wanted).all()) for tokens, wanted in transitions(network.task))


def transitions(task: Task) -> list[tuple[Tokens, np.ndarray]]:
    """The contexts that are trained, each with its control bits (positions, 3)."""
    out = []
    for before, edits in task.transitions:
        control = np.zeros((1 + len(before), CONTROLS), dtype=bool)
        for at, edit in enumerate(edits):
            if edit in EDITS:
                control[1 + at, EDITS[edit]] = True
        out.append((task.tokens(before), control))
    return out


def _initial(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Embeddings from a normal distribution; linear maps uniform, up to one over the root of their inputs, as in torch."""
    if name in ("token", "place"):
        weight = SPREAD * torch.randn(shape, generator=generator)
    else:
        weight = (2 * torch.rand(shape, generator=generator) - 1) / sqrt(shape[-1])
    return weight.requires_grad_()


def _fit(task: Task, weights: dict[str, Tensor], steps: int, generator: torch.Generator) -> float:
    """Train the weights in place, and give the loss of the last batch."""
    given = transitions(task)
    optimizer = torch.optim.AdamW(weights.values(), lr=RATE)
    loss = torch.tensor(torch.nan)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM_UP)
        drawn = torch.randint(len(given), (BATCH,), generator=generator).tolist()
        batches: dict[int, list[tuple[Tokens, np.ndarray]]] = {}
        for number in drawn:
            batches.setdefault(len(given[number][0]), []).append(given[number])
        loss = torch.stack([_loss(task, weights, batch) for _, batch in sorted(batches.items())]).sum() / BATCH
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights.values(), CLIP)
        optimizer.step()
    return loss.item()


def _loss(task: Task, weights: dict[str, Tensor], batch: list[tuple[Tokens, np.ndarray]]) -> Tensor:
    """The summed loss of transitions of one length: of a transition the mean over its control bits, and the mean over its
    tokens but the mask, each of which is its own prediction."""
    contexts, controls = (np.stack(side) for side in zip(*batch, strict=True))
    tokens, out = torch.from_numpy(contexts), readouts(FLOATS, weights, contexts)
    bits = binary_cross_entropy_with_logits(out[..., task.mask :], torch.from_numpy(controls).float())
    plain = tokens != task.mask
    return len(batch) * (bits + cross_entropy(out[..., : task.mask][plain], tokens[plain]))
