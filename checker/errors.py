"""The error that every command reports by itself."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input or usage: the message names the flag or file; the exit code is 2."""
