"""The printer of ``.efasp`` texts: a program as a text that parses to the same graph, node for node, and the same formulas.

A derived operator is printed by its name where a call of it makes that very node; a sum where ``combine`` makes it; every
other affine map row by row (``rows``). Nodes without a name that are mentioned twice, or that are long, are ``aux`` names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from efasp.codebook import Codebook
from efasp.embeddings import Embedding
from efasp.language.formulas import identifier, quoted, shown
from efasp.language.functions import FUNCTIONS
from efasp.language.module import Module
from efasp.language.sort_names import written
from efasp.operators import OPERATORS
from efasp.sorts import Number, Sort, SortError
from efasp.syntax import (
    Affine,
    Attention,
    Concat,
    Node,
    Parameter,
    PositionEmbedding,
    Program,
    Relu,
    Row,
    TokenEmbedding,
    combine,
    refine,
    take,
    walk_by,
)

INLINE = 80  # characters of an expression without a name
DEEP = 12  # brackets within brackets in one expression

# How a node is printed: the nodes that are mentioned, and the text from theirs; loose: a sum, which needs parentheses.


@dataclass(frozen=True)
class _Form:
    uses: tuple[Node, ...]
    text: Callable[[Callable[[Node, bool], str]], str]  # given the text of a node, in parentheses where it is loose
    loose: bool = False


def write(module: Module | Program) -> str:
    """The text of a module, or of a program alone. Raises ValueError for names that no text can have."""
    whole = module if isinstance(module, Module) else Module.of(module)
    lines = [f"program {_label(whole.program.name)}"]
    for side, book in (("tokens", whole.vocabulary), ("places", whole.places)):
        if book is not None:
            lines += _book(side, book, whole.program.name)
    if whole.start:
        lines.append(f"start {_label(whole.start)}")
    if whole.dtype:
        lines.append(f"dtype {whole.dtype}")
    lines += _Printer(whole.program).lines()
    lines += [f"requires {shown(tree)}" for tree in whole.requires]
    lines += [f"ensures {shown(tree)}" for tree in whole.ensures]
    return "\n".join(lines) + "\n"


def _label(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else quoted(name)


def _book(side: str, book: Codebook, program: str) -> Iterator[str]:
    """The statement of a codebook."""
    usual = program if side == "tokens" else "position"
    name = "" if book.name == usual else f"{quoted(book.name)} "
    letters = "".join(kind.name for kind in book.kinds)
    if side == "tokens" and book == Codebook.symbols(book.name, letters):
        yield f"tokens {name}{quoted(letters)}"
    elif side == "places" and len(book.payloads) == 1 and book == Codebook.index(book.payloads[0][1], book.name):
        yield f"places {name}{book.payloads[0][1]}"
    else:
        yield f"{side} {quoted(book.name)} {{"
        yield from (f"  payload {_label(name)}: {bits}" for name, bits in book.payloads)
        for kind in book.kinds:
            payloads = f"({', '.join(map(_label, kind.payloads))})" if kind.payloads else ""
            yield f"  kind {_label(kind.name)}{payloads}"
        for field in book.fields:
            shift = f" {'-' if field.shift < 0 else '+'} {abs(field.shift)}" if field.shift else ""
            yield f"  field {_label(field.name)} = {field.encode}({_label(field.payload)}){shift}"
        yield "}"


class _Printer:
    """Prints the definitions of a program, in their order."""

    def __init__(self, program: Program) -> None:
        self.definitions = program.definitions
        self.names: dict[Node, str] = {}
        self.texts: dict[Node, tuple[str, bool, int]] = {}  # text, whether it is loose, how deep it is
        self.forms: dict[Node, _Form] = {}
        self.order = self._walk()
        self.count = Counter(use for node in self.order for use in self.forms[node].uses)
        self.number = 0
        for name in self.definitions:
            if not name or "`" in name or not name.isprintable():
                raise ValueError(f"{program.name}: expected names that a text can have, found {name!r}")

    def _walk(self) -> list[Node]:
        """Every node that is mentioned, inputs first."""

        def uses(node: Node) -> Sequence[Node]:
            if node not in self.forms:
                self.forms[node] = form(node)
            return self.forms[node].uses

        return walk_by(uses, *self.definitions.values())

    def lines(self) -> Iterator[str]:
        """Every definition, after the names that it needs."""
        free = [node for node in self.order if isinstance(node, Parameter)]
        yield from (f"parameter {identifier(node.name)}: {written(node.sort)}" for node in free)
        for name, node in self.definitions.items():
            yield from self._needed(node)
            known = self.names.get(node)
            yield f"let {identifier(name)} = {known or self.texts[node][0]}"
            if known is None and not isinstance(node, (TokenEmbedding, PositionEmbedding, Parameter)):
                self.names[node] = identifier(name)
        last = next(reversed(self.definitions), None)
        if last is not None:
            yield f"output {identifier(last)}"

    def _needed(self, root: Node) -> Iterator[str]:
        """The ``aux`` lines that the expression of a node needs; and its text."""
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in self.texts:
                continue
            if not ready:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(self.forms[node].uses))
                continue
            made = self.forms[node]
            text = made.text(self._text)
            deep = 1 + max((self.texts[use][2] for use in made.uses if use not in self.names), default=0)
            self.texts[node] = text, made.loose, deep
            plain = isinstance(node, (TokenEmbedding, PositionEmbedding, Parameter)) or _slot(node) is not None
            shared = self.count[node] > 1 and not plain
            if node is not root and (shared or len(text) > INLINE or deep > DEEP):
                name = self._fresh()
                yield f"aux {name} = {text}"
                self.names[node] = name

    def _fresh(self) -> str:
        taken = {*self.definitions, *(node.name for node in self.order if isinstance(node, Parameter))}
        self.number += 1
        while f"t{self.number}" in taken:
            self.number += 1
        return f"t{self.number}"

    def _text(self, node: Node, tight: bool) -> str:
        if node in self.names:
            return self.names[node]
        text, loose, _ = self.texts[node]
        return f"({text})" if tight and loose else text


# Forms.


def form(node: Node) -> _Form:
    """How a node is printed: as a derived operator, or by its primitive."""
    if isinstance(node, (TokenEmbedding, PositionEmbedding)):
        word = "TE" if isinstance(node, TokenEmbedding) else "PE"
        return _Form((), lambda of: word)
    if isinstance(node, Parameter):
        return _Form((), lambda of: identifier(node.name))
    if (slot := _slot(node)) is not None:
        return _Form((), lambda of: slot)
    if (derived := _derived(node)) is not None:
        return derived
    if isinstance(node, Concat):
        comma = "," if len(node.parts) == 1 else ""
        return _Form(node.parts, lambda of: f"[{', '.join(of(part, False) for part in node.parts)}{comma}]")
    if isinstance(node, (Relu, Attention)):
        name, sort = "relu" if isinstance(node, Relu) else "aha", _declared(node)
        return _Form(node.inputs, lambda of: f"{name}({', '.join(of(x, False) for x in node.inputs)}){sort}", bool(sort))
    assert isinstance(node, Affine)
    return _affine(node)


def _declared(node: Affine | Relu | Attention) -> str:
    """The sort of a node, where it is not the inferred one."""
    if node.declared is None:
        return ""
    bounds = Attention(node.q, node.k, node.v).sort if isinstance(node, Attention) else node._inferred()
    return "" if node.sort == bounds else f" : {written(node.sort)}"


def _slot(node: Node) -> str | None:
    """An embedding's field or flag, by its name."""
    if not isinstance(node, Affine) or not isinstance(node.x, (TokenEmbedding, PositionEmbedding)):
        return None
    embedding, word = Embedding(node.x), "TE" if isinstance(node.x, TokenEmbedding) else "PE"
    book, columns = node.x.codebook, [column for row in node.rows for column, _ in row]
    kinds = [kind.name for number, kind in enumerate(book.kinds) if number in columns]
    if len(node.rows) == 1 and kinds and embedding.flag(*kinds) is node:
        plain = len(kinds) == 1 and kinds[0].isidentifier() and kinds[0].isascii() and kinds[0] != "one"
        return f"{word}.{kinds[0]}" if plain else f"{word}[{', '.join(map(quoted, kinds))}]"
    if len(columns) == 1 and embedding.one is node:
        return f"{word}.one"
    for name, slot in book.slots.items():
        usable = name not in book.kind_index and name != "one" and name.isidentifier() and name.isascii()
        if usable and columns == list(slot) and embedding.field(name) is node:
            return f"{word}.{name}"
    return None


def _derived(node: Node) -> _Form | None:
    """A call of a derived operator, if such a call makes this node."""
    if node.origin is None:
        return None
    name, arguments = node.origin
    operator = OPERATORS[name]
    given: list[Any] = list(arguments)
    if not all(isinstance(a, (Node, int, str, Sort)) and not isinstance(a, bool) for a in given):
        return None
    if operator.embedding >= 0 and isinstance(given[operator.embedding], PositionEmbedding):
        given[operator.embedding] = Embedding(given[operator.embedding])
    if operator.build(*given) is not node:
        return None

    def text(of: Callable[[Node, bool], str]) -> str:
        written_as: tuple[tuple[type, Callable[[Any], str]], ...] = (
            (Node, lambda a: of(a, False)),
            (Sort, written),
            (str, quoted),
            (int, str),
        )
        parts = [next(how(a) for kind, how in written_as if isinstance(a, kind)) for a in arguments]
        return f"{name}({', '.join(parts)})"

    return _Form(tuple(a for a in arguments if isinstance(a, Node)), text)


def _affine(node: Affine) -> _Form:
    """An affine map: the same under another sort, some coordinates, a sum, or rows."""
    x, sort = node.x, _declared(node)
    columns = [row[0][0] for row in node.rows if len(row) == 1 and row[0][1] == 1]
    if len(columns) == len(node.rows) and not any(node.bias):
        if columns == list(range(x.width)):
            if x.sort != node.sort and refine(x, node.sort) is node:
                return _Form((x,), lambda of: f"{_named(of(x, False))} : {written(node.sort)}", True)
        elif take(x, columns, node.declared) is node:
            return _Form((x,), lambda of: f"{of(x, True)}[{_places(columns)}]{sort}", bool(sort))
    if (summed := _sum(node, sort)) is not None:
        return summed
    if len(node.rows) == 1:
        weights = [c for _, c in node.rows[0]]
        ones, powers = [1] * x.width, [1 << place for place in range(x.width)]
        for name, usual in (("sum", ones), ("value", powers)):
            if x.width > 1 and weights == usual and len(node.rows[0]) == x.width and _helped(name, x) is node:
                return _Form((x,), lambda of, name=name: f"{name}({of(x, False)})")  # type: ignore[misc]
    items = ", ".join(_row_items(node.rows, node.bias))
    return _Form((x,), lambda of: f"rows({of(x, False)}, {items}){sort}", bool(sort))


def _named(text: str) -> str:
    """An expression after which a sort refines: a name or a field, or anything in parentheses."""
    return text if re.fullmatch(r"\w+|[TP]E\.\w+|`[^`]+`", text) else f"({text})"


def _helped(name: str, x: Node) -> Node | None:
    """The node that a helper makes of another, if it takes it."""
    try:
        node: Node = FUNCTIONS[name](x)
    except SortError:
        return None
    return node


def _places(columns: Sequence[int]) -> str:
    """Coordinates as indices and spans."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([column, column + 1])
    return ", ".join(str(low) if high == low + 1 else f"{low}:{high}" for low, high in runs)


def _sum(node: Affine, sort: str) -> _Form | None:
    """A sum of vectors, if ``combine`` makes this node of one."""
    for parts in dict.fromkeys((node.x.parts if isinstance(node.x, Concat) else (node.x,), (node.x,))):
        factors = _factors(node, parts)
        if factors is None or len(set(node.bias)) > 1 or max(part.width for part in parts) != len(node.rows):
            continue
        constant = node.bias[0]
        if combine(list(zip(factors, parts, strict=True)), constant, node.declared) is node:
            return _Form(parts, lambda of, p=parts, f=factors, c=constant: _summed(p, f, c, of) + sort, True)  # type: ignore[misc]
    return None


def _factors(node: Affine, parts: Sequence[Node]) -> list[Number] | None:
    """The factor of each part in the first row; None where the number of rows is not that of a sum."""
    if not node.rows or any(part.width not in (1, len(node.rows)) for part in parts):
        return None
    first, at = dict(node.rows[0]), 0
    factors: list[Number] = []
    for part in parts:
        factors.append(first.get(at, 0))
        at += part.width
    return factors


def _summed(parts: Sequence[Node], factors: Sequence[Number], constant: Number, of: Callable[[Node, bool], str]) -> str:
    text = ""
    for factor, part in zip(factors, parts, strict=True):
        size = -factor if factor < 0 else factor
        body = of(part, True) if size == 1 else f"{size}*{of(part, True)}"
        text += (f" {'-' if factor < 0 else '+'} {body}") if text else f"-{body}" if factor < 0 else body
    if constant:
        text += f" {'-' if constant < 0 else '+'} {abs(constant)}"
    return f"1*{text}" if len(parts) == 1 and factors[0] == 1 and not constant else text


def _row_items(rows: Sequence[Row], bias: Sequence[Number]) -> Iterator[str]:
    """Rows of an affine map, with runs of like rows as one item."""
    at = 0
    while at < len(rows):
        length, slides = _run(rows, bias, at)
        yield _row_item(rows[at], bias[at], length, slides)
        at += length


def _run(rows: Sequence[Row], bias: Sequence[Number], at: int) -> tuple[int, tuple[bool, ...]]:
    """Number of rows from ``at`` on that differ by columns that all slide or stay; and which slide."""
    length, slides = 1, (False,) * len(rows[at])
    while at + length < len(rows):
        row, before = rows[at + length], rows[at + length - 1]
        if bias[at + length] != bias[at] or [c for _, c in row] != [c for _, c in before]:
            break
        steps = tuple(b - a for (a, _), (b, _) in zip(before, row, strict=True))
        moved = tuple(step == 1 for step in steps)
        if any(step not in (0, 1) for step in steps) or (length > 1 and moved != slides):
            break
        slides, length = moved, length + 1
    return length, slides


def _row_item(row: Row, bias: Number, length: int, slides: Sequence[bool]) -> str:
    text = ""
    for (column, c), moves in zip(row, slides, strict=True):
        span = f"[{column}:{column + length}]" if moves and length > 1 else f"[{column}]"
        size = -c if c < 0 else c
        body = span if size == 1 else f"{size}*{span}"
        text += (f" {'-' if c < 0 else '+'} {body}") if text else f"-{body}" if c < 0 else body
    if bias or not row:
        text += f" {'-' if bias < 0 else '+'} {abs(bias)}" if text else str(bias)
    repeated = length > 1 and not any(slides)
    return f"{text} for {length}" if repeated else text
