"""Passes over cells in numpy, and from some pass on by compiled code where numba is installed."""

from __future__ import annotations

from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from efasp.model.indexed.cells import Cells

if TYPE_CHECKING:
    from efasp.model.indexed.compiled import Kernel

COMPILED = 256  # from this pass on the kernel is used, where it is compiled: loading it, too, takes time


@cache
def usable() -> bool:
    """Whether numba is installed, and loads: without it the kernel would be far slower than numpy."""
    spec = find_spec("numba")
    if spec is None or spec.origin is None:  # a mere folder of that name has no origin
        return False
    from efasp.model.indexed.kernel.jit import COMPILES

    return COMPILES


class Passes(Cells):
    """``Cells``, of which the kernel computes the later passes, with the same numbers."""

    def through(self, rows: np.ndarray) -> np.ndarray:
        """As of ``Cells``."""
        return self.kernel.step(rows) if self.passes >= COMPILED and usable() else super().through(rows)

    @cached_property
    def kernel(self) -> Kernel:
        """The compiled kernel that computes the passes from the present one on."""
        from efasp.model.indexed.compiled import Kernel

        return Kernel(self)
