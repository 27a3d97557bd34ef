"""What the files of a tree import, read from their text, and their errors.

An edge goes from a file to each file of the tree that it names in an import, wherever that stands: at its top, within a
function, or only for the type checker. What a file *loads* is what the imports at its top lead to.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """A module that a file imports, or a ``name`` from it, which may be a module too.

    ``inner``: within a function; ``typing``: for the type checker only.
    """

    module: str
    name: str
    line: int
    inner: bool
    typing: bool

    @property
    def top(self) -> str:
        """The package that it is of."""
        return self.module.partition(".")[0]

    @property
    def whole(self) -> str:
        """The module and the name."""
        return f"{self.module}.{self.name}" if self.name else self.module


def imports(path: Path) -> list[Import]:
    """The imports of a file. Raises ValueError for a relative one, which would be overlooked."""
    out: list[Import] = []

    def visit(node: ast.AST, inner: bool, typing: bool) -> None:
        if isinstance(node, ast.Import):
            out.extend(Import(alias.name, "", node.lineno, inner, typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}:{node.lineno}: expected an absolute import, found a relative one")
            out.extend(Import(node.module, alias.name, node.lineno, inner, typing) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for child in node.body:
                visit(child, inner, True)
            for child in node.orelse:
                visit(child, inner, typing)
            return
        inner = inner or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inner, typing)

    visit(ast.parse(path.read_text(encoding="utf-8")), False, False)
    return out


@dataclass(frozen=True)
class Tree:
    """The packages below ``root``, each of which may import itself and those before it.

    ``within``: one of them, of which the others are imported as parts (by links in its folder).
    """

    root: Path
    order: Sequence[str]
    within: str = ""
    files: dict[str, Path] = field(init=False)  # by the module's name

    def __post_init__(self) -> None:
        found = [path for package in self.order for path in sorted((self.root / package).rglob("*.py"))]
        object.__setattr__(self, "files", {self._name(path): path for path in found})

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.root).with_suffix("").parts
        outer = [self.within] if self.within and parts[0] != self.within else []
        return ".".join([*outer, *(parts[:-1] if parts[-1] == "__init__" else parts)])

    def package(self, module: str) -> str:
        """The package of the tree that a module is of, or any other module's top."""
        top, _, rest = module.partition(".")
        part = rest.partition(".")[0]
        return part if top == self.within and part in self.order else top

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """The imports of every file."""
        return {name: imports(path) for name, path in self.files.items()}

    def targets(self, name: str) -> set[str]:
        """The other files of the tree that a file names."""
        return {m for one in self.imports[name] for m in (one.module, one.whole) if m in self.files and m != name}

    def cycles(self) -> list[list[str]]:
        """The sets of files that import each other, in whatever order: each sorted, none where there is no cycle."""
        edges = {name: self.targets(name) for name in self.files}
        reached = {name: closure(name, edges) for name in self.files}
        found = {frozenset(other for other in reached[name] if name in reached[other]) for name in self.files}
        return sorted(map(sorted, filter(None, found)))

    def upward(self) -> list[str]:
        """The imports of a package that comes after the file's own."""
        rank = {package: place for place, package in enumerate(self.order)}
        return [
            f"{name}:{one.line}: {one.whole}"
            for name, listed in self.imports.items()
            for one in listed
            if rank.get(self.package(one.whole), -1) > rank[self.package(name)]
        ]

    def users(self, library: str) -> set[str]:
        """The files that import a library, by their paths; what is only for the type checker counts too."""
        return {
            self.files[name].relative_to(self.root).as_posix()
            for name, listed in self.imports.items()
            if any(one.top == library for one in listed)
        }

    def inner(self, heavy: Collection[str]) -> list[str]:
        """The imports within functions that keep no heavy library out of a start."""
        return [
            f"{name}:{one.line}: {one.whole}"
            for name, listed in self.imports.items()
            for one in listed
            if one.inner and not self._loads(one) & set(heavy)
        ]

    def _loads(self, one: Import) -> set[str]:
        """The packages that an import loads, by the imports at the tops of files."""
        start = one.whole if one.whole in self.files else one.module
        edges = {
            name: {m for i in listed if not i.inner and not i.typing for m in (i.module, i.whole)}
            for name, listed in self.imports.items()
        }
        return {name.partition(".")[0] for name in {start, *closure(start, edges)}}


def closure(start: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    """All that can be reached along one edge or more."""
    seen: set[str] = set()
    left = [start]
    while left:
        for name in edges.get(left.pop(), ()):
            if name not in seen:
                seen.add(name)
                left.append(name)
    return seen
