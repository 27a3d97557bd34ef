"""`efasp audit FILE`: an E-FASP program in full, as a lemma of the machine is shown: its text, obligations, and limits."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from efasp.checker.errors import UsageError
from efasp.checker.language.check import SECONDS, discharged, obligations, refuse
from efasp.checker.language.given import OTHERS, given
from efasp.checker.options import RunOptions
from efasp.checker.results import GOOD, Row, exit_code, summary, totals
from efasp.checker.session import solvers_of
from efasp.language.module import Module, TextError
from efasp.language.printer import write
from efasp.model.lower import lower
from efasp.sorts import SortError

WIDTH = 100  # of a paragraph
SUFFIX = ".efasp"
ELSEWHERE = ("n_max", "jobs", "kernel", "mutants", "twins", "trust", "out")  # options of the machine's audit
# What each lemma about a program states, in the order of a run (docs/commands.md, "A program").
STATES = {
    "program.sorts": "the values of a node are of its declared sort (of a head: that positions that tie hold one value)",
    "program.sink": "a key or value of a lookup is 0 at the sink; of lookups in the text, and of the match operators",
    "program.once": "a coordinate is nonzero at one position at most, so that its sum over some positions is that one, or 0",
    "program.sorts.short": "every value is of its sort",
    "program.layer": "a layer adds nothing but units and lookups of the program",
    "program.stack": "the read-out is the program's",
    "program.ranges": "in a dtype every read-out is exact, or within the error that the row gives of the integer or fraction",
    "program.winner": "a position whose score is not the highest is 1 or more below it",
    "program.torch": "the transformer's output in torch is that of exact evaluation",
    "program.specification": "an ensures holds",
    "program.specification.short": "an ensures holds",
    "program.specification.drawn": "an ensures holds",
}


def is_program(name: str | None) -> bool:
    """Whether a name is a program's: an ``.efasp`` file (or one of another kind, which is refused), or MODULE:NAME."""
    return name is not None and (name.endswith((SUFFIX, *OTHERS)) or ":" in name)


def audit_program(options: argparse.Namespace) -> int:
    """Discharge the obligations about the program that ``options.name`` names, and show it; the exit code of the verdicts.

    Raises UsageError.
    """
    refuse(options, ELSEWHERE, "without FILE", options.name)
    if options.format == "html":
        page = f"efasp show {options.name} --html FILE writes a page of it"
        raise UsageError(f"--format: expected text or json for a program, found html ({page})")
    module = given(options.name)
    try:
        _ = module.longest
        plan = lower(module.program)
    except (SortError, TextError) as error:
        raise UsageError(f"{options.name}: {error}") from None
    seconds = options.timeout if options.timeout != RunOptions.timeout else SECONDS
    rows = discharged(obligations(module, plan, None), None, solvers_of(options.solver), seconds)
    if options.format == "json":
        print(json.dumps(program_data(options.name, module, rows), indent=1))
    else:
        print(program_text(options.name, module, rows))
    return exit_code(rows)


def by_lemma(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """The rows by lemma, and of each lemma by scope, in the order of the run."""
    grouped: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        grouped.setdefault(row["lemma"], {}).setdefault(row["scope"], []).append(row)
    return grouped


def limits(module: Module, rows: Sequence[Row]) -> Iterator[str]:
    """The limits of a program's proof, a sentence each, the most serious first."""
    whole = {row["status"] for row in rows if row["lemma"] == "program.specification"}  # for texts of every length
    for row in rows:
        if row["status"] not in GOOD:
            said = (row["countermodel"] or {}).get("said")
            yield f"{row['status'].capitalize()}: {row['id']}: {row['method']}{f' ({said})' if said else ''}."
    if not module.ensures:
        yield "The program has no ensures, so that nothing is shown about what its output should be."
    elif not whole or whole - {"proved", "refuted"}:
        yield (
            "The specification is not proved for every length: program.specification.short is about short texts alone, and "
            "program.specification.drawn is a measurement."
        )
    if measured := list(dict.fromkeys(row["lemma"] for row in rows if row["status"] == "measured")):
        yield f"Measured, and not proved: {', '.join(measured)}."
    if module.longest is not None:
        yield f"Texts of more than {module.longest} letters are not covered: there are no places for them."
    tried = any(row["lemma"] == "program.torch" for row in rows)
    where = " beyond the texts of program.torch" if tried else ": nothing is run in it here"
    yield f"PyTorch's kernels are not covered{where}."


def commands(name: str) -> list[str]:
    """The commands that check a program, and the weights of its transformer, anew."""
    file = shlex.quote(name)
    return [f"efasp check {file}", f"efasp compile {file} -o weights", f"efasp check {file} --weights weights"]


def program_data(name: str, module: Module, rows: Sequence[Row]) -> dict[str, Any]:
    """A program as JSON holds it (docs/commands.md, "JSON of efasp audit")."""
    counted = {
        lemma: {scope: {k: v for k, v in summary(some).items() if v} for scope, some in scopes.items()}
        for lemma, scopes in by_lemma(rows).items()
    }
    return {
        "program": module.program.name,
        "file": name,
        "text": write(module),
        "lemmas": [{"lemma": lemma, "states": STATES.get(lemma, ""), "scopes": scopes} for lemma, scopes in counted.items()],
        "limits": list(limits(module, rows)),
        "commands": commands(name),
        "obligations": list(rows),
    }


def program_text(name: str, module: Module, rows: Sequence[Row]) -> str:
    """A program as text: its own text, the lemmas with the scopes of their obligations, limits, and commands."""
    lines = [module.program.name, "=" * len(module.program.name), "", *write(module).rstrip().splitlines()]
    lines += ["", f"shown   {totals(list(rows))}", "", "Lemmas about it, by scope:", ""]
    for lemma, scopes in by_lemma(rows).items():
        lines += wrap(f"{lemma}: {STATES.get(lemma, '')}", WIDTH, subsequent_indent="  ")
        for scope, some in scopes.items():
            lines += wrap(f"{totals(some)}: {scope}", WIDTH, initial_indent="    ", subsequent_indent="      ")
    lines += ["", "Limits:", ""]
    for sentence in limits(module, rows):
        lines += wrap(sentence, WIDTH, initial_indent="* ", subsequent_indent="  ")
    lines += ["", "How to check it:", "", *(f"  {command}" for command in commands(name))]
    return "\n".join(lines)
