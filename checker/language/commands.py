"""`efasp eval` and `efasp compile`: a program on a text, and as a weights file. torch is imported only where it is used."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.checker.discharge import plain
from efasp.checker.errors import UsageError, absent
from efasp.checker.files import STDIN, beside_json, put_output, writable
from efasp.checker.language.given import given, weights
from efasp.checker.language.rasp import Texts, described, evaluated, is_rasp, translated
from efasp.checker.learned.commands import evaluate as evaluate_learned
from efasp.checker.solvers import installed
from efasp.evaluate import place_rows
from efasp.language.module import Module, TextError, Value
from efasp.language.runs import run
from efasp.model.header import LEARNED
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.model.program_file import format_of, metadata
from efasp.model.ranges import RangeError
from efasp.model.rounding import chosen, doubtful
from efasp.proofs.programs.floats import doubt
from efasp.sorts import SortError
from efasp.syntax import Attention, walk

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer


def evaluate(options: argparse.Namespace) -> int:
    """`efasp eval`: the output on a text, exactly, or in torch by a weights file."""
    if (options.file is None) == (options.weights is None):
        raise UsageError("expected FILE or --weights FILE, found " + ("neither" if options.file is None else "both"))
    if options.weights is not None and format_of(options.weights) == LEARNED:
        return evaluate_learned(options)
    if options.file is not None and is_rasp(options.file):
        name, values = evaluated(options.file, options.name, options.on)
        if all(isinstance(value, list) for value in values):  # of a selector, a row a query
            return written(options, name, values, "\n".join(" ".join(str(int(one)) for one in row) for row in values))
        letters = all(isinstance(value, str) and len(value) == 1 for value in values)
        return written(options, name, values, ("" if letters else " ").join(str(plain(value)) for value in values))
    try:
        if options.file is not None:
            module = given(options.file, options.name)
            result = run(module, options.on, check=True)
            output, name = result.values[result.output], result.output
        else:
            if options.name is not None:
                raise UsageError("--name: expected FILE with it, found --weights, whose transformer has one output")
            module, plan = weights(options.weights)
            judge(options.weights, module, plan)
            output, name = in_torch(module, plan, options.on), next(reversed(module.program.definitions))
    except TextError as error:
        raise UsageError(f"--on: {error}") from None
    except SortError as error:
        raise UsageError(f"{options.file}: on {options.on!r}: {error} (efasp check finds such texts)") from None
    return written(options, name, output, shown(module, output))


def written(options: argparse.Namespace, name: str, output: Sequence[Any], text: str) -> int:
    """Print an output: one JSON object, or the text for people."""
    print(
        json.dumps({"name": name, "input": options.on, "output": plain(output)}, ensure_ascii=False) if options.json else text
    )
    return 0


def shown(module: Module, output: Sequence[Any]) -> str:
    """An output for people: letters as a text, other values with blanks between."""
    if all(isinstance(value, str) and value in module.letters for value in output):
        return module.join(output)
    return " ".join(f"({', '.join(map(str, value))})" if isinstance(value, tuple) else str(plain(value)) for value in output)


def judge(path: Path, module: Module, plan: Plan) -> None:
    """Say on standard error where the dtype of a weights file is not known to carry its numbers exactly."""
    if reason := doubt(module, plan, lower(module.program), plan.dtype or ""):
        said = f"--weights: {path}: {plan.dtype} is not known to carry its numbers exactly: {reason}"
        print(f"efasp: {said} (efasp check --weights {path} says more)", file=sys.stderr)


def in_torch(module: Module, plan: Plan, text: str) -> list[Any]:
    """The output on a text by the transformer of a plan, in which numbers that are not whole are its floats, which may be
    rounded. Raises UsageError without torch, TextError."""
    if installed("torch") is None:
        raise UsageError(f"--weights: {absent('torch')}")
    from efasp.model.transformer import Transformer

    ids = module.encode(text)
    read = Transformer.of(plan, plan.dtype).outputs(np.array(ids), place_rows(None, len(ids)))
    return [_floating(value, read.dtype) for value in module.decode(read.astype(np.float64))]


def _floating(value: Value, dtype: np.dtype[Any]) -> Any:
    """A value with the floats of a dtype in the place of fractions, as the shortest decimals that are read as these."""
    if isinstance(value, tuple):
        return [_floating(part, dtype) for part in value]
    return float(str(dtype.type(float(value)))) if isinstance(value, Fraction) else value


def rounded(module: Module) -> list[str]:
    """The heads whose sort has fractions (means that a float rounds): names of definitions, or numbers."""
    names = {node: name for name, node in module.program.definitions.items()}
    heads = [node for node in walk(module.program.output) if isinstance(node, Attention) and not node.sort.integral]
    known, others = [names[head] for head in heads if head in names], sum(head not in names for head in heads)
    return known + [f"{others} head{'s' * (others > 1)} without a name"] * bool(others)


def _fits(module: Module, alphabet: str | None, letters: int | None) -> None:
    """Raises UsageError where a program has another alphabet, or no places for so many letters."""
    if alphabet is not None and sorted(module.split(alphabet)) != sorted(module.letters):
        expected = module.join(module.letters)
        raise UsageError(f"--alphabet: expected the letters of the file, {expected!r}, found {alphabet!r}")
    if letters is None:
        return
    try:
        longest = module.longest
    except TextError as error:
        raise UsageError(f"--max-length: {error}") from None
    if longest is not None and letters > longest:
        raise UsageError(f"--max-length: expected at most {longest}, as there are places, found {letters}")


def compile_(options: argparse.Namespace) -> int:
    """`efasp compile`: write the weights file of a program."""
    translation = None
    if is_rasp(options.file):
        translation = translated(options.file, options.name, Texts(options.alphabet, options.max_length))
        module = translation.module
    else:
        module = given(options.file, options.name)
        _fits(module, options.alphabet, options.max_length)
    if installed("torch") is None:
        raise UsageError(f"-o: {absent('torch')}")
    from efasp.model.transformer import Transformer
    from efasp.model.weights import packed

    path: Path = options.output
    beside_json("-o", path, options.json)
    writable("-o", path)
    try:
        plan = lower(module.program)
        dtype = options.dtype or chosen(module, plan)
        transformer = Transformer.of(plan, dtype)
    except (RangeError, SortError, ValueError) as error:
        raise UsageError(f"{options.file}: {error}") from None
    data = packed(transformer, metadata(module, transformer.dtype_name, transformer.shape))
    put_output(path, data)
    _report(options, module.program.name, transformer, described(translation) if translation is not None else [])
    if reason := doubtful(module, plan, dtype):
        print(f"efasp: {module.program.name}: {dtype} is not known to carry its numbers exactly: {reason}", file=sys.stderr)
    elif not module.program.output.sort.integral and (means := rounded(module)):
        what = ", ".join(means[:4])
        print(f"efasp: {what}: means, which floats may round; efasp check says by how much", file=sys.stderr)
    return 0


def _report(options: argparse.Namespace, name: str, transformer: Transformer, notes: Sequence[str]) -> None:
    """What `efasp compile` wrote: the program and its sizes, and notes on how a RASP operator is compiled."""
    path, about = options.output, sizes_of(transformer)
    if options.json:
        known = {"file": options.file, "output": str(path), "program": name}
        print(json.dumps({**known, **about, "notes": list(notes)}, ensure_ascii=False))
        return
    line = f"{path}: {name}, {about['layers']} layers, d_model {about['d_model']}, {about['dtype']}"
    print(line, *(f"  {note}" for note in notes), sep="\n", file=sys.stderr if path == STDIN else sys.stdout)


def sizes_of(transformer: Transformer) -> dict[str, Any]:
    """The sizes and the dtype of a transformer that was written, as JSON holds them."""
    return {key: value for key, value in transformer.summary().items() if key != "device"}
