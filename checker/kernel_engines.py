"""The engines of `efasp run` that decode in the semantics of the Rocq statement: their runs and their plans."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from efasp.checker.errors import UsageError
from efasp.checker.extracted import built
from efasp.checker.weights_file import read
from efasp.model.compile import compile_machine
from efasp.proofs.rocq.build import RocqError
from efasp.proofs.rocq.interpreter import ENGINES, Decoder

NAME = "pram-kernel"


@cache
def kernel() -> Path:
    """The program, built where it is not yet, which is said on standard error. Raises RocqError."""
    return built([NAME])[NAME]


def of_file(engine: str, path: Path | None, inexact: bool) -> Decoder | None:
    """What decodes with the plan of a weights file; None where there is none.

    The file's numbers are taken as the rationals that they are, so that its dtype does not matter. Raises UsageError for a file
    that is not well formed or of another engine, for ``--inexact``, and where the program is missing.
    """
    if inexact:
        taken = ", ".join(ENGINES.values())
        raise UsageError(f"--inexact: expected --engine {taken}, found {engine}, which computes exactly whatever the dtype")
    try:
        program = kernel()
    except RocqError as error:
        raise UsageError(f"--engine {engine}: {error} ({NAME} is then built at the first run)") from None
    if path is None:
        return None
    file = read(path, ENGINES[engine])
    return Decoder(program, file.plan, file.word, file.extension, file.code)


@cache
def compiled(word: int, engine: str, extension: str) -> Decoder:
    """What decodes with the compiled plan. Raises ValueError for a word that is too wide, RocqError without the program."""
    return Decoder(kernel(), compile_machine(word, ENGINES[engine], extension), word, extension)
