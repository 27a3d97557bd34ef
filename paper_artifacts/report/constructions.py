"""The constructions that lemmas speak of, as a reader sees them: definition, expansion into primitives, depth and width."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from efasp.graphs import depth, hidden
from efasp.model.compile import STEPS
from efasp.operators import OPERATORS
from efasp.paper_artifacts.report.entries import entries
from efasp.printer import show
from efasp.proofs.lemmas import attention as attention_family
from efasp.proofs.lemmas import sequences
from efasp.proofs.lemmas.gates_recurrences import build
from efasp.syntax import Node, Program

WORD = 5  # the width at which constructions are shown
LONGEST = 400  # lines of an expansion that are shown
DEFINED = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Construction:
    """``definition``: source, or the definition's text; ``expansion``: by the six primitives; ``size``: depth and width.

    ``entries``: the rows of the compiled matrices that make it.
    """

    title: str
    definition: str
    expansion: str = ""
    size: str = ""
    entries: tuple[str, ...] = ()


@cache
def construction(of: str) -> Construction:
    """The construction that a statement's ``of`` names. Raises ValueError for an unknown name."""
    kind, _, name = of.partition(":")
    makers = {"operator": _operator, "definition": _definition, "code": _code}
    if kind not in makers:
        raise ValueError(f"of: expected operator:, definition: or code:, found {of!r}")
    try:
        made = makers[kind](name)
        return made if kind == "code" else replace(made, entries=tuple(entries(kind, name, WORD)))
    except (KeyError, AttributeError, ImportError) as error:
        raise ValueError(f"of: expected a construction, found {of!r} ({type(error).__name__}: {error})") from None


def _expanded(name: str, root: Node, known: Program | None = None) -> tuple[str, str]:
    program = Program(name)
    program.let(name, root)
    lines = show(program, expand=True).splitlines()
    if len(lines) > LONGEST:
        lines = [*lines[:LONGEST], f"... ({len(lines)} lines in all)"]
    attention, feed_forward = depth(root)
    size = f"depth: {attention} attention, {feed_forward} feed-forward layers; {hidden(root)} hidden units; width {root.width}"
    return "\n".join(lines), f"{size} (w = {WORD})"


def _operator(name: str) -> Construction:
    operator = OPERATORS[name]
    made = {"pointwise": lambda: build(name, WORD), "sequence": lambda: sequences.build(operator, WORD)}
    root, _ = made.get(operator.kind, lambda: attention_family.build(operator, WORD))()
    expansion, size = _expanded(name, root)
    spec = operator.spec if inspect.isroutine(operator.spec) else type(operator.spec)
    sources = [
        inspect.getsource(inspect.unwrap(operator.build)),
        inspect.getsource(spec),
    ]  # often the spec is a line of the first
    return Construction(f"operator {name}", "\n".join(dict.fromkeys(sources)), expansion, size)


def _definition(name: str) -> Construction:
    engine = next(engine for engine in STEPS if name in STEPS[engine](WORD, "").definitions)
    program = STEPS[engine](WORD, "")
    text = _with_locals(name, show(program), program.definitions)
    node = program.definitions[name]
    attention, feed_forward = depth(node)
    size = (
        f"depth from the embeddings: {attention} attention, {feed_forward} feed-forward layers; width {node.width} (w = {WORD})"
    )
    return Construction(f"definition {name} of {program.name}", f"{text}\n\n{size}")


LEFT = re.compile(r"(\w+)(?:\[[^]]*\])? = ")
LOCAL = re.compile(r"\bt\d+\b")


def _with_locals(name: str, text: str, definitions: Collection[str]) -> str:
    """The lines of one definition of a printed program, after those of the expressions t1, t2, ... that it mentions."""
    lines: dict[str, list[str]] = {}
    last = ""
    for line in text.splitlines():
        if match := LEFT.match(line):
            last = match[1]
        if last:  # a line without a name goes on with the one before
            lines.setdefault(last, []).append(line)
    wanted, due = {name}, [name]
    while due:
        mentioned = set(LOCAL.findall("\n".join(lines.get(due.pop(), [])))) - wanted - set(definitions)
        wanted |= mentioned
        due += sorted(mentioned)
    return "\n".join(line for defined, some in lines.items() if defined in wanted for line in some) or name


def _code(name: str) -> Construction:
    module, _, path = name.partition(":")
    return Construction(f"{module}.{path}", written(module, path))


def written(module: str, path: str) -> str:
    """The source of a function, class or method; its module, which may need torch, is not imported. Raises KeyError."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise KeyError(module)
    lines = Path(spec.origin).read_text(encoding="utf-8").splitlines(keepends=True)
    node: ast.AST = ast.parse("".join(lines))
    for name in path.split("."):
        inside = {child.name: child for child in ast.iter_child_nodes(node) if isinstance(child, DEFINED)}
        node = inside[name]
    assert isinstance(node, DEFINED)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "".join(lines[first - 1 : node.end_lineno])
