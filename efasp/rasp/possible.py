"""Which values the operators of a RASP program may take, for texts over an alphabet of up to so many letters.

An operator has a set of possible values in every *context*: the number of letters, a position, and the letter there. These are
all that it has in texts in which the context occurs and on which the program has values at all: of pointwise operators those of
each combination of possible operands, of aggregates those of each choice of keys that letters at the other positions allow.
Operators of the letter, the position and the length alone have one possible value in each context.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isqrt, prod
from typing import Any

from efasp.language.lexer import LanguageError
from efasp.language.module import TextError
from efasp.rasp.graph import Atom, Node, Selector, Sequence, evaluate, ordered, whole

Set = frozenset[Any]
MAX_VALUES = 4096  # of one operator, in all contexts
MAX_CONTEXTS = 1 << 14
MAX_COMBINATIONS = 1 << 16  # of operands, or of a key and a query
MAX_SUMS = 1 << 18  # sums of selected values that are followed, of one aggregate
NONE: Set = frozenset()


@dataclass(frozen=True)
class Context:
    """``position`` (from 0) of a text of ``length`` letters, of which this one is ``letter``."""

    length: int
    position: int
    letter: str


@dataclass(frozen=True)
class Keys:
    """Keys that a query may select; ``sure``: it selects them all; ``values``: those that such a key may have."""

    sure: bool
    values: Set


class Possible:
    """The possible values of all that an operator is made of."""

    def __init__(self, root: Sequence, alphabet: str, longest: int) -> None:
        """Raises LanguageError for operators without a value, and for those with too many possible ones, TextError for letters
        that are not numbers."""
        if longest > (most := longest_for(len(alphabet))):
            raise TextError(f"expected texts of at most {most} letters for an alphabet of {len(alphabet)}, found {longest}")
        self.alphabet, self.longest = alphabet, longest
        self.contexts = [Context(n, i, letter) for n in range(1, longest + 1) for i in range(n) for letter in alphabet]
        self.nodes = ordered(root)
        self.of: dict[int, list[Set]] = {}
        self.tables: dict[int, dict[tuple[Any, ...], Any]] = {}  # of pointwise operators: the value of possible operands
        self.counts: dict[int, set[tuple[int, int]]] = {}  # of selectors: between which numbers of keys a query selects
        self.sums = 0
        self._truths: dict[tuple[int, Set, Set], Set] = {}
        self._means: dict[tuple[int, Any], Set] = {}
        for node in self.nodes:
            if isinstance(node, Sequence):
                self.of[id(node)] = self._same_kind(self._sequence(node))
                self._few(node)

    def values(self, node: Sequence, longest: int | None = None) -> list[Any]:
        """The possible values in all contexts (of texts of up to ``longest`` letters): numbers in their order, then strings."""
        sets = zip(self.contexts, self.of[id(node)], strict=True)
        return in_order(set().union(*(found for at, found in sets if longest is None or at.length <= longest)))

    def tuples(self, nodes: list[Sequence]) -> list[tuple[Any, ...]]:
        """The possible combinations of values of operators at one position, in order. Raises LanguageError for too many."""
        found: dict[tuple[Set, ...], None] = dict.fromkeys(zip(*(self.of[id(node)] for node in nodes), strict=True))
        out: set[tuple[Any, ...]] = set()
        for sets in found:
            out |= set(self._product(nodes[0], sets))
            if len(out) > MAX_COMBINATIONS:
                raise _too_many(nodes[0], "combinations of values", MAX_COMBINATIONS)
        return sorted(out, key=lambda row: [_order(value) for value in row])

    def selected(self, selector: Selector, at: int) -> Iterator[tuple[bool, list[int]]]:
        """For a query in a context (by its number) each key that it may select: whether that is sure, and the key's contexts in
        which it may be so."""
        query, letters = self.contexts[at], len(self.alphabet)
        first = letters * (query.length * (query.length - 1) // 2)
        for j in range(query.length):
            keys = [first + letters * j + number for number in range(letters)]
            if j == query.position:
                keys = [at]
            truths = [(key, found) for key in keys if (found := self.truths(selector, at, key))]
            may = [key for key, found in truths if True in found]
            if may:
                yield all(False not in found for _, found in truths), may

    def truths(self, selector: Selector, query: int, key: int) -> Set:
        """Whether a selector may select a key, and whether it may not; nothing where there is no value of key or query."""
        if selector.key is None or selector.query is None:
            parts = [self.truths(part, query, key) for part in selector.parts]
            return frozenset(selector.function(*values) for values in product(*parts))
        keys, queries = self.of[id(selector.key)][key], self.of[id(selector.query)][query]
        known = (id(selector), keys, queries)
        if known not in self._truths:
            pairs = self._product(selector.key, (keys, queries))
            self._truths[known] = frozenset(bool(found) for pair in pairs for found in self._value(selector.function, *pair))
        return self._truths[known]

    # Operators.

    def _sequence(self, node: Sequence) -> list[Set]:
        if node.selector is not None:
            return [self._aggregate(node, at) for at in range(len(self.contexts))]
        if not node.parents:
            return [self._leaf(node, at) for at in self.contexts]
        table = self.tables[id(node)] = {}
        known: dict[tuple[Set, ...], Set] = {}
        first = [node.parents.index(parent) for parent in node.parents]  # one operator twice has one value
        out = []
        for sets in zip(*(self.of[id(parent)] for parent in node.parents), strict=True):
            if sets not in known:
                rows = {
                    row: found
                    for row in self._product(node, sets)
                    if all(row[k] == row[at] for k, at in enumerate(first))
                    for found in self._value(node.function, *row)
                }
                table |= rows
                known[sets] = frozenset(rows.values())
            out.append(known[sets])
        return out

    def _leaf(self, node: Sequence, at: Context) -> Set:
        """Of a letter, or of the number of letters alone."""
        try:
            if node.letters:
                return frozenset(map(plain, node.function([at.letter])))
            return frozenset([plain(node.function([at.letter] * at.length)[at.position])])
        except TextError:
            return NONE

    def _aggregate(self, node: Sequence, at: int) -> Set:
        assert node.selector is not None
        chosen = list(self.selected(node.selector, at))
        count = sum(sure for sure, _ in chosen), len(chosen)
        self.counts.setdefault(id(node.selector), set()).add(count)
        if not node.parents:
            return frozenset(range(count[0], count[1] + 1))
        values = self.of[id(node.parents[0])]
        keys = Counter(Keys(sure, NONE.union(*(values[key] for key in may))) for sure, may in chosen)
        known = (id(node), frozenset(keys.items()))
        if known not in self._means:
            self._means[known] = self._mean(node, keys)
        return self._means[known]

    def _mean(self, node: Sequence, keys: Counter[Keys]) -> Set:
        """The means of all choices; strings have one only where a single key is selected."""
        sure = sum(count for key, count in keys.items() if key.sure)
        out: set[Any] = {plain(node.default)} if not sure else set()
        for key in keys:
            if sure == key.sure:  # all others may be left out
                out |= key.values
        sums: set[tuple[int, Any]] = {(0, 0)}
        for key in keys.elements():
            more = {(k + 1, whole(total + value)) for k, total in sums for value in key.values if not isinstance(value, str)}
            sums = more if key.sure else sums | more
            self.sums += len(sums)
            if self.sums > MAX_SUMS or len(sums) > MAX_COMBINATIONS:
                raise _too_many(node, "sums of selected values", MAX_SUMS)
        return frozenset(out | {whole(Fraction(total) / k) for k, total in sums if k > 1})

    # What cannot be.

    def _value(self, function: Callable[..., Any], *operands: Any) -> list[Any]:
        """A value, in a list; none where there is an error: no text on which the program has values has these operands."""
        try:
            return [plain(function(*operands))]
        except (ZeroDivisionError, TypeError, ValueError):
            return []

    def _same_kind(self, sets: list[Set]) -> list[Set]:
        """Without numbers where at some position of texts of that length there are strings alone, as no text has both."""
        strings = {(at.length, at.position): True for at in self.contexts}
        for at, found in zip(self.contexts, sets, strict=True):
            strings[at.length, at.position] &= all(isinstance(value, str) for value in found)
        lengths = {n for (n, _), there in strings.items() if there}
        return [
            frozenset(value for value in found if isinstance(value, str)) if at.length in lengths else found
            for at, found in zip(self.contexts, sets, strict=True)
        ]

    def _few(self, node: Sequence) -> None:
        """Raises LanguageError for an operator with too many possible values, or with none."""
        count = len(set().union(*self.of[id(node)]))
        if count > MAX_VALUES:
            raise _too_many(node, "possible values", MAX_VALUES)
        if not count:
            evaluate(node, self.alphabet[0])  # its own error
            raise node.failure(f"{node.name}: expected a value on some text over {self.alphabet!r}, found none on any")

    def _product(self, node: Node, sets: tuple[Set, ...]) -> Iterator[tuple[Any, ...]]:
        if prod(map(len, sets)) > MAX_COMBINATIONS:
            raise _too_many(node, "combinations of values", MAX_COMBINATIONS)
        return product(*(in_order(found) for found in sets))


def longest_for(letters: int) -> int:
    """The largest number of letters of texts over an alphabet of so many, whose contexts are few enough."""
    return (isqrt(8 * (MAX_CONTEXTS // letters) + 1) - 1) // 2


def _too_many(node: Node, what: str, most: int) -> LanguageError:
    error: LanguageError = node.failure(  # type: ignore[assignment]
        f"{node.name}: expected at most {most} {what}, found more: take a smaller --alphabet or --max-length"
    )
    return error


def plain(value: Atom) -> Any:
    """A value without the difference between a truth value and its number, which compare and compute alike."""
    return int(value) if isinstance(value, bool) else value


def _order(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value


def in_order(values: Iterable[Any]) -> list[Any]:
    """Numbers by size, then strings."""
    return sorted(values, key=_order)
