"""`efasp certify`: for every SMT obligation a proof, which a checker replays at once, and a second solver's answer.

Proofs of an earlier run are cached, not verdicts: every run replays them, and asks the second solver again. Only SMT scripts
have certificates; `efasp audit --trust` lists the trusted base of other obligations.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from rich.table import Table

from efasp.checker.certificates.archive import NOTHING, Found, Proof, cache_proof, cached_proof, second
from efasp.checker.certificates.lrat import MISSING as NO_CADICAL
from efasp.checker.certificates.routes import BY_NAME, ROUTES
from efasp.checker.errors import UsageError
from efasp.checker.export import built, name, scripts
from efasp.checker.extracted import built as built_programs
from efasp.checker.files import json_writable, json_written, temporary_folder, writable, write, wrote
from efasp.checker.options import RunOptions
from efasp.checker.pool import isolation
from efasp.checker.pool.cluster import opened
from efasp.checker.pool.pools import Pool
from efasp.checker.provenance import provenance
from efasp.checker.selection import regime_of, selected
from efasp.checker.session import Origin, environment, notice
from efasp.checker.solvers import available
from efasp.checker.store import Store, default_path
from efasp.checker.terminal import console, counting
from efasp.proofs.obligation import Obligation
from efasp.proofs.rocq.build import RocqError

STATUSES = ("certified", "holey", "cross-checked", "open", "contradicted")
LIMITS = 12  # a script's routes and solvers may take this many times the seconds of one, in all


class CertificateRow(TypedDict):
    """The result for one script, as the report holds it. ``by``: the checker that replayed the proof; ``hole``: the step that
    is taken on trust; ``hypotheses``: the evidence that they have a model; the rest as in
    ``checker.certificates.archive.Found``."""

    hash: str
    lemma: str
    claim: str
    ids: list[str]
    status: str
    by: str
    hole: str
    second: list[str]
    against: list[str]
    hypotheses: str
    reasons: dict[str, str]
    seconds: float


# The report as JSON holds it (docs/commands.md). "not SMT": how many obligations of each other kind there are.
CertificateReport = TypedDict(
    "CertificateReport",
    {
        "n_max": int,
        "summary": dict[str, int],
        "certificates": list[CertificateRow],
        "not SMT": dict[str, int],
        "environment": Origin,
    },
)


@dataclass(frozen=True)
class Certificate:
    """The result for one script: the obligations that it is the text of, and the outcome of ``checker.certificates.routes``."""

    same: list[Obligation]
    outcome: Found
    seconds: float

    @property
    def status(self) -> str:
        """Certified, holey (a step is taken on trust), cross-checked only, open, or contradicted by a solver."""
        if self.outcome["against"]:
            return "contradicted"
        if self.outcome["route"]:
            return "holey" if BY_NAME[self.outcome["route"]].hole else "certified"
        return "cross-checked" if self.outcome["second"] else "open"

    @property
    def by(self) -> str:
        """The name of the checker that replayed the proof; empty where no route succeeded."""
        return BY_NAME[self.outcome["route"]].by() if self.outcome["route"] else ""

    @property
    def row(self) -> CertificateRow:
        """The row about these scripts, of one hash, in the JSON report."""
        first = self.same[0]
        hole = BY_NAME[self.outcome["route"]].hole if self.outcome["route"] else ""
        return {
            "hash": first.hash,
            "lemma": first.lemma,
            "claim": first.claim,
            "ids": [o.id for o in self.same],
            "status": self.status,
            "by": self.by,
            "hole": hole,
            "second": self.outcome["second"],
            "against": self.outcome["against"],
            "hypotheses": self.outcome["consistent"],
            "reasons": {} if self.outcome["route"] else self.outcome["reasons"],
            "seconds": round(self.seconds, 3),
        }


def certify(options: argparse.Namespace) -> int:
    """The command. 0: every script is certified, holey or cross-checked, and its hypotheses have a model; 1: a solver says that
    the script has one; 3 else."""
    if options.cvc5_proofs is not None and (options.out is None or "cvc5" not in available()):
        raise UsageError("--cvc5-proofs: expected --out DIR and an installed cvc5")
    regime, digest = regime_of(options.weights, options.n_max)
    origin = provenance("certify", RunOptions.of(options), regime.given[0] if regime.given else None, digest)
    chosen = selected(regime, options.lemma)
    json_writable(options.json)
    if options.out is not None:
        writable("--out", options.out, folder=True)
    _tools()  # after all that can be refused, as this may take minutes
    with contextlib.ExitStack() as stack:
        stack.enter_context(temporary_folder())
        store = stack.enter_context(contextlib.closing(Store(None if options.no_cache else default_path(), notice)))
        pool = stack.enter_context(opened(options.cluster, options.jobs, ["cadical"]))
        listed = list(built(chosen, options.lemma))
        results = certificates(list(scripts(listed).values()), options.timeout, options.memory, pool, store)
        summary = {status: sum(c.status == status for c in results) for status in STATUSES}
        report: CertificateReport = {
            "n_max": regime.n_max,
            "summary": summary,
            "certificates": [c.row for c in results],
            "not SMT": dict(sorted(Counter(o.kind for o in listed if o.kind != "smt").items())),
            "environment": {**environment(second(), pool.jobs), **origin},
        }
        if options.out is not None:
            _write(options.out, results, report)
            if options.cvc5_proofs is not None:
                count = _foreign(options, results, pool)
                print(
                    f"{options.out}: {count} proofs by cvc5, which nothing here replays and which count for nothing",
                    file=sys.stderr,
                )
    if not json_written(options.json, report):
        _show(results, report)
    undischarged = summary["open"] or not all(c.outcome["consistent"] for c in results)
    return 1 if summary["contradicted"] else 3 if undischarged else 0


def _tools() -> None:
    """The checkers, built where they are not yet. Raises UsageError that names the missing program."""
    if shutil.which("cadical") is None:
        raise UsageError(f"certify: {NO_CADICAL}")
    try:
        built_programs()
    except RocqError as error:
        raise UsageError(f"certify: {error}") from None


def certificates(asked: Sequence[list[Obligation]], seconds: float, memory: int, pool: Pool, store: Store) -> list[Certificate]:
    """The results for some scripts, in their order; proofs are cached as they come."""
    known = [cached_proof(store, same[0].hash) for same in asked]
    searches = [_search(same[0], cached, seconds, memory) for same, cached in zip(asked, known, strict=True)]
    with counting("scripts", len(asked)) as tally:
        collector = Collector(asked, known, store, tally)
        pool.calls(searches, collector.take, tally.waiting)
    return [collector.results[index] for index in range(len(asked))]


def _search(first: Obligation, cached: Proof | None, seconds: float, memory: int) -> isolation.Job:
    """The search for a proof of one script, in a process of its own."""
    script = {"text": first.content, "hypotheses": first.hypotheses}
    arguments = {**script, "seconds": seconds, "cached": cached, "solvers": second()}
    return isolation.job("efasp.checker.certificates.routes:attempt", arguments, LIMITS * seconds, memory)


@dataclass
class Collector:
    """Takes the replies of the searches: ``results``, one of each script; a proof that is new is cached."""

    asked: Sequence[list[Obligation]]
    known: Sequence[Proof | None]
    store: Store
    on_result: Callable[[object], None]
    results: dict[int, Certificate] = field(default_factory=dict)

    def take(self, index: int, reply: isolation.Reply) -> None:
        """The reply about the script with this number."""
        nothing: Found = {**NOTHING, "reasons": {"every route": reply.get("ended") or reply.get("message", "")}}
        value: Found = reply.get("value") or nothing
        self.results[index] = Certificate(self.asked[index], value, reply["seconds"])
        proof: Proof = {"route": value["route"], "proof": value["proof"]}
        if proof["route"] and proof != self.known[index]:
            cache_proof(self.store, self.asked[index][0].hash, proof)
        self.on_result(self.results[index])


def _write(folder: Path, results: Sequence[Certificate], report: CertificateReport) -> None:
    """Every script with its proof, and the report as ``certificates.json``."""
    for c in results:
        path = folder / name(c.same[0])
        write(path, c.same[0].content, "--out")
        if c.outcome["route"]:
            for ending, text in BY_NAME[c.outcome["route"]].files(c.same[0].content, c.outcome["proof"]).items():
                write(path.with_suffix(f".{ending}"), text, "--out")
    write(folder / "certificates.json", json.dumps(report, indent=1) + "\n", "--out")
    wrote(folder / "certificates.json")


def _foreign(options: argparse.Namespace, results: Sequence[Certificate], pool: Pool) -> int:
    """cvc5's own proofs next to the scripts; how many."""
    form, seconds = options.cvc5_proofs, options.timeout
    texts = [{"text": c.same[0].content, "seconds": seconds, "form": form} for c in results]
    replies = pool.calls(
        [isolation.job("efasp.checker.solvers:cvc5_proof", t, LIMITS * seconds, options.memory) for t in texts]
    )
    written = [(c, reply["value"]) for c, reply in zip(results, replies, strict=True) if reply.get("value")]
    for c, proof in written:
        write((options.out / name(c.same[0])).with_suffix(f".{form}"), proof, "--out")
    return len(written)


# On a terminal.


def _show(results: Sequence[Certificate], report: CertificateReport) -> None:
    console().show(_counted(results, f"certificates, n = 1..{report['n_max']}"))
    for line in (*_trusted(results), *_uncertified(results), *_summarized(results, report)):
        print(line)


def _counted(results: Sequence[Certificate], title: str) -> Table:
    """How many scripts there are of each status, by what replayed them."""
    table = Table(title=title, title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("")
    for heading in ("scripts", "obligations", "second solver agrees", "seconds"):
        table.add_column(heading, justify="right")
    for status, by in [(status, by) for status in STATUSES for by in (*(r.by() for r in ROUTES), "")]:
        mine = [c for c in results if (c.status, c.by) == (status, by)]
        if mine:
            numbers = [len(mine), sum(len(c.same) for c in mine), sum(bool(c.outcome["second"]) for c in mine)]
            label = f"{status}: replayed by {by}" if by else status
            table.add_row(label, *map(str, numbers), f"{sum(c.seconds for c in mine):.1f}")
    return table


def _trusted(results: Sequence[Certificate]) -> Iterator[str]:
    """What is taken on trust, by route."""
    for route in ROUTES:
        if route.hole and any(c.outcome["route"] == route.name for c in results):
            yield f"holey, by {route.by()}: {route.hole}"


def _uncertified(results: Sequence[Certificate]) -> Iterator[str]:
    """Every script that has no certificate, and why."""
    for c in results:
        if c.status not in ("certified", "holey"):
            reasons = "; ".join(f"{route}: {why}" for route, why in c.outcome["reasons"].items())
            against = f"{', '.join(c.outcome['against'])} finds a model" if c.outcome["against"] else ""
            yield f"{c.status}: {c.same[0].id}: {against or reasons}"


def _summarized(results: Sequence[Certificate], report: CertificateReport) -> Iterator[str]:
    """What no second solver discharged, which hypotheses have a model, and what has no script."""
    if alone := [c.same[0].id for c in results if not c.outcome["second"]]:
        listed = f"{', '.join(alone[:5])}{', ...' if alone[5:] else ''}"
        yield f"no second solver, or none within the time: {len(alone)} scripts ({listed})"
    models = Counter(c.outcome["consistent"] or "nothing" for c in results)
    listed = ", ".join(f"by {how}: {count}" for how, count in models.items())
    if models:
        yield f"hypotheses that have a model, {listed}"
    others = ", ".join(f"{count} {kind}" for kind, count in report["not SMT"].items())
    yield f"obligations without a script, which have no certificate: {others or 'none'}"
