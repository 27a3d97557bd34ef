"""Files that commands write, completely or not at all, and the folder of their temporary files."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations, product
from pathlib import Path
from typing import Any

from efasp.checker.errors import UsageError
from efasp.files import check, replacing

STDIN = Path("-")  # as an option's value: standard input, or standard output
FOLDER, SPOOLED = "efasp-", "standard-input"  # how a temporary folder's name begins, and the weights file in it
INPUTS = {
    "files": "FILE",
    "file": "FILE",
    "data": "--data",
    "weights": "--weights",
    "learned": "--learned",
    "case": "--case",
}  # that are read
SPOOLS = ("weights", "learned")  # of these, weights files
OUTPUTS = {
    "operands": "OUT",
    "output": "-o",
    "out": "--out",
    "export": "--export",
    "html": "--html",
    "json": "--json",
    "pram": "--pram",
    "svg": "--svg",
}  # that are written; of several operands, which come first, the last one


@contextmanager
def inputs(options: argparse.Namespace) -> Iterator[None]:
    """Within, a weights file that is standard input is a temporary file with what was there.

    Raises UsageError where more than one file of a command is standard input, or one that is read would be written, or two are
    written to one path.
    """
    read, written = _named(options, INPUTS), _named(options, OUTPUTS)
    flags = [flag for flag, name in read if name == "-"]
    if len(flags) > 1:
        raise UsageError(f"expected standard input (-) for one file, found it for {len(flags)}: {', '.join(flags)}")
    sources = max(0, len(getattr(options, "operands", [])) - 1)  # operands that are read
    read += [("SOURCE", name) for _, name in written[:sources]]
    written = written[sources:]
    for (flag, target), (where, source) in product(written, read):
        if os.path.isfile(target) and os.path.isfile(source) and os.path.samefile(target, source):
            raise UsageError(f"{flag}: {target}: expected another file than {where}, which is read, found the same")
    for (where, other), (flag, target) in combinations(written, 2):
        if _files(flag, target) & _files(where, other):
            raise UsageError(f"{flag}: {target}: expected another file than {where}, which is written too, found the same")
    spooled = [dest for dest in SPOOLS if getattr(options, dest, None) == STDIN]
    if not spooled:
        yield
        return
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        path = Path(folder) / SPOOLED
        path.write_bytes(sys.stdin.buffer.read())
        setattr(options, spooled[0], path)
        yield


def _files(flag: str, target: str) -> set[str]:
    """The paths of what an option writes: of a folder of pages also the first page; of standard output or a device none."""
    if target == "-" or (os.path.exists(target) and not (os.path.isfile(target) or os.path.isdir(target))):
        return set()
    return {os.path.realpath(one) for one in (target, *([os.path.join(target, "index.html")] if flag == "--html" else []))}


def _named(options: argparse.Namespace, flags: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files that options name, each with its flag; what a command itself calls them is in its default ``called``."""
    called = getattr(options, "called", {})
    given = [(called.get(dest, flag), getattr(options, dest, None)) for dest, flag in flags.items()]
    every = [(flag, one) for flag, value in given for one in (value if isinstance(value, list) else [value])]
    return [(flag, str(one)) for flag, one in every if isinstance(one, str | Path)]


def writes(options: argparse.Namespace) -> bool:
    """Whether a command writes a file: else all of its work is for the reader of standard output."""
    if (always := getattr(options, "writes", None)) is not None:  # of a command that also writes files that nothing names
        return bool(always(options))
    given = [getattr(options, dest, None) for dest in OUTPUTS]
    last = [value[-1] if isinstance(value, list) else value for value in given]
    return any(isinstance(value, str | Path) and str(value) != "-" for value in last)


def display_path(path: Path) -> Path:
    """The name under which a report shows a file: ``-`` for a weights file that was standard input."""
    return STDIN if path.name == SPOOLED and path.parent.name.startswith(FOLDER) else path


def unreadable_weights(path: Path, error: Exception, flag: str = "--weights") -> UsageError:
    """The usage error that a weights file which cannot be read is, by the name under which a report shows the file."""
    said = f"{error.filename or path}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
    return UsageError(f"{flag}: {said.replace(str(path), str(display_path(path)))}")


def writable(flag: str, path: Path, folder: bool = False) -> None:
    """Raises UsageError, before the work, where ``write`` would fail after it. ``folder``: made if it is not there."""
    if path == STDIN:
        if folder:
            raise UsageError(f"{flag}: expected a folder, found -, which is standard output")
        return
    try:
        if folder:
            path.mkdir(parents=True, exist_ok=True)
        check(path / "index.html" if folder else path)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{flag}: {path}: expected a folder, found something else on its path") from None
    except OSError as error:
        raise UsageError(f"{flag}: {path}: {error.strerror}") from None


def beside_json(flag: str, path: Path | None, as_json: bool) -> None:
    """Raises UsageError where a command's file and its report as JSON would both be on standard output."""
    if as_json and path == STDIN:
        raise UsageError(f"{flag}: expected a file, as --json is on standard output, found -")


def wrote(path: Path) -> None:
    """Say on standard error that a file was written, where it was not standard output."""
    if path != STDIN:
        print(f"efasp: wrote {path}", file=sys.stderr)


def put(path: Path, data: bytes) -> None:
    """Write a whole file or none, or to standard output. Raises OSError."""
    if path == STDIN:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with replacing(path) as file:
        file.write(data)


def put_output(path: Path, data: bytes) -> None:
    """``put`` the file of ``-o``. Raises UsageError, and BrokenPipeError where the reader of standard output has gone."""
    try:
        put(path, data)
    except BrokenPipeError:
        raise  # which is not a failure
    except OSError as error:
        raise UsageError(f"-o: {path}: {error.strerror}") from None


def write(path: Path, text: str, flag: str) -> None:
    """Write a whole file or none (a device is written as it is; ``-`` is standard output). Raises UsageError."""
    if path == STDIN:
        print(text, end="")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, text.encode("utf-8", "backslashreplace"))  # a file's name may be no UTF-8
    except OSError as error:
        raise UsageError(f"{flag}: {path}: {error.strerror}") from None


@contextmanager
def temporary_folder() -> Iterator[None]:
    """The temporary files of this process and of those that it starts lie in one folder, which is gone at the end, however
    these processes end."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    try:
        made = tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True)
    except OSError:  # there is room for none: what needs one says so
        yield
        return
    with made as folder:
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
    if target is not None:
        writable("--json", Path(target))


def json_written(target: str | None, report: Any) -> bool:
    """Write a report where it is wanted; whether that was standard output, on which nothing else may stand then."""
    if target is not None:
        write(Path(target), json.dumps(report, indent=1) + "\n", "--json")
        wrote(Path(target))
    return target == "-"
