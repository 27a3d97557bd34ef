"""The texts on which a program is tried, and the program on them: every short one, and longer ones drawn by a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import product
from random import Random
from typing import Any

import numpy as np

from efasp.evaluate import evaluate
from efasp.exact import narrow
from efasp.language.module import Module
from efasp.language.specification import Failure, Run, SpecificationError, failures, required
from efasp.syntax import Node, walk

TRIED = 400  # short texts, at most
WORK = 1 << 20  # values of nodes that are computed on all of them, roughly
LONGER = (8, 13, 21, 34)  # letters of the texts that are drawn, of each length a few
DRAWN = 3
UNIFORM = 64  # letters, at most, of the longest text, which is tried with one letter, and with one but for the last


class Texts:
    """A program on its texts. ``length``: up to how many letters every text is tried; ``count``: how many these are."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.nodes = walk(*module.program.definitions.values())
        letters = len(module.letters)
        size = sum(node.width for node in self.nodes)
        most = max(letters, min(TRIED, WORK // max(1, 4 * size)))
        self.length, self.count = 1, letters
        longest = module.longest or 1 << 20
        while self.length < longest and self.count + letters ** (self.length + 1) <= most:
            self.length += 1
            self.count += letters**self.length
        self._ran: dict[str, Run] = {}
        self._places: dict[str, slice] = {}  # of every short text its positions in ``_values``

    def short(self) -> Iterator[str]:
        """Every text of up to ``length`` letters, the shorter ones first."""
        for n in range(1, self.length + 1):
            yield from (self.module.join(letters) for letters in product(self.module.letters, repeat=n))

    @cached_property
    def drawn(self) -> list[str]:
        """Longer texts, by a fixed seed: random ones, and ones of few letters; and of the longest those of one letter, or of
        one but for the last, where counts are largest."""
        random, letters, out = Random(0), self.module.letters, list[str]()
        for n in LONGER:
            if self.module.longest is not None and n > self.module.longest:
                break
            few = [letters, letters, letters[:2]]
            out += [self.module.join(random.choices(few[i % 3], k=n)) for i in range(DRAWN)]
        longest = self.module.longest or 0
        if LONGER[0] <= longest <= UNIFORM:
            for letter, other in zip(letters[:DRAWN], letters[1:] + letters[:1], strict=False):
                out += [self.module.join([letter] * (longest - 1) + [last]) for last in dict.fromkeys((letter, other))]
        return out

    @cached_property
    def _values(self) -> dict[Node, np.ndarray]:
        """The values of every node on all short texts, one text after the other; together they take a fraction of the time."""
        tokens: list[int] = []
        lengths: list[int] = []
        for text in self.short():
            ids = self.module.encode(text)
            self._places[text] = slice(len(tokens), len(tokens) + len(ids))
            tokens += ids
            lengths.append(len(ids))
        return dict(zip(self.nodes, evaluate(*self.nodes, tokens=tokens, lengths=lengths), strict=True))

    def arrays(self, text: str, nodes: Sequence[Node] | None = None) -> dict[Node, np.ndarray]:
        """The values of some nodes on a text (by default of all)."""
        wanted, together = self.nodes if nodes is None else nodes, self._values
        if (place := self._places.get(text)) is not None:
            return {node: narrow(together[node][place]) for node in wanted}
        return dict(zip(wanted, evaluate(*wanted, tokens=self.module.encode(text)), strict=True))

    def stray(self, only: Node | None = None) -> dict[str, Any] | None:
        """``outside`` of the first short text that has such a value; None where every short text is right."""
        together, first = self._values, None
        for node in self.nodes if only is None else [only]:
            admitted: dict[tuple[Any, ...], bool] = {}
            for at, row in enumerate(map(tuple, together[node].tolist())):
                if first is not None and at >= first:
                    break
                if row not in admitted:
                    admitted[row] = node.sort.admits(row)
                if not admitted[row]:
                    first = at
        if first is None:
            return None
        return self.outside(next(text for text, place in self._places.items() if place.stop > first), only)

    def run(self, text: str) -> Run:
        """The values of all definitions at every position of a text."""
        if text not in self._ran:
            definitions = self.module.program.definitions
            arrays = self.arrays(text, list(definitions.values()))
            values = {name: self.module.decode(arrays[node], name) for name, node in definitions.items()}
            self._ran[text] = Run(self.module.split(text), values, list(definitions)[-1])
        return self._ran[text]

    def outside(self, text: str, only: Node | None = None) -> dict[str, Any] | None:
        """The first value on a text that is not of its node's sort (``only``: of that node), in words."""
        arrays = self.arrays(text, None if only is None else [only])
        names = {node: name for name, node in self.module.program.definitions.items()}
        for node in self.nodes if only is None else [only]:
            for position, row in enumerate(arrays[node].tolist()):
                if not node.sort.admits(row):
                    where = names.get(node) or part_of(node, self.nodes, names) or "no definition"
                    value = row[0] if len(row) == 1 else row
                    said = f"on {text!r}: expected {node.sort}, found {value} at position {position}, in {where}"
                    return {"text": text, "position": position, "definition": where, "value": value, "said": said}
        return None

    def required(self, text: str) -> bool:
        """Whether a text is one that the specification speaks of. Raises SpecificationError."""
        return required(self.module.requires, self.module.split(text))

    def broken(self, formula: Any, text: str) -> dict[str, Any] | None:
        """How a text breaks a formula of the specification; None where it holds, or the text is not among those required.

        Raises SpecificationError where the formula has no value.
        """
        if not self.required(text):
            return None
        found: Failure | None = failures([formula], self.run(text))
        if found is None:
            return None
        said = f"on {text!r}: expected {found.expected}, got {found.found} at position {found.position} of {found.definition}"
        first = self.first(text, found)
        return {
            "text": text, "position": found.position, "definition": found.definition, "expected": found.expected,
            "found": found.found, "said": f"{said}, first difference at definition {first}",
        }  # fmt: skip

    def first(self, text: str, found: Failure) -> str:
        """The first definition, in their order, that some formula says is wrong on a text."""
        order = list(self.module.program.definitions)
        wrong = []
        for formula in self.module.ensures:
            with suppress(SpecificationError):
                failure = failures([formula], self.run(text))
                wrong += [failure.definition] if failure is not None else []
        return min([*wrong, found.definition], key=order.index)


def part_of(node: Node, nodes: list[Node], names: dict[Node, str]) -> str:
    """The first definition that a node is a part of, or nothing."""
    above = {node}
    for other in nodes:
        if any(x in above for x in other.inputs):
            above.add(other)
            if other in names:
                return names[other]
    return ""
