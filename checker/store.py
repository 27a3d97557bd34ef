"""The store of verdicts: SQLite, written only by the process that runs the check, one transaction a discharged obligation.

A verdict is found again by everything that it rests on: its text, the solvers and their versions, the budget; a verdict that is
not about an SMT script, and every countermodel, rests on the sources too. Each entry carries a seal (a digest of key and
value): one that does not match is not believed. A seal finds damage; it is not a signature: who can write the file can forge
it, and ``--no-cache`` uses no entry. Only discharged obligations are stored. A store of another version, or a broken file, is
set aside, whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

from efasp import __version__
from efasp.checker.results import DECIDED, Row
from efasp.files import cache_folder

SCHEMA = 2  # raise it when a verdict would be found otherwise by the same solvers
TEXT_LIMIT = 1 << 16  # characters of an obligation's text that are stored for the HTML report
TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE texts (hash TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID",
)
ENDINGS = ("-wal", "-journal", "-shm", "")  # of a database's files; the database last: without it nothing reads the others


def default_path() -> Path:
    """``$EFASP_STORE``, or ``checks.sqlite`` in the package's cache folder."""
    chosen = os.environ.get("EFASP_STORE")
    return Path(chosen) if chosen else cache_folder() / "checks.sqlite"


def digest(*parts: object) -> str:
    """SHA-256 of a list of values, with their boundaries."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


@cache
def sources(without: tuple[str, ...] = ("paper_artifacts",)) -> str:
    """A digest of the package's sources, but for those of some of its packages, and of the versions that they rest on."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for folder, below, files in os.walk(root, followlinks=True):
        below[:] = sorted(name for name in below if Path(folder, name).relative_to(root).as_posix() not in without)
        for path in sorted(Path(folder, name) for name in files):
            if path.suffix in (".py", ".pram", ".v", ".ml"):
                digest.update(f"{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for name in ("numpy", "sympy", "torch"):
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}\n".encode())
    digest.update(f"{platform.python_version()} {platform.machine()}".encode())
    return digest.hexdigest()


def stamp() -> str:
    """The version that a store must have for its verdicts to be used."""
    return f"{SCHEMA} {__version__}"


FAILS = (sqlite3.Error, UnicodeDecodeError)  # the latter where SQLite's message quotes bytes that are not text


class Store:
    """Verdicts by key. ``notice`` is given messages for the user; nothing here stops a run.

    ``path`` None: a file of this run alone, which is gone after it.
    """

    def __init__(self, path: Path | None, notice: Callable[[str], None]) -> None:
        self.notice = notice
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._db: sqlite3.Connection | None = None
        self._path = Path(os.path.realpath(path)) if path is not None else None  # SQLite writes its log next to the file itself
        try:
            self._db = self._open(self._path) if self._path is not None else None
        except (OSError, sqlite3.Error) as error:
            notice(f"{path}: the store cannot be used ({error}); this run keeps its verdicts to itself")
        if self._db is None:
            try:
                self._folder = tempfile.TemporaryDirectory(prefix="efasp-")
                self._path = Path(self._folder.name) / "checks.sqlite"
                self._db = self._open(self._path)
            except (OSError, sqlite3.Error) as error:
                notice(f"no temporary store ({error}); equal texts are discharged each time")

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "expected a file, found something else")
        try:
            return self._connect(path)
        except (_Foreign, sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _broken(error):
                raise
            return self._anew(path, error)

    def _anew(self, path: Path, error: Exception) -> sqlite3.Connection:
        """A new store in the place of a file that is not one; the file stays next to it, under a name that was free."""
        names = (f"{path.name}.set-aside{f'-{i}' if i > 1 else ''}" for i in count(1))
        free = next(name for name in names if not any(path.with_name(name + ending).exists() for ending in ENDINGS))
        for ending in ENDINGS:
            with contextlib.suppress(FileNotFoundError):
                os.rename(path.with_name(path.name + ending), path.with_name(free + ending))
        self.notice(f"{path}: {error}; set aside as {free}, a new store begins")
        return self._connect(path)

    def _connect(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=20, isolation_level=None)
        try:
            _ours(db)  # before anything is written to it
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")  # also shows that the place can be written
            if not _ours(db):
                for statement in TABLES:
                    db.execute(statement)
                db.execute("INSERT INTO meta VALUES ('stamp', ?)", (stamp(),))
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def get(self, key: str, whole: Callable[[Any], bool] = lambda value: True) -> Any:
        """The value under a key, or None; an entry whose seal is broken, or whose value is not ``whole``, counts as absent."""
        rows = self._run("SELECT value, seal FROM entries WHERE key = ?", (key,))
        if not rows or not isinstance(rows[0][0], str) or rows[0][1] != digest(key, rows[0][0]):
            return None
        try:
            value = json.loads(rows[0][0], parse_constant=_no_number)
        except (ValueError, RecursionError):
            return None
        return value if whole(value) else None

    def put(self, key: str, value: Any, text: tuple[str, bytes] | None = None) -> None:
        """An entry, with the text that it is about (its hash and the packed text): both or neither."""
        written = json.dumps(value)
        statements: list[tuple[str, tuple[Any, ...]]] = [
            ("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (key, written, digest(key, written)))
        ]
        if text is not None:
            statements.append(("INSERT OR REPLACE INTO texts VALUES (?, ?)", text))
        self._write(statements)

    def put_batch(self, rows: Iterable[Row], key: str) -> None:
        """A finished batch: its rows, if all are discharged."""
        listed = list(rows)
        if listed and all(r["status"] in DECIDED for r in listed):
            self.put(key, listed)

    def text(self, hash_: str) -> str | None:
        """The text of an obligation, if it is stored and whole."""
        rows = self._run("SELECT text FROM texts WHERE hash = ?", (hash_,))
        try:
            unpacked = zlib.decompressobj().decompress(rows[0][0], 8 * TEXT_LIMIT) if rows else None
            return unpacked.decode() if unpacked is not None else None
        except (zlib.error, UnicodeDecodeError, TypeError):
            return None

    def close(self) -> None:
        """Close the database; a temporary one is removed."""
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._folder is not None:
            self._folder.cleanup()

    def _write(self, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
        if self._db is None:
            return
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._db.execute(statement, values)
        except FAILS as error:
            self._give_up(error)

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if self._db is None:
            return []
        try:
            return self._db.execute(statement, values).fetchall()
        except FAILS as error:
            self._give_up(error)
            return []

    def _give_up(self, error: Exception) -> None:
        self.notice(f"the store fails ({error}); the run goes on without it")
        with contextlib.suppress(sqlite3.Error):
            self._db.close()  # type: ignore[union-attr]
        self._db = None
        if _broken(error) and self._path is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                self._db = self._anew(self._path, error)


class _Foreign(Exception):
    """Raised for a database that is not a store of this version."""


def _broken(error: Exception) -> bool:
    """Whether it is the file's own fault, and not that it is locked or unwritable, or the disk full."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return not isinstance(error, sqlite3.OperationalError) or code == sqlite3.SQLITE_ERROR


def _ours(db: sqlite3.Connection) -> bool:
    """Whether a database is a store of this version; False for an empty one. Raises _Foreign for any other."""
    made = sorted(str(sql) for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    if not made:
        return False
    if made != sorted(TABLES):
        raise _Foreign("no store of verdicts")
    stored = db.execute("SELECT value FROM meta WHERE name = 'stamp'").fetchone()
    if stored is None or stored[0] != stamp():
        raise _Foreign(f"a store of another version ({stored[0] if stored else 'unknown'}, not {stamp()})")
    return True


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def pack(content: str) -> bytes:
    """A text in the form of the store: its first ``TEXT_LIMIT`` characters, compressed."""
    shown = content if len(content) <= TEXT_LIMIT else f"{content[:TEXT_LIMIT]}\n; ... ({len(content)} characters in all)\n"
    return zlib.compress(shown.encode(), 1)
