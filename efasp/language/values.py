"""The elaborator: from the syntax tree of an ``.efasp`` text to its program, with all sorts inferred and checked.

Every value is a node, an embedding, a number, a sort, a string or a lookup. A sum is one affine map of its terms; a part in
parentheses is a node of its own. ``x : sort`` declares the sort of an affine map, a ReLU or a head that is written right
there, and refines anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from efasp.attention import Match
from efasp.embeddings import Embedding
from efasp.language import tree as t
from efasp.language.lexer import Text
from efasp.language.sort_names import CONSTANT, MADE, MAX_WIDTH, written
from efasp.pointwise import and_, if_else, not_, or_
from efasp.pram.assembler.source import nearest
from efasp.sorts import Number, Sort, SortError, Vector
from efasp.syntax import Affine, Concat, Node, combine, concat, refine, take

MAX_BITS = 4096  # of a number
MAX_REPEAT = 1 << 16  # passes of a comprehension
MAX_CALLS = 64  # of functions within functions
Scope = dict[str, Any]


@dataclass
class Values:
    """Reads expressions. ``embeddings``: TE and PE, once they are there."""

    text: Text
    embeddings: dict[str, Embedding] = field(default_factory=dict)
    lookups: list[tuple[Node, Node]] = field(default_factory=list)  # keys and values of lookups, with the sink's flag

    def fail(self, place: t.Tree, message: str) -> NoReturn:
        """Raise an error with a message at a part of the text."""
        raise self.text.error(place.place, message)

    # What a value must be.

    def node(self, tree: t.Tree, scope: Scope) -> Node:
        """The node that an expression is; a number is the constant one."""
        value = self.value(tree, scope)
        if isinstance(value, Embedding):
            return value.node
        if isinstance(value, (int, Fraction)) and "TE" in self.embeddings:
            return combine([(0, self.embeddings["TE"].one)], value)
        if not isinstance(value, Node):
            self.fail(tree, f"expected a vector, found {described(value)}")
        return value

    def number(self, tree: t.Tree, scope: Scope) -> Number:
        """The exact number that an expression is. Raises an error at the expression."""
        if type(tree) is t.Number:  # most are
            return tree.value
        value = self.value(tree, scope)
        if not isinstance(value, (int, Fraction)):
            self.fail(tree, f"expected a number, found {described(value)}")
        return value

    def integer(self, tree: t.Tree, scope: Scope) -> int:
        """The integer that an expression is. Raises an error at the expression."""
        if type(tree) is t.Number:  # most are
            return tree.value
        number = self.number(tree, scope)
        if not isinstance(number, int):
            self.fail(tree, f"expected an integer, found {number}")
        return number

    def sort(self, tree: t.Tree, scope: Scope) -> Sort:
        """The sort that an expression is. Raises an error at the expression."""
        value = self.value(tree, scope)
        if not isinstance(value, Sort):
            self.fail(tree, f"expected a sort, found {described(value)}{self._like_sort(tree)}")
        return value

    def _like_sort(self, tree: t.Tree) -> str:
        return nearest(tree.name, [*CONSTANT, *MADE]) if isinstance(tree, (t.Name, t.Call)) else ""

    # Values.

    def value(self, tree: t.Tree, scope: Scope) -> Any:
        """What an expression stands for. Raises LanguageError."""
        if type(tree) is t.Number:  # most are
            return tree.value
        rule = getattr(self, RULES.get(type(tree), "none"))
        try:
            value = rule(tree, scope)
        except SortError as error:
            self.fail(tree, str(error))
        if isinstance(value, Node) and value.width > MAX_WIDTH:
            self.fail(tree, f"expected a vector of at most {MAX_WIDTH} coordinates, found {value.width}")
        return value

    def none(self, tree: t.Tree, scope: Scope) -> Any:
        """Raise the error of a form that a program does not have."""
        self.fail(tree, "expected an expression of a program, found one that only a specification may have")

    def literal(self, tree: t.Number | t.String, scope: Scope) -> Any:
        """The value of a number or a string."""
        return tree.value

    def group(self, tree: t.Group, scope: Scope) -> Any:
        """The value of an expression in parentheses."""
        return self.value(tree.inner, scope)

    def name(self, tree: t.Name, scope: Scope) -> Any:
        """The value of a name."""
        if tree.name in scope:
            return scope[tree.name]
        self.fail(tree, f"expected a name that is defined, found {tree.name!r}{nearest(tree.name, [*scope, *self.embeddings])}")

    def given(self, tree: t.Given, scope: Scope) -> Any:
        """The value of a name that is predefined: an embedding, or a sort without numbers."""
        if tree.name in self.embeddings or tree.name in CONSTANT:
            return self.embeddings.get(tree.name) or CONSTANT[tree.name]
        what = "tokens" if tree.name == "TE" else "places"
        self.fail(tree, f"expected {what} before the first use of {tree.name}, found none")

    def listed(self, tree: t.List, scope: Scope) -> Any:
        """The value of a list: a concatenation."""
        parts = [self.node(item, scope) for item in tree.items]
        if not parts:
            self.fail(tree, "expected at least one part, found an empty list")
        return Concat(tuple(parts)) if tree.comma else concat(*parts)

    def each(self, tree: t.Each, scope: Scope) -> Any:
        """A concatenation of a part for every number of a range."""
        low, high = self.integer(tree.low, scope), self.integer(tree.high, scope)
        if not 0 <= high - low < MAX_REPEAT:
            self.fail(tree, f"expected a range of 1 to {MAX_REPEAT} numbers, found {low}..{high}")
        return concat(*(self.node(tree.body, {**scope, tree.name: k}) for k in range(low, high + 1)))

    def product(self, tree: t.Tuple, scope: Scope) -> Any:
        """The value of a product of sorts, with repetitions."""
        parts: list[Sort] = []
        for item in tree.items:
            count, one = 1, item
            if isinstance(item, t.Binary) and item.sign == "*":
                one, count = item.left, self.integer(item.right, scope)
            if not 0 < count <= MAX_WIDTH:
                self.fail(item, f"expected 1 to {MAX_WIDTH} times a sort, found {count}")
            parts += [self.sort(one, scope)] * count
        return Vector(tuple(parts))

    def index(self, tree: t.Index, scope: Scope, declared: Sort | None = None) -> Any:
        """The value of an index: some coordinates; of an embedding also the flag of kinds."""
        of = self.value(tree.of, scope)
        names = [item.value for item in tree.items if isinstance(item, t.String)]
        if names and isinstance(of, Embedding):
            return self._flag(tree, of, names)
        node = of.node if isinstance(of, Embedding) else of
        if not isinstance(node, Node):
            self.fail(tree, f"expected a vector before the bracket, found {described(of)}")
        places: list[int] = []
        for item in tree.items:
            span = isinstance(item, t.Span)
            low = self.integer(item.low if isinstance(item, t.Span) else item, scope)
            high = self.integer(item.high, scope) if isinstance(item, t.Span) else low + 1
            if not span and -node.width <= low < 0:
                low, high = low + node.width, high + node.width
            if not 0 <= low < high <= node.width:
                shown = f"{low}:{high}" if span else low
                self.fail(item, f"expected coordinates in 0..{node.width - 1} of {written(node.sort)}, found {shown}")
            places += range(low, high)
        return take(node, places, declared)

    def _flag(self, tree: t.Index, of: Embedding, names: Sequence[str]) -> Node:
        kinds = of.codebook.kind_index
        for item in tree.items:
            if not isinstance(item, t.String) or item.value not in kinds:
                found = repr(item.value) if isinstance(item, t.String) else "something else"
                hint = nearest(item.value, kinds) if isinstance(item, t.String) else ""
                self.fail(item, f"expected a kind of {', '.join(kinds)}, found {found}{hint}")
        return of.flag(*names)

    def member(self, tree: t.Member, scope: Scope) -> Any:
        """A field of an embedding, or what a lookup reads."""
        of = self.value(tree.of, scope)
        if isinstance(of, Match):
            if tree.name == "read" and tree.arguments is not None and len(tree.arguments) in (1, 2):
                sorts = [self.sort(item, scope) for item in tree.arguments[1:]]
                value = self.node(tree.arguments[0], scope)
                self.lookups.append((value, of.sink))
                return of.read(value, *sorts)
            if tree.name in ("found", "missed") and tree.arguments is None:
                return of.found if tree.name == "found" else of.missed
            self.fail(tree, f"expected read(value), found or missed of a lookup, found {tree.name!r}")
        if not isinstance(of, Embedding) or tree.arguments is not None:
            self.fail(tree, f"expected TE, PE or a lookup before .{tree.name}, found {described(of)}")
        book = of.codebook
        if tree.name == "one":
            return of.one
        if tree.name in book.kind_index:
            return of.flag(tree.name)
        if tree.name in book.slots:
            return of.field(tree.name)
        self.fail(tree, f"expected a field of {book.name}, found {tree.name!r}{nearest(tree.name, book.slots)}")

    # Arithmetic.

    def binary(self, tree: t.Binary, scope: Scope, declared: Sort | None = None) -> Any:
        """Arithmetic of numbers, sums of vectors, flags joined by ``and`` and ``or``."""
        if tree.sign in ("+", "-", "*", "/"):
            return self.linear(tree, scope, declared)
        if tree.sign in ("and", "or"):
            return (and_ if tree.sign == "and" else or_)(self.node(tree.left, scope), self.node(tree.right, scope))
        if tree.sign not in ("//", "%", "^"):
            self.fail(
                tree, f"expected an expression of a program, found {tree.sign!r} (equal, equals, less and threshold compare)"
            )
        left, right = self.integer(tree.left, scope), self.integer(tree.right, scope)
        if tree.sign == "^":
            if right < 0 or left.bit_length() * right > MAX_BITS:
                self.fail(tree, f"expected a power of at most {MAX_BITS} bits, found {left}^{right}")
            return left**right
        if not right:
            self.fail(tree, "expected a divisor other than 0, found 0")
        return left // right if tree.sign == "//" else left % right

    def linear(self, tree: t.Tree, scope: Scope, declared: Sort | None = None) -> Any:
        """The value of a sum: one affine map, or a number."""
        terms, constant = self.terms(tree, scope, 1)
        if not terms:
            if declared is not None:
                self.fail(tree, f"expected a vector, found the number {constant}")
            return constant
        return combine(terms, constant, declared)

    def terms(self, tree: t.Tree, scope: Scope, factor: Number) -> tuple[list[tuple[Number, Node]], Number]:
        """The terms of a sum times a factor, and its constant."""
        if isinstance(tree, t.Unary) and tree.sign == "-":
            return self.terms(tree.of, scope, -factor)
        if isinstance(tree, t.Binary) and tree.sign in "+-":
            left, a = self.terms(tree.left, scope, factor)
            right, b = self.terms(tree.right, scope, factor if tree.sign == "+" else -factor)
            return left + right, tidied(a + b)
        if isinstance(tree, t.Binary) and tree.sign in ("*", "/"):
            return self._product(tree, scope, factor)
        value = self.value(tree, scope)
        value = value.node if isinstance(value, Embedding) else value
        if isinstance(value, Node):
            return [(factor, value)], 0
        if not isinstance(value, (int, Fraction)):
            self.fail(tree, f"expected a vector or a number, found {described(value)}")
        return [], tidied(factor * value)

    def _product(self, tree: t.Binary, scope: Scope, factor: Number) -> tuple[list[tuple[Number, Node]], Number]:
        left, a = self.terms(tree.left, scope, factor)
        if tree.sign == "/":
            by = self.number(tree.right, scope)
            if not by:
                self.fail(tree, "expected a divisor other than 0, found 0")
            return [(tidied(c / Fraction(by)), node) for c, node in left], tidied(a / Fraction(by))
        right, b = self.terms(tree.right, scope, 1)
        if left and right:
            self.fail(tree, "expected a number times a vector, found two vectors (gate(flag, word) multiplies by a flag)")
        many = left or right
        by = b if left else a
        return [(tidied(c * by), node) for c, node in many], tidied(a * b)

    def unary(self, tree: t.Unary, scope: Scope, declared: Sort | None = None) -> Any:
        """The value of ``-x`` or ``not x``."""
        return self.linear(tree, scope, declared) if tree.sign == "-" else not_(self.node(tree.of, scope))

    def choice(self, tree: t.Choice, scope: Scope) -> Any:
        """The value of ``if c then a else b``."""
        return if_else(*(self.node(part, scope) for part in (tree.condition, tree.yes, tree.no)))

    def under(self, tree: t.Sorted, scope: Scope) -> Any:
        """The value of ``x : sort``."""
        sort = self.sort(tree.sort, scope)
        name = RULES.get(type(tree.of), "")
        declare = getattr(self, name) if name in ("binary", "unary", "index", "rows", "call") else None
        plain = isinstance(tree.of, t.Index) and any(isinstance(item, t.String) for item in tree.of.items)
        if isinstance(tree.of, t.Call) and tree.of.name not in ("relu", "aha"):
            declare = None
        if isinstance(tree.of, (t.Binary, t.Unary)) and tree.of.sign not in ("+", "-", "*", "/"):
            declare = None
        made = refine(self.node(tree.of, scope), sort) if declare is None or plain else declare(tree.of, scope, sort)
        self._possible(tree, made)
        return made

    def _possible(self, tree: t.Tree, node: Node) -> None:
        """Raises LanguageError where no value that the expression may have is of its declared sort."""
        if not isinstance(node, (Affine,)):
            return
        inferred = node._inferred()
        for place, ((a, b), (c, d)) in enumerate(zip(inferred.bounds, node.sort.bounds, strict=True)):
            if b < c or a > d:
                where = f"coordinate {place} of " if node.width > 1 else ""
                self.fail(
                    tree, f"expected values of {written(node.sort)}, found {where}values in {a}..{b}, none of which is one"
                )


def tidied(value: Number) -> Number:
    """A number equal to ``value``, as an int where it is one."""
    return int(value) if value == int(value) else value


def described(value: Any) -> str:
    """A value as a message names it."""
    if isinstance(value, Node):
        return f"a vector of {written(value.sort)}"
    if isinstance(value, Embedding):
        return f"the embedding of {value.codebook.name}"
    if isinstance(value, Sort):
        return f"the sort {written(value)}"
    if isinstance(value, Match):
        return "a lookup (read, found and missed read it)"
    return f"the number {value}" if isinstance(value, (int, Fraction)) else f"the text {value!r}"


# How the value of each form is found: the name of a method.
RULES: dict[type[t.Tree], str] = {
    t.Number: "literal", t.String: "literal", t.Group: "group", t.Name: "name", t.Given: "given", t.List: "listed",
    t.Each: "each", t.Tuple: "product", t.Index: "index", t.Member: "member", t.Binary: "binary", t.Unary: "unary",
    t.Choice: "choice", t.Sorted: "under", t.Rows: "rows", t.Call: "call",
}  # fmt: skip
