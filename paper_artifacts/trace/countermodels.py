"""Countermodels, seen in the trace: the machine and the transformer on the state that refutes an obligation.

A countermodel of a whole machine names a program or a state of the fixed lists that the checker tries; the passes over it are
made anew, exactly. One of an operator or a lookup has no machine: only its own fields are shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from efasp.checker.results import Row
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.paper_artifacts.trace.frames import page_data
from efasp.paper_artifacts.trace.tracer import Frame, Tracer
from efasp.pram.assembler import assemble, disassemble
from efasp.pram.machine import Program
from efasp.proofs.concrete import machine_passes, machine_states, torch_steps
from efasp.proofs.lemmas import bounded
from efasp.proofs.obligation import Machine
from efasp.proofs.statements import statements

MOST = 8  # positions of a pass that are recorded in any case: a state has up to 64 processors
Given = tuple[Machine, Plan] | None


class CaseError(ValueError):
    """A countermodel that is not one of this package: names its obligation."""


@dataclass(frozen=True)
class Replayed:
    """A refuted obligation: ``facts`` in words, and the passes over its countermodel, if that is a machine's."""

    row: Row
    facts: list[tuple[str, str]]
    tracer: Tracer | None
    frames: list[Frame]

    @property
    def data(self) -> dict[str, Any]:
        """The data of the trace's page, as JSON holds it."""
        shown = (
            {"program": [], "engine": "", "numbers": "", "frames": []}
            if self.tracer is None
            else page_data(self.tracer, self.frames)
        )
        return {**shown, "facts": self.facts}


def replayed(row: Row, n_max: int, given: Given = None) -> Replayed:
    """A row's countermodel, in the given transformer or in a fresh compile. Raises CaseError."""
    said = row["countermodel"]
    if said is None:
        raise CaseError(f"{row['id']}: expected a countermodel of this package, found none")
    statement = statements().get(row["lemma"])
    facts = [("obligation", row["id"]), *([("lemma", statement.states)] if statement else []), ("refuted by", row["method"])]
    try:
        trace = _passes(row, said, n_max, given)
        if trace is None:
            facts += [(name, words(value)) for name, value in said.items()]
            return Replayed(
                row, [*facts, ("machine", "the countermodel is of an operator or a lookup, of no whole machine")], None, []
            )
        tracer, passes = trace
        frames = [tracer.frame(one, most=MOST) for one in passes]
    except CaseError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CaseError(f"{row['id']}: expected a countermodel of this package, found {said} ({error})") from None
    last = frames[-1]
    facts += [("countermodel", case_words(said, tracer.program))]
    facts += [(name, words(said[name])) for name in ("deviates", "weights") if said.get(name)]
    if last.differs is None:
        facts.append(
            ("replayed exactly", "as the machine: other weights than those of the report, or a matter of floating point")
        )
    elif (first := tracer.first_field(last.sequence, last.at)) is not None:
        facts.append(("first value of the residual stream", first))
    return Replayed(row, facts, tracer, frames)


def of_machine(row: Row) -> bool:
    """Whether a row's countermodel is a state of a whole machine, or a program."""
    said = row["countermodel"] or {}
    return bool({"program", "state", "single step"} & set(said)) and {"w", "engine"} <= set(said)


def _passes(row: Row, said: Mapping[str, Any], n_max: int, given: Given) -> tuple[Tracer, Iterator[machine_passes.Pass]] | None:
    """The passes over a countermodel, up to the first that is wrong; None where it is of no whole machine."""
    if not of_machine(row):
        return None
    extension = {"none": ""}.get(row["params"]["ext"], row["params"]["ext"])
    if "code" in row["params"]:
        raise CaseError(f"{row['id']}: expected a universal machine's countermodel, found one of a machine with one program")
    machine = Machine(said["w"], said["engine"], extension, (1, n_max))
    plan = fresh = compile_machine(machine.word, machine.engine, extension)
    if given is not None:
        plan = given[1]
        if given[0].params != machine.params:
            raise CaseError(f"{row['id']}: expected weights of {words(machine.params)}, found {words(given[0].params)}")
    if "program" in said:
        program: Program = assemble("\n".join(said["program"]), "program", extension=extension)
        passes = bounded.passes(machine, plan, program, said["of steps"])
    else:
        few = n_max < bounded.WIDE
        listed = machine_states.states(machine.word, extension) if "state" in said else torch_steps.passes(machine, few)
        number = said["state"] if "state" in said else said["single step"]
        case = next(islice(listed, number, None), None)
        if case is None:
            raise IndexError("no such state")
        program, passes = case.program, machine_states.passes(plan, machine, case)
    reference = fresh if given is not None and fresh.shape == plan.shape else None
    return Tracer(program, plan, machine.engine, extension, reference), _to_failure(passes)


def _to_failure(passes: Iterator[machine_passes.Pass]) -> Iterator[machine_passes.Pass]:
    for one in passes:
        yield one
        if one.report is not None:
            return


def case_words(said: Mapping[str, Any], program: Program) -> str:
    """The processor and the instruction, the expected value and the one found."""
    lines = [line.strip() for line in disassemble(program).splitlines() if line.startswith(" ")]
    pc = said.get("before", {}).get("pc")
    at = f"processor {said['processor']}" if "processor" in said else ""
    if isinstance(pc, int):
        at += f" at pc {pc}, {lines[pc] if pc < len(lines) else 'outside the program'}"
    return f"{at + ': ' if at else ''}{said['what']}, expected {words(said['expected'])}, got {words(said['got'])}"


def words(value: Any) -> str:
    """A value of a countermodel in words."""
    if isinstance(value, dict):
        return ", ".join(f"{key} = {words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(map(words, value)) if any(isinstance(v, (str, dict)) for v in value) else " ".join(map(words, value))
    return value if isinstance(value, str) else json.dumps(value)
