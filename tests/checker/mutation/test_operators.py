"""Mutants against the whole check: the obligation that kills a mutant, and the list of equivalent ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from efasp.checker.mutation import operators
from efasp.checker.mutation.constructions import Budget
from efasp.checker.pool import isolation
from efasp.checker.pool.pools import Processes
from efasp.paper_artifacts.tables.model import Cell
from efasp.paper_artifacts.tables.mutation import COLUMNS, ListingError, equivalent, sample, status, table, wrong
from efasp.proofs.mutation.alterations import MODULES, Alteration, alterations, drawn
from efasp.proofs.mutation.mutants import Mutant
from efasp.proofs.obligation import Regime
from efasp.proofs.registry import batches

BUDGET = Budget(Processes(1), ("z3",), 20.0, 4096)


def tried(mutant: Mutant | None, first: list[str]) -> operators.Outcome:
    """How a mutant ends, from the lemmas ``first`` on."""
    arguments = {"first": first, "n_max": 64, "solvers": ["z3"], "seconds": 20.0, "known": []}
    (reply,) = isolation.run([isolation.job("efasp.checker.mutation.operators:passed", arguments, 120.0, 4096, mutant)], 1)
    return operators.judged(mutant or Mutant("", "", "", "", "", ()), reply)


def find(module: str, function: str, old: str, new: str, number: int = 0) -> Alteration:
    """One alteration."""
    (one,) = [
        one for one in alterations(module) if (one.function, one.old, one.new, one.number) == (function, old, new, number)
    ]
    return one


def test_a_mutant_at_work_at_six_bits_is_refuted() -> None:
    """A sum that is a difference, in the result of an addition."""
    one = find("efasp.pram.step", "alu", "add", "sub").guarded(0)
    assert one.guard == "view.word != 5"
    outcome = tried(one.mutant(), ["step.operator"])
    assert outcome.status == "refuted" and outcome.by.startswith("step.operator[w=6,")


def test_a_construction_that_is_not_made_is_an_error() -> None:
    """An argument is left out: what is raised is said."""
    one = find("efasp.places", "clock_bits", "max(16, word + 1)", "max(word + 1, 16)")
    broken = Mutant("", one.id, one.module, "", "", (), text=one.text().replace("max(word + 1, 16)", "max(word.bits, 16)"))
    outcome = tried(broken, ["encoding.*"])
    assert outcome.status == "error" and "AttributeError" in outcome.detail


def test_an_import_that_fails_is_an_error() -> None:
    """So is a module that cannot be imported."""
    outcome = tried(Mutant("", "one", "efasp.places", "", "", (), text="raise ValueError('none')"), [])
    assert outcome.status == "error" and outcome.detail == "ValueError: none"


def test_every_batch_is_tried_and_those_wanted_first() -> None:
    """The order leaves none out; what takes long comes last, the widest word first."""
    every = list(batches(Regime(64)))
    found = operators.ordered(every, ["process.g"])
    assert sorted(map(id, found)) == sorted(map(id, every))
    assert "process.g" in found[0].lemmas
    assert found[-1].lemmas[0].startswith("bounded.")
    widths = [batch.params["w"] for batch in found if batch.lemmas[0] == "step.fetch"]
    assert widths == sorted(widths, reverse=True)


def test_a_listing_is_checked(tmp_path: Path) -> None:
    """An entry that is killed, or that is not drawn, is wrong; one that survives is equivalent."""
    every = drawn(6, 1)
    first, second = every[0], every[1]
    listed = {first.id: "the same", second.id: "the same", "0" * 12: "gone"}
    ended = ["survived", "refuted", "survived", "error", "unknown", "refuted"]
    assert [status(one, end, listed) for one, end in zip(every, ended, strict=True)][:3] == [
        "equivalent",
        "refuted",
        "survived",
    ]
    assert wrong(every, ended, listed, whole=True) == [
        f"{second.id}: listed as equivalent, but killed: refuted",
        f"{'0' * 12}: listed as equivalent, but not drawn",
    ]
    assert len(wrong(every, ended, listed, whole=False)) == 1
    for text in ("x = 1", '[[mutant]]\nid = "a"', '[[mutant]]\nid = "a"\nchange = "b"\nreason = ""'):
        (tmp_path / "e.toml").write_text(text)
        with pytest.raises(ListingError):
            equivalent(tmp_path / "e.toml")


def test_what_is_listed_is_drawn_or_said() -> None:
    """The package's own listing is well formed."""
    assert all(len(id_) == 12 and reason for id_, reason in equivalent().items())


def test_the_table_counts_every_mutant_once() -> None:
    """By module, guarded ones apart; the last rows sum up the others."""
    every = drawn(40, 2)
    runs = [{"status": ("refuted", "survived")[i % 2], "by": "", "acted": i % 4 == 1, "seconds": 1.0} for i in range(40)]
    rows = table(every, runs, {every[1].id: "the same"})

    def summed(key: str, modules: list[str]) -> int:
        cells: list[Cell] = [row[key] for row in rows if row["module"] in modules]
        return sum(cell for cell in cells if isinstance(cell, int))

    assert summed("drawn", ["all"]) == summed("drawn", list(MODULES)) == 40
    assert [summed(name, ["all"]) for name in COLUMNS] == [20, 0, 0, 1, 19, 10]


def test_a_sample_is_of_those_drawn() -> None:
    """And the same each time."""
    every = drawn(40, 2)
    assert sample(every, 8) == sample(every, 8) and len(set(sample(every, 8)) & set(every)) == 8
