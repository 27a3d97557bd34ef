"""The expressions of ``.efasp`` texts: of programs and of specifications, in one grammar (docs/language.md).

A recursive descent, one function a rule. Which forms mean something where is decided by those that read the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from efasp.language import tree as t
from efasp.language.cursor import Cursor
from efasp.language.lexer import Text, integer, string, tokens
from efasp.pram.assembler.source import Token

QUANTIFIERS = ("count", "sum", "max", "min", "all", "any", "first", "last")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")
ENDS = ("]", ")", ",", ":")  # marks behind a whole expression
FACTORED = ("*", ",", ")")  # marks behind a whole coefficient or constant of a row
TERM = re.compile(r"([+-]?) ?(?:([0-9]+)(?:/([0-9]+))?\*)?\[([0-9]+)(?::([0-9]+))?\]")  # of a row that is one token
CONSTANT = re.compile(r"([+-]) ([0-9]+)(?:/([0-9]+))?$")
MAX_DEPTH = 40  # of brackets within brackets
GIVEN = ("TE", "PE", "Flag", "Bit")
RESERVED = (*GIVEN, "for", "in", "if", "then", "else", "and", "or", "not")  # not names of values
CALLED = ("and", "or", "not")  # but operators all the same
Item = TypeVar("Item")


class Expressions(Cursor):
    """The tokens of a text and a place among them: the grammar from numbers up to formulas."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, tokens(text))

    def name(self, what: str) -> Token:
        """Take a name that is not reserved. Raises an error at the token."""
        if self.next.kind != "quoted" and (self.next.kind != "name" or self.next.text in RESERVED):
            self.fail(what)
        return self.take()

    def label(self, what: str) -> str:
        """A name or a string: what kinds of tokens and programs are called."""
        if self.next.kind == "string":
            return string(self.take())
        if self.next.kind != "name":
            self.fail(what)
        return self.take().text

    def end(self) -> None:
        """Take the end of a line, or come to the end of the text or of a block."""
        if self.next.kind == "newline":
            self.take()
        elif self.next.kind != "end" and not self.sees("}"):
            self.fail("the end of the line")

    def items(self, one: Callable[[], Item], opening: str, closing: str) -> list[Item]:
        """Things between brackets, with commas; a last comma is allowed. Raises LanguageError for too deep a nesting."""
        self.expect(opening)
        self.deeper("brackets", MAX_DEPTH)
        out: list[Item] = []
        while not self.sees(closing):
            out.append(one())
            if not self.accept(","):
                break
        self.depth -= 1
        self.expect(closing)
        return out

    # Formulas.

    def formula(self) -> t.Tree:
        """Parse a formula: ``a or b``, or what binds more."""
        left = self.conjunction()
        while place := self.accept("or"):
            left = t.Binary("or", left, self.conjunction(), place=place)
        return left

    def conjunction(self) -> t.Tree:
        """Parse ``a and b``, or what binds more."""
        left = self.negation()
        while place := self.accept("and"):
            left = t.Binary("and", left, self.negation(), place=place)
        return left

    def negation(self) -> t.Tree:
        """Parse ``not a``, or what binds more."""
        if self.sees("not") and self.tokens[self.at + 1].text != "(":
            place = self.take()
            self.deeper("brackets", MAX_DEPTH)
            inner = self.negation()
            self.depth -= 1
            return t.Unary("not", inner, place=place)
        return self.comparison()

    def comparison(self) -> t.Tree:
        """Parse ``a < b``, or what binds more."""
        left = self.sum()
        if place := self.accept(*COMPARISONS):
            left = t.Binary(place.text, left, self.sum(), place=place)
            if self.sees(*COMPARISONS):
                self.fail("one comparison (join several by 'and')")
        return left

    # Expressions.

    def expression(self) -> t.Tree:
        """Parse ``x`` or ``x : sort``."""
        left = self.formula()
        if place := self.accept(":"):
            left = t.Sorted(left, self.sum(), place=place)
        return left

    def sum(self) -> t.Tree:
        """Parse ``a + b - c``, or what binds more."""
        token = self.next
        if token.kind == "number" and self.tokens[self.at + 1].text in ENDS:  # as most columns and numbers of a plan
            return t.Number(integer(self.take().text), place=token)
        left = self.product()
        while place := self.accept("+", "-"):
            left = t.Binary(place.text, left, self.product(), place=place)
        return left

    def product(self) -> t.Tree:
        """Parse ``a * b / c`` with a sign, or what binds more."""
        if place := self.accept("-"):
            self.deeper("brackets", MAX_DEPTH)
            inner = self.product()
            self.depth -= 1
            return t.Unary("-", inner, place=place)
        left = self.power()
        while place := self.accept("*", "/", "//", "%"):
            left = t.Binary(place.text, left, self.power(), place=place)
        return left

    def power(self) -> t.Tree:
        """Parse ``a ^ b``, or what binds more."""
        left = self.postfix()
        if place := self.accept("^"):
            left = t.Binary("^", left, self.postfix(), place=place)
        return left

    def postfix(self) -> t.Tree:
        """Parse ``x[...]``, ``x.name`` or ``x.name(...)``, or what binds more."""
        left = self.atom()
        while self.sees("[", "."):
            place = self.next
            if place.text == "[":
                left = t.Index(left, tuple(self.items(self.place, "[", "]")), place=place)
                continue
            self.take()
            if self.next.kind != "name":
                self.fail("the name of a field")
            field = self.take()
            arguments = tuple(self.items(self.expression, "(", ")")) if self.sees("(") else None
            left = t.Member(left, field.text, arguments, place=field)
        return left

    def place(self) -> t.Tree:
        """Parse an index, or ``low:high``."""
        low = self.sum()
        mark = self.accept(":")
        return t.Span(low, self.sum(), place=mark) if mark else low

    def atom(self) -> t.Tree:
        """A number, a string, a name, a call, a list, or anything in parentheses."""
        token = self.next
        if token.kind == "number":
            return t.Number(integer(self.take().text), place=token)
        if token.kind == "string":
            return t.String(string(self.take()), place=token)
        if self.sees("["):
            return self.list()
        if self.sees("("):
            return self.parenthesis()
        if self.sees("if"):
            return self.choice()
        if token.kind == "name" and self.tokens[self.at + 1].text == "(" and token.text not in set(RESERVED) - set(CALLED):
            return self.call(self.take())
        if token.kind == "name" and token.text in GIVEN:
            return t.Given(self.take().text, place=token)
        if token.kind != "quoted" and (token.kind != "name" or token.text in RESERVED):
            self.fail("an expression")
        return t.Name(self.take().text, place=token)

    def parenthesis(self) -> t.Tree:
        """``(x)``, ``(x : sort)``, a formula, or a tuple of sorts."""
        place = self.next
        items: list[t.Tree] = []
        comma = False
        self.expect("(")
        self.deeper("brackets", MAX_DEPTH)
        while not self.sees(")"):
            items.append(self.expression())
            if not (comma := self.accept(",") is not None):
                break
        self.depth -= 1
        self.expect(")")
        if len(items) == 1 and not comma:
            return t.Group(items[0], place=place)
        return t.Tuple(tuple(items), place=place)

    def list(self) -> t.Tree:
        """``[a, b]``, ``[a,]`` or ``[x for k in a..b]``."""
        place = self.expect("[")
        self.deeper("brackets", MAX_DEPTH)
        items: list[t.Tree] = []
        comma = False
        while not self.sees("]"):
            items.append(self.expression())
            if len(items) == 1 and self.accept("for"):
                name = self.name("a name")
                self.expect("in")
                low, high = self.range()
                self.depth -= 1
                self.expect("]")
                return t.Each(items[0], name.text, low, high, place=place)
            if not (comma := self.accept(",") is not None):
                break
        self.depth -= 1
        self.expect("]")
        return t.List(tuple(items), comma and len(items) == 1, place=place)

    def range(self) -> tuple[t.Tree, t.Tree]:
        """Parse ``low..high``."""
        low = self.sum()
        self.expect("..")
        return low, self.sum()

    def choice(self) -> t.Tree:
        """Parse ``if condition then a else b``."""
        place = self.take()
        self.deeper("brackets", MAX_DEPTH)
        condition = self.formula()
        self.expect("then")
        yes = self.formula()
        self.expect("else")
        no = self.formula()
        self.depth -= 1
        return t.Choice(condition, yes, no, place=place)

    def call(self, token: Token) -> t.Tree:
        """``name(...)``: a call, the rows of an affine map, or a quantifier."""
        if token.text in QUANTIFIERS and (bound := self.bound()):
            return self.quantified(token, bound)
        if token.text == "rows":
            return self.rows(token)
        arguments: list[t.Tree] = []
        named: list[tuple[str, t.Tree]] = []

        def argument() -> None:
            if self.next.kind == "name" and self.tokens[self.at + 1].text == "=":
                key = self.take().text
                self.take()
                named.append((key, self.expression()))
            elif named:
                self.fail("an argument by name, as those before")
            else:
                arguments.append(self.expression())

        self.items(argument, "(", ")")
        return t.Call(token.text, tuple(arguments), tuple(named), place=token)

    def bound(self) -> str:
        """The variable of a quantifier that follows: ``(name in`` or ``(name :``; else nothing."""
        ahead = self.tokens[self.at + 1 : self.at + 3]
        return ahead[0].text if len(ahead) == 2 and ahead[0].kind == "name" and ahead[1].text in ("in", ":") else ""

    def quantified(self, token: Token, name: str) -> t.Tree:
        """Parse ``count(j in a..b: body)``."""
        self.expect("(")
        self.deeper("brackets", MAX_DEPTH)
        self.name("a name")
        low = high = None
        if self.accept("in"):
            low, high = self.range()
        self.expect(":")
        body = self.formula()
        self.depth -= 1
        self.expect(")")
        return t.Quantified(token.text, name, low, high, body, place=token)

    def rows(self, token: Token) -> t.Tree:
        """``rows(x, 2*[0] - [3] + 1, [4:8], 0 for 3)``."""
        of: list[t.Tree] = []
        rows: list[t.RowItem] = []
        self.items(lambda: rows.append(self.row()) if of else of.append(self.expression()), "(", ")")
        if not of:
            self.fail("rows(x, ...)", token)
        return t.Rows(of[0], tuple(rows), place=token)

    def factor(self) -> t.Tree:
        """``a / b``: a coefficient or the constant of a row."""
        if self.next.kind == "number" and self.tokens[self.at + 1].text in FACTORED:  # as most of a plan
            token = self.take()
            return t.Number(integer(token.text), place=token)
        factor = self.power()
        while mark := self.accept("/"):
            factor = t.Binary("/", factor, self.power(), place=mark)
        return factor

    def column(self, row: Token) -> t.Tree:
        """``[column]`` or ``[low:high]``, of a row that begins at a token."""
        if self.sees("[") and self.tokens[self.at + 1].kind == "number" and self.tokens[self.at + 2].text == "]":
            token = self.tokens[self.at + 1]
            self.at += 3
            return t.Number(integer(token.text), place=token)
        columns = self.items(self.place, "[", "]")
        if len(columns) != 1:
            self.fail("one column or one range", row)
        return columns[0]

    def plain_row(self) -> t.RowItem:
        """Parse a row that is one token."""
        self.deeper("brackets", MAX_DEPTH)
        self.depth -= 1
        token = self.take()

        def number(sign: str, top: str, by: str) -> t.Tree:
            whole: t.Tree = t.Number(int(top), place=token)
            value = t.Binary("/", whole, t.Number(int(by), place=token), place=token) if by else whole
            return t.Unary("-", value, place=token) if sign == "-" else value

        terms: list[tuple[t.Tree | None, t.Tree]] = []
        for sign, top, by, low, high in TERM.findall(token.text):
            column: t.Tree = t.Number(int(low), place=token)
            column = t.Span(column, t.Number(int(high), place=token), place=token) if high else column
            terms.append((number(sign, top or "1", by) if sign == "-" or top else None, column))
        last = CONSTANT.search(token.text)
        return t.RowItem(tuple(terms), number(*last.groups("")) if last else None, None, place=token)

    def row(self) -> t.RowItem:
        """One row, or several: ``[low:high]`` slides, ``for n`` repeats."""
        place = self.next
        if place.kind == "row":
            return self.plain_row()
        terms: list[tuple[t.Tree | None, t.Tree | t.Span]] = []
        constant: t.Tree | None = None
        sign = self.accept("-")
        while True:
            factor = None if self.sees("[") else self.factor()
            if factor is None or self.accept("*"):
                column = self.column(place)
                if sign:
                    factor = t.Unary("-", factor or t.Number(1), place=sign)
                terms.append((factor, column))
            elif constant is not None:
                self.fail("one constant in a row", place)
            else:
                constant = t.Unary("-", factor, place=sign) if sign else factor
            if self.sees("-"):
                sign = self.take()
            elif self.accept("+"):
                sign = None
            else:
                break
        return t.RowItem(tuple(terms), constant, self.sum() if self.accept("for") else None, place=place)
