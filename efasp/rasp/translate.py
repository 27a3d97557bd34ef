"""From a RASP operator to a program of E-FASP, for texts over an alphabet of up to so many letters.

Every operator becomes a column (``rasp.tables``); its values are those that ``rasp.possible`` finds. A selector is a score: for
each part of a conjunction a two-valued one, flags of the keys' classes times the query's row of truth values. Then m parts that
hold score m, and the start token as much for a count, where its share 1 / (c + 1) tells c; for a mean scores are doubled, and
the start token has 2m - 1, so that it is read where nothing is selected. A selector by place alone, ``select(indices + c,
query, ==)``, is a lookup of that place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.attention import gather
from efasp.codebook import Codebook
from efasp.embeddings import positions, tokens
from efasp.language.module import Module
from efasp.pointwise import equals
from efasp.rasp.graph import Node as Operator
from efasp.rasp.graph import Selector, Sequence, below, described
from efasp.rasp.possible import Possible, longest_for, plain
from efasp.rasp.selectors import BY_PLACE, BY_VALUE, Selecting, Truth, conjunction
from efasp.rasp.tables import Column, Tables, gated
from efasp.selections import Selector as Selected
from efasp.sequences import coded
from efasp.sorts import Int
from efasp.syntax import Node, Program, aha, combine, relu

STARTS = "^$~_#@"  # for the start token: the first that is not a letter


@dataclass(frozen=True)
class Translation:
    """A compiled operator. ``mixed``: the values that are not strings of an operator that has strings, or nothing."""

    module: Module
    node: Sequence
    selectors: tuple[Selecting, ...]
    mixed: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ByPlace:
    """A lookup of one place (0: the start token). ``beyond``: whether it may come after the last letter."""

    place: Node
    beyond: bool


def translate(
    name: str, root: Sequence, named: dict[str, Sequence], alphabet: str, longest: int, file: str = ""
) -> Translation:
    """The program of an operator. ``named``: those that become definitions. The places are those of the smallest power of two
    that is enough for ``longest`` letters and the start token. Raises LanguageError, TextError for expressions outside the
    fragment that is compiled."""
    return Translator(root, alphabet, longest).translation(name, named, file)


def filled(longest: int) -> int:
    """The largest number of letters whose places have as many bits as those of ``longest`` letters."""
    return (1 << longest.bit_length()) - 1


def longest_compiled(letters: int) -> int:
    """The largest number of letters for which an operator is compiled, over an alphabet of so many; 0 where there is none."""
    most = longest_for(letters)
    return most if filled(most) == most else filled(most) >> 1


class Translator:
    """Makes the columns of an operator and of all below it."""

    def __init__(self, root: Sequence, alphabet: str, longest: int) -> None:
        self.root, self.possible = root, Possible(root, alphabet, filled(longest))
        self.start = next(
            symbol for symbol in STARTS + "".join(map(chr, range(0x2190, 0x2190 + 256))) if symbol not in alphabet
        )
        self.te = tokens(Codebook.symbols("rasp", self.start + alphabet))
        self.pe = positions(Codebook.index(longest.bit_length()))
        self.sink, self.one = self.te.flag(self.start), self.te.one
        self.letter = self.te.flag(*alphabet)
        self.tables = Tables(self.letter)
        self.columns: dict[int, Column] = {}
        self.selected: dict[int, Selected | ByPlace] = {}
        self.forms: dict[int, Selecting] = {}
        read = self._read()
        for node in self.possible.nodes:
            if isinstance(node, Sequence) and id(node) in read:
                self.columns[id(node)] = self._column(node)

    def translation(self, name: str, named: dict[str, Sequence], file: str) -> Translation:
        """The translation of the root operator: ``name``, the other operators by name, and the text's file."""
        values = self.possible.values(self.root)
        strings = any(isinstance(value, str) for value in values)
        output = self._code(self.columns[id(self.root)]) if strings else self.tables.as_number(self.columns[id(self.root)])
        program = Program(name)
        for other, node in named.items():
            column = self.columns.get(id(node))
            if other != name and column is not None and column.number is not None and not column.at:
                program.let(other, column.number)
        program.let(name, output)
        module = Module(program, self.te.codebook, self.pe.codebook, self.start, file=file)
        mixed = tuple(value for value in values if strings and not isinstance(value, str))
        return Translation(module, self.root, tuple(self.forms.values()), mixed)

    def _code(self, column: Column) -> Node:
        """Letters as tokens. Raises LanguageError for strings that are none."""
        alphabet = self.possible.alphabet
        others = [value for value in column.values if isinstance(value, str) and value not in tuple(alphabet)]
        if others:
            hint = (
                f": compile with --alphabet {alphabet + ''.join(others)!r}" if all(len(value) == 1 for value in others) else ""
            )
            message = f"expected strings that are letters of the alphabet {alphabet!r}, found {described(others[0])}{hint}"
            raise self.root.failure(f"{self.root.name}: {message}")
        flags = dict(zip(column.values, self.tables.flags(column), strict=True))
        return coded(self.te, {self.start: self.sink, **{letter: flags[letter] for letter in alphabet if letter in flags}})

    # Columns.

    def _column(self, node: Sequence) -> Column:
        values = self.possible.values(node)
        if len(values) == 1:
            return self._constant(values)
        if node.selector is not None:
            self._selector(node.selector)
            return self._mean(node, values) if node.parents else self._width(node.selector, values)
        if node.parents:
            return self.tables.column(
                self.possible.tables[id(node)], [self.columns[id(parent)] for parent in node.parents], values
            )
        if node.letters:
            of = {letter: plain(node.function([letter])[0]) for letter in self.possible.alphabet if self._has(node, letter)}
            return Column(
                values,
                flags=[self.te.flag(*(letter for letter, value in of.items() if value == wanted)) for wanted in values],
            )
        return self._of_length(node, values)

    def _has(self, node: Sequence, letter: str) -> bool:
        return any(
            found for at, found in zip(self.possible.contexts, self.possible.of[id(node)], strict=True) if at.letter == letter
        )

    def _read(self) -> set[int]:
        """The operators on which the output rests: nothing is below one that has one value."""
        out: set[int] = set()
        left: list[Operator] = [self.root]
        while left:
            this = left.pop()
            if id(this) not in out:
                out.add(id(this))
                alone = isinstance(this, Sequence) and len(self.possible.values(this)) == 1
                left += () if alone else below(this)
        return out

    def _constant(self, values: list[Any]) -> Column:
        """One value on every text on which the program has values, which needs no selector."""
        if isinstance(values[0], str):
            return Column(values, flags=[self.letter])
        return Column(values, self.tables.number({(): values[0]}, [])[0])

    def _of_length(self, node: Sequence, values: list[Any]) -> Column:
        """``indices`` and ``length``."""
        number = self.pe.field("number")
        if node.name == "length":
            last = aha(self.one, number, number, number.sort)
            length = combine([(1, last), (-self.possible.longest, self.sink)])
            return Column(values, relu(length, Int(0, self.possible.longest)))
        return Column(values, combine([(1, number), (-1, self.letter)], sort=Int(0, self.possible.longest - 1)))

    # Selectors.

    def _selector(self, node: Selector) -> None:
        if id(node) not in self.selected:
            found = self._by_place(node)
            if found is None:
                self.selected[id(node)] = self._scores(node)
            else:
                self.selected[id(node)] = found
                self.forms[id(node)] = Selecting(node, BY_PLACE, 1, 1)

    def _by_place(self, node: Selector) -> ByPlace | None:
        """A lookup where the keys are the indices plus a constant, or a constant minus these, and the query is an integer."""
        if node.name != "select ==" or node.key is None or node.query is None:
            return None
        keys, queries = self.possible.of[id(node.key)], self.possible.of[id(node.query)]
        pairs = {(at.position, value) for at, values in zip(self.possible.contexts, keys, strict=True) for value in values}
        if len(pairs) < self.possible.longest or any(isinstance(value, str) for _, value in pairs):
            return None
        shift = next(value for position, value in pairs if position == 0)
        sign = next(value for position, value in pairs if position == 1) - shift if self.possible.longest > 1 else 1
        wanted = self.possible.values(node.query)
        if sign not in (1, -1) or any(value != shift + sign * position for position, value in pairs):
            return None
        if any(isinstance(value, str) or value != int(value) for value in wanted):
            return None
        query = self.tables.as_number(self.columns[id(node.query)])
        place = combine([(sign, query), (1 - sign * shift, self.letter)])
        if not place.sort.integral or not self.columns[id(node.query)].exact:
            return None
        beyond = any(
            sign * (value - shift) >= at.length
            for at, values in zip(self.possible.contexts, queries, strict=True)
            for value in values
        )
        return ByPlace(place, beyond)

    def _scores(self, node: Selector) -> Selected:
        """The two-valued scores of the parts of a conjunction."""
        q, k, widths = list[Node](), list[Node](), [0, 0]
        parts = [Truth.of(self.possible, part, sign) for part, sign in conjunction(node, True)]
        parts = [part for part in parts if not part.trivial]
        for part in parts:
            keys, queries = ([self.columns[id(source)] for source in side] for side in (part.keys, part.queries))
            by_key, by_query = part.by_key, part.by_query
            keyed = len(by_key) <= len(by_query)
            for members in by_key if keyed else by_query:
                one, alike = members[0], set(members)
                key = {row: int(row in alike if keyed else part.selects[row, one]) for row in part.rows}
                query = {row: int(part.selects[one, row] if keyed else row in alike) for row in part.columns}
                k.append(self.tables.number(key, keys)[0])
                q.append(self.tables.number(query, queries)[0])
            widths[0] += part.width
            widths[1] += part.shorter(self.possible).width
        self.forms[id(node)] = Selecting(node, BY_VALUE, *widths)
        # The start token reads itself.
        return Selected((self.sink, *q), (self.sink, *k), len(parts), self.one, self.sink)

    def _width(self, node: Selector, values: list[Any]) -> Column:
        """How many keys are selected: of a lookup whether its place is there, else by the share of the start token."""
        selector = self.selected[id(node)]
        if isinstance(selector, ByPlace):
            return Column(values, self._found(selector))
        share = combine([(1, selector.share), (-1, self.sink)])
        return Column(values, share, exact=False, at={count: Fraction(1, count + 1) for count in values})

    def _found(self, by: ByPlace) -> Node:
        """1 where the place of a lookup is that of a letter."""
        place = relu(by.place)
        read = [gather(node, place, self.pe) for node in (self.pe.field("number"), self.sink)]
        if not by.beyond:
            return combine([(1, self.one), (-1, read[1])])
        return combine([(1, equals(read[0] - place, 0)), (-1, read[1])])

    def _mean(self, node: Sequence, values: list[Any]) -> Column:
        assert node.selector is not None
        found, source = self.selected[id(node.selector)], self.columns[id(node.parents[0])]
        counts = self.possible.counts[id(node.selector)]
        never = all(low > 0 for low, _ in counts)
        single = all(high <= 1 for _, high in counts)
        read, missed = self._reading(found, never)

        def one(of: Node) -> Node:
            got = read(of)
            return combine([(1, got)], sort=of.sort) if single and got.sort != of.sort else got

        default = plain(node.default)
        if any(isinstance(value, str) for value in values):
            there = dict(zip(source.values, self.tables.flags(source), strict=True))
            flags = []
            for value in values:
                terms = [(1, one(there[value]))] if value in there else []
                terms += [(1, missed)] if value == default and missed is not None else []
                flags.append(combine(terms or [(0, self.one)]))
            return Column(values, flags=flags)
        number = one(self.tables.as_number(source))
        if missed is not None and default:
            number = combine([(1, number), (default, missed)])
        return Column(values, number, exact=single and source.exact)

    def _reading(self, found: Selected | ByPlace, never: bool) -> tuple[Callable[[Node], Node], Node | None]:
        """How a value is read where a selector selects, 0 elsewhere; and a flag of letters where it does not, unless that is
        ``never`` so."""
        if isinstance(found, Selected):
            missed = None if never else combine([(1, found.mean(self.sink)), (-1, self.sink)])
            return found.mean, missed
        there = None if never else self._found(found)
        missed = None if there is None else combine([(1, self.letter), (-1, there)])

        def read(of: Node) -> Node:
            got = gather(of, found.place, self.pe)
            return combine(gated(there, got)) if found.beyond and there is not None else got

        return read, missed
