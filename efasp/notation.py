"""The two notations of the printer: plain text, and LaTeX's math mode."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from textwrap import wrap

from efasp.sorts import Number

_LATEX = {"_": r"\_", "^": r"\hat{}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "{": r"\{", "}": r"\}",
          "~": r"\tilde{}", "\\": r"\backslash{}", " ": r"\ "}  # fmt: skip


class Text:
    """Plain text."""

    times = "*"

    def name(self, name: str) -> str:
        """A name."""
        return name

    def call(self, name: str, arguments: Iterable[str]) -> str:
        """A function or an operator on its arguments."""
        return f"{self.name(name)}({', '.join(arguments)})"

    def number(self, value: Number) -> str:
        """An exact number."""
        return str(value)

    def string(self, text: str) -> str:
        """A string."""
        return json.dumps(text, ensure_ascii=False)

    def slice(self, start: int, stop: int, step: int = 1) -> str:
        """The suffix for the coordinates start..stop, downwards if ``step`` is -1."""
        if step == -1:
            return f"[{stop}:{start + 1}][::-1]"
        return f"[{start}]" if start == stop else f"[{start}:{stop + 1}]"

    def group(self, inner: str) -> str:
        """An expression in parentheses."""
        return f"({inner})"

    def list(self, items: Iterable[str]) -> str:
        """A concatenation."""
        return f"[{', '.join(items)}]"

    def repeat(self, item: str, count: int) -> str:
        """A coordinate, so many times."""
        return f"[{item}]*{count}"

    def embedding(self, kind: str, slot: str) -> str:
        """A slot of TE or PE."""
        return f"{kind}.{slot}"

    def page(self, title: str, lines: Sequence[tuple[str, str]]) -> str:
        """The definitions, (left side, right side) each, under a title."""
        head = [f"# {title}"] if title else []
        whole = [*head, *(f"{name} = {text}" for name, text in lines)]
        return "\n".join(row for line in whole for row in _wrapped(line))


class Latex(Text):
    """Math mode; a page is an align* environment."""

    times = r"\,"

    def name(self, name: str) -> str:
        return rf"\mathit{{{''.join(_LATEX.get(char, char) for char in name)}}}"

    def call(self, name: str, arguments: Iterable[str]) -> str:
        escaped = "".join(_LATEX.get(char, char) for char in name)
        return rf"\mathrm{{{escaped}}}({', '.join(arguments)})"

    def number(self, value: Number) -> str:
        if isinstance(value, Fraction) and value.denominator > 1:
            return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"
        return str(value)

    def string(self, text: str) -> str:
        return rf"\mathtt{{{''.join(_LATEX.get(char, char) for char in text)}}}"

    def slice(self, start: int, stop: int, step: int = 1) -> str:
        if step == -1:
            return rf"[{stop}{{:}}{start + 1}][{{::}}{{-}}1]"
        return f"{{[{start}]}}" if start == stop else rf"{{[{start}{{:}}{stop + 1}]}}"

    def list(self, items: Iterable[str]) -> str:
        return f"{{[{', '.join(items)}]}}"

    def repeat(self, item: str, count: int) -> str:
        return rf"{{[{item}]^{{{count}}}}}"

    def embedding(self, kind: str, slot: str) -> str:
        return rf"\mathrm{{{kind}}}.{self.name(slot)}"

    def page(self, title: str, lines: Sequence[tuple[str, str]]) -> str:
        head = [f"% {title}"] if title else []
        return "\n".join([*head, r"\begin{align*}", " \\\\\n".join(f"{n} &= {t}" for n, t in lines), r"\end{align*}"])


def _wrapped(line: str) -> list[str]:
    """A line of text in pieces of at most 120 columns, if its blanks allow it."""
    return wrap(line, 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False) or [line]
