"""Texts of programs: what they mean, and the errors of those that mean nothing; values, letters and specifications."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.evaluate import evaluate
from efasp.examples import EXAMPLES
from efasp.language.lexer import LanguageError
from efasp.language.module import TextError
from efasp.language.parser import parse_tree
from efasp.language.program import parse, parse_file
from efasp.language.specification import Failure, Run, SpecificationError, failures, required
from efasp.sorts import SortError
from efasp.syntax import Parameter, Program, combine, concat

HEAD = 'tokens "ab"\nplaces 4\n'
REVERSE = """program reverse
tokens "abcd"
places 10
let last = seq_max(PE.number)  # of the text
let mirror = last - PE.number
let reversed = gather(TE, mirror,
    PE)
output reversed
requires n <= 100
ensures output == input[n - 1 - i]
"""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(
    st.sampled_from(["", "-"]),
    st.lists(st.tuples(st.sampled_from(["", "0*", "1*", "3*", "3/4*", "18446744073709551617*", "0x1f*"]),
                       st.sampled_from(["[0]", "[5]", "[0:4]", "[2:6]"]), st.sampled_from(["+", "-"])), min_size=1, max_size=4),
    st.sampled_from(["", " + 7", " - 7", " - 7/2", " for 3"])), min_size=1, max_size=4))  # fmt: skip
def test_rows_are_read_alike(rows: list[tuple[str, list[tuple[str, str, str]], str]]) -> None:
    """Rows mean the same where they are one token, and where blanks or another notation of a number make them several."""
    text = ", ".join(
        sign
        + "".join((f" {plus} " if place else "") + factor + column for place, (factor, column, plus) in enumerate(terms))
        + end
        for sign, terms, end in rows
    )
    trees = [
        parse_tree(HEAD + f"output rows(TE.{name}, [0], {some})", "text")[0]
        for name in ("one", "rows")
        for some in (text, text.replace("[", "[ "), text.replace(" ", "\n"), text.replace(", ", " ,"))
    ]
    assert all(repr(tree) == repr(trees[0]) for tree in trees[:4])
    assert all(repr(tree) == repr(trees[4]) for tree in trees[4:])


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [("[9]", 17, "0..2, found 9:10"), ("2*[0:1] + [1:3]", 17, "ranges of one length"), ("1/0*[2]", 18, "other than 0")],
)
def test_errors_in_rows(row: str, column: int, found: str) -> None:
    """An error in a row is reported at the same place whether or not the row is one token."""
    for some in (row, row.replace("[", "[ ")):
        with pytest.raises(LanguageError, match=re.escape(found)) as caught:
            parse(HEAD + f"output rows(TE, {some}, [0])")
        assert caught.value.column == column


def test_reverse() -> None:
    """The text of the README's program is that program."""
    module = parse(REVERSE)
    assert module.program.output is EXAMPLES["reverse"].program.output
    assert list(module.program.definitions) == ["last", "mirror", "reversed"]


def test_functions_have_widths() -> None:
    """A function takes words of any width, by its arguments; its locals are its own, and it is the graph of its body."""
    module = parse(
        HEAD
        + """const top = 2^3 - 1
fn larger[w](a: Word(w), b: Word(w)) {
  let less = less(a, b)
  return if_else(less, b, a)
}
fn most[w](a: Word(w), b: Word(w), c: Word(w)) = larger(larger(a, b), c)
parameter x: Word(3)
parameter y: Word(3)
parameter z: Word(3)
let less = most(x, y, z)
let other = larger(x[0:2], y[0:2])
let limit = threshold(value(x) + 0*value(y), top)
let four = [x[k] + k for k in 0..2]
output less
"""
    )
    names = module.program.definitions
    assert list(names) == ["other", "limit", "four", "less"] and names["less"].width == 3 and names["other"].width == 2
    x, y, z = (Parameter(name, names["less"].sort) for name in "xyz")
    rows = np.array([[n >> b & 1 for b in range(3)] for n in range(8)])
    for a in range(8):
        values = {x: rows, y: np.roll(rows, a, axis=0), z: np.roll(rows, 3, axis=0)}
        (got,) = evaluate(names["less"], values=values)
        for n in range(8):
            assert sum(int(b) << i for i, b in enumerate(got[n])) == max(n, (n - a) % 8, (n - 3) % 8)
    (limit,) = evaluate(names["limit"], values={x: rows, y: rows, z: rows})
    assert limit.ravel().tolist() == [0] * 7 + [1]


def test_lookups() -> None:
    """``match`` takes its parts by name, and is read for several values."""
    module = parse(
        """tokens "^ab"
places 4
start "^"
let place = PE.bits + TE["^"] : Signs(4)
let key = 2*[TE.a, TE.b] + TE["^"] - 1 : Signs(2)
aux last = match(query=key, key=[key], among=[1 - TE["^"] : Flag], sink=TE["^"], rank=PE.number, capacity=16)
let where = last.read(PE.number, Int(0, 15))
let seen = last.found
output where
ensures where == 1 + last(j: input[j] == input[i])
"""
    )
    seen, output = evaluate(*module.program.definitions.values(), tokens=module.encode("abba"))[2:]
    assert module.decode(output) == [4, 3, 3, 4] and module.decode(seen, "seen") == [1, 1, 1, 1]


# Errors.

WRONG = {
    HEAD + "let x = TE.c": "3:12: expected a field of program, found 'c'",
    HEAD + "let x = PE.nunber": "3:12: expected a field of position, found 'nunber' (did you mean 'number'?)",
    HEAD + "let x = gater(TE, PE.number, PE)": "3:9: expected a function, found 'gater' (did you mean 'gather'?)",
    HEAD + "let mirror = TE.a\nlet y = miror": "4:9: expected a name that is defined, found 'miror' (did you mean 'mirror'?)",
    HEAD + "let x = add([TE.a, TE.b], TE.a)": "3:9: carries: expected width 2, found ",
    HEAD + "let x = not(PE.number)": "3:9: not: expected bits, flags or a word, found Int(0, 15)",
    HEAD + "let x = TE.a : Word(3)": "3:14: refine: expected a sort of width 1, found Word(3)",
    HEAD + "let x = TE.a + 2 : Flag": "3:18: expected values of Flag, found values in 2..3, none of which is one",
    HEAD + "let x = TE.a * TE.b": "3:14: expected a number times a vector, found two vectors",
    HEAD + "let x = TE.a == 1": "3:14: expected an expression of a program, found '=='",
    HEAD + "let x = TE.a\nlet x = TE.b": "4:5: expected a new name, found 'x' defined twice",
    HEAD + "fn f(a) = a\nfn f(b) = b": "4:4: expected a new name, found the function 'f' defined twice",
    HEAD + "fn f(a) = f(a)\nlet x = f(TE.a)": "3:11: expected at most 24 functions within each other, found more",
    HEAD + "fn f(a: Flag) = a\nlet x = f(PE.number)": "4:14: f: a: expected Flag, found Int(0, 15)",
    HEAD + "fn f(a: Flag) = a\nlet x = f(TE.a, TE.b)": "4:9: f: expected 1 arguments, found 2",
    HEAD + "let x = PE.bits[3:99]": "3:18: expected coordinates in 0..3 of Signs(4), found 3:99",
    HEAD + 'let x = TE["c"]': "3:12: expected a kind of a, b, found 'c'",
    HEAD + "dtype float23": "3:1: expected float32 or float64, found 'float23' (did you mean 'float32'?)",
    HEAD + "dtype float32\ndtype float32": "4:1: expected one dtype, found a second",
    HEAD + "lett x = TE.a": "3:1: expected a statement (program, tokens, places,",
    HEAD + "let x = (TE.a": "3:14: expected ')', found the end of the text",
    HEAD + "let x = TE.a TE.b": "3:14: expected the end of the line, found 'TE'",
    HEAD + "let x = ?": "3:9: expected a token, found '?'",
    HEAD + 'let x = TE["a': "3:12: expected a string that ends on its line, found '\"a'",
    HEAD + "let x = 12ab*TE.a": "3:9: expected a number, as 20 or 0x14, found '12ab'",
    'tokens "ab"\nplaces 20\nlet x = one_hot(PE.number)': "3:9: one_hot: expected at most 4096 values, found 1048575",
    HEAD
    + "let x = repeat(PE, 4096)\nlet y = repeat(x, 9)": "4:9: repeat: expected 1 to 4096 times and at most 65536 coordinates",
    HEAD + "let x = repeat(PE, 4096)\nlet y = [x, x, x]": "4:9: expected a vector of at most 65536 coordinates, found 98304",
    HEAD + "let x = TE.a\nensures x == " + "+".join("1" * 4000): "expected formulas that are less deep",
    HEAD + "let x = TE.a/0": "3:13: expected a divisor other than 0, found 0",
    HEAD + "let x = 2^9999*TE.a": "3:10: expected a power of at most 4096 bits, found 2^9999",
    HEAD + "let x = [k*TE.a for k in 3..2]": "3:9: expected a range of 1 to 65536 numbers, found 3..2",
    HEAD + "let x = TE.a : Word(0)": "3:16: Word: expected a width of 1 to 65536, found 0",
    HEAD + "let x = TE.a : Flagg": "3:16: expected a name that is defined, found 'Flagg'",
    HEAD + "let x = match(query=PE.bits)": "3:9: match: expected key=, found none",
    HEAD + "let x = gather(TE, PE.number, TE.a)": "3:9: gather: expected other arguments, found ",
    HEAD
    + "let x = TE.a\noutput x\nlet y = TE.b": "5:5: expected nothing but requires and ensures after the output, found more",
    HEAD + "let x = TE.a\nensures xx == 1": "4:9: expected a name that ensures may use, found 'xx' (did you mean 'x'?)",
    HEAD + "let x = TE.a\nrequires x == 1": "4:10: expected a name that requires may use, found 'x'",
    HEAD + "let x = TE.a\nensures gather(x) == 1": "4:9: expected a function of formulas, found 'gather'",
    HEAD + "let x = TE.a\nensures x == n[0]": "4:14: expected a definition or input before [, found the number n",
    HEAD + "let x = TE.a\nensures all(j: j[0] == 1)": "4:16: expected a definition or input before [, found the number j",
    HEAD + "let x = TE.a\nensures x < 1 < 2": "4:15: expected one comparison (join several by 'and'), found '<'",
    HEAD + 'tokens "xy"': "3:1: expected tokens once, found them twice",
    'tokens "aa"': "1:1: expected letters that differ, found 'aa'",
    'tokens "ab"\nstart "c"': "2:1: expected a kind of token that is defined before, found 'c'",
    "let x = PE.number": "1:9: expected places before the first use of PE, found none",
    "places 99": "1:8: expected 1 to 32 bits of a place, found 99",
    'tokens "m" {\n kind a(v)\n}': "2:2: expected a payload of this block, found 'v'",
    HEAD + "let x = " + "(" * 200 + "TE.a": "expected brackets within each other at most 40 deep",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_errors(text: str, message: str) -> None:
    """Each names the line, the column, what was expected and what was found, and shows the line with a caret."""
    with pytest.raises(LanguageError, match=re.escape(message)) as caught:
        parse(text, "f.efasp")
    shown = str(caught.value).splitlines()
    assert shown[0].startswith("f.efasp:") and shown[2].strip() == "^"
    assert shown[2].index("^") <= len(shown[1])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_text_is_an_error_or_a_program(data: st.DataObject) -> None:
    """Whatever is deleted from or put into a text, the only error is LanguageError."""
    at, end = (data.draw(st.integers(0, len(REVERSE))) for _ in range(2))
    noise = data.draw(
        st.sampled_from(["", "(", ")", "[", "]", ":", "=", '"', "`", "1", "^", "x", "\n", ".", "..", "for", "-", "TE"])
    )
    try:
        parse(REVERSE[: min(at, end)] + noise + REVERSE[max(at, end) :])
    except LanguageError as error:
        assert error.line >= 1 and error.column >= 1


def test_files(tmp_path: Path) -> None:
    """A file's program is called like it, if it has no title; text that is not UTF-8 is an error of the language."""
    file = tmp_path / "shift.efasp"
    file.write_text(HEAD + "let x = gather(TE, PE.number - 1, PE)\n")
    assert parse_file(file).program.name == "shift"
    file.write_bytes(b"program \xff")
    with pytest.raises(LanguageError, match="expected UTF-8 text, found the byte 0xff"):
        parse_file(file)


# Texts.


def test_texts_that_are_no_input() -> None:
    """An unknown letter, an empty text, and one that is longer than the places are named errors."""
    module = parse('tokens "^ab"\nplaces 3\nstart "^"\nlet x = gather(TE, PE.number, PE)\n')
    assert module.encode("ab") == [0, 1, 2] and module.longest == 7
    for text, message in {
        "abc": "letter 3: expected one of 'ab', found 'c'",
        "^": "letter 1: expected one of 'ab', found '^'",
        "": "expected a text of at least one letter of 'ab', found an empty one",
        "abababab": "expected at most 7 letters, as there are places, found 8",
    }.items():
        with pytest.raises(TextError, match=re.escape(message)):
            module.encode(text)


def test_ids_outside_the_vocabulary() -> None:
    """An id that no token has is a named error of the evaluation."""
    module = parse(REVERSE)
    with pytest.raises(ValueError, match=r"reverse: expected token ids in 0..3, found 7..7"):
        evaluate(module.program.output, tokens=[7])


def test_nodes_are_no_numbers() -> None:
    """A node has no truth value and is not compared with a number; two nodes are."""
    flag = Parameter("f", parse(HEAD + "let x = TE.a").program.output.sort)
    with pytest.raises(SortError, match="bool: expected a truth value"):
        bool(flag)
    with pytest.raises(SortError, match="==: expected a node"):
        _ = flag == 1
    assert flag != concat(flag, flag) and flag == Parameter("f", flag.sort)
    program = Program("p")
    program.let("x", flag)
    with pytest.raises(ValueError, match="p: x is defined twice"):
        program.let("x", combine([(1, flag)], 1))


# Specifications.


def run(text: str, **columns: list[object]) -> Run:
    """A run with these values; the last definition is the output."""
    return Run(list(text), columns, list(columns)[-1] if columns else "")


def specification(*formulas: str, definitions: str = "rank out") -> tuple:
    """The ``ensures`` of a program with these definitions."""
    lets = "".join(f"let {name} = PE.number\n" for name in definitions.split())
    return parse(HEAD + lets + "".join(f"ensures {formula}\n" for formula in formulas)).ensures


def test_formulas() -> None:
    """Each holds on a run, and its negation does not."""
    one = run("abca", rank=[0, 2, 3, 1], out=["a", "a", "b", "c"])
    for formula in (
        "rank[0] + 2*rank[1] == 2^2 and n == 4",
        "rank == count(j: input[j] < input[i] or input[j] == input[i] and j < i)",
        "output[rank] == input",
        "out == (if i == 0 then input[0] else out)",
        "sum(j in 0..i: rank[j]) >= max(j in 0..i: rank[j])",
        "first(j: input[j] == input[i]) <= last(j: input[j] == input[i])",
        "last(j in 0..i - 1: input[j] == input[i]) == (if i == 3 then 0 else -1)",
        "7 // 2 == 3 and 7 % 2 == 1 and 7/2*2 == 7 and abs(-3) == 3 and floor(7/2) == 3 and max(1, 2) == 2",
        'input in "abc" and length == n',
        'python("tests.efasp.language.test_language:ranks") == rank',
    ):
        assert failures(specification(formula), one) is None, formula
        assert failures(specification(f"not ({formula})"), one) is not None, formula


def ranks(text: str) -> list[int]:
    """The place of each letter in the sorted text."""
    order = sorted(range(len(text)), key=lambda i: (text[i], i))
    return [order.index(i) for i in range(len(text))]


def test_the_first_difference_is_named() -> None:
    """The definition, the position, and both values."""
    one = run("abca", rank=[0, 2, 3, 2], out=["a", "a", "b", "c"])
    formulas = specification('rank == python("tests.efasp.language.test_language:ranks")', 'output == "a"')
    assert failures(formulas, one) == Failure("rank", 3, 1, 2, formulas[0])
    assert failures(formulas[1:], one) == Failure("out", 2, "a", "b", formulas[1])
    inequality = specification("rank < 3")
    assert failures(inequality, one) == Failure("out", 2, "a formula that holds", "one that does not", inequality[0])


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("input[n] == 1", "input[4]: expected a position in 0..3 of 'abca', found another"),
        ("max(j in 1..0: j) == 1", "max: expected a range with a number in it, found 1..0"),
        ("input < 3", "on 'abca': "),
        ('python("nowhere:f") == 1', "python: expected module:function, found nowhere:f"),
    ],
)
def test_formulas_without_a_value(formula: str, message: str) -> None:
    """They are errors, neither true nor false."""
    with pytest.raises(SpecificationError, match=re.escape(message)):
        failures(specification(formula), run("abca", rank=[0, 1, 2, 3], out=[0, 0, 0, 0]))


def test_requires() -> None:
    """The texts that a specification speaks of."""
    formulas = parse(HEAD + 'requires n % 2 == 0\nrequires count(j: input[j] == "a") == n // 2\n').requires
    assert required(formulas, list("abba")) and not required(formulas, list("aba")) and not required(formulas, list("aa"))
