"""RASP programs against direct computation, its grammar's precedences, and errors with their places."""

from __future__ import annotations

import operator
from collections import Counter
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.language.lexer import LanguageError
from efasp.language.module import TextError
from efasp.rasp.graph import Selector, evaluate
from efasp.rasp.interpreter import read, read_file

TEXTS = st.text(alphabet="abc()", min_size=1, max_size=12)
PROGRAM = """
def first_of_kind(seq) { return not has_focus(select(seq, seq, ==) and select(indices, indices, <)); }
reverse = aggregate(select(indices, length - 1 - indices, ==), tokens);
hist = selector_width(select(tokens, tokens, ==));
double_hist = selector_width(select(hist, hist, ==) and select(first_of_kind(tokens), True, ==));
"""
LIBRARY = """
sorted = sort(tokens, tokens);
moved = shift(tokens, 2, "-");
number = count(tokens, "a");
there = contains(tokens, "b");
inside = "b" in tokens;
first = mark_first_instance(tokens, "a");
last = mark_last_instance(tokens, "a");
larger = max(indices, 2);
smaller = min(indices, 2);
next = aggregate(select_next_identical(tokens), indices, -1);
share = average(indicator(tokens == "a"));
third = indices[2];
end = tokens[-1];
vowel = tokens in ["a", "e"];
"""
BALANCE = """
before = select(indices, indices, <=);
opened = (indices + 1) * aggregate(before, indicator(tokens == "("));
closed = (indices + 1) * aggregate(before, indicator(tokens == ")"));
depth = opened - closed;
wrong = aggregate(before, indicator(depth < 0)) > 0;
verdict = "F" if wrong else ("T" if depth == 0 else "P");
"""


def on(program: str, name: str, text: str) -> list[Any]:
    """The values of a name."""
    return evaluate(read(program).operators[name], text)


@given(TEXTS)
def test_programs_of_the_paper(text: str) -> None:
    """Reverse, histogram, and how many letters occur as often."""
    counts = Counter(text)
    assert on(PROGRAM, "reverse", text) == list(text[::-1])
    assert on(PROGRAM, "hist", text) == [counts[letter] for letter in text]
    often = Counter(counts.values())
    assert on(PROGRAM, "double_hist", text) == [often[counts[letter]] for letter in text]


@given(TEXTS)
def test_the_library(text: str) -> None:
    """The functions that every program has, against Python."""
    names, n = read(LIBRARY).operators, len(text)
    found = {name: evaluate(names[name], text) for name in names if name != "third" or n > 2}
    assert found["sorted"] == sorted(text) and found["moved"] == (["-", "-", *text])[:n]
    assert found["number"] == [text.count("a")] * n and found["there"] == found["inside"] == ["b" in text] * n
    assert found["first"] == [i == text.find("a") for i in range(n)]
    assert found["last"] == [i == text.rfind("a") for i in range(n)]
    assert found["larger"] == [max(i, 2) for i in range(n)] and found["smaller"] == [min(i, 2) for i in range(n)]
    assert found["next"] == [text.find(letter, i + 1) for i, letter in enumerate(text)]
    assert found["share"] == [Fraction(text.count("a"), n)] * n and found["end"] == [text[-1]] * n
    assert found.get("third", [2] * n) == [2] * n and found["vowel"] == [letter in "ae" for letter in text]


@given(TEXTS)
def test_means_are_exact(text: str) -> None:
    """A balance of brackets from shares of prefixes is an integer again, and its verdicts are right."""
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in text))
    names = read(BALANCE).operators
    assert evaluate(names["depth"], text) == depths
    wanted = ["F" if min(depths[: i + 1]) < 0 else "T" if depth == 0 else "P" for i, depth in enumerate(depths)]
    assert evaluate(names["verdict"], text) == wanted


@given(st.text("0123456789", min_size=1, max_size=9), st.sampled_from(["<", "<=", "==", "!=", ">", ">="]))
def test_selectors(text: str, comparison: str) -> None:
    """Each comparison has the key on its left; ``and``, ``or`` and ``not`` are those of every query and key."""
    compare = dict(zip(["<", "<=", "==", "!=", ">", ">="], ["lt", "le", "eq", "ne", "gt", "ge"], strict=True))[comparison]
    names = read(f"s = select(tokens_int, indices, {comparison}); no = not s; all = s or no; none = s and no;").operators
    wanted = [[getattr(operator, compare)(int(key), query) for key in text] for query in range(len(text))]
    assert isinstance(names["s"], Selector) and evaluate(names["s"], text) == wanted
    assert evaluate(names["no"], text) == [[not value for value in row] for row in wanted]
    assert all(map(all, evaluate(names["all"], text))) and not any(map(any, evaluate(names["none"], text)))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("not 1 == 2", False),  # (not 1) == 2
        ("-2 ^ 2", 4),
        ("2 ^ 3 ^ 2", 64),
        ("7 % 2 * 3", 1),  # 7 % (2 * 3)
        ("1 + 2 * 3 - 4 / 8", Fraction(13, 2)),
        ("1 if False else 2 if True else 3", 2),
        ("1 + 1 in [2]", True),
        ("round(1 / 2) + round(3 / 2)", 2),
        ("len([x * 2 for x in range(3)])", 3),
        ('{k: v for k, v in zip(["a", "b"], [1, 2])}["b"]', 2),
        ('"ab"[1] + "c"', "bc"),
        ("1.25 * 4", 5),
        ("2 ^ -1", Fraction(1, 2)),
        ("True + True", 2),
        ("3 and 0 or 5", 5),
    ],
)
def test_expressions_without_sequences(expression: str, value: Any) -> None:
    """Computed at once, with the precedences of RASP's own grammar; arithmetic is exact."""
    found = read(f"x = {expression};").values["x"]
    assert found == value and isinstance(found, type(value))


def test_statements() -> None:
    """Several names at once, loops, functions that return several values, application, and what speaks of a session."""
    names = read(
        'a, b = 1, "x"; def two(x) { y = x + 1; return y, x; } c, d = two(a);\n'
        "total = 0; for k in range(4) { total = total + k; }\n"
        'set example "hello"\nshow example\nexamples off\ndraw(indices);\n'
        'flip = aggregate(select(indices, length - 1 - indices, ==), tokens); out = flip("abc"); # a comment'
    ).values
    assert [names[key] for key in ("a", "b", "c", "d", "total", "out")] == [1, "x", 2, 1, 6, ["c", "b", "a"]]
    assert "y" not in names


def test_files_load_others(tmp_path: Path) -> None:
    """Beside the file; names with an underscore stay in theirs."""
    (tmp_path / "lib.rasp").write_text("_own = 1; def next(x) { return x + _own; }")
    (tmp_path / "main.rasp").write_text('load "lib"; moved = next(indices);')
    names = read_file(str(tmp_path / "main.rasp"))
    assert evaluate(names.operators["moved"], "abc") == [1, 2, 3] and "_own" not in names.values
    (tmp_path / "lib.rasp").write_text('load "main";')
    with pytest.raises(LanguageError, match="expected files that do not load each other"):
        read_file(str(tmp_path / "main.rasp"))
    (tmp_path / "main.rasp").write_text('load "none";')
    with pytest.raises(LanguageError, match=r"main\.rasp:1:1: expected a file to load, found .*none\.rasp: No such file"):
        read_file(str(tmp_path / "main.rasp"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = tokens + ;", "1:14: expected a name, found ';'"),
        ("a = indices", "1:12: expected ';', found the end of the text"),
        ("a = $;", "1:5: expected a token, found '$'"),
        ('a = "x;', "1:5: expected a string that ends on its line"),
        ("a = lenght;", "1:5: expected a name that is defined, found lenght (did you mean 'length'?)"),
        ("indices = 2;", "1:1: expected a name that is free, found indices"),
        ("a = select(1, 1, ==) + 1;", "1:22: +: expected sequence operators or atoms, found a selector"),
        ("a = aggregate(indices, 1);", "1:5: aggregate: expected a selector, found a sequence operator"),
        ("a = aggregate(full_s);", "1:5: aggregate: expected 2 to 3 arguments, found 1"),
        ("a, b = [1, 2, 3];", "1:1: expected a list of 2 values, found 3 values"),
        ("a = [1][1];", "1:8: expected an index below 1, found 1"),
        ("a = 1 / 0;", "1:7: /: expected a divisor other than 0, found 0"),
        ("a = 2 ^ 0.5;", "1:7: ^: expected an integer as exponent, found 1/2"),
        ("a = 2 ^ 99999;", "1:7: ^: expected a power of at most 4096 bits"),
        ("def f(x) { return x; } a = f();", "1:28: f: expected 1 arguments, found 0"),
        ("def f(x) { return f(x); } a = f(1);", "1:27: expected calls and operators that end, found too many"),
        ("a = " + "(" * 99 + "1" + ")" * 99 + ";", "expected blocks and expressions within each other at most 60 deep"),
        ("for x in [1] {" * 99, "expected blocks and expressions within each other at most 60 deep"),
        ("x = 3;" + "x = x*x;" * 20, "*: expected numbers of at most 4096 bits"),
        ('load ".";', "1:1: expected a file to load"),
        ("a = range(10^9);", "1:5: range: expected at most 1000000 numbers"),
        ("a = zip([1], [2, 3]);", "1:5: zip: expected lists of one length, found 1, 2"),
        ("a = 3(4);", "1:5: expected a function or an operator, found 3"),
        ("a = selector_width(indices);", "1:5: selector_width: expected one selector, found a sequence operator"),
    ],
)
def test_errors_of_a_text(text: str, message: str) -> None:
    """With line, column, and what was expected and found."""
    with pytest.raises(LanguageError) as error:
        read(text, "x.rasp")
    assert message in str(error.value) and str(error.value).startswith("x.rasp:")


@pytest.mark.parametrize(
    ("text", "letters", "message"),
    [
        ("a = tokens + 1;", "xy", "1:12: +: expected operands that fit each other, found 'x' and 1"),
        ("a = aggregate(full_s, tokens);", "xy", "1:5: aggregate: expected numbers where several are selected, found 'x'"),
        (
            "a = aggregate(full_s, tokens == tokens);",
            "xy",
            "aggregate: expected numbers where several are selected, found True",
        ),
        ("a = 1 / indices;", "x", "1:7: /: expected a divisor other than 0, found 0"),
        ('a = 1 if indices == 0 else "x";', "xy", "1:7: if: expected values of one kind, found 'x' and 1"),
        ("a = aggregate(select(indices, 9, ==), tokens) + tokens;", "xy", "+: expected operands that fit each other, found 0"),
    ],
)
def test_errors_on_a_text(text: str, letters: str, message: str) -> None:
    """Where an operator has no value, at its place."""
    with pytest.raises(LanguageError) as error:
        on(text, "a", letters)
    assert message in str(error.value)


def test_letters_that_are_no_numbers() -> None:
    """The text is named, and so is an empty one."""
    with pytest.raises(TextError, match="expected letters that are numbers, found 'a'"):
        on("n = tokens_int;", "n", "1a")
    with pytest.raises(TextError, match="at least one letter"):
        on("n = tokens;", "n", "")
    assert on("n = tokens_int * 2;", "n", "12") == [2, 4]


def test_long_chains() -> None:
    """As many operators one after the other as there are, of atoms and of sequences."""
    assert read("a = " + " + ".join(["1"] * 5000) + ";").values["a"] == 5000
    assert on("a = " + " + ".join(["indices"] * 3000) + ";", "a", "xy") == [0, 3000]
