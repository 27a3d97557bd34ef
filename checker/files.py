"""Files that commands write: whole or not at all."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checker.commands import UsageError


def writable(options: argparse.Namespace) -> None:
    """Raises UsageError, before anything is settled, where a report could not be written after it."""
    targets = [("--json", Path(options.json))] if options.json not in (None, "-") else []
    targets += [("--html", options.html / "index.html")] if options.html is not None else []
    for flag, path in targets:
        try:
            if flag == "--html":
                path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise UsageError(f"{flag}: {path}: is a directory")
            with _part(path) if not path.exists() or path.is_file() else open(path, "a", encoding="utf-8"):
                pass
        except OSError as error:
            raise UsageError(f"{flag}: {path}: {error.strerror}") from None


def write(path: Path, text: str, flag: str) -> None:
    """Write a whole file or none (a device is written as it is). Raises UsageError."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part(path) as file:
            file.write(text)
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
    except OSError as error:
        raise UsageError(f"{flag}: {path}: {error.strerror}") from None


@contextlib.contextmanager
def _part(path: Path) -> Iterator[Any]:
    """A new file beside ``path``, which is removed unless it was put in its place."""
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 (closed below, and renamed meanwhile)
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    )
    try:
        with file:
            yield file
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)
