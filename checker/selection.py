"""The scope of a run: the regime by ``--n-max`` and ``--weights``, and the batches of it by ``--lemma``."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from efasp.checker.errors import UsageError
from efasp.checker.extracted import built
from efasp.checker.files import unreadable_weights
from efasp.checker.pool.worker import Recipe
from efasp.model.header import WeightsError, check_file
from efasp.model.program_file import read_machine
from efasp.pram.assembler.source import nearest
from efasp.proofs.obligation import Batch, Machine, Regime
from efasp.proofs.registry import batches, matches
from efasp.proofs.rocq.build import RocqError

KERNEL = "kernel."  # the family of which there are obligations only where they are asked for


def regime_of(weights: Path | None, n_max: int | None, kernel: bool = False) -> tuple[Regime, str]:
    """The regime, and a digest of the weights file if one is given. Raises UsageError.

    ``kernel``: with the obligations of family kernel.
    """
    if weights is None:
        return Regime(n_max or 64, kernel=kernel), ""
    try:
        check_file(weights)
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        file = read_machine(weights)
        if hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:  # the verdicts would be cached under another file's name
            raise WeightsError(f"{weights}: expected a file that stays as it is, found it changed while it was read")
    except (OSError, ValueError) as error:
        raise unreadable_weights(weights, error) from None
    most = min(n_max or 1 << file.word, 1 << file.word)
    machine = Machine(file.word, file.engine, file.extension, (1, most), file.code)
    return Regime(most, (machine, file.plan), kernel), sha256


def recipe_of(weights: Path | None, n_max: int | None, patterns: Sequence[str] | None, kernel: bool = False) -> Recipe:
    """The batches of a run as data: with the bytes of a weights file, which another machine need not have."""
    data = None if weights is None else weights.read_bytes()
    return Recipe("efasp.checker.selection:rebuilt", {"data": data, "n_max": n_max, "patterns": patterns, "kernel": kernel})


def rebuilt(data: bytes | None, n_max: int | None, patterns: Sequence[str] | None, kernel: bool) -> list[Batch]:
    """The batches of a recipe, in a process of another machine. Raises UsageError."""
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = None if data is None else Path(folder) / "given.safetensors"
        if path is not None and data is not None:
            path.write_bytes(data)
        return selected(regime_of(path, n_max, kernel)[0], patterns)


def plan_check() -> None:
    """Build the program that discharges the family kernel, where it is not yet. Raises UsageError without Rocq."""
    try:
        built(["plan-check"])
    except RocqError as error:
        raise UsageError(f"--kernel: {error}") from None


def _expected(regime: Regime, pattern: str) -> str:
    """What was expected in the place of a pattern that no lemma of a run matches."""
    known = {name for batch in batches(Regime(64, kernel=True)) for name in batch.lemmas}
    some = [name for name in known if matches(name, [pattern])]
    if some and not regime.kernel and all(name.startswith(KERNEL) for name in some):
        return f"--kernel with {pattern}, as its lemmas need Rocq, found it without"
    if some and regime.given is None:
        return f"a lemma that has obligations for n <= {regime.n_max}, found {pattern}"
    if some:
        return f"a lemma about the transformer of a weights file, found {pattern}, which is about none"
    if fnmatchcase(pattern, "program.*"):
        return f"FILE with {pattern}, as its lemmas are about a program of E-FASP, found none"
    if fnmatchcase(pattern, "learned.*"):
        return f"--learned FILE with {pattern}, as its lemmas are about an encoder that was trained, found none"
    return f"a lemma's name or glob, found {pattern or repr(pattern)}, which none matches{nearest(pattern, choices(known))}"


def choices(lemmas: Iterable[str]) -> list[str]:
    """What names lemmas: each by itself, and the glob of each family."""
    names = sorted(lemmas)
    return [*names, *dict.fromkeys(f"{name.partition('.')[0]}.*" for name in names)]


def selected(regime: Regime, patterns: Sequence[str] | None) -> list[Batch]:
    """The batches of the regime; of a weights file's, those that speak of its machine. Raises UsageError."""
    of = "engine" if regime.given is None or regime.given[0].code is None else "code"  # what speaks of the machine says it
    chosen = [b for b in batches(regime, patterns) if regime.given is None or of in b.params]
    spoken = {name for batch in chosen for name in batch.lemmas}
    for pattern in patterns or []:
        if not any(matches(name, [pattern]) for name in spoken):
            raise UsageError(f"--lemma: expected {_expected(regime, pattern)}")
    if not chosen:
        raise UsageError("no lemma speaks of this")
    return chosen
