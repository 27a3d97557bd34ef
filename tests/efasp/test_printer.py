"""The printer: notation, names, both formats; and printed programs, read back as formulas, compute what the program does."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from efasp.codebook import Codebook
from efasp.embeddings import positions, tokens
from efasp.evaluate import evaluate
from efasp.exact import average_hard, narrow
from efasp.examples import EXAMPLES
from efasp.operators import OPERATORS
from efasp.pointwise import add, and_, xor
from efasp.pram.step import cell_step, masked_step
from efasp.printer import show
from efasp.sorts import Int, Word
from efasp.syntax import Concat, Node, Parameter, Program, affine, aha, concat, relu

A, B, N = Parameter("a", Word(3)), Parameter("b", Word(3)), Parameter("n", Int(-9, 9))
TE, PE = tokens(Codebook.symbols("letters", "xyz")), positions(Codebook.index(4))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (aha(A, B, N), "aha(a, b, n)"),
        (relu(A + B - 1), "relu(a + b - 1)"),
        (concat(A, N), "[a, n]"),
        (A[1], "a[1]"),
        (A[::-1], "a[0:3][::-1]"),
        (2 * A[0:2] - N, "2*a[0:2] - n"),
        (1 - A, "1 - a"),
        (-A, "-a"),
        (Fraction(1, 2) * N - Fraction(3, 2), "1/2*n - 3/2"),
        (affine(A, [[1, 2, 4]]), "value(a)"),
        (affine(A, [[3, 3, 3]], [-1]), "3*sum(a) - 1"),
        (affine(A, [[0, 0, 0]] * 4), "[0]*4"),
        (affine(A, [[0, 0, 0]], [7]), "7"),
        (affine(A, [[0, 1, 0], [0, 0, 0]]), "[a[1], 0]"),
        (affine(A, [[0, 2, 0]] * 3), "[2*a[1]]*3"),
        (concat(N, N, A), "[[n]*2, a]"),
        (PE.field("bits")[2], "PE.bits[2]"),
        (TE.flag("y"), "TE.y"),
        (TE.flag("x", "z"), "TE.x + TE.z"),
        (TE.node, "TE"),
        (relu(2 * (N + 1)), "relu(2*(n + 1))"),
    ],
)
def test_notation(node: Node, text: str) -> None:
    """Single nodes, by primitives."""
    assert show(node) == text


def test_an_expansion_writes_sums_out() -> None:
    """With ``expand`` a sum has each of its terms; ``sum`` and ``value`` abbreviate it otherwise."""
    assert show(affine(A, [[1, 2, 4]]), expand=True) == "a[0] + 2*a[1] + 4*a[2]"
    assert show(affine(A, [[3, 3, 3]], [-1]), expand=True) == "3*a[0] + 3*a[1] + 3*a[2] - 1"


def test_operators_by_name_or_expanded() -> None:
    """Derived operators appear by name, or as primitives with ``expand``."""
    assert show(xor(A, B)) == "xor(a, b)" and show(add(A, and_(A, B))) == "add(a, and(a, b))"
    assert show(OPERATORS["threshold"].build(N, 3)) == "threshold(n, 3)"
    assert show(xor(A, B), expand=True) == "a + b - 2*relu(a + b - 1)"
    program = Program("p", {"s": xor(A, B)})
    assert show(program) == "# p\ns = xor(a, b)"


def test_word_parallel_maps_are_printed_once() -> None:
    """Rows of one pattern make one line, however many they are; unlike rows one each."""
    a, b = Parameter("a", Word(64)), Parameter("b", Word(64))
    assert show(2 * a - b) == "2*a - b"
    lines = show(OPERATORS["increment"].build(a), expand=True).splitlines()
    assert lines[-1].startswith("result[63] = a[63]") and len(max(lines, key=len)) <= 120
    step = affine(a, [[int(i == j) + 2 * int(i == j + 1) for j in range(64)] for i in range(64)])
    assert show(step) == "[a[0], 2*a[0:63] + a[1:64]]"


def test_shared_expressions_are_named() -> None:
    """An expression used twice is defined once, as t1, t2, ..., avoiding names that are taken; order is by use."""
    x, y = relu(A + B), relu(N)
    text = show(Program("p", {"t1": x * 2 + y, "out": concat(relu(x - 1), relu(y))}))
    assert text.splitlines() == ["# p", "t2 = relu(a + b)", "t3 = relu(n)", "t1 = 2*t2 + t3", "out = [relu(t2 - 1), relu(t3)]"]


def test_aliases_and_order() -> None:
    """Two names of one node, a name for an embedding, and a definition before what it needs."""
    x = relu(A)
    lines = show(Program("p", {"out": x + 1, "x": x, "twin": x, "letter": TE.node})).splitlines()
    assert lines == ["# p", "x = relu(a)", "twin = x", "out = x + 1", "letter = TE"]


def test_deterministic() -> None:
    """The same program prints the same, twice."""
    for example in EXAMPLES.values():
        assert show(example.program) == show(example.program)


def test_reverse() -> None:
    """A whole program."""
    assert show(EXAMPLES["reverse"].program) == (
        "# reverse\nlast = seq_max(PE.number)\nmirror = last - PE.number\nreversed = gather(TE, mirror, PE)"
    )


def test_expanded_has_primitives_only() -> None:
    """With ``expand`` no operator's name is applied to anything."""
    for program in [*(example.program for example in EXAMPLES.values()), masked_step(5, "M"), cell_step(5)]:
        _, text = show(program, expand=True).split("\n", 1)
        applied = set(re.findall(r"([A-Za-z_]\w*)\(", text))
        assert applied <= {"relu", "aha", "sum", "value"}, program.name


def test_latex() -> None:
    """An align* environment with balanced braces and escaped names; definitions aligned and ended by line breaks."""
    for program in [*(example.program for example in EXAMPLES.values()), masked_step(5)]:
        for expand in (False, True):
            head, begin, *body, end = show(program, expand=expand, format="latex").splitlines()
            assert head == f"% {program.name}" and (begin, end) == (r"\begin{align*}", r"\end{align*}")
            assert all(line.endswith(r" \\") for line in body[:-1]) and not body[-1].endswith("\\")
            for line in body:
                assert line.count("&") == 1 and not re.search(r"(?<!\\)[_^#%$](?!\{\d+\})", line), line
                bare = re.sub(r"\\[{}]", "", line)
                assert bare.count("{") == bare.count("}")
    assert show(Fraction(1, 2) * N, format="latex") == r"\tfrac{1}{2}\,\mathit{n}"


def test_unknown_format() -> None:
    """Another format is refused."""
    with pytest.raises(ValueError, match="format: expected text or latex, found 'html'"):
        show(A, format="html")  # type: ignore[arg-type]


# Read back: the expanded text is nearly Python.


class Columns:
    """A vector at every position, with the operations of the notation."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.astype(object)

    def __getitem__(self, index: int | slice) -> Columns:
        return Columns(self.values[:, slice(index, index + 1) if isinstance(index, int) else index])

    def __add__(self, other: Any) -> Columns:
        return Columns(self.values + getattr(other, "values", other))

    def __sub__(self, other: Any) -> Columns:
        return Columns(self.values - getattr(other, "values", other))

    def __mul__(self, factor: Any) -> Columns:
        return Columns(self.values * factor)

    def __neg__(self) -> Columns:
        return self * -1

    def __rsub__(self, other: Any) -> Columns:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__


class Lists(ast.NodeTransformer):
    """``[c]*n`` is repetition, any other list concatenation."""

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("concat", ast.Load()), [ast.List(node.elts, ast.Load())], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List):
            return ast.Call(ast.Name("repeat", ast.Load()), [node.left.elts[0], node.right], [])
        return self.generic_visit(node)


def read_back(text: str, embeddings: Mapping[str, tuple[Codebook, np.ndarray]], values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The value of the last definition of an expanded program's text."""
    length = len(next(iter([*(array for _, array in embeddings.values()), *values.values()])))

    def columns(value: Any) -> Columns:
        return value if isinstance(value, Columns) else Columns(np.full((length, 1), value, dtype=object))

    def exact(value: Any) -> np.ndarray:
        return narrow(columns(value).values)

    def join(parts: list[Any]) -> Columns:
        return Columns(np.concatenate([columns(part).values for part in parts], axis=1))

    def embedded(kind: str, slot: str) -> Columns:
        book, array = embeddings[kind]
        return Columns(array[:, book.slots[slot].start : book.slots[slot].stop])

    scope: dict[str, Any] = {
        "concat": join,
        "repeat": lambda item, count: join([item] * count),
        "relu": lambda x: Columns(np.where(x.values > 0, x.values, 0)),
        "aha": lambda q, k, v: Columns(average_hard(exact(q), exact(k), exact(v))),
        "sum": lambda x: Columns(x.values.sum(axis=1, keepdims=True)),
        "value": lambda x: Columns((x.values * [1 << i for i in range(x.values.shape[1])]).sum(axis=1, keepdims=True)),
        "embedded": embedded,
        "Fraction": Fraction,
        **{name: Columns(array) for name, array in values.items()},
        **{name: Columns(array) for name, (_, array) in embeddings.items()},
    }
    pieces: dict[str, list[Any]] = {}
    name = ""
    for line in text.replace("\n    ", " ").splitlines():
        if line.startswith("#"):
            continue
        left, right = line.split(" = ", 1)
        right = re.sub(r"\b(TE|PE)\.([^\s,\])\[+*]+)", r'embedded("\1", "\2")', right)
        right = re.sub(r"\b(\d+)/(\d+)", r"Fraction(\1, \2)", right)
        right = re.sub(r"(?<![\".\w:])([a-z]\w*)", lambda m: m[0] + "_" if keyword.iskeyword(m[0]) else m[0], right)
        tree = ast.fix_missing_locations(Lists().visit(ast.parse(right, mode="eval")))
        found = eval(compile(tree, line, "eval"), scope)
        name, _, place = left.partition("[")
        pieces.setdefault(name, []).append(found)
        scope[name + "_" if keyword.iskeyword(name) else name] = join(pieces[name]) if place else columns(found)
    result: np.ndarray = scope[name].values
    return result


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_read_back(name: str) -> None:
    """The text of an example computes its output."""
    example = EXAMPLES[name]
    ids = example.encode("".join(Random(1).choices(example.alphabet, k=12)))
    te, pe = tokens(example.vocabulary), positions(example.places)
    output, letters, places = evaluate(example.program.output, te.node, pe.node, tokens=ids)
    text = show(example.program, expand=True)
    got = read_back(text, {"TE": (example.vocabulary, letters), "PE": (example.places, places)}, {})
    assert (got == output).all()


@pytest.mark.parametrize("name", [name for name, operator in OPERATORS.items() if operator.kind == "pointwise"])
def test_operators_read_back(name: str) -> None:
    """The text of an operator's expansion computes it."""
    operator, random = OPERATORS[name], Random(2)
    for w in (1, 2, 5):
        parameters = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
        node = operator.build(*parameters, *operator.fixed)
        arrays = {p: np.array([p.sort.encode(random.choice(p.sort.values())) for _ in range(20)]) for p in parameters}
        text = show(Program("p", {"out": node}), expand=True)
        got = read_back(text, {}, {p.name: array for p, array in arrays.items()})
        assert (got == evaluate(node, values=arrays)[0]).all()


@pytest.mark.parametrize("program", [masked_step(5), masked_step(5, "M"), cell_step(5)], ids=lambda program: program.name)
def test_steps_read_back(program: Program) -> None:
    """The text of the machine's step computes its output, on arbitrary tokens at arbitrary places."""
    from efasp.syntax import PositionEmbedding, TokenEmbedding, walk

    rng = np.random.default_rng(4)
    nodes = walk(program.output)
    (te,) = (node for node in nodes if isinstance(node, TokenEmbedding))
    (pe,) = (node for node in nodes if isinstance(node, PositionEmbedding))
    ids = rng.integers(0, te.codebook.size, 30)
    payloads = [rng.integers(0, 1 << bits, 30) for _, bits in pe.codebook.payloads]
    places = np.stack([rng.integers(0, len(pe.codebook.kinds), 30), *payloads], axis=1)
    output, letters, spots = evaluate(program.output, te, pe, tokens=ids, positions=places)
    listed = Program(program.name, {**program.definitions})
    got = read_back(show(listed, expand=True), {"TE": (te.codebook, letters), "PE": (pe.codebook, spots)}, {})
    assert (got == output).all()


def test_read_back_can_fail() -> None:
    """The comparison notices a changed sign in the text."""
    node = Concat((xor(A, B), A))
    arrays = {A: np.array([[1, 0, 1]]), B: np.array([[1, 1, 0]])}
    text = show(Program("p", {"out": node}), expand=True)
    values = {"a": arrays[A], "b": arrays[B]}
    assert (read_back(text, {}, values) == evaluate(node, values=arrays)[0]).all()
    assert not (read_back(text.replace("- 1", "+ 1"), {}, values) == evaluate(node, values=arrays)[0]).all()
