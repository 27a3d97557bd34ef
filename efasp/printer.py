"""The printer: programs as lists of definitions in the notation of the FASP literature.

``name = aha(q, k, v)``, ``relu(x)``, concatenation ``[a, b]``, affine maps as sums of named coordinates; ``TE.word_bits[3]``
is a coordinate of an embedding. ``x[a:b]`` are the coordinates a..b-1, and a sum of vectors is coordinate by coordinate,
with width 1 broadcast. ``sum(x)`` is the sum of the coordinates, ``value(x)`` that of 2^j x[j] (in an expansion both are
written out, up to 16 terms), ``[c]*n`` n times c.
An affine map whose rows differ is printed one run of like rows a line: ``name[0] = ...``, ``name[1:8] = ...``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from efasp.codebook import Codebook
from efasp.notation import Latex, Text
from efasp.sorts import Number
from efasp.syntax import Affine, Attention, Concat, Node, Parameter, PositionEmbedding, Program, Relu, TokenEmbedding, walk_by

Format = Literal["text", "latex"]
WRITTEN = 16  # terms of a row that an expansion writes out
INLINE = 72  # an unnamed expression longer than this gets a name of its own


def show(program: Program | Node, *, expand: bool = False, format: Format = "text") -> str:
    """A program (or a single node) as text or as a LaTeX ``align*`` environment.

    With ``expand`` only the six primitives appear; without, derived operators appear by their name. Shared or long
    expressions without a name are called t1, t2, ... in order of appearance. Raises ValueError for an unknown format.
    """
    if format not in ("text", "latex"):
        raise ValueError(f"format: expected text or latex, found {format!r}")
    definitions = {"result": program} if isinstance(program, Node) else program.definitions
    printer = _Printer(definitions, expand, Latex() if format == "latex" else Text())
    lines = printer.lines()
    if isinstance(program, Node) and len(lines) == 1:
        return lines[0][1]
    title = "" if isinstance(program, Node) else program.name
    return printer.style.page(title, lines)


@dataclass(frozen=True)
class _Term:
    """``coefficient * atom[offset + step * row]``."""

    coefficient: Number
    atom: Node
    offset: int
    step: int = 0


@dataclass(frozen=True)
class _Block:
    """Rows start..stop-1 of an affine map, all of one pattern."""

    start: int
    stop: int
    terms: tuple[_Term, ...]
    bias: Number

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.stop - self.start

    def span(self, term: _Term) -> tuple[int, int]:
        """First and last coordinate of the term's atom, over the rows (in this order)."""
        return term.offset, term.offset + term.step * (self.height - 1)


@dataclass(frozen=True)
class _Shown:
    """A printed expression; ``loose`` if it is a sum, which needs parentheses inside another."""

    text: str
    loose: bool = False


class _Printer:
    """Prints the nodes below some definitions, inputs first, each under its name or inside the expression that uses it."""

    def __init__(self, definitions: dict[str, Node], expand: bool, style: Text) -> None:
        self.definitions, self.expand, self.style = definitions, expand, style
        self.names: dict[Node, str] = {}
        for name, node in definitions.items():
            if not isinstance(node, (TokenEmbedding, PositionEmbedding, Parameter)):
                self.names.setdefault(node, name)
        self.defined = frozenset(self.names)
        self.blocks: dict[Node, list[_Block]] = {}
        self.order = self._walk()
        self.shared = self._shared()
        self.shown: dict[Node, _Shown] = {}

    # What is printed below what.

    def _derived(self, node: Node) -> bool:
        return not self.expand and node.origin is not None

    def _linear(self, node: Node) -> bool:
        return isinstance(node, (Concat, Affine)) and not self._derived(node)

    def _resolve(self, node: Node, place: int) -> tuple[Node, int]:
        """The named, derived or nonlinear node, and its coordinate, that a coordinate only repeats."""
        while node not in self.defined and self._linear(node):
            if isinstance(node, Concat):
                for part in node.parts:
                    if place < part.width:
                        break
                    place -= part.width
                node = part
            else:
                assert isinstance(node, Affine)
                row = node.rows[place]
                if node.bias[place] != 0 or len(row) != 1 or row[0][1] != 1:
                    break
                node, place = node.x, row[0][0]
        return node, place

    def _row(self, node: Node, place: int) -> tuple[list[_Term], Number]:
        """One coordinate of a concatenation or an affine map as terms over resolved coordinates."""
        if isinstance(node, Concat):
            for part in node.parts:
                if place < part.width:
                    return [_Term(1, *self._resolve(part, place))], 0
                place -= part.width
        assert isinstance(node, Affine)
        row = [(c, *self._resolve(node.x, column)) for column, c in node.rows[place]]
        return [_Term(c, atom, at) for c, atom, at in row], node.bias[place]

    def _blocks(self, node: Node) -> list[_Block]:
        """The rows of a concatenation or an affine map, in runs of one pattern."""
        if node not in self.blocks:
            out: list[_Block] = []
            for place in range(node.width):
                terms, bias = self._row(node, place)
                longer = _extend(out[-1], terms, bias) if out else None
                if longer:
                    out[-1] = longer
                else:
                    out.append(_Block(place, place + 1, tuple(terms), bias))
            self.blocks[node] = out
        return self.blocks[node]

    def _uses(self, node: Node) -> Iterator[Node]:
        """The nodes that the expression of this one mentions, once a mention."""
        if self._derived(node):
            assert node.origin is not None
            yield from (argument for argument in node.origin[1] if isinstance(argument, Node))
        elif isinstance(node, (Concat, Affine)):
            yield from (term.atom for block in self._blocks(node) for term in block.terms)
        else:
            yield from node.inputs

    def _walk(self) -> list[Node]:
        return walk_by(lambda node: list(dict.fromkeys(self._uses(node))), *self.definitions.values())

    def _shared(self) -> set[Node]:
        """Unnamed nodes that are mentioned twice, or of which a part is: they need a name."""
        count: Counter[Node] = Counter()
        for node in self.order:
            count.update(self._uses(node))
            for block in self.blocks.get(node, ()):
                for term in block.terms:
                    if term.atom.width > 1 and sorted(block.span(term)) != [0, term.atom.width - 1]:
                        count[term.atom] += 1
        return {node for node, number in count.items() if number > 1 and not self._plain(node)}

    def _plain(self, node: Node) -> bool:
        """Whether a node's own expression is as short as a name: an embedding, a parameter, a slice of something named."""
        if isinstance(node, (TokenEmbedding, PositionEmbedding, Parameter)) or node in self.defined:
            return True
        if not self._linear(node):
            return False
        blocks = self._blocks(node)
        plain = len(blocks) == 1 and len(blocks[0].terms) == 1 and blocks[0].bias == 0 and blocks[0].terms[0].coefficient == 1
        return plain and self._plain(blocks[0].terms[0].atom)

    # Printing.

    def lines(self) -> list[tuple[str, str]]:
        """(left side, right side) of every definition, in an order in which each uses earlier ones alone."""
        out: list[tuple[str, str]] = []
        number = 0
        for node in self.order:
            name, style = self.names.get(node), self.style
            shown = self._expression(node)
            if name is None and (shown is None or node in self.shared or len(shown.text) > INLINE):
                number += 1
                while f"t{number}" in self.definitions:
                    number += 1
                self.names[node] = name = f"t{number}"
            if name is None:
                assert shown is not None
                self.shown[node] = shown
                continue
            left = style.name(name)
            if shown is not None:
                out.append((left, shown.text))
            else:
                for block in self._blocks(node):
                    out.append((left + style.slice(block.start, block.stop - 1), self._sum(block).text))
            self.shown[node] = _Shown(left)
            out += [(style.name(alias), left) for alias, twin in self.definitions.items() if twin is node and alias != name]
        embeddings = [(name, node) for name, node in self.definitions.items() if node not in self.names]
        return [*out, *((self.style.name(name), self.shown[node].text) for name, node in embeddings)]

    def _expression(self, node: Node) -> _Shown | None:
        """A node's expression on one line; None for an affine map that needs several."""
        style = self.style
        if self._derived(node):
            assert node.origin is not None
            name, arguments = node.origin
            return _Shown(style.call(name, [self._argument(a) for a in arguments]))
        if isinstance(node, (Concat, Affine)):
            blocks = self._blocks(node)
            if len(blocks) == 1:
                return self._sum(blocks[0])
            items = [self._sum(block).text for block in blocks]
            text = style.list(items)
            room = INLINE if isinstance(node, Affine) else 4 * INLINE
            return _Shown(text) if len(text) <= room else None
        if isinstance(node, Parameter):
            return _Shown(style.name(node.name))
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            return _Shown(style.name("TE" if isinstance(node, TokenEmbedding) else "PE"))
        name = "relu" if isinstance(node, Relu) else "aha"
        assert isinstance(node, (Relu, Attention))
        return _Shown(style.call(name, [self.shown[child].text for child in node.inputs]))

    def _argument(self, argument: object) -> str:
        if isinstance(argument, Node):
            return self.shown[argument].text
        return self.style.string(argument) if isinstance(argument, str) else str(argument)

    def _sum(self, block: _Block) -> _Shown:
        """The terms of a block and its constant, as a sum."""
        style = self.style
        parts = self._terms(block)
        if not parts:
            number = style.number(block.bias)
            return _Shown(number if block.height == 1 else style.repeat(number, block.height))
        if block.bias:
            shown = _Shown(style.number(_size(block.bias)))
            parts.insert(0 if block.bias > 0 > parts[0][0] else len(parts), (1 if block.bias > 0 else -1, shown))
        text = ""
        for coefficient, shown in parts:
            body = style.group(shown.text) if shown.loose and coefficient != 1 else shown.text
            if _size(coefficient) != 1:
                body = f"{style.number(_size(coefficient))}{style.times}{body}"
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {body}" if text else f"-{body}" if sign == "-" else body
        if block.height > 1 and not any(term.step for term in block.terms):
            return _Shown(style.repeat(text, block.height))
        loose = len(parts) > 1 or parts[0][0] != 1 or parts[0][1].loose
        return _Shown(text, loose)

    def _terms(self, block: _Block) -> list[tuple[Number, _Shown]]:
        """(coefficient, expression) of each term; in a single row, runs of coordinates become one ``sum`` or ``value``; in an
        expansion only those that are too long to be written out."""
        out: list[tuple[Number, _Shown]] = []
        at = 0
        while at < len(block.terms):
            term, (length, ratio) = block.terms[at], _run(block, at)
            if length > (WRITTEN if self.expand else 2):
                inside = self._coordinates(term.atom, term.offset, term.offset + length - 1)
                out.append((term.coefficient, _Shown(self.style.call("sum" if ratio == 1 else "value", [inside.text]))))
            else:
                length = 1
                out.append((term.coefficient, self._coordinates(term.atom, *block.span(term))))
            at += length
        return out

    def _coordinates(self, atom: Node, first: int, last: int) -> _Shown:
        """The coordinates first..last of a node (downwards if first > last)."""
        style = self.style
        step = -1 if last < first else 1
        if isinstance(atom, (TokenEmbedding, PositionEmbedding)):
            kind = "TE" if isinstance(atom, TokenEmbedding) else "PE"
            pieces = _pieces(atom.codebook, min(first, last), max(first, last))
            if step == 1 and (first, last) == (0, atom.width - 1):
                return _Shown(style.name(kind))
            if step == 1 or len(pieces) == 1:
                ends = [(slot, full, *((a, b) if step == 1 else (b, a))) for slot, full, a, b in pieces]
                items = [self._piece(style.embedding(kind, slot), full, a, b, step) for slot, full, a, b in ends]
                return _Shown(items[0] if len(items) == 1 else style.list(items))
        shown = self.shown[atom]
        if (first, last) == (0, atom.width - 1):
            return shown
        return _Shown(self._piece(style.group(shown.text) if shown.loose else shown.text, atom.width, first, last, step))

    def _piece(self, name: str, width: int, first: int, last: int, step: int) -> str:
        return name if (first, last) == (0, width - 1) else name + self.style.slice(first, last, step)


def _size(value: Number) -> Number:
    return -value if value < 0 else value


def _extend(block: _Block, terms: Sequence[_Term], bias: Number) -> _Block | None:
    """The block with one more row, if the row has its pattern."""
    if bias != block.bias or [(t.coefficient, t.atom) for t in terms] != [(t.coefficient, t.atom) for t in block.terms]:
        return None
    steps = [new.offset - block.span(old)[1] for old, new in zip(block.terms, terms, strict=True)]
    known = block.height > 1
    if any(step not in (-1, 0, 1) or (known and step != t.step) for step, t in zip(steps, block.terms, strict=True)):
        return None
    moved = tuple(_Term(t.coefficient, t.atom, t.offset, step) for step, t in zip(steps, block.terms, strict=True))
    return _Block(block.start, block.stop + 1, moved, bias)


def _run(block: _Block, at: int) -> tuple[int, int]:
    """Length and ratio (1 or 2) of the longest run of terms over consecutive coordinates that starts at ``at``."""
    if block.height > 1:
        return 1, 1
    terms = block.terms[at:]
    lengths = []
    for ratio in (1, 2):
        length = 1
        for before, after in pairwise(terms):
            if (after.atom, after.offset, after.coefficient) != (before.atom, before.offset + 1, ratio * before.coefficient):
                break
            length += 1
        lengths.append((length, ratio))
    return max(lengths)


def _pieces(codebook: Codebook, first: int, last: int) -> list[tuple[str, int, int, int]]:
    """(slot name, its width, first, last coordinate in it) of each slot that a range of coordinates meets."""
    return [
        (name, len(slot), max(first, slot.start) - slot.start, min(last, slot.stop - 1) - slot.start)
        for name, slot in codebook.slots.items()
        if slot.start <= last and slot.stop > first
    ]
