"""Files that are written whole or not at all, and the folders where the package keeps its own."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

NEW = 0o644  # permissions of a file that was not there


def checkout() -> Path | None:
    """The repository's folder where the package runs from one; None where it is installed."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() else None


def cache_folder() -> Path:
    """``efasp`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``); a place that cannot be, if there is none."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "efasp"
    except RuntimeError:  # no home
        return Path(os.devnull)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of ``path`` when the block ends, and is gone where the block fails.

    A link is followed; an existing file's permissions stay; a device or a pipe is written as it is. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with open(path, "wb") as device:
            yield device
        return
    with _part(path) as (file, target):
        yield file
        file.flush()
        os.chmod(file.name, stat.S_IMODE(target.stat().st_mode) if target.exists() else NEW)
        file.close()  # a failure to write must show before the old file is gone
        os.replace(file.name, target)


def check(path: Path) -> None:
    """Raises OSError where ``replacing`` would fail at once: no folder, a folder itself, no permission."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    with _part(path):
        pass


@contextlib.contextmanager
def _part(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file next to the file that ``path`` is or leads to, and that file; removed unless it was put in its place."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    file = tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".part", delete=False)  # noqa: SIM115
    try:
        with file:
            yield file, target
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)
