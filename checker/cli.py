"""The command line of the checker: its parser and its entry point (docs/commands.md)."""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import NoReturn, TypeAlias

from efasp.checker import commands, formats, openings, session
from efasp.checker import info as sizes
from efasp.checker.arguments import bound, cluster, count, duration, letters, mebibytes, name, number, path, positive
from efasp.checker.completion import SHELLS, script, words
from efasp.checker.errors import SourceError, UsageError, message_of
from efasp.checker.files import inputs, writes
from efasp.checker.helptexts import TOP, epilog
from efasp.checker.options import RunOptions
from efasp.checker.signals import Deserted, Ended, ended_by_signals, while_read
from efasp.checker.solvers import PROOFS
from efasp.model.compile import ENGINES, MASKED_ARM
from efasp.pram.assembler.source import nearest
from efasp.pram.machine import POLICIES
from efasp.proofs.rocq.interpreter import ENGINES as KERNEL_ENGINES

DEFECT = 70  # the exit code of an error that nothing expected; 1 is that of a refutation
WHOLE = argparse.RawDescriptionHelpFormatter  # keeps the lines of the ends of help texts

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Extend: TypeAlias = "Callable[[Commands, argparse.ArgumentParser], None]"


class _Version(argparse.Action):
    """Prints versions and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print("\n".join(f"{name} {version or 'not installed'}" for name, version in session.versions().items()))
        parser.exit()


class Parser(argparse.ArgumentParser):
    """A parser that says of a word that is none of the choices which of these is most like it."""

    def error(self, message: str) -> NoReturn:
        """As of argparse: prints the usage and the message, and exits with 2."""
        wrong = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        hint = nearest(wrong[1], re.findall(r"'([^']+)'", wrong[2])) if wrong else ""
        super().error(message + hint)


def parser(extend: Extend | None = None) -> argparse.ArgumentParser:
    """The parser of every command, with the function that carries it out as ``command``.

    ``extend`` is given the commands, to add its own, and that of `efasp check`, to add its options.
    """
    description = "Runs any PRAM program in one compiled transformer, and checks the proofs about it."
    top: argparse.ArgumentParser = Parser(prog="efasp", description=description, epilog=TOP, formatter_class=WHOLE)
    top.add_argument("--version", action=_Version, nargs=0, help="the versions of efasp and of the packages that it rests on")
    listed = top.add_subparsers(required=True, metavar="COMMAND")
    _run(command(listed, "run", "run PRAM programs: directly, by masked diffusion, or by any-process generation"))
    _cfg(command(listed, "cfg", "decide whether a context-free grammar derives a word, by a PRAM program of O(log n) steps"))
    _programs(command(listed, "programs", "list the library of PRAM programs, or print the text of one"))
    _info(command(listed, "info", "print the transformer's layers, widths, parameters, context and decoding steps"))
    _export(command(listed, "export", "write a transformer: as safetensors, for the package transformers, or as ONNX"))
    _opening(
        command(
            listed, "opening", "print the opening of a decoding, token by token, for other programs that read weights files"
        )
    )
    check = command(listed, "check", "discharge the obligations of the construction")
    _check(check)
    _certify(command(listed, "certify", "produce a proof of every SMT obligation, replayed by checkers that are not solvers"))
    if extend is not None:
        extend(listed, check)
    completion = command(listed, "completion", "print a script with which a shell completes commands, flags and names")
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    completion.set_defaults(command=partial(_complete, top))
    return top


def command(listed: Commands, name: str, what: str) -> argparse.ArgumentParser:
    """A command's parser: in the list ``what`` it does, in its help also examples and exit codes."""
    return listed.add_parser(name, help=what, description=what, epilog=epilog(name), formatter_class=WHOLE)


def _complete(top: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    print(script(options.shell, top), end="")
    return 0


def _run(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "files",
        nargs="+",
        type=name,
        metavar="FILE",
        help="assembly files (.pram), - for standard input, or programs of the library by name",
    )
    engines = ("reference", *ENGINES, MASKED_ARM, *KERNEL_ENGINES)
    run.add_argument("--engine", choices=engines, help="(default: that of --weights, else reference)")
    run.add_argument("--max-steps", type=count, default=10_000, metavar="T", help="stop after T PRAM steps (default 10000)")
    run.add_argument(
        "--attention",
        choices=("indexed", "dense"),
        help="compute only the changes, by hashed keys (indexed, default), or every pass in full; the result is the same",
    )
    where = "the device on which torch computes, if it is exact there (default %(default)s)"
    run.add_argument("--device", choices=("cpu", "cuda"), default=commands.CPU, help=where)
    run.add_argument("--json", action="store_true", help="one JSON object per file, one per line")
    program_options(run)
    run.set_defaults(command=commands.run)


def program_options(command: argparse.ArgumentParser) -> None:
    """The options that override a program's directives, and the transformer's file."""
    directive_options(command)
    command.add_argument("--weights", type=path, metavar="FILE", help="run the transformer of a weights file, if it is exact")
    command.add_argument("--inexact", action="store_true", help="accept a file whose dtype may round, with a warning")


def directive_options(command: argparse.ArgumentParser) -> None:
    """The options that override a program's directives."""
    command.add_argument("--word", type=number, metavar="W", help="word width in bits; overrides .word")
    command.add_argument("--processors", type=number, metavar="P", help="number of processors; overrides .processors")
    command.add_argument("--memory", type=number, metavar="M", help="words of shared memory; overrides .memory")
    command.add_argument("--policy", choices=POLICIES, help="access policy; overrides .policy")
    command.add_argument("--data", type=name, metavar="FILE", help="initial memory as JSON, on top of .data")


def _opening(opening: argparse.ArgumentParser) -> None:
    opening.add_argument("file", type=name, metavar="FILE", help="an assembly file (.pram), -, or a program of the library")
    opening.add_argument("--engine", choices=ENGINES, required=True)
    opening.add_argument("--steps", type=count, metavar="T", help="for mdm: masks for T steps (default: those that it takes)")
    opening.add_argument(
        "--specialised", action="store_true", help="for a transformer of this program, as efasp specialise writes it"
    )
    opening.add_argument("--json", action="store_true", help="one JSON object, with ids and places")
    directive_options(opening)
    opening.set_defaults(command=openings.opening_)


def _cfg(cfg: argparse.ArgumentParser) -> None:
    cfg.add_argument("file", type=name, metavar="GRAMMAR", help="one rule per line, S -> A B | a (Chomsky normal form)")
    word = "the word, one character per letter (--word=STRING if it begins with -)"
    cfg.add_argument("--word", dest="text", type=letters, required=True, metavar="STRING", help=word)
    cfg.add_argument("--engine", choices=("reference", *ENGINES, MASKED_ARM, *KERNEL_ENGINES), default="reference")
    cfg.add_argument("--attention", choices=("indexed", "dense"), help="as in efasp run")
    cfg.add_argument("--pram", type=path, metavar="FILE", help="also write the PRAM program")
    cfg.add_argument("--json", action="store_true", help="one JSON object")
    cfg.set_defaults(command=commands.cfg, weights=None, device=commands.CPU)


def _programs(programs: argparse.ArgumentParser) -> None:
    programs.add_argument("name", nargs="?", metavar="NAME", help="print this one (default: list all)")
    programs.add_argument("--json", action="store_true", help="one JSON object per program, one per line")
    programs.set_defaults(command=commands.programs)


def _info(info: argparse.ArgumentParser) -> None:
    info.add_argument("--word", type=sizes.word_range, default="5..20", metavar="W", help="a width, or a range (5..20)")
    info.add_argument("--engine", choices=ENGINES, action="append", help="one engine (default: both)")
    info.add_argument("--ext", choices=("M",), default="", help="with extension M")
    info.add_argument("--json", action="store_true", help="one JSON object per transformer, one per line")
    info.set_defaults(command=sizes.info)


def _export(export: argparse.ArgumentParser) -> None:
    export.add_argument("--word", type=number, metavar="W", help="for a machine: word width in bits")
    export.add_argument("--engine", choices=ENGINES, help="for a machine: which transformer")
    export.add_argument("--ext", choices=("M",), default="", help="for a machine: with extension M")
    export.add_argument("--format", choices=("safetensors", "hf", "onnx"), default="safetensors", help="(default %(default)s)")
    export.add_argument(
        "--name", metavar="N", help="for a program's text: the definition that is the output (default: the last)"
    )
    export.add_argument("--json", action="store_true", help="what was written, as one JSON object")
    what = (
        "[SOURCE] OUT: of SOURCE (an .efasp file, MODULE:NAME, or a weights file), or of a machine; - as OUT is standard output"
    )
    export.add_argument("operands", nargs="+", type=name, metavar="FILE", help=what)
    export.set_defaults(command=formats.export)


def cluster_option(command: argparse.ArgumentParser) -> None:
    """The option that has a Dask cluster do the work."""
    what = "run on a Dask cluster: that of a scheduler (HOST:PORT), or N processes started here (local:N)"
    command.add_argument("--cluster", type=cluster, metavar="ADDRESS", help=what)


def budget_options(command: argparse.ArgumentParser) -> None:
    """The bound, and the budget of a run."""
    command.add_argument("--n-max", type=bound, metavar="N", help="for every n from 1 to N (default 64, at most 2^64)")
    command.add_argument("--jobs", type=positive, metavar="J", help="worker processes (default: one per core)")
    seconds, memory, default = RunOptions.timeout, RunOptions.memory, "(default %(default)g)"
    command.add_argument("--timeout", type=duration, default=seconds, metavar="S", help=f"seconds per obligation {default}")
    command.add_argument("--memory", type=mebibytes, default=memory, metavar="MB", help=f"MiB per worker {default}")
    command.add_argument("--no-cache", action="store_true", help="neither use nor write cached verdicts")


def choice_options(command: argparse.ArgumentParser) -> None:
    """The lemmas, the transformer and the report."""
    command.add_argument("--lemma", nargs="+", action="extend", metavar="ID", help="only these lemmas (globs)")
    command.add_argument(
        "--weights", type=path, metavar="FILE", help="check the transformer of a weights file, not a compiled one"
    )
    command.add_argument("--json", type=name, metavar="FILE", help="write the report as JSON (- for standard output)")


def run_options(command: argparse.ArgumentParser) -> None:
    """The options of a run of the checker."""
    budget_options(command)
    command.add_argument("--solver", nargs="+", action="extend", metavar="NAME", help="z3, cvc5 or bitwuzla (default z3)")
    command.add_argument("--kernel", action="store_true", help="also check plans with the Rocq theorem about them (needs Rocq)")
    command.add_argument("--mutants", action="store_true", help="also run every lemma's mutants, each of which must be refuted")
    command.add_argument("--twins", action="store_true", help="as --mutants, with each mutant once more, active at w = 6 only")


def _check(check: argparse.ArgumentParser) -> None:
    run_options(check)
    choice_options(check)
    cluster_option(check)
    drawn = "number of mutants of a weights file (default %(default)s)"
    check.add_argument("--changes", type=positive, default=RunOptions.changes, metavar="K", help=drawn)
    check.add_argument("--list", action="store_true", help="list the obligations, discharge none")
    check.add_argument("--export", type=path, metavar="DIR", help="write every SMT obligation as a file, discharge none")
    check.set_defaults(command=session.check, html=None)


def _certify(certify: argparse.ArgumentParser) -> None:
    budget_options(certify)
    choice_options(certify)
    cluster_option(certify)
    certify.add_argument("--out", type=path, metavar="DIR", help="write every script and its proof")
    certify.add_argument("--cvc5-proofs", choices=PROOFS, help="with --out: also cvc5's own proofs, which nothing here replays")
    certify.set_defaults(command=_prove)


def _prove(options: argparse.Namespace) -> int:
    from efasp.checker.certificates.command import certify  # loads Z3

    return certify(options)


def main(arguments: Sequence[str] | None = None, extend: Extend | None = None) -> int:
    """Entry point; returns the exit code (argparse exits with 2 on bad usage)."""
    _streams()
    code = _carried_out(arguments, extend)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()  # the error of this exit code has been printed
    return code


def _carried_out(arguments: Sequence[str] | None, extend: Extend | None) -> int:
    """Carry out a command; gives the exit code. Output that is not flushed belongs to a command that has failed."""
    try:
        with ended_by_signals():
            try:
                options = parsed(parser(extend), arguments)
            except SystemExit:
                sys.stdout.flush()  # of --help: a reader that has gone would be a failure at the end of the process
                raise
            with inputs(options), nullcontext() if writes(options) else while_read():
                code: int = options.command(options)
            sys.stdout.flush()
            return code
    except UsageError as error:
        print(f"{'' if isinstance(error, SourceError) else 'efasp: '}{error}", file=sys.stderr)
        return 2
    except (BrokenPipeError, Deserted):
        _drop_output()  # the reader has gone
        return 0
    except OSError as error:
        full = error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
        where = f"{error.filename}: " if error.filename is not None else "standard output: " if full else ""
        print(f"efasp: {where}{error.strerror or error}", file=sys.stderr)
        _drop_output()
        return 2
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("efasp"):
            return _defect()
        print(f"efasp: {message_of(error)}", file=sys.stderr)
        return 2
    except MemoryError:
        print("efasp: expected a task that fits in memory, found too large a one", file=sys.stderr)
        return 2
    except Ended as error:
        print(f"efasp: ended by {error.signal.name}", file=sys.stderr)
        return 128 + error.signal
    except KeyboardInterrupt:
        print("efasp: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception:
        return _defect()


def parsed(made: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; files of `efasp run` and `export` may stand before and after flags (argparse ends lists there)."""
    options, more = made.parse_known_args(arguments)
    listed = next((one for one in ("files", "operands") if hasattr(options, one)), None)
    if listed is not None and not any(not word or (word.startswith("-") and word != "-") for word in more):
        getattr(options, listed).extend(more)
    elif more:
        commands_flags = words(made)
        chosen = next(word for word in (sys.argv[1:] if arguments is None else arguments) if word in commands_flags)
        hint = nearest(more[0], filter(None, commands_flags[chosen])) if more[0].startswith("--") else ""
        made.error(f"unrecognized arguments: {' '.join(more)}{hint}")
    return options


def _defect() -> int:
    """Print the exception that is handled, which nothing expected; the exit code."""
    traceback.print_exc()
    print("efasp: this is a defect of efasp: please report it with the lines above", file=sys.stderr)
    return DEFECT


def _streams() -> None:
    """A closed stream becomes the null device (else the next file would get its number); odd file names are shown escaped."""
    for stream_name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, stream_name) is None:
            setattr(sys, stream_name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (for the rest of the process)
    for stream_name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, stream_name), io.TextIOWrapper):
            if stream is getattr(sys, f"__{stream_name}__") and isinstance(stream.buffer, io.RawIOBase):
                whole = io.BufferedWriter(stream.buffer)  # PYTHONUNBUFFERED: signals would cut writes short
                setattr(sys, stream_name, stream := io.TextIOWrapper(whole, encoding=stream.encoding, line_buffering=True))
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Output that is not yet flushed is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
