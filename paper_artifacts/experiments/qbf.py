"""The runs behind the table ``qbf``: quantified Boolean formulas of 1 to 10 variables, in space linear in the formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from efasp.encoding import CellLayout, LogLayout
from efasp.paper_artifacts.experiments.experiments import SEED, columns, faithful
from efasp.paper_artifacts.tables.figures import Figure, drawn
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import Found, Task, results
from efasp.pram.quantified import Formula, exhaustive, memory, most_steps

SIZES = range(1, 11)  # variables
SAMPLES = 3  # random formulas a size
EDITED, MASKED = 7, 5  # variables of the largest formulas that are decoded whole by each engine
WORD = 16
TRIED, RANDOM = "every assignment tried", f"{SAMPLES} random formulas"
DECODED, STATED = "decoded whole", "closed form"


def random_formula(rng: Random, n: int) -> Formula:
    """Quantifiers in turn, and 3 n / 2 clauses of two existential variables and a universal one, where there are as many."""
    prefix = ("ea" * n)[:n]
    kinds = [[v for v in range(1, n + 1) if prefix[v - 1] == kind] for kind in "ea"]
    clauses = []
    for _ in range(3 * n // 2):
        chosen = [v for kind, most in zip(kinds, (2, 1), strict=True) for v in rng.sample(kind, min(most, len(kind)))]
        clauses.append(tuple(v * rng.choice((1, -1)) for v in sorted(chosen)))
    return Formula(prefix, tuple(clauses))


def expansion(formula: Formula) -> bool:
    """The truth of a formula by another method: a table of the matrix's values, folded from the innermost quantifier on."""
    n = len(formula.prefix)
    rows = [[at >> (n - v) & 1 for v in range(1, n + 1)] for at in range(1 << n)]
    table = [all(any(row[abs(v) - 1] == (v > 0) for v in clause) for clause in formula.clauses) for row in rows]
    for quantifier in reversed(formula.prefix):
        fold = any if quantifier == "e" else all
        table = [fold(table[at : at + 2]) for at in range(0, len(table), 2)]
    return table[0]


def series() -> dict[tuple[str, int], list[Formula]]:
    """The formulas of each row of the table, by the kind of formula and n."""
    formulas = {(TRIED, n): [exhaustive(n)] for n in SIZES}
    for n in SIZES:
        rng = Random(f"{SEED} qbf {n}")
        formulas[RANDOM, n] = [random_formula(rng, n) for _ in range(SAMPLES)]
    return formulas


def qbf(noted: Notes) -> Artifact:
    """Space and steps of the program ``qbf``, in both transformers where it is decoded and by closed forms elsewhere."""
    formulas, tasks = series(), dict[Task, None]()
    for (_, n), chosen in formulas.items():
        for formula in chosen:
            engines = ("reference", *["apmdm"][: n <= EDITED], *["mdm"][: n <= MASKED])
            tasks.update(dict.fromkeys(Task("qbf", formula, engine, WORD) for engine in engines))
    runs = dict(zip(tasks, results(noted, list(tasks)), strict=True))
    rows = tuple(row(what, n, chosen, runs) for (what, n), chosen in formulas.items())
    decoded = [run for task, run in runs.items() if task.engine != "reference"]
    return Artifact("qbf", "Quantified Boolean formulas in linear space", scope(), shown(), rows, checks(runs, decoded),
                    NOTES, (contexts(rows),))  # fmt: skip


def row(what: str, n: int, formulas: Sequence[Formula], results: Mapping[Task, Found]) -> dict[str, Cell]:
    """The row of some formulas: of steps and contexts the largest."""
    runs = {
        e: [results[t] for f in formulas if (t := Task("qbf", f, e, WORD)) in results] for e in ("reference", "apmdm", "mdm")
    }
    cells: dict[str, Cell] = {
        "what": what, "n": n, "size": max(memory(f) - 3 for f in formulas), "t": max(r.steps for r in runs["reference"]),
        "bound": max(map(most_steps, formulas)), "true": f"{sum(r.answer for r in runs['reference'])} of {len(formulas)}",
        "seconds": sum(r.seconds for group in runs.values() for r in group),
    }  # fmt: skip
    for engine, group in runs.items():
        if engine != "reference":
            cells[engine] = max(r.context or 0 for r in group) if group else max(stated(engine, r) for r in runs["reference"])
            cells[f"{engine} by"] = DECODED if group else STATED
            cells[f"{engine} decode"] = max(r.decode_steps or 0 for r in group) if group else None
    return cells


def stated(engine: str, run: Found) -> int:
    """The context that a run of the reference machine would need, by the layout's closed form."""
    if engine == "apmdm":
        return CellLayout(WORD, "", run.processors, run.memory, run.length).context_length
    return LogLayout(WORD, "", run.processors, run.memory, run.length).context_length(run.steps)


def checks(results: Mapping[Task, Found], decoded: Sequence[Found]) -> tuple[Check, ...]:
    """Answers, memory, contexts and steps are as they are stated."""
    runs = [(task.problem, run) for task, run in results.items()]
    context = all((t.engine == "reference") or f.context == stated(t.engine, f) for t, f in results.items())
    tight = all(run.steps == most_steps(f) for f, run in runs if f == exhaustive(len(f.prefix)))
    return (
        Check("every answer is that of the expansion of the quantifiers", all(r.answer == expansion(f) for f, r in runs)),
        Check("the memory is 3 + n + l + c words, or the 11 of the file's own example",
              all(run.memory == max(11, memory(formula)) for formula, run in runs)),
        Check("decoded contexts are 2 + 4 L + 2 (M + 9) in place, 2 + 4 L + M + 3 (T + 1) in the log", context),
        Check("steps are at most 2^n (23 + 8 c + 9 l) - 10, and exactly that where every assignment is tried",
              tight and all(run.steps <= most_steps(formula) for formula, run in runs)),
        faithful(decoded, "every run in the transformer"),
    )  # fmt: skip


NOTES = (
    "The formula has n variables and l literals in c clauses, n + l + c words; the program's memory has three more. "
    "Quantifiers stand in turn. Of the formulas 'every assignment tried' the program can leave out no assignment, so that the "
    "steps are the most that a formula of this size takes.",
    "Where a context is by closed form, the run was made in the reference machine alone: the context in place is that of the "
    "machine's memory, whatever the steps are, and the context of the log is that of the steps counted there.",
)


def scope() -> str:
    """Which programs and transformers were run, and how, in words."""
    return (
        f"measured: library program qbf, w = {WORD}; all runs in the reference machine, by any-process generation to "
        f"n = {EDITED}, by masked diffusion to n = {MASKED}; contexts beyond by closed forms"
    )


def shown() -> Any:
    """The table's columns."""
    return columns(
        ("what", "formulas", "text"), ("n", "n", "number"), ("size", "words of the formula (max)", "number"),
        ("true", "true", "text"), ("t", "PRAM steps (max)", "number"), ("bound", "bound on steps", "number"),
        ("apmdm", "AP-MDM context (max)", "number"), ("apmdm by", "by", "text"),
        ("apmdm decode", "AP-MDM decoding steps (max)", "number"), ("mdm", "MDM context (max)", "number"),
        ("mdm by", "by", "text"), ("mdm decode", "MDM decoding steps (max)", "number"), ("seconds", "seconds", "time"),
    )  # fmt: skip


def contexts(rows: Sequence[Mapping[str, Cell]]) -> Figure:
    """Both contexts against the number of variables."""

    def draw(axes: Any) -> None:
        for number, (engine, label) in enumerate((("mdm", "MDM"), ("apmdm", "AP-MDM"))):
            for mark, what in (("o", TRIED), ("s", RANDOM)):
                mine = [r for r in rows if r["what"] == what]
                axes.plot([r["n"] for r in mine], [r[engine] for r in mine], "-" if mark == "o" else ":", color=f"C{number}",
                          linewidth=1, label=f"{label}, {what}")  # fmt: skip
                for by, face in ((DECODED, f"C{number}"), (STATED, "white")):
                    points = [(r["n"], r[engine]) for r in mine if r[f"{engine} by"] == by]
                    axes.plot(*zip(*points, strict=True), mark, color=f"C{number}", markerfacecolor=face, markersize=5)
        axes.set_xlabel("n, variables")
        axes.set_ylabel("tokens")
        axes.set_yscale("log")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)

    caption = (
        "Context of a run of the program qbf against the number of variables: linear in the formula in place, and three tokens "
        "a step in the log. Full marks: decoded whole; hollow: by closed form, with the steps of the reference machine."
    )
    return drawn("qbf-context", "Context against the number of variables", caption, draw)
