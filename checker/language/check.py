"""`efasp check FILE`: the obligations about an E-FASP program, discharged one after the other."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Several
from dataclasses import replace
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from efasp.checker.arguments import unused
from efasp.checker.discharge import discharge
from efasp.checker.errors import UsageError
from efasp.checker.files import display_path, json_writable, json_written
from efasp.checker.language.given import given, weights
from efasp.checker.language.rasp import Texts as Compiled
from efasp.checker.language.rasp import is_rasp, translated
from efasp.checker.mutation import kill_matrix
from efasp.checker.options import RunOptions
from efasp.checker.results import GOOD, Row, exit_code, head, row, summary, totals
from efasp.checker.session import Commanded, ReportData, environment, notice, solvers_of
from efasp.checker.terminal import console
from efasp.codebook import Codebook
from efasp.language.module import SHOWN, Module, TextError
from efasp.model.lower import lower
from efasp.model.plan import Plan
from efasp.proofs.obligation import Obligation
from efasp.proofs.programs import floats, lowering, operators, sorts, specification
from efasp.proofs.programs.means import Means
from efasp.proofs.programs.texts import Texts
from efasp.proofs.registry import matches
from efasp.rasp.graph import Sequence
from efasp.sorts import SortError

SECONDS = 5.0  # an obligation, unless --timeout says otherwise
ELSEWHERE = ("n_max", "kernel", "mutants", "twins", "list", "export", "html", "jobs", "cluster")  # of the machine's check


def obligations(module: Module, plan: Plan, dtype: str | None, operator: Sequence | None = None) -> Iterator[Obligation]:
    """All about a program and a plan: sorts, layers, floats, specification; which of a compiled operator of RASP are the values
    of that ``operator``."""
    texts = Texts(module)
    means = Means(texts)
    yield from sorts.obligations(means)
    yield from lowering.obligations(texts, plan)
    yield from floats.obligations(means, plan, lower(module.program) if dtype else plan, dtype)
    yield from specification.obligations(texts) if operator is None else operators.obligations(texts, operator)


def check(options: argparse.Namespace) -> int:
    """Discharge, report, and give the exit code of the verdicts. Without FILE the program is that of the weights file."""
    asked = RunOptions.of(options)
    named = options.file if options.file is not None else f"the program of {display_path(options.weights)}"
    refuse(options, ELSEWHERE, "without FILE" if options.file is not None else "with a machine's transformer", named)
    for text in unused(options, ("changes",), "with a program, which has no mutants", RunOptions):
        notice(text)
    json_writable(asked.json)
    module, operator = _given(options, asked)
    dtype = None
    start = time.monotonic()
    try:
        _ = module.longest
        plan = lower(module.program)
    except (SortError, TextError) as error:
        raise UsageError(f"{named}: {error}") from None
    if asked.weights is not None:
        plan = _weights(module, plan, asked)
        dtype = plan.dtype
    seconds = asked.timeout if asked.timeout != RunOptions.timeout else SECONDS
    names = solvers_of(asked.solver)
    listed = obligations(module, plan, dtype, operator)
    rows = discharged(listed, asked.lemma, names, seconds)
    if not rows:
        raise UsageError(f"--lemma: expected a lemma about programs (program.*), found {' '.join(asked.lemma or [])}")
    ran = Ran(names, _command(options), time.monotonic() - start, asked.json)
    return reported(title(module), rows, ran, [] if operator is not None else notes(module))


def title(module: Module) -> str:
    """The title of a report about a program."""
    return f"program {module.program.name}"


def notes(module: Module) -> list[str]:
    """What a report about a program says below its verdicts."""
    return [] if module.ensures else ["no specification: a file says what its output is by ensures"]


def refuse(options: argparse.Namespace, flags: Iterable[str], wanted: str, found: str) -> None:
    """Raises UsageError for an option that was given and is ``wanted`` elsewhere, but was ``found`` here, both in words."""
    for name in flags:
        if getattr(options, name, None) not in (None, False):
            flag = "FILE" if name == "file" else f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag}: expected it {wanted}, found it with {found}")


class Ran(NamedTuple):
    """How rows came about: the solvers, the command, its seconds, and where the report goes as JSON, if anywhere."""

    solvers: list[str]
    command: str
    seconds: float
    json: str | None


def reported(about: str, rows: list[Row], ran: Ran, more: Several[str] = ()) -> int:
    """Show rows, or write them as JSON; gives the exit code of their verdicts."""
    known: Commanded = {**environment(ran.solvers, 1), "command": ran.command}
    longest = max(r["n"][1] for r in rows)
    data: ReportData = {
        "n_max": longest, "summary": summary(rows), "obligations": rows, "mutants": kill_matrix.NONE, "environment": known,
    }  # fmt: skip
    if not json_written(ran.json, data):
        show(about, rows, ran.seconds, more)
    return exit_code(rows)


def _given(options: argparse.Namespace, asked: RunOptions) -> tuple[Module, Sequence | None]:
    """The program; and of RASP the operator that it computes, for the texts of the weights file unless options say others."""
    texts = Compiled(options.alphabet, options.max_length)
    if options.file is None or not is_rasp(options.file):
        for flag, value in (("--alphabet", texts.alphabet), ("--max-length", texts.longest)):
            if value is not None:
                found = f"it with {options.file}" if options.file is not None else "no FILE"
                raise UsageError(f"{flag}: expected it with a .rasp file, found {found}")
        if options.file is None:
            name = display_path(options.weights)
            notice(f"--weights: {name}: checked against the program in its own header, as no FILE is given")
            return weights(options.weights)[0], None
        return given(options.file, options.name), None
    if asked.weights is not None:
        texts = texts.texts_of(weights(asked.weights)[0])
    translation = translated(options.file, options.name, texts)
    return translation.module, translation.node


def _command(options: argparse.Namespace) -> str:
    weights_ = [] if options.weights is None else ["--weights", str(display_path(options.weights))]
    return shlex.join(["efasp", "check", *([] if options.file is None else [options.file]), *weights_])


def discharged(
    obligations: Iterable[Obligation], lemmas: Several[str] | None, solvers: Several[str], seconds: float
) -> list[Row]:
    """The rows of those of some lemmas, one after the other."""
    rows: list[Row] = []
    for obligation in obligations:
        if matches(obligation.lemma, lemmas):
            begun = time.monotonic()
            verdict = discharge(obligation, solvers, seconds)
            rows.append(row(head(obligation), verdict, time.monotonic() - begun))
    return rows


def checked(module: Module) -> tuple[list[Row], float]:
    """All rows about a compiled program, with the first solver; and the seconds that it took. Raises SortError, UsageError."""
    start = time.monotonic()
    listed = obligations(module, lower(module.program), None)
    return discharged(listed, None, solvers_of(None), SECONDS), time.monotonic() - start


def _weights(module: Module, fresh: Plan, asked: RunOptions) -> Plan:
    """The plan of the file, under the program's codebooks: what the file says of its own program is not asked."""
    assert asked.weights is not None
    named, plan = weights(asked.weights)
    for what, own, other in (("letters", fresh.vocabulary, plan.vocabulary), ("places", fresh.places, plan.places)):
        if own != other:
            raise UsageError(
                f"--weights: {asked.weights}: expected the {what} of {module.program.name} ({_listed(own)}), "
                f"found those of {named.program.name} ({_listed(other)})"
            )
    if len(plan.out_bias) != module.program.output.width:
        raise UsageError(
            f"--weights: {asked.weights}: expected {module.program.output.width} read-outs, found {len(plan.out_bias)}"
        )
    return replace(plan, name=module.program.name)


def _listed(book: Codebook) -> str:
    """The letters of a vocabulary, or how many places there are."""
    (name, bits), *others = book.payloads or (("", 0),)
    if len(book.kinds) == 1 and name and not others:
        return f"{1 << bits} places"
    kinds = [kind.name for kind in book.kinds]
    return ", ".join(kinds[:SHOWN]) + ", ..." * (len(kinds) > SHOWN)


def show(about: str, rows: list[Row], elapsed: float, more: Several[str] = ()) -> None:
    """A title; a line a lemma and scope; everything that is not proved or measured, with its text; ``more`` lines; totals."""
    table = Table(title=escape(about), title_justify="left", padding=(0, 1, 0, 0), box=None)
    for name in ("lemma", "scope", "status"):
        table.add_column(name, overflow="fold")
    groups: dict[tuple[str, str], list[Row]] = {}
    for r in rows:
        groups.setdefault((r["lemma"], r["scope"]), []).append(r)
    for (lemma, scope), members in groups.items():
        table.add_row(lemma, escape(scope), totals(members))
    console().show(table)
    for r in rows:
        if r["status"] not in GOOD:
            print(f"{r['status']}: {r['id']}: {r['method']}")
            if r["countermodel"] and "said" in r["countermodel"]:
                print(f"  {r['countermodel']['said']}")
        elif operators.NONE in r["method"]:
            print(f"{r['id']}: {r['method']}")
    for line in more:
        print(line)
    print(f"{totals(rows)}; {elapsed:.1f} s")
