"""The syntax tree of an ``.efasp`` text: what the parser makes, the elaborator reads, and the printer of formulas writes.

Trees are equal when they say the same, wherever they stand: places take no part in comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from efasp.pram.assembler.source import Token

_NOWHERE = Token("mark", "", 1, 1)


@dataclass(frozen=True)
class Tree:
    """Base of all; ``place``: the token that an error points at."""

    place: Token = field(compare=False, repr=False, default=_NOWHERE, kw_only=True)


@dataclass(frozen=True)
class Number(Tree):
    """An integer."""

    value: int


@dataclass(frozen=True)
class String(Tree):
    """A string, as JSON writes it."""

    value: str


@dataclass(frozen=True)
class Name(Tree):
    """A name in the place of a value."""

    name: str


@dataclass(frozen=True)
class Given(Tree):
    """TE, PE, Flag or Bit: a name that no definition hides."""

    name: str


@dataclass(frozen=True)
class Group(Tree):
    """An expression in parentheses: its own node, not a term of the sum around it."""

    inner: Tree


@dataclass(frozen=True)
class Tuple(Tree):
    """``(a, b)`` or ``(a,)``: a product of sorts."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class List(Tree):
    """``[a, b]``; ``[a,]`` with ``comma`` set is a concatenation of one."""

    items: tuple[Tree, ...]
    comma: bool = False


@dataclass(frozen=True)
class Each(Tree):
    """``[body for name in low..high]``, both ends included."""

    body: Tree
    name: str
    low: Tree
    high: Tree


@dataclass(frozen=True)
class Span(Tree):
    """``low:high`` in an index: low, ..., high - 1."""

    low: Tree
    high: Tree


@dataclass(frozen=True)
class Index(Tree):
    """``x[a, b:c]``; of an embedding also ``x["kind"]``."""

    of: Tree
    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Member(Tree):
    """``x.name``; ``arguments``: those of ``x.name(...)``, None without parentheses."""

    of: Tree
    name: str
    arguments: tuple[Tree, ...] | None = None


@dataclass(frozen=True)
class Call(Tree):
    """``name(arguments, key=argument)``."""

    name: str
    arguments: tuple[Tree, ...]
    named: tuple[tuple[str, Tree], ...] = ()


@dataclass(frozen=True)
class Binary(Tree):
    """Two operands and a sign: ``+ - * / // % ^``, and in formulas ``== != < <= > >= in and or``."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Unary(Tree):
    """``-x``, and in formulas ``not x``."""

    sign: str
    of: Tree


@dataclass(frozen=True)
class Sorted(Tree):
    """``x : sort``."""

    of: Tree
    sort: Tree


@dataclass(frozen=True)
class RowItem(Tree):
    """A row of ``rows(x, ...)``: terms ``coefficient * [column]``, or ``[low:high]`` sliding; ``repeat``: ``... for n``."""

    terms: tuple[tuple[Tree | None, Tree | Span], ...]
    constant: Tree | None
    repeat: Tree | None


@dataclass(frozen=True)
class Rows(Tree):
    """``rows(x, row, row, ...)``: an affine map, row by row."""

    of: Tree
    items: tuple[RowItem, ...]


@dataclass(frozen=True)
class Quantified(Tree):
    """``count(j in a..b: body)``, and ``sum max min all any first last``; without ``in`` over every position."""

    kind: str
    name: str
    low: Tree | None
    high: Tree | None
    body: Tree


@dataclass(frozen=True)
class Choice(Tree):
    """``if condition then a else b``."""

    condition: Tree
    yes: Tree
    no: Tree


# Statements.


@dataclass(frozen=True)
class Title(Tree):
    """``program name``."""

    name: str


@dataclass(frozen=True)
class Let(Tree):
    """``let name = value``; ``kind``: let, aux (a name of the text alone) or const (a number)."""

    kind: str
    name: str
    value: Tree


@dataclass(frozen=True)
class Parameter(Tree):
    """``parameter name : sort``, a free variable; also a parameter of a function, whose sort may be left out."""

    name: str
    sort: Tree | None


@dataclass(frozen=True)
class Function(Tree):
    """``fn name[w](parameters) = body``, or with a block of ``let`` lines and ``return body``."""

    name: str
    widths: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    lets: tuple[Let, ...]
    body: Tree


@dataclass(frozen=True)
class Book(Tree):
    """``tokens`` or ``places``: symbols, a number of bits, or a block of entries (word, name, payloads...)."""

    side: str
    name: str | None
    symbols: str | None = None
    bits: Tree | None = None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Entry(Tree):
    """A line of a codebook: ``kind name(payload, ...)``, ``payload name: bits``, ``field name = encode(payload) + shift``."""

    what: str
    name: str
    payloads: tuple[str, ...] = ()
    bits: Tree | None = None
    encode: str = ""
    shift: int = 0


@dataclass(frozen=True)
class Output(Tree):
    """``output value``."""

    value: Tree


@dataclass(frozen=True)
class Start(Tree):
    """``start "kind"``: the token before the first letter of every text."""

    kind: str


@dataclass(frozen=True)
class Dtype(Tree):
    """``dtype float32``: in which floats the compiled transformer computes."""

    name: str


@dataclass(frozen=True)
class Condition(Tree):
    """``requires formula`` or ``ensures formula``."""

    what: str
    formula: Tree
