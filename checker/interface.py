"""`efasp run` and `efasp check` for Python: the public names ``run`` and ``check``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from efasp.checker import kernel_engines
from efasp.checker.options import RunOptions
from efasp.checker.session import Report, discharged
from efasp.pram import machine
from efasp.pram.isa import OPERATIONS
from efasp.pram.machine import Program, Run
from efasp.proofs.rocq.interpreter import ENGINES as KERNEL_ENGINES
from efasp.proofs.rocq.interpreter import Decoder

if TYPE_CHECKING:
    from efasp.model.weights import Weights


def run(program: Program, engine: str = "reference", max_steps: int = 10_000) -> Run:
    """Run a program: by the PRAM itself (``reference``), or in the compiled transformer of an engine: in torch (``mdm``,
    ``apmdm``), or in exact arithmetic, in the semantics of the Rocq statement (``kernel-mdm``, ``kernel-apmdm``).

    Raises ValueError for an unknown engine, a program that the machine does not take, or a word too wide for a transformer;
    RangeError where no dtype holds the transformer's numbers; RocqError where the kernel's program is missing.
    """
    if engine == "reference":
        return machine.run(program, max_steps)
    return decoded(program, engine, weights_for(program, engine), max_steps)


def weights_for(program: Program, engine: str) -> Weights | Decoder:
    """The compiled transformer that an engine runs a program in. Raises as ``run``."""
    if engine in KERNEL_ENGINES:
        return kernel_engines.compiled(program.word, engine, extension_of(program))
    return _compiled(program.word, engine, extension_of(program))


def extension_of(program: Program) -> str:
    """The extension that a program needs: ``M`` or none."""
    return "M" if any(OPERATIONS[i.op].extension for i in program.instructions) else ""


def decoded(
    program: Program,
    engine: str,
    weights: Weights | Decoder,
    max_steps: int,
    observe: Callable[[int], None] | None = None,
    attention: str = "indexed",
    on_pass: Callable[[int, int], None] = lambda done, of: None,
) -> Run:
    """A run in a transformer: in torch (``model.decode.run``), or in the statement's semantics (``Decoder.run``)."""
    if isinstance(weights, Decoder):
        return weights.run(program, engine, max_steps, observe)
    from efasp.model import decode

    prompted = weights.code is None
    return decode.run(
        program,
        engine,
        weights.transformer,
        weights.extension,
        max_steps,
        observe,
        attention=attention,
        prompted=prompted,
        on_pass=on_pass,
    )


@cache
def _compiled(word: int, engine: str, extension: str) -> Weights:
    from efasp.model.weights import compiled

    return compiled(word, engine, extension)


def check(n_max: int | None = None, **options: Any) -> Report:
    """Discharge the obligations for n <= ``n_max`` (None: 64), with the options of ``RunOptions`` by name.

    ``Report.rows`` holds a row an obligation, ``Report.exit_code`` what `efasp check` would exit with. Raises UsageError for a
    bad option, TypeError for an unknown one.
    """
    with discharged(RunOptions(n_max=n_max, **options)) as report:
        return report
