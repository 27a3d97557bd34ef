"""The access policies: which programs breach each, and the first breach."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.machine import POLICIES, Program, Violation
from tests.efasp.pram.strategies import programs
from tests.efasp.pram.test_machine import LIMIT


@given(programs(policies=("erew",)))
def test_policies_are_ordered(program: Program) -> None:
    """A run that is legal under EREW is under CREW, Common and Priority, and is the same run."""
    runs = [machine.run(dataclasses.replace(program, policy=policy), LIMIT) for policy in POLICIES]
    assert POLICIES == ("erew", "crew", "common", "priority")
    for strict, lax in pairwise(runs):
        if strict.violation is None:
            assert (lax.violation, lax.configuration, lax.steps) == (None, strict.configuration, strict.steps)
        else:
            assert lax.violation is None or lax.violation.step >= strict.violation.step


READ = "pid r1\nld r2, [3]\nhalt"


SAME = "mov r1, 4\nst r1, [3]\nhalt"


OTHER = "pid r1\nst r1, [3]\nhalt"


APART = "pid r1\nld r2, [r1]\nst r2, [r1]\nhalt"


MIXED = "pid r1\njz r1, w\nld r2, [3]\nhalt\nw: st r1, [3]\nhalt"


OUTSIDE = "ld r1, [70]\nhalt"


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        (APART, POLICIES),
        (MIXED, POLICIES),
        (OUTSIDE, POLICIES),
        (READ, ("crew", "common", "priority")),
        (SAME, ("common", "priority")),
        (OTHER, ("priority",)),
    ],
    ids=["apart", "mixed", "outside", "read", "same", "other"],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_policies(text: str, legal: tuple[str, ...], policy: str) -> None:
    """What each policy allows: one cell read, written with one value, written with several, or by nobody else.

    With two processors, MIXED reads and writes one cell in the same step; an access that faults (OUTSIDE) is none.
    """
    result = machine.run(assemble(text, policy=policy, processors=2))
    assert (result.violation is None) == (policy in legal)
    if result.violation is not None:
        assert (result.violation.address, result.violation.step, result.violation.processors) == (3, 2, (0, 1))
        assert result.violation.policy == policy and result.violation.access == ("read" if text == READ else "write")
        assert result.steps == 1 and result.configuration.pc == (1, 1) and machine.exit_code(result) == 4


def test_first_violation() -> None:
    """Of several breaches in a step the reads come first, then the lowest address, and all that take part are named."""
    code = "jmp 1\nld r1, [r2]\nst r1, [r2]"
    program = assemble(code, processors=8, policy="erew")
    places = [(1, 6), (1, 6), (1, 4), (2, 1), (2, 1), (1, 4), (2, 9), (1, 4)]
    start = dataclasses.replace(
        machine.initial(program),
        pc=tuple(pc for pc, _ in places),
        registers=tuple((0, 0, address, 0, 0, 0, 0, 0) for _, address in places),
    )
    assert machine.violation(program, start, 12) == Violation("erew", "read", 4, 12, (2, 5, 7))
    crew = dataclasses.replace(program, policy="crew")
    assert machine.violation(crew, start, 3) == Violation("crew", "write", 1, 3, (3, 4))
    assert machine.violation(dataclasses.replace(program, policy="common"), start, 3) is None
