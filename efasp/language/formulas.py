"""The printer of formulas: a specification's syntax tree as a text that parses to the same tree."""

from __future__ import annotations

import json

from efasp.language import tree as t
from efasp.language.expressions import RESERVED


def quoted(text: str) -> str:
    """A string as JSON writes it, in quotes."""
    return json.dumps(text, ensure_ascii=False)


def identifier(name: str) -> str:
    """A name, in backquotes where it would be read as something else."""
    return name if name.isidentifier() and name.isascii() and name not in RESERVED else f"`{name}`"


def shown(tree: t.Tree) -> str:
    """The text of a formula. Trees keep their parentheses, so none need to be added."""
    match tree:
        case t.Number():
            return str(tree.value)
        case t.String():
            return quoted(tree.value)
        case t.Name():
            return identifier(tree.name)
        case t.Group():
            return f"({shown(tree.inner)})"
        case t.Index():
            return f"{shown(tree.of)}[{', '.join(map(shown, tree.items))}]"
        case t.Binary():
            return f"{shown(tree.left)} {tree.sign} {shown(tree.right)}"
        case t.Unary():
            return f"not {shown(tree.of)}" if tree.sign == "not" else f"-{shown(tree.of)}"
        case t.Call():
            space = " " if tree.name == "not" else ""
            return f"{tree.name}{space}({', '.join(map(shown, tree.arguments))})"
        case t.Choice():
            return f"if {shown(tree.condition)} then {shown(tree.yes)} else {shown(tree.no)}"
        case t.Quantified():
            bounds = "" if tree.low is None or tree.high is None else f" in {shown(tree.low)}..{shown(tree.high)}"
            return f"{tree.kind}({identifier(tree.name)}{bounds}: {shown(tree.body)})"
    raise ValueError(f"expected a formula, found {tree}")
