"""Operator-level mutants: every slip (``proofs.mutation.slips``) in a module of the construction, and a draw of them.

Half of those drawn are guarded (``proofs.mutation.widths``). Not altered: docstrings, annotations, decorators, defaults of
parameters, type aliases, f-strings (they word messages and labels), statements that only refuse bad input or word a message
(``raise``, ``assert``, an ``if`` that does nothing but raise, ``expect_bits`` and its like, ``SILENT``), the names of
definitions, and keyword arguments that change no result (``PLACED``). Standard library only.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from efasp.proofs.mutation.mutants import ROOT, Mutant, placed
from efasp.proofs.mutation.slips import EXPRESSIONS, OPERATORS, PLACED, called, named, negated, reversed_
from efasp.proofs.mutation.widths import (
    WIDTH_VARIABLE,
    Function,
    Source,
    bindings,
    condition,
    either,
    known,
    matches,
    otherwise,
    parsed,
)

# Modules, and of how many of 400 mutants each is given.
MODULES = {
    "efasp.affine_forms": 2,
    "efasp.pram.views": 18,
    "efasp.pram.step": 46,
    "efasp.encoding": 39,
    "efasp.layout": 13,
    "efasp.places": 26,
    "efasp.tokens": 26,
    "efasp.codebook": 30,
    "efasp.pointwise": 34,
    "efasp.attention": 22,
    "efasp.pram.state": 3,
    "efasp.pram.machine": 39,
    "efasp.process": 10,
    "efasp.model.sampler": 14,
    "efasp.model.decode": 18,
    "efasp.model.runs": 6,
    "efasp.model.transformer": 24,
    "efasp.model.readback": 10,
    "efasp.model.weights": 4,
    "efasp.model.header": 4,
    "efasp.model.lower": 1,
    "efasp.model.lowering.forms": 2,
    "efasp.model.lowering.merge": 1,
    "efasp.model.lowering.schedule": 1,
    "efasp.model.lowering.emit": 1,
    "efasp.model.ranges": 6,
}
SILENT = "*__repr__|*__str__|shown|Transformer.summary"


@dataclass(frozen=True)
class Alteration:
    """One change of one place. ``ways``: expressions that give the width there, of which ``guard`` takes one ("": none).

    ``number``: how many like it stand before it in its function; ``text``: the whole changed source.
    """

    module: str
    function: str
    operator: str
    line: int
    old: str
    new: str
    ways: tuple[str, ...] = ()
    number: int = 0
    guard: str = ""
    span: tuple[int, int] = (0, 0)
    statement: bool = False

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits, the same wherever in its module the function stands."""
        parts = (placed(self.module), self.function, self.operator, self.old, self.new, str(self.number), self.guard)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

    @property
    def path(self) -> str:
        """The module's file, from the root of the repository."""
        return f"{placed(self.module).replace('.', '/')}.py"

    @property
    def what(self) -> str:
        """The change in words, on one line."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        plain = self.guard if len(self.guard) < 40 else "w" + self.guard[-5:]
        when = f" where {plain.replace(WIDTH_VARIABLE, 'w')}" if self.guard else ""
        return f"{self.module.rpartition('.')[2]}.{self.function}: {self.operator}: {old} -> {new}{when}"

    def guarded(self, draw: int, only: int | None = None) -> Alteration:
        """The change at some widths only (``ways`` must not be empty)."""
        return replace(self, guard=condition(self.ways[draw % len(self.ways)], only))

    def text(self) -> str:
        """The changed source of the module."""
        source = read(self.module)
        start, end = self.span
        old = source.data[start:end].decode()
        if self.statement:
            new = otherwise(self.new, old, self.guard, " " * (start - source.data.rfind(b"\n", 0, start) - 1))
        else:
            new = either(self.new, old, self.guard)
        return source.changed([(start, end, new)], self.module)

    def mutant(self) -> Mutant:
        """The mutant that puts the changed source in the place of the module."""
        return Mutant(self.module, self.id, self.module, self.old, self.new, (), text=self.text())


def read(module: str, root: Path = ROOT) -> Source:
    """The source of a module, by its name."""
    return parsed((root / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


# Every alteration of a module.


class _Finder:
    """Goes through a module; ``found`` are its alterations, in the order of the source."""

    def __init__(self, module: str, source: Source) -> None:
        self.module, self.source = module, source
        self.found: list[Alteration] = []
        self.seen: Counter[tuple[str, str, str, str]] = Counter()
        self.globals = {name for node in source.tree.body for name, _ in bindings(node)}
        for whole in source.tree.body:
            self.statement(whole, "", {}, ())

    def note(self, operator: str, node: ast.AST, new: str, function: str, bound: dict[str, int], lambdas: tuple[str, ...],
             statement: bool = False) -> None:  # fmt: skip
        """Note an alteration of a node, unless the new text equals the old."""
        old = self.source.text(node)
        if ast.unparse(node) == new:
            return
        key = (function, operator, old, new)
        here = [name for name, line in bound.items() if line < node.lineno]  # type: ignore[attr-defined]
        ways = tuple(known(self.module, function, here, lambdas))
        self.found.append(
            Alteration(self.module, function, operator, node.lineno, old, new, ways, self.seen[key],  # type: ignore[attr-defined]
                       span=self.source.span(node), statement=statement)
        )  # fmt: skip
        self.seen[key] += 1

    def statement(self, node: ast.stmt, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> None:
        """A statement and its parts."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.function(node, function, bound, lambdas)
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.function(member, f"{function}.{node.name}" if function else node.name, bound, lambdas)
        elif isinstance(node, (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom)) or _refuses(node) or _alias(node):
            return
        else:
            if function and _removable(node):
                self.note("remove", node, "pass", function, bound, lambdas, statement=True)
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    self.statement(child, function, bound, lambdas)
                elif isinstance(node, ast.AnnAssign) and child is node.annotation:
                    continue
                else:
                    self.part(child, function, bound, lambdas)
            if isinstance(node, (ast.If, ast.While)):
                self.test(node.test, function, bound, lambdas)
            elif isinstance(node, ast.For):
                self.expressions("reverse", node.iter, reversed_(node.iter), function, bound, lambdas)

    def function(self, node: Function, outer: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> None:
        """A function's body."""
        name = f"{outer}.{node.name}" if outer else node.name
        if matches(name, SILENT) or matches(node.name, SILENT):
            return
        arguments = node.args
        inside = {a.arg: 0 for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        inside |= {a.arg: 0 for a in (arguments.vararg, arguments.kwarg) if a is not None}
        here = {**bound, **{n: line for child in node.body for n, line in sorted(bindings(child), reverse=True)}, **inside}
        for child in node.body[1:] if ast.get_docstring(node) is not None else node.body:
            self.statement(child, name, here, lambdas)

    def part(self, node: ast.AST, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> None:
        """An expression, or a part of a statement, and its parts."""
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg in PLACED):
            return
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            for operator, alter in EXPRESSIONS.items():
                self.expressions(operator, node, alter(node), function, bound, lambdas)
            self.expressions("name", node, named(node, {*bound, *self.globals, *lambdas}), function, bound, lambdas)
        if isinstance(node, ast.IfExp):
            self.test(node.test, function, bound, lambdas)
        elif isinstance(node, ast.comprehension):
            self.expressions("reverse", node.iter, reversed_(node.iter), function, bound, lambdas)
            for test in node.ifs:
                self.test(test, function, bound, lambdas)
        elif isinstance(node, ast.Lambda):
            lambdas = (*lambdas, *(a.arg for a in node.args.args))
        elif generators := getattr(node, "generators", []):
            lambdas = (*lambdas, *(name for one in generators for name, _ in bindings(one.target)))
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.arguments) or _is_name(node, child) or isinstance(child, ast.expr_context)):
                self.part(child, function, bound, lambdas)

    def test(self, node: ast.expr, function: str, bound: dict[str, int], lambdas: tuple[str, ...]) -> None:
        """A condition."""
        self.expressions("negate", node, negated(node), function, bound, lambdas)

    def expressions(self, operator: str, node: ast.expr, made: Iterable[ast.expr], function: str, bound: dict[str, int],
                    lambdas: tuple[str, ...]) -> None:  # fmt: skip
        """The alterations of an expression by an operator."""
        slices = isinstance(node, ast.Tuple) and any(isinstance(part, ast.Slice) for part in node.elts)
        if not (isinstance(node, (ast.Starred, ast.Slice)) or slices):
            for new in made:
                self.note(operator, node, ast.unparse(ast.fix_missing_locations(copy.deepcopy(new))), function, bound, lambdas)


def _refuses(node: ast.AST) -> bool:
    """Whether a statement only refuses bad input: an ``if`` that does nothing but raise, or one of ``operators.expect_...``."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return called(node.value).startswith("expect_")
    return isinstance(node, ast.If) and not node.orelse and all(isinstance(child, ast.Raise) for child in node.body)


def _alias(node: ast.AST) -> bool:
    """Whether a statement gives a type a name, or lists what a module exports."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return any(name == "__all__" or (name[0].isupper() and not name.isupper()) for name in names)


def _removable(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets)
    return isinstance(node, (ast.AugAssign, ast.Continue, ast.Break))


def _is_name(node: ast.AST, child: ast.AST) -> bool:
    """Whether a string is the name that ``let`` gives a node, or by which a message calls an operator."""
    if not (isinstance(node, ast.Call) and node.args and child is node.args[0] and isinstance(child, ast.Constant)):
        return False
    return called(node) == "let" or called(node).startswith("expect_")


def alterations(module: str, root: Path = ROOT) -> list[Alteration]:
    """Every alteration of a module that compiles, in the order of its source, none of them guarded."""
    return list(_found(module, read(module, root)))


@cache
def _found(module: str, source: Source) -> tuple[Alteration, ...]:
    return tuple(_Finder(module, source).found)


# The draw.


def rank(seed: int, one: Alteration) -> str:
    """The key that orders alterations: it depends on no other one, so a change of one function leaves the others' places."""
    return hashlib.sha256(f"{seed} {one.id}".encode()).hexdigest()


def drawn(count: int, seed: int, only: Sequence[str] = (), shares: dict[str, int] = MODULES) -> list[Alteration]:
    """That many alterations by module (by shares; ``only``: of these) and by operator in turn; every other is guarded."""
    modules = [module for module in shares if not only or module in only]
    whole, out, left = sum(shares[module] for module in modules), [], count
    for at, module in enumerate(modules):
        share = left if at == len(modules) - 1 else min(left, round(count * shares[module] / whole))
        out += _of(module, share, seed)
        left -= share
    return out


def _of(module: str, count: int, seed: int) -> list[Alteration]:
    turns = sorted(OPERATORS, key=lambda operator: hashlib.sha256(f"{seed} {placed(module)} {operator}".encode()).hexdigest())
    piles: dict[str, list[Alteration]] = {operator: [] for operator in turns}
    for one in sorted(alterations(module), key=lambda one: rank(seed, one)):
        piles[one.operator].append(one)
    piles = {operator: pile for operator, pile in piles.items() if pile}
    out: list[Alteration] = []
    while piles and len(out) < count:
        for operator in list(piles):
            if len(out) == count:
                break
            pile, wanted = piles[operator], len(out) % 2 == 0
            one = next((one for one in pile if bool(one.ways) or not wanted), pile[0])
            pile.remove(one)
            out.append(one.guarded(int(rank(seed, one)[:8], 16)) if wanted and one.ways else one)
            if not pile:
                del piles[operator]
    return out
