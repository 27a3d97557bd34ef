"""Mutants of the lists: each applies to the sources as they stand, and one that does not is an error and never a kill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from efasp.checker.errors import UsageError
from efasp.checker.mutation import constructions, kill_matrix
from efasp.checker.mutation.constructions import Budget
from efasp.checker.pool.pools import Processes
from efasp.checker.store import Store
from efasp.proofs.mutation.mutants import MutantError, load

BUDGET = Budget(Processes(1), ("z3",), 20.0, 4096)


def test_every_mutant_applies() -> None:
    """The passages are in the sources, and the changed sources compile."""
    every = load()
    assert len(every) > 300 and all(mutant.applies for mutant in every)
    for mutant in every:
        mutant.source()


def test_a_passage_that_is_not_there(tmp_path: Path) -> None:
    """The mutant is a row with the reason, also where it is one that is killed by the exception that is raised then."""
    mutant = replace(load()[0], raises="ValueError")
    lost = replace(mutant, old="a passage that is nowhere")
    (outcome,) = constructions.run([lost], BUDGET, Store(tmp_path / "store.sqlite", print))
    assert outcome.status == "error" and "'a passage that is nowhere' is not in" in outcome.detail
    raised = {"raised": [kind.__name__ for kind in MutantError.__mro__], "message": "none", "seconds": 0.1}
    assert constructions.judge(mutant, raised).status == "error"


def test_a_lemma_that_there_is_none_of_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant whose lemma is misspelt is refused, and not passed over."""
    wrong = replace(load()[0], lemmas=("gates.incremnt",))
    monkeypatch.setattr(kill_matrix, "load", lambda: [wrong])
    with pytest.raises(UsageError, match=r"expected a lemma, found 'gates.incremnt' \(did you mean 'gates.increment'"):
        kill_matrix.listed()
