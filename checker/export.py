"""`efasp check --export`: every SMT obligation as a file for any solver, with its description in ``set-info``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from efasp.checker.files import write
from efasp.proofs.obligation import Batch, Obligation
from efasp.proofs.registry import matches


def built(chosen: Iterable[Batch], patterns: Sequence[str] | None) -> Iterator[Obligation]:
    """The obligations of some batches whose lemma matches one of the globs."""
    return (o for batch in chosen for o in batch.build() if matches(o.lemma, patterns))


def scripts(obligations: Iterable[Obligation]) -> dict[str, list[Obligation]]:
    """The obligations that are SMT scripts, by the hash of their text: equal texts have one entry."""
    by_hash: dict[str, list[Obligation]] = {}
    for obligation in obligations:
        if obligation.kind == "smt":
            by_hash.setdefault(obligation.hash, []).append(obligation)
    return by_hash


def name(obligation: Obligation) -> str:
    """The file's name: the lemma, and the hash of the text."""
    return f"{obligation.lemma}-{obligation.hash}.smt2"


def text(same: list[Obligation]) -> str:
    """The script, led by its description: claim, scope, hash (of the script without these lines) and every id."""
    first = same[0]
    lasts = [o.n[1] for o in same]
    facts = {
        "source": f"efasp, claim {first.claim}, lemma {first.lemma}",
        "efasp-scope": first.scope if len({o.scope for o in same}) == 1 else f"{first.scope} to {same[-1].scope}",
        "efasp-n": f"{min(o.n[0] for o in same)}..{max(lasts)}",
        "efasp-hash": first.hash,
        "efasp-ids": " ".join(o.id.replace(" ", "_") for o in same),
    }
    lines = ["(set-info :smt-lib-version 2.6)"]
    lines += [f"(set-info :{key} |{value.replace('|', '/').replace(chr(92), '/')}|)" for key, value in facts.items()]
    return "\n".join([*lines, "(set-info :status unsat)", first.content])


def export(chosen: Iterable[Batch], patterns: Sequence[str] | None, folder: Path) -> int:
    """Write the files; how many. Raises UsageError."""
    by_hash = scripts(built(chosen, patterns))
    for same in by_hash.values():
        write(folder / name(same[0]), text(same), "--export")
    return len(by_hash)
