"""From an obligation to its verdict: hypotheses have a model, the negated goal has none, a countermodel is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from time import monotonic
from typing import Any

from checker.solvers import Answer, solve
from proofs.obligation import Obligation, Undecided, Verdict

ASSERT, CHECK = "(assert ", "(check-sat)"


def settle(obligation: Obligation, solvers: Sequence[str], seconds: float) -> Verdict:
    """The verdict of any kind of obligation; an exception of a lemma or a solver is one of status ``error``.

    ``seconds``: each solver's budget. Raises MemoryError, after which the process is not to be trusted with more.
    """
    try:
        if obligation.kind == "smt":
            return smt(obligation, solvers, seconds)
        if obligation.settle is None:
            return Verdict("error", f"an obligation of kind {obligation.kind} that nothing settles")
        verdict = obligation.settle()
    except MemoryError:
        raise
    except Exception as error:  # whatever a lemma raises: it costs its own obligation
        return Verdict("error", f"{type(error).__name__}: {error}")
    if verdict.status in ("proved", "measured") and (verdict.status == "measured") != (obligation.kind == "measurement"):
        return Verdict("error", f"an obligation of kind {obligation.kind} may not end as {verdict.status}: {verdict.method}")
    return Verdict(verdict.status, verdict.method, plain(verdict.countermodel))


def smt(obligation: Obligation, solvers: Sequence[str], seconds: float) -> Verdict:
    """Vacuity first, then every solver; a sat and an unsat are an error that names both."""
    if wrong := malformed(obligation):
        return Verdict("error", wrong)
    start = monotonic()
    vacuity = satisfiable(obligation.hypotheses, solvers, seconds)
    if vacuity.result == "unsat":
        return Verdict("vacuous", f"the hypotheses contradict each other: {vacuity}")
    if vacuity.result != "sat":
        return Verdict("unknown", f"no model of the hypotheses was found: {vacuity}")
    spent = monotonic() - start  # the budget of the solver that found it
    answers = [
        solve(name, obligation.content, seconds if index else max(seconds - spent, seconds / 10))
        for index, name in enumerate(solvers)
    ]
    method, results = "; ".join(map(str, answers)), {answer.result for answer in answers}
    if {"sat", "unsat"} <= results:
        return Verdict("error", f"the solvers disagree: {method}")
    if "unsat" in results:
        return Verdict("proved", method)
    if "sat" in results:
        return refutation(obligation, next(answer for answer in answers if answer.result == "sat"), method)
    return Verdict("timeout" if "timeout" in results else "unknown", method)


def malformed(obligation: Obligation) -> str:
    """Why the script is not its hypotheses and one negated goal: then what was shown to have a model is something else."""
    body, _, rest = obligation.hypotheses.rpartition(CHECK)
    if not body or rest.strip():
        return "the hypotheses are no script that ends with (check-sat)"
    goal = obligation.content.removeprefix(body)
    if len(body) + len(goal) != len(obligation.content) or goal.count("\n" + ASSERT) or not goal.startswith(ASSERT):
        return "the script is not its hypotheses followed by one negated goal"
    return ""


_KNOWN: dict[int, Answer] = {}  # hypotheses by the hash of their text: many goals share them


def satisfiable(text: str, solvers: Sequence[str], seconds: float) -> Answer:
    """The first decisive answer on the hypotheses, Z3's where it is asked."""
    key = hash((text, tuple(solvers), seconds))
    if key in _KNOWN:
        return _KNOWN[key]
    for name in sorted(solvers, key=lambda name: name != "z3"):
        answer = solve(name, text, seconds)
        if answer.decisive:
            break
    _KNOWN[key] = answer
    return answer


def refutation(obligation: Obligation, answer: Answer, method: str) -> Verdict:
    """A countermodel, replayed on the construction where the lemma says how."""
    model: dict[str, Any] = dict(answer.model or {})
    if obligation.replay is None:
        return Verdict("refuted", method, plain({"assignment": model, "replayed": False}))
    try:
        found = obligation.replay(model)
    except MemoryError:
        raise
    except Undecided as error:
        return Verdict("unknown", f"{error}; {method}")
    except Exception as error:
        reason = f"the countermodel could not be replayed: {type(error).__name__}: {error}; {method}"
        return Verdict("error", reason, plain({"assignment": model, "replayed": False}))
    if found is None:
        reason = f"countermodel not confirmed by the construction; {method}"
        return Verdict("error", reason, plain({"assignment": model, "replayed": False}))
    return Verdict("refuted", method, plain({**found, "replayed": True}))


def plain(value: Any) -> Any:
    """A value as JSON holds it: fractions and anything unknown as text, numbers of other libraries as numbers."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
