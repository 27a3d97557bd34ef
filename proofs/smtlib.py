"""SMT-LIB 2 scripts as text: terms are strings, a script collects declarations, hypotheses and definitions.

The text is hashed, exported and given to every solver, and building it calls no solver. Integers are linear, so that
the scripts stay in a decidable logic; multiples of rationals are scaled by their users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import floor, prod
from typing import Any

from efasp.proofs.conclusions import Conclusion
from efasp.proofs.obligation import Assignment, Obligation

Term = str
TRUE, FALSE = "true", "false"


def num(value: int | Fraction) -> Term:
    """A numeral (an integer, or in a script over Real a fraction)."""
    text = str(abs(value.numerator)) if value.denominator == 1 else f"(/ {abs(value.numerator)} {value.denominator})"
    return text if value >= 0 else f"(- {text})"


def _nary(operator: str, unit: Term) -> Callable[..., Term]:
    def build(*terms: Term) -> Term:
        kept = [term for term in terms if term != unit]
        return kept[0] if len(kept) == 1 else f"({operator} {' '.join(kept)})" if kept else unit

    return build


plus, land, lor = _nary("+", "0"), _nary("and", TRUE), _nary("or", FALSE)


def scale(factor: int | Fraction, term: Term) -> Term:
    """``factor * term``."""
    return "0" if factor == 0 else term if factor == 1 else f"(* {num(factor)} {term})"


def linear(terms: Iterable[tuple[int | Fraction, Term]], constant: int | Fraction = 0) -> Term:
    """``sum of factor * term + constant``."""
    return plus(*(scale(factor, term) for factor, term in terms), num(constant))


def minus(a: Term, b: Term) -> Term:
    """``a - b``."""
    return f"(- {a} {b})"


def lnot(term: Term) -> Term:
    """Negation."""
    return f"(not {term})"


def implies(*terms: Term) -> Term:
    """``a => b => ... => z``."""
    return terms[0] if len(terms) == 1 else f"(=> {' '.join(terms)})"


def clause(*terms: Term) -> Term:
    """``implies`` as a disjunction, for goals about a file's numbers, which may rule the antecedent out without fault."""
    return lor(*map(lnot, terms[:-1]), terms[-1])


def eq(a: Term, b: Term) -> Term:
    """``a = b``."""
    return f"(= {a} {b})"


def le(a: Term, b: Term) -> Term:
    """``a <= b``."""
    return f"(<= {a} {b})"


def lt(a: Term, b: Term) -> Term:
    """``a < b``."""
    return f"(< {a} {b})"


def ite(condition: Term, a: Term, b: Term) -> Term:
    """``a`` where the condition holds, else ``b``."""
    return f"(ite {condition} {a} {b})"


def relu(term: Term) -> Term:
    """``max(term, 0)``."""
    return f"(ite (> {term} 0) {term} 0)"


def plain(name: str) -> Term:
    """The name of a kind of token as a symbol."""
    return name.replace("op:", "op.")


class Script:
    """Declarations, definitions and hypotheses of one SMT obligation, in order; ``note``s become comments."""

    def __init__(self, logic: str = "QF_LIA") -> None:
        self.logic = logic
        self._lines: list[str] = []
        self.cites: dict[str, None] = {}  # ids of the conclusions that are assumed
        self._assumptions: dict[str, None] = {}  # the lines that assume them
        self.concludes: dict[str, None] = {}  # ids of those that the goal states
        self.stated = 0  # how many instances of them
        self.telling: dict[str, bool] = {}  # of either: whether some instance's formula says anything
        self.sources: dict[str, None] = {}  # citations of results that are not shown here
        self.admitted: dict[Term, Term] = {}  # cases of the statement, each within another

    def note(self, text: str) -> None:
        """Write a comment in the script."""
        self._lines.extend(f"; {line}" for line in text.splitlines())

    def declare(self, name: str, sort: str = "Int", note: str = "") -> Term:
        """Declare a constant; ``note`` says its meaning."""
        self._lines.append(f"(declare-const {name} {sort})" + (f" ; {note}" if note else ""))
        return name

    def integer(self, name: str, low: int | None = None, high: int | None = None, note: str = "") -> Term:
        """An integer within bounds."""
        self.declare(name, "Int", note)
        if low is not None:
            self.definition(le(num(low), name))
        if high is not None:
            self.definition(le(name, num(high)))
        return name

    def bit(self, name: str, note: str = "") -> Term:
        """An integer that is 0 or 1."""
        return self.integer(name, 0, 1, note)

    def function(self, name: str, arguments: Sequence[str], result: str, note: str = "") -> str:
        """Declare an uninterpreted function."""
        self._lines.append(f"(declare-fun {name} ({' '.join(arguments)}) {result})" + (f" ; {note}" if note else ""))
        return name

    def define(self, name: str, term: Term, sort: str = "Int", note: str = "") -> Term:
        """A name for a term."""
        self._lines.append(f"(define-fun {name} () {sort} {term})" + (f" ; {note}" if note else ""))
        return name

    def _assert(self, term: Term, note: str = "") -> str:
        self._lines.append(f"(assert {term})" + (f" ; {note}" if note else ""))
        return self._lines[-1]

    def definition(self, term: Term, note: str = "") -> None:
        """The meaning of symbols: the domain over which the statement quantifies, or the name of a value."""
        self._assert(term, note)

    def assume(self, conclusion: Conclusion, *instance: Any) -> None:
        """A conclusion of a lemma, for an instance: the formula that is that lemma's goal."""
        self.cites[conclusion.id] = None
        self._assumptions[self._assert(self._instance(conclusion, *instance), conclusion.id)] = None

    def sort(self, term: Term, of: str, lemma: str = "step.sorts") -> None:
        """Assume what a lemma about sorts says of a term; ``of``: the name of the value that it is about."""
        name = f"{lemma}: {of}" if of else lemma
        self.cites[name] = None
        self._assert(term, name)

    def assumed(self, term: Term, source: str) -> None:
        """A result that is cited from elsewhere and not shown here; all that depends on it counts as assumed."""
        self.sources[source] = None
        self._assert(term, f"assumed: {source}")

    def admits(self, case: Term, within: Term = TRUE) -> None:
        """A case over which the statement quantifies: the hypotheses must have a model there, if they have one ``within``."""
        self.admitted[land(within, case)] = within

    def conclude(self, conclusion: Conclusion, *instance: Any) -> Term:
        """The part of the goal that is a conclusion, at an instance; it is noted as concluded."""
        self.concludes[conclusion.id] = None
        self.stated += 1
        return self._instance(conclusion, *instance)

    def _instance(self, conclusion: Conclusion, *instance: Any) -> Term:
        """A conclusion's formula; notes whether it says anything."""
        term = conclusion(*instance)
        self.telling[conclusion.id] = self.telling.get(conclusion.id, False) or not trivial(term)
        return term

    def text(self, goal: Term | None = None, note: str = "") -> str:
        """The script's text; if it has a goal, the goal's negation is asserted, so that no model means: the goal follows."""
        asked = [] if goal is None else [f"(assert (not {goal})) ; negated goal{': ' + note if note else ''}"]
        return "\n".join([f"(set-logic {self.logic})", *self._lines, *asked, "(check-sat)", ""])

    def obligation(
        self,
        lemma: str,
        claim: str,
        params: dict[str, Any],
        scope: str,
        n: tuple[int, int],
        goal: Term,
        note: str = "",
        replay: Callable[[Assignment], dict[str, Any] | None] | None = None,
        infeasible: Sequence[Term] = (),
        ways: int | None = None,
        rests: bool = False,
    ) -> Obligation:
        """The obligation that the goal follows from the hypotheses.

        By default a model is replayed by evaluating the script. ``infeasible``, ``ways``: cases of the goal that cannot happen.
        ``rests``: whether the goal must not follow without the conclusions that are assumed, from definitions alone.
        """
        text, hypotheses = self.text(goal, note), self.text()
        cases: dict[str, Any] = {"infeasible": tuple(infeasible), "ways": ways, "admits": tuple(self.admitted.items())}
        replay = replay or confirmed(text)
        about: dict[str, Any] = {"cites": tuple(self.cites), "concludes": tuple(self.concludes), "assumed": tuple(self.sources)}
        about |= {
            "telling": dict(self.telling),
            "stated": self.stated,
            "assumptions": tuple(self._assumptions if rests else ()),
        }
        return Obligation(lemma, claim, params, scope, n, "smt", text, hypotheses=hypotheses, replay=replay, **cases, **about)


# Scripts evaluated under an assignment: confirms a model independently of the solver.

Value = int | Fraction | bool
Names = dict[str, Any]  # the values of constants, and of functions their parsed "(lambda ((x Int)) ...)"

_FOLDS: dict[str, Callable[..., Value]] = {
    "+": lambda *xs: sum(xs, Fraction(0)),
    "-": lambda x, *xs: x - sum(xs, Fraction(0)) if xs else -x,
    "*": lambda *xs: prod(xs, start=Fraction(1)),
    "/": lambda x, y: Fraction(x) / Fraction(y),
    "div": lambda x, y: floor(Fraction(x) / abs(y)) * (1 if y > 0 else -1),
    "mod": lambda x, y: x - abs(y) * floor(Fraction(x) / abs(y)),
    "=": lambda x, *xs: all(x == y for y in xs),
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "and": lambda *xs: all(xs),
    "or": lambda *xs: any(xs),
    "xor": lambda *xs: sum(map(bool, xs)) % 2 == 1,
    "not": lambda x: not x,
    "=>": lambda *xs: not all(xs[:-1]) or bool(xs[-1]),
}


def parse(text: str) -> list[Any]:
    """The expressions of a script, as nested lists of symbols."""
    stack: list[list[Any]] = [[]]
    for token in re.findall(r"[()]|[^\s()]+", re.sub(r";[^\n]*", "", text)):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0]


def written(tree: Any) -> Term:
    """A parsed term as text."""
    return tree if isinstance(tree, str) else f"({' '.join(map(written, tree))})"


def folded(tree: Any) -> Term:
    """A parsed formula as text, with the constants *true* and *false* and relations of equal sides folded."""
    if isinstance(tree, str):
        return tree
    head, *parts = tree[0], *map(folded, tree[1:])
    if head in ("and", "or"):
        unit, zero = (TRUE, FALSE) if head == "and" else (FALSE, TRUE)
        return zero if zero in parts else _nary(head, unit)(*parts)
    if head == "not" and parts[0] in (TRUE, FALSE):
        return FALSE if parts[0] == TRUE else TRUE
    if head == "=>" and (FALSE in parts[:-1] or parts[-1] == TRUE):
        return TRUE
    if head == "=>":
        return implies(*(part for part in parts[:-1] if part != TRUE), parts[-1])
    if head == "ite" and (parts[0] in (TRUE, FALSE) or parts[1] == parts[2]):
        return parts[2] if parts[0] == FALSE else parts[1]
    return TRUE if head in ("=", "<=", ">=") and len(set(parts)) == 1 else f"({' '.join([written(head), *parts])})"


@lru_cache(maxsize=1 << 12)  # instances recur: at other widths, and in all that speak of the same conclusion
def trivial(term: Term) -> bool:
    """Whether a formula is true by its form alone (``folded``), whatever its symbols mean."""
    return folded(parse(term)[0]) == TRUE


def evaluate(tree: Any, names: Names) -> Value:
    """The value of a parsed term. Raises KeyError for a symbol that has none."""
    if isinstance(tree, str):
        if tree in ("true", "false"):
            return tree == "true"
        return Fraction(tree) if tree[0].isdigit() else names[tree]
    if tree[0] == "ite":
        return evaluate(tree[2] if evaluate(tree[1], names) else tree[3], names)
    if tree[0] in names:  # a function
        _, parameters, body = names[tree[0]]
        arguments = [evaluate(part, names) for part in tree[1:]]
        return evaluate(body, {**names, **{name: value for (name, _), value in zip(parameters, arguments, strict=True)}})
    return _FOLDS[tree[0]](*(evaluate(part, names) for part in tree[1:]))


def satisfied(text: str, model: Assignment) -> bool:
    """Whether an assignment makes every assertion of a script true. Raises KeyError for a symbol without a value."""
    names: Names = {name: parse(value)[0] if isinstance(value, str) else value for name, value in model.items()}
    for command in parse(text):
        if command[0] == "define-fun":
            names[command[1]] = evaluate(command[4], names)
        elif command[0] == "assert" and not evaluate(command[1], names):
            return False
    return True


def confirmed(text: str) -> Callable[[Assignment], dict[str, Any] | None]:
    """The replay that evaluates the script itself: the assignment of the model (zeros left out), if it is a model."""

    def replay(model: Assignment) -> dict[str, Any] | None:
        return {"assignment": shown(model), "by": "evaluation of the obligation"} if satisfied(text, model) else None

    return replay


def shown(model: Assignment) -> dict[str, Any]:
    """An assignment as JSON holds it, zeros left out."""
    return {name: value if isinstance(value, (bool, int)) else str(value) for name, value in sorted(model.items()) if value}
