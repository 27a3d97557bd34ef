"""`efasp trace`: a run of the transformer, decoding step by decoding step: tokens, machine states, attention, residual fields.

The numbers are those of the layer plan, exact; the transformer computes the same (family numerics). Where the machine itself
does something else than what was decoded, the frame says so: at the first value that differs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checker.commands import UsageError
from checker.files import writable, write
from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.exact import winners
from efasp.pram import machine
from efasp.pram.assembler import assemble_file, disassemble, parse_data_file
from efasp.pram.isa import OPERATIONS
from efasp.pram.machine import Configuration, Program
from efasp.process import g
from model.compile import compile_machine
from model.plan import Head, Plan
from model.readback import read_plan
from paper_artifacts.site import environment
from proofs.replay import decided, differences, tokens_of

MARKS = ("same", "masked", "unmasked", "remasked")


class TraceError(ValueError):
    """A position or a step that there is not, or tokens that no state of the machine has: says what was expected and found."""


@dataclass(frozen=True)
class Look:
    """What one head attends to from a position: ``writes`` are the fields that it fills."""

    layer: int
    head: int
    writes: str
    positions: list[int]


@dataclass(frozen=True)
class View:
    """One position in one pass: each head's look, and the named fields of the residual stream after every sublayer."""

    looks: list[Look]
    fields: list[tuple[str, list[tuple[str, str]]]]


@dataclass
class Frame:
    """One decoding step. ``marks``: for each position one of ``MARKS``; ``control``: the three control bits where any is 1."""

    step: int
    sequence: TokenSequence
    after: np.ndarray
    marks: list[str]
    control: dict[int, str]
    before: Configuration
    state: Configuration
    differs: dict[str, Any] | None
    views: dict[int, View] = field(default_factory=dict)


class Tracer:
    """Frames of a program in a plan. Raises TraceError where the plan's tokens are no state of the machine."""

    def __init__(self, program: Program, plan: Plan, engine: str, extension: str) -> None:
        self.program, self.plan, self.engine = program, plan, engine
        self.layout: LogLayout | CellLayout = (LogLayout if engine == "mdm" else CellLayout).of(program, extension)  # type: ignore[assignment]
        self.mask = self.layout.vocabulary.token("mask")

    def frames(self, steps: int, wanted: Sequence[int] = ()) -> Iterator[Frame]:
        """At most so many frames, to the end of the run; ``wanted``: positions whose views are kept in any case."""
        layout, program = self.layout, self.program
        state = machine.initial(program)
        if isinstance(layout, LogLayout):
            sequence = join([layout.prompt(program), layout.start()])
        else:
            sequence = layout.encode(program, state)
        for step in range(1, steps + 1):
            if "running" not in state.status:
                return
            if isinstance(layout, LogLayout):
                sequence = join([sequence, layout.masks(step)])
            frame = self.frame(step, sequence, state)
            kept = [p for p, mark in enumerate(frame.marks) if mark in ("unmasked", "remasked")]
            for position in [*kept, *wanted]:
                if not 0 <= position < len(sequence):
                    raise TraceError(f"--position: expected 0 to {len(sequence) - 1} at step {step}, found {position}")
            frame.views = self.views(sequence, sorted({*kept, *wanted}))
            yield frame
            if frame.differs is not None:
                return
            sequence, state = TokenSequence(frame.after, sequence.places), frame.state

    def frame(self, step: int, sequence: TokenSequence, before: Configuration) -> Frame:
        """One pass over a sequence that holds a configuration."""
        layout, mask = self.layout, self.mask
        control: dict[int, str] = {}
        try:
            if isinstance(layout, LogLayout):
                chosen = decided(self.plan, sequence, layout)
                after = np.where((sequence.tokens == mask) & (chosen >= 0), chosen, sequence.tokens)
                events = layout.events(after[-layout.block_length :], f"step {step}")
                state = layout.apply(before, events)
            else:
                predicted, outputs = tokens_of(self.plan, sequence, layout)
                bits = np.array((2 * outputs[:, layout.vocabulary.width :] > 1).tolist(), dtype=bool)
                control = {i: "".join(map(str, row.astype(int))) for i, row in enumerate(bits) if row.any()}
                after = g(sequence.tokens, predicted, bits, mask)
                state, _ = layout.state(after)
        except ValueError as error:
            raise TraceError(f"step {step}: expected the tokens of a state of the machine, found {error}") from None
        found = differences(self.program, machine.step(self.program, before), state, before)
        pairs = zip((sequence.tokens == mask).tolist(), (after == mask).tolist(), strict=True)
        marks = [MARKS[(1 if now else 2) if was else (3 if now else 0)] for was, now in pairs]
        return Frame(step, sequence, after, marks, control, before, state, found)

    # One position.

    def views(self, sequence: TokenSequence, positions: Sequence[int]) -> dict[int, View]:
        """What the heads attend to from some positions, and what the residual stream holds there."""
        stream = self.plan.states(self.plan.embed(sequence.tokens, sequence.places))
        chosen = list(positions)
        looks: dict[int, list[Look]] = {p: [] for p in chosen}
        for number, layer in enumerate(self.plan.layers, 1):
            h = stream[2 * number - 2]
            for index, head in enumerate(layer.heads):
                best = winners(head.q.apply(h[chosen]), head.k.apply(h))
                writes = self.writes(head, 2 * number - 1)
                for row, p in enumerate(chosen):
                    looks[p].append(Look(number, index, writes, np.flatnonzero(best[row]).tolist()))
        return {p: View(looks[p], self.fields([state[p] for state in stream])) for p in chosen}

    def writes(self, head: Head, sublayer: int) -> str:
        """The names of the fields that a head fills."""
        coordinates = {i for i, row in enumerate(head.o.rows) if row}
        names = [base(r.name) for r in self.plan.residents if r.born <= sublayer < r.last and r.coordinate in coordinates]
        return ", ".join(dict.fromkeys(names))

    def fields(self, rows: Sequence[np.ndarray]) -> list[tuple[str, list[tuple[str, str]]]]:
        """After each sublayer every field that something still reads: its coordinates, bits as a word where they are bits."""
        out = []
        for sublayer, row in enumerate(rows):
            groups: dict[str, list[Any]] = {}
            for r in sorted(self.plan.alive(sublayer), key=lambda r: (base(r.name), place(r.name), r.coordinate)):
                groups.setdefault(base(r.name), []).append((place(r.name), row[r.coordinate]))
            title = (
                "embedding"
                if not sublayer
                else f"layer {(sublayer + 1) // 2}, {'attention' if sublayer % 2 else 'feed-forward'}"
            )
            out.append((title, [(name, shown(values)) for name, values in groups.items()]))
        return out

    def token(self, token: int) -> str:
        """A token as text: ``5``, ``r3``, ``add``, ``halted 7``."""
        kind, value = self.layout.vocabulary.split(int(token))
        carried = self.layout.vocabulary.kinds[self.layout.vocabulary.kind_index[kind]].payloads
        if kind == "word":
            return str(value)
        return f"r{value}" if kind == "reg" else f"{kind} {value}" if carried else kind.removeprefix("op:")

    def place(self, row: np.ndarray) -> str:
        """A place as text: ``counter index=1 time=2``."""
        book = self.layout.codebook
        kind = book.kinds[int(row[0])]
        values = {name: int(v) for (name, _), v in zip(book.payloads, row[1:], strict=True)}
        return " ".join([kind.name, *(f"{name}={values[name]}" for name in kind.payloads)])


def base(name: str) -> str:
    """A field's name without the coordinate."""
    return name.split("[")[0]


def place(name: str) -> int:
    """A field's coordinate."""
    _, _, rest = name.partition("[")
    return int(rest.rstrip("]")) if rest.rstrip("]").isdecimal() else 0


def shown(values: Sequence[tuple[int, Any]]) -> str:
    """Coordinates as text; bits (0/1 or -1/+1) of one word also as its number, the lowest bit first."""
    text = " ".join(str(value) for _, value in values)
    kinds = {value for _, value in values}
    whole = len(values) > 1 and [at for at, _ in values] == list(range(len(values)))
    if whole and (kinds <= {0, 1} or kinds <= {-1, 1}):
        return f"{text} = {sum(1 << at for at, value in values if value == 1)}"
    return text


# Text.


def machine_lines(state: Configuration) -> list[str]:
    """A configuration as text."""
    lines = [f"memory {' '.join(map(str, state.memory))}"]
    for pid, bank in enumerate(state.registers):
        words = " ".join(f"r{n}={word}" for n, word in enumerate(bank) if word) or "all registers 0"
        lines.append(f"processor {pid}: pc {state.pc[pid]}, {state.status[pid]}, {words}")
    return lines


def frame_text(tracer: Tracer, frame: Frame) -> str:
    """One decoding step as text."""
    lines = [
        f"decoding step {frame.step} ({tracer.engine})",
        "",
        "before:",
        *_indent(machine_lines(frame.before)),
    ]
    lines += ["after:", *_indent(machine_lines(frame.state))]
    if frame.differs is not None:
        lines += ["", f"the machine differs: {frame.differs}"]
    changed = [p for p, mark in enumerate(frame.marks) if mark in ("unmasked", "remasked")]
    lines += ["", f"positions that changed: {len(changed)} of {len(frame.marks)}"]
    for p in changed:
        now = tracer.token(frame.after[p])
        bits = f", control {frame.control[p]}" if p in frame.control else ""
        was = tracer.token(frame.sequence.tokens[p])
        lines.append(f"  {p:>4}  {tracer.place(frame.sequence.places[p])}: {was} -> {now} ({frame.marks[p]}{bits})")
    for p, view in frame.views.items():
        lines += ["", f"position {p}: {tracer.place(frame.sequence.places[p])}"]
        for look in view.looks:
            to = ", ".join(f"{q} ({tracer.place(frame.sequence.places[q])})" for q in look.positions[:4])
            more = f" and {len(look.positions) - 4} more" if len(look.positions) > 4 else ""
            lines.append(f"  layer {look.layer} head {look.head} [{look.writes}]: attends to {to}{more}")
        for title, fields in view.fields:
            lines.append(f"  {title}: " + "; ".join(f"{name} = {value}" for name, value in fields))
    return "\n".join(lines) + "\n"


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


# The page's data.


def page_data(tracer: Tracer, frames: Sequence[Frame]) -> dict[str, Any]:
    """Everything that the page shows, as JSON holds it."""
    return {
        "program": disassemble(tracer.program).splitlines(),
        "engine": tracer.engine,
        "frames": [_frame(tracer, frame) for frame in frames],
    }


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
        "state": machine_lines(frame.state),
        "differs": frame.differs,
        "views": views,
    }


# The command.


def trace(options: argparse.Namespace) -> int:
    """`efasp trace`: one step as text, or the whole as a page. Exit code 1 where the machine does something else."""
    program, plan, extension = _made(options)
    tracer = Tracer(program, plan, options.engine, extension)
    last = options.step or options.steps
    try:
        frames = list(tracer.frames(last, options.position))
    except (TraceError, ValueError) as error:
        raise UsageError(f"{options.file}: {error}") from None
    if options.step is not None and len(frames) < options.step:
        raise UsageError(f"--step: expected 1 to {len(frames)}, as the run ends there, found {options.step}")
    shown_frames = frames if options.step is None else frames[-1:]
    if options.html is not None:
        text = environment().get_template("trace.html").render(title=options.file, data=page_data(tracer, shown_frames))
        write(options.html, text, "--html")
    elif shown_frames:
        print("\n".join(frame_text(tracer, frame) for frame in shown_frames), end="")
    return int(any(frame.differs is not None for frame in frames))


def _made(options: argparse.Namespace) -> tuple[Program, Plan, str]:
    """The program, the transformer's plan and its extension. Raises UsageError."""
    needs = None
    try:
        if options.html is not None:
            writable("--html", options.html)
        if options.weights is not None:
            word, engine, needs, plan = read_plan(options.weights)
            if engine != options.engine:
                raise UsageError(f"--weights: {options.weights}: expected a transformer for {options.engine}, found {engine}")
        data = None if options.data is None else parse_data_file(options.data)
        overrides = {name: getattr(options, name) for name in ("word", "processors", "memory", "policy")}
        program = assemble_file(options.file, **overrides, data=data, extension="M" if needs is None else needs)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    if needs is None:
        needs = "M" if any(OPERATIONS[i.op].extension for i in program.instructions) else ""
        try:
            plan = compile_machine(program.word, options.engine, needs)
        except ValueError as error:  # a word that is too wide
            raise UsageError(f"--engine {options.engine}: {error}") from None
    elif word != program.word:
        raise UsageError(f"--weights: {options.weights}: expected a word of {program.word} bits, found {word}")
    return program, plan, needs
