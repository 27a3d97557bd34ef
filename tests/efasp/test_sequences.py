"""The operators over selections: against plain Python at lengths 1..64, exactly and in torch; the register; what is refused."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.codebook import Codebook
from efasp.embeddings import positions
from efasp.evaluate import evaluate, place_rows
from efasp.graphs import depth, hidden
from efasp.language.lexer import LanguageError
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.language.runs import run
from efasp.model.lower import lower
from efasp.model.transformer import Transformer
from efasp.operators import OPERATORS, Operator
from efasp.printer import show
from efasp.selections import RELATIONS, selector
from efasp.sequences import bits_of, leading, mean_where, prefix_sum
from efasp.sorts import Flag, Int, OneHot, SortError
from efasp.syntax import Node, Parameter
from tests.pages import ROOT, tables

SEQUENCES = [operator for operator in OPERATORS.values() if operator.kind == "sequence"]
HEAD = """tokens "^abc"
places 6
start "^"
let code = TE.b + 2*TE.c : Int(0, 2)
let hot = [TE.a, TE.b, TE.c] : OneHot(3, partial)
"""
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": lambda k, q: q - k > 0, "<=": lambda k, q: q - k >= 0, ">": lambda k, q: k - q > 0, ">=": lambda k, q: k - q >= 0,
    "==": lambda k, q: not k - q, "!=": lambda k, q: bool(k - q),
}  # fmt: skip


def average(values: list[int]) -> Fraction | int:
    """The mean, 0 of nothing."""
    return Fraction(sum(values), len(values)) if values else 0


def numbers(text: str) -> list[int]:
    """The letters as 0, 1 and 2."""
    return ["abc".index(letter) for letter in text]


def picked(text: str, relation: str, of: Callable[[int], int], where: Callable[[int], int]) -> list[list[int]]:
    """For every letter i the letters j, counted from 0, with of(j) in the relation to where(i)."""
    return [[j for j in range(len(text)) if COMPARE[relation](of(j), where(i))] for i in range(len(text))]


def third(text: str) -> list[int]:
    """The place of the third b, the start token being at 0; 0 without one."""
    found = [place for place, letter in enumerate("^" + text) if letter == "b"]
    return [found[2] if len(found) > 2 else 0] * len(text)


def moved(text: str, k: int) -> list[int]:
    """The letters k before, as the word of the flags of b and c."""
    read = {"b": 1, "c": 2}
    whole = "^" + text
    return [read.get(whole[i - k], 0) if 0 <= i - k < len(whole) else 0 for i in range(1, len(whole))]


Case = tuple[str, Callable[[str], list[Any]]]
CASES: dict[str, Case] = {
    "mean_where": (
        'mean_where(code, PE.number, PE.number, "<", TE["^"])',
        lambda t: [average(numbers(t)[:i]) for i in range(len(t))],
    ),
    "mean_where of places": (
        'mean_where(PE.number, code, 2 - code, ">=", TE["^"])',
        lambda t: [average([j + 1 for j, c in enumerate(numbers(t)) if c >= 2 - own]) for own in numbers(t)],
    ),
    "mean_where without a sink": (
        'mean_where(code, PE.number, PE.number, "<=")',
        lambda t: [Fraction(sum(numbers(t)[: i + 1]), i + 2) for i in range(len(t))],
    ),
    "count_where": (
        'count_where(TE.b, PE.number, PE.number, ">", 63, TE["^"])',
        lambda t: [t[i + 1 :].count("b") for i in range(len(t))],
    ),
    "selector_width of one-hots": (
        'selector_width(hot, hot, "==", 63, TE["^"])',
        lambda t: [t.count(letter) for letter in t],
    ),
    "prefix_mean": ("prefix_mean(code, PE)", lambda t: [Fraction(sum(numbers(t)[: i + 1]), i + 2) for i in range(len(t))]),
    "prefix_sum": ("prefix_sum(code, PE)", lambda t: np.cumsum(numbers(t)).tolist()),
    "prefix_sum of a flag": ("prefix_sum(TE.a, PE)", lambda t: np.cumsum([letter == "a" for letter in t]).tolist()),
    "most_frequent": (
        "most_frequent([TE.a, TE.b, TE.c], 64)",
        lambda t: [max(range(3), key=lambda i: (t.count("abc"[i]), -i))] * len(t),
    ),
    "sort_by": ('sort_by(TE, code, PE, TE["^"])', lambda t: sorted(t)),
    "sort_by, stable": (
        'sort_by(PE.number, TE.c, PE, TE["^"])',
        lambda t: [i + 1 for i in np.argsort([letter == "c" for letter in t], kind="stable").tolist()],
    ),
    "kth": ("kth(unsigned(PE.bits, PE.one), TE.b, 3, PE)", third),
    "shift": ("shift([TE.b, TE.c], 3, PE)", lambda t: moved(t, 3)),
    "shift backwards": ("shift([TE.b, TE.c], 0 - 2, PE)", lambda t: moved(t, -2)),
    "token": (
        'token(TE, "c", TE.a, "^", TE["^"], "a", TE.b, "b", TE.c)',
        lambda t: list(t.translate(str.maketrans("abc", "cab"))),
    ),
} | {
    f"selector_width {relation}": (
        f'selector_width(code, 3 - 2*code, "{relation}", 63, TE["^"])',
        lambda t, relation=relation: list(
            map(len, picked(t, relation, numbers(t).__getitem__, lambda i: 3 - 2 * numbers(t)[i]))
        ),
    )
    for relation in COMPARE
}  # fmt: skip


@cache
def compiled(name: str) -> tuple[Module, Transformer]:
    """The program of a case, and its transformer."""
    module = parse(f"{HEAD}let result = {CASES[name][0]}\noutput result\n", f"{name}.efasp")
    return module, Transformer.of(lower(module.program))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_against_plain_python(name: str, data: st.DataObject) -> None:
    """Exact evaluation gives the oracle's values, each of its sort, and torch's are nearest to them; a text parses back."""
    module, transformer = compiled(name)
    assert parse(write(module)).program.output is module.program.output
    letters = data.draw(st.sampled_from(["abc", "ab", "cb", "b"]))
    text = data.draw(st.one_of(st.text(letters, min_size=1, max_size=63), st.text(letters, min_size=60, max_size=63)))
    wanted = CASES[name][1](text)
    assert list(run(module, text, check=True).values["result"]) == wanted
    ids = module.encode(text)
    read = transformer.outputs(np.array(ids), place_rows(None, len(ids))).astype(np.float64)
    if module.program.output.sort.integral:
        assert list(module.decode(np.rint(read))) == wanted and np.abs(read - np.rint(read)).max() < 0.01
    else:
        assert np.abs(read[module.skipped :, 0] - np.array(wanted, dtype=float)).max() < 1e-5


def test_every_operator_is_tried() -> None:
    """Each has a case, under its name."""
    assert {operator.name for operator in SEQUENCES} <= {name.partition(" ")[0].rstrip(",") for name in CASES}


# The register.

SINK = Parameter("sink", Flag())


def built(operator: Operator, w: int) -> tuple[Node, list[Parameter]]:
    """The operator on parameters, with places and a sink where it takes them."""
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
    extra: list[Any] = [positions(Codebook.index(bits_of(w)))] if operator.embedding >= 0 else []
    extra += [SINK] if "sink" in inspect.signature(operator.build).parameters else []
    return operator.build(*arguments, *operator.fixed, *extra), arguments


@pytest.mark.parametrize("operator", SEQUENCES, ids=lambda operator: operator.name)
def test_the_register(operator: Operator) -> None:
    """Depth and units are as declared, and the construction is as specified on drawn columns, at several sizes."""
    random = Random(operator.name)
    for w in (2, 3, 5, 8, 13):
        node, arguments = built(operator, w)
        assert depth(node) == operator.depth and operator.units is not None and hidden(node) == operator.units(w), w
        for length in (1, 2, min(w, 4), 1 << bits_of(w)):
            columns = [[random.choice(a.sort.values()) for _ in range(length)] for a in arguments]
            if operator.name in ("mean_where", "count_where"):
                columns[0][0] = 0
            values: dict[Node, np.ndarray] = {
                a: np.array([a.sort.encode(item) for item in column]) for a, column in zip(arguments, columns, strict=True)
            }
            values[SINK] = np.array([[int(i == 0)] for i in range(length)])
            (out,) = evaluate(node, values=values, positions=np.arange(length), check=True)
            got = [row[0] if len(row) == 1 else node.sort.decode(row) for row in out.tolist()]
            assert got == operator.spec(columns, *operator.fixed), (w, columns)


def test_the_table_of_the_page() -> None:
    """It lists the operators with their depth and units, as formulas in the numbers of keys, places, counts, flags and bits."""
    (table, _) = tables(ROOT / "docs" / "language.md", "Selections")
    listed = {re.findall(r"\w+", row[0])[0]: row[2:] for row in table[1:]}
    assert listed.pop("token") == ["0, 0", "0"] and set(listed) == {operator.name for operator in SEQUENCES}
    for operator, w in product(SEQUENCES, (2, 3, 5, 8, 13)):
        heads, formula = listed[operator.name]
        numbers = {"K": 3 if operator.name == "sort_by" else w, "N": 1 << bits_of(w), "L": 64, "h": 2, "m": 3}
        numbers["w"] = 2 if operator.name == "kth" else w
        units = 0
        for term in formula.split(" + "):
            factors = [numbers.get(sign, sign) for sign in re.findall(r"\d+|\w", term.replace("^2", term[0]))]
            units += prod(map(int, factors))
        assert heads == ", ".join(map(str, operator.depth))
        assert operator.units is not None and operator.units(w) == units, (operator.name, w)


@pytest.mark.parametrize("relation", RELATIONS)
def test_relations(relation: str) -> None:
    """Each holds where its sign says so, of numbers."""
    pairs = [(k, q) for k in range(-2, 3) for q in range(-2, 3)]
    assert [RELATIONS[relation].holds(*pair) for pair in pairs] == [COMPARE[relation](*pair) for pair in pairs]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_leading(counts: list[int]) -> None:
    """The first of the largest."""
    assert leading(counts) == counts.index(max(counts))


# What is refused.


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('mean_where(code, code, code, "<>", TE["^"])', "mean_where: expected one of <, <=, >, >=, ==, !=, found '<>'"),
        ('mean_where(code, hot, hot, "<", TE["^"])', "mean_where: expected a query of OneHot(3, partial) and the relation =="),
        ('mean_where(code, hot, code, "==", TE["^"])', "mean_where: expected a query of OneHot(3, partial)"),
        ('mean_where(code, seq_mean(code), code, "<", TE["^"])', "mean_where: expected a bounded integer, found Rational"),
        (
            'mean_where(code, 5000*code, code, "<", TE["^"])',
            "mean_where: expected 1 to 4096 values that are counted or compared",
        ),
        ('mean_where(code, code, code, "<", code)', "mean_where: expected bits, flags or a word, found Int(0, 2)"),
        (
            'selector_width(code, code, "<", 0, TE["^"])',
            "selector_width: expected 1 to 4096 values that are counted or compared, found 0",
        ),
        ('selector_width(code, code, "<", TE.a, TE["^"])', "selector_width: expected 1 to 4096 values"),
        ('count_where(code, code, code, "<", 9, TE["^"])', "count_where: expected bits, flags or a word, found Int(0, 2)"),
        ("prefix_sum(code - 1, PE)", "prefix_sum: expected an integer of 0 or more, not always 0, found Int(-1, 1)"),
        (
            "prefix_sum(code, TE.a)",
            "prefix_sum: expected the embedding of places with their numbers (PE itself, not PE.number), found",
        ),
        (
            "prefix_mean(code, TE)",
            "prefix_mean: expected the embedding of places with their numbers (PE itself, not PE.number), found places without",
        ),
        ("kth(hot, TE.a, 65, PE)", "kth: expected a number of 1..64, found 65"),
        ("kth(hot, TE.a, 0, PE)", "kth: expected a number of 1..64, found 0"),
        ("kth(code, TE.a, 1, PE)", "kth: expected bits, flags or a word, found Int(0, 2)"),
        ("shift(hot, 64, PE)", "shift: expected a number of -63..63, found 64"),
        ("shift(code, 1, PE)", "shift: expected bits, flags or a word"),
        ("most_frequent(TE.a, 9)", "most_frequent: expected two flags or more, found Flag"),
        ("most_frequent([TE.a, code], 9)", "most_frequent: expected bits, flags or a word, found Int(0, 2)"),
        ("sort_by(TE, 100*code, PE, TE.a)", "sort_by: expected 1 to 4096 values that are counted or compared, found 12864"),
        ('token(TE, "d", TE.a)', "token: expected names of tokens, each once, of '^', 'a', 'b', 'c', found 'd'"),
        ('token(TE, "a", TE.a, "a", TE.b)', "token: expected names of tokens, each once"),
        ('token(TE, "a")', "token: expected pairs of a token's name and a flag, found 1 arguments"),
        ('token(TE, "a", code)', "token: expected bits, flags or a word, found Int(0, 2)"),
        ('token(PE, "a", TE.a)', "token: expected the embedding of tokens (TE)"),
        ("kth(hot, TE.a)", "kth: expected other arguments, found a vector of OneHot(3, partial), a vector of Flag"),
    ],
)
def test_errors(expression: str, message: str) -> None:
    """A call that means nothing names the line, what was expected and what was found."""
    with pytest.raises(LanguageError) as error:
        parse(f"{HEAD}let result = {expression}\n", "some.efasp")
    assert "some.efasp:6" in str(error.value) and message in str(error.value)


def test_places_in_python() -> None:
    """From Python too; a share needs a sink."""
    x = Parameter("x", Int(0, 3))
    with pytest.raises(SortError, match="the embedding of places"):
        prefix_sum(x, x)
    with pytest.raises(SortError, match="selector_width: expected the flag of a sink, found none"):
        _ = selector(x, x, "<").share


def test_a_call_is_shown_with_its_relation() -> None:
    """As text and in math mode."""
    x, key = Parameter("x", Int(0, 3)), Parameter("key", OneHot(3))
    assert show(mean_where(x, x, x, "<=", SINK)) == 'mean_where(x, x, x, "<=", sink)'
    assert r"\mathtt{==}" in show(selector_width(key), format="latex")


def selector_width(key: Node) -> Node:
    """How many keys are equal."""
    return OPERATORS["selector_width"].build(key, key, "==", 3, SINK)
