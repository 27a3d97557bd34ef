"""Guarded twins: every mutant of a construction once more, active for words of 6 bits only.

The change of a mutant is found by comparing the two syntax trees; each changed expression or run of statements is put behind
a guard (``proofs.mutation.widths``). A mutant has no twin where its change stands in no function (a default, a decorator, a
constant of the module), where nothing in scope tells the width, where it is one of ``proofs``, or where its entry says why it
is equivalent at that width. Standard library only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from efasp.proofs.mutation.mutants import Mutant, MutantError
from efasp.proofs.mutation.widths import Edit, Function, Source, bindings, condition, either, known, otherwise, parsed

WIDTH = 6  # where a twin is at work
N_MAX = 1 << WIDTH


class NoGuard(ValueError):
    """A mutant that has no twin: says why."""


@dataclass(frozen=True)
class Change:
    """Nodes of the source and those in their place: one expression each, or runs of statements (which may be empty)."""

    old: tuple[ast.AST, ...]
    new: tuple[ast.AST, ...]
    function: str
    bound: dict[str, int]
    lambdas: tuple[str, ...]


def twin(mutant: Mutant) -> Mutant:
    """A mutant's twin. Raises NoGuard."""
    if mutant.untwinned:
        raise NoGuard(mutant.untwinned)
    if mutant.module.startswith("efasp.proofs."):
        raise NoGuard("no construction is changed")
    source, other = parsed(mutant.path.read_text(encoding="utf-8")), Source(mutant.source())
    twins = [change for old, new in _differing(source, other) for change in changes(old, new, "", {}, ())]
    edits: list[Edit] = [_edit(source, mutant.module, change) for change in twins]
    text = source.changed(edits, mutant.module)
    where = {**mutant.where, "w": WIDTH}
    return replace(mutant, name=f"{mutant.name}, at w = {WIDTH} only", where=where, n_max=N_MAX, text=text)


def twins(mutants: Iterable[Mutant]) -> tuple[list[Mutant], list[tuple[Mutant, str]]]:
    """The twins of some mutants, and the mutants that have none, each with the reason."""
    made: list[Mutant] = []
    without: list[tuple[Mutant, str]] = []
    for mutant in mutants:
        try:
            made.append(twin(mutant))
        except (NoGuard, MutantError) as error:
            without.append((mutant, str(error)))
    return made, without


def _edit(source: Source, module: str, change: Change) -> Edit:
    first = change.old[0] if change.old else None
    if first is None:
        raise NoGuard("a statement is put where none stands")
    here = [name for name, line in change.bound.items() if line < first.lineno]  # type: ignore[attr-defined]
    ways = known(module, change.function, here, change.lambdas)
    if not ways:
        raise NoGuard(f"nothing in {change.function or 'the module'} tells the width")
    start, end = source.span(first)[0], source.span(change.old[-1])[1]
    old, guard = source.data[start:end].decode(), condition(ways[0], WIDTH)
    if isinstance(first, ast.stmt):
        new = "\n".join(map(ast.unparse, change.new)) or "pass"
        return start, end, otherwise(new, old, guard, source.indent(first))
    return start, end, either(ast.unparse(change.new[0]), old, guard)


def _differing(source: Source, other: Source) -> list[tuple[ast.AST, ast.AST]]:
    """The statements of two modules whose texts differ; the modules where one has more."""
    old, new = source.tree.body, other.tree.body
    if len(old) != len(new):
        return [(source.tree, other.tree)]
    return [(a, b) for a, b in zip(old, new, strict=True) if _whole(source, a) != _whole(other, b)]


def _whole(source: Source, node: ast.stmt) -> list[str]:
    """A statement's text, and those of its decorators."""
    return [source.text(one) for one in (*getattr(node, "decorator_list", ()), node)]


def changes(old: ast.AST, new: ast.AST, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> Iterator[Change]:
    """The smallest nodes in which two trees differ. Raises NoGuard for one that nothing can guard."""
    if isinstance(old, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(new, type(old)):
        yield from _function(old, new, function, bound, lambdas)
        return
    if isinstance(old, ast.ClassDef):
        function = f"{function}.{old.name}" if function else old.name
    if isinstance(old, ast.Lambda):
        lambdas = (*lambdas, *(argument.arg for argument in old.args.args))
    if type(old) is not type(new) or not _compatible(old, new):
        yield _change(old, new, function, bound, lambdas)
        return
    try:
        yield from list(_inside(old, new, function, bound, lambdas))
    except _Bare:
        yield _change(old, new, function, bound, lambdas)


class _Bare(Exception):
    """The difference is not an expression that can be put behind a guard; an enclosing node may be one."""


def _bare(node: ast.AST) -> bool:
    """Whether a node stands only inside an enclosing one: a starred one, a slice, or several with one (``x[..., :k]``)."""
    slices = isinstance(node, ast.Tuple) and any(isinstance(part, ast.Slice) for part in node.elts)
    return slices or isinstance(node, (ast.Starred, ast.Slice))


def _change(old: ast.AST, new: ast.AST, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> Change:
    value = isinstance(old, ast.expr) and isinstance(getattr(old, "ctx", ast.Load()), ast.Load)
    if not isinstance(old, ast.stmt) and (not value or any(map(_bare, (old, new)))):
        raise _Bare
    if not function and not lambdas:
        raise NoGuard("the change stands in no function")
    return Change((old,), (new,), function, bound, lambdas)


def _inside(old: ast.AST, new: ast.AST, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> Iterator[Change]:
    for name in old._fields:
        a, b = getattr(old, name, None), getattr(new, name, None)
        if isinstance(a, list) and a and isinstance(b, list) and isinstance(a[0], ast.AST):
            yield from _lists(a, b, function, bound, lambdas)
        elif isinstance(a, ast.AST) and isinstance(b, ast.AST):
            yield from changes(a, b, function, bound, lambdas)


PLAIN = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)


def _compatible(old: ast.AST, new: ast.AST) -> bool:
    """Whether all that differs is inside nodes, or lists of nodes that are as long as each other or of statements."""
    for name in old._fields:
        a, b = getattr(old, name, None), getattr(new, name, None)
        if isinstance(a, list) and isinstance(b, list):
            statements = bool(a) and isinstance(a[0], ast.stmt) and bool(b)
            if len(a) != len(b) and not statements:
                return False
            if any(isinstance(x, PLAIN) and type(x) is not type(y) for x, y in zip(a, b, strict=False)):
                return False
            if any(not isinstance(x, ast.AST) and x != y for x, y in zip(a, b, strict=False)):
                return False
        elif isinstance(a, ast.AST) and isinstance(b, ast.AST):
            if isinstance(a, PLAIN) and type(a) is not type(b):
                return False
        elif a != b:
            return False
    return True


def _lists(old: list[ast.AST], new: list[ast.AST], function: str, bound: dict[str, int], lambdas: tuple[str, ...]
           ) -> Iterator[Change]:  # fmt: skip
    """The changes of lists of nodes; of statements of which some are more or fewer, the run that differs."""
    if len(old) == len(new):
        for a, b in zip(old, new, strict=True):
            if a is not None or b is not None:  # no key, as of ** in a dictionary
                yield from changes(a, b, function, bound, lambdas)
        return
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if not _same(a, b)), min(len(old), len(new)))
    last = next(
        (i for i, (a, b) in enumerate(zip(old[first:][::-1], new[first:][::-1], strict=False)) if not _same(a, b)),
        min(len(old), len(new)) - first,
    )
    run, other = old[first : len(old) - last], new[first : len(new) - last]
    if not run and first:  # statements are put in: after the one before them, which is said again
        run, other = [old[first - 1]], [new[first - 1], *other]
    if not function:
        raise NoGuard("the change stands in no function")
    yield Change(tuple(run), tuple(other), function, bound, lambdas)


def _function(old: Function, new: Function, outer: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> Iterator[Change]:
    for name in ("args", "decorator_list", "returns"):
        a, b = getattr(old, name), getattr(new, name)
        if (a is None) != (b is None) or any(not _same(x, y) for x, y in zip(_list(a), _list(b), strict=False)):
            raise NoGuard("the change stands in a default, a decorator or an annotation")
    name = f"{outer}.{old.name}" if outer else old.name
    arguments = old.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg)))
    here = {**bound, **{n: line for child in old.body for n, line in sorted(bindings(child), reverse=True)}}
    yield from _lists(old.body, new.body, name, {**here, **{a.arg: 0 for a in every}}, lambdas)  # type: ignore[arg-type]


def _list(value: object) -> list[ast.AST]:
    return value if isinstance(value, list) else [] if value is None else [value]  # type: ignore[list-item]


def _same(a: ast.AST, b: ast.AST) -> bool:
    return ast.dump(a) == ast.dump(b)
