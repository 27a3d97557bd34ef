"""Specifications: formulas over a text and the values that the program's definitions have on it, in exact arithmetic.

``input[j]`` is letter j, ``n`` the number of letters, ``i`` the position that a formula speaks of; the name of a definition
stands for its value at ``i``, ``name[j]`` at j, and ``output`` for the last one. An ``ensures`` holds if it does at every i.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.language import tree as t
from efasp.pram.assembler.source import nearest

FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "min": min, "max": max, "floor": lambda x: int(x // 1)}
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: Fraction(a) / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "^": lambda a, b: a**b, "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "in": lambda a, b: a in b,
}  # fmt: skip
WORDS = ("input", "output", "n", "length", "i")


class SpecificationError(ValueError):
    """Raised where a formula has no value on a text: names the formula's part and the text."""


@dataclass(frozen=True)
class Run:
    """A text and the values on it: ``letters``; ``values``: of every definition, one value a letter."""

    letters: Sequence[str]
    values: Mapping[str, Sequence[Any]]
    output: str = ""


@dataclass(frozen=True)
class Failure:
    """An ``ensures`` that a run breaks: the definition that it speaks of, the position (from 0), the values."""

    definition: str
    position: int
    expected: Any
    found: Any
    formula: t.Tree


def check_formula(
    tree: t.Tree, definitions: Sequence[str], what: str, bound: tuple[str, ...] = ()
) -> tuple[t.Tree, str] | None:
    """The part of a formula that nothing could give a value, with the message; None where there is none."""

    def check(part: t.Tree, more: tuple[str, ...] = ()) -> tuple[t.Tree, str] | None:
        return check_formula(part, definitions, what, bound + more)

    if isinstance(tree, t.Name):
        known = [*bound, "n", "length", "input", *((*definitions, "i", "output") if what == "ensures" else ())]
        if tree.name not in known:
            return tree, f"expected a name that {what} may use, found {tree.name!r}{nearest(tree.name, known)}"
        return None
    if isinstance(tree, t.Quantified):
        ends = [part for part in (tree.low, tree.high) if part is not None]
        return next(filter(None, map(check, ends)), None) or check(tree.body, (tree.name,))
    if isinstance(tree, t.Call):
        if tree.name not in (*FUNCTIONS, "python", "not") or tree.named:
            return tree, f"expected a function of formulas, found {tree.name!r}{nearest(tree.name, [*FUNCTIONS, 'python'])}"
        return next(filter(None, map(check, tree.arguments)), None)
    if isinstance(tree, t.Index):
        if not isinstance(tree.of, t.Name) or len(tree.items) != 1 or isinstance(tree.items[0], (t.Span, t.String)):
            return tree, "expected name[position]"
        if tree.of.name in (*bound, "n", "length", "i") and (tree.of.name not in definitions or what != "ensures"):
            return tree.of, f"expected a definition or input before [, found the number {tree.of.name}"
        return check(tree.of) or check(tree.items[0])
    if isinstance(tree, (t.Number, t.String)):
        return None
    parts = {t.Binary: ("left", "right"), t.Unary: ("of",), t.Group: ("inner",), t.Choice: ("condition", "yes", "no")}
    if type(tree) not in parts:
        return tree, "expected an expression of a formula, found one of a program"
    return next(filter(None, (check(getattr(tree, name)) for name in parts[type(tree)])), None)


class Formula:
    """Evaluates one formula on one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def value(self, tree: t.Tree, scope: Mapping[str, Any]) -> Any:
        """The value of a part. Raises SpecificationError."""
        try:
            return self._value(tree, scope)
        except (TypeError, ZeroDivisionError, OverflowError) as error:
            raise SpecificationError(f"on {''.join(map(str, self.run.letters))!r}: {error}") from None

    def _value(self, tree: t.Tree, scope: Mapping[str, Any]) -> Any:
        if isinstance(tree, (t.Number, t.String)):
            return tree.value
        if isinstance(tree, t.Group):
            return self._value(tree.inner, scope)
        if isinstance(tree, t.Name):
            return self._name(tree.name, scope)
        if isinstance(tree, t.Index):
            assert isinstance(tree.of, t.Name)
            return self._at(tree.of.name, self._value(tree.items[0], scope))
        if isinstance(tree, t.Unary):
            inner = self._value(tree.of, scope)
            return not inner if tree.sign == "not" else -inner
        if isinstance(tree, t.Binary):
            return self._binary(tree, scope)
        if isinstance(tree, t.Choice):
            return self._value(tree.yes if self._value(tree.condition, scope) else tree.no, scope)
        if isinstance(tree, t.Quantified):
            return self._quantified(tree, scope)
        assert isinstance(tree, t.Call)
        arguments = [self._value(item, scope) for item in tree.arguments]
        if tree.name == "python":
            return self._python(arguments, scope)
        return not arguments[0] if tree.name == "not" else FUNCTIONS[tree.name](*arguments)

    def _name(self, name: str, scope: Mapping[str, Any]) -> Any:
        if name in scope:
            return scope[name]
        if name in ("n", "length"):
            return len(self.run.letters)
        if name == "input":
            return list(self.run.letters) if "i" not in scope else self.run.letters[scope["i"]]
        return self._at(name, scope["i"])

    def _at(self, name: str, position: Any) -> Any:
        if name == "input":
            column: Sequence[Any] = self.run.letters
        else:
            column = self.run.values[self.run.output if name == "output" and name not in self.run.values else name]
        if not isinstance(position, int) or not 0 <= position < len(column):
            text = "".join(map(str, self.run.letters))
            raise SpecificationError(
                f"{name}[{position}]: expected a position in 0..{len(column) - 1} of {text!r}, found another"
            )
        return column[position]

    def _binary(self, tree: t.Binary, scope: Mapping[str, Any]) -> Any:
        left = self._value(tree.left, scope)
        if tree.sign in ("and", "or"):
            return self._value(tree.right, scope) if bool(left) == (tree.sign == "and") else left
        return SIGNS[tree.sign](left, self._value(tree.right, scope))

    def _quantified(self, tree: t.Quantified, scope: Mapping[str, Any]) -> Any:
        low, high = 0, len(self.run.letters) - 1
        if tree.low is not None and tree.high is not None:
            low, high = self._value(tree.low, scope), self._value(tree.high, scope)
        places = range(low, high + 1)
        values = (self._value(tree.body, {**scope, tree.name: k}) for k in places)
        match tree.kind:
            case "count":
                return sum(map(bool, values))
            case "sum":
                return sum(values)
            case "all" | "any":
                return (all if tree.kind == "all" else any)(values)
            case "first":
                return next((k for k, holds in zip(places, values, strict=True) if holds), -1)
            case "last":
                return max((k for k, holds in zip(places, values, strict=True) if holds), default=-1)
        listed = list(values)
        if not listed:
            raise SpecificationError(f"{tree.kind}: expected a range with a number in it, found {low}..{high}")
        return max(listed) if tree.kind == "max" else min(listed)

    def _python(self, arguments: Sequence[Any], scope: Mapping[str, Any]) -> Any:
        """``python("module:function")``: its value on the text, at i where it gives one a letter."""
        module, _, name = str(arguments[0] if len(arguments) == 1 else "").partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise SpecificationError(f"python: expected module:function, found {module}:{name} ({error})") from None
        value = function("".join(self.run.letters))
        listed = isinstance(value, (str, list, tuple)) and "i" in scope
        return value[scope["i"]] if listed else value


def required(formulas: Sequence[t.Tree], letters: Sequence[str]) -> bool:
    """Whether a text is one that the specification speaks of."""
    formula = Formula(Run(letters, {}))
    return all(formula.value(tree, {}) for tree in formulas)


def failures(formulas: Sequence[t.Tree], run: Run) -> Failure | None:
    """The first formula and position that a run breaks; None where all hold. Raises SpecificationError."""
    formula = Formula(run)
    for tree in formulas:
        for i in range(len(run.letters)):
            if not formula.value(tree, {"i": i}):
                return _failure(formula, tree, i, run)
    return None


def _failure(formula: Formula, tree: t.Tree, i: int, run: Run) -> Failure:
    """What was expected and found, where the formula is an equation of a definition."""
    if isinstance(tree, t.Binary) and tree.sign == "==":
        for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
            at = side.of if isinstance(side, t.Index) else side
            if isinstance(at, t.Name) and (at.name == "output" or at.name in run.values):
                name = run.output if at.name == "output" else at.name
                return Failure(name, i, formula.value(other, {"i": i}), formula.value(side, {"i": i}), tree)
    return Failure(run.output, i, "a formula that holds", "one that does not", tree)
