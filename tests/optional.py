"""Programs that tests may ask for and users need not have, and where they are."""

from __future__ import annotations

import shutil
from pathlib import PurePath

# By the name that a test's mark gives, the names under which the program is looked for.
PROGRAMS = {
    "coqc": ("coqc",),
    "ocamlopt": ("ocamlopt",),
    "cadical": ("cadical",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
FAMILIES = ("coq", "rocq", "ocaml", "cadical", "chromium", "google-chrome")  # how the names of these programs begin


def path_of(name: str) -> str | None:
    """The path of a program of ``PROGRAMS``, or None."""
    return next((path for known in PROGRAMS[name] if (path := shutil.which(known))), None)


def is_optional(program: str) -> bool:
    """Whether a name, or a path, is that of an optional program."""
    return PurePath(program).name.startswith(FAMILIES)
