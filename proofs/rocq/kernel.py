"""``build/pram-kernel``, the semantics of ``theorem/Statement.v`` as a program, and ``build/plan-check``, the check of plans.

They read the texts of ``statement_text`` and print one JSON value a line; ``theorem/pram_kernel.ml`` and
``theorem/plan_check.ml`` list their commands.
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


def accepts(check: Path, word: int, engine: str, extension: str, plan: Path, code: Path | None = None) -> tuple[bool, str]:
    """Whether ``plan-check`` accepts a plan: if so, it runs every PRAM program of the machine (theorem ``accepts_sound``).

    ``plan`` is a file with the text of ``plan_text``; the second value is that text as ``plan-check`` read it, printed back,
    but for the numbers of columns. With ``code``, a file with the text of ``code_text``: whether it accepts the plan as one of
    the program with these instructions (``accepts_one_sound``); then the second value begins with these, printed back. Raises
    RocqError where a file is not such a text.
    """
    command = [str(check), str(word), engine, extension or "none", str(plan), *([] if code is None else [str(code)])]
    answer, _, read = ran(command, Path.cwd(), "plan-check", "", SECONDS).partition("\n")
    return answer == "true", read
