"""`efasp check --learned`: the obligations about a checkpoint, discharged one after the other."""

from __future__ import annotations

import argparse
import shlex
import time

from efasp.checker.arguments import unused
from efasp.checker.errors import UsageError
from efasp.checker.files import display_path, json_writable
from efasp.checker.language.check import SECONDS, Ran, discharged, refuse, reported
from efasp.checker.learned.commands import encoder
from efasp.checker.options import RunOptions
from efasp.checker.results import GOOD
from efasp.checker.session import notice, solvers_of
from efasp.model.learned.tasks import TASKS

IDLE = ("solver", "timeout", "memory", "no_cache", "changes")
MACHINES = ("n_max", "kernel", "mutants", "twins", "list", "export", "html", "jobs", "cluster")
ELSEWHERE = ("file", "name", "alphabet", "max_length", "weights", *MACHINES)


def check(options: argparse.Namespace) -> int:
    """Discharge the obligations about a checkpoint, report, and give the exit code of the verdicts."""
    from efasp.proofs.learned.obligations import obligations  # loads mpmath

    asked, name = RunOptions.of(options), display_path(options.learned)
    refuse(options, ELSEWHERE, "without --learned", f"--learned {name}")
    for text in unused(options, IDLE, "with --learned, whose obligations need no solver and are never cached", RunOptions):
        notice(text)
    json_writable(asked.json)
    network, start = encoder(options.learned, "--learned"), time.monotonic()
    own = network.task
    if options.task is not None and TASKS[options.task].question != own.question:
        raise UsageError(f"--task: expected {own.name}, for which {name} was trained, found {options.task}")
    solvers = solvers_of(None)
    rows = discharged(obligations(network), asked.lemma, solvers, SECONDS)
    if not rows:
        raise UsageError(f"--lemma: expected a lemma about checkpoints (learned.*), found {' '.join(asked.lemma or [])}")
    details = [f"{row['lemma']}: {row['method']}" for row in rows if row["status"] in GOOD]
    title = f"{name}: {own.name}, {network.parameters} parameters, seed {network.seed}, {network.steps} steps"
    command = shlex.join(["efasp", "check", "--learned", str(name), "--task", own.name])
    return reported(title, rows, Ran(solvers, command, time.monotonic() - start, asked.json), details)
