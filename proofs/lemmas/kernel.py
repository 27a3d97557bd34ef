"""Family kernel (T1, T4): plans that the Rocq theorem accepts, so that they run every PRAM program, or the program for which
they are specialised.

``proofs/rocq/theorem/Accepts.v`` proves that a plan which ``accepts`` takes runs every program of its machine, and that one
which ``accepts_one`` takes for a program's instructions runs that program, on sequences without it: in exact arithmetic, for
every number of processors, words and instructions, and for every number of steps that the places hold. ``build/plan-check`` is
these two functions, extracted. These obligations are made where a regime asks for them (``efasp check --kernel``), as they need
Rocq.
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
from efasp.proofs.rocq.statement_text import code_text, plan_text

REJECTED = "plan-check does not accept the plan, which is not a proof that it runs a program wrongly"
EQUIVALENT = (
    f"{REJECTED}; it accepts the fresh compile: lowering.* (in a run without --lemma) says whether the two are "
    "observationally equivalent"
)


@lemma
def accepted(regime: Regime) -> Iterator[Batch]:
    """The plans of the regime run every PRAM program, or their own: a theorem of a kernel."""
    for machine in regime.transformers() if regime.kernel else ():
        yield Batch(("kernel.accepts",), machine.params, partial(acceptance, regime, machine))


def acceptance(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligation about one machine's plan."""
    plan = regime.plan(machine)
    scope = f"{'all programs, ' if machine.code is None else ''}{machine.shape}; kernel"
    discharge = partial(discharged, machine, plan, regime.given is not None)
    content = fingerprint(plan) if machine.code is None else f"{fingerprint(plan)} {machine.code}"
    yield Obligation("kernel.accepts", machine.claim, machine.params, scope, machine.n, "exact", content, discharge)


@cache
def plan_check() -> Path:
    """The program, built where it is not yet. Raises RocqError."""
    return build.programs(["plan-check"])["plan-check"]


def discharged(machine: Machine, plan: Plan, given: bool) -> Verdict:
    """Whether the plan is accepted, which proves it; of a file that is not, whether the fresh compile is."""
    try:
        if accepts(machine, plan):
            theorem = "accepts_sound" if machine.code is None else "accepts_one_sound"
            return Verdict("proved", f"Rocq: theorem {theorem}, by plan-check")
        if given:
            fresh = machine.fresh
            return Verdict("unknown", EQUIVALENT if accepts(machine, fresh) else REJECTED)
    except build.RocqError as error:
        return Verdict("error", str(error))
    return Verdict("refuted", REJECTED)  # the compiler's own plans are to be accepted


def accepts(machine: Machine, plan: Plan) -> bool:
    """Whether ``plan-check`` accepts a plan as one of a machine.

    Raises RocqError, also where what it read, printed back, is not what was written.
    """
    texts = {"plan": plan_text(plan)} if machine.code is None else {"code": code_text(machine.code), "plan": plan_text(plan)}
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        files = {name: Path(folder) / name for name in texts}
        for name, text in texts.items():
            files[name].write_text(text)
        asked = machine.word, machine.engine, machine.extension, files["plan"], files.get("code")
        answer, read = kernel.accepts(plan_check(), *asked)
    wanted = re.sub(r"(?m)^(matrix \d+) \d+$", r"\1", "".join(texts.values()))  # numbers of columns are not read
    if read != wanted:
        lines = enumerate(zip(read.splitlines(), wanted.splitlines(), strict=False), 1)
        other = next((number for number, pair in lines if pair[0] != pair[1]), None)
        of = " and the ".join(texts)
        raise build.RocqError(f"plan-check reads the text of the {of} otherwise, from line {other or 'the last'} on")
    return answer
