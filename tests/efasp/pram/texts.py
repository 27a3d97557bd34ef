"""What the tests of texts share: a program that uses every directive, letters that no text has, and a refusal's error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from efasp.pram.assembler import (
    AssemblyError,
)

SAMPLE = """\
; the sum of eight words
.word 16
.processors 4
.memory 64
.policy crew
.equ BASE 8        # a constant
.equ LAST BASE
.data BASE: 3 1 4 -1 0x5 0b11 BASE start
start:  pid r1
        ld  r2, [r1 + BASE]
loop:   add r2, r2, -1
        shl r3, r2, 2
        st  r2, [r1 - LAST]
        jnz r2, loop
        halt
"""


def refused(make: Callable[[], object]) -> AssemblyError:
    """The AssemblyError that ``make`` raises."""
    with pytest.raises(AssemblyError) as caught:
        make()
    return caught.value


ODD = ["\0", "é", "\ud800", "\u2028", "٣"]
