"""Any context-free language as a PRAM program of O(log n) steps: the clauses of a grammar for words of n letters.

Facts: letter a stands at place i; an *item* (A, i, j), A derives the letters i..j-1; a *gap* (A, i, j; B, k, l), A derives
them if B derives k..l-1. Clauses of two premises (Rytter's activate, square and pebble) lead from letters to (S, 0, n):

    leaf      letter(i, a)                      -> (A, i, i+1)           A -> a
    pair      (B, i, k), (C, k, j)              -> (A, i, j)             A -> B C
    activate  (C, k, j)                         -> (A, i, j; B, i, k)    A -> B C, and on the other side alike
    square    (A, i, j; B, p, q), (B, p, q; C, k, l) -> (A, i, j; C, k, l)
    pebble    (A, i, j; B, k, l), (B, k, l)     -> (A, i, j)

Gaps are of inner intervals of two letters or more. A clause stands in the table only if some word of n letters has a derivation
in which its facts occur, which depends on the grammar and n and not on the letters. The library's program `clauses` applies
all of them together, ``rounds(n)`` times. That this is often enough for every grammar and every n is proved in Rocq
(proofs/rocq/ContextFree.v).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from efasp.encoding import clock_bits
from efasp.grammar import Grammar
from efasp.pram.library import PROGRAMS
from efasp.pram.machine import MAX_PROCESSORS, MIN_WORD, Run
from efasp.pram.problems import Clauses, Instance


class Letter(NamedTuple):
    """The letter stands at place ``at``, from 0."""

    at: int
    letter: str


class Item(NamedTuple):
    """``name`` derives the letters from ``low`` to before ``high``."""

    name: str
    low: int
    high: int


class Gap(NamedTuple):
    """``outer`` follows from ``inner``."""

    outer: Item
    inner: Item


Fact: TypeAlias = "Letter | Item | Gap"
Clause: TypeAlias = "tuple[Fact, Fact, Fact]"  # premises and conclusion; the same premise twice stands for one
MOST = MAX_PROCESSORS - 1  # clauses, a processor each; one more is idle
LONGEST = 64  # letters: no more than 28 fit where every part of a word can be the one nonterminal, 20 where any of two


class SizeError(ValueError):
    """A word has too many letters, or too many clauses for its grammar; says how many fit."""


def rounds(n: int) -> int:
    """Rounds after which all that can be derived is, for words of n letters: 1 + 4 floor(log2 n), and 1 for n = 0."""
    return 1 + 4 * max(0, n.bit_length() - 1)


def steps(n: int) -> int:
    """PRAM steps for words of n letters, whatever the grammar and the letters: 15 + 24 floor(log2 n), and 15 for n = 0."""
    return 9 + 6 * rounds(n)


def widths(grammar: Grammar, n: int) -> dict[str, set[int]]:
    """For every nonterminal the lengths, from 1 to n, of the words that it derives."""
    found: dict[str, set[int]] = {name: set() for name in grammar.nonterminals}
    for rule in grammar.terminal:
        found[rule.left].add(1)
    for width in range(2, n + 1):
        for left, first, second in grammar.binary:
            if any(width - part in found[second] for part in found[first]):
                found[left].add(width)
    return found


class Table:
    """The clauses of a grammar for words of n letters, with what they rest on.

    ``derivable[A]``: lengths of the words that A derives; ``within[A, B]``: the pairs (letters before, letters after) of
    contexts in which B occurs below A.
    """

    def __init__(self, grammar: Grammar, n: int) -> None:
        self.grammar, self.n = grammar, n
        self.derivable = widths(grammar, n)
        self.within = self._contexts()
        self._holes = {names: sorted(holes) for names, holes in self.within.items()}
        self._inner: dict[Item, tuple[Item, ...]] = {}
        self.goal = Item(grammar.start, 0, n)

    def _contexts(self) -> dict[tuple[str, str], set[tuple[int, int]]]:
        """By adding one rule at the outer end at a time, the shortest contexts first."""
        names = self.grammar.nonterminals
        above: dict[str, list[tuple[str, int, int]]] = {name: [] for name in names}
        for left, first, second in self.grammar.binary:
            above[first] += [(left, 0, behind) for behind in self.derivable[second]]
            above[second] += [(left, before, 0) for before in self.derivable[first]]
        found: dict[tuple[str, str], set[tuple[int, int]]] = {(a, b): set() for a in names for b in names}
        fresh = {(name, name, 0, 0) for name in names}
        while fresh:
            wider = {
                (outer, inner, before + more, after + behind)
                for middle, inner, more, behind in fresh
                for outer, before, after in above[middle]
                if before + after + more + behind < self.n
            }
            fresh = {each for each in wider if each[2:] not in found[each[:2]]}
            for outer, inner, before, after in fresh:
                found[outer, inner].add((before, after))
        return found

    def items(self) -> Iterator[Item]:
        """The items that occur in derivations of words of n letters, shorter ones first."""
        for width in range(1, self.n + 1):
            for low in range(self.n - width + 1):
                for name in self.grammar.nonterminals:
                    item = Item(name, low, low + width)
                    if width in self.derivable[name] and self.occurs(item):
                        yield item

    def occurs(self, item: Item) -> bool:
        """Whether an item is the goal, or below it in some derivation."""
        return item == self.goal or (item.low, self.n - item.high) in self.within[self.grammar.start, item.name]

    def inner(self, outer: Item) -> tuple[Item, ...]:
        """The items of two letters or more that occur below one."""
        if outer not in self._inner:
            self._inner[outer] = tuple(
                Item(name, outer.low + before, outer.high - after)
                for name in self.grammar.nonterminals
                for before, after in self._holes[outer.name, name]
                if (width := outer.high - outer.low - before - after) >= 2 and width in self.derivable[name]
            )
        return self._inner[outer]

    def splits(self, item: Item) -> Iterator[tuple[Item, Item]]:
        """The two parts of an item, by every rule and place at which both can be derived."""
        for left, first, second in self.grammar.binary:
            if left == item.name:
                for middle in range(item.low + 1, item.high):
                    if middle - item.low in self.derivable[first] and item.high - middle in self.derivable[second]:
                        yield Item(first, item.low, middle), Item(second, middle, item.high)

    def clauses(self) -> Iterator[Clause]:
        """Every clause of the table once, in a fixed order; none if the word is not derivable."""
        if self.n not in self.derivable[self.grammar.start]:
            return
        for item in self.items():
            if item.high - item.low == 1:
                for rule in self.grammar.terminal:
                    if rule.left == item.name:
                        yield Letter(item.low, rule.letter), Letter(item.low, rule.letter), item
            yield from dict.fromkeys(self._by_rules(item))
            for middle in self.inner(item):
                yield Gap(item, middle), middle, item
                for last in self.inner(middle):
                    yield Gap(item, middle), Gap(middle, last), Gap(item, last)

    def _by_rules(self, item: Item) -> Iterator[Clause]:
        """The clauses of its rules: pair, and activate towards either part."""
        for first, second in self.splits(item):
            yield first, second, item
            for part, other in ((first, second), (second, first)):
                if part.high - part.low >= 2:
                    yield other, other, Gap(item, part)


def width(memory: int, n: int) -> int:
    """The least word width, of at least 5 bits, that addresses so many words and whose clock holds the steps."""
    word = max(MIN_WORD, (memory - 1).bit_length())
    while steps(n) >> clock_bits(word):
        word += 1
    return word


def instance(grammar: Grammar, text: str) -> Instance:
    """The instance of `clauses` whose result is whether the grammar derives ``text``, in words as narrow as that allows.

    Raises SizeError for more than ``LONGEST`` letters or ``MOST`` clauses.
    """
    n = len(text)
    if n > LONGEST:
        raise SizeError(f"expected a word of at most {LONGEST} letters, found one of {n}")
    table = Table(grammar, n)
    found = list[Clause]()
    for clause in table.clauses():
        found.append(clause)
        if len(found) > MOST:
            raise SizeError(f"expected a word with at most {MOST} clauses for this grammar, found one of {n} letters with more")
    facts = number([(table.goal,), *found])
    holds = {facts[fact] for at, letter in enumerate(text) if (fact := Letter(at, letter)) in facts}
    holds |= {facts[table.goal]} if n == 0 and grammar.empty else set()
    numbered = tuple((facts[first], facts[second], facts[conclusion]) for first, second, conclusion in found)
    problem = Clauses(rounds(n), len(facts), frozenset(holds), numbered)
    memory = 5 + 3 * len(found) + len(facts)
    return PROGRAMS["clauses"].encode(problem, width(memory, n))


def number(clauses: Iterable[Iterable[Fact]]) -> dict[Fact, int]:
    """The facts, numbered from 0 in the order in which they occur: the goal first."""
    return {fact: i for i, fact in enumerate(dict.fromkeys(fact for clause in clauses for fact in clause))}


def member(of: Instance, run: Run) -> bool:
    """Whether a run of an instance found that the grammar derives the word."""
    return 0 in of.result(run.configuration.memory)
