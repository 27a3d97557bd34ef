"""`efasp repl`: a session in which a program grows line by line, and expressions are shown at every position of an example."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from efasp.checker.discharge import plain
from efasp.checker.errors import UsageError
from efasp.checker.language.check import checked, notes, title
from efasp.checker.language.check import show as report
from efasp.checker.language.given import given
from efasp.checker.language.picture import svg
from efasp.checker.language.show import described, example
from efasp.language.lexer import LanguageError
from efasp.language.module import Module, TextError
from efasp.language.parser import STATEMENTS
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.language.runs import run
from efasp.model.lower import lower
from efasp.pram.assembler.source import nearest
from efasp.sorts import SortError

START = 'program session\ntokens "abcd"\nplaces 6\n'
SHOWN = "it"  # the definition that an expression makes for a while
HELP = """a statement (let x = seq_max(PE.number)) is added; an expression is shown at every position of the example
:on TEXT   the example        :text    the program so far     :layers  layers and heads
:draw      attended positions   :svg     the residual stream    :check   the obligations
:drop      without the last line  :quit"""


class Session:
    """The lines of a program, and the example. ``say`` is given the lines to show."""

    def __init__(self, module: Module | None, say: Callable[[str], None]) -> None:
        self.lines = [START] if module is None else [_open(write(module))]
        self.text, self.say = "", say
        self.text = example(self.module())

    def module(self, more: str = "") -> Module:
        """The program with one more line. Raises LanguageError."""
        return parse("".join(self.lines) + more, "session")

    def line(self, line: str) -> bool:
        """Carry out one line; whether the session goes on."""
        word, _, rest = line.strip().partition(" ")
        try:
            if word in (":quit", ":q"):
                return False
            if word.startswith(":"):
                self.command(word, rest)
            elif word in STATEMENTS:
                self.module(f"{line}\n")
                self.lines.append(f"{line}\n")
            elif word and not word.startswith("#"):
                self.show(line)
        except LanguageError as error:
            self.say(f"{error.message}\n{error.source}\n{' ' * (error.column - 1)}^")
        except (TextError, SortError, UsageError) as error:
            self.say(str(error))
        return True

    def show(self, expression: str) -> None:
        """The value of an expression at every letter of the example, and its sort."""
        module = self.module(f"let {SHOWN} = {expression}\n")
        module.closed()
        result = run(module, self.text)
        node = module.program.definitions[SHOWN]
        letters, values = result.letters, [str(plain(value)) for value in result.values[SHOWN]]
        wide = [max(map(len, pair)) for pair in zip(letters, values, strict=True)]
        rows = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, wide, strict=True)) for row in (letters, values)]
        self.say("\n".join([*rows, f": {node.sort}"]))

    def command(self, word: str, rest: str) -> None:
        """Carry out a line that begins with a colon: ``word``, and the rest of the line."""
        if word == ":on":
            self.module().encode(rest)
            self.text = rest
        elif word == ":drop":
            if len(self.lines) > 1:
                self.lines.pop()
        elif word == ":text":
            self.say("".join(self.lines).rstrip())
        elif word == ":help":
            self.say(HELP)
        elif word in (":layers", ":draw", ":svg", ":check"):
            module = self.module()
            module.closed()
            if word == ":check":
                rows, seconds = checked(module)
                report(title(module), rows, seconds, notes(module))
                return
            plan = lower(module.program)
            if word == ":svg":
                self.say(svg(plan).rstrip())
                return
            sections = dict(described(module, plan, self.text))
            self.say(sections["layers" if word == ":layers" else f"attention on {self.text!r}"])
        else:
            known = (":on", ":text", ":layers", ":draw", ":svg", ":check", ":drop", ":help", ":quit")
            self.say(f"expected a command of the session, found {word!r}{nearest(word, known)}")


def _open(text: str) -> str:
    """The text of a module without its output and specification, so that more definitions can follow."""
    return "".join(f"{line}\n" for line in text.splitlines() if line.partition(" ")[0] not in ("output", "requires", "ensures"))


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    """Lines, those of a block in braces together."""
    for line in lines:
        whole = line.rstrip("\n")
        while whole.count("{") > whole.count("}"):
            more = next(lines, None)
            if more is None:
                break
            whole += "\n" + more.rstrip("\n")
        yield whole


def repl(options: argparse.Namespace) -> int:
    """A session on standard input; on a terminal with a prompt."""
    module = None if options.file is None else given(options.file)
    session = Session(module, print)
    shown = sys.stdin.isatty()

    def typed() -> Iterator[str]:
        while True:
            if shown:
                print("> ", end="", flush=True)
            line = sys.stdin.readline()
            if not line:
                return
            yield line

    if shown:
        print(f"example {session.text!r}; :help")
    for line in _blocks(typed()):
        if not session.line(line):
            break
    return 0
