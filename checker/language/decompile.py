"""`efasp decompile`: a weights file as an E-FASP program that computes the same, and compiles to the same matrices."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from efasp.checker import arguments
from efasp.checker.errors import UsageError
from efasp.checker.files import STDIN, beside_json, display_path, writable, write
from efasp.language import printer
from efasp.language import tree as t
from efasp.language.formulas import shown as formula
from efasp.language.lexer import LanguageError
from efasp.language.module import Module, TextError
from efasp.language.program import parse
from efasp.language.specification import check_formula
from efasp.model.header import WeightsError
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.program_file import is_program, read_machine, read_program
from efasp.model.residual_form import decompile, differences, reads_places
from efasp.pram.isa import Code
from efasp.sorts import Sort

LETTERS = 3  # of the texts on which a sort is tried, and of the alphabet
HEADER = """\
# The residual stream of a transformer, h0, h1, ..., one definition a sublayer; the program compiles to exactly these layers.
"""


@dataclass(frozen=True)
class Decompiled:
    """A program in residual form; ``left_out``: formulas of the file's specification that speak of what it does not have;
    ``unsorted``: a text on which the output is not of the sort that the file's program says, which is not declared then;
    ``code``: the instructions to which the file's machine is specialised, if it is."""

    module: Module
    left_out: tuple[str, ...] = ()
    unsorted: str | None = None
    code: Code | None = None


def written(options: argparse.Namespace) -> int:
    """`efasp decompile`: read, decompile, compare what the text compiles to with the file, write."""
    path: Path = options.weights
    beside_json("-o", options.output, options.json)
    writable("-o", options.output)
    try:
        result, plan = decompiled(path)
    except WeightsError as error:
        raise UsageError(str(error).replace(str(path), str(display_path(path)))) from None
    except OSError as error:
        raise UsageError(f"{display_path(path)}: {error.strerror or error}") from None
    text = HEADER + printer.write(result.module)
    try:
        again = lower(parse(text, "the program").program)
    except LanguageError as error:  # of a transformer that is too wide for a text
        raise UsageError(f"{display_path(path)}: expected a transformer that a text can have: {error.message}") from None
    if differing := differences(plan, again):
        raise AssertionError(f"{display_path(path)}: the program compiles to other numbers: {differing[0]}")
    write(options.output, text, "-o")
    said = {
        "file": str(display_path(path)),
        "output": str(options.output),
        "program": result.module.program.name,
        "layers": len(plan.layers),
        "d_model": plan.width,
        "definitions": len(result.module.program.definitions),
        "dtype": plan.dtype,
        "left_out": list(result.left_out),
    }
    if options.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print("{output}: {program}, {definitions} definitions for {layers} layers, d_model {d_model}, {dtype}; "
              "it compiles to the numbers of {file}".format(**said),
              file=sys.stderr if options.output == STDIN else sys.stdout)  # fmt: skip
    if result.unsorted is not None:
        print(f"efasp: on {result.unsorted!r} the output is not of the sort that the file's program says: none is declared",
              file=sys.stderr)  # fmt: skip
    if result.code is not None:
        print(f"efasp: the text does not say to which {len(result.code)} instructions the machine is specialised: the file "
              "that efasp compile writes of it is read as a universal machine's", file=sys.stderr)  # fmt: skip
    for line in result.left_out:
        print(f"efasp: left out, as it speaks of definitions that a transformer does not have: {line}", file=sys.stderr)
    return 0


def decompiled(path: Path) -> tuple[Decompiled, Plan]:
    """The program of a weights file, of a machine or of a program, and the file's plan. Raises WeightsError and OSError."""
    if is_program(path):
        return of_program(*read_program(path))
    word, engine, extension, plan, code = read_machine(path)
    program = decompile(plan, "_".join(filter(None, (engine, str(word), extension))))
    return Decompiled(Module(program, plan.vocabulary, plan.places, dtype=plan.dtype or ""), code=code), plan


def of_program(module: Module, plan: Plan) -> tuple[Decompiled, Plan]:
    """The decompiled program of a program's file, with what its specification says of the output."""
    output = next(reversed(module.program.definitions))
    sort = module.program.output.sort
    unsorted = next((text for text in _texts(module) if not _is_of(sort, plan, module.encode(text))), None)
    made = decompile(plan, module.program.name, output, sort if unsorted is None else None)
    places = plan.places if reads_places(plan) else module.places
    kept: dict[str, tuple[t.Tree, ...]] = {}
    left_out: list[str] = []
    for what, trees in (("requires", module.requires), ("ensures", module.ensures)):
        strange = [tree for tree in trees if check_formula(tree, [output], what)]
        kept[what] = tuple(tree for tree in trees if tree not in strange)
        left_out += [f"{what} {formula(tree)}" for tree in strange]
    requires, ensures = kept["requires"], kept["ensures"]
    whole = Module(made, plan.vocabulary, places, module.start, requires, ensures, dtype=plan.dtype or "")
    return Decompiled(whole, tuple(left_out), unsorted), plan


def _texts(module: Module) -> Iterator[str]:
    """Short texts, on which the sort of an output is tried; none where places are not numbers, and so no text is an input."""
    try:
        longest = module.longest
    except TextError:
        return
    most = LETTERS if longest is None else min(LETTERS, longest)
    some = module.letters[:LETTERS]
    yield from (module.join(letters) for length in range(1, most + 1) for letters in product(some, repeat=length))


def _is_of(sort: Sort, plan: Plan, ids: Sequence[int]) -> bool:
    return all(sort.admits(row) for row in plan.forward(ids).tolist())


def extend(command: argparse.ArgumentParser) -> None:
    """Add the arguments of `efasp decompile`."""
    command.add_argument(
        "weights", type=arguments.path, metavar="FILE", help="a weights file of `efasp compile` or `efasp export`"
    )
    command.add_argument(
        "-o", "--output", type=arguments.path, required=True, metavar="OUT", help="written; - is standard output"
    )
    command.add_argument("--json", action="store_true", help="one JSON object that says what was written")
    command.set_defaults(command=written, called={"weights": "FILE"})
