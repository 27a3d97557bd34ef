"""The statements of ``.efasp`` texts (docs/language.md has the grammar)."""

from __future__ import annotations

from efasp.language import tree as t
from efasp.language.expressions import Expressions
from efasp.language.lexer import found, integer, source, string
from efasp.pram.assembler.source import Token, nearest

STATEMENTS = (
    "program", "tokens", "places", "start", "dtype", "const", "parameter", "fn", "let", "aux", "output", "requires", "ensures",
)  # fmt: skip
ENCODINGS = ("signs", "number", "square")


class Parser(Expressions):
    """The statements of a text."""

    def file(self) -> list[t.Tree]:
        """Parse every statement of the text."""
        out: list[t.Tree] = []
        while self.next.kind != "end":
            if self.next.kind == "newline":
                self.take()
                continue
            out.append(self.statement())
            if self.sees("}"):
                self.fail("the end of the line")
            self.end()
        return out

    def statement(self) -> t.Tree:
        """Parse one statement."""
        first = self.take()
        if first.kind != "name" or first.text not in STATEMENTS:
            hint = nearest(first.text, STATEMENTS) if first.kind == "name" else ""
            self.fail(f"a statement ({', '.join(STATEMENTS)}){hint}", first)
        match first.text:
            case "program":
                return t.Title(self.label("the program's name"), place=first)
            case "tokens" | "places":
                return self.book(first)
            case "start":
                return t.Start(self.label("a kind of token"), place=first)
            case "dtype":
                return t.Dtype(self.label("a dtype"), place=first)
            case "let" | "aux" | "const":
                return self.let(first)
            case "parameter":
                token = self.name("a name")
                self.expect(":")
                return t.Parameter(token.text, self.sum(), place=token)
            case "fn":
                return self.function()
            case "output":
                return t.Output(self.expression(), place=first)
            case _:
                return t.Condition(first.text, self.formula(), place=first)

    def let(self, first: Token) -> t.Let:
        """Parse ``let name = value``."""
        token = self.name("a name")
        self.expect("=")
        return t.Let(first.text, token.text, self.expression(), place=token)

    def function(self) -> t.Function:
        """``fn name[w](parameter: sort, ...) = value``, or a block."""
        token = self.name("the function's name")
        widths = [w.text for w in self.items(lambda: self.name("a name for a width"), "[", "]")] if self.sees("[") else []
        parameters = self.items(self.parameter, "(", ")")
        lets: list[t.Let] = []
        if self.accept("="):
            return t.Function(token.text, tuple(widths), tuple(parameters), (), self.expression(), place=token)
        self.expect("{")
        while not self.accept("return"):
            if self.next.kind == "newline":
                self.take()
                continue
            lets.append(self.let(self.expect("let", "const", "return")))
            self.end()
        body = self.expression()
        while self.next.kind == "newline":
            self.take()
        self.expect("}")
        return t.Function(token.text, tuple(widths), tuple(parameters), tuple(lets), body, place=token)

    def parameter(self) -> t.Parameter:
        """Parse ``name: sort``, or a name alone."""
        token = self.name("a parameter")
        return t.Parameter(token.text, self.sum() if self.accept(":") else None, place=token)

    def book(self, first: Token) -> t.Book:
        """``tokens "ab"``, ``places 10``, or ``tokens name { ... }``."""
        name = None
        after = self.tokens[self.at + 1]
        if self.next.kind == "name" or (
            self.next.kind == "string" and (after.kind in ("string", "number") or after.text == "{")
        ):
            name = self.label("a name")
        if self.accept("{"):
            return t.Book(first.text, name, entries=tuple(self.entries()), place=first)
        if first.text == "tokens":
            if self.next.kind != "string":
                self.fail("the letters of the alphabet in quotes, or a block in braces")
            return t.Book(first.text, name, symbols=string(self.take()), place=first)
        return t.Book(first.text, name, bits=self.sum(), place=first)

    def entries(self) -> list[t.Entry]:
        """Parse the lines of a codebook, up to the brace."""
        out: list[t.Entry] = []
        while not self.accept("}"):
            if self.next.kind == "newline":
                self.take()
                continue
            word = self.expect("kind", "payload", "field")
            name = self.label("a name")
            if word.text == "kind":
                payloads = self.items(lambda: self.label("a payload"), "(", ")") if self.sees("(") else []
                out.append(t.Entry("kind", name, tuple(payloads), place=word))
            elif word.text == "payload":
                self.expect(":")
                out.append(t.Entry("payload", name, bits=self.sum(), place=word))
            else:
                out.append(self.field(word, name))
            self.end()
        return out

    def field(self, word: Token, name: str) -> t.Entry:
        """Parse ``field name = encode(payload) + shift``."""
        self.expect("=")
        encode = self.expect(*ENCODINGS).text
        (payload,) = self.items(lambda: self.label("a payload"), "(", ")") or [""]
        shift = 0
        if sign := self.accept("+", "-"):
            if self.next.kind != "number":
                self.fail("a number")
            shift = integer(self.take().text) * (-1 if sign.text == "-" else 1)
        return t.Entry("field", name, (payload,), encode=encode, shift=shift, place=word)


def parse_tree(text: str, file: str) -> tuple[list[t.Tree], Parser]:
    """The statements of a text, and its parser, whose ``text`` makes errors. Raises LanguageError."""
    parser = Parser(source(text, file))
    return parser.file(), parser


__all__ = ["ENCODINGS", "STATEMENTS", "Parser", "found", "parse_tree"]
