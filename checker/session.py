"""A run of the checker: choose the obligations, discharge them, report, give the exit code (docs/commands.md, "efasp
check")."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from efasp import __version__
from efasp.checker import report
from efasp.checker.arguments import unused
from efasp.checker.certificates.archive import cached_proof
from efasp.checker.errors import UsageError
from efasp.checker.export import export
from efasp.checker.files import display_path, json_writable, json_written, temporary_folder, writable, wrote
from efasp.checker.mutation import kill_matrix
from efasp.checker.mutation import weights as weight_changes
from efasp.checker.mutation.constructions import Budget
from efasp.checker.options import RunOptions
from efasp.checker.pool.cluster import opened
from efasp.checker.pool.pools import Pool
from efasp.checker.pool.scheduler import Scheduler
from efasp.checker.pool.sessions import ClusterError
from efasp.checker.pool.worker import Work
from efasp.checker.provenance import Provenance, provenance
from efasp.checker.results import Row, exit_code, head, summary, totals
from efasp.checker.selection import KERNEL, plan_check, recipe_of, regime_of, selected
from efasp.checker.solvers import PACKAGES, available, installed
from efasp.checker.store import Store, default_path, digest, sources
from efasp.checker.terminal import progress
from efasp.model.plan import Plan
from efasp.pram.assembler.source import nearest
from efasp.proofs.obligation import Batch, Machine
from efasp.proofs.registry import matches


class Environment(TypedDict):
    """The versions, the machine and the solvers that verdicts rest on; ``cores``, ``jobs``: how many."""

    efasp: str | None
    python: str | None
    numpy: str | None
    sympy: str | None
    torch: str | None
    machine: str
    system: str
    solvers: dict[str, str]
    cores: int
    jobs: int


class Commanded(Environment):
    """The environment of a check of a program, with its command."""

    command: str


class Origin(Environment, Provenance):
    """The environment and the provenance of a run."""


class Interrupted(Origin):
    """Those of a run that was interrupted."""

    interrupted: bool


class ReportData(TypedDict):
    """The report as JSON holds it (docs/commands.md, "JSON of efasp check")."""

    n_max: int
    summary: dict[str, int]
    obligations: list[Row]
    mutants: kill_matrix.Section
    environment: Origin | Commanded


@dataclass(frozen=True)
class Report:
    """A run's result. ``text`` and ``route`` give, by an obligation's hash, its text where the store has it, and the route by
    which `efasp certify` has a proof, if it has; ``given``: the machine and the transformer of a run of a weights file.
    """

    rows: list[Row]
    mutants: kill_matrix.Section
    n_max: int
    seconds: float
    environment: Origin
    text: Callable[[str], str | None]
    given: tuple[Machine, Plan] | None = None
    route: Callable[[str], str] = lambda hash_: ""

    @property
    def data(self) -> ReportData:
        """The report as a dictionary that JSON holds."""
        return {
            "n_max": self.n_max,
            "summary": summary(self.rows),
            "obligations": self.rows,
            "mutants": self.mutants,
            "environment": self.environment,
        }

    @property
    def exit_code(self) -> int:
        """0 all proved or measured, 1 some refuted or vacuous (or a mutant survived), 3 not all discharged."""
        return kill_matrix.exit_code(self.mutants, exit_code(self.rows))


Pages = Callable[[Report, Path], None]  # writes the report as web pages into a folder; raises UsageError


def check(options: argparse.Namespace) -> int:
    """`efasp check`: discharge the chosen obligations and report. ``options.pages`` (of type Pages) writes the web pages."""
    asked = RunOptions.of(options)
    for text in idle(options):
        notice(text)
    if options.list or options.export is not None:
        if not options.list:
            writable("--export", options.export, folder=True)
        chosen = selected(regime_of(asked.weights, asked.n_max, asked.kernel)[0], asked.lemma)
        if options.list:
            return _list(chosen, asked.lemma)
        count = export(chosen, asked.lemma, options.export)
        print(f"{options.export}: {count} SMT obligations, each distinct text once")
        return 0
    json_writable(asked.json)
    if options.html is not None:
        writable("--html", options.html, folder=True)
    with discharged(asked) as outcome:
        if not json_written(asked.json, outcome.data):
            if asked.with_mutants:
                kill_matrix.show(outcome.mutants)
            report.show(outcome.rows, outcome.n_max, outcome.seconds)
        if options.html is not None:  # after the results: a page that cannot be made costs none of them
            options.pages(outcome, options.html)
            wrote(options.html / "index.html")
        return outcome.exit_code


@contextlib.contextmanager
def discharged(options: RunOptions, name: str = "check", pool: Pool | None = None) -> Iterator[Report]:
    """A run by the options of a command; the store is open inside. Raises UsageError before anything is discharged.

    ``pool``: where the work is done, if it is not the options that say so.
    """
    regime, weights = regime_of(options.weights, options.n_max, options.kernel)
    if options.weights is not None and options.n_max is not None and regime.n_max < options.n_max:
        notice(f"--n-max {options.n_max}: {display_path(options.weights)} is for n <= {regime.n_max}, and is checked for these")
    solvers = solvers_of(options.solver)
    chosen = selected(regime, options.lemma)
    if options.with_mutants and options.weights is not None and not any(map(weight_changes.family_of, chosen)):
        globs = ", ".join(f"{name}.*" for name in weight_changes.FAMILIES)
        expected = f"expected --lemma with some of {globs}, whose obligations are made from the file's numbers"
        raise UsageError(f"--mutants: with --weights {expected}, found {' '.join(options.lemma or [])}")
    if any(name.startswith(KERNEL) for batch in chosen for name in batch.lemmas):
        plan_check()
    recipe = recipe_of(options.weights, options.n_max, options.lemma, options.kernel)
    basis = digest(sources(), weights)
    work = Work(chosen, options.lemma, solvers, options.timeout, options.memory, basis, recipe)
    start = time.monotonic()
    origin = provenance(name, options, regime.given[0] if regime.given else None, weights)
    with contextlib.ExitStack() as stack:
        stack.enter_context(temporary_folder())
        store = stack.enter_context(contextlib.closing(Store(None if options.no_cache else default_path(), notice)))
        where = pool or stack.enter_context(opened(options.cluster, options.jobs))
        scheduler = Scheduler(work, regime.n_max, where, store)
        known: Origin = {**environment(solvers, where.jobs), **origin}
        try:
            with progress("batches", len(chosen)) as show:
                scheduler.progress = lambda rows, done: show(done, totals(rows))
                rows = scheduler.run()
            mutants = kill_matrix.NONE
            if options.with_mutants:
                budget = Budget(where, tuple(solvers), options.timeout, options.memory)
                mutants = kill_matrix.section(options, regime, chosen, rows, budget, store)
        except (KeyboardInterrupt, ClusterError):
            so_far, cut = scheduler.ordered(), Interrupted({**known, "interrupted": True})
            ended = Report(so_far, kill_matrix.NONE, regime.n_max, time.monotonic() - start, cut, store.text)
            if not json_written(options.json, ended.data):
                report.show(so_far, regime.n_max, ended.seconds, interrupted=True)
            raise
        route = cache(lambda hash_: "" if (proof := cached_proof(store, hash_)) is None else proof["route"])
        yield Report(rows, mutants, regime.n_max, time.monotonic() - start, known, store.text, regime.given, route)


def idle(options: argparse.Namespace) -> Iterator[str]:
    """What has no effect among the options of `efasp check`, in words."""
    if not (options.weights and RunOptions.of(options).with_mutants):
        yield from unused(options, ("changes",), "without --weights FILE and --mutants", RunOptions)
    if options.list and options.export is not None:
        yield "--export: no effect with --list, which writes nothing"
    for flag in ("list", "export"):
        if getattr(options, flag):
            yield from unused(options, ("json", "html"), f"with --{flag}, which discharges nothing")


def solvers_of(names: Sequence[str] | None) -> list[str]:
    """The solvers of ``--solver``, by default the first that is installed. Raises UsageError for one that is not."""
    installed = available()
    for name in names or []:
        if name not in installed:
            package = PACKAGES.get(name)
            how = f" (pip install {package})" if package else nearest(name, PACKAGES)
            why = f"which is {'not installed' if package else 'not a solver'}{how}"
            raise UsageError(f"--solver: expected one of {', '.join(installed)}, found {name}, {why}")
    return list(dict.fromkeys(names or list(installed)[:1]))


def _list(chosen: Sequence[Batch], patterns: Sequence[str] | None) -> int:
    for batch in chosen:
        for obligation in batch.build():
            if matches(obligation.lemma, patterns):
                known = head(obligation)
                print(f"{known['id']}  {known['scope']}  n = {known['n'][0]}..{known['n'][1]}  {known['hash']}")
    return 0


def versions() -> dict[str, str | None]:
    """The versions of this package and of every package that its results may rest on; None for one that is not installed."""
    packages = ("numpy", "sympy", "torch", *PACKAGES.values())
    return {"efasp": __version__, "python": platform.python_version(), **{name: installed(name) for name in packages}}


def environment(solvers: Sequence[str], jobs: int) -> Environment:
    """The environment that the verdicts rest on, and the store where they were found."""
    known = versions()
    return {
        "efasp": known["efasp"],
        "python": known["python"],
        "numpy": known["numpy"],
        "sympy": known["sympy"],
        "torch": known["torch"],
        "machine": platform.machine(),
        "system": platform.system(),
        "solvers": {name: available()[name] for name in solvers},
        "cores": len(os.sched_getaffinity(0)),
        "jobs": jobs,
    }


def notice(text: str) -> None:
    """Print a message to the user on standard error."""
    print(f"efasp: {text}", file=sys.stderr)
