"""`efasp trace`: a run of the transformer, decoding step by decoding step, or the countermodel of a refuted obligation."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from efasp.checker.errors import UsageError, of_source
from efasp.checker.files import beside_json, display_path, writable, write, wrote
from efasp.checker.interface import extension_of
from efasp.checker.results import Row
from efasp.checker.selection import regime_of
from efasp.checker.session import notice
from efasp.checker.weights_file import check_program, load_checked_weights
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.plan import Plan
from efasp.paper_artifacts.report.site import environment
from efasp.paper_artifacts.trace.countermodels import CaseError, of_machine, replayed
from efasp.paper_artifacts.trace.frames import frame_text, page_data, trace_data
from efasp.paper_artifacts.trace.tracer import TraceError, Tracer
from efasp.pram.assembler import parse_data_file
from efasp.pram.assembler.source import AssemblyError, read_text
from efasp.pram.library import assembled
from efasp.pram.machine import Program


def trace(options: argparse.Namespace) -> int:
    """`efasp trace`: one step as text, or the whole as a page. Exit code 1 where the machine differs."""
    for name in ("k", "seed"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name}: expected --generate beside it, found none")
    if (options.file is None) == (options.case is None):
        raise UsageError(f"expected either FILE or --case REPORT, found {'neither' if options.file is None else 'both'}")
    beside_json("--html", options.html, options.json)
    if options.html is not None:
        writable("--html", options.html)
    return _run(options) if options.case is None else _case(options)


def _run(options: argparse.Namespace) -> int:
    if options.engine is None and options.weights is None:
        raise UsageError(f"--engine: expected {' or '.join(ENGINES)}, found none")
    program, plan, fresh, extension, prompted = _made(options)
    tracer = Tracer(program, plan, options.engine, extension, fresh, options.weights is not None, prompted)
    try:
        made = tracer.frames(options.step or options.steps, options.position)
        frames = list(made)
    except (TraceError, ValueError) as error:
        raise UsageError(f"{options.file}: {error}") from None
    if options.step is not None and len(frames) < options.step:
        raise UsageError(f"--step: expected 1 to {len(frames)}, as the run ends there, found {options.step}")
    shown = frames if options.step is None else frames[-1:]
    if options.html is not None:
        write(options.html, page(options.file, {**page_data(tracer, shown), "facts": []}), "--html")
        wrote(options.html)
    if options.json:
        print(json.dumps({"file": options.file, **trace_data(tracer, shown)}, ensure_ascii=False))
    elif options.html is None:
        print("\n".join(frame_text(tracer, frame) for frame in shown), end="")
    return int(any(frame.differs is not None for frame in frames))


def page(title: str, data: dict[str, Any]) -> str:
    """The HTML page to step through a trace; ``data``: as JSON holds it."""
    return environment().get_template("trace.html").render(title=title, data=data, back=None)


def _case(options: argparse.Namespace) -> int:
    if options.inexact:
        raise UsageError("--inexact: expected FILE, found --case, of which exact numbers are shown")
    n_max, row, weights = refuted(options.case, options.id)
    regime, digest = regime_of(options.weights, None)
    if weights is not None and weights["sha256"] != digest:
        instead = "a fresh compile" if options.weights is None else f"{display_path(options.weights)}, another file,"
        wanted = f"--weights {weights['file']} (SHA-256 {weights['sha256'][:12]}...)"
        notice(f"--case: {options.case} is of {wanted}; {instead} is replayed in its place")
    given = regime.given
    try:
        case = replayed(row, n_max, given)
    except CaseError as error:
        raise UsageError(f"--case: {options.case}: {error}") from None
    if options.html is not None:
        write(options.html, page(row["id"], case.data), "--html")
        wrote(options.html)
    if options.json:
        shown = {} if case.tracer is None else trace_data(case.tracer, case.frames)
        print(json.dumps({"id": row["id"], "facts": case.facts, **shown}, ensure_ascii=False))
    elif options.html is None:
        print("\n".join(f"{name}: {text}" for name, text in case.facts))
        if case.tracer is not None:
            print("\n" + frame_text(case.tracer, case.frames[-1]), end="")
    return int(not case.frames or case.frames[-1].differs is not None)


def refuted(path: Path, name: str | None) -> tuple[int, Row, dict[str, Any] | None]:
    """The bound of a report of `efasp check --json`; a refuted obligation of it, the named one, else the first of a whole
    machine, else the first; and the weights file that the report is of, if it is of one. Raises UsageError."""
    try:
        said = json.loads(read_text(str(path)))
        n_max, rows = said["n_max"], [row for row in said["obligations"] if row["status"] == "refuted" and row["countermodel"]]
        known, weights = {row["id"]: row for row in rows}, said["environment"].get("weights")
    except OSError as error:
        raise UsageError(f"--case: {path}: {error.strerror}") from None
    except AssemblyError as error:  # of no text
        raise UsageError(f"--case: expected a report of efasp check --json: {error}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"--case: {path}: expected a report of efasp check --json, found something else") from None
    if not known:
        raise UsageError(f"--case: {path}: expected a refuted obligation with a countermodel, found none")
    if name is not None and name not in known:
        raise UsageError(f"--id: expected a refuted obligation, such as {next(iter(known))}, found {name}")
    return n_max, known[name] if name is not None else next((row for row in rows if of_machine(row)), rows[0]), weights


def _made(options: argparse.Namespace) -> tuple[Program, Plan, Plan | None, str, bool]:
    """The program, the transformer's plan, for a weights file of a fresh compile's shape that compile, the extension, and
    whether the prompt has the program's instructions.

    Raises UsageError.
    """
    file = load_checked_weights(options.weights, options.engine, options.inexact)
    needs = None if file is None else file.extension
    try:
        data = None if options.data is None else parse_data_file(options.data)
        overrides = {name: getattr(options, name) for name in ("word", "processors", "memory", "policy")}
        program = assembled(options.file, **overrides, data=data, extension="M" if needs is None else needs)
    except (OSError, ValueError) as error:
        raise of_source(error) from None
    if file is None:
        needs = extension_of(program)
        try:
            plan = compile_machine(program.word, options.engine, needs)
        except ValueError as error:  # a word that is too wide
            raise UsageError(f"--engine {options.engine}: {error}") from None
        return program, plan, None, needs, True
    check_program(options.weights, file.word, file.code, program)
    options.engine = file.engine
    fresh = compile_machine(program.word, options.engine, file.extension, file.code)
    return program, file.plan, fresh if fresh.shape == file.plan.shape else None, file.extension, file.code is None
