"""Certificates: the checkers that are proved sound accept those that are found, and reject wrong ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from efasp.checker.certificates.goals import HEADER, rocq_goal
from efasp.checker.certificates.lrat import ProofError, Step, dimacs, drup, steps
from efasp.checker.certificates.refutation import certificate
from efasp.checker.certificates.replay import replayed as run
from efasp.checker.certificates.search import Open, Search, kernel
from efasp.checker.certificates.terms import Script, ScriptError
from efasp.proofs.lemmas.gates import steps as gate_steps
from efasp.proofs.rocq.build import compiled

needs_tools = pytest.mark.needs("coqc", "ocamlopt", "cadical")
needs_coqc = pytest.mark.needs("coqc")

SQUARE = [[1, 2], [-1, 2], [1, -2], [-1, -2]]
# Scripts without a model, each for a reason of its own.
REFUTED = {
    "a chain of sums": """(set-logic QF_LIA) (declare-const x Int) (declare-const y Int)
        (assert (<= 1 x)) (assert (<= (* 2 x) y)) (assert (not (<= 2 y))) (check-sat)""",
    "strict over the reals": """(set-logic QF_LRA) (declare-const x Real)
        (assert (< 0 x)) (assert (not (< 0 (* (/ 1 3) x)))) (check-sat)""",
    "tight over the integers": """(set-logic QF_LIA) (declare-const x Int)
        (assert (< 0 x)) (assert (not (<= 1 x))) (check-sat)""",
    "cases of an if": """(set-logic QF_LIA) (declare-const x Int) (define-fun r () Int (ite (> x 0) x 0))
        (assert (not (and (<= 0 r) (<= x r)))) (check-sat)""",
    "equal arguments": """(set-logic QF_UFLIA) (declare-fun f (Int) Int) (declare-const x Int) (declare-const y Int)
        (assert (and (<= x y) (<= y x))) (assert (not (= (f x) (f y)))) (check-sat)""",
    "a predicate": """(set-logic QF_UFLIA) (declare-fun p (Int) Bool) (declare-const x Int)
        (assert (= x 3)) (assert (p x)) (assert (not (p 3))) (check-sat)""",
    "truth values": """(set-logic QF_LIA) (declare-const a Bool) (declare-const b Bool)
        (assert (xor a b)) (assert (=> a b)) (assert (not (and b (not a)))) (check-sat)""",
    "quotient and remainder": """(set-logic QF_LIA) (declare-const x Int)
        (assert (<= 0 x)) (assert (not (= x (+ (* 8 (div x 8)) (mod x 8))))) (check-sat)""",
    "a remainder of less than the divisor": """(set-logic QF_NIA) (declare-const x Int) (declare-const w Int)
        (assert (and (<= 0 x) (< x w))) (assert (not (= (mod x w) x))) (check-sat)""",
}
# The same with a model each.
OPEN = {
    "not strict": "(set-logic QF_LRA) (declare-const x Real) (assert (<= 0 x)) (assert (not (< 0 x))) (check-sat)",
    "not tight": "(set-logic QF_LRA) (declare-const x Real) (assert (< 0 x)) (assert (not (<= 1 x))) (check-sat)",
    "other arguments": """(set-logic QF_UFLIA) (declare-fun f (Int) Int) (declare-const x Int) (declare-const y Int)
        (assert (<= x y)) (assert (not (= (f x) (f y)))) (check-sat)""",
    "division by 0": """(set-logic QF_LIA) (declare-const x Int) (declare-const y Int)
        (assert (not (= x (+ (* 0 (div x y)) (mod x 0))))) (check-sat)""",
}


def replayed(program: str, *texts: str, folder: Path) -> int:
    """The exit code of a checker on files with these texts: 0 accepted, 1 rejected, 2 not read."""
    paths = []
    for index, text in enumerate(texts):
        paths.append(folder / f"file{index}")
        paths[-1].write_text(text)
    try:
        return 0 if run(program, *paths) else 1
    except ProofError:
        return 2


def pigeons(holes: int) -> list[list[int]]:
    """One pigeon more than there are holes."""
    at = {(p, h): 1 + p * holes + h for p in range(holes + 1) for h in range(holes)}
    somewhere = [[at[p, h] for h in range(holes)] for p in range(holes + 1)]
    return somewhere + [[-at[p, h], -at[q, h]] for h in range(holes) for p in range(holes + 1) for q in range(p)]


def has_model(clauses: Sequence[Sequence[int]], variables: int) -> bool:
    """By trying every valuation."""
    return any(
        all(any(values[abs(x) - 1] == (x > 0) for x in clause) for clause in clauses)
        for values in product((False, True), repeat=variables)
    )


def lines_of(found: Sequence[Step]) -> str:
    """An LRAT file."""
    return "".join(f"{step}\n" for step in found)


# LRAT.


@needs_tools
@pytest.mark.parametrize("clauses", [SQUARE, pigeons(3), pigeons(5), [[1], [-1]], [[]], [[1, 1], [-1, -1]]], ids=len)
def test_a_proof_of_cadical_is_accepted(clauses: list[list[int]], tmp_path: Path) -> None:
    """DRUP to LRAT, replayed by the checker that is proved sound."""
    proof = steps(clauses, drup(clauses, 30))
    assert proof[-1].clause == ()
    assert replayed("lrat-check", dimacs(clauses), lines_of(proof), folder=tmp_path) == 0


@needs_tools
def test_random_clauses_are_refuted_where_they_have_no_model(tmp_path: Path) -> None:
    """Against an exhaustive oracle: a proof is found and accepted exactly where no valuation satisfies all clauses."""
    rng, refuted = random.Random(7), 0
    for _ in range(20):
        clauses = [[rng.choice((1, -1)) * x for x in rng.sample(range(1, 9), 3)] for _ in range(40)]
        if has_model(clauses, 8):
            with pytest.raises(ProofError, match="have a model"):
                drup(clauses, 30)
        else:
            refuted += 1
            proof = steps(clauses, drup(clauses, 30))
            assert replayed("lrat-check", dimacs(clauses), lines_of(proof), folder=tmp_path) == 0
    assert 3 < refuted < 20


@needs_tools
@pytest.mark.parametrize("holes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_corrupted_proofs_are_rejected(holes: int, tmp_path: Path) -> None:
    """Each hint left out, each literal turned, each step dropped, a clause dropped from the file: no proof of it any more."""
    clauses = pigeons(holes)
    proof = steps(clauses, drup(clauses, 30))
    cnf, rejected = dimacs(clauses), []
    for index, step in enumerate(proof):
        for place in range(len(step.hints)):
            fewer = Step(step.number, step.clause, step.hints[:place] + step.hints[place + 1 :])
            rejected.append([*proof[:index], fewer, *proof[index + 1 :]])
        for place, x in enumerate(step.clause):
            turned = Step(step.number, (*step.clause[:place], -x, *step.clause[place + 1 :]), step.hints)
            rejected.append([*proof[:index], turned, *proof[index + 1 :]])
        rejected.append([*proof[:index], *proof[index + 1 :]])
    for wrong in rejected:
        assert replayed("lrat-check", cnf, lines_of(wrong), folder=tmp_path) == 1
    used = max(hint for step in proof for hint in step.hints if hint <= len(clauses))
    assert (
        replayed("lrat-check", dimacs([*clauses[: used - 1], [1, -1], *clauses[used:]]), lines_of(proof), folder=tmp_path) == 1
    )
    assert replayed("lrat-check", cnf, "", folder=tmp_path) == 1


@needs_tools
@pytest.mark.parametrize(
    "cnf, proof",
    [
        ("p cnf 1 1\n1 0\n", "2 0 -1 0\n"),  # a RAT step
        ("p cnf 1 2\n1 0\n", "2 0 1 0\n"),  # another number of clauses
        ("1 0\n", "2 0 1 0\n"),
        ("p cnf 1 1\n1 x 0\n", "2 0 1 0\n"),
        ("p cnf 1 1\n1\n", "2 0 1 0\n"),
        ("p cnf 1 1\n1 0\n", "2 0 1\n"),
        ("p cnf 1 1\n1 0\n", "0 0 1 0\n"),
    ],
)
def test_what_is_no_proof_is_not_read(cnf: str, proof: str, tmp_path: Path) -> None:
    """Exit code 2, and no traceback."""
    assert replayed("lrat-check", cnf, proof, folder=tmp_path) == 2


def test_a_step_that_does_not_follow_is_named() -> None:
    """The conversion says which step is wrong."""
    with pytest.raises(ProofError, match="does not follow by unit propagation: 1"):
        steps([[1, 2], [-1, 2, 3]], [(False, (1,))])
    with pytest.raises(ProofError, match="does not end with the empty clause"):
        steps([[1, 2]], [])


# Scripts.


@needs_tools
@pytest.mark.parametrize("name", REFUTED)
@pytest.mark.parametrize("others", [2, pytest.param(len(REFUTED) + len(OPEN), marks=pytest.mark.slow)])
def test_a_certificate_is_found_and_accepted(name: str, others: int, tmp_path: Path) -> None:
    """Each kind of reason, replayed; for the next scripts in turn the certificate is rejected."""
    found = certificate(REFUTED[name], 30)
    assert found == certificate(REFUTED[name], 30)
    assert replayed("smt-check", REFUTED[name], found, folder=tmp_path) == 0
    texts = list({**REFUTED, **OPEN}.values())
    here = list(REFUTED).index(name) + 1
    for text in [*texts[here:], *texts[: here - 1]][:others]:
        assert replayed("smt-check", text, found, folder=tmp_path) == 1


@needs_tools
def test_the_induction_steps_of_gates_have_certificates(tmp_path: Path) -> None:
    """Obligations as they are: all of the family's steps but the one that multiplies two unknowns."""
    left = set()
    for obligation in gate_steps((1, 64)):
        try:
            found = certificate(obligation.content, 60)
        except Open:
            left.add(obligation.lemma)
            continue
        assert replayed("smt-check", obligation.content, found, folder=tmp_path) == 0
        weaker = obligation.hypotheses.replace("(check-sat)", "")
        assert replayed("smt-check", weaker, found, folder=tmp_path) == 1
    assert left == {"gates.step.modulo"}


@pytest.mark.parametrize("name", OPEN)
def test_no_certificate_is_found_where_there_is_a_model(name: str) -> None:
    """The search says so."""
    with pytest.raises(Open, match="values that linear arithmetic allows"):
        Search(Script(OPEN[name])).run(30)


@needs_tools
@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_corrupted_certificates_are_rejected(each: int, tmp_path: Path) -> None:
    """Any line that the proof needs left out, any multiplier or literal of a clause changed: rejected, or not read."""
    text = REFUTED["cases of an if"]
    lines = certificate(text, 30).splitlines()
    wrong = [lines[:index] + lines[index + 1 :] for index in range(len(lines))]
    for index, line in enumerate(lines):
        word, *rest = line.split()
        if word == "c":
            turned = " ".join(["c", str(-int(rest[0])), *rest[1:]])
            wrong.append([*lines[:index], turned, *lines[index + 1 :]])
            if "farkas" in line:
                wrong.append([*lines[:index], line + "0", *lines[index + 1 :]])
    for changed in wrong[::each]:
        assert replayed("smt-check", text, "\n".join(changed) + "\n", folder=tmp_path) in (1, 2)


@pytest.mark.parametrize(
    "text, message",
    [
        ("(declare-const x Int) (declare-const y Real)", "one sort, found Int and Real"),
        ("(declare-const x (_ BitVec 8))", "expected Int, Real or Bool"),
        ("(declare-const x Int) (declare-const x Int)", "x is declared twice"),
        ("(assert (<= 0 x))", "expected a name that is declared, found x"),
        ("(declare-const x Int) (assert (bvult x x))", "expected a formula, found x"),
        ("(push 1)", "expected a command that is read, found push"),
    ],
)
def test_a_script_that_is_not_read_is_refused(text: str, message: str) -> None:
    """A script outside the fragment is refused."""
    with pytest.raises(ScriptError, match=message):
        Script(text)


def test_multipliers_of_a_contradiction() -> None:
    """Columns that add up to 0 in one way only; None where there is another way."""
    half = Fraction(1, 2)
    assert kernel([{1: Fraction(2)}, {1: Fraction(-1)}]) == [half, 1]
    assert kernel([{1: Fraction(1)}, {2: Fraction(1)}]) is None
    assert kernel([{1: Fraction(1)}, {1: Fraction(1)}, {1: Fraction(-1)}]) is None


# Rocq goals.


@needs_coqc
def test_goals_are_proved_and_their_opposites_are_not(tmp_path: Path) -> None:
    """In one file: linear and not, over integers and reals; a goal that does not follow is not proved.

    Scripts about truth values alone, or with a remainder by an unknown, are left to certificates.
    """
    others = ("truth values", "a remainder of less than the divisor")
    nonlinear = """(set-logic QF_NRA) (declare-const m Real) (declare-const c Real) (declare-const r Real)
        (assert (and (< 0 m) (= (* m r) (* m c)))) (assert (not (= r c))) (check-sat)"""
    texts = [nonlinear, *(text for name, text in REFUTED.items() if name not in others)]
    goals = [rocq_goal(text, f"goal{i}") for i, text in enumerate(texts)]
    wrong = rocq_goal(OPEN["not tight"], "wrong").replace("Qed.", "Abort.").replace("Proof. intros.", "Proof. intros. Fail")
    compiled({"Goals": HEADER + "\n".join([*goals, wrong])}, tmp_path)


def test_a_script_without_a_goal_is_no_theorem() -> None:
    """The last assertion must be a negation."""
    with pytest.raises(ScriptError, match="expected a negated goal"):
        rocq_goal("(declare-const x Int) (assert (<= 0 x))")
