"""The process of any-process generation: the fixed function g (Algorithm 1 of the paper), shared by all readings."""

from __future__ import annotations

import numpy as np

REMASK, INSERT, DELETE = 0, 1, 2  # columns of the control bits c[1], c[2], c[3]


def sources(masked: np.ndarray, control: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where every emitted token comes from: (position, whether it is an inserted mask), in order.

    A mask whose delete bit is set emits nothing; any other position emits one token and, if its insert bit is set, a mask
    after it.
    """
    kept = ~(masked & control[:, DELETE])
    emitted = kept * (1 + (kept & control[:, INSERT]))
    position = np.repeat(np.arange(len(masked)), emitted)
    inserted = np.zeros(len(position), dtype=bool)
    inserted[1:] = position[1:] == position[:-1]
    return position, inserted


def g(x: np.ndarray, y: np.ndarray, control: np.ndarray, mask: int) -> np.ndarray:
    """Algorithm 1: the next sequence, from tokens x, predictions y and control bits (positions, 3).

    From left to right: if c[3] and x is a mask, nothing; else the mask if c[1], else y if x is a mask, else x; then, if
    c[2], one more mask. ``y`` is never the mask. Raises ValueError where it is, or shapes differ.
    """
    bits = np.asarray(control).astype(bool)
    if not len(x) == len(y) == len(bits) or bits.shape[1:] != (3,):
        raise ValueError(f"g: expected three control bits a position, found {np.shape(y)} and {bits.shape} for {len(x)}")
    if (np.asarray(y) == mask).any():
        raise ValueError(f"g: expected predictions other than the mask, found it at {np.flatnonzero(np.asarray(y) == mask)[0]}")
    masked = np.asarray(x) == mask
    emitted = np.where(bits[:, REMASK], mask, np.where(masked, y, x))
    position, inserted = sources(masked, bits)
    return np.where(inserted, mask, emitted[position])


def unmask(x: np.ndarray, y: np.ndarray, chosen: np.ndarray, mask: int) -> np.ndarray:
    """Masked diffusion: g with nothing inserted or deleted, and every mask that is not chosen kept by its remask bit."""
    control = np.zeros((len(x), 3), dtype=bool)
    control[:, REMASK] = (np.asarray(x) == mask) & ~np.asarray(chosen)
    filler = int(mask == 0)  # where the mask is predicted nothing is chosen, and any other token does
    return g(x, np.where(np.asarray(y) == mask, filler, y), control, mask)
