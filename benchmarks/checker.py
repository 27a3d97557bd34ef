"""Ratios of the checker's times, each measured in this run: cold against known, one query against steps, width by width."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial

from efasp.affine_forms import Form
from efasp.checker.solvers import solve
from efasp.proofs.lemmas import gates
from efasp.proofs.lemmas.gates_recurrences import build
from efasp.proofs.smtlib import Script
from efasp.proofs.symbolic.nodes import Reading
from efasp.syntax import Relu

Row = tuple[str, str, float, float]  # the two runs compared, and the seconds of both
LIMIT = 60.0  # seconds that the monolithic query may take
WIDTHS = (6, 8, 10, 12, 14, 16)


def check(store: str, n_max: int) -> float:
    """Seconds of one whole run of the checker, in a process of its own. Raises RuntimeError unless all is discharged."""
    command = [sys.executable, "-m", "efasp.checker.cli", "check", "--n-max", str(n_max)]
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, "EFASP_STORE": store}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"efasp check --n-max {n_max}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return time.perf_counter() - start


def runs(bounds: tuple[int, ...]) -> Iterator[Row]:
    """Each bound cold, then known; the seconds of both."""
    for n_max in bounds:
        with tempfile.TemporaryDirectory() as folder:
            store = os.path.join(folder, "checks.sqlite")
            cold, known = check(store, n_max), check(store, n_max)
            yield f"check, n <= {n_max}, cold", "the same, known", cold, known


def monolithic(w: int) -> str:
    """The adder as one bit-vector query: all of its bits at once against bvadd, from the operator's own rows."""
    node, arguments = build("add", w)
    reading, bits = Reading({a: a.name for a in arguments}), 2 * w + 4
    script = Script("QF_BV")
    for a in arguments:
        script.declare(a.name, f"(_ BitVec {w})")
    units: dict[object, str] = {}

    def constant(value: int) -> str:
        return f"(_ bv{value % (1 << bits)} {bits})"

    def term(form: Form) -> str:
        total = constant(int(form.constant))
        for (leaf, place), c in form.terms.items():
            if isinstance(leaf, Relu):
                if (leaf, place) not in units:
                    inner = term(reading.form(leaf.x, place))
                    positive = f"(ite (bvsgt {inner} {constant(0)}) {inner} {constant(0)})"
                    units[leaf, place] = script.define(f"u{len(units)}", positive, f"(_ BitVec {bits})")
                value = units[leaf, place]
            else:
                value = f"((_ zero_extend {bits - 1}) ((_ extract {place} {place}) {leaf}))"
            total = f"(bvadd {total} (bvmul {constant(int(c))} {value}))"
        return total

    same = [
        f"(= {term(reading.form(node, i, top=True))} ((_ zero_extend {bits - 1}) ((_ extract {i} {i}) (bvadd x0 x1))))"
        for i in range(w)
    ]
    return script.text(f"(and {' '.join(same)})")


def seconds(call: Callable[[], object]) -> float:
    """The time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def decomposed(w: int) -> None:
    """The adder's rows at a width, and the steps of its recurrence. Raises RuntimeError unless proved."""
    if gates.composed("add", w).status != "proved":
        raise RuntimeError("add: not proved")
    steps = ("gates.step.add", "gates.step.threshold", "gates.step.modulo")
    for o in gates.steps((1, 64)):
        if o.lemma in steps and solve("z3", o.content, LIMIT).result != "unsat":
            raise RuntimeError(f"{o.id}: not proved")


def adder() -> Iterator[Row]:
    """One monolithic query, up to the width that it no longer finishes, against the decomposed lemma at that width."""
    for w in WIDTHS:
        text = monolithic(w)
        start = time.perf_counter()
        answer = solve("z3", text, LIMIT)
        spent = time.perf_counter() - start
        yield f"adder, w {w}, one query: {answer.result}", "decomposed", spent, seconds(partial(decomposed, w))
        if answer.result != "unsat":
            return


def growth(widths: tuple[int, ...] = (8, 16, 32, 64)) -> Iterator[Row]:
    """The time of the gates at one width against that at the width before."""
    before = None
    for w in widths:
        listed = gates.at_width(w, (1, 1 << w))
        spent = seconds(lambda: [o.discharge() if o.discharge else solve("z3", o.content, LIMIT) for o in listed])  # noqa: B023
        if before is not None:
            yield f"gates, w {w}", f"w {before[0]}", spent, before[1]
        before = (w, spent)
