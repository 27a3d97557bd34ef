"""RASP's statements and expressions: names, functions, lists and dictionaries, and the operators that they build.

An expression of a sequence operator is another one; of atoms, lists and dictionaries alone it is computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Values
from functools import partial
from pathlib import Path
from typing import Any

from efasp.language.lexer import LanguageError, Text
from efasp.language.module import TextError
from efasp.pram.assembler.source import Token, nearest, read_text
from efasp.rasp import tree as t
from efasp.rasp.graph import ARITHMETIC, COMPARE, Atom, Failure, Selector, Sequence, evaluate, minus
from efasp.rasp.names import ATOMS, FIXED, FREE, Function, Names, kind, width
from efasp.rasp.parser import Parser
from efasp.rasp.prelude import PRELUDE

MAX_ITEMS = 1_000_000  # of a range


def read_file(path: str) -> Names:
    """The names of a file. Raises LanguageError, OSError."""
    return read(read_text(path), path)


def read(text: str, file: str = "<text>") -> Names:
    """The names that a text defines, within RASP's own. Raises LanguageError, also where it has no value."""
    names = Names(_prelude())
    _run(text, file, names, ())
    return names


def letters(path: str) -> str:
    """The strings of one letter that a file and those that it loads have, in order, with a and b where these are fewer than
    two. Raises as ``read_file``."""
    single = [letter for letter in dict.fromkeys(_strings(path, set())) if len(letter) == 1]
    return "".join(dict.fromkeys([*single, *("ab" if len(single) < 2 else "")]))


def _strings(path: str, known: set[Path]) -> Iterator[str]:
    """The strings of a file, in order, and in the place of a name to load those of that file, if it is not ``known`` yet."""
    known.add(Path(path).resolve())
    before = None
    for token in Parser(read_text(path), path).tokens:
        if token.kind == "string" and before == "load":
            other = _loaded(path, token.text[1:-1])
            if other.resolve() not in known and other.is_file():  # in a loop that never runs, it may be missing
                yield from _strings(str(other), known)
        elif token.kind == "string":
            yield token.text[1:-1]
        before = token.text


def _loaded(file: str, name: str) -> Path:
    """The file that another one loads by a name."""
    return Path(file).parent / (name if name.endswith(".rasp") else f"{name}.rasp")


def _prelude() -> Names:
    names = Names(None, {**FIXED, "selector_width": width})
    _run(PRELUDE, "<RASP's library>", names, ())
    return names


def _run(text: str, file: str, names: Names, loading: tuple[Path, ...]) -> None:
    parser = Parser(text, file)
    for statement in parser.file():
        try:
            Interpreter(parser.text, names, loading).statement(statement)
        except RecursionError:
            raise parser.text.error(
                statement.place, "expected calls and operators that end, found too many within each other"
            ) from None


class Interpreter:
    """Executes statements with the names of one call or file. ``loading``: the files around it."""

    def __init__(self, text: Text, names: Names, loading: tuple[Path, ...]) -> None:
        self.text, self.names, self.loading = text, names, loading

    def fail(self, place: Token, message: str) -> LanguageError:
        """The error with a message at a place of the text."""
        return self.text.error(place, message)

    def failure(self, place: Token) -> Failure:
        """The errors of an operator that is made at a place."""
        return partial(self.text.error, place)

    # Statements.

    def statements(self, body: Values[t.Tree]) -> None:
        """Execute statements in order."""
        for statement in body:
            self.statement(statement)

    def statement(self, this: t.Tree) -> None:
        """Execute one statement."""
        match this:
            case t.Assign():
                self.assign(this)
            case t.Define():
                self.give(this.name, Function(this, self.names, self.text))
            case t.For():
                for value in self.items(this.source, "for"):
                    self.bind(this.names, value)
                    self.statements(this.body)
            case t.Load():
                self.load(this)
            case t.Draw():
                self.value(this.inside)
            case t.Example():
                pass
            case _:
                self.value(this)

    def give(self, name: Token, value: Any) -> None:
        """Give a name; those of every program but the library's functions stay."""
        if name.text in FIXED and name.text not in FREE:
            raise self.fail(name, f"expected a name that is free, found {name.text}, which every program has")
        self.names.give(name.text, value)

    def assign(self, this: t.Assign) -> None:
        """One name gets the value, or all values as a list; several names one value each."""
        values = [self.value(value) for value in this.values]
        found = values[0] if len(values) == 1 else values
        self.bind(this.names, found)

    def bind(self, names: tuple[Token, ...], value: Any) -> None:
        """Give names to a value, or to the parts of a list."""
        if len(names) == 1:
            self.give(names[0], value)
            return
        parts = value if isinstance(value, (list, str)) else None
        if parts is None or len(parts) != len(names):
            what = f"a list of {len(names)} values"
            raise self.fail(names[0], f"expected {what}, found {kind(value) if parts is None else f'{len(parts)} values'}")
        for name, part in zip(names, parts, strict=True):
            self.give(name, part)

    def load(self, this: t.Load) -> None:
        """The names of another file, but for those that begin with an underscore."""
        path = _loaded(self.text.file, this.file)
        if path.resolve() in self.loading:
            raise self.fail(this.place, f"expected files that do not load each other, found {path} again")
        names = Names(_prelude())
        try:
            _run(read_text(str(path)), str(path), names, (*self.loading, path.resolve()))
        except OSError as error:
            raise self.fail(this.place, f"expected a file to load, found {path}: {error.strerror or error}") from None
        for name, value in names.values.items():
            if not name.startswith("_"):
                self.names.give(name, value)

    # Expressions.

    def value(self, this: t.Tree) -> Any:
        """The value of an expression: an atom, a list, a dictionary, a function, or an operator."""
        match this:
            case t.Atom():
                return this.value
            case t.Name():
                try:
                    return self.names.get(this.name)
                except KeyError:
                    hint = nearest(this.name, set(self.names.all()))
                    raise self.fail(this.place, f"expected a name that is defined, found {this.name}{hint}") from None
            case t.Unary():
                return self.unary(this)
            case t.Binary():
                return self.chain(this)
            case t.Choice():
                return self.choice(this)
            case t.Call():
                return self.call(this)
            case t.Index():
                return self.index(this, self.value(this.inside), self.value(this.index))
            case t.Select():
                key, query = self.sequence(this.key), self.sequence(this.query)
                return Selector(self.failure(this.place), f"select {this.comparison}", COMPARE[this.comparison], key, query)
            case t.Aggregate():
                return self.aggregate(this)
            case t.Items():
                return [self.value(item) for item in this.items]
            case t.Entries():
                return {self.key(key): self.value(value) for key, value in this.entries}
            case t.Comprehension():
                return self.comprehension(this)
            case t.Builtin():
                return self.builtin(this, [self.value(argument) for argument in this.arguments])
        raise AssertionError(this)

    def sequence(self, this: t.Tree) -> Sequence:
        """A sequence operator, or the constant one of an atom."""
        value = self.value(this)
        if isinstance(value, Sequence):
            return value
        if not isinstance(value, ATOMS):
            raise self.fail(this.place, f"expected a sequence operator or an atom, found {kind(value)}")
        return self.constant(this.place, value)

    def constant(self, place: Token, value: Atom) -> Sequence:
        """The sequence operator that is one atom everywhere."""
        return Sequence(self.failure(place), str(value), lambda letters: [value] * len(letters))

    def pointwise(self, place: Token, name: str, function: Callable[..., Any], *values: Any) -> Any:
        """A function of atoms, or at every position of sequence operators."""
        for value in values:
            if not isinstance(value, (*ATOMS, Sequence)):
                raise self.fail(place, f"{name}: expected sequence operators or atoms, found {kind(value)}")
        if any(isinstance(value, Sequence) for value in values):
            parents = tuple(value if isinstance(value, Sequence) else self.constant(place, value) for value in values)
            return Sequence(self.failure(place), name, function, parents)
        parents = tuple(self.constant(place, value) for value in values)
        return evaluate(Sequence(self.failure(place), name, function, parents), "a")[0]

    def chain(self, this: t.Binary) -> Any:
        """Operators one after the other, which are parsed from the left: as many as there are."""
        links = [this]
        while isinstance(links[-1].left, t.Binary):
            links.append(links[-1].left)
        out = self.value(links[-1].left)
        for link in reversed(links):
            out = self.binary(link, out, self.value(link.right))
        return out

    def unary(self, this: t.Unary) -> Any:
        """The value of ``not``, a sign, ``round`` or ``indicator`` on a value."""
        value = self.value(this.inside)
        if this.operator == "not" and isinstance(value, Selector):
            return Selector(self.failure(this.place), "not", lambda a: not a, parts=(value,))
        if this.operator == "not" and isinstance(value, (list, dict)):
            return not value
        functions: dict[str, Callable[[Any], Any]] = {
            "not": lambda a: not a,
            "-": lambda a: minus(0, a),
            "+": lambda a: minus(a, 0),
            "round": lambda a: round(minus(a, 0)),
            "indicator": lambda a: 1 if a else 0,
        }
        return self.pointwise(this.place, this.operator, functions[this.operator], value)

    def binary(self, this: t.Binary, left: Any, right: Any) -> Any:
        """Arithmetic, comparisons, ``and`` and ``or`` (also of selectors), ``in``."""
        if this.operator == "in":
            return self.contained(this, left, right)
        selectors = isinstance(left, Selector), isinstance(right, Selector)
        if this.operator in ("and", "or"):
            both = (lambda a, b: bool(a and b)) if this.operator == "and" else (lambda a, b: bool(a or b))
            if all(selectors):
                return Selector(self.failure(this.place), this.operator, both, parts=(left, right))
            if not any(selectors) and not isinstance(left, Sequence) and not isinstance(right, Sequence):
                return (left and right) if this.operator == "and" else (left or right)
            return self.pointwise(this.place, this.operator, both, left, right)
        if this.operator == "+" and isinstance(left, list) and isinstance(right, list):
            return left + right
        if this.operator in ("==", "!=") and isinstance(left, (list, dict)) and isinstance(right, (list, dict)):
            return (left == right) == (this.operator == "==")
        return self.pointwise(this.place, this.operator, ARITHMETIC[this.operator], left, right)

    def contained(self, this: t.Binary, left: Any, right: Any) -> Any:
        """Whether a value is in a list; whether an atom stands anywhere in a sequence."""
        if isinstance(right, Sequence) and isinstance(left, ATOMS):
            there = Sequence(self.failure(this.place), "in", lambda value: int(value == left), (right,))
            share = Sequence(self.failure(this.place), "in", parents=(there,), selector=FIXED["full_s"])
            return Sequence(self.failure(this.place), "in", lambda value: value > 0, (share,))
        if not isinstance(right, (list, dict)):
            raise self.fail(this.place, f"in: expected a list, or an atom in a sequence operator, found {kind(right)}")
        if any(not isinstance(value, ATOMS) for value in right):
            raise self.fail(this.place, "in: expected a list of atoms, found another")
        return self.pointwise(this.place, "in", lambda value: value in right, left)

    def choice(self, this: t.Choice) -> Any:
        """At every position where the condition is a sequence operator; else one side alone is computed."""
        condition = self.value(this.condition)
        if not isinstance(condition, Sequence):
            if isinstance(condition, (Selector, Function)):
                raise self.fail(this.place, f"if: expected a condition, found {kind(condition)}")
            return self.value(this.then if condition else this.otherwise)
        sides = self.sequence(this.then), self.sequence(this.otherwise)
        return Sequence(self.failure(this.place), "if", lambda c, a, b: a if c else b, (condition, *sides))

    def aggregate(self, this: t.Aggregate) -> Sequence:
        """The mean of a sequence over what a selector selects."""
        selector, sequence = self.value(this.selector), self.sequence(this.sequence)
        if not isinstance(selector, Selector):
            raise self.fail(this.place, f"aggregate: expected a selector, found {kind(selector)}")
        default = 0 if this.default is None else self.value(this.default)
        if not isinstance(default, ATOMS):
            raise self.fail(this.place, f"aggregate: expected an atom as default, found {kind(default)}")
        return Sequence(self.failure(this.place), "aggregate", parents=(sequence,), selector=selector, default=default)

    def index(self, this: t.Index, inside: Any, index: Any) -> Any:
        """A place of a list or string, an entry of a dictionary, or the value of a sequence at one position, everywhere."""
        if isinstance(inside, dict):
            if not isinstance(index, ATOMS) or index not in inside:
                raise self.fail(this.place, f"expected a key of the dictionary, found {kind(index)}")
            return inside[index]
        if not isinstance(index, int) or isinstance(index, bool):
            raise self.fail(this.place, f"expected an integer as index, found {kind(index)}")
        if isinstance(inside, Sequence):
            at = self.constant(this.place, index)
            if index < 0:
                at = Sequence(self.failure(this.place), "index", lambda length: length + index, (FIXED["length"],))
            selector = Selector(self.failure(this.place), "select ==", COMPARE["=="], FIXED["indices"], at)
            return Sequence(self.failure(this.place), "index", parents=(inside,), selector=selector)
        if not isinstance(inside, (list, str)):
            raise self.fail(this.place, f"expected a list, a dictionary, a string or a sequence operator, found {kind(inside)}")
        if not -len(inside) <= index < len(inside):
            raise self.fail(this.place, f"expected an index below {len(inside)}, found {index}")
        return inside[index]

    def key(self, this: t.Tree) -> Atom:
        """The value of a dictionary's key."""
        value = self.value(this)
        if not isinstance(value, ATOMS):
            raise self.fail(this.place, f"expected an atom as key, found {kind(value)}")
        return value

    def items(self, this: t.Tree, what: str) -> list[Any]:
        """The values of a list, or the keys of a dictionary."""
        value = self.value(this)
        if not isinstance(value, (list, dict)):
            raise self.fail(this.place, f"{what}: expected a list or a dictionary, found {kind(value)}")
        return list(value)

    def comprehension(self, this: t.Comprehension) -> Any:
        """The value of a comprehension, a list or dictionary made of another; its names are not known after it."""
        inner, out = Interpreter(self.text, Names(self.names), self.loading), list[tuple[Any, Any]]()
        for value in self.items(this.source, "for"):
            inner.bind(this.names, value)
            out.append((None if this.key is None else inner.key(this.key), inner.value(this.value)))
        return [value for _, value in out] if this.key is None else dict(out)

    def builtin(self, this: t.Builtin, values: list[Any]) -> Any:
        """The value of ``range``, ``zip`` or ``len`` on values."""
        for value in values:
            good = isinstance(value, int) and not isinstance(value, bool) if this.name == "range" else isinstance(value, list)
            if not good:
                wanted = "integers" if this.name == "range" else "lists"
                raise self.fail(this.place, f"{this.name}: expected {wanted}, found {kind(value)}")
        if this.name == "range":
            if len(values) == 3 and values[2] == 0:
                raise self.fail(this.place, "range: expected a step other than 0, found 0")
            made = range(*values)
            if len(made) > MAX_ITEMS:
                raise self.fail(this.place, f"range: expected at most {MAX_ITEMS} numbers, found {len(made)}")
            return list(made)
        if this.name == "len":
            return len(values[0])
        if len(set(map(len, values))) > 1:
            raise self.fail(this.place, f"zip: expected lists of one length, found {', '.join(str(len(v)) for v in values)}")
        return [list(parts) for parts in zip(*values, strict=True)]

    def call(self, this: t.Call) -> Any:
        """A function of arguments, or the values of an operator on a text or a list."""
        called, arguments = self.value(this.called), [self.value(argument) for argument in this.arguments]
        if isinstance(called, (Sequence, Selector)):
            if len(arguments) != 1 or not isinstance(arguments[0], (str, list)):
                raise self.fail(this.place, "expected one text or list to apply an operator to, found other arguments")
            try:
                return evaluate(called, arguments[0])
            except TextError as error:
                raise self.fail(this.place, str(error)) from None
        if called is width:
            if len(arguments) != 1 or not isinstance(arguments[0], Selector):
                raise self.fail(this.place, f"selector_width: expected one selector, found {', '.join(map(kind, arguments))}")
            return width(self.failure(this.place), arguments[0])
        if not isinstance(called, Function):
            raise self.fail(this.place, f"expected a function or an operator, found {kind(called)}")
        definition = called.definition
        if len(arguments) != len(definition.parameters):
            wanted = len(definition.parameters)
            raise self.fail(this.place, f"{definition.name.text}: expected {wanted} arguments, found {len(arguments)}")
        inner = Interpreter(called.text, Names(called.around), self.loading)
        for parameter, argument in zip(definition.parameters, arguments, strict=True):
            inner.give(parameter, argument)
        inner.statements(definition.body)
        values = [inner.value(value) for value in definition.values]
        return values[0] if len(values) == 1 else values
