"""The symbolic reading of E-FASP: nodes as SMT terms over leaves.

A reading stops at its leaves: the embeddings' coordinates, and the definitions whose own lemmas conclude their values. The
nodes between are read from their own rows: affine maps become linear forms, ReLUs become ``ite``. Bits of words are named
relative to the bit that is looked at, so that the same construction at another bit or width gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from efasp.affine_forms import Form, total
from efasp.codebook import Codebook
from efasp.proofs.smtlib import Script, Term, ite, land, le, linear, lor, num, plus
from efasp.sorts import Number
from efasp.syntax import Affine, Concat, Node, PositionEmbedding, Relu, TokenEmbedding

Atom = tuple[str, int] | tuple[Node, int]  # a leaf's coordinate, or a ReLU node's


class Reading:
    """Forms of node coordinates over leaves, their terms in the order of first use.

    ``leaves``: nodes and their names; embeddings are leaves by themselves.
    """

    def __init__(self, leaves: Mapping[Node, str]) -> None:
        self.leaves = leaves
        self.widths = {name: node.width for node, name in leaves.items()}
        self._known: dict[tuple[Node, int], Form] = {}

    def form(self, node: Node, place: int, top: bool = False) -> Form:
        """The form of one coordinate; ``top``: look into the node though it is a leaf."""
        if not top and node in self.leaves:
            return Form.atom((self.leaves[node], place))
        if (node, place) not in self._known:
            self._known[node, place] = self._read(node, place)
        return self._known[node, place]

    def _read(self, node: Node, place: int) -> Form:
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            name, offset = slot(node.codebook, place)
            prefix = "te" if isinstance(node, TokenEmbedding) else "pe"
            if name == "one":
                return Form(constant=1)
            return Form.atom((f"{prefix}.{name}", offset))
        if isinstance(node, Concat):
            for part in node.parts:
                if place < part.width:
                    return self.form(part, place)
                place -= part.width
        if isinstance(node, Affine):
            return total([(c, self.form(node.x, column)) for column, c in node.rows[place]], node.bias[place])
        if isinstance(node, Relu):
            below = self.form(node.x, place)
            if not below.terms:
                return Form(constant=max(below.constant, 0))
            return Form.atom((node, place))
        return Form.atom((f"{type(node).__name__.lower()}.{id(node)}", place))


def slot(book: Codebook, place: int) -> tuple[str, int]:
    """The name of a code's coordinate: its slot, and the place in it."""
    name = next(name for name, places in book.slots.items() if place in places)
    return name, place - book.slots[name].start


class Terms:
    """Writes forms into a script over Real. ``labels``: for leaves that are sets of flags, the name of each coordinate;
    ``bit``: the bit that is looked at, to which other bits' names are relative; ``source``: the lemma (and the value that it
    speaks of) about the values of a symbol, None where the symbol is a variable of the statement."""

    def __init__(
        self,
        script: Script,
        reading: Reading,
        labels: Mapping[str, Sequence[str]],
        bit: int = 0,
        sort: str = "Real",
        source: Callable[[str], tuple[str, str] | None] = lambda name: None,
    ) -> None:
        self.script, self.reading, self.labels, self.at, self.sort, self.source = script, reading, labels, bit, sort, source
        self.declared: set[str] = set()
        self._units: dict[Atom, str] = {}

    def name(self, leaf: str, place: int) -> str:
        """The symbol of a leaf's coordinate."""
        if leaf in self.labels:
            return self.labels[leaf][place]
        leaf = leaf.replace("op:", "op.")
        if self.reading.widths.get(leaf, 1 if "_bits" not in leaf else 2) == 1 or place == self.at:
            return leaf
        return f"{leaf}.{'next' if place > self.at else 'previous'}{abs(place - self.at)}"

    def bit(self, *names: str) -> None:
        """Declare symbols that are 0 or 1."""
        self.choice(("0", "1"), *names)

    def sign(self, *names: str) -> None:
        """Symbols that are -1, 1, or 0 where there is no word."""
        self.choice(("(- 1)", "0", "1"), *names)

    def choice(self, values: Sequence[Term], *names: str) -> None:
        """Declare symbols that take one of some values."""
        for name in names:
            if name not in self.declared:
                self.declared.add(name)
                self.script.declare(name, self.sort)
                self.known(lor(*(f"(= {name} {value})" for value in values)), name)

    def known(self, term: Term, name: str) -> None:
        """The values of a symbol, by the lemma about its sort or as the domain of a variable."""
        source = self.source(name)
        if source is None:
            self.script.definition(term)
        else:
            self.script.sort(term, source[1], source[0])

    def one_hot(self, names: Sequence[str], partial: bool = True) -> None:
        """Flags of which exactly one (``partial``: at most one) is 1."""
        self.bit(*names)
        total = plus(*names)
        self.known(le(total, "1") if partial else f"(= {total} 1)", names[0])

    def of(self, node: Node, place: int = 0, top: bool = False) -> Term:
        """The term of a coordinate."""
        return self.term(self.reading.form(node, place, top))

    def term(self, form: Form) -> Term:
        """The term of a form; declares its leaves, and units as definitions."""
        parts: list[tuple[Number, Term]] = []
        for atom, c in self._counted(form):
            parts.append((c, self._unit(atom) if isinstance(atom[0], Node) else self._leaf(*atom)))
        return linear(parts, form.constant)

    def _counted(self, form: Form) -> list[tuple[Atom, Number]]:
        """All bits of a word with one coefficient are read as the number of its ones."""
        words: dict[str, list[Number]] = {}
        for (leaf, _), c in form.terms.items():
            if isinstance(leaf, str) and leaf not in self.labels and self.reading.widths.get(leaf, 1) > 1:
                words.setdefault(leaf, []).append(c)
        whole = {leaf for leaf, cs in words.items() if len(cs) == self.reading.widths[leaf] and len(set(cs)) == 1}
        kept = [(atom, c) for atom, c in form.terms.items() if atom[0] not in whole]
        return kept + [((f"{leaf}.ones", 0), words[leaf][0]) for leaf in sorted(whole)]

    def _leaf(self, leaf: str, place: int) -> Term:
        name = self.name(leaf, place)
        if name not in self.declared:
            if leaf.endswith(".ones"):
                self.declared.add(name)
                self.script.declare(name, self.sort, "number of ones of a word")
                self.known(lor(f"(= {name} 0)", le("1", name)), name)
            else:  # the only fact about it
                self.declared.add(name)
                self.script.declare(name, self.sort, "unconstrained")
        return name

    def _unit(self, atom: Atom) -> Term:
        if atom not in self._units:
            node, place = atom
            assert isinstance(node, Relu)
            inner = self.term(self.reading.form(node.x, place))
            name = f"unit{len(self._units)}"
            self._units[atom] = self.script.define(name, ite(f"(> {inner} 0)", inner, "0"), self.sort)
        return self._units[atom]


def is_value(term: Term, value: int) -> Term:
    """``term = value``."""
    return f"(= {term} {num(value)})"


def flag(condition: Term) -> Term:
    """A truth value as 0 or 1."""
    return ite(condition, "1", "0")


def both(*terms: Term) -> Term:
    """Conjunction of flags given as numbers."""
    return land(*(is_value(term, 1) for term in terms))
