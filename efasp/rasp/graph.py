"""Sequence operators and selectors as a graph, and their exact values on a text.

A sequence operator is a value at every position, a selector a truth value for every query and key. Numbers are integers and
fractions: a mean of k values is exact.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from collections.abc import Sequence as Values
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.language.module import TextError
from efasp.pram.assembler.source import show

Failure = Callable[[str], Exception]  # the error of a message, at the place of the text where an operator is made
Number = int | Fraction
Atom = int | Fraction | str | bool
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
MAX_BITS = 4096  # of a number's numerator and denominator


@dataclass(frozen=True, eq=False)
class Sequence:
    """A sequence operator: ``function`` of the values of its parents at a position, or, without parents, of the letters.

    With a ``selector`` it is the mean of its one parent over what is selected, and ``default`` where nothing is; or, without a
    parent, the number of what is selected. ``letters``: whether one without parents is a function of each letter; any other
    of these is one of the number of letters alone.
    """

    failure: Failure
    name: str
    function: Callable[..., Any] = lambda *_: None
    parents: tuple[Sequence, ...] = ()
    selector: Selector | None = None
    default: Atom = 0
    letters: bool = False


@dataclass(frozen=True, eq=False)
class Selector:
    """A selector: of a key and a query sequence (``function`` of a key's and a query's value), or of other selectors."""

    failure: Failure
    name: str
    function: Callable[..., bool]
    key: Sequence | None = None
    query: Sequence | None = None
    parts: tuple[Selector, ...] = ()


Node = Sequence | Selector


def below(node: Node) -> tuple[Node, ...]:
    """The operators that an operator reads directly."""
    if isinstance(node, Sequence):
        return (*node.parents, *([node.selector] if node.selector is not None else ()))
    return (*(part for part in (node.key, node.query) if part is not None), *node.parts)


def ordered(node: Node) -> list[Node]:
    """All that a node is made of, each after that on which it is made."""
    out: dict[int, Node] = {}
    left: list[tuple[Node, bool]] = [(node, False)]
    while left:
        this, done = left.pop()
        if done:
            out[id(this)] = this
        elif id(this) not in out:
            left.append((this, True))
            left += [(part, False) for part in below(this) if id(part) not in out]
    return list(out.values())


def evaluate(node: Node, letters: Values[Atom]) -> list[Any]:
    """The values at every position; of a selector for every query the truth values of the keys.

    Raises LanguageError where an operator has no value, TextError for an empty text and for letters that are not numbers.
    """
    if not letters:
        raise TextError("expected a text of at least one letter, found an empty one")
    values: dict[int, list[Any]] = {}
    for this in ordered(node):
        if isinstance(this, Sequence):
            values[id(this)] = _sequence(this, letters, values)
            _same_kind(this, values[id(this)])
        else:
            values[id(this)] = _selector(this, len(letters), values)
    return values[id(node)]


def _sequence(node: Sequence, letters: Values[Atom], values: dict[int, list[Any]]) -> list[Atom]:
    if node.selector is not None and not node.parents:
        return [sum(row) for row in values[id(node.selector)]]
    if node.selector is not None:
        return [_mean(node, row, values[id(node.parents[0])]) for row in values[id(node.selector)]]
    if not node.parents:
        return _guarded(node, node.function, letters)  # type: ignore[no-any-return]
    columns = [values[id(parent)] for parent in node.parents]
    return [_guarded(node, node.function, *at) for at in zip(*columns, strict=True)]


def _selector(node: Selector, length: int, values: dict[int, list[Any]]) -> list[list[bool]]:
    if node.key is None or node.query is None:
        several = [values[id(part)] for part in node.parts]
        return [[node.function(*(part[query][key] for part in several)) for key in range(length)] for query in range(length)]
    keys, queries = values[id(node.key)], values[id(node.query)]
    return [[_guarded(node, node.function, key, query) for key in keys] for query in queries]


def _mean(node: Sequence, row: list[bool], values: list[Atom]) -> Atom:
    """The mean of the selected values; of one any value, of none the default."""
    chosen = [value for value, selected in zip(values, row, strict=True) if selected]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        return node.default
    total = Fraction(0)
    for value in chosen:
        if isinstance(value, (bool, str)):
            raise node.failure(f"aggregate: expected numbers where several are selected, found {described(value)}")
        total += value
    return _guarded(node, whole, total / len(chosen))  # type: ignore[no-any-return]


def _guarded(node: Node, function: Callable[..., Any], *arguments: Any) -> Any:
    """A value, or the error at the operator's place. TypeError: of operands that do not fit."""
    try:
        return function(*arguments)
    except ZeroDivisionError:
        raise node.failure(f"{node.name}: expected a divisor other than 0, found 0") from None
    except TypeError:
        some = " and ".join(map(described, arguments))
        raise node.failure(f"{node.name}: expected operands that fit each other, found {some}") from None
    except TextError:
        raise
    except ValueError as error:
        raise node.failure(f"{node.name}: {error}") from None


def _same_kind(node: Sequence, values: list[Any]) -> None:
    """All values are strings, or none is."""
    strings = [isinstance(value, str) for value in values]
    if any(strings) and not all(strings):
        other = next(value for value, text in zip(values, strings, strict=True) if not text)
        word = next(value for value, text in zip(values, strings, strict=True) if text)
        raise node.failure(f"{node.name}: expected values of one kind, found {described(word)} and {described(other)}")


def whole(value: Number) -> Number:
    """A number, an int where it is one. Raises ValueError for one that is too long."""
    if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS:
        raise ValueError(f"expected numbers of at most {MAX_BITS} bits, found a longer one")
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def described(value: Any) -> str:
    """A value as an error message names it."""
    return show(value) if isinstance(value, str) else str(value)


# Arithmetic, of atoms and at every position.


def plus(a: Any, b: Any) -> Any:
    """Sum of numbers, or one string after the other."""
    return a + b if isinstance(a, str) else whole(a + b)


def times(a: Any, b: Any) -> Any:
    """The product of two numbers."""
    return whole(_number(a) * _number(b))


def divided(a: Any, b: Any) -> Any:
    """The exact quotient of two numbers."""
    return whole(Fraction(_number(a)) / _number(b))


def remainder(a: Any, b: Any) -> Any:
    """The remainder of a division of numbers, with the sign of the divisor."""
    return whole(_number(a) % _number(b))


def power(a: Any, b: Any) -> Any:
    """Power by an integer. Raises ValueError for any other exponent, whose power is not rational, and for a large one."""
    base, exponent = Fraction(_number(a)), Fraction(_number(b))
    if exponent.denominator != 1:
        raise ValueError(f"expected an integer as exponent, found {exponent}")
    if abs(base) != 1 and (max(abs(base.numerator), base.denominator).bit_length() - 1) * abs(exponent) > MAX_BITS:
        raise ValueError(f"expected a power of at most {MAX_BITS} bits, found {base}^{exponent}")
    return whole(base ** int(exponent))


def minus(a: Any, b: Any) -> Any:
    """The difference of two numbers."""
    return whole(_number(a) - _number(b))


def _number(value: Any) -> Number:
    if isinstance(value, str):
        raise TypeError
    return value  # type: ignore[no-any-return]


ARITHMETIC = {"+": plus, "-": minus, "*": times, "/": divided, "%": remainder, "^": power, **COMPARE}
