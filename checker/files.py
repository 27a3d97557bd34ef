"""Files that commands write: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from checker.commands import UsageError
from efasp.files import check, replacing


def writable(flag: str, path: Path, folder: bool = False) -> None:
    """Raises UsageError, before the work, where ``write`` would fail after it. ``folder``: made if it is not there."""
    try:
        if folder:
            path.mkdir(parents=True, exist_ok=True)
        check(path / "index.html" if folder else path)
    except OSError as error:
        raise UsageError(f"{flag}: {path}: {error.strerror}") from None


def write(path: Path, text: str, flag: str) -> None:
    """Write a whole file or none (a device is written as it is). Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))  # a file's name may be no UTF-8
    except OSError as error:
        raise UsageError(f"{flag}: {path}: {error.strerror}") from None
