"""`efasp export`: a transformer as a weights file, as a folder for the package transformers, or as an ONNX graph.

The last two are run before they are in place, and compared with torch; the report says on what, and how they agree. torch,
transformers, onnx and onnxruntime are imported only where they are used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from efasp.checker.commands import too_wide
from efasp.checker.errors import UsageError, absent
from efasp.checker.files import STDIN, beside_json, put, unreadable_weights, writable
from efasp.checker.language.commands import rounded, sizes_of
from efasp.checker.language.given import given
from efasp.checker.solvers import installed
from efasp.checker.weights_file import inexact
from efasp.encoding import LogLayout, TokenSequence, join
from efasp.evaluate import place_rows
from efasp.language.module import Module, TextError
from efasp.model.header import WeightsError
from efasp.model.hugging_face_folder import FILES, files
from efasp.model.lower import lower
from efasp.model.program_file import is_program, metadata, read_machine, read_program
from efasp.model.ranges import RangeError
from efasp.model.rounding import chosen
from efasp.model.runs import DecodingError
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program
from efasp.sorts import SortError

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer
    from efasp.model.weights import Weights

Outputs = Callable[[np.ndarray, np.ndarray], np.ndarray]  # tokens and places of a batch to read-outs
NEEDED = {"hf": ("transformers",), "onnx": ("onnx", "onnxruntime")}  # the packages of the optional extras
NEAR = 1e-4  # how far numbers that are not tokens may be from torch's
LENGTHS = (1, 2, 3, 8, 16)  # of the texts that an exported program is run on
RUN = Program((Instruction("pid", 0), Instruction("add", 1, 0, 3), Instruction("st", 1, 0, 0), Instruction("halt")), 5, 2, 2)


@dataclass(frozen=True)
class Subject:
    """A transformer that is exported: what it is called, the metadata of its weights file, whether its read-outs are codes of
    tokens, and sequences to try it on."""

    name: str
    transformer: Transformer
    metadata: Mapping[str, str]
    tokens: bool
    sequences: Callable[[], Sequence[TokenSequence]]


def export(options: argparse.Namespace) -> int:
    """`efasp export`: of a machine by --word and --engine, or of SOURCE. Raises UsageError."""
    source, target = _operands(options)
    if target == STDIN and options.format == "hf":
        raise UsageError("--format hf: expected a folder, found - (standard output)")
    beside_json("OUT", target, options.json)
    if options.format != "hf":
        writable("OUT", target)
    given = None if source is None else _of_source(source, options.name)
    for package in NEEDED.get(options.format, ()):
        if installed(package) is None:
            needed = " and ".join(NEEDED[options.format])
            extra = f"pip install 'efasp[{options.format}]'"
            raise UsageError(f"--format {options.format}: expected the packages {needed}, found no {package} ({extra})")
    subject = given or _machine(options)
    make = {"safetensors": _safetensors, "hf": _folder, "onnx": _onnx}[options.format]
    try:
        said, code = make(subject, target)
    except BrokenPipeError:
        raise  # the reader of standard output has gone, which is not a failure
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror}") from None
    if options.json:
        known = {"source": source, "output": str(target), "format": options.format, "transformer": subject.name}
        about = {"agreement": said or None, "written": not code}
        print(json.dumps({**known, **sizes_of(subject.transformer), **about}, ensure_ascii=False))
        return code
    stream = sys.stderr if target == STDIN or code else sys.stdout
    print(*(f"{target}: {line}" for line in (subject.name, said) if line), sep="\n", file=stream)
    return code


def _operands(options: argparse.Namespace) -> tuple[str | None, Path]:
    """SOURCE, if there is one, and OUT."""
    machine = {"--word": options.word, "--engine": options.engine, "--ext": options.ext or None}
    flags = [flag for flag, value in machine.items() if value is not None]
    if len(options.operands) > 2:
        raise UsageError(f"expected SOURCE and OUT, or OUT alone, found {len(options.operands)} operands")
    if len(options.operands) == 2:
        if flags:
            raise UsageError(f"{flags[0]}: expected one of SOURCE and --word with --engine, found both")
        return options.operands[0], Path(options.operands[1])
    if missing := [flag for flag in ("--word", "--engine") if flag not in flags]:
        raise UsageError(f"{missing[0]}: expected it for a machine, or SOURCE and OUT, found {options.operands[0]} alone")
    if options.name is not None:
        raise UsageError("--name: expected SOURCE with it, found a machine")
    return None, Path(options.operands[0])


# What is exported.


def _machine(options: argparse.Namespace) -> Subject:
    from efasp.model.weights import compiled

    try:
        made = compiled(options.word, options.engine, options.ext)
    except RangeError as error:
        raise UsageError(f"--word: {too_wide(error, options.engine, options.ext)}") from None
    except ValueError as error:
        raise UsageError(f"--word: {str(error).removeprefix('word: ')}") from None
    return _machine_subject(made)


def _machine_subject(made: Weights) -> Subject:
    from efasp.model.weights import described_machine

    name = f"{made.engine}, {made.word}-bit words{', extension M' if made.extension else ''}"
    name += f", specialised to {len(made.code)} instructions" if made.code else ""
    return Subject(name, made.transformer, described_machine(made), True, lambda: run_sequences(made))


def _of_source(source: str, name: str | None) -> Subject:
    """Of a weights file of either kind, or a program as `efasp compile` takes it."""
    if installed("torch") is None:
        raise UsageError(absent("torch"))
    from efasp.model.transformer import Transformer
    from efasp.model.weights import loaded

    path = Path(source)
    try:
        if not path.is_file() or path.suffix in (".efasp", ".rasp", ".pram"):
            module = given(source, name)
            plan = lower(module.program)
            dtype: str | None = chosen(module, plan)
        elif name is not None:
            raise UsageError(
                "--name: expected a program's text with it, found a weights file, whose transformer has one output"
            )
        elif is_program(path):
            module, plan = read_program(path)
            dtype = plan.dtype
        else:
            file = read_machine(path)
            if reason := inexact(file, path):
                print(f"efasp: {path}: {file.plan.dtype} is not known to carry its numbers exactly: {reason}", file=sys.stderr)
            return _machine_subject(loaded(*file))
        return program_subject(source, module, Transformer.of(plan, dtype))
    except (OSError, WeightsError) as error:
        raise UsageError(str(unreadable_weights(path, error)).removeprefix("--weights: ")) from None
    except (RangeError, SortError, ValueError) as error:
        raise UsageError(f"{source}: {error}") from None


def program_subject(source: str, module: Module, transformer: Transformer) -> Subject:
    """What is exported of a program, named ``source`` in messages; says which means floats may round. Raises UsageError."""
    try:
        longest = module.longest
    except TextError as error:
        raise UsageError(f"{source}: {error}") from None
    if means := rounded(module):
        what = ", ".join(means[:4])
        print(f"efasp: {what}: means, which floats may round; efasp check says what is proved of them", file=sys.stderr)
    shape = transformer.shape
    name = f"{module.program.name}, {len(shape['layers'])} layers, d_model {shape['d_model']}, {transformer.dtype_name}"
    said = metadata(module, transformer.dtype_name, shape)
    return Subject(name, transformer, said, module.spells(module.program.output), lambda: texts(module, longest))


def texts(module: Module, longest: int | None) -> list[TokenSequence]:
    """Random texts of several lengths, two of each, up to ``longest`` letters."""
    rng, sequences = Random(0), []
    for length in sorted({n if longest is None else min(n, longest) for n in LENGTHS}):
        for _ in range(2):
            ids = module.encode(module.join(rng.choices(module.letters, k=length)))
            sequences.append(TokenSequence(np.array(ids), place_rows(None, len(ids))))
    return sequences


def run_sequences(made: Weights) -> list[TokenSequence]:
    """The sequences of a short run of a machine, with the masks of the time after each step."""
    from efasp.model.decode import any_process, masked_diffusion

    log, prompted = made.engine == "mdm", made.code is None
    program = Program(made.code or RUN.instructions, made.word, RUN.processors, RUN.memory)
    layout, sequences = LogLayout.of(program, made.extension, prompted), []
    assert isinstance(layout, LogLayout)
    if log:
        sequences.append(join([layout.opening(program), layout.masks(1)]))
    try:
        decode = masked_diffusion if log else any_process
        for state in decode(program, made.transformer, made.extension, prompted=prompted):
            ahead = [layout.masks(state.steps + 1)] if log else []
            sequences.append(join([state.sequence, *ahead]))
            if "running" not in state.configuration.status or state.steps >= 8:
                break
    except DecodingError:  # of weights that decode nothing there are fewer
        pass
    return sequences


# The formats. Each gives the line of its report and the exit code.


def _safetensors(subject: Subject, target: Path) -> tuple[str, int]:
    from efasp.model.weights import packed

    put(target, packed(subject.transformer, dict(subject.metadata)))
    return "", 0


def _onnx(subject: Subject, target: Path) -> tuple[str, int]:
    from efasp.model import onnx_file

    t, count = subject.transformer, None
    if "engine" not in subject.metadata:  # a program, with places 0, 1, ...
        ((_, size),) = json.loads(subject.metadata["layout"])[0]["axes"]
        count = 0 if size == "N" else size
    graph = onnx_file.graph(t.shape, (t.vocabulary, t.places), t.arrays(), t.dtype_name, count)
    data = onnx_file.packed(graph, subject.metadata)
    said, same = agreement(subject, onnx_file.VERSION, onnx_file.runner(data))
    if same:
        put(target, data)
    return said, 0 if same else 1


def _folder(subject: Subject, target: Path) -> tuple[str, int]:
    if target.exists() and (not target.is_dir() or set(os.listdir(target)) - {*FILES, "__pycache__"}):
        raise UsageError(f"{target}: expected a new or empty folder, or one that efasp wrote, found something else")
    t = subject.transformer
    try:
        made = files(subject.metadata, t.vocabulary, t.arrays())
    except ValueError as error:
        raise UsageError(f"--format hf: {error}") from None
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        if "transformers" not in sys.modules:  # nothing of the check stays in the user's cache, and nothing is asked for
            os.environ |= {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(Path(folder) / "modules")}
        from efasp.model import hugging_face_check

        (Path(folder) / "model").mkdir()
        for name, data in made.items():
            (Path(folder) / "model" / name).write_bytes(data)
        said, same = agreement(
            subject, hugging_face_check.VERSION, hugging_face_check.loaded(Path(folder) / "model", subject.transformer)
        )
    if same:
        target.mkdir(parents=True, exist_ok=True)
        for name, data in made.items():
            put(target / name, data)
    return said, 0 if same else 1


def agreement(subject: Subject, by: str, outputs: Outputs) -> tuple[str, bool]:
    """How read-outs agree with torch's on the subject's sequences, in words, and whether they do.

    They must name the same tokens and have control bits on the same side of 1/2; of numbers that are not tokens the deviation
    is at most 1e-4.
    """
    book, same, bitwise, deviation = subject.transformer.vocabulary, True, True, 0.0
    sequences = subject.sequences()
    for one in sequences:
        mine, other = subject.transformer.outputs(one.tokens, one.places), outputs(one.tokens[None], one.places[None])[0]
        bitwise &= mine.dtype == other.dtype and mine.tobytes() == other.tobytes()
        deviation = max(deviation, float(np.abs(mine.astype(float) - other).max()))
        if subject.tokens:
            same &= np.array_equal(book.read(mine), book.read(other))
            same &= np.array_equal(mine[:, book.width :] > 0.5, other[:, book.width :] > 0.5)
        else:
            same &= deviation <= NEAR
    lengths = [len(one) for one in sequences]
    where = f"{by} on {len(lengths)} sequences of {min(lengths)} to {max(lengths)} tokens"
    if not same:
        what = "the tokens" if subject.tokens else f"numbers within {NEAR:g}"
        return f"expected {what} of torch, found others, by {where}: nothing was written", False
    if bitwise:
        return f"{where}: every read-out is torch's, bit for bit", True
    what = "every token is torch's" if subject.tokens else "the numbers are near torch's"
    return f"{where}: {what}; read-outs differ by at most {deviation:.2g}", True
