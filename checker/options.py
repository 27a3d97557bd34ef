"""The options of a run of the checker, typed: those of `efasp check`, with the defaults that the parser shows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """The options of a run, each under its name on the command line.

    ``n_max``: the bound (None: 64, or all of a weights file's words); ``lemma``: globs (None or none: every
    lemma); ``weights``: the file whose transformer is checked (None: compiled ones); ``jobs``: worker processes (None: one a
    core); ``cluster``: the Dask cluster that does the work (None: processes of this machine); ``timeout``: seconds an
    obligation; ``memory``: MiB a worker; ``kernel``: with the obligations of family kernel; ``mutants``: also run the mutants,
    and with ``twins`` each once more; ``changes``: how many single-weight changes of a weights file ``mutants`` tries;
    ``json``: where the report goes (``-``: standard output).
    """

    n_max: int | None = None
    lemma: Sequence[str] | None = None
    weights: Path | None = None
    jobs: int | None = None
    cluster: str | None = None
    timeout: float = 60.0
    memory: int = 4096
    solver: Sequence[str] | None = None
    no_cache: bool = False
    kernel: bool = False
    mutants: bool = False
    twins: bool = False
    changes: int = 130
    json: str | None = None

    @property
    def with_mutants(self) -> bool:
        """Whether mutants are run, which ``twins`` asks for too."""
        return self.mutants or self.twins

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> RunOptions:
        """The options that a command has, as parsed; the others have their defaults."""
        return cls(**{field.name: getattr(parsed, field.name) for field in fields(cls) if hasattr(parsed, field.name)})
