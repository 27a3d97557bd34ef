"""Routes to a proof that is not the solver's word: how it is found, its checker, and the steps that are taken on trust.

No proof is believed: it counts when the replay accepts it, and a cached proof is replayed every time.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import z3

from efasp.checker.certificates.archive import NOTHING, Asked, Found, Proof
from efasp.checker.certificates.blasting import HOLE, clauses
from efasp.checker.certificates.encoder import Encoder
from efasp.checker.certificates.goals import HEADER, rocq_goal
from efasp.checker.certificates.lrat import ProofError, dimacs, drup, steps
from efasp.checker.certificates.refutation import certificate
from efasp.checker.certificates.replay import replayed
from efasp.checker.certificates.search import Open
from efasp.checker.certificates.terms import ScriptError
from efasp.checker.solvers import solve, titles
from efasp.proofs.rocq.build import REALS, RocqError, coqc, printed, version
from efasp.proofs.smtlib import satisfied


@dataclass(frozen=True)
class Route:
    """``find`` gives a proof of a script as text; ``accepts`` is given the script and a proof, in a folder of its own.

    ``by``: the checker; ``files``: its input besides the script, by ending; ``hole``: the step that is taken on trust, or
    nothing. The functions raise what ``FAILS`` lists.
    """

    name: str
    by: Callable[[], str]
    find: Callable[[str, float], str]
    accepts: Callable[[str, str, Path], bool]
    files: Callable[[str, str], dict[str, str]]
    hole: str = ""


EVALUATED = "evaluation"
BITS = re.compile(r"BitVec|FloatingPoint")  # sorts of scripts that are not evaluated here
FAILS = (ScriptError, Open, ProofError, RocqError, z3.Z3Exception)


def _by_smt_check(text: str, proof: str, folder: Path) -> bool:
    return replayed("smt-check", _written(folder / "script.smt2", text), _written(folder / "proof.cert", proof))


def _theorem(text: str, seconds: float) -> str:
    """The tactics are the proof; whether they do is for the kernel to say."""
    return HEADER + rocq_goal(text) + "Print Assumptions obligation.\n"


def _by_kernel(text: str, proof: str, folder: Path) -> bool:
    """The theorem is written anew from the script: a cached one may state another."""
    theorem = _theorem(text, 0)
    return proof == theorem and set(printed(coqc(_written(folder / "Obligation.v", theorem)))) <= set(REALS)


Encode = Callable[[str], list[list[int]]]
ENCODERS: dict[str, Encode] = {"gates": lambda text: Encoder(text).clauses, "tactics": clauses}
TWICE = (
    "the clauses are made by two encoders that share nothing, both refuted: Z3's tactics, and checker/certificates/encoder.py"
)


@dataclass(frozen=True)
class Refuted:
    """The clauses of some encoders, each with an LRAT proof; all must be refuted. The proof is JSON, by encoder."""

    encoders: tuple[str, ...]

    def find(self, text: str, seconds: float) -> str:
        """CaDiCaL's proofs of a script, with hints, as JSON: by encoder the text of the steps. ``seconds``: for each."""
        encodings = {name: ENCODERS[name](text) for name in self.encoders}
        proofs = {name: steps(made, drup(made, seconds)) for name, made in encodings.items()}
        return json.dumps({name: "".join(f"{step}\n" for step in proof) for name, proof in proofs.items()})

    def accepts(self, text: str, proof: str, folder: Path) -> bool:
        """Clauses are made anew; of the proof only the steps are taken."""
        files = {name: _written(folder / name, content) for name, content in self.files(text, proof).items()}
        return all(replayed("lrat-check", files[f"{name}.cnf"], files[f"{name}.lrat"]) for name in self.encoders)

    def files(self, text: str, proof: str) -> dict[str, str]:
        """A DIMACS file and its LRAT proof for each encoder."""
        try:
            said = {name: str(json.loads(proof)[name]) for name in self.encoders}
        except (ValueError, KeyError, TypeError):
            raise ProofError(f"expected the steps for {' and '.join(self.encoders)} as JSON") from None
        cnf = {f"{name}.cnf": dimacs(ENCODERS[name](text)) for name in self.encoders}
        return cnf | {f"{name}.lrat": steps_ for name, steps_ in said.items()}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@cache
def _kernel() -> str:
    return f"the kernel of {version()}"


LRAT_CHECK, SMT_CHECK = "lrat-check, proved sound in Rocq", "smt-check, proved sound in Rocq"
ONCE, BOTH = Refuted(("tactics",)), Refuted(("gates", "tactics"))
ROUTES = (
    Route("linear", lambda: SMT_CHECK, certificate, _by_smt_check, lambda text, proof: {"cert": proof}),
    Route("goal", _kernel, _theorem, _by_kernel, lambda text, proof: {"v": proof}),
    Route("encodings", lambda: f"{LRAT_CHECK}, twice", BOTH.find, BOTH.accepts, BOTH.files, TWICE),
    Route("clauses", lambda: LRAT_CHECK, ONCE.find, ONCE.accepts, ONCE.files, HOLE),
)
BY_NAME = {route.name: route for route in ROUTES}


def attempt(text: str, hypotheses: str, seconds: float, cached: Proof | None, solvers: Sequence[str]) -> Found:
    """The result for a script that has no model: a proof that is replayed, and another solver's answer.

    ``cached``: route and proof of an earlier run; the proof is replayed, and made anew only where it is rejected. Solvers are
    asked every time.
    """
    result = deepcopy(NOTHING)
    sys.setrecursionlimit(50_000)  # terms are deep
    result["consistent"] = consistent(hypotheses, seconds, solvers)
    tried: list[tuple[Route, str | None]] = [(route, None) for route in ROUTES]
    if cached is not None and cached["route"] in BY_NAME:
        tried.insert(0, (BY_NAME[cached["route"]], cached["proof"]))
    for route, known in tried:
        try:
            proof = route.find(text, seconds) if known is None else known
            with tempfile.TemporaryDirectory() as folder:
                if route.accepts(text, proof, Path(folder)):
                    result |= {"route": route.name, "proof": proof}
                    break
            result["reasons"][route.name] = "the replay rejects the proof"
        except FAILS as error:
            result["reasons"][route.name] = _first_line(error)
    return {**result, **_asked(text, seconds, solvers)}


def consistent(hypotheses: str, seconds: float, solvers: Sequence[str]) -> str:
    """``evaluation`` where a model makes all hypotheses true as they are evaluated here; else another solver that says so."""
    answer = solve("z3", hypotheses, seconds)
    if answer.result == "sat" and answer.model is not None and not BITS.search(hypotheses):
        return EVALUATED if satisfied(hypotheses, answer.model) else ""
    return next((titles([name])[0] for name in solvers if solve(name, hypotheses, seconds).result == "sat"), "")


def _first_line(error: Exception) -> str:
    words = str(error).split()
    return " ".join(words)[:200] or type(error).__name__


def _asked(text: str, seconds: float, solvers: Sequence[str]) -> Asked:
    """The first solver that says unsat is enough; an answer of sat is kept in any case."""
    answers: Asked = {"second": [], "against": []}
    for name in solvers:
        answer = solve(name, text, seconds)
        if answer.result in ("sat", "unsat"):
            said = answers["second"] if answer.result == "unsat" else answers["against"]
            said += titles([name])
        if answer.result == "unsat":
            break
    return answers
