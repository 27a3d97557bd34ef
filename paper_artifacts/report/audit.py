"""`efasp audit` (docs/commands.md, "efasp audit"): claims and lemmas with their computed status, or one of them in full."""

from __future__ import annotations

import argparse
import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from efasp.checker.errors import UsageError
from efasp.checker.files import writable
from efasp.checker.mutation.kill_matrix import NONE
from efasp.checker.options import RunOptions
from efasp.checker.provenance import command, provenance
from efasp.checker.selection import KERNEL, choices, regime_of
from efasp.checker.session import Origin, Report, discharged, environment, solvers_of
from efasp.paper_artifacts.claims.claims import Ledger, claims
from efasp.paper_artifacts.claims.status import artifacts
from efasp.paper_artifacts.claims.theorems import ACCEPTED, checked
from efasp.paper_artifacts.claims.trust import show as show_trust
from efasp.paper_artifacts.report.listing import listing, show_listing
from efasp.paper_artifacts.report.outline import found_text, stated, whole_data
from efasp.paper_artifacts.report.programs import audit_program, is_program
from efasp.paper_artifacts.report.sheets import sheet_data, sheet_of, sheet_text
from efasp.pram.assembler.source import nearest
from efasp.proofs.registry import matches
from efasp.proofs.statements import below, statements


def audit(options: argparse.Namespace) -> int:
    """`efasp audit`: discharge the obligations that are shown, and show them. The exit code is the run's."""
    name = options.name
    if is_program(name):
        return audit_program(options)
    chosen, some = _chosen(name, options.kernel)
    _refuse(options)
    if options.out is not None:
        writable("--out", options.out, folder=True)
    lemmas = None if name is None else below([*some, *(lemma for claim in chosen for lemma in _lemmas(claim, options.kernel))])
    whole = options.format == "text" and name in chosen and name not in some
    if whole:
        solvers_of(options.solver)  # what is wrong is said first
        print(stated(claims()[name]), end="\n\n", flush=True)
    with _run(replace(RunOptions.of(options), lemma=lemmas)) as found:
        if options.trust:
            show_trust(found.rows, found.route, options.format)
        elif options.format == "html":
            _write_pages(found, options, _page(name, chosen, some))
        else:
            _show(name, chosen, some, found, options.format == "json")
        return found.exit_code


def _chosen(name: str | None, kernel: bool) -> tuple[list[str], list[str]]:
    """The claims and the lemmas of a name or a glob; all of them without one. Raises UsageError where it names none."""
    patterns = None if name is None else [name]
    known = list(claims()), list(statements())
    chosen = (
        [other for other in known[0] if matches(other, patterns)],
        [other for other in known[1] if matches(other, patterns)],
    )
    if not kernel:
        if name in chosen[1] and name.startswith(KERNEL):
            raise UsageError(f"audit: {name}: expected --kernel with it, as it needs Rocq")
        chosen = chosen[0], [other for other in chosen[1] if not other.startswith(KERNEL)]
    if name is not None and not any(chosen):
        near = nearest(name, [*known[0], *choices(known[1])])
        raise UsageError(f"audit: expected a lemma's name, a claim's, or a glob of these, found {name or repr(name)}{near}")
    return chosen


def _lemmas(claim: str, kernel: bool) -> list[str]:
    """The lemmas of a claim, with ``--kernel`` also the acceptance of plans where a theorem speaks of them."""
    return [*claims()[claim].lemmas, *([ACCEPTED] if kernel and claims()[claim].theorem else [])]


def _refuse(options: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    if (options.format == "html") != (options.out is not None):
        raise UsageError("--out: expected with --format html, and only there")
    if options.trust and (options.name is not None or options.format == "html"):
        raise UsageError("--trust: expected no NAME, and --format text or json")


def _show(name: str | None, chosen: list[str], some: list[str], found: Report, as_json: bool) -> None:
    """A claim or a lemma whole (of a claim as text what comes after ``stated``), or the list of those that are chosen."""
    ledger, n_max = Ledger(found.rows, artifacts(), checked()), found.n_max
    if name in some:
        shown = sheet_of(name, found)
        print(json.dumps(sheet_data(shown), indent=1) if as_json else sheet_text(shown), end="\n")
    elif name in chosen:
        claim = claims()[name]
        print(json.dumps(whole_data(claim, ledger, n_max), indent=1) if as_json else found_text(claim, ledger, n_max))
    else:
        listed, lemmas = [claims()[one] for one in chosen], [statements()[one] for one in some]
        if as_json:
            print(json.dumps(listing(listed, lemmas, ledger, n_max), indent=1))
        else:
            show_listing(listed, lemmas, ledger, n_max)


def _run(options: RunOptions) -> AbstractContextManager[Report]:
    """The run by its options; of a claim without lemmas one of nothing, where the options of a check would mean every lemma."""
    if options.lemma == []:
        n_max = regime_of(options.weights, options.n_max)[0].n_max
        known: Origin = {**environment((), 0), **provenance("audit", options, None, "")}
        return nullcontext(Report([], NONE, n_max, 0, known, lambda hash_: None))
    return discharged(options, "audit")


def _page(name: str | None, chosen: list[str], some: list[str]) -> str:
    """The page of a lemma or a claim, or that of all claims."""
    return f"lemma/{name}.html" if name in some else f"claim/{name}.html" if name in chosen else "index.html"


def _write_pages(found: Report, options: argparse.Namespace, page: str) -> None:
    """Write the pages of a run and say which of them shows what was asked for; pages of lemmas that the run left out say so."""
    from efasp.paper_artifacts.report.site import Site

    named = [] if options.name is None else [options.name]
    how = command("audit", RunOptions.of(options), [*named, "--format", "html", "--out", str(options.out)])
    Site(found, artifacts(), how, checked()).write(options.out, "--out")
    print(options.out / page)
