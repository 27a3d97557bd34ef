"""Family kernel (T1, T4): plans that the Rocq theorem accepts, so that they run every PRAM program.

``proofs/rocq/theorem/Accepts.v`` proves that a plan which ``accepts`` takes runs every program of its machine, in exact
arithmetic, for every number of processors, words and instructions, and for every number of steps that the places hold.
``build/plan-check`` is ``accepts``, extracted. These obligations are made where a regime asks for them (``efasp check
--kernel``), as they need Rocq.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from efasp.model.plan import Plan
from efasp.proofs.lemmas.bounded import fingerprint
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, lemma
from efasp.proofs.rocq import build, kernel
from efasp.proofs.rocq.statement_text import plan_text

BY = "Rocq: theorem accepts_sound, by plan-check"
REJECTED = "plan-check does not accept the plan, which is not a proof that it is wrong"
EQUIVALENT = (
    f"{REJECTED}; it accepts the fresh compile: lowering.* (in a run without --lemma) says whether the two are "
    "observationally equivalent"
)


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
        if accepts(machine, plan):
            return Verdict("proved", BY)
        if given:
            fresh = machine.fresh
            return Verdict("unknown", EQUIVALENT if accepts(machine, fresh) else REJECTED)
    except build.RocqError as error:
        return Verdict("error", str(error))
    return Verdict("unknown", REJECTED)


def accepts(machine: Machine, plan: Plan) -> bool:
    """Whether ``plan-check`` accepts a plan as one of a machine.

    Raises RocqError, also where what it read, printed back, is not what was written.
    """
    text = plan_text(plan)
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        file = Path(folder) / "plan"
        file.write_text(text)
        answer, read = kernel.accepts(plan_check(), machine.word, machine.engine, machine.extension, file)
    wanted = re.sub(r"(?m)^(matrix \d+) \d+$", r"\1", text)  # numbers of columns are not read
    if read != wanted:
        lines = enumerate(zip(read.splitlines(), wanted.splitlines(), strict=False), 1)
        other = next((number for number, pair in lines if pair[0] != pair[1]), None)
        raise build.RocqError(f"plan-check reads the text of the plan otherwise, from line {other or 'the last'} on")
    return answer
