"""Exact evaluation: ties, big integers, fractions, parameters, errors."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.attention import seq_mean
from efasp.codebook import Codebook
from efasp.embeddings import positions, tokens
from efasp.evaluate import RULES, evaluate, place_rows
from efasp.exact import BLOCK, LIMIT, Matrix, average_hard, narrow, scores
from efasp.examples import EXAMPLES
from efasp.pointwise import less
from efasp.sequences import prefix_mean
from efasp.sorts import Flag, Int, Rational, SortError, Word
from efasp.syntax import Node, Parameter, affine, aha, combine, concat, relu, walk

X, Y = Parameter("x", Int(-9, 9)), Parameter("y", Int(-9, 9))
COLUMN = np.array([[1], [2], [4]])


def test_ties_average() -> None:
    """Attention without a preference is the mean, an exact fraction; with a unique winner it is the winner's value."""
    nothing = 0 * X
    (mean,) = evaluate(aha(nothing, nothing, X), values={X: COLUMN})
    assert mean.tolist() == [[Fraction(7, 3)]] * 3
    (top,) = evaluate(aha(nothing + 1, X, X), values={X: COLUMN})
    assert top.tolist() == [[4]] * 3 and top.dtype == np.int64
    (some,) = evaluate(aha(X, Y, X), values={X: COLUMN, Y: np.array([[5], [5], [0]])})
    assert some.tolist() == [[Fraction(3, 2)]] * 3


def test_whole_means_are_integers() -> None:
    """A mean that is an integer comes back as one."""
    (mean,) = evaluate(aha(0 * X, 0 * X, X), values={X: np.array([[1], [3]])})
    assert mean.dtype == np.int64 and mean.tolist() == [[2], [2]]


rationals = st.fractions(min_value=-5, max_value=5, max_denominator=6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(*[st.lists(rationals, min_size=n, max_size=n)] * 3)))
def test_attention_is_its_definition(columns: tuple[list[Fraction], ...]) -> None:
    """Average-hard attention on rationals, against the definition term by term."""
    q, k, v = columns
    r = query, key, worth = (Parameter("q", Rational(-5, 5)), Parameter("k", Rational(-5, 5)), Parameter("v", Rational(-5, 5)))
    values = {node: np.array([[item] for item in column], dtype=object) for node, column in zip(r, columns, strict=True)}
    (got,) = evaluate(aha(query, key, worth), values=values)
    for i, found in enumerate(got[:, 0].tolist()):
        best = max(q[i] * other for other in k)
        winners = [v[j] for j in range(len(k)) if q[i] * k[j] == best]
        assert found == sum(winners, Fraction(0)) / len(winners)


def test_big_integers_are_exact() -> None:
    """Values and scores beyond 64 bits keep their last digit, in sums, in ReLU and in the choice of the winner."""
    big = 1 << 200
    wide = Parameter("wide", Int(0, 2 * big))
    values = {wide: np.array([[big], [big + 1], [big - 1]], dtype=object)}
    total, positive, winner = evaluate(
        3 * wide + big, relu(wide - big), aha(0 * wide + big, wide, wide), values=values, check=True
    )
    assert total[:, 0].tolist() == [4 * big, 4 * big + 3, 4 * big - 3]
    assert positive[:, 0].tolist() == [0, 1, 0]
    assert winner[:, 0].tolist() == [big + 1] * 3


def test_no_silent_overflow() -> None:
    """Sums and scores that would leave int64 are computed on Python integers."""
    half = np.array([[LIMIT - 1], [LIMIT - 2]])
    assert Matrix([((0, 4),)], 1).apply(half)[:, 0].tolist() == [4 * (LIMIT - 1), 4 * (LIMIT - 2)]
    assert Matrix([((0, 1), (1, 1 << 80))], 2).apply(np.array([[3, 0]])).tolist() == [[3]]
    assert scores(half, half).tolist() == [[int(a) * int(b) for b in half[:, 0]] for a in half[:, 0]]
    assert average_hard(half, half, half)[:, 0].tolist() == [LIMIT - 1] * 2
    a, b = Parameter("a", Word(80)), Parameter("b", Word(80))
    words = [(1 << 79, (1 << 79) + 1), ((1 << 79) + 1, 1 << 79), ((1 << 80) - 1, (1 << 80) - 1)]
    values = {node: np.array([Word(80).encode(pair[i]) for pair in words]) for i, node in enumerate((a, b))}
    assert evaluate(less(a, b), values=values, check=True)[0][:, 0].tolist() == [1, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(rationals, min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(st.tuples(*[st.integers(-(1 << 70), 1 << 70)] * 3), min_size=1, max_size=4),
)
def test_matrix(matrix: list[list[Fraction]], rows: list[tuple[int, ...]]) -> None:
    """A matrix of fractions on integers of any size, against Python's own arithmetic."""
    x = Parameter("x", Word(3))
    node = affine(x, matrix, [Fraction(1, 3)] * len(matrix))
    (got,) = evaluate(node, values={x: np.array(rows, dtype=object)})
    for row, found in zip(rows, got.tolist(), strict=True):
        assert found == [sum(c * item for c, item in zip(line, row, strict=True)) + Fraction(1, 3) for line in matrix]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 61), st.integers(0, 61), st.integers(1, 5), st.randoms(use_true_random=False))
def test_scores(wide: int, wider: int, width: int, random: Random) -> None:
    """Scores of integers of any sizes up to 61 bits, their ends among them, against Python's own arithmetic."""

    def some(bits: int) -> list[list[int]]:
        return [[random.choice((-(1 << bits), 1 << bits, random.randint(-(1 << bits), 1 << bits))) for _ in range(width)]
                for _ in range(3)]  # fmt: skip

    q, k = some(wide), some(wider)
    got = scores(np.array(q), np.array(k)).tolist()
    assert got == [[sum(a * b for a, b in zip(one, other, strict=True)) for other in k] for one in q]


def test_matrix_in_blocks() -> None:
    """A matrix times so many rows that its products are made in several blocks; some of its rows are empty."""
    x = np.random.default_rng(1).integers(-9, 9, (BLOCK // 100, 40))
    rows = [tuple((i, i - place) for i in range(place % 40) if i != place and place % 7) for place in range(90)]
    dense = np.zeros((len(rows), 40), dtype=np.int64)
    for place, row in enumerate(rows):
        for i, c in row:
            dense[place, i] = c
    assert (Matrix(rows, 40).apply(x) == x @ dense.T).all()


def test_narrow() -> None:
    """Integers of at most 62 bits become int64; fractions and larger integers stay objects."""
    assert narrow(np.array([Fraction(4, 2), 7], dtype=object)).dtype == np.int64
    assert narrow(np.array([Fraction(1, 2), 7], dtype=object)).dtype == object
    assert narrow(np.array([LIMIT, 7], dtype=object)).dtype == object


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["reverse", "majority", "histogram", "most_recent", "parity"]),
    st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=5), min_size=1, max_size=4),
)
def test_several_sequences(name: str, letters: list[list[int]]) -> None:
    """Several sequences at once have at every node the values that each has by itself: heads and places are its own."""
    example = EXAMPLES[name]
    nodes = walk(*example.program.definitions.values())
    sequences = [list(example.encode("".join(example.alphabet[i] for i in each))) for each in letters]
    lengths = list(map(len, sequences))
    together = evaluate(*nodes, tokens=[i for each in sequences for i in each], lengths=lengths)
    apart = [evaluate(*nodes, tokens=each) for each in sequences]
    for number, found in enumerate(together):
        assert found.tolist() == [row for values in apart for row in values[number].tolist()]


def test_embeddings() -> None:
    """Tokens and places are embedded by their codebooks; places may be plain numbers, rows, or left out."""
    te, pe = tokens(Codebook.symbols("s", "ab")), positions(Codebook.index(4))
    both = concat(te.flag("b"), pe.field("number"))
    assert evaluate(both, tokens=[1, 0, 1])[0].tolist() == [[1, 0], [0, 1], [1, 2]]
    assert evaluate(both, tokens=[1, 0], positions=[9, 3])[0].tolist() == [[1, 9], [0, 3]]
    assert evaluate(both, tokens=[1, 0], positions=[[0, 9], [0, 3]])[0].tolist() == [[1, 9], [0, 3]]
    assert place_rows(None, 2).tolist() == [[0, 0], [0, 1]]


def test_values_replace_nodes() -> None:
    """Any node may be given its value, whatever it would be computed as."""
    node = relu(X - 3)
    assert evaluate(node + 1, values={node: COLUMN, X: COLUMN})[0].tolist() == [[2], [3], [5]]


def test_errors() -> None:
    """A free parameter, missing tokens, foreign tokens and values outside their sort are refused."""
    with pytest.raises(SortError, match=r"evaluate: expected a closed program.* found the free parameter x"):
        evaluate(X + 1)
    te = tokens(Codebook.symbols("s", "ab"))
    with pytest.raises(SortError, match="evaluate: expected a token sequence, found none"):
        evaluate(te.node)
    with pytest.raises(ValueError, match=r"s: expected token ids in 0\.\.1, found 0\.\.2"):
        evaluate(te.node, tokens=[0, 2])
    wrong = combine([(1, X)], sort=Flag())
    with pytest.raises(SortError, match=r"affine at position 1: expected Flag, found \[2\]"):
        evaluate(wrong, values={X: COLUMN}, check=True)
    assert evaluate(wrong, values={X: COLUMN})[0].tolist() == COLUMN.tolist()


def test_every_primitive_has_a_rule() -> None:
    """The table has a row for every primitive but the embeddings, which need the sequence."""
    primitives = set(Node.__subclasses__())
    assert {cls.__name__ for cls in primitives - set(RULES)} == {"TokenEmbedding", "PositionEmbedding"}


def test_means_of_means_over_many_positions() -> None:
    """The least common denominator of 1 to 60 does not fit in 64 bits."""
    te, pe = tokens(Codebook.symbols("text", "ab")), positions(Codebook.index(6))
    shares = prefix_mean(te.flag("a"), pe)
    (found,) = evaluate(seq_mean(shares), tokens=[n % 2 for n in range(60)])
    exact = [Fraction(-(-(n + 1) // 2), n + 1) for n in range(60)]
    assert found[0][0] == sum(exact) / 60
