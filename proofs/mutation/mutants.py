"""Mutants: constructions broken on purpose, as data, and the import hook that puts one in the place of the construction.

``proofs/mutants/<family>.toml`` lists them: a passage of a module's source, its replacement, and the lemmas that must then be
refuted. A mutant lives in a process of its own, in which no module of the package was imported before. Standard library only.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[3]  # the folder that holds efasp
FOLDER = Path(__file__).parents[1] / "mutants"
NEIGHBOURS = ("model", "proofs", "checker", "paper_artifacts")  # packages of efasp whose folders are next to its own


def placed(module: str) -> str:
    """A module's name as its file stands in the repository: without ``efasp`` where its package is next to that folder."""
    rest = module.removeprefix("efasp.")
    return rest if rest.partition(".")[0] in NEIGHBOURS else module


class MutantError(ValueError):
    """A mutant that cannot be made: names its file and entry, what was expected and what was found."""


@dataclass(frozen=True)
class Mutant:
    """One change of a construction: in ``module``'s source every ``old`` becomes ``new``.

    Each of ``lemmas`` must be refuted, in the batches of n = 1..``n_max`` whose parameters agree with ``where`` (a parameter
    that a batch lacks agrees with anything). ``raises``: the construction is no longer made, but raises this exception,
    and that is what kills the mutant. ``why``: why a module of ``proofs`` is changed, where no construction can be.
    ``untwinned``: why the change is equivalent for words of 6 bits, where its twin would be active
    (``proofs.mutation.twins``). ``text``: the whole changed source, where the change is not one of a passage.
    """

    family: str
    name: str
    module: str
    old: str
    new: str
    lemmas: tuple[str, ...]
    where: dict[str, Any] = field(default_factory=dict, hash=False)
    n_max: int = 32
    raises: str = ""
    why: str = ""
    untwinned: str = ""
    text: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """Family and name."""
        return f"{self.family}: {self.name}"

    @property
    def path(self) -> Path:
        """The source file that is changed."""
        return ROOT / f"{self.module.replace('.', '/')}.py"

    @property
    def applies(self) -> bool:
        """Whether the passage is in the source; it is not where someone has changed the source."""
        return bool(self.text) or self.old in self.path.read_text(encoding="utf-8")

    def source(self) -> str:
        """The changed source. Raises MutantError if the passage is not there, or the result is not Python."""
        changed = self.text
        if not changed:
            text = self.path.read_text(encoding="utf-8")
            if self.old not in text:
                raise MutantError(f"{self.id}: expected the passage {self.old!r} in {self.module}, found it nowhere")
            changed = text.replace(self.old, self.new)
        try:
            compile(changed, str(self.path), "exec")
        except SyntaxError as error:
            raise MutantError(f"{self.id}: {self.module} no longer compiles: {error}") from None
        return changed


# Files.

TYPES: dict[str, type] = {f.name: str for f in fields(Mutant)} | {"lemmas": list, "where": dict, "n_max": int}
NEEDED = ("name", "module", "old", "new", "lemmas")


def load(folder: Path = FOLDER) -> list[Mutant]:
    """The mutants of every file of a folder, also those whose passages are not in the sources as they stand (``applies``).

    Raises MutantError for a file that is malformed.
    """
    return [mutant for path in sorted(folder.glob("*.toml")) for mutant in _mutants(path)]


def entries(path: Path, malformed: type[ValueError]) -> list[Any]:
    """The [[mutant]] entries of a file, which holds nothing else. Raises ``malformed`` for any other file."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise malformed(f"{path.name}: {error}") from None
    listed = data.pop("mutant", [])
    if data or not isinstance(listed, list):
        raise malformed(f"{path.name}: expected [[mutant]] entries only, found {next(iter(data), 'another mutant')!r}")
    return listed


def read(path: Path) -> list[Mutant]:
    """The mutants of one file, in order. Raises MutantError for one that is malformed, or whose passage is not there."""
    by_name = _mutants(path)
    for mutant in by_name:
        mutant.source()
    return by_name


def _mutants(path: Path) -> list[Mutant]:
    by_name: dict[str, Mutant] = {}
    for number, entry in enumerate(entries(path, MutantError), 1):
        mutant = _entry(path, f"{path.name}: mutant {number} ({entry.get('name', 'without a name')})", entry)
        if mutant.name in by_name:
            raise MutantError(f"{path.name}: mutant {number}: expected a name of its own, found {mutant.name!r} again")
        by_name[mutant.name] = mutant
    return list(by_name.values())


def _entry(path: Path, where: str, entry: dict[str, Any]) -> Mutant:
    for key in NEEDED:
        if not entry.get(key) and not (key == "new" and entry.get(key) == ""):
            raise MutantError(f"{where}: expected a key {key}, found none")
    for key, value in entry.items():
        if key in ("family", "text") or key not in TYPES:
            raise MutantError(f"{where}: expected the keys {', '.join(TYPES)}, found {key}")
        if type(value) is not TYPES[key]:
            raise MutantError(f"{where}: {key}: expected {TYPES[key].__name__}, found {value!r}")
    if not all(type(name) is str for name in entry["lemmas"]):
        raise MutantError(f"{where}: lemmas: expected names, found {entry['lemmas']!r}")
    if not 1 <= entry.get("n_max", 32) <= 1 << 64:
        raise MutantError(f"{where}: n_max: expected 1 to 2^64, found {entry['n_max']}")
    mutant = Mutant(path.stem, **{**entry, "lemmas": tuple(entry["lemmas"])})
    package, _, rest = mutant.module.partition(".")
    room = rest.partition(".")[0]
    if package != "efasp" or room in ("checker", "paper_artifacts") or (room == "proofs" and not mutant.why):
        raise MutantError(f"{where}: module: expected one of efasp (of efasp.proofs with a why), found {mutant.module}")
    if not mutant.path.is_file():
        raise MutantError(f"{where}: module: expected a module of the package, found {mutant.module}")
    return mutant


# The change, in a fresh process.


class _Loader(SourceFileLoader):
    """Loads a module from the mutant's source; nothing is read from or written to a cache."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """The code compiled from the mutant's source, whatever the module's name."""
        code: CodeType = compile(self.mutant.source(), self.path, "exec", dont_inherit=True)
        return code


class _Finder(MetaPathFinder):
    """Finds the one module that a mutant changes."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of the mutant's module, with its loader; None for any other module."""
        if name != self.mutant.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Loader(self.mutant)
        return spec


def install(mutant: Mutant) -> None:
    """Put the mutant in the place of its module, for this whole process. Raises MutantError where it is too late for that."""
    known = {name: module for name, module in sys.modules.items() if name.startswith("efasp.") and name not in HERE}
    early = [name for name, module in known.items() if not hasattr(module, "__path__")]
    if early:
        raise MutantError(f"{mutant.id}: expected a fresh process, found {early[0]} imported")
    mutant.source()
    sys.meta_path.insert(0, _Finder(mutant))


ACTED = [False]  # whether the change of this process's mutant was ever at work


def acts(truth: object) -> bool:
    """Whether a guarded change is active here; a question with answer yes is noted. (A symbol's truth is a decision.)"""
    decided = bool(truth)
    ACTED[0] = ACTED[0] or decided
    return decided


# All that a fresh process has imported of the package, but for empty modules of folders.
HERE = ("efasp.proofs.mutation.mutants", "efasp.checker.pool.isolation", "efasp.checker.pool.limits")
