"""Compiled operators of RASP against RASP's own evaluation: the programs of the paper and of the library, and random ones."""

from __future__ import annotations

from contextlib import suppress
from itertools import accumulate, chain, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.evaluate import evaluate as exact
from efasp.language.lexer import LanguageError
from efasp.language.module import TextError
from efasp.rasp.graph import Sequence, evaluate
from efasp.rasp.interpreter import read
from efasp.rasp.translate import Translation, translate
from tests.efasp.rasp.test_rasp import BALANCE, LIBRARY, PROGRAM

DYCK = """
before = select(indices, indices, <=);
def height(open, close) {
    return (indices + 1) * (aggregate(before, indicator(tokens == open)) - aggregate(before, indicator(tokens == close)));
}
round_height = height("(", ")");
square_height = height("[", "]");
low = average(indicator(round_height < 0 or square_height < 0)) > 0;
balanced = not low and round_height[-1] == 0 and square_height[-1] == 0;
most = aggregate(select(tokens, tokens, ==), indices);
often = selector_width(select(tokens, tokens, ==));
more = select(often, often, >);
most_frequent = not has_focus(more);
"""


def compiled(text: str, name: str, alphabet: str, longest: int) -> tuple[Sequence, Translation]:
    """An operator, and its translation."""
    operators = read(text).operators
    named = {key: value for key, value in operators.items() if isinstance(value, Sequence)}
    return named[name], translate(name, named[name], named, alphabet, longest)


def wrong(operator: Sequence, translation: Translation, texts: list[str]) -> list[tuple[Any, ...]]:
    """The texts on which an operator has other values when it is compiled; texts without values are left out."""
    wanted = []
    for text in texts:
        with suppress(LanguageError, TextError):
            wanted.append((text, evaluate(operator, text)))
    if not wanted:
        return []
    module = translation.module
    ids = [module.encode(text) for text, _ in wanted]
    (found,) = exact(module.program.output, tokens=list(chain(*ids)), lengths=list(map(len, ids)), check=True)
    ends = list(accumulate(map(len, ids)))
    got = [module.decode(found[end - len(each) : end]) for end, each in zip(ends, ids, strict=True)]
    return [(*pair, values) for pair, values in zip(wanted, got, strict=True) if pair[1] != values]


def every(alphabet: str, longest: int) -> list[str]:
    """Every text of up to so many letters."""
    return ["".join(letters) for n in range(1, longest + 1) for letters in product(alphabet, repeat=n)]


CASES = [
    *((PROGRAM, name, "ab", 3) for name in ("reverse", "hist", "double_hist")),
    *((LIBRARY.replace('"-"', '"b"'), name, "ab", 3) for name in read(LIBRARY).operators),
    *(
        (BALANCE.replace('"P"', '"a"').replace('"F"', '")"').replace('"T"', '"("'), name, "()a", 3)
        for name in ("depth", "verdict")
    ),
    ('none = aggregate(select(indices, selector_width(select(indices, 1/2, ==)), ==), tokens, "a");', "none", "ab", 3),
    *((DYCK, name, "()[]", 2) for name in ("balanced", "most", "most_frequent")),
]


@pytest.mark.parametrize(("text", "name", "alphabet", "longest"), CASES, ids=[case[1] for case in CASES])
def test_programs(text: str, name: str, alphabet: str, longest: int) -> None:
    """Every value is that of RASP's evaluation, on every text, and of its sort."""
    operator, translation = compiled(text, name, alphabet, longest)
    assert not wrong(operator, translation, every(alphabet, longest))


def _joined(operators: list[str], inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(operators), inner)


COMPARE = ["==", "!=", "<", "<=", ">", ">="]
SELECTORS = st.sampled_from(["full_s", "select(tokens, tokens, ==)", 'select(tokens, "b", ==)', "not full_s"])
LEAVES = st.sampled_from(["indices", "length", "1", "2", "(0 - 1)", "1/2", 'indicator(tokens == "a")', "tokens_int"])


def numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    conditions = _joined(COMPARE, inner)
    one = st.builds("select({}, {}, {})".format, inner, inner, st.sampled_from(COMPARE)) | SELECTORS
    selectors = one | _joined(["and", "or"], one) | st.builds("(not ({} or {}))".format, one, one)
    return st.one_of(
        _joined(["+", "-", "*"], inner),
        st.builds("({} if {} else {})".format, inner, conditions, inner),
        st.builds("selector_width({})".format, selectors),
        st.builds("aggregate({}, {}, {})".format, selectors, inner, st.sampled_from(["0", "1", "(0 - 2)"])),
        st.builds("indicator({} and not {})".format, conditions, conditions),
        st.builds("round({})".format, inner),
        st.builds("({})[{}]".format, inner, st.sampled_from(["0", "1", "-1"])),
    )


EXPRESSIONS = st.recursive(LEAVES, numbers, max_leaves=5)


@settings(max_examples=25)
@given(EXPRESSIONS)
def test_random_expressions(expression: str) -> None:
    """What is compiled has the values of RASP; what is not says why."""
    _compared(expression, 3)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_more_random_expressions(expression: str) -> None:
    """The same, on longer texts."""
    _compared(expression, 7)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["balanced", "round_height", "most_frequent"])
def test_longer_texts(name: str) -> None:
    """Of two kinds of brackets, all texts of up to 5 letters."""
    operator, translation = compiled(DYCK, name, "()[]", 7)
    assert not wrong(operator, translation, every("()[]", 5))


def _compared(expression: str, longest: int) -> None:
    try:
        operator, translation = compiled(f"x = {expression} + 0 * indices;", "x", "a1", longest)
    except (LanguageError, TextError) as error:
        assert "expected" in str(error)
        return
    assert not wrong(operator, translation, every("a1", longest))
