"""Family kernel (T1, T4): plans that the acceptance of the Rocq theorem takes, so that they run every PRAM program.

``proofs/rocq/theorem/Accepts.v`` proves that a plan which ``accepts`` takes runs every program of its machine, in exact
arithmetic, for every number of processors, words and instructions, and for every number of steps that the places hold.
``build/plan-check`` is ``accepts``, extracted. These obligations are made where a regime asks for them (``efasp check
--kernel``), as they need Rocq.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.proofs.lemmas.bounded import fingerprint
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import plan_text

BY = "Rocq: theorem accepts_sound, by plan-check"
REJECTED = "plan-check does not accept the plan, which is no proof that it is wrong"
EQUIVALENT = f"{REJECTED}; it accepts the fresh compile: lowering.* says whether the two are observationally equivalent"


@lemma
def accepted(regime: Regime) -> Iterator[Batch]:
    """The plans of the regime run every PRAM program: a theorem of a kernel."""
    for machine in regime.machines() if regime.kernel else ():
        yield Batch(("kernel.accepts",), machine.params, partial(acceptance, regime, machine))


def acceptance(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligation about one machine's plan."""
    plan = regime.plan(machine)
    scope = f"all programs, {machine.shape}; kernel"
    discharge = partial(discharged, machine, plan, regime.given is not None)
    content = fingerprint(plan)
    yield Obligation("kernel.accepts", machine.claim, machine.params, scope, machine.n, "exact", content, discharge)


@cache
def plan_check() -> Path:
    """The program, built where it is not yet. Raises RocqError."""
    return build.programs(["plan-check"])["plan-check"]


def discharged(machine: Machine, plan: Plan, given: bool) -> Verdict:
    """Whether the plan is accepted, which proves it; of a file that is not, whether the fresh compile is."""
    try:
        with written(plan) as file:
            if (wrong := misread(file)) is not None:
                return Verdict("error", wrong)
            if takes(machine, file):
                return Verdict("proved", BY)
        if given:
            with written(compile_machine(machine.word, machine.engine, machine.extension)) as file:
                return Verdict("unknown", EQUIVALENT if takes(machine, file) else REJECTED)
    except build.RocqError as error:
        return Verdict("error", str(error))
    return Verdict("unknown", REJECTED)


@contextmanager
def written(plan: Plan) -> Iterator[Path]:
    """A file with the text of a plan."""
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        file = Path(folder) / "plan"
        file.write_text(plan_text(plan))
        yield file


def takes(machine: Machine, file: Path) -> bool:
    """Whether ``plan-check`` accepts the plan of a file as one of a machine."""
    return kernel.accepts(plan_check(), machine.word, machine.engine, machine.extension, file)


def misread(file: Path) -> str | None:
    """How the text of a plan differs from what ``plan-check`` reads, printed back; numbers of columns are not read."""
    read, wanted = kernel.read_back(plan_check(), file), re.sub(r"(?m)^(matrix \d+) \d+$", r"\1", file.read_text())
    lines = enumerate(zip(read.splitlines(), wanted.splitlines(), strict=False), 1)
    other = next((number for number, pair in lines if pair[0] != pair[1]), None)
    return None if read == wanted else f"plan-check reads the text of the plan otherwise, from line {other or 'the last'} on"
