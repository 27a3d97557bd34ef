"""The runs behind the tables: parity, the graph task, Sudoku, growth of the corollaries, resources of library programs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import reduce
from math import log, log2
from operator import xor
from random import Random
from typing import Any

import networkx as nx
import numpy as np

from efasp.paper_artifacts.experiments.sudoku import PuzzleRun, puzzles
from efasp.paper_artifacts.experiments.sudoku import rows as runs_of_sudoku
from efasp.paper_artifacts.tables.figures import decoding
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.paper_artifacts.tables.records import Notes
from efasp.paper_artifacts.tables.runs import Found, Task, results
from efasp.pram.library import PROGRAMS, Graph

SEED = 2510  # of every random instance; with a table's name and a size it gives the instances
NOT_LEARNING = (
    "Construction is not learning: a program is compiled, nothing is trained. The reported numbers are of trained models."
)


TRAINED = "not recomputed: a trained network, whose weights are not at hand"


def columns(*named: tuple[str, str, str]) -> tuple[Column, ...]:
    """The columns with these keys, headings and kinds."""
    return tuple(Column(*parts) for parts in named)  # type: ignore[arg-type]


SIZES = (("steps", "PRAM steps (median, max)", "text"), ("decode", "decoding steps (median, max)", "text"),
         ("context", "context (max)", "number"), ("seconds", "seconds (sum)", "time"))  # fmt: skip


def sizes(runs: Sequence[Found]) -> dict[str, Cell]:
    """Steps, decoding steps, context and time of some runs."""
    steps, decode = [f.steps for f in runs], [f.decode_steps or 0 for f in runs]
    return {
        "steps": f"{statistics.median(steps):g}, {max(steps)}",
        "decode": f"{statistics.median(decode):g}, {max(decode)}",
        "context": max(f.context or 0 for f in runs),
        "seconds": sum(f.seconds for f in runs),
    }


def faithful(runs: Sequence[Found], what: str) -> Check:
    """The transformer's runs are the reference machine's, a decoding step a PRAM step."""
    return Check(f"{what}: as the reference machine, one decoding step a PRAM step",
                 all(f.agrees and f.decode_steps == f.steps for f in runs))  # fmt: skip


# Parity.

LENGTHS = (2, 3, 4, 8, 16, 32, 64, 128, 256, 512)
EACH = 3  # random strings a length


def parity(noted: Notes) -> Artifact:
    """Parity at lengths 2 to 512 in the compiled transformer."""
    tasks = []
    for n in LENGTHS:
        rng = Random(f"{SEED} parity {n}")
        tasks += [Task("parity", [rng.randrange(2) for _ in range(n)], "apmdm") for _ in range(EACH)]
    runs = results(noted, tasks)
    rows: list[dict[str, Cell]] = []
    for n in LENGTHS:
        mine = [(t, f) for t, f in zip(tasks, runs, strict=True) if len(t.problem) == n]
        right = sum(f.answer == reduce(xor, t.problem) for t, f in mine)
        rows.append({"n": n, "reported": "100 %", "right": f"{right} of {len(mine)}", "p": mine[0][1].processors,
                     "how": "program parity, decoded whole", **sizes([f for _, f in mine])})  # fmt: skip
    rows.append({"n": "ARM", "reported": "does not generalise", "how": TRAINED})
    checks = (
        Check("every parity is right", all(f.answer == reduce(xor, t.problem) for t, f in zip(tasks, runs, strict=True))),
        faithful(runs, "parity"),
    )
    notes = (
        "Reported of an AP-MDM trained on length 2 alone (7 transitions, about 200 parameters), and of an ARM trained on "
        "lengths 2 to 100. " + NOT_LEARNING,
    )
    shown = columns(("n", "length", "number"), ("reported", "reported", "text"), ("right", "recomputed here", "text"),
                    ("how", "how", "text"), ("p", "processors", "number"), *SIZES)  # fmt: skip
    scope = f"measured: {EACH} random strings a length, library program parity, any-process generation, w = 16"
    return Artifact("parity", "Parity", scope, shown, tuple(rows), checks, notes)


# The graph task.

NODES = range(4, 11)
GRAPHS = 100
STATED = {4: "100 %", 5: "100 %", 6: "100 %", **dict.fromkeys(range(7, 11), "99.92 to 100 %")}
ARM = {4: "90.32 %", 5: "43.04 %", 6: "0.30 %"}


def graph_word(n: int) -> int:
    """Bits of the word: one a vertex, and 7 for the addresses of the program's instructions."""
    return max(n, 7)


def drawn_graph(rng: Random, n: int) -> tuple[Graph, int, int]:
    """A random graph and two vertices of it that are connected."""
    while True:
        edges = tuple((u, v) for u in range(n) for v in range(u + 1, n) if rng.random() < 0.45)
        s, t = rng.sample(range(n), 2)
        graph = nx.Graph(edges)
        graph.add_nodes_from(range(n))
        if nx.has_path(graph, s, t):
            return Graph(n, edges), s, t


def disconnected(problem: tuple[Graph, int, int], answer: Any) -> bool:
    """Whether as few edges as networkx says were removed, each an edge, and s and t are apart."""
    (n, edges), s, t = problem
    removed, left = answer[0], {tuple(edge) for edge in answer[1]}
    graph, rest = nx.Graph(edges), nx.Graph(left)
    for each in (graph, rest):
        each.add_nodes_from(range(n))
    least = nx.edge_connectivity(graph, s, t)
    return left <= set(edges) and removed == least == len(edges) - len(left) and not nx.has_path(rest, s, t)


def graph(noted: Notes) -> Artifact:
    """Edit a graph so that s and t are disconnected, at minimal cost, at 4 to 10 nodes."""
    tasks: list[Task] = []
    for n in NODES:
        rng, drawn = Random(f"{SEED} graph {n}"), dict[str, Task]()
        while len(drawn) < GRAPHS:  # no instance twice
            task = Task("cut", drawn_graph(rng, n), "apmdm", graph_word(n))
            drawn.setdefault(repr(task), task)
        tasks += drawn.values()
    runs = results(noted, tasks)
    rows: list[dict[str, Cell]] = []
    good = [disconnected(t.problem, f.answer) for t, f in zip(tasks, runs, strict=True)]
    for n in NODES:
        here = [i for i, t in enumerate(tasks) if t.problem[0].n == n]
        right = sum(good[i] for i in here)
        rows.append({"n": n, "reported": STATED[n], "arm": ARM.get(n), "right": f"{right} of {len(here)}", "w": graph_word(n),
                     "how": "program cut, decoded whole", **sizes([runs[i] for i in here])})  # fmt: skip
    checks = (Check("every cut is a minimum cut (networkx)", all(good)), faithful(runs, "cut"))
    notes = (
        NOT_LEARNING + " Here every edge costs 1, and the instances are our own: the paper's are not at hand.",
        f"ARM: {TRAINED}.",
    )
    shown = columns(("n", "nodes", "number"), ("reported", "reported, AP-MDM", "text"), ("arm", "reported, ARM", "text"),
                    ("right", "recomputed here", "text"), ("how", "how", "text"), ("w", "w", "number"), *SIZES)  # fmt: skip
    scope = f"measured: {GRAPHS} random graphs a size, each decoded whole; library program cut, any-process generation"
    return Artifact("graph", "Graph editing: disconnect s from t", scope, shown, tuple(rows), checks, notes)


# Sudoku.

PAPER = (
    ("ARM, ordered", "87.18 %", "Kim et al."),
    ("AO-MDM, top-K margin", "89.49 %", "Kim et al."),
    ("AP-MDM", "99.28 %", None),
)


def span(values: Sequence[int]) -> str:
    """The least, the median and the largest of some numbers, or the one number."""
    return f"{min(values):,}, {statistics.median(values):,g}, {max(values):,}" if len(values) > 1 else f"{values[0]:,}"


def sudoku_row(what: str, group: Sequence[PuzzleRun]) -> dict[str, Cell]:
    """The table's row about runs on a group of puzzles; ``what``: its name."""
    return {
        "what": what,
        "givens": span([row["givens"] for row in group]),
        "guesses": span([row["guesses"] for row in group]),
        "reference": f"{sum(row['solved'] for row in group)} of {len(group)}",
        "whole": f"{sum(row['solved'] and row['agrees'] for row in group)} of {len(group)}",
        "how": "compiled, no training",
        "steps": span([row["steps"] for row in group]),
        "context": max(row["context"] for row in group),
        "seconds": sum(row["seconds"] for row in group),
    }


def sudoku(noted: Notes) -> Artifact:
    """The paper's Sudoku table and a compiled solver: every puzzle in the reference machine and in the transformer."""
    runs = runs_of_sudoku(noted, puzzles(noted))
    rows, scope = tuple(sudoku_rows(runs)), sudoku_scope(runs)
    return Artifact("sudoku", "Sudoku", scope, SUDOKU, rows, sudoku_checks(runs), sudoku_notes(runs))


SUDOKU = columns(
    ("what", "solver", "text"), ("reported", "reported", "text"), ("from", "by", "text"), ("givens", "givens", "text"),
    ("guesses", "guesses open at a time", "text"),
    ("reference", "recomputed: solved in the reference machine", "text"),
    ("whole", "solved in the transformer, decoded whole", "text"),
    ("how", "how", "text"), ("steps", "PRAM steps", "text"), ("context", "context", "number"), ("seconds", "seconds", "time"),
)  # fmt: skip


def sudoku_rows(runs: Sequence[PuzzleRun]) -> list[dict[str, Cell]]:
    """The paper's rows, one of the puzzles made from seeds, and one of each published puzzle."""
    rows: list[dict[str, Cell]] = [
        {"what": what, "reported": reported, "from": source or "the paper itself", "how": TRAINED}
        for what, reported, source in PAPER
    ]
    rows.append(sudoku_row("program sudoku, puzzles made from seeds", [row for row in runs if row["seed"] is not None]))
    return rows + [sudoku_row(row["name"], [row]) for row in runs if row["seed"] is None]


def sudoku_checks(runs: Sequence[PuzzleRun]) -> tuple[Check, ...]:
    """Every run is right, in the reference machine and in the transformer."""
    return (
        Check("every puzzle is solved by the program in the reference machine", all(r["solved"] for r in runs)),
        Check("every run in the transformer ends as in the reference machine, one decoding step a PRAM step",
              all(r["agrees"] and r["decode_steps"] == r["steps"] for r in runs)),
    )  # fmt: skip


def sudoku_notes(runs: Sequence[PuzzleRun]) -> tuple[str, ...]:
    """Where the puzzles are from, and what ran where."""
    return (
        NOT_LEARNING + " The paper's test puzzles are not at hand; ours have at most 28 givens and one solution each, and no "
        "given of those made from seeds can be left out. They are in the table puzzles.",
        f"In the transformer (any-process generation) all {len(runs)} runs were decoded whole, "
        f"{sum(row['decode_steps'] or 0 for row in runs):,} decoding steps together.",
        "Three numbers in a cell: the least, the median, the largest.",
    )


def sudoku_scope(runs: Sequence[PuzzleRun]) -> str:
    """How many puzzles ran, and what of them in the transformer."""
    return f"measured: {len(runs)} puzzles in the reference machine, each decoded whole in the transformer"


def instances(noted: Notes) -> Artifact:
    """Every puzzle of the Sudoku table, and its runs."""
    runs = runs_of_sudoku(noted, puzzles(noted))
    rows: tuple[dict[str, Cell], ...] = tuple(
        {**{key: row[key] for key in ("name", "cells", "givens", "guesses", "steps", "word", "context", "seconds")},
         "solved": "yes" if row["solved"] else "no",
         "decode": row["decode_steps"], "agrees": "yes" if row["agrees"] else "no"}
        for row in runs
    )  # fmt: skip
    shown = columns(
        ("name", "puzzle", "text"), ("cells", "cells", "text"), ("givens", "givens", "number"),
        ("guesses", "guesses", "number"), ("steps", "PRAM steps", "number"), ("solved", "solved", "text"),
        ("decode", "decoding steps", "number"), ("agrees", "as the reference machine", "text"), ("word", "w", "number"),
        ("context", "context", "number"), ("seconds", "seconds", "time"),
    )  # fmt: skip
    scope = "measured: every puzzle in the reference machine, and decoded whole in the transformer"
    return Artifact("puzzles", "The puzzles of the Sudoku table", scope, shown, rows)


# Growth.

FITS: dict[str, Callable[[int], list[float]]] = {
    "components": lambda n: [log2(n), 1.0],
    "dyck2": lambda n: [log2(n) ** 2, log2(n), 1.0],
}
STATED_STEPS: dict[str, Callable[[int], float]] = {  # bounds in the programs' heads
    "components": lambda n: 36 + 48 * (3 + log(n, 1.5)),
    "dyck2": lambda n: 45 + 28 * log2(n) + 8 * log2(n) ** 2,
}
POINTS = {"components": (4, 8, 16, 32, 64, 128), "dyck2": (2, 4, 8, 16, 32, 64, 128)}
DECODED = 32  # sizes up to this one run in the transformer, up to half of it by masked diffusion
SAMPLES = 3


def growth(noted: Notes) -> Artifact:
    """PRAM steps of the two corollaries of T1 against log n and log^2 n, with a least-squares fit."""
    points = [(name, n) for name, sizes_ in POINTS.items() for n in sizes_]
    tasks = []
    for name, n in points:
        rng, engine = Random(f"{SEED} {name} {n}"), "mdm" if n <= DECODED // 2 else "apmdm" if n <= DECODED else "reference"
        tasks += [Task(name, PROGRAMS[name].draw(rng, n, 16), engine) for _ in range(SAMPLES)]
    grown = results(noted, tasks)
    here = {point: grown[SAMPLES * i : SAMPLES * (i + 1)] for i, point in enumerate(points)}
    worst = {point: max(f.steps for f in runs) for point, runs in here.items()}
    rows: list[dict[str, Cell]] = []
    notes, checks = [], []
    for name, sizes_ in POINTS.items():
        matrix = np.array([FITS[name](n) for n in sizes_])
        fit, *_ = np.linalg.lstsq(matrix, np.array([worst[name, n] for n in sizes_]), rcond=None)
        terms = [" log2^2 n", " log2 n", ""][-len(fit) :]
        notes.append(f"Fitted, {name}: steps ~ " + " + ".join(f"{c:.1f}{t}" for c, t in zip(fit, terms, strict=True)) + ".")
        for n, row in zip(sizes_, matrix, strict=True):
            runs, steps = here[name, n], [f.decode_steps or 0 for f in here[name, n]]
            engine = tasks[SAMPLES * points.index((name, n))].engine
            rows.append({"program": name, "n": n, "p": runs[0].processors, "t": worst[name, n],
                         "fit": round(float(row @ fit), 1), "bound": round(STATED_STEPS[name](n), 1), "engine": engine,
                         "decode": max(steps) or None,
                         "context": max(f.context or 0 for f in runs) or None,
                         "seconds": sum(f.seconds for f in runs)})  # fmt: skip
        within = all(worst[name, n] <= STATED_STEPS[name](n) for n in sizes_)
        checks.append(Check(f"{name}: steps within the program's stated bound", within))
    decoded = [f for t, f in zip(tasks, grown, strict=True) if t.engine != "reference"]
    checks.append(faithful(decoded, "runs in the transformer"))
    shown = columns(
        ("program", "program", "text"), ("n", "n", "number"), ("p", "P", "number"), ("t", "PRAM steps (max)", "number"),
        ("fit", "fit", "number"), ("bound", "stated bound", "number"), ("engine", "run in", "text"),
        ("decode", "decoding steps (max)", "number"), ("context", "context (max)", "number"), ("seconds", "seconds", "time"),
    )  # fmt: skip
    scope = f"measured: {SAMPLES} random instances a size; n <= {DECODED} in the transformer, larger in the reference machine"
    title = "Growth: connectivity in log n, Dyck-k in log^2 n"
    return Artifact("growth", title, scope, shown, tuple(rows), tuple(checks), tuple(notes), (decoding(rows),))


# Resources.

RESOURCES = {"sum_to": 8, "reduce": 8, "scan": 8, "parity": 16, "list_rank": 8, "sort": 8, "dyck1": 8, "dyck2": 8,
             "components": 4, "closure": 2, "bfs": 4, "crcw_max": 4, "matmul": 2, "gcd": 3, "cut": 3}  # fmt: skip


def resources(noted: Notes) -> Artifact:
    """Context and decoding steps of the library's programs in both engines, against P T, S and T."""
    tasks = []
    for name, size in RESOURCES.items():
        problem = PROGRAMS[name].draw(Random(f"{SEED} resources {name}"), size, 16)
        tasks += [Task(name, problem, engine) for engine in ("mdm", "apmdm")]
    runs = results(noted, tasks)
    rows: list[dict[str, Cell]] = []
    exact = []
    for i, (name, size) in enumerate(RESOURCES.items()):
        log, cells = runs[2 * i], runs[2 * i + 1]
        p, m, length, t = log.processors, log.memory, log.length, log.steps
        space = m + 9 * p
        exact.append(log.context == 2 + 4 * length + m + 3 * p * (t + 1) and cells.context == 2 + 4 * length + 2 * space)
        rows.append({"program": name, "n": size, "p": p, "t": t, "s": space, "l": length, "pt": p * t, "mdm": log.context,
                     "mdm decode": log.decode_steps, "apmdm": cells.context, "apmdm decode": cells.decode_steps,
                     "mdm ratio": (log.context or 0) / (p * t), "apmdm ratio": (cells.context or 0) / space,
                     "seconds": log.seconds + cells.seconds})  # fmt: skip
    checks = (
        Check("contexts are 2 + 4 L + M + 3 P (T + 1) and 2 + 4 L + 2 (M + 9 P)", all(exact)),
        faithful(runs, "every run"),
    )
    numbers = {
        "n": "n", "p": "P", "t": "T", "s": "S", "l": "L", "pt": "P T", "mdm": "MDM context", "mdm decode": "MDM decoding steps",
        "apmdm": "AP-MDM context", "apmdm decode": "AP-MDM decoding steps", "mdm ratio": "MDM context / P T",
        "apmdm ratio": "AP-MDM context / S",
    }  # fmt: skip
    listed = ((key, heading, "number") for key, heading in numbers.items())
    shown = columns(("program", "program", "text"), *listed, ("seconds", "seconds", "time"))
    notes = (
        "S = M + 9 P words: memory, eight registers and a counter a processor. Contexts also hold the program, 4 L tokens.",
    )
    scope = "measured: one random instance a program, w = 16"
    return Artifact("resources", "Resources of runs", scope, shown, tuple(rows), checks, notes)
