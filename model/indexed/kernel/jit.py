"""Functions over arrays that numba compiles where it is installed, and Python runs as they are where it is not.

Compiled code is cached in the user's cache folder, under a name made of the text of all that is compiled: numba itself looks
at a function's own file alone, and would go on with rules that have been changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from efasp.files import cache_folder

try:
    from numba import config, njit
except ImportError:  # also of a mere folder of that name
    config = njit = None

COMPILES = njit is not None
Function = TypeVar("Function", bound=Callable[..., object])


def folder() -> Path:
    """The folder in which compiled code is cached, named by the hash of the sources that it is made of."""
    here = Path(__file__).parent
    text = b"".join(path.read_bytes() for path in sorted([*here.parent.glob("*.py"), *here.glob("*.py")]))
    return cache_folder() / "kernel" / hashlib.sha256(text).hexdigest()[:16]


def jit(function: Function) -> Function:
    """The function compiled, or itself without numba."""
    if njit is None:
        return function
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder())
    try:
        compiled: Function = njit(cache=True)(function)
    except RuntimeError:  # there is no place for a cache
        compiled = njit(function)
    finally:
        config.CACHE_DIR = before
    return compiled
