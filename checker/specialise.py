"""`efasp specialise`: the weights file of a machine specialised to a program. torch is imported only where it is used."""

from __future__ import annotations

import argparse
import json
import sys

from efasp.checker import arguments, cli
from efasp.checker.commands import directed, initial_memory, too_wide, word_of
from efasp.checker.errors import UsageError, absent, of_source
from efasp.checker.files import STDIN, beside_json, put_output, writable, wrote
from efasp.checker.interface import extension_of
from efasp.checker.solvers import installed
from efasp.encoding import CellLayout, LogLayout
from efasp.model.closed_forms import sizes
from efasp.model.compile import ENGINES, check_machine, compile_machine
from efasp.model.ranges import RangeError
from efasp.pram.assembler import AssemblyError
from efasp.pram.machine import Program

SHOWN = ("layers", "heads", "d_model", "d_ff", "parameters", "context")


def register(commands: cli.Commands) -> None:
    """Add the command `efasp specialise` to the parser."""
    made = cli.command(commands, "specialise", "write the transformer of one PRAM program, whose prompt holds data alone")
    what = "an assembly file (.pram), -, or a program of the library"
    made.add_argument("file", type=arguments.name, metavar="FILE", help=what)
    out = "the weights file; - is standard output"
    made.add_argument("-o", "--output", type=arguments.path, required=True, metavar="OUT", help=out)
    made.add_argument("--engine", choices=ENGINES, default="mdm", help="(default %(default)s)")
    made.add_argument("--json", action="store_true", help="the sizes as one JSON object")
    cli.directive_options(made)
    made.set_defaults(command=specialise)


def specialise(options: argparse.Namespace) -> int:
    """Write the file, and say its sizes beside the universal machine's. Raises UsageError."""
    if installed("torch") is None:
        raise UsageError(absent("torch"))
    beside_json("-o", options.output, options.json)
    writable("-o", options.output)
    where = word_of(options)
    try:
        if options.word is not None:
            check_machine(options.word, options.engine, "")
        program = directed(options.file, options, initial_memory(options.data))
    except (AssemblyError, OSError) as error:
        raise of_source(error) from None
    except ValueError as error:
        raise UsageError(f"{where}: {str(error).removeprefix('word: ')}") from None
    from efasp.model.weights import compiled, dump

    extension = extension_of(program)
    try:
        weights = compiled(program.word, options.engine, extension, code=program.instructions)
    except RangeError as error:
        raise UsageError(f"{where}: {too_wide(error, options.engine, extension)}") from None
    except ValueError as error:
        raise UsageError(f"{where}: {str(error).removeprefix('word: ')}") from None
    put_output(options.output, dump(weights))
    _report(options, program, extension)
    wrote(options.output)
    return 0


def _report(options: argparse.Namespace, program: Program, extension: str) -> None:
    """The sizes of both machines: the file's, and the universal one's of the same words, engine and extension."""
    rows = {}
    for name, code in (("specialised", program.instructions), ("universal", None)):
        plan = compile_machine(program.word, options.engine, extension, code)
        rows[name] = {**sizes(plan), "context": context(program, options.engine, extension, code is None)}
    known = {"engine": options.engine, "word": program.word, "extension": extension, "instructions": program.length}
    if options.json:
        print(json.dumps({"file": options.file, "output": str(options.output), **known, **rows}))
        return
    extended = f", extension {extension}" if extension else ""
    said = f"{options.engine}, {program.word}-bit words{extended}, {program.length} instructions"
    lines = [f"{options.file}: {said}", " ".join([" " * 13, *(f"{name:>10}" for name in SHOWN)])]
    lines += [" ".join([f"  {name:<11}", *(f"{row[name2]:>10}" for name2 in SHOWN)]) for name, row in rows.items()]
    growth = f" and {3 * program.processors} more a step" if options.engine == "mdm" else ""
    lines.append(f"  context: tokens for P = {program.processors}, M = {program.memory}, at the start{growth}")
    print("\n".join(lines), file=sys.stderr if options.output == STDIN else sys.stdout)


def context(program: Program, engine: str, extension: str, prompted: bool) -> int:
    """The tokens of a sequence at the start of decoding."""
    if engine == "mdm":
        log = LogLayout.of(program, extension, prompted)
        assert isinstance(log, LogLayout)
        return log.context_length(0)
    cells = CellLayout.of(program, extension, prompted)
    assert isinstance(cells, CellLayout)
    return cells.context_length
