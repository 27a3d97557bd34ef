"""Grammars as text: what they say, and the errors of those that are not in Chomsky normal form."""

import pytest

from efasp.grammar import Binary, Grammar, Terminal, parse_grammar
from efasp.pram.assembler import AssemblyError


def test_rules_of_every_form() -> None:
    """Alternatives, several lines for one nonterminal, quotes, comments, blank lines, the empty word, and rules said twice."""
    text = "# brackets\n\nS -> L R | '#'  # none\nS ->\nL -> ( | \"'\" | '(' \nR->)\nS -> L R\n"
    binary = (Binary("S", "L", "R"),)
    terminal = (Terminal("S", "#"), Terminal("L", "("), Terminal("L", "'"), Terminal("R", ")"))
    assert parse_grammar(text) == Grammar(("S", "L", "R"), binary, terminal, True)


def test_the_start_symbol_is_the_first() -> None:
    """And letters are in the order of their rules."""
    grammar = parse_grammar("Top -> X X\nX -> b | a\n")
    assert (grammar.start, grammar.letters, grammar.empty) == ("Top", ("b", "a"), False)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "expected a rule"),
        ("# S -> a", 1, 1, "expected a rule"),
        ("S -> S | a", 1, 6, "rule S -> S: expected a terminal or two nonterminals, found the nonterminal 'S' alone"),
        ("S -> a S", 1, 6, "rule S -> a S: expected two nonterminals, found 'a'"),
        ("S -> S S S\nS -> a", 1, 10, "rule S -> S S S: expected two nonterminals, found 3"),
        ("S -> S X | a", 1, 8, "rule S -> S X: expected two nonterminals, found 'X', which has no rule"),
        ("S -> X", 1, 6, "rule S -> X: expected one character, capital letters in quotes"),
        ("S -> ab", 1, 6, "rule S -> ab: expected one character"),
        ("S -> a |", 1, 9, "expected a symbol, found the end of the line"),
        ("S -> | a", 1, 6, "expected a symbol, found '|'"),
        ("S -> a\nA ->", 2, 5, "rule A ->: expected the empty word of the start symbol alone"),
        ("S -> A S | a\nS ->\nA -> a", 1, 6, "rule S -> A S: expected S, which has the empty word, on no right side"),
        ("S = a", 1, 3, "expected '->' after 'S', found '='"),
        ("S -> a\n  -> b", 2, 3, "expected a nonterminal, found '->'"),
        ("S -> a -> b", 1, 8, "expected one rule a line, found a second '->'"),
        ("S -> 'ab'", 1, 6, "expected one character in quotes"),
        ("S -> 'a", 1, 6, "expected one character in quotes"),
    ],
)
def test_errors_name_rule_and_place(text: str, line: int, column: int, message: str) -> None:
    """A rule that is not in Chomsky normal form, and a line that is not a rule, with line, column and a caret."""
    with pytest.raises(AssemblyError) as caught:
        parse_grammar(text, "g.cfg")
    assert str(caught.value).startswith(f"g.cfg:{line}:{column}: ") and message in str(caught.value)
    assert str(caught.value).endswith("^") == bool(text)  # an empty line has nothing to point at
