"""The parsers of the commands on programs: `efasp eval`, `compile` and `show`, and FILE of `efasp check`."""

from __future__ import annotations

import argparse

from efasp.checker import arguments, cli, session
from efasp.checker.errors import UsageError
from efasp.checker.language import decompile
from efasp.checker.language.check import check
from efasp.checker.language.commands import compile_, evaluate
from efasp.checker.language.rasp import LONGEST as LETTERS
from efasp.checker.language.repl import repl
from efasp.checker.language.serial import LONGEST, serial
from efasp.checker.language.show import show
from efasp.checker.learned import options as learned
from efasp.checker.learned.check import check as check_learned
from efasp.model.program_file import no_machine
from efasp.model.ranges import SIGNIFICAND

FILE = "an .efasp or .rasp file, - for standard input, or MODULE:NAME of a program in Python"
NAME = "the definition that is the output (default: the last)"


def extend(commands: cli.Commands, machine: argparse.ArgumentParser) -> None:
    """Add the commands, and to `efasp check`, which is about the machine, a program."""
    machine.add_argument("file", nargs="?", type=arguments.name, metavar="FILE", help=f"check a program instead: {FILE}")
    machine.add_argument("--name", metavar="N", help=f"for FILE: {NAME}")
    _texts(machine, "for a .rasp FILE: ")
    machine.set_defaults(command=_check)
    learned.extend(commands, machine)
    _eval(cli.command(commands, "eval", "evaluate an E-FASP program on a text, exactly or with a weights file in torch"))
    _compile(cli.command(commands, "compile", "write the transformer of an E-FASP program to a safetensors file"))
    decompile.extend(cli.command(commands, "decompile", "write a weights file's transformer as an E-FASP program"))
    _serial(
        cli.command(
            commands, "serial", "write a layer plan's masked diffusion as a program of a PRAM with one processor, and run it"
        )
    )
    _repl(
        cli.command(commands, "repl", "open a session: statements are added, expressions shown at every position of an example")
    )
    _show(
        cli.command(
            commands, "show", "print a program's definitions, primitives, layers and heads, and which positions attend to which"
        )
    )


def _eval(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", nargs="?", type=arguments.name, metavar="FILE", help=FILE)
    command.add_argument("--name", metavar="N", help=NAME)
    command.add_argument("--on", required=True, type=arguments.letters, metavar="TEXT", help="the input, letter by letter")
    command.add_argument(
        "--weights",
        type=arguments.path,
        metavar="FILE",
        help="a weights file of `efasp compile` or `efasp train`, run in torch",
    )
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.set_defaults(command=evaluate)


def _compile(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=arguments.name, metavar="FILE", help=FILE)
    command.add_argument("--name", metavar="N", help=NAME)
    _texts(command, "as that of the file; of a .rasp file ")
    command.add_argument(
        "--dtype", choices=tuple(SIGNIFICAND), help="dtype of the weights (default: the narrowest that is exact)"
    )
    command.add_argument(
        "-o", "--output", type=arguments.path, required=True, metavar="OUT", help="the file to write; - is standard output"
    )
    command.add_argument("--json", action="store_true", help="the program and its sizes as one JSON object")
    command.set_defaults(command=compile_)


def _texts(command: argparse.ArgumentParser, of: str) -> None:
    """The texts that an operator of RASP is compiled for."""
    usual = f"default: its strings of one letter, with a and b if these are fewer than two; {LETTERS} letters"
    command.add_argument("--alphabet", metavar="A", help=f"{of}the letters of its texts")
    command.add_argument(
        "--max-length", type=arguments.positive, metavar="L", help=f"{of}the largest number of letters ({usual})"
    )


def _serial(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", type=arguments.name, metavar="FILE", help=f"{FILE}; or a PRAM program (.pram, or of the library)"
    )
    command.add_argument("--name", metavar="N", help=NAME)
    command.add_argument(
        "--on", type=arguments.letters, metavar="TEXT", help="for an E-FASP program: the input, letter by letter"
    )
    passes = f"at most K passes (default: 1, with masks S); for a PRAM program its steps (default: all, up to {LONGEST})"
    command.add_argument("--passes", type=arguments.positive, metavar="K", help=passes)
    ties = "represent values of attention multiplied by K (default: such that every mean is exact, if there are means; else 1)"
    command.add_argument("--ties", type=arguments.positive, metavar="K", help=ties)
    command.add_argument(
        "-o", "--output", type=arguments.path, metavar="OUT", help="write the program and do not run it; - is standard output"
    )
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.set_defaults(command=serial)


def _repl(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", nargs="?", type=arguments.name, metavar="FILE", help=f"begin with {FILE}")
    command.set_defaults(command=repl)


def _show(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=arguments.name, metavar="FILE", help=FILE)
    command.add_argument("--name", metavar="N", help=NAME)
    command.add_argument("--on", type=arguments.letters, metavar="TEXT", help="the example (default: letters of the alphabet)")
    command.add_argument("--svg", type=arguments.path, metavar="OUT", help="write the residual stream as a picture")
    command.add_argument("--html", type=arguments.path, metavar="OUT", help="write all of this as one page")
    command.add_argument("--json", action="store_true", help="all of this as one JSON object")
    command.set_defaults(command=show)


def _check(options: argparse.Namespace) -> int:
    """`efasp check`: of the machine, of a checkpoint, or of a program, which a program's weights file holds too."""
    if options.learned is not None:
        return check_learned(options)
    if options.task is not None:
        raise UsageError("--task: expected --learned FILE with it, found none")
    if options.file is None:
        of_program = options.weights is not None and no_machine(options.weights)
        of_texts = () if of_program else (("alphabet", options.alphabet), ("max-length", options.max_length))
        for flag, value in (("name", options.name), *of_texts):
            if value is not None:
                raise UsageError(f"--{flag}: expected FILE with it, found none")
        if not of_program:
            return session.check(options)
    return check(options)
