"""Files that commands write: whole or not at all; and the folder of those that they need for a while."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from efasp.checker.errors import UsageError
from efasp.files import check, replacing


def writable(flag: str, path: Path, folder: bool = False) -> None:
    """Raises UsageError, before the work, where ``write`` would fail after it. ``folder``: made if it is not there."""
    try:
        if folder:
            path.mkdir(parents=True, exist_ok=True)
        check(path / "index.html" if folder else path)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{flag}: {path}: expected a folder, found something else on its path") from None
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


@contextmanager
def temporary_folder() -> Iterator[None]:
    """The temporary files of this process and of those that it starts lie in one folder, which is gone at the end, however
    these processes end."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="efasp-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            tempfile.tempdir = before
            if variable is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = variable


def json_writable(target: str | None) -> None:
    """Raises UsageError, before the work, where a report cannot be written (``-`` is standard output)."""
    if target not in (None, "-"):
        writable("--json", Path(target))


def json_written(target: str | None, report: Any) -> bool:
    """Write a report where it is wanted; whether that was standard output, on which nothing else may stand then."""
    if target is not None:
        text = json.dumps(report, indent=1)
        if target == "-":
            print(text)
            return True
        write(Path(target), text + "\n", "--json")
    return False
