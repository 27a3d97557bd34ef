"""The printer and the parser are inverse: the text of a program parses to the same graph, node for node."""

from __future__ import annotations

from fractions import Fraction
from inspect import signature

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.examples import EXAMPLES
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.operators import OPERATORS
from efasp.pointwise import add, and_, equals, if_else, xor
from efasp.pram.step import cell_step, masked_step
from efasp.sorts import Bit, Flag, Int, Vector, Word
from efasp.syntax import Affine, Concat, Node, Parameter, Program, aha, combine, concat, refine, relu, take, walk

BOOK = Codebook("letters", (Kind("^"), Kind("a"), Kind("one two"), Kind("n", ("v",))), (("v", 3),), (Field("v_bits", "v"),))
TE, PE = tokens(BOOK), positions(Codebook.index(4))
MACHINES = [masked_step(5), masked_step(6, "M"), cell_step(5, "M"), cell_step(7)]


def same(program: Program) -> None:
    """Its text parses to the same definitions, under the same names in the same order, and prints the same."""
    text = write(program)
    module = parse(text, "again.efasp")
    assert module.program.name == program.name
    assert list(module.program.definitions) == list(program.definitions)
    for name, node in program.definitions.items():
        assert module.program.definitions[name] is node, name
    assert write(module) == text


@pytest.mark.parametrize("program", [*(e.program for e in EXAMPLES.values()), *MACHINES], ids=lambda program: program.name)
def test_constructions(program: Program) -> None:
    """Every example, and the step of the machine."""
    same(program)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_operators(name: str) -> None:
    """A call of every derived operator, on free variables; and its expansion, where it is printed by its primitives."""
    operator = OPERATORS[name]
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(3))]
    places = [PE] if operator.embedding >= 0 else []
    sinks = [Parameter("sink", Flag())] if "sink" in signature(operator.build).parameters else []
    fixed = [5 if given == 64 else given for given in operator.fixed]  # the numbers that are counted
    node = operator.build(*arguments, *fixed, *places, *sinks)
    same(Program(name, {"result": node}))
    assert name in write(Program(name, {"result": node}))
    inner = {f"d{i}": below for i, below in enumerate(walk(node)) if not isinstance(below, Parameter)}
    same(Program(name, inner))


numbers = st.one_of(st.integers(-9, 9), st.fractions(-3, 3, max_denominator=4))
sorts = st.one_of(
    st.just(Flag()), st.just(Bit()), st.builds(Word, st.integers(1, 4)),
    st.builds(lambda a, b: Int(a, a + b), st.integers(-5, 5), st.integers(0, 9)),
)  # fmt: skip


@st.composite
def sums(draw: st.DrawFn, nodes: list[Node]) -> Node:
    """A sum of nodes that fit, perhaps with a sort."""
    width = draw(st.sampled_from(nodes)).width
    fitting = [node for node in nodes if node.width in (1, width)]
    parts = draw(st.lists(st.tuples(numbers, st.sampled_from(fitting)), min_size=1, max_size=4))
    found = combine(parts, draw(numbers))
    wider = Vector(tuple(Int(-(1 << 20), 1 << 20) for _ in range(found.width)))
    return combine(parts, draw(numbers), draw(st.sampled_from([None, wider])))


@st.composite
def maps(draw: st.DrawFn, nodes: list[Node]) -> Node:
    """An affine map with any rows."""
    x = draw(st.sampled_from(nodes))
    columns = st.dictionaries(st.integers(0, x.width - 1), numbers.filter(bool), max_size=4)
    rows = [tuple(sorted(row.items())) for row in draw(st.lists(columns, min_size=1, max_size=5))]
    bias = [draw(numbers) for _ in rows]
    plain = [int(b) if b == int(b) else Fraction(b) for b in bias]
    exact = [tuple((i, int(c) if c == int(c) else c) for i, c in row) for row in rows]
    return Affine(x, tuple(exact), tuple(plain))


@st.composite
def steps(draw: st.DrawFn, nodes: list[Node]) -> Node:
    """One more node over those that there are."""
    x, y = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
    bits = [node for node in nodes if isinstance(node.sort, (Flag, Bit))]
    match draw(st.integers(0, 9)):
        case 0:
            return concat(*draw(st.lists(st.sampled_from(nodes), min_size=2, max_size=4)))
        case 1:
            return take(x, draw(st.lists(st.integers(0, x.width - 1), min_size=1, max_size=4)))
        case 2:
            return relu(x)
        case 3:
            return aha(x, x, y)
        case 4:
            return refine(x, Vector(tuple(Int(-(1 << 30), 1 << 30) for _ in range(x.width))))
        case 5:
            return draw(sums(nodes))
        case 6:
            return draw(maps(nodes))
        case 7:
            return Concat((x,))
        case _:
            a, b, c = (draw(st.sampled_from(bits)) for _ in range(3))
            return draw(st.sampled_from([and_(a, b), xor(a, c), add(a, b), if_else(a, b, c), equals(a - b, 0)]))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A program of up to ten nodes over embeddings and a variable, some of which have names."""
    nodes: list[Node] = [TE.node, PE.node, TE.flag("a"), TE.flag("^", "one two"), PE.field("number"), TE.field("v_bits")]
    nodes += [Parameter("p", draw(sorts)), TE.one]
    for _ in range(draw(st.integers(1, 10))):
        node = draw(steps(nodes))
        if node.width <= 40:
            nodes.append(node)
    names = draw(st.lists(st.sampled_from(["a", "b", "and", "TE", "x y", "let", "t1", "t2"]), min_size=1, unique=True))
    return Program(draw(st.sampled_from(["p", "a b", "m(w=5)"])), {name: draw(st.sampled_from(nodes)) for name in names})


@settings(max_examples=100, deadline=None)
@given(programs())
def test_any_program(program: Program) -> None:
    """Whatever its nodes, names and sorts are."""
    same(program)


def test_specifications_and_starts() -> None:
    """Formulas and the start token are printed and read back."""
    text = """program p
tokens "^ab"
places 4
start "^"
let out = gather(TE, PE.number - 1, PE)
output out
requires n < 5 and not (input[0] == "a" or length % 2 == 1)
ensures output == (if i == 0 then "^" else input[i - 1])
ensures out[0] == "^" and count(j in 0..i - 1: input[j] == "a") <= sum(j: -2 + abs(j)) // 1
ensures not any(j: input[j] == "c")
"""
    module = parse(text)
    assert write(module) == text and parse(write(module)).ensures == module.ensures and module.start == "^"


def test_a_changed_text_is_another_program() -> None:
    """The comparison can fail: a changed coefficient, sort or order gives another node or another list."""
    program = EXAMPLES["majority"].program
    text = write(program)
    for old, new in [("512*", "511*"), (": Flag", ": Bit"), ("lead - 1", "lead - 2"), ("not(more)", "more")]:
        assert old in text
        assert parse(text.replace(old, new, 1)).program.output is not program.output


def test_module_of_two_vocabularies() -> None:
    """A program that reads two of a kind has no text."""
    other = tokens(Codebook.symbols("other", "xy"))
    with pytest.raises(ValueError, match="expected one codebook of tokens and one of places, found two of a kind"):
        Module.of(Program("p", {"a": TE.one, "b": other.one}))
