"""CPU time of the checker, measured in one run: whole checks, cold and known; one query against steps; width by width."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.measured import Found, Pair, children
from efasp.affine_forms import Form
from efasp.checker.solvers import solve
from efasp.proofs.lemmas import gates
from efasp.proofs.lemmas.gates_recurrences import build
from efasp.proofs.smtlib import Script
from efasp.proofs.symbolic.nodes import Reading
from efasp.syntax import Relu

LIMIT = 60.0  # seconds that the monolithic query may take
WIDTHS = (6, 8, 10, 12, 14, 16)
ASKED = {64: 48, 1 << 64: 120}  # CPU seconds of a cold check


def check(store: str, n_max: int) -> float:
    """CPU seconds of one whole run of the checker, with its workers. Raises RuntimeError unless all is discharged."""
    command = [sys.executable, "-m", "efasp.checker.cli", "check", "--n-max", str(n_max)]
    start = children()
    done = subprocess.run(command, env={**os.environ, "EFASP_STORE": store}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"efasp check --n-max {n_max}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return children() - start


def runs(bounds: tuple[int, ...]) -> Found:
    """Each bound cold, then known."""
    found = Found()
    for n_max in bounds:
        with tempfile.TemporaryDirectory() as folder:
            store = os.path.join(folder, "checks.sqlite")
            cold, known = check(store, n_max), check(store, n_max)
        asked = f"first <= {ASKED[n_max]} s" if n_max in ASKED else ""
        found.pairs.append(Pair(f"check, n <= {bounded(n_max)}, cold", "the same, known", cold, known, "s", asked))
    return found


def bounded(n_max: int) -> str:
    """A bound as powers of two are written."""
    return str(n_max) if n_max < 1 << 16 else f"2^{n_max.bit_length() - 1}"


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
    """CPU seconds of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def decomposed(w: int) -> None:
    """The adder's rows at a width, and the steps of its recurrence. Raises RuntimeError unless proved."""
    if gates.composed("add", w).status != "proved":
        raise RuntimeError("add: not proved")
    steps = ("gates.step.add", "gates.step.threshold", "gates.step.modulo")
    for o in gates.steps((1, 64)):
        if o.lemma in steps and solve("z3", o.content, LIMIT).result != "unsat":
            raise RuntimeError(f"{o.id}: not proved")


def gates_and_adder() -> Found:
    """The adder, and the gates width by width."""
    return Found([*adder(), *growth()])


def adder() -> Iterator[Pair]:
    """One monolithic query, up to the width that it no longer finishes, against the decomposed lemma at that width."""
    for w in WIDTHS:
        text = monolithic(w)
        start = time.process_time()
        answer = solve("z3", text, LIMIT)
        spent = time.process_time() - start
        yield Pair(f"adder, w {w}, one query: {answer.result}", "decomposed", spent, seconds(partial(decomposed, w)), "s")
        if answer.result != "unsat":
            return


def growth(widths: tuple[int, ...] = (8, 16, 32, 64)) -> Iterator[Pair]:
    """The time of the gates at one width against that at the width before."""
    before = None
    for w in widths:
        listed = gates.at_width(w, (1, 1 << w))
        spent = seconds(lambda: [o.discharge() if o.discharge else solve("z3", o.content, LIMIT) for o in listed])  # noqa: B023
        if before is not None:
            yield Pair(f"gates, w {w}", f"w {before[0]}", spent, before[1], "s")
        before = (w, spent)
