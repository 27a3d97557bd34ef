"""The error that every command reports as a message, and messages for other errors."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input or usage: the message names the flag or file; the exit code is 2."""


class SourceError(UsageError):
    """An error in a `.pram` file: the message begins with the file, line and column, and is printed as it is."""


HINT = "(docs/assembly.md describes the language)"


def hint(error: Exception) -> str:
    """For an error in a line of a `.pram` or data file, where the language is described; for any other ""."""
    return HINT if getattr(error, "line", 0) else ""


def reason(error: Exception) -> str:
    """Why a file cannot be read, in words that name it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or repr('')}: {error.strerror}"
    return str(error)


def of_source(error: Exception) -> UsageError:
    """The usage error that an error of a program of the PRAM is, with a hint where it has a place in the program."""
    said = hint(error)
    return SourceError(f"{reason(error)}\n{said}") if said else UsageError(reason(error))


def absent(package: str) -> str:
    """The message that a package is needed and not installed."""
    return f"expected the package {package}, which is not installed (pip install {package})"


def message_of(error: Exception) -> str:
    """An exception in words: its type and message; of a package that is not installed that it is needed."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("efasp"):
        return absent(error.name.partition(".")[0])
    return f"{type(error).__name__}: {error}"
