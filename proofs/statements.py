"""The statement of every lemma, as data (``proofs/statements.toml``): in words, in the paper's notation, with its construction
and the lemmas that it rests on. Where obligations cite their assumptions, these are read from them
(``proofs.lemmas.simulation_citations``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from efasp.proofs.lemmas.simulation_citations import rests
from efasp.proofs.registry import matches

FILE = Path(__file__).with_name("statements.toml")
KEYS = {"states": str, "notation": str, "of": str, "rests": list}


class StatementError(ValueError):
    """A statement that is malformed, or that rests on an unknown lemma: names the file and the lemma."""


@dataclass(frozen=True)
class Statement:
    """One lemma. ``of``: ``operator:NAME``, ``definition:NAME`` (of the step), ``code:MODULE:NAME``, or nothing."""

    lemma: str
    states: str
    notation: str = ""
    of: str = ""
    rests: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The lemma's family."""
        return self.lemma.partition(".")[0]


@cache
def statements(file: Path = FILE) -> dict[str, Statement]:
    """Every lemma's statement, by its name, in the file's order; globs in ``rests`` are resolved. Raises StatementError."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    by_name = {name: Statement(name, **_entry(file, name, entry, data)) for name, entry in data.items()}
    try:
        tuple(TopologicalSorter({s.lemma: s.rests for s in by_name.values()}).static_order())
    except CycleError as error:
        raise StatementError(f"{file.name}: lemmas rest on each other: {' <- '.join(error.args[1])}") from None
    return {name: replace(s, rests=(*s.rests, *(_cited(file, name, by_name)))) for name, s in by_name.items()}


def _cited(file: Path, name: str, found: dict[str, Statement]) -> tuple[str, ...]:
    """The lemmas that a lemma's obligations cite. Raises StatementError for one without a statement."""
    cited = rests().get(name, ()) if file == FILE else ()
    for other in cited:
        if other not in found:
            raise StatementError(f"{file.name}: expected a statement of {other}, which {name} cites, found none")
    return tuple(other for other in cited if other not in found[name].rests)


def _entry(file: Path, name: str, entry: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    for key, value in entry.items():
        if key not in KEYS or type(value) is not KEYS[key]:
            raise StatementError(f"{file.name}: {name}: expected the keys {', '.join(KEYS)}, found {key} = {value!r}")
    if not entry.get("states"):
        raise StatementError(f"{file.name}: {name}: expected a key states, found none")
    return {**entry, "rests": resolved(entry.get("rests", []), names, f"{file.name}: {name}", name)}


def resolved(patterns: Iterable[str], names: Iterable[str], where: str, itself: str = "") -> tuple[str, ...]:
    """The lemmas that some globs name, in order, without ``itself``. Raises StatementError for a glob that names none."""
    known, out = list(names), dict[str, None]()
    for pattern in patterns:
        some = [name for name in known if matches(name, [pattern]) and name != itself]
        if not some:
            raise StatementError(f"{where}: expected the name of a lemma, found {pattern!r}")
        out |= dict.fromkeys(some)
    return tuple(out)


def below(names: Iterable[str], of: dict[str, Statement] | None = None) -> list[str]:
    """Some lemmas and all that they rest on, each once; a lemma after those that it rests on, cycles apart."""
    table = statements() if of is None else of
    out: dict[str, None] = {}
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for dependency in table[name].rests:
                visit(dependency)
            out[name] = None

    for name in names:
        visit(name)
    return list(out)
