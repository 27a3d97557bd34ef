"""Context-free languages by the program of clauses, against an independent recogniser (Cocke, Younger, Kasami)."""

import re
from itertools import islice, product
from math import comb
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efasp.context_free import LONGEST, MOST, Gap, Letter, SizeError, Table, instance, member, rounds, steps, width
from efasp.grammar import Binary, Grammar, Terminal, parse_grammar, read_grammar
from efasp.pram import machine
from efasp.pram.library import build
from tests.efasp.pram.engines import ENGINES
from tests.pages import ROOT, tables

GRAMMARS = {
    "a^n b^n": "S -> A T | A B\nT -> S B\nA -> a\nB -> b",
    "brackets": "S -> S S | L T | L R\nT -> S R\nL -> (\nR -> )",
    "palindromes": "S -> A X | B Y | A A | B B | a | b\nX -> S A\nY -> S B\nA -> a\nB -> b",
    "any": "S -> S S | a | b",
    "an even number of b, or none": "S -> T U | U T | a\nT -> A T | T A | b\nU -> A U | U A | b\nA -> A A | a\nS ->",
    "a b* to the right": "S -> A R | a\nR -> B R | b\nA -> a\nB -> b",
}


def derives(grammar: Grammar, text: str) -> bool:
    """Whether the start symbol derives the text, by dynamic programming over its parts."""
    if not text:
        return grammar.empty
    names = {(i, i + 1): {rule.left for rule in grammar.terminal if rule.letter == a} for i, a in enumerate(text)}
    for length in range(2, len(text) + 1):
        for i in range(len(text) - length + 1):
            j = i + length
            pairs = {(b, c) for k in range(i + 1, j) for b in names[i, k] for c in names[k, j]}
            names[i, j] = {rule.left for rule in grammar.binary if rule[1:] in pairs}
    return grammar.start in names[0, len(text)]


def decided(grammar: Grammar, text: str) -> bool:
    """What the program says, after checking how it ends: in the steps that are stated, exactly."""
    of = instance(grammar, text)
    run = machine.run(build("clauses", of))
    assert run.finished and run.violation is None and run.faults == [] and run.steps == steps(len(text))
    return member(of, run)


@pytest.mark.parametrize("name", GRAMMARS)
def test_every_short_word(name: str) -> None:
    """All words of up to 5 letters, with one of another letter among them."""
    grammar = parse_grammar(GRAMMARS[name])
    for length in range(6):
        for letters in product(grammar.letters, repeat=length):
            text = "".join(letters)
            assert decided(grammar, text) == derives(grammar, text), text
    assert not decided(grammar, "?") and not decided(grammar, grammar.letters[0] + "?")


def cancels(text: str) -> bool:
    """Whether nothing is left of brackets when pairs that stand together are taken out, again and again."""
    while (shorter := text.replace("()", "").replace("[]", "")) != text:
        text = shorter
    return not text


def test_the_example_is_dyck_2() -> None:
    """Of examples/dyck2.cfg all words of 1 to 4 letters: those of balanced brackets of both kinds, and no others."""
    grammar = read_grammar(ROOT / "examples" / "dyck2.cfg")
    words = ["".join(letters) for length in range(1, 5) for letters in product("()[]", repeat=length)]
    assert [text for text in words if decided(grammar, text)] == [text for text in words if cancels(text)]
    assert decided(grammar, "([])[]") and not decided(grammar, "([)][]")


@st.composite
def grammars(draw: st.DrawFn) -> Grammar:
    """Up to 3 nonterminals with up to 6 rules of two and some letters; some have the empty word."""
    names = ("S", "A", "B")[: draw(st.integers(1, 3))]
    empty = draw(st.booleans())
    parts = st.sampled_from(names[1:] if empty and len(names) > 1 else names)
    binary = draw(
        st.sets(st.builds(Binary, st.sampled_from(names), parts, parts), max_size=0 if empty and len(names) == 1 else 6)
    )
    terminal = draw(st.sets(st.builds(Terminal, st.sampled_from(names), st.sampled_from("ab")), min_size=1, max_size=4))
    return Grammar(names, tuple(sorted(binary)), tuple(sorted(terminal)), empty)


@given(grammars(), st.text("ab", max_size=7))
@example(Grammar(("S",), (), (), True), "")
def test_any_grammar_and_word(grammar: Grammar, text: str) -> None:
    """Random grammars, also with nonterminals that derive nothing, and words of up to 7 letters."""
    assert decided(grammar, text) == derives(grammar, text)


@pytest.mark.parametrize(
    ("name", "length"), [("a^n b^n", 24), ("palindromes", 16), ("brackets", 10), ("a b* to the right", 24)]
)
def test_longer_words(name: str, length: int) -> None:
    """Words of a language that are longer, and such with one letter changed."""
    grammar, rng = parse_grammar(GRAMMARS[name]), Random(name)
    half = "".join(rng.choice("ab") for _ in range(length // 2))
    word = {
        "a^n b^n": "a" * (length // 2) + "b" * (length // 2),
        "palindromes": half + half[::-1],
        "brackets": "(()" + "()" * (length // 2 - 2) + ")",
        "a b* to the right": "a" + "b" * (length - 1),
    }[name]
    at = rng.randrange(length)
    changed = word[:at] + grammar.letters[word[at] == grammar.letters[0]] + word[at + 1 :]
    for text in (word, changed):
        assert decided(grammar, text) == derives(grammar, text)


@pytest.mark.parametrize("engine", ENGINES)
def test_decoded_whole(engine: str) -> None:
    """In every engine: a word of the language and one outside it, in as many decoding steps as the machine takes."""
    grammar = parse_grammar(GRAMMARS["brackets"])
    for text, expected in (("()()", True), ("())(", False), ("()", True)):
        of = instance(grammar, text)
        run = ENGINES[engine](build("clauses", of), 10_000)
        assert (member(of, run), run.steps, run.finished) == (expected, steps(len(text)), True)
        assert run.decode_steps in (None, run.steps)


def test_steps_are_logarithmic() -> None:
    """The closed form, at powers of two and between: 15 + 24 floor(log2 n), and 15 for the empty word."""
    assert [steps(n) for n in (0, 1, 2, 3, 4, 7, 8, 64)] == [15, 15, 39, 39, 63, 63, 87, 159]
    assert rounds(1 << 40) == 161


def test_words_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many letters, and too many clauses, with the number that would do; as many as there may be do fit."""
    assert MOST == machine.MAX_PROCESSORS - 1
    grammar = parse_grammar(GRAMMARS["any"])
    with pytest.raises(SizeError, match=f"at most {LONGEST} letters, found one of {LONGEST + 1}"):
        instance(grammar, "a" * (LONGEST + 1))
    monkeypatch.setattr("efasp.context_free.MOST", 38)
    with pytest.raises(SizeError, match="at most 38 clauses"):
        instance(grammar, "aaaa")
    monkeypatch.setattr("efasp.context_free.MOST", 39)
    assert instance(grammar, "aaaa").processors == 40


def clauses(grammar: Grammar, n: int) -> int:
    """The number of clauses, or MOST + 1 where there are more than may be."""
    return sum(1 for _ in islice(Table(grammar, n).clauses(), MOST + 1))


def test_the_page_counts_the_clauses() -> None:
    """Of docs/corollaries.md the table of three grammars, with the longest words, and the processors for Dyck-2 and n = 8."""
    page = ROOT / "docs" / "corollaries.md"
    names = {"(a^n b^n)": "a^n b^n", "palindromes": "palindromes", "(brackets)": "brackets"}
    (table,) = (each for each in tables(page, "Any context-free language") if each[0][0] == "grammar")
    sizes = [int(cell.removeprefix("n = ")) for cell in table[0][1:4]]
    for name, *counts, longest in table[1:]:
        grammar = parse_grammar(GRAMMARS[next(text for key, text in names.items() if key in name)])
        assert [f"{clauses(grammar, n):,}" for n in sizes] == counts, name
        most = int(longest.split()[0])
        assert clauses(grammar, most) <= MOST and (most == LONGEST or clauses(grammar, most + 2) > MOST), name
        assert most == LONGEST or {clauses(grammar, n) for n in range(1, LONGEST, 2)} == {0}
    stated = re.search(r"for n = 8 and\s+k = 2 already (\d+)", page.read_text())
    dyck2 = read_grammar(ROOT / "examples" / "dyck2.cfg")
    assert stated is not None and int(stated[1]) == clauses(dyck2, 8) + 1 == instance(dyck2, "()" * 4).processors


@given(grammars(), st.integers(1, 9))
@example(parse_grammar(GRAMMARS["any"]), 12)
def test_no_more_clauses_than_the_theorem_says(grammar: Grammar, n: int) -> None:
    """The bounds of `suited_exists` (ClausesTable.v) on clauses and on the width of words, and the page's on squares."""
    table = Table(grammar, n)
    found = list(table.clauses())
    items = (1 + 2 * len(grammar.binary)) * (n + 1) ** 2
    most = 4 * items**3 + items**2 + items * len(grammar.terminal)
    assert len(found) <= most
    of = instance(grammar, grammar.letters[0] * n)
    assert width(of.memory, n) <= 5 + (n + 5 + 6 * most).bit_length()
    squares = sum(isinstance(first, Gap) and isinstance(second, Gap) for first, second, _ in found)
    assert squares <= len(grammar.nonterminals) ** 3 * comb(n + 4, 6)


def test_clauses_that_are_left_out() -> None:
    """For brackets no clause speaks of S over an odd number of letters, as the page says, but others do of L, R and T."""
    facts = {fact for clause in Table(parse_grammar(GRAMMARS["brackets"]), 8).clauses() for fact in clause}
    items = {item for fact in facts if not isinstance(fact, Letter) for item in ([*fact] if isinstance(fact, Gap) else [fact])}
    assert {item.name for item in items if (item.high - item.low) % 2} == {"L", "R", "T"}
