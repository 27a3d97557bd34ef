"""The lemmas about programs of the library refute a program that is changed: mutants change no text of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from efasp.pram import library
from efasp.proofs.lemmas import preserve_parallel, qbf

QBF = (
    ("and   r4, r4, 2\n", "and   r4, r4, 3\n", qbf.unruly),  # a value that is decided stays
    ("add   r4, r4, 1\n", "add   r4, r4, 0\n", qbf.unruly),  # no other value is tried
    ("seq   r5, r4, r5 ", "slt   r5, r4, r5 ", qbf.unruly),  # another comparison
    ("mov   r2, 0 ", "mov   r2, r2 ", qbf.unruly),  # a true clause makes the next one true
    ("xor   r4, r4, r5\n", "or    r4, r4, r5\n", qbf.untrue),  # negations are true
    ("and   r3, r3, r2\n", "or    r3, r3, r2\n", qbf.untrue),  # a disjunction
    ("mov   r3, 1 ", "mov   r3, 1\n        mov   r3, r3 ", qbf.mistimed),  # a step more for an assignment
    ("other:  add   r4, r4, 1\n", "other:  st    r0, [r6 + CELLS]\n        add   r4, r4, 1\n", qbf.oversized),  # another cell
)
PRESERVE = (
    ("seq   r7, r7, 0 ", "seq   r7, r7, 1 ", preserve_parallel.undecided),  # letter 1 deletes
    ("slt   r7, r3, r7\n        slt   r6, r7, r6", "slt   r7, r7, r3\n        slt   r6, r7, r6", preserve_parallel.undecided),
    ("slt   r3, r7, r3 ", "mov   r3, 0 ", preserve_parallel.undecided),  # no letter is found
    (
        "jump:   ld    r2, [r2]\n",
        "jump:   ld    r2, [r2]\n        mov   r2, r2\n",
        preserve_parallel.slow,
    ),  # a step more a round
)


@pytest.mark.parametrize(
    ("name", "old", "new", "failures"), [*(("qbf", *c) for c in QBF), *(("preserve", *c) for c in PRESERVE)]
)
def test_a_changed_program_is_refuted(
    name: str, old: str, new: str, failures: Callable[[], Iterator[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a counterexample, by the lemma that speaks of what is changed."""
    text, module = library.load(name), qbf if name == "qbf" else preserve_parallel
    assert text.count(old) == 1
    monkeypatch.setattr(module, "load", lambda given: text.replace(old, new))
    caches = [getattr(module, cached) for cached in ("program", "ran") if hasattr(getattr(module, cached), "cache_clear")]
    for cached in caches:
        cached.cache_clear()
    try:
        assert next(failures(), None) is not None
    finally:
        for cached in caches:
            cached.cache_clear()
