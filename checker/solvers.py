"""One SMT-LIB 2 script in, one solver's answer out, within a budget: the only answers by which an SMT obligation is discharged.

Z3 is called in five other places, and none of them decides a verdict: ``proofs.equivalence.pruning`` chooses candidates while
obligations are built, each of which is proved again as an obligation; ``proofs.equivalence.targeted`` chooses states on which
a plan is run; ``checker.certificates`` searches for proofs, which are replayed; ``checker.mutation.hypotheses`` looks for
hypotheses that a goal does not need; and ``paper_artifacts.tables.disagreements`` counts models for a table.

A solver is imported when it is first asked; which are installed is read from package metadata. Where a solver counts its own
work, that is its budget (the same on every machine); its timer and, behind that, the worker's end are the backstop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Any

Model = dict[str, "int | Fraction | bool | str"]  # a function is its SMT-LIB text, "(lambda ((x Int)) ...)"
PACKAGES = {"z3": "z3-solver", "cvc5": "cvc5", "bitwuzla": "bitwuzla"}
CASES = "z3"  # finds models of a goal's cases, for any choice of solvers
UNITS = {"z3": 20_000_000, "cvc5": 1_000_000}  # units of the solver's own count of its work that a second of budget stands for
LOGIC = re.compile(r"\(set-logic ([A-Z_]+)\)")
DECLARED = re.compile(r"^\(declare-const (\S+) (Int|Real|Bool|\(_ BitVec \d+\))\)", re.MULTILINE)
FUNCTION = re.compile(r"^\(declare-fun (\S+) \(([^)]*)\) ([^)]+)\)", re.MULTILINE)
BITWUZLA = re.compile(r"(QF_)?A?(UF)?(BV)?(FP)?")


@dataclass(frozen=True)
class Answer:
    """The answer of a solver: ``sat``, ``unsat``, ``unknown`` (with its reason), ``timeout``, or ``not applicable``."""

    solver: str
    result: str
    reason: str = ""
    model: Model | None = None

    @property
    def decisive(self) -> bool:
        """Whether the solver answered sat or unsat."""
        return self.result in ("sat", "unsat")

    def __str__(self) -> str:
        """``z3 5.4.1: unsat``."""
        return f"{self.solver}: {self.result}{f' ({self.reason})' if self.reason else ''}"


def installed(package: str) -> str | None:
    """The version of an installed package; it is not imported."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def available() -> dict[str, str]:
    """The installed solvers, by name, and their versions."""
    versions = {name: installed(package) for name, package in PACKAGES.items()}
    return {name: known for name, known in versions.items() if known is not None}


def titles(names: Sequence[str]) -> list[str]:
    """``["z3 5.4.1", ...]``: the solvers that a verdict rests on."""
    return [f"{name} {available().get(name, '')}".strip() for name in names]


def solve(name: str, text: str, seconds: float) -> Answer:
    """The answer of one solver. Raises the exceptions of the solver (a script that it does not read, no memory)."""
    result, reason, model = ASK[name](text, seconds)
    if result == "unknown" and re.search("timeout|TIMEOUT", reason):
        result, reason = "timeout", f"{seconds:g} s"
    return Answer(titles([name])[0], result, reason, model)


Asked = tuple[str, str, Model | None]


def _z3(text: str, seconds: float) -> Asked:
    import z3

    solver = z3.Solver(ctx=z3.Context())  # in a shared one, definitions of an earlier script show up in models
    solver.set("rlimit", _units("z3", seconds), "timeout", max(1, int(seconds * 1000)), "ctrl_c", False)
    solver.from_string(text)
    answer = solver.check()
    if answer == z3.unknown:
        return "unknown", solver.reason_unknown(), None
    if answer == z3.unsat:
        return "unsat", "", None
    given = solver.model()
    values = {d.name(): given[d] for d in given.decls()}
    model: Model = {}
    for constant, sort in DECLARED.findall(text):  # any value does for one that the model leaves open
        value = values.get(constant)
        if value is None:
            model[constant] = False if sort == "Bool" else 0
        elif sort == "Bool":
            model[constant] = z3.is_true(value)
        elif z3.is_rational_value(value):
            model[constant] = value.as_fraction()
        elif z3.is_int_value(value) or z3.is_bv_value(value):
            model[constant] = value.as_long()
    for name, sorts, result in FUNCTION.findall(text):
        model[name] = _table(values.get(name), sorts.split(), result)
    return "sat", "", model


def unreachable(text: str, wanted: Sequence[str], unwanted: Sequence[str], seconds: float) -> tuple[set[str], str]:
    """Which of some Boolean constants of a script are true in no model of it, and why that is not known, where it is not.

    By Z3, which is asked for a model in which the first of those that are left is true, until none is left: one model covers
    many. ``unwanted``: those that are thought to be true in no model; they are asked for last. Terms are made and read by Z3's
    own functions: an object of Python for each would take longer than finding the models.
    """
    import z3

    solver, end = z3.SimpleSolver(ctx=z3.Context()), monotonic() + seconds
    solver.set("rlimit", _units(CASES, seconds), "ctrl_c", False)
    solver.set("phase_selection", 1)  # true first: then a model covers more of the constants
    solver.set("arith.enable_hnf", False, "arith.propagate_eqs", False)  # twice as fast where a remainder is by a symbol
    solver.from_string(text)
    context, never = solver.ctx.ref(), set[str]()
    terms = {name: z3.Bool(name, solver.ctx) for name in (*wanted, *unwanted)}
    left = {name: term.decl() for name, term in terms.items()}
    while left:
        name = next(iter(left))
        del left[name]
        solver.set("timeout", max(1, int(1000 * (end - monotonic()))))
        answer = solver.check(terms[name])
        if answer == z3.unknown:
            return never, solver.reason_unknown()
        if answer == z3.unsat:
            never.add(name)
            continue
        model = solver.model().model
        for other, constant in list(left.items()):
            value = z3.Z3_model_get_const_interp(context, model, constant.ast)
            if value and z3.Z3_get_bool_value(context, value) == z3.Z3_L_TRUE:
                del left[other]
    return never, ""


def consistent(text: str, seconds: float) -> bool | None:
    """Whether a script has a model, by Z3, or None, where that is not known."""
    import z3

    solver = z3.SimpleSolver(ctx=z3.Context())
    solver.set("rlimit", _units(CASES, seconds), "timeout", max(1, int(seconds * 1000)), "ctrl_c", False)
    solver.from_string(text)
    answer = solver.check()
    return None if answer == z3.unknown else bool(answer == z3.sat)


def _units(name: str, seconds: float) -> int:
    """A budget in the solver's own count."""
    return min(int(seconds * UNITS[name]), (1 << 32) - 1)


def _table(interpretation: Any, sorts: list[str], result: str) -> str:
    """A function that Z3 gives by its values, as a lambda."""
    names = [f"x{i}" for i in range(len(sorts))]
    *entries, default = interpretation.as_list() if interpretation is not None else [None]
    body = default.sexpr() if default is not None else "false" if result == "Bool" else "0"
    for *arguments, value in reversed(entries):
        same = " ".join(f"(= {name} {argument.sexpr()})" for name, argument in zip(names, arguments, strict=True))
        body = f"(ite {f'(and {same})' if len(names) > 1 else same} {value.sexpr()} {body})"
    return f"(lambda ({' '.join(f'({name} {sort})' for name, sort in zip(names, sorts, strict=True))}) {body})"


def _asked_cvc5(text: str, seconds: float, **options: str) -> tuple[Any, Any, str]:
    """The solver, its symbols, and its last answer."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    limits = {"rlimit": str(int(seconds * UNITS["cvc5"])), "tlimit-per": str(max(1, int(seconds * 1000)))}
    for option, value in {**options, **limits}.items():
        solver.setOption(option, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    symbols, said = parser.getSymbolManager(), ""
    while not (command := parser.nextCommand()).isNull():
        said = str(command.invoke(solver, symbols)).strip() or said
    return solver, symbols, said


PROOFS = ("cpc", "alethe")  # formats of cvc5's proofs


def cvc5_proof(text: str, seconds: float, form: str) -> str:
    """cvc5's own proof that a script has no model, as text; empty where it has none in time. Nothing here replays it."""
    import cvc5

    solver, _, said = _asked_cvc5(text, seconds, **{"produce-proofs": "true"})
    if said != "unsat":
        return ""
    written = solver.proofToString(solver.getProof()[0], getattr(cvc5.ProofFormat, form.upper()))
    return written.decode() if isinstance(written, bytes) else str(written)


def _cvc5(text: str, seconds: float) -> Asked:
    solver, symbols, said = _asked_cvc5(text, seconds, **{"produce-models": "true"})
    if said.startswith("(error"):
        raise ValueError(f"cvc5: {said}")
    if said != "sat":
        return said.split()[0], said.partition("(")[2].rstrip(")"), None
    model: Model = {}
    for term in symbols.getDeclaredTerms():
        sort = term.getSort()
        if sort.isBoolean() or sort.isInteger() or sort.isReal() or sort.isBitVector():
            value: Any = solver.getValue(term).toPythonObj()
            model[str(term)] = int(value) if sort.isBitVector() else value
        elif sort.isFunction():
            model[str(term)] = str(solver.getValue(term))
    return "sat", "", model


def _bitwuzla(text: str, seconds: float) -> Asked:
    logic = LOGIC.search(text)
    if logic is None or not BITWUZLA.fullmatch(logic[1]):
        return "not applicable", f"no logic of bit-vectors: {logic[1] if logic else 'none named'}", None
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, max(1, int(seconds * 1000)))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text.replace("(check-sat)", ""), True, False)
    solver = parser.bitwuzla()
    said = str(solver.check_sat()).lower().rpartition(".")[2]
    if said != "sat":
        return said, "timeout" if said == "unknown" else "", None
    model: Model = {}
    for term in parser.get_declared_funs():
        if term.sort().is_bv():
            model[term.symbol()] = int(solver.get_value(term).value(10))
        elif term.sort().is_bool():
            model[term.symbol()] = bool(solver.get_value(term).value())
    return "sat", "", model


ASK: dict[str, Callable[[str, float], Asked]] = {"z3": _z3, "cvc5": _cvc5, "bitwuzla": _bitwuzla}
