"""What names of a RASP program stand for: the scopes of names, functions, and the names that every program has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Values
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from efasp.language.lexer import Text
from efasp.language.module import TextError
from efasp.rasp import tree as t
from efasp.rasp.graph import Atom, Failure, Selector, Sequence, described, whole

ATOMS = (int, Fraction, str, bool)


@dataclass
class Names:
    """The names of a file, or of a call within others. ``order``: those of the file itself, as they were last given."""

    outer: Names | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The value of a name. Raises KeyError."""
        this: Names | None = self
        while this is not None:
            if name in this.values:
                return this.values[name]
            this = this.outer
        raise KeyError(name)

    def all(self) -> Iterator[str]:
        """Every name that can be read here."""
        yield from self.values
        if self.outer is not None:
            yield from self.outer.all()

    def give(self, name: str, value: Any) -> None:
        """Give a name, anew where it had a value: the last one stands last."""
        self.values.pop(name, None)
        self.values[name] = value

    @property
    def operators(self) -> dict[str, Sequence | Selector]:
        """The names of this file that stand for sequence operators and selectors, in order."""
        return {name: value for name, value in self.values.items() if isinstance(value, (Sequence, Selector))}


@dataclass(frozen=True, eq=False)
class Function:
    """A function of RASP, with the names around it."""

    definition: t.Define
    around: Names
    text: Text


def given() -> Mapping[str, Any]:
    """The names that every program has."""
    as_text: dict[str, Callable[[Values[Atom]], list[Any]]] = {
        "tokens_asis": list,
        "tokens_str": lambda letters: list(map(str, letters)),
        "tokens_int": lambda letters: [_read(int, letter) for letter in letters],
        "tokens_float": lambda letters: [whole(_read(Fraction, letter)) for letter in letters],
        "tokens_bool": lambda letters: [bool(_read(int, letter)) for letter in letters],
        "indices": lambda letters: list(range(len(letters))),
        "length": lambda letters: [len(letters)] * len(letters),
    }
    operators = {
        name: Sequence(TextError, name, function, letters=name.startswith("tokens")) for name, function in as_text.items()
    }
    everything = Selector(TextError, "full_s", lambda a, b: True, operators["indices"], operators["indices"])
    return {"True": True, "False": False, "tokens": operators["tokens_str"], "full_s": everything, **operators}


FIXED = given()
FREE = ("tokens", "full_s")  # names of FIXED that a program may give anew


def width(failure: Failure, selector: Selector) -> Sequence:
    """``selector_width``: how many keys are selected."""
    return Sequence(failure, "selector_width", selector=selector)


def _read(kind: Callable[[Any], Any], letter: Atom) -> Any:
    try:
        return kind(letter)
    except ValueError:
        raise TextError(f"expected letters that are numbers, found {described(letter)}") from None


def kind(value: Any) -> str:
    """What kind of thing a value is, for messages."""
    names = {Sequence: "a sequence operator", Selector: "a selector", list: "a list", dict: "a dictionary"}
    if isinstance(value, ATOMS):
        return described(value)
    return names.get(type(value), "a function")
