"""Sizes by the rules of Tracr's sources, against closed forms that were worked out by hand, and chains of parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.paper_artifacts.experiments.constructions import FOLDER
from efasp.paper_artifacts.experiments.tracr import COUNT, HEAD, MAP, PROGRAMS, Part, layers, width

FORMS: dict[str, tuple[int, Callable[[int, int], int]]] = {  # layers, and the width for v letters and n positions
    "length": (1, lambda v, n: v + 2 * n + 5),
    "histogram": (1, lambda v, n: v + 2 * n + 5),
    "reverse": (4, lambda v, n: 2 * v + 6 * n + 5),
    "fraction": (2, lambda v, n: v + n + 5),
    "pair_balance": (2, lambda v, n: v + n + 8),
    "sort_unique": (2, lambda v, n: 2 * v + 2 * n + 5),
    "sort": (3, lambda v, n: 2 * v + 2 * n + v * n + 5),
    "shuffle_dyck": (8, lambda v, n: v + 3 * n + 36),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@given(st.integers(1, 9), st.integers(1, 40))
def test_closed_forms(name: str, letters: int, n: int) -> None:
    """Layers and width of each program."""
    program = PROGRAMS[name](letters, n)
    deep, wide = FORMS[name]
    assert (layers(program), width(program, letters, n)) == (deep, wide(letters, n))


@given(st.lists(st.sampled_from([MAP, HEAD, COUNT]), min_size=1, max_size=12))
def test_layers_of_a_chain(kinds: list[str]) -> None:
    """Parts of which each reads the one before it: an MLP shares the layer of a head that comes just before, nothing else."""
    names = [str(i) for i in range(len(kinds))]
    program = {name: Part(kind, 1, tuple(names[i - 1 : i])) for i, (name, kind) in enumerate(zip(names, kinds, strict=True))}
    shared = sum(pair == (HEAD, MAP) for pair in pairwise(kinds))
    assert layers(program) == len(kinds) - shared


def test_what_is_compared_is_an_example() -> None:
    """Each program of Tracr has a file of its name."""
    assert all((FOLDER / f"{name}.efasp").exists() for name in PROGRAMS)
