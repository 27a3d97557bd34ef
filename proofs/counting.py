"""Regenerate ``counts.toml`` after a lemma has changed: ``python -m efasp.proofs.counting [GLOB...]``.

With globs only the entries of lemmas that match one. Look at the difference before you commit it: a number that fell is a case
that is no longer shown.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from efasp.proofs.counts import FILE, Count, entry, table
from efasp.proofs.obligation import Regime, tally
from efasp.proofs.registry import batches, matches

VARYING = ("process.runs", "encoding.tried", "simulation.composition", "lowering.*", "numerics.*")  # as ``proofs.counts`` says


def counted(patterns: Sequence[str] | None = None) -> dict[str, dict[str, Count]]:
    """The counts of the machines of the narrowest word, of the lemmas that match one of the globs."""
    counts: dict[str, dict[str, Count]] = {}
    for batch in batches(Regime(1), patterns):
        if all(matches(lemma, VARYING) for lemma in batch.lemmas):
            continue
        for lemma, count in tally(batch.build()).items():
            if matches(lemma, patterns) and not matches(lemma, VARYING):
                counts.setdefault(lemma, {})[entry(batch.params)] = count
    return counts


def written(patterns: Sequence[str] | None = None) -> str:
    """The file; entries of lemmas that match none of the globs are those that stand there. Raises ValueError for a glob of no
    lemma that is counted."""
    counts: dict[str, Mapping[str, Count]] = {**counted(patterns)}
    for pattern in patterns or ():
        if not any(matches(lemma, [pattern]) for lemma in counts):
            raise ValueError(f"expected a glob of lemmas that are counted, found {pattern}")
    if patterns:
        counts |= {lemma: entries for lemma, entries in table().items() if not matches(lemma, patterns)}
    parts = ["# Obligations of each lemma in a batch, and the conclusions that they state: python -m efasp.proofs.counting\n"]
    for lemma, entries in sorted(counts.items()):
        lines = (f'"{params}" = [{count.obligations}, {count.stated}]\n' for params, count in sorted(entries.items()))
        parts.append(f'["{lemma}"]\n{"".join(lines)}')
    return "\n".join(parts)


if __name__ == "__main__":
    try:
        FILE.write_text(written(sys.argv[1:]), encoding="utf-8")
    except ValueError as error:
        sys.exit(f"efasp.proofs.counting: {error}")
