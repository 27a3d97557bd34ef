"""The end of a run: its limit of steps, its trace, its report and its exit code."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.machine import Program, Run
from tests.efasp.pram.strategies import programs
from tests.efasp.pram.test_machine import LIMIT
from tests.efasp.pram.test_policies import OTHER


def test_max_steps() -> None:
    """The limit ends a run, without a look at the step that it cuts off; one that stops just in time has finished."""
    loop = assemble("add r1, r1, 1\njmp 0")
    assert machine.run(loop, 0).configuration == machine.initial(loop)
    assert [machine.run(loop, limit).steps for limit in (0, 1, 7)] == [0, 1, 7]
    assert machine.run(loop).steps == 10_000 and machine.exit_code(machine.run(loop)) == 5
    ends = assemble("mov r1, 1\nhalt")
    assert [machine.run(ends, limit).finished for limit in (0, 1, 2, 3)] == [False, False, True, True]
    assert machine.run(assemble(OTHER, policy="erew", processors=2), 1).violation is None
    with pytest.raises(ValueError, match="max_steps: expected 0 or more, found -1"):
        machine.run(loop, -1)


def test_unfinished_outweighs_faults() -> None:
    """A run that the limit ended has exit code 5 even if a processor has faulted in it."""
    result = machine.run(assemble("pid r1\njz r1, 0\nld r2, [99]", processors=2), 20)
    assert len(result.faults) == 1 and not result.finished and machine.exit_code(result) == 5


def test_trace() -> None:
    """The trace has one configuration more than the run has steps, and ends where it does; it may be without end."""
    program = assemble("mov r1, 3\nl: sub r1, r1, 1\njnz r1, l\nhalt")
    states = list(machine.trace(program))
    result = machine.run(program)
    assert (len(states), states[0], states[-1]) == (9, machine.initial(program), result.configuration)
    assert len(list(islice(machine.trace(assemble("jmp 0")), 50))) == 50


KEYS = [
    "file", "engine", "word", "processors", "steps", "decode_steps", "context_length", "halted", "faults", "memory",
    "registers", "pc", "model",
]  # fmt: skip


def test_report() -> None:
    """The report has the documented keys in their order and JSON values only; halted is for all halted without fault."""
    report = machine.report(machine.run(assemble("pid r1\nst r1, [r1]\nhalt", processors=2, memory=3)), "a.pram")
    assert list(report) == KEYS and json.loads(json.dumps(report)) == report
    assert report == {
        "file": "a.pram", "engine": "reference", "word": 16, "processors": 2, "steps": 3, "decode_steps": None,
        "context_length": None, "halted": True, "faults": [], "memory": [0, 1, 0], "pc": [2, 2], "model": None,
        "registers": [[0] * 8, [0, 1, 0, 0, 0, 0, 0, 0]],
    }  # fmt: skip
    faulty = machine.report(machine.run(assemble("jz r1, 9")), "b.pram")
    assert not faulty["halted"] and faulty["faults"] == [{"pid": 0, "step": 2, "pc": 9, "reason": "pc"}]
    assert not machine.report(machine.run(assemble("jmp 0"), 5), "c.pram")["halted"]


def test_report_of_a_violation() -> None:
    """A violation is reported by a last key, with its policy, access, address, step and processors."""
    report = machine.report(machine.run(assemble(OTHER, policy="crew", processors=3)), "a.pram")
    assert list(report) == [*KEYS, "violation"] and not report["halted"]
    expected = {"policy": "crew", "access": "write", "address": 3, "step": 2, "processors": [0, 1, 2]}
    assert report["violation"] == expected and json.loads(json.dumps(report)) == report


@given(programs())
def test_reports_agree_with_exit_codes(program: Program) -> None:
    """Exit code 0 goes with halted, 4 with a fault or a violation, 5 with neither having ended the run."""
    result = machine.run(program, LIMIT)
    report, code = machine.report(result, "p"), machine.exit_code(result)
    assert report["halted"] == (code == 0)
    assert (code == 5) == (result.steps == LIMIT and "running" in result.configuration.status and not result.violation)
    assert (code == 4) == (("violation" in report) or bool(report["faults"] and code != 5))


def test_other_engines_are_reported() -> None:
    """What an engine adds to a run stands in its report."""
    base = machine.run(assemble("halt"))
    transformer: dict[str, object] = {"layers": 5}
    result = Run(base.program, "mdm", 1, base.configuration, True, [], None, 1, 99, transformer)
    report = machine.report(result, "f")
    assert [report[key] for key in ("engine", "decode_steps", "context_length", "model")] == ["mdm", 1, 99, transformer]
