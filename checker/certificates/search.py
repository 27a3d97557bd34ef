"""The search for a refutation: a SAT solver finds truth values, arithmetic refutes them, until none are left.

Nothing here has to be believed: the refutation is written down, and ``smt-check`` replays it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from time import monotonic

import z3

from efasp.checker.certificates.clauses import DIV, Clause, Reasoned, of_script
from efasp.checker.certificates.propagation import Propagation
from efasp.checker.certificates.terms import Form, Script, added

MODEL = re.compile(r"define-fun f(\d+) \(\) Bool\s+(true|false)")


class Open(Exception):
    """No refutation was found; says why: values that linear arithmetic allows, or the time is up."""


def says(script: Script, literal: int) -> tuple[Form, bool]:
    """A comparison or its negation as a form that is 0 or more, or (second part) above 0."""
    _, a, b = script.formulas[abs(literal)]
    below, above = script.linear(a), script.linear(b)
    if literal > 0:
        return added((1, above), (-1, below)), False
    if script.integral:
        return added((1, below), (-1, above), (-1, ({}, Fraction(1)))), False
    return added((1, below), (-1, above)), True


def neighbours(script: Script) -> Iterator[Reasoned]:
    """Comparisons of one sum with two constants next to each other: where the stronger one holds, the weaker does."""
    bounds: dict[tuple[tuple[int, Fraction], ...], list[tuple[Fraction, bool, int, Fraction]]] = {}
    for number, node in enumerate(script.formulas.nodes, 1):
        for literal in (number, -number) if node[0] == "le" else ():
            (terms, constant), strict = says(script, literal)
            if terms:
                lead = abs(terms[min(terms)])
                key = tuple((t, c / lead) for t, c in sorted(terms.items()))
                bounds.setdefault(key, []).append((constant / lead, not strict, literal, lead))  # the least is the strongest
    for sides in bounds.values():
        sides.sort(key=lambda bound: bound[:3])
        for (_, _, strong, one), (_, _, weak, other) in pairwise(sides):
            if strong != -weak:
                yield (-strong, weak), multiples((1 / one, 1 / other))


def multiples(values: Sequence[Fraction]) -> str:
    """The reason with these multiples, as integers."""
    scale = lcm(*(value.denominator for value in values))
    return f"farkas {' '.join(str(int(value * scale)) for value in values)}"


def kernel(columns: Sequence[dict[int, Fraction]]) -> list[Fraction] | None:
    """The factors, up to one, with which columns add up to 0, where there are no others; the last one's is 1."""
    rows: dict[int, dict[int, Fraction]] = {}  # by pivot: the row that has it, with factor 1
    for term in dict.fromkeys(t for column in columns for t in column):
        row = {i: column[term] for i, column in enumerate(columns) if term in column}
        for pivot, other in rows.items():
            if pivot in row:
                row = _less(row, row[pivot], other)
        if not row:
            continue
        pivot = min(row)
        row = {i: c / row[pivot] for i, c in row.items()}
        rows = {p: _less(other, other[pivot], row) if pivot in other else other for p, other in rows.items()} | {pivot: row}
    free = [i for i in range(len(columns)) if i not in rows]
    if len(free) != 1:
        return None
    return [Fraction(1) if i == free[0] else -rows[i].get(free[0], Fraction(0)) for i in range(len(columns))]


def _less(row: dict[int, Fraction], factor: Fraction, other: dict[int, Fraction]) -> dict[int, Fraction]:
    out = dict(row)
    for i, c in other.items():
        out[i] = out.get(i, Fraction(0)) - factor * c
    return {i: c for i, c in out.items() if c}


class Search:
    """Clauses of a script and, found one by one, those of arithmetic that leave no truth values."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.clauses: list[Reasoned] = []
        self.sat, self.facts, self.arithmetic = z3.SolverFor("QF_FD"), z3.SolverFor("QF_LRA"), z3.SolverFor("QF_LRA")
        self.sat.set("phase", "always_false")
        self.facts.set("core.minimize", True)
        self.truth: dict[int, z3.BoolRef] = {}
        self.bases: dict[int, z3.ArithRef] = {}
        self.named: dict[tuple[int, int], z3.BoolRef] = {}
        self.known = Propagation()
        self._stated = 0  # of the units, how many arithmetic knows
        self.split: list[int] = []  # comparisons that branch on an integer: always looked at
        for clause, reason in of_script(script):
            self.add(clause, reason)
        for clause, reason in neighbours(self.script):
            self.add(clause, reason)
        self.known.probe(sign * n for n, node in enumerate(script.formulas.nodes, 1) if node[0] == "le" for sign in (1, -1))

    def add(self, clause: Clause, reason: str) -> None:
        """Add a clause, with the reason for which it holds."""
        self.clauses.append((clause, reason))
        self.known.add(clause)
        self.sat.add(z3.Or([self._literal(x) for x in clause]))

    def _literal(self, x: int) -> z3.BoolRef:
        name = self.truth.setdefault(abs(x), z3.Bool(f"f{abs(x)}"))
        return name if x > 0 else z3.Not(name)

    @property
    def units(self) -> dict[int, None]:
        """Literals that the clauses alone make true, as far as that is known."""
        return self.known.units

    def _state(self) -> None:
        """Makes the comparisons among the units facts of arithmetic."""
        for literal in list(self.units)[self._stated :]:
            if self._compares(literal):
                self.facts.add(self._says(literal))
        self._stated = len(self.units)

    def _says(self, literal: int) -> z3.BoolRef:
        (terms, constant), strict = says(self.script, literal)
        total = z3.Sum([_number(c) * self._base(t) for t, c in terms.items()]) + _number(constant)
        return total > 0 if strict else total >= 0

    def _assumption(self, solver: z3.Solver, literal: int) -> z3.BoolRef:
        """The name under which a solver knows a literal."""
        key = (id(solver), literal)
        if key not in self.named:
            self.named[key] = z3.Bool(f"a{literal}")
            solver.add(z3.Implies(self.named[key], self._says(literal)))
        return self.named[key]

    def _base(self, term: int) -> z3.ArithRef:
        return self.bases.setdefault(term, z3.Real(f"t{term}"))

    def run(self, seconds: float) -> None:
        """Adds clauses of arithmetic until the clauses have no model. Raises Open."""
        until = monotonic() + seconds
        while self.sat.check() == z3.sat:
            if monotonic() > until:
                raise Open(f"not found within {seconds:g} s")
            self._state()
            conflicts = list(self.conflicts(self.needed(self.sat.model())))
            if not conflicts:
                self.branch()
            for core in conflicts:
                self.conflict(core)

    def conflict(self, literals: Iterable[int]) -> None:
        """A clause from literals that contradict each other, given the units."""
        core = self._core(self.arithmetic, [*literals, *(x for x in self.units if self._compares(x))])
        if core is None:
            raise Open("a conflict that is none")
        self.add(tuple(-x for x in core), self.farkas(core))

    def _compares(self, literal: int) -> bool:
        return bool(self.script.formulas[abs(literal)][0] == "le")

    def needed(self, model: z3.ModelRef) -> list[int]:
        """Comparisons that make every clause true in a model, as few as are easily found."""
        true = dict.fromkeys(self.truth, False)
        true |= {int(n): value == "true" for n, value in MODEL.findall(model.sexpr())}
        wanted: dict[int, None] = {}
        for clause, reason in self.clauses:
            if not reason.startswith(("gate", "farkas")):
                self._want(
                    next(iter([x for x in clause if x in wanted] or [x for x in clause if true[abs(x)] == (x > 0)])),
                    true,
                    wanted,
                )
        for n in self.split:
            wanted[n if true[n] else -n] = None
        return [x for x in wanted if self.script.formulas[abs(x)][0] == "le"]

    def _want(self, literal: int, true: dict[int, bool], wanted: dict[int, None]) -> None:
        """A literal that is true, and the literals that make it so."""
        stack = [literal]
        while stack:
            x = stack.pop()
            if x in wanted:
                continue
            wanted[x] = None
            kind, *parts = self.script.formulas[abs(x)]
            if kind == "eq":
                parts = [self.script.at_most(parts[0], parts[1]), self.script.at_most(parts[1], parts[0])]
            signed = [p if true[p] else -p for p in parts] if kind in ("not", "and", "or", "iff", "eq") else []
            if (kind in ("and", "eq") and x < 0) or (kind == "or" and x > 0):
                chosen = [p for p in signed if (p > 0) == (x > 0)]
                signed = [p for p in chosen if p in wanted][:1] or chosen[:1]
            stack += signed

    def conflicts(self, literals: Sequence[int]) -> Iterator[list[int]]:
        """Sets of comparisons that contradict each other and the units, no two with a common one."""
        left = [x for x in literals if x not in self.units]
        while (core := self._core(self.facts, left)) is not None:
            yield core
            if not core:
                return
            left = [x for x in left if x not in core]

    def _core(self, solver: z3.Solver, literals: Sequence[int]) -> list[int] | None:
        """Those of the literals that contradict each other, in order; None where they do not."""
        names = [self._assumption(solver, x) for x in literals]
        if solver.check(*names) != z3.unsat:
            return None
        used = {name.get_id() for name in solver.unsat_core()}
        return sorted(x for name, x in zip(names, literals, strict=True) if name.get_id() in used)

    def farkas(self, core: Sequence[int]) -> str:
        """The multiples of comparisons that add up to a contradiction."""
        forms = [says(self.script, x) for x in core]
        values = kernel([terms for (terms, _), _ in forms])
        if values is not None and min(values) < 0:
            values = [-value for value in values]
        if values is None or min(values) < 0:
            values = self._programmed(forms)
        return multiples(values)

    @staticmethod
    def _programmed(forms: Sequence[tuple[Form, bool]]) -> list[Fraction]:
        """Such multiples by linear programming, where more than one set of them adds up to 0."""
        solver = z3.SolverFor("QF_LRA")
        ks = [z3.Real(f"k{i}") for i in range(len(forms))]
        solver.add([k >= 0 for k in ks])
        for term in dict.fromkeys(t for (terms, _), _ in forms for t in terms):
            solver.add(
                z3.Sum([_number(terms[term]) * k for ((terms, _), _), k in zip(forms, ks, strict=True) if term in terms]) == 0
            )
        constant = z3.Sum([_number(c) * k for ((_, c), _), k in zip(forms, ks, strict=True)])
        strict = [k for (_, above), k in zip(forms, ks, strict=True) if above]
        solver.add(z3.Or(constant < 0, z3.And(constant <= 0, z3.Sum(strict) > 0)) if strict else constant < 0)
        if solver.check() != z3.sat:
            raise Open("a contradiction without multipliers")
        return [solver.model().eval(k, model_completion=True).as_fraction() for k in ks]

    def branch(self) -> None:
        """Values that are not integers: a comparison on one of them. Raises Open where there is none."""
        model = self.facts.model()
        for term in (*self._excesses, *self.bases) if self.script.integral else ():
            terms, constant = self.script.linear(term)
            values = (c * model.eval(self._base(t), model_completion=True).as_fraction() for t, c in terms.items())
            value = sum(values, constant)
            if value.denominator > 1:
                new = self.script.at_most(term, self.script.num(value.numerator // value.denominator))
                if new not in self.split:
                    self.split.append(new)
                    self.sat.add(z3.Or(self._literal(new), self._literal(-new)))
                    return
        raise Open("values that linear arithmetic allows")

    @cached_property
    def _excesses(self) -> list[int]:
        """For every quotient its excess over the multiples of the divisor in its dividend, which has bounds."""
        script, excesses = self.script, list[int]()
        for number, node in enumerate(list(script.terms.nodes), 1):
            if node[:2] == ("apply", DIV) and script.terms[node[3]][0] == "num" and script.terms[node[3]][1] > 0:
                for term, factor in self._expanded(node[2]).items():
                    number = script.plus(number, script.times(-(factor // script.terms[node[3]][1]), term))
                excesses.append(number)
        return excesses

    def _expanded(self, term: int) -> dict[int, Fraction]:
        """The coefficients of a term, names that stand for terms replaced by them."""
        (terms, _), replaced = self.script.linear(term), list[tuple[Fraction, Form]]()
        for base, factor in terms.items():
            body = self._definitions.get(base)
            replaced.append((factor, ({base: Fraction(1)} if body is None else self._expanded(body), Fraction(0))))
        return added(*replaced)[0]

    @cached_property
    def _definitions(self) -> dict[int, int]:
        """Names, and the terms made before them that they equal."""
        equalities = (self.script.formulas[f] for f in self.script.assertions)
        return {e[1]: e[2] for e in equalities if e[0] == "eq" and self.script.terms[e[1]][0] == "var" and e[1] > e[2]}


def _number(value: Fraction) -> z3.RatNumRef:
    return z3.RealVal(f"{value.numerator}/{value.denominator}")
