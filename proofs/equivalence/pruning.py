"""Candidate invariants, pruned Houdini-style: goals of a script that a solver's model contradicts are dropped.

No verdict rests on an answer: each remaining candidate is proved as an obligation, by the solver that discharges obligations.
The set of obligations does depend on it, so the budget is a count of Z3's own work: the same text has the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, Term, eq

LIMIT = 200_000_000  # of Z3's resource units, seconds of its work: not a time, so an answer is the same on every machine


def falsified(script: Script, goals: Sequence[Term]) -> list[int]:
    """The numbers of the goals that models of a script contradict, until none contradicts the others; and of undecided ones."""
    import z3

    names = [script.declare(f"goal.{number}", "Bool") for number in range(len(goals))]
    for name, goal in zip(names, goals, strict=True):
        script.definition(eq(name, goal))
    solver = solver_of(script.text())
    left = {number: z3.Bool(name, solver.ctx) for number, name in enumerate(names)}
    while left:
        answer = solver.check(z3.Not(z3.And(*left.values())))
        if answer == z3.unsat:
            break
        model = solver.model() if answer == z3.sat else None
        left = {n: goal for n, goal in left.items() if model is not None and z3.is_true(model.eval(goal, True))}
    return [number for number in range(len(goals)) if number not in left]


def unproved(obligation: Obligation) -> bool:
    """Whether an obligation has a countermodel, or is not decided."""
    import z3

    return obligation.kind != "smt" or solver_of(obligation.content).check() != z3.unsat


def solver_of(text: str):  # type: ignore[no-untyped-def]
    """Z3 with a script's declarations and assertions, and a budget that is a count of its own work."""
    import z3

    solver = z3.Solver(ctx=z3.Context())
    solver.set("rlimit", LIMIT)
    solver.from_string(text.replace("(check-sat)", ""))
    return solver
