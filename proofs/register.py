"""All lemmas: importing a family registers its obligations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from proofs import attention, encoding, gates, numerics
from proofs.obligation import LEMMAS, Obligation

FAMILIES = (encoding, gates, attention, numerics)


def obligations(n_max: int, patterns: Sequence[str] | None = None) -> Iterator[Obligation]:
    """The obligations for n = 1..N, of the lemmas that match one of the globs."""
    for build in LEMMAS:
        for obligation in build(n_max):
            if not patterns or any(fnmatchcase(obligation.lemma, pattern) for pattern in patterns):
                yield obligation
