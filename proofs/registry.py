"""All lemmas: importing a family registers its batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from efasp.proofs.lemmas import (
    attention,
    attention_lookups,
    bounded,
    corollaries,
    corollaries_connectivity,
    corollaries_steps,
    decompile,
    encoding,
    gates,
    generation,
    kernel,
    lowering,
    masked_arm,
    masked_arm_runs,
    masked_arm_width,
    numerics,
    numerics_limits,
    preserve,
    preserve_parallel,
    process,
    process_algorithm,
    qbf,
    resources,
    resources_bounds,
    resources_serial,
    resources_serial_word,
    sequences,
    simulation,
    simulation_citations,
    specialised,
    step_execute,
    step_stages,
    step_values,
)
from efasp.proofs.obligation import LEMMAS, Batch, Obligation, Regime

# In the order in which runs take them and reports list them, whatever was imported before this module.
FAMILIES = (
    gates,
    attention,
    sequences,
    step_stages,
    step_values,
    attention_lookups,
    process_algorithm,
    simulation,
    lowering,
    decompile,
    specialised,
    numerics,
    bounded,
    encoding,
    step_execute,
    resources_bounds,
    resources_serial,
    resources_serial_word,
    resources,
    process,
    simulation_citations,
    numerics_limits,
    kernel,
    generation,
    masked_arm,
    masked_arm_runs,
    masked_arm_width,
    preserve,
    corollaries,
    corollaries_connectivity,
    corollaries_steps,
    preserve_parallel,
    qbf,
)
LEMMAS.sort(key=lambda build: [family.__name__ for family in FAMILIES].index(build.__module__))


def batches(regime: Regime, patterns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The batches of the regime that have a lemma that matches one of the globs."""
    for build in LEMMAS:
        for batch in build(regime):
            if any(matches(name, patterns) for name in batch.lemmas):
                yield batch


def matches(name: str, patterns: Sequence[str] | None) -> bool:
    """Whether a lemma's name matches one of the globs (all do where there are none)."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def obligations(regime: Regime, patterns: Sequence[str] | None = None) -> Iterator[Obligation]:
    """The obligations of the regime, of the lemmas that match one of the globs, built one batch after the other."""
    for batch in batches(regime, patterns):
        yield from (obligation for obligation in batch.build() if matches(obligation.lemma, patterns))
