"""From a text or a file to a Program: the assembler's two passes, one after the other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from efasp.pram.assembler.parser import read_listing
from efasp.pram.assembler.resolver import Resolver
from efasp.pram.assembler.source import Source, read_text, split_lines
from efasp.pram.machine import MAX_PROCESSORS, Program


class Options(TypedDict, total=False):
    """The options of ``assemble``."""

    word: int | None
    processors: int | None
    memory: int | None
    policy: str | None
    data: Mapping[int, int] | None
    extension: str


def assemble(
    text: str,
    file: str = "<text>",
    *,
    word: int | None = None,
    processors: int | None = None,
    memory: int | None = None,
    policy: str | None = None,
    data: Mapping[int, int] | None = None,
    extension: str = "M",
) -> Program:
    """The program that ``text`` says, for a machine with ``extension``; an option given wins over its directive.

    ``word`` in bits (16 if nothing says otherwise), ``processors`` (1), ``memory`` in words (64, fewer if the word
    addresses fewer, more if the data reach further), ``policy`` (priority); ``data`` from address to word, on top of
    ``.data``. ``Program.data`` ends with the last word that is given, ``Program.name`` is the stem of ``file``.
    Raises AssemblyError for any error. Source: docs/assembly.md.
    """
    source = Source(file, split_lines(text))
    listing = read_listing(source)
    resolver = Resolver(source, listing, {"word": word, "processors": processors, "memory": memory, "policy": policy})
    count = resolver.setting("processors", 1, 1 << resolver.word, MAX_PROCESSORS)
    size, words = resolver.memory({} if data is None else data)
    return Program(
        instructions=resolver.instructions(extension),
        word=resolver.word,
        processors=1 if count is None else count,
        memory=size,
        policy=resolver.policy(),
        data=words,
        name="program" if file == "<text>" else Path(file).stem or "program",
    )


def assemble_file(path: str | os.PathLike[str], **options: Unpack[Options]) -> Program:
    """``assemble`` the UTF-8 file ``path``. Raises AssemblyError, and OSError where the file cannot be read."""
    return assemble(read_text(path), os.fspath(path), **options)
