"""The run that a report describes: its command and options, the weights file that was checked, the commit and the date."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from efasp.checker.files import display_path
from efasp.checker.options import RunOptions
from efasp.files import checkout
from efasp.proofs.obligation import Machine


class GivenWeights(TypedDict):
    """A weights file that was checked, with its machine."""

    file: str
    sha256: str
    word: int
    engine: str
    extension: str


class Provenance(TypedDict):
    """The run that a report is of, as JSON holds it. ``options``: those of RunOptions; ``date``: in UTC."""

    command: str
    options: dict[str, Any]
    weights: GivenWeights | None
    commit: str | None
    date: str


def command(name: str, options: RunOptions, more: Sequence[str] = ()) -> str:
    """The command line that asks for these options; those with their defaults are left out."""
    parts = ["efasp", name]
    for field in fields(options):
        value = getattr(options, field.name)
        if value == field.default:
            continue
        value = _plain(value)
        listed = [] if value is True else map(str, value) if isinstance(value, list) else [str(value)]
        parts += [f"--{field.name.replace('_', '-')}", *listed]
    return shlex.join([*parts, *more])


def provenance(name: str, options: RunOptions, machine: Machine | None, digest: str) -> Provenance:
    """What the report says of its run, as JSON holds it. ``machine``, ``digest``: those of the weights file, where there is
    one."""
    weights: GivenWeights | None = None
    if machine is not None:
        weights = {
            "file": _plain(options.weights),
            "sha256": digest,
            "word": machine.word,
            "engine": machine.engine,
            "extension": machine.extension,
        }
    given = {field.name: _plain(getattr(options, field.name)) for field in fields(options)}
    return {
        "command": command(name, options),
        "options": given,
        "weights": weights,
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _plain(value: Any) -> Any:
    """An option as JSON holds it."""
    return str(display_path(value)) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


@cache
def commit() -> str | None:
    """The commit that the package runs from, with ``+`` where files are changed; None where that is not known."""
    root = checkout()
    try:
        outputs = [_git(root, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain"))] if root else [""]
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{outputs[0].strip()}{'+' if outputs[1].strip() else ''}" if outputs[0] else None


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10).stdout
