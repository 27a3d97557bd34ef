"""From an obligation to its verdict: the hypotheses and every case of the goal have a model, the negated goal has none; a
countermodel is replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from time import monotonic
from typing import Any

from efasp.checker.errors import message_of
from efasp.checker.solvers import Answer, solve
from efasp.checker.vacuity import circular, vacuity_verdict
from efasp.proofs.obligation import Allowance, Obligation, Undecided, Verdict

ASSERT, CHECK = "(assert ", "(check-sat)"
LEFT = 0.75  # the part of the remaining budget that a search may take: its last case may take longer than all before
OnResult = Callable[[Verdict], None]


Answers = dict[tuple[str, tuple[str, ...]], Answer]  # answers about hypotheses, which many goals share, by text and solvers


def discharge(
    obligation: Obligation,
    solvers: Sequence[str],
    seconds: float,
    known: Answers | None = None,
    on_result: OnResult = lambda verdict: None,
) -> Verdict:
    """The verdict of any kind of obligation; an exception of a lemma or a solver is one of status ``error``.

    ``seconds``: each solver's budget; ``known`` is read and added to; ``on_result`` is given the verdict before a search for a
    countermodel begins, which lives within the remaining budget. Raises MemoryError, after which the process is not to be
    trusted with more.
    """
    start = monotonic()
    verdict = _discharged(obligation, solvers, seconds, {} if known is None else known)
    if verdict.status != "unknown" or obligation.search is None:
        return verdict
    on_result(verdict)
    try:
        searched = obligation.search(Allowance(seconds, LEFT * (budget(solvers, seconds) - (monotonic() - start))))
    except MemoryError:
        raise
    except Exception as error:  # the reason stands, for any exception of a search
        return Verdict("error", f"{verdict.method}; the search for a countermodel: {message_of(error)}")
    if searched.case is not None:
        replayed = {"replayed": True} if obligation.kind == "smt" else {}
        return Verdict("refuted", f"{searched.method}; {verdict.method}", plain({**searched.case, **replayed}))
    return Verdict("unknown", "; ".join(filter(None, (verdict.method, searched.nothing))))


def budget(solvers: Sequence[str], seconds: float) -> float:
    """Seconds that an obligation may take in all: each solver's, one after the other."""
    return seconds * max(1, len(solvers))


def _discharged(obligation: Obligation, solvers: Sequence[str], seconds: float, known: Answers) -> Verdict:
    """The verdict before any search."""
    try:
        if obligation.kind == "smt":
            return smt(obligation, solvers, seconds, known)
        if obligation.discharge is None:
            return Verdict("error", f"an obligation of kind {obligation.kind} that nothing discharges")
        verdict = obligation.discharge()
    except MemoryError:
        raise
    except Exception as error:  # any exception of a lemma costs its own obligation
        return Verdict("error", message_of(error))
    if verdict.status in ("proved", "measured") and (verdict.status == "measured") != (obligation.kind == "measurement"):
        return Verdict("error", f"an obligation of kind {obligation.kind} may not end as {verdict.status}: {verdict.method}")
    return Verdict(verdict.status, verdict.method, plain(verdict.countermodel))


def smt(obligation: Obligation, solvers: Sequence[str], seconds: float, known: Answers) -> Verdict:
    """Every solver is asked; a sat and an unsat are an error that names both. A goal that follows must not do so for hypotheses
    or cases without a model, which is examined in the time that the first solver has left."""
    if wrong := malformed(obligation):
        return Verdict("error", wrong)
    start = monotonic()
    answers = [solve(name, obligation.content, seconds) for name in solvers[:1]]
    left = max(seconds - (monotonic() - start), seconds / 10)
    answers += [solve(name, obligation.content, seconds) for name in solvers[1:]]
    method, results = "; ".join(map(str, answers)), {answer.result for answer in answers}
    if {"sat", "unsat"} <= results:
        return Verdict("error", f"the solvers disagree: {method}")
    if "unsat" in results:
        vacuous, cases = vacuity(obligation, solvers, left, known)
        return vacuous or Verdict("proved", "; ".join(filter(None, (method, cases))))
    if "sat" in results:
        return refutation(obligation, next(answer for answer in answers if answer.result == "sat"), method)
    return Verdict("timeout" if "timeout" in results else "unknown", method)


def vacuity(obligation: Obligation, solvers: Sequence[str], seconds: float, known: Answers) -> tuple[Verdict | None, str]:
    """The verdict on a goal that follows for a wrong reason; else how many cases it has, in words."""
    if verdict := circular(obligation, seconds):
        return verdict, ""
    wrong, cases = vacuity_verdict(obligation, seconds)
    if cases:  # one of them has a model, which is one of the hypotheses
        return None, cases
    answer = satisfiable(obligation.hypotheses, solvers, seconds, known)
    if answer.result == "unsat":
        return Verdict("vacuous", f"the hypotheses contradict each other: {answer}"), ""
    if wrong is None and answer.result != "sat":
        return Verdict("unknown", f"no model of the hypotheses was found: {answer}"), ""
    return wrong, ""


def malformed(obligation: Obligation) -> str:
    """Why the script is not its hypotheses and one negated goal: then another text was shown to have a model."""
    body, _, rest = obligation.hypotheses.rpartition(CHECK)
    if not body or rest.strip():
        return "the hypotheses are not a script that ends with (check-sat)"
    goal = obligation.content.removeprefix(body)
    if len(body) + len(goal) != len(obligation.content) or goal.count("\n" + ASSERT) or not goal.startswith(ASSERT):
        return "the script is not its hypotheses followed by one negated goal"
    return ""


def satisfiable(text: str, solvers: Sequence[str], seconds: float, known: Answers) -> Answer:
    """The first decisive answer on the hypotheses, Z3's where it is asked. Only a decisive one is known from then on: in more
    time another might be found."""
    key = text, tuple(solvers)
    if key in known:
        return known[key]
    for name in sorted(solvers, key=lambda name: name != "z3"):
        answer = solve(name, text, seconds)
        if answer.decisive:
            break
    if answer.decisive:
        known[key] = answer
    return answer


def refutation(obligation: Obligation, answer: Answer, method: str) -> Verdict:
    """A countermodel, replayed on the construction where the lemma says how."""
    model: dict[str, Any] = dict(answer.model or {})
    if obligation.replay is None:
        return Verdict("refuted", method, plain({"assignment": model, "replayed": False}))
    try:
        case = obligation.replay(model)
    except MemoryError:
        raise
    except Undecided as error:
        return Verdict("unknown", f"{error}; {method}")
    except Exception as error:
        reason = f"the countermodel could not be replayed: {type(error).__name__}: {error}; {method}"
        return Verdict("error", reason, plain({"assignment": model, "replayed": False}))
    if case is None:
        reason = f"countermodel not confirmed by the construction; {method}"
        return Verdict("error", reason, plain({"assignment": model, "replayed": False}))
    return Verdict("refuted", method, plain({**case, "replayed": True}))


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
