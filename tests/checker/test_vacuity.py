"""Vacuity inside goals: the cases of a goal, and that a case without a model does not pass for one that is shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from efasp.checker import vacuity
from efasp.checker.discharge import Answers, discharge, satisfiable
from efasp.checker.solvers import Answer, unreachable
from efasp.checker.vacuity import Cases, conjuncts
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.smtlib import FALSE, Script, eq, implies, ite, land, le, lnot, lor, lt, parse, satisfied

ALL_N = (1, 64)


def about(goal: str, infeasible: tuple[str, ...] = (), ways: int | None = None) -> Obligation:
    """An obligation about 0 <= x <= 3, a truth value p that is x = 2, and a bit."""
    s = Script()
    s.integer("x", 0, 3)
    s.bit("b")
    s.declare("p", "Bool")
    s.definition(eq("p", eq("x", "2")))
    s.define("q", "(and p (= b 1))", "Bool", "by name")
    return s.obligation("x.cases", "F", {}, "all n", ALL_N, goal, infeasible=infeasible, ways=ways)


def verdict(goal: str, infeasible: tuple[str, ...] = (), ways: int | None = None) -> Verdict:
    """How it ends."""
    return discharge(about(goal, infeasible, ways), ["z3"], 10)


def conditions(goal: str) -> list[list[str]]:
    """The conditions of each case of a goal."""
    row = about(goal)
    body = row.hypotheses.removesuffix("(check-sat)\n")
    found = Cases(body, parse(row.content.removeprefix(body))[0][1])
    return [found.conditions(case) for case in found.by_name.values()]


# What is distinguished.


@pytest.mark.parametrize(
    "goal, wanted",
    [
        (le("0", "x"), []),
        (implies(le("1", "x"), lt("0", "x")), [["(<= 1 x)"]]),
        (implies("p", eq("b", "0"), le("x", "2")), [["(and p (= b 0))"]]),
        (land(implies("p", le("x", "2")), implies("p", le("2", "x"))), [["p"]]),
        (implies("p", implies(le("x", "b"), FALSE)), [["p"], ["p", "(<= x b)"]]),
        (implies(implies("p", "q"), "p"), [["(=> p q)"]]),  # only where it stands positively
        (lnot(implies("p", "q")), []),
        (lnot(lor("p", lnot(implies(eq("b", "1"), "p")))), [["(= b 1)"]]),
        (lor("p", implies("p", "q")), []),
        (ite("p", "q", lt("x", "b")), [["p"], ["(not p)"]]),
        (eq("b", ite("p", "1", "0")), []),
        (eq("p", eq("b", "1")), [["p"], ["(not p)"]]),
        (eq("p", FALSE), []),
        (lnot("q"), []),
    ],
)
def test_the_cases_of_a_goal(goal: str, wanted: list[list[str]]) -> None:
    """Antecedents, both sides of a choice between formulas, each truth value of one that equals another."""
    assert conditions(goal) == wanted


def test_a_name_stands_for_its_formula() -> None:
    """A goal that is only named is looked into."""
    s = Script()
    x = s.integer("x", 0)
    s.define("goal", implies(lt(x, "0"), FALSE), "Bool")
    assert discharge(s.obligation("x.y", "F", {}, "all n", ALL_N, "goal"), ["z3"], 10).status == "vacuous"


def test_bits_are_data() -> None:
    """Where Booleans are the bits of words, only antecedents are cases."""
    s = Script("QF_BV")
    s.declare("a", "(_ BitVec 2)")
    s.declare("bit", "Bool")
    s.definition(lnot("bit"))
    same = eq("bit", "(= ((_ extract 0 0) (bvand a #b10)) #b1)")
    for goal, status in ((land(same, ite("bit", "bit", same)), "proved"), (implies("bit", same), "vacuous")):
        assert discharge(s.obligation("x.y", "F", {}, "all n", ALL_N, goal), ["z3"], 10).status == status


def test_conjuncts() -> None:
    """Of nested conjunctions, however they are nested."""
    assert conjuncts("(and p (and (< x 1) q) p)") == {"p", "(< x 1)", "q"}
    assert conjuncts("(or p q)") == {"(or p q)"}


# Verdicts.

NEVER = "(<= 4 x)"


def test_every_case_has_a_model() -> None:
    """The verdict says how many there are."""
    found = verdict(land(implies("p", eq("x", "2")), ite("q", eq("b", "1"), lnot("q"))))
    assert found.status == "proved" and found.method.endswith(": 3 with a model")


@pytest.mark.parametrize(
    "goal",
    [
        implies(NEVER, FALSE),
        land(le("0", "x"), implies(NEVER, le("x", "b"))),
        implies("p", implies(eq("x", "1"), FALSE)),
        implies("p", ite(lt("x", "2"), FALSE, "p")),
        land(implies("p", le("2", "x")), lnot(lnot(implies(lt("x", "0"), FALSE)))),
        eq(NEVER, lt("x", "0")),
        land("true", *(implies(land(eq("x", str(i)), eq("b", "1"), eq("b", "0")), FALSE) for i in range(4))),
    ],
)
def test_a_case_without_a_model_is_vacuous(goal: str) -> None:
    """Though the goal follows; the case is named. Any other goal in its place would follow too."""
    found = verdict(goal)
    assert found.status == "vacuous" and found.countermodel is not None and found.countermodel["case without a model"]


def test_against_every_assignment() -> None:
    """A goal of two nested implications is proved exactly where it holds and each antecedent holds somewhere."""
    atoms = ["p", eq("x", "1"), eq("b", "1"), NEVER, lnot(eq("x", "2"))]
    values = [{"x": x, "b": b, "p": p} for x, b, p in product(range(-1, 6), range(2), (False, True))]
    for outer, inner, last in product(atoms, repeat=3):
        row = about(implies(outer, implies(inner, last)))
        body = row.hypotheses.removesuffix("(check-sat)\n")
        holds = not any(satisfied(row.content, value) for value in values)
        reached = all(
            any(satisfied(f"{body}(assert {land(*some)})", value) for value in values) for some in ((outer,), (outer, inner))
        )
        wanted = "refuted" if not holds else "proved" if reached else "vacuous"
        assert discharge(row, ["z3"], 10).status == wanted, (outer, inner, last)


def test_what_is_declared_infeasible_must_be() -> None:
    """A declared term is shown to have no model; one that has is an error. It excuses the cases that contain it, no others."""
    goal = land(implies("p", le("2", "x")), implies(land("p", NEVER), FALSE))
    assert verdict(goal).status == "vacuous"
    found = verdict(goal, (NEVER,))
    assert found.status == "proved" and "1 with a model, 1 declared infeasible" in found.method
    assert verdict(goal, (land(NEVER, "p"),)).status == "proved"
    assert verdict(goal, (land(NEVER, "q"),)).status == "vacuous"  # infeasible, but not this case
    wrong = verdict(goal, (NEVER, "(<= 3 x)"))
    assert wrong.status == "error" and "(<= 3 x)" in wrong.method
    assert verdict(le("0", "x"), ("(<= 3 x)",)).status == "error"  # whether the goal has cases or not
    nested = implies(NEVER, implies("p", FALSE))
    assert verdict(land(implies("p", "p"), nested), (NEVER,)).status == "proved"  # and what they enclose


def test_a_goal_of_infeasible_cases_alone_is_vacuous() -> None:
    """Declared or not."""
    assert verdict(implies(NEVER, FALSE), (NEVER,)).status == "vacuous"
    assert verdict(implies(NEVER, FALSE), (), 0).status == "vacuous"


def test_ways_are_counted() -> None:
    """As many as the obligation says: one less is vacuous, one more an error."""
    goal = land(*(implies(eq("x", str(i)), le(str(i), "x")) for i in range(6)))
    assert [verdict(goal, (), ways).status for ways in (3, 4, 5)] == ["error", "proved", "vacuous"]


def test_contradictory_hypotheses_are_named_first() -> None:
    """No case has a model then, but that is not why."""
    s = Script()
    x = s.integer("x", 1, 0)
    found = discharge(s.obligation("x.y", "F", {}, "all n", ALL_N, implies(le("0", x), FALSE)), ["z3"], 10)
    assert found.status == "vacuous" and "hypotheses" in found.method


def test_a_goal_that_does_not_follow_is_refuted() -> None:
    """Whatever else is wrong with it: a countermodel says more."""
    assert verdict(land(implies(NEVER, FALSE), le("x", "b"))).status == "refuted"


def test_a_negation_is_a_claim() -> None:
    """That something cannot happen is said by a negation."""
    assert verdict(lnot(NEVER)).status == "proved"


def test_a_checker_that_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests can fail: where cases are not examined, a vacuous goal is proved."""
    monkeypatch.setattr("efasp.checker.discharge.vacuity_verdict", lambda obligation, seconds: (None, ""))
    assert verdict(implies(NEVER, FALSE)).status == "proved"


def test_time_that_is_up_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not known whether a case has a model, the verdict is not known."""
    monkeypatch.setattr(vacuity, "unreachable", lambda *asked: (set(), "timeout"))
    found = verdict(implies("p", eq("x", "2")))
    assert found.status == "unknown" and "timeout" in found.method


def test_declarations_are_part_of_what_is_known(tmp_path) -> None:
    """The store does not take the verdict of one declaration for that of another."""
    from efasp.checker.pool.worker import Work, keys

    work = Work([], None, ["z3"], 10, 2048, "b")
    row = about(implies("p", eq("x", "2")))
    assert len({keys(work, one) for one in (row, replace(row, infeasible=("p",)), replace(row, ways=2))}) == 3


def test_a_budget_that_is_used_up_is_no_answer() -> None:
    """Z3 gives up on a hard case, and then nothing is said of it."""
    text = """(declare-const x (_ BitVec 64)) (declare-const y (_ BitVec 64)) (declare-const hard Bool)
(assert (= hard (and (= (bvmul x y) #xfffffffffffffc4d) (bvult #x0000000000000001 x) (bvult x y)
(bvult y #x0000000100000000))))"""
    never, unknown = unreachable(text, ["hard"], [], 0.05)
    assert unknown and not never


# Hypotheses are known by their text.


def test_what_is_known_of_hypotheses_is_known_by_the_whole_text() -> None:
    """Of two scripts that differ in their last hypothesis only, one contradicts itself."""
    known: Answers = {}
    for top, status in ((3, "proved"), (-1, "vacuous"), (3, "proved")):
        s = Script()
        s.integer("x", 0, 9)
        s.definition(le("x", str(top)) if top >= 0 else lt("x", "0"))
        assert discharge(s.obligation("x.y", "F", {}, "all n", ALL_N, lt("x", "10")), ["z3"], 10, known).status == status
    assert [answer.result for answer in known.values()] == ["sat", "unsat"]


def test_an_answer_that_is_none_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a solver gave up on hypotheses, it is asked again for the next goal."""
    known: Answers = {}
    answers = [Answer("z3", "unknown", "tired"), Answer("z3", "sat")]
    monkeypatch.setattr("efasp.checker.discharge.solve", lambda name, text, seconds: answers.pop(0))
    assert [satisfiable("text", ["z3"], 5, known).result for _ in range(3)] == ["unknown", "sat", "sat"]


# The ends of the scope.


def admitting(*cases: tuple[str, str]) -> Verdict:
    """How an obligation about 0 <= x <= 3 ends that must admit some cases, each within another."""
    s = Script()
    s.integer("x", 0, 3)
    for case, within in cases:
        s.admits(case, within)
    return discharge(s.obligation("x.ends", "F", {}, "all n", ALL_N, le("0", "x")), ["z3"], 10)


def test_an_end_of_the_scope_that_the_hypotheses_rule_out_is_vacuous() -> None:
    """A bound that is narrower than the scope is named; an end is excused where what encloses it cannot be."""
    found = admitting((eq("x", "0"), "true"), (eq("x", "3"), "true"))
    assert found.status == "proved" and "ends of the scope: 2 with a model" in found.method
    found = admitting((eq("x", "0"), "true"), (eq("x", "4"), "true"))
    assert found.status == "vacuous" and "(= x 4)" in found.method
    assert admitting((eq("x", "0"), "true"), (eq("x", "9"), "(<= 8 x)")).status == "proved"
    assert admitting((eq("x", "9"), "(<= 2 x)")).status == "vacuous"


def test_hypotheses_that_contradict_each_other_have_no_end() -> None:
    """They are vacuous as such, and no end that is excused hides it."""
    s = Script()
    s.integer("x", 4, 3)
    s.admits(eq("x", "0"))
    found = discharge(s.obligation("x.ends", "F", {}, "all n", ALL_N, le("0", "x")), ["z3"], 10)
    assert found.status == "vacuous" and "contradict" in found.method


def test_a_goal_that_a_definition_implies_is_vacuous() -> None:
    """A script that assumes a lemma for its goal, and has a definition that implies the goal, shows nothing by that lemma."""

    def ending(definition: str, rests: bool = True) -> str:
        s = Script()
        s.integer("x")
        s.definition(definition)
        s.assume(Conclusion("x.other", "", lambda x: le("2", x)), "x")
        row = s.obligation("x.rests", "F", {}, "all n", ALL_N, le("1", "x"), rests=rests)
        return discharge(row, ["z3"], 10).status

    assert ending(le("0", "x")) == "proved"
    assert ending(le("1", "x")) == ending(le("3", "x")) == "vacuous"
    assert ending(le("1", "x"), rests=False) == "proved"
