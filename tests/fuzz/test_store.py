"""Hostile stores: damaged, forged, foreign; obstacles in place of one. Verdicts never change, and no file is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efasp.checker import store
from efasp.checker.results import is_listing, is_verdict
from efasp.checker.store import Store, digest
from tests.checker.obligations import exact, proved, run, script

HERE = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
STATUSES = ["proved", "refuted", "proved"]


def rows(path: Path | None) -> tuple[list[dict[str, Any]], list[str]]:
    """A run of three obligations with a store, and the notices."""
    notices: list[str] = []
    kept = Store(path, notices.append)
    found = run([exact("x.a", proved), script("x.false", "(< y x)"), script("x.true", "(< x y)")], kept)
    kept.close()
    assert [row["status"] for row in found] == STATUSES
    return found, notices


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a store of a finished run."""
    path = tmp_path_factory.mktemp("good") / "s.sqlite"
    assert rows(path)[1] == [] and all(row["cached"] for row in rows(path)[0])
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    return path.read_bytes()


@HERE
@given(data=st.data())
def test_damage(good: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A store cut short, or with changed bytes: the same verdicts; a file that is no longer a store stays next to it."""
    path = tmp_path_factory.mktemp("damage") / "s.sqlite"
    content = bytearray(good)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(1, len(good) - 1)) :]
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
        content[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    path.write_bytes(content)
    rows(path)
    _, notices = rows(path)
    assert not notices  # the first run has put it right


def test_damage_that_sqlite_quotes(good: bytes, tmp_path: Path) -> None:
    """Where SQLite's own message holds bytes that are not text, the store is set aside like any other that is broken."""
    path, notices = tmp_path / "s.sqlite", list[str]()
    path.write_bytes(good.replace(b"CREATE TABLE", b"CREATE \x80ABLE"))
    Store(path, notices.append).close()
    assert len(notices) == 1 and "set aside" in notices[0]
    assert rows(path)[1] == []


def test_set_aside_is_never_overwritten(tmp_path: Path) -> None:
    """Each broken file is kept under a name of its own, through a link too."""
    path, link = tmp_path / "s.sqlite", tmp_path / "link"
    link.symlink_to(path)
    for content in (b"first" * 999, b"second" * 999):
        path.write_bytes(content)
        notices: list[str] = []
        Store(link, notices.append).close()
        assert "set aside" in notices[0] and link.is_symlink()
    for name, content in (("s.sqlite.set-aside", b"first" * 999), ("s.sqlite.set-aside-2", b"second" * 999)):
        assert (tmp_path / name).read_bytes() == content


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """It is not written to: what it holds, its log included, is set aside whole."""
    path = tmp_path / "s.sqlite"
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("CREATE TABLE letters (text)")
    other.execute("INSERT INTO letters VALUES ('dear')")
    other.commit()
    assert path.with_name("s.sqlite-wal").stat().st_size
    _, notices = rows(path)  # while the other program is still there
    assert "no store of verdicts" in notices[0]
    with sqlite3.connect(tmp_path / "s.sqlite.set-aside") as db:
        assert db.execute("SELECT text FROM letters").fetchall() == [("dear",)]
    other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE entries",
        "DROP TABLE meta",
        "DELETE FROM meta",
        "ALTER TABLE entries ADD COLUMN more",
        "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END",
        "CREATE VIEW v AS SELECT 1",
        "UPDATE meta SET value = x'ff'",
        "UPDATE meta SET value = '99 9.9'",
    ],
)
def test_another_schema(good: bytes, tmp_path: Path, statement: str) -> None:
    """A store with other tables, or of another version, is set aside."""
    path = tmp_path / "s.sqlite"
    path.write_bytes(good)
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    found, notices = rows(path)
    assert not any(row["cached"] for row in found) and "set aside" in notices[0]
    assert not rows(path)[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["proved", "unknown"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["status", "method", "seconds", "n"]), inner),
    max_leaves=5,
)
ODD = ["", "{", "NaN", "[" * 9999, "9" * 9999, '{"a":' * 9999, b"\xff", 7, 1.5, b""]


@HERE
@given(value=st.sampled_from(ODD) | JSON.map(json.dumps), with_seal=st.booleans())
def test_forged_entries(good: bytes, tmp_path_factory: pytest.TempPathFactory, value: Any, with_seal: bool) -> None:
    """Entries of any value, with a seal that fits or not, are not verdicts."""
    path = tmp_path_factory.mktemp("forged") / "s.sqlite"
    path.write_bytes(good)
    with sqlite3.connect(path) as db:
        for (key,) in db.execute("SELECT key FROM entries").fetchall():
            seal = digest(key, value) if with_seal else "0"
            db.execute("UPDATE entries SET value = ?, seal = ? WHERE key = ?", (value, seal, key))
        db.execute("UPDATE texts SET text = ?", (value,))
    db.close()
    found, _ = rows(path)
    assert not any(row["cached"] for row in found)


def test_what_an_entry_must_be() -> None:
    """A verdict and a listing as the store keeps them; each key missing, more, or of another type, is none."""
    verdict = {"status": "proved", "method": "z3", "countermodel": None, "seconds": 0.5, "run": "1"}
    known = {"id": "a[]", "lemma": "a", "params": {}, "scope": "all n", "n": [1, 2], "hash": "0", "claim": "F", "kind": "smt"}
    cited = {"assumes": ["b: part"], "concludes": [], "assumed": []}
    row = {**known, **cited, "status": "proved", "method": "z3", "countermodel": None, "seconds": 0, "cached": False}
    assert is_verdict(verdict) and is_listing([row])
    for good_one, check in ((verdict, is_verdict), (row, lambda value: is_listing([value]))):
        assert not check({**good_one, "more": 1})
        for key in good_one:
            assert not check({k: v for k, v in good_one.items() if k != key})
            assert key == "countermodel" or not check({**good_one, key: None})
        for status in ("unknown", "timeout", "error", "Proved"):
            assert not check({**good_one, "status": status})
    for key in cited:
        assert not is_listing([{**row, key: [1]}]) and not is_listing([{**row, key: "b"}])
        assert not check({**good_one, "seconds": -1}) and not check({**good_one, "seconds": float("inf")})
    assert not is_listing([]) and not is_listing([{**row, "n": [1]}]) and not is_listing([{**row, "n": [True, 2]}])


@pytest.mark.parametrize(
    "content", [b"", b"x", "text", 5, zlib.compress(b"\xff"), zlib.compress(b"0" * (1 << 26))], ids=range(6)
)
def test_texts_that_are_none(good: bytes, tmp_path: Path, content: Any) -> None:
    """A stored text that is not a compressed text is None, and one that grows without bound is cut."""
    path = tmp_path / "s.sqlite"
    path.write_bytes(good)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE texts SET text = ?", (content,))
        (hash_,) = db.execute("SELECT hash FROM texts").fetchone()
    db.close()
    kept = Store(path, print)
    assert len(kept.text(hash_) or "") < 1 << 20
    kept.close()


@pytest.mark.parametrize("what", ["folder", "pipe", "under a file", "/dev/full", "/proc/nothing", "loop"])
def test_what_is_in_the_way(tmp_path: Path, what: str) -> None:
    """A path where no store can be: the run keeps its verdicts to itself, says so, and the thing stays what it was."""
    path = Path(what) if what.startswith("/") else tmp_path / "s.sqlite"
    if what == "folder":
        (path / "file").mkdir(parents=True)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "under a file":
        path.write_text("kept")
        path = path / "s.sqlite"
    elif what == "loop":
        path.symlink_to(path)
    before = sorted(tmp_path.rglob("*")), path.exists() and path.stat().st_mode
    _, notices = rows(path)
    assert "cannot be used" in notices[0]
    assert before == (sorted(tmp_path.rglob("*")), path.exists() and path.stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(good: bytes, tmp_path: Path) -> None:
    """A store that cannot be written is not used."""
    (tmp_path / "s.sqlite").write_bytes(good)
    tmp_path.chmod(0o555)
    try:
        _, notices = rows(tmp_path / "s.sqlite")
    finally:
        tmp_path.chmod(0o755)
    assert "cannot be used" in notices[0] and (tmp_path / "s.sqlite").read_bytes() == good


def test_verdicts_rest_on_every_source_that_decides_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules, programs, theories and what is compiled with their extraction; not other files, nor the packages left out."""
    monkeypatch.setattr(store, "__file__", str(tmp_path / "checker" / "store.py"))
    (tmp_path / "checker").mkdir()
    seen = [store.sources.__wrapped__()]
    for name in ("a.py", "a.pram", "a.v", "a.ml"):
        (tmp_path / "checker" / name).write_text("1")
        seen.append(store.sources.__wrapped__())
    assert len(set(seen)) == len(seen)
    (tmp_path / "checker" / "a.txt").write_text("1")
    (tmp_path / "paper_artifacts").mkdir()
    (tmp_path / "paper_artifacts" / "a.py").write_text("1")
    assert store.sources.__wrapped__() == seen[-1]
