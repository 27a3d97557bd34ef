"""Programs that are extracted from Rocq theories, built when a command needs them, with a message on standard error."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from efasp.checker.terminal import Show, lines
from efasp.proofs.rocq.build import CHECKERS, programs


def built(names: Collection[str] = CHECKERS) -> dict[str, Path]:
    """The programs by name; where theories have to be compiled first, how many, and now and then how far that is.

    Raises RocqError.
    """
    show: Show | None = None

    def on_file(done: int, count: int) -> None:
        nonlocal show
        if show is None:
            said = f"building {', '.join(names)} with Rocq, {count} theories: a minute or two on an idle core, once"
            print(f"efasp: {said}", file=sys.stderr, flush=True)
            show = lines("theories", count)
        show(done)

    return programs(names, on_file=on_file)
