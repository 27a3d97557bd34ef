"""Write ``counts.toml`` afresh: ``python -m efasp.proofs.counting``, after a lemma has changed. Look at the difference before
you commit it: a number that fell is a case that is no longer shown."""

from __future__ import annotations

from efasp.proofs.counts import FILE, Count, entry
from efasp.proofs.obligation import Regime, tally
from efasp.proofs.registry import batches, matches

VARYING = ("process.runs", "encoding.tried", "simulation.composition", "lowering.*", "numerics.*")  # as ``proofs.counts`` says


def counted() -> dict[str, dict[str, Count]]:
    """The counts of the machines of the narrowest word."""
    found: dict[str, dict[str, Count]] = {}
    for batch in batches(Regime(1)):
        for lemma, count in tally(batch.build()).items():
            if not matches(lemma, VARYING):
                found.setdefault(lemma, {})[entry(batch.params)] = count
    return found


def written() -> str:
    """The file."""
    parts = ["# Obligations of each lemma in a batch, and the conclusions that they state: python -m efasp.proofs.counting\n"]
    for lemma, entries in sorted(counted().items()):
        lines = (f'"{params}" = [{count.obligations}, {count.stated}]\n' for params, count in sorted(entries.items()))
        parts.append(f'["{lemma}"]\n{"".join(lines)}')
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
