"""The program that a command is given: an ``.efasp`` or ``.rasp`` file, MODULE:NAME of Python, or a weights file."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from efasp.checker.errors import UsageError
from efasp.checker.language.rasp import Texts, is_rasp, translated
from efasp.examples import Example
from efasp.language.lexer import LanguageError
from efasp.language.module import Module, TextError
from efasp.language.program import parse_file
from efasp.model.header import WeightsError
from efasp.model.plan import Plan
from efasp.model.program_file import read_program
from efasp.pram.assembler.source import nearest
from efasp.pram.library import PROGRAMS
from efasp.syntax import Program

USUAL = Texts()


def given(file: str, name: str | None = None, texts: Texts = USUAL) -> Module:
    """The program of FILE or MODULE:NAME; ``name``: the definition that is its output (default: the last); ``texts``: those for
    which an operator of RASP is compiled.

    Raises UsageError for anything that is not a closed program.
    """
    if is_rasp(file):
        return translated(file, name, texts).module
    python = ":" in file and not Path(file).exists() and file.partition(":")[0].replace(".", "").isidentifier()
    module = _python(file) if python else _file(file)
    if name is not None:
        definitions = dict(module.program.definitions)
        if name not in definitions:
            raise UsageError(f"--name: expected a definition of {file}, found {name!r}{nearest(name, definitions)}")
        definitions[name] = definitions.pop(name)
        module = replace(module, program=Program(module.program.name, definitions))
    try:
        module.closed()
        _ = module.book
    except TextError as error:
        raise UsageError(f"{file}: {error}") from None
    return module


OTHERS = {
    ".pram": "one in assembly, which efasp run takes",
    ".safetensors": "a weights file, of which efasp eval --weights shows the output, and efasp decompile the program",
}

LIBRARY = "a PRAM program of the library, which efasp run takes"


def _file(file: str) -> Module:
    if (other := OTHERS.get(Path(file).suffix)) and Path(file).is_file():
        raise UsageError(f"{file}: expected a program of E-FASP, found {other}")
    try:
        return parse_file(file)
    except LanguageError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        if file in PROGRAMS:
            raise UsageError(f"{file}: expected a program of E-FASP, found {LIBRARY}") from None
        more = "" if Path(file).suffix else ": expected an .efasp file, or MODULE:NAME of Python"
        raise UsageError(f"{file}: {error.strerror or error}{more}") from None


def _python(file: str) -> Module:
    where, _, name = file.partition(":")
    sys.path.insert(0, "")
    try:
        value: Any = importlib.import_module(where)
    except (Exception, SystemExit) as error:  # any exception of a module that is not ours
        raise UsageError(f"{file}: expected a module that can be imported, found {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    for part in name.split("."):
        inside = value if isinstance(value, dict) else vars(value) if hasattr(value, "__dict__") else {}
        if part not in inside and not hasattr(value, part):
            raise UsageError(f"{file}: expected a program, found no {part!r}{nearest(part, map(str, inside))}")
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    if callable(value) and not isinstance(value, (Program, Example, Module)):
        try:
            value = value()
        except (Exception, SystemExit) as error:  # any exception of a function that is not ours
            wanted = "a program, or a function without arguments that makes one"
            raise UsageError(f"{file}: expected {wanted}, found one that raises {type(error).__name__}: {error}") from None
    start = ""
    if isinstance(value, Example):
        first = value.encode(value.alphabet[0])
        start = value.vocabulary.split(first[0])[0] if len(first) == 2 else ""
        value = value.program
    if isinstance(value, Module):
        return value
    if not isinstance(value, Program):
        raise UsageError(f"{file}: expected a program, a module of the language or an example, found {type(value).__name__}")
    try:
        return Module.of(value, start)
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None


def weights(path: Path) -> tuple[Module, Plan]:
    """The program and the plan of a program's weights file. Raises UsageError."""
    try:
        return read_program(path)
    except WeightsError as error:
        raise UsageError(f"--weights: {error}") from None
    except OSError as error:
        raise UsageError(f"--weights: {error.filename or path}: {error.strerror or error}") from None
