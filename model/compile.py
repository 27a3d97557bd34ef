"""The machine's transformers by engine: one per word width and extension, for every program; specialised, one per program."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from efasp.codebook import Codebook
from efasp.encoding import cell_places, log_places, vocabulary
from efasp.masked_arm import Decoder, MaskedArm, masked_arm
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.pram.isa import EXTENSIONS, Code
from efasp.pram.machine import MIN_WORD
from efasp.pram.specialise import specialised
from efasp.pram.step import cell_step, masked_step
from efasp.syntax import Program

STEPS: dict[str, Callable[[int, str], Program]] = {"mdm": masked_step, "apmdm": cell_step}
PLACES = {"mdm": log_places, "apmdm": cell_places}
ENGINES = tuple(STEPS)
MAX_WORD = 64  # bits: the regime's n is at most 2^64, and no dtype is exact for so wide a word


def check_machine(word: int, engine: str, extension: str) -> None:
    """Raises ValueError unless there is a transformer of this word width, engine and extension."""
    if type(word) is not int or not MIN_WORD <= word <= MAX_WORD:
        raise ValueError(f"word: expected {MIN_WORD} to {MAX_WORD} bits for a transformer, found {word!r}")
    if engine not in ENGINES:
        raise ValueError(f"engine: expected {' or '.join(ENGINES)}, found {engine!r}")
    if extension not in EXTENSIONS:
        raise ValueError(f"extension: expected M or none, found {extension!r}")


def step_of(word: int, engine: str, extension: str = "", code: Code | None = None) -> Program:
    """The step in E-FASP: of the universal machine, or specialised to a program's instructions (``efasp.pram.specialise``).

    Raises ValueError as ``check_machine`` and ``specialised`` do.
    """
    check_machine(word, engine, extension)
    return STEPS[engine](word, extension) if code is None else _specialised(word, engine, extension, code)


@cache
def _specialised(word: int, engine: str, extension: str, code: Code) -> Program:
    return specialised(STEPS[engine](word, extension), word, extension, code)


@cache
def compile_machine(word: int, engine: str, extension: str = "", code: Code | None = None) -> Plan:
    """The layer plan of the universal machine, or of the one that is specialised to ``code``. Raises ValueError as
    ``step_of``."""
    return lower(step_of(word, engine, extension, code))


MASKED_ARM = "marm"  # the engine that decodes the log left to right; it runs, and is not a machine of the obligations
MASKED_ARM_BITS = 16  # of a position: sequences of up to 2^16 tokens


@cache
def log_masked_arm(word: int, extension: str = "") -> MaskedArm:
    """The left-to-right Masked-ARM of the log's predictor. Raises ValueError as ``check_machine``."""
    check_machine(word, "mdm", extension)
    decoder = Decoder(masked_step(word, extension), vocabulary(word, extension), log_places(word))
    return masked_arm(decoder, MASKED_ARM_BITS)


@cache
def compile_masked_arm(word: int, extension: str = "") -> Plan:
    """The layer plan of ``log_masked_arm``. Raises ValueError as ``check_machine``."""
    return lower(log_masked_arm(word, extension).program)


def codebooks(word: int, engine: str, extension: str) -> tuple[Codebook, Codebook]:
    """Vocabulary and places of an engine's transformer."""
    return vocabulary(word, extension), PLACES[engine](word)
