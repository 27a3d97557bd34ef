"""Candidate invariants, pruned Houdini-style: goals of a script that a solver's model contradicts are dropped.

No verdict rests on an answer: each remaining candidate is proved as an obligation, by the solver that discharges obligations.
The set of obligations does depend on it, so the budget is a count of Z3's own work: the same text has the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq

if TYPE_CHECKING:
    import z3

# Of Z3's resource units, which are no times, so that an answer is the same on every machine: of one question, and of all that
# one sweep asks. Z3 takes a second or two for 20 million; a question about a changed file that it decides takes fewer than 15.
LIMIT = 20_000_000
ALL = 500_000_000


@dataclass
class Effort:
    """The work that Z3 may still do for a series of questions; when ``left`` is 0, all further ones stay undecided."""

    left: int = ALL

    def check(self, solver: z3.Solver, *assumptions: z3.BoolRef) -> z3.CheckSatResult:
        """The solver's answer, within the limit of one question and what is left."""
        import z3

        if self.left <= 0:
            return z3.unknown
        before = used(solver)
        solver.set("rlimit", min(LIMIT, self.left))
        answer = solver.check(*assumptions)
        self.left -= used(solver) - before
        return answer


def used(solver: z3.Solver) -> int:
    """The resource units that a solver has used."""
    statistics = solver.statistics()
    return int(statistics.get_key_value("rlimit count")) if "rlimit count" in statistics.keys() else 0  # noqa: SIM118


def falsified(script: Script, goals: Sequence[Term], effort: Effort) -> list[int]:
    """The numbers of the goals that models of a script contradict, until none contradicts the others; and of undecided ones."""
    import z3

    names = [script.declare(f"goal.{number}", "Bool") for number in range(len(goals))]
    for name, goal in zip(names, goals, strict=True):
        script.definition(eq(name, goal))
    solver = solver_of(script.text())
    left = {number: z3.Bool(name, solver.ctx) for number, name in enumerate(names)}
    while left:
        answer = effort.check(solver, z3.Not(z3.And(*left.values())))
        if answer == z3.unsat:
            break
        model = solver.model() if answer == z3.sat else None
        left = {n: goal for n, goal in left.items() if model is not None and z3.is_true(model.eval(goal, True))}
    return [number for number in range(len(goals)) if number not in left]


def unproved(obligation: Obligation, effort: Effort) -> bool:
    """Whether an obligation has a countermodel, or is not decided."""
    import z3

    return obligation.kind != "smt" or effort.check(solver_of(obligation.content)) != z3.unsat


def solver_of(text: str):  # type: ignore[no-untyped-def]
    """Z3 with a script's declarations and assertions, and a budget for one question that is a count of its own work."""
    import z3

    solver = z3.Solver(ctx=z3.Context())
    solver.set("rlimit", LIMIT)
    solver.from_string(text.replace("(check-sat)", ""))
    return solver
