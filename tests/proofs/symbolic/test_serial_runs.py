"""Unknown numbers as words of the PRAM, and the serial program on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.model.serial_program import DECODER, program
from efasp.proofs.lemmas.resources_serial import SHAPES
from efasp.proofs.symbolic.polynomials import Decisions, Polynomial, every_way
from efasp.proofs.symbolic.serial_runs import Shape, differing

HALF = 1 << 15
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def at(value: Any, point: dict[str, int]) -> int:
    """The value of a polynomial at a point, or of a number."""
    if not isinstance(value, Polynomial):
        return int(value)
    total = 0
    for monomial, coefficient in value.terms.items():
        term = int(coefficient)
        for name in monomial:
            term *= point[name]
        total += term
    return total


@given(
    st.lists(st.tuples(st.sampled_from(list(OPERATIONS)), st.sampled_from(["x", "y", "3", "0"])), max_size=8),
    st.dictionaries(st.sampled_from(["x", "y"]), st.integers(-9, 9), min_size=2, max_size=2),
)
def test_arithmetic(steps: list[tuple[str, str]], point: dict[str, int]) -> None:
    """Sums, differences and products of symbols and numbers, on either side, at a point."""
    unknown = {name: Polynomial({(name,): 1}, Decisions(), HALF) for name in ("x", "y")}
    value: Any = unknown["x"]
    number = point["x"]
    for operation, operand in steps:
        other, known = unknown.get(operand, int(operand) if operand.isdecimal() else None), point.get(operand)
        known = int(operand) if known is None else known
        value, number = OPERATIONS[operation](other, value), OPERATIONS[operation](known, number)
        assert at(value, point) == number
        value, number = OPERATIONS[operation](value, other), OPERATIONS[operation](number, known)
        assert at(value, point) == number


def test_comparisons_are_decided_once() -> None:
    """Multiples of a difference, and its negative, have the decision of the first; there are three ways, and two of a sign."""

    def run(decisions: Decisions) -> tuple[bool, ...]:
        x, y = (Polynomial({(name,): 1}, decisions, HALF) for name in "xy")
        return x < y, y < x, x == y, 2 * x < 2 * y, x == x, x < x + 1

    assert sorted(every_way(run)) == [
        (False, False, True, False, True, True),
        (False, True, False, False, True, True),
        (True, False, False, True, True, True),
    ]
    assert list(every_way(lambda decisions: Polynomial({("x",): 1}, decisions, HALF) >> 15)) == [1, 0]


def test_shifts_and_masks() -> None:
    """A number that is kept plus 2^(w-1) is divided; one that is no multiple is an error; masks take all or nothing."""
    x = Polynomial({("x",): 1}, Decisions(), HALF)
    assert at((4 * x + 8 + HALF) >> 2, {"x": 5}) == 7 + HALF // 4
    with pytest.raises(ValueError, match="expected a multiple of 4"):
        (2 * x + HALF) >> 2
    assert x & 0 == 0 and at(x & (2 * HALF - 1), {"x": 5}) == 5


@pytest.mark.parametrize("shape", [*SHAPES, Shape(2, 1, ((((2, 1),), 0),)), Shape(1, 1, (((), 1),)), Shape(1, 1, ())])
def test_every_plan_of_a_shape(shape: Shape) -> None:
    """The read-outs are the plan's, whatever is decided: three ways a pair of scores, two a unit."""
    ways, wrong = differing(shape)
    assert wrong == ""
    units = sum(count for _, count in shape.layers) * shape.positions
    pairs = shape.positions * sum(len(heads) for heads, _ in shape.layers) if shape.positions == 2 else 0
    assert ways == 3**pairs * 2**units


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("            mul r6, r6, r4\n", "            mul r6, r6, 1\n"),
        ("            add r4, r4, r2\n", "            sub r4, r4, r2\n"),
        ("            sub r2, r2, 1\n            and r1", "            sub r2, r2, 0\n            and r1"),
        ("            ld r3, [r1 + 2]\n", "            mov r3, 1\n"),
        (
            "            ld r1, [r6 + 2]\n            add r1, r1, FRAMES",
            "            ld r1, [r6 + 1]\n            add r1, r1, FRAMES",
        ),
    ],
)
def test_changed_texts_differ(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of values, a sum, the sign of a unit, a coefficient, and keys in the place of values."""
    assert DECODER.count(old) == 1
    monkeypatch.setattr(program, "DECODER", DECODER.replace(old, new))
    assert differing(SHAPES[0])[1]
