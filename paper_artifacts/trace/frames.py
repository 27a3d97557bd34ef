"""Frames of a trace as text, and as the data of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from efasp.checker.discharge import plain
from efasp.paper_artifacts.trace.tracer import Field, Frame, Tracer
from efasp.pram.assembler import disassemble
from efasp.pram.assembler.disassembler import instruction_text
from efasp.pram.machine import Configuration, Program


def difference(frame: Frame) -> str:
    """The first difference of a frame from what was expected, in words."""
    said = frame.differs or {}
    who = f"processor {said['processor']}, " if "processor" in said else ""
    where = f" (position {frame.at})" if frame.at is not None else ""
    return f"{who}{said.get('what', '?')}: expected {said.get('expected')}, got {said.get('got')}{where}"


def machine_lines(state: Configuration | None) -> list[str]:
    """A configuration as text."""
    if state is None:
        return ["the tokens are not a state of the machine"]
    lines = [f"memory {' '.join(map(str, state.memory))}"]
    for pid, bank in enumerate(state.registers):
        words = " ".join(f"r{n}={word}" for n, word in enumerate(bank) if word) or "all registers 0"
        lines.append(f"processor {pid}: pc {state.pc[pid]}, {state.status[pid]}, {words}")
    return lines


def executed(program: Program, state: Configuration) -> list[str]:
    """The instruction that each running processor executes next, as text."""
    lines = []
    for pid, (pc, status) in enumerate(zip(state.pc, state.status, strict=True)):
        if status == "running":
            inside = pc < program.length
            what = instruction_text(program.instructions[pc], program.word, 0) if inside else "outside the program"
            lines.append(f"processor {pid}, pc {pc}: {what}")
    return lines


def frame_text(tracer: Tracer, frame: Frame) -> str:
    """One decoding step as text."""
    lines = [
        f"decoding step {frame.step} ({tracer.engine})",
        f"numbers: {tracer.numbers}",
        "before:",
        *_indent(machine_lines(frame.before)),
    ]
    lines += ["executed:", *_indent(executed(tracer.program, frame.before))]
    found = machine_lines(frame.state)
    lines += ["after:", *_indent(found)]
    if frame.differs is not None:
        wanted = [line for line in machine_lines(frame.expected) if line not in found]
        lines += ["the machine, where it differs:", *_indent(wanted), "", f"first difference: {difference(frame)}"]
    if frame.since is not None:
        lines += ["", f"the run is not the machine's since step {frame.since}"]
    if frame.rounded is not None:
        lines += ["", f"torch is not exact, first {frame.rounded}"]
    lines += ["", f"positions that changed: {len(frame.changed)} of {len(frame.marks)}"]
    for p in sorted({*frame.changed, *frame.exactly}):
        now = tracer.token(frame.after[p])
        bits = f", control {frame.control[p]}" if p in frame.control else ""
        was = tracer.token(frame.sequence.tokens[p])
        exact = f"; exactly: {tracer.token(frame.exactly[p])}" if p in frame.exactly else ""
        lines.append(f"  {p:>4}  {tracer.place(frame.sequence.places[p])}: {was} -> {now} ({frame.marks[p]}{bits}){exact}")
    for p, view in frame.views.items():
        lines += ["", f"position {p}: {tracer.place(frame.sequence.places[p])}"]
        for look in view.looks:
            to = ", ".join(f"{q} ({tracer.place(frame.sequence.places[q])})" for q in look.positions[:4])
            more = f" and {len(look.positions) - 4} more" if len(look.positions) > 4 else ""
            lines.append(f"  layer {look.layer} head {look.head} [{look.writes}]: attends to {to or 'nothing: NaN'}{more}")
        for title, fields in view.fields:
            lines.append(f"  {title}: " + "; ".join(fields_text(fields)))
    return "\n".join(lines) + "\n"


def fields_text(fields: Sequence[Field]) -> list[str]:
    """Fields as text: the flags of an embedding that are set by their names in one part, and every other field by itself."""
    flags: dict[str, list[str]] = {}
    found = []
    for field in fields:
        kind, _, name = field.name.partition(".")
        if name and field.value in ("0", "1") and field.exact is None and field.fresh is None:
            flags.setdefault(kind, []).extend([name] if field.value == "1" else [])
        else:
            found.append(field_text(field))
    return [f"{kind}: {' '.join(names) or 'none'}" for kind, names in flags.items()] + found


def brief(value: str) -> str:
    """A field's value in short: the number of a word, the name of a one-hot; of another vector runs of equal coordinates."""
    if " = " in value:
        return value.rpartition(" = ")[2]
    runs = [(part, len(list(run))) for part, run in groupby(value.split(" "))]
    return " ".join(part if count == 1 else f"{part} (x{count})" for part, count in runs)


def field_text(field: Field) -> str:
    """A field as text: in short, or whole with its exact value and that of a fresh compile where these differ."""
    if field.exact is None and field.fresh is None:
        return f"{field.name} = {brief(field.value)}"
    exact = "" if field.exact is None else f" (exactly: {field.exact})"
    return f"{field.name} = {field.value}{exact}" + ("" if field.fresh is None else f" (fresh compile: {field.fresh})")


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


# The page's data.


def page_data(tracer: Tracer, frames: Sequence[Frame]) -> dict[str, Any]:
    """The data of the trace's page, as JSON holds it."""
    return {**_head(tracer), "frames": [_frame(tracer, frame) for frame in frames]}


def _head(tracer: Tracer) -> dict[str, Any]:
    """The program, and the engine and the numbers that are shown."""
    return {"program": disassemble(tracer.program).splitlines(), "engine": tracer.engine, "numbers": tracer.numbers}


def _frame(tracer: Tracer, frame: Frame) -> dict[str, Any]:
    views = {
        str(p): {
            "looks": [[look.layer, look.head, look.writes, look.positions] for look in view.looks],
            "fields": view.fields,
        }
        for p, view in frame.views.items()
    }
    return {
        "step": frame.step,
        "tokens": [tracer.token(t) for t in frame.sequence.tokens],
        "after": [tracer.token(t) for t in frame.after],
        "places": [tracer.place(row) for row in frame.sequence.places],
        "marks": frame.marks,
        "control": frame.control,
        "before": machine_lines(frame.before),
        "executed": executed(tracer.program, frame.before),
        "at_pc": sorted({pc for pc, status in zip(frame.before.pc, frame.before.status, strict=True) if status == "running"}),
        "state": machine_lines(frame.state),
        "expected": machine_lines(frame.expected) if frame.differs else [],
        "differs": difference(frame) if frame.differs else None,
        "at": frame.at,
        "rounded": frame.rounded,
        "exactly": {str(p): tracer.token(token) for p, token in frame.exactly.items()},
        "views": views,
    }


# The data of `efasp trace --json`.


def trace_data(tracer: Tracer, frames: Sequence[Frame]) -> dict[str, Any]:
    """A trace as JSON holds it (docs/commands.md, "JSON of efasp trace"): the page's data, with states by their parts."""
    return {**_head(tracer), "frames": [_frame_data(tracer, frame) for frame in frames]}


def _frame_data(tracer: Tracer, frame: Frame) -> dict[str, Any]:
    states = {"before": frame.before, "state": frame.state, "expected": frame.expected}
    said = None if frame.differs is None else plain(frame.differs)
    views = [
        {
            "position": p,
            "attends": [asdict(look) for look in view.looks],
            "fields": {title: [field._asdict() for field in fields] for title, fields in view.fields},
        }
        for p, view in frame.views.items()
    ]
    parts = {name: _state(state) for name, state in states.items()}
    control = {str(p): bits for p, bits in frame.control.items()}
    data = _frame(tracer, frame) | parts | {"control": control, "differs": said}
    del data["at_pc"], data["views"]
    return {**data, "since": frame.since, "views": views}


def _state(state: Configuration | None) -> dict[str, Any] | None:
    """A configuration, None where tokens hold none."""
    if state is None:
        return None
    return {"memory": state.memory, "registers": state.registers, "pc": state.pc, "status": state.status}
