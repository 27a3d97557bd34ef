"""The command `efasp info`: the sizes of compiled transformers, by width."""

from __future__ import annotations

import argparse
import json
from textwrap import wrap
from typing import TypedDict

from rich.table import Table

from efasp.checker.terminal import console
from efasp.model.closed_forms import CONTEXT, FROM, Piece, bound_text, pieces, sizes
from efasp.model.compile import ENGINES, compile_machine
from efasp.model.ranges import WIDEST, RangeError, dtype_for
from efasp.pram import machine
from efasp.pram.assembler.source import signed


def word_range(text: str) -> range:
    """``16`` or ``5..20``, of numbers as assembly has them; raises argparse's error for anything else."""
    low, dots, high = text.partition("..")
    first, last = signed(low), signed(high if dots else low)
    if first is None or last is None or len(text) > 100:
        raise argparse.ArgumentTypeError(f"expected a width or a range such as 5..20, found {text!r}")
    if first > last:
        raise argparse.ArgumentTypeError(f"expected a range from a width to a wider one, as 5..20, found {text!r}")
    widths = range(first, last + 1)
    if widths[0] < machine.MIN_WORD or widths[-1] > 64:
        raise argparse.ArgumentTypeError(f"expected widths within 5..64, found {text!r}")
    return widths


def info(options: argparse.Namespace) -> int:
    """`efasp info`: sizes of the compiled transformers, with their closed forms."""
    engines = options.engine or list(ENGINES)
    for engine in engines:
        rows = [_row(word, engine, options.ext) for word in options.word]
        forms = pieces(engine, options.ext)
        if options.json:
            stated = {"from": FROM[options.ext], **{name: held[-1].form for name, held in forms.items()}}
            each = {name: [piece._asdict() for piece in held] for name, held in forms.items()}
            for row in rows:
                print(json.dumps({**row, "closed_forms": {**stated, "pieces": each}}))
        else:
            _print_info(engine, options.ext, rows, forms)
    return 0


class InfoRow(TypedDict):
    """A transformer of `efasp info` (docs/commands.md). ``dtype``: None where no dtype carries its numbers exactly."""

    word: int
    engine: str
    extension: str
    layers: int
    d_model: int
    heads: int
    d_ff: int
    parameters: int
    vocabulary: int
    dtype: str | None
    context_length: str
    decode_steps: str


def _row(word: int, engine: str, extension: str) -> InfoRow:
    plan = compile_machine(word, engine, extension)
    try:
        dtype = dtype_for(plan)
    except RangeError:
        dtype = None
    return {
        "word": word,
        "engine": engine,
        "extension": extension,
        **sizes(plan),
        "vocabulary": plan.vocabulary.size,
        "dtype": dtype,
        "context_length": CONTEXT[engine],
        "decode_steps": "T",
    }


def _print_info(engine: str, extension: str, rows: list[InfoRow], forms: dict[str, list[Piece]]) -> None:
    names = ("word", "layers", "heads", "d_model", "d_ff", "parameters", "vocabulary", "dtype")
    table = Table(title=f"{engine}{', extension M' if extension else ''}", title_justify="left", padding=(0, 1, 0, 0), box=None)
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(str({**row}[name] or "none") for name in names))
    screen = console()
    screen.show(table)
    said = ["closed forms in w, the bits of a word:"]
    for name in (name for name in names if name in forms):
        held = [piece for piece in forms[name] if piece.last is None or piece.last >= rows[0]["word"]]
        said.append(f"  {name} {'; '.join(map(str, held))}")
        if rows[0]["word"] < held[0].first:
            said[-1] += f"; narrower words as in the table, at most {bound_text(engine, extension, name)}"
    said += [f"context {CONTEXT[engine]} tokens, decoding steps T (program of L instructions, M words, P processors, T steps)"]
    if any(row["dtype"] is None for row in rows):
        widest = WIDEST[engine, extension]
        said += [f"dtype none: neither float32 nor float64 is exact (the widest word of a transformer has {widest} bits)"]
    for line in said:
        print("\n".join(wrap(line, max(screen.width, 40), subsequent_indent="    " if line.startswith("  ") else "  ")))
