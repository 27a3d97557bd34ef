"""Weights files: safetensors, never pickle; the header's metadata suffice to load one.

The same transformer gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save

from efasp.files import replacing
from efasp.model.compile import MASKED_ARM, compile_machine, compile_masked_arm
from efasp.model.container import ordered
from efasp.model.description import described, machine_sections
from efasp.model.header import FORMAT, VERSION
from efasp.model.plan import Plan
from efasp.model.program_file import read_machine
from efasp.model.specialised_file import specialised_metadata
from efasp.model.transformer import Transformer
from efasp.pram.isa import Code


@dataclass(frozen=True)
class Weights:
    """A transformer with the machine that it is for. ``code``: the program to which it is specialised, or None."""

    word: int
    engine: str
    extension: str
    transformer: Transformer
    code: Code | None = None


def compiled(word: int, engine: str, extension: str = "", dtype: str | None = None, code: Code | None = None) -> Weights:
    """The freshly compiled transformer, also of the Masked-ARM, or of a machine specialised to ``code``.

    Raises ValueError, or RangeError where no dtype is exact.
    """
    plan = compile_masked_arm(word, extension) if engine == MASKED_ARM else compile_machine(word, engine, extension, code)
    return Weights(word, engine, extension, Transformer.of(plan, dtype), code)


def dump(weights: Weights) -> bytes:
    """The bytes of a weights file."""
    return packed(weights.transformer, described_machine(weights))


def described_machine(weights: Weights) -> dict[str, str]:
    """The metadata, as strings, of the weights file of a machine."""
    t = weights.transformer
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "word": str(weights.word),
        "engine": weights.engine,
        "extension": weights.extension,
        "dtype": t.dtype_name,
        "shape": json.dumps(t.shape, sort_keys=True),
    }
    if weights.code is not None:
        return metadata | specialised_metadata(weights.word, weights.engine, weights.extension, weights.code)
    sections = machine_sections(weights.word, weights.engine, weights.extension)
    return metadata | described((t.vocabulary, t.places), sections)


def packed(t: Transformer, metadata: dict[str, str]) -> bytes:
    """The bytes of a file with a transformer's tensors and a header."""
    return ordered(save({name: tensor.contiguous() for name, tensor in t.state_dict().items()}, metadata))


def export(weights: Weights, path: Path) -> None:
    """Write a weights file; an existing one is replaced whole or not at all. Raises OSError."""
    with replacing(path) as file:
        file.write(dump(weights))


def loaded(word: int, engine: str, extension: str, plan: Plan, code: Code | None = None) -> Weights:
    """The transformer of a result of ``model.program_file.read_machine``: the plan that runs is the one that is checked."""
    return Weights(word, engine, extension, Transformer.of(plan, plan.dtype), code)


def load(path: Path) -> Weights:
    """Read a weights file. Raises WeightsError for one that is malformed, truncated, foreign or unsafe; OSError."""
    return loaded(*read_machine(path))
