"""Sudokus for the table: instances with one solution, and runs that can be told from wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model import decode
from paper_artifacts import sudoku
from paper_artifacts.sudoku import GIVENS, PUBLISHED, Puzzle, made, puzzles, rows, run, solutions, summary

torch.set_num_threads(1)
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
    for puzzle in puzzles(0):
        assert 17 <= puzzle.givens <= GIVENS and PUBLISHED[puzzle.name] == puzzle.cells


def test_a_puzzle_with_two_solutions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the instances can fail."""
    monkeypatch.setattr(sudoku, "PUBLISHED", {"loose": "1" + "." * 80})
    with pytest.raises(ValueError, match=r"loose: expected at most 28 givens and one solution"):
        list(puzzles(0))


def test_single_steps_in_the_transformer() -> None:
    """A run is the reference machine's; single steps of it are decoded by the plain transformer."""
    row = run(EASY)
    assert row["solved"] and row["agrees"] and row["sampled"] == 2 and row["decode_steps"] is None
    assert row["guesses"] == 0 and row["context"] == 2 + 4 * 192 + 2 * (1140 + 9 * 81)


def test_a_wrong_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that changes nothing does not agree."""
    monkeypatch.setattr(sudoku, "stepped", lambda program, before: before)
    assert not run(EASY)["agrees"]


def test_a_whole_run_that_ends_early_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decoded whole must end as the reference machine does, and what it did not solve is not solved."""
    whole = decode.run
    monkeypatch.setattr(
        decode, "run", lambda program, engine, network, extension, most: whole(program, engine, network, extension, 2)
    )
    row = run(EASY, whole=True)
    assert not row["agrees"] and not row["solved"] and row["decode_steps"] == 2


def test_rows_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is known is not run again; to be decoded whole is another run."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "checks.sqlite"))
    first = rows([EASY], 0)
    monkeypatch.setattr(sudoku, "ProcessPoolExecutor", None)
    assert rows([EASY], 0) == first
    with pytest.raises(TypeError):
        rows([EASY], 1)


def test_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row for those made here, one for each published one."""
    monkeypatch.setattr(sudoku, "SAMPLED", 0)
    row = run(EASY)
    found = summary([{**row, "seed": 0}, {**row, "seed": 1, "solved": False, "decode_steps": 7}, row])
    assert [each["n"] for each in found] == [2, 1] and [each["solved (reference machine)"] for each in found] == [1, 1]
    assert [each["decoded whole"] for each in found] == [1, 0] and found[1]["puzzles"] == "easy"
