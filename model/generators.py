"""Stochastic generators run by the compiled transformer."""

from __future__ import annotations

import numpy as np

from efasp.dyck import PLACE_BITS, dyck, vocabulary
from efasp.evaluate import place_rows
from efasp.model.lower import lower
from efasp.model.transformer import Transformer
from efasp.stochastic import Generator

REMEMBERED = 1 << 12  # read-outs of sequences that recur


def dyck_generator(k: int) -> Generator:
    """The generator of two-sided Dyck-k: its read-outs are those of the compiled transformer. Raises ValueError for k < 1.

    A read-out is a function of the sequence, so that those of the first sequences are kept.
    """
    transformer, known = Transformer.of(lower(dyck(k))), dict[bytes, np.ndarray]()

    def readout(tokens: np.ndarray) -> np.ndarray:
        name = tokens.tobytes()
        if name in known:
            return known[name]
        outputs = transformer.outputs(tokens, place_rows(None, len(tokens)))
        if len(known) < REMEMBERED:
            known[name] = outputs
        return outputs

    return Generator(readout, vocabulary(k).size, 0, 1 << PLACE_BITS)
