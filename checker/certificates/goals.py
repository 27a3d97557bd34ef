"""Scripts as Rocq theorems: for all values of the names, the assumptions imply the goal. Proved by lia, nia, lra or nra.

This is for small scripts, and for the few that multiply unknowns; those that are linear have certificates
(``checker.certificates.refutation``), which are found and replayed faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from efasp.checker.certificates.clauses import DIV, MOD
from efasp.checker.certificates.terms import Script, ScriptError

HEADER = """\
From Coq Require Import ZArith Lia Reals Lra.
(* Cases of ifs and alternatives, as long as linear arithmetic does not discharge it; then what multiplies, too. *)
Ltac alternatives linear full :=
  first [congruence | linear | lazymatch goal with
    | H : _ \\/ _ |- _ => destruct H; subst; alternatives linear full
    | H : _ /\\ _ |- _ => destruct H; subst; alternatives linear full
    | |- _ /\\ _ => split; alternatives linear full
    | |- _ -> _ => intro; subst; alternatives linear full
    | |- _ => full
    end].
(* A quotient that is named by other means: what it multiplies decides. *)
Lemma quotient : forall rest quot : Z -> Z -> Z,
  (forall a b, b <> 0 -> a = b * quot a b + rest a b /\\ 0 <= rest a b < Z.abs b)%Z ->
  forall a b q, (0 <= a - b * q < b -> quot a b = q /\\ rest a b = a - b * q)%Z.
Proof.
  intros rest quot divides a b q H. destruct (divides a b ltac:(lia)) as [E [L U]]. rewrite Z.abs_eq in U by lia.
  assert (quot a b = q) by nia. subst q. lia.
Qed.
Lemma reciprocal : forall v x t r, (v * x = t -> r * x = 1 -> v = t * r)%R.
Proof. intros v x t r <- H. rewrite Rmult_assoc, (Rmult_comm x r), H. ring. Qed.
"""


@dataclass
class Goal:
    """A theorem in the making: ``ifs`` are numbers with their cases, ``facts`` the properties of functions that are used."""

    script: Script
    ifs: dict[int, str] = field(default_factory=dict)

    def term(self, number: int) -> str:
        """The text in Rocq of the term with a number."""
        match self.script.terms[number]:
            case ("num", value):
                return str(value) if value >= 0 else f"({value})"
            case ("var", i):
                return f"x{i}"
            case ("plus", a, b):
                return f"({self.term(a)} + {self.term(b)})"
            case ("times", k, a):
                return f"({f'({k})' if k < 0 else k} * {self.term(a)})"
            case ("over", a, q):
                return f"({self.term(a)} / {q})"
            case ("product", a, b):
                return f"({self.term(a)} * {self.term(b)})"
            case ("apply", f, a, b):
                arguments = [self.term(a)] if self.arity("function", f) == 1 else [self.term(a), self.term(b)]
                return f"(f{f} {' '.join(arguments)})"
        return f"i{number}"

    def formula(self, number: int) -> str:
        """The text in Rocq of the formula with a number."""
        match self.script.formulas[number]:
            case ("truth", value):
                return "True" if value else "False"
            case ("flag", i):
                return f"(b{i} = true)"
            case ("le", a, b):
                return f"({self.term(a)} <= {self.term(b)})"
            case ("eq", a, b):
                return f"({self.term(a)} = {self.term(b)})"
            case ("not", f):
                return f"(~ {self.formula(f)})"
            case ("holds", p, a, b):
                arguments = [self.term(a)] if self.arity("predicate", p) == 1 else [self.term(a), self.term(b)]
                return f"(p{p} {' '.join(arguments)} = true)"
            case ("or", f, g) if self.script.formulas[f][0] == "not":
                return f"({self.formula(self.script.formulas[f][1])} -> {self.formula(g)})"
            case ("iff", f, g):
                one, other = self.formula(f), self.formula(g)
                return f"(({one} /\\ {other}) \\/ (~ {one} /\\ ~ {other}))"
        word, f, g = self.script.formulas[number]
        return f"({self.formula(f)} {CONNECTIVES[word]} {self.formula(g)})"

    def arity(self, kind: str, number: int) -> int:
        """The number of arguments of a function or predicate (``kind``), by its number among these."""
        return next(arity for k, n, arity in self.script.names.values() if (k, n) == (kind, number))

    def uses(self, word: str) -> list[tuple[int, int, int]]:
        """Function, and arguments, of every term that applies one."""
        return [node[1:] for node in self.script.terms.nodes if node[0] == word]


CONNECTIVES = {"and": "/\\", "or": "\\/"}


def rocq_goal(text: str, name: str = "obligation") -> str:
    """The theorem that a script with a negated goal (its last assertion) says, with its proof. Raises ScriptError.

    An if is a number with two cases. Remainder and quotient are functions of which SMT-LIB's definition is assumed.
    """
    script = Script(text)
    *assumed, negated = script.assertions
    if script.formulas[negated][0] != "not":
        raise ScriptError("expected a negated goal as last assertion, found another formula")
    goal = Goal(script)
    kind = "Z" if script.integral else "R"
    binders = [f"(x{i} : {kind})" for i in range(script.counts["number"])]
    binders += [f"(b{i} : bool)" for i in range(script.counts["flag"])]
    divides = script.integral and any(f in (MOD, DIV) for f, _, _ in goal.uses("apply"))
    for what, prefix, result in (("function", "f", kind), ("predicate", "p", "bool")):
        for word, n, arity in script.names.values():
            if word == what and (divides or what == "predicate" or n not in (MOD, DIV)):
                binders.append(f"({prefix}{n} : {' -> '.join([kind] * arity + [result])})")
    cases = [(n, node) for n, node in enumerate(script.terms.nodes, 1) if node[0] == "if"]
    binders += [f"(i{n} : {kind})" for n, _ in cases]
    binders += [DIVIDES] if divides else []
    lines = []
    for n, (_, c, a, b) in cases:
        condition = goal.formula(c)
        lines.append(f"({condition} /\\ i{n} = {goal.term(a)}) \\/ (~ {condition} /\\ i{n} = {goal.term(b)})")
    lines += [goal.formula(f) for f in assumed]
    statement = " ->\n  ".join([*lines, goal.formula(script.formulas[negated][1])])
    solvers = "lia nia" if script.integral else "lra nra"
    proof = " ".join([*facts(goal, divides), f"alternatives {' '.join(f'ltac:({s})' for s in solvers.split())}."])
    forall = f"forall {' '.join(binders)},\n  " if binders else ""
    theorem = f"Theorem {name} : {forall}{statement}.\nProof. intros. {proof} Qed.\n"
    return f"Open Scope {kind}_scope.\n{theorem}Close Scope {kind}_scope.\n"


DIVIDES = f"(divides : forall a b, b <> 0 -> a = b * f{DIV} a b + f{MOD} a b /\\ 0 <= f{MOD} a b < Z.abs b)"


def facts(goal: Goal, divides: bool) -> Iterator[str]:
    """Tactics that state what is used of functions (division, equal results of equal arguments) and of reciprocals."""
    used = list(dict.fromkeys(goal.uses("apply")))
    if divides:
        yield from quotients(goal, used)
    yield from equal_results(goal, used)
    if not goal.script.integral:
        yield from reciprocals(goal)


def quotients(goal: Goal, used: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """For each division, tactics that state what defines it and what follows of products with its divisor. ``used``:
    applications of functions to two arguments."""
    for a, b in dict.fromkeys((a, b) for f, a, b in used if f in (MOD, DIV)):
        yield f"pose proof (divides {goal.term(a)} {goal.term(b)})."
        for _, x, y in (node for node in goal.script.terms.nodes if node[0] == "product" and b in node[1:]):
            other = goal.term(x if y == b else y)
            yield f"pose proof (quotient f{MOD} f{DIV} divides {goal.term(a)} {goal.term(b)} {other})."


def equal_results(goal: Goal, used: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """For every two applications of one function, a tactic that states: if the arguments are equal, so are the results."""
    for (f, a, b), (g, c, d) in combinations(used, 2):
        if f == g and f not in (MOD, DIV):
            same = [f"{goal.term(x)} = {goal.term(y)}" for x, y in ((a, c), (b, d)) if x != y]
            results = (goal.term(goal.script.terms.node_number("apply", *use)) for use in ((f, a, b), (g, c, d)))
            yield f"assert ({' -> '.join([*same, ' = '.join(results)])}) by congruence."


def reciprocals(goal: Goal) -> Iterator[str]:
    """For each r with r x = 1, tactics that state its sign, what y x = t makes of y, and a bound where x has one."""
    equations = [goal.script.formulas[f][1:] for f in goal.script.assertions if goal.script.formulas[f][0] == "eq"]
    products = [(goal.script.terms[a][1:], b) for a, b in equations if goal.script.terms[a][0] == "product"]
    for r, x in [factors for factors, result in products if goal.script.terms[result] == ("num", 1)]:
        reciprocal = goal.term(r)
        yield f"try assert (0 < {reciprocal}) by nra."
        for (v, y), t in products:
            if y == x and v != r:
                named = " ".join(goal.term(n) for n in (v, x, t, r))
                yield f"pose proof (reciprocal {named} ltac:(assumption) ltac:(assumption))."
        for word, *parts in goal.script.formulas.nodes:
            if word == "le" and parts[0] == x:
                yield f"try assert (1 <= {goal.term(parts[1])} * {reciprocal}) by nra."
