"""`efasp show`: a program's definitions, expansion into primitives, layers and heads, and which positions attend to which."""

from __future__ import annotations

import argparse
import html
from collections.abc import Iterator

import numpy as np

from efasp.checker.errors import UsageError
from efasp.checker.files import STDIN, writable, write, wrote
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
    sections = dict(described(module, plan, text))
    if options.svg is not None:
        write(options.svg, svg(plan), "--svg")
        wrote(options.svg)
    if options.html is not None:
        write(options.html, page(module.program.name, sections, svg(plan)), "--html")
        wrote(options.html)
    if options.html is None and options.svg != STDIN:
        print("\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections.items()))
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
        lines += [f"  writes {name}" for name in _written(plan, number)]
    yield "layers", "\n".join(lines)
    yield f"attention on {text!r}", "\n".join(attention(module, plan, text))


def _written(plan: Plan, layer: int) -> list[str]:
    """The names of the values that a layer's two sublayers write first."""
    out = []
    for sublayer, what in ((2 * layer - 1, "by attention"), (2 * layer, "by units")):
        names = [resident.name for resident in plan.residents if resident.born == sublayer]
        more = f" and {len(names) - WIDE} more" if len(names) > WIDE else ""
        if names:
            out.append(f"{', '.join(names[:WIDE])}{more} ({what})")
    return out


def attention(module: Module, plan: Plan, text: str) -> Iterator[str]:
    """For each head and position the positions that it attends to; of the text from 0, the start token as its name."""
    ids = module.encode(text)
    names = [*([module.start] if module.start else []), *(f"{i}:{c}" for i, c in enumerate(module.split(text)))]
    stream = plan.states(plan.embed(ids))
    for number, layer in enumerate(plan.layers, 1):
        for h, head in enumerate(layer.heads):
            before = stream[2 * number - 2]
            best = winners(head.q.apply(before), head.k.apply(before))
            yield f"layer {number}, head {h}, for {', '.join(_names(plan, head, number)) or 'nothing that is read'}"
            width = max(map(len, names))
            for position, row in enumerate(best):
                to = [names[j] for j in np.flatnonzero(row)]
                yield f"  {names[position]:>{width}} -> {'all' if len(to) == len(names) > 1 else ' '.join(to)}"


def _names(plan: Plan, head: Head, layer: int) -> list[str]:
    """What a head writes, by the names of the coordinates."""
    rows = {coordinate for coordinate, row in enumerate(head.o.rows) if row}
    held = [r for r in plan.residents if r.coordinate in rows and r.born <= 2 * layer - 1 <= r.last]
    names = list(dict.fromkeys(r.name for r in held))
    return [*names[:4], f"{len(names) - 4} more"] if len(names) > 5 else names


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
