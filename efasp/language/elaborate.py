"""The elaborator's calls: primitives, sorts, operators, helpers, lookups, functions of the text; and rows of affine maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from efasp.attention import Match, match
from efasp.embeddings import Embedding
from efasp.language import tree as t
from efasp.language.functions import FUNCTIONS
from efasp.language.sort_names import MADE, MAX_WIDTH, fits, made, written
from efasp.language.values import Scope, Values, described, tidied
from efasp.operators import OPERATORS
from efasp.pram.assembler.source import nearest
from efasp.sorts import Number, Sort, SortError
from efasp.syntax import Affine, Node, Row, aha, combine, relu

MAX_UNITS = 1 << 12  # of an operator that has one for each value
MAX_CALLS = 24  # of functions within functions


@dataclass
class Elaborator(Values):
    """Reads expressions, calls included. ``functions`` and ``constants``: those of the text."""

    functions: dict[str, t.Function] = field(default_factory=dict)
    constants: dict[str, Number] = field(default_factory=dict)
    calls: int = 0

    # Calls.

    def rows(self, tree: t.Rows, scope: Scope, declared: Sort | None = None) -> Any:
        """The affine map that a statement writes row by row."""
        of = self.node(tree.of, scope)
        rows: list[Row] = []
        bias: list[Number] = []
        for item in tree.items:
            constant = self.number(item.constant, scope) if item.constant else 0
            terms, count = self._row(item, scope, of.width)
            repeat = self.integer(item.repeat, scope) if item.repeat else count
            if not 0 < repeat <= MAX_WIDTH:
                self.fail(item, f"expected 1 to {MAX_WIDTH} rows, found {repeat}")
            for step in range(repeat):
                row: dict[int, Number] = {}
                for c, column, slides in terms:
                    at = column + step if slides else column
                    row[at] = row.get(at, 0) + c
                rows.append(tuple((at, c if type(c) is int else tidied(c)) for at, c in sorted(row.items()) if c))
                bias.append(constant)
        if not rows:
            self.fail(tree, "expected at least one row, found none")
        return Affine(of, tuple(rows), tuple(bias), declared)

    def _row(self, item: t.RowItem, scope: Scope, width: int) -> tuple[list[tuple[Number, int, bool]], int]:
        """(coefficient, first column, whether it slides) of each term, and the number of rows."""
        terms: list[tuple[Number, int, bool]] = []
        heights: set[int] = set()
        for factor, column in item.terms:
            if slides := isinstance(column, t.Span):
                low, high = self.integer(column.low, scope), self.integer(column.high, scope)
                heights.add(high - low)
            else:
                low = self.integer(column, scope)
                high = low + 1
            if not 0 <= low < high <= width:
                self.fail(item, f"expected columns in 0..{width - 1}, found {low}:{high}")
            terms.append((1 if factor is None else self.number(factor, scope), low, slides))
        if len(heights) > 1 or (heights and item.repeat):
            self.fail(item, "expected ranges of one length in a row, and no repetition, found others")
        return terms, heights.pop() if heights else 1

    def call(self, tree: t.Call, scope: Scope, declared: Sort | None = None) -> Any:
        """A call of a primitive, a sort, a function of the text, an operator or a helper."""
        if tree.name in MADE and not tree.named:
            partial = tree.name == "OneHot" and len(tree.arguments) == 2 and tree.arguments[1] == t.Name("partial")
            numbers = [self.number(item, scope) for item in tree.arguments[: 1 if partial else None]]
            sort = made(tree.name, numbers)
            return type(sort)(*numbers, partial=True) if partial else sort  # type: ignore[call-arg]
        if tree.name in self.functions and not tree.named:
            return self.apply(self.functions[tree.name], tree, scope)
        if tree.name == "match":
            return self.match(tree, scope)
        names = [*self.functions, *FUNCTIONS, *OPERATORS, "relu", "aha", "match", "rows"]
        if tree.named:
            self.fail(tree, f"expected arguments by place, found {tree.named[0][0]}= (match alone takes them by name)")
        if tree.name in ("relu", "aha"):
            wanted = 1 if tree.name == "relu" else 3
            parts = [self.node(item, scope) for item in tree.arguments]
            if len(parts) != wanted:
                self.fail(tree, f"{tree.name}: expected {wanted} arguments, found {len(parts)}")
            return relu(parts[0], declared) if tree.name == "relu" else aha(parts[0], parts[1], parts[2], declared)
        if tree.name not in OPERATORS and tree.name not in FUNCTIONS:
            self.fail(tree, f"expected a function, found {tree.name!r}{nearest(tree.name, names)}")
        return self._built_in(tree, scope)

    def _built_in(self, tree: t.Call, scope: Scope) -> Any:
        """A derived operator or a helper, with the embedding itself where it takes the places."""
        operator = OPERATORS.get(tree.name)
        given = [self.value(item, scope) for item in tree.arguments]
        if operator is None:
            given = [a.node if isinstance(a, Embedding) else a for a in given]
            build: Callable[..., Any] = FUNCTIONS[tree.name]
        else:
            build = operator.build
            given = [a.node if isinstance(a, Embedding) and i != operator.embedding else a for i, a in enumerate(given)]
        self._units(tree, given)
        try:
            return build(*given)
        except SortError:
            raise
        except (TypeError, AttributeError, ValueError, IndexError) as error:
            shown = ", ".join(map(described, given)) or "none"
            text = str(error) if isinstance(error, ValueError) else f"expected other arguments, found {shown}"
            self.fail(tree, f"{tree.name}: {text}")

    def _units(self, tree: t.Call, given: list[Any]) -> None:
        """Raises LanguageError for an operator with too many units: one for each value of an integer."""
        most = max((int(a) for a in given[1:] if isinstance(a, int)), default=0)
        if tree.name == "one_hot" and not most and given and isinstance(given[0], Node) and given[0].width == 1:
            most = int(given[0].sort.bounds[0][1])
        if tree.name in ("one_hot", "seq_sum") and most > MAX_UNITS:
            self.fail(tree, f"{tree.name}: expected at most {MAX_UNITS} values, found {most}")

    def match(self, tree: t.Call, scope: Scope) -> Match:
        """A lookup: ``match(query=x, key=y, among=flag, sink=flag, ...)``; several nodes of an argument in a list."""
        many, one = ("query", "key", "among", "exclude"), ("one", "sink", "rank", "absent")
        given: dict[str, Any] = {}
        for name, item in tree.named:
            if name in many:
                parts = item.items if isinstance(item, t.List) else (item,)
                given[name] = [self.node(part, scope) for part in parts]
            elif name in one:
                given[name] = self.node(item, scope)
            elif name == "capacity":
                given[name] = self.integer(item, scope)
            else:
                self.fail(
                    item, f"match: expected {', '.join((*many, *one, 'capacity'))}, found {name}{nearest(name, many + one)}"
                )
        if lacking := [name for name in ("query", "key", "among", "sink") if name not in given] or tree.arguments:
            self.fail(
                tree, f"match: expected {lacking[0] if isinstance(lacking[0], str) else 'names of arguments'}=, found none"
            )
        given.setdefault("one", combine([(0, given["sink"])], 1))
        self.lookups += [(key, given["sink"]) for key in given["key"]]
        return match(**given)

    def apply(self, function: t.Function, tree: t.Call, scope: Scope) -> Any:
        """A call of a function of the text: its body with the arguments' values; widths are those of the arguments."""
        if len(tree.arguments) != len(function.parameters):
            self.fail(tree, f"{function.name}: expected {len(function.parameters)} arguments, found {len(tree.arguments)}")
        if self.calls >= MAX_CALLS:
            self.fail(tree, f"expected at most {MAX_CALLS} functions within each other, found more (does it call itself?)")
        inner: Scope = dict(self.constants)
        given = [self.value(item, scope) for item in tree.arguments]
        for parameter, value in zip(function.parameters, given, strict=True):
            self._width(function, parameter, value, inner)
            inner[parameter.name] = value
        for parameter, value, item in zip(function.parameters, given, tree.arguments, strict=True):
            if parameter.sort is not None:
                sort = self.sort(parameter.sort, inner)
                node = value.node if isinstance(value, Embedding) else value
                if not isinstance(node, Node) or not fits(node.sort, sort):
                    of = written(node.sort) if isinstance(node, Node) else described(node)
                    self.fail(item, f"{function.name}: {parameter.name}: expected {written(sort)}, found {of}")
        self.calls += 1
        try:
            for let in function.lets:
                if let.name in inner and let.name not in self.constants:
                    self.fail(let, f"expected a name that is new in {function.name}, found {let.name!r} defined twice")
                inner[let.name] = self.value(let.value, inner)
            return self.value(function.body, inner)
        finally:
            self.calls -= 1

    def _width(self, function: t.Function, parameter: t.Parameter, value: Any, inner: Scope) -> None:
        """The width that an argument gives a width's name: that of a sort ``Word(w)``, ``Signs(w)`` or ``OneHot(w)``."""
        sort = parameter.sort
        if not (
            isinstance(sort, t.Call) and sort.name in ("Word", "Signs", "OneHot") and isinstance(sort.arguments[0], t.Name)
        ):
            return
        name = sort.arguments[0].name
        node = value.node if isinstance(value, Embedding) else value
        if name in function.widths and name not in inner and isinstance(node, Node):
            inner[name] = node.width
