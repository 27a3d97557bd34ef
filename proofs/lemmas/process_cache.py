"""The cache of keys and values (``model.transformer.Cache``): it gives what it was given. For ``proofs.lemmas.process``.

Caches of random blocks grow past every size of their buffers, alone and in batches that they join and leave, as runs of unequal
length do; all that they give is compared with arrays that are put together anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from efasp.proofs.concrete.differential import guarded
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.obligation import Machine, Verdict

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer

COUNT, LAYERS, HEADS, SIZE = 3, 2, 2, 3  # caches, and the layers, heads and coordinates of their keys and values
POSITIONS, BLOCK, BLOCKS = (
    20_000,
    100,
    16,
)  # of a cache; blocks, so that lengths are equal now and then; at most so many at once


def scope(machine: Machine) -> str:
    """The caches, for the scope."""
    caches = f"{COUNT} caches of {LAYERS} layers, alone and in batches, up to {POSITIONS:,} positions each"
    return f"measured: w = {machine.word}, {caches}"


def discharge(machine: Machine, module: Callable[[], Transformer]) -> Verdict:
    """Let caches grow, of numbers of the dtype of a machine's transformer, and compare all that they give."""
    dtype = module().dtype_name
    wrong = guarded(partial(differing, np.random.default_rng(machine.word), dtype))
    return Verdict("refuted" if wrong else "measured", f"torch, {dtype}", wrong)


def differing(rng: np.random.Generator, dtype: str) -> Report | None:
    """Where a cache gives other keys or values than it was given."""
    from efasp.model.transformer import Cache, Caches, tensor

    caches = [Cache() for _ in range(COUNT)]
    kept = np.zeros((COUNT, LAYERS, 2, HEADS, 0, SIZE), dtype=dtype)  # of each by layer keys and values
    lengths = [0] * COUNT
    while min(lengths) < POSITIONS:
        least = [at for at in range(COUNT) if lengths[at] == min(lengths)]  # those of one length may be a batch
        chosen = rng.permutation(least)[: rng.integers(1, len(least) + 1)].tolist()
        size = BLOCK * int(rng.integers(1, BLOCKS + 1))
        given = rng.integers(-99, 99, (len(chosen), LAYERS, 2, HEADS, size, SIZE)).astype(dtype)
        some = [caches[at] for at in chosen]
        for layer in range(LAYERS):
            sides = [tensor(np.concatenate(given[:, layer, side]), dtype) for side in range(2)]
            found = (Caches(some) if len(some) > 1 or rng.random() < 0.5 else some[0]).extend(layer, *sides)
            for side, name in enumerate(("keys", "values")):
                pairs = zip(chosen, given, strict=True)
                parts = [
                    np.concatenate([kept[at, layer, side, :, : lengths[at]], new[layer, side]], axis=1) for at, new in pairs
                ]
                if not np.array_equal(found[side].numpy(), np.concatenate(parts)):
                    return {"cached": lengths[chosen[0]], "given": size, "caches": chosen, "layer": layer + 1, "of": name}
        size -= BLOCK * int(rng.integers(2))  # the last block is masked still
        for at, new in zip(chosen, given, strict=True):
            room = lengths[at] + size - kept.shape[4]
            if room > 0:
                kept = np.concatenate([kept, np.zeros((*kept.shape[:4], room, SIZE), dtype)], axis=4)
            kept[at, :, :, :, lengths[at] : lengths[at] + size] = new[:, :, :, :size]
            caches[at].keep(size)
            lengths[at] += size
    return None
