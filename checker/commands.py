"""The commands `efasp run`, `cfg` and `programs`. Each takes the parsed options and returns the exit code.

torch is imported only where it is used.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from efasp.checker import kernel_engines
from efasp.checker.arguments import unused
from efasp.checker.errors import UsageError, absent, hint, reason
from efasp.checker.files import beside_json, display_path, writable, write
from efasp.checker.interface import decoded, extension_of, weights_for
from efasp.checker.session import notice
from efasp.checker.solvers import installed
from efasp.checker.terminal import progress
from efasp.checker.weights_file import check_program, load_checked_weights
from efasp.context_free import SizeError, instance, member, steps
from efasp.encoding import LOG_SLOTS, clock_bits
from efasp.grammar import read_grammar
from efasp.model.compile import ENGINES, MASKED_ARM
from efasp.model.ranges import WIDEST, RangeError
from efasp.model.runs import DecodingError
from efasp.pram import library, machine
from efasp.pram.assembler import AssemblyError, Data, parse_data_file
from efasp.pram.assembler.disassembler import disassemble
from efasp.pram.assembler.source import nearest
from efasp.pram.machine import Program, Run
from efasp.proofs.rocq.interpreter import ENGINES as KERNEL_ENGINES
from efasp.proofs.rocq.interpreter import Decoder, InterpreterError, WidthError

if TYPE_CHECKING:
    from efasp.model.weights import Weights

MANY = 32  # passes a PRAM step of a Masked-ARM: its run takes minutes
TORCH = (*ENGINES, MASKED_ARM)  # the engines that run in torch
CPU = "cpu"  # the device unless another one is asked for
REFUSED = (UsageError, RangeError, MemoryError)  # the errors for which a file is not run


# run


@dataclass(frozen=True)
class Refusal:
    """Why a file is not run, in words that name it; to a person also a hint."""

    reason: str
    hint: str = ""


def run(options: argparse.Namespace) -> int:
    """`efasp run`: every file by itself, or those of one transformer as a batch, if passes are dense; the exit code is that of
    the first that did not exit with 0."""
    try:
        weights = _weights(options)
        data = initial_memory(options.data)
    except UsageError as error:
        if not options.json:
            raise
        return max(_refuse(file, Refusal(str(error)), options) for file in options.files)
    programs = (_assembled(file, options, data, weights) for file in options.files)
    batched = options.attention == "dense" and options.engine in TORCH and len(options.files) > 1
    alone = (_result(file, one, options, weights) for file, one in zip(options.files, programs, strict=True))
    made = _together(list(programs), options, weights) if batched else alone
    codes = [_report_result(file, result, options) for file, result in zip(options.files, made, strict=True)]
    return next((code for code in codes if code), 0)


def _needs_torch(engine: str) -> None:
    """Raises UsageError where an engine runs in torch, and torch is not installed."""
    if engine in TORCH and installed("torch") is None:
        raise UsageError(f"--engine {engine}: {absent('torch')}")


def _weights(options: argparse.Namespace) -> Weights | Decoder | None:
    """What decodes, where a file says so; sets the engine where none was asked for: the file's, or reference.

    Raises UsageError, also where an engine lacks what it runs in.
    """
    if options.engine is None and options.weights is None:
        options.engine = "reference"
    _needs_torch(options.engine or ENGINES[0])
    if options.device != CPU:
        if options.engine not in (None, *TORCH):
            raise UsageError(f"--device {options.device}: expected --engine {', '.join(TORCH)}, found {options.engine}")
        _tested(options.device, "float32")
    options.attention = _attention(options)
    if options.engine in KERNEL_ENGINES:
        return kernel_engines.of_file(options.engine, options.weights, options.inexact)
    if options.weights is None and not options.inexact:
        return None
    if options.engine not in (None, *ENGINES):
        name = "--inexact" if options.weights is None else "--weights"
        taken = ENGINES if options.inexact else (*ENGINES, *KERNEL_ENGINES)
        raise UsageError(f"{name}: expected --engine {', '.join(taken)}, found {options.engine}")
    if (file := load_checked_weights(options.weights, options.engine, options.inexact)) is None:
        return None
    from efasp.model.weights import loaded

    options.engine = file.engine
    return loaded(*file)


def _attention(options: argparse.Namespace) -> str:
    """How passes are made: as ``--attention`` asks, which is named where it has no effect; indexed where nothing is asked."""
    cuda, always = options.device != CPU, options.engine in (MASKED_ARM, *KERNEL_ENGINES)
    dense = f"--device {options.device}" if cuda else f"--engine {options.engine}" if always else ""
    why = ""
    if options.engine == "reference":
        why = "with --engine reference, which makes no passes"
    elif dense and options.attention == "indexed":
        why = f"with {dense}, whose passes are dense"
    for text in unused(options, ("attention",), why) if why else ():
        notice(text)
    return "dense" if cuda else options.attention or "indexed"


def initial_memory(file: str | None) -> Data | None:
    """The words of ``--data FILE``. Raises UsageError."""
    try:
        return parse_data_file(file) if file is not None else None
    except (AssemblyError, OSError) as error:
        raise UsageError(f"--data: {reason(error)}") from None


def _tested(device: str, dtype: str) -> Any:
    """A device of torch that is exact in a dtype. Raises UsageError."""
    from efasp.model.device import DeviceError
    from efasp.model.device import device as tested

    try:
        return tested(device, dtype)
    except DeviceError as error:
        raise UsageError(f"--device {device}: {error}") from None


def directed(file: str, options: argparse.Namespace, data: Data | None, extension: str = "M") -> Program:
    """The program of a file, with the directives that are options. Raises AssemblyError and OSError."""
    return library.assembled(
        file,
        word=options.word,
        processors=options.processors,
        memory=options.memory,
        policy=options.policy,
        data=data,
        extension=extension,
    )


def word_of(options: argparse.Namespace) -> str:
    """What says the width of a command's words, for a message about it: the flag, or the file's directive."""
    return f"{options.file}: .word" if options.word is None else "--word"


def _assembled(
    file: str, options: argparse.Namespace, data: Data | None, weights: Weights | Decoder | None
) -> Program | Refusal:
    try:
        return directed(file, options, data, "M" if weights is None else weights.extension)
    except (AssemblyError, OSError) as error:
        return Refusal(reason(error), hint(error))


def _refused(file: str, error: Exception) -> Refusal:
    """The message about one of ``REFUSED``."""
    if isinstance(error, MemoryError):
        return Refusal(f"{file}: expected a machine that fits in memory, found too large a one")
    return Refusal(str(error))


def _result(
    file: str, program: Program | Refusal, options: argparse.Namespace, weights: Weights | Decoder | None
) -> Run | Refusal:
    if isinstance(program, Refusal):
        return program
    try:
        return _execute(program, options, weights)
    except REFUSED as error:
        return _refused(file, error)


def _together(
    programs: list[Program | Refusal], options: argparse.Namespace, weights: Weights | Decoder | None
) -> list[Run | Refusal]:
    """The results in the order of the programs, each transformer's made together (``model.together``)."""
    from efasp.model import together

    groups: dict[tuple[int, str], list[int]] = {}
    for index, program in enumerate(programs):
        if isinstance(program, Program):
            groups.setdefault((program.word, extension_of(program)), []).append(index)
    results: dict[int, Run | Refusal] = {i: one for i, one in enumerate(programs) if isinstance(one, Refusal)}
    for indices in groups.values():
        some = [program for i in indices if isinstance(program := programs[i], Program)]
        try:
            known: Any = _decoder(some[0], options, weights)
            made = together.run(some, options.engine, known.transformer, known.extension, options.max_steps)
            ends = [_translated(one, options) if isinstance(one, Exception) else one for one in made]
        except REFUSED as error:
            ends = [error] * len(some)
        for index, end in zip(indices, ends, strict=True):
            if isinstance(end, Exception) and not isinstance(end, REFUSED):
                raise end
            results[index] = _refused(options.files[index], end) if isinstance(end, Exception) else end
    return [results[index] for index in range(len(programs))]


def _report_result(file: str, result: Run | Refusal, options: argparse.Namespace) -> int:
    """Report a result; its exit code."""
    if isinstance(result, Refusal):
        return _refuse(file, result, options)
    if options.json:
        result_json = machine.report(result, file)
        last = {key: result_json.pop(key) for key in ("violation",) if key in result_json}
        print(json.dumps({**result_json, "attention": result.attention, **last}), flush=True)
    else:
        _print_run(result, file)
    if result.dense:
        print(
            f"efasp: {file}: attention is dense, as indexed attention is not shown to be exact: {result.dense}", file=sys.stderr
        )
    if result.violation is not None:
        print(f"efasp: {file}: {describe(result.violation)}", file=sys.stderr)
    elif result.faults:
        first, more = result.faults[0], len(result.faults) - 1
        others = f", and {more} more" if more else ""
        what = f"processor {first.pid} faulted in step {first.step} at pc {first.pc} ({first.reason}){others}"
        print(f"efasp: {file}: {what}", file=sys.stderr)
    if result.violation is None and not result.finished:
        why = f"--max-steps {options.max_steps}" if result.steps >= options.max_steps else clock_end(result)
        print(f"efasp: {file}: not finished within {why}", file=sys.stderr)
    return machine.exit_code(result)


def _refuse(file: str, refusal: Refusal, options: argparse.Namespace) -> int:
    """Say why a file cannot be run, to a person with a hint; the exit code."""
    if options.json:
        print(json.dumps({"file": file, "error": refusal.reason}), flush=True)
    else:
        lead = "" if refusal.hint else "efasp: "  # an error in a line of a file begins with its place
        print(*filter(None, (lead + refusal.reason, refusal.hint)), sep="\n", file=sys.stderr)
    return 2


def describe(breach: machine.Violation) -> str:
    """A breach of the memory policy, in words."""
    who = ", ".join(map(str, breach.processors))
    return f"policy {breach.policy}: step {breach.step}: processors {who} {breach.access} address {breach.address} together"


def clock_end(result: Run) -> str:
    """The message that a log ended because its clock did, with advice."""
    word = result.program.word
    clock = f"T = {result.steps}, the last time that the {clock_bits(word)} bits of the clock of {word}-bit words hold"
    return f"{clock}: take wider words (--word {max(word + 1, 16)} or more), or --engine apmdm or reference"


def _execute(program: Program, options: argparse.Namespace, weights: Weights | Decoder | None) -> Run:
    steps_of = f"PRAM steps (at most {options.max_steps})"
    if options.engine == "reference":
        with progress(steps_of, None) as show:
            return machine.run(program, options.max_steps, show)
    weights = _decoder(program, options, weights)
    steps = 0

    def on_pass(done: int, of: int) -> None:
        nonlocal steps
        show(steps, f"token {done} of {of} of step {steps + 1}")
        steps += done == of

    if options.engine == MASKED_ARM and (tokens := len(LOG_SLOTS) * program.processors) >= MANY:
        slow = f"{tokens} passes over the whole sequence a PRAM step, which adds {tokens} tokens to it"
        print(f"efasp: --engine {MASKED_ARM}: {slow}; at most {options.max_steps} steps", file=sys.stderr)
    try:
        with progress(steps_of, None) as show:
            return decoded(program, options.engine, weights, options.max_steps, show, options.attention, on_pass)
    except (DecodingError, InterpreterError, WidthError, RuntimeError) as error:
        raise _translated(error, options) from None


def _decoder(program: Program, options: argparse.Namespace, weights: Weights | Decoder | None) -> Weights | Decoder:
    """The decoder of a program: the given one, or else a fresh compile. Raises UsageError."""
    if weights is None:
        try:
            weights = weights_for(program, options.engine)
        except RangeError as error:
            engine = "mdm" if options.engine == MASKED_ARM else options.engine  # the wider of the two
            raise UsageError(f"--engine {options.engine}: {too_wide(error, engine, extension_of(program))}") from None
        except ValueError as error:  # a word that is too wide
            raise UsageError(f"--engine {options.engine}: {str(error).removeprefix('word: ')}") from None
    else:
        check_program(options.weights, weights.word, weights.code, program)
    if options.engine in TORCH:
        transformer = cast("Weights", weights).transformer
        transformer.to(_tested(options.device, transformer.dtype_name))
    return weights


def _translated(error: Exception, options: argparse.Namespace) -> Exception:
    """The error of bad input that an error of decoding is, or MemoryError; any other as it is."""
    if isinstance(error, DecodingError):
        what = display_path(options.weights) if options.weights else options.engine
        return UsageError(f"{what}: the transformer does not decode a run: {error}")
    if isinstance(error, InterpreterError | WidthError):
        return UsageError(f"--engine {options.engine}: {error}")
    if isinstance(error, RuntimeError) and "allocate memory" in str(error):  # torch's own error for it
        return MemoryError()
    return error


def too_wide(error: RangeError, engine: str, extension: str) -> str:
    """The message that no dtype carries a transformer, with the widest word of one that has it."""
    extended = f" with extension {extension}" if extension else ""
    return f"{error} (the widest word of a transformer for {engine}{extended} has {WIDEST[engine, extension]} bits)"


def _print_run(result: Run, file: str) -> None:
    report = machine.report(result, file)
    state = "halted" if report["halted"] else "not finished" if not result.finished else "stopped"
    print(f"{file}: {state} after {result.steps} steps ({result.engine}, {result.program.processors} processors, "
          f"{result.program.word}-bit words)")  # fmt: skip
    if result.transformer is not None:
        model = ", ".join(f"{key} {value}" for key, value in result.transformer.items())
        sizes = f"decoding steps {result.decode_steps}, context {result.context_length} tokens"
        print(f"  {sizes}, {result.attention} attention; {model}")
    for fault in result.faults:
        print(f"  fault: processor {fault.pid}, step {fault.step}, pc {fault.pc}: {fault.reason}")
    print(f"  memory {' '.join(map(str, result.configuration.memory))}")
    for pid, bank in enumerate(result.configuration.registers):
        words = " ".join(f"r{number}={word}" for number, word in enumerate(bank))
        print(f"  processor {pid}: pc {result.configuration.pc[pid]}, {result.configuration.status[pid]}, {words}")


# cfg


def cfg(options: argparse.Namespace) -> int:
    """`efasp cfg`: whether a grammar derives a word, by a PRAM program; a word outside the language is not a failure."""
    try:
        _needs_torch(options.engine)
        options.attention = _attention(options)
        beside_json("--pram", options.pram, options.json)
        if options.pram is not None:
            writable("--pram", options.pram)
        options.max_steps = steps(len(options.text))  # which are all
        program = instance(read_grammar(options.file), options.text)
        built = library.build("clauses", program)
        if options.pram is not None:
            write(options.pram, disassemble(built), "--pram")
        decoder = kernel_engines.of_file(options.engine, None, False) if options.engine in KERNEL_ENGINES else None
        result = _execute(built, options, decoder)
    except (AssemblyError, OSError) as error:
        return _refuse(options.file, Refusal(reason(error)), options)
    except SizeError as error:
        return _refuse(options.file, Refusal(f"{options.file}: --word: {error}"), options)
    except (UsageError, RangeError) as error:
        return _refuse(options.file, Refusal(str(error)), options)
    except MemoryError:
        return _refuse(options.file, Refusal(""), options)
    result_json = machine.report(result, options.file)
    derived = member(program, result)
    if options.json:
        sizes = {"file": result_json.pop("file"), "input": options.text, "member": derived, "memory": built.memory}
        others = {key: result_json[key] for key in result_json if key not in ("memory", "registers", "pc")}
        print(json.dumps({**sizes, **others, "attention": result.attention}))
    else:
        print(f"{options.text!r} is {'in' if derived else 'not in'} the language of {options.file}")
        about = f"{built.processors} processors, {built.memory} words of memory, {built.word}-bit words"
        print(f"  {result.steps} steps ({result.engine}, {about})")
        if result.transformer is not None:
            model = ", ".join(f"{key} {value}" for key, value in result.transformer.items())
            print(f"  decoding steps {result.decode_steps}, context {result.context_length} tokens; {model}")
    return machine.exit_code(result)


# programs


def programs(options: argparse.Namespace) -> int:
    """`efasp programs`: the library with a line each, or the text of one program."""
    if options.name is not None and options.name not in library.PROGRAMS:
        near = nearest(options.name, library.PROGRAMS)
        raise UsageError(f"NAME: expected a program of the library, found {options.name!r}{near}: efasp programs lists them")
    listed = [options.name] if options.name else list(library.PROGRAMS)
    for entry in map(library.PROGRAMS.__getitem__, listed):
        if options.json:
            about = {"name": entry.name, "file": entry.file, "description": entry.description}
            print(json.dumps({**about, "text": library.load(entry.name)} if options.name else about))
        elif options.name:
            print(library.load(entry.name), end="")
        else:
            print(f"{entry.name:<{max(map(len, library.PROGRAMS))}}  {entry.description}")
    return 0
