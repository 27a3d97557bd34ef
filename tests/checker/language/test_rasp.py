"""`efasp compile` and `efasp check` of RASP files: in torch, what is said of selectors, errors, and wrong translations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efasp import selections
from efasp.model.program_file import read_program
from efasp.paper_artifacts.cli import main
from efasp.rasp import possible, selectors, tables, translate
from efasp.rasp.graph import evaluate
from efasp.rasp.interpreter import read_file

LETTERS, MANY = ("".join(chr(0x4E00 + at) for at in range(count)) for count in (900, 16500))
SOURCE = """flip = aggregate(select(indices, length - 1 - indices, ==), tokens);
left = shift(tokens, 0 - 1, "b");
hist = selector_width(select(tokens, tokens, ==));
before = select(indices, indices, <=);
height = (indices + 1) * (2 * aggregate(before, indicator(tokens == "a")) - 1);
word = "ab" if height > 0 else "b";
sign = "a" if height > 0 else "b";
other = aggregate(select(indices, 5, ==), tokens);
ordered = sort(tokens, tokens);
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p.rasp"
    path.write_text(SOURCE)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize("name", ["flip", "left", "hist", "height", "sign", "ordered"])
def test_in_torch(name: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The transformer of the weights file has the values of RASP's own evaluation."""
    said(capsys, "compile", "p.rasp", "--name", name, "--alphabet", "ab", "--max-length", "7", "-o", "w")
    operator = read_file("p.rasp").operators[name]
    for text in ("a", "b", "ab", "bba", "abbab", "aabab", "bbaabba"):
        found = json.loads(said(capsys, "eval", "--weights", "w", "--on", text, "--json"))["output"]
        assert found == evaluate(operator, text)
    module, _ = read_program(Path("w"))
    assert module.letters == ("a", "b") and module.longest == 7


def test_what_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Letters, lengths, and of each selector, by line and column, whether longer texts take a wider transformer."""
    words = said(capsys, "compile", "p.rasp", "--name", "ordered", "--alphabet", "ab", "--max-length", "6", "-o", "w")
    assert "letters 'ab', texts of up to 7 letters" in words
    assert "or: by value, O(n): 13 classes of values, 5 for texts of up to 3 letters" in words
    assert "0 may be a value of ordered, beside letters: no letter is read there" in words
    assert "1:18: select ==: by place, O(log n)" in said(capsys, "compile", "p.rasp", "--name", "flip", "-o", "w")
    assert "3:23: select ==: by value, O(1): 2 classes" in said(capsys, "compile", "p.rasp", "--name", "hist", "-o", "w")
    assert "letters 'ba'" in said(capsys, "compile", "p.rasp", "--name", "flip", "--alphabet", "ba", "-o", "w")


def test_what_is_loaded(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The letters of loaded files are letters of the usual alphabet; a selector is named with its own file; one on which the
    output does not rest is not named."""
    (file.parent / "base.rasp").write_text('first = select(tokens, tokens, ==);\nc = tokens == "c";\n')
    file.write_text('load "base";\nshare = aggregate(first, c);\nw = share + indices;\nzero = 0 * w;\n')
    words = said(capsys, "compile", "p.rasp", "--name", "w", "-o", "w")
    assert "letters 'cab', texts of up to 7 letters" in words
    assert "  base.rasp:1:9: select ==: by value, O(1): 3 classes of values\n" in words
    for name in ("zero", "w"):
        words = said(capsys, "compile", "p.rasp", "--name", name, "--alphabet", "ab", "-o", "w")
        assert "select" not in words and ", 0 layers" in words


def test_a_selector_is_shown_and_not_compiled(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a query, of 1 where a key is selected; other commands say what they take instead."""
    assert said(capsys, "eval", "p.rasp", "--name", "before", "--on", "aba") == "1 0 0\n1 1 0\n1 1 1\n"
    for call in ("compile p.rasp --name before -o w", "check p.rasp --name before", "show p.rasp --name before"):
        words = said(capsys, *call.split(), code=2)
        assert "found before, which is a selector (efasp eval shows its values;" in words


def rows(capsys: pytest.CaptureFixture[str], *options: str, code: int) -> dict[str, list[dict]]:
    """The rows of a check by their lemma."""
    data = json.loads(said(capsys, "check", "p.rasp", "--json", "-", *options, code=code))
    out: dict[str, list[dict]] = {}
    for row in data["obligations"]:
        out.setdefault(row["lemma"], []).append(row)
    return out


SPECIFICATION = ("--lemma", "program.specification.*", "--alphabet", "ab")


def test_check(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All is proved of a lookup by place; the texts are those of the weights file; texts without values are counted."""
    found = rows(capsys, "--name", "flip", "--alphabet", "ab", code=0)
    assert {row["status"] for lemma in found for row in found[lemma]} == {"proved"}
    (short,) = found["program.specification.short"]
    assert (
        short["scope"] == "exhaustive, texts of up to 7 letters with a value in RASP"
        and short["method"] == "exhaustion: 254 cases"
    )
    said(capsys, "compile", "p.rasp", "--name", "flip", "--alphabet", "abc", "--max-length", "3", "-o", "w")
    found = rows(capsys, "--name", "flip", "--weights", "w", code=0)
    assert found["program.specification.short"][0]["method"] == "exhaustion: 39 cases"
    found = rows(capsys, "--name", "left", "--weights", "w", "--max-length", "3", code=1)
    assert any(row["status"] == "refuted" for row in found["program.stack"])


def test_values_that_are_no_letters(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator that is a number on some texts and a letter on others is refuted with a text of the first kind."""
    found = rows(capsys, "--name", "other", *SPECIFICATION, code=1)
    (short,) = found["program.specification.short"]
    assert short["status"] == "refuted" and "on 'a': expected 0, got ^ at position 0 of other" in short["countermodel"]["said"]


MUTANTS = [
    # module, passage, what it becomes, the operator that is wrong then
    (selections, "(2 * self.most - 1) * self.sink", "(2 * self.most - 2) * self.sink", "height2"),
    (selections, "concat(self.most * self.sink, *self.k)", "concat((self.most - 1) * self.sink, *self.k)", "hist"),
    (translate, "(1 - sign * shift, self.letter)", "(sign * shift, self.letter)", "flip"),
    (translate, "if found.beyond and there", "if False and there", "left"),
    (translate, "Fraction(1, count + 1)", "Fraction(1, count + 2)", "hist"),
    (selectors, '"and" if sign else "or"', '"or" if sign else "and"', "ordered"),
    (selectors, "holds(part, of_keys, of_queries) == sign", "holds(part, of_keys, of_queries)", "unlike"),
    (tables, "(after - before, relu", "(before - after, relu", "abs"),
    (tables, "c - by * high", "c - by * low", "step"),
    (possible, "count[1] + 1", "count[1]", "hist"),
]  # fmt: skip
MORE = """height2 = aggregate(select(tokens, "a", ==), indices, 7);
abs = max(indices, 2) + max(indices, 4);
unlike = selector_width(not select(tokens, tokens, ==));
step = indicator(3 < 2 * indices) + 2 * indicator(2 < indices);
"""


@pytest.mark.parametrize(("module", "old", "new", "name"), MUTANTS, ids=range(len(MUTANTS)))
def test_a_wrong_translation_is_refuted(
    module: object,
    old: str,
    new: str,
    name: str,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`efasp check` of the RASP file alone refutes what a broken translation compiles, or that cannot be made; with a text."""
    file.write_text(SOURCE + MORE)
    source = Path(module.__file__).read_text()  # type: ignore[attr-defined]
    assert old in source
    names = vars(module)
    for key, value in list(names.items()):
        monkeypatch.setitem(names, key, value)
    exec(compile(source.replace(old, new), module.__file__, "exec"), names)  # type: ignore[attr-defined]
    for other in (translate, selectors, tables):
        for key in ("Possible", "Tables", "Truth", "Column", "conjunction", "gated", "translate"):
            if key in vars(other) and key in names:
                monkeypatch.setattr(other, key, names[key])
    monkeypatch.setattr(translate, "Selected", selections.Selector)
    monkeypatch.setattr("efasp.checker.language.rasp.translate", translate.translate)
    found = rows(capsys, "--name", name, *SPECIFICATION, code=1)
    (short,) = found["program.specification.short"]
    assert short["status"] == "refuted" and "on '" in short["countermodel"]["said"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("compile", "p.rasp", "--name", "word", "--alphabet", "ab", "-o", "w"),
            "p.rasp:6:13: if: expected strings that are letters",
        ),
        (("compile", "p.rasp", "--name", "before", "-o", "w"), "--name: expected a sequence operator of p.rasp, found before"),
        (("compile", "p.rasp", "--alphabet", "aa", "-o", "w"), "--alphabet: expected letters that differ"),
        (
            ("compile", "p.rasp", "--max-length", "999", "-o", "w"),
            "--max-length: expected at most 127 with 2 letters, found 999",
        ),
        (("compile", "p.rasp", "--name", "befor", "-o", "w"), "--name: expected a sequence operator of p.rasp, found 'befor'"),
        (("eval", "p.rasp", "--name", "befor", "--on", "a"), "--name: expected a sequence operator or a selector of p.rasp"),
        (("compile", "p.rasp", "--alphabet", LETTERS, "-o", "w"), "--max-length: expected at most 3 with 900 letters, found 7"),
        (("compile", "p.rasp", "--alphabet", MANY, "-o", "w"), "--alphabet: expected at most 16384 letters, found 16500"),
        (
            ("eval", "odd.rasp", "--on", "a"),
            "odd.rasp:1:15: expected a name of ASCII letters, digits and _, or the letter within",
        ),
        (("eval", "odd.efasp", "--on", "a"), "odd.efasp:1:9: expected a name of ASCII letters, digits and _, or the letter"),
        (("check", "p.rasp", "--name", "nam"), "--name: expected a sequence operator of p.rasp, found 'nam'"),
        (("check", "none.rasp"), "none.rasp: No such file or directory"),
        (("check", "--alphabet", "ab"), "--alphabet: expected FILE with it, found none"),
        (("check", "efasp.examples:EXAMPLES.reverse", "--max-length", "3"), "--max-length: expected it with a .rasp file"),
        (("compile", "digits.rasp", "--alphabet", "xy", "-o", "w"), "expected letters that are numbers, found 'x'"),
        (("compile", "digits.rasp", "--name", "p", "-o", "w"), "digits.rasp:2:7: ^: expected an integer as exponent"),
    ],
)
def test_errors(arguments: tuple[str, ...], message: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not compiled is named, with its line and column; the exit code is 2."""
    (file.parent / "odd.rasp").write_text("x = tokens == \u00e9;")
    (file.parent / "odd.efasp").write_text("let x = \u00e9")
    (file.parent / "digits.rasp").write_text("d = tokens_int + 1;\np = 2 ^ (1 / 2 + 0 * indices);\nd = d;")
    text = said(capsys, *arguments, code=2)
    assert text.startswith("efasp: ") and message in text


def test_texts_without_a_value(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many texts are left out is said of what is proved; where all are, nothing is."""
    pytest.importorskip("torch", reason="torch is not installed")
    file.write_text('several = aggregate(select(tokens, tokens, ==), tokens, "a");\nlate = 1 / (1 if length > 8 else 0);\n')
    words = said(capsys, "check", "p.rasp", "--name", "several", "--alphabet", "ab", "--max-length", "3")
    assert "program.specification.short[program=several]: exhaustion: 14 cases, 10 of which have no value in RASP" in words
    words = said(capsys, "check", "p.rasp", "--name", "late", "--alphabet", "ab", "--max-length", "15", code=3)
    assert "unknown: program.specification.short[program=late]: exhaustion: 254 cases, 254 of which have no value" in words
