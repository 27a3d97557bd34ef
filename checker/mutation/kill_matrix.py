"""The kill matrix: the addition of `efasp check --mutants` to a run, as JSON holds it and on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from rich.markup import escape
from rich.table import Table

from efasp.checker.errors import UsageError
from efasp.checker.export import built, scripts
from efasp.checker.mutation import constructions, hypotheses, operators, weights
from efasp.checker.mutation.constructions import Budget, MatrixRow
from efasp.checker.options import RunOptions
from efasp.checker.results import Row
from efasp.checker.store import Store
from efasp.checker.terminal import console, counting
from efasp.pram.assembler.source import nearest
from efasp.proofs.mutation.mutants import Mutant, MutantError, load
from efasp.proofs.mutation.twins import twins
from efasp.proofs.obligation import Batch, Regime
from efasp.proofs.registry import batches

# The part of the report about mutants, or about changes of a weights file, which alone may be observationally equivalent.
Section = TypedDict(
    "Section",
    {
        "killed": int,
        "equivalent": NotRequired[int],
        "survived": int,
        "errors": NotRequired[int],
        "lemmas without": NotRequired[list[str]],
        "matrix": NotRequired[Sequence[MatrixRow]],
        "hypotheses": NotRequired[hypotheses.Dropped],
    },
)
NONE: Section = {"killed": 0, "survived": 0}  # of a run without --mutants


def listed() -> list[Mutant]:
    """The mutants of the package. Raises UsageError for a file that is malformed, or a lemma that there is none of."""
    known = [name for batch in batches(Regime(64)) for name in batch.lemmas]
    try:
        some = load()
    except MutantError as error:
        raise UsageError(f"--mutants: {error}") from None
    for mutant in some:
        for name in mutant.lemmas:
            if name not in known:
                raise UsageError(f"--mutants: {mutant.id}: lemmas: expected a lemma, found {name!r}{nearest(name, known)}")
    return some


def twinned(some: Sequence[Mutant], budget: Budget, store: Store) -> list[constructions.Outcome]:
    """How the twins of some mutants end: one is killed by any result by which `efasp check` fails. Raises UsageError."""
    made = twins(some)[0]
    with counting("twins", len(made)) as tally:
        try:
            outcomes = operators.run(made, budget, store, tally)
        except RuntimeError as error:
            raise UsageError(f"--twins: expected a check that passes, found {error}") from None
    return [
        constructions.Outcome(
            one.mutant,
            "survived" if one.status == "survived" else "killed",
            {one.by: one.by} if one.by else {},
            one.detail or f"all that is checked for n <= {operators.N_MAX} is proved",
            one.seconds,
        )
        for one in outcomes
    ]


def section(options: RunOptions, regime: Regime, chosen: Sequence[Batch], rows: Sequence[Row], budget: Budget,
            store: Store) -> Section:  # fmt: skip
    """Run the mutants of the chosen lemmas (``rows``: of the run itself, whose proofs need no control), or change weights."""
    if regime.given is not None and options.weights is not None:
        changes = weights.drawn(options.weights, regime.given[0], options.changes)
        with counting("changes", len(changes)) as tally:
            made = weights.run(options.weights, regime, options.lemma, changes, budget, store, tally)
        counts = Counter(change["status"] for change in made)
        survived, killed, equivalent = counts["survived"], counts["killed"], counts["equivalent"]
        return {"killed": killed, "equivalent": equivalent, "survived": survived, "matrix": made}
    every = listed()
    some = constructions.chosen(every, options.lemma)
    proved = {row["id"] for row in rows if row["status"] == "proved"}
    with counting("mutants", len(some)) as tally:
        outcomes = constructions.run(some, budget, store, proved, tally)
    outcomes += twinned(some, budget, store) if options.twins else []
    texts = list(scripts(built(chosen, options.lemma)).values())
    with counting("hypotheses", len(texts)) as tally:
        dropped = hypotheses.section(texts, budget.seconds, budget.memory, budget.pool, store, tally)
    counts = Counter(outcome.status for outcome in outcomes)
    return {
        "killed": counts["killed"],
        "survived": counts["survived"],
        "errors": counts["error"],
        "lemmas without": constructions.lemmas_without_mutant(every, chosen, options.lemma),
        "matrix": [outcome.row for outcome in outcomes],
        "hypotheses": dropped,
    }


def exit_code(mutants: Section, code: int) -> int:
    """The run's exit code with that of its mutants: 1 where one survived, 3 where one could not be tried."""
    if code in (0, 3) and mutants["survived"]:
        return 1
    return 3 if code == 0 and mutants.get("errors") else code


def show(mutants: Section) -> None:
    """A table by family, then every mutant that was not killed; of changed weights by tensor, then those that survived."""
    if "equivalent" in mutants:
        _show_changes(mutants)
        return
    screen = console()
    table = Table(title="mutants", title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("family")
    for name in ("lemmas", *constructions.STATUSES, "seconds"):
        table.add_column(name, justify="right")
    families: dict[str, list[MatrixRow]] = {}
    for row in mutants["matrix"]:
        families.setdefault(row["mutant"].partition(":")[0], []).append(row)
    for family, members in families.items():
        counts = Counter(row["status"] for row in members)
        lemmas = {name for row in members for name in row["lemmas"]}
        numbers = [str(len(lemmas)), *(str(counts[status] or "") for status in constructions.STATUSES)]
        table.add_row(escape(family), *numbers, f"{sum(row['seconds'] for row in members):.1f}")
    screen.show(table)
    for row in mutants["matrix"]:
        if row["status"] != "killed":
            print(f"{row['status']}: {row['mutant']}: {row['detail']}")
    if mutants["lemmas without"]:
        print(f"no mutant of: {' '.join(mutants['lemmas without'])}")
    hypotheses.show(mutants["hypotheses"])
    print(f"{mutants['killed']} mutants killed, {mutants['survived']} survived, {mutants['errors']} not tried")


def _show_changes(changes: Section) -> None:
    screen = console()
    table = Table(title="single-weight changes", title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("tensor")
    for name in (*weights.STATUSES, "seconds"):
        table.add_column(name, justify="right")
    tensors: dict[str, list[MatrixRow]] = {}
    for row in changes["matrix"]:
        tensors.setdefault(row["module"], []).append(row)
    for tensor, members in sorted(tensors.items()):
        counts = Counter(row["status"] for row in members)
        numbers = (str(counts[status] or "") for status in weights.STATUSES)
        table.add_row(escape(tensor), *numbers, f"{sum(row['seconds'] for row in members):.1f}")
    screen.show(table)
    for row in changes["matrix"]:
        if row["status"] == "survived":
            print(f"survived: {row['mutant']}: {row['detail']}")
    print(f"{changes['killed']} changes killed, {changes['equivalent']} equivalent, {changes['survived']} survived")
