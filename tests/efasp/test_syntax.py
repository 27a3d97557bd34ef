"""The primitives: interning, sort errors, substitution, measures."""

from __future__ import annotations

import gc
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp import syntax
from efasp.codebook import Codebook
from efasp.embeddings import positions, tokens
from efasp.evaluate import evaluate
from efasp.graphs import depth, hidden, substitute  # fmt: skip
from efasp.pointwise import add, and_, xor
from efasp.sorts import Flag, Int, Rational, Signs, SortError, Vector, Word
from efasp.syntax import Attention, Parameter, Program, affine, aha, combine, concat, refine, relu, take, walk, weigh

A, B = Parameter("a", Word(4)), Parameter("b", Word(4))
N = Parameter("n", Int(-5, 9))


def test_equal_programs_are_one_object() -> None:
    """Structurally equal nodes are interned, whatever the way they were written; different ones are not equal."""
    assert add(A, B) is add(A, B)
    assert Parameter("a", Word(4)) is A and Parameter("a", Word(5)) is not A
    assert relu(A + B) is relu(combine([(1, A), (1, B)])) and A + B is not B + A
    assert relu(A, Word(4)) is not relu(A) and relu(A, Word(4)) != relu(A)
    assert tokens(Codebook.symbols("s", "ab")).node is tokens(Codebook.symbols("s", "ab")).node


def test_interning_keeps_nothing_alive() -> None:
    """Nodes that are no longer used are forgotten."""
    gc.collect()
    before = len(syntax._INTERNED)
    node = relu(Parameter("temporary", Word(7)) * 3)
    assert len(syntax._INTERNED) > before
    del node
    gc.collect()
    assert len(syntax._INTERNED) == before


def test_intervals() -> None:
    """Affine maps and ReLU infer bounds by interval arithmetic; a rational coefficient gives a rational sort."""
    assert (2 * N - 1).sort == Int(-11, 17) and relu(-N).sort == Int(0, 5)
    assert (N * Fraction(1, 2)).sort == Rational(Fraction(-5, 2), Fraction(9, 2))
    assert weigh(A, [1, -2, 0, 4]).sort == Int(-2, 5)
    assert aha(A, B, N).sort == Rational(-5, 9) and aha(A, B, N, Int(-5, 9)).sort == Int(-5, 9)
    assert concat(A, N).sort == Vector((Word(4), Int(-5, 9))) and concat(A) is A


SMALL = st.fractions(-4, 4, max_denominator=6)


@given(st.lists(st.tuples(SMALL, SMALL, SMALL.filter(bool)), min_size=1, max_size=4), SMALL)
def test_intervals_of_fractions(parts: list[tuple[Fraction, Fraction, Fraction]], constant: Fraction) -> None:
    """The bounds of a sum of rationals are its least and largest value at the corners."""
    ends = [(min(a, b), max(a, b)) for a, b, _ in parts]
    x = Parameter("x", Vector(tuple(Rational(low, high) for low, high in ends)))
    corners = [sum((c * v for (_, _, c), v in zip(parts, corner, strict=True)), constant) for corner in product(*ends)]
    node = affine(x, [[c for _, _, c in parts]], [constant])
    assert node.sort.bounds == ((min(corners), max(corners)),) and not node.sort.integral


def test_slices() -> None:
    """Indexing takes coordinates; all of them are the node itself."""
    assert A[:] is A and A[1:3].width == 2 and A[-1].width == 1 and len(list(A)) == 4
    assert A[2].rows == (((2, 1),),)  # type: ignore[attr-defined]
    with pytest.raises(IndexError):
        A[4]


@pytest.mark.parametrize(
    ("make", "operator", "expected", "found"),
    [
        (lambda: and_(A, B[:3]), "and", "width 4", "of width 3"),
        (lambda: and_(A, N), "and", "bits, flags or a word", "Int(-5, 9)"),
        (lambda: combine([(1, A), (1, B[:2])]), "combine", "width 1 or 4", "of width 2"),
        (lambda: Attention(A, B[:2], N), "aha", "keys of width 4", "width 2"),
        (lambda: affine(A, [[1, 0]]), "affine", "rows of length 4", "length 2"),
        (lambda: affine(A, [[0.5, 0, 0, 0]]), "affine", "exact coefficients", "0.5"),  # type: ignore[list-item]
        (lambda: affine(A, [[True, 0, 0, 0]]), "affine", "exact coefficients", "True"),
        (lambda: relu(A, Word(3)), "relu", "a sort of width 4", "Word(3)"),
        (lambda: refine(A, Flag()), "refine", "a sort of width 4", "Flag"),
        (lambda: take(A, [7]), "affine", "columns in 0..3", "(7, 1)"),
        (lambda: affine(A, [[1, 0, 0, 0]], [1, 2]), "affine", "1 biases", "2"),
    ],
)
def test_sort_errors(make, operator: str, expected: str, found: str) -> None:
    """A wrong sort is refused where the operator is applied; the error names operator, expected and found."""
    with pytest.raises(SortError) as caught:
        make()
    assert caught.value.operator == operator
    assert expected in str(caught.value.expected)
    assert found in str(caught.value.found)


def test_substitute() -> None:
    """Replacing parameters gives the program that would have been written with them; values agree."""
    c = Parameter("c", Word(4))
    assert substitute(xor(A, B), {A: c}) is xor(c, B)
    attention = aha(A, B, concat(A, relu(N)))
    replaced = substitute(attention, {N: 2 * N})
    assert replaced is aha(A, B, concat(A, relu(2 * N))) and N in walk(replaced)
    assert substitute(attention, {}) is attention and substitute(A, {A: B}) is B
    (value,) = evaluate(substitute(add(A, B), {B: A}), values={A: np.array([[1, 0, 1, 0]])})
    assert value.tolist() == [[0, 1, 0, 1]]


def test_walk_is_inputs_first() -> None:
    """Every node once, after all that it reads."""
    nodes = walk(add(A, B), xor(A, B))
    assert len(set(nodes)) == len(nodes)
    assert all(nodes.index(child) < nodes.index(node) for node in nodes for child in node.inputs)


def test_depth_and_hidden() -> None:
    """Chains of attention and of ReLU are counted apart; ReLU units are counted once where shared."""
    assert depth(A) == (0, 0) and depth(relu(relu(A))) == (0, 2)
    q = aha(relu(A), B, A)
    assert depth(q) == (1, 1) and depth(aha(q, B, A), relu(relu(N))) == (2, 2)
    x = relu(A)
    assert hidden(x + x) == 4 and hidden(relu(x - 1)) == 8


def test_program() -> None:
    """Definitions are listed in order, the last is the output, a name means one thing."""
    program = Program("p")
    both = program.let("both", A + B)
    assert program.let("both", A + B) is both and program.output is both
    with pytest.raises(ValueError, match="p: both is defined twice"):
        program.let("both", A - B)


def test_embeddings_name_their_coordinates() -> None:
    """Flags, fields and the constant of an embedding, with their sorts."""
    te, pe = tokens(Codebook.symbols("s", "abc")), positions(Codebook.index(3))
    flag, bits, number = te.flag("a", "c"), pe.field("bits"), pe.field("number")
    assert (flag.sort, bits.sort, number.sort) == (Flag(), Signs(3), Int(0, 7))
    values = evaluate(flag, te.one, bits, number, pe.field("square"), tokens=[0, 1, 2])
    assert values[0].tolist() == [[1], [0], [1]] and values[1].tolist() == [[1]] * 3
    assert values[2].tolist() == [[-1, -1, -1], [1, -1, -1], [-1, 1, -1]]
    assert values[3].tolist() == [[0], [1], [2]] and values[4].tolist() == [[0], [1], [4]]
