"""The store: what a verdict rests on, broken, forged and full stores."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from efasp.checker import store
from efasp.checker.store import Store
from efasp.proofs.smtlib import le, lt
from tests.checker.obligations import exact, proved, run, script


def test_the_store_knows_what_a_verdict_rests_on(kept: Store) -> None:
    """The same text is known again; another text, other sources (of a countermodel) are not."""
    true, false = script("x.true", lt("x", "y")), script("x.false", lt("y", "x"))
    first = run([true, false], kept)
    assert [(row["status"], row["cached"]) for row in first] == [("proved", False), ("refuted", False)], first[1]["method"]
    assert all(row["cached"] for row in run([true, false], kept))
    assert [row["cached"] for row in run([true, false], kept, basis="other sources")] == [True, False]
    assert not run([script("x.true", le("x", "y"))], kept, basis="changed sources")[0]["cached"]


def test_equal_texts_are_discharged_once(kept: Store) -> None:
    """The same text under two ids is one thing to show."""
    rows = run([script("x.y", lt("x", "y"), case="a"), script("x.y", lt("x", "y"), case="b")], kept)
    assert [row["status"] for row in rows] == ["proved", "proved"] and rows[0]["hash"] == rows[1]["hash"]
    assert rows[0]["seconds"] == rows[1]["seconds"]


def test_a_forged_entry_is_not_believed(tmp_path: Path) -> None:
    """An entry that was changed in the file has a broken seal: it is discharged again."""
    path, row = tmp_path / "checks.sqlite", script("x.false", lt("y", "x"))
    for _ in range(2):
        kept = Store(path, print)
        (found,) = run([row], kept)
        assert found["status"] == "refuted" and not found["cached"], found["method"]
        kept.close()
        with sqlite3.connect(path) as db:
            assert db.execute("UPDATE entries SET value = replace(value, 'refuted', 'proved')").rowcount
    kept.close()


@pytest.mark.parametrize("content", [b"not a database at all " * 99, b""])
def test_a_broken_store_is_set_aside(tmp_path: Path, content: bytes) -> None:
    """A file that is not a store is not lost: it stays next to the new one (an empty file is a new store)."""
    path, notices = tmp_path / "checks.sqlite", list[str]()
    path.write_bytes(content)
    kept = Store(path, notices.append)
    assert run([exact("x.y", proved)], kept)[0]["status"] == "proved"
    kept.close()
    aside = path.with_name("checks.sqlite.set-aside")
    assert aside.exists() == bool(content) == bool(notices)
    assert not content or aside.read_bytes() == content


def test_another_versions_store_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that another version made is not believed."""
    path, notices = tmp_path / "checks.sqlite", list[str]()
    with monkeypatch.context() as other:
        other.setattr(store, "stamp", lambda: "0 another")
        kept = Store(path, notices.append)
        run([exact("x.y", proved)], kept)
        kept.close()
    kept = Store(path, notices.append)
    assert not run([exact("x.y", proved)], kept)[0]["cached"]
    assert "0 another" in notices[0]
    kept.close()


def test_a_full_disk_stops_nothing(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store cannot be written, the run goes on without it, and says so."""
    assert kept._db is not None
    kept._db.execute("PRAGMA max_page_count = 1")  # what SQLite answers then is what it answers on a full disk
    rows = run([exact(f"x.y{i}", proved) for i in range(40)], kept)
    assert {row["status"] for row in rows} == {"proved"}
    assert any("full" in notice for notice in kept.notices)
