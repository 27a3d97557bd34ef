"""Every derived operator against its specification: exhaustively at small width, on random arguments at larger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.attention import gather, match
from efasp.codebook import Codebook
from efasp.embeddings import positions
from efasp.evaluate import evaluate
from efasp.graphs import depth, hidden
from efasp.operators import OPERATORS, Operator
from efasp.pointwise import choose, constant, number, signed, unsigned, value
from efasp.sorts import Bit, Flag, Int, OneHot, Signs, Sort, SortError, Word
from efasp.syntax import Node, Parameter, combine, concat, refine, relu, walk

POINTWISE = [operator for operator in OPERATORS.values() if operator.kind == "pointwise"]
ATTENTION = [operator for operator in OPERATORS.values() if operator.kind == "attention"]
MOST = 4096  # combinations of arguments in an exhaustive comparison


def named(operators: Sequence[Operator]) -> pytest.MarkDecorator:
    """One test an operator."""
    return pytest.mark.parametrize("operator", operators, ids=lambda operator: operator.name)


def built(operator: Operator, w: int, build: Callable[..., Node] | None = None) -> tuple[Node, list[Parameter]]:
    """The operator on parameters of its sorts."""
    parameters = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
    return (build or operator.build)(*parameters, *operator.fixed), parameters


def compare(operator: Operator, w: int, cases: Sequence[Sequence[int]], build: Callable[..., Node] | None = None) -> None:
    """Assert that a pointwise operator gives what its specification says; every value on the way is of its sort."""
    node, parameters = built(operator, w, build)
    values = {
        p: np.array([p.sort.encode(case[i]) for case in cases], dtype=object).reshape(len(cases), -1)
        for i, p in enumerate(parameters)
    }
    (result,) = evaluate(node, values=values, check=True)
    for case, vector in zip(cases, result.tolist(), strict=True):
        expected = operator.spec(w, *case)
        assert node.sort.decode(vector) == expected, f"{operator.name} at w = {w}: {case}"


def all_cases(operator: Operator, w: int) -> list[tuple[int, ...]]:
    """Every combination of arguments."""
    return list(product(*(sort.values() for sort in operator.sorts(w))))


@named(POINTWISE)
def test_exhaustive(operator: Operator) -> None:
    """All arguments at w = 1..5, as far as there are no more than MOST of them; w = 1, 2 and 3 always."""
    for w in range(1, 6):
        cases = all_cases(operator, w)
        if w <= 3 or len(cases) <= MOST:
            compare(operator, w, cases)


def draw_value(sort: Sort, random: Random) -> int:
    """A value of a sort; long words often have long runs of equal bits, so that carries run far."""
    values = sort.values()
    if isinstance(sort, (Word, Signs)) and random.random() < 0.6:
        low, high = sorted(random.choices(range(sort.bits + 1), k=2))
        run = (1 << high) - (1 << low)
        return random.choice([run, (1 << sort.bits) - 1 - run, run ^ 1])
    low, high = values[0], values[-1]
    return random.choice([low, high, random.randint(low, high), random.randint(low, high)])


@named(POINTWISE)
@settings(max_examples=8, deadline=None)
@given(w=st.sampled_from([6, 7, 8, 13, 16, 31, 32, 33, 48, 62, 63, 64]), seed=st.integers(0, 1 << 32))
def test_random_words(operator: Operator, w: int, seed: int) -> None:
    """Random and extreme arguments at widths up to 64."""
    random = Random(seed)
    if operator.name == "mul" or operator.extension:
        w = min(w, 24)  # quadratically many units
    compare(operator, w, [[draw_value(sort, random) for sort in operator.sorts(w)] for _ in range(12)])


@named(POINTWISE)
def test_declared_resources(operator: Operator) -> None:
    """Depth and number of ReLU units are what the register declares, for many widths."""
    for w in range(2, 12):
        node, parameters = built(operator, w)
        assert depth(node) == operator.depth
        assert operator.units is not None and hidden(node) == operator.units(w), f"w = {w}"
        assert set(parameters) <= set(walk(node))


def bit_list(w: int, a: int) -> list[int]:
    """The bits of a word, lowest first."""
    return [int(digit) for digit in reversed(f"{a:0{w}b}")]


def ripple(w: int, a: int, b: int, carry: int = 0) -> tuple[int, list[int]]:
    """School addition: the sum and the carries out of every bit."""
    total, carries = 0, []
    for i, (p, q) in enumerate(zip(bit_list(w, a), bit_list(w, b), strict=True)):
        total |= (p ^ q ^ carry) << i
        carry = int(p + q + carry >= 2)
        carries.append(carry)
    return total, carries


def from_bits(digits: Sequence[int]) -> int:
    """The word of a list of bits."""
    return sum(digit << i for i, digit in enumerate(digits))


def no_borrow(w: int, a: int, b: int) -> int:
    """The borrows of a - b are the absent carries of a + not b + 1."""
    return from_bits([1 - c for c in ripple(w, a, b ^ ((1 << w) - 1), 1)[1]])


INDEPENDENT: dict[str, Callable[..., int]] = {
    "not": lambda w, a: from_bits([1 - p for p in bit_list(w, a)]),
    "and": lambda w, a, b: from_bits([p * q for p, q in zip(bit_list(w, a), bit_list(w, b), strict=True)]),
    "or": lambda w, a, b: from_bits([max(p, q) for p, q in zip(bit_list(w, a), bit_list(w, b), strict=True)]),
    "xor": lambda w, a, b: from_bits([(p + q) % 2 for p, q in zip(bit_list(w, a), bit_list(w, b), strict=True)]),
    "all": lambda w, a: int("0" not in f"{a:0{w}b}"),
    "any": lambda w, a: int("1" in f"{a:0{w}b}"),
    "gate": lambda w, c, a: c * a,
    "if_else": lambda w, c, a, b: c * a + (1 - c) * b,
    "threshold": lambda w, x: int(x in range(3, 1 << w + 1)),
    "equals": lambda w, x: int(x in (3,)),
    "one_hot": lambda w, x: range(w).index(x),
    "equal": lambda w, a, b: int(bit_list(w, a) == bit_list(w, b)),
    "less": lambda w, a, b: int(f"{a:0{w}b}" < f"{b:0{w}b}"),
    "carries": lambda w, a, b: from_bits(ripple(w, a, b)[1]),
    "borrows": no_borrow,
    "add": lambda w, a, b: ripple(w, a, b)[0],
    "sub": lambda w, a, b: ripple(w, a, b ^ ((1 << w) - 1), 1)[0],
    "increment": lambda w, a: ripple(w, a, 0, 1)[0],
    "shift_left": lambda w, a: from_bits([0, *bit_list(w, a)][:w]),
    "shift_right": lambda w, a: from_bits([*bit_list(w, a)[1:], 0]),
    "select": lambda w, hot, a, b, c: {0: a, 1: b, 2: c}.get(hot, 0),
    "shift_left_by": lambda w, a, x: from_bits(([0] * x + bit_list(w, a))[:w]) if x < w else 0,
    "shift_right_by": lambda w, a, x: from_bits(bit_list(w, a)[x:]),
    "mul": lambda w, a, b: from_bits([0]) if not b else ripple(w, a, _mul_rest(w, a, b))[0],
}


def _mul_rest(w: int, a: int, b: int) -> int:
    """a (b - 1) by repeated school addition."""
    out = 0
    for _ in range(b - 1):
        out = ripple(w, out, a)[0]
    return out


@named(POINTWISE)
def test_specification(operator: Operator) -> None:
    """The specification agrees with a second one, written on digits, at w = 1..4."""
    other = INDEPENDENT[operator.name]
    for w in range(1, 5):
        for case in all_cases(operator, w):
            assert operator.spec(w, *case) == other(w, *case), f"{operator.name} at w = {w}: {case}"


def test_register() -> None:
    """Every operator of the literature is there, each documented, and the second specifications cover the pointwise ones."""
    literature = {"seq_max", "seq_min", "seq_mean", "seq_sum", "seq_and", "seq_or", "rightmost_match", "exact_match"}
    assert literature <= {operator.name for operator in ATTENTION}
    assert {operator.name for operator in POINTWISE} == set(INDEPENDENT)
    assert all(operator.summary.endswith(".") or ":" in operator.summary for operator in OPERATORS.values())


def below_threshold(x: Node, k: int) -> Node:
    """A threshold off by one."""
    return combine([(1, relu(x - k)), (-1, relu(x - (k + 1)))], sort=Flag())


def swapped(a: Node, b: Node) -> Node:
    """A subtraction with its operands swapped."""
    return OPERATORS["sub"].build(b, a)


def leaky(c: Node, a: Node) -> Node:
    """A gate whose bias is missing: its values leave their sort."""
    return relu(combine([(1, a), (1, c)], -1 + 1), Word(a.width) if a.width > 1 else Bit())


def no_last_carry(a: Node, b: Node) -> Node:
    """An addition that drops the carry into the highest bit."""
    low = OPERATORS["add"].build(a[:-1], b[:-1])
    return concat(low, OPERATORS["xor"].build(a[-1], b[-1]))


@pytest.mark.parametrize(
    ("name", "broken"),
    [("threshold", below_threshold), ("sub", swapped), ("gate", leaky), ("add", no_last_carry)],
)
def test_broken_operators_are_caught(name: str, broken: Callable[..., Node]) -> None:
    """The comparison that passes for an operator fails for a slightly wrong one."""
    operator, w = OPERATORS[name], 3
    compare(operator, w, all_cases(operator, w))

    def build(*arguments: Any) -> Node:
        return refine(broken(*arguments), operator.build(*arguments).sort)

    with pytest.raises((AssertionError, SortError)):
        compare(operator, w, all_cases(operator, w), build)


@pytest.mark.parametrize("w", [1, 2, 3, 4])
def test_conversions(w: int) -> None:
    """Words to signed bits and back, to numbers, and constants."""
    word, there = Parameter("word", Word(w)), Parameter("there", Flag())
    rows = [(a, 1) for a in range(1 << w)] + [(0, 0)]
    values = {word: np.array([Word(w).encode(a) for a, _ in rows]), there: np.array([[t] for _, t in rows])}
    signs = signed(word, there)
    got = evaluate(signs, unsigned(signs, there), number(signs, there), value(word), values=values, check=True)
    for i, (a, t) in enumerate(rows):
        assert Signs(w).decode(got[0][i].tolist()) == (a if t else -1)
        assert Word(w).decode(got[1][i].tolist()) == a == got[2][i].item() == got[3][i].item()
    fixed = evaluate(constant(1, word, w), signed(word), values=values)
    assert fixed[0].tolist() == [list(Word(w).encode(1))] * len(rows)
    assert [Signs(w).decode(row) for row in fixed[1].tolist()] == [a for a, _ in rows]


def test_options() -> None:
    """One-hots of given size, sums of gated words, refused arguments."""
    x = Parameter("x", Int(0, 5))
    small = OPERATORS["one_hot"].build(x, 3)
    (hot,) = evaluate(small, values={x: np.arange(6).reshape(-1, 1)}, check=True)
    assert small.sort == OneHot(3, partial=True) and [small.sort.decode(row) for row in hot.tolist()] == [0, 1, 2, -1, -1, -1]
    with pytest.raises(SortError, match="one_hot"):
        OPERATORS["one_hot"].build(x - 1)
    with pytest.raises(SortError, match=r"select: expected OneHot\(2\), found OneHot\(3, partial\)"):
        OPERATORS["select"].build(small, x, x)
    with pytest.raises(SortError, match="select: expected bits"):
        choose([(small[0], x)])
    with pytest.raises(SortError, match="threshold: expected a bounded integer, found Word"):
        OPERATORS["threshold"].build(Parameter("w", Word(2)), 1)


@pytest.mark.parametrize("name", ["shift_left_by", "shift_right_by"])
def test_enabled_shift(name: str) -> None:
    """With a flag, a shift by a register is the specification's where it is 1, and 0 elsewhere."""
    operator = OPERATORS[name]
    for w in (1, 2, 3, 4):
        cases = all_cases(operator, w)
        a, x, flag = Parameter("a", Word(w)), Parameter("x", Word(w)), Parameter("flag", Flag())
        values = {p: np.array([Word(w).encode(case[i]) for case in cases] * 2) for i, p in enumerate((a, x))}
        values[flag] = np.repeat([0, 1], len(cases)).reshape(-1, 1)
        node = operator.build(a, x, flag)
        (got,) = evaluate(node, values=values, check=True)
        wanted = [0] * len(cases) + [operator.spec(w, *case) for case in cases]
        assert [node.sort.decode(row) for row in got.tolist()] == wanted


# Attention.

SINK = Parameter("sink", Flag())


def columns_for(operator: Operator, w: int, length: int, random: Random) -> list[list[int]]:
    """Random columns that keep the operator's conventions: position 0 is the sink (key absent, value 0, rank 0)."""
    sorts = operator.sorts(w)
    columns = [[draw_value(sort, random) for _ in range(length)] for sort in sorts]
    if operator.name.startswith("seq"):
        return columns
    _, key, worth, *rest = columns
    key[0], worth[0] = -1, 0
    if operator.name == "match_or_default":
        key[1:] = random.sample(range(-1, 1 << w), length - 1)
    elif rest:
        rest[0][1:] = random.sample(range(0 if "priority" in operator.name else 1, 1 << w), length - 1)
        rest[0][0] = 0
    columns[0] = [random.choice([*key, wanted]) for wanted in columns[0]]
    return columns


def compare_columns(operator: Operator, w: int, columns: list[list[int]]) -> None:
    """Assert that an operator over attention gives what its specification says."""
    parameters = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
    sinks = [] if operator.name.startswith("seq") and operator.name != "seq_sum" else [SINK]
    node = operator.build(*parameters, *operator.fixed, *sinks)
    values = {p: np.array([p.sort.encode(item) for item in column]) for p, column in zip(parameters, columns, strict=True)}
    values[SINK] = np.array([[int(i == 0)] for i in range(len(columns[0]))])
    (result,) = evaluate(node, values=values, check=True)
    got = [row[0] if len(row) == 1 else node.sort.decode(row) for row in result.tolist()]
    assert got == operator.spec(columns), f"{operator.name} at w = {w}: {columns}"


@named(ATTENTION)
@pytest.mark.parametrize("w", [2, 3, 5])
def test_attention(operator: Operator, w: int) -> None:
    """Random columns of all lengths that distinct keys and ranks allow, and of length 1."""
    random = Random(w)
    for trial in range(60):
        length = 1 if not trial else random.randint(2, min(1 << w, 33))
        compare_columns(operator, w, columns_for(operator, w, length, random))


@named(ATTENTION)
def test_attention_depth(operator: Operator) -> None:
    """The number of sublayers is what the register declares."""
    for w in (2, 4):
        parameters = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
        sinks = [] if operator.name.startswith("seq") and operator.name != "seq_sum" else [SINK]
        assert depth(operator.build(*parameters, *operator.fixed, *sinks)) == operator.depth


def test_a_broken_match_is_caught() -> None:
    """A match whose rank is dropped (ties are averaged) and one without a sink both fail the comparison."""
    operator, w, random = OPERATORS["rightmost_match"], 3, Random(0)

    def unranked(query: Node, key: Node, worth: Node, place: Node, sink: Node) -> Node:
        return OPERATORS["exact_match"].build(query, key, worth, sink)

    def sinkless(query: Node, key: Node, worth: Node, place: Node, sink: Node) -> Node:
        return operator.build(query, key, worth, place, 0 * sink)

    for build in (unranked, sinkless):
        wrong = Operator("rightmost_match", build, operator.sorts, operator.spec, operator.depth, kind="attention")
        with pytest.raises((AssertionError, SortError)):
            for _ in range(40):
                compare_columns(wrong, w, columns_for(operator, w, 8, random))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_match_options(data: st.DataObject) -> None:
    """``among``, ``exclude``, ``rank`` and ``absent`` of a lookup, and its flags ``found`` and ``missed``."""
    n, w = data.draw(st.integers(1, 12)), 3
    random = Random(data.draw(st.integers(0, 1 << 32)))
    query, key, worth = ([random.randint(-1, 7) for _ in range(n)] for _ in range(3))
    worth = [abs(item) for item in worth]
    flags = {name: [random.randint(0, 1) for _ in range(n)] for name in ("in1", "in2", "out", "absent")}
    rank = random.sample(range(16), n)
    key[0], worth[0], rank[0], flags["in1"][0], flags["in2"][0], flags["out"][0] = -1, 0, 0, 0, 0, 0
    q, k, v, r = (Parameter(name, sort) for name, sort in zip("qkvr", (Signs(w), Signs(w), Int(0, 7), Int(0, 15)), strict=True))
    f = {name: Parameter(name, Flag()) for name in flags}
    lookup = match(
        [q], [k], one=combine([(0, SINK)], 1), among=[f["in1"], f["in2"]], sink=SINK, exclude=[f["out"]], rank=r,
        capacity=16, absent=f["absent"],
    )  # fmt: skip
    values = {q: [Signs(w).encode(x) for x in query], k: [Signs(w).encode(x) for x in key]}
    values |= {v: [(x,) for x in worth], r: [(x,) for x in rank], SINK: [(int(i == 0),) for i in range(n)]}
    values |= {f[name]: [(x,) for x in column] for name, column in flags.items()}
    arrays = {node: np.array(column) for node, column in values.items()}
    got, found, missed = evaluate(lookup.read(v), lookup.found, lookup.missed, values=arrays, check=True)
    for i in range(n):
        hits = [
            j for j in range(1, n)
            if flags["in1"][j] and flags["in2"][j] and not flags["out"][j] and key[j] == query[i] >= 0
        ]  # fmt: skip
        hits = [] if flags["absent"][i] else hits
        best = max(hits, key=rank.__getitem__, default=0)
        assert (got[i, 0], found[i, 0], missed[i, 0]) == (worth[best], int(bool(hits)), int(not hits))


def test_match_errors() -> None:
    """Queries that are not signed, ranks beyond the capacity and unlike keys are refused."""
    a, s, one = Parameter("a", Word(3)), Parameter("s", Signs(3)), combine([(0, SINK)], 1)
    with pytest.raises(SortError, match="match: query: expected signed bits"):
        match([a], [s], one=one, among=SINK, sink=SINK)
    with pytest.raises(SortError, match="match: key"):
        match([s], [Parameter("t", Signs(2))], one=one, among=SINK, sink=SINK)
    with pytest.raises(SortError, match="match: rank: expected an integer below the capacity 4"):
        match([s], [s], one=one, among=SINK, sink=SINK, rank=Parameter("r", Int(0, 4)), capacity=4)
    with pytest.raises(SortError, match="match: expected bits"):
        match([s], [s], one=one, among=Parameter("r", Int(0, 4)), sink=SINK)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=20))
def test_gather(indices: list[int]) -> None:
    """The value at the numbered position, or at the last one for a number beyond."""
    index, worth = Parameter("index", Int(0, 40)), Parameter("worth", Int(0, 999))
    node = gather(worth, index, positions(Codebook.index(6)))
    n = len(indices)
    values = {index: np.array(indices).reshape(-1, 1), worth: 7 * np.arange(n).reshape(-1, 1)}
    (got,) = evaluate(node, tokens=None, positions=range(n), values=values, check=True)
    assert got[:, 0].tolist() == [7 * min(i, n - 1) for i in indices]
