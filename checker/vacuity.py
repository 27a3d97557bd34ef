"""Vacuity inside goals: every case that a goal distinguishes has a model, or is declared infeasible and shown to be.

An implication says nothing where its antecedent has no model, and so does a case of an ``ite`` that cannot happen: a goal may
follow for that reason alone. The cases of a goal are, with all that encloses them: the antecedents of implications, both sides
of an ``ite`` between formulas, and of an equality of two formulas either truth value. An equality with *true* or *false* has
no cases, nor has a disjunction, nor an ``ite`` between numbers; in scripts over bit-vectors, where a Boolean is a bit, an
equality or ``ite`` is one of data. A negation states that a case cannot happen: it is a claim, not a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from efasp.checker.solvers import CASES, consistent, titles, unreachable
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.smtlib import FALSE, TRUE, Term, land, lnot, parse, written

FORMULAS = ("and", "or", "not", "=>", "xor", "=", "distinct", "<", "<=", ">", ">=")
TRUTHS = re.compile(r"^\((?:declare-const (\S+)|define-fun (\S+) \(\)|declare-fun (\S+) \([^)]*\)) Bool\b", re.MULTILINE)
DEFINED = re.compile(r"^\(define-fun (\S+) \(\) Bool (.*)\)(?: ; .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A condition, within another case (by its constant) or not. ``name``: a constant that is true where the case holds."""

    name: str
    condition: Term
    within: Term = TRUE

    @property
    def asserted(self) -> str:
        """The assertion by which the constant stands for the case."""
        return f"(declare-const {self.name} Bool)\n(assert (= {self.name} {land(self.within, self.condition)}))"


@dataclass
class Cases:
    """The cases of a goal, in order, each after that within which it is. ``asserted``: the negated goal, parsed;
    ``hypotheses``: the script without it."""

    hypotheses: str
    asserted: Any
    by_name: dict[Term, Case] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names: dict[tuple[Term, Term], Term] = {}
        self._defined = dict(DEFINED.findall(self.hypotheses))
        self._truths = {TRUE, FALSE, *(name for names in TRUTHS.findall(self.hypotheses) for name in names if name)}
        self._bits = "(_ BitVec" in self.hypotheses
        left: list[tuple[Any, bool, Term]] = [(self.asserted, False, TRUE)]
        while left:
            left.extend(reversed(list(self._below(*left.pop()))))

    def _case(self, within: Term, condition: Term) -> Term:
        """The constant of a case, new or known."""
        name = self._names.setdefault((within, condition), f"case!{len(self.by_name)}")
        self.by_name.setdefault(name, Case(name, condition, within))
        return name

    def _formula(self, tree: Any) -> bool:
        """Whether a term is a formula."""
        if isinstance(tree, str):
            return tree in self._truths
        if tree[0] == "ite":
            return self._formula(tree[2])
        return isinstance(tree[0], str) and (tree[0] in FORMULAS or tree[0] in self._truths)

    def _below(self, tree: Any, positive: bool, within: Term) -> Iterator[tuple[Any, bool, Term]]:
        """The parts of a formula, each with its sign and its case; notes the cases met."""
        if isinstance(tree, str):
            if tree in self._defined:
                yield parse(self._defined[tree])[0], positive, within
            return
        head, *parts = tree
        if head == "not":
            yield parts[0], not positive, within
        elif head == ("and" if positive else "or"):
            yield from ((part, positive, within) for part in parts)
        elif head == "=>" and positive:
            yield parts[-1], True, self._case(within, land(*map(written, parts[:-1])))
        elif head == "=>":
            yield from ((part, True, within) for part in parts[:-1])
            yield parts[-1], False, within
        elif head == "ite" and not self._bits and self._formula(tree):
            condition = written(parts[0])
            yield parts[1], positive, self._case(within, condition)
            yield parts[2], positive, self._case(within, lnot(condition))
        elif head in ("=", "xor") and not self._bits and self._formula(parts[0]) and TRUE not in parts and FALSE not in parts:
            self._case(within, written(parts[0]))
            self._case(within, lnot(written(parts[0])))

    def conditions(self, case: Case) -> list[Term]:
        """The conditions of a case, those that enclose it first."""
        outer = [] if case.within == TRUE else self.conditions(self.by_name[case.within])
        return [*outer, case.condition]


def conjuncts(term: Term) -> set[Term]:
    """The conjuncts, as text, of a term that is a conjunction, nested ones taken apart; ``term``: in SMT-LIB."""
    terms, left = set(), parse(term)
    while left:
        tree = left.pop()
        if isinstance(tree, list) and tree[0] == "and":
            left += tree[1:]
        else:
            terms.add(written(tree))
    return terms


def vacuity_verdict(obligation: Obligation, seconds: float) -> tuple[Verdict | None, str]:
    """The verdict against the cases of an obligation's goal and the ends of its scope, or None; and their number, in words
    (empty, where it has none).

    A case without a model is excused where its conditions are those of a term that is declared infeasible, or more; or where it
    is one of the paths through a function of which the obligation gives the number of feasible ones. An end of the scope is
    excused where the condition that encloses it has no model. Where there is a case or an end and none fails, the hypotheses
    have a model too.
    """
    hypotheses = obligation.hypotheses.rpartition("(check-sat)")[0]
    cases = Cases(hypotheses, parse(obligation.content.removeprefix(hypotheses))[0][1])
    if not (cases.by_name or obligation.infeasible or obligation.admits) and obligation.ways is None:
        return None, ""
    claims = {f"declared!{i}": Case(f"declared!{i}", term) for i, term in enumerate(obligation.infeasible)}
    around = dict.fromkeys(within for _, within in obligation.admits)
    ends = {term: Case(f"end!{i}", term) for i, term in enumerate((*dict(obligation.admits), *around))}
    asserted = [case.asserted for case in (*cases.by_name.values(), *claims.values(), *ends.values())]
    wanted = [*cases.by_name, *(end.name for end in ends.values())]
    never, unknown = unreachable("\n".join([hypotheses, *asserted]), wanted, list(claims), seconds)
    if unknown:
        return Verdict("unknown", f"not known whether every case of the goal has a model: {unknown}"), ""
    for name, case in claims.items():
        if name not in never:
            reason = f"declared infeasible, but it has a model: {case.condition}"
            return Verdict("error", reason, {"declared infeasible": case.condition}), ""
    dead = [case for name, case in cases.by_name.items() if name in never]
    if wrong := _wrong(obligation, cases, dead):
        return wrong, ""
    for end, within in obligation.admits:
        if ends[end].name in never and ends[within].name not in never:
            reason = f"the hypotheses rule out an end of the scope: {end}"
            return Verdict("vacuous", reason, {"end without a model": end}), ""
    alive, reached = len(cases.by_name) - len(dead), sum(ends[end].name not in never for end, _ in obligation.admits)
    if not alive and not reached:
        return None, ""
    counted = f"{alive} with a model" + (f", {len(dead)} declared infeasible" if dead else "")
    counted += f"; ends of the scope: {reached} with a model" if obligation.admits else ""
    return None, f"cases of the goal, by {titles([CASES])[0]}: {counted}"


def circular(obligation: Obligation, seconds: float) -> Verdict | None:
    """The verdict on a goal that must rest on the conclusions that its script assumes, and follows without them; or None."""
    if not obligation.assumptions:
        return None
    assumed = set(obligation.assumptions)
    bare = "\n".join(line for line in obligation.content.splitlines() if line not in assumed)
    satisfiable = consistent(bare, seconds)
    if satisfiable is None:
        return Verdict("unknown", "not known whether the goal follows without the lemmas that are assumed")
    reason = "the goal follows without the lemmas that are assumed: the script's own definitions imply it"
    return None if satisfiable else Verdict("vacuous", reason)


def _wrong(obligation: Obligation, cases: Cases, dead: list[Case]) -> Verdict | None:
    """The verdict where a case without a model is not excused, or no case has a model."""
    unreal = {case.name for case in dead}
    first, alive = [case for case in dead if case.within not in unreal], len(cases.by_name) - len(dead)

    def vacuous(why: str, *which: Case) -> Verdict:
        conditions = [condition for case in which for condition in cases.conditions(case)]
        return Verdict("vacuous", f"{why}: {' and '.join(conditions)}", {"case without a model": conditions})

    if dead and not alive:
        return vacuous("no case of the goal has a model", first[0])
    if obligation.ways is not None:
        mismatch = f"expected {obligation.ways} ways that can be gone, found {alive}"
        if alive < obligation.ways:
            return vacuous(f"{mismatch}; one that cannot", *first[:1])
        return Verdict("error", mismatch) if alive > obligation.ways else None
    declared = [conjuncts(term) for term in obligation.infeasible]
    for case in first:
        held: set[Term] = set().union(*map(conjuncts, cases.conditions(case)))
        if not any(parts <= held for parts in declared):
            return vacuous("a case of the goal has no model, and is not declared infeasible", case)
    return None
