"""The self-description of a weights file, beside its machine or program: enough to run it without this package. Needs no torch.

Metadata since version 2 (all strings; docs/weights-format.md has them to the byte): ``vocabulary`` and ``places`` (codebooks),
``layout`` (the sections of places, from position 0 on), ``readout`` ("tokens", or "numbers" where the read-out does not code a
token), ``start`` (the kind of the token before every text, or nothing), ``attention``, and ``scale`` (that of the scores in
softmax, by the dtype).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from efasp.codebook import Codebook
from efasp.encoding import CellLayout, LogLayout
from efasp.model.header import WeightsError, shown
from efasp.model.ranges import SCALE
from efasp.places import Section

ATTENTION = "bidirectional-softmax"  # every position attends to every position, itself included
TOKENS, NUMBERS = "tokens", "numbers"


def text(value: Any) -> str:
    """JSON as a header has it: sorted keys, nothing between, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def described(
    books: tuple[Codebook, Codebook], sections: Sequence[Section], readout: str = TOKENS, start: str = ""
) -> dict[str, str]:
    """The metadata for a vocabulary and places, a layout, a read-out and a start token."""
    return {
        "attention": ATTENTION,
        "layout": text([{"axes": section.axes, "kinds": section.kinds} for section in sections]),
        "places": text(_book(books[1])),
        "readout": readout,
        "scale": text(SCALE),
        "start": start,
        "vocabulary": text(_book(books[0])),
    }


def _book(book: Codebook) -> dict[str, Any]:
    return {
        "fields": [[field.name, field.payload, field.encode, field.shift] for field in book.fields],
        "kinds": [[kind.name, kind.payloads] for kind in book.kinds],
        "payloads": book.payloads,
    }


def machine_sections(word: int, engine: str, extension: str, prompted: bool = True) -> tuple[Section, ...]:
    """The layout of an engine's sequences for every program: its sizes are the names P, M and L; not ``prompted``: L is 0, as
    the program is in the weights."""
    layout = CellLayout if engine == "apmdm" else LogLayout
    sizes: Any = ("P", "M", "L" if prompted else 0)
    return layout(word, extension, *sizes).sections


def plain_sections(places: Codebook, read: bool) -> tuple[Section, ...]:
    """The layout of a program's sequences: one place after the other; as many as there are, or, where the program does not read
    them, as there are tokens: the name N. Nothing for places that are not plain numbers, as a decompiled machine's."""
    if len(places.kinds) > 1 or len(places.payloads) > 1:
        return ()
    ((name, bits),) = places.payloads
    size: Any = 1 << bits if read else "N"
    return (Section((places.kinds[0].name,), ((name, size),)),)


def check_described(path: Path, found: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Raises WeightsError where a file's description of itself differs from its machine or program; version 1 had none."""
    if found["version"] == "1":
        return
    for key, value in expected.items():
        if key not in found:
            raise WeightsError(f"{path}: metadata: expected a key {key}, found none")
        if found[key] != value:
            raise WeightsError(f"{path}: metadata {key}: expected {shown(value)}, found {shown(found[key])}")
