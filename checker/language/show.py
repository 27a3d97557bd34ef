"""`efasp show`: a program's definitions, expansion into primitives, layers and heads, and which positions attend to which."""

from __future__ import annotations

import argparse
import html
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from efasp.checker.errors import UsageError
from efasp.checker.files import STDIN, beside_json, writable, write, wrote
from efasp.checker.language.given import given
from efasp.checker.language.picture import svg
from efasp.exact import winners
from efasp.graphs import depth, hidden
from efasp.language.module import Module, TextError
from efasp.language.printer import write as written
from efasp.model.lower import lower
from efasp.model.plan import Head, Plan
from efasp.printer import show as listed
from efasp.sorts import SortError

EXAMPLE = 6  # letters of the text that is shown by default
WIDE = 16  # coordinates that one head's line names


def show(options: argparse.Namespace) -> int:
    """Print the sections, or write them as a page; and the picture."""
    for flag, path in (("--svg", options.svg), ("--html", options.html)):
        beside_json(flag, path, options.json)
        if path is not None:
            writable(flag, path)
    if options.svg == options.html == STDIN:
        raise UsageError("--html: expected a file, as --svg is on standard output, found -")
    module = given(options.file, options.name)
    try:
        text = example(module) if options.on is None else options.on
        module.encode(text)
        plan = lower(module.program)
    except TextError as error:
        raise UsageError(f"--on: {error}") from None
    except SortError as error:
        raise UsageError(f"{options.file}: {error}") from None
    if options.svg is not None:
        write(options.svg, svg(plan), "--svg")
        wrote(options.svg)
    if options.html is not None:
        write(options.html, page(module.program.name, dict(described(module, plan, text)), svg(plan)), "--html")
        wrote(options.html)
    if options.json:
        print(json.dumps({"file": options.file, **data(module, plan, text)}, ensure_ascii=False))
    elif options.html is None and options.svg != STDIN:
        sections = described(module, plan, text)
        print("\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections))
    return 0


def example(module: Module) -> str:
    """A text of every letter, as often as it takes to have a few, and no more than there are places for."""
    letters = module.letters
    count = min(EXAMPLE, module.longest or EXAMPLE)
    return module.join([letters[i % len(letters)] for i in range(count)])


def described(module: Module, plan: Plan, text: str) -> Iterator[tuple[str, str]]:
    """The sections of a program's description: a title, and its text."""
    program = module.program
    yield "definition", written(module).rstrip()
    yield "primitives", listed(program, expand=True)
    heads, units = depth(program.output)
    lines = [f"depth {heads} in attention and {units} in ReLUs, {hidden(program.output)} units; d_model {plan.width}"]
    for number, row in enumerate(plan.shape["layers"], 1):
        lines.append(f"layer {number}: {row['heads']} heads of width {row['d_head']}, {row['d_ff']} units")
        by_what = {f"by {what}": names for what, names in _written(plan, number).items() if names}
        lines += [f"  writes {', '.join(names[:WIDE])}{_more(names)} ({what})" for what, names in by_what.items()]
    yield "layers", "\n".join(lines)
    yield f"attention on {text!r}", "\n".join(attention(module, plan, text))


def data(module: Module, plan: Plan, text: str) -> dict[str, Any]:
    """The same as JSON holds it (docs/commands.md, "JSON of efasp show")."""
    program = module.program
    heads, units = depth(program.output)
    return {
        "program": program.name,
        "definition": written(module),
        "primitives": listed(program, expand=True),
        "depth": {"attention": heads, "units": units},
        "units": hidden(program.output),
        "d_model": plan.width,
        "layers": [{**row, "writes": _written(plan, number)} for number, row in enumerate(plan.shape["layers"], 1)],
        "input": text,
        "positions": positions(module, text),
        "attention": [look._asdict() for look in looks(module, plan, text)],
    }


def _written(plan: Plan, layer: int) -> dict[str, list[str]]:
    """The names of the values that a layer's two sublayers write first, by sublayer."""
    sublayers = {"attention": 2 * layer - 1, "units": 2 * layer}
    return {what: [r.name for r in plan.residents if r.born == number] for what, number in sublayers.items()}


def _more(names: list[str]) -> str:
    """How many names are not shown."""
    return f" and {len(names) - WIDE} more" if len(names) > WIDE else ""


class Look(NamedTuple):
    """The positions that one head attends to: ``to`` has a list for each position; ``reads``: the names of what it reads."""

    layer: int
    head: int
    reads: list[str]
    to: list[list[int]]


def positions(module: Module, text: str) -> list[str]:
    """The names of a text's positions: of the text from 0, the start token as its name."""
    return [*([module.start] if module.start else []), *(f"{i}:{c}" for i, c in enumerate(module.split(text)))]


def looks(module: Module, plan: Plan, text: str) -> Iterator[Look]:
    """For each head the positions that each position attends to, by number."""
    stream = plan.states(plan.embed(module.encode(text)))
    for number, layer in enumerate(plan.layers, 1):
        for h, head in enumerate(layer.heads):
            before = stream[2 * number - 2]
            best = winners(head.q.apply(before), head.k.apply(before))
            yield Look(number, h, _names(plan, head, number), [np.flatnonzero(row).tolist() for row in best])


def attention(module: Module, plan: Plan, text: str) -> Iterator[str]:
    """For each head and position the positions that it attends to, as text."""
    names = positions(module, text)
    width = max(map(len, names))
    for look in looks(module, plan, text):
        more = [f"{len(look.reads) - 4} more"] if len(look.reads) > 5 else []
        read = [*look.reads[:4], *more] if more else look.reads
        yield f"layer {look.layer}, head {look.head}, for {', '.join(read) or 'nothing that is read'}"
        for name, to in zip(names, look.to, strict=True):
            shown = "all" if len(to) == len(names) > 1 else " ".join(names[j] for j in to)
            yield f"  {name:>{width}} -> {shown}"


def _names(plan: Plan, head: Head, layer: int) -> list[str]:
    """What a head writes, by the names of the coordinates."""
    rows = {coordinate for coordinate, row in enumerate(head.o.rows) if row}
    held = [r for r in plan.residents if r.coordinate in rows and r.born <= 2 * layer - 1 <= r.last]
    return list(dict.fromkeys(r.name for r in held))


def page(title: str, sections: dict[str, str], picture: str) -> str:
    """The sections and the picture as one page, without anything from elsewhere."""
    body = "\n".join(f"<h2>{html.escape(name)}</h2>\n<pre>{html.escape(text)}</pre>" for name, text in sections.items())
    style = (
        ":root{color-scheme:light dark}body{font:15px sans-serif;margin:2em auto;max-width:70em;padding:0 1em}"
        "pre,div{overflow-x:auto}pre{background:#8882;padding:1em}"
    )
    screen = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{screen}<title>{html.escape(title)}</title>'
        f"<style>{style}</style></head><body>\n<h1>{html.escape(title)}</h1>\n{body}\n<h2>residual stream</h2>\n"
        f"<div>{picture}</div></body></html>\n"
    )
