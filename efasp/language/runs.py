"""A program on a text, by exact evaluation."""

from __future__ import annotations

from efasp.evaluate import evaluate
from efasp.language.module import Module
from efasp.language.specification import Run


def run(module: Module, text: str, *, check: bool = False) -> Run:
    """The values of every definition at every letter; with ``check`` every value must be of its sort.

    Raises TextError for a text that is not an input, SortError for a value outside its sort.
    """
    names, ids = list(module.program.definitions), module.encode(text)
    arrays = evaluate(*module.program.definitions.values(), tokens=ids, check=check)
    values = {name: module.decode(array, name) for name, array in zip(names, arrays, strict=True)}
    return Run(module.split(text), values, names[-1])
