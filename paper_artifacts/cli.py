"""The complete command line: the commands of ``checker.cli``, with pages, and `efasp audit`, `trace`, `generate`, `tables`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from efasp.checker import arguments, cli, specialise
from efasp.checker.language import options as language
from efasp.checker.session import Report, notice
from efasp.model.compile import ENGINES
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.claims.theorems import checked
from efasp.paper_artifacts.generation import command as generation
from efasp.paper_artifacts.trace.generation import trace as generated

STEPS = 32  # decoding steps that are shown at most, unless --steps says another number
DIRECTIVES = ("word", "processors", "memory", "policy", "data")
# By what `efasp trace` shows, the options that have no effect.
IDLE = {
    "FILE": ("id",),
    "--case": (*DIRECTIVES, "engine", "steps", "step", "position"),
    "--generate": (*DIRECTIVES, "weights", "inexact", "id", "position"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return cli.main(arguments, extend)


def extend(commands: cli.Commands, check: argparse.ArgumentParser) -> None:
    """Add the commands of this package to the parser, and to `efasp check` its pages."""
    check.add_argument("--html", type=arguments.path, metavar="DIR", help="write the report as web pages, DIR/index.html")
    check.set_defaults(pages=pages)
    language.extend(commands, check)
    specialise.register(commands)
    audit = cli.command(commands, "audit", "list claims and lemmas with their status, or show one of them in full")
    shown = "a lemma, a claim or a program's file, shown in full, or a glob (default: list all)"
    audit.add_argument("name", nargs="?", metavar="NAME", help=shown)
    form = audit.add_mutually_exclusive_group()
    form.add_argument("--format", choices=("text", "json", "html"), default="text", help="(default %(default)s)")
    form.add_argument("--json", dest="format", action="store_const", const="json", help="as --format json")
    audit.add_argument("--out", type=arguments.path, metavar="DIR", help="where to write the web pages (--format html)")
    audit.add_argument("--trust", action="store_true", help="the trusted base, claim by claim")
    cli.run_options(audit)
    audit.set_defaults(command=_audit)
    trace = cli.command(commands, "trace", "show a run of the transformer, or a countermodel, decoding step by decoding step")
    trace.add_argument("file", nargs="?", type=arguments.name, metavar="FILE", help="an assembly file (.pram)")
    cli.program_options(trace)
    trace.add_argument("--engine", choices=ENGINES, help="which transformer runs FILE")
    trace.add_argument("--case", type=arguments.path, metavar="REPORT", help="a countermodel in a report of efasp check --json")
    trace.add_argument("--id", metavar="ID", help="the obligation (default: the first of a whole machine)")
    trace.add_argument("--steps", type=arguments.positive, metavar="T", help=f"at most T decoding steps (default {STEPS})")
    trace.add_argument("--step", type=arguments.positive, metavar="K", help="print one step")
    trace.add_argument("--position", type=arguments.count, nargs="+", default=[], metavar="I", help="show these positions too")
    trace.add_argument("--html", type=arguments.path, metavar="FILE", help="write a page to step through")
    trace.add_argument("--json", action="store_true", help="the steps as one JSON object")
    trace.add_argument("--generate", choices=generation.LANGUAGES, help="show a stochastic generation instead (efasp generate)")
    generation.options(trace)
    trace.set_defaults(command=_trace)
    generation.register(commands)
    tables = cli.command(commands, "tables", "regenerate every table and figure of paper_artifacts/generated")
    tables.add_argument(
        "--out",
        type=arguments.path,
        metavar="DIR",
        help="write them here (default: paper_artifacts/generated in a checkout, else efasp-tables)",
    )
    tables.add_argument("--only", nargs="+", action="extend", metavar="NAME", help="only these tables")
    tables.add_argument("--check", action="store_true", help="write nothing; compare all but times; exit 1 on a difference")
    tables.add_argument("--all", action="store_true", help="with --check: repeat every run, not only a sample")
    tables.add_argument("--json", action="store_true", help="what was made or compared, as one JSON object")
    cli.cluster_option(tables)
    tables.set_defaults(command=_tables, writes=lambda options: not options.check)


def pages(report: Report, folder: Path) -> None:
    """The pages of `efasp check --html`."""
    from efasp.paper_artifacts.report.site import Site

    command = f"{report.environment['command']} --html {shlex.quote(str(folder))}"
    Site(report, artifacts(), command, checked()).write(folder, "--html")


def _audit(options: argparse.Namespace) -> int:
    from efasp.paper_artifacts.report.audit import audit

    return audit(options)


def _idle(options: argparse.Namespace) -> Iterator[str]:
    """What has no effect among the options of `efasp trace`, in words."""
    mode = "--generate" if options.generate is not None else "--case" if options.case is not None else "FILE"
    yield from arguments.unused(options, IDLE[mode], f"with {mode}")
    if options.step is not None and "step" not in IDLE[mode]:
        yield from arguments.unused(options, ("steps",), "with --step, which runs as far as that step")


def _trace(options: argparse.Namespace) -> int:
    for text in _idle(options):
        notice(text)
    options.steps = options.steps or STEPS
    if options.generate is not None:
        return generated(options)
    from efasp.paper_artifacts.trace.command import trace

    return trace(options)


def _tables(options: argparse.Namespace) -> int:
    from efasp.paper_artifacts.tables.command import tables

    return tables(options)


if __name__ == "__main__":
    sys.exit(main())
