"""Sudokus for the table: instances with one solution, and runs that are distinguished from wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from efasp.model import decode
from efasp.paper_artifacts.experiments import sudoku
from efasp.paper_artifacts.experiments.experiments import sudoku_row
from efasp.paper_artifacts.experiments.sudoku import (
    GIVENS,
    PUBLISHED,
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
from efasp.pram import machine

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


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are stopped after two steps, in the reference machine too: a whole one takes minutes in numpy."""
    reference_run, decoded = machine.run, decode.run
    monkeypatch.setattr(sudoku.machine, "run", lambda program, most: reference_run(program, min(most, 2)))
    monkeypatch.setattr(
        decode,
        "run",
        lambda program, engine, network, extension, most: replace(
            decoded(program, engine, network, extension, min(most, 2)), finished=most == 3
        ),
    )


@pytest.mark.usefixtures("begun")
def test_decoding() -> None:
    """What the transformer decodes is what the reference machine does, a decoding step a PRAM step."""
    row = decoding(Room(EASY, 0))
    assert row["agrees"] and row["decode_steps"] == 2 and row["word"] == 9
    assert row["context"] == 2 + 4 * 192 + 2 * (330 + 9 * 81)


@pytest.mark.usefixtures("begun")
def test_a_wrong_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that changes nothing does not agree."""
    monkeypatch.setattr(decode.Configurations, "update", lambda self, tokens, changed: machine.initial(Room(EASY, 0).program))
    assert not decoding(Room(EASY, 0))["agrees"]


def test_a_run_that_ends_early_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run must end as the reference machine does, and an unsolved puzzle does not count."""
    whole = decode.run
    monkeypatch.setattr(
        decode, "run", lambda program, engine, network, extension, most: whole(program, engine, network, extension, 2)
    )
    row = decoding(Room(EASY, 0))
    assert not row["agrees"] and row["decode_steps"] == 2
    assert sudoku_row("easy", [{**reference(EASY), **row}])["whole"] == "0 of 1"


@pytest.mark.slow
def test_a_whole_run() -> None:
    """A puzzle is decoded to its end in as many steps as the reference machine takes, and solved."""
    said, row = reference(EASY), decoding(Room(EASY, 0))
    assert said["solved"] and said["guesses"] == 0 and row["agrees"] and row["decode_steps"] == said["steps"]


def test_too_little_room_is_noticed() -> None:
    """A run that needs a guess and has no memory for it faults, in the reference machine too, and so is not solved."""
    puzzle = Puzzle(**{**vars(EASY), "cells": PUBLISHED["AI Escargot"]})
    found = sudoku.machine.run(Room(puzzle, 0).program, 10_000)
    assert found.faults


@pytest.mark.usefixtures("begun")
def test_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison makes no long run again, and every one with ``every``."""
    made: list[object] = []

    def work(call: Callable[[Any], dict[str, Any]], items: Sequence[Any], pool: object) -> list[dict[str, Any]]:
        made.extend(items)
        return [call(item) for item in items]

    monkeypatch.setattr(runs, "_made", work)
    first = Notes()
    found = rows(first, [EASY])
    assert len(made) == 2 and found[0]["steps"] == 2
    for short, count in ((0, 1), (2, 2)):
        monkeypatch.setattr(sudoku, "SHORT", short)
        made.clear()
        again = Notes(first.runs, every=False)
        assert rows(again, [EASY])[0]["decode_steps"] == 2 and len(made) == count and not again.wrong
    monkeypatch.setattr(sudoku, "SHORT", 0)
    made.clear()
    rows(Notes(first.runs), [EASY])
    assert len(made) == 2


def test_row_of_several() -> None:
    """What was solved, and what did not agree, are counted apart."""
    said = {"solved": True, "givens": 24, "guesses": 0, "steps": 900, "context": 2888, "seconds": 1.0, "agrees": True}
    row = sudoku_row("some", [said, {**said, "agrees": False}, {**said, "solved": False, "steps": 1100}])
    assert (row["reference"], row["whole"]) == ("2 of 3", "1 of 3")
    assert row["steps"] == "900, 900, 1,100" and row["givens"] == "24, 24, 24"
