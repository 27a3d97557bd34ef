"""Forms and words have the values that they stand for: compared with numbers, for every value of their symbols."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from efasp.affine_forms import Form
from efasp.proofs.smtlib import Script, Term, land
from efasp.proofs.symbolic import boolean_forms
from efasp.proofs.symbolic.bit_vectors import Word, Writer, constant, extended, ways, width
from efasp.proofs.symbolic.boolean_forms import MEANING, ONE, ZERO, Space, TooManyAtoms
from efasp.sorts import Number

SYMBOLS = 5
EVERY = list(product((0, 1), repeat=SYMBOLS))
Numbers = tuple[Number, ...]  # the value for each of EVERY


def value(space: Space, form: Form, symbols: Mapping[int, int], known: dict[int, Any] | None = None) -> Number:
    """The value of a form, by the definitions of its atoms alone: no table and no bound is used. ``known``: of atoms."""
    memory: dict[int, Any] = {} if known is None else known

    def atom(number: int) -> Any:
        if number not in memory:
            memory[number] = made(number)
        return memory[number]

    def made(number: int) -> Any:
        found = space.atoms[number]
        if found.kind == "symbol":
            return symbols[number]
        parts = [value(space, part, symbols, memory) for part in found.parts]
        if found.kind in ("choice", "select"):
            half = len(parts) // 2
            return next((v for win, v in zip(parts, parts[half:], strict=False) if win), parts[-1])
        plain: dict[str, Callable[..., Any]] = {
            "positive": lambda x: int(x > 0),
            "relu": lambda x: max(x, 0),
            "all": lambda *xs: int(all(xs)),
            "times": operator.mul,
        }
        return plain[found.kind](*parts)

    return form.constant + sum(c * atom(number) for number, c in form.terms.items())


class Twin:
    """Forms and the numbers that they must be, for every value of the symbols."""

    def __init__(self) -> None:
        self.space = Space()
        self.forms = [self.space.symbol(f"s{i}") for i in range(SYMBOLS)]
        self.flags: list[tuple[Form, Numbers]] = [
            (form, tuple(values[i] for values in EVERY)) for i, form in enumerate(self.forms)
        ]
        self.numbers: list[tuple[Form, Numbers]] = list(self.flags)

    def flag(self, form: Form, numbers: Any) -> None:
        """A truth value more."""
        self.flags.append((form, tuple(numbers)))
        self.numbers.append(self.flags[-1])

    def grow(self, draw: Callable[..., Any]) -> None:
        """One form more, made of those there are."""
        space = self.space
        (f, a), (g, b) = (draw(st.sampled_from(self.numbers)) for _ in range(2))
        (p, x), (q, y), (r, z) = (draw(st.sampled_from(self.flags)) for _ in range(3))
        c, d = (draw(st.sampled_from([-3, -1, 1, 2, Fraction(1, 2)])) for _ in range(2))
        kind = draw(st.sampled_from(["sum", "relu", "stairs", "positive", "all", "any", "equal", "product", "choose"]))
        if kind == "sum":
            self.numbers.append((f.times(c) + g.times(d) + c, tuple(c * u + d * v + c for u, v in zip(a, b, strict=True))))
        elif kind == "relu":
            self.numbers.append((space.relu(f + c), tuple(max(u + c, 0) for u in a)))
        elif kind == "stairs":
            form = space.merged(space.relu(f + 1) - space.relu(f - 1))
            self.numbers.append((form, tuple(max(u + 1, 0) - max(u - 1, 0) for u in a)))
        elif kind == "positive":
            self.flag(space.positive(f + c), (int(u + c > 0) for u in a))
        elif kind == "all":
            self.flag(space.all([p, q, ONE - r]), (int(u and v and not w) for u, v, w in zip(x, y, z, strict=True)))
        elif kind == "any":
            self.flag(space.any([p, q, r]), (int(u or v or w) for u, v, w in zip(x, y, z, strict=True)))
        elif kind == "equal":
            self.flag(space.equal(f, g), (int(u == v) for u, v in zip(a, b, strict=True)))
        elif kind == "product":
            self.numbers.append((space.product(f, g), tuple(u * v for u, v in zip(a, b, strict=True))))
        else:
            chosen = (u if s else v if t else w for s, t, u, v, w in zip(x, y, a, b, z, strict=True))
            self.numbers.append((space.choose([p, q, ONE], [f, g, r]), tuple(chosen)))


@given(st.data(), st.sampled_from([0, 2, 12]))
def test_forms_are_their_numbers(data: st.DataObject, exact: int) -> None:
    """Whatever is folded, with tables or with bounds alone; and nothing happens outside of a range."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boolean_forms, "EXACT", exact)
        twin = Twin()
        for _ in range(data.draw(st.integers(1, 12))):
            twin.grow(data.draw)
        for form, numbers in twin.numbers:
            low, high, known = twin.space.range(form)
            assert low <= min(numbers) and max(numbers) <= high and (known is None or set(numbers) <= set(known))
            for symbols, number in zip(EVERY, numbers, strict=True):
                assert value(twin.space, form, dict(enumerate(symbols))) == number


@given(st.data(), st.sampled_from([0, 12]))
def test_terms_are_their_numbers(data: st.DataObject, exact: int) -> None:
    """Written into a script, forms have the same values: their bit vectors are wide enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boolean_forms, "EXACT", exact)
        twin = Twin()
        for _ in range(data.draw(st.integers(1, 10))):
            twin.grow(data.draw)
        form, numbers = twin.numbers[-1]
        whole, by = form.times(8), 8
        assert by * max(map(abs, numbers)) < 1 << 60
        if any(c.denominator != 1 for c in (whole.constant, *whole.terms.values())):
            return
        script = Script("QF_BV")
        writer = Writer(twin.space, script)
        names = [writer.truth(symbol) for symbol in twin.forms]
        term = writer.vector(whole, writer.bits(whole))
        at = data.draw(st.integers(0, len(EVERY) - 1))
        given_values = [f"(= {name} {str(bool(v)).lower()})" for name, v in zip(names, EVERY[at], strict=True)]
        for assertion in given_values:
            script.definition(assertion)
        assert follows(script, f"(= {term} {constant(int(by * numbers[at]), writer.bits(whole))})")


def follows(script: Script, goal: Term) -> bool:
    """Whether Z3 finds that a goal follows."""
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string(script.text(goal))
    return solver.check() == z3.unsat


def test_every_kind_of_atom_has_a_meaning() -> None:
    """The kinds that the test above defines are those that there are."""
    assert set(MEANING) == {"positive", "relu", "all", "times", "choice", "select"}


def test_a_number_that_is_too_large_for_int64_does_not_wrap() -> None:
    """Coefficients of foreign weights may be of any size."""
    space = Space()
    a, b = space.symbol("a"), space.symbol("b")
    huge = a.times(1 << 70) - b.times(1 << 70)
    assert space.range(huge)[:2] == (-(1 << 70), 1 << 70)
    assert space.range(space.product(space.relu(huge), space.relu(huge + 1)))[1] == (1 << 70) * ((1 << 70) + 1)


def test_only_truth_values_are_written_as_such() -> None:
    """Neither two times a flag, nor a sum, nor a number with a fraction as a vector."""
    space = Space()
    a, b = space.symbol("a"), space.symbol("b")
    writer = Writer(space, Script("QF_BV"))
    for form in (a.times(2), a + b, Form(constant=2), -a):
        with pytest.raises(ValueError, match="truth value"):
            writer.truth(form)
    with pytest.raises(ValueError, match="integral"):
        writer.vector(a.times(Fraction(1, 2)), 4)


def test_too_many_atoms_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script has an end."""
    monkeypatch.setattr(boolean_forms, "ATOMS", 3)
    space = Space()
    a, b, c = (space.symbol(name) for name in "abc")
    with pytest.raises(TooManyAtoms):
        space.all([a, b, c])
    assert space.all([a, ONE - a]) == ZERO


# Words.

LENGTH = 3
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip


def word(name: str) -> Word:
    """The word of symbols with this name."""
    return Word.of_bits([f"{name}.{i}" for i in range(LENGTH)])


def script_at(a: int, b: int) -> Script:
    """A script in which the words a and b have given values."""
    script = Script("QF_BV")
    for name, number in (("a", a), ("b", b)):
        for i in range(LENGTH):
            script.define(f"{name}.{i}", str(bool(number >> i & 1)).lower(), "Bool")
    return script


def table_value(found: Word, a: int, b: int) -> int:
    """What the word's table has for given values."""
    assert found.table is not None
    names, table = found.table
    return int(table[tuple(({"a": a, "b": b}[name[0]] >> int(name[2:])) & 1 for name in names)])


@given(st.data())
def test_words_compute_as_integers(data: st.DataObject) -> None:
    """Terms, tables and bounds of expressions over two words, an integer on either side, and remainders."""
    a, b = (data.draw(st.integers(0, (1 << LENGTH) - 1)) for _ in range(2))
    pool: list[tuple[Any, int]] = [(word("a"), a), (word("b"), b)]
    for _ in range(data.draw(st.integers(1, 5))):
        (x, u), (y, v) = (data.draw(st.sampled_from(pool)) for _ in range(2))
        name = data.draw(st.sampled_from([*BINARY, "%"]))
        if data.draw(st.booleans()):
            y = v = data.draw(st.integers(0, 9))
        if name == "%":
            pool.append((x % 8, u % 8))
            continue
        if data.draw(st.booleans()):
            (x, u), (y, v) = (y, v), (x, u)
        lows, highs = ([getattr(w, end, w) for w in (x, y)] for end in ("low", "high"))
        if (name in "&|^" and min(lows) < 0) or (name in ("<<", ">>") and (min(lows) < 0 or highs[1] > 9)):
            continue
        found = BINARY[name](x, y)
        if isinstance(found, Word) and max(-found.low, found.high) < 1 << 40:
            pool.append((found, BINARY[name](u, v)))
    for found, number in pool:
        assert found.low <= number <= found.high and table_value(found, a, b) == number
    found, number = pool[-1]
    whole, part = f"(= {found.term} {constant(number, found.bits)})", f"(= {found.at(2)} {constant(number, 2)})"
    assert follows(script_at(a, b), land(whole, part))


@given(st.integers(-70, 70), st.integers(-70, 70), st.integers(1, 12))
def test_widths(low: int, high: int, want: int) -> None:
    """As many bits as a range needs; a term in more bits has the same value, in fewer the value modulo 2^bits."""
    bits = width(low, high)
    assert -(1 << bits - 1) <= min(low, high) and max(low, high) < 1 << bits - 1
    assert follows(Script("QF_BV"), f"(= {extended(constant(low, bits), bits, want)} {constant(low, want)})")


def branching(a: Any, b: Any) -> int:
    """A function with branches of every kind that the machine has."""
    if a == b:
        return 100
    kept = [10, 20, 30, 40, 50, 60, 70, 80][a] if a < 5 else 1
    return kept + (7 if b else 0) + (a > b) + 2 * (b >= 6) + 4 * (a <= 2)


def test_every_case_is_one_of_exactly_one_way() -> None:
    """The conditions of a way hold for those values that take it, and its result is the function's."""
    found = list(ways(lambda: branching(word("a"), word("b"))))
    for a, b in product(range(1 << LENGTH), repeat=2):
        script = script_at(a, b)
        for number, (conditions, _) in enumerate(found):
            script.definition(f"(= {script.declare(f'way{number}', 'Bool')} {land(*conditions)})")
        solver = z3.Solver(ctx=z3.Context())
        solver.from_string(script.text())
        assert solver.check() == z3.sat
        taken = {d.name() for d in solver.model().decls() if z3.is_true(solver.model()[d])}
        results = [result for number, (_, result) in enumerate(found) if f"way{number}" in taken]
        assert results == [branching(a, b)]


def test_a_truth_value_is_only_asked_for_on_a_way() -> None:
    """Elsewhere there is no answer."""
    with pytest.raises(TypeError, match="outside"):
        bool(word("a") == 3)
    with pytest.raises(ValueError, match="power of two"):
        word("a") % 3
