"""The function g of any-process generation against a literal transcription of Algorithm 1."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.process import g, unmask

MASK = 0


def algorithm_1(x: list[int], y: list[int], c: list[tuple[bool, bool, bool]]) -> list[int]:
    """The algorithm as it is written, from left to right."""
    out = []
    for token, prediction, (remask, insert, delete) in zip(x, y, c, strict=True):
        if delete and token == MASK:
            continue
        if remask:
            out.append(MASK)
        elif token == MASK:
            out.append(prediction)
        else:
            out.append(token)
        if insert:
            out.append(MASK)
    return out


def test_all_sixteen_cases() -> None:
    """One position: is x a mask, c[1], c[2], c[3]."""
    for token, *bits in product((MASK, 5), *[(False, True)] * 3):
        wanted = algorithm_1([token], [7], [tuple(bits)])
        assert g(np.array([token]), np.array([7]), np.array([bits]), MASK).tolist() == wanted


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), *[st.booleans()] * 3), max_size=12))
def test_sequences(rows: list[tuple[int, int, bool, bool, bool]]) -> None:
    """Whole sequences, the empty one too."""
    x, y, c = [r[0] for r in rows], [r[1] for r in rows], [r[2:] for r in rows]
    found = g(np.array(x, dtype=int), np.array(y, dtype=int), np.array(c, dtype=bool).reshape(len(rows), 3), MASK)
    assert found.tolist() == algorithm_1(x, y, c)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=12))
def test_unmask_keeps_what_is_there(rows: list[tuple[int, int, bool]]) -> None:
    """Masked diffusion: chosen masks become their prediction, everything else stays; the length does not change."""
    x, y, chosen = (np.array([r[i] for r in rows], dtype=int) for i in range(3))
    chosen = chosen.astype(bool) & (y != MASK)
    wanted = np.where((x == MASK) & chosen, y, x)
    assert unmask(x, y, chosen, MASK).tolist() == wanted.tolist()


def test_errors() -> None:
    """A predicted mask and control bits of another shape are refused."""
    with pytest.raises(ValueError, match="other than the mask"):
        g(np.array([1]), np.array([MASK]), np.zeros((1, 3)), MASK)
    with pytest.raises(ValueError, match="three control bits"):
        g(np.array([1]), np.array([2]), np.zeros((1, 2)), MASK)
