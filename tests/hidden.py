"""``python -m tests.hidden COMMAND ...`` runs a command on a machine without the optional programs: ``PATH`` lacks them.

They lie in folders with everything else, so ``PATH`` becomes one folder with a link to every other program. The exit status is
the command's; 2 where nothing is given to run, or where an optional program is still found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.optional import PROGRAMS, is_optional


def linked(folder: Path, path: str) -> None:
    """A link in ``folder`` to every program on ``path`` but the optional ones; of two of one name the first."""
    for place in filter(os.path.isdir, path.split(os.pathsep)):
        for program in sorted(Path(place).iterdir()):
            link = folder / program.name
            if not is_optional(program.name) and not link.is_symlink():
                link.symlink_to(program.absolute())


def main(command: Sequence[str]) -> int:
    """Run the command; its exit status."""
    if not command:
        print("tests.hidden: expected a command to run, found none", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="efasp-hidden-") as name:
        linked(Path(name), os.environ["PATH"])
        seen = [known for names in PROGRAMS.values() for known in names if shutil.which(known, path=name)]
        if seen:
            print(f"tests.hidden: expected a PATH without optional programs, found {', '.join(seen)} on it", file=sys.stderr)
            return 2
        return subprocess.run(command, env={**os.environ, "PATH": name}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
