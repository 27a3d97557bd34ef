"""``build/pram-kernel``, the semantics of ``theorem/Statement.v`` as a program, and ``build/plan-check``, the check of plans.

They read the texts of ``statement_text`` and ``definition_text`` and print one JSON value a line; ``theorem/pram_kernel.ml``
lists the commands of the first.
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


def follows(check: Path, definition: Path, plan: Path) -> bool:
    """Whether ``plan-check`` accepts a plan: if so, it computes what the definition defines, on every sequence.

    ``definition`` and ``plan`` are files with the texts of ``definition_text`` and ``plan_text``. Raises RocqError where one is
    not such a text.
    """
    answer: bool = json.loads(ran([str(check), str(definition), str(plan)], Path.cwd(), "plan-check", "", SECONDS))
    return answer


def read_back(check: Path, plan: Path) -> str:
    """A plan as ``plan-check`` reads it, as text: that of ``plan_text`` but for the numbers of columns. Raises RocqError."""
    return ran([str(check), str(plan)], Path.cwd(), "plan-check", "", SECONDS)
