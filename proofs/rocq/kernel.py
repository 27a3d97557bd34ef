"""``build/pram-kernel``, the semantics of ``theorem/Statement.v`` as a program.

It reads the texts of ``statement_text`` and prints one JSON value a line; ``theorem/pram_kernel.ml`` lists its commands.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from efasp.proofs.rocq.build import ran

SECONDS = 600  # for one command


def run(kernel: Path, command: str, *arguments: str, given: str = "") -> list[Any]:
    """The values that ``pram-kernel`` prints, one a line; ``given`` is its standard input. Raises RocqError if it refuses."""
    printed = ran([str(kernel), command, *arguments], Path.cwd(), f"pram-kernel {command}", given, SECONDS)
    return [json.loads(line) for line in printed.splitlines()]
