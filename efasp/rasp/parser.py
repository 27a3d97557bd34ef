"""From a RASP text to its tree: tokens, expressions by precedence, statements.

The grammar is that of RASP's own parser, in which a unary operator binds more tightly than any binary one (``not a == b`` is
``(not a) == b``), ``and`` and ``or`` bind alike, and ``in`` binds least.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from efasp.language.cursor import Cursor
from efasp.language.lexer import Text, no_token, source
from efasp.pram.assembler.source import Token
from efasp.rasp import tree as t

MAX_DIGITS = 4096  # of a number
MAX_DEPTH = 60  # of brackets and operands within each other
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
FORMS = ("select", "aggregate", "round", "indicator", "range", "zip", "len")
RESERVED = (*FORMS, "if", "else", "not", "and", "or", "def", "return", "for", "in", "load", "draw")
LEVELS = (("*", "/"), ("%",), ("+", "-"), COMPARISONS, ("and", "or"))  # after "^", each binds less than the one before
_TOKEN = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<string>\"[^\"]*\")"
    r"|(?P<mark>==|!=|<=|>=|[()\[\]{},:;=+*/%<>^-])|(?P<blank>[ \t\f\v]+|#.*)",
)


def tokens(text: Text) -> list[Token]:
    """Every token, and one of kind ``end``. Raises LanguageError for a character that begins none."""
    out: list[Token] = []
    for number, line in enumerate(text.lines, 1):
        position = 0
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                place = Token("mark", line[position], number, position + 1)
                raise text.error(place, no_token(line[position:]))
            if match.lastgroup != "blank":
                out.append(Token(str(match.lastgroup), match.group(), number, position + 1))
                if match.lastgroup == "number" and len(match.group()) > MAX_DIGITS:
                    raise text.error(out[-1], f"expected a number of at most {MAX_DIGITS} digits, found {len(match.group())}")
            position = match.end()
    return [*out, Token("end", "", len(text.lines), len(text.lines[-1]) + 1)]


class Parser(Cursor):
    """A recursive descent over the tokens of a text."""

    def __init__(self, text: str, file: str) -> None:
        whole = source(text, file)
        super().__init__(whole, tokens(whole))

    def name(self) -> Token:
        """Take a name that is not a word of the grammar."""
        if self.next.kind != "name" or self.next.text in RESERVED:
            self.fail("a name")
        return self.take()

    def several(self, one: Callable[[], t.Tree]) -> tuple[t.Tree, ...]:
        """Parse one thing or more, separated by commas."""
        out = [one()]
        while self.accept(","):
            out.append(one())
        return tuple(out)

    def names(self) -> tuple[Token, ...]:
        """Parse one name or more, separated by commas."""
        out = [self.name()]
        while self.accept(","):
            out.append(self.name())
        return tuple(out)

    # Expressions.

    def expression(self) -> t.Tree:
        """Parse an expression; the operator that binds least is ``in``."""
        self.deeper("blocks and expressions", MAX_DEPTH)
        left = self.choice()
        while place := self.accept("in"):
            left = t.Binary(place, "in", left, self.choice())
        self.depth -= 1
        return left

    def choice(self) -> t.Tree:
        """Parse ``a if c else b``."""
        left = self.level(len(LEVELS))
        while place := self.accept("if"):
            condition = self.expression()
            self.expect("else")
            left = t.Choice(place, left, condition, self.level(len(LEVELS)))
        return left

    def level(self, number: int) -> t.Tree:
        """The operators of one level of ``LEVELS`` and those that bind more; 0 is ``^``."""
        operators = LEVELS[number - 1] if number else ("^",)
        left = self.level(number - 1) if number else self.unary()
        while place := self.accept(*operators):
            left = t.Binary(place, place.text, left, self.level(number - 1) if number else self.unary())
        return left

    def unary(self) -> t.Tree:
        """Parse ``not a``, ``-a`` or ``+a``."""
        if place := self.accept("not", "-", "+"):
            self.deeper("blocks and expressions", MAX_DEPTH)
            inside = self.unary()
            self.depth -= 1
            return t.Unary(place, place.text, inside)
        return self.postfix()

    def postfix(self) -> t.Tree:
        """Parse ``a(b, c)`` or ``a[b]``."""
        out = self.atom()
        while self.sees("(", "["):
            place = self.take()
            if place.text == "[":
                out = t.Index(place, out, self.expression())
                self.expect("]")
                continue
            arguments = () if self.sees(")") else self.several(self.expression)
            self.expect(")")
            out = t.Call(out.place, out, arguments)
        return out

    def atom(self) -> t.Tree:
        """Parse a literal, a name, or what is in brackets."""
        place = self.next
        if place.kind == "number":
            number = Fraction(self.take().text)
            return t.Atom(place, int(number) if "." not in place.text else number)
        if place.kind == "string":
            return t.Atom(place, self.take().text[1:-1])
        if self.accept("("):
            inside = self.expression()
            self.expect(")")
            return inside
        if self.accept("["):
            return self.listed(place)
        if self.accept("{"):
            return self.dictionary(place)
        if self.sees(*FORMS):
            return self.builtin()
        return t.Name(place, self.name().text)

    def builtin(self) -> t.Tree:
        """A form that is called by a word of the grammar."""
        place = self.take()
        self.expect("(")
        if place.text == "select":
            key = self.expression()
            self.expect(",")
            query = self.expression()
            self.expect(",")
            out: t.Tree = t.Select(place, key, query, self.expect(*COMPARISONS).text)
        else:
            arguments = self.several(self.expression)
            out = self.form(place, arguments)
        self.expect(")")
        return out

    def form(self, place: Token, arguments: tuple[t.Tree, ...]) -> t.Tree:
        """One of the other forms, of so many arguments as it takes."""
        few, many = {"aggregate": (2, 3), "range": (1, 3), "zip": (1, MAX_DEPTH)}.get(place.text, (1, 1))
        if not few <= len(arguments) <= many:
            wanted = str(few) if few == many else f"{few} to {many}"
            raise self.text.error(place, f"{place.text}: expected {wanted} arguments, found {len(arguments)}")
        if place.text == "aggregate":
            return t.Aggregate(place, arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else None)
        if place.text in ("round", "indicator"):
            return t.Unary(place, place.text, arguments[0])
        return t.Builtin(place, place.text, arguments)

    def source_of(self) -> tuple[tuple[Token, ...], t.Tree]:
        """``for names in source``, of which ``for`` is taken."""
        names = self.names()
        self.expect("in")
        return names, self.expression()

    def listed(self, place: Token) -> t.Tree:
        """Parse a list or a comprehension, of which ``[`` is taken."""
        items: tuple[t.Tree, ...] = ()
        if not self.sees("]"):
            items = self.several(self.expression)
            if len(items) == 1 and self.accept("for"):
                names, source = self.source_of()
                self.expect("]")
                return t.Comprehension(place, None, items[0], names, source)
        self.expect("]")
        return t.Items(place, items)

    def dictionary(self, place: Token) -> t.Tree:
        """A dictionary, or a comprehension, after ``{``."""
        entries: list[tuple[t.Tree, t.Tree]] = []
        while not self.sees("}"):
            key = self.expression()
            self.expect(":")
            entries.append((key, self.expression()))
            if len(entries) == 1 and self.accept("for"):
                names, source = self.source_of()
                self.expect("}")
                return t.Comprehension(place, *entries[0], names, source)
            if not self.accept(","):
                break
        self.expect("}")
        return t.Entries(place, tuple(entries))

    # Statements.

    def file(self) -> tuple[t.Tree, ...]:
        """Parse every statement of the text."""
        out: list[t.Tree] = []
        while self.next.kind != "end":
            out.append(self.statement())
        return tuple(out)

    def block(self) -> tuple[t.Tree, ...]:
        """Parse statements up to ``}`` or ``return``."""
        out: list[t.Tree] = []
        self.deeper("blocks and expressions", MAX_DEPTH)
        while not self.sees("}", "return") and self.next.kind != "end":
            out.append(self.statement())
        self.depth -= 1
        return tuple(out)

    def statement(self) -> t.Tree:
        """Parse one statement with its end."""
        place = self.next
        if self.accept("def"):
            return self.define(place)
        if self.accept("for"):
            names, source = self.source_of()
            self.expect("{")
            body = self.block()
            self.expect("}")
            return t.For(place, names, source, body)
        if self.sees("set", "show", "examples") and self.tokens[self.at + 1].kind == "name":
            return self.session(place)
        if self.accept("load"):
            if self.next.kind != "string":
                self.fail("a string with the name of a file")
            out: t.Tree = t.Load(place, self.take().text[1:-1])
        elif self.accept("draw"):
            self.expect("(")
            out = t.Draw(place, self.several(self.expression)[0])
            self.expect(")")
        else:
            out = self.assignment()
        self.expect(";")
        return out

    def session(self, place: Token) -> t.Tree:
        """``set example "text"`` and the like, which speak of a session's example."""
        word = self.take().text
        if self.sees("s") or self.sees("selector"):
            self.take()
            if self.accept("-"):
                self.name()
        if word == "examples":
            self.name()
            return t.Example(place)
        self.expect("example")
        if word == "set":
            self.expression()
        self.accept(";")
        return t.Example(place)

    def assignment(self) -> t.Tree:
        """Parse ``names = values``, or an expression."""
        start, names = self.at, list[Token]()
        while self.next.kind == "name" and self.next.text not in RESERVED:
            names.append(self.take())
            if not self.accept(","):
                break
        if names and self.accept("="):
            return t.Assign(names[0], tuple(names), self.several(self.expression))
        self.at = start
        return self.expression()

    def define(self, place: Token) -> t.Tree:
        """Parse a function's definition, of which ``def`` is taken."""
        name = self.name()
        self.expect("(")
        parameters = () if self.sees(")") else self.names()
        self.expect(")")
        self.expect("{")
        body = self.block()
        self.expect("return")
        values = self.several(self.expression)
        self.expect(";")
        self.expect("}")
        return t.Define(place, name, parameters, body, values)
