"""The tree of a RASP text: expressions and statements, each with its place. (Comparing and printing of trees are left out: they
would make a start of `efasp` longer.)"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from efasp.pram.assembler.source import Token


@dataclass(eq=False, repr=False)
class Tree:
    """A part of a text. ``place``: the token by which messages name it."""

    place: Token


@dataclass(eq=False, repr=False)
class Atom(Tree):
    """A number or a string."""

    value: int | Fraction | str


@dataclass(eq=False, repr=False)
class Name(Tree):
    """A name."""

    name: str


@dataclass(eq=False, repr=False)
class Unary(Tree):
    """``not``, ``-``, ``+``, ``round`` or ``indicator`` of an expression."""

    operator: str
    inside: Tree


@dataclass(eq=False, repr=False)
class Binary(Tree):
    """Arithmetic, a comparison, ``and``, ``or``, or ``in``."""

    operator: str
    left: Tree
    right: Tree


@dataclass(eq=False, repr=False)
class Choice(Tree):
    """``then if condition else otherwise``."""

    then: Tree
    condition: Tree
    otherwise: Tree


@dataclass(eq=False, repr=False)
class Call(Tree):
    """A function, or a sequence operator, applied."""

    called: Tree
    arguments: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class Index(Tree):
    """``inside[index]``."""

    inside: Tree
    index: Tree


@dataclass(eq=False, repr=False)
class Select(Tree):
    """``select(key, query, comparison)``."""

    key: Tree
    query: Tree
    comparison: str


@dataclass(eq=False, repr=False)
class Aggregate(Tree):
    """``aggregate(selector, sequence, default)``."""

    selector: Tree
    sequence: Tree
    default: Tree | None


@dataclass(eq=False, repr=False)
class Builtin(Tree):
    """``range``, ``zip`` or ``len`` of expressions."""

    name: str
    arguments: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class Items(Tree):
    """``[a, b]``."""

    items: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class Entries(Tree):
    """``{a: b}``."""

    entries: tuple[tuple[Tree, Tree], ...]


@dataclass(eq=False, repr=False)
class Comprehension(Tree):
    """``[value for names in source]``, or with a ``key`` ``{key: value for names in source}``."""

    key: Tree | None
    value: Tree
    names: tuple[Token, ...]
    source: Tree


@dataclass(eq=False, repr=False)
class Assign(Tree):
    """``a, b = x, y;``."""

    names: tuple[Token, ...]
    values: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class Define(Tree):
    """``def name(parameters) { body return values; }``."""

    name: Token
    parameters: tuple[Token, ...]
    body: tuple[Tree, ...]
    values: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class For(Tree):
    """``for names in source { body }``."""

    names: tuple[Token, ...]
    source: Tree
    body: tuple[Tree, ...]


@dataclass(eq=False, repr=False)
class Load(Tree):
    """``load "file";``."""

    file: str


@dataclass(eq=False, repr=False)
class Draw(Tree):
    """``draw(sequence, example);``: nothing is drawn."""

    inside: Tree


@dataclass(eq=False, repr=False)
class Example(Tree):
    """A command of a session about its example, without effect in a file."""
