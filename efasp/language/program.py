"""From the text of an ``.efasp`` file to a module: the statements, one after the other."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import Embedding
from efasp.language import tree as t
from efasp.language.elaborate import Elaborator
from efasp.language.lexer import LanguageError, Text
from efasp.language.module import DTYPES, Module
from efasp.language.parser import parse_tree
from efasp.language.specification import check_formula
from efasp.language.values import Scope
from efasp.pram.assembler.source import AssemblyError, nearest, read_text
from efasp.syntax import Node, Parameter, PositionEmbedding, Program, TokenEmbedding

MAX_PLACE_BITS = 32


@dataclass
class _Builder:
    """Carries out statements."""

    text: Text
    name: str
    elaborator: Elaborator
    program: Program = field(default_factory=lambda: Program(""))
    scope: Scope = field(default_factory=dict)
    books: dict[str, Codebook] = field(default_factory=dict)
    start: str = ""
    dtype: str = ""
    conditions: dict[str, list[t.Tree]] = field(default_factory=lambda: {"requires": [], "ensures": []})
    titled: bool = False

    def fail(self, place: t.Tree, message: str) -> None:
        """Raise an error with a message at the place of a statement."""
        raise self.text.error(place.place, message)

    def title(self, statement: t.Title) -> None:
        """Read a ``program`` statement: the program's name."""
        if self.titled:
            self.fail(statement, "expected one program in a file, found a second")
        self.titled, self.name = True, statement.name

    def book(self, statement: t.Book) -> None:
        """Read a ``tokens`` or ``places`` statement: a codebook."""
        if statement.side in self.books:
            self.fail(statement, f"expected {statement.side} once, found them twice")
        try:
            book = self._codebook(statement)
            _ = book.slots
        except ValueError as error:
            self.fail(statement, str(error))
        self.books[statement.side] = book
        tokens = statement.side == "tokens"
        node = TokenEmbedding(book) if tokens else PositionEmbedding(book)
        self.elaborator.embeddings["TE" if tokens else "PE"] = Embedding(node)

    def _codebook(self, statement: t.Book) -> Codebook:
        name = statement.name
        if statement.symbols is not None:
            if len(set(statement.symbols)) < len(statement.symbols) or not statement.symbols:
                self.fail(statement, f"expected letters that differ, found {statement.symbols!r}")
            return Codebook.symbols(name or self.name, statement.symbols)
        if statement.bits is not None:
            bits = self.elaborator.integer(statement.bits, self.scope)
            if not 0 < bits <= MAX_PLACE_BITS:
                self.fail(statement.bits, f"expected 1 to {MAX_PLACE_BITS} bits of a place, found {bits}")
            return Codebook.index(bits, name or "position")
        return self._listed(statement)

    def _listed(self, statement: t.Book) -> Codebook:
        kinds, payloads, fields = list[Kind](), list[tuple[str, int]](), list[Field]()
        for entry in statement.entries:
            if entry.what == "kind":
                kinds.append(Kind(entry.name, entry.payloads))
            elif entry.what == "field":
                fields.append(Field(entry.name, entry.payloads[0], entry.encode, entry.shift))  # type: ignore[arg-type]
            else:
                assert entry.bits is not None
                bits = self.elaborator.integer(entry.bits, self.scope)
                if not 0 < bits <= 128:
                    self.fail(entry.bits, f"expected a payload of 1 to 128 bits, found {bits}")
                payloads.append((entry.name, bits))
        known = [name for name, _ in payloads]
        for entry in statement.entries:
            for name in entry.payloads:
                if name not in known:
                    self.fail(entry, f"expected a payload of this block, found {name!r}{nearest(name, known)}")
        if not kinds:
            self.fail(statement, "expected at least one kind, found none")
        return Codebook(statement.name or self.name, tuple(kinds), tuple(payloads), tuple(fields))

    def first(self, statement: t.Start) -> None:
        """Read a ``start`` statement: the token that comes before the first letter of a text."""
        kinds = self.books["tokens"].kind_index if "tokens" in self.books else {}
        if statement.kind not in kinds:
            self.fail(statement, f"expected a kind of token that is defined before, found {statement.kind!r}")
        if self.start:
            self.fail(statement, "expected one start, found a second")
        self.start = statement.kind

    def floats(self, statement: t.Dtype) -> None:
        """Read a ``dtype`` statement."""
        if statement.name not in DTYPES:
            self.fail(statement, f"expected {' or '.join(DTYPES)}, found {statement.name!r}{nearest(statement.name, DTYPES)}")
        if self.dtype:
            self.fail(statement, "expected one dtype, found a second")
        self.dtype = statement.name

    def let(self, statement: t.Let) -> None:
        """Read a ``let``, ``aux`` or ``const`` statement: one definition."""
        self.new(statement.name, statement)
        if statement.kind == "const":
            self.scope[statement.name] = number = self.elaborator.number(statement.value, self.scope)
            self.elaborator.constants[statement.name] = number
            return
        value: Any = self.elaborator.value(statement.value, self.scope)
        if statement.kind == "let" or not isinstance(value, Embedding):
            lookup = statement.kind == "aux" and not isinstance(value, Node)
            value = value if lookup else self.elaborator.node(statement.value, self.scope)
        self.scope[statement.name] = value
        if statement.kind == "let":
            self.program.definitions[statement.name] = value

    def new(self, name: str, place: t.Tree) -> None:
        """Raises LanguageError for a name that is taken."""
        if name in self.scope:
            self.fail(place, f"expected a new name, found {name!r} defined twice")

    def parameter(self, statement: t.Parameter) -> None:
        """Read a ``parameter`` statement."""
        self.new(statement.name, statement)
        assert statement.sort is not None
        self.scope[statement.name] = Parameter(statement.name, self.elaborator.sort(statement.sort, self.scope))

    def function(self, statement: t.Function) -> None:
        """Read an ``fn`` statement: a function's definition."""
        if statement.name in self.elaborator.functions:
            self.fail(statement, f"expected a new name, found the function {statement.name!r} defined twice")
        names = [*statement.widths, *(parameter.name for parameter in statement.parameters)]
        if twice := [name for number, name in enumerate(names) if name in names[:number]]:
            self.fail(statement, f"expected parameters that differ, found {twice[0]!r} twice")
        self.elaborator.functions[statement.name] = statement

    def output(self, statement: t.Output) -> None:
        """``output``: a definition, which becomes the last, or a value, which is called "output"."""
        definitions, value = self.program.definitions, statement.value
        if isinstance(value, t.Name) and value.name in definitions:
            definitions[value.name] = definitions.pop(value.name)
            return
        self.let(t.Let("let", "output", value, place=statement.place))

    def condition(self, statement: t.Condition) -> None:
        """Read a ``requires`` or ``ensures`` statement."""
        self.conditions[statement.what].append(statement.formula)

    def module(self, file: str) -> Module:
        """The module that all statements make; ``file``: its name in error messages."""
        self.program.name = self.name
        names = list(self.program.definitions)
        for what, formulas in self.conditions.items():
            for formula in formulas:
                if problem := check_formula(formula, names, what):
                    self.fail(problem[0], problem[1])
        requires, ensures = (tuple(self.conditions[what]) for what in ("requires", "ensures"))
        books, lookups = (self.books.get("tokens"), self.books.get("places")), tuple(dict.fromkeys(self.elaborator.lookups))
        return Module(self.program, *books, self.start, requires, ensures, file, lookups, self.dtype)


STEPS = {
    t.Title: _Builder.title, t.Book: _Builder.book, t.Start: _Builder.first, t.Dtype: _Builder.floats, t.Let: _Builder.let,
    t.Parameter: _Builder.parameter, t.Function: _Builder.function, t.Output: _Builder.output, t.Condition: _Builder.condition,
}  # fmt: skip


def parse(text: str, file: str = "text", name: str = "program") -> Module:
    """The module of an ``.efasp`` text; ``file`` is for messages, ``name`` that of a program without a title.

    Raises LanguageError, whatever the text.
    """
    statements, parser = parse_tree(text, file)
    try:
        return _built(statements, parser.text, file, name)
    except RecursionError:
        raise parser.text.error(parser.tokens[0], "expected formulas that are less deep, found one that is too deep") from None


def _built(statements: list[t.Tree], text: Text, file: str, name: str) -> Module:
    """The module of some statements. Raises LanguageError."""
    builder = _Builder(text, name, Elaborator(text))
    last: t.Tree | None = None
    for statement in statements:
        if isinstance(last, t.Output) and not isinstance(statement, t.Condition):
            builder.fail(statement, "expected nothing but requires and ensures after the output, found more")
        last = statement if not isinstance(statement, t.Condition) else last
        try:
            STEPS[type(statement)](builder, statement)  # type: ignore[operator]
        except RecursionError:
            builder.fail(statement, "expected an expression that is less deep")
    return builder.module(file)


def parse_file(path: str | os.PathLike[str]) -> Module:
    """The module of a file, or of standard input for ``-``. Raises LanguageError and OSError."""
    try:
        text = read_text(path)
    except LanguageError:
        raise
    except AssemblyError as error:
        raise LanguageError(error.file, error.line, error.column, error.message, error.source) from None
    return parse(text, os.fspath(path), "program" if path == "-" else Path(path).stem)
