"""The artifacts of `efasp tables`: each function makes one, from new runs and obligations.

A function is given the notes of its runs (``paper_artifacts.tables.records``), through which it makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from efasp.checker.options import RunOptions
from efasp.checker.results import seconds
from efasp.checker.session import discharged
from efasp.model.closed_forms import BITS, SINCE, Summary, bound, codes, magnitude, quantities, shape, sizes, summary
from efasp.model.compile import compile_machine
from efasp.paper_artifacts.claims.claims import Ledger, claims
from efasp.paper_artifacts.experiments.any_order import any_order_table
from efasp.paper_artifacts.experiments.constructions import constructions
from efasp.paper_artifacts.experiments.context_free import grammars
from efasp.paper_artifacts.experiments.dyck import dyck
from efasp.paper_artifacts.experiments.edits import edits
from efasp.paper_artifacts.experiments.experiments import graph, growth, instances, parity, resources, sudoku
from efasp.paper_artifacts.experiments.learned import learned
from efasp.paper_artifacts.experiments.qbf import qbf
from efasp.paper_artifacts.experiments.rasp import rasp
from efasp.paper_artifacts.experiments.serial import serial
from efasp.paper_artifacts.experiments.specialised import specialised
from efasp.paper_artifacts.tables.disagreements import disagreements
from efasp.paper_artifacts.tables.figures import MACHINES, checker_time, contexts, depths, widths
from efasp.paper_artifacts.tables.kills import kills, matrix
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.mutation import mutation
from efasp.paper_artifacts.tables.records import Notes
from efasp.pram.machine import MIN_WORD
from efasp.proofs.mutation.mutants import load
from efasp.proofs.obligation import narrowest_word
from efasp.proofs.statements import statements

BUILT = {"": (12, 16, 20, 24, 32, 48, 64), "M": (13, 16, 24)}  # widths that are compiled and compared
N_MAX = 64  # the bound of the run whose lemmas are listed


def width() -> Artifact:
    """Sizes for n = 2^1..2^64: compiled ones where a transformer is built, else by closed forms; with their bounds."""
    rows: list[dict[str, Cell]] = []
    over: list[str] = []
    for engine, extension in MACHINES:
        for exponent in range(1, 65):
            word = narrowest_word(1 << exponent)
            q = quantities(word, extension)
            built = word in compiled_widths(engine, extension)
            measured = sizes(compile_machine(word, engine, extension)) if built else _form(word, engine, extension)
            bits = int(magnitude(engine, extension, q.w, 1 << q.w, 1 << q.c)).bit_length()
            limits = {name: bound(engine, extension, name, exponent) for name in ("d_model", "d_ff", "parameters", "bits")}
            over += [f"2^{exponent}, {engine}: {name}" for name in limits if {**measured, "bits": bits}[name] > limits[name]]
            named: dict[str, Cell] = {"n": f"2^{exponent}", "w": word, "engine": engine, "ext": extension or "none"}
            shown = {key: measured[key] for key in ("layers", "heads", "d_model", "d_ff", "parameters")}
            limited = {"d_model bound": limits["d_model"], "d_ff bound": limits["d_ff"]}
            rows.append({**named, **shown, "bits": bits, **limited, "by": "compiled" if built else "closed form"})
    differ = [
        f"w = {word}, {engine}, {extension or 'none'}"
        for engine, extension in MACHINES
        for word in compiled_widths(engine, extension)
        if word >= max(SINCE[engine, extension])
        and sizes(compile_machine(word, engine, extension)) != _form(word, engine, extension)
    ]
    columns = [Column(key, key) for key in ("n", "w", "engine", "ext")]
    columns += [Column(key, key, "number") for key in ("layers", "heads", "d_model", "d_model bound", "d_ff", "d_ff bound")]
    columns += [Column("parameters", "parameters", "number"), Column("bits", "precision bits", "number"), Column("by", "by")]
    checks = (
        Check(f"every size is within its bound in log2 n: {', '.join(over[:3]) or 'all are'}", not over),
        Check(
            f"where both are available, the closed form and the compiled size agree: {', '.join(differ) or 'everywhere'}",
            not differ,
        ),
    )
    notes = ("Bounds: " + "; ".join(f"{e}{' with M' if x else ''}: bits <= {_linear(BITS[e, x])}" for e, x in MACHINES) + ".",)
    scope = (
        "compiled where the column by says so, closed forms elsewhere "
        "(equal to the compiler's at every width to 64: lemmas resources.*)"
    )
    made = (widths(), depths(), contexts())
    return Artifact("width", "Sizes of the transformer", scope, tuple(columns), tuple(rows), checks, notes, made)


def compiled_widths(engine: str, extension: str) -> list[int]:
    """The widths that the table compiles: all that are narrower than its closed forms begin, and some wider ones."""
    return sorted({*range(MIN_WORD, max(SINCE[engine, extension])), *BUILT[extension]})


def _form(word: int, engine: str, extension: str) -> Summary[int]:
    q = quantities(word, extension)
    return summary(shape(engine, extension, q), *codes(engine, extension, q))


def _linear(coefficients: tuple[int, ...]) -> str:
    return f"{coefficients[1]} log2 n + {coefficients[0]}"


def lemmas(noted: Notes) -> Artifact:
    """Every lemma of a run of the checker: its claims, scope, obligations, solver time and mutants."""
    with discharged(RunOptions(n_max=N_MAX), pool=noted.pool) as found:
        ledger, mutants = Ledger(found.rows), load()
    rows: list[dict[str, Cell]] = []
    for name in statements():
        mine = ledger.rows.get(name, [])
        status = ledger.lemma(name)
        rows.append(
            {
                "lemma": name,
                "claims": " ".join(claim.id for claim in claims().values() if name in claim.lemmas),
                "status": status.grade,
                "scope": status.why + (f" ({status.dependency})" if status.dependency else ""),
                "obligations": len(mine),
                "mutants": sum(name in mutant.lemmas for mutant in mutants),
                "seconds": seconds(mine),
            }
        )
    undischarged = sorted({row["id"] for row in found.rows if row["status"] not in ("proved", "measured")})
    columns = [Column(key, key) for key in ("lemma", "claims", "status", "scope")]
    columns += [Column("obligations", "obligations", "number"), Column("mutants", "mutants", "number")]
    columns += [Column("seconds", "seconds", "time")]
    checks = (Check(f"every obligation is proved or measured: {', '.join(undischarged[:3]) or 'all are'}", not undischarged),)
    without = ", ".join(str(row["lemma"]) for row in rows if not row["mutants"])
    notes = (f"Lemmas without a mutant: {without or 'none'}.",)
    return Artifact("lemmas", "Lemmas", f"n = 1..{N_MAX}", tuple(columns), tuple(rows), checks, notes)


WIDEST = 1 << 32  # the bound of the run whose times are listed: w = 5..32
DECIDED = ("gates.*", "attention.*", "step.*", "simulation.*")  # families with obligations at every width


def times(noted: Notes) -> Artifact:
    """How long the checker takes at each width; nothing of it is compared."""
    with discharged(RunOptions(n_max=WIDEST, lemma=DECIDED), pool=noted.pool) as found:
        every = [row for row in found.rows if isinstance(w := row["params"].get("w"), int) and w >= MIN_WORD]
    families = [pattern.removesuffix(".*") for pattern in DECIDED]
    rows: list[dict[str, Cell]] = []
    for w in sorted({row["params"]["w"] for row in every}):
        mine = [row for row in every if row["params"]["w"] == w]
        spent = {family: seconds(row for row in mine if row["lemma"].startswith(f"{family}.")) for family in families}
        rows.append({"w": w, **spent})
    columns = (Column("w", "w", "number"), *(Column(family, f"{family}, seconds", "time") for family in families))
    open_ = [row["id"] for row in found.rows if row["status"] != "proved"]
    checks = (Check(f"every obligation of these is proved, for n = 1..2^32: {', '.join(open_[:3]) or 'all are'}", not open_),)
    scope = (
        "measured: the solver time of each script when it was discharged, once for each width; "
        "families with obligations at every width"
    )
    drawn = (checker_time(every),)
    return Artifact("times", "Time of the checker against w", scope, columns, tuple(rows), checks, (), drawn)


def without_runs(make: Callable[[], Artifact]) -> Callable[[Notes], Artifact]:
    """A table that makes no runs, as one that is given notes of them."""
    return lambda noted: make()


ARTIFACTS: dict[str, Callable[[Notes], Artifact]] = {
    "resources": resources,
    "width": without_runs(width),
    "lemmas": lemmas,
    "growth": growth,
    "grammars": grammars,
    "parity": parity,
    "learned": without_runs(learned),
    "graph": graph,
    "sudoku": sudoku,
    "puzzles": instances,
    "any-order": any_order_table,
    "dyck": dyck,
    "serial": serial,
    "specialised": specialised,
    "rasp": without_runs(rasp),
    "constructions": constructions,
    "qbf": qbf,
    "edits": edits,
    "disagreements": without_runs(disagreements),
    "times": times,
    "kills": kills,
    "mutants": matrix,
    "mutation": mutation,
}
