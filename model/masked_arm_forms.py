"""Closed forms of the width of Masked-ARMs, in the bits of a position and, for the log, of a word.

S positions have ``bits(S)`` bits, so that every form is O(log S). They are read off the compiled plans, and compared with them
at the sizes that are named where this is done (``proofs.lemmas.masked_arm_width``, the table ``any-order``).

>>> log_width(5, "", 16), tree_width("parity", 7)
(150, 25)
"""

from __future__ import annotations

# d_model is the largest of the terms: (a, c) is a b + c for b bits of a position; of the log (a, d, c) is a b + d w + c.
TREES: dict[str, tuple[tuple[int, int], ...]] = {"parity": ((2, 11),), "dyck1": ((1, 42), (2, 37))}
LOG: dict[str, tuple[tuple[int, int, int], ...]] = {"": ((1, 12, 39), (2, 3, 103)), "M": ((1, 15, 45), (2, 3, 109))}
BITS, WORDS = (2, 64), (5, 20)  # of a position, and of a word: from, to
SLOPE, MORE, LAYERS = 2, 12, 2  # at most 2 b + 12 dimensions more than the encoder has; layers more


def bits(length: int) -> int:
    """The bits of a position, for a sequence of so many: 2 or more."""
    return max(2, (length - 1).bit_length())


def tree_width(name: str, b: int) -> int:
    """d_model of the Masked-ARM of an example of ``efasp.masked_examples``."""
    return max(slope * b + rest for slope, rest in TREES[name])


def log_width(word: int, extension: str, b: int) -> int:
    """The d_model of the Masked-ARM that computes the log's machine. ``b``: bits of a position's number."""
    return max(slope * b + by_word * word + rest for slope, by_word, rest in LOG[extension])


def bound(encoder: int, b: int) -> int:
    """The most dimensions of a Masked-ARM, from those of its encoder: of the constructions that are named."""
    return encoder + SLOPE * b + MORE


def general_bound(encoder: int, b: int, code: int) -> int:
    """The most dimensions of a Masked-ARM of any encoder, for codes of tokens of so many numbers (Rocq: ``armed_width``)."""
    return encoder + 3 * b + 2 * code + 3
