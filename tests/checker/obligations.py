"""Small obligations, and runs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from efasp.checker.pool.pools import Processes
from efasp.checker.pool.scheduler import Scheduler
from efasp.checker.pool.worker import Work
from efasp.checker.store import Store
from efasp.proofs.obligation import Batch, Obligation, Verdict
from efasp.proofs.smtlib import Script, lt

ALL_N = (1, 64)


def exact(name: str, discharged: Callable[[], Verdict]) -> Obligation:
    """An obligation of its own lemma that a function discharges."""
    return Obligation(name, "F", {}, "all n", ALL_N, "exact", name, discharged)


def proved() -> Verdict:
    """An obligation that holds."""
    return Verdict("proved", "by hand")


def script(name: str, goal: str, **params: str) -> Obligation:
    """An SMT obligation about two integers with x < y."""
    s = Script("QF_LIA")
    x, y = s.integer("x", 0), s.integer("y", 0)
    s.definition(lt(x, y))
    return s.obligation(name, "F", params, "all n", ALL_N, goal)


def run(
    obligations: Sequence[Obligation], kept: Store, *, seconds: float = 20, memory: int = 2048, basis: str = "b"
) -> list[dict]:
    """The rows of one run, a batch an obligation."""
    batches = [Batch((o.lemma,), {"i": i}, lambda o=o: iter([o])) for i, o in enumerate(obligations)]  # type: ignore[misc]
    return Scheduler(Work(batches, None, ["z3"], seconds, memory, basis), 64, Processes(2), kept).run()
