"""Sudokus for the table: instances with one solution, and runs that are distinguished from wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from efasp.model import decode
from efasp.paper_artifacts.experiments import sudoku
from efasp.paper_artifacts.experiments.experiments import sudoku_row
from efasp.paper_artifacts.experiments.sudoku import (
    GIVENS,
    PUBLISHED,
    Decoding,
    Puzzle,
    Room,
    decoding,
    made,
    puzzles,
    reference,
    rows,
    solutions,
)
from efasp.paper_artifacts.tables import runs
from efasp.paper_artifacts.tables.records import Notes

EASY = Puzzle("easy", "53467891267219534819834256785976142342685379171392485696153728428741963534528617.")


def test_solver() -> None:
    """No solution, one, and more than one."""
    assert solutions("11" + "." * 79) == []
    assert solutions("." * 81, 3) != solutions("." * 81, 1) and len(solutions("." * 81, 3)) == 3
    assert solutions(EASY.cells) == [EASY.cells[:-1] + "9"]


def test_puzzles_made_here() -> None:
    """The same seed gives the same puzzle; one solution, few givens, and none of them can be left out."""
    for seed in (0, 1):
        puzzle = made(seed)
        assert made.__wrapped__(seed) == puzzle and puzzle.givens <= GIVENS and len(solutions(puzzle.cells)) == 1
        for place, cell in enumerate(puzzle.cells):
            if cell != ".":
                assert len(solutions(puzzle.cells[:place] + "." + puzzle.cells[place + 1 :])) == 2


def test_published_puzzles_have_one_solution() -> None:
    """And at most 28 givens: 17 is the least that there can be."""
    for puzzle in puzzles(Notes(), 0):
        assert 17 <= puzzle.givens <= GIVENS and PUBLISHED[puzzle.name] == puzzle.cells


def test_a_puzzle_with_two_solutions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the instances can fail."""
    monkeypatch.setattr(sudoku, "PUBLISHED", {"loose": "1" + "." * 80})
    with pytest.raises(ValueError, match=r"loose: expected at most 28 givens and one solution"):
        puzzles(Notes(), 0)


def test_room() -> None:
    """As much memory as the guesses need, and the word that its addresses and a cell's candidates fit."""
    assert [(Room(EASY, most).memory, Room(EASY, most).word) for most in (0, 2, 3, 8, 9)] == [
        (330, 9), (492, 9), (573, 10), (978, 10), (1059, 11)
    ]  # fmt: skip
    assert Room(EASY, 0).program.memory == 330


def test_single_steps_in_the_transformer() -> None:
    """A run is the reference machine's; single steps of it are decoded by the plain transformer."""
    said, row = reference(EASY), decoding(Decoding(Room(EASY, 0), whole=False))
    assert said["solved"] and said["guesses"] == 0
    assert row["agrees"] and row["sampled"] == 2 and row["decode_steps"] is None
    assert row["context"] == 2 + 4 * 192 + 2 * (330 + 9 * 81)


def test_a_wrong_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that changes nothing does not agree."""
    monkeypatch.setattr(sudoku, "stepped", lambda program, before: before)
    assert not decoding(Decoding(Room(EASY, 0), whole=False))["agrees"]


def test_a_whole_run_that_ends_early_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was decoded whole must end as the reference machine does, and an unsolved puzzle does not count."""
    whole = decode.run
    monkeypatch.setattr(
        decode, "run", lambda program, engine, network, extension, most: whole(program, engine, network, extension, 2)
    )
    row = decoding(Decoding(Room(EASY, 0), whole=True))
    assert not row["agrees"] and row["decode_steps"] == 2
    assert sudoku_row("easy", [{**reference(EASY), **row}])["whole"] == "0 of 1"


def test_too_little_room_is_noticed() -> None:
    """A run that needs a guess and has no memory for it faults, in the reference machine too, and so is not solved."""
    puzzle = Puzzle(**{**vars(EASY), "cells": PUBLISHED["AI Escargot"]})
    found = sudoku.machine.run(Room(puzzle, 0).program, 10_000)
    assert found.faults


def test_rows_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cached run is not made again; to be decoded whole is another run."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "checks.sqlite"))
    first = rows(Notes(), [EASY], {})
    monkeypatch.setattr(runs, "ProcessPoolExecutor", None)
    assert rows(Notes(), [EASY], {}) == first
    with pytest.raises(TypeError):
        rows(Notes(), [EASY], {0: 1})


def test_row_of_several() -> None:
    """What was decoded whole, what in single steps, and what did not agree are counted apart."""
    said = {"solved": True, "givens": 24, "guesses": 0, "steps": 900, "context": 2888, "seconds": 1.0}
    whole, single, wrong = (
        {**said, "decode_steps": steps, "sampled": sampled, "agrees": agrees}
        for steps, sampled, agrees in ((900, 0, True), (None, 2, True), (None, 2, False))
    )
    row = sudoku_row("some", [whole, single, {**wrong, "solved": False, "steps": 1100}])
    assert (row["reference"], row["whole"], row["single"]) == ("2 of 3", "1 of 3", "2 of 2,900")
    assert row["steps"] == "900, 900, 1,100" and row["givens"] == "24, 24, 24"
