"""Runs the checkers that are proved sound (``make rocq`` builds them)."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

from efasp.checker.certificates.lrat import ProofError
from efasp.proofs.rocq.build import programs


def replayed(program: str, claim: Path, proof: Path) -> bool:
    """Whether ``lrat-check`` (clauses, LRAT steps) or ``smt-check`` (script, certificate) accepts.

    Raises ProofError for files that it does not read, RocqError where it cannot be built.
    """
    command = [str(programs()[program]), str(claim), str(proof)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_deep)
    if done.returncode not in (0, 1):
        raise ProofError(f"{program}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.returncode == 0 and done.stdout == "accepted\n"


def _deep() -> None:
    """As much stack as is allowed: the checkers recurse over the text."""
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (most, most))
