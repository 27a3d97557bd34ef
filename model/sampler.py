"""A decoder's reading of the transformer's outputs: code and control bits, the predicted tokens and their confidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from efasp.encoding import CellLayout, LogLayout

THRESHOLD = 0.9  # a masked position is unmasked when its confidence reaches this


def split(width: int, outputs: Any) -> tuple[Any, Any]:
    """A read-out as the code of a token, its first ``width`` numbers, and the control bits that follow (none in the log).

    ``outputs``: an array (positions, d_out), or the numbers of one position as a sequence of any type.
    """
    if isinstance(outputs, np.ndarray):
        return outputs[..., :width], outputs[..., width:]
    return outputs[:width], outputs[width:]


def confidence(outputs: np.ndarray, layout: LogLayout) -> np.ndarray:
    """The probability of the likeliest token other than the mask, under softmax over all tokens other than the mask.

    The logits are <output, code> times w + 8: a code leads every other token by 1 at least, and there are fewer than
    2^(w + 3) of them, so a token that is due has a confidence above 0.96 (lemma process.confidence), and one that is not at
    most 1/2. Over a kind with
    bits the sum over payloads factors into one 2 cosh a bit, so the vocabulary of 2^w words is never enumerated.
    Outputs that are NaN, or so large that float64 does not hold the logits, have a confidence of NaN or less than 1.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _confidence(outputs, layout)


def _confidence(outputs: np.ndarray, layout: LogLayout) -> np.ndarray:
    book = layout.vocabulary
    sharpness = float(layout.word + 8)
    kinds = sharpness * outputs[:, : len(book.kinds)].astype(np.float64)
    best, total = kinds.copy(), kinds.copy()
    for field in book.fields:
        slot = book.slots[field.name]
        bits = sharpness * np.abs(outputs[:, slot.start : slot.stop].astype(np.float64))
        carries = np.array([field.payload in kind.payloads for kind in book.kinds])
        best += bits.sum(axis=1)[:, None] * carries
        total += np.logaddexp(bits, -bits).sum(axis=1)[:, None] * carries
    for table in (best, total):
        table[:, book.kind_index["mask"]] = -np.inf
    out: np.ndarray = np.exp(best.max(axis=1) - np.logaddexp.reduce(total, axis=1))
    return out


def predictions(outputs: np.ndarray, layout: LogLayout | CellLayout) -> np.ndarray:
    """The token that every position predicts."""
    return layout.vocabulary.read(split(layout.vocabulary.width, outputs)[0])
