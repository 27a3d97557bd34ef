"""``build/pram-kernel``, the semantics of ``theorem/Statement.v`` as a program.

It reads the texts of ``statement_text`` and prints one JSON value a line; ``theorem/pram_kernel.ml`` lists its commands.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from efasp.proofs.rocq.build import RocqError

SECONDS = 600  # for one command


def run(kernel: Path, command: str, *arguments: str, given: str = "") -> list[Any]:
    """What ``pram-kernel`` prints, a value a line; ``given`` is its standard input. Raises RocqError where it refuses."""
    called = [str(kernel), command, *arguments]
    try:
        done = subprocess.run(called, input=given, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise RocqError(f"pram-kernel {command} did not end within {SECONDS} s") from None
    if done.returncode:
        raise RocqError(f"pram-kernel {command}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]
