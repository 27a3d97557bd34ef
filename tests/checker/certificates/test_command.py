"""`efasp certify`, and hypotheses dropped in turn: accepted proofs are of that script, and cached ones are not believed."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from itertools import product
from pathlib import Path

import pytest

from efasp.checker.certificates.archive import NOTHING, cache_proof, cached_proof
from efasp.checker.certificates.command import certificates
from efasp.checker.certificates.encoder import Encoder
from efasp.checker.certificates.lrat import ProofError
from efasp.checker.certificates.routes import BY_NAME, EVALUATED, attempt, consistent
from efasp.checker.certificates.terms import ScriptError
from efasp.checker.cli import main
from efasp.checker.mutation.hypotheses import DEAD, MATTERS, label, section, status_without_each
from efasp.checker.pool.pools import Processes
from efasp.checker.solvers import available
from efasp.checker.store import Store, digest
from efasp.checker.terminal import Tally
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import Script, land, le, lt, parse, plus, satisfied
from tests.checker.certificates.test_refutations import needs_tools
from tests.checker.test_check import lemma_of

BITS = """(set-logic QF_BV)
(declare-const a (_ BitVec 4))
(declare-const b (_ BitVec 4))
(assert (bvslt a b))
(assert (not {goal}))
(check-sat)
"""
ODD = "(bvsgt b #b1000)"  # follows
EVEN = "(bvsgt a #b1000)"  # does not


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proofs of a test are cached in its own folder."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))


def sums(goal: str = "(<= 2 (+ a b))") -> Obligation:
    """That two numbers of 1 or more add up to 2 or more, with a hypothesis that is not needed."""
    script = Script()
    script.integer("a", 1, note="the first")
    script.integer("b", 1)
    script.definition(le("a", "9"), "a digit")
    return script.obligation("x.sums", "F", {}, "all n", (1, 64), goal)


def certify(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit code and report."""
    code = main(["certify", "--json", "-", "--jobs", "1", *arguments])
    return code, json.loads(capsys.readouterr().out)


# The command.


@needs_tools
def test_every_script_of_a_family_is_certified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each obligation that `efasp check` proves by a solver has a proof; the files written are those that the checkers take."""
    chosen = ["--lemma", "gates.step.add", "gates.not", "encoding.digits", "--n-max", "32"]
    main(["check", "--json", "-", *chosen])
    rows = [row for row in json.loads(capsys.readouterr().out)["obligations"] if row["kind"] == "smt"]
    foreign = ["--cvc5-proofs", "cpc"] if "cvc5" in available() else []
    code, report = certify(capsys, *chosen, "--out", str(tmp_path / "proofs"), *foreign)
    found = {name: c for c in report["certificates"] for name in c["ids"]}
    assert code == 0 and set(found) == {row["id"] for row in rows}
    assert all(c["status"] == "certified" and c["hypotheses"] == EVALUATED for c in found.values())
    assert report["summary"]["certified"] == len(report["certificates"]) == len({row["hash"] for row in rows})
    assert {"smt-check, proved sound in Rocq"} < {c["by"] for c in found.values()}
    assert len(list((tmp_path / "proofs").glob("*.cpc"))) == len(report["certificates"]) * bool(foreign)
    for certificate in (tmp_path / "proofs").glob("*.cert"):
        assert BY_NAME["linear"].accepts(certificate.with_suffix(".smt2").read_text(), certificate.read_text(), tmp_path)


@needs_tools
def test_what_was_kept_is_replayed_and_not_believed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A second run takes the proof of the first; one that was changed is rejected, and made anew."""
    scripts = [[sums()]]
    with_store = Store(tmp_path / "s.sqlite", print)
    (first,) = certificates(scripts, 20, 2048, Processes(1), with_store)
    (again,) = certificates(scripts, 20, 2048, Processes(1), with_store)
    assert first.status == again.status == "certified" and first.outcome == again.outcome
    text, hypotheses = sums().content, sums().hypotheses
    lines = first.outcome["proof"].splitlines()
    other = {**first.outcome, "proof": "\n".join(lines[:-1]) + "\n"}
    mended = attempt(text, hypotheses, 20, other, [])
    assert mended["proof"] == first.outcome["proof"] and mended["reasons"] == {"linear": "the replay rejects the proof"}
    assert attempt(text, hypotheses, 20, {**other, "proof": ""}, [])["route"] == "linear"  # no proof at all
    with_store.close()


def asked(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """The second solvers of the runs to come."""
    monkeypatch.setattr("efasp.checker.certificates.archive.SECOND", names)


@pytest.mark.asks_for("coqc", "ocamlopt", "cadical")
def test_a_second_solver_is_asked_every_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That one agreed in an earlier run does not count in this one: it is asked again, and may now say something else."""
    store, scripts = Store(tmp_path / "s.sqlite", print), [[sums()]]
    asked(monkeypatch, "z3")
    (first,) = certificates(scripts, 20, 2048, Processes(1), store)
    assert [name.split()[0] for name in first.outcome["second"]] == ["z3"]
    cache_proof(store, sums().hash, {**NOTHING, "route": "goal"})  # kept, whether there is a proof or not
    asked(monkeypatch)
    (again,) = certificates(scripts, 20, 2048, Processes(1), store)
    assert again.outcome["second"] == again.outcome["against"] == []
    wrong = sums("(<= 3 (+ a b))")
    found = attempt(wrong.content, wrong.hypotheses, 5, {"route": "", "proof": ""}, ["z3"])
    assert found["against"] and not found["second"]
    store.close()


@pytest.mark.asks_for("coqc", "ocamlopt", "cadical")
@pytest.mark.parametrize("fields", [{"route", "proof", "second"}, set(NOTHING), {"route"}, set()], ids=len)
def test_a_forged_agreement_is_not_reported(fields: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An entry of the store that claims that a second solver agrees, and that hypotheses have a model, is not believed."""
    store, key = Store(tmp_path / "s.sqlite", print), digest("certificate", sums().hash)
    forged = {**NOTHING, "second": ["cvc5 9.9"], "consistent": "cvc5 9.9"}
    value = json.dumps({name: forged[name] for name in fields})
    store.put(key, base64.b85encode(zlib.compress(value.encode())).decode())
    asked(monkeypatch)
    (found,) = certificates([[sums()]], 20, 2048, Processes(1), store)
    assert found.row["second"] == [] and found.row["hypotheses"] == EVALUATED
    assert cached_proof(store, sums().hash) is None or set(cached_proof(store, sums().hash) or ()) == {"route", "proof"}
    store.close()


@needs_tools
def test_a_script_with_a_model_is_contradicted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No route gives a proof, the second solver finds a model: exit 1; without a second solver it stays open: exit 3."""
    lemma_of(monkeypatch, sums("(<= 3 (+ a b))"))
    asked(monkeypatch, "z3")
    code, report = certify(capsys)
    (row,) = report["certificates"]
    assert code == 1 and row["status"] == "contradicted" and not row["by"]
    assert set(row["reasons"]) == {"linear", "goal", "encodings", "clauses"}
    asked(monkeypatch)
    code, report = certify(capsys)
    assert code == 3 and report["summary"]["open"] == 1


def test_a_checker_that_is_missing_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, and how to get it."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["certify", "--lemma", "gates.not"]) == 2
    assert "cadical not found" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call, message",
    [
        ("--lemma gates.none", "--lemma: expected a lemma's name"),
        ("--out /dev/null", "--out: /dev/null: expected a folder"),
    ],
)
def test_wrong_options_are_refused_before_the_checkers_are_built(
    call: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Building them may take minutes, and needs programs that this machine may lack."""
    monkeypatch.setattr("efasp.checker.certificates.command._tools", lambda: pytest.fail("the checkers are built"))
    assert main(["certify", *call.split()]) == 2
    assert message in capsys.readouterr().err


def test_proofs_of_cvc5_need_a_place(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2 without --out."""
    monkeypatch.setattr("efasp.checker.certificates.command._tools", lambda: None)
    assert main(["certify", "--cvc5-proofs", "cpc"]) == 2
    assert "--cvc5-proofs: expected --out" in capsys.readouterr().err


# Routes.


@needs_tools
def test_bit_vectors_are_refuted_as_clauses(tmp_path: Path) -> None:
    """By two encoders, a hole that is named; a script that has a model has no proof, not even with another script's."""
    found = attempt(BITS.format(goal=ODD), BITS.format(goal="false"), 20, None, ["z3"])
    assert found["route"] == "encodings" and BY_NAME["encodings"].hole and found["consistent"].startswith("z3")
    files = BY_NAME["encodings"].files(BITS.format(goal=ODD), found["proof"])
    assert set(files) == {"gates.cnf", "gates.lrat", "tactics.cnf", "tactics.lrat"}
    for one in ("gates", "tactics"):  # each of the two must be refuted
        proof = json.dumps({**json.loads(found["proof"]), one: ""})
        assert not BY_NAME["encodings"].accepts(BITS.format(goal=ODD), proof, tmp_path)
    wrong = attempt(BITS.format(goal=EVEN), BITS.format(goal="false"), 20, found, ["z3"])
    assert not wrong["route"] and "model" in wrong["reasons"]["clauses"]


@needs_tools
def test_floating_point_numbers_have_one_encoder() -> None:
    """Another hole."""
    text = """(set-logic QF_FP)
(declare-const x (_ FloatingPoint 5 11))
(assert (fp.gt x ((_ to_fp 5 11) RNE 1.0)))
(assert (not (fp.gt x ((_ to_fp 5 11) RNE 0.0))))
(check-sat)
"""
    assert attempt(text, text, 20, None, [])["route"] == "clauses"


WORDS = {
    "bvadd": lambda a, b: a + b,
    "bvmul": lambda a, b: a * b,
    "bvsub": lambda a, b: a - b,
    "bvand": lambda a, b: a & b,
    "bvor": lambda a, b: a | b,
    "bvxor": lambda a, b: a ^ b,
    "bvshl": lambda a, b: a << b,
    "bvashr": lambda a, b: _signed(a) >> b,
    "concat": lambda a, b: a << 3 | b,
    "(_ sign_extend 2)": lambda a: _signed(a),
    "(_ extract 2 1)": lambda a: a >> 1,
    "ite c": lambda a, b: a,
}
FORMULAS = {
    "bvsgt": lambda a, b: _signed(a) > _signed(b),
    "bvslt": lambda a, b: _signed(a) < _signed(b),
    "bvsle": lambda a, b: _signed(a) <= _signed(b),
    "=": lambda a, b: a == b,
}


def _signed(a: int) -> int:
    """Three bits as a signed number."""
    return a - 8 if a > 3 else a


@pytest.mark.parametrize("operation", [*WORDS, *FORMULAS])
def test_our_encoder_against_arithmetic(operation: str) -> None:
    """Every operation on all words of three bits: from the inputs unit propagation finds the outputs of arithmetic."""
    meaning = {**WORDS, **FORMULAS}[operation]
    arity = meaning.__code__.co_argcount
    declared = "".join(f"(declare-const {name} (_ BitVec 3))" for name in "ab") + "(declare-const c Bool)"
    encoder = Encoder(declared)
    value = encoder.value(parse(f"({operation} {' '.join('ab'[:arity])})")[0])
    outputs = [value] if isinstance(value, int) else value
    a, b = (encoder.names[name] for name in "ab")
    for x, y in product(range(8), repeat=2):
        known = {encoder.names["c"]}
        known |= {bit if number >> i & 1 else -bit for bits, number in ((a, x), (b, y)) for i, bit in enumerate(bits)}
        _propagate(encoder.clauses, known)
        wanted = int(meaning(*(x, y)[:arity]))
        found = sum((bit in known) << i for i, bit in enumerate(outputs))
        assert all(bit in known or -bit in known for bit in outputs)
        assert found == wanted % (1 << len(outputs)), (x, y)


def _propagate(clauses: list[list[int]], known: set[int]) -> None:
    """What follows from literals, by unit propagation."""
    before = -1
    while len(known) != before:
        before = len(known)
        for clause in clauses:
            left = [literal for literal in clause if -literal not in known]
            if len(left) == 1:
                known.add(left[0])


@pytest.mark.parametrize(
    "text, message",
    [
        ("(declare-const x Int)", "expected Bool or a bit-vector, found Int"),
        ("(declare-const x Bool) (assert (bvadd x x))", "expected a bit-vector, found a formula"),
        ("(declare-const x (_ BitVec 2)) (assert x)", "expected a formula, found a bit-vector of 2 bits"),
        ("(declare-const x (_ BitVec 2)) (assert (bvult x x))", "expected an operation that is read, found bvult"),
        ("(push 1)", "expected a command that is read, found push"),
    ],
)
def test_what_our_encoder_does_not_read(text: str, message: str) -> None:
    """Unknown input is refused."""
    with pytest.raises(ScriptError, match=message):
        Encoder(text)


@needs_tools
def test_a_theorem_is_that_of_its_script(tmp_path: Path) -> None:
    """A file that proves another theorem, or assumes one, is not accepted."""
    route, text = BY_NAME["goal"], sums().content
    proof = route.find(text, 20)
    assert route.accepts(text, proof, tmp_path)
    assert not route.accepts(sums("(<= 1 (+ a b))").content, proof, tmp_path)
    assert not route.accepts(text, proof.replace("Qed.", "Admitted."), tmp_path)


@needs_tools
def test_a_theorem_with_an_assumption_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Print Assumptions says is read: an axiom of our own is none of the standard library's."""
    wrong = sums("(<= 3 (+ a b))").content
    route = BY_NAME["goal"]
    assumed = "Axiom absurd : False. Theorem obligation : 1 = 2. Proof. destruct absurd. Qed.\n"
    monkeypatch.setattr("efasp.checker.certificates.routes.rocq_goal", lambda text: assumed)
    assert not route.accepts(wrong, route.find(wrong, 20), tmp_path)


@pytest.mark.asks_for("coqc", "ocamlopt", "cadical")
def test_clauses_are_of_bit_vectors_alone() -> None:
    """Arithmetic is no Boolean variable; a route whose program is not installed is one that failed, and says so."""
    found = attempt(sums("(<= 3 (+ a b))").content, sums().hypotheses, 5, None, [])
    assert "expected a script of bit-vectors" in found["reasons"]["clauses"]
    lacking = {tool for tool in ("coqc", "ocamlopt", "cadical") if shutil.which(tool) is None}
    assert "coqc" not in lacking or "coqc not found" in found["reasons"]["goal"]
    assert not found["route"] and set(found["reasons"]) == set(BY_NAME)


def test_hypotheses_without_a_model() -> None:
    """Nothing says that contradictory hypotheses have one; a model is evaluated here."""
    script = Script()
    script.integer("a", 1, 3)
    assert consistent(script.text(), 5, []) == EVALUATED
    script.definition(lt("3", "a"))
    assert consistent(script.text(), 5, ["z3"]) == ""


@pytest.mark.needs("coqc", "ocamlopt")
def test_a_wrong_proof_file_is_said_to_be_wrong(tmp_path: Path) -> None:
    """Files that are not read are an error of the proof, not of the script."""
    with pytest.raises(ProofError, match="line 1"):
        BY_NAME["linear"].accepts(sums().content, "x 1 2\n", tmp_path)


# Hypotheses.


def test_hypotheses_are_dropped_in_turn() -> None:
    """Against a direct search over small numbers: one matters where the others allow values for which the goal fails."""
    script, values = Script(), range(-2, 12)
    script.integer("a", 1)
    script.integer("b", 1)
    script.definition(le("a", "9"), "a digit")
    script.definition(lt("a", "b"))
    goal = land(le("3", plus("a", "b")), le("2", "b"))
    text = script.obligation("x.y", "F", {}, "all n", (1, 64), goal).content
    lines = text.splitlines()
    wanted = {}
    for line in [line for line in lines if line.startswith("(assert") and "negated goal" not in line]:
        without = "\n".join(other for other in lines if other != line)
        open_ = any(satisfied(without, {"a": a, "b": b}) for a, b in product(values, values))
        wanted[line] = MATTERS if open_ else DEAD
    assert status_without_each(text, 5) == wanted and set(wanted.values()) == {MATTERS, DEAD}
    assert label(next(line for line in wanted if "digit" in line)) == "a digit"


def test_hypotheses_of_a_lemma(tmp_path: Path) -> None:
    """Over its scripts, by name; a second time from the store."""
    store, one, two = Store(tmp_path / "s.sqlite", print), sums(), sums("(<= 1 b)")
    found = section([[one], [two]], 10, 2048, Processes(1), store, Tally())
    assert found == section([[one], [two]], 10, 2048, Processes(1), store, Tally())
    rows = {row["hypothesis"]: row for row in found["dropped"]}
    assert rows["a digit"] == {"lemma": "x.sums", "hypothesis": "a digit", "matters": 0, "dead": 2, "unknown": 0}
    assert rows["(<= 1 b)"]["matters"] == 2 and rows["(<= 1 a)"]["matters"] == 1 and not found["not tried"]
    store.close()
